//! Reads a stream.

use super::said::{Said, text};
use crate::{
    dialect::{Decode, Unreadable},
    framing::Event,
    neutral::{Delta, Opening, Place},
    translate::trouble,
};
use towerman_core::Finish;

/// More choices than any answer has.
const CHOICES: u32 = 128;

/// How far a choice has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Silent,
    Open,
    Finished,
}

#[derive(Debug, Default)]
pub(super) struct Decoder {
    begun: bool,
    over: bool,
    choices: Vec<State>,
}

type Say<'s> = &'s mut dyn FnMut(Delta<'_>);

impl Decode for Decoder {
    fn event(&mut self, event: Event<'_>, say: Say<'_>) -> Result<(), Unreadable> {
        if self.over {
            return Ok(());
        }
        if event.data.starts_with(b"[DONE]") {
            self.done(say);
            return Ok(());
        }
        let said: Said<'_> = serde_json::from_slice(event.data).map_err(|_| Unreadable)?;
        if let Some(error) = said.error() {
            self.over = true;
            say(Delta::Fail(trouble::read(error)));
            return Ok(());
        }
        let choices = said.choices.as_ref().ok_or(Unreadable)?;
        if !self.begun {
            self.begun = true;
            say(Delta::Begin {
                id: text(said.id).unwrap_or_default(),
                model: text(said.model).unwrap_or_default(),
                created: said.created(),
            });
        }
        for choice in choices.0.iter().filter(|choice| choice.index() < CHOICES) {
            let number = choice.index();
            let at = Place {
                choice: number,
                part: 0,
            };
            let Some(state) = self.state(number) else {
                continue;
            };
            if *state == State::Finished {
                continue;
            }
            let words = choice.text();
            if !words.is_empty() {
                if *state == State::Silent {
                    *state = State::Open;
                    say(Delta::Open {
                        at,
                        what: Opening::Text,
                    });
                }
                say(Delta::More { at, text: words });
            }
            if let Some(raw) = choice.logprobs() {
                say(Delta::Logprobs {
                    choice: number,
                    raw,
                });
            }
            if let Some(finish) = choice.finish() {
                self.finish(number, finish, say);
            }
        }
        if let Some(usage) = said.usage() {
            say(Delta::Usage(usage));
        }
        Ok(())
    }

    fn end(&mut self, say: Say<'_>) {
        let finished = self.choices.iter().all(|state| *state == State::Finished);
        if finished && !self.choices.is_empty() {
            self.done(say);
        }
    }
}

impl Decoder {
    fn state(&mut self, number: u32) -> Option<&mut State> {
        let number = usize::try_from(number).ok()?;
        while self.choices.len() <= number {
            self.choices.push(State::Silent);
        }
        self.choices.get_mut(number)
    }

    fn finish(&mut self, number: u32, finish: Finish, say: Say<'_>) {
        let Some(state) = self.state(number) else {
            return;
        };
        if std::mem::replace(state, State::Finished) == State::Open {
            let at = Place {
                choice: number,
                part: 0,
            };
            say(Delta::Close { at });
        }
        say(Delta::Finish {
            choice: number,
            finish,
            sequence: None,
            explanation: None,
        });
    }

    /// The answer is complete, if there was one.
    fn done(&mut self, say: Say<'_>) {
        if !self.begun || self.over {
            return;
        }
        for (number, state) in (0..).zip(self.choices.clone()) {
            if state != State::Finished {
                self.finish(number, Finish::Other, say);
            }
        }
        self.over = true;
        say(Delta::End);
    }
}
