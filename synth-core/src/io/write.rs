//! Tables out, in the form of the file they came from.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Float64Type, Int64Type, TimestampMicrosecondType};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::arrow_files::{ArrowWriter, ParquetWriter};
use super::compression::Packed;
use super::dialect::push_field;
use crate::error::{Error, Mismatch, Result};
use crate::schema::{Dialect, Field, Format, NumberFormat, Quoting, Schema, Source, Storage};
use crate::spelling::datetime;
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
    let mut writer = Writer::new(table.schema(), source, out)?;
    writer.write(table)?;
    writer.finish().map(drop)
}

/// Writes a table that comes block by block, in the form that [`write()`] gives it, in memory that does not grow with the
/// rows.
///
/// Text has the same bytes however it is cut into blocks, compressed or not; Parquet and Arrow have the same rows.
///
/// ```
/// use synth_core::io::{ReadOptions, Writer, read_bytes};
///
/// let text = "age,sex\n63,m\n41,f\n";
/// let table = read_bytes(text.into(), &ReadOptions::default())?.table;
/// let mut out = Vec::new();
/// let mut writer = Writer::new(table.schema(), &table.schema().source, &mut out)?;
/// writer.write(&table.take(&[0]))?;
/// writer.write(&table.take(&[1]))?;
/// writer.finish()?;
/// assert_eq!(out, text.as_bytes());
/// # Ok::<(), synth_core::Error>(())
/// ```
pub struct Writer<W: Write + Send> {
    schema: Arc<Schema>,
    form: Form<W>,
}

impl<W: Write + Send> std::fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("schema", &self.schema).finish_non_exhaustive()
    }
}

enum Form<W: Write + Send> {
    Text(Box<TextWriter<Packed<W>>>),
    Parquet(Box<ParquetWriter<Packed<W>>>),
    Arrow(Box<ArrowWriter<Packed<W>>>),
}

impl<W: Write + Send> Writer<W> {
    /// Begins a file for tables under `schema`.
    ///
    /// # Errors
    /// [`Error::Io`] if `out` refuses; [`Error::Column`] if a column's own type is none; [`Error::Setting`] if the
    /// dialect's encoding is unknown.
    pub fn new(schema: &Arc<Schema>, source: &Source, out: W) -> Result<Self> {
        let out = Packed::new(out, source.compression).map_err(failed)?;
        let form = match source.format {
            Format::Csv => Form::Text(Box::new(TextWriter::new(schema, &source.dialect, out)?)),
            Format::Parquet => Form::Parquet(Box::new(ParquetWriter::new(schema, out)?)),
            Format::Arrow => Form::Arrow(Box::new(ArrowWriter::new(schema, out)?)),
        };
        Ok(Self { schema: Arc::clone(schema), form })
    }

    /// Writes the next rows.
    ///
    /// # Errors
    /// As [`write()`]; [`Error::SchemaMismatch`] if `block` has another schema than the file.
    pub fn write(&mut self, block: &Table) -> Result<()> {
        if !Arc::ptr_eq(block.schema(), &self.schema) && block.schema() != &self.schema {
            return Err(Error::SchemaMismatch(Mismatch::Schema));
        }
        match &mut self.form {
            Form::Text(writer) => writer.write(block),
            Form::Parquet(writer) => writer.write(block),
            Form::Arrow(writer) => writer.write(block),
        }
    }

    /// Ends the file, and gives the output back. Without it, the file is cut off.
    ///
    /// # Errors
    /// [`Error::Io`] if the output refuses.
    pub fn finish(self) -> Result<W> {
        let packed = match self.form {
            Form::Text(writer) => writer.finish()?,
            Form::Parquet(writer) => writer.finish()?,
            Form::Arrow(writer) => writer.finish()?,
        };
        packed.finish().and_then(|mut out| out.flush().map(|()| out)).map_err(failed)
    }
}

fn failed(source: std::io::Error) -> Error {
    Error::cannot_write("the table", source)
}

/// Delimited text.
struct TextWriter<W> {
    encoder: Encoder,
    dialect: Dialect,
    /// What has not been handed on yet. It is kept from block to block, so that the pieces are the same however the
    /// table is cut: a compressor may look at where they end.
    lines: String,
    n_rows: usize,
    out: W,
}

