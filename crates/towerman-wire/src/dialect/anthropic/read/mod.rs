//! A client's request.

mod blocks;
mod reader;
mod settings;
mod tools;

use serde_json::value::RawValue;
use towerman_core::{Fault, NeedKind};

use self::{blocks::Stand, reader::Reader};
use crate::neutral::{
    Bound, Caching, Fields, Raw, Request, Role, Sampling, Set, Text, Turn, refuse,
};

/// Members that nobody else can honour, and that change the answer.
const BOUND: [(&str, NeedKind, &str); 3] = [
    (
        "mcp_servers",
        NeedKind::Tool,
        "cannot be reached by this model's API",
    ),
    (
        "container",
        NeedKind::State,
        "is a container at another provider",
    ),
    (
        "inference_geo",
        NeedKind::Native,
        "cannot be promised by this model's API",
    ),
];

pub(super) fn request(body: &str) -> Result<Request<'_>, Fault> {
    let mut fields = Fields::body(body)?;
    let mut reader = Reader::default();
    fields.take("model");
    let mut bound = bound(&fields);
    let system = reader.parts(fields.take("system"), "/system", Stand::System)?;
    let messages = fields.need("messages", "", "an array")?;
    let turns = turns(messages, &mut reader)?;
    bound.extend(Bound::prefill(&turns));
    let tools = tools::tools(fields.list("tools", "")?, &mut reader)?;
    let (choice, parallel) = tools::choice(fields.object("tool_choice", "")?, &mut reader)?;
    let mut output = fields.object("output_config", "")?;
    let format = settings::format(&mut fields, output.as_mut(), &mut reader)?;
    let thinking = fields.object("thinking", "")?;
    let reasoning = settings::reasoning(thinking, output.as_mut(), &mut reader)?;
    if let Some(output) = output {
        reader.leave("/output_config", output);
    }
    let auto = reader.mark(&mut fields, "")?;
    let sampling = sampling(&mut fields)?;
    let who = settings::who(fields.object("metadata", "")?, &mut reader)?;
    let tier = fields.text("service_tier", "")?;
    Ok(Request {
        system,
        turns,
        tools,
        choice,
        parallel,
        format,
        reasoning,
        sampling,
        caching: Caching {
            auto: auto.map(|mark| Set::new(mark, "/cache_control")),
            key: None,
        },
        who,
        metadata: None,
        tier: tier.map(|tier| Set::new(tier, "/service_tier")),
        stream: stream(&mut fields)?,
        // Anthropic's clients are always told usage.
        include_usage: true,
        rest: fields.rest(),
        bound,
        around: reader.around,
    })
}

/// The members stay where they are: Anthropic itself is told them.
fn bound(fields: &Fields<'_>) -> Vec<Bound> {
    let nothing = |raw: Raw<'_>| matches!(raw.get(), "null" | "false" | "[]" | "{}" | "\"\"");
    let met = BOUND
        .iter()
        .filter(|(name, ..)| peek(fields, name).is_some_and(|raw| !nothing(raw)));
    met.map(|(name, kind, why)| Bound {
        kind: *kind,
        at: format!("/{name}").into(),
        why,
    })
    .collect()
}

fn turns<'a>(messages: Vec<Raw<'a>>, reader: &mut Reader<'a>) -> Result<Vec<Turn<'a>>, Fault> {
    let mut turns = Vec::with_capacity(messages.len());
    for (i, raw) in messages.into_iter().enumerate() {
        turns.push(turn(raw, format!("/messages/{i}"), reader)?);
    }
    if turns.iter().all(|turn| turn.parts.is_empty()) {
        return Err(refuse("/messages", "has nothing in it that can be sent"));
    }
    Ok(turns)
}

fn turn<'a>(raw: Raw<'a>, at: String, reader: &mut Reader<'a>) -> Result<Turn<'a>, Fault> {
    let mut message = Fields::read(raw, &at)?;
    let (role, stand) = match &*message.need_string("role", &at)? {
        "user" => (Role::User, Stand::User),
        "assistant" => (Role::Assistant, Stand::Assistant),
        "system" => (Role::System, Stand::System),
        _ => {
            return Err(refuse(
                format!("{at}/role"),
                "is no role that this API knows",
            ));
        }
    };
    let content: &'a RawValue = message.need("content", &at, "a string or an array of blocks")?;
    let parts = reader.parts(Some(content), &format!("{at}/content"), stand)?;
    Ok(Turn {
        role,
        parts,
        name: None,
        at: at.into(),
        rest: message.rest(),
    })
}

fn sampling<'a>(fields: &mut Fields<'a>) -> Result<Sampling<'a>, Fault> {
    let max_output = fields.get("max_tokens", "", "an integer")?;
    let temperature = fields.get("temperature", "", "a number")?;
    let top_p = fields.get("top_p", "", "a number")?;
    let top_k = fields.get("top_k", "", "an integer")?;
    let stop = match fields.get::<Vec<Raw<'a>>>("stop_sequences", "", "an array")? {
        None => None,
        Some(list) => {
            let numbered = list.into_iter().enumerate();
            let texts: Result<Vec<Text<'a>>, Fault> = numbered
                .map(|(i, raw)| Text::read(raw, &format!("/stop_sequences/{i}")))
                .collect();
            Some(Set::new(texts?, "/stop_sequences"))
        }
    };
    Ok(Sampling {
        max_output: max_output.map(|value| Set::new(value, "/max_tokens")),
        temperature: temperature.map(|value| Set::new(value, "/temperature")),
        top_p: top_p.map(|value| Set::new(value, "/top_p")),
        top_k: top_k.map(|value| Set::new(value, "/top_k")),
        stop,
        ..Sampling::default()
    })
}

/// `false` stays where it is: it says no more than absence does, but the client said it.
fn stream(fields: &mut Fields<'_>) -> Result<bool, Fault> {
    flag(fields, "stream", "")
}

/// The value of a member, which stays.
fn peek<'a>(fields: &Fields<'a>, name: &str) -> Option<Raw<'a>> {
    let found = fields.members().iter().find(|(key, _)| key == name);
    found.map(|(_, value)| *value)
}

/// Whether a member is on. One that is off stays where it is, which is no loss to anybody.
fn flag(fields: &mut Fields<'_>, name: &str, at: &str) -> Result<bool, Fault> {
    if peek(fields, name).is_some_and(|raw| raw.get() == "false") {
        return Ok(false);
    }
    Ok(fields.get(name, at, "a boolean")?.unwrap_or_default())
}
