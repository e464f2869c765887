//! Tables of databases as inputs. `data/patients.db` has the table of `support::plain(150)`, and a view of its older rows:
//!
//! ```sql
//! CREATE TABLE patients (age INTEGER, sex TEXT, dose REAL);
//! CREATE VIEW old AS SELECT * FROM patients WHERE age >= 45;
//! ```

#[cfg(not(feature = "database"))]
#[test]
fn a_program_without_databases_says_so_and_shows_no_address() {
    let folder = crate::support::Folder::new();
    let address = "postgres://mary:s3cret@localhost/trial#visit";
    let calls: [&[&str]; 4] = [
        &["run", address, "--out", "out"],
        &["profile", address],
        &["fit", "sqlite:a.db", "--model", "m"],
        &["evaluate", "--train", address, "--synthetic", address],
    ];
    for args in calls {
        let ended = folder.synth(args).fails(2, "this build has no database support");
        assert!(!ended.stderr.contains("mary") && !ended.stderr.contains("s3cret"), "{}", ended.stderr);
    }
    assert!(folder.names("").is_empty());
    // A file may be called so.
    folder.write("sqlite:a.csv", crate::support::plain(20));
    folder.synth(&["profile", "./sqlite:a.csv"]).with(0);
}

#[cfg(feature = "database")]
mod built_in {
    use crate::support::{CANARY, Folder, plain};

    const FAST: [&str; 3] = ["--engine", "copula", "--quiet"];

    /// A folder with the database and the same table as text.
    fn folder() -> Folder {
        let folder = Folder::new();
        folder.write("patients.db", include_bytes!("data/patients.db"));
        folder.write("patients.csv", plain(150));
        folder
    }

    /// No file of a folder has one of the words.
    #[track_caller]
    fn has_none(folder: &Folder, out: &str, words: &[&str]) {
        for (name, bytes) in folder.files(out) {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            words.iter().for_each(|word| assert!(!text.contains(word), "{word:?} is in {name}"));
        }
    }

    #[test]
    fn every_verb_reads_a_table_as_it_reads_a_file() {
        let folder = folder();
        let profile = |input: &str| folder.synth(&["profile", input]).with(0).out();
        assert_eq!(profile("sqlite:patients.db#patients"), profile("patients.csv"));
        let models = ["sqlite:patients.db#patients", "patients.csv"].map(|input| {
            folder.synth(&["fit", input, "--engine", "copula", "--model", "m", "--force"]).with(0);
            folder.read("m")
        });
        assert!(models[0] == models[1], "the rows are the same");
        folder.synth(&["plan", "sqlite:patients.db#patients"]).with(0);
        let args = ["evaluate", "--train", "sqlite:patients.db#SELECT * FROM patients", "--synthetic", "patients.csv"];
        let equal = folder.synth(&[&args[..], &["--core", "--json"]].concat()).with(0).json();
        assert_eq!(equal["rows"]["train"], 150);
        assert_eq!(equal["measures"][0]["outcome"]["measured"]["value"], 0.0);
        let page = ["--html", "page.html", "--core", "--quiet"];
        let query = format!("sqlite:patients.db#SELECT * FROM patients WHERE sex <> '{CANARY}/x'");
        folder.synth(&[&["evaluate", "--train", "patients.csv", "--synthetic", &query], &page[..]].concat()).with(0);
        assert!(!String::from_utf8(folder.read("page.html")).unwrap().contains(CANARY));
        folder.fit_masked("masked");
        folder.synth(&["fit", "patients.csv", "--engine", "masked", "--n-iter", "5", "--model", "own"]).with(0);
        folder.synth(&["impute", "sqlite:patients.db#old", "--model", "own", "--out", "full.csv"]).with(0);
        assert!(String::from_utf8(folder.read("full.csv")).unwrap().starts_with("age,sex,dose\n"));
        folder.synth(&["score", "own", "sqlite:patients.db#patients", "--out", "scores.csv"]).with(0);
    }

