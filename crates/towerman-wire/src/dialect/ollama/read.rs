//! A client's request.

use std::borrow::Cow;

use towerman_core::Fault;

use crate::neutral::{
    Around, Call, Effort, Fields, Format, Input, Kind, Media, Medium, Part, Raw, Reasoning,
    Request, Rest, Role, Sampling, Set, Source, Text, Thought, Tool, ToolKind, ToolResult, Turn,
    fields::{Said, read as read_as},
    made_up, refuse,
};

pub(super) fn request(body: &str) -> Result<Request<'_>, Fault> {
    let mut fields = Fields::body(body)?;
    fields.take("model");
    let messages: Vec<Raw<'_>> = fields.need("messages", "", "an array")?;
    let mut request = Request {
        tools: tools(fields.list("tools", "")?)?,
        format: format(fields.take("format"))?,
        reasoning: think(fields.take("think"))?,
        // It streams unless it is told not to.
        stream: fields.get("stream", "", "a boolean")?.unwrap_or(true),
        include_usage: true,
        ..Request::default()
    };
    if let Some(mut options) = fields.object("options", "")? {
        request.sampling = sampling(&mut options)?;
        request.around.push(Around {
            at: "/options".into(),
            own: Rest::default(),
            rest: options.rest(),
        });
    }
    let mut open = Vec::new();
    for (i, raw) in messages.into_iter().enumerate() {
        let turn = message(raw, i, &mut open)?;
        if turn.role == Role::System && request.turns.is_empty() {
            request.system.extend(turn.parts);
        } else {
            request.turns.push(turn);
        }
    }
    request.rest = fields.rest();
    Ok(request)
}

/// A call that has no result yet: its id and its tool.
type Open<'a> = (Cow<'a, str>, Cow<'a, str>);

fn message<'a>(raw: Raw<'a>, i: usize, open: &mut Vec<Open<'a>>) -> Result<Turn<'a>, Fault> {
    let at = format!("/messages/{i}");
    let mut message = Fields::read(raw, &at)?;
    let role = message.need_string("role", &at)?;
    let text = message
        .text("content", &at)?
        .filter(|text| !text.is_empty());
    let mut parts = Vec::new();
    let role = match &*role {
        "system" => Role::System,
        "user" => Role::User,
        "assistant" => {
            let thinking = message.text("thinking", &at)?;
            if let Some(text) = thinking.filter(|text| !text.is_empty()) {
                parts.push(part(
                    Kind::Thought(Thought {
                        text: Some(text),
                        ..Thought::default()
                    }),
                    format!("{at}/thinking"),
                ));
            }
            Role::Assistant
        }
        "tool" => {
            let result = result(&mut message, text, &at, open)?;
            let parts = vec![part(Kind::Result(result), at.clone())];
            return Ok(turn(Role::User, parts, at, message));
        }
        _ => {
            return Err(refuse(
                format!("{at}/role"),
                "is no role that this API knows",
            ));
        }
    };
    if let Some(text) = text {
        let cites = Vec::new();
        parts.push(part(Kind::Text { text, cites }, format!("{at}/content")));
    }
    parts.extend(images(&mut message, &at)?);
    if role == Role::Assistant {
        open.clear();
        for (nth, raw) in message.list("tool_calls", &at)?.into_iter().enumerate() {
            let at = format!("{at}/tool_calls/{nth}");
            let call = call(raw, (i, nth), &at)?;
            open.push((call.id.clone(), call.name.clone().say()));
            parts.push(part(Kind::Call(call), at));
        }
    }
    Ok(turn(role, parts, at, message))
}

fn turn<'a>(role: Role, parts: Vec<Part<'a>>, at: String, message: Fields<'a>) -> Turn<'a> {
    Turn {
        role,
        parts,
        name: None,
        at: at.into(),
        rest: message.rest(),
    }
}

fn part(kind: Kind<'_>, at: String) -> Part<'_> {
    Part {
        at: at.into(),
        ..Part::of(kind)
    }
}

/// Which call a result belongs to is said by its id, by its tool's name, or by nothing but order.
fn result<'a>(
    message: &mut Fields<'a>,
    text: Option<Text<'a>>,
    at: &str,
    open: &mut Vec<Open<'a>>,
) -> Result<ToolResult<'a>, Fault> {
    let id = message.string("tool_call_id", at)?;
    let name = message.string("tool_name", at)?;
    let found = open.iter().position(|(known, tool)| match (&id, &name) {
        (Some(id), _) => id == known,
        (None, Some(name)) => name == tool,
        (None, None) => true,
    });
    let id = match found {
        Some(found) => open.remove(found).0,
        None => id.unwrap_or_default(),
    };
    let mut content = images(message, at)?;
    if let Some(text) = text {
        let cites = Vec::new();
        content.insert(0, part(Kind::Text { text, cites }, format!("{at}/content")));
    }
    Ok(ToolResult {
        id,
        name: None,
        content,
        object: None,
        error: false,
    })
}

fn images<'a>(message: &mut Fields<'a>, at: &str) -> Result<Vec<Part<'a>>, Fault> {
    let list = message.list("images", at)?;
    let numbered = list.into_iter().enumerate();
    numbered
        .map(|(i, raw)| {
            let at = format!("{at}/images/{i}");
            let data: Said<'a> = read_as(raw, &at, "a string of base64")?;
            let source = Source::Base64 {
                media_type: sniffed(&data.0).into(),
                data: data.0,
            };
            let media = Media {
                what: Medium::Image,
                source,
                name: None,
                detail: None,
            };
            Ok(part(Kind::Media(media), at))
        })
        .collect()
}

