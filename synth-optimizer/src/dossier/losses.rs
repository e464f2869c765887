//! What was lost between the table as it was given and the synthetic one, in the few lines that come first wherever a person looks.

use synth_metrics::{CameBack, ColumnLoss};

/// The most columns that are named in a line.
const MAX_NAMED: usize = 6;
/// Columns of which protection left less than this share of the cells as it was are named.
const NOTABLE: f64 = 0.5;
/// So are those of which this share became one level or went missing: such a cell tells nothing more.
const POOLED: f64 = 0.25;

/// The losses in lines, the worst first: columns that came back without information, and why; then columns much of which is gone.
/// Names stand between backquotes, with control characters escaped. None where little was lost.
///
/// ```
/// use synth_metrics::{CameBack, ColumnLoss};
/// use synth_optimizer::dossier::losses::lines;
///
/// let whole = ColumnLoss {
///     column: "age".to_owned(),
///     came_back: CameBack::Informative,
///     kept: 1.0,
///     changed: 0.0,
///     emptied: 0.0,
///     replaced: 0.0,
///     because: String::new(),
///     rules: Vec::new(),
/// };
/// let note = ColumnLoss {
///     column: "note".to_owned(),
///     came_back: CameBack::Empty,
///     kept: 0.0,
///     emptied: 1.0,
///     because: "free text is emptied".to_owned(),
///     rules: vec!["text".to_owned()],
///     ..whole.clone()
/// };
/// assert_eq!(lines(&[whole]), Vec::<String>::new());
/// assert!(lines(&[note])[0].starts_with("1 of 1 columns came back empty: `note` (free text is emptied)"));
/// ```
pub fn lines(losses: &[ColumnLoss]) -> Vec<String> {
    let all = losses.len();
    let is_lost = |loss: &&ColumnLoss| loss.came_back.is_lost();
    let mut lines = Vec::new();
    // One line for each way of being lost and each reason, so that what to do stands beside it.
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for loss in losses.iter().filter(is_lost) {
        let why = (how(loss.came_back), loss.because.as_str());
        if seen.contains(&why) {
            continue;
        }
        seen.push(why);
        let same = losses.iter().filter(is_lost).filter(|own| (how(own.came_back), own.because.as_str()) == why);
        let names: Vec<String> = same.map(name).collect();
        let n = names.len();
        let because = if why.1.is_empty() { String::new() } else { format!(" ({})", why.1) };
        lines.push(format!("{n} of {all} columns {}: {}{because}{}", why.0, named(&names), advice(loss)));
    }
    let mut partly: Vec<&ColumnLoss> = losses.iter().filter(|loss| !loss.came_back.is_lost()).collect();
    partly.sort_by(|a, b| a.kept.total_cmp(&b.kept));
    lines.extend(partly.into_iter().filter_map(|loss| {
        // What most of the lost cells became speaks for the column.
        let coarser = loss.rules.iter().any(|rule| rule == "merge-rare");
        let changed = if coarser { "of the cells became a coarser level" } else { "of the cells were changed" };
        let parts = [
            (loss.replaced, "of the cells were pooled into one level", POOLED),
            (loss.emptied, "of the cells were emptied", POOLED),
            (loss.changed, changed, 1.0 - NOTABLE),
        ];
        let (share, what, least) = parts.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)).expect("three parts");
        let because = if loss.because.is_empty() { String::new() } else { format!(" ({})", loss.because) };
        (share > least).then(|| format!("{}: {:.0} % {what}{because}{}", name(loss), 100.0 * share, advice(loss)))
    }));
    lines
}

fn name(loss: &ColumnLoss) -> String {
    format!("`{}`", loss.column.escape_debug())
}

fn named(names: &[String]) -> String {
    let more = names.len().saturating_sub(MAX_NAMED);
    let shown = names[..names.len() - more].join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

fn how(came_back: CameBack) -> &'static str {
    match came_back {
        CameBack::Removed => "were removed",
        CameBack::Empty => "came back empty",
        CameBack::Constant => "came back with a single value",
        CameBack::Pooled => "came back pooled into one level",
        _ => "came back changed",
    }
}

/// What a person can do to keep more.
fn advice(loss: &ColumnLoss) -> &'static str {
    let has = |rule: &str| loss.rules.iter().any(|own| own == rule);
    match () {
        () if has("text") => {
            "; if its values repeat, declare `kind = \"categorical\"` for it in the schema to keep more"
        }
        () if has("merge-rare") => "; give it coarser values (a group, the beginning of a code) to keep more",
        () if has("coarsen") => "; a policy with other `[protection.dates]` keeps more",
        () if has("remove") => "; declare another `protect` for it in the schema to keep more",
        () => "",
    }
}
