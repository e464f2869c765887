//! Each column, real against synthetic: bins as a filled shape and a line, levels as pairs of bars.
//!
//! The columns that differ most come first and large; the rest are small, without numbers.

use synth_core::protect::DEFAULT_K;
use synth_metrics::Portrait;
use synth_metrics::portrait::{Both, ColumnPortrait, Distance, Shape};

use super::draw::{Canvas, Picture, label, line, polyline, rectangle};
use super::text::{edge, percent, percent_of_some, short, shown};

/// So many columns are drawn large.
const N_LARGE: usize = 24;
/// A level's name is cut to so many characters where there is no room for more.
const NAME: usize = 16;

/// A column's figure.
#[derive(Debug)]
pub(super) struct Figure {
    pub(super) name: String,
    /// Its kind, and how far it is off.
    pub(super) about: String,
    pub(super) missing: String,
    /// Or why there is none.
    pub(super) picture: Result<Picture, String>,
}

/// Columns of which nothing is shown.
#[derive(Debug)]
pub(super) struct Hidden {
    pub(super) why: String,
    pub(super) names: Vec<String>,
}

/// All columns that are shown.
#[derive(Debug, Default)]
pub(super) struct Distributions {
    pub(super) large: Vec<Figure>,
    pub(super) small: Vec<Figure>,
    /// Why nothing is shown of some columns, and which.
    pub(super) hidden: Vec<Hidden>,
}

pub(super) fn distributions(portrait: &Portrait) -> Distributions {
    let mut shown_columns: Vec<&ColumnPortrait> = portrait.columns.iter().collect();
    shown_columns.retain(|column| !matches!(column.shape, Shape::Hidden(_)));
    let value = |column: &ColumnPortrait| column.distance.map_or(0.0, |distance| distance.value);
    // Stable: equal ones stay in the table's order.
    shown_columns.sort_by(|a, b| value(b).total_cmp(&value(a)));
    let n_large = shown_columns.len().min(N_LARGE);
    let mut hidden: Vec<Hidden> = Vec::new();
    for column in &portrait.columns {
        let Shape::Hidden(why) = &column.shape else { continue };
        match hidden.iter_mut().find(|known| known.why == *why) {
            Some(known) => known.names.push(shown(&column.name)),
            None => hidden.push(Hidden { why: why.clone(), names: vec![shown(&column.name)] }),
        }
    }
    Distributions {
        large: shown_columns[..n_large].iter().map(|column| figure(column, large(column))).collect(),
        small: shown_columns[n_large..]
            .iter()
            .map(|column| Figure { about: off(column), ..figure(column, small(column)) })
            .collect(),
        hidden,
    }
}

fn figure(column: &ColumnPortrait, picture: Result<Picture, String>) -> Figure {
    let kind = column.kind.to_string();
    let about = if column.distance.is_some() { format!("{kind} · {}", off(column)) } else { kind };
    let missing = match (column.missing.train, column.missing.synthetic) {
        (Some(0.0), Some(0.0)) => String::new(),
        (None, None) => format!("missing: fewer than {DEFAULT_K} cells in both"),
        (real, synthetic) => {
            format!("missing: {} real, {} synthetic", percent_of_some(real), percent_of_some(synthetic))
        }
    };
    Figure { name: shown(&column.name), about, missing, picture }
}

/// How far apart the two columns are.
fn off(column: &ColumnPortrait) -> String {
    let off = |Distance { measure, value }| format!("{} {value:.3}", measure_name(measure));
    column.distance.map_or(String::new(), off)
}

fn measure_name(id: &str) -> &'static str {
    if id == "ks_mean" { "KS" } else { "TVD" }
}

/// What a picture says to those who do not see it.
fn says(column: &ColumnPortrait) -> String {
    format!("Distribution of {}, real and synthetic, {}", column.name, off(column))
}

fn large(column: &ColumnPortrait) -> Result<Picture, String> {
    match &column.shape {
        Shape::Bins { edges, shares } => Ok(bins(column, edges, shares)),
        Shape::Levels { names, shares, others } => Ok(levels(column, names, shares, *others)),
        Shape::Hidden(why) => Err(why.clone()),
    }
}

/// Widths of bins in steps, the open ones one step wide.
fn widths(edges: &[f64]) -> Vec<f64> {
    let gaps = || edges.windows(2).map(|pair| pair[1] - pair[0]);
    let step = gaps().fold(f64::INFINITY, f64::min);
    if !step.is_finite() {
        return vec![1.0; edges.len() + 1];
    }
    std::iter::once(1.0).chain(gaps().map(|gap| gap / step)).chain([1.0]).collect()
}

/// Two shapes over bins of these widths: the real one filled, the synthetic one a line. Areas stand for shares.
fn steps(
    canvas: &mut Canvas,
    widths: &[f64],
    shares: &Both<Vec<f64>>,
    [left, right]: [f64; 2],
    [top, bottom]: [f64; 2],
) {
    let total: f64 = widths.iter().sum();
    let heights = |t: usize| shares.as_array()[t].iter().zip(widths).map(|(share, width)| share / width);
    let most = heights(0).chain(heights(1)).fold(1e-9, f64::max);
    for (t, class) in ["real", "syn"].into_iter().enumerate() {
        let mut points = vec![[left, bottom]];
        let mut at = 0.0;
        for (height, width) in heights(t).zip(widths) {
            let y = bottom - (bottom - top) * height / most;
            let x = |at: f64| left + (right - left) * at / total;
            points.extend([[x(at), y], [x(at + width), y]]);
            at += width;
        }
        points.push([right, bottom]);
        canvas.add(polyline(class, &points));
    }
}

