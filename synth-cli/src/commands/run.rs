//! `synth run`: the main job.

use std::path::Path;

use anyhow::{Context, Result};
use synth_compliance::{Policy, sha256};
use synth_optimizer::audit::LOG_NAME;
use synth_optimizer::dossier::folder::{self, Left, SCHEMA, WriteSchema};
use synth_optimizer::dossier::outputs::{self, Replace};
use synth_optimizer::dossier::spreadsheet::Formulas;
use synth_optimizer::dossier::unfinished::Unfinished;
use synth_optimizer::{Finished, Pipeline, Run, RunRecord, StopReason};

use super::common::{self, Common};
use crate::exit::{Code, Usage};
use crate::input::{Input, Proved};
use crate::progress::Bar;
use crate::tables::{self, Place};
use crate::{args, files, policies, show};

pub(super) fn run(args: &args::Run, common: &Common) -> Result<Code> {
    if args.dry_run {
        return super::plan::of_run(args, common);
    }
    let done = done(args, common)?;
    let Some(Done { record, left: Left { files, head, .. } }) = &done.results else { return Ok(done.code) };
    let keep = format!("{LOG_NAME} has the head {head}: keep a copy elsewhere, for `synth verify --head`");
    if common.json {
        show::json(record)?;
        if !common.quiet {
            show::note(&keep);
        }
    } else {
        show::run(record)?;
        for path in files {
            show::line(path.display())?;
        }
        show::line(keep)?;
    }
    Ok(done.code)
}

/// How a run ended, and what it left; nothing if it was interrupted.
pub(super) struct Ended {
    pub(super) code: Code,
    pub(super) results: Option<Done>,
}

/// What a run left.
pub(super) struct Done {
    pub(super) record: RunRecord,
    left: Left,
}

/// Makes a run, and writes what it leaves; nothing is shown but how far it is.
fn done(args: &args::Run, common: &Common) -> Result<Ended> {
    match &args.resume {
        None => begin(args, Begun::Now, common),
        Some(folder) => {
            let args = args::Run { out: Some(folder.clone()), ..Unfinished::asked(folder)? };
            begin(&args, Begun::Before, common)
        }
    }
}

/// When a run was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begun {
    Now,
    /// It was stopped, and goes on.
    Before,
}

fn begin(args: &args::Run, begun: Begun, common: &Common) -> Result<Ended> {
    let policy = policies::read_policy(&args.policy)?;
    args.training.check()?;
    let out = args.out.as_deref().expect("required unless resuming");
    if files::is_standard(out) {
        return Err(Usage("--out needs a folder: a run writes several files".to_owned()).into());
    }
    let input = Input::of(&args.input)?;
    let schema = schema_in(out, args);
    check_places(out, &input, schema, args, begun)?;
    let key = args.key.as_deref().map(policies::read_key).transpose()?;
    let options = tables::read_options(&args.reading)?;
    let Proved { table, mac, sha256 } = input.read_proved(&options, key.as_ref(), common.quiet)?;
    tables::check_columns(&table, &input.name())?;
    args.training.check_target(&table)?;
    tables::check_size(args.rows.unwrap_or(0), table.n_columns(), Place::Memory)?;
    args.training.warn(common);

    let training = args.training.settings();
    let mut pipeline = planned(training.pipeline(policy.clone()), &args.planning)?
        .with_max_attempts(usize::try_from(args.max_attempts).unwrap_or(usize::MAX))
        .with_audit_units(args.audit_units);
    if let Some(rows) = args.rows {
        pipeline = pipeline.with_rows(usize::try_from(rows).context("more rows than memory can hold")?);
    }
    if args.keep_refused {
        pipeline = pipeline.with_refused_table();
    }
    if args.no_protection {
        pipeline = pipeline.without_protection();
    }
    let mut run = Run::of(&table)
        .pipeline(pipeline)
        .source(&input.name_without_folders(), mac)
        .out(out)
        .replace(Replace::from(args.force));
    if let Some(form) = &args.format {
        run = run.format(form);
    }
    if let Some(split) = args.split {
        run = run.split(split);
    }
    if args.spreadsheet_safe {
        run = run.formulas(Formulas::Defused);
    }
    if schema == WriteSchema::No {
        run = run.keep_schema();
    }
    if begun == Begun::Before {
        run = run.resume();
    }
    // What cannot be read again cannot be gone on with.
    run = match input.stays() {
        true => run.begun_by(&from_anywhere(args)?, vec![sha256, schema_sha256(args)?]),
        false => run.transient(),
    };
    followed(run, &policy, out, &input, common)
}

