//! A run that is not finished: what it was asked, and what it has so far, in a folder of its own beside the results.
//!
//! The folder is there from the first thing that is kept until the results are. Whoever may read it may know the table:
//! its files can be read by their owner only.

use std::io::{Error as IoError, ErrorKind, Result as IoResult};
use std::path::{Path, PathBuf};

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use super::outputs::{self, Readers, Replace, failed};
use crate::error::{Error, Result};
use crate::store::Store;

/// The folder's name.
const FOLDER: &str = ".synth-run";
/// What was asked.
const ASKED: &str = "run.json";
/// What the version of another run must be.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What was asked, and of what.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked<A> {
    /// The version that began the run: another one may come to other bytes.
    program: String,
    /// What the run was asked, in the words of whoever asked.
    args: A,
    /// The digests of what the run reads.
    inputs: Vec<String>,
}

/// The folder of a run that is not finished.
#[derive(Debug)]
pub struct Unfinished {
    folder: PathBuf,
    asked: Vec<u8>,
}

impl Unfinished {
    /// Whether there is an unfinished run in the folder of its results.
    pub fn is_in(results: &Path) -> bool {
        results.join(FOLDER).is_dir()
    }

    /// What was asked of the unfinished run in `results`, as it was given to [`Unfinished::of`].
    ///
    /// # Errors
    /// [`Error::Request`] if there is none, if it is one of another version, or if it was asked otherwise.
    pub fn asked<A: DeserializeOwned>(results: &Path) -> Result<A> {
        let path = results.join(FOLDER).join(ASKED);
        let none = || Error::Request(format!("no unfinished run in {}", results.display()));
        let bytes = std::fs::read(&path).map_err(|_| none())?;
        let of_version = |version: &str| format!("the unfinished run in {} is of {version}", results.display());
        let asked: Asked<A> =
            serde_json::from_slice(&bytes).map_err(|_| Error::Request(of_version("another version")))?;
        if asked.program != VERSION {
            return Err(Error::Request(of_version(&format!("version {}", asked.program))));
        }
        Ok(asked.args)
    }

    /// The folder for a run; nothing is written yet. `asked` is all that the run follows from but for what it reads, of which
    /// `inputs` are the digests.
    pub fn of(results: &Path, asked: &impl Serialize, inputs: Vec<String>) -> Self {
        let asked = Asked { program: VERSION.to_owned(), args: asked, inputs };
        let asked = serde_json::to_vec_pretty(&asked).expect("settings have only string keys");
        Self { folder: results.join(FOLDER), asked }
    }

    /// Makes sure that what is there is of the same run: of the same inputs.
    ///
    /// # Errors
    /// [`Error::Request`] if it is not; [`Error::File`].
    pub fn check(&self) -> Result<()> {
        let there = self.read(ASKED).map_err(failed("read", &self.folder))?.unwrap_or_default();
        let inputs = |bytes: &[u8]| serde_json::from_slice::<Asked<IgnoredAny>>(bytes).map(|asked| asked.inputs).ok();
        if inputs(&there) != inputs(&self.asked) {
            let problem = "the table, the schema or the policy has changed since the run started; start a new run";
            return Err(Error::Request(problem.to_owned()));
        }
        Ok(())
    }

    /// Takes the folder away, with whatever a stopped run left beside the results under a name that is nobody's.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn remove(results: &Path) -> Result<()> {
        match std::fs::remove_dir_all(results.join(FOLDER)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed("clear", results)(error)),
            _ => {}
        }
        Self::sweep(results)
    }

    /// Takes away the files that a stopped run left beside the results under a name that is nobody's.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn sweep(results: &Path) -> Result<()> {
        if !results.is_dir() {
            return Ok(());
        }
        for entry in std::fs::read_dir(results).map_err(failed("clear", results))? {
            let path = entry.map_err(failed("clear", results))?.path();
            let is_ours = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(outputs::TEMPORARY));
            if is_ours && path.is_file() {
                std::fs::remove_file(&path).map_err(failed("clear", results))?;
            }
        }
        Ok(())
    }

    fn read(&self, name: &str) -> IoResult<Option<Vec<u8>>> {
        match std::fs::read(self.folder.join(name)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> IoResult<()> {
        let path = self.folder.join(name);
        outputs::write_file(&path, Readers::Owner, Replace::Yes, |out| out.write_all(bytes)).map_err(IoError::other)
    }

    /// Makes the folder, for its owner alone, and writes down what was asked.
    fn begin(&self) -> IoResult<()> {
        if self.folder.join(ASKED).is_file() {
            return Ok(());
        }
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        if let Some(results) = self.folder.parent() {
            builder.create(results)?;
        }
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder)?;
        self.write(ASKED, &self.asked)
    }
}

impl Store for Unfinished {
    fn load(&self, name: &str) -> IoResult<Option<Vec<u8>>> {
        self.read(name)
    }

    fn save(&self, name: &str, bytes: &[u8]) -> IoResult<()> {
        self.begin()?;
        self.write(name, bytes)
    }

    fn remove(&self, name: &str) -> IoResult<()> {
        match std::fs::remove_file(self.folder.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
