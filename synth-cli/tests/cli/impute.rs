//! Tables with holes, completed.

use crate::support::{CANARY, DEMO, Folder, SHORT_MASKED, cells, table};

const HEADER: &str = "horTh,age,menostat,tsize,tgrade,pnodes,progrec,estrec,time,cens\n";
/// Three rows of the built-in table's form with five missing cells, spelled in two ways its own table does not have.
const PARTIAL: &str = "no,70,Post,NA,II,3,48,66,1814,1\nNA,56,Post,12,II,7,61,77,NA,1\nyes,58,,35,II,9,52,271,772,?\n";

#[test]
fn a_model_completes_a_table_and_leaves_the_rest_of_it_alone() {
    let folder = Folder::new();
    folder.fit_masked("m");
    folder.write("in.csv", format!("{HEADER}{PARTIAL}"));
    let ended = folder.synth(&["impute", "in.csv", "--model", "m", "--out", "-"]).with(0);
    assert_eq!(ended.stderr, "note: 5 cells filled\n");
    let out = ended.out();
    assert!(out.starts_with(HEADER), "{out}");
    let partial = format!("{HEADER}{PARTIAL}");
    for (before, after) in cells(&partial).concat().into_iter().zip(cells(&out).concat()) {
        let is_missing = ["", "NA", "?"].contains(&before);
        assert!(if is_missing { !["", "NA", "?"].contains(&after) } else { before == after }, "{before} {after}");
    }
    // The same seed, the same cells; another one, others.
    let again = |seed: &str| folder.synth(&["impute", "in.csv", "--model", "m", "--out", "-", "--seed", seed]).with(0);
    assert_eq!(again("0").out(), out);
    assert!((1..9).any(|seed| again(&seed.to_string()).out() != out));

    let json = folder.synth(&["impute", "in.csv", "--model", "m", "--out", "o.parquet", "--json"]).with(0).json();
    assert_eq!((&json["filled"], &json["rows"]), (&5.into(), &3.into()));
    assert_eq!(json["left"].as_array().unwrap().len(), 0);
    assert!(folder.read("o.parquet").starts_with(b"PAR1"));
    // The rows are real ones.
    #[cfg(unix)]
    assert!(folder.is_private("o.parquet"));
}

/// Another order of the columns, another dialect, another spelling of numbers and of missing cells than the model's table.
#[test]
fn cells_keep_their_own_spelling() {
    let folder = Folder::new();
    folder.write("train.csv", table(150, "age,sex,dose", |_| String::new()));
    folder.synth(&[&["fit", "train.csv", "--model", "m"], &SHORT_MASKED[..]].concat()).with(0);
    let rows = "sex;\"dose\";age\nm;0,125;30\nf;7,000;41\nNA;2,250;55\nm;-9,999;NA\nf;NA;40\n";
    folder.write("in.csv", rows);
    let ended = folder.synth(&["impute", "in.csv", "--model", "m", "--out", "-"]).with(0);
    assert_eq!(ended.stderr, "note: 3 cells filled\n");
    let (rows, out) = (rows.replace('"', ""), ended.out().replace('"', ""));
    let cells = |text: &str| text.split([';', '\n']).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(cells(&rows).len(), cells(&out).len(), "{out}");
    for (before, after) in cells(&rows).iter().zip(cells(&out)) {
        assert!(if before == "NA" { after != "NA" } else { *before == after }, "{before} {after}");
    }
}

#[test]
fn a_whole_table_is_written_as_it_was() {
    let folder = Folder::new();
    folder.fit_masked("m");
    let ended = folder.synth(&["impute", DEMO, "--model", "m", "--out", "out.csv"]).with(0);
    assert_eq!(ended.stderr, "note: 0 cells filled\n");
    assert!(folder.read("out.csv") == std::fs::read(DEMO).unwrap());
}

