//! `synth judge`: a policy's verdict on a report.

use anyhow::{Context, Result};
use synth_compliance::judge;
use synth_core::Error;
use synth_metrics::QualityReport;
use synth_optimizer::RunRecord;

use super::Common;
use crate::args;
use crate::exit::{Code, Usage};
use crate::{files, show};

pub(super) fn run(args: &args::Judge, common: &Common) -> Result<Code> {
    let policy = files::read_policy(&args.policy)?;
    let name = args.report.display().to_string();
    let text = std::fs::read_to_string(&args.report);
    let text = text.map_err(|source| Error::Io { action: "read", name: name.clone(), source })?;
    let report =
        read_report(&text).with_context(|| format!("{name} is no report of `synth evaluate` or `synth run`"))?;
    let verdict = judge(&report, &policy);
    if common.json {
        show::json(&verdict)?;
    } else {
        show::verdict(&verdict)?;
    }
    Ok(Code::from(verdict.decision))
}

/// A report of measures, or of a run, whose deciding measures are then judged.
fn read_report(text: &str) -> Result<QualityReport> {
    let value: serde_json::Value = serde_json::from_str(text)?;
    if value.get("attempts").is_none() {
        return Ok(serde_json::from_value(value)?);
    }
    let record: RunRecord = serde_json::from_value(value)?;
    let assessment = record.assessment().ok_or_else(|| Usage("no attempt of that run had a table".to_owned()))?;
    Ok(assessment.report.clone())
}
