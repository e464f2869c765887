//! Generated tables: each kind of identifier in its spellings, under a telling name and under none; and columns of plain
//! measurements, on which nothing may be found.

use std::collections::BTreeSet;

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use synth_compliance::detect::detect;

use super::{short, table};

const N_ROWS: usize = 200;

/// How a column's cells are drawn.
type Draw = fn(&mut ChaCha8Rng) -> String;

/// A column of one kind: its letter, its name, whether its content tells without the name, and its cells.
type Planted = (&'static str, &'static str, Alone, Draw);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Alone {
    /// The cells tell the kind without a name.
    Tells,
    /// Another kind of identifier or free text is found instead: a code is a code.
    TellsOther,
    /// Nothing has to be found.
    Silent,
}
use Alone::{Silent, Tells, TellsOther};

fn digits(rng: &mut ChaCha8Rng, n: usize) -> String {
    (0..n).map(|_| char::from(rng.gen_range(b'0'..=b'9'))).collect()
}

fn pick<'a>(rng: &mut ChaCha8Rng, list: &[&'a str]) -> &'a str {
    list.choose(rng).unwrap()
}

const GIVEN: [&str; 16] = [
    "Anna", "Peter", "Maria", "John", "Sophie", "Lukas", "Emma", "Paul", "Julia", "David", "Laura", "Thomas", "Sarah",
    "Daniel", "Claire", "Michael",
];
const FAMILY: [&str; 16] = [
    "Smith", "Müller", "Dupont", "Keller", "Johnson", "Schmidt", "Weber", "Meyer", "Brown", "Martin", "Bernard",
    "Fischer", "Silva", "Miller", "Becker", "Zwahlen",
];

fn full_name(rng: &mut ChaCha8Rng) -> String {
    let (given, family) = (pick(rng, &GIVEN), pick(rng, &FAMILY));
    match rng.gen_range(0..5) {
        0 => format!("{given} {family}"),
        1 => format!("{}, {given}", family.to_uppercase()),
        2 => format!("Dr. {given} {family}"),
        3 => format!("{} {}", given.to_lowercase(), family.to_lowercase()),
        _ => format!("{family}, {given} {}.", pick(rng, &["A", "B", "C"])),
    }
}

fn given_name(rng: &mut ChaCha8Rng) -> String {
    pick(rng, &GIVEN).to_owned()
}

fn street(rng: &mut ChaCha8Rng) -> String {
    let n = rng.gen_range(1..200);
    match rng.gen_range(0..5) {
        0 => format!("{n} Oak Street"),
        1 => format!("Bahnhofstrasse {n}"),
        2 => format!("{n}, rue de la Gare"),
        3 => format!("Via Garibaldi {n}"),
        _ => format!("{n} Elm Ave."),
    }
}

fn city(rng: &mut ChaCha8Rng) -> String {
    pick(rng, &["Bern", "Lyon", "Springfield", "Bergamo", "Sevilla", "Köln", "Thun"]).to_owned()
}

fn zip(rng: &mut ChaCha8Rng) -> String {
    format!("0{}", digits(rng, 4))
}

fn zip_plus_four(rng: &mut ChaCha8Rng) -> String {
    format!("{}-{}", digits(rng, 5), digits(rng, 4))
}

fn latitude(rng: &mut ChaCha8Rng) -> String {
    format!("{:.5}", rng.gen_range(45.8..47.8))
}

fn coordinates(rng: &mut ChaCha8Rng) -> String {
    format!("{:.4}, {:.4}", rng.gen_range(45.8..47.8), rng.gen_range(6.0..10.4))
}

fn ymd(rng: &mut ChaCha8Rng) -> (u32, u32, u32) {
    (rng.gen_range(1940..2020), rng.gen_range(1..=12), rng.gen_range(1..=28))
}

fn iso_date(rng: &mut ChaCha8Rng) -> String {
    let (y, m, d) = ymd(rng);
    format!("{y}-{m:02}-{d:02}")
}

fn worded_date(rng: &mut ChaCha8Rng) -> String {
    let (y, m, d) = ymd(rng);
    let month = ["Jan", "Feb", "März", "Apr", "Mai", "June", "Juli", "Aug", "Sep", "Oct", "Nov", "Dez"][m as usize - 1];
    match rng.gen_range(0..3) {
        0 => format!("{d}. {month} {y}"),
        1 => format!("{month} {d}, {y}"),
        _ => format!("{d:02}.{m:02}.{y}"),
    }
}

