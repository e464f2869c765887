//! Utility: what is learnt from synthetic rows, does it hold for real ones?
//!
//! The same learner is fitted twice to predict one column, the *target*, from the others: on synthetic
//! rows and on training rows. Both are tried on the holdout, real rows that neither has seen ("train on synthetic, test
//! on real", TSTR; Esteban et al., arXiv:1706.02633). What the table itself is worth is `trtr`, what the synthetic table
//! is worth is `tstr`, and their difference, the gap, is what the synthesis has cost.
//!
//! **Learners.** Boosted trees (`tstr`), a logistic or linear regression (`tstr_linear`), a random forest (`tstr_forest`) and
//! the nearest neighbours (`tstr_neighbours`): a generator that suits one model's taste need not suit another's. The mean
//! over all four, `tstr_mean`, is what a policy should judge. It has no value if one of them has none.
//!
//! **Score.** For a target of levels the AUC, one level against the rest, averaged over the levels, so that a rare one
//! counts like the others; for a target of numbers R² = 1 − Σ(y − ŷ)² / Σ(y − ȳ)², where whatever is below −1 counts as −1:
//! worse than nothing either way. For levels the macro F1 of the likeliest level is taken of the trees as well, which minds
//! thresholds.
//!
//! **Target.** The one that is named, or else the last column of 2 to [`MAX_FOUND_LEVELS`] levels, or else the last of
//! numbers: published tables put the column of interest last more often than anywhere else. That is a guess, so
//! each measure says in its `columns` which one was meant. Rows without a target are left out.
//!
//! **Rows.** At most [`MAX_ROWS`] of each table are looked at, a choice that the seed decides (with more than five levels
//! or a hundred columns in proportion fewer to fit on, but at least 2,000). The forest and the neighbours are fitted on at
//! most 5,000 of them, a choice in which every level keeps its share, and at least 20 rows. Two tables of one length are
//! thinned alike, so that a copy has a gap of exactly 0.
//!
//! **Interval.** From the holdout's units (people, or rows where nobody has two), each with its influence on the score: DeLong's components for AUCs, the delta
//! method for F1 and R². All learners are tried on the same rows, so the gap's interval is the paired one, narrower than
//! that of either part, and that of a mean over learners takes the mean of their influences, unit by unit. It holds for
//! these fits: what another sample of synthetic rows would have given is not in it.
//!
//! One target says little of the rest: a generator can keep one column's dependence and lose all others, and some that
//! hardly resemble the table lead in utility. Look at `c2st_trees` beside it. Left out on purpose: tuning, which would hide
//! how much is lost.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use synth_core::table::Units;
use synth_core::{Kind, Table};

use crate::columns::{MISSING, joint_levels};
use crate::comparison::{Comparison, with_own_units};
use crate::definition::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, Needs};
use crate::estimate::{ColumnValue, Estimate, Interval, Measure, Outcome, between};
use crate::family::{Family, Intervals, Taking};
use crate::features::{Column, columns, thinned};
use crate::sampling::choose;
use crate::sampling::interval::{of_auc, of_mean};
use crate::utility::learner::{Forest, Learner, Linear, Neighbours, Target, Task, Trees, scores};
use crate::utility::score::{Score, explained, mean_auc, mean_f1, variance};

pub(crate) const FAMILY: Family = Family {
    definitions: &[
        TSTR,
        TRTR,
        TSTR_GAP,
        TSTR_F1,
        TRTR_F1,
        TSTR_LINEAR,
        TRTR_LINEAR,
        TSTR_FOREST,
        TRTR_FOREST,
        TSTR_NEIGHBOURS,
        TRTR_NEIGHBOURS,
        TSTR_MEAN,
        TRTR_MEAN,
        TSTR_MEAN_GAP,
    ],
    intervals: Intervals::Own,
    take,
};

/// What is worse than real rows where it is trained on synthetic ones.
const POOR: Option<&str> = Some("models trained on synthetic rows predict real ones poorly");
/// What is poor even where it is trained on real rows.
const REAL_POOR: Option<&str> = Some("models trained on real rows predict others poorly");
/// A copy and fresh rows are as good as real ones; permuted ones teach nothing, and shifted ones what is false.
const ON_SYNTHETIC: Anchors = Anchors {
    copy: between(0.6, 0.95),
    fresh: between(0.6, 0.95),
    permuted: between(0.3, 0.65),
    shifted: between(0.0, 0.75),
};
/// The synthetic table has no part in it.
const ON_REAL: Anchors = Anchors {
    copy: between(0.6, 0.95),
    fresh: between(0.6, 0.95),
    permuted: between(0.6, 0.95),
    shifted: between(0.6, 0.95),
};

