//! Synthetic tables that disclose training rows: what measures and policies are tried on.
//!
//! The fresh rows of a perfect generator, some of them replaced by training rows, as they are or with one number moved by one in its last
//! digit, so that no copy is exact. A measure or a policy that does not see these sees little. Left out on purpose: noise on every
//! cell, columns swapped, the training table diluted, which any attack sees.

use rand::seq::{SliceRandom, index};
use rand::{Rng, RngCore};
use synth_core::Table;
use synth_core::table::column_from_numbers;

use crate::neighbours::{embed, nearest};

/// What a generator discloses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leak {
    /// Its name, in words.
    pub name: &'static str,
    /// The share of the synthetic rows that are training rows, between 0 and 1.
    pub share: f64,
    /// Which training rows.
    pub of: Disclosed,
    /// What was done to them.
    pub how: How,
}

/// Which training rows are disclosed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disclosed {
    /// Any, at random.
    Any,
    /// Those farthest from their five nearest neighbours.
    MostIsolated,
}

/// What is done to a training row that is disclosed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Nothing.
    Copied,
    /// One of its numbers is moved by one in its last digit.
    Moved,
}

/// The leaks that a policy for tables that are handed on has to see.
pub const LEAKS: [Leak; 6] = {
    const fn leak(name: &'static str, share: f64, of: Disclosed, how: How) -> Leak {
        Leak { name, share, of, how }
    }
    [
        leak("4.7 % copied", 0.047, Disclosed::Any, How::Copied),
        leak("8 % moved by a digit", 0.08, Disclosed::Any, How::Moved),
        leak("10 % moved by a digit", 0.10, Disclosed::Any, How::Moved),
        leak("15 % moved by a digit", 0.15, Disclosed::Any, How::Moved),
        leak("the 5 % most isolated copied", 0.05, Disclosed::MostIsolated, How::Copied),
        leak("the 5 % most isolated moved by a digit", 0.05, Disclosed::MostIsolated, How::Moved),
    ]
};

impl Leak {
    /// The rows of `fresh`, the first of them replaced by rows of `train`; as many as `fresh` has.
    ///
    /// # Panics
    /// If the tables differ in their columns, or `train` has fewer rows than are disclosed.
    pub fn table(&self, train: &Table, fresh: &Table, rng: &mut (impl RngCore + ?Sized)) -> Table {
        let n_disclosed = (self.share * fresh.n_rows() as f64).round() as usize;
        let rows = match self.of {
            Disclosed::Any => index::sample(rng, train.n_rows(), n_disclosed).into_vec(),
            Disclosed::MostIsolated => most_isolated(train, n_disclosed),
        };
        let disclosed = match self.how {
            How::Copied => train.take(&rows),
            How::Moved => moved(&train.take(&rows), rng),
        };
        let rest: Vec<usize> = (n_disclosed..fresh.n_rows()).collect();
        Table::concat(&[disclosed, fresh.take(&rest)]).expect("the tables have the same columns")
    }
}

fn most_isolated(table: &Table, amount: usize) -> Vec<usize> {
    let points = embed(&[table], &[table]).swap_remove(0);
    let found = nearest(&points, &points, 6.min(table.n_rows())); // the first is the row itself
    let far: Vec<f64> = (0..table.n_rows()).map(|row| found.distances(row).iter().sum()).collect();
    let mut rows: Vec<usize> = (0..table.n_rows()).collect();
    rows.sort_by(|&a, &b| far[b].total_cmp(&far[a]));
    rows.truncate(amount);
    rows
}

/// The table with one number of each row moved, where it has any.
fn moved(table: &Table, rng: &mut (impl RngCore + ?Sized)) -> Table {
    let is_number = |c: &usize| {
        let field = table.column(*c).0;
        field.kind.is_scale() && field.storage.is_number()
    };
    let columns: Vec<usize> = (0..table.n_columns()).filter(is_number).collect();
    let mut numbers: Vec<Option<Vec<f64>>> = vec![None; table.n_columns()];
    columns.iter().for_each(|&c| numbers[c] = Some(table.numbers(c)));
    for row in 0..table.n_rows() {
        let is_there = |&&c: &&usize| numbers[c].as_ref().is_some_and(|x| !x[row].is_nan());
        let present: Vec<usize> = columns.iter().filter(is_there).copied().collect();
        let Some(&c) = present.choose(rng) else { continue };
        let (field, x) = (table.column(c).0, &mut numbers[c].as_mut().expect("one of them")[row]);
        let step = 10f64.powi(-i32::from(field.number.map_or(0, |format| format.decimals)));
        *x = ((*x + if rng.r#gen::<bool>() { step } else { -step }) / step).round() * step;
    }
    let columns = numbers.into_iter().enumerate().map(|(c, numbers)| {
        let (field, array) = table.column(c);
        numbers.map_or_else(|| array.clone(), |numbers| column_from_numbers(field, &numbers))
    });
    Table::new(table.schema().clone(), columns.collect()).expect("the columns are those of the table")
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::anchor::clinic;
    use crate::privacy::duplicates::copied_share;

    #[test]
    fn as_many_rows_are_disclosed_as_is_said() {
        let (train, fresh) = (clinic(200, 1), clinic(200, 2));
        for leak in LEAKS {
            let table = leak.table(&train, &fresh, &mut ChaCha8Rng::seed_from_u64(3));
            assert_eq!(table.n_rows(), 200);
            let expected = if leak.how == How::Copied { (leak.share * 200.0).round() / 200.0 } else { 0.0 };
            assert_eq!(copied_share(&table, &train), Some(expected), "{}", leak.name);
        }
    }
}
