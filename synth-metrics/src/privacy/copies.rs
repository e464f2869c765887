//! Near copies: do synthetic rows lie nearer to the training rows than held-out real rows make likely?
//!
//! All distances are those of [`neighbours`](crate::neighbours). A distance says nothing by itself; each measure sets
//! one to the training table beside one to a holdout of equal size, which the generator never saw. With d(x, A) the
//! distance from x to its nearest row in A, T the training table, H the holdout, S the synthetic table:
//!
//! - `dcr_share`: how often d(s, T′) < d(s, H′) over synthetic rows s, a tie counting half, T′ and H′ of equal size;
//! - `nndr_share`: the same for the ratio of the nearest and the second nearest distance;
//! - `near_copy_rate`: how often d(s, T) ≤ τ, where τ is the 5 % quantile of the distances of the training rows to
//!   each other: so near lies one training row in twenty to another. `near_copy_rate_holdout` is the same for unseen
//!   rows, `near_copy_excess` the difference. A small table that can spare no holdout has the training rows themselves for
//!   it, each without itself ([`Baseline::LeaveOneOut`]): they come in pairs that are near to each other, so that n of them
//!   count as n/2;
//! - `identifiability_excess`: the share of training rows with a synthetic row nearer than any other training row
//!   (ADS-GAN, doi:10.1109/JBHI.2020.2980262), less the same share with H in the place of S, both of one size.
//!   The share itself is about one half for an ideal generator of as many rows as T: only the excess accuses.
//!
//! **People with several rows.** "Another" training row is one of another unit, and the real row that decides stands for its
//! unit: ten rows of one person are one neighbour. A synthetic row is a unit of its own.
//!
//! **Intervals.** Many synthetic rows may share one nearest real row, and then say the same thing once. Rows are therefore
//! counted by the real row that decided them: w of them count as one of weight w, and n rows as n² / Σ w²
//! (Kish 1965). Differences are Newcombe's.
//!
//! **Size.** At most [`MAX_QUERIES`] rows are looked up ([`MAX_QUERIES_LARGE`] in tables of more than [`LARGE`] rows), in
//! all training rows for near copies, otherwise in at most [`MAX_MATCHED`]. A share of 5,000 rows is known to ±1.4 %.
//!
//! **False alarms and power**: how often the one-sided 95 % lower bound is above the ideal, in 400 worlds each of
//! `tests/leaks.rs` (see [`membership`](crate::privacy::membership)):
//!
//! | measure | innocent, 200 rows | innocent, 600 rows | a tenth copied, 200 rows | a tenth copied, 600 rows |
//! |---|---|---|---|---|
//! | `dcr_share` | 2.0 % | 2.8 % | 27.8 % | 66.2 % |
//! | `nndr_share` | 2.0 % | 0.5 % | 26.5 % | 65.8 % |
//! | `near_copy_excess` | 4.5 % | 5.5 % | 97.5 % | 100.0 % |
//! | `identifiability_excess` | 1.2 % | 0.5 % | 13.5 % | 40.8 % |
//!
//! Nearness is *no* proof of safety: tables that pass these measures have been attacked with success (arXiv:2505.01524).

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use synth_core::Table;
use synth_core::table::Units;

use crate::comparison::Comparison;
use crate::definition::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, Needs, Unseen};
use crate::estimate::{Estimate, Measure, Outcome, Uncertainty, between};
use crate::family::{Family, Intervals, Taking};
use crate::neighbours::{Nearest, Points, embed, nearest};
use crate::options::Baseline;
use crate::sampling::interval::{difference, wilson};
use crate::sampling::{choose, n_effective};

pub(crate) const FAMILY: Family = Family {
    definitions: &[
        DCR_SHARE,
        NNDR_SHARE,
        NEAR_COPY_RATE,
        NEAR_COPY_RATE_HOLDOUT,
        NEAR_COPY_EXCESS,
        IDENTIFIABILITY_EXCESS,
    ],
    intervals: Intervals::Own,
    take: |taking| {
        let Taking { comparison, options, .. } = taking;
        let extent = if taking.wants(&DCR_SHARE) { Extent::All } else { Extent::NearCopies };
        taken(comparison, options.baseline, extent, options.seed)
    },
};

