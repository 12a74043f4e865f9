//! Reads the parts of one content.

use serde_json::{Value, value::RawValue};

use super::super::{
    error::invalid,
    fields::{Fields, wrong},
};
use crate::{json::compact, prompt::Prompt, trouble::Problem};

/// What a part can hold; it holds exactly one of these.
const DATA: [&str; 9] = [
    "text",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
    "toolCall",
    "toolResponse",
];

/// What it can say of that.
const MORE: [&str; 5] = [
    "thought",
    "thoughtSignature",
    "videoMetadata",
    "partMetadata",
    "mediaResolution",
];

/// What the rest of the request depends on.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) role: Option<String>,
    /// Its texts, one a line.
    pub(super) text: String,
    pub(super) calls: Vec<FunctionCall>,
    /// What functions returned.
    pub(super) results: Vec<String>,
}

#[derive(Debug)]
pub(super) struct FunctionCall {
    pub(super) name: String,
    pub(super) signature: Option<String>,
}

pub(super) fn read(
    raw: &RawValue,
    place: &str,
    strict: bool,
    prompt: &mut Prompt,
) -> Result<Content, Problem> {
    let known = if strict { &["role", "parts"][..] } else { &[] };
    let fields = Fields::read(raw, place, known)?;
    let mut content = Content {
        role: fields.get("role")?,
        ..Content::default()
    };
    let parts = fields.list("parts");
    if parts.is_empty() {
        return Err(invalid(format!(
            "* GenerateContentRequest.{place}.parts: contents.parts must not be empty.\n"
        )));
    }
    let mut texts = Vec::new();
    for (at, raw) in parts.into_iter().enumerate() {
        let place = format!("{place}.parts[{at}]");
        part(raw, &place, strict, &mut content, &mut texts, prompt)?;
        prompt.end_block(None);
    }
    content.text = texts.join("\n");
    Ok(content)
}

fn part(
    raw: &RawValue,
    place: &str,
    strict: bool,
    content: &mut Content,
    texts: &mut Vec<String>,
    prompt: &mut Prompt,
) -> Result<(), Problem> {
    let known = [&DATA[..], &MORE].concat();
    let part = Fields::read(raw, place, if strict { &known } else { &[] })?;
    let mut data = DATA.iter().filter(|name| part.raw(name).is_some());
    let (Some(kind), None) = (data.next(), data.next()) else {
        return Err(invalid(format!(
            "* GenerateContentRequest.{place}.data: required oneof field 'data' must have one initialized field\n"
        )));
    };
    let signature = signature(&part)?;
    match *kind {
        "text" => {
            let text: String = part.get("text")?.unwrap_or_default();
            prompt.text(&text);
            if !part.get("thought")?.unwrap_or(false) {
                texts.push(text);
            }
        }
        "inlineData" => {
            let blob = inner(&part, kind, &["mimeType", "data", "displayName"], strict)?;
            let mime: Option<String> = blob.get("mimeType")?;
            if mime.is_none_or(|mime| !mime.contains('/')) {
                return Err(invalid(format!(
                    "* GenerateContentRequest.{place}.inline_data.mime_type: mime_type must not be empty\n"
                )));
            }
            base64(&blob, "data")?;
            prompt.attachment(&compact(raw.get()));
        }
        "functionCall" => {
            let known = ["id", "name", "args", "partialArgs", "willContinue"];
            let call = inner(&part, kind, &known, strict)?;
            let name = name(&call)?;
            prompt.text(&name);
            prompt.text(&structure(&call, "args")?);
            content.calls.push(FunctionCall { name, signature });
        }
        "functionResponse" => {
            let known = [
                "id",
                "name",
                "response",
                "parts",
                "willContinue",
                "scheduling",
            ];
            let response = inner(&part, kind, &known, strict)?;
            prompt.text(&name(&response)?);
            let structure = structure(&response, "response")?;
            prompt.text(&structure);
            for attachment in response.list("parts") {
                prompt.attachment(&compact(attachment.get()));
            }
            content.results.push(said(&structure));
        }
        _ => prompt.attachment(&compact(raw.get())),
    }
    Ok(())
}

fn inner<'a>(
    part: &Fields<'a>,
    kind: &str,
    known: &[&str],
    strict: bool,
) -> Result<Fields<'a>, Problem> {
    let inner = part.message(kind, if strict { known } else { &[] })?;
    inner.ok_or_else(|| wrong(&part.at(kind), "an object"))
}

fn name(fields: &Fields<'_>) -> Result<String, Problem> {
    let name: Option<String> = fields.get("name")?;
    name.filter(|name| !name.is_empty()).ok_or_else(|| {
        invalid(format!(
            "* GenerateContentRequest.{}: Name cannot be empty.\n",
            fields.at("name")
        ))
    })
}

/// A field that is an object of the client's own, compact; an empty one if it is absent.
fn structure(fields: &Fields<'_>, name: &str) -> Result<String, Problem> {
    let Some(raw) = fields.raw(name) else {
        return Ok("{}".to_owned());
    };
    if !raw.get().starts_with('{') {
        return Err(wrong(
            &fields.at(name),
            "an object (type.googleapis.com/google.protobuf.Struct)",
        ));
    }
    Ok(compact(raw.get()))
}

/// What a function's response says: the text it holds, if that is all it holds.
fn said(structure: &str) -> String {
    let value: Value = serde_json::from_str(structure).unwrap_or_default();
    let lone = value
        .as_object()
        .filter(|members| members.len() == 1)
        .and_then(|members| members.values().next()?.as_str());
    lone.unwrap_or(structure).to_owned()
}

fn signature(part: &Fields<'_>) -> Result<Option<String>, Problem> {
    base64(part, "thoughtSignature")?;
    let signature: Option<String> = part.get("thoughtSignature")?;
    Ok(signature.filter(|signature| !signature.is_empty()))
}

/// Refuses bytes that are not base64, of either alphabet.
fn base64(fields: &Fields<'_>, name: &str) -> Result<(), Problem> {
    let text: Option<String> = fields.get(name)?;
    let fine = |c: char| c.is_ascii_alphanumeric() || "+/-_=".contains(c);
    if text.is_some_and(|text| !text.chars().all(fine)) {
        return Err(invalid(format!(
            "Invalid value at '{}' (TYPE_BYTES), Base64 decoding failed.",
            fields.at(name)
        )));
    }
    Ok(())
}
