//! Finds the end of a string: the loop in which a long prompt is read.
//!
//! Prompts are full of escapes: a line end or a quote every twenty bytes is usual. So a scan that
//! starts anew behind each of them, as fast as it may be on plain text, spends its time starting.
//! This one marks the special bytes of a whole block first, sixteen at a time, and then goes from
//! mark to mark.

use wide::u8x16;

/// Words of eight bytes that are looked at singly: names are seldom longer.
const SHORT: usize = 2;

/// Bytes that are marked at once. Wide enough to be worth vectors, and one bit each.
const BLOCK: usize = 64;

/// How many bytes an escape takes, by the byte behind its backslash; 0 is no escape.
const ESCAPE: [u8; 256] = {
    let mut lengths = [0; 256];
    let mut simple: &[u8] = b"\"\\/bfnrt";
    while let Some((byte, rest)) = simple.split_first() {
        lengths[*byte as usize] = 2;
        simple = rest;
    }
    lengths[b'u' as usize] = 6;
    lengths
};

/// The end of a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// The byte behind the closing quote.
    pub(super) at: usize,
    /// Whether there was an escape.
    pub(super) escaped: bool,
    /// Whether an escape was half of a surrogate pair; the other half may be there too.
    pub(super) halves: bool,
}

/// Reads on from `start`, which is inside a string, to behind its closing quote. The error is
/// where the string is broken.
pub(super) fn string(bytes: &[u8], mut start: usize) -> Result<End, usize> {
    for _ in 0..SHORT {
        let Some(word) = bytes.get(start..).and_then(<[u8]>::first_chunk) else {
            break;
        };
        let plain = plain(word);
        start += plain;
        if plain < word.len() {
            if word[plain] == b'"' {
                return Ok(End {
                    at: start + 1,
                    escaped: false,
                    halves: false,
                });
            }
            break;
        }
    }
    let (mut escaped, mut halves) = (false, false);
    while let Some(rest) = bytes.get(start..).filter(|rest| !rest.is_empty()) {
        let mut marks = match rest.first_chunk() {
            Some(block) => marks(block),
            // What fills the last block up is no character of a string either.
            None => {
                let mut block = [0; BLOCK];
                block[..rest.len()].copy_from_slice(rest);
                marks(&block)
            }
        };
        let mut next = BLOCK;
        while marks != 0 {
            let offset = marks.trailing_zeros() as usize;
            let at = start + offset;
            match bytes.get(at) {
                Some(b'"') => {
                    return Ok(End {
                        at: at + 1,
                        escaped,
                        halves,
                    });
                }
                Some(b'\\') => {
                    escaped = true;
                    let length = bytes
                        .get(at + 1)
                        .map_or(0, |byte| ESCAPE[usize::from(*byte)]);
                    if length == 2 && offset < BLOCK - 2 {
                        // Nearly all: a branch that is foreseen, so that the next mark need not
                        // wait for the length.
                        marks &= u64::MAX << 2 << offset;
                        continue;
                    }
                    next = offset + escape(bytes, at).ok_or(at)?;
                    halves |= is_half(&bytes[at..]);
                }
                _ => return Err(at),
            }
            if next >= BLOCK {
                break;
            }
            // What was escaped is marked too, and means nothing.
            marks &= u64::MAX << next;
            next = BLOCK;
        }
        start += next;
    }
    Err(bytes.len())
}

/// The length of the escape at `at`, if it is one.
fn escape(bytes: &[u8], at: usize) -> Option<usize> {
    let length = usize::from(ESCAPE[usize::from(*bytes.get(at + 1)?)]);
    let digits = || bytes.get(at + 2..at + 6);
    let whole = length == 2
        || length == 6 && digits().is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
    whole.then_some(length)
}

/// Whether an escape is one of `\uD800` to `\uDFFF`.
const fn is_half(escape: &[u8]) -> bool {
    matches!(
        escape,
        [
            _,
            b'u',
            b'd' | b'D',
            b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F',
            ..,
        ]
    )
}

