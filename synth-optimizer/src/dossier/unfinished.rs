//! A run that is not finished: what it was asked, and what it has so far, in a folder of its own beside the results.
//!
//! The folder is there from the first thing that is kept until the results are. Whoever may read it may know the table:
//! its files can be read by their owner only.
//!
//! Every file is sealed to its run by an HMAC-SHA-256. Its key follows from the seed of the run and from the digests of the
//! table, the schema, the policy and the settings, so that a file that was edited or comes from another run is noticed before
//! anything is resumed. Left out on purpose: a key that is not in the folder. Whoever may read all of it can make its seals, with
//! a program of his own.

use std::io::{Error as IoError, ErrorKind, Result as IoResult};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use synth_compliance::{Key, canonical};
use synth_core::Seed;

use super::outputs::{self, Readers, Replace, failed, name_of};
use crate::error::{Error, Obstacle, Result};
use crate::store::Store;

/// The folder's name.
const FOLDER: &str = ".synth-run";
/// What was asked.
const ASKED: &str = "run.json";
/// What the version of another run must be.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What was asked, and of what.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// The version that began the run: another one may come to other bytes.
    program: String,
    /// What the run was asked, in the words of whoever asked.
    args: Value,
    /// The seed of the run.
    #[serde(with = "synth_core::seed::kept")]
    seed: Option<Seed>,
    /// The HMAC of the digests of what the run reads.
    inputs: String,
    /// The HMAC of all of this.
    seal: String,
}

impl Asked {
    /// What is there, if it is of this version.
    fn read(results: &Path) -> Result<Self> {
        let none = || Error::Request(format!("no unfinished run in {}", results.display()));
        let bytes = std::fs::read(results.join(FOLDER).join(ASKED)).map_err(|_| none())?;
        let of_version = |version: &str| format!("the unfinished run in {} is of {version}", results.display());
        let asked: Self = serde_json::from_slice(&bytes).map_err(|_| Error::Request(of_version("another version")))?;
        if asked.program != VERSION {
            return Err(Error::Request(of_version(&format!("version {}", asked.program))));
        }
        Ok(asked)
    }

    /// The same with its seal.
    fn sealed(self, key: &Key) -> Self {
        let bare = Self { seal: String::new(), ..self };
        Self { seal: key.mac(canonical(&bare).as_bytes()), ..bare }
    }
}

/// The folder of a run that is not finished.
#[derive(Debug)]
pub struct Unfinished {
    folder: PathBuf,
    asked: Asked,
    /// The keys of what was asked, and of the other files.
    own: Key,
    of_files: Key,
}

/// A key for `purpose` that nobody has who does not have the seed.
fn key_of(seed: &Seed, purpose: &str) -> Key {
    Key::new(seed.key(purpose).to_vec()).expect("it is long enough")
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
        let problem = || format!("the unfinished run in {} is of another version", results.display());
        serde_json::from_value(Asked::read(results)?.args).map_err(|_| Error::Request(problem()))
    }

    /// The seed of the unfinished run in `results`.
    ///
    /// # Errors
    /// [`Error::Request`] if there is none, or if it is one of another version.
    pub fn seed(results: &Path) -> Result<Seed> {
        let none = || Error::Request(format!("the unfinished run in {} has no seed", results.display()));
        Asked::read(results)?.seed.ok_or_else(none)
    }

    /// The folder for a run; nothing is written yet. `asked` is all that the run follows from but for its seed and for what it
    /// reads, of which `inputs` are the digests.
    pub fn of(results: &Path, asked: &impl Serialize, inputs: &[String], seed: &Seed) -> Self {
        let own = key_of(seed, "an unfinished run");
        let args = serde_json::to_value(asked).expect("settings have only string keys");
        let inputs = own.mac(inputs.join("\n").as_bytes());
        let of_files = key_of(seed, &format!("files of the run on {inputs}"));
        let asked = Asked { program: VERSION.to_owned(), args, seed: Some(seed.clone()), inputs, seal: String::new() };
        Self { folder: results.join(FOLDER), asked: asked.sealed(&own), own, of_files }
    }

    /// Makes sure that what is there is of the same run, of the same inputs, and as it wrote it.
    ///
    /// # Errors
    /// [`Error::Request`] if the inputs are others; [`Error::Place`] if a file was modified or does not belong;
    /// [`Error::File`].
    pub fn check(&self) -> Result<()> {
        let results = self.folder.parent().unwrap_or(Path::new("."));
        let there = Asked::read(results)?;
        let edited = |path: &Path| Error::Place { path: path.display().to_string(), obstacle: Obstacle::Edited };
        if there.seed != self.asked.seed || there.clone().sealed(&self.own).seal != there.seal {
            return Err(edited(&self.folder.join(ASKED)));
        }
        if there.inputs != self.asked.inputs {
            let problem = "the table, the schema or the policy has changed since the run started; start a new run";
            return Err(Error::Request(problem.to_owned()));
        }
        for entry in std::fs::read_dir(&self.folder).map_err(failed("read", &self.folder))? {
            let path = entry.map_err(failed("read", &self.folder))?.path();
            let name = name_of(&path);
            if name == ASKED || outputs::is_temporary(&name) {
                continue;
            }
            let bytes = std::fs::read(&path).map_err(failed("read", &path))?;
            if self.opened(&name, bytes).is_none() {
                return Err(edited(&path));
            }
        }
        Ok(())
    }

    /// A file as it is written: its seal in a line, and what is in it.
    fn sealed(&self, name: &str, bytes: &[u8]) -> Vec<u8> {
        [self.seal_of(name, bytes).as_bytes(), b"\n", bytes].concat()
    }

    /// What is in a file, if its seal is that of this run.
    fn opened(&self, name: &str, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
        let end = bytes.iter().position(|&byte| byte == b'\n')?;
        let seal = String::from_utf8(bytes[..end].to_vec()).ok()?;
        bytes.drain(..=end);
        self.of_files.confirms(&named(name, &bytes), &seal).then_some(bytes)
    }

    fn seal_of(&self, name: &str, bytes: &[u8]) -> String {
        self.of_files.mac(&named(name, bytes))
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
            if outputs::is_temporary(&name_of(&path)) && path.is_file() {
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
        self.write(ASKED, &serde_json::to_vec_pretty(&self.asked).expect("it has only string keys"))
    }
}

/// What the seal of a file is made of: a file under another name is another file.
fn named(name: &str, bytes: &[u8]) -> Vec<u8> {
    [name.as_bytes(), b"\n", bytes].concat()
}

impl Store for Unfinished {
    fn load(&self, name: &str) -> IoResult<Option<Vec<u8>>> {
        let Some(bytes) = self.read(name)? else { return Ok(None) };
        let edited = || IoError::new(ErrorKind::InvalidData, "it was modified since the run wrote it");
        self.opened(name, bytes).map(Some).ok_or_else(edited)
    }

    fn save(&self, name: &str, bytes: &[u8]) -> IoResult<()> {
        self.begin()?;
        self.write(name, &self.sealed(name, bytes))
    }

    fn remove(&self, name: &str) -> IoResult<()> {
        match std::fs::remove_file(self.folder.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
