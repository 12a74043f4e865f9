//! Finds escapes that are half a character.

use memchr::memmem;

/// The place of the first escape in valid JSON that is one half of a surrogate pair without the
/// other. It stands for no text, so readers disagree about it: some refuse it, some replace it, and
/// what routing saw would not be what the provider sees.
pub(super) fn lone(json: &[u8]) -> Option<usize> {
    let mut paired = None;
    memmem::find_iter(json, b"\\u").find(|at| {
        // The second half of a pair, or the letter behind a backslash that is itself escaped.
        if paired == Some(*at) || !is_escape(json, *at) {
            return false;
        }
        match unit(json, *at) {
            Some(0xD800..=0xDBFF) => {
                let second = at + 6;
                let whole = matches!(unit(json, second), Some(0xDC00..=0xDFFF));
                paired = whole.then_some(second);
                !whole
            }
            Some(0xDC00..=0xDFFF) => true,
            _ => false,
        }
    })
}

/// Whether the backslash at `at` begins an escape: an even number of them stands before it.
fn is_escape(json: &[u8], at: usize) -> bool {
    let before = json[..at].iter().rev().take_while(|byte| **byte == b'\\');
    before.count() % 2 == 0
}

/// The UTF-16 unit that the escape at `at` stands for, if one stands there.
fn unit(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn halves_are_found_and_pairs_are_not() {
        for (json, at) in [
            (r#""a""#, None),
            (r#""\u00e9\uFFFF""#, None),
            (r#""\ud83d\ude00""#, None),
            (r#""\uD83D\uDE00\ud83d\ude00""#, None),
            (r#""\\ud800""#, None),
            (r#""\ud800""#, Some(1)),
            (r#""\\\ud800""#, Some(3)),
            (r#""\udc00""#, Some(1)),
            (r#""\ude00\ud83d""#, Some(1)),
            (r#""\ud83d\ud83d\ude00""#, Some(1)),
            (r#""\ud83d\\ude00""#, Some(1)),
            (r#""\ud83d \ude00""#, Some(1)),
            (r#""\ud83d\ude00\ude00""#, Some(13)),
        ] {
            assert_eq!(lone(json.as_bytes()), at, "{json}");
        }
    }

    proptest! {
        #[test]
        fn what_has_none_is_text_and_what_has_one_is_not(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    r"\ud83d", r"\uDE00", r"\u0041", r"\\", "u", "d800", r"\n", "é", r#"\""#,
                ]),
                0..12,
            ),
        ) {
            let json = format!("\"{}\"", pieces.concat());
            let text = serde_json::from_str::<String>(&json);
            prop_assert_eq!(lone(json.as_bytes()).is_none(), text.is_ok(), "{}", json);
        }
    }
}
