//! What a synthetic table shows of each target: numbers, each turned so that larger means more like a table that she is in.
//!
//! Two attackers look. The one **outside** knows the target's rows and the population: how near synthetic rows are to her, how many
//! lie within the distances of her neighbours, how often her rarest cells come together, where the columns end. The one **inside**
//! knows every other row that was learnt as well: how many of the *others* lie beyond the end of a synthetic column, how many
//! synthetic rows are nearer to her than to any other, what only she has. What the others have is counted anew for each run, so
//! that it does not matter which other targets were in.
//!
//! Nothing here depends on whether the target herself was in but through the synthetic table.

use std::sync::Arc;

use arrow::array::new_null_array;
use serde::{Deserialize, Serialize};
use synth_core::Table;

use super::targets::{K, Target};
use crate::columns::missing;
use crate::neighbours::{Points, embed, nearest};

/// Column ends at which a target is watched: at so many she is the farthest out.
const MAX_ENDS: usize = 8;
/// She is watched at the ends where at most so many are as far out: a cap of `k` to twice `k` rows may lie there.
const WATCHED: usize = 2 * K;
/// Rows of a target that are looked at.
const MAX_ROWS: usize = 8;
/// Added to distances: that of two copies has a logarithm.
const OFFSET: f64 = 0.01;
/// Cells nearer than that count as hers, in spans of the column.
const NEAR: f64 = 0.05;
/// Columns whose cells are counted together, the rarest of hers; and how many sets of three of them.
const MAX_COUNTED: usize = 16;
const MAX_TRIPLES: usize = 40;

/// What both attackers look at, before the ends of the columns.
pub(super) const N_SHARED: usize = 9;
/// What the one who knows the others looks at besides, before the ends.
pub(super) const N_INSIDE: usize = 2;

/// What one synthetic table shows of each target, in their order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    pub(super) is_in: Vec<bool>,
    pub(super) seen: Vec<Seen>,
}

/// What is seen of one target. NaN where there was nothing to look at, in files `null`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seen {
    /// [`N_SHARED`] numbers.
    #[serde(with = "gaps")]
    pub(super) shared: Vec<f64>,
    /// [`N_INSIDE`] numbers.
    #[serde(with = "gaps")]
    pub(super) inside: Vec<f64>,
    /// How far each watched end lies out.
    #[serde(with = "gaps")]
    pub(super) ends: Vec<f64>,
    /// The same, in the number of others beyond.
    #[serde(with = "gaps")]
    pub(super) ranks: Vec<f64>,
}

/// JSON has no NaN.
mod gaps {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(values: &[f64], to: S) -> Result<S::Ok, S::Error> {
        values.iter().map(|x| x.is_finite().then_some(*x)).collect::<Vec<_>>().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
        Ok(Vec::<Option<f64>>::deserialize(from)?.into_iter().map(|x| x.unwrap_or(f64::NAN)).collect())
    }
}

/// Looks at synthetic tables for traces of the targets: what is known of the real one, worked out once.
#[derive(Debug)]
pub struct Witness {
    /// The real rows as synthetic ones are: the columns of these, with the numbers as they were given.
    real: Table,
    /// Those of no target, which are in every run.
    base: Table,
    /// Of each column on a scale the numbers of all rows; of others nothing.
    numbers: Vec<Vec<f64>>,
    /// The same of the base, ascending and without gaps.
    sorted: Vec<Vec<f64>>,
    targets: Vec<Watched>,
}

/// What of a target is looked for.
#[derive(Debug)]
struct Watched {
    /// Those that are looked at.
    rows: Vec<usize>,
    ends: Vec<End>,
    /// Of each row the distances to its first, fifth and twentieth neighbour among the base.
    radii: Vec<[f64; 3]>,
    /// Of each row the sets of three columns in which hardly anybody has cells like hers.
    triples: Vec<Vec<[usize; 3]>>,
    rare: Vec<Rare>,
    /// Pairs of columns that are in order in all rows but hers.
    orders: Vec<[usize; 2]>,
}

/// An end of a column at which a target is among the outermost.
#[derive(Debug, Clone, Copy)]
struct End {
    column_idx: usize,
    /// 1 for the upper one, -1 for the lower one.
    sign: f64,
}

