//! What was measured: attacks with their intervals, all measures, and the groups.

use synth_compliance::{Policy, Verdict};
use synth_core::protect::DEFAULT_K;
use synth_metrics::subgroups::Subgroup;
use synth_metrics::{Definition, Domain, Estimate, Measure, Outcome, QualityReport, Subgroups, definition};

use super::draw::{Canvas, Picture, line, polyline};
use super::text::{count, number, percent, shown, typeset};
use super::verdict::Badge;

/// A measure in a table.
#[derive(Debug)]
pub(super) struct MeasureRow {
    pub(super) id: String,
    pub(super) name: &'static str,
    pub(super) domain: Domain,
    pub(super) value: String,
    pub(super) interval: String,
    /// The rows behind it.
    pub(super) n: String,
    pub(super) ideal: String,
    pub(super) limit: String,
    /// What the policy says, if it asks.
    pub(super) mark: Option<Badge>,
    /// The interval against the limit; none where there is no value.
    pub(super) picture: Option<Picture>,
    /// Why there is no value.
    pub(super) reason: String,
}

pub(super) fn rows(report: &QualityReport, verdict: Option<&Verdict>, policy: Option<&Policy>) -> Vec<MeasureRow> {
    let known = report.measures.iter().filter_map(|measure| Some((measure, definition(&measure.id)?)));
    known.map(|(measure, definition)| row(measure, definition, verdict, policy)).collect()
}

/// Those that tell what is disclosed.
pub(super) fn is_attack(row: &MeasureRow) -> bool {
    row.domain == Domain::Privacy
}

fn row(measure: &Measure, definition: &Definition, verdict: Option<&Verdict>, policy: Option<&Policy>) -> MeasureRow {
    let gate = policy.and_then(|policy| policy.gates().iter().find(|gate| gate.measure == measure.id));
    let (value, uncertainty, reason) = match &measure.outcome {
        Outcome::Measured(estimate) => (value_of(definition, *estimate), estimate.uncertainty, String::new()),
        Outcome::NotMeasured(reason) => ("–".to_owned(), None, shown(reason)),
    };
    let picture = match &measure.outcome {
        // Its place on a line would tell what its number does not.
        Outcome::Measured(estimate) if is_masked(definition, *estimate) => None,
        Outcome::Measured(estimate) => Some(interval(definition, *estimate, gate.map(|gate| [gate.min, gate.max]))),
        Outcome::NotMeasured(_) => None,
    };
    MeasureRow {
        id: measure.id.clone(),
        name: definition.name,
        domain: definition.domain,
        value,
        interval: uncertainty
            .map_or(String::new(), |u| format!("{} to {}", number(u.interval.low), number(u.interval.high))),
        n: uncertainty.map_or(String::new(), |u| count(u.n)),
        ideal: definition.ideal.to_string(),
        limit: gate.map_or(String::new(), |gate| typeset(&gate.limits())),
        mark: verdict.and_then(|verdict| verdict.check(&measure.id)).map(|check| Badge::of(&check.view())),
        picture,
        reason,
    }
}

/// The measure that is itself a number of people.
const OF_PEOPLE: &str = "k_map_min";

fn is_masked(definition: &Definition, estimate: Estimate) -> bool {
    definition.id == OF_PEOPLE && estimate.value < DEFAULT_K as f64
}

fn value_of(definition: &Definition, estimate: Estimate) -> String {
    match is_masked(definition, estimate) {
        true => format!("fewer than {DEFAULT_K}"),
        false => number(estimate.value),
    }
}

/// A point with its two-sided 95 % interval on a line of its own: from the ideal, which is a thin tick, past the limits, which
/// are bars. What lies off the line ends in an arrow.
fn interval(definition: &Definition, estimate: Estimate, limits: Option<[Option<f64>; 2]>) -> Picture {
    const WIDTH: f64 = 180.0;
    let ideal = definition.ideal;
    let limits: Vec<f64> = limits.into_iter().flatten().flatten().collect();
    let reach = limits.iter().map(|limit| (limit - ideal).abs()).fold(0.0, f64::max);
    let (low, high) = match reach > 0.0 {
        true => {
            let (least, most) = limits.iter().fold((ideal, ideal), |(a, b), &limit| (a.min(limit), b.max(limit)));
            (least - 0.4 * reach, most + 0.6 * reach)
        }
        // Without a limit the whole range is shown.
        false => (definition.range.low, definition.range.high),
    };
    let [low, high] = [low, high].map(|end| end.clamp(-1e6, 1e6));
    let room = (high - low).max(1e-9);
    let at = |x: f64| 6.0 + (WIDTH - 12.0) * ((x - low) / room).clamp(0.0, 1.0);
    let mut canvas = Canvas::new("interval", WIDTH, 18.0, &format!("{} against its limit", definition.name));
    canvas.add(line("axis", [0.0, 9.0], [WIDTH, 9.0]));
    canvas.add(line("ideal", [at(ideal), 5.0], [at(ideal), 13.0]));
    for limit in limits {
        canvas.add(line("limit", [at(limit), 1.0], [at(limit), 17.0]));
    }
    if let Some(u) = estimate.uncertainty {
        canvas.add(line("whisker", [at(u.interval.low), 9.0], [at(u.interval.high), 9.0]));
        for (end, is_beyond, tip) in
            [(u.interval.low, u.interval.low < low, -5.0), (u.interval.high, u.interval.high > high, 5.0)]
        {
            let x = at(end);
            match is_beyond {
                true => canvas.add(polyline("arrow", &[[x, 5.0], [x + tip, 9.0], [x, 13.0]])),
                false => canvas.add(line("whisker", [x, 6.0], [x, 12.0])),
            }
        }
    }
    let x = at(estimate.value);
    canvas.add(polyline("dot", &[[x - 4.0, 9.0], [x, 5.0], [x + 4.0, 9.0], [x, 13.0], [x - 4.0, 9.0]]));
    canvas.done()
}

