//! Logistic regression for levels, linear regression for numbers, both with a ridge of 1 on standardised columns.
//!
//! The linear one is linfa's least squares on the normal equations (XᵀX + I)w = Xᵀy: their size is that of the columns, not
//! of the rows, and the ridge keeps them well-conditioned however many columns say the same.

use linfa::prelude::*;
use linfa_linear::LinearRegression;
use ndarray::{Array1, Array2};
use rayon::prelude::*;

use super::encoding::dense;
use super::{Learner, Target, Task};
use crate::logistic::Logistic;

/// As that of the logistic regression.
const RIDGE: f64 = 1.0;

/// Weighs and adds up.
pub(in crate::utility) struct Linear;

impl Learner for Linear {
    fn name(&self) -> &'static str {
        "linear model"
    }

    /// All that are given.
    fn most_rows(&self, _: usize) -> usize {
        usize::MAX
    }

    fn scores(&self, task: &Task) -> Result<Vec<Vec<f64>>, String> {
        let [fitted, tried] = dense(task.columns, task.fitted, task.tried);
        if fitted.ncols() == 0 {
            return Ok(vec![vec![0.0; task.tried.len()]; task.targets.len()]);
        }
        match task.target {
            Target::Level => {
                let fit = |y: &Vec<f64>| {
                    let model = Logistic::fit(fitted.clone(), y.iter().map(|y| *y > 0.5).collect())?;
                    Ok(tried.rows().into_iter().map(|row| model.log_odds(row)).collect())
                };
                task.targets.par_iter().map(fit).collect()
            }
            Target::Number => {
                let mut gram = fitted.t().dot(&fitted); // (p, p)
                gram.diag_mut().iter_mut().for_each(|x| *x += RIDGE);
                task.targets.iter().map(|y| least_squares(&gram, &fitted, &tried, y)).collect()
            }
        }
    }
}

fn least_squares(gram: &Array2<f64>, fitted: &Array2<f64>, tried: &Array2<f64>, y: &[f64]) -> Result<Vec<f64>, String> {
    let moments: Array1<f64> = fitted.t().dot(&Array1::from(y.to_vec())); // (p)
    let model = LinearRegression::new()
        .with_intercept(false) // columns and numbers have mean 0
        .fit(&Dataset::new(gram.clone(), moments))
        .map_err(|error| format!("the linear regression could not be fitted: {error}"))?;
    match model.params().iter().all(|w| w.is_finite()) {
        true => Ok(tried.dot(model.params()).to_vec()),
        false => Err("the linear regression could not be fitted: its weights are not finite".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Column;

    /// Two columns that say the same, and a law without noise: the ridge costs a share of 1/n.
    #[test]
    fn a_line_is_found_though_columns_repeat() {
        let x: Vec<f64> = (0..300).map(|i| f64::from(i * 37 % 101)).collect();
        let columns = [Column::Numbers(x.clone()), Column::Numbers(x.iter().map(|x| 2.0 * x).collect())];
        let (fitted, tried): (Vec<usize>, Vec<usize>) = ((0..200).collect(), (200..300).collect());
        let targets = [x[..200].iter().map(|x| (x - 50.0) / 29.0).collect()];
        let task = Task {
            columns: &columns,
            fitted: &fitted,
            tried: &tried,
            targets: &targets,
            target: Target::Number,
            seed: 0,
        };
        let scores = Linear.scores(&task).unwrap().remove(0);
        let worst = scores.iter().zip(&x[200..]).map(|(s, x)| (s - (x - 50.0) / 29.0).abs()).fold(0.0, f64::max);
        assert!(worst < 0.02, "{worst}");
    }
}
