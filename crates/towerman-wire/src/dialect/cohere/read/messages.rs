//! The conversation.

use towerman_core::Fault;

use super::{
    Reader,
    content::{document, part, thought},
};
use crate::neutral::{
    Call, Fields, Input, Kind, Part, Raw, Request, Rest, Role, ToolResult, Turn, refuse,
};

impl<'a> Reader<'a> {
    pub(super) fn conversation(
        &mut self,
        messages: Vec<Raw<'a>>,
        request: &mut Request<'a>,
    ) -> Result<(), Fault> {
        for (i, raw) in messages.into_iter().enumerate() {
            let turn = self.message(raw, format!("/messages/{i}"))?;
            if turn.role == Role::System && request.turns.is_empty() {
                self.leave(&turn.at, turn.rest);
                request.system.extend(turn.parts);
            } else {
                request.turns.push(turn);
            }
        }
        Ok(())
    }

    fn message(&mut self, raw: Raw<'a>, at: String) -> Result<Turn<'a>, Fault> {
        let mut message = Fields::read(raw, &at)?;
        let role = message.need_string("role", &at)?;
        let (role, parts) = match &*role {
            "system" => (Role::System, self.content(&mut message, &at)?),
            "user" => (Role::User, self.content(&mut message, &at)?),
            "assistant" => (Role::Assistant, self.assistant(&mut message, &at)?),
            "tool" => {
                let result = ToolResult {
                    id: message.need_string("tool_call_id", &at)?,
                    name: None,
                    content: self.content(&mut message, &at)?,
                    object: None,
                    error: false,
                };
                let part = part(Kind::Result(result), message.rest(), at.clone());
                return Ok(turn(Role::User, vec![part], at, Rest::default()));
            }
            _ => {
                let at = format!("{at}/role");
                return Err(refuse(at, "is no role that this API knows"));
            }
        };
        Ok(turn(role, parts, at, message.rest()))
    }

    fn assistant(&mut self, message: &mut Fields<'a>, at: &str) -> Result<Vec<Part<'a>>, Fault> {
        let mut parts = self.content(message, at)?;
        if let Some(plan) = message.text("tool_plan", at)? {
            let at = format!("{at}/tool_plan");
            parts.insert(0, thought(plan, Rest::default(), at));
        }
        for (i, raw) in message.list("tool_calls", at)?.into_iter().enumerate() {
            let at = format!("{at}/tool_calls/{i}");
            let mut fields = Fields::read(raw, &at)?;
            let call = call(&mut fields, &at)?;
            parts.push(part(Kind::Call(call), fields.rest(), at));
        }
        Ok(parts)
    }

    /// Documents to answer from are part of what the user said last, or of a turn of their own.
    pub(super) fn documents(
        &mut self,
        documents: Vec<Raw<'a>>,
        request: &mut Request<'a>,
    ) -> Result<(), Fault> {
        if documents.is_empty() {
            return Ok(());
        }
        let mut parts = Vec::with_capacity(documents.len());
        for (i, raw) in documents.into_iter().enumerate() {
            let at = format!("/documents/{i}");
            let kind = document(raw, &at)?;
            self.spelt(&at, Rest(vec![("document".into(), raw)]));
            parts.push(part(kind, Rest::default(), at));
        }
        let asks = |turn: &&mut Turn<'_>| {
            turn.role == Role::User
                && !turn
                    .parts
                    .iter()
                    .any(|part| matches!(part.kind, Kind::Result(_)))
        };
        match request.turns.iter_mut().rev().find(asks) {
            Some(turn) => {
                parts.append(&mut turn.parts);
                turn.parts = parts;
            }
            None => {
                let at = "/documents".to_owned();
                let turn = turn(Role::User, parts, at, Rest::default());
                request.turns.insert(0, turn);
            }
        }
        Ok(())
    }
}

fn turn<'a>(role: Role, parts: Vec<Part<'a>>, at: String, rest: Rest<'a>) -> Turn<'a> {
    Turn {
        role,
        parts,
        name: None,
        at: at.into(),
        rest,
    }
}

fn call<'a>(call: &mut Fields<'a>, at: &str) -> Result<Call<'a>, Fault> {
    if call
        .string("type", at)?
        .is_some_and(|kind| kind != "function")
    {
        return Err(refuse(format!("{at}/type"), "must be function"));
    }
    let inside = format!("{at}/function");
    let function = call.object("function", at)?;
    let mut function = function.ok_or_else(|| refuse(&*inside, "is missing"))?;
    let arguments = function.string("arguments", &inside)?;
    Ok(Call {
        id: call.need_string("id", at)?,
        name: function.need_text("name", &inside)?,
        input: Input::Spelt(arguments.unwrap_or_else(|| "{}".into())),
        custom: false,
        seal: None,
    })
}
