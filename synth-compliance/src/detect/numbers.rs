//! Numbers that stand for a person: telephone, social security, records, plans, accounts, licences.

use std::sync::LazyLock;

use regex::Regex;

use super::checksum;
use super::finding::{Identifier, Treatment};
use super::fold::digits;
use super::test::{Detector, Mention, Test, regex};
use synth_core::protect::FakeKind;

pub(super) const DETECTOR: Detector = Detector { tests: TESTS, mentions: MENTIONS };

const TESTS: &[Test] = &[
    Test::new(Identifier::SocialSecurity, Treatment::Regenerate, is_spelled_ssn).alone(0.02, 1, 0.95),
    Test::new(Identifier::SocialSecurity, Treatment::Regenerate, is_ahv).alone(0.02, 1, 0.99).on_numbers(),
    Test::new(Identifier::SocialSecurity, Treatment::Regenerate, is_codice_fiscale).alone(0.02, 1, 0.99),
    Test::new(Identifier::SocialSecurity, Treatment::Regenerate, is_nir).alone(0.5, 2, 0.95).on_numbers(),
    Test::new(Identifier::SocialSecurity, Treatment::Regenerate, is_dni).alone(0.5, 3, 0.95),
    // One in eleven by chance: nearly all have to pass.
    Test::new(Identifier::SocialSecurity, Treatment::Regenerate, is_nhs).alone(0.9, 4, 0.9).on_numbers(),
    Test::new(Identifier::Account, Treatment::Regenerate, is_iban).alone(0.02, 1, 0.99),
    Test::new(Identifier::Licence, Treatment::Regenerate, is_npi).alone(0.9, 4, 0.85).on_numbers(),
    Test::new(Identifier::Account, Treatment::Regenerate, is_card).alone(0.6, 4, 0.95).on_numbers(),
    Test::new(Identifier::Licence, Treatment::Regenerate, is_dea).alone(0.9, 4, 0.85),
    Test::new(Identifier::HealthPlan, Treatment::Regenerate, is_mbi).alone(0.5, 3, 0.9),
    Test::new(Identifier::MedicalRecord, Treatment::Regenerate, is_labelled_mrn).alone(0.02, 1, 0.9),
    Test::new(Identifier::Telephone, Treatment::Fake(FakeKind::Phone), is_phone).alone(0.1, 2, 0.9),
    // No check digit: only a whole column of different ones tells, and not surely.
    Test::new(Identifier::SocialSecurity, Treatment::Regenerate, is_bare_ssn).alone(0.97, 20, 0.5).on_numbers(),
];

const MENTIONS: &[Mention] = &[
    Mention::new(Identifier::SocialSecurity, mentions_ssn, 0.9),
    Mention::new(Identifier::Telephone, mentions_phone, 0.9),
    Mention::new(Identifier::Fax, mentions_fax, 0.9),
    Mention::new(Identifier::Account, mentions_account, 0.9),
    Mention::new(Identifier::MedicalRecord, is_labelled_mrn, 0.85),
];

/// Without the separators that people put between digits.
fn bare(cell: &str) -> String {
    cell.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '/' | '_' | '\'')).flat_map(char::to_uppercase).collect()
}

/// `219-09-9999`, `219 09 9999`, and the last four behind a mask.
pub(super) fn is_spelled_ssn(cell: &str) -> bool {
    static SSN: LazyLock<Regex> = regex!(r"^\d{3}(?: ?- ?|\.| )\d{2}(?: ?- ?|\.| )\d{4}$");
    static MASKED: LazyLock<Regex> = regex!(r"(?i)^[x*#]{3}-?[x*#]{2}-?\d{4}$");
    (8..=15).contains(&cell.len()) && (SSN.is_match(cell) && checksum::ssn(&digits(cell)) || MASKED.is_match(cell))
}

/// Nine digits that may be a social security number.
pub(super) fn is_bare_ssn(cell: &str) -> bool {
    checksum::ssn(cell)
}

fn mentions_ssn(cell: &str) -> bool {
    static SSN: LazyLock<Regex> = regex!(r"(?:^|[^\d-])(\d{3}-\d{2}-\d{4})(?:[^\d-]|$)");
    static LABELLED: LazyLock<Regex> =
        regex!(r"(?i)\b(?:ssn|social security(?: (?:no|number))?)\.?[ :#]{0,3}(?:is )?(\d{3}[- ]?\d{2}[- ]?\d{4})\b");
    static AHV: LazyLock<Regex> = regex!(r"\b756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}\b");
    let ssn = |found: regex::Captures<'_>| checksum::ssn(&digits(&found[1]));
    SSN.captures(cell).is_some_and(ssn)
        || LABELLED.captures(cell).is_some_and(ssn)
        || AHV.find(cell).is_some_and(|found| is_ahv(found.as_str()))
}

fn is_ahv(cell: &str) -> bool {
    (13..=16).contains(&cell.len()) && checksum::ahv(&bare(cell))
}

fn is_codice_fiscale(cell: &str) -> bool {
    (16..=20).contains(&cell.len()) && checksum::codice_fiscale(&bare(cell))
}

