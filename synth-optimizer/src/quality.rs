//! Whether every part of the system works here, on a given table: what `synth quality-test` shows.
//!
//! Each part is tried on something whose outcome is known: files that must come back, models whose rows must not depend
//! on how they are drawn, measures with anchors, policies that must refuse a copy. What they say of a table that is to be
//! shared is the business of a [run](crate::Pipeline).

use synth_compliance::{Decision, Policy, Treatment, detect, judge};
use synth_core::io::{ReadOptions, read_bytes, write};
use synth_core::schema::{Compression, Format, Source};
use synth_core::{AnyEngine, Engine, EngineKind, Fit, Generator, Model, Schema, Table};
use synth_metrics::{Audit, Battery, MEASURES, Options, QualityReport, Tables, anchor, measure};

use crate::Assessment;
use crate::attempt::{Attempt, AttemptResult};
use crate::plan::Plan;
use crate::rule::{RULES, RulePlanner};
use crate::runner::Planner;

/// A component of the system, and whether it works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub name: String,
    /// What was tried, in words.
    pub tried: String,
    /// What went wrong; `None` if it works.
    pub fault: Option<String>,
}

/// Tries the parts one after the other and tells `watch` of each. The engines are fitted for a moment only, on at most
/// 500 rows of `table`: whether they work, not how well.
pub fn quality_test(table: &Table, seed: u64, watch: &mut dyn FnMut(&Part)) -> Vec<Part> {
    let rows: Vec<usize> = (0..table.n_rows().min(500)).collect();
    let small = table.take(&rows);
    let mut parts = Vec::new();
    let mut try_part = |name: String, tried: &str, outcome: Result<String, String>| {
        let part = match outcome {
            Ok(seen) => Part { name, tried: format!("{tried}: {seen}"), fault: None },
            Err(fault) => Part { name, tried: tried.to_owned(), fault: Some(fault) },
        };
        watch(&part);
        parts.push(part);
    };
    for format in [Format::Csv, Format::Parquet, Format::Arrow] {
        let name = format!("tables: {}", format!("{format:?}").to_lowercase());
        try_part(name, "written and read back", files_come_back(&small, format));
    }
    try_part("schema".to_owned(), "written as TOML and read back", schema_comes_back(&small));
    for &engine in EngineKind::ALL {
        let tried = "briefly fitted, sampled whole and in parts, saved and loaded";
        try_part(format!("engine: {engine}"), tried, engine_works(&small, engine, seed));
    }
    let tried = "each on a copy, fresh rows, permuted columns and shifted values";
    try_part("measures".to_owned(), tried, anchors_hold());
    try_part("detectors".to_owned(), "planted identifiers", identifiers_are_found());
    for name in Policy::names() {
        try_part(
            format!("policy: {name}"),
            "judged on a copy of the table, and without measures",
            policy_refuses(name),
        );
    }
    try_part("planner".to_owned(), "a leak that no plan can fix", planner_ends(table));
    parts
}

