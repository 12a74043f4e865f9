//! Writes a stream, and a whole answer as the stream's last event would have told it.
//!
//! This is the one dialect whose streams cannot be written in constant memory: every item is told
//! again as a whole when it is done, and all of them at the end, which is what the official SDKs
//! give their callers. So the answer is kept, up to a limit.

use towerman_core::{Fault, FaultKind, Finish};

use super::{
    events::Sink,
    fault,
    node::{Node, Object},
    response::Response,
    told::{Item, Said, What, summary},
};
use crate::{
    dialect::Encode,
    neutral::{Cite, Delta, Hearer, Opening, json, made_up},
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
            Delta::Logprobs { .. } | Delta::Ping | Delta::Fail(_) => {}
        }
    }

    fn begin(&mut self, what: Opening<'_>, out: &mut Vec<u8>) {
        match what {
            Opening::Text | Opening::Refusal => {
                let said = Said::new(matches!(what, Opening::Refusal));
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
            Opening::Call { id, name, custom } => {
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

    fn more(&mut self, text: &str, out: &mut Vec<u8>) {
        if !self.keep(text.len(), out) {
            return;
        }
        let Some(item) = &mut self.open else {
            return;
        };
        let mut begins = false;
        let kind = match &mut item.what {
            What::Message(all) => match all.last_mut() {
                Some(said) => {
                    said.text.push_str(text);
                    match said.refusal {
                        true => "response.refusal.delta",
                        false => "response.output_text.delta",
                    }
                }
                None => return,
            },
            What::Thought { texts, open, .. } => {
                begins = !*open;
                *open = true;
                match texts.last_mut() {
                    Some(last) if !begins => last.push_str(text),
                    _ => texts.push(text.to_owned()),
                }
                "response.reasoning_summary_text.delta"
            }
            What::Call { input, custom, .. } => {
                input.push_str(text);
                if *custom {
                    // They are told as a whole.
                    return;
                }
                "response.function_call_arguments.delta"
            }
        };
        if begins {
            let event = item.at().object().with("part", summary(""));
            self.sink
                .event("response.reasoning_summary_part.added", event, out);
        }
        self.sink.fragment(kind, item.at(), text, out);
    }

    fn cite(&mut self, cite: Cite<'_>, out: &mut Vec<u8>) {
        if !self.keep(Said::size(&cite), out) {
            return;
        }
        let Some(item) = &mut self.open else {
            return;
        };
        let at = (item.id.clone(), item.index);
        let What::Message(all) = &mut item.what else {
            return;
        };
        let content = all.len().saturating_sub(1);
        let Some(said) = all.last_mut().filter(|said| !said.refusal) else {
            return;
        };
        if let Some((number, annotation)) = said.cite(cite.into_owned()) {
            let event = Object::default()
                .with("item_id", at.0)
                .with("output_index", u64::from(at.1))
                .with("content_index", content)
                .with("annotation_index", number)
                .with("annotation", annotation);
            self.sink
                .event("response.output_text.annotation.added", event, out);
        }
    }

    /// A part is over; its item may go on.
    fn close(&mut self, out: &mut Vec<u8>) {
        let Some(item) = &mut self.open else {
            return;
        };
        if let What::Thought { open, .. } = &mut item.what {
            // One that is nothing but its seal has no text to end.
            if !std::mem::take(open) {
                return;
            }
        }
        let at = item.at().object();
        match &item.what {
            What::Message(all) => {
                let Some(said) = all.last() else {
                    return;
                };
                let (kind, member) = match said.refusal {
                    true => ("response.refusal.done", "refusal"),
                    false => ("response.output_text.done", "text"),
                };
                let mut event = at.with(member, &*said.text);
                if !said.refusal {
                    event.put("logprobs", Vec::<Node<'_>>::new());
                }
                self.sink.event(kind, event, out);
                self.part("response.content_part.done", out);
            }
            What::Thought { texts, .. } => {
                let text = texts.last().map_or("", |text| text);
                let done = at.clone().with("text", text);
                self.sink
                    .event("response.reasoning_summary_text.done", done, out);
                let done = at.with("part", summary(text));
                self.sink
                    .event("response.reasoning_summary_part.done", done, out);
            }
            What::Call {
                name,
                input,
                custom,
                ..
            } => {
                let event = at.with("name", &**name);
                match custom {
                    true => {
                        let event = event.with("input", &**input);
                        self.sink
                            .event("response.custom_tool_call_input.done", event, out);
                    }
                    false => {
                        let event = event.with("arguments", &**input);
                        self.sink
                            .event("response.function_call_arguments.done", event, out);
                    }
                }
                self.end(out);
            }
        }
    }

    /// Tells the last part of the open message, as far as it has come.
    fn part(&mut self, kind: &'static str, out: &mut Vec<u8>) {
        if let Some(item) = &self.open
            && let What::Message(all) = &item.what
            && let Some(said) = all.last()
        {
            let event = item.at().object().with("part", said.object());
            self.sink.event(kind, event, out);
        }
    }

    /// The open item is over.
    fn end(&mut self, out: &mut Vec<u8>) {
        let Some(item) = self.open.take() else {
            return;
        };
        let cut = match &item.what {
            What::Message(_) => self.response.status() == "incomplete",
            What::Thought { .. } => false,
            What::Call { input, custom, .. } => {
                !custom && json::object(input.as_str().into()).is_none()
            }
        };
        let object = item.object(if cut { "incomplete" } else { "completed" });
        // Writing plain shapes into memory cannot fail.
        if let Ok(text) = serde_json::to_string(&object) {
            let output = &mut self.response.output;
            if !output.is_empty() {
                output.push(',');
            }
            output.push_str(&text);
        }
        let event = Object::default()
            .with("output_index", u64::from(item.index))
            .with("item", object);
        self.sink.event("response.output_item.done", event, out);
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
