//! The folder of a run: all that it leaves, whole or not at all.

use std::path::{Path, PathBuf};

use serde::Serialize;
use synth_compliance::{Chain, Policy};
use synth_core::Table;
use synth_core::model::About;

use super::audit::{
    Fault, Folder, LOG_NAME, PROVENANCE_NAME, Program, RECORD_NAME, Source, Verified, Written, log, verify,
};
use super::card::model_card;
use super::forms::in_form;
use super::outputs::{self, Pending, Readers, Replace, failed};
use super::page::{self, PAGE};
use super::parts::{Destination, is_part_of};
use super::provenance::provenance;
use super::record::RunOutcome;
use super::spreadsheet::{Formulas, Spreadsheet};
use super::unfinished::Unfinished;
use crate::error::{Error, Obstacle, Result};

/// The name of the schema among the results of a run.
pub const SCHEMA: &str = "schema.toml";
// The table's extension is that of its form.
const MODEL: &str = "model.synth";
const TABLE: &str = "synthetic";
const REFUSED: &str = "REFUSED-synthetic";
const CARD: &str = "MODEL_CARD.md";

/// Whether the schema is among the files to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteSchema {
    /// It is.
    Yes,
    /// The one that is there stays as it is.
    No,
}

/// Files in `folder` that a run would have written; none if there is no such folder.
///
/// # Errors
/// [`Error::File`] if the folder cannot be read.
pub fn earlier_results(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed("read", folder))? {
        let path = entry.map_err(failed("read", folder))?.path();
        let is_ours = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| {
            let table = name.split_once('.').is_some_and(|(stem, extension)| {
                let form = extension.trim_end_matches(".gz").trim_end_matches(".zst");
                let is_table = [TABLE, REFUSED].iter().any(|own| stem == *own || is_part_of(stem, own));
                is_table && ["csv", "tsv", "parquet", "arrow"].contains(&form)
            });
            (table || [RECORD_NAME, PAGE, LOG_NAME, PROVENANCE_NAME, CARD, MODEL, SCHEMA].contains(&name))
                && path.is_file()
        });
        if is_ours {
            found.push(path);
        }
    }
    Ok(found)
}

/// Refuses early a folder that could not be written to at the end, or whose results are to stay. Gives the files of an earlier run
/// that would be replaced.
///
/// # Errors
/// [`Error::Request`] if nothing can be written there; [`Error::Place`] if it holds results of an earlier run, or one that can be
/// resumed, and `replace` says that they stay; [`Error::File`].
pub fn check(folder: &Path, schema: WriteSchema, replace: Replace) -> Result<Vec<PathBuf>> {
    outputs::check_writable(folder)?;
    let mut earlier = earlier_results(folder)?;
    earlier.retain(|path| schema == WriteSchema::Yes || !path.ends_with(SCHEMA));
    let stays = |obstacle| Err(Error::Place { path: folder.display().to_string(), obstacle });
    if !earlier.is_empty() && replace == Replace::No {
        return stays(Obstacle::Results);
    }
    if Unfinished::is_in(folder) && replace == Replace::No {
        return stays(Obstacle::Unfinished);
    }
    Ok(earlier)
}

/// The context of the files to write.
#[derive(Debug, Clone, Copy)]
pub struct Results<'a> {
    /// What the run gave.
    pub run: &'a RunOutcome,
    /// What it was judged by.
    pub policy: &'a Policy,
    /// What it read.
    pub source: &'a Source,
    /// The name of the table's form, one of [`FORMS`](super::forms::FORMS); `None`: that of the source.
    pub form: Option<&'a str>,
    /// The most rows of one of the table's files; `None`: one file has them all.
    pub split: Option<u64>,
    /// What becomes of text that a spreadsheet would run.
    pub formulas: Formulas,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Left {
    /// The files, in the order in which they appeared.
    pub files: Vec<PathBuf>,
    /// The head of the log. Kept elsewhere, it shows that the log was not written anew.
    pub head: String,
}

/// What the model's file tells of it: the measures that decided, the seed, and the HMAC of the table if there is a key.
fn about(run: &RunOutcome, source: &Source) -> About {
    let measures = run.record.assessment().into_iter().flat_map(|assessment| &assessment.report.measures);
    let measured = measures.filter_map(|measure| Some((measure.id.clone(), measure.outcome.value()?)));
    About {
        source_mac: source.mac.clone(),
        measures: measured.collect(),
        seed: Some(run.seed.clone()),
        engine: run
            .record
            .best_attempt()
            .filter(|_| run.record.generator.is_none())
            .map(|attempt| attempt.plan.engine.clone()),
        ..About::default()
    }
}

