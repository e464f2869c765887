//! The facts of a report: told by the table, and what the measures make of the same table.

use synth_core::Table;
use synth_core::io::{ReadOptions, read_bytes};
use synth_metrics::{Battery, Inputs, Options, Outcome, QualityReport, Shadow, Tables, lacks_unseen_rows, measure};

fn table(header: &str, row: impl Fn(usize) -> String) -> Table {
    let rows: String = (0..80).map(|i| row(i) + "\n").collect();
    read_bytes(format!("{header}\n{rows}").into_bytes(), &ReadOptions::default()).unwrap().table
}

fn report(table: &Table) -> QualityReport {
    let comparison = Tables { train: table, synthetic: table, holdout: None }.compare().unwrap();
    measure(&comparison, &Options { battery: Battery::Full, ..Options::default() })
}

/// The facts, and that each measure they exclude has no value, while the others of its sort have one.
fn check(table: &Table, expected: Inputs) {
    let report = report(table);
    let inputs = report.inputs.unwrap();
    assert_eq!(inputs, expected);
    for id in [
        "ks_mean",
        "ks_worst",
        "wasserstein_mean",
        "wasserstein_worst",
        "tvd_mean",
        "tvd_worst",
        "corr_delta",
        "assoc_delta",
    ] {
        let is_measured = matches!(report.measure(id).unwrap().outcome, Outcome::Measured(_));
        assert_eq!(inputs.suffice_for(id), is_measured, "{id}: {:?}", report.measure(id));
    }
}

#[test]
fn facts_and_measures_agree() {
    let number = |i: usize| format!("{}", (i * 37 % 79) as f64 / 4.0);
    let level = |i: usize| ["a", "b", "c"][i * 7 % 5 % 3];
    check(
        &table("x,y,g,h", |i| format!("{},{},{},{}", number(i), number(i * 3 + 1), level(i), level(i / 2))),
        Inputs {
            scales: 2,
            levels: 2,
            varying_numbers: 2,
            varying: 4,
            holdout_rows: 0,
            given: None,
            shadow: Shadow::NoGenerator,
        },
    );
    check(
        &table("g,h", |i| format!("{},{}", level(i), level(i / 2))),
        Inputs {
            scales: 0,
            levels: 2,
            varying_numbers: 0,
            varying: 2,
            holdout_rows: 0,
            given: None,
            shadow: Shadow::NoGenerator,
        },
    );
    check(
        &table("x,g", |i| format!("{},{}", number(i), level(i))),
        Inputs {
            scales: 1,
            levels: 1,
            varying_numbers: 1,
            varying: 2,
            holdout_rows: 0,
            given: None,
            shadow: Shadow::NoGenerator,
        },
    );
    check(
        &table("g,same", |i| format!("{},1", level(i))),
        Inputs {
            scales: 0,
            levels: 2,
            varying_numbers: 0,
            varying: 1,
            holdout_rows: 0,
            given: None,
            shadow: Shadow::NoGenerator,
        },
    );
}

#[test]
fn what_needs_a_holdout_has_a_value_only_with_one() {
    let row = |i: usize| {
        format!("{},{},{}", (i * 37 % 79) as f64 / 4.0, (i * 53 % 71) as f64 / 3.0, ["a", "b", "c"][i * 7 % 5 % 3])
    };
    let (train, holdout) = (table("x,y,g", row), table("x,y,g", |i| row(i + 80)));
    for holdout in [None, Some(&holdout)] {
        let comparison = Tables { train: &train, synthetic: &train, holdout }.compare().unwrap();
        let report = measure(&comparison, &Options { battery: Battery::Full, ..Options::default() });
        assert_eq!(report.inputs.unwrap().holdout_rows, holdout.map_or(0, |_| 80));
        for measure in &report.measures {
            let is_measured = matches!(measure.outcome, Outcome::Measured(_));
            assert!(!(is_measured && lacks_unseen_rows(&report, &measure.id)), "{}", measure.id);
            // Without one, none of those that say so lacks the excuse.
            if let (Outcome::NotMeasured(reason), None) = (&measure.outcome, holdout)
                && reason.contains("holdout")
            {
                assert!(lacks_unseen_rows(&report, &measure.id), "{}", measure.id);
            }
        }
    }
}
