//! What can be wrong with a policy. A refused table is a [`Verdict`](crate::Verdict), not an error.

/// The result of reading a policy.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a policy cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no embedded policy of that name, and no other one takes its place.
    #[error("no policy `{name}`; available: {known}")]
    UnknownPolicy {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The text is not a policy: a syntax error, an unknown key, a missing one, or a value of the wrong type.
    #[error("not a policy")]
    Toml(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A text that people rely on is empty or has line breaks in it.
    #[error("the policy's `{field}` must be one line of text")]
    Text {
        /// The key in the policy's text.
        field: &'static str,
    },
    /// An embedded policy's name stands over other rules than its own.
    #[error("`{name}` is the name of an embedded policy with other rules; give this one a name of its own")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// A key that a policy cannot do without is not there.
    #[error("the policy has no `{key}`")]
    MissingKey {
        /// The key.
        key: &'static str,
    },
    /// The policy that is extended cannot be read.
    #[error("the policy `{name}` to extend cannot be read: {problem}")]
    NoBase {
        /// What stands after `extends`.
        name: String,
        /// Why not.
        problem: String,
    },
    /// The policy that is extended has a fault.
    #[error("in the extended policy `{name}`")]
    InBase {
        /// What stands after `extends`.
        name: String,
        /// Its fault.
        source: Box<Error>,
    },
    /// A policy extends itself, through others or not.
    #[error("policies extend each other in a cycle: `{name}` occurs twice")]
    Cycle {
        /// What stands after `extends` where the circle closes.
        name: String,
    },
    /// What is to be left out is not in the policy that is extended, or nothing is extended.
    #[error("`without` names `{item}`, which is neither a gate nor a requirement of any policy this one extends")]
    NothingToLeaveOut {
        /// The measure or requirement.
        item: String,
    },
    /// A gate stands in for one that is not there, or for itself.
    #[error("the gate on `{measure}` cannot stand in for `{other}`: the policy has no other gate on that")]
    StandsInForNone {
        /// The id in the gate.
        measure: String,
        /// The id it stands in for.
        other: String,
    },
    /// A recorded policy is not the one that was fixed.
    #[error("the policy `{name}` does not have the hash that was fixed")]
    Hash {
        /// The name.
        name: String,
    },
    /// Without a gate everything would pass.
    #[error("a policy needs at least one gate")]
    NoGates,
    /// A gate on a measure that nobody has defined.
    #[error("no measure `{measure}`; available: {known}")]
    UnknownMeasure {
        /// The id in the gate.
        measure: String,
        /// The ids there are.
        known: String,
    },
    /// Two gates on one measure.
    #[error("`{measure}` has two gates; put its `max` and `min` into one")]
    GateTwice {
        /// The id in both gates.
        measure: String,
    },
    /// A gate that lets everything through.
    #[error("the gate on `{measure}` has neither a `max` nor a `min`")]
    NoLimit {
        /// The id in the gate.
        measure: String,
    },
    /// A gate without a source.
    #[error("the gate on `{measure}` must state the source of its limit in one line (`source`)")]
    NoSource {
        /// The id in the gate.
        measure: String,
    },
    /// A limit that no value of the measure can reach.
    #[error("the limit {limit} on `{measure}` must lie between {low} and {high}")]
    LimitOutOfRange {
        /// The id in the gate.
        measure: String,
        /// The limit.
        limit: f64,
        /// The smallest value of the measure.
        low: f64,
        /// The largest value of the measure.
        high: f64,
    },
    /// A limit that refuses an ideal table.
    #[error("the limits on `{measure}` must allow its ideal {ideal}, got {limit}")]
    RefusesIdeal {
        /// The id in the gate.
        measure: String,
        /// The limit.
        limit: f64,
        /// The ideal value of the measure.
        ideal: f64,
    },
    /// The section `[protection]` asks for something without sense or source.
    #[error("the policy's `[protection]`: {problem}")]
    Protection {
        /// What is wrong.
        problem: &'static str,
    },
}

/// The kind of an [`Error`], for programs that act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no such policy, or one that it extends cannot be had.
    NotFound,
    /// The text has not the form of a policy.
    Form,
    /// It has the form, and says something that no policy may.
    Content,
    /// It is not the policy that was fixed.
    Changed,
}

impl Error {
    /// The kind of the error; for an error in an extended policy, the kind of that error.
    ///
    /// ```
    /// use synth_compliance::{ErrorKind, Policy};
    ///
    /// assert_eq!(Policy::named("hippa").unwrap_err().kind(), ErrorKind::NotFound);
    /// ```
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::UnknownPolicy { .. } | Error::NoBase { .. } => ErrorKind::NotFound,
            Error::Toml(_) => ErrorKind::Form,
            Error::Hash { .. } => ErrorKind::Changed,
            Error::InBase { source, .. } => source.kind(),
            Error::Text { .. }
            | Error::NameTaken { .. }
            | Error::MissingKey { .. }
            | Error::Cycle { .. }
            | Error::NothingToLeaveOut { .. }
            | Error::StandsInForNone { .. }
            | Error::NoGates
            | Error::UnknownMeasure { .. }
            | Error::GateTwice { .. }
            | Error::NoLimit { .. }
            | Error::NoSource { .. }
            | Error::LimitOutOfRange { .. }
            | Error::RefusesIdeal { .. }
            | Error::Protection { .. } => ErrorKind::Content,
        }
    }
}
