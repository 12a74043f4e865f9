//! Where prompts are cached: Anthropic takes four marks.

use towerman_core::Fault;

use crate::{
    dialect::anthropic::NOTHING_LIKE_IT,
    neutral::{Kind, Mark, Notes, Part, Request},
};

const MOST: usize = 4;

/// Who is told of a mark, and of the place of what has it.
type Tell<'t> = dyn FnMut(&mut Option<Mark>, &str) -> Result<(), Fault> + 't;

/// Leaves out the first marks if there are too many: later ones hold all that stands before them.
pub(super) fn limit(request: &mut Request<'_>, notes: &mut Notes) -> Result<(), Fault> {
    let mut count = usize::from(request.caching.auto.is_some());
    each(request, &mut |_, _| {
        count += 1;
        Ok(())
    })?;
    let mut excess = count.saturating_sub(MOST);
    each(request, &mut |mark, at| {
        if excess > 0 {
            excess -= 1;
            *mark = None;
            notes.dropped(at, "dropped: Anthropic takes four marks for its cache")?;
        }
        Ok(())
    })
}

/// Clients whose dialect caches by itself name a key where prompts are alike: they want what a
/// mark at the end of the prompt gives them.
pub(super) fn derive(request: &mut Request<'_>, notes: &mut Notes) -> Result<(), Fault> {
    let Some(key) = request.caching.key.take() else {
        return Ok(());
    };
    let mut marked = request.caching.auto.is_some();
    each(request, &mut |_, _| {
        marked = true;
        Ok(())
    })?;
    let parts = request.turns.iter_mut().rev().flat_map(|turn| {
        let parts = turn.parts.iter_mut();
        parts.rev()
    });
    let last = parts.into_iter().find(|part| takes_mark(part));
    match last.filter(|_| !marked) {
        Some(last) => {
            last.mark = Some(Mark::Minutes);
            notes.mapped(key.at, "told as a mark at the end of the prompt");
            Ok(())
        }
        None => notes.dropped(key.at, NOTHING_LIKE_IT),
    }
}

fn takes_mark(part: &Part<'_>) -> bool {
    match &part.kind {
        Kind::Text { text, .. } => !text.is_blank(),
        Kind::Media(_) | Kind::Call(_) | Kind::Result(_) => true,
        Kind::Refusal(_) | Kind::Thought(_) | Kind::Foreign { .. } => false,
    }
}

/// Tells of every mark, in the order in which a prompt is put together.
fn each(request: &mut Request<'_>, tell: &mut Tell<'_>) -> Result<(), Fault> {
    for tool in &mut request.tools {
        if tool.mark.is_some() {
            tell(&mut tool.mark, &tool.at)?;
        }
    }
    parts(&mut request.system, tell)?;
    for turn in &mut request.turns {
        parts(&mut turn.parts, tell)?;
    }
    Ok(())
}

fn parts(list: &mut [Part<'_>], tell: &mut Tell<'_>) -> Result<(), Fault> {
    for part in list {
        if let Kind::Result(result) = &mut part.kind {
            parts(&mut result.content, tell)?;
        }
        if part.mark.is_some() {
            tell(&mut part.mark, &part.at)?;
        }
    }
    Ok(())
}
