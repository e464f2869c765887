//! Membership inference: can an attacker who holds the synthetic table tell who was in the training table?
//!
//! The attack is a classifier of *members* (rows the generator learnt from) against *non-members* (real rows of the
//! same law it never saw), and the measure is its AUC: 0.5 if it can only guess, 1 if it always knows.
//!
//! **Features** of a candidate row, each turned so that larger means more like a member. With dₖ(S) the distance (see
//! [`neighbours`](crate::neighbours)) to the k-th nearest synthetic row, dₖ(R) to the k-th nearest *other* real row:
//! −log d₁(S), −log d₂(S), −log d₅(S), −d₁(S)/d₂(S), whether d₁(S) = 0, and, calibrated, log d₁(R) − log d₁(S) and
//! log d₅(R) − log d₅(S). Calibration tells "near because copied" from "near because everybody is near there"
//! (after DOMIAS, arXiv:2302.12580).
//!
//! **Why R must be blind to membership.** R is the same pool for every candidate: all candidates of the audit, members
//! and non-members alike, and the reference rows if there are any, less the candidate itself. Were R the training table,
//! a member would be missing from its own R and a non-member would not, and distances to R alone would tell them apart:
//! an AUC off 0.5 for a generator that leaks nothing. As it is, no feature depends on who is a member but through S,
//! so with an innocent generator members and non-members can be exchanged and the expected AUC is exactly 0.5.
//!
//! **Cross-fitting.** The candidates are split into folds, all appearances of one real row in the same fold, members and
//! non-members in equal proportions. A logistic classifier is fitted on four folds and scores the fifth.
//! The AUC is taken *within* each fold and averaged. Scores of different folds come from different classifiers and are
//! never compared: pooling them mixes their offsets into the ranks, which pulls the AUC away from its value (below 0.5
//! under the null, if the folds are not perfectly balanced). Averaging costs nothing to first order: the variance of an AUC is
//! proportional to 1/m + 1/n, and the mean over F folds has F of them, each F times larger, over F².
//!
//! **The prior attack.** Under the null a freely fitted classifier has a random direction, shared by all folds, since
//! any two training sets overlap. The folds' AUCs are then correlated although each is unbiased, and the variance of
//! their mean is about *twice* what DeLong's formula says, whatever the number of features (measured: a 95 % interval
//! covers 84 %, see [`PRIOR_WEIGHT`]). So the classifier is shrunk not to zero but to an attack whose direction is fixed beforehand,
//! the calibrated distance log d₁(R) − log d₁(S): that score is added to the fitted one with a weight of
//! [`PRIOR_WEIGHT`] times the size that the fitted score has by chance. Where there is nothing to learn, the ranks are
//! those of the fixed attack, to which DeLong's variance applies; where there is, the fitted part outgrows it.
//!
//! **What that gives**, over 2,000 innocent audits each (`tests/null.rs`; a holdout of as many rows as members, or
//! five generators over so many rows); the one-sided bounds should each be wrong in 5 %:
//!
//! | design | rows | mean AUC | interval covers 0.5 | upper bound below 0.5 | lower bound above 0.5 |
//! |---|---|---|---|---|---|
//! | holdout | 25 | 0.502 | 96.7 % | 3.9 % | 3.5 % |
//! | cross-fitted | 25 | 0.501 | 97.4 % | 2.5 % | 3.5 % |
//! | holdout | 100 | 0.501 | 94.0 % | 4.9 % | 6.0 % |
//! | cross-fitted | 100 | 0.501 | 95.5 % | 4.4 % | 4.7 % |
//! | holdout | 300 | 0.500 | 95.0 % | 5.7 % | 4.8 % |
//! | cross-fitted | 300 | 0.500 | 94.5 % | 5.7 % | 4.9 % |
//!
//! **Reading it.** The direction of the attack is fixed by cross-fitting and by the prior, never chosen after the fact.
//! An AUC far *below* 0.5 is therefore not excellence but an alarm: something in the audit (labels, splits, a synthetic
//! table made from the non-members) is the wrong way round.
//!
//! Left out on purpose: white-box attacks on the generator's loss, and rates at a fixed false positive rate.

use std::collections::{BTreeMap, BTreeSet};

use linfa::prelude::*;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2, Axis};
use rand::SeedableRng;
use rand::seq::{SliceRandom, index};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use synth_core::{Kind, Table};

use crate::comparison::{check_columns, columns_of};
use crate::interval::of_auc;
use crate::neighbours::{embed, nearest};
use crate::report::{Estimate, Outcome};
use crate::roc::{clustered_variance, components};

