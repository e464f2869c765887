//! What so many rows can show: intervals by formula, and by sub-sampling.

pub(crate) mod interval;
pub(crate) mod second;
pub(crate) mod spread;

use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use synth_core::table::Units;

/// `amount` of `n_rows` rows in ascending order, any set of them equally likely.
pub(crate) fn choose(n_rows: usize, amount: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut rows = index::sample(rng, n_rows, amount).into_vec();
    rows.sort_unstable();
    rows
}

/// The rows of a share of the units, in ascending order, any set of units equally likely.
pub(crate) fn choose_units(units: &Units, share: f64, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let n_kept = (share * units.n_units() as f64).round() as usize;
    let chosen = choose(units.n_units(), n_kept, rng);
    if units.are_rows() {
        return chosen;
    }
    let mut is_chosen = vec![false; units.n_units()];
    chosen.into_iter().for_each(|unit| is_chosen[unit] = true);
    (0..units.n_rows()).filter(|&row| is_chosen[units.of_row(row)]).collect()
}

/// How many independent rows tell as much as these, of which those of one unit may all say the same: n² / Σ m², with m rows of a
/// unit (Kish 1965). The number of rows where nobody has two.
pub(crate) fn n_effective(units: &Units) -> f64 {
    let n = units.n_rows() as f64;
    if units.are_rows() {
        return n;
    }
    n * n / units.sizes().into_iter().map(|m| (m * m) as f64).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn units_are_chosen_whole() {
        let owners: Vec<usize> = (0..90).map(|row| row * 7 % 30).collect();
        let units = Units::rows(30).take(&owners);
        let rows = choose_units(&units, 0.5, &mut ChaCha8Rng::seed_from_u64(1));
        assert_eq!((rows.len(), units.take(&rows).n_units()), (45, 15));
        let rng = || ChaCha8Rng::seed_from_u64(2);
        assert_eq!(choose_units(&Units::rows(90), 0.5, &mut rng()), choose(90, 45, &mut rng()));
    }

    #[test]
    fn rows_of_one_unit_say_less() {
        assert_eq!(n_effective(&Units::rows(7)), 7.0);
        assert_eq!(n_effective(&Units::rows(2).take(&[0, 1, 0, 1])), 2.0);
        assert_eq!(n_effective(&Units::rows(2).take(&[0, 1, 0, 0])), 1.6);
    }
}