#[test]
fn without_a_model_one_is_fitted_on_the_table_itself() {
    let folder = Folder::new();
    let extra = |i: usize| {
        let seen = if i.is_multiple_of(9) { String::new() } else { format!("2020-01-{:02}", 1 + i % 28) };
        let (patient, note) = (format!("P{:04}", i * 7 + 13), format!("{CANARY} says {}", "ab".repeat(1 + i % 17)));
        let (patient, note) =
            if i % 50 == 3 { (String::new(), String::new()) } else { (patient, format!("{note} {i}")) };
        format!(",{},{seen},{patient},{note}", ["low", "high", "?", "low"][i % 4])
    };
    let text = table(200, "age,sex,dose,level,seen,patient,note", extra);
    folder.write("in.csv", &text);
    let impute = [&["impute", "in.csv", "--out", "out.csv"], &SHORT_MASKED[..]].concat();
    let ended = folder.synth(&impute).with(0);
    // 50 of `level`, 23 of `seen`; what is not learnt stays as it is, and that is said.
    insta::assert_snapshot!(ended.stderr, @r"
    note: 73 cells filled
    note: column `patient` is not modelled: 4 cells stay missing
    note: column `note` is not modelled: 4 cells stay missing
    ");
    let out = String::from_utf8(folder.read("out.csv")).unwrap();
    for (before, after) in cells(&text).into_iter().zip(cells(&out)) {
        for (i, (before, after)) in before.into_iter().zip(after).enumerate() {
            match before {
                "" | "?" if i < 5 => assert!(!["", "?"].contains(&after), "{i}"),
                _ => assert_eq!(before, after),
            }
        }
    }
    let json = folder.synth(&[&impute[..], &["--json", "--force"]].concat()).with(0).json();
    assert_eq!(json["filled"], 73);
    assert_eq!(
        json["left"],
        serde_json::json!([{ "column": "patient", "cells": 4 }, { "column": "note", "cells": 4 }])
    );
    assert_eq!(folder.read("out.csv"), out.as_bytes());
    assert_eq!(folder.synth(&[&impute[..], &["--quiet", "--force"]].concat()).with(0).stderr, "");
}

#[test]
fn what_cannot_be_completed_is_refused() {
    let folder = Folder::new();
    folder.fit_masked("m");
    folder.write("in.csv", format!("{HEADER}{PARTIAL}"));
    folder.synth(&["fit", DEMO, "--engine", "copula", "--model", "copula"]).with(0);
    let fails = |input: &str, args: &[&str], code, message: &str| {
        folder.write("bad.csv", input);
        let ended = folder.synth(&[&["impute", "bad.csv", "--out", "o.csv"], args].concat()).fails(code, message);
        assert!(!ended.stderr.contains(CANARY) && !folder.path("o.csv").exists(), "{}", ended.stderr);
    };
    let partial = format!("{HEADER}{PARTIAL}");
    let model = ["--model", "m"];
    fails(&partial, &["--model", "copula"], 2, "imputing needs a model of the engine masked; this model is copula");
    fails(&partial, &["--engine", "tabddpm"], 2, "--engine tabddpm cannot impute; masked can");
    fails(&partial, &["--model", "m", "--n-iter", "3"], 2, "'--model <FILE>' cannot be used with '--n-iter <N>'");
    fails(&partial, &["--model", "m", "--schema", "s.toml"], 2, "cannot be used with '--schema <FILE>'");
    fails(&partial, &["--n-iter", "0"], 2, "--n-iter must be at least 1");
    fails(
        &partial,
        &[],
        3,
        "bad.csv: no column can be learnt: all are identifiers, free text, constant or empty [nothing-to-learn]",
    );
    let level = partial.replacen("no,70", &format!("{CANARY},70"), 1);
    fails(&level, &model, 3, "bad.csv, column `horTh`: row 1: a value that does not occur in the training table");
    let number = partial.replacen("no,70", &format!("no,{CANARY}"), 1);
    fails(&number, &model, 3, "bad.csv, line 2, column `age`");
    fails("age,sex\n1,m\n2,f\n", &model, 3, "column `horTh`: a column of the schema is not in the file");
    let more = partial.replace('\n', ",1\n").replacen("cens,1", "cens,more", 1);
    fails(&more, &model, 3, "column 11 of the file is not in the schema");

    folder.synth(&["impute", "-", "--model", "-", "--out", "o.csv"]).fails(2, "only one input can be standard input");
    folder.synth(&["impute", "in.csv", "--model", "m", "--out", "-", "--json"]).fails(2, "--json needs --out FILE");
    folder.synth(&["impute", "in.csv", "--model", "m", "--out", "in.csv", "--force"]).fails(2, "would be lost");
    folder.synth(&["impute", "in.csv", "--model", "m", "--out", "m", "--force"]).fails(2, "would be lost");
    folder.write("o.csv", "old");
    folder.synth(&["impute", "in.csv", "--model", "m", "--out", "o.csv"]).fails(2, "o.csv exists; --force replaces it");
}
