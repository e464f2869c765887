//! The cross-fitted classifier: a logistic regression on the candidates' distances, shrunk to the attack that is fixed
//! beforehand. Why the AUC is taken fold by fold, and why it is shrunk so: see the [module](super).

use std::collections::{BTreeMap, BTreeSet};

use linfa::prelude::*;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2, Axis};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::PRIOR_WEIGHT;
use super::candidates::{Candidate, N_FEATURES, PRIOR_FEATURE};
use crate::roc::{clustered_variance, components};

const N_FOLDS: usize = 5;
/// The ridge on standardised features: a standard normal prior on the weights.
const RIDGE: f64 = 1.0;

/// What an attack makes of the candidates.
#[derive(Debug, Clone)]
pub(super) struct Attack {
    /// One a candidate, comparable with one another.
    pub(super) scores: Vec<f64>,
    pub(super) auc: f64,
    pub(super) variance: f64,
}

/// The cross-fitted classifier. Its scores are those of different fits, each brought to mean 0 and deviation 1.
pub(super) fn classify(candidates: &[Candidate], seed: u64) -> Result<Attack, String> {
    let folds = folds(candidates, seed);
    let parts: Result<Vec<FoldAuc>, String> =
        (0..N_FOLDS).into_par_iter().map(|fold| attack_fold(candidates, &folds, fold, PRIOR_WEIGHT)).collect();
    let parts = parts?;
    let total: f64 = parts.iter().map(|part| part.weight).sum();
    let auc: f64 = parts.iter().map(|part| part.weight / total * part.auc).sum();
    let variance: f64 = parts.iter().map(|part| (part.weight / total).powi(2) * part.variance).sum();
    let mut scores = vec![0.0; candidates.len()];
    for (fold, part) in parts.iter().enumerate() {
        let n = part.scores.len() as f64;
        let mean = part.scores.iter().sum::<f64>() / n;
        let sd = (part.scores.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / n).sqrt();
        let own = (0..candidates.len()).filter(|&i| folds[i] == fold);
        own.zip(&part.scores).for_each(|(i, s)| scores[i] = if sd > 0.0 { (s - mean) / sd } else { 0.0 });
    }
    Ok(Attack { scores, auc, variance })
}

/// The fold of each candidate: rows of one id together, every fold with its share of each kind of row.
fn folds(candidates: &[Candidate], seed: u64) -> Vec<usize> {
    let mut appearances: BTreeMap<usize, [usize; 2]> = BTreeMap::new();
    for candidate in candidates {
        appearances.entry(candidate.id).or_default()[usize::from(candidate.is_member)] += 1;
    }
    // Rows that appear equally often on both sides are dealt out one by one, in random order.
    let mut ids: Vec<usize> = appearances.keys().copied().collect();
    ids.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    ids.sort_by_key(|id| appearances[id]);
    let fold: BTreeMap<usize, usize> = ids.iter().enumerate().map(|(i, &id)| (id, i % N_FOLDS)).collect();
    candidates.iter().map(|c| fold[&c.id]).collect()
}

struct FoldAuc {
    auc: f64,
    variance: f64,
    weight: f64,
    /// Of the fold's candidates, in their order.
    scores: Vec<f64>,
}

