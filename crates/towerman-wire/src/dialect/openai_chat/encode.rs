//! A stream for a client.

use std::borrow::Cow;

use towerman_core::{Finish, Usage};

use super::{
    frame::{CallChange, Change, Custom, Function},
    pen::Pen,
    shape::Extra,
    tell::{annotation, details, image, reason},
};
use crate::{
    dialect::Encode,
    neutral::{Delta, Hearer, Opening, Place, Seal},
    sse,
};

/// The state of one stream.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    pen: Pen,
    usage: Option<Usage>,
    parts: Vec<Part>,
    begun: Vec<Begun>,
}

/// A choice that has begun, and how much stands in its lists so far.
#[derive(Debug, Default)]
struct Begun {
    choice: u32,
    details: usize,
    annotations: usize,
    images: usize,
}

/// A part that is open, or a call that was.
#[derive(Debug)]
struct Part {
    at: Place,
    is: Is,
    /// Of a call: something was said of its arguments.
    said: bool,
}

#[derive(Clone, Debug)]
enum Is {
    Text,
    /// Its id.
    Thought(Option<String>),
    Refusal,
    /// The nth of its choice.
    Call(usize),
    Custom(usize),
    Nothing,
}

impl Encoder {
    pub(super) fn new(hearer: Hearer) -> Self {
        Self {
            pen: Pen {
                model: hearer.model,
                created: hearer.created,
                usage: hearer.include_usage,
                ..Pen::default()
            },
            ..Self::default()
        }
    }
}

impl Encode for Encoder {
    fn delta(&mut self, delta: Delta<'_>, out: &mut Vec<u8>) {
        match delta {
            Delta::Begin { id, model, created } => {
                self.pen.id = id.into_owned();
                if !model.is_empty() {
                    self.pen.model = model.into_owned();
                }
                self.pen.created = created.unwrap_or(self.pen.created);
                self.begin(0, out);
            }
            Delta::Open { at, what } => {
                self.begin(at.choice, out);
                self.open(at, what, out);
            }
            Delta::More { at, text } => self.more(at, &text, out),
            Delta::Seal { at, seal } => self.seal(at, &seal, out),
            Delta::Cite { at, cite } => {
                if let Some(mut told) = annotation(&cite) {
                    told.index = self.count(at.choice, |begun| &mut begun.annotations);
                    let change = Change {
                        annotations: Some([told]),
                        ..Change::default()
                    };
                    self.pen.tell(at.choice, change, out);
                }
            }
            Delta::Close { at } => self.close(at, out),
            Delta::Logprobs { choice, raw } => {
                self.pen
                    .chunk(choice, Change::default(), Some(raw), None, out);
            }
            Delta::Finish {
                choice,
                finish,
                explanation,
                ..
            } => {
                self.begin(choice, out);
                let told = |part: &Part| part.at.choice == choice && part.is.refusal();
                let why = explanation.filter(|_| finish == Finish::ContentFilter);
                if let Some(why) = why.filter(|_| !self.parts.iter().any(told)) {
                    let change = Change {
                        refusal: Some(&why),
                        ..Change::default()
                    };
                    self.pen.tell(choice, change, out);
                }
                self.pen
                    .chunk(choice, Change::default(), None, Some(reason(finish)), out);
            }
            Delta::Usage(usage) => self.usage = Some(usage),
            Delta::Ping => out.extend_from_slice(b": \n\n"),
            Delta::Fail(_) => {}
            Delta::End => self.end(out),
        }
    }
}

impl Encoder {
    /// Says who speaks, once.
    fn begin(&mut self, choice: u32, out: &mut Vec<u8>) {
        if self.begun.iter().any(|begun| begun.choice == choice) {
            return;
        }
        self.begun.push(Begun {
            choice,
            ..Begun::default()
        });
        let first = Change {
            role: Some("assistant"),
            content: Some(""),
            ..Change::default()
        };
        self.pen.tell(choice, first, out);
    }

    /// The place of one more in a list of a choice's.
    fn count(&mut self, choice: u32, list: fn(&mut Begun) -> &mut usize) -> Option<usize> {
        let begun = self.begun.iter_mut().find(|begun| begun.choice == choice)?;
        let place = list(begun);
        *place += 1;
        Some(*place - 1)
    }

