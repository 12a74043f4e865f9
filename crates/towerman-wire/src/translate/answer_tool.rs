//! A schema for the answer, told as a tool to models that know tools and no schemas.

use std::borrow::Cow;

use towerman_core::{Fault, Finish};

use crate::neutral::{
    Delta, Format, Notes, Opening, Place, Request, Rest, Set, Text, Tool, ToolChoice, ToolKind,
    typed,
};

/// What the tool is called, unless the client has one of this name.
const NAME: &str = "json_answer";

const PURPOSE: &str = "Gives the answer to the user. Its input is the whole answer.";

/// Offers the tool if the answer shall have a schema, and says what it is called.
///
/// With tools of the client's beside it the model must call some tool, its own included: it has
/// no other way to answer; `serial` is whether the endpoint can be told to call only one. Where the client demands one of its own, the answer is that call, and
/// has no text that a schema could be about.
pub(super) fn offer(
    request: &mut Request<'_>,
    serial: bool,
    notes: &mut Notes,
) -> Result<Option<String>, Fault> {
    let Some(set) = request
        .format
        .take_if(|set| matches!(set.value, Format::Schema { .. }))
    else {
        return Ok(None);
    };
    let at = set.at;
    let Format::Schema {
        description,
        schema,
        strict,
        ..
    } = set.value
    else {
        return Ok(None);
    };
    let none = matches!(&request.choice, Some(set) if matches!(set.value, ToolChoice::None));
    let some: Vec<Text<'_>> = match request.choice.take() {
        // Whom the client lets call whatever it likes, or nobody.
        None
        | Some(Set {
            value: ToolChoice::Auto | ToolChoice::None,
            ..
        }) => Vec::new(),
        Some(Set {
            value: ToolChoice::AutoOf(names),
            ..
        }) => names,
        demanded => {
            request.choice = demanded;
            notes.dropped(
                at,
                "dropped: a tool must be called, and the answer is that call",
            )?;
            return Ok(None);
        }
    };
    let Some(schema) = typed(Some(schema), at)?.filter(|schema| of_object(schema.get())) else {
        let why = "must be the schema of an object: it is told to this endpoint as a tool's";
        return Err(notes.refused(at, why));
    };
    let name = name(&request.tools);
    let alone = none || request.tools.is_empty();
    request.tools.push(Tool {
        kind: ToolKind::Function,
        name: Text::Said(name.clone().into()),
        description: Some(description.unwrap_or(Text::Said(PURPOSE.into()))),
        schema: Some(schema),
        strict,
        mark: None,
        at: at.into(),
        rest: Rest::default(),
    });
    let own = || Text::Said(Cow::Owned(name.clone()));
    let choice = match (alone, some.is_empty()) {
        (true, _) => ToolChoice::Named(own()),
        (false, true) => ToolChoice::Any,
        (false, false) => ToolChoice::AnyOf(some.into_iter().chain([own()]).collect()),
    };
    request.choice = Some(Set::new(choice, at));
    if serial && !alone && request.parallel.is_none() {
        // An answer beside a call would be none.
        request.parallel = Some(Set::new(false, at));
    }
    notes.mapped(at, "asked for as a tool: this endpoint knows no schemas");
    Ok(Some(name))
}

/// A name that no tool has.
fn name(tools: &[Tool<'_>]) -> String {
    let taken = |name: &str| tools.iter().any(|tool| tool.name.clone().say() == name);
    let others = (2..).map(|number| format!("{NAME}_{number}"));
    let mut names = [NAME.to_owned()].into_iter().chain(others);
    names.find(|name| !taken(name)).unwrap_or_default()
}

/// Whether the schema's own type is that of objects, and nothing else's.
fn of_object(schema: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Said<'a> {
        #[serde(borrow, rename = "type")]
        kind: Cow<'a, str>,
    }
    serde_json::from_str::<Said<'_>>(schema).is_ok_and(|said| said.kind == "object")
}

