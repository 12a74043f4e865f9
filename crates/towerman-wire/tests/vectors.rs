//! Embeddings in other dialects: golden vectors, and recorded traffic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod recorded_support;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use recorded_support::files;
use serde_json::{Value, json};
use towerman_core::{Dialect, FaultKind, Tier};
use towerman_wire::{
    translate::Job,
    vectors::{self, Told, Translated},
};

const DIALECTS: [Dialect; 4] = [
    Dialect::OpenAiChat,
    Dialect::Gemini,
    Dialect::Cohere,
    Dialect::Ollama,
];

const FOLDERS: [(&str, Dialect); 6] = [
    ("openai-embeddings", Dialect::OpenAiChat),
    ("azure-embeddings", Dialect::OpenAiChat),
    ("mistral-embeddings", Dialect::OpenAiChat),
    ("openrouter-embeddings", Dialect::OpenAiChat),
    ("gemini-embeddings", Dialect::Gemini),
    ("cohere-embed", Dialect::Cohere),
];

fn request(
    from: Dialect,
    to: Dialect,
    body: &Value,
) -> Result<(Value, Translated), towerman_core::Fault> {
    let told = vectors::request(&Job::new(from, to, "there"), body.to_string().as_bytes())?;
    Ok((serde_json::from_slice(&told.body).unwrap(), told))
}

/// Texts, and how long a vector shall be, read by code that shares nothing with the codecs.
fn wanted(dialect: Dialect, body: &Value) -> (Vec<String>, Option<u64>) {
    let strings = |value: &Value| match value {
        Value::String(one) => vec![one.clone()],
        list => list
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one.as_str().unwrap().to_owned())
            .collect(),
    };
    match dialect {
        Dialect::Gemini => {
            let single = json!([body]);
            let all = body.get("requests").unwrap_or(&single).as_array().unwrap();
            let text = |one: &Value| {
                one["content"]["parts"][0]["text"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            };
            (
                all.iter().map(text).collect(),
                all[0]["outputDimensionality"].as_u64(),
            )
        }
        Dialect::Cohere => (strings(&body["texts"]), body["output_dimension"].as_u64()),
        _ => (strings(&body["input"]), body["dimensions"].as_u64()),
    }
}

