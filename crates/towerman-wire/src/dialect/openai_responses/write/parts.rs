//! Writes what messages and results of tools are made of.

use std::borrow::Cow;

use towerman_core::Fault;

use super::Way;
use crate::{
    dialect::node::{Node, Object},
    neutral::{Cite, Kind, Media, Medium, Part, Role, Source, Text, media},
};

/// Writes the content of a message: a text where it was one, or may be.
pub(super) fn content<'a>(
    role: Role,
    parts: Vec<Part<'a>>,
    way: &mut Way<'a, '_>,
) -> Result<Node<'a>, Fault> {
    if let [
        Part {
            kind: Kind::Text { text, cites },
            at,
            ..
        },
    ] = &*parts
    {
        let spelt_so = at.ends_with("/content") || &**at == "/input";
        if if way.own { spelt_so } else { cites.is_empty() } {
            let text = text.clone();
            for part in parts {
                way.lose(part.rest, &part.at)?;
            }
            return Ok(text.into());
        }
    }
    let parts = parts.into_iter().map(|one| part(role, one, way));
    Ok(parts.collect::<Result<Vec<_>, _>>()?.into())
}

/// Writes the output of a tool.
pub(super) fn output<'a>(
    parts: Vec<Part<'a>>,
    at: &str,
    way: &mut Way<'a, '_>,
) -> Result<Node<'a>, Fault> {
    if parts.is_empty() {
        let list = || Node::List(Vec::new());
        return Ok(if way.own { list() } else { "".into() });
    }
    if let [
        Part {
            kind: Kind::Text { text, .. },
            at: there,
            ..
        },
    ] = &*parts
        && (!way.own || there.strip_prefix(at) == Some("/output"))
    {
        let text = text.clone();
        for part in parts {
            way.lose(part.rest, &part.at)?;
        }
        return Ok(text.into());
    }
    let parts = parts.into_iter().map(|one| part(Role::User, one, way));
    Ok(parts.collect::<Result<Vec<_>, _>>()?.into())
}

fn part<'a>(role: Role, part: Part<'a>, way: &mut Way<'a, '_>) -> Result<Node<'a>, Fault> {
    let at = part.at;
    let mut object = match part.kind {
        Kind::Text { text, cites } if role == Role::Assistant => {
            let mut object = Object::new("output_text").with("text", text);
            let own = way.own;
            let cites = cites.into_iter().filter_map(|cite| annotation(cite, own));
            let cites: Vec<Node<'a>> = cites.collect();
            if !cites.is_empty() {
                object.put("annotations", cites);
            }
            object
        }
        Kind::Text { text, .. } => Object::new("input_text").with("text", text),
        Kind::Refusal(text) if role == Role::Assistant => {
            Object::new("refusal").with("refusal", text)
        }
        Kind::Refusal(text) => {
            way.notes.mapped(at.clone(), "said as a text");
            Object::new("input_text").with("text", text)
        }
        Kind::Media(_) if role == Role::Assistant => {
            let why = "stands in the assistant's turn, where this API takes text alone";
            return Err(way.notes.refused(at, why));
        }
        Kind::Media(media) => write_media(media, &at, way)?,
        Kind::Foreign { .. } => {
            let why = "is nothing that another API can take";
            return Err(way.notes.refused(at, why));
        }
        Kind::Call(_) | Kind::Result(_) | Kind::Thought(_) => {
            let why = "stands where only texts and media may";
            return Err(way.notes.refused(at, why));
        }
    };
    way.around(&at, &mut object);
    let rest = way.lose(part.rest, &at)?;
    object.rest(rest);
    Ok(object.into())
}

/// An annotation in this dialect's words, if it has any for it.
pub(in super::super) fn annotation<'a>(cite: Cite<'a>, own: bool) -> Option<Node<'a>> {
    if own {
        return Some(cite.raw.into());
    }
    let url = cite.url?;
    let (start, end) = cite.span.unwrap_or_default();
    let title = cite.title.unwrap_or_default();
    let object = Object::new("url_citation")
        .with("start_index", u64::from(start))
        .with("end_index", u64::from(end))
        .with("url", url)
        .with("title", title);
    Some(object.into())
}

fn write_media<'a>(media: Media<'a>, at: &str, way: &mut Way<'a, '_>) -> Result<Object<'a>, Fault> {
    if let (Source::File(_), false) = (&media.source, way.own) {
        return Err(way
            .notes
            .refused(at, "names a file that only one provider keeps"));
    }
    match media.what {
        Medium::Image => image(media, at, way),
        Medium::Document => document(media, at, way),
        Medium::Audio if way.own => Ok(audio(media.source)),
        Medium::Audio => Err(way
            .notes
            .refused(at, "is audio, which this API does not take")),
        Medium::Video => Err(way
            .notes
            .refused(at, "is a video, which this API does not take")),
    }
}

fn image<'a>(media: Media<'a>, at: &str, way: &mut Way<'a, '_>) -> Result<Object<'a>, Fault> {
    let mut object = Object::new("input_image");
    match media.source {
        Source::Base64 { media_type, data } => {
            object.put("image_url", data_url(&media_type, &data))
        }
        Source::Url(url) if way.own || media::is_http(&url) => object.put("image_url", url),
        Source::File(id) => object.put("file_id", id),
        Source::Url(_) | Source::Text(_) => {
            let why = "must be base64, or a URL that can be fetched over HTTP";
            return Err(way.notes.refused(at, why));
        }
    }
    match media.detail {
        Some(detail) if way.own || matches!(&*detail, "low" | "high" | "original") => {
            object.put("detail", detail);
        }
        Some(_) => way
            .notes
            .dropped(at, "dropped: this API knows no such detail")?,
        None => {}
    }
    if !way.own {
        // What this API wants said, it takes for granted elsewhere.
        object.put("detail", "auto");
    }
    Ok(object)
}

fn document<'a>(media: Media<'a>, at: &str, way: &mut Way<'a, '_>) -> Result<Object<'a>, Fault> {
    let mut object = Object::new("input_file");
    let mut name = media.name;
    match media.source {
        Source::Base64 { media_type, data } => {
            if name.is_none() && !way.own {
                way.notes
                    .mapped(at, "named document: this API wants a name");
                let kind = media_type.split('/').next_back().unwrap_or("pdf");
                name = Some(Text::Said(format!("document.{kind}").into()));
            }
            object.put("file_data", data_url(&media_type, &data));
        }
        Source::Url(url) if way.own || media::is_http(&url) => object.put("file_url", url),
        Source::Url(_) => {
            let why = "must be base64, or a URL that can be fetched over HTTP";
            return Err(way.notes.refused(at, why));
        }
        Source::File(id) => object.put("file_id", id),
        Source::Text(text) => {
            way.notes.mapped(at, "said as a text");
            return Ok(Object::new("input_text").with("text", text));
        }
    }
    object.maybe("filename", name);
    Ok(object)
}

fn audio(source: Source<'_>) -> Object<'_> {
    let (format, data) = match source {
        Source::Base64 { media_type, data } if media_type == "audio/wav" => ("wav", data),
        Source::Base64 { data, .. } => ("mp3", data),
        Source::Url(text) | Source::File(text) => ("mp3", text),
        Source::Text(text) => ("mp3", text.say()),
    };
    let inside = Object::default().with("data", data).with("format", format);
    Object::new("input_audio").with("input_audio", inside)
}

fn data_url(media_type: &str, data: &str) -> Cow<'static, str> {
    format!("data:{media_type};base64,{data}").into()
}
