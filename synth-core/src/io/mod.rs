//! Files in and out.
//!
//! What a file is, is told by its first bytes and never by its name: gzip or Zstandard around Parquet, Arrow IPC or
//! delimited text. A text file's dialect, header and column types are found by looking, and kept in the
//! [`Schema`]'s [`Source`](crate::schema::Source) so that [`write`](fn@write) makes another file of the same form.
//!
//! A table may lie in [several files](read_paths), in those that a pattern matches, or in a folder with a data set. Nothing
//! is read into memory as a whole: text goes through decompression and decoding into columns that take about what the cells
//! take in the file, and each column is let go when it has been judged; Parquet and Arrow come batch by batch. What is in
//! memory already, or can be read once only, is kept there as it is until the table is made.
//!
//! Everything from outside is bounded by [`Limits`] while it is read. No message and no note shows a cell: they name
//! the line, the column and the rule.
//!
//! With the feature `spreadsheet`, the first sheet of an `.xlsx` workbook is a table too; it is written again as CSV.
//!
//! With the feature `database`, a table of SQLite or PostgreSQL is one as well: see `database`.
//!
//! Left out on purpose: archives, fixed widths, comment lines, and mending what is broken.

mod arrow_files;
mod cells;
mod compression;
#[cfg(feature = "database")]
pub mod database;
mod dataset;
mod dialect;
mod encoding;
mod gathered;
mod header;
mod input;
mod names;
mod raw;
mod records;
#[cfg(feature = "spreadsheet")]
mod sheet;
#[cfg(test)]
mod tests;
mod text;
mod typed;
mod write;

use std::path::{Path, PathBuf};

use crate::error::{BadInput, Result, Rule};
use crate::schema::{Format, Schema};
use crate::table::Table;
use dataset::{Key, Part};
use gathered::Gathered;
use input::{Input, named};
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

/// Reads the file at `path`, or the files that it stands for, as [`read_paths`].
///
/// # Errors
/// [`Error::Io`](crate::Error::Io) if it cannot be read; [`Error::BadInput`](crate::Error::BadInput) if what is in it breaks one of the [rules](Rule).
pub fn read_path(path: &Path, options: &ReadOptions) -> Result<Reading> {
    read_paths(&[path.to_owned()], options)
}

/// Reads one table from several files, whose rows stand one below the other in the order of the paths.
///
/// A path that names no file and has `*`, `?` or `[…]` in it is a pattern. A folder stands for all its tables of one kind, told
/// by their names: `.parquet` and `.pq`, or `.csv` and `.tsv`, or `.arrow`, `.ipc` and `.feather`, behind compression or not,
/// in the folders below too; what begins with `.` or `_` is passed over. Their files come in the order of their paths. A folder
/// below called `key=value`, as Hive calls them, gives its rows a column `key` behind the others; the value is read as text
/// is, percent signs decoded, `__HIVE_DEFAULT_PARTITION__` as missing.
///
/// Columns are matched by name, in any order, and what they are is judged of all files together. Text files may differ in
/// delimiter, encoding and compression; Parquet and Arrow files must have the same types. The table's
/// [`Source`](crate::schema::Source) is that of the first file. The [`Limits`] hold for all files together, and
/// [`ReadOptions::name`] for a single one.
///
/// ```
/// use synth_core::io::{ReadOptions, read_paths};
///
/// let folder = tempfile::tempdir()?;
/// std::fs::write(folder.path().join("one.csv"), "age,sex\n63,m\n41,f\n")?;
/// std::fs::write(folder.path().join("two.csv"), "sex;age\nf;77\n")?;
/// let table = read_paths(&[folder.path().join("*.csv")], &ReadOptions::default())?.table;
/// assert_eq!(table.numbers(0), [63.0, 41.0, 77.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Io`](crate::Error::Io) if a file cannot be read; [`Error::BadInput`](crate::Error::BadInput) if what is in it breaks one of the [rules](Rule), if there is no
/// file, if one is given twice, or if a file lacks a column of the first or has another. Messages name the file, without the
/// values in the names of folders.
pub fn read_paths(paths: &[PathBuf], options: &ReadOptions) -> Result<Reading> {
    let mut parts = dataset::parts(paths)?;
    if let ([part], Some(name)) = (&mut parts[..], &options.name) {
        part.name.clone_from(name);
    }
    let mut gathered = Gathered::default();
    for Part { path, name, keys } in &parts {
        Input::of_path(path, name.clone(), &options.limits, gathered.n_bytes)
            .and_then(|input| add(&mut gathered, &input, keys, options))
            .map_err(|error| named(error, Some(name)))?;
    }
    let whole = parts.first().filter(|_| parts.len() == 1).map(|part| part.name.as_str());
    gathered.finish(options.schema.as_ref()).map_err(|error| named(error, whole))
}