/// What hardly anybody has.
#[derive(Debug)]
enum Rare {
    Gap(usize),
    Level(usize, String),
}

impl Witness {
    /// What is known of `table`, the one that was given, and of `targets` in it.
    ///
    /// `view` has the same rows as a generator learns them, protected say, with the columns of the synthetic tables. Numbers are
    /// taken from `table` wherever they are stored alike, so that caps hide nobody from those who know her.
    ///
    /// # Panics
    /// If `view` has other rows than `table`, or a target has rows that are not there.
    pub fn new(table: &Table, view: &Table, targets: &[Target]) -> Self {
        assert_eq!(table.n_rows(), view.n_rows(), "the same rows");
        let real = as_given(table, view);
        let mut is_target = vec![false; real.n_rows()];
        targets.iter().flat_map(|target| &target.rows).for_each(|&row| is_target[row] = true);
        let base = real.take(&(0..real.n_rows()).filter(|&row| !is_target[row]).collect::<Vec<_>>());
        let of_scales = |table: &Table| -> Vec<Vec<f64>> {
            let fields = real.schema().fields.iter().enumerate();
            fields.map(|(c, field)| if field.kind.is_scale() { table.numbers(c) } else { Vec::new() }).collect()
        };
        let numbers = of_scales(&real);
        let sorted = of_scales(&base).into_iter().map(ascending).collect();
        let [all, others] = embed(&[&real], &[&real, &base]).try_into().expect("two tables");
        let neighbours = nearest(&all, &others, 20);
        let watched = |target: &Target| {
            let rows = spread(&target.rows, MAX_ROWS);
            let radii = |&row: &usize| {
                let distances = neighbours.distances(row);
                [0, 4, 19].map(|k| distances.get(k).or(distances.last()).copied().unwrap_or(0.0))
            };
            Watched {
                ends: ends(&numbers, target),
                radii: rows.iter().map(radii).collect(),
                triples: rows.iter().map(|&row| rarest_triples(&matches(&all, row, &others))).collect(),
                rare: rare(table, &real, target),
                orders: orders(&numbers, target),
                rows,
            }
        };
        let targets = targets.iter().map(watched).collect();
        Self { base, numbers, sorted, targets, real }
    }

    /// What `synthetic` shows of the targets, if it was made of the base and of those that are `in`.
    ///
    /// Columns that it lacks, or stores in another way, are as if they were empty.
    ///
    /// # Panics
    /// If there is not one of `is_in` a target.
    pub fn observe(&self, synthetic: &Table, is_in: &[bool]) -> Observation {
        assert_eq!(is_in.len(), self.targets.len(), "in or out, for each target");
        let synthetic = aligned(synthetic, &self.real);
        let [all, base, made] =
            embed(&[&self.real], &[&self.real, &self.base, &synthetic]).try_into().expect("three tables");
        let found = nearest(&made, &base, 1);
        let to_base: Vec<f64> =
            (0..made.n_rows()).map(|row| found.distances(row).first().copied().unwrap_or(f64::INFINITY)).collect();
        // From each row of each target to each synthetic row.
        let distances: Vec<Vec<Vec<f64>>> = (self.targets.iter())
            .map(|target| {
                let of_row = |&row: &usize| (0..made.n_rows()).map(|other| all.distance(row, &made, other)).collect();
                target.rows.iter().map(of_row).collect()
            })
            .collect();
        let to_target: Vec<Vec<f64>> = (distances.iter())
            .map(|rows| {
                (0..made.n_rows()).map(|s| rows.iter().map(|row| row[s]).fold(f64::INFINITY, f64::min)).collect()
            })
            .collect();
        let ends: Vec<[f64; 2]> = (self.numbers.iter().enumerate())
            .map(|(c, real)| if real.is_empty() { [f64::NAN; 2] } else { least_and_most(&synthetic.numbers(c)) })
            .collect();

        let seen = (self.targets.iter().enumerate()).map(|(j, target)| {
            let others: Vec<usize> = (0..is_in.len()).filter(|&l| l != j && is_in[l]).collect();
            let mut shared = [0.0; N_SHARED];
            for (i, &row) in target.rows.iter().enumerate() {
                let near = near(&distances[j][i], target.radii[i]);
                let alike = alike(&matches(&all, row, &made), &target.triples[i]);
                let of_row = near.into_iter().chain(alike);
                shared.iter_mut().zip(of_row).for_each(|(sum, x)| *sum += x / target.rows.len() as f64);
            }
            shared[N_SHARED - 2] = target.rare.iter().map(|rare| f64::ln_1p(rare.count(&synthetic) as f64)).sum();
            shared[N_SHARED - 1] =
                target.orders.iter().map(|&order| f64::ln_1p(broken(order, &synthetic) as f64)).sum();
            let far = |end: &End| {
                let sorted = &self.sorted[end.column_idx];
                let span = sorted.last().zip(sorted.first()).map_or(0.0, |(most, least)| most - least);
                if span > 0.0 { end.sign * end.of(&ends) / span } else { f64::NAN }
            };
            let rank = |end: &End| {
                let rows = others.iter().flat_map(|&l| &self.targets[l].rows);
                let others: Vec<f64> = rows.map(|&row| self.numbers[end.column_idx][row]).collect();
                -beyond(&self.sorted[end.column_idx], &others, end.sign, end.of(&ends))
            };
            Seen {
                shared: shared.to_vec(),
                inside: nearer(&to_target[j], |s| others.iter().map(|&l| to_target[l][s]).fold(to_base[s], f64::min)),
                ends: target.ends.iter().map(far).collect(),
                ranks: target.ends.iter().map(rank).collect(),
            }
        });
        Observation { is_in: is_in.to_vec(), seen: seen.collect() }
    }
}

