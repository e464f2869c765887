//! One attempt of a run: generators are fitted as the plan says, rows drawn, measured and judged.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::Instant;

use rayon::prelude::*;
use synth_compliance::{Decision, Policy};
use synth_core::model::Sampled;
use synth_core::table::Units;
use synth_core::train::{Checkpoints, Progress, Training, TrainingFailure};
use synth_core::{Fit, Generator, Keeping, Model, Table};
use synth_metrics::{Audit, Baseline, Options, Shadow, Tables, measure};

use super::{Event, Fitting, Observer};
use crate::assessment::{Assessment, Rank};
use crate::constraints::ConstraintRecord;
use crate::dossier::record::Release;
use crate::error::{Error, Result};
use crate::own::{Own, OwnFit};
use crate::plan::Plan;
use crate::protection::Protects;
use crate::runner::{Failure, Start, Trial, Tried};
use crate::shadow::{Mechanism, ShadowAudit, ShadowRecord};
use crate::split::{Design, Parts, rows_without};
use crate::store::{self, Store};

/// One table, tried with one plan after another.
pub(super) struct PipelineTrial<'a> {
    /// As it was read.
    pub(super) read: &'a Table,
    pub(super) table: &'a Table,
    /// The same rows as they were given, before protection.
    pub(super) given: &'a Table,
    pub(super) parts: &'a Parts,
    pub(super) policy: &'a Policy,
    pub(super) n_rows: usize,
    pub(super) keeping: Keeping,
    pub(super) protects: Protects,
    pub(super) audit_units: usize,
    /// The audit of the most exposed units, of the last table that kept all other limits.
    pub(super) shadow: Option<ShadowRecord>,
    pub(super) own: Option<(&'a str, &'a OwnFit<'a>)>,
    pub(super) store: Option<&'a dyn Store>,
    pub(super) deadline: Option<Instant>,
    pub(super) observer: &'a Observer<'a>,
}

impl Trial for PipelineTrial<'_> {
    type Plan = Plan;
    type Artifact = Release;
    type Verdict = Assessment;
    type Error = Error;

    fn run(&mut self, plan: &Plan, start: &Start) -> Tried<Self> {
        let (release, assessment) = match self.parts.design {
            Design::Split { .. } => self.run_split(plan, start),
            Design::CrossFitted { .. } => self.run_cross_fitted(plan, start),
        }?;
        self.shadow = None;
        if !assessment.decision().is_accepted() {
            return Ok((release, assessment));
        }
        let shadow = self.audit_exposed(plan, start)?;
        let assessment = Assessment::new(assessment.report.with_exposed(shadow.outcome()), self.policy);
        self.shadow = Some(shadow);
        Ok((release, assessment))
    }

    fn decision(&self, assessment: &Assessment) -> Decision {
        assessment.decision()
    }

    fn rank(&self, assessment: &Assessment) -> Rank {
        assessment.rank()
    }
}

