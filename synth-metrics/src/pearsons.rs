//! Pearson's correlation of every pair of number columns, in both tables: taken once, where several measures need it.

use rayon::prelude::*;
use synth_core::Kind;
use synth_core::schema::Storage;

use crate::comparison::Comparison;
use crate::fidelity::bivariate::Numbers;

/// The correlations of the columns that hold numbers or dates, coded levels and constants among them.
pub(crate) struct Pearsons {
    /// The place of each column of the table in the triangle.
    places: Vec<Option<usize>>,
    /// For each pair of places the correlation in train and in the synthetic table.
    triangle: Vec<Vec<[Option<f64>; 2]>>,
}

impl Pearsons {
    pub(crate) fn new(comparison: &Comparison) -> Self {
        let fields = &comparison.train().schema().fields;
        let columns = comparison.columns(|kind| !matches!(kind, Kind::Identifier | Kind::Text));
        let holds_numbers = |c: &usize| {
            let storage = fields[*c].storage;
            storage.is_number() || storage == Storage::Timestamp || fields[*c].kind.is_scale()
        };
        let columns: Vec<usize> = columns.into_iter().filter(holds_numbers).collect();
        let mut places = vec![None; fields.len()];
        columns.iter().enumerate().for_each(|(place, &column)| places[column] = Some(place));
        let p = columns.len();
        // One table after the other, so that a long one is not held beside the other.
        let [real, synthetic] = [comparison.train(), comparison.synthetic()].map(|table| {
            let numbers: Vec<Numbers> = columns.par_iter().map(|&c| Numbers::new(table.numbers(c))).collect();
            let row = |i: usize| (i + 1..p).map(|j| numbers[i].correlation(&numbers[j])).collect();
            (0..p).into_par_iter().map(row).collect::<Vec<Vec<Option<f64>>>>()
        });
        let pairs = |(a, b): (Vec<Option<f64>>, Vec<Option<f64>>)| a.into_iter().zip(b).map(|(a, b)| [a, b]).collect();
        Self { places, triangle: real.into_iter().zip(synthetic).map(pairs).collect() }
    }

    /// The correlation of two columns in train and in the synthetic table, where there is one.
    ///
    /// # Panics
    /// If a column holds neither numbers nor dates, or the columns are not in ascending order.
    pub(crate) fn of(&self, column: usize, later: usize) -> [Option<f64>; 2] {
        let [i, j] = [column, later].map(|c| self.places[c].expect("a column of numbers or dates"));
        self.triangle[i][j - i - 1]
    }
}
