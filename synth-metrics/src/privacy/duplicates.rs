//! Rows that were copied: how many synthetic rows equal a training row, and how many would by chance.
//!
//! In a table of few levels, two strangers often have the same row, so a rate of copies says nothing by itself. It is
//! held against a *baseline*, the rate among real rows the generator never saw; the difference is `dup_excess`.
//!
//! `dup_rate` is a fact about a file and has no uncertainty. As an estimate of what the generator does it has one, and so has
//! the baseline, which is a sample of real rows: the interval of the excess is Newcombe's, for a difference of two shares.
//!
//! Two rows are equal when they are equal in every learnt column: missing equals missing, −0 equals 0, and numbers are
//! compared exactly, not to a tolerance (see [`neighbours`](crate::neighbours) for near copies). Identifiers, free
//! text, constants and empty columns are not looked at.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::row::{RowConverter, Rows as ArrowRows, SortField};
use synth_core::schema::Storage;
use synth_core::table::{Units, column_from_numbers};
use synth_core::{Kind, Table};

use crate::comparison::{Comparison, columns_of};
use crate::definition::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, Needs, Unseen};
use crate::estimate::{Estimate, Measure, Outcome, between};
use crate::family::{Family, Intervals, Taking};
use crate::options::Baseline;
use crate::sampling::interval::{difference, wilson};
use crate::sampling::n_effective;

pub(crate) const FAMILY: Family =
    Family { definitions: &[DUP_RATE, DUP_RATE_HOLDOUT, DUP_EXCESS], intervals: Intervals::Own, take };

/// The definition of `dup_rate`.
pub const DUP_RATE: Definition = Definition {
    id: "dup_rate",
    name: "rows equal to a training row",
    meaning: "share of synthetic rows equal to a training row: a fact about the file",
    above: Some("training rows are reproduced"),
    below: None,
    domain: Domain::Privacy,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 1.0),
    unit: "share",
    source: "share of synthetic rows, repeats counted, that equal a training row in every learnt column",
    anchors: Anchors {
        copy: between(1.0, 1.0),
        fresh: between(0.0, 0.01),
        permuted: between(0.0, 0.01),
        shifted: between(0.0, 0.01),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Value,
    battery: Battery::Core,
};

/// The definition of `dup_rate_holdout`.
pub const DUP_RATE_HOLDOUT: Definition = Definition {
    id: "dup_rate_holdout",
    name: "the same for held-out rows",
    meaning: "the same for held-out rows: the baseline",
    above: Some("the real rows themselves often repeat"),
    below: None,
    domain: Domain::Privacy,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 1.0),
    unit: "share",
    source: "share of holdout rows that equal a training row",
    anchors: Anchors {
        copy: between(0.0, 0.01),
        fresh: between(0.0, 0.01),
        permuted: between(0.0, 0.01),
        shifted: between(0.0, 0.01),
    },
    needs: Needs::HOLDOUT,
    judged_by: JudgedBy::Bounds,
    battery: Battery::Core,
};

/// The definition of `dup_excess`.
pub const DUP_EXCESS: Definition = Definition {
    id: "dup_excess",
    name: "copied rows beyond chance",
    meaning: "dup_rate minus its baseline",
    above: Some("more training rows are reproduced than by chance"),
    below: Some(
        "training rows repeat each other far more often than synthetic rows repeat them, so the units or the baseline are in doubt",
    ),
    domain: Domain::Privacy,
    goal: Goal::Target,
    ideal: 0.0,
    range: between(-1.0, 1.0),
    unit: "share",
    source: "dup_rate - dup_rate_holdout; interval by Newcombe (1998)",
    anchors: Anchors {
        copy: between(0.98, 1.0),
        fresh: between(-0.01, 0.01),
        permuted: between(-0.01, 0.01),
        shifted: between(-0.01, 0.01),
    },
    needs: Needs::unseen(Unseen::Preferred),
    judged_by: JudgedBy::Bounds,
    battery: Battery::Core,
};

/// The share of `rows` that equal a row of `train` in every learnt column, repeats counted, between 0 and 1.
///
/// The tables have the same columns; which are learnt is told by `train`. `None` if no column is learnt or `rows` is
/// empty.
pub fn copied_share(rows: &Table, train: &Table) -> Option<f64> {
    let (n_copied, n_rows) = count_copied(rows, train)?;
    Some(n_copied as f64 / n_rows as f64)
}