impl End {
    /// Where the column ends, of its least and its largest number.
    fn of(self, ends: &[[f64; 2]]) -> f64 {
        ends[self.column_idx][usize::from(self.sign > 0.0)]
    }
}

impl Rare {
    /// In how many rows it is.
    fn count(&self, table: &Table) -> usize {
        match self {
            Rare::Gap(column_idx) => missing(table, *column_idx).iter().filter(|gap| **gap).count(),
            Rare::Level(column_idx, level) => {
                table.labels(*column_idx).iter().filter(|label| label.as_deref() == Some(level)).count()
            }
        }
    }
}

/// The columns of `view`, with the numbers of `table` where they are stored alike.
fn as_given(table: &Table, view: &Table) -> Table {
    let columns = view.schema().fields.iter().enumerate().map(|(c, field)| {
        let own = table.schema().index_of(&field.name).map(|own| table.column(own));
        let own = own.filter(|(own, _)| field.kind.is_scale() && own.kind.is_scale() && own.storage == field.storage);
        Arc::clone(own.map_or(view.column(c).1, |(_, array)| array))
    });
    let columns: Vec<_> = columns.collect();
    // A view's units are not the table's, and nobody asks for them here.
    Table::new(Arc::clone(view.schema()), columns).expect("each column is stored as its field says")
}

/// `table` with the columns of `like`, in their order: empty where it has none that is stored so.
fn aligned(table: &Table, like: &Table) -> Table {
    let columns = like.schema().fields.iter().map(|field| {
        let own = table.schema().index_of(&field.name).map(|own| table.column(own));
        match own.filter(|(own, _)| own.storage == field.storage) {
            Some((_, array)) => Arc::clone(array),
            None => new_null_array(&field.storage.arrow_type(), table.n_rows()),
        }
    });
    let columns: Vec<_> = columns.collect();
    Table::new(Arc::clone(like.schema()), columns).expect("each column is stored as its field says")
}