/// The definition of `dcr_share`.
pub const DCR_SHARE: Definition = Definition {
    id: "dcr_share",
    name: "closer to training than to held-out rows",
    meaning: "share of synthetic rows closer to a training row than to a held-out row",
    above: Some("synthetic rows are closer to training rows than to held-out rows"),
    below: Some("synthetic rows are closer to held-out rows than to training rows, so the split is in doubt"),
    domain: Domain::Privacy,
    goal: Goal::Target,
    ideal: 0.5,
    range: between(0.0, 1.0),
    unit: "share",
    source: "share of synthetic rows whose nearest training row is nearer than the nearest of as many holdout \
             rows, ties half; interval by Wilson (1927), rows weighted by the real row that decides (Kish 1965)",
    anchors: Anchors {
        copy: between(0.9, 1.0),
        fresh: between(0.4, 0.6),
        permuted: between(0.35, 0.65),
        shifted: between(0.2, 0.8),
    },
    needs: Needs::HOLDOUT,
    judged_by: JudgedBy::Bounds,
    battery: Battery::Full,
};

/// The definition of `nndr_share`.
pub const NNDR_SHARE: Definition = Definition {
    id: "nndr_share",
    name: "distance ratio to training and held-out rows",
    meaning: "share of synthetic rows with a smaller ratio of nearest to second nearest distance among training rows than among held-out rows",
    above: Some("synthetic rows belong more clearly to a single training row than to a single held-out row"),
    below: Some(
        "synthetic rows belong more clearly to a single held-out row than to a single training row, so the split is in doubt",
    ),
    domain: Domain::Privacy,
    goal: Goal::Target,
    ideal: 0.5,
    range: between(0.0, 1.0),
    unit: "share",
    source: "share of synthetic rows whose ratio of nearest to second nearest distance is smaller to training \
             than to as many holdout rows, ties half",
    anchors: Anchors {
        copy: between(0.9, 1.0),
        fresh: between(0.4, 0.6),
        permuted: between(0.35, 0.65),
        shifted: between(0.2, 0.8),
    },
    needs: Needs::HOLDOUT,
    judged_by: JudgedBy::Bounds,
    battery: Battery::Full,
};

/// The definition of `near_copy_rate`.
pub const NEAR_COPY_RATE: Definition = Definition {
    id: "near_copy_rate",
    name: "near copies of training rows",
    meaning: "share of synthetic rows as close to a training row as 5 % of training rows are to each other",
    above: Some("rows are near copies of training rows"),
    below: None,
    domain: Domain::Privacy,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 1.0),
    unit: "share",
    source: "share of synthetic rows within the 5 % quantile of the training rows' nearest distances to each \
             other",
    anchors: Anchors {
        copy: between(1.0, 1.0),
        fresh: between(0.0, 0.12),
        permuted: between(0.0, 0.08),
        shifted: between(0.0, 0.08),
    },
    needs: Needs::unseen(Unseen::Preferred),
    judged_by: JudgedBy::Bounds,
    battery: Battery::Core,
};

/// The definition of `near_copy_rate_holdout`.
pub const NEAR_COPY_RATE_HOLDOUT: Definition = Definition {
    id: "near_copy_rate_holdout",
    name: "the same for held-out rows",
    meaning: "the same for held-out rows: the baseline",
    above: Some("the real rows themselves are close to each other"),
    below: None,
    domain: Domain::Privacy,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 1.0),
    unit: "share",
    source: "share of holdout rows within that distance of a training row: about 5 %",
    anchors: Anchors {
        copy: between(0.0, 0.12),
        fresh: between(0.0, 0.12),
        permuted: between(0.0, 0.12),
        shifted: between(0.0, 0.12),
    },
    needs: Needs::HOLDOUT,
    judged_by: JudgedBy::Bounds,
    battery: Battery::Core,
};

/// The definition of `near_copy_excess`.
pub const NEAR_COPY_EXCESS: Definition = Definition {
    id: "near_copy_excess",
    name: "near copies beyond chance",
    meaning: "near_copy_rate minus near_copy_rate_holdout",
    above: Some("more rows are near copies of training rows than by chance"),
    below: None,
    domain: Domain::Privacy,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(-1.0, 1.0),
    unit: "share",
    source: "near_copy_rate - near_copy_rate_holdout; where no row is held out, minus the same share of training rows, each \
             without itself; interval by Newcombe (1998)",
    anchors: Anchors {
        copy: between(0.88, 1.0),
        fresh: between(-0.06, 0.06),
        permuted: between(-0.12, 0.06),
        shifted: between(-0.12, 0.06),
    },
    needs: Needs::unseen(Unseen::Preferred),
    judged_by: JudgedBy::Bounds,
    battery: Battery::Core,
};

