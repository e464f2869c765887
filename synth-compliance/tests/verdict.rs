//! Verdicts on hand-made reports: every boundary, every policy, and what spoiling a report can do.

use proptest::prelude::*;
use synth_compliance::{Class, DISCLAIMER, Decision, Effect, Policy, Status, Verdict, judge};
use synth_metrics::{
    CameBack, ColumnLoss, ColumnValue, Estimate, GivenInputs, Goal, Inputs, Interval, MEASURES, Measure, Outcome,
    QualityReport, REPORT_VERSION, Rows, Shadow, Uncertainty, lacks_unseen_rows,
};

/// An estimate whose bounds lie `reach` to both sides.
fn estimate(value: f64, reach: f64) -> Outcome {
    let bounds = Interval::new(value - reach, value + reach);
    Outcome::Measured(Estimate {
        value,
        uncertainty: Some(Uncertainty { interval: bounds, one_sided: bounds, n: 303 }),
    })
}

fn exact(value: f64) -> Outcome {
    Outcome::Measured(Estimate { value, uncertainty: None })
}

fn report(measures: &[(&str, Outcome)]) -> QualityReport {
    let measure = |(id, outcome): &(&str, Outcome)| Measure {
        id: (*id).to_owned(),
        outcome: outcome.clone(),
        columns: Vec::new(),
    };
    QualityReport {
        version: REPORT_VERSION,
        rows: Rows { train: 303, units: None, synthetic: 303, holdout: Some(303) },
        measures: measures.iter().map(measure).collect(),
        subgroups: None,
        losses: Vec::new(),
        references: Default::default(),
        inputs: None,
    }
}

/// A report that `hipaa`, `research` and [`plain`] accept.
fn good() -> QualityReport {
    let good = report(&[
        ("ks_mean", exact(0.05)),
        ("corr_delta", exact(0.04)),
        ("tvd_mean", exact(0.03)),
        ("assoc_delta", exact(0.03)),
        ("dup_excess", estimate(0.0, 0.01)),
        ("mia_auc", estimate(0.51, 0.03)),
        ("mia_top_precision", estimate(0.55, 0.2)),
        ("mia_outlier_auc", estimate(0.52, 0.3)),
        ("mia_tpr_at_1", estimate(0.02, 0.02)),
        ("near_copy_excess", estimate(0.01, 0.04)),
        ("exposed_auc", estimate(0.52, 0.03)),
        ("exposed_max_auc", estimate(0.62, 0.15)),
        ("exposed_tpr_at_10", estimate(0.1, 0.05)),
        ("exposed_epsilon", exact(0.0)),
    ]);
    QualityReport { inputs: Some(ALL_SORTS), ..good }
}

fn set(report: &mut QualityReport, id: &str, outcome: Outcome) {
    report.measures.iter_mut().find(|m| m.id == id).unwrap().outcome = outcome;
}

/// Limits of every sort but those on evidence of harm.
fn plain() -> Policy {
    let gate = |measure: &str, rest: &str| format!("[[gates]]\nmeasure='{measure}'\n{rest}\nsource='a test'\n");
    let gates = [
        gate("ks_mean", "max=0.1\nclass='mandatory'"),
        gate("corr_delta", "max=0.1\nclass='mandatory'"),
        gate("tvd_mean", "max=0.1\nclass='soft'\nstands_in_for='ks_mean'"),
        gate("assoc_delta", "max=0.1\nclass='soft'\nstands_in_for='corr_delta'"),
        gate("mia_auc", "max=0.6\nmin=0.4"),
        gate("dup_excess", "max=0.05"),
    ];
    let head = "name='plain'\nversion='1'\ntitle='plain limits'\nmin_rows=100\n";
    Policy::from_toml(&(head.to_owned() + &gates.concat())).unwrap()
}

/// A policy of one gate.
fn single(gate: &str, inconclusive: &str) -> Policy {
    let head = format!("name='one'\nversion='1'\ntitle='one gate'\nmin_rows=1\ninconclusive='{inconclusive}'\n");
    Policy::from_toml(&format!("{head}[[gates]]\nsource='a test'\n{gate}")).unwrap()
}

#[test]
fn a_value_passes_up_to_its_limit_and_fails_just_beyond() {
    let check = |id: &str, value: f64, expected: Status| {
        let mut report = good();
        set(&mut report, id, exact(value));
        let verdict = judge(&report, &plain());
        assert_eq!(verdict.check(id).unwrap().status, expected, "{id} {value}");
        let decision = if expected == Status::Pass { Decision::Accepted } else { Decision::Refused };
        assert_eq!(verdict.decision, decision, "{id} {value}");
    };
    for (id, max) in [("ks_mean", 0.10), ("corr_delta", 0.10), ("dup_excess", 0.05), ("mia_auc", 0.60)] {
        check(id, f64::next_down(max), Status::Pass);
        check(id, max, Status::Pass);
        check(id, f64::next_up(max), Status::Fail);
    }
    check("mia_auc", 0.40, Status::Pass);
    check("mia_auc", f64::next_down(0.40), Status::Fail);
    check("dup_excess", -0.3, Status::Pass);
}

