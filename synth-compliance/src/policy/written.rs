//! Policies as they stand in TOML, where a key that is left out is taken from the policy that is extended.

use serde::Deserialize;

use super::demands::{Dates, Demands, Smallest};
use super::rules::{Class, Gate, Inconclusive, Policy, Requirement, Unchecked, check_once, is_line};
use crate::error::{Error, Result};

/// The embedded policies, by name.
pub(super) const EMBEDDED: [(&str, &str); 4] = [
    ("hipaa", include_str!("../policies/hipaa.toml")),
    ("gdpr", include_str!("../policies/gdpr.toml")),
    ("clinical-strict", include_str!("../policies/clinical-strict.toml")),
    ("research", include_str!("../policies/research.toml")),
];

/// A policy as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    name: String,
    version: String,
    title: String,
    pub(super) extends: Option<String>,
    min_rows: Option<usize>,
    inconclusive: Option<Inconclusive>,
    #[serde(default)]
    requires: Vec<Requirement>,
    #[serde(default)]
    without: Vec<String>,
    #[serde(default)]
    gates: Vec<WrittenGate>,
    protection: Option<WrittenDemands>,
}

/// The section `[protection]` as it is written: what is left out is as in the base.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenDemands {
    rare_levels: Option<Smallest>,
    extremes: Option<Smallest>,
    dates: Option<Dates>,
}

impl WrittenDemands {
    fn over(self, base: &Demands) -> Demands {
        Demands {
            rare_levels: self.rare_levels.unwrap_or_else(|| base.rare_levels.clone()),
            extremes: self.extremes.unwrap_or_else(|| base.extremes.clone()),
            dates: self.dates.unwrap_or_else(|| base.dates.clone()),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenGate {
    measure: String,
    max: Option<f64>,
    min: Option<f64>,
    fail_above: Option<f64>,
    fail_below: Option<f64>,
    class: Option<Class>,
    stands_in_for: Option<String>,
    source: String,
}

impl Written {
    pub(super) fn parse(text: &str) -> Result<Written> {
        toml::from_str(text).map_err(|error| Error::Toml(Box::new(error)))
    }

    /// A policy that extends no other.
    pub(super) fn alone(self) -> Result<Policy> {
        let min_rows = self.min_rows.ok_or(Error::MissingKey { key: "min_rows" })?;
        if let Some(item) = self.without.into_iter().next() {
            return Err(Error::NothingToLeaveOut { item });
        }
        Unchecked {
            name: self.name,
            version: self.version,
            title: self.title,
            min_rows,
            inconclusive: self.inconclusive.unwrap_or_default(),
            requires: self.requires,
            gates: self.gates.into_iter().map(|gate| gate.over(None, "")).collect(),
            protection: self.protection.unwrap_or_default().over(&Demands::default()),
            extends: Vec::new(),
            changes: Vec::new(),
        }
        .try_into()
    }

    /// A policy that extends `base`; what it changes in that is still to be told.
    pub(super) fn over(self, base: &Policy) -> Result<Policy> {
        let mut requires = base.requires().to_vec();
        let mut gates = base.gates().to_vec();
        for item in &self.without {
            let n_before = requires.len() + gates.len();
            requires.retain(|requirement| requirement.id() != item);
            gates.retain(|gate| gate.measure != *item);
            if requires.len() + gates.len() == n_before {
                return Err(Error::NothingToLeaveOut { item: item.clone() });
            }
        }
        for requirement in self.requires {
            if !requires.contains(&requirement) {
                requires.push(requirement);
            }
        }
        let mut own: Vec<Gate> = Vec::new();
        for gate in self.gates {
            let of_base = gates.iter_mut().find(|g| g.measure == gate.measure);
            let (merged, place) = (gate.over(of_base.as_deref(), base.name()), of_base);
            own.push(merged.clone());
            match place {
                Some(place) => *place = merged,
                None => gates.push(merged),
            }
        }
        check_once(&own)?;
        let extends = [&[base.name().to_owned()], base.extends()].concat();
        Unchecked {
            name: self.name,
            version: self.version,
            title: self.title,
            min_rows: self.min_rows.unwrap_or(base.min_rows()),
            inconclusive: self.inconclusive.unwrap_or(base.inconclusive()),
            requires,
            gates,
            protection: self.protection.unwrap_or_default().over(base.protection()),
            extends,
            changes: Vec::new(),
        }
        .try_into()
    }
}

impl WrittenGate {
    /// The gate with what it leaves to the one of `base_name` on the same measure.
    fn over(self, base: Option<&Gate>, base_name: &str) -> Gate {
        let WrittenGate { measure, max, min, fail_above, fail_below, class, stands_in_for, source } = self;
        let own =
            Gate { measure, max, min, fail_above, fail_below, class: class.unwrap_or_default(), stands_in_for, source };
        let Some(base) = base else { return own };
        // A limit that is taken over keeps its source too; a faulty one stays as it is, to be found.
        let limits = own.by_side().into_iter().flatten().zip(base.by_side().into_iter().flatten());
        let keeps_a_limit = limits.into_iter().any(|(own, base)| own.is_none() && base.is_some());
        let source = match keeps_a_limit && is_line(&own.source) {
            true => format!("{}; the rest as in `{base_name}`: {}", own.source, base.source),
            false => own.source,
        };
        Gate {
            max: max.or(base.max),
            min: min.or(base.min),
            fail_above: fail_above.or(base.fail_above),
            fail_below: fail_below.or(base.fail_below),
            class: class.unwrap_or(base.class),
            stands_in_for: own.stands_in_for.or_else(|| base.stands_in_for.clone()),
            measure: own.measure,
            source,
        }
    }
}

/// The embedded policy of exactly that name.
pub(super) fn embedded(name: &str) -> Option<Policy> {
    let (_, text) = EMBEDDED.iter().find(|(n, _)| *n == name)?;
    let read = Written::parse(text).and_then(Written::alone);
    Some(read.expect("the tests read every embedded policy"))
}
