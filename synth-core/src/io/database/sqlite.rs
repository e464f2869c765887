//! A SQLite file, opened for reading.
//!
//! Cells are spelled as those of a spreadsheet are: whole numbers without a point, NULL as nothing.

use std::io::{Read, Result as IoResult};
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, Row, Rows};

use super::{What, as_read, no_bytes, no_such_table, quoted, refused, the_only};
use crate::error::{BadInput, Error, InputRule, Result};

/// CSV is made in pieces of about this many bytes.
const PIECE: usize = 64 << 10;

/// Hands the table over as CSV.
pub(super) fn stream<T>(
    path: &Path,
    what: &What,
    name: &str,
    read: impl FnOnce(&mut dyn Read) -> Result<T>,
) -> Result<T> {
    // SQLite's own error would not tell why.
    std::fs::File::open(path).map_err(|source| Error::cannot_read(name, source))?;
    if path.is_dir() {
        return Err(refused(name, "it is a folder"));
    }
    let failed = |error: rusqlite::Error| told(&error, name);
    // Without the flag for making one, and without that for addresses within the path.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    // Whoever made the file may have put functions into its views.
    connection.pragma_update(None, "trusted_schema", false).map_err(failed)?;
    let query = match what {
        What::Query(query) => query.clone(),
        What::Only => format!("SELECT * FROM {}", quoted(&the_only(tables(&connection).map_err(failed)?)?)),
        What::Name(table) => {
            let tables = tables(&connection).map_err(failed)?;
            let own = if table[0] == "main" { &table[1..] } else { table };
            // SQLite knows no capitals in names.
            let found = tables.iter().find(|there| there.len() == own.len() && same(&there[0], &own[0]));
            format!("SELECT * FROM {}", quoted(found.ok_or_else(|| no_such_table(&tables))?))
        }
    };
    let mut statement = connection.prepare(&query).map_err(failed)?;
    if !statement.readonly() {
        return Err(refused(name, "the query is not read-only"));
    }
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(&columns).expect("memory takes all");
    let piece = csv.into_inner().expect("memory takes all");
    let rows = statement.query([]).map_err(failed)?;
    read(&mut Csv { rows, columns, name, piece, at: 0 })
}

fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

fn tables(connection: &Connection) -> rusqlite::Result<Vec<Vec<String>>> {
    let query = r"SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
                  ORDER BY name";
    connection.prepare(query)?.query_map([], |row| Ok(vec![row.get(0)?]))?.collect()
}

/// What SQLite refuses, without its message, which quotes the query.
fn told(error: &rusqlite::Error, name: &str) -> Error {
    let corrupt = |problem: &str| BadInput::new(InputRule::Corrupt, problem).hint("use an intact copy").into();
    match (error, error.sqlite_error_code()) {
        (_, Some(ErrorCode::NotADatabase)) => corrupt("not a SQLite database"),
        (_, Some(ErrorCode::DatabaseCorrupt)) => corrupt("the database is damaged"),
        (_, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)) => refused(name, "locked by another program"),
        (_, Some(ErrorCode::ReadOnly)) => refused(name, "the query is not read-only"),
        (rusqlite::Error::MultipleStatement, _) => refused(name, "more than one statement"),
        (rusqlite::Error::SqliteFailure(failure, _), _) => {
            refused(name, format!("SQLite rejects it (code {})", failure.extended_code))
        }
        (rusqlite::Error::SqlInputError { .. }, _) => {
            refused(name, "the query has a syntax error, or names a table or column that does not exist")
        }
        _ => refused(name, "SQLite rejects it"),
    }
}

/// The rows as CSV, made as they are read.
struct Csv<'a> {
    rows: Rows<'a>,
    columns: Vec<String>,
    name: &'a str,
    piece: Vec<u8>,
    at: usize,
}

impl Read for Csv<'_> {
    fn read(&mut self, out: &mut [u8]) -> IoResult<usize> {
        if self.at == self.piece.len() {
            self.fill().map_err(as_read)?;
        }
        let n = (&self.piece[self.at..]).read(out)?;
        self.at += n;
        Ok(n)
    }
}

impl Csv<'_> {
    /// Makes the next piece; an empty one at the end.
    fn fill(&mut self) -> Result<()> {
        self.at = 0;
        self.piece.clear();
        let mut csv = csv::Writer::from_writer(std::mem::take(&mut self.piece));
        let mut n_bytes = 0;
        while n_bytes < PIECE {
            let Some(row) = self.rows.next().map_err(|error| told(&error, self.name))? else { break };
            let cells = (0..self.columns.len()).map(|i| spelling(row, i, &self.columns[i]));
            let cells: Vec<String> = cells.collect::<Result<_>>()?;
            n_bytes += cells.iter().map(String::len).sum::<usize>() + cells.len();
            csv.write_record(&cells).expect("rows of a query are equally long, and memory takes all");
        }
        self.piece = csv.into_inner().expect("memory takes all");
        Ok(())
    }
}

fn spelling(row: &Row<'_>, i: usize, column: &str) -> Result<String> {
    match row.get_ref(i).expect("a row has the columns of its query") {
        ValueRef::Null => Ok(String::new()),
        ValueRef::Integer(x) => Ok(x.to_string()),
        // Without hundreds of zeros.
        ValueRef::Real(x) if x != 0.0 && !(1e-5..1e16).contains(&x.abs()) => Ok(format!("{x:e}")),
        ValueRef::Real(x) => Ok(x.to_string()),
        ValueRef::Text(bytes) => String::from_utf8(bytes.to_vec()).map_err(|_| {
            BadInput::new(InputRule::Unsupported, "the column contains text that is not UTF-8").in_column(column).into()
        }),
        ValueRef::Blob(_) => Err(no_bytes(column).into()),
    }
}
