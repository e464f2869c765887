//! Which rows a fit learns from and which are held out, for one fit and for cross-fits.

use rand::seq::SliceRandom;

use super::config::Training;
use crate::error::{BadInput, InputRule, Result};
use crate::learn::random::{Purpose, stream};
use crate::table::Units;

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

/// The rows that one fit holds out to verify itself, about [`Training::validation_share`] of them, whole units; each part in
/// ascending order. A unit of so many rows that half of the table would not be left is learnt from.
pub(crate) fn validation_split(units: &Units, training: &Training, seed: u64) -> Split {
    let n_rows = units.n_rows();
    let n_held_out = match training.validation_share {
        0.0 => 0,
        share => ((n_rows as f64 * share) as usize).clamp(8, 2000).min(n_rows / 2),
    };
    let mut order: Vec<usize> = (0..units.n_units()).collect();
    order.shuffle(&mut stream(seed, Purpose::Validation, 0));
    let grouped = units.grouped();
    let mut split = Split { fit: Vec::new(), held_out: Vec::new() };
    for rows in order.into_iter().map(|unit| grouped.rows_of(unit)) {
        let n = split.held_out.len();
        let is_held_out = n < n_held_out && n + rows.len() <= n_rows / 2;
        (if is_held_out { &mut split.held_out } else { &mut split.fit }).extend(rows);
    }
    split.sorted()
}

/// [`N_FOLDS`] cross-fits, in which every unit is held out once; each part in the order of a shuffle.
///
/// # Errors
/// [`InputRule::TooFewRows`] if there is a single unit: it cannot be learnt from and held out.
pub(crate) fn cross_fits(units: &Units, seed: u64) -> Result<Vec<Split>> {
    if units.n_units() < 2 {
        let problem = format!("all rows belong to one unit ({}), of which none can be held out", units.unit());
        let hint = "`unit = \"row\"` in the schema takes each row for one";
        return Err(BadInput::new(InputRule::TooFewRows, problem).hint(hint).into());
    }
    let mut order: Vec<usize> = (0..units.n_units()).collect();
    order.shuffle(&mut stream(seed, Purpose::Folds, 0));
    let (fold_of, grouped) = (units.folds(&order, N_FOLDS), units.grouped());
    let of_fold = |fold: usize| {
        let (held_out, fit): (Vec<usize>, Vec<usize>) = order.iter().partition(|&&unit| fold_of[unit] == fold);
        let rows_of = |units: Vec<usize>| units.iter().flat_map(|&unit| grouped.rows_of(unit)).copied().collect();
        Split { fit: rows_of(fit), held_out: rows_of(held_out) }
    };
    // Where there are fewer units than folds, some hold out none.
    Ok((0..N_FOLDS).map(of_fold).filter(|split| !split.held_out.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 200 rows of 50 units, of one to seven rows.
    fn units() -> Units {
        let owners: Vec<usize> = (0..200).map(|row| (row * row + row / 7) % 50).collect();
        Units::rows(50).take(&owners)
    }

    fn check(units: &Units, splits: &[Split]) {
        for Split { fit, held_out } in splits {
            let mut all = [&fit[..], held_out].concat();
            all.sort_unstable();
            assert_eq!(all, (0..units.n_rows()).collect::<Vec<_>>());
            assert!(
                fit.iter().all(|&a| held_out.iter().all(|&b| units.of_row(a) != units.of_row(b))),
                "a unit is split"
            );
        }
    }

    #[test]
    fn units_are_learnt_from_or_held_out_whole() {
        let units = units();
        assert!(units.max_rows() > 4, "{units}");
        for seed in 0..20 {
            let split = validation_split(&units, &Training::default(), seed);
            assert!((8..30).contains(&split.held_out.len()), "{}", split.held_out.len());
            check(&units, &[split]);
            let folds = cross_fits(&units, seed).unwrap();
            assert_eq!(folds.iter().map(|fold| fold.held_out.len()).sum::<usize>(), 200);
            assert!(folds.iter().all(|fold| (40..60).contains(&fold.held_out.len())));
            check(&units, &folds);
        }
    }

    #[test]
    fn where_nobody_has_two_rows_it_is_the_rows_that_are_shuffled() {
        let mut rows: Vec<usize> = (0..101).collect();
        rows.shuffle(&mut stream(3, Purpose::Validation, 0));
        let mut held_out = rows[..8].to_vec();
        held_out.sort_unstable();
        assert_eq!(validation_split(&Units::rows(101), &Training::default(), 3).held_out, held_out);
        let mut rows: Vec<usize> = (0..101).collect();
        rows.shuffle(&mut stream(3, Purpose::Folds, 0));
        for (fold, split) in cross_fits(&Units::rows(101), 3).unwrap().into_iter().enumerate() {
            let part =
                |own: bool| (0..101).filter(|i| (i % N_FOLDS == fold) == own).map(|i| rows[i]).collect::<Vec<_>>();
            assert_eq!(split, Split { fit: part(false), held_out: part(true) });
        }
    }

    #[test]
    fn a_unit_of_most_rows_is_learnt_from_and_a_single_one_is_refused() {
        let owners: Vec<usize> = (0..100).map(|row| if row < 70 { 0 } else { row - 69 }).collect();
        let units = Units::rows(31).take(&owners);
        for seed in 0..20 {
            let split = validation_split(&units, &Training::default(), seed);
            assert!(split.fit.contains(&0) && split.held_out.len() == 8);
        }
        let error = cross_fits(&Units::rows(1).take(&[0; 60]), 1).unwrap_err().to_string();
        assert!(error.contains("one unit (row)") && error.contains("too-few-rows"), "{error}");
    }
}
