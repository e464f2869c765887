//! Between a table and the tokens a masked model learns.
//!
//! Every learnt column is one [`Variable`], and each of its cells one token: a level, a value that very many rows share
//! (an *atom*: a zero, a ceiling), "missing", or else a *bin* of equal mass. A cell in a bin has a coordinate too: the
//! normal quantile of its rank among the values that are no atoms. Ranks carry the column's grain: a value that many
//! rows share owns a whole interval of ranks, so that what is drawn from a smooth density over ranks lies on the shared
//! values as often as the real ones do ([`QuantileMap`](super::QuantileMap)). One rank is drawn from the interval for each cell and epoch.
//!
//! **Rare values.** A level or an atom is learnt and given back only if [`SHARED`] units have it. Rarer numbers are
//! interpolated as [`QuantileMap`](super::QuantileMap) says, or taken for the nearest shared one if there are hardly any; rarer words are pooled, and the pool comes back as draws from its shared
//! levels, or else from all.

use std::sync::Arc;

use arrow::array::ArrayRef;
use ndarray::{Array2, ArrayView2};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::{Rows, Unlearnt, Variable};
use crate::error::{BadInput, InputRule, Result};
use crate::learn::random::{Purpose, stream};
use crate::schema::{Field, Schema};
use crate::table::{Table, column_from_labels, column_from_numbers};

/// Turns the rows of one table into tokens and coordinates, and back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "TokenizerFile")]
pub struct Tokenizer {
    schema: Arc<Schema>,
    columns: Vec<Column>,
    n_rows: usize,
}

/// What a model file holds of a tokenizer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenizerFile {
    schema: Arc<Schema>,
    columns: Vec<Column>,
    n_rows: usize,
}

impl TryFrom<TokenizerFile> for Tokenizer {
    type Error = &'static str;

    /// A tokenizer that [`Tokenizer::fit`] could have made, or what is wrong with it.
    fn try_from(file: TokenizerFile) -> std::result::Result<Self, &'static str> {
        let TokenizerFile { schema, columns, n_rows } = file;
        super::check_file(&schema, n_rows, columns.len())?;
        let sound = |(column, field): (&Column, &Field)| match column {
            Column::Learnt(variable) => variable.is_sound(field),
            Column::Unlearnt(column) => column.is_sound(field),
        };
        if !columns.iter().zip(&schema.fields).all(sound) {
            return Err("the tokens of a column are damaged");
        }
        let tokenizer = Self { schema, columns, n_rows };
        if tokenizer.variables().next().is_none() { Err("it has no columns") } else { Ok(tokenizer) }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Column {
    Learnt(Variable),
    Unlearnt(Unlearnt),
}

/// Rows of a table as tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct Tokens {
    /// The token of each cell; for a cell in a bin, the first bin. (rows, variables)
    pub codes: Array2<u32>,
    /// For each cell in a bin the ranks it stands for, within [0, 1]. (rows, variables with bins)
    pub ranks: Array2<[f32; 2]>,
    /// The value of each cell in a bin, standardised and clipped to ±6; 0 elsewhere. (rows, variables with bins)
    pub values: Array2<f32>,
}

impl Tokenizer {
    /// Learns the columns' tokens from `table`; `n_bins` is the most bins of a column.
    ///
    /// # Errors
    /// [`InputRule::NothingToLearn`] if no column has a kind that is learnt, [`InputRule::TooFewRows`] below two rows,
    /// [`InputRule::Schema`] if a column that is said to be constant or empty is not or a [protection](crate::protect) is
    /// declared and not applied.
    pub fn fit(table: &Table, n_bins: usize) -> Result<Self> {
        super::check_rows(table)?;
        let columns = (0..table.n_columns()).map(|i| Column::fit(table, i, n_bins)).collect::<Result<Vec<_>>>()?;
        let tokenizer = Self { schema: Arc::clone(table.schema()), columns, n_rows: table.n_rows() };
        if tokenizer.variables().next().is_none() {
            return Err(super::nothing_to_learn().into());
        }
        Ok(tokenizer)
    }

