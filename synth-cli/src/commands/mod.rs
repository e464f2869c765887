//! One file a verb.

mod completions;
mod config;
mod evaluate;
mod fit;
mod impute;
mod inspect;
mod judge;
mod plan;
mod profile;
mod quality_test;
mod run;
mod sample;
mod score;
mod verify;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use synth_core::io::Writer;
use synth_core::{AnyEngine, Engine, EngineKind, Error, Keeping, Model, Schema, Table};
use synth_optimizer::dossier::outputs::Replace;
use synth_optimizer::dossier::parts::{self, Destination};
use synth_optimizer::{Pipeline, Plan};

use crate::args::{Args, Command, ConstraintChoice, EngineChoice, Training};
use crate::exit::{Code, Usage};
use crate::{files, interrupt, memory, show};

/// What every verb is told.
pub(crate) struct Common {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
}

/// Follows the arguments.
pub(crate) fn run(args: Args) -> Result<Code> {
    let threads = args.threads.map_or(0, usize::from);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().context("cannot start threads")?;
    interrupt::listen();
    let common = Common { json: args.json, quiet: args.quiet };
    match args.command {
        Command::Run(args) => run::run(&args, &common),
        Command::Plan(args) => plan::run(&args, &common),
        Command::Fit(args) => fit::run(&args, &common),
        Command::Sample(args) => sample::run(&args, &common),
        Command::Impute(args) => impute::run(&args, &common),
        Command::Score(args) => score::run(&args, &common),
        Command::Evaluate(args) => evaluate::run(&args, &common),
        Command::Verify(args) => verify::run(&args, &common),
        Command::Judge(args) => judge::run(&args, &common),
        Command::Profile(args) => profile::run(&args, &common),
        Command::Inspect(args) => inspect::run(&args, &common),
        Command::QualityTest(args) => quality_test::run(&args, &common),
        Command::Config(args) => config::run(&args, &common),
        Command::Completions(args) => completions::completions(&args),
        Command::Man(args) => completions::man(&args),
    }
}

/// Refuses early what could not be written at the end, or would be written over an input. Gives the parts of an earlier table
/// of the same name.
fn check_destination(out: &Path, split: Option<u64>, inputs: &[PathBuf], replace: Replace) -> Result<Vec<PathBuf>> {
    match (files::is_standard(out), split) {
        (true, None) => Ok(Vec::new()),
        (true, Some(_)) => Err(Usage("--split needs an --out FILE: standard output is one file".to_owned()).into()),
        (false, split) => Ok(parts::check_output(out, split, inputs, replace)?),
    }
}

