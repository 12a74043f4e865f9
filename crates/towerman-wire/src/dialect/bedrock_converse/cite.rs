//! Citations: which sources a text rests on.

use std::borrow::Cow;

use serde::Deserialize;

use super::said::words;
use crate::{
    dialect::node::{Node, Object},
    neutral::{Cite, Raw, fields::Said, json, media::is_http},
};

/// What is known of a citation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Citation<'a> {
    #[serde(borrow)]
    title: Option<Said<'a>>,
    #[serde(borrow)]
    source: Option<Said<'a>>,
    #[serde(borrow, rename = "sourceContent")]
    quotes: Option<Raw<'a>>,
    #[serde(borrow)]
    location: Option<Raw<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Location<'a> {
    #[serde(borrow)]
    web: Option<Web<'a>>,
}

#[derive(Debug, Deserialize)]
struct Web<'a> {
    #[serde(borrow)]
    url: Said<'a>,
}

pub(super) fn read(raw: Raw<'_>) -> Option<Cite<'_>> {
    let said: Citation<'_> = serde_json::from_str(raw.get()).ok()?;
    let quotes: Option<Vec<Raw<'_>>> = said
        .quotes
        .and_then(|raw| serde_json::from_str(raw.get()).ok());
    let location = said.location;
    let location = location.and_then(|raw| serde_json::from_str::<Location<'_>>(raw.get()).ok());
    let web = location.and_then(|location| location.web);
    let source = said.source.map(|source| source.0);
    let source = source.filter(|source| is_http(source));
    Some(Cite {
        url: web.map(|web| web.url.0).or(source),
        title: said.title.map(|title| title.0),
        quote: quotes.and_then(|quotes| quotes.first().and_then(|raw| words(raw))),
        span: None,
        raw: Cow::Borrowed(raw),
    })
}

/// As a client is told it; nothing if it names nothing.
pub(super) fn told(cite: Cite<'_>) -> Option<Node<'_>> {
    if is_own(cite.raw.get()) && json::is_object(cite.raw.get()) {
        return Some(cite.raw.into());
    }
    let mut citation = Object::default();
    citation.maybe("title", cite.title);
    if let Some(quote) = cite.quote {
        let quote = Object::default().with("text", quote);
        citation.put("sourceContent", vec![quote.into()]);
    }
    if let Some(url) = cite.url {
        citation.put("source", url.clone());
        let web = Object::default().with("url", url);
        citation.put("location", Object::default().with("web", web));
    }
    (!citation.is_empty()).then(|| citation.into())
}

/// Only Converse's own have these.
fn is_own(raw: &str) -> bool {
    let said = serde_json::from_str::<Citation<'_>>(raw);
    said.is_ok_and(|said| said.quotes.is_some() || said.location.is_some())
}
