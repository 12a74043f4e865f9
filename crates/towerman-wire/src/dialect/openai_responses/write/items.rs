//! Writes turns as items.

use std::{borrow::Cow, collections::HashSet, iter::Peekable, vec::IntoIter};

use towerman_core::Fault;

use super::{
    Way,
    parts::{content, output},
    thoughts::thoughts,
};
use crate::{
    dialect::node::{Node, Object},
    neutral::{Alphabet, Call, Input, Kind, Part, Rest, Role, Text, ToolResult, Turn, fit},
};

/// The longest id of a call that the provider takes.
const ID: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Items<'a> {
    list: Vec<Node<'a>>,
    /// The whole input, if it is one text.
    text: Option<Text<'a>>,
    /// The ids of calls of tools whose input is free text.
    custom: HashSet<String>,
}

/// Writes what stands before the conversation: the instructions, and what is behind them.
pub(super) fn system<'a>(
    parts: Vec<Part<'a>>,
    items: &mut Items<'a>,
    way: &mut Way<'a, '_>,
) -> Result<Option<Text<'a>>, Fault> {
    let mut parts = parts.into_iter().peekable();
    let first = parts.next_if(|part| {
        let text = matches!(part.kind, Kind::Text { .. });
        // Only a part can have a mark, and be where it was.
        let fits = if way.own {
            &*part.at == "/instructions"
        } else {
            part.mark.is_none()
        };
        text && fits
    });
    let mut instructions = None;
    if let Some(part) = first {
        way.lose(part.rest, &part.at)?;
        if let Kind::Text { text, .. } = part.kind {
            instructions = Some(text);
        }
    }
    while let Some(part) = parts.next() {
        items.message(Role::System, part, &mut parts, way)?;
    }
    Ok(instructions)
}

