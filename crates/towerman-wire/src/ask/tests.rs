use super::*;

const OPENAI: Dialect = Dialect::OpenAiChat;
const ANTHROPIC: Dialect = Dialect::Anthropic;

fn openai(body: &str) -> Result<Ask, Fault> {
    read(OPENAI, &Bytes::copy_from_slice(body.as_bytes()))
}

fn anthropic(body: &str) -> Result<Ask, Fault> {
    read(ANTHROPIC, &Bytes::copy_from_slice(body.as_bytes()))
}

/// A valid OpenAI body with more members.
fn with(members: &str) -> Result<Ask, Fault> {
    openai(&format!(r#"{{"model":"m","messages":[{{}}],{members}}}"#))
}

fn param(result: Result<Ask, Fault>) -> Option<String> {
    let fault = result.unwrap_err();
    assert_eq!(fault.kind(), FaultKind::InvalidRequest);
    fault.named_param().map(str::to_owned)
}

#[test]
fn an_openai_body_is_read_with_its_places() {
    let body = r#" {"stream": true , "model" : "gpt\u002d4o","stream_options":{"include_usage":true},
        "messages":[{"role":"user","content":"type: \"image_url\" {"}],"max_tokens":5,
        "max_completion_tokens":7,"tools":[{"type":"function"}],
        "response_format":{"type":"json_schema"},"user":"u","prompt_cache_key":"k"} "#;
    let ask = openai(body).unwrap();
    assert_eq!(&*ask.model, "gpt-4o");
    assert_eq!(&body[ask.model_span.clone()], r#""gpt\u002d4o""#);
    assert!(ask.stream && ask.include_usage && ask.tools && ask.structured && !ask.media);
    assert_eq!(
        &body[ask.stream_options_span.unwrap()],
        r#"{"include_usage":true}"#
    );
    assert_eq!(ask.max_output, Some(7));
    assert_eq!(ask.session.as_deref(), Some("k"));
    let [tools, system, messages] = ask.prompt_spans;
    assert_eq!(&body[tools.unwrap()], r#"[{"type":"function"}]"#);
    assert_eq!(system, None);
    let messages = &body[messages.unwrap()];
    assert!(messages.starts_with('[') && messages.ends_with(']'));
    assert_eq!(ask.prompt_tokens, (messages.len() as u64 + 21).div_ceil(4));
}

#[test]
fn an_anthropic_body_is_read_with_its_places() {
    let body = r#"{"model":"claude","max_tokens":9,"system":"be brief","tools":[],
        "messages":[{"role":"user","content":[{"type":"tool_result","content":
        [{"\u0074ype":"im\u0061ge","source":{}}]}]}],"user":"x",
        "metadata":{"user_id":"u1"},"output_config":{"format":{"type":"json_schema"}}}"#;
    let ask = anthropic(body).unwrap();
    assert!(ask.media && ask.structured && !ask.tools && !ask.stream);
    assert_eq!(ask.max_output, Some(9));
    assert_eq!(ask.session.as_deref(), Some("u1"));
    assert_eq!(&body[ask.prompt_spans[1].clone().unwrap()], r#""be brief""#);
}

#[test]
fn every_kind_of_media_is_found() {
    for kind in ["image_url", "input_audio", "image", "document", "file"] {
        let ask = openai(&format!(
            r#"{{"model":"m","messages":[{{"content":[{{"text":"","type" : "{kind}"}}]}}]}}"#
        ));
        assert!(ask.unwrap().media, "{kind}");
    }
}

#[test]
fn what_is_not_one_json_object_is_refused() {
    let good = r#"{"model":"m","messages":[{}]}"#;
    assert!(openai(good).is_ok());
    for body in ["", "x", "[]", "{", "null", "\u{feff}{}", "{\"model\":NaN}"] {
        assert_eq!(param(openai(body)), None, "{body}");
    }
    assert_eq!(param(openai(&format!("{good}x"))), None);
    assert_eq!(param(openai(&format!("{good}{good}"))), None);
    let invalid = Bytes::from_static(b"{\"model\":\"\xff\",\"messages\":[{}]}");
    assert!(
        read(OPENAI, &invalid)
            .unwrap_err()
            .message()
            .contains("UTF-8")
    );
}

#[test]
fn a_member_given_twice_is_refused_however_it_is_spelt() {
    for (members, name) in [
        (r#""model":"n""#, "model"),
        (r#""\u006dodel":"n""#, "model"),
        (r#""messages":[{}]"#, "messages"),
        (r#""stream":true,"stre\u0061m":false"#, "stream"),
        (r#""x":1,"y":2,"x":3"#, "x"),
    ] {
        assert_eq!(param(with(members)).as_deref(), Some(name));
    }
    let twice = r#""stream_options":{"include_usage":true,"include_us\u0061ge":false}"#;
    assert_eq!(
        param(with(twice)).as_deref(),
        Some("stream_options.include_usage")
    );
}

#[test]
fn a_wrong_member_is_named() {
    for (body, name) in [
        (r#"{"messages":[{}]}"#, "model"),
        (r#"{"messages":[{}],"model":1}"#, "model"),
        (r#"{"messages":[{}],"model":""}"#, "model"),
        (r#"{"messages":[{}],"model":"a b"}"#, "model"),
        (r#"{"messages":[{}],"model":"a%2F"}"#, "model"),
        (r#"{"messages":[{}],"model":"\ud800"}"#, "model"),
        (r#"{"model":"m"}"#, "messages"),
        (r#"{"model":"m","messages":[]}"#, "messages"),
        (r#"{"model":"m","messages":{}}"#, "messages"),
        (r#"{"model":"m","messages":"hi"}"#, "messages"),
    ] {
        assert_eq!(param(openai(body)).as_deref(), Some(name), "{body}");
    }
    let long = "m".repeat(257);
    let body = format!(r#"{{"messages":[{{}}],"model":"{long}"}}"#);
    assert_eq!(param(openai(&body)).as_deref(), Some("model"));
    for (member, name) in [
        (r#""stream":1"#, "stream"),
        (r#""stream":"true""#, "stream"),
        (r#""stream_options":[]"#, "stream_options"),
    ] {
        assert_eq!(param(with(member)).as_deref(), Some(name));
    }
}

#[test]
fn a_token_limit_is_a_positive_integer() {
    for value in [
        "-1",
        "0",
        "1.5",
        "5.0",
        "1e3",
        "1e308",
        "\"5\"",
        "true",
        "{}",
        "9223372036854775808",
        "99999999999999999999999",
    ] {
        for name in ["max_tokens", "max_completion_tokens"] {
            let result = with(&format!(r#""{name}":{value}"#));
            assert_eq!(param(result).as_deref(), Some(name), "{value}");
        }
    }
    assert_eq!(with(r#""max_tokens":null"#).unwrap().max_output, None);
    let missing = anthropic(r#"{"model":"m","messages":[{}]}"#);
    assert_eq!(param(missing).as_deref(), Some("max_tokens"));
}

#[test]
fn depth_and_number_of_members_are_limited() {
    let deep = format!(r#""x":{}{}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(param(with(&deep)), None);
    let deep = format!(
        r#"{{"model":"m","messages":{}{}}}"#,
        "[".repeat(128),
        "]".repeat(128)
    );
    assert_eq!(param(openai(&deep)), None);
    let many: Vec<String> = (0..1_000).map(|n| format!(r#""x{n}":0"#)).collect();
    assert_eq!(param(with(&many.join(","))).as_deref(), Some("body"));
}

#[test]
fn stream_options_need_no_stream_and_sessions_no_string() {
    let ask = with(r#""stream_options":null,"user":7,"prompt_cache_key":"""#).unwrap();
    assert!(!ask.include_usage && !ask.stream);
    assert_eq!(ask.session, None);
}

#[test]
fn media_count_by_the_part_and_text_by_its_bytes() {
    let image = "iVBORw0KGgoAAAAN".repeat(4_000);
    let text = "a few words of text ".repeat(100);
    let openai = |part: &str| {
        let body = format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":[{part},{{"type":"text","text":"{text}"}}]}}]}}"#
        );
        openai(&body).unwrap()
    };
    let anthropic = |part: &str| {
        let body = format!(
            r#"{{"model":"m","max_tokens":1,"messages":[{{"role":"user","content":[{{"type":"text","text":"{text}"}},{part}]}}]}}"#
        );
        anthropic(&body).unwrap()
    };
    for ask in [
        openai(&format!(
            r#"{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{image}"}}}}"#
        )),
        openai(&format!(
            r#"{{"image_url" : {{"url" : "data:image\/png;base64,{image}" }}, "type":"image_url"}}"#
        )),
        openai(&format!(
            r#"{{"type":"input_audio","input_audio":{{"data":"{image}","format":"wav"}}}}"#
        )),
        openai(&format!(
            r#"{{"type":"file","file":{{"file_data":"data:application/pdf;base64,{image}"}}}}"#
        )),
        anthropic(&format!(
            r#"{{"type":"image","source":{{"type":"base64","media_type":"image/png","data":"{image}"}}}}"#
        )),
        anthropic(&format!(
            r#"{{"type":"tool_result","content":[{{"type":"image","source":{{"data":"{image}","type":"base64"}}}}]}}"#
        )),
    ] {
        assert!(ask.media);
        // Five hundred tokens of text, the names of the members, and the part.
        assert!((790..=900).contains(&ask.prompt_tokens), "{ask:?}");
    }
    // A text document is text.
    let document = "Hello there, it is all words. ".repeat(400);
    let ask = anthropic(&format!(
        r#"{{"type":"document","source":{{"type":"text","media_type":"text/plain","data":"{document}"}}}}"#
    ));
    assert!((3_700..=3_950).contains(&ask.prompt_tokens), "{ask:?}");
}

#[test]
fn a_letter_weighs_the_same_however_it_is_spelt() {
    let tokens = |letter: &str| {
        let text = letter.repeat(1_000);
        let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"{text}"}}]}}"#);
        openai(&body).unwrap().prompt_tokens
    };
    let (utf8, escaped) = (tokens("\u{4f60}"), tokens(r"\u4f60"));
    assert!(utf8.abs_diff(escaped) < 20, "{utf8} and {escaped}");
}

#[test]
fn spans_are_used_only_in_the_bytes_that_they_were_found_in() {
    let body = Bytes::from(r#"{"model":"m","messages":[{}]}"#);
    let ask = Arc::new(read(OPENAI, &body).unwrap());
    assert!(Arc::ptr_eq(&current(&ask, &body).unwrap(), &ask));
    let other = Bytes::from(r#"{"stream":true,"model":"m","messages":[{}]}"#);
    let again = current(&ask, &other).unwrap();
    assert!(again.stream);
    assert_eq!(&other[again.model_span.clone()], br#""m""#);
    // As long, and at another place.
    let same = Bytes::from(r#"{"messages":[{}],"model":"m"}"#);
    assert_eq!(same.len(), body.len());
    assert_eq!(current(&ask, &same).unwrap().model_span, 25..28);
    assert!(current(&ask, &Bytes::from("{}")).is_err());
}

/// The prompts of the turns, each from the start of `messages` on, the latest first.
fn turns(messages: &str) -> Vec<String> {
    let body = format!(r#"{{"model":"m","messages":{messages}}}"#);
    let ask = openai(&body).unwrap();
    let start = ask.prompt_spans[2].clone().unwrap().start;
    let ends = ask.turns.into_iter().filter(|end| *end > 0);
    ends.map(|end| body[start..end].to_owned()).collect()
}

#[test]
fn a_turn_ends_where_the_assistant_is_asked_to_speak() {
    let s = r#"{"role":"system"}"#;
    let u = r#"{"content":{"role":"admin"},"role" : "user"}"#;
    let a = r#"{"role":"assistant"}"#;
    let t = r#"{"role":"tool","content":[{"role":"assistant"}]}"#;
    assert_eq!(turns(&format!("[{s} , {u} ]")), [format!("[{s} , {u}")]);
    let two = format!("[{s},{u},{a},{u}]");
    assert_eq!(turns(&two), [&two[..two.len() - 1], &format!("[{s},{u}")]);
    let opened = format!("[{a},{u}]");
    assert_eq!(turns(&opened), [&opened[..opened.len() - 1]], "no question");
    let tools = format!("[{u},{a},{a},{t},{t},{a},{u},{a},{u}]");
    let first = format!("[{u},{a},{a},{t},{t}");
    let second = format!("{first},{a},{u}");
    let third = format!("{second},{a},{u}");
    assert_eq!(turns(&tools), [&*third, &*second, &*first], "the latest");
    let prefilled = format!("[{u},{a},{u},{a}]");
    let end = prefilled.len() - 2 - a.len();
    assert_eq!(turns(&prefilled), [&prefilled[..end], &format!("[{u}")]);
}

#[test]
fn without_its_cache_marks_a_message_reads_as_if_it_never_had_any() {
    let plain = r#"[{"role":"user","content":[{"type":"text","text":"\"cache_control\":{}"}]}]"#;
    for (from, to) in [
        (r#""}]"#, r#"", "cache_control" : {"type":"ephemeral"}}]"#),
        (r#"[{"t"#, r#"[{"cache_control":null,"t"#),
        (r#"[{"t"#, r#"[{"cache_control":{"cache_control":{}} , "t"#),
    ] {
        let marked = plain.replacen(from, to, 1);
        let body = format!(r#"{{"model":"m","messages":{marked}}}"#);
        let ask = openai(&body).unwrap();
        assert_eq!(ask.cache_marks.len(), 1, "{body}");
        let mark = ask.cache_marks[0].clone();
        let kept = format!("{}{}", &body[..mark.start], &body[mark.end..]);
        assert!(kept.contains(plain), "{body}: {kept}");
    }
    let blocks = vec![r#"{"cache_control":{}}"#; 100].join(",");
    let many = format!(r#"{{"model":"m","messages":[{{"content":[{blocks}]}}]}}"#);
    assert!(openai(&many).unwrap().cache_marks.len() < 10, "bounded");
    let spelt = r#"{"model":"m","messages":[{"content":[{"c\u0061che_control":{}}]}]}"#;
    assert!(openai(spelt).unwrap().cache_marks.is_empty());
}

mod doors {
    use towerman_core::{Door, Operation};

    use super::*;

    fn door(dialect: Dialect, model: Option<&'static str>, stream: Option<bool>) -> Door<'static> {
        let mut door = Door::plain(dialect, Operation::Generate);
        door.model = model.map(Into::into);
        door.stream = stream;
        door
    }

    fn read(door: &Door<'_>, body: &'static str) -> Ask {
        read_at(door, &Bytes::from(body)).unwrap()
    }

    #[test]
    fn what_the_path_says_need_not_stand_in_the_body() {
        let gemini = door(Dialect::Gemini, Some("flash"), Some(true));
        let ask = read(
            &gemini,
            r#"{"contents":[{"role":"user","parts":[{"text":"Hi"},{"inlineData":{"mimeType":"image/png","data":"AA"}}]},
                {"role":"model","parts":[]},{"role":"user","parts":[]}],
                "systemInstruction":{"parts":[{"text":"Be short"}]},"tools":[{}],
                "generationConfig":{"maxOutputTokens":7,"responseMimeType":"application/json"}}"#,
        );
        assert_eq!((&*ask.model, ask.stream), ("flash", true));
        assert_eq!(ask.model_span, 0..0);
        assert!(ask.tools && ask.media && ask.structured && ask.model_in_path);
        assert_eq!(ask.max_output, Some(7));
        assert!(ask.prompt_spans.iter().all(Option::is_some));
        assert!(ask.turns[0] > ask.turns[1] && ask.turns[1] > 0);
    }

    #[test]
    fn a_changed_body_is_read_at_the_same_door() {
        let gemini = door(Dialect::Gemini, Some("flash"), Some(true));
        let first = Arc::new(read(&gemini, r#"{"contents":[{"parts":[]}]}"#));
        let other = Bytes::from(r#"{"contents":[{"parts":[]},{"parts":[]}]}"#);
        let again = current(&first, &other).unwrap();
        assert_eq!((&*again.model, again.stream), ("flash", true));
        assert_ne!(again.source, first.source);
    }

    #[test]
    fn each_dialect_has_its_own_words() {
        let converse = door(Dialect::BedrockConverse, Some("m"), Some(false));
        let ask = read(
            &converse,
            r#"{"messages":[{"role":"user","content":[{"image":{"format":"png","source":{"bytes":"AA"}}}]}],
                "system":[{"text":"x"}],"inferenceConfig":{"maxTokens":9},"toolConfig":{"tools":[{}]}}"#,
        );
        assert!(ask.media && ask.tools);
        assert_eq!((ask.max_output, ask.stream), (Some(9), false));

        let ollama = door(Dialect::Ollama, None, None);
        let body = r#"{"model":"m","messages":[{"role":"user","images":["AA"]}],"format":{"type":"object"},"options":{"num_predict":-1}}"#;
        let ask = read(&ollama, body);
        assert!(ask.stream && ask.media && ask.structured && ask.max_output.is_none());
        assert!(!read(&ollama, r#"{"stream":false,"model":"m","messages":[{}]}"#).stream);

        let responses = door(Dialect::OpenAiResponses, None, None);
        let ask = read(
            &responses,
            r#"{"model":"m","input":"Hi","max_output_tokens":3,"instructions":"x","text":{"format":{"type":"json_schema"}}}"#,
        );
        assert_eq!(ask.max_output, Some(3));
        assert!(ask.structured && ask.prompt_tokens > 0 && ask.turns[0] > 0);
        let ask = read(
            &responses,
            r#"{"model":"m","input":[{"role":"user","content":"a"},{"type":"function_call","name":"f"},{"type":"function_call_output","output":"x"}]}"#,
        );
        assert!(ask.turns[1] > 0 && ask.turns[2] == 0);

        let completions = door(Dialect::OpenAiCompletions, None, None);
        assert_eq!(
            read(&completions, r#"{"prompt":"Hi","model":"m"}"#).turns[1],
            0
        );
        let cohere = door(Dialect::Cohere, None, None);
        let body = r#"{"messages":[{}],"model":"m","max_tokens":2,"response_format":{"type":"json_object"}}"#;
        assert!(read(&cohere, body).structured);
        let body = r#"{"model":"m","messages":[{}],"documents":["a long enough text to count"]}"#;
        let (with, without) = (
            read(&cohere, body),
            read(&cohere, r#"{"model":"m","messages":[{}]}"#),
        );
        assert!(with.prompt_tokens > without.prompt_tokens);
    }

    #[test]
    fn what_is_missing_is_named_as_the_dialect_names_it() {
        for (dialect, subject) in [
            (Dialect::Gemini, "contents"),
            (Dialect::OpenAiResponses, "input"),
            (Dialect::OpenAiCompletions, "prompt"),
            (Dialect::BedrockConverse, "messages"),
        ] {
            let body = Bytes::from(r#"{"x":1}"#);
            let fault = read_at(&door(dialect, Some("m"), None), &body).unwrap_err();
            assert_eq!(fault.named_param(), Some(subject));
        }
    }
}
