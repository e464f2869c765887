//! Mixed tables of known laws, drawn with a seed: what the anchors and the simulations are tried on.
#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test file uses its part")]

use std::sync::Arc;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use synth_core::schema::Storage;
use synth_core::table::{column_from_labels, column_from_numbers};
use synth_core::{Field, Kind, Schema, Table};
pub use synth_metrics::anchor::{clinic, normal, permuted, shifted};

pub fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// The values of a column under construction.
pub enum Values {
    Numbers(Vec<f64>),
    Labels(Vec<Option<&'static str>>),
}

/// A table of fields as they are said, which may be ones that [`Table::builder`] refuses.
pub fn table(columns: Vec<(&str, Kind, Storage, Values)>) -> Table {
    let (fields, arrays) = columns
        .into_iter()
        .map(|(name, kind, storage, values)| {
            let field = Field::new(name, kind, storage);
            let array = match values {
                Values::Numbers(x) => column_from_numbers(&field, &x),
                Values::Labels(x) => column_from_labels(&field, x.into_iter()),
            };
            (field, array)
        })
        .unzip();
    Table::new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

/// A census: skewed incomes, a share of zeros, many levels, a date, and numbers that are missing together.
pub fn census(n_rows: usize, seed: u64) -> Table {
    let mut rng = rng(seed);
    let [mut income, mut gain, mut hours, mut day, mut rooms, mut height] = [const { Vec::new() }; 6];
    let [mut job, mut region] = [const { Vec::new() }; 2];
    for _ in 0..n_rows {
        let wealth = normal(&mut rng);
        let is_away = rng.r#gen::<f64>() < 0.1;
        let value = (10.0 + 0.6 * wealth + 0.3 * normal(&mut rng)).exp().round();
        income.push(if is_away { f64::NAN } else { value });
        gain.push(if rng.r#gen::<f64>() < 0.8 { 0.0 } else { (7.0 + wealth + 0.5 * normal(&mut rng)).exp().round() });
        let worked = (40.0 + 6.0 * (0.5 * wealth + 0.87 * normal(&mut rng))).round();
        hours.push(if is_away { f64::NAN } else { worked });
        day.push(86_400.0 * (10_000.0 + 3_000.0 * rng.r#gen::<f64>()).round());
        rooms.push((3.0 + wealth + 0.7 * normal(&mut rng)).clamp(1.0, 8.0).round());
        height.push(170.0 + 10.0 * normal(&mut rng));
        let jobs = ["farm", "craft", "sales", "clerk", "tech", "care", "law", "chief"];
        job.push(Some(jobs[(4.0 + 1.6 * wealth + normal(&mut rng)).clamp(0.0, 7.0) as usize]));
        let regions = ["n", "ne", "e", "se", "s", "sw", "w", "nw"];
        region.push((!is_away).then(|| regions[(rng.r#gen::<f64>().powi(2) * 8.0) as usize]));
    }
    table(vec![
        ("income", Kind::Continuous, Storage::Float, Values::Numbers(income)),
        ("gain", Kind::Integer, Storage::Integer, Values::Numbers(gain)),
        ("hours", Kind::Integer, Storage::Integer, Values::Numbers(hours)),
        ("day", Kind::Datetime, Storage::Timestamp, Values::Numbers(day)),
        ("rooms", Kind::Ordinal, Storage::Integer, Values::Numbers(rooms)),
        ("height", Kind::Continuous, Storage::Float, Values::Numbers(height)),
        ("job", Kind::Categorical, Storage::Text, Values::Labels(job)),
        ("region", Kind::Categorical, Storage::Text, Values::Labels(region)),
    ])
}

/// A trial: exponential times to death that arm, age and a marker decide, a third of them censored, and a response.
pub fn trial(n_rows: usize, seed: u64) -> Table {
    let mut rng = rng(seed);
    let [mut age, mut marker, mut arm, mut months, mut died, mut response] = [const { Vec::new() }; 6];
    for _ in 0..n_rows {
        let (years, level, treated) = (normal(&mut rng), normal(&mut rng), rng.r#gen::<f64>() < 0.5);
        let risk = 0.6 * years + 0.8 * level - if treated { 0.7 } else { 0.0 };
        let death = -30.0 * (1.0 - rng.r#gen::<f64>()).ln() / risk.exp();
        let end = 24.0 + 36.0 * rng.r#gen::<f64>();
        age.push((60.0 + 10.0 * years).round());
        marker.push(level.exp());
        arm.push(f64::from(treated));
        months.push((death.min(end) * 10.0).round() / 10.0);
        died.push(f64::from(death <= end));
        response.push((2.0 - risk + 0.7 * normal(&mut rng)).clamp(0.0, 3.0).round());
    }
    table(vec![
        ("age", Kind::Integer, Storage::Integer, Values::Numbers(age)),
        ("marker", Kind::Continuous, Storage::Float, Values::Numbers(marker)),
        ("arm", Kind::Boolean, Storage::Integer, Values::Numbers(arm)),
        ("months", Kind::Continuous, Storage::Float, Values::Numbers(months)),
        ("died", Kind::Boolean, Storage::Integer, Values::Numbers(died)),
        ("response", Kind::Ordinal, Storage::Integer, Values::Numbers(response)),
    ])
}
