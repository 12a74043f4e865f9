//! Reads an answer that is not translated, for what is worth knowing of it.

use towerman_core::Finish;

use crate::{
    json::{Cursor, Invalid, Text},
    observe::Delta as Learnt,
};

/// What a response says of its end, whatever the order of its members.
#[derive(Default)]
struct End<'a> {
    status: Option<Text<'a>>,
    reason: Option<Text<'a>>,
    calls: bool,
}

pub(super) fn event(data: &[u8]) -> Result<Learnt<'_>, Invalid> {
    let mut learnt = Learnt::default();
    if data.starts_with(b"[DONE]") {
        return Ok(learnt);
    }
    let (mut kind, mut end) = (None, End::default());
    // What the response repeats was delivered before.
    let mut again = Learnt::default();
    let mut item = Learnt::default();
    let mut cursor = Cursor::new(data);
    cursor.object(|cursor, key| {
        match key.plain() {
            b"type" => kind = cursor.text()?,
            b"delta" => learnt.deliver(cursor.text()?.map_or(0, |text| text.len())),
            b"item" => read_item(cursor, &mut item, &mut end)?,
            b"response" => {
                cursor.members(|cursor, key| response(cursor, key, &mut again, &mut end))?
            }
            b"error" => learnt.error |= cursor.value()? != b"null",
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    cursor.end()?;
    learnt.model = again.model;
    learnt.tokens = again.tokens;
    match kind.map_or(&b""[..], |kind| kind.plain()) {
        b"response.completed" | b"response.incomplete" => {
            learnt.error |= again.error || end.failed();
            learnt.complete = !learnt.error;
            learnt.finish = end.finish();
        }
        b"response.failed" | b"error" => learnt.error = true,
        // A message only announces what will come; anything else is something.
        b"response.output_item.added" => learnt.content = end.calls,
        b"response.output_item.done" => learnt.content = item.content,
        _ => {}
    }
    Ok(learnt)
}

pub(super) fn whole(data: &[u8]) -> Result<Learnt<'_>, Invalid> {
    let (mut learnt, mut end) = (Learnt::default(), End::default());
    let mut cursor = Cursor::new(data);
    cursor.object(|cursor, key| response(cursor, key, &mut learnt, &mut end))?;
    cursor.end()?;
    learnt.finish = end.finish();
    learnt.error |= end.failed();
    Ok(learnt)
}

fn response<'a>(
    cursor: &mut Cursor<'a>,
    key: Text<'a>,
    learnt: &mut Learnt<'a>,
    end: &mut End<'a>,
) -> Result<(), Invalid> {
    match key.plain() {
        b"model" => learnt.model = cursor.text()?,
        b"usage" => learnt.tokens.responses(cursor)?,
        b"status" => end.status = cursor.text()?,
        b"error" => learnt.error |= cursor.value()? != b"null",
        b"incomplete_details" => cursor.members(|cursor, key| {
            match key.plain() {
                b"reason" => end.reason = cursor.text()?,
                _ => cursor.skip()?,
            }
            Ok(())
        })?,
        b"output" => {
            learnt.answers |= cursor.peek() == Some(b'[');
            cursor.elements(|cursor| read_item(cursor, learnt, end))?;
        }
        _ => cursor.skip()?,
    }
    Ok(())
}

fn read_item<'a>(
    cursor: &mut Cursor<'a>,
    learnt: &mut Learnt<'a>,
    end: &mut End<'a>,
) -> Result<(), Invalid> {
    cursor.members(|cursor, key| {
        match key.plain() {
            b"type" => {
                let kind = cursor.text()?.map_or(&b""[..], |kind| kind.plain());
                end.calls |= matches!(kind, b"function_call" | b"custom_tool_call");
                // What a hosted tool has done is delivered, and not to be done again.
                learnt.content |= !matches!(kind, b"message" | b"reasoning");
            }
            b"arguments" | b"input" | b"name" | b"encrypted_content" => {
                learnt.deliver(cursor.text()?.map_or(0, |text| text.len()));
            }
            b"content" | b"summary" => cursor.elements(|cursor| {
                cursor.members(|cursor, key| {
                    match key.plain() {
                        b"text" | b"refusal" => {
                            learnt.deliver(cursor.text()?.map_or(0, |text| text.len()));
                        }
                        _ => cursor.skip()?,
                    }
                    Ok(())
                })
            })?,
            _ => cursor.skip()?,
        }
        Ok(())
    })
}

impl End<'_> {
    fn failed(&self) -> bool {
        let status = self.status.map(|status| status.plain());
        matches!(status, Some(b"failed" | b"cancelled"))
    }

    fn finish(&self) -> Option<Finish> {
        let reason = self.reason.map(|reason| reason.plain());
        Some(match (self.status?.plain(), reason) {
            (b"completed", _) if self.calls => Finish::ToolCalls,
            (b"completed", _) => Finish::Stop,
            (b"incomplete", Some(b"content_filter")) => Finish::ContentFilter,
            (b"incomplete", Some(b"max_output_tokens") | None) => Finish::Length,
            _ => Finish::Other,
        })
    }
}
