//! Delimited text: from a file to its records, column by column, and what is to be known of it.
//!
//! A file is gone through twice: once to see how it is encoded, once to read it. From its beginning the delimiter, the
//! quote and the style are found.

use std::io::{Cursor, Read};

use super::dialect::{self, QuotingVotes, reader};
use super::encoding::Survey;
use super::header::MAX_ROWS;
use super::input::{Input, lifted};
use super::limits::{too_many_columns, too_many_rows};
use super::names::{Names, has_header};
use super::options::{Header, ReadOptions};
use super::raw::RawColumn;
use super::records::{Bounds, Record, Records};
use crate::error::{BadInput, InputRule, Result};
use crate::schema::{Dialect, Format, Quoting, Schema, Source};
use crate::spelling::number::spelled;

/// Bytes of text from which the dialect is found.
const BEGINNING: usize = 4 << 20;
/// Records whose quoting is looked at.
const QUOTING_RECORDS: usize = 300;
/// Records after the first that may tell that the first is none of the table.
const CHECKED_RECORDS: usize = 20;

/// A text file that was read, of which nothing was judged yet but its form.
#[derive(Debug)]
pub(super) struct TextFile {
    pub(super) source: Source,
    pub(super) names: Names,
    /// The cells below the header.
    pub(super) columns: Vec<RawColumn>,
    /// The line of the file on which each row begins.
    pub(super) lines: Vec<u32>,
    pub(super) notes: Vec<String>,
    /// Bytes of the file, decompressed.
    pub(super) n_bytes: u64,
}

/// What a file is told of the table that it belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Belongs<'a> {
    /// The names that it should have, in any order.
    pub(super) known: Option<&'a [String]>,
    /// Rows of other files, which count too.
    pub(super) n_rows: usize,
}

/// Reads a text file of which nothing is known.
pub(super) fn read(input: &Input, options: &ReadOptions, belongs: Belongs<'_>) -> Result<TextFile> {
    let failed = |error| input.lifted(error);
    let survey = Survey::of(|| input.open()).map_err(failed)?;
    let mut notes = Vec::new();
    if survey.encoding != encoding_rs::UTF_8 {
        notes.push(format!("the text is not UTF-8: read as {}", survey.encoding.name()));
    }
    if survey.cr_alone {
        notes.push("lines end in CR alone; the output has LF".to_owned());
    }
    let mut text = input.open().and_then(|from| survey.text_of(from)).map_err(failed)?;
    let mut beginning = Vec::new();
    text.by_ref().take(BEGINNING as u64).read_to_end(&mut beginning).map_err(failed)?;
    let is_whole = beginning.len() < BEGINNING;
    let n_valid = std::str::from_utf8(&beginning).map_or_else(|error| error.valid_up_to(), str::len);
    let sample = std::str::from_utf8(&beginning[..n_valid]).expect("it is valid up to there");

    let (delimiter, quote) = dialect::delimiter_and_quote(sample);
    let space = dialect::has_space_after_delimiter(sample, delimiter, quote);
    let form = Form { delimiter, quote, space, sample: Some(Sample { text: sample, is_whole }) };
    let mut parsed =
        Parsed::of(Cursor::new(&beginning).chain(text), form, options, belongs.n_rows, input.name.as_deref())?;
    notes.append(&mut parsed.notes);

    let decimal = decimal_mark(&parsed.columns, delimiter, options.schema.as_ref());
    let quoting =
        if space { Quoting::Necessary } else { quoting_of(sample, delimiter, quote, decimal, &parsed.starts) };
    let dialect = Dialect {
        delimiter: delimiter.into(),
        quote: quote.into(),
        quoting,
        header: true,
        space_after_delimiter: space,
        decimal,
        crlf: survey.crlf,
        encoding: survey.encoding.name().to_owned(),
        bom: survey.bom(),
    };
    drop(beginning);
    let source = Source { format: Format::Csv, compression: input.compression, dialect };
    parsed.named(source, options.header, belongs.known, notes, survey.n_bytes)
}

