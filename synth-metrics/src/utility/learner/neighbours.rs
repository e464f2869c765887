//! The mean of the 15 nearest rows (Fix and Hodges 1951), found by smartcore's search.
//!
//! Distances are those of mixed columns (HEOM; Wilson and Martinez, doi:10.1613/jair.346): squares of standardised numbers,
//! and [`MISMATCH`] for two different levels, a missing value being one. Which of equally near rows count is up to their order.

use rayon::prelude::*;
use smartcore::algorithm::neighbour::linear_search::LinearKNNSearch;
use smartcore::metrics::distance::Distance;

use super::encoding::standardised;
use super::{Learner, Task};
use crate::features::Column;

/// Remembers all rows.
pub(in crate::utility) struct Neighbours;

/// The neighbours that are asked.
const K: usize = 15;
/// The most rows fitted on: every one of them is compared with every row tried.
const MAX_ROWS: usize = 5_000;
/// What two different levels add to the square of the distance: as much as two standardised numbers do in the mean.
const MISMATCH: f32 = 2.0;

impl Learner for Neighbours {
    fn name(&self) -> &'static str {
        "nearest neighbours"
    }

    /// 5,000, with more than fifty columns in proportion fewer, but at least 500.
    fn most_rows(&self, n_columns: usize) -> usize {
        (50 * MAX_ROWS / n_columns.max(1)).clamp(500, MAX_ROWS)
    }

    fn scores(&self, task: &Task) -> Result<Vec<Vec<f64>>, String> {
        let mut rows = task.fitted.to_vec();
        rows.extend(task.tried);
        let (mut numbers, mut levels) = (Vec::new(), Vec::new());
        for column in task.columns {
            match column {
                Column::Numbers(x) => {
                    let Some(filled) = standardised(x, task.fitted, &rows) else { continue };
                    numbers.push(filled.values);
                    levels.extend(filled.was_missing);
                }
                Column::Levels { codes, .. } => levels.push(rows.iter().map(|&row| f64::from(codes[row])).collect()),
            }
        }
        let place = |row: usize| numbers.iter().chain(&levels).map(|column| column[row] as f32).collect::<Vec<f32>>();
        let (n_fitted, n_tried) = (task.fitted.len(), task.tried.len());
        let fitted: Vec<Vec<f32>> = (0..n_fitted).map(place).collect();
        let search = LinearKNNSearch::new(fitted, Mixed { n_numbers: numbers.len() })
            .map_err(|error| format!("the neighbours: {error}"))?;
        let means = |row: usize| -> Result<Vec<f64>, String> {
            let found = search
                .find(&place(n_fitted + row), K.min(n_fitted))
                .map_err(|error| format!("no neighbours were found: {error}"))?;
            let mean = |y: &Vec<f64>| found.iter().map(|(row, ..)| y[*row]).sum::<f64>() / found.len() as f64;
            Ok(task.targets.iter().map(mean).collect())
        };
        let of_rows: Vec<Vec<f64>> = (0..n_tried).into_par_iter().map(means).collect::<Result<_, _>>()?;
        Ok((0..task.targets.len()).map(|target| of_rows.iter().map(|means| means[target]).collect()).collect())
    }
}

/// The squared distance of rows that begin with so many numbers; the rest are codes of levels.
#[derive(Clone)]
struct Mixed {
    n_numbers: usize,
}

impl Distance<Vec<f32>> for Mixed {
    fn distance(&self, a: &Vec<f32>, b: &Vec<f32>) -> f64 {
        let ((a_numbers, a_codes), (b_numbers, b_codes)) = (a.split_at(self.n_numbers), b.split_at(self.n_numbers));
        let squares: f32 = a_numbers.iter().zip(b_numbers).map(|(a, b)| (a - b) * (a - b)).sum();
        let mismatches: f32 = a_codes.iter().zip(b_codes).map(|(a, b)| if a == b { 0.0 } else { MISMATCH }).sum();
        f64::from(squares + mismatches)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::utility::learner::Target;

    #[test]
    fn numbers_and_levels_are_both_near_or_far() {
        let distance = |a: [f32; 3], b: [f32; 3]| Mixed { n_numbers: 2 }.distance(&a.to_vec(), &b.to_vec());
        assert_eq!(distance([0.0, 0.0, 1.0], [3.0, 4.0, 1.0]), 25.0);
        assert_eq!(distance([0.0, 0.0, 1.0], [0.0, 1.0, 9.0]), 3.0);
    }

    /// What the search finds are the nearest, and the first of those equally near: compared with sorting all.
    #[test]
    fn the_means_are_those_of_the_nearest() {
        let x: Vec<f64> = (0..130).map(|i| f64::from(i * 37 % 23)).collect();
        let y: Vec<f64> = (0..100).map(|i| f64::from(i * 7 % 13)).collect();
        let columns = [Column::Numbers(x.clone())];
        let (fitted, tried): (Vec<usize>, Vec<usize>) = ((0..100).collect(), (100..130).collect());
        let targets = [y.clone()];
        let task = Task {
            columns: &columns,
            fitted: &fitted,
            tried: &tried,
            targets: &targets,
            target: Target::Number,
            seed: 0,
        };
        let scores = Neighbours.scores(&task).unwrap().remove(0);
        for (i, score) in scores.iter().enumerate() {
            let mut nearest = fitted.clone();
            nearest.sort_by(|&a, &b| (x[a] - x[100 + i]).abs().total_cmp(&(x[b] - x[100 + i]).abs()));
            let distance = |row: usize| (x[row] - x[100 + i]).abs();
            // Rows at the distance of the last one are interchangeable: the mean is between the extremes of the choice.
            let edge = distance(nearest[K - 1]);
            let sure: Vec<f64> = fitted.iter().filter(|&&row| distance(row) < edge).map(|&row| y[row]).collect();
            let mut on_edge: Vec<f64> =
                fitted.iter().filter(|&&row| distance(row) == edge).map(|&row| y[row]).collect();
            on_edge.sort_by(f64::total_cmp);
            let n_edge = K - sure.len();
            let least = (sure.iter().sum::<f64>() + on_edge[..n_edge].iter().sum::<f64>()) / K as f64;
            let most = (sure.iter().sum::<f64>() + on_edge[on_edge.len() - n_edge..].iter().sum::<f64>()) / K as f64;
            assert!(least - 1e-9 <= *score && *score <= most + 1e-9, "{i}: {least} {score} {most}");
        }
    }
}