/// The most that is held back of what a model says before it answers.
const LIMIT: usize = 64 << 10;

/// Tells the tool's input as text.
///
/// What a model says before its answer, or behind it, is no part of it: texts are held back until
/// it is known whether there is an answer, and told if there is none.
#[derive(Debug)]
pub(super) struct Unwrap {
    name: String,
    choices: Vec<Choice>,
}

#[derive(Debug)]
struct Choice {
    number: u32,
    /// The part that is the answer.
    answer: Option<u32>,
    /// A tool of the client's was called.
    calls: bool,
    /// Texts before the answer.
    held: Vec<Delta<'static>>,
    size: usize,
    /// The parts that are held, or never told.
    kept: Vec<u32>,
}

impl Unwrap {
    pub(super) const fn new(name: String) -> Self {
        Self {
            name,
            choices: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, delta: Delta<'_>, say: &mut dyn FnMut(Delta<'_>)) {
        match delta {
            Delta::Open { at, what } => self.open(at, what, say),
            Delta::More { at, .. }
            | Delta::Close { at }
            | Delta::Cite { at, .. }
            | Delta::Seal { at, .. } => self.more(at, delta, say),
            Delta::Finish {
                choice,
                finish,
                sequence,
                explanation,
            } => {
                let one = self.choice(choice);
                one.tell(say);
                let answered = finish == Finish::ToolCalls && !one.calls;
                say(Delta::Finish {
                    choice,
                    finish: if answered { Finish::Stop } else { finish },
                    sequence,
                    explanation,
                });
            }
            delta => say(delta),
        }
    }

    fn open(&mut self, at: Place, what: Opening<'_>, say: &mut dyn FnMut(Delta<'_>)) {
        let ours = matches!(&what, Opening::Call { name, .. } if **name == *self.name);
        let one = self.choice(at.choice);
        match what {
            Opening::Call { .. } if ours && one.answer.is_some() => one.kept.push(at.part),
            Opening::Call { .. } if ours => {
                one.answer = Some(at.part);
                one.held.clear();
                let what = Opening::Text;
                say(Delta::Open { at, what });
            }
            Opening::Call { .. } => {
                one.calls = true;
                one.tell(say);
                say(Delta::Open { at, what });
            }
            Opening::Text if one.answer.is_some() => one.kept.push(at.part),
            Opening::Text if !one.calls && one.size < LIMIT => {
                one.kept.push(at.part);
                let what = Opening::Text;
                one.held.push(Delta::Open { at, what });
            }
            what => say(Delta::Open { at, what }),
        }
    }

    fn more(&mut self, at: Place, delta: Delta<'_>, say: &mut dyn FnMut(Delta<'_>)) {
        let one = self.choice(at.choice);
        // A proof of the call proves nothing that the client will ever show.
        if one.answer == Some(at.part) && matches!(delta, Delta::Seal { .. }) {
            return;
        }
        if !one.kept.contains(&at.part) {
            return say(delta);
        }
        if one.answer.is_some() {
            return;
        }
        if let Delta::More { text, .. } = &delta {
            one.size += text.len();
        }
        one.held.push(delta.into_owned());
        // Whoever says that much has more to say than an answer.
        if one.size >= LIMIT {
            one.tell(say);
        }
    }

    fn choice(&mut self, number: u32) -> &mut Choice {
        let known = self.choices.iter().position(|one| one.number == number);
        let known = known.unwrap_or_else(|| {
            self.choices.push(Choice {
                number,
                answer: None,
                calls: false,
                held: Vec::new(),
                size: 0,
                kept: Vec::new(),
            });
            self.choices.len() - 1
        });
        &mut self.choices[known]
    }
}

impl Choice {
    /// Tells what was held, which then goes on as it comes.
    fn tell(&mut self, say: &mut dyn FnMut(Delta<'_>)) {
        if self.answer.is_none() {
            self.kept.clear();
            self.held.drain(..).for_each(say);
        }
    }
}
