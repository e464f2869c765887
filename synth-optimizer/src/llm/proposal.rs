//! What a service may answer, and the plan that becomes of it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use synth_core::train::Training;
use synth_core::{AnyEngine, EngineKind};

use super::endpoint::Fault;
use crate::plan::Plan;

/// An answer. Every part is asked for, and nothing else is taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// The generator.
    pub engine: EngineKind,
    /// Epochs, a ceiling.
    pub n_iter: usize,
    /// Rows per step.
    pub batch_size: usize,
    /// The learning rate at the start.
    pub lr: f64,
    /// The share of hidden units left out per step.
    pub dropout: f64,
    /// The width of each hidden layer.
    pub width: usize,
    /// The hidden layers.
    pub layers: usize,
    /// The fewest rows of a leaf, for trees.
    pub min_leaf: usize,
    /// Whether it thinks that the table needs differential privacy. Told to people; nothing claims to follow it.
    pub differential_privacy: bool,
    /// Engines to turn to if this one fails, the best first.
    pub backups: Vec<EngineKind>,
    /// Why, in words.
    pub rationale: String,
}

/// The ranges that proposals are held to.
const N_ITER: [usize; 2] = [10, 800];
const BATCH_SIZE: [usize; 2] = [16, 4096];
const LR: [f64; 2] = [1e-5, 1e-2];
const DROPOUT: [f64; 2] = [0.0, 0.5];
const WIDTH: [usize; 2] = [16, 1024];
const LAYERS: [usize; 2] = [1, 4];
const MIN_LEAF: [usize; 2] = [5, 1000];
const MAX_BACKUPS: usize = 3;
/// Characters of a rationale that are kept.
const MAX_RATIONALE: usize = 400;

impl Proposal {
    /// The JSON schema of answers, for services that can be held to one.
    pub fn schema() -> Value {
        let engines = json!({ "type": "string", "enum": EngineKind::ALL });
        let whole = |[least, most]: [usize; 2]| json!({ "type": "integer", "minimum": least, "maximum": most });
        let number = |[least, most]: [f64; 2]| json!({ "type": "number", "minimum": least, "maximum": most });
        let properties = json!({
            "engine": engines,
            "n_iter": whole(N_ITER),
            "batch_size": whole(BATCH_SIZE),
            "lr": number(LR),
            "dropout": number(DROPOUT),
            "width": whole(WIDTH),
            "layers": whole(LAYERS),
            "min_leaf": whole(MIN_LEAF),
            "differential_privacy": { "type": "boolean" },
            "backups": { "type": "array", "items": engines, "maxItems": MAX_BACKUPS },
            "rationale": { "type": "string" },
        });
        let required: Vec<&String> = properties.as_object().expect("an object").keys().collect();
        json!({
            "type": "object",
            "required": required,
            "properties": properties,
            "additionalProperties": false,
        })
    }

    /// The proposal in the text of an answer, a fence of Markdown around it allowed.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let text = text.trim();
        let fenced = text.strip_prefix("```").and_then(|text| text.strip_suffix("```"));
        let text = fenced.map_or(text, |text| text.strip_prefix("json").unwrap_or(text));
        if text.trim().is_empty() {
            return Err(Fault::Empty);
        }
        let value: Value = serde_json::from_str(text).map_err(|_| Fault::NotJson)?;
        let proposal: Proposal = serde_json::from_value(value).map_err(|_| Fault::NotAPlan)?;
        let sound = proposal.lr.is_finite() && proposal.dropout.is_finite() && proposal.backups.len() <= MAX_BACKUPS;
        if sound { Ok(proposal) } else { Err(Fault::NotAPlan) }
    }

    /// The rationale in one line, its length limited.
    pub(super) fn reason(&self) -> String {
        let words = self.rationale.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(" ").chars().take(MAX_RATIONALE).collect()
    }

    /// The plan that becomes of it, every number held to its range, and what is to be said about that. What a proposal does
    /// not set is that of `current` for its engine, that of `first` for the first plan's, and the default for another.
    pub(super) fn applied_to(
        &self,
        current: &Plan,
        first: &Plan,
        [n_rows, n_columns]: [usize; 2],
        only: Option<EngineKind>,
    ) -> (Plan, Vec<String>) {
        let mut remarks = Vec::new();
        let engine = only.unwrap_or(self.engine);
        if engine != self.engine {
            remarks.push(format!("{} was proposed, but {engine} is required", self.engine));
        }
        let start = [current, first].into_iter().find(|plan| plan.kind() == engine);
        let start = start.cloned().unwrap_or_else(|| Plan::of(engine, n_rows, n_columns));
        let mut plan = start.clone();
        // TabDDPM does not learn in fewer epochs than the reference's rules give it.
        let n_iter = if engine == EngineKind::TabDdpm { [400, N_ITER[1]] } else { N_ITER };
        let n_iter = held("n_iter", self.n_iter, n_iter, &mut remarks);
        let batch_size = held("batch_size", self.batch_size, BATCH_SIZE, &mut remarks);
        let lr = held("lr", self.lr, LR, &mut remarks);
        let dropout = held("dropout", self.dropout, DROPOUT, &mut remarks);
        let width = held("width", self.width, WIDTH, &mut remarks);
        let hidden = vec![width; held("layers", self.layers, LAYERS, &mut remarks)];
        let min_leaf = held("min_leaf", self.min_leaf, MIN_LEAF, &mut remarks);
        plan.change_training(|training| {
            training.set_n_iter(n_iter);
            (training.batch_size, training.lr, training.dropout, training.hidden) = (batch_size, lr, dropout, hidden);
        });
        if let AnyEngine::Trees(trees) = &mut plan.engine {
            trees.min_leaf = min_leaf;
        }
        if plan != start {
            // Cross-fits spoke of other settings: rows are held out again.
            plan.cross_fitted = None;
            plan.change_training(|training| training.validation_share = Training::default().validation_share);
        }
        if self.differential_privacy {
            remarks.push("differential privacy was proposed, which no engine supports".to_owned());
        }
        (plan, remarks)
    }
}

