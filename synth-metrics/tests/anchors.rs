//! What every measure must say of four tables whose truth is known: a copy of the training rows, fresh rows of the
//! same law, the columns permuted independently, and everything shifted.

mod support;

use support::{census, clinic, permuted, shifted, trial};
use synth_core::Table;
use synth_metrics::{
    Anchors, Audit, Baseline, Battery, Definition, MEASURES, Options, QualityReport, SurvivalColumns, Tables, measure,
    mia_auc,
};

const N: usize = 600;

/// What a law may have nothing of, and is then not measured on it: there is no rule in the clinic.
const NOT_ON_EVERY_LAW: &[&str] = &["rules_kept", "given_rules_kept"];
/// Measures of generators, which no tables tell: `tests/exposed.rs` has what they are to say.
const OF_GENERATORS: [&str; 4] = ["exposed_auc", "exposed_max_auc", "exposed_tpr_at_10", "exposed_epsilon"];
/// Measures that are taken only where a time and an event are named.
const OF_SURVIVAL: [&str; 3] = ["km_distance", "concordance", "concordance_gap"];

fn report(train: &Table, synthetic: &Table, holdout: &Table) -> QualityReport {
    // What is predicted: the census's last column of levels depends on nothing.
    let named = |name: &str| train.schema().index_of(name).map(|_| name.to_owned());
    let survival = [["slope", "sex"], ["months", "died"]]
        .into_iter()
        .find_map(|[time, event]| Some(SurvivalColumns { time: named(time)?, event: named(event)? }));
    let options = Options { battery: Battery::Full, target: named("job"), survival, ..Options::default() };
    let comparison = Tables { train, synthetic, holdout: Some(holdout) }.compare().unwrap();
    measure(&comparison.with_given(train).unwrap(), &options)
}

/// The four reports on one law.
struct Reports {
    copy: QualityReport,
    fresh: QualityReport,
    permuted: QualityReport,
    shifted: QualityReport,
}

fn anchors(law: fn(usize, u64) -> Table) -> Reports {
    let (train, holdout, fresh) = (law(N, 1), law(N, 2), law(N, 3));
    Reports {
        copy: report(&train, &train, &holdout),
        fresh: report(&train, &fresh, &holdout),
        permuted: report(&train, &permuted(&train, 4), &holdout),
        shifted: report(&train, &shifted(&train), &holdout),
    }
}

/// Holds the measures to what the registry promises of each.
fn check_definitions(all: &Reports, wanted: impl Fn(&Definition) -> bool) {
    for definition in MEASURES.iter().filter(|definition| wanted(definition)) {
        for report in [&all.copy, &all.fresh, &all.permuted, &all.shifted] {
            let Some(value) = report.value(definition.id) else {
                assert!(NOT_ON_EVERY_LAW.contains(&definition.id), "{} was not measured", definition.id);
                continue;
            };
            assert!(definition.range.contains(value), "{}: {value}", definition.id);
        }
        let Anchors { copy, fresh, permuted, shifted } = definition.anchors;
        let expected = [("copy", copy), ("fresh", fresh), ("permuted", permuted), ("shifted", shifted)];
        let reports = [&all.copy, &all.fresh, &all.permuted, &all.shifted];
        for ((name, allowed), report) in expected.into_iter().zip(reports) {
            let Some(value) = report.value(definition.id) else { continue };
            assert!(allowed.contains(value), "{}, {name}: {value} is not in {allowed:?}", definition.id);
        }
    }
}

