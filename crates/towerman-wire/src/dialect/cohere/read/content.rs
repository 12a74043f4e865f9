//! What messages are made of.

use std::borrow::Cow;

use towerman_core::Fault;

use super::Reader;
use crate::neutral::{
    Fields, Kind, Media, Medium, Part, Raw, Rest, Source, Text, Thought,
    fields::{compact, read as read_as},
    media, refuse,
};

impl<'a> Reader<'a> {
    /// The content of the message at `at`. What says nothing is only kept as it was spelt.
    pub(super) fn content(
        &mut self,
        message: &mut Fields<'a>,
        at: &str,
    ) -> Result<Vec<Part<'a>>, Fault> {
        let Some(raw) = message.take("content") else {
            return Ok(Vec::new());
        };
        let at = format!("{at}/content");
        let parts = if raw.get().starts_with('"') {
            vec![text(Text::read(raw, &at)?, Rest::default(), at.clone())]
        } else {
            let list: Vec<Raw<'a>> = read_as(raw, &at, "a string or an array")?;
            let numbered = list.into_iter().enumerate();
            let parts = numbered.map(|(i, raw)| self.piece(raw, format!("{at}/{i}")));
            parts.collect::<Result<Vec<_>, _>>()?
        };
        let empty = |part: &Part<'_>| match &part.kind {
            Kind::Text { text, .. } => text.is_empty() && part.rest.0.is_empty(),
            _ => false,
        };
        if parts.iter().all(empty) {
            self.spelt(&at, Rest(vec![("content".into(), raw)]));
            return Ok(Vec::new());
        }
        Ok(parts)
    }

    fn piece(&mut self, raw: Raw<'a>, at: String) -> Result<Part<'a>, Fault> {
        let mut piece = Fields::read(raw, &at)?;
        let kind = piece.need_string("type", &at)?;
        let kind = match &*kind {
            "text" => {
                let said = piece.need_text("text", &at)?;
                return Ok(text(said, piece.rest(), at));
            }
            "thinking" => {
                let said = piece.need_text("thinking", &at)?;
                return Ok(thought(said, piece.rest(), at));
            }
            "image_url" => image(&mut piece, &at)?,
            "document" => document(
                piece.need("document", &at, "a document")?,
                &format!("{at}/document"),
            )?,
            _ => {
                let at = format!("{at}/type");
                return Err(refuse(at, "is no kind of content that this API knows"));
            }
        };
        if matches!(kind, Kind::Media(_)) {
            let members = Fields::read(raw, &at)?;
            self.spelt(&at, members.rest());
        }
        Ok(part(kind, Rest::default(), at))
    }
}

pub(super) fn part<'a>(kind: Kind<'a>, rest: Rest<'a>, at: String) -> Part<'a> {
    Part {
        at: at.into(),
        rest,
        ..Part::of(kind)
    }
}

pub(super) fn text<'a>(text: Text<'a>, rest: Rest<'a>, at: String) -> Part<'a> {
    let cites = Vec::new();
    part(Kind::Text { text, cites }, rest, at)
}

pub(super) fn thought<'a>(text: Text<'a>, rest: Rest<'a>, at: String) -> Part<'a> {
    let thought = Thought {
        text: Some(text),
        ..Thought::default()
    };
    part(Kind::Thought(thought), rest, at)
}

fn image<'a>(piece: &mut Fields<'a>, at: &str) -> Result<Kind<'a>, Fault> {
    let inside = format!("{at}/image_url");
    let image = piece.object("image_url", at)?;
    let mut image = image.ok_or_else(|| refuse(&*inside, "is missing"))?;
    let at = inside;
    let url = image.need_string("url", &at)?;
    let source = if media::is_data(&url) {
        let found = media::base64(&url).map(|(media_type, data)| Source::Base64 {
            media_type: media_type.into_owned().into(),
            data: data.to_owned().into(),
        });
        found.ok_or_else(|| refuse(format!("{at}/url"), "is no data URL of base64"))?
    } else if media::is_http(&url) {
        Source::Url(url)
    } else {
        let why = "must be an http or data URL";
        return Err(refuse(format!("{at}/url"), why));
    };
    Ok(Kind::Media(Media {
        what: Medium::Image,
        source,
        name: None,
        detail: image
            .string("detail", &at)?
            .filter(|detail| detail != "auto"),
    }))
}

/// A document: a text, or what is known of something, by name. Models are told all of it.
pub(super) fn document<'a>(raw: Raw<'a>, at: &str) -> Result<Kind<'a>, Fault> {
    let (text, name) = if raw.get().starts_with('"') {
        (Text::read(raw, at)?, None)
    } else {
        let mut document = Fields::read(raw, at)?;
        let data: Raw<'a> = document.need("data", at, "an object")?;
        let at = format!("{at}/data");
        if data.get().starts_with('"') {
            (Text::read(data, &at)?, None)
        } else {
            known(data, &at)?
        }
    };
    Ok(Kind::Media(Media {
        what: Medium::Document,
        source: Source::Text(text),
        name,
        detail: None,
    }))
}

fn known<'a>(data: Raw<'a>, at: &str) -> Result<(Text<'a>, Option<Text<'a>>), Fault> {
    let mut fields = Fields::read(data, at)?;
    let string = |raw: Option<Raw<'a>>| raw.filter(|raw| raw.get().starts_with('"'));
    let (text, title) = (string(fields.take("text")), string(fields.take("title")));
    Ok(match text {
        Some(text) if fields.members().is_empty() => (Text::Spelt(text), title.map(Text::Spelt)),
        _ => (
            Text::Said(Cow::Owned(compact(data))),
            title.map(Text::Spelt),
        ),
    })
}
