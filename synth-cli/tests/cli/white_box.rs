//! Membership inference by somebody who holds the model.

use crate::support::{CANARY, DEMO, Folder, cells};

/// Rows of the built-in table to learn from, as many unseen ones, and others in the place of synthetic ones.
fn tables(folder: &Folder) {
    let text = std::fs::read_to_string(DEMO).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    folder.write("train.csv", format!("{header}\n{}\n", rows[..300].join("\n")));
    folder.write("unseen.csv", format!("{header}\n{}\n", rows[300..600].join("\n")));
    folder.write("s.csv", format!("{header}\n{}\n", rows[600..].join("\n")));
}

/// How often a row of the first file is likelier than one of the second.
fn auc(folder: &Folder) -> f64 {
    let scores = |table: &str| -> Vec<f64> {
        let csv = folder.synth(&["score", "m", table, "--out", "-"]).with(0).out();
        cells(&csv).iter().map(|row| row[1].parse().unwrap()).collect()
    };
    let (members, others) = (scores("train.csv"), scores("unseen.csv"));
    let wins = members.iter().flat_map(|a| others.iter().map(move |b| if a > b { 1.0 } else { 0.0 }));
    wins.sum::<f64>() / (members.len() * others.len()) as f64
}

const EVALUATE: [&str; 7] = ["evaluate", "--train", "train.csv", "--synthetic", "s.csv", "--json", "--quiet"];

#[test]
fn the_models_losses_are_one_of_the_attacks() {
    let folder = Folder::new();
    tables(&folder);
    let fit = ["fit", "train.csv", "--model", "m", "--engine", "masked", "--hidden", "64,64", "--n-iter", "300"];
    folder.synth(&fit).with(0);
    let largest = |more: &[&str]| {
        let report = folder.synth(&[&EVALUATE[..], &["--holdout", "unseen.csv"], more].concat()).with(0).json();
        let measures = report["measures"].as_array().unwrap().clone();
        let of = |id: &str| measures.iter().find(|m| m["id"] == id).unwrap()["outcome"]["measured"]["value"].as_f64();
        (of("mia_max_auc").unwrap(), of("mia_auc").unwrap())
    };
    let (blind, seeing, losses) = (largest(&[]), largest(&["--model", "m"]), auc(&folder));
    assert!(losses > blind.0, "the model gives more away than the table: {losses} beside {blind:?}");
    // Ranks of scores that were rounded to six decimals.
    assert!((seeing.0 - losses).abs() < 1e-3, "{seeing:?} beside {losses}");
    assert_eq!(seeing.1, blind.1); // the classifier knows nothing of losses
}

#[test]
fn a_level_that_was_not_learnt_is_unlike_a_member() {
    let folder = Folder::new();
    tables(&folder);
    folder.fit_masked("m");
    let text = String::from_utf8(folder.read("unseen.csv")).unwrap();
    folder.write("unseen.csv", text.replacen("\nno,", &format!("\n{CANARY},"), 1));
    let ended = folder.synth(&[&EVALUATE[..], &["--holdout", "unseen.csv", "--model", "m"]].concat()).with(0);
    assert!(!ended.out().contains(CANARY) && !ended.stderr.contains(CANARY));
}

#[test]
fn what_the_attack_needs_is_said() {
    let folder = Folder::new();
    tables(&folder);
    folder.fit_masked("m");
    folder.synth(&["fit", "train.csv", "--engine", "copula", "--model", "copula"]).with(0);
    let fails = |more: &[&str], code: i32, message: &str| {
        folder.synth(&[&EVALUATE[..], more].concat()).fails(code, message);
    };
    let holdout = ["--holdout", "unseen.csv", "--model"];
    fails(&["--model", "m"], 2, "--model needs --holdout");
    fails(&[&holdout[..], &["m", "--core"]].concat(), 2, "--core leaves out");
    fails(&[&holdout[..], &["copula"]].concat(), 2, "needs a model of the engine masked; this model is copula");
    fails(&[&holdout[..], &["s.csv"]].concat(), 3, "s.csv: model file: ");
    fails(&[&holdout[..], &["m", "--schema", "schema.toml"]].concat(), 2, "cannot be used with");
    fails(&[&holdout[..], &["m", "--out", "m", "--force"]].concat(), 2, "would be lost");
}
