//! Embeddings in any dialect: the same text has the same vector, and another text another.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{hash, object::Raw};

/// The length of a vector, unless the request sets another.
pub(super) const DIMENSIONS: u64 = 16;

/// The longest vector.
pub(super) const MOST: u64 = 3_072;

/// A vector of length 1.
pub(super) fn of(text: &[u8], dimensions: u64) -> Vec<f32> {
    let seed = hash::of(text);
    let raw: Vec<f64> = (0..dimensions)
        .map(|at| (hash::mix(seed, at) >> 11) as f64 / (1u64 << 52) as f64 - 1.0)
        .collect();
    let length = raw.iter().map(|x| x * x).sum::<f64>().sqrt();
    raw.iter().map(|x| (x / length) as f32).collect()
}

/// The vector as a list of numbers.
pub(super) fn listed(vector: &[f32]) -> Raw {
    let numbers: Vec<_> = vector.iter().map(f32::to_string).collect();
    Raw(format!("[{}]", numbers.join(",")))
}

/// The vector as base64 of little-endian floats.
pub(super) fn packed(vector: &[f32]) -> Raw {
    let bytes: Vec<_> = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
    Raw(format!("\"{}\"", STANDARD.encode(bytes)))
}
