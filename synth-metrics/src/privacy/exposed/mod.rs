//! The shadow audit: can the few who are unlike all others be told to be in the table that was learnt?
//!
//! Means over all rows hide them. Here a dozen units that a fixed rule finds the most [exposed](targets()) are each *in or out*, by
//! a fair coin of their own, in dozens of repetitions of the whole mechanism: protection with fresh randomness, search for
//! constraints, fit, sample. A [`Witness`] notes what each synthetic table shows of each of them, and [`Exposed`] is what
//! attackers make of the notes. This crate runs no generator: whoever has one (`synth-optimizer`'s `ShadowAudit`, or you) makes
//! the runs, and gives the tables.
//!
//! **Attackers.** One knows the target's rows and the population; the other also every row that was learnt but hers: the
//! attacker of differential privacy, and in life whoever has an earlier release, or a consent that was withdrawn. Both know how the
//! mechanism works and can try it out. What they look at: nearest neighbours and counts within the distances of real ones; her
//! rarest cells taken together; ends of columns, by value and by how many of the others lie beyond; gaps, levels and broken rules
//! that only she has; synthetic rows that are nearer to her than to anybody else. A weighted sum of it is their score, an
//! approximation of the likelihood ratio that LiRA (arXiv:2112.03570) estimates; weights are learnt forwards, from earlier runs
//! alone. The measures are those of the attacker who knows the others, fixed beforehand as the stronger one, so that
//! nothing is gained by choosing among them.
//!
//! - `exposed_auc`: the mean over the targets of the probability that a run she is in scores higher than one she is not in.
//! - `exposed_max_auc`: the largest of them, with bounds that hold for all targets at once.
//! - `exposed_tpr_at_10`: the share of *in* that is found when a tenth of *out* is accused.
//! - `exposed_epsilon`: no claim of ε-differential privacy below this can be true, with 95 % confidence.
//!
//! **Null.** A target's coin is independent of everything that her score depends on if the generator ignores her, whatever it does
//! with others. In 1,000 audits of such a generator (`tests/exposed.rs`, 120 rows, 64 runs, 12 targets) the one-sided bounds should
//! each be wrong in 5 % at most:
//!
//! | measure | mean | lower bound above the ideal | upper bound below it |
//! |---|---|---|---|
//! | `exposed_auc` | 0.501 | 5.1 % | 4.6 % |
//! | `exposed_max_auc` | 0.628 | 1.2 % | 0.0 % |
//! | `exposed_tpr_at_10` | 0.100 | 3.8 % | 5.0 % |
//! | `exposed_epsilon` | 0.003 | 3.4 % | |
//!
//! The largest of twelve estimates is too large on average: judge it by its bounds.
//!
//! Sources: TAPAS (arXiv:2211.06550) and "Achilles' heels" (arXiv:2306.10308) for shadow runs on chosen records of synthetic tables.
//! Departs from them: all targets share the runs, so that dozens of fits do for a dozen targets; and the attacker may know the
//! others.
//!
//! Left out on purpose: attacks on the model file; the audit is of the table that is released.

mod attack;
mod figures;
mod observe;
mod targets;

use serde::{Deserialize, Serialize};

use crate::definition::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, Needs, Unseen};
use crate::estimate::{Estimate, Interval, Measure, Outcome, Uncertainty, between};
use crate::family::{Family, Intervals, Taking};
use crate::shadow::Shadow;
use attack::{Knows, Scores, attack};
use figures::{Area, Told, area, epsilon, found_at};

pub use observe::{Observation, Witness};
pub use targets::{Exposure, K, Target, targets};

pub(crate) const FAMILY: Family = Family {
    definitions: &[EXPOSED_AUC, EXPOSED_MAX_AUC, EXPOSED_TPR_AT_10, EXPOSED_EPSILON],
    intervals: Intervals::Own,
    take,
};

/// What a value is on the four tables of the anchors: they have no generator, so there is none.
const NO_ANCHORS: Anchors = {
    let any = between(0.0, MAX_EPSILON);
    Anchors { copy: any, fresh: any, permuted: any, shifted: any }
};
/// More than any number of runs can show.
const MAX_EPSILON: f64 = 100.0;

/// The definition of `exposed_auc`.
pub const EXPOSED_AUC: Definition = Definition {
    id: "exposed_auc",
    name: "membership of the most exposed, AUC",
    meaning: "mean AUC of an attack on the most exposed units by somebody who knows all others, over repetitions of the mechanism",
    above: Some("somebody who knows the others can tell whether the most exposed are in the training table"),
    below: Some("the attack is worse than guessing, so the audit is in doubt"),
    domain: Domain::Privacy,
    goal: Goal::Target,
    ideal: 0.5,
    range: between(0.0, 1.0),
    unit: "AUC",
    source: "shadow runs of the whole mechanism with each target in or out by a fair coin (after TAPAS, arXiv:2211.06550, and \
             LiRA, arXiv:2112.03570), scores learnt from earlier runs alone; DeLong's variance, added up over runs",
    anchors: NO_ANCHORS,
    needs: Needs::unseen(Unseen::Shadow),
    judged_by: JudgedBy::Bounds,
    battery: Battery::Core,
};