    /// See [`Encoder::with_identifiers_of`](super::Encoder::with_identifiers_of).
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

    /// The number of rows that was learnt.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The learnt columns: their fields' positions and their tokens, in the order of the fields.
    pub fn variables(&self) -> impl Iterator<Item = (usize, &Variable)> {
        self.columns.iter().enumerate().filter_map(|(field_idx, column)| match column {
            Column::Learnt(variable) => Some((field_idx, variable)),
            Column::Unlearnt(_) => None,
        })
    }

    /// The variable of a field.
    pub fn variable_of(&self, field_idx: usize) -> Option<usize> {
        self.variables().position(|(f, _)| f == field_idx)
    }

    /// The variables in the order in which they are drawn. Those of few tokens come first, the shorter the earlier: rows
    /// share what they have in common. Then those with bins, as they stand in the table, where like columns are
    /// neighbours.
    pub fn order(&self) -> Vec<usize> {
        let sizes: Vec<(bool, usize)> = self
            .variables()
            .map(|(_, variable)| match variable.n_bins() {
                0 => (false, variable.n_tokens()),
                _ => (true, 0),
            })
            .collect();
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        order.sort_by_key(|&j| sizes[j]);
        order
    }

    /// The rows of `table` as tokens. A number beyond the range that was learnt becomes its end.
    ///
    /// # Errors
    /// [`InputRule::UnknownLevel`] if a cell is a level, or missing, that no row of the learnt table had;
    /// [`SchemaMismatch`](crate::Error::SchemaMismatch) if `table` has other columns.
    pub fn encode(&self, table: &Table) -> Result<Tokens> {
        self.encode_with(table, |variable| variable.missing_token())
    }

    /// The same for a table whose missing cells are unknown, not missing: they get the number of the variable's tokens,
    /// which is none of them.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`], but for missing cells.
    pub fn encode_present(&self, table: &Table) -> Result<Tokens> {
        self.encode_with(table, |variable| Some(variable.n_tokens() as u32))
    }

    fn encode_with(&self, table: &Table, missing: impl Fn(&Variable) -> Option<u32>) -> Result<Tokens> {
        table.check_columns(&self.schema)?;
        let n_rows = table.n_rows();
        let variables: Vec<(usize, &Variable)> = self.variables().collect();
        let n_rest = variables.iter().filter(|(_, v)| v.n_bins() > 0).count();
        let mut tokens = Tokens {
            codes: Array2::zeros((n_rows, variables.len())),
            ranks: Array2::from_elem((n_rows, n_rest), [0.0, 1.0]),
            values: Array2::zeros((n_rows, n_rest)),
        };
        let mut rest_idx = 0;
        for (variable_idx, (field_idx, variable)) in variables.into_iter().enumerate() {
            let field = table.column(field_idx).0;
            let unknown = |row: usize| {
                let problem = format!("row {}: a value that does not occur in the training table", row + 1);
                BadInput::new(InputRule::UnknownLevel, problem).in_column(&field.name)
            };
            let mut codes = tokens.codes.column_mut(variable_idx);
            match variable {
                Variable::Levels { .. } => {
                    let levels = table.levels(field_idx);
                    let own: Vec<Option<u32>> = levels.names.iter().map(|name| variable.token_of_label(name)).collect();
                    for (row, (code, level)) in codes.iter_mut().zip(&levels.codes).enumerate() {
                        let token = level.map_or(missing(variable), |level| own[level as usize]);
                        *code = token.ok_or_else(|| unknown(row))?;
                    }
                }
                Variable::Scale { rest, .. } => {
                    for (row, (code, x)) in codes.iter_mut().zip(table.numbers(field_idx)).enumerate() {
                        let token = if x.is_nan() { missing(variable) } else { Some(variable.token_of_number(x)) };
                        *code = token.ok_or_else(|| unknown(row))?;
                        if let Some(map) = rest
                            && variable.bins().contains(&(*code as usize))
                        {
                            tokens.ranks[[row, rest_idx]] = map.interval(x).map(|rank| rank as f32);
                            tokens.values[[row, rest_idx]] = variable.standardised(x) as f32;
                        }
                    }
                }
            }
            rest_idx += usize::from(variable.n_bins() > 0);
        }
        Ok(tokens)
    }

