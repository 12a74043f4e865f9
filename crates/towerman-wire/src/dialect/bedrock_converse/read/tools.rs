//! Tools, and which of them may be called.

use std::borrow::Cow;

use towerman_core::Fault;

use super::{Reader, blocks::mark};
use crate::neutral::{Fields, Raw, Request, Set, Text, Tool, ToolChoice, ToolKind, refuse};

impl<'a> Reader<'a> {
    pub(super) fn tools(
        &mut self,
        config: Option<Fields<'a>>,
        request: &mut Request<'a>,
    ) -> Result<(), Fault> {
        const AT: &str = "/toolConfig";
        const CHOICE: &str = "/toolConfig/toolChoice";
        let Some(mut config) = config else {
            return Ok(());
        };
        for (i, raw) in config.list("tools", AT)?.into_iter().enumerate() {
            let at = format!("{AT}/tools/{i}");
            let mut entry = Fields::read(raw, &at)?;
            if let Some(point) = entry.object("cachePoint", &at)? {
                if let Some(last) = request.tools.last_mut() {
                    last.mark = Some(mark(point, &at)?);
                }
                continue;
            }
            request.tools.push(match entry.object("toolSpec", &at)? {
                Some(spec) => function(spec, format!("{at}/toolSpec"))?,
                None => hosted(raw, at),
            });
        }
        if let Some(mut choice) = config.object("toolChoice", AT)? {
            let said = if let Some(mut tool) = choice.object("tool", CHOICE)? {
                ToolChoice::Named(tool.need_text("name", &format!("{CHOICE}/tool"))?)
            } else if choice.take("any").is_some() {
                ToolChoice::Any
            } else if choice.take("auto").is_some() {
                ToolChoice::Auto
            } else {
                return Err(refuse(CHOICE, "must be auto, any or tool"));
            };
            request.choice = Some(Set::new(said, CHOICE));
        }
        self.leave(AT, config);
        Ok(())
    }
}

fn function(mut spec: Fields<'_>, at: String) -> Result<Tool<'_>, Fault> {
    let schema = match spec.object("inputSchema", &at)? {
        Some(mut schema) => schema.take("json"),
        None => None,
    };
    if let Some(schema) = schema {
        Fields::read(schema, &format!("{at}/inputSchema/json"))?;
    }
    Ok(Tool {
        kind: ToolKind::Function,
        name: spec.need_text("name", &at)?,
        description: spec.text("description", &at)?,
        schema: schema.map(Cow::Borrowed),
        strict: spec.get("strict", &at, "a boolean")?,
        mark: None,
        rest: spec.rest(),
        at: at.into(),
    })
}

fn hosted(raw: Raw<'_>, at: String) -> Tool<'_> {
    Tool {
        kind: ToolKind::Hosted(raw),
        name: Text::Said(Cow::Borrowed("")),
        description: None,
        schema: None,
        strict: None,
        mark: None,
        at: at.into(),
        rest: crate::neutral::Rest::default(),
    }
}
