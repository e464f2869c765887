//! Policies: which limits a quality report has to keep, each with the place where it comes from.
//!
//! A policy is data. Four are embedded ([`Policy::named`]), others are read from TOML ([`Policy::from_toml`]), and
//! both are checked by the same code, so that a [`Policy`] in hand is a valid one. A policy of one's own may
//! [extend](crate::extends) another. What it comes to has a hash ([`Policy::sha256`]), to be fixed before a generator is trained:
//! limits that were moved afterwards are another policy. Left out on purpose: conditions between gates, but for
//! [`Gate::stands_in_for`], and weights. A table keeps every limit or it does not pass.

use serde::{Deserialize, Serialize};
use synth_metrics::{Battery, Interval, MEASURES, definition};

use crate::digest::{canonical, sha256};
use crate::extends::{Base, Change, Written, resolve};
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
/// assert_eq!(policy.gates().len(), 6);
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

/// What a policy makes of evidence for a hard gate that could not be had or is too weak.
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
#[non_exhaustive]
pub enum Requirement {
    /// The generator comes with a proof of differential privacy. No generator of this version does.
    DifferentialPrivacyProof,
}

/// What a gate's outcome does to the decision; from the strongest to the weakest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// A broken limit, or a measure that is owed, refuses. Where the evidence is too weak, or its input was not there, the
    /// policy says what follows ([`Inconclusive`]). The default.
    #[default]
    Hard,
    /// The same, but weak evidence always leaves the decision open and never refuses.
    Mandatory,
    /// Whatever is not a pass is a finding: it is told, and keeps no table from being accepted.
    Soft,
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

    /// Reads and checks a policy in TOML; the embedded ones are examples of the form. It may extend an embedded policy.
    ///
    /// # Errors
    /// [`Error::Toml`] if the text is no TOML or has an unknown key. The other variants if a key is missing, it has no
    /// gates, an unknown measure, a limit that is not a number in the measure's range, limits that would refuse an
    /// ideal table, or an embedded policy's name over other rules; [`Error::NoBase`] if it extends another file.
    pub fn from_toml(text: &str) -> Result<Policy> {
        let nowhere = |_: &str, _: &str| Err("files are not looked for here".to_owned());
        Policy::from_toml_with_bases(Base { id: String::new(), toml: text.to_owned() }, nowhere)
    }

    /// The same where a policy may extend others that `read` finds, given the name after `extends` and the
    /// [id](Base::id) of the policy that has it. Embedded names are never asked for.
    ///
    /// # Errors
    /// As [`Policy::from_toml`], of any policy of the chain; [`Error::NoBase`] with what `read` said;
    /// [`Error::Cycle`] if a policy extends itself, through others or not.
    pub fn from_toml_with_bases(
        policy: Base,
        read: impl FnMut(&str, &str) -> std::result::Result<Base, String>,
    ) -> Result<Policy> {
        let policy = resolve(policy, read)?;
        match embedded(&policy.name) {
            Some(own) if own.canonical() != policy.canonical() => Err(Error::NameTaken { name: policy.name }),
            _ => Ok(policy),
        }
    }

    /// A policy as a record holds it: [`Policy::to_toml`] and the hash that was fixed. Unlike [`Policy::from_toml`] it may have
    /// the name of an embedded policy with other rules, for the embedded ones change with the version.
    ///
    /// # Errors
    /// [`Error::Hash`] if the hash is another; else as [`Policy::from_toml`].
    pub fn recorded(toml: &str, sha256: &str) -> Result<Policy> {
        let policy = Written::parse(toml)?.alone()?;
        match policy.sha256() == sha256 {
            true => Ok(policy),
            false => Err(Error::Hash { name: policy.name }),
        }
    }

    /// SHA-256 of all that the policy comes to, in hexadecimal: its texts, its limits with classes and sources, and
    /// whatever it takes from others. The order of keys and gates, comments and blanks do not count.
    pub fn sha256(&self) -> String {
        sha256(self.canonical().as_bytes())
    }

    fn canonical(&self) -> String {
        let mut sorted = self.clone();
        sorted.gates.sort_by(|a, b| a.measure.cmp(&b.measure));
        canonical(&sorted)
    }

    /// The names of the policies it extends, the nearest first; none for one that stands alone.
    pub fn extends(&self) -> &[String] {
        &self.extends
    }

    /// What it changes in those, the farthest first. Loosened limits are among them.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The policy as TOML that [`Policy::from_toml`] reads back, with what it takes from others written out: the hash is the
    /// same. Comments are not kept.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a policy holds text, numbers and lists of tables alone")
    }

    pub(crate) fn with_changes(self, changes: Vec<Change>) -> Policy {
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

/// All that a policy comes to, before it is checked.
pub(crate) struct Unchecked {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) title: String,
    pub(crate) min_rows: usize,
    pub(crate) inconclusive: Inconclusive,
    pub(crate) requires: Vec<Requirement>,
    pub(crate) gates: Vec<Gate>,
    pub(crate) protection: Demands,
    pub(crate) extends: Vec<String>,
    pub(crate) changes: Vec<Change>,
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

pub(crate) fn embedded(name: &str) -> Option<Policy> {
    let (_, text) = EMBEDDED.iter().find(|(n, _)| *n == name)?;
    let read = Written::parse(text).and_then(Written::alone);
    Some(read.expect("the tests read every embedded policy"))
}

/// Fails if a measure has two gates.
pub(crate) fn check_once(gates: &[Gate]) -> Result<()> {
    let twice = gates.iter().enumerate().find(|(i, gate)| gates[..*i].iter().any(|g| g.measure == gate.measure));
    twice.map_or(Ok(()), |(_, gate)| Err(Error::GateTwice { measure: gate.measure.clone() }))
}

fn check_gate(gate: &Gate, all: &[Gate]) -> Result<()> {
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
    let Interval { low, high } = definition.range;
    for limit in gate.max.into_iter().chain(gate.min) {
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
    match (gate.max.filter(|max| *max < ideal), gate.min.filter(|min| *min > ideal)) {
        (Some(limit), _) | (None, Some(limit)) => Err(Error::RefusesIdeal { measure, limit, ideal }),
        (None, None) => Ok(()),
    }
}

pub(crate) fn is_line(text: &str) -> bool {
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
        check("min_rows = 10", "", "MissingKey");
        check("min_rows = 10", "min_rows = 10\nwithout = [\"mia_auc\"]", "NothingToLeaveOut");
        check("max = 0.2", "max = 0.2\nclass = \"optional\"", "Toml");
        check("max = 0.2", "max = 0.2\nstands_in_for = \"ks_mean\"", "StandsInForNone");
        check("max = 0.2", "max = 0.2\nstands_in_for = \"tvd_mean\"", "StandsInForNone");
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

    #[test]
    fn the_hash_is_of_what_is_said_and_not_of_how() {
        let hash = |text: &str| Policy::from_toml(text).unwrap().sha256();
        let text = Policy::named("hipaa").unwrap().to_toml();
        assert_eq!(hash(&text), Policy::named("hipaa").unwrap().sha256());
        let own = |text: &str| hash(&text.replace("\"hipaa\"", "\"mine\""));
        // Comments, blanks, the order of gates and of keys in them.
        let (top, gates) = text.split_once("[[gates]]").unwrap();
        let mut turned: Vec<&str> = gates.split("[[gates]]").collect();
        turned.reverse();
        let turned: Vec<String> = turned
            .iter()
            .map(|gate| {
                gate.lines().filter(|line| !line.is_empty()).rev().fold(String::new(), |all, line| all + line + "\n")
            })
            .collect();
        let turned = format!("# mine\n{}[[gates]]\n{}", top.replace(" = ", "   =  "), turned.join("\n[[gates]]\n"));
        assert_ne!(turned, text);
        assert_eq!(own(&turned), own(&text));
        // Every line of it counts.
        let n_lines = text.lines().filter(|line| line.contains(" = ") && !line.starts_with("requires")).count();
        let mut hashes = vec![own(&text)];
        for i in 0..n_lines {
            let line =
                text.lines().filter(|line| line.contains(" = ") && !line.starts_with("requires")).nth(i).unwrap();
            let (key, value) = line.split_once(" = ").unwrap();
            let other = match key {
                "name" => "\"another\"".to_owned(),
                "min_rows" => "101".to_owned(),
                "inconclusive" => "\"refuse\"".to_owned(),
                "max" => format!("{:?}", value.parse::<f64>().unwrap() * 1.25),
                "min" => format!("{:?}", value.parse::<f64>().unwrap() * 0.75),
                "class" => if value == "\"soft\"" { "\"hard\"" } else { "\"soft\"" }.to_owned(),
                "stands_in_for" => "\"mia_auc\"".to_owned(),
                "measure" => "\"missing_delta\"".to_owned(),
                "k" => "12".to_owned(),
                "to" => "\"month\"".to_owned(),
                _ => value.replacen('"', "\"x", 1),
            };
            // The i-th such line alone.
            let mut seen = 0;
            let changed: String = text
                .lines()
                .map(|l| {
                    let counts = l.contains(" = ") && !l.starts_with("requires");
                    seen += usize::from(counts);
                    if counts && seen == i + 1 { format!("{key} = {other}\n") } else { format!("{l}\n") }
                })
                .collect();
            match Policy::from_toml(&changed.replace("name = \"hipaa\"", "name = \"mine\"")) {
                Ok(policy) => hashes.push(policy.sha256()),
                // Others stand in for the measure that went, or its limit is none for the new one.
                Err(Error::StandsInForNone { .. } | Error::RefusesIdeal { .. }) => (),
                Err(error) => panic!("{error}"),
            }
        }
        assert!(hashes.len() > 15, "{}", hashes.len());
        let n = hashes.len();
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), n);
    }
}
