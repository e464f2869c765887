//! The whole of it on tables made here, with the engine that needs no training.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use synth_compliance::{Decision, Policy};
use synth_core::io::{ReadOptions, read_bytes};
use synth_core::train::{FitContext, Training};
use synth_core::{EngineKind, Generator, Schema, Table};
use synth_metrics::Outcome;
use synth_optimizer::pipeline::Event;
use synth_optimizer::{Assessment, Design, Pipeline, Protects, RunRecord, StopReason};

/// Four numbers around a common cause and two columns of levels: what a copula can learn.
fn table(n_rows: usize) -> Table {
    let rng = &mut ChaCha8Rng::seed_from_u64(5);
    let mut text = String::from("a,b,c,d,group,flag\n");
    for _ in 0..n_rows {
        let mut normal = || (0..12).map(|_| rng.r#gen::<f64>()).sum::<f64>() - 6.0;
        let cause = normal();
        let [a, b, c, d] = [0.9, 0.6, 0.3, 0.0].map(|weight| 10.0 * (weight * cause + normal()));
        let group = ["low", "medium", "high"][((cause + 3.0) / 2.0).clamp(0.0, 2.0) as usize];
        text += &format!("{a:.1},{b:.1},{c:.0},{d:.2},{group},{}\n", u8::from(cause + normal() > 0.0));
    }
    read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table
}

fn copula(policy: &str) -> Pipeline<'static> {
    Pipeline::new(Policy::named(policy).unwrap()).with_engine(EngineKind::Copula).with_seed(1)
}

#[test]
fn a_small_table_is_audited_by_cross_fitting() {
    let table = table(400);
    let run = copula("hipaa").run(&table).unwrap();
    assert_eq!(run.record.decision, Decision::Accepted, "{:#?}", run.record.assessment());
    assert_eq!(run.record.design, Design::CrossFitted { folds: 5, rows: 400 });
    assert!(run.record.audit.is_none() && run.refused.is_none());
    assert_eq!(run.release.unwrap().table.n_rows(), 400);
    // Every row was unseen once.
    assert_eq!(run.record.attempts[0].verdict().unwrap().report.rows.holdout, Some(400));
}

/// Whatever the run is at when its time is up: it ends, accepts nothing and says why.
#[test]
fn the_deadline_holds_in_every_phase() {
    let table = table(2400);
    let late_at = |phase: &'static str| {
        let observer = |event: &Event<'_>| {
            let name = match event {
                Event::Designed(_) => "planning",
                Event::Drawing => "drawing",
                Event::Measuring => "measuring",
                Event::Auditing => "auditing",
                _ => "",
            };
            if name == phase {
                std::thread::sleep(Duration::from_secs(6));
            }
            std::ops::ControlFlow::Continue(())
        };
        let pipeline = copula("hipaa").with_time_budget(Duration::from_secs(6)).with_observer(&observer);
        let run = pipeline.run(&table).unwrap();
        assert!(run.release.is_none() && !run.record.decision.is_accepted(), "{phase}");
        assert_eq!(run.record.stopped, Some(StopReason::Deadline), "{phase}");
        run.record
    };
    std::thread::scope(|scope| {
        let [planning, drawing, measuring, auditing] = ["planning", "drawing", "measuring", "auditing"]
            .map(|phase| scope.spawn(move || late_at(phase)))
            .map(|thread| thread.join().unwrap());
        assert!(planning.attempts.is_empty() && drawing.attempts.is_empty());
        let late = |assessment: &Assessment| {
            let mut outcomes = assessment.report.measures.iter().map(|measure| &measure.outcome);
            outcomes.all(
                |outcome| matches!(outcome, Outcome::NotMeasured(reason) if reason.contains("the time budget ran out")),
            )
        };
        assert!(late(measuring.attempts[0].verdict().unwrap()));
        assert!(auditing.attempts[0].verdict().unwrap().decision().is_accepted());
        assert!(late(auditing.audit.as_ref().unwrap()));
    });
}

#[test]
fn a_large_table_is_split_and_the_audit_part_is_opened_once() {
    let table = table(2400);
    let events = Mutex::new(Vec::new());
    let observer = |event: &Event<'_>| {
        let name = match event {
            Event::Started { .. } => "started",
            Event::Finished(_) => "finished",
            Event::Auditing => "auditing",
            _ => return std::ops::ControlFlow::Continue(()),
        };
        events.lock().unwrap().push(name);
        std::ops::ControlFlow::Continue(())
    };
    let run = copula("hipaa").with_rows(1000).with_observer(&observer).run(&table).unwrap();
    assert_eq!(run.record.decision, Decision::Accepted, "{:#?}", run.record.assessment());
    assert_eq!(run.record.design, Design::Split { train: 1680, holdout: 360, audit: 360 });
    assert_eq!(run.record.audit.as_ref().unwrap().report.rows.holdout, Some(360));
    assert_eq!(run.release.unwrap().table.n_rows(), 1000);
    assert_eq!(*events.lock().unwrap(), ["started", "finished", "auditing"]);
}

