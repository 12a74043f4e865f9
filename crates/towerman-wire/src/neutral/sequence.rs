//! Parts one after the other, from deltas that may interleave.

use std::collections::VecDeque;

use super::{Delta, Opening, Place, json::Progress};

/// The most that is held back for parts that wait for another to end.
const LIMIT: usize = 8 << 20;

/// More parts than any answer has.
const PARTS: usize = 4096;

/// More was to be held back than may be, or a call went on that had ended.
#[derive(Debug)]
pub(crate) struct Tangled;

/// Tells each part from `Open` to `Close` before the next one opens, and counts parts anew.
///
/// What belongs to the open part passes at once. When another part has something to say, a text or
/// a thought that is open ends there, and goes on in a part of its own if it has more to say; a
/// call goes on until its object is whole, and the other waits.
///
/// Only the first choice is told: dialects of this kind have no others.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
    open: Option<Open>,
    /// Parts told so far.
    told: u32,
    waiting: VecDeque<Waiting>,
    held: usize,
    /// The provider's parts that were told, and how they can go on.
    ended: Vec<(u32, Again)>,
}

/// The part that is being told.
#[derive(Debug)]
struct Open {
    /// Its number at the provider.
    part: u32,
    again: Again,
    progress: Progress,
}

/// A part that waits, with what it has said so far.
#[derive(Debug)]
struct Waiting {
    part: u32,
    said: Vec<Delta<'static>>,
    closed: bool,
}

/// What a part can go on as after it was ended for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    Text,
    Refusal,
    Thought,
    /// Not at all, and it ends where its object does.
    Call,
    /// Not at all, but it ends anywhere.
    Other,
}

// === impl Sequence ===

