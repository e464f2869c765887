//! A run and all that it leaves: what `synth run` does, for programs.

use std::path::{Path, PathBuf};

use serde::Serialize;
use synth_compliance::{Policy, sha256};
use synth_core::io::write;
use synth_core::schema::Source as Form;
use synth_core::{EngineKind, Seed, Table};

use crate::dossier::audit::Source;
use crate::dossier::folder::{self, Left, Results, WriteSchema};
use crate::dossier::forms::{FORMS, in_form};
use crate::dossier::outputs::Replace;
use crate::dossier::parts;
use crate::dossier::record::RunOutcome;
use crate::dossier::spreadsheet::{Formulas, Spreadsheet};
use crate::dossier::unfinished::Unfinished;
use crate::error::{Error, Result};
use crate::pipeline::{Event, Observer, Pipeline};
use crate::runner::StopReason;

/// A run on a table: a [`Pipeline`] whose results go to a folder, the same files with the same bytes as those of `synth run`.
///
/// ```no_run
/// use synth_compliance::Policy;
/// use synth_optimizer::Run;
///
/// let table = synth_core::io::read_path("patients.csv".as_ref(), &Default::default())?.table;
/// let run = Run::of(&table).policy(Policy::named("gdpr")?).attempts(5).out("shared").start()?;
/// match &run.outcome.release {
///     Some(release) => println!("{} rows may be shared", release.table.n_rows()),
///     None => println!("{}", run.outcome.record.decision),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// While it goes it keeps its plans and its generators in the folder, so that it can be [resumed](Self::resume).
#[derive(Debug)]
pub struct Run<'a> {
    table: &'a Table,
    pipeline: Pipeline<'a>,
    source: Source,
    out: Option<PathBuf>,
    form: Option<String>,
    split: Option<u64>,
    formulas: Formulas,
    schema: WriteSchema,
    replace: Replace,
    begun: Begun,
    keeps: Keeps,
    asked: serde_json::Value,
    inputs: Option<Vec<String>>,
}

/// When a run was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begun {
    Now,
    /// It was interrupted, and is resumed.
    Before,
}

/// Whether what takes long is kept while a run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeps {
    Yes,
    No,
}

/// How a run ended.
#[derive(Debug)]
#[non_exhaustive]
pub struct Finished {
    /// What it did and decided, and the table if it was accepted.
    pub outcome: RunOutcome,
    /// What it wrote; `None` if it had no folder to write to, or was interrupted before.
    pub left: Option<Left>,
}

impl<'a> Run<'a> {
    /// A run on `table` under the policy `hipaa`, with the defaults of [`Pipeline::new`], that writes nothing.
    pub fn of(table: &'a Table) -> Self {
        let policy = Policy::named("hipaa").expect("it is embedded");
        Self {
            table,
            pipeline: Pipeline::new(policy),
            source: Source::new("a table", table, None),
            out: None,
            form: None,
            split: None,
            formulas: Formulas::AsTheyAre,
            schema: WriteSchema::Yes,
            replace: Replace::No,
            begun: Begun::Now,
            keeps: Keeps::Yes,
            asked: serde_json::Value::Null,
            inputs: None,
        }
    }

    /// All settings of the search at once, the policy and the seed among them.
    #[must_use]
    pub fn pipeline(self, pipeline: Pipeline<'a>) -> Self {
        Self { pipeline, ..self }
    }

    /// The policy. Default: `hipaa`.
    #[must_use]
    pub fn policy(self, policy: Policy) -> Self {
        Self { pipeline: self.pipeline.with_policy(policy), ..self }
    }

    /// See [`Pipeline::with_seed`].
    #[must_use]
    pub fn seed(self, seed: impl Into<Seed>) -> Self {
        Self { pipeline: self.pipeline.with_seed(seed), ..self }
    }

    /// See [`Pipeline::with_max_attempts`].
    #[must_use]
    pub fn attempts(self, max_attempts: usize) -> Self {
        Self { pipeline: self.pipeline.with_max_attempts(max_attempts), ..self }
    }

    /// See [`Pipeline::with_rows`].
    #[must_use]
    pub fn rows(self, rows: usize) -> Self {
        Self { pipeline: self.pipeline.with_rows(rows), ..self }
    }

    /// See [`Pipeline::with_engine`].
    #[must_use]
    pub fn engine(self, engine: EngineKind) -> Self {
        Self { pipeline: self.pipeline.with_engine(engine), ..self }
    }

    /// Observes the run. Default: no observer.
    #[must_use]
    pub fn observe(self, observer: &'a Observer<'a>) -> Self {
        Self { pipeline: self.pipeline.with_observer(observer), ..self }
    }

    /// What records call the table, without folders, and the HMAC of its bytes under a key of its owner
    /// ([`sources`](crate::dossier::sources)). Default: `a table`, without one.
    #[must_use]
    pub fn source(self, name: &str, mac: Option<String>) -> Self {
        Self { source: Source::new(name, self.table, mac), ..self }
    }

