//! Which rows are learnt from and which are kept aside.
//!
//! Rows that share an identifier are one subject's and stay together. Left out on purpose: stratification; a seeded
//! shuffle of subjects is fair enough at the sizes where a part is set aside.

use std::collections::HashMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use synth_core::{Kind, Table};
use synth_metrics::comparison::MIN_ROWS;

use crate::error::{Error, Result};

/// From this many rows on, a holdout and an audit part are set aside: three twentieths of so many leave about 300 rows in
/// each, for which the membership AUC is known to ±0.04.
pub const SPLIT_ROWS: usize = 2_000;
/// The generators of a cross-fitted audit. Five leave each with four fifths of the rows.
pub const N_FOLDS: usize = 5;
/// The most rows set aside for the holdout, and for the audit: at 5,000 the membership AUC is known to ±0.01.
const MAX_HELD_OUT: usize = 5_000;

/// How the real rows are used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Design {
    /// Three parts by rows.
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
                write!(f, "split: {train} rows to learn from, {holdout} held out, {audit} for the final audit")
            }
            Design::CrossFitted { folds, rows } => write!(
                f,
                "cross-fitted: {folds} generators each without a fold of the {rows} rows, a last one that is given all"
            ),
        }
    }
}

/// The rows of each part, each in ascending order.
pub(crate) struct Parts {
    pub(crate) design: Design,
    /// Train, holdout and audit, or the folds.
    pub(crate) rows: Vec<Vec<usize>>,
}

impl Parts {
    /// That there are rows enough for the smallest design.
    pub(crate) fn check_rows(table: &Table) -> Result<()> {
        let n_rows = table.n_rows();
        if n_rows < N_FOLDS * MIN_ROWS {
            let problem = format!("the table has {n_rows} rows of data, at least {} are needed", N_FOLDS * MIN_ROWS);
            return Err(too_few(problem, "a table so small would tell its rows"));
        }
        Ok(())
    }

    /// Every part must have rows to measure: an empty fold would prove nothing, and pass for it.
    pub(crate) fn check(&self) -> Result<()> {
        match self.rows.iter().all(|rows| rows.len() >= MIN_ROWS) {
            true => Ok(()),
            false => Err(too_few(
                "the rows belong to too few subjects to keep some of them aside".to_owned(),
                "if the identifier with the fewest distinct values names no subjects, give it another `kind` in the schema",
            )),
        }
    }

    pub(crate) fn of(table: &Table, seed: u64) -> Self {
        let n_rows = table.n_rows();
        let groups = groups(table);
        let mut order: Vec<usize> = (0..groups.len()).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let mut groups = order.into_iter().map(|i| &groups[i]);
        let mut rows;
        let design;
        if n_rows >= SPLIT_ROWS {
            let n_held_out = (n_rows * 3 / 20).min(MAX_HELD_OUT);
            let mut take = |n: usize| {
                let mut part = Vec::new();
                while part.len() < n
                    && let Some(group) = groups.next()
                {
                    part.extend(group);
                }
                part
            };
            let (holdout, audit) = (take(n_held_out), take(n_held_out));
            let train = take(n_rows);
            design = Design::Split { train: train.len(), holdout: holdout.len(), audit: audit.len() };
            rows = vec![train, holdout, audit];
        } else {
            rows = vec![Vec::new(); N_FOLDS];
            for group in groups {
                let smallest = rows.iter_mut().min_by_key(|fold| fold.len()).expect("there are folds");
                smallest.extend(group);
            }
            design = Design::CrossFitted { folds: N_FOLDS, rows: n_rows };
        }
        rows.iter_mut().for_each(|part| part.sort_unstable());
        Self { design, rows }
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

/// Rows that belong together: those that share a value of the identifier with the most repeats, or each row alone.
fn groups(table: &Table) -> Vec<Vec<usize>> {
    // What is invented for each row (a name, a city) may name many people at once.
    let is_subject = |i: &usize| {
        let (field, _) = table.column(*i);
        field.kind == Kind::Identifier && field.protect.is_empty()
    };
    let identifiers = (0..table.n_columns()).filter(is_subject);
    let by_identifier = identifiers.map(|i| {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut group_of: HashMap<String, usize> = HashMap::new();
        for (row, label) in table.labels(i).into_iter().enumerate() {
            // A label that is new gets the number of the group that is about to be made.
            let group = label.map(|label| *group_of.entry(label).or_insert(groups.len()));
            match group.and_then(|group| groups.get_mut(group)) {
                Some(group) => group.push(row),
                None => groups.push(vec![row]),
            }
        }
        groups
    });
    by_identifier.min_by_key(Vec::len).unwrap_or_else(|| (0..table.n_rows()).map(|row| vec![row]).collect())
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
        for n_rows in [300, 2100] {
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
    fn the_design_goes_by_the_rows_and_counts_them() {
        assert_eq!(Parts::of(&table(300), 1).design, Design::CrossFitted { folds: 5, rows: 300 });
        assert_eq!(Parts::of(&table(2100), 1).design, Design::Split { train: 1470, holdout: 315, audit: 315 });
        let folds = Parts::of(&table(300), 1).rows;
        assert!(folds.iter().all(|fold| fold.len() == 60));
    }

    #[test]
    fn parts_follow_the_seed() {
        let rows = |seed| Parts::of(&table(300), seed).rows;
        assert_eq!(rows(1), rows(1));
        assert_ne!(rows(1), rows(2));
    }
}
