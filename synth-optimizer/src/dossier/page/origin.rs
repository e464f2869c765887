//! Where the table comes from: its columns and what was done to them, and what went into the run.

use synth_compliance::Policy;
use synth_core::Schema;
use synth_core::keep::Origin;
use synth_core::protect::{Applied, Count};

use super::text::{grouped, shown};
use crate::constraints::{ConstraintRecord, RuleRecord};
use crate::dossier::audit::{Program, Source, Written};
use crate::dossier::record::RunRecord;
use crate::protection::Protects;

/// A column.
#[derive(Debug)]
pub(super) struct ColumnRow {
    pub(super) name: String,
    pub(super) kind: String,
    /// What was found in it.
    pub(super) found: String,
    /// What was done to it.
    pub(super) done: String,
    /// How far that moved its distribution.
    pub(super) cost: String,
}

/// The columns of the table that was given. The record is that of a run; without one only kinds are known.
pub(super) fn columns(schema: &Schema, record: Option<&RunRecord>) -> Vec<ColumnRow> {
    let row = |field: &synth_core::Field| {
        let name = &field.name;
        let joined = |texts: Vec<String>| shown(&texts.join("; "));
        let (mut found, mut done, mut cost) = Default::default();
        if let Some(record) = record {
            let findings = record.findings.iter().filter(|finding| finding.column == *name);
            found = joined(findings.map(|f| format!("{} ({}, {})", f.kind, f.percent(), f.confidence.basis)).collect());
            let applied = record.protection.applied.iter().filter(|applied| applied.column == *name);
            done = joined(applied.map(done_to).collect());
            let costs = record.protection.costs.iter().filter(|cost| cost.column == *name);
            cost = joined(costs.map(|c| format!("{} {:.2}", c.measure, c.value)).collect());
        }
        ColumnRow { name: shown(name), kind: field.kind.to_string(), found, done, cost }
    };
    schema.fields.iter().map(row).collect()
}

/// A protection and how many cells it changed.
fn done_to(applied: &Applied) -> String {
    match applied.cells {
        Count::Exactly(0) => format!("{}: nothing to change", applied.what),
        cells => format!("{} ({})", applied.what, cells.in_cells()),
    }
}

/// What protection could not do, or could do otherwise.
pub(super) fn protection_notes(record: &RunRecord) -> Vec<String> {
    let off = (record.protection.by == Protects::SchemaAlone)
        .then(|| "Protection was switched off: the findings were learnt unprotected.".to_owned());
    let less =
        record.protection.shortfalls.iter().map(|text| format!("Less than the policy requires: {}.", shown(text)));
    off.into_iter().chain(less).chain(record.protection.notes.iter().map(|text| format!("{}.", shown(text)))).collect()
}

/// What rows keep, or do not.
#[derive(Debug)]
pub(super) struct KeptRow {
    pub(super) rule: String,
    pub(super) origin: Origin,
    pub(super) how: String,
    /// The share of rows that broke it as they were drawn.
    pub(super) first_broken: String,
    /// The share of the table's rows that keep it.
    pub(super) kept: String,
}

/// The constraints of the displayed table.
pub(super) fn kept(record: &ConstraintRecord) -> Vec<KeptRow> {
    let share = |x: f64| format!("{:.1} %", 100.0 * x);
    let row = |rule: &RuleRecord| KeptRow {
        rule: shown(&rule.rule),
        origin: rule.origin,
        how: rule.by.to_string(),
        first_broken: share(rule.first_broken),
        kept: share(rule.kept),
    };
    record.rules.iter().map(row).collect()
}

/// What went into the run, a name and a value a line.
pub(super) fn facts(record: &RunRecord, policy: &Policy, source: &Source, program: &Program) -> Vec<[String; 2]> {
    let mut facts = vec![
        [
            "Source".to_owned(),
            format!("{}, {} rows, {} columns", shown(&source.name), grouped(source.n_rows), source.schema.fields.len()),
        ],
        ["Source’s HMAC-SHA-256".to_owned(), source.mac.clone().unwrap_or_else(|| "none: no key was given".to_owned())],
        ["Schema’s SHA-256".to_owned(), source.schema_sha256()],
        ["Policy".to_owned(), format!("{} {}", shown(policy.name()), shown(policy.version()))],
        ["Policy’s SHA-256".to_owned(), record.policy.sha256.clone()],
    ];
    facts.extend(policy.changes().iter().map(|change| ["Policy differs".to_owned(), shown(&change.to_string())]));
    facts.push(["Use of the rows".to_owned(), record.design.to_string()]);
    facts.push(["Seed of the run".to_owned(), record.seed.to_string()]);
    if let Some(attempt) = record.best_attempt() {
        facts.push([format!("Attempt {}", attempt.number), shown(&attempt.plan.summary())]);
    }
    facts.push(["Program".to_owned(), format!("{} {}", program.name, program.version)]);
    facts
}

/// The files of the run that were there before this page, with their digests.
pub(super) fn files(written: &[Written]) -> Vec<[String; 2]> {
    written.iter().map(|file| [shown(&file.name), file.sha256.clone()]).collect()
}
