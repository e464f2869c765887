//! The attackers: each scores every run for every target, the higher the more likely that she was in.
//!
//! A score is a weighted sum of what is [seen](super::observe), each number standardised over all runs. The weights begin as a
//! guess that is fixed beforehand (everything is turned so that more means *in*, and counts alike) and are learnt **forwards**:
//! the runs are cut into blocks of [`BLOCK`] in their order, and a block is scored by what the blocks before it taught. First a
//! logistic regression on all exposed targets together, shrunk to the guess; then, for each target, one on her own runs, shrunk
//! to that.
//!
//! **Why forwards and not by cross-fitting.** Each target's coin of a run is tossed after all that its score depends on is
//! settled. If the generator ignores her, the score and the coin are independent whatever was learnt, the blocks' results are
//! uncorrelated, and their variances add up: intervals and bounds are right without correction. Folds that teach each other are
//! correlated, and twice as variable as their formula says (see [`membership`](crate::privacy::membership)).

use ndarray::{Array1, Array2};

use super::observe::{N_INSIDE, N_SHARED, Observation, Seen};
use super::targets::Exposure;

/// Runs that are scored by one set of weights.
pub(super) const BLOCK: usize = 16;
/// A last block of fewer runs joins the one before it.
const LEAST_BLOCK: usize = 8;
/// The weight of each number before anything is learnt, in log odds per standard deviation.
const GUESS: f64 = 0.3;
/// How far the common weights may move from the guess, and a target's own from the common ones: standard deviations of a prior.
const COMMON_REACH: f64 = 0.7;
const OWN_REACH: f64 = 0.5;
const MAX_STEPS: usize = 25;

/// What an attacker knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Knows {
    /// The target and the population.
    Outside,
    /// All other rows as well.
    Others,
}

impl Knows {
    /// What is looked at, and of which sort each number is: those of a sort weigh alike until a target's own are learnt.
    fn of(self, seen: &Seen) -> Vec<(usize, f64)> {
        let (inside, ends): (&[f64], &[f64]) = match self {
            Knows::Outside => (&[], &seen.ends),
            Knows::Others => (&seen.inside, &seen.ranks),
        };
        let single = seen.shared.iter().chain(inside).copied().enumerate();
        single.chain(ends.iter().map(|&end| (N_SHARED + N_INSIDE, end))).collect()
    }
}

/// The sorts of numbers.
const N_SORTS: usize = N_SHARED + N_INSIDE + 1;

/// What an attacker makes of the runs.
pub(super) struct Scores {
    /// Of each target, for each run: in units of its standard deviation over the runs, 0 where nothing speaks for or against her.
    pub(super) of_target: Vec<Vec<f64>>,
}

/// The blocks of so many runs.
pub(super) fn blocks(n_runs: usize) -> Vec<std::ops::Range<usize>> {
    let mut blocks: Vec<_> = (0..n_runs).step_by(BLOCK).map(|start| start..(start + BLOCK).min(n_runs)).collect();
    if blocks.len() > 1 && blocks.last().is_some_and(|last| last.len() < LEAST_BLOCK) {
        let last = blocks.pop().expect("there are two");
        blocks.last_mut().expect("there was another").end = last.end;
    }
    blocks
}

