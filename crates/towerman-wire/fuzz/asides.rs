//! What must hold of embeddings and counts.

use bytes::Bytes;
use fastrand::Rng;
use serde_json::Value;
use towerman_core::{Dialect, FaultKind, Operation};
use towerman_wire::{
    ask, counts,
    translate::Job,
    vectors::{self, Told},
};

/// A request for vectors asks for as many after a detour, and after that for the same; an answer
/// is one, or the provider's fault.
pub(crate) fn embeddings(input: &[u8], rng: &mut Rng) {
    for (from, to) in pairs().filter(|(from, to)| vectors::translates(*from, *to)) {
        let ask = |from, to, body: &[u8]| vectors::request(&Job::new(from, to, "m"), body);
        // The client's body was read at the edge.
        let read = ask::read_for(from, Operation::Embed, &Bytes::copy_from_slice(input));
        match read.and_then(|_| ask(from, to, input)) {
            Ok(there) => {
                json(&there.body);
                let back = ask(to, from, &there.body).expect("what we wrote can be read");
                let again = ask(from, to, &back.body).expect("and what came back");
                let thrice = ask(to, from, &again.body).expect("and that, too");
                assert_eq!(there.told.count, again.told.count, "{from} by {to}");
                assert_eq!(back.body, thrice.body, "{from} by {to}");
            }
            Err(fault) => assert_eq!(fault.kind(), FaultKind::InvalidRequest, "{from} to {to}"),
        }
        let told = Told {
            packed: rng.bool(),
            single: rng.bool(),
            count: rng.usize(1..3),
            ..Told::default()
        };
        match vectors::response(from, to, input, &told) {
            Ok(answer) => json(&answer),
            Err(fault) => assert_eq!(fault.kind(), FaultKind::BadGateway, "{from} to {to}"),
        }
    }
}

/// A prompt that can be counted elsewhere is a prompt there; a count stays the number.
pub(crate) fn sizes(input: &[u8], _: &mut Rng) {
    for (from, to) in pairs().filter(|(from, to)| counts::translates(*from, *to)) {
        let read = ask::read_for(from, Operation::Count, &Bytes::copy_from_slice(input));
        match read.and_then(|_| counts::request(&Job::new(from, to, "m"), input)) {
            Ok((body, _)) => {
                json(&body);
                if let Err(fault) = counts::request(&Job::new(to, from, "m"), &body) {
                    assert_eq!(fault.kind(), FaultKind::InvalidRequest, "{to} to {from}");
                }
            }
            Err(fault) => assert_eq!(fault.kind(), FaultKind::InvalidRequest, "{from} to {to}"),
        }
        match counts::response(from, to, input) {
            Ok(answer) => {
                let back = counts::response(to, from, &answer).expect("a number");
                assert_eq!(counts::response(from, to, &back).expect("a number"), answer);
            }
            Err(fault) => assert_eq!(fault.kind(), FaultKind::BadGateway, "{from} to {to}"),
        }
    }
}

fn pairs() -> impl Iterator<Item = (Dialect, Dialect)> {
    let to = |from| Dialect::ALL.map(|to| (from, to));
    let pairs = Dialect::ALL.into_iter().flat_map(to);
    pairs.filter(|(from, to)| from != to)
}

fn json(body: &[u8]) {
    serde_json::from_slice::<Value>(body).expect("JSON");
}
