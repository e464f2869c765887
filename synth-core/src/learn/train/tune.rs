//! Parameters chosen by cross-fits.

use rayon::prelude::*;

use super::folds::Split;
use super::report::HeldOut;
use crate::error::Result;

/// Tables with fewer rows than this are tuned by cross-fits; from so many on, held-out rows say when to stop.
pub const TUNED_BELOW: usize = 1000;

/// Parameters chosen for a table, and what they are worth on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuned<E> {
    /// The engine.
    pub engine: E,
    /// What the cross-fits cost, in nats a row.
    pub held_out: HeldOut,
}

/// The candidate that costs least on rows that it did not learn from; among equals the first. `cost` fits a candidate on one
/// fold and gives the sums over that fold's held-out rows.
///
/// # Errors
/// The first of `cost`, in the order of candidates and folds.
///
/// # Panics
/// If there are no candidates.
pub(crate) fn best_of<E: Send + Sync>(
    candidates: Vec<E>,
    folds: &[Split],
    cost: impl Fn(&E, &Split) -> Result<HeldOut> + Sync,
) -> Result<Tuned<E>> {
    let runs: Vec<(usize, &Split)> =
        (0..candidates.len()).flat_map(|candidate| folds.iter().map(move |fold| (candidate, fold))).collect();
    let costs: Vec<Result<HeldOut>> = runs.par_iter().map(|&(i, fold)| cost(&candidates[i], fold)).collect();
    let costs: Vec<HeldOut> = costs.into_iter().collect::<Result<_>>()?;
    let n_rows: usize = folds.iter().map(|fold| fold.held_out.len()).sum();
    let mean = |of_candidate: &[HeldOut]| HeldOut {
        loss: of_candidate.iter().map(|cost| cost.loss).sum::<f64>() / n_rows as f64,
        baseline: of_candidate.iter().map(|cost| cost.baseline).sum::<f64>() / n_rows as f64,
    };
    let tuned = candidates.into_iter().zip(costs.chunks(folds.len()));
    let tuned = tuned.map(|(engine, own)| Tuned { engine, held_out: mean(own) });
    Ok(tuned.min_by(|a, b| a.held_out.loss.total_cmp(&b.held_out.loss)).expect("there are candidates"))
}
