//! The conversation: system prompt, turns that alternate, calls and their results.

use std::borrow::Cow;

use towerman_core::Fault;

use super::{
    arguments,
    content::{NOTHING_LIKE_IT, Parts, blocks, say},
};
use crate::translate::{
    anthropic::{Block, Turn, legal_id},
    calls::Calls,
    fields::{Fields, Raw, refuse},
    loss::Losses,
};

#[derive(Debug, Default)]
pub(super) struct Conversation<'a> {
    pub(super) system: Vec<Block<'a>>,
    pub(super) turns: Vec<Turn<'a>>,
    run: Run<'a>,
    calls: Calls<'a>,
}

/// What stands between two turns of the assistant. It becomes one turn of the user: results of
/// tools first, as Anthropic demands, and then one of the system.
#[derive(Debug, Default)]
struct Run<'a> {
    results: Vec<Block<'a>>,
    content: Vec<Block<'a>>,
    system: Vec<Block<'a>>,
    /// Where its first system message stands.
    system_at: Option<String>,
}

// === impl Conversation ===

impl<'a> Conversation<'a> {
    pub(super) fn read(messages: Vec<Raw<'a>>, losses: &mut Losses) -> Result<Self, Fault> {
        let mut conversation = Self::default();
        for (i, message) in messages.into_iter().enumerate() {
            conversation.message(message, &format!("/messages/{i}"), losses)?;
        }
        conversation.end_run(losses)?;
        conversation.calls.end()?;
        if conversation.turns.is_empty() {
            return Err(refuse(
                "/messages",
                "must say something besides the system prompt",
            ));
        }
        Ok(conversation)
    }

    fn message(&mut self, raw: Raw<'a>, at: &str, losses: &mut Losses) -> Result<(), Fault> {
        let mut message = Fields::read(raw, at)?;
        let role = message.need_string("role", at)?;
        let content = message.take("content");
        let content_at = format!("{at}/content");
        match &*role {
            "system" | "developer" => {
                let said = blocks(content, &content_at, Parts::Text, losses)?;
                self.instruct(said, at);
            }
            "user" => {
                if self.run.system_at.is_some() {
                    losses.add(at, "moved before the system message in front of it");
                }
                let said = blocks(content, &content_at, Parts::Shown, losses)?;
                self.run.content.extend(said);
            }
            "tool" => {
                let id = message.need_string("tool_call_id", at)?;
                self.calls.answer(&id, at, "tool_call_id")?;
                self.run.results.push(Block::ToolResult {
                    tool_use_id: legal_id(id),
                    content: blocks(content, &content_at, Parts::Shown, losses)?,
                });
            }
            "assistant" => {
                let said = blocks(content, &content_at, Parts::Said, losses)?;
                self.assistant(said, &mut message, at, losses)?;
            }
            _ => {
                return Err(refuse(
                    format!("{at}/role"),
                    "is no role that this API knows",
                ));
            }
        }
        message.lose(at, NOTHING_LIKE_IT, losses);
        Ok(())
    }

    fn instruct(&mut self, said: Vec<Block<'a>>, at: &str) {
        if self.turns.is_empty() && self.run.content.is_empty() {
            self.system.extend(said);
        } else if !said.is_empty() {
            self.run.system_at.get_or_insert_with(|| at.to_owned());
            self.run.system.extend(said);
        }
    }

    fn assistant(
        &mut self,
        mut said: Vec<Block<'a>>,
        message: &mut Fields<'a>,
        at: &str,
        losses: &mut Losses,
    ) -> Result<(), Fault> {
        message.refuse("function_call", at, "is a legacy call; use tool_calls")?;
        message.refuse("audio", at, "is audio, which this model's API cannot take")?;
        if let Some(refusal) = message.text("refusal", at)? {
            say(refusal, at, &mut said, losses);
        }
        self.end_run(losses)?;
        for (i, call) in message.list("tool_calls", at)?.into_iter().enumerate() {
            let at = format!("{at}/tool_calls/{i}");
            let (id, block) = tool_use(call, &at, losses)?;
            self.calls.add(id, at)?;
            said.push(block);
        }
        self.turn("assistant", said);
        Ok(())
    }

    /// The assistant speaks, or nobody any more: what stood in between becomes turns.
    fn end_run(&mut self, losses: &mut Losses) -> Result<(), Fault> {
        let Run {
            mut results,
            content,
            system,
            system_at,
        } = std::mem::take(&mut self.run);
        results.extend(content);
        if results.is_empty() && system.is_empty() {
            return Ok(());
        }
        self.calls.end()?;
        if results.is_empty() {
            // Anthropic takes a system turn only after one of the user.
            losses.add(
                system_at.unwrap_or_default(),
                "sent as the user's: no turn of the user stands before it",
            );
            self.turn("user", system);
        } else {
            self.turn("user", results);
            self.turn("system", system);
        }
        Ok(())
    }

    /// Adds a turn, or to the last one if that is of the same role. An empty one is none.
    fn turn(&mut self, role: &'static str, mut content: Vec<Block<'a>>) {
        if content.is_empty() {
            return;
        }
        match self.turns.last_mut() {
            Some(last) if last.role == role => last.content.append(&mut content),
            _ => self.turns.push(Turn { role, content }),
        }
    }
}

fn tool_use<'a>(
    raw: Raw<'a>,
    at: &str,
    losses: &mut Losses,
) -> Result<(Cow<'a, str>, Block<'a>), Fault> {
    let mut call = Fields::read(raw, at)?;
    let kind = call.string("type", at)?;
    if kind.is_some_and(|kind| kind != "function") {
        return Err(refuse(
            format!("{at}/type"),
            "must be function for this model's API",
        ));
    }
    let id = call.need_string("id", at)?;
    let mut function: Fields<'a> = call.need("function", at, "an object")?;
    call.lose(at, NOTHING_LIKE_IT, losses);
    let at = format!("{at}/function");
    let name = function.need_text("name", &at)?;
    let spelt = function.string("arguments", &at)?.unwrap_or_default();
    function.lose(&at, NOTHING_LIKE_IT, losses);
    let input = arguments::object(spelt).ok_or_else(|| {
        refuse(
            format!("{at}/arguments"),
            "must be a JSON object for this model's API",
        )
    })?;
    let block = Block::ToolUse {
        id: legal_id(id.clone()),
        name,
        input,
    };
    Ok((id, block))
}