/// How many bytes stand for themselves before one that does not: quote, backslash, control
/// character.
fn plain(word: &[u8; 8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES << 7;
    let word = u64::from_le_bytes(*word);
    // A byte is below another if taking the other away borrows; what is borrowed by a byte can
    // only spoil those behind it.
    let below = |word: u64, byte: u8| word.wrapping_sub(ONES * u64::from(byte)) & !word;
    let slash = word ^ (ONES * u64::from(b'\\'));
    // Swapping 0x20 and 0x22 puts the quote next to the control characters.
    let special = (below(word ^ (ONES * 2), 0x21) | below(slash, 1)) & HIGHS;
    special.trailing_zeros() as usize / 8
}

/// A bit for each byte that does not stand for itself: quote, backslash, control character.
fn marks(block: &[u8; BLOCK]) -> u64 {
    let (vectors, _) = block.as_chunks();
    vectors.iter().rev().fold(0, |marks, bytes| {
        let bytes = u8x16::new(*bytes);
        // Swapping 0x20 and 0x22 puts the quote next to the control characters.
        let swapped = bytes ^ u8x16::splat(2);
        let low = swapped.simd_eq(swapped.min(u8x16::splat(0x20)));
        let slash = bytes.simd_eq(u8x16::splat(b'\\'));
        marks << 16 | u64::from((low | slash).to_bitmask())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same, a byte at a time.
    fn slowly(bytes: &[u8], start: usize) -> Result<End, usize> {
        let (mut at, mut escaped, mut halves) = (start, false, false);
        loop {
            match bytes.get(at) {
                Some(b'"') => {
                    return Ok(End {
                        at: at + 1,
                        escaped,
                        halves,
                    });
                }
                Some(b'\\') => {
                    escaped = true;
                    at += match bytes.get(at + 1) {
                        Some(b'u') => {
                            let hex = bytes.get(at + 2..at + 6).ok_or(at)?;
                            let unit = std::str::from_utf8(hex).ok();
                            let unit = unit.and_then(|hex| u16::from_str_radix(hex, 16).ok());
                            halves |= unit.is_some_and(|unit| (0xD800..0xE000).contains(&unit));
                            hex.iter()
                                .all(u8::is_ascii_hexdigit)
                                .then_some(6)
                                .ok_or(at)?
                        }
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
                        _ => return Err(at),
                    };
                }
                Some(0x20..) => at += 1,
                _ => return Err(at),
            }
        }
    }

    #[test]
    fn every_byte_is_marked_as_what_it_is() {
        for byte in 0..=u8::MAX {
            for place in [0, 7, 8, 31, 63] {
                let mut block = [b'x'; BLOCK];
                block[place] = byte;
                let special = matches!(byte, b'"' | b'\\' | 0..0x20);
                assert_eq!(
                    marks(&block),
                    u64::from(special) << place,
                    "{byte} at {place}"
                );
            }
        }
    }

    #[test]
    fn words_are_plain_up_to_what_is_special() {
        for byte in 0..=u8::MAX {
            for place in 0..8 {
                for behind in [0, b' ', b'"', b'\\', b'x', 0x80, 0xff] {
                    let mut word = [behind; 8];
                    word[..place].fill(b'!');
                    word[place] = byte;
                    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
                    let wanted = word.iter().position(special).unwrap_or(8);
                    assert_eq!(plain(&word), wanted, "{word:?}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn blocks_see_what_bytes_see(
            text in r#"([ -~é]{0,9}|[a-z]{60,70}|\\\\|\\"|\\n|\\u00e9|\\u12|\\x|"|\n){0,40}"#,
            start in 0_usize..80,
        ) {
            let start = start.min(text.len());
            prop_assert_eq!(string(text.as_bytes(), start), slowly(text.as_bytes(), start));
        }
    }
}
