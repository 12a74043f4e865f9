//! One choice of a provider's stream.

use std::{borrow::Cow, mem};

use towerman_core::Finish;

use super::{
    calls::Calls,
    chunk::{CallChange, Change},
    decode::Say,
    said::{Piece, cites, details, finish, fragment, images, pieces, signature, words},
};
use crate::neutral::{Delta, Opening, Place, Raw, Seal, fields::Said, made_up};

/// What has been said of one choice.
#[derive(Debug, Default)]
pub(super) struct State {
    number: u32,
    /// Parts opened so far.
    parts: u32,
    /// Parts that are open.
    open: Vec<u32>,
    text: Option<u32>,
    thought: Option<u32>,
    refusal: Option<u32>,
    /// The open thought has its seal, and ends with it.
    sealed: bool,
    calls: Calls,
    /// Why it stopped, in the provider's word.
    reason: Option<String>,
    sequence: Option<String>,
}

impl State {
    pub(super) fn new(number: u32) -> Self {
        Self {
            number,
            ..Self::default()
        }
    }

    pub(super) const fn is(&self, number: u32) -> bool {
        self.number == number
    }

    pub(super) const fn stopped(&self) -> bool {
        self.reason.is_some()
    }

    pub(super) fn stop(&mut self, reason: Option<Cow<'_, str>>, met: Option<Raw<'_>>) {
        if let Some(reason) = reason {
            self.reason = Some(reason.into_owned());
        }
        if let Some(met) = met {
            let met: Option<Said<'_>> = serde_json::from_str(met.get()).ok();
            self.sequence = met.map(|said| said.0.into_owned());
        }
    }

    /// Nothing if it makes no sense.
    pub(super) fn change(&mut self, change: Change<'_>, answer: &str, say: Say<'_>) -> Option<()> {
        let said = words(change.reasoning_content).or_else(|| words(change.reasoning));
        let told = said.is_some();
        if let Some(said) = said {
            self.think(said, false, say);
        }
        for detail in details(change.reasoning_details) {
            if let Some(text) = detail.text.filter(|_| !told) {
                self.think(text, detail.summary, say);
            }
            if let Some(seal) = detail.seal {
                self.seal(seal, detail.id, say);
            }
        }
        if let Some(content) = change.content {
            for piece in pieces(content).ok()? {
                match piece {
                    Piece::Thought(said) => self.think(said, false, say),
                    Piece::Text(said) => self.text(said, say),
                }
            }
        }
        if let Some(text) = words(change.refusal) {
            let at = match self.refusal {
                Some(part) => self.at(part),
                None => self.begin(Opening::Refusal, say),
            };
            self.refusal = Some(at.part);
            say(Delta::More { at, text });
        }
        for image in images(change.images) {
            let at = self.begin(Opening::Media(image), say);
            self.close(at.part, say);
        }
        for cite in cites(change.annotations) {
            if let Some(part) = self.text {
                let at = self.at(part);
                say(Delta::Cite { at, cite });
            }
        }
        // The older way to call: one, and without an id.
        let old = change.function_call.map(|function| CallChange {
            function: Some(function),
            ..CallChange::default()
        });
        // One host signs the message for its first call.
        let mut seal = signature(change.extra_content);
        for call in change.tool_calls.into_iter().flatten().chain(old) {
            self.call(call, answer, &mut seal, say)?;
        }
        if let Some(seal) = seal {
            self.seal(seal, None, say);
        }
        Some(())
    }

    fn text(&mut self, text: Cow<'_, str>, say: Say<'_>) {
        if text.is_empty() {
            return;
        }
        let at = match self.text {
            Some(part) => self.at(part),
            None => self.begin(Opening::Text, say),
        };
        self.text = Some(at.part);
        say(Delta::More { at, text });
    }

    fn think(&mut self, text: Cow<'_, str>, summary: bool, say: Say<'_>) {
        if !text.is_empty() {
            let at = self.thought(summary, None, say);
            say(Delta::More { at, text });
        }
    }

