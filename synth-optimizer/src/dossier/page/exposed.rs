//! The audit of the most exposed units, a line a unit.

use crate::dossier::record::RunRecord;
use crate::shadow::{ExposedRow, ShadowRecord};

/// What was audited, and what was found.
#[derive(Debug)]
pub(super) struct Exposed {
    /// How it was done, or why it was not.
    pub(super) design: String,
    pub(super) head: [&'static str; 5],
    pub(super) rows: Vec<ExposedRow>,
    /// The share of false alarms, as it came out.
    pub(super) alarms: String,
}

pub(super) fn exposed(record: &RunRecord) -> Option<Exposed> {
    record.exposed.as_ref().map(of)
}

fn of(record: &ShadowRecord) -> Exposed {
    let exposed = record.exposed.as_ref();
    Exposed {
        design: record.design(),
        head: ExposedRow::HEAD,
        rows: exposed.map_or(Vec::new(), ExposedRow::all),
        alarms: exposed.map_or(String::new(), |exposed| format!("{:.0} %", 100.0 * exposed.false_alarms)),
    }
}
