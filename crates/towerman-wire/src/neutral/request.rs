//! A whole request.

use towerman_core::NeedKind;

use super::{
    Caching, Format, Kind, Part, Raw, Reasoning, Rest, Sampling, Set, Text, Tool, ToolChoice,
};

/// What a client asks of a model.
#[derive(Debug, Default)]
pub(crate) struct Request<'a> {
    /// The instructions that stand before the conversation.
    pub(crate) system: Vec<Part<'a>>,
    /// The conversation, as the client cut it: neighbours of one role are not merged.
    pub(crate) turns: Vec<Turn<'a>>,
    pub(crate) tools: Vec<Tool<'a>>,
    pub(crate) choice: Option<Set<ToolChoice<'a>>>,
    /// Whether several tools may be called at once.
    pub(crate) parallel: Option<Set<bool>>,
    pub(crate) format: Option<Set<Format<'a>>>,
    pub(crate) reasoning: Option<Set<Reasoning>>,
    pub(crate) sampling: Sampling<'a>,
    pub(crate) caching: Caching<'a>,
    /// The end user, as the client's application names them.
    pub(crate) who: Option<Set<Text<'a>>>,
    /// An object of strings that the provider keeps with the request.
    pub(crate) metadata: Option<Set<Raw<'a>>>,
    /// How urgent it is to the provider (`service_tier`).
    pub(crate) tier: Option<Set<Text<'a>>>,
    pub(crate) stream: bool,
    /// The stream shall tell usage. Where a dialect always does, its reader sets it.
    pub(crate) include_usage: bool,
    /// Members that only the client's own dialect knows.
    pub(crate) rest: Rest<'a>,
    /// What refers to state that one provider keeps. Only the client's own dialect can take the
    /// request then; what is referred to stays in `rest` or in foreign parts.
    pub(crate) bound: Vec<Bound>,
    /// What stands around parts, and in objects that are taken apart.
    pub(crate) around: Vec<Around<'a>>,
}

/// What ties a request to its own dialect: references to what a provider keeps, and questions that
/// no other dialect can ask.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) kind: NeedKind,
    /// A JSON pointer.
    pub(crate) at: Box<str>,
    /// Why nobody else can serve it.
    pub(crate) why: &'static str,
}

impl Bound {
    /// What the assistant says last is what it goes on from, where a dialect lets it.
    pub(crate) fn prefill(turns: &[Turn<'_>]) -> Option<Self> {
        let last = turns.iter().rfind(|turn| !turn.parts.is_empty())?;
        let calls = matches!(last.parts.last()?.kind, Kind::Call(_));
        (last.role == Role::Assistant && !calls).then(|| Self {
            kind: NeedKind::Prefill,
            at: last.at.clone(),
            why: "begins an answer that only this dialect can go on with",
        })
    }
}

/// Members of an object that has no place of its own in the neutral form.
#[derive(Debug, Default)]
pub(crate) struct Around<'a> {
    /// The object, as a JSON pointer.
    pub(crate) at: Box<str>,
    /// What says nothing to another dialect: ids, states and spellings. No loss.
    pub(crate) own: Rest<'a>,
    /// What another dialect loses.
    pub(crate) rest: Rest<'a>,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Instructions in mid-conversation.
    System,
    /// The user, or tools with their results.
    User,
    Assistant,
}

/// What one side says before the other does.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    pub(crate) role: Role,
    pub(crate) parts: Vec<Part<'a>>,
    /// The speaker's name, where there are several.
    pub(crate) name: Option<Text<'a>>,
    /// Where it stands in the client's body, as a JSON pointer.
    pub(crate) at: Box<str>,
    pub(crate) rest: Rest<'a>,
}
