//! `synth inspect`: what a model file holds, without any of its values.

use anyhow::Result;
use synth_core::{Field, Generator, Kind, Model};

use super::Common;
use crate::args;
use crate::exit::Code;
use crate::{files, show};

pub(super) fn run(args: &args::Inspect, common: &Common) -> Result<Code> {
    let bytes = files::read_all(&args.model)?;
    let n_bytes = bytes.len();
    let model = super::model_of(&bytes, &args.model)?;
    if common.json {
        let columns: Vec<_> = model
            .schema()
            .fields
            .iter()
            .map(|field| serde_json::json!({ "name": field.name, "kind": field.kind, "reveals": reveals(field) }))
            .collect();
        show::json(&serde_json::json!({
            "version": synth_core::model::MODEL_VERSION,
            "engine": model.engine(),
            "bytes": n_bytes,
            "columns": columns,
            "training": model.train_report(),
            "constraints": model.constraints(),
        }))?;
        return Ok(Code::Accepted);
    }
    show::line(format!(
        "a model of version {}, engine {}, {n_bytes} bytes",
        synth_core::model::MODEL_VERSION,
        model.engine()
    ))?;
    show::line(training_of(&model))?;
    show::constraints(&model.constraints())?;
    show::columns(model.schema().fields.iter().map(|field| (field, reveals(field))))?;
    show::line("whoever has this file has what it reveals: share it no further than the table")?;
    Ok(Code::Accepted)
}

fn training_of(model: &Model) -> String {
    match model.train_report() {
        None => "nothing of it is trained in steps".to_owned(),
        Some(report) => {
            let (held_out, nothing) = (report.held_out, report.nothing);
            let [n_fitted, n_kept] = report.rows;
            format!(
                "learnt from {n_fitted} rows, {n_kept} kept back; {} epochs, held-out loss {held_out:.3}, {nothing:.3} without a model",
                report.n_epochs
            )
        }
    }
}

/// What the file tells of a column of the real table.
fn reveals(field: &Field) -> &'static str {
    match field.kind {
        Kind::Continuous | Kind::Integer | Kind::Datetime => {
            "values that rows have, so that they can be written again, their range among them"
        }
        Kind::Categorical | Kind::Ordinal | Kind::Boolean => "its levels and how many rows have each",
        Kind::Constant => "its value",
        Kind::Identifier => "the shape of its cells, and a check by which a known one is told from a made one",
        Kind::Text | Kind::Empty => "nothing",
    }
}
