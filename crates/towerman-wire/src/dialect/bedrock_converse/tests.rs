//! Golden vectors.

mod answers;
mod clients;
mod events;
mod frames;
mod images;
mod refused;
mod refused_otherwise;
mod requests;
mod settings;
mod streams;
mod told;
mod torn;
mod usage;

use serde_json::Value;
use towerman_core::{Dialect, Losses};

use crate::translate::{self, Translated};

const D: Dialect = Dialect::BedrockConverse;
const CHAT: Dialect = Dialect::OpenAiChat;
const ANTHROPIC: Dialect = Dialect::Anthropic;

/// A request in another dialect, and what was lost on the way.
fn request(from: Dialect, to: Dialect, body: &Value) -> (Value, Translated) {
    let told = translate::request(from, to, body.to_string().as_bytes(), "m").unwrap();
    (serde_json::from_slice(&told.body).unwrap(), told)
}

/// The pointer of what was refused.
fn refused(from: Dialect, to: Dialect, body: &Value) -> String {
    let fault = translate::request(from, to, body.to_string().as_bytes(), "m").unwrap_err();
    fault.named_param().unwrap().to_owned()
}

fn pointers(losses: &Losses) -> Vec<&str> {
    losses.list().iter().map(|loss| &*loss.pointer).collect()
}
