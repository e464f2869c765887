//! What a table is read from. The arguments are looked at once: everything else asks an [`Input`].

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use synth_compliance::{Key, sha256};
use synth_core::io::{self, Header, ReadOptions, Reading, files_of, read_paths};
use synth_core::{Schema, Table};
use synth_optimizer::dossier::sources;

use crate::databases::Database;
use crate::exit::{NotVerified, Usage};
use crate::{files, policies, show, tables};

/// The built-in table: see `data/README.md` for its source.
const DEMO: &[u8] = include_bytes!("../data/gbsg2.csv");

/// What a table is read from.
#[derive(Debug)]
pub(crate) enum Input {
    /// The built-in table.
    Demo,
    /// Standard input.
    Standard,
    /// A table in a database. Another read may give another one.
    Database(Database),
    /// A file that can be read once only: a pipe, a device.
    Once(PathBuf),
    /// What can be read again: files, patterns, folders.
    Files(Vec<PathBuf>),
}

/// A table, with what is known of the very bytes it was read from.
pub(crate) struct Proved {
    pub(crate) table: Table,
    /// Their HMAC, if there is a key.
    pub(crate) mac: Option<String>,
    /// Their digest; empty of a database, of which nothing is kept that it could belong to.
    pub(crate) sha256: String,
}

impl Input {
    /// What the paths stand for; the built-in table if there are none.
    ///
    /// # Errors
    /// [`Usage`] if standard input or a database is one of several, or if an address of a database is none.
    pub(crate) fn of(paths: &[PathBuf]) -> Result<Self> {
        let is_several = paths.len() > 1;
        if is_several && paths.iter().any(|path| files::is_standard(path)) {
            return Err(Usage("standard input cannot be combined with other inputs: give `-` alone".to_owned()).into());
        }
        if is_several && paths.iter().any(|path| Database::is_meant(path)) {
            return Err(
                Usage("a table in a database cannot be combined with other inputs: give it alone".to_owned()).into()
            );
        }
        Ok(match paths {
            [] => Input::Demo,
            [path] if files::is_standard(path) => Input::Standard,
            [path] if Database::is_meant(path) => Input::Database(Database::of(path)?),
            [path] if path.exists() && !path.is_file() && !path.is_dir() => Input::Once(path.clone()),
            paths => Input::Files(paths.to_vec()),
        })
    }

    /// What one path stands for.
    pub(crate) fn of_one(path: &PathBuf) -> Result<Self> {
        Self::of(std::slice::from_ref(path))
    }

    /// All files that are read for it, `-` for standard input. Those that are not there are named as they were given.
    ///
    /// # Errors
    /// Those of [`files_of`].
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>> {
        Ok(match self {
            Input::Demo => Vec::new(),
            Input::Standard => vec![PathBuf::from("-")],
            Input::Database(database) => database.file().into_iter().collect(),
            Input::Once(path) => vec![path.clone()],
            Input::Files(paths) => files_of(paths)?.into_iter().map(|file| file.path).collect(),
        })
    }

    /// The paths that can be folders.
    pub(crate) fn paths(&self) -> &[PathBuf] {
        match self {
            Input::Files(paths) => paths,
            _ => &[],
        }
    }

    /// What messages call it.
    pub(crate) fn name(&self) -> String {
        match self {
            Input::Demo => "gbsg2 (built in)".to_owned(),
            Input::Standard => "standard input".to_owned(),
            Input::Database(database) => database.name(),
            Input::Once(path) => path.display().to_string(),
            Input::Files(paths) => sources::names_of(paths),
        }
    }

    /// What records call it: no folders, which may be somebody's name.
    pub(crate) fn name_without_folders(&self) -> String {
        match self {
            Input::Demo | Input::Standard => self.name(),
            Input::Database(database) => database.name_without_folders(),
            Input::Once(path) => name_of(path).into_owned(),
            Input::Files(paths) => match &paths[..] {
                [] => String::new(),
                [path] => name_of(path).into_owned(),
                [first, others @ ..] => format!("{} and {} more", name_of(first), others.len()),
            },
        }
    }

    /// Whether the same can be read later, from the same arguments.
    pub(crate) fn stays(&self) -> bool {
        !matches!(self, Input::Standard | Input::Database(_))
    }

