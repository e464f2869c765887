//! The loop with a trial that has no model: every way to stop, and what is left behind.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use synth_compliance::Decision;
use synth_core::train::TrainingFailure;
use synth_optimizer::runner::Event;
use synth_optimizer::{
    Attempt, Explanation, Failure, Outcome, Planner, Rank, Runner, Start, StopReason, Trial, Tried, attempt_seed,
};

/// The plan is the verdict: 0 is accepted, otherwise the number of failed privacy checks.
#[derive(Default)]
struct Fake {
    starts: Vec<Start>,
}

const BLOWS_UP: usize = 90;
const IS_INTERRUPTED: usize = 91;
const IS_FATAL: usize = 92;
const SLEEPS: usize = 93;
const IS_LATE: usize = 94;

impl Trial for Fake {
    type Plan = usize;
    type Artifact = String;
    type Verdict = usize;
    type Error = &'static str;

    fn run(&mut self, plan: &usize, start: &Start) -> Tried<Self> {
        self.starts.push(*start);
        match *plan {
            BLOWS_UP => Err(Failure::Training(TrainingFailure::NonFinite { step: 1 })),
            IS_INTERRUPTED => Err(Failure::Interrupted),
            IS_FATAL => Err(Failure::Fatal("no such file")),
            IS_LATE => Err(Failure::Deadline),
            SLEEPS => {
                let deadline = start.deadline.expect("sleeping needs a deadline");
                std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
                Err(Failure::Training(TrainingFailure::Deadline { done: 0, planned: 400 }))
            }
            failed => Ok((format!("table {}", start.number), failed)),
        }
    }

    fn decision(&self, verdict: &usize) -> Decision {
        if *verdict == 0 { Decision::Accepted } else { Decision::Refused }
    }

    fn rank(&self, verdict: &usize) -> Rank {
        Rank { privacy_failed: *verdict, privacy_open: 0, not_measured: 0, worst_margin: 0.0 }
    }
}

