//! Each verb alone: what it prints and writes when all is well, and what it refuses.

use serde_json::Value;

use crate::support::{CANARY, DEMO, Folder, SHORT, plain};

#[test]
fn run_writes_the_table_with_its_proof() {
    let folder = Folder::new();
    let ended = folder.synth(&["run", "--demo", "--engine", "copula", "--out", "out"]).with(0);
    assert!(ended.out().contains("accepted under policy hipaa 2"), "{}", ended.out());
    let names = folder.names("out");
    for name in ["model.synth", "report.json", "schema.toml", "synthetic.csv"] {
        assert!(names.iter().any(|n| n == name), "{name} is not in {names:?}");
    }

    let report: serde_json::Value = serde_json::from_slice(&folder.read("out/report.json")).unwrap();
    assert_eq!(report["decision"], "accepted");
    let table = String::from_utf8(folder.read("out/synthetic.csv")).unwrap();
    assert!(table.starts_with("horTh,age,menostat,tsize,tgrade,pnodes,progrec,estrec,time,cens\n"));
    assert_eq!(table.lines().count(), 1 + 686);
    // Each file is of use to another verb.
    folder.synth(&["judge", "out/report.json"]).with(0);
    folder.synth(&["sample", "out/model.synth", "--rows", "3", "--out", "more.csv"]).with(0);
    folder.synth(&["profile", "out/synthetic.csv", "--schema", "out/schema.toml"]).with(0);
}

#[test]
fn json_is_one_object_and_nothing_else() {
    let folder = Folder::new();
    let json = |args: &[&str]| folder.synth(&[args, &["--json"]].concat()).with(0).json();
    assert_eq!(json(&["run", DEMO, "--engine", "copula", "--out", "out"])["decision"], "accepted");
    assert_eq!(json(&["fit", DEMO, "--engine", "copula", "--model", "m"])["rows"], 686);
    assert_eq!(json(&["sample", "m", "--rows", "60", "--out", "s.csv"])["rows"], 60);
    let evaluate = ["evaluate", "--train", DEMO, "--synthetic", "s.csv"];
    assert_eq!(json(&evaluate)["rows"]["synthetic"], 60);
    assert_eq!(json(&[&evaluate[..], &["--out", "-"]].concat())["rows"]["synthetic"], 60);
    assert_eq!(json(&["profile", DEMO])["version"], 1);
    assert_eq!(json(&["judge", "out/report.json"])["decision"], "accepted");

    folder.synth(&["sample", "m", "--rows", "9", "--out", "-", "--json"]).fails(2, "--json needs --out FILE");
    folder.synth(&["run", "nothing.csv", "--out", "o", "--json"]).fails(3, "cannot read nothing.csv");
}

#[test]
fn a_dash_is_standard_input_and_output() {
    let folder = Folder::new();
    let demo = std::fs::read(DEMO).unwrap();
    let copula = ["--engine", "copula"];
    folder.synth_with(&[&["run", "-", "--out", "out"], &copula[..]].concat(), &demo, &[]).with(0);
    folder.synth_with(&[&["fit", "-", "--model", "m"], &copula[..]].concat(), &demo, &[]).with(0);
    let from_file = folder.synth(&["sample", "m", "--rows", "60", "--out", "-"]).with(0);
    assert_eq!(from_file.out().lines().count(), 61);
    let piped = folder.synth_with(&["sample", "-", "--rows", "60", "--out", "-"], &folder.read("m"), &[]).with(0);
    assert_eq!(piped.stdout, from_file.stdout);
    folder.synth_with(&["profile", "-"], &demo, &[]).with(0);
    folder.synth_with(&["evaluate", "--train", DEMO, "--synthetic", "-"], &from_file.stdout, &[]).with(0);
    folder.synth_with(&["judge", "-"], &folder.read("out/report.json"), &[]).with(0);

    folder.synth(&["evaluate", "--train", "-", "--synthetic", "-"]).fails(2, "only one input");
    folder.synth(&["run", DEMO, "--out", "-"]).fails(2, "--out needs a folder");
    folder.synth(&["fit", DEMO, "--model", "-"]).fails(2, "--model needs a file");
    folder.synth_with(&["profile", "-"], b"a,b\n1\n", &[]).fails(3, "standard input");
}

