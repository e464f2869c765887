//! Do the synthetic rows lie where the real ones lie, and the real ones where there are synthetic ones?
//!
//! Alpha-precision asks the first, beta-recall the second (Alaa, van Breugel, Saveliev and van der Schaar 2022,
//! arXiv:2102.08921), both in the form that synthcity's `eval_statistical` made customary. Rows become points:
//!
//! - a number counts in standard deviations of the train column, from its mean; a missing one is put at the mean and
//!   differs from one that is not as two levels do;
//! - two levels are 1 apart (one-hot, divided by √2); a missing value is a level.
//!
//! The distance of two points is the Euclidean one. With α in 30 equal steps from 0 to 1, and Δ the step:
//!
//! - the α-support of the real rows is the ball about their mean that holds the share α of them. P(α) is the share of
//!   synthetic rows in it, and *alpha-precision* is 1 − 2 Δ Σ |α − P(α)|: do the synthetic rows lie as far from the real
//!   centre as the real ones?
//! - a real row is *covered* if its nearest synthetic row is at least as near as its nearest other real row. R(β) is the
//!   share of real rows that are covered by a row in the β-support (of those nearest rows, about the synthetic mean), and
//!   *beta-recall* is 1 − 2 Δ Σ |β − R(β)|.
//!
//! A fresh sample of the same law and size covers about half of the real rows, so **its beta-recall is about 0.48
//! (1 − 15 / 29) and not 1**; more is a sign of rows that sit too near to train rows, and a copy gets 1. Alpha-precision looks at
//! distances to one point only, and a table with every column drawn alone can come near 1.
//!
//! Alpha-precision uses all rows. Beta-recall needs nearest neighbours, each row against each, and so takes a seeded
//! sample of as many train as synthetic rows, at most [`MOST_ROWS`]: its standard error is then about 0.01. Left out on
//! purpose: the embedding by a network that the paper also offers, and authenticity, which is about privacy.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use synth_core::table::Units;
use synth_core::{Kind, Table};

use crate::columns::joint_levels;
use crate::comparison::{Comparison, with_own_units};
use crate::definition::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, Needs};
use crate::estimate::{Estimate, Interval, Measure, Outcome, between};
use crate::family::{Family, Intervals};
use crate::sampling::choose;
use crate::sampling::interval::of_rows;
use crate::search::{self, Search};

/// What two tables alone decide.
pub(crate) const ALPHA: Family = Family {
    definitions: &[ALPHA_PRECISION],
    intervals: Intervals::BySubSampling,
    take: |taking| vec![alpha_precision(taking.comparison)],
};

/// What looks at a choice of rows.
pub(crate) const BETA: Family = Family {
    definitions: &[BETA_RECALL],
    intervals: Intervals::Own,
    take: |taking| vec![beta_recall(taking.comparison, taking.options.seed)],
};

