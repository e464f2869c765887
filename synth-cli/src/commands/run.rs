//! `synth run`: the main job.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use synth_compliance::Decision;
use synth_core::io::{ReadOptions, read_bytes};
use synth_core::{Model, Table};
use synth_optimizer::{Pipeline, Run, StopReason};

use super::Common;
use crate::args;
use crate::exit::{Code, Usage};
use crate::files::{self, Pending, Replace};
use crate::progress::Bar;
use crate::{interrupt, show};

/// What a run leaves in its folder, but for the table, whose extension depends on the input.
const REPORT: &str = "report.json";
const MODEL: &str = "model.synth";
const SCHEMA: &str = "schema.toml";
const TABLE: &str = "synthetic";
const REFUSED: &str = "REFUSED-synthetic";

pub(super) fn run(args: &args::Run, common: &Common) -> Result<Code> {
    let policy = files::read_policy(&args.policy)?;
    let replace = Replace::from(args.force);
    let earlier = earlier_results(&args.out)?;
    if !earlier.is_empty() && replace == Replace::No {
        let problem = format!("{} holds the results of an earlier run; --force replaces them", args.out.display());
        return Err(Usage(problem).into());
    }
    let table = read(args, common.quiet)?;
    if args.training.n_iter.is_some_and(|n| n < 400) && !common.quiet {
        show::note("fewer than 400 epochs is less than tabddpm usually needs");
    }

    let bar = Bar::new(common.quiet);
    let observer = |event: &synth_optimizer::pipeline::Event<'_>| bar.follow(event);
    let mut pipeline = Pipeline::new(policy)
        .with_seed(args.training.seed)
        .with_plan(|plan| args.training.applied_to(plan))
        .with_max_attempts(usize::try_from(args.max_attempts).unwrap_or(usize::MAX))
        .with_observer(&observer);
    if let Some(engine) = args.training.engine() {
        pipeline = pipeline.with_engine(engine);
    }
    if let Some(rows) = args.rows {
        pipeline = pipeline.with_rows(usize::try_from(rows).context("more rows than memory can hold")?);
    }
    if let Some(budget) = args.training.time_budget {
        pipeline = pipeline.with_time_budget(budget);
    }
    if args.keep_refused {
        pipeline = pipeline.with_refused_table();
    }
    let run = pipeline.run(&table);
    bar.finish();
    let run = run?;

    let code = match (&run.record.decision, &run.record.stopped) {
        (_, Some(StopReason::Interrupted)) => return Ok(Code::Interrupted),
        (Decision::Accepted, _) => Code::Accepted,
        (_, Some(StopReason::Deadline)) => Code::Deadline,
        (decision, _) => Code::from(*decision),
    };
    // Asked for while the last attempt was being measured.
    if interrupt::flow().is_break() {
        return Ok(Code::Interrupted);
    }
    let written = write(&args.out, &run, &table, &earlier, replace)?;
    if common.json {
        show::json(&run.record)?;
    } else {
        show::run(&run.record)?;
        for path in written {
            show::line(path.display())?;
        }
    }
    Ok(code)
}

fn read(args: &args::Run, quiet: bool) -> Result<Table> {
    let options = files::read_options(&args.reading)?;
    match &args.input {
        Some(path) => files::read_table(path, &options, quiet),
        None => {
            let options = ReadOptions { name: Some(files::DEMO_NAME.to_owned()), ..options };
            Ok(read_bytes(files::DEMO.to_vec(), &options)?.table)
        }
    }
}

/// Files in `folder` that a run would have written.
fn earlier_results(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = || format!("cannot read {}", folder.display());
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(failed)? {
        let path = entry.with_context(failed)?.path();
        let is_ours = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| {
            let table = name.split_once('.').is_some_and(|(stem, _)| stem == TABLE || stem == REFUSED);
            table || [REPORT, MODEL, SCHEMA].contains(&name)
        });
        if is_ours {
            found.push(path);
        }
    }
    Ok(found)
}

/// Writes everything beside its place, then takes the earlier results away, then gives the new ones their names: a
/// table of an earlier run never stands beside the report of this one.
fn write(folder: &Path, run: &Run, input: &Table, earlier: &[PathBuf], replace: Replace) -> Result<Vec<PathBuf>> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let source = &input.schema().source;
    let mut pending = Vec::new();
    let table_path = |stem: &str| folder.join(format!("{stem}.{}", source.extension()));
    if let Some(release) = &run.release {
        let path = table_path(TABLE);
        pending.push((path.clone(), Pending::write(&path, |out| files::fill_table(&release.table, source, out))?));
        let path = folder.join(MODEL);
        pending.push((path.clone(), Pending::write(&path, |out| write_model(&release.model, out))?));
    }
    if let Some(refused) = &run.refused {
        let path = table_path(REFUSED);
        pending.push((path.clone(), Pending::write(&path, |out| files::fill_table(&refused.table, source, out))?));
    }
    let path = folder.join(SCHEMA);
    let schema = input.schema().to_toml();
    pending.push((path.clone(), Pending::write(&path, |out| Ok(out.write_all(schema.as_bytes())?))?));
    let path = folder.join(REPORT);
    let report = serde_json::to_vec_pretty(&run.record)?;
    pending.push((path.clone(), Pending::write(&path, |out| Ok(out.write_all(&report)?))?));
    for path in earlier {
        std::fs::remove_file(path).with_context(|| format!("cannot replace {}", path.display()))?;
    }
    let mut written = Vec::new();
    for (path, file) in pending {
        file.publish(replace)?;
        written.push(path);
    }
    Ok(written)
}

/// Writes a model file.
pub(super) fn write_model(model: &Model, out: &mut (dyn std::io::Write + Send)) -> Result<()> {
    Ok(out.write_all(&model.to_bytes())?)
}
