//! What a request of OpenAI's chat dialect means, however it is spelt.

use serde_json::{Map, Value, json};

/// Everything that could change the answer, in one form.
pub(crate) fn of(body: &[u8], cut: &[String]) -> Value {
    let mut body: Value = serde_json::from_slice(body).expect("JSON");
    let members = body.as_object_mut().expect("an object");
    let messages = members.remove("messages").unwrap_or_default();
    members.insert("messages".to_owned(), turns(&messages));
    if let Some(limit) = members.remove("max_tokens") {
        members.insert("max_completion_tokens".to_owned(), limit);
    }
    for (name, nothing) in [
        ("stream_options", None),
        ("n", Some(json!(1))),
        ("tool_choice", Some(json!("auto"))),
        ("parallel_tool_calls", Some(json!(true))),
        ("response_format", Some(json!({"type": "text"}))),
        ("store", Some(json!(false))),
        ("stop", Some(json!([]))),
        ("service_tier", Some(json!("auto"))),
    ] {
        if nothing.is_none_or(|nothing| members.get(name) == Some(&nothing)) {
            members.remove(name);
        }
    }
    for name in ["frequency_penalty", "presence_penalty"] {
        if members.get(name).and_then(Value::as_f64) == Some(0.0) {
            members.remove(name);
        }
    }
    // Who asks for a schema wants it kept to; some dialects know no other.
    if let Some(format) = members.get_mut("response_format")
        && let Some(schema) = format["json_schema"].as_object_mut()
    {
        schema.remove("strict");
        schema.entry("name").or_insert_with(|| json!("answer"));
    }
    // One stop sequence may be spelt without its brackets.
    if let Some(stop) = members.get_mut("stop").filter(|stop| stop.is_string()) {
        *stop = json!([stop]);
    }
    // Those that the provider cannot be told are watched for here.
    let mut stops: Vec<String> = cut.to_vec();
    let told = members.remove("stop").unwrap_or_default();
    let told = told.as_array().into_iter().flatten();
    stops.extend(told.filter_map(|stop| stop.as_str().map(str::to_owned)));
    stops.retain(|stop| !stop.is_empty());
    stops.sort();
    stops.dedup();
    members.insert("stop".to_owned(), json!(stops));
    for tool in members
        .get_mut("tools")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        if let Some(function) = tool["function"].as_object_mut() {
            // A tool's input is an object, whether its schema says so or not.
            let schema = function.entry("parameters").or_insert_with(|| json!({}));
            if let Some(schema) = schema.as_object_mut() {
                schema.entry("type").or_insert_with(|| json!("object"));
                if schema.len() == 1 {
                    schema.insert("properties".to_owned(), json!({}));
                }
            }
        }
    }
    if let Some(choice) = choice(members) {
        members.insert("tool_choice".to_owned(), choice);
    }
    strip(&mut body);
    numbers(&mut body);
    body
}

/// What a choice comes to, given what there is to choose from: all, or the only one.
fn choice(members: &Map<String, Value>) -> Option<Value> {
    let tools = tools(members).map(|tool| &tool["function"]["name"]);
    let all: Vec<&Value> = tools.collect();
    let choice = members.get("tool_choice")?;
    let forced = &choice["function"]["name"];
    if forced.is_string() && all.iter().all(|name| *name == forced) {
        return Some(json!("required"));
    }
    let allowed = &choice["allowed_tools"];
    let named = allowed["tools"].as_array()?;
    let named = |name: &&Value| named.iter().any(|tool| tool["function"]["name"] == **name);
    all.iter().all(named).then(|| allowed["mode"].clone())
}

/// Unknown members that say nothing are no loss, and only in Responses is silence strict.
fn is_nothing(value: &Value) -> bool {
    [json!(null), json!(false), json!(""), json!([]), json!({})].contains(value)
}

fn tools(members: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    members
        .get("tools")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// The conversation: neighbours of one role are one, and texts of one are one.
fn turns(messages: &Value) -> Value {
    let mut turns: Vec<Map<String, Value>> = Vec::new();
    let silent =
        |message: &&Value| is_nothing(&message["content"]) && is_nothing(&message["tool_calls"]);
    let messages = messages.as_array().into_iter().flatten();
    for message in messages.filter(|message| !silent(message)) {
        let role = match message["role"].as_str() {
            Some("developer") => &json!("system"),
            _ => &message["role"],
        };
        let same = turns.last().is_some_and(|last| last["role"] == *role);
        if !same || role == "tool" {
            turns.push(Map::from_iter([("role".to_owned(), role.clone())]));
        }
        let turn = turns.last_mut().expect("one was put there");
        let put = |turn: &mut Map<String, Value>, key: &str, value: Value| {
            let list = turn.entry(key).or_insert_with(|| json!([]));
            list.as_array_mut().expect("a list").push(value);
        };
        let content = &message["content"];
        let parts = match content {
            Value::String(text) => vec![json!({"type": "text", "text": text})],
            other => other.as_array().cloned().unwrap_or_default(),
        };
        for part in &parts {
            if let Some(text) = part["text"].as_str() {
                let said = turn.get("text").and_then(Value::as_str).unwrap_or_default();
                let more: String = text.split_whitespace().collect();
                turn.insert("text".to_owned(), json!(format!("{said}{more}")));
            } else {
                put(turn, "media", medium(part));
            }
        }
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let function = &call["function"];
            let input = function["arguments"].as_str().unwrap_or_default();
            let input: Value = serde_json::from_str(input).unwrap_or_else(|_| json!(input));
            put(turn, "calls", json!([function["name"], input]));
        }
    }
    for turn in &mut turns {
        turn.retain(|_, value| *value != json!(""));
    }
    turns.retain(|turn| turn.len() > 1);
    json!(turns)
}

/// The data alone: some dialects do not say what it is, and what a client says may be nonsense.
fn medium(part: &Value) -> Value {
    let mut part = part.clone();
    strip(&mut part);
    let text = part.to_string();
    let found = text.to_ascii_lowercase().find(";base64,");
    let data = found.map(|at| &text[at + ";base64,".len()..]);
    match data.and_then(|data| data.split('"').next()) {
        // Base64 has two alphabets.
        Some(data) => json!(data.replace('-', "+").replace('_', "/")),
        None => json!(text),
    }
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(strip);
            members.retain(|_, value| !is_nothing(value));
        }
        Value::Array(elements) => elements.iter_mut().for_each(strip),
        _ => {}
    }
}

/// A number is the same with and without a point.
fn numbers(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(numbers),
        Value::Array(elements) => elements.iter_mut().for_each(numbers),
        Value::Number(number) => *value = json!(number.as_f64()),
        _ => {}
    }
}
