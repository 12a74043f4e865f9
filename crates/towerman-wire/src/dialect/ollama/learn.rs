//! What a line says, for those who let its bytes pass.

use towerman_core::Finish;

use crate::{
    json::{Cursor, Invalid},
    observe::Delta as Learnt,
};

pub(super) fn line(data: &[u8]) -> Result<Learnt<'_>, Invalid> {
    let mut learnt = Learnt::default();
    let (mut prompt, mut output) = (None, None);
    let (mut done, mut called, mut reason) = (false, false, None);
    let mut cursor = Cursor::new(data);
    cursor.object(|cursor, key| {
        match key.plain() {
            b"model" => learnt.model = cursor.text()?,
            b"message" => {
                learnt.answers = cursor.peek() == Some(b'{');
                cursor.members(|cursor, key| {
                    match key.plain() {
                        b"content" | b"thinking" => {
                            learnt.deliver(cursor.text()?.map_or(0, |text| text.len()));
                        }
                        b"tool_calls" => cursor.elements(|cursor| {
                            called = true;
                            learnt.deliver(cursor.value()?.len());
                            Ok(())
                        })?,
                        _ => cursor.skip()?,
                    }
                    Ok(())
                })?;
            }
            b"done" => done = cursor.value()? == b"true",
            b"done_reason" => reason = cursor.text()?,
            b"prompt_eval_count" => prompt = cursor.count()?,
            b"eval_count" => output = cursor.count()?,
            b"error" => learnt.error |= cursor.value()? != b"null",
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    cursor.end()?;
    learnt.tokens.counted(prompt, output);
    learnt.complete = done;
    if done {
        learnt.finish = Some(match reason.map_or(&b"stop"[..], |reason| reason.plain()) {
            b"length" => Finish::Length,
            _ if called => Finish::ToolCalls,
            b"stop" => Finish::Stop,
            _ => Finish::Other,
        });
    }
    Ok(learnt)
}
