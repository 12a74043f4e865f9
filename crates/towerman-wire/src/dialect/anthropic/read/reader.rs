//! What has no place in a part, and is kept beside the conversation.

use towerman_core::Fault;

use super::peek;
use crate::neutral::{Around, Fields, Mark, Raw, Rest, refuse};

/// Reads content, and keeps what has no place in a part.
#[derive(Debug, Default)]
pub(super) struct Reader<'a> {
    pub(super) around: Vec<Around<'a>>,
}

impl<'a> Reader<'a> {
    /// `cache_control`.
    pub(super) fn mark(
        &mut self,
        fields: &mut Fields<'a>,
        at: &str,
    ) -> Result<Option<Mark>, Fault> {
        let Some(mut control) = fields.object("cache_control", at)? else {
            return Ok(None);
        };
        let at = format!("{at}/cache_control");
        if control.need_string("type", &at)? != "ephemeral" {
            return Err(refuse(format!("{at}/type"), "must be ephemeral"));
        }
        let ttl = peek(&control, "ttl");
        let mark = match control.string("ttl", &at)?.as_deref() {
            None => Mark::Minutes,
            Some("5m") => {
                if let Some(ttl) = ttl {
                    self.spelt(&at, "ttl", ttl);
                }
                Mark::Minutes
            }
            Some("1h") => Mark::Hour,
            Some(_) => return Err(refuse(format!("{at}/ttl"), "must be 5m or 1h")),
        };
        self.leave(&at, control);
        Ok(Some(mark))
    }

    /// Keeps what nobody took of the object at `at`.
    pub(super) fn leave(&mut self, at: &str, fields: Fields<'a>) {
        let rest = fields.rest();
        if !rest.0.is_empty() {
            self.around.push(Around {
                at: at.into(),
                own: Rest::default(),
                rest,
            });
        }
    }

    /// Keeps what no other dialect can say.
    pub(super) fn lost(&mut self, at: &str, name: &'static str, raw: Raw<'a>) {
        self.around.push(Around {
            at: at.into(),
            own: Rest::default(),
            rest: alone(name, raw),
        });
    }

    /// Keeps how the client said what goes without saying.
    pub(super) fn spelt(&mut self, at: &str, name: &'static str, raw: Raw<'a>) {
        self.around.push(Around {
            at: at.into(),
            own: alone(name, raw),
            rest: Rest::default(),
        });
    }
}

/// Members as a rest of their own.
fn alone<'a>(name: &'static str, raw: Raw<'a>) -> Rest<'a> {
    Rest(vec![(name.into(), raw)])
}
