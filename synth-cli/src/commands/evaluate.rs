//! `synth evaluate`: the measures of a synthetic table.

use std::path::Path;

use anyhow::Result;
use synth_core::io::ReadOptions;
use synth_core::{BadInput, Error, Rule, Table};
use synth_metrics::{Battery, Comparison, Options, copied_share, leave_one_out_share, measure};

use super::Common;
use crate::args;
use crate::exit::{Code, Usage};
use crate::files::{self, Readers, Replace};
use crate::show;

pub(super) fn run(args: &args::Evaluate, common: &Common) -> Result<Code> {
    let replace = Replace::from(args.force);
    let tables = [Some(&args.train), Some(&args.synthetic), args.holdout.as_ref()];
    let inputs: Vec<&Path> = tables.into_iter().chain([args.reading.schema.as_ref()]).flatten().map(|p| &**p).collect();
    if let Some(out) = &args.out {
        files::check_output(out, &inputs, replace)?;
    }
    files::check_one_standard(&inputs)?;
    let options = files::read_options(&args.reading)?;
    let train = files::read_table(&args.train, &options, common.quiet)?;
    files::check_columns(&train, &args.train)?;
    // What the columns are is told by the training rows alone.
    let like_train = ReadOptions { schema: Some((**train.schema()).clone()), ..options };
    let holdout = args.holdout.as_ref().map(|path| files::read_table(path, &like_train, common.quiet)).transpose()?;
    let (train, holdout) = protected(train, holdout, &files::name_of(&args.train))?;
    let like_train = ReadOptions { schema: Some((**train.schema()).clone()), ..like_train };
    let synthetic = files::read_table(&args.synthetic, &like_train, common.quiet)?;
    if let Some(holdout) = &holdout
        && (has_same_rows(&train, holdout) || overlaps(&train, holdout))
    {
        let problem = "the holdout has rows of the training table, which the generator saw";
        let hint = "give rows that the generator never saw, or leave --holdout out";
        let name = files::name_of(args.holdout.as_deref().unwrap_or(Path::new("")));
        return Err(Error::from(BadInput::new(Rule::SameRows, problem).in_input(&name).hint(hint)).into());
    }
    let comparison = Comparison::new(&train, &synthetic, holdout.as_ref())?;
    let report = measure(&comparison, &measured(args, &train)?);
    if let Some(out) = &args.out {
        let text = serde_json::to_vec_pretty(&report)?;
        files::write_file(out, Readers::AsUsual, replace, |file| Ok(file.write_all(&text)?))?;
    }
    match args.out.as_deref().is_some_and(files::is_standard) {
        true => {}
        false if common.json => show::json(&report)?,
        false => show::report(&report)?,
    }
    Ok(Code::Accepted)
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
fn measured(args: &args::Evaluate, train: &Table) -> Result<Options<'static>> {
    let survival = match args.survival.as_slice() {
        [] => None,
        [time, event] => Some([time.clone(), event.clone()]),
        _ => return Err(Usage("--survival takes two columns: TIME,EVENT".to_owned()).into()),
    };
    let named = [args.target.as_ref(), args.group.as_ref()].into_iter().flatten();
    for name in named.chain(&args.survival).chain(&args.quasi_identifiers) {
        if train.schema().index_of(name).is_none() {
            let problem = format!("there is no column `{name}`");
            let bad = BadInput::new(Rule::UnknownColumn, problem).in_input(&files::name_of(&args.train));
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
