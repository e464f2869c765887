//! From the name and the cells of one column to its findings.
//!
//! At most one identifier explains a column as a whole: the one its name says if the cells agree, else the test that
//! most cells pass, else the name alone. What stands among words in the other cells is found besides.

use synth_core::Kind;

use super::column::{Column, Hits};
use super::dictionary::{Form, Meaning};
use super::finding::{Basis, Confidence, Finding, Identifier, Sensitive, SpecialCategory, Treatment};
use super::places::ZipColumn;
use super::test::{Detector, Test};
use super::text::Prose;
use super::{dates, devices, name, network, numbers, persons, places, special, text};
use synth_core::protect::FakeKind;

/// All detectors; of two tests that the same cells pass, the one that is more particular comes first.
const DETECTORS: [Detector; 7] = [
    network::DETECTOR,
    text::DETECTOR,
    numbers::DETECTOR,
    devices::DETECTOR,
    dates::DETECTOR,
    places::DETECTOR,
    persons::DETECTOR,
];

/// Confidence in a name that the cells neither confirm nor contradict.
const BY_NAME: f64 = 0.7;
/// Confidence in a name that the cells confirm.
const BY_BOTH: f64 = 0.99;

/// What less than so many of its cells pass does not explain a column.
const HALF: f64 = 0.5;

/// The findings on a column, by kind; none if it has no cell.
pub(super) fn findings(column: &Column<'_>, year: i32) -> Vec<Finding> {
    if column.n == 0 {
        return Vec::new();
    }
    let meanings = name::meanings(&column.field.name);
    let mut findings = Findings { column, list: Vec::new() };

    let explained = whole(column, &meanings, year, &mut findings);
    let prose = text::prose(column, column.field.kind == Kind::Text);
    if explained.is_none_or(|explained| explained.share < HALF) {
        match prose {
            Prose::Codes => {
                findings.add(Sensitive::Identifier(Identifier::Other), 1.0, Basis::Content, 0.8, Treatment::Regenerate)
            }
            Prose::Free => {
                let basis = if meanings.contains(&Meaning::Text) { Basis::Both } else { Basis::Content };
                findings.add(Sensitive::FreeText, 1.0, basis, 0.9, Treatment::Suppress);
            }
            Prose::No if meanings.contains(&Meaning::Text) && has_words(column) && column.n_distinct() > 2 => {
                findings.add(Sensitive::FreeText, 1.0, Basis::Name, BY_NAME, Treatment::Suppress);
            }
            Prose::No => {}
        }
    }
    if column.is_text() {
        mentioned(column, explained, prose == Prose::Free, &mut findings);
    }
    ages_and_levels(column, &meanings, explained.is_some(), year, &mut findings);
    findings.sorted()
}

/// Findings in the making.
struct Findings<'a> {
    column: &'a Column<'a>,
    list: Vec<Finding>,
}

impl Findings<'_> {
    /// Adds a finding, or makes one of the same kind and treatment surer.
    fn add(&mut self, kind: Sensitive, share: f64, basis: Basis, degree: f64, treatment: Treatment) {
        let column = self.column.field.name.clone();
        let found = Finding { column, kind, share, confidence: Confidence { basis, degree }, treatment };
        match self.list.iter_mut().find(|other| other.kind == kind && other.treatment == treatment) {
            Some(other) if other.confidence.degree < degree => *other = found,
            Some(_) => {}
            None => self.list.push(found),
        }
    }

    fn sorted(mut self) -> Vec<Finding> {
        self.list.sort_by(|a, b| a.kind.cmp(&b.kind).then(b.treatment.cmp(&a.treatment)));
        self.list
    }
}

/// What explains the column as a whole, if anything does: the identifier, and the test if it was one.
#[derive(Clone, Copy)]
struct Explained {
    identifier: Identifier,
    /// The share of the cells that are explained.
    share: f64,
    test: Option<Test>,
}