/// The definition of `identifiability_excess`.
pub const IDENTIFIABILITY_EXCESS: Definition = Definition {
    id: "identifiability_excess",
    name: "identifiable training rows beyond chance",
    meaning: "share of training rows closer to a synthetic row than to another training row, minus the same with held-out rows",
    above: Some("more training rows have a synthetic row close by than by chance"),
    below: None,
    domain: Domain::Privacy,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(-1.0, 1.0),
    unit: "share",
    source: "share of training rows nearer to a synthetic than to any other training row (ADS-GAN, \
             doi:10.1109/JBHI.2020.2980262, unweighted), minus the same share with as many holdout rows",
    anchors: Anchors {
        copy: between(0.3, 1.0),
        fresh: between(-0.1, 0.1),
        permuted: between(-0.6, 0.05),
        shifted: between(-0.7, 0.05),
    },
    needs: Needs::HOLDOUT,
    judged_by: JudgedBy::Bounds,
    battery: Battery::Full,
};

/// The most rows whose neighbours are looked up.
pub const MAX_QUERIES: usize = 5_000;
/// The most rows whose neighbours are looked up in a table of more than [`LARGE`] rows.
pub const MAX_QUERIES_LARGE: usize = 2_000;
/// Where a table is large.
pub const LARGE: usize = 200_000;
/// The most rows of two tables of equal size that are set beside each other.
pub const MAX_MATCHED: usize = 20_000;
/// The most neighbours of one's own unit that are looked up beyond.
const MAX_OWN: usize = 64;
/// The part of the training rows that are as near to another as a near copy is to its original.
const NEAR: f64 = 0.05;

/// The measures of this module, in the order of the registry; `seed` decides which rows are taken where there are more
/// than needed.
///
/// Not measured, with the reason: without a holdout, or if no column is learnt.
pub fn copies(comparison: &Comparison, seed: u64) -> Vec<Measure> {
    taken(comparison, Baseline::Holdout, Extent::All, seed)
}

/// How much of the work is done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// The rate of near copies, its baseline and their difference.
    NearCopies,
    /// What a holdout of the same size shows as well.
    All,
}

fn taken(comparison: &Comparison, baseline: Baseline, extent: Extent, seed: u64) -> Vec<Measure> {
    let outcomes = match take(comparison, baseline, extent, seed) {
        Ok(estimates) => estimates
            .map(|estimate| estimate.map_or(Outcome::NotMeasured(NO_HOLDOUT.to_owned()), Outcome::Measured))
            .to_vec(),
        Err(reason) => vec![Outcome::NotMeasured(reason.to_owned()); FAMILY.definitions.len()],
    };
    FAMILY.definitions.iter().zip(outcomes).map(|(definition, outcome)| Measure::new(definition.id, outcome)).collect()
}

const NO_HOLDOUT: &str = "no holdout given";

