//! What is found in a table, and what is done to it before it is split and learnt.
//!
//! Most measures compare with the *protected* table: it is what the generator was given, and they say how well it learnt. What was
//! lost before is measured against the table as it was given ([`losses`](synth_metrics::losses)), and counts in the verdict.

use serde::{Deserialize, Serialize};
use synth_compliance::propose::Proposal;
use synth_compliance::{Finding, Policy, detect};
use synth_core::protect::{Applied, Protection, Secret, apply};
use synth_core::schema::NumberFormat;
use synth_core::table::Units;
use synth_core::{BadInput, InputRule, Schema, Table};
use synth_metrics::{ks_statistic, total_variation};

use crate::error::Result;

/// Who determines the protection of a table before training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protects {
    /// The findings and the policy, and the schema where it declares something.
    #[default]
    Policy,
    /// The schema alone: what else was found or is asked for is listed, and not done.
    SchemaAlone,
}

/// The protection applied to a table before training, without any of its values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtectionRecord {
    /// Who decided.
    pub by: Protects,
    /// What was done, column by column.
    pub applied: Vec<Applied>,
    /// What it changed in the distributions of columns that can still be compared, by protection alone. What the synthetic table lost
    /// in all stands in its report ([`QualityReport::losses`](synth_metrics::QualityReport::losses)).
    pub costs: Vec<Cost>,
    /// Where less was done than the findings and the policy ask for.
    pub shortfalls: Vec<String>,
    /// Columns of which more could have been kept, and how.
    pub notes: Vec<String>,
}

/// How much the protection changed the distribution of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// The column's name.
    pub column: String,
    /// `ks` for numbers and dates, `tvd` for levels.
    pub measure: String,
    /// Between the column as it was and as it is, in hundredths: finer, it would count single rows.
    pub value: f64,
}

/// A table that is ready to be learnt.
pub(crate) struct Protected {
    pub(crate) table: Table,
    /// The same rows as they were given, with all that was done to them declared.
    pub(crate) given: Table,
    /// The schema of the table as it was, with all that was done to it declared.
    pub(crate) schema: Schema,
    pub(crate) findings: Vec<Finding>,
    pub(crate) record: ProtectionRecord,
    /// What is to be said of the [units](crate::unit::notice).
    pub(crate) notice: Option<String>,
}

/// Looks for what must not leave, declares what is to be done, and does it.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) if a protection of the schema does not fit its column, or if nothing is left to
/// learn.
pub(crate) fn protect(table: &Table, policy: &Policy, by: Protects, secret: &Secret) -> Result<Protected> {
    let findings = detect(table);
    let asked = synth_compliance::propose(table, &findings, policy);
    let Proposal { schema, shortfalls, notes } = match by {
        Protects::Policy => asked,
        Protects::SchemaAlone => {
            let own = table.schema().fields.iter().zip(&asked.schema.fields);
            let undone = own.filter(|(own, asked)| own != asked).map(|(own, asked)| {
                let rules: Vec<String> = asked.protect.iter().map(ToString::to_string).collect();
                let rules = if rules.is_empty() { format!("kind {}", asked.kind) } else { rules.join(", ") };
                format!("`{}`: the policy requires {rules}; protection is switched off", own.name)
            });
            let shortfalls = asked.shortfalls.into_iter().chain(undone).collect();
            // Whose rows they are is no protection.
            let schema = Schema { unit: asked.schema.unit, ..(**table.schema()).clone() };
            Proposal { schema, shortfalls, notes: Vec::new() }
        }
    };
    let given = table.with_schema(schema.clone().into())?;
    let (after, applied) = apply(&given, secret)?;
    let has_values = |table: &Table, i: usize| table.missing(i).contains(&false);
    let learnt =
        |table: &Table| (0..table.n_columns()).any(|i| table.column(i).0.kind.is_learnt() && has_values(table, i));
    if learnt(table) && !learnt(&after) {
        let problem = format!("{} rows are too few: no column is left to learn after protection", table.n_rows());
        let hint = "a custom policy can require less in `[protection]`";
        return Err(synth_core::Error::from(BadInput::new(InputRule::NothingToLearn, problem).hint(hint)).into());
    }
    let costs = costs(table, &after);
    let mut notes = notes;
    let is_lost = |own: &&Applied| own.rule == "constraint" && own.what.ends_with(": lost by protection");
    notes
        .extend(applied.iter().filter(is_lost).map(|own| format!("{}; no synthetic row is made to keep it", own.what)));
    let schema = told(schema, &after);
    let notice = crate::unit::notice(table, &findings, &Units::of(&after));
    let record = ProtectionRecord { by, applied, costs, shortfalls, notes };
    Ok(Protected { table: after, given, schema, findings, record, notice })
}

/// The schema as others may see it: where a level, a digit or a gap belongs to too few people, the protected column has none of it,
/// and the schema neither. Passed back, it leads to the same table: what it does not list is read all the same.
fn told(mut schema: Schema, after: &Table) -> Schema {
    for field in &mut schema.fields {
        let Some(i) = after.schema().index_of(&field.name) else { continue };
        let kept = after.column(i).0;
        let codes = field.protect.iter().filter_map(|rule| match rule {
            Protection::TopCode { to, .. } | Protection::BottomCode { to, .. } => Some(*to),
            _ => None,
        });
        let has_codes = |format: NumberFormat| codes.into_iter().all(|code| format.snap(code) == code);
        if kept.storage == field.storage && kept.number.is_some_and(has_codes) {
            field.number = kept.number;
        }
        // A level that the protected column lacks belongs to few, whatever the order declares.
        if !field.order.is_empty() && field.protect.iter().any(|rule| matches!(rule, Protection::MergeRare { .. })) {
            let levels = after.levels(i).names;
            field.order.retain(|level| levels.contains(level));
        }
        let is_number = field.storage.is_number() || field.datetime.is_some();
        let caps = |rule: &Protection| matches!(rule, Protection::CapExtremes { .. } | Protection::MergeRare { .. });
        if is_number && field.protect.iter().any(caps) && !after.missing(i).contains(&true) {
            field.missing.clear();
        }
    }
    schema
}

