//! People with several rows count once.

mod support;

use support::clinic;
use synth_core::Table;
use synth_core::table::Units;
use synth_metrics::{Audit, Baseline, Battery, Options, Outcome, Tables, Uncertainty, likeness, measure, mia_auc};

/// `n_units` people with four rows each, every one like the first: their records have one number.
fn repeated(n_units: usize, seed: u64) -> Table {
    let rows: Vec<usize> = (0..4 * n_units).map(|row| row % n_units).collect();
    clinic(n_units, seed).take(&rows)
}

fn width(u: Uncertainty) -> f64 {
    u.interval.high - u.interval.low
}

#[test]
fn intervals_of_likeness_are_wider_where_rows_are_those_of_fewer_people() {
    let (owned, synthetic) = (repeated(150, 1), clinic(600, 2));
    let plain = owned.clone().with_units(Units::rows(600));
    let taken = |train: &Table| {
        let comparison = Tables { train, synthetic: &synthetic, holdout: None }.compare().unwrap();
        likeness(&comparison, Battery::Core, 7)
    };
    let (by_row, by_unit) = (taken(&plain), taken(&owned));
    let mut n_wider = 0;
    let mut n_compared = 0;
    for (row, unit) in by_row.iter().zip(&by_unit) {
        assert_eq!((&row.id, row.outcome.value()), (&unit.id, unit.outcome.value()));
        let uncertainty = |outcome: &Outcome| match outcome {
            Outcome::Measured(estimate) => estimate.uncertainty,
            Outcome::NotMeasured(_) => None,
        };
        if let (Some(row), Some(unit)) = (uncertainty(&row.outcome), uncertainty(&unit.outcome)) {
            assert_eq!((row.n, unit.n), (600, 150));
            n_compared += 1;
            n_wider += usize::from(width(unit) > width(row));
        }
    }
    assert!(n_compared >= 5 && 4 * n_wider >= 3 * n_compared, "{n_wider} of {n_compared}");
}

#[test]
fn a_member_is_a_person_and_not_a_row() {
    let real = repeated(120, 3);
    let units: Vec<usize> = (0..480).map(|row| row % 120).collect();
    let (member_rows, other_rows): (Vec<usize>, Vec<usize>) = (0..480).partition(|row| units[*row] < 60);
    let (members, non_members) = (real.take(&member_rows), real.take(&other_rows));
    let audit = |synthetic: &Table, id: &dyn Fn(usize) -> usize| {
        let ids = |rows: &[usize]| rows.iter().map(|&row| id(row)).collect::<Vec<_>>();
        let (member_ids, non_member_ids) = (ids(&member_rows), ids(&other_rows));
        let audit = Audit {
            synthetic,
            members: &members,
            member_ids: &member_ids,
            non_members: &non_members,
            non_member_ids: &non_member_ids,
            reference: None,
        };
        match mia_auc(&[audit], 5) {
            Outcome::Measured(estimate) => estimate,
            Outcome::NotMeasured(reason) => panic!("{reason}"),
        }
    };
    let fresh = clinic(240, 4);
    let (by_row, by_unit) = (audit(&fresh, &|row| row), audit(&fresh, &|row| units[row]));
    assert_eq!((by_row.uncertainty.unwrap().n, by_unit.uncertainty.unwrap().n), (240, 60));
    assert!(width(by_unit.uncertainty.unwrap()) > 1.5 * width(by_row.uncertainty.unwrap()));
    // One copied row of each member is enough to know all of them.
    let copied = real.take(&(0..60).collect::<Vec<_>>());
    assert!(audit(&copied, &|row| units[row]).lower_bound() > 0.9);
}

#[test]
fn a_whole_report_counts_people() {
    let train = repeated(60, 5);
    let holdout = repeated(60, 6);
    let synthetic = clinic(240, 7);
    let options = Options { baseline: Baseline::LeaveOneOut, battery: Battery::Full, ..Options::default() };
    let comparison = Tables { train: &train, synthetic: &synthetic, holdout: Some(&holdout) }.compare().unwrap();
    let report = measure(&comparison, &options);
    // Everybody's rows are equal, which says nothing about strangers: no copy is by chance.
    assert_eq!(report.value("dup_excess"), Some(0.0));
    let n = |id: &str| match &report.measure(id).unwrap().outcome {
        Outcome::Measured(estimate) => estimate.uncertainty.unwrap().n,
        Outcome::NotMeasured(reason) => panic!("{id}: {reason}"),
    };
    assert_eq!((n("mia_auc"), n("c2st_trees")), (60, 60));
}