/// In the order of the registry; those without a value need a holdout, or are not asked for.
fn take(
    comparison: &Comparison,
    baseline: Baseline,
    extent: Extent,
    seed: u64,
) -> Result<[Option<Estimate>; 6], &'static str> {
    let real: Vec<&Table> = [Some(comparison.train()), comparison.holdout()].into_iter().flatten().collect();
    if comparison.holdout().is_none() && baseline == Baseline::Holdout {
        return Err(NO_HOLDOUT);
    }
    let mut points = embed(&real, &[&[comparison.synthetic()], real.as_slice()].concat()).into_iter();
    let (synthetic, train) = (points.next().expect("it was given"), points.next().expect("it was given"));
    let holdout = points.next();
    if train.n_columns() == 0 {
        return Err("no column is learnt");
    }
    let units = Units::of(comparison.train());
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(u64::MAX - 1);
    let n_queries = if train.n_rows() > LARGE { MAX_QUERIES_LARGE } else { MAX_QUERIES };
    let mut some = |points: &Points, most: usize| {
        let rows = choose(points.n_rows(), most.min(points.n_rows()), &mut rng);
        (points.with_rows(&rows), rows)
    };
    let (rows, _) = some(&synthetic, n_queries);
    let unseen = holdout.as_ref().map(|holdout| some(holdout, n_queries));
    let (known, known_rows) = some(&train, n_queries);

    // Among the training rows each is its own nearest neighbour, or one of several at distance 0, or of several of its unit.
    let among = nearest(&known, &train, (1 + units.max_rows().min(MAX_OWN)).min(train.n_rows()));
    let to_other: Vec<f64> =
        (0..known.n_rows()).map(|row| other_distance(&among, row, known_rows[row], &units)).collect();
    let near = quantile(&to_other, NEAR);
    let n_known = n_effective(&units.take(&known_rows));
    let share_near = |points: &Points| {
        let found = nearest(points, &train, 1);
        let n_near = (0..points.n_rows()).filter(|&row| found.distances(row)[0] <= near).count();
        n_near as f64 / points.n_rows() as f64
    };
    let rate = share_near(&rows);
    let of_rate = wilson(rate, rows.n_rows() as f64, rows.n_rows());
    let is_sample = rows.n_rows() < synthetic.n_rows();
    let rate_estimate = Estimate { value: rate, uncertainty: is_sample.then_some(of_rate) };
    let excess = |chance: f64, of_chance: &Uncertainty| Estimate {
        value: rate - chance,
        uncertainty: Some(difference(rate, &of_rate, chance, of_chance)),
    };
    let (Some(holdout), Some((unseen, unseen_rows))) = (holdout, unseen) else {
        let chance = to_other.iter().filter(|&&d| d <= near).count() as f64 / to_other.len() as f64;
        let of_chance = wilson(chance, n_known / 2.0, to_other.len());
        return Ok([None, None, Some(rate_estimate), None, Some(excess(chance, &of_chance)), None]);
    };
    let units_of_holdout = Units::of(comparison.holdout().expect("there is one"));
    let chance = share_near(&unseen);
    let of_chance = wilson(chance, n_effective(&units_of_holdout.take(&unseen_rows)), unseen.n_rows());
    let near_copies = [
        Some(rate_estimate),
        Some(Estimate { value: chance, uncertainty: Some(of_chance) }),
        Some(excess(chance, &of_chance)),
    ];
    let [rate_estimate, chance_estimate, excess_estimate] = near_copies;
    if extent == Extent::NearCopies {
        return Ok([None, None, rate_estimate, chance_estimate, excess_estimate, None]);
    }

    let n_matched = train.n_rows().min(holdout.n_rows()).min(MAX_MATCHED);
    let [(to_train, left), (to_holdout, right)] =
        [(&train, &units), (&holdout, &units_of_holdout)].map(|(points, units)| {
            let (few, chosen) = some(points, n_matched);
            (nearest(&rows, &few, 2), units.take(&chosen))
        });
    let n_equal = synthetic.n_rows().min(holdout.n_rows()).min(MAX_MATCHED);
    let identified =
        [&synthetic, &holdout].map(|points| identified(&known, &some(points, n_equal).0, &to_other, n_known));
    Ok([
        Some(nearer_share([&to_train, &to_holdout], [&left, &right], |distances| distances[0])),
        Some(nearer_share([&to_train, &to_holdout], [&left, &right], ratio)),
        rate_estimate,
        chance_estimate,
        excess_estimate,
        Some(Estimate {
            value: identified[0].0 - identified[1].0,
            uncertainty: Some(difference(identified[0].0, &identified[0].1, identified[1].0, &identified[1].1)),
        }),
    ])
}

/// The distance to the nearest row of another unit; to the last that was looked up, if all are of its own.
fn other_distance(among: &Nearest, row: usize, own: usize, units: &Units) -> f64 {
    let unit = units.of_row(own);
    let mut neighbours = among.rows(row).iter().zip(among.distances(row));
    let other = neighbours.find(|(other, _)| units.of_row(**other) != unit).map(|(_, d)| *d);
    other.or(among.distances(row).last().copied()).expect("a table has two rows")
}

/// Nearest over second nearest distance: 1 where they are equal, 0 beside the only neighbour there is.
fn ratio(distances: &[f64]) -> f64 {
    match distances {
        [first, second, ..] if first < second => first / second,
        _ => 1.0,
    }
}

/// How often `value` is smaller on the left, ties half, with rows counted by the unit of the real row that is nearest of all.
fn nearer_share([left, right]: [&Nearest; 2], units: [&Units; 2], n_of: impl Fn(&[f64]) -> f64) -> Estimate {
    let n_rows = left.n_rows();
    let mut share = 0.0;
    let mut weights: BTreeMap<(bool, usize), f64> = BTreeMap::new();
    for row in 0..n_rows {
        let (a, b) = (n_of(left.distances(row)), n_of(right.distances(row)));
        share += if a < b { 1.0 } else { 0.5 * f64::from(a == b) };
        let (to_left, to_right) = (left.distances(row)[0], right.distances(row)[0]);
        for (is_left, rows, here, there) in [(true, left, to_left, to_right), (false, right, to_right, to_left)] {
            if here <= there {
                let unit = units[usize::from(!is_left)].of_row(rows.rows(row)[0]);
                *weights.entry((is_left, unit)).or_default() += if here < there { 1.0 } else { 0.5 };
            }
        }
    }
    let n = n_rows as f64;
    let n_effective = n * n / weights.values().map(|w| w * w).sum::<f64>();
    let share = share / n;
    Estimate { value: share, uncertainty: Some(wilson(share, n_effective, n_rows)) }
}

