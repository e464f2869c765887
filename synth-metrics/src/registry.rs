//! Every measure this crate knows: its id, direction, range, ideal and source. An id is never reused.

use serde::{Deserialize, Serialize};

/// What a measure is about. A verdict is the worst of its domains, so that utility cannot buy privacy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Domain {
    /// The synthetic table looks like the real one.
    Fidelity,
    /// The synthetic table does not give away the rows it was made from.
    Privacy,
}

/// Which values of a measure are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// The smaller the better.
    Lower,
    /// The nearer to the ideal the better, from both sides.
    Target,
}

/// What a measure is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Definition {
    /// The stable id.
    pub id: &'static str,
    /// In words, for tables that people read.
    pub name: &'static str,
    /// What it is about.
    pub domain: Domain,
    /// Which values are good.
    pub goal: Goal,
    /// The value of an ideal table.
    pub ideal: f64,
    /// The smallest and the largest possible value.
    pub range: (f64, f64),
    /// The formula's source, and this crate's departures from it.
    pub source: &'static str,
}

/// All measures, in the order of reports.
pub const MEASURES: &[Definition] = &[
    Definition {
        id: "ks_mean",
        name: "KS distance, mean over numbers",
        domain: Domain::Fidelity,
        goal: Goal::Lower,
        ideal: 0.0,
        range: (0.0, 1.0),
        source: "two-sample Kolmogorov-Smirnov D, missing values left out; a distance, not 1 - D",
    },
    Definition {
        id: "tvd_mean",
        name: "total variation, mean over levels",
        domain: Domain::Fidelity,
        goal: Goal::Lower,
        ideal: 0.0,
        range: (0.0, 1.0),
        source: "half the L1 distance of the level shares, a missing value being a level",
    },
    Definition {
        id: "missing_delta",
        name: "missing rates, mean difference",
        domain: Domain::Fidelity,
        goal: Goal::Lower,
        ideal: 0.0,
        range: (0.0, 1.0),
        source: "mean over columns of the absolute difference of the missing rates",
    },
    Definition {
        id: "corr_delta",
        name: "correlations, mean difference",
        domain: Domain::Fidelity,
        goal: Goal::Lower,
        ideal: 0.0,
        range: (0.0, 2.0),
        source: "mean absolute difference of Pearson's r over pairs of numeric columns, pairwise complete",
    },
    Definition {
        id: "assoc_delta",
        name: "associations of all kinds, mean difference",
        domain: Domain::Fidelity,
        goal: Goal::Lower,
        ideal: 0.0,
        range: (0.0, 1.0),
        source: "mean absolute difference over all pairs: |Pearson| (numbers), correlation ratio (number and level), \
                 bias-corrected Cramer's V (levels; Bergsma 2013)",
    },
    Definition {
        id: "dup_rate",
        name: "rows equal to a training row",
        domain: Domain::Privacy,
        goal: Goal::Lower,
        ideal: 0.0,
        range: (0.0, 1.0),
        source: "share of synthetic rows, repeats counted, that equal a training row in every learnt column",
    },
    Definition {
        id: "dup_rate_holdout",
        name: "the same for unseen real rows",
        domain: Domain::Privacy,
        goal: Goal::Lower,
        ideal: 0.0,
        range: (0.0, 1.0),
        source: "share of holdout rows that equal a training row: what chance alone gives",
    },
    Definition {
        id: "dup_excess",
        name: "copied rows beyond chance",
        domain: Domain::Privacy,
        goal: Goal::Lower,
        ideal: 0.0,
        range: (-1.0, 1.0),
        source: "dup_rate - dup_rate_holdout, bounded by the Wilson interval of the latter",
    },
    Definition {
        id: "mia_auc",
        name: "membership inference, AUC",
        domain: Domain::Privacy,
        goal: Goal::Target,
        ideal: 0.5,
        range: (0.0, 1.0),
        source: "AUC of a cross-fitted logistic attack on nearest-neighbour distances, members against non-members; \
                 interval by DeLong (1988), clustered by row (Obuchowski 1997)",
    },
];

/// The definition of the measure called `id`, if there is one.
pub fn definition(id: &str) -> Option<&'static Definition> {
    MEASURES.iter().find(|m| m.id == id)
}
