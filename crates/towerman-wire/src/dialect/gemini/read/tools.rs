//! Reads tools, and which of them may be called.

use std::borrow::Cow;

use towerman_core::Fault;

use super::{super::schema, Reader, list};
use crate::neutral::{Fields, Raw, Rest, Text, Tool, ToolChoice, ToolKind, fields, refuse};

impl<'a> Reader<'a> {
    pub(super) fn tools(&mut self, raw: Option<Raw<'a>>) -> Result<Vec<Tool<'a>>, Fault> {
        let mut tools = Vec::new();
        for (i, raw) in list(raw, "/tools")?.into_iter().enumerate() {
            let at = format!("/tools/{i}");
            let mut entry = Fields::read(raw, &at)?;
            let functions = entry.take_any(&["functionDeclarations", "function_declarations"]);
            let there = format!("{at}/functionDeclarations");
            let functions = list(functions, &there)?;
            let hosted = !entry.members().is_empty();
            if hosted && functions.is_empty() {
                tools.push(self::hosted(raw, at));
                continue;
            }
            if hosted {
                self.only_here(&*at, "holds a tool that only another provider can run");
            }
            self.leave(&at, entry);
            for (j, raw) in functions.into_iter().enumerate() {
                tools.push(self.function(raw, format!("{there}/{j}"))?);
            }
        }
        Ok(tools)
    }

    fn function(&mut self, raw: Raw<'a>, at: String) -> Result<Tool<'a>, Fault> {
        let mut tool = Fields::read(raw, &at)?;
        let name = tool.need_text("name", &at)?;
        let description = tool.text("description", &at)?;
        let plain = tool.take_any(&["parametersJsonSchema", "parameters_json_schema"]);
        let schema = match (plain, tool.take("parameters")) {
            (Some(plain), _) => {
                Fields::read(plain, &format!("{at}/parametersJsonSchema"))?;
                Some(Cow::Borrowed(plain))
            }
            (None, Some(parameters)) => {
                Fields::read(parameters, &format!("{at}/parameters"))?;
                self.spelt(&at, "parameters", parameters);
                Some(schema::plain(parameters))
            }
            (None, None) => None,
        };
        Ok(Tool {
            kind: ToolKind::Function,
            name,
            description,
            schema,
            strict: None,
            mark: None,
            at: at.into(),
            rest: tool.rest(),
        })
    }

    /// `toolConfig`.
    pub(super) fn choice(&mut self, raw: Option<Raw<'a>>) -> Result<Option<ToolChoice<'a>>, Fault> {
        const AT: &str = "/toolConfig";
        const CALLING: &str = "/toolConfig/functionCallingConfig";
        let Some(raw) = raw else {
            return Ok(None);
        };
        let mut config = Fields::read(raw, AT)?;
        let calling = config.take_any(&["functionCallingConfig", "function_calling_config"]);
        self.leave(AT, config);
        let Some(calling) = calling else {
            return Ok(None);
        };
        let mut calling = Fields::read(calling, CALLING)?;
        let names = calling.take_any(&["allowedFunctionNames", "allowed_function_names"]);
        let names: Vec<Raw<'a>> = match names {
            None => Vec::new(),
            Some(raw) => fields::read(raw, &format!("{CALLING}/allowedFunctionNames"), "strings")?,
        };
        let names = names.into_iter().enumerate().map(|(i, raw)| {
            let at = format!("{CALLING}/allowedFunctionNames/{i}");
            Text::read(raw, &at)
        });
        let mut names: Vec<Text<'a>> = names.collect::<Result<_, _>>()?;
        let spelt = calling.take("mode");
        let mode = super::text(spelt, &format!("{CALLING}/mode"))?.map(Text::say);
        self.leave(CALLING, calling);
        let mode = mode.map(|mode| mode.to_ascii_uppercase());
        if let (Some(spelt), Some("VALIDATED" | "MODE_UNSPECIFIED")) = (spelt, mode.as_deref()) {
            self.spelt(CALLING, "mode", spelt);
        }
        Ok(Some(match mode.as_deref() {
            None | Some("AUTO" | "VALIDATED" | "MODE_UNSPECIFIED") if names.is_empty() => {
                ToolChoice::Auto
            }
            None | Some("AUTO" | "VALIDATED" | "MODE_UNSPECIFIED") => ToolChoice::AutoOf(names),
            Some("NONE") => ToolChoice::None,
            Some("ANY") => match (names.pop(), names.is_empty()) {
                (None, _) => ToolChoice::Any,
                (Some(name), true) => ToolChoice::Named(name),
                (Some(name), false) => {
                    names.push(name);
                    ToolChoice::AnyOf(names)
                }
            },
            Some(_) => {
                let why = "is no mode that this API knows";
                return Err(refuse(format!("{CALLING}/mode"), why));
            }
        }))
    }
}

/// The provider runs it.
fn hosted(raw: Raw<'_>, at: String) -> Tool<'_> {
    Tool {
        kind: ToolKind::Hosted(raw),
        name: Text::Said("".into()),
        description: None,
        schema: None,
        strict: None,
        mark: None,
        at: at.into(),
        rest: Rest::default(),
    }
}
