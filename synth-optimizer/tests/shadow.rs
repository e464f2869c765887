//! The audit of the most exposed units in a run: on tables that would be accepted, kept when interrupted, judged.

use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use synth_compliance::{Decision, Policy};
use synth_core::io::{ReadOptions, read_bytes};
use synth_core::{EngineKind, Generator, Keeping, Schema, Table};
use synth_metrics::Shadow;
use synth_optimizer::{Event, Pipeline, Run, ShadowAudit};

fn table(n: usize) -> Table {
    let value = |i: usize| (i as f64 * 0.618).fract() * 40.0 + (i as f64 * 0.414).fract() * 40.0;
    let rows = (0..n).map(|i| format!("{:.1},{},{}\n", value(i), i * 7 % 90, ["a", "b", "c"][i % 3]));
    let text: String = std::iter::once("dose,score,ward\n".to_owned()).chain(rows).collect();
    read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table
}

/// A policy that accepts nearly everything but what an audit shows.
fn policy(gate: &str) -> Policy {
    let text = format!(
        "name = \"loose\"\nversion = \"1\"\ntitle = \"A test\"\nmin_rows = 10\n\
         [[gates]]\nmeasure = \"ks_mean\"\nmax = 0.9\nsource = \"a test\"\n{gate}"
    );
    Policy::from_toml(&text).unwrap()
}

const GATE: &str = "[[gates]]\nmeasure = \"exposed_auc\"\nmax = 0.75\nsource = \"a test\"\n";

/// Gives the rows that it was given.
struct Parrot(Table);

impl Generator for Parrot {
    fn schema(&self) -> &Arc<Schema> {
        self.0.schema()
    }

    fn sample(&self, rows: Range<u64>, _seed: u64) -> synth_core::Result<Table> {
        Ok(self.0.take(&rows.map(|row| row as usize % self.0.n_rows()).collect::<Vec<_>>()))
    }
}

fn parrot(policy: Policy) -> Pipeline<'static> {
    let pipeline = Pipeline::new(policy).with_seed(3).with_max_attempts(1);
    pipeline.with_generator("parrot", |table, _, _| Ok(Box::new(Parrot(table.clone()))))
}

#[test]
fn a_table_that_only_the_audit_finds_wanting_is_refused() {
    let table = table(200);
    let run = parrot(policy("")).run(&table).unwrap();
    assert_eq!(run.record.decision, Decision::Accepted);
    let exposed = run.record.exposed.unwrap();
    assert!(exposed.exposed.unwrap().auc.value > 0.95);

    let run = parrot(policy(GATE)).run(&table).unwrap();
    assert_eq!(run.record.decision, Decision::Refused);
    assert!(run.release.is_none());
    let assessment = run.record.assessment().unwrap();
    assert_eq!(assessment.report.inputs.unwrap().shadow, Shadow::Made);
    assert!(assessment.verdict.violations().any(|sentence| sentence.contains("exposed_auc")));
}

#[test]
fn a_fact_says_why_there_is_no_audit_and_it_does_not_pass() {
    let table = table(200);
    let off = parrot(policy(GATE)).with_audit_units(0).run(&table).unwrap().record;
    assert_eq!(off.decision, Decision::NotEnoughEvidence);
    assert_eq!(off.assessment().unwrap().report.inputs.unwrap().shadow, Shadow::Off);
    // A table that breaks other limits is not audited.
    let strict = policy(&format!("{GATE}[[gates]]\nmeasure = \"mia_auc\"\nmax = 0.6\nsource = \"a test\"\n"));
    let refused = parrot(strict).run(&table).unwrap().record;
    assert_eq!(refused.assessment().unwrap().report.inputs.unwrap().shadow, Shadow::Later);
    assert_eq!((refused.decision, refused.exposed), (Decision::Refused, None));
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn an_audit_that_was_interrupted_goes_on_and_comes_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (table, out, whole) = (table(200), folder.path().join("out"), folder.path().join("whole"));
    let run = |out: &Path| Run::of(&table).policy(policy(GATE)).seed(5).engine(EngineKind::Copula).attempts(1).out(out);
    let finished = run(&whole).start().unwrap();
    let exposed = finished.outcome.record.exposed.unwrap();
    assert_eq!((exposed.fact, exposed.planned_runs, exposed.units), (Shadow::Made, 64, 200));
    let names: Vec<String> = files(&whole).into_iter().map(|(name, _)| name).collect();
    let text = |name: &str| String::from_utf8(std::fs::read(whole.join(name)).unwrap()).unwrap();
    assert!(names.contains(&"report.html".to_owned()), "{names:?}");
    for name in ["report.html", "MODEL_CARD.md"] {
        assert!(text(name).contains("exposed unit 12 ("), "{name}");
    }

    let stop = |event: &Event<'_>| match event {
        Event::Shadow { done, .. } if *done >= 10 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    assert!(run(&out).observe(&stop).start().unwrap().left.is_none());
    // What was seen is kept: the runs that are left are fewer.
    let kept = std::fs::read_dir(out.join(".synth-run")).unwrap();
    let kept = kept.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("shadow-1-"));
    assert!(kept.count() >= 9);
    let n_events = AtomicUsize::new(0);
    let count = |event: &Event<'_>| {
        n_events.fetch_add(usize::from(matches!(event, Event::Shadow { .. })), Ordering::Relaxed);
        ControlFlow::Continue(())
    };
    run(&out).observe(&count).resume().start().unwrap();
    assert_eq!(n_events.load(Ordering::Relaxed), 64);
    assert_eq!(files(&out), files(&whole));
}

#[test]
fn the_same_for_any_number_of_threads() {
    let table = table(150);
    let engine = synth_core::AnyEngine::for_size(EngineKind::Trees, 150, 3);
    let policy = policy("");
    let audit = || ShadowAudit::of(&table).units(6).runs(24).seed(1).run_engine(&engine, Keeping::Found, Some(&policy));
    let whole = audit().unwrap();
    assert_eq!(whole.fact, Shadow::Made);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(pool.install(audit).unwrap(), whole);
}