fn costs(before: &Table, after: &Table) -> Vec<Cost> {
    let columns = before.schema().fields.iter().enumerate();
    let both = columns.filter_map(|(i, field)| Some((i, after.schema().index_of(&field.name)?, field)));
    both.filter_map(|(i, j, field)| {
        let kept = after.column(j).0;
        let (measure, value) = match field.kind {
            // A year and a moment are no numbers of one scale.
            kind if kind.is_scale() && kept.storage == field.storage => {
                let present =
                    |table: &Table, i| -> Vec<f64> { table.numbers(i).into_iter().filter(|x| x.is_finite()).collect() };
                ("ks", ks_statistic(&present(before, i), &present(after, j)).ok()?)
            }
            kind if kind.is_levels() && (kept.kind.is_levels() || kept.kind == synth_core::Kind::Constant) => {
                let (old, new) = (before.levels(i), after.levels(j));
                // One dictionary: old names first, new ones behind, missing last of all.
                let mut names = old.names.clone();
                names.extend(new.names.iter().filter(|name| !old.names.contains(name)).cloned());
                let codes = |levels: &synth_core::table::Levels| -> Vec<u32> {
                    let own = levels.names.iter().map(|name| names.iter().position(|n| n == name));
                    let own: Vec<u32> = own.map(|at| at.unwrap_or(names.len()) as u32).collect();
                    levels.codes.iter().map(|code| code.map_or(names.len() as u32, |code| own[code as usize])).collect()
                };
                ("tvd", total_variation(&codes(&old), &codes(&new)).ok()?)
            }
            _ => return None,
        };
        let value = (value * 100.0).round() / 100.0;
        (value > 0.0).then(|| Cost { column: field.name.clone(), measure: measure.to_owned(), value })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use synth_core::io::{ReadOptions, read_bytes};

    use super::*;

    fn table(n: usize) -> Table {
        let rows = (0..n).map(|i| format!("{}.5,{}\n", i * 17 % n, if i % 40 == 0 { "rare" } else { "often" }));
        let text: String = std::iter::once("dose,ward\n".to_owned()).chain(rows).collect();
        read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table
    }

    #[test]
    fn what_protection_costs_is_told_by_column() {
        let policy = Policy::named("hipaa").unwrap();
        let protected = protect(&table(200), &policy, Protects::Policy, &Secret::from_seed(0)).unwrap();
        let costs: Vec<(&str, &str, f64)> =
            protected.record.costs.iter().map(|c| (c.column.as_str(), c.measure.as_str(), c.value)).collect();
        // 11 to 22 of 200 values are capped at either end, and five rows have the rare level.
        assert!(costs[0].0 == "dose" && costs[0].1 == "ks" && (0.05..=0.11).contains(&costs[0].2), "{costs:?}");
        assert_eq!(costs[1..], [("ward", "tvd", 0.03)]);
        assert!(protected.record.shortfalls.is_empty());
    }

    #[test]
    fn switched_off_it_does_what_the_schema_says_and_lists_the_rest() {
        let policy = Policy::named("hipaa").unwrap();
        let input = table(200);
        let protected = protect(&input, &policy, Protects::SchemaAlone, &Secret::from_seed(0)).unwrap();
        assert_eq!(protected.table.batch(), input.batch());
        assert_eq!(protected.record.shortfalls.len(), 2);
        assert!(protected.record.shortfalls[0].starts_with("`dose`: the policy requires 11 to 22 most extreme values"));
    }

    #[test]
    fn the_schema_that_leaves_names_nothing_of_few_and_does_the_same_again() {
        let stage = |i: usize| match i {
            0..3 => "very high",
            i => ["low", "medium", "high"][i % 3],
        };
        let cell = |i: usize| match i {
            5 => "?".to_owned(),
            9 => "31.27751".to_owned(),
            i => format!("{}.{}", 20 + i * 7 % 15, i * 3 % 10),
        };
        let rows: String = (0..300).map(|i| format!("{},{}\n", stage(i), cell(i))).collect();
        let read = |schema: Option<Schema>| {
            let options = ReadOptions { schema, ..ReadOptions::default() };
            read_bytes(format!("stage,bmi\n{rows}").into_bytes(), &options).unwrap().table
        };
        let policy = Policy::named("hipaa").unwrap();
        let run = |table: &Table| protect(table, &policy, Protects::Policy, &Secret::from_seed(3)).unwrap();
        let first = run(&read(None));
        let text = first.schema.to_toml();
        assert!(!text.contains("very high") && !text.contains('?') && text.contains("decimals = 1"), "{text}");
        let again = run(&read(Some(first.schema.clone())));
        assert_eq!(again.table.batch(), first.table.batch());
        assert_eq!(again.schema, first.schema);
    }

    #[test]
    fn a_table_too_small_for_the_policy_says_so() {
        let policy = Policy::named("hipaa").unwrap();
        let error = protect(&table(15), &policy, Protects::Policy, &Secret::from_seed(0)).err().unwrap().to_string();
        assert!(error.contains("15 rows are too few") && error.contains("[nothing-to-learn]"), "{error}");
    }
}
