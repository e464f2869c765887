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
//! **Several attacks.** `mia_auc` is this classifier alone. An attacker chooses among attacks, so [`Membership`] also has
//! the *maximum* over the classifier and attacks whose direction is fixed beforehand: the distance −d₁(S), the
//! calibrated distance d₁(R) − d₁(S), the density ratio log d₅(R) − log d₅(S) (nearest-neighbour estimates of
//! log p_S − log p_R up to a factor), and, where the caller has them, the generator's own losses, turned round
//! ([`Losses`]; that is the attack of somebody who holds the model). Scores are compared within an audit only, as ranks.
//! Each attack's interval is widened (Bonferroni) so that all hold together; then the largest bound bounds the maximum.
//! The largest *value* is too large on average, by about one standard error: judge by the bounds.
//!
//! - `mia_max_auc`: the largest AUC.
//! - `mia_tpr_at_1`, `mia_tpr_at_10`: the largest share of members found when 1 % or 10 % of non-members are accused
//!   falsely. The threshold is an order statistic of the non-members' scores, k-th of n with k = ⌊rate · (n + 1)⌋, which
//!   a further non-member passes with a probability of the rate at most. The bounds allow for both the members (Clopper
//!   and Pearson) and the threshold (the order statistics that surely accuse more, or fewer, than the rate).
//!   Departs from choosing the threshold on one half of the non-members and testing on the other: members alone are
//!   tested, so that no row is used twice and all non-members may set the threshold.
//! - `mia_outlier_auc`: the largest AUC on the [`OUTLIERS`] of candidates that are most isolated, by the mean distance to
//!   the five nearest rows of R: rare people are the first to be recognised (arXiv:2306.10308).
//!
//! Over 400 innocent worlds of the tests' clinic (`tests/leaks.rs`, as many rows in each of the three tables), and over as
//! many in which a tenth of the synthetic rows are slightly noisy copies, the one-sided 95 % lower bound is above the
//! ideal in:
//!
//! | measure | innocent, 200 rows | innocent, 600 rows | a tenth copied, 200 rows | a tenth copied, 600 rows |
//! |---|---|---|---|---|
//! | `mia_auc` | 5.5 % | 4.2 % | 53.8 % | 90.8 % |
//! | `mia_max_auc` | 2.5 % | 3.8 % | 50.2 % | 92.5 % |
//! | `mia_tpr_at_1` | 0.0 % | 0.0 % | 0.0 % | 99.2 % |
//! | `mia_tpr_at_10` | 0.0 % | 0.0 % | 44.0 % | 100.0 % |
//! | `mia_outlier_auc` | 0.0 % | 1.2 % | 0.0 % | 8.0 % |
//!
//! The maxima are on the safe side, since their attacks agree and Bonferroni's bound allows for their not doing so. Bounds
//! of a rate at 1 % need some 500 non-members to accuse, and outliers are too few in small tables.

use std::collections::{BTreeMap, BTreeSet};

use linfa::prelude::*;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2, Axis};
use rand::SeedableRng;
use rand::seq::{SliceRandom, index};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use statrs::distribution::{Binomial, DiscreteCDF};
use synth_core::{Kind, Table};

use crate::comparison::{check_columns, columns_of};
use crate::interval::{clopper_pearson, in_both_forms, of_auc, of_auc_among, of_largest};
use crate::neighbours::{embed, nearest};
use crate::report::{Estimate, Outcome};
use crate::roc::{clustered_variance, components};

/// The least number of different real rows on each side. Below it no interval is worth reporting.
pub const MIN_CANDIDATES: usize = 20;
/// The most candidates a side, over all audits together; a seeded choice of more. At 5,000 the AUC is known to ±0.01.
pub const MAX_CANDIDATES: usize = 5_000;
/// The most synthetic rows an audit looks at; a seeded choice of more, among which a copied row may be missing.
pub const MAX_SYNTHETIC: usize = 30_000;
/// The most reference rows an audit looks at; a seeded choice of more.
pub const MAX_SEARCHED: usize = 10_000;
/// The weight of the attack fixed beforehand, as a multiple of the fitted score's size under the null.
///
/// Measured with the simulation of `tests/null.rs`, 1,000 repetitions, 100 rows a side. The 95 % interval covers 0.5 in
/// 84 % of innocent audits at weight 0, 90 % at 1, 92 % at 2, 93 % at 3, 94 % at 4. A generator that copies a fifth of
/// its 150 rows is caught (lower bound above 0.5) in 90 % of audits at 0 and 92 to 94 % at 2 to 4; one that adds noise
/// to all of them has a mean AUC of .733 at 0 and .716 at 4.
pub const PRIOR_WEIGHT: f64 = 3.0;

