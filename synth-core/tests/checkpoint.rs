//! A training that was stopped goes on to the same bytes as one that was not.

use std::ops::ControlFlow;
use std::time::Duration;

use synth_core::io::{ReadOptions, read_bytes};
use synth_core::train::{Checkpoints, TrainConfig, TrainingFailure};
use synth_core::{Engine, Error, ErrorKind, Keeping, Model, Table};

fn table(shift: usize) -> Table {
    // Weights go with groups; visits are those of the row `shift` further on.
    let row = |i: usize| {
        let visits = ((i + shift) % 400) / 80;
        format!("{},{}.{},{visits}\n", ["a", "b", "c"][i % 3], 20 * (i % 3) + i * 7 % 15, i % 10)
    };
    let text: String = std::iter::once("group,weight,visits\n".to_owned()).chain((0..400).map(row)).collect();
    read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table
}

fn config() -> TrainConfig {
    TrainConfig {
        n_iter: 6,
        min_steps: 1,
        batch_size: 64,
        hidden: vec![32, 32],
        lr: 5e-3,
        seed: 5,
        ..TrainConfig::default()
    }
}

/// Trains until `stop_after` epochs; what was kept and what came of it.
fn trained(
    engine: Engine,
    table: &Table,
    config: &TrainConfig,
    earlier: Option<Vec<u8>>,
    stop_after: usize,
) -> (Vec<Vec<u8>>, synth_core::Result<Model>) {
    let mut kept = Vec::new();
    let mut save = |state: &[u8]| {
        kept.push(state.to_vec());
        Ok(())
    };
    let mut checkpoints = Checkpoints { earlier, every: Duration::from_secs(3600), save: &mut save };
    let model = Model::fit_keeping(engine, table, Keeping::Off, config, Some(&mut checkpoints), &mut |progress| {
        if progress.epoch >= stop_after { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    (kept, model)
}

#[test]
fn a_training_that_was_stopped_goes_on_to_the_same_bytes() {
    let table = table(0);
    for engine in [Engine::Masked, Engine::TabDdpm] {
        let whole = Model::fit(engine, &table, &config(), &mut |_| ControlFlow::Continue(())).unwrap().to_bytes();
        let mut earlier = None;
        for stop_after in [1, 4] {
            let (mut kept, stopped) = trained(engine, &table, &config(), earlier, stop_after);
            assert!(
                matches!(stopped, Err(Error::Training(TrainingFailure::Interrupted { done, .. })) if done == stop_after)
            );
            earlier = kept.pop();
            assert!(earlier.is_some() && kept.is_empty(), "one state is kept, when it is stopped");
        }
        let (_, resumed) = trained(engine, &table, &config(), earlier, usize::MAX);
        assert!(resumed.unwrap().to_bytes() == whole, "{engine}: the bytes differ");
    }
}

#[test]
fn states_are_kept_as_often_as_was_asked() {
    let mut n_kept = 0;
    let mut save = |_: &[u8]| {
        n_kept += 1;
        Ok(())
    };
    let mut checkpoints = Checkpoints { earlier: None, every: Duration::ZERO, save: &mut save };
    let go_on = &mut |_: &synth_core::train::Progress| ControlFlow::Continue(());
    let model =
        Model::fit_keeping(Engine::Masked, &table(0), Keeping::Off, &config(), Some(&mut checkpoints), go_on).unwrap();
    assert_eq!(n_kept, model.train_report().unwrap().n_epochs);
}

#[test]
fn a_state_of_another_training_or_a_damaged_one_is_refused() {
    let (kept, _) = trained(Engine::Masked, &table(0), &config(), None, 2);
    let state = &kept[0];
    let refused = |table: &Table, config: &TrainConfig, state: Vec<u8>, expected: &str| {
        let (_, model) = trained(Engine::Masked, table, config, Some(state), usize::MAX);
        let error = model.unwrap_err().to_string();
        assert!(error.contains(expected), "{error} does not say {expected}");
    };
    // The columns' own distributions are the same; only what goes with what differs.
    refused(&table(1), &config(), state.clone(), "another table or other settings");
    refused(&table(0), &TrainConfig { lr: 1e-3, ..config() }, state.clone(), "another table or other settings");
    refused(&table(0), &config(), b"nothing".to_vec(), "these bytes are none");
    refused(&table(0), &config(), state[..state.len() - 4].to_vec(), "these bytes are none");
    // A time budget is no part of what is trained.
    let in_time = TrainConfig { time_budget: Some(Duration::from_secs(3600)), ..config() };
    assert!(trained(Engine::Masked, &table(0), &in_time, Some(state.clone()), usize::MAX).1.is_ok());
}

#[test]
fn a_state_that_cannot_be_kept_ends_the_training() {
    let mut save = |_: &[u8]| Err(std::io::Error::other("the disk is full"));
    let mut checkpoints = Checkpoints { earlier: None, every: Duration::ZERO, save: &mut save };
    let go_on = &mut |_: &synth_core::train::Progress| ControlFlow::Continue(());
    let error = Model::fit_keeping(Engine::Masked, &table(0), Keeping::Off, &config(), Some(&mut checkpoints), go_on)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Write, "{error}");
}
