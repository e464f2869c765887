//! What a run leaves to be checked later, and that `verify` finds what was changed.

use crate::support::{CANARY, DEMO, Folder, SHORT, plain, table};

const FAST: [&str; 3] = ["--engine", "copula", "--quiet"];

fn run(folder: &Folder, args: &[&str], code: i32) -> String {
    folder.synth(&[&["run"], args, &FAST[..]].concat()).with(code).out()
}

/// The head that a run printed.
fn head(said: &str) -> String {
    let line = said.lines().find(|line| line.contains("has the head ")).unwrap();
    line.split("has the head ").nth(1).unwrap().split(':').next().unwrap().to_owned()
}

#[test]
fn a_run_can_be_verified_and_its_head_compared() {
    let folder = Folder::new();
    let said = run(&folder, &[DEMO, "--out", "out"], 0);
    let names = folder.names("out");
    let expected = [
        "MODEL_CARD.md",
        "audit.jsonl",
        "model.synth",
        "provenance.json",
        "report.json",
        "schema.toml",
        "synthetic.csv",
    ];
    for name in expected {
        assert!(names.iter().any(|n| n == name), "{name} is not in {names:?}");
    }
    let head = head(&said);
    let verified = folder.synth(&["verify", "out"]).with(0).out();
    for part in [&head, "accepted under policy hipaa 2", "synthetic.csv", "this does not show:"] {
        assert!(verified.contains(part), "{part:?} is not in {verified}");
    }
    folder.synth(&["verify", "out", "--head", &head]).with(0);
    folder.synth(&["verify", "out", "--head", &"0".repeat(64)]).fails(3, "not the expected one");
    let json = folder.synth(&["verify", "out", "--json"]).with(0).json();
    assert_eq!((json["head"].as_str(), json["decision"].as_str()), (Some(head.as_str()), Some("accepted")));
    // The policy's hash is told before anything is learnt, and stands in the results.
    let ended = folder.synth(&["run", DEMO, "--out", "told", "--engine", "copula"]).with(0);
    let sha256 = json["policy"]["sha256"].as_str().unwrap();
    assert!(ended.stderr.starts_with(&format!("note: policy hipaa 2, SHA-256 {sha256}\n")), "{}", ended.stderr);
    assert!(ended.out().contains(sha256));
    let report: serde_json::Value = serde_json::from_slice(&folder.read("out/report.json")).unwrap();
    assert_eq!(report["policy"]["sha256"], sha256);
    assert_eq!(report["attempts"][0]["result"]["judged"]["verdict"]["policy_sha256"], sha256);

    folder.synth(&["verify", "nowhere"]).fails(2, "nowhere is not a folder");
    std::fs::create_dir(folder.path("empty")).unwrap();
    folder.synth(&["verify", "empty"]).fails(3, "cannot read empty");
}

