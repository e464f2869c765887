//! A tree that says, for rows alike in other columns, which tokens a column takes.

use ndarray::Array2;
use rand::Rng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::learn::encode::Variable;

/// Levels beyond the most frequent of these count as one where splits are chosen.
const MAX_CLASSES: usize = 32;
/// The rows that a node borrows from the one above it: what a leaf of few rows says is drawn towards what is known of more.
const BORROWED: f64 = 4.0;
/// Deeper than this a tree does not grow; at 2^-40 of the rows nothing is left.
const MAX_DEPTH: usize = 40;

/// Tokens of a table, bins drawn, with what orders them.
#[derive(Debug)]
pub(super) struct Cells {
    /// The cells' tokens. (rows, variables)
    pub(super) codes: Array2<u32>,
    pub(super) scales: Vec<Scale>,
}

/// Where the tokens of a variable lie, from low to high, in [0, 1]; NaN for one that lies nowhere.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale(pub(super) Vec<f64>);

impl Scale {
    pub(super) fn of(variable: &Variable) -> Self {
        let n_bins = variable.n_bins() as f64;
        let positions = variable.positions().into_iter().enumerate().map(|(token, position)| match position {
            Some(position) => position.rank,
            None if variable.bins().contains(&token) => ((token - variable.bins().start) as f64 + 0.5) / n_bins,
            None => f64::NAN,
        });
        Self(positions.collect())
    }
}

/// A tree over the columns that are drawn before its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Tree {
    /// The root first, children side by side after their parent.
    nodes: Vec<Node>,
    /// The tokens of the rows it was grown on: those of a node lie together, in ascending order within a leaf.
    tokens: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Node {
    /// Its part of the tokens.
    range: [u32; 2],
    /// What sends a row to the first of its two children, and where these are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    split: Option<Split>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Split {
    column: usize,
    test: Test,
    children: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Test {
    /// Lies at or below.
    AtMost(f64),
    /// Is this token.
    Is(u32),
}

impl Test {
    fn holds(self, token: u32, scale: &Scale) -> bool {
        match self {
            // A token that lies nowhere is not below anything.
            Test::AtMost(bound) => scale.0[token as usize] <= bound,
            Test::Is(wanted) => token == wanted,
        }
    }
}

/// What a tree is grown for.
pub(super) struct Target<'a> {
    pub(super) cells: &'a Cells,
    /// The column whose tokens it tells.
    pub(super) column: usize,
    /// The columns it may ask.
    pub(super) asked: &'a [usize],
    /// The fewest rows of a leaf.
    pub(super) min_leaf: usize,
}

/// A token as the splits see it: its class, and where it lies within a class that is a scale.
struct Response {
    class: Vec<usize>,
    place: Vec<f64>,
    n_classes: usize,
}

impl Response {
    /// Tokens that lie somewhere are one class and a place, all others a class each.
    fn new(target: &Target<'_>, rows: &[u32]) -> Self {
        let scale = &target.cells.scales[target.column];
        let mut counts = vec![0_usize; scale.0.len()];
        rows.iter().for_each(|&row| counts[target.cells.codes[[row as usize, target.column]] as usize] += 1);
        let mut nowhere: Vec<usize> = (0..scale.0.len()).filter(|&token| scale.0[token].is_nan()).collect();
        nowhere.sort_by_key(|&token| std::cmp::Reverse(counts[token]));
        let mut class = vec![0; scale.0.len()];
        nowhere.iter().enumerate().for_each(|(i, &token)| class[token] = 1 + i.min(MAX_CLASSES - 1));
        let n_classes = 1 + nowhere.len().min(MAX_CLASSES);
        // As spread as the ranks of a uniform variable would be if their squares counted like those of a class.
        let place =
            scale.0.iter().map(|&rank| if rank.is_nan() { 0.0 } else { (rank - 0.5) * 12_f64.sqrt() }).collect();
        Self { class, place, n_classes }
    }

