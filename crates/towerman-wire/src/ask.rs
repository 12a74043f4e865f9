//! Reads what a request asks for, in one pass over its body.

mod aside;
mod size;
mod turns;

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use towerman_core::{Ask, Dialect, Fault, FaultKind, Operation};

use self::{size::Media, turns::Turns};
use crate::json::{Cursor, Invalid, Text};

/// More top-level members than any dialect has.
const MEMBERS: usize = 256;

/// The longest session id that is one.
const SESSION: usize = 1024;

/// Token limits beyond this are not numbers that every JSON reader agrees on.
const LIMIT: u64 = 1 << 53;

/// Reads a request body of `dialect`.
///
/// A body that two readers could understand differently is refused: what routing saw is what the
/// provider will see. The fault names the member that is wrong.
pub fn read(dialect: Dialect, body: &Bytes) -> Result<Ask, Fault> {
    read_for(dialect, Operation::Generate, body)
}

/// Reads a request body of `dialect` that was sent for `operation`, as [`read`] does.
pub fn read_for(dialect: Dialect, operation: Operation, body: &Bytes) -> Result<Ask, Fault> {
    let text = std::str::from_utf8(body)
        .map_err(|error| refuse(format!("body: not UTF-8 at byte {}", error.valid_up_to())))?;
    let mut ask = Ask::new(dialect, "", 0..0);
    ask.operation = operation;
    let mut reader = Reader {
        ask,
        model: None,
        messages: false,
        media: Media::default(),
        turns: Turns::new(body),
        length: body.len(),
        sessions: [None, None, None],
        wrong: None,
    };
    let mut cursor = Cursor::new(text.as_bytes());
    if cursor.peek().is_some_and(|byte| byte != b'{') && cursor.skip().is_ok() {
        return Err(refuse("body: not a JSON object".into()));
    }
    let mut seen: Vec<Cow<'_, str>> = Vec::with_capacity(16);
    let read = cursor.object(|cursor, key| {
        let start = cursor.at();
        let name = key.decode().ok_or(Invalid { at: start })?;
        if seen.len() == MEMBERS {
            reader.wrong("body", "too many members");
            return Err(Invalid { at: start });
        }
        if seen.contains(&name) {
            reader.wrong(&name, "given twice");
            return Err(Invalid { at: start });
        }
        if operation == Operation::Embed {
            reader.embedding(cursor, &name)?;
        } else {
            reader.member(cursor, &name)?;
        }
        seen.push(name);
        Ok(())
    });
    let read = read.and_then(|()| cursor.end());
    match (reader.wrong.take(), read) {
        // A member was wrong; if the rest is not even JSON, that comes second.
        (Some(fault), _) => Err(fault),
        (None, Err(Invalid { at })) => Err(refuse(format!("body: not valid JSON at byte {at}"))),
        (None, Ok(())) => match cursor.lone_surrogate() {
            Some(at) => Err(refuse(format!(
                "body: half a surrogate pair at byte {at}, which is no text"
            ))),
            None => reader.finish(body),
        },
    }
}

/// What `body` asks for: `ask`, if that was read from these very bytes, and else it is read again.
/// Somebody may have put another body in the place of the one that was read first.
pub fn current(ask: &Arc<Ask>, body: &Bytes) -> Result<Arc<Ask>, Fault> {
    if ask.source == source(body) {
        return Ok(Arc::clone(ask));
    }
    read_for(ask.dialect, ask.operation, body).map(Arc::new)
}

fn source(body: &Bytes) -> (usize, usize) {
    (body.as_ptr().addr(), body.len())
}

struct Reader<'a> {
    ask: Ask,
    model: Option<Cow<'a, str>>,
    /// There is something to work on.
    messages: bool,
    media: Media,
    turns: Turns<'a>,
    /// The body's.
    length: usize,
    /// Ids of the conversation, best first.
    sessions: [Option<Cow<'a, str>>; 3],
    wrong: Option<Fault>,
}

impl<'a> Reader<'a> {
    fn member(&mut self, cursor: &mut Cursor<'a>, name: &str) -> Result<(), Invalid> {
        let first = cursor.peek();
        let start = cursor.at();
        let null = first == Some(b'n');
        let openai = self.ask.dialect == Dialect::OpenAiChat;
        match name {
            "model" => self.model(cursor)?,
            "stream" if self.ask.operation == Operation::Generate => match cursor.value()? {
                b"true" => self.ask.stream = true,
                b"false" | b"null" => {}
                _ => self.wrong(name, "must be true or false"),
            },
            "stream_options" if openai => {
                if first == Some(b'{') {
                    self.stream_options(cursor)?;
                } else {
                    cursor.skip()?;
                    if !null {
                        self.wrong(name, "must be an object");
                    }
                }
                self.ask.stream_options_span = Some(start..cursor.at());
            }
            "max_tokens" => self.limit(name, cursor.value()?),
            "max_completion_tokens" if openai => self.limit(name, cursor.value()?),
            "tools" | "functions" => {
                let mut any = false;
                cursor.elements(|tool| {
                    any = true;
                    tool.skip()
                })?;
                self.ask.tools |= any;
                if name == "tools" && !null {
                    self.ask.prompt_spans[0] = Some(start..cursor.at());
                }
            }
            "system" if !openai => {
                cursor.skip()?;
                self.ask.prompt_spans[1] = Some(start..cursor.at());
            }
            "messages" => self.messages(cursor, start)?,
            "response_format" if openai => self.ask.structured |= is_json_format(cursor)?,
            "output_format" if !openai => self.ask.structured |= is_json_format(cursor)?,
            "output_config" if !openai => {
                let structured = &mut self.ask.structured;
                cursor.members(|cursor, key| {
                    if key.is("format") {
                        *structured |= is_json_format(cursor)?;
                        return Ok(());
                    }
                    cursor.skip()
                })?;
            }
            "prompt_cache_key" => self.sessions[0] = session(cursor.text()?),
            "metadata" if !openai => {
                let user = &mut self.sessions[1];
                cursor.members(|cursor, key| {
                    if key.is("user_id") {
                        *user = session(cursor.text()?);
                        return Ok(());
                    }
                    cursor.skip()
                })?;
            }
            "user" => self.sessions[2] = session(cursor.text()?),
            _ => cursor.skip()?,
        }
        Ok(())
    }

