//! Learners: what is fitted to some rows to predict one column of others.
//!
//! Four of different kinds, so that a score of use is not one model's taste: [`Trees`] are boosted (forust), [`Linear`] is a
//! logistic or linear regression (linfa), [`Forest`] is bagged (smartcore) and [`Neighbours`] fits nothing at all
//! (smartcore). None is tuned: a synthetic table that needs tuning to be of use is of less use.
//!
//! Whatever a learner needs to know of the columns (means, spreads, levels) it takes from the rows it is fitted on.

mod encoding;
mod forest;
mod linear;
mod neighbours;
mod trees;

use crate::features::{Column, mean_and_sd};

pub(super) use forest::Forest;
pub(super) use linear::Linear;
pub(super) use neighbours::Neighbours;
pub(super) use trees::Trees;

/// One way to learn.
pub(super) trait Learner: Sync {
    /// Its name, as in "the forest could not be fitted".
    fn name(&self) -> &'static str;

    /// The most rows of so many columns that it is fitted on, for up to five targets.
    fn most_rows(&self, n_columns: usize) -> usize;

    /// Fits each of the targets of `task` and scores `task.tried` with it: one vector a target, one score a row tried.
    /// A target never varies so little that there is nothing to learn.
    ///
    /// # Errors
    /// In words, if nothing can be fitted.
    fn scores(&self, task: &Task) -> Result<Vec<Vec<f64>>, String>;
}

/// What is learnt, from which rows, for which rows.
pub(super) struct Task<'a> {
    /// The columns to predict from, all rows of all tables each.
    pub(super) columns: &'a [Column],
    /// The positions of the rows that are fitted on.
    pub(super) fitted: &'a [usize],
    /// The positions of the rows that are predicted.
    pub(super) tried: &'a [usize],
    /// What is predicted, one value for each of `fitted`: 0 and 1, or numbers with mean 0 and standard deviation 1.
    pub(super) targets: &'a [Vec<f64>],
    /// Whether targets are levels, of which one is told from the rest, or numbers.
    pub(super) target: Target,
    /// Where a learner that draws begins.
    pub(super) seed: u64,
}

/// What a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// A level against the rest: any score that grows with its chance will do.
    Level,
    /// A number: scores are in its unit.
    Number,
}

