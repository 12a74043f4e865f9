//! A cursor over JSON text: validates, skips and finds, and allocates nothing.
//!
//! Requests and stream events are read for a handful of members; the rest is only checked. The
//! grammar is RFC 8259's, as strict as `serde_json`, with the same limits on depth and numbers.

mod scan;
mod surrogates;

use std::borrow::Cow;

/// Containers inside containers: as many as `serde_json` reads.
const DEPTH: u32 = 127;

/// Digits that no float is too small for.
const FINITE: usize = 300;

/// A place in JSON text.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u32,
    halves: bool,
}

/// Not JSON, from this byte on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    pub(crate) at: usize,
}

type Read<T> = Result<T, Invalid>;

/// A string as it was spelt, without its quotes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    raw: &'a [u8],
    escaped: bool,
}

// === impl Text ===

impl<'a> Text<'a> {
    /// `text`, which needs no escapes.
    pub(crate) const fn spelt(text: &'a str) -> Self {
        Self {
            raw: text.as_bytes(),
            escaped: false,
        }
    }

    /// Bytes as spelt.
    pub(crate) const fn len(&self) -> usize {
        self.raw.len()
    }

    /// What it says, if that is Unicode. Borrows unless it was spelt with escapes.
    pub(crate) fn decode(&self) -> Option<Cow<'a, str>> {
        if !self.escaped {
            return std::str::from_utf8(self.raw).ok().map(Cow::Borrowed);
        }
        let quoted = [b"\"", self.raw, b"\""].concat();
        serde_json::from_slice(&quoted).ok().map(Cow::Owned)
    }

    /// Whether it says `text`, however it is spelt.
    pub(crate) fn is(&self, text: &str) -> bool {
        if self.escaped {
            self.decode().is_some_and(|decoded| decoded == text)
        } else {
            self.raw == text.as_bytes()
        }
    }

    /// Its bytes, if none is escaped: for names that nobody escapes.
    pub(crate) const fn plain(&self) -> &'a [u8] {
        if self.escaped { b"" } else { self.raw }
    }
}

