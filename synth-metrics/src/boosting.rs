//! Boosted regression trees: what stands for "anything that can be learnt" in detection and utility.
//!
//! A thin layer over the crate forust-ml (Friedman 2001 with second-order leaf weights), which handles missing values
//! itself. On the same folds of six tables by two generators each, its AUC of telling real from synthetic rows is within
//! .012 of that of scikit-learn's `HistGradientBoostingClassifier` (1.9.1, no early stopping), in the mean .003 above it,
//! in a quarter of the time; only on one of 615 rows it is .03 off, within the noise there. Fitting is on one thread and
//! draws nothing, so the trees are the same for any number of threads: callers run several fits side by side.

use forust_ml::data::Matrix;
use forust_ml::gradientbooster::GradientBooster;
use forust_ml::objective::ObjectiveType;

use crate::features::mean_and_sd;

/// What is fitted, and how much may be fitted to it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Task {
    /// Ones against zeros; scores are log-odds.
    Classes,
    /// Numbers; scores are in their unit.
    Numbers,
    /// Numbers that are mostly noise: fewer and shallower trees.
    Noise,
}

/// Fitted trees, or a constant where there is nothing to fit.
pub(crate) struct Boosted {
    trees: Option<GradientBooster>,
    /// The positions of the columns that vary in the rows fitted on.
    used: Vec<usize>,
    origin: f64,
    scale: f64,
}

impl Boosted {
    /// Fits trees to `y`, one value for each of `rows` of `columns`.
    ///
    /// # Errors
    /// In words, if the trees refuse to be fitted.
    pub(crate) fn fit(columns: &[Vec<f64>], rows: &[usize], y: &[f64], task: Task) -> Result<Self, String> {
        let used: Vec<usize> =
            (0..columns.len()).filter(|&c| varies(rows.iter().map(|&row| columns[c][row]))).collect();
        if !varies(y.iter().copied()) || used.is_empty() {
            return Ok(Self { trees: None, used, origin: constant(y, task), scale: 1.0 });
        }
        let (origin, scale) = match task {
            Task::Classes => (0.0, 1.0),
            // Gradients are held in single precision: numbers are fitted in units of their own spread.
            Task::Numbers | Task::Noise => mean_and_sd(y),
        };
        if !(scale > 0.0 && scale.is_finite()) {
            return Err("the numbers to be learnt are too far apart".to_owned());
        }
        let y: Vec<f64> = y.iter().map(|y| (y - origin) / scale).collect();
        let values: Vec<f64> = used.iter().flat_map(|&c| rows.iter().map(move |&row| columns[c][row])).collect();
        let mut trees = booster(task);
        trees
            .fit_unweighted(&Matrix::new(&values, rows.len(), used.len()), &y, None)
            .map_err(|error| format!("the trees could not be fitted: {error}"))?;
        Ok(Self { trees: Some(trees), used, origin, scale })
    }

    /// The score of each of `rows`.
    pub(crate) fn scores(&self, columns: &[Vec<f64>], rows: &[usize]) -> Vec<f64> {
        let Some(trees) = &self.trees else { return vec![self.origin; rows.len()] };
        let values: Vec<f64> = self.used.iter().flat_map(|&c| rows.iter().map(move |&row| columns[c][row])).collect();
        let scores = trees.predict(&Matrix::new(&values, rows.len(), self.used.len()), false);
        scores.into_iter().map(|score| self.origin + self.scale * score).collect()
    }
}

/// Chosen on adult, california_housing, credit_default, online_shoppers, pima_diabetes and support2: 100 trees of depth 6
/// at rate .15 reach what scikit-learn's of 31 leaves at rate .1 do; at rate .1 they are up to .03 short in AUC.
fn booster(task: Task) -> GradientBooster {
    let (n_trees, depth, rate) = match task {
        Task::Classes | Task::Numbers => (100, 6, 0.15),
        Task::Noise => (50, 3, 0.1),
    };
    let (objective, least_weight) = match task {
        // A row weighs p(1 − p), a quarter at most: 20 rows.
        Task::Classes => (ObjectiveType::LogLoss, 5.0),
        Task::Numbers | Task::Noise => (ObjectiveType::SquaredLoss, 20.0),
    };
    let mut booster = GradientBooster::default()
        .set_objective_type(objective)
        .set_iterations(n_trees)
        .set_max_depth(depth)
        .set_learning_rate(rate)
        .set_nbins(255)
        .set_parallel(false);
    booster.l2 = 1.0;
    booster.min_leaf_weight = least_weight;
    booster.initialize_base_score = true;
    booster
}

/// What is said where nothing can be learnt: the log-odds, with half a row added to each side, or the mean.
fn constant(y: &[f64], task: Task) -> f64 {
    let (n, sum) = (y.len() as f64, y.iter().sum::<f64>());
    match task {
        Task::Classes => ((sum + 0.5) / (n - sum + 0.5)).ln(),
        Task::Numbers | Task::Noise => sum / n.max(1.0),
    }
}

/// At least two different values, missing being one.
fn varies(mut values: impl Iterator<Item = f64>) -> bool {
    let Some(first) = values.next() else { return false };
    values.any(|x| x != first && !(x.is_nan() && first.is_nan()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 400 rows of a missing-or-not column, a number and a constant.
    fn columns() -> Vec<Vec<f64>> {
        vec![
            (0..400).map(|i| if i % 4 == 0 { f64::NAN } else { 1.0 }).collect(),
            (0..400).map(|i| f64::from(i * 37 % 101)).collect(),
            vec![7.0; 400],
        ]
    }

    #[test]
    fn what_is_missing_can_be_learnt_from() {
        let (columns, rows) = (columns(), (0..400).collect::<Vec<_>>());
        let y: Vec<f64> = rows.iter().map(|i| f64::from(i % 4 == 0)).collect();
        let model = Boosted::fit(&columns, &rows, &y, Task::Classes).unwrap();
        let scores = model.scores(&columns, &rows);
        assert!(scores.iter().zip(&y).all(|(score, y)| (*score > 0.0) == (*y == 1.0)));
    }

    #[test]
    fn numbers_come_back_in_their_unit() {
        let (columns, rows) = (columns(), (0..400).collect::<Vec<_>>());
        let y: Vec<f64> = columns[1].iter().map(|x| 1e9 + 1e6 * x).collect();
        let model = Boosted::fit(&columns, &rows, &y, Task::Numbers).unwrap();
        assert!(model.scores(&columns, &rows).iter().zip(&y).all(|(a, b)| (a - b).abs() < 5e6));
    }

    #[test]
    fn with_nothing_to_learn_the_score_is_a_constant() {
        let (columns, rows) = (columns(), (0..400).collect::<Vec<_>>());
        let scores = |columns: &[Vec<f64>], y: f64, task| {
            Boosted::fit(columns, &rows, &vec![y; 400], task).unwrap().scores(columns, &[3])[0]
        };
        assert!(scores(&columns, 0.0, Task::Classes) < -6.0);
        assert_eq!(scores(&columns, 2.5, Task::Numbers), 2.5);
        assert_eq!(scores(&columns[2..], 2.5, Task::Noise), 2.5);
    }
}