/// The program in Python that the docs print.
fn checker() -> String {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../synth-compliance/README.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    docs.split("```python\n").nth(1).unwrap().split("```").next().unwrap().to_owned()
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn the_checker_in_the_docs_finds_what_verify_finds() {
    let folder = Folder::new();
    folder.write("check.py", checker());
    let python = |out: &str| {
        let output = std::process::Command::new("python3").arg(folder.path("check.py")).arg(folder.path(out)).output();
        let output = output.unwrap_or_else(|error| panic!("python3 cannot be run: {error}"));
        (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    if std::process::Command::new("python3").arg("--version").output().is_err() {
        eprintln!("SKIPPED: there is no python3 to run the checker of the docs with");
        return;
    }
    let said = run(&folder, &[DEMO, "--out", "out"], 0);
    let (is_sound, told) = python("out");
    assert!(is_sound && told.contains(&head(&said)), "{told}");
    let log = String::from_utf8(folder.read("out/audit.jsonl")).unwrap();
    let lines: Vec<&str> = log.split_inclusive('\n').collect();
    let n = lines.len();
    let check = |forged: String, place: &str| {
        assert_ne!(forged, log);
        folder.write("out/audit.jsonl", forged);
        let (is_sound, told) = python("out");
        assert!(!is_sound && told.starts_with(place), "{told}");
        folder.synth(&["verify", "out"]).fails(3, "audit.jsonl");
    };
    check(log.replace("\"rows\":686", "\"rows\":687"), "audit.jsonl, line 2: its hash");
    check(log.replacen("sha256", "sha257", 1), "audit.jsonl, line 2: its hash");
    check(lines[..n - 1].concat(), "audit.jsonl: it ends");
    check([&lines[..1], &lines[2..]].concat().concat(), "audit.jsonl, line 2: no line");
    check(log.trim_end().to_owned(), "audit.jsonl: it ends");
    folder.write("out/audit.jsonl", &log);
    assert!(python("out").0);
    let table = folder.read("out/synthetic.csv");
    folder.write("out/synthetic.csv", [&table[..], b"0"].concat());
    assert_eq!(python("out"), (false, "synthetic.csv: not what was written\n".to_owned()));
}

#[test]
fn a_log_of_another_version_is_refused_by_its_number() {
    let folder = Folder::new();
    run(&folder, &[DEMO, "--out", "out"], 0);
    let log = String::from_utf8(folder.read("out/audit.jsonl")).unwrap();
    folder.write("out/audit.jsonl", log.replacen("\"version\":3}}", "\"version\":1}}", 1));
    folder
        .synth(&["verify", "out"])
        .fails(3, "audit.jsonl, line 1: the log has version 1; this program knows version 3");
}

#[test]
fn runs_that_accept_nothing_can_be_verified() {
    let folder = Folder::new();
    run(&folder, &[DEMO, "--out", "refused", "--policy", "clinical-strict"], 4);
    assert!(folder.synth(&["verify", "refused"]).with(0).out().contains("refused under policy clinical-strict 2"));
    run(&folder, &[DEMO, "--out", "kept", "--policy", "clinical-strict", "--keep-refused"], 4);
    assert!(folder.synth(&["verify", "kept"]).with(0).out().contains("REFUSED-synthetic.csv"));
    folder.synth(&[&["run", DEMO, "--out", "late", "--time-budget", "1ms"], &SHORT[..]].concat()).with(7);
    folder.synth(&["verify", "late"]).with(0);
    // A table slipped into a refused run's folder is nobody's.
    std::fs::copy(folder.path("kept/REFUSED-synthetic.csv"), folder.path("refused/synthetic.csv")).unwrap();
    folder.synth(&["verify", "refused"]).fails(3, "synthetic.csv: not named in the log");
}

#[test]
fn what_was_changed_is_named() {
    let folder = Folder::new();
    run(&folder, &[DEMO, "--out", "out"], 0);
    let files = folder.files("out");
    for (name, bytes) in &files {
        let path = format!("out/{name}");
        let mut forged = bytes.clone();
        let place = forged.len() * 2 / 3;
        forged[place] ^= 1;
        folder.write(&path, &forged);
        let place = if name == "audit.jsonl" { "audit.jsonl, line ".to_owned() } else { format!("{name}: ") };
        folder.synth(&["verify", "out"]).fails(3, &place);
        std::fs::remove_file(folder.path(&path)).unwrap();
        folder.synth(&["verify", "out"]).fails(3, name);
        folder.write(&path, bytes);
    }
    folder.synth(&["verify", "out"]).with(0);
    // Lines, whole.
    let log = String::from_utf8(folder.read("out/audit.jsonl")).unwrap();
    let lines: Vec<&str> = log.split_inclusive('\n').collect();
    let check = |lines: &[&str], place: &str| {
        folder.write("out/audit.jsonl", lines.concat());
        folder.synth(&["verify", "out"]).fails(3, place);
    };
    let n = lines.len();
    check(&lines[..n - 1], &format!("audit.jsonl, line {n}: the log ends before its last entry"));
    check(&[&lines[..1], &lines[2..]].concat(), "audit.jsonl, line 2: wrong line number");
    check(&[&lines[..], &lines[n - 1..]].concat(), &format!("audit.jsonl, line {}: ", n + 1));
    // Two faults are both told.
    folder.write("out/audit.jsonl", &log);
    folder.write("out/schema.toml", "forged");
    folder.write("out/MODEL_CARD.md", "forged");
    let ended = folder.synth(&["verify", "out"]).fails(3, "schema.toml: modified since it was written");
    assert!(ended.stderr.contains("MODEL_CARD.md: modified since it was written"), "{}", ended.stderr);
}

#[test]
fn the_source_is_proved_by_whoever_has_the_key() {
    let folder = Folder::new();
    folder.write("in.csv", plain(150));
    folder.write("key", [9; 32]);
    folder.write("other", [8; 32]);
    folder.write("short", [9; 15]);
    folder.synth(&["run", "in.csv", "--out", "o", "--key", "short"]).fails(2, "is shorter than 16 bytes");
    assert!(!folder.path("o").exists());
    let keep = ["--keep-refused", "--max-attempts", "1", "--seed", "2"];
    let out = |out: &str, more: &[&str]| {
        let args = [&["run", "in.csv", "--out", out], &keep[..], &FAST[..], more].concat();
        let ended = folder.synth(&args);
        assert!([0, 4, 5].contains(&ended.code), "{ended:?}");
        folder.files(out)
    };
    let with = out("with", &["--key", "key"]);
    assert_eq!(with, out("again", &["--key", "key", "--threads", "1"]));
    assert_eq!(out("without", &[]), out("without2", &["--threads", "2"]));
    folder.synth(&["verify", "with"]).with(0);
    folder.synth(&["verify", "with", "--source", "in.csv", "--key", "key"]).with(0);
    folder.synth(&["verify", "with", "--source", "in.csv", "--key", "other"]).fails(3, "or another key");
    folder.write("almost.csv", plain(151));
    folder.synth(&["verify", "with", "--source", "almost.csv", "--key", "key"]).fails(3, "not the table that was read");
    folder.synth(&["verify", "without", "--source", "in.csv", "--key", "key"]).fails(2, "was given no key");
    folder.synth(&["verify", "with", "--source", "in.csv"]).fails(2, "--key");
    // Neither the key nor a plain digest of the source is anywhere.
    let digest = synth_compliance::sha256(plain(150).as_bytes());
    for (name, bytes) in &with {
        let has = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        assert!(!has(&[9; 32]) && !has("09".repeat(32).as_bytes()) && !has(digest.as_bytes()), "{name}");
    }
}

#[test]
fn the_proofs_hold_no_path_and_no_cell() {
    let folder = Folder::new();
    let rare = |i: usize| if i == 5 { format!(",{CANARY}") } else { format!(",{}", ["ward a", "ward b"][i % 2]) };
    std::fs::create_dir(folder.path("mary.smith")).unwrap();
    folder.write("mary.smith/in.csv", table(150, "age,sex,dose,ward", rare));
    let ended =
        folder.synth(&[&["run", "mary.smith/in.csv", "--out", "out", "--max-attempts", "1"], &FAST[..]].concat());
    assert!([0, 4, 5].contains(&ended.code), "{ended:?}");
    for name in ["audit.jsonl", "provenance.json", "MODEL_CARD.md", "report.json"] {
        let text = String::from_utf8(folder.read(&format!("out/{name}"))).unwrap();
        assert!(!text.contains("mary.smith") && !text.contains(CANARY), "{name}");
        let names_source = text.contains("in.csv");
        assert_eq!(names_source, ["audit.jsonl", "provenance.json"].contains(&name), "{name}");
    }
}

#[test]
fn own_policies_extend_files_and_show_what_they_loosen() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("policies")).unwrap();
    let head = |name: &str, base: &str| format!("name = '{name}'\nversion = '1'\ntitle = 't'\nextends = '{base}'\n");
    folder.write("policies/ward.toml", head("ward", "house.toml") + "min_rows = 60\n");
    folder.write("policies/house.toml", head("house", "hipaa") + "min_rows = 80\n");
    let args = ["run", DEMO, "--out", "out", "--engine", "copula", "--policy", "policies/ward.toml"];
    let ended = folder.synth(&args).with(0);
    for note in
        ["house extends hipaa, loosened: min_rows, 100 -> 80", "ward extends house, loosened: min_rows, 80 -> 60"]
    {
        assert!(ended.stderr.contains(note), "{}", ended.stderr);
    }
    let log = String::from_utf8(folder.read("out/audit.jsonl")).unwrap();
    assert!(log.contains("\"extends\":[\"house\",\"hipaa\"]") && log.contains("\"loosened\""), "{log}");
    // The policy is verified from the log: its file may be gone.
    std::fs::remove_file(folder.path("policies/ward.toml")).unwrap();
    folder.synth(&["verify", "out"]).with(0);

    folder.write("policies/ward.toml", head("ward", "house.toml"));
    folder.write("policies/house.toml", head("house", "../policies/ward.toml"));
    folder.synth(&args).fails(2, "policies extend each other in a cycle");
    folder.write("policies/house.toml", format!("age,sex\n63,{CANARY}\n"));
    let ended = folder.synth(&args).fails(2, "house.toml");
    assert!(!ended.stderr.contains(CANARY), "{}", ended.stderr);
    folder.write("policies/ward.toml", head("ward", "nobody"));
    folder.synth(&args).fails(2, "no built-in policy has that name");
    folder.write("policies/ward.toml", head("ward", "gone.toml"));
    folder.synth(&args).fails(2, "`gone.toml` to extend cannot be read");
}

#[test]
fn a_schema_that_was_kept_is_in_the_log() {
    let folder = Folder::new();
    let schema = folder.synth(&["profile", DEMO]).with(0).stdout;
    std::fs::create_dir(folder.path("own")).unwrap();
    folder.write("own/schema.toml", [b"# mine\n", &schema[..]].concat());
    run(&folder, &[DEMO, "--schema", "own/schema.toml", "--out", "own"], 0);
    folder.synth(&["verify", "own"]).with(0);
    folder.write("own/schema.toml", schema);
    folder.synth(&["verify", "own"]).fails(3, "schema.toml: modified since it was written");
}

#[test]
fn a_table_of_levels_alone_can_be_judged() {
    let folder = Folder::new();
    let row = |i: usize| {
        let (a, b) = (i * 7919 % 13 % 4, i * 104_729 % 17 % 3);
        format!("{},{},{}\n", ["n", "e", "s", "w"][a], ["x", "y", "z"][b], ["p", "q"][(a + i * 31 % 7) % 2])
    };
    let rows: String = (0..400).map(row).collect();
    folder.write("in.csv", format!("wind,plane,side\n{rows}"));
    let ended =
        folder.synth(&["run", "in.csv", "--out", "out", "--policy", "research", "--engine", "copula", "--json"]);
    let record = ended.json();
    let verdict = &record["attempts"][0]["result"]["judged"]["verdict"];
    let check = |id: &str| verdict["checks"].as_array().unwrap().iter().find(|c| c["id"] == id).unwrap().clone();
    assert_eq!(check("ks_mean")["status"], "not_applicable");
    assert_eq!(check("tvd_mean")["class"], "mandatory");
    assert_ne!(check("tvd_mean")["status"], "not_measured");
}

#[test]
fn files_that_do_not_belong_are_named() {
    let folder = Folder::new();
    run(&folder, &[DEMO, "--out", "out"], 0);
    folder.write("out/notes.txt", "mine");
    folder.synth(&["verify", "out"]).with(0);
    for name in ["synthetic-final.csv", "Synthetic.csv", "synthetic (1).csv", "my_synthetic.xlsx", "REPORT.json"] {
        folder.write(&format!("out/{name}"), "a\n1\n");
        folder.synth(&["verify", "out"]).fails(3, &format!("{name}: not named in the log"));
        std::fs::remove_file(folder.path(&format!("out/{name}"))).unwrap();
    }
    #[cfg(unix)]
    {
        let table = folder.path("out/synthetic.csv");
        std::fs::rename(&table, folder.path("elsewhere.csv")).unwrap();
        std::os::unix::fs::symlink("../elsewhere.csv", &table).unwrap();
        folder.synth(&["verify", "out"]).fails(3, "synthetic.csv: a link in place of the file");
    }
}

#[test]
fn a_log_written_anew_disagrees_with_the_page_and_the_provenance() {
    let folder = Folder::new();
    run(&folder, &[DEMO, "--out", "out"], 0);
    folder.write("out/synthetic.csv", std::fs::read(DEMO).unwrap());
    let table = synth_compliance::sha256(&folder.read("out/synthetic.csv"));
    let log = String::from_utf8(folder.read("out/audit.jsonl")).unwrap();
    let (entries, _) = synth_compliance::chain::read(&log).unwrap();
    let mut chain = synth_compliance::Chain::new();
    for mut entry in entries {
        for file in entry.pointer_mut("/wrote/files").and_then(|files| files.as_array_mut()).into_iter().flatten() {
            if file["name"] == "synthetic.csv" {
                file["sha256"] = table.clone().into();
            }
        }
        chain.push(&entry);
    }
    folder.write("out/audit.jsonl", chain.text());
    let said = folder.synth(&["verify", "out"]).with(3).stderr;
    for place in ["provenance.json", "report.html"] {
        assert!(said.contains(&format!("{place}: its digests are not those of the log")), "{said}");
    }
}
