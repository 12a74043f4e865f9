//! How the model shall answer, asked in other dialects.

use serde_json::value::to_raw_value;
use serde_json::{Value, json};

use super::{other, refused_to_other, with};
use crate::neutral::{Effort, Format, Reasoning, Request, Set, Shown, Text};

fn reasoning(reasoning: Reasoning, fields: &Value) -> (Value, Value, Vec<String>) {
    let (there, told) = other(&with(fields), |request| {
        request.reasoning = Some(Set::new(reasoning, "/r"));
    });
    (
        there["thinking"].clone(),
        there["output_config"]["effort"].clone(),
        told,
    )
}

fn effort(effort: Effort) -> Reasoning {
    Reasoning {
        effort: Some(effort),
        ..Reasoning::default()
    }
}

fn budget(budget: i64) -> Reasoning {
    Reasoning {
        budget: Some(budget),
        ..Reasoning::default()
    }
}

#[test]
fn efforts_are_told_as_efforts_and_budgets_as_budgets() {
    let room = json!({"max_tokens": 9000});
    let enabled = |budget: u64| json!({"type": "enabled", "budget_tokens": budget});
    let none = Value::Null;
    let on = |on| Reasoning {
        on: Some(on),
        ..Reasoning::default()
    };
    for (asked, thinking, effort, told) in [
        (
            effort(Effort::None),
            json!({"type": "disabled"}),
            none.clone(),
            "",
        ),
        (effort(Effort::Minimal), none.clone(), json!("low"), "~/r"),
        (effort(Effort::High), none.clone(), json!("high"), ""),
        (effort(Effort::Max), none.clone(), json!("max"), ""),
        (budget(0), json!({"type": "disabled"}), none.clone(), ""),
        (budget(-1), json!({"type": "adaptive"}), none.clone(), ""),
        (budget(10), enabled(1024), none.clone(), "~/r"),
        (budget(2000), enabled(2000), none.clone(), ""),
        (budget(9000), enabled(8999), none.clone(), "~/r"),
        (on(true), json!({"type": "adaptive"}), none.clone(), ""),
        (on(false), json!({"type": "disabled"}), none, ""),
    ] {
        let (said, level, lost) = reasoning(asked, &room);
        assert_eq!(
            (said, level, lost.join(" ")),
            (thinking, effort, told.to_owned()),
            "{asked:?}"
        );
    }
    // No room for a budget at all.
    let (said, _, lost) = reasoning(budget(2000), &json!({"max_tokens": 1024}));
    assert_eq!(
        (said, lost),
        (json!({"type": "disabled"}), vec!["~/r".to_owned()])
    );
    // A limit that nobody set makes room for it.
    let (there, _) = other(&with(&json!({"max_tokens": null})), |request| {
        request.reasoning = Some(Set::new(budget(2000), "/r"));
    });
    assert_eq!(
        (&there["max_tokens"], &there["thinking"]),
        (&json!(6096), &enabled(2000))
    );
}

#[test]
fn who_wants_to_see_thoughts_is_shown_them() {
    let shown = |reasoning: Reasoning, shown| Reasoning {
        shown: Some(shown),
        ..reasoning
    };
    let adaptive = json!({"type": "adaptive", "display": "summarized"});
    let high = effort(Effort::High);
    assert_eq!(
        reasoning(shown(high, Shown::Summary), &json!({})).0,
        adaptive
    );
    assert_eq!(
        reasoning(shown(high, Shown::Omitted), &json!({})).0,
        Value::Null
    );
    let omitted = json!({"type": "adaptive", "display": "omitted"});
    assert_eq!(
        reasoning(shown(budget(-1), Shown::Omitted), &json!({})).0,
        omitted
    );
    let (thinking, _, lost) = reasoning(shown(Reasoning::default(), Shown::Summary), &json!({}));
    assert_eq!((thinking, lost), (Value::Null, vec!["-/r".to_owned()]));
}

#[test]
fn what_thinking_rules_out_is_left_out() {
    let room = json!({"max_tokens": 9000, "temperature": 0.5, "top_p": 0.5, "top_k": 3});
    let (_, _, lost) = reasoning(budget(2000), &room);
    assert_eq!(lost, ["-/temperature", "-/top_p", "-/top_k"]);
    let fine = json!({"max_tokens": 9000, "temperature": 1, "top_p": 0.95});
    let (_, _, lost) = reasoning(budget(2000), &fine);
    assert!(lost.is_empty());
    let (_, _, lost) = reasoning(effort(Effort::High), &room);
    assert!(lost.is_empty());
    let forced = json!({"tool_choice": {"type": "any"}, "temperature": 0.5,
        "tools": [{"name": "f", "input_schema": {"type": "object"}}]});
    let (thinking, _, lost) = reasoning(budget(2000), &forced);
    assert_eq!((thinking, lost), (Value::Null, vec!["~/r".to_owned()]));
}