/// The part of the candidates that count as outliers.
pub const OUTLIERS: f64 = 0.05;
/// The least number of different outliers on each side.
pub const MIN_OUTLIERS: usize = 10;

const N_FOLDS: usize = 5;
/// Added to distances before the logarithm: a hundredth of one mismatch, so that a copy is far, not infinitely far.
const OFFSET: f64 = 0.01;
const N_FEATURES: usize = 7;
/// The feature that is the prior attack.
const PRIOR_FEATURE: usize = 5;
/// The features that are attacks by themselves.
const DISTANCE_FEATURE: usize = 0;
const DENSITY_FEATURE: usize = 6;
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

/// What a generator's model says of an audit's rows: a loss each, smaller where the row is more like what it learnt.
#[derive(Debug, Clone, Copy)]
pub struct Losses<'a> {
    /// One a member row.
    pub members: &'a [f64],
    /// One a non-member row.
    pub non_members: &'a [f64],
}

/// `mia_auc`: the AUC of the classifier described in the [module](self), with its interval, between 0 and 1.
///
/// Which columns are learnt is told by the first audit's members. Sides of more than [`MAX_CANDIDATES`] rows, synthetic
/// tables of more than [`MAX_SYNTHETIC`] (with several audits, [`MAX_SEARCHED`]) and reference tables of more than
/// [`MAX_SEARCHED`] are thinned by a choice that `seed` decides, as it decides the folds. The result is
/// the same for any number of threads. The interval is DeLong's, clustered by id, on the logit scale.
///
/// Not measured, with the reason: without audits, with fewer than [`MIN_CANDIDATES`] different rows on a side, with
/// tables or ids that do not fit each other, or if the classifier cannot be fitted.
pub fn mia_auc(audits: &[Audit], seed: u64) -> Outcome {
    match Membership::new(audits, &[], seed) {
        Ok(membership) => Outcome::Measured(membership.auc()),
        Err(reason) => Outcome::NotMeasured(reason),
    }
}

/// The attacks of the [module](self), made: every measure of membership is read off here.
#[derive(Debug, Clone)]
pub struct Membership {
    is_member: Vec<bool>,
    /// The real row behind each candidate, counted from 0.
    row: Vec<usize>,
    n_rows: usize,
    is_outlier: Vec<bool>,
    classifier: Attack,
    others: Vec<Attack>,
    n_members: usize,
    n_non_members: usize,
}

#[derive(Debug, Clone)]
struct Attack {
    /// One a candidate, comparable with one another.
    scores: Vec<f64>,
    auc: f64,
    variance: f64,
}

