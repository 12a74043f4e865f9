//! Reads an answer, or a chunk of one, that is not translated.

use towerman_core::Finish;

use super::finish::{Reason, read};
use crate::{
    json::{Cursor, Invalid, Text},
    observe::Delta as Learnt,
};

/// What is said of the end, whatever the order of the members.
#[derive(Default)]
struct End<'a> {
    reason: Option<Text<'a>>,
    called: bool,
    blocked: bool,
}

pub(super) fn whole(data: &[u8]) -> Result<Learnt<'_>, Invalid> {
    let (mut learnt, mut end) = (Learnt::default(), End::default());
    let mut cursor = Cursor::new(data);
    if cursor.peek() == Some(b'[') {
        // Some hosts wrap an error in a list.
        cursor.elements(|cursor| {
            cursor.members(|cursor, key| response(cursor, key, &mut learnt, &mut end))
        })?;
    } else {
        cursor.object(|cursor, key| response(cursor, key, &mut learnt, &mut end))?;
    }
    cursor.end()?;
    learnt.finish = end.finish();
    Ok(learnt)
}

fn response<'a>(
    cursor: &mut Cursor<'a>,
    key: Text<'a>,
    learnt: &mut Learnt<'a>,
    end: &mut End<'a>,
) -> Result<(), Invalid> {
    match key.plain() {
        b"modelVersion" => learnt.model = cursor.text()?,
        b"usageMetadata" => learnt.tokens.gemini(cursor)?,
        b"error" => learnt.error |= cursor.value()? != b"null",
        b"promptFeedback" => cursor.members(|cursor, key| {
            match key.plain() {
                b"blockReason" => {
                    end.blocked = cursor.text()?.is_some();
                    learnt.answers |= end.blocked;
                }
                _ => cursor.skip()?,
            }
            Ok(())
        })?,
        b"candidates" => {
            learnt.answers |= cursor.peek() == Some(b'[');
            cursor.elements(|cursor| {
                cursor.members(|cursor, key| candidate(cursor, key, learnt, end))
            })?;
        }
        _ => cursor.skip()?,
    }
    Ok(())
}

fn candidate<'a>(
    cursor: &mut Cursor<'a>,
    key: Text<'a>,
    learnt: &mut Learnt<'a>,
    end: &mut End<'a>,
) -> Result<(), Invalid> {
    match key.plain() {
        b"finishReason" => end.reason = cursor.text()?.or(end.reason),
        b"content" => cursor.members(|cursor, key| match key.plain() {
            b"parts" => cursor
                .elements(|cursor| cursor.members(|cursor, key| piece(cursor, key, learnt, end))),
            _ => cursor.skip(),
        })?,
        _ => cursor.skip()?,
    }
    Ok(())
}

fn piece<'a>(
    cursor: &mut Cursor<'a>,
    key: Text<'a>,
    learnt: &mut Learnt<'a>,
    end: &mut End<'a>,
) -> Result<(), Invalid> {
    match key.plain() {
        b"text" | b"thoughtSignature" => {
            learnt.deliver(cursor.text()?.map_or(0, |text| text.len()));
        }
        b"functionCall" => {
            end.called = true;
            learnt.deliver(cursor.value()?.len());
        }
        // Media, and what the provider's own tools did.
        b"inlineData" | b"executableCode" | b"codeExecutionResult" => {
            learnt.deliver(cursor.value()?.len());
        }
        _ => cursor.skip()?,
    }
    Ok(())
}

impl End<'_> {
    fn finish(&self) -> Option<Finish> {
        let Some(reason) = self.reason else {
            return self.blocked.then_some(Finish::ContentFilter);
        };
        let reason = std::str::from_utf8(reason.plain()).ok()?;
        match reason {
            "" | "FINISH_REASON_UNSPECIFIED" => None,
            reason => Some(match read(reason, self.called) {
                Reason::Known(finish) => finish,
                Reason::Failed => Finish::Other,
            }),
        }
    }
}
