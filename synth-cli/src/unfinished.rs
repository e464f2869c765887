//! A run that is not finished: what it was asked, and what it has so far, in a folder of its own beside the results.
//!
//! The folder is there from the first thing that is kept until the results are. Whoever may read it may know the table:
//! its files can be read by their owner only.

use std::io::{Error as IoError, ErrorKind, Result as IoResult};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use synth_compliance::{Policy, sha256};
use synth_optimizer::Store;

use crate::exit::Usage;
use crate::outputs::{self, Readers, Replace};
use crate::{args, files, policies};

/// The folder's name.
const FOLDER: &str = ".synth-run";
/// What was asked.
const ASKED: &str = "run.json";

/// What was asked, and of what.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// The program's version: another one may come to other bytes.
    program: String,
    args: args::Run,
    /// The digests of what the run reads.
    inputs: Vec<String>,
}

/// The folder of a run that is not finished.
#[derive(Debug)]
pub(crate) struct Unfinished {
    folder: PathBuf,
    asked: Vec<u8>,
}

impl Unfinished {
    /// Whether there is an unfinished run in the folder of its results.
    pub(crate) fn is_in(results: &Path) -> bool {
        results.join(FOLDER).is_dir()
    }

    /// What was asked of the unfinished run in `results`.
    ///
    /// # Errors
    /// [`Usage`] if there is none, if it is one of another version, or if its record cannot be read.
    pub(crate) fn asked(results: &Path) -> Result<args::Run> {
        let path = results.join(FOLDER).join(ASKED);
        let none = || Usage(format!("there is no unfinished run in {}", results.display()));
        let bytes = std::fs::read(&path).map_err(|_| none())?;
        let asked: Asked = serde_json::from_slice(&bytes)
            .map_err(|_| Usage(format!("the unfinished run in {} is of another version", results.display())))?;
        if asked.program != env!("CARGO_PKG_VERSION") {
            let problem = format!("the unfinished run in {} is of version {}", results.display(), asked.program);
            return Err(Usage(problem).into());
        }
        Ok(args::Run { out: Some(results.to_owned()), ..asked.args })
    }

    /// The folder for the run of `args`; nothing is written yet. `input` is the digest of what is read.
    pub(crate) fn of(args: &args::Run, results: &Path, input: String, policy: &Policy) -> Result<Self> {
        let mut args = args.clone();
        let absolute = |path: &Path| std::path::absolute(path).with_context(|| path.display().to_string());
        let others = [&mut args.reading.schema, &mut args.key].into_iter().flatten();
        for path in args.input.iter_mut().chain(others) {
            *path = absolute(path)?;
        }
        if let Some(path) = policies::policy_path(&args.policy) {
            args.policy = absolute(path)?.to_string_lossy().into_owned();
        }
        let schema = args.reading.schema.as_deref().map(files::read_all).transpose()?.unwrap_or_default();
        let inputs = vec![input, sha256(&schema), policy.sha256()];
        let asked = Asked { program: env!("CARGO_PKG_VERSION").to_owned(), args, inputs };
        Ok(Self { folder: results.join(FOLDER), asked: serde_json::to_vec_pretty(&asked)? })
    }

    /// Makes sure that what is there is of the same run: the same arguments, input, schema and policy.
    ///
    /// # Errors
    /// [`Usage`] if it is not.
    pub(crate) fn check(&self) -> Result<()> {
        let there = self.read(ASKED)?.unwrap_or_default();
        let [there, own] = [&there, &self.asked].map(|bytes| serde_json::from_slice::<Asked>(bytes).map(|a| a.inputs));
        if there.ok() != own.ok() {
            let problem = "the table, the schema or the policy is not what it was when the run began; begin anew";
            return Err(Usage(problem.to_owned()).into());
        }
        Ok(())
    }

    /// Takes the folder away, with whatever a stopped run left beside the results under a name that is nobody's.
    pub(crate) fn remove(results: &Path) -> Result<()> {
        let failed = || format!("cannot clear {}", results.display());
        match std::fs::remove_dir_all(results.join(FOLDER)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).with_context(failed),
            _ => {}
        }
        Self::sweep(results)
    }

    /// Takes away the files that a stopped run left beside the results under a name that is nobody's.
    pub(crate) fn sweep(results: &Path) -> Result<()> {
        let failed = || format!("cannot clear {}", results.display());
        if !results.is_dir() {
            return Ok(());
        }
        for entry in std::fs::read_dir(results).with_context(failed)? {
            let path = entry.with_context(failed)?.path();
            let is_ours = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(outputs::TEMPORARY));
            if is_ours && path.is_file() {
                std::fs::remove_file(&path).with_context(failed)?;
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
        outputs::write_file(&path, Readers::Owner, Replace::Yes, |out| Ok(out.write_all(bytes)?))
            .map_err(IoError::other)
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
