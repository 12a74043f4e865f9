//! Citations: where a text is taken from.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::neutral::{Cite, Raw, fields::text, json, media};

/// Any citation: each type fills a few of these.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said<'a> {
    #[serde(borrow, rename = "type", deserialize_with = "text")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    url: Option<Cow<'a, str>>,
    /// Where a search result is from; often a URL.
    #[serde(borrow, deserialize_with = "text")]
    source: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    title: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    document_title: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "text")]
    cited_text: Option<Cow<'a, str>>,
}

/// One that was found on the web: the only kind that can be made from another dialect's words.
#[derive(Debug, Serialize)]
struct Web<'a> {
    r#type: &'static str,
    url: &'a str,
    title: Option<&'a str>,
    cited_text: &'a str,
    encrypted_index: &'static str,
}

/// Citations that can be read.
pub(super) fn all(list: Vec<Raw<'_>>) -> Vec<Cite<'_>> {
    list.into_iter().map(one).collect()
}

/// It holds for the whole text that has it.
pub(super) fn one(raw: Raw<'_>) -> Cite<'_> {
    let said: Said<'_> = serde_json::from_str(raw.get()).unwrap_or_default();
    let source = said.source.filter(|source| media::is_http(source));
    Cite {
        url: said.url.or(source),
        title: said.title.or(said.document_title),
        quote: said.cited_text,
        span: None,
        raw: Cow::Borrowed(raw),
    }
}

/// As a client is told it, if Anthropic has words for it.
pub(super) fn told(cite: Cite<'_>) -> Option<Cow<'_, RawValue>> {
    let said: Said<'_> = serde_json::from_str(cite.raw.get()).unwrap_or_default();
    // All of Anthropic's own kinds are named so.
    let own = said.kind.is_some_and(|kind| kind.ends_with("_location"));
    if own && json::is_object(cite.raw.get()) {
        return Some(cite.raw);
    }
    let web = Web {
        r#type: "web_search_result_location",
        url: cite.url.as_deref()?,
        title: cite.title.as_deref(),
        cited_text: cite.quote.as_deref().unwrap_or_default(),
        encrypted_index: "",
    };
    to_raw_value(&web).ok().map(Cow::Owned)
}
