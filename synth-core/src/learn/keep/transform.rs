//! What a generator learns in place of columns that follow from others, and the way back.
//!
//! A *sum* is left out and added up again. Of a *tight order*, A ≤ B where B − A varies much less than B, the
//! difference D is learnt in place of B, and B = A + D; or A = B − D where A is missing more often. Both keep the rule in every
//! row, whatever the generator draws, and the density of a row stays what it was: both maps have Jacobian 1. The cells that
//! come back are on their column's own grid. Whether they are within the range that was seen is told beside them.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::schema::{Field, Schema};
use crate::table::{Table, column_from_numbers};

/// Columns that are made from others, in an order in which each finds those it needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Transform {
    schema: Arc<Schema>,
    steps: Vec<Step>,
}

/// A column that is made from others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// The column.
    pub(super) column: String,
    pub(super) made: Made,
    /// The least and the largest value that was seen.
    pub(super) range: [f64; 2],
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Made {
    /// The sum of others.
    Sum { parts: Vec<String> },
    /// Another one and the difference that is learnt under the column's name, or less it.
    Difference { base: String, side: Side, learnt: Box<Field> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Side {
    Above,
    Below,
}

impl Step {
    /// The columns that it needs.
    pub(super) fn inputs(&self) -> Vec<&str> {
        match &self.made {
            Made::Sum { parts } => parts.iter().map(String::as_str).collect(),
            Made::Difference { base, .. } => vec![base],
        }
    }
}

/// A table with every column again.
pub(crate) struct Restored {
    pub(crate) table: Table,
    /// Rows in which a column that was made is beyond the range that was seen.
    pub(crate) is_beyond: Vec<bool>,
}

impl Transform {
    pub(super) fn new(schema: Arc<Schema>, steps: Vec<Step>) -> Self {
        Self { schema, steps: ordered(steps) }
    }

    /// Whether one that was read from a file fits the columns that a generator has learnt.
    pub(super) fn is_sound(&self, learnt: &Schema) -> bool {
        let has = |name: &str| self.schema.index_of(name).is_some();
        let mut made: Vec<&str> = Vec::new();
        let mut is_whole = self.schema.check().is_ok();
        for (i, step) in self.steps.iter().enumerate() {
            let later = |name: &str| self.steps[i..].iter().any(|step| step.column == name);
            is_whole &= has(&step.column) && !made.contains(&step.column.as_str());
            is_whole &= step.inputs().into_iter().all(|name| has(name) && !later(name));
            is_whole &= match &step.made {
                Made::Sum { parts } => parts.len() > 1,
                Made::Difference { learnt, .. } => learnt.name == step.column,
            };
            is_whole &= step.range.iter().all(|x| x.is_finite());
            made.push(&step.column);
        }
        is_whole && *self.learnt_schema() == *learnt
    }

    /// The schema of whole rows.
    pub(crate) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Whether the generator sees another column than the table has.
    pub(crate) fn makes(&self, column: &str) -> bool {
        self.steps.iter().any(|step| step.column == column)
    }

    fn step_of(&self, column: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.column == column)
    }

    /// The columns that a generator learns.
    fn learnt_schema(&self) -> Arc<Schema> {
        let fields = self.schema.fields.iter().filter_map(|field| match self.step_of(&field.name) {
            None => Some(field.clone()),
            Some(Step { made: Made::Difference { learnt, .. }, .. }) => Some((**learnt).clone()),
            Some(_) => None,
        });
        Arc::new(Schema { constraints: Vec::new(), ..self.schema.with_fields(fields.collect()) })
    }

    /// What a generator learns of `table`. A difference is missing where one of its two cells is.
    ///
    /// # Panics
    /// If `table` has other columns.
    pub(crate) fn learnt(&self, table: &Table) -> Table {
        let index = |name: &str| table.schema().index_of(name).expect("the columns of the table that was learnt");
        let columns = self.schema.fields.iter().filter_map(|field| match self.step_of(&field.name).map(|s| &s.made) {
            None => Some(Arc::clone(table.column(index(&field.name)).1)),
            Some(Made::Sum { .. }) => None,
            Some(Made::Difference { base, side, learnt }) => {
                let (own, base) = (table.numbers(index(&field.name)), table.numbers(index(base)));
                let gap = |(own, base): (f64, f64)| match side {
                    Side::Above => own - base,
                    Side::Below => base - own,
                };
                let gaps: Vec<f64> = own.into_iter().zip(base).map(|pair| on_grid(learnt, gap(pair))).collect();
                Some(column_from_numbers(learnt, &gaps))
            }
        });
        let learnt = Table::new(self.learnt_schema(), columns.collect()).expect("each column was made for its field");
        match table.units() {
            Some(units) => learnt.with_units(units.clone()),
            None => learnt,
        }
    }

    /// The whole rows that drawn ones stand for.
    ///
    /// # Panics
    /// If `drawn` has other columns than [`Transform::learnt`] gives.
    pub(crate) fn restored(&self, drawn: &Table) -> Restored {
        let own = |name: &str| drawn.schema().index_of(name).expect("the columns that were learnt");
        let mut is_beyond = vec![false; drawn.n_rows()];
        let mut made: HashMap<&str, Vec<f64>> = HashMap::new();
        for step in &self.steps {
            let field = &self.schema.fields[self.schema.index_of(&step.column).expect("a step makes a column")];
            let numbers = |name: &str| made.get(name).cloned().unwrap_or_else(|| drawn.numbers(own(name)));
            let mut values: Vec<f64> = match &step.made {
                Made::Sum { parts } => {
                    let parts: Vec<Vec<f64>> = parts.iter().map(|part| numbers(part)).collect();
                    (0..drawn.n_rows()).map(|row| parts.iter().map(|part| part[row]).sum()).collect()
                }
                Made::Difference { base, side, .. } => {
                    let gaps = drawn.numbers(own(&step.column)).into_iter();
                    let value = |(base, gap): (f64, f64)| match side {
                        Side::Above => base + gap,
                        Side::Below => base - gap,
                    };
                    numbers(base).into_iter().zip(gaps).map(value).collect()
                }
            };
            for (value, is_beyond) in values.iter_mut().zip(&mut is_beyond) {
                *value = on_grid(field, *value);
                *is_beyond |= *value < step.range[0] || *value > step.range[1];
            }
            made.insert(&step.column, values);
        }
        let columns = self.schema.fields.iter().map(|field| match made.get(field.name.as_str()) {
            Some(values) => column_from_numbers(field, values),
            None => Arc::clone(drawn.column(own(&field.name)).1),
        });
        let table = Table::new(Arc::clone(&self.schema), columns.collect());
        Restored { table: table.expect("each column was made for its field"), is_beyond }
    }

    /// `table` with the one part of a sum that is missing, where the total and the other parts are there.
    pub(crate) fn solved(&self, table: &Table) -> Table {
        let mut columns = table.batch().columns().to_vec();
        let index = |name: &str| table.schema().index_of(name).expect("the columns of the table that was learnt");
        for step in &self.steps {
            let Made::Sum { parts } = &step.made else { continue };
            let totals = table.numbers(index(&step.column));
            let cells: Vec<Vec<f64>> = parts.iter().map(|part| table.numbers(index(part))).collect();
            for (k, part) in parts.iter().enumerate() {
                let (field, _) = table.column(index(part));
                let value = |row: usize| {
                    let others: f64 = (0..cells.len()).filter(|&j| j != k).map(|j| cells[j][row]).sum();
                    let own = cells[k][row];
                    if own.is_nan() { on_grid(field, totals[row] - others) } else { own }
                };
                if cells[k].iter().any(|x| x.is_nan()) {
                    let values: Vec<f64> = (0..table.n_rows()).map(value).collect();
                    columns[index(part)] = column_from_numbers(field, &values);
                }
            }
        }
        Table::new(Arc::clone(table.schema()), columns).expect("columns keep their types")
    }
}

/// The value on the grid of `field`; NaN stays NaN.
fn on_grid(field: &Field, x: f64) -> f64 {
    match &field.number {
        Some(format) => format.snap(x),
        None => (x * 1e6).round() / 1e6,
    }
}

/// The steps, each after those that make what it needs.
fn ordered(mut steps: Vec<Step>) -> Vec<Step> {
    let mut sorted: Vec<Step> = Vec::with_capacity(steps.len());
    while !steps.is_empty() {
        let waits = |step: &Step| step.inputs().iter().any(|input| steps.iter().any(|other| other.column == *input));
        let next = steps.iter().position(|step| !waits(step)).expect("no column is made from itself");
        sorted.push(steps.remove(next));
    }
    sorted
}

/// Whether `step` may be added to `steps`: it makes a column that none of them makes, and not from itself.
pub(super) fn may_add(steps: &[Step], step: &Step) -> bool {
    let mut open = step.inputs();
    let mut seen: Vec<&str> = Vec::new();
    while let Some(name) = open.pop() {
        if name == step.column {
            return false;
        }
        if !seen.contains(&name) {
            seen.push(name);
            open.extend(steps.iter().filter(|other| other.column == name).flat_map(Step::inputs));
        }
    }
    steps.iter().all(|other| other.column != step.column)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{By, Keep, Keeping};
    use super::*;
    use crate::io::{ReadOptions, read_bytes};
    use crate::schema::DEFAULT_K;

    fn table(text: String) -> Table {
        read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table
    }

    /// Dates of which the earlier is sometimes missing, prices with cents and their sum, a number on a coarser grid.
    fn visits(seed: u64, n_rows: usize) -> Table {
        let mut text = String::from("arrived,admitted,left,net,tax,gross,low,high\n");
        let mut state = seed;
        let mut below = |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % n
        };
        let moment = |minutes: u64| {
            let (day, minute) = (minutes / 1440, minutes % 1440);
            format!(
                "20{:02}-{:02}-{:02} {:02}:{:02}:00",
                10 + day / 336,
                1 + day / 28 % 12,
                1 + day % 28,
                minute / 60,
                minute % 60
            )
        };
        for row in 0..n_rows {
            // Within a month, so that days between dates are days between numbers.
            let month = below(40) * 28 * 1440;
            let arrived = month + below(10 * 1440);
            let (admitted, left) = (arrived + 1 + below(300), arrived + 400 + below(8000));
            let (net, tax) = (below(90_000), below(9000));
            let low = 5 * below(500);
            let early = if row % 3 == 0 { String::new() } else { moment(arrived) };
            let cents = |x: u64| format!("{}.{:02}", x / 100, x % 100);
            let (net, tax, gross) = (cents(net), cents(tax), cents(net + tax));
            text += &format!(
                "{early},{},{},{net},{tax},{gross},{low},{}\n",
                moment(admitted),
                moment(left),
                low + 5 * below(30)
            );
        }
        table(text)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]
        #[test]
        fn what_is_learnt_gives_the_table_back(seed in 0u64..1_000_000) {
            let table = visits(seed, 200);
            let keep = Keep::of(&table, Keeping::Found).unwrap().unwrap();
            let made = keep.kept().iter().filter(|own| matches!(own.by, By::Derived | By::Difference)).count();
            prop_assert_eq!(made, 4, "{:?}", keep.kept());
            let learnt = keep.transform.learnt(&table);
            prop_assert_eq!(learnt.n_columns(), 7);
            let restored = keep.transform.restored(&learnt);
            prop_assert_eq!(restored.table.batch(), table.batch());
            prop_assert!(!restored.is_beyond.contains(&true));
        }
    }

    #[test]
    fn the_earlier_of_two_dates_is_made_where_it_is_missing_more_often() {
        let keep = Keep::of(&visits(1, 200), Keeping::Found).unwrap().unwrap();
        let step = keep.transform.step_of("arrived").unwrap();
        let Made::Difference { base, side: Side::Below, learnt } = &step.made else { panic!("{step:?}") };
        assert_eq!((base.as_str(), learnt.number.unwrap().step), ("admitted", 60.0));
    }

    #[test]
    fn a_column_on_a_coarser_grid_than_its_base_is_not_made_from_it() {
        // Admitted at any minute; left at midnight, or five minutes after it.
        let made = |minutes: &dyn Fn(usize) -> usize| {
            let row = |i: usize| {
                let (day, minute) = (1 + i % 25, minutes(i));
                format!("2020-01-{day:02} {:02}:{:02}:00,2020-01-{:02} 00:{minute:02}:00\n", i % 24, i % 60, day + 1)
            };
            let text = "came,left\n".to_owned() + &(0..300).map(row).collect::<String>();
            super::super::difference::difference_of(&table(text), "came", "left", true)
        };
        assert!(made(&|_| 0).is_none() && made(&|i| 5 * (i % 2)).is_none());
        assert!(made(&|i| i % 7).is_some());
    }

    #[test]
    fn a_sum_with_one_part_missing_is_solved() {
        let whole = visits(3, 200);
        let keep = Keep::of(&whole, Keeping::Found).unwrap().unwrap();
        let part = whole.schema().index_of("tax").unwrap();
        let mut columns = whole.batch().columns().to_vec();
        columns[part] = column_from_numbers(whole.column(part).0, &vec![f64::NAN; whole.n_rows()]);
        let lossy = Table::new(Arc::clone(whole.schema()), columns).unwrap();
        assert_eq!(keep.transform.solved(&lossy).batch(), whole.batch());
    }

    #[test]
    fn a_date_moves_to_the_nearest_that_fits_and_a_word_follows() {
        let days = ["mo", "tu", "we", "th", "fr", "sa", "su"];
        let row = |i: usize| format!("2020-01-{:02},{},w{},{}\n", 1 + i % 28, days[i % 28 % 7], i % 6, i % 6 / 2);
        let text = "date,day,ward,floor\n".to_owned() + &(0..28 * 6 * DEFAULT_K).map(row).collect::<String>();
        let table = table(text);
        let keep = Keep::of(&table, Keeping::Found).unwrap().unwrap();
        assert!(keep.kept().iter().filter(|own| own.by == By::Lookup).count() >= 2, "{:?}", keep.kept());
        // Drawn: the 8th, a Monday, as a Wednesday, and ward 5 on floor 0.
        let (first, last) = (table.take(&[7]), table.take(&[2 + 3 * 28 * 2]));
        let columns = vec![
            Arc::clone(first.column(0).1),
            Arc::clone(last.column(1).1),
            Arc::clone(table.take(&[5]).column(2).1),
            Arc::clone(table.take(&[0]).column(3).1),
        ];
        let drawn = Table::new(Arc::clone(table.schema()), columns).unwrap();
        let made = keep.restored(&drawn).table;
        let label = |table: &Table, column: usize| table.labels(column)[0].clone().unwrap();
        assert_eq!(label(&made, 0), label(&table.take(&[9]), 0));
        assert_eq!([label(&made, 1), label(&made, 3)], ["we".to_owned(), "2".to_owned()]);
    }
}