#[test]
fn a_statistic_is_judged_on_its_bounds() {
    let check = |bounds: [f64; 2], expected: Status| {
        let mut report = good();
        let interval = Interval::from(bounds);
        let uncertainty = Some(Uncertainty { interval, one_sided: interval, n: 100 });
        let value = (bounds[0] + bounds[1]) / 2.0;
        set(&mut report, "mia_auc", Outcome::Measured(Estimate { value, uncertainty }));
        assert_eq!(judge(&report, &plain()).check("mia_auc").unwrap().status, expected, "{bounds:?}");
    };
    check([0.40, 0.60], Status::Pass);
    check([0.40, f64::next_up(0.60)], Status::Inconclusive);
    check([f64::next_down(0.40), 0.60], Status::Inconclusive);
    check([0.30, 0.70], Status::Inconclusive);
    check([0.60, 0.70], Status::Inconclusive);
    check([f64::next_up(0.60), 0.70], Status::Fail);
    check([0.30, 0.40], Status::Inconclusive);
    check([0.30, f64::next_down(0.40)], Status::Fail);
}

#[test]
fn harm_has_to_be_shown_where_a_limit_says_so() {
    let gate = "measure='mia_auc'\nmax=0.65\nmin=0.35\nfail_above=0.55\nfail_below=0.45";
    let policy = single(gate, "report");
    let check = |bounds: [f64; 2], expected: Status, limit: f64, decision: Decision| {
        let interval = Interval::from(bounds);
        let uncertainty = Some(Uncertainty { interval, one_sided: interval, n: 100 });
        let value = (bounds[0] + bounds[1]) / 2.0;
        let verdict = judge(&report(&[("mia_auc", Outcome::Measured(Estimate { value, uncertainty }))]), &policy);
        let check = verdict.check("mia_auc").unwrap();
        assert_eq!((check.status, check.limit, verdict.decision), (expected, Some(limit), decision), "{verdict}");
    };
    check([0.45, 0.6], Status::Pass, 0.65, Decision::Accepted);
    check([0.55, 0.6], Status::Pass, 0.55, Decision::Accepted);
    check([f64::next_up(0.55), 0.6], Status::Fail, 0.55, Decision::Refused);
    check([0.5, 0.7], Status::Inconclusive, 0.65, Decision::NotEnoughEvidence);
    check([0.56, 0.7], Status::Fail, 0.55, Decision::Refused); // a wide interval is no excuse
    check([0.4, f64::next_down(0.45)], Status::Fail, 0.45, Decision::Refused);
    let view = judge(&report(&[("mia_auc", estimate(0.5, 0.04))]), &policy);
    assert_eq!(view.check("mia_auc").unwrap().view().limit, "0.35 to 0.65, fails < 0.45 or > 0.55");

    // Where nothing has to be shown, nothing was: the domain stays open.
    let harm_alone = single("measure='mia_auc'\nfail_above=0.55", "report");
    let verdict = judge(&report(&[("mia_auc", estimate(0.5, 0.3))]), &harm_alone);
    assert_eq!(verdict.check("mia_auc").unwrap().status, Status::Pass);
    assert_eq!((verdict.decision, verdict.gaps().count()), (Decision::NotEnoughEvidence, 1), "{verdict}");
    assert_eq!(judge(&report(&[("mia_auc", exact(0.56))]), &harm_alone).decision, Decision::Refused);
    assert_eq!(judge(&report(&[]), &harm_alone).decision, Decision::Refused);
}

/// People with several equal rows and no identifier raise the baseline of copies: then no table looks like a copy beside it.
#[test]
fn far_fewer_copies_than_the_baseline_is_an_alarm() {
    for policy in ["hipaa", "gdpr", "research"] {
        let mut report = good();
        set(&mut report, "dup_excess", estimate(-0.98, 0.02));
        let verdict = judge(&report, &Policy::named(policy).unwrap());
        let check = verdict.check("dup_excess").unwrap();
        assert_eq!((check.status, verdict.decision), (Status::Fail, Decision::Refused), "{verdict}");
        assert!(
            check.sentence.contains("is below the limit") && check.sentence.contains("in doubt"),
            "{}",
            check.sentence
        );
        set(&mut report, "dup_excess", estimate(-0.05, 0.04)); // what chance makes
        let verdict = judge(&report, &Policy::named(policy).unwrap());
        assert_eq!(verdict.check("dup_excess").unwrap().status, Status::Pass, "{verdict}");
    }
}

