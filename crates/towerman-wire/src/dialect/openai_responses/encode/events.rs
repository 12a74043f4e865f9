//! The events of a stream, numbered.

use serde::Serialize;

use crate::{dialect::node::Object, framing::emit};

/// Writes events, unless nobody listens.
#[derive(Debug, Default)]
pub(super) struct Sink {
    sequence: u64,
    quiet: bool,
}

/// Where in the output something stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a> {
    pub(super) item_id: &'a str,
    pub(super) output_index: u32,
    pub(super) part: Nth,
}

/// Which part of an item, as its kind of event says it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Nth {
    Item,
    Content(usize),
    Summary(usize),
}

/// The event that there are many of.
#[derive(Serialize)]
struct Fragment<'a> {
    r#type: &'static str,
    sequence_number: u64,
    item_id: &'a str,
    output_index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary_index: Option<usize>,
    delta: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<[(); 0]>,
}

// === impl Sink ===

impl Sink {
    /// One that writes nothing.
    pub(super) const fn quiet() -> Self {
        Self {
            sequence: 0,
            quiet: true,
        }
    }

    /// The number of the next event.
    pub(super) const fn next(&mut self) -> u64 {
        let next = self.sequence;
        self.sequence += 1;
        next
    }

    pub(super) fn event(&mut self, kind: &'static str, says: Object<'_>, out: &mut Vec<u8>) {
        if self.quiet {
            return;
        }
        let mut event = Object::new(kind).with("sequence_number", self.next());
        event.append(says);
        emit::event(Some(kind), &event, out);
    }

    pub(super) fn fragment(
        &mut self,
        kind: &'static str,
        at: At<'_>,
        delta: &str,
        out: &mut Vec<u8>,
    ) {
        if self.quiet {
            return;
        }
        let fragment = Fragment {
            r#type: kind,
            sequence_number: self.next(),
            item_id: at.item_id,
            output_index: at.output_index,
            content_index: at.part.content(),
            summary_index: at.part.summary(),
            delta,
            // Some clients want it there.
            logprobs: (kind == "response.output_text.delta").then_some([]),
        };
        emit::event(Some(kind), &fragment, out);
    }
}

// === impl At ===

impl<'a> At<'a> {
    /// The members that say it.
    pub(super) fn object(self) -> Object<'a> {
        let mut object = Object::default()
            .with("item_id", self.item_id)
            .with("output_index", u64::from(self.output_index));
        match self.part {
            Nth::Item => {}
            Nth::Content(n) => object.put("content_index", n),
            Nth::Summary(n) => object.put("summary_index", n),
        }
        object
    }
}

impl Nth {
    const fn content(self) -> Option<usize> {
        match self {
            Self::Content(n) => Some(n),
            _ => None,
        }
    }

    const fn summary(self) -> Option<usize> {
        match self {
            Self::Summary(n) => Some(n),
            _ => None,
        }
    }
}
