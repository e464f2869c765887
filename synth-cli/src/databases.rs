//! Databases as inputs: `sqlite:PATH#TABLE`, `postgres://USER@HOST/DATABASE#TABLE`.
//!
//! Nothing here shows a user, a password or a query. What a database gives cannot be read the same again: it is treated
//! as standard input is.

use std::path::{Path, PathBuf};

use anyhow::Result;
use synth_core::io::{ReadOptions, Reading};

/// The address, if that is what an input is. A file whose name begins in the same way is meant by `./`.
fn meant(path: &Path) -> Option<&str> {
    path.to_str()
        .filter(|text| ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)))
}

/// Whether an input is the address of a database.
pub(crate) fn is_address(path: &Path) -> bool {
    meant(path).is_some()
}

/// What messages call an input that is an address.
pub(crate) fn name_of(path: &Path) -> Option<String> {
    meant(path).map(built_in::name_of)
}

/// The same without folders, for records.
pub(crate) fn name_without_folders(path: &Path) -> Option<String> {
    meant(path).map(built_in::name_without_folders)
}

/// The file of a database that is one.
pub(crate) fn file_of(path: &Path) -> Option<PathBuf> {
    meant(path).and_then(built_in::file_of)
}

/// Reads the table at an address, row by row.
pub(crate) fn read(path: &Path, options: &ReadOptions) -> Result<Reading> {
    built_in::read(meant(path).unwrap_or_default(), options)
}

/// The same as CSV with a header, to be read by [`read_fetched`].
pub(crate) fn fetch(path: &Path) -> Result<Vec<u8>> {
    built_in::fetch(meant(path).unwrap_or_default())
}

/// Reads what was [fetched](fetch).
pub(crate) fn read_fetched(csv: &[u8], options: &ReadOptions) -> Result<Reading> {
    built_in::read_fetched(csv, options)
}

#[cfg(feature = "database")]
mod built_in {
    use std::path::{Path, PathBuf};

    use anyhow::Result;
    use synth_core::io::database::{self, Address};
    use synth_core::io::{Limits, ReadOptions, Reading};

    use crate::exit::Usage;

    const UNREADABLE: &str = "a database";

    pub(super) fn name_of(text: &str) -> String {
        Address::parse(text).map_or(UNREADABLE.to_owned(), |address| address.name())
    }

    pub(super) fn name_without_folders(text: &str) -> String {
        Address::parse(text).map_or(UNREADABLE.to_owned(), |address| address.name_without_folders())
    }

    pub(super) fn file_of(text: &str) -> Option<PathBuf> {
        Address::parse(text).ok()?.file().map(Path::to_owned)
    }

    fn address(text: &str) -> Result<Address> {
        let address = Address::parse(text).map_err(|error| Usage(error.to_string()))?;
        // From there, or in the address: a flag would stand in the shell's history.
        Ok(match std::env::var("PGPASSWORD") {
            Ok(password) => address.with_password(&password),
            Err(_) => address,
        })
    }

    pub(super) fn read(text: &str, options: &ReadOptions) -> Result<Reading> {
        Ok(database::read_database(&address(text)?, options)?)
    }

    pub(super) fn fetch(text: &str) -> Result<Vec<u8>> {
        Ok(database::fetch(&address(text)?, &Limits::default())?)
    }

    pub(super) fn read_fetched(csv: &[u8], options: &ReadOptions) -> Result<Reading> {
        Ok(database::read_fetched(csv, options)?)
    }
}

#[cfg(not(feature = "database"))]
mod built_in {
    use std::path::PathBuf;

    use anyhow::Result;
    use synth_core::io::{ReadOptions, Reading};

    use crate::exit::Usage;

    /// Nothing of it: which part is the password is not known here.
    pub(super) fn name_of(_: &str) -> String {
        "a database".to_owned()
    }

    pub(super) fn name_without_folders(text: &str) -> String {
        name_of(text)
    }

    pub(super) fn file_of(_: &str) -> Option<PathBuf> {
        None
    }

    fn missing<T>() -> Result<T> {
        let problem = "this program was built without databases; \
                       `cargo install --path synth-cli --features database` has them, and `./` before the name means a file";
        Err(Usage(problem.to_owned()).into())
    }

    pub(super) fn read(_: &str, _: &ReadOptions) -> Result<Reading> {
        missing()
    }

    pub(super) fn fetch(_: &str) -> Result<Vec<u8>> {
        missing()
    }

    pub(super) fn read_fetched(_: &[u8], _: &ReadOptions) -> Result<Reading> {
        missing()
    }
}