/// Nobody says what kind of image it is; the first bytes do.
fn sniffed(data: &str) -> &'static str {
    let kinds = [
        ("/9j/", "image/jpeg"),
        ("R0lGOD", "image/gif"),
        ("UklGR", "image/webp"),
    ];
    let found = kinds.iter().find(|(start, _)| data.starts_with(start));
    found.map_or("image/png", |(_, kind)| kind)
}

fn call<'a>(raw: Raw<'a>, nth: (usize, usize), at: &str) -> Result<Call<'a>, Fault> {
    let mut call = Fields::read(raw, at)?;
    let inside = format!("{at}/function");
    let function = call.object("function", at)?;
    let mut function = function.ok_or_else(|| refuse(&*inside, "is missing"))?;
    let name = function.need_text("name", &inside)?;
    let input = match function.take("arguments") {
        None => Input::Spelt("{}".into()),
        Some(raw) => {
            // What is in it is the tool's to judge.
            if !raw.get().starts_with('{') {
                return Err(refuse(format!("{inside}/arguments"), "must be an object"));
            }
            Input::Object(Cow::Borrowed(raw))
        }
    };
    let id = call.string("id", at)?.filter(|id| !id.is_empty());
    Ok(Call {
        id: id.unwrap_or_else(|| {
            let turn = format!("turn {}", nth.0);
            made_up(&turn, nth.1, &name.clone().say()).into()
        }),
        name,
        input,
        custom: false,
        seal: None,
    })
}

fn tools(list: Vec<Raw<'_>>) -> Result<Vec<Tool<'_>>, Fault> {
    let numbered = list.into_iter().enumerate();
    numbered
        .map(|(i, raw)| {
            let at = format!("/tools/{i}/function");
            let mut tool = Fields::read(raw, &format!("/tools/{i}"))?;
            let function = tool.object("function", &format!("/tools/{i}"))?;
            let mut function = function.ok_or_else(|| refuse(&*at, "is missing"))?;
            let schema = function.take("parameters");
            if let Some(schema) = schema {
                Fields::read(schema, &format!("{at}/parameters"))?;
            }
            Ok(Tool {
                kind: ToolKind::Function,
                name: function.need_text("name", &at)?,
                description: function.text("description", &at)?,
                schema: schema.map(Cow::Borrowed),
                strict: None,
                mark: None,
                rest: function.rest(),
                at: at.into(),
            })
        })
        .collect()
}

fn format(format: Option<Raw<'_>>) -> Result<Option<Set<Format<'_>>>, Fault> {
    const AT: &str = "/format";
    let said = match format {
        None => return Ok(None),
        Some(raw) if raw.get() == "\"\"" => return Ok(None),
        Some(raw) if raw.get() == "\"json\"" => Format::Json,
        Some(raw) if raw.get().starts_with('{') => Format::Schema {
            name: None,
            description: None,
            schema: Cow::Borrowed(raw),
            strict: None,
        },
        Some(_) => return Err(refuse(AT, "must be \"json\" or a schema")),
    };
    if let Format::Schema { schema, .. } = &said {
        Fields::read(schema, AT)?;
    }
    Ok(Some(Set::new(said, AT)))
}

fn think(think: Option<Raw<'_>>) -> Result<Option<Set<Reasoning>>, Fault> {
    const AT: &str = "/think";
    let mut reasoning = Reasoning::default();
    match think.map(serde_json::value::RawValue::get) {
        None => return Ok(None),
        Some("true") => reasoning.on = Some(true),
        Some("false") => reasoning.on = Some(false),
        Some(word) => {
            let effort = Effort::named(word.trim_matches('"'));
            let effort = effort.ok_or_else(|| refuse(AT, "must be a boolean or an effort"))?;
            reasoning.effort = Some(effort);
        }
    }
    Ok(Some(Set::new(reasoning, AT)))
}

fn sampling<'a>(options: &mut Fields<'a>) -> Result<Sampling<'a>, Fault> {
    const STOP: &str = "/options/stop";
    // Less than none is no limit.
    let limit: Option<Set<i64>> = options.set("/options/num_predict", "an integer")?;
    let limit = limit.and_then(|set| Some(Set::new(u64::try_from(set.value).ok()?, set.at)));
    let stop = match options.take("stop") {
        None => None,
        Some(raw) if raw.get().starts_with('"') => Some(vec![Text::Spelt(raw)]),
        Some(raw) => {
            let list: Vec<Raw<'a>> = read_as(raw, STOP, "a string or an array of strings")?;
            let texts = list.into_iter().enumerate();
            let texts = texts.map(|(i, raw)| Text::read(raw, &format!("{STOP}/{i}")));
            Some(texts.collect::<Result<_, _>>()?)
        }
    };
    Ok(Sampling {
        max_output: limit,
        temperature: options.set("/options/temperature", "a number")?,
        top_p: options.set("/options/top_p", "a number")?,
        top_k: options.set("/options/top_k", "an integer")?,
        min_p: options.set("/options/min_p", "a number")?,
        seed: options.set("/options/seed", "an integer")?,
        stop: stop.map(|stop| Set::new(stop, STOP)),
        presence: options.set("/options/presence_penalty", "a number")?,
        frequency: options.set("/options/frequency_penalty", "a number")?,
        ..Sampling::default()
    })
}
