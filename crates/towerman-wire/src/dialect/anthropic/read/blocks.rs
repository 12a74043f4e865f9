//! Content blocks of a client.

use std::borrow::Cow;

use serde_json::value::RawValue;
use towerman_core::Fault;

use super::{flag, peek, reader::Reader};
use crate::{
    dialect::{anthropic::cite, empty_object},
    neutral::{
        Call, Fields, Input, Kind, Maker, Media, Medium, Part, Raw, Seal, Sealed, Source, Text,
        Thought, ToolResult, fields::read, refuse,
    },
};

/// Where a block stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    System,
    User,
    Assistant,
    /// In what a tool returned.
    Result,
}

impl<'a> Reader<'a> {
    /// Content: a string, which stands where the content does, or blocks, each in its own place.
    pub(super) fn parts(
        &mut self,
        content: Option<Raw<'a>>,
        at: &str,
        stand: Stand,
    ) -> Result<Vec<Part<'a>>, Fault> {
        let Some(content) = content else {
            return Ok(Vec::new());
        };
        if content.get().starts_with('"') {
            let text = Text::Spelt(content);
            if stand == Stand::System && text.is_empty() {
                return Ok(Vec::new());
            }
            let mut part = Part::of(Kind::Text {
                text,
                cites: Vec::new(),
            });
            part.at = at.into();
            return Ok(vec![part]);
        }
        let list: Vec<Raw<'a>> = read(content, at, "a string or an array of blocks")?;
        let numbered = list.into_iter().enumerate();
        numbered
            .map(|(i, raw)| self.block(raw, &format!("{at}/{i}"), stand))
            .collect()
    }

    fn block(&mut self, raw: Raw<'a>, at: &str, stand: Stand) -> Result<Part<'a>, Fault> {
        use Stand::{Assistant, Result, System, User};

        let mut fields = Fields::read(raw, at)?;
        let kind = fields.need_string("type", at)?;
        let mut place = Cow::Borrowed(at);
        let read = match (&*kind, stand) {
            ("text", _) => text(&mut fields, at)?,
            ("image" | "document", User | Result) => {
                let what = if kind == "image" {
                    Medium::Image
                } else {
                    Medium::Document
                };
                match self.media(what, &mut fields, at)? {
                    Some(media) => {
                        if let Source::File(_) = media.source {
                            place = format!("{at}/source/type").into();
                        }
                        Kind::Media(media)
                    }
                    // A source that is made of blocks, or unheard of.
                    None => return Ok(foreign(kind, raw, format!("{at}/source/type"))),
                }
            }
            ("tool_use", Assistant) => self.call(&mut fields, at)?,
            ("tool_result", User) => self.result(&mut fields, at)?,
            ("thinking", Assistant) => thinking(&mut fields, at)?,
            ("redacted_thinking", Assistant) => redacted(&mut fields, at)?,
            (
                "image" | "document" | "tool_use" | "tool_result" | "thinking"
                | "redacted_thinking",
                User | Assistant | System | Result,
            ) => {
                return Err(refuse(
                    format!("{at}/type"),
                    "is no kind of content that can stand here",
                ));
            }
            // Server tools and their results, references to tools, search results, and what may
            // be new: only Anthropic itself can say what they are.
            _ => return Ok(foreign(kind, raw, format!("{at}/type"))),
        };
        let mark = self.mark(&mut fields, at)?;
        Ok(Part {
            kind: read,
            mark,
            at: place.into(),
            rest: fields.rest(),
        })
    }

    /// Nothing if the source is of a kind that only Anthropic knows.
    fn media(
        &mut self,
        what: Medium,
        fields: &mut Fields<'a>,
        at: &str,
    ) -> Result<Option<Media<'a>>, Fault> {
        let mut source: Fields<'a> = fields.need("source", at, "an object")?;
        let source_at = format!("{at}/source");
        let kind = source.need_string("type", &source_at)?;
        let read = match (&*kind, what) {
            ("base64", _) => Source::Base64 {
                media_type: media_type(source.need_string("media_type", &source_at)?, &source_at)?,
                data: source.need_string("data", &source_at)?,
            },
            ("url", _) => Source::Url(source.need_string("url", &source_at)?),
            ("file", _) => Source::File(source.need_string("file_id", &source_at)?),
            ("text", Medium::Document) => {
                source.take("media_type");
                Source::Text(source.need_text("data", &source_at)?)
            }
            _ => return Ok(None),
        };
        self.leave(&source_at, source);
        let name = match what {
            Medium::Document => fields.text("title", at)?,
            _ => None,
        };
        Ok(Some(Media {
            what,
            source: read,
            name,
            detail: None,
        }))
    }

    fn call(&mut self, fields: &mut Fields<'a>, at: &str) -> Result<Kind<'a>, Fault> {
        let id = fields.need_string("id", at)?;
        if id.is_empty() {
            return Err(refuse(format!("{at}/id"), "must not be empty"));
        }
        let name = fields.need_text("name", at)?;
        let input: Option<&'a RawValue> = fields.take("input");
        // What is in it is the tool's to judge.
        if input.is_some_and(|input| !input.get().starts_with('{')) {
            return Err(refuse(format!("{at}/input"), "must be an object"));
        }
        // Who called is only news if it was not the model itself; what did then is foreign, too.
        if let Some(caller) = peek(fields, "caller") {
            let kind = Fields::read(caller, &format!("{at}/caller"))?
                .need_string("type", &format!("{at}/caller"))?;
            if kind == "direct" {
                fields.take("caller");
                self.spelt(at, "caller", caller);
            }
        }
        Ok(Kind::Call(Call {
            id,
            name,
            input: Input::Object(input.map_or_else(|| Cow::Owned(empty_object()), Cow::Borrowed)),
            custom: false,
            seal: None,
        }))
    }

    fn result(&mut self, fields: &mut Fields<'a>, at: &str) -> Result<Kind<'a>, Fault> {
        let id = fields.need_string("tool_use_id", at)?;
        let content = match peek(fields, "content") {
            // It stays where it is.
            Some(raw) if raw.get() == "[]" => None,
            _ => fields.take("content"),
        };
        Ok(Kind::Result(ToolResult {
            id,
            name: None,
            content: self.parts(content, &format!("{at}/content"), Stand::Result)?,
            object: None,
            error: flag(fields, "is_error", at)?,
        }))
    }
}

fn text<'a>(fields: &mut Fields<'a>, at: &str) -> Result<Kind<'a>, Fault> {
    let text = fields.need_text("text", at)?;
    let cites = match peek(fields, "citations") {
        Some(raw) if raw.get() == "[]" => Vec::new(),
        _ => cite::all(fields.list("citations", at)?),
    };
    Ok(Kind::Text { text, cites })
}

