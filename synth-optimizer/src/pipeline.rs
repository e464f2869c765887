//! The whole of it in one call: look, protect, split, fit, sample, measure, judge, and again by rule.
//!
//! ```no_run
//! use synth_compliance::Policy;
//! use synth_core::io::{ReadOptions, read_path};
//! use synth_optimizer::Pipeline;
//!
//! let input = read_path("patients.csv".as_ref(), &ReadOptions::default())?;
//! let run = Pipeline::new(Policy::named("hipaa")?).with_seed(7).run(&input.table)?;
//! if let Some(release) = &run.release {
//!     println!("{} rows may be shared", release.table.n_rows());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Protection.** Before anything else the table is [searched](fn@synth_compliance::detect) for what must not leave, and
//! protected by what was found, by the policy and by its schema ([`protection`](crate::protection)). Everything after
//! that sees the protected table alone.
//!
//! **Constraints.** Each generator keeps what its rows' schema declares and what it [finds](synth_core::constraint) in the rows it
//! is given, the protected ones and never the holdout; the record tells what became of each.
//!
//! **Splits.** A table of [`SPLIT_ROWS`] rows or more is cut into train, holdout and audit rows: generators learn from
//! the first and are chosen by the second, and the third is opened once, on the table that would be accepted. A smaller
//! table cannot spare so many: there the *procedure* is audited. K generators are fitted, each without one fold, so
//! that every row is unseen once; the released table comes from a last generator, fitted in the same way with no fold
//! left out, and is itself checked for fidelity and copies. [Units](crate::unit) are never split, in either design: a
//! person's rows stay together. Within any fit, an engine that trains keeps a twentieth of the rows it is given back, whole units
//! again, to verify what it learnt: they count as neither members nor non-members of that generator.
//!
//! [`SPLIT_ROWS`]: crate::split::SPLIT_ROWS

mod trial;

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde::Serialize;
use synth_compliance::{DISCLAIMER, Decision, Finding, Policy};
use synth_core::protect::Secret;
use synth_core::table::Units;
use synth_core::train::{FitContext, Training};
use synth_core::{EngineKind, Generator, Keeping, Seed, SeedOrigin, Table};

use self::trial::PipelineTrial;
use crate::assessment::Assessment;
use crate::attempt::{Attempt, Explanation};
use crate::dossier::portraits::TablePortrait;
use crate::dossier::record::{RUN_VERSION, Release, RunOutcome, RunRecord};
use crate::ending;
use crate::error::Result;
use crate::memory;
use crate::own::OwnFit;
use crate::plan::Plan;
use crate::protection::{Protected, ProtectionRecord, Protects, protect};
use crate::rule::RulePlanner;
use crate::runner::{self, Outcome, Planner, Runner, StopReason};
use crate::shadow::DEFAULT_UNITS;
use crate::split::{Design, Parts};
use crate::store::{KeptPlans, Store};
use crate::unit::UnitRecord;

/// Generates a synthetic table that a policy accepts, or reports why none was accepted. The [module](self) has an
/// example.
pub struct Pipeline<'a> {
    policy: Policy,
    seed: Option<Seed>,
    plan: Box<dyn Fn(Plan) -> Plan + Send + 'a>,
    tunes: bool,
    engine: Option<EngineKind>,
    own: Option<(String, Box<OwnFit<'a>>)>,
    planner: Option<Box<MakePlanner<'a>>>,
    rows: Option<usize>,
    max_attempts: usize,
    time_budget: Option<Duration>,
    memory_limit: Option<u64>,
    keeps_refused: bool,
    protects: Protects,
    keeping: Keeping,
    audit_units: usize,
    store: Option<&'a dyn Store>,
    observer: &'a Observer<'a>,
}

/// Makes a planner for a table, the protected one, from one that follows the rules.
type MakePlanner<'a> = dyn FnOnce(&Table, RulePlanner) -> Result<Box<dyn Planner<Plan, Assessment>>> + Send + 'a;

/// An observer of events, called from several threads. `Break` ends the run as interrupted; once an attempt is accepted
/// it comes too late.
pub type Observer<'a> = dyn Fn(&Event<'_>) -> ControlFlow<()> + Sync + 'a;