fn is_nir(cell: &str) -> bool {
    (15..=22).contains(&cell.len()) && checksum::nir(&bare(cell))
}

fn is_dni(cell: &str) -> bool {
    (9..=13).contains(&cell.len()) && checksum::dni(&bare(cell))
}

fn is_nhs(cell: &str) -> bool {
    (10..=12).contains(&cell.len()) && checksum::nhs(&bare(cell))
}

fn is_iban(cell: &str) -> bool {
    (15..=42).contains(&cell.len()) && checksum::iban(&bare(cell))
}

fn is_npi(cell: &str) -> bool {
    checksum::npi(cell)
}

fn is_dea(cell: &str) -> bool {
    checksum::dea(cell)
}

fn is_card(cell: &str) -> bool {
    let separated = cell.bytes().all(|b| b.is_ascii_digit() || b == b' ' || b == b'-');
    separated && (13..=23).contains(&cell.len()) && checksum::card(&digits(cell))
}

/// A Medicare beneficiary identifier: eleven signs, at fixed places letters without S, L, O, I, B and Z.
fn is_mbi(cell: &str) -> bool {
    static MBI: LazyLock<Regex> = regex!(
        r"(?i)^[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y\d]\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y\d]\d-?[AC-HJKMNP-RT-Y]{2}\d{2}$"
    );
    (11..=13).contains(&cell.len()) && MBI.is_match(cell)
}

/// A number with the label of a medical record before it.
fn is_labelled_mrn(cell: &str) -> bool {
    static MRN: LazyLock<Regex> = regex!(
        r"(?i)\b(?:mrn|medical record(?: (?:no|number))?|patient (?:id|no|number)|pat\.? ?nr|fall-?nr)\b\.?[ :#-]{0,3}[a-z]{0,3}-?\d{4,}"
    );
    MRN.is_match(cell)
}

/// A telephone number of any country, by its form: a plus or two noughts, or America's three groups, or a nought first
/// and separators.
pub(super) fn is_phone(cell: &str) -> bool {
    static EXTENSION: LazyLock<Regex> = regex!(r"(?i)\s*(?:x|ext\.?|extension|#|int\.?|dw)\s*\d{1,6}$");
    static LABEL: LazyLock<Regex> = regex!(r"(?i)^(?:tel|phone|fax|mobile|mob|cell|natel|t|f|m|p|h|w)?[.:]{0,2}\s*");
    static AMERICAN: LazyLock<Regex> = regex!(r"^(?:1[ .-]?)?(?:\(\d{3}\)[ .-]{0,2}|\d{3}[ .-])\d{3}[ .-]\d{4}$");
    if !(7..=40).contains(&cell.len()) {
        return false;
    }
    let cell = EXTENSION.replace(cell, "");
    let cell = LABEL.replace(&cell, "");
    let cell = cell.trim();
    let n_digits = cell.bytes().filter(u8::is_ascii_digit).count();
    let spelled = cell.bytes().all(|b| b.is_ascii_digit() || b" +().-/".contains(&b));
    if !spelled || !(7..=17).contains(&n_digits) {
        return false;
    }
    let separated = cell.bytes().any(|b| b" ()-/".contains(&b)) || cell.bytes().filter(|b| *b == b'.').count() >= 2;
    let foreign =
        (cell.starts_with('+') || cell.starts_with("(+")) && n_digits >= 8 || cell.starts_with("00") && n_digits >= 10;
    // Two dots or slashes between short groups are a date.
    let national = cell.trim_start_matches('(').starts_with('0')
        && separated
        && (9..=12).contains(&n_digits)
        && !super::dates::is_date(cell);
    foreign || national || AMERICAN.is_match(cell)
}

/// What a column that is called a telephone may hold without separators.
pub(super) fn has_phone_digits(cell: &str) -> bool {
    let n_digits = cell.bytes().filter(u8::is_ascii_digit).count();
    (6..=17).contains(&n_digits) && cell.chars().filter(|c| c.is_alphabetic()).count() <= 9
}

fn mentions_phone(cell: &str) -> bool {
    static FOREIGN: LazyLock<Regex> = regex!(r"\+\d{1,3}[ ./()-]{0,3}(?:\d[ ./()-]{0,3}){7,12}\b");
    static AMERICAN: LazyLock<Regex> =
        regex!(r"(?:^|[^\d.(-])(?:\(\d{3}\)[ .-]{0,2}|\d{3}[.-])\d{3}[ .-]\d{4}(?:[^\d-]|$)");
    static LABELLED: LazyLock<Regex> = regex!(
        r"(?i)\b(?:tel|phone|telephone|telefon|mobile|mobil|cell|natel|handy|call|pager)\.?(?: (?:no|nr|number|at|on|me at))?[.: ]{1,3}\(?\d[\d ()./-]{5,}\d"
    );
    if cell.bytes().filter(u8::is_ascii_digit).count() < 7 {
        return false;
    }
    FOREIGN.is_match(cell) || AMERICAN.is_match(cell) || LABELLED.is_match(cell)
}

