//! Pearson's correlation of every pair of number columns, in both tables: taken once, where several measures need it.

use rayon::prelude::*;
use synth_core::Kind;
use synth_core::schema::Storage;

use crate::comparison::Comparison;

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

/// A column of numbers with what its correlations share.
pub(crate) struct Numbers {
    raw: Vec<f64>,
    /// Centred and of length 1, where no value is missing and the column varies: r is then a dot product.
    unit: Option<Vec<f64>>,
    /// One value throughout, or none: no pair of this column has a correlation.
    is_constant: bool,
}

impl Numbers {
    /// One value a row, NaN where there is none.
    pub(crate) fn raw(&self) -> &[f64] {
        &self.raw
    }

    /// Whether no value is missing and the column varies.
    pub(crate) fn is_whole(&self) -> bool {
        self.unit.is_some()
    }

    /// Whether there is one value throughout, or none.
    pub(crate) fn is_constant(&self) -> bool {
        self.is_constant
    }

    pub(crate) fn new(raw: Vec<f64>) -> Self {
        let mut present = raw.iter().filter(|x| !x.is_nan());
        let is_constant = present.next().is_none_or(|first| present.all(|x| x == first));
        let unit = (!is_constant && raw.iter().all(|x| !x.is_nan())).then(|| {
            let mean = sum(raw.iter().copied()) / raw.len() as f64;
            let norm = sum(raw.iter().map(|x| (x - mean) * (x - mean))).sqrt();
            raw.iter().map(|x| (x - mean) / norm).collect::<Vec<f64>>()
        });
        // A spread too small for the mean's rounding is none.
        let unit = unit.filter(|u| u.iter().all(|x| x.is_finite()));
        Self { raw, unit, is_constant }
    }

    pub(crate) fn correlation(&self, other: &Self) -> Option<f64> {
        if self.is_constant || other.is_constant {
            return None;
        }
        match (&self.unit, &other.unit) {
            (Some(x), Some(y)) => Some(dot(x, y).clamp(-1.0, 1.0)),
            _ => pairwise_pearson(&self.raw, &other.raw),
        }
    }
}

/// The plain form: two passes over the complete rows. Also the test's oracle for the dot product.
pub(crate) fn pairwise_pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    let complete = || x.iter().zip(y).filter(|(x, y)| !x.is_nan() && !y.is_nan());
    // Constancy is told by comparing values: the rounded spread of a constant is not always zero.
    let (&first_x, &first_y) = complete().next()?;
    let (mut n, mut sum_x, mut sum_y, mut varies_x, mut varies_y) = (0u64, 0.0, 0.0, false, false);
    for (&x, &y) in complete() {
        n += 1;
        // Relative to the first row, so that a large offset costs no digits.
        sum_x += x - first_x;
        sum_y += y - first_y;
        varies_x |= x != first_x;
        varies_y |= y != first_y;
    }
    if !varies_x || !varies_y {
        return None;
    }
    let (mean_x, mean_y) = (first_x + sum_x / n as f64, first_y + sum_y / n as f64);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (&x, &y) in complete() {
        let (dx, dy) = (x - mean_x, y - mean_y);
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    let r = xy / (xx.sqrt() * yy.sqrt());
    r.is_finite().then(|| r.clamp(-1.0, 1.0))
}

/// Eight partial sums: the order is fixed, and the compiler may use vector instructions.
fn dot(x: &[f64], y: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut lanes = [0.0; LANES];
    let (xs, ys) = (x.chunks_exact(LANES), y.chunks_exact(LANES));
    let rest: f64 = xs.remainder().iter().zip(ys.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in xs.zip(ys) {
        for lane in 0..LANES {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    lanes.iter().sum::<f64>() + rest
}

fn sum(values: impl Iterator<Item = f64>) -> f64 {
    values.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(got: Option<f64>, expected: Option<f64>) {
        match (got, expected) {
            (Some(got), Some(expected)) => assert!((got - expected).abs() < 1e-12, "{got} is not {expected}"),
            (got, expected) => assert_eq!(got, expected),
        }
    }

    #[test]
    fn the_dot_product_agrees_with_the_plain_form() {
        let x: Vec<f64> = (0..101).map(|i| f64::from(i * 37 % 101)).collect();
        let y: Vec<f64> = (0..101).map(|i| f64::from(i * i % 101) + 1e6).collect();
        let (a, b) = (Numbers::new(x.clone()), Numbers::new(y.clone()));
        check(a.correlation(&b), pairwise_pearson(&x, &y));
    }
}
