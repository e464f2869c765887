//! A Gaussian copula: every column by its own distribution, tied together by one correlation matrix.
//!
//! The fallback and the floor: it is fitted in a moment and cannot overfit, and it knows monotone pairwise dependence
//! and nothing more. Levels are taken in their order as cut points of a normal variable, which means something for
//! ordinals and little for names.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use ndarray::Array2;
use rand::Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use statrs::distribution::{Continuous, ContinuousCDF, Normal};

use crate::error::{Error, Result};
use crate::learn::encode::{Encoder, EncoderFile};
use crate::learn::generator::{Engine, Generator};
use crate::learn::part::FilePart;
use crate::learn::random::{Purpose, stream};
use crate::learn::train::FitContext;
use crate::schema::Schema;
use crate::table::Table;

/// A Gaussian copula: fast, nothing to train, the fallback.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Copula {}

impl Copula {
    /// Defaults for a table of any size: there are no parameters.
    pub fn for_size(_n_rows: usize, _n_columns: usize) -> Self {
        Self::default()
    }

    /// Learns `table`, deterministically.
    ///
    /// # Errors
    /// As [`Engine::fit`].
    pub fn learn(&self, table: &Table, context: &mut FitContext<'_>) -> Result<CopulaModel> {
        let mut model = CopulaModel::fit(table)?;
        if let Some(known) = &context.known {
            model.encoder = model.encoder.with_identifiers_of(known);
        }
        Ok(model)
    }
}

impl fmt::Display for Copula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("copula")
    }
}

impl Engine for Copula {
    fn name(&self) -> &str {
        "copula"
    }

    fn fit(&self, table: &Table, context: &mut FitContext<'_>) -> Result<Box<dyn Generator>> {
        Ok(Box::new(self.learn(table, context)?))
    }
}

/// A Gaussian copula that has learnt a table.
#[derive(Debug, Clone, PartialEq)]
pub struct CopulaModel {
    encoder: Encoder,
    /// The upper end of each level's part of the unit line, block by block.
    cuts: Vec<Vec<f64>>,
    /// Lower triangle with L Lᵀ = correlations of the latent normals: coordinates first, then blocks.
    cholesky: Array2<f64>,
}

/// What a model file holds of it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<T> {
    encoder: T,
    cuts: Vec<Vec<f64>>,
    cholesky: Array2<f64>,
}

/// Reads the copula of a model file.
pub(super) fn read(part: &FilePart) -> Result<Box<dyn Generator>> {
    let bad = |problem: &str| Error::ModelFile(problem.to_owned());
    let Header { encoder, cuts, cholesky } = part.parse::<Header<EncoderFile>>()?;
    let model = CopulaModel { encoder: Encoder::try_from(encoder).map_err(bad)?, cuts, cholesky };
    model.check().map_err(bad)?;
    Ok(Box::new(model))
}

impl CopulaModel {
    /// Learns `table`.
    ///
    /// The latent correlation of two columns is that of their normal scores, divided by the scores' spreads: a score
    /// is the mean of the latent normal given the value, so a column with few levels has a narrow one (the two-step
    /// estimate of the polyserial correlation, Olsson, Drasgow and Dorans 1982, to first order).
    ///
    /// # Errors
    /// As [`Encoder::fit`].
    fn fit(table: &Table) -> Result<Self> {
        let encoder = Encoder::fit(table)?;
        let (codes, intervals) = (encoder.codes(table), encoder.intervals(table));
        let layout = encoder.layout();
        let n_rows = table.n_rows() as f64;
        let mut cuts = Vec::new();
        for (block_idx, block) in layout.blocks().iter().enumerate() {
            let mut counts = vec![0.0; block.n_levels];
            codes.column(block_idx).iter().for_each(|&code| counts[code as usize] += 1.0);
            let cumulative = counts.iter().scan(0.0, |sum, count| {
                *sum += count / n_rows;
                Some(*sum)
            });
            cuts.push(cumulative.collect::<Vec<f64>>());
        }
        let n_scale = layout.n_scale();
        let scores = Array2::from_shape_fn((table.n_rows(), n_scale + cuts.len()), |(row, column)| {
            let [low, high] = match column.checked_sub(n_scale) {
                None => intervals.bounds()[[row, column]],
                Some(block_idx) => level_interval(&cuts[block_idx], codes[[row, block_idx]]),
            };
            normal_score(low, high)
        });
        let present = Array2::from_shape_fn(scores.dim(), |(row, column)| match column < n_scale {
            true => f64::from(u8::from(intervals.bounds()[[row, column]] != [0.0, 1.0])),
            false => 1.0,
        });
        let cholesky = cholesky_of_nearest(&latent_correlations(&scores, &present));
        Ok(Self { encoder, cuts, cholesky })
    }