/// The groups of a column.
#[derive(Debug)]
pub(super) struct Groups {
    pub(super) column: String,
    pub(super) rows: Vec<GroupRow>,
    pub(super) not_measured: String,
}

/// A group.
#[derive(Debug)]
pub(super) struct GroupRow {
    pub(super) level: String,
    /// Training and synthetic rows, with their shares.
    pub(super) sizes: [String; 2],
    /// `ks_mean`, `tvd_mean`, `assoc_delta`.
    pub(super) values: [String; 3],
    /// The distance that chance alone gives two samples of so many rows, in the mean.
    pub(super) chance: String,
}

pub(super) fn groups(subgroups: &Subgroups) -> Groups {
    let mut rows: Vec<GroupRow> = subgroups.levels.iter().map(group).collect();
    let others = subgroups.others;
    for (t, n) in [others.train, others.synthetic].into_iter().enumerate() {
        // Else the total would tell what is masked: the smallest level that is counted goes without its number too.
        if (1..DEFAULT_K).contains(&n)
            && let Some(smallest) = smallest(&subgroups.levels, t)
        {
            rows[smallest].sizes[t] = format!("at least {DEFAULT_K}");
        }
    }
    if others.levels > 0 {
        let level = "all other levels, not measured separately".to_owned();
        let values = [const { String::new() }; 3].map(|_| "–".to_owned());
        let sizes = [count(others.train), count(others.synthetic)];
        rows.push(GroupRow { level, sizes, values, chance: "–".to_owned() });
    }
    Groups {
        column: shown(&subgroups.column),
        rows,
        not_measured: subgroups.not_measured.as_deref().map_or(String::new(), shown),
    }
}

/// The level with the fewest rows of those that are told, in the training (0) or the synthetic table (1).
fn smallest(levels: &[Subgroup], t: usize) -> Option<usize> {
    let n = |level: &Subgroup| [level.train, level.synthetic][t];
    let told = levels.iter().enumerate().filter(|(_, level)| n(level) >= DEFAULT_K);
    told.min_by_key(|(_, level)| n(level)).map(|(i, _)| i)
}

fn group(group: &Subgroup) -> GroupRow {
    let value = |id: &str| {
        let measure = group.measures.iter().find(|measure| measure.id == id);
        measure.and_then(|measure| measure.outcome.value()).map_or("–".to_owned(), number)
    };
    let size = |n: usize, share: f64| match n < DEFAULT_K && n > 0 {
        true => count(n),
        false => format!("{} ({})", count(n), percent(share)),
    };
    let [a, b] = [group.train, group.synthetic].map(|n| n.max(1) as f64);
    GroupRow {
        level: group.level.as_deref().map_or("(missing)".to_owned(), shown),
        sizes: [size(group.train, group.train_share), size(group.synthetic, group.synthetic_share)],
        values: ["ks_mean", "tvd_mean", "assoc_delta"].map(value),
        // The mean of Kolmogorov's distribution, for two samples.
        chance: number(0.87 * (1.0 / a + 1.0 / b).sqrt()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_people_below_k_is_neither_told_nor_drawn() {
        let row = |id: &str, value| {
            let measure = Measure::new(id, Outcome::Measured(Estimate::exact(value)));
            row(&measure, definition(id).unwrap(), None, None)
        };
        let few = row("k_map_min", 3.0);
        assert_eq!((few.value.as_str(), few.picture.is_none()), ("fewer than 11", true));
        let enough = row("k_map_min", 12.0);
        assert_eq!((enough.value.as_str(), enough.picture.is_none()), ("12.000", false));
        assert_eq!(row("k_map_share", 0.3).value, "0.300");
    }

    #[test]
    fn an_interval_that_goes_on_ends_in_an_arrow() {
        let definition = definition("dup_excess").unwrap();
        let of = |low: f64| {
            let ends = synth_metrics::Interval::new(low, 0.01);
            let uncertainty = Some(synth_metrics::Uncertainty { interval: ends, one_sided: ends, n: 50 });
            interval(definition, Estimate { value: 0.0, uncertainty }, Some([None, Some(0.05)])).to_string()
        };
        assert!(of(-0.9).contains("class=\"arrow\"") && !of(-0.01).contains("class=\"arrow\""));
        assert_eq!(of(-0.01).matches("class=\"limit\"").count(), 1);
    }
}
