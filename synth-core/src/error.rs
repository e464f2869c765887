//! What can go wrong in this crate, and how bad input is described without showing any of it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can go wrong in this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The input breaks a rule: the reader of the message can mend it.
    #[error(transparent)]
    BadInput(#[from] Box<BadInput>),
    /// The operating system refused to read or write: see [`Error::cannot_read`] and [`Error::cannot_write`].
    #[error("cannot {action} {name}")]
    Io {
        /// What it refused.
        action: Action,
        /// The file, as it was named.
        name: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Columns do not fit the schema they are put under.
    #[error("column `{column}`: {problem}")]
    Column {
        /// Which column.
        column: String,
        /// What does not fit.
        problem: String,
    },
    /// Two tables that must have the same columns do not.
    #[error("the tables differ: {0}")]
    SchemaMismatch(Mismatch),
    /// A setting is out of its range.
    #[error("{name} must be {allowed}, got {got}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What is allowed.
        allowed: &'static str,
        /// What was given.
        got: String,
    },
    /// Training ended without a usable model.
    #[error("training failed: {0}")]
    Training(#[from] TrainingFailure),
    /// A model file cannot be used.
    #[error("model file: {0}")]
    ModelFile(String),
    /// An error from the caller's own code, such as a custom generator.
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// An [`Error::Io`] of reading what is called `name`.
    pub fn cannot_read(name: impl Into<String>, source: std::io::Error) -> Self {
        Error::Io { action: Action::Read, name: name.into(), source }
    }

    /// An [`Error::Io`] of writing what is called `name`.
    pub fn cannot_write(name: impl Into<String>, source: std::io::Error) -> Self {
        Error::Io { action: Action::Write, name: name.into(), source }
    }

    /// The kind of the error, for programs that act on it.
    ///
    /// ```
    /// use synth_core::ErrorKind;
    /// use synth_core::io::{Limits, ReadOptions, read_bytes};
    ///
    /// let limits = Limits { rows: 1, ..Limits::default() };
    /// let options = ReadOptions { limits, ..ReadOptions::default() };
    /// let error = read_bytes("age\n63\n41\n".into(), &options).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::TooLarge);
    /// assert!(error.is_of_input());
    /// ```
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::BadInput(bad) => bad.kind(),
            Error::Io { action: Action::Read, .. } => ErrorKind::Read,
            Error::Io { action: Action::Write | Action::Remove, .. } => ErrorKind::Write,
            Error::Column { .. } | Error::SchemaMismatch(_) => ErrorKind::Mismatch,
            Error::Setting { .. } => ErrorKind::Setting,
            Error::Training(TrainingFailure::Deadline { .. }) => ErrorKind::Deadline,
            Error::Training(TrainingFailure::Interrupted { .. }) => ErrorKind::Interrupted,
            Error::Training(_) => ErrorKind::Training,
            Error::ModelFile(_) => ErrorKind::ModelFile,
            Error::Other(_) => ErrorKind::Other,
        }
    }

    /// Whether another input may help: it breaks a rule or is too large, cannot be read, has other columns than are needed, or is
    /// no model file.
    pub fn is_of_input(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::Input | ErrorKind::TooLarge | ErrorKind::Read | ErrorKind::Mismatch | ErrorKind::ModelFile
        )
    }
}

/// What the operating system refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// To read.
    Read,
    /// To write.
    Write,
    /// To remove.
    Remove,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Action::Read => "read",
            Action::Write => "write",
            Action::Remove => "remove",
        })
    }
}

/// The sort of an [`Error`]: see [`Error::kind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input breaks a rule; [`BadInput::rule`] says which.
    Input,
    /// The input is larger than the limits.
    TooLarge,
    /// The operating system refused to read.
    Read,
    /// The operating system refused to write, or to remove.
    Write,
    /// Columns do not fit their schema, or those of another table.
    Mismatch,
    /// A setting is out of its range.
    Setting,
    /// Training ended without a usable model.
    Training,
    /// The time for training ran out.
    Deadline,
    /// An observer stopped training.
    Interrupted,
    /// A model file cannot be used.
    ModelFile,
    /// An error from the caller's own code.
    Other,
}

/// How the columns of two tables, or of a table and a schema, differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mismatch {
    /// There are more columns, or fewer.
    #[error("one has {found} columns, the other {expected}")]
    Count {
        /// The columns that are there.
        found: usize,
        /// The columns that there should be.
        expected: usize,
    },
    /// A column has another name or type.
    #[error("column {} has another name or type", .column_idx + 1)]
    Column {
        /// Its position, from 0.
        column_idx: usize,
    },
    /// The columns are the same, but not what the schemas say of them.
    #[error("a block has another schema than its file")]
    Schema,
    /// There is no table.
    #[error("no table to join")]
    NoTable,
}

/// Why training produced no usable model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TrainingFailure {
    /// The loss or its gradient left the numbers.
    #[error("the loss became non-finite at step {step}")]
    NonFinite {
        /// The optimiser step, from 1.
        step: u64,
    },
    /// The time budget ran out.
    #[error("the time budget ran out after {done} of {planned} epochs")]
    Deadline {
        /// Epochs done.
        done: usize,
        /// Epochs planned.
        planned: usize,
    },
    /// The observer ended it.
    #[error("interrupted after {done} of {planned} epochs")]
    Interrupted {
        /// Epochs done.
        done: usize,
        /// Epochs planned.
        planned: usize,
    },
    /// The held-out loss is no better than that of the baseline.
    #[error("nothing was learnt: held-out loss {loss:.4} (baseline {baseline:.4})")]
    NothingLearnt {
        /// The loss on the held-out rows.
        loss: f64,
        /// The loss there of predicting nothing.
        baseline: f64,
    },
}