impl PipelineTrial<'_> {
    fn run_split(&self, plan: &Plan, start: &Start) -> Tried<Self> {
        let train = self.table.take(&self.parts.rows[0]);
        let made = self.fit_and_sample(vec![train], plan, start)?;
        let release = made.into_iter().next().expect("one table was fitted");
        let assessment = self.assess(&release, &self.parts.rows[1], start.seed).map_err(Failure::Fatal)?;
        Ok((release, assessment))
    }

    fn run_cross_fitted(&self, plan: &Plan, start: &Start) -> Tried<Self> {
        let folds = &self.parts.rows;
        let given: Vec<Vec<usize>> = (0..folds.len()).map(|fold_idx| rows_without(folds, fold_idx)).collect();
        let mut tables: Vec<Table> = given.iter().map(|rows| self.table.take(rows)).collect();
        tables.push(self.table.clone());
        let mut made = self.fit_and_sample(tables, plan, start)?;
        let release = made.pop().expect("the last table was fitted");

        // Every unit is a non-member once and a member of the other generators, but for those that kept it back to verify
        // their training; the attack counts it once, whatever its rows.
        let learnt: Vec<Vec<usize>> = (made.iter().zip(&given))
            .map(|(made, given)| {
                made.model.fitted_rows(&self.table.take(given)).iter().map(|&row| given[row]).collect()
            })
            .collect();
        let members: Vec<Table> = learnt.iter().map(|rows| self.table.take(rows)).collect();
        let non_members: Vec<Table> = folds.iter().map(|rows| self.table.take(rows)).collect();
        let member_ids: Vec<Vec<usize>> = learnt.iter().map(|rows| self.units_of(rows)).collect();
        let non_member_ids: Vec<Vec<usize>> = folds.iter().map(|rows| self.units_of(rows)).collect();
        let audits = (0..folds.len()).map(|k| Audit {
            synthetic: &made[k].table,
            members: &members[k],
            member_ids: &member_ids[k],
            non_members: &non_members[k],
            non_member_ids: &non_member_ids[k],
            reference: None,
        });
        let options = Options {
            seed: start.seed,
            battery: self.policy.battery(),
            also: self.policy.also(),
            baseline: Baseline::LeaveOneOut,
            audits: audits.collect(),
            until: self.deadline,
            shadow: Shadow::Later,
            ..Options::default()
        };
        let comparison = Tables { train: self.table, synthetic: &release.table, holdout: None }
            .compare()
            .and_then(|comparison| comparison.with_given(self.given))
            .map_err(|e| Failure::Fatal(Error::Metrics(e)))?;
        let assessment = Assessment::new(measure(&comparison, &options), self.policy);
        Ok((release, assessment))
    }

    /// Repeats what was done with the plan, with each of the most exposed units in or out.
    fn audit_exposed(&self, plan: &Plan, start: &Start) -> Result<ShadowRecord, Failure<Error>> {
        if self.audit_units == 0 {
            return Ok(ShadowRecord::without(Shadow::Off));
        }
        // Rows that are kept aside are nobody's business before the end.
        let given = match self.parts.design {
            Design::Split { .. } => &self.read.clone().with_units(Units::of(self.table)).take(&self.parts.rows[0]),
            Design::CrossFitted { .. } => &self.read.clone().with_units(Units::of(self.table)),
        };
        let mechanism = Mechanism {
            policy: self.policy,
            protects: self.protects,
            keeping: self.keeping,
            plan,
            own: self.own,
            rows_each: self.n_rows as f64 / given.n_rows() as f64,
            until: start.deadline,
        };
        let seed = crate::attempt::attempt_seed(start.seed, SHADOW);
        let observe = |done, runs| (self.observer)(&Event::Shadow { done, runs });
        let view = mechanism.protected(given, seed).map_err(Failure::Fatal)?;
        let audit = ShadowAudit::of(given).units(self.audit_units).seed(seed).until(start.deadline).seen_as(&view);
        let audit = audit.observe(&observe);
        let audit = match self.store {
            Some(store) if self.own.is_none() => audit.keep(store, &format!("shadow-{}", start.number)),
            _ => audit,
        };
        let made = audit.run(|rows, seed| mechanism.run(rows, seed));
        match made {
            Err(Error::Core(synth_core::Error::Training(TrainingFailure::Interrupted { .. }))) => {
                Err(Failure::Interrupted)
            }
            made => made.map_err(Failure::Fatal),
        }
    }

    /// What the audit part says of an accepted table; `None` without one.
    pub(super) fn audit(&self, release: &Release, seed: u64) -> Result<Option<Assessment>> {
        match self.parts.design {
            Design::CrossFitted { .. } => Ok(None),
            Design::Split { .. } => {
                let _ = (self.observer)(&Event::Auditing);
                let Assessment { report, .. } = self.assess(release, &self.parts.rows[2], seed)?;
                let outcome = self.shadow.as_ref().map_or(Err(Shadow::Later), ShadowRecord::outcome);
                Ok(Some(Assessment::new(report.with_exposed(outcome), self.policy)))
            }
        }
    }

    /// Holds a table that was learnt from the train part against real rows that its generator never saw.
    fn assess(&self, release: &Release, unseen_rows: &[usize], seed: u64) -> Result<Assessment> {
        let own = &self.parts.rows[0];
        let (train, given) = (self.table.take(own), self.given.take(own));
        let learnt: Vec<usize> = release.model.fitted_rows(&train).iter().map(|&row| own[row]).collect();
        let (members, unseen) = (self.table.take(&learnt), self.table.take(unseen_rows));
        let (member_ids, non_member_ids) = (self.units_of(&learnt), self.units_of(unseen_rows));
        let audit = Audit {
            synthetic: &release.table,
            members: &members,
            member_ids: &member_ids,
            non_members: &unseen,
            non_member_ids: &non_member_ids,
            reference: None,
        };
        let comparison = Tables { train: &train, synthetic: &release.table, holdout: Some(&unseen) }
            .compare()?
            .with_given(&given)?;
        let options = Options {
            seed,
            battery: self.policy.battery(),
            also: self.policy.also(),
            baseline: Baseline::Holdout,
            audits: vec![audit],
            until: self.deadline,
            shadow: Shadow::Later,
            ..Options::default()
        };
        Ok(Assessment::new(measure(&comparison, &options), self.policy))
    }

    /// Whose rows they are.
    fn units_of(&self, rows: &[usize]) -> Vec<usize> {
        let units = Units::of(self.table);
        rows.iter().map(|&row| units.of_row(row)).collect()
    }

    /// Whether the time of the run is up.
    pub(super) fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Rows of a model, block by block: they are the same however they are cut.
    fn sampled(&self, model: &Model, seed: u64) -> Result<Sampled, Failure<Error>> {
        let n_rows = self.n_rows as u64;
        let mut blocks: Vec<Sampled> = Vec::new();
        for start in (0..n_rows.max(1)).step_by(BLOCK_ROWS as usize) {
            if (self.observer)(&Event::Drawing).is_break() {
                return Err(Failure::Interrupted);
            }
            if self.is_over() {
                return Err(Failure::Deadline);
            }
            blocks.push(model.sample_counted(start..(start + BLOCK_ROWS).min(n_rows), seed)?);
        }
        Ok(Sampled::concat(blocks)?)
    }

    /// A generator and its rows for each of `tables`, side by side on as many threads as there are.
    fn fit_and_sample(&self, tables: Vec<Table>, plan: &Plan, start: &Start) -> Result<Vec<Release>, Failure<Error>> {
        let watch =
            Watch { observer: self.observer, started: Instant::now(), fits: Mutex::new(vec![None; tables.len()]) };
        let left = |deadline: Instant| deadline.saturating_duration_since(Instant::now());
        let budget = start.deadline.map(|deadline| left(deadline).mul_f64(TRAINING_SHARE));
        let made = tables.par_iter().enumerate().map(|(fit_idx, table)| {
            let seed = fit_seed(start.seed, fit_idx);
            let fit = |checkpoints: Option<Checkpoints<'_>>| {
                let fit = Fit::of(table).keep(self.keeping).seed(seed).time_budget(budget).known(self.table);
                let fit = match self.own {
                    None => fit.engine(plan.engine.clone()).cross_fitted(plan.cross_fitted),
                    Some((name, fit_own)) => {
                        let training = plan.training().cloned().unwrap_or_else(Training::default);
                        fit.engine(Own { name, training, fit: fit_own })
                    }
                };
                fit.checkpoints(checkpoints).observe(|progress| watch.tell(fit_idx, *progress)).run()
            };
            let model = match self.store {
                Some(store) if self.own.is_none() => {
                    store::fitted(store, &format!("attempt-{}-{fit_idx}", start.number), |states| fit(Some(states)))?
                }
                _ => fit(None)?,
            };
            let sampled = self.sampled(&model, seed)?;
            let constraints = ConstraintRecord::of(model.constraints(), &sampled);
            Ok(Release { table: sampled.table, model, constraints })
        });
        // The first failure in the order of the tables, whichever thread met one first.
        let made: Vec<Result<Release, Failure<Error>>> = made.collect();
        let made = made.into_iter().collect::<Result<Vec<Release>, _>>()?;
        match (self.observer)(&Event::Measuring) {
            ControlFlow::Continue(()) => Ok(made),
            ControlFlow::Break(()) => Err(Failure::Interrupted),
        }
    }
}

