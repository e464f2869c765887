//! Tables of databases: SQLite files made here, and a PostgreSQL server where `SYNTH_TEST_POSTGRES` says which.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use synth_core::Error;
use synth_core::io::database::{Address, fetch, read_database};
use synth_core::io::{Limits, ReadOptions, Reading};
use synth_core::schema::{Format, Kind};
use tempfile::TempDir;

/// Stands for a cell that nothing may show.
const CANARY: &str = "CANARY7391";

/// A folder with a database in it.
struct Made(TempDir);

impl Made {
    fn new(sql: &str) -> Self {
        let made = Self(TempDir::new().unwrap());
        made.connection().execute_batch(sql).unwrap();
        made
    }

    fn connection(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("d.db")
    }

    fn read(&self, what: &str) -> Result<Reading, Error> {
        read(&format!("sqlite:{}{what}", self.path().display()))
    }

    #[track_caller]
    fn fails(&self, what: &str, part: &str) -> String {
        fails(&format!("sqlite:{}{what}", self.path().display()), part)
    }
}

fn read(address: &str) -> Result<Reading, Error> {
    read_database(&Address::parse(address)?, &ReadOptions::default())
}

/// The message with its causes; it has the part, and no cell.
#[track_caller]
fn fails(address: &str, part: &str) -> String {
    let error = read(address).unwrap_err();
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        message += &format!(": {error}");
        cause = error.source();
    }
    assert!(message.contains(part), "{part:?} is not in {message:?}");
    for secret in [CANARY, "s3cret", "FROM"] {
        assert!(!message.contains(secret), "{message}");
    }
    message
}

/// Patients with every kind of column, some cells missing.
fn patients() -> String {
    let row = |i: usize| {
        let weight = if i.is_multiple_of(5) { "NULL".to_owned() } else { format!("{}", 50.0 + (i % 17) as f64 / 4.0) };
        let note = ["'with, comma'", "'with \"quote\"'", "''"][i % 3];
        let day = 1 + i % 28;
        format!("({}, '{}', {weight}, '2021-03-{day:02}', {note}, {})", 40 + i % 30, ["f", "m"][i % 2], i % 2)
    };
    let rows: Vec<String> = (0..60).map(row).collect();
    format!(
        "CREATE TABLE patients (age INTEGER, sex TEXT, weight REAL, visit TEXT, note TEXT, died INTEGER);
         INSERT INTO patients VALUES {};",
        rows.join(", ")
    )
}

#[track_caller]
fn check_patients(reading: &Reading) {
    let table = &reading.table;
    assert_eq!((table.n_rows(), table.n_columns()), (60, 6));
    let kinds: Vec<Kind> = table.schema().fields.iter().map(|field| field.kind).collect();
    use Kind::{Boolean, Categorical, Continuous, Datetime, Integer};
    assert_eq!((kinds[0], kinds[2], kinds[3]), (Integer, Continuous, Datetime));
    assert!([Boolean, Categorical].contains(&kinds[1]) && kinds[5] == Boolean, "{kinds:?}");
    assert_eq!(table.numbers(0)[..3], [40.0, 41.0, 42.0]);
    assert_eq!(table.missing(2)[..6], [true, false, false, false, false, true]);
    assert_eq!(table.numbers(2)[1], 50.25);
    assert_eq!(table.labels(4)[0].as_deref(), Some("with, comma"));
    assert_eq!(table.labels(4)[1].as_deref(), Some("with \"quote\""));
    assert!(table.missing(4)[2], "an empty text is missing");
    assert_eq!(table.schema().source.format, Format::Csv);
}

#[test]
fn a_table_is_read_as_a_file_of_text_is() {
    let made = Made::new(&patients());
    for what in ["", "#patients", "#Patients", "#main.patients", "#\"patients\"", "#SELECT * FROM patients"] {
        check_patients(&made.read(what).unwrap());
    }
}

#[test]
fn a_view_and_a_query_are_tables_too() {
    let view = "CREATE VIEW old AS SELECT age, sex FROM patients WHERE age >= 60;
                CREATE TABLE \"odd \"\"name\"\"\" (\"a b\" INTEGER); INSERT INTO \"odd \"\"name\"\"\" VALUES (1), (2);";
    let made = Made::new(&(patients() + view));
    let table = made.read("#old").unwrap().table;
    assert_eq!((table.n_rows(), table.n_columns()), (20, 2));
    let table = made.read("#with t as (select * from old) select age, 1 AS one from t where sex = 'f';").unwrap().table;
    assert_eq!((table.n_rows(), table.schema().fields[1].name.as_str()), (10, "one"));
    let table = made.read("#\"odd \"\"name\"\"\"").unwrap().table;
    assert_eq!((table.n_rows(), table.schema().fields[0].name.as_str()), (2, "a b"));
}

