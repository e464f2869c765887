//! What a table is, what it is for and what it was checked for, on one page: a model card in Markdown.
//!
//! The headings follow model cards (arXiv:1810.03993), with those a synthetic clinical table needs: how private rows were
//! used, every check with its bound, and what is not known. The source has no name here and its rows are a band. What only its
//! owner knows (period, consent, contact, licence) stands as a line to fill in, so that nobody takes silence for an answer.
//!
//! Left out on purpose: plots, which the report page has, and any value of the table.

use std::fmt::Write;

use synth_compliance::{CheckView, DISCLAIMER, Mark, Policy, Verdict};
use synth_metrics::{Domain, Outcome, QualityReport, Subgroups, definition};

use super::audit::{Program, Source};
use super::losses;
use super::record::RunRecord;
use super::shown::shown;
use crate::assessment::Assessment;
use crate::shadow::{ExposedRow, ShadowRecord};

/// The model card of a run under `policy`.
pub fn model_card(record: &RunRecord, policy: &Policy, source: &Source, program: &Program) -> String {
    let mut card = Card(String::new());
    let assessment = record.assessment();
    card.heading("Model card of a synthetic table");
    card.line(&format!(
        "Decision: **{}** under policy {} {} (SHA-256 `{}`).",
        record.decision,
        text(policy.name()),
        text(policy.version()),
        policy.sha256(),
    ));
    if !record.decision.is_accepted() {
        card.line("This run released no table. The card documents what was tried.");
    }
    for lost in losses::lines(record.losses()) {
        card.line(&format!("\nLost: {}.", text(&lost)));
    }

    card.section("Purpose");
    card.items([
        "Meant for: developing and testing programs, teaching, planning studies, and looking for hypotheses.",
        "Forbidden: care of any patient; primary evidence for a claim, unless confirmed on real data; attempts to identify people in the source.",
    ]);

    card.section("Source");
    let (band, n_columns) = (band(source.n_rows), source.schema.fields.len());
    card.items([
        format!("{band} rows, {n_columns} columns; {}.", units(record)).as_str(),
        "Period, place, inclusion, consent, contact, licence, recipients, expiry: unknown to the program; to be filled in by the owner.",
    ]);
    card.line("| column | kind |\n|---|---|");
    for field in &source.schema.fields {
        card.row(&[&field.name, &field.kind.to_string()]);
    }

    card.section("Protection before training");
    card.protection(record);

    card.section("Generator");
    card.generator(record, program);

    card.section("Constraints");
    card.constraints(record);

    card.section("Privacy mechanism");
    card.line(
        "No formal one: no calibrated noise, and no mathematical bound on what the table discloses about a person. The evidence is the attacks below.",
    );

    card.section("Checks");
    match assessment {
        Some(assessment) => card.checks(assessment),
        None => card.line("No attempt produced a table, so nothing was checked."),
    }

    if let Some(exposed) = &record.exposed {
        card.section("The most exposed");
        card.exposed(exposed);
    }

    card.section("Known gaps");
    card.gaps(record, assessment.map(|a| &a.verdict));

    card.section("Disclaimer");
    card.line(DISCLAIMER);
    card.0
}

struct Card(String);

impl Card {
    fn heading(&mut self, title: &str) {
        self.line(&format!("# {title}\n"));
    }

