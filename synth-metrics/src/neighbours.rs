//! Distances between rows of mixed columns, and nearest neighbours by brute force.
//!
//! The distance of two rows is a sum over the learnt columns, each adding between 0 and 1 (Gower 1971, unweighted):
//!
//! - levels: 0 if equal, 1 if not; a missing value is a level;
//! - numbers: |x − y| / s, at most 1, where s spans the middle 90 % of the real values (5 % to 95 % quantile; the full
//!   range where that is 0). Gower's own divisor is the range, which one outlier can blow up until the column no longer
//!   counts; the cap keeps the outlier itself at a distance of 1;
//! - missing beside missing 0, missing beside a number 1.
//!
//! So 0 is a copy and the number of learnt columns is the largest possible distance. Numbers that differ in the last
//! digit are near, not equal: exact copies are counted in [`duplicates`](crate::duplicates).
//!
//! Left out on purpose: weights, and search trees, which gain little in more than a few dimensions.

use rayon::prelude::*;
use synth_core::{Kind, Table};

use crate::columns::{joint_levels, present};
use crate::comparison::columns_of;

/// Where a missing number is put: farther from every number than the cap, and 0 from itself.
const MISSING: f64 = 1e12;
/// Numbers are kept clear of [`MISSING`].
const FARTHEST: f64 = 1e9;
/// Query rows a task, and reference rows whose distances are held at a time: both fit the first cache.
const QUERY_BLOCK: usize = 32;
const REFERENCE_BLOCK: usize = 512;

/// Rows as points in the space of distances. Comparable only with points of the same [`embed`] call.
#[derive(Debug, Clone, PartialEq)]
pub struct Points {
    n_rows: usize,
    n_columns: usize,
    /// Column after column.
    values: Vec<f64>,
}

impl Points {
    /// The number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The number of learnt columns, which is also the largest possible distance.
    pub fn n_columns(&self) -> usize {
        self.n_columns
    }

    fn column(&self, column_idx: usize) -> &[f64] {
        &self.values[column_idx * self.n_rows..][..self.n_rows]
    }

    /// The distance of one row of `self` to one of `other`.
    ///
    /// # Panics
    /// If a row is out of bounds.
    pub fn distance(&self, row: usize, other: &Points, other_row: usize) -> f64 {
        (0..self.n_columns).map(|c| apart(self.column(c)[row], other.column(c)[other_row])).sum()
    }
}

/// Puts the rows of `tables` in one space of distances; one [`Points`] a table.
///
/// The spans of the numbers come from all rows of `scale_from` together, which must be real rows. The tables have the
/// same columns; which are learnt is told by the first table of `scale_from`. A column without a span there (constant
/// or empty) tells equal from different only.
///
/// # Panics
/// If `scale_from` is empty.
pub fn embed(scale_from: &[&Table], tables: &[&Table]) -> Vec<Points> {
    let fields = &scale_from[0].schema().fields;
    let columns = columns_of(scale_from[0], Kind::is_learnt);
    let embedded: Vec<Vec<Vec<f64>>> = columns
        .par_iter()
        .map(|&c| {
            if fields[c].kind.is_levels() {
                let codes = joint_levels(tables, c).codes;
                return codes.into_iter().map(|codes| codes.into_iter().map(f64::from).collect()).collect();
            }
            let real: Vec<f64> = scale_from.iter().flat_map(|t| present(t, c)).collect();
            let (origin, span) = origin_and_span(real);
            // A span of 0: any difference at all must count 1, the smallest there is as well.
            let place = |x: f64| match x {
                x if x.is_nan() => MISSING,
                x if span > 0.0 => ((x - origin) / span).clamp(-FARTHEST, FARTHEST),
                x if x == origin => 0.0,
                x => ((x - origin) * 1e6).clamp(-FARTHEST, FARTHEST) + (x - origin).signum(),
            };
            tables.iter().map(|t| t.numbers(c).into_iter().map(place).collect()).collect()
        })
        .collect();
    let of_table = |t: usize| Points {
        n_rows: tables[t].n_rows(),
        n_columns: columns.len(),
        values: embedded.iter().flat_map(|column| column[t].iter().copied()).collect(),
    };
    (0..tables.len()).map(of_table).collect()
}

/// The nearest rows of a reference table to each row of a query table.
#[derive(Debug, Clone, PartialEq)]
pub struct Nearest {
    k: usize,
    distances: Vec<f64>,
    rows: Vec<usize>,
}

impl Nearest {
    /// How many neighbours each row has: as many as asked for, or as there are reference rows.
    pub fn k(&self) -> usize {
        self.k
    }

    /// The distances from a query row to its neighbours, ascending.
    ///
    /// # Panics
    /// If the row is out of bounds.
    pub fn distances(&self, query_row: usize) -> &[f64] {
        &self.distances[query_row * self.k..][..self.k]
    }

    /// The reference rows that are a query row's neighbours, nearest first; of equally near ones the first.
    ///
    /// # Panics
    /// If the row is out of bounds.
    pub fn rows(&self, query_row: usize) -> &[usize] {
        &self.rows[query_row * self.k..][..self.k]
    }
}

/// The `k` nearest rows of `reference` to each row of `query`, by brute force on all threads.
///
/// With fewer than `k` reference rows there are as many neighbours as rows. The result does not depend on the number
/// of threads. Takes time in proportion to query rows × reference rows × columns.
///
/// # Panics
/// If the points come from [`embed`] calls with different columns.
pub fn nearest(query: &Points, reference: &Points, k: usize) -> Nearest {
    assert_eq!(query.n_columns, reference.n_columns, "points of one embedding");
    let k = k.min(reference.n_rows);
    let blocks: Vec<Vec<(f64, usize)>> = (0..query.n_rows.div_ceil(QUERY_BLOCK))
        .into_par_iter()
        .map(|block| {
            let rows = block * QUERY_BLOCK..((block + 1) * QUERY_BLOCK).min(query.n_rows);
            nearest_of_block(query, rows, reference, k)
        })
        .collect();
    let (distances, rows) = blocks.into_iter().flatten().unzip();
    Nearest { k, distances, rows }
}

