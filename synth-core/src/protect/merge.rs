//! Levels that hardly anybody has become levels that enough have.
//!
//! Levels without an order go to one level for all that is rare; where that is still rare, to the rarest level that is
//! not, under its name. Levels with an order join a neighbour: "other" has no
//! place on a scale. Missing cells are no level; those that few have are [filled](super::gaps).
//!
//! What a level "has" are units: who has it in ten rows is one.

use std::collections::BTreeSet;

use rand::Rng;

use super::column::{Change, Column};
use crate::infer::known_order;
use crate::schema::{Field, Kind, Storage};
use crate::table::{Levels, Units, column_from_labels};

/// The names of the merged level, the first that is free.
const NAMES: [&str; 3] = ["other", "other levels", "all other levels"];

/// Merges the levels of fewer than `k` units, or of somewhat more: as many as are drawn for the column, up to half as many again. One
/// person more decides what becomes of a level with a probability of 1 in `k` / 2, and only where about `k` others have it.
pub(super) fn apply(column: Column, units: &Units, k: usize, rng: &mut impl Rng) -> Change {
    merged(column, units, rng.gen_range(k..=k + k / 2))
}

fn merged(mut column: Column, units: &Units, k: usize) -> Change {
    let Levels { names, codes } = in_order(&mut column);
    let having = Having::of(units, &codes, names.len());
    let Column { mut field, array } = column;
    let n_present = units.n_units_among((0..codes.len()).filter(|&row| codes[row].is_some()));
    if having.counts().iter().all(|&count| count >= k) {
        return Change { column: Column { field, array }, rows: Vec::new(), levels: Some(0) };
    }
    let has_order = field.kind != Kind::Categorical || field.storage == Storage::Boolean;
    let own: Vec<String> = names.iter().map(|name| spelled(&field, name)).collect();
    // For each level what it becomes; `None`: missing.
    let becomes: Vec<Option<String>> = match (n_present < k, has_order) {
        (true, _) => vec![None; names.len()],
        (false, true) => neighbours(&having, k).into_iter().map(|to| Some(names[to].clone())).collect(),
        (false, false) => {
            if field.storage.is_number() {
                // There is no number for "other".
                (field.storage, field.number, field.arrow) = (Storage::Text, None, None);
            }
            let rare = rarest(&having, k);
            let common = rare.last().filter(|&&i| having.counts()[i] >= k);
            let name = common.map_or_else(|| free_name(&own, &field), |&i| own[i].clone());
            (0..names.len()).map(|i| Some(if rare.contains(&i) { name.clone() } else { own[i].clone() })).collect()
        }
    };
    let before = if field.storage == Storage::Text { &own } else { &names };
    let is_moved: Vec<bool> = (0..names.len()).map(|i| becomes[i].as_ref() != Some(&before[i])).collect();
    let levels = is_moved.iter().filter(|moved| **moved).count();
    let rows = (0..codes.len()).filter(|&row| codes[row].is_some_and(|code| is_moved[code as usize])).collect();
    let labels = codes.iter().map(|code| code.and_then(|code| becomes[code as usize].as_deref()));
    let array = column_from_labels(&field, labels);
    field.order.retain(|level| becomes.iter().flatten().any(|kept| kept == level));
    Change { column: Column { field, array }.settled(), rows, levels: Some(levels) }
}

/// The levels in their order. A schema that was written for others to see does not list those that hardly anybody has: where
/// all together are of a known scale, that is their order.
fn in_order(column: &mut Column) -> Levels {
    let levels = column.as_table().levels(0);
    let is_listed = |level: &String| column.field.order.contains(level);
    if column.field.order.is_empty() || levels.names.iter().all(is_listed) {
        return levels;
    }
    let all: BTreeSet<&str> = levels.names.iter().chain(&column.field.order).map(String::as_str).collect();
    let Some(order) = known_order(&all.into_iter().collect::<Vec<_>>()) else { return levels };
    column.field.order = order;
    column.as_table().levels(0)
}

/// The units that have each level, in ascending order.
struct Having(Vec<Vec<u32>>);