fn compact_date(rng: &mut ChaCha8Rng) -> String {
    let (y, m, d) = ymd(rng);
    format!("{y}{m:02}{d:02}")
}

fn unix_seconds(rng: &mut ChaCha8Rng) -> String {
    rng.gen_range(1_300_000_000..1_700_000_000_u64).to_string()
}

fn excel_serial(rng: &mut ChaCha8Rng) -> String {
    rng.gen_range(36_000..45_000_u32).to_string()
}

fn old_age(rng: &mut ChaCha8Rng) -> String {
    rng.gen_range(40..104_u32).to_string()
}

fn old_birth_year(rng: &mut ChaCha8Rng) -> String {
    rng.gen_range(1915..1990_u32).to_string()
}

fn month(rng: &mut ChaCha8Rng) -> String {
    rng.gen_range(1..=12_u32).to_string()
}

fn phone(rng: &mut ChaCha8Rng) -> String {
    let d = digits(rng, 9);
    match rng.gen_range(0..6) {
        0 => format!("+41 (0)79 {} {} {}", &d[..3], &d[3..5], &d[5..7]),
        1 => format!("(555) {}-{}", &d[..3], &d[3..7]),
        2 => format!("555.{}.{}", &d[..3], &d[3..7]),
        3 => format!("0041 79 {} {} {}", &d[..3], &d[3..5], &d[5..7]),
        4 => format!("０７９ {} {} {}", &d[..3], &d[3..5], &d[5..7]),
        _ => format!("Tel. 044/{} {} {}", &d[..3], &d[3..5], &d[5..7]),
    }
}

fn bare_phone(rng: &mut ChaCha8Rng) -> String {
    format!("{}{}", rng.gen_range(2..9_u32), digits(rng, 9))
}

fn email(rng: &mut ChaCha8Rng) -> String {
    let who = format!("{}{}", pick(rng, &GIVEN).to_lowercase(), digits(rng, 2));
    match rng.gen_range(0..4) {
        0 => format!("{who}@example.org"),
        1 => format!("{who} (at) example.org"),
        2 => format!("{who} [at] example [dot] org"),
        _ => format!("<{}@EXAMPLE.CH>", who.to_uppercase()),
    }
}

fn ssn_parts(rng: &mut ChaCha8Rng) -> (u32, u32, u32) {
    let area = loop {
        let area = rng.gen_range(1..900);
        if area != 666 {
            break area;
        }
    };
    (area, rng.gen_range(1..100), rng.gen_range(1..10_000))
}

fn ssn(rng: &mut ChaCha8Rng) -> String {
    let (area, group, serial) = ssn_parts(rng);
    match rng.gen_range(0..3) {
        0 => format!("{area:03}-{group:02}-{serial:04}"),
        1 => format!("{area:03} {group:02} {serial:04}"),
        _ => format!("{area:03}\u{2013}{group:02}\u{2013}{serial:04}"),
    }
}

fn bare_ssn(rng: &mut ChaCha8Rng) -> String {
    let (area, group, serial) = ssn_parts(rng);
    format!("{:03}{group:02}{serial:04}", area.max(100))
}

fn weighted(text: &str, weights: impl Iterator<Item = u32>) -> u32 {
    text.chars().zip(weights).map(|(c, weight)| c.to_digit(10).unwrap() * weight).sum()
}

fn ahv(rng: &mut ChaCha8Rng) -> String {
    let body = format!("756{}", digits(rng, 9));
    let check = (10 - weighted(&body, [1, 3].into_iter().cycle()) % 10) % 10;
    format!("756.{}.{}.{}{check}", &body[3..7], &body[7..11], &body[11..])
}

fn nhs(rng: &mut ChaCha8Rng) -> String {
    loop {
        let body = format!("4{}", digits(rng, 8));
        let check = (11 - weighted(&body, (2..=10).rev()) % 11) % 11;
        if check < 10 {
            return format!("{} {} {}{check}", &body[..3], &body[3..6], &body[6..]);
        }
    }
}

fn luhn_digit(body: &str) -> u32 {
    let doubled = |d: u32| if d > 4 { 2 * d - 9 } else { 2 * d };
    let values = body.chars().rev().map(|c| c.to_digit(10).unwrap());
    let sum: u32 = values.enumerate().map(|(i, d)| if i % 2 == 0 { doubled(d) } else { d }).sum();
    (10 - sum % 10) % 10
}

