//! Delimited text: from decoded bytes to a table.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::builder::StringBuilder;
use arrow::array::{ArrayRef, StringArray};

use super::dialect::{self, QuotingVotes, reader};
use super::header::{FirstRow, first_row};
use super::{Header, ReadOptions, Reading, cells, match_names, no_rows, too_many_columns, too_many_rows};
use crate::error::{BadInput, Error, Result, Rule};
use crate::infer::{self, Remark, spelled};
use crate::schema::{Compression, Dialect, Field, Format, Quoting, SCHEMA_VERSION, Schema, Source};
use crate::table::Table;

/// Records whose quoting is looked at.
const QUOTING_RECORDS: usize = 300;

/// Reads a text file of which nothing is known.
pub(super) fn read(bytes: Vec<u8>, compression: Compression, options: &ReadOptions) -> Result<Reading> {
    let dialect::Decoded { mut text, encoding, bom } = dialect::decode(bytes)?;
    let mut notes = Vec::new();
    if encoding != encoding_rs::UTF_8 {
        notes.push(format!("the text is no UTF-8: read as {}", encoding.name()));
    }
    if !text.contains('\n') && text.contains('\r') {
        text = text.replace('\r', "\n");
        notes.push("lines end in CR alone: written with LF".to_owned());
    }

    let (delimiter, quote) = dialect::delimiter_and_quote(&text);
    let space = dialect::has_space_after_delimiter(&text, delimiter, quote);
    let mut raw = RawTable::parse(&text, delimiter, quote, space, options)?;
    notes.append(&mut raw.notes);

    let decimal = decimal_mark(&raw.columns, delimiter, options.schema.as_ref());
    let n_lf = text.bytes().filter(|&b| b == b'\n').count();
    let quoting = if space { Quoting::Necessary } else { quoting_of(&text, delimiter, quote, decimal, &raw.starts) };
    let (has_header, note) = has_header(&raw.columns, decimal, options);
    notes.extend(note);
    let dialect = Dialect {
        delimiter: delimiter.into(),
        quote: quote.into(),
        quoting,
        header: has_header,
        space_after_delimiter: space,
        decimal,
        crlf: text.matches("\r\n").count() * 2 > n_lf,
        encoding: encoding.name().to_owned(),
        bom,
    };
    drop(text);

    let names = Names::of(&raw.columns, has_header)?;
    notes.extend(names.note());
    notes.extend(names.note_of_case());
    let first = usize::from(has_header);
    let n_rows = raw.lines.len() - first;
    if n_rows == 0 {
        return Err(no_rows().into());
    }
    let mut columns: Vec<StringArray> = raw.columns.into_iter().map(|c| c.slice(first, n_rows)).collect();
    let lines = &raw.lines[first..];

    let source = Source { format: Format::Csv, compression, dialect };
    let table = match &options.schema {
        Some(schema) => under_schema(schema, &names, has_header, &columns, lines, decimal)?,
        None => inferred(source, &names, &mut columns, lines, &mut notes)?,
    };
    Ok(Reading { table, notes })
}

fn inferred(
    source: Source,
    names: &Names,
    columns: &mut [StringArray],
    lines: &[u32],
    notes: &mut Vec<String>,
) -> Result<Table> {
    let mut fields = Vec::with_capacity(columns.len());
    let mut arrays = Vec::with_capacity(columns.len());
    for (i, column) in columns.iter_mut().enumerate() {
        // Each column of raw text is let go when it has been judged: the table need not fit in memory twice.
        let cells = std::mem::replace(column, StringArray::new_null(0));
        let inferred = infer::from_text(&names.names[i], &cells, source.dialect.decimal);
        notes.extend(inferred.remarks.iter().map(|remark| note_of(remark, &names.names[i], lines)));
        fields.push(Field { header: names.spelled[i].clone(), ..inferred.field });
        arrays.push(inferred.array);
    }
    Table::new(Arc::new(Schema { version: SCHEMA_VERSION, source, fields, constraints: Vec::new() }), arrays)
}

