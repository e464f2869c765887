//! `synth judge`: a policy's verdict on a report.

use anyhow::{Context, Result};
use synth_compliance::judge;
use synth_core::{BadInput, InputRule};
use synth_metrics::QualityReport;
use synth_optimizer::{Design, RunRecord};

use super::common::Common;
use crate::exit::{Code, Usage};
use crate::{args, files, policies, show};

pub(super) fn run(args: &args::Judge, common: &Common) -> Result<Code> {
    let policy = policies::read_policy(&args.policy)?;
    let name = files::name_of(&args.report);
    let bytes = files::read_all(&args.report)?;
    let report =
        read_report(&bytes).with_context(|| format!("{name} is not a report of `synth evaluate` or `synth run`"))?;
    let verdict = judge(&report, &policy);
    if common.json {
        show::json(&verdict)?;
    } else {
        show::verdict(&verdict)?;
    }
    Ok(Code::from(verdict.decision))
}

/// A report of measures, or of a run, whose deciding measures are then judged.
fn read_report(bytes: &[u8]) -> Result<QualityReport> {
    let value: serde_json::Value = serde_json::from_slice(bytes)?;
    // The parser's message would quote the value it did not expect, and that is a cell if the file is a table.
    let other = |_| BadInput::new(InputRule::Unsupported, "unknown JSON format or version");
    if value.get("attempts").is_none() {
        return Ok(serde_json::from_value(value).map_err(other)?);
    }
    let record: RunRecord = serde_json::from_value(value).map_err(other)?;
    // The holdout chose among the attempts: alone it decides nothing.
    if matches!(record.design, Design::Split { .. }) && record.audit.is_none() {
        let problem =
            "no attempt of that run was accepted, so its audit rows were never used; run it again under this policy";
        return Err(Usage(problem.to_owned()).into());
    }
    let assessment = record.assessment().ok_or_else(|| Usage("no attempt of that run produced a table".to_owned()))?;
    Ok(assessment.report.clone())
}
