//! Files in and out.
//!
//! What a file is, is told by its first bytes and never by its name: gzip or Zstandard around Parquet, Arrow IPC or
//! delimited text. A text file's dialect, header and column types are found by looking, and kept in the
//! [`Schema`]'s [`Source`](crate::schema::Source) so that [`write`](fn@write) makes another file of the same form.
//!
//! Everything from outside is bounded by [`Limits`] while it is read. No message and no note shows a cell: they name
//! the line, the column and the rule.
//!
//! With the feature `spreadsheet`, the first sheet of an `.xlsx` workbook is a table too; it is written again as CSV.
//!
//! Left out on purpose: archives, fixed widths, comment lines, and mending what is broken.

mod arrow_files;
mod cells;
mod compression;
mod dialect;
mod header;
#[cfg(feature = "spreadsheet")]
mod sheet;
mod text;
mod write;

use std::path::Path;

use crate::error::{BadInput, Error, Result, Rule};
use crate::schema::{Format, Schema};
use crate::table::Table;
pub use write::{Writer, write};

/// How a table is read.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// Whether the first line of a text file holds the names.
    pub header: Header,
    /// What the columns are. `None`: inferred. With a schema nothing is inferred: columns are matched by name and put
    /// in the schema's order, and a cell that does not fit is an error. The table then has this schema, its
    /// [`Source`](crate::schema::Source) included.
    pub schema: Option<Schema>,
    /// What messages call the input. `None`: the path, or nothing.
    pub name: Option<String>,
    /// How large the input may be.
    pub limits: Limits,
}

/// Whether the first line of a text file holds the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Header {
    /// Judged by whether the first line looks like the others.
    #[default]
    Detect,
    /// It does.
    Yes,
    /// It does not: the columns are called `c1`, `c2`, …
    No,
}

/// How large an input may be. Larger ones are refused by [`Rule::TooLarge`]. The defaults are unmeasured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file, and of what it decompresses to.
    pub bytes: u64,
    /// Bytes after decompression for one byte before; looked at above 16 MiB.
    pub ratio: u64,
    /// Bytes of one cell of text.
    pub cell_bytes: usize,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
}

impl Default for Limits {
    /// 2 GiB less one byte, which is what an Arrow column of text can hold; 250 times; 1 MiB; 100 million; 20 000.
    fn default() -> Self {
        Self { bytes: i32::MAX as u64, ratio: 250, cell_bytes: 1 << 20, rows: 100_000_000, columns: 20_000 }
    }
}

/// A table that was read, and what a person must be told about how.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The table.
    pub table: Table,
    /// Decisions that a person may want to overrule (no header found, dates of unclear order, …), a sentence each.
    /// Columns and lines are named, cells never shown.
    pub notes: Vec<String>,
}

/// Reads the file at `path`.
///
/// # Errors
/// [`Error::Io`] if it cannot be read; [`Error::BadInput`] if what is in it breaks one of the [rules](Rule).
pub fn read_path(path: &Path, options: &ReadOptions) -> Result<Reading> {
    let name = options.name.clone().unwrap_or_else(|| path.display().to_string());
    let failed = |source| Error::Io { action: "read", name: name.clone(), source };
    let n_bytes = std::fs::metadata(path).map_err(failed)?.len();
    if n_bytes > options.limits.bytes {
        return Err(too_many_bytes(options.limits.bytes).in_input(&name).into());
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    read_named(bytes, Some(&name), options)
}

/// Reads a file that is in memory: standard input, or a table that is built in.
///
/// ```
/// use synth_core::io::{ReadOptions, read_bytes};
///
/// let reading = read_bytes("age,sex\n63,m\n41,f\n".into(), &ReadOptions::default())?;
/// assert_eq!(reading.table.n_rows(), 2);
/// assert_eq!(reading.table.numbers(0), [63.0, 41.0]);
/// # Ok::<(), synth_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::BadInput`] if the file breaks one of the [rules](Rule).
pub fn read_bytes(bytes: Vec<u8>, options: &ReadOptions) -> Result<Reading> {
    read_named(bytes, options.name.as_deref(), options)
}

fn read_named(bytes: Vec<u8>, name: Option<&str>, options: &ReadOptions) -> Result<Reading> {
    read_any(bytes, options).map_err(|error| match (error, name) {
        (Error::BadInput(bad), Some(name)) => bad.in_input(name).into(),
        (error, _) => error,
    })
}

fn read_any(bytes: Vec<u8>, options: &ReadOptions) -> Result<Reading> {
    let (bytes, compression) = compression::unpack(bytes, &options.limits)?;
    if bytes.is_empty() {
        return Err(BadInput::new(Rule::EmptyFile, "the file is empty").hint("give a table with rows").into());
    }
    #[cfg(feature = "spreadsheet")]
    if bytes.starts_with(ARCHIVE) {
        return unless_damaged(|| sheet::read(bytes, options));
    }
    match told_by_content(&bytes)? {
        Format::Csv => text::read(bytes, compression, options),
        Format::Parquet => unless_damaged(|| arrow_files::read_parquet(bytes, compression, options)),
        Format::Arrow => unless_damaged(|| arrow_files::read_arrow(bytes, compression, options)),
    }
}

/// Runs a reader that meets some damage with a panic instead of an error, as those of Parquet and Arrow do when one
/// byte of the metadata is changed. The panic hook is run all the same: a program may silence it.
fn unless_damaged(read: impl FnOnce() -> Result<Reading>) -> Result<Reading> {
    // Whatever the reader had in its hands is dropped with it.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).unwrap_or_else(|_| {
        Err(BadInput::new(Rule::Corrupt, "the file is damaged").hint("write the file again").into())
    })
}