fn under_schema(
    schema: &Schema,
    names: &Names,
    has_header: bool,
    columns: &[StringArray],
    lines: &[u32],
    decimal: char,
) -> Result<Table> {
    let positions = if has_header {
        match_names(schema, &names.names)?
    } else if columns.len() == schema.fields.len() {
        (0..columns.len()).collect()
    } else {
        let problem =
            format!("the file has {} columns and no names, the schema {}", columns.len(), schema.fields.len());
        return Err(BadInput::new(Rule::UnknownColumn, problem).into());
    };
    let arrays: Result<Vec<ArrayRef>> = schema
        .fields
        .iter()
        .zip(positions)
        .map(|(field, position)| {
            cells::from_text(field, &columns[position], decimal).map_err(|fault| {
                let bad = BadInput::new(fault.rule, fault.problem).in_column(&field.name).hint(fault.hint);
                Error::from(bad.at_line(lines[fault.row].into()))
            })
        })
        .collect();
    Table::new(Arc::new(schema.clone()), arrays?)
}

fn note_of(remark: &Remark, name: &str, lines: &[u32]) -> String {
    let at: Vec<String> = remark.rows.iter().map(|&row| lines[row].to_string()).collect();
    match at.as_slice() {
        [] => format!("column `{name}`: {}", remark.text),
        [line] => format!("column `{name}`: {} (line {line})", remark.text),
        _ => format!("column `{name}`: {} (lines {})", remark.text, at.join(", ")),
    }
}

/// All records of a file, the first included, column by column.
struct RawTable {
    columns: Vec<StringArray>,
    /// The line of the file on which each record begins.
    lines: Vec<u32>,
    /// Where the first records begin in the text.
    starts: Vec<usize>,
    notes: Vec<String>,
}

impl RawTable {
    fn parse(text: &str, delimiter: u8, quote: u8, space: bool, options: &ReadOptions) -> Result<Self> {
        let limits = &options.limits;
        let mut place = Place::new(text);
        let mut reader = reader(text, delimiter, quote);
        let mut record = csv::StringRecord::new();
        let mut builders: Vec<StringBuilder> = Vec::new();
        let mut lines = Vec::new();
        let mut starts = Vec::new();
        let mut n_empty = 0_usize;
        let mut n_empty_at_end = 0_usize;
        loop {
            // The text is valid UTF-8 and the record's bounds are ASCII: nothing is left that the reader could refuse.
            let more =
                reader.read_record(&mut record).map_err(|_| BadInput::new(Rule::Corrupt, "no delimited text"))?;
            if !more {
                break;
            }
            let start = record.position().map_or(0, |p| p.byte() as usize);
            let (start, line) = place.advance(start);
            let is_empty = record.iter().all(|field| field.trim_matches(' ').is_empty());
            if builders.is_empty() {
                if record.len() > limits.columns {
                    return Err(too_many_columns(record.len(), limits.columns).into());
                }
                builders = (0..record.len()).map(|_| StringBuilder::new()).collect();
                check_first(text, delimiter, quote, record.len(), line)?;
            }
            if record.len() != builders.len() {
                if is_empty {
                    n_empty += 1;
                    continue;
                }
                return Err(ragged(text, start, delimiter, quote, &record, builders.len(), line).into());
            }
            if lines.len() == limits.rows {
                return Err(too_many_rows(limits.rows).into());
            }
            n_empty_at_end = if is_empty { n_empty_at_end + 1 } else { 0 };
            for (i, (builder, field)) in builders.iter_mut().zip(&record).enumerate() {
                if field.len() > limits.cell_bytes {
                    if is_open(&text[start..], delimiter, quote) {
                        return Err(open_quote(line).into());
                    }
                    let problem = format!("the cell in column {} has more than {} bytes", i + 1, limits.cell_bytes);
                    return Err(BadInput::new(Rule::TooLarge, problem)
                        .at_line(line)
                        .hint("perhaps a quote is missing; long texts cannot be learnt")
                        .into());
                }
                builder.append_value(if space && i > 0 { field.strip_prefix(' ').unwrap_or(field) } else { field });
            }
            lines.push(u32::try_from(line).unwrap_or(u32::MAX));
            if starts.len() <= QUOTING_RECORDS {
                starts.push(start);
            }
        }
        if let Some(&last) = lines.last()
            && is_open(&text[place.at..], delimiter, quote)
        {
            return Err(open_quote(last.into()).into());
        }
        if lines.len() == n_empty_at_end {
            return Err(BadInput::new(Rule::EmptyFile, "the file has only empty lines")
                .hint("give a table with rows")
                .into());
        }

        let mut notes = Vec::new();
        let n_dropped = n_empty + n_empty_at_end;
        lines.truncate(lines.len() - n_empty_at_end);
        if n_dropped > 0 {
            notes.push(match n_dropped {
                1 => "a row without any value was left out".to_owned(),
                n => format!("{n} rows without any value were left out"),
            });
        }
        match place.n_blank_lines() {
            0 => {}
            1 => notes.push("an empty line was skipped".to_owned()),
            n => notes.push(format!("{n} empty lines were skipped")),
        }
        let columns = builders.iter_mut().map(|b| b.finish().slice(0, lines.len())).collect();
        Ok(Self { columns, lines, starts, notes })
    }
}