/// An event for observers.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'e> {
    /// Units of the table have several rows, or are said to be the rows although an identifier repeats: what is to be known
    /// of it, in words.
    Units(&'e str),
    /// The table was searched and protected.
    Protected(&'e ProtectionRecord),
    /// How the rows are used.
    Designed(&'e Design),
    /// An attempt begins.
    Started {
        /// Its number, from 1.
        number: usize,
        /// What is tried.
        plan: &'e Plan,
        /// Why.
        explanation: &'e Explanation,
    },
    /// Generators are being fitted.
    Fitting(Fitting),
    /// Rows are being sampled.
    Drawing,
    /// Rows are being measured.
    Measuring,
    /// An attempt is over.
    Finished(&'e Attempt<Plan, Assessment>),
    /// The audit part is opened.
    Auditing,
    /// The most exposed units are audited: generators are fitted again with each in or out.
    Shadow {
        /// Shadow runs that are done.
        done: usize,
        /// All of them.
        runs: usize,
    },
    /// The results are about to be [written](crate::Run::out). The last moment to break.
    Writing,
}

/// The progress of the fits of an attempt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fitting {
    /// The share of all epochs that is done, in [0, 1].
    pub share: f64,
    /// The last epoch's loss, the mean over the generators that have one.
    pub loss: f64,
    /// Of all generators together.
    pub rows_per_second: f64,
    /// An estimate of the time left.
    pub remaining: Duration,
}

/// A preview of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Preview {
    /// What was found in the columns of the table.
    pub findings: Vec<Finding>,
    /// What would be done to them.
    pub protection: ProtectionRecord,
    /// Whose rows they are, where units have several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitRecord>,
    /// How the rows would be used.
    pub design: Design,
    /// Bytes of memory at the peak, by [estimate](crate::memory::of_run).
    pub memory: u64,
    /// What would be tried first.
    pub plan: Plan,
}

/// A table that is ready for attempts, and the plans to begin with.
struct Prepared {
    protected: Protected,
    parts: Parts,
    first: Plan,
    /// Those of the other engines that suit the table.
    others: Vec<Plan>,
}

impl std::fmt::Debug for Pipeline<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline")
            .field("policy", &self.policy.name())
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl<'a> Pipeline<'a> {
    /// A pipeline with the defaults given below.
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            seed: None,
            plan: Box::new(|plan| plan),
            tunes: true,
            engine: None,
            own: None,
            planner: None,
            rows: None,
            max_attempts: 8,
            time_budget: None,
            memory_limit: None,
            keeps_refused: false,
            protects: Protects::Policy,
            keeping: Keeping::Found,
            audit_units: DEFAULT_UNITS,
            store: None,
            observer: &|_| ControlFlow::Continue(()),
        }
    }

    /// Judges by another policy.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// The seed for all random choices, to repeat a run: whoever knows it and all rows but one can test a guess of that one by
    /// running the pipeline, and the record says so. Default: one is drawn from the operating system in each
    /// [`run`](Self::run), and [goes out](RunOutcome::seed) beside the record.
    #[must_use]
    pub fn with_seed(self, seed: impl Into<Seed>) -> Self {
        Self { seed: Some(seed.into()), ..self }
    }

    /// Changes the first plan, but for its engine ([`with_engine`](Self::with_engine)). Default: [`Plan::for_table`] as it is.
    #[must_use]
    pub fn with_plan(self, change: impl Fn(Plan) -> Plan + Send + 'a) -> Self {
        Self { plan: Box::new(change), ..self }
    }

    /// Starts a small table with [`Plan::of`], for those who set its network and its epochs themselves. Default: with
    /// [`Plan::for_table`].
    #[must_use]
    pub fn without_tuning(self) -> Self {
        Self { tunes: false, ..self }
    }

    /// Uses this engine and no other. Default: the one that suits the table ([`Plan::for_table`]), and
    /// another one if it fails.
    #[must_use]
    pub fn with_engine(self, engine: EngineKind) -> Self {
        Self { engine: Some(engine), ..self }
    }

    /// Fits a generator of your own in place of the plan's engine: `fit` is told the rows to learn, the training that the plan proposes, and the seed.
    /// Rows are protected, split, measured and judged as ever. The rules change its settings, never the engine; a table is not
    /// tuned for it, constraints are neither found nor kept, and a [store](Self::with_store) does not hold it. `name` stands in the
    /// record. Default: the generators of the workspace.
    ///
    /// ```
    /// # use std::{ops::Range, sync::Arc};
    /// use synth_compliance::{Decision, Policy};
    /// use synth_core::{Generator, Result, Schema, Table};
    /// use synth_optimizer::Pipeline;
    ///
    /// /// Gives the rows that it was given.
    /// struct Parrot(Table);
    ///
    /// impl Generator for Parrot {
    ///     fn schema(&self) -> &Arc<Schema> {
    ///         self.0.schema()
    ///     }
    ///
    ///     fn sample(&self, rows: Range<u64>, _seed: u64) -> Result<Table> {
    ///         Ok(self.0.take(&rows.map(|row| row as usize % self.0.n_rows()).collect::<Vec<_>>()))
    ///     }
    /// }
    ///
    /// # let text: String = (0..200).map(|i| format!("{},{}\n", i * 7919 % 1000, i % 3)).collect();
    /// # let table = synth_core::io::read_bytes(format!("dose,arm\n{text}").into(), &Default::default())?.table;
    /// let run = Pipeline::new(Policy::named("hipaa")?)
    ///     .with_generator("parrot", |table, _, _| Ok(Box::new(Parrot(table.clone()))))
    ///     .with_max_attempts(1)
    ///     .run(&table)?;
    /// assert_eq!(run.record.decision, Decision::Refused);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_generator(
        self,
        name: &str,
        fit: impl Fn(&Table, &Training, &mut FitContext<'_>) -> synth_core::Result<Box<dyn Generator>> + Send + Sync + 'a,
    ) -> Self {
        Self { own: Some((name.to_owned(), Box::new(fit))), ..self }
    }

    /// Plans with what `make` gives, which is told the protected table and the planner that would have been used: a
    /// planner that asks a language model, or one of your own. Default: the rules.
    #[must_use]
    pub fn with_planner(
        self,
        make: impl FnOnce(&Table, RulePlanner) -> Result<Box<dyn Planner<Plan, Assessment>>> + Send + 'a,
    ) -> Self {
        Self { planner: Some(Box::new(make)), ..self }
    }

    /// The number of synthetic rows. Default: as many as the input has.
    #[must_use]
    pub fn with_rows(self, rows: usize) -> Self {
        Self { rows: Some(rows), ..self }
    }

    /// The maximum number of attempts. Default: 8.
    #[must_use]
    pub fn with_max_attempts(self, max_attempts: usize) -> Self {
        Self { max_attempts, ..self }
    }

    /// The time for the run, from [`run`](Self::run) on. Of what is left when an attempt begins, training may use three
    /// quarters; no rows are sampled and no measures begun when it is up, and what was not measured does not pass. Default: none.
    #[must_use]
    pub fn with_time_budget(self, time_budget: Duration) -> Self {
        Self { time_budget: Some(time_budget), ..self }
    }

    /// The bytes of memory that the run may take: one that is [estimated](crate::memory) to take more is refused before anything is
    /// learnt. Default: no limit.
    #[must_use]
    pub fn with_memory_limit(self, bytes: u64) -> Self {
        Self { memory_limit: Some(bytes), ..self }
    }

    /// Keeps the table that came closest, as [`RunOutcome::refused`]. Default: it is dropped.
    #[must_use]
    pub fn with_refused_table(self) -> Self {
        Self { keeps_refused: true, ..self }
    }

    /// Does to the table what its schema declares and nothing else, whatever was found in it. It is recorded. Default: what
    /// the findings and the policy ask for is done too.
    #[must_use]
    pub fn without_protection(self) -> Self {
        Self { protects: Protects::SchemaAlone, ..self }
    }

    /// The constraints to enforce. Default: those that the schema declares and those that are found.
    #[must_use]
    pub fn with_constraints(self, keeping: Keeping) -> Self {
        Self { keeping, ..self }
    }

    /// The number of the most exposed units on whom each table that would be accepted is [audited](crate::shadow); 0 for no audit,
    /// which a policy may take for a lack of evidence. Default: [`DEFAULT_UNITS`].
    #[must_use]
    pub fn with_audit_units(self, audit_units: usize) -> Self {
        Self { audit_units, ..self }
    }

    /// Saves checkpoints in `store`, and resumes from existing ones: see the [module](crate::store). A time budget
    /// counts from the start of this call. Default: nothing is kept.
    #[must_use]
    pub fn with_store(self, store: &'a dyn Store) -> Self {
        Self { store: Some(store), ..self }
    }

    /// Observes the run. Default: no observer.
    #[must_use]
    pub fn with_observer(self, observer: &'a Observer<'a>) -> Self {
        Self { observer, ..self }
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(crate) fn observer(&self) -> &'a Observer<'a> {
        self.observer
    }

    /// The synthetic rows that are made of `table`.
    pub(crate) fn n_rows(&self, table: &Table) -> usize {
        self.rows.unwrap_or(table.n_rows())
    }

    pub(crate) fn seed(&self) -> Option<&Seed> {
        self.seed.as_ref()
    }

    /// What tells these settings from others, as far as results follow from them beside the seed: a custom planner or generator
    /// is told by whether it is there. The same version gives the same text.
    pub(crate) fn fingerprint(&self) -> String {
        let own = self.own.as_ref().map(|(name, _)| name);
        let plan = (self.plan)(Plan::base(1000, 10));
        format!(
            "{:?}",
            (
                (plan, self.tunes, self.engine, own, self.planner.is_some()),
                (self.rows, self.max_attempts, self.protects, self.keeping, self.audit_units),
            )
        )
    }

    /// Makes attempts on `table` until one is accepted or none is left.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) if there are fewer than ten rows (two for each fold), or fewer than five
    /// units to cut them by, if nothing can be learnt from the table, if a protection does not fit its column, if a
    /// setting is out of range, or if the run would take more memory than it may; [`Error::Metrics`](crate::Error::Metrics) if the tables cannot be compared. That no table was
    /// accepted is a [`Decision`], not an error.
    pub fn run(mut self, table: &Table) -> Result<RunOutcome> {
        // A budget too long for the clock is none.
        let deadline = self.time_budget.and_then(|budget| Instant::now().checked_add(budget));
        if let Some(limit) = self.memory_limit {
            memory::check(self.memory(table), limit)?;
        }
        let read = table;
        let seed = self.seed.take().map_or_else(Seed::drawn, Ok)?;
        let Prepared { protected, parts, first, others } = self.prepare(table, &seed)?;
        let table = &protected.table;
        let first_engine = first.kind();
        let mut rules = RulePlanner::new(first).with_others(others).with_max_attempts(self.max_attempts);
        // Where the generator is the caller's own, no other engine would be one.
        if let Some(engine) = self.engine.or(self.own.as_ref().map(|_| first_engine)) {
            rules = rules.with_engine(engine);
        }
        let mut planner: Box<dyn Planner<Plan, Assessment>> = match self.planner.take() {
            None => Box::new(rules.clone()),
            Some(make) => make(table, rules.clone())?,
        };
        let n_rows = self.n_rows(table);
        let mut trial = PipelineTrial {
            read,
            table,
            given: &protected.given,
            parts: &parts,
            policy: &self.policy,
            n_rows,
            keeping: self.kept(),
            protects: self.protects,
            audit_units: self.audit_units,
            shadow: None,
            own: self.own.as_ref().map(|(name, fit)| (name.as_str(), fit.as_ref())),
            store: self.store,
            deadline,
            observer: self.observer,
        };
        let mut runner = Runner::new().with_max_attempts(self.max_attempts).with_observer(|event| match event {
            runner::Event::Started { number, plan, explanation } => {
                (self.observer)(&Event::Started { number, plan, explanation })
            }
            runner::Event::Finished(attempt) => (self.observer)(&Event::Finished(attempt)),
        });
        if let Some(deadline) = deadline {
            runner = runner.with_deadline(deadline);
        }
        // Its portrait is taken; the table itself goes out only if it was asked for.
        runner = runner.with_refused_artifact();
        let outcome = match self.store {
            None => runner.run(&mut trial, planner.as_mut(), seed.number())?,
            Some(store) => {
                let mut kept = KeptPlans { planner, store, error: Mutex::new(None) };
                let outcome = runner.run(&mut trial, &mut kept, seed.number())?;
                if let Some(error) = kept.error.into_inner().expect("nothing panics while it is held") {
                    return Err(error.into());
                }
                outcome
            }
        };
        self.conclude(&trial, outcome, &protected, &rules, seed)
    }

    /// What [`run`](Self::run) would do first, without doing it: how the table would be protected and cut, and the plan of the
    /// rules to start with. The cross-fits that a small table is tuned by are made; a limit of memory is not looked at.
    ///
    /// # Errors
    /// As [`Pipeline::run`].
    pub fn preview(&self, table: &Table) -> Result<Preview> {
        let seed = self.seed.clone().map_or_else(Seed::drawn, Ok)?;
        let Prepared { protected, parts, first, .. } = self.prepare(table, &seed)?;
        let unit = UnitRecord::of(&Units::of(&protected.table));
        let Protected { findings, record, .. } = protected;
        let memory = self.memory(table);
        Ok(Preview { findings, protection: record, unit, design: parts.design, memory, plan: first })
    }

    /// A custom generator keeps no constraints.
    fn kept(&self) -> Keeping {
        if self.own.is_some() { Keeping::Off } else { self.keeping }
    }

    fn memory(&self, table: &Table) -> u64 {
        memory::of_run(table, self.n_rows(table))
    }

    fn prepare(&self, table: &Table, seed: &Seed) -> Result<Prepared> {
        Parts::check_rows(table)?;
        let protected = protect(table, &self.policy, self.protects, &Secret::of(seed))?;
        if let Some(notice) = &protected.notice {
            let _ = (self.observer)(&Event::Units(notice));
        }
        let _ = (self.observer)(&Event::Protected(&protected.record));
        let table = &protected.table;
        let parts = Parts::of(table, seed.number());
        parts.check()?;
        let _ = (self.observer)(&Event::Designed(&parts.design));
        // A small table is tuned on all rows, by likelihood on rows not seen: their number and nothing of a row is in the plan.
        let learnt = match parts.design {
            Design::Split { .. } => table.take(&parts.rows[0]),
            Design::CrossFitted { .. } => table.clone(),
        };
        let asked = self.engine.or(self.own.as_ref().map(|_| EngineKind::Masked));
        let untuned = || {
            let kinds = asked.map_or(EngineKind::ALL.to_vec(), |kind| vec![kind]);
            kinds.into_iter().map(|kind| Plan::of(kind, learnt.n_rows(), table.n_columns())).collect()
        };
        let plans: Vec<Plan> = match self.tunes && self.own.is_none() {
            false => untuned(),
            true => {
                let learnt = synth_core::learnt(&learnt, self.kept())?;
                let plans = match asked {
                    Some(kind) => Plan::for_table(Some(kind), &learnt, seed.number()).map(|plan| vec![plan]),
                    None => Plan::all_for_table(&learnt, seed.number()),
                };
                match plans {
                    // The attempt itself will say so.
                    Err(synth_core::Error::Training(_)) => untuned(),
                    plans => plans?,
                }
            }
        };
        let changed = |base: Plan| {
            let changed = (self.plan)(base.clone());
            if changed.kind() == base.kind() { changed } else { base }
        };
        let mut plans = plans.into_iter().map(changed);
        let first = plans.next().expect("an engine suits every table");
        Ok(Prepared { protected, parts, first, others: plans.collect() })
    }

    fn notes(trial: &PipelineTrial<'_>, n_attempts: usize, engine: Option<EngineKind>) -> Vec<String> {
        // Tokens have none for a level that hardly anybody shares.
        let gives_rare_levels = matches!(engine, Some(EngineKind::TabDdpm | EngineKind::Copula));
        let mut notes: Vec<String> = rare_levels(trial.table).filter(|_| gives_rare_levels).into_iter().collect();
        if n_attempts > 1 && matches!(trial.parts.design, Design::CrossFitted { .. }) {
            let text = "attempts were judged on the same rows: the last verdict is slightly optimistic";
            notes.push(format!("{n_attempts} {text}"));
        }
        notes
    }

    /// Opens the audit part on an accepted table, and writes down what happened.
    fn conclude(
        &self,
        trial: &PipelineTrial<'_>,
        outcome: Outcome<Release, Plan, Assessment>,
        protected: &Protected,
        rules: &RulePlanner,
        seed: Seed,
    ) -> Result<RunOutcome> {
        let (attempts, mut stopped, artifact) = match outcome {
            Outcome::Accepted { artifact, attempts } => (attempts, None, Some(artifact)),
            Outcome::Rejected { attempts, refused_artifact, reason, .. } => (attempts, Some(reason), refused_artifact),
        };
        let audit = match (&artifact, stopped) {
            (Some(release), None) => trial.audit(release, seed.number())?,
            _ => None,
        };
        if audit.as_ref().is_some_and(|audit| !audit.decision().is_accepted()) && trial.is_over() {
            stopped = Some(StopReason::Deadline);
        }
        let engine = attempts.last().map(|attempt| attempt.plan.kind());
        let mut notes = Self::notes(trial, attempts.len(), engine.filter(|_| self.own.is_none()));
        // How many rows a unit has stands in the record, and no more exactly than may leave.
        notes.extend(protected.notice.clone().filter(|_| Units::of(trial.table).are_rows()));
        notes.extend((seed.origin() == SeedOrigin::Given).then(|| GIVEN_SEED.to_owned()));
        if matches!(stopped, Some(StopReason::NoRuleApplies | StopReason::AttemptLimit(_))) {
            notes.extend(ending::of(rules, &attempts, &Units::of(trial.table)));
        }
        if let Some((name, _)) = &self.own {
            notes.push(format!("a custom generator, `{name}`, replaced the engines of the plans"));
        }
        let exposed = stopped.is_none().then(|| trial.shadow.clone()).flatten();
        let training = artifact.as_ref().and_then(|release| release.model.train_report().cloned());
        let constraints = artifact.as_ref().map_or_else(Default::default, |release| release.constraints.clone());
        let mut record = RunRecord {
            version: RUN_VERSION,
            decision: Decision::NotEnoughEvidence,
            policy: self.policy.id(),
            seed: seed.origin(),
            findings: protected.findings.clone(),
            protection: protected.record.clone(),
            generator: self.own.as_ref().map(|(name, _)| name.clone()),
            unit: UnitRecord::of(&Units::of(trial.table)),
            design: trial.parts.design.clone(),
            stopped,
            attempts,
            audit,
            exposed,
            training,
            constraints,
            notes,
            disclaimer: DISCLAIMER.to_owned(),
        };
        record.decision = record.concluded();
        let record = record.shortened();
        let (release, refused) = if record.decision.is_accepted() { (artifact, None) } else { (None, artifact) };
        let shown = release.as_ref().or(refused.as_ref());
        let portrait = shown.map(|shown| table_portrait(trial, shown, &record.findings)).transpose()?;
        let refused = refused.filter(|_| self.keeps_refused);
        Ok(RunOutcome { record, seed, schema: protected.schema.clone(), release, refused, portrait })
    }
}

