//! What people read: results on standard output, the rest on standard error.

use std::io::{BufWriter, IsTerminal, Write};

use anyhow::Result;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{Cell, CellAlignment, Color, ContentArrangement, Table};
use serde::Serialize;
use synth_compliance::{Check, CheckView, Decision, Finding, Mark, Policy, PolicyId, Verdict};
use synth_core::Field;
use synth_core::constraint::{self, Constraint};
use synth_core::keep::{By, Kept};
use synth_core::protect::Count;
use synth_metrics::{ColumnLoss, Outcome, QualityReport, definition};
use synth_optimizer::audit::{self, Verified};
use synth_optimizer::dossier::losses;
use synth_optimizer::dossier::shown::shown;
use synth_optimizer::shadow::{ExposedRow, ShadowRecord};
use synth_optimizer::{
    Assessment, Attempt, AttemptResult, Cost, DEAD_ENDS, Part, Plan, Preview, ProtectionRecord, Protects, RULES,
    RunRecord,
};

use crate::exit::{Code, NotVerified};
use crate::log;

/// Writes to standard output. A reader that has gone away (`| head`) is no error.
pub(crate) fn bytes(bytes: &[u8]) -> Result<()> {
    match std::io::stdout().lock().write_all(bytes) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Writes to standard output as it comes; a reader that has gone away is no error here either.
pub(crate) fn stream(fill: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>) -> Result<()> {
    let mut out = BufWriter::new(std::io::stdout());
    match fill(&mut out).and_then(|()| Ok(out.flush()?)) {
        Err(error) if error.chain().any(is_gone) => Ok(()),
        result => result,
    }
}

fn is_gone(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Text on standard output, as it is.
pub(crate) fn text(text: &str) -> Result<()> {
    bytes(text.as_bytes())
}

/// A line of text on standard output, [safe](shown) to show.
pub(crate) fn line(text: impl std::fmt::Display) -> Result<()> {
    bytes(format!("{}\n", shown(&text.to_string())).as_bytes())
}

/// A table on standard output. Its colours are our own; what comes from outside is in [cells](cell).
fn print(table: &Table) -> Result<()> {
    bytes(format!("{table}\n").as_bytes())
}

/// A cell of a table that is safe to show.
fn cell(text: &str) -> Cell {
    Cell::new(shown(text))
}

/// A value as JSON on standard output.
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    bytes((serde_json::to_string_pretty(value)? + "\n").as_bytes())
}

/// A decision of the program that the user may want to overrule.
pub(crate) fn note(note: &str) {
    log::say("note", note);
}

/// What is sensitive in a table, a line a finding; nothing if there are none.
pub(crate) fn findings(findings: &[Finding]) {
    if findings.is_empty() {
        return;
    }
    let mut table = new_table();
    table.set_header(vec!["column", "content", "cells", "detected", "treatment"]);
    for finding in findings {
        let basis = format!("{} ({:.2})", finding.confidence.basis, finding.confidence.degree);
        let [kind, treatment] = [finding.kind.to_string(), finding.treatment.to_string()];
        table.add_row([&finding.column, &kind, &finding.percent(), &basis, &treatment].map(|text| cell(text)));
    }
    log::table(&table);
}

/// An error with its causes, one line.
pub(crate) fn error(error: &anyhow::Error, code: Code) {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        // Transparent errors repeat what was said already.
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    match error.is::<NotVerified>() && !log::is_json() {
        // A fault a line.
        true => text.lines().enumerate().for_each(|(i, fault)| match i {
            0 => log::say("error", fault),
            _ => log::line(fault),
        }),
        false => log::say("error", &text),
    }
    let is_ours = error.chain().all(|cause| !cause.is::<std::io::Error>());
    if code == Code::Internal && is_ours {
        log::line("this is a bug: please report it with the command you ran");
    }
}

/// The exit code in words, for a person at a terminal.
pub(crate) fn exit(code: Code) {
    if std::io::stderr().is_terminal() {
        log::line(format!("exit code {}", code as u8));
    }
}

/// The attempts of a run side by side, each measure against its limit, and the decision.
pub(crate) fn run(record: &RunRecord) -> Result<()> {
    lost(record.losses())?;
    let mut table = new_table();
    let mut header = vec![Cell::new("check"), Cell::new("limit")];
    header.extend(record.attempts.iter().map(|a| right(format!("attempt {}", a.number))));
    header.extend(record.audit.iter().map(|_| right("final audit".to_owned())));
    table.set_header(header);
    let columns: Vec<Option<&Assessment>> =
        record.attempts.iter().map(Attempt::verdict).chain(record.audit.iter().map(Some)).collect();
    let mut checks: Vec<CheckView<'_>> = Vec::new();
    for check in columns.iter().flatten().flat_map(|a| a.verdict.view()) {
        if checks.iter().all(|known| known.check.id != check.check.id) {
            checks.push(check);
        }
    }
    for CheckView { check, limit, .. } in checks {
        let mut row = vec![cell(&check.id), Cell::new(limit)];
        row.extend(columns.iter().map(|a| check_cell(a.and_then(|a| a.verdict.check(&check.id)))));
        table.add_row(row);
    }
    // Without a table there is nothing to check.
    if table.row_count() > 0 {
        print(&table)?;
    }
    for attempt in &record.attempts {
        line(attempt_line(attempt))?;
    }
    for text in protection_lines(&record.findings, &record.protection) {
        line(text)?;
    }
    if !record.constraints.is_empty() {
        line(format!("constraints: {:.1} % of the rows were resampled", 100.0 * record.constraints.redrawn))?;
        record.constraints.rules.iter().try_for_each(|rule| line(format!("  {}", rule.line())))?;
    }
    for text in &record.notes {
        line(format!("note: {text}"))?;
    }
    if let Some(stopped) = &record.stopped {
        line(format!("stopped: {stopped}"))?;
    }
    if let Some(exposed) = &record.exposed {
        line(format!("most exposed: {}", exposed.finding()))?;
    }
    if let Some(assessment) = record.assessment() {
        decision_lines(record.decision, &assessment.verdict).into_iter().try_for_each(line)?;
    }
    Ok(())
}

/// What was lost between the table as given and the synthetic one, before anything else.
fn lost(losses: &[ColumnLoss]) -> Result<()> {
    losses::lines(losses).into_iter().try_for_each(|text| line(format!("lost: {text}")))
}

/// What an audit of the most exposed units found: a line a unit, and all together.
pub(crate) fn audit(record: &ShadowRecord) -> Result<()> {
    if let Some(exposed) = &record.exposed {
        let mut table = new_table();
        table
            .set_header(vec![Cell::new("unit")].into_iter().chain(ExposedRow::HEAD.map(|name| right(name.to_owned()))));
        for ExposedRow { unit, figures, .. } in ExposedRow::all(exposed) {
            table.add_row(vec![Cell::new(unit)].into_iter().chain(figures.map(right)));
        }
        print(&table)?;
    }
    line(record.finding())
}

/// What a run would begin with, and the rules that would say what comes next.
pub(crate) fn preview(preview: &Preview) -> Result<()> {
    let Preview { findings, protection, design, memory, plan, .. } = preview;
    protection_lines(findings, protection).into_iter().try_for_each(line)?;
    line(design)?;
    line(format!("memory: about {} MB at the peak", memory.div_ceil(1_000_000)))?;
    line(format!("first plan: {}", plan.summary()))?;
    line("then, until a table is accepted, the first rule that applies:")?;
    let mut table = new_table();
    table.set_header(vec!["rule", "if", "then", "with one engine"]);
    for rule in RULES {
        let uses = if rule.uses == 1 { "once".to_owned() } else { format!("{} times", rule.uses) };
        table.add_row(vec![rule.name, rule.because, rule.suggestion, &uses]);
    }
    for dead_end in DEAD_ENDS {
        table.add_row(vec![dead_end.name, "no plan can help", dead_end.suggestion, ""]);
    }
    print(&table)
}

/// Columns, and what a model file tells of each.
pub(crate) fn columns<'a>(columns: impl Iterator<Item = (&'a Field, &'static str)>) -> Result<()> {
    let mut table = new_table();
    table.set_header(vec!["column", "kind", "the file reveals"]);
    for (field, reveals) in columns {
        table.add_row([&field.name, &field.kind.to_string(), reveals].map(cell));
    }
    print(&table)
}

