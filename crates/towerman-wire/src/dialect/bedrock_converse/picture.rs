//! An image that a stream says in pieces: its format where its block starts, and then its bytes.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::said::Image;
use crate::{
    neutral::{Media, Medium, Source},
    observe::ANSWER_LIMIT,
};

/// As far as it came.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) index: u32,
    media_type: &'static str,
    /// Decoded: every piece is base64 by itself, and may be padded.
    bytes: Vec<u8>,
}

/// A piece is no base64, or the image is larger than any answer may be.
#[derive(Debug)]
pub(super) struct Unfit;

impl Picture {
    /// Nothing if its format has no name.
    pub(super) fn begin(index: u32, image: &Image<'_>) -> Option<Self> {
        Some(Self {
            index,
            media_type: image.media_type()?,
            bytes: Vec::new(),
        })
    }

    pub(super) fn more(&mut self, image: Image<'_>) -> Result<(), Unfit> {
        let Some(data) = image.data() else {
            return Ok(());
        };
        if self.bytes.len() + data.len() > ANSWER_LIMIT {
            return Err(Unfit);
        }
        STANDARD
            .decode_vec(&*data, &mut self.bytes)
            .map_err(|_| Unfit)
    }

    /// All of it, if there is any.
    pub(super) fn media(self) -> Option<Media<'static>> {
        (!self.bytes.is_empty()).then(|| Media {
            what: Medium::Image,
            source: Source::Base64 {
                media_type: self.media_type.into(),
                data: STANDARD.encode(&self.bytes).into(),
            },
            name: None,
            detail: None,
        })
    }
}