fn whole(column: &Column<'_>, meanings: &[Meaning], year: i32, findings: &mut Findings<'_>) -> Option<Explained> {
    if let Some(explained) = dated(column, meanings, year, findings) {
        return Some(explained);
    }
    if let Some(explained) = placed(column, meanings, findings) {
        return Some(explained);
    }
    let tests = DETECTORS.iter().flat_map(|detector| detector.tests);
    let passed: Vec<(&Test, Hits)> = tests
        .filter(|test| column.is_text() || test.on_numbers)
        .map(|test| (test, column.count(test.accepts)))
        .filter(|(_, hits)| hits.rows > 0)
        .collect();

    // The name, confirmed by a tenth of the cells or by what would be enough without it.
    let named = meanings.iter().find_map(|meaning| match meaning {
        Meaning::Is(identifier, treatment, form) => Some((*identifier, *treatment, *form)),
        _ => None,
    });
    if let Some((identifier, treatment, form)) = named {
        let best = passed
            .iter()
            .filter(|(test, hits)| {
                confirms(test, identifier, treatment) && (hits.share() >= 0.1 || is_enough(test, *hits))
            })
            .max_by(|a, b| a.1.rows.cmp(&b.1.rows));
        if let Some((test, hits)) = best {
            // A name says which name it is, and which address; a test says which version of it.
            let treatment = if identifier == Identifier::IpAddress { test.treatment } else { treatment };
            findings.add(Sensitive::Identifier(identifier), hits.share(), Basis::Both, BY_BOTH, treatment);
            return Some(Explained { identifier, share: hits.share(), test: Some(**test) });
        }
        // Cells that are clearly something else overrule a name.
        let other = strongest(&passed).filter(|(_, hits)| hits.share() >= HALF);
        if other.is_none() && fits(column, form) {
            findings.add(Sensitive::Identifier(identifier), 1.0, Basis::Name, BY_NAME, treatment);
            return Some(Explained { identifier, share: 1.0, test: None });
        }
    }
    if let Some((test, hits)) = strongest(&passed) {
        let degree = test.alone.map_or(0.0, |alone| alone.degree);
        // A few identifiers among other cells: made-up ones in all cells would be worse than none.
        let treatment = if hits.share() < HALF { test.treatment.max(Treatment::Suppress) } else { test.treatment };
        findings.add(Sensitive::Identifier(test.identifier), hits.share(), Basis::Content, degree, treatment);
        return Some(Explained { identifier: test.identifier, share: hits.share(), test: Some(*test) });
    }
    if column.field.kind == Kind::Identifier {
        let other = Identifier::Other;
        findings.add(Sensitive::Identifier(other), 1.0, Basis::Content, 0.9, Treatment::Regenerate);
        return Some(Explained { identifier: other, share: 1.0, test: None });
    }
    None
}

/// Whether the cells that pass `test` confirm a name that means `identifier`.
fn confirms(test: &Test, identifier: Identifier, treatment: Treatment) -> bool {
    let same = test.identifier == identifier;
    match (identifier, treatment) {
        // A fax has the numbers of a telephone.
        (Identifier::Fax, _) => test.identifier == Identifier::Telephone,
        (Identifier::Device, Treatment::Fake(FakeKind::Mac)) => same && test.treatment == treatment,
        (Identifier::Name, Treatment::Fake(FakeKind::Company)) => false,
        (Identifier::Geography, Treatment::Fake(FakeKind::City | FakeKind::County)) => false,
        _ => same,
    }
}

fn is_enough(test: &Test, hits: Hits) -> bool {
    test.alone.is_some_and(|alone| {
        // In a small table all cells are enough.
        hits.share() >= alone.share
            && (hits.distinct >= alone.distinct || (hits.share() == 1.0 && hits.distinct >= 3 && alone.distinct <= 5))
    })
}

/// The test that stands alone and that most cells pass; of several the first.
fn strongest<'a>(passed: &[(&'a Test, Hits)]) -> Option<(&'a Test, Hits)> {
    let mut best: Option<(&Test, Hits)> = None;
    for (test, hits) in passed.iter().filter(|(test, hits)| is_enough(test, *hits)) {
        if best.is_none_or(|(_, most)| hits.rows > most.rows) {
            best = Some((test, *hits));
        }
    }
    best
}

