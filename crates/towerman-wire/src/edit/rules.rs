//! Edits of single members, as a profile's rules want them.

use std::{fmt::Write as _, ops::Range};

use bytes::Bytes;
use towerman_core::{Does, Fault, Losses, Rule, Tier};

use super::{Edit, words};
use crate::{json::Cursor, neutral::refuse};

/// Where a member stands.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// Its name, as spelt, with quotes.
    pub(super) name: Range<usize>,
    pub(super) value: Range<usize>,
    /// Whether no other stands before it that stays.
    first: bool,
}

impl Member {
    /// Leaves it out.
    fn cut(&self, body: &[u8]) -> Edit {
        Edit {
            span: self.with_comma(body),
            text: Bytes::new(),
        }
    }

    /// The member and the comma that goes with it.
    fn with_comma(&self, body: &[u8]) -> Range<usize> {
        if !self.first {
            let before = body[..self.name.start].trim_ascii_end();
            return before.len() - usize::from(before.ends_with(b","))..self.value.end;
        }
        let behind = body[self.value.end..].trim_ascii_start();
        let end = match behind.strip_prefix(b",") {
            Some(rest) => body.len() - rest.trim_ascii_start().len(),
            None => self.value.end,
        };
        self.name.start..end
    }
}

/// The members of `body` that the rules are about, with the number of the rule.
pub(super) fn edits(rules: &[Rule], body: &Bytes, losses: &mut Losses) -> Result<Vec<Edit>, Fault> {
    let mut edits = Vec::new();
    if rules.is_empty() {
        return Ok(edits);
    }
    let mut found = vec![Vec::new(); rules.len()];
    let mut first = true;
    // The body was read before: it is an object.
    let read = Cursor::new(body).object(|cursor, key| {
        cursor.peek();
        let start = cursor.at();
        cursor.skip()?;
        let mut leaves = false;
        for (rule, found) in rules.iter().zip(&mut found) {
            if key.is(rule.member) {
                leaves |= leaves_out(rule, &body[start..cursor.at()]);
                found.push(Member {
                    name: name_before(body, start),
                    value: start..cursor.at(),
                    first,
                });
            }
        }
        // The comma behind it went with it.
        first &= leaves;
        Ok(())
    });
    if read.is_err() {
        return Ok(edits);
    }
    for (rule, mut members) in rules.iter().zip(found) {
        // Of members with one name the last counts, but none may stay that shall not be there.
        let last = members.pop();
        let others = members
            .iter()
            .filter(|member| leaves_out(rule, &body[member.value.clone()]));
        edits.extend(others.map(|member| member.cut(body)));
        match (&rule.does, last) {
            (Does::SchemaInWords, Some(member)) => {
                edits.extend(words::edits(rule.member, member.value, body, losses));
            }
            (_, last) => edits.extend(edit(rule, last, body, losses)?),
        }
    }
    Ok(edits)
}

/// Whether nothing stays of a member with this value.
fn leaves_out(rule: &Rule, value: &[u8]) -> bool {
    match rule.does {
        Does::InPath => true,
        Does::Drop => value.trim_ascii() != b"null",
        _ => false,
    }
}

/// The name that stands before the value at `start`: from quote to quote.
fn name_before(body: &[u8], start: usize) -> Range<usize> {
    let before = body[..start].trim_ascii_end();
    let name = before.strip_suffix(b":").unwrap_or(before).trim_ascii_end();
    let inside = name.strip_suffix(b"\"").unwrap_or(name);
    // Names that rules know have no quotes in them, and no escapes that could hide one.
    let open = memchr::memrchr(b'"', inside).unwrap_or(inside.len());
    open..name.len()
}

fn edit(
    rule: &Rule,
    member: Option<Member>,
    body: &Bytes,
    losses: &mut Losses,
) -> Result<Option<Edit>, Fault> {
    let at = || format!("/{}", rule.member);
    let Some(member) = member else {
        return Ok(match rule.does {
            Does::Add(value) => {
                let open = memchr::memchr(b'{', body).map_or(0, |open| open + 1);
                Some(Edit {
                    span: open..open,
                    text: format!("\"{}\":{value},", rule.member).into(),
                })
            }
            _ => None,
        });
    };
    let value = body[member.value.clone()].trim_ascii();
    if matches!(rule.does, Does::InPath) {
        return Ok(Some(member.cut(body)));
    }
    if value == b"null" {
        return Ok(None);
    }
    let number = || std::str::from_utf8(value).ok()?.parse::<f64>().ok();
    Ok(match &rule.does {
        Does::Rename(name) => {
            losses.add(at(), Tier::Mapped, "told under another name");
            Some(Edit {
                span: member.name,
                text: format!("\"{name}\"").into(),
            })
        }
        Does::Drop => {
            losses.add(at(), Tier::Dropped, "dropped: the host has nothing like it");
            Some(member.cut(body))
        }
        // Off and empty ask for nothing.
        Does::Refuse(_) if matches!(value, b"false" | b"{}" | b"[]" | b"0") => None,
        Does::Refuse(why) => {
            losses.add(at(), Tier::Refused, why);
            return Err(refuse(at(), why));
        }
        Does::AtMost(most, why) => {
            if number().is_some_and(|number| number > f64::from(*most)) {
                losses.add(at(), Tier::Refused, why);
                return Err(refuse(at(), why));
            }
            None
        }
        Does::Clamp(least, most) => {
            let asked = number();
            let set = asked.map(|asked| asked.clamp(*least, *most));
            let moved = set.filter(|set| asked.is_some_and(|asked| (asked - set).abs() > 0.0));
            moved.map(|set| {
                losses.add(
                    at(),
                    Tier::Mapped,
                    "moved into the range that the host takes",
                );
                let mut text = String::new();
                // Writing into a string cannot fail.
                let _ = write!(text, "{set}");
                Edit {
                    span: member.value,
                    text: text.into(),
                }
            })
        }
        Does::Becomes(table) => {
            let row = table.iter().find(|(from, _)| from.as_bytes() == value);
            row.map(|(_, members)| {
                losses.add(at(), Tier::Mapped, "told as the host says it");
                Edit {
                    span: member.name.start..member.value.end,
                    text: Bytes::from_static(members.as_bytes()),
                }
            })
        }
        Does::Add(_) | Does::InPath | Does::SchemaInWords => None,
    })
}

