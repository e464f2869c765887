//! The measures of what a classifier sees between real and synthetic rows, and of the rare levels it hardly sees.

use super::{Anchors, Battery, Definition, Domain, Goal, JudgedBy};
use crate::estimate::between;

pub(super) const DEFINITIONS: &[Definition] = &[
    Definition {
        id: "c2st_logistic",
        name: "real or synthetic, told by logistic regression",
        domain: Domain::Fidelity,
        goal: Goal::Target,
        ideal: 0.5,
        range: between(0.0, 1.0),
        unit: "AUC",
        source: "classifier two-sample test (arXiv:1610.06545) with a ridge-penalised logistic regression: AUC over 3 \
                 folds, equal rows in one fold, at most 10,000 rows a side; interval by DeLong (1988), its variance \
                 doubled for the folds' overlap",
        // Blind to dependence: permuted columns look like the real ones, and so much so that the folds contradict each
        // other (what one has too much of, the others have too little of).
        anchors: Anchors {
            copy: between(0.5, 0.5),
            fresh: between(0.42, 0.58),
            permuted: between(0.3, 0.58),
            shifted: between(0.9, 1.0),
        },
        judged_by: JudgedBy::Bounds,
        battery: Battery::Full,
    },
    Definition {
        id: "c2st_trees",
        name: "real or synthetic, told by boosted trees",
        domain: Domain::Fidelity,
        goal: Goal::Target,
        ideal: 0.5,
        range: between(0.0, 1.0),
        unit: "AUC",
        source: "classifier two-sample test (arXiv:1610.06545) with boosted trees (100 of depth 6, rate .15): otherwise \
                 as c2st_logistic",
        anchors: Anchors {
            copy: between(0.5, 0.5),
            fresh: between(0.42, 0.58),
            permuted: between(0.6, 1.0),
            shifted: between(0.9, 1.0),
        },
        judged_by: JudgedBy::Bounds,
        battery: Battery::Full,
    },
    Definition {
        id: "rare_level_coverage",
        name: "rare levels that are there",
        domain: Domain::Fidelity,
        goal: Goal::Higher,
        ideal: 1.0,
        range: between(0.0, 1.0),
        unit: "share",
        source: "share of the levels of at least 11 training rows, but less than a tenth of them, that the synthetic \
                 table has; over all columns of levels, a missing value being one",
        anchors: Anchors {
            copy: between(1.0, 1.0),
            fresh: between(0.8, 1.0),
            permuted: between(1.0, 1.0),
            shifted: between(1.0, 1.0),
        },
        judged_by: JudgedBy::Value,
        battery: Battery::Full,
    },
];
