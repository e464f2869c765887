//! A table: an Arrow record batch under a [`Schema`], and the few views of a column that the rest needs.

mod column;
mod levels;
mod repeats;
mod units;

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, UInt64Array};
use arrow::datatypes::{Field as ArrowField, Float64Type, Int64Type, Schema as ArrowSchema, TimestampMicrosecondType};

use crate::error::{BadInput, Error, InputRule, Mismatch, Result};
use crate::schema::{Field, Schema, Storage};
pub use column::{column_from_labels, column_from_numbers};
use levels::levels_of;
pub use levels::{Levels, sort_levels};
pub use units::{Grouped, Units};

/// Named, typed columns of equal length. Cheap to clone: the columns are shared.
///
/// A table may [carry](Table::with_units) whose row each row is. Two tables are equal if schemas and values are.
#[derive(Debug, Clone)]
pub struct Table {
    schema: Arc<Schema>,
    batch: RecordBatch,
    units: Option<Units>,
}

impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        self.schema == other.schema && self.batch == other.batch
    }
}

impl Table {
    /// Puts `columns` under `schema`.
    ///
    /// # Errors
    /// [`Error::Column`] if a column has another type than its field's storage or another length than the first,
    /// [`Error::SchemaMismatch`] if there are more or fewer columns than fields.
    pub fn new(schema: Arc<Schema>, columns: Vec<ArrayRef>) -> Result<Self> {
        if columns.len() != schema.fields.len() {
            let (found, expected) = (columns.len(), schema.fields.len());
            return Err(Error::SchemaMismatch(Mismatch::Count { found, expected }));
        }
        let n_rows = columns.first().map_or(0, |c| c.len());
        for (field, column) in schema.fields.iter().zip(&columns) {
            let problem = if *column.data_type() != field.storage.arrow_type() {
                format!("has type {}, its field says {:?}", column.data_type(), field.storage)
            } else if column.len() != n_rows {
                format!("has {} rows, the first column has {n_rows}", column.len())
            } else {
                continue;
            };
            return Err(Error::Column { column: field.name.clone(), problem });
        }
        let arrow_fields: Vec<ArrowField> =
            schema.fields.iter().map(|f| ArrowField::new(&f.name, f.storage.arrow_type(), true)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
        let batch = RecordBatch::try_new_with_options(Arc::new(ArrowSchema::new(arrow_fields)), columns, &options)
            .expect("types and lengths were just checked");
        Ok(Self { schema, batch, units: None })
    }

    /// The columns' meaning.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The columns' values.
    pub fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    /// This table with a note of whose row each row is, which goes with its rows from here on: through [`take`](Table::take),
    /// [`slice`](Table::slice), [`with_schema`](Table::with_schema) and [`protect::apply`](crate::protect::apply), even where
    /// the columns that told it do not. [`concat`](Table::concat) drops it.
    ///
    /// # Panics
    /// If there are units of another number of rows.
    #[must_use]
    pub fn with_units(self, units: Units) -> Self {
        assert_eq!(units.n_rows(), self.n_rows(), "one unit a row");
        Self { units: Some(units), ..self }
    }

    /// The unit of each row, if the table carries it; [`Units::of`] returns it in any case.
    pub fn units(&self) -> Option<&Units> {
        self.units.as_ref()
    }

    /// The number of rows.
    pub fn n_rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// The number of columns.
    pub fn n_columns(&self) -> usize {
        self.batch.num_columns()
    }

    /// The column at `column_idx` with its field.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn column(&self, column_idx: usize) -> (&Field, &ArrayRef) {
        (&self.schema.fields[column_idx], self.batch.column(column_idx))
    }

