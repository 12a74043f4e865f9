//! What turns are made of.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use towerman_core::Fault;

use super::Writer;
use crate::{
    dialect::{
        bedrock_converse::{
            NOTHING_LIKE_IT,
            formats::{format, member},
        },
        node::{Node, Object},
    },
    neutral::{
        Alphabet, Call, Input, Kind, Maker, Mark, Media, Medium, Part, Sealed, Source, Text,
        Thought, ToolResult, fit, json,
    },
};

/// The longest name of a document.
const NAME: usize = 200;

impl Writer<'_> {
    /// Nothing if it says nothing.
    pub(super) fn block<'a>(
        &mut self,
        part: Part<'a>,
        role: &'static str,
    ) -> Result<Option<Node<'a>>, Fault> {
        let Part { kind, at, rest, .. } = part;
        rest.lose(&at, NOTHING_LIKE_IT, self.notes)?;
        let block = match kind {
            Kind::Text { text, cites } => {
                if !cites.is_empty() {
                    self.drop(format!("{at}/citations"))?;
                }
                return Ok(said(text));
            }
            Kind::Refusal(text) => {
                self.notes.mapped(at, "told as text");
                return Ok(said(text));
            }
            Kind::Media(_) if role == "assistant" => {
                let why = "stands in the assistant's turn, where this API takes text alone";
                return Err(self.notes.refused(at, why));
            }
            Kind::Media(media) => self.media(media, &at)?,
            Kind::Call(call) => self.call(call, &at)?,
            Kind::Result(result) => self.result(result, &at)?,
            Kind::Thought(thought) => return self.thought(thought, &at),
            Kind::Foreign { .. } => {
                let why = "is no kind of content that this model's API can take here";
                return Err(self.notes.refused(at, why));
            }
        };
        Ok(Some(block.into()))
    }

    fn media<'a>(&mut self, media: Media<'a>, at: &str) -> Result<Object<'a>, Fault> {
        let Media {
            what,
            source,
            name,
            detail,
        } = media;
        if detail.is_some() {
            self.drop(format!("{at}/detail"))?;
        }
        let (format, source) = match source {
            Source::Base64 { media_type, data } => match format(what, &media_type) {
                Some(format) => (format, Object::default().with("bytes", data)),
                None => {
                    let why = "is of a media type that this model's API does not take";
                    return Err(self.notes.refused(at, why));
                }
            },
            // Only some models behind it take texts; all take the bytes of one.
            Source::Text(text) => {
                let data = STANDARD.encode(&*text.say());
                ("txt", Object::default().with("bytes", data))
            }
            Source::Url(_) => {
                let why = "must be base64: this model's API fetches nothing";
                return Err(self.notes.refused(at, why));
            }
            Source::File(_) => {
                let why = "is a file at another provider";
                return Err(self.notes.refused(at, why));
            }
        };
        let mut said = Object::default().with("format", format);
        if what == Medium::Document {
            said.put("name", self.name(name, at));
        }
        let said = said.with("source", source);
        Ok(Object::default().with(member(what), said))
    }

    /// A document must have a name, of few letters.
    fn name(&mut self, name: Option<Text<'_>>, at: &str) -> String {
        let given = name.map(Text::say).unwrap_or_default();
        let legal = |letter: char| letter.is_ascii_alphanumeric() || "-()[]".contains(letter);
        let words = given.split(|letter| !legal(letter));
        let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
        let mut name = words.join(" ");
        name.truncate(NAME);
        if name.is_empty() {
            name.push_str("document");
        }
        let base = name.clone();
        for number in 2_u32.. {
            if self.documents.insert(name.to_ascii_lowercase()) {
                break;
            }
            name = format!("{base}-{number}");
        }
        if name != given {
            self.notes
                .mapped(at, "named as Converse wants documents to be");
        }
        name
    }

    fn call<'a>(&mut self, call: Call<'a>, at: &str) -> Result<Object<'a>, Fault> {
        if call.seal.is_some() {
            let what = "dropped: a call is signed for its provider";
            self.notes.dropped(at, what)?;
        }
        let input = match call.input {
            Input::Object(raw) => Some(raw),
            Input::Spelt(_) if call.custom => None,
            Input::Spelt(text) => json::object(text).map(Cow::Owned),
        };
        let Some(input) = input else {
            let why = "must have a JSON object for this model's API";
            return Err(self.notes.refused(at, why));
        };
        let said = Object::default()
            .with("toolUseId", fit(call.id, Alphabet::Names))
            .with("name", call.name)
            .with("input", input);
        Ok(Object::default().with("toolUse", said))
    }

    fn result<'a>(&mut self, result: ToolResult<'a>, at: &str) -> Result<Object<'a>, Fault> {
        let mut content = Vec::with_capacity(result.content.len());
        if let Some(object) = result.object {
            content.push(Node::Object(Object::default().with("json", object)));
        }
        for part in result.content {
            if part.mark.is_some() {
                self.drop(format!("{}/cache_control", part.at))?;
            }
            content.extend(self.block(part, "tool")?);
        }
        if content.is_empty() {
            self.notes.mapped(
                at,
                "told in words that it is empty: Claude takes no blank text",
            );
            content.push(Object::default().with("text", "(no output)").into());
        }
        let mut said = Object::default()
            .with("toolUseId", fit(result.id, Alphabet::Names))
            .with("content", content);
        if result.error {
            said.put("status", "error");
        }
        Ok(Object::default().with("toolResult", said))
    }

    /// Claude's own, signed; anybody else's is none of its business.
    fn thought<'a>(&mut self, thought: Thought<'a>, at: &str) -> Result<Option<Node<'a>>, Fault> {
        let Thought { text, seal, .. } = thought;
        let seal = seal.filter(|seal| seal.maker == Maker::Anthropic);
        match (text, seal) {
            (_, Some(seal)) if seal.kind == Sealed::Encrypted => {
                let said = Object::default().with("redactedContent", seal.data);
                let block = Object::default().with("reasoningContent", said);
                Ok(Some(block.into()))
            }
            (text, Some(seal)) => {
                let said = Object::default()
                    .with("text", text.unwrap_or_else(|| Text::Said("".into())))
                    .with("signature", seal.data);
                let said = Object::default().with("reasoningText", said);
                let block = Object::default().with("reasoningContent", said);
                Ok(Some(block.into()))
            }
            _ => {
                let what = "dropped: thinking is signed for its provider";
                self.notes.dropped(at, what)?;
                Ok(None)
            }
        }
    }
}

/// Blank text is refused, and says nothing.
fn said(text: Text<'_>) -> Option<Node<'_>> {
    let blank = text.clone().say().trim().is_empty();
    (!blank).then(|| Object::default().with("text", text).into())
}

/// The prompt shall be cached up to here.
pub(super) fn point<'a>(mark: Mark) -> Node<'a> {
    let mut point = Object::new("default");
    if mark == Mark::Hour {
        point.put("ttl", "1h");
    }
    Object::default().with("cachePoint", point).into()
}