/// A part of the system that was tried.
pub(crate) fn part(part: &Part) -> Result<()> {
    match &part.fault {
        None => line(format!("✓ {}: {}", part.name, part.tried)),
        Some(fault) => line(format!("✗ {}: {}: {fault}", part.name, part.tried)),
    }
}

/// What the rows of a fitted generator keep and how, a line each; nothing if there is nothing to keep.
pub(crate) fn constraints(constraints: &[Kept]) -> Result<()> {
    if constraints.is_empty() {
        return Ok(());
    }
    let (kept, not): (Vec<&Kept>, Vec<&Kept>) = constraints.iter().partition(|own| own.by != By::NotKept);
    line(format!("{} constraints enforced, {} not enforced:", kept.len(), not.len()))?;
    for Kept { rule, by, first_broken, .. } in constraints {
        let broken = format!("{:.1} % of sampled rows violate it", 100.0 * first_broken);
        line(match by {
            By::Derived | By::Difference | By::Lookup => format!("  {rule}: {by}"),
            By::Redraw if *first_broken == 0.0 => {
                format!("  {rule}: violating rows are resampled (almost none)")
            }
            By::Redraw => format!("  {rule}: {broken} and are resampled"),
            By::NotKept => format!("  {rule}: not enforced; {broken}"),
        })?;
    }
    Ok(())
}