/// The definition of `tstr`, and what those of other learners have in common with it.
pub const TSTR: Definition = Definition {
    id: "tstr",
    name: "trained on synthetic, tested on real",
    meaning: "AUC or R2, on the holdout, of trees trained on synthetic rows",
    above: None,
    below: POOR,
    domain: Domain::Utility,
    goal: Goal::Higher,
    ideal: 1.0,
    range: between(-1.0, 1.0),
    unit: "AUC or R2",
    source: "arXiv:1706.02633 with boosted trees, on the holdout: AUC of a level against the rest, averaged \
             (levels), or R2, at least -1 (numbers); interval by DeLong (1988) or the delta method",
    anchors: ON_SYNTHETIC,
    needs: Needs::HOLDOUT,
    judged_by: JudgedBy::Bounds,
    battery: Battery::Full,
};

/// The definition of `trtr`.
pub const TRTR: Definition = Definition {
    id: "trtr",
    name: "trained on real, tested on real",
    meaning: "the same with trees trained on training rows: the real baseline",
    below: REAL_POOR,
    source: "tstr with the training rows in place of the synthetic ones",
    anchors: ON_REAL,
    ..TSTR
};

/// The definition of `tstr_gap`.
pub const TSTR_GAP: Definition = Definition {
    id: "tstr_gap",
    name: "cost of training on synthetic rows",
    meaning: "trtr minus tstr: the cost of training on synthetic rows",
    above: Some("models trained on synthetic rows predict worse than those trained on real ones"),
    below: None,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(-2.0, 2.0),
    source: "trtr - tstr; interval from the paired influence of the holdout's rows (DeLong 1988)",
    anchors: Anchors {
        copy: between(0.0, 0.0),
        fresh: between(-0.06, 0.06),
        permuted: between(0.1, 0.6),
        shifted: between(0.1, 0.9),
    },
    ..TSTR
};

/// The definition of `tstr_f1`.
pub const TSTR_F1: Definition = Definition {
    id: "tstr_f1",
    name: "trained on synthetic, tested on real, macro F1",
    meaning: "macro F1, on the holdout, of trees trained on synthetic rows",
    range: between(0.0, 1.0),
    unit: "F1",
    source: "F1 of the likeliest level, averaged over the levels; interval by the delta method",
    anchors: Anchors {
        copy: between(0.2, 0.8),
        fresh: between(0.2, 0.8),
        permuted: between(0.0, 0.4),
        shifted: between(0.0, 0.4),
    },
    ..TSTR
};

/// The definition of `trtr_f1`.
pub const TRTR_F1: Definition = Definition {
    id: "trtr_f1",
    name: "trained on real, tested on real, macro F1",
    meaning: "the same with trees trained on training rows",
    below: REAL_POOR,
    source: "tstr_f1 with the training rows in place of the synthetic ones",
    anchors: Anchors {
        copy: between(0.2, 0.8),
        fresh: between(0.2, 0.8),
        permuted: between(0.2, 0.8),
        shifted: between(0.2, 0.8),
    },
    ..TSTR_F1
};

/// The definition of `tstr_linear`.
pub const TSTR_LINEAR: Definition = Definition {
    id: "tstr_linear",
    name: "trained on synthetic, tested on real, linear",
    meaning: "tstr with a logistic regression (levels) or a linear one (numbers)",
    source: "tstr with linfa's regressions, ridge 1 on standardised columns",
    ..TSTR
};

/// The definition of `trtr_linear`.
pub const TRTR_LINEAR: Definition = Definition {
    id: "trtr_linear",
    name: "trained on real, tested on real, linear",
    meaning: "trtr with the same regression",
    source: "tstr_linear with the training rows in place of the synthetic ones",
    ..TRTR
};