/// A rule that every input must satisfy. Each has a stable name, shown in messages and documented here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputRule {
    /// The file has no bytes, or none after decompression.
    EmptyFile,
    /// There are too few training rows.
    TooFewRows,
    /// Every row has as many fields as the first.
    RaggedRow,
    /// No two columns have the same name.
    DuplicateColumn,
    /// A quoted field ends.
    OpenQuote,
    /// Text can be decoded in the file's encoding.
    Encoding,
    /// A cell, a file or what it decompresses to is not larger than the limits.
    TooLarge,
    /// A cell of a numeric column is a number or one of the missing tokens.
    NotANumber,
    /// A cell of a datetime column is written in the column's format.
    NotADate,
    /// The columns are those of the schema.
    UnknownColumn,
    /// A database has the table that is named; if none is named, it has exactly one.
    UnknownTable,
    /// The file is what its first bytes say, and whole.
    Corrupt,
    /// The file's format and its columns' types are among those that can be held.
    Unsupported,
    /// A pattern is well formed and matches a file.
    Pattern,
    /// The schema file is well formed.
    Schema,
    /// A level is one that the learnt table has.
    UnknownLevel,
    /// There is something to learn from.
    NothingToLearn,
    /// Rows that were never seen are not those that were.
    SameRows,
    /// Rows can be drawn that keep what was declared.
    Constraint,
}

impl InputRule {
    /// The rule's stable name, as messages show it.
    pub fn id(self) -> &'static str {
        match self {
            InputRule::EmptyFile => "empty-file",
            InputRule::TooFewRows => "too-few-rows",
            InputRule::RaggedRow => "ragged-row",
            InputRule::DuplicateColumn => "duplicate-column",
            InputRule::OpenQuote => "open-quote",
            InputRule::Encoding => "encoding",
            InputRule::TooLarge => "too-large",
            InputRule::NotANumber => "not-a-number",
            InputRule::NotADate => "not-a-date",
            InputRule::UnknownColumn => "unknown-column",
            InputRule::UnknownTable => "unknown-table",
            InputRule::Corrupt => "corrupt",
            InputRule::Unsupported => "unsupported",
            InputRule::Pattern => "pattern",
            InputRule::Schema => "schema",
            InputRule::UnknownLevel => "unknown-level",
            InputRule::NothingToLearn => "nothing-to-learn",
            InputRule::SameRows => "same-rows",
            InputRule::Constraint => "constraint",
        }
    }
}

/// Invalid input: where, which rule it violates, and how to fix it. Never contains a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadInput {
    /// The rule that is broken.
    pub rule: InputRule,
    /// The input's name, as it was given.
    pub input: Option<String>,
    /// The line of the file, from 1.
    pub line: Option<u64>,
    /// The column's name.
    pub column: Option<String>,
    /// What is wrong, in words.
    pub problem: String,
    /// What to do about it; may be empty.
    pub hint: String,
}

impl BadInput {
    /// A broken rule and what is wrong; the place is added by the `at_*` methods.
    pub fn new(rule: InputRule, problem: impl Into<String>) -> Self {
        Self { rule, input: None, line: None, column: None, problem: problem.into(), hint: String::new() }
    }

    /// [`ErrorKind::TooLarge`] if the rule is [`InputRule::TooLarge`], else [`ErrorKind::Input`].
    pub fn kind(&self) -> ErrorKind {
        if self.rule == InputRule::TooLarge { ErrorKind::TooLarge } else { ErrorKind::Input }
    }

    /// Names the input, unless it has a name already.
    #[must_use]
    pub fn in_input(mut self, name: &str) -> Self {
        self.input.get_or_insert_with(|| name.to_owned());
        self
    }

    /// Adds the line, counted from 1.
    #[must_use]
    pub fn at_line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    /// Adds the column's name.
    #[must_use]
    pub fn in_column(mut self, column: &str) -> Self {
        self.column = Some(column.to_owned());
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

impl fmt::Display for BadInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(input) = &self.input {
            write!(f, "{input}")?;
        }
        if let Some(line) = self.line {
            let before = if self.input.is_some() { ", " } else { "" };
            write!(f, "{before}line {line}")?;
        }
        if let Some(column) = &self.column {
            let before = if self.input.is_some() || self.line.is_some() { ", " } else { "" };
            write!(f, "{before}column `{column}`")?;
        }
        if self.input.is_some() || self.line.is_some() || self.column.is_some() {
            write!(f, ": ")?;
        }
        write!(f, "{} [{}]", self.problem, self.rule.id())?;
        if !self.hint.is_empty() {
            write!(f, "; {}", self.hint)?;
        }
        Ok(())
    }
}

impl std::error::Error for BadInput {}

impl From<BadInput> for Error {
    fn from(bad: BadInput) -> Self {
        Error::BadInput(Box::new(bad))
    }
}
