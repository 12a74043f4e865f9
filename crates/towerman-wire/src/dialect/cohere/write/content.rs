//! What messages are made of.

use towerman_core::Fault;

use super::{
    Writer,
    messages::{Piece, Said},
};
use crate::{
    dialect::{cohere::NOTHING_LIKE_IT, node::Object},
    neutral::{Kind, Maker, Media, Medium, Part, Rest, Source, Text, Thought},
};

impl<'a> Writer<'a, '_> {
    /// Content of a message. `mine` is what is not the assistant's.
    pub(super) fn take(
        &mut self,
        part: Part<'a>,
        mine: bool,
        said: &mut Said<'a>,
    ) -> Result<(), Fault> {
        let Part {
            kind,
            mark,
            at,
            rest,
        } = part;
        if mark.is_some() {
            self.drop(format!("{at}/cache_control"))?;
        }
        let rest = rest.keep(self.own, &at, NOTHING_LIKE_IT, self.notes)?;
        match kind {
            Kind::Text { text, cites } => {
                if !cites.is_empty() {
                    self.drop(format!("{at}/citations"))?;
                }
                self.say(text, &at, rest, said);
            }
            Kind::Refusal(text) => {
                self.notes.mapped(&*at, "told as text");
                self.say(text, &at, rest, said);
            }
            Kind::Media(media) if mine => self.show(media, &at, said)?,
            Kind::Thought(thought) => self.think(thought, &at, rest, said)?,
            Kind::Media(_) | Kind::Foreign { .. } | Kind::Call(_) | Kind::Result(_) => {
                let why = "is no kind of content that this model's API can take here";
                return Err(self.notes.refused(at, why));
            }
        }
        Ok(())
    }

    fn say(&mut self, text: Text<'a>, at: &str, rest: Rest<'a>, said: &mut Said<'a>) {
        if !rest.0.is_empty() {
            let mut piece = Object::new("text").with("text", text);
            piece.rest(rest);
            said.content.push(Piece::Other(piece));
        } else if self.own && !at.ends_with("/content") {
            said.content.push(Piece::Text(text));
        } else {
            said.content.push(Piece::Whole(text));
        }
    }

    fn think(
        &mut self,
        thought: Thought<'a>,
        at: &str,
        rest: Rest<'a>,
        said: &mut Said<'a>,
    ) -> Result<(), Fault> {
        let sealed = thought.seal.is_some_and(|seal| seal.maker != Maker::Chat);
        match thought.text {
            Some(text) if self.own && !sealed => {
                if at.ends_with("/tool_plan") {
                    said.plan = Some(text);
                } else {
                    let mut piece = Object::new("thinking").with("thinking", text);
                    piece.rest(rest);
                    said.content.push(Piece::Other(piece));
                }
                Ok(())
            }
            _ => {
                let what = "dropped: thinking is another provider's";
                self.notes.dropped(at, what)
            }
        }
    }

    fn show(&mut self, media: Media<'a>, at: &str, said: &mut Said<'a>) -> Result<(), Fault> {
        if self.own {
            let mut piece = Object::default();
            piece.rest(self.around(at));
            said.content.push(Piece::Other(piece));
            return Ok(());
        }
        let url = match (media.what, media.source) {
            (Medium::Image, Source::Url(url)) => url,
            (Medium::Image, Source::Base64 { media_type, data }) => {
                format!("data:{media_type};base64,{data}").into()
            }
            (Medium::Document, Source::Text(text)) => {
                self.notes.mapped(at, "told as text");
                self.say(text, at, Rest::default(), said);
                return Ok(());
            }
            _ => {
                return Err(self
                    .notes
                    .refused(at, "cannot be taken by this model's API"));
            }
        };
        let mut image = Object::default().with("url", url);
        image.maybe("detail", media.detail);
        let piece = Object::new("image_url").with("image_url", image);
        said.content.push(Piece::Other(piece));
        Ok(())
    }

    /// What a tool returns: texts and documents. Anything else is shown behind it.
    pub(super) fn returned(
        &mut self,
        part: Part<'a>,
        said: &mut Said<'a>,
        shown: &mut Vec<Part<'a>>,
    ) -> Result<(), Fault> {
        match part.kind {
            Kind::Media(Media {
                what: Medium::Document,
                source: Source::Text(text),
                name,
                ..
            }) if !self.own => {
                let mut data = Object::default();
                data.maybe("title", name);
                data.put("text", text);
                let document = Object::default().with("data", data);
                let piece = Object::new("document").with("document", document);
                said.content.push(Piece::Other(piece));
                Ok(())
            }
            Kind::Media(_) if !self.own => {
                let what = "shown behind the result: only texts can be returned";
                self.notes.mapped(part.at.clone(), what);
                shown.push(part);
                Ok(())
            }
            _ => self.take(part, true, said),
        }
    }
}
