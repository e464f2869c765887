//! Tables from columns that are in memory.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Float64Array, Int64Array, StringBuilder, TimestampMicrosecondArray};

use crate::error::{BadInput, InputRule, Result};
use crate::infer;
use crate::schema::{Field, Kind, Protection, Schema};
use crate::table::Table;

/// A table under construction: see [`Table::builder`].
#[derive(Debug, Clone, Default)]
#[must_use = "a table is only made by `build`"]
pub struct TableBuilder {
    fields: Vec<Field>,
    columns: Vec<ArrayRef>,
    /// What was wrong first.
    problem: Option<BadInput>,
}

impl Table {
    /// Starts a table from columns in memory, with one method per type.
    ///
    /// A cell is a value or an `Option` of one; `None` is missing. What a column is, is inferred from its values as for a Parquet
    /// file ([`infer::from_array`]), unless [`kind`](TableBuilder::kind) or [`declare`](TableBuilder::declare) says it.
    ///
    /// ```
    /// use synth_core::{Kind, Table};
    ///
    /// let table = Table::builder()
    ///     .numbers("weight", [81.5, 64.2, 70.0])
    ///     .integers("visits", [Some(3), None, Some(12)])
    ///     .labels("sex", ["m", "f", "f"])
    ///     .booleans("smoker", [true, false, false])
    ///     .datetimes("seen", [0.0, 86_400.0, 172_800.0])
    ///     .kind("visits", Kind::Integer)
    ///     .build()?;
    ///
    /// let fields = &table.schema().fields;
    /// assert_eq!((fields[0].kind, fields[1].kind, fields[2].kind), (Kind::Continuous, Kind::Integer, Kind::Categorical));
    /// assert_eq!(fields[0].number.map(|format| format.decimals), Some(1));
    /// assert_eq!(fields[4].datetime.as_deref(), Some("%Y-%m-%d"));
    /// assert_eq!(table.missing(1), [false, true, false]);
    /// # Ok::<(), synth_core::Error>(())
    /// ```
    pub fn builder() -> TableBuilder {
        TableBuilder::default()
    }
}