fn card(rng: &mut ChaCha8Rng) -> String {
    let body = format!("4{}", digits(rng, 14));
    let all = format!("{body}{}", luhn_digit(&body));
    format!("{} {} {} {}", &all[..4], &all[4..8], &all[8..12], &all[12..])
}

fn imei(rng: &mut ChaCha8Rng) -> String {
    let body = format!("35{}", digits(rng, 12));
    format!("{body}{}", luhn_digit(&body))
}

fn iban(rng: &mut ChaCha8Rng) -> String {
    let body = digits(rng, 17);
    let rest = format!("{body}121700").bytes().fold(0_u32, |rest, b| (rest * 10 + u32::from(b - b'0')) % 97);
    format!("CH{:02} {} {} {} {} {}", 98 - rest, &body[..4], &body[4..8], &body[8..12], &body[12..16], &body[16..])
}

fn npi(rng: &mut ChaCha8Rng) -> String {
    let body = format!("1{}", digits(rng, 8));
    format!("{body}{}", luhn_digit(&format!("80840{body}")))
}

fn vin(rng: &mut ChaCha8Rng) -> String {
    const SYMBOLS: &[u8] = b"ABCDEFGHJKLMNPRSTUVWXYZ0123456789";
    let tail: String = (0..14).map(|_| char::from(*SYMBOLS.choose(rng).unwrap())).collect();
    format!("WVW{tail}")
}

fn plate(rng: &mut ChaCha8Rng) -> String {
    format!("{} {}", pick(rng, &["ZH", "BE", "VD", "TI", "SG"]), rng.gen_range(1000..500_000_u32))
}

fn serial(rng: &mut ChaCha8Rng) -> String {
    format!("S/N: PM-{}", digits(rng, 6))
}