/// The definition of `tstr_forest`.
pub const TSTR_FOREST: Definition = Definition {
    id: "tstr_forest",
    name: "trained on synthetic, tested on real, random forest",
    meaning: "tstr with a random forest",
    source: "tstr with smartcore's random forest (Breiman 2001): 100 trees, leaves of 5 rows, fitted on at most 5,000 rows",
    ..TSTR
};

/// The definition of `trtr_forest`.
pub const TRTR_FOREST: Definition = Definition {
    id: "trtr_forest",
    name: "trained on real, tested on real, random forest",
    meaning: "trtr with the same forest",
    source: "tstr_forest with the training rows in place of the synthetic ones",
    ..TRTR
};

/// The definition of `tstr_neighbours`.
pub const TSTR_NEIGHBOURS: Definition = Definition {
    id: "tstr_neighbours",
    name: "trained on synthetic, tested on real, nearest neighbours",
    meaning: "tstr with the 15 nearest neighbours",
    source: "tstr with smartcore's nearest neighbours, 15 of at most 5,000 rows, at the distance of mixed columns \
             (HEOM, doi:10.1613/jair.346)",
    ..TSTR
};

/// The definition of `trtr_neighbours`.
pub const TRTR_NEIGHBOURS: Definition = Definition {
    id: "trtr_neighbours",
    name: "trained on real, tested on real, nearest neighbours",
    meaning: "trtr with the same neighbours",
    source: "tstr_neighbours with the training rows in place of the synthetic ones",
    ..TRTR
};

/// The definition of `tstr_mean`.
pub const TSTR_MEAN: Definition = Definition {
    id: "tstr_mean",
    name: "trained on synthetic, tested on real, four learners",
    meaning: "mean of tstr, tstr_linear, tstr_forest and tstr_neighbours",
    source: "mean over the learners; interval from the mean influence of the holdout's rows",
    ..TSTR
};

/// The definition of `trtr_mean`.
pub const TRTR_MEAN: Definition = Definition {
    id: "trtr_mean",
    name: "trained on real, tested on real, four learners",
    meaning: "mean of trtr, trtr_linear, trtr_forest and trtr_neighbours: the real baseline",
    source: "tstr_mean with the training rows in place of the synthetic ones",
    ..TRTR
};

/// The definition of `tstr_mean_gap`.
pub const TSTR_MEAN_GAP: Definition = Definition {
    id: "tstr_mean_gap",
    name: "cost of training on synthetic rows, four learners",
    meaning: "trtr_mean minus tstr_mean: the cost of training on synthetic rows",
    source: "trtr_mean - tstr_mean; interval from the paired influence of the holdout's rows, averaged over the learners",
    ..TSTR_GAP
};

/// The learners: that of `tstr` first, the others in the order of their definitions.
const LEARNERS: [&dyn Learner; 4] = [&Trees, &Linear, &Forest, &Neighbours];

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
/// The least rows of a level that a learner is fitted on, where there are so many.
const MIN_OF_LEVEL: usize = 20;

/// All measures of use, from `tstr` to `tstr_mean_gap`, in the order of the registry, as the [module](self) describes them.
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

/// The rows of all three tables one below the other, and which of them have a target.
struct Trial {
    columns: Vec<Column>,
    train: Vec<usize>,
    synthetic: Vec<usize>,
    holdout: Vec<usize>,
    /// Whose those of the holdout are.
    units: Units,
    seed: u64,
}

/// The scores of one learner, trained on synthetic rows and on real ones.
type Scores = std::result::Result<[Score; 2], String>;

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
        Ok(Trial { columns: columns(&tables, &column_idxs), train, synthetic, holdout, units, seed })
    };
    if kind.is_levels() {
        let codes = joint_levels(&tables, target).codes.concat();
        of_levels(&trial(codes.iter().map(|code| *code != MISSING).collect())?, &codes)
    } else {
        let numbers: Vec<f64> = tables.iter().flat_map(|table| table.numbers(target)).collect();
        of_numbers(&trial(numbers.iter().map(|x| !x.is_nan()).collect())?, &numbers)
    }
}

