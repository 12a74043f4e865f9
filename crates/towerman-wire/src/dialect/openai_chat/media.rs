//! Images, audio and files that a client shows.

use std::borrow::Cow;

use towerman_core::Fault;

use crate::neutral::{
    Around, Fields, Kind, Media, Medium, Rest, Source,
    fields::{Said, read as read_as},
    media, refuse,
};

/// Where that stands which another dialect may not be able to say.
pub(super) fn place_of(kind: &Kind<'_>, at: &str) -> Box<str> {
    let Kind::Media(media) = kind else {
        return at.into();
    };
    match (media.what, &media.source) {
        (_, Source::File(_)) => format!("{at}/file/file_id").into(),
        (Medium::Image, _) => format!("{at}/image_url").into(),
        _ => at.into(),
    }
}

pub(super) fn image<'a>(
    part: &mut Fields<'a>,
    at: &str,
    around: &mut Vec<Around<'a>>,
) -> Result<Kind<'a>, Fault> {
    let (source, detail) = url(part, "image_url", at, around)?;
    Ok(Kind::Media(Media {
        what: Medium::Image,
        source,
        name: None,
        detail: detail.filter(|detail| detail != "auto"),
    }))
}

pub(super) fn video<'a>(
    part: &mut Fields<'a>,
    at: &str,
    around: &mut Vec<Around<'a>>,
) -> Result<Kind<'a>, Fault> {
    Ok(Kind::Media(Media {
        what: Medium::Video,
        source: url(part, "video_url", at, around)?.0,
        name: None,
        detail: None,
    }))
}

pub(super) fn document<'a>(
    part: &mut Fields<'a>,
    at: &str,
    around: &mut Vec<Around<'a>>,
) -> Result<Kind<'a>, Fault> {
    Ok(Kind::Media(Media {
        what: Medium::Document,
        source: url(part, "document_url", at, around)?.0,
        name: part.text("document_name", at)?,
        detail: None,
    }))
}

/// What another dialect loses of the object at `at`.
fn lose<'a>(object: Fields<'a>, at: &str, around: &mut Vec<Around<'a>>) {
    around.push(Around {
        at: at.into(),
        own: Rest::default(),
        rest: object.rest(),
    });
}

/// A URL in an object, or some clients' bare string; and the detail beside it.
fn url<'a>(
    part: &mut Fields<'a>,
    name: &str,
    at: &str,
    around: &mut Vec<Around<'a>>,
) -> Result<(Source<'a>, Option<Cow<'a, str>>), Fault> {
    let at = format!("{at}/{name}");
    let raw = part.take(name).ok_or_else(|| refuse(&*at, "is missing"))?;
    let (url, detail, at) = if raw.get().starts_with('"') {
        let url: Said<'a> = read_as(raw, &at, "a URL")?;
        (url.0, None, at)
    } else {
        let mut object = Fields::read(raw, &at)?;
        let url = object.need_string("url", &at)?;
        let detail = object.string("detail", &at)?;
        lose(object, &at, around);
        (url, detail, format!("{at}/url"))
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

pub(super) fn audio<'a>(
    part: &mut Fields<'a>,
    at: &str,
    around: &mut Vec<Around<'a>>,
) -> Result<Kind<'a>, Fault> {
    let object = part.object("input_audio", at)?;
    let at = format!("{at}/input_audio");
    let mut object = object.ok_or_else(|| refuse(&*at, "is missing"))?;
    let format = object.need_string("format", &at)?;
    let data = object.need_string("data", &at)?;
    lose(object, &at, around);
    let media_type = match &*format {
        "mp3" => "audio/mpeg".into(),
        other => format!("audio/{other}").into(),
    };
    Ok(Kind::Media(Media {
        what: Medium::Audio,
        source: Source::Base64 { media_type, data },
        name: None,
        detail: None,
    }))
}

pub(super) fn file<'a>(
    part: &mut Fields<'a>,
    at: &str,
    around: &mut Vec<Around<'a>>,
) -> Result<Kind<'a>, Fault> {
    let object = part.object("file", at)?;
    let at = format!("{at}/file");
    let mut object = object.ok_or_else(|| refuse(&*at, "is missing"))?;
    let name = object
        .text("filename", &at)?
        .filter(|name| !name.is_blank());
    let source = match object.string("file_id", &at)? {
        Some(id) => Source::File(id),
        None => {
            let data = object.need_string("file_data", &at)?;
            let at = format!("{at}/file_data");
            if media::is_http(&data) {
                Source::Url(data)
            } else {
                inline(&data)
                    .ok_or_else(|| refuse(at, "must be a base64 data URL, such as of a PDF"))?
            }
        }
    };
    lose(object, &at, around);
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