/// Writes everything beside its place, then takes the `earlier` results away, then gives the new ones their names: a
/// table of an earlier run never stands beside the report of this one. The folder is made if it is not there.
///
/// # Errors
/// [`Error::File`] and [`Error::Table`] if something cannot be written;
/// [`Error::TooManyFiles`].
pub fn write(
    folder: &Path,
    results: &Results<'_>,
    schema: WriteSchema,
    earlier: &[PathBuf],
    replace: Replace,
) -> Result<Left> {
    std::fs::create_dir_all(folder).map_err(failed("make", folder))?;
    let Results { run, policy, source, form, split, formulas } = *results;
    let form = in_form(form, &source.schema.source);
    let tables_of = |stem: &str, table: &Table, readers: Readers| {
        let path = folder.join(format!("{stem}.{}", form.extension()));
        let to = Destination { path: &path, split, source: &form, readers };
        let mut sheet = Spreadsheet::new(formulas, table.schema(), &form);
        let table = sheet.treated(table)?;
        to.fill(table.schema(), table.n_rows() as u64, |take| take(&table))
    };
    let program = Program::this();
    let file =
        |name: &str, readers, bytes: &[u8]| Pending::write(&folder.join(name), readers, |out| out.write_all(bytes));
    let text = |name: &str, text: &[u8]| file(name, Readers::AsUsual, text);
    // In the order of their appearance: a table never stands there without its report and its log.
    let mut proofs = vec![text(RECORD_NAME, &json(&run.record))?];
    let mut kept = Vec::new();
    match schema {
        WriteSchema::Yes => proofs.push(text(SCHEMA, run.schema.to_toml().as_bytes())?),
        WriteSchema::No => kept.push(outputs::digest_of(&folder.join(SCHEMA))?),
    }
    proofs.push(text(CARD, model_card(&run.record, policy, source, &program).as_bytes())?);
    let mut tables = Vec::new();
    let mut model = None;
    if let Some(refused) = &run.refused {
        tables = tables_of(REFUSED, &refused.table, Readers::Owner)?;
    }
    if let Some(release) = &run.release {
        // A generator of the caller's own may have no file.
        if release.model.generator().file().is_some() {
            let own = release.model.clone().with_about(about(run, source));
            model = Some(file(MODEL, Readers::Owner, &own.to_bytes()?)?);
        }
        tables = tables_of(TABLE, &release.table, Readers::AsUsual)?;
    }
    let names: Vec<String> = tables.iter().map(Pending::name).collect();
    let model_name = model.as_ref().map(|_| MODEL);
    let tables: Vec<Pending> = model.into_iter().chain(tables).collect();
    let digests = |proofs: &[Pending]| -> Result<Vec<Written>> {
        let written = proofs.iter().chain(&tables).map(Pending::digest);
        written.chain(kept.iter().cloned().map(Ok)).collect()
    };
    // The page names the files before it; the provenance and the log name the page too.
    let about = page::About { policy, source, program: &program, files: &digests(&proofs)? };
    proofs.push(text(PAGE, page::of_run(run, &about).as_bytes())?);
    let document = provenance(&run.record, policy, source, &program, &digests(&proofs)?, model_name, &names);
    proofs.push(text(PROVENANCE_NAME, &json(&document))?);
    let chain: Chain = log(&run.record, policy, source, &program, &digests(&proofs)?);
    proofs.push(text(LOG_NAME, chain.text().as_bytes())?);
    for path in earlier {
        std::fs::remove_file(path).map_err(failed("replace", path))?;
    }
    let files = Pending::publish_all(proofs.into_iter().chain(tables).collect(), replace)?;
    Ok(Left { files, head: chain.head().to_owned() })
}

/// A value as JSON for people.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec_pretty(value).expect("what a run leaves has only string keys")
}

/// What can be said of the results in a folder, or else what is wrong with them.
///
/// # Errors
/// [`Error::Core`] if there is no log that can be read; [`Error::File`].
pub fn verified(folder: &Path) -> Result<Result<Verified, Vec<Fault>>> {
    let path = folder.join(LOG_NAME);
    let log = std::fs::read(&path).map_err(|source| outputs::unread(&path, source))?;
    let mut files = earlier_results(folder)?;
    files.extend(look_alikes(folder)?);
    Ok(verify(&log, &Present { folder, files }))
}

/// Files in `folder` that are none of a run and could be taken for such: whatever has the table's name in its own, or differs from
/// the name of a result by upper and lower case, or is a link or a folder under such a name.
fn look_alikes(folder: &Path) -> Result<Vec<PathBuf>> {
    let results = [RECORD_NAME, PAGE, LOG_NAME, PROVENANCE_NAME, CARD, MODEL, SCHEMA].map(str::to_lowercase);
    let own = earlier_results(folder)?;
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed("read", folder))? {
        let path = entry.map_err(failed("read", folder))?.path();
        let name = outputs::name_of(&path).to_lowercase();
        let is_like = name.contains(TABLE) || results.contains(&name);
        if is_like && !own.contains(&path) {
            found.push(path);
        }
    }
    Ok(found)
}

/// The folder as [`verify`] looks at it.
struct Present<'a> {
    folder: &'a Path,
    files: Vec<PathBuf>,
}

impl Folder for Present<'_> {
    fn names(&self) -> Vec<String> {
        self.files.iter().map(|path| outputs::name_of(path)).collect()
    }

    fn sha256(&self, name: &str) -> Option<String> {
        // A name in a log may not lead out of the folder.
        let is_plain = Path::new(name).file_name().is_some_and(|plain| plain == name);
        is_plain.then(|| outputs::digest_of(&self.folder.join(name)).ok())?.map(|file| file.sha256)
    }

    fn read(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.folder.join(name)).ok()
    }

    fn is_link(&self, name: &str) -> bool {
        self.folder.join(name).is_symlink()
    }
}