    /// The folder for the results, which is made if it is not there. Default: nothing is written.
    #[must_use]
    pub fn out(self, folder: impl AsRef<Path>) -> Self {
        Self { out: Some(folder.as_ref().to_owned()), ..self }
    }

    /// The output format, one of [`FORMS`]. Default: that of the file the table was read from.
    #[must_use]
    pub fn format(self, form: &str) -> Self {
        Self { form: Some(form.to_owned()), ..self }
    }

    /// The maximum number of synthetic rows per file. Default: a single file.
    #[must_use]
    pub fn split(self, rows: u64) -> Self {
        Self { split: Some(rows), ..self }
    }

    /// What becomes of text that a spreadsheet would run as a formula; the record says so either way. Default: it is written as it
    /// is.
    #[must_use]
    pub fn formulas(self, formulas: Formulas) -> Self {
        Self { formulas, ..self }
    }

    /// Leaves the schema in the folder as it is: it is the one that the table was read by. Default: it is written.
    #[must_use]
    pub fn keep_schema(self) -> Self {
        Self { schema: WriteSchema::No, ..self }
    }

    /// What becomes of the results of an earlier run in the folder. Default: they stay, and the run is refused.
    #[must_use]
    pub fn replace(self, replace: Replace) -> Self {
        Self { replace, ..self }
    }

    /// Saves no checkpoints, for a table that cannot be read again: the run cannot be resumed.
    #[must_use]
    pub fn transient(self) -> Self {
        Self { keeps: Keeps::No, ..self }
    }

    /// What is written beside that which is kept, for whoever resumes the run: `asked` comes back from [`Unfinished::asked`].
    /// `inputs` are the digests of what was read, and take the place of the table's own.
    #[must_use]
    pub fn begun_by(self, asked: &impl Serialize, inputs: Vec<String>) -> Self {
        let asked = serde_json::to_value(asked).expect("settings have only string keys");
        Self { asked, inputs: Some(inputs), ..self }
    }

    /// Resumes the interrupted run in the folder, to the same bytes as an uninterrupted run. Its results so far give
    /// way.
    #[must_use]
    pub fn resume(self) -> Self {
        Self { begun: Begun::Before, ..self }
    }

    /// Makes attempts until one is accepted or none is left, and writes the results, each file atomically.
    ///
    /// # Errors
    /// Those of [`Pipeline::run`]; before anything is learnt those of [`folder::check`], [`Error::TooManyFiles`], and
    /// [`Error::Request`] if there is no such form or if the run in the folder had other inputs or settings;
    /// [`Error::File`] and [`Error::Table`] if something cannot be written.
    pub fn start(self) -> Result<Finished> {
        let Some(out) = &self.out else {
            return Ok(Finished { outcome: self.pipeline.run(self.table)?, left: None });
        };
        let replace = if self.begun == Begun::Before { Replace::Yes } else { self.replace };
        let earlier = folder::check(out, self.schema, replace)?;
        if let Some(form) = self.form.as_deref().filter(|form| !FORMS.contains(form)) {
            return Err(Error::Request(format!("no format `{form}`; available: {}", FORMS.join(", "))));
        }
        parts::check_number(self.split, self.pipeline.n_rows(self.table) as u64)?;
        let seed = self.settled_seed(out)?;
        let unfinished = (self.keeps == Keeps::Yes).then(|| self.unfinished(out, &seed)).transpose()?;
        match (self.begun, &unfinished) {
            (Begun::Before, Some(unfinished)) => unfinished.check()?,
            _ => Unfinished::remove(out)?,
        }
        Unfinished::sweep(out)?;

        let (policy, observer) = (self.pipeline.policy().clone(), self.pipeline.observer());
        let mut pipeline = self.pipeline.with_seed(seed);
        if let Some(unfinished) = &unfinished {
            pipeline = pipeline.with_store(unfinished);
        }
        let mut outcome = pipeline.run(self.table)?;
        // An interruption may have come while the last attempt was being measured.
        if outcome.record.stopped == Some(StopReason::Interrupted) || observer(&Event::Writing).is_break() {
            return Ok(Finished { outcome, left: None });
        }
        let (form, formulas, split) = (self.form.as_deref(), self.formulas, self.split);
        if let Some(written) = outcome.release.as_ref().or(outcome.refused.as_ref()) {
            let source = in_form(form, &self.source.schema.source);
            let mut sheet = Spreadsheet::new(formulas, written.table.schema(), &source);
            sheet.treated(&written.table)?;
            outcome.record.notes.extend(sheet.note());
        }
        let results = Results { run: &outcome, policy: &policy, source: &self.source, form, split, formulas };
        let left = folder::write(out, &results, self.schema, &earlier, replace)?;
        Unfinished::remove(out)?;
        Ok(Finished { outcome, left: Some(left) })
    }

