//! A column on its way through its protections.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};

use crate::schema::{Field, Kind, Schema};
use crate::table::Table;

/// A column on its way.
pub(super) struct Column {
    pub(super) field: Field,
    pub(super) array: ArrayRef,
}

/// What a protection did to a column.
pub(super) struct Change {
    pub(super) column: Column,
    /// The rows whose cell is not what it was.
    pub(super) rows: Vec<usize>,
    pub(super) levels: Option<usize>,
}

impl Column {
    /// The column as a table, to be seen as numbers or levels.
    pub(super) fn as_table(&self) -> Table {
        let schema = Schema::new(vec![self.field.clone()]);
        Table::new(Arc::new(schema), vec![Arc::clone(&self.array)]).expect("the array was made for the field")
    }

    /// A column all of whose rows are one value has the kind that says so, where it can.
    pub(super) fn settled(mut self) -> Self {
        if self.array.null_count() == 0 && !self.array.is_empty() && self.field.kind != Kind::Datetime {
            let labels = self.as_table().labels(0);
            if labels.iter().all(|label| *label == labels[0]) {
                self.field.kind = Kind::Constant;
            }
        }
        self
    }
}
