//! The conversation.

use std::borrow::Cow;

use serde_json::value::RawValue;
use towerman_core::Fault;

use super::content::{NOTHING_LIKE_IT, Typed, part, string, text, typed, unknown};
use crate::translate::{
    calls::Calls,
    fields::{Fields, Raw, compact, refuse},
    loss::Losses,
    openai::{Called, Content, Message, Part, ToolCall},
};

#[derive(Debug, Default)]
pub(super) struct Conversation<'a> {
    messages: Vec<Message<'a>>,
    run: Run<'a>,
    calls: Calls<'a>,
}

/// What stands between two turns of the assistant. The tools' messages come first: they must
/// follow the calls that they answer.
#[derive(Debug, Default)]
struct Run<'a> {
    results: Vec<Message<'a>>,
    /// Images that tools returned: there a tool can only return text.
    moved: Vec<Part<'a>>,
    after: Vec<Message<'a>>,
}

// === impl Conversation ===

impl<'a> Conversation<'a> {
    pub(super) fn read(
        system: Option<Raw<'a>>,
        messages: Vec<Raw<'a>>,
        losses: &mut Losses,
    ) -> Result<Vec<Message<'a>>, Fault> {
        let mut conversation = Self::default();
        if let Some(content) = instructions(system, "/system", losses)? {
            conversation.messages.push(Message::System { content });
        }
        for (i, message) in messages.into_iter().enumerate() {
            conversation.message(message, &format!("/messages/{i}"), losses)?;
        }
        conversation.end_run()?;
        conversation.calls.end()?;
        if conversation.messages.is_empty() {
            return Err(refuse("/messages", "has nothing in it that can be sent"));
        }
        Ok(conversation.messages)
    }

    fn message(&mut self, raw: Raw<'a>, at: &str, losses: &mut Losses) -> Result<(), Fault> {
        let mut message = Fields::read(raw, at)?;
        let role = message.need_string("role", at)?;
        let content = Some(message.need("content", at, "a string or an array of blocks")?);
        message.lose(at, NOTHING_LIKE_IT, losses);
        let content_at = format!("{at}/content");
        match &*role {
            "user" => self.user(content, &content_at, losses),
            "assistant" => self.assistant(content, &content_at, losses),
            "system" => {
                if let Some(content) = instructions(content, &content_at, losses)? {
                    self.run.after.push(Message::System { content });
                }
                Ok(())
            }
            _ => Err(refuse(
                format!("{at}/role"),
                "is no role that this API knows",
            )),
        }
    }

    fn user(
        &mut self,
        content: Option<Raw<'a>>,
        at: &str,
        losses: &mut Losses,
    ) -> Result<(), Fault> {
        if let Some(text) = string(content) {
            let content = Content::Text(text);
            self.run.after.push(Message::User { content });
            return Ok(());
        }
        let mut parts = Vec::new();
        for block in typed(content, at)? {
            if block.kind == "tool_result" {
                self.result(block, losses)?;
            } else {
                parts.push(part(block, losses)?);
            }
        }
        if !parts.is_empty() {
            let content = Content::of(parts);
            self.run.after.push(Message::User { content });
        }
        Ok(())
    }

    fn result(&mut self, block: Typed<'a>, losses: &mut Losses) -> Result<(), Fault> {
        let Typed { mut fields, at, .. } = block;
        let id = fields.need_string("tool_use_id", &at)?;
        self.calls.answer(&id, &at, "tool_use_id")?;
        let content = fields.take("content");
        if fields.get("is_error", &at, "a boolean")? == Some(true) {
            losses.add(format!("{at}/is_error"), NOTHING_LIKE_IT);
        }
        fields.lose(&at, NOTHING_LIKE_IT, losses);
        let content = match string(content) {
            Some(text) => Content::Text(text),
            None => Content::of(self.texts(content, &format!("{at}/content"), losses)?),
        };
        self.run.results.push(Message::Tool {
            tool_call_id: id,
            content,
        });
        Ok(())
    }

    /// The texts of a result; the rest moves behind it.
    fn texts(
        &mut self,
        content: Option<Raw<'a>>,
        at: &str,
        losses: &mut Losses,
    ) -> Result<Vec<Part<'a>>, Fault> {
        let mut texts = Vec::new();
        for block in typed(content, at)? {
            let at = block.at.clone();
            match part(block, losses)? {
                text @ Part::Text { .. } => texts.push(text),
                other => {
                    losses.add(
                        at,
                        "moved to a message of the user behind the tools' messages",
                    );
                    self.run.moved.push(other);
                }
            }
        }
        Ok(texts)
    }

    fn assistant(
        &mut self,
        content: Option<Raw<'a>>,
        at: &str,
        losses: &mut Losses,
    ) -> Result<(), Fault> {
        self.end_run()?;
        if let Some(text) = string(content) {
            self.messages.push(Message::Assistant {
                content: Some(Content::Text(text)),
                tool_calls: Vec::new(),
            });
            return Ok(());
        }
        let (mut said, mut tool_calls) = (Vec::new(), Vec::new());
        for block in typed(content, at)? {
            match &*block.kind {
                "text" => said.push(text(block, losses)?),
                "tool_use" => tool_calls.push(self.call(block, losses)?),
                "thinking" | "redacted_thinking" => {
                    losses.add(block.at, "dropped: thinking is signed for its provider");
                }
                _ => return Err(unknown(&block.at)),
            }
        }
        let content = if said.is_empty() && !tool_calls.is_empty() {
            None
        } else {
            Some(Content::of(said))
        };
        self.messages.push(Message::Assistant {
            content,
            tool_calls,
        });
        Ok(())
    }

    fn call(&mut self, block: Typed<'a>, losses: &mut Losses) -> Result<ToolCall<'a>, Fault> {
        let Typed { mut fields, at, .. } = block;
        let id = fields.need_string("id", &at)?;
        self.calls.add(id.clone(), at.clone())?;
        let name = fields.need_text("name", &at)?;
        let input: Option<&'a RawValue> = fields.take("input");
        if let Some(input) = input {
            Fields::read(input, &format!("{at}/input"))?;
        }
        // Who called is only news if it was not the model itself.
        let caller: Option<Fields<'a>> = fields.get("caller", &at, "an object")?;
        if let Some(mut caller) = caller
            && caller.need_string("type", &at)? != "direct"
        {
            return Err(refuse(
                format!("{at}/caller"),
                "is no caller that this model's API knows",
            ));
        }
        fields.lose(&at, NOTHING_LIKE_IT, losses);
        Ok(ToolCall {
            id,
            kind: "function",
            function: Called {
                name,
                arguments: input.map_or(Cow::Borrowed("{}"), |input| compact(input).into()),
            },
        })
    }

    /// The assistant speaks, or nobody any more: what stood in between becomes messages.
    fn end_run(&mut self) -> Result<(), Fault> {
        let run = std::mem::take(&mut self.run);
        if run.results.is_empty() && run.after.is_empty() {
            return Ok(());
        }
        self.calls.end()?;
        self.messages.extend(run.results);
        if !run.moved.is_empty() {
            let content = Content::of(run.moved);
            self.messages.push(Message::User { content });
        }
        self.messages.extend(run.after);
        Ok(())
    }
}

/// A system prompt, if it says anything.
fn instructions<'a>(
    content: Option<Raw<'a>>,
    at: &str,
    losses: &mut Losses,
) -> Result<Option<Content<'a>>, Fault> {
    if let Some(text) = string(content) {
        return Ok((!text.is_empty()).then_some(Content::Text(text)));
    }
    let mut parts = Vec::new();
    for block in typed(content, at)? {
        parts.push(text(block, losses)?);
    }
    Ok((!parts.is_empty()).then(|| Content::of(parts)))
}
