//! Between a table and the numbers a generator learns.
//!
//! A column on a scale becomes one standard-normal coordinate through its [`QuantileMap`]; a column of levels becomes
//! a code. A value missing from a scale is a two-level block of its own beside the coordinate, and a missing level is
//! one more level: missingness is learnt jointly with everything else and never filled in. Identifiers, free text,
//! constants and empty columns are not learnt; the encoder only remembers how to write them.
//!
//! [`Layout`] alone knows which coordinate and which block belong to which field.

mod fakes;
mod habit;
mod layout;
mod quantile;
mod tokens;
mod unlearnt;
mod variable;

pub use layout::{Block, Layout, Role};
pub use quantile::{Grid, QuantileMap};
pub(crate) use tokens::TokenizerFile;
pub use tokens::{Tokenizer, Tokens};
use unlearnt::Unlearnt;
pub use variable::{Position, Variable};

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::ArrayRef;
use ndarray::{Array2, ArrayView2};
use rand::Rng;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

use crate::error::{BadInput, InputRule, Result};
use crate::learn::random::{Purpose, stream};
use crate::schema::{Field, Kind, Protection, Schema};
use crate::table::{Table, Units, column_from_labels, column_from_numbers};

/// The most levels of a column. Written one-hot, more would make every step wait for one column; unmeasured.
pub const MAX_LEVELS: usize = 10_000;

/// Turns the rows of one table into coordinates and codes, and back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "EncoderFile", into = "EncoderFile")]
pub struct Encoder {
    schema: Arc<Schema>,
    columns: Vec<Column>,
    layout: Layout,
    n_rows: usize,
}

/// What a model file holds of an encoder.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EncoderFile {
    schema: Arc<Schema>,
    columns: Vec<Column>,
    n_rows: usize,
}

impl From<Encoder> for EncoderFile {
    fn from(encoder: Encoder) -> Self {
        let Encoder { schema, columns, n_rows, .. } = encoder;
        Self { schema, columns, n_rows }
    }
}

impl TryFrom<EncoderFile> for Encoder {
    type Error = &'static str;

    /// An encoder that [`Encoder::fit`] could have made, or what is wrong with it.
    fn try_from(file: EncoderFile) -> std::result::Result<Self, &'static str> {
        let EncoderFile { schema, columns, n_rows } = file;
        check_file(&schema, n_rows, columns.len())?;
        if !columns.iter().zip(&schema.fields).all(|(column, field)| column.is_sound(field)) {
            return Err("the distribution of a column is damaged");
        }
        let layout = layout_of(&columns);
        if layout.width() == 0 {
            return Err("it has no columns");
        }
        Ok(Self { schema, columns, layout, n_rows })
    }
}

/// How one field is encoded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Column {
    Scale { map: QuantileMap, missing: bool },
    Levels { names: Vec<String>, missing: bool },
    Unlearnt(Unlearnt),
}

/// Rows as a generator sees them.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// Standard-normal coordinates, (rows, [`Layout::n_scale`]).
    pub z: Array2<f32>,
    /// Level codes, (rows, [`Layout::blocks`]), each below its block's size.
    pub codes: Array2<u32>,
}

impl Encoder {
    /// Learns the columns' distributions from `table`.
    ///
    /// # Errors
    /// [`InputRule::NothingToLearn`] if no column has a kind that is learnt, [`InputRule::TooFewRows`] below two rows,
    /// [`InputRule::TooLarge`] above [`MAX_LEVELS`], [`InputRule::Schema`] if a column that is said to be constant or empty is not
    /// or a [protection](crate::protect) is declared and not applied.
    pub fn fit(table: &Table) -> Result<Self> {
        check_rows(table)?;
        let columns = (0..table.n_columns()).map(|i| Column::fit(table, i)).collect::<Result<Vec<Column>>>()?;
        let layout = layout_of(&columns);
        if layout.n_scale() == 0 && layout.blocks().is_empty() {
            return Err(nothing_to_learn().into());
        }
        Ok(Self { schema: Arc::clone(table.schema()), columns, layout, n_rows: table.n_rows() })
    }

