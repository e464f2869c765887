//! The figures of an audit as a table that people read, the same on the terminal, the page and the card.

use synth_metrics::{Estimate, Exposed};

/// A line of the table. Names nobody: `exposed unit 3 (extreme)`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExposedRow {
    /// Which unit, or that it is all of them.
    pub unit: String,
    /// One for each of [`HEAD`](Self::HEAD); empty where there is none.
    pub figures: [String; 5],
}

impl ExposedRow {
    /// What the figures are.
    pub const HEAD: [&'static str; 5] = ["AUC", "95 %", "AUC, outsider", "found at 10 %", "epsilon ≥"];

    /// The units, then all together, then the control.
    pub fn all(exposed: &Exposed) -> Vec<Self> {
        let two = |x: f64| format!("{x:.2}");
        let one = |x: f64| format!("{x:.1}");
        let ends = |estimate: &Estimate| {
            let uncertainty = estimate.uncertainty;
            uncertainty.map_or(String::new(), |u| format!("{:.2} to {:.2}", u.interval.low, u.interval.high))
        };
        let units = exposed.units.iter().enumerate().map(|(i, unit)| Self {
            unit: format!("exposed unit {} ({})", i + 1, unit.exposure),
            figures: [
                two(unit.auc.value),
                ends(&unit.auc),
                two(unit.outside_auc),
                two(unit.tpr_at_10),
                one(unit.epsilon),
            ],
        });
        let together = Self {
            unit: "all exposed units".to_owned(),
            figures: [
                two(exposed.auc.value),
                ends(&exposed.auc),
                two(exposed.outside_auc.value),
                two(exposed.tpr_at_10.value),
                one(exposed.epsilon),
            ],
        };
        let control = exposed.typical_auc.as_ref().map(|auc| Self {
            unit: "typical units, the control".to_owned(),
            figures: [two(auc.value), ends(auc), String::new(), String::new(), String::new()],
        });
        units.chain([together]).chain(control).collect()
    }
}
