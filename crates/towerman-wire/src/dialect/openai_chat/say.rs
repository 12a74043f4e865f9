//! The conversation of a request for a provider.

use std::mem;

use towerman_core::Fault;

use super::{
    NOTHING_LIKE_IT,
    shape::{Content, Message, Piece, Said, ToolCall},
    show::Writer,
};
use crate::neutral::{
    Call, Kind, Maker, Part, Raw, Rest, Role, Seal, Text, ToolResult, Turn, fields::compact,
};

/// What stands between two turns of the assistant. The tools' messages come first: they must
/// follow the calls that they answer.
#[derive(Debug, Default)]
struct Run<'a> {
    results: Vec<Message<'a>>,
    /// What tools returned besides text: there a tool can only return text.
    moved: Vec<Piece<'a>>,
    after: Vec<Message<'a>>,
}

impl<'a> Run<'a> {
    fn end(&mut self, messages: &mut Vec<Message<'a>>) {
        let Self {
            results,
            moved,
            after,
        } = mem::take(self);
        messages.extend(results);
        if !moved.is_empty() {
            messages.push(Message::new("user", Content::of(moved), Rest::default()));
        }
        messages.extend(after);
    }
}

impl<'a> Writer<'a, '_> {
    pub(super) fn messages(
        &mut self,
        system: Vec<Part<'a>>,
        turns: Vec<Turn<'a>>,
    ) -> Result<Vec<Message<'a>>, Fault> {
        let mut messages = Vec::with_capacity(turns.len() + 1);
        let mut run = Run::default();
        self.instructions(system, &mut messages)?;
        for turn in turns {
            let at = &*turn.at;
            let rest = self.keep(turn.rest, at)?;
            let name = turn.name;
            match turn.role {
                Role::System => {
                    let parts = turn.parts.into_iter().map(|part| self.words(part));
                    let parts: Vec<_> = parts.collect::<Result<_, _>>()?;
                    if !parts.is_empty() || self.own {
                        run.after.push(Message {
                            name,
                            ..system_message(parts, rest)
                        });
                    }
                }
                Role::User => self.user(turn.parts, name, rest, &mut run)?,
                Role::Assistant => {
                    run.end(&mut messages);
                    let message = self.assistant(turn.parts, rest)?;
                    messages.push(Message { name, ..message });
                }
            }
        }
        run.end(&mut messages);
        Ok(messages)
    }

    /// One message; the client's own stay as many as they were.
    fn instructions(
        &mut self,
        system: Vec<Part<'a>>,
        messages: &mut Vec<Message<'a>>,
    ) -> Result<(), Fault> {
        let mut system = system.into_iter().peekable();
        while let Some(first) = system.next() {
            let message = message_of(&first.at).to_owned();
            let mut parts = vec![self.words(first)?];
            while let Some(part) =
                system.next_if(|part| !self.own || message_of(&part.at) == message)
            {
                parts.push(self.words(part)?);
            }
            let rest = self.around(&message);
            messages.push(system_message(parts, rest));
        }
        Ok(())
    }

    fn user(
        &mut self,
        parts: Vec<Part<'a>>,
        name: Option<Text<'a>>,
        mut rest: Rest<'a>,
        run: &mut Run<'a>,
    ) -> Result<(), Fault> {
        let mut others = Vec::with_capacity(parts.len());
        let empty = parts.is_empty();
        for part in parts {
            match part.kind {
                Kind::Result(answer) => {
                    self.unmark(part.mark.is_some(), &part.at)?;
                    let mut all = mem::take(&mut rest);
                    all.0.extend(self.keep(part.rest, &part.at)?.0);
                    let name = name.clone().filter(|_| self.own);
                    let message = self.result(answer, &part.at, all, run)?;
                    run.results.push(Message { name, ..message });
                }
                _ => others.push(part),
            }
        }
        if others.is_empty() && !(empty && self.own) {
            return Ok(());
        }
        let content = Content::of(self.shown(others)?);
        run.after.push(Message {
            name,
            ..Message::new("user", content, rest)
        });
        Ok(())
    }

    fn result(
        &mut self,
        result: ToolResult<'a>,
        at: &str,
        rest: Rest<'a>,
        run: &mut Run<'a>,
    ) -> Result<Message<'a>, Fault> {
        if result.error {
            let at = format!("{at}/is_error");
            self.notes.dropped(at, NOTHING_LIKE_IT)?;
        }
        let content = if let Some(object) = result.object {
            Content::Text(Text::Said(compact(object).into()))
        } else {
            let mut texts = Vec::new();
            for part in result.content {
                let at = part.at.clone();
                let piece = self.piece(part)?;
                // Some hosts take more than text, and their own clients know which.
                if self.own || matches!(piece, Piece::Said(Said::Text { .. })) {
                    texts.push(piece);
                } else {
                    let what = "moved to a message of the user behind the tools' messages";
                    self.notes.mapped(at, what);
                    run.moved.push(piece);
                }
            }
            Content::of(texts)
        };
        Ok(Message {
            tool_call_id: Some(result.id),
            ..Message::new("tool", content, rest)
        })
    }

    fn assistant(&mut self, parts: Vec<Part<'a>>, rest: Rest<'a>) -> Result<Message<'a>, Fault> {
        let (mut said, mut tool_calls) = (Vec::new(), Vec::new());
        let (mut reasoning_details, mut refusal) = (Vec::new(), None);
        for part in parts {
            match part.kind {
                Kind::Call(call) => {
                    self.unmark(part.mark.is_some(), &part.at)?;
                    let rest = self.keep(part.rest, &part.at)?;
                    tool_calls.push(self.call(call, &part.at, rest)?);
                }
                Kind::Thought(ref thought) => {
                    let foreign = |seal: &Seal<'_>| seal.maker != Maker::Chat;
                    if !self.own || thought.seal.as_ref().is_some_and(foreign) {
                        let what = "dropped: thinking is signed for its provider";
                        self.notes.dropped(part.at, what)?;
                    } else if is_content(&part.at) {
                        said.push(self.piece(part)?);
                    } else {
                        // What is told in the clear stands around the message.
                        reasoning_details.extend(self.spelt(&part.at));
                    }
                }
                Kind::Foreign { raw, .. } if self.own => reasoning_details.push(raw),
                Kind::Refusal(text) if self.own && !is_content(&part.at) => refusal = Some(text),
                _ => said.push(self.words(part)?),
            }
        }
        let none = said.is_empty() && (!tool_calls.is_empty() || refusal.is_some());
        let content = (!none).then(|| Content::of(said));
        Ok(Message {
            content,
            reasoning_details,
            refusal,
            tool_calls,
            ..Message::new("assistant", Content::of(Vec::new()), rest)
        })
    }

    /// What stands at `at`, as the client spelt it.
    fn spelt(&mut self, at: &str) -> Option<Raw<'a>> {
        self.around(at).0.pop().map(|(_, raw)| raw)
    }

    fn call(
        &mut self,
        mut call: Call<'a>,
        at: &str,
        rest: Rest<'a>,
    ) -> Result<ToolCall<'a>, Fault> {
        // Some host behind this dialect may be Gemini's own door.
        let theirs = |seal: &Seal<'_>| self.own && seal.maker == Maker::Gemini;
        if call.seal.as_ref().is_some_and(|seal| !theirs(seal)) {
            call.seal = None;
            let what = "dropped: a call is signed for its provider";
            self.notes.dropped(at, what)?;
        }
        let inside = if call.custom { "custom" } else { "function" };
        let inside = self.around(&format!("{at}/{inside}"));
        Ok(ToolCall::of(call, rest, inside))
    }
}

/// OpenAI's newer word for it stays what it was.
fn system_message<'a>(parts: Vec<Piece<'a>>, mut rest: Rest<'a>) -> Message<'a> {
    let developer = rest.0.iter().position(|(key, _)| key == "role");
    if let Some(found) = developer {
        rest.0.remove(found);
    }
    let role = developer.map_or("system", |_| "developer");
    Message::new(role, Content::of(parts), rest)
}

/// The pointer of the message in which a part stands: `/messages/<number>`.
fn message_of(at: &str) -> &str {
    at.match_indices('/')
        .nth(2)
        .and_then(|(end, _)| at.get(..end))
        .unwrap_or(at)
}

/// Whether it stands in the content of its message.
fn is_content(at: &str) -> bool {
    at.get(message_of(at).len()..)
        .is_some_and(|inside| inside.starts_with("/content/"))
}
