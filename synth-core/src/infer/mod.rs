//! From a column's cells to its [`Field`]: what the values are, how they are spelled, which spellings mean missing.
//!
//! Each column is judged alone, from all of its cells, in this order:
//!
//! 1. *Numbers*, if every cell is a number or missing. Whole numbers with at most ten distinct values are levels
//!    ([`Kind::Boolean`] for two, [`Kind::Ordinal`] for others), others [`Kind::Integer`] or [`Kind::Continuous`].
//!    They are stored as integers only if no cell is spelled with decimals: `63.0` stays a float.
//! 2. *Dates*, if one format reads every cell and writes it back as it was.
//! 3. *Words*: booleans, known ordered scales, identifiers, free text, else categories.
//!
//! What is judged may be overruled by a schema; what a person ought to know becomes a [`Remark`]. Left out on
//! purpose: numbers in disguise (money, thousands separators), numeric sentinels (−200, 9999), times of day.

mod datetime;
mod grid;
mod kind;
mod tally;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Float64Type, Int64Type, TimestampMicrosecondType};
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::schema::{Field, Kind, Storage};
use crate::spelling::datetime::parse as parse_datetime;
use crate::spelling::missing::{self, Token};
use crate::spelling::number::{decimals_of, spelled};
use grid::FormatOf;
pub(crate) use kind::known_order;
use tally::Spellings;

/// Rows that a remark points at, at most.
const MAX_ROWS: usize = 5;

/// An inferred column.
#[derive(Debug, Clone)]
pub struct Inferred {
    /// What it is.
    pub field: Field,
    /// Its values, in the field's storage.
    pub array: ArrayRef,
    /// A remark for a person.
    pub remarks: Vec<Remark>,
}

/// A remark on a column, for a person. Never contains a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// In words.
    pub text: String,
    /// The first few rows it is about, from 0; may be empty.
    pub rows: Vec<usize>,
}

impl Remark {
    fn new(text: impl Into<String>, rows: Vec<usize>) -> Self {
        Self { text: text.into(), rows }
    }
}

/// Judges a column of text. Blanks around numbers, dates and missing tokens are ignored, in words they are kept.
/// Null is read as the empty cell. A column without a value becomes [`Kind::Empty`].
///
/// `decimal` is the decimal mark of the file the cells are from.
pub fn from_text(name: &str, cells: &StringArray, decimal: char) -> Inferred {
    from_cells(name, cells.len(), || cells.iter().map(|cell| (cell.unwrap_or(""), decimal)))
}

