//! Hand-written vectors.

mod answers;
mod learns;
mod requests;
mod streams;
