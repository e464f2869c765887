//! Log-likelihoods of rows.

use crate::support::{CANARY, DEMO, Folder, cells, plain};

#[test]
fn every_row_has_a_score_and_unlikely_rows_a_low_one() {
    let folder = Folder::new();
    folder.fit_masked("m");
    let ended = folder.synth(&["score", "m", DEMO, "--out", "scores.csv"]).with(0);
    assert!(ended.out().starts_with("686 rows: log-likelihood -"), "{}", ended.out());
    let csv = String::from_utf8(folder.read("scores.csv")).unwrap();
    assert!(csv.starts_with("row,log_likelihood\n1,-"), "{csv}");
    let rows = cells(&csv);
    assert_eq!(rows.len(), 686);
    assert!(rows.iter().enumerate().all(|(i, row)| row[0] == (i + 1).to_string()));
    let scores: Vec<f64> = rows.iter().map(|row| row[1].parse().unwrap()).collect();
    assert!(scores.iter().all(|score| score.is_finite()));
    #[cfg(unix)]
    assert!(folder.is_private("scores.csv"));

    let piped = folder.synth(&["score", "m", DEMO, "--out", "-"]).with(0);
    assert_eq!(piped.out(), csv);
    let json = folder.synth(&["score", "m", DEMO, "--out", "scores.csv", "--force", "--json"]).with(0).json();
    let summary = &json["log_likelihood"];
    assert_eq!(summary["n"], 686);
    let mean = scores.iter().sum::<f64>() / 686.0;
    // What was read is rounded to six decimals.
    assert!((summary["mean"].as_f64().unwrap() - mean).abs() < 1e-6);
    let quantile = |name: &str| summary["quantiles"][name].as_f64().unwrap();
    assert!(["min", "p5", "p25", "p50", "p75", "p95", "max"].map(quantile).is_sorted());

    // A row of extremes is less likely than most.
    let header = std::fs::read_to_string(DEMO).unwrap().lines().next().unwrap().to_owned();
    folder.write("odd.csv", format!("{header}\nyes,21,Post,120,I,51,0,1144,8,1\n"));
    let odd = folder.synth(&["score", "m", "odd.csv", "--out", "-"]).with(0).out();
    assert!(cells(&odd)[0][1].parse::<f64>().unwrap() < quantile("p5"), "{odd}");
}

#[test]
fn what_has_no_score_is_refused() {
    let folder = Folder::new();
    folder.fit_masked("m");
    folder.write("in.csv", plain(30));
    folder.synth(&["fit", DEMO, "--engine", "copula", "--model", "copula"]).with(0);
    let score = |args: &[&str]| folder.synth(&[&["score"], args].concat());
    score(&["copula", DEMO, "--out", "s"]).fails(2, "scores need a model of the engine masked; this model is copula");
    score(&["m", "in.csv", "--out", "s"]).fails(3, "a column of the schema is not in the file");
    score(&["m", "nothing.csv", "--out", "s"]).fails(3, "cannot read nothing.csv");
    score(&["in.csv", DEMO, "--out", "s"]).fails(3, "in.csv: model file: ");
    score(&["-", "-", "--out", "s"]).fails(2, "only one input can be standard input");
    score(&["m", DEMO, "--out", "-", "--json"]).fails(2, "--json needs --out FILE");
    score(&["m", DEMO]).fails(2, "--out <FILE>");
    score(&["m", "in.csv", "--out", "in.csv", "--force"]).fails(2, "would be lost");
    let (header, row) = std::fs::read_to_string(DEMO)
        .map(|text| text.split_once('\n').map(|(h, rows)| (h.to_owned(), rows.lines().next().unwrap().to_owned())))
        .unwrap()
        .unwrap();
    folder.write("new.csv", format!("{header}\n{row}\n{}\n", row.replacen("no", CANARY, 1)));
    let ended = score(&["m", "new.csv", "--out", "s"]).fails(3, "new.csv, column `horTh`: row 2: a value that");
    assert!(!ended.stderr.contains(CANARY) && !folder.path("s").exists());
}
