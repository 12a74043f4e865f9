//! Reads the items of a request: what one item says may be a part, a turn, or the prompt's start.

use std::borrow::Cow;

use towerman_core::{Fault, NeedKind};

use super::{
    parts::{content, keep, own, placed},
    thoughts::thoughts,
};
use crate::neutral::{
    Around, Bound, Call, Fields, Input, Kind, Part, Raw, Request, Rest, Role, ToolResult, Turn,
    fields, refuse,
};

/// Members that say nothing to another dialect.
const STATE: [&str; 2] = ["id", "status"];

#[derive(Debug, Default)]
pub(super) struct Items<'a> {
    system: Vec<Part<'a>>,
    turns: Vec<Turn<'a>>,
    around: Vec<Around<'a>>,
    bound: Vec<Bound>,
    /// The ids of calls of tools whose input is free text.
    custom: Vec<Cow<'a, str>>,
}

impl<'a> Items<'a> {
    /// Reads `input`.
    pub(super) fn read(&mut self, raw: Raw<'a>) -> Result<(), Fault> {
        const AT: &str = "/input";
        if raw.get().starts_with('"') {
            let parts = content(raw, AT, &mut self.around)?;
            self.turns.push(turn(Role::User, AT, parts));
            return Ok(());
        }
        let list: Vec<Raw<'a>> = fields::read(raw, AT, "a string or an array")?;
        for (i, raw) in list.into_iter().enumerate() {
            self.item(raw, &format!("{AT}/{i}"))?;
        }
        Ok(())
    }

    pub(super) fn into(self, request: &mut Request<'a>) {
        request.system.extend(self.system);
        request.turns = self.turns;
        request.around.extend(self.around);
        request.bound.extend(self.bound);
    }