#[test]
fn numbers_are_spelled_as_they_can_be_read() {
    let made = Made::new(
        "CREATE TABLE t (x REAL, n INTEGER, s TEXT);
         INSERT INTO t VALUES (1e300, 9007199254740993, '007'), (-2.5e-12, -1, '008'), (0.1, 0, NULL), (3.0, 7, '1e5');",
    );
    let csv =
        fetch(&Address::parse(&format!("sqlite:{}", made.path().display())).unwrap(), &Limits::default()).unwrap();
    let expected = "x,n,s\n1e300,9007199254740993,007\n-2.5e-12,-1,008\n0.1,0,\n3,7,1e5\n";
    assert_eq!(String::from_utf8(csv).unwrap(), expected);
    assert_eq!(made.read("").unwrap().table.numbers(0), [1e300, -2.5e-12, 0.1, 3.0]);
}

#[test]
fn more_rows_than_a_piece_come_in_their_order() {
    let made = Made::new(
        "CREATE TABLE t (i INTEGER, s TEXT);
         WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 29999)
         INSERT INTO t SELECT i, 'level ' || (i % 3) FROM n;",
    );
    let table = made.read("#t").unwrap().table;
    assert!(table.numbers(0).iter().enumerate().all(|(i, &x)| x == i as f64));
    assert_eq!(table.n_rows(), 30_000);
}

#[test]
fn the_table_must_be_clear() {
    let none = Made::new("CREATE TABLE t (a); DROP TABLE t;");
    none.fails("", "the database has no readable table");
    none.fails("#t", "the database has no readable table");
    let two = Made::new("CREATE TABLE b (x); CREATE VIEW a AS SELECT * FROM b; CREATE INDEX i ON b (x);");
    two.fails("", "the database has 2 tables and views: a, b [unknown-table]");
    two.fails("#c", "no table or view of that name; available: a, b");
    two.fails("#other.b", "no table or view of that name");
    two.fails("#b", "[too-few-rows]");
}

#[test]
fn what_is_no_table_is_refused_and_not_shown() {
    let made = Made::new(&format!(
        "CREATE TABLE blobs (id INTEGER, photo BLOB); INSERT INTO blobs VALUES (1, x'00ff'), (2, NULL);
         CREATE TABLE texts (name TEXT); INSERT INTO texts VALUES ('{CANARY}'), (CAST(x'ff41' AS TEXT));",
    ));
    let blob = made.fails("#blobs", "column `photo`: the column contains bytes, not text or numbers [unsupported]");
    assert!(blob.starts_with("sqlite:") && blob.contains("d.db#blobs, column"), "{blob}");
    made.fails("#texts", "column `name`: the column contains text that is not UTF-8 [unsupported]");
    made.fails(&format!("#SELECT name FROM texts WHERE '{CANARY}'"), "#query");
    made.fails(&format!("#SELECT {CANARY} FROM texts"), "#query: the query has a syntax error");
    made.fails(&format!("#SELECT * FROM {CANARY}"), "#query: SQLite");
    made.fails("#SELECT 1; SELECT 2", "more than one statement");
    made.fails("#DROP TABLE texts", "something else after the #");
    made.fails("#WITH t AS (SELECT 1) DELETE FROM texts", "the query is not read-only");
    made.fails("#SELECT 1; DROP TABLE texts", "cannot read");
    assert_eq!(made.connection().query_row("SELECT count(*) FROM texts", [], |row| row.get(0)), Ok(2));
}

#[test]
fn nothing_is_made_and_nothing_is_changed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("none.db");
    fails(&format!("sqlite:{}", path.display()), "none.db");
    fails(&format!("sqlite:{}", folder.path().display()), "it is a folder");
    fails(&format!("sqlite:file:{}?mode=rwc", path.display()), "cannot read");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    std::fs::write(&path, "no database, but long enough that its header can be looked at by whoever reads it").unwrap();
    fails(&format!("sqlite:{}", path.display()), "not a SQLite database [corrupt]");

    let made = Made::new(&patients());
    let names = |folder: &Path| std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name()).collect::<Vec<_>>();
    let before = (std::fs::read(made.path()).unwrap(), names(made.0.path()));
    made.read("").unwrap();
    assert!(before == (std::fs::read(made.path()).unwrap(), names(made.0.path())));
}

#[test]
fn limits_hold() {
    let made = Made::new(&patients());
    let fails = |limits: Limits| {
        let address = Address::parse(&format!("sqlite:{}", made.path().display())).unwrap();
        let error = read_database(&address, &ReadOptions { limits, ..ReadOptions::default() }).unwrap_err();
        assert!(error.to_string().contains("[too-large]"), "{error}");
    };
    fails(Limits { bytes: 1000, ..Limits::default() });
    fails(Limits { rows: 59, ..Limits::default() });
    fails(Limits { columns: 5, ..Limits::default() });
    fails(Limits { cell_bytes: 4, ..Limits::default() });
}

#[test]
fn a_server_that_is_not_there_is_named_without_the_user() {
    // No server listens on the port of nothing.
    let message = fails("postgres://mary:s3cret@localhost:1/trial#t", "cannot read postgres://localhost/trial#t");
    assert!(!message.contains("mary"), "{message}");
}

