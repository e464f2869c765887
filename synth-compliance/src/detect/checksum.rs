//! Check digits of numbers that have them. Each function takes the number without separators and answers `false` to
//! anything else. How often chance passes each is said beside it, since thresholds rest on it.

use super::fold::digits;

fn values(text: &str) -> Option<Vec<u32>> {
    text.chars().map(|c| c.to_digit(10)).collect()
}

/// Luhn's sum (ISO/IEC 7812-1, annex B), of any number of digits. Chance: 1 in 10.
pub(super) fn luhn(number: &str) -> bool {
    let Some(values) = values(number) else { return false };
    let doubled = |d: u32| if d > 4 { 2 * d - 9 } else { 2 * d };
    let sum: u32 = values.iter().rev().enumerate().map(|(i, &d)| if i % 2 == 1 { doubled(d) } else { d }).sum();
    values.len() > 1 && sum.is_multiple_of(10)
}

/// A bank card: 13 to 19 digits of an issuer (2 to 6 first) that keep Luhn's sum, not all the same. Fifteen digits are
/// those of American Express alone, which begin with 34 or 37.
pub(super) fn card(number: &str) -> bool {
    let bytes = number.as_bytes();
    let issued = match bytes.len() {
        15 => number.starts_with("34") || number.starts_with("37"),
        13..=19 => matches!(bytes[0], b'2'..=b'6'),
        _ => false,
    };
    issued && bytes.iter().any(|b| *b != bytes[0]) && luhn(number)
}

/// An IBAN in capitals: two letters and a check of two digits over modulo 97 (ISO 13616). Chance: 1 in 97.
pub(super) fn iban(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shaped = (15..=34).contains(&bytes.len())
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2..4].iter().all(u8::is_ascii_digit)
        && bytes[4..].iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if !shaped {
        return false;
    }
    let rest = bytes[4..].iter().chain(&bytes[..4]).fold(0_u32, |rest, &b| match b {
        b'0'..=b'9' => (rest * 10 + u32::from(b - b'0')) % 97,
        _ => (rest * 100 + u32::from(b - b'A') + 10) % 97,
    });
    rest == 1
}

/// A GS1 number (EAN-13, GTIN-14): weights 3 and 1 from the right. Chance: 1 in 10.
pub(super) fn gs1(number: &str) -> bool {
    let Some(values) = values(number) else { return false };
    let sum: u32 = values.iter().rev().enumerate().map(|(i, &d)| if i % 2 == 1 { 3 * d } else { d }).sum();
    matches!(values.len(), 8 | 12 | 13 | 14) && sum.is_multiple_of(10)
}

/// A Swiss AHV number: 13 digits from 756 with the check of an EAN-13. Chance: 1 in 10,000.
pub(super) fn ahv(number: &str) -> bool {
    number.len() == 13 && number.starts_with("756") && gs1(number)
}

/// An NHS number of England: ten digits, weights 10 to 2, modulo 11. Chance: 1 in 11.
pub(super) fn nhs(number: &str) -> bool {
    let Some(values) = values(number) else { return false };
    if values.len() != 10 {
        return false;
    }
    let sum: u32 = values[..9].iter().zip((2..=10).rev()).map(|(d, weight)| d * weight).sum();
    match 11 - sum % 11 {
        11 => values[9] == 0,
        10 => false,
        check => values[9] == check,
    }
}

/// A French NIR: sex, year, month, place, rank, and a key of two digits, 97 minus the rest by 97. Chance: under 1 in 400.
pub(super) fn nir(number: &str) -> bool {
    let corsican = number.replace("2A", "19").replace("2B", "18");
    let all = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if corsican.len() != 15 || !all(&corsican) || !matches!(corsican.as_bytes()[0], b'1' | b'2') {
        return false;
    }
    let body: u64 = corsican[..13].parse().expect("thirteen digits");
    let key: u64 = corsican[13..].parse().expect("two digits");
    let month: u32 = corsican[3..5].parse().expect("two digits");
    (1..=12).contains(&month) && key == 97 - body % 97
}

/// A Spanish DNI or NIE: eight digits, the first perhaps X, Y or Z, and the letter of the rest by 23. Chance: 1 in 23.
pub(super) fn dni(text: &str) -> bool {
    const LETTERS: &[u8] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    if text.len() != 9 || !text.is_ascii() {
        return false;
    }
    let (body, letter) = text.split_at(8);
    let body = body.replacen('X', "0", 1).replacen('Y', "1", 1).replacen('Z', "2", 1);
    body.parse::<usize>().is_ok_and(|number| LETTERS[number % 23] == letter.as_bytes()[0])
        && body.bytes().all(|b| b.is_ascii_digit())
}

/// An Italian codice fiscale: its grammar, and the letter made of the fifteen signs before it. Chance: under 1 in 26.
pub(super) fn codice_fiscale(text: &str) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let bytes = text.as_bytes();
    let letter = |i: usize| bytes[i].is_ascii_uppercase();
    let digit = |i: usize| bytes[i].is_ascii_digit();
    let shaped = bytes.len() == 16
        && (0..6).all(letter)
        && [6, 7, 9, 10, 12, 13, 14].into_iter().all(digit)
        && [8, 11, 15].into_iter().all(letter);
    if !shaped {
        return false;
    }
    let sum: u32 = bytes[..15]
        .iter()
        .enumerate()
        .map(|(i, &b)| {
            let value = u32::from(if b.is_ascii_digit() { b - b'0' } else { b - b'A' });
            if i % 2 == 0 { ODD[value as usize] } else { value }
        })
        .sum();
    u32::from(bytes[15] - b'A') == sum % 26
}

