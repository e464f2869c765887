//! The units of a table: whose row each row is, by number.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::Hash;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{Float64Type, Int64Type, TimestampMicrosecondType};

use super::{Table, repeats};
use crate::schema::{Field, Kind, Protection, Storage, Unit};

/// The unit of each row of a table. Units have numbers from 0 on, in the order in which they appear. Cheap to clone,
/// and as long as each row is a unit of its own nothing but the number of rows is held.
///
/// ```
/// # use synth_core::{io::{ReadOptions, read_bytes}, table::Units, schema::Unit};
/// let text = "patient_id,dose\n".to_owned() + &(0..300).map(|i| format!("P{:03},{}\n", i / 3, i % 7)).collect::<String>();
/// let table = read_bytes(text.into_bytes(), &ReadOptions::default())?.table;
/// let units = Units::of(&table);
/// assert_eq!((units.unit(), units.n_units(), units.max_rows()), (&Unit::of(["patient_id"]), 100, 3));
/// assert_eq!(units.grouped().rows_of(1), [3, 4, 5]);
/// # Ok::<(), synth_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Units {
    unit: Arc<Unit>,
    owners: Owners,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Owners {
    /// Each of so many rows is a unit of its own.
    Each(usize),
    Shared {
        of_row: Arc<[u32]>,
        n_units: usize,
    },
}

impl Units {
    /// The units of `table`: those that it [carries](Table::with_units); else by the [`Unit`] of its schema; else
    /// [auto-detected](Units::detected), and each row for itself where no identifier repeats.
    ///
    /// A row with a missing cell in a column of the unit is a unit of its own. Units that a schema declares by columns that
    /// the table does not have are the rows: [`Schema::check`](crate::Schema::check) refuses such a schema.
    pub fn of(table: &Table) -> Self {
        match (table.units(), &table.schema().unit) {
            (Some(units), _) => units.clone(),
            (None, Some(unit)) => Self::by(table, unit),
            (None, None) => match Self::detected(table, is_kept_as_it_is) {
                Some((_, units)) if !units.are_rows() => units,
                _ => Self::rows(table.n_rows()),
            },
        }
    }

    /// The units of `table` by `unit`, whatever its schema declares.
    pub fn by(table: &Table, unit: &Unit) -> Self {
        if *unit == Unit::EqualRows {
            return Self::from_codes(Unit::EqualRows, row_codes(table));
        }
        let places: Option<Vec<usize>> = unit.columns().iter().map(|name| table.schema().index_of(name)).collect();
        let Some((first, others)) = places.as_deref().and_then(|places| places.split_first()) else {
            return Self { unit: Arc::new(unit.clone()), owners: Owners::Each(table.n_rows()) };
        };
        let mut codes = codes(table, *first);
        for &column_idx in others {
            let more = self::codes(table, column_idx);
            codes = numbered(codes.into_iter().zip(more).map(|(a, b)| Some((a?, b?))));
        }
        Self::from_codes(unit.clone(), codes)
    }

    /// The identifier that repeats most and the units it names: of the columns of kind [`Kind::Identifier`] that satisfy
    /// `names_units`, the one with the fewest units, the first of equal ones. It need not repeat at all: then each row is a
    /// unit of its own. `None` if there is no such column.
    pub fn detected(table: &Table, names_units: impl Fn(&Field) -> bool) -> Option<(usize, Self)> {
        let fields = table.schema().fields.iter().enumerate();
        let identifiers = fields.filter(|(_, field)| field.kind == Kind::Identifier && names_units(field));
        let units = identifiers.map(|(i, field)| (i, Self::from_codes(Unit::of([&field.name]), codes(table, i))));
        units.min_by_key(|(_, units)| units.n_units())
    }

    /// The units of a table that somebody brings: those of [`Units::of`]; and where nothing says whose the rows are, equal rows if they are
    /// [repeated](Units::repeated).
    pub fn of_source(table: &Table) -> Self {
        let units = Self::of(table);
        let is_said = table.units().is_some() || table.schema().unit.is_some() || !units.are_rows();
        if is_said { units } else { Self::repeated(table).unwrap_or(units) }
    }

