//! One choice, as far as it has come.

use std::{
    borrow::Cow,
    hash::{DefaultHasher, Hash, Hasher},
};

use towerman_core::Finish;

use super::{
    super::{
        cite, finish,
        partial::Partial,
        read::medium,
        said::{Called, Candidate, Piece},
    },
    Say,
};
use crate::neutral::{Cite, Delta, Media, Opening, Place, Seal, Source, made_up};

/// More sources than any answer cites. Chunks may repeat them.
const CITES: usize = 1024;

/// The state of one choice.
#[derive(Debug, Default)]
pub(super) struct State {
    number: u32,
    /// Parts opened so far.
    parts: u32,
    /// Whether the last of them is still open, and may go on.
    open: Option<Open>,
    /// What proves the open text, which is still open for what it cites.
    proof: Option<Seal<'static>>,
    /// A call that is not whole yet.
    partial: Option<Partial>,
    called: bool,
    /// Why it stopped, in the provider's word.
    reason: Option<String>,
    message: Option<String>,
    cited: Vec<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Text,
    Thought,
}

impl State {
    pub(super) fn new(number: u32) -> Self {
        Self {
            number,
            ..Self::default()
        }
    }

    pub(super) const fn number(&self) -> u32 {
        self.number
    }

    pub(super) const fn stopped(&self) -> bool {
        self.reason.is_some()
    }

    /// Nothing if it makes no sense.
    pub(super) fn take(
        &mut self,
        candidate: &Candidate<'_>,
        answer: &str,
        calls: &mut usize,
        say: Say<'_>,
    ) -> Option<()> {
        for piece in candidate.pieces() {
            self.piece(piece, answer, calls, say)?;
        }
        for cite in cite::all(candidate) {
            self.cite(cite, say);
        }
        if let Some(reason) = candidate.reason() {
            self.reason = Some(reason.into_owned());
        }
        if let Some(message) = candidate.message() {
            self.message = Some(message.into_owned());
        }
        Some(())
    }

    fn piece(
        &mut self,
        piece: &Piece<'_>,
        answer: &str,
        calls: &mut usize,
        say: Say<'_>,
    ) -> Option<()> {
        let seal = piece.seal().map(|data| super::super::seal::read(data));
        if let Some(call) = piece.call() {
            return self.call(&call, seal, answer, calls, say);
        }
        if let Some((media_type, data)) = piece.image() {
            let what = Opening::Media(Media {
                what: medium(&media_type),
                source: Source::Base64 { media_type, data },
                name: None,
                detail: None,
            });
            let at = self.next(what, say);
            say(Delta::Close { at });
        } else if let Some(text) = piece.text() {
            let kind = match piece.is_thought() {
                true => Open::Thought,
                false => Open::Text,
            };
            let at = self.go_on(kind, say);
            say(Delta::More { at, text });
        }
        if let Some(seal) = seal {
            self.seal(seal, piece.is_thought(), say);
        }
        Some(())
    }

    fn call(
        &mut self,
        call: &Called<'_>,
        seal: Option<Seal<'_>>,
        answer: &str,
        calls: &mut usize,
        say: Say<'_>,
    ) -> Option<()> {
        let Some(name) = call.name() else {
            // The next piece of the call before, or its end.
            if let Some(partial) = &mut self.partial {
                partial.take(call.pieces)?;
                if !call.goes_on() {
                    self.whole(say);
                }
            }
            return Some(());
        };
        self.whole(say);
        let nth = std::mem::replace(calls, *calls + 1);
        let id = call.id();
        let id = id.unwrap_or_else(|| Cow::Owned(made_up(answer, nth, &name)));
        if call.goes_on() || call.pieces.is_some() {
            let seal = seal.map(Seal::into_owned);
            let mut partial = Partial::new(id.into_owned(), name.into_owned(), seal);
            partial.take(call.pieces)?;
            self.partial = Some(partial);
            if !call.goes_on() {
                self.whole(say);
            }
            return Some(());
        }
        let args = call.args()?;
        self.told(id, name, args.get().into(), seal, say);
        Some(())
    }

    /// The call that came in pieces is whole.
    fn whole(&mut self, say: Say<'_>) {
        if let Some(partial) = self.partial.take() {
            let input = partial.input();
            self.told(
                partial.id.into(),
                partial.name.into(),
                input.into(),
                partial.seal,
                say,
            );
        }
    }