/// The share of training rows that equal a training row of another unit in every learnt column, between 0 and 1. Two equal
/// rows of one person say nothing about strangers.
///
/// The interval is Wilson's for a sample of as many rows as tell as much: rows of a group of two are counted or missed
/// together, so that pairs tell half as much as other rows, but in a larger group no row hangs on one other. n is the number of
/// rows, or fewer where they are those of fewer units. `None` if no column is learnt or there are no rows.
pub fn leave_one_out_share(train: &Table) -> Option<Estimate> {
    let [rows] = row_keys(&[train], train)?.try_into().ok()?;
    let units = Units::of(train);
    // The rows of a group and its units, each unit once.
    let mut groups: HashMap<&[u8], (u64, HashSet<usize>)> = HashMap::new();
    for (row, key) in rows.iter().enumerate() {
        let (n_rows, of) = groups.entry(key.data()).or_default();
        *n_rows += 1;
        of.insert(units.of_row(row));
    }
    // Whole numbers only: the order of a hash map does not matter to their sums.
    let (mut n_shared, mut n_members) = (0, 0);
    let mut n_groups_of = [0u64; 4]; // by the number of their units, three standing for more
    for (n_rows, of) in groups.into_values() {
        n_members += of.len() as u64;
        n_shared += if of.len() > 1 { n_rows } else { 0 };
        n_groups_of[of.len().min(3)] += if of.len() > 3 { 0 } else { 1 };
    }
    let n_rows = rows.num_rows();
    if n_rows == 0 {
        return None;
    }
    let share = n_shared as f64 / n_rows as f64;
    let told = share_told(n_members as f64, n_groups_of.map(|n| n as f64));
    Some(Estimate { value: share, uncertainty: Some(wilson(share, n_effective(&units) * told, units.n_units())) })
}

/// The share of `n` members of groups that tell as much of the share of those that are not alone as independent ones would.
/// `f` holds how many groups have one, two and three members.
///
/// Var(f₁) ≤ f₁ − (f₁ − 2f₂)²/n − (2f₂ − 6f₃)⁺ if groups are values that members hit by chance (Poisson counts of a given
/// sum, with E f₂ and E f₃ for the series of Σ λ² e^{−2λ}), in place of f₁(n − f₁)/n. No group: half, since the first would be
/// a pair; nobody alone: all.
fn share_told(n: f64, [_, f1, f2, f3]: [f64; 4]) -> f64 {
    if f1 == n {
        return 0.5;
    }
    let independent = f1 * (n - f1) / n;
    let variance = f1 - (f1 - 2.0 * f2).powi(2) / n - (2.0 * f2 - 6.0 * f3).max(0.0);
    if variance <= independent { 1.0 } else { independent / variance }
}

/// `dup_rate`: the share of synthetic rows that equal a training row. Not measured if no column is learnt.
pub fn dup_rate(comparison: &Comparison) -> Measure {
    let share = copied_share(comparison.synthetic(), comparison.train());
    let outcome = match share {
        Some(share) => Outcome::Measured(Estimate::exact(share)),
        None => Outcome::NotMeasured(NOTHING_LEARNT.to_owned()),
    };
    Measure::new(DUP_RATE.id, outcome)
}

/// `dup_rate_holdout`: the share of holdout rows that equal a training row, with its Wilson interval.
///
/// Not measured without a holdout or if no column is learnt.
pub fn dup_rate_holdout(comparison: &Comparison) -> Measure {
    let outcome = match holdout_share(comparison) {
        Ok(estimate) => Outcome::Measured(estimate),
        Err(reason) => Outcome::NotMeasured(reason),
    };
    Measure::new(DUP_RATE_HOLDOUT.id, outcome)
}

