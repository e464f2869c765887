//! The measures of what the synthetic table gives away.

use super::{Anchors, Battery, Definition, Domain, Goal};

pub(super) const DEFINITIONS: &[Definition] = &[
    Definition {
        id: "dup_rate",
        name: "rows equal to a training row",
        domain: Domain::Privacy,
        goal: Goal::Lower,
        ideal: 0.0,
        range: (0.0, 1.0),
        unit: "share",
        source: "share of synthetic rows, repeats counted, that equal a training row in every learnt column",
        anchors: Anchors { copy: (1.0, 1.0), fresh: (0.0, 0.01), permuted: (0.0, 0.01), shifted: (0.0, 0.01) },
        battery: Battery::Core,
    },
    Definition {
        id: "dup_rate_holdout",
        name: "the same for unseen real rows",
        domain: Domain::Privacy,
        goal: Goal::Lower,
        ideal: 0.0,
        range: (0.0, 1.0),
        unit: "share",
        source: "share of holdout rows that equal a training row: what chance alone gives",
        anchors: Anchors { copy: (0.0, 0.01), fresh: (0.0, 0.01), permuted: (0.0, 0.01), shifted: (0.0, 0.01) },
        battery: Battery::Core,
    },
    Definition {
        id: "dup_excess",
        name: "copied rows beyond chance",
        domain: Domain::Privacy,
        goal: Goal::Lower,
        ideal: 0.0,
        range: (-1.0, 1.0),
        unit: "share",
        source: "dup_rate - dup_rate_holdout, bounded by the Wilson interval of the latter",
        anchors: Anchors { copy: (0.98, 1.0), fresh: (-0.01, 0.01), permuted: (-0.01, 0.01), shifted: (-0.01, 0.01) },
        battery: Battery::Core,
    },
    Definition {
        id: "mia_auc",
        name: "membership inference, AUC",
        domain: Domain::Privacy,
        goal: Goal::Target,
        ideal: 0.5,
        range: (0.0, 1.0),
        unit: "AUC",
        source: "AUC of a cross-fitted logistic attack on nearest-neighbour distances, members against non-members; \
                 interval by DeLong (1988), clustered by row (Obuchowski 1997)",
        anchors: Anchors { copy: (0.99, 1.0), fresh: (0.43, 0.57), permuted: (0.43, 0.57), shifted: (0.43, 0.57) },
        battery: Battery::Core,
    },
];