    /// Reads the table, and tells its notes to the user.
    pub(crate) fn read(&self, options: &ReadOptions, quiet: bool) -> Result<Table> {
        let reading = match self {
            Input::Demo | Input::Standard => self.reading_of(self.bytes(&options.limits)?, options)?,
            Input::Database(database) => database.read(options)?,
            Input::Once(path) => read_paths(std::slice::from_ref(path), options)?,
            Input::Files(paths) => read_paths(paths, options)?,
        };
        Ok(self.told(reading, quiet))
    }

    /// The same, with the digest of what was read, and its HMAC if there is a key.
    pub(crate) fn read_proved(&self, options: &ReadOptions, key: Option<&Key>, quiet: bool) -> Result<Proved> {
        let (reading, mac, sha256) = match (self, key) {
            // What a database gives need not be kept if nothing of it is to be proved.
            (Input::Database(database), None) => (database.read(options)?, None, String::new()),
            (Input::Files(paths), key) => {
                let sources::Read { reading, mac, sha256 } = sources::read(paths, options, key)?;
                (reading, mac, sha256)
            }
            (_, key) => {
                let bytes = self.bytes(&options.limits)?;
                let (mac, sha256) = (key.map(|key| key.mac(&bytes)), sha256(&bytes));
                (self.reading_of(bytes, options)?, mac, sha256)
            }
        };
        Ok(Proved { table: self.told(reading, quiet), mac, sha256 })
    }

    /// Reads a table for a model: its columns are those of `schema` in name, storage and order. What is missing, and how cells
    /// are spelled, is told by the file. Also gives the schema that the file alone would have.
    pub(crate) fn read_under(&self, schema: &Schema, header: Header, quiet: bool) -> Result<(Table, Arc<Schema>)> {
        let options = ReadOptions { header, ..ReadOptions::default() };
        // What can be read once only is kept.
        let bytes = if let Input::Files(_) = self { None } else { Some(self.bytes(&options.limits)?) };
        let read = |options: &ReadOptions| match &bytes {
            Some(bytes) => self.reading_of(bytes.clone(), options),
            None => Ok(read_paths(self.paths(), options)?),
        };
        let found = Arc::clone(read(&options)?.table.schema());
        let schema = tables::spelled_as(schema, &found);
        let reading = read(&ReadOptions { schema: Some(schema), ..options })?;
        Ok((self.told(reading, quiet), found))
    }

    /// Makes sure that `mac` is that of the input under the key in the file `key`.
    ///
    /// # Errors
    /// [`NotVerified`] if it is not.
    pub(crate) fn confirm(&self, key: &Path, mac: &str) -> Result<()> {
        let mut inputs = self.files()?;
        inputs.push(key.to_owned());
        files::check_one_standard(&inputs)?;
        let key = policies::read_key(key)?;
        let is_confirmed = match self {
            Input::Files(paths) => sources::are_confirmed(paths, &key, mac)?,
            _ => key.confirms(&self.bytes(&io::Limits::default())?, mac),
        };
        if is_confirmed {
            return Ok(());
        }
        Err(NotVerified(format!("{}: not the table that was read, or another key", self.name())).into())
    }

    /// All bytes of it, or one more than the limit, so that the reader refuses.
    fn bytes(&self, limits: &io::Limits) -> Result<Vec<u8>> {
        match self {
            Input::Demo => Ok(DEMO.to_vec()),
            Input::Standard => files::read_standard_input(limits.bytes),
            Input::Database(database) => database.fetch(),
            Input::Once(path) => files::read_all(path),
            Input::Files(_) => unreachable!("files are read by the library, which goes through them block by block"),
        }
    }

    /// The table in its [bytes](Self::bytes).
    fn reading_of(&self, bytes: Vec<u8>, options: &ReadOptions) -> Result<Reading> {
        let options = ReadOptions { name: Some(self.name()), ..options.clone() };
        match self {
            Input::Database(database) => database.read_fetched(&bytes, &options),
            _ => Ok(io::read_bytes(bytes, &options)?),
        }
    }

    fn told(&self, reading: Reading, quiet: bool) -> Table {
        // The built-in table is known to whoever reads this.
        if !quiet && !matches!(self, Input::Demo) {
            reading.notes.iter().for_each(|note| show::note(note));
        }
        reading.table
    }
}

/// The name of a file or a folder without the folders that it is in.
fn name_of(path: &Path) -> Cow<'_, str> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // The value of a folder such as `year=2020` is a cell.
    match name.split_once('=').filter(|_| path.is_dir()) {
        Some((key, _)) => format!("{key}=…").into(),
        None => name,
    }
}
