//! What must not leave does not leave: identifiers planted in a table are looked for in everything a run writes.

use std::collections::BTreeSet;

use crate::support::Folder;

const N_ROWS: usize = 240;

/// A column of planted identifiers: its name, the letter of its kind in 45 CFR 164.514(b)(2)(i), and its cells.
struct Planted {
    name: &'static str,
    letter: char,
    cell: fn(usize) -> String,
}

/// Numbers without a pattern, the same on every machine.
fn noise(column: u64, row: usize) -> u64 {
    let mut z = column.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(row as u64).wrapping_add(0x1234_5678_9abc_def1);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn letters(column: u64, row: usize, n: u32) -> String {
    (0..n).map(|i| char::from(b'a' + (noise(column + 100, row) / 26_u64.pow(i) % 26) as u8)).collect()
}

fn word(column: u64, row: usize, n: u32) -> String {
    let word = letters(column, row, n);
    word[..1].to_uppercase() + &word[1..]
}

/// All eighteen kinds, in spellings that no pattern of the textbook has.
fn planted() -> Vec<Planted> {
    let planted = |name, letter, cell: fn(usize) -> String| Planted { name, letter, cell };
    vec![
        planted("Patient Name", 'A', |i| format!("\"{}, {}\"", word(1, i, 9).to_uppercase(), word(2, i, 7))),
        planted("Anschrift", 'B', |i| format!("{} {}strasse {}", 1 + i % 90, word(3, i, 9), 1 + i % 7)),
        planted("home_city", 'B', |i| format!("{}berg", word(4, i, 8))),
        planted("dateOfBirth", 'C', |i| format!("{}-{:02}-{:02}", 1940 + i % 60, 1 + i % 12, 1 + i % 28)),
        planted("TEL.", 'D', |i| match i % 2 {
            0 => format!("+41 (0)79 {:03} {:02} {:02}", noise(6, i) % 1000, noise(7, i) % 100, i % 100),
            _ => format!("(212) {:03}-{:04}", 200 + noise(6, i) % 800, noise(7, i) % 10_000),
        }),
        planted("fax_no", 'E', |i| format!("+1-646-{:03}-{:04}", 200 + noise(8, i) % 800, noise(9, i) % 10_000)),
        planted("eMail", 'F', |i| match i % 2 {
            0 => format!("{} (at) {}.org", letters(10, i, 9), letters(11, i, 6)),
            _ => format!("{}.{}@{}.CH", word(10, i, 6), letters(11, i, 8), letters(12, i, 5)),
        }),
        planted("SSN", 'G', |i| {
            format!("{:03}{:02}{:04}", 1 + noise(13, i) % 660, 1 + noise(14, i) % 98, 1 + noise(15, i) % 9998)
        }),
        planted("mrn", 'H', |i| format!("MR{:08}", noise(16, i) % 100_000_000)),
        planted("health_plan_member_id", 'I', |i| format!("HP-{}-{:06}", letters(17, i, 3), noise(18, i) % 1_000_000)),
        planted("account_number", 'J', |i| format!("{:012}", noise(19, i) % 1_000_000_000_000)),
        planted("driver license", 'K', |i| format!("D{:07}", noise(20, i) % 10_000_000)),
        planted("license_plate", 'L', |i| {
            format!("{}-{:05}", letters(21, i, 3).to_uppercase(), noise(22, i) % 100_000)
        }),
        planted("device_serial_no", 'M', |i| format!("SN{:09}", noise(23, i) % 1_000_000_000)),
        planted("homepage", 'N', |i| format!("HTTPS://{}.example.net/~{}", letters(24, i, 7), letters(25, i, 7))),
        planted("ip_addr", 'O', |i| {
            format!("{}.{}.{}.{}", 11 + noise(26, i) % 80, noise(27, i) % 256, noise(28, i) % 256, 1 + i % 250)
        }),
        planted("fingerprint", 'P', |i| (0..6).map(|part| format!("{:016x}", noise(40 + part, i))).collect()),
        planted("photo", 'Q', |i| format!("/9j/4AAQ{}{}", letters(31, i, 12), word(32, i, 12))),
        planted("study_code", 'R', |i| format!("{:08x}-{:04x}", noise(33, i) >> 32, noise(34, i) & 0xffff)),
        planted("remarks", 'F', |i| {
            format!("seen by {} and call {}@mail.example soon and then rest", word(35, i, 8), letters(36, i, 9))
        }),
    ]
}

/// The planted columns among four that are measured.
fn table() -> String {
    let planted = planted();
    let names: Vec<&str> = planted.iter().map(|column| column.name).collect();
    let mut text = format!("age,sex,dose,{},stage\n", names.join(","));
    for i in 0..N_ROWS {
        let age = if i % 40 == 7 { 90 + i % 9 } else { 25 + i * 7 % 60 };
        let cells: Vec<String> = planted.iter().map(|column| (column.cell)(i)).collect();
        let (sex, dose) = (["m", "f"][usize::from(age > 50)], (i * 13 % 50) as f64 / 4.0 + 0.25);
        text += &format!("{age},{sex},{dose},{},{}\n", cells.join(","), ["I", "II", "III"][i % 3]);
    }
    text
}

/// Everything that a run wrote and said, in small letters.
fn everything(folder: &Folder, out: &str, ended: &crate::support::Ended) -> Vec<(String, String)> {
    let small = |bytes: &[u8]| String::from_utf8_lossy(bytes).to_lowercase();
    let files = folder.files(out).into_iter().map(|(name, bytes)| (name, small(&bytes)));
    let said = [("stdout".to_owned(), small(&ended.stdout)), ("stderr".to_owned(), ended.stderr.to_lowercase())];
    files.chain(said).collect()
}

#[track_caller]
fn assert_nothing_survives(outputs: &[(String, String)], columns: &[Planted]) {
    for column in columns {
        for row in (0..N_ROWS).step_by(3) {
            let cell = (column.cell)(row).to_lowercase();
            let cell = cell.trim_matches('"');
            for (name, text) in outputs {
                assert!(!text.contains(cell), "row {row} of `{}` is in {name}", column.name);
            }
        }
    }
}

#[test]
fn planted_identifiers_of_all_kinds_are_named_and_none_survives() {
    let folder = Folder::new();
    folder.write("in.csv", table());
    let common = ["--engine", "copula", "--keep-refused", "--max-attempts", "1"];
    for policy in ["hipaa", "gdpr", "research"] {
        let args = ["run", "in.csv", "--out", policy, "--policy", policy];
        let ended = folder.synth(&[&args[..], &common[..]].concat());
        assert!([0, 4, 5].contains(&ended.code), "{ended:?}");
        let outputs = everything(&folder, policy, &ended);
        assert!(outputs.iter().any(|(name, _)| name.ends_with("synthetic.csv")), "{policy}");
        let mut columns = planted();
        // Under an agreement dates may stay in the table; they are capped and learnt like any number.
        columns.retain(|column| policy != "research" || column.letter != 'C');
        assert_nothing_survives(&outputs, &columns);

        let report: serde_json::Value = serde_json::from_slice(&folder.read(&format!("{policy}/report.json"))).unwrap();
        let found: BTreeSet<&str> =
            report["findings"].as_array().unwrap().iter().map(|f| f["column"].as_str().unwrap()).collect();
        for column in &planted() {
            assert!(found.contains(column.name), "`{}` was not found: {found:?}", column.name);
        }
        let stdout = ended.out();
        for letter in 'A'..='R' {
            assert!(stdout.contains(&format!("(Safe Harbor {letter})")), "{letter} is not named: {stdout}");
        }
        // Ages over 89 are one.
        let table = outputs.iter().find(|(name, _)| name.ends_with("synthetic.csv")).unwrap();
        let ages = table.1.lines().skip(1).map(|line| line.split(',').next().unwrap().parse::<f64>().unwrap());
        assert!(ages.into_iter().all(|age| age <= 90.0));
    }
}

#[test]
fn the_same_holds_for_the_model_of_an_accepted_run_and_for_every_engine() {
    let folder = Folder::new();
    folder.write("in.csv", table());
    // A limit that every table keeps, so that the model is written as well.
    let policy = "name = \"open\"\nversion = \"1\"\ntitle = \"t\"\nmin_rows = 10\n\
                  [[gates]]\nmeasure = \"ks_mean\"\nmax = 1.0\nsource = \"a test\"\n";
    folder.write("open.toml", policy);
    for engine in [&["--engine", "copula"][..], &crate::support::SHORT_MASKED, &crate::support::SHORT] {
        let args = ["run", "in.csv", "--out", "out", "--policy", "open.toml", "--force", "--max-attempts", "1"];
        let ended = folder.synth(&[&args[..], engine].concat());
        assert_eq!(ended.code, 0, "{ended:?}");
        let outputs = everything(&folder, "out", &ended);
        assert!(outputs.iter().any(|(name, _)| name == "model.synth"));
        assert_nothing_survives(&outputs, &planted());
    }
    // Nor does what is drawn from it later, on any number of threads.
    let draw = |threads: &str| {
        let ended =
            folder.synth(&["sample", "out/model.synth", "--rows", "500", "--out", "-", "--threads", threads]).with(0);
        assert_nothing_survives(&[("sample".to_owned(), ended.out().to_lowercase())], &planted());
        ended.out()
    };
    assert_eq!(draw("1"), draw("2"));
}

#[test]
fn the_schema_of_a_run_asks_for_the_same_again() {
    let folder = Folder::new();
    folder.write("in.csv", table());
    let run = |out: &str, schema: &[&str]| {
        let args = ["run", "in.csv", "--out", out, "--engine", "copula", "--max-attempts", "1", "--keep-refused"];
        folder.synth(&[&args[..], schema].concat());
        folder.files(out)
    };
    let first = run("one", &[]);
    let again = run("two", &["--schema", "one/schema.toml"]);
    let only = |files: &[(String, Vec<u8>)], name: &str| files.iter().find(|f| f.0.ends_with(name)).unwrap().1.clone();
    assert_eq!(only(&first, "synthetic.csv"), only(&again, "synthetic.csv"));
    assert_eq!(only(&first, "schema.toml"), only(&again, "schema.toml"));
}

#[test]
fn what_a_schema_keeps_and_what_is_switched_off_is_said() {
    let folder = Folder::new();
    folder.write("in.csv", crate::support::plain(150));
    let profile = folder.synth(&["profile", "in.csv"]).with(0).out();
    let before = "name = \"dose\"\n";
    assert!(profile.contains(before));
    let keep = profile.replace(before, &format!("{before}protect = [{{ rule = \"keep\" }}]\n"));
    folder.write("keep.toml", keep);
    let run = |out: &str, args: &[&str]| {
        let common = ["run", "in.csv", "--out", out, "--engine", "copula", "--max-attempts", "1"];
        folder.synth(&[&common[..], args].concat()).out()
    };
    let said = run("keep", &["--schema", "keep.toml"]);
    let line = "not protected: `dose`: the policy requires 11 to 22 most extreme values capped on each side; the schema declares: kept as it is";
    assert!(said.contains(line), "{said}");
    let said = run("off", &["--no-protection"]);
    assert!(said.contains("protection is switched off"), "{said}");
    let record: serde_json::Value = serde_json::from_slice(&folder.read("off/report.json")).unwrap();
    assert_eq!(record["protection"]["by"], "schema_alone");
    let said = run("on", &[]);
    assert!(said.contains("protected: 11 to 22 most extreme values capped on each side: `age`, `dose`"), "{said}");
    assert!(said.contains("measures called given_… compare with the table before it"), "{said}");

    let bad = profile.replace(before, &format!("{before}protect = [{{ rule = \"merge-rare\", k = 11 }}]\n"));
    folder.write("bad.toml", bad);
    folder
        .synth(&["run", "in.csv", "--out", "bad", "--schema", "bad.toml"])
        .fails(3, "column `dose`: the protection `merge-rare` is for levels");
}

#[test]
fn a_fit_does_what_the_schema_declares_and_warns_of_the_rest() {
    let folder = Folder::new();
    folder.write("in.csv", table());
    let fit = |args: &[&str]| {
        folder
            .synth(&[&["fit", "in.csv", "--model", "m", "--engine", "copula", "--force"], args].concat())
            .with(0)
            .stderr
    };
    let warned = fit(&[]);
    assert!(warned.contains("column `dateOfBirth`: dates finer than a year"), "{warned}");
    // What is made anew in any case is no cause for a warning.
    assert!(!warned.contains("`mrn`"), "{warned}");
    folder.synth(&["run", "in.csv", "--out", "out", "--engine", "copula", "--max-attempts", "1"]);
    let warned = fit(&["--schema", "out/schema.toml"]);
    assert!(!warned.contains("Safe Harbor"), "{warned}");
    let model = String::from_utf8_lossy(&folder.read("m")).to_lowercase();
    assert_nothing_survives(&[("model".to_owned(), model)], &planted());
}

#[test]
fn real_rows_are_measured_as_they_were_protected() {
    let folder = Folder::new();
    folder.write("in.csv", table());
    let args = ["run", "in.csv", "--out", "out", "--engine", "copula", "--max-attempts", "1", "--keep-refused"];
    folder.synth(&args);
    let name = folder.names("out").into_iter().find(|name| name.ends_with("synthetic.csv")).unwrap();
    let synthetic = format!("out/{name}");
    let args = ["evaluate", "--train", "in.csv", "--synthetic", &synthetic, "--core"];
    // A year is no date: without the schema the two tables do not fit.
    folder.synth(&args).fails(3, "[");
    folder.synth(&[&args[..], &["--schema", "out/schema.toml"]].concat()).with(0);
}
