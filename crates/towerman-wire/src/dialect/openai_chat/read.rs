//! A client's request.

use towerman_core::{Fault, NeedKind};

use super::{messages, tools};
use crate::neutral::{
    Around, Bound, Caching, Effort, Fields, Format, Raw, Reasoning, Request, Rest, Sampling, Set,
    Text,
    fields::{pointer, read},
    refuse,
};

/// Members that change the answer, and that no other dialect knows.
const BOUND: [(&str, &str); 4] = [
    ("audio", "cannot be had from this model's API"),
    ("modalities", "can only be text with this model's API"),
    ("web_search_options", "cannot be had from this model's API"),
    ("logit_bias", "cannot be had from this model's API"),
];

pub(super) fn request(body: &str) -> Result<Request<'_>, Fault> {
    let mut fields = Fields::body(body)?;
    fields.take("model");
    fields.refuse("functions", "", "are legacy; use tools")?;
    fields.refuse("function_call", "", "is legacy; use tool_choice")?;
    let messages = fields.need("messages", "", "an array")?;
    let mut around = Vec::new();
    let tools = tools::read(fields.list("tools", "")?, &mut around)?;
    let choice = tools::read_choice(fields.take("tool_choice"))?;
    let options = fields.object("stream_options", "")?;
    let mut request = Request {
        tools,
        choice,
        parallel: fields.set("/parallel_tool_calls", "a boolean")?,
        reasoning: effort(&mut fields)?,
        sampling: sampling(&mut fields)?,
        caching: Caching {
            auto: None,
            key: fields.set_text("/prompt_cache_key")?,
        },
        metadata: fields.set("/metadata", "an object")?,
        tier: fields.set_text("/service_tier")?,
        stream: fields.get("stream", "", "a boolean")?.unwrap_or_default(),
        around,
        ..Request::default()
    };
    messages::read(messages, &mut request)?;
    request.format = format(&mut fields, &mut request.around)?;
    request.who = who(&mut fields, &mut request.around)?;
    if let Some(mut options) = options {
        let include = options.get("include_usage", "/stream_options", "a boolean")?;
        request.include_usage = include.unwrap_or_default();
        request.around.push(Around {
            at: "/stream_options".into(),
            own: options.rest(),
            rest: Rest::default(),
        });
    }
    for (name, why) in BOUND {
        let found = fields.members().iter().find(|(key, _)| key == name);
        if let Some((_, value)) = found
            && asks(name, value)
        {
            let at = pointer("", name).into();
            request.bound.push(Bound {
                kind: NeedKind::Native,
                at,
                why,
            });
        }
    }
    request.rest = fields.rest();
    Ok(request)
}

/// Whether the value asks for anything.
fn asks(name: &str, value: Raw<'_>) -> bool {
    match name {
        // An empty object switches the search on, too.
        "web_search_options" => value.get() != "null",
        "modalities" => {
            let all: Vec<std::borrow::Cow<'_, str>> =
                serde_json::from_str(value.get()).unwrap_or_default();
            all.iter().any(|modality| modality != "text")
        }
        _ => !matches!(value.get(), "null" | "false" | "[]" | "{}"),
    }
}

fn sampling<'a>(fields: &mut Fields<'a>) -> Result<Sampling<'a>, Fault> {
    let old = fields.set("/max_tokens", "an integer")?;
    let new = fields.set("/max_completion_tokens", "an integer")?;
    let top: Option<Set<u64>> = fields.set("/top_logprobs", "an integer")?;
    let logprobs: Option<Set<bool>> = fields.set("/logprobs", "a boolean")?;
    let wanted = logprobs.filter(|set| set.value).map(|set| set.at);
    let top = top.filter(|set| set.value > 0);
    Ok(Sampling {
        max_output: new.or(old),
        temperature: fields.set("/temperature", "a number")?,
        top_p: fields.set("/top_p", "a number")?,
        top_k: fields.set("/top_k", "an integer")?,
        min_p: fields.set("/min_p", "a number")?,
        n: fields.set("/n", "a positive integer")?,
        seed: fields.set("/seed", "an integer")?,
        stop: stop(fields.take("stop"))?,
        presence: fields.set("/presence_penalty", "a number")?,
        frequency: fields.set("/frequency_penalty", "a number")?,
        logprobs: top.or(wanted.map(|at| Set::new(0, at))),
        logit_bias: None,
    })
}

