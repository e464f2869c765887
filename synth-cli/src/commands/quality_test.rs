//! `synth quality-test`: every part in turn, then a whole run into a folder that goes away.

use anyhow::{Context, Result};
use synth_core::Seed;
use synth_optimizer::{Run, quality_test};

use super::common::Common;
use super::run::{Done, Ended, followed};
use super::verify;
use crate::exit::Code;
use crate::input::Input;
use crate::{args, policies, show, tables};

pub(super) fn run(args: &args::QualityTest, common: &Common) -> Result<Code> {
    args.training.check()?;
    let policy = policies::read_policy(&args.policy)?;
    let options = tables::read_options(&args.reading)?;
    let input = Input::of(&args.input)?;
    input.files()?;
    let table = input.read(&options, common.quiet)?;
    tables::check_columns(&table, &input.name())?;
    args.training.check_target(&table)?;
    args.training.warn(common);
    let mut failed = Ok(());
    // The components leave nothing, and fail or not the same way each time; the run draws its seed as any other.
    let seed = args.training.seed.as_ref().map_or(0, Seed::number);
    let parts = quality_test(&table, seed, &mut |part| {
        if !common.json && failed.is_ok() {
            failed = show::part(part);
        }
    });
    failed?;
    let n_faults = parts.iter().filter(|part| part.fault.is_some()).count();

    let folder = tempfile::tempdir().context("cannot create a folder for the results")?;
    let out = folder.path().join("results");
    let training = args.training.settings();
    let pipeline = training.pipeline(policy.clone());
    let pipeline = pipeline.with_max_attempts(usize::try_from(args.max_attempts).unwrap_or(usize::MAX));
    let run = Run::of(&table).pipeline(pipeline).source(&input.name_without_folders(), None).out(&out).transient();
    let Ended { code, results } = followed(run, &policy, &out, &input, common)?;
    let Some(Done { record, .. }) = results else { return Ok(code) };
    let is_verified = verify::verified(&out);
    if common.json {
        let parts: Vec<_> = parts
            .iter()
            .map(|part| serde_json::json!({ "part": part.name, "tried": part.tried, "fault": part.fault }))
            .collect();
        show::json(&serde_json::json!({ "parts": parts, "run": record, "outputs_verified": is_verified.is_ok() }))?;
    } else {
        let outputs = match &is_verified {
            Ok(_) => "✓ outputs: written, and verified against the log".to_owned(),
            Err(error) => format!("✗ outputs: {error:#}"),
        };
        outputs.lines().try_for_each(show::line)?;
        show::run(&record)?;
        show::line(match n_faults + usize::from(is_verified.is_err()) {
            0 => "every component works; the result of the run is above".to_owned(),
            n => format!("{n} components failed"),
        })?;
    }
    let works = n_faults == 0 && is_verified.is_ok();
    Ok(if works { Code::Accepted } else { Code::Internal })
}