/// The vectors of an answer, read in the same way.
fn heard(dialect: Dialect, body: &Value) -> Vec<Vec<f32>> {
    let list: Vec<Value> = match dialect {
        Dialect::OpenAiChat => {
            let mut data = body["data"].as_array().unwrap().clone();
            data.sort_by_key(|one| one["index"].as_u64());
            data.into_iter()
                .map(|mut one| one["embedding"].take())
                .collect()
        }
        Dialect::Gemini if body.get("embedding").is_some() => {
            vec![body["embedding"]["values"].clone()]
        }
        Dialect::Gemini => body["embeddings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["values"].clone())
            .collect(),
        Dialect::Cohere => body["embeddings"]
            .as_object()
            .unwrap()
            .values()
            .next()
            .unwrap()
            .as_array()
            .unwrap()
            .clone(),
        _ => body["embeddings"].as_array().unwrap().clone(),
    };
    list.into_iter()
        .map(|one| match one.as_str() {
            None => serde_json::from_value(one).unwrap(),
            Some(packed) => {
                let bytes = STANDARD.decode(packed).unwrap();
                bytes
                    .chunks(4)
                    .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
                    .collect()
            }
        })
        .collect()
}

#[test]
fn recorded_requests_ask_every_dialect_for_the_same() {
    for (folder, from) in FOLDERS {
        for (name, exchange) in files(folder) {
            let body = &exchange["request"]["body"];
            for to in DIALECTS {
                let (told, translated) = match request(from, to, body) {
                    Ok(told) => told,
                    // Tokens, images and types of numbers that others have no word for.
                    Err(fault) => {
                        let at = fault.named_param().unwrap_or_default().to_owned();
                        let known = ["/input", "/images", "/embedding_types", "/inputs"];
                        assert!(
                            known.iter().any(|known| at.starts_with(known)),
                            "{folder}/{name}: {fault}"
                        );
                        continue;
                    }
                };
                assert_eq!(
                    wanted(to, &told),
                    wanted(from, body),
                    "{folder}/{name} to {to}"
                );
                assert_eq!(translated.told.count, wanted(from, body).0.len());
            }
        }
    }
}

#[test]
fn recorded_vectors_are_the_same_numbers_in_every_dialect() {
    for (folder, from) in FOLDERS {
        for (name, exchange) in files(folder) {
            let body = &exchange["response"]["body"];
            let there = ["data", "embedding", "embeddings"]
                .iter()
                .any(|key| body.get(key).is_some());
            let typed = body["embeddings"].get("int8").is_some();
            if exchange["response"]["status"] != 200 || !there || typed {
                continue;
            }
            let spoken = heard(from, body);
            for to in DIALECTS {
                for packed in [false, true] {
                    let strings = body["data"][0]["embedding"].is_string();
                    let told = Told {
                        // What is asked for packed may come listed; the other way is no answer.
                        packed: packed || strings,
                        single: spoken.len() == 1,
                        count: spoken.len(),
                        model: "asked".into(),
                        id: "id".into(),
                    };
                    let answer = vectors::response(from, to, body.to_string().as_bytes(), &told);
                    let answer =
                        answer.unwrap_or_else(|fault| panic!("{folder}/{name} to {to}: {fault}"));
                    let answer: Value = serde_json::from_slice(&answer).unwrap();
                    assert_eq!(heard(to, &answer), spoken, "{folder}/{name} to {to}");
                }
            }
        }
    }
}

#[test]
fn each_dialect_is_told_in_its_own_words() {
    let ask = json!({"model": "m", "input": ["a", "b"], "dimensions": 4, "encoding_format": "base64", "user": "u"});
    let from = Dialect::OpenAiChat;
    let (told, translated) = request(from, Dialect::Gemini, &ask).unwrap();
    let one = |text: &str| json!({"model": "models/there", "content": {"parts": [{"text": text}]}, "outputDimensionality": 4});
    assert_eq!(told, json!({"requests": [one("a"), one("b")]}));
    assert!(translated.many && translated.told.packed && !translated.told.single);
    assert_eq!(&*translated.losses.list()[0].pointer, "/user");

    let (told, translated) = request(from, Dialect::Cohere, &ask).unwrap();
    let expected = json!({"model": "there", "texts": ["a", "b"], "input_type": "search_document",
        "embedding_types": ["float"], "output_dimension": 4, "truncate": "NONE"});
    assert_eq!(told, expected);
    let tiers: Vec<_> = translated
        .losses
        .list()
        .iter()
        .map(|loss| loss.tier)
        .collect();
    assert_eq!(tiers, [Tier::Dropped, Tier::Mapped]);

    let (told, _) = request(from, Dialect::Ollama, &ask).unwrap();
    assert_eq!(
        told,
        json!({"model": "there", "input": ["a", "b"], "dimensions": 4, "truncate": false})
    );

    let gemini = json!({"content": {"role": "user", "parts": [{"text": "a"}]}, "taskType": "QUESTION_ANSWERING",
        "embedContentConfig": {"outputDimensionality": 3, "autoTruncate": true}});
    let (told, translated) = request(Dialect::Gemini, Dialect::Cohere, &gemini).unwrap();
    assert_eq!(told["input_type"], "search_query");
    assert_eq!(told["output_dimension"], 3);
    assert!(translated.told.single && !translated.many);
    let lost: Vec<_> = translated
        .losses
        .list()
        .iter()
        .map(|loss| &*loss.pointer)
        .collect();
    assert_eq!(lost, ["/embedContentConfig/autoTruncate", "/taskType"]);
    let (told, _) = request(Dialect::Gemini, from, &gemini).unwrap();
    assert_eq!(
        told,
        json!({"model": "there", "input": "a", "dimensions": 3, "encoding_format": "float"})
    );
}

#[test]
fn what_cannot_be_said_is_refused_by_its_place() {
    let text = |text: &str| json!({"content": {"parts": [{"text": text}]}});
    let image =
        json!({"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "AA=="}}]}});
    let mut short = text("b");
    short["outputDimensionality"] = 2.into();
    for (from, body, at) in [
        (Dialect::OpenAiChat, json!({"input": [[1, 2]]}), "/input"),
        (Dialect::OpenAiChat, json!({"input": ["a", 7]}), "/input"),
        (Dialect::OpenAiChat, json!({"input": []}), "/input"),
        (Dialect::OpenAiChat, json!({"input": ["a", ""]}), "/input/1"),
        (
            Dialect::OpenAiChat,
            json!({"input": "a", "encoding_format": "int8"}),
            "/encoding_format",
        ),
        (
            Dialect::OpenAiChat,
            json!({"input": "a", "dimensions": "4"}),
            "/dimensions",
        ),
        (
            Dialect::Gemini,
            json!({"requests": [text("a"), short]}),
            "/requests/1",
        ),
        (Dialect::Gemini, json!({"requests": []}), "/requests"),
        (Dialect::Gemini, image, "/content/parts/0"),
        (
            Dialect::Gemini,
            json!({"content": {"parts": []}}),
            "/content/parts",
        ),
        (
            Dialect::Cohere,
            json!({"texts": ["a"], "embedding_types": ["float", "int8"]}),
            "/embedding_types",
        ),
        (
            Dialect::Cohere,
            json!({"texts": ["a"], "input_type": "image"}),
            "/input_type",
        ),
        (
            Dialect::Cohere,
            json!({"images": ["data:"], "input_type": "image"}),
            "/images",
        ),
        (
            Dialect::Cohere,
            json!({"inputs": [{"content": [{"type": "image_url"}]}]}),
            "/inputs/0/content/0",
        ),
        (Dialect::Ollama, json!({"input": [""]}), "/input/0"),
    ] {
        for to in DIALECTS {
            let fault = request(from, to, &body).map(|(told, _)| told).unwrap_err();
            assert_eq!(
                (fault.kind(), fault.named_param()),
                (FaultKind::InvalidRequest, Some(at)),
                "{body}"
            );
        }
    }
    // Twice the same member, and what is no JSON at all.
    for body in [r#"{"input":"a","input":"b"}"#, "[]", "\u{0}"] {
        let job = Job::new(Dialect::OpenAiChat, Dialect::Cohere, "m");
        assert!(vectors::request(&job, body.as_bytes()).is_err(), "{body}");
    }
    assert!(!vectors::translates(
        Dialect::Anthropic,
        Dialect::OpenAiChat
    ));
}

#[test]
fn an_answer_that_is_none_is_a_bad_gateway() {
    let told = Told {
        count: 1,
        ..Told::default()
    };
    for body in [
        json!({}),
        json!({"data": []}),
        json!({"data": [{"embedding": [1, "a"]}]}),
        json!({"data": [{"embedding": [1]}, {"embedding": [2]}]}),
        // Asked for numbers; what this base64 means is anybody's guess.
        json!({"data": [{"embedding": "AAAAAA=="}]}),
        json!({"error": {"message": "no"}}),
    ] {
        let body = body.to_string();
        let (from, to) = (Dialect::OpenAiChat, Dialect::Cohere);
        let fault = vectors::response(from, to, body.as_bytes(), &told).unwrap_err();
        assert_eq!(fault.kind(), FaultKind::BadGateway, "{body}");
    }
}

#[test]
fn a_text_is_cut_only_for_clients_whose_dialect_cuts() {
    let cohere = json!({"texts": ["a"], "input_type": "search_query"});
    let (told, _) = request(Dialect::Cohere, Dialect::Ollama, &cohere).unwrap();
    assert_eq!(told["truncate"], true);
    let ollama = json!({"input": "a", "truncate": false});
    let (told, _) = request(Dialect::Ollama, Dialect::Cohere, &ollama).unwrap();
    assert_eq!(told["truncate"], "NONE");
    let (told, _) = request(Dialect::Cohere, Dialect::OpenAiChat, &cohere).unwrap();
    assert!(told.get("truncate").is_none(), "{told}");
}

#[test]
fn more_texts_than_a_provider_takes_are_refused_before_they_are_sent() {
    for (to, most) in [(Dialect::Cohere, 96), (Dialect::Gemini, 100)] {
        let ask = |count: usize| json!({"model": "m", "input": vec!["a"; count]});
        assert!(request(Dialect::OpenAiChat, to, &ask(most)).is_ok());
        let fault = request(Dialect::OpenAiChat, to, &ask(most + 1)).map(|(told, _)| told);
        let fault = fault.unwrap_err();
        assert_eq!(fault.named_param(), Some("/input"), "{fault}");
        assert!(fault.message().contains(&most.to_string()), "{fault}");
    }
}

#[test]
fn mistrals_words_are_known() {
    let ask = json!({"model": "m", "input": "a", "output_dimension": 8, "output_dtype": "float"});
    let (told, _) = request(Dialect::OpenAiChat, Dialect::Ollama, &ask).unwrap();
    assert_eq!(told["dimensions"], 8);
    let ask = json!({"model": "m", "input": "a", "output_dtype": "int8"});
    let fault = request(Dialect::OpenAiChat, Dialect::Ollama, &ask).map(|(told, _)| told);
    assert_eq!(fault.unwrap_err().named_param(), Some("/output_dtype"));
}

#[test]
fn an_odd_receipt_does_not_cost_the_answer() {
    let told = Told {
        count: 1,
        ..Told::default()
    };
    for (tokens, read) in [
        (json!(7.0), json!(7)),
        (json!(-1), json!(0)),
        (json!("7"), json!(0)),
        (json!(null), json!(0)),
    ] {
        let body =
            json!({"data": [{"embedding": [1.5]}], "usage": {"prompt_tokens": tokens}}).to_string();
        let (chat, gemini) = (Dialect::OpenAiChat, Dialect::Gemini);
        let heard = vectors::response(chat, gemini, body.as_bytes(), &told).unwrap();
        let heard: Value = serde_json::from_slice(&heard).unwrap();
        assert_eq!(heard["embeddings"][0]["values"], json!([1.5]));
        let count = &heard["usageMetadata"]["promptTokenCount"];
        assert_eq!(count.as_u64().unwrap_or_default(), read.as_u64().unwrap());
    }
}
