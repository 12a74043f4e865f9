//! Reads `cache_control` breakpoints, and refuses sets of them that the API refuses.

use serde_json::Value;

use crate::{
    prompt::{Prompt, Ttl},
    trouble::Problem,
};

const MAX_BREAKPOINTS: usize = 4;

/// The breakpoint that a `cache_control` value sets, if any.
pub(super) fn mark(control: Option<&Value>, place: &str) -> Result<Option<Ttl>, Problem> {
    let Some(control) = control.filter(|control| !control.is_null()) else {
        return Ok(None);
    };
    if control["type"] != "ephemeral" {
        return Err(Problem::invalid(format!(
            "{place}.type: Input should be 'ephemeral'"
        )));
    }
    match control.get("ttl").map(Value::as_str) {
        None | Some(Some("5m")) => Ok(Some(Ttl::FiveMinutes)),
        Some(Some("1h")) => Ok(Some(Ttl::OneHour)),
        Some(_) => Err(Problem::invalid(format!(
            "{place}.ttl: Input should be '5m' or '1h'"
        ))),
    }
}

pub(super) fn check(prompt: &Prompt) -> Result<(), Problem> {
    let marks: Vec<_> = prompt
        .blocks
        .iter()
        .filter_map(|block| block.mark)
        .collect();
    if marks.len() > MAX_BREAKPOINTS {
        return Err(Problem::invalid(format!(
            "A maximum of {MAX_BREAKPOINTS} blocks with cache_control may be provided. Found {}.",
            marks.len()
        )));
    }
    if !marks.is_sorted_by(|a, b| a >= b) {
        return Err(Problem::invalid(
            "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that blocks are \
             processed in the following order: `tools`, `system`, `messages`.",
        ));
    }
    Ok(())
}
