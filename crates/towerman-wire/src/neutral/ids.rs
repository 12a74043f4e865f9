//! Ids of tool calls, as each dialect takes them.

use std::{
    borrow::Cow,
    hash::{Hash, Hasher},
};

/// Which ids a dialect takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alphabet {
    Any,
    /// Letters, digits, `_` and `-`, at most 64 of them.
    Names,
    /// Exactly nine letters and digits.
    Nine,
}

impl Alphabet {
    fn takes(self, id: &str) -> bool {
        let name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        match self {
            Self::Any => !id.is_empty(),
            Self::Names => (1..=64).contains(&id.len()) && id.bytes().all(name),
            Self::Nine => id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        }
    }
}

/// `id` as the alphabet takes it: itself if it can be, and else one that depends on nothing but
/// `id`, so that a call and its result still match, turn after turn.
pub(crate) fn fit(id: Cow<'_, str>, alphabet: Alphabet) -> Cow<'_, str> {
    if alphabet.takes(&id) {
        return id;
    }
    match alphabet {
        Alphabet::Any => "call_0".into(),
        Alphabet::Names => {
            let spelt = spell_out(&id);
            if alphabet.takes(&spelt) {
                spelt.into()
            } else {
                format!("call_{}", digest(&id, 24)).into()
            }
        }
        Alphabet::Nine => digest(&id, 9).into(),
    }
}

/// An id for a call whose provider gives it none: of the answer's id (or whatever names this
/// answer and no other), and which call of the answer it is.
pub(crate) fn made_up(answer: &str, nth: usize, name: &str) -> String {
    format!("call_{}", digest(&(answer, nth, name), 24))
}

/// Illegal bytes as their numbers.
fn spell_out(id: &str) -> String {
    let mut out = String::with_capacity(id.len() + 8);
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') {
            out.push(byte.into());
        } else {
            out.push_str(&format!("-{byte:02x}"));
        }
    }
    out
}

/// Letters and digits that stand for `what`.
fn digest(what: &(impl Hash + ?Sized), length: usize) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut out = String::with_capacity(length);
    let mut round = 0_u32;
    while out.len() < length {
        // Stable from run to run and between builds: FNV-1a, then mixed.
        let mut hasher = Fnv(0xcbf2_9ce4_8422_2325 ^ u64::from(round));
        what.hash(&mut hasher);
        let mut rest = hasher.finish();
        for _ in 0..10.min(length - out.len()) {
            let digit = usize::try_from(rest % 62).unwrap_or_default();
            out.push(char::from(DIGITS[digit]));
            rest /= 62;
        }
        round += 1;
    }
    out
}

struct Fnv(u64);

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    // As written on every machine.
    fn write_usize(&mut self, n: usize) {
        self.write(&(n as u64).to_le_bytes());
    }

    fn finish(&self) -> u64 {
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        mixed ^ (mixed >> 33)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_fits_stays_and_any_other_becomes_one_that_does() {
        for alphabet in [Alphabet::Any, Alphabet::Names, Alphabet::Nine] {
            for id in ["toolu_01A", "call_a:b/c", "", "123456789", &"x".repeat(99)] {
                let fitted = fit(id.into(), alphabet);
                assert!(alphabet.takes(&fitted), "{id} {alphabet:?} {fitted}");
                assert_eq!(fit(fitted.clone(), alphabet), fitted);
                assert_eq!(fitted == id, alphabet.takes(id));
            }
        }
        assert_eq!(fit("call_a:b".into(), Alphabet::Names), "call_a-3ab");
        let long = "y".repeat(65);
        assert_ne!(
            fit(long.as_str().into(), Alphabet::Nine),
            fit("z".into(), Alphabet::Nine)
        );
    }

    #[test]
    fn ids_that_are_made_up_never_change() {
        assert_eq!(made_up("a", 0, "f"), made_up("a", 0, "f"));
        assert_ne!(made_up("a", 0, "f"), made_up("a", 1, "f"));
        assert_ne!(made_up("a", 0, "f"), made_up("b", 0, "f"));
        assert!(Alphabet::Names.takes(&made_up("a", 0, "f")));
    }
}