fn thinking<'a>(fields: &mut Fields<'a>, at: &str) -> Result<Kind<'a>, Fault> {
    let text = fields.need_text("thinking", at)?;
    let signature = fields.string("signature", at)?;
    let signature = signature.filter(|signature| !signature.is_empty());
    Ok(Kind::Thought(Thought {
        text: Some(text),
        seal: signature.map(|data| Seal::read(Maker::Anthropic, Sealed::Signature, data)),
        ..Thought::default()
    }))
}

fn redacted<'a>(fields: &mut Fields<'a>, at: &str) -> Result<Kind<'a>, Fault> {
    let data = fields.need_string("data", at)?;
    Ok(Kind::Thought(Thought {
        seal: Some(Seal::read(Maker::Anthropic, Sealed::Encrypted, data)),
        ..Thought::default()
    }))
}

fn foreign<'a>(kind: Cow<'a, str>, raw: Raw<'a>, at: String) -> Part<'a> {
    let mut part = Part::of(Kind::Foreign { kind, raw });
    part.at = at.into();
    part
}

fn media_type<'a>(media_type: Cow<'a, str>, at: &str) -> Result<Cow<'a, str>, Fault> {
    if !crate::neutral::media::is_type(&media_type) {
        return Err(refuse(format!("{at}/media_type"), "is no media type"));
    }
    Ok(lower(media_type))
}

fn lower(media_type: Cow<'_, str>) -> Cow<'_, str> {
    if media_type.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return media_type.to_ascii_lowercase().into();
    }
    media_type
}