    /// Equal rows as units, where there are more of them than chance makes: the same rows stand in the table again and again, and
    /// no identifier says whose they are. `None` otherwise.
    pub fn repeated(table: &Table) -> Option<Self> {
        repeats::are_beyond_chance(table).then(|| Self::by(table, &Unit::EqualRows))
    }

    /// Each of `n_rows` rows for itself.
    pub fn rows(n_rows: usize) -> Self {
        Self { unit: Arc::new(Unit::Row), owners: Owners::Each(n_rows) }
    }

    /// From a number a row; those without are units of their own.
    fn from_codes(unit: Unit, codes: Vec<Option<u32>>) -> Self {
        let mut number: HashMap<u32, u32> = HashMap::new();
        let mut n_units = 0;
        let mut next = || {
            n_units += 1;
            n_units - 1
        };
        let of_row: Arc<[u32]> = codes
            .iter()
            .map(|code| match code {
                Some(code) => *number.entry(*code).or_insert_with(&mut next),
                None => next(),
            })
            .collect();
        Self { unit: Arc::new(unit), owners: Owners::new(of_row, n_units as usize) }
    }

    /// The columns that identify them; [`Unit::Row`] if each row is a unit.
    pub fn unit(&self) -> &Unit {
        &self.unit
    }

    /// The number of rows.
    pub fn n_rows(&self) -> usize {
        match &self.owners {
            Owners::Each(n_rows) => *n_rows,
            Owners::Shared { of_row, .. } => of_row.len(),
        }
    }

    /// The number of units.
    pub fn n_units(&self) -> usize {
        match &self.owners {
            Owners::Each(n_rows) => *n_rows,
            Owners::Shared { n_units, .. } => *n_units,
        }
    }

    /// Whether each row is a unit of its own.
    pub fn are_rows(&self) -> bool {
        matches!(self.owners, Owners::Each(_))
    }

