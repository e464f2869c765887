//! What is read off the attacks: areas under their curves, and the share of members found at a rate of false alarms.

use std::collections::{BTreeMap, BTreeSet};

use statrs::distribution::{Binomial, DiscreteCDF};

use super::attack::Attack;
use super::{MIN_OUTLIERS, Membership, SUREST};
use crate::estimate::{Estimate, Interval, Outcome};
use crate::roc::{clustered_variance, components};
use crate::sampling::interval::{clopper_pearson, in_both_forms, of_auc, of_auc_among, of_largest};

impl Membership {
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

    /// `mia_top_precision`: the share of members among the candidates that the attack fixed beforehand is surest of; of the
    /// [`SUREST`] parts the one whose lower bound is largest.
    pub fn top_precision(&self) -> Estimate {
        let mut appearances: BTreeMap<(usize, bool), f64> = BTreeMap::new();
        for (&row, &is_member) in self.row.iter().zip(&self.is_member) {
            *appearances.entry((row, is_member)).or_default() += 1.0;
        }
        // Members and non-members, each unit counted once: in all, and among the accused.
        let total = [self.n_members as f64, self.n_non_members as f64];
        let mut order: Vec<usize> = (0..self.calibrated.len()).collect();
        order.sort_by(|&a, &b| self.calibrated[b].total_cmp(&self.calibrated[a]));
        let tied: Vec<[f64; 2]> = (order.chunk_by(|&a, &b| self.calibrated[a] == self.calibrated[b]))
            .map(|tied| {
                let mut counts = [0.0; 2];
                for &i in tied {
                    counts[usize::from(!self.is_member[i])] += 1.0 / appearances[&(self.row[i], self.is_member[i])];
                }
                counts
            })
            .collect();
        let n = self.n_members.min(self.n_non_members);
        let surest = SUREST.map(|share| {
            let [members, others] = accused(&tied, total, share);
            let balanced = |share: f64| {
                let [of_members, of_others] = [share / total[0], (1.0 - share) / total[1]];
                of_members / (of_members + of_others)
            };
            let (n_accused, share) = (members + others, members / (members + others));
            let bounds = in_both_forms(SUREST.len(), n, |tail| {
                let Interval { low, high } = clopper_pearson(share, n_accused, tail);
                Interval::new(balanced(low), balanced(high))
            });
            (balanced(share), bounds)
        });
        let (value, _) = surest.iter().max_by(|a, b| a.1.one_sided.low.total_cmp(&b.1.one_sided.low)).expect("four");
        Estimate { value: *value, uncertainty: of_largest(&surest.map(|(_, bounds)| bounds)) }
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
                let low = clopper_pearson(least, n_members, tail / 2.0).low;
                let high = clopper_pearson(most, n_members, tail / 2.0).high;
                Interval::new(low.min(share), high.max(share))
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
    pub(super) fn auc_of(&self, scores: &[f64], among: impl Fn(usize) -> bool) -> Option<(f64, f64, usize)> {
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

/// How many of each side are among the first, of groups of candidates that are equally suspect: as many as make up the
/// share `share` of both sides, weighted alike. Of the last group a part is counted.
fn accused(tied: &[[f64; 2]], total: [f64; 2], share: f64) -> [f64; 2] {
    let mut counts = [0.0; 2];
    let mut left = share;
    for group in tied {
        let weight = (group[0] / total[0] + group[1] / total[1]) / 2.0;
        let part = (left / weight).min(1.0);
        (0..2).for_each(|side| counts[side] += part * group[side]);
        left -= part * weight;
        if left <= 1e-12 {
            break;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surest_are_counted_with_their_ties_and_weighted_alike() {
        // Ten members and five others; the first four suspects: a member, then two members and another, tied, then the rest.
        let tied = [[1.0, 0.0], [2.0, 1.0], [7.0, 4.0]];
        let check = |share: f64, expected: [f64; 2]| {
            let got = accused(&tied, [10.0, 5.0], share);
            assert!((0..2).all(|i| (got[i] - expected[i]).abs() < 1e-9), "{share}: {got:?}");
        };
        check(0.05, [1.0, 0.0]);
        check(0.15, [2.0, 0.5]); // half of the tied ones
        check(0.25, [3.0, 1.0]);
        check(1.0, [10.0, 5.0]);
    }
}
