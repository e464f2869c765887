//! The rows of both tables on one plane, as densities.
//!
//! Rows are encoded as numbers (standardised, a column for each level but the commonest), scaled by the real rows, and projected on
//! the two directions in which the real rows spread most: principal component analysis (Pearson 1901) of the training rows
//! alone. The plane is halved again and again, the longer side first, as long as both halves hold `k` real rows, at most
//! [`MAX_CUTS`] times: so every cell stands for `k` real rows, and where rows are dense cells are small. Cells at the border
//! also hold what lies beyond it, and the border is inside the outermost `k` rows on each side.
//!
//! Left out on purpose: points. Also the names of what an axis is made of: it is made of everything.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use synth_core::Table;

use super::both::Both;
use crate::comparison::Comparison;
use crate::features::{columns, dense, is_feature};

/// The most rows of each table that are looked at, at equal distances; of wide tables fewer, down to a tenth of it.
pub const MAX_ROWS: usize = 20_000;
/// About the most cells of each table that are looked at.
const MAX_CELLS: usize = 2_000_000;
/// How often the plane is halved at most: 256 cells.
pub const MAX_CUTS: usize = 8;
/// The rounds in which the directions are found. They stop moving long before, or two directions spread alike, and either
/// serves.
const ROUNDS: usize = 100;
/// The share of real rows beyond the border on each side.
const BEYOND: f64 = 0.01;

/// Both tables on one plane.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Projection {
    /// The share of the real rows' variance along each axis, in [0, 1].
    pub explained: [f64; 2],
    /// The cells, which fill the square [0, 1] × [0, 1].
    pub cells: Vec<Cell>,
}

/// A rectangle of the plane.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Cell {
    /// From where to where along the first axis.
    pub x: [f64; 2],
    /// And along the second.
    pub y: [f64; 2],
    /// The shares of the training and of the synthetic rows that lie in it.
    pub shares: Both<f64>,
}

impl Cell {
    /// Its part of the square.
    pub fn area(&self) -> f64 {
        (self.x[1] - self.x[0]) * (self.y[1] - self.y[0])
    }
}

/// `None` if the real rows spread in fewer than two directions, or are fewer than `2 k`.
pub(super) fn projection(comparison: &Comparison, k: usize) -> Option<Projection> {
    let most = (MAX_CELLS / comparison.train().n_columns().max(1)).clamp(MAX_ROWS / 10, MAX_ROWS);
    let tables = [comparison.train(), comparison.synthetic()].map(|table| evenly(table, most));
    let n_real = tables[0].n_rows();
    if n_real < 2 * k {
        return None;
    }
    let fields = &tables[0].schema().fields;
    let wanted: Vec<usize> = (0..fields.len()).filter(|&c| is_feature(fields[c].kind)).collect();
    let encoded = columns(&tables.each_ref(), &wanted);
    let x = scaled(dense(&encoded, n_real + tables[1].n_rows(), n_real), n_real);
    let (axes, explained) = directions(x.slice_axis(Axis(0), (0..n_real).into()))?;
    let plane = x.dot(&axes); // (N, 2)
    let squares = [0, 1].map(|axis| unit_interval(plane.column(axis).to_vec(), n_real, k));
    let points: Vec<[f64; 2]> = squares[0].iter().zip(&squares[1]).map(|(&x, &y)| [x, y]).collect();
    let (real, synthetic) = points.split_at(n_real);
    let mut cells = Vec::new();
    let all = Cell { x: [0.0, 1.0], y: [0.0, 1.0], shares: [0.0; 2].into() };
    cut(all, [real.to_vec(), synthetic.to_vec()], MAX_CUTS, k, &mut |cell, counts| {
        let shares = [counts[0] as f64 / real.len() as f64, counts[1] as f64 / synthetic.len() as f64];
        cells.push(Cell { shares: shares.into(), ..cell });
    });
    Some(Projection { explained, cells })
}

/// The table, or so many rows of it at equal distances.
fn evenly(table: &Table, most: usize) -> Table {
    let n = table.n_rows();
    match n <= most {
        true => table.clone(),
        false => table.take(&(0..most).map(|i| i * n / most).collect::<Vec<_>>()),
    }
}

/// Every column with mean 0 and standard deviation 1 over the first `n_real` rows; those that do not vary there are zero.
fn scaled(mut x: Array2<f64>, n_real: usize) -> Array2<f64> {
    for mut column in x.axis_iter_mut(Axis(1)) {
        let (mean, sd) = crate::features::mean_and_sd(&column.iter().take(n_real).copied().collect::<Vec<_>>());
        column.mapv_inplace(|x| if sd > 1e-9 { (x - mean) / sd } else { 0.0 });
    }
    x
}