/// The same of cells that are gone through again and again, each with its decimal mark.
pub(crate) fn from_cells<'a, I>(name: &str, n_rows: usize, cells: impl Fn() -> I) -> Inferred
where
    I: Iterator<Item = (&'a str, char)>,
{
    let texts = || cells().map(|(cell, _)| cell);
    let mut values = vec![f64::NAN; n_rows];
    let mut format = FormatOf::new();
    let mut all_plain = true;
    let (mut n_numbers, mut n_always, mut n_among_numbers) = (0_usize, 0_usize, 0_usize);
    let mut odd_rows = Vec::new();
    let mut always = Spellings::default();
    for (row, (value, (cell, decimal))) in values.iter_mut().zip(cells()).enumerate() {
        let text = cell.trim();
        if let Some(spelled) = spelled(text, decimal) {
            *value = spelled.value;
            format.add(spelled);
            all_plain &= spelled.plain_whole;
            n_numbers += 1;
            continue;
        }
        match missing::token(text) {
            Token::Always => {
                always.add(text);
                n_always += 1;
            }
            Token::AmongNumbers => n_among_numbers += 1,
            Token::Value if odd_rows.len() < MAX_ROWS => odd_rows.push(row),
            Token::Value => {}
        }
    }
    let n_words = n_rows - n_numbers - n_always - n_among_numbers;
    let all_missing = || {
        let mut spellings = Spellings::default();
        texts().map(str::trim).filter(|text| missing::token(text) != Token::Value).for_each(|text| spellings.add(text));
        spellings.by_frequency()
    };

    if n_words == 0 && n_numbers > 0 {
        let missing = if n_among_numbers > 0 { all_missing() } else { always.by_frequency() };
        return of_numbers(name, values, format, all_plain, missing);
    }
    drop(values);

    let mut distinct = Distinct::default();
    let codes: Vec<Option<u32>> = texts()
        .map(|cell| match missing::token(cell.trim()) {
            Token::Always => None,
            _ => Some(distinct.code(cell)),
        })
        .collect();
    let is_constant = distinct.cells.len() == 1 && n_always == 0;
    let dates: Vec<&str> = distinct.cells.iter().map(|cell| cell.trim()).collect();
    let dates: Vec<&str> = dates.into_iter().filter(|cell| missing::token(cell) == Token::Value).collect();
    let verdict = if is_constant { datetime::Verdict::No } else { datetime::judge(&dates) };
    let mut remarks = Vec::new();
    match &verdict {
        datetime::Verdict::Format(format) => {
            let micros: Vec<Option<i64>> =
                distinct.cells.iter().map(|cell| parse_datetime(cell.trim(), format)).collect();
            let array: TimestampMicrosecondArray = codes.iter().map(|code| micros[(*code)? as usize]).collect();
            let missing = if n_among_numbers > 0 { all_missing() } else { always.by_frequency() };
            return of_dates(name, format.clone(), Arc::new(array), missing);
        }
        datetime::Verdict::Ambiguous => remarks.push(Remark::new(
            "looks like dates, but day, month or century is ambiguous: set `kind = \"datetime\"`, \
             `storage = \"timestamp\"` and `datetime` in the schema; read as text",
            Vec::new(),
        )),
        datetime::Verdict::Nearly(positions) => {
            let odd: Vec<&str> = positions.iter().map(|&i| dates[i]).collect();
            let odd: Vec<u32> =
                (0..).zip(&distinct.cells).filter(|(_, cell)| odd.contains(*cell)).map(|(i, _)| i).collect();
            let rows = (0..n_rows).filter(|&row| codes[row].is_some_and(|code| odd.contains(&code)));
            remarks.push(Remark::new("most cells are dates, but not all: read as text", rows.take(MAX_ROWS).collect()));
        }
        datetime::Verdict::No => {}
    }

    let n_present = n_rows - n_always;
    let (mut kind, order) = kind::of_words(name, &distinct.cells, n_present, n_always > 0);
    if kind == Kind::Identifier && verdict != datetime::Verdict::No {
        // A date has the regular shape of a code, but its digits cannot be drawn.
        kind = Kind::Text;
    }
    if n_numbers * 10 > n_present * 9 && kind != Kind::Identifier && kind != Kind::Constant {
        let count = n_present - n_numbers;
        remarks.push(Remark::new(format!("all cells but {count} are numbers: read as text"), odd_rows));
    } else if !distinct.cells.is_empty() && distinct.cells.iter().all(|cell| kind::is_money(cell)) {
        remarks.push(Remark::new(
            "numbers with symbols or thousands separators are read as text: remove these to have the column learnt as numbers",
            Vec::new(),
        ));
    }
    let mut field = Field::new(name, kind, Storage::Text);
    field.missing = always.by_frequency();
    field.order = order;
    let array: StringArray = codes.iter().map(|code| code.map(|code| distinct.cells[code as usize])).collect();
    Inferred { field, array: Arc::new(array), remarks }
}

/// Judges a column that has a type already: of a storage's own type, as Parquet and Arrow files give it. Text is
/// taken as words even where it spells numbers, and no text is taken for missing.
///
/// # Panics
/// If the array has the type of no [`Storage`].
pub fn from_array(name: &str, array: &ArrayRef) -> Inferred {
    let storages = [Storage::Integer, Storage::Float, Storage::Text, Storage::Boolean, Storage::Timestamp];
    let storage = storages.into_iter().find(|s| s.arrow_type() == *array.data_type()).expect("a storage's own type");
    let any_missing = array.null_count() > 0;
    let mut field = match storage {
        Storage::Integer => {
            let values: Vec<f64> =
                array.as_primitive::<Int64Type>().iter().map(|v| v.map_or(f64::NAN, |v| v as f64)).collect();
            number_field(name, storage, &values, 0, false)
        }
        Storage::Float => {
            let values: Vec<f64> = array.as_primitive::<Float64Type>().iter().map(|v| v.unwrap_or(f64::NAN)).collect();
            let decimals = values.iter().map(|&x| decimals_of(x)).max().unwrap_or(0).min(17) as u8;
            number_field(name, storage, &values, decimals, false)
        }
        Storage::Text => {
            let mut distinct = Distinct::default();
            array.as_string::<i32>().iter().flatten().for_each(|cell| _ = distinct.code(cell));
            let n_present = array.len() - array.null_count();
            let (kind, order) = kind::of_words(name, &distinct.cells, n_present, any_missing);
            Field { order, ..Field::new(name, kind, storage) }
        }
        Storage::Boolean => {
            let values = array.as_boolean();
            let kind = match (values.true_count(), values.false_count()) {
                (0, 0) => Kind::Empty,
                (0, _) | (_, 0) if !any_missing => Kind::Constant,
                _ => Kind::Boolean,
            };
            Field::new(name, kind, storage)
        }
        Storage::Timestamp => {
            let values = array.as_primitive::<TimestampMicrosecondType>();
            let all_multiples_of = |unit: i64| values.iter().flatten().all(|v| v % unit == 0);
            let format = match () {
                () if all_multiples_of(86_400_000_000) => "%Y-%m-%d",
                () if all_multiples_of(1_000_000) => "%Y-%m-%dT%H:%M:%S",
                () => "%Y-%m-%dT%H:%M:%S%.6f",
            };
            Field { datetime: Some(format.to_owned()), ..Field::new(name, Kind::Datetime, storage) }
        }
    };
    // What text files are to say of a missing value.
    if any_missing {
        field.missing = vec![String::new()];
    }
    Inferred { field, array: Arc::clone(array), remarks: Vec::new() }
}

fn number_field(name: &str, storage: Storage, values: &[f64], decimals: u8, padded: bool) -> Field {
    let mut field = Field::new(name, kind::of_numbers(name, values), storage);
    let step = grid::step(values, decimals);
    field.number = Some(crate::schema::NumberFormat { decimals, padded, at_least: 0, step });
    field
}

fn of_numbers(name: &str, values: Vec<f64>, format: FormatOf, all_plain: bool, missing: Vec<String>) -> Inferred {
    let present = |&x: &f64| (!x.is_nan()).then_some(x);
    let is_date = |x: f64| datetime::is_compact_date(x);
    if all_plain && kind::names_a_date(name) && values.iter().filter_map(present).all(is_date) {
        let format = "%Y%m%d";
        let micros = |x: f64| parse_datetime(&x.to_string(), format);
        let array: TimestampMicrosecondArray = values.iter().map(|x| present(x).and_then(micros)).collect();
        return of_dates(name, format.to_owned(), Arc::new(array), missing);
    }
    let format = format.finish(&values);
    let storage = if all_plain { Storage::Integer } else { Storage::Float };
    let mut field = Field::new(name, kind::of_numbers(name, &values), storage);
    field.number = Some(format);
    field.missing = missing;
    let array: ArrayRef = match storage {
        Storage::Integer => Arc::new(values.iter().map(|x| present(x).map(|x| x as i64)).collect::<Int64Array>()),
        _ => Arc::new(values.iter().map(present).collect::<Float64Array>()),
    };
    Inferred { field, array, remarks: Vec::new() }
}

fn of_dates(name: &str, format: String, array: ArrayRef, missing: Vec<String>) -> Inferred {
    let field = Field { datetime: Some(format), missing, ..Field::new(name, Kind::Datetime, Storage::Timestamp) };
    Inferred { field, array, remarks: Vec::new() }
}

/// The distinct cells of a column in the order of their first appearance.
#[derive(Debug, Default)]
struct Distinct<'a> {
    cells: Vec<&'a str>,
    /// Of each cell its position only: a column in which hardly a cell repeats must not take a multiple of itself.
    codes: HashTable<u32>,
    hasher: RandomState,
}