    /// The unit of the row at `row`.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn of_row(&self, row: usize) -> usize {
        match &self.owners {
            Owners::Each(n_rows) => {
                assert!(row < *n_rows, "row {row} of {n_rows}");
                row
            }
            Owners::Shared { of_row, .. } => of_row[row] as usize,
        }
    }

    /// The number of rows of each unit.
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.n_units()];
        (0..self.n_rows()).for_each(|row| sizes[self.of_row(row)] += 1);
        sizes
    }

    /// The most rows of a unit; 0 without rows.
    pub fn max_rows(&self) -> usize {
        match &self.owners {
            Owners::Each(n_rows) => (*n_rows).min(1),
            Owners::Shared { .. } => self.sizes().into_iter().max().unwrap_or(0),
        }
    }

    /// The rows of each unit.
    pub fn grouped(&self) -> Grouped {
        let mut ends = vec![0; self.n_units()];
        for size in self.sizes().into_iter().enumerate() {
            ends[size.0] = size.1;
        }
        let mut start = 0;
        let mut next: Vec<usize> = ends
            .iter_mut()
            .map(|end| {
                let own = start;
                start += *end;
                *end = start;
                own
            })
            .collect();
        let mut rows = vec![0; self.n_rows()];
        for row in 0..self.n_rows() {
            let place = &mut next[self.of_row(row)];
            rows[*place] = row;
            *place += 1;
        }
        Grouped { rows, ends }
    }

    /// How many units have each of the codes below `n_codes` in a row; rows without a code count for none.
    ///
    /// # Panics
    /// If there is not one code a row, or one is `n_codes` or more.
    pub fn counts(&self, codes: impl IntoIterator<Item = Option<usize>>, n_codes: usize) -> Vec<usize> {
        let codes: Vec<Option<usize>> = codes.into_iter().collect();
        assert_eq!(codes.len(), self.n_rows(), "one code a row");
        let mut counts = vec![0; n_codes];
        if self.are_rows() {
            codes.into_iter().flatten().for_each(|code| counts[code] += 1);
            return counts;
        }
        let mut last = vec![usize::MAX; n_codes];
        for (unit, rows) in self.grouped().iter().enumerate() {
            for code in rows.iter().filter_map(|&row| codes[row]) {
                if last[code] != unit {
                    last[code] = unit;
                    counts[code] += 1;
                }
            }
        }
        counts
    }

    /// How many different units the given rows are of; a row may be there more than once.
    ///
    /// # Panics
    /// If a row is out of bounds.
    pub fn n_units_among(&self, rows: impl IntoIterator<Item = usize>) -> usize {
        rows.into_iter().map(|row| self.of_row(row)).collect::<HashSet<_>>().len()
    }

    /// So many rows are of `k` units at least, whichever they are: one more than the `k` - 1 largest units have.
    pub fn rows_of_at_least(&self, k: usize) -> usize {
        if self.are_rows() {
            return k.max(1);
        }
        let mut sizes = self.sizes();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        1 + sizes.into_iter().take(k.saturating_sub(1)).sum::<usize>()
    }

    /// The fold of each unit, where the units are dealt out in the given order, each to the fold with the fewest rows so far.
    /// Units of one row each go around.
    ///
    /// # Panics
    /// If `order` is not each unit once, or there are no folds.
    pub fn folds(&self, order: &[usize], n_folds: usize) -> Vec<usize> {
        let sizes = self.sizes();
        assert_eq!(order.len(), sizes.len(), "each unit once");
        let mut n_rows = vec![0; n_folds];
        let mut fold_of = vec![0; sizes.len()];
        for &unit in order {
            let smallest = (0..n_folds).min_by_key(|&fold| n_rows[fold]).expect("there are folds");
            n_rows[smallest] += sizes[unit];
            fold_of[unit] = smallest;
        }
        fold_of
    }

    /// The units of the rows at `rows`, in that order, numbered anew. A row that is taken twice is one unit's.
    ///
    /// # Panics
    /// If a row is out of bounds.
    #[must_use]
    pub fn take(&self, rows: &[usize]) -> Self {
        if self.are_rows() && rows.is_sorted_by(|a, b| a < b) {
            assert!(rows.last().is_none_or(|&last| last < self.n_rows()), "rows are in bounds");
            return Self { unit: Arc::clone(&self.unit), owners: Owners::Each(rows.len()) };
        }
        let mut number = vec![u32::MAX; self.n_units()];
        let mut n_units = 0;
        let of_row: Arc<[u32]> = rows
            .iter()
            .map(|&row| {
                let own = &mut number[self.of_row(row)];
                if *own == u32::MAX {
                    *own = n_units;
                    n_units += 1;
                }
                *own
            })
            .collect();
        Self { unit: Arc::clone(&self.unit), owners: Owners::new(of_row, n_units as usize) }
    }

    /// The units of the rows in `rows`, numbered anew.
    ///
    /// # Panics
    /// If the range ends before it begins or beyond the rows.
    #[must_use]
    pub fn slice(&self, rows: Range<usize>) -> Self {
        self.take(&rows.collect::<Vec<_>>())
    }
}

impl fmt::Display for Units {
    /// `patient_id, 312 units with 1 to 16 rows`; `row, 500 units` where each row is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} units", self.unit, self.n_units())?;
        match &self.owners {
            Owners::Each(_) if *self.unit == Unit::Row => Ok(()),
            Owners::Each(_) => write!(f, " with 1 row"),
            Owners::Shared { .. } => {
                let sizes = self.sizes();
                let (least, most) = (sizes.iter().min().unwrap_or(&0), sizes.iter().max().unwrap_or(&0));
                if least == most { write!(f, " with {most} rows") } else { write!(f, " with {least} to {most} rows") }
            }
        }
    }
}

impl Owners {
    fn new(of_row: Arc<[u32]>, n_units: usize) -> Self {
        // Numbered as they appear, units of one row each have their row's number.
        if n_units == of_row.len() { Owners::Each(n_units) } else { Owners::Shared { of_row, n_units } }
    }
}

/// The rows of each unit, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouped {
    /// Unit by unit.
    rows: Vec<usize>,
    /// Where each unit's end.
    ends: Vec<usize>,
}

impl Grouped {
    /// The rows of a unit.
    ///
    /// # Panics
    /// If there is no such unit.
    pub fn rows_of(&self, unit: usize) -> &[usize] {
        let start = if unit == 0 { 0 } else { self.ends[unit - 1] };
        &self.rows[start..self.ends[unit]]
    }

