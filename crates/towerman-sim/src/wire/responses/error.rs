//! Puts trouble into the words that this endpoint has of its own; the rest are OpenAI's.

use crate::{
    trouble::{Problem, Trouble},
    wire::openai,
};

pub(super) fn problem(trouble: &Trouble<'_>) -> Problem {
    match trouble {
        // Not a 404.
        Trouble::UnknownModel(model) => {
            Problem::invalid(format!("The requested model '{model}' does not exist."))
                .param("model")
                .code("model_not_found")
        }
        Trouble::TooLong { .. } => Problem::invalid(
            "Your input exceeds the context window of this model. Please adjust your input and try again.",
        )
        .param("input")
        .code("context_length_exceeded"),
        trouble => openai::error::problem(trouble),
    }
}