impl<'a> Distinct<'a> {
    fn code(&mut self, cell: &'a str) -> u32 {
        let hash = self.hasher.hash_one(cell);
        let Self { cells, codes, hasher } = self;
        let entry =
            codes.entry(hash, |&code| cells[code as usize] == cell, |&code| hasher.hash_one(cells[code as usize]));
        match entry {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                let code = cells.len() as u32;
                place.insert(code);
                cells.push(cell);
                code
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::NumberFormat;

    fn infer(name: &str, cells: &[&str]) -> Inferred {
        from_text(name, &StringArray::from(cells.to_vec()), '.')
    }

    #[test]
    fn columns_get_kind_and_storage() {
        let check = |cells: &[&str], kind, storage| {
            let inferred = infer("x", cells);
            assert_eq!((inferred.field.kind, inferred.field.storage), (kind, storage), "{cells:?}");
            assert_eq!(*inferred.array.data_type(), storage.arrow_type());
            assert_eq!(inferred.array.len(), cells.len());
        };
        check(&["1", "0", "1"], Kind::Boolean, Storage::Integer);
        check(&["1.0", "0.0", "?"], Kind::Boolean, Storage::Float);
        check(&["63.0", "41.5"], Kind::Continuous, Storage::Float);
        check(&["00123", "00124"], Kind::Categorical, Storage::Text);
        check(&["inf", "1"], Kind::Categorical, Storage::Text);
        check(&["12345678901234567890", "1"], Kind::Categorical, Storage::Text);
        check(&["2020-01-01", "NA"], Kind::Datetime, Storage::Timestamp);
        check(&["2020-01-01", "None"], Kind::Datetime, Storage::Timestamp);
        check(&["2020-01-01", "2020-01-01"], Kind::Constant, Storage::Text);
        check(&["", "NA"], Kind::Empty, Storage::Text);
        check(&["TRUE", "FALSE"], Kind::Boolean, Storage::Text);
        check(&[], Kind::Empty, Storage::Text);
        check(&["None", "None"], Kind::Constant, Storage::Text);
        check(&["1e5", "2.5e-3"], Kind::Continuous, Storage::Float);
    }

    #[test]
    fn none_and_minus_are_missing_among_numbers_and_levels_among_words() {
        let numbers = infer("x", &["1.5", "None", "-", "-", "2.5"]);
        assert_eq!(numbers.field.missing, ["-", "None"]);
        assert_eq!(numbers.array.null_count(), 3);
        let words = infer("x", &[">7", "None", "-", "Norm", ""]);
        assert_eq!(words.field.missing, [""]);
        assert_eq!(words.array.null_count(), 1);
    }

    #[test]
    fn the_number_format_is_that_of_the_cells() {
        let format = |cells: &[&str]| infer("x", cells).field.number.unwrap();
        assert_eq!(format(&["63.0", "41.5"]), NumberFormat { decimals: 1, padded: true, at_least: 0, step: 0.1 });
        assert_eq!(format(&["60.667", "75.0"]).at_least, 1);
        assert_eq!(format(&["60.667", "75.00"]).at_least, 0, "not even with zeros, not as short as can be: not kept");
        assert_eq!(format(&["60.667", "75"]), NumberFormat { decimals: 3, padded: false, at_least: 0, step: 0.001 });
        let fives: Vec<String> = (1..30).map(|i| (i * 5).to_string()).collect();
        let fives: Vec<&str> = fives.iter().map(String::as_str).collect();
        assert_eq!(format(&fives), NumberFormat { decimals: 0, padded: false, at_least: 0, step: 5.0 });
    }

    #[test]
    fn compact_dates_need_a_name() {
        let cells = ["20200131", "20200229"];
        assert_eq!(infer("visit_date", &cells).field.datetime.as_deref(), Some("%Y%m%d"));
        assert_eq!(infer("x", &cells).field.storage, Storage::Integer);
        assert_eq!(infer("visit_date", &["20200131", "20200230"]).field.storage, Storage::Integer);
    }

    #[test]
    fn odd_cells_are_pointed_at_and_not_shown() {
        let mut cells = vec!["1.25"; 50];
        cells[7] = "CANARY";
        let inferred = infer("x", &cells);
        assert_eq!(inferred.field.storage, Storage::Text);
        assert_eq!(inferred.remarks[0].rows, [7]);
        assert!(!inferred.remarks[0].text.contains("CANARY"));
    }

    #[test]
    fn ambiguous_dates_are_left_to_a_person() {
        let inferred = infer("visit", &["03/04/2005", "01/02/2003"]);
        assert_eq!(inferred.field.storage, Storage::Text);
        assert!(inferred.remarks[0].text.contains("datetime"));
    }

    #[test]
    fn typed_columns_are_judged_like_text() {
        let kind = |array: ArrayRef| from_array("x", &array).field.kind;
        assert_eq!(kind(Arc::new(Int64Array::from(vec![0, 1, 1]))), Kind::Boolean);
        assert_eq!(kind(Arc::new(Float64Array::from(vec![0.5, 1.0]))), Kind::Continuous);
        assert_eq!(kind(Arc::new(StringArray::from(vec!["NA", "b"]))), Kind::Categorical);
        assert_eq!(kind(Arc::new(arrow::array::BooleanArray::from(vec![true, true]))), Kind::Constant);
        let days: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![0, 86_400_000_000]));
        assert_eq!(from_array("x", &days).field.datetime.as_deref(), Some("%Y-%m-%d"));
    }
}
