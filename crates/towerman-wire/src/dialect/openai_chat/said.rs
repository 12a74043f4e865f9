//! What answers, whole or in pieces, have in common.
//!
//! Whatever is not the answer itself is read for itself: a host's odd ornament must not cost the
//! words beside it.

use std::borrow::Cow;

use serde::Deserialize;
use towerman_core::{Fault, Finish};

use crate::{
    neutral::{Cite, Maker, Media, Medium, Raw, Seal, Sealed, Source, fields::Said, media},
    translate::trouble,
};

/// Reasoning as OpenRouter and its like tell it, whose seals it carries.
#[derive(Debug, Deserialize)]
pub(super) struct Detail<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    text: Option<Said<'a>>,
    #[serde(borrow, default)]
    summary: Option<Said<'a>>,
    #[serde(borrow, default)]
    signature: Option<Said<'a>>,
    #[serde(borrow, default)]
    data: Option<Said<'a>>,
    #[serde(borrow, default)]
    id: Option<Said<'a>>,
}

/// What a detail says: its text, and then its seal.
#[derive(Debug, Default)]
pub(super) struct Detailed<'a> {
    pub(super) text: Option<Cow<'a, str>>,
    pub(super) summary: bool,
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) seal: Option<Seal<'a>>,
}

/// Where Gemini's own door for this dialect keeps signatures.
#[derive(Debug, Deserialize)]
struct Extra<'a> {
    #[serde(borrow, default)]
    google: Option<Google<'a>>,
}

#[derive(Debug, Deserialize)]
struct Google<'a> {
    #[serde(borrow, default)]
    thought_signature: Option<Said<'a>>,
}

#[derive(Debug, Deserialize)]
struct Image<'a> {
    #[serde(borrow)]
    image_url: ImageUrl<'a>,
}

#[derive(Debug, Deserialize)]
struct ImageUrl<'a> {
    #[serde(borrow)]
    url: Cow<'a, str>,
}

#[derive(Debug, Deserialize)]
struct Annotation<'a> {
    #[serde(borrow, default)]
    url_citation: Option<Citation<'a>>,
}

#[derive(Debug, Deserialize)]
struct Citation<'a> {
    #[serde(borrow, default)]
    url: Option<Said<'a>>,
    #[serde(borrow, default)]
    title: Option<Said<'a>>,
    #[serde(default)]
    start_index: Option<u32>,
    #[serde(default)]
    end_index: Option<u32>,
}

/// A part of content that is a list.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    Text(Cow<'a, str>),
    Thought(Cow<'a, str>),
}

/// The elements of a list that are what they should be.
fn list<'a, T: Deserialize<'a>>(raw: Option<Raw<'a>>) -> impl Iterator<Item = T> {
    let all: Option<Vec<Raw<'a>>> = raw.and_then(|raw| serde_json::from_str(raw.get()).ok());
    let each = all.into_iter().flatten();
    each.filter_map(|raw| serde_json::from_str(raw.get()).ok())
}

