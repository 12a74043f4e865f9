//! The conversation of a request for a provider.

use std::borrow::Cow;

use towerman_core::Fault;

use super::Writer;
use crate::{
    dialect::{
        cohere::{NOTHING_LIKE_IT, tell::called},
        node::{Node, Object},
    },
    neutral::{
        Alphabet, Call, Input, Kind, Part, Role, Text, ToolResult, Turn, fields::compact, fit,
    },
};

/// What was said.
#[derive(Debug, Default)]
pub(super) struct Conversation<'a> {
    pub(super) messages: Vec<Node<'a>>,
    /// To answer from.
    pub(super) documents: Vec<Node<'a>>,
}

/// What one message says.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    pub(super) content: Vec<Piece<'a>>,
    pub(super) plan: Option<Text<'a>>,
    calls: Vec<Node<'a>>,
}

/// A piece of content.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    Text(Text<'a>),
    /// The whole of what its message says, as the client spelt it.
    Whole(Text<'a>),
    Other(Object<'a>),
}

impl<'a> Writer<'a, '_> {
    pub(super) fn conversation(
        &mut self,
        system: Vec<Part<'a>>,
        turns: Vec<Turn<'a>>,
    ) -> Result<Conversation<'a>, Fault> {
        let mut all = Conversation::default();
        self.system(system, &mut all)?;
        let first = turns.first().map(|turn| turn.at.clone());
        let before = all.messages.len();
        for turn in turns {
            self.turn(turn, &mut all)?;
        }
        if let Some(at) = first.filter(|_| !self.own && all.messages.len() == before) {
            let why = "must say something that this model's API can take";
            return Err(self.notes.refused(at, why));
        }
        Ok(all)
    }

    /// The instructions, in as many messages as their own client made of them.
    fn system(&mut self, parts: Vec<Part<'a>>, all: &mut Conversation<'a>) -> Result<(), Fault> {
        let mut parts = parts.into_iter().peekable();
        while let Some(first) = parts.next() {
            let message = message_of(&first.at).to_owned();
            let mut said = Said::default();
            self.take(first, true, &mut said)?;
            let own = self.own;
            let same = |part: &Part<'_>| !own || message_of(&part.at) == message;
            while let Some(part) = parts.next_if(same) {
                self.take(part, true, &mut said)?;
            }
            let mut object = Object::default().with("role", "system");
            object.maybe("content", self.content(said.content));
            object.rest(self.around(&message));
            all.messages.push(object.into());
        }
        Ok(())
    }

    fn turn(&mut self, turn: Turn<'a>, all: &mut Conversation<'a>) -> Result<(), Fault> {
        let Turn {
            role,
            parts,
            name,
            at,
            rest,
        } = turn;
        if name.is_some() {
            self.drop(format!("{at}/name"))?;
        }
        let rest = rest.keep(self.own, &at, NOTHING_LIKE_IT, self.notes)?;
        let only_results = parts.iter().all(is_result) && !parts.is_empty();
        let mut said = Said::default();
        let mut shown = Vec::new();
        for mut part in parts {
            match part.kind {
                Kind::Result(result) => {
                    let rest = std::mem::take(&mut part.rest);
                    let rest = rest.keep(self.own, &part.at, NOTHING_LIKE_IT, self.notes)?;
                    let mut told = self.result(result, &part.at, &mut shown)?;
                    told.rest(rest);
                    all.messages.push(told.into());
                }
                Kind::Call(call) => {
                    let rest = std::mem::take(&mut part.rest);
                    let rest = rest.keep(self.own, &part.at, NOTHING_LIKE_IT, self.notes)?;
                    let mut call = self.call(call, &part.at)?;
                    call.rest(rest);
                    said.calls.push(call.into());
                }
                Kind::Media(_) if self.own && part.at.starts_with("/documents/") => {
                    let spelt = self.around(&part.at).0.into_iter();
                    all.documents.extend(spelt.map(|(_, raw)| Node::Raw(raw)));
                }
                _ => self.take(part, role != Role::Assistant, &mut said)?,
            }
        }
        // Where only texts can be returned, what is to be seen comes behind.
        for part in shown {
            self.take(part, true, &mut said)?;
        }
        if !said.calls.is_empty() && !self.own {
            said.content.retain(|piece| !piece.is_empty());
        }
        let nothing = said.content.is_empty() && said.calls.is_empty() && said.plan.is_none();
        if nothing && (!self.own || only_results || &*at == "/documents") {
            return Ok(());
        }
        let role = match role {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        let mut message = Object::default().with("role", role);
        match self.content(said.content) {
            Some(content) => message.put("content", content),
            None => message.rest(self.around(&format!("{at}/content"))),
        }
        message.maybe("tool_plan", said.plan);
        if !said.calls.is_empty() {
            message.put("tool_calls", said.calls);
        }
        message.rest(rest);
        all.messages.push(message.into());
        Ok(())
    }

    fn result(
        &mut self,
        result: ToolResult<'a>,
        at: &str,
        shown: &mut Vec<Part<'a>>,
    ) -> Result<Object<'a>, Fault> {
        if result.error {
            self.drop(format!("{at}/is_error"))?;
        }
        let mut said = Said::default();
        for part in result.content {
            self.returned(part, &mut said, shown)?;
        }
        let mut message = Object::default()
            .with("role", "tool")
            .with("tool_call_id", fit(result.id, Alphabet::Any));
        let spelt = self.around(&format!("{at}/content"));
        match (self.content(said.content), result.object) {
            (Some(content), _) => message.put("content", content),
            (None, Some(object)) => message.put("content", compact(object)),
            (None, None) => message.rest(spelt),
        }
        // It must say something, even if that is nothing.
        message.put("content", "");
        Ok(message)
    }

    fn call(&mut self, call: Call<'a>, at: &str) -> Result<Object<'a>, Fault> {
        if call.seal.is_some() {
            let what = "dropped: a call is signed for its provider";
            self.notes.dropped(at, what)?;
        }
        let arguments = match call.input {
            Input::Spelt(_) if call.custom => {
                let why = "must have a JSON object for this model's API";
                return Err(self.notes.refused(at, why));
            }
            Input::Spelt(text) if text.trim().is_empty() => Cow::Borrowed("{}"),
            Input::Spelt(text) => text,
            Input::Object(raw) => raw.get().to_owned().into(),
        };
        Ok(called(fit(call.id, Alphabet::Any), call.name, arguments))
    }

    /// One text is told as one; what its own client spelt as a list stays one.
    fn content(&self, mut pieces: Vec<Piece<'a>>) -> Option<Node<'a>> {
        if !self.own && pieces.iter().any(|piece| !piece.is_empty()) {
            pieces.retain(|piece| !piece.is_empty());
        }
        if let [Piece::Whole(_)] = pieces.as_slice()
            && let Some(Piece::Whole(text)) = pieces.pop()
        {
            return Some(text.into());
        }
        let list = pieces.into_iter().map(|piece| match piece {
            Piece::Text(text) | Piece::Whole(text) => Object::new("text").with("text", text).into(),
            Piece::Other(object) => object.into(),
        });
        let list: Vec<Node<'_>> = list.collect();
        (!list.is_empty()).then(|| list.into())
    }
}

impl Piece<'_> {
    fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) | Self::Whole(text) => text.is_empty(),
            Self::Other(_) => false,
        }
    }
}

const fn is_result(part: &Part<'_>) -> bool {
    matches!(part.kind, Kind::Result(_))
}

/// The message whose content stands at `at`.
fn message_of(at: &str) -> &str {
    at.split_once("/content").map_or(at, |(message, _)| message)
}
