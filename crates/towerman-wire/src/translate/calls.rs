//! The calls of the assistant's last turn, each of which must get its result.

use std::borrow::Cow;

use towerman_core::Fault;

use super::fields::refuse;

/// No turn has nearly as many calls.
const LIMIT: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Calls<'a>(Vec<Call<'a>>);

#[derive(Debug)]
struct Call<'a> {
    id: Cow<'a, str>,
    at: String,
    answered: bool,
}

// === impl Calls ===

impl<'a> Calls<'a> {
    /// Takes in the call at `at`.
    pub(super) fn add(&mut self, id: Cow<'a, str>, at: String) -> Result<(), Fault> {
        if self.0.len() == LIMIT {
            return Err(refuse(at, "is one call too many"));
        }
        if self.0.iter().any(|call| call.id == id) {
            return Err(refuse(format!("{at}/id"), "is the id of another call too"));
        }
        self.0.push(Call {
            id,
            at,
            answered: false,
        });
        Ok(())
    }

    /// Takes in the result of a call; the member `name` of what stands at `at` says of which.
    pub(super) fn answer(&mut self, id: &str, at: &str, name: &str) -> Result<(), Fault> {
        let call = self
            .0
            .iter_mut()
            .find(|call| !call.answered && call.id == id);
        let call = call.ok_or_else(|| {
            let at = format!("{at}/{name}");
            refuse(at, "answers no open call of the assistant's last turn")
        })?;
        call.answered = true;
        Ok(())
    }

    /// The turn is over, and the next may have other calls.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        if let Some(call) = self.0.iter().find(|call| !call.answered) {
            return Err(refuse(&*call.at, "is a call without a result"));
        }
        self.0.clear();
        Ok(())
    }
}
