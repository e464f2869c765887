//! Names of persons, by lists of given and family names.
//!
//! The lists are those of the crate `fake` (MIT or Apache-2.0) in English, French, German and Portuguese, some 6,000
//! names without accents and capitals. A name that is on none of them is not known, so that a column of names is told
//! by a third of its cells. Family names alone are the weakest: many are words.

use std::collections::HashSet;
use std::sync::LazyLock;

use fake::locales::{DE_DE, Data, EN, FR_FR, PT_BR};
use regex::Regex;

use super::finding::{Identifier, Treatment};
use super::fold::fold;
use super::test::{Detector, Mention, Test, regex};
use synth_core::protect::FakeKind;

pub(super) const DETECTOR: Detector = Detector { tests: TESTS, mentions: MENTIONS };

const TESTS: &[Test] = &[
    Test::new(Identifier::Name, Treatment::Fake(FakeKind::Name), is_full_name).alone(0.3, 3, 0.85),
    Test::new(Identifier::Name, Treatment::Fake(FakeKind::FirstName), is_given_name).alone(0.6, 10, 0.75),
    Test::new(Identifier::Name, Treatment::Fake(FakeKind::LastName), is_family_name).alone(0.5, 15, 0.6),
];

const MENTIONS: &[Mention] = &[
    Mention::new(Identifier::Name, mentions_titled_name, 0.85),
    Mention::new(Identifier::Name, mentions_full_name, 0.7).in_prose(),
];

static GIVEN: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let lists = [EN::NAME_FIRST_NAME, FR_FR::NAME_FIRST_NAME, DE_DE::NAME_FIRST_NAME, PT_BR::NAME_FIRST_NAME];
    // Common given names that are on none of the lists.
    let more =
        ["mary", "john", "james", "linda", "sarah", "hans", "maria", "jose", "luis", "giulia", "giuseppe", "marco"];
    lists.iter().flat_map(|list| list.iter()).map(|name| fold(name)).chain(more.map(str::to_owned)).collect()
});

static FAMILY: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let lists = [EN::NAME_LAST_NAME, FR_FR::NAME_LAST_NAME, DE_DE::NAME_LAST_NAME, PT_BR::NAME_LAST_NAME];
    let more = [
        "garcia", "lopez", "martinez", "rossi", "russo", "ferrari", "bianchi", "nguyen", "lee", "chen", "wang",
        "patel", "khan", "kim",
    ];
    lists.iter().flat_map(|list| list.iter()).map(|name| fold(name)).chain(more.map(str::to_owned)).collect()
});

const TITLES: [&str; 28] = [
    "mr", "mrs", "ms", "miss", "dr", "prof", "sir", "rev", "master", "herr", "frau", "m", "mme", "mlle", "monsieur",
    "madame", "sr", "sra", "srta", "don", "dona", "sig", "sigra", "signor", "signora", "dott", "med", "capt",
];

const SUFFIXES: [&str; 9] = ["jr", "sr", "ii", "iii", "iv", "md", "phd", "esq", "rn"];

const PARTICLES: [&str; 15] =
    ["von", "van", "de", "der", "den", "la", "le", "du", "da", "dos", "di", "del", "della", "zu", "y"];

/// A given and a family name in either order, with titles, initials and particles; at least one of them is known.
pub(super) fn is_full_name(cell: &str) -> bool {
    static TITLED: LazyLock<Regex> =
        regex!(r"^[\p{Lu}][\p{L}' -]+, (?:Mr|Mrs|Ms|Miss|Dr|Master|Rev|Prof|Sir|Herr|Frau|Mme|Mlle)\.? \p{Lu}");
    if !(4..=80).contains(&cell.len())
        || cell.bytes().any(|b| b.is_ascii_digit())
        || !cell.contains([' ', ',', '.', '_'])
    {
        return false;
    }
    if TITLED.is_match(cell) {
        return true;
    }
    // What stands in brackets or quotes is another name.
    let plain = cell.split(['(', '"', '[']).next().unwrap_or(cell);
    let with_comma = plain.contains(',');
    let mut words: Vec<&str> = plain.split([' ', ',', '_', '.']).filter(|word| !word.is_empty()).collect();
    let folded = |word: &str| fold(word);
    while words.first().is_some_and(|word| words.len() > 1 && TITLES.contains(&folded(word).as_str())) {
        words.remove(0);
    }
    while words.last().is_some_and(|word| SUFFIXES.contains(&folded(word).as_str())) {
        words.pop();
    }
    let particle = |word: &&str| PARTICLES.contains(&folded(word).as_str());
    let names: Vec<String> = words.iter().filter(|word| !particle(word)).map(|word| folded(word)).collect();
    if !(2..=5).contains(&names.len()) || names.iter().all(|name| name.chars().count() == 1) {
        return false;
    }
    let letters = |name: &String| name.chars().all(|c| c.is_alphabetic() || c == '-' || c == '\'');
    if !names.iter().all(letters) {
        return false;
    }
    let capital = |word: &&str| word.chars().next().is_some_and(char::is_uppercase);
    let capitals = words.iter().filter(|word| !particle(word)).all(capital);
    let lower = words.iter().all(|word| !capital(word));
    let is_given = |name: &String| parts(name).any(|part| GIVEN.contains(part));
    let is_family = |name: &String| parts(name).any(|part| FAMILY.contains(part));
    let n = names.len();
    let (first, last) = if with_comma { (&names[1..], &names[..1]) } else { (&names[..n - 1], &names[n - 1..]) };
    let (given, family) = (first.iter().any(is_given), last.iter().any(is_family));
    let swapped = is_family(&names[0]) && is_given(&names[n - 1]);
    // Without capitals only two known names are one.
    (given && family) || swapped || (given && capitals && !lower)
}