fn check(law: fn(usize, u64) -> Table) {
    let all = anchors(law);
    for report in [&all.copy, &all.fresh, &all.permuted, &all.shifted] {
        let ids: Vec<&str> = report.measures.iter().map(|m| m.id.as_str()).collect();
        assert_eq!(ids, MEASURES.iter().map(|m| m.id).collect::<Vec<_>>());
    }
    let has_survival = all.copy.value("km_distance").is_some();
    check_definitions(&all, |definition| {
        (has_survival || !OF_SURVIVAL.contains(&definition.id)) && !OF_GENERATORS.contains(&definition.id)
    });
    let value = |report: &QualityReport, id: &str| report.value(id).unwrap();

    // Marginals: exact for a copy and for permuted columns, within sampling error for fresh rows (two samples of 600
    // differ by D = 0.05 in the mean, and shares of up to 8 levels by about as much), far off when shifted.
    for id in ["ks_mean", "tvd_mean", "missing_delta"] {
        assert_eq!(value(&all.copy, id), 0.0, "{id}");
        assert_eq!(value(&all.permuted, id), 0.0, "{id}");
        assert!(value(&all.fresh, id) < 0.08, "{id}: {}", value(&all.fresh, id));
    }
    assert!(value(&all.shifted, "ks_mean") > 0.4);
    assert!(value(&all.shifted, "tvd_mean") > 0.15);
    assert_eq!(value(&all.shifted, "missing_delta"), 0.0); // a shift moves no gap

    // Dependence: lost by permuting, kept by a shift of numbers (but not by renaming coded levels).
    for id in ["corr_delta", "assoc_delta"] {
        let [copy, fresh, permuted] = [&all.copy, &all.fresh, &all.permuted].map(|r| value(r, id));
        assert_eq!(copy, 0.0, "{id}");
        assert!(fresh < 0.06, "{id}: {fresh}");
        assert!(permuted > 0.1 && permuted > 2.0 * fresh, "{id}: {permuted} beside {fresh}");
    }
    assert!(value(&all.shifted, "assoc_delta") < 0.02); // strengths do not care for names and origins

    // Copies.
    assert_eq!(value(&all.copy, "dup_rate"), 1.0);
    assert!(value(&all.copy, "dup_excess") > 0.98);
    for report in [&all.fresh, &all.permuted, &all.shifted] {
        assert!(value(report, "dup_rate") < 0.01);
        let excess = report.measure("dup_excess").unwrap();
        assert!(value(report, "dup_excess").abs() < 0.01, "{excess:?}");
    }
    assert_eq!(value(&all.copy, "dup_rate_holdout"), value(&all.shifted, "dup_rate_holdout"));

    // Membership: a copy gives everybody away, fresh rows nobody. The permuted and the shifted table hold real values but
    // no real row: whatever is left of that is below four standard errors of 600 rows a side.
    assert!(value(&all.copy, "mia_auc") > 0.99, "{}", value(&all.copy, "mia_auc"));
    for (name, report) in [("fresh", &all.fresh), ("permuted", &all.permuted), ("shifted", &all.shifted)] {
        let synth_metrics::Outcome::Measured(estimate) = &report.measure("mia_auc").unwrap().outcome else {
            panic!("measured above")
        };
        let interval = estimate.uncertainty.unwrap().interval;
        assert!(name != "fresh" || interval.contains(0.5), "{name}: {interval:?}");
        assert!((estimate.value - 0.5).abs() < 0.07, "{name}: {estimate:?}");
        assert!(estimate.upper_bound() < 0.6, "{name}: 600 rows a side are enough to pass");
    }
}

#[test]
fn the_clinic_is_ranked_rightly() {
    check(clinic);
}

#[test]
fn the_census_is_ranked_rightly() {
    check(census);
}

/// A third law for the measures of use: the others have no time that anything depends on.
#[test]
fn the_trial_is_ranked_rightly() {
    let is_of_use = |definition: &Definition| definition.domain == synth_metrics::Domain::Utility;
    check_definitions(&anchors(trial), is_of_use);
}

#[test]
fn half_a_copy_is_half_as_bad() {
    let (train, holdout, fresh) = (clinic(N, 1), clinic(N, 2), clinic(N, 3));
    let half: Vec<usize> = (0..N / 2).collect();
    let mixed = Table::concat(&[train.take(&half), fresh.take(&half)]).unwrap();
    let report = report(&train, &mixed, &holdout);
    assert!((report.value("dup_rate").unwrap() - 0.5).abs() < 0.01);
    // Half of the members are found surely and the others guessed: 0.5 · 1 + 0.5 · 0.5.
    assert!((report.value("mia_auc").unwrap() - 0.75).abs() < 0.05, "{report}");
}

#[test]
fn without_a_holdout_copies_are_held_against_the_training_table_itself() {
    let (train, fresh) = (clinic(N, 1), clinic(N, 3));
    let options = Options { baseline: Baseline::LeaveOneOut, ..Options::default() };
    let excess = |synthetic: &Table| {
        let comparison = Tables { train: &train, synthetic, holdout: None }.compare().unwrap();
        measure(&comparison, &options).value("dup_excess").unwrap()
    };
    assert!(excess(&train) > 0.98);
    assert!(excess(&fresh).abs() < 0.01);
}

/// The classifier calls the majority class positive: a slip there would turn 0.99 into 0.01 on one of these.
#[test]
fn copies_are_found_whichever_side_is_larger() {
    for (n_members, n_non_members) in [(60, 240), (240, 60)] {
        let (members, non_members) = (clinic(n_members, 1), clinic(n_non_members, 2));
        let ids: Vec<usize> = (0..n_members + n_non_members).collect();
        let audit = Audit {
            synthetic: &members,
            members: &members,
            member_ids: &ids[..n_members],
            non_members: &non_members,
            non_member_ids: &ids[n_members..],
            reference: None,
        };
        let auc = mia_auc(&[audit], 0).value().unwrap();
        assert!(auc > 0.99, "{n_members} members, {n_non_members} non-members: {auc}");
    }
}

#[test]
fn cross_fitting_finds_a_procedure_that_copies() {
    let real = clinic(150, 1);
    let parts: Vec<_> = (0..5)
        .map(|fold| {
            let (out, inside): (Vec<usize>, Vec<usize>) = (0..150).partition(|row| row % 5 == fold);
            (real.take(&inside), inside, real.take(&out), out)
        })
        .collect();
    let audits: Vec<Audit> = parts
        .iter()
        .map(|(members, member_ids, non_members, non_member_ids)| Audit {
            synthetic: members,
            members,
            member_ids,
            non_members,
            non_member_ids,
            reference: None,
        })
        .collect();
    assert!(mia_auc(&audits, 0).value().unwrap() > 0.99);
}
