//! Figures that leave have no more digits than they support: all of them together would be a fingerprint of the real rows.

use serde_json::Value;

use crate::support::{Folder, SHORT_MASKED, plain};

/// The fractions in a value, spelled as they are in the file, with their paths.
fn fractions(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Number(number) if number.is_f64() => found.push((path.to_owned(), number.to_string())),
        Value::Array(values) => values.iter().for_each(|value| fractions(value, path, found)),
        Value::Object(members) => {
            members.iter().for_each(|(name, own)| fractions(own, &format!("{path}/{name}"), found))
        }
        _ => {}
    }
}

/// Significant digits of a number as it is spelled.
fn n_digits(number: &str) -> usize {
    let digits: String = number.split(['e', 'E']).next().unwrap_or("").chars().filter(char::is_ascii_digit).collect();
    digits.trim_start_matches('0').trim_end_matches('0').len()
}

fn check(name: &str, value: &Value) -> usize {
    let mut found = Vec::new();
    fractions(value, "", &mut found);
    for (path, number) in &found {
        assert!(n_digits(number) <= 7, "{name}: {number} at {path} has {} digits", n_digits(number));
    }
    found.len()
}

#[test]
fn no_figure_of_a_run_is_a_fingerprint() {
    let folder = Folder::new();
    folder.write("in.csv", plain(300));
    let run = ["run", "in.csv", "--out", "out", "--max-attempts", "1", "--policy", "gdpr", "--json"];
    let ended = folder.synth(&[&run[..], &SHORT_MASKED[..]].concat());
    assert!([0, 4, 5].contains(&ended.code), "{ended:?}");
    let json = |name: &str| -> Value { serde_json::from_slice(&folder.read(&format!("out/{name}"))).unwrap() };
    let record = json("report.json");
    assert!(check("report.json", &record) > 100, "there is something to look at");
    check("standard output", &ended.json());
    check("provenance.json", &json("provenance.json"));
    let log = String::from_utf8(folder.read("out/audit.jsonl")).unwrap();
    for line in log.lines() {
        check("audit.jsonl", &serde_json::from_str(line).unwrap());
    }
    for name in ["report.html", "MODEL_CARD.md"] {
        let text = String::from_utf8(folder.read(&format!("out/{name}"))).unwrap();
        for number in text.split(|c: char| !c.is_ascii_digit() && c != '.').filter(|number| number.contains('.')) {
            let decimals = number.rsplit('.').next().unwrap_or("").len();
            assert!(decimals <= 6, "{name}: {number}");
        }
    }

    // Who judges the written report comes to the verdict that is written beside it.
    let judged = folder.synth(&["judge", "out/report.json", "--policy", "gdpr", "--json"]);
    let verdict = &record["attempts"][0]["result"]["judged"]["verdict"];
    assert_eq!(judged.json()["checks"], verdict["checks"]);
    folder.synth(&["verify", "out"]).with(0);
}

#[test]
fn a_report_of_two_tables_is_rounded_too() {
    let folder = Folder::new();
    folder.write("a.csv", plain(200));
    folder.write("b.csv", plain(300));
    let evaluate = ["evaluate", "--train", "a.csv", "--synthetic", "b.csv", "--group", "sex", "--out", "q.json"];
    folder.synth(&evaluate).with(0);
    assert!(check("q.json", &serde_json::from_slice(&folder.read("q.json")).unwrap()) > 20);
}