    /// The column as numbers: integers and floats as they are, timestamps in seconds since 1970, booleans as 0 and 1.
    /// NaN where missing, and everywhere in a column of text.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn numbers(&self, column_idx: usize) -> Vec<f64> {
        let (field, array) = self.column(column_idx);
        let n_rows = array.len();
        let or_nan = |value: Option<f64>| value.unwrap_or(f64::NAN);
        match field.storage {
            Storage::Integer => array.as_primitive::<Int64Type>().iter().map(|v| or_nan(v.map(|v| v as f64))).collect(),
            Storage::Float => array.as_primitive::<Float64Type>().iter().map(or_nan).collect(),
            Storage::Timestamp => {
                let micros = array.as_primitive::<TimestampMicrosecondType>().iter();
                micros.map(|v| or_nan(v.map(|v| v as f64 / 1e6))).collect()
            }
            Storage::Boolean => array.as_boolean().iter().map(|v| or_nan(v.map(f64::from))).collect(),
            Storage::Text => vec![f64::NAN; n_rows],
        }
    }

    /// The column as labels: text as it is, numbers in their shortest form, booleans as `false` and `true`,
    /// timestamps in whole microseconds. `None` where missing.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn labels(&self, column_idx: usize) -> Vec<Option<String>> {
        let (field, array) = self.column(column_idx);
        match field.storage {
            Storage::Text => array.as_string::<i32>().iter().map(|v| v.map(str::to_owned)).collect(),
            Storage::Boolean => array.as_boolean().iter().map(|v| v.map(|v| v.to_string())).collect(),
            Storage::Integer => array.as_primitive::<Int64Type>().iter().map(|v| v.map(|v| v.to_string())).collect(),
            Storage::Float => array.as_primitive::<Float64Type>().iter().map(|v| v.map(|v| v.to_string())).collect(),
            Storage::Timestamp => {
                array.as_primitive::<TimestampMicrosecondType>().iter().map(|v| v.map(|v| v.to_string())).collect()
            }
        }
    }

    /// The column as levels: its distinct labels in order, and for each row which one.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn levels(&self, column_idx: usize) -> Levels {
        let (field, array) = self.column(column_idx);
        match field.storage {
            Storage::Text => levels_of(array.as_string::<i32>().iter(), |text| (*text).to_owned(), field),
            Storage::Boolean => levels_of(array.as_boolean().iter(), ToString::to_string, field),
            Storage::Integer => levels_of(array.as_primitive::<Int64Type>().iter(), ToString::to_string, field),
            Storage::Timestamp => {
                levels_of(array.as_primitive::<TimestampMicrosecondType>().iter(), ToString::to_string, field)
            }
            Storage::Float => {
                let bits = array.as_primitive::<Float64Type>().iter().map(|x| x.map(f64::to_bits));
                levels_of(bits, |&bits| f64::from_bits(bits).to_string(), field)
            }
        }
    }

    /// Which rows are missing in the column.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn missing(&self, column_idx: usize) -> Vec<bool> {
        let array = self.batch.column(column_idx);
        (0..array.len()).map(|row| array.is_null(row)).collect()
    }

    /// The rows at `rows`, in that order; a row may be taken more than once.
    ///
    /// # Panics
    /// If a row is out of bounds.
    #[must_use]
    pub fn take(&self, rows: &[usize]) -> Self {
        let indices = UInt64Array::from_iter_values(rows.iter().map(|&row| row as u64));
        let columns =
            self.batch.columns().iter().map(|c| arrow::compute::take(c, &indices, None).expect("rows are in bounds"));
        let units = self.units.as_ref().map(|units| units.take(rows));
        Self { schema: Arc::clone(&self.schema), batch: rebatch(&self.batch, columns.collect(), rows.len()), units }
    }

    /// The rows in `rows`, without copying them.
    ///
    /// # Panics
    /// If the range ends before it begins or beyond the table.
    #[must_use]
    pub fn slice(&self, rows: Range<usize>) -> Self {
        assert!(rows.start <= rows.end, "a range must not end before it begins");
        let units = self.units.as_ref().map(|units| units.slice(rows.clone()));
        Self { schema: Arc::clone(&self.schema), batch: self.batch.slice(rows.start, rows.len()), units }
    }

    /// This table with the missing cells of the columns `column_idxs` taken from `other`, which has the same columns and
    /// rows.
    ///
    /// # Panics
    /// If it has others.
    #[must_use]
    pub fn filled_from(&self, other: &Table, column_idxs: &[usize]) -> Self {
        let columns = self.batch.columns().iter().zip(other.batch.columns()).enumerate().map(|(i, (own, others))| {
            if !column_idxs.contains(&i) {
                return Arc::clone(own);
            }
            let present = arrow::compute::is_not_null(own).expect("any column has cells that are there or not");
            arrow::compute::kernels::zip::zip(&present, own, others).expect("the columns have one type and length")
        });
        Self { batch: rebatch(&self.batch, columns.collect(), self.n_rows()), ..self.clone() }
    }

    /// Makes sure that the table has the columns of `schema`, by name and storage and in its order.
    ///
    /// # Errors
    /// [`Error::SchemaMismatch`] with the number of the first column that is another one.
    pub fn check_columns(&self, schema: &Schema) -> Result<()> {
        let (own, asked) = (&self.schema.fields, &schema.fields);
        if own.len() != asked.len() {
            let (found, expected) = (own.len(), asked.len());
            return Err(Error::SchemaMismatch(Mismatch::Count { found, expected }));
        }
        let differs = |(a, b): (&Field, &Field)| a.name != b.name || a.storage != b.storage;
        match own.iter().zip(asked).position(differs) {
            Some(column_idx) => Err(Error::SchemaMismatch(Mismatch::Column { column_idx })),
            None => Ok(()),
        }
    }

    /// The tables one below the other.
    ///
    /// # Errors
    /// [`Error::SchemaMismatch`] with the number of the first column that has another name or type, or if there is no table;
    /// [`InputRule::TooLarge`] if a column of text would have more than 2 GiB.
    pub fn concat(tables: &[Table]) -> Result<Self> {
        let first = tables.first().ok_or(Error::SchemaMismatch(Mismatch::NoTable))?;
        tables.iter().try_for_each(|table| table.check_columns(&first.schema))?;
        let batches = tables.iter().map(Table::batch);
        let batch = arrow::compute::concat_batches(&first.batch.schema(), batches)
            .map_err(|_| BadInput::new(InputRule::TooLarge, "a column of text has more than 2 GiB"))?;
        Ok(Self { schema: Arc::clone(&first.schema), batch, units: None })
    }

    /// The same columns under `schema`, which may differ in everything but names and storage.
    ///
    /// # Errors
    /// As [`Table::new`].
    pub fn with_schema(&self, schema: Arc<Schema>) -> Result<Self> {
        Ok(Self { units: self.units.clone(), ..Table::new(schema, self.batch.columns().to_vec())? })
    }
}

