//! Utility: what is learnt from synthetic rows, does it hold for real ones?
//!
//! The same learner (boosted trees) is fitted twice to predict one column, the *target*, from the others: on synthetic
//! rows and on training rows. Both are tried on the holdout, real rows that neither has seen ("train on synthetic, test
//! on real", TSTR; Esteban et al., arXiv:1706.02633). What the table itself is worth is `trtr`, what the synthetic table
//! is worth is `tstr`, and their difference `tstr_gap` is what the synthesis has cost.
//!
//! **Score.** For a target of levels the AUC, one level against the rest, averaged over the levels; for a target of
//! numbers R² = 1 − Σ(y − ŷ)² / Σ(y − ȳ)², where whatever is below −1 counts as −1: worse than nothing either way. For
//! levels the macro F1 of the likeliest level is taken as well, which minds thresholds.
//!
//! **Target.** The one that is named, or else the last column of 2 to [`MAX_FOUND_LEVELS`] levels, or else the last of
//! numbers: published tables put the column of interest last more often than anywhere else. That is a guess, so
//! each measure says in its `columns` which one was meant. Rows without a target are left out.
//!
//! **Rows.** At most [`MAX_ROWS`] of each table are looked at, a choice that the seed decides (with more than five levels
//! or a hundred columns in proportion fewer to fit on, but at least 2,000). Two tables of one length are thinned alike, so
//! that a copy has a gap of exactly 0.
//!
//! **Interval.** From the holdout's units (people, or rows where nobody has two), each with its influence on the score: DeLong's components for AUCs, the delta
//! method for F1 and R². Both learners are tried on the same rows, so the gap's interval is the paired one, narrower than
//! either's. It holds for these two fits: what another draw of synthetic rows would have given is not in it.
//!
//! One target says little of the rest: a generator can keep one column's dependence and lose all others, and some that
//! hardly resemble the table lead in utility. Look at `c2st_trees` beside it. Left out on purpose: other learners, and
//! tuning, which would hide how much is lost.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use synth_core::table::Units;
use synth_core::{Kind, Table};

use crate::boosting::{Boosted, Task};
use crate::columns::{MISSING, joint_levels};
use crate::comparison::{Comparison, with_own_units};
use crate::definition::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, Needs};
use crate::error::{Error, Result};
use crate::estimate::{ColumnValue, Estimate, Interval, Measure, Outcome, between};
use crate::family::{Family, Intervals, Taking};
use crate::features::{columns, ordinal, thinned};
use crate::roc::components;
use crate::sampling::interval::{of_auc, of_mean};

pub(crate) const FAMILY: Family =
    Family { definitions: &[TSTR, TRTR, TSTR_GAP, TSTR_F1, TRTR_F1], intervals: Intervals::Own, take };

/// The definition of `tstr`.
pub const TSTR: Definition = Definition {
    id: "tstr",
    name: "trained on synthetic, tested on real",
    meaning: "AUC or R2, on the holdout, of trees trained on synthetic rows",
    above: None,
    below: Some("models trained on synthetic rows predict real ones poorly"),
    domain: Domain::Utility,
    goal: Goal::Higher,
    ideal: 1.0,
    range: between(-1.0, 1.0),
    unit: "AUC or R2",
    source: "arXiv:1706.02633 with boosted trees, on the holdout: AUC of a level against the rest, averaged \
             (levels), or R2, at least -1 (numbers); interval by DeLong (1988) or the delta method",
    anchors: Anchors {
        copy: between(0.6, 0.95),
        fresh: between(0.6, 0.95),
        permuted: between(0.3, 0.65),
        shifted: between(0.0, 0.75),
    },
    needs: Needs::HOLDOUT,
    judged_by: JudgedBy::Bounds,
    battery: Battery::Full,
};

/// The definition of `trtr`.
pub const TRTR: Definition = Definition {
    id: "trtr",
    name: "trained on real, tested on real",
    meaning: "the same with trees trained on training rows: the real baseline",
    above: None,
    below: Some("models trained on real rows predict others poorly"),
    domain: Domain::Utility,
    goal: Goal::Higher,
    ideal: 1.0,
    range: between(-1.0, 1.0),
    unit: "AUC or R2",
    source: "tstr with the training rows in place of the synthetic ones",
    anchors: Anchors {
        copy: between(0.6, 0.95),
        fresh: between(0.6, 0.95),
        permuted: between(0.6, 0.95),
        shifted: between(0.6, 0.95),
    },
    needs: Needs::HOLDOUT,
    judged_by: JudgedBy::Bounds,
    battery: Battery::Full,
};