/// A number held to a range, with a remark if it was outside.
fn held<T: PartialOrd + Copy + std::fmt::Display>(
    name: &str,
    x: T,
    [least, most]: [T; 2],
    remarks: &mut Vec<String>,
) -> T {
    let inside = if x < least {
        least
    } else if x > most {
        most
    } else {
        x
    };
    if inside != x {
        remarks.push(format!("{name} {x} was clamped to {inside}"));
    }
    inside
}

#[cfg(test)]
mod tests {
    use synth_core::Engine;

    use super::*;

    fn proposal() -> Proposal {
        Proposal {
            engine: EngineKind::Masked,
            n_iter: 90,
            batch_size: 64,
            lr: 1e-3,
            dropout: 0.2,
            width: 64,
            layers: 1,
            min_leaf: 10,
            differential_privacy: false,
            backups: vec![EngineKind::Copula],
            rationale: "few rows\n  call for\u{7} a small network".to_owned(),
        }
    }

    #[test]
    fn an_answer_is_taken_whole_or_not_at_all() {
        let text = serde_json::to_string(&proposal()).unwrap();
        assert_eq!(Proposal::parse(&text), Ok(proposal()));
        assert_eq!(Proposal::parse(&format!("```json\n{text}\n```\n")), Ok(proposal()));
        assert_eq!(Proposal::parse("Here is my plan."), Err(Fault::NotJson));
        assert_eq!(Proposal::parse("  "), Err(Fault::Empty));
        assert_eq!(Proposal::parse("[1, 2]"), Err(Fault::NotAPlan));
        for (from, to) in [
            ("\"masked\"", "\"gan\""),
            ("\"n_iter\":90", "\"n_iter\":-90"),
            ("\"n_iter\":90,", ""),
            ("\"lr\":0.001", "\"lr\":\"fast\""),
            ("\"layers\":1", "\"layers\":1,\"run\":\"rm\""),
        ] {
            assert!(text.contains(from));
            assert_eq!(Proposal::parse(&text.replace(from, to)), Err(Fault::NotAPlan), "{to}");
        }
    }

    #[test]
    fn the_schema_asks_for_what_is_parsed() {
        let schema = Proposal::schema();
        let own = serde_json::to_value(proposal()).unwrap();
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&schema["properties"]), keys(&own));
        assert_eq!(schema["required"].as_array().unwrap().len(), keys(&own).len());
    }

    #[test]
    fn numbers_are_held_to_their_ranges_and_it_is_said() {
        let base = Plan::base(303, 14);
        let wild = Proposal { n_iter: 100_000, lr: 7.0, width: 1, differential_privacy: true, ..proposal() };
        let (plan, remarks) = wild.applied_to(&base, &base, [303, 14], None);
        let training = plan.training().unwrap();
        assert_eq!((training.n_iter, training.lr, training.hidden.as_slice()), (800, 0.01, &[16][..]));
        let said = remarks.join("; ");
        for part in ["n_iter 100000 was clamped to 800", "lr 7 was clamped to 0.01", "width 1", "differential privacy"]
        {
            assert!(said.contains(part), "{said}");
        }
        assert!(plan.engine.check().is_ok());
    }

    #[test]
    fn an_engine_that_was_asked_for_stays() {
        let base = Plan::of(EngineKind::TabDdpm, 303, 14);
        let (plan, remarks) = proposal().applied_to(&base, &base, [303, 14], Some(EngineKind::TabDdpm));
        assert_eq!((plan.kind(), plan.training().unwrap().n_iter), (EngineKind::TabDdpm, 400));
        assert!(remarks[0].contains("masked was proposed, but tabddpm is required"));
    }

    #[test]
    fn a_rationale_is_one_line_of_limited_length() {
        assert_eq!(proposal().reason(), "few rows call for a small network");
        let long = Proposal { rationale: "x".repeat(10_000), ..proposal() };
        assert_eq!(long.reason().chars().count(), MAX_RATIONALE);
    }
}
