//! One difference between a policy and the one it extends.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One difference between a policy and the one it extends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The policy that makes it.
    pub policy: String,
    /// The policy it extends.
    pub base: String,
    /// What is different: `max of mia_auc`.
    pub item: String,
    /// In the base; nothing if it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// In the policy; nothing if it is not there any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What that does.
    pub direction: Direction,
}

/// Whether a change tightens or loosens a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// More gets through.
    Loosened,
    /// Less gets through.
    Tightened,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Change { policy, base, item, from, to, direction } = self;
        let word = match direction {
            Direction::Loosened => "loosened",
            Direction::Tightened => "tightened",
        };
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
        write!(f, "{policy} extends {base}, {word}: {item}, {} -> {}", shown(from), shown(to))
    }
}
