//! Which rows a fit learns from and which are held out, for one fit and for cross-fits.

use rand::seq::SliceRandom;

use super::config::Training;
use crate::learn::random::{Purpose, stream};

/// The folds of cross-fits that tune a small table.
const N_FOLDS: usize = 4;

/// The rows of a table, cut in two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Split {
    /// Learnt from.
    pub(crate) fit: Vec<usize>,
    /// Held out.
    pub(crate) held_out: Vec<usize>,
}

impl Split {
    /// With each part in ascending order.
    pub(crate) fn sorted(mut self) -> Self {
        self.fit.sort_unstable();
        self.held_out.sort_unstable();
        self
    }
}

/// The rows that one fit holds out to verify itself, [`Training::validation_share`] of them; each part in ascending order.
pub(crate) fn validation_split(n_rows: usize, training: &Training, seed: u64) -> Split {
    let n_held_out = match training.validation_share {
        0.0 => 0,
        share => ((n_rows as f64 * share) as usize).clamp(8, 2000).min(n_rows / 2),
    };
    let mut held_out: Vec<usize> = (0..n_rows).collect();
    held_out.shuffle(&mut stream(seed, Purpose::Validation, 0));
    let fit = held_out.split_off(n_held_out);
    Split { fit, held_out }.sorted()
}

/// [`N_FOLDS`] cross-fits, in which every row is held out once; each part in the order of a shuffle.
pub(crate) fn cross_fits(n_rows: usize, seed: u64) -> Vec<Split> {
    let mut rows: Vec<usize> = (0..n_rows).collect();
    rows.shuffle(&mut stream(seed, Purpose::Folds, 0));
    let of_fold = |fold: usize| {
        let (held_out, fit): (Vec<_>, Vec<_>) = rows.iter().enumerate().partition(|(i, _)| i % N_FOLDS == fold);
        let rows_of = |part: Vec<(usize, &usize)>| part.into_iter().map(|(_, &row)| row).collect();
        Split { fit: rows_of(fit), held_out: rows_of(held_out) }
    };
    (0..N_FOLDS).map(of_fold).collect()
}
