//! Reads what messages and results of tools are made of.

use std::borrow::Cow;

use towerman_core::Fault;

use crate::neutral::{
    Around, Cite, Fields, Kind, Mark, Media, Medium, Part, Raw, Rest, Source, fields, media, refuse,
};

/// Takes the members of `names` out, as they were spelt.
pub(super) fn own<'a>(fields: &mut Fields<'a>, names: &[&'static str]) -> Rest<'a> {
    let taken = names
        .iter()
        .filter_map(|name| Some(((*name).into(), fields.take(name)?)));
    Rest(taken.collect())
}

/// Keeps members for whoever writes the same dialect again.
pub(super) fn keep<'a>(around: &mut Vec<Around<'a>>, at: &str, own: Rest<'a>, rest: Rest<'a>) {
    if !own.0.is_empty() || !rest.0.is_empty() {
        let at = at.into();
        around.push(Around { at, own, rest });
    }
}

/// Reads a `content` or `output`: a text, or a list of parts.
pub(super) fn content<'a>(
    raw: Raw<'a>,
    at: &str,
    around: &mut Vec<Around<'a>>,
) -> Result<Vec<Part<'a>>, Fault> {
    if raw.get().starts_with('"') {
        let text = fields::Text::read(raw, at)?;
        let cites = Vec::new();
        return Ok(vec![placed(Kind::Text { text, cites }, at)]);
    }
    let list: Vec<Raw<'a>> = fields::read(raw, at, "a string or an array")?;
    let parts = list.into_iter().enumerate();
    parts
        .map(|(i, raw)| part(raw, &format!("{at}/{i}"), around))
        .collect()
}

pub(super) fn placed<'a>(kind: Kind<'a>, at: &str) -> Part<'a> {
    Part {
        at: at.into(),
        ..Part::of(kind)
    }
}

fn part<'a>(raw: Raw<'a>, at: &str, around: &mut Vec<Around<'a>>) -> Result<Part<'a>, Fault> {
    let mut fields = Fields::read(raw, at)?;
    let kind = fields.need_string("type", at)?;
    let mut spelt = Rest::default();
    let kind = match &*kind {
        "input_text" | "output_text" | "text" => {
            let text = fields.need_text("text", at)?;
            let (cites, empty) = annotations(&mut fields, at)?;
            spelt.0.extend(empty.0);
            spelt.0.extend(own(&mut fields, &["logprobs"]).0);
            Kind::Text { text, cites }
        }
        "refusal" => Kind::Refusal(fields.need_text("refusal", at)?),
        "input_image" => image(&mut fields, at, &mut spelt)?,
        "input_file" => file(&mut fields, at)?,
        "input_audio" => audio(&mut fields, at)?,
        _ => {
            let at = format!("{at}/type");
            return Err(refuse(at, "is no type of content that this API knows"));
        }
    };
    let mut part = placed(kind, at);
    if let Some(mark) = fields.take("prompt_cache_breakpoint") {
        part.mark = Some(lifetime(mark));
        spelt.0.push(("prompt_cache_breakpoint".into(), mark));
    }
    keep(around, at, spelt, Rest::default());
    part.rest = fields.rest();
    Ok(part)
}

fn lifetime(raw: Raw<'_>) -> Mark {
    let mut fields = Fields::read(raw, "").ok();
    let ttl = fields.as_mut().and_then(|fields| fields.take("ttl"));
    match ttl.map(|ttl| ttl.get()) {
        Some("\"12h\"") => Mark::Hour,
        _ => Mark::Minutes,
    }
}

/// The annotations of a text; and the list itself if there is none in it.
fn annotations<'a>(fields: &mut Fields<'a>, at: &str) -> Result<(Vec<Cite<'a>>, Rest<'a>), Fault> {
    let Some(raw) = fields.take("annotations") else {
        return Ok((Vec::new(), Rest::default()));
    };
    let list: Vec<Raw<'a>> = fields::read(raw, &format!("{at}/annotations"), "an array")?;
    let empty = list.is_empty().then(|| ("annotations".into(), raw));
    let cites = list.into_iter().map(cite).collect();
    Ok((cites, Rest(empty.into_iter().collect())))
}

