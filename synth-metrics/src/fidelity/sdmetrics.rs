//! The scores of SDMetrics' reports, number for number, so that a figure can stand beside those that others publish.
//!
//! Version 0.32.0 of SDMetrics defines them: *Column Shapes* and *Column Pair Trends* of its `QualityReport`, and *Data
//! Validity* of its `DiagnosticReport`. They are complements: 1 is agreement. The kinds stand for its sdtypes: numbers
//! on a scale for `numerical`, dates for `datetime`, levels for `categorical`, `ordinal` and `boolean`, a constant for
//! `numerical` or `datetime` where it is stored so and for `categorical` where not. Identifiers, free text and columns
//! without any value take no part, there as here.
//!
//! What is odd there is odd here, and is why these are not the measures to be judged by:
//!
//! - shapes leave missing values out: a column that is missing too often loses nothing;
//! - trends cut numbers into ten bins of each table's *own* range, so a column that is moved as a whole loses nothing, and
//!   put a missing number into the bin of the largest one;
//! - a pair counts only if the train table's |r| exceeds [`CORRELATION_THRESHOLD`], or its uncorrected Cramér's V
//!   [`ASSOCIATION_THRESHOLD`], and a pair of numbers whose synthetic column is constant counts nowhere: a generator can
//!   escape by going constant.
//!
//! Departures: above 50,000 rows SDMetrics draws 50,000 for each contingency pair, anew and without a seed, where all
//! rows are counted here; and where it gives NaN nothing is measured here.

use rayon::prelude::*;
use synth_core::schema::Storage;
use synth_core::{Kind, Table};

use crate::columns::{joint_levels, present};
use crate::comparison::Comparison;
use crate::definition::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, Needs};
use crate::estimate::{ColumnValue, Estimate, Measure, Outcome, between};
use crate::family::{Family, Intervals, Taking};
use crate::fidelity::contingency::{BINS, Cells, equal_width_edges};
use crate::fidelity::ks::ks_statistic;
use crate::fidelity::per_pair::mean_over_pairs;
use crate::fidelity::validity::{mean_over, share_in_range, share_of_known_levels};
use crate::pearsons::Pearsons;

/// What two tables alone decide.
pub(crate) const SCORES: Family = Family {
    definitions: &[SDM_SHAPES, SDM_TRENDS, SDM_TRENDS_ALL],
    intervals: Intervals::BySubSampling,
    take: take_scores,
};

/// What has an interval of its own.
pub(crate) const VALIDITY: Family = Family {
    definitions: &[SDM_VALIDITY],
    intervals: Intervals::Own,
    take: |taking| vec![sdm_validity(taking.comparison)],
};

