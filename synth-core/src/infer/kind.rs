//! From names, counts and words to a [`Kind`].

use std::collections::HashSet;

use super::datetime;
use crate::identifier::IdentifierShape;
use crate::schema::Kind;

/// Whole numbers with at most this many distinct values are levels.
const MAX_NUMERIC_LEVELS: usize = 10;
/// Fewer values than this prove no identifier by being distinct.
const MIN_FOR_IDENTIFIER: usize = 20;

/// The kind of a column of numbers; NaN is missing.
pub(super) fn of_numbers(name: &str, values: &[f64]) -> Kind {
    let mut few: Vec<f64> = Vec::new();
    let (mut n, mut whole) = (0_usize, true);
    let (mut smallest, mut largest) = (f64::INFINITY, f64::NEG_INFINITY);
    for &x in values.iter().filter(|x| !x.is_nan()) {
        n += 1;
        whole &= x.fract() == 0.0;
        (smallest, largest) = (smallest.min(x), largest.max(x));
        if few.len() <= MAX_NUMERIC_LEVELS && !few.contains(&x) {
            few.push(x);
        }
    }
    match few.len() {
        0 => Kind::Empty,
        1 if n == values.len() => Kind::Constant,
        2 if whole => Kind::Boolean,
        1..=MAX_NUMERIC_LEVELS if whole => Kind::Ordinal,
        _ if !whole => Kind::Continuous,
        _ if is_identifier(name, values, n, largest - smallest) => Kind::Identifier,
        _ => Kind::Integer,
    }
}

/// Whether whole numbers name rows: by their column's name and how seldom they repeat, or because they count.
fn is_identifier(name: &str, values: &[f64], n: usize, span: f64) -> bool {
    let hint = hint_of(name);
    let counts = n >= MIN_FOR_IDENTIFIER && n == values.len() && span == n as f64 - 1.0;
    if hint == Hint::None && !counts {
        return false;
    }
    let distinct: HashSet<u64> = values.iter().filter(|x| !x.is_nan()).map(|x| x.to_bits()).collect();
    (counts && distinct.len() == n) || hint.is_enough(distinct.len(), n)
}

/// The kind of a column of text that is neither numbers nor dates, from its distinct cells, how many cells are not
/// missing, and whether any is missing. The second part is the order of an ordinal.
pub(super) fn of_words(name: &str, distinct: &[&str], n: usize, any_missing: bool) -> (Kind, Vec<String>) {
    if distinct.is_empty() {
        return (Kind::Empty, Vec::new());
    }
    if distinct.len() == 1 && !any_missing {
        return (Kind::Constant, Vec::new());
    }
    if are_boolean_words(distinct) {
        return (Kind::Boolean, Vec::new());
    }
    if let Some(order) = known_order(distinct) {
        return (Kind::Ordinal, order);
    }
    let share = distinct.len() as f64 / n as f64;
    if hint_of(name).is_enough(distinct.len(), n) {
        return (Kind::Identifier, Vec::new());
    }
    let no_code = |cell: &&str| is_money(cell);
    if n >= MIN_FOR_IDENTIFIER
        && share > 0.95
        && !distinct.iter().all(no_code)
        && !datetime::are_times_of_day(distinct)
        && has_digits(distinct)
        && IdentifierShape::common(distinct).is_some()
    {
        return (Kind::Identifier, Vec::new());
    }
    let words = distinct.iter().map(|cell| cell.split_whitespace().count()).sum::<usize>() as f64;
    let chars = distinct.iter().map(|cell| cell.len()).sum::<usize>() as f64;
    let (words, chars) = (words / distinct.len() as f64, chars / distinct.len() as f64);
    let long = words >= 4.0 || chars >= 40.0;
    if n >= MIN_FOR_IDENTIFIER && (share > 0.5 || (long && share > 0.1)) {
        return (Kind::Text, Vec::new());
    }
    (Kind::Categorical, Vec::new())
}

/// Whether a cell is an amount of money or a number with signs around it: `$1,234.50`, `12 %`.
pub(super) fn is_money(cell: &str) -> bool {
    let cell = cell.trim();
    let has_sign = cell.contains(['$', '€', '£', '%', ',']);
    let rest = cell.trim_matches(|c: char| c.is_whitespace() || "$€£%-()".contains(c));
    has_sign && !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit() || b == b',' || b == b'.' || b == b'\'')
}

fn has_digits(distinct: &[&str]) -> bool {
    distinct.iter().all(|cell| cell.bytes().any(|b| b.is_ascii_digit()))
}

/// What a column's name says about identifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hint {
    /// `id` alone, or the id of a person, a visit, a row.
    Entity,
    /// Something's id, number or key.
    Identifier,
    None,
}

impl Hint {
    /// A name is no proof: `admission_type_id` has eight levels. A person's id may repeat over many visits.
    fn is_enough(self, n_distinct: usize, n: usize) -> bool {
        let share = n_distinct as f64 / n as f64;
        match self {
            Hint::Entity => n_distinct > MAX_NUMERIC_LEVELS && (share > 0.5 || (n_distinct >= 100 && share > 0.05)),
            Hint::Identifier => n_distinct > MAX_NUMERIC_LEVELS && share > 0.5,
            Hint::None => false,
        }
    }
}

