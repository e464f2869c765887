//! The verbs that look and change nothing: `plan`, `inspect`, `quality-test`.

use serde_json::Value;

use crate::support::{DEMO, Folder, SHORT};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_plan_is_what_the_run_then_begins_with() {
    let folder = Folder::new();
    let common = ["--seed", "3", "--engine", "copula"];
    let plan = json(&folder.synth(&[&["plan", DEMO, "--json"], &common[..]].concat()).with(0).out());
    assert_eq!(plan["rules"].as_array().unwrap().len(), synth_optimizer::RULES.len());
    folder.synth(&[&["run", DEMO, "--out", "out", "-q"], &common[..]].concat());
    let record = json(&String::from_utf8(folder.read("out/report.json")).unwrap());
    assert_eq!(plan["first"]["plan"], record["attempts"][0]["plan"]);
    assert_eq!(plan["first"]["design"], record["design"]);
    assert_eq!(plan["first"]["findings"], record["findings"]);
    assert_eq!(plan["first"]["protection"], record["protection"]);
    let dry = folder.synth(&[&["run", DEMO, "--dry-run", "--out", "dry", "--json"], &common[..]].concat()).with(0);
    assert_eq!(json(&dry.out()), plan);
    assert!(!folder.path("dry").exists());
    // For people, with every rule by its name.
    let text = folder.synth(&[&["plan", DEMO], &common[..]].concat()).with(0).out();
    assert!(text.contains("first plan: copula"), "{text}");
    assert!(synth_optimizer::RULES.iter().all(|rule| text.contains(rule.name)));
    folder.synth(&["plan", DEMO, "--policy", "none"]).fails(2, "none");
    folder.synth(&["plan", "nowhere.csv"]).with(3);
}

#[test]
fn a_model_is_told_of_without_its_values() {
    let folder = Folder::new();
    folder.write(
        "t.csv",
        (0..60).fold("code,level\n".to_owned(), |text, i| {
            text + &format!("{}.5,{}\n", 7_391_000 + i * 7919 % 1000, ["canarylow", "canaryhigh"][i % 2])
        }),
    );
    folder.synth(&["fit", "t.csv", "--model", "m", "--engine", "copula"]).with(0);
    let text = folder.synth(&["inspect", "m"]).with(0).out();
    assert!(text.contains("engine copula") && text.contains("code") && text.contains("reveals"), "{text}");
    assert!(!text.contains("canary") && !text.contains("7391"), "{text}");
    let value = json(&folder.synth(&["inspect", "m", "--json"]).with(0).out());
    assert_eq!((value["engine"].as_str(), value["columns"].as_array().unwrap().len()), (Some("copula"), 2));
    folder.synth(&["inspect", "t.csv"]).fails(3, "not a model file");
}

#[test]
fn every_part_is_tried_and_nothing_stays_behind() {
    let folder = Folder::new();
    let text = folder.synth(&[&["quality-test", "--max-attempts", "1"], &SHORT[..]].concat()).with(0).out();
    for part in ["tables: csv", "schema", "engine: masked", "engine: trees", "measures", "policy: gdpr", "outputs"] {
        assert!(text.contains(&format!("✓ {part}")), "{part} is not in {text}");
    }
    assert!(text.contains("attempt 1") && text.contains("every component works"), "{text}");
    assert!(folder.names("").is_empty());
    let short = [&["quality-test", "--json", "--max-attempts", "1"], &SHORT[..]].concat();
    let ended = folder.synth(&short).with(0);
    assert!(ended.stderr.contains("at least 400 epochs"), "{}", ended.stderr);
    let value = json(&ended.out());
    assert!(value["parts"].as_array().unwrap().iter().all(|part| part["fault"].is_null()));
    assert_eq!(value["outputs_verified"], true);
}

#[test]
fn a_log_for_programs_is_an_object_a_line() {
    let folder = Folder::new();
    let run = folder.synth(&["run", DEMO, "--out", "out", "--engine", "copula", "--log", "json"]).with(0);
    let said: Vec<Value> = run.stderr.lines().map(json).collect();
    let steps: Vec<&str> =
        said.iter().filter_map(|line| line["step"].as_str()).filter(|&s| s != "fitting" && s != "shadow").collect();
    assert_eq!(steps, ["protected", "designed", "started", "measuring", "finished"]);
    assert_eq!(said.iter().find(|line| line["step"] == "finished").unwrap()["details"]["decision"], "accepted");
    assert!(said.iter().any(|line| line["level"] == "note"));
    let failed = folder.synth(&["--log", "json", "plan", "nowhere.csv"]).with(3);
    let error = json(failed.stderr.trim());
    assert_eq!(error["level"], "error");
    assert!(error["message"].as_str().unwrap().contains("nowhere.csv"), "{error}");
    let quiet = folder.synth(&["run", DEMO, "--out", "two", "--engine", "copula", "--log", "json", "-q"]).with(0);
    assert!(quiet.stderr.is_empty(), "{}", quiet.stderr);
}

#[test]
#[cfg(not(feature = "llm"))]
fn a_planner_that_needs_a_network_is_refused_without_one() {
    let folder = Folder::new();
    folder.synth(&["run", DEMO, "--out", "out", "--planner", "llm"]).fails(2, "no network support");
    assert!(folder.names("out").is_empty());
}
