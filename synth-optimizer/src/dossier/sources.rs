//! What proves which files a table was read from.
//!
//! Of one file it is the digest of its bytes. Of several, or of files whose folders give them columns, it is that of a list: a
//! line a file in their order, `SHA256 BYTES`, and behind these two, as ` KEY=VALUE`, what each folder says. The digest is
//! SHA-256, and with a key HMAC-SHA-256. Of a table in a database it is that of the text that it gives.

use std::fs::File;
use std::path::{Path, PathBuf};

use synth_compliance::{Key, sha256, sha256_of};
use synth_core::io::{ReadOptions, Reading, TableFile, files_of, read_paths};
use synth_core::{BadInput, InputRule};

use super::outputs::unread;
use crate::error::{Error, Result};

/// The files of a table, as they are now.
#[derive(Debug)]
enum Sources {
    /// One, of which nothing but its bytes is told.
    One(PathBuf),
    /// A list of several.
    List(String),
}

impl Sources {
    /// Of what the paths stand for.
    fn of(paths: &[PathBuf]) -> Result<Self> {
        let found = files_of(paths)?;
        if let [TableFile { path, keys }] = &found[..]
            && keys.is_empty()
        {
            return Ok(Sources::One(path.clone()));
        }
        let mut list = String::new();
        for TableFile { path, keys } in &found {
            if path.exists() && !path.is_file() {
                return Err(Error::Request(format!("{} can be read only once: give it alone", path.display())));
            }
            let n_bytes = open(path)?.metadata().map_err(|source| unread(path, source))?.len();
            let digest = sha256_of(open(path)?).map_err(|source| unread(path, source))?;
            list += &format!("{digest} {n_bytes}");
            // Quoted, so that no value can be taken for the end of a line.
            keys.iter().for_each(|(name, value)| list += &format!(" {:?}", format!("{name}={value}")));
            list.push('\n');
        }
        Ok(Sources::List(list))
    }

    /// The SHA-256 of the files.
    fn sha256(&self) -> Result<String> {
        match self {
            Sources::One(path) => Ok(sha256_of(open(path)?).map_err(|source| unread(path, source))?),
            Sources::List(list) => Ok(sha256(list.as_bytes())),
        }
    }

    /// Their HMAC under a key.
    fn mac(&self, key: &Key) -> Result<String> {
        match self {
            Sources::One(path) => Ok(key.mac_of(open(path)?).map_err(|source| unread(path, source))?),
            Sources::List(list) => Ok(key.mac(list.as_bytes())),
        }
    }

    /// Whether `mac` is theirs.
    fn are_confirmed(&self, key: &Key, mac: &str) -> Result<bool> {
        match self {
            Sources::One(path) => Ok(key.confirms_of(open(path)?, mac).map_err(|source| unread(path, source))?),
            Sources::List(list) => Ok(key.confirms(list.as_bytes(), mac)),
        }
    }
}

/// A table, with what is known of the very bytes it was read from.
#[derive(Debug)]
pub struct Read {
    /// The table.
    pub reading: Reading,
    /// Their HMAC, if there is a key.
    pub mac: Option<String>,
    /// Their digest.
    pub sha256: String,
}

/// Reads the table in files that can be read again: they are gone through more than once.
///
/// # Errors
/// [`Error::Core`] as [`read_paths`], also if the files change meanwhile; [`Error::Request`] if one of several can be read once
/// only.
pub fn read(paths: &[PathBuf], options: &ReadOptions, key: Option<&Key>) -> Result<Read> {
    let before = Sources::of(paths)?;
    let sha256 = before.sha256()?;
    let mac = key.map(|key| before.mac(key)).transpose()?;
    let reading = read_paths(paths, options)?;
    // What was read must be what the digests are of.
    if Sources::of(paths)?.sha256()? != sha256 {
        return Err(changed(paths));
    }
    Ok(Read { reading, mac, sha256 })
}

/// Whether `mac` is that of files under a key.
///
/// # Errors
/// [`Error::Core`] if they cannot be read; [`Error::Request`] if one of several can be read once only.
pub fn are_confirmed(paths: &[PathBuf], key: &Key, mac: &str) -> Result<bool> {
    Sources::of(paths)?.are_confirmed(key, mac)
}

/// The name of the files of one table, for messages.
pub fn names_of(paths: &[PathBuf]) -> String {
    match paths {
        [] => "nothing".to_owned(),
        [path] => path.display().to_string(),
        [first, others @ ..] => format!("{} and {} more", first.display(), others.len()),
    }
}

/// What is said when the files are not now what they were before they were read.
fn changed(paths: &[PathBuf]) -> Error {
    let bad = BadInput::new(InputRule::Corrupt, "the table was modified while being read").in_input(&names_of(paths));
    synth_core::Error::from(bad.hint("retry when nothing writes to it")).into()
}

fn open(path: &Path) -> Result<File> {
    Ok(File::open(path).map_err(|source| unread(path, source))?)
}