/// The definition of `tstr_gap`.
pub const TSTR_GAP: Definition = Definition {
    id: "tstr_gap",
    name: "cost of training on synthetic rows",
    meaning: "trtr minus tstr: the cost of training on synthetic rows",
    above: Some("models trained on synthetic rows predict worse than those trained on real ones"),
    below: None,
    domain: Domain::Utility,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(-2.0, 2.0),
    unit: "AUC or R2",
    source: "trtr - tstr; interval from the paired influence of the holdout's rows (DeLong 1988)",
    anchors: Anchors {
        copy: between(0.0, 0.0),
        fresh: between(-0.06, 0.06),
        permuted: between(0.1, 0.6),
        shifted: between(0.1, 0.9),
    },
    needs: Needs::HOLDOUT,
    judged_by: JudgedBy::Bounds,
    battery: Battery::Full,
};

/// The definition of `tstr_f1`.
pub const TSTR_F1: Definition = Definition {
    id: "tstr_f1",
    name: "trained on synthetic, tested on real, macro F1",
    meaning: "macro F1, on the holdout, of trees trained on synthetic rows",
    above: None,
    below: Some("models trained on synthetic rows predict real ones poorly"),
    domain: Domain::Utility,
    goal: Goal::Higher,
    ideal: 1.0,
    range: between(0.0, 1.0),
    unit: "F1",
    source: "F1 of the likeliest level, averaged over the levels; interval by the delta method",
    anchors: Anchors {
        copy: between(0.2, 0.8),
        fresh: between(0.2, 0.8),
        permuted: between(0.0, 0.4),
        shifted: between(0.0, 0.4),
    },
    needs: Needs::HOLDOUT,
    judged_by: JudgedBy::Bounds,
    battery: Battery::Full,
};

/// The definition of `trtr_f1`.
pub const TRTR_F1: Definition = Definition {
    id: "trtr_f1",
    name: "trained on real, tested on real, macro F1",
    meaning: "the same with trees trained on training rows",
    above: None,
    below: Some("models trained on real rows predict others poorly"),
    domain: Domain::Utility,
    goal: Goal::Higher,
    ideal: 1.0,
    range: between(0.0, 1.0),
    unit: "F1",
    source: "tstr_f1 with the training rows in place of the synthetic ones",
    anchors: Anchors {
        copy: between(0.2, 0.8),
        fresh: between(0.2, 0.8),
        permuted: between(0.2, 0.8),
        shifted: between(0.2, 0.8),
    },
    needs: Needs::HOLDOUT,
    judged_by: JudgedBy::Bounds,
    battery: Battery::Full,
};

/// The most rows of each table.
pub const MAX_ROWS: usize = 20_000;
/// The least rows with a target that are fitted on, and that are tried.
pub const MIN_ROWS: usize = 20;
/// The most levels of a target that is named.
pub const MAX_LEVELS: usize = 20;
/// The most levels of a target that is found.
pub const MAX_FOUND_LEVELS: usize = 10;
/// The least value of R² that is told from others.
const LEAST_R2: f64 = -1.0;

/// The share of the numbers' variance that predictions account for: 1 if they are right, 0 if they are no better than
/// the mean, below 0 if they are worse. `None` if the truth does not vary.
///
/// `truth` and `predicted` hold one number a row. Source: the coefficient of determination, as scikit-learn's `r2_score`.
///
/// # Errors
/// [`Error::Lengths`] if the slices differ in length, [`Error::NonFinite`] if a number is NaN or ±∞.
///
/// ```
/// # use synth_metrics::r_squared;
/// assert_eq!(r_squared(&[1.0, 2.0, 3.0], &[1.0, 2.0, 2.0])?, Some(0.5));
/// # Ok::<(), synth_metrics::Error>(())
/// ```
pub fn r_squared(truth: &[f64], predicted: &[f64]) -> Result<Option<f64>> {
    if truth.len() != predicted.len() {
        return Err(Error::Lengths(truth.len(), predicted.len()));
    }
    if truth.iter().chain(predicted).any(|x| !x.is_finite()) {
        return Err(Error::NonFinite);
    }
    let varies = truth.iter().any(|y| *y != truth[0]);
    Ok(varies.then(|| explained(truth, predicted).value))
}