    fn seal(&mut self, at: Place, seal: &Seal<'_>, out: &mut Vec<u8>) {
        let part = self.parts.iter().rfind(|part| part.at == at);
        match part.map(|part| part.is.clone()) {
            Some(is @ (Is::Call(index) | Is::Custom(index))) => {
                // Clients want a function in every piece of its call.
                let (name, arguments) = (None, "");
                let function = Function { name, arguments };
                let change = CallChange {
                    index,
                    function: matches!(is, Is::Call(_)).then_some(function),
                    extra_content: Some(Extra::of(seal)),
                    ..CallChange::default()
                };
                self.pen.call(at.choice, change, out);
            }
            Some(Is::Thought(id)) => {
                let told = details(seal, id.map(Cow::Owned), None).map(|mut detail| {
                    detail.index = self.count(at.choice, |begun| &mut begun.details);
                    detail
                });
                let change = Change {
                    reasoning_details: Some(told.collect()),
                    ..Change::default()
                };
                self.pen.tell(at.choice, change, out);
            }
            _ => {}
        }
    }

    fn open(&mut self, at: Place, what: Opening<'_>, out: &mut Vec<u8>) {
        let calls = |parts: &[Part]| {
            let all = parts.iter().filter(|part| part.at.choice == at.choice);
            all.filter(|part| matches!(part.is, Is::Call(_) | Is::Custom(_)))
                .count()
        };
        let is = match what {
            Opening::Text => Is::Text,
            Opening::Thought { id, .. } => Is::Thought(id.map(Cow::into_owned)),
            Opening::Refusal => Is::Refusal,
            Opening::Media(media) => {
                if let Some(mut image) = image(media) {
                    image.index = self.count(at.choice, |begun| &mut begun.images);
                    let change = Change {
                        images: Some([image]),
                        ..Change::default()
                    };
                    self.pen.tell(at.choice, change, out);
                }
                Is::Nothing
            }
            Opening::Call {
                id,
                name,
                custom,
                seal,
            } => {
                let index = calls(&self.parts);
                let (function, free) = if custom {
                    let name = Some(&*name);
                    (None, Some(Custom { name, input: "" }))
                } else {
                    let name = Some(&*name);
                    let arguments = "";
                    (Some(Function { name, arguments }), None)
                };
                let change = CallChange {
                    index,
                    id: Some(&id),
                    kind: Some(if custom { "custom" } else { "function" }),
                    function,
                    custom: free,
                    extra_content: seal.as_ref().map(Extra::of),
                };
                self.pen.call(at.choice, change, out);
                if custom {
                    Is::Custom(index)
                } else {
                    Is::Call(index)
                }
            }
        };
        self.parts.push(Part {
            at,
            is,
            said: false,
        });
    }

    fn more(&mut self, at: Place, text: &str, out: &mut Vec<u8>) {
        let Some(part) = self.parts.iter_mut().rfind(|part| part.at == at) else {
            return;
        };
        part.said = true;
        let mut change = Change::default();
        match &part.is {
            Is::Text => change.content = Some(text),
            Is::Thought(_) => change.reasoning_content = Some(text),
            Is::Refusal => change.refusal = Some(text),
            Is::Call(index) => {
                let index = *index;
                return self.pen.arguments(at.choice, index, text, out);
            }
            Is::Custom(index) => {
                let more = CallChange {
                    index: *index,
                    custom: Some(Custom {
                        name: None,
                        input: text,
                    }),
                    ..CallChange::default()
                };
                return self.pen.call(at.choice, more, out);
            }
            Is::Nothing => return,
        }
        self.pen.tell(at.choice, change, out);
    }

    fn close(&mut self, at: Place, out: &mut Vec<u8>) {
        let Some(found) = self.parts.iter().rposition(|part| part.at == at) else {
            return;
        };
        let Some(part) = self.parts.get(found) else {
            return;
        };
        match part.is {
            // What calls and refusals there were is still asked.
            Is::Call(index) => {
                if !part.said {
                    // No arguments are an empty object, which clients parse.
                    self.pen.arguments(at.choice, index, "{}", out);
                }
            }
            Is::Custom(_) | Is::Refusal => {}
            _ => drop(self.parts.swap_remove(found)),
        }
    }

    fn end(&self, out: &mut Vec<u8>) {
        if self.pen.usage {
            let usage = Some(self.usage.unwrap_or_default().into());
            self.pen.emit(&[], Some(usage), out);
        }
        sse::frame(None, b"[DONE]", out);
    }
}

// === impl Is ===

impl Is {
    const fn refusal(&self) -> bool {
        matches!(self, Self::Refusal)
    }
}