#[test]
fn what_bends_is_told() {
    let (there, told) = other(
        &with(&json!({"max_tokens": null, "temperature": 1.7})),
        |request| {
            request.sampling.stop = Some(Set::new(
                vec![Text::Said(" \n".into()), Text::Said("END".into())],
                "/stop",
            ));
        },
    );
    assert_eq!(
        (
            &there["max_tokens"],
            &there["temperature"],
            &there["stop_sequences"]
        ),
        (&json!(4096), &json!(1.0), &json!(["END"]))
    );
    assert_eq!(
        told,
        ["~/max_completion_tokens", "-/stop/0", "~/temperature"]
    );
    let (there, told) = other(&with(&json!({"stop_sequences": [" "]})), |_| {});
    assert_eq!(
        (there.get("stop_sequences"), told),
        (None, vec!["-/stop_sequences".to_owned()])
    );
}

#[test]
fn tiers_are_told_by_anthropics_names() {
    for (asked, told, lost) in [
        ("auto", json!("auto"), ""),
        ("standard_only", json!("standard_only"), ""),
        ("default", json!("standard_only"), "~/service_tier"),
        ("priority", json!("auto"), "~/service_tier"),
        ("flex", Value::Null, "-/service_tier"),
    ] {
        let (there, losses) = other(&with(&json!({"service_tier": asked})), |_| {});
        assert_eq!(
            (&there["service_tier"], losses.join(" ")),
            (&told, lost.to_owned())
        );
    }
}

#[test]
fn formats_are_schemas_or_words() {
    let schema = to_raw_value(&json!({"type": "object"})).unwrap();
    let format = |format| Some(Set::new(format, "/f"));
    let (there, told) = other(&with(&json!({})), |request| {
        request.format = format(Format::Schema {
            name: Some(Text::Said("n".into())),
            description: Some(Text::Said("d".into())),
            schema: std::borrow::Cow::Owned(schema),
            strict: Some(false),
        });
    });
    assert_eq!(
        there["output_config"],
        json!({"format": {"type": "json_schema", "schema": {"type": "object"}}})
    );
    assert_eq!(told, ["-/f/name", "-/f/description", "-/f/strict"]);
    let (there, told) = other(&with(&json!({})), |request| {
        request.format = format(Format::Json)
    });
    assert!(
        there["system"][0]["text"]
            .as_str()
            .unwrap()
            .contains("JSON")
    );
    assert_eq!(told, ["~/f"]);
    let (there, told) = other(&with(&json!({})), |request| {
        request.format = format(Format::Text)
    });
    assert!(there.get("system").is_none() && told.is_empty());
}

#[test]
fn what_would_change_the_answer_is_refused_and_the_rest_is_dropped() {
    let body = with(&json!({}));
    let bias = to_raw_value(&json!({"1": 2})).unwrap();
    let empty = to_raw_value(&json!({})).unwrap();
    let n = |request: &mut Request<'_>| request.sampling.n = Some(Set::new(2, "/n"));
    assert_eq!(refused_to_other(&body, n), "/n");
    let logprobs = |request: &mut Request<'_>| request.sampling.logprobs = Some(Set::new(0, "/l"));
    assert_eq!(refused_to_other(&body, logprobs), "/l");
    for (raw, refused) in [(&bias, true), (&empty, false)] {
        let mut request = crate::dialect::anthropic::read::request(&body).unwrap();
        request.sampling.logit_bias = Some(Set::new(raw, "/b"));
        let mut notes = crate::neutral::Notes::new(false);
        let written = crate::dialect::Codec::write_request(
            &super::Codec,
            request,
            &super::to(false),
            &mut notes,
        );
        assert_eq!(written.is_err(), refused);
    }
    let (_, told) = other(&body, |request| {
        let sampling = &mut request.sampling;
        sampling.n = Some(Set::new(1, "/n"));
        sampling.min_p = Some(Set::new(0.1, "/min_p"));
        sampling.seed = Some(Set::new(1, "/seed"));
        sampling.presence = Some(Set::new(0.1, "/presence"));
        sampling.frequency = Some(Set::new(0.1, "/frequency"));
    });
    assert_eq!(told, ["-/min_p", "-/seed", "-/presence", "-/frequency"]);
}

#[test]
fn a_strict_translation_is_refused_where_it_would_drop() {
    let body = with(&json!({"new": 1}));
    let mut notes = crate::neutral::Notes::new(true);
    let fault = super::try_other(&body, |_| {}, &mut notes).unwrap_err();
    assert_eq!(super::at(&fault), "/new");
}