/// The F1 of each level that occurs in `truth`, averaged: 1 if every row is right, 0 if none is.
///
/// One code a row. A level that is never predicted has an F1 of 0. `None` without rows. Source: the harmonic mean of
/// precision and recall, as scikit-learn's `f1_score(average="macro")` over the labels of the truth.
///
/// # Errors
/// [`Error::Lengths`] if the slices differ in length.
///
/// ```
/// # use synth_metrics::macro_f1;
/// assert_eq!(macro_f1(&[0, 0, 1, 1], &[0, 0, 0, 0])?, Some(1.0 / 3.0));
/// # Ok::<(), synth_metrics::Error>(())
/// ```
pub fn macro_f1(truth: &[u32], predicted: &[u32]) -> Result<Option<f64>> {
    if truth.len() != predicted.len() {
        return Err(Error::Lengths(truth.len(), predicted.len()));
    }
    let mut levels = truth.to_vec();
    levels.sort_unstable();
    levels.dedup();
    Ok((!levels.is_empty()).then(|| mean_f1(truth, predicted, &levels).value))
}

/// `tstr`, `trtr`, `tstr_gap`, `tstr_f1` and `trtr_f1`, in this order, as the [module](self) describes them.
///
/// `target` is the column to predict, if it is named; a column in `never` is not found by itself. Not measured, with the
/// reason: without a holdout, if there is no such column or it has neither numbers nor 2 to [`MAX_LEVELS`] levels, with
/// fewer than [`MIN_ROWS`] rows that have a target in a table, or if the holdout has a single level or number.
pub fn utility(comparison: &Comparison, target: Option<&str>, never: &[&str], seed: u64) -> Vec<Measure> {
    let (column, mut outcomes) = match target_column(comparison, target, never) {
        Ok(column) => (Some(column), outcomes(comparison, column, seed)),
        Err(reason) => (None, Err(reason)),
    };
    let measure = |(i, definition): (usize, &Definition)| {
        let outcome = match &mut outcomes {
            Ok(outcomes) => std::mem::replace(&mut outcomes[i], Outcome::NotMeasured(String::new())),
            Err(reason) => Outcome::NotMeasured(reason.clone()),
        };
        let value = outcome.value().zip(column);
        let columns = value.map(|(value, c)| ColumnValue { column: comparison.name(c).to_owned(), value });
        Measure { id: definition.id.to_owned(), outcome, columns: columns.into_iter().collect() }
    };
    FAMILY.definitions.iter().enumerate().map(measure).collect()
}

fn take(taking: &Taking) -> Vec<Measure> {
    let Taking { comparison, options, .. } = taking;
    // A time to an event is no outcome like others: it is not found as a target, only named.
    let survival = options.survival.iter().flat_map(|columns| [columns.time.as_str(), columns.event.as_str()]);
    utility(comparison, options.target.as_deref(), &survival.collect::<Vec<&str>>(), options.seed)
}

/// The position of the target.
fn target_column(comparison: &Comparison, target: Option<&str>, never: &[&str]) -> std::result::Result<usize, String> {
    let schema = comparison.train().schema();
    if let Some(name) = target {
        let column = schema.index_of(name).ok_or_else(|| format!("no column `{name}`"))?;
        return match schema.fields[column].kind.is_learnt() {
            true => Ok(column),
            false => Err(format!("column `{name}` has neither levels nor numbers to predict")),
        };
    }
    let may_be = |c: &usize| !never.contains(&comparison.name(*c));
    let is_found = |c: &usize| {
        let n_levels = joint_levels(&[comparison.train()], *c).n_codes - 1;
        (2..=MAX_FOUND_LEVELS).contains(&n_levels)
    };
    let levels = comparison.columns(Kind::is_levels);
    let numbers = comparison.columns(|kind| matches!(kind, Kind::Continuous | Kind::Integer));
    let found = levels.into_iter().rev().filter(may_be).find(is_found);
    found.or_else(|| numbers.into_iter().rev().find(may_be)).ok_or_else(|| "no column can be predicted".to_owned())
}

