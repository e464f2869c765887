//! Whose rows the table's are: what a run says of it, and what it writes down.

use serde::{Deserialize, Serialize};
use synth_compliance::Finding;
use synth_compliance::propose::detected_unit;
use synth_core::Table;
use synth_core::protect::DEFAULT_K;
use synth_core::schema::Unit;
use synth_core::table::Units;

/// The units of a table some of which have several rows, for the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitRecord {
    /// The columns that name them; none where equal rows are one unit.
    pub columns: Vec<String>,
    /// How many there are.
    pub n_units: usize,
    /// As many rows as [`DEFAULT_K`] units have or more: the most rows of a single one would tell of a single person. 0 if there
    /// are fewer units.
    pub max_rows: usize,
}

impl UnitRecord {
    /// `None` if each row is a unit of its own.
    pub fn of(units: &Units) -> Option<Self> {
        if units.are_rows() {
            return None;
        }
        let mut sizes = units.sizes();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        let max_rows = sizes.get(DEFAULT_K - 1).copied().unwrap_or(0);
        Some(Self { columns: units.unit().columns().to_vec(), n_units: units.n_units(), max_rows })
    }
}

/// What a person must know of the units before anything is learnt: that some have several rows, or that they are declared to
/// be the rows although an identifier repeats. `None` if there is nothing to say. `table` is the one that was given, whose
/// units are `units`.
pub fn notice(table: &Table, findings: &[Finding], units: &Units) -> Option<String> {
    if units.unit() == &Unit::EqualRows && !units.are_rows() {
        return Some(format!(
            "unit: {units}; far more rows are equal than chance makes, and no identifier says whose they are: equal rows count as one \
             unit; declare `unit = \"row\"` in the schema if each stands for itself"
        ));
    }
    if !units.are_rows() {
        return Some(format!(
            "unit: {units}; no unit is split or counted twice, but relations between the rows of a unit are not modelled"
        ));
    }
    let is_declared = table.schema().unit == Some(Unit::Row);
    let detected = detected_unit(table, findings).filter(|_| is_declared)?;
    let others = Units::by(table, &detected);
    let (columns, n_units, n_rows) = (detected.to_string(), others.n_units(), others.n_rows());
    if detected == Unit::EqualRows {
        return Some(format!(
            "unit: row, as declared; but of {n_rows} rows only {n_units} are different, far fewer than by chance: if equal rows are one \
             person's, they are both learnt and held out, and counted as several people"
        ));
    }
    Some(format!(
        "unit: row, as declared; but `{columns}` has {n_units} values in {n_rows} rows: if they name people, rows of one person \
         are both learnt and held out, and counted as several people"
    ))
}

#[cfg(test)]
mod tests {
    use synth_core::io::{ReadOptions, read_bytes};
    use synth_core::{Kind, Schema};

    use super::*;

    /// 80 patients with two, three or five visits.
    fn table(unit: Option<Unit>) -> Table {
        let rows = (0..240).map(|i| format!("P{:03},{}\n", [i / 2, i / 3][i / 120], i % 7));
        let text: String = std::iter::once("patient_id,dose\n".to_owned()).chain(rows).collect();
        let table = read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table;
        let mut schema = Schema { unit, ..(**table.schema()).clone() };
        schema.fields[0].kind = Kind::Identifier;
        table.with_schema(schema.into()).unwrap()
    }

    #[test]
    fn several_rows_a_unit_are_said_and_written_down() {
        let table = table(None);
        let units = Units::of(&table);
        let said = notice(&table, &[], &units).unwrap();
        assert!(said.starts_with("unit: patient_id, 80 units with 2 to 5 rows; "), "{said}");
        let expected = UnitRecord { columns: vec!["patient_id".to_owned()], n_units: 80, max_rows: 5 };
        assert_eq!(UnitRecord::of(&units), Some(expected));
    }

    #[test]
    fn a_single_long_history_is_not_written_down() {
        let rows: Vec<usize> = (0..40).chain([7; 30]).collect();
        assert_eq!(UnitRecord::of(&Units::rows(40).take(&rows)).unwrap().max_rows, 1);
        assert_eq!(UnitRecord::of(&Units::rows(3).take(&[0, 1, 1])).unwrap().max_rows, 0);
    }

    #[test]
    fn rows_that_are_declared_units_against_the_looks_of_it_are_said() {
        let table = table(Some(Unit::Row));
        let units = Units::of(&table);
        let said = notice(&table, &[], &units).unwrap();
        assert!(said.starts_with("unit: row, as declared; but `patient_id` has 80 values in 240 rows"), "{said}");
        assert_eq!(UnitRecord::of(&units), None);
        let plain = table.take(&(0..240).step_by(3).skip(40).collect::<Vec<_>>());
        assert_eq!(notice(&plain, &[], &Units::of(&plain)), None);
    }
}
