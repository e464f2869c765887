//! `synth quality-test`: every part in turn, then a whole run into a folder that goes away.

use anyhow::{Context, Result};
use synth_optimizer::quality_test;

use super::run::{Done, Ended, done};
use super::{Common, verify};
use crate::exit::Code;
use crate::input::Input;
use crate::{args, policies, show, tables};

pub(super) fn run(args: &args::QualityTest, common: &Common) -> Result<Code> {
    args.training.check()?;
    policies::read_policy(&args.policy)?;
    let options = tables::read_options(&args.reading)?;
    let input = Input::of(&args.input)?;
    input.files()?;
    let table = input.read(&options, common.quiet)?;
    let mut failed = Ok(());
    let parts = quality_test(&table, args.training.seed, &mut |part| {
        if !common.json && failed.is_ok() {
            failed = show::part(part);
        }
    });
    failed?;
    let n_faults = parts.iter().filter(|part| part.fault.is_some()).count();

    let folder = tempfile::tempdir().context("cannot make a folder for the results")?;
    let out = folder.path().join("results");
    let begun = args::Run {
        input: args.input.clone(),
        demo: args.input.is_empty(),
        out: Some(out.clone()),
        policy: args.policy.clone(),
        max_attempts: args.max_attempts,
        reading: args.reading.clone(),
        training: args.training.clone(),
        planning: args::Planning::rules(),
        dry_run: false,
        force: false,
        resume: None,
        rows: None,
        format: None,
        split: None,
        keep_refused: false,
        key: None,
        no_protection: false,
    };
    let quiet = Common { json: false, quiet: common.quiet };
    let Ended { code, results } = done(&begun, &quiet)?;
    let Some(Done { record, policy, .. }) = results else { return Ok(code) };
    let is_verified = verify::verified(&out);
    if common.json {
        let parts: Vec<_> = parts
            .iter()
            .map(|part| serde_json::json!({ "part": part.name, "tried": part.tried, "fault": part.fault }))
            .collect();
        show::json(&serde_json::json!({ "parts": parts, "run": record, "outputs_verified": is_verified.is_ok() }))?;
    } else {
        let outputs = match &is_verified {
            Ok(_) => "✓ outputs: written, and verified against their log".to_owned(),
            Err(error) => format!("✗ outputs: {error:#}"),
        };
        show::line(outputs)?;
        show::run(&record, &policy)?;
        show::line(match n_faults + usize::from(is_verified.is_err()) {
            0 => "every part works; what the run came to is above".to_owned(),
            n => format!("{n} parts do not work"),
        })?;
    }
    let works = n_faults == 0 && is_verified.is_ok();
    Ok(if works { Code::Accepted } else { Code::Internal })
}
