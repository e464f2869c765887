//! `synth plan`: what a run would do first, and by which rules it would go on.

use std::ops::ControlFlow;
use std::path::PathBuf;

use anyhow::Result;
use synth_optimizer::{Event, RULES};

use super::common::{self, Common};
use crate::exit::Code;
use crate::input::Input;
use crate::{args, policies, show, tables};

pub(super) fn run(args: &args::Plan, common: &Common) -> Result<Code> {
    let args::Plan { input, policy, no_protection, reading, training } = args;
    of(input, policy, *no_protection, reading, training, common)
}

/// The same of a run; without an input it is that of the built-in table.
pub(super) fn of_run(args: &args::Run, common: &Common) -> Result<Code> {
    let args::Run { input, policy, no_protection, reading, training, .. } = args;
    of(input, policy, *no_protection, reading, training, common)
}

fn of(
    input: &[PathBuf],
    policy: &str,
    no_protection: bool,
    reading: &args::Reading,
    training: &args::Training,
    common: &Common,
) -> Result<Code> {
    let policy = policies::read_policy(policy)?;
    training.check()?;
    let options = tables::read_options(reading)?;
    let input = Input::of(input)?;
    input.files()?;
    let table = input.read(&options, common.quiet)?;
    let name = input.name();
    tables::check_columns(&table, &name)?;
    training.check_target(&table)?;
    let training = training.settings();
    let mut pipeline = training.pipeline(policy);
    if no_protection {
        pipeline = pipeline.without_protection();
    }
    let observer = |event: &Event<'_>| {
        if let Event::Units(notice) = event
            && !common.quiet
        {
            show::note(notice);
        }
        ControlFlow::Continue(())
    };
    let pipeline = pipeline.with_observer(&observer);
    let preview = pipeline.preview(&table).map_err(|error| common::in_run(error, &name))?;
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
