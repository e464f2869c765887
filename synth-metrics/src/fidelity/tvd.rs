//! Levels one column at a time: the total variation distance ½ Σ |p − q| over the union of the levels.

use synth_core::Kind;

use crate::columns::joint_levels;
use crate::comparison::Comparison;
use crate::definition::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, Needs};
use crate::error::{Error, Result};
use crate::estimate::{Measure, between};
use crate::family::{Family, Intervals, Taking};
use crate::fidelity::per_column::{mean_over, worst_of};

pub(crate) const FAMILY: Family =
    Family { definitions: &[TVD_MEAN, TVD_WORST], intervals: Intervals::BySubSampling, take };

/// The definition of `tvd_mean`.
pub const TVD_MEAN: Definition = Definition {
    id: "tvd_mean",
    name: "total variation, mean over levels",
    meaning: "mean total variation distance of the columns of levels, constants among them",
    above: Some("level shares differ"),
    below: None,
    domain: Domain::Fidelity,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 1.0),
    unit: "distance",
    source: "half the L1 distance of the level shares, a missing value being a level",
    anchors: Anchors {
        copy: between(0.0, 0.0),
        fresh: between(0.0, 0.08),
        permuted: between(0.0, 0.0),
        shifted: between(0.15, 1.0),
    },
    needs: Needs::LEVELS,
    judged_by: JudgedBy::Value,
    battery: Battery::Core,
};

/// The definition of `tvd_worst`.
pub const TVD_WORST: Definition = Definition {
    id: "tvd_worst",
    name: "total variation, worst level",
    meaning: "total variation distance of the worst column of levels",
    above: Some("one column's level shares differ"),
    below: None,
    domain: Domain::Fidelity,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 1.0),
    unit: "distance",
    source: "the largest of tvd_mean's columns",
    anchors: Anchors {
        copy: between(0.0, 0.0),
        fresh: between(0.0, 0.12),
        permuted: between(0.0, 0.0),
        shifted: between(0.2, 1.0),
    },
    needs: Needs::LEVELS,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// Half the summed differences of the level shares: 0 when they agree, 1 when no level is shared.
///
/// `real` and `synthetic` hold one code a row from one dictionary; the codes have no order, and a missing value should
/// have a code of its own. The largest code decides how much memory is used. Source: total variation distance.
///
/// # Errors
/// [`Error::EmptyColumn`] if either slice is empty.
///
/// ```
/// # use synth_metrics::total_variation;
/// assert_eq!(total_variation(&[0, 0, 1, 1], &[0, 1, 1, 2])?, 0.25);
/// # Ok::<(), synth_metrics::Error>(())
/// ```
pub fn total_variation(real: &[u32], synthetic: &[u32]) -> Result<f64> {
    if real.is_empty() || synthetic.is_empty() {
        return Err(Error::EmptyColumn);
    }
    let n_codes = real.iter().chain(synthetic).max().map_or(0, |&max| max as usize + 1);
    let counts = |codes: &[u32]| {
        let mut counts = vec![0u64; n_codes];
        codes.iter().for_each(|&c| counts[c as usize] += 1);
        counts
    };
    // Whole numbers again: |a·m − b·n| summed without rounding.
    let (n, m) = (real.len() as u128, synthetic.len() as u128);
    let gaps = counts(real).into_iter().zip(counts(synthetic));
    let sum: u128 = gaps.map(|(a, b)| (u128::from(a) * m).abs_diff(u128::from(b) * n)).sum();
    Ok(sum as f64 / (2 * n * m) as f64)
}

/// `tvd_mean`: the mean of [`total_variation`] over the columns of levels, a missing value being a level of its own.
///
/// Constant and empty columns take part, as columns of one level: nobody learns them, but a synthetic table that fills
/// them with something else should not go unnoticed. Not measured if there are no such columns.
pub fn tvd_mean(comparison: &Comparison) -> Measure {
    let columns = comparison.columns(|kind| kind.is_levels() || matches!(kind, Kind::Constant | Kind::Empty));
    mean_over(comparison, &TVD_MEAN, &columns, "no categorical column", |column_idx| {
        let joint = joint_levels(&[comparison.train(), comparison.synthetic()], column_idx);
        total_variation(&joint.codes[0], &joint.codes[1]).expect("a comparison has rows")
    })
}

/// The mean and its worst column.
fn take(taking: &Taking) -> Vec<Measure> {
    let mean = tvd_mean(taking.comparison);
    vec![worst_of(&mean, &TVD_WORST), mean]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn total_variation_has_its_closed_form_values() {
        let check = |real: &[u32], synthetic: &[u32], expected: f64| {
            assert_eq!(total_variation(real, synthetic).unwrap(), expected, "{real:?} {synthetic:?}");
        };
        check(&[0, 1], &[1, 0], 0.0);
        check(&[0, 0], &[1], 1.0);
        check(&[0, 1, 2, 3], &[0, 1, 2, 2], 0.25);
        check(&[7], &[7, 7, 7], 0.0);
        assert!(matches!(total_variation(&[], &[1]), Err(Error::EmptyColumn)));
    }
}