pub(super) fn details(raw: Option<Raw<'_>>) -> impl Iterator<Item = Detailed<'_>> {
    list(raw).map(Detail::say)
}

pub(super) fn images(raw: Option<Raw<'_>>) -> impl Iterator<Item = Media<'_>> {
    list(raw).filter_map(|image: Image<'_>| picture(image.image_url.url))
}

pub(super) fn cites(raw: Option<Raw<'_>>) -> impl Iterator<Item = Cite<'_>> {
    list(raw).filter_map(cite)
}

/// The signature beside a call or an answer.
pub(super) fn signature(raw: Option<Raw<'_>>) -> Option<Seal<'_>> {
    let extra: Extra<'_> = serde_json::from_str(raw?.get()).ok()?;
    let Said(data) = extra.google?.thought_signature?;
    (!data.is_empty()).then(|| Seal::read(Maker::Gemini, Sealed::Signature, data))
}

/// Seconds since the epoch; some hosts say more precisely than that.
pub(super) fn seconds(raw: Option<Raw<'_>>) -> Option<u64> {
    raw?.get().split('.').next()?.parse().ok()
}

/// A string that says something.
pub(super) fn words(raw: Option<Raw<'_>>) -> Option<Cow<'_, str>> {
    let Said(text) = serde_json::from_str(raw?.get()).ok()?;
    (!text.is_empty()).then_some(text)
}

/// Arguments, or a piece of them: a string. Some clones send the object itself.
pub(super) fn fragment(raw: Option<Raw<'_>>) -> Option<Cow<'_, str>> {
    match raw.map(|raw| (raw, raw.get().as_bytes().first())) {
        None => Some(Cow::Borrowed("")),
        Some((raw, Some(b'"'))) => Some(serde_json::from_str::<Said<'_>>(raw.get()).ok()?.0),
        Some((raw, _)) if raw.get() == "null" => Some(Cow::Borrowed("")),
        Some((raw, _)) => Some(Cow::Borrowed(raw.get())),
    }
}

/// Content is a string; some hosts send parts, thoughts among them.
pub(super) fn pieces(content: Raw<'_>) -> Result<Vec<Piece<'_>>, Fault> {
    #[derive(Deserialize)]
    struct Chunk<'a> {
        #[serde(borrow, default)]
        text: Option<Said<'a>>,
        #[serde(borrow, default)]
        thinking: Option<Raw<'a>>,
    }
    let nonsense = |error| trouble::nonsense().because(error);
    if content.get().starts_with('"') {
        let Said(text) = serde_json::from_str(content.get()).map_err(nonsense)?;
        return Ok(vec![Piece::Text(text)]);
    }
    let chunks: Option<Vec<Chunk<'_>>> = serde_json::from_str(content.get()).map_err(nonsense)?;
    let mut pieces = Vec::new();
    for Chunk { text, thinking } in chunks.unwrap_or_default() {
        if thinking.is_some() {
            let said = list(thinking).filter_map(|chunk: Chunk<'_>| Some(chunk.text?.0));
            pieces.push(Piece::Thought(said.collect::<String>().into()));
        }
        pieces.extend(text.map(|said| Piece::Text(said.0)));
    }
    Ok(pieces)
}

/// Whether a reason to stop says that the answer failed.
pub(super) fn is_failure(reason: &str) -> bool {
    matches!(reason, "error" | "insufficient_system_resource")
}

/// Why it stopped. A forced call ends with `stop`: that there are calls decides.
pub(super) fn finish(reason: &str, called: bool, refused: bool) -> Finish {
    match reason {
        "length" | "model_length" => Finish::Length,
        "content_filter" => Finish::ContentFilter,
        _ if refused => Finish::ContentFilter,
        _ if called => Finish::ToolCalls,
        _ => Finish::Stop,
    }
}

fn picture(url: Cow<'_, str>) -> Option<Media<'_>> {
    let source = if media::is_data(&url) {
        let (media_type, data) = media::base64(&url)?;
        Source::Base64 {
            media_type: media_type.into_owned().into(),
            data: data.to_owned().into(),
        }
    } else {
        Source::Url(url)
    };
    Some(Media {
        what: Medium::Image,
        source,
        name: None,
        detail: None,
    })
}

fn cite(raw: Raw<'_>) -> Option<Cite<'_>> {
    let said: Annotation<'_> = serde_json::from_str(raw.get()).ok()?;
    let Citation {
        url,
        title,
        start_index,
        end_index,
    } = said.url_citation?;
    Some(Cite {
        url: url.map(|said| said.0),
        title: title.map(|said| said.0),
        quote: None,
        span: start_index.zip(end_index),
        raw: Cow::Borrowed(raw),
    })
}

// === impl Detail ===

impl<'a> Detail<'a> {
    fn say(self) -> Detailed<'a> {
        let full = |said: Option<Said<'a>>| said.map(|said| said.0).filter(|said| !said.is_empty());
        let seal = |kind, data: Option<Said<'a>>| {
            full(data).map(|data| Seal::read(Maker::Chat, kind, data))
        };
        match &*self.kind {
            "reasoning.encrypted" => Detailed {
                id: full(self.id),
                seal: seal(Sealed::Encrypted, self.data),
                ..Detailed::default()
            },
            "reasoning.summary" => Detailed {
                text: full(self.summary),
                summary: true,
                ..Detailed::default()
            },
            _ => Detailed {
                text: full(self.text),
                seal: seal(Sealed::Signature, self.signature),
                ..Detailed::default()
            },
        }
    }
}