/// Whether the cells may be what a name says that no test can confirm.
fn fits(column: &Column<'_>, form: Form) -> bool {
    let kind = column.field.kind;
    let whole_numbers = column.numbers.iter().all(|x| x.fract() == 0.0);
    match form {
        Form::Words => has_words(column) && kind != Kind::Boolean,
        Form::Digits => column.count(numbers::has_phone_digits).share() >= 0.5 && column.n_distinct() > 2,
        // Ten levels in a hundred rows are classes and no codes.
        Form::Codes => {
            whole_numbers && column.n_distinct() > 2 && (column.n_distinct() > 10 || column.distinct_share() > 0.3)
        }
        Form::Unique => whole_numbers && column.n_distinct() > 2 && column.distinct_share() > 0.5,
    }
}

/// Text most of whose cells have letters.
fn has_words(column: &Column<'_>) -> bool {
    let letters = |cell: &str| cell.chars().filter(|c| c.is_alphabetic()).count() >= 2;
    column.is_text() && column.count(letters).share() >= 0.5
}

/// Dates and their parts.
fn dated(column: &Column<'_>, meanings: &[Meaning], year: i32, findings: &mut Findings<'_>) -> Option<Explained> {
    let date = Sensitive::Identifier(Identifier::Date);
    let born = meanings.contains(&Meaning::BirthDate);
    let named = born || meanings.contains(&Meaning::Date);
    let explained = Explained { identifier: Identifier::Date, share: 1.0, test: None };
    let basis = if named { Basis::Both } else { Basis::Content };
    if column.field.kind == Kind::Datetime || column.field.storage == synth_core::schema::Storage::Timestamp {
        if born {
            let old = dates::share_of_dates_before(column, year);
            if old > 0.0 {
                findings.add(date, old, Basis::Both, BY_BOTH, Treatment::TopCode);
            }
        }
        if dates::are_years(column) {
            return born.then_some(explained);
        }
        findings.add(date, 1.0, basis, BY_BOTH, Treatment::YearOnly);
        return Some(explained);
    }
    if named && !column.is_text() && dates::are_coded_dates(column) {
        findings.add(date, 1.0, Basis::Both, 0.95, Treatment::YearOnly);
        return Some(explained);
    }
    if named && column.is_text() {
        let spelled = column.count(|cell| dates::is_date(cell) || dates::is_compact_date(cell));
        if spelled.share() >= 0.05 {
            let treatment = if spelled.share() < HALF { Treatment::Suppress } else { Treatment::YearOnly };
            findings.add(date, spelled.share(), Basis::Both, BY_BOTH, treatment);
            return Some(Explained { share: spelled.share(), ..explained });
        }
    }
    let month = meanings.contains(&Meaning::Month) && dates::are_months(column);
    if month || meanings.contains(&Meaning::Day) && dates::are_days_of_the_month(column) {
        // It has no year to be cut down to.
        findings.add(date, 1.0, Basis::Both, 0.8, Treatment::Remove);
        return Some(explained);
    }
    None
}

/// Postal codes and coordinates, which a name has to tell.
fn placed(column: &Column<'_>, meanings: &[Meaning], findings: &mut Findings<'_>) -> Option<Explained> {
    let place = Sensitive::Identifier(Identifier::Geography);
    let explained = Explained { identifier: Identifier::Geography, share: 1.0, test: None };
    if meanings.contains(&Meaning::Zip) {
        match places::zip_column(column) {
            ZipColumn::Whole(share) => findings.add(place, share, Basis::Both, BY_BOTH, Treatment::ZipPrefix),
            ZipColumn::Prefix(share) if share > 0.0 => {
                findings.add(place, share, Basis::Both, BY_BOTH, Treatment::ZipPrefix);
            }
            ZipColumn::Prefix(_) => {
                findings.add(Sensitive::QuasiIdentifier, 1.0, Basis::Both, 0.9, Treatment::Keep);
            }
            ZipColumn::Foreign => {
                findings.add(place, 1.0, Basis::Name, BY_NAME, Treatment::Fake(FakeKind::Postcode));
            }
            ZipColumn::No => return None,
        }
        return Some(explained);
    }
    if meanings.contains(&Meaning::Coordinate) && places::is_fine_coordinate(column) {
        findings.add(place, 1.0, Basis::Both, BY_BOTH, Treatment::Remove);
        return Some(explained);
    }
    None
}