/// The definition of `sdm_shapes`.
pub const SDM_SHAPES: Definition = Definition {
    id: "sdm_shapes",
    name: "SDMetrics' Column Shapes",
    meaning: "Column Shapes of SDMetrics, number for number",
    above: None,
    below: Some("the columns' distributions differ"),
    domain: Domain::Fidelity,
    goal: Goal::Higher,
    ideal: 1.0,
    range: between(0.0, 1.0),
    unit: "score",
    source: "QualityReport of SDMetrics 0.32.0: mean KSComplement of numbers and dates and TVComplement of levels",
    anchors: Anchors {
        copy: between(1.0, 1.0),
        fresh: between(0.92, 1.0),
        permuted: between(1.0, 1.0),
        shifted: between(0.4, 0.65),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// The definition of `sdm_trends`.
pub const SDM_TRENDS: Definition = Definition {
    id: "sdm_trends",
    name: "SDMetrics' Column Pair Trends",
    meaning: "Column Pair Trends of SDMetrics, number for number",
    above: None,
    below: Some("associations between pairs of columns differ"),
    domain: Domain::Fidelity,
    goal: Goal::Higher,
    ideal: 1.0,
    range: between(0.0, 1.0),
    unit: "score",
    source: "QualityReport of SDMetrics 0.32.0, thresholds 0.5 and 0.3: mean CorrelationSimilarity (Pearson) and \
             ContingencySimilarity over the pairs that depend on each other in train; all rows, without its sub-sample",
    anchors: Anchors {
        copy: between(1.0, 1.0),
        fresh: between(0.75, 0.95),
        permuted: between(0.6, 0.85),
        shifted: between(0.3, 0.7),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// The definition of `sdm_trends_all`.
pub const SDM_TRENDS_ALL: Definition = Definition {
    id: "sdm_trends_all",
    name: "SDMetrics' pair trends without thresholds",
    meaning: "the same over all pairs, without thresholds, as in most papers",
    above: None,
    below: Some("associations between pairs of columns differ"),
    domain: Domain::Fidelity,
    goal: Goal::Higher,
    ideal: 1.0,
    range: between(0.0, 1.0),
    unit: "score",
    source: "sdm_trends over all pairs: SDMetrics before it had thresholds, and most papers",
    anchors: Anchors {
        copy: between(1.0, 1.0),
        fresh: between(0.85, 0.95),
        permuted: between(0.84, 0.93),
        shifted: between(0.7, 0.82),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// The definition of `sdm_validity`.
pub const SDM_VALIDITY: Definition = Definition {
    id: "sdm_validity",
    name: "SDMetrics' Data Validity",
    meaning: "Data Validity of SDMetrics, number for number",
    above: None,
    below: Some("cells have values that the real columns do not allow"),
    domain: Domain::Fidelity,
    goal: Goal::Higher,
    ideal: 1.0,
    range: between(0.0, 1.0),
    unit: "score",
    source: "DiagnosticReport of SDMetrics 0.32.0: mean BoundaryAdherence of numbers and dates and CategoryAdherence of levels; no keys",
    anchors: Anchors {
        copy: between(1.0, 1.0),
        fresh: between(0.98, 1.0),
        permuted: between(1.0, 1.0),
        shifted: between(0.9, 0.99),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// The |r| above which SDMetrics' report counts a pair of numbers.
pub const CORRELATION_THRESHOLD: f64 = 0.5;
/// The Cramér's V above which SDMetrics' report counts any other pair.
pub const ASSOCIATION_THRESHOLD: f64 = 0.3;

/// What SDMetrics adds to the count of a level that the real column lacks.
const REGULARISATION: f64 = 1e-6;
/// The decimals to which SDMetrics rounds numbers before it compares them.
const DECIMALS: i32 = 14;

/// `sdm_shapes`: SDMetrics' Column Shapes, the mean over the columns of `KSComplement` or `TVComplement`.
///
/// A column without a value in one of the tables is left out, as there. Not measured if none is left.
pub fn sdm_shapes(comparison: &Comparison) -> Measure {
    let columns = taking_part(comparison);
    let values: Vec<Option<f64>> = columns.par_iter().map(|&c| shape(comparison, c)).collect();
    let measured = columns
        .iter()
        .zip(values)
        .filter_map(|(&c, value)| Some(ColumnValue { column: comparison.name(c).to_owned(), value: value? }));
    mean_of(SDM_SHAPES.id, measured.collect(), "no column has values in both tables")
}

/// `sdm_trends`: SDMetrics' Column Pair Trends, the mean of `CorrelationSimilarity` and `ContingencySimilarity` over the
/// pairs that depend on each other in train, by the thresholds of its report.
///
/// Per column it is the mean over the column's pairs. Not measured if no pair reaches its threshold.
pub fn sdm_trends(comparison: &Comparison) -> Measure {
    let [strong, _] = trends(comparison);
    strong
}

/// `sdm_trends_all`: the same over all pairs, as SDMetrics had it before it knew thresholds, and as most
/// published tables have it.
pub fn sdm_trends_all(comparison: &Comparison) -> Measure {
    let [_, all] = trends(comparison);
    all
}

/// `sdm_trends` and `sdm_trends_all` in one pass.
pub fn trends(comparison: &Comparison) -> [Measure; 2] {
    trends_of(comparison, &Pearsons::new(comparison))
}

fn trends_of(comparison: &Comparison, pearsons: &Pearsons) -> [Measure; 2] {
    let columns = taking_part(comparison);
    let prepared: Vec<Column> = columns.par_iter().map(|&c| Column::new(comparison, c)).collect();
    let p = columns.len();
    let of_pair = |i: usize, j: usize| match prepared[i].is_continuous && prepared[j].is_continuous {
        true => trend_of_correlations(pearsons.of(columns[i], columns[j])),
        false => trend_of_codes(&prepared[i], &prepared[j]),
    };
    let triangle: Vec<Vec<[Option<f64>; 2]>> =
        (0..p).into_par_iter().map(|i| (i + 1..p).map(|j| of_pair(i, j)).collect()).collect();
    let at = |i: usize, j: usize| triangle[i][j - i - 1];
    let none = "no pair of columns depends on each other enough in train for SDMetrics to count it";
    let strong = mean_over_pairs(comparison, &SDM_TRENDS, &columns, none, |i, j| at(i, j)[0]);
    let none = "fewer than two columns vary together";
    [strong, mean_over_pairs(comparison, &SDM_TRENDS_ALL, &columns, none, |i, j| at(i, j)[1])]
}

/// `sdm_validity`: SDMetrics' Data Validity without keys, the mean over the columns of `BoundaryAdherence` or
/// `CategoryAdherence`, which [`range_validity`](crate::range_validity) and [`level_validity`](crate::level_validity)
/// keep apart.
///
/// Departs from it: primary keys are no part of a schema here, so `KeyUniqueness` does not count.
pub fn sdm_validity(comparison: &Comparison) -> Measure {
    let columns = taking_part(comparison);
    mean_over(comparison, &SDM_VALIDITY, &columns, "no column has values to be judged", |comparison, c| {
        match is_continuous(comparison, c) {
            true => share_in_range(comparison, c),
            false => share_of_known_levels(comparison, c),
        }
    })
}

fn take_scores(taking: &Taking) -> Vec<Measure> {
    let [strong, all] = trends_of(taking.comparison, taking.pearsons());
    vec![sdm_shapes(taking.comparison), strong, all]
}

/// The mean of one value per column.
fn mean_of(id: &str, columns: Vec<ColumnValue>, reason_if_none: &str) -> Measure {
    let outcome = if columns.is_empty() {
        Outcome::NotMeasured(reason_if_none.to_owned())
    } else {
        Outcome::Measured(Estimate::exact(columns.iter().map(|c| c.value).sum::<f64>() / columns.len() as f64))
    };
    Measure { id: id.to_owned(), outcome, columns }
}

fn taking_part(comparison: &Comparison) -> Vec<usize> {
    comparison.columns(|kind| kind.is_learnt() || kind == Kind::Constant)
}

fn is_continuous(comparison: &Comparison, column_idx: usize) -> bool {
    let field = &comparison.train().schema().fields[column_idx];
    let is_number = field.storage.is_number() || field.storage == Storage::Timestamp;
    field.kind.is_scale() || (field.kind == Kind::Constant && is_number)
}

fn shape(comparison: &Comparison, column_idx: usize) -> Option<f64> {
    if is_continuous(comparison, column_idx) {
        let rounded = |table: &Table| -> Vec<f64> { present(table, column_idx).into_iter().map(round).collect() };
        let distance = ks_statistic(&rounded(comparison.train()), &rounded(comparison.synthetic()));
        return Some(1.0 - distance.ok()?);
    }
    let joint = joint_levels(&[comparison.train(), comparison.synthetic()], column_idx);
    let [real, synthetic] = [0, 1].map(|table| {
        let mut counts = vec![0u64; joint.n_codes];
        joint.codes[table].iter().for_each(|&code| counts[code as usize] += 1);
        counts.split_off(1) // without the missing ones
    });
    let sum = |counts: &[u64]| counts.iter().sum::<u64>() as f64;
    if sum(&real) == 0.0 || sum(&synthetic) == 0.0 {
        return None;
    }
    let regular: Vec<f64> = real.iter().map(|&k| if k == 0 { REGULARISATION } else { k as f64 }).collect();
    let (n, m) = (regular.iter().sum::<f64>(), sum(&synthetic));
    let variation: f64 = regular.iter().zip(&synthetic).map(|(&k, &l)| (l as f64 / m - k / n).abs()).sum();
    Some(1.0 - variation / 2.0)
}

/// Rounded as there. From 90 on a number has no more than 14 decimals.
fn round(x: f64) -> f64 {
    let scale = 10f64.powi(DECIMALS);
    if x.abs() < 90.0 { (x * scale).round_ties_even() / scale } else { x }
}

/// A column as trends look at it, in both tables.
struct Column {
    is_continuous: bool,
    codes: [Vec<u32>; 2],
    n_codes: usize,
}

impl Column {
    fn new(comparison: &Comparison, column_idx: usize) -> Self {
        let tables = [comparison.train(), comparison.synthetic()];
        if !is_continuous(comparison, column_idx) {
            let joint = joint_levels(&tables, column_idx);
            let mut codes = joint.codes.into_iter();
            let codes = tables.map(|_| codes.next().expect("one column of codes a table"));
            return Self { is_continuous: false, codes, n_codes: joint.n_codes };
        }
        // `numpy.digitize` by the edges of the table's own histogram: 1 to 10 within, 11 for the largest value and NaN.
        let codes = tables.map(|table| {
            let numbers = table.numbers(column_idx);
            let edges = equal_width_edges(&numbers);
            let bin = |&x: &f64| if x.is_nan() { BINS as u32 + 1 } else { edges.partition_point(|&e| e <= x) as u32 };
            numbers.iter().map(bin).collect()
        });
        Self { is_continuous: true, codes, n_codes: BINS + 2 }
    }
}

/// The score of a pair of numbers where the threshold lets it count, and whatever it is.
fn trend_of_correlations(correlations: [Option<f64>; 2]) -> [Option<f64>; 2] {
    let [Some(real), Some(synthetic)] = correlations else { return [None, None] };
    let score = 1.0 - (real - synthetic).abs() / 2.0;
    [(real.abs() > CORRELATION_THRESHOLD).then_some(score), (real != 0.0).then_some(score)]
}

/// The same of a pair with levels.
fn trend_of_codes(a: &Column, b: &Column) -> [Option<f64>; 2] {
    let codes = [0, 1].map(|table| [a.codes[table].as_slice(), b.codes[table].as_slice()]);
    let cells = Cells::new(codes, a.n_codes, b.n_codes);
    let score = cells.similarity();
    let is_strong = cells.plain_v(0).is_some_and(|v| v > ASSOCIATION_THRESHOLD);
    [is_strong.then_some(score), Some(score)]
}