/// An American social security number of nine digits: area neither 000, 666 nor 9xx, group not 00, serial not 0000
/// (Social Security Administration, randomised since 2011). No check digit: chance passes 9 in 10.
pub(super) fn ssn(number: &str) -> bool {
    number.len() == 9
        && number.bytes().all(|b| b.is_ascii_digit())
        && !matches!(&number[..3], "000" | "666")
        && !number.starts_with('9')
        && &number[3..5] != "00"
        && &number[5..] != "0000"
}

/// An American provider number (NPI): ten digits from 1 or 2, Luhn's sum after the prefix 80840. Chance: 1 in 50.
pub(super) fn npi(number: &str) -> bool {
    number.len() == 10 && number.starts_with(['1', '2']) && luhn(&format!("80840{number}"))
}

/// A DEA registration: two letters and seven digits, the last from the others. Chance: 1 in 10.
pub(super) fn dea(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() != 9 || !bytes[0].is_ascii_uppercase() || !(bytes[1].is_ascii_uppercase() || bytes[1] == b'9') {
        return false;
    }
    let Some(d) = values(&text[2..]) else { return false };
    (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10 == d[6]
}

/// A vehicle's number with its check digit (49 CFR 565.15), as in North America. Chance: 1 in 11.
pub(super) fn vin(text: &str) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    if !vin_shape(text) {
        return false;
    }
    let value = |b: u8| match b {
        b'0'..=b'9' => u32::from(b - b'0'),
        b'A'..=b'H' => u32::from(b - b'A') + 1,
        b'J'..=b'N' => u32::from(b - b'J') + 1,
        b'P' => 7,
        b'R' => 9,
        _ => u32::from(b - b'S') + 2,
    };
    let sum: u32 = text.bytes().zip(WEIGHTS).map(|(b, weight)| value(b) * weight).sum();
    let check = match sum % 11 {
        10 => b'X',
        rest => b'0' + rest as u8,
    };
    text.as_bytes()[8] == check
}

/// Seventeen capitals and digits without I, O and Q, both of them present: a vehicle's number anywhere (ISO 3779).
pub(super) fn vin_shape(text: &str) -> bool {
    let symbol = |b: u8| b.is_ascii_digit() || (b.is_ascii_uppercase() && !matches!(b, b'I' | b'O' | b'Q'));
    text.len() == 17
        && text.bytes().all(symbol)
        && text.bytes().any(|b| b.is_ascii_digit())
        && text.bytes().any(|b| b.is_ascii_uppercase())
}

/// An IMEI: fifteen digits that keep Luhn's sum and are no card. Chance: 1 in 10.
pub(super) fn imei(number: &str) -> bool {
    number.len() == 15 && !card(number) && luhn(number)
}

/// A unique device identifier: the device part `(01)` with a GTIN-14 (21 CFR 801, GS1), or HIBC's with a plus first.
pub(super) fn udi(text: &str) -> bool {
    let rest = text.strip_prefix("(01)").or_else(|| text.strip_prefix("01").filter(|rest| rest.len() > 16));
    if let Some(gtin) = rest.and_then(|rest| rest.get(..14)) {
        return gs1(gtin) && digits(gtin).len() == 14;
    }
    let Some(hibc) = text.strip_prefix('+') else { return false };
    hibc.len() >= 8
        && hibc.starts_with(|c: char| c.is_ascii_uppercase())
        && hibc.contains('/')
        && hibc.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b"-. $/+%".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published examples, and each of them with one sign changed.
    #[test]
    fn published_numbers_pass_and_changed_ones_do_not() {
        let check = |name: &str, test: fn(&str) -> bool, good: &[&str], bad: &[&str]| {
            for text in good {
                assert!(test(text), "{name} {text}");
            }
            for text in bad {
                assert!(!test(text), "{name} {text}");
            }
        };
        check("luhn", luhn, &["79927398713"], &["79927398710", "", "7", "7992739871x"]);
        check("card", card, &["4111111111111111", "378282246310005"], &["4111111111111112", "0000000000000000"]);
        let ibans = ["GB82WEST12345698765432", "DE89370400440532013000", "CH9300762011623852957"];
        check("iban", iban, &ibans, &["GB82WEST12345698765433", "GB82", "de89370400440532013000"]);
        check("ahv", ahv, &["7569217076985"], &["7569217076984", "7579217076985"]);
        check("nhs", nhs, &["9434765919"], &["9434765918", "943476591"]);
        check("nir", nir, &["255081416802538"], &["255081416802539", "355081416802538", "2550814168025"]);
        check("dni", dni, &["12345678Z", "X1234567L"], &["12345678A", "1234567Z"]);
        check("codice fiscale", codice_fiscale, &["RSSMRA85T10A562S"], &["RSSMRA85T10A562T", "RSSMRA85T10A562"]);
        check("ssn", ssn, &["219099999"], &["000123456", "666123456", "900123456", "123006789", "123450000"]);
        check("npi", npi, &["1234567893"], &["1234567890", "3234567893"]);
        check("dea", dea, &["AB1234563"], &["AB1234564", "A11234563"]);
        check("vin", vin, &["1M8GDM9AXKP042788"], &["1M8GDM9A1KP042788", "1M8GDM9AXKP04278O"]);
        check("imei", imei, &["490154203237518"], &["490154203237519"]);
        check(
            "udi",
            udi,
            &["(01)00643169007222(17)160712(10)A213B1", "+H123PARTNO1234567890120/$$420020216"],
            &["(01)00643169007223", "+41791234567", "01"],
        );
    }
}