#[test]
fn every_form_of_file_goes_in_and_out() {
    let folder = Folder::new();
    folder.synth(&["fit", DEMO, "--engine", "copula", "--model", "m"]).with(0);
    folder.synth(&["sample", "m", "--rows", "150", "--out", "plain.csv"]).with(0);
    for form in ["csv.gz", "csv.zst", "parquet", "arrow"] {
        let name = format!("packed.{form}");
        folder.synth(&["sample", "m", "--rows", "150", "--out", &name]).with(0);
        let first = folder.read(&name)[..2].to_vec();
        let magic: &[u8] = match form {
            "csv.gz" => &[0x1f, 0x8b],
            "csv.zst" => &[0x28, 0xb5],
            "parquet" => b"PA",
            _ => b"AR",
        };
        assert_eq!(first, magic, "{form}");
        // The same form comes out of a run, and the same rows are in it.
        let args = ["run", &name, "--engine", "copula", "--out", form, "--keep-refused", "--policy", "research"];
        let ended = folder.synth(&args);
        assert!([0, 4, 5].contains(&ended.code), "{ended:?}");
        let names = folder.names(form);
        assert!(names.iter().any(|n| n.ends_with(&format!("synthetic.{form}"))), "{names:?}");
        let again = folder.synth(&["evaluate", "--train", "plain.csv", "--synthetic", &name, "--json"]).with(0).json();
        assert_eq!(again["measures"][0]["outcome"]["measured"]["value"], 0.0, "{form}");
    }
}

