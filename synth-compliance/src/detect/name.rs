//! A column's name as words, and which of the known names stand in it.
//!
//! A name is cut at every sign that is no letter or digit, where capitals begin a word, and between letters and
//! digits; accents and case are dropped. A known name is found where consecutive words, written together, are it:
//! `date_of_birth`, `DateOfBirth` and `dateofbirth` are one, and `phoneme` holds no `phone`. Of overlapping finds the
//! longest stands. Left out on purpose: misspellings by a letter or two, which turn `sex` into `six`.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::dictionary::{Meaning, WHOLE_NAMES, WITHIN_NAMES};
use super::fold::{clean, fold};

/// Known names have at most so many words.
const MAX_WORDS: usize = 6;

/// Words that make of a telephone a count of telephones, or of a mail whether it was read.
const ABOUT: &[&str] = &[
    "count",
    "counts",
    "cnt",
    "has",
    "have",
    "is",
    "any",
    "flag",
    "rate",
    "ratio",
    "pct",
    "percent",
    "percentage",
    "mean",
    "avg",
    "average",
    "median",
    "sd",
    "std",
    "total",
    "sum",
    "min",
    "max",
    "length",
    "len",
    "type",
    "types",
    "status",
    "category",
    "class",
    "group",
    "change",
    "changed",
    "valid",
    "verified",
    "provided",
    "known",
    "missing",
    "available",
    "since",
    "until",
    "per",
    "duration",
    "score",
    "level",
    "balance",
    "amount",
    "usage",
    "consent",
    "anzahl",
    "nb",
    "quality",
    "speed",
    "size",
    "width",
    "use",
    "used",
    "format",
];

/// Words that say that the age is not a person's, or is told in other units.
const OTHER_AGES: &[&str] = &[
    "veh",
    "vehicle",
    "car",
    "house",
    "housing",
    "building",
    "account",
    "device",
    "gestational",
    "bone",
    "gap",
    "file",
    "sample",
    "wine",
    "menopausal",
];

/// Words that say that a number is one of many persons'.
const OF_MANY: &[&str] = &["median", "mean", "avg", "average"];

/// The meanings of a column's name, those of longer known names first.
pub(super) fn meanings(name: &str) -> Vec<Meaning> {
    let words = words_of(name);
    let joined = words.concat();
    if let Some(meaning) = INDEX.whole.get(joined.as_str()) {
        return vec![*meaning];
    }
    // A find is the run of words [start, end).
    let mut finds: Vec<(usize, usize, Meaning)> = Vec::new();
    for start in 0..words.len() {
        for end in start + 1..=words.len().min(start + MAX_WORDS) {
            let run = words[start..end].concat();
            let singular = run.strip_suffix('s').filter(|run| run.len() > 3);
            let known = INDEX.within.get(run.as_str()).or_else(|| INDEX.within.get(singular?));
            finds.extend(known.map(|meaning| (start, end, *meaning)));
        }
    }
    let covered = |(start, end, _): &(usize, usize, Meaning)| {
        finds.iter().any(|(s, e, _)| s <= start && end <= e && e - s > end - start)
    };
    let mut kept: Vec<(usize, usize, Meaning)> = finds.iter().filter(|find| !covered(find)).copied().collect();
    kept.sort_by_key(|(start, end, _)| (std::cmp::Reverse(end - start), *start));
    let about = |(start, end, _): &(usize, usize, Meaning)| {
        let outside = words[..*start].iter().chain(&words[*end..]);
        let counted = matches!(words.first().map(String::as_str), Some("n" | "num" | "number" | "no")) && *start > 0;
        counted || outside.into_iter().any(|word| ABOUT.contains(&word.as_str()))
    };
    let of_a_thing = words.iter().any(|word| OTHER_AGES.contains(&word.as_str()));
    let of_many = words.iter().any(|word| OF_MANY.contains(&word.as_str()));
    kept.iter()
        .filter(|find| !find.2.needs_plain_name() || !about(find))
        .filter(|find| find.2 != Meaning::Age || !of_a_thing)
        .filter(|find| find.2 != Meaning::Quasi || !of_many)
        .map(|find| find.2)
        .collect()
}