impl Having {
    fn of(units: &Units, codes: &[Option<u32>], n_levels: usize) -> Self {
        let mut having = vec![Vec::new(); n_levels];
        for (row, code) in codes.iter().enumerate() {
            if let Some(code) = code {
                having[*code as usize].push(units.of_row(row) as u32);
            }
        }
        for own in &mut having {
            own.sort_unstable();
            own.dedup();
        }
        Self(having)
    }

    fn counts(&self) -> Vec<usize> {
        self.0.iter().map(Vec::len).collect()
    }
}

/// The units that have one of two levels or both.
fn either(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut all = [a, b].concat();
    all.sort_unstable();
    all.dedup();
    all
}

/// The levels that go to one: all that fewer than `k` units have, and the next rarest until `k` have one of them or none is
/// left.
fn rarest(having: &Having, k: usize) -> Vec<usize> {
    let mut by_count: Vec<usize> = (0..having.0.len()).collect();
    by_count.sort_by_key(|&i| having.0[i].len());
    let mut together: Vec<u32> = Vec::new();
    by_count
        .into_iter()
        .take_while(|&i| {
            let goes = having.0[i].len() < k || (!together.is_empty() && together.len() < k);
            if goes {
                together = either(&together, &having.0[i]);
            }
            goes
        })
        .collect()
}

/// For each level the one whose name it takes: while fewer than `k` units have one of a group, the smallest one joins the smaller
/// of its neighbours; a group is called after its most frequent level.
fn neighbours(having: &Having, k: usize) -> Vec<usize> {
    // First and last level of each group, and the units that have one of them.
    let mut groups: Vec<(usize, usize, Vec<u32>)> =
        having.0.iter().enumerate().map(|(i, own)| (i, i, own.clone())).collect();
    while groups.len() > 1 {
        let smallest = (0..groups.len()).min_by_key(|&g| groups[g].2.len()).expect("there are groups");
        if groups[smallest].2.len() >= k {
            break;
        }
        let size = |g: Option<usize>| g.and_then(|g| groups.get(g)).map_or(usize::MAX, |group| group.2.len());
        let left = if size(smallest.checked_sub(1)) <= size(Some(smallest + 1)) && smallest > 0 {
            smallest - 1
        } else {
            smallest
        };
        let right = groups.remove(left + 1);
        groups[left] = (groups[left].0, right.1, either(&groups[left].2, &right.2));
    }
    let mut to = vec![0; having.0.len()];
    for (first, last, _) in groups {
        let name = (first..=last).rev().max_by_key(|&i| having.0[i].len()).expect("a group has levels");
        to[first..=last].fill(name);
    }
    to
}

/// A level of numbers as files spell it, others as they are.
fn spelled(field: &Field, name: &str) -> String {
    match (field.number, name.parse::<f64>()) {
        (Some(format), Ok(x)) if field.storage == Storage::Float => format.format(x),
        _ => name.to_owned(),
    }
}

