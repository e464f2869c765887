//! Tables read from files: what a file is, is told by its first bytes.

use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;

use super::dataset::{self, Key, Part};
use super::gathered::{Gathered, Reading};
use super::input::{Input, named};
use super::options::ReadOptions;
#[cfg(feature = "spreadsheet")]
use super::sheet;
use super::text;
use super::typed::Typed;
use crate::error::{BadInput, Error, InputRule, Result};
use crate::schema::{Compression, Format};
use crate::table::Table;

/// Reads the file at `path`, or the files that it stands for, as [`read_paths`].
///
/// # Errors
/// [`Error::Io`](crate::Error::Io) if it cannot be read; [`Error::BadInput`](crate::Error::BadInput) if what is in it breaks one of the [rules](InputRule).
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
/// [`Source`](crate::schema::Source) is that of the first file. The [`Limits`](super::Limits) hold for all files together, and
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
/// [`Error::Io`](crate::Error::Io) if a file cannot be read; [`Error::BadInput`](crate::Error::BadInput) if what is in it breaks one of the [rules](InputRule), if there is no
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
/// [`Error::BadInput`](crate::Error::BadInput) if the file breaks one of the [rules](InputRule).
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

/// Reads a table that is in memory as Arrow record batches, one below the other. What its columns are is inferred as of a Parquet
/// file, and kinds of columns are refused as there; columns of later batches are matched by name.
///
/// # Errors
/// [`Error::BadInput`](crate::Error::BadInput) if the table breaks one of the [rules](InputRule), one without rows among them;
/// [`Error::Other`](crate::Error::Other) if `batches` gives an error.
pub fn read_batches<E>(
    batches: impl IntoIterator<Item = std::result::Result<RecordBatch, E>>,
    options: &ReadOptions,
) -> Result<Reading>
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut gathered = Gathered::default();
    let (format, compression) = (Format::default(), Compression::default());
    let read = |typed: &mut Typed, n_before: u64| {
        for batch in batches {
            typed.add_batch(&batch.map_err(|error| Error::Other(error.into()))?, &options.limits)?;
        }
        Ok(n_before)
    };
    let added = gathered.add_typed(options.name.as_deref(), format, compression, &[], read);
    let reading = added.and_then(|()| gathered.finish(options.schema.as_ref()));
    reading.map_err(|error| named(error, options.name.as_deref()))
}

impl Table {
    /// The table of Arrow record batches: of an iterator of them, such as an [`arrow::record_batch::RecordBatchReader`]. As
    /// [`read_batches`] without options.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use arrow::array::{ArrayRef, Int32Array, RecordBatch, RecordBatchIterator, StringArray};
    /// use synth_core::{Kind, Table, arrow};
    ///
    /// let age: ArrayRef = Arc::new(Int32Array::from_iter([Some(63), None, Some(41)]));
    /// let sex: ArrayRef = Arc::new(StringArray::from_iter_values(["m", "f", "f"]));
    /// let batch = RecordBatch::try_from_iter([("age", age), ("sex", sex)])?;
    /// let schema = batch.schema();
    ///
    /// let table = Table::from_batches(RecordBatchIterator::new([Ok(batch.clone()), Ok(batch)], schema))?;
    /// assert_eq!((table.n_rows(), table.schema().fields[1].kind), (6, Kind::Categorical));
    /// assert_eq!(table.numbers(0)[5], 41.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`read_batches`].
    pub fn from_batches<E>(batches: impl IntoIterator<Item = std::result::Result<RecordBatch, E>>) -> Result<Self>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        Ok(read_batches(batches, &ReadOptions::default())?.table)
    }
}

/// Adds the rows of a file of which nothing is known.
pub(super) fn add(gathered: &mut Gathered, input: &Input, keys: &[Key], options: &ReadOptions) -> Result<()> {
    const N_TELLING: u64 = 16;
    let start = input.start(N_TELLING)?;
    if start.is_empty() {
        return Err(BadInput::new(InputRule::EmptyFile, "the file is empty").hint("give a table with rows").into());
    }
    let name = input.name.as_deref();
    let limits = &options.limits;
    #[cfg(feature = "spreadsheet")]
    if start.starts_with(ARCHIVE) {
        return unless_damaged(|| sheet::add(gathered, input, keys, options));
    }
    match told_by_content(&start)? {
        Format::Csv => {
            let known = options.known_names();
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

/// Runs a reader that meets some damage with a panic instead of an error, as those of Parquet and Arrow do when one
/// byte of the metadata is changed. The panic hook is run all the same: a program may silence it.
fn unless_damaged<T>(read: impl FnOnce() -> Result<T>) -> Result<T> {
    // Whatever the reader had in its hands is dropped with it, and what it added to is not gone on with.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).unwrap_or_else(|_| {
        Err(BadInput::new(InputRule::Corrupt, "the file is damaged").hint("write the file again").into())
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
        Some((_, what)) => Err(BadInput::new(InputRule::Unsupported, format!("the file is {what}"))
            .hint("save the table as CSV, Parquet or Arrow IPC")
            .into()),
        None => Ok(Format::Csv),
    }
}
