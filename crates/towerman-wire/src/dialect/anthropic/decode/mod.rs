//! Streams of an Anthropic provider. State is that of the block at hand.

mod ending;

use std::borrow::Cow;

use towerman_core::{Dialect, Fault};

use self::ending::Ending;
use super::{
    cite,
    said::{Block, Change, Event, Message, cites, seal, some, text},
    usage,
};
use crate::{
    dialect::{Decode, Unreadable},
    framing,
    neutral::{Delta, Opening, Place, Raw, Sealed, fields::compact, made_up},
    translate::trouble,
    usage::Tokens,
};

/// The block that is open.
#[derive(Debug, Default)]
enum Open {
    /// None, or one that says nothing to a client.
    #[default]
    Nothing,
    Text,
    Thought,
    /// A call, and its input as long as none of it was told.
    Call {
        untold: Option<String>,
    },
}

#[derive(Debug, Default)]
pub(super) struct Decoder {
    begun: bool,
    over: bool,
    id: String,
    open: Open,
    /// How many parts have begun.
    parts: u32,
    tokens: Tokens,
    ending: Ending,
}

type Say<'a> = dyn FnMut(Delta<'_>) + 'a;

impl Decode for Decoder {
    fn event(
        &mut self,
        event: framing::Event<'_>,
        say: &mut dyn FnMut(Delta<'_>),
    ) -> Result<(), Unreadable> {
        if self.over {
            return Ok(());
        }
        let read: Event<'_> = serde_json::from_slice(event.data).map_err(|_| Unreadable)?;
        let name = event.name.and_then(|name| std::str::from_utf8(name).ok());
        let kind = match (&read.kind, name, &read.error) {
            _ if event.exception => "error".into(),
            (Some(kind), _, _) => kind.clone(),
            (None, Some(name), _) => name.to_owned().into(),
            (None, None, Some(_)) => "error".into(),
            (None, None, None) => return Err(Unreadable),
        };
        if let Err(fault) = self.take(&kind, read, say) {
            self.over = true;
            say(Delta::Fail(fault));
        }
        Ok(())
    }

    /// `message_stop` alone proves that an answer is complete.
    fn end(&mut self, _: &mut dyn FnMut(Delta<'_>)) {}
}

impl Decoder {
    fn take(&mut self, kind: &str, event: Event<'_>, say: &mut Say<'_>) -> Result<(), Fault> {
        match kind {
            "error" => return Err(event.error.map_or_else(trouble::nonsense, trouble::read)),
            "ping" => say(Delta::Ping),
            // It begins anew: what was told of the answer is not true.
            "message_start" if self.parts > 0 => return Err(trouble::nonsense()),
            "message_start" => self.start(event.message, say),
            // Nothing may come before the start, and nothing unknown is an error.
            _ if !self.begun => {}
            "content_block_start" => {
                let block = event.content_block.ok_or_else(trouble::nonsense)?;
                self.open(&block, say)?;
            }
            "content_block_delta" => {
                let change = event.delta.ok_or_else(trouble::nonsense)?;
                self.change(change, say);
            }
            "content_block_stop" => self.close(say),
            "message_delta" => {
                if let Some(change) = event.delta {
                    self.ending.take(change);
                }
                self.count(event.usage, say);
            }
            "message_stop" => self.stop(say),
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, message: Option<Message<'_>>, say: &mut Say<'_>) {
        if self.begun {
            return;
        }
        self.begun = true;
        let (mut id, mut model, mut reported) = (Cow::default(), Cow::default(), None);
        if let Some(message) = message {
            id = some(message.id).unwrap_or_default();
            model = some(message.model).unwrap_or_default();
            reported = message.usage;
        }
        self.id = id.clone().into_owned();
        say(Delta::Begin {
            id,
            model,
            created: None,
        });
        self.count(reported, say);
    }

    fn open(&mut self, block: &Block<'_>, say: &mut Say<'_>) -> Result<(), Fault> {
        self.close(say);
        match &*block.kind {
            "text" => {
                self.begin(Open::Text, Opening::Text, say);
                self.more(text(block.text), say);
                for cite in cites(block.citations) {
                    let at = self.at();
                    say(Delta::Cite { at, cite });
                }
            }
            "thinking" | "redacted_thinking" => {
                let what = Opening::Thought {
                    summary: false,
                    id: None,
                };
                self.begin(Open::Thought, what, say);
                self.more(text(block.thinking), say);
                let signature = seal(Sealed::Signature, text(block.signature));
                let seal = signature.or(seal(Sealed::Encrypted, text(block.data)));
                if let Some(seal) = seal {
                    let at = self.at();
                    say(Delta::Seal { at, seal });
                }
            }
            "tool_use" => {
                let name = text(block.name).ok_or_else(trouble::nonsense)?;
                let nth = usize::try_from(self.parts).unwrap_or_default();
                let id = text(block.id).unwrap_or_else(|| made_up(&self.id, nth, &name).into());
                let untold = block.input.map_or_else(|| "{}".to_owned(), compact);
                let open = Open::Call {
                    untold: Some(untold),
                };
                let what = Opening::Call {
                    id,
                    name,
                    custom: false,
                    seal: None,
                };
                self.begin(open, what, say);
            }
            // What the provider does by itself; its outcome is in the text.
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, open: Open, what: Opening<'_>, say: &mut Say<'_>) {
        self.open = open;
        self.parts += 1;
        let at = self.at();
        say(Delta::Open { at, what });
    }

    fn change(&mut self, change: Change<'_>, say: &mut Say<'_>) {
        let at = self.at();
        match &mut self.open {
            Open::Nothing => {}
            Open::Text => {
                self.more(change.text.map(|text| text.0), say);
                if let Some(raw) = change.citation {
                    let cite = cite::one(raw);
                    say(Delta::Cite { at, cite });
                }
            }
            Open::Thought => {
                self.more(change.thinking.map(|text| text.0), say);
                if let Some(seal) = seal(Sealed::Signature, some(change.signature)) {
                    say(Delta::Seal { at, seal });
                }
            }
            Open::Call { untold } => {
                if let Some(fragment) = some(change.partial_json) {
                    // What streams in takes the place of what the block began with.
                    *untold = None;
                    self.more(Some(fragment), say);
                }
            }
        }
    }

    fn close(&mut self, say: &mut Say<'_>) {
        let at = self.at();
        match std::mem::take(&mut self.open) {
            Open::Nothing => return,
            Open::Call {
                untold: Some(input),
            } => self.more(Some(input.into()), say),
            _ => {}
        }
        say(Delta::Close { at });
    }

    fn stop(&mut self, say: &mut Say<'_>) {
        self.close(say);
        say(self.ending.told());
        self.over = true;
        say(Delta::End);
    }

    fn count(&mut self, reported: Option<Raw<'_>>, say: &mut Say<'_>) {
        let before = self.tokens;
        usage::report(&mut self.tokens, reported);
        if self.tokens != before
            && let Some(usage) = self.tokens.usage(Dialect::Anthropic)
        {
            say(Delta::Usage(usage));
        }
    }

    fn more(&self, text: Option<Cow<'_, str>>, say: &mut Say<'_>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            let at = self.at();
            say(Delta::More { at, text });
        }
    }

    const fn at(&self) -> Place {
        Place {
            choice: 0,
            part: self.parts.saturating_sub(1),
        }
    }
}
