//! `synth fit`: a generator for all rows of a table.

use std::path::Path;

use anyhow::{Context, Result};
use synth_core::model::About;
use synth_core::protect::Secret;
use synth_core::table::Units;
use synth_core::train::HeldOut;
use synth_core::{Generator, Model, Table};
use synth_optimizer::dossier::outputs::{self, Readers, Replace};
use synth_optimizer::fit::{Fitted, uncovered};

use super::common::Common;
use crate::args::{self, Training};
use crate::exit::{Code, Usage};
use crate::input::{Input, Proved};
use crate::progress::Bar;
use crate::{files, policies, show, tables};

pub(super) fn run(args: &args::Fit, common: &Common) -> Result<Code> {
    let replace = Replace::from(args.force);
    if files::is_standard(&args.model) {
        return Err(Usage("--model needs a file: a model is binary".to_owned()).into());
    }
    args.training.check()?;
    let input = Input::of(&args.input)?;
    let mut inputs = input.files()?;
    inputs.extend(args.reading.schema.iter().chain(&args.key).cloned());
    files::check_one_standard(&inputs)?;
    files::check_output(&args.model, &inputs, replace)?;
    let checkpoint = args.checkpoint.as_deref();
    if let Some(path) = checkpoint {
        inputs.push(args.model.clone());
        files::check_output(path, &inputs, Replace::Yes)?;
    }
    let options = tables::read_options(&args.reading)?;
    let key = args.key.as_deref().map(policies::read_key).transpose()?;
    let (table, source_mac) = match &key {
        None => (input.read(&options, common.quiet)?, None),
        Some(key) => {
            let Proved { table, mac, .. } = input.read_proved(&options, Some(key), common.quiet)?;
            (table, mac)
        }
    };
    let name = input.name();
    tables::check_columns(&table, &name)?;
    let seed = args.training.settings().settled_seed(checkpoint)?;
    let table = protected(&table, &name, &Secret::of(&seed), common)?;
    let training = Training { seed: Some(seed), ..args.training.clone() };
    let model = fit(&table, &training, &name, checkpoint, common)?;
    let about = About { source_mac, ..model.about().clone() };
    let model = model.with_about(about);
    let bytes = model.to_bytes()?;
    outputs::write_file(&args.model, Readers::Owner, replace, |out| out.write_all(&bytes))?;
    if let Some(path) = checkpoint.filter(|path| path.exists()) {
        std::fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    if common.json {
        show::json(&serde_json::json!({
            "engine": model.engine(),
            "rows": table.n_rows(),
            "columns": table.n_columns(),
            "training": model.train_report(),
            "constraints": model.constraints(),
        }))?;
        return Ok(Code::Accepted);
    }
    match model.train_report() {
        Some(report) => {
            let HeldOut { loss, baseline } = report.held_out;
            show::line(format!(
                "{}: {} rows, {} epochs, {} steps; held-out loss {loss:.3} (baseline {baseline:.3})",
                model.engine(),
                table.n_rows(),
                report.n_epochs,
                report.n_steps,
            ))?;
        }
        None => show::line(format!("{}: {} rows", model.engine(), table.n_rows()))?,
    }
    show::constraints(&model.constraints())?;
    Ok(Code::Accepted)
}

/// The table with what its schema declares done to it. What was found and is not covered is named: there is no policy here
/// to ask for more.
fn protected(table: &Table, name: &str, secret: &Secret, common: &Common) -> Result<Table> {
    let (protected, _) = synth_core::protect::apply(table, secret).map_err(|error| files::in_input(error, name))?;
    if !common.quiet {
        if let Some(notice) = synth_optimizer::unit::notice(table, &[], &Units::of(&protected)) {
            show::note(&notice);
        }
        for finding in uncovered(table) {
            show::note(&format!("{name}: {finding}; the model learns it as it is, `synth run` would not"));
        }
    }
    Ok(protected)
}

/// Fits the generator that the arguments ask for on a table, which messages call `name`. The training's state is kept in
/// the file `checkpoint`, and gone on from.
pub(super) fn fit(
    table: &Table,
    training: &Training,
    name: &str,
    checkpoint: Option<&Path>,
    common: &Common,
) -> Result<Model> {
    training.check_target(table)?;
    let bar = Bar::new(common.quiet);
    let fitted = training.settings().fit(table, checkpoint, |progress| bar.follow_fit(progress));
    bar.finish();
    let Fitted { model, instead_of, .. } = fitted.map_err(|error| files::in_input(error, name))?;
    if let Some(failure) = instead_of.filter(|_| !common.quiet) {
        show::note(&format!("{failure}; falling back on a copula, which models columns and pairs only"));
    }
    Ok(model)
}
