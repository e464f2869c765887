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

use super::change::{Change, Direction};
use super::demands::Demands;
use super::rules::{Class, Gate, Inconclusive, Policy};
use super::written::{Written, embedded};
use crate::error::{Error, Result};

/// The text of a policy, and its identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Equal for the same policy however it is named: a canonical path, say. Circles are found by it.
    pub id: String,
    /// The TOML.
    pub toml: String,
}

/// Reads a policy and those it extends.
pub(super) fn resolve(
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
        let next = written.over(&policy).map_err(|error| in_base(name, error))?;
        let changes = [policy.changes(), &differences(&policy, &next)].concat();
        policy = next.with_changes(changes);
    }
    Ok(policy)
}

fn in_base(name: Option<&String>, error: Error) -> Error {
    match name {
        Some(name) => Error::InBase { name: name.clone(), source: Box::new(error) },
        None => error,
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
        let [above, below] = [|g: &Gate| g.fail_above, |g: &Gate| g.fail_below];
        changes.tell(&item("fail_above"), limit(&from, above), limit(&to, above), |from, to| to > from, number);
        changes.tell(&item("fail_below"), limit(&from, below), limit(&to, below), |from, to| to < from, number);
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