    /// Also treats the identifiers in `table` as real, so that they are never generated: for a table of which only a part was
    /// learnt.
    ///
    /// # Panics
    /// If `table` has other columns.
    #[must_use]
    pub fn with_identifiers_of(mut self, table: &Table) -> Self {
        assert_eq!(self.columns.len(), table.n_columns(), "the columns of the table that was learnt");
        for (field_idx, column) in self.columns.iter_mut().enumerate() {
            if let Column::Unlearnt(column) = column {
                column.take_identifiers_of(table, field_idx);
            }
        }
        self
    }

    /// The schema of the table that was learnt.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Which coordinates and blocks belong to which field.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// How far from 0 a sampled coordinate may be: the normal quantile of 1 - 1/(4n).
    ///
    /// That is inside the share of the outermost row, so that a largest value which lies apart is not given back.
    pub fn z_bound(&self) -> f32 {
        standard_normal().inverse_cdf(1.0 - 0.25 / self.n_rows as f64) as f32
    }

    /// The rows as coordinates and codes.
    ///
    /// Values shared by many rows or lying on a coarse grid have an interval of coordinates; one is drawn from it for
    /// each cell, so that the coordinates of a column are standard normal over the training rows. A cell
    /// missing from a scale gets a standard-normal draw that carries nothing.
    ///
    /// # Panics
    /// If `table` holds a level that the encoder was not fitted on, or other columns.
    pub fn encode<R: Rng + ?Sized>(&self, table: &Table, rng: &mut R) -> Encoded {
        let n_rows = table.n_rows();
        let codes = self.codes(table);
        let mut z = Array2::zeros((n_rows, self.layout.n_scale()));
        self.intervals(table).draw(&mut z, rng);
        Encoded { z, codes }
    }

    /// The level codes of the rows, (rows, blocks).
    ///
    /// # Panics
    /// As [`Encoder::encode`].
    pub fn codes(&self, table: &Table) -> Array2<u32> {
        let mut codes = Array2::zeros((table.n_rows(), self.layout.blocks().len()));
        for (block_idx, block) in self.layout.blocks().iter().enumerate() {
            let mut column = codes.column_mut(block_idx);
            match (&self.columns[block.field_idx], block.role) {
                (_, Role::Missing) => {
                    let missing = table.missing(block.field_idx);
                    column.iter_mut().zip(missing).for_each(|(code, missing)| *code = u32::from(missing));
                }
                (Column::Levels { names, .. }, Role::Levels) => {
                    let levels = table.levels(block.field_idx);
                    let code_of: HashMap<&str, u32> = names.iter().map(String::as_str).zip(0..).collect();
                    let own: Vec<u32> = levels.names.iter().map(|name| code_of[name.as_str()]).collect();
                    for (code, of_row) in column.iter_mut().zip(&levels.codes) {
                        *code = of_row.map_or(names.len() as u32, |level| own[level as usize]);
                    }
                }
                _ => unreachable!("the layout was made from these columns"),
            }
        }
        codes
    }

    /// For each row and each column on a scale, the interval of the unit line that its value stands for.
    pub fn intervals(&self, table: &Table) -> Intervals {
        let (n_rows, n_scale) = (table.n_rows(), self.layout.n_scale());
        let mut bounds = Array2::from_elem((n_rows, n_scale), [0.0, 1.0]);
        for (scale_idx, &field_idx) in self.layout.scale_fields().iter().enumerate() {
            let Column::Scale { map, .. } = &self.columns[field_idx] else {
                unreachable!("the layout was made from these columns")
            };
            for (bound, x) in bounds.column_mut(scale_idx).iter_mut().zip(table.numbers(field_idx)) {
                if !x.is_nan() {
                    *bound = map.interval(x);
                }
            }
        }
        Intervals { bounds }
    }

