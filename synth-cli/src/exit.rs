//! Exit codes: a contract with scripts.

use synth_core::{BadInput, ErrorKind};

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    /// Done; for a table: accepted.
    Accepted = 0,
    /// A fault of the program or of the machine.
    Internal = 1,
    /// The arguments cannot be followed. clap uses the same code.
    Usage = 2,
    /// The input breaks a rule.
    BadInput = 3,
    /// The policy refuses the table.
    Refused = 4,
    /// The evidence does not suffice to accept or to refuse.
    NotEnoughEvidence = 5,
    /// The input is larger than the limits.
    ResourceLimit = 6,
    /// The time was up.
    Deadline = 7,
    /// Ctrl-C.
    Interrupted = 130,
}

impl Code {
    /// The code of an error, by the first cause that has one.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        error.chain().find_map(of_cause).unwrap_or(Code::Internal)
    }
}

impl From<synth_compliance::Decision> for Code {
    fn from(decision: synth_compliance::Decision) -> Self {
        match decision {
            // Findings are of soft gates: told, and nothing more.
            synth_compliance::Decision::Accepted | synth_compliance::Decision::AcceptedWithFindings => Code::Accepted,
            synth_compliance::Decision::Refused => Code::Refused,
            synth_compliance::Decision::NotEnoughEvidence => Code::NotEnoughEvidence,
        }
    }
}

/// Arguments that are well formed but cannot be followed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// What a library says of what was asked, with the flags by which it is asked otherwise.
pub(crate) fn with_flags(error: anyhow::Error) -> anyhow::Error {
    use synth_optimizer::{Error, Obstacle};
    let text = match error.downcast_ref::<Error>() {
        Some(Error::TooManyFiles { split, n_files, n_rows, most }) => {
            format!("--split {split} makes {n_files} files of {n_rows} rows; the maximum is {most} files")
        }
        Some(place @ Error::Place { obstacle, .. }) => {
            let flags = match obstacle {
                Obstacle::File => "; --force replaces it",
                Obstacle::NoFile => "; `--out -` writes to standard output",
                Obstacle::Results => "; --force replaces them",
                Obstacle::Unfinished => "; --resume continues it, --force starts over",
                Obstacle::Edited => "; start over with --out and --force",
                _ => "",
            };
            format!("{place}{flags}")
        }
        _ => return error,
    };
    Usage(text).into()
}

/// Results of a run that are not as they were written.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotVerified(pub(crate) String);

/// Ctrl-C, where nothing else says so.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub(crate) struct Interrupted;

fn of_cause(cause: &(dyn std::error::Error + 'static)) -> Option<Code> {
    if cause.is::<Usage>() {
        return Some(Code::Usage);
    }
    if cause.is::<NotVerified>() {
        return Some(Code::BadInput);
    }
    if cause.is::<Interrupted>() {
        return Some(Code::Interrupted);
    }
    if let Some(bad) = cause.downcast_ref::<BadInput>().or(cause.downcast_ref::<Box<BadInput>>().map(|bad| &**bad)) {
        return Some(of_kind(bad.kind()));
    }
    if let Some(error) = cause.downcast_ref::<synth_core::Error>() {
        return Some(of_kind(error.kind()));
    }
    match cause.downcast_ref::<synth_optimizer::Error>() {
        Some(synth_optimizer::Error::Core(error)) => return Some(of_kind(error.kind())),
        Some(
            synth_optimizer::Error::Request(_)
            | synth_optimizer::Error::Place { .. }
            | synth_optimizer::Error::Generator { .. }
            | synth_optimizer::Error::TooManyFiles { .. },
        ) => return Some(Code::Usage),
        _ => {}
    }
    if cause.is::<synth_metrics::Error>() || cause.is::<serde_json::Error>() {
        return Some(Code::BadInput);
    }
    cause.is::<synth_compliance::Error>().then_some(Code::Usage)
}

fn of_kind(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::Input | ErrorKind::Read | ErrorKind::ModelFile | ErrorKind::Mismatch => Code::BadInput,
        ErrorKind::TooLarge => Code::ResourceLimit,
        ErrorKind::Setting => Code::Usage,
        ErrorKind::Deadline => Code::Deadline,
        ErrorKind::Interrupted => Code::Interrupted,
        _ => Code::Internal,
    }
}
