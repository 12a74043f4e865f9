//! Reads a request.

use towerman_core::{Fault, NeedKind};

use crate::neutral::{
    Around, Bound, Fields, Kind, Part, Raw, Request, Rest, Role, Set, Text, Turn, fields, refuse,
};

/// What no other API can do, and the values with which it does nothing.
const ALONE: [(&str, &[&str], &str); 4] = [
    (
        "suffix",
        &["null", "\"\""],
        "asks for a text between two others, which only this API writes",
    ),
    (
        "echo",
        &["null", "false"],
        "asks for the prompt again, which only this API tells",
    ),
    (
        "best_of",
        &["null", "1"],
        "asks for the best of several answers, which only this API chooses",
    ),
    (
        "logprobs",
        &["null"],
        "asks for log probabilities in a form that only this API tells",
    ),
];

pub(super) fn request(body: &str) -> Result<Request<'_>, Fault> {
    let mut fields = Fields::body(body)?;
    let mut request = Request {
        bound: alone(&fields),
        ..Request::default()
    };
    // Whoever calls knows it, and another name is asked for.
    fields.take("model");
    let prompt = fields.take("prompt");
    let prompt = prompt.ok_or_else(|| refuse("/prompt", "is missing"))?;
    request.turns.push(turn(prompt)?);
    if let Some(raw) = fields.take("stream") {
        request.stream = fields::read(raw, "/stream", "a boolean")?;
        request.around.push(spelt("", "stream", raw));
    }
    stream_options(&mut fields, &mut request)?;
    let sampling = &mut request.sampling;
    sampling.max_output = set(&mut fields, "/max_tokens", "an integer")?;
    sampling.temperature = set(&mut fields, "/temperature", "a number")?;
    sampling.top_p = set(&mut fields, "/top_p", "a number")?;
    sampling.n = set(&mut fields, "/n", "an integer")?;
    sampling.seed = set(&mut fields, "/seed", "an integer")?;
    sampling.presence = set(&mut fields, "/presence_penalty", "a number")?;
    sampling.frequency = set(&mut fields, "/frequency_penalty", "a number")?;
    sampling.logit_bias = set(&mut fields, "/logit_bias", "an object")?;
    if let Some(raw) = fields.take("stop") {
        let list = raw.get().starts_with('[');
        sampling.stop = Some(Set::new(stop(raw)?, "/stop"));
        if list {
            request.around.push(spelt("", "stop", raw));
        }
    }
    let who = fields.text("user", "")?;
    request.who = who.map(|who| Set::new(who, "/user"));
    request.rest = fields.rest();
    Ok(request)
}

fn alone(fields: &Fields<'_>) -> Vec<Bound> {
    let members = fields.members().iter();
    let found = members.filter_map(|(key, value)| {
        let (name, off, why) = ALONE.iter().find(|(name, ..)| name == key)?;
        (!off.contains(&value.get())).then(|| Bound {
            kind: NeedKind::Native,
            at: format!("/{name}").into(),
            why,
        })
    });
    found.collect()
}

/// A member as it was spelt, for whoever writes the same dialect again.
fn spelt<'a>(at: &str, name: &'static str, raw: Raw<'a>) -> Around<'a> {
    Around {
        at: at.into(),
        own: Rest(vec![(name.into(), raw)]),
        rest: Rest::default(),
    }
}

fn turn(raw: Raw<'_>) -> Result<Turn<'_>, Fault> {
    const AT: &str = "/prompt";
    let text = |raw, at| {
        let text = Text::read(raw, at)?;
        let cites = Vec::new();
        Ok::<_, Fault>((Kind::Text { text, cites }, at))
    };
    let (kind, at) = if raw.get().starts_with('"') {
        text(raw, AT)?
    } else {
        let list: Vec<Raw<'_>> = fields::read(raw, AT, "a string or an array")?;
        match &*list {
            [] => return Err(refuse(AT, "must not be empty")),
            [one] if one.get().starts_with('"') => text(one, "/prompt/0")?,
            // Several prompts, or tokens.
            _ => {
                let kind = "prompt".into();
                (Kind::Foreign { kind, raw }, AT)
            }
        }
    };
    let part = Part {
        at: at.into(),
        ..Part::of(kind)
    };
    Ok(Turn {
        role: Role::User,
        parts: vec![part],
        name: None,
        at: AT.into(),
        rest: Rest::default(),
    })
}

fn stream_options<'a>(fields: &mut Fields<'a>, request: &mut Request<'a>) -> Result<(), Fault> {
    const AT: &str = "/stream_options";
    let Some(mut options) = fields.object("stream_options", "")? else {
        return Ok(());
    };
    if let Some(raw) = options.take("include_usage") {
        request.include_usage = fields::read(raw, "/stream_options/include_usage", "a boolean")?;
        request.around.push(spelt(AT, "include_usage", raw));
    }
    request.around.push(Around {
        at: AT.into(),
        own: Rest::default(),
        rest: options.rest(),
    });
    Ok(())
}

fn stop(raw: Raw<'_>) -> Result<Vec<Text<'_>>, Fault> {
    const AT: &str = "/stop";
    if raw.get().starts_with('"') {
        return Ok(vec![Text::read(raw, AT)?]);
    }
    let list: Vec<Raw<'_>> = fields::read(raw, AT, "a string or an array")?;
    let list = list.into_iter().enumerate();
    list.map(|(i, raw)| Text::read(raw, &format!("{AT}/{i}")))
        .collect()
}

/// A member at the top, whose pointer is its name.
fn set<'a, T: serde::Deserialize<'a>>(
    fields: &mut Fields<'a>,
    at: &'static str,
    what: &str,
) -> Result<Option<Set<T>>, Fault> {
    let value = fields.get(at.trim_start_matches('/'), "", what)?;
    Ok(value.map(|value| Set::new(value, at)))
}
