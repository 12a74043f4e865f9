//! A provider's stream.

use std::borrow::Cow;

use towerman_core::Dialect;

use super::{
    chunk::{Chosen, Chunk},
    said::{is_failure, seconds},
    state::State,
};
use crate::{
    dialect::{Decode, Unreadable},
    framing::Event,
    neutral::Delta,
    translate::trouble,
    usage::Tokens,
};

/// More choices than anybody asks for.
const CHOICES: u32 = 128;

pub(super) type Say<'s> = &'s mut dyn FnMut(Delta<'_>);

/// The state of one stream.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    begun: bool,
    over: bool,
    id: String,
    tokens: Tokens,
    choices: Vec<State>,
}

impl Decode for Decoder {
    fn event(&mut self, event: Event<'_>, say: Say<'_>) -> Result<(), Unreadable> {
        let data = event.data.trim_ascii();
        if self.over || data.is_empty() {
            return Ok(());
        }
        if data.starts_with(b"[DONE]") {
            self.done(say);
            return Ok(());
        }
        let chunk: Chunk<'_> = serde_json::from_slice(data).map_err(|_| Unreadable)?;
        let named = event.name == Some(b"error");
        if named || chunk.error.is_some() {
            self.over = true;
            let fault = chunk.error.map_or_else(trouble::nonsense, trouble::read);
            say(Delta::Fail(fault));
            return Ok(());
        }
        self.chunk(chunk, say);
        Ok(())
    }

    /// Clones that send no `[DONE]` have proved with a finish reason that they were done; without
    /// one the answer is torn, and stays so.
    fn end(&mut self, say: Say<'_>) {
        let stopped = !self.choices.is_empty() && self.choices.iter().all(State::stopped);
        if !self.over && stopped {
            self.done(say);
        }
    }
}

impl Decoder {
    fn chunk(&mut self, chunk: Chunk<'_>, say: Say<'_>) {
        let usage = chunk.usage.or(chunk.x_groq.and_then(|aside| aside.usage));
        self.tokens.report(usage, Tokens::openai);
        // One host begins with a chunk that says nothing, not even who answers.
        for chosen in chunk.choices.unwrap_or_default() {
            if !self.begun {
                self.begun = true;
                let id = chunk.id.as_deref().unwrap_or_default();
                id.clone_into(&mut self.id);
                say(Delta::Begin {
                    id: Cow::Borrowed(id),
                    model: chunk.model.as_deref().unwrap_or_default().into(),
                    created: seconds(chunk.created),
                });
            }
            if self.choice(chosen, say).is_none() {
                self.over = true;
                say(Delta::Fail(trouble::nonsense()));
                return;
            }
        }
    }

    /// Nothing if it makes no sense.
    fn choice(&mut self, chosen: Chosen<'_>, say: Say<'_>) -> Option<()> {
        let number = chosen.index.unwrap_or_default();
        if number >= CHOICES {
            return None;
        }
        let found = self.choices.iter().position(|c| c.is(number));
        let found = found.unwrap_or_else(|| {
            self.choices.push(State::new(number));
            self.choices.len() - 1
        });
        let state = self.choices.get_mut(found)?;
        if let Some(delta) = chosen.delta {
            state.change(delta, &self.id, say)?;
        }
        if let Some(raw) = chosen.logprobs.filter(|raw| raw.get() != "null") {
            say(Delta::Logprobs {
                choice: number,
                raw,
            });
        }
        // One clone spells null as a string.
        let reason = chosen
            .finish_reason
            .filter(|reason| !matches!(&**reason, "" | "null"));
        if reason.as_deref().is_some_and(is_failure) {
            return None;
        }
        state.stop(reason, chosen.stop_reason);
        Some(())
    }

    fn done(&mut self, say: Say<'_>) {
        self.over = true;
        if !self.begun {
            return say(Delta::Fail(trouble::nonsense()));
        }
        for state in &mut self.choices {
            if state.finish(say).is_none() {
                return say(Delta::Fail(trouble::nonsense()));
            }
        }
        if let Some(usage) = self.tokens.usage(Dialect::OpenAiChat) {
            say(Delta::Usage(usage));
        }
        say(Delta::End);
    }
}