fn hint_of(name: &str) -> Hint {
    const ANYWHERE: [&str; 12] =
        ["id", "ids", "identifier", "mrn", "uuid", "guid", "ssn", "nhs", "sno", "rowid", "pid", "nbr"];
    const LAST: [&str; 6] = ["no", "nr", "number", "num", "key", "code"];
    const ENTITIES: [&str; 16] = [
        "patient",
        "subject",
        "person",
        "participant",
        "case",
        "record",
        "encounter",
        "hadm",
        "stay",
        "visit",
        "row",
        "sample",
        "member",
        "customer",
        "client",
        "passenger",
    ];
    let words = words_of(name);
    let last = words.last().map_or("", String::as_str);
    let is_entity = words.iter().any(|w| ENTITIES.contains(&w.as_str()));
    let anywhere = words.iter().any(|w| ANYWHERE.contains(&w.as_str()));
    // `no` alone is nitric oxide; `number_of_visits` counts.
    let at_end = LAST.contains(&last) && (words.len() > 1 || matches!(last, "number" | "key"));
    match (anywhere || at_end, is_entity || words.len() == 1) {
        (true, true) if anywhere => Hint::Entity,
        (true, _) => Hint::Identifier,
        (false, _) => Hint::None,
    }
}

/// The words of a name, in lower case: split at what is no letter or digit, and where capitals begin a word.
pub(super) fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let chars: Vec<char> = name.chars().collect();
    for (i, &c) in chars.iter().enumerate() {
        let after_lower = i > 0 && chars[i - 1].is_lowercase();
        let before_lower = i > 0 && chars[i - 1].is_uppercase() && chars.get(i + 1).is_some_and(|c| c.is_lowercase());
        if !c.is_alphanumeric() || (c.is_uppercase() && (after_lower || before_lower)) {
            words.push(String::new());
        }
        if c.is_alphanumeric() {
            words.last_mut().expect("there is a first word").extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a column's name speaks of a date.
pub(super) fn names_a_date(name: &str) -> bool {
    const DATES: [&str; 12] =
        ["date", "day", "dt", "dob", "datum", "birthday", "birth", "dod", "admit", "discharge", "dteday", "ymd"];
    words_of(name).iter().any(|word| DATES.contains(&word.as_str()) || word.ends_with("date"))
}

fn are_boolean_words(distinct: &[&str]) -> bool {
    const PAIRS: [[&str; 2]; 10] = [
        ["yes", "no"],
        ["y", "n"],
        ["true", "false"],
        ["t", "f"],
        ["ja", "nein"],
        ["j", "n"],
        ["oui", "non"],
        ["si", "no"],
        ["sí", "no"],
        ["on", "off"],
    ];
    let [a, b] = distinct else { return false };
    let (a, b) = (a.trim().to_lowercase(), b.trim().to_lowercase());
    PAIRS.iter().any(|[yes, no]| (a == *yes && b == *no) || (a == *no && b == *yes))
}

/// The levels in ascending order, if all of them are of one known scale, or intervals of numbers.
pub(crate) fn known_order(distinct: &[&str]) -> Option<Vec<String>> {
    const SCALES: [&[&str]; 17] = [
        &["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"],
        &["very low", "low", "medium", "high", "very high"],
        &["very low", "low", "moderate", "high", "very high"],
        &["low", "normal", "high", "very high"],
        &["normal", "above normal", "well above normal"],
        &["none", "very mild", "mild", "moderate", "severe", "very severe"],
        &["absent", "mild", "moderate", "severe"],
        &["never", "former", "current"],
        &["never", "rarely", "sometimes", "often", "always"],
        &["strongly disagree", "disagree", "neutral", "agree", "strongly agree"],
        &["strongly disagree", "disagree", "neither agree nor disagree", "agree", "strongly agree"],
        &["very poor", "poor", "fair", "good", "very good", "excellent"],
        &["bad", "fair", "good", "very good", "excellent"],
        &["small", "medium", "large"],
        &["underweight", "normal", "overweight", "obese"],
        &["primary", "secondary", "tertiary"],
        &["negative", "weakly positive", "positive", "strongly positive"],
    ];
    if !(3..=30).contains(&distinct.len()) {
        return None;
    }
    let by = |rank: &dyn Fn(&str) -> Option<f64>| {
        let mut ranked: Vec<(f64, &str)> = distinct.iter().map(|d| Some((rank(d)?, *d))).collect::<Option<_>>()?;
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
        Some(ranked.into_iter().map(|(_, level)| level.to_owned()).collect::<Vec<_>>())
    };
    let in_scale = |scale: &[&str], level: &str| {
        let level = level.trim().to_lowercase();
        scale.iter().position(|s| *s == level).map(|i| i as f64)
    };
    SCALES.iter().find_map(|scale| by(&|level| in_scale(scale, level))).or_else(|| by(&interval_start))
}

/// Where an interval of numbers starts: `[70-80)`, `18-24`, `<30`, `>=90`, `65+`.
fn interval_start(level: &str) -> Option<f64> {
    let inner = level.trim().trim_matches(|c| "[]()".contains(c));
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|x| x.is_finite() && *x >= 0.0);
    if let Some(end) = inner.strip_prefix("<=").or_else(|| inner.strip_prefix('<')) {
        return number(end).map(|_| f64::NEG_INFINITY);
    }
    if let Some(start) = inner.strip_prefix(">=").or_else(|| inner.strip_prefix('>')) {
        return number(start).map(|x| x + 1e-9);
    }
    if let Some(start) = inner.strip_suffix('+') {
        return number(start);
    }
    let (start, end) = inner.split_once('-')?;
    let (start, end) = (number(start)?, number(end)?);
    (start < end).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_whole_values_are_levels() {
        let check = |values: &[f64], expected| assert_eq!(of_numbers("x", values), expected, "{values:?}");
        check(&[0.0, 1.0, 1.0], Kind::Boolean);
        check(&[1.0, 2.0, f64::NAN], Kind::Boolean);
        check(&[3.0, 1.0, 2.0], Kind::Ordinal);
        check(&[3.0, 3.0], Kind::Constant);
        check(&[3.0, f64::NAN], Kind::Ordinal);
        check(&[f64::NAN], Kind::Empty);
        check(&[0.5, 1.0], Kind::Continuous);
        let eleven: Vec<f64> = (0..11).map(f64::from).collect();
        check(&eleven, Kind::Integer);
        check(&eleven[..10], Kind::Ordinal);
    }

    #[test]
    fn identifiers_need_a_name_or_a_count() {
        let spread: Vec<f64> = (0..200).map(|i| f64::from(i * 37)).collect();
        let repeated: Vec<f64> = (0..200).map(|i| f64::from(i % 30)).collect();
        let counted: Vec<f64> = (1..=200).map(f64::from).collect();
        for name in ["id", "ID", "patient_nbr", "PassengerId", "encounter_id", "sno", "mrn", "record no", "id_patient"]
        {
            assert_eq!(of_numbers(name, &spread), Kind::Identifier, "{name}");
            assert_eq!(of_numbers(name, &repeated), Kind::Integer, "{name}");
        }
        for name in ["age", "NO", "number_of_steps", "idle", "hidden", "NO2(GT)"] {
            assert_eq!(of_numbers(name, &spread), Kind::Integer, "{name}");
        }
        assert_eq!(of_numbers("instant", &counted), Kind::Identifier);
    }

    #[test]
    fn a_persons_id_may_repeat() {
        let visits: Vec<f64> = (0..2000).map(|i| f64::from(i / 7)).collect();
        assert_eq!(of_numbers("id", &visits), Kind::Identifier);
        assert_eq!(of_numbers("id_lab", &visits), Kind::Integer);
    }

    #[test]
    fn words_have_kinds() {
        let check =
            |distinct: &[&str], n, expected| assert_eq!(of_words("x", distinct, n, false).0, expected, "{distinct:?}");
        check(&["Yes", "No"], 10, Kind::Boolean);
        check(&["ja", "nein"], 10, Kind::Boolean);
        check(&["male", "female"], 10, Kind::Categorical);
        check(&["yes", "no", "maybe"], 10, Kind::Categorical);
        check(&["a"], 10, Kind::Constant);
        check(&[], 10, Kind::Empty);
        let codes: Vec<String> = (0..30).map(|i| format!("MRN-{:05}", i * i * 37)).collect();
        let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
        check(&codes, 30, Kind::Identifier);
        check(&codes, 300, Kind::Categorical);
        let money: Vec<String> = (0..30).map(|i| format!("${}.50", 100 + i)).collect();
        let money: Vec<&str> = money.iter().map(String::as_str).collect();
        check(&money, 30, Kind::Text);
        let names: Vec<String> = (0..30).map(|i| format!("Name{} of somebody", "x".repeat(i))).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        check(&names, 30, Kind::Text);
    }

    #[test]
    fn known_scales_are_put_in_order() {
        let check = |distinct: &[&str], expected: &[&str]| {
            let (kind, order) = of_words("x", distinct, 100, false);
            assert_eq!(
                (kind, order.as_slice()),
                (Kind::Ordinal, &expected.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()[..])
            );
        };
        check(&["III", "I", "II"], &["I", "II", "III"]);
        check(&["High", "Low", "Medium"], &["Low", "Medium", "High"]);
        check(&["severe", "mild", "moderate"], &["mild", "moderate", "severe"]);
        check(&["[70-80)", "[0-10)", "[10-20)", ">200"], &["[0-10)", "[10-20)", "[70-80)", ">200"]);
        check(&["65+", "18-24", "<18"], &["<18", "18-24", "65+"]);
    }
}