impl<W: Write> TextWriter<W> {
    fn new(schema: &Schema, dialect: &Dialect, mut out: W) -> Result<Self> {
        let encoder = Encoder::new(dialect)?;
        if dialect.bom {
            out.write_all(encoder.mark()).map_err(failed)?;
        }
        let mut lines = String::with_capacity(PIECE + 4096);
        if dialect.header {
            for (i, field) in schema.fields.iter().enumerate() {
                delimit(&mut lines, i, dialect);
                let name = field.header.as_deref().unwrap_or(&field.name);
                push_field(&mut lines, name, dialect.quoting != Quoting::Necessary, dialect.delimiter, dialect.quote);
            }
            end_line(&mut lines, 0, dialect);
        }
        Ok(Self { encoder, dialect: dialect.clone(), lines, n_rows: 0, out })
    }

    fn write(&mut self, table: &Table) -> Result<()> {
        let Self { encoder, dialect, lines, n_rows, out } = self;
        let columns: Vec<Column<'_>> = (0..table.n_columns()).map(|i| Column::new(table, i)).collect::<Result<_>>()?;
        let mut cell = String::new();
        for row in 0..table.n_rows() {
            let start = lines.len();
            for (i, column) in columns.iter().enumerate() {
                delimit(lines, i, dialect);
                cell.clear();
                let is_text = column.spell(row, *n_rows, dialect.decimal, &mut cell)?;
                let quoted = match dialect.quoting {
                    Quoting::Necessary => false,
                    Quoting::Always => true,
                    Quoting::Text => is_text,
                };
                push_field(lines, &cell, quoted, dialect.delimiter, dialect.quote);
            }
            end_line(lines, start, dialect);
            if lines.len() >= PIECE {
                encoder.write(lines, out)?;
                lines.clear();
            }
        }
        *n_rows += table.n_rows();
        Ok(())
    }

    fn finish(mut self) -> Result<W> {
        self.encoder.write(&self.lines, &mut self.out)?;
        Ok(self.out)
    }
}

fn delimit(lines: &mut String, column_idx: usize, dialect: &Dialect) {
    if column_idx > 0 {
        lines.push(dialect.delimiter);
        if dialect.space_after_delimiter {
            lines.push(' ');
        }
    }
}

