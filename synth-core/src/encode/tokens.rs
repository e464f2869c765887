//! Between a table and the tokens a masked model learns.
//!
//! Every learnt column is one [`Variable`], and each of its cells one token: a level, a value that very many rows share
//! (an *atom*: a zero, a ceiling), "missing", or else a *bin* of equal mass. A cell in a bin has a coordinate too: the
//! normal quantile of its rank among the values that are no atoms. Ranks carry the column's grain: a value that many
//! rows share owns a whole interval of ranks, so that what is drawn from a smooth density over ranks lies on the shared
//! values as often as the real ones do ([`QuantileMap`]). One rank is drawn from the interval for each cell and epoch.
//!
//! **Rare values.** A level or an atom is learnt and given back only if [`SHARED`] rows have it. Rarer numbers are
//! interpolated as [`QuantileMap`] says, or taken for the nearest shared one if there are hardly any; rarer words are pooled, and the pool comes back as draws from its shared
//! levels, or else from all.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::ArrayRef;
use ndarray::{Array2, ArrayView2};
use rand::Rng;
use serde::{Deserialize, Serialize};
use statrs::distribution::ContinuousCDF;

use super::quantile::SHARED;
use super::{Grid, QuantileMap, Unlearnt, standard_normal};
use crate::error::{BadInput, Result, Rule};
use crate::random::{Purpose, stream};
use crate::schema::{Field, Kind, Schema};
use crate::table::{Table, column_from_labels, column_from_numbers};

/// The most levels of a column that have tokens of their own; the others are pooled.
const MAX_TOKENS: usize = 1024;
/// Levels that fewer than one row in so many has are pooled too: there is nothing to learn about them.
const POOLED_BELOW: usize = 5000;
/// Numbers with at most so many distinct values are all atoms, if there are [`ROWS_PER_ATOM`] rows for each.
const MAX_ATOMS: usize = 128;
/// See [`MAX_ATOMS`].
const ROWS_PER_ATOM: usize = 25;

/// Turns the rows of one table into tokens and coordinates, and back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tokenizer {
    schema: Arc<Schema>,
    columns: Vec<Column>,
    n_rows: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Column {
    Learnt(Variable),
    Unlearnt(Unlearnt),
}

/// One learnt column. Its tokens are its levels or atoms, its bins, and last "missing", as far as it has them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Variable {
    /// A finite set of words or few numbers.
    Levels {
        /// Those with a token of their own.
        names: Vec<String>,
        /// Their numbers, where they have an order; else empty.
        values: Vec<f64>,
        /// How many rows have each.
        counts: Vec<usize>,
        /// The token after them stands for rarer levels: these, of which only the shared ones come back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pool: Option<Vec<(String, usize)>>,
        /// The last token means missing.
        missing: bool,
    },
    /// Numbers on a scale.
    Scale {
        /// Values with tokens of their own, ascending.
        atoms: Vec<f64>,
        /// The distribution of all others.
        rest: Option<QuantileMap>,
        /// Bins of equal mass of `rest`.
        n_bins: usize,
        /// The last token means missing.
        missing: bool,
        /// Mean and standard deviation of all values, the latter positive.
        moments: [f64; 2],
        /// How many rows are in `rest`.
        n_rest: usize,
    },
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

/// Where a token lies on its variable's scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// In [0, 1], by rank.
    pub rank: f64,
    /// Standardised and clipped to ±6.
    pub value: f64,
}

impl Tokenizer {
    /// Learns the columns' tokens from `table`; `n_bins` is the most bins of a column.
    ///
    /// # Errors
    /// [`Rule::NothingToLearn`] if no column has a kind that is learnt, [`Rule::TooFewRows`] below two rows,
    /// [`Rule::Schema`] if a column that is said to be constant or empty is not or a [protection](crate::protect) is
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

    /// Whether a tokenizer that was read from a file is one that [`Tokenizer::fit`] could have made.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(crate) fn check(&self) -> std::result::Result<(), &'static str> {
        self.schema.check().map_err(|_| "its schema is not valid")?;
        if self.n_rows < 2 {
            return Err("it has learnt no rows");
        }
        if self.columns.len() != self.schema.fields.len() {
            return Err("its columns are not those of its schema");
        }
        let sound = |(column, field): (&Column, &Field)| match column {
            Column::Learnt(variable) => variable.is_sound(field),
            Column::Unlearnt(column) => column.is_sound(field),
        };
        if !self.columns.iter().zip(&self.schema.fields).all(sound) {
            return Err("the tokens of a column are damaged");
        }
        if self.variables().next().is_none() { Err("it has no columns") } else { Ok(()) }
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

