//! `synth profile`: what the columns of a table are taken for, and what in them is sensitive.

use anyhow::Result;
use serde::Serialize;
use synth_compliance::propose::detected_unit;
use synth_compliance::{Finding, detect};
use synth_core::Schema;
use synth_core::constraint::{self, Constraint};
use synth_core::schema::Unit;
use synth_core::table::Units;
use synth_optimizer::UnitRecord;

use super::common::Common;
use crate::exit::Code;
use crate::input::Input;
use crate::{args, show, tables};

/// The schema with the findings beside its own keys.
#[derive(Serialize)]
struct Profile<'a> {
    #[serde(flatten)]
    schema: &'a Schema,
    /// How many units there are, where some have several rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    units: Option<UnitRecord>,
    findings: &'a [Finding],
    /// What every row keeps beside what is declared; a schema that declares it is `constraint`.
    found_constraints: &'a [Constraint],
}

pub(super) fn run(args: &args::Profile, common: &Common) -> Result<Code> {
    let input = Input::of(&args.input)?;
    input.files()?;
    let table = input.read(&tables::read_options(&args.reading)?, common.quiet)?;
    let findings = detect(&table);
    let mut schema = (**table.schema()).clone();
    schema.unit = schema.unit.or_else(|| detected_unit(&table, &findings));
    let units = Units::by(&table, schema.unit.as_ref().unwrap_or(&Unit::Row));
    let schema = &schema;
    let found = constraint::find(&table);
    if common.json {
        show::json(&Profile { schema, units: UnitRecord::of(&units), findings: &findings, found_constraints: &found })?;
    } else {
        // Whose rows they are can be corrected here too; where nothing says it, each row is a unit, and nothing is declared.
        let text = schema.to_toml();
        let text = match schema.unit {
            Some(_) => text.replacen("\nunit = ", &format!("\n# {units}\nunit = "), 1),
            None => text.replacen('\n', &format!("\n# {units}\n# unit = \"row\"\n"), 1),
        };
        show::bytes(text.as_bytes())?;
        show::found(&found)?;
        // Standard output is a schema, to be used as it is.
        if !common.quiet {
            show::findings(&findings);
        }
    }
    Ok(Code::Accepted)
}
