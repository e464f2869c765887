//! No fit splits a person's rows between those it learns from and those it is verified on.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use synth_core::engine::{Masked, TabDdpm, Trees};
use synth_core::io::{ReadOptions, read_bytes};
use synth_core::schema::Unit;
use synth_core::table::Units;
use synth_core::train::{FitContext, HeldOut, Training};
use synth_core::{Generator, Schema, Table};

mod support;
use support::small_table;

/// Sixty people with five equal rows each, in which nothing follows from anything: what a fit finds here it has from rows that
/// it saw.
fn memories(unit: Unit) -> Table {
    let rng = &mut ChaCha8Rng::seed_from_u64(5);
    let people: Vec<[u8; 4]> = (0..60).map(|_| std::array::from_fn(|_| rng.gen_range(0..4))).collect();
    let mut text = "who,a,b,c,d\n".to_owned();
    for row in 0..300 {
        let levels = people[row % 60].map(|level| ["p", "q", "r", "s"][usize::from(level)]);
        text += &format!("W{:02},{}\n", row % 60, levels.join(","));
    }
    let table = read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table;
    let mut schema = Schema { unit: Some(unit), ..(**table.schema()).clone() };
    schema.fields[0].kind = synth_core::Kind::Identifier;
    table.with_schema(schema.into()).unwrap()
}

#[test]
fn folds_of_tuning_keep_people_whole() {
    let tuned = |table: &Table| -> [HeldOut; 2] {
        [Trees::default().tuned(table, 3).unwrap().held_out, Masked::for_size(300, 4).tuned(table, 3).unwrap().held_out]
    };
    // By rows each fold is full of rows that were seen; by people there is nothing to be known.
    for own in tuned(&memories(Unit::Row)) {
        assert!(own.baseline - own.loss > 0.2, "{own:?}");
    }
    for own in tuned(&memories(Unit::of(["who"]))) {
        assert!(own.baseline - own.loss < 0.05, "{own:?}");
    }
}

#[test]
fn held_out_rows_of_a_training_are_those_of_whole_people() {
    let owners: Vec<usize> = (0..400).map(|row| (row * row + row / 9) % 130).collect();
    let table = small_table(400).with_units(Units::rows(130).take(&owners));
    let training = Training { n_iter: 60, min_steps: 1, hidden: vec![32], ema_decay: 0.95, ..Training::default() };
    let context = || FitContext::new(2);
    let masked = Masked { training: training.clone(), ..Masked::default() }.learn(&table, &mut context()).unwrap();
    let tabddpm = TabDdpm { training, ..TabDdpm::default() }.learn(&table, &mut context()).unwrap();
    let models: [&dyn Generator; 2] = [&masked, &tabddpm];
    for model in models {
        let fitted = model.fitted_rows(&table);
        let held_out: Vec<usize> = (0..400).filter(|row| fitted.binary_search(row).is_err()).collect();
        assert_eq!(model.train_report().unwrap().n_held_out, held_out.len());
        assert!((20..30).contains(&held_out.len()), "{}", held_out.len());
        let units = table.units().unwrap();
        assert!(held_out.iter().all(|&a| fitted.iter().all(|&b| units.of_row(a) != units.of_row(b))));
    }
}
