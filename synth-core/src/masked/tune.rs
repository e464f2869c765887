//! Size and length of training for a small table, by cross-fitted likelihood.
//!
//! Under [`TUNED_BELOW`] rows a network overfits within a hundred steps, and rows kept back are too few to say when: 12 of
//! 243. So every candidate is trained on all folds but one, for each fold, and the rows of that fold say what it is worth:
//! each row is unseen once. The best candidate is then trained on all rows, as long as it was.

use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::model::{Prepared, train_on};
use crate::error::Result;
use crate::random::{Purpose, stream};
use crate::table::Table;
use crate::train::{Stop, TrainConfig};

/// From this many rows on, rows that are kept back say when to stop.
pub const TUNED_BELOW: usize = 1000;
const N_FOLDS: usize = 4;

/// The settings with the network's width and the number of steps chosen for `table`, for a training that keeps no rows
/// back; the rest is as in `config`. Their [`TrainConfig::cross_fitted`] tells what the choice is worth.
///
/// # Errors
/// As [`MaskedDiffusion::fit`](super::MaskedDiffusion::fit).
pub fn tune(table: &Table, config: &TrainConfig) -> Result<TrainConfig> {
    config.check()?;
    let prepared = Prepared::new(table, config)?;
    let mut rows: Vec<usize> = (0..table.n_rows()).collect();
    rows.shuffle(&mut stream(config.seed, Purpose::Folds, 0));
    let folds: Vec<Vec<usize>> = (0..N_FOLDS)
        .map(|fold| {
            let mut own: Vec<usize> = rows.iter().copied().skip(fold).step_by(N_FOLDS).collect();
            own.sort_unstable();
            own
        })
        .collect();
    let candidates = candidates(config);
    let runs: Vec<(usize, usize)> = (0..candidates.len()).flat_map(|c| (0..N_FOLDS).map(move |f| (c, f))).collect();
    let losses: Vec<Result<[f64; 2]>> = runs
        .par_iter()
        .map(|&(candidate, fold)| {
            let mut others: Vec<usize> =
                folds.iter().enumerate().filter(|(f, _)| *f != fold).flat_map(|(_, rows)| rows.clone()).collect();
            others.sort_unstable();
            let kept = &folds[fold];
            let trained = train_on(&prepared, [&others, kept], &candidates[candidate], Stop::Never, None, &mut |_| {
                std::ops::ControlFlow::Continue(())
            });
            match trained {
                Ok(trained) => {
                    Ok([trained.report.held_out, trained.report.nothing].map(|nats| nats * kept.len() as f64))
                }
                // Worse than nothing is a result too: never the best.
                Err(crate::Error::Training(crate::train::TrainingFailure::NothingLearnt { held_out, nothing })) => {
                    Ok([held_out, nothing].map(|nats| nats * kept.len() as f64))
                }
                Err(error) => Err(error),
            }
        })
        .collect();
    let losses: Vec<[f64; 2]> = losses.into_iter().collect::<Result<_>>()?;
    let mean = |candidate: usize, part: usize| {
        let own = &losses[candidate * N_FOLDS..(candidate + 1) * N_FOLDS];
        own.iter().map(|loss| loss[part]).sum::<f64>() / table.n_rows() as f64
    };
    let best = (0..candidates.len()).min_by(|&a, &b| mean(a, 0).total_cmp(&mean(b, 0))).expect("there are candidates");
    let cross_fitted = Some([mean(best, 0), mean(best, 1)]);
    Ok(TrainConfig { validation_share: 0.0, cross_fitted, ..candidates[best].clone() })
}

/// Narrow and wider, short and longer.
fn candidates(config: &TrainConfig) -> Vec<TrainConfig> {
    let sizes = [(64, 1e-3), (128, 5e-4)];
    let lengths = [60, 120, 240];
    let of = |(width, lr): (usize, f64), n_steps: u64| TrainConfig {
        hidden: vec![width; config.hidden.len()],
        lr,
        min_steps: n_steps,
        max_steps: n_steps,
        ..config.clone()
    };
    sizes.into_iter().flat_map(|size| lengths.map(|n_steps| of(size, n_steps))).collect()
}
