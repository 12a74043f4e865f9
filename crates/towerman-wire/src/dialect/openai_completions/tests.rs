//! Hand-written vectors.

use serde_json::{Value, json};
use towerman_core::{Dialect, Fault, FaultKind, Finish};

use super::{super::Codec as _, Codec};
use crate::{
    dialect::To,
    framing::Event,
    neutral::{Answer, Choice, Hearer, Notes, Part},
    translate::{self, Options, Stream},
};

const D: Dialect = Dialect::OpenAiCompletions;
const RESPONSES: Dialect = Dialect::OpenAiResponses;

fn request(from: Dialect, to: Dialect, body: &Value) -> Result<Value, Fault> {
    let body = serde_json::to_vec(body).unwrap();
    let written = translate::request(from, to, &body, "m")?;
    Ok(serde_json::from_slice(&written.body).unwrap())
}

#[test]
fn what_is_read_is_written_again() {
    for prompt in [
        json!("a"),
        json!(["a"]),
        json!(["a", "b"]),
        json!([1, 2]),
        json!([[1], [2]]),
    ] {
        let body = json!({
            "model": "m", "prompt": prompt, "suffix": "s", "max_tokens": 5, "temperature": 0.5,
            "top_p": 0.25, "n": 2, "stream": false, "stream_options": {"include_usage": true,
            "x": 1}, "logprobs": 0, "echo": true, "stop": ["a", "b", "c", "d", "e"],
            "presence_penalty": -0.5, "frequency_penalty": 0.5, "best_of": 3,
            "logit_bias": {"5": -100}, "user": "u", "seed": -3, "odd": [1],
        });
        assert_eq!(request(D, D, &body).unwrap(), body);
    }
    let body = json!({"model": "m", "prompt": "a", "stop": "x", "stream": true});
    assert_eq!(request(D, D, &body).unwrap(), body);
}

#[test]
fn what_no_other_api_does_is_refused() {
    for (name, on, off) in [
        ("suffix", json!("s"), json!("")),
        ("echo", json!(true), json!(false)),
        ("best_of", json!(2), json!(1)),
        ("logprobs", json!(0), Value::Null),
        ("n", json!(2), json!(1)),
        ("logit_bias", json!({"5": 1}), Value::Null),
        ("prompt", json!([1, 2]), json!(["a"])),
    ] {
        let mut body = json!({"model": "m", "prompt": "a"});
        body[name] = on;
        let fault = request(D, RESPONSES, &body).unwrap_err();
        assert_eq!(fault.named_param(), Some(&*format!("/{name}")));
        body[name] = off;
        let written = request(D, RESPONSES, &body).unwrap();
        assert_eq!(written["input"][0]["content"], "a");
    }
    for (body, at) in [
        (json!({}), "/prompt"),
        (json!({"prompt": []}), "/prompt"),
        (json!({"prompt": 7}), "/prompt"),
        (json!({"prompt": "a", "stop": [1]}), "/stop/0"),
    ] {
        assert_eq!(request(D, D, &body).unwrap_err().named_param(), Some(at));
    }
}