    #[test]
    fn a_run_records_where_its_table_was_and_not_the_query() {
        let folder = folder();
        folder.write("key", [9; 32]);
        let query = format!("sqlite:./patients.db#SELECT * FROM patients WHERE sex <> '{CANARY}'");
        let args = ["run", &query, "--out", "out", "--key", "key", "--max-attempts", "1", "--keep-refused"];
        let ended = folder.synth(&[&args[..], &FAST[..]].concat());
        assert!([0, 4, 5].contains(&ended.code), "{ended:?}");
        let log = String::from_utf8(folder.read("out/audit.jsonl")).unwrap();
        assert!(log.contains("\"sqlite:patients.db#query\""), "{log}");
        has_none(&folder, "out", &[CANARY, "SELECT * FROM patients"]);
        assert!(!ended.out().contains(CANARY) && !ended.stderr.contains(CANARY));
        assert!(!folder.path("out/.synth-run").exists());
        // Whoever has the key can show that the table gave these rows.
        let verify = |source: &str| folder.synth(&["verify", "out", "--source", source, "--key", "key"]);
        verify(&query).with(0);
        verify("sqlite:patients.db#patients").with(0);
        verify("sqlite:patients.db#old").fails(3, "not the table that was read");
        // What it writes is text.
        assert!(folder.names("out").iter().any(|name| name.ends_with("synthetic.csv")), "{:?}", folder.names("out"));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_query() {
        let folder = folder();
        let before = folder.names("");
        let fails = |input: &str, code: i32, message: &str| {
            let ended = folder.synth(&["run", input, "--out", "out"]).fails(code, message);
            for secret in [CANARY, "mary", "s3cret"] {
                assert!(!ended.stderr.contains(secret), "{}", ended.stderr);
            }
            assert_eq!(folder.names(""), before);
        };
        fails("sqlite:patients.db", 3, "the database has 2 tables and views: old, patients [unknown-table]");
        fails("sqlite:patients.db#none", 3, "sqlite:patients.db#none: no table or view of that name");
        fails("sqlite:none.db#patients", 3, "cannot read sqlite:none.db#patients: No such file");
        fails("sqlite:patients.csv#t", 3, "not a SQLite database [corrupt]");
        fails(
            "sqlite:patients.db#DROP TABLE patients",
            2,
            "the address of a database must be sqlite:PATH or postgres://",
        );
        fails(
            &format!("sqlite:patients.db#SELECT {CANARY}"),
            3,
            "cannot read sqlite:patients.db#query: the query has a syntax error",
        );
        fails(
            "postgres://mary:s3cret@localhost:1/trial#visit",
            3,
            "cannot read postgres://localhost/trial#visit: error",
        );
        fails("postgres://mary:s3cret@localhost:port/trial#visit", 2, "got another format");
        folder
            .synth(&["impute", "sqlite:patients.db#old", "--out", "patients.db", "--force"])
            .fails(2, "is an input and");
    }

    /// On a server where `SYNTH_TEST_POSTGRES` says which, in which schemas may be made by `psql`.
    #[test]
    #[expect(clippy::print_stderr, reason = "a test that was skipped must not look like one that passed")]
    fn a_server_is_named_without_the_user_and_the_password() {
        let Ok(url) = std::env::var("SYNTH_TEST_POSTGRES") else {
            eprintln!("skipped: SYNTH_TEST_POSTGRES names no server");
            return;
        };
        let folder = folder();
        let (start, server) = url.split_once('@').unwrap();
        let (user, password) = start.trim_start_matches("postgres://").split_once(':').unwrap();
        let rows =
            "SELECT 20 + i * 7 % 50 AS age, CASE WHEN i % 3 = 0 THEN 'm' ELSE 'f' END AS sex, i * 13 % 40 AS dose
                    FROM generate_series(1, 150) i";
        let address = format!("postgres://{user}@{server}#{rows}");
        let run = |password: &str| {
            let args = ["run", &address, "--out", "out", "--force", "--max-attempts", "1", "--keep-refused"];
            folder.synth_with(&[&args[..], &FAST[..]].concat(), b"", &[("PGPASSWORD", password)])
        };
        run("wrong").fails(3, "the server rejects the user or the password (SQLSTATE 28P01)");
        let ended = run(password);
        assert!([0, 4, 5].contains(&ended.code), "{ended:?}");
        let log = String::from_utf8(folder.read("out/audit.jsonl")).unwrap();
        assert!(log.contains("#query\"") && log.contains("\"postgres://"), "{log}");
        has_none(&folder, "out", &[password, &format!("{user}@"), "generate_series"]);
        assert!(!ended.out().contains(password) && !ended.stderr.contains(password));
    }
}