fn end_line(lines: &mut String, start: usize, dialect: &Dialect) {
    // An empty line would be skipped by every reader, and a row lost.
    if lines.len() == start {
        lines.push(dialect.quote);
        lines.push(dialect.quote);
    }
    lines.push_str(if dialect.crlf { "\r\n" } else { "\n" });
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
    Timestamp(&'a TimestampMicrosecondArray, datetime::Writer<'a>),
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
                let writer = datetime::Writer::new(format)
                    .ok_or_else(|| Error::Column { column: field.name.clone(), problem: problem() })?;
                Cells::Timestamp(array.as_primitive::<TimestampMicrosecondType>(), writer)
            }
        };
        Ok(Self { field, missing: field.missing.first().map_or("", String::as_str), cells })
    }

    /// Appends the cell to `out`; whether it is text. The table has `n_before` rows before this block.
    fn spell(&self, row: usize, n_before: usize, decimal: char, out: &mut String) -> Result<bool> {
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
                    let problem = format!("row {} is not finite", n_before + row);
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
            Cells::Timestamp(a, writer) => {
                if writer.write(a.value(row), out) {
                    return Ok(true);
                }
                let problem = format!("row {} is a date that cannot be written", n_before + row);
                Err(Error::Column { column: self.field.name.clone(), problem })
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{ReadOptions, read_bytes};
    use crate::schema::Compression;

    /// 5,000 rows with every storage; some words appear late.
    fn table() -> Table {
        let line = |i: usize| {
            let word = if i.is_multiple_of(7) { String::new() } else { format!("w {}", i * i % (2 + i / 50)) };
            format!("{i},{},\"{word}\",2020-01-{:02},{}\n", i as f64 / 4.0, 1 + i % 28, i.is_multiple_of(3))
        };
        let text: String = (0..5000).map(line).collect();
        let text = format!("n,x,word,when,flag\n{text}");
        read_bytes(text.into(), &ReadOptions::default()).unwrap().table
    }

    fn written(table: &Table, source: &Source, block_rows: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = Writer::new(table.schema(), source, &mut out).unwrap();
        for start in (0..table.n_rows()).step_by(block_rows) {
            let rows: Vec<usize> = (start..table.n_rows().min(start + block_rows)).collect();
            writer.write(&table.take(&rows)).unwrap();
        }
        writer.finish().unwrap();
        out
    }

    #[test]
    fn text_has_the_same_bytes_however_it_is_cut() {
        let table = table();
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let source = Source { compression, ..table.schema().source.clone() };
            let mut whole = Vec::new();
            write(&table, &source, &mut whole).unwrap();
            for block_rows in [1, 999, 5000] {
                assert!(written(&table, &source, block_rows) == whole, "{compression:?} in blocks of {block_rows}");
            }
        }
    }

    #[test]
    fn parquet_and_arrow_have_the_same_rows_however_they_are_cut() {
        let table = table();
        for format in [Format::Parquet, Format::Arrow] {
            for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
                let source = Source { format, compression, ..Source::default() };
                let back = read_bytes(written(&table, &source, 1234), &ReadOptions::default()).unwrap().table;
                assert_eq!(back.batch(), table.batch(), "{format:?}, {compression:?}");
            }
        }
    }

    #[test]
    fn a_slice_is_written_as_the_rows_that_it_has() {
        let table = table();
        for format in [Format::Csv, Format::Parquet, Format::Arrow] {
            let source = Source { format, ..Source::default() };
            let (mut sliced, mut taken) = (Vec::new(), Vec::new());
            write(&table.slice(700..4100), &source, &mut sliced).unwrap();
            write(&table.take(&(700..4100).collect::<Vec<usize>>()), &source, &mut taken).unwrap();
            let [sliced, taken] = [sliced, taken].map(|file| read_bytes(file, &ReadOptions::default()).unwrap().table);
            assert_eq!(sliced.n_rows(), 3400);
            assert_eq!(sliced.batch(), taken.batch(), "{format:?}");
        }
    }

    #[test]
    fn a_dictionary_grows_from_block_to_block() {
        let table = table();
        let mut schema = (**table.schema()).clone();
        schema.fields[2].arrow = Some("Dictionary(Int32, Utf8)".to_owned());
        schema.fields[0].arrow = Some("Dictionary(Int64, Int64)".to_owned());
        let table = table.with_schema(Arc::new(schema)).unwrap();
        for format in [Format::Parquet, Format::Arrow] {
            let source = Source { format, ..Source::default() };
            let back = read_bytes(written(&table, &source, 700), &ReadOptions::default()).unwrap().table;
            assert_eq!(back.batch(), table.batch(), "{format:?}");
            assert_eq!(back.schema().fields[2].arrow, table.schema().fields[2].arrow, "{format:?}");
        }
        // Arrow's own reader of files, which goes by the footer, finds them too.
        let file = written(&table, &Source { format: Format::Arrow, ..Source::default() }, 700);
        let reader = arrow::ipc::reader::FileReader::try_new(std::io::Cursor::new(file), None).unwrap();
        let n_rows: usize = reader.map(|batch| batch.unwrap().num_rows()).sum();
        assert_eq!(n_rows, 5000);
    }

    #[test]
    fn a_block_of_another_table_is_refused() {
        let table = table();
        let other = read_bytes("a\n1\n2\n".into(), &ReadOptions::default()).unwrap().table;
        let mut writer = Writer::new(table.schema(), &Source::default(), Vec::new()).unwrap();
        assert!(matches!(writer.write(&other), Err(Error::SchemaMismatch(_))));
    }

    #[test]
    fn a_cell_that_cannot_be_written_is_counted_from_the_first_block() {
        let table = table();
        let infinite: arrow::array::ArrayRef = Arc::new(Float64Array::from(vec![f64::INFINITY; 5000]));
        let mut columns = table.batch().columns().to_vec();
        columns[1] = infinite;
        let bad = Table::new(Arc::clone(table.schema()), columns).unwrap();
        let mut writer = Writer::new(table.schema(), &table.schema().source, Vec::new()).unwrap();
        writer.write(&table).unwrap();
        let error = writer.write(&bad).unwrap_err().to_string();
        assert_eq!(error, "column `x`: row 5000 is not finite");
    }
}
