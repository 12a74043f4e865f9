//! How much the model shall think.

use towerman_core::Fault;

use super::blocks::Writer;
use crate::{
    dialect::anthropic::{
        NOTHING_LIKE_IT,
        shape::{OutputConfig, Thinking},
    },
    neutral::{Effort, Notes, Reasoning, Sampling, Set, Shown},
};

/// The fewest tokens to think with.
const LEAST_BUDGET: u64 = 1024;

/// Effort and thinking. Effort alone is told alone: whether a model then thinks is its own affair.
pub(super) fn write<'a>(
    reasoning: Option<Set<Reasoning>>,
    limit: Option<u64>,
    config: &mut OutputConfig<'a>,
    writer: &mut Writer<'a, '_>,
) -> Result<Option<Thinking<'a>>, Fault> {
    let around = writer.around("/thinking");
    let Some(Set { value, at }) = reasoning else {
        return Ok((!around.is_empty()).then(|| Thinking {
            rest: around,
            ..Thinking::default()
        }));
    };
    config.effort = match value.effort {
        None | Some(Effort::None) => None,
        Some(Effort::Minimal) => {
            let what = "set to low: the least effort that Anthropic knows";
            writer.notes.mapped(at, what);
            Some("low")
        }
        Some(effort) => Some(effort.as_str()),
    };
    let off = value.on == Some(false)
        || value.budget == Some(0)
        || value.on.is_none() && value.effort == Some(Effort::None);
    let budget = value.budget.and_then(|budget| u64::try_from(budget).ok());
    let mut thinking = Thinking {
        rest: around,
        ..Thinking::default()
    };
    thinking.r#type = if off {
        Some("disabled")
    } else if let Some(budget) = budget {
        thinking.budget_tokens = fitting(budget, limit, at, writer);
        let fits = thinking.budget_tokens.is_some();
        Some(if fits { "enabled" } else { "disabled" })
    } else if value.on == Some(true) || value.budget.is_some() {
        Some("adaptive")
    } else if matches!(value.shown, Some(Shown::Summary)) && value.effort.is_some() {
        // Who wants to see thoughts wants some.
        Some("adaptive")
    } else {
        None
    };
    match (thinking.r#type, value.shown) {
        (Some("enabled" | "adaptive"), Some(Shown::Omitted)) => thinking.display = Some("omitted"),
        (Some("enabled" | "adaptive"), Some(_)) => thinking.display = Some("summarized"),
        (None, Some(Shown::Summary)) => {
            writer.notes.dropped(at, NOTHING_LIKE_IT)?;
        }
        _ => {}
    }
    let said = thinking.r#type.is_some() || !thinking.rest.is_empty();
    Ok(said.then_some(thinking))
}

/// A budget as Anthropic takes it: 1024 at least, and less than the limit. Nothing if there is no
/// room for one.
fn fitting(
    asked: u64,
    limit: Option<u64>,
    at: &'static str,
    writer: &mut Writer<'_, '_>,
) -> Option<u64> {
    if writer.own {
        return Some(asked);
    }
    let most = limit.map_or(u64::MAX, |limit| limit.saturating_sub(1));
    if most < LEAST_BUDGET {
        let what = "switched off: the limit leaves no room for the least budget of Anthropic";
        writer.notes.mapped(at, what);
        return None;
    }
    let fits = asked.clamp(LEAST_BUDGET, most);
    if fits != asked {
        let what = "set to what Anthropic takes: 1024 or more, and less than the limit";
        writer.notes.mapped(at, what);
    }
    Some(fits)
}

/// What thinking rules out: Anthropic refuses the request otherwise.
pub(super) fn rule_out(
    thinking: Option<&Thinking<'_>>,
    sampling: &mut Sampling<'_>,
    writer: &mut Writer<'_, '_>,
) -> Result<(), Fault> {
    let thinks = thinking.is_some_and(|thinking| thinking.r#type != Some("disabled"));
    if !thinks || writer.own {
        return Ok(());
    }
    let temperature = sampling.temperature.take_if(|set| set.value < 1.0);
    let top_p = sampling.top_p.take_if(|set| set.value < 0.95);
    let top_k = sampling.top_k.take();
    let places = [
        temperature.map(|set| set.at),
        top_p.map(|set| set.at),
        top_k.map(|set| set.at),
    ];
    for at in places.into_iter().flatten() {
        writer
            .notes
            .dropped(at, "dropped: Anthropic refuses it beside thinking")?;
    }
    Ok(())
}

/// Anthropic lets nobody think whom it forces to call a tool; the tool matters more.
pub(super) fn unless_forced(
    reasoning: Option<Set<Reasoning>>,
    notes: &mut Notes,
) -> Option<Set<Reasoning>> {
    let mut set = reasoning?;
    let thinks = set.value.on == Some(true) || set.value.budget.is_some_and(|budget| budget != 0);
    if thinks {
        notes.mapped(set.at, "switched off: a tool must be called");
        set.value = Reasoning {
            effort: set.value.effort,
            ..Reasoning::default()
        };
    }
    set.value.shown = None;
    Some(set)
}