#[test]
fn a_schema_goes_round_and_can_be_edited() {
    let folder = Folder::new();
    let copula = ["--engine", "copula"];
    let schema = folder.synth(&["profile", DEMO]).with(0);
    folder.write("s.toml", &schema.stdout);
    folder.synth(&[&["run", DEMO, "--schema", "s.toml", "--out", "with"], &copula[..]].concat()).with(0);
    folder.synth(&[&["run", DEMO, "--out", "without"], &copula[..]].concat()).with(0);
    assert_eq!(folder.files("with"), folder.files("without"));
    // What a run leaves is the schema it was given and what was done to the columns, no more.
    let declared = String::from_utf8(folder.read("with/schema.toml")).unwrap();
    let of_protection =
        |line: &&str| line.starts_with("[[field.protect") || line.starts_with("rule =") || line.starts_with("k =");
    let lines = |text: &str| -> Vec<String> {
        text.lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#') && !of_protection(line))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(lines(&declared), lines(&schema.out()));
    assert!(declared.contains("rule = \"cap-extremes\""), "{declared}");

    let edited = |from: &str, to: &str| {
        let text = schema.out().replacen(from, to, 1);
        assert_ne!(text, schema.out());
        folder.write("edited.toml", text);
        folder.synth(&[&["run", DEMO, "--schema", "edited.toml", "--out", "edited"], &copula[..]].concat())
    };
    edited("\"integer\"", "\"intger\"").fails(3, "schema edited.toml: line 27: unknown variant `intger`");
    edited("version = 1", "version = 9").fails(3, "version 9 is not 1 [schema]; `synth profile INPUT`");
    edited("name = \"age\"", "name = \"aged\"").fails(3, "column `aged`: a column of the schema is not in the file");
    edited("name = \"age\"", "name = \"horTh\"").fails(3, "two fields have the same name [schema]");
    folder.synth(&["run", DEMO, "--schema", "no.toml", "--out", "o"]).fails(3, "cannot read no.toml");

    // A schema that is edited where the results go is kept as it is.
    std::fs::create_dir(folder.path("own")).unwrap();
    folder.write("own/schema.toml", [b"# mine\n", &schema.stdout[..]].concat());
    folder.synth(&[&["run", DEMO, "--schema", "own/schema.toml", "--out", "own"], &copula[..]].concat()).with(0);
    assert!(folder.read("own/schema.toml").starts_with(b"# mine\n"));
    assert_eq!(folder.read("own/synthetic.csv"), folder.read("with/synthetic.csv"));
}

#[test]
fn whether_there_is_a_header_can_be_said() {
    let folder = Folder::new();
    folder.write("in.csv", plain(30));
    let fields = |args: &[&str]| {
        let schema = folder.synth(&[&["profile", "in.csv", "--json"], args].concat()).with(0).json();
        let fields = schema["field"].as_array().unwrap().clone();
        fields.iter().map(|f| f["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(fields(&[]), ["age", "sex", "dose"]);
    assert_eq!(fields(&["--header", "no"]), ["c1", "c2", "c3"]);
    folder.write("in.csv", plain(30).split_once('\n').unwrap().1);
    assert_eq!(fields(&[]), ["c1", "c2", "c3"]);
    assert_eq!(fields(&["--header", "yes"]), ["20", "m", "0.25"]);
    folder.synth(&["profile", "in.csv", "--header", "perhaps"]).fails(2, "possible values: yes, no");
}

#[test]
fn notes_are_for_people_who_want_them() {
    let folder = Folder::new();
    folder.write("in.csv", plain(30).split_once('\n').unwrap().1);
    assert_eq!(folder.synth(&["profile", "in.csv"]).stderr, "note: no header found: columns are named c1 to c3\n");
    assert_eq!(folder.synth(&["profile", "in.csv", "--quiet"]).stderr, "");
}

#[test]
fn an_existing_file_is_replaced_only_by_force() {
    let folder = Folder::new();
    folder.write("in.csv", plain(150));
    let fit = ["fit", "in.csv", "--engine", "copula", "--model", "m"];
    folder.synth(&fit).with(0);
    let sample = ["sample", "m", "--rows", "5", "--out", "s.csv"];
    folder.synth(&sample).with(0);
    let evaluate = ["evaluate", "--train", "in.csv", "--synthetic", "s.csv", "--out", "r.json"];
    folder.synth(&evaluate).with(0);
    for (verb, name) in [(&fit[..], "m"), (&sample[..], "s.csv"), (&evaluate[..], "r.json")] {
        let before = folder.read(name);
        folder.write(name, b"old");
        if verb[0] == "fit" {
            folder.synth(verb).fails(2, "m exists; --force replaces it");
            assert_eq!(folder.read(name), b"old");
        }
        folder.synth(&[verb, &["--force"]].concat()).with(0);
        assert_eq!(folder.read(name), before, "{name}");
        folder.synth(verb).fails(2, "exists; --force replaces it");
        assert_eq!(folder.read(name), before, "{name}");
    }
}

#[test]
#[cfg(unix)]
fn what_is_no_ordinary_file_is_not_replaced() {
    let folder = Folder::new();
    folder.synth(&["fit", DEMO, "--engine", "copula", "--model", "m"]).with(0);
    let _socket = std::os::unix::net::UnixListener::bind(folder.path("socket")).unwrap();
    for force in [&[][..], &["--force"]] {
        let sample = [&["sample", "m", "--rows", "5", "--out", "socket"], force].concat();
        folder.synth(&sample).fails(2, "socket is not a regular file; `--out -` writes to standard output");
    }
    assert!(folder.path("socket").exists() && !folder.path("socket").is_file());
}

#[test]
fn no_output_is_written_over_an_input() {
    let folder = Folder::new();
    folder.write("in.csv", plain(150));
    let lost = "is an input and would be lost";
    folder.synth(&["fit", "in.csv", "--model", "./in.csv", "--force"]).fails(2, lost);
    folder.synth(&["fit", "in.csv", "--engine", "copula", "--model", "m"]).with(0);
    folder.synth(&["sample", "m", "--rows", "5", "--out", "m", "--force"]).fails(2, lost);
    folder.synth(&["sample", "m", "--rows", "50", "--out", "s.csv"]).with(0);
    let evaluate = ["evaluate", "--train", "in.csv", "--synthetic", "s.csv", "--force", "--out"];
    folder.synth(&[&evaluate[..], &["in.csv"]].concat()).fails(2, lost);
    folder.synth(&[&evaluate[..], &["s.csv"]].concat()).fails(2, lost);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("in.csv", folder.path("link")).unwrap();
        folder.synth(&["fit", "in.csv", "--model", "link", "--force"]).fails(2, lost);
    }
    assert_eq!(folder.read("in.csv"), plain(150).into_bytes());
}

#[test]
fn evaluate_does_not_take_the_training_rows_for_a_holdout() {
    let folder = Folder::new();
    folder.write("in.csv", plain(60));
    let (header, rows) = plain(60).split_once('\n').map(|(h, r)| (h.to_owned(), r.to_owned())).unwrap();
    let turned: Vec<&str> = rows.lines().rev().collect();
    folder.write("turned.csv", format!("{header}\n{}\n", turned.join("\n")));
    let evaluate = ["evaluate", "--train", "in.csv", "--synthetic", "turned.csv", "--holdout"];
    folder.synth(&[&evaluate[..], &["in.csv"]].concat()).fails(3, "[same-rows]");
    folder.synth(&[&evaluate[..], &["turned.csv"]].concat()).fails(3, "turned.csv: the holdout contains rows of");
    // A part of the training rows, and training rows with others beside them.
    folder.write("part.csv", plain(20));
    folder.synth(&[&evaluate[..], &["part.csv"]].concat()).fails(3, "[same-rows]");
    folder.write("more.csv", plain(80));
    folder.synth(&[&evaluate[..], &["more.csv"]].concat()).fails(3, "[same-rows]");
    let unseen: Vec<String> = plain(140).lines().skip(61).map(str::to_owned).collect();
    folder.write("other.csv", format!("{header}\n{}\n", unseen.join("\n")));
    folder.synth(&[&evaluate[..], &["other.csv"]].concat()).with(0);
    folder.write("narrow.csv", "age,sex\n1,m\n2,f\n");
    folder.synth(&[&evaluate[..], &["narrow.csv"]].concat()).fails(3, "column `dose`");
    // Without rows that were never seen, nothing is known of privacy, and nothing passes.
    folder.synth(&["evaluate", "--train", "in.csv", "--synthetic", "other.csv", "--out", "r.json"]).with(0);
    let verdict = folder.synth(&["judge", "r.json", "--json"]).json();
    let check = |id: &str| verdict["checks"].as_array().unwrap().iter().find(|c| c["id"] == id).unwrap().clone();
    assert_eq!(check("mia_auc")["status"], "not_measured");
}

#[test]
fn what_evaluate_has_no_time_for_is_not_measured() {
    let folder = Folder::new();
    let evaluate = ["evaluate", "--train", DEMO, "--synthetic", DEMO, "--time-budget", "1ns", "--out", "r.json"];
    folder.synth(&evaluate).with(7);
    let report: Value = serde_json::from_slice(&folder.read("r.json")).unwrap();
    assert_eq!(report["measures"][0]["outcome"]["not_measured"], "the time budget ran out first", "{report}");
    folder.synth(&["judge", "r.json"]).with(4);
}

#[test]
fn judge_reads_reports_and_policies_and_nothing_else() {
    let folder = Folder::new();
    folder.synth(&["run", "--demo", "--engine", "copula", "--out", "out"]).with(0);
    let report = "out/report.json";
    folder.synth(&["judge", report, "--policy", "research"]).with(0);
    // The three risks could have been measured and were not: they are owed.
    folder.synth(&["judge", report, "--policy", "gdpr"]).with(4);
    folder.synth(&["judge", report, "--policy", "clinical-strict"]).with(4);
    folder.synth(&["judge", report, "--policy", "hippa"]).fails(2, "no policy `hippa`; available:");
    folder.synth(&["judge", report, "--policy", "no.toml"]).fails(2, "cannot read the policy no.toml");

    // Whatever else is given for a report or a policy, none of it is shown.
    folder.write("cells.csv", format!("name,age\n{CANARY},1\n"));
    folder.write("cells.toml", format!("{CANARY},1\n"));
    folder.write("cells.json", format!("{{\"version\": \"{CANARY}\"}}"));
    folder.write("run.json", format!("{{\"attempts\": \"{CANARY}\"}}"));
    for (args, code) in [
        (["judge", "cells.csv", "--policy", "hipaa"], 3),
        (["judge", "cells.json", "--policy", "hipaa"], 3),
        (["judge", "run.json", "--policy", "hipaa"], 3),
        (["judge", "nothing.json", "--policy", "hipaa"], 3),
        (["judge", report, "--policy", "cells.toml"], 2),
        (["judge", report, "--policy", "./cells.csv"], 2),
    ] {
        let ended = folder.synth(&args).fails(code, "error: ");
        assert!(!ended.stderr.contains(CANARY), "{}", ended.stderr);
    }
}

#[test]
fn a_target_must_be_a_column_of_levels_for_every_engine() {
    let folder = Folder::new();
    for engine in ["copula", "tabddpm", "auto"] {
        let run = ["run", DEMO, "--out", "out", "--engine", engine, "--target"];
        folder.synth(&[&run[..], &["nope"]].concat()).fails(2, "no column `nope`; `synth profile` lists");
        folder.synth(&[&run[..], &["age"]].concat()).fails(2, "`age` is integer");
        folder.synth(&["fit", DEMO, "--model", "m", "--engine", engine, "--target", "x"]).fails(2, "no column `x`");
    }
    folder.synth(&[&["fit", DEMO, "--model", "m", "--target", "cens"], &SHORT[..]].concat()).with(0);
    folder.synth(&["sample", "m", "--rows", "5", "--out", "-"]).with(0);
}

#[test]
fn profile_names_what_is_sensitive_and_shows_none_of_it() {
    let folder = Folder::new();
    let line = |i: usize| {
        format!("{CANARY}{i} (at) example.org,{},+41 (0)79 555 {i:02} 99,{}\n", 40 + 2 * i, ["m", "f"][i % 2])
    };
    let rows: String = (0..30).map(line).collect();
    folder.write("in.csv", format!("E-Mail,age,x1,sex\n{rows}"));
    let shown = folder.synth(&["profile", "in.csv"]).with(0);
    for expected in ["E-Mail", "e-mail addresses (Safe Harbor F)", "by name and content", "set ages over 89 to 90"] {
        assert!(shown.stderr.contains(expected), "{expected}: {}", shown.stderr);
    }
    assert!(!shown.stderr.contains(CANARY) && !shown.stderr.contains("555"), "{}", shown.stderr);
    assert!(shown.out().starts_with("version = 1\n"), "standard output is the schema alone");
    assert_eq!(folder.synth(&["profile", "in.csv", "--quiet"]).with(0).stderr, "");

    let json = folder.synth(&["profile", "in.csv", "--json"]).with(0).json();
    assert_eq!(json["field"].as_array().unwrap().len(), 4);
    let kinds: Vec<String> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| format!("{} {}", finding["column"].as_str().unwrap(), finding["kind"]))
        .collect();
    let expected = [
        r#"E-Mail {"identifier":"email"}"#,
        r#"age {"identifier":"date"}"#,
        r#"age "quasi_identifier""#,
        r#"x1 {"identifier":"telephone"}"#,
        r#"sex "quasi_identifier""#,
    ];
    assert_eq!(kinds, expected);
    let text = serde_json::to_string(&json["findings"]).unwrap();
    assert!(!text.contains(CANARY) && !text.contains("555"), "{text}");
}
