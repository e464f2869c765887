//! The table of rules: a verdict in, a plan out, one row per rule; and that every run comes to an end.

use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use synth_compliance::{Decision, Policy};
use synth_core::EngineKind;
use synth_core::engine::{Copula, Trees};
use synth_core::train::TrainingFailure;
use synth_metrics::{
    Estimate, GivenInputs, Inputs, Interval, Measure, Outcome as Taken, QualityReport, REPORT_VERSION, Rows, Shadow,
    Uncertainty,
};
use synth_optimizer::{
    Assessment, Attempt, AttemptResult, DEAD_ENDS, Explanation, Outcome, Plan, Planner, RULES, Rank, RulePlanner,
    Runner, Start, StopReason, Trial, Tried, analyse,
};

/// A value, and how far its bounds reach to both sides; 0 for a value that describes the files exactly.
type Value = (&'static str, f64, f64);

/// What an accepted table's measures look like.
const GOOD: [Value; 14] = [
    ("ks_mean", 0.04, 0.0),
    ("corr_delta", 0.04, 0.0),
    ("tvd_mean", 0.02, 0.0),
    ("assoc_delta", 0.02, 0.0),
    ("dup_excess", 0.0, 0.0),
    ("mia_auc", 0.51, 0.03),
    ("mia_top_precision", 0.52, 0.1),
    ("mia_outlier_auc", 0.52, 0.2),
    ("mia_tpr_at_1", 0.01, 0.01),
    ("near_copy_excess", 0.0, 0.02),
    ("exposed_auc", 0.52, 0.04),
    ("exposed_max_auc", 0.6, 0.15),
    ("exposed_epsilon", 0.0, 0.0),
    ("exposed_tpr_at_10", 0.11, 0.05),
];

/// The good measures, with some of them replaced or added.
fn but(values: &[Value]) -> Vec<Value> {
    let mut all = GOOD.to_vec();
    for value in values {
        match all.iter_mut().find(|v| v.0 == value.0) {
            Some(found) => *found = *value,
            None => all.push(*value),
        }
    }
    all
}

fn assess(values: &[Value], policy: &Policy) -> Assessment {
    let measure = |(id, value, reach): &Value| {
        let bounds = Interval::new(value - reach, value + reach);
        let uncertainty = (*reach > 0.0).then_some(Uncertainty { interval: bounds, one_sided: bounds, n: 303 });
        Measure {
            id: (*id).to_owned(),
            outcome: Taken::Measured(Estimate { value: *value, uncertainty }),
            columns: Vec::new(),
        }
    };
    let report = QualityReport {
        version: REPORT_VERSION,
        rows: Rows { train: 303, units: None, synthetic: 303, holdout: Some(303) },
        measures: values.iter().map(measure).collect(),
        subgroups: None,
        losses: Vec::new(),
        references: Default::default(),
        inputs: Some(Inputs {
            scales: 3,
            levels: 3,
            varying_numbers: 3,
            varying: 6,
            holdout_rows: 303,
            given: None,
            shadow: Shadow::Made,
        }),
    };
    Assessment::new(report, policy)
}

fn hipaa() -> Policy {
    Policy::named("hipaa").unwrap()
}

/// What came of an attempt, under `hipaa`.
fn judged(values: &[Value]) -> AttemptResult<Assessment> {
    AttemptResult::Judged(assess(&but(values), &hipaa()))
}

fn failed(failure: TrainingFailure) -> AttemptResult<Assessment> {
    AttemptResult::Failed(failure)
}

/// Attempts with these rules, plans and results.
fn history(steps: Vec<Step>) -> Vec<Attempt<Plan, Assessment>> {
    let attempt = |(i, (rule, plan, result)): (usize, Step)| Attempt {
        number: i + 1,
        plan,
        explanation: Explanation { rule: rule.to_owned(), ..Explanation::base("by hand") },
        result,
        duration: Duration::ZERO,
    };
    steps.into_iter().enumerate().map(attempt).collect()
}

type Step = (&'static str, Plan, AttemptResult<Assessment>);

/// A small table's plan, in a network that can become narrower and wider.
fn base() -> Plan {
    Plan::of(EngineKind::TabDdpm, 303, 14).with_training(|t| {
        t.hidden = vec![256; 2];
        t.dropout = 0.1;
        t.lr = 1e-3;
    })
}

fn next(attempts: &[Attempt<Plan, Assessment>]) -> Option<(String, String)> {
    let first = attempts.first().map_or_else(base, |attempt| attempt.plan.clone());
    let (_, explanation) = RulePlanner::new(first).next_plan(attempts)?;
    Some((explanation.rule, explanation.change))
}

/// The rule after these steps, and what it changes.
fn check(steps: Vec<Step>, rule: &str, change: &str) {
    let attempts = history(steps);
    assert_eq!(next(&attempts), Some((rule.to_owned(), change.to_owned())));
    assert_eq!(analyse(&attempts).unwrap().rule, Some(rule));
}

/// The same after one attempt with `plan`.
fn check_one(plan: Plan, result: AttemptResult<Assessment>, rule: &str, change: &str) {
    check(vec![("base", plan, result)], rule, change);
}

/// Leaks; and its KS is extreme, which must not matter.
fn leaky() -> AttemptResult<Assessment> {
    judged(&[("mia_auc", 0.75, 0.04), ("ks_mean", 0.73, 0.0)])
}

#[test]
fn trees_that_leak_get_larger_leaves_and_then_the_masked_engine() {
    let trees = Plan::from(Trees::default());
    let larger = Plan::from(Trees { min_leaf: 20, ..Trees::default() });
    let masked = Plan::of(EngineKind::Masked, 1_000, 10);
    check_one(trees.clone(), leaky(), "privacy-larger-leaves", "min_leaf 10 -> 20");
    let mut steps = vec![("base", trees, leaky()), ("privacy-larger-leaves", larger, leaky())];
    check(steps.clone(), "switch-for-privacy", "engine trees -> masked");
    // Not once more what has leaked, however little: the masked engine is made stricter, and then the copula.
    steps.push(("switch-for-privacy", masked.clone(), judged(&[("mia_auc", 0.62, 0.04)])));
    check(steps.clone(), "privacy-narrower", "hidden [128, 128] -> [64, 64]");
    let narrow = masked.with_training(|t| t.hidden = vec![64; 2]);
    steps.push(("privacy-narrower", narrow.clone(), leaky()));
    check(steps.clone(), "privacy-more-dropout", "dropout 0.1 -> 0.3");
    let dropout = narrow.with_training(|t| t.dropout = 0.3);
    steps.push(("privacy-more-dropout", dropout.clone(), leaky()));
    // It has few epochs already, so that there is nothing left to change for it.
    check(steps.clone(), "switch-for-privacy", "engine masked -> copula");
    steps.push(("switch-for-privacy", Copula::default().into(), judged(&[("corr_delta", 0.2, 0.0)])));
    check(steps, "switch-at-the-end", "engine copula -> tabddpm");
}

#[test]
fn trees_that_are_too_coarse_get_smaller_leaves_and_then_an_engine_that_learns_more() {
    let trees = Plan::from(Trees { min_leaf: 40, ..Trees::default() });
    let off = || judged(&[("ks_mean", 0.2, 0.0)]);
    check_one(trees.clone(), off(), "smaller-leaves", "min_leaf 40 -> 20");
    let smaller = Plan::from(Trees { min_leaf: 20, ..Trees::default() });
    check(
        vec![("base", trees, off()), ("smaller-leaves", smaller, off())],
        "switch-at-the-end",
        "engine trees -> masked",
    );
    let least = Plan::from(Trees { min_leaf: 5, ..Trees::default() });
    check_one(least, off(), "switch-at-the-end", "engine trees -> masked");
}

/// A table of that many columns, all numbers that vary.
fn inputs(varying: usize) -> Inputs {
    Inputs {
        scales: varying,
        levels: 0,
        varying_numbers: varying,
        varying,
        holdout_rows: 0,
        given: None,
        shadow: Shadow::default(),
    }
}

/// What was measured on a table of that many columns that vary.
fn of_columns(varying: usize, result: AttemptResult<Assessment>) -> AttemptResult<Assessment> {
    let AttemptResult::Judged(mut assessment) = result else { panic!("no table") };
    assessment.report.inputs = Some(inputs(varying));
    AttemptResult::Judged(assessment)
}

#[test]
fn a_narrow_table_goes_to_the_copula_at_once() {
    for result in [judged(&[("corr_delta", 0.2, 0.0)]), leaky(), judged(&[("dup_excess", 0.04, 0.03)])] {
        let masked = Plan::of(EngineKind::Masked, 600, 3);
        check_one(masked.clone(), of_columns(3, result.clone()), "narrow-table", "engine masked -> copula");
        let (_, explanation) = RulePlanner::new(masked.clone())
            .next_plan(&history(vec![("base", masked, of_columns(5, result))]))
            .unwrap();
        assert_ne!(explanation.rule, "narrow-table");
    }
    // Once: what the copula lacks, another engine may have.
    let off = || of_columns(3, judged(&[("corr_delta", 0.2, 0.0)]));
    check(
        vec![("base", base(), off()), ("narrow-table", Copula::default().into(), off())],
        "switch-at-the-end",
        "engine copula -> trees",
    );
}

/// With eight attempts each engine gets one, whatever fails, and only then is nothing left to try.
#[test]
fn every_engine_that_suits_is_tried_before_a_run_gives_up() {
    let endings: [fn() -> AttemptResult<Assessment>; 4] = [
        leaky,
        || judged(&[("ks_mean", 0.2, 0.0)]),
        || judged(&[("corr_delta", 0.2, 0.0), ("mia_auc", 0.62, 0.04)]),
        || failed(TrainingFailure::NothingLearnt { loss: 1.2, baseline: 1.1 }),
    ];
    for ending in endings {
        for &kind in EngineKind::ALL {
            let mut planner = RulePlanner::new(Plan::of(kind, 400, 14));
            let outcome = Runner::new().run(&mut Script(vec![ending()]), &mut planner, 7).unwrap();
            for engine in EngineKind::ALL {
                let tried = outcome.attempts().iter().any(|attempt| attempt.plan.kind() == *engine);
                assert!(tried, "{engine} was not tried after {kind}: {outcome}");
            }
            let analysis = planner.analyse(outcome.attempts()).unwrap();
            let ran_out = matches!(outcome, Outcome::Rejected { reason: StopReason::NoRuleApplies, .. });
            let said = "every engine that suits the table was tried (masked, tabddpm, trees, copula)";
            assert!(!ran_out || analysis.suggestion.contains(said), "{analysis:?}");
            // Fewer attempts than engines: those there are go to as many engines.
            let mut planner = RulePlanner::new(Plan::of(kind, 400, 14)).with_max_attempts(3);
            let outcome = Runner::new().with_max_attempts(3).run(&mut Script(vec![ending()]), &mut planner, 7).unwrap();
            let mut kinds: Vec<&str> = outcome.attempts().iter().map(|attempt| attempt.plan.kind().name()).collect();
            kinds.sort_unstable();
            kinds.dedup();
            assert_eq!(kinds.len(), 3, "{outcome}");
        }
    }
    // An engine that does not suit the table is not turned to, and an engine asked for is the only one.
    let others = vec![Plan::from(Copula::default())];
    let mut planner = RulePlanner::new(base()).with_others(others);
    let outcome = Runner::new().run(&mut Script(vec![leaky()]), &mut planner, 7).unwrap();
    assert!(outcome.attempts().iter().all(|a| [EngineKind::TabDdpm, EngineKind::Copula].contains(&a.plan.kind())));
    assert!(planner.analyse(outcome.attempts()).unwrap().suggestion.contains("(tabddpm, copula)"));
    let mut planner = RulePlanner::new(base()).with_engine(EngineKind::TabDdpm);
    let outcome = Runner::new().run(&mut Script(vec![leaky()]), &mut planner, 7).unwrap();
    assert!(outcome.attempts().iter().all(|attempt| attempt.plan.kind() == EngineKind::TabDdpm));
    assert!(planner.analyse(outcome.attempts()).unwrap().suggestion.contains("`tabddpm`, the engine asked for"));
}

#[test]
fn privacy_comes_first_and_is_never_answered_with_more_training() {
    check_one(base(), leaky(), "privacy-narrower", "hidden [256, 256] -> [128, 128]");
    check_one(base(), judged(&[("dup_excess", 0.2, 0.0)]), "privacy-narrower", "hidden [256, 256] -> [128, 128]");
    // Too few rows to be sure, but the value itself is beyond the limit.
    check_one(base(), judged(&[("mia_auc", 0.63, 0.08)]), "privacy-narrower", "hidden [256, 256] -> [128, 128]");

    let narrow = base().with_training(|t| t.hidden = vec![128; 2]);
    let twice = vec![("base", base(), leaky()), ("privacy-narrower", narrow.clone(), leaky())];
    check(twice.clone(), "privacy-more-dropout", "dropout 0.1 -> 0.3");

    let dropout = narrow.with_training(|t| t.dropout = 0.3);
    let mut thrice = twice;
    thrice.push(("privacy-more-dropout", dropout.clone(), judged(&[("mia_auc", 0.7, 0.04)])));
    check(thrice.clone(), "privacy-fewer-epochs", "n_iter 400 -> 200");

    let mut four = thrice;
    four.push(("privacy-fewer-epochs", dropout.with_training(|t| t.n_iter = 200), judged(&[("mia_auc", 0.7, 0.04)])));
    check(four, "switch-for-privacy", "engine tabddpm -> masked");
}

#[test]
fn a_narrow_network_is_not_made_too_narrow() {
    let plan = base().with_training(|t| t.hidden = vec![16; 2]);
    check_one(plan, leaky(), "privacy-more-dropout", "dropout 0.1 -> 0.3");
}

#[test]
fn a_plan_that_trains_as_hard_as_a_leaky_one_is_not_tried() {
    // Narrower helped, but now KS fails: more epochs with the narrow network are new...
    let narrow = base().with_training(|t| t.hidden = vec![128; 2]);
    let steps = vec![("base", base(), leaky()), ("privacy-narrower", narrow.clone(), judged(&[("ks_mean", 0.2, 0.0)]))];
    check(steps, "columns-off", "n_iter 400 -> 500");
    // ...but the wide network is not, with as many epochs or more.
    let capped = narrow.with_training(|t| t.n_iter = 600);
    let steps = vec![("base", base(), leaky()), ("columns-off", capped, judged(&[("ks_mean", 0.2, 0.0)]))];
    check(steps, "lower-rate", "lr 0.001 -> 0.0005");
}

#[test]
fn a_failed_training_is_an_attempt_with_a_remedy() {
    let nan = || failed(TrainingFailure::NonFinite { step: 3 });
    let late = || failed(TrainingFailure::Deadline { done: 130, planned: 400 });
    check_one(base(), nan(), "training-lower-rate", "lr 0.001 -> 0.0005");
    check_one(base(), late(), "training-fewer-epochs", "n_iter 400 -> 200");
    check_one(base().with_training(|t| t.n_iter = 120), late(), "training-fewer-epochs", "n_iter 120 -> 100");
    check_one(
        base(),
        failed(TrainingFailure::NothingLearnt { loss: 1.2, baseline: 1.1 }),
        "ks-extreme",
        "n_iter 400 -> 700",
    );
    check_one(
        base(),
        failed(TrainingFailure::Interrupted { done: 1, planned: 2 }),
        "switch-at-the-end",
        "engine tabddpm -> trees",
    );

    let slower = base().with_training(|t| t.lr = 5e-4);
    let steps = vec![("base", base(), nan()), ("training-lower-rate", slower, late())];
    check(steps, "switch-after-two-failures", "engine tabddpm -> trees");
}

#[test]
fn ks_asks_for_epochs_by_how_far_off_it_is() {
    let at = |n_iter: usize| base().with_training(|t| t.n_iter = n_iter);
    let check = |n_iter: usize, ks: f64, rule: &str, change: &str| {
        check_one(at(n_iter), judged(&[("ks_mean", ks, 0.0)]), rule, change);
    };
    check(400, 0.71, "ks-extreme", "n_iter 400 -> 700");
    check(600, 0.71, "ks-extreme", "n_iter 600 -> 800");
    check(400, 0.70, "ks-far", "n_iter 400 -> 600");
    check(300, 0.51, "ks-far", "n_iter 300 -> 500");
    check(400, 0.50, "columns-off", "n_iter 400 -> 500");
    check(550, 0.11, "columns-off", "n_iter 550 -> 600");
    // A cap below what was tried already must not turn "more" into "less".
    check(800, 0.71, "wider-network", "hidden [256, 256] -> [512, 512]");
    check(700, 0.51, "wider-network", "hidden [256, 256] -> [512, 512]");
    check(700, 0.11, "wider-network", "hidden [256, 256] -> [512, 512]");
}

#[test]
fn other_measures_of_single_columns_ask_for_epochs_too() {
    let policy = Policy::from_toml(
        "name='levels'\nversion='1'\ntitle='a test'\nmin_rows=1\n\
         [[gates]]\nmeasure='tvd_mean'\nmax=0.1\nsource='a test'",
    )
    .unwrap();
    let result = AttemptResult::Judged(assess(&[("tvd_mean", 0.2, 0.0)], &policy));
    check_one(base(), result, "columns-off", "n_iter 400 -> 500");
}

#[test]
fn associations_ask_for_width_and_then_for_smaller_steps() {
    let off = || judged(&[("corr_delta", 0.2, 0.0)]);
    let wide = |width: usize| base().with_training(|t| t.hidden = vec![width; 2]);
    check_one(base(), off(), "wider-network", "hidden [256, 256] -> [512, 512]");
    check_one(wide(1024), off(), "lower-rate", "lr 0.001 -> 0.0005");
    let steps =
        vec![("base", base(), off()), ("wider-network", wide(512), off()), ("wider-network", wide(1024), off())];
    check(steps, "lower-rate", "lr 0.001 -> 0.0005");
}

#[test]
fn two_failures_of_a_method_switch_it() {
    let steps = vec![
        ("base", base(), judged(&[("ks_mean", 0.73, 0.0)])),
        ("ks-extreme", base().with_training(|t| t.n_iter = 700), judged(&[("ks_mean", 0.71, 0.0)])),
    ];
    check(steps, "switch-after-two-failures", "engine tabddpm -> trees");
}

#[test]
fn nothing_is_tried_where_no_plan_can_help() {
    let check = |plan: Plan, result: AttemptResult<Assessment>, rule: Option<&str>, suggestion: &str| {
        let attempts = history(vec![("base", plan, result)]);
        assert_eq!(next(&attempts), None);
        let analysis = analyse(&attempts).unwrap();
        assert_eq!(analysis.rule, rule);
        assert!(analysis.suggestion.contains(suggestion), "{analysis:?}");
    };
    let ks = [("ks_mean", 0.73, 0.0)];
    let strict = AttemptResult::Judged(assess(&but(&ks), &Policy::named("clinical-strict").unwrap()));
    check(base(), strict, Some("requirement-not-met"), "policy");
    check(base(), judged(&[("mia_auc", 1.0 / 302.0, 0.01), ks[0]]), Some("attack-below-chance"), "split");
    let gdpr = Policy::named("gdpr").unwrap();
    let mut few = assess(&but(&[]), &gdpr);
    few.report.rows.train = 20;
    check(base(), AttemptResult::Judged(Assessment::new(few.report, &gdpr)), Some("too-few-rows"), "rows");
    let kept = Policy::from_toml(
        "name='kept'\nversion='1'\ntitle='a test'\nmin_rows=1\n\
         [[gates]]\nmeasure='columns_kept'\nmin=0.9\nsource='a test'",
    )
    .unwrap();
    let mut lost = assess(&[("columns_kept", 0.5, 0.0)], &kept).report;
    let given = GivenInputs { columns: 4, scales: 4, levels: 0, varying_numbers: 4, rules: 0 };
    lost.inputs = Some(Inputs { given: Some(given), ..inputs(2) });
    let lost = AttemptResult::Judged(Assessment::new(lost, &kept));
    check(base(), lost, Some("columns-lost"), "schema");
    // Nothing failed; the evidence is missing.
    check(base(), AttemptResult::Judged(assess(&but(&[]), &gdpr)), None, "evidence");
    check(base(), judged(&[("mia_auc", 0.52, 0.2)]), None, "evidence");
    check(base(), judged(&[]), None, "nothing to change");
    assert_eq!(analyse(&[]), None);
    assert_eq!(DEAD_ENDS.len(), 4, "a row per dead end");
}

#[test]
fn an_explanation_has_cause_suggestion_and_change() {
    let attempts = history(vec![("base", base(), judged(&[("ks_mean", 0.143, 0.0)]))]);
    let (_, explanation) = RulePlanner::new(base()).next_plan(&attempts).unwrap();
    assert_eq!(
        explanation.to_string(),
        "`columns-off` (n_iter 400 -> 500), because the columns' distributions differ: \
         ks_mean 0.143 is above the limit 0.10; the numbers' distributions differ",
    );
    assert_eq!(explanation.suggestion, "100 more epochs, at most 600");
}

/// Gives its results in order, then the last one for ever.
struct Script(Vec<AttemptResult<Assessment>>);

impl Trial for Script {
    type Plan = Plan;
    type Artifact = ();
    type Verdict = Assessment;
    type Error = std::convert::Infallible;

    fn run(&mut self, _: &Plan, start: &Start) -> Tried<Self> {
        match self.0[(start.number - 1).min(self.0.len() - 1)].clone() {
            AttemptResult::Judged(assessment) => Ok(((), assessment)),
            AttemptResult::Failed(failure) => Err(synth_optimizer::Failure::Training(failure)),
        }
    }

    fn decision(&self, assessment: &Assessment) -> Decision {
        assessment.decision()
    }

    fn rank(&self, assessment: &Assessment) -> Rank {
        assessment.rank()
    }
}

fn run(script: Vec<AttemptResult<Assessment>>, first: Plan) -> Outcome<(), Plan, Assessment> {
    let mut planner = RulePlanner::new(first);
    Runner::new().with_max_attempts(1_000).run(&mut Script(script), &mut planner, 7).unwrap()
}

/// The runs in the reference's log, had their numbers been what they were called.
#[test]
fn the_history_of_the_reference_replayed() {
    let ks = |value: f64| judged(&[("ks_mean", value, 0.0)]);
    let first = base().with_training(|t| {
        t.n_iter = 300;
        t.batch_size = 32;
    });
    let n_iters = |outcome: &Outcome<(), Plan, Assessment>| -> Vec<(Option<usize>, EngineKind)> {
        outcome.attempts().iter().map(|a| (a.plan.training().map(|training| training.n_iter), a.plan.kind())).collect()
    };
    use EngineKind::{Copula, Masked, TabDdpm, Trees};

    // Learnt at the second attempt, as the log hoped: 300 and 300 more.
    let hoped = run(vec![ks(0.7289), ks(0.06)], first.clone());
    assert!(matches!(hoped, Outcome::Accepted { .. }));
    assert_eq!(n_iters(&hoped), [(Some(300), TabDdpm), (Some(600), TabDdpm)]);

    // Better and better, but the epochs are at their cap.
    let slow = run(vec![ks(0.7289), ks(0.31), ks(0.14), ks(0.11), ks(0.09)], first.clone());
    let steps: Vec<_> =
        slow.attempts().iter().map(|a| (a.explanation.rule.as_str(), a.explanation.change.as_str())).collect();
    assert_eq!(
        steps,
        [
            ("base", ""),
            ("ks-extreme", "n_iter 300 -> 600"),
            ("wider-network", "hidden [256, 256] -> [512, 512]"),
            ("wider-network", "hidden [512, 512] -> [1024, 1024]"),
            ("lower-rate", "lr 0.001 -> 0.0005"),
        ],
    );

    // What it saw next: no better. A second failure of that size is the method's.
    let seen = run(vec![ks(0.7289), ks(0.7465), ks(0.6712)], first.clone());
    let engines: Vec<EngineKind> = seen.attempts().iter().map(|attempt| attempt.plan.kind()).collect();
    assert_eq!(n_iters(&seen)[..3], [(Some(300), TabDdpm), (Some(600), TabDdpm), (None, Trees)]);
    assert!(engines.contains(&Masked) && engines.contains(&Copula), "{engines:?}");
    assert!(matches!(seen, Outcome::Rejected { reason: StopReason::NoRuleApplies, best: Some(2), .. }));

    // With the membership AUC it was so proud of, nothing is tried before that is looked into.
    let proud = run(vec![judged(&[("ks_mean", 0.7289, 0.0), ("mia_auc", 0.0033, 0.0)])], first);
    assert_eq!(proud.attempts().len(), 1);
    assert!(matches!(proud, Outcome::Rejected { reason: StopReason::NoRuleApplies, .. }));
}

#[test]
fn every_run_comes_to_an_end_without_an_attempt_limit() {
    let most = 1 + EngineKind::ALL.len() * RULES.iter().map(|r| r.uses).sum::<usize>();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for _ in 0..300 {
        let script = (0..most)
            .map(|_| match rng.gen_range(0..8) {
                0 => failed(TrainingFailure::NonFinite { step: 1 }),
                1 => failed(TrainingFailure::Deadline { done: 1, planned: 400 }),
                2 => failed(TrainingFailure::NothingLearnt { loss: 1.2, baseline: 1.1 }),
                _ => judged(&[
                    ("ks_mean", rng.gen_range(0.0..0.8), rng.gen_range(0.0..0.05)),
                    ("corr_delta", rng.gen_range(0.1..0.3), 0.0),
                    ("mia_auc", rng.gen_range(0.5..0.7), 0.05),
                ]),
            })
            .collect();
        let outcome = run(script, base());
        let attempts = outcome.attempts();
        assert!(attempts.len() <= most);
        assert!(matches!(
            outcome,
            Outcome::Accepted { .. } | Outcome::Rejected { reason: StopReason::NoRuleApplies, .. }
        ));
        for (i, attempt) in attempts.iter().enumerate() {
            assert!(attempts[..i].iter().all(|a| a.plan != attempt.plan), "a plan tried twice");
            let leaked = i > 0 && attempts[i - 1].verdict().is_some_and(|a| a.report.value("mia_auc") > Some(0.6));
            if leaked {
                let (before, after) = (&attempts[i - 1].plan, &attempt.plan);
                assert!(!after.learns_at_least_as_hard_as(before), "more training in answer to a leak");
            }
        }
    }
}

#[test]
fn every_rule_and_dead_end_has_a_row_here() {
    let source = include_str!("rules.rs");
    for rule in RULES {
        assert!(source.contains(&format!("\"{}\"", rule.name)), "`{}` has no row here", rule.name);
    }
    for dead_end in DEAD_ENDS {
        assert!(source.contains(&format!("\"{}\"", dead_end.name)), "`{}` has no row here", dead_end.name);
    }
}

#[test]
fn an_attempt_survives_json() {
    let result = AttemptResult::Judged(assess(&but(&[]), &hipaa()));
    let attempts = history(vec![
        ("base", base(), result),
        ("x", base(), failed(TrainingFailure::NothingLearnt { loss: 1.2, baseline: 1.1 })),
    ]);
    let text = serde_json::to_string(&attempts).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Attempt<Plan, Assessment>>>(&text).unwrap(), attempts);
}