/// A score on the holdout, and what each of its rows adds to the difference from the true value.
struct Score {
    value: f64,
    influence: Vec<f64>,
}

impl Score {
    /// What each unit adds, in place of each row.
    fn of_units(self, units: &Units) -> Self {
        Self { influence: by_unit(self.influence, units), ..self }
    }

    fn variance(&self) -> f64 {
        variance(self.influence.iter().copied())
    }
}

/// The influence of each unit: the sum of its rows'.
pub(crate) fn by_unit(of_row: Vec<f64>, units: &Units) -> Vec<f64> {
    if units.are_rows() {
        return of_row;
    }
    let mut of_unit = vec![0.0; units.n_units()];
    of_row.into_iter().enumerate().for_each(|(row, x)| of_unit[units.of_row(row)] += x);
    of_unit
}

/// The variance of a statistic from the influence of its independent units.
pub(crate) fn variance(influence: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = influence.len() as f64;
    if n < 2.0 { 0.0 } else { influence.map(|x| x * x).sum::<f64>() * n / (n - 1.0) }
}

/// The rows of all three tables one below the other, and which of them have a target.
struct Trial {
    features: Vec<Vec<f64>>,
    train: Vec<usize>,
    synthetic: Vec<usize>,
    holdout: Vec<usize>,
    /// Whose those of the holdout are.
    units: Units,
}

fn outcomes(comparison: &Comparison, target: usize, seed: u64) -> std::result::Result<Vec<Outcome>, String> {
    let holdout = comparison.holdout().ok_or("no holdout given")?;
    let column_idxs: Vec<usize> = comparison.columns(Kind::is_learnt).into_iter().filter(|c| *c != target).collect();
    if column_idxs.is_empty() {
        return Err("no other column to predict from".to_owned());
    }
    let kind = comparison.train().schema().fields[target].kind;
    let n_models = if kind.is_levels() { joint_levels(&[comparison.train()], target).n_codes - 1 } else { 1 };
    let most = (5 * MAX_ROWS / n_models.max(5)).min(100 * MAX_ROWS / column_idxs.len()).clamp(2_000, MAX_ROWS);
    // One generator each, alike: tables of one length keep the same rows.
    let thin = |table: &Table, most: usize| thinned(table, most, &mut ChaCha8Rng::seed_from_u64(seed));
    let tables =
        [thin(comparison.train(), most), thin(comparison.synthetic(), most), thin(&with_own_units(holdout), MAX_ROWS)];
    let tables = tables.each_ref();
    let trial = |has_target: Vec<bool>| -> std::result::Result<Trial, String> {
        let mut start = 0;
        let [train, synthetic, holdout] = tables.map(|table| {
            let rows = start..start + table.n_rows();
            start = rows.end;
            rows.filter(|&row| has_target[row]).collect::<Vec<usize>>()
        });
        for (name, rows) in [("training", &train), ("synthetic", &synthetic), ("holdout", &holdout)] {
            if rows.len() < MIN_ROWS {
                return Err(format!(
                    "{} {name} rows have a value to predict: at least {MIN_ROWS} are needed",
                    rows.len()
                ));
            }
        }
        let before = tables[0].n_rows() + tables[1].n_rows();
        let units = Units::of(tables[2]).take(&holdout.iter().map(|row| row - before).collect::<Vec<_>>());
        Ok(Trial { features: ordinal(&columns(&tables, &column_idxs)), train, synthetic, holdout, units })
    };
    if kind.is_levels() {
        let codes = joint_levels(&tables, target).codes.concat();
        of_levels(&trial(codes.iter().map(|code| *code != MISSING).collect())?, &codes)
    } else {
        let numbers: Vec<f64> = tables.iter().flat_map(|table| table.numbers(target)).collect();
        of_numbers(&trial(numbers.iter().map(|x| !x.is_nan()).collect())?, &numbers)
    }
}