    /// Whether a copula that was read from a file is one that a fit could have made.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(crate) fn check(&self) -> std::result::Result<(), &'static str> {
        let layout = self.encoder.layout();
        let n_latent = layout.n_scale() + layout.blocks().len();
        if self.cholesky.dim() != (n_latent, n_latent) || !self.cholesky.iter().all(|x| x.is_finite()) {
            return Err("its correlations are not those of its columns");
        }
        let one_each = layout.blocks().len() == self.cuts.len()
            && layout.blocks().iter().zip(&self.cuts).all(|(block, cuts)| block.n_levels == cuts.len());
        if !one_each || !self.cuts.iter().all(|cuts| cuts.is_sorted()) {
            return Err("the shares of its levels are not those of its columns");
        }
        Ok(())
    }
}

impl Generator for CopulaModel {
    fn schema(&self) -> &Arc<Schema> {
        self.encoder.schema()
    }

    fn sample(&self, rows: Range<u64>, seed: u64) -> Result<Table> {
        let layout = self.encoder.layout();
        let (n_scale, n_latent) = (layout.n_scale(), self.cholesky.nrows());
        let n_rows = usize::try_from(rows.end.saturating_sub(rows.start)).expect("rows fit in memory");
        let normal = standard_normal();
        let latent: Vec<Vec<f64>> = (0..n_rows)
            .into_par_iter()
            .map(|row| {
                let mut rng = stream(seed, Purpose::Sample, rows.start + row as u64);
                let draws: Vec<f64> =
                    (0..n_latent).map(|_| rng.sample(ndarray_rand::rand_distr::StandardNormal)).collect();
                let dot = |i: usize| (0..=i).map(|j| self.cholesky[[i, j]] * draws[j]).sum();
                (0..n_latent).map(dot).collect()
            })
            .collect();
        let bound = self.encoder.z_bound();
        let z = Array2::from_shape_fn((n_rows, n_scale), |(row, i)| (latent[row][i] as f32).clamp(-bound, bound));
        let codes = Array2::from_shape_fn((n_rows, self.cuts.len()), |(row, block_idx)| {
            let u = normal.cdf(latent[row][n_scale + block_idx]);
            let cuts = &self.cuts[block_idx];
            cuts.partition_point(|&cut| cut <= u).min(cuts.len() - 1) as u32
        });
        Ok(self.encoder.decode(z.view(), codes.view(), rows.start, seed))
    }

    fn file(&self) -> Option<FilePart> {
        let Self { encoder, cuts, cholesky } = self.clone();
        Some(FilePart::new(&Header { encoder, cuts, cholesky }))
    }
}

fn standard_normal() -> Normal {
    Normal::new(0.0, 1.0).expect("the standard normal")
}

fn level_interval(cuts: &[f64], code: u32) -> [f64; 2] {
    let code = code as usize;
    [if code == 0 { 0.0 } else { cuts[code - 1] }, cuts[code].min(1.0)]
}

/// The mean of a standard normal within the shares `low` to `high`.
fn normal_score(low: f64, high: f64) -> f64 {
    let normal = standard_normal();
    if high - low < 1e-9 {
        return normal.inverse_cdf(f64::midpoint(low, high).clamp(1e-9, 1.0 - 1e-9));
    }
    let density = |u: f64| if u <= 0.0 || u >= 1.0 { 0.0 } else { normal.pdf(normal.inverse_cdf(u)) };
    (density(low) - density(high)) / (high - low)
}

/// Correlations of the latent normals, each pair over the rows in which both values are there.
fn latent_correlations(scores: &Array2<f64>, present: &Array2<f64>) -> Array2<f64> {
    let n = scores.ncols();
    // Scores have mean zero by construction, and are 0 where the value is missing.
    let products = scores.t().dot(scores);
    let squares = scores.mapv(|s| s * s).t().dot(present);
    let counts = present.t().dot(present);
    Array2::from_shape_fn((n, n), |(i, j)| {
        let spread = squares[[i, j]] * squares[[j, i]];
        match (i == j, spread > 1e-12) {
            (true, _) => 1.0,
            (false, true) => (products[[i, j]] * counts[[i, j]] / spread).clamp(-0.99, 0.99),
            (false, false) => 0.0,
        }
    })
}

