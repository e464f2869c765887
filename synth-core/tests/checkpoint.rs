//! A training that was stopped goes on to the same bytes as one that was not.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::Duration;

use synth_core::engine::Masked;
use synth_core::io::{ReadOptions, read_bytes};
use synth_core::train::{Checkpoints, Progress, Training, TrainingFailure};
use synth_core::{AnyEngine, Engine, EngineKind, Error, ErrorKind, Fit, Generator, Model, Table};

fn table(shift: usize) -> Table {
    // Weights go with groups; visits are those of the row `shift` further on.
    let row = |i: usize| {
        let visits = ((i + shift) % 400) / 80;
        format!("{},{}.{},{visits}\n", ["a", "b", "c"][i % 3], 20 * (i % 3) + i * 7 % 15, i % 10)
    };
    let text: String = std::iter::once("group,weight,visits\n".to_owned()).chain((0..400).map(row)).collect();
    read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table
}

fn training() -> Training {
    Training { n_iter: 6, min_steps: 1, batch_size: 64, hidden: vec![32, 32], lr: 5e-3, ..Training::default() }
}

fn engine(kind: EngineKind) -> AnyEngine {
    let mut engine = AnyEngine::for_size(kind, 0, 0);
    *engine.training_mut().unwrap() = training();
    engine
}

fn fit<'a>(kind: EngineKind, table: &'a Table) -> Fit<'a> {
    Fit::of(table).engine(engine(kind)).seed(5)
}

/// Trains until `stop_after` epochs; what was kept and what came of it.
fn trained(fit: Fit<'_>, earlier: Option<Vec<u8>>, stop_after: usize) -> (Vec<Vec<u8>>, synth_core::Result<Model>) {
    let kept = Rc::new(RefCell::new(Vec::new()));
    let states = Rc::clone(&kept);
    let save = move |state: &[u8]| {
        states.borrow_mut().push(state.to_vec());
        Ok(())
    };
    let observer = move |progress: &Progress| {
        if progress.epoch >= stop_after { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let checkpoints = Checkpoints { earlier, every: Duration::from_secs(3600), save: Box::new(save) };
    let model = fit.checkpoints(checkpoints).observe(observer).run();
    (kept.take(), model)
}

#[test]
fn a_training_that_was_stopped_goes_on_to_the_same_bytes() {
    let table = table(0);
    for kind in [EngineKind::Masked, EngineKind::TabDdpm] {
        let whole = fit(kind, &table).run().unwrap().to_bytes().unwrap();
        let mut earlier = None;
        for stop_after in [1, 4] {
            let (mut kept, stopped) = trained(fit(kind, &table), earlier, stop_after);
            assert!(
                matches!(stopped, Err(Error::Training(TrainingFailure::Interrupted { done, .. })) if done == stop_after)
            );
            earlier = kept.pop();
            assert!(earlier.is_some() && kept.is_empty(), "one state is kept, when it is stopped");
        }
        let (_, resumed) = trained(fit(kind, &table), earlier, usize::MAX);
        assert!(resumed.unwrap().to_bytes().unwrap() == whole, "{kind}: the bytes differ");
    }
}

#[test]
fn states_are_kept_as_often_as_was_asked() {
    let mut n_kept = 0;
    let save = |_: &[u8]| {
        n_kept += 1;
        Ok(())
    };
    let checkpoints = Checkpoints { earlier: None, every: Duration::ZERO, save: Box::new(save) };
    let model = fit(EngineKind::Masked, &table(0)).checkpoints(checkpoints).run().unwrap();
    assert_eq!(n_kept, model.train_report().unwrap().n_epochs);
}

#[test]
fn a_state_of_another_training_or_a_damaged_one_is_refused() {
    let (kept, _) = trained(fit(EngineKind::Masked, &table(0)), None, 2);
    let state = &kept[0];
    let refused = |fit: Fit<'_>, state: Vec<u8>, expected: &str| {
        let (_, model) = trained(fit, Some(state), usize::MAX);
        let error = model.unwrap_err().to_string();
        assert!(error.contains(expected), "{error} does not say {expected}");
    };
    let (own, other) = (table(0), table(1));
    let same = || fit(EngineKind::Masked, &own);
    // The columns' own distributions are the same; only what goes with what differs.
    refused(fit(EngineKind::Masked, &other), state.clone(), "another table or other settings");
    let slower = Masked { training: Training { lr: 1e-3, ..training() }, ..Masked::default() };
    refused(same().engine(slower), state.clone(), "another table or other settings");
    refused(same().seed(6), state.clone(), "another table or other settings");
    refused(same(), b"nothing".to_vec(), "these bytes are none");
    refused(same(), state[..state.len() - 4].to_vec(), "these bytes are none");
    // A time budget is no part of what is trained.
    assert!(trained(same().time_budget(Duration::from_secs(3600)), Some(state.clone()), usize::MAX).1.is_ok());
}

#[test]
fn a_state_that_cannot_be_kept_ends_the_training() {
    let save = |_: &[u8]| Err(std::io::Error::other("the disk is full"));
    let checkpoints = Checkpoints { earlier: None, every: Duration::ZERO, save: Box::new(save) };
    let error = fit(EngineKind::Masked, &table(0)).checkpoints(checkpoints).run().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Write, "{error}");
}
