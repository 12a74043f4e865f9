//! Tools, and which of them may be called.

use std::borrow::Cow;

use towerman_core::Fault;

use super::Writer;
use crate::{
    dialect::{
        cohere::NOTHING_LIKE_IT,
        empty_object,
        node::{Node, Object},
    },
    neutral::{Set, Tool, ToolChoice, ToolKind},
};

impl<'a> Writer<'a, '_> {
    pub(super) fn tools(
        &mut self,
        mut tools: Vec<Tool<'a>>,
        choice: Option<Set<ToolChoice<'a>>>,
        body: &mut Object<'a>,
    ) -> Result<(), Fault> {
        let idle = matches!(&choice, Some(choice) if matches!(choice.value, ToolChoice::None));
        self.functions(&mut tools, idle)?;
        let choice = self.chosen(choice, &mut tools);
        if tools.is_empty() && !self.own {
            // A choice among nothing is refused.
            return Ok(());
        }
        self.strict(&tools, body)?;
        if !tools.is_empty() {
            let tools = tools.into_iter().map(|tool| self.offer(tool));
            body.put("tools", tools.collect::<Result<Vec<_>, _>>()?);
        }
        body.maybe("tool_choice", choice);
        Ok(())
    }

    /// Only functions can be offered; others can be left out where none may be called.
    fn functions(&mut self, tools: &mut Vec<Tool<'a>>, idle: bool) -> Result<(), Fault> {
        let other = |tool: &&Tool<'_>| !matches!(tool.kind, ToolKind::Function);
        for tool in tools.iter().filter(other) {
            if !idle {
                let why = "is a tool that only its own provider can run";
                return Err(self.notes.refused(tool.kind.place(&tool.at), why));
            }
            self.drop(&*tool.at)?;
        }
        tools.retain(|tool| matches!(tool.kind, ToolKind::Function));
        Ok(())
    }

    /// The word for it. It knows no names: who must be called is who is offered.
    fn chosen(
        &mut self,
        choice: Option<Set<ToolChoice<'a>>>,
        tools: &mut Vec<Tool<'a>>,
    ) -> Option<&'static str> {
        let Set { value, at } = choice?;
        let (names, word) = match value {
            ToolChoice::Auto => return None,
            ToolChoice::None => return Some("NONE"),
            ToolChoice::Any => return Some("REQUIRED"),
            ToolChoice::Named(name) => (vec![name], Some("REQUIRED")),
            ToolChoice::AnyOf(names) => (names, Some("REQUIRED")),
            ToolChoice::AutoOf(names) => (names, None),
        };
        Tool::keep(tools, names);
        self.notes.mapped(at, "only these tools are offered");
        word
    }

    /// It is said of all tools at once.
    fn strict(&mut self, tools: &[Tool<'_>], body: &mut Object<'a>) -> Result<(), Fault> {
        let strict = |tool: &Tool<'_>| tool.strict == Some(true);
        if tools.is_empty() {
            return Ok(());
        }
        if tools.iter().all(strict) {
            body.put("strict_tools", true);
        } else if self.own && tools.iter().all(|tool| tool.strict.is_some()) {
            body.put("strict_tools", false);
        } else {
            for tool in tools.iter().filter(|tool| strict(tool)) {
                let what = "dropped: it is said of all tools here, or of none";
                self.notes.dropped(format!("{}/strict", tool.at), what)?;
            }
        }
        Ok(())
    }

    fn offer(&mut self, tool: Tool<'a>) -> Result<Node<'a>, Fault> {
        let at = &*tool.at;
        if tool.mark.is_some() {
            self.drop(format!("{at}/cache_control"))?;
        }
        let mut function = Object::default().with("name", tool.name);
        function.maybe("description", tool.description);
        // Only a client of theirs knows that it can be left out.
        let any = || (!self.own).then(|| Cow::Owned(empty_object()));
        function.maybe("parameters", tool.schema.or_else(any));
        let rest = tool.rest.keep(self.own, at, NOTHING_LIKE_IT, self.notes)?;
        function.rest(rest);
        Ok(Object::new("function").with("function", function).into())
    }
}