    /// The table that coordinates and codes stand for: the inverse of [`Encoder::encode`].
    ///
    /// Rows are numbered from `first_row`; regenerated identifiers depend on that number and on `seed` alone. Columns
    /// of free text come back all missing.
    ///
    /// # Panics
    /// If the arrays do not have the layout's shape.
    pub fn decode(&self, z: ArrayView2<f32>, codes: ArrayView2<u32>, first_row: u64, seed: u64) -> Table {
        assert_eq!(z.ncols(), self.layout.n_scale(), "one coordinate per column on a scale");
        assert_eq!(codes.ncols(), self.layout.blocks().len(), "one code per block");
        assert_eq!(z.nrows(), codes.nrows(), "one row of each");
        let n_rows = z.nrows();
        let columns =
            self.schema.fields.iter().zip(&self.columns).enumerate().map(|(field_idx, (field, column))| match column {
                Column::Scale { map, .. } => self.decode_scale(field_idx, map, z, codes, &Rows { first_row, seed }),
                Column::Levels { names, .. } => {
                    let block_idx = self.layout.block_of(field_idx, Role::Levels).expect("levels have a block");
                    let label = |&code: &u32| names.get(code as usize).map(String::as_str);
                    column_from_labels(field, codes.column(block_idx).iter().map(label))
                }
                Column::Unlearnt(column) => column.decode(field, first_row, n_rows, seed),
            });
        Table::new(Arc::clone(&self.schema), columns.collect()).expect("each column was made for its field")
    }

    fn decode_scale(
        &self,
        field_idx: usize,
        map: &QuantileMap,
        z: ArrayView2<f32>,
        codes: ArrayView2<u32>,
        rows: &Rows,
    ) -> ArrayRef {
        let normal = standard_normal();
        let scale_idx = self.layout.scale_of(field_idx).expect("a scale has a coordinate");
        let number = |(row, &z): (usize, &f32)| map.written(normal.cdf(f64::from(z)), || rows.rounding(row, field_idx));
        let mut numbers: Vec<f64> = z.column(scale_idx).iter().enumerate().map(number).collect();
        if let Some(block_idx) = self.layout.block_of(field_idx, Role::Missing) {
            for (x, &code) in numbers.iter_mut().zip(codes.column(block_idx)) {
                if code == 1 {
                    *x = f64::NAN;
                }
            }
        }
        column_from_numbers(&self.schema.fields[field_idx], &numbers)
    }
}

/// Which rows are decoded: what is drawn for a cell depends on its row's number alone.
struct Rows {
    first_row: u64,
    seed: u64,
}

impl Rows {
    /// A number in [0, 1) that decides how round the cell is.
    fn rounding(&self, row: usize, field_idx: usize) -> f64 {
        stream(self.seed, Purpose::Rounding, (self.first_row + row as u64) << 16 | field_idx as u64).r#gen()
    }
}

fn layout_of(columns: &[Column]) -> Layout {
    let mut layout = Layout::default();
    for (field_idx, column) in columns.iter().enumerate() {
        match column {
            Column::Scale { missing, .. } => layout.push_scale(field_idx, *missing),
            Column::Levels { names, missing } => layout.push_levels(field_idx, names.len() + usize::from(*missing)),
            Column::Unlearnt(_) => {}
        }
    }
    layout
}

impl Column {
    /// Whether cells of `field` can be drawn from it.
    fn is_sound(&self, field: &Field) -> bool {
        match self {
            Column::Scale { map, .. } => field.kind.is_scale() && map.is_sound(),
            Column::Levels { names, .. } => field.kind.is_levels() && !names.is_empty(),
            Column::Unlearnt(column) => column.is_sound(field),
        }
    }