/// Counts lines while going through a text from record to record.
struct Place<'a> {
    text: &'a [u8],
    /// The start of the latest record.
    at: usize,
    line: u64,
    n_blank: usize,
    first: bool,
}

impl<'a> Place<'a> {
    fn new(text: &'a str) -> Self {
        Self { text: text.as_bytes(), at: 0, line: 1, n_blank: 0, first: true }
    }

    /// Goes to the record that begins at `start` or after the line ends there; where that is, and on which line.
    fn advance(&mut self, start: usize) -> (usize, u64) {
        let n_ends = self.text[start..].iter().take_while(|b| matches!(b, b'\n' | b'\r')).count();
        let start = start + n_ends;
        let newlines = |text: &[u8]| text.iter().filter(|&&b| b == b'\n').count();
        self.line += newlines(&self.text[self.at..start]) as u64;
        // One of the line ends before a record belongs to the record before.
        let before = self.text[..start].iter().rev().take_while(|b| matches!(b, b'\n' | b'\r')).count();
        self.n_blank += newlines(&self.text[start - before..start]).saturating_sub(usize::from(!self.first));
        self.first = false;
        self.at = start;
        (start, self.line)
    }

    /// Empty lines between records and after the last.
    fn n_blank_lines(&self) -> usize {
        let tail = self.text.iter().rev().take_while(|b| matches!(b, b'\n' | b'\r'));
        self.n_blank + tail.filter(|&&b| b == b'\n').count().saturating_sub(1)
    }
}

/// Whether the record at the start of `text` ends only because the text does: what is put after it becomes part of it.
fn is_open(text: &str, delimiter: u8, quote: u8) -> bool {
    if !text.as_bytes().contains(&quote) {
        return false;
    }
    let closed = format!("{text}\nx");
    reader(&closed, delimiter, quote).into_byte_records().take(2).count() < 2
}

fn open_quote(line: u64) -> BadInput {
    BadInput::new(Rule::OpenQuote, "a quote is opened in this row and never closed")
        .at_line(line)
        .hint("close it, or double it if it belongs to the text")
}

/// The first record sets the number of columns: if the others agree on another number, the fault is in the first.
fn check_first(text: &str, delimiter: u8, quote: u8, n_fields: usize, line: u64) -> Result<()> {
    let records = reader(text, delimiter, quote).into_byte_records().skip(1).take(20).flatten();
    let counts: Vec<usize> = records.map(|r| r.len()).collect();
    let Some(&others) = counts.first() else { return Ok(()) };
    if counts.len() < 3 || others == n_fields || counts.iter().any(|&n| n != others) {
        return Ok(());
    }
    let hint = if others == n_fields + 1 {
        "the first column may lack a name: write one"
    } else {
        "remove titles and comments above the table"
    };
    let problem = format!("this row has {n_fields} fields, the rows after it have {others}");
    Err(BadInput::new(Rule::RaggedRow, problem).at_line(line).hint(hint).into())
}

fn ragged(
    text: &str,
    start: usize,
    delimiter: u8,
    quote: u8,
    record: &csv::StringRecord,
    expected: usize,
    line: u64,
) -> BadInput {
    let spans_lines = record.iter().any(|field| field.contains('\n'));
    if spans_lines && is_open(&text[start..], delimiter, quote) {
        return open_quote(line);
    }
    let hint = match () {
        () if spans_lines => "a quote in this row may be open: it goes over several lines",
        () if record.len() > expected => "a field with a delimiter in it must be in quotes",
        () => "a field may be missing, or the row broken in two",
    };
    let problem = format!("this row has {} fields, the first row has {expected}", record.len());
    BadInput::new(Rule::RaggedRow, problem).at_line(line).hint(hint)
}