    /// The table that tokens and coordinates stand for. `z` has a column for each variable with bins, which matters
    /// where the cell's token is a bin.
    ///
    /// Rows are numbered from `first_row`; what is drawn here depends on that number and on `seed` alone.
    ///
    /// # Panics
    /// If the arrays do not have the variables' shape.
    pub fn decode(&self, codes: ArrayView2<u32>, z: ArrayView2<f32>, first_row: u64, seed: u64) -> Table {
        self.decode_where(codes, z, first_row, seed, |_, _| true)
    }

    /// The same where a number is not written rounder than it was drawn if `allows` denies the variable that value.
    pub(crate) fn decode_where(
        &self,
        codes: ArrayView2<u32>,
        z: ArrayView2<f32>,
        first_row: u64,
        seed: u64,
        allows: impl Fn(usize, f64) -> bool,
    ) -> Table {
        let n_rows = codes.nrows();
        let (mut variable_idx, mut rest_idx) = (0, 0);
        let rows = Rows { first_row, seed };
        let columns = self.schema.fields.iter().zip(&self.columns).map(|(field, column)| match column {
            Column::Unlearnt(column) => column.decode(field, first_row, n_rows, seed),
            Column::Learnt(variable) => {
                let j = variable_idx;
                let codes = codes.column(j);
                variable_idx += 1;
                match variable {
                    Variable::Levels { .. } => {
                        let labels = codes.iter().enumerate().map(|(row, &code)| {
                            variable.label(code as usize, || {
                                let index = (first_row + row as u64) << 16 | j as u64;
                                stream(seed, Purpose::Pool, index).r#gen()
                            })
                        });
                        column_from_labels(field, labels)
                    }
                    Variable::Scale { .. } => {
                        let z = (variable.n_bins() > 0).then(|| z.column(rest_idx));
                        rest_idx += usize::from(variable.n_bins() > 0);
                        let number = |(row, &code): (usize, &u32)| {
                            let z = z.as_ref().map_or(0.0, |z| f64::from(z[row]));
                            let written = variable.written(code as usize, z, || rows.rounding(row, j));
                            let is_allowed = written.is_nan() || allows(j, written);
                            if is_allowed { written } else { variable.number(code as usize, z) }
                        };
                        numbers_of(field, codes.iter().enumerate().map(number))
                    }
                }
            }
        });
        Table::new(Arc::clone(&self.schema), columns.collect()).expect("each column was made for its field")
    }
}

fn numbers_of(field: &Field, numbers: impl Iterator<Item = f64>) -> ArrayRef {
    column_from_numbers(field, &numbers.collect::<Vec<f64>>())
}