/// Reads UTF-8 text without a mark from anywhere, whose dialect is known: what only a look at all of it would tell is not
/// looked for. Whether there is a header is told by `options`.
#[cfg(any(feature = "database", feature = "spreadsheet", test))]
pub(super) fn read_known(
    from: impl Read,
    dialect: Dialect,
    options: &ReadOptions,
    name: Option<&str>,
    belongs: Belongs<'_>,
) -> Result<TextFile> {
    let [Ok(delimiter), Ok(quote)] = [dialect.delimiter, dialect.quote].map(u8::try_from) else {
        return Err(BadInput::new(InputRule::Unsupported, "the delimiter or the quote is not ASCII").into());
    };
    let mut from = from.take(options.limits.bytes.saturating_add(1));
    let form = Form { delimiter, quote, space: dialect.space_after_delimiter, sample: None };
    let parsed = Parsed::of(&mut from, form, options, belongs.n_rows, name);
    let n_bytes = options.limits.bytes.saturating_add(1) - from.limit();
    // Where the text is cut off, its last row is broken too.
    if n_bytes > options.limits.bytes {
        return Err(super::limits::too_many_bytes(options.limits.bytes).into());
    }
    let parsed = parsed?;
    let source = Source { format: Format::Csv, compression: crate::schema::Compression::None, dialect };
    parsed.named(source, options.header, belongs.known, Vec::new(), n_bytes)
}

/// What has to be known to take a text apart.
#[derive(Clone, Copy)]
struct Form<'a> {
    delimiter: u8,
    quote: u8,
    space: bool,
    sample: Option<Sample<'a>>,
}

/// The beginning of a text.
#[derive(Clone, Copy)]
struct Sample<'a> {
    text: &'a str,
    /// There is no more.
    is_whole: bool,
}

/// All records of a file, the first included, column by column.
struct Parsed {
    /// The first record is a piece of its own.
    columns: Vec<RawColumn>,
    first: Vec<String>,
    /// The line of the file on which each record begins.
    lines: Vec<u32>,
    /// Where the first records begin in the text.
    starts: Vec<u64>,
    notes: Vec<String>,
}

impl Parsed {
    fn of(from: impl Read, form: Form<'_>, options: &ReadOptions, n_rows: usize, name: Option<&str>) -> Result<Self> {
        let limits = &options.limits;
        let bounds = Bounds { cell_bytes: limits.cell_bytes, columns: limits.columns };
        let mut records = Records::new(from, form.delimiter, form.quote, bounds);
        let mut record = Record::default();
        let mut columns: Vec<RawColumn> = Vec::new();
        let mut lines = Vec::new();
        let mut starts = Vec::new();
        let mut first = Vec::new();
        let mut n_empty = 0_usize;
        let mut n_empty_at_end = 0_usize;
        let mut is_open = false;
        while records.read(&mut record).map_err(|error| lifted(error, name))? {
            is_open = record.is_open;
            let line = record.line;
            if columns.is_empty() {
                if record.n_fields > limits.columns {
                    return Err(too_many_columns(record.n_fields, limits.columns).into());
                }
                columns = (0..record.n_fields).map(|_| RawColumn::default()).collect();
                check_first(form, record.n_fields, line)?;
            }
            if record.n_fields != columns.len() {
                if record.is_blank {
                    n_empty += 1;
                    continue;
                }
                return Err(ragged(&record, columns.len()).into());
            }
            if n_rows + lines.len() == limits.rows {
                return Err(too_many_rows(limits.rows).into());
            }
            n_empty_at_end = if record.is_blank { n_empty_at_end + 1 } else { 0 };
            if let Some(column) = record.too_long {
                if record.is_open {
                    return Err(open_quote(line).into());
                }
                let problem = format!("the cell in column {} has more than {} bytes", column + 1, limits.cell_bytes);
                return Err(BadInput::new(InputRule::TooLarge, problem)
                    .at_line(line)
                    .hint("a quote may be missing; long texts cannot be learnt")
                    .into());
            }
            for (i, (column, field)) in columns.iter_mut().zip(record.fields()).enumerate() {
                let cell = if form.space && i > 0 { field.strip_prefix(b" ").unwrap_or(field) } else { field };
                if lines.is_empty() {
                    first.push(String::from_utf8_lossy(cell).into_owned());
                }
                column.push(cell)?;
            }
            if lines.is_empty() {
                columns.iter_mut().try_for_each(RawColumn::close)?;
            }
            lines.push(u32::try_from(line).unwrap_or(u32::MAX));
            if starts.len() <= QUOTING_RECORDS {
                starts.push(record.start);
            }
        }
        columns.iter_mut().try_for_each(RawColumn::close)?;
        if let Some(&last) = lines.last()
            && is_open
        {
            return Err(open_quote(last.into()).into());
        }
        if lines.len() == n_empty_at_end {
            return Err(BadInput::new(InputRule::EmptyFile, "the file has only empty lines")
                .hint("give a table with rows")
                .into());
        }

        let mut notes = Vec::new();
        let n_dropped = n_empty + n_empty_at_end;
        lines.truncate(lines.len() - n_empty_at_end);
        columns.iter_mut().for_each(|column| column.remove_last(n_empty_at_end));
        if n_dropped > 0 {
            notes.push(match n_dropped {
                1 => "skipped a row without any value".to_owned(),
                n => format!("skipped {n} rows without any value"),
            });
        }
        match records.n_blank_lines() {
            0 => {}
            1 => notes.push("skipped an empty line".to_owned()),
            n => notes.push(format!("skipped {n} empty lines")),
        }
        Ok(Self { columns, first, lines, starts, notes })
    }

