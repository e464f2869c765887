//! A policy's limits are shown as it writes them, wherever they are shown.

use crate::support::{DEMO, Folder};

/// Limits of three decimals, which two would round to others.
const OURS: &str = r#"
name = "ours"
version = "1"
title = "a test"
min_rows = 50
[[gates]]
measure = "near_copy_rate"
max = 0.005
source = "a test"
[[gates]]
measure = "tvd_mean"
max = 0.125
source = "a test"
[[gates]]
measure = "mia_auc"
min = 0.375
max = 0.625
source = "a test"
"#;

#[test]
fn terminal_page_card_and_json_show_a_limit_as_the_policy_writes_it() {
    let folder = Folder::new();
    folder.write("ours.toml", OURS);
    let args = ["run", DEMO, "--out", "out", "--engine", "copula", "--policy", "ours.toml", "--max-attempts", "1"];
    let told = folder.synth(&args).with(4).out();
    let judged = folder.synth(&["judge", "out/report.json", "--policy", "ours.toml"]).with(4).out();
    let page = String::from_utf8(folder.read("out/report.html")).unwrap();
    let card = String::from_utf8(folder.read("out/MODEL_CARD.md")).unwrap();
    for (place, text) in [("run", &told), ("judge", &judged), ("page", &page), ("card", &card)] {
        for limit in ["≤ 0.005", "≤ 0.125", "0.375 to 0.625", "≥ 50"] {
            assert!(text.contains(limit), "{place} has no {limit}: {text}");
        }
        assert!(!text.contains("≤ 0.01") && !text.contains("≤ 0.12 "), "{place}: {text}");
        assert!(text.contains("is above the limit 0.005"), "{place}: {text}");
    }
    let record: serde_json::Value = serde_json::from_slice(&folder.read("out/report.json")).unwrap();
    let checks = record["attempts"][0]["result"]["judged"]["verdict"]["checks"].as_array().unwrap();
    let check = |id: &str| checks.iter().find(|check| check["id"] == id).unwrap();
    assert_eq!(check("near_copy_rate")["max"], 0.005);
    assert_eq!((&check("mia_auc")["min"], &check("mia_auc")["max"]), (&0.375.into(), &0.625.into()));
    assert_eq!((&check("rows")["min"], &check("rows")["value"]), (&50.0.into(), &686.0.into()));
    // The value stands in all of them with the same digits.
    let copies = judged.lines().find(|line| line.contains("near_copy_rate ")).unwrap();
    let value = copies.split_whitespace().nth(4).unwrap();
    assert!(value.starts_with("0.") && value.len() >= 6, "{copies}");
    for (place, text) in [("run", &told), ("page", &page), ("card", &card)] {
        assert!(text.contains(value), "{place} has no {value}: {text}");
    }
}