fn rebatch(like: &RecordBatch, columns: Vec<ArrayRef>, n_rows: usize) -> RecordBatch {
    let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
    RecordBatch::try_new_with_options(like.schema(), columns, &options).expect("columns keep their types")
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;

    use super::*;
    use crate::schema::Kind;

    fn schema(fields: Vec<Field>) -> Arc<Schema> {
        Arc::new(Schema::new(fields))
    }

    #[test]
    fn levels_of_numbers_are_in_numeric_order() {
        let field = Field::new("stage", Kind::Ordinal, Storage::Integer);
        let column = column_from_numbers(&field, &[10.0, 2.0, f64::NAN, 2.0]);
        let table = Table::new(schema(vec![field]), vec![column]).unwrap();
        let levels = table.levels(0);
        assert_eq!(levels.names, ["2", "10"]);
        assert_eq!(levels.codes, [Some(1), Some(0), None, Some(0)]);
    }

    #[test]
    fn labels_and_numbers_are_inverse_for_every_storage() {
        for storage in [Storage::Integer, Storage::Float, Storage::Boolean, Storage::Timestamp] {
            let kind = if storage == Storage::Timestamp { Kind::Datetime } else { Kind::Ordinal };
            let field = Field::new("x", kind, storage);
            let column = column_from_numbers(&field, &[0.0, 1.0, f64::NAN]);
            let table = Table::new(schema(vec![field.clone()]), vec![column.clone()]).unwrap();
            let labels = table.labels(0);
            let again = column_from_labels(&field, labels.iter().map(|l| l.as_deref()));
            assert_eq!(&again, &column, "{storage:?}");
        }
    }

    #[test]
    fn a_column_of_another_type_is_refused() {
        let field = Field::new("x", Kind::Continuous, Storage::Float);
        let column: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        assert!(matches!(Table::new(schema(vec![field]), vec![column]), Err(Error::Column { .. })));
    }

    #[test]
    fn take_repeats_and_reorders() {
        let field = Field::new("x", Kind::Continuous, Storage::Float);
        let column = column_from_numbers(&field, &[0.5, 1.5, 2.5]);
        let table = Table::new(schema(vec![field]), vec![column]).unwrap();
        assert_eq!(table.take(&[2, 0, 2]).numbers(0), [2.5, 0.5, 2.5]);
    }
}
