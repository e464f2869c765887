//! Pairs of columns cell by cell: the tables of counts behind contingency similarity and mutual information.
//!
//! Every learnt column becomes codes. Levels are codes already, a missing value being one. Numbers go into [`BINS`] bins
//! of equal width between the smallest and the largest *train* value, the first and the last open to the outside; a
//! missing number has a code of its own. The pairs of codes are counted in both tables, and from the counts come
//!
//! - the contingency similarity 1 − ½ Σ |p − q| over the cells,
//! - the normalised mutual information 2 I(X; Y) / (H(X) + H(Y)) of each table, whose difference is the error of the pair.
//!
//! Left out on purpose: adjustment for chance, and a logarithm's base, which cancels. So a small table shows some mutual
//! information between independent columns of many levels; and the overlap of two small tables falls short of 1 by what
//! chance puts into their cells: two samples of 600 rows of one law overlap by 0.85 to 0.9, and so do their permuted
//! columns. The overlap tells more of margins than of dependence; the information error tells of dependence alone.

use rayon::prelude::*;
use synth_core::Kind;

use crate::columns::{MISSING, joint_levels};
use crate::comparison::Comparison;
use crate::definition::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, Needs};
use crate::error::{Error, Result};
use crate::estimate::{Estimate, Measure, Outcome, between};
use crate::family::{Family, Intervals};
use crate::fidelity::per_pair::mean_over_pairs;

pub(crate) const FAMILY: Family = Family {
    definitions: &[CONTINGENCY_SIMILARITY, NMI_ERROR, NMI_ERROR_WEIGHTED],
    intervals: Intervals::BySubSampling,
    take: |taking| contingencies(taking.comparison).to_vec(),
};