fn of_levels(trial: &Trial, codes: &[u32]) -> std::result::Result<Vec<Outcome>, String> {
    let truth: Vec<u32> = trial.holdout.iter().map(|&row| codes[row]).collect();
    let mut levels: Vec<u32> = trial.train.iter().map(|&row| codes[row]).collect();
    levels.sort_unstable();
    levels.dedup();
    let is_binary = levels.len() == 2;
    let n_levels = levels.len();
    let count = |level: u32| truth.iter().filter(|code| **code == level).count();
    levels.retain(|&level| (1..truth.len()).contains(&count(level)));
    if !(2..=MAX_LEVELS).contains(&n_levels) {
        return Err(format!("the target has {n_levels} levels in the training rows: from 2 to {MAX_LEVELS} are tried"));
    }
    if levels.len() < 2 {
        return Err("the holdout has fewer than two levels of the target".to_owned());
    }
    // Of two levels, one model tells both.
    let models = if is_binary { &levels[1..] } else { &levels[..] };
    let fits: Vec<(&Vec<usize>, u32)> =
        [&trial.synthetic, &trial.train].into_iter().flat_map(|rows| models.iter().map(move |&m| (rows, m))).collect();
    let fit = |&(rows, level): &(&Vec<usize>, u32)| {
        let y: Vec<f64> = rows.iter().map(|&row| f64::from(u8::from(codes[row] == level))).collect();
        Ok(Boosted::fit(&trial.features, rows, &y, Task::Classes)?.scores(&trial.features, &trial.holdout))
    };
    let scores: Vec<std::result::Result<Vec<f64>, String>> = fits.par_iter().map(fit).collect();
    let scores: Vec<Vec<f64>> = scores.into_iter().collect::<std::result::Result<_, _>>()?;
    let [synthetic, train] = [0, 1].map(|source| {
        let mut of_level = scores[source * models.len()..(source + 1) * models.len()].to_vec();
        if is_binary {
            of_level.insert(0, of_level[0].iter().map(|score| -score).collect());
        }
        let likeliest = |row: usize| {
            // The first of equally likely ones.
            let better = |best: usize, i: usize| if of_level[i][row] > of_level[best][row] { i } else { best };
            levels[(0..levels.len()).reduce(better).expect("two levels at least")]
        };
        let predicted: Vec<u32> = (0..truth.len()).map(likeliest).collect();
        let of_units = |score: Score| score.of_units(&trial.units);
        (of_units(mean_auc(&truth, &levels, &of_level)), of_units(mean_f1(&truth, &predicted, &levels)))
    });
    let n = levels.iter().map(|&level| count(level).min(truth.len() - count(level))).min().unwrap_or(0);
    let n = n.min(trial.units.n_units());
    let auc = |score: &Score| {
        Outcome::Measured(Estimate { value: score.value, uncertainty: Some(of_auc(score.value, score.variance(), n)) })
    };
    let f1 = |score: &Score| measured(score.value, score.variance(), n, Interval::new(0.0, 1.0));
    let gap = gap(&train.0, &synthetic.0, n, Interval::new(-1.0, 1.0));
    Ok(vec![auc(&synthetic.0), auc(&train.0), gap, f1(&synthetic.1), f1(&train.1)])
}

fn of_numbers(trial: &Trial, numbers: &[f64]) -> std::result::Result<Vec<Outcome>, String> {
    let of = |rows: &[usize]| rows.iter().map(|&row| numbers[row]).collect::<Vec<f64>>();
    let truth = of(&trial.holdout);
    if truth.iter().all(|y| *y == truth[0]) {
        return Err("the holdout has a single value of the target".to_owned());
    }
    let fit = |rows: &&Vec<usize>| {
        let model = Boosted::fit(&trial.features, rows, &of(rows), Task::Numbers)?;
        Ok(explained(&truth, &model.scores(&trial.features, &trial.holdout)).of_units(&trial.units))
    };
    let scores: Vec<std::result::Result<Score, String>> =
        [&trial.synthetic, &trial.train].par_iter().map(fit).collect();
    let scores: Vec<Score> = scores.into_iter().collect::<std::result::Result<_, _>>()?;
    let (n, range) = (trial.units.n_units(), Interval::new(LEAST_R2, 1.0));
    let [synthetic, train] = [0, 1].map(|source| measured(scores[source].value, scores[source].variance(), n, range));
    let gap = gap(&scores[1], &scores[0], n, Interval::new(LEAST_R2 - 1.0, 1.0 - LEAST_R2));
    let no_f1 = || Outcome::NotMeasured("the target is a number".to_owned());
    Ok(vec![synthetic, train, gap, no_f1(), no_f1()])
}

