//! Quasi-identifiers: what an outsider may know of a person, and what the synthetic table adds to it.
//!
//! A *class* is the training rows that agree on the quasi-identifiers. Synthetic rows are nobody's, so classes are those
//! of the *training* table, and only those that the synthetic table *hits*, that is, has a row of:
//!
//! - `k_map_min`: the size of the smallest class that is hit, [`K_MOST`] standing for more (k-map: Sweeney 2001);
//! - `k_map_share`: the share of synthetic rows that hit a class of fewer than [`K`] training rows;
//! - `l_diversity_min`: the fewest different values that a sensitive column has in a class that is hit, [`K_MOST`]
//!   standing for more (Machanavajjhala et al. 2007, distinct form);
//! - `t_closeness_max`: the largest distance between a sensitive column's distribution in a class that is hit and in the
//!   whole training table (Li et al. 2007). For numbers and ordered levels the earth mover's distance over the m
//!   different values in their order, divided by m − 1; for other levels the total variation distance;
//! - `rare_combinations`: of the training rows that nobody else shares the quasi-identifiers of, the share whose whole
//!   sensitive tuple is found beside these in one synthetic row, less the same share of held-out rows.
//!
//! l and t look at classes of at least two rows: a class of one has l = 1 by definition, and is what k counts.
//!
//! **Which columns.** Those of [`Options::quasi_identifiers`](crate::Options). If there are none: the first
//! [`MAX_FOUND`] columns, in the table's order, that hold levels, whole numbers or dates of 2 to [`MAX_VALUES`] different
//! values in the training table, one learnt column at least being left as sensitive. No name is looked at: name them,
//! where you know better. Sensitive are the learnt columns that are no quasi-identifiers.
//!
//! **Grouping.** An outsider knows an age, not a decimal: numbers as quasi-identifiers are put in [`N_GROUPS`] groups of
//! equal size in the training table. In `rare_combinations` sensitive numbers are put in [`N_SENSITIVE`] groups.
//!
//! In 400 innocent worlds of `tests/leaks.rs` the lower bound of `rare_combinations` is above 0 in 0.5 % (200 rows) and 3.8 %
//! (600 rows); with a tenth of the rows copied in 95.0 % and 98.2 %.
//!
//! Smaller classes are no proof of harm, since an honest generator hits them as well: but for `rare_combinations` these
//! measures describe the tables and have no interval.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;
use synth_core::table::Units;
use synth_core::{Kind, Table};

use crate::columns::{JointLevels, joint_levels};
use crate::comparison::Comparison;
use crate::definition::{Anchors, Battery, Definition, Domain, Goal, JudgedBy, Needs};
use crate::error::Error;
use crate::estimate::{ColumnValue, Estimate, Measure, Outcome, between};
use crate::family::{Family, Intervals};
use crate::sampling::interval::{difference, wilson};

pub(crate) const FAMILY: Family = Family {
    definitions: &[K_MAP_MIN, K_MAP_SHARE, L_DIVERSITY_MIN, T_CLOSENESS_MAX, RARE_COMBINATIONS],
    intervals: Intervals::Own,
    take: |taking| quasi(taking.comparison, taking.options.quasi_identifiers.as_deref()),
};

