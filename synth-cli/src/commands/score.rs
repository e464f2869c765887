//! `synth score`: how likely a model holds each row of a table.

use anyhow::Result;
use serde::Serialize;
use synth_core::Generator;
use synth_optimizer::dossier::outputs::{Readers, Replace};

use super::common::{self, Common};
use crate::exit::{Code, Usage};
use crate::input::Input;
use crate::{args, files, show, tables};

pub(super) fn run(args: &args::Score, common: &Common) -> Result<Code> {
    let replace = Replace::from(args.force);
    let to_standard = files::is_standard(&args.out);
    if common.json && to_standard {
        return Err(Usage("--json needs --out FILE: standard output can carry only one of the two".to_owned()).into());
    }
    let input = Input::of(&args.input)?;
    files::check_outside(&args.out, input.paths())?;
    let mut inputs = input.files()?;
    inputs.push(args.model.clone());
    files::check_output(&args.out, &inputs, replace)?;
    files::check_one_standard(&inputs)?;
    let model = common::read_model(&args.model)?;
    common::check_capable(&model, model.generator().likelihood().is_some(), "scores need")?;
    let (table, _) = input.read_under(model.schema(), tables::header_of(args.header), common.quiet)?;
    let scores = model.log_likelihood(&table).map_err(|error| files::in_input(error, &input.name()))?;
    // Rows that were learnt score higher than others: the scores tell who was in the table.
    files::write(&args.out, Readers::Owner, replace, |out| {
        writeln!(out, "row,log_likelihood")?;
        for (row, score) in scores.iter().enumerate() {
            writeln!(out, "{},{score:.6}", row + 1)?;
        }
        Ok(())
    })?;
    let summary = Summary::of(scores);
    if common.json {
        let out = args.out.display().to_string();
        show::json(&serde_json::json!({ "log_likelihood": summary, "out": out }))?;
    } else if !to_standard {
        let Summary { n, mean, quantiles: Quantiles { min, p50, max, .. } } = summary;
        show::line(format!(
            "{n} rows: log-likelihood {mean:.3} on average, {p50:.3} in the middle, {min:.3} to {max:.3}"
        ))?;
    }
    Ok(Code::Accepted)
}

/// Scores at a glance.
#[derive(Debug, Serialize)]
struct Summary {
    n: usize,
    mean: f64,
    quantiles: Quantiles,
}

/// Scores that rows have, with the share of rows below them in per cent.
#[derive(Debug, Serialize)]
struct Quantiles {
    min: f64,
    p5: f64,
    p25: f64,
    p50: f64,
    p75: f64,
    p95: f64,
    max: f64,
}

impl Summary {
    /// Of at least one score: a table without rows is not read.
    fn of(mut scores: Vec<f64>) -> Self {
        scores.sort_by(f64::total_cmp);
        let n = scores.len();
        let at = |share: f64| scores[((n - 1) as f64 * share).round() as usize];
        let quantiles = Quantiles {
            min: at(0.0),
            p5: at(0.05),
            p25: at(0.25),
            p50: at(0.5),
            p75: at(0.75),
            p95: at(0.95),
            max: at(1.0),
        };
        Self { n, mean: scores.iter().sum::<f64>() / n as f64, quantiles }
    }
}
