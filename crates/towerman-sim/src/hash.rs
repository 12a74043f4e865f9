//! Turns a request into the same numbers on every run: seeds, ids and prefix hashes.
//!
//! Nothing here is secret or adversarial, so a small mixing function is enough; what matters is
//! that it never changes between runs, platforms and toolchains.

/// One step of a hash chain: the finaliser of SplitMix64 over both words.
pub(crate) const fn mix(state: u64, word: u64) -> u64 {
    let mut z = state.rotate_left(23) ^ word.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The hash of some bytes, length included.
pub(crate) fn of(bytes: &[u8]) -> u64 {
    bytes
        .chunks(8)
        .fold(mix(0, bytes.len() as u64), |state, chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            mix(state, u64::from_le_bytes(word))
        })
}

/// `len` letters and digits that follow from `seed`: the tail of an id.
pub(crate) fn letters(seed: u64, len: usize) -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut state = seed;
    (0..len)
        .map(|_| {
            state = mix(state, 1);
            char::from(ALPHABET[(state % 62) as usize])
        })
        .collect()
}

/// `len` hexadecimal digits that follow from `seed`.
pub(crate) fn hex(seed: u64, len: usize) -> String {
    let mut digits = String::with_capacity(len + 16);
    let mut state = seed;
    while digits.len() < len {
        state = mix(state, 4);
        digits.push_str(&format!("{state:016x}"));
    }
    digits.truncate(len);
    digits
}

/// A UUID that follows from `seed`.
pub(crate) fn uuid(seed: u64) -> String {
    let digits = hex(seed, 32);
    let [a, b, c, d, e] = [0..8, 8..12, 13..16, 17..20, 20..32].map(|range| &digits[range]);
    // Version 4, variant 1.
    format!("{a}-{b}-4{c}-a{d}-{e}")
}

/// A number in `0.0..1.0` that follows from `seed`.
pub(crate) fn unit(seed: u64) -> f64 {
    // 53 bits are what an f64 holds exactly.
    (mix(seed, 2) >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_in_same_out() {
        assert_eq!(of(b"prompt"), of(b"prompt"));
        assert_ne!(of(b"prompt"), of(b"prompt\0"));
        assert_eq!(letters(7, 24).len(), 24);
        assert_eq!(letters(7, 24), letters(7, 24));
        assert_ne!(letters(7, 24), letters(8, 24));
    }

    #[test]
    fn ids_have_their_forms() {
        assert_eq!(hex(7, 50).len(), 50);
        assert_ne!(hex(7, 50), hex(8, 50));
        let id = uuid(7);
        let parts: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_ne!(id, uuid(8));
    }

    #[test]
    fn unit_is_spread_evenly() {
        let below = (0..10_000).filter(|&n| unit(n) < 0.25).count();
        assert!((2_300..2_700).contains(&below), "{below}");
    }
}
