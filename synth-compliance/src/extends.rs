//! Policies that build on others, with every difference told.
//!
//! `extends = "hipaa"`, or a path that whoever reads the files understands, takes over a policy as it is. Keys that are
//! there replace the base's: `min_rows`, `inconclusive`, and of a gate on the same measure the limits, the class and the
//! rest that it gives, one by one. `requires` and further gates are added; `without = ["assoc_delta"]` leaves gates and
//! requirements out. Name, version and title are always one's own. Chains may be as long as one likes, and must end.
//!
//! Nothing keeps an own policy from being looser than its base: that is for people to decide. But it cannot be so
//! silently. Each [`Change`] says what was otherwise in the base and whether that lets more through, and verdicts'
//! readers get to see them. Left out on purpose: several bases, and changes to an embedded policy under its own name.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::policy::{Class, Gate, Inconclusive, Policy, Requirement, Unchecked, check_once, embedded, is_line};
use crate::protection::{Dates, Demands, Smallest};
use crate::{Error, Result};

/// A policy's text, and what tells it from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Equal for the same policy however it is named: a canonical path, say. Circles are found by it.
    pub id: String,
    /// The TOML.
    pub toml: String,
}

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

/// What a change does to what gets through.
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

/// A policy as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    name: String,
    version: String,
    title: String,
    extends: Option<String>,
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
    class: Option<Class>,
    stands_in_for: Option<String>,
    source: String,
}

/// Reads a policy and those it extends.
pub(crate) fn resolve(
    policy: Base,
    mut read: impl FnMut(&str, &str) -> std::result::Result<Base, String>,
) -> Result<Policy> {
    // From the policy itself to the last one that extends another; then back.
    let mut ids = vec![policy.id];
    let mut names: Vec<String> = Vec::new();
    let mut chain = vec![Written::parse(&policy.toml)?];
    let mut policy = loop {
        let Some(name) = chain.last().and_then(|written| written.extends.clone()) else {
            let last = chain.pop().expect("a chain begins with the policy itself");
            break last.alone().map_err(|error| in_base(names.last(), error))?;
        };
        if let Some(base) = embedded(&name) {
            break base;
        }
        let from = ids.last().expect("as many as policies");
        let base = read(&name, from).map_err(|problem| Error::NoBase { name: name.clone(), problem })?;
        if ids.contains(&base.id) {
            return Err(Error::Cycle { name });
        }
        let written = Written::parse(&base.toml).map_err(|error| in_base(Some(&name), error))?;
        ids.push(base.id);
        names.push(name);
        chain.push(written);
    };
    while let Some(written) = chain.pop() {
        let name = chain.len().checked_sub(1).and_then(|i| names.get(i));
        policy = written.over(&policy).map_err(|error| in_base(name, error))?;
    }
    Ok(policy)
}

fn in_base(name: Option<&String>, error: Error) -> Error {
    match name {
        Some(name) => Error::InBase { name: name.clone(), source: Box::new(error) },
        None => error,
    }
}

impl Written {
    pub(crate) fn parse(text: &str) -> Result<Written> {
        toml::from_str(text).map_err(|error| Error::Toml(Box::new(error)))
    }

