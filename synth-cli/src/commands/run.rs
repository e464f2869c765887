//! `synth run`: the main job.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use synth_compliance::{Policy, sha256};
use synth_optimizer::audit::LOG_NAME;
use synth_optimizer::dossier::folder::{self, Left, Results, SCHEMA, WriteSchema, earlier_results};
use synth_optimizer::dossier::outputs::{self, Replace};
use synth_optimizer::dossier::parts;
use synth_optimizer::dossier::unfinished::Unfinished;
use synth_optimizer::{Obstacle, Pipeline, RunRecord, Source, StopReason};

use super::Common;
use crate::exit::{Code, Usage};
use crate::input::{Input, Proved};
use crate::progress::Bar;
use crate::tables::{self, Place};
use crate::{args, files, interrupt, policies, show};

pub(super) fn run(args: &args::Run, common: &Common) -> Result<Code> {
    if args.dry_run {
        return super::plan::of_run(args, common);
    }
    let done = done(args, common)?;
    let Some(Done { record, policy, written, head }) = &done.results else { return Ok(done.code) };
    let keep = format!("{LOG_NAME} has the head {head}: keep it elsewhere, for `synth verify --head`");
    if common.json {
        show::json(record)?;
        if !common.quiet {
            show::note(&keep);
        }
    } else {
        show::run(record, policy)?;
        for path in written {
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
    pub(super) policy: Policy,
    written: Vec<PathBuf>,
    /// Of the log.
    head: String,
}

/// Makes a run, and writes what it leaves; nothing is shown.
pub(super) fn done(args: &args::Run, common: &Common) -> Result<Ended> {
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
    let out = args.out.as_deref().expect("asked for where there is nothing to go on with");
    if files::is_standard(out) {
        return Err(Usage("--out needs a folder: a run writes several files".to_owned()).into());
    }
    outputs::check_writable(out)?;
    // A run that goes on replaces what it had written itself before it was stopped.
    let replace = Replace::from(args.force || begun == Begun::Before);
    let mut earlier = earlier_results(out)?;
    // A schema that was edited in its place stays as it is, comments and all.
    let keeps_schema = args.reading.schema.as_ref().is_some_and(|own| outputs::is_same(own, &out.join(SCHEMA)));
    earlier.retain(|path| !(keeps_schema && path.ends_with(SCHEMA)));
    let input = Input::of(&args.input)?;
    files::check_outside(out, input.paths())?;
    let mut inputs = input.files()?;
    inputs.extend(policies::policy_path(&args.policy).map(Path::to_owned));
    inputs.extend(args.key.clone());
    files::check_one_standard(&inputs)?;
    earlier.iter().try_for_each(|path| outputs::check_apart(path, &inputs))?;
    let stands = |obstacle| synth_optimizer::Error::Place { path: out.display().to_string(), obstacle };
    if !earlier.is_empty() && replace == Replace::No {
        return Err(stands(Obstacle::Results).into());
    }
    if Unfinished::is_in(out) && replace == Replace::No {
        return Err(stands(Obstacle::Unfinished).into());
    }
    let key = args.key.as_deref().map(policies::read_key).transpose()?;
    let options = tables::read_options(&args.reading)?;
    let Proved { table, mac, sha256 } = input.read_proved(&options, key.as_ref(), common.quiet)?;
    // What cannot be read again cannot be gone on with.
    let unfinished = input.stays().then(|| unfinished(args, out, sha256, &policy)).transpose()?;
    match (begun, &unfinished) {
        (Begun::Before, Some(unfinished)) => unfinished.check()?,
        _ => Unfinished::remove(out)?,
    }
    Unfinished::sweep(out)?;
    let name = input.name();
    tables::check_columns(&table, &name)?;
    args.training.check_target(&table)?;
    tables::check_size(args.rows.unwrap_or(0), table.n_columns(), Place::Memory)?;
    parts::check_number(args.split, args.rows.unwrap_or(table.n_rows() as u64))?;
    let is_tabddpm = args.training.engine() == Some(synth_core::Engine::TabDdpm);
    if is_tabddpm && args.training.n_iter.is_some_and(|n| n < 400) && !common.quiet {
        show::note("fewer than 400 epochs is less than tabddpm usually needs");
    }

    if !common.quiet {
        show::policy(&policy);
    }
    let bar = Bar::new(common.quiet);
    let observer = |event: &synth_optimizer::pipeline::Event<'_>| bar.follow(event);
    let mut pipeline = planned(args.training.followed_by(Pipeline::new(policy.clone())), &args.planning)?
        .with_max_attempts(usize::try_from(args.max_attempts).unwrap_or(usize::MAX))
        .with_observer(&observer);
    if let Some(rows) = args.rows {
        pipeline = pipeline.with_rows(usize::try_from(rows).context("more rows than memory can hold")?);
    }
    if args.keep_refused {
        pipeline = pipeline.with_refused_table();
    }
    if args.no_protection {
        pipeline = pipeline.without_protection();
    }
    if let Some(unfinished) = &unfinished {
        pipeline = pipeline.with_store(unfinished);
    }
    let run = pipeline.run(&table);
    bar.finish();
    let run = run.map_err(|error| super::in_run(error, &name))?;

    let code = match (&run.record.decision, &run.record.stopped) {
        (_, Some(StopReason::Interrupted)) => return Ok(interrupted(out)),
        (decision, _) if decision.is_accepted() => Code::Accepted,
        (_, Some(StopReason::Deadline)) => Code::Deadline,
        (decision, _) => Code::from(*decision),
    };
    // Asked for while the last attempt was being measured.
    if interrupt::flow().is_break() {
        return Ok(interrupted(out));
    }
    let schema = if keeps_schema { WriteSchema::No } else { WriteSchema::Yes };
    let source = Source::new(&input.name_without_folders(), &table, mac);
    let form = args.format.as_deref();
    let results = Results { run: &run, policy: &policy, source: &source, form, split: args.split };
    let Left { files: written, head, .. } = folder::write(out, &results, schema, &earlier, replace)?;
    Unfinished::remove(out)?;
    let record = run.record;
    Ok(Ended { code, results: Some(Done { record, policy, written, head }) })
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
                "this program was built without a network; `cargo install --path synth-cli --features llm` has one";
            Err(Usage(format!("--planner llm: {problem}")).into())
        }
    }
}

fn interrupted(out: &Path) -> Ended {
    match Unfinished::is_in(out) {
        false => show::note("interrupted: nothing was written"),
        true => show::note(&format!("interrupted: `synth run --resume {}` goes on", out.display())),
    }
    Ended { code: Code::Interrupted, results: None }
}

/// The folder for what a run keeps while it goes, with what was asked, from wherever it will be gone on with. `input` is the
/// digest of the table.
fn unfinished(args: &args::Run, out: &Path, input: String, policy: &Policy) -> Result<Unfinished> {
    let mut args = args.clone();
    let absolute = |path: &Path| std::path::absolute(path).with_context(|| path.display().to_string());
    let others = [&mut args.reading.schema, &mut args.key].into_iter().flatten();
    for path in args.input.iter_mut().chain(others) {
        *path = absolute(path)?;
    }
    if let Some(path) = policies::policy_path(&args.policy) {
        args.policy = absolute(path)?.to_string_lossy().into_owned();
    }
    let schema = args.reading.schema.as_deref().map(files::read_all).transpose()?.unwrap_or_default();
    Ok(Unfinished::of(out, &args, vec![input, sha256(&schema), policy.sha256()]))
}
