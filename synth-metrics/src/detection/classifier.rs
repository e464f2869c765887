//! Detection: can a classifier tell synthetic rows from real ones?
//!
//! The classifier two-sample test (C2ST; Lopez-Paz and Oquab, arXiv:1610.06545): a classifier is fitted to tell the two
//! apart, and the measure is its cross-validated AUC, 0.5 if it can only guess, 1 if it always knows. It sees whatever
//! the classifier can see, all columns together:
//!
//! - `c2st_logistic`, a ridge-penalised logistic regression on standardised numbers, missing indicators and levels: sees
//!   columns that are off, and is blind to dependence between them;
//! - `c2st_trees`, boosted regression trees: sees dependence as well.
//!
//! **Rows.** As many synthetic as training rows, at most [`MAX_SIDE`] a side (fewer with more than a hundred columns), a
//! seeded choice of more. At 10,000 a side an AUC near 0.5 is known to ±.011; at 1,000 to ±.036. The real rows are
//! those of the *training* table: a copy is undetectable, rightly so, and only the measures of privacy mind it.
//!
//! **Twins.** A synthetic row that equals a real one goes into the same fold as that one, pair by pair. Otherwise the
//! classifier would learn "real" from the one and be tested on the other, and a table of copies would have an AUC far
//! *below* 0.5. Near copies still have, and so has a table whose columns, one by one, are the training table's own: what
//! one fold has too much of, the others have too little of. An AUC below 0.5 by more than its interval is a sign that
//! training values were reused, not of excellence.
//!
//! **People with several rows.** A unit's real rows are in one fold, with their twins, and count as one in the interval.
//! Synthetic rows are units of their own.
//!
//! **Interval.** The AUC is taken within each fold and averaged; its variance is DeLong's, clustered by twins, *doubled*.
//! Any two fits share rows, so the folds' AUCs are correlated. For a score that adds up what each fitted row says of a new
//! one, the sum over folds is Σ yᵢyⱼk(xᵢ, xⱼ) over pairs of rows of different folds, each pair twice: under the null the
//! variance is twice the sum of the folds' own, for any number of folds. When there is much to see it is less, and the
//! interval too wide. Over 400 pairs of fresh tables (`tests/detection.rs`), the 95 % interval covers 0.5 in
//!
//! | rows a side | logistic | trees | logistic, variance not doubled | trees, not doubled |
//! |---|---|---|---|---|
//! | 100 | 97 % | 98 % | 84 % | 89 % |
//! | 300 | 96 % | 98 % | 84 % | 88 % |
//!
//! Left out on purpose: p-values, and accuracy, which depends on a threshold.

use ndarray::{Array1, Array2, Axis};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use synth_core::table::Units;

use crate::boosting::{Boosted, Task};
use crate::comparison::{Comparison, with_own_units};
use crate::definition::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, Needs};
use crate::estimate::{Estimate, Measure, Outcome, between};
use crate::family::{Family, Intervals};
use crate::features::{columns, dense, is_feature, ordinal, thinned};
use crate::logistic::Logistic;
use crate::roc::{clustered_variance, components};
use crate::sampling::interval::of_auc;

pub(crate) const FAMILY: Family = Family {
    definitions: &[C2ST_LOGISTIC, C2ST_TREES],
    intervals: Intervals::Own,
    take: |taking| c2st(taking.comparison, taking.options.seed),
};

