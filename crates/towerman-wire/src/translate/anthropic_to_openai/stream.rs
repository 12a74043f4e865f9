//! A stream of an Anthropic provider, for an OpenAI client.

use std::borrow::Cow;

use serde::Deserialize;
use towerman_core::{Dialect, Fault};

use super::said::{Block, Details};
use crate::{
    fault, sse,
    translate::{
        fields::{Raw, compact},
        finish,
        openai::{CallDelta, Chunk, ChunkChoice, Delta, FunctionDelta},
        stream::{Options, emit},
        trouble, usage,
    },
    usage::Tokens,
};

/// Any event: each type fills a few of these.
#[derive(Debug, Deserialize)]
struct Event<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    message: Option<Start<'a>>,
    #[serde(borrow, default)]
    content_block: Option<Block<'a>>,
    #[serde(borrow, default)]
    delta: Option<Change<'a>>,
    #[serde(borrow, default)]
    usage: Option<Raw<'a>>,
    #[serde(borrow, default)]
    error: Option<Raw<'a>>,
}

#[derive(Debug, Deserialize)]
struct Start<'a> {
    #[serde(default)]
    id: Option<Cow<'a, str>>,
    #[serde(default)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    usage: Option<Raw<'a>>,
}

#[derive(Debug, Deserialize)]
struct Change<'a> {
    #[serde(default)]
    text: Option<Cow<'a, str>>,
    #[serde(default)]
    thinking: Option<Cow<'a, str>>,
    #[serde(default)]
    partial_json: Option<Cow<'a, str>>,
    #[serde(default)]
    stop_reason: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    stop_details: Option<Details<'a>>,
}

/// The block that is open.
#[derive(Debug, Default)]
enum Open {
    /// None, or one of no interest to an OpenAI client.
    #[default]
    Nothing,
    Text,
    Thinking,
    /// A call, and its input as long as none of it was sent.
    Call {
        unsent: Option<String>,
    },
}

/// The state of one stream.
#[derive(Debug)]
pub(in crate::translate) struct Events {
    options: Options,
    reader: trouble::Reader,
    id: String,
    model: String,
    begun: bool,
    over: bool,
    open: Open,
    /// How many calls have begun.
    calls: usize,
    tokens: Tokens,
    stop_reason: Option<String>,
    refusal: Option<String>,
}

// === impl Events ===

impl Events {
    pub(in crate::translate) fn new(options: Options) -> Self {
        Self {
            options,
            reader: trouble::Reader::default(),
            id: String::new(),
            model: String::new(),
            begun: false,
            over: false,
            open: Open::Nothing,
            calls: 0,
            tokens: Tokens::default(),
            stop_reason: None,
            refusal: None,
        }
    }