    /// A policy that extends no other.
    pub(crate) fn alone(self) -> Result<Policy> {
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

    /// A policy that extends `base`.
    fn over(self, base: &Policy) -> Result<Policy> {
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
        let policy: Policy = Unchecked {
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
        .try_into()?;
        let changes = [base.changes(), &differences(base, &policy)].concat();
        Ok(policy.with_changes(changes))
    }
}

impl WrittenGate {
    /// The gate with what it leaves to the one of `base_name` on the same measure.
    fn over(self, base: Option<&Gate>, base_name: &str) -> Gate {
        let WrittenGate { measure, max, min, class, stands_in_for, source } = self;
        let Some(base) = base else {
            return Gate { measure, max, min, class: class.unwrap_or_default(), stands_in_for, source };
        };
        // The other limit keeps its source too; a faulty one stays as it is, to be found.
        let keeps_a_limit = (max.is_none() && base.max.is_some()) || (min.is_none() && base.min.is_some());
        let source = match keeps_a_limit && is_line(&source) {
            true => format!("{source}; the rest as in `{base_name}`: {}", base.source),
            false => source,
        };
        Gate {
            measure,
            max: max.or(base.max),
            min: min.or(base.min),
            class: class.unwrap_or(base.class),
            stands_in_for: stands_in_for.or_else(|| base.stands_in_for.clone()),
            source,
        }
    }
}

/// What `policy` makes otherwise than `base`, in the base's order, then what it adds.
fn differences(base: &Policy, policy: &Policy) -> Vec<Change> {
    let mut changes = Differences { policy: policy.name(), base: base.name(), changes: Vec::new() };
    let rows = |policy: &Policy| Some(policy.min_rows() as f64);
    changes.tell("min_rows", rows(base), rows(policy), |from, to| to < from, |n| format!("{n}"));
    let refuses = |policy: &Policy| Some(policy.inconclusive());
    let word = |value: &Inconclusive| match value {
        Inconclusive::Report => "report".to_owned(),
        Inconclusive::Refuse => "refuse".to_owned(),
    };
    changes.tell("inconclusive", refuses(base), refuses(policy), |_, to| *to == Inconclusive::Report, word);
    let requires = |policy: &Policy, id| policy.requires().iter().find(|r| r.id() == id).map(|r| r.id());
    for requirement in base.requires().iter().chain(policy.requires().iter().filter(|r| !base.requires().contains(r))) {
        let id = requirement.id();
        changes.tell("requires", requires(base, id), requires(policy, id), |_, _| false, |id| (*id).to_owned());
    }
    let gate = |policy: &Policy, measure: &str| policy.gates().iter().find(|g| g.measure == measure).cloned();
    let added = policy.gates().iter().filter(|g| gate(base, &g.measure).is_none());
    for measure in base.gates().iter().chain(added).map(|g| g.measure.as_str()) {
        let (from, to) = (gate(base, measure), gate(policy, measure));
        let limit = |gate: &Option<Gate>, side: fn(&Gate) -> Option<f64>| gate.as_ref().and_then(side);
        let item = |what: &str| format!("{what} of {measure}");
        let number = |x: &f64| format!("{x}");
        changes.tell(&item("max"), limit(&from, |g| g.max), limit(&to, |g| g.max), |from, to| to > from, number);
        changes.tell(&item("min"), limit(&from, |g| g.min), limit(&to, |g| g.min), |from, to| to < from, number);
        if let (Some(from), Some(to)) = (from, to) {
            let class = |class: &Class| class.id().to_owned();
            changes.tell(&item("class"), Some(from.class), Some(to.class), |from, to| to > from, class);
            // Another stand-in leaves the first gate without one.
            let other = |_: &String, _: &String| true;
            changes.tell(&item("stands_in_for"), from.stands_in_for, to.stands_in_for, other, Clone::clone);
        }
    }
    let number = |k: &usize| format!("{k}");
    for (item, k) in [
        ("k of rare levels", (|demands| demands.rare_levels.k) as fn(&Demands) -> usize),
        ("k of extremes", |demands| demands.extremes.k),
    ] {
        let k = |policy: &Policy| Some(k(policy.protection()));
        changes.tell(item, k(base), k(policy), |from, to| to < from, number);
    }
    let dates = |policy: &Policy| Some(policy.protection().dates.to);
    changes.tell("dates", dates(base), dates(policy), |from, to| to > from, |to| to.id().to_owned());
    changes.changes
}

struct Differences<'a> {
    policy: &'a str,
    base: &'a str,
    changes: Vec<Change>,
}

impl Differences<'_> {
    /// What is gone lets more through, what is new less; between two values `loosens` tells.
    fn tell<T: PartialEq>(
        &mut self,
        item: &str,
        from: Option<T>,
        to: Option<T>,
        loosens: impl Fn(&T, &T) -> bool,
        shown: impl Fn(&T) -> String,
    ) {
        let is_loosened = match (&from, &to) {
            (from, to) if from == to => return,
            (Some(from), Some(to)) => loosens(from, to),
            (from, _) => from.is_some(),
        };
        self.changes.push(Change {
            policy: self.policy.to_owned(),
            base: self.base.to_owned(),
            item: item.to_owned(),
            from: from.as_ref().map(&shown),
            to: to.as_ref().map(&shown),
            direction: if is_loosened { Direction::Loosened } else { Direction::Tightened },
        });
    }
}
