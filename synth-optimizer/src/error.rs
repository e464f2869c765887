//! What can go wrong beside a table that is not accepted.

use std::fmt;

use synth_core::ErrorKind;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The table cannot be learnt, or a setting is out of range.
    #[error(transparent)]
    Core(#[from] synth_core::Error),
    /// Tables cannot be compared.
    #[error(transparent)]
    Metrics(#[from] synth_metrics::Error),
    /// What is asked for cannot be done with these files, whatever is in them.
    #[error("{0}")]
    Request(String),
    /// Something cannot be written where it is asked to be.
    #[error("{path} {obstacle}")]
    Place {
        /// The file or the folder.
        path: String,
        /// What stands in the way.
        obstacle: Obstacle,
    },
    /// A table would be split into too many files.
    #[error("{split} rows per file make {n_files} files of {n_rows} rows; the maximum is {most} files")]
    TooManyFiles {
        /// The most rows of a file.
        split: u64,
        /// The files that there would be.
        n_files: u64,
        /// The rows of the table.
        n_rows: u64,
        /// The most files.
        most: u64,
    },
    /// The operating system refuses something with a file or a folder.
    #[error("cannot {action} {path}")]
    File {
        /// `write`, `read`, `make`, `remove`, …
        action: &'static str,
        /// The file or the folder.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A generator that was to be [audited](crate::shadow) failed.
    #[error("{}the generator failed: {problem}", .run.map_or(String::new(), |run| format!("shadow run {run}: ")))]
    Generator {
        /// The run, from 1, if it was one of an audit.
        run: Option<usize>,
        /// What went wrong, without anything of the table.
        problem: String,
    },
    /// A table cannot be written.
    #[error("cannot write {path}")]
    Table {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: synth_core::Error,
    },
}

impl Error {
    /// The kind of the error, for programs that act on it. What is asked for and cannot be done is an
    /// [`ErrorKind::Setting`].
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Core(error) | Error::Table { source: error, .. } => error.kind(),
            Error::Metrics(error) => error.kind(),
            Error::Request(_) | Error::Place { .. } | Error::TooManyFiles { .. } | Error::Generator { .. } => {
                ErrorKind::Setting
            }
            Error::File { action: "read", .. } => ErrorKind::Read,
            Error::File { .. } => ErrorKind::Write,
        }
    }
}

/// Why an output cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// A file that is not to be replaced.
    File,
    /// A device or a pipe, which would be replaced and not written to.
    NoFile,
    /// The results of an earlier run, which are not to be replaced.
    Results,
    /// A run that was interrupted and could be resumed.
    Unfinished,
    /// A file of an interrupted run that is not as the run wrote it.
    Edited,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Obstacle::File => "exists",
            Obstacle::NoFile => "is not a regular file",
            Obstacle::Results => "contains the results of an earlier run",
            Obstacle::Unfinished => "contains an interrupted run",
            Obstacle::Edited => "is not as the interrupted run wrote it, which cannot be resumed",
        })
    }
}
