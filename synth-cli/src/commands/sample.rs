//! `synth sample`: rows from a fitted generator.

use anyhow::{Context, Result};
use synth_core::{Generator, Model};

use super::Common;
use crate::args;
use crate::exit::{Code, Usage};
use crate::files::{self, Readers, Replace};
use crate::show;

pub(super) fn run(args: &args::Sample, common: &Common) -> Result<Code> {
    let replace = Replace::from(args.force);
    if common.json && files::is_standard(&args.out) {
        return Err(Usage("--json needs an --out FILE: standard output takes one of the two".to_owned()).into());
    }
    files::check_output(&args.out, &[&args.model], replace)?;
    let bytes = files::read_all(&args.model)?;
    let model = Model::from_bytes(&bytes).with_context(|| files::name_of(&args.model))?;
    files::check_size(args.rows, model.schema().fields.len())?;
    let table = model.sample(0..args.rows, args.seed);
    let source = files::source_for(&args.out, &model.schema().source);
    files::write_file(&args.out, Readers::AsUsual, replace, |out| files::fill_table(&table, &source, out))?;
    if common.json {
        let (rows, columns) = (table.n_rows(), table.n_columns());
        show::json(&serde_json::json!({ "rows": rows, "columns": columns, "out": args.out.display().to_string() }))?;
    }
    Ok(Code::Accepted)
}
