//! Where statements are taken from.

use std::borrow::Cow;

use serde::Deserialize;

use super::said::{Candidate, number, object, objects, text};
use crate::{
    dialect::node::{Node, Object},
    neutral::{Cite, Raw},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Grounding<'a> {
    #[serde(borrow, rename = "groundingChunks")]
    chunks: Option<Raw<'a>>,
    #[serde(borrow, rename = "groundingSupports")]
    supports: Option<Raw<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Source<'a> {
    #[serde(borrow)]
    web: Option<Raw<'a>>,
    #[serde(borrow, rename = "retrievedContext")]
    context: Option<Raw<'a>>,
    #[serde(borrow)]
    maps: Option<Raw<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Page<'a> {
    #[serde(borrow)]
    uri: Option<Raw<'a>>,
    #[serde(borrow)]
    title: Option<Raw<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Support<'a> {
    #[serde(borrow)]
    segment: Option<Raw<'a>>,
    #[serde(borrow, rename = "groundingChunkIndices")]
    of: Option<Raw<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Segment<'a> {
    #[serde(borrow)]
    text: Option<Raw<'a>>,
}

/// Vertex and the Gemini API name the list differently.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Citations<'a> {
    #[serde(borrow, rename = "citationSources")]
    sources: Option<Raw<'a>>,
    #[serde(borrow)]
    citations: Option<Raw<'a>>,
}

/// What a candidate cites, as far as it says where that is found. Where in the text a statement
/// stands is told in bytes of what was said before, which nobody keeps; the words are told, too.
pub(super) fn all<'a>(candidate: &Candidate<'a>) -> Vec<Cite<'a>> {
    let mut cites = Vec::new();
    if let Some(grounding) = object::<Grounding<'a>>(candidate.grounding) {
        grounded(&grounding, &mut cites);
    }
    if let Some(said) = object::<Citations<'a>>(candidate.citations) {
        for raw in raws(said.sources.or(said.citations)) {
            cites.extend(object(Some(raw)).and_then(|page| cite(&page, None, raw)));
        }
    }
    cites
}

fn grounded<'a>(grounding: &Grounding<'a>, cites: &mut Vec<Cite<'a>>) {
    let supports: Vec<Support<'a>> = objects(grounding.supports);
    for (i, raw) in raws(grounding.chunks).into_iter().enumerate() {
        let Some(source) = object::<Source<'a>>(Some(raw)) else {
            continue;
        };
        let page = source.web.or(source.context).or(source.maps);
        let Some(page) = object::<Page<'a>>(page) else {
            continue;
        };
        let mut quoted = false;
        for support in &supports {
            let of: Vec<usize> = number(support.of).unwrap_or_default();
            if of.contains(&i) {
                let segment: Segment<'a> = object(support.segment).unwrap_or_default();
                cites.extend(cite(&page, text(segment.text), raw));
                quoted = true;
            }
        }
        if !quoted {
            cites.extend(cite(&page, None, raw));
        }
    }
}

fn raws(raw: Option<Raw<'_>>) -> Vec<Raw<'_>> {
    number(raw).unwrap_or_default()
}

fn cite<'a>(page: &Page<'a>, quote: Option<Cow<'a, str>>, raw: Raw<'a>) -> Option<Cite<'a>> {
    Some(Cite {
        url: Some(text(page.uri)?),
        title: text(page.title),
        quote,
        span: None,
        raw: Cow::Borrowed(raw),
    })
}

/// `groundingMetadata`, if there is anything to tell.
pub(super) fn write<'a>(cites: impl IntoIterator<Item = Cite<'a>>) -> Option<Object<'a>> {
    let (mut chunks, mut supports) = (Vec::<Node<'a>>::new(), Vec::<Node<'a>>::new());
    for cite in cites {
        let Some(url) = cite.url else {
            continue;
        };
        let mut web = Object::default().with("uri", url);
        web.maybe("title", cite.title);
        if let Some(quote) = cite.quote {
            let segment = Object::default().with("text", quote);
            let of = vec![Node::from(chunks.len())];
            let support = Object::default()
                .with("segment", segment)
                .with("groundingChunkIndices", of);
            supports.push(support.into());
        }
        chunks.push(Object::default().with("web", web).into());
    }
    if chunks.is_empty() {
        return None;
    }
    let mut grounding = Object::default().with("groundingChunks", chunks);
    if !supports.is_empty() {
        grounding.put("groundingSupports", supports);
    }
    Some(grounding)
}