impl<'a> Items<'a> {
    /// The `input`, if there is any.
    pub(super) fn into_node(mut self) -> Option<Node<'a>> {
        match self.text {
            Some(text) if self.list.is_empty() => Some(text.into()),
            Some(text) => {
                let message = Self::message_of(Role::User, text.into());
                self.list.insert(0, message.into());
                Some(self.list.into())
            }
            None => (!self.list.is_empty()).then(|| self.list.into()),
        }
    }

    pub(super) fn turn(&mut self, turn: Turn<'a>, way: &mut Way<'a, '_>) -> Result<(), Fault> {
        way.lose(turn.rest, &turn.at)?;
        if turn.name.is_some() {
            let at = format!("{}/name", turn.at);
            way.notes
                .dropped(at, "dropped: this API knows no names of speakers")?;
        }
        if turn.parts.is_empty() && way.own {
            let message = Self::message_of(turn.role, Vec::<Node<'a>>::new().into());
            return self.end_message(message, &turn.at, way);
        }
        let mut parts = turn.parts.into_iter().peekable();
        while let Some(part) = parts.next() {
            match part.kind {
                Kind::Foreign { raw, .. } if way.own => self.list.push(raw.into()),
                Kind::Call(call) => {
                    let object = self.call(call);
                    self.item(object, &part.at, part.rest, way)?;
                }
                Kind::Result(result) => {
                    let object = self.result(result, &part.at, way)?;
                    self.item(object, &part.at, part.rest, way)?;
                }
                Kind::Thought(thought) => {
                    let first = (thought, part.at, part.rest);
                    let item = thoughts(first, &mut parts, way)?;
                    self.list.extend(item.map(Node::from));
                }
                kind => self.message(turn.role, Part { kind, ..part }, &mut parts, way)?,
            }
        }
        Ok(())
    }

    /// An item that is one part.
    fn item(
        &mut self,
        mut object: Object<'a>,
        at: &str,
        rest: Rest<'a>,
        way: &mut Way<'a, '_>,
    ) -> Result<(), Fault> {
        way.around(at, &mut object);
        let rest = way.lose(rest, at)?;
        object.rest(rest);
        self.list.push(object.into());
        Ok(())
    }

    fn call(&mut self, call: Call<'a>) -> Object<'a> {
        let input = match call.input {
            Input::Spelt(text) => text,
            Input::Object(Cow::Borrowed(raw)) => raw.get().into(),
            Input::Object(Cow::Owned(raw)) => raw.get().to_owned().into(),
        };
        if call.custom {
            self.custom.insert(call.id.clone().into_owned());
        }
        let (kind, name) = match call.custom {
            true => ("custom_tool_call", "input"),
            false => ("function_call", "arguments"),
        };
        Object::new(kind)
            .with("call_id", fitted(call.id))
            .with("name", call.name)
            .with(name, input)
    }

    fn result(
        &mut self,
        result: ToolResult<'a>,
        at: &str,
        way: &mut Way<'a, '_>,
    ) -> Result<Object<'a>, Fault> {
        if result.error {
            let what = "dropped: this API knows no results that are errors";
            way.notes.dropped(at, what)?;
        }
        let kind = match self.custom.contains(&*result.id) {
            true => "custom_tool_call_output",
            false => "function_call_output",
        };
        let output = match result.object {
            Some(raw) => Node::from(raw.get()),
            None => output(result.content, at, way)?,
        };
        let id = fitted(result.id);
        Ok(Object::new(kind).with("call_id", id).with("output", output))
    }

    /// Writes a message of `first`, and of what follows it in the same one.
    fn message(
        &mut self,
        role: Role,
        first: Part<'a>,
        parts: &mut Peekable<IntoIter<Part<'a>>>,
        way: &mut Way<'a, '_>,
    ) -> Result<(), Fault> {
        let home: Box<str> = item_of(&first.at).into();
        let mut said = vec![first];
        while let Some(next) = parts.next_if(|part| match part.kind {
            Kind::Call(_) | Kind::Result(_) | Kind::Thought(_) => false,
            Kind::Foreign { .. } => !way.own,
            _ => !way.own || item_of(&part.at) == &*home,
        }) {
            said.push(next);
        }
        if way.own && &*home == "/input" && self.list.is_empty() && said.len() == 1 {
            // The whole input is one text; unless more follows.
            if let Some(Part {
                kind: Kind::Text { text, .. },
                ..
            }) = said.first()
            {
                self.text = Some(text.clone());
                return Ok(());
            }
        }
        let content = content(role, said, way)?;
        self.end_message(Self::message_of(role, content), &home, way)
    }

    fn message_of(role: Role, content: Node<'a>) -> Object<'a> {
        let role = match role {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        Object::default()
            .with("content", content)
            .with("role", role)
    }

    fn end_message(
        &mut self,
        message: Object<'a>,
        home: &str,
        way: &mut Way<'a, '_>,
    ) -> Result<(), Fault> {
        let mut object = Object::default();
        if !way.own {
            object.put("type", "message");
        }
        // Where the client spelt the role in another way, that comes first.
        way.around(home, &mut object);
        object.append(message);
        self.list.push(object.into());
        Ok(())
    }
}

/// The pointer of the item that a part is of.
pub(super) fn item_of(at: &str) -> &str {
    let inside = at.strip_prefix("/input/").and_then(|rest| rest.find('/'));
    inside.map_or(at, |end| at.get(.."/input/".len() + end).unwrap_or(at))
}

fn fitted(id: Cow<'_, str>) -> Cow<'_, str> {
    if id.len() <= ID {
        return id;
    }
    fit(id, Alphabet::Names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_item_of_a_part_is_where_its_message_stands() {
        assert_eq!(item_of("/input/12/content/0"), "/input/12");
        assert_eq!(item_of("/input/12"), "/input/12");
        assert_eq!(item_of("/input"), "/input");
        assert_eq!(item_of("/messages/0/content"), "/messages/0/content");
    }
}