impl Membership {
    /// Makes the attacks; `losses` are none, or one pair an audit, in their order.
    ///
    /// # Errors
    /// The reason, in words, where [`mia_auc`] is not measured, or if losses do not fit the audits or are not finite.
    pub fn new(audits: &[Audit], losses: &[Losses], seed: u64) -> Result<Self, String> {
        check(audits)?;
        check_losses(audits, losses)?;
        let mut candidates = Vec::new();
        for (audit_idx, audit) in audits.iter().enumerate() {
            candidates.extend(observe(audit, losses.get(audit_idx), audits.len(), seed, audit_idx));
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
        let classifier = classify(&candidates, seed)?;

        let ids: BTreeSet<usize> = candidates.iter().map(|c| c.id).collect();
        let position: BTreeMap<usize, usize> = ids.iter().enumerate().map(|(i, &id)| (id, i)).collect();
        let mut membership = Self {
            is_member: candidates.iter().map(|c| c.is_member).collect(),
            row: candidates.iter().map(|c| position[&c.id]).collect(),
            n_rows: ids.len(),
            is_outlier: outliers(&candidates),
            classifier,
            others: Vec::new(),
            n_members,
            n_non_members,
        };
        let distance = |c: &Candidate| c.features[DISTANCE_FEATURE];
        let calibrated = |c: &Candidate| c.calibrated;
        let density = |c: &Candidate| c.features[DENSITY_FEATURE];
        let loss = |c: &Candidate| -c.loss.unwrap_or(0.0);
        let mut attacks: Vec<&dyn Fn(&Candidate) -> f64> = vec![&distance, &calibrated, &density];
        if !losses.is_empty() {
            attacks.push(&loss);
        }
        for score in attacks {
            let scores = ranks_within_audits(&candidates, score);
            let (auc, variance, _) =
                membership.auc_of(&scores, |_| true).ok_or("members or non-members are missing")?;
            membership.others.push(Attack { scores, auc, variance });
        }
        Ok(membership)
    }

    fn attacks(&self) -> impl Iterator<Item = &Attack> {
        std::iter::once(&self.classifier).chain(&self.others)
    }

    fn n_attacks(&self) -> usize {
        1 + self.others.len()
    }

    /// `mia_auc`: the classifier's AUC.
    pub fn auc(&self) -> Estimate {
        let Attack { auc, variance, .. } = self.classifier;
        let uncertainty = of_auc(auc, variance, self.n_members.min(self.n_non_members));
        Estimate { value: auc.clamp(0.0, 1.0), uncertainty: Some(uncertainty) }
    }

    /// `mia_max_auc`: the largest AUC of all attacks.
    pub fn max_auc(&self) -> Estimate {
        let n = self.n_members.min(self.n_non_members);
        let aucs = self.attacks().map(|attack| (attack.auc.clamp(0.0, 1.0), attack.variance, n)).collect();
        self.largest_auc(aucs)
    }

    /// `mia_outlier_auc`: the largest AUC of all attacks on the most isolated candidates.
    ///
    /// Not measured with fewer than [`MIN_OUTLIERS`] different ones on a side.
    pub fn outlier_auc(&self) -> Outcome {
        let n_outliers = |is_member: bool| {
            let rows = (0..self.row.len()).filter(|&i| self.is_outlier[i] && self.is_member[i] == is_member);
            rows.map(|i| self.row[i]).collect::<BTreeSet<_>>().len()
        };
        let (n_members, n_non_members) = (n_outliers(true), n_outliers(false));
        if n_members.min(n_non_members) < MIN_OUTLIERS {
            return Outcome::NotMeasured(format!(
                "{n_members} members and {n_non_members} non-members are isolated: {MIN_OUTLIERS} of each are needed"
            ));
        }
        let aucs: Option<Vec<_>> =
            self.attacks().map(|attack| self.auc_of(&attack.scores, |i| self.is_outlier[i])).collect();
        match aucs {
            Some(aucs) => Outcome::Measured(self.largest_auc(aucs)),
            None => Outcome::NotMeasured("members or non-members are missing".to_owned()),
        }
    }

    /// `mia_tpr_at_1` and `mia_tpr_at_10`, with `rate` .01 and .1: the largest share of members found at a false
    /// positive rate of `rate`, over all attacks.
    ///
    /// Not measured where no score of a non-member marks so small a rate: 99 non-members are needed for 1 %.
    pub fn tpr_at(&self, rate: f64) -> Outcome {
        let n = self.n_non_members;
        let k = (rate * (n + 1) as f64 + 1e-9).floor() as usize;
        if k == 0 {
            let least = (1.0 / rate).round() as usize - 1;
            return Outcome::NotMeasured(format!("{n} non-members: at least {least} are needed"));
        }
        // A threshold at the k-th of n scores is passed by a share of non-members that is Beta(k, n + 1 - k): it is
        // above the rate as often as fewer than k of n draws of that rate succeed.
        let accused = Binomial::new(rate, n as u64).expect("a rate");
        let fewer = |k: usize| if k == 0 { 0.0 } else { accused.cdf(k as u64 - 1) };
        let places: Vec<usize> = (0..=n + 1).collect();
        let surely_more = |tail: f64| places.partition_point(|&k| fewer(k) < 1.0 - tail);
        let surely_fewer = |tail: f64| places.partition_point(|&k| fewer(k) <= tail) - 1;

        let mut value: f64 = 0.0;
        let mut bounds = Vec::new();
        for attack in self.attacks() {
            let of = |is_member: bool| -> Vec<f64> {
                let scores = attack.scores.iter().zip(&self.is_member);
                scores.filter(|(_, m)| **m == is_member).map(|(s, _)| *s).collect()
            };
            let (members, mut others) = (of(true), of(false));
            others.sort_unstable_by(|a, b| b.total_cmp(a));
            // With cross-fitting a non-member may appear more than once: places are those of as many rows as there are.
            let threshold = |k: usize| others[(k * others.len()).div_ceil(n).clamp(1, others.len()) - 1];
            let found = |above: &dyn Fn(f64) -> bool| {
                members.iter().filter(|s| above(**s)).count() as f64 / members.len() as f64
            };
            let share = found(&|score| score > threshold(k));
            value = value.max(share);
            bounds.push(in_both_forms(self.n_attacks(), self.n_members.min(n), |tail| {
                let (few, many) = (surely_fewer(tail / 2.0), surely_more(tail / 2.0));
                let least = if few == 0 { 0.0 } else { found(&|score| score > threshold(few)) };
                let most = if many > n { 1.0 } else { found(&|score| score >= threshold(many)) };
                let n_members = self.n_members as f64;
                let low = clopper_pearson(least, n_members, tail / 2.0)[0];
                let high = clopper_pearson(most, n_members, tail / 2.0)[1];
                [low.min(share), high.max(share)]
            }));
        }
        Outcome::Measured(Estimate { value, uncertainty: of_largest(&bounds) })
    }

    fn largest_auc(&self, aucs: Vec<(f64, f64, usize)>) -> Estimate {
        let value = aucs.iter().map(|(auc, ..)| *auc).fold(0.0, f64::max);
        let bounds: Vec<_> =
            aucs.into_iter().map(|(auc, variance, n)| of_auc_among(self.n_attacks(), auc, variance, n)).collect();
        Estimate { value, uncertainty: of_largest(&bounds) }
    }

    /// AUC, variance and the rows of the smaller side, on the candidates that are `among`; `None` if a side is empty.
    fn auc_of(&self, scores: &[f64], among: impl Fn(usize) -> bool) -> Option<(f64, f64, usize)> {
        let side = |is_member: bool| -> (Vec<f64>, Vec<usize>) {
            let kept = (0..scores.len()).filter(|&i| self.is_member[i] == is_member && among(i));
            kept.map(|i| (scores[i], self.row[i])).unzip()
        };
        let ((pos, pos_rows), (neg, neg_rows)) = (side(true), side(false));
        if pos.is_empty() || neg.is_empty() {
            return None;
        }
        let parts = components(&pos, &neg);
        let n_different = |rows: &[usize]| rows.iter().collect::<BTreeSet<_>>().len();
        Some((
            (parts.of_pos.iter().sum::<f64>() / pos.len() as f64).clamp(0.0, 1.0),
            clustered_variance(&parts, &pos_rows, &neg_rows, self.n_rows),
            n_different(&pos_rows).min(n_different(&neg_rows)),
        ))
    }
}

/// One appearance of a real row before one generator.
struct Candidate {
    id: usize,
    audit_idx: usize,
    is_member: bool,
    features: [f64; N_FEATURES],
    /// d₁(R) − d₁(S).
    calibrated: f64,
    /// The mean distance to the five nearest rows of R.
    isolation: f64,
    loss: Option<f64>,
}

/// Which candidates are among the most isolated of their audit.
fn outliers(candidates: &[Candidate]) -> Vec<bool> {
    let mut is_outlier = vec![false; candidates.len()];
    for mut group in by_audit(candidates) {
        group.sort_by(|&a, &b| candidates[b].isolation.total_cmp(&candidates[a].isolation));
        let n = (OUTLIERS * group.len() as f64).round() as usize;
        group[..n].iter().for_each(|&i| is_outlier[i] = true);
    }
    is_outlier
}

/// Each candidate's place among those of its audit, between 0 and 1, ties sharing the middle one.
fn ranks_within_audits(candidates: &[Candidate], score: &dyn Fn(&Candidate) -> f64) -> Vec<f64> {
    let mut ranks = vec![0.0; candidates.len()];
    for group in by_audit(candidates) {
        let scores: Vec<f64> = group.iter().map(|&i| score(&candidates[i]) + 0.0).collect(); // −0 is 0
        let mut sorted = scores.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        for (&i, &s) in group.iter().zip(&scores) {
            let (below, up_to) = (sorted.partition_point(|&o| o < s), sorted.partition_point(|&o| o <= s));
            ranks[i] = (below + up_to) as f64 / (2 * sorted.len()) as f64;
        }
    }
    ranks
}

fn by_audit(candidates: &[Candidate]) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    candidates.iter().enumerate().for_each(|(i, c)| groups.entry(c.audit_idx).or_default().push(i));
    groups.into_values().collect()
}

