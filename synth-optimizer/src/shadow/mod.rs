//! The shadow audit: a mechanism is repeated dozens of times, with each of the most exposed units in or out, and attackers try to
//! tell which.
//!
//! The units, the attackers and the figures are those of [`synth_metrics::privacy::exposed`]; here are the runs. A mechanism is
//! whatever makes a synthetic table of a real one: the protection, search for constraints, fit and sampling
//! of a [run](crate::Pipeline), which audits each table that it would accept; or a function or a [command](Command) of your own.
//!
//! ```
//! use synth_metrics::Shadow;
//! use synth_optimizer::ShadowAudit;
//!
//! # let text: String = (0..80).map(|i| format!("{}.5,{}\n", i * 17 % 80, i % 3)).collect();
//! let table = synth_core::io::read_bytes(format!("dose,ward\n{text}").into(), &Default::default())?.table;
//! // A generator that gives back what it was given is found out.
//! let audit = ShadowAudit::of(&table).units(6).runs(24).seed(7).run(|rows, _seed| Ok(rows.clone()))?;
//! let exposed = audit.exposed.expect("so many runs suffice");
//! assert_eq!(exposed.auc.value, 1.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Large tables.** Runs of more than [`MAX_UNITS`] units are made on so many: the targets, which are chosen in the whole table, and
//! others drawn by the seed. Among fewer others each counts for more, so the audit errs on the careful side; the record says it.
//!
//! **Randomness.** Coins and seed of run *i* follow from the audit's seed and *i* alone, whatever the number of threads. Runs that a
//! deadline cuts off are left out, and the others are those that they would have been.

mod command;
mod mechanism;
mod rows;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use rand::seq::SliceRandom;
use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use synth_compliance::Policy;
use synth_core::table::Units;
use synth_core::train::TrainingFailure;
use synth_core::{Action, AnyEngine, Keeping, Table};
use synth_metrics::privacy::exposed::{Target, targets};
use synth_metrics::{Exposed, Exposure, Observation, Shadow, Witness};

pub use command::Command;
pub(crate) use mechanism::Mechanism;
pub use rows::ExposedRow;

use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::protection::Protects;
use crate::store::Store;

/// Exposed units that are audited unless another number is asked for.
pub const DEFAULT_UNITS: usize = 12;
/// Runs that are made unless another number is asked for: with twelve units the mean AUC is known to ±.04.
pub const DEFAULT_RUNS: usize = 64;
/// The most units of a run.
pub const MAX_UNITS: usize = 2_000;
/// Part of the runs that may fail before nothing is said.
const MAX_FAILED: f64 = 0.25;

/// An audit of a mechanism on a table. The [module](self) has an example.
#[must_use]
pub struct ShadowAudit<'a> {
    table: &'a Table,
    view: Option<&'a Table>,
    units: usize,
    runs: usize,
    seed: u64,
    until: Option<Instant>,
    store: Option<(&'a dyn Store, String)>,
    observer: &'a (dyn Fn(usize, usize) -> ControlFlow<()> + Sync),
}

/// What an audit did and found. Names nobody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ShadowRecord {
    /// Units of each run, those that are in or out among them.
    pub units: usize,
    /// Units of the table; more than `units` if the audit was made on some of them.
    pub of_units: usize,
    /// Runs that were planned.
    pub planned_runs: usize,
    /// Runs whose generator could not be fitted, and that are left out.
    pub failed_runs: usize,
    /// Whether there are figures, and if not, why not.
    pub fact: Shadow,
    /// What the attackers found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposed: Option<Exposed>,
}

impl ShadowRecord {
    /// The figures, or the fact why there are none: what a [report takes](synth_metrics::QualityReport::with_exposed).
    pub fn outcome(&self) -> Result<&Exposed, Shadow> {
        self.exposed.as_ref().ok_or(self.fact)
    }

    /// An audit that was not made.
    pub(crate) fn without(fact: Shadow) -> Self {
        Self { units: 0, of_units: 0, planned_runs: 0, failed_runs: 0, fact, exposed: None }
    }

    /// What was audited and how, in a line.
    pub fn design(&self) -> String {
        let Some(exposed) = &self.exposed else { return format!("not audited: {}", self.fact) };
        let some = match self.units < self.of_units {
            true => format!(", on {} of {} units", self.units, self.of_units),
            false => String::new(),
        };
        let failed = match self.failed_runs {
            0 => String::new(),
            n => format!("; {n} further runs failed"),
        };
        format!("{} units in {} shadow runs{some}{failed}", exposed.units.len(), exposed.runs)
    }

