//! What proves which files a table was read from.
//!
//! Of one file it is the digest of its bytes. Of several, or of files whose folders give them columns, it is that of a list: a
//! line a file in their order, `SHA256 BYTES`, and behind these two, as ` KEY=VALUE`, what each folder says. The digest is
//! SHA-256, and with a key HMAC-SHA-256.

use std::fs::File;
use std::path::PathBuf;

use anyhow::Result;
use synth_compliance::{Key, sha256, sha256_of};
use synth_core::io::{TableFile, files_of};
use synth_core::{BadInput, Error, Rule};

use crate::exit::Usage;
use crate::files;

/// The files of a table, as they are now.
#[derive(Debug)]
pub(crate) enum Sources {
    /// One, of which nothing but its bytes is told.
    One(PathBuf),
    /// A list of several.
    List(String),
}

impl Sources {
    /// Of what the paths stand for.
    ///
    /// # Errors
    /// [`Usage`] if one of several files can be read once only; [`Error::Io`].
    pub(crate) fn of(paths: &[PathBuf]) -> Result<Self> {
        let found = files_of(paths)?;
        if let [TableFile { path, keys }] = &found[..]
            && keys.is_empty()
        {
            return Ok(Sources::One(path.clone()));
        }
        let mut list = String::new();
        for TableFile { path, keys } in &found {
            if path.exists() && !files::is_regular(path) {
                return Err(Usage(format!("{} can be read once only: give it alone", files::name_of(path))).into());
            }
            let n_bytes = open(path)?.metadata().map_err(|source| failed(path, source))?.len();
            let digest = sha256_of(open(path)?).map_err(|source| failed(path, source))?;
            list += &format!("{digest} {n_bytes}");
            // Quoted, so that no value can be taken for the end of a line.
            keys.iter().for_each(|(name, value)| list += &format!(" {:?}", format!("{name}={value}")));
            list.push('\n');
        }
        Ok(Sources::List(list))
    }

    /// The SHA-256 of the files.
    pub(crate) fn sha256(&self) -> Result<String> {
        match self {
            Sources::One(path) => Ok(sha256_of(open(path)?).map_err(|source| failed(path, source))?),
            Sources::List(list) => Ok(sha256(list.as_bytes())),
        }
    }

    /// Their HMAC under a key.
    pub(crate) fn mac(&self, key: &Key) -> Result<String> {
        match self {
            Sources::One(path) => Ok(key.mac_of(open(path)?).map_err(|source| failed(path, source))?),
            Sources::List(list) => Ok(key.mac(list.as_bytes())),
        }
    }

    /// Whether `mac` is theirs.
    pub(crate) fn are_confirmed(&self, key: &Key, mac: &str) -> Result<bool> {
        match self {
            Sources::One(path) => Ok(key.confirms_of(open(path)?, mac).map_err(|source| failed(path, source))?),
            Sources::List(list) => Ok(key.confirms(list.as_bytes(), mac)),
        }
    }
}

/// What is said when the files are not now what they were before they were read.
pub(crate) fn changed(paths: &[PathBuf]) -> Error {
    BadInput::new(Rule::Corrupt, "the table was changed while it was read")
        .in_input(&files::names_of(paths))
        .hint("read it when nobody writes to it")
        .into()
}

fn open(path: &PathBuf) -> Result<File> {
    Ok(File::open(path).map_err(|source| failed(path, source))?)
}

fn failed(path: &std::path::Path, source: std::io::Error) -> Error {
    Error::Io { action: "read", name: files::name_of(path), source }
}
