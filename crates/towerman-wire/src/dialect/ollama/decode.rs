//! A provider's stream.

use std::borrow::Cow;

use super::{
    answer::call,
    said::{Line, Message},
    time,
};
use crate::{
    dialect::{Decode, Unreadable},
    framing::Event,
    neutral::{Delta, Input, Opening, Place},
    translate::trouble,
};

/// The state of one stream.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    begun: bool,
    over: bool,
    id: String,
    /// Parts opened so far.
    parts: u32,
    open: Option<(Is, Place)>,
    calls: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    Text,
    Thought,
}

type Say<'s> = &'s mut dyn FnMut(Delta<'_>);

impl Decode for Decoder {
    fn event(&mut self, event: Event<'_>, say: Say<'_>) -> Result<(), Unreadable> {
        if self.over {
            return Ok(());
        }
        let line: Line<'_> = serde_json::from_slice(event.data).map_err(|_| Unreadable)?;
        if let Some(error) = line.error {
            self.over = true;
            say(Delta::Fail(trouble::read(error)));
            return Ok(());
        }
        if line.message.is_none() && !line.done {
            return Err(Unreadable);
        }
        if !self.begun {
            self.begun = true;
            line.created_at
                .as_deref()
                .unwrap_or_default()
                .clone_into(&mut self.id);
            say(Delta::Begin {
                id: self.id.as_str().into(),
                model: line.model.as_deref().unwrap_or_default().into(),
                created: time::read(&self.id),
            });
        }
        let (usage, done) = (line.usage(), line.done);
        let finish = |called| line.finish(called);
        let called = self.calls > 0
            || line
                .message
                .as_ref()
                .and_then(|message| message.tool_calls.as_ref())
                .is_some_and(|calls| !calls.is_empty());
        let finish = finish(called);
        if let Some(message) = line.message {
            self.message(message, say);
        }
        if done {
            self.close(say);
            self.over = true;
            say(Delta::Finish {
                choice: 0,
                finish,
                sequence: None,
                explanation: None,
            });
            if let Some(usage) = usage {
                say(Delta::Usage(usage));
            }
            say(Delta::End);
        }
        Ok(())
    }

    /// Only a line that says so ends an answer.
    fn end(&mut self, _: Say<'_>) {}
}

impl Decoder {
    fn message(&mut self, message: Message<'_>, say: Say<'_>) {
        self.more(Is::Thought, message.thinking, say);
        self.more(Is::Text, message.content, say);
        for told in message.tool_calls.into_iter().flatten() {
            self.close(say);
            let call = call(told, &self.id, self.calls);
            self.calls += 1;
            let at = self.next();
            let what = Opening::Call {
                id: call.id,
                name: call.name.say(),
                custom: false,
                seal: None,
            };
            say(Delta::Open { at, what });
            if let Input::Spelt(text) = call.input {
                say(Delta::More { at, text });
            }
            say(Delta::Close { at });
        }
    }

    fn more(&mut self, is: Is, text: Option<Cow<'_, str>>, say: Say<'_>) {
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return;
        };
        let at = match self.open {
            Some((open, at)) if open == is => at,
            _ => {
                self.close(say);
                let at = self.next();
                let what = match is {
                    Is::Text => Opening::Text,
                    Is::Thought => Opening::Thought {
                        summary: false,
                        id: None,
                    },
                };
                say(Delta::Open { at, what });
                self.open = Some((is, at));
                at
            }
        };
        say(Delta::More { at, text });
    }

    const fn next(&mut self) -> Place {
        self.parts += 1;
        Place {
            choice: 0,
            part: self.parts - 1,
        }
    }

    fn close(&mut self, say: Say<'_>) {
        if let Some((_, at)) = self.open.take() {
            say(Delta::Close { at });
        }
    }
}