/// Writes a table of `n_rows` rows, which `give` hands over, to its files or to standard output. Says which files there are.
fn write_table(
    to: &Destination<'_>,
    schema: &Arc<Schema>,
    n_rows: u64,
    earlier: &[PathBuf],
    replace: Replace,
    give: impl FnOnce(&mut Give<'_>) -> Result<()>,
) -> Result<Vec<PathBuf>> {
    if !files::is_standard(to.path) {
        let written = to.write(schema, n_rows, earlier, replace, |take| give(&mut |table| Ok(take(table)?)));
        return written.map_err(|error| match error.is::<synth_optimizer::Error>() {
            true => error,
            false => error.context(format!("cannot write {}", to.path.display())),
        });
    }
    show::stream(|out| {
        let mut writer = Writer::new(schema, to.source, out)?;
        give(&mut |table| Ok(writer.write(table)?))?;
        writer.finish()?;
        Ok(())
    })?;
    Ok(Vec::new())
}

/// What the rows of a table are handed to, block by block.
type Give<'a> = dyn FnMut(&Table) -> Result<()> + 'a;

/// Adds the files of a split table to what is said of it.
fn tell_parts(said: &mut serde_json::Value, split: Option<u64>, written: &[PathBuf]) {
    if split.is_some() {
        said["files"] = written.iter().map(|path| path.display().to_string()).collect();
    }
}

/// The model in a file.
fn read_model(path: &Path) -> Result<Model> {
    model_of(&files::read_all(path)?, path)
}

/// The model in the bytes of a file.
fn model_of(bytes: &[u8], path: &Path) -> Result<Model> {
    Model::from_bytes(bytes).with_context(|| files::name_of(path))
}

/// Refuses a model whose engine lacks a capability. `what` needs one that has it.
fn check_capable(model: &Model, is_capable: bool, what: &str) -> Result<()> {
    if is_capable {
        return Ok(());
    }
    Err(Usage(format!("{what} a model of the engine masked; this one is {}", model.engine())).into())
}

/// An error of a run, with the name of its input.
fn in_run(error: synth_optimizer::Error, name: &str) -> anyhow::Error {
    match error {
        synth_optimizer::Error::Core(error) => files::in_input(error, name).into(),
        error => error.into(),
    }
}

impl Training {
    /// The pipeline with the settings of training.
    fn followed_by<'a>(&'a self, mut pipeline: Pipeline<'a>) -> Pipeline<'a> {
        pipeline =
            pipeline.with_seed(self.seed).with_constraints(self.keeping()).with_plan(|plan| self.applied_to(plan));
        if self.sets_a_plan() {
            pipeline = pipeline.without_tuning();
        }
        if let Some(engine) = self.engine() {
            pipeline = pipeline.with_engine(engine);
        }
        if let Some(bytes) = memory::limit(self.max_memory) {
            pipeline = pipeline.with_memory_limit(bytes);
        }
        match self.time_budget {
            Some(budget) => pipeline.with_time_budget(budget),
            None => pipeline,
        }
    }

    /// The engine, if one is asked for.
    fn engine(&self) -> Option<EngineKind> {
        match self.engine {
            EngineChoice::Auto => None,
            EngineChoice::Masked => Some(EngineKind::Masked),
            EngineChoice::Tabddpm => Some(EngineKind::TabDdpm),
            EngineChoice::Trees => Some(EngineKind::Trees),
            EngineChoice::Copula => Some(EngineKind::Copula),
        }
    }

    /// Which constraints the rows keep.
    fn keeping(&self) -> Keeping {
        match self.constraints {
            ConstraintChoice::Found => Keeping::Found,
            ConstraintChoice::Declared => Keeping::Declared,
            ConstraintChoice::Off => Keeping::Off,
        }
    }

    /// Whether anything is given that would overrule what cross-fits find for a small table.
    fn sets_a_plan(&self) -> bool {
        let numbers = [self.n_iter, self.batch_size, self.n_timesteps].iter().any(Option::is_some);
        numbers || self.lr.is_some() || self.dropout.is_some() || self.hidden.is_some()
    }

    /// Refuses settings out of their range before anything is read.
    fn check(&self) -> Result<()> {
        let mut kinds = vec![self.engine().unwrap_or(EngineKind::Masked)];
        if self.n_timesteps.is_some() {
            kinds.push(EngineKind::TabDdpm);
        }
        kinds.into_iter().try_for_each(|kind| {
            self.applied_to(Plan::of(kind, 2, 2)).engine.check().map_err(|error| match error {
                Error::Setting { name, allowed, got } => {
                    Usage(format!("--{} must be {allowed}, got {got}", name.replace('_', "-"))).into()
                }
                error => error.into(),
            })
        })
    }

    /// Refuses a target that is no column of levels. Engines that cannot be conditioned would not notice.
    fn check_target(&self, table: &Table) -> Result<()> {
        let Some(target) = &self.target else { return Ok(()) };
        let schema = table.schema();
        let problem = match schema.index_of(target).map(|i| schema.fields[i].kind) {
            Some(kind) if kind.is_levels() => return Ok(()),
            Some(kind) => {
                format!("--target needs a column of levels, `{target}` is {kind}; a --schema may say otherwise")
            }
            None => format!("--target: there is no column `{target}`; `synth profile` lists the columns"),
        };
        Err(Usage(problem).into())
    }

    /// Says what will hardly do.
    fn warn(&self, common: &Common) {
        let is_tabddpm = self.engine() == Some(EngineKind::TabDdpm);
        if is_tabddpm && self.n_iter.is_some_and(|n| n < 400) && !common.quiet {
            show::note("fewer than 400 epochs is less than tabddpm usually needs");
        }
    }

    /// The plan with what the user gave, as far as its engine has it.
    fn applied_to(&self, plan: Plan) -> Plan {
        fn set<T: Clone>(place: &mut T, given: &Option<T>) {
            if let Some(given) = given {
                *place = given.clone();
            }
        }
        let mut plan = plan.with_training(|training| {
            if let Some(n_iter) = self.n_iter {
                training.set_n_iter(n_iter);
            }
            set(&mut training.batch_size, &self.batch_size);
            set(&mut training.lr, &self.lr);
            set(&mut training.hidden, &self.hidden);
            set(&mut training.dropout, &self.dropout);
        });
        if let AnyEngine::TabDdpm(params) = &mut plan.engine {
            set(&mut params.n_timesteps, &self.n_timesteps);
            params.label.clone_from(&self.target);
        }
        plan
    }
}
