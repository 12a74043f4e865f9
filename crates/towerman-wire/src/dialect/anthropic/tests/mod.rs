//! Golden vectors.

mod answers;
mod faults;
mod reads;
mod settings;
mod streams;
mod writes;

use serde_json::{Value, json};
use towerman_core::{Fault, FaultKind, Tier};

use super::{Codec, read};
use crate::{
    dialect::{Codec as _, To},
    neutral::{Notes, Request, check},
};

/// A request with `fields` added to a minimal one.
fn with(fields: &Value) -> String {
    let mut body =
        json!({"model": "here", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
    for (key, value) in fields.as_object().unwrap() {
        body[key] = value.clone();
    }
    body.to_string()
}

/// A minimal request with one turn's content.
fn turn(role: &str, content: &Value) -> String {
    with(&json!({"messages": [{"role": role, "content": content}]}))
}

fn refused(body: &str) -> String {
    at(&read::request(body).unwrap_err())
}

fn at(fault: &Fault) -> String {
    assert_eq!(fault.kind(), FaultKind::InvalidRequest);
    fault.named_param().unwrap().to_owned()
}

/// Written for a client of the same dialect.
fn own(body: &str) -> Value {
    let mut request = read::request(body).unwrap_or_else(|fault| panic!("{fault}"));
    check(&mut request, "/messages", false).unwrap();
    let (to, mut notes) = (to(true), Notes::new(false));
    let written = Codec.write_request(request, &to, &mut notes).unwrap();
    assert!(notes.into_losses().list().is_empty() && written.cut.is_empty());
    serde_json::from_slice(&written.body).unwrap()
}

/// Written for a client of another dialect that asked `change`d things, and what became of them:
/// `-` stands before what was dropped, `~` before what was bent.
fn other(body: &str, change: impl FnOnce(&mut Request<'_>)) -> (Value, Vec<String>) {
    let mut notes = Notes::new(false);
    let written = try_other(body, change, &mut notes).unwrap_or_else(|fault| panic!("{fault}"));
    let losses = notes.into_losses();
    let told = losses.list().iter().map(|loss| {
        let sign = if loss.tier == Tier::Dropped { '-' } else { '~' };
        format!("{sign}{}", loss.pointer)
    });
    (written, told.collect())
}

/// Where what another dialect's client asked for is refused.
fn refused_to_other(body: &str, change: impl FnOnce(&mut Request<'_>)) -> String {
    at(&try_other(body, change, &mut Notes::new(false)).unwrap_err())
}

fn try_other(
    body: &str,
    change: impl FnOnce(&mut Request<'_>),
    notes: &mut Notes,
) -> Result<Value, Fault> {
    let mut request = read::request(body)?;
    change(&mut request);
    check(&mut request, "/messages", false)?;
    let written = Codec.write_request(request, &to(false), notes)?;
    Ok(serde_json::from_slice(&written.body).unwrap())
}

const fn to(own: bool) -> To<'static> {
    To {
        model: "there",
        own,
        forced: false,
        unshaped: false,
    }
}
