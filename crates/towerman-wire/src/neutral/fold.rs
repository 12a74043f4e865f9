//! Whole answers as streams, and streams as whole answers.

use std::mem;

use towerman_core::Fault;

use super::{Answer, Call, Choice, Delta, Input, Kind, Opening, Part, Place, Text, Thought};

/// Says a whole answer as a stream would have.
pub(crate) fn unfold(answer: Answer<'_>, say: &mut dyn FnMut(Delta<'_>)) {
    say(Delta::Begin {
        id: answer.id,
        model: answer.model,
        created: answer.created,
    });
    for (choice, one) in (0..).zip(answer.choices) {
        for (part, said) in (0..).zip(one.parts) {
            unfold_part(said, Place { choice, part }, say);
        }
        if let Some(raw) = one.logprobs {
            say(Delta::Logprobs { choice, raw });
        }
        say(Delta::Finish {
            choice,
            finish: one.finish,
            sequence: one.sequence,
            explanation: one.explanation,
        });
    }
    if let Some(usage) = answer.usage {
        say(Delta::Usage(usage));
    }
    say(Delta::End);
}

fn unfold_part(part: Part<'_>, at: Place, say: &mut dyn FnMut(Delta<'_>)) {
    let (what, text, seal, cites) = match part.kind {
        Kind::Text { text, cites } => (Opening::Text, Some(text.say()), None, cites),
        Kind::Refusal(text) => (Opening::Refusal, Some(text.say()), None, Vec::new()),
        Kind::Media(media) => (Opening::Media(media), None, None, Vec::new()),
        Kind::Thought(Thought {
            text,
            summary,
            id,
            seal,
        }) => {
            let what = Opening::Thought { summary, id };
            (what, text.map(Text::say), seal, Vec::new())
        }
        Kind::Call(Call {
            id,
            name,
            input,
            custom,
            seal,
        }) => {
            let text = match input {
                Input::Spelt(text) => text,
                Input::Object(raw) => raw.get().to_owned().into(),
            };
            let name = name.say();
            let what = Opening::Call {
                id,
                name,
                custom,
                seal,
            };
            (what, Some(text), None, Vec::new())
        }
        // No dialect's answer can say these to another's client.
        Kind::Result(_) | Kind::Foreign { .. } => return,
    };
    say(Delta::Open { at, what });
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        say(Delta::More { at, text });
    }
    for cite in cites {
        say(Delta::Cite { at, cite });
    }
    if let Some(seal) = seal {
        say(Delta::Seal { at, seal });
    }
    say(Delta::Close { at });
}

/// Puts a stream together.
#[derive(Debug, Default)]
pub(crate) struct Fold {
    answer: Answer<'static>,
    /// Per choice, the parts that are open, by the provider's number.
    numbers: Vec<Vec<u32>>,
    failed: Option<Fault>,
    ended: bool,
}

impl Fold {
    pub(crate) fn take(&mut self, delta: Delta<'_>) {
        match delta {
            Delta::Begin { id, model, created } => {
                self.answer.id = id.into_owned().into();
                self.answer.model = model.into_owned().into();
                self.answer.created = created;
            }
            Delta::Open { at, what } => {
                let kind = opened(what.into_owned());
                let (choice, numbers) = self.choice(at.choice);
                choice.parts.push(Part::of(kind));
                numbers.push(at.part);
            }
            Delta::More { at, text } => match self.part(at) {
                Some(
                    Kind::Text { text: said, .. }
                    | Kind::Refusal(said)
                    | Kind::Thought(Thought {
                        text: Some(said), ..
                    }),
                ) => {
                    if let Text::Said(said) = said {
                        said.to_mut().push_str(&text);
                    }
                }
                Some(Kind::Call(Call {
                    input: Input::Spelt(said),
                    ..
                })) => said.to_mut().push_str(&text),
                _ => {}
            },
            Delta::Seal { at, seal } => match self.part(at) {
                Some(Kind::Thought(thought)) => thought.seal = Some(seal.into_owned()),
                Some(Kind::Call(call)) => call.seal = Some(seal.into_owned()),
                _ => {}
            },
            Delta::Cite { at, cite } => {
                if let Some(Kind::Text { cites, .. }) = self.part(at) {
                    cites.push(cite.into_owned());
                }
            }
            Delta::Finish {
                choice,
                finish,
                sequence,
                explanation,
            } => {
                let (choice, _) = self.choice(choice);
                choice.finish = finish;
                choice.sequence = sequence.map(|text| text.into_owned().into());
                choice.explanation = explanation.map(|text| text.into_owned().into());
            }
            Delta::Usage(usage) => self.answer.usage = Some(usage),
            Delta::Fail(fault) => self.failed = Some(fault),
            Delta::End => self.ended = true,
            Delta::Close { .. } | Delta::Logprobs { .. } | Delta::Ping => {}
        }
    }

    /// The answer, if it came to its end; the fault, if it says that it failed.
    pub(crate) fn finish(&mut self) -> Option<Result<Answer<'static>, Fault>> {
        if let Some(fault) = self.failed.take() {
            return Some(Err(fault));
        }
        self.ended.then(|| Ok(mem::take(&mut self.answer)))
    }

    fn choice(&mut self, number: u32) -> (&mut Choice<'static>, &mut Vec<u32>) {
        // Decoders number choices from 0, and no answer has many.
        let number = usize::try_from(number).unwrap_or_default().min(127);
        while self.answer.choices.len() <= number {
            self.answer.choices.push(Choice::default());
            self.numbers.push(Vec::new());
        }
        (&mut self.answer.choices[number], &mut self.numbers[number])
    }

    fn part(&mut self, at: Place) -> Option<&mut Kind<'static>> {
        let (choice, numbers) = self.choice(at.choice);
        let found = numbers.iter().rposition(|number| *number == at.part)?;
        Some(&mut choice.parts[found].kind)
    }
}

/// An empty part of this kind.
fn opened(what: Opening<'static>) -> Kind<'static> {
    let nothing = || Text::Said("".into());
    match what {
        Opening::Text => Kind::Text {
            text: nothing(),
            cites: Vec::new(),
        },
        Opening::Refusal => Kind::Refusal(nothing()),
        Opening::Thought { summary, id } => Kind::Thought(Thought {
            text: Some(nothing()),
            summary,
            id,
            seal: None,
        }),
        Opening::Call {
            id,
            name,
            custom,
            seal,
        } => Kind::Call(Call {
            id,
            name: Text::Said(name),
            input: Input::Spelt("".into()),
            custom,
            seal,
        }),
        Opening::Media(media) => Kind::Media(media),
    }
}