/// The scores of `learner`, where what cannot be learnt is a constant: a level that all rows have or none has, and a number
/// that does not vary. `targets` as in [`Task`], but numbers in their own unit.
///
/// # Errors
/// In words, if nothing can be fitted.
pub(super) fn scores(learner: &dyn Learner, task: &Task) -> Result<Vec<Vec<f64>>, String> {
    let mut units = Vec::new();
    let mut scaled = Vec::new();
    for target in task.targets {
        let varies = target.iter().any(|y| *y != target[0]);
        let (origin, scale) = match (task.target, varies) {
            (_, false) => (target.first().copied().unwrap_or(0.0), 0.0),
            (Target::Level, true) => (0.0, 1.0),
            (Target::Number, true) => mean_and_sd(target),
        };
        if varies && !(scale > 0.0 && scale.is_finite() && origin.is_finite()) {
            return Err("the numbers to be learnt are too far apart".to_owned());
        }
        if varies {
            scaled.push(target.iter().map(|y| (y - origin) / scale).collect());
        }
        units.push((origin, scale));
    }
    let mut learnt = match scaled.is_empty() {
        true => Vec::new(),
        false => learner.scores(&Task { targets: &scaled, ..*task })?,
    }
    .into_iter();
    let of_target = |(origin, scale): (f64, f64)| match scale == 0.0 {
        true => vec![origin; task.tried.len()],
        false => learnt.next().into_iter().flatten().map(|score| origin + scale * score).collect(),
    };
    Ok(units.into_iter().map(of_target).collect())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::utility) const ALL: [&dyn Learner; 4] = [&Trees, &Linear, &Forest, &Neighbours];

    /// 600 rows of a number with gaps, a level of three, noise and a constant; the last 200 are tried.
    pub(super) fn columns() -> Vec<Column> {
        let noise = |i: u32| f64::from(i * 7_919 % 1_013);
        vec![
            Column::Numbers((0..600).map(|i| if i % 10 == 0 { f64::NAN } else { f64::from(i * 37 % 101) }).collect()),
            Column::Levels { codes: (0..600).map(|i| i * 31 % 3 + 1).collect(), n_codes: 4 },
            Column::Numbers((0..600).map(noise).collect()),
            Column::Numbers(vec![7.0; 600]),
        ]
    }

    fn run(learner: &dyn Learner, target: Target, y: impl Fn(u32) -> f64, seed: u64) -> Result<Vec<f64>, String> {
        let (fitted, tried): (Vec<usize>, Vec<usize>) = ((0..400).collect(), (400..600).collect());
        let targets = [(0..400).map(y).collect()];
        let columns = columns();
        let task = Task { columns: &columns, fitted: &fitted, tried: &tried, targets: &targets, target, seed };
        scores(learner, &task).map(|mut scores| scores.remove(0))
    }

    #[test]
    fn every_learner_learns_a_level_and_a_number() {
        let has_second = |i: u32| i * 31 % 3 == 1;
        for learner in ALL {
            let scores = run(learner, Target::Level, |i| f64::from(u8::from(has_second(i))), 1).unwrap();
            let of = |wanted: bool| (400..600).filter(move |i| has_second(*i) == wanted).map(|i| i as usize - 400);
            let side = |wanted: bool| of(wanted).map(|i| scores[i]).collect::<Vec<f64>>();
            assert!(crate::auc(&side(true), &side(false)).unwrap() > 0.95, "{}", learner.name());
            // A number in its own unit, which the level and the number with gaps decide.
            let truth = |i: u32| 1e6 + 1e3 * f64::from(i * 37 % 101) + if has_second(i) { 2e4 } else { 0.0 };
            let scores = run(learner, Target::Number, truth, 1).unwrap();
            let r2 = crate::r_squared(&(400..600).map(truth).collect::<Vec<f64>>(), &scores).unwrap().unwrap();
            assert!(r2 > 0.6, "{}: {r2}", learner.name());
        }
    }

    #[test]
    fn nothing_to_learn_is_a_constant_and_numbers_too_far_apart_are_refused() {
        for learner in ALL {
            assert_eq!(run(learner, Target::Level, |_| 1.0, 1).unwrap(), vec![1.0; 200], "{}", learner.name());
            assert_eq!(run(learner, Target::Number, |_| 2.5, 1).unwrap(), vec![2.5; 200], "{}", learner.name());
            let apart = run(learner, Target::Number, |i| if i % 2 == 0 { f64::MAX } else { f64::MIN }, 1);
            assert!(apart.is_err(), "{}", learner.name());
        }
    }

    #[test]
    fn scores_follow_the_seed_and_only_the_forest_draws() {
        let y = |i: u32| f64::from(u8::from(i * 37 % 101 > 60 || i.is_multiple_of(7)));
        for learner in ALL {
            let scores = |seed| run(learner, Target::Level, y, seed).unwrap();
            assert_eq!(scores(1), scores(1), "{}", learner.name());
            assert_eq!(scores(1) == scores(2), learner.name() != "forest", "{}", learner.name());
        }
    }

    /// Columns that say nothing are no reason to fail: there is only a guess left.
    #[test]
    fn without_a_column_that_varies_all_rows_score_alike() {
        let (fitted, tried): (Vec<usize>, Vec<usize>) = ((0..40).collect(), (40..60).collect());
        let columns = [Column::Numbers(vec![f64::NAN; 60]), Column::Levels { codes: vec![2; 60], n_codes: 3 }];
        let targets = [(0..40).map(|i| f64::from(i % 2)).collect()];
        for (learner, target) in ALL.into_iter().flat_map(|l| [(l, Target::Level), (l, Target::Number)]) {
            let task = Task { columns: &columns, fitted: &fitted, tried: &tried, targets: &targets, target, seed: 1 };
            let scores = scores(learner, &task).unwrap().remove(0);
            assert!(scores.iter().all(|score| score.is_finite() && *score == scores[0]), "{}", learner.name());
        }
    }
}