/// The least number of different real rows on each side. Below it no interval is worth reporting.
pub const MIN_CANDIDATES: usize = 20;
/// The most candidates a side, over all audits together; a seeded choice of more. At 5,000 the AUC is known to ±0.01.
pub const MAX_CANDIDATES: usize = 5_000;
/// The most synthetic and the most reference rows an audit looks at; a seeded choice of more.
pub const MAX_SEARCHED: usize = 10_000;
/// The weight of the attack fixed beforehand, as a multiple of the fitted score's size under the null.
///
/// Measured with the simulation of `tests/null.rs`, 1,000 repetitions, 100 rows a side. The 95 % interval covers 0.5 in
/// 84 % of innocent audits at weight 0, 90 % at 1, 92 % at 2, 93 % at 3, 94 % at 4. A generator that copies a fifth of
/// its 150 rows is caught (lower bound above 0.5) in 90 % of audits at 0 and 92 to 94 % at 2 to 4; one that adds noise
/// to all of them has a mean AUC of .733 at 0 and .716 at 4.
pub const PRIOR_WEIGHT: f64 = 3.0;

const N_FOLDS: usize = 5;
/// Added to distances before the logarithm: a hundredth of one mismatch, so that a copy is far, not infinitely far.
const OFFSET: f64 = 0.01;
const N_FEATURES: usize = 7;
/// The feature that is the prior attack.
const PRIOR_FEATURE: usize = 5;
/// The ridge on standardised features: a standard normal prior on the weights.
const RIDGE: f64 = 1.0;

/// One generator's synthetic table with real rows it did and did not learn from.
///
/// With a plain holdout there is one audit. With cross-fitting there is one for each of the K generators, its
/// non-members being the rows of the fold it was not shown. `member_ids` and `non_member_ids` name the real row behind
/// each row: the same id in several audits is the same real row, and counts as one observation of independent size.
#[derive(Debug, Clone, Copy)]
pub struct Audit<'a> {
    /// What the generator made.
    pub synthetic: &'a Table,
    /// Rows the generator learnt from.
    pub members: &'a Table,
    /// One id a member row.
    pub member_ids: &'a [usize],
    /// Rows of the same law it never saw.
    pub non_members: &'a Table,
    /// One id a non-member row.
    pub non_member_ids: &'a [usize],
    /// Further real rows, to calibrate distances with: neither among the members nor among the non-members above.
    pub reference: Option<&'a Table>,
}

/// `mia_auc`: the AUC of the attack described in the [module](self), with its interval, between 0 and 1.
///
/// Which columns are learnt is told by the first audit's members. Sides of more than [`MAX_CANDIDATES`] rows and tables
/// of more than [`MAX_SEARCHED`] are thinned by a choice that `seed` decides, as it decides the folds. The result is
/// the same for any number of threads. The interval is DeLong's, clustered by id, on the logit scale.
///
/// Not measured, with the reason: without audits, with fewer than [`MIN_CANDIDATES`] different rows on a side, with
/// tables or ids that do not fit each other, or if the classifier cannot be fitted.
pub fn mia_auc(audits: &[Audit], seed: u64) -> Outcome {
    match attack(audits, seed, PRIOR_WEIGHT) {
        Ok(estimate) => Outcome::Measured(estimate),
        Err(reason) => Outcome::NotMeasured(reason),
    }
}

/// One appearance of a real row before one generator.
struct Candidate {
    id: usize,
    is_member: bool,
    features: [f64; N_FEATURES],
}

fn attack(audits: &[Audit], seed: u64, prior_weight: f64) -> Result<Estimate, String> {
    check(audits)?;
    let mut candidates = Vec::new();
    for (audit_idx, audit) in audits.iter().enumerate() {
        candidates.extend(observe(audit, audits.len(), seed, audit_idx as u64));
    }
    let n_rows = |is_member: bool| {
        let ids: BTreeSet<usize> = candidates.iter().filter(|c| c.is_member == is_member).map(|c| c.id).collect();
        ids.len()
    };
    let (n_members, n_non_members) = (n_rows(true), n_rows(false));
    if n_members.min(n_non_members) < MIN_CANDIDATES {
        return Err(format!(
            "{n_members} members and {n_non_members} non-members: at least {MIN_CANDIDATES} of each are needed"
        ));
    }
    let folds = folds(&candidates, seed);
    let parts: Result<Vec<FoldAuc>, String> =
        (0..N_FOLDS).into_par_iter().map(|fold| attack_fold(&candidates, &folds, fold, prior_weight)).collect();
    let parts = parts?;
    let total: f64 = parts.iter().map(|part| part.weight).sum();
    let auc: f64 = parts.iter().map(|part| part.weight / total * part.auc).sum();
    let variance: f64 = parts.iter().map(|part| (part.weight / total).powi(2) * part.variance).sum();
    let uncertainty = of_auc(auc, variance, n_members.min(n_non_members));
    Ok(Estimate { value: auc.clamp(0.0, 1.0), uncertainty: Some(uncertainty) })
}

