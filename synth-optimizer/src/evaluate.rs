//! Measuring a table that was made elsewhere: what has to be done and checked before its measures mean anything.
//!
//! A table is compared with the rows that its generator was given, which are the *protected* ones, and its privacy with rows that
//! the generator never saw. Whoever gives rows for unseen that it saw would see every attack fail.

use std::collections::HashSet;
use std::ops::Range;

use synth_core::protect::Secret;
use synth_core::table::Units;
use synth_core::{BadInput, InputRule, Model, Result, Table};
use synth_metrics::{copied_share, leave_one_out_share};

/// The real rows with what their schema declares done to them, to training rows and holdout together: that is what a synthetic
/// table was made from, but for what the secret of its protection decided. Without a declaration they are as they were.
///
/// # Errors
/// Those of [`protect::apply`](synth_core::protect::apply).
pub fn protected(train: Table, holdout: Option<Table>, secret: &Secret) -> Result<(Table, Option<Table>)> {
    if train.schema().fields.iter().all(|field| field.protect.is_empty()) {
        // Without a declaration equal rows may be one person's.
        let with_units = |table: Table| {
            let units = Units::of_source(&table);
            table.with_units(units)
        };
        return Ok((with_units(train), holdout.map(with_units)));
    }
    let n_train = train.n_rows();
    let all = Table::concat(&[train].into_iter().chain(holdout.clone()).collect::<Vec<_>>())?;
    let (all, _) = synth_core::protect::apply(&all, secret)?;
    let rows = |rows: Range<usize>| all.take(&rows.collect::<Vec<_>>());
    Ok((rows(0..n_train), holdout.map(|_| rows(n_train..all.n_rows()))))
}

/// Refuses a holdout whose rows the generator must have seen: the training rows in any order, or far more of them than chance
/// puts there.
///
/// # Errors
/// [`InputRule::SameRows`].
pub fn check_unseen(train: &Table, holdout: &Table) -> Result<()> {
    if !has_same_rows(train, holdout) && !overlaps(train, holdout) {
        return Ok(());
    }
    let problem = "the holdout contains rows of the training table";
    Err(BadInput::new(InputRule::SameRows, problem).hint("give rows that the generator was not trained on").into())
}

/// What a model says of each row it learnt from: the negative logarithm of its likelihood.
///
/// # Errors
/// Those of [`Model::log_likelihood`].
pub fn losses(model: &Model, train: &Table) -> Result<Vec<f64>> {
    Ok(model.log_likelihood(train)?.into_iter().map(|score| -score).collect())
}

/// The same of rows that it never saw. A row with a level that no training row has has no likelihood: nothing is less like a row
/// that was learnt, and its loss is the largest number.
///
/// # Errors
/// Those of [`Model::log_likelihood`].
pub fn losses_unseen(model: &Model, train: &Table, holdout: &Table) -> Result<Vec<f64>> {
    let is_known = has_known_levels(train, holdout);
    let known: Vec<usize> = (0..holdout.n_rows()).filter(|&row| is_known[row]).collect();
    let mut all = vec![f64::MAX; holdout.n_rows()];
    if !known.is_empty() {
        for (row, loss) in known.iter().zip(losses(model, &holdout.take(&known))?) {
            all[*row] = loss;
        }
    }
    Ok(all)
}

/// Which rows of `table` have no level that `train` lacks.
fn has_known_levels(train: &Table, table: &Table) -> Vec<bool> {
    let mut is_known = vec![true; table.n_rows()];
    let fields = train.schema().fields.iter().enumerate();
    for (column_idx, _) in fields.filter(|(_, field)| field.kind.is_levels()) {
        let (learnt, levels) = (train.levels(column_idx), table.levels(column_idx));
        let known: HashSet<&String> = learnt.names.iter().collect();
        for (is_known, code) in is_known.iter_mut().zip(&levels.codes) {
            *is_known &= code.is_none_or(|code| known.contains(&levels.names[code as usize]));
        }
    }
    is_known
}

/// Whether far more of the holdout's rows are in the training table than chance puts there: by a tenth more than the share
/// of training rows that equal another one.
fn overlaps(train: &Table, holdout: &Table) -> bool {
    let by_chance = leave_one_out_share(train).map_or(0.0, |share| share.value);
    copied_share(holdout, train).is_some_and(|share| share > by_chance + 0.1)
}

