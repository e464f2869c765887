//! `synth audit`: whether the most exposed units can be told to be in a table, by fitting a generator again and again.

use anyhow::Result;
use synth_compliance::Policy;
use synth_core::train::TrainingFailure;
use synth_core::{Keeping, Seed, Table};
use synth_metrics::Shadow;
use synth_optimizer::shadow::Command;
use synth_optimizer::{Error, ShadowAudit, ShadowRecord};

use super::common::{self, Common};
use crate::exit::{Code, Interrupted, Usage};
use crate::input::Input;
use crate::progress::Bar;
use crate::{args, files, interrupt, policies, show, tables};

pub(super) fn run(args: &args::Audit, common: &Common) -> Result<Code> {
    let policy = args.policy.as_deref().map(policies::read_policy).transpose()?;
    let command = args.fit_command.as_deref().map(|text| Command::new(text, args.run_timeout)).transpose()?;
    let data = Input::of(&args.data)?;
    let mut inputs = data.files()?;
    inputs.extend(args.model.clone());
    files::check_one_standard(&inputs)?;
    let table = data.read(&tables::read_options(&args.reading)?, common.quiet)?;
    tables::check_columns(&table, &data.name())?;
    let made = audit(args, command.as_ref(), policy.as_ref(), &table, common);
    let record = made.map_err(|error| match error.downcast() {
        Ok(Error::Core(synth_core::Error::Training(TrainingFailure::Interrupted { .. }))) => Interrupted.into(),
        Ok(error) => common::in_run(error, &data.name()),
        Err(error) => error,
    })?;
    if common.json {
        show::json(&record)?;
    } else {
        show::audit(&record)?;
    }
    Ok(match record.fact {
        Shadow::Made => Code::Accepted,
        Shadow::OutOfTime => Code::Deadline,
        _ => Code::NotEnoughEvidence,
    })
}

fn audit(
    args: &args::Audit,
    command: Option<&Command>,
    policy: Option<&Policy>,
    table: &Table,
    common: &Common,
) -> Result<ShadowRecord> {
    let seed = args.seed.clone().map_or_else(Seed::drawn, Ok)?;
    let until = args.time_budget.and_then(|budget| std::time::Instant::now().checked_add(budget));
    let bar = Bar::new(common.quiet);
    let observer = |done, runs| {
        bar.follow_runs(done, runs);
        interrupt::flow()
    };
    let audit =
        ShadowAudit::of(table).units(args.units).runs(args.runs).seed(seed.number()).until(until).observe(&observer);
    let record = match (command, &args.model) {
        (Some(command), _) => audit.run(|rows, seed| command.run(rows, seed)),
        (None, Some(path)) => {
            let model = common::read_model(path)?;
            let about = model.about().engine.as_ref();
            let engine = about.ok_or_else(|| Usage(format!("{} does not tell its settings", files::name_of(path))))?;
            audit.run_engine(engine, Keeping::from(args.constraints), policy)
        }
        (None, None) => unreachable!("one of the two is required"),
    };
    bar.finish();
    Ok(record?)
}