    fn section(&mut self, title: &str) {
        self.line(&format!("\n## {title}\n"));
    }

    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn items<'a>(&mut self, items: impl IntoIterator<Item = &'a str>) {
        for item in items {
            self.line(&format!("- {item}"));
        }
    }

    fn row(&mut self, cells: &[&str]) {
        self.0.push('|');
        cells.iter().for_each(|cell| write!(self.0, " {} |", text(cell)).expect("a string takes all"));
        self.0.push('\n');
    }

    /// The measures compare with the table that this leaves.
    fn protection(&mut self, record: &RunRecord) {
        let protection = &record.protection;
        let found = record.findings.iter().map(|finding| format!("Found: {finding}"));
        let done = protection.applied.iter().map(|applied| format!("Done: {applied}"));
        let less = protection.shortfalls.iter().map(|shortfall| format!("Less than the policy requires: {shortfall}"));
        let lines: Vec<String> = found.chain(done).chain(less).chain(protection.notes.iter().cloned()).collect();
        if lines.is_empty() {
            self.line("None: nothing was detected that needs it, and nothing was declared.");
        }
        lines.iter().for_each(|line| self.line(&format!("- {}.", text(line))));
    }

    fn generator(&mut self, record: &RunRecord, program: &Program) {
        self.items([
            format!("Program: {} {}.", text(&program.name), text(&program.version)).as_str(),
            format!("Seed of the run: {}. Design: {}.", record.seed, record.design).as_str(),
            format!("Attempts: {}.", record.attempts.len()).as_str(),
        ]);
        for attempt in &record.attempts {
            let came = attempt.verdict().map_or_else(
                || attempt.failure().map_or(String::new(), ToString::to_string),
                |assessment| assessment.decision().to_string(),
            );
            self.line(&format!("  {}. {}: {}", attempt.number, text(&attempt.explanation.to_string()), text(&came)));
        }
        let Some(attempt) = record.best_attempt() else { return };
        self.line(&format!("- Settings of attempt {}: {}.", attempt.number, text(&attempt.plan.summary()),));
        if let Some(training) = &record.training {
            self.line(&format!(
                "- Training: {} epochs, {} parameters, held-out loss {:.4} (baseline {:.4}).",
                training.n_epochs, training.n_parameters, training.held_out.loss, training.held_out.baseline,
            ));
        }
    }

    fn constraints(&mut self, record: &RunRecord) {
        let constraints = &record.constraints;
        if constraints.is_empty() {
            return self.line("None declared and none found, or constraints were switched off.");
        }
        self.line(&format!("{:.1} % of the rows were resampled to enforce them.\n", 100.0 * constraints.redrawn));
        constraints.rules.iter().for_each(|rule| self.line(&format!("- {}.", text(&rule.line()))));
    }

    fn checks(&mut self, assessment: &Assessment) {
        let Assessment { report, verdict } = assessment;
        let rows = &report.rows;
        let unseen = rows.holdout.map_or("no".to_owned(), |n| n.to_string());
        self.line(&format!(
            "{} training, {} synthetic and {unseen} held-out real rows were compared. Score: {}.\n",
            rows.train, rows.synthetic, verdict.score,
        ));
        self.line("| check | class | limit | value | bound | n | outcome |\n|---|---|---|---|---|---|---|");
        verdict.view().iter().for_each(|view| self.check(view, report));
        self.line("");
        for (title, domain) in
            [("Privacy, worst attack", Domain::Privacy), ("Utility", Domain::Utility), ("Fidelity", Domain::Fidelity)]
        {
            let line = match domain {
                Domain::Privacy => worst_attack(verdict),
                _ => measured(report, domain),
            };
            self.line(&format!("- {title}: {}.", text(&line)));
        }
        self.line(&format!("- Subgroups: {}.", text(&subgroup_line(report.subgroups.as_ref()))));
    }

    fn exposed(&mut self, record: &ShadowRecord) {
        self.line(&format!("Shadow audit of the units that are least like the others: {}.\n", record.finding()));
        let Some(exposed) = &record.exposed else { return };
        self.line(&format!("| unit | {} |\n|---|---|---|---|---|---|", ExposedRow::HEAD.join(" | ")));
        for ExposedRow { unit, figures } in ExposedRow::all(exposed) {
            let figures = figures.iter().map(String::as_str);
            self.row(&[unit.as_str()].into_iter().chain(figures).collect::<Vec<_>>());
        }
    }

    fn check(&mut self, view: &CheckView<'_>, report: &QualityReport) {
        let id = &view.check.id;
        let n = match report.measure(id).map(|measure| &measure.outcome) {
            Some(Outcome::Measured(estimate)) => estimate.uncertainty.map_or(String::new(), |u| u.n.to_string()),
            _ => String::new(),
        };
        let outcome = match view.mark {
            Mark::Passed => format!("{} {}", view.mark.sign(), view.outcome),
            mark => format!("{} {}: {}", mark.sign(), view.outcome, view.why),
        };
        self.row(&[id, view.check.class.id(), &view.limit, &view.value, &view.bound, &n, &outcome]);
    }

    fn gaps(&mut self, record: &RunRecord, verdict: Option<&Verdict>) {
        let open = verdict.into_iter().flat_map(|v| v.violations().chain(v.gaps()).chain(v.findings()));
        for gap in open.chain(record.notes.iter().map(String::as_str)) {
            self.line(&format!("- {}.", text(gap)));
        }
        self.items([
            "Attacks other than those named, attackers who know more, further releases from the same source.",
            "Unmeasured: every measure without a line above.",
        ]);
    }
}

