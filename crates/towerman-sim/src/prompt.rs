//! Folds a prompt, in the order that providers cache it, into token counts and prefix hashes.

use crate::{
    hash,
    tokens::{BYTES, PER_ATTACHMENT, PER_MESSAGE},
};

/// Tokens between two prefixes that an automatic cache can tell apart.
pub(crate) const STEP: u64 = 128;

/// How long a marked prefix stays cached, from its last use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ttl {
    FiveMinutes,
    OneHour,
}

/// The end of one block: a tool, a system text, a part of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    /// Tokens from the start of the prompt to here.
    pub(crate) end: u64,
    /// The hash of all of them.
    pub(crate) hash: u64,
    /// A cache breakpoint stands here.
    pub(crate) mark: Option<Ttl>,
}

/// A prompt as a prefix cache sees it: tools, then system, then messages.
///
/// Each token's hash covers all tokens before it, so two prompts share a hash exactly as far as
/// they share a prefix.
#[derive(Debug, Clone)]
pub(crate) struct Prompt {
    state: u64,
    pub(crate) tokens: u64,
    /// The hash after every [`STEP`] tokens.
    pub(crate) steps: Vec<u64>,
    pub(crate) blocks: Vec<Block>,
}

impl Prompt {
    /// An empty prompt for a model: caches are never shared between models.
    pub(crate) fn new(model: &str) -> Self {
        Self {
            state: hash::of(model.as_bytes()),
            tokens: 0,
            steps: Vec::new(),
            blocks: Vec::new(),
        }
    }

    pub(crate) fn text(&mut self, text: &str) {
        for chunk in text.as_bytes().chunks(BYTES) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            word[7] = chunk.len() as u8;
            self.token(u64::from_le_bytes(word));
        }
    }

    /// A message starts.
    pub(crate) fn message(&mut self, role: &str) {
        let role = hash::of(role.as_bytes());
        (0..PER_MESSAGE).for_each(|_| self.token(role));
    }

    /// A part that is not text.
    pub(crate) fn attachment(&mut self, json: &str) {
        let content = hash::of(json.as_bytes());
        (0..PER_ATTACHMENT).for_each(|_| self.token(content));
    }

    /// A block ends.
    pub(crate) fn end_block(&mut self, mark: Option<Ttl>) {
        self.blocks.push(Block {
            end: self.tokens,
            hash: self.state,
            mark,
        });
    }

    fn token(&mut self, word: u64) {
        self.state = hash::mix(self.state, word);
        self.tokens += 1;
        if self.tokens.is_multiple_of(STEP) {
            self.steps.push(self.state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(texts: &[&str]) -> Prompt {
        let mut prompt = Prompt::new("m");
        for text in texts {
            prompt.message("user");
            prompt.text(text);
            prompt.end_block(None);
        }
        prompt
    }

    #[test]
    fn hashes_agree_as_far_as_the_prefix_does() {
        let shared = "x".repeat(4 * 200);
        let (a, b) = (
            prompt(&[&shared, &"a".repeat(800)]),
            prompt(&[&shared, &"b".repeat(800)]),
        );
        assert_eq!(a.tokens, 2 * (PER_MESSAGE + 200));
        assert_eq!(a.steps.len(), 3);
        assert_eq!(a.steps[0], b.steps[0]);
        assert_ne!(a.steps[1], b.steps[1]);
        assert_eq!(a.blocks[0], b.blocks[0]);
        assert_ne!(a.blocks[1].hash, b.blocks[1].hash);
    }

    #[test]
    fn another_model_shares_nothing() {
        let mut other = Prompt::new("n");
        other.message("user");
        assert_ne!(other.state, prompt(&[""]).state);
    }
}
