//! What the fault matrix is made of.

pub(crate) mod case;
mod check;
pub(crate) mod rows;
mod stage;
mod story;
