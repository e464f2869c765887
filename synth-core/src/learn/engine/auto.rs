//! The engine that suits a table, and its parameters.

use super::any::{AnyEngine, EngineKind};
use super::masked::Masked;
use super::trees::Trees;
use crate::error::Result;
use crate::learn::train::{HeldOut, TUNED_BELOW, Tuned};
use crate::table::{Table, Units};

/// Nats a row by which trees must beat a network on held-out rows, both measured by what they gain over independent columns.
/// A network can be asked for more than whole rows; and on the heart table, where trees are ahead by .06 to .07, they came
/// near the limit on membership at three of five seeds, which the network does not.
pub const CLEARLY: f64 = 0.08;

/// An engine chosen for a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Suited {
    /// The engine with its parameters.
    pub engine: AnyEngine,
    /// What cross-fits with these parameters cost, in nats a row; `None` if none were made.
    pub cross_fitted: Option<HeldOut>,
}

impl<E: Into<AnyEngine>> From<Tuned<E>> for Suited {
    fn from(tuned: Tuned<E>) -> Self {
        Self { engine: tuned.engine.into(), cross_fitted: Some(tuned.held_out) }
    }
}

impl<E: Into<AnyEngine>> From<E> for Suited {
    /// Of which no cross-fits were made.
    fn from(engine: E) -> Self {
        Self { engine: engine.into(), cross_fitted: None }
    }
}

/// Columns up to which a table is narrow: a dependence of so few is told by its pairs, which the copula holds. On 600 rows of
/// an age, a sex and a score whose correlation is .50 the copula is .00 off, the other engines .07 to .12.
pub const NARROW: usize = 4;

/// Rows up to which trees are worth a try: above, every other engine learns as much, and they take the longest.
const TREES_UP_TO: usize = 20_000;

/// The given engine, or else the one that suits `table`, with parameters for it: the first of [`ranked`].
///
/// # Errors
/// As [`ranked`].
pub fn suited(kind: Option<EngineKind>, table: &Table, seed: u64) -> Result<Suited> {
    let is_small = is_small(table);
    Ok(match kind {
        None => ranked(table, seed)?.swap_remove(0),
        Some(EngineKind::Masked) if is_small => network(table, seed)?.into(),
        Some(EngineKind::Trees) if is_small => Trees::default().tuned(table, seed)?.into(),
        Some(kind) => untuned(kind, table),
    })
}

/// All engines that suit `table`, with parameters for it: the one to begin with, then the others.
///
/// Under [`TUNED_BELOW`] units (rows, where nobody has two), cross-fits on the table say how large a masked model is, how long it
/// learns and how many rows a leaf of trees has, which takes some seconds; and sequential trees take the masked model's place at the head where
/// their likelihood of held-out rows is higher by [`CLEARLY`]. Everything else follows from the numbers of rows and columns,
/// and of a large table from what most columns are. A table with less than two columns that vary has no dependence that could
/// be learnt: the copula, which reproduces columns, is the only engine then.
///
/// # Errors
/// As [`Masked::tuned`] and [`Trees::tuned`].
pub fn ranked(table: &Table, seed: u64) -> Result<Vec<Suited>> {
    if !has_a_pair(table) {
        return Ok(vec![untuned(EngineKind::Copula, table)]);
    }
    let mut all = match is_small(table) {
        true => {
            let (network, trees) = (network(table, seed)?, Trees::default().tuned(table, seed)?);
            let swaps = trees.held_out.gain() > network.held_out.gain() + CLEARLY;
            let (network, trees) = (Suited::from(network), Suited::from(trees));
            if swaps { vec![trees, network] } else { vec![network, trees] }
        }
        false => vec![untuned(EngineKind::Masked, table), untuned(EngineKind::Trees, table)],
    };
    if table.n_rows() > TREES_UP_TO {
        all.retain(|suited| suited.engine.kind() != EngineKind::Trees);
    }
    all.extend([EngineKind::TabDdpm, EngineKind::Copula].map(|kind| untuned(kind, table)));
    Ok(all)
}

fn is_small(table: &Table) -> bool {
    Units::of(table).n_units() < TUNED_BELOW
}

fn network(table: &Table, seed: u64) -> Result<Tuned<Masked>> {
    Masked::for_size(table.n_rows(), table.n_columns()).tuned(table, seed)
}

fn untuned(kind: EngineKind, table: &Table) -> Suited {
    match kind {
        EngineKind::Masked => AnyEngine::from(Masked::for_table(table)).into(),
        kind => AnyEngine::for_size(kind, table.n_rows(), table.n_columns()).into(),
    }
}

/// Whether there are two columns at least that are learnt and have two different values, a missing one among them.
fn has_a_pair(table: &Table) -> bool {
    let varies = |&column_idx: &usize| match table.column(column_idx).0.kind.is_scale() {
        true => {
            let numbers = table.numbers(column_idx);
            numbers.iter().any(|x| x.to_bits() != numbers[0].to_bits())
        }
        false => {
            let codes = table.levels(column_idx).codes;
            codes.iter().any(|code| *code != codes[0])
        }
    };
    let learnt = (0..table.n_columns()).filter(|&i| table.column(i).0.kind.is_learnt());
    learnt.filter(varies).take(2).count() == 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{ReadOptions, read_bytes};

    #[test]
    fn a_small_table_gets_what_tells_its_held_out_rows_better() {
        // What the third column says depends on both others at once.
        let line =
            |i: usize| format!("{},{},{}\n", i % 7, i / 7 % 5, usize::from(i % 7 > 3) ^ usize::from(i / 7 % 5 > 1));
        let text: String = std::iter::once("a,b,c\n".to_owned()).chain((0..210).map(line)).collect();
        let table = read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table;
        let gain = |suited: &Suited| suited.cross_fitted.unwrap().gain();
        let [network, trees] =
            [EngineKind::Masked, EngineKind::Trees].map(|kind| suited(Some(kind), &table, 1).unwrap());
        let expected = if gain(&trees) > gain(&network) + CLEARLY { trees.clone() } else { network.clone() };
        assert_eq!(suited(None, &table, 1).unwrap(), expected);
        assert!(gain(&trees) > 0.3, "{}", gain(&trees));
        assert_eq!((network.engine.kind(), trees.engine.kind()), (EngineKind::Masked, EngineKind::Trees));
    }

    #[test]
    fn every_engine_is_ranked_where_there_is_a_dependence_to_learn() {
        let table = |n_rows: usize, other: fn(usize) -> usize| {
            let line = |i: usize| format!("{},{}\n", i * 7 % 40, other(i));
            let text: String = std::iter::once("a,b\n".to_owned()).chain((0..n_rows).map(line)).collect();
            read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table
        };
        let kinds = |table: &Table| -> Vec<EngineKind> {
            ranked(table, 1).unwrap().iter().map(|suited| suited.engine.kind()).collect()
        };
        let mut all = kinds(&table(200, |i| i * 7 % 40 / 3));
        all.sort_by_key(|kind| EngineKind::ALL.iter().position(|k| k == kind));
        assert_eq!(all, EngineKind::ALL);
        let large = kinds(&table(TREES_UP_TO + 1, |i| i % 9));
        assert_eq!(large, [EngineKind::Masked, EngineKind::TabDdpm, EngineKind::Copula]);
        // A single column that varies: the networks learn no more than independent columns, and say so by failing.
        assert_eq!(kinds(&table(200, |_| 3)), [EngineKind::Copula]);
    }
}