    /// What was found, in a line.
    pub fn finding(&self) -> String {
        let Some(exposed) = &self.exposed else { return self.design() };
        let bounds = exposed
            .auc
            .uncertainty
            .map_or(String::new(), |u| format!(" [{:.2}, {:.2}]", u.interval.low, u.interval.high));
        format!(
            "{}: AUC {:.2}{bounds}, worst unit {:.2}, {:.0} % found at {:.0} % false alarms, epsilon at least {:.1}",
            self.design(),
            exposed.auc.value,
            exposed.max_auc.value,
            100.0 * exposed.tpr_at_10.value,
            100.0 * exposed.false_alarms,
            exposed.epsilon,
        )
    }
}

impl std::fmt::Debug for ShadowAudit<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShadowAudit").field("units", &self.units).field("runs", &self.runs).finish_non_exhaustive()
    }
}

impl<'a> ShadowAudit<'a> {
    /// An audit on the units of `table`, with the defaults given below.
    pub fn of(table: &'a Table) -> Self {
        Self {
            table,
            view: None,
            units: DEFAULT_UNITS,
            runs: DEFAULT_RUNS,
            seed: 0,
            until: None,
            store: None,
            observer: &|_, _| ControlFlow::Continue(()),
        }
    }

    /// How many of the most exposed units are attacked. Default: [`DEFAULT_UNITS`].
    pub fn units(self, units: usize) -> Self {
        Self { units, ..self }
    }

    /// How often the mechanism is repeated; with fewer than [`MIN_RUNS`](synth_metrics::privacy::exposed::MIN_RUNS) there are no figures. Default: [`DEFAULT_RUNS`].
    pub fn runs(self, runs: usize) -> Self {
        Self { runs, ..self }
    }

    /// The seed for all random choices. Default: 0.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// When no further run is begun. Default: never.
    pub fn until(self, until: impl Into<Option<Instant>>) -> Self {
        Self { until: until.into(), ..self }
    }

    /// The rows of the table as generators learn them, protected say: synthetic tables have its columns. Default: the table itself.
    pub fn seen_as(self, view: &'a Table) -> Self {
        Self { view: Some(view), ..self }
    }

    /// Is told after each run how many are done, and of how many; may break the audit off. Default: no observer.
    pub fn observe(self, observer: &'a (dyn Fn(usize, usize) -> ControlFlow<()> + Sync)) -> Self {
        Self { observer, ..self }
    }

    /// Keeps what each run showed under names that begin with `name`, and takes what is kept instead of making the run again.
    pub(crate) fn keep(self, store: &'a dyn Store, name: &str) -> Self {
        Self { store: Some((store, name.to_owned())), ..self }
    }