    fn seal(&mut self, seal: Seal<'_>, id: Option<Cow<'_, str>>, say: Say<'_>) {
        let at = self.thought(false, id, say);
        self.sealed = true;
        say(Delta::Seal { at, seal });
    }

    /// The open thought. Behind a seal another one begins.
    fn thought(&mut self, summary: bool, id: Option<Cow<'_, str>>, say: Say<'_>) -> Place {
        if let Some(part) = self.thought {
            if !self.sealed {
                return self.at(part);
            }
            self.close(part, say);
        }
        let at = self.begin(Opening::Thought { summary, id }, say);
        self.thought = Some(at.part);
        self.sealed = false;
        at
    }

    fn begin(&mut self, what: Opening<'_>, say: Say<'_>) -> Place {
        let at = self.at(self.parts);
        self.parts += 1;
        self.open.push(at.part);
        say(Delta::Open { at, what });
        at
    }

    fn close(&mut self, part: u32, say: Say<'_>) {
        self.open.retain(|open| *open != part);
        let at = self.at(part);
        say(Delta::Close { at });
    }

    const fn at(&self, part: u32) -> Place {
        Place {
            choice: self.number,
            part,
        }
    }

    fn call(
        &mut self,
        call: CallChange<'_>,
        answer: &str,
        seal: &mut Option<Seal<'_>>,
        say: Say<'_>,
    ) -> Option<()> {
        let custom = call.custom.is_some();
        let function = call.function.or(call.custom).unwrap_or_default();
        let id = call.id.as_deref().unwrap_or_default();
        let name = function.name.as_deref().unwrap_or_default();
        let n = self.calls.find(call.index, id, name)?;
        let piece = fragment(function.arguments.or(function.input))?;
        let mut seal = || signature(call.extra_content).or_else(|| seal.take());
        let mut proof = None;
        let part = match self.calls.part(n) {
            Some(part) => {
                proof = seal();
                part
            }
            // A call begins with its name.
            None if name.is_empty() => return self.calls.hold(n, &piece),
            None => {
                let (known, held) = self.calls.named(n);
                let id = if known.is_empty() {
                    made_up(answer, n, name).into()
                } else {
                    Cow::Owned(known)
                };
                let what = Opening::Call {
                    id,
                    name: name.into(),
                    custom,
                    seal: seal(),
                };
                let part = self.begin(what, say).part;
                self.calls.opened(n, part);
                self.argue(n, part, custom, held.into(), say);
                part
            }
        };
        self.argue(n, part, custom, piece, say);
        if let Some(seal) = proof {
            let at = self.at(part);
            say(Delta::Seal { at, seal });
        }
        Some(())
    }

    fn argue(&mut self, n: usize, part: u32, custom: bool, text: Cow<'_, str>, say: Say<'_>) {
        if text.is_empty() {
            return;
        }
        // Free text is always whole.
        if !custom {
            self.calls.follow(n, &text);
        }
        let at = self.at(part);
        say(Delta::More { at, text });
    }

    /// Closes what is open, and says why it stopped. Nothing if a call makes no sense.
    pub(super) fn finish(&mut self, say: Say<'_>) -> Option<()> {
        let reason = self.reason.take().unwrap_or_default();
        let refused = self.refusal.is_some();
        let called = self.calls.any();
        let finish = finish(&reason, called, refused);
        // A call that ran into the limit is none, and was told as far as it came.
        if finish != Finish::Length && !self.calls.whole() {
            return None;
        }
        for part in mem::take(&mut self.open) {
            let at = self.at(part);
            say(Delta::Close { at });
        }
        let met = reason == "stop" && !called && !refused;
        say(Delta::Finish {
            choice: self.number,
            finish,
            sequence: self.sequence.take().filter(|_| met).map(Cow::Owned),
            explanation: None,
        });
        Some(())
    }
}
