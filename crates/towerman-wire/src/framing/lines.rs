//! One JSON value per line.

use crate::sse::EVENT_LIMIT;

/// Cuts bytes into lines, however they arrive. Empty lines are none.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// The beginning of a line whose end has not come.
    held: Vec<u8>,
}

/// A line is longer than [`EVENT_LIMIT`].
#[derive(Debug)]
pub(crate) struct TooLong;

impl Lines {
    pub(crate) fn push(
        &mut self,
        chunk: &[u8],
        mut on_line: impl FnMut(&[u8]),
    ) -> Result<(), TooLong> {
        let mut rest = chunk;
        while let Some(at) = memchr::memchr(b'\n', rest) {
            let (line, after) = (&rest[..at], &rest[at + 1..]);
            if self.held.is_empty() {
                tell(line, &mut on_line);
            } else {
                self.hold(line)?;
                tell(&self.held, &mut on_line);
                self.held.clear();
            }
            rest = after;
        }
        self.hold(rest)
    }

    /// The bytes are over: the last line needs no end.
    pub(crate) fn finish(&mut self, mut on_line: impl FnMut(&[u8])) {
        tell(&self.held, &mut on_line);
        self.held.clear();
    }

    fn hold(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.held.len() + bytes.len() > EVENT_LIMIT {
            self.held = Vec::new();
            return Err(TooLong);
        }
        self.held.extend_from_slice(bytes);
        Ok(())
    }
}

fn tell(line: &[u8], on_line: &mut impl FnMut(&[u8])) {
    let line = line.trim_ascii();
    if !line.is_empty() {
        on_line(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_do_not_depend_on_how_they_were_cut() {
        let bytes = b"{\"a\":1}\r\n\n{\"b\":2}\n  \n{\"c\":3}";
        for size in 1..=bytes.len() {
            let (mut lines, mut seen) = (Lines::default(), Vec::new());
            for chunk in bytes.chunks(size) {
                lines.push(chunk, |line| seen.push(line.to_vec())).unwrap();
            }
            lines.finish(|line| seen.push(line.to_vec()));
            assert_eq!(seen.join(&b' '), b"{\"a\":1} {\"b\":2} {\"c\":3}", "{size}");
        }
    }

    #[test]
    fn a_line_without_end_is_not_kept_for_ever() {
        let mut lines = Lines::default();
        let chunk = vec![b'x'; EVENT_LIMIT / 2];
        lines.push(&chunk, |_| {}).unwrap();
        lines.push(&chunk, |_| {}).unwrap();
        lines.push(b"x", |_| {}).unwrap_err();
    }
}
