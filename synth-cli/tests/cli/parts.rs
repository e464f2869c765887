//! Tables in a form of one's own, and in several files.

use crate::support::{DEMO, Folder, plain};

const FAST: [&str; 3] = ["--engine", "copula", "--quiet"];

/// The lines of files, one below the other, with the first line of the first alone.
fn below_each_other(folder: &Folder, names: &[String]) -> String {
    let texts: Vec<String> = names.iter().map(|name| String::from_utf8(folder.read(name)).unwrap()).collect();
    let header = texts[0].split_inclusive('\n').next().unwrap();
    let bodies = texts.iter().map(|text| text.strip_prefix(header).expect("each file has its own header"));
    bodies.fold(header.to_owned(), |all, body| all + body)
}

/// The names in a folder that begin with `start`.
fn named(folder: &Folder, within: &str, start: &str) -> Vec<String> {
    let names = folder.names(within).into_iter().filter(|name| name.starts_with(start));
    names.map(|name| if within.is_empty() { name } else { format!("{within}/{name}") }).collect()
}

fn copula(folder: &Folder) {
    folder.synth(&["fit", DEMO, "--engine", "copula", "--model", "m"]).with(0);
}

fn sample(folder: &Folder, rows: &str, args: &[&str]) {
    folder.synth(&[&["sample", "m", "--rows", rows], args].concat()).with(0);
}

#[test]
fn parts_are_the_rows_of_the_whole_in_order() {
    let folder = Folder::new();
    copula(&folder);
    sample(&folder, "100", &["--out", "whole.csv"]);
    let whole = String::from_utf8(folder.read("whole.csv")).unwrap();
    for (split, names) in [
        ("40", vec!["s-1.csv", "s-2.csv", "s-3.csv"]),
        ("50", vec!["s-1.csv", "s-2.csv"]),
        ("100", vec!["s-1.csv"]),
        ("18446744073709551615", vec!["s-1.csv"]),
    ] {
        sample(&folder, "100", &["--out", "s.csv", "--split", split, "--force"]);
        let found = named(&folder, "", "s-");
        assert_eq!(found, names, "stale parts are gone");
        assert_eq!(below_each_other(&folder, &found), whole);
    }
    sample(&folder, "100", &["--out", "s.csv", "--split", "9", "--force"]);
    let found = named(&folder, "", "s-");
    assert_eq!((found.len(), found[0].as_str(), found[11].as_str()), (12, "s-01.csv", "s-12.csv"));
    assert_eq!(below_each_other(&folder, &found), whole);
    // Over the blocks in which rows are drawn.
    sample(&folder, "66000", &["--out", "two.csv"]);
    sample(&folder, "66000", &["--out", "p.csv", "--split", "30000"]);
    let found = named(&folder, "", "p-");
    assert_eq!(found.len(), 3);
    assert!(below_each_other(&folder, &found).as_bytes() == folder.read("two.csv"));
}

#[test]
fn every_form_can_be_split() {
    let folder = Folder::new();
    copula(&folder);
    sample(&folder, "90", &["--out", "whole.csv"]);
    for form in ["tsv.gz", "csv.zst", "parquet", "arrow.gz"] {
        sample(&folder, "90", &["--out", &format!("x.{form}"), "--split", "50"]);
        // Each is a whole file: it can be measured alone.
        let rows: Vec<u64> = ["1", "2"]
            .iter()
            .map(|number| {
                let name = format!("x-{number}.{form}");
                let args = ["evaluate", "--train", "whole.csv", "--synthetic", &name, "--core", "--json"];
                folder.synth(&args).with(0).json()["rows"]["synthetic"].as_u64().unwrap()
            })
            .collect();
        assert_eq!(rows, [50, 40], "{form}");
    }
}

