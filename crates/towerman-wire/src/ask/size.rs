//! How many tokens a prompt is, estimated from its bytes. Pure.
//!
//! Text is four bytes a token. Two things in a body are long and are not text: media in base64,
//! of which a provider bills pixels, pages or seconds, and letters spelt as escapes.

use std::ops::Range;

use memchr::memmem;

use crate::json::{Cursor, Text};

/// What one image, document or recording counts as, whatever its size.
///
/// Of one image providers bill between 85 tokens (OpenAI, low detail; Anthropic less for a tiny
/// one) and some 1,600 (Anthropic, at its largest), and how many cannot be told without decoding
/// it. This is in between, and low: an estimate forbids an endpoint only by a margin of four, and
/// four times the 85 is more than this.
const PART: u64 = 300;

/// Bytes of text to a token.
const BYTES: usize = 4;

/// What an escape takes more than the letter that it spells: six bytes instead of three.
const ESCAPE: usize = 3;

/// Types of content part that are not text.
const TYPES: [&str; 9] = [
    "image_url",
    "input_audio",
    "image",
    "document",
    "file",
    "input_image",
    "input_file",
    "audio",
    "video_url",
];

/// Counts the media in messages, told of their members as a cursor comes by.
#[derive(Debug, Default)]
pub(super) struct Media {
    parts: u64,
    bytes: usize,
    /// How much of the body was left where an encoded string began that has not ended yet.
    open: Option<usize>,
}

impl Media {
    /// Takes in a member: its name, and the rest of the body from its value on.
    pub(super) fn member(&mut self, key: Text<'_>, value: &[u8]) {
        self.close(value.len());
        if key.is("type") {
            self.parts += u64::from(is_media(value));
        } else if is_untyped_media(key.plain(), value) {
            self.parts += 1;
        } else if is_encoded(key.plain(), value) {
            self.open = Some(value.len());
        }
    }

    /// The string that was open is over, give or take the punctuation behind it. Found out by the
    /// place of what comes next, so that a megabyte of base64 is not read twice.
    pub(super) fn close(&mut self, left: usize) {
        if let Some(open) = self.open.take() {
            self.bytes += open.saturating_sub(left);
        }
    }

    /// Whether there is any.
    pub(super) const fn any(&self) -> bool {
        self.parts > 0
    }

    /// The size of a prompt that stands at these `spans` of `body`, in tokens.
    pub(super) fn tokens(&self, body: &[u8], spans: &[Option<Range<usize>>]) -> u64 {
        let spans = spans
            .iter()
            .flatten()
            .filter_map(|span| body.get(span.clone()));
        let text: usize = spans
            .map(|span| span.len().saturating_sub(ESCAPE * escapes(span)))
            .sum();
        text.saturating_sub(self.bytes).div_ceil(BYTES) as u64 + self.parts * PART
    }
}

/// Whether the value is a string that names a type of media.
fn is_media(value: &[u8]) -> bool {
    let value = value.trim_ascii_start();
    // Most types are `text`, and are not worth a second look.
    if value.starts_with(b"\"text\"") {
        return false;
    }
    Cursor::new(value)
        .string()
        .is_ok_and(|kind| TYPES.into_iter().any(|media| kind.is(media)))
}

/// Whether a member of this name is a part of its own, in dialects whose parts have no type.
fn is_untyped_media(name: &[u8], value: &[u8]) -> bool {
    let first = value.trim_ascii_start().first();
    match name {
        // Gemini.
        b"inlineData" | b"inline_data" | b"fileData" | b"file_data" => first == Some(&b'{'),
        // Converse.
        b"source" => Cursor::new(value).peek() == Some(b'{') && has_bytes(value),
        // Ollama.
        b"images" => first == Some(&b'['),
        _ => false,
    }
}

/// Whether the object begins with Converse's `bytes` or `s3Location`.
fn has_bytes(value: &[u8]) -> bool {
    let inside = value.trim_ascii_start()[1..].trim_ascii_start();
    inside.starts_with(b"\"bytes\"") || inside.starts_with(b"\"s3Location\"")
}

/// Whether the value of a member of this name is media as such, not text.
fn is_encoded(name: &[u8], value: &[u8]) -> bool {
    let data = matches!(name, b"data" | b"file_data" | b"bytes");
    if !data && !matches!(name, b"url" | b"image_url") {
        return false;
    }
    let Some(value) = value.trim_ascii_start().strip_prefix(b"\"") else {
        return false;
    };
    // The data of a text document is text: it soon has a space in it, or a letter beyond base64.
    value.starts_with(b"data:") || data && value.first_chunk::<64>().is_some_and(is_base64)
}

/// Whether this is base64, of either alphabet, perhaps with its slashes escaped or in lines.
fn is_base64(bytes: &[u8; 64]) -> bool {
    let legal = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_=\\".contains(byte);
    bytes.iter().all(legal) && memmem::find(bytes, b"\\u").is_none()
}

/// How many letters are spelt as `\uXXXX`, from a sample: exact in a short text, cheap in a long
/// one.
fn escapes(text: &[u8]) -> usize {
    const SAMPLES: usize = 16;
    const SAMPLE: usize = 128;
    let stride = text.len().div_ceil(SAMPLES).max(SAMPLE);
    let (mut seen, mut found) = (0, 0);
    for part in text.chunks(stride) {
        let part = &part[..part.len().min(SAMPLE)];
        seen += part.len();
        // At most one in two bytes, so that a byte can count them, and sixteen at a time.
        let pairs = part.iter().zip(part.get(1..).unwrap_or_default());
        found += usize::from(pairs.fold(0_u8, |count, (first, second)| {
            count + u8::from((*first == b'\\') & (*second == b'u'))
        }));
    }
    (found * text.len()).checked_div(seen).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_counted_by_sample() {
        assert_eq!(escapes(b""), 0);
        assert_eq!(escapes(br"\u4f60\u597d, ok"), 2);
        let long = r"\u4f60".repeat(10_000);
        let counted = escapes(long.as_bytes());
        assert!((9_500..=10_500).contains(&counted), "{counted}");
        let plain = r"a line, and its end\n".repeat(10_000);
        assert_eq!(escapes(plain.as_bytes()), 0);
    }

    #[test]
    fn base64_is_told_from_text() {
        let base64 = format!("\"{}\"", "iVBORw0KGgo/+A=".repeat(5));
        let url = "\"data:image/png;base64,iVBO\"";
        let lines = format!("\"{}\"", r"iVBORw0KGgoAAAA\/\r\n".repeat(5));
        for (name, value, wanted) in [
            ("data", base64.as_str(), true),
            ("data", &lines, true),
            ("file_data", url, true),
            ("url", url, true),
            ("image_url", url, true),
            ("url", "\"https://example.com/a.png\"", false),
            ("url", &base64, false),
            ("text", &base64, false),
            ("data", "\"short\"", false),
            ("data", &format!("\"{}\"", "some words, ".repeat(9)), false),
            ("data", &format!("\"{}\"", r"\u4f60\u597d".repeat(9)), false),
            ("data", "{}", false),
        ] {
            let encoded = is_encoded(name.as_bytes(), value.as_bytes());
            assert_eq!(encoded, wanted, "{name}: {value}");
        }
    }
}
