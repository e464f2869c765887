//! Plans: everything that is chosen before an engine is fitted.
//!
//! Left out on purpose: the seed, which belongs to the attempt and not to the plan (two attempts with one plan are
//! two draws of the same thing), and whatever the table decides by itself, such as its encoding.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use synth_core::engine::{Suited, ranked, suited};
use synth_core::train::{HeldOut, Training};
use synth_core::{AnyEngine, Engine, EngineKind, Table};

/// The plan of an attempt. Unchecked: a fit checks it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The engine with its parameters.
    #[serde(flatten)]
    pub engine: AnyEngine,
    /// What cross-fits with these parameters cost; `None` if none were made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_fitted: Option<HeldOut>,
}

impl<S: Into<Suited>> From<S> for Plan {
    fn from(suited: S) -> Self {
        let Suited { engine, cross_fitted } = suited.into();
        Self { engine, cross_fitted }
    }
}

impl Plan {
    /// The initial plan for a table of that size, with the default engine, masked diffusion.
    ///
    /// `n_rows` are the training rows; an empty table gets the plan of a small one.
    ///
    /// ```
    /// use synth_optimizer::Plan;
    ///
    /// let plan = Plan::base(10_000, 14);
    /// assert_eq!(plan.training().map(|training| (training.n_iter, training.batch_size)), Some((60, 512)));
    /// ```
    pub fn base(n_rows: usize, n_columns: usize) -> Plan {
        Plan::of(EngineKind::Masked, n_rows, n_columns)
    }

    /// The initial plan for a given engine.
    pub fn of(kind: EngineKind, n_rows: usize, n_columns: usize) -> Plan {
        Suited::from(AnyEngine::for_size(kind, n_rows, n_columns)).into()
    }

    /// The initial plan for `table`, with the given engine or else the one that [suits](suited) it. A small table is
    /// tuned by cross-fits, which take some seconds.
    ///
    /// # Errors
    /// As [`suited`].
    pub fn for_table(kind: Option<EngineKind>, table: &Table, seed: u64) -> Result<Plan, synth_core::Error> {
        Ok(suited(kind, table, seed)?.into())
    }

    /// The initial plans for `table` of all engines that [suit](ranked) it: the one to begin with, then the others.
    ///
    /// # Errors
    /// As [`ranked`].
    pub fn all_for_table(table: &Table, seed: u64) -> Result<Vec<Plan>, synth_core::Error> {
        Ok(ranked(table, seed)?.into_iter().map(Plan::from).collect())
    }

    /// Which engine it is.
    pub fn kind(&self) -> EngineKind {
        self.engine.kind()
    }

    /// How the engine's network is trained, if it has one.
    pub fn training(&self) -> Option<&Training> {
        self.engine.training()
    }

    /// The plan with the training of its network changed; as it is if the engine has none.
    #[must_use]
    pub fn with_training(mut self, change: impl FnOnce(&mut Training)) -> Plan {
        self.change_training(change);
        self
    }

    pub(crate) fn change_training(&mut self, change: impl FnOnce(&mut Training)) {
        if let Some(training) = self.engine.training_mut() {
            change(training);
        }
    }

    /// The plan in a line: the engine with the parameters that matter most, and what cross-fits said of them.
    ///
    /// ```
    /// use synth_core::engine::Trees;
    /// use synth_optimizer::Plan;
    ///
    /// assert_eq!(Plan::from(Trees::default()).summary(), "trees, leaves of 10 rows or more");
    /// ```
    pub fn summary(&self) -> String {
        let mut text = self.engine.to_string();
        if let Some(held_out) = self.cross_fitted {
            let gain = held_out.gain();
            text += &format!("; in cross-fits it gains {gain:.2} nats per row over independent columns");
        }
        text
    }

    /// The changes from this plan to `next`, in words; empty if there are none.
    ///
    /// ```
    /// use synth_optimizer::Plan;
    ///
    /// let plan = Plan::base(303, 14);
    /// let next = plan.clone().with_training(|training| (training.n_iter, training.lr) = (200, 0.0005));
    /// assert_eq!(plan.changes(&next), "lr 0.001 -> 0.0005, n_iter 100 -> 200");
    /// ```
    pub fn changes(&self, next: &Plan) -> String {
        if self.kind() != next.kind() {
            return format!("engine {} -> {}", self.kind(), next.kind());
        }
        let (before, after) = (parameters(&self.engine), parameters(&next.engine));
        let changed = before.iter().filter_map(|(name, value)| {
            let new = after.get(name).unwrap_or(&Value::Null);
            // The limits on steps move with the epochs.
            let follows = name == "min_steps" || name == "max_steps";
            (new != value && !follows).then(|| format!("{name} {} -> {}", shown(value), shown(new)))
        });
        changed.collect::<Vec<_>>().join(", ")
    }

    /// Whether this plan gives the engine at least as much capacity to memorise single rows as `other` does: the same
    /// engine, no narrower, no fewer epochs, no more dropout, no larger leaves.
    pub fn learns_at_least_as_hard_as(&self, other: &Plan) -> bool {
        let no_less = match (self.training(), other.training()) {
            (Some(own), Some(other)) => {
                let no_narrower = own.hidden.iter().sum::<usize>() >= other.hidden.iter().sum();
                no_narrower && own.n_iter >= other.n_iter && own.dropout <= other.dropout
            }
            _ => true,
        };
        let no_larger_leaves = match (&self.engine, &other.engine) {
            (AnyEngine::Trees(own), AnyEngine::Trees(other)) => own.min_leaf <= other.min_leaf,
            _ => true,
        };
        self.kind() == other.kind() && no_less && no_larger_leaves
    }
}

/// A parameter as people write it.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Value::Null => "none".to_owned(),
        value => value.to_string(),
    }
}

/// The parameters of an engine by name, those of its training among them.
fn parameters(engine: &AnyEngine) -> Map<String, Value> {
    let value = serde_json::to_value(engine).expect("parameters have only string keys and finite numbers");
    let Value::Object(mut own) = value else { unreachable!("an engine is a map") };
    if let Some(Value::Object(training)) = own.remove("training") {
        own.extend(training);
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;
    use synth_core::engine::Copula;

    #[test]
    fn a_plan_survives_json_and_refuses_unknown_fields() {
        for &kind in EngineKind::ALL {
            let plan = Plan { cross_fitted: Some(HeldOut { loss: 1.0, baseline: 2.0 }), ..Plan::of(kind, 303, 14) };
            let text = serde_json::to_string(&plan).unwrap();
            assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
            assert!(serde_json::from_str::<Plan>(&text.replacen('{', "{\"epochs\":1,", 1)).is_err(), "{text}");
        }
    }

    #[test]
    fn a_plan_changes_nothing_against_itself() {
        let plan = Plan::base(303, 14);
        assert_eq!(plan.changes(&plan), "");
        assert_eq!(plan.changes(&Copula::default().into()), "engine masked -> copula");
        let mut longer = plan.clone();
        longer.change_training(|training| training.set_n_iter(200));
        assert_eq!(plan.changes(&longer), "n_iter 100 -> 200");
    }
}
