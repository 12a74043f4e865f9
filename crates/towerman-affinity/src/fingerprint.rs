//! What a prompt looks like, prefix by prefix. Pure.

use std::{mem, ops::Range};

use towerman_core::Ask;
use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

/// Bytes per chunk: about 256 tokens.
const CHUNK: usize = 1024;

/// Chunks that are all kept; beyond them only every 2nd, then every 4th, … so that a prompt of a
/// million tokens keeps some hundreds.
const DENSE: usize = 64;

/// The most marks that are kept.
const MOST: usize = 512;

/// Prefixes shorter than this are cached by no provider.
const LEAST_TOKENS: u64 = 1_024;

/// A prefix of a prompt: how long it is, and its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) bytes: usize,
    pub(crate) hash: u64,
}

/// The prefixes of one prompt by which it is known again.
///
/// Each hash is chained to the one before it, so two prompts share a mark only if they share
/// everything up to it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    /// At whole chunks, shortest first.
    pub(crate) chunks: Vec<Mark>,
    /// Where this turn's prompt ends, and those of the turns before it, the latest first.
    pub(crate) turns: [Option<Mark>; 3],
    /// The whole prompt.
    tokens: u64,
    bytes: usize,
}

impl Fingerprint {
    /// The fingerprint of the prompt in `body`: an empty one, if the prompt is too short.
    ///
    /// `secret`, `tenant` and `model` start the chain: nobody without the secret can compute a
    /// mark, and no two tenants share one.
    pub(crate) fn of(ask: &Ask, body: &[u8], secret: u64, tenant: &str) -> Self {
        let spans = ask.prompt_spans.iter().flatten();
        let mut print = Self {
            tokens: ask.prompt_tokens,
            bytes: spans.map(ExactSizeIterator::len).sum(),
            ..Self::default()
        };
        if ask.prompt_tokens < LEAST_TOKENS {
            return print;
        }
        print.chunks.reserve_exact((print.bytes / CHUNK).min(DENSE));
        let mut reader = Reader {
            body,
            cuts: &ask.cache_marks,
            chain: seed(secret, tenant, &ask.model),
            bytes: 0,
            held: 0,
            carry: [0; CHUNK],
            print: &mut print,
        };
        let [tools, system, messages] = &ask.prompt_spans;
        // The order in which providers cache. Each part with its number, so that moving text from
        // one to the next makes another prompt.
        for (number, part) in (1..).zip([tools, system]) {
            reader.chain = reader.chain.wrapping_add(number);
            reader.part(part.clone().unwrap_or_default());
        }
        reader.chain = reader.chain.wrapping_add(3);
        reader.messages(messages.clone().unwrap_or_default(), &ask.turns);
        print
    }

    /// The tokens in the prefix that `mark` stands for.
    pub(crate) const fn tokens(&self, mark: Mark) -> u64 {
        if self.bytes == 0 {
            return 0;
        }
        self.tokens.saturating_mul(mark.bytes as u64) / self.bytes as u64
    }

    /// Whether there is nothing to know the prompt by.
    pub(crate) const fn is_empty(&self) -> bool {
        self.chunks.is_empty() && self.turns[0].is_none()
    }
}

/// Reads a prompt in chunks, whatever the pieces that it comes in.
struct Reader<'a> {
    body: &'a [u8],
    /// What is left out, in order.
    cuts: &'a [Range<usize>],
    chain: u64,
    /// Bytes in the chain.
    bytes: usize,
    /// The chunk that is not full yet.
    held: usize,
    carry: [u8; CHUNK],
    print: &'a mut Fingerprint,
}

impl Reader<'_> {
    /// Reads a part that does not grow, so that all of it counts.
    fn part(&mut self, span: Range<usize>) {
        self.push(self.body.get(span).unwrap_or_default());
        let rest = mem::take(&mut self.held);
        if rest > 0 {
            self.chain = xxh3_64_with_seed(&self.carry[..rest], self.chain);
            self.bytes += rest;
        }
    }

    fn messages(&mut self, span: Range<usize>, turns: &[usize; 3]) {
        let mut at = span.start;
        for (turn, end) in turns.iter().enumerate().rev() {
            if (at + 1..=span.end).contains(end) {
                self.feed(at..*end);
                self.print.turns[turn] = self.turn();
                at = *end;
            }
        }
        // The list of messages grows at its end, where only its bracket stands in the way.
        self.feed(at..span.end.saturating_sub(1).max(at));
    }

    /// Reads on, but for what is cut out.
    fn feed(&mut self, mut range: Range<usize>) {
        while let Some((cut, cuts)) = self.cuts.split_first()
            && cut.start < range.end
        {
            self.push(self.body.get(range.start..cut.start).unwrap_or_default());
            range.start = cut.end;
            self.cuts = cuts;
        }
        self.push(self.body.get(range).unwrap_or_default());
    }

    fn push(&mut self, mut part: &[u8]) {
        if self.held > 0 {
            let (fill, rest) = part.split_at(part.len().min(CHUNK - self.held));
            self.carry[self.held..][..fill.len()].copy_from_slice(fill);
            self.held += fill.len();
            if self.held < CHUNK {
                return;
            }
            self.held = 0;
            let chunk = xxh3_64_with_seed(&self.carry, self.chain);
            self.chunk(chunk);
            part = rest;
        }
        let mut chunks = part.chunks_exact(CHUNK);
        for chunk in &mut chunks {
            self.chunk(xxh3_64_with_seed(chunk, self.chain));
        }
        let rest = chunks.remainder();
        self.carry[..rest.len()].copy_from_slice(rest);
        self.held = rest.len();
    }

    /// A chunk is full.
    fn chunk(&mut self, hash: u64) {
        self.chain = hash;
        self.bytes += CHUNK;
        let mark = Mark {
            bytes: self.bytes,
            hash,
        };
        let room = self.print.chunks.len() < MOST;
        if room && kept(self.bytes / CHUNK) && self.is_cached(mark) {
            self.print.chunks.push(mark);
        }
    }

    /// A turn ends here. Hashed even at the end of a chunk, whose mark must be another.
    fn turn(&self) -> Option<Mark> {
        let mark = Mark {
            bytes: self.bytes + self.held,
            hash: 0,
        };
        self.is_cached(mark).then(|| Mark {
            hash: xxh3_64_with_seed(&self.carry[..self.held], self.chain),
            ..mark
        })
    }

    /// Whether any provider caches a prefix as short as this.
    const fn is_cached(&self, mark: Mark) -> bool {
        self.print.tokens(mark) >= LEAST_TOKENS
    }
}

fn seed(secret: u64, tenant: &str, model: &str) -> u64 {
    let mut hash = Xxh3::with_seed(secret);
    for part in [tenant, model] {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.digest()
}

/// Whether the `n`th chunk leaves a mark.
const fn kept(n: usize) -> bool {
    if n <= DENSE {
        return true;
    }
    // Between DENSE·2^k and DENSE·2^(k+1) every 2^(k+1)th.
    let stride = 2 << (n / DENSE).ilog2();
    n.is_multiple_of(stride)
}

#[cfg(test)]
mod tests;