/// The cross-fitted classifier. Its scores are those of different fits, each brought to mean 0 and deviation 1.
fn classify(candidates: &[Candidate], seed: u64) -> Result<Attack, String> {
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

fn check_losses(audits: &[Audit], losses: &[Losses]) -> Result<(), String> {
    if losses.is_empty() {
        return Ok(());
    }
    if losses.len() != audits.len() {
        return Err(format!("{} audits with losses of {}", audits.len(), losses.len()));
    }
    for (audit, losses) in audits.iter().zip(losses) {
        for (name, rows, losses) in [
            ("member", audit.members.n_rows(), losses.members),
            ("non-member", audit.non_members.n_rows(), losses.non_members),
        ] {
            if rows != losses.len() {
                return Err(format!("{rows} {name} rows with {} losses", losses.len()));
            }
            if losses.iter().any(|loss| !loss.is_finite()) {
                return Err(format!("a {name}'s loss is not a finite number"));
            }
        }
    }
    Ok(())
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
fn observe(audit: &Audit, losses: Option<&Losses>, n_audits: usize, seed: u64, audit_idx: usize) -> Vec<Candidate> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(audit_idx as u64 + 1); // stream 0 makes the folds
    let most = MAX_CANDIDATES.div_ceil(n_audits);
    let mut kept = |table: &Table| -> Vec<usize> {
        if table.n_rows() <= most { (0..table.n_rows()).collect() } else { choose(table.n_rows(), most, &mut rng) }
    };
    let (member_rows, non_member_rows) = (kept(audit.members), kept(audit.non_members));
    let (members, non_members) = (audit.members.take(&member_rows), audit.non_members.take(&non_member_rows));
    let synthetic = thin(audit.synthetic, if n_audits == 1 { MAX_SYNTHETIC } else { MAX_SEARCHED }, &mut rng);
    let reference = audit.reference.map(|t| thin(t, MAX_SEARCHED, &mut rng));

    // Scaled by members and non-members together: by the members alone, the scale would know who they are.
    let mut tables = vec![&members, &non_members, &synthetic];
    tables.extend(&reference);
    let points = embed(&[&members, &non_members], &tables);
    let sides = [
        (&points[0], &member_rows, audit.member_ids, losses.map(|l| l.members)),
        (&points[1], &non_member_rows, audit.non_member_ids, losses.map(|l| l.non_members)),
    ];
    let mut candidates = Vec::with_capacity(member_rows.len() + non_member_rows.len());
    for (side_idx, (side, kept, ids, losses)) in sides.into_iter().enumerate() {
        let to_synthetic = nearest(side, &points[2], 5);
        // One more than needed: among its own side each row is its own nearest neighbour.
        let to_real: Vec<_> = [&points[0], &points[1]]
            .into_iter()
            .chain(points.get(3))
            .map(|pool| (std::ptr::eq(pool, side), nearest(side, pool, 6)))
            .collect();
        for (row, &kept) in kept.iter().enumerate() {
            let mut others: Vec<f64> = Vec::with_capacity(17);
            for (is_own, found) in &to_real {
                let neighbours = found.rows(row).iter().zip(found.distances(row));
                others.extend(neighbours.filter(|(r, _)| !(*is_own && **r == row)).map(|(_, d)| *d));
            }
            others.sort_unstable_by(f64::total_cmp);
            let nearest_five = &others[..others.len().min(5)];
            candidates.push(Candidate {
                id: ids[kept],
                audit_idx,
                is_member: side_idx == 0,
                features: features(to_synthetic.distances(row), &others),
                calibrated: others.first().copied().unwrap_or(0.0) - to_synthetic.distances(row)[0],
                isolation: nearest_five.iter().sum::<f64>() / nearest_five.len().max(1) as f64,
                loss: losses.map(|losses| losses[kept]),
            });
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

fn thin(table: &Table, most: usize, rng: &mut ChaCha8Rng) -> Table {
    if table.n_rows() <= most { table.clone() } else { table.take(&choose(table.n_rows(), most, rng)) }
}

/// `amount` of `n_rows` rows in ascending order, any set of them equally likely.
pub(crate) fn choose(n_rows: usize, amount: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut rows = index::sample(rng, n_rows, amount).into_vec();
    rows.sort_unstable();
    rows
}
