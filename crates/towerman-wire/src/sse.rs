//! Server-sent events: cut a byte stream into events, and write one.

use std::{error::Error, fmt, ops::Range};

use bytes::BufMut;
use memchr::memchr2;

/// The longest line, and the most data, that one event may have.
pub const EVENT_LIMIT: usize = 8 << 20;

/// Buffers larger than this are given back after the event that needed them.
const KEEP: usize = 64 << 10;

const BOM: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// One event. Comments, `id`, `retry` and unknown fields are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// The value of its `event` field, if it has one that is not empty.
    pub name: Option<&'a [u8]>,
    /// The values of its `data` fields, joined by line feeds.
    pub data: &'a [u8],
    /// Where it stands in the chunk that completed it, up to the end of its blank line. One that
    /// began in an earlier chunk begins with this one.
    pub span: Range<usize>,
}

/// Cuts a byte stream into events, however the stream is chunked.
///
/// Line ends are LF, CR or CRLF, mixed at will. An event that lies wholly inside one chunk and
/// has one `data` field is handed out as a slice of that chunk: no copy, no allocation.
#[derive(Debug, Default)]
pub struct Framer {
    /// The start of a line that the last chunk left unfinished.
    line: Vec<u8>,
    /// Name and data of an unfinished event, as far as they no longer lie in the chunk.
    name: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    /// The last chunk ended in a CR: a LF at the start of the next belongs to it.
    after_cr: bool,
    /// The last line that ended was blank.
    blank: bool,
    /// Bytes of a byte order mark seen at the very start.
    bom: usize,
    started: bool,
    overflowed: bool,
}

/// An event larger than [`EVENT_LIMIT`]. The framer that met it reads no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow(());

/// Name and data of an unfinished event, as far as they lie in the chunk at hand.
#[derive(Default)]
struct Local {
    name: Option<Range<usize>>,
    data: Option<Range<usize>>,
}

// === impl Framer ===