#[test]
fn a_distance_may_be_what_a_second_real_sample_scores() {
    let check = |value: f64, reference: Option<f64>, expected: Status, sentence: &str| {
        let mut report = good();
        set(&mut report, "ks_mean", exact(value));
        report.references = reference.map(|reference| ("ks_mean".to_owned(), reference)).into_iter().collect();
        let verdict = judge(&report, &plain());
        let check = verdict.check("ks_mean").unwrap();
        assert_eq!((check.status, check.sentence.as_str()), (expected, sentence));
        assert_eq!((check.max, check.reference), (Some(0.1), reference.filter(|r| *r > 0.1 && *r <= 1.0)));
    };
    let fail = "; the numbers' distributions differ";
    check(0.12, None, Status::Fail, &format!("ks_mean 0.120 is above the limit 0.10{fail}"));
    let passes = "ks_mean 0.120 is above the limit 0.10, but a second real sample of 303 rows scores up to 0.140";
    check(0.12, Some(0.14), Status::Pass, passes);
    check(0.05, Some(0.14), Status::Pass, "ks_mean 0.050 is within the limit 0.10");
    check(0.05, Some(0.04), Status::Pass, "ks_mean 0.050 is within the limit 0.10");
    let beyond =
        "ks_mean 0.150 is above the limit 0.10 and above 0.140, which a second real sample of 303 rows scores at most";
    check(0.15, Some(0.14), Status::Fail, &format!("{beyond}{fail}"));
    // What cannot be a reference is none.
    for no_reference in [f64::NAN, f64::INFINITY, 1.5] {
        let mut report = good();
        set(&mut report, "ks_mean", exact(0.12));
        report.references = [("ks_mean".to_owned(), no_reference)].into();
        assert_eq!(judge(&report, &plain()).decision, Decision::Refused);
    }
    // Bounds have nothing to do with it: an attack is held to its limit.
    let mut report = good();
    set(&mut report, "dup_excess", estimate(0.06, 0.0));
    report.references = [("dup_excess".to_owned(), 0.5)].into();
    assert_eq!(judge(&report, &plain()).decision, Decision::Refused);
}

#[test]
fn a_value_outside_its_own_bounds_widens_them() {
    let mut report = good();
    let bounds = Interval::new(0.61, 0.63);
    let uncertainty = Some(Uncertainty { interval: bounds, one_sided: bounds, n: 100 });
    set(&mut report, "mia_auc", Outcome::Measured(Estimate { value: 0.59, uncertainty }));
    assert_eq!(judge(&report, &plain()).check("mia_auc").unwrap().status, Status::Inconclusive);
}

#[test]
fn what_describes_the_files_is_judged_by_its_value() {
    let check = |value: f64, expected: Status| {
        let mut report = good();
        let bounds = Interval::new(0.0, 0.3);
        let uncertainty = Some(Uncertainty { interval: bounds, one_sided: bounds, n: 100 });
        set(&mut report, "ks_mean", Outcome::Measured(Estimate { value, uncertainty }));
        let verdict = judge(&report, &plain());
        let check = verdict.check("ks_mean").unwrap();
        assert_eq!((check.status, check.bound), (expected, Some(value)));
        assert!(!check.sentence.contains("95 %"), "{}", check.sentence);
    };
    check(0.09, Status::Pass);
    check(0.11, Status::Fail);
}

#[test]
fn what_cannot_be_judged_never_passes_and_what_is_owed_refuses() {
    let check = |id: &str, status: Status, spoil: fn(&mut QualityReport)| {
        let mut report = good();
        spoil(&mut report);
        let verdict = judge(&report, &plain());
        assert_eq!(verdict.check(id).unwrap().status, status, "{verdict}");
        assert_eq!((verdict.decision, verdict.score.at_most), (Decision::Refused, 0), "{verdict}");
    };
    check("mia_auc", Status::NotMeasured, |r| r.measures.clear());
    check("ks_mean", Status::NotMeasured, |r| set(r, "ks_mean", Outcome::NotMeasured("no numbers".into())));
    check("mia_auc", Status::Error, |r| r.version += 1);
    check("ks_mean", Status::Error, |r| r.measures.push(r.measures[0].clone()));
    check("ks_mean", Status::Error, |r| set(r, "ks_mean", exact(f64::NAN)));
    check("ks_mean", Status::Error, |r| set(r, "ks_mean", exact(f64::NEG_INFINITY)));
    check("ks_mean", Status::Error, |r| set(r, "ks_mean", exact(-0.5)));
    check("mia_auc", Status::Error, |r| set(r, "mia_auc", estimate(0.5, f64::NAN)));
    check("mia_auc", Status::Error, |r| set(r, "mia_auc", estimate(0.5, f64::INFINITY)));
    check("mia_auc", Status::Error, |r| set(r, "mia_auc", estimate(0.5, -0.01)));
    // A value against the facts is none.
    check("ks_mean", Status::Error, |r| r.inputs = Some(Inputs { scales: 0, ..ALL_SORTS }));
    check("mia_auc", Status::Error, |r| r.rows.holdout = None);
}

/// A table with columns of every sort.
const GIVEN: Option<GivenInputs> = Some(GivenInputs { columns: 6, scales: 3, levels: 3, varying_numbers: 3, rules: 1 });
const ALL_SORTS: Inputs = Inputs {
    scales: 3,
    levels: 3,
    varying_numbers: 3,
    varying: 6,
    holdout_rows: 303,
    given: None,
    shadow: Shadow::Made,
};

#[test]
fn what_no_unseen_rows_were_given_for_is_open() {
    let mut report = good();
    report.rows.holdout = None;
    for id in ["mia_auc", "dup_excess"] {
        set(&mut report, id, Outcome::NotMeasured("no holdout given".into()));
    }
    let verdict = judge(&report, &plain());
    assert_eq!((verdict.decision, verdict.gaps().count()), (Decision::NotEnoughEvidence, 2), "{verdict}");
    assert_eq!((verdict.score.at_least, verdict.score.at_most), (0, 49));
    // Nineteen unseen rows are too few for an attack, twenty are not.
    report.rows.holdout = Some(19);
    set(&mut report, "dup_excess", estimate(0.0, 0.01));
    assert_eq!(judge(&report, &plain()).decision, Decision::NotEnoughEvidence);
    report.rows.holdout = Some(20);
    assert_eq!(judge(&report, &plain()).decision, Decision::Refused);
}