/// `dup_excess`: `dup_rate` less its baseline, between −1 and 1.
///
/// An ideal generator's rate varies by chance as its baseline does: the bounds are those of the difference of two shares.
/// Without any baseline it is not measured: a rate of copies alone neither accuses nor acquits. An excess far below 0 is no
/// merit: then real rows repeat each other where synthetic ones do not, as where people have several equal rows.
pub fn dup_excess(comparison: &Comparison, baseline: Baseline) -> Measure {
    let chance = match baseline {
        Baseline::Holdout => holdout_share(comparison),
        Baseline::LeaveOneOut => leave_one_out_share(comparison.train()).ok_or_else(|| NOTHING_LEARNT.to_owned()),
    };
    let rate = copied_share(comparison.synthetic(), comparison.train()).ok_or_else(|| NOTHING_LEARNT.to_owned());
    let outcome = match chance.and_then(|chance| Ok((rate?, chance))) {
        Ok((rate, chance)) => Outcome::Measured(excess(rate, comparison.synthetic().n_rows(), chance)),
        Err(reason) => Outcome::NotMeasured(reason),
    };
    Measure::new(DUP_EXCESS.id, outcome)
}

fn take(taking: &Taking) -> Vec<Measure> {
    let Taking { comparison, options, .. } = taking;
    vec![dup_rate(comparison), dup_rate_holdout(comparison), dup_excess(comparison, options.baseline)]
}

const NOTHING_LEARNT: &str = "no column is learnt";

fn excess(rate: f64, n_synthetic: usize, chance: Estimate) -> Estimate {
    let of_rate = wilson(rate, n_synthetic as f64, n_synthetic);
    let uncertainty = chance.uncertainty.map(|of_chance| difference(rate, &of_rate, chance.value, &of_chance));
    Estimate { value: rate - chance.value, uncertainty }
}

fn holdout_share(comparison: &Comparison) -> Result<Estimate, String> {
    let holdout = comparison.holdout().ok_or("no holdout given")?;
    let (n_copied, n_rows) = count_copied(holdout, comparison.train()).ok_or(NOTHING_LEARNT)?;
    let share = n_copied as f64 / n_rows as f64;
    let units = Units::of(holdout);
    Ok(Estimate { value: share, uncertainty: Some(wilson(share, n_effective(&units), units.n_units())) })
}

fn count_copied(rows: &Table, train: &Table) -> Option<(usize, usize)> {
    let [rows, train] = row_keys(&[rows, train], train)?.try_into().ok()?;
    let known: HashSet<&[u8]> = train.iter().map(|row| row.data()).collect();
    let n_copied = rows.iter().filter(|row| known.contains(row.data())).count();
    (rows.num_rows() > 0).then(|| (n_copied, rows.num_rows()))
}

/// Each table's rows as byte strings that are equal exactly when the rows are; learnt columns are told by `train`.
fn row_keys(tables: &[&Table], train: &Table) -> Option<Vec<ArrowRows>> {
    let columns = columns_of(train, Kind::is_learnt);
    if columns.is_empty() {
        return None;
    }
    let types = columns.iter().map(|&c| SortField::new(train.column(c).1.data_type().clone())).collect();
    let converter = RowConverter::new(types).expect("the storages are plain types");
    let keys = tables.iter().map(|table| {
        let arrays: Vec<ArrayRef> = columns.iter().map(|&c| comparable(table, c)).collect();
        converter.convert_columns(&arrays).expect("the tables have the columns of train")
    });
    Some(keys.collect())
}