/// Makes a run that is ready to start, and shows how far it is.
pub(super) fn followed(run: Run<'_>, policy: &Policy, out: &Path, input: &Input, common: &Common) -> Result<Ended> {
    if !common.quiet {
        show::policy(policy);
    }
    let bar = Bar::new(common.quiet);
    let observer = |event: &synth_optimizer::pipeline::Event<'_>| bar.follow(event);
    let finished = run.observe(&observer).start();
    bar.finish();
    let Finished { outcome, left, .. } = finished.map_err(|error| common::in_run(error, &input.name()))?;
    let Some(left) = left else { return Ok(interrupted(out)) };
    let record = outcome.record;
    let code = match (record.decision, record.stopped) {
        (decision, _) if decision.is_accepted() => Code::Accepted,
        (_, Some(StopReason::Deadline)) => Code::Deadline,
        (decision, _) => Code::from(decision),
    };
    Ok(Ended { code, results: Some(Done { record, left }) })
}

/// A schema that was edited in its place stays as it is, comments and all.
fn schema_in(out: &Path, args: &args::Run) -> WriteSchema {
    let is_there = args.reading.schema.as_ref().is_some_and(|own| outputs::is_same(own, &out.join(SCHEMA)));
    if is_there { WriteSchema::No } else { WriteSchema::Yes }
}

/// Refuses before anything is read what could not be written at the end, and what would be written over an input.
fn check_places(out: &Path, input: &Input, schema: WriteSchema, args: &args::Run, begun: Begun) -> Result<()> {
    // A run that goes on replaces what it had written itself before it was stopped.
    let replace = Replace::from(args.force || begun == Begun::Before);
    outputs::check_writable(out)?;
    files::check_outside(out, input.paths())?;
    let mut inputs = input.files()?;
    inputs.extend(policies::policy_path(&args.policy).map(Path::to_owned));
    inputs.extend(args.key.clone());
    files::check_one_standard(&inputs)?;
    // What would be lost is worse than what stays.
    let earlier = folder::check(out, schema, Replace::Yes)?;
    earlier.iter().try_for_each(|path| outputs::check_apart(path, &inputs))?;
    folder::check(out, schema, replace)?;
    Ok(())
}

/// The arguments as they are followed from any folder.
fn from_anywhere(args: &args::Run) -> Result<args::Run> {
    let mut args = args.clone();
    let absolute = |path: &Path| std::path::absolute(path).with_context(|| path.display().to_string());
    let others = [&mut args.reading.schema, &mut args.key].into_iter().flatten();
    for path in args.input.iter_mut().chain(others) {
        *path = absolute(path)?;
    }
    if let Some(path) = policies::policy_path(&args.policy) {
        args.policy = absolute(path)?.to_string_lossy().into_owned();
    }
    Ok(args)
}

/// The digest of the schema that is given.
fn schema_sha256(args: &args::Run) -> Result<String> {
    Ok(sha256(&args.reading.schema.as_deref().map(files::read_all).transpose()?.unwrap_or_default()))
}

/// The pipeline with the planner that is asked for.
#[cfg(feature = "llm")]
fn planned<'a>(pipeline: Pipeline<'a>, planning: &args::Planning) -> Result<Pipeline<'a>> {
    use synth_optimizer::llm::{Endpoint, Key, LlmPlanner, Names, Shape};
    if planning.planner == args::PlannerChoice::Rules {
        return Ok(pipeline);
    }
    let mut endpoint = Endpoint::new(&planning.llm_url, &planning.llm_model);
    // From there alone: a flag would stand in the shell's history, a file in a backup.
    if let Ok(key) = std::env::var("OPENROUTER_API_KEY") {
        endpoint = endpoint.with_key(Key::new(&key)?);
    }
    endpoint.check().map_err(|error| Usage(format!("--{error}")))?;
    let names = if planning.share_names { Names::Shared } else { Names::Kept };
    Ok(pipeline
        .with_planner(move |table, rules| Ok(Box::new(LlmPlanner::new(endpoint, Shape::of(table, names), rules)?))))
}

/// The pipeline with the planner that is asked for.
#[cfg(not(feature = "llm"))]
fn planned<'a>(pipeline: Pipeline<'a>, planning: &args::Planning) -> Result<Pipeline<'a>> {
    match planning.planner {
        args::PlannerChoice::Rules => Ok(pipeline),
        args::PlannerChoice::Llm => {
            let problem =
                "this build has no network support; install with `cargo install --path synth-cli --features llm`";
            Err(Usage(format!("--planner llm: {problem}")).into())
        }
    }
}

fn interrupted(out: &Path) -> Ended {
    match Unfinished::is_in(out) {
        false => show::note("interrupted: nothing was written"),
        true => show::note(&format!("interrupted: resume with `synth run --resume {}`", out.display())),
    }
    Ended { code: Code::Interrupted, results: None }
}
