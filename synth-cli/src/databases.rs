//! Databases as inputs: `sqlite:PATH#TABLE`, `postgres://USER@HOST/DATABASE#TABLE`.
//!
//! Nothing here shows a user, a password or a query. What a database gives cannot be read the same again: it is treated
//! as standard input is.

use std::path::Path;

pub(crate) use built_in::Database;

/// The address, if that is what an input is. A file whose name begins in the same way is meant by `./`.
fn meant(path: &Path) -> Option<&str> {
    path.to_str()
        .filter(|text| ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)))
}

impl Database {
    /// Whether an input is the address of a table in a database.
    pub(crate) fn is_meant(path: &Path) -> bool {
        meant(path).is_some()
    }
}

#[cfg(feature = "database")]
mod built_in {
    use std::path::{Path, PathBuf};

    use anyhow::Result;
    use synth_core::io::database::{self, Address};
    use synth_core::io::{Limits, ReadOptions, Reading};

    use crate::exit::Usage;

    /// A table in a database.
    #[derive(Debug)]
    pub(crate) struct Database(Address);

    impl Database {
        /// The one at an address.
        pub(crate) fn of(path: &Path) -> Result<Self> {
            let text = super::meant(path).unwrap_or_default();
            let address = Address::parse(text).map_err(|error| Usage(error.to_string()))?;
            // From there, or in the address: a flag would stand in the shell's history.
            Ok(Self(match std::env::var("PGPASSWORD") {
                Ok(password) => address.with_password(&password),
                Err(_) => address,
            }))
        }

        /// What messages call it.
        pub(crate) fn name(&self) -> String {
            self.0.name()
        }

        /// The same without folders, for records.
        pub(crate) fn name_without_folders(&self) -> String {
            self.0.name_without_folders()
        }

        /// The file of a database that is one.
        pub(crate) fn file(&self) -> Option<PathBuf> {
            self.0.file().map(Path::to_owned)
        }

        /// Reads the table, row by row.
        pub(crate) fn read(&self, options: &ReadOptions) -> Result<Reading> {
            Ok(database::read_database(&self.0, options)?)
        }

        /// The same as CSV with a header, to be read by [`Self::read_fetched`].
        pub(crate) fn fetch(&self) -> Result<Vec<u8>> {
            Ok(database::fetch(&self.0, &Limits::default())?)
        }

        /// Reads what was [fetched](Self::fetch).
        pub(crate) fn read_fetched(&self, csv: &[u8], options: &ReadOptions) -> Result<Reading> {
            Ok(database::read_fetched(csv, options)?)
        }
    }
}

#[cfg(not(feature = "database"))]
mod built_in {
    use std::path::{Path, PathBuf};

    use anyhow::Result;
    use synth_core::io::{ReadOptions, Reading};

    use crate::exit::Usage;

    /// There is none: this program was built without databases.
    #[derive(Debug)]
    pub(crate) enum Database {}

    impl Database {
        /// Nothing of the address is told: which part is the password is not known here.
        pub(crate) fn of(_: &Path) -> Result<Self> {
            let problem = "this build has no database support; install with `cargo install --path synth-cli --features database`, or put `./` before the name of a file";
            Err(Usage(problem.to_owned()).into())
        }

        pub(crate) fn name(&self) -> String {
            match *self {}
        }

        pub(crate) fn name_without_folders(&self) -> String {
            match *self {}
        }

        pub(crate) fn file(&self) -> Option<PathBuf> {
            match *self {}
        }

        pub(crate) fn read(&self, _: &ReadOptions) -> Result<Reading> {
            match *self {}
        }

        pub(crate) fn fetch(&self) -> Result<Vec<u8>> {
            match *self {}
        }

        pub(crate) fn read_fetched(&self, _: &[u8], _: &ReadOptions) -> Result<Reading> {
            match *self {}
        }
    }
}
