//! One column as tokens: which of its values have tokens of their own, what becomes of the others, and back.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use statrs::distribution::ContinuousCDF;

use super::quantile::SHARED as SHARED_NUMBER;
use super::{Grid, QuantileMap, standard_normal};
use crate::schema::{Field, Kind};
use crate::table::{Table, Units};

/// A level, or a number of a column of few, that this many training units share may be given back; rarer ones are pooled.
const SHARED: usize = 5;
/// The most levels of a column that have tokens of their own; the others are pooled.
const MAX_TOKENS: usize = 1024;
/// Levels that fewer than one row in so many has are pooled too: there is nothing to learn about them.
const POOLED_BELOW: usize = 5000;
/// Numbers with at most so many distinct values are all atoms, if there are [`ROWS_PER_ATOM`] rows for each.
const MAX_ATOMS: usize = 128;
/// See [`MAX_ATOMS`].
const ROWS_PER_ATOM: usize = 25;

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

/// Where a token lies on its variable's scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// In [0, 1], by rank.
    pub rank: f64,
    /// Standardised and clipped to ±6.
    pub value: f64,
}

impl Variable {
    pub(super) fn of_levels(table: &Table, field_idx: usize) -> Option<Self> {
        let (field, _) = table.column(field_idx);
        let levels = table.levels(field_idx);
        let mut counts = vec![0; levels.names.len()];
        levels.codes.iter().flatten().for_each(|&code| counts[code as usize] += 1);
        let mut by_count: Vec<usize> = (0..counts.len()).collect();
        by_count.sort_by_key(|&i| std::cmp::Reverse(counts[i]));
        let codes = levels.codes.iter().map(|code| code.map(|code| code as usize));
        let n_units = Units::of(table).counts(codes, counts.len());
        // What too few people share is as rare as can be, however many their rows.
        counts.iter_mut().zip(n_units).filter(|(_, n)| *n < SHARED).for_each(|(count, n)| *count = n);
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

    pub(super) fn of_numbers(table: &Table, field_idx: usize, max_bins: usize) -> Option<Self> {
        let (field, numbers) = (table.column(field_idx).0, table.numbers(field_idx));
        // So many rows are surely of so many people. Of few values on a coarse grid none is anybody's: those that a few share are
        // drawn whether they are atoms or not.
        let n_short = Units::of(table).rows_of_at_least(SHARED);
        let n_shared = Units::of(table).rows_of_at_least(SHARED_NUMBER);
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
        let spike = (0.005 * n as f64).max(10.0 * per_value).max(n_shared as f64);
        let end = (0.002 * n as f64).max(3.0 * per_value).max(n_shared as f64);
        let is_atom = |i: usize, count: usize| match is_short {
            true => count >= n_short,
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
        Some(Variable::Scale {
            atoms,
            rest: Some(QuantileMap::fit_shared(rest, grid, if is_short { n_short } else { n_shared })),
            n_bins,
            missing,
            moments,
            n_rest,
        })
    }

    pub(super) fn is_sound(&self, field: &Field) -> bool {
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
    pub(super) fn label(&self, token: usize, u: impl FnOnce() -> f64) -> Option<&str> {
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
        self.number_by(token, z, QuantileMap::value)
    }

    /// The same as people would write it: see [`QuantileMap::written`].
    pub(super) fn written(&self, token: usize, z: f64, round: impl FnOnce() -> f64) -> f64 {
        self.number_by(token, z, |map, u| map.written(u, round))
    }

    fn number_by(&self, token: usize, z: f64, value: impl FnOnce(&QuantileMap, f64) -> f64) -> f64 {
        let Variable::Scale { atoms, rest, n_rest, .. } = self else { return f64::NAN };
        if let Some(&atom) = atoms.get(token) {
            return atom;
        }
        match rest {
            Some(map) if self.bins().contains(&token) => {
                let margin = 0.25 / *n_rest as f64;
                value(map, standard_normal().cdf(z).clamp(margin, 1.0 - margin))
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
