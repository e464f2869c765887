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

mod attack;
mod audit;
mod rates;

use std::collections::{BTreeMap, BTreeSet};

use synth_core::Table;

use crate::estimate::Outcome;
use attack::{Attack, classify};
pub(crate) use audit::choose;
use audit::{
    Candidate, DENSITY_FEATURE, DISTANCE_FEATURE, check, check_losses, observe, outliers, ranks_within_audits,
};

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
}