fn files_come_back(table: &Table, format: Format) -> Result<String, String> {
    let mut bytes = Vec::new();
    let source = Source { format, compression: Compression::None, ..table.schema().source.clone() };
    write(table, &source, &mut bytes).map_err(|error| error.to_string())?;
    let n_bytes = bytes.len();
    let schema = Schema { source, ..(**table.schema()).clone() };
    let options = ReadOptions { schema: Some(schema.clone()), ..ReadOptions::default() };
    let again = read_bytes(bytes, &options).map_err(|error| error.to_string())?.table;
    // Free text is never written.
    match table.with_schema(schema.into()).map(|own| own.batch().columns() == again.batch().columns()) {
        Ok(true) => Ok(format!("{} rows, {n_bytes} bytes", again.n_rows())),
        Ok(false) => Err("a cell changed".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn schema_comes_back(table: &Table) -> Result<String, String> {
    let again = Schema::from_toml(&table.schema().to_toml()).map_err(|error| error.to_string())?;
    if again == **table.schema() {
        Ok(format!("{} columns", again.fields.len()))
    } else {
        Err("the schema changed".to_owned())
    }
}

fn engine_works(table: &Table, kind: EngineKind, seed: u64) -> Result<String, String> {
    try_engine(table, kind, seed).unwrap_or_else(|error| Err(error.to_string()))
}

fn try_engine(table: &Table, kind: EngineKind, seed: u64) -> synth_core::Result<Result<String, String>> {
    let mut engine = AnyEngine::for_size(kind, table.n_rows(), table.n_columns());
    if let Some(training) = engine.training_mut() {
        training.hidden.iter_mut().for_each(|width| *width = 32);
        (training.n_iter, training.min_steps, training.max_steps) = (60, 200, 400);
    }
    if let AnyEngine::TabDdpm(params) = &mut engine {
        params.n_timesteps = 20;
    }
    let model = Fit::of(table).engine(engine).seed(seed).run()?;
    let n_rows = table.n_rows() as u64;
    let whole = model.sample(0..n_rows, seed)?;
    let parts = Table::concat(&[model.sample(0..n_rows / 3, seed)?, model.sample(n_rows / 3..n_rows, seed)?])?;
    if parts.batch() != whole.batch() {
        return Ok(Err("rows depend on how they are sampled".to_owned()));
    }
    let again = Model::from_bytes(&model.to_bytes()?)?;
    if again.sample(0..n_rows, seed)?.batch() != whole.batch() {
        return Ok(Err("the loaded model samples other rows".to_owned()));
    }
    Ok(Ok(format!("{n_rows} rows")))
}

fn anchors_hold() -> Result<String, String> {
    let checked = anchor::check(Battery::Full);
    match checked.iter().find(|checked| !checked.holds()) {
        None => Ok(format!("{} measures hold", MEASURES.len())),
        Some(wrong) => {
            let value = wrong.value.map_or("nothing".to_owned(), |value| format!("{value:.3}"));
            Err(format!(
                "{} says {value} of the table `{}`, not {} to {}",
                wrong.id, wrong.table, wrong.allowed.low, wrong.allowed.high
            ))
        }
    }
}

fn identifiers_are_found() -> Result<String, String> {
    let row = |i: usize| format!("u{i}@example.org,+1 202 555 {:04},{}\n", i % 10_000, i % 7);
    let text: String = std::iter::once("a,b,c\n".to_owned()).chain((0..60).map(row)).collect();
    let table = read_bytes(text.into_bytes(), &ReadOptions::default()).map_err(|error| error.to_string())?.table;
    let found: Vec<String> = detect(&table)
        .into_iter()
        .filter(|finding| finding.treatment != Treatment::Keep)
        .map(|finding| finding.column)
        .collect();
    let missed: Vec<&str> = ["a", "b"].into_iter().filter(|column| !found.iter().any(|f| f == column)).collect();
    if missed.is_empty() { Ok("e-mail and telephone found".to_owned()) } else { Err(format!("not found: {missed:?}")) }
}

/// The report on a copy of a table of known law, every row a member and as many that are none.
fn report_on_a_copy(policy: &Policy) -> Result<QualityReport, String> {
    let (train, holdout) = (anchor::clinic(600, 1), anchor::clinic(600, 2));
    let comparison = Tables { train: &train, synthetic: &train, holdout: Some(&holdout) }
        .compare()
        .map_err(|error| error.to_string())?;
    let ids: Vec<usize> = (0..1200).collect();
    let audit = Audit {
        synthetic: &train,
        members: &train,
        member_ids: &ids[..600],
        non_members: &holdout,
        non_member_ids: &ids[600..],
        reference: None,
    };
    Ok(measure(
        &comparison,
        &Options { battery: policy.battery(), also: policy.also(), audits: vec![audit], ..Options::default() },
    ))
}

fn policy_refuses(name: &str) -> Result<String, String> {
    let policy = Policy::named(name).map_err(|error| error.to_string())?;
    let report = report_on_a_copy(&policy)?;
    if judge(&report, &policy).decision != Decision::Refused {
        return Err("accepts a copy".to_owned());
    }
    let nothing = QualityReport { measures: Vec::new(), ..report };
    if judge(&nothing, &policy).decision.is_accepted() {
        return Err("accepts an unmeasured table".to_owned());
    }
    Ok("neither accepted".to_owned())
}

/// Answers every plan with a table that leaks, until nothing is left.
fn planner_ends(table: &Table) -> Result<String, String> {
    let policy = Policy::named("hipaa").map_err(|error| error.to_string())?;
    let assessment = Assessment::new(report_on_a_copy(&policy)?, &policy);
    let mut planner = RulePlanner::new(Plan::base(table.n_rows(), table.n_columns()));
    let mut attempts: Vec<Attempt<Plan, Assessment>> = Vec::new();
    let most = EngineKind::ALL.len() * RULES.iter().map(|rule| rule.uses).sum::<usize>() + 1;
    while let Some((plan, explanation)) = planner.next_plan(&attempts) {
        if attempts.iter().any(|attempt| plan.learns_at_least_as_hard_as(&attempt.plan)) {
            return Err(format!("`{}` answers a leak with as much training", explanation.rule));
        }
        if attempts.len() == most {
            return Err("does not end".to_owned());
        }
        let number = attempts.len() + 1;
        attempts.push(Attempt {
            number,
            plan,
            explanation,
            result: AttemptResult::Judged(assessment.clone()),
            duration: std::time::Duration::ZERO,
        });
    }
    Ok(format!("gives up after {} attempts, never trains harder", attempts.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_works_on_a_table_of_every_kind() {
        let row = |i: usize| {
            let visit = ["", "2021-03-07", "2021-04-11", "2020-12-24"][i % 4];
            format!("{},{},{},{visit}\n", 40 + i * 31 % 47, ["f", "m"][i % 2], i * 7919 % 1000)
        };
        let text: String = std::iter::once("age,sex,dose,visit\n".to_owned()).chain((0..200).map(row)).collect();
        let table = read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table;
        let mut n_watched = 0;
        let parts = quality_test(&table, 1, &mut |_| n_watched += 1);
        assert_eq!(n_watched, parts.len());
        let faults: Vec<&Part> = parts.iter().filter(|part| part.fault.is_some()).collect();
        assert!(faults.is_empty(), "{faults:?}");
        let names = |part: &str| parts.iter().filter(|p| p.name.starts_with(part)).count();
        assert_eq!((names("tables"), names("engine"), names("policy")), (3, 4, Policy::names().count()));
    }
}