/// The share of the time left that training may use: rows have yet to be drawn and measured.
const TRAINING_SHARE: f64 = 0.75;
/// The number of the seed of an attempt's shadow audit; fits have small ones.
const SHADOW: usize = 1 << 20;
/// Rows that are drawn between two looks at the clock.
const BLOCK_ROWS: u64 = 16_384;

impl From<synth_core::Error> for Failure<Error> {
    fn from(error: synth_core::Error) -> Self {
        match error {
            synth_core::Error::Training(TrainingFailure::Interrupted { .. }) => Failure::Interrupted,
            synth_core::Error::Training(failure) => Failure::Training(failure),
            error => Failure::Fatal(Error::Core(error)),
        }
    }
}

/// The seed of the fit number `fit_idx` of an attempt.
fn fit_seed(attempt_seed: u64, fit_idx: usize) -> u64 {
    crate::attempt::attempt_seed(attempt_seed, fit_idx + 1)
}

/// Adds up what the fits of an attempt report.
struct Watch<'a> {
    observer: &'a Observer<'a>,
    started: Instant,
    fits: Mutex<Vec<Option<Progress>>>,
}

impl Watch<'_> {
    fn tell(&self, fit_idx: usize, progress: Progress) -> ControlFlow<()> {
        let (share, loss, n_rows) = {
            let mut fits = self.fits.lock().expect("nothing panics while it is held");
            fits[fit_idx] = Some(progress);
            let running: Vec<&Progress> = fits.iter().flatten().collect();
            let done: f64 = running.iter().map(|p| p.epoch as f64 / p.n_epochs as f64).sum();
            let loss = running.iter().map(|p| p.loss).sum::<f64>() / running.len() as f64;
            (done / fits.len() as f64, loss, running.iter().map(|p| p.n_rows_seen as f64).sum::<f64>())
        };
        let elapsed = self.started.elapsed();
        let fitting = Fitting {
            share,
            loss,
            rows_per_second: n_rows / elapsed.as_secs_f64().max(1e-9),
            remaining: elapsed.mul_f64((1.0 - share) / share),
        };
        (self.observer)(&Event::Fitting(fitting))
    }
}
