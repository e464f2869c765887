//! The area under the ROC curve: the probability that a random positive scores higher than a random negative.
//!
//! AUC = (1/mn) Σᵢ Σⱼ ψ(xᵢ, yⱼ), with ψ = 1 if xᵢ > yⱼ, ½ if they are equal and 0 otherwise, computed from mid-ranks.
//! Its variance comes from the structural components V10ᵢ (the share of negatives below positive i) and V01ⱼ (the share
//! of positives above negative j): DeLong et al. (1988), summed by cluster where a row appears more than once
//! (Obuchowski 1997).

use crate::error::{Error, Result};

/// The probability that a positive scores higher than a negative, ties counting half; between 0 and 1.
///
/// The direction is fixed: higher scores mean "positive". Scores that are all equal give 0.5.
///
/// # Errors
/// [`Error::EmptyColumn`] if either slice is empty, [`Error::NonFinite`] if a score is NaN (±∞ has a rank).
///
/// ```
/// # use synth_metrics::auc;
/// assert_eq!(auc(&[3.0, 2.0], &[1.0, 2.0])?, 0.875);
/// # Ok::<(), synth_metrics::Error>(())
/// ```
pub fn auc(scores_pos: &[f64], scores_neg: &[f64]) -> Result<f64> {
    if scores_pos.is_empty() || scores_neg.is_empty() {
        return Err(Error::EmptyColumn);
    }
    if scores_pos.iter().chain(scores_neg).any(|s| s.is_nan()) {
        return Err(Error::NonFinite);
    }
    Ok(mean(&components(scores_pos, scores_neg).of_pos))
}

/// DeLong's structural components.
pub(crate) struct Components {
    /// For each positive the share of negatives below it.
    pub(crate) of_pos: Vec<f64>,
    /// For each negative the share of positives above it.
    pub(crate) of_neg: Vec<f64>,
}

pub(crate) fn components(scores_pos: &[f64], scores_neg: &[f64]) -> Components {
    let sorted = |scores: &[f64]| {
        let mut scores: Vec<f64> = scores.iter().map(|s| s + 0.0).collect(); // −0 ties with 0
        scores.sort_unstable_by(f64::total_cmp);
        scores
    };
    let (pos, neg) = (sorted(scores_pos), sorted(scores_neg));
    // Below, plus half of the ties: a mid-rank among the others.
    let placed = |score: f64, others: &[f64]| {
        let (below, up_to) = (others.partition_point(|&o| o < score), others.partition_point(|&o| o <= score));
        (below + up_to) as f64 / (2 * others.len()) as f64
    };
    Components {
        of_pos: scores_pos.iter().map(|&s| placed(s, &neg)).collect(),
        of_neg: scores_neg.iter().map(|&s| 1.0 - placed(s, &pos)).collect(),
    }
}

/// The variance of an AUC whose observations come in clusters.
///
/// `components` in the order of the scores, `pos_clusters` and `neg_clusters` the cluster of each, as positions below
/// `n_clusters`. With one observation a cluster this is DeLong's variance. 0 if a side has a single cluster.
/// Source: Obuchowski (1997), eq. 4-6.
pub(crate) fn clustered_variance(
    components: &Components,
    pos_clusters: &[usize],
    neg_clusters: &[usize],
    n_clusters: usize,
) -> f64 {
    let theta = mean(&components.of_pos);
    let sums = |values: &[f64], clusters: &[usize]| {
        let mut sums: Vec<Option<f64>> = vec![None; n_clusters];
        for (value, &cluster) in values.iter().zip(clusters) {
            *sums[cluster].get_or_insert(0.0) += value - theta;
        }
        sums
    };
    let (pos, neg) = (sums(&components.of_pos, pos_clusters), sums(&components.of_neg, neg_clusters));
    let (m, n) = (pos_clusters.len() as f64, neg_clusters.len() as f64);
    let unbiased = |n_used: usize| if n_used > 1 { n_used as f64 / (n_used as f64 - 1.0) } else { 0.0 };
    let squares = |sums: &[Option<f64>], size: f64| {
        let used = sums.iter().flatten();
        unbiased(used.clone().count()) * used.map(|s| s * s).sum::<f64>() / (size * size)
    };
    let n_any = pos.iter().zip(&neg).filter(|(p, q)| p.is_some() || q.is_some()).count();
    let cross: f64 = pos.iter().zip(&neg).filter_map(|(p, q)| Some((*p)? * (*q)?)).sum();
    (squares(&pos, m) + squares(&neg, n) + 2.0 * unbiased(n_any) * cross / (m * n)).max(0.0)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auc_has_its_closed_form_values() {
        let check = |pos: &[f64], neg: &[f64], expected: f64| assert_eq!(auc(pos, neg).unwrap(), expected);
        check(&[2.0, 3.0], &[0.0, 1.0], 1.0);
        check(&[0.0], &[1.0, 2.0], 0.0);
        check(&[1.0, 1.0], &[1.0], 0.5);
        // The ties at 0 that vote shares are full of: roc_auc_score([0, 1, 0, 1], [0, 0, 1, 1]) == 0.5
        check(&[0.0, 1.0], &[-0.0, 1.0], 0.5);
        check(&[f64::INFINITY], &[1.0], 1.0);
        assert!(matches!(auc(&[], &[1.0]), Err(Error::EmptyColumn)));
        assert!(matches!(auc(&[f64::NAN], &[1.0]), Err(Error::NonFinite)));
    }

    #[test]
    fn one_observation_a_cluster_gives_delongs_variance() {
        // import numpy as np
        // x = np.array([.8,.6,.55,.9,.3]); y = np.array([.1,.4,.55,.2])
        // psi = (x[:,None] > y) + .5*(x[:,None] == y); v10 = psi.mean(1); v01 = psi.mean(0)
        // psi.mean(), v10.var(ddof=1)/5 + v01.var(ddof=1)/4
        let (x, y) = ([0.8, 0.6, 0.55, 0.9, 0.3], [0.1, 0.4, 0.55, 0.2]);
        let parts = components(&x, &y);
        assert!((mean(&parts.of_pos) - 0.875).abs() < 1e-12);
        assert!((mean(&parts.of_neg) - 0.875).abs() < 1e-12);
        let variance = clustered_variance(&parts, &[0, 1, 2, 3, 4], &[5, 6, 7, 8], 9);
        assert!((variance - 0.015).abs() < 1e-12, "{variance}");
    }

    #[test]
    fn observations_of_one_cluster_count_once() {
        // Every observation doubled within its cluster: as much is known as before.
        let (x, y) = ([0.8, 0.6, 0.55, 0.9, 0.3], [0.1, 0.4, 0.55, 0.2]);
        let twice = |values: &[f64]| values.iter().flat_map(|&v| [v, v]).collect::<Vec<_>>();
        let once = clustered_variance(&components(&x, &y), &[0, 1, 2, 3, 4], &[5, 6, 7, 8], 9);
        let parts = components(&twice(&x), &twice(&y));
        let doubled = clustered_variance(&parts, &[0, 0, 1, 1, 2, 2, 3, 3, 4, 4], &[5, 5, 6, 6, 7, 7, 8, 8], 9);
        assert!((once - doubled).abs() < 1e-12);
    }
}
