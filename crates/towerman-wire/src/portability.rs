//! What ties a request to some providers: read before any is chosen.

use towerman_core::{Ask, Fault, Need, NeedKind, Operation};

use crate::{
    dialect,
    neutral::{Kind, Notes, Part, Request, Source, ToolChoice, ToolKind, refuse},
};

/// More than any honest request has.
const LIMIT: usize = 64;

/// What `body` carries that not every provider can take, in the order in which it stands.
///
/// `ask` must have been read from `body`. Reads the body again, so it is meant for requests that
/// [may carry](Ask::carries) something, where endpoints differ in what they can take. Of a body
/// that makes no sense it says nothing: whoever translates it will.
pub fn needs(ask: &Ask, body: &[u8]) -> Vec<Need> {
    if !ask.carries || ask.operation != Operation::Generate {
        return Vec::new();
    }
    let Ok(text) = std::str::from_utf8(body) else {
        return Vec::new();
    };
    let mut notes = Notes::new(false);
    let Ok(request) = dialect::of(ask.dialect).read_request(text, &mut notes) else {
        return Vec::new();
    };
    let mut needs = of(&request);
    needs.truncate(LIMIT);
    needs
}

/// What the client is told of a need that nobody meets.
pub fn refusal(need: &Need) -> Fault {
    refuse(&*need.pointer, need.why)
}

fn of(request: &Request<'_>) -> Vec<Need> {
    let bound = request.bound.iter().map(|bound| Need {
        kind: bound.kind,
        pointer: bound.at.clone(),
        why: bound.why,
    });
    let mut needs: Vec<_> = bound.collect();
    // Tools that may not be called can be left out.
    let idle = matches!(&request.choice, Some(choice) if matches!(choice.value, ToolChoice::None));
    for tool in request.tools.iter().filter(|_| !idle) {
        if let ToolKind::Hosted(_) = tool.kind {
            let why = "is a tool that only another provider can run";
            needs.push(need(NeedKind::Tool, &tool.at, why));
        }
    }
    let said = request.turns.iter().flat_map(|turn| &turn.parts);
    for part in request.system.iter().chain(said) {
        carried(part, &mut needs);
    }
    needs
}

fn carried(part: &Part<'_>, needs: &mut Vec<Need>) {
    if needs.len() >= LIMIT {
        return;
    }
    let sealed = match &part.kind {
        Kind::Media(media) => {
            if let Source::File(_) = media.source {
                needs.push(need(
                    NeedKind::File,
                    &part.at,
                    "is a file at another provider",
                ));
            }
            false
        }
        Kind::Foreign { .. } => {
            let why = "was made by a tool that only another provider can run";
            needs.push(need(NeedKind::Tool, &part.at, why));
            false
        }
        Kind::Result(result) => {
            result.content.iter().for_each(|part| carried(part, needs));
            false
        }
        Kind::Thought(thought) => thought.seal.is_some(),
        Kind::Call(call) => call.seal.is_some(),
        Kind::Text { .. } | Kind::Refusal(_) => false,
    };
    if sealed {
        let why = "is reasoning that only its maker can read";
        needs.push(need(NeedKind::Reasoning, &part.at, why));
    }
}

fn need(kind: NeedKind, at: &str, why: &'static str) -> Need {
    Need {
        kind,
        pointer: at.into(),
        why,
    }
}
