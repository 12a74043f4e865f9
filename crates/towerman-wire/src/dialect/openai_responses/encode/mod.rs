//! Writes a stream, and a whole answer as the stream's last event would have told it.
//!
//! This is the one dialect whose streams cannot be written in constant memory: every item is told
//! again as a whole when it is done, and all of them at the end, which is what the official SDKs
//! give their callers. So the answer is kept, up to a limit.

mod events;
mod response;
mod say;
mod told;

use towerman_core::{Fault, FaultKind};

use self::{
    events::Sink,
    response::Response,
    told::{Item, Said, What},
};
use super::fault;
use crate::{
    dialect::{
        Encode,
        node::{Node, Object},
    },
    neutral::{Delta, Hearer, Opening, made_up},
};

/// The most of an answer that is kept, so that its last event is one that can be read.
const LIMIT: usize = 8 << 20;

#[derive(Debug)]
pub(super) struct Encoder {
    hearer: Hearer,
    response: Response,
    sink: Sink,
    open: Option<Item>,
    items: u32,
    /// Log probabilities whose text has not begun.
    tokens: Vec<Node<'static>>,
    /// Bytes of the answer that are kept.
    kept: usize,
    limit: usize,
    over: bool,
}

// === impl Encoder ===

impl Encode for Encoder {
    fn delta(&mut self, delta: Delta<'_>, out: &mut Vec<u8>) {
        if !self.over {
            self.take(delta, out);
        }
    }
}

impl Encoder {
    pub(super) fn new(hearer: Hearer) -> Self {
        Self {
            hearer,
            response: Response::default(),
            sink: Sink::default(),
            open: None,
            items: 0,
            tokens: Vec::new(),
            kept: 0,
            limit: LIMIT,
            over: false,
        }
    }

    /// One that only puts the answer together.
    pub(super) fn whole(hearer: Hearer) -> Self {
        Self {
            sink: Sink::quiet(),
            limit: usize::MAX,
            ..Self::new(hearer)
        }
    }

    /// The answer as it is now.
    pub(super) fn object(&self) -> Object<'_> {
        self.response.object(self.response.status())
    }

    fn take(&mut self, delta: Delta<'_>, out: &mut Vec<u8>) {
        match delta {
            Delta::Begin { id, model, created } => {
                let hearer = &self.hearer;
                let model = if model.is_empty() {
                    &hearer.model
                } else {
                    &*model
                };
                self.response.created = created.unwrap_or(hearer.created);
                self.response.id = match &*id {
                    "" => format!("resp_{}", digest(model, self.response.created, "")),
                    id => id.to_owned(),
                };
                self.response.model = model.to_owned();
                for kind in ["response.created", "response.in_progress"] {
                    let response = self.response.object("in_progress");
                    let event = Object::default().with("response", response);
                    self.sink.event(kind, event, out);
                }
            }
            Delta::Open { what, .. } => self.begin(what, out),
            Delta::More { text, .. } => self.more(&text, out),
            Delta::Seal { seal, .. } => {
                self.keep(seal.data.len(), out);
                if let Some(item) = &mut self.open {
                    item.seal(&seal);
                }
            }
            Delta::Cite { cite, .. } => self.cite(cite, out),
            Delta::Close { .. } => self.close(out),
            Delta::Finish {
                finish,
                explanation,
                ..
            } => {
                if let (true, Some(words)) = (self.items == 0, explanation) {
                    // Why there is no answer is all that there is to say.
                    self.begin(Opening::Refusal, out);
                    self.more(&words, out);
                    self.close(out);
                }
                self.response.finish = Some(finish);
                self.end(out);
            }
            Delta::Usage(usage) => self.response.usage = Some(usage),
            Delta::End => {
                let kind = match self.response.status() {
                    "incomplete" => "response.incomplete",
                    _ => "response.completed",
                };
                let response = self.response.object(self.response.status());
                let event = Object::default().with("response", response);
                self.sink.event(kind, event, out);
                self.over = true;
            }
            Delta::Logprobs { raw, .. } => self.logprobs(raw, out),
            Delta::Ping | Delta::Fail(_) => {}
        }
    }

    fn begin(&mut self, what: Opening<'_>, out: &mut Vec<u8>) {
        match what {
            Opening::Text | Opening::Refusal => {
                let mut said = Said::new(matches!(what, Opening::Refusal));
                if !said.refusal {
                    said.tokens.append(&mut self.tokens);
                }
                if !matches!(
                    &self.open,
                    Some(Item {
                        what: What::Message(_),
                        ..
                    })
                ) {
                    self.item("msg", What::Message(Vec::new()), out);
                }
                if let Some(Item {
                    what: What::Message(all),
                    ..
                }) = &mut self.open
                {
                    all.push(said);
                }
                self.part("response.content_part.added", out);
            }
            Opening::Thought { id, .. } => {
                // What follows of the same thought is the same item.
                let same = matches!(
                    &self.open,
                    Some(Item { what: What::Thought { own: Some(own), .. }, .. })
                        if Some(&**own) == id.as_deref()
                );
                if !same {
                    let what = What::Thought {
                        own: id.map(|id| id.into_owned()),
                        texts: Vec::new(),
                        open: false,
                        seal: None,
                    };
                    self.item("rs", what, out);
                }
            }
            Opening::Call {
                id, name, custom, ..
            } => {
                let what = What::Call {
                    id: id.into_owned(),
                    name: name.into_owned(),
                    input: String::new(),
                    custom,
                };
                self.item(if custom { "ctc" } else { "fc" }, what, out);
            }
            // This dialect's answers have no place for it.
            Opening::Media(_) => self.end(out),
        }
    }

    /// Begins an item; the one before is over.
    fn item(&mut self, prefix: &str, what: What, out: &mut Vec<u8>) {
        self.end(out);
        let index = self.items;
        self.items += 1;
        let own = match &what {
            What::Thought { own, .. } => own.clone(),
            _ => None,
        };
        let made = || {
            format!(
                "{prefix}_{}",
                digest(&self.response.id, index.into(), prefix)
            )
        };
        let item = Item {
            id: own.unwrap_or_else(made),
            index,
            what,
        };
        let event = Object::default()
            .with("output_index", u64::from(index))
            .with("item", item.object("in_progress"));
        self.sink.event("response.output_item.added", event, out);
        self.open = Some(item);
    }

    /// Counts what is kept. An answer that is too long ends here, with an error: told short at its
    /// end, it would look complete.
    fn keep(&mut self, bytes: usize, out: &mut Vec<u8>) -> bool {
        self.kept = self.kept.saturating_add(bytes);
        if self.kept > self.limit && !self.over {
            self.over = true;
            let fault = Fault::new(FaultKind::BadGateway, "the answer is too long to be told");
            fault::event(&fault, self.sink.next(), out);
        }
        !self.over
    }
}

/// Letters and digits that name one thing of one answer.
fn digest(answer: &str, number: u64, what: &str) -> String {
    let made = made_up(answer, usize::try_from(number).unwrap_or_default(), what);
    made.strip_prefix("call_").unwrap_or(&made).to_owned()
}
