//! A PostgreSQL server, read in one read-only transaction.
//!
//! Rows come as the server's own CSV (`COPY … TO STDOUT`): booleans as `t` and `f`, dates in ISO form.

use std::io::Read;

use postgres::error::SqlState;
use postgres::types::Type;
use postgres::{Client, Config, IsolationLevel, Transaction};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{What, as_read, no_bytes, no_such_table, quoted, refused, the_only};
use crate::error::{Error, Result};

/// Hands the table over as CSV.
pub(super) fn stream<T>(
    config: &Config,
    what: &What,
    name: &str,
    read: impl FnOnce(&mut dyn Read) -> Result<T>,
) -> Result<T> {
    let failed = |error: postgres::Error| told(&error, name);
    let mut client = connect(config, name)?;
    let begin = client.build_transaction().read_only(true).isolation_level(IsolationLevel::RepeatableRead);
    let mut transaction = begin.start().map_err(failed)?;
    transaction.batch_execute("SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'iso_8601'").map_err(failed)?;
    let query = match what {
        What::Query(query) => query.clone(),
        What::Name(table) => format!("SELECT * FROM {}", quoted(table)),
        What::Only => format!("SELECT * FROM {}", quoted(&the_only(tables(&mut transaction).map_err(failed)?)?)),
    };
    // It must be one statement by itself, before it is put into another.
    let statement = match (transaction.prepare(&query), what) {
        (Err(error), What::Name(_)) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => {
            // What fails ends a transaction.
            drop(transaction);
            let mut transaction = client.build_transaction().read_only(true).start().map_err(failed)?;
            return Err(no_such_table(&tables(&mut transaction).map_err(failed)?));
        }
        (statement, _) => statement.map_err(failed)?,
    };
    if let Some(column) = statement.columns().iter().find(|column| *column.type_() == Type::BYTEA) {
        return Err(no_bytes(column.name()).into());
    }
    // On lines of their own, that a comment at the query's end does not go on.
    let copy = format!("COPY (\n{query}\n) TO STDOUT WITH (FORMAT csv, HEADER, ENCODING 'UTF8')");
    let mut rows = transaction.copy_out(&copy).map_err(failed)?;
    read(&mut Told { rows: &mut rows, name, is_over: false })
}

fn connect(config: &Config, name: &str) -> Result<Client> {
    // Where the system has no certificates, none can be checked: a server that must have TLS is then refused.
    let tls = match config.get_ssl_mode() {
        postgres::config::SslMode::Disable => None,
        _ => MakeRustlsConnect::with_native_certs().ok(),
    };
    let client = match tls {
        Some((tls, _)) => config.connect(tls),
        None => config.connect(postgres::NoTls),
    };
    client.map_err(|error| told(&error, name))
}

/// The tables and views that the user may read and that are not the server's own, those of `public` by their name alone.
fn tables(transaction: &mut Transaction<'_>) -> std::result::Result<Vec<Vec<String>>, postgres::Error> {
    let query = "SELECT n.nspname::text, c.relname::text
                 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
                   AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
                   AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
                 ORDER BY 1, 2";
    let rows = transaction.query(query, &[])?;
    let named = |schema: String, table: String| if schema == "public" { vec![table] } else { vec![schema, table] };
    Ok(rows.iter().map(|row| named(row.get(0), row.get(1))).collect())
}

/// What the server says, as far as it can be shown: its messages quote cells and queries.
fn told(error: &postgres::Error, name: &str) -> Error {
    let Some(code) = error.code() else {
        let mut why = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            why += &format!(": {error}");
            cause = error.source();
        }
        return refused(name, why);
    };
    let why = match code {
        &SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            "the server rejects the user or the password"
        }
        &SqlState::INVALID_CATALOG_NAME => "the server has no such database",
        &SqlState::INSUFFICIENT_PRIVILEGE => "the user has no permission to read it",
        &SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME => "a table in the query does not exist",
        &SqlState::UNDEFINED_COLUMN => "a column in the query does not exist",
        &SqlState::SYNTAX_ERROR => "the query has a syntax error",
        &SqlState::READ_ONLY_SQL_TRANSACTION => "the query is not read-only",
        _ => "the server rejects it",
    };
    refused(name, format!("{why} (SQLSTATE {})", code.code()))
}

/// Rows whose errors do not show what the server says, and that may be asked for more when there are none.
struct Told<'a, R> {
    rows: &'a mut R,
    name: &'a str,
    is_over: bool,
}

impl<R: Read> Read for Told<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        // Behind its rows the server says something else.
        if self.is_over || out.is_empty() {
            return Ok(0);
        }
        let n = self.rows.read(out).map_err(|error| {
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<postgres::Error>());
            match inner {
                Some(inner) => as_read(told(inner, self.name)),
                None => error,
            }
        })?;
        self.is_over = n == 0;
        Ok(n)
    }
}