// === impl Cursor ===

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            depth: 0,
            halves: false,
        }
    }

    /// In the outermost object, behind the colon that ends at `at`.
    pub(crate) const fn within(bytes: &'a [u8], at: usize) -> Self {
        Self {
            bytes,
            at,
            depth: 1,
            halves: false,
        }
    }

    /// The first byte of the next token, which is where [`at`](Self::at) then stands.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// For text that will stand inside so many containers.
    pub(crate) const fn inside(mut self, depth: u32) -> Self {
        self.depth = depth;
        self
    }

    /// Where an escape stands, in what was read, that is half of a surrogate pair without the other.
    pub(crate) fn lone_surrogate(&self) -> Option<usize> {
        let read = &self.bytes[..self.at];
        self.halves.then(|| surrogates::lone(read)).flatten()
    }

    /// Nothing but white space may follow.
    pub(crate) fn end(&mut self) -> Read<()> {
        self.peek().map_or(Ok(()), |_| Err(self.invalid()))
    }

    /// Reads an object; `member` must read each value.
    pub(crate) fn object(
        &mut self,
        member: impl FnMut(&mut Self, Text<'a>) -> Read<()>,
    ) -> Read<()> {
        self.open(b'{')?;
        if self.peek() == Some(b'}') {
            return self.close(b'}');
        }
        let key = self.key()?;
        self.rest_of_object(key, member)
    }

    /// Reads an object from the value of `key` on.
    pub(crate) fn rest_of_object(
        &mut self,
        mut key: Text<'a>,
        mut member: impl FnMut(&mut Self, Text<'a>) -> Read<()>,
    ) -> Read<()> {
        loop {
            member(self, key)?;
            if self.peek() != Some(b',') {
                break;
            }
            self.at += 1;
            key = self.key()?;
        }
        self.close(b'}')
    }

    /// Reads an array; `element` must read each value.
    pub(crate) fn array(&mut self, mut element: impl FnMut(&mut Self) -> Read<()>) -> Read<()> {
        self.open(b'[')?;
        if self.peek() != Some(b']') {
            loop {
                element(self)?;
                if self.peek() != Some(b',') {
                    break;
                }
                self.at += 1;
            }
        }
        self.close(b']')
    }

    /// Reads an object's members; any other value is skipped.
    pub(crate) fn members(
        &mut self,
        member: impl FnMut(&mut Self, Text<'a>) -> Read<()>,
    ) -> Read<()> {
        match self.peek() {
            Some(b'{') => self.object(member),
            _ => self.skip(),
        }
    }

    /// Reads an array's elements; any other value is skipped.
    pub(crate) fn elements(&mut self, element: impl FnMut(&mut Self) -> Read<()>) -> Read<()> {
        match self.peek() {
            Some(b'[') => self.array(element),
            _ => self.skip(),
        }
    }

    /// The value if it is a string; any other value is skipped.
    pub(crate) fn text(&mut self) -> Read<Option<Text<'a>>> {
        match self.peek() {
            Some(b'"') => self.string().map(Some),
            _ => self.skip().map(|()| None),
        }
    }

    /// The value if it is a token count; null, negative and absurd ones are skipped.
    pub(crate) fn count(&mut self) -> Read<Option<u64>> {
        const ABSURD: u64 = 1 << 40;
        // More than what is absurd has, and fewer than overflow.
        const DIGITS: usize = 15;
        let value = self.value()?;
        let count = value.iter().try_fold(0, |count, byte| {
            let digit = byte.wrapping_sub(b'0');
            (digit < 10 && value.len() <= DIGITS).then_some(count * 10 + u64::from(digit))
        });
        Ok(count.filter(|count| *count < ABSURD))
    }

    pub(crate) fn string(&mut self) -> Read<Text<'a>> {
        self.expect(b'"')?;
        let start = self.at;
        let escaped = self.rest_of_string()?;
        Ok(Text {
            raw: &self.bytes[start..self.at - 1],
            escaped,
        })
    }

    pub(crate) fn skip(&mut self) -> Read<()> {
        self.walk(|_, _| {})
    }

    /// The text of the next value.
    pub(crate) fn value(&mut self) -> Read<&'a [u8]> {
        self.peek();
        let start = self.at;
        self.skip()?;
        Ok(&self.bytes[start..self.at])
    }

    /// Skips a value of any shape without recursion. `on_key` is told of every member inside, and
    /// gets what follows its colon.
    pub(crate) fn walk(&mut self, mut on_key: impl FnMut(Text<'a>, &'a [u8])) -> Read<()> {
        // One bit for each open container: 1 is an object.
        let (mut open, mut depth) = (0_u128, 0_u32);
        loop {
            let byte = self.peek().ok_or_else(|| self.invalid())?;
            match byte {
                b'"' => {
                    self.at += 1;
                    self.rest_of_string()?;
                }
                b'[' | b'{' => {
                    let object = byte == b'{';
                    if self.depth + depth == DEPTH {
                        return Err(self.invalid());
                    }
                    self.at += 1;
                    depth += 1;
                    open = open << 1 | u128::from(object);
                    let empty = self.peek() == Some(if object { b'}' } else { b']' });
                    if !empty {
                        if object {
                            let key = self.key()?;
                            on_key(key, &self.bytes[self.at..]);
                        }
                        continue;
                    }
                }
                b'-' | b'0'..=b'9' => self.number()?,
                b't' => self.literal(b"true")?,
                b'f' => self.literal(b"false")?,
                b'n' => self.literal(b"null")?,
                _ => return Err(self.invalid()),
            }
            // A value has ended: close what ends with it, until another must follow.
            loop {
                if depth == 0 {
                    return Ok(());
                }
                let object = open & 1 == 1;
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        if object {
                            let key = self.key()?;
                            on_key(key, &self.bytes[self.at..]);
                        }
                        break;
                    }
                    Some(b'}') if object => {}
                    Some(b']') if !object => {}
                    _ => return Err(self.invalid()),
                }
                self.at += 1;
                depth -= 1;
                open >>= 1;
            }
        }
    }

    fn key(&mut self) -> Read<Text<'a>> {
        let key = self.string()?;
        self.expect(b':')?;
        Ok(key)
    }

    fn open(&mut self, byte: u8) -> Read<()> {
        if self.depth == DEPTH {
            return Err(self.invalid());
        }
        self.depth += 1;
        self.expect(byte)
    }

    fn close(&mut self, byte: u8) -> Read<()> {
        self.depth -= 1;
        self.expect(byte)
    }

    fn expect(&mut self, byte: u8) -> Read<()> {
        if self.peek() != Some(byte) {
            return Err(self.invalid());
        }
        self.at += 1;
        Ok(())
    }

    /// Reads on to behind the closing quote; says whether there was an escape.
    fn rest_of_string(&mut self) -> Read<bool> {
        let end = scan::string(self.bytes, self.at).map_err(|at| Invalid { at })?;
        self.at = end.at;
        self.halves |= end.halves;
        Ok(end.escaped)
    }

    fn number(&mut self) -> Read<()> {
        let start = self.at;
        self.at += usize::from(self.next_is(b"-"));
        if self.next_is(b"0") {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.next_is(b".") {
            self.at += 1;
            self.digits()?;
        }
        if self.next_is(b"eE") {
            self.at += 1;
            self.at += usize::from(self.next_is(b"+-"));
            self.digits()?;
            self.finite(start)?;
        } else if self.at - start > FINITE {
            self.finite(start)?;
        }
        Ok(())
    }

    /// A number that stands at `start` must be one to those who read it as a float, too.
    #[cold]
    fn finite(&mut self, start: usize) -> Read<()> {
        let text = std::str::from_utf8(&self.bytes[start..self.at]).unwrap_or_default();
        if text.parse().is_ok_and(f64::is_finite) {
            return Ok(());
        }
        self.at = start;
        Err(self.invalid())
    }

    fn digits(&mut self) -> Read<()> {
        let count = self.bytes[self.at..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        self.at += count;
        if count == 0 {
            Err(self.invalid())
        } else {
            Ok(())
        }
    }

    fn next_is(&self, any: &[u8]) -> bool {
        self.bytes
            .get(self.at)
            .is_some_and(|byte| any.contains(byte))
    }

    fn literal(&mut self, literal: &[u8]) -> Read<()> {
        if !self.bytes[self.at..].starts_with(literal) {
            return Err(self.invalid());
        }
        self.at += literal.len();
        Ok(())
    }

    const fn invalid(&self) -> Invalid {
        Invalid { at: self.at }
    }
}

#[cfg(test)]
mod tests;