/// The portrait of a table beside the rows that its generator was given.
fn table_portrait(trial: &PipelineTrial<'_>, release: &Release, findings: &[Finding]) -> Result<TablePortrait> {
    let given = match trial.parts.design {
        Design::Split { .. } => trial.table.take(&trial.parts.rows[0]),
        Design::CrossFitted { .. } => trial.table.clone(),
    };
    TablePortrait::new(&given, &release.table, findings)
}

/// What a seed that is no secret costs.
const GIVEN_SEED: &str = "the seed was given: whoever knows it and all rows but one can test a guess of that one by repeating the \
                          run; draw the seed for a table that is shared";

/// Levels that fewer units than this share are named in the notes.
const RARE: usize = 5;

/// Which columns have levels that hardly anybody shares: they are learnt and come out as they are.
fn rare_levels(table: &Table) -> Option<String> {
    let units = Units::of(table);
    let n_rare = |i: usize| {
        let levels = table.levels(i);
        let codes = levels.codes.iter().map(|code| code.map(|code| code as usize));
        units.counts(codes, levels.names.len()).iter().filter(|&&count| count < RARE).count()
    };
    let columns = (0..table.n_columns()).filter(|&i| table.column(i).0.kind.is_levels());
    let rare: Vec<(usize, usize)> = columns.map(|i| (i, n_rare(i))).filter(|&(_, n)| n > 0).collect();
    let n_levels: usize = rare.iter().map(|(_, n)| n).sum();
    let names: Vec<String> = rare.iter().take(5).map(|&(i, _)| format!("`{}`", table.column(i).0.name)).collect();
    let more = if rare.len() > names.len() { ", …" } else { "" };
    let (columns, names) = (rare.len(), names.join(", "));
    (n_levels > 0).then(|| {
        format!(
            "levels of fewer than {RARE} rows may appear in the table: {n_levels} in {columns} columns, {names}{more}"
        )
    })
}