/// Constraints that were found, as lines of a schema that say nothing yet: a person declares one by taking the `#` away.
pub(crate) fn found(constraints: &[Constraint]) -> Result<()> {
    if constraints.is_empty() {
        return Ok(());
    }
    line("")?;
    line("# Constraints that every row satisfies. Remove the # to declare one.")?;
    constraint::to_toml(constraints).lines().try_for_each(|text| match text.is_empty() {
        true => line(""),
        false => line(format!("# {text}")),
    })
}

/// The most columns that are named in a line.
const MAX_NAMED: usize = 6;

/// What was found, what was done about it, and what was not: a line each.
fn protection_lines(findings: &[Finding], protection: &ProtectionRecord) -> Vec<String> {
    let named = |columns: Vec<&str>| {
        let shown: Vec<String> = columns.iter().take(MAX_NAMED).map(|name| format!("`{name}`")).collect();
        let more = columns.len().saturating_sub(MAX_NAMED);
        if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
    };
    let mut lines: Vec<String> = findings.iter().map(|finding| format!("found: {finding}")).collect();
    let mut rules: Vec<&str> = Vec::new();
    for applied in &protection.applied {
        if !rules.contains(&applied.what.as_str()) {
            rules.push(&applied.what);
        }
    }
    for rule in rules {
        let same = || protection.applied.iter().filter(|applied| applied.what == rule);
        // What changed hardly anything in any column is in the record.
        if same().any(|applied| !matches!(applied.cells, Count::Exactly(0) | Count::FewerThan(_))) {
            let changed = same().filter(|applied| applied.cells != Count::Exactly(0));
            lines.push(format!("protected: {rule}: {}", named(changed.map(|a| a.column.as_str()).collect())));
        }
    }
    if let Some(worst) = protection.costs.iter().max_by(|a, b| a.value.total_cmp(&b.value)) {
        let Cost { column, measure, value } = worst;
        lines.push(format!(
            "protection changed `{column}` the most ({measure} {value:.2}); measures called given_… compare with the table before it"
        ));
    }
    if protection.by == Protects::SchemaAlone {
        lines.push("protection is switched off: the findings above are learnt unprotected".to_owned());
    }
    lines.extend(protection.shortfalls.iter().map(|text| format!("not protected: {text}")));
    lines.extend(protection.notes.iter().map(|text| format!("note: {text}")));
    lines
}

