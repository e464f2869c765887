//! `synth sample`: rows from a fitted generator.

use std::sync::Arc;

use anyhow::Result;
use synth_core::model::Given;
use synth_core::{Generator, Model, Seed};
use synth_optimizer::dossier::forms::source_for;
use synth_optimizer::dossier::outputs::{Readers, Replace};
use synth_optimizer::dossier::parts;
use synth_optimizer::dossier::spreadsheet::{Formulas, Spreadsheet};

use super::common::{self, Common};
use crate::exit::{Code, Interrupted, Usage};
use crate::progress::Bar;
use crate::tables::{self, Place};
use crate::{args, files, interrupt, show};

/// Rows that are drawn before they are written, where they are not [too wide](BLOCK_CELLS).
const BLOCK_ROWS: u64 = 1 << 16;
/// Cells that are drawn before they are written, about 100 MB with what drawing needs.
const BLOCK_CELLS: u64 = 1 << 22;
/// A multiple of the rows that every generator draws at once, so that none of them is left half used.
const LEAST_ROWS: u64 = 1 << 10;

pub(super) fn run(args: &args::Sample, common: &Common) -> Result<Code> {
    let replace = Replace::from(args.force);
    if common.json && files::is_standard(&args.out) {
        return Err(Usage("--json needs --out FILE: standard output can carry only one of the two".to_owned()).into());
    }
    let earlier = common::check_destination(&args.out, args.split, std::slice::from_ref(&args.model), replace)?;
    parts::check_number(args.split, args.rows)?;
    let model = common::read_model(&args.model)?;
    let (rows, columns) = (args.rows, model.schema().fields.len());
    tables::check_size(rows, columns, Place::File)?;
    let conditions = conditions(args, &model)?;
    let source = source_for(&args.out, &model.schema().source);
    let seed = args.seed.clone().map_or_else(Seed::drawn, Ok)?.number();
    let bar = Bar::new(common.quiet);
    let to = parts::Destination { path: &args.out, split: args.split, source: &source, readers: Readers::AsUsual };
    let formulas = if args.spreadsheet_safe { Formulas::Defused } else { Formulas::AsTheyAre };
    let mut sheet = Spreadsheet::new(formulas, model.schema(), &source);
    let schema = Arc::clone(sheet.schema());
    // A row depends on its number and not on the block that it is drawn in: no more than a block is ever held.
    let written = common::write_table(&to, &schema, rows, &earlier, replace, |take| {
        let step = block_rows(columns);
        for start in (0..rows).step_by(usize::try_from(step)?) {
            if interrupt::flow().is_break() {
                return Err(Interrupted.into());
            }
            let block = start..rows.min(start + step);
            let end = block.end;
            let sampled = match &conditions {
                Some(given) => given.sample(block, seed),
                None => model.sample(block, seed),
            };
            let sampled = sampled.map_err(|error| files::in_input(error, &files::name_of(&args.model)))?;
            take(&sheet.treated(&sampled)?)?;
            bar.follow_rows(end, rows);
        }
        Ok(())
    });
    bar.finish();
    let written = written?;
    sheet.note().filter(|_| !common.quiet).iter().for_each(|note| show::note(note));
    if common.json {
        let mut said = serde_json::json!({ "rows": rows, "columns": columns, "out": args.out.display().to_string() });
        common::tell_parts(&mut said, args.split, &written);
        show::json(&said)?;
    }
    Ok(Code::Accepted)
}

/// What is demanded of the rows; `None` if nothing is.
fn conditions<'m>(args: &args::Sample, model: &'m Model) -> Result<Option<Given<'m>>> {
    if args.conditions.is_empty() && args.balance.is_none() {
        return Ok(None);
    }
    common::check_capable(model, model.generator().conditional().is_some(), "--where and --balance need")?;
    let given = model.given(&args.conditions, args.balance.as_deref());
    Ok(Some(given.map_err(|error| files::in_input(error, &files::name_of(&args.model)))?))
}

fn block_rows(columns: usize) -> u64 {
    let rows = (BLOCK_CELLS / columns.max(1) as u64).clamp(LEAST_ROWS, BLOCK_ROWS);
    rows / LEAST_ROWS * LEAST_ROWS
}
