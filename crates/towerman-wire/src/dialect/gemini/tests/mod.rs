//! Hand-written vectors.

mod answers;
mod requests;
mod streams;

use serde_json::Value;
use towerman_core::Dialect;

const D: Dialect = Dialect::Gemini;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}
