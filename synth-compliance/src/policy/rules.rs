//! What a policy comes to: its limits and conditions, checked.

use serde::{Deserialize, Serialize};
use synth_metrics::{Battery, Interval, MEASURES, definition};

use super::change::Change;
use super::demands::Demands;
use crate::digest::{canonical, sha256};
use crate::error::{Error, Result};
use crate::figure;

/// Limits on quality reports, checked when it was read.
///
/// ```
/// use synth_compliance::Policy;
///
/// let policy = Policy::named("hipaa")?;
/// assert_eq!(policy.gates().len(), 20);
/// assert!(Policy::named("hippa").is_err());                  // never a default in place of a misspelt name
/// assert_eq!(Policy::from_toml(&policy.to_toml())?, policy);
/// # Ok::<(), synth_compliance::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Policy {
    name: String,
    version: String,
    title: String,
    min_rows: usize,
    inconclusive: Inconclusive,
    requires: Vec<Requirement>,
    protection: Demands,
    gates: Vec<Gate>,
    #[serde(skip)]
    extends: Vec<String>,
    #[serde(skip)]
    changes: Vec<Change>,
}

/// The identity of a policy, for records.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyId {
    /// The name, as in `--policy NAME`.
    pub name: String,
    /// The version, which changes with every limit.
    pub version: String,
    /// The [hash](Policy::sha256) of all that it comes to.
    pub sha256: String,
}

/// How a policy treats missing or inconclusive evidence for a hard gate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Inconclusive {
    /// Say so: the decision is [`NotEnoughEvidence`](crate::Decision::NotEnoughEvidence). The default.
    #[default]
    Report,
    /// Refuse.
    Refuse,
}

/// A requirement on how a table was generated, which no measure of the table can replace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Requirement {
    /// The generator comes with a proof of differential privacy. No generator of this version does.
    DifferentialPrivacyProof,
}

/// The effect of a gate on the decision, from strongest to weakest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// A broken limit, or a measure that is owed, refuses. Where the evidence is too weak, or its input was not there, the
    /// policy says what follows ([`Inconclusive`]). The default.
    #[default]
    Hard,
    /// The same, but weak evidence always leaves the decision open and never refuses.
    Mandatory,
    /// A gate that does not pass is a finding: it is reported, but does not prevent acceptance.
    Soft,
}

impl Gate {
    /// The limits in signs, exactly: `≤ 0.005`, `0.40 to 0.60`, `fails > 0.02`.
    pub fn limits(&self) -> String {
        figure::all_limits([self.min, self.max], [self.fail_below, self.fail_above])
    }

    /// The limits from above and those from below.
    pub(super) fn by_side(&self) -> [[Option<f64>; 2]; 2] {
        [[self.max, self.fail_above], [self.min, self.fail_below]]
    }
}

impl Class {
    /// The name in policies and verdicts.
    pub fn id(self) -> &'static str {
        match self {
            Class::Hard => "hard",
            Class::Mandatory => "mandatory",
            Class::Soft => "soft",
        }
    }
}

impl Requirement {
    /// The id in policies and verdicts.
    pub fn id(self) -> &'static str {
        match self {
            Requirement::DifferentialPrivacyProof => "differential-privacy-proof",
        }
    }
}

/// A limit on one measure; inclusive on both sides.
///
/// `max` and `min` have to be *shown* to be kept, by the less favourable 95 % bound. `fail_above` and `fail_below` have to be
/// shown to be *broken*, by the more favourable one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// The measure's id in the registry.
    pub measure: String,
    /// The largest value that passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The smallest value that passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The largest value that is no evidence of harm: the gate fails where even the more favourable bound is above it, and
    /// otherwise this limit asks for nothing. For harm that few rows can show, while they could not show that there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_above: Option<f64>,
    /// The smallest value that is no evidence of harm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_below: Option<f64>,
    /// What its outcome does to the decision.
    #[serde(default)]
    pub class: Class,
    /// Another gate's measure. Where that one has no object in the table (distances of numbers, where there are none),
    /// this gate counts in the other's class, if that is the stronger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands_in_for: Option<String>,
    /// Where the limit comes from, in words.
    pub source: String,
}

impl Policy {
    /// SHA-256 of the resolved policy, in hexadecimal: its texts, its limits with classes and sources, and whatever it
    /// takes from others. The order of keys and gates, comments and blanks do not count.
    pub fn sha256(&self) -> String {
        sha256(self.canonical().as_bytes())
    }

    pub(super) fn canonical(&self) -> String {
        let mut sorted = self.clone();
        sorted.gates.sort_by(|a, b| a.measure.cmp(&b.measure));
        canonical(&sorted)
    }

    /// Name, version and hash.
    pub fn id(&self) -> PolicyId {
        PolicyId { name: self.name.clone(), version: self.version.clone(), sha256: self.sha256() }
    }

