//! The parts of a message for a provider.

use std::{borrow::Cow, collections::HashMap};

use towerman_core::Fault;

use super::{
    NOTHING_LIKE_IT,
    shape::{Audio, File, Piece, Said, Url},
};
use crate::neutral::{Around, Kind, Media, Medium, Notes, Part, Rest, Source, Text};

const NO_CONTENT: &str = "is no kind of content that this model's API can take here";
const ELSEWHERE: &str = "is a source that this model's API cannot reach";

/// Writes for a provider, with what stood around things in the client's own dialect.
#[derive(Debug)]
pub(super) struct Writer<'a, 'n> {
    pub(super) own: bool,
    pub(super) notes: &'n mut Notes,
    around: HashMap<Box<str>, Around<'a>>,
}

impl<'a, 'n> Writer<'a, 'n> {
    pub(super) fn new(own: bool, around: Vec<Around<'a>>, notes: &'n mut Notes) -> Self {
        let mut map: HashMap<Box<str>, Around<'a>> = HashMap::new();
        for one in around.into_iter().filter(|_| own) {
            let all = map.entry(one.at).or_default();
            all.own.0.extend(one.own.0);
            all.rest.0.extend(one.rest.0);
        }
        Self {
            own,
            notes,
            around: map,
        }
    }

    /// What stood around the object at `at`.
    pub(super) fn around(&mut self, at: &str) -> Rest<'a> {
        let Around { mut own, rest, .. } = self.around.remove(at).unwrap_or_default();
        own.0.extend(rest.0);
        own
    }

    /// `rest` of the object at `at`, and what stood around it, if this is for their own dialect.
    pub(super) fn keep(&mut self, rest: Rest<'a>, at: &str) -> Result<Rest<'a>, Fault> {
        let mut kept = rest.keep(self.own, at, NOTHING_LIKE_IT, self.notes)?;
        kept.0.extend(self.around(at).0);
        Ok(kept)
    }

    pub(super) fn shown(&mut self, parts: Vec<Part<'a>>) -> Result<Vec<Piece<'a>>, Fault> {
        parts.into_iter().map(|part| self.piece(part)).collect()
    }

    /// A part of what is not the user's, which here is words alone.
    pub(super) fn words(&mut self, part: Part<'a>) -> Result<Piece<'a>, Fault> {
        if !self.own && matches!(part.kind, Kind::Media(_)) {
            let why = "stands in a turn that is not the user's, where this API takes text alone";
            return Err(self.notes.refused(part.at, why));
        }
        self.piece(part)
    }

    pub(super) fn piece(&mut self, part: Part<'a>) -> Result<Piece<'a>, Fault> {
        let at = &*part.at;
        self.unmark(part.mark.is_some(), at)?;
        if self.own && matches!(part.kind, Kind::Media(_) | Kind::Thought(_)) {
            // As it was spelt, which is all of it but what nobody took.
            let mut all = self.around.remove(at).unwrap_or_default().own;
            all.0.extend(part.rest.0);
            return Ok(Piece::Own(all));
        }
        let rest = self.keep(part.rest, at)?;
        let said = match part.kind {
            Kind::Text { text, cites } => {
                if !cites.is_empty() {
                    self.notes
                        .dropped(format!("{at}/citations"), NOTHING_LIKE_IT)?;
                }
                Said::Text { text, rest }
            }
            Kind::Refusal(refusal) if self.own => Said::Refusal { refusal, rest },
            Kind::Refusal(text) => {
                self.notes.mapped(at, "told as text");
                Said::Text { text, rest }
            }
            Kind::Media(media) => self.show(media, at)?,
            // Its pointer is that of what is foreign about it.
            Kind::Foreign { .. } => return Err(self.notes.refused(at, NO_CONTENT)),
            Kind::Call(_) | Kind::Result(_) | Kind::Thought(_) => {
                return Err(self.notes.refused(format!("{at}/type"), NO_CONTENT));
            }
        };
        Ok(Piece::Said(said))
    }

    /// Plain OpenAI knows no marks; a client's own stand around what they mark.
    pub(super) fn unmark(&mut self, marked: bool, at: &str) -> Result<(), Fault> {
        if marked && !self.own {
            let at = format!("{at}/cache_control");
            self.notes.dropped(at, NOTHING_LIKE_IT)?;
        }
        Ok(())
    }

    fn show(&mut self, media: Media<'a>, at: &str) -> Result<Said<'a>, Fault> {
        let Media {
            what,
            source,
            name,
            detail,
        } = media;
        Ok(match (what, source) {
            (Medium::Image, Source::Url(url)) => Said::ImageUrl {
                image_url: Url { url, detail },
            },
            (Medium::Image, Source::Base64 { media_type, data }) => Said::ImageUrl {
                image_url: Url {
                    url: data_url(&media_type, &data).into(),
                    detail,
                },
            },
            (Medium::Audio, Source::Base64 { media_type, data }) => {
                let format = match &*media_type {
                    "audio/mpeg" | "audio/mp3" => "mp3",
                    "audio/wav" | "audio/x-wav" | "audio/wave" => "wav",
                    _ => {
                        let why = "must be wav or mp3 for this model's API";
                        return Err(self.notes.refused(at, why));
                    }
                };
                Said::InputAudio {
                    input_audio: Audio { data, format },
                }
            }
            (Medium::Document, Source::Text(text)) => {
                self.notes.mapped(at, "told as text");
                Said::Text {
                    text,
                    rest: Rest::default(),
                }
            }
            (Medium::Document, Source::Base64 { media_type, data }) => Said::File {
                file: File {
                    filename: name.unwrap_or(Text::Said(Cow::Borrowed("document.pdf"))),
                    file_data: data_url(&media_type, &data),
                },
            },
            _ => return Err(self.notes.refused(at, ELSEWHERE)),
        })
    }
}

fn data_url(media_type: &str, data: &str) -> String {
    format!("data:{media_type};base64,{data}")
}
