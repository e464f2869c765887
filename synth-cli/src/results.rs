//! What a run leaves in its folder, whole or not at all.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use synth_compliance::{Chain, Policy};
use synth_core::model::About;
use synth_optimizer::audit::{LOG_NAME, RECORD_NAME};
use synth_optimizer::{Program, Run, Source, Written, log, model_card, provenance};

use crate::files::{self, Pending, Readers, Replace};
use crate::page::{self, PAGE};

/// What a run leaves in its folder, but for the table, whose extension depends on the input.
const MODEL: &str = "model.synth";
pub(crate) const SCHEMA: &str = "schema.toml";
const TABLE: &str = "synthetic";
const REFUSED: &str = "REFUSED-synthetic";
const PROVENANCE: &str = "provenance.json";
const CARD: &str = "MODEL_CARD.md";

/// Whether the schema is among the files to write.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteSchema {
    Yes,
    No,
}

/// Files in `folder` that a run would have written.
pub(crate) fn earlier_results(folder: &Path) -> Result<Vec<PathBuf>> {
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
pub(crate) struct Results<'a> {
    pub(crate) run: &'a Run,
    pub(crate) policy: &'a Policy,
    pub(crate) source: &'a Source,
}

/// What the model's file tells of it: the measures that decided, and the HMAC of the table if there is a key.
fn about(run: &Run, source: &Source) -> About {
    let measures = run.record.assessment().into_iter().flat_map(|assessment| &assessment.report.measures);
    let measured = measures.filter_map(|measure| Some((measure.id.clone(), measure.outcome.value()?)));
    About { source_mac: source.mac.clone(), measures: measured.collect(), ..About::default() }
}

/// Writes everything beside its place, then takes the earlier results away, then gives the new ones their names: a
/// table of an earlier run never stands beside the report of this one. Gives the files, and the head of their log.
pub(crate) fn write(
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
        let model = release.learnt.model().expect("the program has no generators but those of the workspace");
        let model = model.clone().with_about(about(run, source));
        tables.push(Pending::write(&path, Readers::Owner, |out| Ok(out.write_all(&model.to_bytes())?))?);
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