fn bins(column: &ColumnPortrait, edges: &[f64], shares: &Both<Vec<f64>>) -> Picture {
    let mut canvas = Canvas::new("chart", 300.0, 112.0, &says(column));
    let widths = widths(edges);
    let total: f64 = widths.iter().sum();
    steps(&mut canvas, &widths, shares, [2.0, 298.0], [6.0, 92.0]);
    canvas.add(line("axis", [0.0, 92.0], [300.0, 92.0]));
    let at = |i: usize| 2.0 + 296.0 * widths[..=i].iter().sum::<f64>() / total;
    let (last, middle) = (edges.len() - 1, edges.len() / 2);
    for i in [0, middle, last] {
        canvas.add(line("axis", [at(i), 92.0], [at(i), 95.0]));
    }
    let text = |i: usize| edge(edges[i], column.kind);
    canvas.add(label("t", "start", [0.0, 107.0], &format!("< {}", text(0))));
    canvas.add(label("t", "end", [300.0, 107.0], &format!("≥ {}", text(last))));
    // Where the three would not touch each other.
    if (90.0..210.0).contains(&at(middle)) && last > 1 && text(0).len() + text(last).len() + text(middle).len() < 40 {
        canvas.add(label("t", "middle", [at(middle), 107.0], &text(middle)));
    }
    canvas.done()
}

fn levels(column: &ColumnPortrait, names: &[String], shares: &Both<Vec<f64>>, others: Option<Both<f64>>) -> Picture {
    let mut rows: Vec<(String, [f64; 2])> = names
        .iter()
        .enumerate()
        .map(|(i, name)| (short(&shown(name), NAME), [shares.train[i], shares.synthetic[i]]))
        .collect();
    rows.extend(others.map(|others| ("all others".to_owned(), [others.train, others.synthetic])));
    let height = 22.0 * rows.len() as f64 + 2.0;
    let mut canvas = Canvas::new("chart", 300.0, height, &says(column));
    let most = rows.iter().flat_map(|(_, shares)| *shares).fold(1e-9, f64::max);
    for (i, (name, [real, synthetic])) in rows.iter().enumerate() {
        let y = 22.0 * i as f64;
        let width = |share: f64| 112.0 * share / most;
        canvas.add(label("t", "start", [0.0, y + 14.0], name));
        canvas.add(rectangle("real", [104.0, y + 2.0], [width(*real), 8.0]));
        canvas.add(rectangle("syn", [104.0, y + 11.0], [width(*synthetic), 7.0]));
        let text = format!("{} | {}", percent(*real), percent(*synthetic));
        canvas.add(label("t n", "end", [300.0, y + 14.0], &text));
    }
    canvas.add(line("axis", [104.0, 0.0], [104.0, height]));
    canvas.done()
}

fn small(column: &ColumnPortrait) -> Result<Picture, String> {
    let mut canvas = Canvas::new("spark", 120.0, 34.0, &says(column));
    match &column.shape {
        Shape::Bins { edges, shares } => steps(&mut canvas, &widths(edges), shares, [1.0, 119.0], [2.0, 32.0]),
        Shape::Levels { shares, others, .. } => {
            let both = [0, 1].map(|t: usize| -> Vec<f64> {
                shares.as_array()[t].iter().copied().chain(others.map(|others| *others.as_array()[t])).collect()
            });
            steps(&mut canvas, &vec![1.0; both[0].len()], &both.into(), [1.0, 119.0], [2.0, 32.0]);
        }
        Shape::Hidden(why) => return Err(why.clone()),
    }
    canvas.add(line("axis", [0.0, 32.5], [120.0, 32.5]));
    Ok(canvas.done())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_bins_are_one_step_wide_and_merged_ones_as_wide_as_they_are() {
        assert_eq!(widths(&[10.0, 20.0, 50.0, 60.0]), [1.0, 1.0, 3.0, 1.0, 1.0]);
        assert_eq!(widths(&[10.0]), [1.0, 1.0]);
    }

    #[test]
    fn a_level_is_cut_and_its_name_is_text() {
        let column = ColumnPortrait {
            name: "\"><script>".to_owned(),
            kind: synth_core::Kind::Categorical,
            distance: None,
            missing: [Some(0.0); 2].into(),
            shape: Shape::Hidden(String::new()),
        };
        let names = ["<b>a level with a long name".to_owned()];
        let picture = levels(&column, &names, &[vec![0.75], vec![0.5]].into(), Some([0.25, 0.5].into())).to_string();
        assert!(
            picture.contains("&lt;b&gt;a level with…") && !picture.contains("<b>") && !picture.contains("<script>")
        );
        assert!(picture.contains("75 % | 50 %") && picture.contains("all others"));
    }
}
