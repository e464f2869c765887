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
//! **People with several rows.** A candidate is a *unit*, not a row: rows with one id are one candidate, whose features are the
//! means of its rows' (the statistic of user inference, Kandpal et al., arXiv:2310.09266), and whose other rows are no part
//! of R. A unit is a member or not as a whole, so that the exchange above holds, and counts once in every interval.
//!
//! **Cross-fitting.** The candidates are split into folds, all appearances of one unit in the same fold, members and
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
//! - `mia_top_precision`: who is accused first. Of the candidates with the largest calibrated distance log d₁(R) − log d₁(S),
//!   the attack that is fixed beforehand, the share that are members, for the surest 1, 2, 4 and 8 % ([`SUREST`]). A mean over
//!   all rows hides that a few are given away; they are at the top of this list. For an innocent generator each of them is
//!   a member or not by the toss of a coin, so that a dozen say more than any rate of false alarms does: its bounds need no
//!   threshold. Sides of unequal size are weighted alike, and the appearances of one unit on one side count as one.
//! - `mia_tpr_at_1`, `mia_tpr_at_10`: the largest share of members found when 1 % or 10 % of non-members are accused
//!   falsely. The threshold is an order statistic of the non-members' scores, k-th of n with k = ⌊rate · (n + 1)⌋, which
//!   a further non-member passes with a probability of the rate at most. The bounds allow for both the members (Clopper
//!   and Pearson) and the threshold (the order statistics that surely accuse more, or fewer, than the rate).
//!   Departs from choosing the threshold on one half of the non-members and testing on the other: members alone are
//!   tested, so that no row is used twice and all non-members may set the threshold.
//! - `mia_outlier_auc`: the largest AUC on the [`OUTLIERS`] of candidates that are most isolated, by the mean distance to
//!   the five nearest rows of R: rare people are the first to be recognised (arXiv:2306.10308). More are looked at where
//!   these are fewer than [`MIN_OUTLIERS`] on a side.
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
mod candidates;
mod rates;

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use synth_core::table::Units;

use crate::audit::{Audit, Losses};
use crate::definition::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, Needs, Unseen};
use crate::estimate::{Measure, Outcome, between};
use crate::family::{Family, Intervals, Taking};
use crate::sampling::choose;
use attack::{Attack, classify};
use candidates::{
    Candidate, DENSITY_FEATURE, DISTANCE_FEATURE, PRIOR_FEATURE, check, check_losses, observe, outliers,
    ranks_within_audits,
};

pub(crate) const FAMILY: Family = Family {
    definitions: &[MIA_AUC, MIA_MAX_AUC, MIA_TOP_PRECISION, MIA_TPR_AT_1, MIA_OUTLIER_AUC, MIA_TPR_AT_10],
    intervals: Intervals::Own,
    take,
};

/// The definition of `mia_auc`.
pub const MIA_AUC: Definition = Definition {
    id: "mia_auc",
    name: "membership inference, AUC",
    meaning: "AUC of an attack that distinguishes members from non-members",
    above: Some("an attacker can infer who is in the training table"),
    below: Some("the attack is worse than guessing, so the measurement or the split is in doubt"),
    domain: Domain::Privacy,
    goal: Goal::Target,
    ideal: 0.5,
    range: between(0.0, 1.0),
    unit: "AUC",
    source: "AUC of a cross-fitted logistic attack on nearest-neighbour distances, members against non-members; \
             interval by DeLong (1988), clustered by row (Obuchowski 1997)",
    anchors: Anchors {
        copy: between(0.99, 1.0),
        fresh: between(0.43, 0.57),
        permuted: between(0.43, 0.57),
        shifted: between(0.43, 0.57),
    },
    needs: Needs::unseen(Unseen::Rows(MIN_CANDIDATES)),
    judged_by: JudgedBy::Bounds,
    battery: Battery::Core,
};

/// The definition of `mia_max_auc`.
pub const MIA_MAX_AUC: Definition = Definition {
    id: "mia_max_auc",
    name: "membership inference, best of several attacks",
    meaning: "largest AUC of several attacks",
    above: Some("one of the attackers can infer who is in the training table"),
    below: Some("the attack is worse than guessing, so the measurement or the split is in doubt"),
    domain: Domain::Privacy,
    goal: Goal::Target,
    ideal: 0.5,
    range: between(0.0, 1.0),
    unit: "AUC",
    source: "largest AUC of the cross-fitted classifier, distance, calibrated distance (GAN-Leaks, \
             arXiv:1909.03935), nearest-neighbour density ratio (after DOMIAS, arXiv:2302.12580) and, if given, \
             the model's losses; simultaneous interval (Bonferroni)",
    anchors: Anchors {
        copy: between(0.99, 1.0),
        fresh: between(0.45, 0.6),
        permuted: between(0.42, 0.62),
        shifted: between(0.42, 0.62),
    },
    needs: Needs::unseen(Unseen::Rows(MIN_CANDIDATES)),
    judged_by: JudgedBy::Bounds,
    battery: Battery::Core,
};