impl Trial {
    /// What each learner makes of the holdout, trained on synthetic rows and on real ones: one vector for each of `targets`,
    /// which tell of any row what is to be learnt. `strata` are what a choice of rows keeps the shares of.
    fn scores(
        &self,
        target: Target,
        targets: &[&(dyn Fn(usize) -> f64 + Sync)],
        strata: &(dyn Fn(usize) -> u32 + Sync),
    ) -> Vec<std::result::Result<[Vec<Vec<f64>>; 2], String>> {
        let fit = |(learner, rows): (&dyn Learner, &Vec<usize>)| {
            let most = learner.most_rows(self.columns.len()).saturating_mul(5) / targets.len().max(5);
            let fitted = chosen(rows, strata, most, self.seed);
            let targets: Vec<Vec<f64>> = targets.iter().map(|of| fitted.iter().map(|&row| of(row)).collect()).collect();
            let (columns, tried) = (&self.columns, &self.holdout);
            scores(learner, &Task { columns, fitted: &fitted, tried, targets: &targets, target, seed: self.seed })
        };
        let fits: Vec<(&dyn Learner, &Vec<usize>)> =
            LEARNERS.iter().flat_map(|&learner| [&self.synthetic, &self.train].map(|rows| (learner, rows))).collect();
        let mut scores = fits.into_par_iter().map(fit).collect::<Vec<_>>().into_iter();
        let mut next = || scores.next().expect("two a learner");
        LEARNERS.iter().map(|_| (next(), next())).map(|(synthetic, train)| Ok([synthetic?, train?])).collect()
    }
}

/// At most `most` of `rows`, in their order, in which each stratum keeps its share, and at least [`MIN_OF_LEVEL`] rows.
///
/// As many rows of the same strata in the same places are chosen alike.
fn chosen(rows: &[usize], stratum: &dyn Fn(usize) -> u32, most: usize, seed: u64) -> Vec<usize> {
    if rows.len() <= most {
        return rows.to_vec();
    }
    let mut by_stratum: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    rows.iter().for_each(|&row| by_stratum.entry(stratum(row)).or_default().push(row));
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut kept = Vec::with_capacity(most);
    for rows_of in by_stratum.into_values() {
        let share = most as f64 * rows_of.len() as f64 / rows.len() as f64;
        let amount = (share.round() as usize).max(MIN_OF_LEVEL).min(rows_of.len());
        kept.extend(choose(rows_of.len(), amount, &mut rng).into_iter().map(|i| rows_of[i]));
    }
    kept.sort_unstable();
    kept
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
    let is_level = models.iter().map(|&level| move |row: usize| f64::from(u8::from(codes[row] == level)));
    let is_level: Vec<_> = is_level.collect();
    let targets: Vec<&(dyn Fn(usize) -> f64 + Sync)> = is_level.iter().map(|of| of as _).collect();
    let of_units = |score: Score| score.of_units(&trial.units);
    let of_level = |mut scores: Vec<Vec<f64>>| {
        if is_binary {
            scores.insert(0, scores[0].iter().map(|score| -score).collect());
        }
        scores
    };
    let scores = trial.scores(Target::Level, &targets, &|row| codes[row]);
    let scores: Vec<_> = scores.into_iter().map(|scores| scores.map(|scores| scores.map(of_level))).collect();
    let n = levels.iter().map(|&level| count(level).min(truth.len() - count(level))).min().unwrap_or(0);
    let n = n.min(trial.units.n_units());
    let [tstr_f1, trtr_f1] = [0, 1].map(|source| match &scores[0] {
        Ok(scores) => {
            let score = of_units(mean_f1(&truth, &likeliest(&levels, &scores[source]), &levels));
            measured(score.value, score.variance(), n, Interval::new(0.0, 1.0))
        }
        Err(reason) => Outcome::NotMeasured(reason.clone()),
    });
    let auc = |scores: [Vec<Vec<f64>>; 2]| scores.map(|of_level| of_units(mean_auc(&truth, &levels, &of_level)));
    let scores: Vec<Scores> = scores.into_iter().map(|scores| scores.map(auc)).collect();
    let of_score = |score: &Score| {
        Outcome::Measured(Estimate { value: score.value, uncertainty: Some(of_auc(score.value, score.variance(), n)) })
    };
    let of_gap = |real: &Score, synthetic: &Score| gap(real, synthetic, n, Interval::new(-1.0, 1.0));
    Ok(in_order(&scores, of_score, of_gap, [tstr_f1, trtr_f1]))
}

