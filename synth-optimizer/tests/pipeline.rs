//! The whole of it on tables made here, with the engine that needs no training.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use synth_compliance::{Decision, Policy};
use synth_core::engine::Trees;
use synth_core::io::{ReadOptions, read_bytes};
use synth_core::train::{FitContext, Training};
use synth_core::{EngineKind, Generator, Schema, Table};
use synth_metrics::Outcome;
use synth_optimizer::pipeline::Event;
use synth_optimizer::{Assessment, Design, Pipeline, Plan, Planner, Protects, RulePlanner, RunRecord, StopReason};

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
            // The most exposed were audited before the clock was stopped, or are when all else is kept.
            let measures = assessment.report.measures.iter().filter(|measure| !measure.id.starts_with("exposed_"));
            measures.map(|measure| &measure.outcome).all(
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
fn a_policy_that_asks_for_what_cannot_be_shown_accepts_nothing() {
    // No interval ends at the ideal.
    let gate = "[[gates]]\nmeasure = 'mia_top_precision'\nmax = 0.5\nsource = 'a test'\n";
    let ideal = format!("name = 'ideal'\nversion = '1'\ntitle = 't'\nextends = 'hipaa'\n{gate}");
    let run = copula("hipaa").with_policy(Policy::from_toml(&ideal).unwrap()).run(&table(400)).unwrap();
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

/// A ward of 400: one in seven is sick, and four labs say so together. Clusters are what a copula does not have: its correlations
/// are .2 off.
fn ward() -> Table {
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let mut text = String::from("age,sex,ward,creatinine,urea,hb,potassium,sbp,died\n");
    for _ in 0..400 {
        let is_sick = rng.r#gen::<f64>() < 0.15;
        let of = |sick: f64, well: f64| if is_sick { sick } else { well };
        let mut normal = || (0..12).map(|_| rng.r#gen::<f64>()).sum::<f64>() - 6.0;
        let age = (of(68.0, 52.0) + 11.0 * normal()).clamp(20.0, 88.0);
        let [creatinine, urea] = [(1.2, -0.1), (3.0, 1.7)].map(|(sick, well)| (of(sick, well) + 0.25 * normal()).exp());
        let [hb, potassium] =
            [(10.0, 13.8, 1.2), (5.2, 4.2, 0.35)].map(|(sick, well, sd)| of(sick, well) + sd * normal());
        let sbp = 125.0 + (age - 50.0) * 0.5 + 15.0 * normal();
        let sex = ["f", "m"][usize::from(rng.r#gen::<f64>() < 0.5)];
        let is_renal = is_sick && rng.r#gen::<f64>() < 0.8;
        let ward = if is_renal { "renal" } else { ["general", "surgery"][usize::from(rng.r#gen::<f64>() < 0.3)] };
        let died = ["no", "yes"][usize::from(rng.r#gen::<f64>() < of(0.4, 0.08))];
        text += &format!("{age:.0},{sex},{ward},{creatinine:.2},{urea:.1},{hb:.1},{potassium:.1},{sbp:.0},{died}\n");
    }
    read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table
}

/// Limits that do not move with the presets.
fn limits() -> Policy {
    let gate = |measure: &str, max: f64, class: &str| {
        format!("[[gates]]\nmeasure='{measure}'\nmax={max}\nclass='{class}'\nsource='a test'\n")
    };
    let gates = [("ks_mean", 0.1, "mandatory"), ("corr_delta", 0.1, "mandatory"), ("mia_auc", 0.6, "hard")];
    let gates: String = gates.into_iter().map(|(measure, max, class)| gate(measure, max, class)).collect();
    Policy::from_toml(&format!("name='limits'\nversion='1'\ntitle='a test'\nmin_rows=100\n{gates}")).unwrap()
}

/// Trees that leak were answered with the copula, which was refused, though the masked engine is accepted at once.
#[test]
fn a_small_clinical_table_on_which_trees_leak_ends_with_the_masked_engine() {
    let table = ward();
    let copula = Pipeline::new(limits()).with_engine(EngineKind::Copula).with_seed(1).run(&table).unwrap();
    assert_eq!(copula.record.decision, Decision::Refused, "{:#?}", copula.record.assessment());
    let from_trees = |table: &Table, _: RulePlanner| -> synth_optimizer::Result<Box<dyn Planner<Plan, Assessment>>> {
        let mut others = Plan::all_for_table(table, 1)?;
        others.retain(|plan| plan.kind() != EngineKind::Trees);
        let first = Plan::from(Trees { min_leaf: 1, ..Trees::default() });
        Ok(Box::new(RulePlanner::new(first).with_others(others)))
    };
    let run = Pipeline::new(limits()).with_seed(1).with_planner(from_trees).run(&table).unwrap();
    let steps: Vec<(&str, EngineKind)> =
        run.record.attempts.iter().map(|a| (a.explanation.rule.as_str(), a.plan.kind())).collect();
    let expected = [
        ("base", EngineKind::Trees),
        ("privacy-larger-leaves", EngineKind::Trees),
        ("switch-for-privacy", EngineKind::Masked),
    ];
    assert_eq!(steps[..3], expected, "{:#?}", run.record.assessment());
    assert_eq!(run.record.decision, Decision::Accepted, "{:#?}", run.record.assessment());
    assert_eq!(run.record.attempts.last().unwrap().plan.kind(), EngineKind::Masked);
}

/// 60 people with three rows each, all of them copied: whatever is tried, the reason is told.
#[test]
fn a_refused_run_says_that_repeated_rows_of_a_unit_are_the_reason() {
    let rows = (0..180).map(|i| format!("P{:03},{},{}\n", i / 3, 40 + i / 3 % 37, i * 7919 % 1000));
    let text: String = std::iter::once("patient_id,age,dose\n".to_owned()).chain(rows).collect();
    let table = read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table;
    struct Parrot(Table);
    impl Generator for Parrot {
        fn schema(&self) -> &Arc<Schema> {
            self.0.schema()
        }
        fn sample(&self, rows: Range<u64>, _seed: u64) -> synth_core::Result<Table> {
            Ok(self.0.take(&rows.map(|row| row as usize % self.0.n_rows()).collect::<Vec<_>>()))
        }
    }
    let notes = |table: &Table| {
        let parrot = |table: &Table, _: &Training, _: &mut FitContext<'_>| {
            Ok(Box::new(Parrot(table.clone())) as Box<dyn Generator>)
        };
        let run = Pipeline::new(limits()).with_seed(1).with_generator("parrot", parrot).run(table).unwrap();
        assert_eq!(run.record.decision, Decision::Refused);
        run.record.notes
    };
    let said = notes(&table);
    assert!(
        said.iter().any(|note| note.starts_with("180 rows of 60 units: the repeated rows of one unit")),
        "{said:?}"
    );
    assert!(said.iter().any(|note| note.starts_with("no further attempt: every rule for")), "{said:?}");
    // One row a person: the copies are the generator's own fault.
    let rows = (0..180).map(|i| format!("P{i:03},{},{}\n", 40 + i % 37, i * 7919 % 1000));
    let text: String = std::iter::once("patient_id,age,dose\n".to_owned()).chain(rows).collect();
    let said = notes(&read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table);
    assert!(said.iter().all(|note| !note.contains("repeated rows")), "{said:?}");
}
