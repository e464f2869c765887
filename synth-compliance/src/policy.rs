//! Policies: which limits a quality report has to keep, each with the place where it comes from.
//!
//! A policy is data. Four are embedded ([`Policy::named`]), others are read from TOML ([`Policy::from_toml`]), and
//! both are checked by the same code, so that a [`Policy`] in hand is a valid one. Left out on purpose: conditions
//! between gates and weights. A table keeps every limit or it does not pass.

use serde::{Deserialize, Serialize};
use synth_metrics::{Battery, MEASURES, definition};

use crate::protection::Demands;
use crate::{Error, Result};

/// The embedded policies, by name.
const EMBEDDED: [(&str, &str); 4] = [
    ("hipaa", include_str!("policies/hipaa.toml")),
    ("gdpr", include_str!("policies/gdpr.toml")),
    ("clinical-strict", include_str!("policies/clinical-strict.toml")),
    ("research", include_str!("policies/research.toml")),
];

/// Limits on quality reports, checked when it was read.
///
/// ```
/// use synth_compliance::Policy;
///
/// let policy = Policy::named("hipaa")?;
/// assert_eq!(policy.gates().len(), 4);
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
    gates: Vec<Gate>,
    protection: Demands,
}

/// What a policy makes of evidence that is missing or too weak.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Inconclusive {
    /// Say so: the decision is [`NotEnoughEvidence`](crate::Decision::NotEnoughEvidence). The default.
    #[default]
    Report,
    /// Refuse.
    Refuse,
}

/// A condition on how a table was made, which no measure of the table can stand in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Requirement {
    /// The generator comes with a proof of differential privacy. No generator of this version does.
    DifferentialPrivacyProof,
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
    /// Where the limit comes from, in words.
    pub source: String,
}

impl Policy {
    /// The names of the embedded policies.
    pub fn names() -> impl Iterator<Item = &'static str> {
        EMBEDDED.iter().map(|(name, _)| *name)
    }

    /// The embedded policy of that name, spelt exactly so.
    ///
    /// # Errors
    /// [`Error::UnknownPolicy`] for any other name, with the list of names.
    pub fn named(name: &str) -> Result<Policy> {
        match embedded(name) {
            Some(policy) => Ok(policy),
            None => Err(Error::UnknownPolicy {
                name: name.to_owned(),
                known: Policy::names().collect::<Vec<_>>().join(", "),
            }),
        }
    }

    /// Reads and checks a policy in TOML; the embedded ones are examples of the form.
    ///
    /// # Errors
    /// [`Error::Toml`] if the text is no TOML, lacks a key or has an unknown one. The other variants if it has no
    /// gates, an unknown measure, a limit that is not a number in the measure's range, limits that would refuse an
    /// ideal table, or an embedded policy's name over other rules.
    pub fn from_toml(text: &str) -> Result<Policy> {
        let policy = parse(text)?;
        match embedded(&policy.name) {
            Some(own) if own != policy => Err(Error::NameTaken { name: policy.name }),
            _ => Ok(policy),
        }
    }

    /// The policy as TOML that [`Policy::from_toml`] reads back unchanged. Comments are not kept.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a policy holds text, numbers and lists of tables alone")
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

    /// The fewest rows to learn from.
    pub fn min_rows(&self) -> usize {
        self.min_rows
    }

    /// What missing or weak evidence leads to.
    pub fn inconclusive(&self) -> Inconclusive {
        self.inconclusive
    }

    /// The conditions on how the table was made.
    pub fn requires(&self) -> &[Requirement] {
        &self.requires
    }

    /// What is to be done to a table before training.
    pub fn protection(&self) -> &Demands {
        &self.protection
    }

    /// The measures that its gates need: [`Battery::Full`] if one of them is in that battery only.
    pub fn battery(&self) -> Battery {
        let of_gate = |gate: &Gate| definition(&gate.measure).map_or(Battery::Core, |definition| definition.battery);
        self.gates.iter().map(of_gate).max().unwrap_or_default()
    }

    /// The limits; one gate per measure, at least one in all.
    pub fn gates(&self) -> &[Gate] {
        &self.gates
    }
}

/// A policy as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    name: String,
    version: String,
    title: String,
    min_rows: usize,
    #[serde(default)]
    inconclusive: Inconclusive,
    #[serde(default)]
    requires: Vec<Requirement>,
    #[serde(default)]
    gates: Vec<Gate>,
    #[serde(default)]
    protection: Demands,
}

impl TryFrom<Unchecked> for Policy {
    type Error = Error;

