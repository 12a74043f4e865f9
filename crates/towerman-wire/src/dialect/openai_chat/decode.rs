//! A provider's stream.

use std::{borrow::Cow, mem};

use serde::Deserialize;
use towerman_core::{Dialect, Finish};

use super::{
    answer::{Detail, Extra, Piece, cite, finish, fragment, is_failure, pieces},
    calls::Calls,
};
use crate::{
    dialect::{Decode, Unreadable},
    framing::Event,
    neutral::{Delta, Opening, Place, Raw, fields::Said, made_up},
    translate::trouble,
    usage::Tokens,
};

/// More choices than anybody asks for.
const CHOICES: u32 = 128;

#[derive(Debug, Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    model: Option<Cow<'a, str>>,
    #[serde(default)]
    created: Option<u64>,
    #[serde(borrow, default)]
    choices: Option<Vec<Chosen<'a>>>,
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
struct Chosen<'a> {
    #[serde(default)]
    index: u32,
    #[serde(borrow, default)]
    delta: Option<Change<'a>>,
    #[serde(borrow, default)]
    finish_reason: Option<Cow<'a, str>>,
    /// The sequence that was met; some clones say it.
    #[serde(borrow, default)]
    stop_reason: Option<Raw<'a>>,
    #[serde(borrow, default)]
    logprobs: Option<Raw<'a>>,
}

#[derive(Debug, Deserialize)]
struct Change<'a> {
    #[serde(borrow, default)]
    content: Option<Raw<'a>>,
    #[serde(borrow, default)]
    reasoning_content: Option<Raw<'a>>,
    #[serde(borrow, default)]
    reasoning: Option<Raw<'a>>,
    #[serde(borrow, default)]
    reasoning_details: Option<Vec<Detail<'a>>>,
    #[serde(borrow, default)]
    refusal: Option<Raw<'a>>,
    #[serde(borrow, default)]
    annotations: Option<Vec<Raw<'a>>>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<CallChange<'a>>>,
}

#[derive(Debug, Deserialize)]
struct CallChange<'a> {
    #[serde(default)]
    index: Option<u64>,
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    function: Option<FunctionChange<'a>>,
    #[serde(borrow, default)]
    custom: Option<FunctionChange<'a>>,
    #[serde(borrow, default)]
    extra_content: Option<Extra<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct FunctionChange<'a> {
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    arguments: Option<Raw<'a>>,
    #[serde(borrow, default)]
    input: Option<Raw<'a>>,
}

/// The state of one stream.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    begun: bool,
    over: bool,
    id: String,
    tokens: Tokens,
    choices: Vec<State>,
}

/// The state of one choice.
#[derive(Debug, Default)]
struct State {
    number: u32,
    /// Parts opened so far.
    parts: u32,
    text: Option<u32>,
    thought: Option<u32>,
    refusal: Option<u32>,
    calls: Calls,
    /// Why it stopped, in the provider's word.
    reason: Option<String>,
    sequence: Option<String>,
}

