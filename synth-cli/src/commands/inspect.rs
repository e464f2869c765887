//! `synth inspect`: what a model file holds, without any of its values.

use anyhow::Result;
use synth_core::model::About;
use synth_core::train::HeldOut;
use synth_core::{Field, Generator, Kind, Model, Seed};

use super::common::{self, Common};
use crate::exit::{Code, Usage};
use crate::input::Input;
use crate::{args, files, show};

pub(super) fn run(args: &args::Inspect, common: &Common) -> Result<Code> {
    let bytes = files::read_all(&args.model)?;
    let n_bytes = bytes.len();
    let model = common::model_of(&bytes, &args.model)?;
    if let ([_, ..], Some(key)) = (&args.source[..], &args.key) {
        let Some(mac) = &model.about().source_mac else {
            return Err(Usage(
                "the model was fitted without a key: nobody can prove which table it was fitted to".to_owned(),
            )
            .into());
        };
        files::check_one_standard(&args.source.iter().chain([&args.model]).cloned().collect::<Vec<_>>())?;
        Input::of(&args.source)?.confirm(key, mac)?;
    }
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
            "about": about_shown(&model, args.show_seed),
            "columns": columns,
            "training": model.train_report(),
            "constraints": model.constraints(),
        }))?;
        return Ok(Code::Accepted);
    }
    show::line(format!(
        "model file version {}, engine {}, {n_bytes} bytes",
        synth_core::model::MODEL_VERSION,
        model.engine()
    ))?;
    show::line(training_of(&model))?;
    origin_of(&model, args).into_iter().try_for_each(show::line)?;
    show::constraints(&model.constraints())?;
    show::columns(model.schema().fields.iter().map(|field| (field, reveals(field))))?;
    show::line("anyone with this file can learn all of the above; share it no more widely than the table itself")?;
    Ok(Code::Accepted)
}

fn training_of(model: &Model) -> String {
    match model.train_report() {
        None => "not trained iteratively".to_owned(),
        Some(report) => {
            let HeldOut { loss, baseline } = report.held_out;
            format!(
                "{} training rows, {} held-out rows; {} epochs, held-out loss {loss:.3} (baseline {baseline:.3})",
                report.n_fitted, report.n_held_out, report.n_epochs
            )
        }
    }
}

/// The same for programs; how the seed came about, and its value if it is asked for.
fn about_shown(model: &Model, shows_seed: bool) -> serde_json::Value {
    let About { seed, .. } = model.about();
    let bare = About { seed: None, ..model.about().clone() };
    let mut shown = serde_json::json!(bare);
    if let Some(seed) = seed {
        shown["seed"] = serde_json::json!({ "origin": seed.origin() });
        if shows_seed {
            shown["seed"]["value"] = Seed::revealed(seed).into();
        }
    }
    shown
}

/// What is known of where it comes from.
fn origin_of(model: &Model, args: &args::Inspect) -> Vec<String> {
    let About { fitted_by, source_mac, measures, seed, .. } = model.about();
    let proof = match (source_mac, args.source.is_empty()) {
        (None, _) => "no key was given: nobody can prove which table it was fitted to",
        (Some(_), true) => "a key was given: --source and --key prove which table it was fitted to",
        (Some(_), false) => "it was fitted to that table",
    };
    let mut lines = vec![format!("fitted by version {fitted_by}; {proof}")];
    lines.extend(seed.as_ref().map(|seed| match args.show_seed {
        true => format!("seed {}, {}", seed.revealed(), seed.origin()),
        false => format!("seed {}; --show-seed shows it", seed.origin()),
    }));
    if !measures.is_empty() {
        let measures: Vec<String> = measures.iter().map(|(id, value)| format!("{id} {value:.3}")).collect();
        lines.push(format!("measured on rows it sampled: {}", measures.join(", ")));
    }
    lines
}

/// What the file tells of a column of the real table.
fn reveals(field: &Field) -> &'static str {
    match field.kind {
        Kind::Continuous | Kind::Integer | Kind::Datetime => "real values, including the smallest and the largest",
        Kind::Categorical | Kind::Ordinal | Kind::Boolean => "its levels and their counts",
        Kind::Constant => "its value",
        Kind::Identifier => "the format of its cells, and which values are certainly not among them",
        Kind::Text | Kind::Empty => "nothing",
    }
}