#[test]
fn a_measure_without_an_object_in_the_table_does_not_apply_and_another_takes_its_place() {
    let mut report = good();
    report.inputs = Some(Inputs { scales: 0, varying_numbers: 0, ..ALL_SORTS });
    for id in ["ks_mean", "corr_delta"] {
        set(&mut report, id, Outcome::NotMeasured("any words".into()));
    }
    let verdict = judge(&report, &plain());
    assert_eq!(verdict.decision, Decision::Accepted, "{verdict}");
    assert_eq!(verdict.check("ks_mean").unwrap().status, Status::NotApplicable);
    assert_eq!(verdict.check("tvd_mean").unwrap().class, Class::Mandatory);
    assert_eq!(verdict.score.at_least, 60); // of the AUC: what does not apply has no margin

    // The one in its place counts as it would have counted: a finding no longer.
    let mut levels_off = report.clone();
    set(&mut levels_off, "tvd_mean", exact(0.3));
    assert_eq!(judge(&levels_off, &plain()).decision, Decision::Refused);
    set(&mut report, "tvd_mean", Outcome::NotMeasured("no reason".into()));
    assert_eq!(judge(&report, &plain()).decision, Decision::Refused);

    // Words alone do not make a measure inapplicable, and where nothing applies nothing was shown.
    report.inputs = None;
    assert_eq!(judge(&report, &plain()).decision, Decision::Refused);
    let numbers_only = single("measure='ks_mean'\nmax=0.1", "report");
    report.inputs = Some(Inputs { scales: 0, ..ALL_SORTS });
    let verdict = judge(&report, &numbers_only);
    assert_eq!(verdict.decision, Decision::NotEnoughEvidence, "{verdict}");
    assert_eq!(verdict.check("fidelity").unwrap().effect, Effect::Open);
}

#[test]
fn only_soft_gates_find_and_accept() {
    let check = |outcome: Outcome| {
        let mut report = good();
        set(&mut report, "tvd_mean", outcome);
        let verdict = judge(&report, &plain());
        assert_eq!(verdict.decision, Decision::AcceptedWithFindings, "{verdict}");
        assert_eq!((verdict.findings().count(), verdict.violations().count(), verdict.gaps().count()), (1, 0, 0));
        assert_eq!(verdict.score, judge(&good(), &plain()).score);
        assert!(verdict.decision.is_accepted());
    };
    check(exact(0.4));
    check(exact(f64::NAN));
    check(Outcome::NotMeasured("no reason".into()));
}

#[test]
fn decisions_are_ordered() {
    use Decision::{Accepted, AcceptedWithFindings, NotEnoughEvidence, Refused};
    assert!([Refused, NotEnoughEvidence, AcceptedWithFindings, Accepted].is_sorted_by(|a, b| a < b));
    let accepted: Vec<bool> =
        [Refused, NotEnoughEvidence, AcceptedWithFindings, Accepted].map(Decision::is_accepted).into();
    assert_eq!(accepted, [false, false, true, true]);
}

#[test]
fn weak_evidence_for_a_mandatory_gate_stays_open_under_any_policy() {
    let gate = |class: &str| format!("measure='mia_auc'\nmax=0.6\nclass='{class}'");
    let check = |class: &str, inconclusive: &str, reach: f64, decision: Decision| {
        let report = report(&[("mia_auc", estimate(0.55, reach))]);
        let verdict = judge(&report, &single(&gate(class), inconclusive));
        assert_eq!(verdict.decision, decision, "{class} {inconclusive} {reach}");
    };
    check("hard", "report", 0.08, Decision::NotEnoughEvidence);
    check("hard", "refuse", 0.08, Decision::Refused);
    check("mandatory", "report", 0.08, Decision::NotEnoughEvidence);
    check("mandatory", "refuse", 0.08, Decision::NotEnoughEvidence);
    check("soft", "refuse", 0.08, Decision::AcceptedWithFindings);
    check("mandatory", "refuse", 0.02, Decision::Accepted);
}

#[test]
fn the_three_risks_have_to_be_shown_small() {
    let check = |upper: f64, decision: Decision| {
        let mut report = good();
        for id in ["singling_out_risk", "linkability_risk", "inference_risk_mean", "inference_risk"] {
            let bounds = Interval::new(0.0, upper);
            let uncertainty = Some(Uncertainty { interval: bounds, one_sided: bounds, n: 500 });
            let outcome = Outcome::Measured(Estimate { value: 0.0, uncertainty });
            report.measures.push(Measure { id: id.into(), outcome, columns: Vec::new() });
        }
        report.measures.push(Measure::new("mia_max_auc", estimate(0.52, 0.04)));
        report.measures.push(Measure::new("tstr_mean_gap", estimate(0.01, 0.02)));
        let verdict = judge(&report, &Policy::named("gdpr").unwrap());
        assert_eq!(verdict.decision, decision, "{verdict}");
    };
    check(0.09, Decision::Accepted);
    check(1.0, Decision::NotEnoughEvidence); // what an attack without power says
}