    /// The rows of `table` as tokens. A number beyond the range that was learnt becomes its end.
    ///
    /// # Errors
    /// [`Rule::UnknownLevel`] if a cell is a level, or missing, that no row of the learnt table had.
    ///
    /// # Panics
    /// If `table` has other columns.
    pub fn encode(&self, table: &Table) -> Result<Tokens> {
        self.encode_with(table, |variable| variable.missing_token())
    }

    /// The same for a table whose missing cells are unknown, not missing: they get the number of the variable's tokens,
    /// which is none of them.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`], but for missing cells.
    ///
    /// # Panics
    /// If `table` has other columns.
    pub fn encode_present(&self, table: &Table) -> Result<Tokens> {
        self.encode_with(table, |variable| Some(variable.n_tokens() as u32))
    }

    fn encode_with(&self, table: &Table, missing: impl Fn(&Variable) -> Option<u32>) -> Result<Tokens> {
        assert_eq!(self.columns.len(), table.n_columns(), "the columns of the table that was learnt");
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
                let problem = format!("row {}: a value that the learnt table does not have", row + 1);
                BadInput::new(Rule::UnknownLevel, problem).in_column(&field.name)
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
        let n_rows = codes.nrows();
        let (mut variable_idx, mut rest_idx) = (0, 0);
        let columns = self.schema.fields.iter().zip(&self.columns).map(|(field, column)| match column {
            Column::Unlearnt(column) => column.decode(field, first_row, n_rows, seed),
            Column::Learnt(variable) => {
                let codes = codes.column(variable_idx);
                variable_idx += 1;
                match variable {
                    Variable::Levels { .. } => {
                        let labels = codes.iter().enumerate().map(|(row, &code)| {
                            variable.label(code as usize, || {
                                let index = (first_row + row as u64) << 16 | variable_idx as u64;
                                stream(seed, Purpose::Pool, index).r#gen()
                            })
                        });
                        column_from_labels(field, labels)
                    }
                    Variable::Scale { .. } => {
                        let z = (variable.n_bins() > 0).then(|| z.column(rest_idx));
                        rest_idx += usize::from(variable.n_bins() > 0);
                        let number = |(row, &code): (usize, &u32)| {
                            variable.number(code as usize, z.as_ref().map_or(0.0, |z| f64::from(z[row])))
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
            kind if kind.is_scale() => Variable::of_numbers(field, &table.numbers(field_idx), n_bins),
            kind if kind.is_levels() => Variable::of_levels(table, field_idx),
            _ => return Ok(Column::Unlearnt(Unlearnt::fit(table, field_idx)?)),
        };
        // A column none of whose values may come back is one without values.
        Ok(variable.map_or(Column::Unlearnt(Unlearnt::Absent), Column::Learnt))
    }
}

impl Variable {
    fn of_levels(table: &Table, field_idx: usize) -> Option<Self> {
        let (field, _) = table.column(field_idx);
        let levels = table.levels(field_idx);
        let mut counts = vec![0; levels.names.len()];
        levels.codes.iter().flatten().for_each(|&code| counts[code as usize] += 1);
        let mut by_count: Vec<usize> = (0..counts.len()).collect();
        by_count.sort_by_key(|&i| std::cmp::Reverse(counts[i]));
        let least = SHARED.max(table.n_rows() / POOLED_BELOW);
        let mut kept = by_count;
        kept.retain(|&i| counts[i] >= least);
        kept.truncate(MAX_TOKENS);
        kept.sort_unstable();
        let names: Vec<String> = kept.iter().map(|&i| levels.names[i].clone()).collect();
        let missing = levels.codes.contains(&None);
        if names.is_empty() {
            return None;
        }
        let ordered = field.kind == Kind::Ordinal || field.storage.is_number();
        let number = |(i, name): (usize, &String)| match field.storage.is_number() {
            true => name.parse().unwrap_or(i as f64),
            false => i as f64,
        };
        let values: Vec<f64> = if ordered { names.iter().enumerate().map(number).collect() } else { Vec::new() };
        let pooled = (0..counts.len()).filter(|i| kept.binary_search(i).is_err());
        let pool: Vec<(String, usize)> = pooled.map(|i| (levels.names[i].clone(), counts[i])).collect();
        let pool = (!pool.is_empty()).then_some(pool);
        Some(Variable::Levels { names, values, counts: kept.iter().map(|&i| counts[i]).collect(), pool, missing })
    }

    fn of_numbers(field: &Field, numbers: &[f64], max_bins: usize) -> Option<Self> {
        let mut present: Vec<f64> = numbers.iter().copied().filter(|x| !x.is_nan()).collect();
        if present.is_empty() {
            return None;
        }
        present.sort_by(f64::total_cmp);
        let n = present.len();
        let runs: Vec<(f64, usize)> = present.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect();
        let mean = present.iter().sum::<f64>() / n as f64;
        let spread = (present.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64).sqrt();
        let moments = [mean, if spread > 0.0 && spread.is_finite() { spread } else { 1.0 }];
        let missing = n < numbers.len();
        let is_short = runs.len() <= MAX_ATOMS && n >= ROWS_PER_ATOM * runs.len();
        let per_value = n as f64 / runs.len() as f64;
        let spike = (0.005 * n as f64).max(10.0 * per_value).max(2.0 * SHARED as f64);
        let end = (0.002 * n as f64).max(3.0 * per_value).max(2.0 * SHARED as f64);
        let is_atom = |i: usize, count: usize| match is_short {
            true => count >= SHARED,
            false => count as f64 >= if i == 0 || i + 1 == runs.len() { end } else { spike },
        };
        let atoms: Vec<f64> =
            runs.iter().enumerate().filter(|(i, run)| is_atom(*i, run.1)).map(|(_, run)| run.0).collect();
        let mut rest = present;
        rest.retain(|x| atoms.binary_search_by(|atom| atom.total_cmp(x)).is_err());
        if !atoms.is_empty() && rest.len() < 2 * SHARED {
            return Some(Variable::Scale { atoms, rest: None, n_bins: 0, missing, moments, n_rest: 0 });
        }
        let grid = match &field.number {
            Some(format) => Grid::Decimal(*format),
            None => Grid::of(&rest),
        };
        // Forty rows for a bin, so that its share is known to a sixth.
        let (n_rest, n_bins) = (rest.len(), (rest.len() / 40).clamp(1, max_bins.max(1)));
        Some(Variable::Scale { atoms, rest: Some(QuantileMap::fit(rest, grid)), n_bins, missing, moments, n_rest })
    }

    fn is_sound(&self, field: &Field) -> bool {
        match self {
            Variable::Levels { names, values, counts, .. } => {
                let ordered = values.is_empty() || values.len() == names.len();
                let numbers = values.iter().all(|x| x.is_finite());
                field.kind.is_levels() && !names.is_empty() && ordered && numbers && counts.len() == names.len()
            }
            Variable::Scale { atoms, rest, n_bins, moments: [mean, spread], n_rest, .. } => {
                let map = match rest {
                    Some(map) => map.is_sound() && (1..=*n_rest).contains(n_bins),
                    None => *n_bins == 0 && !atoms.is_empty(),
                };
                let sorted = atoms.iter().all(|x| x.is_finite()) && atoms.is_sorted();
                field.kind.is_scale() && map && sorted && mean.is_finite() && spread.is_finite() && *spread > 0.0
            }
        }
    }

    /// How many tokens it has.
    pub fn n_tokens(&self) -> usize {
        let (before, missing) = match self {
            Variable::Levels { names, pool, missing, .. } => (names.len() + usize::from(pool.is_some()), *missing),
            Variable::Scale { atoms, n_bins, missing, .. } => (atoms.len() + n_bins, *missing),
        };
        before + usize::from(missing)
    }

    /// How many bins it has; none without a continuous part.
    pub fn n_bins(&self) -> usize {
        match self {
            Variable::Levels { .. } => 0,
            Variable::Scale { n_bins, .. } => *n_bins,
        }
    }

    /// The tokens that are bins, in ascending order of their values.
    pub fn bins(&self) -> Range<usize> {
        match self {
            Variable::Levels { .. } => 0..0,
            Variable::Scale { atoms, n_bins, .. } => atoms.len()..atoms.len() + n_bins,
        }
    }

    /// The coordinates between one bin and the next. (bins - 1)
    pub fn edges(&self) -> Vec<f64> {
        let n_bins = self.n_bins();
        (1..n_bins).map(|b| standard_normal().inverse_cdf(b as f64 / n_bins as f64)).collect()
    }

    /// The token that means missing.
    pub fn missing_token(&self) -> Option<u32> {
        let (Variable::Levels { missing, .. } | Variable::Scale { missing, .. }) = self;
        missing.then(|| self.n_tokens() as u32 - 1)
    }

    /// Where each token lies, for those that lie somewhere; a bin's position is that of its cells, not its own.
    pub fn positions(&self) -> Vec<Option<Position>> {
        let mut positions = vec![None; self.n_tokens()];
        match self {
            Variable::Levels { values, .. } => {
                let n = values.len() as f64;
                let mean = values.iter().sum::<f64>() / n;
                let spread = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt().max(1e-9);
                for (i, x) in values.iter().enumerate() {
                    let rank = (i as f64 + 0.5) / n;
                    positions[i] = Some(Position { rank, value: ((x - mean) / spread).clamp(-6.0, 6.0) });
                }
            }
            Variable::Scale { atoms, rest, .. } => {
                for (i, &x) in atoms.iter().enumerate() {
                    let rank = match rest {
                        Some(map) => map.interval(x).iter().sum::<f64>() / 2.0,
                        None => (i as f64 + 0.5) / atoms.len() as f64,
                    };
                    positions[i] = Some(Position { rank, value: self.standardised(x) });
                }
            }
        }
        positions
    }

    /// The number as its distance from the mean in standard deviations, clipped to ±6.
    pub fn standardised(&self, x: f64) -> f64 {
        match self {
            Variable::Levels { .. } => 0.0,
            Variable::Scale { moments: [mean, spread], .. } => ((x - mean) / spread).clamp(-6.0, 6.0),
        }
    }

    /// The token of a level's label; that of the pool for one that is pooled.
    pub fn token_of_label(&self, label: &str) -> Option<u32> {
        let Variable::Levels { names, values, pool, .. } = self else { return None };
        if let Some(token) = names.iter().position(|name| name == label) {
            return Some(token as u32);
        }
        let pooled = pool.as_ref()?;
        pooled.iter().any(|(name, _)| name == label).then(|| match label.parse::<f64>() {
            // The nearest of the numbers that are shared.
            Ok(x) if !values.is_empty() => nearest(values, x),
            _ => names.len() as u32,
        })
    }

    /// The token of a number: an atom, or the first bin for one that lies in bins.
    pub fn token_of_number(&self, x: f64) -> u32 {
        let Variable::Scale { atoms, rest, .. } = self else { return 0 };
        match atoms.binary_search_by(|atom| atom.total_cmp(&x)) {
            Ok(atom) => atom as u32,
            Err(_) if rest.is_some() => atoms.len() as u32,
            Err(_) => nearest(atoms, x),
        }
    }

    /// The label of a level's token, `None` for "missing". A pooled one is chosen by a number in [0, 1) from `u`.
    fn label(&self, token: usize, u: impl FnOnce() -> f64) -> Option<&str> {
        let Variable::Levels { names, counts, pool, .. } = self else { return None };
        if let Some(name) = names.get(token) {
            return Some(name);
        }
        let pool = pool.as_ref().filter(|_| token == names.len())?;
        let shared: Vec<(&str, usize)> =
            pool.iter().filter(|(_, count)| *count >= SHARED).map(|(name, count)| (name.as_str(), *count)).collect();
        let shared = match shared.is_empty() {
            true => names.iter().map(String::as_str).zip(counts.iter().copied()).collect(),
            false => shared,
        };
        let total: usize = shared.iter().map(|(_, count)| count).sum();
        let mut left = (u() * total as f64) as usize;
        for (name, count) in &shared {
            if left < *count {
                return Some(name);
            }
            left -= count;
        }
        shared.last().map(|(name, _)| *name)
    }

    /// The number of a token, at coordinate `z` if it is a bin; NaN for "missing".
    ///
    /// Ranks stay a quarter of a row from both ends, so that a largest value which lies apart is not given back.
    pub fn number(&self, token: usize, z: f64) -> f64 {
        let Variable::Scale { atoms, rest, n_rest, .. } = self else { return f64::NAN };
        if let Some(&atom) = atoms.get(token) {
            return atom;
        }
        match rest {
            Some(map) if self.bins().contains(&token) => {
                let margin = 0.25 / *n_rest as f64;
                map.value(standard_normal().cdf(z).clamp(margin, 1.0 - margin))
            }
            _ => f64::NAN,
        }
    }
}

/// The position of the entry of ascending `values` that is nearest to `x`.
fn nearest(values: &[f64], x: f64) -> u32 {
    let after = values.partition_point(|&value| value < x);
    let nearer_below = after > 0 && (after == values.len() || x - values[after - 1] <= values[after] - x);
    (after - usize::from(nearer_below)) as u32
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