fn mac(rng: &mut ChaCha8Rng) -> String {
    let pairs: Vec<String> = (0..6).map(|_| format!("{:02X}", rng.r#gen::<u8>())).collect();
    pairs.join(pick(rng, &[":", "-"]))
}

fn url(rng: &mut ChaCha8Rng) -> String {
    match rng.gen_range(0..3) {
        0 => format!("https://example.org/people/{}", digits(rng, 4)),
        1 => format!("www.example.ch/~{}", pick(rng, &GIVEN).to_lowercase()),
        _ => format!("HTTP://EXAMPLE.COM/{}", digits(rng, 3)),
    }
}

fn ipv4(rng: &mut ChaCha8Rng) -> String {
    format!("{}.{}.{}.{}", rng.gen_range(1..224_u32), rng.r#gen::<u8>(), rng.r#gen::<u8>(), rng.r#gen::<u8>())
}

fn ipv6(rng: &mut ChaCha8Rng) -> String {
    format!("2001:db8::{:x}:{:x}", rng.r#gen::<u16>(), rng.r#gen::<u16>())
}

fn base64(rng: &mut ChaCha8Rng) -> String {
    const SYMBOLS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    (0..80).map(|_| char::from(*SYMBOLS.choose(rng).unwrap())).collect()
}

fn jpeg(rng: &mut ChaCha8Rng) -> String {
    format!("/9j/4AAQSkZJRg{}", base64(rng))
}

fn file_of_image(rng: &mut ChaCha8Rng) -> String {
    format!("IMG_{}.JPG", digits(rng, 4))
}

fn uuid(rng: &mut ChaCha8Rng) -> String {
    let hex: String = (0..32).map(|_| format!("{:x}", rng.gen_range(0..16_u32))).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn record(rng: &mut ChaCha8Rng) -> String {
    format!("KSB-{}", digits(rng, 7))
}

fn member(rng: &mut ChaCha8Rng) -> String {
    format!("{}{}", pick(rng, &["XA", "XB", "QC"]), digits(rng, 9))
}

fn note(rng: &mut ChaCha8Rng) -> String {
    let what = pick(rng, &["slept well", "complains of pain", "no fever since", "was discharged", "walks again"]);
    format!("The patient {what}, day {} of the stay, to be seen again", rng.gen_range(1..400_u32))
}

/// Every kind of identifier, most of them in several spellings.
const PLANTED: &[Planted] = &[
    ("A", "Patient Name", Tells, full_name),
    ("A", "vorname", Tells, given_name),
    ("B", "home_address", Tells, street),
    ("B", "Wohnort", Silent, city),
    ("B", "ZIPCode", TellsOther, zip),
    ("B", "zip", Tells, zip_plus_four),
    ("B", "lat", Silent, latitude),
    ("B", "gps", Tells, coordinates),
    ("C", "DateOfBirth", Tells, iso_date),
    ("C", "visit date", Tells, worded_date),
    ("C", "admission_date", Tells, compact_date),
    ("C", "timestamp", Silent, unix_seconds),
    ("C", "discharge_date", Silent, excel_serial),
    ("C", "age", Silent, old_age),
    ("C", "birth_year", Silent, old_birth_year),
    ("C", "month", Silent, month),
    ("D", "Téléphone", Tells, phone),
    ("D", "mobile_number", Silent, bare_phone),
    ("E", "Fax-Nr.", TellsOther, phone),
    ("F", "E-Mail", Tells, email),
    ("G", "SSN", Tells, ssn),
    ("G", "soc_sec_no", Tells, bare_ssn),
    ("G", "AHV-Nr", Tells, ahv),
    ("G", "nhsNumber", Tells, nhs),
    ("H", "MRN", TellsOther, record),
    ("I", "member_id", TellsOther, member),
    ("J", "IBAN", Tells, iban),
    ("J", "creditCard", Tells, card),
    ("K", "npi", Tells, npi),
    ("K", "passport_no", TellsOther, member),
    ("L", "VIN", Tells, vin),
    ("L", "Kennzeichen", Tells, plate),
    ("M", "pacemaker_serial", Tells, serial),
    ("M", "imei", Tells, imei),
    ("M", "mac_address", Tells, mac),
    ("N", "homepage", Tells, url),
    ("O", "ip", Tells, ipv4),
    ("O", "client_ip", Tells, ipv6),
    ("P", "fingerprint", Tells, base64),
    ("Q", "photo", Tells, jpeg),
    ("Q", "picture", Tells, file_of_image),
    ("R", "uuid", Tells, uuid),
    ("text", "notes", Tells, note),
];

#[test]
fn all_eighteen_kinds_are_found_under_telling_names() {
    let letters: BTreeSet<&str> = PLANTED.iter().map(|planted| planted.0).collect();
    assert_eq!(letters.len(), 19, "eighteen letters and free text");
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for (letter, name, _, draw) in PLANTED {
        let cells: Vec<String> = (0..N_ROWS).map(|_| draw(&mut rng)).collect();
        let findings = detect(&table(&[(name, cells)]));
        let found: Vec<String> = findings.iter().map(short).collect();
        assert!(found.iter().any(|kind| kind == letter), "{letter} `{name}`: {found:?}");
        let others = |kind: &String| kind != letter && (kind.len() == 1 || kind == "text");
        assert!(!found.iter().any(others), "{letter} `{name}`: {found:?}");
    }
}

#[test]
fn most_kinds_are_found_without_a_name() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let (mut right, mut tell) = (0, 0);
    for (letter, name, alone, draw) in PLANTED {
        let cells: Vec<String> = (0..N_ROWS).map(|_| draw(&mut rng)).collect();
        let found: Vec<String> = detect(&table(&[("x1", cells)])).iter().map(short).collect();
        match alone {
            Tells => assert!(found.iter().any(|kind| kind == letter), "{letter} `{name}`: {found:?}"),
            TellsOther => assert!(!found.is_empty(), "{letter} `{name}` is something"),
            Silent => {}
        }
        right += usize::from(found.iter().any(|kind| kind == letter));
        tell += usize::from(found.iter().any(|kind| kind.len() == 1 || kind == "text"));
    }
    println!("without names: {right} of {} kinds told, {tell} found as something", PLANTED.len());
}

#[test]
fn one_identifier_among_a_hundred_and_fifty_cells_is_found() {
    // A grammar that nothing else has tells from one cell, also among words and levels.
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for (letter, name, _, draw) in
        PLANTED.iter().filter(|p| ["F", "N"].contains(&p.0) || ["SSN", "AHV-Nr", "IBAN"].contains(&p.1))
    {
        let mut cells: Vec<String> = (0..150).map(|i| ["yes", "no", "perhaps"][i % 3].to_owned()).collect();
        cells[70] = draw(&mut rng);
        let found: Vec<String> = detect(&table(&[("answer", cells.clone())])).iter().map(short).collect();
        assert!(found.iter().any(|kind| kind == letter), "{letter} `{name}` alone: {found:?}");
        cells[70] = format!("yes, ask {} about it", draw(&mut rng));
        let found: Vec<String> = detect(&table(&[("answer", cells)])).iter().map(short).collect();
        assert!(found.iter().any(|kind| kind == letter), "{letter} `{name}` among words: {found:?}");
    }
}

/// Columns in which there is nothing to find.
const PLAIN: &[(&str, Draw)] = &[
    ("chol", |rng| rng.gen_range(120..560_u32).to_string()),
    ("oldpeak", |rng| format!("{:.1}", rng.gen_range(0.0..6.2))),
    ("platelets", |rng| format!("{:.2}", rng.gen_range(25_000.0..850_000.0))),
    ("creatinine", |rng| format!("{:.5}", rng.gen_range(0.4..9.0))),
    ("bp", |rng| format!("{}/{}", rng.gen_range(90..200_u32), rng.gen_range(50..110_u32))),
    ("time", |rng| rng.gen_range(4..4000_u32).to_string()),
    ("days_to_event", |rng| rng.gen_range(20_000..60_000_u32).to_string()),
    ("cost", |rng| {
        format!("${},{:03}.{:02}", rng.gen_range(1..900_u32), rng.gen_range(0..1000_u32), rng.gen_range(0..100_u32))
    }),
    ("fnlwgt", |rng| rng.gen_range(12_000..1_480_000_u32).to_string()),
    ("stage", |rng| pick(rng, &["I", "II", "III", "IV"]).to_owned()),
    ("score", |rng| rng.gen_range(0..100_u32).to_string()),
    ("answer", |rng| pick(rng, &["yes", "no", "do not know"]).to_owned()),
    ("grade", |rng| pick(rng, &["G1", "G2", "G3", "GX"]).to_owned()),
    ("interval", |rng| {
        let a = rng.gen_range(0..9_u32) * 10;
        format!("[{a}-{})", a + 10)
    }),
    ("version", |rng| {
        let mut part = || rng.gen_range(0..3_u32);
        format!("1.{}.{}.{}", part(), part(), part())
    }),
    ("clock", |rng| format!("{:02}:{:02}", rng.gen_range(0..24_u32), rng.gen_range(0..60_u32))),
    ("ward", |rng| pick(rng, &["Cardiology", "Surgery", "Emergency Room", "Intensive Care", "White Wing"]).to_owned()),
    ("colour", |rng| pick(rng, &["black", "white", "brown", "green"]).to_owned()),
    ("genus", |rng| pick(rng, &["Rose", "Violet", "Iris", "Lily", "Daisy", "Heather"]).to_owned()),
    ("potassium", |rng| format!("{:.1}", rng.gen_range(2.5..6.5))),
    ("address_count", |rng| rng.gen_range(0..5_u32).to_string()),
    ("phoneme", |rng| pick(rng, &["a", "e", "i", "ʃ"]).to_owned()),
    ("has_phone", |rng| rng.gen_range(0..2_u32).to_string()),
    ("capital-gain", |rng| rng.gen_range(0..99_999_u32).to_string()),
    ("account_balance", |rng| format!("{:.2}", rng.gen_range(-500.0..90_000.0))),
    ("hourly", |rng| rng.gen_range(1_000_000_000..1_999_999_999_u64).to_string()),
    ("lat_q_width", |rng| rng.gen_range(0..90_u32).to_string()),
    ("p_value", |rng| format!("{:.9}", rng.gen_range(0.0..1.0))),
    ("count", |rng| rng.gen_range(1..1_000_000_000_u64).to_string()),
    ("year", |rng| rng.gen_range(1999..2024_u32).to_string()),
    ("icu_type", |rng| pick(rng, &["MICU", "SICU", "CCU"]).to_owned()),
];

#[test]
fn plain_measurements_have_no_finding() {
    for seed in 0..5 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for n_rows in [5, 30, N_ROWS] {
            for (name, draw) in PLAIN {
                let cells: Vec<String> = (0..n_rows).map(|_| draw(&mut rng)).collect();
                let findings = detect(&table(&[(name, cells)]));
                assert!(findings.is_empty(), "{name}, {n_rows} rows, seed {seed}: {}", findings[0]);
            }
        }
    }
}
