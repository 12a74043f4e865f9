//! Takes one request from its arrival to its response head.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Request, Response, request::Parts};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::sleep;

use crate::{
    answer::Answer,
    ask::Ask,
    body::SimBody,
    book::OpenLine,
    error::{BoxError, SimError},
    fault::Fault,
    hash,
    head::Head,
    model::Model,
    reel::{self, Reel},
    reply::Reply,
    seal,
    sim::Core,
    speech::{Speech, speak, think},
    trouble::{Problem, Trouble},
    usage::Usage,
    visit::Visit,
    when,
    wire::{Aside, Call, Form, Operation, Request as Asked},
};

/// The longest request body that is read, in bytes: what Anthropic takes.
const MAX_BODY: usize = 32 << 20;

pub(crate) async fn run<B>(
    core: Arc<Core>,
    request: Request<B>,
    fault: Option<Fault>,
    mut visit: Visit,
) -> Result<Response<SimBody>, SimError>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => Some(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => None,
        Err(error) => return Err(SimError::RequestBody(error)),
    };
    core.journal.write(
        &parts,
        core.admit(&parts).is_ok(),
        body.clone().unwrap_or_default(),
    );

    let call = core.wire().serves(&parts.uri);
    let form = call.as_ref().and_then(|call| call.form);
    let head = Head::new(&core, form.unwrap_or(Form::Whole));
    match fault {
        Some(Fault::ResetBeforeHead) => {
            visit.end();
            return Err(SimError::reset());
        }
        Some(Fault::StallBeforeHead) => match never(visit).await {},
        _ => {}
    }
    if let Some(response) = fault.as_ref().and_then(|fault| head.instead(&core, fault)) {
        return Ok(response.map(|reel| SimBody::new(reel, visit)));
    }
    let response = match screen(&core, call.as_ref(), &parts, body.as_deref()) {
        Ok(Screened::Models) => {
            let listed = core.listed();
            let body = Reel::whole(core.wire().models(&listed));
            head.ok(&core, Form::Whole, 0, body)
        }
        Ok(Screened::Aside(aside, model)) => {
            if aside.billed {
                visit.bill(bill(&core, &head, &aside, &model));
            }
            sleep_if(model.time_to_first_token(aside.tokens)).await;
            let body = Reel::whole(aside.body);
            head.ok(&core, Form::Whole, aside.tokens, body)
        }
        Ok(Screened::Ask(ask, model)) => {
            answer(&core, &head, *ask, model, fault.as_ref(), &mut visit).await
        }
        Err(problem) => head.problem(&core, &problem),
    };
    Ok(response.map(|reel| SimBody::new(reel, visit)))
}

enum Screened {
    Models,
    Ask(Box<Ask>, Model),
    Aside(Aside, Model),
}

/// Everything that can be wrong with a request, in the order that a provider looks.
fn screen(
    core: &Core,
    call: Option<&Call>,
    parts: &Parts,
    body: Option<&[u8]>,
) -> Result<Screened, Problem> {
    let wire = core.wire();
    let (method, path) = (parts.method.as_str(), parts.uri.path());
    let refuse = |trouble: Trouble<'_>| Err(wire.problem(&trouble));
    let Some(call) = call else {
        return refuse(Trouble::NoRoute { method, path });
    };
    let expected = match call.operation {
        Operation::Models => Method::GET,
        _ => Method::POST,
    };
    if parts.method != expected {
        return refuse(Trouble::WrongMethod { method, path });
    }
    core.admit(parts)
        .map_err(|trouble| wire.problem(&trouble))?;
    if call.operation == Operation::Models {
        return Ok(Screened::Models);
    }
    let Some(body) = body else {
        return refuse(Trouble::TooLarge);
    };
    let request = Asked {
        call,
        head: parts,
        body,
        rules: core.rules(),
    };
    if !call.operation.generates() {
        let aside = wire.aside(&request)?;
        return match core.model(&aside.model) {
            Some(model) => Ok(Screened::Aside(aside, model)),
            None => refuse(Trouble::UnknownModel(&aside.model)),
        };
    }
    let ask = wire.ask(&request)?;
    let Some(model) = core.model(&ask.model) else {
        return refuse(Trouble::UnknownModel(&ask.model));
    };
    match model.context_window {
        Some(window) if ask.prompt.tokens > window => refuse(Trouble::TooLong {
            tokens: ask.prompt.tokens,
            window,
        }),
        _ => Ok(Screened::Ask(Box::new(ask), model)),
    }
}