fn check(audits: &[Audit]) -> Result<(), String> {
    let Some(first) = audits.first() else {
        return Err("neither a holdout nor an audit was given".to_owned());
    };
    if columns_of(first.members, Kind::is_learnt).is_empty() {
        return Err("no column is learnt".to_owned());
    }
    for audit in audits {
        let tables = [("synthetic", Some(audit.synthetic)), ("members", Some(audit.members))];
        let more = [("non-members", Some(audit.non_members)), ("reference", audit.reference)];
        for (name, table) in tables.into_iter().chain(more) {
            if let Some(table) = table {
                check_columns(first.members, name, table).map_err(|e| e.to_string())?;
            }
        }
        if audit.synthetic.n_rows() == 0 {
            return Err("a synthetic table has no rows".to_owned());
        }
        for (name, table, ids) in
            [("member", audit.members, audit.member_ids), ("non-member", audit.non_members, audit.non_member_ids)]
        {
            if table.n_rows() != ids.len() {
                return Err(format!("{} {name} rows with {} ids", table.n_rows(), ids.len()));
            }
        }
        let all: BTreeSet<&usize> = audit.member_ids.iter().chain(audit.non_member_ids).collect();
        if all.len() != audit.member_ids.len() + audit.non_member_ids.len() {
            return Err("an id appears twice in one audit".to_owned());
        }
    }
    Ok(())
}

/// The features of an audit's candidates.
fn observe(audit: &Audit, n_audits: usize, seed: u64, audit_idx: u64) -> Vec<Candidate> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(audit_idx + 1); // stream 0 makes the folds
    let most = MAX_CANDIDATES.div_ceil(n_audits);
    let (members, member_ids) = thin_with_ids(audit.members, audit.member_ids, most, &mut rng);
    let (non_members, non_member_ids) = thin_with_ids(audit.non_members, audit.non_member_ids, most, &mut rng);
    let synthetic = thin(audit.synthetic, MAX_SEARCHED, &mut rng);
    let reference = audit.reference.map(|t| thin(t, MAX_SEARCHED, &mut rng));

    // Scaled by members and non-members together: by the members alone, the scale would know who they are.
    let mut tables = vec![&members, &non_members, &synthetic];
    tables.extend(&reference);
    let points = embed(&[&members, &non_members], &tables);
    let sides = [(&points[0], &member_ids, true), (&points[1], &non_member_ids, false)];
    let mut candidates = Vec::with_capacity(member_ids.len() + non_member_ids.len());
    for (side, ids, is_member) in sides {
        let to_synthetic = nearest(side, &points[2], 5);
        // One more than needed: among its own side each row is its own nearest neighbour.
        let to_real: Vec<_> = [&points[0], &points[1]]
            .into_iter()
            .chain(points.get(3))
            .map(|pool| (std::ptr::eq(pool, side), nearest(side, pool, 6)))
            .collect();
        for (row, &id) in ids.iter().enumerate() {
            let mut others: Vec<f64> = Vec::with_capacity(17);
            for (is_own, found) in &to_real {
                let neighbours = found.rows(row).iter().zip(found.distances(row));
                others.extend(neighbours.filter(|(r, _)| !(*is_own && **r == row)).map(|(_, d)| *d));
            }
            others.sort_unstable_by(f64::total_cmp);
            candidates.push(Candidate { id, is_member, features: features(to_synthetic.distances(row), &others) });
        }
    }
    candidates
}

/// Both lists ascend. Where there are fewer than k neighbours the last one stands for the k-th.
fn features(synthetic: &[f64], others: &[f64]) -> [f64; N_FEATURES] {
    let kth = |distances: &[f64], k: usize| distances.get(k - 1).or(distances.last()).copied().unwrap_or(0.0);
    let log = |d: f64| (d + OFFSET).ln();
    let (d1, d2, d5) = (kth(synthetic, 1), kth(synthetic, 2), kth(synthetic, 5));
    [
        -log(d1),
        -log(d2),
        -log(d5),
        -(d1 + OFFSET) / (d2 + OFFSET),
        f64::from(d1 == 0.0),
        log(kth(others, 1)) - log(d1),
        log(kth(others, 5)) - log(d5),
    ]
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

fn thin(table: &Table, most: usize, rng: &mut ChaCha8Rng) -> Table {
    if table.n_rows() <= most { table.clone() } else { table.take(&choose(table.n_rows(), most, rng)) }
}

fn thin_with_ids(table: &Table, ids: &[usize], most: usize, rng: &mut ChaCha8Rng) -> (Table, Vec<usize>) {
    if table.n_rows() <= most {
        return (table.clone(), ids.to_vec());
    }
    let rows = choose(table.n_rows(), most, rng);
    (table.take(&rows), rows.iter().map(|&row| ids[row]).collect())
}

/// `amount` of `n_rows` rows in ascending order, any set of them equally likely.
pub(crate) fn choose(n_rows: usize, amount: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut rows = index::sample(rng, n_rows, amount).into_vec();
    rows.sort_unstable();
    rows
}
