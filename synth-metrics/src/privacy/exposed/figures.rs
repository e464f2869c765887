//! What is read off the scores: areas under curves, shares found, and bounds on ε.
//!
//! **AUC** of a target: the probability that a run she is in scores higher than one she is not in, taken within each
//! [block](super::attack) and averaged with the weights mn / (m + n + 1) that are best if nothing leaks. The variance is DeLong's,
//! added up over runs: what one run adds to several targets counts together.
//!
//! **ε.** Each target is in each run by a fair coin of her own. Whoever sees the output of an ε-differentially private mechanism
//! and guesses a coin, or keeps silent, is right with probability e^ε / (1 + e^ε) at most, guess by guess, whatever is known of the
//! others; so the right ones of r guesses are dominated by a binomial (Steinke, Nasr and Jagielski, arXiv:2305.08846, for ε alone).
//! With v right the lower bound of Clopper and Pearson on the share, in log odds, bounds ε from below. When to guess and when to
//! keep silent is chosen before each block by the blocks before it, so that it needs no correction. Bounds of several targets, and
//! of all together, hold at once (Bonferroni).

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::attack::blocks;
use crate::estimate::{Estimate, Interval, Uncertainty};
use crate::roc::components;
use crate::sampling::interval::{clopper_pearson, of_auc, of_auc_among};

/// The scores of one target and her coins, a run each.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) scores: &'a [f64],
    pub(super) is_in: &'a [bool],
}

/// An AUC, and what each run adds to its error.
pub(super) struct Area {
    pub(super) auc: f64,
    of_run: Vec<f64>,
}

/// `None` if there is no block with two runs on either side.
pub(super) fn area(told: Told<'_>) -> Option<Area> {
    let n_runs = told.scores.len();
    let (mut sum, mut total, mut of_run) = (0.0, 0.0, vec![0.0; n_runs]);
    for block in blocks(n_runs) {
        let side = |is_in: bool| -> Vec<usize> { block.clone().filter(|&run| told.is_in[run] == is_in).collect() };
        let (with, without) = (side(true), side(false));
        let (m, n) = (with.len() as f64, without.len() as f64);
        if m.min(n) < 2.0 {
            continue;
        }
        let of = |runs: &[usize]| -> Vec<f64> { runs.iter().map(|&run| told.scores[run]).collect() };
        let parts = components(&of(&with), &of(&without));
        let auc = parts.of_pos.iter().sum::<f64>() / m;
        let weight = m * n / (m + n + 1.0);
        (sum, total) = (sum + weight * auc, total + weight);
        for (side, values, n) in [(&with, &parts.of_pos, m), (&without, &parts.of_neg, n)] {
            for (&run, value) in side.iter().zip(values) {
                of_run[run] = weight * (value - auc) / n * (n / (n - 1.0)).sqrt();
            }
        }
    }
    of_run.iter_mut().for_each(|part| *part /= total);
    (total > 0.0).then(|| Area { auc: (sum / total).clamp(0.0, 1.0), of_run })
}

impl Area {
    fn variance(&self) -> f64 {
        self.of_run.iter().map(|part| part * part).sum()
    }

    /// The mean of several.
    pub(super) fn mean(areas: &[Area]) -> Option<Area> {
        let n = areas.len() as f64;
        let n_runs = areas.first()?.of_run.len();
        let of_run = (0..n_runs).map(|run| areas.iter().map(|area| area.of_run[run]).sum::<f64>() / n).collect();
        Some(Area { auc: areas.iter().map(|area| area.auc).sum::<f64>() / n, of_run })
    }

    /// With its interval, as one of `n_tests` that hold together.
    pub(super) fn among(&self, n_tests: usize) -> Estimate {
        let n = self.of_run.len();
        let uncertainty = match n_tests {
            1 => of_auc(self.auc, self.variance(), n / 2),
            n_tests => of_auc_among(n_tests, self.auc, self.variance(), n / 2),
        };
        Estimate { value: self.auc, uncertainty: Some(uncertainty) }
    }
}

