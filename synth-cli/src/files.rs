//! Paths that are given, and the bytes behind them.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Result;
use synth_compliance::sha256_of;
use synth_core::Error;
use synth_core::io::files_of;
use synth_optimizer::Written;

use crate::databases;
use crate::exit::Usage;

/// The name of a file without its folders, and the digest of its bytes.
pub(crate) fn digest_of(path: &Path) -> Result<Written> {
    let name = path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
    let digest = || sha256_of(std::fs::File::open(path)?);
    let failed = |source| Error::cannot_read(path.display().to_string(), source);
    Ok(Written { name, sha256: digest().map_err(failed)? })
}

/// A table as bytes: those of a file that can be read once only, or what a database gives.
pub(crate) fn read_once(path: &Path) -> Result<Vec<u8>> {
    if databases::is_address(path) { databases::fetch(path) } else { read_all(path) }
}

/// All bytes of a file, or of standard input; one more than the limit if there are more, so that the reader refuses.
pub(crate) fn read_all(path: &Path) -> Result<Vec<u8>> {
    let limit = synth_core::io::Limits::default().bytes;
    if is_standard(path) {
        return read_standard_input(limit);
    }
    let failed = |source| Error::cannot_read(path.display().to_string(), source);
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Names the input in an error of what was made of it; the libraries know the table and not its file.
pub(crate) fn in_input(error: Error, name: &str) -> Error {
    match error {
        Error::BadInput(bad) => bad.in_input(name).into(),
        error => error,
    }
}

/// What messages call an input.
pub(crate) fn name_of(path: &Path) -> String {
    match databases::name_of(path) {
        Some(name) => name,
        None if is_standard(path) => "standard input".to_owned(),
        None => path.display().to_string(),
    }
}

/// What records call an input: no folders, which may be somebody's name.
pub(crate) fn name_without_folders(path: &Path) -> String {
    if is_stream(path) {
        return databases::name_without_folders(path).unwrap_or_else(|| name_of(path));
    }
    let name = path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
    // The value of a folder such as `year=2020` is a cell.
    match name.split_once('=').filter(|_| path.is_dir()) {
        Some((key, _)) => format!("{key}=…"),
        None => name,
    }
}

/// What messages call inputs that are one table.
pub(crate) fn names_of(paths: &[PathBuf]) -> String {
    match paths {
        [] => crate::tables::DEMO_NAME.to_owned(),
        [path] => name_of(path),
        [first, others @ ..] => format!("{} and {} more", name_of(first), others.len()),
    }
}

/// Whether a path is that of a file which can be read again.
pub(crate) fn is_regular(path: &Path) -> bool {
    path.is_file()
}

/// Whether a path may stand for several files: it is a folder, or a pattern.
pub(crate) fn is_several(path: &Path) -> bool {
    path.is_dir() || (!path.exists() && !is_stream(path))
}

/// Whether an input is no file: standard input, or a table in a database. It cannot be read again.
pub(crate) fn is_stream(path: &Path) -> bool {
    is_standard(path) || databases::is_address(path)
}

/// Refuses more than one input where one of them can be the whole table only.
pub(crate) fn check_streams_alone(paths: &[PathBuf]) -> Result<()> {
    if paths.len() < 2 {
        return Ok(());
    }
    if paths.iter().any(|path| is_standard(path)) {
        return Err(Usage("standard input can only be the whole table: give `-` alone".to_owned()).into());
    }
    if paths.iter().any(|path| databases::is_address(path)) {
        return Err(Usage("a table in a database can only be the whole table: give it alone".to_owned()).into());
    }
    Ok(())
}

/// All files that are read for a table. Those that are not there are named as they were given.
///
/// # Errors
/// [`Usage`] if standard input or a database is one of several; those of [`files_of`].
pub(crate) fn all_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    check_streams_alone(paths)?;
    match paths {
        [] => Ok(Vec::new()),
        [path] if is_stream(path) => Ok(paths.to_vec()),
        _ => Ok(files_of(paths)?.into_iter().map(|file| file.path).collect()),
    }
}

/// One byte more than the limit, so that the reader sees that there is more and refuses.
pub(crate) fn read_standard_input(limit: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let failed = |source| Error::cannot_read("standard input", source);
    std::io::stdin().lock().take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Whether a path stands for standard input or output.
pub(crate) fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

/// Refuses to read two inputs from standard input.
pub(crate) fn check_one_standard(inputs: &[&Path]) -> Result<()> {
    if inputs.iter().filter(|path| is_standard(path)).count() > 1 {
        return Err(Usage("only one input can be standard input".to_owned()).into());
    }
    Ok(())
}

/// Whether two paths lead to one file, through links or not.
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}