/// The definition of `k_map_min`.
pub const K_MAP_MIN: Definition = Definition {
    id: "k_map_min",
    name: "k-map, smallest class",
    meaning: "training rows in the smallest class of quasi-identifiers hit, 20 standing for more",
    above: None,
    below: Some("the quasi-identifiers of a synthetic row fit few people"),
    domain: Domain::Privacy,
    goal: Goal::Higher,
    ideal: 20.0,
    range: between(1.0, 20.0),
    unit: "rows",
    source: "training rows in the smallest class of quasi-identifiers that the synthetic table hits, 20 \
             standing for more (k-map, Sweeney 2001)",
    anchors: Anchors {
        copy: between(1.0, 5.0),
        fresh: between(1.0, 5.0),
        permuted: between(1.0, 5.0),
        shifted: between(1.0, 20.0),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// The definition of `k_map_share`.
pub const K_MAP_SHARE: Definition = Definition {
    id: "k_map_share",
    name: "rows with small classes",
    meaning: "share of synthetic rows that hit a class of fewer than 5 training rows",
    above: Some("many synthetic rows fit few people"),
    below: None,
    domain: Domain::Privacy,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 1.0),
    unit: "share",
    source: "share of synthetic rows whose quasi-identifiers are those of one to four training rows",
    anchors: Anchors {
        copy: between(0.05, 1.0),
        fresh: between(0.05, 1.0),
        permuted: between(0.05, 1.0),
        shifted: between(0.0, 1.0),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// The definition of `l_diversity_min`.
pub const L_DIVERSITY_MIN: Definition = Definition {
    id: "l_diversity_min",
    name: "l-diversity, fewest sensitive values",
    meaning: "fewest values of a sensitive column in a class hit, 20 standing for more",
    above: None,
    below: Some("people who are alike share a sensitive value"),
    domain: Domain::Privacy,
    goal: Goal::Higher,
    ideal: 20.0,
    range: between(1.0, 20.0),
    unit: "values",
    source: "fewest different values of a sensitive column in a class of two training rows or more that the \
             synthetic table hits, 20 standing for more (Machanavajjhala et al. 2007)",
    anchors: Anchors {
        copy: between(1.0, 5.0),
        fresh: between(1.0, 5.0),
        permuted: between(1.0, 5.0),
        shifted: between(1.0, 20.0),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// The definition of `t_closeness_max`.
pub const T_CLOSENESS_MAX: Definition = Definition {
    id: "t_closeness_max",
    name: "t-closeness, largest distance",
    meaning: "largest distance of a sensitive column in a class hit from the whole table",
    above: Some("people who are alike differ from all others in a sensitive column"),
    below: None,
    domain: Domain::Privacy,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(0.0, 1.0),
    unit: "distance",
    source: "largest distance of a sensitive column's distribution in such a class from that of the training \
             table: ordered earth mover's distance / (m - 1), total variation for nominal levels (Li et al. \
             2007)",
    anchors: Anchors {
        copy: between(0.2, 1.0),
        fresh: between(0.2, 1.0),
        permuted: between(0.2, 1.0),
        shifted: between(0.0, 1.0),
    },
    needs: Needs::NOTHING,
    judged_by: JudgedBy::Value,
    battery: Battery::Full,
};

/// The definition of `rare_combinations`.
pub const RARE_COMBINATIONS: Definition = Definition {
    id: "rare_combinations",
    name: "rare combinations reproduced, beyond chance",
    meaning: "unique people whose sensitive values are reproduced, minus the same for held-out rows",
    above: Some("rare combinations are reproduced"),
    below: None,
    domain: Domain::Privacy,
    goal: Goal::Lower,
    ideal: 0.0,
    range: between(-1.0, 1.0),
    unit: "share",
    source: "share of training rows alone with their quasi-identifiers whose sensitive tuple a synthetic row \
             repeats, minus that of held-out rows; interval by Newcombe (1998)",
    anchors: Anchors {
        copy: between(0.8, 1.0),
        fresh: between(-0.1, 0.1),
        permuted: between(-0.1, 0.1),
        shifted: between(-0.1, 0.1),
    },
    needs: Needs::HOLDOUT,
    judged_by: JudgedBy::Bounds,
    battery: Battery::Full,
};

/// Fewer training rows than that in a class are few.
pub const K: usize = 5;
/// Counts are told up to here: 1/20 is the strictest customary limit on the risk of one person.
pub const K_MOST: usize = 20;
/// The most quasi-identifiers that are found where none are named.
pub const MAX_FOUND: usize = 5;
/// The most different values of a quasi-identifier that is found.
pub const MAX_VALUES: usize = 150;
/// The groups that numbers are put in as quasi-identifiers.
pub const N_GROUPS: usize = 5;
/// The groups that sensitive numbers are put in where whole tuples are compared.
pub const N_SENSITIVE: usize = 10;

/// The measures of this module, in the order of the registry. `named` are the quasi-identifiers; `None`: they are found.
///
/// Not measured, with the reason: if a named column is not there or none can be found; l, t and rare combinations if no
/// column is left as sensitive or no class is large (or small) enough; rare combinations without a holdout.
pub fn quasi(comparison: &Comparison, named: Option<&[String]>) -> Vec<Measure> {
    match Classes::new(comparison, named) {
        Ok(classes) => classes.measures(comparison),
        Err(reason) => {
            let none = |definition: &Definition| Measure::new(definition.id, Outcome::NotMeasured(reason.clone()));
            FAMILY.definitions.iter().map(none).collect()
        }
    }
}

/// The earth mover's distance of two distributions over m ordered values, each step costing 1/(m − 1): between 0 and 1.
///
/// `p` and `q` hold a share a value, in the values' order. 0 for a single value. Source: Li et al. (2007), section 5.1.
///
/// # Errors
/// [`Error::EmptyColumn`] if there are no values, [`Error::Lengths`] if the slices differ in length.
///
/// ```
/// # use synth_metrics::emd_ordered;
/// assert_eq!(emd_ordered(&[1.0, 0.0, 0.0], &[0.0, 0.0, 1.0])?, 1.0);
/// # Ok::<(), synth_metrics::Error>(())
/// ```
pub fn emd_ordered(p: &[f64], q: &[f64]) -> crate::Result<f64> {
    if p.len() != q.len() {
        return Err(Error::Lengths(p.len(), q.len()));
    }
    if p.is_empty() {
        return Err(Error::EmptyColumn);
    }
    let (mut ahead, mut sum) = (0.0f64, 0.0);
    for (p, q) in p.iter().zip(q) {
        ahead += p - q;
        sum += ahead.abs();
    }
    Ok(if p.len() == 1 { 0.0 } else { (sum / (p.len() - 1) as f64).clamp(0.0, 1.0) })
}

/// One class number a row, in each table; and what is sensitive.
struct Classes {
    train: Vec<usize>,
    synthetic: Vec<usize>,
    holdout: Option<Vec<usize>>,
    /// Units (people, or rows where nobody has two) of each class in the training table.
    sizes: Vec<usize>,
    is_hit: Vec<bool>,
    sensitive: Vec<usize>,
}

impl Classes {
    fn new(comparison: &Comparison, named: Option<&[String]>) -> Result<Self, String> {
        let columns = match named {
            Some(names) => named_columns(comparison, names)?,
            None => found_columns(comparison),
        };
        if columns.is_empty() {
            return Err("no column can serve as a quasi-identifier".to_owned());
        }
        let codes: Vec<JointLevels> = columns.par_iter().map(|&c| grouped(comparison, c, N_GROUPS)).collect();
        let mut tables = numbered(&codes).into_iter();
        let (train, synthetic, holdout) =
            (tables.next().expect("train"), tables.next().expect("synthetic"), tables.next());
        let n_classes =
            1 + train.iter().chain(&synthetic).chain(holdout.iter().flatten()).max().expect("there are rows");
        let sizes = Units::of(comparison.train()).counts(train.iter().copied().map(Some), n_classes);
        let mut is_hit = vec![false; n_classes];
        synthetic.iter().for_each(|&class| is_hit[class] = true);
        let sensitive = comparison.columns(Kind::is_learnt).into_iter().filter(|c| !columns.contains(c)).collect();
        Ok(Self { train, synthetic, holdout, sizes, is_hit, sensitive })
    }

    fn measures(&self, comparison: &Comparison) -> Vec<Measure> {
        let hit_sizes = || self.sizes.iter().zip(&self.is_hit).filter(|(n, hit)| **hit && **n > 0).map(|(n, _)| *n);
        // A table that hits no class at all is as far from everybody as can be.
        let smallest = hit_sizes().min().unwrap_or(K_MOST).min(K_MOST);
        let n_few = self.synthetic.iter().filter(|&&class| (1..K).contains(&self.sizes[class])).count();
        let share = n_few as f64 / self.synthetic.len() as f64;
        let exact =
            |definition: Definition, value: f64| Measure::new(definition.id, Outcome::Measured(Estimate::exact(value)));
        let [l, t] = self.diversity(comparison);
        vec![exact(K_MAP_MIN, smallest as f64), exact(K_MAP_SHARE, share), l, t, self.rare(comparison)]
    }

    /// l-diversity and t-closeness of the classes that are hit and have two rows or more.
    fn diversity(&self, comparison: &Comparison) -> [Measure; 2] {
        if self.sensitive.is_empty() {
            let reason = Outcome::NotMeasured("no column is left as sensitive".to_owned());
            return [L_DIVERSITY_MIN, T_CLOSENESS_MAX].map(|definition| Measure::new(definition.id, reason.clone()));
        }
        let mut rows_of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (row, &class) in self.train.iter().enumerate() {
            if self.is_hit[class] && self.sizes[class] >= 2 {
                rows_of.entry(class).or_default().push(row);
            }
        }
        // A table that hits no such class tells nothing about one.
        let per_column: Vec<(usize, f64)> = self
            .sensitive
            .par_iter()
            .map(|&c| {
                let codes = joint_levels(&[comparison.train()], c).codes.swap_remove(0);
                // A missing value is one more value, before all others where these have an order.
                let least = codes.iter().copied().min().unwrap_or(0);
                let codes: Vec<u32> = codes.iter().map(|code| code - least).collect();
                let kind = comparison.train().schema().fields[c].kind;
                let whole = Whole::new(&codes, !matches!(kind, Kind::Categorical | Kind::Boolean));
                let mut of_column = (K_MOST, 0.0f64);
                for rows in rows_of.values() {
                    let mut class: Vec<u32> = rows.iter().map(|&row| codes[row]).collect();
                    class.sort_unstable();
                    let (l, t) = whole.compare(&class);
                    of_column = (of_column.0.min(l), of_column.1.max(t));
                }
                of_column
            })
            .collect();
        let named = |value: fn(&(usize, f64)) -> f64| -> Vec<ColumnValue> {
            let values = self.sensitive.iter().zip(&per_column);
            values.map(|(&c, v)| ColumnValue { column: comparison.name(c).to_owned(), value: value(v) }).collect()
        };
        let least = per_column.iter().map(|(l, _)| *l).min().expect("there are sensitive columns");
        let most = per_column.iter().map(|(_, t)| *t).fold(0.0, f64::max);
        let measure = |id: &str, value: f64, columns| Measure {
            id: id.to_owned(),
            outcome: Outcome::Measured(Estimate::exact(value)),
            columns,
        };
        [
            measure(L_DIVERSITY_MIN.id, least as f64, named(|(l, _)| *l as f64)),
            measure(T_CLOSENESS_MAX.id, most, named(|(_, t)| *t)),
        ]
    }

    fn rare(&self, comparison: &Comparison) -> Measure {
        let outcome = match self.rare_excess(comparison) {
            Ok(estimate) => Outcome::Measured(estimate),
            Err(reason) => Outcome::NotMeasured(reason.to_owned()),
        };
        Measure::new(RARE_COMBINATIONS.id, outcome)
    }

    fn rare_excess(&self, comparison: &Comparison) -> Result<Estimate, &'static str> {
        let holdout = self.holdout.as_ref().ok_or("no holdout given")?;
        if self.sensitive.is_empty() {
            return Err("no column is left as sensitive");
        }
        let codes: Vec<JointLevels> = self.sensitive.par_iter().map(|&c| grouped(comparison, c, N_SENSITIVE)).collect();
        let tuples = numbered(&codes);
        let made: BTreeSet<(usize, usize)> = self.synthetic.iter().copied().zip(tuples[1].iter().copied()).collect();
        // Alone among the other training rows: a training row is itself in the table, an unseen one is not.
        let reproduced = |classes: &[usize], tuples: &[usize], size: usize| {
            let rare = classes.iter().zip(tuples).filter(|(class, _)| self.sizes[**class] == size);
            let n = rare.clone().count();
            (rare.filter(|(class, tuple)| made.contains(&(**class, **tuple))).count(), n)
        };
        let (known, n_known) = reproduced(&self.train, &tuples[0], 1);
        let (unseen, n_unseen) = reproduced(holdout, &tuples[2], 0);
        if n_known == 0 || n_unseen == 0 {
            return Err("nobody has unique quasi-identifiers");
        }
        let share = |k: usize, n: usize| (k as f64 / n as f64, wilson(k as f64 / n as f64, n as f64, n));
        let ((rate, of_rate), (chance, of_chance)) = (share(known, n_known), share(unseen, n_unseen));
        Ok(Estimate { value: rate - chance, uncertainty: Some(difference(rate, &of_rate, chance, &of_chance)) })
    }
}

/// A column's values in the whole training table.
struct Whole {
    /// The share of each value.
    shares: Vec<f64>,
    /// The share of values up to each value, and the sums of these before it.
    up_to: Vec<f64>,
    sums: Vec<f64>,
    is_ordered: bool,
}

impl Whole {
    /// `codes` without a gap at the start: the least code is 0.
    fn new(codes: &[u32], is_ordered: bool) -> Self {
        let n_codes = codes.iter().max().map_or(0, |&max| max as usize + 1);
        let mut counts = vec![0u64; n_codes];
        codes.iter().for_each(|&code| counts[code as usize] += 1);
        let n = codes.len() as f64;
        let (mut below, mut up_to, mut sums) = (0, Vec::with_capacity(n_codes), vec![0.0]);
        for count in &counts {
            below += count;
            up_to.push(below as f64 / n);
            sums.push(sums[sums.len() - 1] + below as f64 / n);
        }
        Self { shares: counts.iter().map(|&count| count as f64 / n).collect(), up_to, sums, is_ordered }
    }

    /// How many different values a class has, and how far it is from the whole; `class` holds its codes in order.
    fn compare(&self, class: &[u32]) -> (usize, f64) {
        let n = class.len() as f64;
        let (mut n_different, mut at, mut seen) = (0, 0, 0.0);
        let (mut gaps, mut of_class, mut moved) = (0.0, 0.0, 0.0);
        for run in class.chunk_by(|a, b| a == b) {
            let code = run[0] as usize;
            moved += self.moved(at, code, seen / n);
            (at, seen) = (code, seen + run.len() as f64);
            gaps += (run.len() as f64 / n - self.shares[code]).abs();
            of_class += self.shares[code];
            n_different += 1;
        }
        let m = self.shares.len();
        let t = match (self.is_ordered, m) {
            (true, 0 | 1) => 0.0,
            (true, m) => (moved + self.moved(at, m, 1.0)) / (m - 1) as f64,
            (false, _) => (gaps + 1.0 - of_class) / 2.0,
        };
        (n_different, t.clamp(0.0, 1.0))
    }

    /// The sum of |share − F| over the values from `from` to before `to`, in logarithmic time, F being the whole's.
    fn moved(&self, from: usize, to: usize, share: f64) -> f64 {
        let middle = from + self.up_to[from..to].partition_point(|&f| f < share);
        let sum = |a: usize, b: usize| self.sums[b] - self.sums[a];
        (share * (middle - from) as f64 - sum(from, middle)) + (sum(middle, to) - share * (to - middle) as f64)
    }
}

fn named_columns(comparison: &Comparison, names: &[String]) -> Result<Vec<usize>, String> {
    let fields = &comparison.train().schema().fields;
    let mut columns = Vec::new();
    for name in names {
        let column_idx = fields.iter().position(|field| field.name == *name);
        columns.push(column_idx.ok_or_else(|| format!("no column `{name}`"))?);
    }
    columns.sort_unstable();
    columns.dedup();
    Ok(columns)
}

fn found_columns(comparison: &Comparison) -> Vec<usize> {
    let can_be = comparison.columns(|kind| kind.is_levels() || matches!(kind, Kind::Integer | Kind::Datetime));
    let n_learnt = comparison.columns(Kind::is_learnt).len();
    let has_few = |&c: &usize| {
        let codes = joint_levels(&[comparison.train()], c);
        let n_values = codes.n_codes - 1 + usize::from(codes.codes[0].contains(&crate::columns::MISSING));
        (2..=MAX_VALUES).contains(&n_values)
    };
    can_be.into_iter().filter(has_few).take(MAX_FOUND.min(n_learnt.saturating_sub(1))).collect()
}

/// The column's codes in train, synthetic and holdout; numbers in `n_groups` groups of equal size in train.
fn grouped(comparison: &Comparison, column_idx: usize, n_groups: usize) -> JointLevels {
    let tables = [Some(comparison.train()), Some(comparison.synthetic()), comparison.holdout()];
    let tables: Vec<&Table> = tables.into_iter().flatten().collect();
    if !comparison.train().schema().fields[column_idx].kind.is_scale() {
        return joint_levels(&tables, column_idx);
    }
    let mut sorted: Vec<f64> = comparison.train().numbers(column_idx).into_iter().filter(|x| !x.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut bounds: Vec<f64> = (1..n_groups).filter_map(|i| sorted.get(i * sorted.len() / n_groups).copied()).collect();
    bounds.dedup();
    let code = |x: f64| if x.is_nan() { 0 } else { 1 + bounds.partition_point(|&bound| bound <= x) as u32 };
    let codes = tables.iter().map(|table| table.numbers(column_idx).into_iter().map(code).collect());
    JointLevels { n_codes: bounds.len() + 2, codes: codes.collect() }
}

/// One number a row for its combination of codes, table by table; numbers follow the order of the combinations.
fn numbered(columns: &[JointLevels]) -> Vec<Vec<usize>> {
    let n_tables = columns[0].codes.len();
    let rows: Vec<usize> = (0..n_tables).map(|t| columns[0].codes[t].len()).collect();
    // Column by column, so that a key is a pair of numbers whatever the number of columns.
    let mut keys: Vec<Vec<usize>> = rows.iter().map(|&n| vec![0; n]).collect();
    for column in columns {
        let mut pairs: Vec<(usize, u32)> = keys
            .iter()
            .zip(&column.codes)
            .flat_map(|(keys, codes)| keys.iter().copied().zip(codes.iter().copied()))
            .collect();
        let all = pairs.clone();
        pairs.sort_unstable();
        pairs.dedup();
        let number: HashMap<(usize, u32), usize> = pairs.into_iter().enumerate().map(|(i, pair)| (pair, i)).collect();
        let mut numbers = all.iter().map(|pair| number[pair]);
        keys = rows.iter().map(|&n| numbers.by_ref().take(n).collect()).collect();
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closeness_has_the_values_of_its_paper() {
        // Li et al. (2007), section 5.1: nine salaries of 3k to 11k in one class each; {3, 4, 5} is at .375 from the
        // whole, {6, 8, 11} at .167.
        let whole = Whole::new(&[0, 1, 2, 3, 4, 5, 6, 7, 8], true);
        assert_eq!(whole.compare(&[0, 1, 2]).0, 3);
        assert!((whole.compare(&[0, 1, 2]).1 - 0.375).abs() < 1e-12);
        assert!((whole.compare(&[3, 5, 8]).1 - 1.0 / 6.0).abs() < 1e-12);
        let share = |of: &[usize]| (0..9).map(|i| f64::from(of.contains(&i)) / of.len() as f64).collect::<Vec<_>>();
        assert!((emd_ordered(&share(&[3, 5, 8]), &[1.0 / 9.0; 9]).unwrap() - 1.0 / 6.0).abs() < 1e-12);
        // scipy.stats.wasserstein_distance([3, 5, 8], range(9)) / 8 == 0.16666666666666666
    }

    #[test]
    fn levels_without_an_order_are_compared_by_total_variation() {
        let whole = Whole::new(&[0, 0, 1, 2], false);
        assert_eq!(whole.compare(&[0, 0, 1, 2]), (3, 0.0));
        assert_eq!(whole.compare(&[2, 2]), (1, 0.75));
    }

    #[test]
    fn combinations_are_numbered_alike_in_all_tables() {
        let column = |a: &[u32], b: &[u32]| JointLevels { n_codes: 3, codes: vec![a.to_vec(), b.to_vec()] };
        let numbers = numbered(&[column(&[0, 1, 1], &[1, 0]), column(&[2, 0, 2], &[0, 2])]);
        assert_eq!(numbers[0][0], numbers[1][1]);
        assert_eq!(numbers[0][1], numbers[1][0]);
        assert_ne!(numbers[0][1], numbers[0][2]);
    }
}