/// How a zip archive begins, and so a workbook.
const ARCHIVE: &[u8] = b"PK\x03\x04";

fn told_by_content(bytes: &[u8]) -> Result<Format> {
    const NOT_TABLES: [(&[u8], &str); 6] = [
        (ARCHIVE, "a zip archive or a spreadsheet"),
        (b"\xd0\xcf\x11\xe0", "an old spreadsheet"),
        (b"SQLite format 3\0", "a database"),
        (b"%PDF-", "a PDF document"),
        (b"\x1f\x8b", "compressed twice"),
        (b"\x28\xb5\x2f\xfd", "compressed twice"),
    ];
    if bytes.starts_with(b"PAR1") {
        return Ok(Format::Parquet);
    }
    // The stream form of Arrow has no magic, but opens with a continuation mark that no text has.
    if bytes.starts_with(b"ARROW1") || bytes.starts_with(&[0xff; 4]) {
        return Ok(Format::Arrow);
    }
    match NOT_TABLES.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        Some((_, what)) => Err(BadInput::new(Rule::Unsupported, format!("the file is {what}"))
            .hint("save the table as CSV, Parquet or Arrow IPC")
            .into()),
        None => Ok(Format::Csv),
    }
}

fn too_many_bytes(limit: u64) -> BadInput {
    BadInput::new(Rule::TooLarge, format!("the file has more than {limit} bytes"))
        .hint("split it, or take a sample of its rows")
}

fn too_many_columns(n: usize, limit: usize) -> BadInput {
    BadInput::new(Rule::TooLarge, format!("the table has {n} columns, at most {limit} are read"))
        .hint("leave out those that need not be shared")
}

fn too_many_rows(limit: usize) -> BadInput {
    BadInput::new(Rule::TooLarge, format!("the table has more than {limit} rows")).hint("take a sample of its rows")
}

fn no_rows() -> BadInput {
    BadInput::new(Rule::TooFewRows, "there is no row of data").hint("a header alone has nothing to learn from")
}

/// The positions in the file of the schema's fields, given the file's names.
fn match_names(schema: &Schema, names: &[String]) -> Result<Vec<usize>> {
    const HINT: &str = "the schema and the file must name the same columns, in any order";
    let mut positions = Vec::with_capacity(schema.fields.len());
    for field in &schema.fields {
        let position = names.iter().position(|name| *name == field.name).ok_or_else(|| {
            BadInput::new(Rule::UnknownColumn, "the schema's column is not in the file")
                .in_column(&field.name)
                .hint(HINT)
        })?;
        positions.push(position);
    }
    // Its number and not its name: where a header is missing, what stands there is a cell.
    match names.iter().position(|name| schema.index_of(name).is_none()) {
        Some(extra) => {
            let problem = format!("column {} of the file is not in the schema", extra + 1);
            Err(BadInput::new(Rule::UnknownColumn, problem).hint(HINT).into())
        }
        None => Ok(positions),
    }
}
