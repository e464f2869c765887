//! Files that are written. Each appears under its name whole or not at all.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use synth_compliance::sha256_of;
use synth_optimizer::Written;

use crate::exit::Usage;
use crate::{databases, files, show};

/// What the name of a file that is being written begins with.
pub(crate) const TEMPORARY: &str = ".synth-";

/// A file that was written beside its place and is put there when everything else is whole too.
pub(crate) struct Pending {
    path: PathBuf,
    file: tempfile::TempPath,
}

impl Pending {
    /// Writes all of a file, under a name that is nobody's.
    pub(crate) fn write(
        path: &Path,
        readers: Readers,
        fill: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>,
    ) -> Result<Self> {
        let failed = || format!("cannot write {}", path.display());
        let file = begin(path, readers).with_context(failed)?;
        let mut out = BufWriter::new(file.as_file());
        fill(&mut out).with_context(failed)?;
        out.flush().with_context(failed)?;
        drop(out);
        Self::end(path, file).with_context(failed)
    }

    /// Ends a file that was [begun](begin) for `path`. It is open no more: there may be thousands.
    pub(crate) fn end(path: &Path, file: tempfile::NamedTempFile) -> std::io::Result<Self> {
        file.as_file().sync_all()?;
        Ok(Self { path: path.to_owned(), file: file.into_temp_path() })
    }

    /// The name it will have, without folders.
    pub(crate) fn name(&self) -> String {
        self.path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned())
    }

    /// That name, and the digest of its bytes.
    pub(crate) fn digest(&self) -> Result<Written> {
        let digest = || sha256_of(std::fs::File::open(&self.file)?);
        let sha256 = digest().with_context(|| format!("cannot read {} again", self.path.display()))?;
        Ok(Written { name: self.name(), sha256 })
    }

    /// Gives the file its name, and says which.
    pub(crate) fn publish(self, replace: Replace) -> Result<PathBuf> {
        let failed = || format!("cannot write {}", self.path.display());
        match replace {
            Replace::Yes => self.file.persist(&self.path).map_err(|e| e.error).with_context(failed)?,
            Replace::No => self.file.persist_noclobber(&self.path).map_err(|e| e.error).with_context(failed)?,
        };
        Ok(self.path)
    }

    /// Gives files their names in their order. If one of them cannot have its own, those that have it lose it again.
    pub(crate) fn publish_all(files: Vec<Pending>, replace: Replace) -> Result<Vec<PathBuf>> {
        let mut published = Vec::with_capacity(files.len());
        for file in files {
            match file.publish(replace) {
                Ok(path) => published.push(path),
                Err(error) => {
                    // What cannot be taken away either is left: the first error says more.
                    published.iter().for_each(|path| drop(std::fs::remove_file(path)));
                    return Err(error);
                }
            }
        }
        Ok(published)
    }
}

/// An empty file beside `path`, under a name that is nobody's. It goes away with the value.
pub(crate) fn begin(path: &Path, readers: Readers) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY);
    // The system takes away what the user's mask forbids.
    #[cfg(unix)]
    if readers == Readers::AsUsual {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(files::folder_of(path))
}

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Whoever may read any new file of the user.
    AsUsual,
    /// The user alone: it holds values of the real table.
    Owner,
}

/// Whether an existing file gives way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replace {
    Yes,
    No,
}

impl From<bool> for Replace {
    fn from(force: bool) -> Self {
        if force { Replace::Yes } else { Replace::No }
    }
}

/// Refuses early what could not be written at the end, and what would be written over an input.
pub(crate) fn check_output(path: &Path, inputs: &[&Path], replace: Replace) -> Result<()> {
    if files::is_standard(path) {
        return Ok(());
    }
    check_apart(path, inputs)?;
    if path.is_dir() {
        return Err(Usage(format!("{} is a folder; name a file in it", path.display())).into());
    }
    // It would not be written to, but replaced: a device, a pipe.
    if path.exists() && !path.is_file() {
        return Err(
            Usage(format!("{} is no ordinary file; `--out -` writes to standard output", path.display())).into()
        );
    }
    if replace == Replace::No && path.symlink_metadata().is_ok() {
        return Err(Usage(format!("{} exists; --force replaces it", path.display())).into());
    }
    let folder = files::folder_of(path);
    if !folder.exists() {
        return Err(Usage(format!("there is no folder {}; make it first", folder.display())).into());
    }
    check_writable(folder)
}

/// Refuses to write into a folder whose files are read as a table: the next time the output would be among them.
pub(crate) fn check_outside(output: &Path, inputs: &[PathBuf]) -> Result<()> {
    let there = output.ancestors().map(|path| if path == Path::new("") { Path::new(".") } else { path });
    let Some(there) = there.filter_map(|path| path.canonicalize().ok()).next() else { return Ok(()) };
    let is_in = |input: &PathBuf| input.is_dir() && input.canonicalize().is_ok_and(|input| there.starts_with(input));
    match inputs.iter().find(|input| is_in(input)) {
        Some(_) if files::is_standard(output) => Ok(()),
        Some(input) => {
            let problem = format!("{} is in {}, which is read as a table", output.display(), input.display());
            Err(Usage(format!("{problem}; name a place outside")).into())
        }
        None => Ok(()),
    }
}

/// Refuses to write over a file that is read.
pub(crate) fn check_apart(output: &Path, inputs: &[&Path]) -> Result<()> {
    let file = |input: &Path| databases::file_of(input).unwrap_or_else(|| input.to_owned());
    if inputs.iter().any(|input| files::is_same(output, &file(input))) {
        let problem = format!("{} is an input and would be lost; give the output another name", output.display());
        return Err(Usage(problem).into());
    }
    Ok(())
}

/// Refuses early a folder in which nothing could be written at the end. One that is not there will be made.
pub(crate) fn check_writable(folder: &Path) -> Result<()> {
    let there = folder.ancestors().map(|f| if f == Path::new("") { Path::new(".") } else { f }).find(|f| f.exists());
    let there = there.unwrap_or(Path::new("."));
    if !there.is_dir() {
        return Err(Usage(format!("{} is no folder", there.display())).into());
    }
    match tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(there) {
        Ok(_) => Ok(()),
        Err(error) => {
            // The outer message names the temporary file.
            let cause = std::error::Error::source(&error).map_or(error.to_string(), ToString::to_string);
            Err(Usage(format!("cannot write in {}: {cause}", there.display())).into())
        }
    }
}

/// Writes a file at once, or to standard output.
pub(crate) fn write_file(
    path: &Path,
    readers: Readers,
    replace: Replace,
    fill: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>,
) -> Result<()> {
    if files::is_standard(path) {
        return show::stream(fill);
    }
    Pending::write(path, readers, fill)?.publish(replace)?;
    Ok(())
}
