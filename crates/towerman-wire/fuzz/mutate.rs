//! Breaks seeds, and shrinks what was found.

use fastrand::Rng;

/// What parsers of JSON and of events stumble over.
const WORDS: [&[u8]; 44] = [
    b"\"",
    b"\\",
    b"\\u",
    b"\\ud800",
    b"\\udc00",
    b"\\u0000",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"null",
    b"true",
    b"0",
    b"-1",
    b"1e999",
    b"18446744073709551616",
    b"0.1",
    b" ",
    b"\t",
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"\r\r",
    b"data:",
    b"data: ",
    b"event: error\n",
    b":\n",
    b"id: 1\n",
    b"[DONE]",
    b"\xEF\xBB\xBF",
    b"\xFF",
    b"\xC3",
    b"\xF0\x9F\x98",
    b"\0",
    b"\"model\":\"m\",",
    b"\"stream\":true,",
    b"\"usage\":{},",
    b"\"content\":\"\",",
    b"\"role\":\"tool\",",
    b"\"type\":\"text\",",
    b"\"index\":1,",
];

/// The largest input: laws cut it in every which way.
const LARGEST: usize = 64 << 10;

/// A seed with one to six things done to it.
pub(crate) fn mutated(seeds: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut input = rng.choice(seeds).cloned().unwrap_or_default();
    for _ in 0..rng.usize(1..=6) {
        mutate(&mut input, seeds, rng);
    }
    input.truncate(LARGEST);
    input
}

fn mutate(input: &mut Vec<u8>, seeds: &[Vec<u8>], rng: &mut Rng) {
    let at = rng.usize(..=input.len());
    let to = at + rng.usize(..=(input.len() - at).min(64));
    match rng.u8(..8) {
        0 if at < input.len() => input[at] ^= 1 << rng.u8(..8),
        1 if at < input.len() => input[at] = rng.u8(..),
        2 => drop(input.drain(at..to)),
        3 => {
            let copy = input[at..to].to_vec();
            input.splice(at..at, copy);
        }
        4 => input.truncate(at),
        // The start of one and the end of another.
        5 => {
            if let Some(other) = rng.choice(seeds) {
                input.truncate(at);
                input.extend_from_slice(&other[rng.usize(..=other.len())..]);
            }
        }
        // In the place of something.
        6 => drop(input.splice(at..to, word(rng))),
        _ => drop(input.splice(at..at, word(rng))),
    }
}

fn word(rng: &mut Rng) -> Vec<u8> {
    rng.choice(WORDS).map_or_else(Vec::new, <[u8]>::to_vec)
}

/// A smaller input of which the same holds: pieces are left out, ever smaller ones.
pub(crate) fn shrunk(mut input: Vec<u8>, holds: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    // What one piece held up may be free to go once another is gone.
    loop {
        let before = input.len();
        let mut size = before.div_ceil(2);
        while size > 0 {
            let mut at = 0;
            while at < input.len() {
                let mut less = input.clone();
                less.drain(at..(at + size).min(input.len()));
                if holds(&less) {
                    input = less;
                } else {
                    at += size;
                }
            }
            size /= 2;
        }
        if input.len() == before {
            return input;
        }
    }
}

/// `bytes` in pieces, most of them small.
pub(crate) fn cut<'a>(bytes: &'a [u8], rng: &mut Rng) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let most = if rng.bool() { 8 } else { 512 };
        let (piece, behind) = rest.split_at(rng.usize(1..=most.min(rest.len())));
        pieces.push(piece);
        rest = behind;
    }
    pieces
}