/// The column with one spelling for each value: Arrow tells −0 from 0 and NaN from null.
fn comparable(table: &Table, column_idx: usize) -> ArrayRef {
    let (field, array) = table.column(column_idx);
    if field.storage != Storage::Float {
        return Arc::clone(array);
    }
    let numbers: Vec<f64> = table.numbers(column_idx).iter().map(|x| x + 0.0).collect();
    column_from_numbers(field, &numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use synth_core::TableBuilder;

    fn table(columns: &[&[f64]]) -> Table {
        let add = |table: TableBuilder, (i, x): (usize, &&[f64])| {
            let name = format!("x{i}");
            table.numbers(&name, x.iter().copied()).kind(&name, Kind::Continuous)
        };
        columns.iter().enumerate().fold(Table::builder(), add).build().unwrap()
    }

    #[test]
    fn rows_are_equal_in_every_column_or_not_at_all() {
        let train = table(&[&[1.0, f64::NAN, 0.0], &[1.0, 2.0, 3.0]]);
        let rows = table(&[&[1.0, f64::NAN, -0.0, 1.0, 1.0], &[1.0, 2.0, 3.0, 2.0, 1.0]]);
        assert_eq!(copied_share(&rows, &train), Some(0.8)); // the fourth mixes two rows
    }

    #[test]
    fn leave_one_out_counts_whole_groups() {
        let share = leave_one_out_share(&table(&[&[1.0, 2.0, 1.0, 3.0, 1.0]])).unwrap();
        assert_eq!(share.value, 0.6);
        let alone = leave_one_out_share(&table(&[&[1.0, 2.0]])).unwrap();
        assert_eq!(alone.value, 0.0);
        assert!(alone.upper_bound() > 0.5); // two rows prove nothing
    }

    /// Pairs vary as pairs do, everything else as shares do; compared with 4,000 samples of 300 rows from so many values.
    #[test]
    fn the_interval_is_as_wide_as_chance_makes_it() {
        use rand::{Rng, SeedableRng};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        for n_values in [3, 60, 200, 2_000, 20_000] {
            let (mut sum, mut squares, mut told) = (0.0, 0.0, 0.0);
            for _ in 0..4_000 {
                let mut counts = HashMap::<u32, usize>::new();
                (0..300).for_each(|_| *counts.entry(rng.gen_range(0..n_values)).or_default() += 1);
                let of_size = |size: usize| counts.values().filter(|&&count| count == size).count() as f64;
                let alone = of_size(1) / 300.0;
                (sum, squares) = (sum + alone, squares + alone * alone);
                told += share_told(300.0, [0.0, of_size(1), of_size(2), of_size(3)]) / 4_000.0;
            }
            let mean = sum / 4_000.0;
            let sd = (squares / 4_000.0 - mean * mean).max(0.0).sqrt();
            let claimed = (mean * (1.0 - mean) / (300.0 * told)).sqrt();
            // Never narrower than the truth by more than the noise of 4,000 samples, and not much wider.
            assert!(claimed >= 0.95 * sd && claimed < 1.35 * sd + 0.001, "{n_values} values: {claimed} for {sd}");
        }
    }

    /// Three levels, each of many rows: all rows are equal to others, in any sample.
    #[test]
    fn rows_of_few_values_repeat_for_certain() {
        let rows: Vec<f64> = (0..600).map(|i| f64::from(i % 3)).collect();
        let share = leave_one_out_share(&table(&[&rows])).unwrap();
        assert_eq!(share.value, 1.0);
        assert!(share.lower_bound() > 0.995, "{share:?}");
    }

    #[test]
    fn equal_rows_of_one_person_are_no_chance() {
        let rows = table(&[&[1.0, 1.0, 2.0, 3.0, 3.0]]);
        let owned = |owners: &[usize]| rows.clone().with_units(Units::rows(5).take(owners));
        // The two 1s are one person's, the two 3s are two people's.
        let share = leave_one_out_share(&owned(&[0, 0, 1, 2, 3])).unwrap();
        assert_eq!(share.value, 0.4);
        assert_eq!(leave_one_out_share(&rows).unwrap().value, 0.8);
        // And fewer people show less.
        let alone = |table: &Table| leave_one_out_share(table).unwrap().upper_bound();
        let distinct = table(&[&[1.0, 2.0, 3.0, 4.0]]);
        assert!(alone(&distinct) < alone(&distinct.clone().with_units(Units::rows(2).take(&[0, 0, 1, 1]))));
    }

    #[test]
    fn an_excess_is_bounded_by_what_chance_may_be_on_both_sides() {
        let chance = Estimate { value: 0.1, uncertainty: Some(wilson(0.1, 100.0, 100)) };
        let excess = excess(0.3, 100, chance);
        assert!((excess.value - 0.2).abs() < 1e-15);
        // Wider than by the baseline alone, narrower than if both were at their worst at once.
        let (of_rate, of_chance) = (0.3 - wilson(0.3, 100.0, 100).one_sided.low, chance.upper_bound() - 0.1);
        let down = excess.value - excess.lower_bound();
        assert!(of_chance.max(of_rate) < down && down < of_rate + of_chance, "{down}");
        assert!(excess.upper_bound() > 0.2);
    }
}
