//! Tools, and which of them may be called.

use std::borrow::Cow;

use serde_json::value::RawValue;
use towerman_core::Fault;

use super::{Fields, Mark, Raw, Rest, Text};

#[derive(Debug)]
pub(crate) struct Tool<'a> {
    pub(crate) kind: ToolKind<'a>,
    /// Empty for hosted tools that have none.
    pub(crate) name: Text<'a>,
    pub(crate) description: Option<Text<'a>>,
    /// The schema of its input as the client spelt it; absence is an object of anything.
    pub(crate) schema: Option<Cow<'a, RawValue>>,
    /// The model must keep to the schema.
    pub(crate) strict: Option<bool>,
    /// The prompt up to here shall be cached.
    pub(crate) mark: Option<Mark>,
    /// Where it stands in the client's body, as a JSON pointer.
    pub(crate) at: Box<str>,
    pub(crate) rest: Rest<'a>,
}

impl Tool<'_> {
    /// Leaves out the functions that are none of these, and says whether there were any.
    ///
    /// What a provider runs itself stays: no choice of names is about it.
    pub(crate) fn keep(tools: &mut Vec<Self>, names: Vec<Text<'_>>) -> bool {
        let names: Vec<_> = names.into_iter().map(Text::say).collect();
        let before = tools.len();
        tools.retain(|tool| {
            let hosted = matches!(tool.kind, ToolKind::Hosted(_));
            hosted || names.contains(&tool.name.clone().say())
        });
        tools.len() < before
    }
}

#[derive(Debug)]
pub(crate) enum ToolKind<'a> {
    Function,
    /// Its input is free text, perhaps of a grammar; the whole tool as spelt.
    Custom(Raw<'a>),
    /// The provider runs it; the whole tool as spelt.
    Hosted(Raw<'a>),
}

impl ToolKind<'_> {
    /// Where the tool at `at` says what it is, as a JSON pointer: not every dialect has a type.
    pub(crate) fn place(&self, at: &str) -> String {
        let typed = |raw: &Raw<'_>| {
            let fields = Fields::read(raw, at);
            fields.is_ok_and(|mut fields| fields.take("type").is_some())
        };
        match self {
            Self::Custom(raw) | Self::Hosted(raw) if typed(raw) => format!("{at}/type"),
            _ => at.to_owned(),
        }
    }
}

/// Which tools the model may or must call.
#[derive(Debug)]
pub(crate) enum ToolChoice<'a> {
    Auto,
    None,
    /// At least one.
    Any,
    /// This one.
    Named(Text<'a>),
    /// At least one of these.
    AnyOf(Vec<Text<'a>>),
    /// One of these, or none.
    AutoOf(Vec<Text<'a>>),
}

/// A tool's schema with its type said, as not every dialect does; nothing if it is no object's.
///
/// # Errors
///
/// As reading it.
pub(crate) fn typed<'a>(
    schema: Option<Cow<'a, RawValue>>,
    at: &str,
) -> Result<Option<Cow<'a, RawValue>>, Fault> {
    let spelt = schema.as_ref().map_or("{}", |schema| schema.get());
    let Some(rest) = spelt.strip_prefix('{') else {
        return Ok(None);
    };
    let known = match &schema {
        Some(schema) => Fields::read(schema, at)?.take("type").is_some(),
        None => false,
    };
    if known {
        return Ok(schema);
    }
    let rest = rest.trim_start();
    let comma = if rest.starts_with('}') { "" } else { "," };
    let typed = RawValue::from_string(format!("{{\"type\":\"object\"{comma}{rest}"));
    Ok(typed.ok().map(Cow::Owned))
}
