//! What the benches are run on: one seeded table of mixed columns in three sizes, a plain network in [`mlp`], the
//! training of the masked model in [`masked`], and the benches' settings.
//!
//! The table is made to cost what clinical tables cost: correlated numbers with and without decimals, a spike of zeros,
//! levels from two to twenty, values missing here and there. Its law matters to no result, only to the time.
//!
//! `cargo bench -p synth-benches --bench train_step` runs one file; `-- --quick` gives a first idea.

pub mod masked;
pub mod mlp;

use std::time::Duration;

use criterion::Criterion;
use ndarray_rand::rand_distr::StandardNormal;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use synth_core::schema::NumberFormat;
use synth_core::{Kind, Table, TableBuilder};

/// The rows of the smallest table: a trial.
pub const SMALL: usize = 300;
/// The rows of the table in the middle: a registry.
pub const MEDIUM: usize = 5_000;
/// The rows of the largest table: a census.
pub const LARGE: usize = 30_000;

/// Few samples and short: the benches are to be run by hand between two changes.
pub fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
}

/// The generator of everything random in a bench.
pub fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// A table of 15 columns and `n_rows` rows: five numbers with decimals, four whole ones, a date and five columns of levels.
/// One column in three has missing values. Equal seeds give equal tables.
pub fn table(n_rows: usize, seed: u64) -> Table {
    let mut rng = rng(seed);
    let mut draft = Draft::new(n_rows, &mut rng);
    draft.number("bmi", Kind::Continuous, 1, 0.0, |frailty, rng| 26.0 + 4.0 * mixed(0.4, frailty, rng));
    draft.number("albumin", Kind::Continuous, 2, 0.1, |frailty, rng| 4.0 - 0.5 * mixed(0.6, frailty, rng));
    draft.number("creatinine", Kind::Continuous, 2, 0.15, |frailty, rng| (0.3 * mixed(0.5, frailty, rng)).exp());
    draft.number("crp", Kind::Continuous, 1, 0.0, |frailty, rng| (1.0 + mixed(0.7, frailty, rng)).exp());
    draft.number("oldpeak", Kind::Continuous, 1, 0.0, |frailty, rng| mixed(0.5, frailty, rng).max(0.0));
    draft.number("age", Kind::Integer, 0, 0.0, |frailty, rng| 60.0 + 10.0 * mixed(0.8, frailty, rng));
    draft.number("pressure", Kind::Integer, 0, 0.05, |frailty, rng| 130.0 + 17.0 * mixed(0.5, frailty, rng));
    draft.number("days", Kind::Integer, 0, 0.0, |frailty, rng| (6.5 - 0.6 * mixed(0.7, frailty, rng)).exp());
    draft.number("nodes", Kind::Integer, 0, 0.0, |frailty, rng| (3.0 * mixed(0.6, frailty, rng)).max(0.0));
    draft.dates("admitted");
    draft.levels("sex", Kind::Boolean, 2, 0.0);
    draft.levels("smoker", Kind::Categorical, 3, 0.1);
    draft.levels("grade", Kind::Ordinal, 5, 0.0);
    draft.levels("ward", Kind::Categorical, 8, 0.0);
    draft.levels("diagnosis", Kind::Categorical, 20, 0.05);
    draft.finish()
}

/// A table under construction. Every row has a frailty, which is what its cells have in common.
struct Draft<'a> {
    frailty: Vec<f64>,
    rng: &'a mut ChaCha8Rng,
    columns: TableBuilder,
}

impl<'a> Draft<'a> {
    fn new(n_rows: usize, rng: &'a mut ChaCha8Rng) -> Self {
        Self { frailty: (0..n_rows).map(|_| normal(rng)).collect(), rng, columns: Table::builder() }
    }

    /// Numbers rounded to `decimals`, a share `missing` of which is left out.
    fn number(
        &mut self,
        name: &str,
        kind: Kind,
        decimals: u8,
        missing: f64,
        value: impl Fn(f64, &mut ChaCha8Rng) -> f64,
    ) {
        let scale = 10f64.powi(i32::from(decimals));
        let format = NumberFormat { decimals, step: 1.0 / scale, ..NumberFormat::default() };
        let numbers = self.frailty.iter().map(|&frailty| {
            let number = (value(frailty, self.rng) * scale).round() / scale;
            if self.rng.r#gen::<f64>() < missing { f64::NAN } else { number }
        });
        let numbers: Vec<f64> = numbers.collect();
        let whole = numbers.iter().map(|x| (!x.is_nan()).then_some(*x as i64));
        let columns = std::mem::take(&mut self.columns);
        let columns =
            if kind == Kind::Integer { columns.integers(name, whole) } else { columns.numbers(name, numbers) };
        self.columns = columns.kind(name, kind).declare(name, |field| {
            field.number = Some(format);
            field.missing = vec![String::new()];
        });
    }

    /// Days of ten years.
    fn dates(&mut self, name: &str) {
        let days = self.frailty.iter().map(|_| 86_400.0 * f64::from(self.rng.gen_range(16_000..19_650)));
        let days: Vec<f64> = days.collect();
        self.columns = std::mem::take(&mut self.columns).datetimes(name, days);
    }

    /// `n_levels` words, the later the frailer; a share `missing` is left out.
    fn levels(&mut self, name: &str, kind: Kind, n_levels: usize, missing: f64) {
        let labels = self.frailty.iter().map(|&frailty| {
            let share = 0.5 + 0.2 * mixed(0.6, frailty, self.rng);
            let level = ((share * n_levels as f64).max(0.0) as usize).min(n_levels - 1);
            (self.rng.r#gen::<f64>() >= missing).then(|| format!("{name}-{level:02}"))
        });
        let labels: Vec<Option<String>> = labels.collect();
        let columns = std::mem::take(&mut self.columns).labels(name, labels.iter().map(Option::as_deref));
        self.columns = columns.kind(name, kind).declare(name, |field| field.missing = vec![String::new()]);
    }

    fn finish(self) -> Table {
        self.columns.build().expect("the columns are of one length and hold what is declared")
    }
}

/// A standard normal draw whose correlation with the standard normal `shared` is `weight`.
fn mixed(weight: f64, shared: f64, rng: &mut ChaCha8Rng) -> f64 {
    weight * shared + (1.0 - weight * weight).sqrt() * normal(rng)
}

/// A standard normal draw.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    rng.sample(StandardNormal)
}
