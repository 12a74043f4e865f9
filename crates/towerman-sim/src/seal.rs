//! Signs what a model thought, so that the same provider knows it again, and no other does.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::hash;

/// What every seal starts with, before its provider's name.
const MARK: &str = "towerman-sim/";

/// The seal of the provider called `name`, different for each `seed`.
pub(crate) fn of(name: &str, seed: u64) -> String {
    STANDARD.encode(format!("{MARK}{name}/{}", hash::letters(seed, 32)))
}

/// This is the seal of a simulated provider with another name.
pub(crate) fn is_foreign(seal: &str, name: &str) -> bool {
    let Ok(bytes) = STANDARD.decode(seal) else {
        return false;
    };
    let signed = bytes.strip_prefix(MARK.as_bytes());
    signed.is_some_and(|rest| !rest.starts_with(format!("{name}/").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_is_known_by_its_maker_only() {
        let seal = of("alpha", 7);
        assert_ne!(seal, of("alpha", 8));
        assert!(!is_foreign(&seal, "alpha"));
        assert!(is_foreign(&seal, "alp"));
        assert!(is_foreign(&seal, "beta"));
        // Anything else is no seal of ours, and nothing is known of it.
        assert!(!is_foreign("skip_thought_signature_validator", "beta"));
        assert!(!is_foreign("c2lnbmF0dXJl", "beta"));
    }
}
