//! `synth impute`: the missing cells of a table, drawn given the others of their row.

use std::sync::Arc;

use anyhow::Result;
use serde::Serialize;
use synth_core::{EngineKind, Generator, Schema, Seed, Table};
use synth_optimizer::dossier::forms::source_for;
use synth_optimizer::dossier::outputs::{Readers, Replace};
use synth_optimizer::dossier::parts;

use super::common::{self, Common};
use crate::exit::{Code, Usage};
use crate::input::Input;
use crate::{args, files, show, tables};

pub(super) fn run(args: &args::Impute, common: &Common) -> Result<Code> {
    let replace = Replace::from(args.force);
    if common.json && files::is_standard(&args.out) {
        return Err(Usage("--json needs --out FILE: standard output can carry only one of the two".to_owned()).into());
    }
    if let Some(engine) = args.training.engine().filter(|&kind| kind != EngineKind::Masked) {
        return Err(Usage(format!("--engine {engine} cannot impute; masked can")).into());
    }
    args.training.check()?;
    let input = Input::of(&args.input)?;
    files::check_outside(&args.out, input.paths())?;
    let mut inputs = input.files()?;
    inputs.extend(args.model.iter().chain(&args.reading.schema).cloned());
    let earlier = common::check_destination(&args.out, args.split, &inputs, replace)?;
    files::check_one_standard(&inputs)?;
    let name = input.name();
    let (model, table, file) = match &args.model {
        Some(path) => {
            let model = common::read_model(path)?;
            common::check_capable(&model, model.generator().imputer().is_some(), "imputing needs")?;
            let header = tables::header_of(args.reading.header);
            let (table, file) = input.read_under(model.schema(), header, common.quiet)?;
            (model, table, file)
        }
        None => {
            let mut options = tables::read_options(&args.reading)?;
            // The result holds the real rows: protections are for tables that leave.
            options.schema.iter_mut().flat_map(|schema| &mut schema.fields).for_each(|field| field.protect.clear());
            let table = input.read(&options, common.quiet)?;
            tables::check_columns(&table, &name)?;
            parts::check_number(args.split, table.n_rows() as u64)?;
            let training =
                args::Training { engine: args::EngineChoice(Some(EngineKind::Masked)), ..args.training.clone() };
            let model = super::fit::fit(&table, &training, &name, None, common)?;
            let file = Arc::clone(table.schema());
            (model, table, file)
        }
    };
    common::check_capable(&model, model.generator().imputer().is_some(), "imputing needs")?;
    let seed = args.training.seed.clone().map_or_else(Seed::drawn, Ok)?.number();
    let completed = model.impute(&table, seed).map_err(|error| files::in_input(error, &name))?;
    let filled = Filled::of(&table, &completed);
    let completed = in_order_of(&file, &completed)?;
    let source = source_for(&args.out, &file.source);
    // The rows are those of the real table.
    let to = parts::Destination { path: &args.out, split: args.split, source: &source, readers: Readers::Owner };
    let n_rows = completed.n_rows() as u64;
    let written = common::write_table(&to, completed.schema(), n_rows, &earlier, replace, |take| take(&completed))?;
    if common.json {
        let mut said = serde_json::json!({
            "rows": completed.n_rows(),
            "columns": completed.n_columns(),
            "filled": filled.cells,
            "left": filled.left,
            "out": args.out.display().to_string(),
        });
        common::tell_parts(&mut said, args.split, &written);
        show::json(&said)?;
    } else if !common.quiet {
        filled.tell();
    }
    Ok(Code::Accepted)
}

/// How many cells were filled, and how many were not.
#[derive(Debug)]
struct Filled {
    cells: usize,
    left: Vec<Left>,
}

/// A column that keeps missing cells.
#[derive(Debug, Serialize)]
struct Left {
    column: String,
    cells: usize,
}

impl Filled {
    fn of(table: &Table, completed: &Table) -> Self {
        let missing = |table: &Table, i: usize| table.missing(i).into_iter().filter(|&missing| missing).count();
        let mut filled = Self { cells: 0, left: Vec::new() };
        for (i, field) in table.schema().fields.iter().enumerate() {
            let left = missing(completed, i);
            filled.cells += missing(table, i) - left;
            if left > 0 {
                filled.left.push(Left { column: field.name.clone(), cells: left });
            }
        }
        filled
    }

    fn tell(&self) {
        let cells = |n: usize| if n == 1 { "1 cell".to_owned() } else { format!("{n} cells") };
        show::note(&format!("{} filled", cells(self.cells)));
        for Left { column, cells: n } in &self.left {
            show::note(&format!("column `{column}` is not modelled: {} stay missing", cells(*n)));
        }
    }
}

/// The columns of `table` as they stood in their file.
fn in_order_of(file: &Schema, table: &Table) -> Result<Table> {
    let own = table.schema();
    let order: Vec<usize> = file.fields.iter().filter_map(|field| own.index_of(&field.name)).collect();
    let fields = order.iter().map(|&i| own.fields[i].clone()).collect();
    let columns = order.iter().map(|&i| Arc::clone(table.column(i).1)).collect();
    Ok(Table::new(Arc::new(own.with_fields(fields)), columns)?)
}
