//! Verdicts on hand-made reports: every boundary, every policy, and what spoiling a report can do.

use proptest::prelude::*;
use synth_compliance::{DISCLAIMER, Decision, Policy, Status, Verdict, judge};
use synth_metrics::{
    ColumnValue, Estimate, MEASURES, Measure, Outcome, QualityReport, REPORT_VERSION, Rows, Uncertainty,
};

/// An estimate whose bounds lie `reach` to both sides.
fn estimate(value: f64, reach: f64) -> Outcome {
    let bounds = [value - reach, value + reach];
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
        rows: Rows { train: 303, synthetic: 303, holdout: Some(303) },
        measures: measures.iter().map(measure).collect(),
        subgroups: None,
    }
}

/// A report that `hipaa` and `research` accept.
fn good() -> QualityReport {
    report(&[
        ("ks_mean", exact(0.05)),
        ("corr_delta", exact(0.04)),
        ("dup_excess", estimate(0.0, 0.01)),
        ("mia_auc", estimate(0.51, 0.03)),
    ])
}

fn set(report: &mut QualityReport, id: &str, outcome: Outcome) {
    report.measures.iter_mut().find(|m| m.id == id).unwrap().outcome = outcome;
}

fn hipaa() -> Policy {
    Policy::named("hipaa").unwrap()
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
        let verdict = judge(&report, &hipaa());
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
        let uncertainty = Some(Uncertainty { interval: bounds, one_sided: bounds, n: 100 });
        let value = (bounds[0] + bounds[1]) / 2.0;
        set(&mut report, "mia_auc", Outcome::Measured(Estimate { value, uncertainty }));
        assert_eq!(judge(&report, &hipaa()).check("mia_auc").unwrap().status, expected, "{bounds:?}");
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
fn a_value_outside_its_own_bounds_widens_them() {
    let mut report = good();
    let uncertainty = Some(Uncertainty { interval: [0.61, 0.63], one_sided: [0.61, 0.63], n: 100 });
    set(&mut report, "mia_auc", Outcome::Measured(Estimate { value: 0.59, uncertainty }));
    assert_eq!(judge(&report, &hipaa()).check("mia_auc").unwrap().status, Status::Inconclusive);
}

#[test]
fn what_describes_the_files_is_judged_by_its_value() {
    let check = |value: f64, expected: Status| {
        let mut report = good();
        let uncertainty = Some(Uncertainty { interval: [0.0, 0.3], one_sided: [0.0, 0.3], n: 100 });
        set(&mut report, "ks_mean", Outcome::Measured(Estimate { value, uncertainty }));
        let verdict = judge(&report, &hipaa());
        let check = verdict.check("ks_mean").unwrap();
        assert_eq!((check.status, check.bound), (expected, Some(value)));
        assert!(!check.sentence.contains("95 %"), "{}", check.sentence);
    };
    check(0.09, Status::Pass);
    check(0.11, Status::Fail);
}

#[test]
fn what_cannot_be_judged_is_not_measured() {
    let check = |policy: &str, spoil: fn(&mut QualityReport)| {
        let mut report = good();
        spoil(&mut report);
        let verdict = judge(&report, &Policy::named(policy).unwrap());
        assert_eq!(verdict.decision, Decision::NotEnoughEvidence, "{verdict}");
        assert_eq!(verdict.score.at_least, 0);
        assert!(verdict.score.at_most <= 49);
    };
    check("hipaa", |r| r.measures.clear());
    check("hipaa", |r| r.version += 1);
    check("hipaa", |r| r.measures.push(r.measures[0].clone()));
    check("hipaa", |r| set(r, "ks_mean", Outcome::NotMeasured("no numbers".into())));
    check("hipaa", |r| set(r, "ks_mean", exact(f64::NAN)));
    check("hipaa", |r| set(r, "ks_mean", exact(f64::NEG_INFINITY)));
    check("hipaa", |r| set(r, "ks_mean", exact(-0.5)));
    check("hipaa", |r| set(r, "mia_auc", estimate(0.5, f64::NAN)));
    check("hipaa", |r| set(r, "mia_auc", estimate(0.5, f64::INFINITY)));
    check("hipaa", |r| set(r, "mia_auc", estimate(0.5, -0.01)));
    check("gdpr", |_| ());
}

#[test]
fn the_three_risks_have_to_be_shown_small() {
    let check = |upper: f64, decision: Decision| {
        let mut report = good();
        for id in ["singling_out_risk", "linkability_risk", "inference_risk"] {
            let bounds = [0.0, upper];
            let uncertainty = Some(Uncertainty { interval: bounds, one_sided: bounds, n: 500 });
            let outcome = Outcome::Measured(Estimate { value: 0.0, uncertainty });
            report.measures.push(Measure { id: id.into(), outcome, columns: Vec::new() });
        }
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
    check("gdpr", Decision::NotEnoughEvidence, (0, 49));
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
        ["a proof of differential privacy is asked for; no generator of this version can give one"],
    );
}

#[test]
fn a_failure_outweighs_missing_evidence() {
    let mut report = good();
    report.measures.retain(|m| m.id != "mia_auc");
    set(&mut report, "ks_mean", exact(0.7289));
    let verdict = judge(&report, &hipaa());
    assert_eq!(verdict.decision, Decision::Refused);
    assert_eq!((verdict.violations().count(), verdict.gaps().count()), (1, 1));
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
        assert_eq!(judge(&report, &hipaa()).check(id).unwrap().sentence, expected);
    };
    check("ks_mean", exact(0.05), "ks_mean 0.050 keeps the limit 0.10");
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
    check("mia_auc", estimate(0.52, 0.04), "mia_auc 0.520 keeps the limit 0.60; 95 % bound 0.560");
    check(
        "mia_auc",
        estimate(0.55, 0.08),
        "mia_auc 0.550 cannot be told from the limit 0.60: its 95 % bounds are 0.470 and 0.630, on 303 rows",
    );
    check(
        "mia_auc",
        estimate(0.7, 0.04),
        "mia_auc 0.700 is above the limit 0.60, even at its lower 95 % bound 0.660; \
         an attacker can tell who was in the training table",
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
        judge(&report, &hipaa()).to_string(),
        "policy hipaa, version 1: refused, score 0 %\n  \
           pass          303 rows to learn from, at least 100 are asked for\n  \
           fail          ks_mean 0.143 is above the limit 0.10; the numbers' distributions differ\n  \
           not measured  corr_delta was not measured: the report does not have it\n  \
           pass          mia_auc 0.510 keeps the limit 0.60; 95 % bound 0.540\n  \
           pass          dup_excess 0.000 keeps the limit 0.05; 95 % bound 0.010\n",
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

fn any_report() -> impl Strategy<Value = QualityReport> {
    (proptest::collection::vec(any_outcome(), MEASURES.len()), 0..400_usize).prop_map(|(outcomes, train)| {
        let measures: Vec<_> = MEASURES.iter().map(|m| m.id).zip(outcomes).collect();
        QualityReport { rows: Rows { train, synthetic: 303, holdout: None }, ..report(&measures) }
    })
}

/// Near the limits, so that a share of the reports is accepted and spoiling them has something to lose.
fn nearly_good() -> impl Strategy<Value = QualityReport> {
    (0.0..0.11, 0.0..0.11, 0.0..0.06, 0.4..0.6, 0.0..0.05).prop_map(|(ks, corr, dup, mia, reach)| {
        report(&[
            ("ks_mean", exact(ks)),
            ("corr_delta", estimate(corr, reach)),
            ("dup_excess", exact(dup)),
            ("mia_auc", estimate(mia, reach)),
        ])
    })
}

/// Spoils measure number `i` in way `how`; 0 leaves it alone.
fn spoil(report: &QualityReport, hows: &[u8]) -> QualityReport {
    let mut spoilt = report.clone();
    for (measure, how) in spoilt.measures.iter_mut().zip(hows) {
        match how {
            1 => measure.outcome = Outcome::NotMeasured("spoilt".into()),
            2 => measure.outcome = exact(f64::NAN),
            3 => measure.outcome = estimate(0.5, f64::NAN),
            4 => measure.id = "gone".into(),
            _ => (),
        }
    }
    spoilt
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn spoiling_measures_never_helps(
        whole in prop_oneof![any_report(), nearly_good()],
        hows in proptest::collection::vec(0..5_u8, MEASURES.len()),
        name in proptest::sample::select(Policy::names().collect::<Vec<_>>()),
    ) {
        let policy = Policy::named(name).unwrap();
        let (before, after) = (judge(&whole, &policy), judge(&spoil(&whole, &hows), &policy));
        prop_assert!(after.score.at_least <= before.score.at_least);
        prop_assert!(before.decision == Decision::Accepted || after.decision != Decision::Accepted);
        // A check on a spoilt measure does not pass, whatever it was before.
        for (old, new) in before.checks.iter().zip(&after.checks) {
            prop_assert!(old == new || new.status == Status::NotMeasured);
        }
        // So, unless a failure itself was hidden, the decision does not get better either; and where the policy
        // refuses for want of evidence, hiding a failure does not help.
        if before.violations().eq(after.violations()) {
            prop_assert!(rank(&after) <= rank(&before));
        }
        let strict = policy.to_toml().replace("inconclusive = \"report\"", "inconclusive = \"refuse\"");
        let strict = Policy::from_toml(&strict.replace(&format!("name = \"{name}\""), "name = \"mine\"")).unwrap();
        let (before, after) = (judge(&whole, &strict), judge(&spoil(&whole, &hows), &strict));
        prop_assert!(rank(&after) <= rank(&before));
        prop_assert!(after.score.at_most <= before.score.at_most);
    }

    #[test]
    fn a_verdict_survives_json_and_keeps_its_own_rules(
        report in prop_oneof![any_report(), nearly_good()],
        name in proptest::sample::select(Policy::names().collect::<Vec<_>>()),
    ) {
        let verdict = judge(&report, &Policy::named(name).unwrap());
        let back: Verdict = serde_json::from_str(&serde_json::to_string(&verdict).unwrap()).unwrap();
        prop_assert_eq!(&back, &verdict);
        prop_assert!(verdict.score.at_least <= verdict.score.at_most && verdict.score.at_most <= 100);
        let most = match verdict.decision {
            Decision::Accepted => 100,
            Decision::NotEnoughEvidence => 49,
            Decision::Refused => 0,
        };
        prop_assert!(verdict.score.at_most <= most);
        prop_assert_eq!(verdict.decision == Decision::Accepted, verdict.checks.iter().all(|c| c.status == Status::Pass));
        for check in &verdict.checks {
            if let Some(margin) = check.margin {
                prop_assert_eq!(check.status == Status::Pass, margin >= 0.0, "{:?}", check);
            }
        }
    }
}

fn rank(verdict: &Verdict) -> u8 {
    match verdict.decision {
        Decision::Refused => 0,
        Decision::NotEnoughEvidence => 1,
        Decision::Accepted => 2,
    }
}
