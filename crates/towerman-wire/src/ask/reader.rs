//! Reads the members of a request's body.

use std::borrow::Cow;

use bytes::Bytes;
use towerman_core::{Ask, Dialect, Door, Fault, Operation};

use super::{
    carry::Carry,
    is_json_format, is_model,
    meaning::{self, Meaning},
    refuse, session,
    size::Media,
    source,
    turns::Turns,
};
use crate::json::{Cursor, Invalid};

/// Token limits beyond this are not numbers that every JSON reader agrees on.
const LIMIT: u64 = 1 << 53;

pub(super) struct Reader<'a> {
    ask: Ask,
    model: Option<Cow<'a, str>>,
    /// There is something to work on.
    messages: bool,
    media: Media,
    turns: Turns<'a>,
    body: &'a [u8],
    /// Ids of the conversation, best first.
    sessions: [Option<Cow<'a, str>>; 3],
    pub(super) wrong: Option<Fault>,
    carry: Carry,
}

impl<'a> Reader<'a> {
    pub(super) fn new(door: &Door<'_>, body: &'a [u8]) -> Self {
        let mut ask = Ask::new(door.dialect, "", 0..0);
        ask.operation = door.operation;
        ask.array = door.array;
        ask.stream = door.stream.unwrap_or_else(|| {
            door.operation == Operation::Generate && meaning::streams_by_default(door.dialect)
        });
        let mut reader = Self {
            ask,
            model: None,
            messages: false,
            media: Media::default(),
            turns: Turns::new(body),
            body,
            sessions: [None, None, None],
            wrong: None,
            carry: Carry::new(door.dialect),
        };
        if let Some(model) = &door.model {
            reader.ask.model_in_path = true;
            reader.named(model.clone().into_owned().into());
        }
        if meaning::says_model(door.dialect) {
            // Behind the brace that opens the body, should it name none.
            let opens = memchr::memchr(b'{', body).map_or(0, |at| at + 1);
            reader.ask.model_span = opens..opens;
        }
        reader
    }

