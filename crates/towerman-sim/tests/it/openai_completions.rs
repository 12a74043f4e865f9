//! The legacy completions of the OpenAI dialect.

use crate::{common::events, native::raw};
use serde_json::{Value, json};
use towerman_sim::{Fault, Sim};

const PATH: &str = "/v1/completions";

fn sim() -> Sim {
    Sim::openai("alpha").build()
}

#[tokio::test]
async fn whole_answer_has_every_field() {
    let sim = sim();
    let reply = raw(&sim, PATH, &json!({"model": "m", "prompt": "hi"}))
        .await
        .json();
    assert!(reply["id"].as_str().unwrap().starts_with("cmpl-"));
    assert_eq!(
        (&reply["object"], &reply["model"]),
        (&json!("text_completion"), &json!("m"))
    );
    let choice = &reply["choices"][0];
    assert!(choice["text"].as_str().unwrap().starts_with("[alpha] "));
    // Short, if nothing else is asked for.
    assert_eq!(
        (&choice["finish_reason"], &choice["logprobs"]),
        (&json!("length"), &Value::Null)
    );
    // There is no message that would cost more.
    assert_eq!(
        reply["usage"],
        json!({"prompt_tokens": 1, "completion_tokens": 16, "total_tokens": 17})
    );
    let line = &sim.book().lines()[0];
    assert_eq!(
        (&line.id, line.uncached_input, line.output),
        (&reply["id"].as_str().unwrap().to_owned(), 1, 16)
    );
}

#[tokio::test]
async fn stream_says_what_the_whole_says() {
    let body = json!({"model": "m", "prompt": "say:\"one two three four\"", "stop": " four", "n": 2, "echo": true,
        "stream": true, "stream_options": {"include_usage": true}});
    let sim = sim();
    let events = events(&raw(&sim, PATH, &body).await.bytes);
    for index in [0, 1] {
        let of = events.iter().filter_map(|event| {
            let choice = &event.data["choices"][0];
            (choice["index"] == index).then(|| choice.clone())
        });
        let of: Vec<_> = of.collect();
        let said: String = of
            .iter()
            .map(|choice| choice["text"].as_str().unwrap())
            .collect();
        assert_eq!(said, "say:\"one two three four\"one two three");
        assert_eq!(of.last().unwrap()["finish_reason"], "stop");
    }
    assert_eq!(events.last().unwrap().data, "[DONE]");
    let usage = &events[events.len() - 2].data["usage"];
    assert_eq!(usage["completion_tokens"], sim.book().totals().output);
}

#[tokio::test]
async fn prompts_of_every_kind_and_none() {
    for (prompt, tokens, choices) in [
        (json!(["hi", "ho"]), 2, 2),
        (json!([1, 2, 3]), 3, 1),
        (json!([[1, 2], [3]]), 3, 2),
    ] {
        let body = json!({"model": "m", "prompt": prompt, "echo": true});
        let reply = raw(&sim(), PATH, &body).await.json();
        assert_eq!(
            (
                &reply["usage"]["prompt_tokens"],
                reply["choices"].as_array().unwrap().len()
            ),
            (&json!(tokens), choices)
        );
    }
    let echoed = raw(
        &sim(),
        PATH,
        &json!({"model": "m", "prompt": ["hi", "ho"], "echo": true}),
    )
    .await
    .json();
    let starts = |at: usize| echoed["choices"][at]["text"].as_str().unwrap()[..3].to_owned();
    assert_eq!((starts(0).as_str(), starts(1).as_str()), ("hi[", "ho["));
    for wrong in [
        json!({"model": "m"}),
        json!({"model": "m", "prompt": []}),
        json!({"model": "m", "prompt": {}}),
        json!({"prompt": "hi"}),
    ] {
        assert_eq!(raw(&sim(), PATH, &wrong).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn faults_fall_on_it_too() {
    let (sim, body) = (sim(), json!({"model": "m", "prompt": "hi", "stream": true}));
    sim.faults()
        .once(Fault::ErrorInStream { after_chunks: 2 })
        .once(Fault::CloseAfterChunks(3))
        .once(Fault::Overloaded);
    let failed = events(&raw(&sim, PATH, &body).await.bytes);
    assert_eq!(
        (failed.len(), &failed[2].data["error"]["code"]),
        (3, &json!("server_is_overloaded"))
    );
    assert_eq!(events(&raw(&sim, PATH, &body).await.bytes).len(), 3);
    assert_eq!(raw(&sim, PATH, &body).await.status, 503);
    let outputs: Vec<_> = sim.book().lines().iter().map(|line| line.output).collect();
    assert_eq!(outputs, [2, 3]);
}