    fn try_from(text: Unchecked) -> Result<Policy> {
        let Unchecked { name, version, title, min_rows, inconclusive, requires, gates, protection } = text;
        protection.check()?;
        for (field, value) in [("name", &name), ("version", &version), ("title", &title)] {
            if !is_line(value) {
                return Err(Error::Text { field });
            }
        }
        if gates.is_empty() {
            return Err(Error::NoGates);
        }
        for (i, gate) in gates.iter().enumerate() {
            check_gate(gate)?;
            if gates[..i].iter().any(|g| g.measure == gate.measure) {
                return Err(Error::GateTwice { measure: gate.measure.clone() });
            }
        }
        Ok(Policy { name, version, title, min_rows, inconclusive, requires, gates, protection })
    }
}

fn parse(text: &str) -> Result<Policy> {
    toml::from_str::<Unchecked>(text).map_err(|e| Error::Toml(Box::new(e)))?.try_into()
}

fn embedded(name: &str) -> Option<Policy> {
    let (_, text) = EMBEDDED.iter().find(|(n, _)| *n == name)?;
    Some(parse(text).expect("the tests read every embedded policy"))
}

fn check_gate(gate: &Gate) -> Result<()> {
    let measure = gate.measure.clone();
    let Some(definition) = definition(&measure) else {
        let known = MEASURES.iter().map(|d| d.id).collect::<Vec<_>>().join(", ");
        return Err(Error::UnknownMeasure { measure, known });
    };
    if gate.max.is_none() && gate.min.is_none() {
        return Err(Error::NoLimit { measure });
    }
    if !is_line(&gate.source) {
        return Err(Error::NoSource { measure });
    }
    let (low, high) = definition.range;
    for limit in gate.max.into_iter().chain(gate.min) {
        // `contains` is false for NaN, which TOML can write.
        if !(low..=high).contains(&limit) {
            return Err(Error::LimitOutOfRange { measure, limit, low, high });
        }
    }
    let ideal = definition.ideal;
    match (gate.max.filter(|max| *max < ideal), gate.min.filter(|min| *min > ideal)) {
        (Some(limit), _) | (None, Some(limit)) => Err(Error::RefusesIdeal { measure, limit, ideal }),
        (None, None) => Ok(()),
    }
}

fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
        name = "mine"
        version = "1"
        title = "a test"
        min_rows = 10
        [[gates]]
        measure = "ks_mean"
        max = 0.2
        source = "a test"
    "#;

    #[test]
    fn every_embedded_policy_is_valid_and_survives_the_round_trip() {
        for name in Policy::names() {
            let policy = Policy::named(name).unwrap();
            assert_eq!(policy.name(), name);
            assert_eq!(Policy::from_toml(&policy.to_toml()).unwrap(), policy);
        }
    }

    #[test]
    fn an_unknown_name_is_an_error_that_lists_the_names() {
        for name in ["", "HIPAA", "hipaa ", "default"] {
            let message = Policy::named(name).unwrap_err().to_string();
            assert!(message.ends_with("there are hipaa, gdpr, clinical-strict, research"), "{message}");
        }
    }

    #[test]
    fn a_faulty_policy_is_an_error() {
        let check = |from: &str, to: &str, expected: &str| {
            assert!(SMALL.contains(from), "{from}");
            let error = Policy::from_toml(&SMALL.replace(from, to)).unwrap_err();
            assert!(format!("{error:?}").starts_with(expected), "{error:?} is not {expected}");
        };
        assert_eq!(Policy::from_toml(SMALL).unwrap().inconclusive(), Inconclusive::Report);
        check("min_rows", "minimum_rows", "Toml");
        check("min_rows = 10", "", "Toml");
        check("max", "maximum", "Toml");
        check("title = \"a test\"", "title = \"a test\"\nextra = 1", "Toml");
        check("min_rows = 10", "min_rows = -1", "Toml");
        check("min_rows = 10", "min_rows = 10\nrequires = [\"magic\"]", "Toml");
        check("min_rows = 10", "min_rows = 10\ninconclusive = \"pass\"", "Toml");
        check("ks_mean", "ks", "UnknownMeasure");
        check("0.2", "1.2", "LimitOutOfRange");
        check("0.2", "-0.1", "LimitOutOfRange");
        check("0.2", "nan", "LimitOutOfRange");
        check("0.2", "inf", "LimitOutOfRange");
        check("max = 0.2", "min = 0.2", "RefusesIdeal");
        check("max = 0.2", "", "NoLimit");
        check("source = \"a test\"", "source = \" \"", "NoSource");
        check("\"1\"", "\"\"", "Text");
        check("\"mine\"", "\"hipaa\"", "NameTaken");
        check(&SMALL[SMALL.find("[[gates]]").unwrap()..], "", "NoGates");
        let twice = format!("{SMALL}{}", &SMALL[SMALL.find("[[gates]]").unwrap()..]);
        assert!(matches!(Policy::from_toml(&twice), Err(Error::GateTwice { .. })));
    }
}