/// The level with the highest score in each row; the first of equally likely ones.
fn likeliest(levels: &[u32], of_level: &[Vec<f64>]) -> Vec<u32> {
    let of_row = |row: usize| {
        let better = |best: usize, i: usize| if of_level[i][row] > of_level[best][row] { i } else { best };
        levels[(0..levels.len()).reduce(better).expect("two levels at least")]
    };
    (0..of_level[0].len()).map(of_row).collect()
}

fn of_numbers(trial: &Trial, numbers: &[f64]) -> std::result::Result<Vec<Outcome>, String> {
    let truth: Vec<f64> = trial.holdout.iter().map(|&row| numbers[row]).collect();
    if truth.iter().all(|y| *y == truth[0]) {
        return Err("the holdout has a single value of the target".to_owned());
    }
    let r2 = |predicted: Vec<Vec<f64>>| explained(&truth, &predicted[0]).of_units(&trial.units);
    let scores = trial.scores(Target::Number, &[&|row| numbers[row]], &|_| 0);
    let scores: Vec<Scores> = scores.into_iter().map(|scores| scores.map(|scores| scores.map(r2))).collect();
    let (n, range) = (trial.units.n_units(), Interval::new(LEAST_R2, 1.0));
    let of_score = |score: &Score| measured(score.value, score.variance(), n, range);
    let of_gap =
        |real: &Score, synthetic: &Score| gap(real, synthetic, n, Interval::new(LEAST_R2 - 1.0, 1.0 - LEAST_R2));
    let no_f1 = || Outcome::NotMeasured("the target is a number".to_owned());
    Ok(in_order(&scores, of_score, of_gap, [no_f1(), no_f1()]))
}

/// The outcomes of all definitions of the [`FAMILY`], in their order, from the scores of all [`LEARNERS`].
fn in_order(
    scores: &[Scores],
    of_score: impl Fn(&Score) -> Outcome,
    of_gap: impl Fn(&Score, &Score) -> Outcome,
    f1: [Outcome; 2],
) -> Vec<Outcome> {
    let of = |scores: &Scores, outcome: &dyn Fn(&[Score; 2]) -> Outcome| match scores {
        Ok(scores) => outcome(scores),
        Err(reason) => Outcome::NotMeasured(reason.clone()),
    };
    let both = |scores: &Scores| [0, 1].map(|source| of(scores, &|scores| of_score(&scores[source])));
    let gap = |scores: &Scores| of(scores, &|[synthetic, real]| of_gap(real, synthetic));
    let mean = mean_of(scores);
    let (trees, others) = scores.split_first().expect("four learners");
    both(trees)
        .into_iter()
        .chain([gap(trees)])
        .chain(f1)
        .chain(others.iter().flat_map(both))
        .chain(both(&mean))
        .chain([gap(&mean)])
        .collect()
}

/// The mean over all learners, those below [`LEAST_R2`] at that; none if one of them has none.
fn mean_of(scores: &[Scores]) -> Scores {
    let known = |(scores, learner): (&Scores, &&dyn Learner)| match scores {
        Ok(_) => None,
        Err(reason) => Some(format!("no score of the {}: {reason}", learner.name())),
    };
    if let Some(reason) = scores.iter().zip(&LEARNERS).find_map(known) {
        return Err(reason);
    }
    let mean = |source: usize| {
        let of_source: Vec<&Score> = scores.iter().flatten().map(|scores| &scores[source]).collect();
        Score::mean(&of_source, LEAST_R2)
    };
    Ok([mean(0), mean(1)])
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_of_rows_keeps_every_levels_share() {
        // 2 % of the rows are of level 2, half a percent of level 3.
        let level = |row: usize| if row % 200 == 7 { 3 } else { u32::from(row.is_multiple_of(50)) + 1 };
        let rows: Vec<usize> = (0..20_000).collect();
        let kept = chosen(&rows, &level, 2_000, 5);
        let count = |wanted: u32| kept.iter().filter(|&&row| level(row) == wanted).count();
        assert_eq!([count(1), count(2), count(3)], [1_950, 40, 20]);
        assert!(kept.is_sorted_by(|a, b| a < b));
        assert_eq!(kept, chosen(&rows, &level, 2_000, 5));
        assert_ne!(kept, chosen(&rows, &level, 2_000, 6));
        assert_eq!(chosen(&rows[..30], &level, 2_000, 5), rows[..30]);
    }
}