fn measured(value: f64, variance: f64, n: usize, range: Interval) -> Outcome {
    let value = value.max(range.low); // NaN as well: sums past what a float can hold are as bad as can be
    Outcome::Measured(Estimate { value, uncertainty: Some(of_mean(value, variance, n, range)) })
}

/// What is lost by learning from the second of two.
fn gap(real: &Score, synthetic: &Score, n: usize, range: Interval) -> Outcome {
    let least = if range.high > 1.0 { LEAST_R2 } else { 0.0 };
    let paired = real.influence.iter().zip(&synthetic.influence).map(|(r, s)| r - s);
    measured(real.value.max(least) - synthetic.value.max(least), variance(paired), n, range)
}

/// The AUC of each level against the rest, averaged; `scores` hold one score a row for each of `levels`.
fn mean_auc(truth: &[u32], levels: &[u32], scores: &[Vec<f64>]) -> Score {
    let mut mean = Score { value: 0.0, influence: vec![0.0; truth.len()] };
    let share = 1.0 / levels.len() as f64;
    for (&level, scores) in levels.iter().zip(scores) {
        let side = |is_pos: bool| -> (Vec<usize>, Vec<f64>) {
            let rows = truth.iter().zip(scores).enumerate().filter(|(_, (code, _))| (**code == level) == is_pos);
            rows.map(|(row, (_, score))| (row, *score)).unzip()
        };
        let ((pos_rows, pos), (neg_rows, neg)) = (side(true), side(false));
        let parts = components(&pos, &neg);
        let auc = parts.of_pos.iter().sum::<f64>() / pos.len() as f64;
        mean.value += share * auc;
        for (rows, parts) in [(pos_rows, parts.of_pos), (neg_rows, parts.of_neg)] {
            let n = rows.len() as f64;
            rows.iter().zip(parts).for_each(|(&row, part)| mean.influence[row] += share * (part - auc) / n);
        }
    }
    mean.value = mean.value.clamp(0.0, 1.0);
    mean
}

/// F1 = 2·TP / D with D the rows of the level and those predicted to be, averaged over `levels`.
fn mean_f1(truth: &[u32], predicted: &[u32], levels: &[u32]) -> Score {
    let mut mean = Score { value: 0.0, influence: vec![0.0; truth.len()] };
    let share = 1.0 / levels.len() as f64;
    for &level in levels {
        let is = |codes: &[u32], row: usize| f64::from(u8::from(codes[row] == level));
        let (mut hits, mut size) = (0.0, 0.0);
        for row in 0..truth.len() {
            hits += is(truth, row) * is(predicted, row);
            size += is(truth, row) + is(predicted, row);
        }
        if size == 0.0 {
            continue;
        }
        mean.value += share * 2.0 * hits / size;
        for (row, influence) in mean.influence.iter_mut().enumerate() {
            let (t, p) = (is(truth, row), is(predicted, row));
            *influence += share * (2.0 * t * p / size - 2.0 * hits / (size * size) * (t + p));
        }
    }
    mean
}

