//! Which units are the most exposed: those unlike all others, chosen by a fixed rule on the table as it was given.
//!
//! - **Isolated**: the largest mean distance (see [`neighbours`](crate::neighbours)) to the five nearest rows of other units; of
//!   a unit with several rows the mean over them ("Achilles' heels", arXiv:2306.10308).
//! - **Extreme**: the most column ends at which the unit is among the [`K`] outermost.
//! - **Rare**: gaps and levels that fewer than [`K`] units have.
//! - **Typical**: of middling isolation, and neither extreme nor rare. They are no targets but the control: an audit that finds
//!   them sees ghosts, or a generator that leaks everybody.
//!
//! Left out on purpose: a choice by trial, of the units that the attack happens to find. It would have to be corrected for.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use synth_core::table::Units;
use synth_core::{Kind, Table};

use crate::columns::{missing, present};
use crate::comparison::{columns_of, with_own_units};
use crate::neighbours::{embed, nearest};

/// Fewer units than that are few: at a column's end, with a level, with a gap. The number that the policies protect by.
pub const K: usize = 11;
/// The most rows that are searched for neighbours; of larger tables evenly spaced units.
const MAX_SEARCHED: usize = 20_000;
/// The neighbours whose mean distance is a row's isolation.
const N_NEIGHBOURS: usize = 5;
/// Rows of one unit that are looked past in the search for others' rows.
const MAX_OWN: usize = 64;
/// A table has to have so many units for each that is attacked, or the others would not be a crowd.
const UNITS_EACH: usize = 4;

/// Why a unit is looked at. Said in place of who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Exposure {
    /// It has gaps or levels that hardly anybody has.
    Rare,
    /// It is among the outermost of its columns.
    Extreme,
    /// It is far from its nearest neighbours.
    Isolated,
    /// It is like many others: the control.
    Typical,
}

impl std::fmt::Display for Exposure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Exposure::Rare => "rare",
            Exposure::Extreme => "extreme",
            Exposure::Isolated => "isolated",
            Exposure::Typical => "typical",
        })
    }
}

/// A unit that is in or out of the shadow runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Target {
    /// Its rows in the table, ascending.
    pub rows: Vec<usize>,
    /// Why it was chosen.
    pub exposure: Exposure,
}

/// The `n` most exposed units of `table`, half of them isolated, a third extreme and a sixth rare (isolated ones where there are no
/// others), and a fourth as many typical ones behind them, two at least.
///
/// Fewer, where the table has fewer than four units for each; none if no column is learnt. The same table gives
/// the same units.
///
/// ```
/// # use synth_core::Table;
/// # use synth_metrics::privacy::exposed::{Exposure, targets};
/// // One of a hundred patients is a giant.
/// let table = Table::builder().numbers("height", (0..100).map(|i| if i == 42 { 260.0 } else { 150.0 + f64::from(i % 40) })).build()?;
/// let chosen = targets(&table, 3);
/// assert_eq!((chosen[0].rows.as_slice(), chosen[0].exposure), ([42].as_slice(), Exposure::Extreme));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn targets(table: &Table, n: usize) -> Vec<Target> {
    let table = with_own_units(table);
    let units = Units::of(&table);
    let learnt = columns_of(&table, Kind::is_learnt);
    let n_typical = (n / 4).max(2);
    let n = n.min((units.n_units() / UNITS_EACH).saturating_sub(n_typical));
    if n == 0 || learnt.is_empty() {
        return Vec::new();
    }
    let isolation = isolation(&table, &units);
    let (extreme, rare) = (extreme(&table, &units), rare(&table, &units, &learnt));

    let mut taken: HashSet<usize> = HashSet::new(); // looked up, never iterated
    let mut chosen: Vec<(usize, Exposure)> = Vec::new();
    let mut take = |score: &[f64], n: usize, exposure: Exposure| {
        for unit in by_score(score).into_iter().filter(|&unit| score[unit] > 0.0) {
            if chosen.iter().filter(|(_, other)| *other == exposure).count() == n {
                break;
            }
            if taken.insert(unit) {
                chosen.push((unit, exposure));
            }
        }
        chosen.len()
    };
    take(&rare, n / 6, Exposure::Rare);
    let n_so_far = take(&extreme, n / 3, Exposure::Extreme);
    take(&isolation, n - n_so_far, Exposure::Isolated);

    // From the middle outwards.
    let mut order = by_score(&isolation);
    order.retain(|unit| isolation[*unit] > 0.0 && extreme[*unit] == 0.0 && rare[*unit] == 0.0 && !taken.contains(unit));
    let middle = order.len() / 2;
    let outwards = (0..order.len()).map(|i| if i % 2 == 0 { middle + i / 2 } else { middle - i.div_ceil(2) });
    chosen.extend(outwards.filter_map(|at| order.get(at)).take(n_typical).map(|&unit| (unit, Exposure::Typical)));

    let grouped = units.grouped();
    chosen.into_iter().map(|(unit, exposure)| Target { rows: grouped.rows_of(unit).to_vec(), exposure }).collect()
}

/// The units from the highest score to the lowest, equal ones in their own order.
fn by_score(score: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..score.len()).collect();
    order.sort_by(|&a, &b| score[b].total_cmp(&score[a]));
    order
}

