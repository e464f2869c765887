//! What a run leaves in its folder, whole or not at all.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use synth_compliance::{Chain, Policy};
use synth_core::Table;
use synth_core::model::About;
use synth_optimizer::audit::{LOG_NAME, RECORD_NAME};
use synth_optimizer::dossier::forms::in_form;
use synth_optimizer::dossier::page::{self, PAGE};
use synth_optimizer::{Program, RunOutcome, Source, Written, log, model_card, provenance};

use crate::files;
use crate::outputs::{Pending, Readers, Replace};
use crate::parts::{Destination, is_part_of};

/// What a run leaves in its folder, but for the table, whose extension is that of its form.
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
                let is_table = [TABLE, REFUSED].iter().any(|own| stem == *own || is_part_of(stem, own));
                is_table && ["csv", "tsv", "parquet", "arrow"].contains(&form)
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
    pub(crate) run: &'a RunOutcome,
    pub(crate) policy: &'a Policy,
    pub(crate) source: &'a Source,
    /// The name of the table's form; `None`: that of the source.
    pub(crate) form: Option<&'a str>,
    /// The most rows of one of the table's files.
    pub(crate) split: Option<u64>,
}

/// What the model's file tells of it: the measures that decided, and the HMAC of the table if there is a key.
fn about(run: &RunOutcome, source: &Source) -> About {
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
    let Results { run, policy, source, form, split } = *results;
    let form = in_form(form, &source.schema.source);
    let tables_of = |stem: &str, table: &Table, readers: Readers| {
        let path = folder.join(format!("{stem}.{}", form.extension()));
        let to = Destination { path: &path, split, source: &form, readers };
        to.fill(table.schema(), table.n_rows() as u64, |take| take(table))
    };
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
    let mut model = None;
    if let Some(refused) = &run.refused {
        tables = tables_of(REFUSED, &refused.table, Readers::Owner)?;
    }
    if let Some(release) = &run.release {
        let path = folder.join(MODEL);
        let own = release.learnt.model().expect("the program has no generators but those of the workspace");
        let own = own.clone().with_about(about(run, source));
        model = Some(Pending::write(&path, Readers::Owner, |out| Ok(out.write_all(&own.to_bytes())?))?);
        tables = tables_of(TABLE, &release.table, Readers::AsUsual)?;
    }
    let names: Vec<String> = tables.iter().map(Pending::name).collect();
    let tables: Vec<Pending> = model.into_iter().chain(tables).collect();
    let digests = |proofs: &[Pending]| -> Result<Vec<Written>> {
        let written = proofs.iter().chain(&tables).map(Pending::digest);
        written.chain(kept.iter().cloned().map(Ok)).collect()
    };
    // The page names the files before it; the provenance and the log name the page too.
    let about = page::About { policy, source, program: &program, files: &digests(&proofs)? };
    proofs.push(text(PAGE, page::of_run(run, &about).as_bytes())?);
    let model = run.release.as_ref().map(|_| MODEL);
    let document = provenance(&run.record, policy, source, &program, &digests(&proofs)?, model, &names);
    proofs.push(text(PROVENANCE, &serde_json::to_vec_pretty(&document)?)?);
    let chain: Chain = log(&run.record, policy, source, &program, &digests(&proofs)?);
    proofs.push(text(LOG_NAME, chain.text().as_bytes())?);
    for path in earlier {
        std::fs::remove_file(path).with_context(|| format!("cannot replace {}", path.display()))?;
    }
    let written = Pending::publish_all(proofs.into_iter().chain(tables).collect(), replace)?;
    Ok((written, chain.head().to_owned()))
}