/// The Cholesky factor of `correlations`, shrunk towards no correlation until it has one.
fn cholesky_of_nearest(correlations: &Array2<f64>) -> Array2<f64> {
    let n = correlations.nrows();
    let shrunk =
        |keep: f64| Array2::from_shape_fn((n, n), |(i, j)| if i == j { 1.0 } else { keep * correlations[[i, j]] });
    let keeps = (0..100).map(|k| 1.0 - f64::from(k) / 100.0);
    keeps.map(shrunk).find_map(|c| cholesky(&c)).expect("without correlations there is a factor")
}

fn cholesky(matrix: &Array2<f64>) -> Option<Array2<f64>> {
    let n = matrix.nrows();
    let mut lower = Array2::<f64>::zeros((n, n));
    for i in 0..n {
        for j in 0..=i {
            let rest = matrix[[i, j]] - (0..j).map(|k| lower[[i, k]] * lower[[j, k]]).sum::<f64>();
            if i == j {
                if rest <= 1e-9 {
                    return None;
                }
                lower[[i, i]] = rest.sqrt();
            } else {
                lower[[i, j]] = rest / lower[[j, j]];
            }
        }
    }
    Some(lower)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Field, Kind, Source, Storage};
    use crate::table::column_from_numbers;

    #[test]
    fn the_score_of_everything_is_zero_and_of_a_half_is_known() {
        assert!(normal_score(0.0, 1.0).abs() < 1e-12);
        // The mean of a half normal is √(2/π).
        assert!((normal_score(0.5, 1.0) - (2.0 / std::f64::consts::PI).sqrt()).abs() < 1e-9);
    }

    #[test]
    fn a_correlation_comes_back() {
        let n = 2000;
        let rng = &mut stream(1, Purpose::Noise, 0);
        let mut draw = || rng.sample::<f64, _>(ndarray_rand::rand_distr::StandardNormal);
        let pairs: Vec<(f64, f64)> = (0..n)
            .map(|_| {
                let a = draw();
                (a, 0.8 * a + 0.6 * draw())
            })
            .collect();
        let mut fields =
            [Field::new("a", Kind::Continuous, Storage::Float), Field::new("b", Kind::Ordinal, Storage::Float)];
        fields[0].number = Some(crate::schema::NumberFormat { decimals: 6, step: 1e-6, ..Default::default() });
        let a: Vec<f64> = pairs.iter().map(|p| (p.0 * 1e6).round() / 1e6).collect();
        let b: Vec<f64> = pairs.iter().map(|p| f64::from(u8::from(p.1 > 0.0))).collect();
        let columns = vec![column_from_numbers(&fields[0], &a), column_from_numbers(&fields[1], &b)];
        let schema = Schema {
            version: 1,
            unit: None,
            source: Source::default(),
            fields: fields.to_vec(),
            constraints: Vec::new(),
        };
        let table = Table::new(Arc::new(schema), columns).unwrap();
        let made = CopulaModel::fit(&table).unwrap().sample(0..n, 3).unwrap();
        let pearson = |table: &Table| {
            let (x, y) = (table.numbers(0), table.numbers(1));
            let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
            let (mx, my) = (mean(&x), mean(&y));
            let cov: f64 = x.iter().zip(&y).map(|(x, y)| (x - mx) * (y - my)).sum();
            let var = |v: &[f64], m: f64| v.iter().map(|x| (x - m).powi(2)).sum::<f64>();
            cov / (var(&x, mx) * var(&y, my)).sqrt()
        };
        // Two samples of 2,000: four standard errors of the difference of two correlations near 0.64.
        assert!((pearson(&table) - pearson(&made)).abs() < 0.08, "{} {}", pearson(&table), pearson(&made));
    }

    #[test]
    fn values_missing_together_do_not_make_a_correlation_stronger() {
        // A correlation of 1/2 between scores of spread 1, and as many rows with both missing.
        let scores = ndarray::array![
            [1.0, 1.0],
            [1.0, 1.0],
            [1.0, 1.0],
            [1.0, -1.0],
            [0.0, 0.0],
            [0.0, 0.0],
            [0.0, 0.0],
            [0.0, 0.0]
        ];
        let present = scores.mapv(f64::abs);
        assert_eq!(latent_correlations(&scores, &present)[[0, 1]], 0.5);
    }

    #[test]
    fn contradictory_correlations_are_shrunk_until_they_fit() {
        let mut c = Array2::eye(3);
        for (i, j, r) in [(0, 1, 0.9), (1, 2, 0.9), (0, 2, -0.9)] {
            c[[i, j]] = r;
            c[[j, i]] = r;
        }
        let lower = cholesky_of_nearest(&c);
        assert!(lower.dot(&lower.t()).diag().iter().all(|d| (d - 1.0).abs() < 1e-12));
    }
}