    /// The names of the policies it extends, the nearest first; none for one that stands alone.
    pub fn extends(&self) -> &[String] {
        &self.extends
    }

    /// Its changes to those, the farthest first, including loosened limits.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The policy as TOML that [`Policy::from_toml`] reads back, with what it takes from others written out: the hash is the
    /// same. Comments are not kept.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a policy has only text, numbers and lists of tables")
    }

    pub(super) fn with_changes(self, changes: Vec<Change>) -> Policy {
        Policy { changes, ..self }
    }

    /// The name, as in `--policy NAME`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version: it changes with every limit, so that a verdict says which limits it kept.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What the policy is for, in one line.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The minimum number of training rows.
    pub fn min_rows(&self) -> usize {
        self.min_rows
    }

    /// How missing or inconclusive evidence is treated.
    pub fn inconclusive(&self) -> Inconclusive {
        self.inconclusive
    }

    /// The conditions on how the table was made.
    pub fn requires(&self) -> &[Requirement] {
        &self.requires
    }

    /// The protection required before training.
    pub fn protection(&self) -> &Demands {
        &self.protection
    }

    /// The measures that its hard and mandatory gates need: [`Battery::Full`] if one of them is in that battery only.
    pub fn battery(&self) -> Battery {
        let of_gate = |gate: &Gate| definition(&gate.measure).map_or(Battery::Core, |definition| definition.battery);
        self.gates.iter().filter(|gate| gate.class < Class::Soft).map(of_gate).max().unwrap_or_default()
    }

    /// The measures that its soft gates need beside that battery.
    pub fn also(&self) -> Vec<String> {
        let battery = self.battery();
        let is_beside = |gate: &&Gate| definition(&gate.measure).is_some_and(|d| d.battery > battery);
        self.gates.iter().filter(is_beside).map(|gate| gate.measure.clone()).collect()
    }

    /// The limits; one gate per measure, at least one in all.
    pub fn gates(&self) -> &[Gate] {
        &self.gates
    }
}

/// All that a policy comes to, before it is checked.
pub(super) struct Unchecked {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) title: String,
    pub(super) min_rows: usize,
    pub(super) inconclusive: Inconclusive,
    pub(super) requires: Vec<Requirement>,
    pub(super) gates: Vec<Gate>,
    pub(super) protection: Demands,
    pub(super) extends: Vec<String>,
    pub(super) changes: Vec<Change>,
}

impl TryFrom<Unchecked> for Policy {
    type Error = Error;

    fn try_from(policy: Unchecked) -> Result<Policy> {
        let Unchecked { name, version, title, min_rows, inconclusive, requires, gates, protection, extends, changes } =
            policy;
        protection.check()?;
        for (field, value) in [("name", &name), ("version", &version), ("title", &title)] {
            if !is_line(value) {
                return Err(Error::Text { field });
            }
        }
        if gates.is_empty() {
            return Err(Error::NoGates);
        }
        check_once(&gates)?;
        gates.iter().try_for_each(|gate| check_gate(gate, &gates))?;
        Ok(Policy { name, version, title, min_rows, inconclusive, requires, gates, protection, extends, changes })
    }
}

/// Fails if a measure has two gates.
pub(super) fn check_once(gates: &[Gate]) -> Result<()> {
    let twice = gates.iter().enumerate().find(|(i, gate)| gates[..*i].iter().any(|g| g.measure == gate.measure));
    twice.map_or(Ok(()), |(_, gate)| Err(Error::GateTwice { measure: gate.measure.clone() }))
}

fn check_gate(gate: &Gate, all: &[Gate]) -> Result<()> {
    let measure = gate.measure.clone();
    let Some(definition) = definition(&measure) else {
        let known = MEASURES.iter().map(|d| d.id).collect::<Vec<_>>().join(", ");
        return Err(Error::UnknownMeasure { measure, known });
    };
    let [above, below] = gate.by_side();
    if above.iter().chain(&below).all(Option::is_none) {
        return Err(Error::NoLimit { measure });
    }
    if !is_line(&gate.source) {
        return Err(Error::NoSource { measure });
    }
    let Interval { low, high } = definition.range;
    for limit in above.into_iter().chain(below).flatten() {
        // `contains` is false for NaN, which TOML can write.
        if !(low..=high).contains(&limit) {
            return Err(Error::LimitOutOfRange { measure, limit, low, high });
        }
    }
    if let Some(other) = &gate.stands_in_for
        && (*other == measure || !all.iter().any(|g| g.measure == *other))
    {
        return Err(Error::StandsInForNone { measure, other: other.clone() });
    }
    let ideal = definition.ideal;
    let above = above.into_iter().flatten().find(|limit| *limit < ideal);
    let below = below.into_iter().flatten().find(|limit| *limit > ideal);
    match above.or(below) {
        Some(limit) => Err(Error::RefusesIdeal { measure, limit, ideal }),
        None => Ok(()),
    }
}

pub(super) fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains(char::is_control)
}
