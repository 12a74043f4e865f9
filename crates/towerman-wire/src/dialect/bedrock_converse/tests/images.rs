//! Images that models make.

use serde_json::{Value, json};
use towerman_core::Dialect;

use super::{
    CHAT, D,
    events::{data, delta, end, start, stop, text, through},
    frames::{event, read},
};
use crate::translate::{self, Gather, Options};

fn begin(index: u32, format: &str) -> Vec<u8> {
    let start = json!({"image": {"format": format}});
    event(
        "contentBlockStart",
        &json!({"contentBlockIndex": index, "start": start}),
    )
}

fn piece(index: u32, bytes: &str) -> Vec<u8> {
    delta(index, &json!({"image": {"source": {"bytes": bytes}}}))
}

/// Five bytes in two pieces, each of them base64 by itself.
fn drawn() -> Vec<u8> {
    [
        start(),
        text(0, "Here:"),
        stop(0),
        begin(1, "webp"),
        piece(1, "AQ=="),
        piece(1, "AgMEBQ=="),
        stop(1),
        text(2, "There."),
        stop(2),
        end("end_turn"),
    ]
    .concat()
}

fn content(from: Dialect, bytes: &[u8]) -> Value {
    let mut gather = Gather::new(from, D, &Options::default());
    gather.push(bytes).unwrap();
    let told: Value = serde_json::from_slice(&gather.finish().unwrap()).unwrap();
    told["output"]["message"]["content"].clone()
}

fn image(format: &str, data: &str) -> Value {
    json!({"image": {"format": format, "source": {"bytes": data}}})
}

#[test]
fn an_image_in_pieces_is_one_image() {
    let whole = json!([{"text": "Here:"}, image("webp", "AQIDBAU="), {"text": "There."}]);
    assert_eq!(content(D, &drawn()), whole);
    let chat = data(&through(D, CHAT, &drawn()));
    let images = chat
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["images"].get(0));
    let urls: Vec<_> = images
        .map(|image| image["image_url"]["url"].as_str().unwrap())
        .collect();
    assert_eq!(urls, ["data:image/webp;base64,AQIDBAU="]);
    // Told again, it starts with its format, and its bytes follow.
    let told = through(D, D, &drawn());
    let said: Vec<_> = read(&told)
        .into_iter()
        .map(|(_, name, said)| (name, said))
        .collect();
    let expected = [
        (
            "contentBlockStart",
            json!({"contentBlockIndex": 1, "start": {"image": {"format": "webp"}}}),
        ),
        (
            "contentBlockDelta",
            json!({"contentBlockIndex": 1,
            "delta": {"image": {"source": {"bytes": "AQIDBAU="}}}}),
        ),
        ("contentBlockStop", json!({"contentBlockIndex": 1})),
    ];
    let expected: Vec<_> = expected.map(|(name, said)| (name.to_owned(), said)).into();
    assert_eq!(said[3..6], expected);
    assert_eq!(content(D, &told), whole);
}

#[test]
fn an_image_of_another_provider_is_told_whole_and_in_a_stream() {
    let parts = json!([{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]);
    let body = json!({"candidates": [{"content": {"parts": parts, "role": "model"}, "finishReason": "STOP"}]});
    let body = body.to_string();
    let options = Options::default();
    let told = translate::response(Dialect::Gemini, D, body.as_bytes(), &options).unwrap();
    let told: Value = serde_json::from_slice(&told).unwrap();
    let whole = json!([image("png", "AAAA")]);
    assert_eq!(told["output"]["message"]["content"], whole);
    let stream = translate::retell(Dialect::Gemini, D, body.as_bytes(), &options).unwrap();
    assert_eq!(content(D, &stream), whole);
}

#[test]
fn an_image_that_did_not_come_is_none() {
    let failed = json!({"image": {"error": {"message": "no"}}});
    let bytes = [
        start(),
        begin(0, "png"),
        delta(0, &failed),
        stop(0),
        end("end_turn"),
    ]
    .concat();
    assert_eq!(content(D, &bytes), json!([]));
    let bytes = [
        start(),
        begin(0, "bmp"),
        piece(0, "AAAA"),
        stop(0),
        end("end_turn"),
    ]
    .concat();
    assert_eq!(content(D, &bytes), json!([]));
    // Without the end of its block, the answer's will do.
    let bytes = [start(), begin(0, "png"), piece(0, "AAAA"), end("end_turn")].concat();
    assert_eq!(content(D, &bytes), json!([image("png", "AAAA")]));
    let bytes = [
        start(),
        begin(0, "png"),
        piece(0, "A?"),
        stop(0),
        end("end_turn"),
    ]
    .concat();
    let (_, last, _) = read(&through(D, D, &bytes)).pop().unwrap();
    assert_eq!(last, "modelStreamErrorException");
}
