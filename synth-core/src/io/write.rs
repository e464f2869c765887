//! Tables out, in the form of the file they came from.

use std::io::Write;

use arrow::array::{Array, AsArray, BooleanArray, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Float64Type, Int64Type, TimestampMicrosecondType};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::arrow_files;
use super::dialect::push_field;
use crate::error::{Error, Result};
use crate::infer::DatetimeWriter;
use crate::schema::{Compression, Dialect, Field, Format, NumberFormat, Quoting, Source, Storage};
use crate::table::Table;

/// Text is handed on in pieces of about this many bytes.
const PIECE: usize = 64 << 10;

/// Writes `table` in the form of `source`: format, dialect and compression of the file; each column's spelling is in
/// its [`Field`]. A missing value is written as the first of the field's tokens, as nothing if it has none.
///
/// Reading an ordinary file and writing its table with the table's own source gives the file's bytes again (before
/// compression). Not kept: more than one spelling of missing in a column, zeros after the last decimal of some numbers
/// only, blanks that pad numbers, rows without any value at the end, a last line without its end.
///
/// # Errors
/// [`Error::Io`] if `out` refuses; [`Error::Column`] if a column cannot be put back into its source's type;
/// [`Error::Setting`] if the dialect's encoding is unknown or cannot spell a cell.
pub fn write(table: &Table, source: &Source, out: impl Write + Send) -> Result<()> {
    match source.compression {
        Compression::None => write_plain(table, source, out),
        Compression::Gzip => {
            let mut out = flate2::write::GzEncoder::new(out, flate2::Compression::default());
            write_plain(table, source, &mut out)?;
            out.finish().and_then(|mut out| out.flush()).map_err(failed)
        }
        Compression::Zstd => {
            // Zero stands for the library's own default level.
            let mut out = zstd::stream::write::Encoder::new(out, 0).map_err(failed)?;
            write_plain(table, source, &mut out)?;
            out.finish().and_then(|mut out| out.flush()).map_err(failed)
        }
    }
}

pub(super) fn failed(source: std::io::Error) -> Error {
    Error::Io { action: "write", name: "the table".to_owned(), source }
}

fn write_plain(table: &Table, source: &Source, mut out: impl Write + Send) -> Result<()> {
    match source.format {
        Format::Csv => write_text(table, &source.dialect, &mut out)?,
        Format::Parquet => arrow_files::write_parquet(table, &mut out)?,
        Format::Arrow => arrow_files::write_arrow(table, &mut out)?,
    }
    out.flush().map_err(failed)
}

fn write_text(table: &Table, dialect: &Dialect, out: &mut impl Write) -> Result<()> {
    let encoder = Encoder::new(dialect)?;
    let columns: Vec<Column<'_>> = (0..table.n_columns()).map(|i| Column::new(table, i)).collect::<Result<_>>()?;
    if dialect.bom {
        out.write_all(encoder.mark()).map_err(failed)?;
    }
    let line_end = if dialect.crlf { "\r\n" } else { "\n" };
    let mut lines = String::with_capacity(PIECE + 4096);
    if dialect.header {
        for (i, column) in columns.iter().enumerate() {
            delimit(&mut lines, i, dialect);
            let name = column.field.header.as_deref().unwrap_or(&column.field.name);
            push_field(&mut lines, name, dialect.quoting != Quoting::Necessary, dialect.delimiter, dialect.quote);
        }
        end_line(&mut lines, 0, line_end, dialect);
    }
    let mut cell = String::new();
    for row in 0..table.n_rows() {
        let start = lines.len();
        for (i, column) in columns.iter().enumerate() {
            delimit(&mut lines, i, dialect);
            cell.clear();
            let is_text = column.spell(row, dialect.decimal, &mut cell)?;
            let quoted = match dialect.quoting {
                Quoting::Necessary => false,
                Quoting::Always => true,
                Quoting::Text => is_text,
            };
            push_field(&mut lines, &cell, quoted, dialect.delimiter, dialect.quote);
        }
        end_line(&mut lines, start, line_end, dialect);
        if lines.len() >= PIECE {
            encoder.write(&lines, out)?;
            lines.clear();
        }
    }
    encoder.write(&lines, out)
}

fn delimit(lines: &mut String, column_idx: usize, dialect: &Dialect) {
    if column_idx > 0 {
        lines.push(dialect.delimiter);
        if dialect.space_after_delimiter {
            lines.push(' ');
        }
    }
}

fn end_line(lines: &mut String, start: usize, line_end: &str, dialect: &Dialect) {
    // An empty line would be skipped by every reader, and a row lost.
    if lines.len() == start {
        lines.push(dialect.quote);
        lines.push(dialect.quote);
    }
    lines.push_str(line_end);
}

