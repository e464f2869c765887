//! Associations as heat maps, and the rows on a plane.

use synth_metrics::portrait::{Associations, Cell, Pair, Projection};

use super::draw::{Canvas, Cells, Picture, difference_class, label, legend, strength_class};
use super::text::{number, percent, short, shown};

/// Where the classes of a difference of associations begin.
const DIFFERENCES: [f64; 4] = [0.05, 0.1, 0.2, 0.35];
/// And of the logarithm to base 2 of a ratio of densities.
const RATIOS: [f64; 4] = [0.3, 0.6, 1.0, 1.6];
/// So many pairs are listed.
const N_PAIRS: usize = 10;

/// The maps with what stands around them.
#[derive(Debug)]
pub(super) struct Maps {
    /// Real, synthetic, difference.
    pub(super) pictures: [Picture; 3],
    pub(super) legends: [Picture; 2],
    /// Which columns were chosen, if not all.
    pub(super) chosen: Option<String>,
    /// The pairs that differ most: names, real, synthetic, difference.
    pub(super) pairs: Vec<[String; 5]>,
}

pub(super) fn maps(associations: &Associations) -> Maps {
    let n = associations.names.len();
    let strength = |t: usize| {
        move |i: usize, j: usize| associations.pair(i, j).and_then(|pair| *pair.as_array()[t]).map(strength_class)
    };
    let difference = |i: usize, j: usize| {
        let pair = associations.pair(i, j)?;
        Associations::difference(pair).map(|difference| difference_class(difference, DIFFERENCES))
    };
    let chosen = (n < associations.n_columns).then(|| {
        format!(
            "the {n} of {} columns whose associations differ most on average, in table order",
            associations.n_columns
        )
    });
    Maps {
        pictures: [
            map(&associations.names, "Associations in the real table", strength(0)),
            map(&associations.names, "Associations in the synthetic table", strength(1)),
            map(&associations.names, "Synthetic less real associations", difference),
        ],
        legends: [strength_legend(), difference_legend()],
        chosen,
        pairs: pairs(associations),
    }
}

fn map(names: &[String], says: &str, class: impl Fn(usize, usize) -> Option<&'static str>) -> Picture {
    let n = names.len();
    let size = match n {
        0..=15 => 16.0,
        16..=24 => 13.0,
        _ => 10.0,
    };
    let (left, top) = (104.0, 14.0);
    let mut canvas = Canvas::fixed("map", left + size * n as f64 + 2.0, top + size * n as f64 + 2.0, says);
    let mut cells = Cells::new();
    for i in 0..n {
        for j in 0..n {
            let class = if i == j { "self" } else { class(i, j).unwrap_or("none") };
            cells.push(class, [left + size * j as f64, top + size * i as f64], [size - 1.0, size - 1.0]);
        }
    }
    canvas.add(cells.done());
    for (i, name) in names.iter().enumerate() {
        let middle = size * (i as f64 + 0.5);
        let y = top + middle + 3.0;
        let class = if size < 11.0 { "t s" } else { "t" };
        canvas.add(label(class, "end", [left - 22.0, y], &short(&shown(name), 13)));
        canvas.add(label("t n", "end", [left - 4.0, y], &(i + 1).to_string()));
        if n <= 24 || i % 2 == 0 {
            canvas.add(label("t xs", "middle", [left + middle, top - 4.0], &(i + 1).to_string()));
        }
    }
    canvas.done()
}

fn strength_legend() -> Picture {
    let texts = ["< .05", ".05", ".1", ".2", ".35", ".5", "≥ .75"];
    let entries = texts.into_iter().zip(["a0", "a1", "a2", "a3", "a4", "a5", "a6"]);
    legend(&entries.map(|(text, class)| (class, text.to_owned())).collect::<Vec<_>>(), "Strength from 0 to 1")
}

fn difference_legend() -> Picture {
    let entries = [
        ("n4", "< −.35"),
        ("n3", "−.2"),
        ("n2", "−.1"),
        ("n1", "−.05"),
        ("z0", "0"),
        ("p1", ".05"),
        ("p2", ".1"),
        ("p3", ".2"),
        ("p4", "> .35"),
    ];
    legend(&entries.map(|(class, text)| (class, text.to_owned())), "Difference, hatched where synthetic is weaker")
}