fn quoting_of(text: &str, delimiter: u8, quote: u8, decimal: char, starts: &[usize]) -> Quoting {
    let mut votes = QuotingVotes::new(delimiter, quote, decimal);
    for (record, bounds) in reader(text, delimiter, quote).records().flatten().zip(starts.windows(2)) {
        votes.add(record.iter(), text[bounds[0]..bounds[1]].trim_end_matches(['\n', '\r']));
    }
    votes.winner()
}

/// A comma where more cells are numbers with it than with a point, and it does not delimit.
fn decimal_mark(columns: &[StringArray], delimiter: u8, schema: Option<&Schema>) -> char {
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
    for cell in columns.iter().flat_map(|column| column.iter().flatten()) {
        n_point += usize::from(has_decimals(cell, '.'));
        n_comma += usize::from(has_decimals(cell, ','));
    }
    if n_comma > n_point { ',' } else { '.' }
}

fn has_header(columns: &[StringArray], decimal: char, options: &ReadOptions) -> (bool, Option<String>) {
    match options.header {
        Header::Yes => return (true, None),
        Header::No => return (false, None),
        Header::Detect => {}
    }
    if let Some(schema) = &options.schema {
        let first: Vec<&str> = columns.iter().map(|column| column.value(0).trim()).collect();
        let known = schema.fields.iter().filter(|f| first.contains(&f.name.as_str())).count();
        if known * 2 > schema.fields.len() {
            return (true, None);
        }
    }
    match first_row(columns, decimal) {
        FirstRow::Names => (true, None),
        FirstRow::NamesPerhaps => {
            (true, Some("the first line was taken for the columns' names, though nothing shows that it is".to_owned()))
        }
        FirstRow::Data if options.schema.is_some() => {
            (false, Some("no header found: columns were matched by position".to_owned()))
        }
        FirstRow::Data => (false, Some(format!("no header found: columns are named c1 to c{}", columns.len()))),
    }
}

/// The columns' names, and how the header spells them where it does so otherwise.
struct Names {
    names: Vec<String>,
    spelled: Vec<Option<String>>,
}

impl Names {
    fn of(columns: &[StringArray], has_header: bool) -> Result<Self> {
        let mut names: Vec<String> = Vec::with_capacity(columns.len());
        let mut spelled = Vec::with_capacity(columns.len());
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for (i, column) in columns.iter().enumerate() {
            let raw = if has_header { column.value(0) } else { "" };
            let name = raw.trim();
            if name.is_empty() {
                names.push(String::new());
            } else if let Some(other) = seen.insert(name, i) {
                // By position, not by name: were the header missing, the name would be a cell.
                let problem = format!("columns {} and {} have one name", other + 1, i + 1);
                return Err(BadInput::new(Rule::DuplicateColumn, problem)
                    .at_line(1)
                    .hint("rename one of them, or say that there is no header")
                    .into());
            } else {
                names.push(name.to_owned());
            }
            spelled.push((has_header && (raw != name || name.is_empty())).then(|| raw.to_owned()));
        }
        for (i, name) in names.iter_mut().enumerate().filter(|(_, name)| name.is_empty()) {
            *name = format!("c{}", i + 1);
            while seen.contains_key(name.as_str()) {
                name.push('_');
            }
        }
        Ok(Self { names, spelled })
    }

    fn note(&self) -> Option<String> {
        let unnamed = self.spelled.iter().zip(&self.names);
        let unnamed = unnamed.filter(|(spelled, _)| spelled.as_ref().is_some_and(|s| s.trim().is_empty()));
        let unnamed: Vec<&str> = unnamed.map(|(_, name)| name.as_str()).collect();
        (!unnamed.is_empty()).then(|| format!("columns without a name are called {}", unnamed.join(", ")))
    }

    /// By position, not by name: were the header missing, a name would be a cell.
    fn note_of_case(&self) -> Option<String> {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut alike =
            self.names.iter().enumerate().filter_map(|(i, name)| Some((seen.insert(name.to_lowercase(), i)?, i)));
        let (one, other) = alike.next()?;
        Some(format!("the names of columns {} and {} differ in capitals only", one + 1, other + 1))
    }
}