#[test]
fn each_policy_on_a_good_report() {
    let check = |policy: &str, decision: Decision, score: (u8, u8)| {
        let verdict = judge(&good(), &Policy::named(policy).unwrap());
        assert_eq!((verdict.decision, (verdict.score.at_least, verdict.score.at_most)), (decision, score), "{verdict}");
    };
    check("hipaa", Decision::Accepted, (50, 50));
    check("research", Decision::Accepted, (58, 58));
    check("gdpr", Decision::Refused, (0, 0)); // the three risks are owed
    check("clinical-strict", Decision::Refused, (0, 0));
}

#[test]
fn too_few_rows_refuse() {
    for (policy, least) in [("hipaa", 100), ("gdpr", 100), ("clinical-strict", 200), ("research", 50)] {
        let mut report = good();
        let status =
            |report: &QualityReport| judge(report, &Policy::named(policy).unwrap()).check("rows").unwrap().status;
        report.rows.train = least;
        assert_eq!(status(&report), Status::Pass);
        report.rows.train = least - 1;
        assert_eq!(status(&report), Status::Fail);
        assert_eq!(judge(&report, &Policy::named(policy).unwrap()).decision, Decision::Refused);
    }
}

#[test]
fn the_strict_policy_refuses_for_want_of_a_proof() {
    let verdict = judge(&good(), &Policy::named("clinical-strict").unwrap());
    assert_eq!(
        verdict.violations().collect::<Vec<_>>(),
        ["a proof of differential privacy is required; no generator of this version can provide one"],
    );
}

#[test]
fn a_failure_outweighs_missing_evidence() {
    let mut report = good();
    report.measures.retain(|m| m.id != "mia_auc");
    set(&mut report, "ks_mean", exact(0.7289));
    let verdict = judge(&report, &plain());
    assert_eq!(verdict.decision, Decision::Refused);
    assert_eq!((verdict.violations().count(), verdict.gaps().count()), (2, 0)); // hidden counts as failed
}

#[test]
fn the_policy_says_whether_missing_evidence_refuses() {
    let gate = "measure='mia_auc'\nmax=0.6";
    let report = report(&[("mia_auc", estimate(0.55, 0.08))]);
    assert_eq!(judge(&report, &single(gate, "report")).decision, Decision::NotEnoughEvidence);
    assert_eq!(judge(&report, &single(gate, "refuse")).decision, Decision::Refused);
}

#[test]
fn a_margin_is_one_at_the_ideal_and_below_zero_beyond_the_limit() {
    let check = |gate: &str, id: &str, value: f64, expected: f64| {
        let verdict = judge(&report(&[(id, exact(value))]), &single(gate, "report"));
        let margin = verdict.check(id).unwrap().margin.unwrap();
        assert!((margin - expected).abs() < 1e-12, "{gate} {value}: {margin}"); // rounding
    };
    let (ks, mia) = ("measure='ks_mean'\nmax=0.1", "measure='mia_auc'\nmax=0.6\nmin=0.4");
    check(ks, "ks_mean", 0.0, 1.0);
    check(ks, "ks_mean", 0.05, 0.5);
    check(ks, "ks_mean", 0.1, 0.0);
    check(ks, "ks_mean", 0.2, -1.0);
    check(mia, "mia_auc", 0.5, 1.0);
    check(mia, "mia_auc", 0.55, 0.5);
    check(mia, "mia_auc", 0.45, 0.5);
    check(mia, "mia_auc", 0.3, -1.0);
    check("measure='dup_excess'\nmax=0.05", "dup_excess", -0.2, 1.0);
    check("measure='mia_auc'\nmax=0.5", "mia_auc", 0.5, 1.0); // no room at all between ideal and limit
    check("measure='mia_auc'\nmax=0.5", "mia_auc", 0.7, -0.2);
}

#[test]
fn sentences_for_people() {
    let check = |id: &str, outcome: Outcome, expected: &str| {
        let mut report = good();
        set(&mut report, id, outcome);
        for measure in &mut report.measures {
            measure.columns = ["age", "chol\u{1b}[2J", "sex"]
                .iter()
                .zip([0.1, 0.4, f64::NAN])
                .map(|(column, value)| ColumnValue { column: (*column).to_owned(), value })
                .collect();
        }
        assert_eq!(judge(&report, &plain()).check(id).unwrap().sentence, expected);
    };
    check("ks_mean", exact(0.05), "ks_mean 0.050 is within the limit 0.10");
    check(
        "ks_mean",
        exact(0.143),
        "ks_mean 0.143 is above the limit 0.10; the numbers' distributions differ, worst in column `chol\\u{1b}[2J`",
    );
    check(
        "ks_mean",
        exact(0.100002),
        "ks_mean 0.100002 is above the limit 0.10; the numbers' distributions differ, worst in column `chol\\u{1b}[2J`",
    );
    check("mia_auc", estimate(0.52, 0.04), "mia_auc 0.520 is within the limit 0.60; 95 % bound 0.560");
    check(
        "mia_auc",
        estimate(0.55, 0.08),
        "mia_auc 0.550 is inconclusive against the limit 0.60: its 95 % bounds are 0.470 and 0.630, on 303 rows",
    );
    check(
        "mia_auc",
        estimate(0.7, 0.04),
        "mia_auc 0.700 is above the limit 0.60, even at its lower 95 % bound 0.660; \
         an attacker can infer who is in the training table",
    );
    check(
        "mia_auc",
        exact(1.0 / 302.0),
        "mia_auc 0.003 is below the limit 0.40; \
         the attack is worse than guessing, so the measurement or the split is in doubt",
    );
    check("ks_mean", Outcome::NotMeasured("no numbers".into()), "ks_mean was not measured: no numbers");
}