/// R², from the sums of squares A of the errors and B about the mean: dR² = −dA/B + A·dB/B².
fn explained(truth: &[f64], predicted: &[f64]) -> Score {
    let n = truth.len() as f64;
    let mean = truth.iter().sum::<f64>() / n;
    let squares: Vec<(f64, f64)> =
        truth.iter().zip(predicted).map(|(y, p)| ((y - p).powi(2), (y - mean).powi(2))).collect();
    let (errors, total) = squares.iter().fold((0.0, 0.0), |(a, b), (e, t)| (a + e, b + t));
    let influence =
        squares.iter().map(|(e, t)| -(e - errors / n) / total + errors * (t - total / n) / (total * total)).collect();
    Score { value: 1.0 - errors / total, influence }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_agree_with_scikit_learn() {
        // import numpy as np; from sklearn.metrics import f1_score, r2_score, roc_auc_score
        // t = np.array([1,1,2,3,3,3,2,1,2,3]); p = np.array([1,2,2,3,1,3,2,1,1,3])
        // f1_score(t, p, average="macro")
        let (t, p) = ([1, 1, 2, 3, 3, 3, 2, 1, 2, 3], [1, 2, 2, 3, 1, 3, 2, 1, 1, 3]);
        assert!((macro_f1(&t, &p).unwrap().unwrap() - 0.698_412_698_412_698_4).abs() < 1e-12);
        // r2_score([1.5,2,4,8,9.5], [2,2,3.5,7,11])
        let r2 = r_squared(&[1.5, 2.0, 4.0, 8.0, 9.5], &[2.0, 2.0, 3.5, 7.0, 11.0]).unwrap().unwrap();
        assert!((r2 - 0.927_184_466_019_417_5).abs() < 1e-12, "{r2}");
        // s = np.array([[.7,.2,.1],[.2,.5,.3],[.3,.4,.3],[.1,.1,.8],[.5,.3,.2],[.2,.2,.6],[.1,.8,.1],[.6,.3,.1],
        //               [.4,.35,.25],[.3,.3,.4]])
        // roc_auc_score(t, s, multi_class="ovr", average="macro")
        let s = [
            vec![0.7, 0.2, 0.3, 0.1, 0.5, 0.2, 0.1, 0.6, 0.4, 0.3],
            vec![0.2, 0.5, 0.4, 0.1, 0.3, 0.2, 0.8, 0.3, 0.35, 0.3],
            vec![0.1, 0.3, 0.3, 0.8, 0.2, 0.6, 0.1, 0.1, 0.25, 0.4],
        ];
        let auc = mean_auc(&t, &[1, 2, 3], &s).value;
        assert!((auc - 0.855_158_730_158_730_2).abs() < 1e-12, "{auc}");
    }

    /// The influence of a row is the score's derivative by its weight: compared with doubling the row, to first order.
    #[test]
    fn influence_is_what_a_row_adds() {
        let n = 400;
        let truth: Vec<u32> = (0..n).map(|i| i * 7 % 11 % 3).collect();
        let predicted: Vec<u32> = (0..n).map(|i| if i % 4 == 0 { i % 3 } else { i * 7 % 11 % 3 }).collect();
        let numbers: Vec<f64> = (0..n).map(|i| f64::from(i * 37 % 101)).collect();
        let guesses: Vec<f64> = (0..n).map(|i| f64::from(i * 37 % 101 + i % 9)).collect();
        let scores = [0, 1, 2]
            .map(|c| numbers.iter().zip(&truth).map(|(x, t)| x + 30.0 * f64::from(u8::from(*t == c))).collect());
        let more = |row: usize| {
            let with = |x: &[f64]| [x, &x[row..=row]].concat();
            let with_codes = |x: &[u32]| [x, &x[row..=row]].concat();
            let scores: Vec<Vec<f64>> = scores.iter().map(|s: &Vec<f64>| with(s)).collect();
            [
                mean_auc(&with_codes(&truth), &[0, 1, 2], &scores).value,
                mean_f1(&with_codes(&truth), &with_codes(&predicted), &[0, 1, 2]).value,
                explained(&with(&numbers), &with(&guesses)).value,
            ]
        };
        let plain = [
            mean_auc(&truth, &[0, 1, 2], &scores),
            mean_f1(&truth, &predicted, &[0, 1, 2]),
            explained(&numbers, &guesses),
        ];
        for row in [0, 8, 77, 399] {
            for (score, more) in plain.iter().zip(more(row)) {
                assert!((more - score.value - score.influence[row]).abs() < 2e-5, "{row}: {more}");
            }
        }
        assert!(plain.iter().all(|score| score.influence.iter().sum::<f64>().abs() < 1e-9));
    }

    #[test]
    fn what_cannot_be_scored_is_refused() {
        assert_eq!(r_squared(&[2.0, 2.0], &[1.0, 2.0]).unwrap(), None);
        assert_eq!(r_squared(&[], &[]).unwrap(), None);
        assert!(matches!(r_squared(&[1.0], &[f64::NAN]), Err(Error::NonFinite)));
        assert!(matches!(r_squared(&[1.0], &[]), Err(Error::Lengths(1, 0))));
        assert_eq!(macro_f1(&[], &[]).unwrap(), None);
        assert!(matches!(macro_f1(&[1], &[]), Err(Error::Lengths(1, 0))));
    }
}
