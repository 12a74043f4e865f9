//! Where something really stands in a client's body.

use towerman_core::Fault;

use super::{
    Fields, Raw,
    fields::{pointer, refuse},
};

/// The same refusal, of what stands in `body`. Gemini's clients may spell members in snake case,
/// and leave out the list around a lone object; readers name both the proper way.
pub(crate) fn placed(fault: Fault, body: &str) -> Fault {
    let Some(param) = fault.named_param() else {
        return fault;
    };
    let there = found(body, param);
    match fault.message().strip_prefix(param) {
        Some(why) if there != param => refuse(there, why.trim_start()),
        _ => fault,
    }
}

fn found(body: &str, place: &str) -> String {
    let mut here = serde_json::from_str::<Raw<'_>>(body).ok();
    let mut there = String::with_capacity(place.len());
    for segment in place.split('/').skip(1) {
        match here.and_then(|raw| step(raw, segment)) {
            Some((raw, name)) => {
                here = Some(raw);
                if let Some(name) = name {
                    there = pointer(&there, &name);
                }
            }
            // What is missing is named as it should be.
            None => {
                here = None;
                there.push('/');
                there.push_str(segment);
            }
        }
    }
    there
}

/// What a segment names, and by which name; by none, if it is the first of a list that is none.
fn step<'a>(raw: Raw<'a>, segment: &str) -> Option<(Raw<'a>, Option<String>)> {
    if raw.get().starts_with('[') {
        let list: Vec<Raw<'a>> = serde_json::from_str(raw.get()).ok()?;
        let one = list.get(segment.parse::<usize>().ok()?)?;
        return Some((one, Some(segment.to_owned())));
    }
    let fields: Fields<'a> = serde_json::from_str(raw.get()).ok()?;
    let name = segment.replace("~1", "/").replace("~0", "~");
    let snake = snake(&name);
    let known = |wanted: &str| fields.members().iter().find(|(key, _)| *key == wanted);
    if let Some((key, value)) = known(&name).or_else(|| known(&snake)) {
        return Some((value, Some(key.clone().into_owned())));
    }
    (segment == "0").then_some((raw, None))
}

fn snake(name: &str) -> String {
    let mut spelt = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            spelt.push('_');
        }
        spelt.push(c.to_ascii_lowercase());
    }
    spelt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_points_at_what_is_there() {
        let body = r#"{"tools":{"function_declarations":[{"a/b":1}]},"contents":[{"parts":[{}]}]}"#;
        for (said, real) in [
            (
                "/tools/0/functionDeclarations/0",
                "/tools/function_declarations/0",
            ),
            (
                "/tools/0/functionDeclarations/0/a~1b",
                "/tools/function_declarations/0/a~1b",
            ),
            ("/contents/0/parts/0", "/contents/0/parts/0"),
            ("/contents/0/parts/0/text", "/contents/0/parts/0/text"),
            ("/contents/1/parts/0", "/contents/1/parts/0"),
            ("/model", "/model"),
        ] {
            let fault = placed(refuse(said, "is missing"), body);
            assert_eq!(fault.named_param(), Some(real));
            assert_eq!(fault.message(), format!("{real} is missing"));
        }
    }
}
