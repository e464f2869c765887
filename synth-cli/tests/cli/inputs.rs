//! Tables in several files, as patterns and as folders.

use crate::support::{DEMO, Folder};

/// The built-in table in two files, the second in another order of columns, and whole.
fn halves(folder: &Folder) {
    let text = std::fs::read_to_string(DEMO).unwrap();
    let mut lines = text.lines();
    let header = lines.next().unwrap();
    let rows: Vec<&str> = lines.collect();
    let file = |header: &str, rows: &[String]| format!("{header}\n{}\n", rows.join("\n"));
    let plain: Vec<String> = rows[..300].iter().map(|row| (*row).to_owned()).collect();
    folder.write("a.csv", file(header, &plain));
    let turned = |line: &str| {
        let (first, rest) = line.split_once(',').unwrap();
        format!("{rest},{first}")
    };
    let others: Vec<String> = rows[300..].iter().map(|row| turned(row)).collect();
    folder.write("b.csv", file(&turned(header), &others));
    folder.write("whole.csv", &text);
}

const FAST: [&str; 3] = ["--engine", "copula", "--quiet"];

#[test]
fn several_files_give_the_table_that_one_gives() {
    let folder = Folder::new();
    halves(&folder);
    let profile = |inputs: &[&str]| folder.synth(&[&["profile"], inputs].concat()).with(0).out();
    let whole = profile(&["whole.csv"]);
    assert_eq!(profile(&["a.csv", "b.csv"]), whole);
    assert_eq!(profile(&["[ab].csv"]), whole);
    std::fs::create_dir_all(folder.path("data/more")).unwrap();
    std::fs::copy(folder.path("a.csv"), folder.path("data/1.csv")).unwrap();
    std::fs::copy(folder.path("b.csv"), folder.path("data/more/2.csv")).unwrap();
    folder.write("data/_SUCCESS", "");
    assert_eq!(profile(&["data"]), whole);

    folder.synth(&[&["run", "whole.csv", "--out", "one"], &FAST[..]].concat()).with(0);
    folder.synth(&[&["run", "a.csv", "b.csv", "--out", "two"], &FAST[..]].concat()).with(0);
    assert_eq!(folder.read("one/synthetic.csv"), folder.read("two/synthetic.csv"));
    let log = String::from_utf8(folder.read("two/audit.jsonl")).unwrap();
    assert!(log.contains("a.csv and 1 more") && !log.contains(folder.path("").to_str().unwrap()), "{log}");

    folder.synth(&["evaluate", "--core", "--train", "data", "--synthetic", "[a].csv", "--out", "report.json"]).with(0);
    folder.synth(&[&["fit", "data", "--model", "m.synth"], &FAST[..]].concat()).with(0);
    folder.synth(&["plan", "a.csv", "b.csv"]).with(0);
}

#[test]
fn what_is_wrong_with_one_of_the_inputs_is_named() {
    let folder = Folder::new();
    halves(&folder);
    folder.write("c.csv", "x,y\n1,2\n3,4\n");
    folder.synth(&["profile", "a.csv", "c.csv"]).fails(3, "c.csv, column `");
    folder.synth(&["profile", "none-*.csv"]).fails(3, "the pattern matches no file");
    folder.synth(&["profile", "a.csv", "a.csv"]).fails(3, "a.csv: the file is given twice");
    folder.synth(&["profile", "a.csv", "-"]).fails(2, "give `-` alone");
    folder.synth(&["profile"]).fails(2, "required");
    std::fs::create_dir(folder.path("empty")).unwrap();
    folder.synth(&["profile", "empty"]).fails(3, "no table in the folder");

    // What is written must not be among what is read, now or the next time.
    std::fs::create_dir(folder.path("data")).unwrap();
    std::fs::copy(folder.path("a.csv"), folder.path("data/a.csv")).unwrap();
    folder.synth(&["run", "data", "--out", "data/out"]).fails(2, "which is read as a table");
    folder.synth(&["impute", "data", "--out", "data/b.csv"]).fails(2, "which is read as a table");
    folder.synth(&["impute", "[ab].csv", "--out", "b.csv", "--force"]).fails(2, "is an input");
}

#[test]
fn values_of_folders_become_a_column_and_are_not_shown() {
    let folder = Folder::new();
    for (site, rows) in [("CANARY7391", "1,2\n3,4\n"), ("b", "5,6\n7\n")] {
        std::fs::create_dir_all(folder.path(&format!("data/site={site}"))).unwrap();
        folder.write(&format!("data/site={site}/part.csv"), format!("n,m\n{rows}"));
    }
    let ended = folder.synth(&["profile", "data"]);
    ended.fails(3, "site=…/part.csv, line 3");
    folder.write("data/site=b/part.csv", "n,m\n5,6\n7,8\n");
    let ended = folder.synth(&["profile", "data", "--json"]).with(0);
    assert_eq!(ended.json()["field"][2]["name"], "site");
    assert!(!ended.stderr.contains("CANARY7391"));
}

#[test]
fn a_run_of_several_files_is_proved_by_its_key() {
    let folder = Folder::new();
    halves(&folder);
    folder.write("secret.key", "0123456789abcdef0123456789abcdef");
    let args = ["run", "a.csv", "b.csv", "--out", "out", "--key", "secret.key"];
    folder.synth(&[&args, &FAST[..]].concat()).with(0);
    let verify =
        |source: &[&str]| folder.synth(&[&["verify", "out", "--key", "secret.key", "--source"], source].concat());
    verify(&["a.csv", "b.csv"]).with(0);
    verify(&["[ab].csv"]).with(0);
    verify(&["b.csv", "a.csv"]).fails(3, "not the table that was read");
    verify(&["a.csv"]).fails(3, "not the table that was read");
    let mut bytes = folder.read("b.csv");
    bytes.push(b'\n');
    folder.write("b.csv", bytes);
    verify(&["a.csv", "b.csv"]).fails(3, "not the table that was read");
}

#[test]
#[cfg(target_os = "linux")]
fn a_run_of_several_files_that_was_killed_goes_on() {
    use crate::support::SHORT_MASKED;
    let folder = Folder::new();
    halves(&folder);
    let begun = |out| [&["run", "a.csv", "[b].csv", "--out", out, "--max-attempts", "1"], &SHORT_MASKED[..]].concat();
    let whole = folder.synth(&begun("whole"));
    crate::runs::killed(&folder, &begun("out"), |names| names.iter().any(|name| name.ends_with(".synth")));
    let text = folder.read("b.csv");
    folder.write("b.csv", [&text[..], b"\n"].concat());
    let changed = folder.synth_leaving_a_run(&["run", "--resume", "out"]);
    assert!(changed.stderr.contains("has changed since the run started"), "{changed:?}");
    folder.write("b.csv", text);
    folder.synth(&["run", "--resume", "out"]).with(whole.code);
    assert_eq!(folder.files("out"), folder.files("whole"));
}