    fn told(
        &mut self,
        id: Cow<'_, str>,
        name: Cow<'_, str>,
        text: Cow<'_, str>,
        seal: Option<Seal<'_>>,
        say: Say<'_>,
    ) {
        self.called = true;
        let what = Opening::Call {
            id,
            name,
            custom: false,
            seal,
        };
        let at = self.next(what, say);
        say(Delta::More { at, text });
        say(Delta::Close { at });
    }

    /// A thought has a place for its seal; what else is proved is followed by it.
    fn seal(&mut self, seal: Seal<'_>, of_thought: bool, say: Say<'_>) {
        match (self.open, self.parts.checked_sub(1)) {
            (Some(Open::Thought), Some(last)) if of_thought => {
                let at = self.at(last);
                say(Delta::Seal { at, seal });
                self.close(say);
            }
            (Some(Open::Text), _) if self.proof.is_none() => {
                self.proof = Some(seal.into_owned());
            }
            _ => {
                let at = self.next(thought(), say);
                say(Delta::Seal { at, seal });
                say(Delta::Close { at });
            }
        }
    }

    /// A text or thought that may go on: the open one, if it is of this kind.
    fn go_on(&mut self, kind: Open, say: Say<'_>) -> Place {
        if self.open == Some(kind)
            && self.proof.is_none()
            && let Some(last) = self.parts.checked_sub(1)
        {
            return self.at(last);
        }
        let what = match kind {
            Open::Text => Opening::Text,
            Open::Thought => thought(),
        };
        let at = self.next(what, say);
        self.open = Some(kind);
        at
    }

    fn next(&mut self, what: Opening<'_>, say: Say<'_>) -> Place {
        self.close(say);
        let at = self.at(self.parts);
        self.parts += 1;
        say(Delta::Open { at, what });
        at
    }

    fn close(&mut self, say: Say<'_>) {
        if self.open.take().is_some()
            && let Some(last) = self.parts.checked_sub(1)
        {
            say(Delta::Close { at: self.at(last) });
        }
        if let Some(seal) = self.proof.take() {
            let at = self.at(self.parts);
            self.parts += 1;
            let what = thought();
            say(Delta::Open { at, what });
            say(Delta::Seal { at, seal });
            say(Delta::Close { at });
        }
    }

    const fn at(&self, part: u32) -> Place {
        Place {
            choice: self.number,
            part,
        }
    }

    /// Sources are told with the text that they belong to, or not at all.
    fn cite(&mut self, cite: Cite<'_>, say: Say<'_>) {
        let mut hasher = DefaultHasher::new();
        (&cite.url, &cite.quote).hash(&mut hasher);
        let known = hasher.finish();
        if self.open != Some(Open::Text) || self.cited.len() == CITES || self.cited.contains(&known)
        {
            return;
        }
        if let Some(last) = self.parts.checked_sub(1) {
            self.cited.push(known);
            say(Delta::Cite {
                at: self.at(last),
                cite,
            });
        }
    }

    /// Says why it stopped. False if the model failed, and said nothing before, or if it left a call
    /// half said.
    pub(super) fn finish(&mut self, blocked: Option<&str>, say: Say<'_>) -> bool {
        match (&self.partial, self.reason.as_deref()) {
            // It was to go on, and did not.
            (Some(_), Some("STOP")) => return false,
            // It was cut, and is none.
            _ => self.partial = None,
        }
        self.close(say);
        let (finish, explanation) = match &self.reason {
            Some(reason) => {
                let Some(finish) = finish::of(reason, self.called, self.parts > 0) else {
                    return false;
                };
                let message = self.message.as_deref().map(Cow::Borrowed);
                (finish, Some(finish::explanation(reason, message)))
            }
            None => (
                Finish::ContentFilter,
                blocked.map(|why| Cow::Owned(why.to_owned())),
            ),
        };
        say(Delta::Finish {
            choice: self.number,
            finish,
            sequence: None,
            explanation: explanation.filter(|_| finish == Finish::ContentFilter),
        });
        true
    }
}

const fn thought() -> Opening<'static> {
    Opening::Thought {
        summary: false,
        id: None,
    }
}
