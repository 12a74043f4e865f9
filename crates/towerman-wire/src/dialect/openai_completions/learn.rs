//! Reads an answer that is not translated, for what is worth knowing of it.

use towerman_core::Finish;

use crate::{
    json::{Cursor, Invalid},
    observe::Delta as Learnt,
};

pub(super) fn event(data: &[u8]) -> Result<Learnt<'_>, Invalid> {
    if data.starts_with(b"[DONE]") {
        return Ok(Learnt {
            complete: true,
            ..Learnt::default()
        });
    }
    whole(data)
}

/// A chunk and a whole answer are of one shape.
pub(super) fn whole(data: &[u8]) -> Result<Learnt<'_>, Invalid> {
    let mut learnt = Learnt::default();
    let mut cursor = Cursor::new(data);
    cursor.object(|cursor, key| {
        match key.plain() {
            b"model" => learnt.model = cursor.text()?,
            b"usage" => learnt.tokens.openai(cursor)?,
            b"error" => learnt.error |= cursor.value()? != b"null",
            b"choices" => cursor.elements(|cursor| {
                learnt.answers = true;
                choice(cursor, &mut learnt)
            })?,
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    cursor.end()?;
    Ok(learnt)
}

fn choice(cursor: &mut Cursor<'_>, learnt: &mut Learnt<'_>) -> Result<(), Invalid> {
    cursor.members(|cursor, key| {
        match key.plain() {
            b"text" => learnt.deliver(cursor.text()?.map_or(0, |text| text.len())),
            b"finish_reason" => {
                if let Some(reason) = cursor.text()? {
                    learnt.finish = match reason.plain() {
                        b"" | b"null" => None,
                        b"stop" | b"eos" => Some(Finish::Stop),
                        b"length" => Some(Finish::Length),
                        b"content_filter" => Some(Finish::ContentFilter),
                        _ => Some(Finish::Other),
                    };
                }
            }
            _ => cursor.skip()?,
        }
        Ok(())
    })
}
