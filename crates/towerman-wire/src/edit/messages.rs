//! Edits inside of chat messages: roles and ids that a host does not take.

use bytes::Bytes;
use towerman_core::{Losses, Profile, Tier};

use super::Edit;
use crate::{
    json::{Cursor, Invalid},
    neutral::{Alphabet, fit},
};

/// Adds the edits that messages need.
pub(super) fn edits(profile: &Profile, body: &Bytes, edits: &mut Vec<Edit>, losses: &mut Losses) {
    // The body was read before: it is an object, and its messages are a list of them.
    let _ = Cursor::new(body).object(|cursor, key| {
        if !key.is("messages") {
            return cursor.skip();
        }
        let mut number = 0_usize;
        cursor.elements(|cursor| {
            let read = message(profile, cursor, number, edits, losses);
            number += 1;
            read
        })
    });
}

fn message(
    profile: &Profile,
    cursor: &mut Cursor<'_>,
    number: usize,
    edits: &mut Vec<Edit>,
    losses: &mut Losses,
) -> Result<(), Invalid> {
    cursor.members(|cursor, key| match key.plain() {
        b"role" if !profile.developer => {
            cursor.peek();
            let start = cursor.at();
            if cursor.text()?.is_some_and(|role| role.is("developer")) {
                let at = format!("/messages/{number}/role");
                losses.add(at, Tier::Mapped, "sent as the system's");
                edits.push(Edit {
                    span: start..cursor.at(),
                    text: Bytes::from_static(br#""system""#),
                });
            }
            Ok(())
        }
        b"tool_call_id" if profile.nine_ids => id(cursor, edits),
        b"tool_calls" if profile.nine_ids => cursor.elements(|cursor| {
            cursor.members(|cursor, key| match key.plain() {
                b"id" => id(cursor, edits),
                _ => cursor.skip(),
            })
        }),
        _ => cursor.skip(),
    })
}

/// A call and its result get the same id, and it is no news to anybody.
fn id(cursor: &mut Cursor<'_>, edits: &mut Vec<Edit>) -> Result<(), Invalid> {
    cursor.peek();
    let start = cursor.at();
    let Some(id) = cursor.text()?.and_then(|id| id.decode()) else {
        return Ok(());
    };
    let fitted = fit(id.clone(), Alphabet::Nine);
    if fitted != id {
        edits.push(Edit {
            span: start..cursor.at(),
            text: format!("\"{fitted}\"").into(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use towerman_core::Dialect;

    use super::*;

    #[test]
    fn roles_and_ids_change_and_nothing_else_does() {
        static PROFILE: Profile = Profile {
            developer: false,
            nine_ids: true,
            ..Profile::of(Dialect::OpenAiChat)
        };
        let body = Bytes::from(
            r#"{"messages":[{"role":"developer","content":"role developer"},{"role":"assistant","tool_calls":[{"id":"call_1","function":{}},{"id":"abcDEF123"}]},{"tool_call_id":"call_1","role":"tool"}]}"#,
        );
        let (mut found, mut losses) = (Vec::new(), Losses::default());
        edits(&PROFILE, &body, &mut found, &mut losses);
        let text = |edit: &Edit| String::from_utf8(edit.text.to_vec()).unwrap();
        let was = |edit: &Edit| String::from_utf8(body[edit.span.clone()].to_vec()).unwrap();
        let all: Vec<_> = found.iter().map(|edit| (was(edit), text(edit))).collect();
        assert_eq!(all.len(), 3);
        assert_eq!(all[0], (r#""developer""#.into(), r#""system""#.into()));
        assert_eq!(all[1], all[2]);
        assert_eq!(all[1].1.len(), 11);
        assert_eq!(losses.count(Tier::Mapped), 1);
    }
}
