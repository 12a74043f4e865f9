//! Streams for Anthropic's clients.

mod events;

use std::borrow::Cow;

use towerman_core::{Finish, Usage};

use self::events::{Change, Event, emit};
use super::{
    answer::{is_redacted, stop},
    cite,
    finish::Heard,
    shape::{Message, Said, Stop},
};
use crate::{
    dialect::{Encode, empty_object},
    neutral::{Alphabet, Delta, Hearer, Maker, Opening, Seal, Text, fit},
};

/// The part that is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Open {
    /// None, or one that no block can say.
    #[default]
    Nothing,
    Text,
    /// A thought of which nothing is known yet: an encrypted one is a block of another type.
    Pending,
    Thinking,
    Redacted,
    Call,
}

#[derive(Debug)]
pub(super) struct Encoder {
    hearer: Hearer,
    begun: bool,
    open: Open,
    /// How many blocks have begun.
    blocks: u32,
    heard: Heard,
    usage: Usage,
    finish: Option<(Finish, Option<String>, Option<String>)>,
}

impl Encode for Encoder {
    fn delta(&mut self, delta: Delta<'_>, out: &mut Vec<u8>) {
        match delta {
            Delta::Begin { id, model, .. } => self.begin(&id, &model, out),
            Delta::Open { what, .. } => self.open(what, out),
            Delta::More { text, .. } => self.more(&text, out),
            Delta::Seal { seal, .. } => self.seal(&seal, out),
            Delta::Cite { cite, .. } => {
                if self.open == Open::Text
                    && let Some(citation) = cite::told(cite)
                {
                    self.change(Change::Citation { citation }, out);
                }
            }
            Delta::Close { .. } => self.close(out),
            Delta::Finish {
                finish,
                sequence,
                explanation,
                ..
            } => {
                let owned = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
                self.finish = Some((finish, owned(sequence), owned(explanation)));
            }
            Delta::Usage(usage) => self.usage = usage,
            // Nothing may come before the start.
            Delta::Ping if self.begun => emit(&Event::Ping {}, out),
            Delta::End => self.end(out),
            Delta::Ping | Delta::Logprobs { .. } | Delta::Fail(_) => {}
        }
    }
}

impl Encoder {
    pub(super) fn new(hearer: Hearer) -> Self {
        Self {
            hearer,
            begun: false,
            open: Open::Nothing,
            blocks: 0,
            heard: Heard::default(),
            usage: Usage::default(),
            finish: None,
        }
    }

    fn begin(&mut self, id: &str, model: &str, out: &mut Vec<u8>) {
        self.begun = true;
        let model = if model.is_empty() {
            &self.hearer.model
        } else {
            model
        };
        let message = Message {
            id,
            r#type: "message",
            role: "assistant",
            model,
            content: Vec::new(),
            stop: Stop::default(),
            usage: self.usage.into(),
        };
        emit(&Event::MessageStart { message }, out);
    }

    fn open(&mut self, what: Opening<'_>, out: &mut Vec<u8>) {
        match what {
            Opening::Text | Opening::Refusal => {
                self.heard.refused |= matches!(what, Opening::Refusal);
                let block = Said::Text {
                    text: nothing(),
                    citations: Vec::new(),
                };
                self.start(Open::Text, block, out);
            }
            Opening::Thought { .. } => self.open = Open::Pending,
            Opening::Call { id, name, .. } => {
                self.heard.called = true;
                let block = Said::ToolUse {
                    id: fit(id, Alphabet::Names),
                    name: Text::Said(name),
                    input: Cow::Owned(empty_object()),
                };
                self.start(Open::Call, block, out);
            }
            // There is no block of the model's that shows something.
            Opening::Media(_) => self.open = Open::Nothing,
        }
    }

    fn more(&mut self, text: &str, out: &mut Vec<u8>) {
        if matches!(self.open, Open::Pending | Open::Redacted) {
            self.think(out);
        }
        let change = match self.open {
            Open::Text => Change::Text { text },
            Open::Thinking => Change::Thinking { thinking: text },
            Open::Call => Change::InputJson { partial_json: text },
            Open::Nothing | Open::Pending | Open::Redacted => return,
        };
        self.change(change, out);
    }

    fn seal(&mut self, seal: &Seal<'_>, out: &mut Vec<u8>) {
        if !matches!(self.open, Open::Pending | Open::Thinking | Open::Redacted) {
            return;
        }
        let told = seal.told(Maker::Anthropic);
        if is_redacted(seal, self.open == Open::Thinking) {
            self.close(out);
            let data = Cow::Owned(told.into_owned());
            self.start(Open::Redacted, Said::RedactedThinking { data }, out);
            return;
        }
        if self.open != Open::Thinking {
            self.think(out);
        }
        self.change(Change::Signature { signature: &told }, out);
    }

    fn think(&mut self, out: &mut Vec<u8>) {
        self.close(out);
        let block = Said::Thinking {
            thinking: nothing(),
            signature: "".into(),
        };
        self.start(Open::Thinking, block, out);
    }

    fn start(&mut self, open: Open, content_block: Said<'_>, out: &mut Vec<u8>) {
        let index = self.blocks;
        self.blocks += 1;
        self.open = open;
        let start = Event::ContentBlockStart {
            index,
            content_block,
        };
        emit(&start, out);
    }

    fn change(&self, delta: Change<'_>, out: &mut Vec<u8>) {
        let index = self.index();
        emit(&Event::ContentBlockDelta { index, delta }, out);
    }

    /// A thought that never said anything was none.
    fn close(&mut self, out: &mut Vec<u8>) {
        let open = std::mem::take(&mut self.open);
        if !matches!(open, Open::Nothing | Open::Pending) {
            let index = self.index();
            emit(&Event::ContentBlockStop { index }, out);
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let (finish, sequence, explanation) =
            self.finish.take().unwrap_or((Finish::Other, None, None));
        let delta = stop(
            finish,
            self.heard,
            sequence.map(Cow::Owned),
            explanation.map(Cow::Owned),
        );
        let usage = self.usage.into();
        emit(&Event::MessageDelta { delta, usage }, out);
        emit(&Event::MessageStop {}, out);
    }

    /// The block that began last.
    const fn index(&self) -> u32 {
        self.blocks.saturating_sub(1)
    }
}

fn nothing() -> Text<'static> {
    Text::Said("".into())
}