impl TableBuilder {
    /// A column of numbers with or without decimals. NaN is missing too, infinity is refused.
    pub fn numbers<I>(mut self, name: impl Into<String>, cells: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Option<f64>>,
    {
        let name = name.into();
        let cells: Float64Array = cells.into_iter().map(|x| x.into().filter(|x| !x.is_nan())).collect();
        self.refuse_infinite(&name, &cells);
        self.push(name, Arc::new(cells))
    }

    /// A column of whole numbers.
    pub fn integers<I>(self, name: impl Into<String>, cells: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Option<i64>>,
    {
        let cells: Int64Array = cells.into_iter().map(Into::into).collect();
        self.push(name.into(), Arc::new(cells))
    }

    /// A column of text: levels, identifiers, free text.
    pub fn labels<'a, I>(mut self, name: impl Into<String>, cells: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Option<&'a str>>,
    {
        let name = name.into();
        let mut text = StringBuilder::new();
        for cell in cells {
            let cell: Option<&str> = cell.into();
            // An Arrow column of text holds no more.
            if text.values_slice().len() + cell.map_or(0, str::len) > i32::MAX as usize {
                self.fail(
                    BadInput::new(InputRule::TooLarge, "the column has more than 2 GiB of text").in_column(&name),
                );
                break;
            }
            text.append_option(cell);
        }
        self.push(name, Arc::new(text.finish()))
    }

    /// A column of truth values.
    pub fn booleans<I>(self, name: impl Into<String>, cells: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Option<bool>>,
    {
        let cells: BooleanArray = cells.into_iter().map(Into::into).collect();
        self.push(name.into(), Arc::new(cells))
    }

    /// A column of dates or times, in seconds since 1970 without a time zone, as [`Table::numbers`] gives them. They are kept to
    /// the microsecond. NaN is missing too, infinity is refused.
    pub fn datetimes<I>(mut self, name: impl Into<String>, seconds: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Option<f64>>,
    {
        let name = name.into();
        let seconds: Float64Array = seconds.into_iter().map(|x| x.into().filter(|x| !x.is_nan())).collect();
        self.refuse_infinite(&name, &seconds);
        let micros: TimestampMicrosecondArray = seconds.iter().map(|x| x.map(|x| (x * 1e6).round() as i64)).collect();
        self.push(name, Arc::new(micros))
    }

    /// Declares the kind of the column called `name`, which is there already.
    pub fn kind(self, name: &str, kind: Kind) -> Self {
        self.declare(name, |field| field.kind = kind)
    }

    /// Declares what is done to the column called `name`, which is there already, before anything is learnt from it: see
    /// [`protect`](crate::protect).
    pub fn protect(self, name: &str, protections: impl Into<Vec<Protection>>) -> Self {
        self.declare(name, |field| field.protect = protections.into())
    }

    /// Changes what was inferred of the column called `name`, which is there already: the order of its levels, the grid of its
    /// numbers, the format of its dates.
    ///
    /// ```
    /// use synth_core::{Kind, Table};
    ///
    /// let table = Table::builder()
    ///     .labels("pain", ["none", "some", "much"])
    ///     .declare("pain", |field| {
    ///         field.kind = Kind::Ordinal;
    ///         field.order = ["none", "some", "much"].map(str::to_owned).to_vec();
    ///     })
    ///     .build()?;
    /// assert_eq!(table.levels(0).names, ["none", "some", "much"]);
    /// # Ok::<(), synth_core::Error>(())
    /// ```
    pub fn declare(mut self, name: &str, change: impl FnOnce(&mut Field)) -> Self {
        match self.fields.iter_mut().find(|field| field.name == name) {
            Some(field) => change(field),
            None => self.fail(
                BadInput::new(InputRule::UnknownColumn, "there is no such column yet")
                    .in_column(name)
                    .hint("declare a column after its cells"),
            ),
        }
        self
    }

    /// The table. It may have no rows, and no columns.
    ///
    /// # Errors
    /// The first of: [`InputRule::NotANumber`] for an infinite number, [`InputRule::TooLarge`] for more than 2 GiB of text in a
    /// column, [`InputRule::UnknownColumn`] for a declaration without its column; then [`InputRule::RaggedRow`] if a column is
    /// longer or shorter than the first, [`InputRule::DuplicateColumn`] if two have one name, and as [`Schema::check`] if what was
    /// declared does not fit.
    pub fn build(self) -> Result<Table> {
        if let Some(problem) = self.problem {
            return Err(problem.into());
        }
        for (i, (field, column)) in self.fields.iter().zip(&self.columns).enumerate() {
            let (n, n_first) = (column.len(), self.columns[0].len());
            if n != n_first {
                let problem = format!("the column has {n} cells, the first one {n_first}");
                return Err(BadInput::new(InputRule::RaggedRow, problem).in_column(&field.name).into());
            }
            if self.fields[..i].iter().any(|other| other.name == field.name) {
                let problem = "two columns have the same name";
                return Err(BadInput::new(InputRule::DuplicateColumn, problem).in_column(&field.name).into());
            }
        }
        let schema = Schema::new(self.fields);
        schema.check()?;
        Table::new(Arc::new(schema), self.columns)
    }

    fn push(mut self, name: String, column: ArrayRef) -> Self {
        self.fields.push(infer::from_array(&name, &column).field);
        self.columns.push(column);
        self
    }

    fn refuse_infinite(&mut self, name: &str, cells: &Float64Array) {
        if let Some(row) = cells.iter().position(|x| x.is_some_and(f64::is_infinite)) {
            let problem = format!("row {} is infinite", row + 1);
            self.fail(BadInput::new(InputRule::NotANumber, problem).in_column(name));
        }
    }

    fn fail(&mut self, problem: BadInput) {
        self.problem.get_or_insert(problem);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Storage;

    #[test]
    fn columns_keep_their_types_and_are_inferred() {
        let ids: Vec<String> = (0..30).map(|i| format!("P-{i:05}")).collect();
        let table = Table::builder()
            .integers("n", (0..30).map(|i| i % 3))
            .numbers("x", (0..30).map(|i| f64::from(i) / 4.0))
            .labels("id", ids.iter().map(String::as_str))
            .booleans("b", (0..30).map(|i| (i > 0).then_some(i % 2 == 0)))
            .datetimes("at", (0..30).map(|i| if i == 7 { f64::NAN } else { f64::from(i) + 0.5 }))
            .build()
            .unwrap();
        let found: Vec<(Kind, Storage)> = table.schema().fields.iter().map(|f| (f.kind, f.storage)).collect();
        let expected = [
            (Kind::Ordinal, Storage::Integer),
            (Kind::Continuous, Storage::Float),
            (Kind::Identifier, Storage::Text),
            (Kind::Boolean, Storage::Boolean),
            (Kind::Datetime, Storage::Timestamp),
        ];
        assert_eq!(found, expected);
        assert_eq!(table.schema().fields[1].number.unwrap().step, 0.25);
        assert_eq!((table.missing(3)[0], table.missing(4)[7]), (true, true));
        assert_eq!(table.numbers(4)[8], 8.5);
        table.schema().check().unwrap();
    }

    #[test]
    fn what_is_wrong_is_named_by_rule_and_column() {
        let check = |builder: TableBuilder, rule: InputRule, column: &str| match builder.build().unwrap_err() {
            crate::Error::BadInput(bad) => assert_eq!((bad.rule, bad.column.as_deref()), (rule, Some(column))),
            other => panic!("{other}"),
        };
        let one = || Table::builder().integers("a", [1, 2]);
        check(one().numbers("b", [0.5]), InputRule::RaggedRow, "b");
        check(one().numbers("a", [0.5, 1.5]), InputRule::DuplicateColumn, "a");
        check(one().numbers("b", [0.5, f64::INFINITY]), InputRule::NotANumber, "b");
        check(one().kind("b", Kind::Integer).integers("b", [1, 2]), InputRule::UnknownColumn, "b");
        check(one().labels("b", ["x", "y"]).kind("b", Kind::Integer), InputRule::Schema, "b");
    }

    #[test]
    fn a_table_may_be_empty() {
        let table = Table::builder().numbers("a", [0.0; 0]).build().unwrap();
        assert_eq!((table.n_rows(), table.schema().fields[0].kind), (0, Kind::Empty));
        assert_eq!(Table::builder().build().unwrap().n_columns(), 0);
    }
}