/// Goes through its plans in order.
struct List(&'static [usize]);

impl Planner<usize, usize> for List {
    fn next_plan(&mut self, attempts: &[Attempt<usize, usize>]) -> Option<(usize, Explanation)> {
        Some((*self.0.get(attempts.len())?, Explanation::base("the list says so")))
    }
}

type Run = Result<Outcome<String, usize, usize>, &'static str>;

fn run(runner: Runner<'_, usize, usize>, plans: &'static [usize]) -> Run {
    runner.run(&mut Fake::default(), &mut List(plans), 7)
}

/// The reason, the number of attempts, the best one, and the artifact that was given out.
fn rejected(run: Run) -> (StopReason, usize, Option<usize>, Option<String>) {
    match run.unwrap() {
        Outcome::Rejected { attempts, best, refused_artifact, reason } => {
            (reason, attempts.len(), best, refused_artifact)
        }
        Outcome::Accepted { artifact, .. } => panic!("accepted {artifact}"),
    }
}

#[test]
fn the_first_accepted_attempt_ends_the_run() {
    match run(Runner::new(), &[3, BLOWS_UP, 0, 0]).unwrap() {
        Outcome::Accepted { artifact, attempts } => {
            assert_eq!(artifact, "table 3");
            assert_eq!(attempts.len(), 3);
            assert_eq!(attempts[1].failure(), Some(&TrainingFailure::NonFinite { step: 1 }));
            assert_eq!(attempts[2].verdict(), Some(&0));
        }
        rejected => panic!("{rejected:?}"),
    }
}

#[test]
fn a_run_stops_at_its_limits() {
    const MANY: &[usize] = &[5; 20];
    assert_eq!(rejected(run(Runner::new(), MANY)), (StopReason::AttemptLimit(8), 8, Some(0), None));
    assert_eq!(
        rejected(run(Runner::new().with_max_attempts(2), MANY)),
        (StopReason::AttemptLimit(2), 2, Some(0), None),
    );
    assert_eq!(rejected(run(Runner::new().with_max_attempts(0), MANY)), (StopReason::AttemptLimit(0), 0, None, None));
    assert_eq!(rejected(run(Runner::new(), &[5, 4])), (StopReason::NoRuleApplies, 2, Some(1), None));
    assert_eq!(rejected(run(Runner::new(), &[])), (StopReason::NoRuleApplies, 0, None, None));
    assert_eq!(rejected(run(Runner::new(), &[BLOWS_UP])), (StopReason::NoRuleApplies, 1, None, None));
    assert_eq!(rejected(run(Runner::new(), &[5, IS_INTERRUPTED, 0])), (StopReason::Interrupted, 1, Some(0), None));
}

#[test]
fn the_deadline_is_looked_at_between_attempts_and_told_to_the_trial() {
    let budget = |time: Duration| Runner::new().with_deadline(Instant::now() + time);
    assert_eq!(rejected(run(budget(Duration::ZERO), &[0])), (StopReason::Deadline, 0, None, None));
    let short = budget(Duration::from_millis(20));
    assert_eq!(rejected(run(short, &[SLEEPS, 0])), (StopReason::Deadline, 1, None, None));
    assert!(matches!(run(budget(Duration::from_secs(1000)), &[0]), Ok(Outcome::Accepted { .. })));
    assert_eq!(rejected(run(Runner::new(), &[5, IS_LATE, 0])), (StopReason::Deadline, 1, Some(0), None));
}

#[test]
fn a_fatal_error_is_an_error() {
    assert_eq!(run(Runner::new(), &[5, IS_FATAL, 0]), Err("no such file"));
}

#[test]
fn a_rejected_run_has_no_artifact_unless_asked() {
    const PLANS: &[usize] = &[5, 2, BLOWS_UP, 2, 4];
    assert_eq!(rejected(run(Runner::new(), PLANS)), (StopReason::NoRuleApplies, 5, Some(1), None));
    let asked = run(Runner::new().with_refused_artifact(), PLANS);
    assert_eq!(rejected(asked), (StopReason::NoRuleApplies, 5, Some(1), Some("table 2".into())));
}

#[test]
fn the_observer_sees_every_attempt_and_can_end_the_run() {
    let mut seen = Vec::new();
    let stop_after = |number: usize, finished: bool, seen: &mut Vec<String>| {
        let observer = |event: Event<'_, usize, usize>| {
            let (now, over) = match event {
                Event::Started { number, plan, .. } => {
                    seen.push(format!("{number} starts with {plan}"));
                    (number, false)
                }
                Event::Finished(attempt) => {
                    seen.push(format!("{} ends with {:?}", attempt.number, attempt.verdict()));
                    (attempt.number, true)
                }
            };
            if (now, over) == (number, finished) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        run(Runner::new().with_observer(observer), &[3, BLOWS_UP, 0])
    };
    assert_eq!(rejected(stop_after(1, false, &mut seen)), (StopReason::Interrupted, 0, None, None));
    assert_eq!(rejected(stop_after(1, true, &mut seen)), (StopReason::Interrupted, 1, Some(0), None));
    seen.clear();
    // Too late: the attempt is accepted.
    assert!(matches!(stop_after(3, true, &mut seen), Ok(Outcome::Accepted { .. })));
    assert_eq!(
        seen,
        [
            "1 starts with 3",
            "1 ends with Some(3)",
            "2 starts with 90",
            "2 ends with None",
            "3 starts with 0",
            "3 ends with Some(0)",
        ],
    );
}

#[test]
fn each_attempt_has_a_seed_that_repeats_it() {
    let mut trial = Fake::default();
    let outcome = Runner::new().run(&mut trial, &mut List(&[3, 2, 0]), 7).unwrap();
    for (attempt, start) in outcome.attempts().iter().zip(&trial.starts) {
        assert_eq!(attempt.number, start.number);
        assert_eq!(start.seed, attempt_seed(7, attempt.number));
    }
}

#[test]
fn an_outcome_explains_itself() {
    let text = run(Runner::new(), &[3, 2, 5]).unwrap().to_string();
    assert_eq!(
        text,
        "attempt 1: `base`, the list says so\n\
         attempt 2: `base`, the list says so\n\
         attempt 3: `base`, the list says so\n\
         not accepted: no rule applies; attempt 2 came closest\n",
    );
}