/// The ends of columns at which a target is among the outermost, those first at which she is the farthest out.
fn ends(numbers: &[Vec<f64>], target: &Target) -> Vec<End> {
    let mut found: Vec<(usize, End)> = Vec::new();
    for (column_idx, values) in numbers.iter().enumerate() {
        for sign in [1.0, -1.0] {
            let own = target.rows.iter().filter_map(|&row| values.get(row)).filter(|x| !x.is_nan());
            let Some(own) = own.map(|x| sign * x).max_by(f64::total_cmp) else { continue };
            let others = values.iter().enumerate().filter(|(row, _)| !target.rows.contains(row));
            let n_as_far = others.filter(|(_, x)| sign * **x >= own).count();
            if n_as_far <= WATCHED {
                found.push((n_as_far, End { column_idx, sign }));
            }
        }
    }
    found.sort_by_key(|(n_as_far, _)| *n_as_far);
    found.into_iter().take(MAX_ENDS).map(|(_, end)| end).collect()
}

/// What of a target's cells fewer than [`K`] rows of others have: gaps, and levels as they were given.
fn rare(table: &Table, real: &Table, target: &Target) -> Vec<Rare> {
    let mut found = Vec::new();
    for (column_idx, field) in real.schema().fields.iter().enumerate().filter(|(_, field)| field.kind.is_learnt()) {
        let Some(own_idx) = table.schema().index_of(&field.name) else { continue };
        let gaps = missing(table, own_idx);
        let n_gaps = gaps.iter().filter(|gap| **gap).count();
        let n_own = target.rows.iter().filter(|&&row| gaps[row]).count();
        if n_own > 0 && n_gaps - n_own < K {
            found.push(Rare::Gap(column_idx));
        }
        let own = table.column(own_idx).0;
        if !own.kind.is_levels() || own.storage != field.storage {
            continue;
        }
        let labels = table.labels(own_idx);
        let mut own: Vec<&String> = target.rows.iter().filter_map(|&row| labels[row].as_ref()).collect();
        own.sort_unstable();
        own.dedup();
        for level in own {
            let is_it = |row: &usize| labels[*row].as_ref() == Some(level);
            let n_own = target.rows.iter().filter(|row| is_it(row)).count();
            if (0..labels.len()).filter(is_it).count() - n_own < K {
                found.push(Rare::Level(column_idx, level.clone()));
            }
        }
    }
    found
}

/// Pairs of columns whose numbers are in order in all rows but the target's.
fn orders(numbers: &[Vec<f64>], target: &Target) -> Vec<[usize; 2]> {
    let is_broken = |[a, b]: [usize; 2], row: usize| numbers[a][row] > numbers[b][row];
    let scales: Vec<usize> = (0..numbers.len()).filter(|&c| !numbers[c].is_empty()).collect();
    let pairs = scales.iter().flat_map(|&a| scales.iter().map(move |&b| [a, b])).filter(|[a, b]| a != b);
    // Most pairs are in no order, and the first rows tell.
    let hers = pairs.filter(|&pair| target.rows.iter().any(|&row| is_broken(pair, row)));
    hers.filter(|&pair| (0..numbers[pair[0]].len()).all(|row| !is_broken(pair, row) || target.rows.contains(&row)))
        .collect()
}

/// In how many rows the first column's number is larger than the second's.
fn broken([a, b]: [usize; 2], table: &Table) -> usize {
    table.numbers(a).iter().zip(table.numbers(b)).filter(|(a, b)| **a > *b).count()
}

/// Of each row of `others`, in which columns its cell is like the target's.
fn matches(target: &Points, row: usize, others: &Points) -> Vec<Vec<bool>> {
    let is_near = |other, c| target.apart(row, others, other, c) <= NEAR;
    (0..others.n_rows()).map(|other| (0..others.n_columns()).map(|c| is_near(other, c)).collect()).collect()
}

/// The sets of three columns in which the fewest rows are like the target.
fn rarest_triples(matches: &[Vec<bool>]) -> Vec<[usize; 3]> {
    let n_columns = matches.first().map_or(0, Vec::len);
    let mut columns: Vec<usize> = (0..n_columns).collect();
    columns.sort_by_key(|&c| matches.iter().filter(|row| row[c]).count());
    columns.truncate(MAX_COUNTED);
    columns.sort_unstable();
    let mut triples: Vec<(usize, [usize; 3])> = Vec::new();
    for (i, &a) in columns.iter().enumerate() {
        for (j, &b) in columns.iter().enumerate().skip(i + 1) {
            let both: Vec<&Vec<bool>> = matches.iter().filter(|row| row[a] && row[b]).collect();
            triples.extend(columns[j + 1..].iter().map(|&c| (both.iter().filter(|row| row[c]).count(), [a, b, c])));
        }
    }
    triples.sort_unstable();
    triples.into_iter().take(MAX_TRIPLES).map(|(_, triple)| triple).collect()
}