impl Column {
    fn fit(table: &Table, field_idx: usize, n_bins: usize) -> Result<Self> {
        let (field, _) = table.column(field_idx);
        let variable = match field.kind {
            kind if kind.is_scale() => Variable::of_numbers(table, field_idx, n_bins),
            kind if kind.is_levels() => Variable::of_levels(table, field_idx),
            _ => return Ok(Column::Unlearnt(Unlearnt::fit(table, field_idx)?)),
        };
        // A column none of whose values may come back is one without values.
        Ok(variable.map_or(Column::Unlearnt(Unlearnt::Absent), Column::Learnt))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{ReadOptions, read_bytes};

    fn table(header: &str, row: impl Fn(usize) -> String, n_rows: usize) -> Table {
        let text: String = std::iter::once(format!("{header}\n")).chain((0..n_rows).map(|i| row(i) + "\n")).collect();
        read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table
    }

    /// Every cell's token at the middle of its ranks.
    fn decoded(tokenizer: &Tokenizer, tokens: &Tokens) -> Table {
        let (mut codes, mut z) = (tokens.codes.clone(), Array2::zeros(tokens.values.dim()));
        let mut rest_idx = 0;
        for (j, (_, variable)) in tokenizer.variables().enumerate() {
            if variable.n_bins() == 0 {
                continue;
            }
            for row in 0..codes.nrows() {
                if variable.bins().contains(&(codes[[row, j]] as usize)) {
                    let [low, high] = tokens.ranks[[row, rest_idx]].map(f64::from);
                    let rank = f64::midpoint(low, high);
                    codes[[row, j]] += ((rank * variable.n_bins() as f64) as u32).min(variable.n_bins() as u32 - 1);
                    z[[row, rest_idx]] = super::super::normal_quantile(rank) as f32;
                }
            }
            rest_idx += 1;
        }
        tokenizer.decode(codes.view(), z.view(), 0, 1)
    }

    #[test]
    fn what_is_shared_comes_back_exactly() {
        let row = |i: usize| {
            let weight =
                if i.is_multiple_of(7) { String::new() } else { format!("{}.{}", 40 + i * 31 % 60, 5 * (i % 2)) };
            let day = 1 + i % 28;
            format!("{weight},{},{},2021-03-{day:02}", i % 5, ["low", "medium", "high"][i % 3])
        };
        let table = table("weight,visits,grade,day", row, 1200);
        let tokenizer = Tokenizer::fit(&table, 16).unwrap();
        let tokens = tokenizer.encode(&table).unwrap();
        assert_eq!(decoded(&tokenizer, &tokens).batch(), table.batch());
    }

    #[test]
    fn a_spike_is_an_atom_and_the_rest_has_bins_of_equal_mass() {
        let row =
            |i: usize| if i.is_multiple_of(2) { "0".to_owned() } else { format!("{}", 1000 + i * 7919 % 100_003) };
        let table = table("gain", row, 4000);
        let tokenizer = Tokenizer::fit(&table, 32).unwrap();
        let (_, variable) = tokenizer.variables().next().unwrap();
        let Variable::Scale { atoms, n_bins: 32, missing: false, n_rest: 2000, .. } = variable else {
            panic!("{variable:?}")
        };
        assert_eq!(atoms, &[0.0]);
        assert_eq!((variable.n_tokens(), variable.bins()), (33, 1..33));
        let tokens = tokenizer.encode(&table).unwrap();
        assert_eq!(tokens.codes.iter().filter(|&&code| code == 0).count(), 2000);
    }

    #[test]
    fn rare_words_are_pooled_and_come_back_as_shared_ones() {
        let row = |i: usize| if i < 3 { format!("rare{i}") } else { ["a", "b"][i % 2].to_owned() };
        let table = table("word", row, 400);
        let tokenizer = Tokenizer::fit(&table, 8).unwrap();
        let tokens = tokenizer.encode(&table).unwrap();
        assert!(tokens.codes.iter().take(3).all(|&code| code == 2));
        let made = decoded(&tokenizer, &tokens).labels(0);
        assert!(made.iter().all(|label| matches!(label.as_deref(), Some("a" | "b"))));
    }

    #[test]
    fn a_level_that_was_not_learnt_is_bad_input_and_is_not_shown() {
        let learnt = table("word", |i| ["a", "b"][i % 2].to_owned(), 40);
        let other = table("word", |i| ["a", "secret"][i % 2].to_owned(), 40);
        let error = Tokenizer::fit(&learnt, 8).unwrap().encode(&other).unwrap_err().to_string();
        assert!(error.contains("unknown-level") && !error.contains("secret"), "{error}");
    }
}
