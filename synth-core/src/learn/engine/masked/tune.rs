//! Size and length of training for a small table, by cross-fitted likelihood.
//!
//! Under [`TUNED_BELOW`](crate::train::TUNED_BELOW) rows a network overfits within a hundred steps, and held-out rows are too
//! few to say when: 12 of 243. So every candidate is trained on all folds but one, for each fold, and the rows of that fold say
//! what it is worth: each row is unseen once. The best candidate is then trained on all rows, as long as it was.

use super::model::{Prepared, train_on};
use super::params::Masked;
use crate::error::Result;
use crate::learn::generator::Engine;
use crate::learn::train::{FitContext, HeldOut, Split, Stop, Training, TrainingFailure, Tuned, best_of, cross_fits};
use crate::table::{Table, Units};

/// See [`Masked::tuned`].
pub(super) fn tune(params: &Masked, table: &Table, seed: u64) -> Result<Tuned<Masked>> {
    params.check()?;
    let prepared = Prepared::new(table, params)?;
    let folds: Vec<Split> = cross_fits(&Units::of(table), seed)?.into_iter().map(Split::sorted).collect();
    best_of(candidates(params), &folds, |candidate, fold| {
        let mean = match train_on(&prepared, fold, candidate, Stop::Never, &mut FitContext::new(seed)) {
            Ok(trained) => trained.report.held_out,
            // Worse than nothing is a result too: never the best.
            Err(crate::Error::Training(TrainingFailure::NothingLearnt { loss, baseline })) => {
                HeldOut { loss, baseline }
            }
            Err(error) => return Err(error),
        };
        Ok(mean.times(fold.held_out.len()))
    })
}

/// Narrow and wider, short and longer.
fn candidates(params: &Masked) -> Vec<Masked> {
    let sizes = [(64, 1e-3), (128, 5e-4)];
    let lengths = [60, 120, 240];
    let of = |(width, lr): (usize, f64), n_steps: u64| {
        let training = Training {
            hidden: vec![width; params.training.hidden.len()],
            lr,
            min_steps: n_steps,
            max_steps: n_steps,
            validation_share: 0.0,
            ..params.training.clone()
        };
        Masked { training, ..params.clone() }
    };
    sizes.into_iter().flat_map(|size| lengths.map(|n_steps| of(size, n_steps))).collect()
}