#[test]
fn a_verdict_prints_a_line_per_check() {
    let mut report = good();
    set(&mut report, "ks_mean", exact(0.143));
    report.measures.retain(|m| m.id != "corr_delta");
    assert_eq!(
        judge(&report, &plain()).to_string(),
        "policy plain, version 1: refused, score 0 %\n  \
           pass           303 training rows, at least 100 are required\n  \
           fail           ks_mean 0.143 is above the limit 0.10; the numbers' distributions differ\n  \
           not measured   corr_delta was not measured: it is missing from the report\n  \
           pass           tvd_mean 0.030 is within the limit 0.10\n  \
           pass           assoc_delta 0.030 is within the limit 0.10\n  \
           pass           mia_auc 0.510 is within the limit 0.60; 95 % bound 0.540\n  \
           pass           dup_excess 0.000 is within the limit 0.05; 95 % bound 0.010\n",
    );
}

#[test]
fn no_text_claims_more_than_checks_can_show() {
    let mut texts = vec![DISCLAIMER.to_owned()];
    for name in Policy::names() {
        let policy = Policy::named(name).unwrap();
        texts.push(policy.to_toml());
        texts.push(judge(&good(), &policy).to_string());
        texts.push(judge(&report(&[]), &policy).to_string());
    }
    for text in texts.iter().map(|t| t.to_lowercase()) {
        for word in ["compliant", "certified", "anonymous", "safe"] {
            assert!(!text.contains(word), "`{word}` in {text}");
        }
    }
}

/// Any outcome a report can hold, spoilt ones included.
fn any_outcome() -> impl Strategy<Value = Outcome> {
    let value = prop_oneof![8 => -1.0..2.0, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)];
    prop_oneof![
        4 => (value.clone(), value, 0.0..0.2).prop_map(|(value, odd, reach)| match odd > 0.0 {
            true => estimate(value, reach),
            false => exact(value),
        }),
        4 => (0.0..0.6, 0.0..0.1).prop_map(|(value, reach)| estimate(value, reach)),
        1 => Just(Outcome::NotMeasured("no reason".into())),
    ]
}

/// A report whose facts agree with its measures, as those of a measurement do.
fn any_report() -> impl Strategy<Value = QualityReport> {
    let sorts = prop_oneof![
        Just(None),
        Just(Some(ALL_SORTS)),
        Just(Some(Inputs { scales: 0, varying_numbers: 0, ..ALL_SORTS })),
        Just(Some(Inputs { levels: 0, varying_numbers: 1, ..ALL_SORTS })),
        Just(Some(Inputs { given: GIVEN, ..ALL_SORTS })),
        Just(Some(Inputs {
            scales: 0,
            levels: 1,
            varying_numbers: 0,
            varying: 1,
            holdout_rows: 0,
            given: None,
            shadow: Shadow::NoGenerator
        })),
    ];
    let outcomes = proptest::collection::vec(any_outcome(), MEASURES.len());
    let holdout = prop_oneof![4 => Just(Some(303)), 1 => Just(None), 1 => Just(Some(12))];
    (outcomes, 0..400_usize, holdout, sorts).prop_map(|(outcomes, train, holdout, inputs)| {
        let measures: Vec<_> = MEASURES.iter().map(|m| m.id).zip(outcomes).collect();
        agreeing(QualityReport {
            rows: Rows { train, units: None, synthetic: 303, holdout },
            inputs,
            ..report(&measures)
        })
    })
}

fn agreeing(mut report: QualityReport) -> QualityReport {
    if let Some(inputs) = &mut report.inputs {
        inputs.holdout_rows = inputs.holdout_rows.min(report.rows.holdout.unwrap_or(0));
    }
    let facts = report.clone();
    for measure in &mut report.measures {
        let applies = facts.inputs.is_none_or(|inputs| inputs.suffice_for(&measure.id));
        if !applies || lacks_unseen_rows(&facts, &measure.id) {
            measure.outcome = Outcome::NotMeasured("the facts say why".into());
        }
    }
    report
}

