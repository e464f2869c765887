//! `synth run`: the main job.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use synth_compliance::{Chain, Key, Policy};
use synth_core::io::{ReadOptions, read_bytes};
use synth_core::{Model, Table};
use synth_optimizer::audit::{LOG_NAME, RECORD_NAME};
use synth_optimizer::{Pipeline, Program, Run, Source, StopReason, Written, log, model_card, provenance};

use super::Common;
use crate::args;
use crate::exit::{Code, Usage};
use crate::files::{self, Pending, Place, Readers, Replace};
use crate::page::{self, PAGE};
use crate::progress::Bar;
use crate::{interrupt, show};

/// What a run leaves in its folder, but for the table, whose extension depends on the input.
const MODEL: &str = "model.synth";
const SCHEMA: &str = "schema.toml";
const TABLE: &str = "synthetic";
const REFUSED: &str = "REFUSED-synthetic";
const PROVENANCE: &str = "provenance.json";
const CARD: &str = "MODEL_CARD.md";

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
    let inputs = args.input.as_deref().into_iter().chain(files::policy_path(&args.policy)).chain(args.key.as_deref());
    let inputs: Vec<&Path> = inputs.collect();
    files::check_one_standard(&inputs)?;
    earlier.iter().try_for_each(|path| files::check_apart(path, &inputs))?;
    if !earlier.is_empty() && replace == Replace::No {
        let problem = format!("{} holds the results of an earlier run; --force replaces them", args.out.display());
        return Err(Usage(problem).into());
    }
    let key = args.key.as_deref().map(files::read_key).transpose()?;
    let (table, mac) = read(args, key.as_ref(), common.quiet)?;
    if let Some(input) = &args.input {
        files::check_columns(&table, input)?;
    }
    args.training.check_target(&table)?;
    files::check_size(args.rows.unwrap_or(0), table.n_columns(), Place::Memory)?;
    let is_tabddpm = args.training.engine() == Some(synth_core::Engine::TabDdpm);
    if is_tabddpm && args.training.n_iter.is_some_and(|n| n < 400) && !common.quiet {
        show::note("fewer than 400 epochs is less than tabddpm usually needs");
    }

    if !common.quiet {
        show::policy(&policy);
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
    pipeline = pipeline.with_constraints(args.training.keeping());
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
        (decision, _) if decision.is_accepted() => Code::Accepted,
        (_, Some(StopReason::Deadline)) => Code::Deadline,
        (decision, _) => Code::from(*decision),
    };
    // Asked for while the last attempt was being measured.
    if interrupt::flow().is_break() {
        return Ok(interrupted());
    }
    let schema = if keeps_schema { WriteSchema::No } else { WriteSchema::Yes };
    let source = Source::new(&source_name(args), &table, mac);
    let results = Results { run: &run, policy: &policy, source: &source };
    let (written, head) = write(&args.out, &results, schema, &earlier, replace)?;
    let keep = format!("{LOG_NAME} has the head {head}: keep it elsewhere, for `synth verify --head`");
    if common.json {
        show::json(&run.record)?;
        if !common.quiet {
            show::note(&keep);
        }
    } else {
        show::run(&run.record, &policy)?;
        for path in written {
            show::line(path.display())?;
        }
        show::line(keep)?;
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

/// The table, and the HMAC of the very bytes it was read from if there is a key.
fn read(args: &args::Run, key: Option<&Key>, quiet: bool) -> Result<(Table, Option<String>)> {
    let options = files::read_options(&args.reading)?;
    match (&args.input, key) {
        (Some(path), None) => Ok((files::read_table(path, &options, quiet)?, None)),
        (Some(path), Some(key)) => {
            let bytes = files::read_all(path)?;
            let mac = key.mac(&bytes);
            Ok((files::read_table_of(bytes, path, &options, quiet)?, Some(mac)))
        }
        (None, key) => {
            let options = ReadOptions { name: Some(files::DEMO_NAME.to_owned()), ..options };
            let mac = key.map(|key| key.mac(files::DEMO));
            Ok((read_bytes(files::DEMO.to_vec(), &options)?.table, mac))
        }
    }
}

/// What the log calls the input: no folders, which may be somebody's name.
fn source_name(args: &args::Run) -> String {
    match &args.input {
        None => files::DEMO_NAME.to_owned(),
        Some(path) if files::is_standard(path) => files::name_of(path),
        Some(path) => path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned()),
    }
}

