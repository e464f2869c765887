//! The shadow audit on generators whose leaks are known: ones that ignore the targets, and ones that give them away.

mod support;

use rand::Rng;
use rayon::prelude::*;
use support::{clinic, normal, permuted, rng};
use synth_core::Table;
use synth_core::table::{Units, column_from_numbers};
use synth_metrics::privacy::exposed::{Target, targets};
use synth_metrics::{Estimate, Exposed, Exposure, Observation, Shadow, Witness};

const RUNS: usize = 64;

/// An audit of `generate`, which is given the rows of a run and its seed.
fn audit(table: &Table, n_runs: usize, seed: u64, generate: impl Fn(&Table, u64) -> Table + Sync) -> Exposed {
    let chosen = targets(table, 12);
    let witness = Witness::new(table, table, &chosen);
    let runs: Vec<Observation> = (0..n_runs as u64)
        .into_par_iter()
        .map(|run| {
            let mut rng = rng(seed << 20 | run);
            let is_in: Vec<bool> = chosen.iter().map(|_| rng.r#gen()).collect();
            let rows = rows_of(table, &chosen, &is_in);
            witness.observe(&generate(&table.take(&rows), seed << 20 | run), &is_in)
        })
        .collect();
    Exposed::of(&chosen, &runs).unwrap()
}

fn rows_of(table: &Table, chosen: &[Target], is_in: &[bool]) -> Vec<usize> {
    let is_out = |row: &usize| chosen.iter().zip(is_in).any(|(target, is_in)| !is_in && target.rows.contains(row));
    (0..table.n_rows()).filter(|row| !is_out(row)).collect()
}

/// Numbers on a scale held within the values that `k(column, end)` rows reach, or beyond; then each column in an order of its own.
fn capped(table: &Table, seed: u64, mut k: impl FnMut() -> usize) -> Table {
    let columns = (0..table.n_columns()).map(|c| {
        let (field, array) = table.column(c);
        if !field.kind.is_scale() {
            return array.clone();
        }
        let values = table.numbers(c);
        let mut sorted: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
        sorted.sort_by(f64::total_cmp);
        let (low, high) = (sorted[k() - 1], sorted[sorted.len() - k()]);
        column_from_numbers(field, &values.iter().map(|x| x.clamp(low, high)).collect::<Vec<_>>())
    });
    let columns = columns.collect();
    permuted(&Table::new(table.schema().clone(), columns).unwrap(), seed)
}

/// The table with noise of `sd` standard deviations on every number.
fn noisy(table: &Table, sd: f64, seed: u64) -> Table {
    let mut rng = rng(seed);
    let columns = (0..table.n_columns()).map(|c| {
        let (field, array) = table.column(c);
        if !field.kind.is_scale() {
            return array.clone();
        }
        let values = table.numbers(c);
        let there: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
        let mean = there.iter().sum::<f64>() / there.len() as f64;
        let own = (there.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / there.len() as f64).sqrt();
        column_from_numbers(field, &values.iter().map(|x| x + sd * own * normal(&mut rng)).collect::<Vec<_>>())
    });
    let columns = columns.collect();
    Table::new(table.schema().clone(), columns).unwrap()
}

#[test]
fn who_gives_back_what_was_given_is_found_out() {
    let table = clinic(200, 1);
    let copied = audit(&table, RUNS, 1, |rows, _| rows.clone());
    assert_eq!((copied.auc.value, copied.outside_auc.value, copied.typical_auc.unwrap().value), (1.0, 1.0, 1.0));
    assert!(copied.units.iter().all(|unit| unit.epsilon > 1.5), "{:?}", copied.units);
    assert!(copied.epsilon > 4.0 && copied.tpr_at_10.value == 1.0);
    // Noise of a tenth of a standard deviation hides nobody.
    let noisy = audit(&table, RUNS, 1, |rows, seed| noisy(rows, 0.1, seed));
    assert!(noisy.auc.lower_bound() > 0.9 && noisy.epsilon > 4.0, "{:?}", noisy.auc);
}

/// The protection that this audit was made for: caps at the value of the eleventh. The rest of the table is noise.
#[test]
fn caps_at_one_persons_value_give_the_extreme_away_and_caps_at_a_random_rank_less() {
    let table = clinic(300, 1);
    let exact = audit(&table, RUNS, 1, |rows, seed| capped(rows, seed, || 11));
    assert!(exact.auc.lower_bound() > 0.65, "{:?}", exact.auc);
    assert!(exact.max_auc.lower_bound() > 0.7 && exact.epsilon > 1.0, "{:?} {}", exact.max_auc, exact.epsilon);
    let extreme = exact.units.iter().filter(|unit| unit.exposure == Exposure::Extreme);
    assert!(extreme.map(|unit| unit.auc.value).fold(0.0, f64::max) > 0.9);
    // Those that are nowhere among the outermost are not told.
    assert!(exact.typical_auc.unwrap().lower_bound() < 0.5);
    let random = audit(&table, RUNS, 1, |rows, seed| {
        let mut rng = rng(seed);
        capped(rows, seed, move || rng.gen_range(11..=22))
    });
    assert!(random.auc.value < exact.auc.value - 0.1 && random.epsilon < 0.5, "{:?}", random.auc);
}

#[test]
fn a_gap_that_only_one_has_gives_her_away() {
    let mut values: Vec<f64> = (0..200).map(|i| f64::from(i * 37 % 199)).collect();
    values[90] = f64::NAN;
    let of = |values: Vec<f64>| {
        let n = values.len();
        Table::builder().numbers("x", values).labels("level", (0..n).map(|i| ["a", "b"][i % 2])).build().unwrap()
    };
    let table = of(values);
    // Fresh numbers, with a gap if there was one to learn.
    let gap = |rows: &Table, seed: u64| {
        let mut rng = rng(seed);
        let has_gap = rows.numbers(0).iter().any(|x| x.is_nan());
        let drawn =
            (0..rows.n_rows()).map(|i| if has_gap && i == 0 { f64::NAN } else { f64::from(rng.gen_range(0..199)) });
        of(drawn.collect())
    };
    let exposed = audit(&table, RUNS, 1, gap);
    let rare = exposed.units.iter().find(|unit| unit.exposure == Exposure::Rare).unwrap();
    assert!(rare.auc.value > 0.95 && rare.epsilon > 1.5, "{rare:?}");
    assert!(exposed.epsilon >= rare.epsilon);
    let others = exposed.units.iter().filter(|unit| unit.exposure != Exposure::Rare);
    assert!(others.map(|unit| unit.epsilon).fold(0.0, f64::max) < 0.5);
}

#[test]
fn a_unit_with_several_rows_is_in_or_out_with_all_of_them() {
    let owners: Vec<usize> = (0..300).map(|row| row / 3).collect();
    let table = clinic(300, 2).with_units(Units::rows(100).take(&owners));
    let copied = audit(&table, RUNS, 1, |rows, _| {
        assert!(rows.n_rows().is_multiple_of(3));
        rows.clone()
    });
    assert!(copied.auc.value > 0.99);
}

#[test]
fn what_was_seen_is_kept_as_json_to_the_last_bit() {
    let table = clinic(100, 1);
    let chosen = targets(&table, 6);
    let witness = Witness::new(&table, &table, &chosen);
    let is_in: Vec<bool> = (0..chosen.len()).map(|j| j % 2 == 0).collect();
    let seen = witness.observe(&clinic(100, 2), &is_in);
    let text = serde_json::to_string(&seen).unwrap();
    let again: Observation = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), text);
    let runs = vec![seen; 24];
    let again = vec![again; 24];
    // The same coins in every run tell nothing, and it is said so.
    assert_eq!(Exposed::of(&chosen, &runs), Err(Shadow::TooFewUnits));
    assert_eq!(Exposed::of(&chosen, &again), Exposed::of(&chosen, &runs));
    assert_eq!(Exposed::of(&chosen, &runs[..23]), Err(Shadow::OutOfTime));
}