    fn item(&mut self, raw: Raw<'a>, at: &str) -> Result<(), Fault> {
        let mut fields = Fields::read(raw, at)?;
        let kind = fields.take("type");
        let spelt = kind
            .map(|raw| fields::read(raw, &format!("{at}/type"), "a string"))
            .transpose()?;
        let has = |name| fields.members().iter().any(|(key, _)| key == name);
        let name: Cow<'a, str> = match spelt {
            Some(fields::Said(name)) => name,
            None if has("role") => "message".into(),
            None if has("id") => "item_reference".into(),
            None => return Err(refuse(format!("{at}/type"), "is missing")),
        };
        match &*name {
            "message" => self.message(fields, kind, at),
            "function_call" | "custom_tool_call" => {
                self.call(fields, name == "custom_tool_call", at)
            }
            "function_call_output" => self.result(fields, at),
            "custom_tool_call_output" if self.is_custom(&fields) => self.result(fields, at),
            "reasoning" => {
                let parts = thoughts(fields, at, &mut self.around)?;
                self.assistant(at).extend(parts);
                Ok(())
            }
            _ => {
                self.foreign(name, raw, at);
                Ok(())
            }
        }
    }

    fn message(
        &mut self,
        mut fields: Fields<'a>,
        kind: Option<Raw<'a>>,
        at: &str,
    ) -> Result<(), Fault> {
        let mut spelt = Rest(kind.map(|kind| ("type".into(), kind)).into_iter().collect());
        spelt.0.extend(own(&mut fields, &STATE).0);
        let raw = fields.take("role");
        let raw = raw.ok_or_else(|| refuse(format!("{at}/role"), "is missing"))?;
        let role = match raw.get() {
            "\"user\"" => Role::User,
            "\"assistant\"" => Role::Assistant,
            "\"system\"" => Role::System,
            "\"developer\"" => {
                spelt.0.push(("role".into(), raw));
                Role::System
            }
            _ => {
                let at = format!("{at}/role");
                return Err(refuse(at, "must be user, assistant, system or developer"));
            }
        };
        let said = fields.take("content");
        let inside = format!("{at}/content");
        let said = said.ok_or_else(|| refuse(&*inside, "is missing"))?;
        let parts = content(said, &inside, &mut self.around)?;
        keep(&mut self.around, at, spelt, fields.rest());
        match role {
            Role::System if self.turns.is_empty() => self.system.extend(parts),
            Role::Assistant => self.assistant(at).extend(parts),
            role => self.turns.push(turn(role, at, parts)),
        }
        Ok(())
    }

    fn call(&mut self, mut fields: Fields<'a>, custom: bool, at: &str) -> Result<(), Fault> {
        let id = call_id(&mut fields, at)?;
        if custom {
            self.custom.push(id.clone());
        }
        let input = if custom { "input" } else { "arguments" };
        let kind = Kind::Call(Call {
            id,
            name: fields.need_text("name", at)?,
            input: Input::Spelt(fields.need_string(input, at)?),
            custom,
            seal: None,
        });
        let part = self.item_part(kind, fields, at);
        self.assistant(at).push(part);
        Ok(())
    }

    fn result(&mut self, mut fields: Fields<'a>, at: &str) -> Result<(), Fault> {
        let id = call_id(&mut fields, at)?;
        let inside = format!("{at}/output");
        let output = fields.take("output");
        let output = output.ok_or_else(|| refuse(&*inside, "is missing"))?;
        let kind = Kind::Result(ToolResult {
            id,
            name: None,
            content: content(output, &inside, &mut self.around)?,
            object: None,
            error: false,
        });
        let part = self.item_part(kind, fields, at);
        match self.turns.last_mut() {
            Some(Turn {
                role: Role::User,
                parts,
                ..
            }) if matches!(
                parts.last(),
                Some(Part {
                    kind: Kind::Result(_),
                    ..
                })
            ) =>
            {
                parts.push(part);
            }
            _ => self.turns.push(turn(Role::User, at, vec![part])),
        }
        Ok(())
    }

    fn foreign(&mut self, kind: Cow<'a, str>, raw: Raw<'a>, at: &str) {
        let reference = kind == "item_reference";
        // What a tool has done, or the client allowed.
        let answers = kind.ends_with("_output") || kind.ends_with("_response");
        if reference {
            self.bound.push(Bound {
                kind: NeedKind::State,
                at: at.into(),
                why: "is kept by the provider that answered before",
            });
        }
        let part = placed(Kind::Foreign { kind, raw }, at);
        match self.turns.last_mut() {
            Some(turn) if reference => turn.parts.push(part),
            _ if answers => self.turns.push(turn(Role::User, at, vec![part])),
            _ => self.assistant(at).push(part),
        }
    }

    /// A part that is an item of its own.
    fn item_part(&mut self, kind: Kind<'a>, mut fields: Fields<'a>, at: &str) -> Part<'a> {
        let spelt = own(&mut fields, &STATE);
        keep(&mut self.around, at, spelt, Rest::default());
        let mut part = placed(kind, at);
        part.rest = fields.rest();
        part
    }

    /// The assistant's turn that an item at `at` belongs to.
    fn assistant(&mut self, at: &str) -> &mut Vec<Part<'a>> {
        let last = self.turns.last();
        if !last.is_some_and(|turn| turn.role == Role::Assistant) {
            self.turns.push(turn(Role::Assistant, at, Vec::new()));
        }
        let last = self.turns.len() - 1;
        &mut self.turns[last].parts
    }

    fn is_custom(&self, fields: &Fields<'a>) -> bool {
        let mut members = fields.members().iter();
        let id = members.find(|(key, _)| key == "call_id");
        let id = id.and_then(|(_, raw)| serde_json::from_str::<fields::Said<'_>>(raw.get()).ok());
        id.is_some_and(|id| self.custom.contains(&id.0))
    }
}

fn turn<'a>(role: Role, at: &str, parts: Vec<Part<'a>>) -> Turn<'a> {
    Turn {
        role,
        parts,
        name: None,
        at: at.into(),
        rest: Rest::default(),
    }
}

fn call_id<'a>(fields: &mut Fields<'a>, at: &str) -> Result<Cow<'a, str>, Fault> {
    let id = fields.need_string("call_id", at)?;
    if id.is_empty() {
        return Err(refuse(format!("{at}/call_id"), "must not be empty"));
    }
    Ok(id)
}
