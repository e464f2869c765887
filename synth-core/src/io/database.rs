//! Tables in databases, behind the feature `database`: a table, a view or a query of SQLite or PostgreSQL.
//!
//! Both give CSV, a header and a row a line, which is then read as any text is: kinds are auto-detected, an empty text
//! and NULL are both missing, and what is written again is CSV. Nothing is ever written to the database: SQLite files are
//! opened for reading and never made, PostgreSQL is read in one read-only transaction.
//!
//! A [name](Address::name) says where a table is without a user, a password or the text of a query, which may hold a value;
//! so do all messages. What a server says of an error is not shown either, but for its code.
//!
//! PostgreSQL is spoken to over TLS, and its certificate checked against the system's, unless the server is on this
//! machine or `sslmode` says `disable`; with `prefer`, and only then, a server that has no TLS is spoken to without.
//!
//! Left out on purpose: other databases; writing; an order of rows that the database does not promise: a query can ask
//! for one with `ORDER BY`.

mod address;
mod postgres;
mod sqlite;

use std::io::{Error as IoError, Read};

pub use address::Address;

use super::gathered::{Gathered, Reading};
use super::input::{lifted, named};
use super::limits::{Limits, too_many_bytes};
use super::options::{Header, ReadOptions};
use crate::error::{BadInput, Error, InputRule, Result};
use crate::schema::Dialect;
use address::{Place, What};

/// Reads a table from a database, row by row: it is never in memory as text.
///
/// # Errors
/// [`Error::Io`] if the file or the server cannot be read; [`Error::BadInput`] if there is no such table, if no table is
/// named and there is not exactly one, or if what is in it breaks one of the [rules](InputRule).
pub fn read_database(address: &Address, options: &ReadOptions) -> Result<Reading> {
    let name = options.name.clone().unwrap_or_else(|| address.name());
    let gather = |from: &mut dyn Read| gathered(from, &name, options);
    stream(address, gather)?.finish(options.schema.as_ref()).map_err(|error| named(error, Some(&name)))
}

/// The table as CSV with a header, as it is read: for what must see it twice, or prove what it was.
///
/// # Errors
/// As [`read_database`], but for what is in the cells; [`InputRule::TooLarge`] if they are more bytes than `limits` has.
pub fn fetch(address: &Address, limits: &Limits) -> Result<Vec<u8>> {
    let name = address.name();
    stream(address, |from| {
        let mut csv = Vec::new();
        // One byte more than the limit tells that there is more.
        from.take(limits.bytes.saturating_add(1)).read_to_end(&mut csv).map_err(|error| lifted(error, Some(&name)))?;
        if csv.len() as u64 > limits.bytes { Err(too_many_bytes(limits.bytes).into()) } else { Ok(csv) }
    })
}

/// Reads what was [fetched](fetch).
///
/// # Errors
/// [`Error::BadInput`] if what is in it breaks one of the [rules](InputRule).
pub fn read_fetched(csv: &[u8], options: &ReadOptions) -> Result<Reading> {
    let name = options.name.as_deref().unwrap_or("a database");
    let read = gathered(&mut &csv[..], name, options).and_then(|all| all.finish(options.schema.as_ref()));
    read.map_err(|error| named(error, Some(name)))
}

fn gathered(from: &mut dyn Read, name: &str, options: &ReadOptions) -> Result<Gathered> {
    let options = ReadOptions { header: Header::Yes, ..options.clone() };
    let mut gathered = Gathered::default();
    gathered.add_csv(from, Dialect::default(), Some(name), &[], &options)?;
    Ok(gathered)
}

/// Gives the rows as CSV to `read`.
fn stream<T>(address: &Address, read: impl FnOnce(&mut dyn Read) -> Result<T>) -> Result<T> {
    let name = address.name();
    let read = match &address.place {
        Place::Sqlite(path) => sqlite::stream(path, &address.what, &name, read),
        Place::Postgres(config) => postgres::stream(config, &address.what, &name, read),
    };
    read.map_err(|error| named(error, Some(&name)))
}

/// An error of ours as one of reading, which the reader of text gives back as it was.
fn as_read(error: Error) -> IoError {
    match error {
        Error::BadInput(bad) => IoError::other(*bad),
        Error::Io { source, .. } => source,
        error => IoError::other(error),
    }
}

/// The database cannot be read, for a reason in words.
fn refused(name: &str, why: impl Into<String>) -> Error {
    Error::cannot_read(name, IoError::other(why.into()))
}

/// The table that is meant where none is named, of those that there are.
fn the_only(mut tables: Vec<Vec<String>>) -> Result<Vec<String>> {
    match tables.len() {
        1 => Ok(tables.remove(0)),
        0 => Err(BadInput::new(InputRule::UnknownTable, "the database has no readable table").into()),
        n => {
            let problem = format!("the database has {n} tables and views: {}", listed(&tables));
            Err(BadInput::new(InputRule::UnknownTable, problem)
                .hint("append # and the name of one to the address")
                .into())
        }
    }
}

fn no_such_table(tables: &[Vec<String>]) -> Error {
    let problem = match tables {
        [] => "the database has no readable table".to_owned(),
        tables => format!("no table or view of that name; available: {}", listed(tables)),
    };
    BadInput::new(InputRule::UnknownTable, problem).hint("names are case-sensitive").into()
}

/// Some names of tables; a schema has them all.
fn listed(tables: &[Vec<String>]) -> String {
    const SHOWN: usize = 20;
    let names: Vec<String> = tables.iter().take(SHOWN).map(|table| table.join(".")).collect();
    let more = if tables.len() > SHOWN { ", …" } else { "" };
    names.join(", ") + more
}

/// A name as SQL has it, whatever is in it.
fn quoted(name: &[String]) -> String {
    let parts: Vec<String> = name.iter().map(|part| format!("\"{}\"", part.replace('"', "\"\""))).collect();
    parts.join(".")
}

fn no_bytes(column: &str) -> BadInput {
    BadInput::new(InputRule::Unsupported, "the column contains bytes, not text or numbers")
        .in_column(column)
        .hint("exclude it with a query that names the other columns")
}
