//! Missing cells that hardly anybody has are filled, as levels that hardly anybody has are merged.
//!
//! A gap in a column that nobody else lacks tells that its owner is in the table. Where fewer units have one than is drawn
//! from k..=2k, the cell gets the most frequent level, or a value of a row that is drawn from the secret. A column in which
//! many cells are missing keeps them: a gap is then shared, and says what it says of the column.

use rand::Rng;
use rand::seq::SliceRandom;

use super::column::{Change, Column};
use crate::table::Units;

/// Fills the missing cells if few units have them. The values must be protected already.
pub(super) fn fill(column: Column, units: &Units, k: usize, rng: &mut impl Rng) -> Change {
    let shared = rng.gen_range(k..=2 * k);
    let table = column.as_table();
    let missing = table.missing(0);
    let (gaps, present): (Vec<usize>, Vec<usize>) = (0..missing.len()).partition(|&row| missing[row]);
    if gaps.is_empty() || present.is_empty() || units.n_units_among(gaps.iter().copied()) >= shared {
        return Change { column, rows: Vec::new(), levels: None };
    }
    let most = column.field.kind.is_levels().then(|| {
        let codes = table.levels(0).codes;
        let mut counts = vec![0usize; 1 + codes.iter().flatten().max().map_or(0, |&code| code as usize)];
        codes.iter().flatten().for_each(|&code| counts[code as usize] += 1);
        let most = (0..counts.len()).rev().max_by_key(|&code| counts[code]).expect("there is a level");
        codes.iter().position(|code| *code == Some(most as u32)).expect("a level has a row")
    });
    let mut from: Vec<usize> = (0..missing.len()).collect();
    for &row in &gaps {
        from[row] = most.unwrap_or_else(|| *present.choose(rng).expect("there is a value"));
    }
    let array = std::sync::Arc::clone(table.take(&from).column(0).1);
    Change { column: Column { field: column.field, array }.settled(), rows: gaps, levels: None }
}

#[cfg(test)]
mod tests {
    use super::super::{Protection, Secret, apply};
    use crate::schema::Kind;
    use crate::table::Table;

    /// The gaps that are left of `n_gaps` among 200 rows, by secret.
    fn left(n_gaps: usize, seed: u64) -> [usize; 2] {
        let numbers = (0..200).map(|i| if i < n_gaps { f64::NAN } else { f64::from(i as u32 % 40) });
        let words = (0..200).map(|i| (i >= n_gaps).then_some(["a", "b", "b"][i % 3]));
        let input = Table::builder()
            .numbers("x", numbers)
            .kind("x", Kind::Continuous)
            .protect("x", [Protection::CapExtremes { k: 5 }])
            .labels("w", words)
            .kind("w", Kind::Categorical)
            .protect("w", [Protection::MergeRare { k: 5 }])
            .build()
            .unwrap();
        let (output, _) = apply(&input, &Secret::from_seed(seed)).unwrap();
        let gaps = [0, 1].map(|column| output.missing(column).iter().filter(|missing| **missing).count());
        if gaps[1] == 0 {
            assert_eq!(output.labels(1)[0].as_deref(), Some("b"));
        }
        gaps
    }

    #[test]
    fn a_gap_that_few_have_is_filled_and_one_that_many_have_stays() {
        for seed in 0..20 {
            assert_eq!([left(1, seed), left(4, seed)], [[0, 0], [0, 0]]);
            assert_eq!(left(10, seed), [10, 10]);
            assert_eq!(left(60, seed), [60, 60]);
        }
        // Between, one more or less decides in few of the tables.
        let filled = |n: usize| (0..200).filter(|&seed| left(n, seed)[0] == 0).count();
        let counts = [5, 6, 7, 8, 9].map(filled);
        assert!(counts.is_sorted_by(|a, b| a > b) && counts[0] < 190 && counts[4] > 10, "{counts:?}");
    }
}