    /// Takes the first record for the names or for data.
    fn named(
        mut self,
        mut source: Source,
        said: Header,
        known: Option<&[String]>,
        mut notes: Vec<String>,
        n_bytes: u64,
    ) -> Result<TextFile> {
        let decimal = source.dialect.decimal;
        let head: Vec<_> = self.columns.iter().map(|column| column.head(MAX_ROWS + 1)).collect();
        let (has_header, note) = has_header(&head, decimal, said, known);
        drop(head);
        notes.append(&mut self.notes);
        notes.extend(note);
        source.dialect.header = has_header;
        let names = Names::of(&self.first, has_header)?;
        notes.extend(names.notes());
        if has_header {
            self.columns.iter_mut().for_each(RawColumn::remove_first_piece);
            self.lines.remove(0);
        }
        self.columns.iter_mut().for_each(|column| column.set_decimal(decimal));
        Ok(TextFile { source, names, columns: self.columns, lines: self.lines, notes, n_bytes })
    }
}

fn open_quote(line: u64) -> BadInput {
    BadInput::new(InputRule::OpenQuote, "a quote is opened in this row but never closed")
        .at_line(line)
        .hint("close it, or double it if it belongs to the text")
}

/// The first record sets the number of columns: if the others agree on another number, the fault is in the first.
fn check_first(form: Form<'_>, n_fields: usize, line: u64) -> Result<()> {
    let Some(sample) = form.sample else { return Ok(()) };
    let records = reader(sample.text, form.delimiter, form.quote).into_byte_records();
    let mut counts: Vec<usize> = records.skip(1).take(CHECKED_RECORDS).flatten().map(|r| r.len()).collect();
    // The last may be cut in two.
    if !sample.is_whole && counts.len() < CHECKED_RECORDS {
        counts.pop();
    }
    let Some(&others) = counts.first() else { return Ok(()) };
    if counts.len() < 3 || others == n_fields || counts.iter().any(|&n| n != others) {
        return Ok(());
    }
    let hint = if others == n_fields + 1 {
        "the first column may lack a name: add one"
    } else {
        "remove titles and comments above the table"
    };
    let problem = format!("this row has {n_fields} fields, the rows after it have {others}");
    Err(BadInput::new(InputRule::RaggedRow, problem).at_line(line).hint(hint).into())
}

fn ragged(record: &Record, expected: usize) -> BadInput {
    if record.spans_lines && record.is_open {
        return open_quote(record.line);
    }
    let hint = match () {
        () if record.spans_lines => "a quote in this row may be unclosed: the row spans several lines",
        () if record.n_fields > expected => "quote fields that contain a delimiter",
        () => "a field may be missing, or the row split in two",
    };
    let problem = format!("this row has {} fields, the first row has {expected}", record.n_fields);
    BadInput::new(InputRule::RaggedRow, problem).at_line(record.line).hint(hint)
}

fn quoting_of(sample: &str, delimiter: u8, quote: u8, decimal: char, starts: &[u64]) -> Quoting {
    let mut votes = QuotingVotes::new(delimiter, quote, decimal);
    let starts: Vec<usize> =
        starts.iter().map_while(|&start| usize::try_from(start).ok().filter(|&s| s <= sample.len())).collect();
    for (record, bounds) in reader(sample, delimiter, quote).records().flatten().zip(starts.windows(2)) {
        votes.add(record.iter(), sample[bounds[0]..bounds[1]].trim_end_matches(['\n', '\r']));
    }
    votes.winner()
}

/// A comma where more cells are numbers with it than with a point, and it does not delimit.
fn decimal_mark(columns: &[RawColumn], delimiter: u8, schema: Option<&Schema>) -> char {
    if delimiter == b',' {
        return '.';
    }
    if let Some(Schema { source: Source { format: Format::Csv, dialect, .. }, .. }) = schema
        && dialect.delimiter == char::from(delimiter)
    {
        return dialect.decimal;
    }
    let has_decimals = |cell: &str, mark| spelled(cell.trim(), mark).is_some_and(|s| !s.plain_whole && !s.scientific);
    let (mut n_point, mut n_comma) = (0_usize, 0_usize);
    for (cell, _) in columns.iter().flat_map(RawColumn::iter) {
        n_point += usize::from(has_decimals(cell, '.'));
        n_comma += usize::from(has_decimals(cell, ','));
    }
    if n_comma > n_point { ',' } else { '.' }
}