#[test]
fn parts_are_replaced_only_by_force() {
    let folder = Folder::new();
    copula(&folder);
    sample(&folder, "30", &["--out", "s.csv", "--split", "10"]);
    folder.write("s-x.csv", "mine");
    let before = folder.files("");
    let again = ["sample", "m", "--rows", "20", "--out", "s.csv", "--split", "10", "--seed", "5"];
    folder.synth(&again).fails(2, "s-1.csv exists; --force replaces it");
    // Another number of digits is another table of the same name.
    folder.synth(&["sample", "m", "--rows", "20", "--out", "s.csv", "--split", "1"]).fails(2, "s-1.csv exists");
    assert_eq!(folder.files(""), before);
    folder.synth(&[&again[..], &["--force"]].concat()).with(0);
    assert_eq!(folder.names(""), ["m", "s-1.csv", "s-2.csv", "s-x.csv"]);
    // An input is no earlier part, whatever its name.
    std::fs::rename(folder.path("m"), folder.path("t-1.csv")).unwrap();
    let lost = ["sample", "t-1.csv", "--rows", "20", "--out", "t.csv", "--split", "10", "--force"];
    folder.synth(&lost).fails(2, "is an input and would be lost");
    std::fs::create_dir(folder.path("d-2.csv")).unwrap();
    let folder_there = ["sample", "t-1.csv", "--rows", "20", "--out", "d.csv", "--split", "10", "--force"];
    folder.synth(&folder_there).fails(2, "d-2.csv is a folder");
}

#[test]
fn what_cannot_be_split_is_refused_before_the_work() {
    let folder = Folder::new();
    copula(&folder);
    let fails = |args: &[&str], message: &str| {
        folder.synth(&[&["sample", "m", "--rows", "100000"], args].concat()).fails(2, message);
        assert_eq!(folder.names(""), ["m"]);
    };
    fails(&["--out", "-", "--split", "10"], "--split needs --out FILE");
    fails(&["--out", "s.csv", "--split", "0"], "invalid value '0' for '--split <N>'");
    fails(
        &["--out", "s.csv", "--split", "9"],
        "--split 9 makes 11112 files of 100000 rows; the maximum is 10000 files",
    );
    fails(&["--out", "nowhere/s.csv", "--split", "50"], "no folder nowhere");
    let run = ["run", DEMO, "--out", "out"];
    folder.synth(&[&run[..], &["--split", "1", "--rows", "10001"]].concat()).fails(2, "makes 10001 files");
    folder.synth(&[&run[..], &["--format", "xlsx"]].concat()).fails(2, "invalid value 'xlsx' for '--format");
    assert_eq!(folder.names(""), ["m"]);
}

#[test]
fn a_table_with_filled_cells_can_be_split_and_stays_private() {
    let folder = Folder::new();
    folder.fit_masked("m");
    let text = String::from_utf8(std::fs::read(DEMO).unwrap()).unwrap();
    folder.write("in.csv", text.replacen("no,70,", "no,,", 1));
    folder.synth(&["impute", "in.csv", "--model", "m", "--out", "full.csv"]).with(0);
    let args = ["impute", "in.csv", "--model", "m", "--out", "f.csv", "--split", "300", "--json"];
    let said = folder.synth(&args).with(0).json();
    let files: Vec<&str> = said["files"].as_array().unwrap().iter().filter_map(|name| name.as_str()).collect();
    assert_eq!(files, ["f-1.csv", "f-2.csv", "f-3.csv"]);
    let found = named(&folder, "", "f-");
    assert_eq!(found, files);
    assert_eq!(below_each_other(&folder, &found).as_bytes(), folder.read("full.csv"));
    #[cfg(unix)]
    assert!(found.iter().all(|name| folder.is_private(name)));
}

