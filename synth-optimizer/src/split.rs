//! Which rows are learnt from and which are kept aside.
//!
//! Parts are cut by [units](synth_core::schema::Unit): a person's rows stay together, and it is units that are counted where
//! it is said how many are set aside. Left out on purpose: stratification; a seeded shuffle of units is fair enough at the
//! sizes where a part is set aside.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use synth_core::Table;
use synth_core::schema::Unit;
use synth_core::table::Units;
use synth_metrics::comparison::MIN_ROWS;

use crate::error::{Error, Result};

/// From this many units on (people, or rows where nobody has two), a holdout and an audit part are set aside: three twentieths
/// of so many leave about 300 in each, for which the membership AUC is known to ±0.04.
pub const SPLIT_ROWS: usize = 2_000;
/// The generators of a cross-fitted audit. Five leave each with four fifths of the units.
pub const N_FOLDS: usize = 5;
/// The most units set aside for the holdout, and for the audit: at 5,000 the membership AUC is known to ±0.01.
const MAX_HELD_OUT: usize = 5_000;

/// How the real rows are used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Design {
    /// Three parts, of whole units.
    Split {
        /// Rows the generator learns from.
        train: usize,
        /// Rows that attempts are measured against.
        holdout: usize,
        /// Rows opened once, at the end.
        audit: usize,
    },
    /// Every row is unseen once, by one of several generators; the released one is given all.
    CrossFitted {
        /// The generators.
        folds: usize,
        /// All rows.
        rows: usize,
    },
}

impl std::fmt::Display for Design {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Design::Split { train, holdout, audit } => {
                write!(f, "split: {train} training rows, {holdout} held-out rows, {audit} audit rows")
            }
            Design::CrossFitted { folds, rows } => write!(
                f,
                "cross-fitted: {folds} generators, each without one fold of the {rows} rows, and a final one on all rows"
            ),
        }
    }
}

/// The rows of each part, each in ascending order.
pub(crate) struct Parts {
    pub(crate) design: Design,
    /// What was never cut.
    pub(crate) unit: Unit,
    /// Train, holdout and audit, or the folds.
    pub(crate) rows: Vec<Vec<usize>>,
}

impl Parts {
    /// That there are rows enough for the smallest design.
    pub(crate) fn check_rows(table: &Table) -> Result<()> {
        let n_rows = table.n_rows();
        if n_rows < N_FOLDS * MIN_ROWS {
            let problem = format!("the table has {n_rows} rows of data; at least {} are required", N_FOLDS * MIN_ROWS);
            return Err(too_few(problem, "so small a table would disclose its rows"));
        }
        Ok(())
    }

    /// Every part must have rows to measure: an empty fold would prove nothing, and pass for it.
    pub(crate) fn check(&self) -> Result<()> {
        match self.rows.iter().all(|rows| rows.len() >= MIN_ROWS) {
            true => Ok(()),
            false => Err(too_few(
                format!("the rows belong to too few units ({}) to hold some of them out", self.unit),
                "declare `unit` in the schema: \"row\", or the columns that identify a unit",
            )),
        }
    }

    pub(crate) fn of(table: &Table, seed: u64) -> Self {
        let units = Units::of(table);
        let grouped = units.grouped();
        let mut order: Vec<usize> = (0..units.n_units()).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let rows_of = |order: &[usize]| order.iter().flat_map(|&unit| grouped.rows_of(unit)).copied().collect();
        let mut rows: Vec<Vec<usize>>;
        let design;
        if units.n_units() >= SPLIT_ROWS {
            let n_held_out = (units.n_units() * 3 / 20).min(MAX_HELD_OUT);
            let (holdout, others) = order.split_at(n_held_out);
            let (audit, train) = others.split_at(n_held_out);
            rows = [train, holdout, audit].map(rows_of).to_vec();
            design = Design::Split { train: rows[0].len(), holdout: rows[1].len(), audit: rows[2].len() };
        } else {
            let fold_of = units.folds(&order, N_FOLDS);
            rows = vec![Vec::new(); N_FOLDS];
            order.iter().for_each(|&unit| rows[fold_of[unit]].extend(grouped.rows_of(unit)));
            design = Design::CrossFitted { folds: N_FOLDS, rows: table.n_rows() };
        }
        rows.iter_mut().for_each(|part| part.sort_unstable());
        Self { design, unit: units.unit().clone(), rows }
    }
}

/// The rows of all folds but one, in ascending order.
pub(crate) fn rows_without(folds: &[Vec<usize>], fold_idx: usize) -> Vec<usize> {
    let others = folds.iter().enumerate().filter(|(i, _)| *i != fold_idx);
    let mut rows: Vec<usize> = others.flat_map(|(_, fold)| fold).copied().collect();
    rows.sort_unstable();
    rows
}

fn too_few(problem: String, hint: &str) -> Error {
    Error::Core(synth_core::BadInput::new(synth_core::InputRule::TooFewRows, problem).hint(hint).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use synth_core::io::{ReadOptions, read_bytes};

    /// A row number each, so that rows can be told apart; and a patient for every three of them.
    fn table(n_rows: usize) -> Table {
        let rows = (0..n_rows).map(|i| format!("P{:05},{},{}\n", i / 3, i, i % 2));
        let text: String = std::iter::once("patient_id,visit,flag\n".to_owned()).chain(rows).collect();
        read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table
    }

    #[test]
    fn every_row_is_in_one_part_and_patients_stay_together() {
        for n_rows in [300, 6300] {
            let table = table(n_rows);
            let parts = Parts::of(&table, 3);
            let mut all: Vec<usize> = parts.rows.concat();
            all.sort_unstable();
            assert_eq!(all, (0..n_rows).collect::<Vec<_>>());
            for part in &parts.rows {
                assert!(part.iter().all(|row| (row / 3 * 3..row / 3 * 3 + 3).all(|i| part.contains(&i))));
            }
        }
    }

    #[test]
    fn the_design_goes_by_the_units_and_counts_rows() {
        assert_eq!(Parts::of(&table(300), 1).design, Design::CrossFitted { folds: 5, rows: 300 });
        // Seven hundred patients are not two thousand.
        assert_eq!(Parts::of(&table(2100), 1).design, Design::CrossFitted { folds: 5, rows: 2100 });
        assert_eq!(Parts::of(&table(6300), 1).design, Design::Split { train: 4410, holdout: 945, audit: 945 });
        let folds = Parts::of(&table(300), 1).rows;
        assert!(folds.iter().all(|fold| fold.len() == 60));
    }

    #[test]
    fn a_declared_unit_is_the_one_that_stays_whole() {
        let table = table(300);
        let under = |unit| {
            let schema = synth_core::Schema { unit: Some(unit), ..(**table.schema()).clone() };
            Parts::of(&table.with_schema(schema.into()).unwrap(), 3).rows
        };
        let is_whole = |rows: &[Vec<usize>]| rows.iter().all(|part| part.iter().all(|r| part.contains(&(r / 3 * 3))));
        assert!(is_whole(&under(Unit::of(["patient_id"]))));
        assert!(!is_whole(&under(Unit::Row)));
    }

    #[test]
    fn parts_follow_the_seed() {
        let rows = |seed| Parts::of(&table(300), seed).rows;
        assert_eq!(rows(1), rows(1));
        assert_ne!(rows(1), rows(2));
    }
}
