//! Citations: which documents and tools a text rests on.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    dialect::node::{Node, Object},
    neutral::{Cite, Raw, fields::Said, json, media},
};

#[derive(Debug, Default, Deserialize)]
struct Citation<'a> {
    #[serde(default)]
    start: Option<u32>,
    #[serde(default)]
    end: Option<u32>,
    #[serde(borrow, default)]
    sources: Option<Vec<Raw<'a>>>,
    /// Which piece of content it is about; the only text there is, if it does not say.
    #[serde(default)]
    content_index: Option<u32>,
    /// `TEXT_CONTENT`; plans and thoughts are cited for, too.
    #[serde(borrow, default, rename = "type")]
    kind: Option<Said<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Source<'a> {
    #[serde(borrow, default)]
    id: Option<Said<'a>>,
    #[serde(borrow, default)]
    document: Option<Raw<'a>>,
    #[serde(borrow, default)]
    tool_output: Option<Raw<'a>>,
}

/// What documents and results of tools have, if they say where they are from.
#[derive(Debug, Default, Deserialize)]
struct Origin<'a> {
    #[serde(borrow, default)]
    url: Option<Raw<'a>>,
    #[serde(borrow, default)]
    title: Option<Raw<'a>>,
}

type Named<'a> = Option<Cow<'a, str>>;

/// What is cited, and for which piece of content. Nothing if it is no citation of a text.
pub(super) fn read(raw: Raw<'_>) -> Option<(Option<u32>, Cite<'_>)> {
    let said: Citation<'_> = serde_json::from_str(raw.get()).ok()?;
    if said.kind.is_some_and(|kind| kind.0 != "TEXT_CONTENT") {
        return None;
    }
    let sources = said.sources.unwrap_or_default();
    let (urls, titles): (Vec<_>, Vec<_>) = sources.into_iter().filter_map(origin).unzip();
    let (url, title) = (
        urls.into_iter().flatten().next(),
        titles.into_iter().flatten().next(),
    );
    let cite = Cite {
        url,
        title,
        quote: None,
        span: said.start.zip(said.end),
        raw: Cow::Borrowed(raw),
    };
    Some((said.content_index, cite))
}

/// The address and the title of a source, as far as it has them.
fn origin(raw: Raw<'_>) -> Option<(Named<'_>, Named<'_>)> {
    let source: Source<'_> = serde_json::from_str(raw.get()).ok()?;
    let origin = source.document.or(source.tool_output);
    let origin = origin.and_then(|raw| serde_json::from_str::<Origin<'_>>(raw.get()).ok());
    let origin = origin.unwrap_or_default();
    // Who gives documents their ids often gives them addresses.
    let urls = [words(origin.url), source.id.map(|id| id.0)];
    let url = urls.into_iter().flatten().find(|url| media::is_http(url));
    Some((url, words(origin.title)))
}

/// A string that says something.
fn words(raw: Option<Raw<'_>>) -> Named<'_> {
    let Said(text) = serde_json::from_str(raw?.get()).ok()?;
    (!text.is_empty()).then_some(text)
}

/// As a client is told it, for the piece of content at `index`; nothing if it names no source.
pub(super) fn told<'a>(cite: Cite<'a>, index: u32, text: Option<&str>) -> Option<Node<'a>> {
    if is_own(&cite.raw) && json::is_object(cite.raw.get()) {
        return Some(cite.raw.into());
    }
    let url = cite.url?;
    let mut document = Object::default();
    document.maybe("title", cite.title);
    document.put("url", url.clone());
    let source = Object::new("document")
        .with("id", url)
        .with("document", document);
    let (start, end) = cite.span.unwrap_or_default();
    let words = text.and_then(|text| between(text, start, end));
    let words = words.map_or_else(|| cite.quote.unwrap_or_default(), Cow::Owned);
    let citation = Object::default()
        .with("start", u64::from(start))
        .with("end", u64::from(end))
        .with("text", words)
        .with("sources", vec![source.into()])
        .with("content_index", u64::from(index))
        .with("type", "TEXT_CONTENT");
    Some(citation.into())
}

/// All of Cohere's own list their sources.
fn is_own(raw: &RawValue) -> bool {
    serde_json::from_str::<Citation<'_>>(raw.get()).is_ok_and(|said| said.sources.is_some())
}

/// Characters of a text, from the first to one past the last.
fn between(text: &str, start: u32, end: u32) -> Option<String> {
    let (start, end) = (usize::try_from(start).ok()?, usize::try_from(end).ok()?);
    let length = end.checked_sub(start).filter(|length| *length > 0)?;
    Some(text.chars().skip(start).take(length).collect())
}