/// The definition of `exposed_max_auc`.
pub const EXPOSED_MAX_AUC: Definition = Definition {
    id: "exposed_max_auc",
    name: "membership of the most exposed, worst unit",
    meaning: "the same of the unit that is told best",
    above: Some("somebody who knows the others can tell whether the most exposed unit is in the training table"),
    below: Some("the attack is worse than guessing, so the audit is in doubt"),
    domain: Domain::Privacy,
    goal: Goal::Target,
    ideal: 0.5,
    range: between(0.0, 1.0),
    unit: "AUC",
    source: "largest AUC of the targets of exposed_auc; simultaneous interval (Bonferroni)",
    anchors: NO_ANCHORS,
    needs: Needs::unseen(Unseen::Shadow),
    judged_by: JudgedBy::Bounds,
    battery: Battery::Core,
};

/// The definition of `exposed_tpr_at_10`.
pub const EXPOSED_TPR_AT_10: Definition = Definition {
    id: "exposed_tpr_at_10",
    name: "most exposed found at 10 % false alarms",
    meaning: "share of runs in which the most exposed units are found at 10 % false alarms",
    above: Some("the most exposed are found with few false alarms"),
    below: None,
    domain: Domain::Privacy,
    goal: Goal::Lower,
    ideal: 0.1,
    range: between(0.0, 1.0),
    unit: "share",
    source: "the attack of exposed_auc, targets together, a tenth of the runs without them accused; bootstrap over runs",
    anchors: NO_ANCHORS,
    needs: Needs::unseen(Unseen::Shadow),
    judged_by: JudgedBy::Bounds,
    battery: Battery::Core,
};

/// The definition of `exposed_epsilon`.
pub const EXPOSED_EPSILON: Definition = Definition {
    id: "exposed_epsilon",
    name: "lower bound on epsilon",
    meaning: "no claim of differential privacy with a smaller epsilon can be true (95 %)",
    above: Some("the attack proves that the mechanism leaks that the most exposed are in the training table"),
    below: None,
    domain: Domain::Privacy,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, MAX_EPSILON),
    unit: "nats",
    source: "log odds of the Clopper-Pearson bound on the share of right guesses (arXiv:2305.08846); the largest of the targets' and \
             that of all together, simultaneous (Bonferroni)",
    anchors: NO_ANCHORS,
    needs: Needs::unseen(Unseen::Shadow),
    judged_by: JudgedBy::Value,
    battery: Battery::Core,
};

/// With fewer runs no interval is worth reporting.
pub const MIN_RUNS: usize = 24;

/// What the attackers make of the shadow runs. Names nobody: units are told by their number and by why they were chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Exposed {
    /// Shadow runs.
    pub runs: usize,
    /// `exposed_auc`: the mean over the exposed units.
    pub auc: Estimate,
    /// `exposed_max_auc`: the worst unit, with bounds that hold for all at once.
    pub max_auc: Estimate,
    /// `exposed_tpr_at_10`.
    pub tpr_at_10: Estimate,
    /// The share of runs without a unit in which it is accused there.
    pub false_alarms: f64,
    /// `exposed_epsilon`.
    pub epsilon: f64,
    /// The same as `auc`, of an attacker who does not know the other rows.
    pub outside_auc: Estimate,
    /// The same as `auc`, of the typical units: the control. `None` if there are none.
    pub typical_auc: Option<Estimate>,
    /// The exposed units, by the reason of their choice.
    pub units: Vec<ExposedUnit>,
}

/// What the attackers know of one unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ExposedUnit {
    /// Why it was chosen.
    pub exposure: Exposure,
    /// The AUC of who knows the others; the interval is right for this unit alone.
    pub auc: Estimate,
    /// The AUC of who does not.
    pub outside_auc: f64,
    /// The share of runs with it in which it is found, a tenth of those without accused.
    pub tpr_at_10: f64,
    /// The lower bound on ε, right for all units at once.
    pub epsilon: f64,
}

