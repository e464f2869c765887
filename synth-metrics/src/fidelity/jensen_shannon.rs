//! Learnt columns of any kind one at a time: the Jensen-Shannon distance of the shares of levels, or of bins of numbers.

use synth_core::Kind;

use crate::columns::joint_levels;
use crate::comparison::Comparison;
use crate::definition::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, Needs};
use crate::error::{Error, Result};
use crate::estimate::{Measure, between};
use crate::family::{Family, Intervals, Taking};
use crate::fidelity::per_column::{mean_over, worst_of};

pub(crate) const FAMILY: Family =
    Family { definitions: &[JENSEN_SHANNON_MEAN, JENSEN_SHANNON_WORST], intervals: Intervals::BySubSampling, take };

/// The definition of `jensen_shannon_mean`.
pub const JENSEN_SHANNON_MEAN: Definition = Definition {
    id: "jensen_shannon_mean",
    name: "Jensen-Shannon distance, mean",
    meaning: "mean Jensen-Shannon distance (base 2) of the columns, numbers in 10 bins",
    above: Some("the columns' distributions differ"),
    below: None,
    domain: Domain::Fidelity,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 1.0),
    unit: "distance",
    source: "root of the Jensen-Shannon divergence in bits (Endres and Schindelin 2003): levels one by one, numbers in 10 bins of \
             equal shares of the train column, a missing value apart",
    anchors: Anchors {
        copy: between(0.0, 0.0),
        fresh: between(0.0, 0.1),
        permuted: between(0.0, 0.0),
        shifted: between(0.4, 0.6),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// The definition of `jensen_shannon_worst`.
pub const JENSEN_SHANNON_WORST: Definition = Definition {
    id: "jensen_shannon_worst",
    name: "Jensen-Shannon distance, worst column",
    meaning: "Jensen-Shannon distance of the worst column",
    above: Some("one column's distribution differs"),
    below: None,
    domain: Domain::Fidelity,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 1.0),
    unit: "distance",
    source: "the largest of jensen_shannon_mean's columns",
    anchors: Anchors {
        copy: between(0.0, 0.0),
        fresh: between(0.0, 0.16),
        permuted: between(0.0, 0.0),
        shifted: between(0.7, 0.95),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// The root of the Jensen-Shannon divergence of the level shares, in bits: 0 when they agree, 1 when no level is shared.
///
/// `real` and `synthetic` hold one code a row from one dictionary, as for [`total_variation`](crate::total_variation). The divergence is the
/// mean of the Kullback-Leibler divergences of the two to their middle, by the logarithm to base 2. Source: Endres and
/// Schindelin (2003), as `scipy.spatial.distance.jensenshannon(p, q, base=2)`.
///
/// # Errors
/// [`Error::EmptyColumn`] if either slice is empty.
///
/// ```
/// # use synth_metrics::jensen_shannon;
/// assert_eq!(jensen_shannon(&[0, 1], &[1, 0, 1, 0])?, 0.0);
/// assert_eq!(jensen_shannon(&[0, 0], &[1])?, 1.0);
/// # Ok::<(), synth_metrics::Error>(())
/// ```
pub fn jensen_shannon(real: &[u32], synthetic: &[u32]) -> Result<f64> {
    if real.is_empty() || synthetic.is_empty() {
        return Err(Error::EmptyColumn);
    }
    let n_codes = real.iter().chain(synthetic).max().map_or(0, |&max| max as usize + 1);
    let shares = |codes: &[u32]| {
        let mut counts = vec![0u64; n_codes];
        codes.iter().for_each(|&c| counts[c as usize] += 1);
        counts.into_iter().map(|count| count as f64 / codes.len() as f64).collect::<Vec<f64>>()
    };
    let to_middle = |p: f64, middle: f64| if p > 0.0 { p * (p / middle).log2() } else { 0.0 };
    let divergence: f64 = shares(real)
        .into_iter()
        .zip(shares(synthetic))
        .map(|(p, q)| (to_middle(p, (p + q) / 2.0) + to_middle(q, (p + q) / 2.0)) / 2.0)
        .sum();
    // What is rounding only has no root of its own.
    Ok(if divergence < 1e-15 { 0.0 } else { divergence.sqrt().min(1.0) })
}

/// How many bins [`jensen_shannon_mean`] puts numbers in.
pub const JENSEN_SHANNON_BINS: usize = 10;

/// `jensen_shannon_mean`: the mean of [`jensen_shannon`] over the learnt columns.
///
/// Levels count one by one. Numbers are put in [`JENSEN_SHANNON_BINS`] bins of equal shares of the train column, of
/// which ties make fewer; the first and the last reach as far as there are numbers. A missing value is a level, and a
/// bin, of its own. Not measured if no column is learnt. Two samples of n rows of one law are about √(9 / 2.77n) apart:
/// 0.07 at n = 600.
pub fn jensen_shannon_mean(comparison: &Comparison) -> Measure {
    let columns = comparison.columns(Kind::is_learnt);
    let tables = [comparison.train(), comparison.synthetic()];
    mean_over(comparison, &JENSEN_SHANNON_MEAN, &columns, "no column is learnt", |column_idx| {
        let codes = if comparison.train().schema().fields[column_idx].kind.is_scale() {
            equal_share_bins(tables.map(|table| table.numbers(column_idx)), JENSEN_SHANNON_BINS).to_vec()
        } else {
            joint_levels(&tables, column_idx).codes
        };
        jensen_shannon(&codes[0], &codes[1]).expect("a comparison has rows")
    })
}

/// The mean and its worst column.
fn take(taking: &Taking) -> Vec<Measure> {
    let mean = jensen_shannon_mean(taking.comparison);
    vec![worst_of(&mean, &JENSEN_SHANNON_WORST), mean]
}

/// The codes of two columns of numbers by bins of equal shares of the first; 0 is a missing value.
fn equal_share_bins(columns: [Vec<f64>; 2], n_bins: usize) -> [Vec<u32>; 2] {
    let mut sorted: Vec<f64> = columns[0].iter().copied().filter(|x| !x.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let inner = (1..n_bins).filter(|_| !sorted.is_empty()).map(|bin| sorted[bin * sorted.len() / n_bins]);
    let mut edges: Vec<f64> = inner.collect();
    edges.dedup();
    let code = |x: f64| if x.is_nan() { 0 } else { 1 + edges.partition_point(|&edge| edge <= x) as u32 };
    columns.map(|column| column.into_iter().map(code).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jensen_shannon_agrees_with_scipy() {
        // scipy.spatial.distance.jensenshannon([.5, .25, .25, 0], [.25, .25, 0, .5], base=2)
        let value = jensen_shannon(&[0, 0, 1, 2], &[0, 1, 3, 3]).unwrap();
        assert!((value - 0.636_897_999_863_060_1).abs() < 1e-12, "{value}");
    }

    #[test]
    fn bins_of_equal_shares_merge_where_values_are_tied() {
        let nan = f64::NAN;
        let [real, synthetic] = equal_share_bins([vec![0.0, 0.0, 0.0, 1.0, 2.0, nan], vec![-9.0, 0.5, 99.0, nan]], 5);
        assert_eq!(real, [2, 2, 2, 3, 4, 0]);
        assert_eq!(synthetic, [1, 2, 4, 0]);
    }
}
