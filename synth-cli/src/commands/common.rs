//! What several verbs do.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use synth_core::io::Writer;
use synth_core::{Model, Schema, Table};
use synth_optimizer::dossier::outputs::Replace;
use synth_optimizer::dossier::parts::{self, Destination};

use crate::exit::Usage;
use crate::{files, show};

/// What every verb is told.
pub(super) struct Common {
    pub(super) json: bool,
    pub(super) quiet: bool,
}

/// Refuses early what could not be written at the end, or would be written over an input. Gives the parts of an earlier table
/// of the same name.
pub(super) fn check_destination(
    out: &Path,
    split: Option<u64>,
    inputs: &[PathBuf],
    replace: Replace,
) -> Result<Vec<PathBuf>> {
    match (files::is_standard(out), split) {
        (true, None) => Ok(Vec::new()),
        (true, Some(_)) => Err(Usage("--split needs --out FILE: standard output is a single file".to_owned()).into()),
        (false, split) => Ok(parts::check_output(out, split, inputs, replace)?),
    }
}

/// Writes a table of `n_rows` rows, which `give` hands over, to its files or to standard output. Says which files there are.
pub(super) fn write_table(
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
pub(super) type Give<'a> = dyn FnMut(&Table) -> Result<()> + 'a;

/// Adds the files of a split table to what is said of it.
pub(super) fn tell_parts(said: &mut serde_json::Value, split: Option<u64>, written: &[PathBuf]) {
    if split.is_some() {
        said["files"] = written.iter().map(|path| path.display().to_string()).collect();
    }
}

/// The model in a file.
pub(super) fn read_model(path: &Path) -> Result<Model> {
    model_of(&files::read_all(path)?, path)
}

/// The model in the bytes of a file.
pub(super) fn model_of(bytes: &[u8], path: &Path) -> Result<Model> {
    Model::from_bytes(bytes).with_context(|| files::name_of(path))
}

/// Refuses a model whose engine lacks a capability. `what` needs one that has it.
pub(super) fn check_capable(model: &Model, is_capable: bool, what: &str) -> Result<()> {
    if is_capable {
        return Ok(());
    }
    Err(Usage(format!("{what} a model of the engine masked; this model is {}", model.engine())).into())
}

/// An error of a run, with the name of its input.
pub(super) fn in_run(error: synth_optimizer::Error, name: &str) -> anyhow::Error {
    match error {
        synth_optimizer::Error::Core(error) => files::in_input(error, name).into(),
        error => error.into(),
    }
}