    pub(super) fn member(&mut self, cursor: &mut Cursor<'a>, name: &str) -> Result<(), Invalid> {
        let first = cursor.peek();
        let start = cursor.at();
        let null = first == Some(b'n');
        if !null {
            self.carry.top(name);
        }
        match meaning::of(self.ask.dialect, self.ask.operation, name) {
            Meaning::Model => self.model(cursor)?,
            Meaning::ModelAgain => {
                cursor.skip()?;
                self.ask.model_span = start..cursor.at();
            }
            Meaning::Stream => match cursor.value()? {
                b"true" => self.ask.stream = true,
                b"false" => self.ask.stream = false,
                b"null" => {}
                _ => self.wrong(name, "must be true or false"),
            },
            Meaning::StreamOptions => {
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
            Meaning::Limit => self.limit(name, cursor.value()?, false),
            Meaning::BetterLimit => self.limit(name, cursor.value()?, true),
            Meaning::Tools => {
                let mut any = first == Some(b'{');
                if any {
                    offered(cursor, &mut self.carry)?;
                } else {
                    let carry = &mut self.carry;
                    cursor.elements(|tool| {
                        any = true;
                        offered(tool, carry)
                    })?;
                }
                self.ask.tools |= any;
                if name != "functions" && !null {
                    self.ask.prompt_spans[0] = Some(start..cursor.at());
                }
            }
            Meaning::System => {
                let carry = &mut self.carry;
                cursor.walk(|key, value| carry.member(key, value))?;
                self.ask.prompt_spans[1] = Some(start..cursor.at());
            }
            Meaning::Messages => self.messages(cursor, name, start)?,
            Meaning::Prompt if first == Some(b'"') => {
                cursor.skip()?;
                self.messages = true;
                self.ask.prompt_spans[2] = Some(start..cursor.at());
                self.turns.message(cursor.at());
            }
            Meaning::Prompt => self.messages(cursor, name, start)?,
            Meaning::Input => self.input(cursor, name)?,
            Meaning::Request => {
                cursor.skip()?;
                self.messages = true;
                self.ask.prompt_spans[2] = Some(start..cursor.at());
            }
            Meaning::Format => self.ask.structured |= is_json_format(cursor)?,
            Meaning::Settings => self.settings(cursor)?,
            Meaning::Session(rank) => self.sessions[rank] = session(cursor.text()?),
            Meaning::Metadata => {
                let user = &mut self.sessions[1];
                cursor.members(|cursor, key| {
                    if key.is("user_id") {
                        *user = session(cursor.text()?);
                        return Ok(());
                    }
                    cursor.skip()
                })?;
            }
            Meaning::Other => cursor.skip()?,
        }
        Ok(())
    }

    fn model(&mut self, cursor: &mut Cursor<'a>) -> Result<(), Invalid> {
        cursor.peek();
        let start = cursor.at();
        let model = cursor.text()?.and_then(|model| model.decode());
        self.ask.model_span = start..cursor.at();
        if !self.ask.model_in_path {
            match model {
                Some(model) => self.named(model),
                None => self.wrong("model", "must be a string"),
            }
        }
        Ok(())
    }

    fn named(&mut self, model: Cow<'a, str>) {
        if is_model(&model) {
            self.model = Some(model);
        } else {
            self.wrong("model", "must be 1 to 256 of A-Z a-z 0-9 . _ : / @ -");
        }
    }

    fn messages(
        &mut self,
        cursor: &mut Cursor<'a>,
        name: &str,
        start: usize,
    ) -> Result<(), Invalid> {
        if cursor.peek() != Some(b'[') {
            self.wrong(name, "must be an array");
            return cursor.skip();
        }
        let (media, any) = (&mut self.media, &mut self.messages);
        let (turns, carry) = (&mut self.turns, &mut self.carry);
        cursor.array(|message| {
            *any = true;
            message.walk(|key, value| {
                media.member(key, value);
                turns.member(key, value);
                carry.member(key, value);
            })?;
            turns.message(message.at());
            Ok(())
        })?;
        media.close(self.body.len() - cursor.at());
        if !self.messages {
            self.wrong(name, "must not be empty");
        }
        self.ask.prompt_spans[2] = Some(start..cursor.at());
        Ok(())
    }

    /// What embeddings are wanted of.
    fn input(&mut self, cursor: &mut Cursor<'a>, name: &str) -> Result<(), Invalid> {
        let (first, start) = (cursor.peek(), cursor.at());
        let mut empty = first == Some(b'[');
        if empty {
            cursor.elements(|element| {
                empty = false;
                element.skip()
            })?;
        } else {
            cursor.skip()?;
        }
        let object = self.ask.dialect == Dialect::Gemini;
        match first {
            _ if empty => self.wrong(name, "must not be empty"),
            Some(b'{') if object => self.messages = true,
            Some(b'[') if object => {
                self.messages = true;
                self.ask.many = true;
            }
            Some(b'"' | b'[') => self.messages = true,
            _ => self.wrong(name, "must be a string or an array"),
        }
        self.ask.prompt_spans[2] = Some(start..cursor.at());
        Ok(())
    }

    /// The settings that some dialects keep in an object of their own.
    fn settings(&mut self, cursor: &mut Cursor<'a>) -> Result<(), Invalid> {
        let mut limit = None;
        let structured = &mut self.ask.structured;
        cursor.members(|cursor, key| {
            match key.plain() {
                b"format" => *structured |= is_json_format(cursor)?,
                b"textFormat"
                | b"responseSchema"
                | b"response_schema"
                | b"responseJsonSchema"
                | b"response_json_schema" => *structured |= cursor.value()? != b"null",
                b"responseMimeType" | b"response_mime_type" => {
                    let kind = cursor.text()?;
                    *structured |= kind.is_some_and(|kind| kind.is("application/json"));
                }
                b"maxOutputTokens" | b"max_output_tokens" | b"maxTokens" => {
                    limit = Some(cursor.value()?);
                }
                b"num_predict" => {
                    // Less than none is no limit.
                    limit = Some(cursor.value()?).filter(|value| !value.starts_with(b"-"));
                }
                _ => cursor.skip()?,
            }
            Ok(())
        })?;
        if let Some(value) = limit {
            self.limit("max_tokens", value, false);
        }
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

    fn limit(&mut self, name: &str, value: &[u8], better: bool) {
        if value == b"null" {
            return;
        }
        let limit: Option<u64> = std::str::from_utf8(value)
            .ok()
            .and_then(|digits| digits.parse().ok());
        match limit {
            // The newer of OpenAI's two names wins, wherever it stands.
            Some(limit) if (1..LIMIT).contains(&limit) => {
                if better || self.ask.max_output.is_none() {
                    self.ask.max_output = Some(limit);
                }
            }
            _ => self.wrong(name, "must be a positive integer"),
        }
    }

    /// The first thing that is wrong is the one that is reported.
    pub(super) fn wrong(&mut self, name: &str, why: &str) {
        if self.wrong.is_none() {
            let name: String = name.chars().take(64).collect();
            self.wrong = Some(refuse(format!("{name}: {why}")).param(name));
        }
    }

    pub(super) fn finish(mut self, body: &Bytes) -> Result<Ask, Fault> {
        let Ask {
            dialect, operation, ..
        } = self.ask;
        match self.model.take() {
            Some(model) => self.ask.model = model.into(),
            None => self.wrong("model", "is required"),
        }
        if !self.messages {
            self.wrong(meaning::subject(dialect, operation), "is required");
        }
        if dialect == Dialect::Anthropic
            && operation == Operation::Generate
            && self.ask.max_output.is_none()
        {
            self.wrong("max_tokens", "is required");
        }
        if let Some(fault) = self.wrong {
            return Err(fault);
        }
        self.ask.source = source(body);
        self.ask.turns = self.turns.ends;
        self.ask.carries = self.carry.found || dialect.prefills() && self.turns.answered();
        self.ask.foreign_reasoning = self.carry.foreign;
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

/// A tool that is offered.
fn offered(tool: &mut Cursor<'_>, carry: &mut Carry) -> Result<(), Invalid> {
    if tool.peek() != Some(b'{') {
        return tool.skip();
    }
    tool.members(|tool, key| {
        let value = tool.value()?;
        carry.tool(key, value);
        Ok(())
    })
}
