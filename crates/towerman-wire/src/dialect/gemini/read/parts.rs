//! Reads parts.

use std::borrow::Cow;

use towerman_core::Fault;

use super::{Reader, list, peek};
use crate::{
    dialect::empty_object,
    neutral::{
        Call, Fields, Input, Kind, Media, Medium, Part, Raw, Rest, Role, Seal, Source, Text,
        Thought, ToolResult,
        media::{self, is_http},
        refuse,
    },
};

/// Parts of tools that the provider runs.
const HOSTED: [&str; 8] = [
    "executableCode",
    "executable_code",
    "codeExecutionResult",
    "code_execution_result",
    "toolCall",
    "tool_call",
    "toolResponse",
    "tool_response",
];

/// Where the seal of a part stands that is followed by it.
pub(in super::super) const SEAL: &str = "/thoughtSignature";

/// Where the Files API keeps what was uploaded.
const FILES: &str = "://generativelanguage.googleapis.com/";

impl<'a> Reader<'a> {
    /// A part, and the seal that proves it if its kind has no place for one.
    pub(super) fn part(
        &mut self,
        raw: Raw<'a>,
        at: &str,
        role: Role,
        calls: &mut usize,
    ) -> Result<Vec<Part<'a>>, Fault> {
        let mut fields = Fields::read(raw, at)?;
        let hosted = fields
            .members()
            .iter()
            .find(|(key, _)| HOSTED.contains(&&**key));
        if let Some((kind, _)) = hosted {
            let kind = kind.clone();
            let mut part = Part::of(Kind::Foreign { kind, raw });
            part.at = at.into();
            return Ok(vec![part]);
        }
        let thought = match peek(&fields, &["thought"]).map(|raw| raw.get()) {
            Some("true") => fields.take("thought").is_some(),
            _ => fields.get("thought", at, "a boolean")?.unwrap_or_default(),
        };
        let seal = fields.take_any(&["thoughtSignature", "thought_signature"]);
        let seal = super::text(seal, &format!("{at}{SEAL}"))?;
        let mut seal = seal
            .filter(|seal| !seal.is_empty())
            .map(|seal| super::super::seal::read(seal.say()));
        let kind = match self.kind(&mut fields, at, role, calls)? {
            Some(Kind::Text { text, .. }) if thought => Kind::Thought(Thought {
                text: Some(text),
                seal: seal.take(),
                ..Thought::default()
            }),
            Some(Kind::Text { text, .. }) if text.is_empty() && seal.is_some() => alone(&mut seal),
            Some(Kind::Call(mut call)) => {
                call.seal = seal.take();
                Kind::Call(call)
            }
            Some(kind) => kind,
            None if seal.is_some() => alone(&mut seal),
            None => {
                let why = "has nothing in it that this API knows";
                return Err(refuse(at, why));
            }
        };
        let mut parts = vec![placed(kind, at, fields.rest())];
        if seal.is_some() {
            let at = format!("{at}{SEAL}");
            parts.push(placed(alone(&mut seal), &at, Rest::default()));
        }
        Ok(parts)
    }

    fn kind(
        &mut self,
        fields: &mut Fields<'a>,
        at: &str,
        role: Role,
        calls: &mut usize,
    ) -> Result<Option<Kind<'a>>, Fault> {
        if let Some(text) = fields.text("text", at)? {
            return Ok(Some(Kind::Text {
                text,
                cites: Vec::new(),
            }));
        }
        let inline = fields.take_any(&["inlineData", "inline_data"]);
        let file = fields.take_any(&["fileData", "file_data"]);
        if let Some(media) = self.media(inline, file, at)? {
            return Ok(Some(Kind::Media(media)));
        }
        if let Some(raw) = fields.take_any(&["functionCall", "function_call"]) {
            if role != Role::Assistant {
                return Err(refuse(at, "is a call that is not the model's"));
            }
            return self.call(raw, at, calls).map(Some);
        }
        if let Some(raw) = fields.take_any(&["functionResponse", "function_response"]) {
            if role != Role::User {
                return Err(refuse(at, "is a result that is not the user's"));
            }
            return self.result(raw, at).map(Some);
        }
        Ok(None)
    }

    fn media(
        &mut self,
        inline: Option<Raw<'a>>,
        file: Option<Raw<'a>>,
        at: &str,
    ) -> Result<Option<Media<'a>>, Fault> {
        let (raw, name) = match (inline, file) {
            (Some(raw), _) => (raw, "inlineData"),
            (None, Some(raw)) => (raw, "fileData"),
            (None, None) => return Ok(None),
        };
        let at = format!("{at}/{name}");
        let mut fields = Fields::read(raw, &at)?;
        let spelt = fields.take_any(&["mimeType", "mime_type"]);
        let kind = super::text(spelt, &format!("{at}/mimeType"))?.map(Text::say);
        let what = medium(kind.as_deref().unwrap_or_default());
        let source = if name == "inlineData" {
            let Some(media_type) = kind.filter(|kind| media::is_type(kind)) else {
                let at = format!("{at}/mimeType");
                return Err(refuse(at, "must be a media type, such as image/png"));
            };
            let data = self.data(&mut fields, &at)?;
            Source::Base64 { media_type, data }
        } else {
            // The neutral form has no type beside a URL.
            if let Some(spelt) = spelt {
                self.spelt(&at, "mimeType", spelt);
            }
            let uri = fields.take_any(&["fileUri", "file_uri"]);
            match super::text(uri, &format!("{at}/fileUri"))?.map(Text::say) {
                None => return Err(refuse(format!("{at}/fileUri"), "is missing")),
                Some(uri) if is_http(&uri) && !uri.contains(FILES) => Source::Url(uri),
                Some(uri) => Source::File(uri),
            }
        };
        let name = fields.take_any(&["displayName", "display_name"]);
        let name = super::text(name, &format!("{at}/displayName"))?;
        self.leave(&at, fields);
        Ok(Some(Media {
            what,
            source,
            name,
            detail: None,
        }))
    }

    /// Google's clients write base64 in the alphabet for URLs, which nobody else reads.
    fn data(&mut self, fields: &mut Fields<'a>, at: &str) -> Result<Cow<'a, str>, Fault> {
        let Some(raw) = fields.take("data") else {
            return Err(refuse(format!("{at}/data"), "is missing"));
        };
        let data = Text::read(raw, &format!("{at}/data"))?.say();
        if memchr::memchr2(b'-', b'_', data.as_bytes()).is_none() {
            return Ok(data);
        }
        self.spelt(at, "data", raw);
        Ok(data.replace('-', "+").replace('_', "/").into())
    }

    fn call(&mut self, raw: Raw<'a>, at: &str, calls: &mut usize) -> Result<Kind<'a>, Fault> {
        let at = format!("{at}/functionCall");
        let mut fields = Fields::read(raw, &at)?;
        let name = fields.need_text("name", &at)?;
        let input = fields.take("args");
        if let Some(input) = input {
            // What is in it is the tool's to judge.
            if !input.get().starts_with('{') {
                return Err(refuse(format!("{at}/args"), "must be an object"));
            }
        }
        let spelt = fields.take("id");
        let id = super::text(spelt, &format!("{at}/id"))?;
        let id = match id.filter(|id| !id.is_empty()) {
            Some(id) => id.say(),
            None => Self::id(&at, *calls, &name.clone().say()),
        };
        if let Some(spelt) = spelt {
            self.spelt(&at, "id", spelt);
        }
        *calls += 1;
        self.leave(&at, fields);
        Ok(Kind::Call(Call {
            id,
            name,
            input: Input::Object(input.map_or_else(|| Cow::Owned(empty_object()), Cow::Borrowed)),
            custom: false,
            seal: None,
        }))
    }

    fn result(&mut self, raw: Raw<'a>, at: &str) -> Result<Kind<'a>, Fault> {
        let at = format!("{at}/functionResponse");
        let mut fields = Fields::read(raw, &at)?;
        let name = fields.need_text("name", &at)?;
        let spelt = fields.take("id");
        let id = super::text(spelt, &format!("{at}/id"))?;
        if let Some(spelt) = spelt {
            self.spelt(&at, "id", spelt);
        }
        let id = id.filter(|id| !id.is_empty()).map(Text::say);
        let id = self.answers(id, &name.clone().say());
        let object = fields.take("response");
        let error = match object {
            None => false,
            Some(raw) => {
                let response = Fields::read(raw, &format!("{at}/response"))?;
                matches!(response.members(), [(key, _)] if key == "error")
            }
        };
        let mut content = Vec::new();
        let media = list(fields.take("parts"), &format!("{at}/parts"))?;
        for (i, raw) in media.into_iter().enumerate() {
            let place = format!("{at}/parts/{i}");
            content.extend(self.part(raw, &place, Role::System, &mut 0)?);
        }
        self.leave(&at, fields);
        // A lone text under a conventional name is a text, and no JSON for the model to read.
        let text = object.and_then(lone_text);
        // Other dialects have one place for both.
        if let Some(raw) = object.filter(|_| !content.is_empty() || text.is_some()) {
            self.spelt(&at, "response", raw);
            let mut said = Part::said(text.map_or(raw.get().into(), Text::say));
            said.at = format!("{at}/response").into();
            content.insert(0, said);
        }
        Ok(Kind::Result(ToolResult {
            id,
            name: Some(name),
            object: object.filter(|_| content.is_empty()),
            content,
            error,
        }))
    }
}

/// What a tool said, if it said only a text.
fn lone_text(response: Raw<'_>) -> Option<Text<'_>> {
    let fields = Fields::read(response, "").ok()?;
    let [(key, value)] = fields.members() else {
        return None;
    };
    let conventional = matches!(&**key, "output" | "result" | "error");
    (conventional && value.get().starts_with('"')).then_some(Text::Spelt(value))
}

/// A seal that stands for itself.
fn alone<'a>(seal: &mut Option<Seal<'a>>) -> Kind<'a> {
    Kind::Thought(Thought {
        seal: seal.take(),
        ..Thought::default()
    })
}

fn placed<'a>(kind: Kind<'a>, at: &str, rest: Rest<'a>) -> Part<'a> {
    let mut part = Part::of(kind);
    part.at = at.into();
    part.rest = rest;
    part
}

pub(in super::super) fn medium(media_type: &str) -> Medium {
    match media_type.split('/').next() {
        Some("image") => Medium::Image,
        Some("audio") => Medium::Audio,
        Some("video") => Medium::Video,
        _ => Medium::Document,
    }
}