/// Runs that are drawn again, to see how far a share may be off.
const N_DRAWS: usize = 1000;

/// The share of the coins that were *in* whose score only a tenth of the others exceeds, all targets together, with the interval of
/// a bootstrap over runs; and the share of those others.
pub(super) fn found_at(rate: f64, all: &[Told<'_>], seed: u64) -> Option<(Estimate, f64)> {
    let n_runs = all.first()?.scores.len();
    let of_runs = |runs: &[usize]| {
        let side = |is_in: bool| -> Vec<f64> {
            let of = |told: &Told<'_>| -> Vec<f64> {
                runs.iter().filter(|&&run| told.is_in[run] == is_in).map(|&run| told.scores[run]).collect()
            };
            all.iter().flat_map(of).collect()
        };
        share_found(rate, &side(true), side(false))
    };
    let (share, alarms) = of_runs(&(0..n_runs).collect::<Vec<_>>())?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let draw = |_| (0..n_runs).map(|_| rng.gen_range(0..n_runs)).collect::<Vec<_>>();
    let draws: Vec<Vec<usize>> = (0..N_DRAWS).map(draw).collect();
    let mut again: Vec<f64> = draws.iter().filter_map(|runs| of_runs(runs).map(|(share, _)| share)).collect();
    again.sort_unstable_by(f64::total_cmp);
    let at = |p: f64| again[((p * (again.len() - 1) as f64).round() as usize).min(again.len() - 1)];
    let ends = |tail: f64| Interval::new(at(tail).min(share), at(1.0 - tail).max(share));
    let uncertainty = Uncertainty { interval: ends(0.025), one_sided: ends(0.05), n: n_runs };
    Some((Estimate { value: share, uncertainty: Some(uncertainty) }, alarms))
}

/// The share of scores above the one that at most `rate` of the others exceed, and the others' share above it.
fn share_found(rate: f64, with: &[f64], mut without: Vec<f64>) -> Option<(f64, f64)> {
    let n = without.len();
    let k = (rate * (n + 1) as f64 + 1e-9).floor() as usize;
    if k == 0 || with.is_empty() {
        return None;
    }
    without.sort_unstable_by(|a, b| b.total_cmp(a));
    let threshold = without[k - 1];
    let share = |scores: &[f64]| scores.iter().filter(|s| **s > threshold).count() as f64 / scores.len() as f64;
    Some((share(with), share(&without)))
}

/// When an attacker guesses, by the score: *in* above the first, *out* below the second.
#[derive(Clone, Copy)]
struct Rule {
    above: f64,
    below: f64,
}

const NEVER: f64 = f64::INFINITY;
/// What is chosen among; the first before anything is known.
const RULES: [Rule; 6] = [
    Rule { above: 1.0, below: -1.0 },
    Rule { above: 0.0, below: 0.0 },
    Rule { above: 0.5, below: -0.5 },
    Rule { above: 1.0, below: -NEVER },
    Rule { above: 1.5, below: -NEVER },
    Rule { above: NEVER, below: -1.0 },
];

/// The guesses of some targets, and how many were right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Guesses {
    n: usize,
    n_right: usize,
}

