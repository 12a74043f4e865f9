//! Content parts of a client's request.

use std::borrow::Cow;

use towerman_core::Fault;

use crate::neutral::{
    Fields, Kind, Mark, Media, Medium, Part, Raw, Source, Text, Thought,
    fields::{Said, read as read_as},
    media, refuse,
};

/// Which parts may stand somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    /// Instructions: text.
    System,
    /// What an assistant said: text, refusals, thoughts.
    Said,
    /// What a user or a tool shows.
    Shown,
}

/// A message's content, a string or parts. An empty string is none.
pub(super) fn read<'a>(
    content: Option<Raw<'a>>,
    at: &str,
    place: Where,
) -> Result<Vec<Part<'a>>, Fault> {
    let Some(content) = content else {
        return Ok(Vec::new());
    };
    if content.get().starts_with('"') {
        let text = Text::Spelt(content);
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let part = Part::of(Kind::Text {
            text,
            cites: Vec::new(),
        });
        let at = at.into();
        return Ok(vec![Part { at, ..part }]);
    }
    let list: Vec<Raw<'a>> = read_list(content, at)?;
    let numbered = list.into_iter().enumerate();
    numbered
        .map(|(i, raw)| part(raw, format!("{at}/{i}").into(), place))
        .collect()
}

fn read_list<'a>(content: Raw<'a>, at: &str) -> Result<Vec<Raw<'a>>, Fault> {
    read_as(content, at, "a string or an array of parts")
}

fn part<'a>(raw: Raw<'a>, at: Box<str>, place: Where) -> Result<Part<'a>, Fault> {
    let mut part = Fields::read(raw, &at)?;
    let kind = part.need_string("type", &at)?;
    let shown = place == Where::Shown;
    let said = match &*kind {
        "text" => Kind::Text {
            text: part.need_text("text", &at)?,
            cites: Vec::new(),
        },
        "refusal" if place == Where::Said => Kind::Refusal(part.need_text("refusal", &at)?),
        "thinking" if place == Where::Said => thinking(&mut part, &at)?,
        "image_url" if shown => image(&mut part, &at)?,
        "video_url" if shown => Kind::Media(Media {
            what: Medium::Video,
            source: url(&mut part, "video_url", &at)?.0,
            name: None,
            detail: None,
        }),
        "document_url" if shown => Kind::Media(Media {
            what: Medium::Document,
            source: url(&mut part, "document_url", &at)?.0,
            name: part.text("document_name", &at)?,
            detail: None,
        }),
        "input_audio" if shown => audio(&mut part, &at)?,
        "file" if shown => file(&mut part, &at)?,
        _ => {
            return Err(refuse(
                format!("{at}/type"),
                "is no kind of content that this model's API can take here",
            ));
        }
    };
    Ok(Part {
        mark: mark(&mut part, &at)?,
        rest: part.rest(),
        at: place_of(&said, at),
        kind: said,
    })
}

/// Where that stands which another dialect may not be able to say.
fn place_of(kind: &Kind<'_>, at: Box<str>) -> Box<str> {
    let Kind::Media(media) = kind else {
        return at;
    };
    match (media.what, &media.source) {
        (_, Source::File(_)) => format!("{at}/file/file_id").into(),
        (Medium::Image, _) => format!("{at}/image_url").into(),
        _ => at,
    }
}

/// OpenAI's own mark, or Anthropic's, which several hosts of this dialect take.
pub(super) fn mark(fields: &mut Fields<'_>, at: &str) -> Result<Option<Mark>, Fault> {
    let own = fields.take("prompt_cache_breakpoint").is_some();
    let Some(mut control) = fields.object("cache_control", at)? else {
        return Ok(own.then_some(Mark::Minutes));
    };
    let hour = control.string("ttl", at)?.as_deref() == Some("1h");
    Ok(Some(if hour { Mark::Hour } else { Mark::Minutes }))
}

/// Mistral's: a list of texts.
fn thinking<'a>(part: &mut Fields<'a>, at: &str) -> Result<Kind<'a>, Fault> {
    let at = format!("{at}/thinking");
    let texts = match part.take("thinking") {
        None => Vec::new(),
        Some(raw) => read_list(raw, &at)?,
    };
    let mut said = String::new();
    for (i, raw) in texts.into_iter().enumerate() {
        let at = format!("{at}/{i}");
        said.push_str(
            &Fields::read(raw, &at)?
                .string("text", &at)?
                .unwrap_or_default(),
        );
    }
    Ok(Kind::Thought(Thought {
        text: Some(Text::Said(said.into())),
        ..Thought::default()
    }))
}

fn image<'a>(part: &mut Fields<'a>, at: &str) -> Result<Kind<'a>, Fault> {
    let (source, detail) = url(part, "image_url", at)?;
    Ok(Kind::Media(Media {
        what: Medium::Image,
        source,
        name: None,
        detail: detail.filter(|detail| detail != "auto"),
    }))
}

/// A URL in an object, or some clients' bare string; and the detail beside it.
fn url<'a>(
    part: &mut Fields<'a>,
    name: &str,
    at: &str,
) -> Result<(Source<'a>, Option<Cow<'a, str>>), Fault> {
    let at = format!("{at}/{name}");
    let raw = part.take(name).ok_or_else(|| refuse(&*at, "is missing"))?;
    let (url, detail, at) = if raw.get().starts_with('"') {
        let url: Said<'a> = read_as(raw, &at, "a URL")?;
        (url.0, None, at)
    } else {
        let mut object = Fields::read(raw, &at)?;
        let url = object.need_string("url", &at)?;
        (url, object.string("detail", &at)?, format!("{at}/url"))
    };
    if media::is_data(&url) {
        let source = inline(&url).ok_or_else(|| refuse(&*at, "is no base64 data URL"))?;
        return Ok((source, detail));
    }
    let elsewhere = ["gs://", "s3://"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    if media::is_http(&url) || elsewhere {
        return Ok((Source::Url(url), detail));
    }
    Err(refuse(at, "must be an http or data URL"))
}

fn audio<'a>(part: &mut Fields<'a>, at: &str) -> Result<Kind<'a>, Fault> {
    let at = format!("{at}/input_audio");
    let object = part.object("input_audio", at.trim_end_matches("/input_audio"))?;
    let mut object = object.ok_or_else(|| refuse(&*at, "is missing"))?;
    let format = object.need_string("format", &at)?;
    Ok(Kind::Media(Media {
        what: Medium::Audio,
        source: Source::Base64 {
            media_type: format!("audio/{format}").into(),
            data: object.need_string("data", &at)?,
        },
        name: None,
        detail: None,
    }))
}

fn file<'a>(part: &mut Fields<'a>, at: &str) -> Result<Kind<'a>, Fault> {
    let object = part.object("file", at)?;
    let at = format!("{at}/file");
    let mut object = object.ok_or_else(|| refuse(&*at, "is missing"))?;
    let name = object
        .text("filename", &at)?
        .filter(|name| !name.is_blank());
    let source = match object.string("file_id", &at)? {
        Some(id) => Source::File(id),
        None => {
            let at = format!("{at}/file_data");
            let data = object.string("file_data", at.trim_end_matches("/file_data"))?;
            let data = data.ok_or_else(|| refuse(&*at, "is missing"))?;
            if media::is_http(&data) {
                Source::Url(data)
            } else {
                inline(&data)
                    .ok_or_else(|| refuse(at, "must be a base64 data URL, such as of a PDF"))?
            }
        }
    };
    Ok(Kind::Media(Media {
        what: Medium::Document,
        source,
        name,
        detail: None,
    }))
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
