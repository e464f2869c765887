//! From delimited text to its records, one at a time, of which little more than the record is in memory.
//!
//! A record that never ends, or has more fields or a longer cell than is allowed, is gone through to its end and not kept:
//! only then can it be told whether a quote was left open.

use std::io::{ErrorKind, Read, Result};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// Bytes that are read at a time.
pub(super) const BUFFER: usize = 128 << 10;

/// One record.
#[derive(Debug, Default)]
pub(super) struct Record {
    text: Vec<u8>,
    ends: Vec<usize>,
    /// How many fields it has, which may be more than are kept.
    pub(super) n_fields: usize,
    /// Where it begins in the text, line ends before it left out.
    pub(super) start: u64,
    /// The line on which it begins, from 1.
    pub(super) line: u64,
    /// A field of it has a line end.
    pub(super) spans_lines: bool,
    /// All fields are empty or blanks.
    pub(super) is_blank: bool,
    /// It ends only because the text does: what is put after it becomes part of it.
    pub(super) is_open: bool,
    /// The first field that is longer than allowed; it and what follows are not kept whole.
    pub(super) too_long: Option<usize>,
}

impl Record {
    /// The fields that are kept.
    pub(super) fn fields(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.text[start..end])
    }
}

/// What of a record is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) cell_bytes: usize,
    pub(super) columns: usize,
}

/// How the last record ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Whole,
    InQuotes,
}

/// The records of a text.
pub(super) struct Records<R> {
    from: R,
    bounds: Bounds,
    parser: Reader,
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    /// Bytes of text before `at`.
    n_before: u64,
    /// The line at `at`.
    line: u64,
    /// Line feeds since the last record's content.
    n_ends: usize,
    n_blank: usize,
    is_first: bool,
    fields: Vec<u8>,
    ends: Vec<usize>,
}

impl<R: Read> Records<R> {
    pub(super) fn new(from: R, delimiter: u8, quote: u8, bounds: Bounds) -> Self {
        Self::with_buffer(from, delimiter, quote, bounds, BUFFER)
    }

    fn with_buffer(from: R, delimiter: u8, quote: u8, bounds: Bounds, n_bytes: usize) -> Self {
        Self {
            from,
            bounds,
            parser: ReaderBuilder::new().delimiter(delimiter).quote(quote).build(),
            buffer: vec![0; n_bytes],
            at: 0,
            end: 0,
            n_before: 0,
            line: 1,
            n_ends: 0,
            n_blank: 0,
            is_first: true,
            fields: vec![0; n_bytes],
            ends: vec![0; 1024],
        }
    }

    /// Reads the next record; `false` if there is none.
    pub(super) fn read(&mut self, record: &mut Record) -> Result<bool> {
        if !self.go_to_record()? {
            return Ok(false);
        }
        // One of the line ends before a record belongs to the record before.
        self.n_blank += self.n_ends.saturating_sub(usize::from(!self.is_first));
        self.is_first = false;
        self.line += self.n_ends as u64;
        self.n_ends = 0;
        let Record { text, ends, .. } = record;
        text.clear();
        ends.clear();
        (record.n_fields, record.start, record.line) = (0, self.n_before, self.line);
        (record.is_open, record.is_blank, record.too_long) = (false, true, None);
        // Bytes of fields so far, where the latest ended among them, and how many were not kept.
        let (mut n_out, mut last_end, mut n_lost) = (0, 0, 0);
        let mut n_newlines = 0;
        loop {
            let is_end = self.at == self.end && !self.fill()?;
            let input = &self.buffer[self.at..self.end];
            let (result, n_in, n, n_ends) = if is_end {
                let (ended, n, n_ends) = end_last(&mut self.parser, &mut self.fields, &mut self.ends);
                if n_ends == 0 {
                    return Ok(false);
                }
                record.is_open = ended == Ended::InQuotes;
                (ReadRecordResult::Record, 0, n, n_ends)
            } else {
                self.parser.read_record(input, &mut self.fields, &mut self.ends)
            };
            n_newlines += newlines(&input[..n_in]);
            let ends = &self.ends[..n_ends];
            record.is_blank = record.is_blank && self.fields[..n].iter().all(|&b| b == b' ');

            let n_skipped = match () {
                () if n_out - last_end > self.bounds.cell_bytes => ends.first().map_or(n, |end| end - n_out),
                () if record.n_fields > self.bounds.columns => n,
                () => 0,
            };
            n_lost += n_skipped;
            record.text.extend_from_slice(&self.fields[n_skipped..n]);
            for &end in ends {
                if end - last_end > self.bounds.cell_bytes {
                    record.too_long.get_or_insert(record.n_fields);
                }
                if record.n_fields <= self.bounds.columns {
                    record.ends.push(end.saturating_sub(n_lost).min(record.text.len()));
                }
                record.n_fields += 1;
                last_end = end;
            }
            n_out += n;
            let last = n_in.checked_sub(1).map(|last| input[last]);
            self.at += n_in;
            self.n_before += n_in as u64;
            if result == ReadRecordResult::Record {
                if !is_end && last == Some(b'\n') {
                    n_newlines -= 1;
                    self.n_ends = 1;
                }
                break;
            }
        }
        record.spans_lines = n_newlines > 0;
        self.line += n_newlines as u64;
        Ok(true)
    }