fn attempt_line(attempt: &Attempt<Plan, Assessment>) -> String {
    let seconds = attempt.duration.as_secs_f64();
    let came = match &attempt.result {
        AttemptResult::Judged(assessment) => assessment.decision().to_string(),
        AttemptResult::Failed(failure) => failure.to_string(),
    };
    format!("{attempt}: {came} ({seconds:.1} s)")
}

/// A verdict's checks against their limits, and the decision.
pub(crate) fn verdict(verdict: &Verdict) -> Result<()> {
    let mut table = new_table();
    table.set_header(vec![Cell::new("check"), Cell::new("limit"), right("value".to_owned())]);
    for check in &verdict.checks {
        table.add_row(vec![cell(&check.id), Cell::new(check.view().limit), check_cell(Some(check))]);
    }
    print(&table)?;
    decision_lines(verdict.decision, verdict).into_iter().try_for_each(line)
}

fn decision_lines(decision: Decision, verdict: &Verdict) -> Vec<String> {
    let Verdict { policy, policy_version, score, .. } = verdict;
    let mut lines = vec![format!("{decision} under policy {policy} {policy_version}: score {score}")];
    let sentences = verdict.violations().chain(verdict.gaps()).chain(verdict.findings());
    lines.extend(sentences.map(|sentence| format!("  {sentence}")));
    lines.push(format!("policy SHA-256 {}", verdict.policy_sha256));
    lines
}

/// The policy that a run is judged by, before anything is learnt, and what it changes in those it extends.
pub(crate) fn policy(policy: &Policy) {
    note(&format!("policy {} {}, SHA-256 {}", policy.name(), policy.version(), policy.sha256()));
    policy.changes().iter().for_each(|change| note(&change.to_string()));
}

/// What was checked of a run's results, and what that does not show.
pub(crate) fn verified(verified: &Verified) -> Result<()> {
    let Verified { head, lines, decision, files, policy, .. } = verified;
    let PolicyId { name, version, sha256 } = policy;
    line(format!("{}: {lines} lines, intact; head {head}", audit::LOG_NAME))?;
    line(format!("unmodified: {}", files.join(", ")))?;
    line(format!("{decision} under policy {name} {version}, SHA-256 {sha256}; every verdict follows from its report"))?;
    line("this does not show:")?;
    audit::LIMITS.iter().try_for_each(|limit| line(format!("  {limit}")))
}

/// A report's measures with their intervals.
pub(crate) fn report(report: &QualityReport) -> Result<()> {
    lost(&report.losses)?;
    let mut table = new_table();
    table.set_header(vec![Cell::new("measure"), right("value".to_owned()), Cell::new("95 % interval"), Cell::new("")]);
    for measure in &report.measures {
        let about = definition(&measure.id).map_or("", |d| d.domain.name());
        let (value, interval) = match &measure.outcome {
            Outcome::Measured(estimate) => {
                let interval = estimate.uncertainty.map(|u| format!("{:.3} to {:.3}", u.interval.low, u.interval.high));
                (right(format!("{:.4}", estimate.value)), interval.unwrap_or_default())
            }
            Outcome::NotMeasured(reason) => (right("–".to_owned()), format!("not measured: {reason}")),
        };
        table.add_row(vec![cell(&measure.id), value, cell(&interval), Cell::new(about)]);
    }
    print(&table)
}

/// A check in the fewest signs, in the colour of its outcome.
fn check_cell(check: Option<&Check>) -> Cell {
    let Some(check) = check else { return right("–".to_owned()) };
    let color = match check.mark() {
        Mark::Passed => Color::Green,
        Mark::Failed => Color::Red,
        Mark::Open | Mark::Noted => Color::Yellow,
        Mark::Beside => Color::Grey,
    };
    right(check.view().cell()).fg(color)
}

fn right(text: String) -> Cell {
    cell(&text).set_alignment(CellAlignment::Right)
}

fn new_table() -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    if std::env::var_os("NO_COLOR").is_some() {
        table.force_no_tty();
    }
    table
}