    /// Repeats `mechanism`, which is given the rows of a run and its seed and gives a synthetic table, on all threads.
    ///
    /// A run that fails as a [training](TrainingFailure) does is left out; if a quarter of them fail, there are no figures.
    ///
    /// # Errors
    /// Any other of `mechanism`; [`TrainingFailure::Interrupted`] if the observer breaks; those of a store.
    ///
    /// # Panics
    /// If the table is [seen as](Self::seen_as) one with other rows.
    pub fn run(self, mechanism: impl Fn(&Table, u64) -> Result<Table> + Sync) -> Result<ShadowRecord> {
        let Sample { table, rows, targets, of_units } = Sample::of(self.table, self.units, self.seed);
        let units = Units::of(&table).n_units();
        let record = |fact, failed_runs, exposed| {
            Ok(ShadowRecord { units, of_units, planned_runs: self.runs, failed_runs, fact, exposed })
        };
        if targets.iter().all(|target| target.exposure == Exposure::Typical) {
            return record(Shadow::TooFewUnits, 0, None);
        }
        let view = self.view.map_or_else(|| table.clone(), |view| view.take(&rows));
        let witness = Witness::new(&table, &view, &targets);
        let (n_done, is_stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
        let made: Vec<Result<Option<Observation>>> = (0..self.runs)
            .into_par_iter()
            .map(|run| {
                let name = self.store.as_ref().map(|(store, name)| (*store, format!("{name}-{run}")));
                let kept = name.as_ref().map(|(store, name)| load(*store, name)).transpose()?.flatten();
                let seen = match kept {
                    Some(seen) => Some(seen),
                    None if is_stopped.load(Ordering::Relaxed) => return Err(interrupted()),
                    None if self.is_over() => return Ok(None),
                    None => {
                        let seen = self.make(run, &table, &targets, &witness, &mechanism)?;
                        if let (Some((store, name)), Some(seen)) = (&name, &seen) {
                            save(*store, name, seen)?;
                        }
                        seen
                    }
                };
                match (self.observer)(n_done.fetch_add(1, Ordering::Relaxed) + 1, self.runs) {
                    ControlFlow::Continue(()) => Ok(seen),
                    ControlFlow::Break(()) => {
                        is_stopped.store(true, Ordering::Relaxed);
                        Err(interrupted())
                    }
                }
            })
            .collect();
        let made = made.into_iter().collect::<Result<Vec<_>>>()?;
        let seen: Vec<Observation> = made.into_iter().flatten().collect();
        let n_failed = n_done.load(Ordering::Relaxed) - seen.len();
        if n_failed as f64 > MAX_FAILED * (n_failed + seen.len()) as f64 {
            return record(Shadow::Failed, n_failed, None);
        }
        match Exposed::of(&targets, &seen) {
            Ok(exposed) => record(Shadow::Made, n_failed, Some(exposed)),
            Err(fact) => record(fact, n_failed, None),
        }
    }

    /// Repeats what a run does with one of our engines: protection as `policy` asks, or, without one, as the table's schema declares;
    /// search for constraints, fit and sampling of as many rows.
    ///
    /// # Errors
    /// As [`run`](Self::run), and those of a run's protection and fit.
    pub fn run_engine(self, engine: &AnyEngine, keeping: Keeping, policy: Option<&Policy>) -> Result<ShadowRecord> {
        let hipaa = Policy::named("hipaa").expect("it is embedded");
        let mechanism = Mechanism {
            policy: policy.unwrap_or(&hipaa),
            protects: if policy.is_some() { Protects::Policy } else { Protects::SchemaAlone },
            keeping,
            plan: &Plan { engine: engine.clone(), cross_fitted: None },
            own: None,
            rows_each: 1.0,
            until: self.until,
        };
        let view = mechanism.protected(self.table, self.seed)?;
        let audit = ShadowAudit { view: Some(&view), ..self };
        audit.run(|rows, seed| mechanism.run(rows, seed))
    }

    fn is_over(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// What run number `run` shows; `None` if its generator could not be fitted.
    fn make(
        &self,
        run: usize,
        table: &Table,
        targets: &[Target],
        witness: &Witness,
        mechanism: &(impl Fn(&Table, u64) -> Result<Table> + Sync),
    ) -> Result<Option<Observation>> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(run as u64 + 1);
        let is_in: Vec<bool> = targets.iter().map(|_| rng.r#gen()).collect();
        let mut is_out = vec![false; table.n_rows()];
        for (target, is_in) in targets.iter().zip(&is_in) {
            target.rows.iter().for_each(|&row| is_out[row] = !is_in);
        }
        let rows: Vec<usize> = (0..table.n_rows()).filter(|&row| !is_out[row]).collect();
        match mechanism(&table.take(&rows), rng.next_u64()) {
            Ok(synthetic) => Ok(Some(witness.observe(&synthetic, &is_in))),
            Err(Error::Core(synth_core::Error::Training(TrainingFailure::Interrupted { .. }))) if !self.is_over() => {
                Err(interrupted())
            }
            Err(Error::Core(synth_core::Error::Training(_))) => Ok(None),
            Err(Error::Generator { problem, .. }) => Err(Error::Generator { run: Some(run + 1), problem }),
            Err(error) => Err(error),
        }
    }
}

fn interrupted() -> Error {
    synth_core::Error::Training(TrainingFailure::Interrupted { done: 0, planned: 0 }).into()
}

fn load(store: &dyn Store, name: &str) -> Result<Option<Observation>> {
    let bytes = store.load(name).map_err(|source| failed(Action::Read, name, source))?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

fn save(store: &dyn Store, name: &str, seen: &Observation) -> Result<()> {
    let bytes = serde_json::to_vec(seen).expect("what is seen has only string keys");
    store.save(name, &bytes).map_err(|source| failed(Action::Write, name, source))
}

fn failed(action: Action, name: &str, source: std::io::Error) -> Error {
    synth_core::Error::Io { action, name: name.to_owned(), source }.into()
}

/// The units that runs are made of.
struct Sample {
    table: Table,
    /// Their rows in the whole table.
    rows: Vec<usize>,
    /// With their rows in `table`.
    targets: Vec<Target>,
    of_units: usize,
}

impl Sample {
    fn of(table: &Table, n: usize, seed: u64) -> Self {
        let units = Units::of(table);
        let of_units = units.n_units();
        let table = table.clone().with_units(units.clone());
        let mut targets = targets(&table, n);
        if of_units <= MAX_UNITS {
            return Self { rows: (0..table.n_rows()).collect(), table, targets, of_units };
        }
        let mut is_kept = vec![false; of_units];
        targets.iter().for_each(|target| is_kept[units.of_row(target.rows[0])] = true);
        let mut others: Vec<usize> = (0..of_units).filter(|&unit| !is_kept[unit]).collect();
        others.shuffle(&mut ChaCha8Rng::seed_from_u64(seed)); // stream 0; runs have the others
        others.iter().take(MAX_UNITS - targets.len()).for_each(|&unit| is_kept[unit] = true);
        let rows: Vec<usize> = (0..table.n_rows()).filter(|&row| is_kept[units.of_row(row)]).collect();
        for target in &mut targets {
            for row in &mut target.rows {
                *row = rows.binary_search(row).expect("a target is kept");
            }
        }
        Self { table: table.take(&rows), rows, targets, of_units }
    }
}

#[cfg(test)]
mod tests {
    use synth_core::io::{ReadOptions, read_bytes};

    use super::*;

    fn table(n: usize) -> Table {
        let rows = (0..n).map(|i| format!("{}.5,{},{}\n", i * 17 % n, i % 3, i * i % 11));
        let text: String = std::iter::once("dose,ward,score\n".to_owned()).chain(rows).collect();
        read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table
    }

    #[test]
    fn a_large_table_is_audited_on_some_of_its_units_with_the_targets() {
        let table = table(2500);
        let sample = Sample::of(&table, 12, 3);
        assert_eq!((sample.of_units, sample.table.n_rows()), (2500, MAX_UNITS));
        let whole = targets(&table, 12);
        let cell = |table: &Table, target: &Target| table.numbers(0)[target.rows[0]];
        for (own, there) in sample.targets.iter().zip(&whole) {
            assert_eq!(cell(&sample.table, own), cell(&table, there));
        }
    }

    #[test]
    fn the_same_for_any_number_of_threads_and_whatever_was_kept() {
        let table = table(90);
        let audit = || ShadowAudit::of(&table).units(6).runs(32).seed(5);
        let mix = |rows: &Table, seed: u64| {
            Ok(rows.take(&(0..rows.n_rows()).map(|i| (i * 7 + seed as usize) % rows.n_rows()).collect::<Vec<_>>()))
        };
        let whole = audit().run(mix).unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(pool.install(|| audit().run(mix)).unwrap(), whole);
        assert_ne!(audit().seed(6).run(mix).unwrap(), whole);
    }

    #[test]
    fn what_cannot_be_audited_says_why() {
        let fact = |audit: ShadowAudit<'_>| audit.run(|rows, _| Ok(rows.clone())).unwrap().fact;
        assert_eq!(fact(ShadowAudit::of(&table(11))), Shadow::TooFewUnits);
        let table = table(90);
        assert_eq!(fact(ShadowAudit::of(&table).runs(23)), Shadow::OutOfTime);
        assert_eq!(fact(ShadowAudit::of(&table).until(Instant::now())), Shadow::OutOfTime);
        let fails = |_: &Table, _| -> Result<Table> {
            Err(synth_core::Error::Training(TrainingFailure::Deadline { done: 0, planned: 1 }).into())
        };
        assert_eq!(ShadowAudit::of(&table).run(fails).unwrap().fact, Shadow::Failed);
        let stop = |done, _| if done == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        let stopped = ShadowAudit::of(&table).observe(&stop).run(|rows, _| Ok(rows.clone()));
        assert!(matches!(stopped, Err(Error::Core(synth_core::Error::Training(TrainingFailure::Interrupted { .. })))));
    }
}