impl Sequence {
    /// Takes a delta in, and says what may be told now.
    pub(crate) fn take(
        &mut self,
        delta: Delta<'_>,
        say: &mut dyn FnMut(Delta<'_>),
    ) -> Result<(), Tangled> {
        match delta {
            Delta::Open { at, .. }
            | Delta::More { at, .. }
            | Delta::Seal { at, .. }
            | Delta::Cite { at, .. }
            | Delta::Close { at }
                if at.choice != 0 => {}
            Delta::Finish { choice, .. } | Delta::Logprobs { choice, .. } if choice != 0 => {}
            Delta::Open { at, what } => self.begin(at.part, what, say)?,
            Delta::More { at, .. } | Delta::Seal { at, .. } | Delta::Cite { at, .. } => {
                self.more(at.part, delta, say)?;
            }
            Delta::Close { at } => self.close(at.part, say),
            // Decoders close what they opened, before.
            delta => say(delta),
        }
        Ok(())
    }

    fn begin(
        &mut self,
        part: u32,
        what: Opening<'_>,
        say: &mut dyn FnMut(Delta<'_>),
    ) -> Result<(), Tangled> {
        if !self.waiting.is_empty() || !self.may_end() {
            let at = Place { choice: 0, part };
            return self.hold(part, Delta::Open { at, what });
        }
        self.end(say)?;
        self.tell(
            part,
            Delta::Open {
                at: Place::default(),
                what,
            },
            say,
        );
        Ok(())
    }

    fn more(
        &mut self,
        part: u32,
        delta: Delta<'_>,
        say: &mut dyn FnMut(Delta<'_>),
    ) -> Result<(), Tangled> {
        if self.open.as_ref().is_some_and(|open| open.part == part) {
            self.tell(part, delta, say);
            return self.advance(say);
        }
        if self.waiting.iter().any(|waiting| waiting.part == part) {
            return self.hold(part, delta);
        }
        let known = self.ended.iter().find(|(known, _)| *known == part);
        let what = match known.map_or(Again::Other, |(_, again)| *again) {
            Again::Text => Opening::Text,
            Again::Refusal => Opening::Refusal,
            Again::Thought => Opening::Thought {
                summary: false,
                id: None,
            },
            Again::Call | Again::Other => {
                return match delta {
                    Delta::More { text, .. } if !text.trim().is_empty() => Err(Tangled),
                    _ => Ok(()),
                };
            }
        };
        self.begin(part, what, say)?;
        self.more(part, delta, say)
    }

    fn close(&mut self, part: u32, say: &mut dyn FnMut(Delta<'_>)) {
        if self.open.as_ref().is_some_and(|open| open.part == part) {
            // That there is room for another ended part was seen when it began.
            let _ = self.end(say);
            let _ = self.advance(say);
        } else if let Some(waiting) = self.waiting.iter_mut().find(|one| one.part == part) {
            waiting.closed = true;
        }
    }

    /// Whether the open part, if there is one, can end here.
    fn may_end(&self) -> bool {
        self.open
            .as_ref()
            .is_none_or(|open| open.again != Again::Call || open.progress.is_complete())
    }

    fn end(&mut self, say: &mut dyn FnMut(Delta<'_>)) -> Result<(), Tangled> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let at = Place {
            choice: 0,
            part: self.told - 1,
        };
        say(Delta::Close { at });
        self.ended.retain(|(part, _)| *part != open.part);
        if self.ended.len() == PARTS {
            return Err(Tangled);
        }
        self.ended.push((open.part, open.again));
        Ok(())
    }

    /// Tells those who wait, as far as they may.
    fn advance(&mut self, say: &mut dyn FnMut(Delta<'_>)) -> Result<(), Tangled> {
        while self.may_end()
            && let Some(waiting) = self.waiting.pop_front()
        {
            self.end(say)?;
            for delta in waiting.said {
                self.held -= size(&delta);
                self.tell(waiting.part, delta, say);
            }
            if waiting.closed {
                self.end(say)?;
            }
        }
        Ok(())
    }

    fn hold(&mut self, part: u32, delta: Delta<'_>) -> Result<(), Tangled> {
        if self.held + size(&delta) > LIMIT || self.waiting.len() == PARTS {
            return Err(Tangled);
        }
        let waiting = self.waiting.iter_mut().find(|one| one.part == part);
        let said = match waiting {
            Some(waiting) => &mut waiting.said,
            None => {
                self.waiting.push_back(Waiting {
                    part,
                    said: Vec::new(),
                    closed: false,
                });
                let last = self.waiting.len() - 1;
                &mut self.waiting[last].said
            }
        };
        match (said.last_mut(), delta) {
            // Fragments are small, and there may be many.
            (Some(Delta::More { text: last, .. }), Delta::More { text, .. }) => {
                self.held += text.len();
                last.to_mut().push_str(&text);
            }
            (_, delta) => {
                self.held += size(&delta);
                said.push(delta.into_owned());
            }
        }
        Ok(())
    }

    /// Says a delta of the open part, or the one that opens it.
    fn tell(&mut self, part: u32, mut delta: Delta<'_>, say: &mut dyn FnMut(Delta<'_>)) {
        match &mut delta {
            Delta::Open { what, .. } => {
                self.told += 1;
                self.open = Some(Open {
                    part,
                    again: Again::of(what),
                    progress: Progress::default(),
                });
            }
            Delta::More { text, .. } => {
                if let Some(open) = &mut self.open
                    && open.again == Again::Call
                {
                    open.progress.follow(text);
                }
            }
            _ => {}
        }
        if let Delta::Open { at, .. }
        | Delta::More { at, .. }
        | Delta::Seal { at, .. }
        | Delta::Cite { at, .. } = &mut delta
        {
            *at = Place {
                choice: 0,
                part: self.told - 1,
            };
        }
        say(delta);
    }
}

impl Again {
    const fn of(what: &Opening<'_>) -> Self {
        match what {
            Opening::Text => Self::Text,
            Opening::Refusal => Self::Refusal,
            Opening::Thought { .. } => Self::Thought,
            Opening::Call { custom: false, .. } => Self::Call,
            Opening::Call { .. } | Opening::Media(_) => Self::Other,
        }
    }
}

/// What it costs to keep.
fn size(delta: &Delta<'_>) -> usize {
    64 + match delta {
        Delta::More { text, .. } => text.len(),
        Delta::Seal { seal, .. } => seal.data.len(),
        Delta::Cite { cite, .. } => cite.raw.get().len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(part: u32, what: Opening<'static>) -> Delta<'static> {
        let at = Place { choice: 0, part };
        Delta::Open { at, what }
    }

    fn call(part: u32) -> Delta<'static> {
        let what = Opening::Call {
            id: format!("c{part}").into(),
            name: "f".into(),
            custom: false,
            seal: None,
        };
        open(part, what)
    }

    fn more(part: u32, text: &'static str) -> Delta<'static> {
        let at = Place { choice: 0, part };
        Delta::More {
            at,
            text: text.into(),
        }
    }

    fn close(part: u32) -> Delta<'static> {
        let at = Place { choice: 0, part };
        Delta::Close { at }
    }

    /// As told, in short: `0<t` opens a text, `0c` a call, `0>` closes.
    fn told(deltas: Vec<Delta<'static>>) -> Result<String, Tangled> {
        let (mut sequence, mut out) = (Sequence::default(), String::new());
        for delta in deltas {
            sequence.take(delta, &mut |delta| {
                out += &match delta {
                    Delta::Open { at, what } => format!("{}{:?} ", at.part, Again::of(&what)),
                    Delta::More { at, text } => format!("{}={text} ", at.part),
                    Delta::Close { at } => format!("{}> ", at.part),
                    other => format!("{other:?} "),
                };
            })?;
        }
        assert!(sequence.waiting.is_empty() && sequence.held == 0);
        Ok(out.trim_end().into())
    }

    #[test]
    fn a_text_ends_where_a_call_begins_and_goes_on_behind_it() {
        let deltas = vec![
            open(0, Opening::Text),
            more(0, "a"),
            call(1),
            more(1, "{"),
            more(0, "b"),
            more(1, "}"),
            close(0),
            close(1),
        ];
        assert_eq!(
            told(deltas).unwrap(),
            "0Text 0=a 0> 1Call 1={ 1=} 1> 2Text 2=b 2>"
        );
    }

    #[test]
    fn calls_that_interleave_are_told_in_order() {
        let deltas = vec![
            call(0),
            call(1),
            call(2),
            more(1, "{\"b\""),
            more(0, "{\"a\":1"),
            more(2, "{}"),
            more(1, ":2}"),
            more(0, "}"),
            close(0),
            close(1),
            close(2),
        ];
        assert_eq!(
            told(deltas).unwrap(),
            "0Call 0={\"a\":1 0=} 0> 1Call 1={\"b\":2} 1> 2Call 2={} 2>"
        );
    }

    #[test]
    fn calls_without_arguments_end_when_the_provider_says_so() {
        let deltas = vec![call(0), call(1), close(0), close(1)];
        assert_eq!(told(deltas).unwrap(), "0Call 0> 1Call 1>");
    }

    #[test]
    fn a_call_that_goes_on_after_its_end_is_nonsense() {
        let deltas = vec![call(0), more(0, "{}"), call(1), more(0, " "), close(1)];
        assert_eq!(told(deltas).unwrap(), "0Call 0={} 0> 1Call 1>");
        let deltas = vec![call(0), more(0, "{}"), call(1), more(0, "x")];
        told(deltas).unwrap_err();
    }
}