/// Files in `folder` that a run would have written.
pub(super) fn earlier_results(folder: &Path) -> Result<Vec<PathBuf>> {
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
            (table || [RECORD_NAME, PAGE, LOG_NAME, PROVENANCE, CARD, MODEL, SCHEMA].contains(&name)) && path.is_file()
        });
        if is_ours {
            found.push(path);
        }
    }
    Ok(found)
}

/// What is to be written about.
struct Results<'a> {
    run: &'a Run,
    policy: &'a Policy,
    source: &'a Source,
}

/// Writes everything beside its place, then takes the earlier results away, then gives the new ones their names: a
/// table of an earlier run never stands beside the report of this one. Gives the files, and the head of their log.
fn write(
    folder: &Path,
    results: &Results<'_>,
    schema: WriteSchema,
    earlier: &[PathBuf],
    replace: Replace,
) -> Result<(Vec<PathBuf>, String)> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let Results { run, policy, source } = *results;
    let form = &source.schema.source;
    let table_path = |stem: &str| folder.join(format!("{stem}.{}", form.extension()));
    let program = Program { name: "synth".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    let text =
        |name: &str, text: &[u8]| Pending::write(&folder.join(name), Readers::AsUsual, |out| Ok(out.write_all(text)?));
    // In the order of their appearance: a table never stands there without its report and its log.
    let mut proofs = vec![text(RECORD_NAME, &serde_json::to_vec_pretty(&run.record)?)?];
    let mut kept = Vec::new();
    match schema {
        WriteSchema::Yes => proofs.push(text(SCHEMA, run.schema.to_toml().as_bytes())?),
        WriteSchema::No => kept.push(files::digest_of(&folder.join(SCHEMA))?),
    }
    proofs.push(text(CARD, model_card(&run.record, policy, source, &program).as_bytes())?);
    let mut tables = Vec::new();
    let mut names = [None, None];
    if let Some(refused) = &run.refused {
        let fill = |out: &mut (dyn Write + Send)| files::fill_table(&refused.table, form, out);
        tables.push(Pending::write(&table_path(REFUSED), Readers::Owner, fill)?);
        names = [None, Some(tables[0].digest()?.name)];
    }
    if let Some(release) = &run.release {
        let path = folder.join(MODEL);
        tables.push(Pending::write(&path, Readers::Owner, |out| write_model(&release.model, out))?);
        let fill = |out: &mut (dyn Write + Send)| files::fill_table(&release.table, form, out);
        tables.push(Pending::write(&table_path(TABLE), Readers::AsUsual, fill)?);
        names = [Some(MODEL.to_owned()), Some(tables[1].digest()?.name)];
    }
    let digests = |proofs: &[Pending]| -> Result<Vec<Written>> {
        let written = proofs.iter().chain(&tables).map(Pending::digest);
        written.chain(kept.iter().cloned().map(Ok)).collect()
    };
    // The page names the files before it; the provenance and the log name the page too.
    let about = page::About { policy, source, program: &program, files: &digests(&proofs)? };
    proofs.push(text(PAGE, page::of_run(run, &about)?.as_bytes())?);
    let names = [names[0].as_deref(), names[1].as_deref()];
    let document = provenance(&run.record, policy, source, &program, &digests(&proofs)?, names);
    proofs.push(text(PROVENANCE, &serde_json::to_vec_pretty(&document)?)?);
    let chain: Chain = log(&run.record, policy, source, &program, &digests(&proofs)?);
    proofs.push(text(LOG_NAME, chain.text().as_bytes())?);
    for path in earlier {
        std::fs::remove_file(path).with_context(|| format!("cannot replace {}", path.display()))?;
    }
    let mut written = Vec::new();
    for file in proofs.into_iter().chain(tables) {
        written.push(file.publish(replace)?);
    }
    Ok((written, chain.head().to_owned()))
}

/// Writes a model file.
pub(super) fn write_model(model: &Model, out: &mut (dyn std::io::Write + Send)) -> Result<()> {
    Ok(out.write_all(&model.to_bytes())?)
}
