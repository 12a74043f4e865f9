//! A provider's stream.

use std::borrow::Cow;

use serde::Deserialize;
use towerman_core::{Fault, FaultKind, Finish};

use super::{
    cite,
    picture::Picture,
    said::{Block, ToolUse, finish, usage},
};
use crate::{
    dialect::{
        Decode, Say, Unreadable,
        parts::{Of, Parts, TooMany},
    },
    framing::Event,
    neutral::{Delta, Maker, Opening, Raw, Seal, Sealed, fields::Said, made_up},
    translate::trouble,
};

/// The state of one stream.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    begun: bool,
    over: bool,
    stopped: bool,
    parts: Parts,
    calls: usize,
    /// The image that is being said.
    picture: Option<Picture>,
}

/// An event's payload, of whatever kind.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Told<'a> {
    #[serde(rename = "contentBlockIndex")]
    index: u32,
    #[serde(borrow)]
    start: Option<Block<'a>>,
    #[serde(borrow)]
    delta: Option<Block<'a>>,
    #[serde(borrow, rename = "stopReason")]
    reason: Option<Said<'a>>,
    #[serde(borrow)]
    usage: Option<Raw<'a>>,
}

impl Decode for Decoder {
    fn event(&mut self, event: Event<'_>, say: Say<'_>) -> Result<(), Unreadable> {
        if self.over {
            return Ok(());
        }
        if event.exception {
            self.fail(exception(event.name.unwrap_or_default()), say);
            return Ok(());
        }
        let told: Told<'_> = serde_json::from_slice(event.data).map_err(|_| Unreadable)?;
        self.begin(say);
        let taken = match event.name {
            Some(b"contentBlockStart") => self.start(told.index, told.start, say),
            Some(b"contentBlockDelta") => self.more(told.index, told.delta, say),
            Some(b"contentBlockStop") => {
                for of in [Of::Text, Of::Thought, Of::Call] {
                    self.parts.end(of(told.index), say);
                }
                self.show(|picture| picture.index == told.index, say)
            }
            Some(b"messageStop") => {
                let shown = self.show(|_| true, say);
                self.stop(&told.reason.map(|reason| reason.0).unwrap_or_default(), say);
                shown
            }
            Some(b"metadata") => {
                if let Some(usage) = usage(told.usage) {
                    say(Delta::Usage(usage));
                }
                Ok(())
            }
            // Kinds that are not known say nothing.
            _ => Ok(()),
        };
        if taken.is_err() {
            self.fail(trouble::nonsense(), say);
        }
        Ok(())
    }

    /// Counts may follow the end, so the bytes' end is it.
    fn end(&mut self, say: Say<'_>) {
        if self.stopped && !self.over {
            self.over = true;
            say(Delta::End);
        }
    }
}

impl Decoder {
    fn begin(&mut self, say: Say<'_>) {
        if !self.begun {
            self.begun = true;
            say(Delta::Begin {
                id: Cow::Borrowed(""),
                model: Cow::Borrowed(""),
                created: None,
            });
        }
    }

    fn start(&mut self, index: u32, start: Option<Block<'_>>, say: Say<'_>) -> Result<(), TooMany> {
        let Some(start) = start.filter(|_| !self.stopped) else {
            return Ok(());
        };
        if let Some(image) = start.image {
            self.show(|_| true, say)?;
            self.picture = Picture::begin(index, &image);
        }
        let call = start.call.filter(|call| !call.is_hosted());
        let Some(call) = call.filter(|_| !self.parts.has(Of::Call(index))) else {
            return Ok(());
        };
        let ToolUse { id, name, .. } = call;
        let (id, name) = (id.map(|id| id.0), name.map(|name| name.0));
        let name = name.unwrap_or_default();
        let nth = self.calls;
        self.calls += 1;
        let id = id.filter(|id| !id.is_empty());
        let id = id.unwrap_or_else(|| made_up("", nth, &name).into());
        let what = Opening::Call {
            id,
            name,
            custom: false,
            seal: None,
        };
        self.parts.begin(Of::Call(index), what, say)
    }

    fn more(&mut self, index: u32, delta: Option<Block<'_>>, say: Say<'_>) -> Result<(), TooMany> {
        let Some(delta) = delta.filter(|_| !self.stopped) else {
            return Ok(());
        };
        if let Some(Said(text)) = delta.text {
            self.parts.more(Of::Text(index), text, say)?;
        }
        if let Some(raw) = delta.call.and_then(|call| call.input)
            && self.parts.has(Of::Call(index))
        {
            let Said(piece) = serde_json::from_str(raw.get()).map_err(|_| TooMany)?;
            self.parts.more(Of::Call(index), piece, say)?;
        }
        if let Some(thought) = delta.thought {
            if let Some(Said(text)) = thought.text {
                self.parts.more(Of::Thought(index), text, say)?;
            }
            if let Some(Said(data)) = thought.signature.filter(|data| !data.0.is_empty()) {
                let seal = Seal::read(Maker::Anthropic, Sealed::Signature, data);
                self.parts.seal(Of::Thought(index), seal, say)?;
            }
            if let Some(Said(data)) = thought.redacted.filter(|data| !data.0.is_empty()) {
                let seal = Seal::read(Maker::Anthropic, Sealed::Encrypted, data);
                self.parts.seal(Of::Thought(index), seal, say)?;
            }
        }
        let picture = self.picture.as_mut();
        if let Some(picture) = picture.filter(|picture| picture.index == index)
            && let Some(image) = delta.image
        {
            picture.more(image).map_err(|_| TooMany)?;
        }
        if let Some(cite) = delta.citation.and_then(cite::read) {
            self.parts.cite(Some(index), cite, say);
        }
        Ok(())
    }

    /// Says the image that is over, if it is this one.
    fn show(&mut self, over: impl Fn(&Picture) -> bool, say: Say<'_>) -> Result<(), TooMany> {
        let Some(picture) = self.picture.take_if(|picture| over(picture)) else {
            return Ok(());
        };
        let of = Of::Media(picture.index);
        if let Some(media) = picture.media() {
            self.parts.begin(of, Opening::Media(media), say)?;
            self.parts.end(of, say);
        }
        Ok(())
    }

    fn stop(&mut self, reason: &str, say: Say<'_>) {
        if self.stopped {
            return;
        }
        let finish = finish(reason.as_bytes());
        // A call that ran into the limit is none, and was told as far as it came.
        if !self.parts.finish(say) && finish != Finish::Length {
            return self.fail(trouble::nonsense(), say);
        }
        self.stopped = true;
        say(Delta::Finish {
            choice: 0,
            finish,
            sequence: None,
            explanation: None,
        });
    }

    fn fail(&mut self, fault: Fault, say: Say<'_>) {
        self.over = true;
        say(Delta::Fail(fault));
    }
}

/// What an exception amounts to. Its words stay here.
fn exception(name: &[u8]) -> Fault {
    match name {
        b"throttlingException" => Fault::new(
            FaultKind::RateLimited,
            "the provider's rate limit is reached",
        ),
        b"serviceUnavailableException" | b"modelNotReadyException" => {
            Fault::new(FaultKind::Unavailable, "the provider is overloaded")
        }
        b"validationException" => Fault::new(
            FaultKind::InvalidRequest,
            "the provider refused the request as invalid",
        ),
        b"modelTimeoutException" => {
            Fault::new(FaultKind::Timeout, "the provider did not finish in time")
        }
        _ => Fault::new(
            FaultKind::BadGateway,
            "the provider failed while it answered",
        ),
    }
}
