//! Golden vectors.

mod refused_otherwise;
