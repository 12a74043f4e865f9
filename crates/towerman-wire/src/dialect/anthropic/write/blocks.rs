//! Parts of a conversation as content blocks.

use std::{borrow::Cow, collections::HashMap};

use towerman_core::Fault;

use super::media::whole;
use crate::{
    dialect::anthropic::{
        NOTHING_LIKE_IT,
        shape::{Block, CacheControl, Content, Extra, Said},
    },
    neutral::{
        Alphabet, Around, Call, Cite, Input, Kind, Maker, Mark, Notes, Part, Rest, Seal, Sealed,
        Text, Thought, ToolResult, fit, json,
    },
};

/// Writes parts, and notes what becomes of them.
#[derive(Debug)]
pub(super) struct Writer<'a, 'n> {
    /// The client speaks Anthropic's dialect: nothing is bent, nothing is lost.
    pub(super) own: bool,
    pub(super) notes: &'n mut Notes,
    around: HashMap<Box<str>, Extra<'a>>,
}

impl<'a, 'n> Writer<'a, 'n> {
    pub(super) fn new(own: bool, around: Vec<Around<'a>>, notes: &'n mut Notes) -> Self {
        let mut map: HashMap<Box<str>, Extra<'a>> = HashMap::new();
        for one in around.into_iter().filter(|_| own) {
            let extra = map.entry(one.at).or_default();
            extra.add(one.own);
            extra.add(one.rest);
        }
        Self {
            own,
            notes,
            around: map,
        }
    }

    /// What stood around the object at `at`.
    pub(super) fn around(&mut self, at: &str) -> Extra<'a> {
        self.around.remove(at).unwrap_or_default()
    }

    /// What nobody took of the object at `at`.
    pub(super) fn rest(&mut self, rest: Rest<'a>, at: &str) -> Result<Extra<'a>, Fault> {
        if self.own {
            return Ok(Extra(rest.0));
        }
        rest.lose(at, NOTHING_LIKE_IT, self.notes)?;
        Ok(Extra::default())
    }

    pub(super) fn mark(&mut self, mark: Option<Mark>, at: &str) -> Option<CacheControl<'a>> {
        let mark = mark?;
        Some(CacheControl::new(
            mark,
            self.around(&format!("{at}/cache_control")),
        ))
    }

    /// Content as it was spelt: a lone text that stands where the content does was a string.
    pub(super) fn content(
        &mut self,
        mut parts: Vec<Part<'a>>,
        at: &str,
    ) -> Result<Content<'a>, Fault> {
        if self.own
            && parts.len() == 1
            && let Some(part) = parts.pop()
        {
            match part {
                Part {
                    kind: Kind::Text { text, .. },
                    at: place,
                    ..
                } if *place == *at => return Ok(Content::Text(text)),
                part => parts.push(part),
            }
        }
        self.blocks(parts).map(Content::Blocks)
    }

    pub(super) fn blocks(&mut self, parts: Vec<Part<'a>>) -> Result<Vec<Block<'a>>, Fault> {
        let mut blocks = Vec::with_capacity(parts.len());
        for part in parts {
            blocks.extend(self.block(part)?);
        }
        Ok(blocks)
    }

    /// A part, unless there is nothing to say.
    fn block(&mut self, part: Part<'a>) -> Result<Option<Block<'a>>, Fault> {
        let Part {
            kind,
            mark,
            at,
            rest,
        } = part;
        let said = match kind {
            Kind::Foreign { raw, .. } if self.own => return Ok(Some(Block::Foreign(raw))),
            Kind::Foreign { .. } => {
                return Err(self
                    .notes
                    .refused(at, "is no kind of content that this model's API can take"));
            }
            Kind::Text { text, cites } => self.text(text, cites, &at)?,
            Kind::Refusal(text) => {
                self.notes.mapped(&*at, "told as text");
                self.text(text, Vec::new(), &at)?
            }
            Kind::Media(media) => Some(self.media(media, &at)?),
            Kind::Call(call) => Some(self.call(call, &at)?),
            Kind::Result(result) => Some(self.result(result, &at)?),
            Kind::Thought(thought) => self.thought(thought, &at)?,
        };
        let Some(said) = said else {
            return Ok(None);
        };
        let at = whole(&at);
        let mut extra = self.rest(rest, at)?;
        extra.0.append(&mut self.around(at).0);
        Ok(Some(Block::Known {
            said,
            cache_control: self.mark(mark, at),
            rest: extra,
        }))
    }

    fn text(
        &mut self,
        text: Text<'a>,
        cites: Vec<Cite<'a>>,
        at: &str,
    ) -> Result<Option<Said<'a>>, Fault> {
        if self.own {
            let citations = cites.into_iter().map(|cite| cite.raw).collect();
            return Ok(Some(Said::Text { text, citations }));
        }
        if text.is_empty() {
            return Ok(None);
        }
        if text.is_blank() {
            let what = "dropped: Anthropic refuses texts of white space only";
            self.notes.dropped(at, what)?;
            return Ok(None);
        }
        if !cites.is_empty() {
            // Anthropic's own point into what it found itself.
            self.notes.dropped(at, "dropped: its citations")?;
        }
        Ok(Some(Said::Text {
            text,
            citations: Vec::new(),
        }))
    }

    fn call(&mut self, call: Call<'a>, at: &str) -> Result<Said<'a>, Fault> {
        if call.custom {
            let why = "calls a tool whose input is no JSON, which this model's API does not have";
            return Err(self.notes.refused(at, why));
        }
        if call.seal.is_some() {
            let what = "dropped: its signature is another provider's";
            self.notes.dropped(at, what)?;
        }
        let input = match call.input {
            Input::Object(input) => input,
            Input::Spelt(text) => match json::object(text) {
                Some(input) => Cow::Owned(input),
                None => {
                    let why = "must have a JSON object for this model's API";
                    return Err(self.notes.refused(at, why));
                }
            },
        };
        Ok(Said::ToolUse {
            id: fit(call.id, Alphabet::Names),
            name: call.name,
            input,
        })
    }

    fn result(&mut self, result: ToolResult<'a>, at: &str) -> Result<Said<'a>, Fault> {
        let content = match result.object {
            Some(object) => {
                self.notes.mapped(at, "told as JSON text");
                Content::Blocks(vec![Block::text(Text::Said(object.get().into()))])
            }
            None => self.content(result.content, &format!("{at}/content"))?,
        };
        Ok(Said::ToolResult {
            tool_use_id: fit(result.id, Alphabet::Names),
            content,
            is_error: result.error,
        })
    }

    /// Thinking that Anthropic has signed. It refuses any other.
    fn thought(&mut self, thought: Thought<'a>, at: &str) -> Result<Option<Said<'a>>, Fault> {
        match thought.seal {
            Some(Seal {
                maker: Maker::Anthropic,
                kind: Sealed::Encrypted,
                data,
            }) => Ok(Some(Said::RedactedThinking { data })),
            Some(Seal {
                maker: Maker::Anthropic,
                kind: Sealed::Signature,
                data,
            }) => Ok(Some(Said::Thinking {
                thinking: thought.text.unwrap_or(Text::Said("".into())),
                signature: data,
            })),
            _ => {
                let what = "dropped: thinking is signed for its provider";
                self.notes.dropped(at, what)?;
                Ok(None)
            }
        }
    }
}