fn stop(stop: Option<Raw<'_>>) -> Result<Option<Set<Vec<Text<'_>>>>, Fault> {
    const AT: &str = "/stop";
    let Some(stop) = stop else {
        return Ok(None);
    };
    if stop.get().starts_with('"') {
        return Ok(Some(Set::new(vec![Text::Spelt(stop)], AT)));
    }
    let list: Vec<Raw<'_>> = read(stop, AT, "a string or an array of strings")?;
    let texts = list
        .into_iter()
        .enumerate()
        .map(|(i, raw)| Text::read(raw, &format!("{AT}/{i}")))
        .collect::<Result<_, _>>()?;
    Ok(Some(Set::new(texts, AT)))
}

fn who<'a>(
    fields: &mut Fields<'a>,
    around: &mut Vec<Around<'a>>,
) -> Result<Option<Set<Text<'a>>>, Fault> {
    let safety = fields.set_text("/safety_identifier")?;
    if safety.is_none() {
        return fields.set_text("/user");
    }
    if let Some(user) = fields.take("user") {
        // The other name takes its place.
        around.push(Around {
            at: "".into(),
            own: Rest::default(),
            rest: Rest(vec![("user".into(), user)]),
        });
    }
    Ok(safety)
}

fn effort(fields: &mut Fields<'_>) -> Result<Option<Set<Reasoning>>, Fault> {
    const AT: &str = "/reasoning_effort";
    let Some(said) = fields.string("reasoning_effort", "")? else {
        return Ok(None);
    };
    let effort = Effort::named(&said);
    let effort = effort.ok_or_else(|| refuse(AT, "is no effort that this API knows"))?;
    let reasoning = Reasoning {
        effort: Some(effort),
        ..Reasoning::default()
    };
    Ok(Some(Set::new(reasoning, AT)))
}

fn format<'a>(
    fields: &mut Fields<'a>,
    around: &mut Vec<Around<'a>>,
) -> Result<Option<Set<Format<'a>>>, Fault> {
    const AT: &str = "/response_format";
    const SCHEMA: &str = "/response_format/json_schema";
    let Some(mut format) = fields.object("response_format", "")? else {
        return Ok(None);
    };
    let said = match &*format.need_string("type", AT)? {
        "text" => Format::Text,
        "json_object" => Format::Json,
        "json_schema" => {
            let named = format.object("json_schema", AT)?;
            let mut named = named.ok_or_else(|| refuse(SCHEMA, "is missing"))?;
            let schema: Raw<'a> = named.need("schema", SCHEMA, "an object")?;
            Fields::read(schema, "/response_format/json_schema/schema")?;
            let said = Format::Schema {
                name: named.text("name", SCHEMA)?,
                description: named.text("description", SCHEMA)?,
                schema: std::borrow::Cow::Borrowed(schema),
                strict: named.get("strict", SCHEMA, "a boolean")?,
            };
            around.push(Around {
                at: SCHEMA.into(),
                own: Rest::default(),
                rest: named.rest(),
            });
            said
        }
        _ => {
            return Err(refuse(
                "/response_format/type",
                "cannot be had from this model's API",
            ));
        }
    };
    around.push(Around {
        at: AT.into(),
        own: Rest::default(),
        rest: format.rest(),
    });
    let at = match said {
        Format::Schema { .. } => SCHEMA,
        _ => AT,
    };
    Ok(Some(Set::new(said, at)))
}