/// Scores all runs. The weights are learnt of the exposed; the typical ones are scored by them too.
pub(super) fn attack(runs: &[Observation], exposures: &[Exposure], knows: Knows) -> Scores {
    let targets: Vec<Standardised> = (0..exposures.len())
        .map(|j| Standardised::of(runs.iter().map(|run| knows.of(&run.seen[j])).collect()))
        .collect();
    let is_in = |j: usize, run: usize| runs[run].is_in[j];
    let mut of_target = vec![Vec::with_capacity(runs.len()); exposures.len()];
    for block in blocks(runs.len()) {
        let past = 0..block.start;
        let exposed = (0..exposures.len()).filter(|&j| exposures[j] != Exposure::Typical);
        let pairs: Vec<(usize, usize)> = exposed.flat_map(|j| past.clone().map(move |run| (j, run))).collect();
        let rows: Vec<Vec<f64>> = pairs.iter().map(|&(j, run)| targets[j].by_sort(run)).collect();
        let labels: Vec<bool> = pairs.iter().map(|&(j, run)| is_in(j, run)).collect();
        let common = most_likely(&rows, &labels, &[GUESS; N_SORTS], COMMON_REACH);
        for (j, target) in targets.iter().enumerate() {
            let rows: Vec<Vec<f64>> = past.clone().map(|run| target.of_run[run].clone()).collect();
            let labels: Vec<bool> = past.clone().map(|run| is_in(j, run)).collect();
            let own = most_likely(&rows, &labels, &target.weights(&common), OWN_REACH);
            let score = |run: usize| -> f64 { target.of_run[run].iter().zip(&own).map(|(z, w)| z * w).sum() };
            // Standardised over all runs, which looks at no coin, so that scores of different blocks can be compared.
            let all: Vec<f64> = (0..runs.len()).map(score).collect();
            let sd = (all.iter().map(|s| s * s).sum::<f64>() / all.len() as f64).sqrt();
            of_target[j].extend(block.clone().map(|run| if sd > 1e-12 { all[run] / sd } else { 0.0 }));
        }
    }
    Scores { of_target }
}

/// A target's numbers, each with mean 0 and standard deviation 1 over the runs.
struct Standardised {
    sorts: Vec<usize>,
    of_run: Vec<Vec<f64>>,
    /// How many of a sort vary.
    counts: [f64; N_SORTS],
}

