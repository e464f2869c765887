//! `synth evaluate`: the measures of a synthetic table.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use synth_compliance::detect;
use synth_core::io::ReadOptions;
use synth_core::{BadInput, Error, Generator, InputRule, Model, Table};
use synth_metrics::{
    Battery, Losses, Measure, OUT_OF_TIME, Options, Outcome, QualityReport, SurvivalColumns, Tables, copied_share,
    leave_one_out_share, measure,
};
use synth_optimizer::TablePortrait;
use synth_optimizer::dossier::page;

use super::Common;
use crate::exit::{Code, Usage};
use crate::outputs::{self, Readers, Replace};
use crate::{args, files, show, tables};

pub(super) fn run(args: &args::Evaluate, common: &Common) -> Result<Code> {
    let until = args.time_budget.and_then(|budget| Instant::now().checked_add(budget));
    let replace = Replace::from(args.force);
    if args.model.is_some() && args.holdout.is_none() {
        let why = "the model is asked about rows it learnt and rows the generator never saw";
        return Err(Usage(format!("--model needs --holdout: {why}")).into());
    }
    if args.model.is_some() && args.core {
        return Err(Usage("--model is for mia_max_auc and the like, which --core leaves out".to_owned()).into());
    }
    let mut tables = Vec::new();
    for path in [&args.train, &args.synthetic].into_iter().chain(&args.holdout) {
        tables.extend(files::all_files(std::slice::from_ref(path))?);
    }
    let others = args.reading.schema.iter().chain(&args.model);
    let inputs: Vec<&Path> = tables.iter().chain(others).map(PathBuf::as_path).collect();
    if let Some(out) = &args.out {
        outputs::check_output(out, &inputs, replace)?;
    }
    if let Some(html) = &args.html {
        if files::is_standard(html) || args.out.as_ref().is_some_and(|out| out == html || files::is_same(out, html)) {
            return Err(Usage("--html needs a file of its own".to_owned()).into());
        }
        outputs::check_output(html, &inputs, replace)?;
    }
    files::check_one_standard(&inputs)?;
    let options = tables::read_options(&args.reading)?;
    let model = args.model.as_deref().map(super::read_model).transpose()?;
    if let Some(model) = &model {
        super::check_masked(model, "the attack on a model's likelihoods needs")?;
    }
    let read =
        |path: &PathBuf, options: &ReadOptions| tables::read_table(std::slice::from_ref(path), options, common.quiet);
    let train = match &model {
        Some(model) => {
            tables::read_table_under(
                model.schema(),
                std::slice::from_ref(&args.train),
                args.reading.header,
                common.quiet,
            )?
            .0
        }
        None => read(&args.train, &options)?,
    };
    tables::check_columns(&train, &files::name_of(&args.train))?;
    // What the columns are is told by the training rows alone.
    let like_train = ReadOptions { schema: Some((**train.schema()).clone()), ..options };
    let holdout = args.holdout.as_ref().map(|path| read(path, &like_train)).transpose()?;
    let (train, holdout) = protected(train, holdout, &files::name_of(&args.train))?;
    let like_train = ReadOptions { schema: Some((**train.schema()).clone()), ..like_train };
    let synthetic = read(&args.synthetic, &like_train)?;
    if let Some(holdout) = &holdout
        && (has_same_rows(&train, holdout) || overlaps(&train, holdout))
    {
        let problem = "the holdout has rows of the training table, which the generator saw";
        let hint = "give rows that the generator never saw, or leave --holdout out";
        let name = files::name_of(args.holdout.as_deref().unwrap_or(Path::new("")));
        return Err(Error::from(BadInput::new(InputRule::SameRows, problem).in_input(&name).hint(hint)).into());
    }
    let comparison = Tables { train: &train, synthetic: &synthetic, holdout: holdout.as_ref() }.compare()?;
    let mut options = Options { until, ..measured(args, &train)? };
    let losses = match (&model, &holdout) {
        (Some(model), Some(holdout)) => Some(losses(model, &train, holdout, args)?),
        _ => None,
    };
    options.losses = losses.iter().map(|[members, non_members]| Losses { members, non_members }).collect();
    let report = measure(&comparison, &options);
    if let Some(out) = &args.out {
        let text = serde_json::to_vec_pretty(&report)?;
        outputs::write_file(out, Readers::AsUsual, replace, |file| Ok(file.write_all(&text)?))?;
    }
    if let Some(html) = &args.html {
        write_page(html, args, [&train, &synthetic], &report, replace)?;
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
    args: &args::Evaluate,
    [train, synthetic]: [&Table; 2],
    report: &QualityReport,
    replace: Replace,
) -> Result<()> {
    let portrait = TablePortrait::new(train, synthetic, &detect(train))?;
    // No folders: their names may be somebody's.
    let name = files::name_without_folders(&args.synthetic);
    let text = page::of_report(&name, train.schema(), report, &portrait);
    outputs::write_file(html, Readers::AsUsual, replace, |file| Ok(file.write_all(text.as_bytes())?))
}

/// The real rows with what the schema declares done to them, to all together: that is what a synthetic table was made from.
fn protected(train: Table, holdout: Option<Table>, name: &str) -> Result<(Table, Option<Table>)> {
    if train.schema().fields.iter().all(|field| field.protect.is_empty()) {
        return Ok((train, holdout));
    }
    let n_train = train.n_rows();
    let all = Table::concat(&[train].into_iter().chain(holdout.clone()).collect::<Vec<_>>())?;
    let (all, _) = synth_core::protect::apply(&all).map_err(|error| files::in_input(error, name))?;
    let rows = |rows: std::ops::Range<usize>| all.take(&rows.collect::<Vec<_>>());
    Ok((rows(0..n_train), holdout.map(|_| rows(n_train..all.n_rows()))))
}

/// What is measured, and of which columns.
fn measured<'a>(args: &args::Evaluate, train: &Table) -> Result<Options<'a>> {
    let survival = match args.survival.as_slice() {
        [] => None,
        [time, event] => Some(SurvivalColumns { time: time.clone(), event: event.clone() }),
        _ => return Err(Usage("--survival takes two columns: TIME,EVENT".to_owned()).into()),
    };
    let named = [args.target.as_ref(), args.group.as_ref()].into_iter().flatten();
    for name in named.chain(&args.survival).chain(&args.quasi_identifiers) {
        if train.schema().index_of(name).is_none() {
            let problem = format!("there is no column `{name}`");
            let bad = BadInput::new(InputRule::UnknownColumn, problem).in_input(&files::name_of(&args.train));
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

/// What the model says of each row of the two tables: the negative logarithm of its likelihood.
fn losses(model: &Model, train: &Table, holdout: &Table, args: &args::Evaluate) -> Result<[Vec<f64>; 2]> {
    let of = |table: &Table, path: &Path| -> Result<Vec<f64>> {
        let scores = model.log_likelihood(table).map_err(|error| files::in_input(error, &files::name_of(path)))?;
        Ok(scores.into_iter().map(|score| -score).collect())
    };
    let of_train = of(train, &args.train)?;
    // A row with a level that the model never saw has no likelihood: nothing is less like a row that was learnt.
    let is_known = has_known_levels(train, holdout);
    let known: Vec<usize> = (0..holdout.n_rows()).filter(|&row| is_known[row]).collect();
    let mut of_holdout = vec![f64::MAX; holdout.n_rows()];
    if !known.is_empty() {
        let path = args.holdout.as_deref().unwrap_or(Path::new(""));
        for (row, loss) in known.iter().zip(of(&holdout.take(&known), path)?) {
            of_holdout[*row] = loss;
        }
    }
    Ok([of_train, of_holdout])
}

/// Which rows of `table` have no level that `train` lacks.
fn has_known_levels(train: &Table, table: &Table) -> Vec<bool> {
    let mut is_known = vec![true; table.n_rows()];
    let fields = train.schema().fields.iter().enumerate();
    for (column_idx, _) in fields.filter(|(_, field)| field.kind.is_levels()) {
        let (learnt, levels) = (train.levels(column_idx), table.levels(column_idx));
        let known: HashSet<&String> = learnt.names.iter().collect();
        for (is_known, code) in is_known.iter_mut().zip(&levels.codes) {
            *is_known &= code.is_none_or(|code| known.contains(&levels.names[code as usize]));
        }
    }
    is_known
}

/// Whether far more of the holdout's rows are in the training table than chance puts there: by a tenth more than the share
/// of training rows that equal another one.
fn overlaps(train: &Table, holdout: &Table) -> bool {
    let by_chance = leave_one_out_share(train).map_or(0.0, |share| share.value);
    copied_share(holdout, train).is_some_and(|share| share > by_chance + 0.1)
}

/// Whether two tables hold the same rows, in any order: with such a holdout every privacy measure would pass.
fn has_same_rows(one: &Table, other: &Table) -> bool {
    if one.n_rows() != other.n_rows() || one.n_columns() != other.n_columns() {
        return false;
    }
    let sorted = |table: &Table| {
        let mut rows = vec![Vec::with_capacity(table.n_columns()); table.n_rows()];
        for column_idx in 0..table.n_columns() {
            rows.iter_mut().zip(table.labels(column_idx)).for_each(|(row, label)| row.push(label));
        }
        rows.sort_unstable();
        rows
    };
    sorted(one) == sorted(other)
}