/// Fits the attack on all folds but one and measures it there.
fn attack_fold(candidates: &[Candidate], folds: &[usize], fold: usize, prior_weight: f64) -> Result<FoldAuc, String> {
    let part = |inside: bool| -> Vec<&Candidate> {
        candidates.iter().zip(folds).filter(|(_, f)| (**f == fold) == inside).map(|(c, _)| c).collect()
    };
    let (train, test) = (part(false), part(true));
    let scaling = Scaling::fit(&train);
    let weights = fit(&train, &scaling, prior_weight)?;
    let score =
        |c: &Candidate| -> f64 { scaling.apply(&c.features).iter().zip(&weights).map(|(x, w)| x * w).sum::<f64>() };
    let mut position: BTreeMap<usize, usize> = BTreeMap::new();
    for candidate in &test {
        let next = position.len();
        position.entry(candidate.id).or_insert(next);
    }
    let side = |is_member: bool| -> (Vec<f64>, Vec<usize>) {
        test.iter().filter(|c| c.is_member == is_member).map(|c| (score(c), position[&c.id])).unzip()
    };
    let ((pos, pos_clusters), (neg, neg_clusters)) = (side(true), side(false));
    if pos.is_empty() || neg.is_empty() {
        return Err("a fold has members or non-members only".to_owned());
    }
    let parts = components(&pos, &neg);
    let (m, n) = (pos.len() as f64, neg.len() as f64);
    Ok(FoldAuc {
        auc: parts.of_pos.iter().sum::<f64>() / m,
        variance: clustered_variance(&parts, &pos_clusters, &neg_clusters, position.len()),
        weight: m * n / (m + n), // known beforehand, so that it biases nothing
        scores: test.iter().map(|c| score(c)).collect(),
    })
}

/// The weights of the standardised features: fitted, plus the prior attack's.
fn fit(train: &[&Candidate], scaling: &Scaling, prior_weight: f64) -> Result<Vec<f64>, String> {
    let rows: Vec<f64> = train.iter().flat_map(|c| scaling.apply(&c.features)).collect();
    let x = Array2::from_shape_vec((train.len(), N_FEATURES), rows).expect("one row a candidate"); // (N, p)
    let y: Array1<bool> = train.iter().map(|c| c.is_member).collect();
    let model = LogisticRegression::default()
        .alpha(RIDGE)
        .max_iterations(200)
        .gradient_tolerance(1e-6 * train.len() as f64)
        .fit(&Dataset::new(x, y))
        .map_err(|error| format!("the attack could not be fitted: {error}"))?;
    // The crate calls the *majority* class positive, members or not.
    let direction = if model.labels().pos.class { 1.0 } else { -1.0 };
    let mut weights: Vec<f64> = model.params().iter().map(|w| direction * w).collect();
    if weights.iter().any(|w| !w.is_finite()) {
        return Err("the attack could not be fitted: its weights are not finite".to_owned());
    }
    // A weight fitted to noise has variance 1/m + 1/n, so p of them add up to a score of this size.
    let n_rows = |is_member: bool| {
        train.iter().filter(|c| c.is_member == is_member).map(|c| c.id).collect::<BTreeSet<_>>().len() as f64
    };
    let by_chance = (scaling.n_varying() as f64 * (1.0 / n_rows(true) + 1.0 / n_rows(false))).sqrt();
    weights[PRIOR_FEATURE] += prior_weight * by_chance;
    Ok(weights)
}

/// Mean and standard deviation of each feature on the training folds.
struct Scaling {
    mean: Array1<f64>,
    /// 0 for a feature that does not vary: it is left out.
    inverse_sd: Array1<f64>,
}

impl Scaling {
    fn fit(train: &[&Candidate]) -> Self {
        let rows: Vec<f64> = train.iter().flat_map(|c| c.features).collect();
        let x = Array2::from_shape_vec((train.len(), N_FEATURES), rows).expect("one row a candidate"); // (N, p)
        let mean = x.mean_axis(Axis(0)).expect("there are training rows");
        let inverse_sd = x.std_axis(Axis(0), 0.0).mapv(|sd| if sd > 1e-9 { 1.0 / sd } else { 0.0 });
        Self { mean, inverse_sd }
    }

    fn apply(&self, features: &[f64; N_FEATURES]) -> [f64; N_FEATURES] {
        std::array::from_fn(|i| (features[i] - self.mean[i]) * self.inverse_sd[i])
    }

    fn n_varying(&self) -> usize {
        self.inverse_sd.iter().filter(|s| **s > 0.0).count()
    }
}
