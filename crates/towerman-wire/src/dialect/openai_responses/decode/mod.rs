//! Reads a stream.
//!
//! Items come one after the other, or side by side; within an item, one part comes after the
//! other. What is kept is the items that are open, and the numbers of those that are done.

mod item;
mod pending;
mod whole;

use serde_json::value::RawValue;
use towerman_core::Finish;

use self::{
    item::What,
    pending::{Items, TooMany},
    whole::part,
};
use super::{
    read::parts::cite,
    said::{Item, Response, Told, number, object, objects, text},
};
use crate::{
    dialect::{Decode, Unreadable},
    framing::Event,
    neutral::{Delta, Opening, Raw, made_up},
    translate::trouble,
};

#[derive(Debug, Default)]
pub(super) struct Decoder {
    begun: bool,
    over: bool,
    /// The answer's id.
    id: String,
    items: Items,
    /// Calls told so far.
    calls: usize,
    /// A call was told that is no JSON.
    cut: bool,
}

type Say<'s> = &'s mut dyn FnMut(Delta<'_>);

// === impl Decoder ===

impl Decode for Decoder {
    fn event(&mut self, event: Event<'_>, say: Say<'_>) -> Result<(), Unreadable> {
        // Some hosts end their streams as OpenAI's chat dialect does, behind the proof.
        if self.over || event.data.starts_with(b"[DONE]") {
            return Ok(());
        }
        let raw: &RawValue = serde_json::from_slice(event.data).map_err(|_| Unreadable)?;
        let told: Told<'_> = object(Some(raw)).ok_or(Unreadable)?;
        let kind = text(told.kind);
        let error = told.error.filter(|error| error.get() != "null");
        match (kind.as_deref(), error) {
            (Some("error"), error) => self.fail(error.unwrap_or(raw), say),
            (None, Some(error)) => self.fail(error, say),
            (None, None) => return Err(Unreadable),
            (Some(kind), _) => {
                if self.take(kind, &told, say).is_err() {
                    self.over = true;
                    say(Delta::Fail(trouble::nonsense()));
                }
            }
        }
        Ok(())
    }

    fn end(&mut self, _: Say<'_>) {
        // The end was proved by an event, or was not.
    }
}

impl Decoder {
    fn fail(&mut self, error: Raw<'_>, say: Say<'_>) {
        self.over = true;
        say(Delta::Fail(trouble::read(error)));
    }

    fn take(&mut self, kind: &str, told: &Told<'_>, say: Say<'_>) -> Result<(), TooMany> {
        let Some(kind) = kind.strip_prefix("response.") else {
            say(Delta::Ping);
            return Ok(());
        };
        let response: Response<'_> = object(told.response).unwrap_or_default();
        if let "completed" | "incomplete" | "failed" | "cancelled" = kind {
            return self.complete(kind, &response, say);
        }
        self.begin(&response, say);
        let index = number(told.output_index);
        let content = number(told.content_index);
        let summary = What::Summary(number(told.summary_index));
        let say_more = |raw| text(raw).unwrap_or_default();
        let items = &mut self.items;
        match kind {
            "output_item.added" => self.added(index, told.item, say),
            "output_item.done" => {
                let item: Item<'_> = object(told.item).unwrap_or_default();
                self.done(index, &item, say)
            }
            "content_part.added" => match part(told.part, content) {
                Some((what @ What::Text(_), _)) => items.open(index, what, Opening::Text, say),
                Some((what @ What::Refusal(_), _)) => {
                    items.open(index, what, Opening::Refusal, say)
                }
                _ => Ok(()),
            },
            "content_part.done" => {
                if let Some((what, said)) = part(told.part, content) {
                    items.fill(index, what, said, say)?;
                    // A thought is sealed at its item's end.
                    if let (What::Text(_) | What::Refusal(_), Some(item)) =
                        (what, items.get(index)?)
                    {
                        item.close(say);
                    }
                }
                Ok(())
            }
            "output_text.delta" => {
                items.more(index, What::Text(content), say_more(told.delta), say)
            }
            "output_text.done" => items.fill(index, What::Text(content), say_more(told.text), say),
            "output_text.annotation.added" => {
                if let (Some(raw), Some(item)) = (told.annotation, items.get(index)?) {
                    item.cite(cite(raw), say);
                }
                Ok(())
            }
            "refusal.delta" => items.more(index, What::Refusal(content), say_more(told.delta), say),
            "refusal.done" => {
                items.fill(index, What::Refusal(content), say_more(told.refusal), say)
            }
            "reasoning_summary_text.delta" => items.more(index, summary, say_more(told.delta), say),
            "reasoning_summary_text.done" => items.fill(index, summary, say_more(told.text), say),
            "reasoning_text.delta" => {
                items.more(index, What::Full(content), say_more(told.delta), say)
            }
            "reasoning_text.done" => {
                items.fill(index, What::Full(content), say_more(told.text), say)
            }
            "function_call_arguments.delta" => {
                let what = What::Call { custom: false };
                items.more(index, what, say_more(told.delta), say)
            }
            "function_call_arguments.done" => {
                let what = What::Call { custom: false };
                items.fill(index, what, say_more(told.arguments), say)
            }
            "custom_tool_call_input.delta" => {
                let what = What::Call { custom: true };
                items.more(index, what, say_more(told.delta), say)
            }
            "custom_tool_call_input.done" => {
                let what = What::Call { custom: true };
                items.fill(index, what, say_more(told.input), say)
            }
            // Hosted tools at work, and what is not known yet.
            _ => Ok(()),
        }
    }

    fn begin(&mut self, response: &Response<'_>, say: Say<'_>) {
        if self.begun {
            return;
        }
        self.begun = true;
        let id = text(response.id).unwrap_or_default();
        self.id = id.clone().into_owned();
        say(Delta::Begin {
            id,
            model: text(response.model).unwrap_or_default(),
            created: response.created(),
        });
    }

    fn added(&mut self, index: u32, raw: Option<Raw<'_>>, say: Say<'_>) -> Result<(), TooMany> {
        let item: Item<'_> = object(raw).unwrap_or_default();
        self.items.begin(index, text(item.id), say)?;
        // A call without a name is told when it is done, and has one.
        self.call(index, &item, say).map(drop)
    }

    /// Opens a call, if the item is one, and says whether its input is free text.
    fn call(&mut self, index: u32, item: &Item<'_>, say: Say<'_>) -> Result<Option<bool>, TooMany> {
        let custom = match text(item.kind).as_deref() {
            Some("function_call") => false,
            Some("custom_tool_call") => true,
            _ => return Ok(None),
        };
        let told = self.items.get(index)?.is_none_or(|item| item.told);
        let name = text(item.name).filter(|name| !name.is_empty());
        if let (false, Some(name)) = (told, name) {
            let id = text(item.call_id).filter(|id| !id.is_empty());
            let id = id.unwrap_or_else(|| made_up(&self.id, self.calls, &name).into());
            self.calls += 1;
            let how = Opening::Call {
                id,
                name,
                custom,
                seal: None,
            };
            self.items.open(index, What::Call { custom }, how, say)?;
        }
        Ok(Some(custom))
    }

    fn complete(
        &mut self,
        kind: &str,
        response: &Response<'_>,
        say: Say<'_>,
    ) -> Result<(), TooMany> {
        if let Some(error) = response.failed() {
            self.fail(error, say);
            return Ok(());
        }
        if let "failed" | "cancelled" = kind {
            self.fail(RawValue::NULL, say);
            return Ok(());
        }
        self.begin(response, say);
        if self.items.is_silent() {
            // What was never told piece by piece.
            for (index, item) in (0..).zip(objects::<Item<'_>>(response.output)) {
                self.done(index, &item, say)?;
            }
        }
        self.cut |= self.items.end_all(say);
        self.over = true;
        let finish = response.finish(kind, self.calls > 0);
        // A call that ran out of tokens is cut; any other makes no sense.
        if self.cut && finish != Finish::Length {
            say(Delta::Fail(trouble::nonsense()));
            return Ok(());
        }
        if let Some(usage) = response.usage() {
            say(Delta::Usage(usage));
        }
        say(Delta::Finish {
            choice: 0,
            finish,
            sequence: None,
            explanation: None,
        });
        say(Delta::End);
        Ok(())
    }
}