/// A column with all that is needed to spell its cells.
struct Column<'a> {
    field: &'a Field,
    missing: &'a str,
    cells: Cells<'a>,
}

enum Cells<'a> {
    Integer(&'a Int64Array),
    Float(&'a Float64Array, NumberFormat),
    Text(&'a StringArray),
    Boolean(&'a BooleanArray),
    Timestamp(&'a TimestampMicrosecondArray, DatetimeWriter<'a>),
}

impl<'a> Column<'a> {
    fn new(table: &'a Table, column_idx: usize) -> Result<Self> {
        let (field, array) = table.column(column_idx);
        let cells = match field.storage {
            Storage::Integer => Cells::Integer(array.as_primitive::<Int64Type>()),
            Storage::Float => Cells::Float(array.as_primitive::<Float64Type>(), field.number.unwrap_or_default()),
            Storage::Text => Cells::Text(array.as_string()),
            Storage::Boolean => Cells::Boolean(array.as_boolean()),
            Storage::Timestamp => {
                let format = field.datetime.as_deref().unwrap_or("%Y-%m-%d");
                let problem = || "its `datetime` format cannot be written".to_owned();
                let writer = DatetimeWriter::new(format)
                    .ok_or_else(|| Error::Column { column: field.name.clone(), problem: problem() })?;
                Cells::Timestamp(array.as_primitive::<TimestampMicrosecondType>(), writer)
            }
        };
        Ok(Self { field, missing: field.missing.first().map_or("", String::as_str), cells })
    }

    /// Appends the cell to `out`; whether it is text.
    fn spell(&self, row: usize, decimal: char, out: &mut String) -> Result<bool> {
        use std::fmt::Write as _;
        let array: &dyn Array = match &self.cells {
            Cells::Integer(a) => a,
            Cells::Float(a, _) => a,
            Cells::Text(a) => a,
            Cells::Boolean(a) => a,
            Cells::Timestamp(a, _) => a,
        };
        if array.is_null(row) {
            out.push_str(self.missing);
            return Ok(false);
        }
        match &self.cells {
            Cells::Integer(a) => {
                write!(out, "{}", a.value(row)).expect("a string takes everything");
                Ok(false)
            }
            Cells::Float(a, format) => {
                let x = a.value(row);
                if !x.is_finite() {
                    let problem = format!("row {row} is not finite");
                    return Err(Error::Column { column: self.field.name.clone(), problem });
                }
                let text = format.format(x);
                if decimal == '.' {
                    out.push_str(&text)
                } else {
                    out.push_str(&text.replace('.', &decimal.to_string()))
                }
                Ok(false)
            }
            Cells::Text(a) => {
                out.push_str(a.value(row));
                Ok(true)
            }
            Cells::Boolean(a) => {
                out.push_str(if a.value(row) { "true" } else { "false" });
                Ok(true)
            }
            Cells::Timestamp(a, writer) => match writer.write(a.value(row), out) {
                true => Ok(true),
                false => {
                    let problem = format!("row {row} is no date that can be written");
                    Err(Error::Column { column: self.field.name.clone(), problem })
                }
            },
        }
    }
}

/// Text to bytes in the file's encoding.
struct Encoder {
    encoding: &'static Encoding,
}

impl Encoder {
    fn new(dialect: &Dialect) -> Result<Self> {
        let encoding = Encoding::for_label(dialect.encoding.as_bytes());
        let unknown = || Error::Setting {
            name: "encoding",
            allowed: "a label of the WHATWG encoding standard",
            got: dialect.encoding.clone(),
        };
        Ok(Self { encoding: encoding.ok_or_else(unknown)? })
    }

    fn mark(&self) -> &'static [u8] {
        match self.encoding {
            e if e == UTF_8 => &[0xef, 0xbb, 0xbf],
            e if e == UTF_16LE => &[0xff, 0xfe],
            e if e == UTF_16BE => &[0xfe, 0xff],
            _ => &[],
        }
    }

    fn write(&self, text: &str, out: &mut impl Write) -> Result<()> {
        // By the standard, an encoder for UTF-16 does not exist.
        let utf16 = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
        if self.encoding == UTF_16LE {
            return out.write_all(&utf16(u16::to_le_bytes)).map_err(failed);
        }
        if self.encoding == UTF_16BE {
            return out.write_all(&utf16(u16::to_be_bytes)).map_err(failed);
        }
        let (bytes, _, unmappable) = self.encoding.encode(text);
        if unmappable {
            let allowed = "one that can spell every cell (UTF-8 can)";
            return Err(Error::Setting { name: "encoding", allowed, got: self.encoding.name().to_owned() });
        }
        out.write_all(&bytes).map_err(failed)
    }
}