impl Exposed {
    /// What the attackers make of `runs` on `targets`. Pure: the same runs give the same figures.
    ///
    /// # Errors
    /// The fact that tells why there are none: fewer than [`MIN_RUNS`] runs, no exposed unit, or one that was in or out of nearly all
    /// of the runs.
    ///
    /// # Panics
    /// If the runs are not of these targets.
    pub fn of(targets: &[Target], runs: &[Observation]) -> Result<Exposed, Shadow> {
        assert!(runs.iter().all(|run| run.is_in.len() == targets.len()), "runs of these targets");
        if runs.len() < MIN_RUNS {
            return Err(Shadow::OutOfTime);
        }
        let exposures: Vec<Exposure> = targets.iter().map(|target| target.exposure).collect();
        let (exposed, typical): (Vec<usize>, Vec<usize>) =
            (0..targets.len()).partition(|&j| exposures[j] != Exposure::Typical);
        let coins: Vec<Vec<bool>> = (0..targets.len()).map(|j| runs.iter().map(|run| run.is_in[j]).collect()).collect();
        let [others, outside] = [Knows::Others, Knows::Outside].map(|knows| attack(runs, &exposures, knows));
        let told = |scores: &Scores, j: usize| area(Told { scores: &scores.of_target[j], is_in: &coins[j] });
        let areas = |scores: &Scores, of: &[usize]| -> Result<Vec<Area>, Shadow> {
            of.iter().map(|&j| told(scores, j).ok_or(Shadow::TooFewUnits)).collect()
        };
        let (known, unknown) = (areas(&others, &exposed)?, areas(&outside, &exposed)?);
        let mean = |areas: &[Area]| Area::mean(areas).map(|area| area.among(1));
        let all: Vec<Told<'_>> =
            exposed.iter().map(|&j| Told { scores: &others.of_target[j], is_in: &coins[j] }).collect();
        let n_bounds = exposed.len() + 1; // of all together as well
        let (tpr_at_10, false_alarms) = found_at(0.1, &all, SEED).ok_or(Shadow::TooFewUnits)?;
        let units: Vec<ExposedUnit> = (exposed.iter().zip(&known).zip(&unknown).zip(&all))
            .map(|(((&j, known), unknown), told)| ExposedUnit {
                exposure: exposures[j],
                auc: rounded(known.among(1)),
                outside_auc: thousandths(unknown.auc),
                tpr_at_10: thousandths(found_at(0.1, &[*told], SEED).map_or(0.0, |(found, _)| found.value)),
                epsilon: thousandths(epsilon(&[*told], n_bounds)),
            })
            .collect();
        let largest: Vec<_> = known.iter().map(|area| area.among(known.len())).collect();
        let bounds: Vec<_> = largest.iter().filter_map(|estimate| estimate.uncertainty).collect();
        let max_auc = Estimate {
            value: largest.iter().map(|estimate| estimate.value).fold(0.0, f64::max),
            uncertainty: crate::sampling::interval::of_largest(&bounds),
        };
        let epsilon = units.iter().map(|unit| unit.epsilon).fold(epsilon(&all, n_bounds), f64::max);
        Ok(Exposed {
            runs: runs.len(),
            auc: rounded(mean(&known).ok_or(Shadow::TooFewUnits)?),
            max_auc: rounded(max_auc),
            tpr_at_10: rounded(tpr_at_10),
            false_alarms: thousandths(false_alarms),
            epsilon: thousandths(epsilon),
            outside_auc: rounded(mean(&unknown).ok_or(Shadow::TooFewUnits)?),
            typical_auc: mean(&areas(&others, &typical)?).map(rounded),
            units,
        })
    }
}

/// No digit that so many runs cannot know leaves.
fn thousandths(x: f64) -> f64 {
    (x * 1000.0).round() / 1000.0
}

fn rounded(estimate: Estimate) -> Estimate {
    let ends = |interval: Interval| Interval::new(thousandths(interval.low), thousandths(interval.high));
    let uncertainty =
        estimate.uncertainty.map(|u| Uncertainty { interval: ends(u.interval), one_sided: ends(u.one_sided), n: u.n });
    Estimate { value: thousandths(estimate.value), uncertainty }
}

/// Of the bootstrap: the same runs give the same interval.
const SEED: u64 = 0;

/// The measures of an audit, or the fact why there is none.
pub(crate) fn outcomes(exposed: Result<&Exposed, Shadow>) -> Vec<Measure> {
    let value = |definition: &Definition, value: fn(&Exposed) -> Estimate| {
        let outcome = match exposed {
            Ok(exposed) => Outcome::Measured(value(exposed)),
            Err(fact) => Outcome::NotMeasured(fact.to_string()),
        };
        Measure::new(definition.id, outcome)
    };
    vec![
        value(&EXPOSED_AUC, |exposed| exposed.auc),
        value(&EXPOSED_MAX_AUC, |exposed| exposed.max_auc),
        value(&EXPOSED_TPR_AT_10, |exposed| exposed.tpr_at_10),
        value(&EXPOSED_EPSILON, |exposed| Estimate::exact(exposed.epsilon)),
    ]
}

/// No tables tell: it takes a generator.
fn take(taking: &Taking) -> Vec<Measure> {
    outcomes(Err(taking.options.shadow))
}
