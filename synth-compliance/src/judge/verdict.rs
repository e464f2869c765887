//! What a policy makes of a report: a decision, a score and the checks that they follow from.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::check::Check;
use super::status::Effect;

/// The version of the verdict's JSON form. A verdict of another version is not read.
pub const VERDICT_VERSION: u32 = 3;

/// The disclaimer that accompanies every displayed verdict.
pub const DISCLAIMER: &str = "\
The checks listed here are automated: they compare the named files with the limits of one written policy. They are not \
legal advice, not an expert determination under 45 CFR 164.514(b)(1), and not a finding that nobody can be identified from \
the table, under the GDPR or any other law; no regulator has approved them. An attack that was run and failed is \
evidence against that attack alone, at the stated numbers of rows and at 95 % confidence: a stronger attacker, one \
who knows more, a second release, or access to the model may succeed. Nothing here bounds the risk mathematically. \
Limits are customary values or our own, as stated with each. A qualified person must decide whether to release the table. \
Synthetic values are not observations: do not treat a patient by them, and do not rely on any result before it is confirmed \
on real data.";

/// The verdict of a policy on a report.
///
/// `Display` prints it for people, a line per check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Verdict {
    /// [`VERDICT_VERSION`].
    #[serde(deserialize_with = "known_version")]
    pub version: u32,
    /// The policy's name.
    pub policy: String,
    /// The policy's version.
    pub policy_version: String,
    /// The policy's [hash](crate::Policy::sha256): which limits exactly.
    pub policy_sha256: String,
    /// The outcome: that of the worst check.
    pub decision: Decision,
    /// How far from the limits the table is. Means nothing without the decision.
    pub score: Score,
    /// The rows, then the policy's requirements, then its gates, each in the policy's order; then the domains of which
    /// nothing could be judged.
    pub checks: Vec<Check>,
}

fn known_version<'de, D: Deserializer<'de>>(form: D) -> Result<u32, D::Error> {
    match u32::deserialize(form)? {
        VERDICT_VERSION => Ok(VERDICT_VERSION),
        other => Err(D::Error::custom(format!(
            "the verdict has version {other}; this program knows version {VERDICT_VERSION}"
        ))),
    }
}

/// The outcome of a verdict, from the worst to the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// At least one check that counts failed, or is owed.
    Refused,
    /// No such check, but at least one could not be made or decides nothing.
    NotEnoughEvidence,
    /// Only checks of [soft](crate::Class::Soft) gates did not pass.
    AcceptedWithFindings,
    /// Every check passed. A statement about these checks, not about the law.
    Accepted,
}

impl Decision {
    /// Whether the table is accepted, with or without findings.
    pub fn is_accepted(self) -> bool {
        self >= Decision::AcceptedWithFindings
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Decision::Refused => "refused",
            Decision::NotEnoughEvidence => "not enough evidence",
            Decision::AcceptedWithFindings => "accepted with findings",
            Decision::Accepted => "accepted",
        })
    }
}

/// The smallest margin to a limit, in whole percent, rounded down.
///
/// 100 is an ideal table, 0 one that touches a limit. Two numbers, because what was not measured counts as 0 in the
/// one and as ideal in the other. A refused table has 0 in both; without enough evidence both are at most 49.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Score {
    /// The score that the evidence supports: the one to quote.
    pub at_least: u8,
    /// What it could become if all that was not measured turned out ideal.
    pub at_most: u8,
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at_least == self.at_most {
            true => write!(f, "{} %", self.at_least),
            false => write!(f, "{} to {} %", self.at_least, self.at_most),
        }
    }
}

impl Verdict {
    /// The check called `id`.
    pub fn check(&self, id: &str) -> Option<&Check> {
        self.checks.iter().find(|c| c.id == id)
    }

    /// The sentences of the checks that refuse the table, in order.
    pub fn violations(&self) -> impl Iterator<Item = &str> {
        self.with_effect(Effect::Refuses)
    }

    /// The sentences of the checks that leave the decision open, in order.
    pub fn gaps(&self) -> impl Iterator<Item = &str> {
        self.with_effect(Effect::Open)
    }

    /// The sentences of the soft gates that did not pass, in order.
    pub fn findings(&self) -> impl Iterator<Item = &str> {
        self.with_effect(Effect::Finding)
    }

    fn with_effect(&self, effect: Effect) -> impl Iterator<Item = &str> {
        self.checks.iter().filter(move |c| c.effect == effect).map(|c| c.sentence.as_str())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Verdict { policy, policy_version, decision, score, checks, .. } = self;
        writeln!(f, "policy {policy}, version {policy_version}: {decision}, score {score}")?;
        checks.iter().try_for_each(|check| writeln!(f, "  {}", check.view()))
    }
}
