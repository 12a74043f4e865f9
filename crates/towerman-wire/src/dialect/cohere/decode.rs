//! A provider's stream.

use std::borrow::Cow;

use towerman_core::Finish;

use super::{
    cite,
    said::{Change, Event as Told, Message, Piece, ToolCall, failed, finish, usage},
};
use crate::{
    dialect::{Decode, Unreadable},
    framing::Event,
    neutral::{Delta, Opening, Place, Raw, fields::Said, json::Progress, made_up},
    translate::trouble,
};

/// No answer has nearly as many parts at once.
const LIMIT: usize = 1024;

/// The state of one stream.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    begun: bool,
    over: bool,
    id: String,
    /// Parts opened so far.
    parts: u32,
    open: Vec<Open>,
    calls: usize,
    /// A call ended before its object did.
    torn: bool,
}

/// Which part an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Plan,
    Text(u32),
    Thought(u32),
    Call(u32),
}

#[derive(Debug)]
struct Open {
    of: Of,
    at: Place,
    /// How far a call's object got, and whether it began.
    progress: Progress,
    said: bool,
}

type Say<'s> = &'s mut dyn FnMut(Delta<'_>);

impl Decode for Decoder {
    fn event(&mut self, event: Event<'_>, say: Say<'_>) -> Result<(), Unreadable> {
        let data = event.data.trim_ascii();
        if self.over || data.is_empty() || data.starts_with(b"[DONE]") {
            return Ok(());
        }
        let told: Told<'_> = serde_json::from_slice(data).map_err(|_| Unreadable)?;
        let change = told.delta.unwrap_or_default();
        let index = told.index.unwrap_or_default();
        match told.kind.as_ref().map(|kind| &*kind.0) {
            Some("message-start") => {
                let id = told.id.map(|id| id.0).unwrap_or_default();
                self.begin(&id, say);
                Ok(())
            }
            Some("message-end") => {
                self.begin("", say);
                self.stop(&change, say);
                Ok(())
            }
            Some(kind) => {
                self.begin("", say);
                self.change(kind, index, change.message.unwrap_or_default(), say)
            }
            // An error by itself.
            None if told.message.is_some_and(|raw| raw.get().starts_with('"')) => {
                self.over = true;
                say(Delta::Fail(failed()));
                Ok(())
            }
            None => Err(Unreadable),
        }
    }

    /// Only an event that says so ends an answer.
    fn end(&mut self, _: Say<'_>) {}
}

impl Decoder {
    fn begin(&mut self, id: &str, say: Say<'_>) {
        if self.begun {
            return;
        }
        self.begun = true;
        id.clone_into(&mut self.id);
        say(Delta::Begin {
            id: id.into(),
            model: Cow::Borrowed(""),
            created: None,
        });
    }

    fn change(
        &mut self,
        kind: &str,
        index: u32,
        message: Message<'_>,
        say: Say<'_>,
    ) -> Result<(), Unreadable> {
        match kind {
            "tool-plan-delta" => {
                let plan = message.tool_plan.map(|plan| plan.0).unwrap_or_default();
                self.more(Of::Plan, plan, say);
            }
            "content-start" | "content-delta" => {
                let piece: Piece<'_> = element(message.content)?;
                let thinks = piece.kind.is_some_and(|kind| kind.0 == "thinking");
                if let Some(Said(text)) = piece.thinking {
                    self.more(Of::Thought(index), text, say);
                }
                if let Some(Said(text)) = piece.text.filter(|_| !thinks) {
                    self.more(Of::Text(index), text, say);
                }
            }
            "content-end" => {
                self.close(
                    |of| matches!(of, Of::Text(i) | Of::Thought(i) if i == index),
                    say,
                );
            }
            "tool-call-start" => self.call(index, element(message.tool_calls)?, say)?,
            "tool-call-delta" => {
                let call: ToolCall<'_> = element(message.tool_calls)?;
                let text = call.function.and_then(|function| function.arguments);
                let text = text.map(|said| said.0).unwrap_or_default();
                if !self.open.iter().any(|open| open.of == Of::Call(index)) {
                    return Err(Unreadable);
                }
                self.more(Of::Call(index), text, say);
            }
            "tool-call-end" => self.close(|of| of == Of::Call(index), say),
            "citation-start" => self.cite(message.citations, say),
            // Ends of citations, words for developers, and whatever will be thought of.
            _ => {}
        }
        Ok(())
    }

    fn call(&mut self, index: u32, call: ToolCall<'_>, say: Say<'_>) -> Result<(), Unreadable> {
        let function = call.function.unwrap_or_default();
        let Some(Said(name)) = function.name else {
            return Err(Unreadable);
        };
        // A plan is what comes before the first call.
        self.close(|of| of == Of::Plan || of == Of::Call(index), say);
        let id = call.id.map(|id| id.0).filter(|id| !id.is_empty());
        let id = id.unwrap_or_else(|| made_up(&self.id, self.calls, &name).into());
        self.calls += 1;
        let what = Opening::Call {
            id,
            name,
            custom: false,
        };
        self.open(Of::Call(index), what, say);
        let text = function.arguments.map(|said| said.0).unwrap_or_default();
        self.more(Of::Call(index), text, say);
        Ok(())
    }

    fn more(&mut self, of: Of, text: Cow<'_, str>, say: Say<'_>) {
        if text.is_empty() || self.over {
            return;
        }
        if !self.open.iter().any(|open| open.of == of) {
            let what = match of {
                Of::Text(_) | Of::Call(_) => Opening::Text,
                Of::Plan | Of::Thought(_) => Opening::Thought {
                    summary: false,
                    id: None,
                },
            };
            self.open(of, what, say);
        }
        if let Some(open) = self.open.iter_mut().find(|open| open.of == of) {
            open.said |= !text.trim().is_empty();
            open.progress.follow(&text);
            say(Delta::More { at: open.at, text });
        }
    }

    fn open(&mut self, of: Of, what: Opening<'_>, say: Say<'_>) {
        if self.open.len() == LIMIT {
            return self.fail(say);
        }
        let at = Place {
            choice: 0,
            part: self.parts,
        };
        self.parts += 1;
        self.open.push(Open {
            of,
            at,
            progress: Progress::default(),
            said: false,
        });
        say(Delta::Open { at, what });
    }

    fn close(&mut self, ends: impl Fn(Of) -> bool, say: Say<'_>) {
        let torn = &mut self.torn;
        self.open.retain(|open| {
            if !ends(open.of) {
                return true;
            }
            let call = matches!(open.of, Of::Call(_));
            *torn |= call && open.said && !open.progress.is_complete();
            say(Delta::Close { at: open.at });
            false
        });
    }

    /// It is about a text that is open: the one it names, or the last.
    fn cite(&mut self, raw: Option<Raw<'_>>, say: Say<'_>) {
        let Some((of, cite)) = raw.and_then(cite::read) else {
            return;
        };
        let found = self.open.iter().rev().find(|open| match open.of {
            Of::Text(index) => of.is_none_or(|of| of == index),
            _ => false,
        });
        if let Some(open) = found {
            say(Delta::Cite { at: open.at, cite });
        }
    }

    fn stop(&mut self, change: &Change<'_>, say: Say<'_>) {
        let reason = change.finish_reason.as_ref();
        let reason = reason.map(|reason| &*reason.0).unwrap_or_default();
        let finish = match (change.error, finish(reason, self.calls > 0)) {
            (Some(error), _) => Err(trouble::read(error)),
            (None, finish) => finish,
        };
        let finish = match finish {
            Ok(finish) => finish,
            Err(fault) => {
                self.over = true;
                return say(Delta::Fail(fault));
            }
        };
        self.close(|_| true, say);
        // A call that ran into the limit is none, and was told as far as it came.
        if self.torn && finish != Finish::Length {
            return self.fail(say);
        }
        self.over = true;
        say(Delta::Finish {
            choice: 0,
            finish,
            sequence: None,
            explanation: None,
        });
        if let Some(usage) = usage(change.usage) {
            say(Delta::Usage(usage));
        }
        say(Delta::End);
    }

    fn fail(&mut self, say: Say<'_>) {
        if !std::mem::replace(&mut self.over, true) {
            say(Delta::Fail(trouble::nonsense()));
        }
    }
}

/// An element of what is a list in a whole answer.
fn element<'a, T: serde::Deserialize<'a> + Default>(raw: Option<Raw<'a>>) -> Result<T, Unreadable> {
    let Some(raw) = raw else {
        return Ok(T::default());
    };
    serde_json::from_str(raw.get()).map_err(|_| Unreadable)
}