/// The words of a name, folded.
pub(super) fn words_of(name: &str) -> Vec<String> {
    #[derive(Clone, Copy, PartialEq)]
    enum Class {
        Lower,
        Upper,
        Digit,
        Other,
    }
    let name = clean(name);
    let chars: Vec<char> = name.chars().collect();
    let class = |c: char| match c {
        c if c.is_numeric() => Class::Digit,
        c if c.is_uppercase() => Class::Upper,
        c if c.is_alphabetic() => Class::Lower,
        // An accent written as a sign of its own belongs to its letter.
        c if unicode_normalization::char::is_combining_mark(c) => Class::Lower,
        _ => Class::Other,
    };
    let mut words: Vec<String> = Vec::new();
    let mut before = Class::Other;
    for (i, &c) in chars.iter().enumerate() {
        let now = class(c);
        let next_is_lower = chars.get(i + 1).is_some_and(|&next| class(next) == Class::Lower);
        let begins = match (before, now) {
            (Class::Upper, Class::Upper) => next_is_lower,
            (Class::Upper, Class::Lower) => false,
            (before, now) => before != now,
        };
        if now != Class::Other {
            if begins {
                words.push(String::new());
            }
            words.last_mut().expect("the first sign begins a word").push(c);
        }
        before = now;
    }
    words.iter().map(|word| fold(word)).collect()
}

struct Index {
    whole: HashMap<String, Meaning>,
    within: HashMap<String, Meaning>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let of = |list: &[(Meaning, &[&str])]| {
        let names = list.iter().flat_map(|(meaning, names)| names.iter().map(|name| (name.replace(' ', ""), *meaning)));
        names.collect()
    };
    Index { whole: of(WHOLE_NAMES), within: of(WITHIN_NAMES) }
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{Identifier, SpecialCategory};

    #[test]
    fn names_are_cut_into_words() {
        let check = |name, expected: &[&str]| assert_eq!(words_of(name), expected, "{name}");
        check("date_of_birth", &["date", "of", "birth"]);
        check("DateOfBirth", &["date", "of", "birth"]);
        check("patientSSN", &["patient", "ssn"]);
        check("SSNPatient", &["ssn", "patient"]);
        check("E-Mail Adresse", &["e", "mail", "adresse"]);
        check("phone2", &["phone", "2"]);
        check("Prénom du patient", &["prenom", "du", "patient"]);
        check("ＳＳＮ", &["ssn"]);
        check("", &[]);
        check("__", &[]);
    }

    fn identifiers(name: &str) -> Vec<Identifier> {
        meanings(name).iter().filter_map(|meaning| meaning.identifier()).collect()
    }

    #[test]
    fn each_identifier_has_names_in_five_languages() {
        use Identifier::*;
        let check = |expected: Identifier, names: &[&str]| {
            for name in names {
                assert_eq!(identifiers(name).first(), Some(&expected), "{name}");
            }
        };
        check(
            Name,
            &[
                "first_name",
                "LastName",
                "surname",
                "PatientName",
                "Nachname",
                "Vorname",
                "prénom",
                "apellidos",
                "cognome",
                "maiden name",
                "employer",
                "name",
                "Titel_Name",
                "FNAME",
            ],
        );
        check(
            Geography,
            &[
                "zip",
                "ZIPcode",
                "postal_code",
                "PLZ",
                "street",
                "Straße",
                "adresse",
                "address",
                "City",
                "ville",
                "ciudad",
                "comune",
                "county",
                "latitude",
                "home_address2",
                "Wohnort",
                "geohash",
            ],
        );
        check(
            Date,
            &[
                "dob",
                "date of birth",
                "BirthDate",
                "Geburtsdatum",
                "admission_date",
                "date_naissance",
                "fecha_nacimiento",
                "data_di_nascita",
                "DischargeDate",
                "visit date",
                "datum",
            ],
        );
        check(
            Telephone,
            &["phone", "Tel.", "mobile_number", "cell phone", "Telefon", "téléphone", "phone_1", "homePhone", "natel"],
        );
        check(Fax, &["fax", "Fax-Nr", "fax_number", "telefax"]);
        check(Email, &["email", "e-mail", "E_MAIL_ADDRESS", "mail", "courriel", "correo electrónico", "contactEmail"]);
        check(
            SocialSecurity,
            &[
                "ssn",
                "social security number",
                "AHV-Nr",
                "nhs_number",
                "numéro de sécurité sociale",
                "codice fiscale",
                "DNI",
                "national_id",
                "patientSSN",
            ],
        );
        check(
            MedicalRecord,
            &[
                "mrn",
                "MedicalRecordNumber",
                "patient_id",
                "patient_nbr",
                "Patientennummer",
                "Fallnummer",
                "chart no",
                "numero dossier",
                "historia clinica",
            ],
        );
        check(
            HealthPlan,
            &[
                "member_id",
                "insurance number",
                "health_plan_id",
                "Versichertennummer",
                "policy_number",
                "medicare_number",
                "beneficiary id",
            ],
        );
        check(Account, &["account_number", "IBAN", "credit card", "Kontonummer", "acct_no", "cuenta", "card_number"]);
        check(
            Licence,
            &["license_number", "driver licence", "passport", "npi", "DEA number", "Führerschein", "certificate_no"],
        );
        check(Vehicle, &["vin", "license_plate", "Kennzeichen", "plate", "immatriculation", "tailnum", "targa"]);
        check(
            Device,
            &["serial_number", "device_id", "imei", "udi", "mac_address", "Seriennummer", "pacemaker_serial"],
        );
        check(Url, &["url", "website", "homepage", "profile_url", "web_page"]);
        check(IpAddress, &["ip", "ip_address", "IPAddr", "client_ip", "ipv4", "IPv6"]);
        check(Biometric, &["fingerprint", "iris_scan", "voiceprint", "retina", "Fingerabdruck", "face_embedding"]);
        check(Photograph, &["photo", "photograph", "picture", "face image", "Foto", "portrait"]);
        check(Other, &["username", "ticket", "barcode", "session_id", "uuid"]);
    }