impl Standardised {
    fn of(runs: Vec<Vec<(usize, f64)>>) -> Self {
        let sorts: Vec<usize> = runs.first().map_or(Vec::new(), |run| run.iter().map(|(sort, _)| *sort).collect());
        let mut of_run = vec![vec![0.0; sorts.len()]; runs.len()];
        let mut counts = [0.0; N_SORTS];
        for (i, &sort) in sorts.iter().enumerate() {
            let values: Vec<f64> = runs.iter().map(|run| run[i].1).collect();
            let there: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
            let n = there.len().max(1) as f64;
            let mean = there.iter().sum::<f64>() / n;
            let sd = (there.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
            if sd > 1e-9 * (1.0 + mean.abs()) {
                counts[sort] += 1.0;
                for (row, x) in of_run.iter_mut().zip(&values).filter(|(_, x)| x.is_finite()) {
                    row[i] = (x - mean) / sd;
                }
            }
        }
        Self { sorts, of_run, counts }
    }

    /// One number a sort: the sum over those of it, in units of one.
    fn by_sort(&self, run: usize) -> Vec<f64> {
        let mut sums = vec![0.0; N_SORTS];
        self.sorts
            .iter()
            .zip(&self.of_run[run])
            .for_each(|(&sort, z)| sums[sort] += z / self.counts[sort].max(1.0).sqrt());
        sums
    }

    /// The weights of the numbers, of those of their sorts.
    fn weights(&self, common: &[f64]) -> Vec<f64> {
        self.sorts.iter().map(|&sort| common[sort] / self.counts[sort].max(1.0).sqrt()).collect()
    }
}

/// The most likely weights of a logistic regression without intercept, given that each is normal around its `prior` with the
/// standard deviation `reach`: Newton's method, halved where it overshoots.
fn most_likely(rows: &[Vec<f64>], labels: &[bool], prior: &[f64], reach: f64) -> Vec<f64> {
    let (n, p) = (rows.len(), prior.len());
    if n == 0 || p == 0 {
        return prior.to_vec();
    }
    let x = Array2::from_shape_fn((n, p), |(i, k)| rows[i][k]); // (N, p)
    let y = Array1::from_iter(labels.iter().map(|&label| f64::from(u8::from(label)))); // (N)
    let prior = Array1::from(prior.to_vec());
    let precision = reach.powi(-2);
    let cost = |w: &Array1<f64>| {
        let fit: f64 = x.dot(w).iter().zip(&y).map(|(s, y)| s.max(0.0) + (-s.abs()).exp().ln_1p() - y * s).sum();
        let off = w - &prior;
        fit + 0.5 * precision * off.dot(&off)
    };
    let mut w = prior.clone();
    let mut least = cost(&w);
    for _ in 0..MAX_STEPS {
        let probability = x.dot(&w).mapv(|s| 1.0 / (1.0 + (-s).exp()));
        let gradient = x.t().dot(&(&probability - &y)) + (&w - &prior) * precision;
        let curved = &x * &(&probability * &(1.0 - &probability)).insert_axis(ndarray::Axis(1));
        let mut hessian = x.t().dot(&curved);
        hessian.diag_mut().iter_mut().for_each(|h| *h += precision);
        let step = solve(hessian, gradient);
        let mut size = 1.0;
        let next = loop {
            let next = &w - &(&step * size);
            if cost(&next) <= least || size < 1e-4 {
                break next;
            }
            size /= 2.0;
        };
        let now = cost(&next);
        let is_done = least - now < 1e-9 * (1.0 + least);
        if now <= least {
            (w, least) = (next, now);
        }
        if is_done {
            break;
        }
    }
    w.to_vec()
}

/// The solution of a positive definite system, by Cholesky's factors.
fn solve(mut a: Array2<f64>, mut b: Array1<f64>) -> Array1<f64> {
    let p = b.len();
    for j in 0..p {
        for k in 0..j {
            for i in j..p {
                a[[i, j]] -= a[[i, k]] * a[[j, k]];
            }
        }
        let root = a[[j, j]].max(f64::MIN_POSITIVE).sqrt();
        for i in j..p {
            a[[i, j]] /= root;
        }
    }
    for i in 0..p {
        for k in 0..i {
            b[i] -= a[[i, k]] * b[k];
        }
        b[i] /= a[[i, i]];
    }
    for i in (0..p).rev() {
        for k in i + 1..p {
            b[i] -= a[[k, i]] * b[k];
        }
        b[i] /= a[[i, i]];
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_solved() {
        let a = ndarray::array![[4.0, 2.0, 0.4], [2.0, 5.0, 1.0], [0.4, 1.0, 3.0]];
        let x = ndarray::array![1.0, -2.0, 0.5];
        let solved = solve(a.clone(), a.dot(&x));
        assert!((&solved - &x).iter().all(|e| e.abs() < 1e-12), "{solved}");
    }

    #[test]
    fn weights_are_those_at_which_the_gradient_vanishes() {
        let rows: Vec<Vec<f64>> = (0..40).map(|i| vec![f64::from(i % 7) - 3.0, f64::from(i % 5) - 2.0]).collect();
        let labels: Vec<bool> = (0..40).map(|i| i * 3 % 7 > 2).collect();
        let w = most_likely(&rows, &labels, &[0.3, 0.3], 0.7);
        for k in 0..2 {
            let fit: f64 = rows
                .iter()
                .zip(&labels)
                .map(|(x, &y)| {
                    let s = x[0] * w[0] + x[1] * w[1];
                    x[k] * (1.0 / (1.0 + (-s).exp()) - f64::from(u8::from(y)))
                })
                .sum();
            assert!((fit + (w[k] - 0.3) / 0.49).abs() < 1e-6, "{k}: {fit}");
        }
        assert_eq!(most_likely(&[], &[], &[0.3], 0.7), [0.3]);
    }

    #[test]
    fn a_short_last_block_joins_the_one_before() {
        assert_eq!(blocks(64), [0..16, 16..32, 32..48, 48..64]);
        assert_eq!(blocks(39), [0..16, 16..39]);
        assert_eq!(blocks(40), [0..16, 16..32, 32..40]);
        assert_eq!(blocks(5).as_slice(), std::slice::from_ref(&(0..5)));
    }
}
