//! Signed calls in dialects whose calls have no place for a signature.
//!
//! Gemini's models want their calls back as they signed them. A dialect that keeps the signatures
//! of thoughts is told a call's as a thought of its own, without words, right before the call; in
//! the history that comes back, the two are put together again.

use std::mem;

use super::{Answer, Call, Delta, Kind, Opening, Part, Request, Role, Seal, Sealed, Thought};

/// What of a conversation a dialect keeps the seals of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Seals {
    #[default]
    Nothing,
    Thoughts,
    /// And of calls.
    Calls,
}

/// A whole answer for a dialect that keeps the seals of thoughts alone.
pub(crate) fn apart(answer: &mut Answer<'_>) {
    for choice in &mut answer.choices {
        let parts = Vec::with_capacity(choice.parts.len());
        for mut part in mem::replace(&mut choice.parts, parts) {
            if let Kind::Call(call) = &mut part.kind
                && let Some(seal) = call.seal.take()
            {
                choice.parts.push(Part::of(Kind::Thought(Thought {
                    seal: Some(of_call(seal)),
                    ..Thought::default()
                })));
            }
            choice.parts.push(part);
        }
    }
}

/// The same, of a step of a stream whose parts come one after the other.
pub(crate) fn step<'a>(delta: Delta<'a>, say: &mut dyn FnMut(Delta<'a>)) {
    let Delta::Open { at, what } = delta else {
        return say(delta);
    };
    let what = match what {
        Opening::Call {
            id,
            name,
            custom,
            seal: Some(seal),
        } => {
            let thought = Opening::Thought {
                summary: false,
                id: None,
            };
            say(Delta::Open { at, what: thought });
            let seal = of_call(seal);
            say(Delta::Seal { at, seal });
            say(Delta::Close { at });
            Opening::Call {
                id,
                name,
                custom,
                seal: None,
            }
        }
        what => what,
    };
    say(Delta::Open { at, what });
}

/// Gives calls back the seals that stand before them. One whose call is gone proves nothing.
pub(crate) fn together(request: &mut Request<'_>) {
    let mut found = None;
    for turn in &mut request.turns {
        if turn.role != Role::Assistant {
            found = None;
        }
        let parts = Vec::with_capacity(turn.parts.len());
        for mut part in mem::replace(&mut turn.parts, parts) {
            let before = found.take();
            match &mut part.kind {
                Kind::Thought(Thought { seal, .. })
                    if seal.as_ref().is_some_and(|seal| seal.kind == Sealed::Call) =>
                {
                    found = seal.take();
                    continue;
                }
                Kind::Call(Call { seal, .. }) if seal.is_none() => {
                    let signature = |seal| Seal {
                        kind: Sealed::Signature,
                        ..seal
                    };
                    *seal = before.map(signature);
                }
                _ => {}
            }
            turn.parts.push(part);
        }
    }
    request
        .turns
        .retain(|turn| !turn.parts.is_empty() || turn.role != Role::Assistant);
}

fn of_call(seal: Seal<'_>) -> Seal<'_> {
    Seal {
        kind: Sealed::Call,
        ..seal
    }
}