    fn model(&mut self, cursor: &mut Cursor<'a>) -> Result<(), Invalid> {
        const NAME: &str = "model";
        cursor.peek();
        let start = cursor.at();
        let model = cursor.text()?.and_then(|model| model.decode());
        match model {
            Some(model) if is_model(&model) => self.model = Some(model),
            Some(_) => self.wrong(NAME, "must be 1 to 256 of A-Z a-z 0-9 . _ : / @ -"),
            None => self.wrong(NAME, "must be a string"),
        }
        self.ask.model_span = start..cursor.at();
        Ok(())
    }

    fn messages(&mut self, cursor: &mut Cursor<'a>, start: usize) -> Result<(), Invalid> {
        if cursor.peek() != Some(b'[') {
            self.wrong("messages", "must be an array");
            return cursor.skip();
        }
        let (media, any) = (&mut self.media, &mut self.messages);
        let turns = &mut self.turns;
        cursor.array(|message| {
            *any = true;
            message.walk(|key, value| {
                media.member(key, value);
                turns.member(key, value);
            })?;
            turns.message(message.at());
            Ok(())
        })?;
        media.close(self.length - cursor.at());
        if !self.messages {
            self.wrong("messages", "must not be empty");
        }
        self.ask.prompt_spans[2] = Some(start..cursor.at());
        Ok(())
    }

    fn stream_options(&mut self, cursor: &mut Cursor<'a>) -> Result<(), Invalid> {
        let mut given = 0;
        let mut include = Some(false);
        cursor.object(|cursor, key| {
            if !key.is("include_usage") {
                return cursor.skip();
            }
            given += 1;
            include = match cursor.value()? {
                b"true" => Some(true),
                b"false" | b"null" => Some(false),
                _ => None,
            };
            Ok(())
        })?;
        const NAME: &str = "stream_options.include_usage";
        match include {
            _ if given > 1 => self.wrong(NAME, "given twice"),
            Some(include) => self.ask.include_usage = include,
            None => self.wrong(NAME, "must be true or false"),
        }
        Ok(())
    }

    fn limit(&mut self, name: &str, value: &[u8]) {
        if value == b"null" {
            return;
        }
        let limit: Option<u64> = std::str::from_utf8(value)
            .ok()
            .and_then(|digits| digits.parse().ok());
        match limit {
            // The newer of OpenAI's two names wins, wherever it stands.
            Some(limit) if (1..LIMIT).contains(&limit) => {
                if name == "max_completion_tokens" || self.ask.max_output.is_none() {
                    self.ask.max_output = Some(limit);
                }
            }
            _ => self.wrong(name, "must be a positive integer"),
        }
    }

    /// The first thing that is wrong is the one that is reported.
    fn wrong(&mut self, name: &str, why: &str) {
        if self.wrong.is_none() {
            let name: String = name.chars().take(64).collect();
            self.wrong = Some(refuse(format!("{name}: {why}")).param(name));
        }
    }

    fn finish(mut self, body: &Bytes) -> Result<Ask, Fault> {
        match self.model.take() {
            Some(model) => self.ask.model = model.into(),
            None => self.wrong("model", "is required"),
        }
        if !self.messages {
            self.wrong(self.subject(), "is required");
        }
        if self.ask.dialect == Dialect::Anthropic
            && self.ask.operation == Operation::Generate
            && self.ask.max_output.is_none()
        {
            self.wrong("max_tokens", "is required");
        }
        if let Some(fault) = self.wrong {
            return Err(fault);
        }
        self.ask.source = source(body);
        self.ask.turns = self.turns.ends;
        self.ask.cache_marks = self.turns.marks;
        self.ask.media = self.media.any();
        self.ask.prompt_tokens = self.media.tokens(body, &self.ask.prompt_spans);
        self.ask.session = self
            .sessions
            .into_iter()
            .flatten()
            .next()
            .map(|session| session.into());
        Ok(self.ask)
    }
}

fn refuse(message: String) -> Fault {
    Fault::new(FaultKind::InvalidRequest, message)
}

/// Names that are safe in a path, a header, a log and a metric.
fn is_model(name: &str) -> bool {
    (1..=256).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._:/@-".contains(&byte))
}

/// Whether the value is an object whose `type` asks for JSON.
fn is_json_format(cursor: &mut Cursor<'_>) -> Result<bool, Invalid> {
    let mut json = false;
    cursor.members(|cursor, key| {
        if !key.is("type") {
            return cursor.skip();
        }
        let kind = cursor.text()?.and_then(|kind| kind.decode());
        json = kind.is_some_and(|kind| kind.starts_with("json_"));
        Ok(())
    })?;
    Ok(json)
}

fn session(text: Option<Text<'_>>) -> Option<Cow<'_, str>> {
    text.filter(|text| (1..=SESSION).contains(&text.len()))
        .and_then(|text| text.decode())
}

#[cfg(test)]
mod tests;
