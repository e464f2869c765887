//! `synth audit`, and the audit at the end of a run.

use crate::support::{CANARY, DEMO, Folder};

/// Ages and doses of which a few are far out.
fn table() -> String {
    let row = |i: u64| {
        let dose = if i == 17 { 990 } else { i * 7919 % 200 };
        format!("{},{dose},{}\n", 20 + i * 31 % 60, ["f", "m"][(i % 2) as usize])
    };
    std::iter::once("age,dose,sex\n".to_owned()).chain((0..120).map(row)).collect()
}

const RUNS: [&str; 4] = ["--runs", "24", "--units", "6"];

fn audit(folder: &Folder, command: &str) -> serde_json::Value {
    let args = [&["audit", "--data", "in.csv", "--fit-command", command, "--json", "--seed", "1"], &RUNS[..]].concat();
    serde_json::from_slice(&folder.synth(&args).with(0).stdout).unwrap()
}

#[test]
#[cfg(unix)]
fn a_command_that_copies_is_found_out_and_one_that_does_not_look_is_not() {
    let folder = Folder::new();
    folder.write("in.csv", table());
    let copied = audit(&folder, "cp {train} {out}");
    assert_eq!(copied["fact"], "made");
    assert_eq!(copied["exposed"]["auc"]["value"], 1.0);
    assert!(copied["exposed"]["epsilon"].as_f64().unwrap() > 2.0);
    // Rows of its own, whatever it is given.
    let own = "awk -v n={rows} -v seed={seed} 'BEGIN { srand(seed % 100000); print \"age,dose,sex\"; \
               for (i = 0; i < n; i++) printf \"%d,%d,%s\\n\", 20 + 60 * rand(), 200 * rand(), rand() < .5 ? \"f\" : \"m\" }' \
               > {out}; test -s {train}";
    let own = audit(&folder, own);
    assert!(own["exposed"]["auc"]["value"].as_f64().unwrap() < 0.65, "{own}");
    assert_eq!(own["exposed"]["epsilon"], 0.0);
}

#[test]
#[cfg(unix)]
fn a_command_that_fails_is_an_error_that_names_the_run_and_nothing_of_the_table() {
    let folder = Folder::new();
    folder.write("in.csv", table().replace("\n20,", &format!("\n{CANARY},")));
    let fails = |command: &str, expected: &str| {
        let args = [&["audit", "--data", "in.csv", "--fit-command", command], &RUNS[..]].concat();
        let ended = folder.synth(&args).with(2);
        assert!(ended.stderr.contains("shadow run ") && ended.stderr.contains(expected), "{}", ended.stderr);
        assert!(!ended.stderr.contains(CANARY));
    };
    fails("cat {train} >&2; exit 7; : {out}", "it ended with exit code 7");
    fails(": {train} {out}", "it wrote no table that fits");
    let args = ["audit", "--data", "in.csv", "--fit-command", "sleep 30; : {train} {out}", "--run-timeout", "50ms"];
    assert!(folder.synth(&args).with(2).stderr.contains("it did not end within 0.05 s"));
    let args = ["audit", "--data", "in.csv", "--fit-command", "cp a b"];
    assert!(folder.synth(&args).with(2).stderr.contains("the command has no {train}"));
}

#[test]
fn a_model_is_fitted_again_with_its_own_settings() {
    let folder = Folder::new();
    folder.synth(&["fit", DEMO, "--engine", "trees", "--model", "m.synth"]).with(0);
    let args = [&["audit", "m.synth", "--data", DEMO, "--policy", "hipaa", "--seed", "4"], &RUNS[..]].concat();
    let said = folder.synth(&args).with(0).out();
    assert!(said.contains("exposed unit 6 (") && said.contains("6 units in 24 shadow runs: AUC "), "{said}");
    let again = folder.synth(&[&args[..], &["--threads", "1"]].concat()).with(0).out();
    assert_eq!(again, said);
}

#[test]
fn what_is_too_small_or_too_hurried_is_not_enough_evidence() {
    let folder = Folder::new();
    folder.write("tiny.csv", table().lines().take(10).collect::<Vec<_>>().join("\n"));
    folder.write("in.csv", table());
    let of = |data: &str, more: &[&str], code: i32| {
        let args = [&["audit", "--data", data, "--fit-command", "cp {train} {out}"], more].concat();
        folder.synth(&args).with(code).out()
    };
    assert!(of("tiny.csv", &[], 5).contains("not audited: the table has too few units"));
    assert!(of("in.csv", &["--time-budget", "1ns"], 7).contains("not audited: the time was up"));
    folder.synth(&["audit", "--data", "in.csv"]).with(2);
    folder.synth(&["audit", "--data", "in.csv", "--fit-command", "cp {train} {out}", "--runs", "23"]).with(2);
}
