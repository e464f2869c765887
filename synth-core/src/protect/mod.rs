//! What is done to a table before anything is learnt from it, so that no generator can give back what it never saw.
//!
//! A [`Protection`] is declared for a column in its [`Field::protect`](crate::schema::Field::protect) and applied once,
//! by [`apply`], to the whole table: before it is split and before a schema or a distribution is taken from it. The
//! protected table has a schema of its own, in which nothing is left to be done.
//!
//! Two protections are older than this module and stay where they were, in the column's [`Kind`]: a column of kind
//! [`Identifier`](Kind::Identifier) is regenerated in the same format, one of kind [`Text`](Kind::Text) is written as
//! missing.
//!
//! Rarity is counted by units: a level or a tail stands for so many *people*, whatever their rows (see
//! [`Units`]). Where nobody has two rows that is the number of rows. The units are told from the table as it is given, and go
//! with the protected one, even where the columns that tell them are left out or changed. The customary smallest cell, 11, is that of the cell-size policy of the US Centers for
//! Medicare & Medicaid Services; 1/11 is the 9 % re-identification risk of EMA Policy 0070 and Health Canada's PRCI.
//!
//! An exact threshold says of a person who is just beyond it whether she is in the table, to everybody who knows the others. So
//! thresholds are drawn from a [`Secret`]: the number of values that are capped and how far a cap is rounded
//! ([`Protection::CapExtremes`]), the size from which on a level stays ([`Protection::MergeRare`]) and from which on gaps do, the
//! multiples to which counts are rounded. All that is released of a column then changes with one person only by chance. What
//! remains: of what two tables that differ in one person give, 1 in k + 1 is told apart at an end that she alone decides,
//! before rounding; and the number of rows beyond any value of a synthetic table is a noisy count of the real ones.
//!
//! Left out on purpose: noise added to values (it protects nobody without an accountant), and combinations of columns:
//! each is protected by itself, and what several tell together is measured on the synthetic table.

mod applied;
mod cap;
mod column;
mod dates;
mod gaps;
mod hierarchy;
mod merge;
mod precision;
mod restore;
mod ruler;
mod secret;
mod zip;

use std::sync::Arc;

use arrow::array::Array;
use rand::Rng as _;

use crate::error::{BadInput, InputRule, Result};
use crate::schema::{Constraint, Kind, Value};
use crate::table::{Table, Units, column_from_labels};

pub use crate::schema::{DEFAULT_K, FakeKind, Period, Protection};
pub use applied::{Applied, Count};
use column::Column;
pub use secret::Secret;
pub use zip::{RESTRICTED_ZIP_PREFIXES, ZIP_PREFIX_SOURCE};

/// Applies the protection that the schema of `table` declares, and reports it: an entry for each protection of each
/// column, in their order, and for each column that its kind protects.
///
/// Rules that nearly every row of `table` keeps (sums, orders, dependencies: see [`constraint`](crate::constraint)) hold in every row
/// of the protected one: totals are added up again, and so on. What cannot be kept is named by an entry of its own.
///
/// The same table and secret always give the same; a protected table comes out as it went in. Columns on which nothing is
/// declared are shared with `table`. The protected table [carries](Table::with_units) the [units](Units::of_source) of `table`.
///
/// # Errors
/// [`InputRule::Schema`] if a protection does not fit its column, [`InputRule::NothingToLearn`] if no column is left.
pub fn apply(table: &Table, secret: &Secret) -> Result<(Table, Vec<Applied>)> {
    let schema = table.schema();
    schema.check()?;
    let units = Units::of_source(table);
    let mut applied = Vec::new();
    let changes = schema.fields.iter().flat_map(|field| &field.protect).any(Protection::is_pending);
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for column_idx in 0..table.n_columns() {
        let (field, array) = table.column(column_idx);
        let column = Column { field: field.clone(), array: Arc::clone(array) };
        let Some(column) = protected(column, table, &units, secret, &mut applied) else { continue };
        fields.push(column.field);
        columns.push(column.array);
    }
    if fields.is_empty() {
        return Err(BadInput::new(InputRule::NothingToLearn, "every column would be removed").into());
    }
    let schema = schema.with_fields(fields);
    // What is left out or changed can no longer be kept.
    for constraint in &schema.constraints {
        constraint.check(&schema.fields).map_err(|bad| {
            bad.hint("a protection removes or changes the column: remove the constraint or the protection")
        })?;
    }
    let after = Table::new(Arc::new(schema), columns)?.with_units(units);
    let after = if changes { restore::rules(table, after, secret, &mut applied) } else { after };
    Ok((after, applied))
}

