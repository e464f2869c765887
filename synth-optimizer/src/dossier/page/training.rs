//! How the generator learnt: its loss, epoch by epoch.

use synth_core::train::{HeldOut, TrainReport};

use super::draw::{Canvas, Picture, label, line, polyline};
use super::text::{grouped, plural};

/// The curve and what it comes to.
#[derive(Debug)]
pub(super) struct Training {
    /// None if there was one epoch at most.
    pub(super) picture: Option<Picture>,
    pub(super) sentence: String,
}

pub(super) fn training(report: &TrainReport) -> Training {
    let HeldOut { loss, baseline } = report.held_out;
    let verified = match report.n_held_out {
        0 => "no rows held out: the settings were verified by cross-fitting".to_owned(),
        n_held_out => format!("{} held out", plural(n_held_out, "row", "rows")),
    };
    let sentence = format!(
        "{} and {} steps on {}; {verified}. Held-out loss {loss:.4} (baseline {baseline:.4}). The weights are those after step {}; {} parameters.",
        plural(report.n_epochs, "epoch", "epochs"),
        grouped(usize::try_from(report.n_steps).unwrap_or(usize::MAX)),
        plural(report.n_fitted, "training row", "training rows"),
        grouped(usize::try_from(report.kept_step).unwrap_or(usize::MAX)),
        grouped(report.n_parameters),
    );
    Training { picture: curve(report), sentence }
}

/// So many points are drawn at most.
const MAX_POINTS: usize = 300;

fn curve(report: &TrainReport) -> Option<Picture> {
    let finite: Vec<(usize, f64)> =
        report.history.iter().copied().enumerate().filter(|(_, loss)| loss.is_finite()).collect();
    let stride = finite.len().div_ceil(MAX_POINTS).max(1);
    let points: Vec<(usize, f64)> = finite.iter().step_by(stride).chain(finite.last()).copied().collect();
    if finite.len() < 2 {
        return None;
    }
    let references = [(report.held_out.baseline, "baseline"), (report.held_out.loss, "held out")];
    let references: Vec<(f64, &str)> = references.into_iter().filter(|(loss, _)| loss.is_finite()).collect();
    let all = || points.iter().map(|(_, loss)| *loss).chain(references.iter().map(|(loss, _)| *loss));
    let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    let room = (high - low).max(1e-9);
    let (left, right, top, bottom) = (44.0, 304.0, 10.0, 150.0);
    let n = (report.history.len() - 1) as f64;
    let x = |epoch: usize| left + (right - left) * epoch as f64 / n;
    let y = |loss: f64| bottom - (bottom - top) * (loss - low) / room;
    let says = format!(
        "Training loss over {} epochs, from {:.3} to {:.3}",
        report.history.len(),
        points[0].1,
        points[points.len() - 1].1
    );
    let mut canvas = Canvas::new("curve", 400.0, 178.0, &says);
    canvas.add(line("axis", [left, top], [left, bottom]));
    canvas.add(line("axis", [left, bottom], [right, bottom]));
    let mut last = f64::NEG_INFINITY;
    let mut references = references;
    references.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (loss, name) in references {
        canvas.add(line("reference", [left, y(loss)], [right, y(loss)]));
        // Beside its line, or as much lower as the one above needs.
        last = (y(loss) + 3.0).max(last + 12.0);
        canvas.add(label("t", "start", [right + 5.0, last], name));
    }
    canvas.add(polyline("syn", &points.iter().map(|&(epoch, loss)| [x(epoch), y(loss)]).collect::<Vec<_>>()));
    for loss in [low, high] {
        canvas.add(label("t", "end", [left - 4.0, y(loss) + 3.0], &format!("{loss:.3}")));
    }
    canvas.add(label("t", "start", [left, 166.0], "epoch 1"));
    canvas.add(label("t", "end", [right, 166.0], &report.history.len().to_string()));
    Some(canvas.done())
}