fn mentions_fax(cell: &str) -> bool {
    static FAX: LazyLock<Regex> =
        regex!(r"(?i)\b(?:tele)?fax\.?(?: (?:no|nr|number))?[.: ]{1,3}[+(]?\d[\d ()./-]{5,}\d");
    FAX.is_match(cell)
}

fn mentions_account(cell: &str) -> bool {
    static IBAN: LazyLock<Regex> = regex!(r"\b[A-Z]{2}\d{2}(?: ?[A-Z\d]{4}){2,7}(?: ?[A-Z\d]{1,3})?\b");
    static CARD: LazyLock<Regex> = regex!(r"\b\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{4}\b");
    static LABELLED: LazyLock<Regex> = regex!(
        r"(?i)\b(?:account|acct|konto|iban|compte)\b\.?(?:[ -]?(?:no|nr|number|nummer))?\.?[ :#]{1,3}[A-Z]{0,2}\d{6,}"
    );
    if cell.bytes().filter(u8::is_ascii_digit).count() < 6 {
        return false;
    }
    IBAN.find_iter(cell).any(|found| is_iban(found.as_str()))
        || CARD.find_iter(cell).any(|found| is_card(found.as_str()))
        || LABELLED.is_match(cell)
}

#[cfg(test)]
mod tests {
    use super::super::test::check;
    use super::*;

    #[test]
    fn telephone_numbers_in_odd_spellings() {
        check(
            is_phone,
            &[
                "+41 (0)79 123 45 67",
                "(555) 123-4567",
                "555-123-4567",
                "555.123.4567",
                "1-800-555-0199",
                "+1 555 123 4567 x89",
                "0041 79 123 45 67",
                "079 123 45 67",
                "044/123 45 67",
                "Tel. 030-1234567",
                "+49(0)30/123456",
                "０７９　１２３ ４５ ６７",
                "(+44) 20 7946 0958",
                "+41791234567",
                "01 42 68 53 00",
                "(555)123-4567",
            ],
            &[
                "2020-01-02",
                "01.02.2020",
                "1234567890",
                "219-09-9999",
                "12/03/2004",
                "10.5",
                "-3",
                "18.00.00",
                "0.0312345678",
                "1,234,567",
                "",
                "+5",
                "120/80",
                "0",
                "00:15:30",
                "3.14.15",
            ],
        );
        check(
            mentions_phone,
            &[
                "call +41 79 123 45 67 at noon",
                "reach him at (555) 123-4567.",
                "phone: 5551234567",
                "Tel 044 123 45 67",
            ],
            &["bp 120/80, hr 72, on 2020-01-02", "dose +5 mg, 1234567", "ref 12-345-678-9", "doi 10.1056.123.4567"],
        );
        check(mentions_fax, &["Fax: 044 123 45 67", "by fax no. (555) 123-4567"], &["faxed on 3 May", "fax"]);
    }

    #[test]
    fn national_numbers_in_odd_spellings() {
        check(
            is_spelled_ssn,
            &[
                "219-09-9999",
                "219 09 9999",
                "219\u{2013}09\u{2013}9999",
                "２１９-09-9999",
                "xxx-xx-9999",
                "***-**-1234",
            ],
            &["000-12-3456", "666-12-3456", "912-12-3456", "219-00-9999", "219-09-0000", "2190-9-9999", "219099999"],
        );
        check(
            is_ahv,
            &["756.9217.0769.85", "7569217076985", "756 9217 0769 85"],
            &["756.9217.0769.84", "4006381333931"],
        );
        check(is_nhs, &["943 476 5919", "9434765919", "943-476-5919"], &["943 476 5918"]);
        check(is_dni, &["12345678Z", "12.345.678-Z", "x1234567l"], &["12345678A"]);
        check(
            mentions_ssn,
            &["his SSN is 219-09-9999.", "ssn:219099999", "AHV 756.9217.0769.85"],
            &["ref 000-12-3456", "219-09-99991", "tel 219099999"],
        );
    }

    #[test]
    fn accounts_cards_and_licences() {
        check(
            is_iban,
            &["CH93 0076 2011 6238 5295 7", "DE89370400440532013000", "gb82 west 1234 5698 7654 32"],
            &["CH93 0076 2011 6238 5295 8", "AB12"],
        );
        check(
            is_card,
            &["4111 1111 1111 1111", "4111-1111-1111-1111", "378282246310005"],
            &["4111 1111 1111 1112", "1234567890123"],
        );
        check(
            mentions_account,
            &["pay to CH93 0076 2011 6238 5295 7 now", "card 4111 1111 1111 1111 exp", "account no: 12345678"],
            &["account of 12 days", "AB12 CDEF", "4111 1111 1111 1112"],
        );
        check(is_mbi, &["1EG4-TE5-MK73", "1EG4TE5MK73"], &["0EG4TE5MK73", "1SG4TE5MK73"]);
        check(
            is_labelled_mrn,
            &["MRN: 00123456", "mrn#12345", "Patient ID 123456 admitted"],
            &["MRNA 12345", "mrn", "patient in 2020"],
        );
        check(is_npi, &["1234567893"], &["1234567890"]);
        check(is_dea, &["AB1234563"], &["AB1234567"]);
    }
}
