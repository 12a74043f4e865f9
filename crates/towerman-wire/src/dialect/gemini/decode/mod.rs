//! A provider's stream: each chunk is an answer of its own, with the next piece of the parts.

mod state;

use towerman_core::Dialect;

use self::state::State;
use super::{
    finish,
    said::{Candidate, Response},
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

/// The state of one stream.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    begun: bool,
    over: bool,
    id: String,
    calls: usize,
    tokens: Tokens,
    /// Why the prompt was blocked.
    blocked: Option<String>,
    choices: Vec<State>,
}

type Say<'s> = &'s mut dyn FnMut(Delta<'_>);

impl Decode for Decoder {
    fn event(&mut self, event: Event<'_>, say: Say<'_>) -> Result<(), Unreadable> {
        if self.over {
            return Ok(());
        }
        let response = Response::read(event.data).ok_or(Unreadable)?;
        if let Some(error) = response.error() {
            self.over = true;
            say(Delta::Fail(trouble::read(error)));
            return Ok(());
        }
        if !response.says() {
            return Err(Unreadable);
        }
        if !self.begun {
            self.begun = true;
            let id = response.id().unwrap_or_default();
            (*id).clone_into(&mut self.id);
            say(Delta::Begin {
                id,
                model: response.model().unwrap_or_default(),
                created: None,
            });
        }
        self.tokens.report(response.usage, Tokens::gemini);
        if let Some(blocked) = response.blocked() {
            let why = finish::explanation(&blocked.reason, blocked.message);
            self.blocked = Some(why.into_owned());
        }
        for candidate in response.candidates() {
            if self.candidate(candidate, say).is_none() {
                self.over = true;
                say(Delta::Fail(trouble::nonsense()));
                break;
            }
        }
        Ok(())
    }

    /// There is no event that ends the stream, and usage may come behind the reason to stop: only
    /// now all is told.
    fn end(&mut self, say: Say<'_>) {
        if self.over || !self.begun {
            return;
        }
        if self.choices.is_empty() && self.blocked.is_some() {
            self.choices.push(State::default());
        }
        let mut done = self.choices.iter();
        let stopped = done.all(|state| state.stopped() || self.blocked.is_some());
        if self.choices.is_empty() || !stopped {
            return;
        }
        self.over = true;
        for state in &mut self.choices {
            if !state.finish(self.blocked.as_deref(), say) {
                return say(Delta::Fail(trouble::nonsense()));
            }
        }
        if let Some(usage) = self.tokens.usage(Dialect::Gemini) {
            say(Delta::Usage(usage));
        }
        say(Delta::End);
    }
}

impl Decoder {
    /// Nothing if it makes no sense.
    fn candidate(&mut self, candidate: &Candidate<'_>, say: Say<'_>) -> Option<()> {
        let number = candidate.index();
        if number >= CHOICES {
            return None;
        }
        let found = self.choices.iter().position(|c| c.number() == number);
        let found = found.unwrap_or_else(|| {
            self.choices.push(State::new(number));
            self.choices.len() - 1
        });
        let state = self.choices.get_mut(found)?;
        state.take(candidate, &self.id, &mut self.calls, say)
    }
}