impl Guesses {
    fn of(rule: Rule, all: &[Told<'_>], runs: std::ops::Range<usize>) -> Guesses {
        let mut guesses = Guesses::default();
        for told in all {
            for run in runs.clone() {
                let score = told.scores[run];
                let guess = if score > rule.above {
                    true
                } else if score < rule.below {
                    false
                } else {
                    continue;
                };
                guesses.n += 1;
                guesses.n_right += usize::from(guess == told.is_in[run]);
            }
        }
        guesses
    }

    /// The lower bound on ε, wrong with probability `tail` at most, if there were `times` as many guesses and as good ones; below 0
    /// where they are wrong more often than right.
    fn bound(self, tail: f64, times: f64) -> f64 {
        if self.n == 0 {
            return 0.0;
        }
        let low = clopper_pearson(self.n_right as f64 / self.n as f64, times * self.n as f64, tail).low;
        (low / (1.0 - low)).max(1e-9).ln()
    }
}

/// The lower bound on ε from the guesses on `all` targets together, as one of `n_tests` that hold at once with 95 %. At least 0.
pub(super) fn epsilon(all: &[Told<'_>], n_tests: usize) -> f64 {
    let n_runs = all.first().map_or(0, |told| told.scores.len());
    let mut made = Guesses::default();
    for block in blocks(n_runs) {
        // What all runs would show, if they were like the earlier ones.
        let times = n_runs as f64 / block.start.max(1) as f64;
        let worth = |rule: &Rule| Guesses::of(*rule, all, 0..block.start).bound(0.05, times);
        let best = RULES.iter().copied().reduce(|best, rule| if worth(&rule) > worth(&best) { rule } else { best });
        let guesses = Guesses::of(best.expect("there are rules"), all, block);
        made = Guesses { n: made.n + guesses.n, n_right: made.n_right + guesses.n_right };
    }
    made.bound(0.05 / n_tests as f64, 1.0).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told<'a>(scores: &'a [f64], is_in: &'a [bool]) -> Told<'a> {
        Told { scores, is_in }
    }

    #[test]
    fn a_score_that_knows_has_an_area_of_one_and_the_bound_of_so_many_runs() {
        let is_in: Vec<bool> = (0..64).map(|run| run * 7 % 13 > 5).collect();
        let scores: Vec<f64> = is_in.iter().map(|&is_in| if is_in { 1.2 } else { -1.2 }).collect();
        let all = [told(&scores, &is_in)];
        assert_eq!(area(all[0]).unwrap().auc, 1.0);
        // 64 of 64: the bound on the share is .05^(1/64).
        let low = 0.05_f64.powf(1.0 / 64.0);
        assert!((epsilon(&all, 1) - (low / (1.0 - low)).ln()).abs() < 1e-9);
        let (found, alarms) = found_at(0.1, &all, 1).unwrap();
        // All others have one score: only a higher one is above it.
        assert_eq!((found.value, alarms), (1.0, 0.0));
    }

    #[test]
    fn one_score_for_all_says_nothing() {
        let is_in: Vec<bool> = (0..32).map(|run| run % 2 == 0).collect();
        let all = [told(&[0.0; 32], &is_in)];
        assert_eq!((area(all[0]).unwrap().auc, epsilon(&all, 1)), (0.5, 0.0));
        assert!(area(told(&[], &[])).is_none() && found_at(0.1, &[], 1).is_none());
    }

    #[test]
    fn areas_of_one_run_err_together() {
        let is_in: Vec<bool> = (0..48).map(|run| run * 5 % 11 > 4).collect();
        let scores: Vec<f64> = (0..48).map(|run| f64::from(run * 29 % 31)).collect();
        let one = || area(told(&scores, &is_in)).unwrap();
        let same = Area::mean(&[one(), one()]).unwrap();
        assert_eq!((same.auc, same.variance()), (one().auc, one().variance()));
    }

    #[test]
    fn silence_is_chosen_where_it_pays() {
        // Half of the coins that are in show, and none of the others: who keeps silent is always right.
        let is_in: Vec<bool> = (0..96).map(|run| run % 2 == 0).collect();
        let scores: Vec<f64> = (0..96).map(|run| if run % 4 == 0 { 1.7 } else { -0.6 }).collect();
        let bound = epsilon(&[told(&scores, &is_in)], 1);
        let low = 0.05_f64.powf(1.0 / 24.0);
        assert!((bound - (low / (1.0 - low)).ln()).abs() < 1e-9, "{bound}");
    }
}
