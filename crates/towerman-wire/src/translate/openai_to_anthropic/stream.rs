//! A stream of an OpenAI provider, for an Anthropic client.

use std::borrow::Cow;

use serde::Deserialize;
use towerman_core::{Dialect, Fault};

use super::{
    blocks::{Blocks, Broken, Key},
    response::said,
};
use crate::{
    fault,
    translate::{
        anthropic::{Event, Message, Stop},
        fields::{Raw, Said},
        finish,
        stream::emit,
        trouble, usage,
    },
    usage::Tokens,
};

#[derive(Debug, Deserialize)]
struct Chunk<'a> {
    #[serde(default)]
    id: Option<Cow<'a, str>>,
    #[serde(default)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow, default)]
    usage: Option<Raw<'a>>,
    /// Where one clone tells usage, also to those who did not ask.
    #[serde(borrow, default)]
    x_groq: Option<Aside<'a>>,
    #[serde(borrow, default)]
    error: Option<Raw<'a>>,
}

#[derive(Debug, Deserialize)]
struct Aside<'a> {
    #[serde(borrow, default)]
    usage: Option<Raw<'a>>,
}

#[derive(Debug, Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    index: u32,
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
    #[serde(default)]
    finish_reason: Option<Cow<'a, str>>,
    /// The sequence that was met; some clones say it.
    #[serde(borrow, default)]
    stop_reason: Option<Raw<'a>>,
}

#[derive(Debug, Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default)]
    content: Option<Raw<'a>>,
    #[serde(borrow, default)]
    reasoning_content: Option<Raw<'a>>,
    #[serde(borrow, default)]
    reasoning: Option<Raw<'a>>,
    #[serde(borrow, default)]
    refusal: Option<Raw<'a>>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<CallDelta<'a>>>,
}

#[derive(Debug, Deserialize)]
struct CallDelta<'a> {
    #[serde(default)]
    index: Option<u64>,
    #[serde(default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    function: FunctionDelta<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct FunctionDelta<'a> {
    #[serde(default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    arguments: Option<Raw<'a>>,
}

/// The state of one stream.
#[derive(Debug)]
pub(in crate::translate) struct Events {
    reader: trouble::Reader,
    begun: bool,
    over: bool,
    blocks: Blocks,
    tokens: Tokens,
    finish_reason: Option<String>,
    stop_sequence: Option<String>,
    refused: bool,
}

// === impl Events ===

impl Events {
    pub(in crate::translate) fn new() -> Self {
        Self {
            reader: trouble::Reader::default(),
            begun: false,
            over: false,
            blocks: Blocks::default(),
            tokens: Tokens::default(),
            finish_reason: None,
            stop_sequence: None,
            refused: false,
        }
    }

    pub(in crate::translate) fn take(&mut self, data: &[u8], out: &mut Vec<u8>) {
        let data = data.trim_ascii();
        if self.over || data.is_empty() {
            return;
        }
        let done = if data.starts_with(b"[DONE]") {
            self.done(out)
        } else {
            self.chunk(data, out)
        };
        if let Err(fault) = done {
            self.fail(&fault, out);
        }
    }

    /// Ends the stream with an error, unless it has ended.
    pub(in crate::translate) fn fail(&mut self, fault: &Fault, out: &mut Vec<u8>) {
        if !self.over {
            self.over = true;
            out.extend_from_slice(&fault::event(Dialect::Anthropic, fault, None));
        }
    }

    /// The bytes are over. Clones that send no `[DONE]` have proved with a finish reason that they
    /// were done; without one the answer is torn, and stays so.
    pub(in crate::translate) fn end(&mut self, out: &mut Vec<u8>) {
        if !self.over
            && self.finish_reason.is_some()
            && let Err(fault) = self.done(out)
        {
            self.fail(&fault, out);
        }
    }