    pub(in crate::translate) fn take(&mut self, data: &[u8], out: &mut Vec<u8>) {
        if self.over || data.trim_ascii().is_empty() {
            return;
        }
        let taken = match self.reader.read::<Event<'_>>(data) {
            Ok(Some(event)) => self.event(event, out),
            Ok(None) => Ok(()),
            Err(fault) => Err(fault),
        };
        if let Err(fault) = taken {
            self.fail(&fault, out);
        }
    }

    /// Ends the stream with an error, unless it has ended. No `[DONE]` follows: it is not done.
    pub(in crate::translate) fn fail(&mut self, fault: &Fault, out: &mut Vec<u8>) {
        if !self.over {
            self.over = true;
            out.extend_from_slice(&fault::event(Dialect::OpenAiChat, fault, None));
        }
    }

    fn event(&mut self, event: Event<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
        match &*event.kind {
            "error" => return Err(event.error.map_or_else(trouble::nonsense, trouble::read)),
            "message_start" => self.start(event.message, out),
            // Nothing may come before the start, and nothing unknown is an error.
            _ if !self.begun => {}
            "content_block_start" => {
                let block = event.content_block.ok_or_else(trouble::nonsense)?;
                self.open_block(block, out)?;
            }
            "content_block_delta" => {
                let change = event.delta.ok_or_else(trouble::nonsense)?;
                self.change(&change, out);
            }
            "content_block_stop" => self.close_block(out),
            "message_delta" => {
                usage::report(&mut self.tokens, event.usage, Tokens::anthropic);
                if let Some(change) = event.delta {
                    let said = change.stop_details.and_then(|details| details.explanation);
                    self.refusal = said.map(Cow::into_owned).or(self.refusal.take());
                    let reason = change.stop_reason.map(Cow::into_owned);
                    self.stop_reason = reason.or(self.stop_reason.take());
                }
            }
            "message_stop" => self.stop(out),
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, message: Option<Start<'_>>, out: &mut Vec<u8>) {
        if self.begun {
            return;
        }
        self.begun = true;
        if let Some(message) = message {
            self.id = message.id.map(Cow::into_owned).unwrap_or_default();
            self.model = message.model.map(Cow::into_owned).unwrap_or_default();
            usage::report(&mut self.tokens, message.usage, Tokens::anthropic);
        }
        let delta = Delta {
            role: Some("assistant"),
            content: Some(""),
            ..Delta::default()
        };
        self.chunk(delta, None, out);
    }

    fn open_block(&mut self, block: Block<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
        self.close_block(out);
        self.open = match &*block.kind {
            "text" => Open::Text,
            "thinking" => Open::Thinking,
            "tool_use" => {
                let (Some(id), Some(name)) = (block.id, block.name) else {
                    return Err(trouble::nonsense());
                };
                self.calls += 1;
                self.call(Some((&id, &name)), "", out);
                let unsent = block.input.map_or_else(|| "{}".to_owned(), compact);
                Open::Call {
                    unsent: Some(unsent),
                }
            }
            _ => Open::Nothing,
        };
        self.said(block.text.as_deref(), block.thinking.as_deref(), out);
        Ok(())
    }

    fn change(&mut self, change: &Change<'_>, out: &mut Vec<u8>) {
        self.said(change.text.as_deref(), change.thinking.as_deref(), out);
        if let Open::Call { unsent } = &mut self.open
            && let Some(fragment) = &change.partial_json
            && !fragment.is_empty()
        {
            // What streams in takes the place of what the block began with.
            *unsent = None;
            self.call(None, fragment, out);
        }
    }

    fn close_block(&mut self, out: &mut Vec<u8>) {
        if let Open::Call {
            unsent: Some(input),
        } = std::mem::take(&mut self.open)
        {
            self.call(None, &input, out);
        }
    }

    fn stop(&mut self, out: &mut Vec<u8>) {
        self.close_block(out);
        let reason = self.stop_reason.take().unwrap_or_default();
        if reason == "refusal"
            && let Some(refusal) = self.refusal.take()
        {
            let delta = Delta {
                refusal: Some(&refusal),
                ..Delta::default()
            };
            self.chunk(delta, None, out);
        }
        self.chunk(Delta::default(), Some(finish::to_openai(&reason)), out);
        if self.options.include_usage {
            let usage = self.tokens.usage(Dialect::Anthropic).unwrap_or_default();
            let chunk = Chunk {
                usage: Some(Some(usage.into())),
                ..self.frame(Vec::new())
            };
            emit(None, &chunk, out);
        }
        sse::frame(None, b"[DONE]", out);
        self.over = true;
    }

    fn said(&self, text: Option<&str>, thinking: Option<&str>, out: &mut Vec<u8>) {
        let delta = match self.open {
            Open::Text => Delta {
                content: text.filter(|text| !text.is_empty()),
                ..Delta::default()
            },
            Open::Thinking => Delta {
                reasoning_content: thinking.filter(|text| !text.is_empty()),
                ..Delta::default()
            },
            _ => return,
        };
        if delta.content.is_some() || delta.reasoning_content.is_some() {
            self.chunk(delta, None, out);
        }
    }

    /// Tells of the latest call.
    fn call(&self, begin: Option<(&str, &str)>, arguments: &str, out: &mut Vec<u8>) {
        let call = CallDelta {
            index: self.calls - 1,
            id: begin.map(|(id, _)| id),
            kind: begin.map(|_| "function"),
            function: FunctionDelta {
                name: begin.map(|(_, name)| name),
                arguments,
            },
        };
        let delta = Delta {
            tool_calls: Some([call]),
            ..Delta::default()
        };
        self.chunk(delta, None, out);
    }

    fn chunk(&self, delta: Delta<'_>, finish_reason: Option<&'static str>, out: &mut Vec<u8>) {
        let choice = ChunkChoice {
            index: 0,
            delta,
            logprobs: (),
            finish_reason,
        };
        emit(None, &self.frame(vec![choice]), out);
    }

    fn frame<'a>(&'a self, choices: Vec<ChunkChoice<'a>>) -> Chunk<'a> {
        Chunk {
            id: &self.id,
            object: "chat.completion.chunk",
            created: self.options.created,
            model: &self.model,
            choices,
            usage: self.options.include_usage.then_some(None),
        }
    }
}
