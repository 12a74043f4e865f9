//! A provider's stream.

use std::borrow::Cow;

use serde::Deserialize;
use towerman_core::{Fault, Finish};

use super::{
    cite,
    said::{Change, Event as Told, Message, Piece, ToolCall, failed, finish, usage},
};
use crate::{
    dialect::{
        Decode, Say, Unreadable,
        parts::{Of, Parts, TooMany},
    },
    framing::Event,
    neutral::{Delta, Opening, Raw, fields::Said, made_up},
    translate::trouble,
};

/// The state of one stream.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    begun: bool,
    over: bool,
    id: String,
    parts: Parts,
    calls: usize,
}

/// Why an event was not taken in.
#[derive(Debug)]
enum Odd {
    /// It is no event of theirs.
    Unreadable,
    /// The answer as a whole makes no sense.
    Nonsense,
}

impl Decode for Decoder {
    fn event(&mut self, event: Event<'_>, say: Say<'_>) -> Result<(), Unreadable> {
        let data = event.data.trim_ascii();
        if self.over || data.is_empty() || data.starts_with(b"[DONE]") {
            return Ok(());
        }
        let told: Told<'_> = serde_json::from_slice(data).map_err(|_| Unreadable)?;
        let Some(Said(kind)) = told.kind else {
            // An error by itself.
            let words = told.message.filter(|raw| raw.get().starts_with('"'));
            words.ok_or(Unreadable)?;
            self.fail(failed(), say);
            return Ok(());
        };
        let id = told.id.map(|id| id.0);
        self.begin(&id.unwrap_or_default(), say);
        let change = told.delta.unwrap_or_default();
        if kind == "message-end" {
            self.stop(&change, say);
            return Ok(());
        }
        let message = change.message.unwrap_or_default();
        match self.change(&kind, told.index.unwrap_or_default(), message, say) {
            Ok(()) => Ok(()),
            Err(Odd::Unreadable) => Err(Unreadable),
            Err(Odd::Nonsense) => {
                self.fail(trouble::nonsense(), say);
                Ok(())
            }
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
    ) -> Result<(), Odd> {
        match kind {
            "tool-plan-delta" => {
                let plan = message.tool_plan.map(|plan| plan.0).unwrap_or_default();
                self.parts.more(Of::Plan, plan, say)?;
            }
            "content-start" | "content-delta" => {
                let piece: Piece<'_> = element(message.content)?;
                if let Some(Said(text)) = piece.thinking {
                    self.parts.more(Of::Thought(index), text, say)?;
                }
                if let Some(Said(text)) = piece.text {
                    self.parts.more(Of::Text(index), text, say)?;
                }
            }
            "content-end" => {
                self.parts.end(Of::Text(index), say);
                self.parts.end(Of::Thought(index), say);
            }
            "tool-call-start" => self.call(index, element(message.tool_calls)?, say)?,
            "tool-call-delta" => {
                let call: ToolCall<'_> = element(message.tool_calls)?;
                if !self.parts.has(Of::Call(index)) {
                    return Err(Odd::Unreadable);
                }
                let text = call.function.and_then(|function| function.arguments);
                let text = text.map(|said| said.0).unwrap_or_default();
                self.parts.more(Of::Call(index), text, say)?;
            }
            "tool-call-end" => self.parts.end(Of::Call(index), say),
            "citation-start" => {
                if let Some((of, cite)) = message.citations.and_then(cite::read) {
                    self.parts.cite(of, cite, say);
                }
            }
            // Ends of citations, words for developers, and whatever will be thought of.
            _ => {}
        }
        Ok(())
    }

    fn call(&mut self, index: u32, call: ToolCall<'_>, say: Say<'_>) -> Result<(), Odd> {
        let function = call.function.unwrap_or_default();
        let Said(name) = function.name.ok_or(Odd::Unreadable)?;
        // A plan is what comes before the first call.
        self.parts.end(Of::Plan, say);
        self.parts.end(Of::Call(index), say);
        let id = call.id.map(|id| id.0).filter(|id| !id.is_empty());
        let id = id.unwrap_or_else(|| made_up(&self.id, self.calls, &name).into());
        self.calls += 1;
        let what = Opening::Call {
            id,
            name,
            custom: false,
            seal: None,
        };
        self.parts.begin(Of::Call(index), what, say)?;
        let text = function.arguments.map(|said| said.0).unwrap_or_default();
        self.parts.more(Of::Call(index), text, say)?;
        Ok(())
    }

    fn stop(&mut self, change: &Change<'_>, say: Say<'_>) {
        let reason = change.finish_reason.as_ref();
        let reason = reason.map(|reason| &*reason.0).unwrap_or_default();
        if let Some(error) = change.error {
            return self.fail(trouble::read(error), say);
        }
        let finish = match finish(reason, self.calls > 0) {
            Ok(finish) => finish,
            Err(fault) => return self.fail(fault, say),
        };
        // A call that ran into the limit is none, and was told as far as it came.
        if !self.parts.finish(say) && finish != Finish::Length {
            return self.fail(trouble::nonsense(), say);
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

    fn fail(&mut self, fault: Fault, say: Say<'_>) {
        self.over = true;
        say(Delta::Fail(fault));
    }
}

/// An element of what is a list in a whole answer.
fn element<'a, T: Deserialize<'a> + Default>(raw: Option<Raw<'a>>) -> Result<T, Odd> {
    let Some(raw) = raw else {
        return Ok(T::default());
    };
    serde_json::from_str(raw.get()).map_err(|_| Odd::Unreadable)
}

impl From<TooMany> for Odd {
    fn from(_: TooMany) -> Self {
        Self::Nonsense
    }
}