    /// Adds a token to sums over rows: one a class, and the places'.
    fn add(&self, token: usize, sums: &mut [f64]) {
        sums[self.class[token]] += 1.0;
        sums[self.n_classes] += self.place[token];
    }

    fn width(&self) -> usize {
        self.n_classes + 1
    }
}

/// The squares of sums over their count: what is left of the squares' total is the variance within.
fn explained(sums: &[f64], n: f64) -> f64 {
    sums.iter().map(|sum| sum * sum).sum::<f64>() / n
}

impl Tree {
    /// Grows a tree on `rows`, repeats counted: at every node the better half of a random choice of columns is asked, and
    /// the split that leaves the least variance within is taken.
    pub(super) fn grow(target: &Target<'_>, mut rows: Vec<u32>, rng: &mut ChaCha8Rng) -> Self {
        let response = Response::new(target, &rows);
        let mut nodes = vec![Node { range: [0, rows.len() as u32], split: None }];
        let mut open = vec![(0, 0)];
        while let Some((node_idx, depth)) = open.pop() {
            let [start, end] = nodes[node_idx].range.map(|i| i as usize);
            let own = &mut rows[start..end];
            if depth == MAX_DEPTH || own.len() < 2 * target.min_leaf {
                continue;
            }
            let Some((column, test)) = best_split(target, &response, own, rng) else { continue };
            let scale = &target.cells.scales[column];
            let (mut first, second): (Vec<u32>, Vec<u32>) =
                own.iter().partition(|&&row| test.holds(target.cells.codes[[row as usize, column]], scale));
            let middle = (start + first.len()) as u32;
            first.extend(second);
            own.copy_from_slice(&first);
            let children = nodes.len();
            nodes[node_idx].split = Some(Split { column, test, children: children as u32 });
            nodes.push(Node { range: [start as u32, middle], split: None });
            nodes.push(Node { range: [middle, end as u32], split: None });
            open.extend([(children, depth + 1), (children + 1, depth + 1)]);
        }
        let mut tokens: Vec<u32> = rows.iter().map(|&row| target.cells.codes[[row as usize, target.column]]).collect();
        // In no order that could be matched with another column's.
        for node in nodes.iter().filter(|node| node.split.is_none()) {
            tokens[node.range[0] as usize..node.range[1] as usize].sort_unstable();
        }
        Self { nodes, tokens }
    }

    /// Whether a tree that was read from a file is one over `scales`, for a column of `n_tokens`, that asks `asked` alone.
    pub(super) fn is_sound(&self, n_tokens: usize, asked: &[usize], scales: &[Scale]) -> bool {
        let n = self.tokens.len() as u32;
        let node_is_sound = |(i, node): (usize, &Node)| {
            let [start, end] = node.range;
            start < end
                && end <= n
                && node.split.is_none_or(|split| {
                    let first = split.children as usize;
                    let fits = first > i && first + 1 < self.nodes.len() && asked.contains(&split.column);
                    fits && match split.test {
                        Test::AtMost(bound) => bound.is_finite(),
                        Test::Is(token) => (token as usize) < scales[split.column].0.len(),
                    }
                })
        };
        !self.nodes.is_empty()
            && self.nodes.iter().enumerate().all(node_is_sound)
            && self.tokens.iter().all(|&token| (token as usize) < n_tokens)
    }

