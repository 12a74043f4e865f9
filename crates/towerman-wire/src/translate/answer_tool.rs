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
/// no other way to answer. Where the client demands one of its own, the answer is that call, and
/// has no text that a schema could be about.
pub(super) fn offer(request: &mut Request<'_>, notes: &mut Notes) -> Result<Option<String>, Fault> {
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

/// Tells the tool's input as text.
#[derive(Debug)]
pub(super) struct Unwrap {
    name: String,
    /// The choices in which a tool of the client's was called.
    calls: Vec<u32>,
    /// The answer of each choice.
    answers: Vec<Place>,
    /// Answers after the first: none of them is told.
    others: Vec<Place>,
}

impl Unwrap {
    pub(super) const fn new(name: String) -> Self {
        Self {
            name,
            calls: Vec::new(),
            answers: Vec::new(),
            others: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, delta: Delta<'_>, say: &mut dyn FnMut(Delta<'_>)) {
        say(match delta {
            Delta::Open {
                at,
                what: Opening::Call { name, .. },
            } if *name == *self.name => {
                if self.answers.iter().any(|one| one.choice == at.choice) {
                    return self.others.push(at);
                }
                self.answers.push(at);
                Delta::Open {
                    at,
                    what: Opening::Text,
                }
            }
            Delta::Open { at, what } => {
                if let Opening::Call { .. } = what {
                    self.calls.push(at.choice);
                }
                Delta::Open { at, what }
            }
            Delta::More { at, .. } | Delta::Close { at } if self.others.contains(&at) => return,
            // A proof of the call proves nothing that the client will ever show.
            Delta::Seal { at, .. } if self.others.contains(&at) || self.answers.contains(&at) => {
                return;
            }
            Delta::Finish {
                choice,
                finish: Finish::ToolCalls,
                sequence,
                explanation,
            } if !self.calls.contains(&choice) => Delta::Finish {
                choice,
                finish: Finish::Stop,
                sequence,
                explanation,
            },
            delta => delta,
        });
    }
}
