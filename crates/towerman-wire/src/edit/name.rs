//! The name of the model.

use bytes::Bytes;
use towerman_core::{Ask, Dialect};

use super::{Edit, usage::OPTIONS};

/// The edit that puts in the name of the model, and behind it the options if there are none yet.
pub(super) fn named(ask: &Ask, model: &str, options: bool) -> Option<Edit> {
    let end = ask.model_span.end;
    if ask.model_span.is_empty() {
        return insertion(ask, model, options);
    }
    if !ask.model_in_path && *ask.model == *model {
        return options.then(|| Edit {
            span: end..end,
            text: Bytes::from_static(OPTIONS.as_bytes()),
        });
    }
    let mut text = spelt(ask.dialect, model);
    text.extend_from_slice(if options { OPTIONS } else { "" }.as_bytes());
    Some(Edit {
        span: ask.model_span.clone(),
        text: text.into(),
    })
}

/// The edit that names the model where the body does not, if its dialect's bodies do.
fn insertion(ask: &Ask, model: &str, options: bool) -> Option<Edit> {
    let at = ask.model_span.start;
    if at == 0 {
        return None;
    }
    let mut text = br#""model":"#.to_vec();
    text.extend_from_slice(&spelt(ask.dialect, model));
    text.extend_from_slice(if options { OPTIONS } else { "" }.as_bytes());
    // A body that can be read has more members: there is something to be asked.
    text.push(b',');
    Some(Edit {
        span: at..at,
        text: text.into(),
    })
}

/// The model's name as a dialect's bodies spell it, a JSON string.
pub(super) fn spelt(dialect: Dialect, model: &str) -> Vec<u8> {
    let prefix = match dialect {
        Dialect::Gemini => "models/",
        _ => "",
    };
    let mut text = Vec::with_capacity(prefix.len() + model.len() + 2 + OPTIONS.len());
    // Names need no escapes, as a rule.
    if model
        .bytes()
        .any(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))
    {
        let name = serde_json::Value::from(format!("{prefix}{model}"));
        text.extend_from_slice(name.to_string().as_bytes());
    } else {
        text.push(b'"');
        text.extend_from_slice(prefix.as_bytes());
        text.extend_from_slice(model.as_bytes());
        text.push(b'"');
    }
    text
}
