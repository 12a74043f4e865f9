//! What a prompt looks like, prefix by prefix. Pure.

use std::ops::Range;

use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

/// Bytes per chunk: about 256 tokens.
pub(crate) const CHUNK: usize = 1024;

/// Chunks that are all kept; beyond them only every 2nd, then every 4th, … so that a prompt of a
/// million tokens keeps some hundreds.
const DENSE: usize = 64;

/// The most marks that are kept.
const MOST: usize = 512;

/// A prefix of a prompt: how long it is, and its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) bytes: usize,
    pub(crate) hash: u64,
}

/// The marks of a prompt, shortest prefix first.
///
/// Each hash is chained to the one before it, so two prompts share a mark only if they share
/// everything up to it. `secret`, `tenant` and `model` start the chain: nobody without the secret
/// can compute a mark, and no two tenants share one.
pub(crate) fn marks(
    body: &[u8],
    spans: &[Option<Range<usize>>; 3],
    secret: u64,
    tenant: &str,
    model: &str,
) -> Vec<Mark> {
    let mut chain = seed(secret, tenant, model);
    let mut marks = Vec::new();
    let mut bytes = 0;
    // Tools, system, messages: the order in which providers cache.
    for (which, span) in spans.iter().enumerate() {
        let Some(mut part) = span.clone().and_then(|span| body.get(span)) else {
            continue;
        };
        if which + 1 == spans.len() {
            // The list of messages grows at its end, where only its bracket stands in the way.
            part = part.strip_suffix(b"]").unwrap_or(part);
        }
        // So that moving text from one part to the next makes another prompt.
        chain = chain.wrapping_add(which as u64 + 1);
        let mut chunks = part.chunks_exact(CHUNK);
        for chunk in &mut chunks {
            chain = xxh3_64_with_seed(chunk, chain);
            bytes += CHUNK;
            if kept(bytes / CHUNK) && marks.len() < MOST {
                marks.push(Mark { bytes, hash: chain });
            }
        }
        let rest = chunks.remainder();
        if which + 1 < spans.len() && !rest.is_empty() {
            // Tools and system do not grow: all of them count.
            chain = xxh3_64_with_seed(rest, chain);
            bytes += rest.len();
        }
    }
    marks
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str, tenant: &str) -> Vec<Mark> {
        let body = format!("[{text}]");
        marks(
            body.as_bytes(),
            &[None, None, Some(0..body.len())],
            1,
            tenant,
            "m",
        )
    }

    #[test]
    fn a_prompt_below_one_chunk_leaves_no_mark() {
        assert!(of(&"x".repeat(CHUNK - 10), "t").is_empty());
    }

    #[test]
    fn marks_thin_out_and_are_bounded() {
        let long = of(&"word ".repeat(CHUNK * 1_000), "t");
        assert!(long.len() <= MOST);
        assert!(
            long[..DENSE]
                .windows(2)
                .all(|pair| pair[1].bytes - pair[0].bytes == CHUNK)
        );
        assert!(long[DENSE + 40].bytes - long[DENSE + 39].bytes > CHUNK);
    }

    #[test]
    fn tools_before_messages_are_part_of_every_mark() {
        let body = format!("{}[{}]", "T".repeat(100), "m".repeat(3_000));
        let with = marks(
            body.as_bytes(),
            &[Some(0..100), None, Some(100..body.len())],
            1,
            "t",
            "m",
        );
        let without = marks(
            body.as_bytes(),
            &[None, None, Some(100..body.len())],
            1,
            "t",
            "m",
        );
        assert!(with.iter().zip(&without).all(|(a, b)| a.hash != b.hash));
    }

    proptest! {
        #[test]
        fn a_grown_conversation_keeps_every_mark_that_it_had(
            first in "[a-z ]{0,9000}", more in "[a-z ]{1,9000}",
        ) {
            let (short, long) = (of(&first, "t"), of(&format!("{first},{more}"), "t"));
            prop_assert_eq!(&long[..short.len()], &short[..]);
        }

        #[test]
        fn tenants_share_no_mark(text in "[a-z ]{1100,5000}", a in "[a-z]{1,8}", b in "[a-z]{1,8}") {
            prop_assume!(a != b);
            let (ours, theirs) = (of(&text, &a), of(&text, &b));
            prop_assert!(ours.iter().all(|mark| !theirs.contains(mark)));
        }
    }
}