/// The share of `known` rows to which one of `rows` is nearer than `to_other`.
fn identified(known: &Points, rows: &Points, to_other: &[f64], n_known: f64) -> (f64, Uncertainty) {
    let found = nearest(known, rows, 1);
    let mut weights: BTreeMap<usize, f64> = BTreeMap::new();
    for (row, &other) in to_other.iter().enumerate() {
        if found.distances(row)[0] < other {
            *weights.entry(found.rows(row)[0]).or_default() += 1.0;
        }
    }
    let n = to_other.len() as f64;
    let share = weights.values().sum::<f64>() / n;
    let n_effective = if share > 0.0 { share * n * n / weights.values().map(|w| w * w).sum::<f64>() } else { n };
    (share, wilson(share, n_effective.min(n_known), to_other.len()))
}

fn quantile(values: &[f64], p: f64) -> f64 {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    values[(p * (values.len() - 1) as f64).floor() as usize]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::Tables;
    use synth_core::{Kind, Table};

    fn line(x: &[f64]) -> Table {
        Table::builder().numbers("x", x.iter().copied()).kind("x", Kind::Continuous).build().unwrap()
    }

    #[test]
    fn a_line_has_its_closed_form_values() {
        let (train, holdout) = (line(&[0.0, 10.0, 20.0, 30.0]), line(&[4.0, 14.0, 24.0, 34.0]));
        // Nearer to train, nearer to train, a tie, nearer to the holdout.
        let synthetic = line(&[1.0, 11.0, 22.0, 33.5]);
        let all =
            copies(&Tables { train: &train, synthetic: &synthetic, holdout: Some(&holdout) }.compare().unwrap(), 0);
        let value = |id: &str| all.iter().find(|m| m.id == id).unwrap().outcome.value().unwrap();
        assert_eq!(value("dcr_share"), 2.5 / 4.0);
        // To train 1/9, 1/9, 2/8, 3.5/13.5; to the holdout 3/13, 3/7, 2/8, 0.5/9.5.
        assert_eq!(value("nndr_share"), 2.5 / 4.0);
        // Training rows are 10 apart: everything is a near copy.
        assert_eq!((value("near_copy_rate"), value("near_copy_rate_holdout")), (1.0, 1.0));
        assert_eq!(value("near_copy_excess"), 0.0);
        assert_eq!(value("identifiability_excess"), 0.0); // all four are identified both ways
    }

    #[test]
    fn without_a_holdout_near_copies_are_held_against_the_training_rows() {
        // Two of forty rows lie 1 apart, all others 10.
        let train: Vec<f64> = (0..40).map(|i| if i == 39 { 381.0 } else { 10.0 * f64::from(i) }).collect();
        let train = line(&train);
        let excess = |synthetic: &Table, baseline| {
            let comparison = Tables { train: &train, synthetic, holdout: None }.compare().unwrap();
            taken(&comparison, baseline, Extent::NearCopies, 0)[4].outcome.clone()
        };
        let honest = line(&(0..40).map(|i| 10.0 * f64::from(i) + 5.0).collect::<Vec<_>>());
        assert!(matches!(excess(&honest, Baseline::Holdout), Outcome::NotMeasured(_)));
        assert_eq!(excess(&honest, Baseline::LeaveOneOut).value(), Some(-0.05));
        let copied = line(&(0..40).map(|i| 10.0 * f64::from(i) + if i < 20 { 0.5 } else { 5.0 }).collect::<Vec<_>>());
        let Outcome::Measured(estimate) = excess(&copied, Baseline::LeaveOneOut) else { panic!("measured") };
        assert!(estimate.value == 0.45 && estimate.lower_bound() > 0.2, "{estimate:?}");
    }

    #[test]
    fn rows_that_share_a_neighbour_count_once() {
        let (train, holdout) = (line(&[0.0, 100.0]), line(&[50.0, 150.0]));
        let synthetic = line(&[0.0; 40]);
        let all =
            copies(&Tables { train: &train, synthetic: &synthetic, holdout: Some(&holdout) }.compare().unwrap(), 0);
        let Outcome::Measured(estimate) = &all[0].outcome else { panic!("measured") };
        assert_eq!(estimate.value, 1.0);
        assert!(estimate.lower_bound() < 0.5, "one real row decided all: {estimate:?}");
    }
}
