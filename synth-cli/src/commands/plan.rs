//! `synth plan`: what a run would do first, and by which rules it would go on.

use anyhow::Result;
use synth_optimizer::{Pipeline, RULES};

use super::Common;
use crate::args;
use crate::exit::Code;
use crate::{files, show};

pub(super) fn run(args: &args::Plan, common: &Common) -> Result<Code> {
    let policy = files::read_policy(&args.policy)?;
    args.training.check()?;
    let table = files::read_table(&args.input, &files::read_options(&args.reading)?, common.quiet)?;
    files::check_columns(&table, &args.input)?;
    args.training.check_target(&table)?;
    let mut pipeline = args.training.followed_by(Pipeline::new(policy));
    if args.no_protection {
        pipeline = pipeline.without_protection();
    }
    let name = files::name_of(&args.input);
    let preview = pipeline.preview(&table).map_err(|error| super::in_run(error, &name))?;
    if common.json {
        let rules: Vec<_> = RULES
            .iter()
            .map(|rule| {
                let (name, because, suggestion) = (rule.name, rule.because, rule.suggestion);
                serde_json::json!({ "rule": name, "because": because, "suggestion": suggestion, "uses": rule.uses })
            })
            .collect();
        show::json(&serde_json::json!({ "first": preview, "rules": rules }))?;
    } else {
        show::preview(&preview)?;
    }
    Ok(Code::Accepted)
}