/// The definition of `contingency_similarity`.
pub const CONTINGENCY_SIMILARITY: Definition = Definition {
    id: "contingency_similarity",
    name: "pairs of columns, mean overlap",
    meaning: "mean overlap of the pairs' shares, numbers in 10 bins",
    above: None,
    below: Some("the shares of pairs of values differ"),
    domain: Domain::Fidelity,
    goal: Goal::Higher,
    ideal: 1.0,
    range: between(0.0, 1.0),
    unit: "share",
    source: "ContingencySimilarity of SDMetrics 0.32.0 over all pairs of learnt columns: 1 - half the L1 distance of the pairs' \
             shares, numbers in 10 bins of equal width over the train range, a missing value apart",
    anchors: Anchors {
        copy: between(1.0, 1.0),
        fresh: between(0.82, 0.95),
        permuted: between(0.8, 0.92),
        shifted: between(0.2, 0.5),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// The definition of `nmi_error`.
pub const NMI_ERROR: Definition = Definition {
    id: "nmi_error",
    name: "mutual information, mean difference",
    meaning: "mean difference of the pairs' normalised mutual information",
    above: Some("associations between columns differ"),
    below: None,
    domain: Domain::Fidelity,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 1.0),
    unit: "share of entropy",
    source: "mean absolute difference of 2 I / (H + H) over all pairs of learnt columns, binned as contingency_similarity",
    anchors: Anchors {
        copy: between(0.0, 0.0),
        fresh: between(0.0, 0.02),
        permuted: between(0.03, 0.06),
        shifted: between(0.0, 0.02),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// The definition of `nmi_error_weighted`.
pub const NMI_ERROR_WEIGHTED: Definition = Definition {
    id: "nmi_error_weighted",
    name: "mutual information, weighted difference",
    meaning: "the same, weighted by the information",
    above: Some("strong associations between columns differ"),
    below: None,
    domain: Domain::Fidelity,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 1.0),
    unit: "share of entropy",
    source: "as nmi_error, each pair weighted by the sum of its two values (arXiv:2603.23016)",
    anchors: Anchors {
        copy: between(0.0, 0.0),
        fresh: between(0.0, 0.035),
        permuted: between(0.06, 0.12),
        shifted: between(0.0, 0.02),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// How many bins numbers are put in.
pub const BINS: usize = 10;

/// The overlap of two tables of counts: 1 when the shares of all pairs of codes agree, 0 when no pair is shared.
///
/// `real` and `synthetic` hold the codes of two columns each, one code a row. Source: `ContingencySimilarity` of
/// SDMetrics 0.32.0.
///
/// # Errors
/// [`Error::Lengths`] if the two columns of a table differ in length, [`Error::EmptyColumn`] if a table has no rows.
///
/// ```
/// # use synth_metrics::contingency_similarity_of;
/// let similarity = contingency_similarity_of([&[0, 0, 1, 1], &[0, 0, 1, 1]], [&[0, 0, 1, 1], &[0, 1, 0, 1]])?;
/// assert_eq!(similarity, 0.5);
/// # Ok::<(), synth_metrics::Error>(())
/// ```
pub fn contingency_similarity_of(real: [&[u32]; 2], synthetic: [&[u32]; 2]) -> Result<f64> {
    for [x, y] in [real, synthetic] {
        if x.len() != y.len() {
            return Err(Error::Lengths(x.len(), y.len()));
        }
        if x.is_empty() {
            return Err(Error::EmptyColumn);
        }
    }
    let [n_x, n_y] = [0, 1].map(|c| real[c].iter().chain(synthetic[c]).max().map_or(0, |&max| max as usize + 1));
    Ok(Cells::new([real, synthetic], n_x, n_y).similarity())
}

/// How much two columns of codes tell of each other: 2 I(X; Y) / (H(X) + H(Y)), 0 when independent, 1 when each fixes
/// the other; 0 if both are constant.
///
/// Source: normalised mutual information with the arithmetic mean, as `sklearn.metrics.normalized_mutual_info_score`,
/// from which two constants depart (1 there).
///
/// # Errors
/// [`Error::Lengths`] if the slices differ in length, [`Error::EmptyColumn`] if they are empty.
pub fn normalised_mutual_information(x: &[u32], y: &[u32]) -> Result<f64> {
    if x.len() != y.len() {
        return Err(Error::Lengths(x.len(), y.len()));
    }
    if x.is_empty() {
        return Err(Error::EmptyColumn);
    }
    let [n_x, n_y] = [x, y].map(|codes| codes.iter().max().map_or(0, |&max| max as usize + 1));
    Ok(Cells::new([[x, y], [x, y]], n_x, n_y).nmi(0))
}

/// `contingency_similarity`, `nmi_error` and `nmi_error_weighted` in one pass over the pairs of learnt columns.
///
/// The first is the mean of [`contingency_similarity_of`], the second the mean of the absolute difference of
/// [`normalised_mutual_information`], the third the same weighted by the sum of the two tables' values, so that pairs
/// without dependence do not dilute it (arXiv:2603.23016, whose code bins as here but gives synthetic numbers outside
/// the train range a bin of their own). Per column each reports the mean over the column's pairs. Not measured if fewer
/// than two columns are learnt; the weighted form also if no pair shows any mutual information.
pub fn contingencies(comparison: &Comparison) -> [Measure; 3] {
    let columns = comparison.columns(Kind::is_learnt);
    let coded: Vec<Coded> = columns.par_iter().map(|&c| code(comparison, c)).collect();
    let p = columns.len();
    let triangle: Vec<Vec<(f64, [f64; 2])>> = (0..p)
        .into_par_iter()
        .map(|i| {
            let of_pair = |j: usize| {
                let (a, b) = (&coded[i], &coded[j]);
                let codes = [0, 1].map(|t| [a.codes[t].as_slice(), b.codes[t].as_slice()]);
                let cells = Cells::new(codes, a.n_codes, b.n_codes);
                (cells.similarity(), [cells.nmi(0), cells.nmi(1)])
            };
            (i + 1..p).map(of_pair).collect()
        })
        .collect();
    let at = |i: usize, j: usize| triangle[i][j - i - 1];
    let error = |i: usize, j: usize| (at(i, j).1[0] - at(i, j).1[1]).abs();
    let none = "fewer than two columns are learnt";
    let similarity = mean_over_pairs(comparison, &CONTINGENCY_SIMILARITY, &columns, none, |i, j| Some(at(i, j).0));
    let plain = mean_over_pairs(comparison, &NMI_ERROR, &columns, none, |i, j| Some(error(i, j)));
    let (mut sum, mut weights) = (0.0, 0.0);
    for (i, j) in (0..p).flat_map(|i| (i + 1..p).map(move |j| (i, j))) {
        let weight: f64 = at(i, j).1.iter().sum();
        sum += weight * error(i, j);
        weights += weight;
    }
    let weighted = match (p, weights) {
        (0 | 1, _) => Outcome::NotMeasured(none.to_owned()),
        (_, 0.0) => Outcome::NotMeasured("no pair of columns shares information in either table".to_owned()),
        _ => Outcome::Measured(Estimate::exact(sum / weights)),
    };
    [similarity, plain, Measure::new(NMI_ERROR_WEIGHTED.id, weighted)]
}

/// `contingency_similarity` alone. See [`contingencies`].
pub fn contingency_similarity(comparison: &Comparison) -> Measure {
    let [similarity, ..] = contingencies(comparison);
    similarity
}

/// `nmi_error` alone. See [`contingencies`].
pub fn nmi_error(comparison: &Comparison) -> Measure {
    let [_, plain, _] = contingencies(comparison);
    plain
}

/// `nmi_error_weighted` alone. See [`contingencies`].
pub fn nmi_error_weighted(comparison: &Comparison) -> Measure {
    let [.., weighted] = contingencies(comparison);
    weighted
}

/// One column of both tables as codes.
struct Coded {
    codes: Vec<Vec<u32>>,
    n_codes: usize,
}

fn code(comparison: &Comparison, column_idx: usize) -> Coded {
    let tables = [comparison.train(), comparison.synthetic()];
    if !comparison.train().schema().fields[column_idx].kind.is_scale() {
        let joint = joint_levels(&tables, column_idx);
        return Coded { codes: joint.codes, n_codes: joint.n_codes };
    }
    let columns = tables.map(|table| table.numbers(column_idx));
    let edges = equal_width_edges(&columns[0]);
    let inner = &edges[1..BINS];
    let bin = |x: f64| if x.is_nan() { MISSING } else { 1 + inner.partition_point(|&edge| edge <= x) as u32 };
    Coded { codes: columns.map(|column| column.into_iter().map(bin).collect()).to_vec(), n_codes: BINS + 1 }
}

/// The edges of [`BINS`] bins of equal width over the values that are there, as `numpy.histogram_bin_edges` has them.
pub(crate) fn equal_width_edges(values: &[f64]) -> [f64; BINS + 1] {
    let present = values.iter().copied().filter(|x| !x.is_nan());
    let (mut low, mut high) = present.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
    if low > high {
        (low, high) = (0.0, 1.0);
    }
    if low == high {
        (low, high) = (low - 0.5, high + 0.5);
    }
    let width = high - low;
    let step = if width.is_finite() { width / BINS as f64 } else { high / BINS as f64 - low / BINS as f64 };
    std::array::from_fn(|i| if i == BINS { high } else { low + i as f64 * step })
}

/// The counts of the pairs of codes of two columns in two tables.
pub(crate) struct Cells {
    /// The pairs that occur, ascending, with their counts in each table.
    occupied: Vec<([u32; 2], [u32; 2])>,
    n_rows: [f64; 2],
    n_x: usize,
    n_y: usize,
}

impl Cells {
    /// `tables` holds two columns of codes each; the codes are below `n_x` and `n_y`.
    pub(crate) fn new(tables: [[&[u32]; 2]; 2], n_x: usize, n_y: usize) -> Self {
        let n_rows = tables.map(|[x, _]| x.len());
        let cells = |[x, y]: [&[u32]; 2]| -> Vec<u64> {
            x.iter().zip(y).map(|(&x, &y)| u64::from(x) * n_y as u64 + u64::from(y)).collect()
        };
        let name = |cell: u64| [(cell / n_y as u64) as u32, (cell % n_y as u64) as u32];
        // A full table of counts where it is small beside the rows, and at most 8 MB.
        let most = (4 * (n_rows[0] + n_rows[1]) + 1024).min(1 << 20);
        let occupied = if n_x.saturating_mul(n_y) <= most {
            let mut counts = vec![[0u32; 2]; n_x * n_y];
            for (table, [x, y]) in tables.into_iter().enumerate() {
                x.iter().zip(y).for_each(|(&x, &y)| counts[x as usize * n_y + y as usize][table] += 1);
            }
            let named = (0..).zip(counts).filter(|(_, counts)| *counts != [0, 0]);
            named.map(|(cell, counts)| (name(cell), counts)).collect()
        } else {
            let [mut a, mut b] = tables.map(cells);
            a.sort_unstable();
            b.sort_unstable();
            let (mut i, mut j, mut occupied) = (0, 0, Vec::new());
            while i < a.len() || j < b.len() {
                let cell = a.get(i).copied().unwrap_or(u64::MAX).min(b.get(j).copied().unwrap_or(u64::MAX));
                let in_a = a[i..].iter().take_while(|&&c| c == cell).count();
                let in_b = b[j..].iter().take_while(|&&c| c == cell).count();
                occupied.push((name(cell), [in_a as u32, in_b as u32]));
                (i, j) = (i + in_a, j + in_b);
            }
            occupied
        };
        Self { occupied, n_rows: n_rows.map(|n| n as f64), n_x, n_y }
    }

    /// 1 − ½ Σ |p − q|, in whole numbers until the end.
    pub(crate) fn similarity(&self) -> f64 {
        let [n, m] = self.n_rows.map(|n| n as u128);
        let gap = |&(_, [a, b]): &([u32; 2], [u32; 2])| (u128::from(a) * m).abs_diff(u128::from(b) * n);
        1.0 - self.occupied.iter().map(gap).sum::<u128>() as f64 / (2 * n * m) as f64
    }

    /// The normalised mutual information in one of the tables.
    fn nmi(&self, table: usize) -> f64 {
        let n = self.n_rows[table];
        let [of_x, of_y] = self.margins(table);
        let entropy = |margin: &[u32]| -> f64 {
            margin.iter().filter(|k| **k > 0).map(|&k| -(f64::from(k) / n) * (f64::from(k) / n).ln()).sum()
        };
        let (h_x, h_y) = (entropy(&of_x), entropy(&of_y));
        let shared = |&([x, y], counts): &([u32; 2], [u32; 2])| match f64::from(counts[table]) {
            0.0 => 0.0,
            k => k / n * (k * n / (f64::from(of_x[x as usize]) * f64::from(of_y[y as usize]))).ln(),
        };
        let information: f64 = self.occupied.iter().map(shared).sum();
        // What is rounding only is no information; without entropy there is none to share.
        if information < 1e-14 { 0.0 } else { (2.0 * information / (h_x + h_y)).min(1.0) }
    }

    /// Cramér's V of one of the tables, without any correction; `None` if a column has fewer than two codes there.
    pub(crate) fn plain_v(&self, table: usize) -> Option<f64> {
        let n = self.n_rows[table];
        let [of_x, of_y] = self.margins(table);
        let used = |margin: &[u32]| margin.iter().filter(|k| **k > 0).count();
        let smaller = used(&of_x).min(used(&of_y));
        let term = |&([x, y], counts): &([u32; 2], [u32; 2])| {
            f64::from(counts[table]).powi(2) / (f64::from(of_x[x as usize]) * f64::from(of_y[y as usize]))
        };
        let there = self.occupied.iter().filter(|(_, counts)| counts[table] > 0);
        let phi2 = (there.map(term).sum::<f64>() - 1.0).max(0.0);
        (smaller > 1 && n > 0.0).then(|| (phi2 / (smaller - 1) as f64).sqrt())
    }

    fn margins(&self, table: usize) -> [Vec<u32>; 2] {
        let (mut of_x, mut of_y) = (vec![0u32; self.n_x], vec![0u32; self.n_y]);
        for ([x, y], counts) in &self.occupied {
            of_x[*x as usize] += counts[table];
            of_y[*y as usize] += counts[table];
        }
        [of_x, of_y]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutual_information_agrees_with_scikit_learn() {
        // sklearn.metrics.normalized_mutual_info_score
        let check = |x: &[u32], y: &[u32], expected: f64| {
            let value = normalised_mutual_information(x, y).unwrap();
            assert!((value - expected).abs() < 1e-12, "{value} is not {expected}");
            assert!((normalised_mutual_information(y, x).unwrap() - value).abs() < 1e-14);
        };
        check(&[0, 0, 1, 1, 2, 2, 0, 1], &[0, 0, 1, 1, 1, 0, 1, 2], 0.314_749_052_507_133_5);
        check(&[0, 0, 1, 1], &[1, 1, 0, 0], 1.0);
        check(&[0, 0, 1, 1], &[0, 1, 0, 1], 0.0);
        check(&[3, 3], &[5, 5], 0.0);
    }

    #[test]
    fn many_codes_are_counted_as_few_are() {
        let x: Vec<u32> = (0..200).map(|i| i * 7 % 10).collect();
        let y: Vec<u32> = (0..200).map(|i| i * i % 97).collect();
        let codes = [[&x[..120], &y[..120]], [&x[120..], &y[120..]]];
        // Ten rows of 97 cells fit a full table of 200 rows, of a million they do not.
        let (dense, sparse) = (Cells::new(codes, 10, 97), Cells::new(codes, 10, 1 << 20));
        assert_eq!(dense.occupied, sparse.occupied);
        assert_eq!(dense.similarity(), sparse.similarity());
        assert_eq!(dense.nmi(1), sparse.nmi(1));
    }

    #[test]
    fn plain_v_agrees_with_scipy() {
        // scipy.stats.contingency.association([[2, 1, 0], [0, 2, 1], [1, 1, 0]], method="cramer")
        let (x, y) = ([0, 0, 0, 1, 1, 1, 2, 2], [0, 0, 1, 1, 1, 2, 0, 1]);
        let v = Cells::new([[&x, &y], [&x, &y]], 3, 3).plain_v(0).unwrap();
        assert!((v - 0.493_006_648_591_634_7).abs() < 1e-12, "{v}");
    }

    #[test]
    fn edges_are_those_of_numpy() {
        // numpy.histogram_bin_edges
        assert_eq!(
            equal_width_edges(&[f64::NAN]),
            [
                0.0,
                0.1,
                0.2,
                0.300_000_000_000_000_04,
                0.4,
                0.5,
                0.600_000_000_000_000_1,
                0.700_000_000_000_000_1,
                0.8,
                0.9,
                1.0
            ]
        );
        let [low, .., high] = equal_width_edges(&[3.0, f64::NAN, 3.0]);
        assert_eq!((low, high), (2.5, 3.5));
    }
}