fn parts(name: &str) -> impl Iterator<Item = &str> {
    std::iter::once(name).chain(name.split('-').filter(move |part| part.len() != name.len()))
}

pub(super) fn is_given_name(cell: &str) -> bool {
    single(cell).is_some_and(|name| parts(&name).any(|part| GIVEN.contains(part)))
}

pub(super) fn is_family_name(cell: &str) -> bool {
    single(cell).is_some_and(|name| parts(&name).any(|part| FAMILY.contains(part)))
}

fn single(cell: &str) -> Option<String> {
    let cell = cell.trim_end_matches('.');
    let letters = cell.chars().all(|c| c.is_alphabetic() || c == '-' || c == '\'');
    (cell.chars().count() >= 2 && letters).then(|| fold(cell))
}

/// A title with a capitalised word behind it.
fn mentions_titled_name(cell: &str) -> bool {
    static TITLED: LazyLock<Regex> = regex!(
        r"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Herrn?|Frau|Mme|Mlle|Monsieur|Madame|Sig|Sig\.ra|Signor|Signora|Sr|Sra|Señor|Señora|Dott)\b\.?(?: med\.?)? \p{Lu}\p{Ll}{2,}"
    );
    TITLED.is_match(cell)
}

/// Two capitalised words in a row, the first a known given name and the second a known family name.
fn mentions_full_name(cell: &str) -> bool {
    let words: Vec<&str> = cell.split(|c: char| c.is_whitespace() || ",;:()\".".contains(c)).collect();
    let capital = |word: &str| word.chars().next().is_some_and(char::is_uppercase);
    words
        .windows(2)
        .any(|pair| capital(pair[0]) && capital(pair[1]) && is_given_name(pair[0]) && is_family_name(pair[1]))
}

#[cfg(test)]
mod tests {
    use super::super::test::check;
    use super::*;

    #[test]
    fn names_in_odd_spellings() {
        check(
            is_full_name,
            &[
                "John Smith",
                "SMITH, JOHN",
                "Smith, John A.",
                "Dr. Anna-Maria Müller",
                "Braund, Mr. Owen Harris",
                "john smith",
                "Jean-Pierre Dupont",
                "Hans von der Heide",
                "Mary O'Connell",
                "Ｊｏｈｎ Ｓｍｉｔｈ",
                "Heikkinen, Miss. Laina",
                "John_Smith",
                "J. Smith, John",
            ],
            &[
                "John",
                "Lung Cancer",
                "HOME HEALTH CARE",
                "Emergency Room",
                "type two",
                "United States",
                "Adm-clerical",
                "Never married",
                "no dnr",
                "1 John Smith",
                "A B",
                "Returning_Visitor",
                "formerly smoked",
                "Bone marrow",
            ],
        );
        check(
            is_given_name,
            &["John", "ANNA", "Jean-Pierre", "Zoë", "Jürgen"],
            &["Male", "female", "Yes", "HBACK", "x", "Cancer", "Other"],
        );
        check(
            is_family_name,
            &["Smith", "MÜLLER", "O'Connell", "Dupont"],
            &["Bachelors", "Caucasian", "Emergency", "12"],
        );
    }

    #[test]
    fn names_among_words() {
        check(
            mentions_titled_name,
            &["seen by Dr. Miller today", "Frau Keller klagt", "Mr Smith's wife"],
            &["Dr visit", "the Mr", "MS treated", "Miss a dose", "Mr. X"],
        );
        check(
            mentions_full_name,
            &["then John Smith came", "wife: Mary Johnson"],
            &["Lung Cancer found", "john smith", "The Heart Failure"],
        );
    }
}