#[cfg(test)]
mod tests {
    use towerman_core::{Body, Dialect, Profile};

    use super::*;

    const RULES: &[Rule] = &[
        Rule {
            member: "max_completion_tokens",
            does: Does::Rename("max_tokens"),
        },
        Rule {
            member: "store",
            does: Does::Drop,
        },
        Rule {
            member: "user",
            does: Does::InPath,
        },
        Rule {
            member: "logprobs",
            does: Does::Refuse("cannot be had"),
        },
        Rule {
            member: "n",
            does: Does::AtMost(1, "must be 1"),
        },
        Rule {
            member: "temperature",
            does: Does::Clamp(0.0, 1.0),
        },
        Rule {
            member: "reasoning_effort",
            does: Does::Becomes(&[(r#""none""#, r#""thinking":{"type":"disabled"}"#)]),
        },
        Rule {
            member: "anthropic_version",
            does: Does::Add(r#""x""#),
        },
    ];

    fn bent(body: &str) -> Result<String, Fault> {
        static PROFILE: Profile = Profile {
            rules: RULES,
            ..Profile::of(Dialect::OpenAiChat)
        };
        let mut losses = Losses::default();
        let body = Bytes::copy_from_slice(body.as_bytes());
        let body: Body = super::super::bent(body, &PROFILE, &mut losses)?;
        let mut all = Vec::new();
        let mut body = std::pin::pin!(body);
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        while let std::task::Poll::Ready(Some(frame)) =
            http_body::Body::poll_frame(body.as_mut(), &mut cx)
        {
            all.extend(frame.unwrap().into_data().unwrap());
        }
        Ok(String::from_utf8(all).unwrap())
    }

    #[test]
    fn each_rule_does_what_it_says_and_leaves_all_else() {
        for (body, wanted) in [
            (
                r#"{"model":"m", "max_completion_tokens" : 5,"x":[1, 2]}"#,
                r#"{"anthropic_version":"x","model":"m", "max_tokens" : 5,"x":[1, 2]}"#,
            ),
            (
                r#"{ "store":true , "model":"m"}"#,
                r#"{"anthropic_version":"x", "model":"m"}"#,
            ),
            (
                r#"{"model":"m" , "store": {"a":[]} }"#,
                r#"{"anthropic_version":"x","model":"m"  }"#,
            ),
            (
                r#"{"user":"u" , "store":1,"model":"m","user":null,"store":2}"#,
                r#"{"anthropic_version":"x","model":"m"}"#,
            ),
            (
                r#"{"store":null,"user":"u","store":3,"n":1}"#,
                r#"{"anthropic_version":"x","store":null,"n":1}"#,
            ),
            (
                r#"{"temperature":1.5,"n":1,"logprobs":false}"#,
                r#"{"anthropic_version":"x","temperature":1,"n":1,"logprobs":false}"#,
            ),
            (
                r#"{"temperature":0.5,"anthropic_version":"y","reasoning_effort":"none"}"#,
                r#"{"temperature":0.5,"anthropic_version":"y","thinking":{"type":"disabled"}}"#,
            ),
            (
                r#"{"reasoning_effort":"low","store":null,"anthropic_version":"y"}"#,
                r#"{"reasoning_effort":"low","store":null,"anthropic_version":"y"}"#,
            ),
        ] {
            assert_eq!(bent(body).unwrap(), wanted);
        }
    }

    #[test]
    fn what_the_host_cannot_do_is_refused_by_name() {
        for (body, at) in [(r#"{"logprobs":true}"#, "/logprobs"), (r#"{"n":2}"#, "/n")] {
            assert_eq!(bent(body).unwrap_err().named_param(), Some(at));
        }
    }
}