/// Near the limits, so that a share of the reports is accepted and spoiling them has something to lose.
fn nearly_good() -> impl Strategy<Value = QualityReport> {
    (0.0..0.11, 0.0..0.11, 0.0..0.06, 0.4..0.6, 0.0..0.05, 0.0..0.11, proptest::bool::weighted(0.2)).prop_map(
        |(ks, corr, dup, mia, reach, tvd, levels_alone)| {
            let report = report(&[
                ("ks_mean", exact(ks)),
                ("corr_delta", estimate(corr, reach)),
                ("tvd_mean", exact(tvd)),
                ("assoc_delta", exact(tvd / 2.0)),
                ("dup_excess", exact(dup)),
                ("mia_auc", estimate(mia, reach)),
                ("mia_top_precision", estimate(mia + tvd, 2.0 * reach)),
                ("mia_outlier_auc", estimate(mia + corr, 4.0 * reach)),
                ("mia_tpr_at_1", estimate(dup, reach)),
                ("near_copy_excess", estimate(dup, reach)),
                ("exposed_auc", estimate(mia, reach)),
                ("exposed_max_auc", estimate(mia + corr, 4.0 * reach)),
                ("exposed_tpr_at_10", estimate(dup, reach)),
                ("exposed_epsilon", exact(dup)),
            ]);
            let references = [("ks_mean", ks + 0.02), ("tvd_mean", 0.12), ("corr_delta", f64::NAN)];
            let references = references.map(|(id, reference)| (id.to_owned(), reference)).into();
            let report = QualityReport { references, ..report };
            let inputs = if levels_alone { Inputs { scales: 0, varying_numbers: 0, ..ALL_SORTS } } else { ALL_SORTS };
            agreeing(QualityReport { inputs: Some(inputs), ..report })
        },
    )
}

/// Spoils each measure in its way; 0 leaves it alone.
fn spoil(report: &QualityReport, hows: &[u8]) -> QualityReport {
    let mut spoilt = report.clone();
    let mut again = Vec::new();
    for (measure, how) in spoilt.measures.iter_mut().zip(hows) {
        match how {
            1 => measure.outcome = Outcome::NotMeasured("spoilt".into()),
            2 => measure.outcome = exact(f64::NAN),
            3 => measure.outcome = estimate(0.5, f64::NAN),
            4 => measure.id = "gone".into(),
            5 => again.push(measure.clone()),
            6 => measure.outcome = exact(-3.0), // under every measure's range
            _ => (),
        }
    }
    spoilt.measures.extend(again);
    spoilt
}

