//! Writes a request.

use towerman_core::Fault;

use crate::{
    dialect::{
        To, Written,
        node::{Node, Object},
        write,
    },
    neutral::{Format, Kind, Notes, Part, Request, Rest, Role, Set, Text},
};

const OTHER: &str = "dropped: this API knows nothing like it";

/// The most stop sequences that it takes.
const STOPS: usize = 4;

pub(super) fn request<'a>(
    mut request: Request<'a>,
    to: &To<'a>,
    notes: &mut Notes,
) -> Result<Written, Fault> {
    refuse(&request, notes)?;
    let around = std::mem::take(&mut request.around);
    let mut body = Object::default().with("model", to.model);
    body.put("prompt", prompt(&mut request, to.own, notes)?);
    let mut options = Object::default();
    for around in around.into_iter().filter(|_| to.own) {
        let into = if around.at.is_empty() {
            &mut body
        } else {
            &mut options
        };
        into.rest(around.own);
        into.rest(around.rest);
    }
    if request.stream {
        body.put("stream", true);
        if request.include_usage {
            options.put("include_usage", true);
        }
    }
    if !options.is_empty() {
        body.put("stream_options", options);
    }
    let sampling = request.sampling;
    body.maybe("max_tokens", sampling.max_output.map(|set| set.value));
    body.maybe("temperature", sampling.temperature.map(|set| set.value));
    body.maybe("top_p", sampling.top_p.map(|set| set.value));
    body.maybe("n", sampling.n.map(|set| set.value));
    body.maybe("seed", sampling.seed.map(|set| Node::Signed(set.value)));
    body.maybe("presence_penalty", sampling.presence.map(|set| set.value));
    body.maybe("frequency_penalty", sampling.frequency.map(|set| set.value));
    body.maybe("logit_bias", sampling.logit_bias.map(|set| set.value));
    let stops = sampling.stop.map(|set| set.value).unwrap_or_default();
    let cut = stop(stops, &mut body, to.own);
    body.maybe("user", request.who.map(|set| set.value));
    let dropped = [
        sampling.top_k.map(|set| set.at),
        sampling.min_p.map(|set| set.at),
        request.reasoning.map(|set| set.at),
        request.caching.key.map(|set| set.at),
        request.metadata.map(|set| set.at),
        request.tier.map(|set| set.at),
    ];
    for at in dropped.into_iter().flatten() {
        notes.dropped(at, OTHER)?;
    }
    rest(request.rest, "", to.own, &mut body, notes)?;
    Ok(Written {
        body: write(&body)?,
        cut,
    })
}

/// What a text cannot say.
fn refuse(request: &Request<'_>, notes: &mut Notes) -> Result<(), Fault> {
    if let Some(tool) = request.tools.first() {
        return Err(notes.refused(tool.at.clone(), "is a tool, and this API calls none"));
    }
    if let Some(Set {
        value: Format::Json | Format::Schema { .. },
        at,
    }) = request.format
    {
        return Err(notes.refused(at, "is a format that this API cannot keep to"));
    }
    if let Some(Set { at, .. }) = request.sampling.logprobs {
        return Err(notes.refused(at, "cannot be told in the other API's form"));
    }
    if let Some(turn) = request.turns.iter().find(|turn| turn.role != Role::User) {
        let why = "is a turn of a conversation, and this API takes one prompt";
        return Err(notes.refused(turn.at.clone(), why));
    }
    Ok(())
}

/// All that is said, as one prompt.
fn prompt<'a>(request: &mut Request<'a>, own: bool, notes: &mut Notes) -> Result<Node<'a>, Fault> {
    let system = std::mem::take(&mut request.system);
    if let Some(part) = system.first() {
        notes.mapped(part.at.clone(), "said at the start of the prompt");
    }
    let mut texts: Vec<Text<'a>> = Vec::new();
    let turns = std::mem::take(&mut request.turns).into_iter();
    for part in system.into_iter().chain(turns.flat_map(|turn| turn.parts)) {
        let Part {
            kind,
            at,
            rest: other,
            ..
        } = part;
        let list = &*at == "/prompt/0";
        let text = match kind {
            Kind::Text { text, .. } => text,
            Kind::Foreign { raw, .. } if own => return Ok(raw.into()),
            _ => return Err(notes.refused(at, "is no text, and this API takes nothing else")),
        };
        if own && list {
            return Ok(vec![Node::Text(text)].into());
        }
        rest(other, &at, own, &mut Object::default(), notes)?;
        texts.push(text);
    }
    if texts.len() == 1 {
        return Ok(texts.pop().map_or(Node::Null, Node::Text));
    }
    let texts: Vec<_> = texts.into_iter().map(Text::say).collect();
    Ok(texts.join("\n\n").into())
}

fn stop<'a>(mut stops: Vec<Text<'a>>, body: &mut Object<'a>, own: bool) -> Vec<String> {
    let most = if own {
        stops.len()
    } else {
        stops.len().min(STOPS)
    };
    let cut = stops.split_off(most).into_iter();
    let cut = cut.map(|text| text.say().into_owned()).collect();
    match stops.len() {
        0 => {}
        1 => body.maybe("stop", stops.pop()),
        _ => {
            let stops: Vec<Node<'a>> = stops.into_iter().map(Node::Text).collect();
            body.put("stop", stops);
        }
    }
    cut
}

fn rest<'a>(
    rest: Rest<'a>,
    at: &str,
    own: bool,
    into: &mut Object<'a>,
    notes: &mut Notes,
) -> Result<(), Fault> {
    if own {
        into.rest(rest);
        return Ok(());
    }
    rest.lose(at, OTHER, notes)
}