    /// The nodes that a row passes, from the root to its leaf.
    fn path<'s>(&'s self, row: impl Fn(usize) -> u32 + 's, scales: &'s [Scale]) -> impl Iterator<Item = &'s Node> {
        let next = move |node: &&'s Node| {
            let split = node.split?;
            let holds = split.test.holds(row(split.column), &scales[split.column]);
            Some(&self.nodes[split.children as usize + usize::from(!holds)])
        };
        std::iter::successors(Some(&self.nodes[0]), next)
    }

    /// Draws a token for a row: one of its leaf's, or, with the odds of the rows borrowed, of the node above and so on;
    /// `marginal` has what the root borrows from, as a running sum of weights.
    pub(super) fn draw(
        &self,
        row: impl Fn(usize) -> u32,
        scales: &[Scale],
        marginal: &[f64],
        rng: &mut ChaCha8Rng,
    ) -> u32 {
        let path: Vec<&Node> = self.path(row, scales).collect();
        for node in path.iter().rev() {
            let n = f64::from(node.range[1] - node.range[0]);
            if rng.r#gen::<f64>() * (n + BORROWED) < n {
                return self.tokens[rng.gen_range(node.range[0]..node.range[1]) as usize];
            }
        }
        let u = rng.r#gen::<f64>() * marginal[marginal.len() - 1];
        marginal.partition_point(|&sum| sum <= u).min(marginal.len() - 1) as u32
    }

    /// The probability that [`draw`](Self::draw) gives `token`.
    pub(super) fn probability(
        &self,
        token: u32,
        row: impl Fn(usize) -> u32,
        scales: &[Scale],
        marginal: &[f64],
    ) -> f64 {
        let place = token as usize;
        let weight = marginal[place] - if place == 0 { 0.0 } else { marginal[place - 1] };
        let borrowed = weight / marginal[marginal.len() - 1];
        self.path(row, scales).fold(borrowed, |above, node| {
            let own = &self.tokens[node.range[0] as usize..node.range[1] as usize];
            let count = own.iter().filter(|&&other| other == token).count() as f64;
            (count + BORROWED * above) / (own.len() as f64 + BORROWED)
        })
    }
}

