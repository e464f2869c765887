//! How far the work is: bars on a terminal, or steps for programs.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use synth_core::train::Progress;
use synth_metrics::rounding::to_digits;
use synth_optimizer::pipeline::Event;
use synth_optimizer::{Assessment, Fitting};

use crate::{interrupt, log, show};

/// One bar that shows where the work stands.
pub(crate) struct Bar {
    bar: ProgressBar,
    /// Whether what a person must know is said.
    speaks: bool,
    /// When a program was last told of a fit, if one is to be told.
    told: Option<Mutex<Option<Instant>>>,
}

/// Programs are told of a fit at most so often.
const BETWEEN_STEPS: Duration = Duration::from_secs(1);

const STEPS: u64 = 1000;

impl Bar {
    /// A bar; an invisible one if there is no terminal or `quiet` is asked for.
    pub(crate) fn new(quiet: bool) -> Self {
        let visible = !quiet && !log::is_json() && std::io::stderr().is_terminal();
        let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(STEPS), target);
        let style = ProgressStyle::with_template("{prefix} {bar:30} {msg}").expect("the template is well formed");
        bar.set_style(style);
        Self { bar, speaks: !quiet, told: (!quiet && log::is_json()).then(|| Mutex::new(None)) }
    }

    /// Follows a run.
    pub(crate) fn follow(&self, event: &Event<'_>) -> ControlFlow<()> {
        if self.told.is_some() {
            tell(event);
        }
        match event {
            Event::Units(notice) if self.speaks => show::note(notice),
            Event::Designed(design) => self.bar.println(design.to_string()),
            Event::Started { number, .. } => {
                self.bar.set_prefix(format!("attempt {number}"));
                self.bar.set_position(0);
                self.bar.set_message("fitting");
            }
            Event::Fitting(fitting) => self.show(fitting),
            Event::Drawing => self.bar.set_message("sampling"),
            Event::Measuring => self.bar.set_message("measuring"),
            Event::Shadow { done, runs } => self.follow_runs(*done, *runs),
            Event::Auditing => self.bar.set_message("using the audit rows"),
            _ => {}
        }
        interrupt::flow()
    }

    /// Follows a single fit.
    pub(crate) fn follow_fit(&self, progress: &Progress) -> ControlFlow<()> {
        self.show(&Fitting {
            share: progress.epoch as f64 / progress.n_epochs as f64,
            loss: progress.loss,
            rows_per_second: progress.rows_per_second,
            remaining: progress.remaining,
        });
        interrupt::flow()
    }

    /// Follows the runs of a shadow audit.
    pub(crate) fn follow_runs(&self, n_done: usize, n_runs: usize) {
        self.bar.set_position((n_done as f64 / n_runs.max(1) as f64 * STEPS as f64) as u64);
        self.bar.set_message(format!("auditing the most exposed units: run {n_done} of {n_runs}"));
    }

    /// Follows sampled rows.
    pub(crate) fn follow_rows(&self, n_drawn: u64, n_rows: u64) {
        self.bar.set_position((n_drawn as f64 / n_rows as f64 * STEPS as f64) as u64);
        self.bar.set_message(format!("{n_drawn} of {n_rows} rows"));
    }

    /// Takes the bar off the screen.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn show(&self, fitting: &Fitting) {
        if let Some(told) = &self.told {
            let mut last = told.lock().unwrap_or_else(PoisonError::into_inner);
            if last.is_none_or(|last| last.elapsed() >= BETWEEN_STEPS) {
                *last = Some(Instant::now());
                let seconds_left = fitting.remaining.as_secs_f64();
                let [share, loss, speed, seconds_left] =
                    [fitting.share, fitting.loss, fitting.rows_per_second, seconds_left].map(|x| to_digits(x, 4));
                log::step(
                    "fitting",
                    &json!({ "share": share, "loss": loss, "rows_per_second": speed, "seconds_left": seconds_left }),
                );
            }
        }
        self.bar.set_position((fitting.share * STEPS as f64) as u64);
        let left = humantime::format_duration(Duration::from_secs(fitting.remaining.as_secs()));
        let (loss, speed) = (fitting.loss, fitting.rows_per_second);
        self.bar
            .set_message(format!("{:3.0} % · loss {loss:.3} · {speed:.0} rows/s · {left} left", 100.0 * fitting.share));
    }
}

/// Tells a program of a step of a run. Fits are told as they go.
fn tell(event: &Event<'_>) {
    match event {
        Event::Protected(record) => log::step("protected", &json!(record)),
        Event::Designed(design) => log::step("designed", &json!(design)),
        Event::Started { number, plan, explanation } => {
            log::step("started", &json!({ "attempt": number, "plan": plan, "explanation": explanation }));
        }
        Event::Measuring => log::step("measuring", &json!({})),
        Event::Finished(attempt) => {
            let decision = attempt.verdict().map(Assessment::decision);
            let failure = attempt.failure().map(ToString::to_string);
            let seconds = attempt.duration.as_secs_f64();
            let number = attempt.number;
            log::step(
                "finished",
                &json!({ "attempt": number, "decision": decision, "failure": failure, "seconds": seconds }),
            );
        }
        Event::Shadow { done, runs } => log::step("shadow", &json!({ "done": done, "runs": runs })),
        Event::Auditing => log::step("auditing", &json!({})),
        _ => {}
    }
}