/// The definition of `alpha_precision`.
pub const ALPHA_PRECISION: Definition = Definition {
    id: "alpha_precision",
    name: "alpha-precision",
    meaning: "how well the rows' distances from the real centre agree with those of real rows",
    above: None,
    below: Some("distances from the real centre differ"),
    domain: Domain::Fidelity,
    goal: Goal::Higher,
    ideal: 1.0,
    range: between(0.0, 1.0),
    unit: "score",
    source: "Alaa et al. 2022 (arXiv:2102.08921) in synthcity's form with 30 alphas, on standardised numbers and one-hot levels",
    anchors: Anchors {
        copy: between(0.98, 1.0),
        fresh: between(0.94, 1.0),
        permuted: between(0.9, 1.0),
        shifted: between(0.0, 0.4),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// The definition of `beta_recall`.
pub const BETA_RECALL: Definition = Definition {
    id: "beta_recall",
    name: "beta-recall",
    meaning: "share of real rows with a synthetic row as close as another real row: 0.48 in a fresh sample, 1 in a copy",
    above: Some("rows are closer to training rows than those of a fresh sample"),
    below: Some("parts of the real table are not covered"),
    domain: Domain::Fidelity,
    goal: Goal::Target,
    ideal: 0.48,
    range: between(0.0, 1.0),
    unit: "score",
    source: "Alaa et al. 2022 (arXiv:2102.08921) in synthcity's form with 30 betas, on at most 2,000 rows a side: a fresh sample gets \
             about 0.48, a copy 1",
    anchors: Anchors {
        copy: between(0.95, 1.0),
        fresh: between(0.42, 0.56),
        permuted: between(0.15, 0.42),
        shifted: between(0.0, 0.15),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Bounds,
    battery: Battery::Full,
};

/// How many rows of each table beta-recall looks at, at most.
pub const MOST_ROWS: usize = 2_000;
/// How many values α and β take, 0 and 1 among them.
const N_STEPS: usize = 30;
/// Columns that alpha-precision holds at a time.
const COLUMNS_AT_ONCE: usize = 4;

/// `alpha_precision`: how well the distances of synthetic rows to the real centre agree with those of real rows.
///
/// 1 is agreement; below 0, which the formula allows down to −0.03, is given as 0. Not measured if no column is learnt.
pub fn alpha_precision(comparison: &Comparison) -> Measure {
    let columns = comparison.columns(Kind::is_learnt);
    if columns.is_empty() {
        return Measure::new(ALPHA_PRECISION.id, Outcome::NotMeasured("no column is learnt".to_owned()));
    }
    let tables = [comparison.train(), comparison.synthetic()];
    let mut radii = tables.map(|table| vec![0.0; table.n_rows()]);
    // A few columns at a time, so that a long table is not held twice.
    for some in columns.chunks(COLUMNS_AT_ONCE) {
        let points = Cloud::new(comparison.train(), &tables, some);
        let centre = points.centre(0);
        for (table, squares) in radii.iter_mut().enumerate() {
            points.add_squares(table, &centre, squares);
        }
    }
    let [mut real, mut synthetic] = radii.map(|squares| squares.into_iter().map(f64::sqrt).collect::<Vec<f64>>());
    real.sort_unstable_by(f64::total_cmp);
    synthetic.sort_unstable_by(f64::total_cmp);
    let inside = |alpha: f64| {
        let radius = quantile(&real, alpha);
        synthetic.partition_point(|&r| r <= radius) as f64 / synthetic.len() as f64
    };
    let value = 1.0 - 2.0 * steps().map(|alpha| (alpha - inside(alpha)).abs()).sum::<f64>() / (N_STEPS - 1) as f64;
    Measure::new(ALPHA_PRECISION.id, Outcome::Measured(Estimate::exact(value.clamp(0.0, 1.0))))
}

/// `beta_recall`: how many real rows have a synthetic row as near as another real one.
///
/// About 0.48 for a fresh sample, 1 for a copy; below 0, which the formula allows down to −0.03, is given as 0. The
/// interval is that of a mean over real rows, the quantiles taken as known. `seed` draws the rows where there are too
/// many, or not equally many. Not measured if no column is learnt.
pub fn beta_recall(comparison: &Comparison, seed: u64) -> Measure {
    let columns = comparison.columns(Kind::is_learnt);
    if columns.is_empty() {
        return Measure::new(BETA_RECALL.id, Outcome::NotMeasured("no column is learnt".to_owned()));
    }
    let (train, synthetic) = (comparison.train(), comparison.synthetic());
    let n = train.n_rows().min(synthetic.n_rows()).min(MOST_ROWS);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut sample = |table: &Table| table.take(&choose(table.n_rows(), n, &mut rng));
    let (real, made) = (sample(&with_own_units(train)), sample(synthetic));
    let points = Cloud::new(train, &[&real, &made], &columns);
    // Among real rows each is its own nearest neighbour, or one of several at distance 0.
    let among_real = search::nearest(&Sought { points: &points, query: 0, reference: 0 }, 2);
    let to_other = |(row, two): (usize, &[(f64, usize)])| if two[0].1 == row { two[1] } else { two[0] };
    let to_real: Vec<(f64, usize)> = among_real.chunks(2).enumerate().map(to_other).collect();
    let to_made = search::nearest(&Sought { points: &points, query: 0, reference: 1 }, 1);
    let mut squares = vec![0.0; n];
    points.add_squares(1, &points.centre(1), &mut squares);
    let nearest_radii: Vec<f64> = to_made.iter().map(|&(_, row)| squares[row].sqrt()).collect();
    let mut sorted = nearest_radii.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let quantiles: Vec<f64> = steps().map(|beta| quantile(&sorted, beta)).collect();
    // R(β) ≤ β but for ties, so the score is, but for ties, a constant and a mean over the rows; the interval is its.
    let n_supports = |row: usize| match to_made[row].0 <= to_real[row].0 {
        true => quantiles.iter().filter(|&&q| nearest_radii[row] <= q).count(),
        false => 0,
    };
    let of_row: Vec<f64> = (0..n).map(|row| 2.0 * n_supports(row) as f64 / (N_STEPS - 1) as f64).collect();
    let covered = |q: f64| {
        (0..n).filter(|&row| to_made[row].0 <= to_real[row].0 && nearest_radii[row] <= q).count() as f64 / n as f64
    };
    let gaps: f64 = steps().zip(&quantiles).map(|(beta, &q)| (beta - covered(q)).abs()).sum();
    let value = (1.0 - 2.0 * gaps / (N_STEPS - 1) as f64).clamp(0.0, 1.0);
    let uncertainty = Some(of_rows(value, &of_row, &Units::of(&real), Interval::new(0.0, 1.0)));
    Measure::new(BETA_RECALL.id, Outcome::Measured(Estimate { value, uncertainty }))
}

fn steps() -> impl Iterator<Item = f64> {
    (0..N_STEPS).map(|step| step as f64 / (N_STEPS - 1) as f64)
}

/// The quantile of sorted values, between neighbours by the line that joins them, as `numpy.quantile` has it.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let place = p * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

/// The rows of several tables as points; one vector a table, one value a row.
enum Axis {
    Numbers(Vec<Vec<f64>>),
    /// Codes, as numbers: equal or not is all that counts.
    Levels(Vec<Vec<f64>>, usize),
}

struct Cloud {
    axes: Vec<Axis>,
    n_rows: Vec<usize>,
}

/// The mean of a table's points, axis by axis: a number, or the shares of the levels.
enum Centre {
    Number(f64),
    Shares(Vec<f64>),
}

impl Cloud {
    fn new(scale_from: &Table, tables: &[&Table], columns: &[usize]) -> Self {
        let axes: Vec<Vec<Axis>> = columns
            .par_iter()
            .map(|&c| {
                if !scale_from.schema().fields[c].kind.is_scale() {
                    let joint = joint_levels(tables, c);
                    let codes = joint.codes.into_iter().map(|codes| codes.into_iter().map(f64::from).collect());
                    return vec![Axis::Levels(codes.collect(), joint.n_codes)];
                }
                let columns: Vec<Vec<f64>> = tables.iter().map(|table| table.numbers(c)).collect();
                let gaps = |x: &Vec<f64>| x.iter().map(|x| f64::from(x.is_nan())).collect::<Vec<f64>>();
                let has_gaps = columns.iter().flatten().any(|x| x.is_nan());
                let gaps = has_gaps.then(|| Axis::Levels(columns.iter().map(gaps).collect(), 2));
                let (mean, sd) = mean_and_sd(&scale_from.numbers(c));
                let place = |x: f64| if x.is_nan() { 0.0 } else { ((x - mean) / sd).clamp(-FARTHEST, FARTHEST) };
                let placed = columns.into_iter().map(|column| column.into_iter().map(place).collect());
                std::iter::once(Axis::Numbers(placed.collect())).chain(gaps).collect()
            })
            .collect();
        Self { axes: axes.into_iter().flatten().collect(), n_rows: tables.iter().map(|t| t.n_rows()).collect() }
    }

    fn centre(&self, table: usize) -> Vec<Centre> {
        let n = self.n_rows[table] as f64;
        let of_axis = |axis: &Axis| match axis {
            Axis::Numbers(values) => Centre::Number(values[table].iter().sum::<f64>() / n),
            Axis::Levels(codes, n_codes) => {
                let mut counts = vec![0u64; *n_codes];
                codes[table].iter().for_each(|&code| counts[code as usize] += 1);
                Centre::Shares(counts.into_iter().map(|count| count as f64 / n).collect())
            }
        };
        self.axes.par_iter().map(of_axis).collect()
    }

    /// Adds the squared distances of a table's points to a centre.
    fn add_squares(&self, table: usize, centre: &[Centre], squares: &mut [f64]) {
        for (axis, centre) in self.axes.iter().zip(centre) {
            match (axis, centre) {
                (Axis::Numbers(values), Centre::Number(mean)) => {
                    squares.iter_mut().zip(&values[table]).for_each(|(sum, x)| *sum += (x - mean).powi(2));
                }
                (Axis::Levels(codes, _), Centre::Shares(shares)) => {
                    // ½ Σ (1[level] − share)² over the levels.
                    let all: f64 = shares.iter().map(|p| p * p).sum();
                    let of_level: Vec<f64> = shares.iter().map(|p| ((1.0 - 2.0 * p + all) / 2.0).max(0.0)).collect();
                    squares.iter_mut().zip(&codes[table]).for_each(|(sum, &code)| *sum += of_level[code as usize]);
                }
                _ => unreachable!("a centre has the axes of its points"),
            }
        }
    }
}

/// The rows of one table whose neighbours are sought in another, by squared distances.
struct Sought<'a> {
    points: &'a Cloud,
    query: usize,
    reference: usize,
}

impl Search for Sought<'_> {
    type Distance = f64;

    fn n_queries(&self) -> usize {
        self.points.n_rows[self.query]
    }

    fn n_references(&self) -> usize {
        self.points.n_rows[self.reference]
    }

    fn n_coordinates(&self) -> usize {
        self.points.axes.len()
    }

    #[inline(always)]
    fn coordinate(&self, query_row: usize, idx: usize) -> f64 {
        match &self.points.axes[idx] {
            Axis::Numbers(values) | Axis::Levels(values, _) => values[self.query][query_row],
        }
    }

    #[inline(always)]
    fn distances(&self, point: &[f64], start: usize, sums: &mut [f64]) {
        let n = sums.len();
        sums.fill(0.0);
        for (&x, axis) in point.iter().zip(&self.points.axes) {
            match axis {
                Axis::Numbers(values) => {
                    let others = &values[self.reference][start..][..n];
                    for i in 0..n {
                        sums[i] += (x - others[i]) * (x - others[i]);
                    }
                }
                Axis::Levels(codes, _) => {
                    let others = &codes[self.reference][start..][..n];
                    for i in 0..n {
                        sums[i] += if x == others[i] { 0.0 } else { 1.0 };
                    }
                }
            }
        }
    }
}

/// Numbers are kept within this many standard deviations, so that squares stay finite.
const FARTHEST: f64 = 1e100;

/// Of the numbers that are there; a spread of 0 counts as 1, so that a constant keeps its unit.
fn mean_and_sd(values: &[f64]) -> (f64, f64) {
    let present = || values.iter().copied().filter(|x| !x.is_nan());
    let Some(first) = present().next() else { return (0.0, 1.0) };
    let n = present().count() as f64;
    let mean = present().map(|x| x - first).sum::<f64>() / n;
    let sd = (present().map(|x| (x - first - mean).powi(2)).sum::<f64>() / n).sqrt();
    (first + mean, if sd > 0.0 && sd.is_finite() { sd } else { 1.0 })
}