type Say<'s> = &'s mut dyn FnMut(Delta<'_>);

impl Decode for Decoder {
    fn event(&mut self, event: Event<'_>, say: Say<'_>) -> Result<(), Unreadable> {
        let data = event.data.trim_ascii();
        if self.over || data.is_empty() {
            return Ok(());
        }
        if data.starts_with(b"[DONE]") {
            self.done(say);
            return Ok(());
        }
        let chunk: Chunk<'_> = serde_json::from_slice(data).map_err(|_| Unreadable)?;
        if let Some(error) = chunk.error {
            self.over = true;
            say(Delta::Fail(trouble::read(error)));
            return Ok(());
        }
        self.chunk(chunk, say);
        Ok(())
    }

    /// Clones that send no `[DONE]` have proved with a finish reason that they were done; without
    /// one the answer is torn, and stays so.
    fn end(&mut self, say: Say<'_>) {
        let stopped = !self.choices.is_empty() && self.choices.iter().all(|c| c.reason.is_some());
        if !self.over && stopped {
            self.done(say);
        }
    }
}

impl Decoder {
    fn chunk(&mut self, chunk: Chunk<'_>, say: Say<'_>) {
        let usage = chunk.usage.or(chunk.x_groq.and_then(|aside| aside.usage));
        self.tokens.report(usage, Tokens::openai);
        // One host begins with a chunk that says nothing, not even who answers.
        for chosen in chunk.choices.unwrap_or_default() {
            if !self.begun {
                self.begun = true;
                let id = chunk.id.as_deref().unwrap_or_default();
                id.clone_into(&mut self.id);
                say(Delta::Begin {
                    id: Cow::Borrowed(id),
                    model: chunk.model.as_deref().unwrap_or_default().into(),
                    created: chunk.created,
                });
            }
            if self.choice(chosen, say).is_none() {
                self.over = true;
                say(Delta::Fail(trouble::nonsense()));
                return;
            }
        }
    }

    /// Nothing if it makes no sense.
    fn choice(&mut self, chosen: Chosen<'_>, say: Say<'_>) -> Option<()> {
        if chosen.index >= CHOICES {
            return None;
        }
        let found = self.choices.iter().position(|c| c.number == chosen.index);
        let found = found.unwrap_or_else(|| {
            self.choices.push(State {
                number: chosen.index,
                ..State::default()
            });
            self.choices.len() - 1
        });
        let state = self.choices.get_mut(found)?;
        if let Some(delta) = chosen.delta {
            state.change(delta, &self.id, say)?;
        }
        if let Some(raw) = chosen.logprobs.filter(|raw| raw.get() != "null") {
            say(Delta::Logprobs {
                choice: state.number,
                raw,
            });
        }
        // One clone spells null as a string.
        let reason = chosen
            .finish_reason
            .filter(|reason| !matches!(&**reason, "" | "null"));
        if let Some(reason) = reason {
            if is_failure(&reason) {
                return None;
            }
            state.reason = Some(reason.into_owned());
        }
        if let Some(met) = chosen.stop_reason {
            let met: Option<Said<'_>> = serde_json::from_str(met.get()).ok();
            state.sequence = met.map(|said| said.0.into_owned());
        }
        Some(())
    }

    fn done(&mut self, say: Say<'_>) {
        self.over = true;
        if !self.begun {
            return say(Delta::Fail(trouble::nonsense()));
        }
        for state in &mut self.choices {
            if !state.finish(say) {
                return say(Delta::Fail(trouble::nonsense()));
            }
        }
        if let Some(usage) = self.tokens.usage(Dialect::OpenAiChat) {
            say(Delta::Usage(usage));
        }
        say(Delta::End);
    }
}

impl State {
    fn change(&mut self, change: Change<'_>, answer: &str, say: Say<'_>) -> Option<()> {
        let reasoning = change.reasoning_content.or(change.reasoning);
        if let Some(said) = reasoning.and_then(|raw| fragment(raw).filter(|_| is_text(raw))) {
            self.think(said, say);
        }
        for detail in change.reasoning_details.unwrap_or_default() {
            if let Some(seal) = detail.seal() {
                let at = self.open(|state| &mut state.thought, thought, say);
                say(Delta::Seal { at, seal });
            }
        }
        if let Some(content) = change.content {
            self.content(content, say)?;
        }
        if let Some(said) = change.refusal.and_then(fragment) {
            self.more(|state| &mut state.refusal, || Opening::Refusal, said, say);
        }
        for raw in change.annotations.unwrap_or_default() {
            if let (Some(cite), Some(part)) = (cite(raw), self.text) {
                let at = self.at(part);
                say(Delta::Cite { at, cite });
            }
        }
        for call in change.tool_calls.unwrap_or_default() {
            self.call(call, answer, say)?;
        }
        Some(())
    }

    /// A string; some hosts send parts, thoughts among them.
    fn content(&mut self, content: Raw<'_>, say: Say<'_>) -> Option<()> {
        if content.get() == "null" {
            return Some(());
        }
        if is_text(content) {
            let said = fragment(content)?;
            self.more(|state| &mut state.text, || Opening::Text, said, say);
            return Some(());
        }
        for piece in pieces(content).ok()? {
            match piece {
                Piece::Thought(said) => self.think(said, say),
                Piece::Text(said) => {
                    self.more(|state| &mut state.text, || Opening::Text, said, say);
                }
            }
        }
        Some(())
    }

    fn think(&mut self, said: Cow<'_, str>, say: Say<'_>) {
        self.more(|state| &mut state.thought, thought, said, say);
    }

    fn more(
        &mut self,
        slot: fn(&mut Self) -> &mut Option<u32>,
        what: fn() -> Opening<'static>,
        text: Cow<'_, str>,
        say: Say<'_>,
    ) {
        if !text.is_empty() {
            let at = self.open(slot, what, say);
            say(Delta::More { at, text });
        }
    }

    /// The open part of a kind, which opens if there is none.
    fn open(
        &mut self,
        slot: fn(&mut Self) -> &mut Option<u32>,
        what: fn() -> Opening<'static>,
        say: Say<'_>,
    ) -> Place {
        if let Some(part) = *slot(self) {
            return self.at(part);
        }
        let at = self.next();
        *slot(self) = Some(at.part);
        say(Delta::Open { at, what: what() });
        at
    }

    fn next(&mut self) -> Place {
        self.parts += 1;
        self.at(self.parts - 1)
    }

    const fn at(&self, part: u32) -> Place {
        Place {
            choice: self.number,
            part,
        }
    }

    fn call(&mut self, call: CallChange<'_>, answer: &str, say: Say<'_>) -> Option<()> {
        let custom = call.custom.is_some();
        let function = call.function.or(call.custom).unwrap_or_default();
        let id = call.id.as_deref().unwrap_or_default();
        let name = function.name.as_deref().unwrap_or_default();
        let n = self.calls.find(call.index, id, name)?;
        let raw = function.arguments.or(function.input);
        let piece = match raw {
            None => Cow::Borrowed(""),
            Some(raw) => fragment(raw)?,
        };
        let part = match self.calls.part(n) {
            Some(part) => part,
            None => {
                let at = self.next();
                self.calls.opened(n, at.part);
                let id = if id.is_empty() {
                    Cow::Owned(made_up(answer, n, name))
                } else {
                    Cow::Borrowed(id)
                };
                let name = Cow::Borrowed(name);
                say(Delta::Open {
                    at,
                    what: Opening::Call { id, name, custom },
                });
                at.part
            }
        };
        let at = self.at(part);
        if !piece.is_empty() {
            if !custom {
                self.calls.follow(n, &piece);
            }
            say(Delta::More { at, text: piece });
        }
        if let Some(seal) = call.extra_content.and_then(Extra::seal) {
            say(Delta::Seal { at, seal });
        }
        Some(())
    }

    /// Closes what is open, and says why it stopped. False if a call makes no sense.
    fn finish(&mut self, say: Say<'_>) -> bool {
        let reason = self.reason.take().unwrap_or_default();
        let refused = self.refusal.is_some();
        let called = self.calls.any();
        let finish = finish(&reason, called, refused);
        // A call that ran into the limit is none, and was told as far as it came.
        if finish != Finish::Length && !self.calls.whole() {
            return false;
        }
        for part in 0..mem::take(&mut self.parts) {
            let at = self.at(part);
            say(Delta::Close { at });
        }
        let sequence = self.sequence.take();
        say(Delta::Finish {
            choice: self.number,
            finish,
            sequence: sequence
                .filter(|_| reason == "stop" && !called && !refused)
                .map(Cow::Owned),
            explanation: None,
        });
        true
    }
}

fn is_text(raw: Raw<'_>) -> bool {
    raw.get().starts_with('"')
}

const fn thought() -> Opening<'static> {
    Opening::Thought {
        summary: false,
        id: None,
    }
}