    /// The rows of each unit, in the units' order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[usize]> {
        (0..self.ends.len()).map(|unit| self.rows_of(unit))
    }
}

/// Values that are invented for each row (a name, a city) may name many people at once.
fn is_kept_as_it_is(field: &Field) -> bool {
    !field.protect.iter().any(|protection| matches!(protection, Protection::Fake { .. }))
}

/// A number for each different row, by every column that is neither an identifier nor constant; missing cells are equal. `None`, for all rows, of a
/// table without such a column.
pub(super) fn row_codes(table: &Table) -> Vec<Option<u32>> {
    let fields = table.schema().fields.iter().enumerate();
    let is_told = |field: &Field| !matches!(field.kind, Kind::Identifier | Kind::Constant | Kind::Empty);
    let mut all: Option<Vec<Option<u32>>> = None;
    for (column_idx, _) in fields.filter(|(_, field)| is_told(field)) {
        let own = codes(table, column_idx);
        all = Some(match all {
            None => numbered(own.into_iter().map(Some)),
            Some(all) => numbered(all.into_iter().zip(own).map(Some)),
        });
    }
    all.unwrap_or_else(|| vec![None; table.n_rows()])
}

/// A number for each different value of a column; `None` where it is missing.
pub(super) fn codes(table: &Table, column_idx: usize) -> Vec<Option<u32>> {
    let (field, array) = table.column(column_idx);
    match field.storage {
        Storage::Text => numbered(array.as_string::<i32>().iter()),
        Storage::Boolean => numbered(array.as_boolean().iter()),
        Storage::Integer => numbered(array.as_primitive::<Int64Type>().iter()),
        Storage::Timestamp => numbered(array.as_primitive::<TimestampMicrosecondType>().iter()),
        Storage::Float => {
            // NaN is missing, and -0 is 0.
            let values = array.as_primitive::<Float64Type>().iter();
            numbered(values.map(|x| x.filter(|x| !x.is_nan()).map(|x| (x + 0.0).to_bits())))
        }
    }
}