/// The definition of `c2st_logistic`.
pub const C2ST_LOGISTIC: Definition = Definition {
    id: "c2st_logistic",
    name: "real or synthetic, by logistic regression",
    meaning: "AUC of a logistic regression of synthetic against training rows; blind to dependence",
    above: Some("a classifier can distinguish synthetic from real rows"),
    below: Some("the classifier is worse than guessing, so training values were reused"),
    domain: Domain::Fidelity,
    goal: Goal::Target,
    ideal: 0.5,
    range: between(0.0, 1.0),
    unit: "AUC",
    source: "classifier two-sample test (arXiv:1610.06545) with a ridge-penalised logistic regression: AUC over 3 \
             folds, equal rows in one fold, at most 10,000 rows a side; interval by DeLong (1988), its variance \
             doubled for the folds' overlap",
    // Blind to dependence: permuted columns look like the real ones, and so much so that the folds contradict each
    // other (what one has too much of, the others have too little of).
    anchors: Anchors {
        copy: between(0.5, 0.5),
        fresh: between(0.42, 0.58),
        permuted: between(0.3, 0.58),
        shifted: between(0.9, 1.0),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Bounds,
    battery: Battery::Full,
};

/// The definition of `c2st_trees`.
pub const C2ST_TREES: Definition = Definition {
    id: "c2st_trees",
    name: "real or synthetic, by boosted trees",
    meaning: "the same with boosted trees; sees dependence",
    above: Some("a classifier can distinguish synthetic from real rows"),
    below: Some("the classifier is worse than guessing, so training values were reused"),
    domain: Domain::Fidelity,
    goal: Goal::Target,
    ideal: 0.5,
    range: between(0.0, 1.0),
    unit: "AUC",
    source: "classifier two-sample test (arXiv:1610.06545) with boosted trees (100 of depth 6, rate .15): otherwise \
             as c2st_logistic",
    anchors: Anchors {
        copy: between(0.5, 0.5),
        fresh: between(0.42, 0.58),
        permuted: between(0.6, 1.0),
        shifted: between(0.9, 1.0),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Bounds,
    battery: Battery::Full,
};

/// The most rows a side.
pub const MAX_SIDE: usize = 10_000;
/// The least rows a side: below it, no interval is worth reporting.
pub const MIN_SIDE: usize = 20;
/// The most cells a side: with more than a hundred columns there are fewer rows, but never fewer than 500.
const MAX_CELLS: usize = 1_000_000;
const N_FOLDS: usize = 3;
/// The variance of a cross-validated AUC under the null, in those of its folds: see the [module](self).
const OVERLAP: f64 = 2.0;

/// `c2st_logistic`: the cross-validated AUC of a logistic regression of synthetic against training rows, between 0 and 1.
///
/// 0.5 where every column is constant, or the same. `seed` decides folds and which rows are looked at. Not measured with
/// fewer than [`MIN_SIDE`] rows a side, if every column is an identifier or free text, or if no weights can be fitted.
/// Source: arXiv:1610.06545, with an AUC for the accuracy.
pub fn c2st_logistic(comparison: &Comparison, seed: u64) -> Measure {
    take_one(comparison, seed, Classifier::Logistic)
}

/// `c2st_trees`: the cross-validated AUC of boosted trees that tell synthetic from training rows, between 0 and 1.
///
/// As [`c2st_logistic`] in all but the classifier.
pub fn c2st_trees(comparison: &Comparison, seed: u64) -> Measure {
    take_one(comparison, seed, Classifier::Trees)
}

/// Both measures, which share their rows and folds and run side by side.
fn c2st(comparison: &Comparison, seed: u64) -> Vec<Measure> {
    take(comparison, seed, &[Classifier::Logistic, Classifier::Trees])
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Classifier {
    Logistic,
    Trees,
}

impl Classifier {
    fn id(self) -> &'static str {
        match self {
            Classifier::Logistic => C2ST_LOGISTIC.id,
            Classifier::Trees => C2ST_TREES.id,
        }
    }
}

fn take_one(comparison: &Comparison, seed: u64, classifier: Classifier) -> Measure {
    take(comparison, seed, &[classifier]).pop().expect("one measure a classifier")
}

fn take(comparison: &Comparison, seed: u64, classifiers: &[Classifier]) -> Vec<Measure> {
    let aucs = Trial::new(comparison, seed).map(|trial| {
        let tasks = classifiers.iter().flat_map(|&classifier| (0..N_FOLDS).map(move |fold| (classifier, fold)));
        let tasks: Vec<(Classifier, usize)> = tasks.collect();
        let run = |&(classifier, fold): &(Classifier, usize)| trial.auc_of_fold(classifier, fold);
        let folds: Vec<Result<FoldAuc, String>> = tasks.par_iter().map(run).collect();
        let n = trial.n_units;
        folds.chunks(N_FOLDS).map(|folds| mean_of_folds(folds, n)).collect::<Vec<_>>()
    });
    let measure = |(i, classifier): (usize, &Classifier)| {
        let estimate = aucs.as_ref().map_err(Clone::clone).and_then(|aucs| aucs[i].clone());
        Measure::new(classifier.id(), estimate.map_or_else(Outcome::NotMeasured, Outcome::Measured))
    };
    classifiers.iter().enumerate().map(measure).collect()
}

/// The rows that are told apart: `n_side` real ones, then as many synthetic ones.
struct Trial {
    n_side: usize,
    /// Of the real rows.
    n_units: usize,
    ordinal: Vec<Vec<f64>>,
    dense: Array2<f64>,
    folds: Vec<usize>,
    clusters: Vec<usize>,
}

struct FoldAuc {
    auc: f64,
    variance: f64,
    weight: f64,
}

impl Trial {
    fn new(comparison: &Comparison, seed: u64) -> Result<Self, String> {
        let column_idxs = comparison.columns(is_feature);
        if column_idxs.is_empty() {
            return Err("every column is an identifier or free text".to_owned());
        }
        let (n_train, n_synthetic) = (comparison.train().n_rows(), comparison.synthetic().n_rows());
        let most = MAX_SIDE.min((MAX_CELLS / column_idxs.len()).max(500));
        let n_side = n_train.min(n_synthetic).min(most);
        if n_side < MIN_SIDE {
            return Err(format!(
                "{n_train} training and {n_synthetic} synthetic rows: at least {MIN_SIDE} of each are required"
            ));
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let real = thinned(&with_own_units(comparison.train()), n_side, &mut rng);
        let synthetic = thinned(comparison.synthetic(), n_side, &mut rng);
        let columns = columns(&[&real, &synthetic], &column_idxs);
        let ordinal = ordinal(&columns);
        let units = Units::of(&real);
        let clusters = by_unit(twins(&ordinal, n_side), &units);
        let folds = deal(&clusters, n_side, &mut rng);
        Ok(Self {
            n_side,
            n_units: units.n_units(),
            dense: dense(&columns, 2 * n_side, n_side),
            ordinal,
            folds,
            clusters,
        })
    }

    fn auc_of_fold(&self, classifier: Classifier, fold: usize) -> Result<FoldAuc, String> {
        let (test, train): (Vec<usize>, Vec<usize>) = (0..2 * self.n_side).partition(|&row| self.folds[row] == fold);
        let is_synthetic = |row: usize| row >= self.n_side;
        let scores = match classifier {
            Classifier::Logistic => self.logistic(&train, &test)?,
            Classifier::Trees => {
                let y: Vec<f64> = train.iter().map(|&row| f64::from(is_synthetic(row))).collect();
                Boosted::fit(&self.ordinal, &train, &y, Task::Classes)?.scores(&self.ordinal, &test)
            }
        };
        let side = |wanted: bool| -> (Vec<f64>, Vec<usize>) {
            let rows = test.iter().zip(&scores).filter(|(row, _)| is_synthetic(**row) == wanted);
            rows.map(|(&row, &score)| (score, self.clusters[row])).unzip()
        };
        let ((pos, pos_clusters), (neg, neg_clusters)) = (side(true), side(false));
        let parts = components(&pos, &neg);
        let (m, n) = (pos.len() as f64, neg.len() as f64);
        Ok(FoldAuc {
            auc: parts.of_pos.iter().sum::<f64>() / m,
            variance: clustered_variance(&parts, &pos_clusters, &neg_clusters, 2 * self.n_side),
            weight: m * n / (m + n),
        })
    }

    fn logistic(&self, train: &[usize], test: &[usize]) -> Result<Vec<f64>, String> {
        if self.dense.ncols() == 0 {
            return Ok(vec![0.0; test.len()]);
        }
        let y: Array1<bool> = train.iter().map(|&row| row >= self.n_side).collect();
        let model = Logistic::fit(self.dense.select(Axis(0), train), y)?;
        Ok(test.iter().map(|&row| model.log_odds(self.dense.row(row))).collect())
    }
}

fn mean_of_folds(folds: &[Result<FoldAuc, String>], n_side: usize) -> Result<Estimate, String> {
    let folds: Vec<&FoldAuc> =
        folds.iter().map(|fold| fold.as_ref().map_err(Clone::clone)).collect::<Result<_, _>>()?;
    let total: f64 = folds.iter().map(|fold| fold.weight).sum();
    let auc: f64 = folds.iter().map(|fold| fold.weight / total * fold.auc).sum();
    let variance: f64 = folds.iter().map(|fold| (fold.weight / total).powi(2) * fold.variance).sum();
    Ok(Estimate { value: auc.clamp(0.0, 1.0), uncertainty: Some(of_auc(auc, OVERLAP * variance, n_side)) })
}

/// The cluster of each row: a synthetic row shares that of a real row that equals it, one to one.
fn twins(columns: &[Vec<f64>], n_side: usize) -> Vec<usize> {
    let bits = |row: usize| columns.iter().map(move |column| column[row].to_bits());
    let mut rows: Vec<usize> = (0..2 * n_side).collect();
    rows.sort_unstable_by(|&a, &b| bits(a).cmp(bits(b)).then(a.cmp(&b)));
    let mut clusters: Vec<usize> = (0..2 * n_side).collect();
    for equal in rows.chunk_by(|&a, &b| bits(a).eq(bits(b))) {
        let (real, synthetic) = equal.split_at(equal.partition_point(|&row| row < n_side));
        real.iter().zip(synthetic).for_each(|(&real, &synthetic)| clusters[synthetic] = real);
    }
    clusters
}

/// Clusters that are joined where their real rows are of one unit, under the number of its first row.
fn by_unit(clusters: Vec<usize>, units: &Units) -> Vec<usize> {
    let n_side = units.n_rows();
    let mut first = vec![None; units.n_units()];
    let firsts: Vec<usize> = (0..n_side).map(|row| *first[units.of_row(row)].get_or_insert(row)).collect();
    clusters.into_iter().map(|cluster| firsts.get(cluster).copied().unwrap_or(cluster)).collect()
}

/// The fold of each row: pairs, real and synthetic rows without a twin each dealt out evenly, in random order.
fn deal(clusters: &[usize], n_side: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut has_twin = vec![false; n_side];
    clusters[n_side..].iter().filter(|&&cluster| cluster < n_side).for_each(|&real| has_twin[real] = true);
    let mut units: Vec<usize> = (0..2 * n_side).filter(|&row| clusters[row] == row).collect();
    units.shuffle(rng);
    units.sort_by_key(|&row| if row >= n_side { 2 } else { u8::from(has_twin[row]) });
    let mut fold = vec![0; 2 * n_side];
    units.iter().enumerate().for_each(|(i, &unit)| fold[unit] = i % N_FOLDS);
    clusters.iter().map(|&cluster| fold[cluster]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_twin_is_of_one_real_row_only() {
        // Real 1, 1, 2; synthetic 1, 2, 2: the last has no real row of its own left.
        let clusters = twins(&[vec![1.0, 1.0, 2.0, 1.0, 2.0, 2.0]], 3);
        assert_eq!(clusters, [0, 1, 2, 0, 2, 5]);
        let folds = deal(&clusters, 3, &mut ChaCha8Rng::seed_from_u64(0));
        assert_eq!((folds[0], folds[2]), (folds[3], folds[4]));
    }

    #[test]
    fn a_units_rows_are_in_one_fold_with_their_twins() {
        let clusters = twins(&[vec![1.0, 2.0, 3.0, 4.0, 3.0, 9.0, 8.0, 1.0]], 4);
        let units = Units::rows(2).take(&[0, 1, 0, 1]);
        let joined = by_unit(clusters.clone(), &units);
        assert_eq!(joined, [0, 1, 0, 1, 0, 5, 6, 0]);
        assert_eq!(by_unit(clusters.clone(), &Units::rows(4)), clusters);
        let folds = deal(&joined, 4, &mut ChaCha8Rng::seed_from_u64(3));
        assert!([2, 4, 7].iter().all(|&row| folds[row] == folds[0]) && folds[1] == folds[3]);
    }

    #[test]
    fn folds_are_as_large_on_both_sides() {
        let clusters: Vec<usize> = (0..200).collect();
        let folds = deal(&clusters, 100, &mut ChaCha8Rng::seed_from_u64(1));
        for side in [&folds[..100], &folds[100..]] {
            let sizes = [0, 1, 2].map(|fold| side.iter().filter(|f| **f == fold).count());
            assert!(sizes.iter().all(|size| [33, 34].contains(size)), "{sizes:?}");
        }
    }
}
