//! How a client wants the model to answer.

use std::borrow::Cow;

use towerman_core::Fault;

use super::{peek, reader::Reader};
use crate::neutral::{Effort, Fields, Format, Raw, Reasoning, Set, Shown, Text, refuse};

/// `output_config.format`, or `output_format`, its older place.
pub(super) fn format<'a>(
    fields: &mut Fields<'a>,
    output: Option<&mut Fields<'a>>,
    reader: &mut Reader<'a>,
) -> Result<Option<Set<Format<'a>>>, Fault> {
    let newer = output.and_then(|output| output.take("format"));
    let newer = newer.map(|raw| (raw, "/output_config/format"));
    let older = fields
        .take("output_format")
        .map(|raw| (raw, "/output_format"));
    let Some((raw, at)) = newer.or(older) else {
        return Ok(None);
    };
    let mut format = Fields::read(raw, at)?;
    if format.need_string("type", at)? != "json_schema" {
        return Err(refuse(format!("{at}/type"), "must be json_schema"));
    }
    let schema: Raw<'a> = format.need("schema", at, "an object")?;
    Fields::read(schema, &format!("{at}/schema"))?;
    reader.leave(at, format);
    let format = Format::Schema {
        name: None,
        description: None,
        schema: Cow::Borrowed(schema),
        // There is no other way.
        strict: Some(true),
    };
    Ok(Some(Set::new(format, at)))
}

/// The effort, and how to think.
pub(super) fn reasoning<'a>(
    thinking: Option<Fields<'a>>,
    output: Option<&mut Fields<'a>>,
    reader: &mut Reader<'a>,
) -> Result<Option<Set<Reasoning>>, Fault> {
    let mut reasoning = Reasoning {
        effort: effort(output)?,
        ..Reasoning::default()
    };
    let mut at = "/output_config/effort";
    if let Some(thinking) = thinking {
        if reasoning.effort.is_none() {
            at = "/thinking";
        }
        if mode(thinking, &mut reasoning, reader)? {
            at = "/thinking/budget_tokens";
        }
    }
    let said = reasoning != Reasoning::default();
    Ok(said.then_some(Set::new(reasoning, at)))
}

fn effort(output: Option<&mut Fields<'_>>) -> Result<Option<Effort>, Fault> {
    let said = match output {
        Some(output) => output.string("effort", "/output_config")?,
        None => None,
    };
    match said.as_deref() {
        None => Ok(None),
        Some("low") => Ok(Some(Effort::Low)),
        Some("medium") => Ok(Some(Effort::Medium)),
        Some("high") => Ok(Some(Effort::High)),
        Some("xhigh") => Ok(Some(Effort::XHigh)),
        Some("max") => Ok(Some(Effort::Max)),
        Some(_) => Err(refuse(
            "/output_config/effort",
            "is no effort that this API knows",
        )),
    }
}

/// Reads `thinking`. Says whether it has a budget.
fn mode<'a>(
    mut thinking: Fields<'a>,
    reasoning: &mut Reasoning,
    reader: &mut Reader<'a>,
) -> Result<bool, Fault> {
    const AT: &str = "/thinking";
    let Some(kind) = peek(&thinking, "type") else {
        return Err(refuse("/thinking/type", "is missing"));
    };
    match &*thinking.need_string("type", AT)? {
        "disabled" => reasoning.on = Some(false),
        "enabled" | "adaptive" => reasoning.on = Some(true),
        // Thinking between calls alone is nothing that another dialect could ask for.
        "between_tools" => {
            reader.lost(AT, "type", kind);
            reader.leave(AT, thinking);
            return Ok(false);
        }
        _ => return Err(refuse("/thinking/type", "is no mode that this API knows")),
    }
    let adaptive = kind.get() == "\"adaptive\"";
    if !adaptive && reasoning.on == Some(true) {
        let budget: u32 = thinking.need("budget_tokens", AT, "an integer")?;
        if budget == 0 {
            return Err(refuse("/thinking/budget_tokens", "must be more than 0"));
        }
        reasoning.budget = Some(budget.into());
    }
    let shown = peek(&thinking, "display");
    reasoning.shown = match shown.map(|raw| raw.get()) {
        Some("\"summarized\"") => Some(Shown::Summary),
        Some("\"omitted\"") => Some(Shown::Omitted),
        _ => None,
    };
    if reasoning.shown.is_some() {
        thinking.take("display");
    }
    reader.leave(AT, thinking);
    Ok(reasoning.budget.is_some())
}

/// Who the end user is.
pub(super) fn who<'a>(
    metadata: Option<Fields<'a>>,
    reader: &mut Reader<'a>,
) -> Result<Option<Set<Text<'a>>>, Fault> {
    let Some(mut metadata) = metadata else {
        return Ok(None);
    };
    let user = metadata.text("user_id", "/metadata")?;
    reader.leave("/metadata", metadata);
    Ok(user.map(|user| Set::new(user, "/metadata/user_id")))
}