fn pairs(associations: &Associations) -> Vec<[String; 5]> {
    let n = associations.names.len();
    let all = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
    let mut pairs: Vec<(usize, usize, Pair, f64)> = all
        .filter_map(|(i, j)| {
            let pair = associations.pair(i, j)?;
            Some((i, j, pair, Associations::difference(pair)?))
        })
        .collect();
    pairs.sort_by(|a, b| b.3.abs().total_cmp(&a.3.abs()));
    let name = |i: usize| shown(&associations.names[i]);
    let strength = |x: Option<f64>| x.map_or("constant".to_owned(), number);
    let row = |(i, j, pair, difference): (usize, usize, Pair, f64)| {
        [name(i), name(j), strength(pair.train), strength(pair.synthetic), number(difference)]
    };
    pairs.into_iter().take(N_PAIRS).map(row).collect()
}

/// The rows on a plane.
#[derive(Debug)]
pub(super) struct Planes {
    /// Real, synthetic, ratio.
    pub(super) pictures: [Picture; 3],
    pub(super) legends: [Picture; 2],
    /// What the axes hold of the variance.
    pub(super) explained: [String; 2],
    pub(super) n_cells: usize,
    /// How far the two are apart on the plane: the total variation over the cells.
    pub(super) apart: String,
}

pub(super) fn planes(projection: &Projection) -> Planes {
    let density = |t: usize| {
        move |cell: &Cell| {
            let density = cell.shares.as_array()[t] / cell.area();
            let edges = [0.1, 0.3, 0.7, 1.5, 3.0, 6.0];
            ["a0", "a1", "a2", "a3", "a4", "a5", "a6"][edges.partition_point(|&edge| edge <= density)]
        }
    };
    let ratio = |cell: &Cell| {
        // Every cell has real rows; without a synthetic one the ratio is off the scale.
        let ratio = (cell.shares.synthetic / cell.shares.train).log2().max(-9.0);
        difference_class(ratio, RATIOS)
    };
    let apart: f64 =
        projection.cells.iter().map(|cell| (cell.shares.train - cell.shares.synthetic).abs()).sum::<f64>() / 2.0;
    let densities = ["a0", "a1", "a2", "a3", "a4", "a5", "a6"].into_iter();
    let densities = densities.zip(["< .1", ".1", ".3", ".7", "1.5", "3", "≥ 6"]);
    let ratios = [
        ("n4", "< ⅓"),
        ("n3", "½"),
        ("n2", "⅔"),
        ("n1", "⅘"),
        ("z0", "1"),
        ("p1", "1¼"),
        ("p2", "1½"),
        ("p3", "2"),
        ("p4", "> 3"),
    ];
    Planes {
        pictures: [
            plane(projection, "Density of real rows on the plane", density(0)),
            plane(projection, "Density of synthetic rows on the plane", density(1)),
            plane(projection, "Synthetic density over real density on the plane", ratio),
        ],
        legends: [
            legend(&densities.map(|(c, t)| (c, t.to_owned())).collect::<Vec<_>>(), "Density, 1 is even"),
            legend(&ratios.map(|(c, t)| (c, t.to_owned())), "Synthetic over real density, hatched below 1"),
        ],
        explained: projection.explained.map(percent),
        n_cells: projection.cells.len(),
        apart: number(apart),
    }
}

fn plane(projection: &Projection, says: &str, class: impl Fn(&Cell) -> &'static str) -> Picture {
    const SIDE: f64 = 240.0;
    let mut canvas = Canvas::new("plane", SIDE, SIDE, says);
    let mut cells = Cells::new();
    for cell in &projection.cells {
        let (x, y) = (cell.x.map(|x| x * SIDE), cell.y.map(|y| (1.0 - y) * SIDE));
        cells.push(class(cell), [x[0], y[1]], [x[1] - x[0], y[0] - y[1]]);
    }
    canvas.add(cells.done());
    canvas.done()
}