/// What stands among words in the cells that the column's own kind does not explain.
fn mentioned(column: &Column<'_>, explained: Option<Explained>, prose: bool, findings: &mut Findings<'_>) {
    for mention in DETECTORS.iter().flat_map(|detector| detector.mentions) {
        if mention.in_prose_only && !prose {
            continue;
        }
        let by_name_alone =
            explained.is_some_and(|explained| explained.test.is_none() && explained.identifier == mention.identifier);
        if by_name_alone {
            continue;
        }
        let own = |cell: &str| explained.and_then(|explained| explained.test).is_some_and(|test| (test.accepts)(cell));
        // Dates explain themselves without a test.
        let own_date = |cell: &str| {
            explained.is_some_and(|explained| explained.identifier == Identifier::Date) && dates::is_date(cell)
        };
        let hits = column.count(|cell| (mention.accepts)(cell) && !own(cell) && !own_date(cell));
        if hits.rows > 0 {
            let kind = Sensitive::Identifier(mention.identifier);
            findings.add(kind, hits.share(), Basis::Content, mention.degree, Treatment::Suppress);
        }
    }
}

/// Ages, years of birth, special categories and quasi-identifiers: by name, else by their levels.
fn ages_and_levels(column: &Column<'_>, meanings: &[Meaning], explained: bool, year: i32, findings: &mut Findings<'_>) {
    let date = Sensitive::Identifier(Identifier::Date);
    let quasi = Sensitive::QuasiIdentifier;
    let levels = if explained { None } else { special::by_levels(column) };
    if let Some((meaning, share)) = levels {
        let named = meanings.contains(&meaning);
        let (basis, degree) = if named { (Basis::Both, BY_BOTH) } else { (Basis::Content, 0.8) };
        match meaning {
            Meaning::Special(category) => {
                findings.add(Sensitive::SpecialCategory(category), share, basis, degree, Treatment::Keep)
            }
            _ => findings.add(quasi, share, basis, degree, Treatment::Keep),
        }
    }
    for meaning in meanings {
        match meaning {
            Meaning::Age if is_measured(column) => {
                let old = dates::share_over_89(column);
                if old > 0.0 {
                    findings.add(date, old, Basis::Both, BY_BOTH, Treatment::TopCode);
                }
                findings.add(quasi, 1.0, Basis::Name, 0.9, Treatment::Keep);
            }
            Meaning::BirthYear => {
                let old = dates::share_born_before(column, year);
                if old > 0.0 {
                    findings.add(date, old, Basis::Both, BY_BOTH, Treatment::TopCode);
                }
                findings.add(quasi, 1.0, Basis::Name, 0.9, Treatment::Keep);
            }
            Meaning::BirthDate => findings.add(quasi, 1.0, Basis::Name, 0.9, Treatment::Keep),
            Meaning::Quasi if !explained => findings.add(quasi, 1.0, Basis::Name, BY_NAME, Treatment::Keep),
            Meaning::Special(category) => {
                findings.add(Sensitive::SpecialCategory(*category), 1.0, Basis::Name, BY_NAME, Treatment::Keep);
            }
            _ => {}
        }
    }
    let health = Sensitive::SpecialCategory(SpecialCategory::Health);
    if special::names_a_medicine(&name::words_of(&column.field.name)) {
        findings.add(health, 1.0, Basis::Name, BY_NAME, Treatment::Keep);
    }
    if !explained && special::are_icd_10(column) {
        findings.add(health, 1.0, Basis::Content, 0.8, Treatment::Keep);
    }
}

/// Numbers, or text with digits: an age is one of these.
fn is_measured(column: &Column<'_>) -> bool {
    !column.is_text() || column.count(|cell| cell.bytes().any(|b| b.is_ascii_digit())).share() >= 0.5
}