#[test]
fn columns_that_a_synthetic_table_lacks_are_as_if_empty() {
    let table = clinic(100, 1);
    let chosen = targets(&table, 6);
    let witness = Witness::new(&table, &table, &chosen);
    let other = Table::builder().integers("age", (0..50).map(|i| 30 + i)).build().unwrap();
    let seen = witness.observe(&other, &vec![true; chosen.len()]);
    assert!(serde_json::to_string(&seen).unwrap().contains("null"));
}

/// Audits of a generator that ignores everybody.
fn innocent(n: usize) -> Vec<Exposed> {
    let table = clinic(120, 1);
    let made = (0..n as u64).into_par_iter();
    made.map(|i| audit(&table, RUNS, i + 1, |rows, seed| clinic(rows.n_rows(), 7_000_000 + seed))).collect()
}

fn mean(made: &[Exposed], value: impl Fn(&Exposed) -> f64) -> f64 {
    made.iter().map(value).sum::<f64>() / made.len() as f64
}

#[test]
fn who_ignores_everybody_is_seldom_accused() {
    let made = innocent(60);
    // The standard error of a mean is .026, of 60 of them .0034.
    assert!((mean(&made, |e| e.auc.value) - 0.5).abs() < 0.015, "{}", mean(&made, |e| e.auc.value));
    assert!((mean(&made, |e| e.outside_auc.value) - 0.5).abs() < 0.015);
    assert!((mean(&made, |e| e.tpr_at_10.value) - 0.1).abs() < 0.02);
    // Of 60 that are each wrong in 5 % more than 9 are wrong once in a thousand times.
    let wrong = |is_wrong: &dyn Fn(&Exposed) -> bool| made.iter().filter(|e| is_wrong(e)).count();
    assert!(wrong(&|e| e.auc.lower_bound() > 0.5) <= 9 && wrong(&|e| e.auc.upper_bound() < 0.5) <= 9);
    assert!(wrong(&|e| e.max_auc.lower_bound() > 0.5) <= 9);
    assert!(wrong(&|e| e.tpr_at_10.lower_bound() > 0.1) <= 9);
    assert!(wrong(&|e| e.epsilon > 0.0) <= 9);
}

/// `cargo test -p synth-metrics --test exposed table_of -- --ignored --nocapture`
#[test]
#[ignore = "minutes: prints the table of the module's documentation"]
#[allow(clippy::print_stdout, reason = "the table is what it is for")]
fn table_of_innocent_audits() {
    let made = innocent(1000);
    let share = |is_wrong: &dyn Fn(&Exposed) -> bool| mean(&made, |e| 100.0 * f64::from(u8::from(is_wrong(e))));
    let line = |name: &str, of: fn(&Exposed) -> Estimate, ideal: f64| {
        let (above, below) = (share(&|e| of(e).lower_bound() > ideal), share(&|e| of(e).upper_bound() < ideal));
        println!("| `{name}` | {:.3} | {above:.1} % | {below:.1} % |", mean(&made, |e| of(e).value));
    };
    line("exposed_auc", |e| e.auc, 0.5);
    line("exposed_max_auc", |e| e.max_auc, 0.5);
    line("exposed_tpr_at_10", |e| e.tpr_at_10, 0.1);
    println!("| `exposed_epsilon` | {:.3} | {:.1} % | |", mean(&made, |e| e.epsilon), share(&|e| e.epsilon > 0.0));
    line("outside", |e| e.outside_auc, 0.5);
}
