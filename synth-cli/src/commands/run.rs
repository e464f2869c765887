//! `synth run`: the main job.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use synth_compliance::Decision;
use synth_core::io::{ReadOptions, read_bytes};
use synth_core::{Model, Table};
use synth_optimizer::{Pipeline, Run, StopReason};

use super::Common;
use crate::args;
use crate::exit::{Code, Usage};
use crate::files::{self, Pending, Place, Readers, Replace};
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
    args.training.check()?;
    if files::is_standard(&args.out) {
        return Err(Usage("--out needs a folder: a run writes several files".to_owned()).into());
    }
    files::check_writable(&args.out)?;
    let replace = Replace::from(args.force);
    let mut earlier = earlier_results(&args.out)?;
    // A schema that was edited in its place stays as it is, comments and all.
    let keeps_schema = args.reading.schema.as_ref().is_some_and(|own| files::is_same(own, &args.out.join(SCHEMA)));
    earlier.retain(|path| !(keeps_schema && path.ends_with(SCHEMA)));
    let inputs: Vec<&Path> = args.input.as_deref().into_iter().chain(files::policy_path(&args.policy)).collect();
    earlier.iter().try_for_each(|path| files::check_apart(path, &inputs))?;
    if !earlier.is_empty() && replace == Replace::No {
        let problem = format!("{} holds the results of an earlier run; --force replaces them", args.out.display());
        return Err(Usage(problem).into());
    }
    let table = read(args, common.quiet)?;
    if let Some(input) = &args.input {
        files::check_columns(&table, input)?;
    }
    args.training.check_target(&table)?;
    files::check_size(args.rows.unwrap_or(0), table.n_columns(), Place::Memory)?;
    let is_tabddpm = args.training.engine() == Some(synth_core::Engine::TabDdpm);
    if is_tabddpm && args.training.n_iter.is_some_and(|n| n < 400) && !common.quiet {
        show::note("fewer than 400 epochs is less than tabddpm usually needs");
    }

    let bar = Bar::new(common.quiet);
    let observer = |event: &synth_optimizer::pipeline::Event<'_>| bar.follow(event);
    let mut pipeline = Pipeline::new(policy.clone())
        .with_seed(args.training.seed)
        .with_plan(|plan| args.training.applied_to(plan))
        .with_max_attempts(usize::try_from(args.max_attempts).unwrap_or(usize::MAX))
        .with_observer(&observer);
    if args.training.sets_a_plan() {
        pipeline = pipeline.without_tuning();
    }
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
    if args.no_protection {
        pipeline = pipeline.without_protection();
    }
    let run = pipeline.run(&table);
    bar.finish();
    let name = args.input.as_deref().map_or(files::DEMO_NAME.to_owned(), files::name_of);
    let run = run.map_err(|error| match error {
        synth_optimizer::Error::Core(error) => files::in_input(error, &name).into(),
        error => anyhow::Error::from(error),
    })?;

    let code = match (&run.record.decision, &run.record.stopped) {
        (_, Some(StopReason::Interrupted)) => return Ok(interrupted()),
        (Decision::Accepted, _) => Code::Accepted,
        (_, Some(StopReason::Deadline)) => Code::Deadline,
        (decision, _) => Code::from(*decision),
    };
    // Asked for while the last attempt was being measured.
    if interrupt::flow().is_break() {
        return Ok(interrupted());
    }
    let schema = if keeps_schema { WriteSchema::No } else { WriteSchema::Yes };
    let written = write(&args.out, &run, &table, schema, &earlier, replace)?;
    if common.json {
        show::json(&run.record)?;
    } else {
        show::run(&run.record, &policy)?;
        for path in written {
            show::line(path.display())?;
        }
    }
    Ok(code)
}

fn interrupted() -> Code {
    show::note("interrupted: nothing was written");
    Code::Interrupted
}

/// Whether the schema is among the files to write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WriteSchema {
    Yes,
    No,
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
            let table = name.split_once('.').is_some_and(|(stem, extension)| {
                let form = extension.trim_end_matches(".gz").trim_end_matches(".zst");
                (stem == TABLE || stem == REFUSED) && ["csv", "tsv", "parquet", "arrow"].contains(&form)
            });
            (table || [REPORT, MODEL, SCHEMA].contains(&name)) && path.is_file()
        });
        if is_ours {
            found.push(path);
        }
    }
    Ok(found)
}

/// Writes everything beside its place, then takes the earlier results away, then gives the new ones their names: a
/// table of an earlier run never stands beside the report of this one.
fn write(
    folder: &Path,
    run: &Run,
    input: &Table,
    schema: WriteSchema,
    earlier: &[PathBuf],
    replace: Replace,
) -> Result<Vec<PathBuf>> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let source = &input.schema().source;
    let table_path = |stem: &str| folder.join(format!("{stem}.{}", source.extension()));
    // In the order of their appearance: a table never stands there without its report.
    let mut pending = Vec::new();
    let report = serde_json::to_vec_pretty(&run.record)?;
    let path = folder.join(REPORT);
    pending.push(Pending::write(&path, Readers::AsUsual, |out| Ok(out.write_all(&report)?))?);
    if schema == WriteSchema::Yes {
        let text = run.schema.to_toml();
        let path = folder.join(SCHEMA);
        pending.push(Pending::write(&path, Readers::AsUsual, |out| Ok(out.write_all(text.as_bytes())?))?);
    }
    if let Some(refused) = &run.refused {
        let path = table_path(REFUSED);
        let fill = |out: &mut (dyn Write + Send)| files::fill_table(&refused.table, source, out);
        pending.push(Pending::write(&path, Readers::Owner, fill)?);
    }
    if let Some(release) = &run.release {
        let path = folder.join(MODEL);
        pending.push(Pending::write(&path, Readers::Owner, |out| write_model(&release.model, out))?);
        let path = table_path(TABLE);
        let fill = |out: &mut (dyn Write + Send)| files::fill_table(&release.table, source, out);
        pending.push(Pending::write(&path, Readers::AsUsual, fill)?);
    }
    for path in earlier {
        std::fs::remove_file(path).with_context(|| format!("cannot replace {}", path.display()))?;
    }
    let mut written = Vec::new();
    for file in pending {
        written.push(file.publish(replace)?);
    }
    Ok(written)
}

/// Writes a model file.
pub(super) fn write_model(model: &Model, out: &mut (dyn std::io::Write + Send)) -> Result<()> {
    Ok(out.write_all(&model.to_bytes())?)
}
