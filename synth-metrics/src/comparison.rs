//! The tables that are compared, checked once.
//!
//! The *kinds* of the columns come from the train table's schema: a synthetic table cannot change what is measured by
//! declaring its columns to be something else. Only names, order and storage must agree.

use synth_core::table::Units;
use synth_core::{Kind, Table};

use crate::error::{Error, Result};

/// The least number of rows a table must have to be compared.
pub const MIN_ROWS: usize = 2;

/// The tables to be compared, not yet checked. They are named, since tables in a row will be swapped one day.
///
/// ```
/// # use synth_core::Table;
/// # use synth_metrics::Tables;
/// let train = Table::builder().integers("age", [61, 47, 55]).build()?;
/// let synthetic = Table::builder().integers("age", [58, 50]).build()?;
/// let comparison = Tables { train: &train, synthetic: &synthetic, holdout: None }.compare()?;
/// assert_eq!(comparison.synthetic().n_rows(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Tables<'a> {
    /// The real training rows of the generator.
    pub train: &'a Table,
    /// The synthetic rows.
    pub synthetic: &'a Table,
    /// Real rows of the same law that it never saw, if there are any.
    pub holdout: Option<&'a Table>,
}

impl<'a> Tables<'a> {
    /// Checks that the tables can be compared.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if columns differ from the train table's in number, name, order or storage,
    /// [`Error::TooFewRows`] if a table has fewer than [`MIN_ROWS`] rows, [`Error::Infinite`] if a number is ±∞.
    pub fn compare(self) -> Result<Comparison<'a>> {
        check_rows("train", self.train)?;
        check_finite("train", self.train)?;
        for (name, table) in [("synthetic", Some(self.synthetic)), ("holdout", self.holdout)] {
            let Some(table) = table else { continue };
            check_columns(self.train, name, table)?;
            check_rows(name, table)?;
            check_finite(name, table)?;
        }
        Ok(Comparison { tables: self, given: None })
    }
}

/// A synthetic table with the training rows of its generator and held-out real rows: validated [`Tables`].
#[derive(Debug, Clone, Copy)]
pub struct Comparison<'a> {
    tables: Tables<'a>,
    given: Option<&'a Table>,
}

impl<'a> Comparison<'a> {
    /// The same with the training rows as they were given, before any protection: row i of `given` is row i of train. Its
    /// schema declares what is done to each column; columns are matched by name, and may differ from train's in number, kind
    /// and storage. What is lost on the way is measured against it ([`loss`](crate::loss), [`given`](crate::fidelity::given)).
    ///
    /// # Errors
    /// [`Error::Mismatch`] if it has another number of rows than train.
    pub fn with_given(self, given: &'a Table) -> Result<Self> {
        let (n_given, n_train) = (given.n_rows(), self.train().n_rows());
        if n_given != n_train {
            let problem = format!("{n_given} rows, where the training table has {n_train}: it must have the same rows");
            return Err(Error::Mismatch { table: "given", problem });
        }
        Ok(Self { given: Some(given), ..self })
    }

    /// The training rows as they were given, before any protection, if they are known.
    pub fn given(&self) -> Option<&'a Table> {
        self.given
    }

    /// The training rows of the generator.
    pub fn train(&self) -> &'a Table {
        self.tables.train
    }

    /// The synthetic rows.
    pub fn synthetic(&self) -> &'a Table {
        self.tables.synthetic
    }

    /// Held-out real rows.
    pub fn holdout(&self) -> Option<&'a Table> {
        self.tables.holdout
    }

    /// The positions of the columns whose kind, by the train table, satisfies `wanted`.
    pub(crate) fn columns(&self, wanted: impl Fn(Kind) -> bool) -> Vec<usize> {
        columns_of(self.train(), wanted)
    }

    /// The name of a column.
    pub(crate) fn name(&self, column_idx: usize) -> &'a str {
        &self.train().schema().fields[column_idx].name
    }
}

/// The table with its units, so that parts of it have those of the whole.
pub(crate) fn with_own_units(table: &Table) -> Table {
    table.clone().with_units(Units::of(table))
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
