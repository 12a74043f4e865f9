//! Counts and cuts text into tokens: one token is four bytes of UTF-8, rounded up per text.
//!
//! A real tokenizer would make a test's figures depend on a vocabulary. With this one a test can
//! work out what it must see: the sum over all texts of [`count_tokens`], [`PER_MESSAGE`] for each
//! message, tools on their compact JSON, and [`PER_ATTACHMENT`] for each part that is not text.

/// Bytes of UTF-8 in one token.
pub(crate) const BYTES: usize = 4;

/// Tokens that each message of a prompt costs on top of its text.
pub const PER_MESSAGE: u64 = 4;

/// Tokens of one prompt part that is not text (an image, a file, audio).
pub const PER_ATTACHMENT: u64 = 256;

/// The tokens in one text: its bytes divided by four, rounded up.
///
/// ```
/// assert_eq!(towerman_sim::count_tokens(""), 0);
/// assert_eq!(towerman_sim::count_tokens("hello"), 2);
/// assert_eq!(towerman_sim::count_tokens("héllo 🌍"), 3);
/// ```
#[must_use]
pub const fn count_tokens(text: &str) -> u64 {
    text.len().div_ceil(BYTES) as u64
}

/// The start of token `index`: the last char boundary at or before its first byte.
///
/// A char is at most four bytes long, so every token keeps at least one char and the pieces of a
/// text are exactly as many as [`count_tokens`] says.
fn boundary(text: &str, index: usize) -> usize {
    let mut at = (index * BYTES).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The first `tokens` tokens of a text.
pub(crate) fn first(text: &str, tokens: u64) -> &str {
    if tokens >= count_tokens(text) {
        return text;
    }
    // Smaller than the text's own token count, so it fits a usize.
    &text[..boundary(text, tokens as usize)]
}

/// A text, token by token, as a stream delivers it.
#[derive(Debug, Clone)]
pub(crate) struct Pieces {
    text: String,
    next: usize,
}

impl Pieces {
    pub(crate) const fn new(text: String) -> Self {
        Self { text, next: 0 }
    }
}

impl Iterator for Pieces {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let from = boundary(&self.text, self.next);
        if from == self.text.len() {
            return None;
        }
        self.next += 1;
        Some(self.text[from..boundary(&self.text, self.next)].to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_whole_chars_and_as_many_as_counted() {
        for text in [
            "",
            "a",
            "abcd",
            "abcde",
            "héllo 🌍",
            "🌍🌍🌍",
            "aé漢🌍bé漢🌍cc",
            "漢字漢字漢",
        ] {
            let pieces: Vec<_> = Pieces::new(text.to_owned()).collect();
            assert_eq!(pieces.concat(), text);
            assert_eq!(
                pieces.len() as u64,
                count_tokens(text),
                "{text:?} {pieces:?}"
            );
            assert!(pieces.iter().all(|piece| !piece.is_empty()));
        }
    }

    #[test]
    fn first_never_counts_more_than_asked() {
        let text = "aé漢🌍bé漢🌍cc";
        for tokens in 0..8 {
            let head = first(text, tokens);
            assert!(text.starts_with(head));
            assert_eq!(count_tokens(head), tokens.min(count_tokens(text)));
        }
    }
}
