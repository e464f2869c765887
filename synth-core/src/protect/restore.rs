//! The rules that rows keep, through a protection that changes one column at a time.
//!
//! Caps that are drawn for each column break a sum in the rows that they change, and a rule that is broken in some rows is not
//! found afterwards and kept by no generator. So rules are looked for in the table as given, and restored in the protected one:
//! an upper value is raised to the lower one, what follows from another column is looked up, totals are added up again from their
//! (capped) parts, in this order.
//!
//! A rule must not hang on one person either, who alone breaks it or does not. The rows of a few units may break one: how many
//! is drawn from the secret, from none to a fiftieth of the units and k at most. Their rows are restored as well, so that
//! whoever looks for rules in the protected table finds what holds in nearly all rows. The smallest tables still tell something
//! here: the fewer units may break a rule, the likelier one person decides.
//!
//! Left out on purpose: implications, combinations and gaps in common, which are looked for in the protected table alone.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, TimestampMicrosecondArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use rand::Rng;

use super::{Applied, Count, DEFAULT_K, Secret};
use crate::constraint::find_nearly;
use crate::schema::{Constraint, NumberFormat, Storage};
use crate::table::{Table, Units};

/// One unit in so many may break a rule.
const ODD: usize = 50;
/// The least range that the number of units that may break a rule is drawn from.
const LEAST_ODD: usize = 4;

/// Restores in `after` the rules that nearly all rows of `given` keep, and those that are declared.
pub(super) fn rules(given: &Table, after: Table, secret: &Secret, applied: &mut Vec<Applied>) -> Table {
    let units = Units::of(&after);
    let mut rng = secret.stream(&[b"rules"]);
    let n_odd = rng.gen_range(0..=(units.n_units() / ODD).clamp(LEAST_ODD, DEFAULT_K));
    let given = given.clone().with_units(units.clone());
    let mut rules = given.schema().constraints.clone();
    rules.extend(find_nearly(&given, n_odd));
    let steps = |constraint: &Constraint| match constraint {
        Constraint::Order { .. } => Some(0),
        Constraint::Depends { .. } => Some(1),
        Constraint::Sum { .. } => Some(2),
        _ => None,
    };
    rules.retain(|rule| steps(rule).is_some());
    rules.sort_by_key(steps);
    let mut after = after;
    for rule in &rules {
        let restored = match rule {
            _ if rule.check(&after.schema().fields).is_err() => None,
            Constraint::Order { lower, upper, strict } => raised(&after, lower, upper, *strict),
            Constraint::Depends { on, column } => looked_up(&after, on, column, &units),
            Constraint::Sum { total, parts } => {
                let (restored, is_on_step) = added_up(&after, total, parts);
                if !is_on_step {
                    after = on_decimals(&after, total);
                }
                Some(restored)
            }
            _ => None,
        };
        let (column, what, rows) = match restored {
            None => (rule.columns()[0].to_owned(), format!("{rule}: lost by protection"), Vec::new()),
            Some((column, array, rows)) => {
                let name = after.schema().fields[column].name.clone();
                if !rows.is_empty() {
                    after = with_column(&after, column, array);
                }
                (name, format!("{rule}: restored"), rows)
            }
        };
        let mut rng = secret.stream(&[what.as_bytes(), b"counts"]);
        let cells = Count::blurred_cells(&rows, &units, DEFAULT_K, &mut rng);
        applied.push(Applied { column, rule: "constraint".to_owned(), what, cells, levels: None });
    }
    after
}

/// A column with other cells: its place, the cells, and the rows that changed.
type Restored = (usize, ArrayRef, Vec<usize>);

fn with_column(table: &Table, column_idx: usize, array: ArrayRef) -> Table {
    let mut columns = table.batch().columns().to_vec();
    columns[column_idx] = array;
    let units = table.units().cloned();
    let changed = Table::new(Arc::clone(table.schema()), columns).expect("the array was made for the column");
    match units {
        Some(units) => changed.with_units(units),
        None => changed,
    }
}

fn index(table: &Table, name: &str) -> usize {
    table.schema().index_of(name).expect("the constraint was checked against these columns")
}