/// A name that no level has, in any case, and that does not mean missing.
fn free_name(levels: &[String], field: &Field) -> String {
    let taken = |name: &str| levels.iter().chain(&field.missing).any(|level| level.trim().to_lowercase() == name);
    let numbered = (2..).map(|n| format!("{} {n}", NAMES[0]));
    let mut names = NAMES.iter().map(|name| (*name).to_owned()).chain(numbered);
    names.find(|name| !taken(name)).expect("there are more names than levels")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Protection, Secret, apply};
    use super::*;
    use crate::io::TableBuilder;
    use crate::table::Table;

    fn words(kind: Kind, cells: &[Option<&str>]) -> TableBuilder {
        Table::builder().labels("x", cells.iter().copied()).kind("x", kind)
    }

    fn merged(column: TableBuilder, k: usize) -> (Table, Change) {
        merged_by(&column.build().unwrap(), k)
    }

    fn merged_by(input: &Table, k: usize) -> (Table, Change) {
        let (field, array) = input.column(0);
        let column = Column { field: field.clone(), array: std::sync::Arc::clone(array) };
        let change = super::merged(column, &Units::of(input), k);
        (change.column.as_table(), change)
    }

    fn counted(table: &Table) -> Vec<(String, usize)> {
        let levels = table.levels(0);
        let of = |i: usize| levels.codes.iter().filter(|code| **code == Some(i as u32)).count();
        levels.names.iter().enumerate().map(|(i, name)| (name.clone(), of(i))).collect()
    }

    fn cells<'a>(counts: &[(&'a str, usize)]) -> Vec<Option<&'a str>> {
        counts.iter().flat_map(|&(level, n)| std::iter::repeat_n(Some(level), n)).collect()
    }

    fn check(kind: Kind, counts: &[(&str, usize)], expected: &[(&str, usize)]) {
        let (table, _) = merged(words(kind, &cells(counts)), 5);
        let expected: Vec<(String, usize)> = expected.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
        assert_eq!(counted(&table), expected, "{counts:?}");
    }

    #[test]
    fn rare_levels_become_one_of_enough_rows() {
        check(Kind::Categorical, &[("a", 9), ("b", 3), ("c", 2)], &[("a", 9), ("other", 5)]);
        check(Kind::Categorical, &[("a", 9), ("b", 3), ("c", 6)], &[("a", 9), ("c", 9)]);
        check(Kind::Categorical, &[("a", 9), ("b", 5)], &[("a", 9), ("b", 5)]);
        check(Kind::Categorical, &[("a", 90), ("b", 2), ("c", 1), ("d", 80)], &[("a", 90), ("d", 83)]);
        check(Kind::Categorical, &[("a", 3), ("b", 3)], &[("other", 6)]);
        check(Kind::Categorical, &[("a", 2), ("b", 1)], &[]);
        check(Kind::Categorical, &[("Other", 9), ("b", 3), ("c", 2)], &[("Other", 9), ("other levels", 5)]);
        check(Kind::Categorical, &[("a", 9), ("other", 4), ("c", 2)], &[("a", 9), ("other levels", 6)]);
    }

    #[test]
    fn levels_with_an_order_join_their_neighbour() {
        check(Kind::Ordinal, &[("1", 2), ("2", 9), ("3", 8), ("4", 1)], &[("2", 11), ("3", 9)]);
        check(Kind::Ordinal, &[("1", 9), ("2", 3), ("3", 3), ("4", 9)], &[("1", 9), ("2", 6), ("4", 9)]);
        check(Kind::Boolean, &[("no", 20), ("yes", 4)], &[("no", 24)]);
        let (table, change) = merged(words(Kind::Boolean, &cells(&[("n", 20), ("y", 4)])), 5);
        assert_eq!(table.column(0).0.kind, Kind::Constant);
        assert_eq!((change.rows.len(), change.levels), (4, Some(1)));
    }

    #[test]
    fn nominal_numbers_become_text_and_ordinal_ones_stay() {
        let codes = Table::builder().integers("x", (0..30).map(|i| if i < 20 { 7 } else { i }));
        let (table, _) = merged(codes.clone().kind("x", Kind::Categorical), 5);
        assert_eq!(counted(&table), [("7".to_owned(), 20), ("other".to_owned(), 10)]);
        assert_eq!(table.column(0).0.storage, Storage::Text);
        let (table, _) = merged(codes.kind("x", Kind::Ordinal), 5);
        assert_eq!(table.column(0).0.storage, Storage::Integer);
        assert_eq!(counted(&table).len(), 2);
    }

    #[test]
    fn missing_stays_missing_and_the_order_follows() {
        let mut cells = cells(&[("low", 2), ("mid", 9), ("high", 9)]);
        cells.push(None);
        let ordered = ["low", "mid", "high"].map(str::to_owned).to_vec();
        let (table, _) = merged(words(Kind::Ordinal, &cells).declare("x", |field| field.order = ordered), 5);
        assert_eq!(table.column(0).0.order, ["mid", "high"]);
        assert_eq!(counted(&table), [("mid".to_owned(), 11), ("high".to_owned(), 9)]);
        assert!(table.missing(0)[20]);
    }

    #[test]
    fn one_person_more_seldom_decides_what_becomes_of_a_level() {
        let kept = |n: usize| {
            let column = words(Kind::Categorical, &cells(&[("a", 90), ("b", n), ("c", 80)]));
            let input = column.protect("x", [Protection::MergeRare { k: 10 }]).build().unwrap();
            let is_kept = |seed: &u64| {
                let (output, _) = apply(&input, &Secret::from_seed(*seed)).unwrap();
                output.levels(0).names.iter().any(|name| name == "b")
            };
            (0..400).filter(is_kept).count()
        };
        let counts = [9, 10, 11, 12, 13, 14, 15].map(kept);
        assert_eq!((counts[0], counts[6]), (0, 400));
        assert!(counts.windows(2).all(|pair| pair[1] - pair[0] < 110), "{counts:?}");
    }

    #[test]
    fn levels_that_the_schema_does_not_list_have_their_place_on_a_known_scale() {
        let counts = [("low", 20), ("medium", 20), ("high", 20), ("very low", 2)];
        let order = ["low", "medium", "high"].map(str::to_owned).to_vec();
        let column = words(Kind::Ordinal, &cells(&counts)).declare("x", |field| field.order = order.clone());
        let (table, _) = merged(column, 5);
        assert_eq!(counted(&table)[0], ("low".to_owned(), 22));
        assert_eq!(table.column(0).0.order, order);
    }

    #[test]
    fn who_has_a_level_in_many_rows_is_one() {
        // Twelve people have `a` once, one person has `b` twelve times and `a` once.
        let owners: Vec<usize> = (0..12).chain(std::iter::repeat_n(12, 13)).collect();
        let units = Units::rows(13).take(&owners);
        let rare = |counts: &[(&str, usize)]| {
            let column = words(Kind::Categorical, &cells(counts));
            column.build().unwrap()
        };
        let counts = [("a", 12), ("b", 12), ("a", 1)];
        let input = rare(&counts);
        let (alone, _) = merged_by(&input, 5);
        assert_eq!(counted(&alone), [("a".to_owned(), 13), ("b".to_owned(), 12)]);
        let (together, change) = merged_by(&input.with_units(units), 5);
        assert_eq!(counted(&together), [("a".to_owned(), 25)]);
        assert_eq!(change.rows.len(), 12);
        // Two rare levels of the same four people are not eight people.
        let owners: Vec<usize> = (0..4).chain(0..4).chain(4..30).collect();
        let counts = [("b", 4), ("c", 4), ("a", 26)];
        let input = rare(&counts);
        assert_eq!(counted(&merged_by(&input, 5).0), [("a".to_owned(), 26), ("other".to_owned(), 8)]);
        let (merged, _) = merged_by(&input.with_units(Units::rows(30).take(&owners)), 5);
        assert_eq!(counted(&merged), [("a".to_owned(), 34)]);
    }

    proptest! {
        /// The claim itself: whatever the column, every level that is left has `k` rows, and nothing but labels changed.
        #[test]
        fn every_level_left_has_k_rows(codes in prop::collection::vec(0u32..12, 1..120), k in 2usize..15, kind in 0..3) {
            let kind = [Kind::Categorical, Kind::Ordinal, Kind::Boolean][kind as usize];
            let codes: Vec<u32> = codes.into_iter().map(|c| if kind == Kind::Boolean { c % 2 } else { c }).collect();
            // Zero is missing.
            let names: Vec<String> = codes.iter().map(|c| format!("L{c:02}")).collect();
            let cells: Vec<Option<&str>> =
                codes.iter().zip(&names).map(|(&c, name)| (c != 0).then_some(name.as_str())).collect();
            let before = words(kind, &cells).build().unwrap();
            let (after, change) = merged(words(kind, &cells), k);
            let left = counted(&after);
            prop_assert!(left.iter().all(|(_, n)| *n >= k), "{left:?}");
            let n_present = cells.iter().flatten().count();
            prop_assert_eq!(left.iter().map(|(_, n)| n).sum::<usize>(), if n_present < k { 0 } else { n_present });
            // Rows that shared a level share one afterwards.
            let (old, new) = (before.labels(0), after.labels(0));
            for i in 1..old.len() {
                prop_assert!(old[i] != old[0] || new[i] == new[0]);
            }
            let changed = old.iter().zip(&new).filter(|(a, b)| a != b).count();
            prop_assert_eq!(change.rows.len(), changed);
        }
    }
}