/// A number of rows as a band: 1, 2, 5, 10, 20, 50, …
fn band(n_rows: usize) -> String {
    let mut edges = (0..19).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power))).skip_while(|&e| e < 100);
    let n_rows = n_rows as u64;
    let mut low = 0;
    let high = edges.find(|&edge| {
        let is_above = edge > n_rows;
        low = if is_above { low } else { edge };
        is_above
    });
    match (low, high) {
        (0, _) => "under 100".to_owned(),
        (low, Some(high)) => format!("{low} to {}", high - 1),
        (low, None) => format!("{low} or more"),
    }
}

/// Whose rows they were taken for.
fn units(record: &RunRecord) -> String {
    match &record.unit {
        Some(unit) if unit.columns.is_empty() => format!(
            "{} units, of equal rows, of which there were far more than chance makes: equal rows count once, and are never split",
            unit.n_units
        ),
        Some(unit) => format!(
            "{} units, identified by {}, with several rows each: units are never split, and relations between the rows of a unit are not modelled",
            unit.n_units,
            unit.columns.iter().map(|name| format!("`{}`", text(name))).collect::<Vec<_>>().join(", ")
        ),
        None => "each row is a unit of its own".to_owned(),
    }
}

/// The attack that left the least room to its limit.
fn worst_attack(verdict: &Verdict) -> String {
    let attacks = verdict.checks.iter().filter(|c| c.domain == Some(Domain::Privacy) && c.margin.is_some());
    match attacks.min_by(|a, b| a.margin.unwrap_or(0.0).total_cmp(&b.margin.unwrap_or(0.0))) {
        Some(check) => check.sentence.clone(),
        None => "no attack has a value".to_owned(),
    }
}

/// The measures of a domain that have a value, with it.
fn measured(report: &QualityReport, domain: Domain) -> String {
    let of_domain = report.measures.iter().filter(|m| definition(&m.id).is_some_and(|d| d.domain == domain));
    let values: Vec<String> = of_domain.filter_map(|m| Some(format!("{} {:.3}", m.id, m.outcome.value()?))).collect();
    match values.is_empty() {
        true => "not measured by this run".to_owned(),
        false => values.join(", "),
    }
}

fn subgroup_line(subgroups: Option<&Subgroups>) -> String {
    match subgroups {
        Some(_) => "measured separately, see report.json".to_owned(),
        None => "not in report.json; the report page shows those of one column".to_owned(),
    }
}

/// Text as Markdown shows it and takes for nothing else: names come from the table.
fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in shown(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '!' | '~' => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_told_as_bands() {
        let check = |n, expected: &str| assert_eq!(band(n), expected, "{n}");
        check(0, "under 100");
        check(99, "under 100");
        check(100, "100 to 199");
        check(303, "200 to 499");
        check(999, "500 to 999");
        check(1000, "1000 to 1999");
        check(48_842, "20000 to 49999");
        check(usize::MAX, "5000000000000000000 or more");
    }

    #[test]
    fn names_are_text_and_nothing_else() {
        assert_eq!(text("a|b <script>`x`\n"), "a\\|b &lt;script&gt;\\`x\\`\\\\u{a}");
    }
}
