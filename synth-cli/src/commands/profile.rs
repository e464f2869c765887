//! `synth profile`: what the columns of a table are taken for, and what in them is sensitive.

use anyhow::Result;
use serde::Serialize;
use synth_compliance::{Finding, detect};
use synth_core::Schema;
use synth_core::constraint::{self, Constraint};

use super::common::Common;
use crate::exit::Code;
use crate::input::Input;
use crate::{args, show, tables};

/// The schema with the findings beside its own keys.
#[derive(Serialize)]
struct Profile<'a> {
    #[serde(flatten)]
    schema: &'a Schema,
    findings: &'a [Finding],
    /// What every row keeps beside what is declared; a schema that declares it is `constraint`.
    found_constraints: &'a [Constraint],
}

pub(super) fn run(args: &args::Profile, common: &Common) -> Result<Code> {
    let input = Input::of(&args.input)?;
    input.files()?;
    let table = input.read(&tables::read_options(&args.reading)?, common.quiet)?;
    let schema = &**table.schema();
    let findings = detect(&table);
    let found = constraint::find(&table);
    if common.json {
        show::json(&Profile { schema, findings: &findings, found_constraints: &found })?;
    } else {
        show::bytes(schema.to_toml().as_bytes())?;
        show::found(&found)?;
        // Standard output is a schema, to be used as it is.
        if !common.quiet {
            show::findings(&findings);
        }
    }
    Ok(Code::Accepted)
}