#[test]
fn a_conversation_is_a_prompt_if_it_is_one_text() {
    let body = json!({"instructions": "S", "input": "a", "stream": true, "top_p": 0.5});
    assert_eq!(
        request(RESPONSES, D, &body).unwrap(),
        json!({"model": "m", "prompt": "S\n\na", "stream": true, "top_p": 0.5,
            "stream_options": {"include_usage": true}})
    );
    let user = json!({"role": "user", "content": "a"});
    for (body, at) in [
        (
            json!({"input": [user, {"role": "assistant", "content": "b"}, user]}),
            "/input/1",
        ),
        (
            json!({"input": "a", "tools": [{"type": "function", "name": "f"}]}),
            "/tools/0",
        ),
        (
            json!({"input": "a", "text": {"format": {"type": "json_object"}}}),
            "/text/format",
        ),
        (
            json!({"input": [{"role": "user", "content": [{"type": "input_image",
            "image_url": "https://a"}]}]}),
            "/input/0/content/0",
        ),
    ] {
        assert_eq!(
            request(RESPONSES, D, &body).unwrap_err().named_param(),
            Some(at)
        );
    }
    let stops = (0..5)
        .map(|n| crate::neutral::Text::Said(n.to_string().into()))
        .collect();
    let mut request = Codec
        .read_request(r#"{"prompt":"a"}"#, &mut Notes::new(false))
        .unwrap();
    request.sampling.stop = Some(crate::neutral::Set::new(stops, "/stop"));
    let to = To {
        model: "m",
        own: false,
        forced: false,
        unshaped: false,
    };
    let written = Codec
        .write_request(request, &to, &mut Notes::new(false))
        .unwrap();
    assert_eq!(written.cut, ["4"]);
    let body: Value = serde_json::from_slice(&written.body).unwrap();
    assert_eq!(body["stop"], json!(["0", "1", "2", "3"]));
}

#[test]
fn answers_are_texts() {
    let choice = |text, finish| Choice {
        parts: vec![Part::said(text)],
        finish,
        ..Choice::default()
    };
    let answer = Answer {
        choices: vec![choice("a", Finish::ToolCalls), choice("b", Finish::Length)],
        ..Answer::default()
    };
    let hearer = Hearer {
        created: 7,
        model: "m".into(),
        ..Hearer::default()
    };
    let written = Codec.write_answer(answer, &hearer).unwrap();
    let answer: Value = serde_json::from_slice(&written).unwrap();
    assert_eq!(
        answer,
        json!({"id": "cmpl-0", "object": "text_completion", "created": 7, "model": "m",
            "choices": [
                {"text": "a", "index": 0, "logprobs": null, "finish_reason": "stop"},
                {"text": "b", "index": 1, "logprobs": null, "finish_reason": "length"}]})
    );
    let again = Codec.read_answer(&written).unwrap();
    assert_eq!(
        (again.choices.len(), again.choices[1].finish),
        (2, Finish::Length)
    );
    for (body, kind) in [
        (r#"{"error":{"code":429}}"#, FaultKind::RateLimited),
        (r#"{"choices":[]}"#, FaultKind::BadGateway),
        ("7", FaultKind::BadGateway),
    ] {
        assert_eq!(Codec.read_answer(body.as_bytes()).unwrap_err().kind(), kind);
    }
}

fn through(from: Dialect, to: Dialect, sse: &str) -> String {
    let cut = |size| {
        let options = Options {
            include_usage: true,
            created: 7,
            ..Options::default()
        };
        let (mut stream, mut out) = (Stream::new(from, to, &options), Vec::new());
        for chunk in sse.as_bytes().chunks(size) {
            stream.push(chunk, &mut out);
        }
        stream.finish(&mut out);
        String::from_utf8(out).unwrap()
    };
    let whole = cut(sse.len());
    assert_eq!(cut(1), whole);
    assert_eq!(cut(7), whole);
    whole
}

fn chunk(index: u32, text: &str, reason: &Value) -> String {
    let choice = json!({"index": index, "text": text, "finish_reason": reason});
    format!(
        "data: {}\n\n",
        json!({"id": "i", "model": "m", "choices": [choice]})
    )
}

const USAGE: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

#[test]
fn streams_are_read_and_written() {
    let (none, stop) = (Value::Null, json!("stop"));
    let sse = [
        chunk(0, "a", &none),
        chunk(1, "x", &none),
        chunk(0, "b", &stop),
        chunk(1, "", &json!("length")),
        USAGE.into(),
        DONE.into(),
    ]
    .concat();
    let out = through(D, D, &sse);
    let said: Vec<(Value, Value, Value)> = out
        .lines()
        .filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
        .filter(|chunk: &Value| chunk["choices"][0].is_object())
        .map(|mut chunk| {
            let choice = chunk["choices"][0].take();
            (
                choice["index"].clone(),
                choice["text"].clone(),
                choice["finish_reason"].clone(),
            )
        })
        .collect();
    let expected = [
        (0, "a", none.clone()),
        (1, "x", none.clone()),
        (0, "b", none),
        (0, "", stop),
        (1, "", json!("length")),
    ];
    assert_eq!(
        said,
        expected.map(|(index, text, reason)| (json!(index), json!(text), reason))
    );
    assert!(out.contains("\"prompt_tokens\":3") && out.ends_with(DONE));

    // The first choice, in another dialect, and back.
    let there = through(D, RESPONSES, &sse);
    assert!(there.contains("response.completed") && there.contains("\"text\":\"ab\""));
    let back = through(RESPONSES, D, &there);
    assert!(back.contains("\"text\":\"a\"") && back.ends_with(DONE));
}

#[test]
fn a_stream_ends_where_it_is_proved_to() {
    let (none, stop) = (Value::Null, json!("stop"));
    for (sse, whole) in [
        (chunk(0, "a", &none), false),
        (chunk(0, "a", &none) + DONE, true),
        (chunk(0, "a", &stop), true),
        (chunk(0, "a", &stop) + DONE + DONE, true),
        (chunk(0, "a", &stop) + &chunk(1, "b", &none), false),
        (DONE.to_owned(), false),
    ] {
        let out = through(D, D, &sse);
        assert_eq!(out.matches(DONE).count(), usize::from(whole), "{sse}");
    }
    let error = "data: {\"error\":{\"code\":503,\"message\":\"sk-1\"}}\n\n";
    let out = through(D, D, &(chunk(0, "a", &none) + error + DONE));
    assert!(out.contains("service_unavailable") && !out.contains("sk-1") && !out.contains(DONE));
    let junk = "data: {\n\n".repeat(3);
    assert!(through(D, D, &(chunk(0, "a", &none) + &junk)).contains("bad_gateway"));
}

#[test]
fn events_are_learnt_from() {
    let learn = |data: &'static str| {
        let event = Event {
            name: None,
            data: data.as_bytes(),
            exception: false,
        };
        Codec.learn(event).unwrap()
    };
    let chunk = learn(
        r#"{"model":"m","choices":[{"text":"abc","finish_reason":"length"}],"usage":{"prompt_tokens":3}}"#,
    );
    assert_eq!(
        (chunk.content_bytes, chunk.finish),
        (3, Some(Finish::Length))
    );
    assert_eq!(chunk.model().as_deref(), Some("m"));
    assert_eq!(chunk.tokens.usage(D).unwrap().input, 3);
    assert!(chunk.answers && !chunk.complete);
    assert!(learn("[DONE]").complete);
    assert!(learn(r#"{"error":{}}"#).error);
}
