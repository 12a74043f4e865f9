//! The error that crosses layers, and how to look inside it.

use std::error::Error;

/// The error type of every layer that can refuse a request.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// The first error of type `T` in `error` or its chain of sources.
///
/// Layers wrap what they pass on, so callers never match nested error types; they ask.
///
/// ```
/// use towerman_core::{find, Fault, FaultKind};
///
/// let error = towerman_core::BoxError::from(Fault::new(FaultKind::NotFound, "no such model"));
/// assert_eq!(find::<Fault>(error.as_ref()).unwrap().kind(), FaultKind::NotFound);
/// ```
pub fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}
