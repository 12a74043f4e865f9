//! Content parts.

use std::borrow::Cow;

use towerman_core::Fault;

use crate::translate::{
    anthropic::{Block, Source},
    fields::{Fields, Raw, Text, read, refuse},
    loss::Losses,
    media,
};

/// What becomes of a field that only OpenAI knows.
pub(super) const NOTHING_LIKE_IT: &str = "dropped: Anthropic has nothing like it";

/// Which parts a message of some role may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parts {
    /// Instructions: text.
    Text,
    /// What an assistant said: text, and refusals, which are text.
    Said,
    /// What a user or a tool shows: text, images, files.
    Shown,
}

/// A message's content, a string or parts, as blocks. Texts of white space are left out: they are
/// refused there.
pub(super) fn blocks<'a>(
    content: Option<Raw<'a>>,
    at: &str,
    parts: Parts,
    losses: &mut Losses,
) -> Result<Vec<Block<'a>>, Fault> {
    let mut blocks = Vec::new();
    let Some(content) = content else {
        return Ok(blocks);
    };
    if content.get().starts_with('"') {
        say(Text::Spelt(content), at, &mut blocks, losses);
        return Ok(blocks);
    }
    let list: Vec<Raw<'a>> = read(content, at, "a string or an array of parts")?;
    for (i, part) in list.into_iter().enumerate() {
        let at = format!("{at}/{i}");
        let mut part = Fields::read(part, &at)?;
        let kind = part.need_string("type", &at)?;
        match &*kind {
            "text" => say(part.need_text("text", &at)?, &at, &mut blocks, losses),
            "refusal" if parts == Parts::Said => {
                say(part.need_text("refusal", &at)?, &at, &mut blocks, losses);
            }
            "image_url" if parts == Parts::Shown => {
                blocks.push(image(&mut part, &at, losses)?);
            }
            "file" if parts == Parts::Shown => blocks.push(file(&mut part, &at, losses)?),
            "input_audio" => {
                return Err(refuse(at, "is audio, which this model's API cannot take"));
            }
            _ => {
                return Err(refuse(
                    format!("{at}/type"),
                    "is no kind of content that this model's API can take here",
                ));
            }
        }
        part.lose(&at, NOTHING_LIKE_IT, losses);
    }
    Ok(blocks)
}

/// Adds a text, unless there is nothing in it.
pub(super) fn say<'a>(text: Text<'a>, at: &str, blocks: &mut Vec<Block<'a>>, losses: &mut Losses) {
    if text.is_empty() {
        return;
    }
    if text.is_blank() {
        losses.add(at, "dropped: Anthropic refuses texts of white space only");
    } else {
        blocks.push(Block::Text { text });
    }
}

fn image<'a>(part: &mut Fields<'a>, at: &str, losses: &mut Losses) -> Result<Block<'a>, Fault> {
    let mut image: Fields<'a> = part.need("image_url", at, "an object")?;
    let at = format!("{at}/image_url");
    let url = image.need_string("url", &at)?;
    match image.string("detail", &at)?.as_deref() {
        None | Some("auto") => {}
        Some(_) => losses.add(format!("{at}/detail"), NOTHING_LIKE_IT),
    }
    image.lose(&at, NOTHING_LIKE_IT, losses);
    let source = if media::is_data(&url) {
        inline(&url).ok_or_else(|| refuse(format!("{at}/url"), "is no base64 data URL"))?
    } else if media::is_http(&url) {
        Source::Url { url }
    } else {
        return Err(refuse(format!("{at}/url"), "must be an http or data URL"));
    };
    Ok(Block::Image { source })
}

fn file<'a>(part: &mut Fields<'a>, at: &str, losses: &mut Losses) -> Result<Block<'a>, Fault> {
    let mut file: Fields<'a> = part.need("file", at, "an object")?;
    let at = format!("{at}/file");
    file.refuse("file_id", &at, "is a file at another provider")?;
    let data = file.need_string("file_data", &at)?;
    let title = file.text("filename", &at)?.filter(|name| !name.is_blank());
    file.lose(&at, NOTHING_LIKE_IT, losses);
    match inline(&data) {
        Some(source) if is_pdf(&source) => Ok(Block::Document { source, title }),
        _ => Err(refuse(
            format!("{at}/file_data"),
            "must be a base64 data URL of a PDF",
        )),
    }
}

fn is_pdf(source: &Source<'_>) -> bool {
    matches!(source, Source::Base64 { media_type, .. } if media_type == "application/pdf")
}

/// A data URL's data, borrowed if the URL is: it may be megabytes.
fn inline<'a>(url: &Cow<'a, str>) -> Option<Source<'a>> {
    match url {
        Cow::Borrowed(url) => {
            let (media_type, data) = media::base64(url)?;
            Some(Source::Base64 {
                media_type,
                data: data.into(),
            })
        }
        Cow::Owned(url) => {
            let (media_type, data) = media::base64(url)?;
            Some(Source::Base64 {
                media_type: media_type.into_owned().into(),
                data: data.to_owned().into(),
            })
        }
    }
}
