//! `synth evaluate`: the measures of a synthetic table.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use synth_compliance::detect;
use synth_core::io::ReadOptions;
use synth_core::protect::Secret;
use synth_core::{BadInput, Error, Generator, InputRule, Table};
use synth_metrics::{
    Battery, Losses, Measure, OUT_OF_TIME, Options, Outcome, QualityReport, SurvivalColumns, Tables, measure,
};
use synth_optimizer::dossier::outputs::{self, Readers, Replace};
use synth_optimizer::dossier::page;
use synth_optimizer::{TablePortrait, evaluate};

use super::common::{self, Common};
use crate::exit::{Code, Usage};
use crate::input::Input;
use crate::{args, files, show, tables};

pub(super) fn run(args: &args::Evaluate, common: &Common) -> Result<Code> {
    let until = args.time_budget.and_then(|budget| Instant::now().checked_add(budget));
    let replace = Replace::from(args.force);
    if args.model.is_some() && args.holdout.is_none() {
        let why = "the attack compares training rows with held-out rows";
        return Err(Usage(format!("--model needs --holdout: {why}")).into());
    }
    if args.model.is_some() && args.core {
        return Err(
            Usage("--model adds an attack to mia_max_auc and the like, which --core leaves out".to_owned()).into()
        );
    }
    let [train_input, synthetic_input] = [Input::of_one(&args.train)?, Input::of_one(&args.synthetic)?];
    let holdout_input = args.holdout.as_ref().map(Input::of_one).transpose()?;
    let given_input = args.given.as_ref().map(Input::of_one).transpose()?;
    let mut inputs = Vec::new();
    for input in [&train_input, &synthetic_input].into_iter().chain(&holdout_input).chain(&given_input) {
        inputs.extend(input.files()?);
    }
    inputs.extend(args.reading.schema.iter().chain(&args.model).cloned());
    if let Some(out) = &args.out {
        files::check_output(out, &inputs, replace)?;
    }
    if let Some(html) = &args.html {
        if files::is_standard(html) || args.out.as_ref().is_some_and(|out| out == html || outputs::is_same(out, html)) {
            return Err(Usage("--html needs a file of its own".to_owned()).into());
        }
        files::check_output(html, &inputs, replace)?;
    }
    files::check_one_standard(&inputs)?;
    let options = tables::read_options(&args.reading)?;
    let model = args.model.as_deref().map(common::read_model).transpose()?;
    if let Some(model) = &model {
        common::check_capable(
            model,
            model.generator().likelihood().is_some(),
            "the attack on a model's likelihoods needs",
        )?;
    }
    let train_name = train_input.name();
    let train = match &model {
        Some(model) => train_input.read_under(model.schema(), options.header, common.quiet)?.0,
        None => train_input.read(&options, common.quiet)?,
    };
    tables::check_columns(&train, &train_name)?;
    // Before protection the columns may be others, so the schema of the training rows is not theirs.
    let as_it_is = ReadOptions { schema: None, ..options.clone() };
    let is_protected = train.schema().fields.iter().any(|field| !field.protect.is_empty());
    let given = match &given_input {
        Some(input) => Some(input.read(&as_it_is, common.quiet)?),
        None => is_protected.then(|| train.clone()),
    };
    // What the columns are is told by the training rows alone.
    let like_train = ReadOptions { schema: Some((**train.schema()).clone()), ..options };
    let holdout = holdout_input.as_ref().map(|input| input.read(&like_train, common.quiet)).transpose()?;
    let holdout_name = holdout_input.as_ref().map_or(String::new(), Input::name);
    let in_train = |error| files::in_input(error, &train_name);
    let (train, holdout) = evaluate::protected(train, holdout, &Secret::from_seed(args.seed)).map_err(in_train)?;
    let like_train = ReadOptions { schema: Some((**train.schema()).clone()), ..like_train };
    let synthetic = synthetic_input.read(&like_train, common.quiet)?;
    let in_holdout = |error| files::in_input(error, &holdout_name);
    if let Some(holdout) = &holdout {
        evaluate::check_unseen(&train, holdout).map_err(|error| match error {
            Error::BadInput(bad) => {
                in_holdout(bad.hint("give rows that the generator was not trained on, or omit --holdout").into())
            }
            error => error,
        })?;
    }
    let comparison = Tables { train: &train, synthetic: &synthetic, holdout: holdout.as_ref() }.compare()?;
    let comparison = given.as_ref().map_or(Ok(comparison), |given| comparison.with_given(given))?;
    let mut options = Options { until, ..measured(args, &train, &train_name)? };
    let losses = match (&model, &holdout) {
        (Some(model), Some(holdout)) => {
            let members = evaluate::losses(model, &train).map_err(in_train)?;
            Some((members, evaluate::losses_unseen(model, &train, holdout).map_err(in_holdout)?))
        }
        _ => None,
    };
    options.losses = losses.iter().map(|(members, non_members)| Losses { members, non_members }).collect();
    let report = measure(&comparison, &options).rounded();
    if let Some(out) = &args.out {
        let text = serde_json::to_vec_pretty(&report)?;
        files::write(out, Readers::AsUsual, replace, |file| file.write_all(&text))?;
    }
    if let Some(html) = &args.html {
        write_page(html, &synthetic_input.name_without_folders(), [&train, &synthetic], &report, replace)?;
    }
    match args.out.as_deref().is_some_and(files::is_standard) {
        true => {}
        false if common.json => show::json(&report)?,
        false => show::report(&report)?,
    }
    let out_of_time = |measure: &Measure| matches!(&measure.outcome, Outcome::NotMeasured(why) if why == OUT_OF_TIME);
    Ok(if report.measures.iter().any(out_of_time) { Code::Deadline } else { Code::Accepted })
}

/// The page for people: what the report says, and the portrait of the two tables.
fn write_page(
    html: &Path,
    name: &str,
    [train, synthetic]: [&Table; 2],
    report: &QualityReport,
    replace: Replace,
) -> Result<()> {
    let portrait = TablePortrait::new(train, synthetic, &detect(train))?;
    let text = page::of_report(name, train.schema(), report, &portrait);
    Ok(outputs::write_file(html, Readers::AsUsual, replace, |file| file.write_all(text.as_bytes()))?)
}

/// What is measured, and of which columns.
fn measured<'a>(args: &args::Evaluate, train: &Table, train_name: &str) -> Result<Options<'a>> {
    let survival = match args.survival.as_slice() {
        [] => None,
        [time, event] => Some(SurvivalColumns { time: time.clone(), event: event.clone() }),
        _ => return Err(Usage("--survival takes two columns: TIME,EVENT".to_owned()).into()),
    };
    let named = [args.target.as_ref(), args.group.as_ref()].into_iter().flatten();
    for name in named.chain(&args.survival).chain(&args.quasi_identifiers) {
        if train.schema().index_of(name).is_none() {
            let problem = format!("no column `{name}`");
            let bad = BadInput::new(InputRule::UnknownColumn, problem).in_input(train_name);
            return Err(Error::from(bad).into());
        }
    }
    Ok(Options {
        seed: args.seed,
        battery: if args.core { Battery::Core } else { Battery::Full },
        target: args.target.clone(),
        survival,
        quasi_identifiers: (!args.quasi_identifiers.is_empty()).then(|| args.quasi_identifiers.clone()),
        group: args.group.clone(),
        ..Options::default()
    })
}