#[test]
fn a_run_writes_the_form_and_the_parts_that_are_asked_for() {
    let folder = Folder::new();
    let run = |args: &[&str]| folder.synth(&[&["run", DEMO, "--out", "out"], args, &FAST[..]].concat());
    run(&["--json"]).with(0);
    let whole = folder.read("out/synthetic.csv");
    let said = run(&["--force", "--split", "200"]).with(0).out();
    let parts = named(&folder, "out", "synthetic");
    let expected: Vec<String> = (1..=4).map(|i| format!("out/synthetic-{i}.csv")).collect();
    assert_eq!(parts, expected, "the whole table of the run before is gone");
    assert_eq!(below_each_other(&folder, &parts).as_bytes(), whole);
    assert!(parts.iter().all(|part| said.contains(part.as_str())), "{said}");
    run(&["--split", "200"]).fails(2, "contains the results of an earlier run; --force replaces them");

    // Each part stands in the log, on the page and in the provenance.
    let verified = folder.synth(&["verify", "out", "--json"]).with(0).json();
    let files: Vec<&str> = verified["files"].as_array().unwrap().iter().filter_map(|name| name.as_str()).collect();
    let page = String::from_utf8(folder.read("out/report.html")).unwrap();
    let document: serde_json::Value = serde_json::from_slice(&folder.read("out/provenance.json")).unwrap();
    for (i, part) in parts.iter().enumerate() {
        let name = part.strip_prefix("out/").unwrap();
        assert!(files.contains(&name) && page.contains(name), "{name}");
        let entity = &document["entity"][format!("synth:synthetic-{}", i + 1)];
        assert_eq!(entity["synth:file"], name);
        assert_eq!(entity["synth:sha256"], synth_compliance::sha256(&folder.read(part)));
        let member = &document["hadMember"][format!("_:m{}", i + 1)];
        assert_eq!(member["prov:entity"], format!("synth:synthetic-{}", i + 1));
        assert_eq!(member["prov:collection"], "synth:synthetic");
    }
    // A part that is changed, that is gone, or that is nobody's.
    let third = folder.read(&parts[2]);
    folder.write(&parts[2], &third[..third.len() - 2]);
    folder.synth(&["verify", "out"]).fails(3, "synthetic-3.csv: modified since it was written");
    std::fs::remove_file(folder.path(&parts[2])).unwrap();
    folder.synth(&["verify", "out"]).fails(3, "synthetic-3.csv: named in the log, but missing");
    folder.write(&parts[2], &third);
    folder.write("out/synthetic-5.csv", &third);
    folder.synth(&["verify", "out"]).fails(3, "synthetic-5.csv: not named in the log");

    // Another form: what was there goes, stray parts too.
    for (form, name) in [("parquet", "synthetic.parquet"), ("tsv.gz", "synthetic.tsv.gz")] {
        run(&["--force", "--format", form]).with(0);
        assert_eq!(named(&folder, "out", "synthetic"), [format!("out/{name}")]);
        assert!(folder.synth(&["verify", "out"]).with(0).out().contains(name));
        // The rows are the same: as CSV they would be the same bytes.
        folder.write("whole.csv", &whole);
        let path = format!("out/{name}");
        let args = ["evaluate", "--train", "whole.csv", "--synthetic", &path, "--core", "--json"];
        assert_eq!(folder.synth(&args).with(0).json()["measures"][0]["outcome"]["measured"]["value"], 0.0, "{form}");
    }
}

#[test]
fn a_refused_table_has_the_form_and_the_parts_too() {
    let folder = Folder::new();
    folder.write("in.csv", plain(150));
    let args =
        ["run", "in.csv", "--out", "out", "--policy", "clinical-strict", "--keep-refused", "--max-attempts", "1"];
    let asked = ["--format", "arrow", "--split", "100"];
    folder.synth(&[&args[..], &asked, &FAST[..]].concat()).with(4);
    let names = named(&folder, "out", "REFUSED");
    assert_eq!(names, ["out/REFUSED-synthetic-1.arrow", "out/REFUSED-synthetic-2.arrow"]);
    #[cfg(unix)]
    assert!(names.iter().all(|name| folder.is_private(name)));
    folder.synth(&["verify", "out"]).with(0);
    // One that is accepted takes them away.
    folder.synth(&[&["run", DEMO, "--out", "out", "--force"], &FAST[..]].concat()).with(0);
    assert!(named(&folder, "out", "REFUSED").is_empty());
}

#[test]
fn form_and_split_are_settings() {
    let folder = Folder::new();
    folder.write("synth.toml", "[run]\nformat = \"tsv\"\nsplit = 400\n");
    folder.synth_with(&[&["run", DEMO, "--out", "out"], &FAST[..]].concat(), b"", &[("SYNTH_SPLIT", "500")]).with(0);
    assert_eq!(named(&folder, "out", "synthetic"), ["out/synthetic-1.tsv", "out/synthetic-2.tsv"]);
    let text = String::from_utf8(folder.read("out/synthetic-1.tsv")).unwrap();
    assert_eq!((text.lines().count(), text.lines().next().unwrap().matches('\t').count()), (501, 9));
    folder.write("synth.toml", "[run]\nformat = \"docx\"\n");
    folder.synth(&["run", DEMO, "--out", "o"]).fails(2, "synth.toml: invalid value 'docx' for '--format");
    let text = folder.synth(&["completions", "bash"]);
    // The folder's settings do not matter to completions, but they must be right.
    text.fails(2, "docx");
    std::fs::remove_file(folder.path("synth.toml")).unwrap();
    let text = folder.synth(&["completions", "bash"]).with(0).out();
    assert!(text.contains("parquet.zst") && text.contains("--split"));
}
