//! What a service is told: shapes and counts.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use synth_compliance::Check;
use synth_core::engine::Trees;
use synth_core::train::Training;
use synth_core::{AnyEngine, EngineKind, Kind, Table};

use super::endpoint::Message;
use crate::assessment::Assessment;
use crate::attempt::{Attempt, AttemptResult};
use crate::plan::Plan;

/// Columns beyond so many are counted, not described.
const MAX_COLUMNS: usize = 200;

/// Whether the names of columns are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Names {
    /// They are not.
    #[default]
    Kept,
    /// They are.
    Shared,
}

/// The shape of a table: what may be told of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shape {
    /// The rows.
    pub rows: usize,
    /// Its columns, the first 200 of them.
    pub columns: Vec<ColumnShape>,
    /// The columns beyond those.
    pub further_columns: usize,
}

/// The shape of a column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnShape {
    /// Its name, if names are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is.
    pub kind: Kind,
    /// The share of its cells that are missing, in hundredths.
    pub missing: f64,
    /// How many different values it has.
    pub distinct: usize,
}

impl Shape {
    /// The shape of `table`.
    pub fn of(table: &Table, names: Names) -> Self {
        let column = |column_idx: usize| {
            let (field, _) = table.column(column_idx);
            let n_missing = table.missing(column_idx).into_iter().filter(|&missing| missing).count();
            let missing = n_missing as f64 / table.n_rows().max(1) as f64;
            ColumnShape {
                name: (names == Names::Shared).then(|| field.name.clone()),
                kind: field.kind,
                missing: (missing * 100.0).round() / 100.0,
                distinct: table.levels(column_idx).names.len(),
            }
        };
        let n_described = table.n_columns().min(MAX_COLUMNS);
        Self {
            rows: table.n_rows(),
            columns: (0..n_described).map(column).collect(),
            further_columns: table.n_columns() - n_described,
        }
    }

    /// Rows and columns.
    pub(super) fn size(&self) -> [usize; 2] {
        [self.rows, self.columns.len() + self.further_columns]
    }
}

/// A plan as it is told: the settings that a proposal may change. The column that a plan is conditioned on is not told.
#[derive(Serialize)]
struct Told<'a> {
    engine: EngineKind,
    n_iter: usize,
    batch_size: usize,
    lr: f64,
    dropout: f64,
    hidden: &'a [usize],
    min_leaf: usize,
}

impl<'a> Told<'a> {
    /// Of what the engine does not have the defaults are told.
    fn of(plan: &'a Plan) -> Self {
        static NONE: LazyLock<Training> = LazyLock::new(|| Training { hidden: Vec::new(), ..Training::default() });
        let Training { n_iter, batch_size, lr, dropout, hidden, .. } = plan.training().unwrap_or(&NONE);
        let min_leaf = match &plan.engine {
            AnyEngine::Trees(trees) => trees.min_leaf,
            _ => Trees::default().min_leaf,
        };
        Self {
            engine: plan.kind(),
            n_iter: *n_iter,
            batch_size: *batch_size,
            lr: *lr,
            dropout: *dropout,
            hidden,
            min_leaf,
        }
    }
}

/// A check as it is told: its sentence, which may name columns, is not.
#[derive(Serialize)]
struct ToldCheck<'a> {
    id: &'a str,
    status: synth_compliance::Status,
    value: Option<f64>,
    bound: Option<f64>,
    limit: Option<f64>,
}

const TASK: &str = "You plan how a generator of synthetic tables is fitted. You are told the shape of a private table, what \
was tried, and for the last attempt what was measured against which limits; you never see a value. Propose the next plan. \
Engines: `masked` (diffusion over tokens, the default), `trees` (sequential trees, for up to 20,000 rows; the first to leak), \
`tabddpm` (Gaussian and multinomial diffusion, at least 400 epochs), `copula` (columns and correlations, nothing to train; for \
one to four columns, and the last to leak). Every engine that suits is tried before a run gives up. `n_iter` counts epochs and is a \
ceiling. ks_mean, tvd_mean, corr_delta and assoc_delta are distances: 0 is best. mia_auc is the AUC of a membership attack: \
0.5 is best, and more training never mends it: use a narrower network, more dropout, fewer epochs, or larger leaves. Answer \
with JSON by the schema. Keep the rationale under 60 words, without names.";

/// The question for the next plan, where the rules would take `ruled`.
pub(super) fn messages(
    shape: &Shape,
    attempts: &[Attempt<Plan, Assessment>],
    ruled: &Plan,
    only: Option<EngineKind>,
) -> Vec<Message> {
    let tried: Vec<_> = attempts
        .iter()
        .map(|attempt| {
            let outcome = match &attempt.result {
                AttemptResult::Judged(assessment) => serde_json::json!({ "decision": assessment.decision() }),
                AttemptResult::Failed(failure) => serde_json::json!({ "failure": failure.to_string() }),
            };
            serde_json::json!({ "plan": Told::of(&attempt.plan), "outcome": outcome })
        })
        .collect();
    let checks = attempts.last().and_then(Attempt::verdict).into_iter().flat_map(|a| &a.verdict.checks);
    let measured: Vec<ToldCheck<'_>> = checks
        .map(|check| {
            // How many rows there are is told as the shape of the table.
            let told = |number: Option<f64>| number.filter(|_| check.id != Check::ROWS);
            ToldCheck {
                id: &check.id,
                status: check.status,
                value: told(check.value),
                bound: check.bound,
                limit: told(check.limit),
            }
        })
        .collect();
    let told = serde_json::json!({
        "table": shape,
        "tried": tried,
        "last_attempt": measured,
        "what_the_rules_would_try": Told::of(ruled),
        "engine_asked_for": only,
    });
    vec![Message { role: "system", content: TASK.to_owned() }, Message { role: "user", content: told.to_string() }]
}