/// The files that `paths` stand for, as [`read_paths`] reads them, in its order.
///
/// # Errors
/// As [`read_paths`], as far as they can be told without opening a file.
pub fn files_of(paths: &[PathBuf]) -> Result<Vec<TableFile>> {
    let file = |part: Part| {
        let keys = part.keys.into_iter().map(|key| (key.name, key.value)).collect();
        TableFile { path: part.path, keys }
    };
    Ok(dataset::parts(paths)?.into_iter().map(file).collect())
}

/// One of the files of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFile {
    /// Where it is.
    pub path: PathBuf,
    /// The columns that its folders give its rows, each with its value, which is empty where it is missing.
    pub keys: Vec<(String, String)>,
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
/// [`Error::BadInput`](crate::Error::BadInput) if the file breaks one of the [rules](Rule).
pub fn read_bytes(bytes: Vec<u8>, options: &ReadOptions) -> Result<Reading> {
    let name = options.name.clone();
    let read = || {
        let input = Input::of_bytes(bytes.into(), name.clone(), &options.limits)?;
        let mut gathered = Gathered::default();
        add(&mut gathered, &input, &[], options)?;
        drop(input);
        gathered.finish(options.schema.as_ref())
    };
    read().map_err(|error| named(error, name.as_deref()))
}

/// Adds the rows of a file of which nothing is known.
fn add(gathered: &mut Gathered, input: &Input, keys: &[Key], options: &ReadOptions) -> Result<()> {
    const N_TELLING: u64 = 16;
    let start = input.start(N_TELLING)?;
    if start.is_empty() {
        return Err(BadInput::new(Rule::EmptyFile, "the file is empty").hint("give a table with rows").into());
    }
    let name = input.name.as_deref();
    let limits = &options.limits;
    #[cfg(feature = "spreadsheet")]
    if start.starts_with(ARCHIVE) {
        return unless_damaged(|| sheet::add(gathered, input, keys, options));
    }
    match told_by_content(&start)? {
        Format::Csv => {
            let known = known_names(options);
            let file = text::read(input, options, gathered.belongs(known.as_deref()))?;
            gathered.add_text(name, file, keys)
        }
        format @ Format::Parquet => unless_damaged(|| {
            gathered.add_typed(name, format, input.compression, keys, |typed, n_before| {
                typed.add_parquet(input, limits, n_before)
            })
        }),
        format @ Format::Arrow => unless_damaged(|| {
            gathered.add_typed(name, format, input.compression, keys, |typed, _| {
                typed.add_arrow(input, limits).map(|()| input.n_bytes)
            })
        }),
    }
}

/// The names that a file should have by its schema.
fn known_names(options: &ReadOptions) -> Option<Vec<String>> {
    Some(options.schema.as_ref()?.fields.iter().map(|field| field.name.clone()).collect())
}

/// Adds the rows of UTF-8 text from anywhere, whose dialect is known; see [`text::read_known`].
#[cfg(any(feature = "database", feature = "spreadsheet", test))]
fn add_csv(
    gathered: &mut Gathered,
    from: impl std::io::Read,
    dialect: crate::schema::Dialect,
    name: Option<&str>,
    keys: &[Key],
    options: &ReadOptions,
) -> Result<()> {
    let known = known_names(options);
    let file = text::read_known(from, dialect, options, name, gathered.belongs(known.as_deref()))?;
    gathered.add_text(name, file, keys)
}

/// Runs a reader that meets some damage with a panic instead of an error, as those of Parquet and Arrow do when one
/// byte of the metadata is changed. The panic hook is run all the same: a program may silence it.
fn unless_damaged<T>(read: impl FnOnce() -> Result<T>) -> Result<T> {
    // Whatever the reader had in its hands is dropped with it, and what it added to is not gone on with.
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