/// Reads an annotation; what it does not say is absent.
pub(in super::super) fn cite(raw: Raw<'_>) -> Cite<'_> {
    let Ok(mut fields) = Fields::read(raw, "") else {
        return Cite {
            url: None,
            title: None,
            quote: None,
            span: None,
            raw: Cow::Borrowed(raw),
        };
    };
    let mut text = |name| fields.string(name, "").ok().flatten();
    let (url, title, file) = (text("url"), text("title"), text("filename"));
    let mut number = |name| fields.get::<u32>(name, "", "a number").ok().flatten();
    Cite {
        url,
        title: title.or(file),
        quote: None,
        span: number("start_index").zip(number("end_index")),
        raw: Cow::Borrowed(raw),
    }
}

fn image<'a>(fields: &mut Fields<'a>, at: &str, spelt: &mut Rest<'a>) -> Result<Kind<'a>, Fault> {
    let source = if let Some(url) = fields.string("image_url", at)? {
        match url_source(url) {
            Source::Url(url) if !media::is_http(&url) => {
                let at = format!("{at}/image_url");
                return Err(refuse(at, "must be an http URL or a base64 data URL"));
            }
            source => source,
        }
    } else if let Some(id) = fields.string("file_id", at)? {
        Source::File(id)
    } else {
        return Err(refuse(format!("{at}/image_url"), "is missing"));
    };
    let raw = fields.take("detail");
    let detail: Option<fields::Said<'a>> = raw
        .map(|raw| fields::read(raw, &format!("{at}/detail"), "a string"))
        .transpose()?;
    let detail = detail.map(|detail| detail.0);
    if let (Some("auto"), Some(raw)) = (detail.as_deref(), raw) {
        spelt.0.push(("detail".into(), raw));
    }
    Ok(Kind::Media(Media {
        what: Medium::Image,
        source,
        name: None,
        detail: detail.filter(|detail| detail != "auto"),
    }))
}

fn file<'a>(fields: &mut Fields<'a>, at: &str) -> Result<Kind<'a>, Fault> {
    let source = if let Some(data) = fields.string("file_data", at)? {
        match url_source(data) {
            // Some clients leave the head of the data URL out.
            Source::Url(data) if !media::is_data(&data) => Source::Base64 {
                media_type: "application/pdf".into(),
                data,
            },
            Source::Url(_) => {
                return Err(refuse(format!("{at}/file_data"), "is no base64 data URL"));
            }
            source => source,
        }
    } else if let Some(url) = fields.string("file_url", at)? {
        Source::Url(url)
    } else if let Some(id) = fields.string("file_id", at)? {
        Source::File(id)
    } else {
        return Err(refuse(format!("{at}/file_data"), "is missing"));
    };
    Ok(Kind::Media(Media {
        what: Medium::Document,
        source,
        name: fields.text("filename", at)?,
        detail: None,
    }))
}

fn audio<'a>(fields: &mut Fields<'a>, at: &str) -> Result<Kind<'a>, Fault> {
    let inside = format!("{at}/input_audio");
    let audio = fields.object("input_audio", at)?;
    let mut audio = audio.ok_or_else(|| refuse(&*inside, "is missing"))?;
    let media_type = match &*audio.need_string("format", &inside)? {
        "wav" => "audio/wav",
        "mp3" => "audio/mpeg",
        _ => return Err(refuse(format!("{inside}/format"), "must be wav or mp3")),
    };
    Ok(Kind::Media(Media {
        what: Medium::Audio,
        source: Source::Base64 {
            media_type: media_type.into(),
            data: audio.need_string("data", &inside)?,
        },
        name: None,
        detail: None,
    }))
}

/// What a URL holds itself, or where it points.
fn url_source(url: Cow<'_, str>) -> Source<'_> {
    match url {
        Cow::Borrowed(url) => match media::base64(url) {
            Some((media_type, data)) => Source::Base64 {
                media_type,
                data: data.into(),
            },
            None => Source::Url(url.into()),
        },
        Cow::Owned(url) => match media::base64(&url) {
            Some((media_type, data)) => Source::Base64 {
                media_type: media_type.into_owned().into(),
                data: data.to_owned().into(),
            },
            None => Source::Url(url.into()),
        },
    }
}