#[test]
fn a_refused_run_has_no_table_unless_asked() {
    let table = table(400);
    let run = copula("clinical-strict").run(&table).unwrap();
    assert_eq!(run.record.decision, Decision::Refused);
    assert_eq!(run.record.stopped, Some(StopReason::NoRuleApplies));
    assert!(run.release.is_none() && run.refused.is_none());
    let run = copula("clinical-strict").with_refused_table().run(&table).unwrap();
    assert!(run.release.is_none() && run.refused.is_some());
}

#[test]
fn a_policy_that_asks_for_what_is_not_measured_accepts_nothing() {
    let run = copula("gdpr").run(&table(400)).unwrap();
    assert_eq!(run.record.decision, Decision::NotEnoughEvidence);
    assert!(run.release.is_none());
}

#[test]
fn an_interrupted_run_leaves_nothing() {
    let table = table(400);
    let observer = |event: &Event<'_>| match event {
        Event::Measuring => std::ops::ControlFlow::Break(()),
        _ => std::ops::ControlFlow::Continue(()),
    };
    let run = copula("hipaa").with_observer(&observer).run(&table).unwrap();
    assert_eq!(run.record.stopped, Some(StopReason::Interrupted));
    assert!(run.release.is_none() && run.record.attempts.is_empty());
    assert_ne!(run.record.decision, Decision::Accepted);
}

#[test]
fn equal_runs_have_equal_records() {
    let table = table(300);
    let record = |seed| serde_json::to_string(&copula("hipaa").with_seed(seed).run(&table).unwrap().record).unwrap();
    assert_eq!(record(7), record(7));
    assert_ne!(record(7), record(8));
}

#[test]
fn levels_that_hardly_anybody_shares_are_noted_by_column_and_never_shown() {
    let rows: String =
        (0..200).map(|i| format!("{},{}\n", i * 7 % 90, if i == 3 { "CANARY" } else { ["a", "b"][i % 2] })).collect();
    let text = format!("x,ward\n{rows}");
    let table = read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table;
    // Protection leaves no such level; without it there is one.
    let record = copula("hipaa").run(&table).unwrap().record;
    assert!(record.notes.iter().all(|note| !note.contains("`ward`")), "{:?}", record.notes);
    assert!(!serde_json::to_string(&record).unwrap().contains("CANARY"));
    let record = copula("hipaa").without_protection().run(&table).unwrap().record;
    assert_eq!(record.protection.by, Protects::SchemaAlone);
    assert!(record.notes[0].ends_with("1 in 1 columns, `ward`"), "{:?}", record.notes);
    assert!(!serde_json::to_string(&record).unwrap().contains("CANARY"));
}

#[test]
fn a_refused_table_has_a_portrait_and_does_not_go_out() {
    let table = table(400);
    let run = copula("clinical-strict").run(&table).unwrap();
    assert!(!run.record.decision.is_accepted() && run.release.is_none() && run.refused.is_none());
    let portrait = run.portrait.expect("an attempt had a table");
    assert_eq!(portrait.portrait.columns.len(), table.n_columns());
    let subgroups = portrait.subgroups.expect("there are levels");
    assert!(subgroups.not_measured.is_none() && subgroups.levels.len() >= 2, "{subgroups:?}");
    assert!(copula("clinical-strict").with_refused_table().run(&table).unwrap().refused.is_some());
    assert!(copula("hipaa").run(&table).unwrap().portrait.is_some());
}

/// Bytes in memory, of which so many more may be saved: then everything fails, as if the machine had stopped.
struct Memory {
    kept: std::sync::Mutex<std::collections::BTreeMap<String, Vec<u8>>>,
    saves_left: std::sync::atomic::AtomicUsize,
}

impl Memory {
    fn with_saves(&self, n: usize) {
        self.saves_left.store(n, std::sync::atomic::Ordering::SeqCst);
    }
}

impl synth_optimizer::Store for Memory {
    fn load(&self, name: &str) -> std::io::Result<Option<Vec<u8>>> {
        Ok(self.kept.lock().unwrap().get(name).cloned())
    }

