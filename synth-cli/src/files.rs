//! Paths that are given, and the bytes behind them.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use synth_core::Error;
use synth_core::io::Limits;
use synth_optimizer::dossier::outputs::{self, Readers, Replace};

use crate::exit::Usage;
use crate::show;

/// All bytes of a file, or of standard input; one more than the limit if there are more, so that the reader refuses.
pub(crate) fn read_all(path: &Path) -> Result<Vec<u8>> {
    let limit = Limits::default().bytes;
    if is_standard(path) {
        return read_standard_input(limit);
    }
    let failed = |source| Error::cannot_read(path.display().to_string(), source);
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// One byte more than the limit, so that the reader sees that there is more and refuses.
pub(crate) fn read_standard_input(limit: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let failed = |source| Error::cannot_read("standard input", source);
    std::io::stdin().lock().take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// What messages call a file.
pub(crate) fn name_of(path: &Path) -> String {
    if is_standard(path) { "standard input".to_owned() } else { path.display().to_string() }
}

/// Names the input in an error of what was made of it; the libraries know the table and not its file.
pub(crate) fn in_input(error: Error, name: &str) -> Error {
    match error {
        Error::BadInput(bad) => bad.in_input(name).into(),
        error => error,
    }
}

/// Whether a path stands for standard input or output.
pub(crate) fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

/// Refuses to read two inputs from standard input.
pub(crate) fn check_one_standard(inputs: &[PathBuf]) -> Result<()> {
    if inputs.iter().filter(|path| is_standard(path)).count() > 1 {
        return Err(Usage("only one input can be standard input".to_owned()).into());
    }
    Ok(())
}

/// Refuses early what could not be written at the end, and what would be written over an input.
pub(crate) fn check_output(path: &Path, inputs: &[PathBuf], replace: Replace) -> Result<()> {
    match is_standard(path) {
        true => Ok(()),
        false => Ok(outputs::check_output(path, inputs, replace)?),
    }
}

/// Refuses to write into a folder that is read as a table.
pub(crate) fn check_outside(output: &Path, inputs: &[PathBuf]) -> Result<()> {
    match is_standard(output) {
        true => Ok(()),
        false => Ok(outputs::check_outside(output, inputs)?),
    }
}

/// Writes a file at once, or to standard output.
pub(crate) fn write(
    path: &Path,
    readers: Readers,
    replace: Replace,
    fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<()> {
    match is_standard(path) {
        true => show::stream(|out| Ok(fill(out)?)),
        false => Ok(outputs::write_file(path, readers, replace, fill)?),
    }
}