    /// The seed that is given, or that of the run that is resumed, or else one that is drawn.
    fn settled_seed(&self, out: &Path) -> Result<Seed> {
        let given = self.pipeline.seed();
        if self.begun == Begun::Now {
            return Ok(given.cloned().map_or_else(Seed::drawn, Ok)?);
        }
        let kept = Unfinished::seed(out)?;
        match given {
            Some(given) if *given != kept => {
                Err(Error::Request("the interrupted run has another seed; resume it without one".to_owned()))
            }
            _ => Ok(kept),
        }
    }

    /// The folder for what is kept. What it must be the same for are the inputs, the policy and the settings.
    fn unfinished(&self, out: &Path, seed: &Seed) -> Result<Unfinished> {
        let mut inputs = match &self.inputs {
            Some(inputs) => inputs.clone(),
            None => {
                let mut bytes = self.table.schema().to_toml().into_bytes();
                write(self.table, &Form::default(), &mut bytes)?;
                vec![sha256(&bytes)]
            }
        };
        inputs.push(self.pipeline.policy().sha256());
        inputs.push(sha256(self.pipeline.fingerprint().as_bytes()));
        Ok(Unfinished::of(out, &self.asked, &inputs, seed))
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;
    use std::sync::atomic::{AtomicBool, Ordering};

    use synth_core::io::{ReadOptions, read_bytes};

    use super::*;
    use crate::error::Obstacle;

    fn table(n: usize) -> Table {
        let rows = (0..n).map(|i| format!("{}.5,{}\n", i * 17 % n, i % 3));
        let text: String = std::iter::once("dose,ward\n".to_owned()).chain(rows).collect();
        read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table
    }

    fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = entries
            .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
            .collect();
        files.sort();
        files
    }

    fn run<'a>(table: &'a Table, out: &Path) -> Run<'a> {
        Run::of(table).engine(EngineKind::Copula).attempts(1).seed(3).out(out)
    }

    #[test]
    fn results_stay_unless_they_are_to_be_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (table, out) = (table(120), folder.path().join("out"));
        let left = run(&table, &out).start().unwrap().left.unwrap();
        assert!(left.files.iter().all(|path| path.is_file()));
        let written = files(&out);
        match run(&table, &out).start() {
            Err(Error::Place { obstacle: Obstacle::Results, .. }) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(files(&out), written);
        run(&table, &out).replace(Replace::Yes).start().unwrap();
        assert_eq!(files(&out), written);
    }

    #[test]
    fn an_interrupted_run_is_resumed_to_the_same_bytes_and_with_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (table, out, whole) = (table(120), folder.path().join("out"), folder.path().join("whole"));
        run(&table, &whole).start().unwrap();

        let measured = AtomicBool::new(false);
        let stop = |event: &Event<'_>| {
            if matches!(event, Event::Measuring) {
                measured.store(true, Ordering::SeqCst);
            }
            if measured.load(Ordering::SeqCst) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let stopped = run(&table, &out).observe(&stop).start().unwrap();
        assert!(stopped.left.is_none() && Unfinished::is_in(&out));
        match run(&table, &out).start() {
            Err(Error::Place { obstacle: Obstacle::Unfinished, .. }) => {}
            other => panic!("{other:?}"),
        }
        // Other settings, or another table, are another run.
        assert!(matches!(run(&table, &out).seed(1).resume().start(), Err(Error::Request(_))));
        let other = self::table(121);
        assert!(matches!(run(&other, &out).resume().start(), Err(Error::Request(_))));

        // The seed is the one that was drawn, whether it is said again or not.
        run(&table, &out).resume().start().unwrap();
        assert_eq!(files(&out), files(&whole));
    }

    #[test]
    fn a_drawn_seed_is_kept_for_the_run_that_is_resumed() {
        let folder = tempfile::tempdir().unwrap();
        let (table, out, whole) = (table(120), folder.path().join("out"), folder.path().join("whole"));
        let drawing = |out: &Path| Run::of(&table).engine(EngineKind::Copula).attempts(1).out(out);
        let fitted = AtomicBool::new(false);
        let stop = |event: &Event<'_>| {
            fitted.fetch_or(matches!(event, Event::Measuring), Ordering::SeqCst);
            if fitted.load(Ordering::SeqCst) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        drawing(&out).observe(&stop).start().unwrap();
        let seed = Unfinished::seed(&out).unwrap();
        assert_eq!(seed.origin(), synth_core::SeedOrigin::Drawn);
        let resumed = drawing(&out).resume().start().unwrap();
        assert_eq!(resumed.outcome.seed, seed);
        drawing(&whole).seed(seed.clone()).start().unwrap();
        assert_eq!(files(&out), files(&whole));
        // Nobody else draws it.
        assert_ne!(drawing(&folder.path().join("other")).start().unwrap().outcome.seed, seed);
    }

    #[test]
    fn what_cannot_be_written_is_refused_before_the_work() {
        let folder = tempfile::tempdir().unwrap();
        let (table, out) = (table(120), folder.path().join("out"));
        assert!(matches!(run(&table, &out).format("docx").start(), Err(Error::Request(_))));
        assert!(matches!(run(&table, &out).rows(10_001).split(1).start(), Err(Error::TooManyFiles { .. })));
        assert!(!out.exists());
    }
}