/// The column after all of its protections; `None` if it is left out.
fn protected(
    mut column: Column,
    table: &Table,
    units: &Units,
    secret: &Secret,
    applied: &mut Vec<Applied>,
) -> Option<Column> {
    let name = column.field.name.clone();
    let present: Vec<usize> = (0..column.array.len()).filter(|&row| column.array.is_valid(row)).collect();
    let mut note = |rule: &str, what: String, rows: &[usize], k: usize, levels: Option<usize>| {
        let mut rng = secret.stream(&[name.as_bytes(), rule.as_bytes(), b"counts"]);
        let cells = Count::blurred_cells(rows, units, k, &mut rng);
        let levels = levels.map(|n| Count::blurred(n, k, &mut rng));
        applied.push(Applied { column: name.clone(), rule: rule.to_owned(), what, cells, levels });
    };
    let mut bounds = declared_range(table, &name);
    if let Some(k) = column.field.protect.iter().find_map(caps)
        && column.field.kind.is_scale()
    {
        let mut rng = secret.stream(&[name.as_bytes(), b"precision"]);
        let settled = precision::settle(column, units, k, &mut rng);
        note(
            "precision",
            format!("numbers of fewer than {k} units moved to the grid of the others"),
            &settled.rows,
            k,
            None,
        );
        column = settled.column;
    }
    for protection in std::mem::take(&mut column.field.protect) {
        let what = protection.to_string();
        let mut rng = secret.stream(&[name.as_bytes(), protection.id().as_bytes()]);
        let change = match &protection {
            Protection::Keep {} => {
                note(protection.id(), what, &[], DEFAULT_K, None);
                continue;
            }
            Protection::Remove {} => {
                note(protection.id(), what, &present, DEFAULT_K, None);
                return None;
            }
            Protection::Fake { .. } => {
                note(protection.id(), what, &present, DEFAULT_K, None);
                column.field.protect.push(protection);
                continue;
            }
            Protection::MergeRare { k } => {
                // What is left of a code must be shared by as many as no draw of the merging calls rare.
                let enough = rng.gen_range(k + k / 2..=2 * k);
                hierarchy::first(column, units, enough, |column| merge::apply(column, units, *k, &mut rng))
            }
            Protection::CapExtremes { k } => cap::extremes(column, units, *k, bounds, &mut rng),
            Protection::TopCode { above, to } => {
                bounds[1] = bounds[1].min(*to);
                cap::coded(column, |x| x > *above, *to)
            }
            Protection::BottomCode { below, to } => {
                bounds[0] = bounds[0].max(*to);
                cap::coded(column, |x| x < *below, *to)
            }
            Protection::Coarsen { to } => dates::coarsen(column, *to),
            Protection::ShiftDates { subject, max_days } => {
                dates::shift(column, table, units, subject.as_deref(), *max_days, secret)
            }
            Protection::ZipPrefix {} => zip::apply(column),
        };
        column = change.column;
        match protection {
            Protection::MergeRare { k } | Protection::CapExtremes { k } => {
                note(protection.id(), what, &change.rows, k, change.levels);
                let filled = gaps::fill(column, units, k, &mut rng);
                note("rare-gaps", format!("gaps of fewer than {k} units filled"), &filled.rows, k, None);
                column = filled.column;
            }
            _ => note(protection.id(), what, &change.rows, DEFAULT_K, change.levels),
        }
    }
    match column.field.kind {
        Kind::Text => {
            note("text", "free text, emptied".to_owned(), &present, DEFAULT_K, None);
            column.array = column_from_labels(&column.field, std::iter::repeat_n(None, column.array.len()));
        }
        Kind::Identifier if column.field.protect.is_empty() => {
            note("identifier", "regenerated in the same format".to_owned(), &present, DEFAULT_K, None);
        }
        _ => {}
    }
    Some(column)
}

/// The `k` of a protection that caps.
fn caps(protection: &Protection) -> Option<usize> {
    match protection {
        Protection::CapExtremes { k } => Some(*k),
        _ => None,
    }
}

/// The range that the schema declares for a column.
fn declared_range(table: &Table, name: &str) -> cap::Bounds {
    let mut bounds = cap::UNBOUNDED;
    let schema = table.schema();
    for constraint in &schema.constraints {
        if let Constraint::Range { column, min, max } = constraint
            && column == name
            && let Some(field) = schema.index_of(name).map(|i| &schema.fields[i])
        {
            let number = |bound: &Option<Value>| bound.as_ref().and_then(|bound| bound.number(field));
            bounds[0] = number(min).map_or(bounds[0], |min| bounds[0].max(min));
            bounds[1] = number(max).map_or(bounds[1], |max| bounds[1].min(max));
        }
    }
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_emptied_identifiers_are_told_and_a_second_time_changes_nothing() {
        let cells = [Some("a"), None, Some("b")];
        let kinds =
            [("note", Kind::Text), ("id", Kind::Identifier), ("name", Kind::Identifier), ("gone", Kind::Categorical)];
        let words = kinds
            .into_iter()
            .fold(Table::builder(), |builder, (name, kind)| builder.labels(name, cells).kind(name, kind));
        let input = words
            .protect("name", [Protection::Fake { what: FakeKind::Name }])
            .protect("gone", [Protection::Remove {}])
            .integers("x", [1, 2, 3])
            .build()
            .unwrap();
        let (output, applied) = apply(&input, &Secret::from_seed(0)).unwrap();
        let names: Vec<&str> = output.schema().fields.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["note", "id", "name", "x"]);
        assert_eq!(output.labels(0), [None, None, None]);
        assert_eq!(output.labels(1), input.labels(1));
        let rules: Vec<&str> = applied.iter().map(|a| a.rule.as_str()).collect();
        assert_eq!(rules, ["text", "identifier", "fake", "remove"]);
        assert!(applied.iter().all(|a| a.cells == Count::FewerThan(11)), "{applied:?}");
        assert_eq!(applied[2].to_string(), "`name`: replaced with fake names (fewer than 11 cells)");
        let (again, _) = apply(&output, &Secret::from_seed(0)).unwrap();
        assert_eq!((again.schema(), again.batch()), (output.schema(), output.batch()));
    }

    #[test]
    fn a_table_without_columns_is_refused() {
        let input = Table::builder().labels("a", ["x"]).protect("a", [Protection::Remove {}]).build().unwrap();
        assert!(apply(&input, &Secret::from_seed(0)).unwrap_err().to_string().contains("nothing-to-learn"));
    }
}