/// Whether two tables hold the same rows, in any order: with such a holdout every privacy measure would pass.
fn has_same_rows(one: &Table, other: &Table) -> bool {
    if one.n_rows() != other.n_rows() || one.n_columns() != other.n_columns() {
        return false;
    }
    let sorted = |table: &Table| {
        let mut rows = vec![Vec::with_capacity(table.n_columns()); table.n_rows()];
        for column_idx in 0..table.n_columns() {
            rows.iter_mut().zip(table.labels(column_idx)).for_each(|(row, label)| row.push(label));
        }
        rows.sort_unstable();
        rows
    };
    sorted(one) == sorted(other)
}

#[cfg(test)]
mod tests {
    use synth_core::io::{ReadOptions, read_bytes};

    use super::*;

    /// Rows under the schema that all of `rows` and `others` have together.
    fn tables(rows: &[&str], others: &[&str]) -> (Table, Table) {
        let text = |rows: &[&str]| format!("dose,ward\n{}\n", rows.join("\n")).into_bytes();
        let all: Vec<&str> = rows.iter().chain(others).copied().collect();
        let schema = (**read_bytes(text(&all), &ReadOptions::default()).unwrap().table.schema()).clone();
        let read = |rows: &[&str]| {
            let options = ReadOptions { schema: Some(schema.clone()), ..ReadOptions::default() };
            read_bytes(text(rows), &options).unwrap().table
        };
        (read(rows), read(others))
    }

    #[test]
    fn the_training_rows_in_another_order_are_no_holdout() {
        let (train, holdout) = tables(&["1.5,a", "2.5,b", "3.5,b"], &["3.5,b", "1.5,a", "2.5,b"]);
        let error = check_unseen(&train, &holdout).unwrap_err().to_string();
        assert!(error.contains("[same-rows]"), "{error}");
        // As many rows with as many cells, but other ones.
        let (train, holdout) = tables(&["1.5,a", "2.5,b", "3.5,b"], &["4.5,b", "5.5,a", "6.5,b"]);
        check_unseen(&train, &holdout).unwrap();
    }

    #[test]
    fn rows_may_be_equal_by_chance_and_no_more_often() {
        let own: Vec<String> = (0..40).map(|i| format!("{i}.5,a")).collect();
        let holdout_with = |n_copies: usize| -> Vec<String> {
            own[..n_copies].iter().cloned().chain((n_copies..20).map(|i| format!("{i}.25,b"))).collect()
        };
        let check = |n_copies| {
            let of = |rows: &[String]| rows.iter().map(String::as_str).collect::<Vec<&str>>().join("|");
            let (own, other) = (of(&own), of(&holdout_with(n_copies)));
            let (train, holdout) = tables(&own.split('|').collect::<Vec<_>>(), &other.split('|').collect::<Vec<_>>());
            check_unseen(&train, &holdout)
        };
        check(0).unwrap();
        check(2).unwrap();
        assert!(check(3).is_err());
    }

    #[test]
    fn a_level_that_no_training_row_has_is_unknown() {
        let (train, holdout) = tables(&["1.5,a", "2.5,b", "3.5,a"], &["9.5,a", "1.5,c", "2.5,", "2.5,b"]);
        assert_eq!(has_known_levels(&train, &holdout), [true, false, true, true]);
    }

    #[test]
    fn training_rows_and_holdout_are_protected_together() {
        let rows: Vec<String> = (0..60).map(|i| format!("{i}.5,a")).collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let (train, holdout) = tables(&rows[..40], &rows[40..]);
        let (same, _) = protected(train.clone(), Some(holdout.clone()), &Secret::from_seed(0)).unwrap();
        assert_eq!(same.batch(), train.batch());

        let mut schema = (**train.schema()).clone();
        schema.fields[0].protect = vec![synth_core::protect::Protection::CapExtremes { k: 11 }];
        let declared = |table: &Table| table.with_schema(schema.clone().into()).unwrap();
        let (train, holdout) = protected(declared(&train), Some(declared(&holdout)), &Secret::from_seed(0)).unwrap();
        let holdout = holdout.unwrap();
        assert_eq!((train.n_rows(), holdout.n_rows()), (40, 20));
        let most = |table: &Table| table.numbers(0).into_iter().fold(f64::MIN, f64::max);
        // The outermost rows of all sixty are in the holdout: the training rows keep their largest.
        assert_eq!(most(&train), 39.5);
        assert!(most(&holdout) < 59.5);
    }
}