fn nearest_of_block(query: &Points, rows: std::ops::Range<usize>, reference: &Points, k: usize) -> Vec<(f64, usize)> {
    let mut found: Vec<Vec<(f64, usize)>> = rows.clone().map(|_| Vec::with_capacity(k + 1)).collect();
    let mut sums = [0.0; REFERENCE_BLOCK];
    for start in (0..reference.n_rows).step_by(REFERENCE_BLOCK) {
        let end = (start + REFERENCE_BLOCK).min(reference.n_rows);
        for (row, found) in rows.clone().zip(&mut found) {
            let sums = &mut sums[..end - start];
            sums.fill(0.0);
            for c in 0..query.n_columns {
                let x = query.column(c)[row];
                for (sum, &y) in sums.iter_mut().zip(&reference.column(c)[start..end]) {
                    *sum += apart(x, y);
                }
            }
            for (&distance, reference_row) in sums.iter().zip(start..) {
                if k > 0 && (found.len() < k || distance < found[k - 1].0) {
                    let at = found.partition_point(|&(d, _)| d <= distance);
                    found.insert(at, (distance, reference_row));
                    found.truncate(k);
                }
            }
        }
    }
    found.into_iter().flatten().collect()
}

/// One column's part of a distance: the same formula for numbers, levels (codes are whole) and missing values.
fn apart(x: f64, y: f64) -> f64 {
    let gap = (x - y).abs();
    // Not `f64::min`, whose care for NaN keeps the compiler from using vector instructions.
    if gap < 1.0 { gap } else { 1.0 }
}

/// The median, and the span of the middle 90 %; of all, if that is 0.
fn origin_and_span(mut values: Vec<f64>) -> (f64, f64) {
    if values.is_empty() {
        return (0.0, 0.0);
    }
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len() - 1;
    let quantile = |p: f64| values[(p * last as f64).round() as usize];
    let middle = quantile(0.95) - quantile(0.05);
    (quantile(0.5), if middle > 0.0 { middle } else { values[last] - values[0] })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use synth_core::schema::{SCHEMA_VERSION, Source, Storage};
    use synth_core::table::column_from_numbers;
    use synth_core::{Field, Schema};

    fn table(numbers: &[f64], levels: &[f64]) -> Table {
        let fields = vec![
            Field::new("x", Kind::Continuous, Storage::Float),
            Field::new("level", Kind::Ordinal, Storage::Integer),
        ];
        let columns = vec![column_from_numbers(&fields[0], numbers), column_from_numbers(&fields[1], levels)];
        Table::new(Arc::new(Schema { version: SCHEMA_VERSION, source: Source::default(), fields }), columns).unwrap()
    }

    #[test]
    fn each_column_adds_between_zero_and_one() {
        let nan = f64::NAN;
        let real = table(&[0.0, 10.0, nan], &[1.0, 2.0, nan]);
        let other = table(&[0.0, 5.0, -900.0, nan], &[1.0, 7.0, 1.0, nan]);
        let [real, other] = embed(&[&real], &[&real, &other]).try_into().unwrap();
        let check = |row: usize, other_row: usize, expected: f64| {
            assert!((real.distance(row, &other, other_row) - expected).abs() < 1e-12, "{row} {other_row}");
        };
        check(0, 0, 0.0);
        check(0, 1, 1.5); // half the span, another level
        check(0, 2, 1.0); // an outlier counts no more than a mismatch
        check(0, 3, 2.0); // missing beside present, twice
        check(2, 3, 0.0); // missing beside missing
    }

    #[test]
    fn a_column_without_a_span_tells_equal_from_different() {
        let (real, other) = (table(&[3.0, 3.0], &[0.0, 0.0]), table(&[3.0, 3.0 + 1e-9, 4.0], &[0.0; 3]));
        let [real, other] = embed(&[&real], &[&real, &other]).try_into().unwrap();
        assert_eq!([0, 1, 2].map(|row| real.distance(0, &other, row)), [0.0, 1.0, 1.0]);
    }

    #[test]
    fn blocks_find_what_a_full_sort_finds() {
        let x: Vec<f64> = (0..1300).map(|i| f64::from(i * 389 % 1301)).collect();
        let levels: Vec<f64> = (0..1300).map(|i| f64::from(i % 4)).collect();
        let real = table(&x, &levels);
        let [points] = embed(&[&real], &[&real]).try_into().unwrap();
        let found = nearest(&points, &points, 5);
        for row in [0, 31, 32, 700, 1299] {
            let mut all: Vec<(f64, usize)> =
                (0..1300).map(|other| (points.distance(row, &points, other), other)).collect();
            all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            assert_eq!(found.rows(row), all[..5].iter().map(|n| n.1).collect::<Vec<_>>());
            assert_eq!(found.distances(row), all[..5].iter().map(|n| n.0).collect::<Vec<_>>());
        }
    }

    #[test]
    fn fewer_rows_than_asked_for_are_all_neighbours() {
        let real = table(&[1.0, 2.0], &[0.0, 0.0]);
        let [points] = embed(&[&real], &[&real]).try_into().unwrap();
        assert_eq!(nearest(&points, &points, 5).k(), 2);
        assert_eq!(nearest(&points, &points, 0).distances(1), &[] as &[f64]);
    }
}