fn numbered<V: Eq + Hash>(values: impl Iterator<Item = Option<V>>) -> Vec<Option<u32>> {
    let mut number: HashMap<V, u32> = HashMap::new();
    values
        .map(|value| {
            let next = number.len() as u32;
            value.map(|value| *number.entry(value).or_insert(next))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::io::{ReadOptions, read_bytes};
    use crate::schema::Schema;

    fn table(text: &str) -> Table {
        read_bytes(text.as_bytes().to_vec(), &ReadOptions::default()).unwrap().table
    }

    /// Three visits a patient, a number for each visit, and a site.
    fn visits() -> Table {
        let rows: String = (0..330).map(|i| format!("P{:03},V{i:04},{}\n", i / 3, i % 4)).collect();
        table(&format!("patient_id,visit_id,site\n{rows}"))
    }

    fn declared(table: &Table, unit: Unit) -> Table {
        table.with_schema(Arc::new(Schema { unit: Some(unit), ..(**table.schema()).clone() })).unwrap()
    }

    #[test]
    fn the_identifier_that_repeats_most_names_the_units() {
        let units = Units::of(&visits());
        assert_eq!(units.unit(), &Unit::of(["patient_id"]));
        assert_eq!((units.n_rows(), units.n_units(), units.max_rows()), (330, 110, 3));
        assert!((0..330).all(|row| units.of_row(row) == row / 3));
    }

    #[test]
    fn they_are_told_in_words() {
        let visits = visits();
        assert_eq!(Units::of(&visits).to_string(), "patient_id, 110 units with 3 rows");
        assert_eq!(Units::of(&visits.take(&[0, 3, 6])).to_string(), "row, 3 units");
        let part = visits.clone().with_units(Units::of(&visits)).take(&[0, 3, 4]);
        assert_eq!(Units::of(&part).to_string(), "patient_id, 2 units with 1 to 2 rows");
    }

    #[test]
    fn without_one_that_repeats_each_row_is_a_unit() {
        let units = Units::of(&table(&(0..40).map(|i| format!("P{i:03},{}\n", i % 3)).collect::<String>()));
        assert!(units.are_rows());
        assert_eq!(units.unit(), &Unit::Row);
    }

    #[test]
    fn a_declaration_comes_before_what_is_found() {
        let table = visits();
        assert!(Units::of(&declared(&table, Unit::Row)).are_rows());
        let by_site = Units::of(&declared(&table, Unit::of(["site"])));
        assert_eq!((by_site.n_units(), by_site.max_rows()), (4, 83));
        let by_both = Units::of(&declared(&table, Unit::of(["site", "patient_id"])));
        assert!(by_both.are_rows(), "a patient's visits are at three sites");
        assert_eq!(by_both.unit(), &Unit::of(["site", "patient_id"]));
    }

    #[test]
    fn a_row_without_a_name_is_a_unit_of_its_own() {
        let text = "who,x\na,1\n,2\nb,3\na,4\n,5\n";
        let units = Units::of(&declared(&table(text), Unit::of(["who"])));
        assert_eq!((0..5).map(|row| units.of_row(row)).collect::<Vec<_>>(), [0, 1, 2, 0, 3]);
        assert_eq!(units.grouped().rows_of(0), [0, 3]);
    }

    #[test]
    fn what_a_table_carries_goes_with_its_rows() {
        let whole = visits();
        let carried = whole.clone().with_units(Units::of(&whole));
        let part = carried.take(&[0, 4, 5, 2]);
        let units = part.units().unwrap();
        assert_eq!((0..4).map(|row| units.of_row(row)).collect::<Vec<_>>(), [0, 1, 1, 0]);
        assert_eq!(carried.slice(2..5).units().unwrap().n_units(), 2);
        assert_eq!(carried, whole, "tables are equal by what they hold");
    }

    #[test]
    fn counts_are_of_units() {
        let units = Units::of(&visits());
        // The first two patients have code 0 in all of their rows, the third has 0 and 1.
        let codes = (0..330).map(|row| match row {
            0..=6 => Some(0),
            7 => Some(1),
            _ => None,
        });
        assert_eq!(units.counts(codes.clone(), 2), [3, 1]);
        assert_eq!(Units::rows(330).counts(codes, 2), [7, 1]);
        assert_eq!(units.n_units_among([0, 1, 2, 0, 9]), 2);
        assert_eq!((units.rows_of_at_least(11), Units::rows(330).rows_of_at_least(11)), (31, 11));
    }

    #[test]
    fn rows_alone_are_dealt_out_in_turn() {
        let order = [4, 0, 3, 1, 2, 5];
        let folds = Units::rows(6).folds(&order, 4);
        assert!(order.iter().enumerate().all(|(place, &unit)| folds[unit] == place % 4));
    }

    proptest! {
        #[test]
        fn units_are_numbered_as_they_appear_and_stay_whole(
            owners in prop::collection::vec(0u32..9, 1..60),
            rows in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
        ) {
            let units = Units::from_codes(Unit::of(["who"]), owners.iter().map(|&o| (o > 0).then_some(o)).collect());
            let rows: Vec<usize> = rows.iter().map(|row| row.index(owners.len())).collect();
            let part = units.take(&rows);
            for units in [&units, &part] {
                let mut n_seen = 0;
                for row in 0..units.n_rows() {
                    prop_assert!(units.of_row(row) <= n_seen);
                    n_seen = n_seen.max(units.of_row(row) + 1);
                }
                prop_assert_eq!(n_seen, units.n_units());
                let grouped = units.grouped();
                for (unit, own) in grouped.iter().enumerate() {
                    prop_assert!(own.is_sorted() && own.iter().all(|&row| units.of_row(row) == unit));
                }
                prop_assert_eq!(grouped.iter().map(<[usize]>::len).sum::<usize>(), units.n_rows());
            }
            for (i, &a) in rows.iter().enumerate() {
                for (j, &b) in rows.iter().enumerate() {
                    prop_assert_eq!(part.of_row(i) == part.of_row(j), units.of_row(a) == units.of_row(b));
                }
            }
        }
    }
}