    fn fit(table: &Table, field_idx: usize) -> Result<Self> {
        let (field, _) = table.column(field_idx);
        Ok(match field.kind {
            Kind::Continuous | Kind::Integer | Kind::Datetime => {
                let numbers = table.numbers(field_idx);
                let present: Vec<f64> = numbers.iter().copied().filter(|x| !x.is_nan()).collect();
                if present.is_empty() {
                    return Ok(Column::Unlearnt(Unlearnt::Absent));
                }
                let n_shared = Units::of(table).rows_of_at_least(quantile::SHARED);
                let grid = match &field.number {
                    Some(format) => Grid::Decimal(*format),
                    None => Grid::of(&present),
                };
                Column::Scale {
                    missing: present.len() < numbers.len(),
                    map: QuantileMap::fit_shared(present, grid, n_shared),
                }
            }
            Kind::Categorical | Kind::Ordinal | Kind::Boolean => {
                let levels = table.levels(field_idx);
                if levels.names.is_empty() {
                    return Ok(Column::Unlearnt(Unlearnt::Absent));
                }
                if levels.names.len() > MAX_LEVELS {
                    let problem = format!("{} levels; at most {MAX_LEVELS} can be learnt", levels.names.len());
                    let hint = "give the column the kind `text` or `identifier` in the schema";
                    return Err(BadInput::new(InputRule::TooLarge, problem).in_column(&field.name).hint(hint).into());
                }
                Column::Levels { names: levels.names, missing: levels.codes.contains(&None) }
            }
            _ => Column::Unlearnt(Unlearnt::fit(table, field_idx)?),
        })
    }
}

/// For each cell on a scale the part of the unit line that its value stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Intervals {
    bounds: Array2<[f64; 2]>,
}

impl Intervals {
    /// Lower and upper end for each cell; 0 and 1 where the value is missing. (rows, columns on a scale)
    pub fn bounds(&self) -> &Array2<[f64; 2]> {
        &self.bounds
    }

    /// Draws every cell's coordinate anew into `z`, uniformly from its interval and through the normal quantile,
    /// a billionth from both ends, so that it is finite.
    ///
    /// # Panics
    /// If `z` has another shape than the table the intervals came from.
    pub fn draw<R: Rng + ?Sized>(&self, z: &mut Array2<f32>, rng: &mut R) {
        assert_eq!(z.dim(), self.bounds.dim(), "one coordinate per cell");
        let normal = standard_normal();
        for (z, &[low, high]) in z.iter_mut().zip(&self.bounds) {
            let u = low + (high - low) * rng.r#gen::<f64>();
            *z = normal.inverse_cdf(u.clamp(1e-9, 1.0 - 1e-9)) as f32;
        }
    }
}

/// That there are training rows, and that nothing is left to be done to them first.
fn check_rows(table: &Table) -> Result<()> {
    if table.n_rows() < 2 {
        let problem = format!("{} rows; at least 2 training rows are required", table.n_rows());
        return Err(BadInput::new(InputRule::TooFewRows, problem).into());
    }
    check_applied(table.schema())
}

/// Whether what was read from a file can have been learnt of a table under its schema.
fn check_file(schema: &Schema, n_rows: usize, n_columns: usize) -> std::result::Result<(), &'static str> {
    schema.check().map_err(|_| "its schema is not valid")?;
    if n_rows < 2 {
        return Err("it has learnt no rows");
    }
    if n_columns != schema.fields.len() {
        return Err("its columns are not those of its schema");
    }
    Ok(())
}

/// That nothing is left to be done to a table that an engine is to learn.
fn check_applied(schema: &Schema) -> Result<()> {
    let pending = |field: &&Field| field.protect.iter().any(Protection::is_pending);
    let Some(field) = schema.fields.iter().find(pending) else { return Ok(()) };
    let problem = "the schema declares a protection that was not applied to the table";
    Err(BadInput::new(InputRule::Schema, problem).in_column(&field.name).hint("`protect::apply` does").into())
}

fn nothing_to_learn() -> BadInput {
    let problem = "no column can be learnt: all are identifiers, free text, constant or empty";
    let hint = "set `kind` in the schema that `synth profile` prints";
    BadInput::new(InputRule::NothingToLearn, problem).hint(hint)
}

/// The standard normal's distribution function.
pub(crate) fn normal_share(z: f64) -> f64 {
    standard_normal().cdf(z)
}

/// The standard normal's quantile function.
pub(crate) fn normal_quantile(u: f64) -> f64 {
    standard_normal().inverse_cdf(u)
}

fn standard_normal() -> Normal {
    Normal::new(0.0, 1.0).expect("the standard normal")
}
