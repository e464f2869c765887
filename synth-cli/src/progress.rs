//! Progress bars: on standard error, and only on a terminal.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use synth_core::train::Progress;
use synth_optimizer::Fitting;
use synth_optimizer::pipeline::Event;

use crate::interrupt;

/// One bar that shows where the work stands.
pub(crate) struct Bar(ProgressBar);

const STEPS: u64 = 1000;

impl Bar {
    /// A bar; an invisible one if there is no terminal or `quiet` is asked for.
    pub(crate) fn new(quiet: bool) -> Self {
        let visible = !quiet && std::io::stderr().is_terminal();
        let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(STEPS), target);
        let style = ProgressStyle::with_template("{prefix} {bar:30} {msg}").expect("the template is well formed");
        bar.set_style(style);
        Self(bar)
    }

    /// Follows a run.
    pub(crate) fn follow(&self, event: &Event<'_>) -> ControlFlow<()> {
        match event {
            Event::Designed(design) => self.0.println(design.to_string()),
            Event::Started { number, .. } => {
                self.0.set_prefix(format!("attempt {number}"));
                self.0.set_position(0);
                self.0.set_message("fitting");
            }
            Event::Fitting(fitting) => self.show(fitting),
            Event::Measuring => self.0.set_message("measuring"),
            Event::Auditing => self.0.set_message("opening the audit part"),
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

    /// Follows rows that are drawn.
    pub(crate) fn follow_rows(&self, n_drawn: u64, n_rows: u64) {
        self.0.set_position((n_drawn as f64 / n_rows as f64 * STEPS as f64) as u64);
        self.0.set_message(format!("{n_drawn} of {n_rows} rows"));
    }

    /// Takes the bar off the screen.
    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }

    fn show(&self, fitting: &Fitting) {
        self.0.set_position((fitting.share * STEPS as f64) as u64);
        let left = humantime::format_duration(Duration::from_secs(fitting.remaining.as_secs()));
        let (loss, speed) = (fitting.loss, fitting.rows_per_second);
        self.0
            .set_message(format!("{:3.0} % · loss {loss:.3} · {speed:.0} rows/s · {left} left", 100.0 * fitting.share));
    }
}