impl Framer {
    /// A framer at the start of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the next bytes, and calls `on_event` for every event that they complete.
    ///
    /// Returns how much of the chunk is over and done with; the rest belongs to what is not yet
    /// complete.
    pub fn push(
        &mut self,
        chunk: &[u8],
        mut on_event: impl FnMut(Event<'_>),
    ) -> Result<usize, Overflow> {
        if self.overflowed {
            return Err(Overflow(()));
        }
        let done = self.read(chunk, &mut on_event);
        self.overflowed = done.is_err();
        done
    }

    /// Ends the stream: a last event counts even without the blank line that should follow it.
    pub fn finish(&mut self, mut on_event: impl FnMut(Event<'_>)) -> Result<(), Overflow> {
        self.push(b"\n\n", &mut on_event).map(drop)
    }

    fn read(
        &mut self,
        chunk: &[u8],
        on_event: &mut impl FnMut(Event<'_>),
    ) -> Result<usize, Overflow> {
        let mut at = self.skip_start(chunk);
        // The second half of the line end that ended an event.
        let mut over = if self.blank { at } else { 0 };
        let mut local = Local::default();
        while let Some(length) = memchr2(b'\n', b'\r', &chunk[at..]) {
            let end = at + length;
            let next = self.line_end(chunk, end);
            self.blank = self.line.is_empty() && length == 0;
            if self.blank {
                self.dispatch(chunk, std::mem::take(&mut local), over..next, on_event);
                over = next;
            } else if self.line.is_empty() {
                self.end_line(chunk, at..end, &mut local)?;
            } else {
                limit(self.line.len() + length)?;
                self.line.extend_from_slice(&chunk[at..end]);
                // Nothing of this event can lie in the chunk yet: its line began before.
                let line = std::mem::take(&mut self.line);
                let mut carried = Local::default();
                self.end_line(&line, 0..line.len(), &mut carried)?;
                self.keep(&line, carried);
                self.line = reuse(line);
            }
            at = next;
        }
        limit(self.line.len() + chunk.len() - at)?;
        self.line.extend_from_slice(&chunk[at..]);
        self.keep(chunk, local);
        Ok(over)
    }

    /// Where the line end that begins at `at` is over.
    fn line_end(&mut self, chunk: &[u8], at: usize) -> usize {
        let next = at + 1;
        if chunk[at] == b'\r' {
            match chunk.get(next) {
                Some(b'\n') => return next + 1,
                Some(_) => {}
                None => self.after_cr = true,
            }
        }
        next
    }

    /// How much of the chunk's start belongs to no line: half a CRLF, a byte order mark.
    fn skip_start(&mut self, chunk: &[u8]) -> usize {
        let mut at = 0;
        if !chunk.is_empty() && std::mem::take(&mut self.after_cr) && chunk[0] == b'\n' {
            at = 1;
        }
        while !self.started && at < chunk.len() {
            if chunk[at] == BOM[self.bom] {
                at += 1;
                self.bom += 1;
                self.started = self.bom == BOM.len();
            } else {
                self.line.extend_from_slice(&BOM[..self.bom]);
                self.started = true;
            }
        }
        at
    }

    /// Takes in one whole line, `bytes[line]`, that is not blank.
    fn end_line(
        &mut self,
        bytes: &[u8],
        line: Range<usize>,
        local: &mut Local,
    ) -> Result<(), Overflow> {
        limit(line.len())?;
        let text = &bytes[line.clone()];
        let (field, mut value) = match memchr::memchr(b':', text) {
            // A comment.
            Some(0) => return Ok(()),
            Some(colon) => (&text[..colon], line.start + colon + 1..line.end),
            None => (text, line.end..line.end),
        };
        if bytes[value.clone()].first() == Some(&b' ') {
            value.start += 1;
        }
        match field {
            b"data" => {
                let held = local.data.as_ref().map_or(self.data.len(), Range::len);
                limit(held + value.len())?;
                if self.has_data {
                    if let Some(first) = local.data.take() {
                        self.data.extend_from_slice(&bytes[first]);
                    }
                    self.data.push(b'\n');
                    self.data.extend_from_slice(&bytes[value]);
                } else {
                    self.has_data = true;
                    local.data = Some(value);
                }
            }
            b"event" => {
                self.name.clear();
                local.name = Some(value);
            }
            _ => {}
        }
        Ok(())
    }

    fn dispatch(
        &mut self,
        bytes: &[u8],
        local: Local,
        span: Range<usize>,
        on_event: &mut impl FnMut(Event<'_>),
    ) {
        if self.has_data {
            let name = local.name.map_or(&self.name[..], |name| &bytes[name]);
            on_event(Event {
                name: (!name.is_empty()).then_some(name),
                data: local.data.map_or(&self.data[..], |data| &bytes[data]),
                span,
            });
        }
        self.has_data = false;
        self.name = reuse(std::mem::take(&mut self.name));
        self.data = reuse(std::mem::take(&mut self.data));
    }

    /// Copies what `local` still points at, before its bytes go away.
    fn keep(&mut self, bytes: &[u8], local: Local) {
        if let Some(name) = local.name {
            self.name.extend_from_slice(&bytes[name]);
        }
        if let Some(data) = local.data {
            self.data.extend_from_slice(&bytes[data]);
        }
    }
}

/// The same buffer, emptied; a large one is given back.
fn reuse(mut buffer: Vec<u8>) -> Vec<u8> {
    if buffer.capacity() > KEEP {
        return Vec::new();
    }
    buffer.clear();
    buffer
}

const fn limit(size: usize) -> Result<(), Overflow> {
    if size > EVENT_LIMIT {
        Err(Overflow(()))
    } else {
        Ok(())
    }
}

impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an event larger than {EVENT_LIMIT} bytes")
    }
}

impl Error for Overflow {}

/// Writes one event: `data: `, LF, LF, as the strictest client wants it.
pub fn frame(name: Option<&str>, data: &[u8], out: &mut impl BufMut) {
    if let Some(name) = name {
        out.put_slice(b"event: ");
        out.put_slice(name.as_bytes());
        out.put_u8(b'\n');
    }
    let mut rest = data;
    loop {
        out.put_slice(b"data: ");
        let end = memchr2(b'\n', b'\r', rest);
        out.put_slice(&rest[..end.unwrap_or(rest.len())]);
        out.put_u8(b'\n');
        let Some(end) = end else { break };
        let crlf = rest[end..].starts_with(b"\r\n");
        rest = &rest[end + 1 + usize::from(crlf)..];
    }
    out.put_u8(b'\n');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Owned = (Option<Vec<u8>>, Vec<u8>);

    fn events<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Owned> {
        let (mut framer, mut events) = (Framer::new(), Vec::new());
        let mut take = |event: Event<'_>| {
            events.push((event.name.map(<[u8]>::to_vec), event.data.to_vec()));
        };
        for chunk in chunks {
            framer.push(chunk, &mut take).unwrap();
        }
        framer.finish(&mut take).unwrap();
        events
    }

    fn data(text: &str) -> Vec<String> {
        events([text.as_bytes()])
            .into_iter()
            .map(|(_, data)| String::from_utf8(data).unwrap())
            .collect()
    }

    /// The specification's algorithm, written down naively over the whole text.
    fn reference(text: &[u8]) -> Vec<Owned> {
        let text = text.strip_prefix(&BOM).unwrap_or(text);
        let text: Vec<u8> = {
            let mut out = Vec::new();
            let mut i = 0;
            while i < text.len() {
                if text[i] == b'\r' {
                    out.push(b'\n');
                    i += usize::from(text.get(i + 1) == Some(&b'\n'));
                } else {
                    out.push(text[i]);
                }
                i += 1;
            }
            out.extend_from_slice(b"\n\n");
            out
        };
        let (mut out, mut name, mut data) = (Vec::new(), Vec::new(), Vec::<Vec<u8>>::new());
        for line in text.split(|byte| *byte == b'\n') {
            if line.is_empty() {
                if !data.is_empty() {
                    out.push((
                        Some(name.clone()).filter(|name: &Vec<u8>| !name.is_empty()),
                        data.join(&b'\n'),
                    ));
                }
                name.clear();
                data.clear();
                continue;
            }
            let colon = line.iter().position(|byte| *byte == b':');
            let (field, value) = colon.map_or((line, &b""[..]), |colon| {
                (&line[..colon], &line[colon + 1..])
            });
            let value = value.strip_prefix(b" ").unwrap_or(value).to_vec();
            match field {
                b"data" => data.push(value),
                b"event" => name = value,
                _ => {}
            }
        }
        out
    }

    #[test]
    fn every_line_end_and_spacing_reads_the_same() {
        for text in [
            "data: a\n\ndata: b\n\n",
            "data:a\r\n\r\ndata:b\r\n\r\n",
            "data: a\r\rdata: b\r\r",
            "\u{feff}data: a\r\n\ndata: b",
            ": ping\nid: 7\ndata: a\nretry: 1\n\ndata: b\n",
        ] {
            assert_eq!(data(text), ["a", "b"], "{text:?}");
        }
    }

    #[test]
    fn many_data_lines_are_one_event() {
        assert_eq!(data("data: a\ndata:\ndata:  b\n\n"), ["a\n\n b"]);
    }

    #[test]
    fn an_event_without_data_is_none_and_its_name_does_not_leak() {
        let all = events([&b"event: x\n\ndata: 1\n\n"[..]]);
        assert_eq!(all, [(None, b"1".to_vec())]);
    }

    #[test]
    fn an_event_inside_one_chunk_is_a_slice_of_it() {
        let chunk = b"event: delta\ndata: {}\n\n";
        let mut seen = false;
        let mut framer = Framer::new();
        framer
            .push(chunk, |event| {
                seen = chunk.as_ptr_range().contains(&event.data.as_ptr());
            })
            .unwrap();
        assert!(seen);
        assert_eq!(framer.line.capacity() + framer.data.capacity(), 0);
    }

    #[test]
    fn an_endless_line_is_refused_in_any_chunking() {
        let chunk = vec![b'x'; EVENT_LIMIT + 1];
        for size in [EVENT_LIMIT + 1, 1 << 20] {
            let mut framer = Framer::new();
            let read = chunk
                .chunks(size)
                .try_for_each(|chunk| framer.push(chunk, |_| {}).map(drop));
            assert!(read.is_err());
            assert!(framer.push(b"data: 1\n\n", |_| {}).is_err());
        }
    }

    #[test]
    fn endless_data_lines_are_refused() {
        let mut framer = Framer::new();
        let line = [b"data: ", &vec![b'x'; 1 << 20][..], b"\n"].concat();
        let pushed = (0..9).try_for_each(|_| framer.push(&line, |_| {}).map(drop));
        assert!(pushed.is_err());
    }

    #[test]
    fn it_tells_where_events_stand_and_what_is_over() {
        let mut framer = Framer::new();
        let mut spans = Vec::new();
        let mut push = |chunk: &[u8]| {
            let over = framer.push(chunk, |event| {
                spans.push((event.span.start, event.span.end))
            });
            (over.unwrap(), std::mem::take(&mut spans))
        };
        assert_eq!(push(b"data: 1\r\n\r\n: ping\n\nda"), (19, vec![(0, 11)]));
        assert_eq!(push(b"ta: 2\n"), (0, vec![]));
        // The end of one that began before, a whole one, and the blank line cut in two.
        assert_eq!(
            push(b"\ndata: 3\n\ndata: 4\r\n\r"),
            (20, vec![(0, 1), (1, 10), (10, 20)])
        );
        assert_eq!(push(b"\ndata: 5\r\r"), (10, vec![(1, 10)]));
    }

    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop::sample::select(vec![
            &b"data: {\"a\":1}"[..],
            b"data:x",
            b"data",
            b"event: delta",
            b"event:",
            b": comment",
            b"id: 3",
            b"\xEF\xBB\xBF",
            b"\xEF\xBB",
            b"\r",
            b"\n",
            b"\r\n",
            b"\n\n",
        ]);
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_events_of_the_specification(
            text in stream(),
            sizes in prop::collection::vec(1_usize..9, 1..20),
        ) {
            let mut chunks = Vec::new();
            let (mut rest, mut sizes) = (&text[..], sizes.into_iter().cycle());
            while !rest.is_empty() {
                let size = sizes.next().unwrap_or(1).min(rest.len());
                let (chunk, tail) = rest.split_at(size);
                chunks.push(chunk);
                rest = tail;
            }
            let expected = reference(&text);
            prop_assert_eq!(&events([&text[..]]), &expected);
            prop_assert_eq!(events(chunks), expected);
        }

        #[test]
        fn a_written_event_reads_as_itself(lines in prop::collection::vec("[ -~]{0,20}", 1..4)) {
            let data = lines.join("\n");
            let mut out = Vec::new();
            frame(Some("delta"), data.as_bytes(), &mut out);
            frame(None, data.as_bytes(), &mut out);
            let data = data.into_bytes();
            prop_assert_eq!(
                events([&out[..]]),
                [(Some(b"delta".to_vec()), data.clone()), (None, data)]
            );
        }
    }
}
