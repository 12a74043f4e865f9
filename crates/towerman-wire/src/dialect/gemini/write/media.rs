//! Writes images, sounds and documents.

use std::borrow::Cow;

use towerman_core::Fault;

use super::{OTHER, Way};
use crate::{
    dialect::node::Object,
    neutral::{Media, Medium, Source, media::is_http},
};

/// Types, as the ends of URLs tell them.
const TYPES: [(&str, &str); 15] = [
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("heic", "image/heic"),
    ("heif", "image/heif"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("mp3", "audio/mp3"),
    ("wav", "audio/wav"),
    ("ogg", "audio/ogg"),
    ("mp4", "video/mp4"),
    ("mov", "video/mov"),
    ("webm", "video/webm"),
];

pub(super) fn media<'a>(
    media: Media<'a>,
    at: &str,
    way: &mut Way<'a, '_>,
) -> Result<Object<'a>, Fault> {
    if media.detail.is_some() {
        way.notes.dropped(at, OTHER)?;
    }
    let mut name = media.name;
    if name.is_some() && !way.own {
        way.notes.dropped(at, OTHER)?;
        name = None;
    }
    let (place, mut said, around) = match media.source {
        Source::Text(text) => {
            way.notes.mapped(at, "told as text");
            return Ok(Object::default().with("text", text));
        }
        Source::Base64 { media_type, data } => {
            let (said, around) = way.begin(&format!("{at}/inlineData"));
            let said = said.with("mimeType", media_type).with("data", data);
            ("inlineData", said, around)
        }
        Source::File(uri) | Source::Url(uri) if way.own => {
            let (said, around) = way.begin(&format!("{at}/fileData"));
            ("fileData", said.with("fileUri", uri), around)
        }
        Source::File(_) => {
            let why = "names a file that only one provider keeps";
            return Err(way.notes.refused(at, why));
        }
        Source::Url(url) => {
            let Some(media_type) = type_of(&url, media.what) else {
                let why = "must be base64, or an HTTP URL whose ending tells its type: Gemini \
                           wants to be told it";
                return Err(way.notes.refused(at, why));
            };
            let what = "sent by its URL, with the type that its ending tells";
            way.notes.mapped(at, what);
            let said = Object::default()
                .with("fileUri", url)
                .with("mimeType", media_type);
            ("fileData", said, Default::default())
        }
    };
    said.maybe("displayName", name);
    said.rest(around);
    Ok(Object::default().with(place, said))
}

/// The type of what lies behind a URL. Documents are mostly PDFs.
fn type_of(url: &str, what: Medium) -> Option<Cow<'static, str>> {
    if !is_http(url) {
        return None;
    }
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let ending = path.rsplit('/').next()?.rsplit_once('.');
    let known = ending.and_then(|(_, ending)| {
        let mut types = TYPES.iter();
        types.find(|(name, _)| ending.eq_ignore_ascii_case(name))
    });
    match known {
        Some((_, media_type)) => Some((*media_type).into()),
        None if what == Medium::Document => Some("application/pdf".into()),
        None => None,
    }
}