/// The embedded policies, and one with a gate on every measure, in all classes in turn.
fn any_policy() -> impl Strategy<Value = Policy> {
    let mut toml = "name='all'\nversion='1'\ntitle='every measure'\nmin_rows=10\n".to_owned();
    for (i, definition) in MEASURES.iter().enumerate() {
        let side = if definition.goal == Goal::Higher { "min" } else { "max" };
        let (id, limit, class) = (definition.id, definition.ideal, ["hard", "mandatory", "soft"][i % 3]);
        // Every other one fails on evidence of harm too, or on that alone.
        let harm = if side == "max" { "fail_above" } else { "fail_below" };
        let limits = match i % 4 {
            0 | 1 => format!("{side}={limit:?}"),
            2 => format!("{side}={limit:?}\n{harm}={limit:?}"),
            _ => format!("{harm}={limit:?}"),
        };
        toml += &format!("[[gates]]\nmeasure='{id}'\n{limits}\nclass='{class}'\nsource='a test'\n");
    }
    let mut policies: Vec<Policy> = Policy::names().map(|name| Policy::named(name).unwrap()).collect();
    policies.push(Policy::from_toml(&toml).unwrap());
    // Each once more, refusing on weak evidence.
    let strict = |policy: &Policy| {
        let toml = policy.to_toml().replace("inconclusive = \"report\"", "inconclusive = \"refuse\"");
        let name = format!("name = \"{}\"", policy.name());
        Policy::from_toml(&toml.replace(&name, "name = \"mine\"")).unwrap()
    };
    let strict: Vec<Policy> = policies.iter().map(strict).collect();
    proptest::sample::select([policies, strict].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn taking_measures_away_or_spoiling_them_never_helps(
        whole in prop_oneof![any_report(), nearly_good()],
        hows in proptest::collection::vec(prop_oneof![2 => Just(0), 1 => 1..7_u8], MEASURES.len()),
        loses_facts in proptest::bool::weighted(0.2),
        loses_references in 0..6_u8,
        policy in any_policy(),
    ) {
        let mut less = spoil(&whole, &hows);
        match loses_references {
            1 => less.references.clear(),
            2 => less.references.values_mut().for_each(|reference| *reference = f64::NAN),
            3 => less.references.values_mut().for_each(|reference| *reference = 3.0), // over every measure's range
            _ => (),
        }
        if loses_facts {
            less.inputs = None;
        }
        let (before, after) = (judge(&whole, &policy), judge(&less, &policy));
        prop_assert!(after.decision <= before.decision, "{before}{after}");
        prop_assert!(after.score.at_least <= before.score.at_least, "{before}{after}");
        prop_assert!(after.score.at_most <= before.score.at_most, "{before}{after}");
        // A check on a spoilt measure does not pass, whatever it was before.
        for (old, new) in before.checks.iter().zip(&after.checks) {
            let passes = new.status == Status::Pass;
            prop_assert!(!passes || old.status == Status::Pass, "{:?}", new);
        }
    }

    #[test]
    fn a_verdict_survives_json_and_keeps_its_own_rules(
        report in prop_oneof![any_report(), nearly_good()],
        policy in any_policy(),
    ) {
        let verdict = judge(&report, &policy);
        let back: Verdict = serde_json::from_str(&serde_json::to_string(&verdict).unwrap()).unwrap();
        prop_assert_eq!(&back, &verdict);
        prop_assert_eq!(&verdict.policy_sha256, &policy.sha256());
        prop_assert!(verdict.score.at_least <= verdict.score.at_most && verdict.score.at_most <= 100);
        let most = match verdict.decision {
            Decision::Accepted | Decision::AcceptedWithFindings => 100,
            Decision::NotEnoughEvidence => 49,
            Decision::Refused => 0,
        };
        prop_assert!(verdict.score.at_most <= most);
        let all = |wanted: fn(&synth_compliance::Check) -> bool| verdict.checks.iter().all(wanted);
        let passes = |c: &synth_compliance::Check| matches!(c.status, Status::Pass | Status::NotApplicable);
        prop_assert_eq!(verdict.decision == Decision::Accepted, all(passes));
        prop_assert_eq!(verdict.decision.is_accepted(), all(|c| c.effect <= Effect::Finding));
        for check in &verdict.checks {
            if let Some(margin) = check.margin {
                prop_assert_eq!(check.status == Status::Pass, margin >= 0.0, "{:?}", check);
            }
            prop_assert!(check.effect != Effect::Finding || check.class == Class::Soft);
        }
    }
}

#[test]
fn a_lost_column_is_named_and_half_of_them_are_too_many() {
    let column = |name: &str, came_back| ColumnLoss {
        column: name.to_owned(),
        came_back,
        kept: 0.0,
        changed: 0.0,
        emptied: 1.0,
        replaced: 0.0,
        because: "free text is emptied".to_owned(),
        rules: vec!["text".to_owned()],
    };
    let judged = |n_lost: usize| {
        let came_back = |i: usize| if i < n_lost { CameBack::Empty } else { CameBack::Informative };
        let losses = (0..6).map(|i| column(&format!("c{i}"), came_back(i))).collect();
        let mut report = QualityReport { losses, inputs: Some(Inputs { given: GIVEN, ..ALL_SORTS }), ..good() };
        let taken = [
            ("columns_kept", 1.0 - n_lost as f64 / 6.0),
            ("cells_kept", 0.9),
            ("given_ks_mean", 0.1),
            ("given_tvd_mean", 0.1),
            ("given_corr_delta", 0.1),
            ("given_rules_kept", 1.0),
        ];
        let measure =
            |(id, value): (&str, f64)| Measure { id: id.to_owned(), outcome: exact(value), columns: Vec::new() };
        report.measures.extend(taken.map(measure));
        judge(&report, &Policy::named("hipaa").unwrap())
    };
    assert_eq!(judged(0).decision, Decision::Accepted);
    let verdict = judged(2);
    assert_eq!(verdict.decision, Decision::AcceptedWithFindings);
    let said: Vec<&str> = verdict.findings().collect();
    assert_eq!(said, ["2 of 6 columns of the table as given came back without information: `c0`, `c1`"]);
    let verdict = judged(4);
    assert_eq!(verdict.decision, Decision::Refused);
    assert!(verdict.violations().next().unwrap().ends_with(": `c0`, `c1`, `c2`, `c3`"), "{verdict}");
}

#[test]
fn the_exposed_are_asked_for_where_they_can_be_audited() {
    let text = "name = \"p\"\nversion = \"1\"\ntitle = \"t\"\nmin_rows = 1\n\
                [[gates]]\nmeasure = \"ks_mean\"\nmax = 0.2\nsource = \"s\"\n\
                [[gates]]\nmeasure = \"exposed_auc\"\nmax = 0.7\nsource = \"s\"\n\
                [[gates]]\nmeasure = \"exposed_epsilon\"\nmax = 1.0\nsource = \"s\"\n";
    let policy = Policy::from_toml(text).unwrap();
    let of = |shadow, auc: Outcome, epsilon: Outcome| {
        let report = report(&[("ks_mean", exact(0.1)), ("exposed_auc", auc), ("exposed_epsilon", epsilon)]);
        judge(&QualityReport { inputs: Some(Inputs { shadow, ..ALL_SORTS }), ..report }, &policy)
    };
    let none = || Outcome::NotMeasured("no reason".into());
    let check = |shadow, auc, epsilon, expected| assert_eq!(of(shadow, auc, epsilon).decision, expected, "{shadow:?}");
    check(Shadow::Made, estimate(0.55, 0.05), exact(0.0), Decision::Accepted);
    check(Shadow::Made, estimate(0.8, 0.05), exact(0.0), Decision::Refused);
    check(Shadow::Made, estimate(0.55, 0.05), exact(2.0), Decision::Refused);
    // Audited, and a figure kept back.
    check(Shadow::Made, none(), exact(0.0), Decision::Refused);
    // Nothing to fit again, or not yet: said, and no more.
    check(Shadow::NoGenerator, none(), none(), Decision::AcceptedWithFindings);
    check(Shadow::Later, none(), none(), Decision::AcceptedWithFindings);
    assert!(of(Shadow::NoGenerator, none(), none()).score.at_least > 0);
    // Not done is not passed.
    for shadow in [Shadow::Off, Shadow::OutOfTime, Shadow::TooFewUnits, Shadow::Failed] {
        check(shadow, none(), none(), Decision::NotEnoughEvidence);
        // A figure that cannot be there.
        check(shadow, estimate(0.5, 0.01), none(), Decision::Refused);
    }
}