/// The definition of `mia_top_precision`.
pub const MIA_TOP_PRECISION: Definition = Definition {
    id: "mia_top_precision",
    name: "members among the surest accusations",
    meaning: "share of members among the rows that an attacker is surest of",
    above: Some("those whom an attacker is surest of are in the training table"),
    below: Some("the attack is worse than guessing, so the measurement or the split is in doubt"),
    domain: Domain::Privacy,
    goal: Goal::Target,
    ideal: 0.5,
    range: between(0.0, 1.0),
    unit: "share",
    source: "share of members, weighted as if there were as many non-members, among the 1, 2, 4 and 8 % of candidates with the \
             largest calibrated distance log d(R) - log d(S): the share that is surest to be large; simultaneous bounds \
             (Clopper and Pearson 1934, Bonferroni)",
    anchors: Anchors {
        copy: between(0.97, 1.0),
        fresh: between(0.3, 0.7),
        permuted: between(0.3, 0.7),
        shifted: between(0.3, 0.7),
    },
    needs: Needs::unseen(Unseen::Rows(MIN_CANDIDATES)),
    judged_by: JudgedBy::Bounds,
    battery: Battery::Core,
};

/// The definition of `mia_tpr_at_1`.
pub const MIA_TPR_AT_1: Definition = Definition {
    id: "mia_tpr_at_1",
    name: "members found at 1 % false alarms",
    meaning: "largest share of members found at 1 % false alarms",
    above: Some("attackers find members with few false alarms"),
    below: None,
    domain: Domain::Privacy,
    goal: Goal::Lower,
    ideal: 0.01,
    range: between(0.0, 1.0),
    unit: "share",
    source: "largest share of members found over the attacks, 1 % of non-members being accused \
             (arXiv:2112.03570); bounds by Clopper and Pearson (1934), the threshold's own included",
    anchors: Anchors {
        copy: between(0.97, 1.0),
        fresh: between(0.0, 0.06),
        permuted: between(0.0, 0.06),
        shifted: between(0.0, 0.06),
    },
    needs: Needs::unseen(Unseen::Rows(99)),
    judged_by: JudgedBy::Bounds,
    battery: Battery::Core,
};

/// The definition of `mia_tpr_at_10`.
pub const MIA_TPR_AT_10: Definition = Definition {
    id: "mia_tpr_at_10",
    name: "members found at 10 % false alarms",
    meaning: "largest share of members found at 10 % false alarms",
    above: Some("attackers find members with few false alarms"),
    below: None,
    domain: Domain::Privacy,
    goal: Goal::Lower,
    ideal: 0.1,
    range: between(0.0, 1.0),
    unit: "share",
    source: "as mia_tpr_at_1, with 10 % of non-members accused",
    anchors: Anchors {
        copy: between(0.98, 1.0),
        fresh: between(0.03, 0.2),
        permuted: between(0.03, 0.2),
        shifted: between(0.03, 0.2),
    },
    needs: Needs::unseen(Unseen::Rows(MIN_CANDIDATES)),
    judged_by: JudgedBy::Bounds,
    battery: Battery::Full,
};

/// The definition of `mia_outlier_auc`.
pub const MIA_OUTLIER_AUC: Definition = Definition {
    id: "mia_outlier_auc",
    name: "membership inference on isolated rows",
    meaning: "largest AUC on the 5 % most isolated rows",
    above: Some("one of the attackers can infer who is in the training table"),
    below: Some("the attack is worse than guessing, so the measurement or the split is in doubt"),
    domain: Domain::Privacy,
    goal: Goal::Target,
    ideal: 0.5,
    range: between(0.0, 1.0),
    unit: "AUC",
    source: "largest AUC of the attacks on the 5 % of candidates farthest from their five nearest real rows \
             (after arXiv:2306.10308); simultaneous interval (Bonferroni)",
    anchors: Anchors {
        copy: between(0.97, 1.0),
        fresh: between(0.35, 0.8),
        permuted: between(0.3, 0.8),
        shifted: between(0.3, 0.8),
    },
    needs: Needs::unseen(Unseen::Rows(MIN_CANDIDATES)),
    judged_by: JudgedBy::Bounds,
    battery: Battery::Core,
};

