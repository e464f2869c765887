//! What proves which files a table was read from.
//!
//! Of one file it is the digest of its bytes. Of several, or of files whose folders give them columns, it is that of a list: a
//! line a file in their order, `SHA256 BYTES`, and behind these two, as ` KEY=VALUE`, what each folder says. The digest is
//! SHA-256, and with a key HMAC-SHA-256. Of a table in a database it is that of the text that it gives.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Result;
use synth_compliance::{Key, sha256, sha256_of};
use synth_core::io::{ReadOptions, TableFile, files_of};
use synth_core::{BadInput, Error, InputRule, Table};

use crate::exit::{NotVerified, Usage};
use crate::{databases, files, policies, tables};

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

/// A table, with what is known of the very bytes it was read from.
pub(crate) struct Read {
    pub(crate) table: Table,
    /// Their HMAC, if there is a key.
    pub(crate) mac: Option<String>,
    /// Their digest; empty of a database, of which nothing is kept that it could belong to.
    pub(crate) sha256: String,
}

/// Reads the table in the files, or else, if there are none, the built-in one, and tells its notes to the user.
pub(crate) fn read(paths: &[PathBuf], options: &ReadOptions, key: Option<&Key>, quiet: bool) -> Result<Read> {
    // What can be read once only is read into memory, and so is the built-in table.
    let bytes = match paths {
        [] => Some(tables::DEMO.to_vec()),
        // What a database gives need not be kept if nothing of it is to be proved.
        [path] if databases::is_address(path) && key.is_none() => {
            let table = tables::read_table(paths, options, quiet)?;
            return Ok(Read { table, mac: None, sha256: String::new() });
        }
        [path] if !files::is_regular(path) && !files::is_several(path) => Some(files::read_once(path)?),
        _ => None,
    };
    if let Some(bytes) = bytes {
        let (mac, sha256) = (key.map(|key| key.mac(&bytes)), sha256(&bytes));
        let table = match paths {
            [path] => tables::read_table_of(bytes, path, options, quiet)?,
            _ => tables::read_table_or_demo(paths, options, quiet)?,
        };
        return Ok(Read { table, mac, sha256 });
    }
    let before = Sources::of(paths)?;
    let sha256 = before.sha256()?;
    let mac = key.map(|key| before.mac(key)).transpose()?;
    let table = tables::read_table(paths, options, quiet)?;
    // The files were gone through more than once: what was read must be what the digests are of.
    if Sources::of(paths)?.sha256()? != sha256 {
        return Err(changed(paths).into());
    }
    Ok(Read { table, mac, sha256 })
}

/// Makes sure that `mac` is that of the files under the key in the file `key`.
///
/// # Errors
/// [`NotVerified`] if it is not.
pub(crate) fn confirm(paths: &[PathBuf], key: &Path, mac: &str) -> Result<()> {
    let tables = files::all_files(paths)?;
    let inputs: Vec<&Path> = tables.iter().map(PathBuf::as_path).chain([key]).collect();
    files::check_one_standard(&inputs)?;
    let key = policies::read_key(key)?;
    let is_confirmed = match paths {
        [path] if files::is_stream(path) => key.confirms(&files::read_once(path)?, mac),
        paths => Sources::of(paths)?.are_confirmed(&key, mac)?,
    };
    match is_confirmed {
        true => Ok(()),
        false => {
            let name = files::names_of(paths);
            Err(NotVerified(format!("{name}: it is not what was read, or this is another key")).into())
        }
    }
}

/// What is said when the files are not now what they were before they were read.
fn changed(paths: &[PathBuf]) -> Error {
    BadInput::new(InputRule::Corrupt, "the table was changed while it was read")
        .in_input(&files::names_of(paths))
        .hint("read it when nobody writes to it")
        .into()
}

fn open(path: &PathBuf) -> Result<File> {
    Ok(File::open(path).map_err(|source| failed(path, source))?)
}

fn failed(path: &Path, source: std::io::Error) -> Error {
    Error::cannot_read(files::name_of(path), source)
}