/// The cells of a column of numbers or dates with the given values, in seconds for dates, in some rows.
fn with_numbers(table: &Table, column_idx: usize, new: &[(usize, f64)]) -> Restored {
    let (field, array) = table.column(column_idx);
    let rows = new.iter().map(|(row, _)| *row).collect();
    let array: ArrayRef = match field.storage {
        Storage::Integer => {
            let mut cells: Vec<Option<i64>> = array.as_primitive::<Int64Type>().iter().collect();
            new.iter().for_each(|&(row, x)| cells[row] = Some(x.round() as i64));
            Arc::new(Int64Array::from(cells))
        }
        Storage::Timestamp => {
            let mut cells: Vec<Option<i64>> = array.as_primitive::<TimestampMicrosecondType>().iter().collect();
            new.iter().for_each(|&(row, x)| cells[row] = Some((x * 1e6).round() as i64));
            Arc::new(TimestampMicrosecondArray::from(cells))
        }
        _ => {
            let mut cells = table.numbers(column_idx);
            new.iter().for_each(|&(row, x)| cells[row] = x);
            Arc::new(cells.into_iter().map(|x| (!x.is_nan()).then_some(x)).collect::<Float64Array>())
        }
    };
    (column_idx, array, rows)
}

/// Raises upper values to the lower ones, by a step more if they must not be equal. `None` if that is not on the column's grid.
fn raised(table: &Table, lower: &str, upper: &str, strict: bool) -> Option<Restored> {
    let (low_idx, high_idx) = (index(table, lower), index(table, upper));
    let (field, _) = table.column(high_idx);
    let is_number = field.storage.is_number() || field.storage == Storage::Timestamp;
    let (low, high) = (table.numbers(low_idx), table.numbers(high_idx));
    let is_broken = |row: &usize| if strict { low[*row] >= high[*row] } else { low[*row] > high[*row] };
    let step = field.number.map_or(86_400.0, |format| format.step);
    let least = |row: usize| {
        let least = low[row] + if strict { step } else { 0.0 };
        match field.number {
            Some(format) if format.snap(least) < least => format.snap(least + step),
            Some(format) => format.snap(least),
            None => least,
        }
    };
    let broken: Vec<(usize, f64)> = (0..low.len()).filter(is_broken).map(|row| (row, least(row))).collect();
    is_number.then(|| with_numbers(table, high_idx, &broken))
}

/// The table with a total on the grid of its decimals: a coarser one need not hold sums of capped parts.
fn on_decimals(table: &Table, total: &str) -> Table {
    let mut schema = (**table.schema()).clone();
    if let Some(format) = &mut schema.fields[index(table, total)].number {
        format.step = 10f64.powi(-i32::from(format.decimals));
    }
    table.with_schema(Arc::new(schema)).expect("the columns are the same")
}

/// Adds up the parts in each row that has them all, with the decimals of the total; and whether all are on its grid.
fn added_up(table: &Table, total: &str, parts: &[String]) -> (Restored, bool) {
    let total_idx = index(table, total);
    let declared = table.column(total_idx).0.number;
    let unit = |format: NumberFormat| 10f64.powi(-i32::from(format.decimals));
    let format = declared.map(|format| NumberFormat { step: unit(format), ..format });
    let columns: Vec<Vec<f64>> = parts.iter().map(|part| table.numbers(index(table, part))).collect();
    let before = table.numbers(total_idx);
    let sum = |row: usize| {
        let sum = columns.iter().map(|part| part[row]).sum::<f64>();
        format.map_or(sum, |format| format.snap(sum))
    };
    let is_other = |&(row, sum): &(usize, f64)| !sum.is_nan() && !before[row].is_nan() && sum != before[row];
    let new: Vec<(usize, f64)> = (0..before.len()).map(|row| (row, sum(row))).filter(is_other).collect();
    let is_on_step = declared.is_none_or(|format| new.iter().all(|(_, sum)| format.snap(*sum) == *sum));
    (with_numbers(table, total_idx, &new), is_on_step)
}

/// Gives each row what most rows with its value have. `None` if many rows have something else: levels were merged on one side
/// and not on the other.
fn looked_up(table: &Table, on: &str, column: &str, units: &Units) -> Option<Restored> {
    let (on_idx, column_idx) = (index(table, on), index(table, column));
    let (from, to) = (table.labels(on_idx), table.labels(column_idx));
    let mut counts: HashMap<(&str, &str), (usize, usize)> = HashMap::new();
    let complete = || (0..from.len()).filter_map(|row| Some((row, from[row].as_deref()?, to[row].as_deref()?)));
    for (row, a, b) in complete() {
        counts.entry((a, b)).or_insert((0, row)).0 += 1;
    }
    // The row of the value that follows; the first row of two that are as frequent.
    let mut follows: HashMap<&str, (usize, usize)> = HashMap::new();
    for (&(a, _), &(n, row)) in &counts {
        let own = follows.entry(a).or_insert((n, row));
        if (n, std::cmp::Reverse(row)) > (own.0, std::cmp::Reverse(own.1)) {
            *own = (n, row);
        }
    }
    let mut rows = Vec::new();
    let mut source: Vec<usize> = (0..from.len()).collect();
    for (row, a, b) in complete() {
        let (_, first) = follows[a];
        if to[first].as_deref() != Some(b) {
            rows.push(row);
            source[row] = first;
        }
    }
    if units.n_units_among(rows.iter().copied()) > (units.n_units() / ODD).clamp(LEAST_ODD, 2 * DEFAULT_K) {
        return None;
    }
    Some((column_idx, Arc::clone(table.take(&source).column(column_idx).1), rows))
}

