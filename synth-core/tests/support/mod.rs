//! What the tests of generators share: a small table, and two statistics to look at it.
#![allow(dead_code, reason = "each test program uses its own part")]

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use synth_core::Table;
use synth_core::io::{ReadOptions, read_bytes};

/// A table like a small clinical one: five numbers that hang together, six columns of levels, some cells missing.
pub(crate) fn small_table(n_rows: usize) -> Table {
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let mut text = String::from("age,pressure,chol,rate,oldpeak,sex,pain,sugar,slope,vessels,disease\n");
    for _ in 0..n_rows {
        let normal = |rng: &mut ChaCha8Rng| (0..12).map(|_| rng.r#gen::<f64>()).sum::<f64>() - 6.0;
        let (illness, size) = (normal(rng), normal(rng));
        let age = 54.0 + 7.0 * illness + 5.0 * normal(rng);
        let pressure = 130.0 + 0.5 * (age - 54.0) + 14.0 * normal(rng);
        let chol = 245.0 + 30.0 * size + 40.0 * normal(rng);
        let rate = 150.0 - 12.0 * illness + 15.0 * normal(rng);
        let oldpeak = (0.8 + 0.9 * illness + 0.7 * normal(rng)).max(0.0);
        let sex = u8::from(size + 0.5 * normal(rng) > -0.4);
        let pain = ["none", "typical", "atypical", "other"][(illness.abs() * 1.6) as usize % 4];
        let sugar = if normal(rng) > 1.0 { "yes" } else { "no" };
        let slope = 1 + (illness + 0.6 * normal(rng) > 0.0) as u8 + (illness + normal(rng) > 1.3) as u8;
        let vessels = (illness + 0.5 * normal(rng)).clamp(0.0, 3.0) as u8;
        // Missing where somebody is ill: to be learnt, not filled in.
        let vessels = if illness > 0.8 && rng.r#gen::<f64>() < 0.5 { "?".to_owned() } else { vessels.to_string() };
        let chol = if rng.r#gen::<f64>() < 0.1 { "?".to_owned() } else { format!("{chol:.0}") };
        let disease = if illness + 0.5 * normal(rng) > 0.3 { "present" } else { "absent" };
        text += &format!(
            "{age:.0},{pressure:.0},{chol},{rate:.0},{oldpeak:.1},{sex},{pain},{sugar},{slope},{vessels},{disease}\n"
        );
    }
    read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table
}

pub(crate) fn present(table: &Table, column: usize) -> Vec<f64> {
    table.numbers(column).into_iter().filter(|x| !x.is_nan()).collect()
}

pub(crate) fn ks(a: &[f64], b: &[f64]) -> f64 {
    let share = |x: f64, of: &[f64]| of.iter().filter(|&&y| y <= x).count() as f64 / of.len() as f64;
    a.iter().chain(b).map(|&x| (share(x, a) - share(x, b)).abs()).fold(0.0, f64::max)
}

pub(crate) fn pearson(x: &[f64], y: &[f64]) -> f64 {
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (mx, my) = (mean(x), mean(y));
    let sum = |f: &dyn Fn(f64, f64) -> f64| x.iter().zip(y).map(|(&x, &y)| f(x - mx, y - my)).sum::<f64>();
    sum(&|x, y| x * y) / (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt()
}