    fn save(&self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        let order = std::sync::atomic::Ordering::SeqCst;
        let left = self.saves_left.fetch_update(order, order, |left| left.checked_sub(1));
        left.map_err(|_| std::io::Error::other("stopped"))?;
        self.kept.lock().unwrap().insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn remove(&self, name: &str) -> std::io::Result<()> {
        self.kept.lock().unwrap().remove(name);
        Ok(())
    }
}

#[test]
fn a_run_that_was_stopped_anywhere_goes_on_to_the_same_result() {
    let table = table(150);
    let pipeline = || {
        Pipeline::new(Policy::named("hipaa").unwrap())
            .with_seed(5)
            .with_plan(|plan| {
                plan.with_training(|t| {
                    t.hidden = vec![16];
                    t.n_iter = 4;
                })
            })
            .without_tuning()
            .with_max_attempts(2)
            .with_refused_table()
    };
    let result = |run: synth_optimizer::RunOutcome| {
        let made = run.release.or(run.refused).expect("there is a table");
        (serde_json::to_string(&run.record).unwrap(), made.table.batch().clone(), made.model.to_bytes().unwrap())
    };
    let whole = result(pipeline().run(&table).unwrap());
    let store = Memory { kept: Default::default(), saves_left: 0.into() };
    let mut stops = 0;
    // One save more each time, so that it is stopped at every one.
    loop {
        store.with_saves(1);
        match pipeline().with_store(&store).run(&table) {
            Ok(run) => {
                assert_eq!(result(run), whole);
                break;
            }
            Err(error) => assert!(error.to_string().contains("cannot write"), "{error}"),
        }
        stops += 1;
        assert!(stops < 40);
    }
    assert!(stops >= 7, "six fits and a plan are kept: {stops}");
    // With everything there, nothing is saved any more.
    store.with_saves(0);
    assert_eq!(result(pipeline().with_store(&store).run(&table).unwrap()), whole);
    // What is no model is fitted again.
    store.with_saves(1);
    let name = store.kept.lock().unwrap().keys().find(|name| name.ends_with(".synth")).cloned().unwrap();
    store.kept.lock().unwrap().insert(name, b"damaged".to_vec());
    assert_eq!(result(pipeline().with_store(&store).run(&table).unwrap()), whole);
}

/// Draws each column for itself from the rows it was given, or gives these back.
struct Own {
    table: Table,
    gives_rows: bool,
}

impl Generator for Own {
    fn schema(&self) -> &Arc<Schema> {
        self.table.schema()
    }

    fn sample(&self, rows: Range<u64>, seed: u64) -> synth_core::Result<Table> {
        let n_rows = self.table.n_rows();
        let source = |row: u64, column: usize| match self.gives_rows {
            true => row as usize % n_rows,
            false => {
                ChaCha8Rng::seed_from_u64(seed ^ row.wrapping_mul(31) ^ ((column as u64) << 40)).gen_range(0..n_rows)
            }
        };
        let columns = (0..self.table.n_columns()).map(|column| {
            let rows: Vec<usize> = rows.clone().map(|row| source(row, column)).collect();
            Arc::clone(self.table.take(&rows).column(column).1)
        });
        Table::new(Arc::clone(self.table.schema()), columns.collect())
    }
}

#[test]
fn a_generator_of_ones_own_is_protected_split_and_judged_like_the_others() {
    let table = table(2400);
    let given = Mutex::new(Vec::new());
    let run = |gives_rows: bool| {
        let fit = |table: &Table, training: &Training, _: &mut FitContext<'_>| {
            given.lock().unwrap().push((table.n_rows(), training.n_iter));
            Ok(Box::new(Own { table: table.clone(), gives_rows }) as Box<dyn Generator>)
        };
        let pipeline = Pipeline::new(Policy::named("hipaa").unwrap()).with_generator("shuffle", fit);
        pipeline.with_max_attempts(2).with_refused_table().run(&table).unwrap()
    };
    for gives_rows in [false, true] {
        let run = run(gives_rows);
        assert!(!run.record.decision.is_accepted());
        assert_eq!((run.record.generator.as_deref(), run.record.attempts.len()), (Some("shuffle"), 2));
        assert!(run.record.attempts.iter().all(|attempt| attempt.plan.kind() == run.record.attempts[0].plan.kind()));
        assert!(run.record.notes.iter().any(|note| note.contains("`shuffle`")), "{:?}", run.record.notes);
        let refused = run.refused.unwrap();
        assert!(refused.model.to_bytes().is_err() && refused.table.n_rows() == 2400);
        let violations: Vec<String> =
            run.record.attempts[0].verdict().unwrap().verdict.violations().map(|v| v.to_string()).collect();
        let expected = if gives_rows { "mia_auc" } else { "corr_delta" };
        assert!(violations.iter().any(|violation| violation.contains(expected)), "{violations:?}");
        let text = serde_json::to_string(&run.record).unwrap();
        assert_eq!(serde_json::from_str::<RunRecord>(&text).unwrap().generator, run.record.generator);
    }
    // The holdout and the audit part were not among the rows that it was given.
    assert!(given.into_inner().unwrap().iter().all(|&(n_rows, _)| n_rows == 1680));
}
