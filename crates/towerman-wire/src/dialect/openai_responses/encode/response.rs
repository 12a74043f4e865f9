//! What a whole response looks like, at its beginning and at its end.

use serde_json::value::RawValue;
use towerman_core::{Finish, Usage};

use crate::dialect::node::{Node, Object};

/// What is known of the answer.
#[derive(Debug, Default)]
pub(super) struct Response {
    pub(super) id: String,
    pub(super) model: String,
    pub(super) created: u64,
    /// The items that are done, as JSON, with commas between them.
    pub(super) output: String,
    pub(super) usage: Option<Usage>,
    pub(super) finish: Option<Finish>,
}

// === impl Response ===

impl Response {
    /// Its status at the end, which is the name of the event that tells of it, too.
    pub(super) const fn status(&self) -> &'static str {
        match self.finish {
            Some(Finish::Length | Finish::ContentFilter) => "incomplete",
            _ => "completed",
        }
    }

    pub(super) fn object(&self, status: &'static str) -> Object<'_> {
        let reason = match self.finish {
            Some(Finish::Length) => Some("max_output_tokens"),
            Some(Finish::ContentFilter) => Some("content_filter"),
            _ => None,
        };
        let incomplete = reason.map_or(Node::Null, |reason| {
            Object::default().with("reason", reason).into()
        });
        let format = Object::default().with("format", Object::new("text"));
        let nothing = Object::default().with("effort", Node::Null);
        Object::default()
            .with("id", &*self.id)
            .with("object", "response")
            .with("created_at", self.created)
            .with("status", status)
            .with("background", false)
            .with("error", Node::Null)
            .with("incomplete_details", incomplete)
            .with("instructions", Node::Null)
            .with("max_output_tokens", Node::Null)
            .with("model", &*self.model)
            .with("output", self.output())
            .with("parallel_tool_calls", true)
            .with("previous_response_id", Node::Null)
            .with("reasoning", nothing.with("summary", Node::Null))
            .with("store", false)
            .with("temperature", Node::Null)
            .with("text", format)
            .with("tool_choice", "auto")
            .with("tools", Vec::<Node<'_>>::new())
            .with("top_p", Node::Null)
            .with("truncation", "disabled")
            .with(
                "usage",
                self.usage.map_or(Node::Null, |usage| counts(&usage).into()),
            )
            .with("user", Node::Null)
            .with("metadata", Object::default())
    }

    fn output(&self) -> Node<'_> {
        let list = RawValue::from_string(format!("[{}]", self.output));
        list.map_or_else(
            |_| Node::List(Vec::new()),
            |list| Node::Made(std::borrow::Cow::Owned(list)),
        )
    }
}

fn counts<'a>(usage: &Usage) -> Object<'a> {
    let written = usage.cache_write.saturating_add(usage.cache_write_long);
    // Clients want both, also where they are nothing.
    let mut input = Object::default()
        .with("cached_tokens", usage.cache_read)
        .with("cache_write_tokens", written);
    if usage.cache_write_long > 0 {
        let details = Object::default()
            .with("ttl_30m", usage.cache_write)
            .with("ttl_12h", usage.cache_write_long);
        input.put("cache_write_tokens_details", details);
    }
    let output = Object::default().with("reasoning_tokens", usage.reasoning);
    Object::default()
        .with("input_tokens", usage.prompt())
        .with("input_tokens_details", input)
        .with("output_tokens", usage.output)
        .with("output_tokens_details", output)
        .with("total_tokens", usage.total())
}
