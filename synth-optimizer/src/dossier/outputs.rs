//! Files that are written. Each appears under its name whole or not at all.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use synth_compliance::sha256_of;

use super::audit::Written;
use crate::error::{Error, Obstacle, Result};

/// What the name of a file that is being written begins and ends with, around so many letters and digits drawn by chance.
const TEMPORARY: (&str, &str) = (".synth-", ".part");
const TEMPORARY_LETTERS: usize = 12;

/// Whether a file of that name is one that is being written, or was when its writer was stopped.
pub(super) fn is_temporary(name: &str) -> bool {
    let (start, end) = TEMPORARY;
    let drawn = name.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
    drawn.is_some_and(|drawn| drawn.len() == TEMPORARY_LETTERS && drawn.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// Makes files under names that are nobody's.
fn temporary<'a>() -> tempfile::Builder<'a, 'a> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY.0).suffix(TEMPORARY.1).rand_bytes(TEMPORARY_LETTERS);
    builder
}

/// A file that was written beside its place and is put there when everything else is whole too.
pub(super) struct Pending {
    path: PathBuf,
    file: tempfile::TempPath,
}

impl Pending {
    /// Writes all of a file, under a name that is nobody's.
    pub(super) fn write(
        path: &Path,
        readers: Readers,
        fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<Self> {
        let written = || {
            let file = begin(path, readers)?;
            let mut out = BufWriter::new(file.as_file());
            fill(&mut out)?;
            out.flush()?;
            drop(out);
            Self::end(path, file)
        };
        written().map_err(failed("write", path))
    }

    /// Ends a file that was [begun](begin) for `path`. It is open no more: there may be thousands.
    pub(super) fn end(path: &Path, file: tempfile::NamedTempFile) -> std::io::Result<Self> {
        file.as_file().sync_all()?;
        Ok(Self { path: path.to_owned(), file: file.into_temp_path() })
    }

    /// The name it will have, without folders.
    pub(super) fn name(&self) -> String {
        name_of(&self.path)
    }

    /// That name, and the digest of its bytes.
    pub(super) fn digest(&self) -> Result<Written> {
        let digest = std::fs::File::open(&self.file).and_then(sha256_of);
        Ok(Written { name: self.name(), sha256: digest.map_err(failed("read again", &self.path))? })
    }

    /// Gives the file its name, and says which.
    pub(super) fn publish(self, replace: Replace) -> Result<PathBuf> {
        let published = match replace {
            Replace::Yes => self.file.persist(&self.path),
            Replace::No => self.file.persist_noclobber(&self.path),
        };
        published.map_err(|e| e.error).map_err(failed("write", &self.path))?;
        Ok(self.path)
    }

    /// Gives files their names in their order. If one of them cannot have its own, those that have it lose it again.
    pub(super) fn publish_all(files: Vec<Pending>, replace: Replace) -> Result<Vec<PathBuf>> {
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
pub(super) fn begin(path: &Path, readers: Readers) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = temporary();
    // The system takes away what the user's mask forbids.
    #[cfg(unix)]
    if readers == Readers::AsUsual {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder_of(path))
}

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Whoever may read any new file of the user.
    AsUsual,
    /// The user alone: it holds values of the real table.
    Owner,
}

/// Whether an existing file gives way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replace {
    /// It does.
    Yes,
    /// It stays, and what would replace it is refused.
    No,
}

impl From<bool> for Replace {
    fn from(force: bool) -> Self {
        if force { Replace::Yes } else { Replace::No }
    }
}

/// Refuses early what could not be written at the end, and what would be written over an input.
///
/// # Errors
/// [`Error::Place`] if there is something that stays; [`Error::Request`] if nothing can be written there, or if it is one of the
/// `inputs`.
pub fn check_output(path: &Path, inputs: &[PathBuf], replace: Replace) -> Result<()> {
    let place = |obstacle| Err(Error::Place { path: path.display().to_string(), obstacle });
    check_apart(path, inputs)?;
    if path.is_dir() {
        return Err(Error::Request(format!("{} is a folder; name a file in it", path.display())));
    }
    if path.exists() && !path.is_file() {
        return place(Obstacle::NoFile);
    }
    if replace == Replace::No && path.symlink_metadata().is_ok() {
        return place(Obstacle::File);
    }
    let folder = folder_of(path);
    if !folder.exists() {
        return Err(Error::Request(format!("no folder {}; create it first", folder.display())));
    }
    check_writable(folder)
}

/// Refuses to write into a folder whose files are read as a table: the next time the output would be among them.
///
/// # Errors
/// [`Error::Request`] if `output` is in one of the folders among `inputs`.
pub fn check_outside(output: &Path, inputs: &[PathBuf]) -> Result<()> {
    let there = output.ancestors().map(|path| if path == Path::new("") { Path::new(".") } else { path });
    let Some(there) = there.filter_map(|path| path.canonicalize().ok()).next() else { return Ok(()) };
    let is_in = |input: &PathBuf| input.is_dir() && input.canonicalize().is_ok_and(|input| there.starts_with(input));
    match inputs.iter().find(|input| is_in(input)) {
        Some(input) => {
            let problem = format!("{} is in {}, which is read as a table", output.display(), input.display());
            Err(Error::Request(format!("{problem}; choose a place outside it")))
        }
        None => Ok(()),
    }
}

/// Refuses to write over a file that is read, under whatever name.
///
/// # Errors
/// [`Error::Request`] if `output` is one of the `inputs`.
pub fn check_apart(output: &Path, inputs: &[PathBuf]) -> Result<()> {
    if inputs.iter().any(|input| is_same(output, input)) {
        let problem = format!("{} is an input and would be lost; give the output another name", output.display());
        return Err(Error::Request(problem));
    }
    Ok(())
}

/// Refuses early a folder in which nothing could be written at the end. One that is not there will be made.
///
/// # Errors
/// [`Error::Request`] if it is one.
pub fn check_writable(folder: &Path) -> Result<()> {
    let there = folder.ancestors().map(|f| if f == Path::new("") { Path::new(".") } else { f }).find(|f| f.exists());
    let there = there.unwrap_or(Path::new("."));
    if !there.is_dir() {
        return Err(Error::Request(format!("{} is not a folder", there.display())));
    }
    match temporary().tempfile_in(there) {
        Ok(_) => Ok(()),
        Err(error) => {
            // The outer message names the temporary file.
            let cause = std::error::Error::source(&error).map_or(error.to_string(), ToString::to_string);
            Err(Error::Request(format!("cannot write in {}: {cause}", there.display())))
        }
    }
}

/// Writes a file, whole or not at all.
///
/// # Errors
/// [`Error::File`] if `fill` fails, or if it cannot be written; also if there is one that is not to be replaced.
pub fn write_file(
    path: &Path,
    readers: Readers,
    replace: Replace,
    fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<()> {
    Pending::write(path, readers, fill)?.publish(replace)?;
    Ok(())
}

/// The name of a file without its folders, and the digest of its bytes.
///
/// # Errors
/// [`Error::Core`] if it cannot be read.
pub fn digest_of(path: &Path) -> Result<Written> {
    let digest = std::fs::File::open(path).and_then(sha256_of);
    Ok(Written { name: name_of(path), sha256: digest.map_err(|source| unread(path, source))? })
}

/// Whether two paths lead to one file, through links or not.
pub fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// The folder that a file is in.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// The name of a file without its folders.
pub(super) fn name_of(path: &Path) -> String {
    path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned())
}

/// What the system says when something fails.
pub(super) fn failed(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.display().to_string();
    move |source| Error::File { action, path, source }
}

/// An input that cannot be read.
pub(crate) fn unread(path: &Path, source: std::io::Error) -> synth_core::Error {
    synth_core::Error::cannot_read(path.display().to_string(), source)
}