/// The mean distance of each unit's rows to others'; 0 of a unit that is not searched, and a trifle more of one among equals.
fn isolation(table: &Table, units: &Units) -> Vec<f64> {
    let every = table.n_rows().div_ceil(MAX_SEARCHED).max(1);
    let rows: Vec<usize> = (0..table.n_rows()).filter(|&row| units.of_row(row).is_multiple_of(every)).collect();
    let searched = table.take(&rows);
    let [points] = embed(&[&searched], &[&searched]).try_into().expect("one table");
    let n_own = units.max_rows().min(MAX_OWN);
    let found = nearest(&points, &points, N_NEIGHBOURS + n_own);
    let (mut sums, mut counts) = (vec![0.0; units.n_units()], vec![0.0; units.n_units()]);
    for (i, &row) in rows.iter().enumerate() {
        let unit = units.of_row(row);
        let others = found.rows(i).iter().zip(found.distances(i));
        let others = others.filter(|(other, _)| units.of_row(rows[**other]) != unit).map(|(_, distance)| *distance);
        let nearest: Vec<f64> = others.take(N_NEIGHBOURS).collect();
        sums[unit] += f64::MIN_POSITIVE + nearest.iter().sum::<f64>() / nearest.len().max(1) as f64;
        counts[unit] += 1.0;
    }
    sums.iter().zip(counts).map(|(sum, n)| sum / f64::max(n, 1.0)).collect()
}

/// At how many ends of columns a unit is among the [`K`] outermost; the farther out, a trifle more.
fn extreme(table: &Table, units: &Units) -> Vec<f64> {
    let mut score = vec![0.0; units.n_units()];
    for column_idx in columns_of(table, Kind::is_scale) {
        let values = table.numbers(column_idx);
        for sign in [1.0, -1.0] {
            let mut ends = vec![f64::NEG_INFINITY; units.n_units()];
            for (row, value) in values.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
                let end = &mut ends[units.of_row(row)];
                *end = end.max(sign * value);
            }
            let mut sorted: Vec<f64> = ends.iter().copied().filter(|end| end.is_finite()).collect();
            sorted.sort_unstable_by(|a, b| b.total_cmp(a));
            for (unit, end) in ends.iter().enumerate().filter(|(_, end)| end.is_finite()) {
                let n_as_far = sorted.partition_point(|other| other >= end);
                if n_as_far <= K {
                    score[unit] += 1.0 + 0.01 / n_as_far as f64;
                }
            }
        }
    }
    score
}

/// How much a unit has that fewer than [`K`] have: the rarer, the more.
fn rare(table: &Table, units: &Units, learnt: &[usize]) -> Vec<f64> {
    let mut score = vec![0.0; units.n_units()];
    let mut add = |codes: Vec<Option<usize>>, n_codes: usize| {
        let counts = units.counts(codes.iter().copied(), n_codes);
        let mut seen: HashSet<(usize, usize)> = HashSet::new();
        for (row, code) in codes.iter().enumerate() {
            let Some(code) = code.filter(|&code| counts[code] < K) else { continue };
            if seen.insert((units.of_row(row), code)) {
                score[units.of_row(row)] += 1.0 / counts[code] as f64;
            }
        }
    };
    for &column_idx in learnt {
        // A column that hardly anybody has is rare itself, and its gaps are not.
        add(missing(table, column_idx).into_iter().map(|is_gap| is_gap.then_some(0)).collect(), 1);
        if table.column(column_idx).0.kind.is_levels() {
            let levels = table.levels(column_idx);
            add(levels.codes.iter().map(|code| code.map(|code| code as usize)).collect(), levels.names.len());
        } else if present(table, column_idx).len() < K {
            add(missing(table, column_idx).into_iter().map(|is_gap| (!is_gap).then_some(0)).collect(), 1);
        }
    }
    score
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anchor::clinic;

    fn kinds(chosen: &[Target]) -> Vec<usize> {
        [Exposure::Rare, Exposure::Extreme, Exposure::Isolated, Exposure::Typical]
            .map(|kind| chosen.iter().filter(|target| target.exposure == kind).count())
            .to_vec()
    }

    #[test]
    fn twelve_of_a_clinic_are_of_all_kinds_and_no_unit_is_taken_twice() {
        let table = clinic(300, 1);
        let chosen = targets(&table, 12);
        // The clinic has no rare level or gap.
        assert_eq!(kinds(&chosen)[1..], [4, 8 - kinds(&chosen)[0], 3]);
        let rows: HashSet<usize> = chosen.iter().flat_map(|target| target.rows.clone()).collect();
        assert_eq!(rows.len(), chosen.len());
        assert_eq!(targets(&table, 12), chosen);
    }

    #[test]
    fn a_lone_gap_and_a_lone_level_are_rare() {
        let level = |i: i64| Some(if i == 7 { "odd" } else { ["a", "b"][i as usize % 2] });
        let table = Table::builder()
            .numbers("x", (0..200).map(|i| if i == 90 { f64::NAN } else { f64::from(i * 37 % 199) }))
            .labels("level", (0..200).map(level))
            .build()
            .unwrap();
        let rare: Vec<Vec<usize>> =
            targets(&table, 12).into_iter().filter(|t| t.exposure == Exposure::Rare).map(|t| t.rows).collect();
        assert_eq!(rare, [[7], [90]]);
    }

    #[test]
    fn a_unit_is_chosen_with_all_its_rows() {
        let owners: Vec<usize> = (0..300).map(|row| row / 3).collect();
        let table = clinic(300, 2).with_units(Units::rows(100).take(&owners));
        let chosen = targets(&table, 12);
        assert!(chosen.iter().all(|target| target.rows.len() == 3 && target.rows[0].is_multiple_of(3)));
    }

    #[test]
    fn a_small_table_has_fewer_and_a_tiny_one_none() {
        assert_eq!(targets(&clinic(40, 1), 12).iter().filter(|t| t.exposure != Exposure::Typical).count(), 7);
        assert!(targets(&clinic(11, 1), 12).is_empty());
    }
}
