//! Vehicles and devices.

use std::sync::LazyLock;

use regex::Regex;

use super::checksum;
use super::finding::{Identifier, Treatment};
use super::fold::digits;
use super::test::{Detector, Mention, Test, regex};

pub(super) const DETECTOR: Detector = Detector { tests: TESTS, mentions: MENTIONS };

const TESTS: &[Test] = &[
    Test::new(Identifier::Vehicle, Treatment::Regenerate, is_vin).alone(0.05, 2, 0.95),
    // Numbers of European makers have no check digit.
    Test::new(Identifier::Vehicle, Treatment::Regenerate, is_vin_shape).alone(0.7, 5, 0.8),
    Test::new(Identifier::Device, Treatment::Regenerate, is_imei).alone(0.9, 4, 0.9).on_numbers(),
    Test::new(Identifier::Device, Treatment::Regenerate, is_udi).alone(0.05, 1, 0.95),
    Test::new(Identifier::Device, Treatment::Regenerate, is_labelled_serial).alone(0.05, 1, 0.85),
    // Plates look like many codes: they stand alone only where all of a column are ones.
    Test::new(Identifier::Vehicle, Treatment::Regenerate, is_plate).alone(0.97, 20, 0.5),
];

const MENTIONS: &[Mention] =
    &[Mention::new(Identifier::Vehicle, mentions_vin, 0.9), Mention::new(Identifier::Device, is_labelled_serial, 0.85)];

fn is_vin(cell: &str) -> bool {
    cell.len() == 17 && checksum::vin(&cell.to_ascii_uppercase())
}

fn is_vin_shape(cell: &str) -> bool {
    cell.len() == 17 && checksum::vin_shape(&cell.to_ascii_uppercase())
}

fn mentions_vin(cell: &str) -> bool {
    let mut words = cell.split(|c: char| !c.is_ascii_alphanumeric());
    cell.len() > 17 && words.any(|word| word.len() == 17 && is_vin(word))
}

fn is_imei(cell: &str) -> bool {
    let separated = cell.bytes().all(|b| b.is_ascii_digit() || b == b' ' || b == b'-');
    separated && (15..=19).contains(&cell.len()) && checksum::imei(&digits(cell))
}

fn is_udi(cell: &str) -> bool {
    cell.len() >= 9 && checksum::udi(cell)
}

/// A serial number with its label before it.
fn is_labelled_serial(cell: &str) -> bool {
    static SERIAL: LazyLock<Regex> = regex!(
        r"(?i)\b(?:s/n|serial(?: (?:no|nr|number))?|imei|seriennummer)\b\.?[ :#]{1,3}(?:[a-z]{0,6}-?)?\d[a-z\d-]{3,}"
    );
    SERIAL.is_match(cell)
}

/// A plate as in Germany, Switzerland, the United Kingdom, France, Italy or Spain.
fn is_plate(cell: &str) -> bool {
    static PLATE: LazyLock<Regex> = regex!(
        r"^(?:[A-ZÄÖÜ]{1,3}[- ][A-Z]{1,2} ?\d{1,4}[EH]?|(?:AG|AI|AR|BE|BL|BS|FR|GE|GL|GR|JU|LU|NE|NW|OW|SG|SH|SO|SZ|TG|TI|UR|VD|VS|ZG|ZH)[- ·]?\d{3,6}|[A-Z]{2}\d{2} ?[A-Z]{3}|[A-Z]{2}[- ]\d{3}[- ][A-Z]{2}|\d{4} [BCDFGHJKLMNPRSTVWXYZ]{3})$"
    );
    (5..=12).contains(&cell.len()) && PLATE.is_match(cell)
}

#[cfg(test)]
mod tests {
    use super::super::test::check;
    use super::*;

    #[test]
    fn vehicles() {
        check(is_vin, &["1M8GDM9AXKP042788", "1m8gdm9axkp042788"], &["1M8GDM9A1KP042788", "1M8GDM9AXKP04278"]);
        check(is_vin_shape, &["WVWZZZ1JZXW000001"], &["WVWZZZ1JZXWO00001", "12345678901234567"]);
        check(mentions_vin, &["drives 1M8GDM9AXKP042788, red"], &["1M8GDM9A1KP042788 it is", "seventeen letters"]);
        check(
            is_plate,
            &["B-AB 1234", "ZH 123456", "AB12 CDE", "AB-123-CD", "1234 BCD"],
            &["E11.9", "ABC", "250.83", "I10", "PC 17599a"],
        );
    }

    #[test]
    fn devices() {
        check(is_imei, &["490154203237518", "49-015420-323751-8"], &["490154203237519"]);
        check(is_udi, &["(01)00643169007222(17)160712"], &["(01)00643169007221", "01"]);
        check(
            is_labelled_serial,
            &["S/N: A12-3456", "Serial No. 123456", "pacemaker serial number PM-12345"],
            &["serial sevens", "s/n", "in serial 12"],
        );
    }
}
