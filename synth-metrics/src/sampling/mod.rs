//! What so many rows can show: intervals by formula, and by sub-sampling.

pub(crate) mod interval;
pub(crate) mod spread;

use rand::seq::index;
use rand_chacha::ChaCha8Rng;

/// `amount` of `n_rows` rows in ascending order, any set of them equally likely.
pub(crate) fn choose(n_rows: usize, amount: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut rows = index::sample(rng, n_rows, amount).into_vec();
    rows.sort_unstable();
    rows
}
