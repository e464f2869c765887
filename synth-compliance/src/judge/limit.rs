//! One limit of a gate against an estimate: which bound has to keep it, and how much room is left.

use synth_metrics::Estimate;

use super::status::Status;

/// On which side of the good values a limit lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Side {
    Max,
    Min,
}

/// A margin with four decimals, which is more than anybody reads; below 0 it stays below 0.
fn rounded(margin: f64, status: Status) -> f64 {
    let rounded = (margin * 1e4).round() / 1e4 + 0.0;
    if rounded >= 0.0 && status != Status::Pass { -1e-4 } else { rounded }
}

/// What has to be shown of a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shown {
    /// That it is kept: the less favourable bound decides.
    Kept,
    /// That it is broken: the more favourable bound decides, and weak evidence is none.
    Broken,
}

/// One limit of a gate, judged.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) side: Side,
    pub(super) shown: Shown,
    pub(super) limit: f64,
    /// The bound that decides, and the more favourable one.
    pub(super) bound: f64,
    pub(super) favourable: f64,
    pub(super) status: Status,
    pub(super) margin: f64,
}

impl Judged {
    pub(super) fn new(side: Side, shown: Shown, limit: f64, estimate: Estimate, ideal: f64) -> Judged {
        // Bounds by resampling need not contain the value; take whichever is further out.
        let low = estimate.lower_bound().min(estimate.value);
        let high = estimate.upper_bound().max(estimate.value);
        let (unfavourable, favourable) = match side {
            Side::Max => (high, low),
            Side::Min => (low, high),
        };
        let bound = match shown {
            Shown::Kept => unfavourable,
            Shown::Broken => favourable,
        };
        let keeps = |x: f64| match side {
            Side::Max => x <= limit,
            Side::Min => x >= limit,
        };
        let status = match (keeps(bound), keeps(favourable)) {
            (true, _) => Status::Pass,
            (false, true) => Status::Inconclusive,
            (false, false) => Status::Fail,
        };
        let margin = match (limit == ideal, status) {
            (false, _) => ((limit - bound) / (limit - ideal)).min(1.0),
            (true, Status::Pass) => 1.0,
            (true, _) => -(bound - limit).abs(),
        };
        Judged { side, shown, limit, bound, favourable, status, margin: rounded(margin, status) }
    }

    /// The worst of the limits of a gate: one that is broken, one that is not shown to be kept, or the one with the least room.
    pub(super) fn worst(all: impl Iterator<Item = Judged>) -> Option<Judged> {
        let rank = |judged: &Judged| match judged.status {
            Status::Fail => 0,
            Status::Inconclusive => 1,
            _ => 2,
        };
        all.min_by(|a, b| rank(a).cmp(&rank(b)).then(a.margin.total_cmp(&b.margin)))
    }
}
