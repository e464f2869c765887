//! A random forest (Breiman 2001), by smartcore.
//!
//! Its classifier votes and tells no chances; its regressor on zeros and ones does, as means of leaves, so that both
//! targets are regressions here. Levels are their places among all levels, as for other trees.

use rayon::prelude::*;
use smartcore::ensemble::random_forest_regressor::{RandomForestRegressor, RandomForestRegressorParameters};
use smartcore::linalg::basic::matrix::DenseMatrix;

use super::encoding::standardised;
use super::{Learner, Target, Task};
use crate::features::Column;

/// 100 trees with leaves of 5 rows or more.
pub(in crate::utility) struct Forest;

const N_TREES: usize = 100;
const MIN_LEAF: usize = 5;
/// The most rows fitted on: see the time in [`learning`](crate::utility::learning).
const MAX_ROWS: usize = 5_000;

impl Learner for Forest {
    fn name(&self) -> &'static str {
        "forest"
    }

    /// 5,000, with more than a hundred columns in proportion fewer, but at least 1,000.
    fn most_rows(&self, n_columns: usize) -> usize {
        (100 * MAX_ROWS / n_columns.max(1)).clamp(1_000, MAX_ROWS)
    }

    fn scores(&self, task: &Task) -> Result<Vec<Vec<f64>>, String> {
        let mut rows = task.fitted.to_vec();
        rows.extend(task.tried);
        let encoded: Vec<Vec<f64>> =
            task.columns.iter().flat_map(|column| filled(column, task.fitted, &rows)).collect();
        let n_columns = encoded.len();
        if n_columns == 0 {
            return Ok(vec![vec![0.0; task.tried.len()]; task.targets.len()]);
        }
        let matrix = |from: usize, n_rows: usize| {
            let values = encoded.iter().flat_map(|column| &column[from..from + n_rows]).copied().collect();
            DenseMatrix::new(n_rows, n_columns, values, true).map_err(|error| format!("the forest: {error}"))
        };
        let (n_fitted, n_tried) = (task.fitted.len(), task.tried.len());
        let (fitted, tried) = (matrix(0, n_fitted)?, matrix(n_fitted, n_tried)?);
        // As many columns are tried at each cut as is customary for either.
        let n_cut = match task.target {
            Target::Level => n_columns.isqrt(),
            Target::Number => n_columns / 3,
        };
        let fit = |y: &Vec<f64>| {
            let parameters = RandomForestRegressorParameters::default()
                .with_n_trees(N_TREES)
                .with_min_samples_leaf(MIN_LEAF)
                .with_m(n_cut.max(1))
                .with_seed(task.seed);
            RandomForestRegressor::fit(&fitted, y, parameters)
                .and_then(|forest| forest.predict(&tried))
                .map_err(|error| format!("the forest could not be fitted: {error}"))
        };
        task.targets.par_iter().map(fit).collect()
    }
}

/// A number with its gaps at the mean and a column that says so; a level's place among all levels.
fn filled(column: &Column, fitted: &[usize], rows: &[usize]) -> Vec<Vec<f64>> {
    match column {
        Column::Numbers(x) => standardised(x, fitted, rows)
            .map(|filled| std::iter::once(filled.values).chain(filled.was_missing).collect())
            .unwrap_or_default(),
        Column::Levels { codes, .. } => {
            let varies = fitted.iter().any(|&row| codes[row] != codes[fitted[0]]);
            varies.then(|| rows.iter().map(|&row| f64::from(codes[row])).collect()).into_iter().collect()
        }
    }
}