/// The line of what is answered without generating: its prompt, and nothing else.
fn bill(core: &Core, head: &Head, aside: &Aside, model: &Model) -> OpenLine {
    let seed = hash::mix(hash::of(core.name.as_bytes()), head.number);
    let usage = Usage {
        uncached: aside.tokens,
        ..Usage::default()
    };
    let name = aside.model.clone();
    let id = core.wire().id(Operation::Embed, seed, &head.request_id);
    core.book.open(id, name, &usage, model.price, false)
}

/// Accepts a request: from here on it is billed.
async fn answer(
    core: &Core,
    head: &Head,
    ask: Ask,
    model: Model,
    fault: Option<&Fault>,
    visit: &mut Visit,
) -> Response<Reel> {
    let speech = Speech {
        thought: core.thinking.then(|| think(&core.name, &ask)).flatten(),
        ..speak(&core.name, &ask, model.output_tokens)
    };
    let answer = Answer::new(speech, &ask);
    let usage = Usage {
        output: answer.tokens() * ask.choices,
        reasoning: answer.reasoning() * ask.choices,
        ..core.cached(&ask.prompt, model.cache_min_tokens)
    };
    let seed = hash::mix(hash::of(core.name.as_bytes()), head.number);
    let id = core.wire().id(ask.operation, seed, &head.request_id);
    visit.bill(core.book.open(
        id.clone(),
        ask.model.clone(),
        &usage,
        model.price,
        ask.form != Form::Whole,
    ));
    sleep_if(model.time_to_first_token(usage.uncached + usage.cache_write())).await;

    let prompt_tokens = ask.prompt.tokens;
    let form = ask.form;
    let reply = Reply {
        seed,
        id,
        created: when::unix(head.now),
        model: ask.model,
        answer,
        choices: ask.choices,
        usage,
        include_usage: ask.include_usage,
        obfuscate: ask.obfuscate,
        operation: ask.operation,
        form,
        thoughts: ask.thoughts,
        seal: core.thinking.then(|| seal::of(&core.name, seed)),
        echo: ask.echo,
    };
    if form != Form::Whole {
        let reel = reel::stream(
            core.wire(),
            &Arc::new(reply),
            model.per_token,
            fault,
            &head.request_id,
        );
        return head.ok(core, form, prompt_tokens, reel);
    }
    if !matches!(
        fault,
        Some(
            Fault::PingsOnly { .. }
                | Fault::Garbage
                | Fault::EmptyBody
                | Fault::ErrorInStream { .. }
        )
    ) {
        generate(visit, usage.output, model.per_token).await;
    }
    let reel = reel::whole(core.wire(), &reply, fault, &head.request_id);
    head.ok(core, form, prompt_tokens, reel)
}

/// Makes all tokens before the head, billing each as it is made: the client may leave meanwhile.
async fn generate(visit: &Visit, tokens: u64, pace: Duration) {
    if pace.is_zero() {
        visit.emit(tokens);
        return;
    }
    for token in 0..tokens {
        if token > 0 {
            sleep(pace).await;
        }
        visit.emit(1);
    }
}

/// A model without a pace needs no timer, and so no runtime with one.
async fn sleep_if(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}

/// Waits for ever, holding on to the request: its client has to leave.
async fn never(_held: Visit) -> Infallible {
    std::future::pending().await
}