/// How near synthetic rows come: the first and the fifth of them, and how many are within the distances of real neighbours.
fn near(distances: &[f64], radii: [f64; 3]) -> [f64; 5] {
    let mut five = [f64::INFINITY; 5];
    for &distance in distances {
        if distance < five[4] {
            five[4] = distance;
            five.sort_unstable_by(f64::total_cmp);
        }
    }
    let within = radii.map(|radius| f64::ln_1p(distances.iter().filter(|d| **d <= radius).count() as f64));
    let log = |d: f64| -(d.min(1e6) + OFFSET).ln();
    [log(five[0]), log(five[4]), within[0], within[1], within[2]]
}

/// How often the target's rarest cells come together, and in how many columns the row that is most like her is.
fn alike(matches: &[Vec<bool>], triples: &[[usize; 3]]) -> [f64; 2] {
    let count = |triple: &[usize; 3]| matches.iter().filter(|row| triple.iter().all(|&c| row[c])).count();
    let counted = triples.iter().map(|triple| f64::ln_1p(count(triple) as f64)).sum();
    let most = matches.iter().map(|row| row.iter().filter(|is_like| **is_like).count()).max();
    [counted, most.unwrap_or(0) as f64]
}

/// How many synthetic rows are nearer to the target than to any other real row, and how much nearer one is at best.
fn nearer(to_target: &[f64], to_others: impl Fn(usize) -> f64) -> Vec<f64> {
    let (mut n_own, mut closest) = (0.0, 1e6);
    for (s, own) in to_target.iter().enumerate() {
        let other = to_others(s);
        n_own += if *own < other { 1.0 } else { 0.5 * f64::from(u8::from(*own == other)) };
        closest = f64::min(closest, (own + OFFSET) / (other.min(1e6) + OFFSET));
    }
    vec![f64::ln_1p(n_own), -closest.ln()]
}

/// How many of the others lie beyond `end`, those at it half and with the part of the way that `end` has to the next; below 0
/// where it lies beyond them all. NaN without an end or others.
fn beyond(sorted: &[f64], others: &[f64], sign: f64, end: f64) -> f64 {
    let values = || sorted.iter().chain(others).filter(|x| !x.is_nan()).map(|x| sign * x);
    let end = sign * end;
    let (mut n_beyond, mut n_at, mut next, mut before) = (0.0, 0.0, f64::INFINITY, f64::NEG_INFINITY);
    for x in values() {
        if x > end {
            n_beyond += 1.0;
            next = f64::min(next, x);
        } else if x == end {
            n_at += 1.0;
        } else {
            before = f64::max(before, x);
        }
    }
    let span = sorted.last().zip(sorted.first()).map_or(0.0, |(most, least)| most - least);
    let rank = match (n_at > 0.0, next.is_finite(), before.is_finite()) {
        (true, ..) => n_beyond + n_at / 2.0,
        (false, true, true) => n_beyond + (next - end) / (next - before),
        (false, true, false) => n_beyond + 1.0,
        (false, false, true) if span > 0.0 => -(end - before) / span,
        _ => f64::NAN,
    };
    rank.clamp(-3.0, 2.0 * WATCHED as f64)
}

fn least_and_most(values: &[f64]) -> [f64; 2] {
    let ends = values
        .iter()
        .filter(|x| !x.is_nan())
        .fold([f64::INFINITY, f64::NEG_INFINITY], |[a, b], &x| [a.min(x), b.max(x)]);
    ends.map(|end| if end.is_finite() { end } else { f64::NAN })
}

fn ascending(values: Vec<f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.into_iter().filter(|x| !x.is_nan()).collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// At most so many of the rows, evenly spaced.
fn spread(rows: &[usize], most: usize) -> Vec<usize> {
    let n = rows.len().min(most);
    (0..n).map(|i| rows[i * rows.len() / n]).collect()
}
