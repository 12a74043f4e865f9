//! Reads a request.

mod items;
pub(super) mod parts;
mod thoughts;
mod tools;

use towerman_core::{Fault, NeedKind};

use self::{
    items::Items,
    parts::{keep, own, placed},
    tools::{choice, leave, named, tools},
};
use crate::neutral::{
    Around, Bound, Effort, Fields, Format, Kind, Raw, Reasoning, Request, Set, Shown, fields,
    refuse,
};

/// What refers to state at the provider, and why nobody else can serve it.
const STATE: [(&str, &str); 4] = [
    (
        "previous_response_id",
        "names an answer that only the provider that gave it keeps",
    ),
    (
        "conversation",
        "names a conversation that only one provider keeps",
    ),
    ("prompt", "names a prompt that only one provider keeps"),
    (
        "background",
        "asks for an answer that only its provider keeps",
    ),
];

/// What `include` says of log probabilities.
pub(super) const LOGPROBS: &str = "message.output_text.logprobs";

pub(super) fn request(body: &str) -> Result<Request<'_>, Fault> {
    let mut fields = Fields::body(body)?;
    let mut request = Request {
        // It always is.
        include_usage: true,
        bound: bound(&fields),
        ..Request::default()
    };
    // Whoever calls knows it, and another name is asked for.
    fields.take("model");
    stream(&mut fields, &mut request)?;
    if let Some(text) = fields.text("instructions", "")? {
        let cites = Vec::new();
        let part = placed(Kind::Text { text, cites }, "/instructions");
        request.system.push(part);
    }
    let mut items = Items::default();
    match fields.take("input") {
        Some(input) => items.read(input)?,
        None if request.bound.is_empty() => return Err(refuse("/input", "is missing")),
        None => {}
    }
    items.into(&mut request);
    request.tools = tools(&mut fields)?;
    let chosen = choice(&mut fields, &mut request.around)?;
    request.choice = chosen.map(|choice| Set::new(choice, "/tool_choice"));
    request.parallel = set(&mut fields, "/parallel_tool_calls", "a boolean")?;
    request.format = text(&mut fields, &mut request.around)?;
    request.reasoning = reasoning(&mut fields, &mut request.around)?;
    sampling(&mut fields, &mut request)?;
    request.caching.key = texts(&mut fields, "/prompt_cache_key")?;
    request.who = texts(&mut fields, "/safety_identifier")?;
    if request.who.is_none() {
        request.who = texts(&mut fields, "/user")?;
    }
    request.metadata = set(&mut fields, "/metadata", "an object")?;
    request.tier = texts(&mut fields, "/service_tier")?;
    request.rest = fields.rest();
    Ok(request)
}

fn bound(fields: &Fields<'_>) -> Vec<Bound> {
    let members = fields.members().iter();
    let there = members.filter(|(_, value)| !matches!(value.get(), "null" | "false"));
    let found = there.filter_map(|(key, _)| STATE.iter().find(|(name, _)| name == key));
    found
        .map(|(name, why)| Bound {
            kind: NeedKind::State,
            at: format!("/{name}").into(),
            why,
        })
        .collect()
}

fn stream<'a>(fields: &mut Fields<'a>, request: &mut Request<'a>) -> Result<(), Fault> {
    if let Some(raw) = fields.take("stream") {
        request.stream = fields::read(raw, "/stream", "a boolean")?;
        let spelt = crate::neutral::Rest(vec![("stream".into(), raw)]);
        keep(&mut request.around, "", spelt, Default::default());
    }
    Ok(())
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

fn texts<'a>(
    fields: &mut Fields<'a>,
    at: &'static str,
) -> Result<Option<Set<fields::Text<'a>>>, Fault> {
    let value = fields.text(at.trim_start_matches('/'), "")?;
    Ok(value.map(|value| Set::new(value, at)))
}

fn sampling<'a>(fields: &mut Fields<'a>, request: &mut Request<'a>) -> Result<(), Fault> {
    let into = &mut request.sampling;
    into.max_output = set(fields, "/max_output_tokens", "an integer")?;
    into.temperature = set(fields, "/temperature", "a number")?;
    into.top_p = set(fields, "/top_p", "a number")?;
    into.logprobs = set(fields, "/top_logprobs", "an integer")?;
    let include: Vec<fields::Said<'a>> = match fields.members().iter().find(|m| m.0 == "include") {
        Some((_, raw)) if raw.get() != "null" => fields::read(raw, "/include", "strings")?,
        _ => Vec::new(),
    };
    if into.logprobs.is_none() && include.iter().any(|said| said.0 == LOGPROBS) {
        into.logprobs = Some(Set::new(0, "/include"));
    }
    // The rest of it is about hosted tools and seals, which each writer knows for itself.
    let spelt = own(fields, &["include"]);
    keep(&mut request.around, "", spelt, Default::default());
    Ok(())
}

fn text<'a>(
    fields: &mut Fields<'a>,
    around: &mut Vec<Around<'a>>,
) -> Result<Option<Set<Format<'a>>>, Fault> {
    const AT: &str = "/text/format";
    let Some(mut text) = fields.object("text", "")? else {
        return Ok(None);
    };
    let format = text.object("format", "/text")?;
    leave(text, "/text", &[], around);
    let Some(mut format) = format else {
        return Ok(None);
    };
    let read = match &*format.need_string("type", AT)? {
        "text" => Format::Text,
        "json_object" => Format::Json,
        "json_schema" => {
            let schema: Raw<'a> = format.need("schema", AT, "an object")?;
            Fields::read(schema, &format!("{AT}/schema"))?;
            Format::Schema {
                name: format.text("name", AT)?,
                description: format.text("description", AT)?,
                schema: std::borrow::Cow::Borrowed(schema),
                strict: format.get("strict", AT, "a boolean")?,
            }
        }
        _ => {
            return Err(refuse(
                format!("{AT}/type"),
                "is no format that this API knows",
            ));
        }
    };
    leave(format, AT, &[], around);
    Ok(Some(Set::new(read, AT)))
}

fn reasoning<'a>(
    fields: &mut Fields<'a>,
    around: &mut Vec<Around<'a>>,
) -> Result<Option<Set<Reasoning>>, Fault> {
    const AT: &str = "/reasoning";
    let Some(mut reasoning) = fields.object("reasoning", "")? else {
        return Ok(None);
    };
    let effort = reasoning.get("effort", AT, "a string")?;
    let effort = named(effort, "/reasoning/effort", Effort::named)?;
    // How much of a summary is a matter between client and provider.
    let shown = reasoning.members().iter().any(|(key, value)| {
        matches!(&**key, "summary" | "generate_summary") && value.get() != "null"
    });
    leave(reasoning, AT, &["summary", "generate_summary"], around);
    let read = Reasoning {
        effort,
        shown: shown.then_some(Shown::Summary),
        ..Reasoning::default()
    };
    Ok((read != Reasoning::default()).then(|| Set::new(read, AT)))
}