/// The two directions of largest variance, as columns, and the shares of it; `None` if there are no two.
///
/// By rounds of multiplication and orthogonalisation from a fixed start: two directions of some hundred need no
/// decomposition of the whole, and every step is the same on each run.
fn directions(x: ArrayView2<'_, f64>) -> Option<(Array2<f64>, [f64; 2])> {
    let p = x.ncols();
    if p < 2 {
        return None;
    }
    let n = x.nrows() as f64;
    let covariance = x.t().dot(&x) / n; // (p, p)
    let total: f64 = covariance.diag().sum();
    // No two columns start alike, and no sum of them is zero by design.
    let mut axes = Array2::from_shape_fn((p, 2), |(i, j)| ((i * (j + 1)) as f64 * 0.7 + 1.0 + j as f64).sin());
    let mut variances = [0.0; 2];
    for _ in 0..ROUNDS {
        axes = covariance.dot(&axes);
        let first = normed(axes.column(0).to_owned())?;
        let second = axes.column(1).to_owned();
        let second = &second - &(&first * first.dot(&second));
        let second = normed(second)?;
        variances = [&first, &second].map(|axis| axis.dot(&covariance.dot(axis)));
        axes.column_mut(0).assign(&first);
        axes.column_mut(1).assign(&second);
    }
    if variances[1] < 1e-9 * total {
        return None;
    }
    Some((axes, variances.map(|variance| (variance / total).clamp(0.0, 1.0))))
}

/// The vector with length 1, and its largest entry positive; `None` if it has no length.
fn normed(v: Array1<f64>) -> Option<Array1<f64>> {
    let length = v.dot(&v).sqrt();
    let largest = v.iter().copied().fold(0.0, |most: f64, x| if x.abs() > most.abs() { x } else { most });
    (length > 1e-12 && length.is_finite()).then(|| v * (largest.signum() / length))
}

/// The coordinates moved to [0, 1], which the real rows fill but for the outermost ones; what lies beyond is put at the end.
fn unit_interval(values: Vec<f64>, n_real: usize, k: usize) -> Vec<f64> {
    let mut real = values[..n_real].to_vec();
    real.sort_unstable_by(f64::total_cmp);
    let beyond = ((n_real as f64 * BEYOND) as usize).max(k - 1).min((n_real - 1) / 2);
    let (low, high) = (real[beyond], real[n_real - 1 - beyond]);
    let width = if high > low { high - low } else { 1.0 };
    values.into_iter().map(|x| ((x - low) / width).clamp(0.0, 1.0)).collect()
}

/// Halves a cell as long as both halves hold `k` real points: the longer side, or else the other.
fn cut(
    cell: Cell,
    [real, synthetic]: [Vec<[f64; 2]>; 2],
    n_cuts: usize,
    k: usize,
    told: &mut impl FnMut(Cell, [usize; 2]),
) {
    let sides = [cell.x, cell.y];
    let longer = usize::from(sides[1][1] - sides[1][0] > sides[0][1] - sides[0][0]);
    for axis in [longer, 1 - longer] {
        let middle = (sides[axis][0] + sides[axis][1]) / 2.0;
        let is_low = |point: &[f64; 2]| point[axis] < middle;
        let n_low = real.iter().filter(|point| is_low(point)).count();
        if n_cuts == 0 || n_low < k || real.len() - n_low < k {
            continue;
        }
        let [real, synthetic] = [real, synthetic].map(|points| points.into_iter().partition::<Vec<_>, _>(is_low));
        for (half, points) in [[real.0, synthetic.0], [real.1, synthetic.1]].into_iter().enumerate() {
            let mut sides = sides;
            sides[axis][1 - half] = middle;
            cut(Cell { x: sides[0], y: sides[1], ..cell }, points, n_cuts - 1, k, told);
        }
        return;
    }
    told(cell, [real.len(), synthetic.len()]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_direction_is_that_of_the_spread() {
        // Along (1, 1) ten times as far as across.
        let rows: Vec<[f64; 2]> = (-50..=50)
            .flat_map(|i| [[f64::from(i) + 3.0, f64::from(i) - 3.0], [f64::from(i) - 3.0, f64::from(i) + 3.0]])
            .collect();
        let x = Array2::from_shape_fn((rows.len(), 2), |(i, j)| rows[i][j]);
        let (axes, explained) = directions(x.view()).unwrap();
        let half = 0.5f64.sqrt();
        assert!((axes[[0, 0]] - half).abs() < 1e-9 && (axes[[1, 0]] - half).abs() < 1e-9, "{axes}");
        assert!(explained[0] > 0.98 && (explained[0] + explained[1] - 1.0).abs() < 1e-9);
        assert!(directions(Array2::zeros((9, 3)).view()).is_none());
    }

    #[test]
    fn cells_fill_the_square_and_hold_k_real_points_each() {
        let points: Vec<[f64; 2]> =
            (0..400).map(|i| [f64::from(i * 37 % 400) / 400.0, (f64::from(i) / 400.0).powi(3)]).collect();
        let (mut area, mut n) = (0.0, [0, 0]);
        let all = Cell { x: [0.0, 1.0], y: [0.0, 1.0], shares: [0.0; 2].into() };
        cut(all, [points.clone(), points[..100].to_vec()], MAX_CUTS, 11, &mut |cell, counts| {
            assert!(counts[0] >= 11, "{cell:?} holds {counts:?}");
            area += cell.area();
            n = [n[0] + counts[0], n[1] + counts[1]];
        });
        assert_eq!((area, n), (1.0, [400, 100]));
    }
}