/// The best of all splits on a random half of the columns, and at least three; `None` if none explains anything.
fn best_split(target: &Target<'_>, response: &Response, rows: &[u32], rng: &mut ChaCha8Rng) -> Option<(usize, Test)> {
    let n_asked = target.asked.len();
    let n_tried = n_asked.div_ceil(2).max(3).min(n_asked);
    let codes = &target.cells.codes;
    let width = response.width();
    let mut all = vec![0.0; width];
    rows.iter().for_each(|&row| response.add(codes[[row as usize, target.column]] as usize, &mut all));
    let n = rows.len() as f64;
    let least = target.min_leaf as f64;
    let mut best = (explained(&all, n) + 1e-9 * n, None);
    let (mut sums, mut counts) = (Vec::new(), Vec::new());
    for choice in index::sample(rng, n_asked, n_tried) {
        let column = target.asked[choice];
        let scale = &target.cells.scales[column].0;
        sums.clear();
        sums.resize(scale.len() * width, 0.0);
        counts.clear();
        counts.resize(scale.len(), 0.0);
        for &row in rows {
            let token = codes[[row as usize, column]] as usize;
            counts[token] += 1.0;
            response.add(codes[[row as usize, target.column]] as usize, &mut sums[token * width..(token + 1) * width]);
        }
        let mut present: Vec<usize> = (0..scale.len()).filter(|&token| counts[token] > 0.0).collect();
        if present.len() < 2 {
            continue;
        }
        let mut consider = |n_first: f64, first: &[f64], test: Test| {
            if n_first < least || n - n_first < least {
                return;
            }
            let rest: f64 = all.iter().zip(first).map(|(all, first)| (all - first).powi(2)).sum();
            let score = explained(first, n_first) + rest / (n - n_first);
            if score > best.0 {
                best = (score, Some((column, test)));
            }
        };
        for &token in present.iter().filter(|&&token| scale[token].is_nan()) {
            consider(counts[token], &sums[token * width..(token + 1) * width], Test::Is(token as u32));
        }
        present.retain(|&token| !scale[token].is_nan());
        present.sort_by(|&a, &b| scale[a].total_cmp(&scale[b]));
        let (mut below, mut n_below) = (vec![0.0; width], 0.0);
        for (i, &token) in present.iter().enumerate() {
            n_below += counts[token];
            below.iter_mut().zip(&sums[token * width..]).for_each(|(below, sum)| *below += sum);
            // Two that lie on one place cannot be parted: a node would be left empty.
            if present.get(i + 1).is_some_and(|&next| scale[next] <= scale[token]) {
                continue;
            }
            // Between two tokens, so that a third one that lies there goes to the nearer.
            let bound = present.get(i + 1).map_or(scale[token], |&next| f64::midpoint(scale[token], scale[next]));
            consider(n_below, &below, Test::AtMost(bound));
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::learn::random::{Purpose, stream};

    /// Column 0 a scale of ten tokens, column 1 names, column 2 noise; the target is told by the first two.
    fn cells() -> Cells {
        let codes = Array2::from_shape_fn((400, 4), |(row, column)| {
            let (scale, name, noise) = (row % 10, row / 10 % 3, row * 7919 % 5);
            let target = u32::from(scale >= 6) + 2 * u32::from(name == 1);
            [scale as u32, name as u32, noise as u32, target][column]
        });
        let ranks = |n: usize| Scale((0..n).map(|i| (i as f64 + 0.5) / n as f64).collect());
        let names = |n: usize| Scale(vec![f64::NAN; n]);
        Cells { codes, scales: vec![ranks(10), names(3), ranks(5), names(4)] }
    }

    fn grown(cells: &Cells) -> Tree {
        let target = Target { cells, column: 3, asked: &[0, 1, 2], min_leaf: 5 };
        Tree::grow(&target, (0..400).collect(), &mut stream(1, Purpose::Weights, 0))
    }

    #[test]
    fn a_tree_finds_what_tells_its_column() {
        let cells = cells();
        let tree = grown(&cells);
        let marginal = [100.0, 200.0, 300.0, 400.0];
        for row in 0..400 {
            let own = cells.codes[[row, 3]];
            let p = tree.probability(own, |column| cells.codes[[row, column]], &cells.scales, &marginal);
            assert!(p > 0.85, "row {row}: {p}");
        }
    }

    #[test]
    fn probabilities_sum_to_one_and_are_those_of_the_draws() {
        let cells = cells();
        let tree = grown(&cells);
        let marginal = [10.0, 40.0, 80.0, 100.0];
        let row = |column: usize| cells.codes[[17, column]];
        let p: Vec<f64> = (0..4).map(|token| tree.probability(token, row, &cells.scales, &marginal)).collect();
        assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let mut rng = stream(2, Purpose::Sample, 0);
        let mut counts = [0.0; 4];
        let n = 40_000;
        (0..n).for_each(|_| counts[tree.draw(row, &cells.scales, &marginal, &mut rng) as usize] += 1.0);
        for (count, p) in counts.iter().zip(&p) {
            // Four standard errors.
            assert!((count / f64::from(n) - p).abs() < 4.0 * (p * (1.0 - p) / f64::from(n)).sqrt() + 1e-9);
        }
    }

    #[test]
    fn leaves_have_the_rows_that_were_asked_for() {
        let cells = cells();
        let tree = grown(&cells);
        let leaves = tree.nodes.iter().filter(|node| node.split.is_none());
        assert!(leaves.clone().all(|leaf| leaf.range[1] - leaf.range[0] >= 5));
        assert_eq!(leaves.map(|leaf| leaf.range[1] - leaf.range[0]).sum::<u32>(), 400);
        assert!(tree.is_sound(4, &[0, 1, 2], &cells.scales));
        assert!(!tree.is_sound(4, &[1, 2], &cells.scales));
        assert!(!tree.is_sound(3, &[0, 1, 2], &cells.scales));
    }

    #[test]
    fn a_column_that_nothing_tells_stays_a_root() {
        let cells = cells();
        let target = Target { cells: &cells, column: 3, asked: &[], min_leaf: 5 };
        let tree = Tree::grow(&target, (0..400).collect(), &mut stream(1, Purpose::Weights, 0));
        assert_eq!(tree.nodes.len(), 1);
    }
}
