//! What an attempt's table was worth: the report, the verdict on it, and an order among refused tables.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use synth_compliance::{Class, Decision, Effect, Policy, Status, Verdict, judge};
use synth_metrics::{Domain, QualityReport};

/// A quality report and its verdict: the input of the rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assessment {
    /// The measures.
    pub report: QualityReport,
    /// The verdict on them.
    pub verdict: Verdict,
}

impl Assessment {
    /// Judges `report` by `policy`, with its figures [rounded](synth_metrics::rounding) as they leave: the verdict is the one that
    /// follows from the report that is written.
    pub fn new(report: QualityReport, policy: &Policy) -> Assessment {
        let report = report.rounded();
        let verdict = judge(&report, policy);
        Assessment { report, verdict }
    }

    /// The verdict's decision.
    pub fn decision(&self) -> Decision {
        self.verdict.decision
    }

    /// Where the table stands among others that were not accepted.
    pub fn rank(&self) -> Rank {
        let checks = &self.verdict.checks;
        let counted = || checks.iter().filter(|c| c.class < Class::Soft);
        let privacy = || checks.iter().filter(|c| c.domain == Some(Domain::Privacy));
        Rank {
            privacy_failed: privacy().filter(|c| c.effect == Effect::Refuses).count(),
            privacy_open: privacy().filter(|c| c.effect == Effect::Open).count(),
            not_measured: counted().filter(|c| matches!(c.status, Status::NotMeasured | Status::Error)).count(),
            worst_margin: counted().filter_map(|c| c.margin).fold(1.0, f64::min),
        }
    }
}

/// How close a table is to acceptance; greater is better. The fields are compared in their order.
///
/// Privacy comes first, so that no gain in fidelity makes up for a failed privacy gate; what was not measured comes
/// before the margins, so that a table is not the best one for lack of numbers.
#[derive(Debug, Clone, Copy)]
pub struct Rank {
    /// Privacy checks that refuse.
    pub privacy_failed: usize,
    /// Privacy checks that leave the decision open.
    pub privacy_open: usize,
    /// Checks without a value, but for those of soft gates.
    pub not_measured: usize,
    /// The smallest margin of all gates with a value, but for soft ones: below 0 where a limit is not kept. Never NaN.
    pub worst_margin: f64,
}

impl Ord for Rank {
    fn cmp(&self, other: &Rank) -> Ordering {
        let fewer = |own: usize, others: usize| others.cmp(&own);
        fewer(self.privacy_failed, other.privacy_failed)
            .then(fewer(self.privacy_open, other.privacy_open))
            .then(fewer(self.not_measured, other.not_measured))
            .then(self.worst_margin.total_cmp(&other.worst_margin))
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Rank) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Rank {
    fn eq(&self, other: &Rank) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Rank {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn privacy_comes_before_fidelity_and_evidence_before_margins() {
        let rank = |privacy_failed, privacy_open, not_measured, worst_margin| Rank {
            privacy_failed,
            privacy_open,
            not_measured,
            worst_margin,
        };
        let from_worst_to_best = [
            rank(2, 0, 0, 0.9),
            rank(1, 0, 0, 0.9),
            rank(0, 1, 1, 0.9),
            rank(0, 1, 0, 0.9),
            rank(0, 0, 1, 0.9),
            rank(0, 0, 0, -6.3),
            rank(0, 0, 0, -0.1),
            rank(0, 0, 0, 0.0),
        ];
        assert!(from_worst_to_best.is_sorted_by(|a, b| a < b));
    }
}