    fn chunk(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        let Some(chunk) = self.reader.read::<Chunk<'_>>(data)? else {
            return Ok(());
        };
        if let Some(error) = chunk.error {
            return Err(trouble::read(error));
        }
        let usage = chunk.usage.or(chunk.x_groq.and_then(|aside| aside.usage));
        usage::report(&mut self.tokens, usage, Tokens::openai);
        // Nobody can ask for more than one answer here.
        let mut choices = chunk.choices.unwrap_or_default();
        choices.retain(|choice| choice.index == 0);
        for choice in choices {
            if !self.begun {
                self.begin(chunk.id.as_deref(), chunk.model.as_deref(), out);
            }
            self.choice(choice, out)?;
        }
        Ok(())
    }

    fn usage(&self) -> usage::Anthropic {
        let usage = self.tokens.usage(Dialect::OpenAiChat);
        usage.unwrap_or_default().into()
    }

    fn begin(&mut self, id: Option<&str>, model: Option<&str>, out: &mut Vec<u8>) {
        self.begun = true;
        let event = Event::MessageStart {
            message: Message {
                id: id.unwrap_or_default(),
                kind: "message",
                role: "assistant",
                model: model.unwrap_or_default(),
                content: Vec::new(),
                stop_reason: None,
                stop_sequence: None,
                usage: self.usage(),
            },
        };
        emit(Some(event.name()), &event, out);
    }

    fn choice(&mut self, choice: Choice<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
        if let Some(delta) = choice.delta {
            self.delta(delta, out)?;
        }
        // One clone spells null as a string.
        let reason = choice
            .finish_reason
            .filter(|reason| !matches!(&**reason, "" | "null"));
        if let Some(reason) = reason {
            if finish::is_failure(&reason) {
                return Err(trouble::nonsense());
            }
            self.finish_reason = Some(reason.into_owned());
        }
        if let Some(met) = choice.stop_reason {
            let met: Option<Said<'_>> = serde_json::from_str(met.get()).ok();
            self.stop_sequence = met.map(|said| said.0.into_owned());
        }
        Ok(())
    }

    fn delta(&mut self, delta: Delta<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
        let reasoning = delta.reasoning_content.or(delta.reasoning);
        for (key, raw) in [(Key::Thinking, reasoning), (Key::Text, delta.content)] {
            if let Some(raw) = raw {
                self.text(key, raw, out)?;
            }
        }
        if let Some(refusal) = delta.refusal {
            self.refused |= self.text(Key::Text, refusal, out)?;
        }
        for call in delta.tool_calls.unwrap_or_default() {
            let FunctionDelta { name, arguments } = call.function;
            let id = call.id.as_deref().unwrap_or_default();
            let name = name.as_deref().unwrap_or_default();
            let key = self.blocks.call(call.index, id, name);
            let fragment = match arguments {
                None => Cow::Borrowed(""),
                Some(raw) if raw.get().starts_with('"') => said(raw)?,
                // Some clones send the object itself.
                Some(raw) => Cow::Borrowed(raw.get()),
            };
            self.blocks.write(key, &fragment, out).map_err(broken)?;
        }
        Ok(())
    }

    /// Takes a text in; says whether there was any.
    fn text(&mut self, key: Key, raw: Raw<'_>, out: &mut Vec<u8>) -> Result<bool, Fault> {
        let text = said(raw)?;
        if text.is_empty() {
            return Ok(false);
        }
        self.blocks.write(key, &text, out).map_err(broken)?;
        Ok(true)
    }

    fn done(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        if !self.begun {
            return Err(trouble::nonsense());
        }
        self.blocks.finish(out).map_err(broken)?;
        let reason = self.finish_reason.as_deref().unwrap_or_default();
        let called = self.blocks.called();
        let stop_sequence = self.stop_sequence.as_deref();
        let stop_sequence = stop_sequence.filter(|_| reason == "stop" && !called && !self.refused);
        let stop_reason = match stop_sequence {
            _ if self.refused => "refusal",
            Some(_) => "stop_sequence",
            None => finish::to_anthropic(reason, called),
        };
        let event = Event::MessageDelta {
            delta: Stop {
                stop_reason,
                stop_sequence,
            },
            usage: self.usage(),
        };
        emit(Some(event.name()), &event, out);
        let event = Event::MessageStop {};
        emit(Some(event.name()), &event, out);
        self.over = true;
        Ok(())
    }
}

fn broken(_: Broken) -> Fault {
    trouble::nonsense()
}
