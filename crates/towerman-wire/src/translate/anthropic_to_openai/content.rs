//! Content blocks that a user or a tool shows.

use std::borrow::Cow;

use towerman_core::Fault;

use crate::translate::{
    fields::{Fields, Raw, Text, read, refuse},
    loss::Losses,
    openai::{File, Part, Url},
};

pub(super) const NOTHING_LIKE_IT: &str = "dropped: OpenAI Chat has nothing like it";

/// A block with its type, before the rest of it is read.
pub(super) struct Typed<'a> {
    pub(super) kind: Cow<'a, str>,
    pub(super) fields: Fields<'a>,
    pub(super) at: String,
}

/// Content, a string or blocks, as typed blocks.
pub(super) fn typed<'a>(content: Option<Raw<'a>>, at: &str) -> Result<Vec<Typed<'a>>, Fault> {
    let Some(content) = content else {
        return Ok(Vec::new());
    };
    let list: Vec<Raw<'a>> = read(content, at, "a string or an array of blocks")?;
    let numbered = list.into_iter().enumerate();
    numbered
        .map(|(i, raw)| {
            let at = format!("{at}/{i}");
            let mut fields = Fields::read(raw, &at)?;
            let kind = fields.need_string("type", &at)?;
            Ok(Typed { kind, fields, at })
        })
        .collect()
}

/// The content if it is a lone string.
pub(super) fn string<'a>(content: Option<Raw<'a>>) -> Option<Text<'a>> {
    content
        .filter(|raw| raw.get().starts_with('"'))
        .map(Text::Spelt)
}

/// A text, image or document.
pub(super) fn part<'a>(block: Typed<'a>, losses: &mut Losses) -> Result<Part<'a>, Fault> {
    let Typed {
        kind,
        mut fields,
        at,
    } = block;
    let part = match &*kind {
        "text" => Part::Text {
            text: fields.need_text("text", &at)?,
        },
        "image" => image(&mut fields, &at, losses)?,
        "document" => document(&mut fields, &at, losses)?,
        _ => return Err(unknown(&at)),
    };
    fields.lose(&at, NOTHING_LIKE_IT, losses);
    Ok(part)
}

/// A text, and nothing else.
pub(super) fn text<'a>(block: Typed<'a>, losses: &mut Losses) -> Result<Part<'a>, Fault> {
    if block.kind == "text" {
        part(block, losses)
    } else {
        Err(unknown(&block.at))
    }
}

pub(super) fn unknown(at: &str) -> Fault {
    refuse(
        format!("{at}/type"),
        "is no kind of content that this model's API can take here",
    )
}

fn image<'a>(fields: &mut Fields<'a>, at: &str, losses: &mut Losses) -> Result<Part<'a>, Fault> {
    let (mut source, kind, at) = source(fields, at)?;
    let url = match &*kind {
        "base64" => {
            let media_type = source.need_string("media_type", &at)?;
            let data = source.need_string("data", &at)?;
            format!("data:{media_type};base64,{data}").into()
        }
        "url" => source.need_string("url", &at)?,
        _ => return Err(elsewhere(&at)),
    };
    source.lose(&at, NOTHING_LIKE_IT, losses);
    Ok(Part::ImageUrl {
        image_url: Url { url },
    })
}

fn document<'a>(fields: &mut Fields<'a>, at: &str, losses: &mut Losses) -> Result<Part<'a>, Fault> {
    let (mut source, kind, source_at) = source(fields, at)?;
    let at = source_at;
    let part = match &*kind {
        "base64" => {
            let media_type = source.need_string("media_type", &at)?;
            let data = source.need_string("data", &at)?;
            let title = fields.text("title", &at)?.filter(|title| !title.is_blank());
            Part::File {
                file: File {
                    filename: title.unwrap_or(Text::Said("document.pdf".into())),
                    file_data: format!("data:{media_type};base64,{data}"),
                },
            }
        }
        "text" => {
            source.take("media_type");
            Part::Text {
                text: source.need_text("data", &at)?,
            }
        }
        _ => return Err(elsewhere(&at)),
    };
    source.lose(&at, NOTHING_LIKE_IT, losses);
    Ok(part)
}

fn source<'a>(
    fields: &mut Fields<'a>,
    at: &str,
) -> Result<(Fields<'a>, Cow<'a, str>, String), Fault> {
    let mut source: Fields<'a> = fields.need("source", at, "an object")?;
    let at = format!("{at}/source");
    let kind = source.need_string("type", &at)?;
    Ok((source, kind, at))
}

fn elsewhere(at: &str) -> Fault {
    refuse(
        format!("{at}/type"),
        "is a source that this model's API cannot reach",
    )
}