    #[test]
    fn words_that_only_look_like_them_are_not_names() {
        for name in [
            "phoneme",
            "capital",
            "capital-gain",
            "maritalstatus",
            "address_count",
            "has_phone",
            "number_of_calls",
            "shipping",
            "recipe",
            "faxed",
            "emailed_flag",
            "n_addresses",
            "capacity",
            "velocity",
            "zipper",
            "vincristine",
            "steel",
            "datelike",
            "account_balance",
            "phone_type",
            "email_verified",
            "days_since_visit_date",
            "cityscape",
            "chol",
            "trestbps",
            "thalach",
            "oldpeak",
            "bmi",
            "creatinine",
            "platelets",
            "time",
            "cnt",
            "hr",
            "temp",
            "hypertension",
            "license_status",
            "photosensitivity",
            "card",
            "scan",
            "serialised",
            "vinegar",
            "ip_count",
        ] {
            assert!(identifiers(name).is_empty(), "{name}: {:?}", identifiers(name));
        }
    }

    #[test]
    fn the_longest_known_name_stands() {
        assert_eq!(identifiers("email_address"), [Identifier::Email]);
        assert_eq!(identifiers("ip address"), [Identifier::IpAddress]);
        assert_eq!(identifiers("fax phone"), [Identifier::Fax, Identifier::Telephone]);
    }

    #[test]
    fn special_categories_and_ages_have_names() {
        let check = |name, expected| assert_eq!(meanings(name).first(), Some(&expected), "{name}");
        check("race", Meaning::Special(SpecialCategory::RacialOrEthnicOrigin));
        check("Religion", Meaning::Special(SpecialCategory::Religion));
        check("party_affiliation", Meaning::Special(SpecialCategory::PoliticalOpinion));
        check("union member", Meaning::Special(SpecialCategory::TradeUnion));
        check("brca1", Meaning::Special(SpecialCategory::Genetic));
        check("HIV_status", Meaning::Special(SpecialCategory::Health));
        check("sexual_orientation", Meaning::Special(SpecialCategory::SexualOrientation));
        check("age", Meaning::Age);
        check("Alter", Meaning::Age);
        check("age_at_diagnosis", Meaning::Age);
        check("birth_year", Meaning::BirthYear);
        check("sex", Meaning::Quasi);
        check("native-country", Meaning::Quasi);
        check("marital-status", Meaning::Quasi);
        for name in
            ["stage", "veh_age", "housing_median_age", "sextant", "gestational age", "average", "brace", "trace"]
        {
            assert!(!meanings(name).iter().any(|m| matches!(m, Meaning::Age | Meaning::Quasi)), "{name}");
        }
    }
}