/// The least number of different units on each side. Below it no interval is worth reporting.
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

/// The parts of the candidates that are accused first.
pub const SUREST: [f64; 4] = [0.01, 0.02, 0.04, 0.08];
/// The part of the candidates that count as outliers.
pub const OUTLIERS: f64 = 0.05;
/// The least number of different outliers on each side.
pub const MIN_OUTLIERS: usize = 10;

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

fn take(taking: &Taking) -> Vec<Measure> {
    let membership = membership(taking);
    let read = |definition: &Definition, value: &dyn Fn(&Membership) -> Outcome| {
        let outcome = membership.as_ref().map_or_else(|reason| Outcome::NotMeasured(reason.clone()), value);
        Measure::new(definition.id, outcome)
    };
    vec![
        read(&MIA_AUC, &|m| Outcome::Measured(m.auc())),
        read(&MIA_MAX_AUC, &|m| Outcome::Measured(m.max_auc())),
        read(&MIA_TOP_PRECISION, &|m| Outcome::Measured(m.top_precision())),
        read(&MIA_TPR_AT_1, &|m| m.tpr_at(0.01)),
        read(&MIA_OUTLIER_AUC, &Membership::outlier_auc),
        read(&MIA_TPR_AT_10, &|m| m.tpr_at(0.1)),
    ]
}

/// The attacks on the audits; without any, on one that a holdout makes.
fn membership(taking: &Taking) -> Result<Membership, String> {
    let Taking { comparison, options, .. } = taking;
    match comparison.holdout() {
        Some(holdout) if options.audits.is_empty() => {
            let train = comparison.train();
            let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
            rng.set_stream(u64::MAX); // the attack itself counts its streams from 0
            // As many members as non-members, counted by units.
            let (units, others) = (Units::of(train), Units::of(holdout));
            let mut is_chosen = vec![false; units.n_units()];
            let chosen = choose(units.n_units(), others.n_units().min(units.n_units()), &mut rng);
            chosen.into_iter().for_each(|unit| is_chosen[unit] = true);
            let is_member: Vec<bool> = (0..train.n_rows()).map(|row| is_chosen[units.of_row(row)]).collect();
            let member_rows: Vec<usize> = (0..train.n_rows()).filter(|&row| is_member[row]).collect();
            let member_ids: Vec<usize> = member_rows.iter().map(|&row| units.of_row(row)).collect();
            let non_member_ids: Vec<usize> =
                (0..holdout.n_rows()).map(|row| units.n_units() + others.of_row(row)).collect();
            let reference_rows: Vec<usize> = (0..train.n_rows()).filter(|&row| !is_member[row]).collect();
            let (members, reference) = (train.take(&member_rows), train.take(&reference_rows));
            let audit = Audit {
                synthetic: comparison.synthetic(),
                members: &members,
                member_ids: &member_ids,
                non_members: holdout,
                non_member_ids: &non_member_ids,
                reference: (!reference_rows.is_empty()).then_some(&reference),
            };
            let of_members: Option<Vec<f64>> = match options.losses.as_slice() {
                [] => None,
                [losses] if losses.members.len() == train.n_rows() => {
                    Some(member_rows.iter().map(|&row| losses.members[row]).collect())
                }
                _ => return Err("the losses do not fit train and holdout".to_owned()),
            };
            let losses = of_members.as_deref().map(|members| Losses { members, ..options.losses[0] });
            Membership::new(&[audit], losses.as_slice(), options.seed)
        }
        _ => Membership::new(&options.audits, &options.losses, options.seed),
    }
}

/// The attacks of the [module](self), made: every measure of membership is read off here.
#[derive(Debug, Clone)]
pub struct Membership {
    is_member: Vec<bool>,
    /// The unit behind each candidate, counted from 0.
    row: Vec<usize>,
    n_rows: usize,
    is_outlier: Vec<bool>,
    classifier: Attack,
    others: Vec<Attack>,
    /// What the attack fixed beforehand makes of each candidate, as ranks within its audit.
    calibrated: Vec<f64>,
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
                "{n_members} members and {n_non_members} non-members: at least {MIN_CANDIDATES} of each are required"
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
            calibrated: ranks_within_audits(&candidates, &|c| c.features[PRIOR_FEATURE]),
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
