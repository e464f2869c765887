//! The tables that are compared, checked once.
//!
//! The *kinds* of the columns come from the train table's schema: a synthetic table cannot change what is measured by
//! declaring its columns to be something else. Only names, order and storage must agree.

use synth_core::{Kind, Table};

use crate::error::{Error, Result};

/// The least number of rows a table must have to be compared.
pub const MIN_ROWS: usize = 2;

/// A synthetic table beside the real rows its generator learnt from, and real rows it never saw.
///
/// ```
/// # use std::sync::Arc;
/// # use synth_core::{Field, Kind, Schema, Table, schema::Storage, table::column_from_numbers};
/// # use synth_metrics::Comparison;
/// # let field = Field::new("age", Kind::Integer, Storage::Integer);
/// # let schema = Schema::new(vec![field.clone()]);
/// # let table = |x: &[f64]| Table::new(Arc::new(schema.clone()), vec![column_from_numbers(&field, x)]);
/// let (train, synthetic) = (table(&[61.0, 47.0, 55.0])?, table(&[58.0, 50.0])?);
/// let comparison = Comparison::new(&train, &synthetic, None)?;
/// assert_eq!(comparison.synthetic().n_rows(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Comparison<'a> {
    train: &'a Table,
    synthetic: &'a Table,
    holdout: Option<&'a Table>,
}

impl<'a> Comparison<'a> {
    /// Puts the tables side by side.
    ///
    /// `train` is what the generator learnt from, `holdout` real rows of the same law that it never saw.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if columns differ from the train table's in number, name, order or storage,
    /// [`Error::TooFewRows`] if a table has fewer than [`MIN_ROWS`] rows, [`Error::Infinite`] if a number is ±∞.
    pub fn new(train: &'a Table, synthetic: &'a Table, holdout: Option<&'a Table>) -> Result<Self> {
        check_rows("train", train)?;
        check_finite("train", train)?;
        for (name, table) in [("synthetic", Some(synthetic)), ("holdout", holdout)] {
            let Some(table) = table else { continue };
            check_columns(train, name, table)?;
            check_rows(name, table)?;
            check_finite(name, table)?;
        }
        Ok(Self { train, synthetic, holdout })
    }

    /// The rows the generator learnt from.
    pub fn train(&self) -> &'a Table {
        self.train
    }

    /// The rows it made.
    pub fn synthetic(&self) -> &'a Table {
        self.synthetic
    }

    /// Real rows it never saw.
    pub fn holdout(&self) -> Option<&'a Table> {
        self.holdout
    }

    /// The positions of the columns whose kind, by the train table, satisfies `wanted`.
    pub(crate) fn columns(&self, wanted: impl Fn(Kind) -> bool) -> Vec<usize> {
        columns_of(self.train, wanted)
    }

    /// The name of a column.
    pub(crate) fn name(&self, column_idx: usize) -> &'a str {
        &self.train.schema().fields[column_idx].name
    }
}

/// The positions of `table`'s columns whose kind satisfies `wanted`.
pub(crate) fn columns_of(table: &Table, wanted: impl Fn(Kind) -> bool) -> Vec<usize> {
    let fields = table.schema().fields.iter().enumerate();
    fields.filter(|(_, field)| wanted(field.kind)).map(|(column_idx, _)| column_idx).collect()
}

/// Fails unless `other` has the columns of `train`, whatever their kinds.
pub(crate) fn check_columns(train: &Table, name: &'static str, other: &Table) -> Result<()> {
    let mismatch = |problem: String| Err(Error::Mismatch { table: name, problem });
    let (expected, got) = (&train.schema().fields, &other.schema().fields);
    if expected.len() != got.len() {
        return mismatch(format!("{} columns instead of {}", got.len(), expected.len()));
    }
    for (position, (expected, got)) in expected.iter().zip(got).enumerate() {
        if expected.name != got.name {
            return mismatch(format!("column {} is `{}` instead of `{}`", position + 1, got.name, expected.name));
        }
        if expected.storage != got.storage {
            let problem =
                format!("column `{}` is stored as {:?} instead of {:?}", got.name, got.storage, expected.storage);
            return mismatch(problem);
        }
    }
    Ok(())
}

fn check_rows(name: &'static str, table: &Table) -> Result<()> {
    match table.n_rows() {
        n_rows if n_rows < MIN_ROWS => Err(Error::TooFewRows { table: name, n_rows, least: MIN_ROWS }),
        _ => Ok(()),
    }
}

fn check_finite(name: &'static str, table: &Table) -> Result<()> {
    for (column_idx, field) in table.schema().fields.iter().enumerate() {
        if field.storage.is_number() && table.numbers(column_idx).iter().any(|x| x.is_infinite()) {
            return Err(Error::Infinite { table: name, column: field.name.clone() });
        }
    }
    Ok(())
}
