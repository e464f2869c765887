//! People with several rows: what is said of them, and where it can be corrected.

use super::support::{Folder, plain};

/// Visits of 135 patients: two each of the first thirty, four of the others.
fn visits() -> String {
    let mut text = "patient_id,age,sex,dose\n".to_owned();
    for i in 0..480 {
        let patient = if i < 60 { i / 2 } else { 30 + (i - 60) / 4 };
        let (age, dose) = (20 + patient * 7 % 50, (i * 13 % 40) as f64 / 4.0 + 0.25);
        text += &format!("P{patient:04},{age},{},{dose}\n", ["m", "f"][patient % 2]);
    }
    text
}

const SAID: &str = "unit: patient_id, 135 units with 2 to 4 rows";

#[test]
fn a_profile_tells_the_unit_to_be_corrected() {
    let folder = Folder::new();
    folder.write("visits.csv", visits());
    folder.write("plain.csv", plain(60));
    let profile = folder.synth(&["profile", "visits.csv"]).with(0).out();
    assert!(profile.contains("# patient_id, 135 units with 2 to 4 rows\nunit = \"patient_id\"\n"), "{profile}");
    let alone = folder.synth(&["profile", "plain.csv"]).with(0).out();
    assert!(alone.contains("# row, 60 units\n# unit = \"row\"\n"), "{alone}");
    let json = folder.synth(&["profile", "visits.csv", "--json"]).with(0).json();
    assert_eq!((&json["unit"], &json["units"]["n_units"]), (&"patient_id".into(), &135.into()));
    // It is a schema as it stands.
    folder.write("own.toml", &profile);
    folder.synth(&["profile", "visits.csv", "--schema", "own.toml"]).with(0);
    folder.write("bad.toml", profile.replace("unit = \"patient_id\"", "unit = [\"patient_id\", \"person\"]"));
    folder.synth(&["profile", "visits.csv", "--schema", "bad.toml"]).fails(3, "names the column `person`");
}

#[test]
fn plan_and_fit_say_first_whose_rows_they_are() {
    let folder = Folder::new();
    folder.write("visits.csv", visits());
    let planned = folder.synth(&["plan", "visits.csv", "--engine", "copula"]).with(0);
    assert!(planned.stderr.contains(SAID), "{}", planned.stderr);
    let json = folder.synth(&["plan", "visits.csv", "--engine", "copula", "--json", "--quiet"]).with(0);
    assert_eq!(json.json()["first"]["unit"]["max_rows"], 4);
    assert!(!json.stderr.contains("unit:"));
    let fitted = folder.synth(&["fit", "visits.csv", "--engine", "copula", "--model", "m.synth"]).with(0);
    assert!(fitted.stderr.contains(SAID), "{}", fitted.stderr);
}

#[test]
fn a_run_says_so_in_its_first_lines_and_writes_it_down() {
    let folder = Folder::new();
    folder.write("visits.csv", visits());
    let run = |out: &str, schema: &[&str]| {
        let args = ["run", "visits.csv", "--engine", "copula", "--max-attempts", "1", "--keep-refused", "--out", out];
        let ended = folder.synth(&[&args[..], schema].concat());
        let report: serde_json::Value = serde_json::from_slice(&folder.read(&format!("{out}/report.json"))).unwrap();
        (ended.stderr, report)
    };
    let (said, report) = run("out", &[]);
    let first: Vec<&str> = said.lines().take(3).collect();
    assert!(first.iter().any(|line| line.contains(SAID)), "{said}");
    assert_eq!(report["unit"], serde_json::json!({ "columns": ["patient_id"], "n_units": 135, "max_rows": 4 }));
    // Attacks are on people: each was unseen by one generator.
    assert_eq!(n_of(&report, "mia_auc"), Some(135));
    // What is declared holds, and is said where it looks wrong.
    let profile = folder.synth(&["profile", "visits.csv"]).with(0).out();
    folder.write("own.toml", profile.replace("unit = \"patient_id\"", "unit = \"row\""));
    let (said, report) = run("rows", &["--schema", "own.toml"]);
    assert!(said.contains("unit: row, as declared; but `patient_id` has 135 values in 480 rows"), "{said}");
    assert!(report.get("unit").is_none());
    assert!(report["notes"].to_string().contains("as declared"), "{}", report["notes"]);
    assert_eq!(n_of(&report, "mia_auc"), Some(480));
}

/// How many observations the first measure called `id` that has an interval counts, anywhere in a record.
fn n_of(value: &serde_json::Value, id: &str) -> Option<u64> {
    if value["id"] == id && value.get("outcome").is_some() {
        return count(&value["outcome"]);
    }
    match value {
        serde_json::Value::Object(all) => all.values().find_map(|value| n_of(value, id)),
        serde_json::Value::Array(all) => all.iter().find_map(|value| n_of(value, id)),
        _ => None,
    }
}

/// The first `n` in a value.
fn count(value: &serde_json::Value) -> Option<u64> {
    let own = value.get("n").and_then(serde_json::Value::as_u64);
    own.or_else(|| value.as_object()?.values().find_map(count))
}

#[test]
fn equal_rows_without_an_identifier_are_one_unit_and_said_to_be() {
    let folder = Folder::new();
    let row = |i: usize| {
        let patient = i * 7 % 120;
        let (age, crp) = (30 + patient * 11 % 50, (patient * 7919 % 2003) as f64 / 100.0);
        format!("{age},{crp},{}.{},{}\n", 18 + patient * 13 % 17, patient * 3 % 10, ["low", "high"][patient % 2])
    };
    let text: String = std::iter::once("age,crp,bmi,stage\n".to_owned()).chain((0..480).map(row)).collect();
    folder.write("repeated.csv", text);
    let profile = folder.synth(&["profile", "repeated.csv"]).with(0).out();
    assert!(profile.contains("# equal rows, 120 units with 4 rows\nunit = \"equal-rows\"\n"), "{profile}");
    let run = |out: &str, schema: &[&str]| {
        let args = ["run", "repeated.csv", "--engine", "copula", "--max-attempts", "1", "--keep-refused", "--out", out];
        let ended = folder.synth(&[&args[..], schema].concat());
        let report: serde_json::Value = serde_json::from_slice(&folder.read(&format!("{out}/report.json"))).unwrap();
        (ended.stderr, report)
    };
    let (said, report) = run("out", &[]);
    assert!(
        said.contains("unit: equal rows, 120 units with 4 rows; far more rows are equal than chance makes"),
        "{said}"
    );
    assert_eq!(n_of(&report, "mia_auc"), Some(120));
    // What the run declares is read back, and a person may say otherwise.
    let (said, again) = run("again", &["--schema", "out/schema.toml"]);
    assert!(said.contains("unit: equal rows, 120 units"), "{said}");
    assert_eq!(again["unit"], report["unit"]);
    folder.write("own.toml", profile.replace("unit = \"equal-rows\"", "unit = \"row\""));
    let (said, report) = run("rows", &["--schema", "own.toml"]);
    assert!(said.contains("of 480 rows only 120 are different"), "{said}");
    assert_eq!(n_of(&report, "mia_auc"), Some(480));
}
