//! Policies: which limits a quality report has to keep, each with the place where it comes from.
//!
//! A policy is data. Four are embedded ([`Policy::named`]), others are read from TOML ([`Policy::from_toml`]), and
//! both are checked by the same code, so that a [`Policy`] in hand is a valid one. A policy of one's own may
//! [extend](extends) another. What it comes to has a hash ([`Policy::sha256`]), to be fixed before a generator is trained:
//! limits that were moved afterwards are another policy. Left out on purpose: conditions between gates, but for
//! [`Gate::stands_in_for`], and weights. A table keeps every limit or it does not pass.

mod change;
mod demands;
pub mod extends;
mod rules;
mod written;

pub use change::{Change, Direction};
pub use demands::{Dates, DatesTo, Demands, Smallest};
pub use extends::Base;
pub use rules::{Class, Gate, Inconclusive, Policy, PolicyId, Requirement};

use crate::error::{Error, Result};
use extends::resolve;
use written::{EMBEDDED, Written, embedded};

impl Policy {
    /// The names of the embedded policies.
    pub fn names() -> impl Iterator<Item = &'static str> {
        EMBEDDED.iter().map(|(name, _)| *name)
    }

    /// The embedded policy of exactly that name.
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
        match embedded(policy.name()) {
            Some(own) if own.canonical() != policy.canonical() => {
                Err(Error::NameTaken { name: policy.name().to_owned() })
            }
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
            false => Err(Error::Hash { name: policy.name().to_owned() }),
        }
    }
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
            assert!(message.ends_with("available: hipaa, gdpr, clinical-strict, research"), "{message}");
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
                "max" | "fail_above" => format!("{:?}", value.parse::<f64>().unwrap() * 1.25),
                "min" | "fail_below" => format!("{:?}", value.parse::<f64>().unwrap() * 0.75),
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
                Err(Error::StandsInForNone { .. } | Error::RefusesIdeal { .. } | Error::LimitOutOfRange { .. }) => (),
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
