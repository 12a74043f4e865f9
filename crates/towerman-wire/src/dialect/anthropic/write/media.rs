//! Images and documents.

use towerman_core::Fault;

use super::blocks::Writer;
use crate::{
    dialect::anthropic::{
        NOTHING_LIKE_IT,
        shape::{Place, Said, Source as Written},
    },
    neutral::{Media, Medium, Source, media},
};

impl<'a> Writer<'a, '_> {
    pub(super) fn media(&mut self, media: Media<'a>, at: &str) -> Result<Said<'a>, Fault> {
        let Media {
            what,
            source,
            name,
            detail,
        } = media;
        if detail.is_some() {
            self.notes
                .dropped(format!("{at}/detail"), NOTHING_LIKE_IT)?;
        }
        let place = self.place(what, source, at)?;
        let source = Written {
            place,
            rest: self.around(&format!("{}/source", whole(at))),
        };
        if what == Medium::Image {
            return Ok(Said::Image { source });
        }
        Ok(Said::Document {
            source,
            title: name.filter(|name| self.own || !name.is_blank()),
        })
    }

    fn place(&mut self, what: Medium, source: Source<'a>, at: &str) -> Result<Place<'a>, Fault> {
        let why = match (what, source) {
            (Medium::Audio, _) => "is audio, which this model's API cannot take",
            (Medium::Video, _) => "is video, which this model's API cannot take",
            (_, Source::File(file_id)) if self.own => return Ok(Place::File { file_id }),
            (_, Source::File(_)) => "is a file at another provider",
            (_, Source::Url(url)) if self.own || media::is_http(&url) => {
                return Ok(Place::Url { url });
            }
            (_, Source::Url(_)) => "is a place that this model's API cannot reach",
            (Medium::Document, Source::Text(data)) => {
                return Ok(Place::Text {
                    media_type: "text/plain",
                    data,
                });
            }
            (Medium::Document, Source::Base64 { media_type, .. })
                if !self.own && media_type != "application/pdf" =>
            {
                "must be a PDF or plain text for this model's API"
            }
            (_, Source::Base64 { media_type, data }) => {
                return Ok(Place::Base64 { media_type, data });
            }
            (_, Source::Text(_)) => "must be an image",
        };
        Err(self.notes.refused(at, why))
    }
}

/// The block's own place: that of a file is where its source is named.
pub(super) fn whole(at: &str) -> &str {
    at.strip_suffix("/source/type").unwrap_or(at)
}
