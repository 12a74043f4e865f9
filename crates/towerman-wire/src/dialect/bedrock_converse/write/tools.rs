//! Tools, and which of them may be called.

use towerman_core::Fault;

use super::{Writer, blocks::point};
use crate::{
    dialect::{
        bedrock_converse::NOTHING_LIKE_IT,
        node::{Node, Object},
    },
    neutral::{Request, Set, Text, Tool, ToolChoice, ToolKind, typed},
};

/// Whether a tool must be called.
pub(super) const fn forced(choice: Option<&Set<ToolChoice<'_>>>) -> bool {
    matches!(
        choice,
        Some(Set {
            value: ToolChoice::Any | ToolChoice::Named(_) | ToolChoice::AnyOf(_),
            ..
        })
    )
}

impl Writer<'_> {
    /// `called` are the tools that the conversation calls: it must say what they are.
    pub(super) fn tools<'a>(
        &mut self,
        request: &mut Request<'a>,
        called: &[(Text<'a>, Box<str>)],
        body: &mut Object<'a>,
    ) -> Result<(), Fault> {
        let mut tools = std::mem::take(&mut request.tools);
        let choice = self.chosen(request.choice.take(), &mut tools, !called.is_empty());
        if let Some(set) = request.parallel.filter(|set| !set.value) {
            self.drop(set.at)?;
        }
        let mut list = Vec::with_capacity(tools.len());
        for tool in tools {
            let mark = tool.mark;
            list.push(self.offer(tool)?);
            list.extend(mark.map(point));
        }
        if list.is_empty() {
            // Whoever offers none any more has still to say what they were.
            for (name, at) in called {
                self.notes
                    .mapped(at.clone(), "offered again: Converse wants what was called");
                list.push(stub(name.clone()));
            }
        }
        if list.is_empty() {
            return Ok(());
        }
        let mut config = Object::default().with("tools", list);
        config.maybe("toolChoice", choice);
        body.put("toolConfig", config);
        Ok(())
    }

    fn chosen<'a>(
        &mut self,
        choice: Option<Set<ToolChoice<'a>>>,
        tools: &mut Vec<Tool<'a>>,
        called: bool,
    ) -> Option<Object<'a>> {
        let Set { value, at } = choice?;
        let word = |word| Some(Object::default().with(word, Object::default()));
        let (names, word) = match value {
            ToolChoice::Auto => return word("auto"),
            ToolChoice::Any => return word("any"),
            ToolChoice::Named(name) => {
                let tool = Object::default().with("name", name);
                return Some(Object::default().with("tool", tool));
            }
            ToolChoice::None if called => {
                self.notes
                    .mapped(at, "left to the model: calls in history need their tools");
                return None;
            }
            ToolChoice::None => {
                if !tools.is_empty() {
                    self.notes.mapped(at, "the tools are left out");
                    tools.clear();
                }
                return None;
            }
            ToolChoice::AnyOf(names) => (names, word("any")),
            ToolChoice::AutoOf(names) => (names, word("auto")),
        };
        if Tool::keep(tools, names) {
            self.notes.mapped(at, "the other tools are left out");
        }
        word
    }

    fn offer<'a>(&mut self, tool: Tool<'a>) -> Result<Node<'a>, Fault> {
        let at = &*tool.at;
        if !matches!(tool.kind, ToolKind::Function) {
            let why = "is a tool that only its own provider can run";
            return Err(self.notes.refused(tool.kind.place(at), why));
        }
        let mut spec = Object::default().with("name", tool.name);
        // An empty one is refused.
        let description = tool.description.filter(|text| !text.is_empty());
        spec.maybe("description", description);
        let schema = typed(tool.schema, at)?;
        let why = "must have an object as its schema";
        let schema = schema.ok_or_else(|| self.notes.refused(at, why))?;
        spec.put("inputSchema", Object::default().with("json", schema));
        if tool.strict == Some(true) {
            spec.put("strict", true);
        }
        tool.rest.lose(at, NOTHING_LIKE_IT, self.notes)?;
        Ok(Object::default().with("toolSpec", spec).into())
    }
}

/// A tool of which only the name is known.
fn stub(name: Text<'_>) -> Node<'_> {
    let schema = Object::new("object");
    let spec = Object::default()
        .with("name", name)
        .with("inputSchema", Object::default().with("json", schema));
    Object::default().with("toolSpec", spec).into()
}
