//! Takes in items that are told as a whole.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{Decoder, Say, item::What, pending::TooMany};
use crate::{
    dialect::openai_responses::{
        answer::seal,
        read::parts::cite,
        said::{Item, Said, object, objects, text},
    },
    neutral::{Opening, Raw, json},
};

impl Decoder {
    /// The item is told once more as a whole: says what had not been said.
    pub(super) fn done(
        &mut self,
        index: u32,
        item: &Item<'_>,
        say: Say<'_>,
    ) -> Result<(), TooMany> {
        if let Some(custom) = self.call(index, item, say)? {
            let whole = text(if custom { item.input } else { item.arguments });
            if let Some(input) = &whole {
                let what = What::Call { custom };
                self.items.fill(index, what, input.clone(), say)?;
            }
            let open = self.items.get(index)?;
            self.cut |= !custom
                && match whole {
                    Some(input) => json::object(input).is_none(),
                    None => open.is_some_and(|item| item.is_cut()),
                };
        }
        let silent = self.items.get(index)?.is_some_and(|item| !item.told);
        match text(item.kind).as_deref() {
            Some("message") if silent => self.message(index, item, say)?,
            Some("reasoning") => self.reasoning(index, silent, item, say)?,
            _ => {}
        }
        self.items.end(index, say);
        Ok(())
    }

    fn message(&mut self, index: u32, item: &Item<'_>, say: Say<'_>) -> Result<(), TooMany> {
        for (number, raw) in (0..).zip(objects::<&RawValue>(item.content)) {
            let Some((what, said)) = part(Some(raw), number) else {
                continue;
            };
            self.items.more(index, what, said, say)?;
            let said: Said<'_> = object(Some(raw)).unwrap_or_default();
            if let Some(item) = self.items.get(index)? {
                for raw in objects::<&RawValue>(said.annotations) {
                    item.cite(cite(raw), say);
                }
            }
        }
        Ok(())
    }

    fn reasoning(
        &mut self,
        index: u32,
        silent: bool,
        item: &Item<'_>,
        say: Say<'_>,
    ) -> Result<(), TooMany> {
        if silent {
            if let Some(open) = self.items.get(index)? {
                open.id = text(item.id).map(|id| id.into_owned());
            }
            for (number, said) in (0..).zip(objects::<Said<'_>>(item.summary)) {
                let said = text(said.text).unwrap_or_default();
                self.items.more(index, What::Summary(number), said, say)?;
            }
            for (number, said) in (0..).zip(objects::<Said<'_>>(item.content)) {
                let said = text(said.text).unwrap_or_default();
                self.items.more(index, What::Full(number), said, say)?;
            }
        }
        let Some(seal) = seal(item) else {
            return Ok(());
        };
        if self.items.get(index)?.is_some_and(|item| !item.told) {
            let id = text(item.id);
            let how = Opening::Thought { summary: true, id };
            self.items.open(index, What::Summary(0), how, say)?;
        }
        if let Some(item) = self.items.get(index)? {
            item.seal(seal, say);
        }
        Ok(())
    }
}

/// What part of its item this is, and its whole text.
pub(super) fn part(raw: Option<Raw<'_>>, number: u32) -> Option<(What, Cow<'_, str>)> {
    let said: Said<'_> = object(raw)?;
    let (what, said) = match text(said.kind)?.as_ref() {
        "output_text" => (What::Text(number), said.text),
        "refusal" => (What::Refusal(number), said.refusal),
        "reasoning_text" => (What::Full(number), said.text),
        _ => return None,
    };
    Some((what, text(said).unwrap_or_default()))
}
