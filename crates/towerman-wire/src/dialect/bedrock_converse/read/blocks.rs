//! What turns are made of: objects of one member, which says what they are.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use towerman_core::Fault;

use super::Reader;
use crate::{
    dialect::{
        bedrock_converse::formats::{self, media_type},
        empty_object,
    },
    neutral::{
        Call, Fields, Input, Kind, Maker, Mark, Media, Medium, Part, Raw, Rest, Role, Seal, Sealed,
        Source, Text, Thought, ToolResult, fields::compact, refuse,
    },
};

impl<'a> Reader<'a> {
    pub(super) fn blocks(
        &mut self,
        list: Vec<Raw<'a>>,
        at: &str,
        role: Role,
    ) -> Result<Vec<Part<'a>>, Fault> {
        let mut parts: Vec<Part<'a>> = Vec::with_capacity(list.len());
        for (i, raw) in list.into_iter().enumerate() {
            let at = format!("{at}/{i}");
            let mut block = Fields::read(raw, &at)?;
            if let Some(point) = block.object("cachePoint", &at)? {
                if let Some(last) = parts.last_mut() {
                    last.mark = Some(mark(point, &at)?);
                }
                continue;
            }
            let kind = self.block(&mut block, raw, &at, role)?;
            let rest = match kind {
                // All of it is in there.
                Kind::Foreign { .. } => Rest::default(),
                _ => block.rest(),
            };
            parts.push(Part {
                at: at.into(),
                rest,
                ..Part::of(kind)
            });
        }
        Ok(parts)
    }

    fn block(
        &mut self,
        block: &mut Fields<'a>,
        raw: Raw<'a>,
        at: &str,
        role: Role,
    ) -> Result<Kind<'a>, Fault> {
        if let Some(text) = block.text("text", at)? {
            let cites = Vec::new();
            return Ok(Kind::Text { text, cites });
        }
        if role == Role::Assistant
            && let Some(mut cited) = block.object("citationsContent", at)?
        {
            return self.cited(&mut cited, &format!("{at}/citationsContent"));
        }
        for what in [
            Medium::Image,
            Medium::Document,
            Medium::Video,
            Medium::Audio,
        ] {
            let member = formats::member(what);
            if let Some(media) = block.object(member, at)? {
                let at = format!("{at}/{member}");
                return Ok(match self.media(what, media, &at)? {
                    Some(media) => Kind::Media(media),
                    None => foreign(member, raw),
                });
            }
        }
        if let Some(call) = block.object("toolUse", at)? {
            if role != Role::Assistant {
                return Err(refuse(format!("{at}/toolUse"), "is not the user's to make"));
            }
            return if is_hosted(&call, "\"tool_use\"") {
                Ok(foreign("toolUse", raw))
            } else {
                self.call(call, &format!("{at}/toolUse"))
            };
        }
        if let Some(result) = block.object("toolResult", at)? {
            if role != Role::User {
                return Err(refuse(format!("{at}/toolResult"), "must be the user's"));
            }
            return if is_hosted(&result, "\"tool_result\"") {
                Ok(foreign("toolResult", raw))
            } else {
                self.result(result, &format!("{at}/toolResult"))
            };
        }
        if let Some(thought) = block.object("reasoningContent", at)? {
            return self.thought(thought, &format!("{at}/reasoningContent"));
        }
        let kind = block.members().first().map(|(key, _)| key.clone());
        match kind {
            Some(kind) if !formats::is_around(&kind) => Ok(Kind::Foreign { kind, raw }),
            _ => Err(refuse(at, "says nothing")),
        }
    }

    /// A text of the assistant's whose sources are known: the text is what others take.
    fn cited(&mut self, cited: &mut Fields<'a>, at: &str) -> Result<Kind<'a>, Fault> {
        let mut said = String::new();
        for (i, raw) in cited.list("content", at)?.into_iter().enumerate() {
            let at = format!("{at}/content/{i}");
            said += &Fields::read(raw, &at)?.need_string("text", &at)?;
        }
        Ok(Kind::Text {
            text: Text::Said(said.into()),
            cites: Vec::new(),
        })
    }

    /// Nothing if its source is of a kind that only Converse knows.
    fn media(
        &mut self,
        what: Medium,
        mut media: Fields<'a>,
        at: &str,
    ) -> Result<Option<Media<'a>>, Fault> {
        let format = media.string("format", at)?;
        let source_at = format!("{at}/source");
        let source = media.object("source", at)?;
        let mut source = source.ok_or_else(|| refuse(&*source_at, "is missing"))?;
        let format = format.unwrap_or(Cow::Borrowed("txt"));
        let said = if let Some(data) = source.string("bytes", &source_at)? {
            match decoded(what, &format, &data) {
                Some(text) => Source::Text(Text::Said(text.into())),
                None => {
                    let known = media_type(what, &format);
                    let known = known.ok_or_else(|| {
                        refuse(format!("{at}/format"), "is no format that is known")
                    })?;
                    Source::Base64 {
                        media_type: known.into(),
                        data,
                    }
                }
            }
        } else if let Some(text) = source.text("text", &source_at)? {
            Source::Text(text)
        } else if let Some(mut place) = source.object("s3Location", &source_at)? {
            Source::File(place.need_string("uri", &format!("{source_at}/s3Location"))?)
        } else {
            return Ok(None);
        };
        let name = media.text("name", at)?;
        self.leave(at, media);
        Ok(Some(Media {
            what,
            source: said,
            name,
            detail: None,
        }))
    }

    fn call(&mut self, mut call: Fields<'a>, at: &str) -> Result<Kind<'a>, Fault> {
        let input: Option<Raw<'a>> = call.take("input");
        // What is in it is the tool's to judge.
        if input.is_some_and(|input| !input.get().starts_with('{')) {
            return Err(refuse(format!("{at}/input"), "must be an object"));
        }
        let said = Call {
            id: need_id(&mut call, at)?,
            name: call.need_text("name", at)?,
            input: Input::Object(input.map_or_else(|| Cow::Owned(empty_object()), Cow::Borrowed)),
            custom: false,
            seal: None,
        };
        self.leave(at, call);
        Ok(Kind::Call(said))
    }

    fn result(&mut self, mut result: Fields<'a>, at: &str) -> Result<Kind<'a>, Fault> {
        let content: Vec<Raw<'a>> = result.list("content", at)?;
        let at_content = format!("{at}/content");
        let (mut object, mut parts) = (None, Vec::new());
        if let [only] = content.as_slice() {
            object = self.json(only, &format!("{at_content}/0"))?;
        }
        if object.is_none() {
            for (i, raw) in content.into_iter().enumerate() {
                let at = format!("{at_content}/{i}");
                match self.json(raw, &at)? {
                    Some(json) => parts.push(Part {
                        at: at.into(),
                        ..Part::said(compact(json))
                    }),
                    None => {
                        let mut block = Fields::read(raw, &at)?;
                        let kind = self.block(&mut block, raw, &at, Role::System)?;
                        parts.push(Part {
                            at: at.into(),
                            ..Part::of(kind)
                        });
                    }
                }
            }
        }
        let status = result.string("status", at)?;
        let said = ToolResult {
            id: need_id(&mut result, at)?,
            name: None,
            content: parts,
            object,
            error: status.is_some_and(|status| status == "error"),
        };
        self.leave(at, result);
        Ok(Kind::Result(said))
    }

    /// What a tool returned as an object.
    fn json(&mut self, raw: Raw<'a>, at: &str) -> Result<Option<Raw<'a>>, Fault> {
        let mut block = Fields::read(raw, at)?;
        let json = block
            .take("json")
            .filter(|json| json.get().starts_with('{'));
        Ok(json)
    }

    /// A thought that is signed, or one in a form that nobody but Bedrock takes back.
    fn thought(&mut self, mut thought: Fields<'a>, at: &str) -> Result<Kind<'a>, Fault> {
        let mut said = Thought::default();
        if let Some(mut text) = thought.object("reasoningText", at)? {
            let at = format!("{at}/reasoningText");
            said.text = text.text("text", &at)?;
            let signature = text.string("signature", &at)?;
            let signature = signature.filter(|signature| !signature.is_empty());
            said.seal = signature.map(|data| Seal::read(Maker::Anthropic, Sealed::Signature, data));
        } else if let Some(data) = thought.string("redactedContent", at)? {
            said.seal = Some(Seal::read(Maker::Anthropic, Sealed::Encrypted, data));
        }
        Ok(Kind::Thought(said))
    }
}

/// Whether a call or its result is of a tool that the provider runs: it says so by its type.
fn is_hosted(block: &Fields<'_>, plain: &str) -> bool {
    let mut kinds = block.members().iter().filter(|(key, _)| key == "type");
    kinds.any(|(_, kind)| kind.get() != plain)
}

const fn foreign<'a>(kind: &'static str, raw: Raw<'a>) -> Kind<'a> {
    Kind::Foreign {
        kind: Cow::Borrowed(kind),
        raw,
    }
}

fn need_id<'a>(fields: &mut Fields<'a>, at: &str) -> Result<Cow<'a, str>, Fault> {
    let id = fields.need_string("toolUseId", at)?;
    if id.is_empty() {
        return Err(refuse(format!("{at}/toolUseId"), "must not be empty"));
    }
    Ok(id)
}

/// How long the prompt up to here shall be cached.
pub(super) fn mark(mut point: Fields<'_>, at: &str) -> Result<Mark, Fault> {
    let at = format!("{at}/cachePoint");
    match point.string("ttl", &at)?.as_deref() {
        None | Some("5m") => Ok(Mark::Minutes),
        Some("1h") => Ok(Mark::Hour),
        Some(_) => Err(refuse(format!("{at}/ttl"), "must be 5m or 1h")),
    }
}

/// The text of a document that is one: others take texts, and few take files of them.
fn decoded(what: Medium, format: &str, data: &str) -> Option<String> {
    if what != Medium::Document || !formats::is_text(format) {
        return None;
    }
    String::from_utf8(STANDARD.decode(data).ok()?).ok()
}