#[cfg(test)]
mod tests {
    use super::super::{Protection, apply};
    use super::*;
    use crate::constraint::find;
    use crate::table::Table;

    /// 700 rows of two parts and their sum, of an order, and of a code with its name; `odd` rows break all of that.
    fn table(odd: usize) -> Table {
        let a = |i: usize| (i * 7919 % 1000) as i64;
        let b = |i: usize| (i * 104_729 % 800) as i64;
        let is_odd = |i: usize| i >= 700;
        let n = 700 + odd;
        let cap = || vec![Protection::CapExtremes { k: 11 }];
        let merge = || vec![Protection::MergeRare { k: 11 }];
        let code = |i: usize| ["p", "q", "r", "s"][i * 31 % 4];
        Table::builder()
            .integers("a", (0..n).map(a))
            .integers("b", (0..n).map(b))
            .integers("sum", (0..n).map(|i| a(i) + b(i) + if is_odd(i) { 77 } else { 0 }))
            .integers("start", (0..n).map(|i| a(i + 11) + if is_odd(i) { 5000 } else { 0 }))
            .integers("end", (0..n).map(|i| a(i + 11) + b(i + 5) / 3))
            .labels("code", (0..n).map(|i| Some(code(i))))
            .labels("name", (0..n).map(|i| Some(if is_odd(i) { "S" } else { ["P", "Q", "R", "S"][i * 31 % 4] })))
            .protect("a", cap())
            .protect("b", cap())
            .protect("sum", cap())
            .protect("start", cap())
            .protect("end", cap())
            .protect("code", merge())
            .protect("name", merge())
            .build()
            .unwrap()
    }

    fn found(table: &Table) -> Vec<String> {
        find(table).iter().map(ToString::to_string).filter(|rule| !rule.contains("at least")).collect()
    }

    #[test]
    fn sums_orders_and_dependencies_hold_after_capping() {
        let input = table(0);
        let before = found(&input);
        assert!(before.contains(&"`a` + `b` = `sum`".to_owned()) && before.len() >= 3, "{before:?}");
        for seed in 0..10 {
            let (output, applied) = apply(&input, &Secret::from_seed(seed)).unwrap();
            let after = found(&output);
            assert!(before.iter().all(|rule| after.contains(rule)), "{before:?} {after:?}");
            assert!(applied.iter().any(|a| a.what == "`a` + `b` = `sum`: restored"), "{applied:?}");
            let [a, b, sum] = [0, 1, 2].map(|i| output.numbers(i));
            assert!((0..700).all(|row| a[row] + b[row] == sum[row]));
        }
    }

    #[test]
    fn one_who_breaks_a_rule_seldom_decides_whether_it_is_found() {
        let sum = "`a` + `b` = `sum`".to_owned();
        let order = "`start` is at most `end`".to_owned();
        let n_found = |odd: usize, rule: &String| {
            let input = table(odd);
            (0..60).filter(|&seed| found(&apply(&input, &Secret::from_seed(seed)).unwrap().0).contains(rule)).count()
        };
        for rule in [sum, order] {
            let counts = [0, 1, 6, 12, 40].map(|odd| n_found(odd, &rule));
            assert_eq!((counts[0], counts[4]), (60, 0), "{rule}");
            // One in twelve; without a margin all or none.
            assert!(counts[1] >= 46 && counts[2] >= 15 && counts[2] <= 45 && counts[3] == 0, "{rule} {counts:?}");
        }
    }

    #[test]
    fn what_cannot_be_kept_is_named() {
        // Names are merged into one, and codes are not.
        let input = table(0);
        let mut schema = (**input.schema()).clone();
        schema.fields[6].protect = vec![Protection::Remove {}];
        let (_, applied) = apply(&input.with_schema(schema.into()).unwrap(), &Secret::from_seed(0)).unwrap();
        let lost: Vec<&str> = applied.iter().filter(|a| a.rule == "constraint").map(|a| a.what.as_str()).collect();
        assert!(lost.contains(&"`code` determines `name`: lost by protection"), "{lost:?}");
    }
}
