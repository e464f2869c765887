//! The report as a whole: always complete, never NaN, the same for any number of threads, and it survives JSON.

mod support;

use std::time::{Duration, Instant};
use support::{Values, clinic, permuted, table};

use synth_core::schema::Storage;
use synth_core::{Kind, Table};
use synth_metrics::{
    Audit, Battery, Error, MEASURES, OUT_OF_TIME, Options, Outcome, QualityReport, REPORT_VERSION, Tables, measure,
};

fn full_report() -> QualityReport {
    let (train, synthetic, holdout) = (clinic(150, 1), clinic(140, 2), clinic(60, 3));
    let options = Options { battery: Battery::Full, ..Options::default() };
    measure(&Tables { train: &train, synthetic: &synthetic, holdout: Some(&holdout) }.compare().unwrap(), &options)
}

fn reason(report: &QualityReport, id: &str) -> String {
    match &report.measure(id).unwrap().outcome {
        Outcome::NotMeasured(reason) => reason.clone(),
        Outcome::Measured(estimate) => panic!("{id} was measured: {estimate:?}"),
    }
}

#[test]
fn json_gives_back_the_same_report() {
    let report = full_report();
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<QualityReport>(&json).unwrap(), report);
}

#[test]
fn a_report_of_another_version_is_refused() {
    let json = serde_json::to_string(&full_report()).unwrap();
    let newer = json.replacen(&format!("\"version\":{REPORT_VERSION}"), "\"version\":999", 1);
    let error = serde_json::from_str::<QualityReport>(&newer).unwrap_err().to_string();
    assert!(error.contains("report version 999 is not"), "{error}");
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let run = |n_threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(full_report)
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn people_get_a_line_a_measure() {
    let text = full_report().to_string();
    assert!(text.starts_with("150 training rows, 140 synthetic rows, 60 held-out real rows\n"), "{text}");
    for definition in MEASURES.iter().filter(|definition| definition.battery == Battery::Core) {
        assert!(text.lines().any(|line| line.starts_with(definition.id)), "{text}");
    }
}

#[test]
fn what_cannot_be_measured_is_there_with_its_reason() {
    let (train, synthetic) = (clinic(150, 1), clinic(140, 2));
    let options = Options { battery: Battery::Full, ..Options::default() };
    let report = measure(&Tables { train: &train, synthetic: &synthetic, holdout: None }.compare().unwrap(), &options);
    assert_eq!(report.measures.len(), MEASURES.len());
    assert_eq!(reason(&report, "dup_rate_holdout"), "no holdout given");
    assert_eq!(reason(&report, "dup_excess"), "no holdout given");
    assert_eq!(reason(&report, "mia_auc"), "neither a holdout nor an audit given");
    assert!(report.value("dup_rate").is_some());
}

#[test]
fn what_the_clock_left_no_time_for_is_not_measured() {
    let (train, synthetic, holdout) = (clinic(150, 1), clinic(140, 2), clinic(150, 3));
    let comparison = Tables { train: &train, synthetic: &synthetic, holdout: Some(&holdout) }.compare().unwrap();
    let until = |time: Instant| measure(&comparison, &Options { until: Some(time), ..Options::default() });
    let late = until(Instant::now());
    assert!(!late.measures.is_empty());
    assert!(late.measures.iter().all(|measure| reason(&late, &measure.id) == OUT_OF_TIME));
    let early = until(Instant::now() + Duration::from_secs(3600));
    assert_eq!(early, measure(&comparison, &Options::default()));
}

#[test]
fn few_rows_are_no_evidence_of_membership() {
    let (train, synthetic, holdout) = (clinic(150, 1), clinic(140, 2), clinic(19, 3));
    let report = measure(
        &Tables { train: &train, synthetic: &synthetic, holdout: Some(&holdout) }.compare().unwrap(),
        &Options::default(),
    );
    assert!(reason(&report, "mia_auc").contains("19 non-members"));
}

#[test]
fn a_table_with_nothing_to_learn_is_measured_as_far_as_it_goes() {
    let ids = |offset: usize| {
        let x = (0..30).map(|i| (offset + i) as f64).collect();
        let site = Values::Labels(vec![Some(if offset == 0 { "north" } else { "south" }); 30]);
        table(vec![
            ("id", Kind::Identifier, Storage::Integer, Values::Numbers(x)),
            ("site", Kind::Constant, Storage::Text, site),
        ])
    };
    let report = measure(
        &Tables { train: &ids(0), synthetic: &ids(100), holdout: Some(&ids(200)) }.compare().unwrap(),
        &Options::default(),
    );
    for id in ["ks_mean", "corr_delta", "assoc_delta", "dup_rate", "dup_rate_holdout", "dup_excess", "mia_auc"] {
        reason(&report, id);
    }
    assert_eq!(report.value("tvd_mean"), Some(1.0)); // the constant is another one
}

#[test]
fn one_side_without_values_is_as_far_as_can_be() {
    let numbers = |x: Vec<f64>| table(vec![("x", Kind::Continuous, Storage::Float, Values::Numbers(x))]);
    let check = |train: Vec<f64>, synthetic: Vec<f64>, expected: f64| {
        let (train, synthetic) = (numbers(train), numbers(synthetic));
        let report = measure(
            &Tables { train: &train, synthetic: &synthetic, holdout: None }.compare().unwrap(),
            &Options::default(),
        );
        assert_eq!(report.value("ks_mean"), Some(expected));
    };
    check(vec![1.0, 2.0], vec![f64::NAN; 2], 1.0);
    check(vec![f64::NAN; 2], vec![1.0, 2.0], 1.0);
    check(vec![f64::NAN; 2], vec![f64::NAN; 3], 0.0);
}

#[test]
fn tables_that_do_not_fit_are_refused() {
    let numbers = |name, storage, x: Vec<f64>| table(vec![(name, Kind::Continuous, storage, Values::Numbers(x))]);
    let train = numbers("x", Storage::Float, vec![1.0, 2.0]);
    let error = |other: &Table| Tables { train: &train, synthetic: other, holdout: None }.compare().unwrap_err();
    assert!(matches!(error(&numbers("y", Storage::Float, vec![1.0, 2.0])), Error::Mismatch { .. }));
    assert!(matches!(error(&numbers("x", Storage::Integer, vec![1.0, 2.0])), Error::Mismatch { .. }));
    assert!(matches!(error(&clinic(5, 1)), Error::Mismatch { .. }));
    assert!(matches!(error(&numbers("x", Storage::Float, vec![1.0])), Error::TooFewRows { .. }));
    assert!(matches!(error(&numbers("x", Storage::Float, vec![1.0, f64::INFINITY])), Error::Infinite { .. }));
}

#[test]
fn an_audit_that_contradicts_itself_is_not_measured() {
    let (real, synthetic) = (clinic(100, 1), clinic(50, 2));
    let (members, non_members) = (real.take(&(0..50).collect::<Vec<_>>()), real.take(&(50..100).collect::<Vec<_>>()));
    let ids: Vec<usize> = (0..100).collect();
    let run = |member_ids: &[usize], non_member_ids: &[usize]| {
        let audit = Audit {
            synthetic: &synthetic,
            members: &members,
            member_ids,
            non_members: &non_members,
            non_member_ids,
            reference: None,
        };
        synth_metrics::mia_auc(&[audit], 0)
    };
    assert!(matches!(run(&ids[..50], &ids[50..]), Outcome::Measured(_)));
    assert!(matches!(run(&ids[..49], &ids[50..]), Outcome::NotMeasured(_)));
    assert!(matches!(run(&ids[..50], &ids[49..99]), Outcome::NotMeasured(_)));
}

#[test]
fn audits_stand_in_for_a_holdout() {
    let (real, synthetic) = (clinic(100, 1), permuted(&clinic(100, 2), 3));
    let rows: Vec<usize> = (0..100).collect();
    let (members, non_members) = (real.take(&rows[..50]), real.take(&rows[50..]));
    let audit = |flipped: bool| {
        let (m, n) = if flipped { (50..100, 0..50) } else { (0..50, 50..100) };
        let (a, b) = if flipped { (&non_members, &members) } else { (&members, &non_members) };
        Audit {
            synthetic: &synthetic,
            members: a,
            member_ids: &rows[m],
            non_members: b,
            non_member_ids: &rows[n],
            reference: None,
        }
    };
    let options = Options { audits: vec![audit(false), audit(true)], ..Options::default() };
    let report = measure(&Tables { train: &real, synthetic: &synthetic, holdout: None }.compare().unwrap(), &options);
    assert_eq!(report.rows.holdout, Some(100)); // each row was unseen once
    assert_eq!(report.value("mia_auc"), Some(0.5)); // one synthetic table, each row on both sides: a tie
}