/// A table, a view, a query, and what is refused, on a server: `SYNTH_TEST_POSTGRES=postgres://USER:PASSWORD@HOST/DATABASE`,
/// in which schemas may be made.
#[test]
#[expect(clippy::print_stderr, reason = "a test that was skipped must not look like one that passed")]
fn a_server_is_read_and_not_written() {
    let Ok(url) = std::env::var("SYNTH_TEST_POSTGRES") else {
        eprintln!("skipped: SYNTH_TEST_POSTGRES names no server");
        return;
    };
    let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
    let schema = format!("synth_{}", std::process::id());
    let rows = patients().replace(" patients", &format!(" {schema}.patients"));
    let begin = format!(
        "DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}; {rows}
         CREATE VIEW {schema}.old AS SELECT age, sex, age > 65 AS very FROM {schema}.patients WHERE age >= 60;
         CREATE TABLE {schema}.\"Odd \"\"one\"\"\" (a INTEGER); INSERT INTO {schema}.\"Odd \"\"one\"\"\" VALUES (1), (2);
         CREATE TABLE {schema}.photos (id INTEGER, photo BYTEA);
         CREATE TABLE {schema}.types (d DATE, t TIMESTAMPTZ, n NUMERIC(8,2), f DOUBLE PRECISION, b BOOLEAN, i BIGINT, j JSON);
         INSERT INTO {schema}.types SELECT DATE '2020-01-01' + g, now(), g * 1.25, g / 3.0, g % 2 = 0, g, '{{\"a\": 1}}'
         FROM generate_series(1, 40) g;"
    );
    client.batch_execute(&begin).unwrap();
    let read = |what: &str| read(&format!("{url}#{what}")).map(|reading| reading.table);
    let fails = |what: &str, part: &str| fails(&format!("{url}#{what}"), part);

    let address = Address::parse(&format!("{url}#{schema}.patients")).unwrap();
    check_patients(&read_database(&address, &ReadOptions::default()).unwrap());
    let table = read(&format!("{schema}.old")).unwrap();
    assert_eq!((table.n_rows(), table.n_columns()), (20, 3));
    assert_eq!(table.schema().fields[2].kind, Kind::Boolean);
    let table = read(&format!("{schema}.\"Odd \"\"one\"\"\"")).unwrap();
    assert_eq!(table.n_rows(), 2);
    let table = read(&format!("select age from {schema}.patients where sex = 'f' -- women;")).unwrap();
    assert_eq!((table.n_rows(), table.n_columns()), (30, 1));
    let table = read(&format!("{schema}.types")).unwrap();
    let kinds: Vec<Kind> = table.schema().fields.iter().map(|field| field.kind).collect();
    assert_eq!(kinds[0], Kind::Datetime);
    assert_eq!((kinds[2], kinds[3], kinds[4]), (Kind::Continuous, Kind::Continuous, Kind::Boolean));
    assert_eq!(table.numbers(2)[3], 5.0);
    assert_eq!(table.numbers(3)[0], 1.0 / 3.0);

    fails("", "something else after the #");
    fails(&format!("{schema}.photos"), "column `photo`: the column contains bytes");
    fails(&format!("{schema}.Patients"), "no table or view of that name; available: ");
    fails(&format!("SELECT * FROM {schema}.{CANARY}"), "SQLSTATE 42P01");
    fails(&format!("SELECT {CANARY} FROM {schema}.patients"), "SQLSTATE 42703");
    fails(&format!("SELECT '{CANARY}'::integer"), "SQLSTATE 22P02");
    fails(&format!("SELECT ('{CANARY}' || age)::integer FROM {schema}.patients"), "SQLSTATE 22P02");
    fails(&format!("SELECT 1) TO PROGRAM 'touch {CANARY}' --"), "SQLSTATE 42601");
    fails("SELECT 1; SELECT 2", "SQLSTATE 42601");
    let delete = format!("WITH gone AS (DELETE FROM {schema}.patients RETURNING age) SELECT * FROM gone");
    fails(&delete, "the query is not read-only");
    let n: i64 = client.query_one(&format!("SELECT count(*) FROM {schema}.patients"), &[]).unwrap().get(0);
    assert_eq!(n, 60);
    let limits = Limits { bytes: 1000, ..Limits::default() };
    let error = read_database(&address, &ReadOptions { limits, ..ReadOptions::default() }).unwrap_err();
    assert!(error.to_string().contains("[too-large]"), "{error}");
    // This server may have no TLS; what is asked for is not given up.
    let required = format!("{url}{}sslmode=require#{schema}.patients", if url.contains('?') { "&" } else { "?" });
    let error = self::read(&required).err();
    assert!(error.is_none_or(|error| std::error::Error::source(&error).is_some_and(|e| e.to_string().contains("TLS"))));
    client.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).unwrap();
}