    /// Empty lines between records and after the last, when all records were read.
    pub(super) fn n_blank_lines(&self) -> usize {
        self.n_blank + self.n_ends.saturating_sub(1)
    }

    /// Goes over the line ends before a record; `false` if nothing is left.
    fn go_to_record(&mut self) -> Result<bool> {
        loop {
            if self.at == self.end && !self.fill()? {
                return Ok(false);
            }
            match self.buffer[self.at] {
                b'\n' => self.n_ends += 1,
                b'\r' => {}
                _ => return Ok(true),
            }
            self.at += 1;
            self.n_before += 1;
        }
    }

    /// Reads on when all was taken; `false` at the end.
    fn fill(&mut self) -> Result<bool> {
        (self.at, self.end) = (0, 0);
        // A byte order mark is told only when it is there whole.
        while self.end < 3 {
            match self.from.read(&mut self.buffer[self.end..]) {
                Ok(0) => break,
                Ok(n) => self.end += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.end > 0)
    }
}

/// Ends the record that the text's end cuts off, as a line end would, if that is not part of a field. Gives the bytes and the
/// ends of fields that are there now; no end if there was no record.
fn end_last(parser: &mut Reader, fields: &mut [u8], ends: &mut [usize]) -> (Ended, usize, usize) {
    match parser.read_record(b"\n", fields, ends) {
        (ReadRecordResult::Record, _, n, n_ends) => (Ended::Whole, n, n_ends),
        _ => {
            // The line end was added to the field, and does not belong to it.
            let (_, _, _, n_ends) = parser.read_record(&[], fields, ends);
            ends[..n_ends].iter_mut().for_each(|end| *end -= 1);
            (Ended::InQuotes, 0, n_ends)
        }
    }
}

fn newlines(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::io::tests::Trickle;

    const BOUNDS: Bounds = Bounds { cell_bytes: 1 << 20, columns: 20_000 };

    #[derive(Debug, PartialEq)]
    struct Seen {
        fields: Vec<String>,
        line: u64,
        start: u64,
        spans_lines: bool,
        is_open: bool,
    }

    fn seen(text: &str, n_bytes: usize, n_buffer: usize) -> (Vec<Seen>, usize) {
        let from = Trickle { bytes: text.as_bytes(), n: n_bytes };
        let mut records = Records::with_buffer(from, b',', b'"', BOUNDS, n_buffer);
        let mut record = Record::default();
        let mut seen = Vec::new();
        while records.read(&mut record).unwrap() {
            let fields = record.fields().map(|f| String::from_utf8(f.to_vec()).unwrap()).collect();
            let Record { line, start, spans_lines, is_open, .. } = record;
            seen.push(Seen { fields, line, start, spans_lines, is_open });
        }
        (seen, records.n_blank_lines())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

        #[test]
        fn records_are_those_of_the_whole_text(
            text in "[ab,\"\n\r é]{0,80}",
            n_bytes in 1_usize..9,
            n_buffer in 4_usize..20,
        ) {
            let (small, n_blank) = seen(&text, n_bytes, n_buffer);
            let mut reader = crate::io::dialect::reader(&text, b',', b'"');
            let whole: Vec<Vec<String>> =
                reader.records().flatten().map(|record| record.iter().map(str::to_owned).collect()).collect();
            prop_assert_eq!(&small.iter().map(|seen| seen.fields.clone()).collect::<Vec<_>>(), &whole);
            // The line on which a record begins, told by the text before it.
            for seen in &small {
                let before = &text.as_bytes()[..seen.start as usize];
                prop_assert_eq!(seen.line, 1 + newlines(before) as u64);
            }
            if let Some(last) = small.last() {
                let closed = format!("{}\nx", &text[last.start as usize..]);
                let n = crate::io::dialect::reader(&closed, b',', b'"').into_byte_records().count();
                prop_assert_eq!(last.is_open, n < 2);
            }
            prop_assert_eq!((small, n_blank), seen(&text, 1 << 20, BUFFER));
        }
    }

    #[test]
    fn what_is_too_long_is_not_kept() {
        let text = format!("a,{},c\nd,e,f\n", "x".repeat(500));
        let bounds = Bounds { cell_bytes: 100, columns: 2 };
        let mut records = Records::with_buffer(text.as_bytes(), b',', b'"', bounds, 16);
        let mut record = Record::default();
        assert!(records.read(&mut record).unwrap());
        assert_eq!((record.n_fields, record.too_long), (3, Some(1)));
        assert!(record.text.len() < 140, "{}", record.text.len());
        assert!(records.read(&mut record).unwrap());
        assert_eq!((record.n_fields, record.too_long, record.line), (3, None, 2));
        assert_eq!(record.fields().map(<[u8]>::to_vec).collect::<Vec<_>>(), [b"d", b"e", b"f"]);
    }
}
