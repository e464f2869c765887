//! Odd tables, and what holds of every finding.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use synth_compliance::detect::{
    Basis, FakeKind, Identifier, Options, Sensitive, Treatment, detect, detect_with, treatment_of,
};
use synth_core::Table;
use synth_core::io::{Header, ReadOptions, read_bytes};

use super::{short, table};

fn read(file: &str) -> Table {
    let options = ReadOptions { header: Header::Yes, ..ReadOptions::default() };
    read_bytes(file.as_bytes().to_vec(), &options).unwrap().table
}

fn numbered(name: &str, cells: impl Iterator<Item = String>) -> Table {
    table(&[(name, cells.collect())])
}

#[test]
fn columns_without_a_cell_have_no_finding() {
    let file = format!("ssn,email,x\n{}", ",,1\n,,2\n".repeat(20));
    assert!(detect(&read(&file)).is_empty());
}

#[test]
fn no_finding_shows_a_cell() {
    let canary = "canary7731";
    let cells =
        (0..40).map(|i| format!("{canary}{i}@example.org, call +41 79 555 {i:02} 99 or see {canary}")).collect();
    let findings = detect(&table(&[("notes", cells)]));
    assert!(findings.len() >= 3);
    for finding in findings {
        let (text, json) = (finding.to_string(), serde_json::to_string(&finding).unwrap());
        assert!(!text.contains(canary) && !json.contains(canary) && !text.contains("555"), "{text}");
    }
}

#[test]
fn free_text_is_searched_for_each_kind() {
    let mut cells: Vec<String> =
        (0..60).map(|i| format!("Slept well on day {i}, no pain, appetite back, walked in the garden")).collect();
    cells[3] = "Seen by Dr. Keller, then home to 12 Oak Street, Cambridge, MA 02139".to_owned();
    cells[9] = "Mail j.doe (at) example.org, SSN 219-09-9999, from 203.0.113.44".to_owned();
    cells[17] = "A 93-year-old, admitted 12.03.2019, MRN: 00123456, fax 044 555 01 99".to_owned();
    cells[40] = "see https://example.org/p/7, device s/n: PM-778123, VIN 1M8GDM9AXKP042788".to_owned();
    cells[55] = "pays from CH93 0076 2011 6238 5295 7; phone (555) 123-4567".to_owned();
    let findings = detect(&table(&[("remarks", cells)]));
    let found: Vec<String> = findings.iter().map(short).collect();
    assert_eq!(found, ["A", "B", "C", "D", "E", "F", "G", "H", "J", "L", "M", "N", "O", "text"]);
    assert!(findings.iter().all(|finding| finding.treatment == Treatment::Suppress));
    assert_eq!(findings[0].share, 1.0 / 60.0);
    assert_eq!(treatment_of(&findings, "remarks"), Some(Treatment::Suppress));
    assert_eq!(treatment_of(&findings, "other"), None);
}

#[test]
fn numbers_are_judged_in_their_spelling() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    // Stored as floats, since some are missing in other tables: 123456789.0.
    let ssn = numbered("ssn", (0..50).map(|_| format!("{}.0", rng.gen_range(100_010_001..899_999_999_u32))));
    let findings = detect(&ssn);
    assert_eq!(short(&findings[0]), "G");
    assert_eq!(findings[0].treatment, Treatment::Regenerate);
    let dates = numbered("x", (0..50).map(|i| format!("2019{:02}{:02}", 1 + i % 12, 1 + i % 28)));
    assert_eq!(short(&detect(&dates)[0]), "C");
}

#[test]
fn ages_are_cut_off_where_some_are_over_90() {
    let check = |name: &str, ages: &[f64], expected: Option<f64>| {
        let ages: Vec<String> = (0..60).map(|i| ages[i % ages.len()].to_string()).collect();
        let findings = detect(&table(&[(name, ages)]));
        let old = findings.iter().find(|finding| finding.treatment == Treatment::TopCode);
        assert_eq!(old.map(|finding| finding.share), expected, "{name}");
        assert!(findings.iter().any(|finding| finding.kind == Sensitive::QuasiIdentifier), "{name}");
    };
    check("age", &[50.0, 61.0, 89.0, 33.0], None);
    // The class of the old.
    check("age", &[50.0, 61.0, 90.0, 33.0], None);
    check("age", &[50.0, 61.0, 95.0, 90.0], Some(0.5));
    // An unknown age is no age.
    check("age", &[50.0, 61.0, 999.0, 33.0], None);
    // In days and in months.
    check("age", &[18_000.0, 20_000.0, 23_000.0, 34_500.0], Some(0.25));
    check("age_months", &[600.0, 700.0, 800.0, 1128.0], Some(0.25));
    check("birth_year", &[1950.0, 1980.0, 1931.0, 1999.0], Some(0.25));
    check("birth_year", &[1950.0, 1980.0, 1936.0, 1999.0], None);
}

#[test]
fn classes_of_age_may_end_in_ninety_and_more() {
    let check = |last: &str, expected: usize| {
        let cells = (0..60).map(|i| ["[70-80)", "[80-90)", last][i % 3].to_owned()).collect();
        let findings = detect(&table(&[("age", cells)]));
        assert_eq!(
            findings.iter().filter(|finding| finding.treatment == Treatment::TopCode).count(),
            expected,
            "{last}"
        );
    };
    check("[90-100)", 0);
    check("90+", 0);
    check("[95-100)", 1);
}

#[test]
fn zip_codes_keep_three_digits_outside_restricted_areas() {
    let check = |cells: [&str; 3], expected: Option<(Treatment, f64)>| {
        let cells = (0..60).map(|i| cells[i % 3].to_owned()).collect();
        let findings = detect(&table(&[("zip", cells)]));
        let place = findings.iter().find(|finding| finding.kind == Sensitive::Identifier(Identifier::Geography));
        let found = place.map(|finding| (finding.treatment, finding.share));
        assert_eq!(found, expected);
    };
    check(["02139", "10001", "03601"], Some((Treatment::ZipPrefix, 1.0)));
    check(["021", "100", "606"], None);
    check(["021", "036", "606"], Some((Treatment::ZipPrefix, 1.0 / 3.0)));
    check(["8001", "3011", "1201"], Some((Treatment::Fake(FakeKind::Postcode), 1.0)));
}

#[test]
fn a_date_of_birth_that_tells_an_age_over_89_is_cut_off_too() {
    let cells = (0..60).map(|i| format!("{}-05-{:02}", [1930, 1960, 1985][i % 3], 1 + i % 28)).collect();
    let findings = detect(&table(&[("dob", cells)]));
    let treatments: Vec<Treatment> = findings.iter().map(|finding| finding.treatment).collect();
    assert_eq!(treatments, [Treatment::YearOnly, Treatment::TopCode, Treatment::Keep]);
    assert!((findings[1].share - 1.0 / 3.0).abs() < 1e-12);
    assert_eq!(findings[0].confidence.basis, Basis::Both);
}

#[test]
fn a_name_is_not_believed_against_its_cells() {
    let check = |name: &str, cells: [&str; 3]| {
        let cells = (0..60).map(|i| cells[i % 3].to_owned()).collect();
        let findings = detect(&table(&[(name, cells)]));
        assert!(findings.is_empty(), "{name}: {}", findings[0]);
    };
    check("phone", ["iPhone", "Android", "none"]);
    check("account", ["1", "2", "3"]);
    check("email", ["0", "1", "2"]);
    check("city", ["1", "2", "3"]);
    check("name", ["0.5", "0.7", "0.9"]);
    check("day", ["0", "192", "380"]);
    check("lat", ["0.1", "0.2", "0.3"]);
}

#[test]
fn the_cells_overrule_a_name() {
    let cells = (0..60).map(|i| format!("user{i}@example.org")).collect();
    let findings = detect(&table(&[("phone", cells)]));
    assert_eq!(findings.iter().map(short).collect::<Vec<_>>(), ["F"]);
    assert_eq!(findings[0].confidence.basis, Basis::Content);
}

#[test]
fn small_tables_are_judged_too() {
    let file = "name,ssn,mail,born\nAnn Smith,219-09-9999,a@x.org,1950-01-02\nBob Miller,219-09-9998,b@x.org,1960-03-04\nEve Brown,219-09-9997,c@x.org,1970-05-06\n";
    let found: Vec<String> = detect(&read(file)).iter().map(short).collect();
    assert_eq!(found, ["A", "G", "F", "C", "quasi"]);
}

#[test]
fn large_tables_are_judged_by_a_seeded_sample() {
    let cells: Vec<String> =
        (0..3000).map(|i| if i % 10 == 0 { format!("a{i}@x.org") } else { format!("level {}", i % 7) }).collect();
    let large = table(&[("contact", cells)]);
    let options = Options { max_rows: 500, ..Options::default() };
    let findings = detect_with(&large, &options);
    assert_eq!(findings, detect_with(&large, &options));
    assert_eq!(short(&findings[0]), "F");
    assert!((findings[0].share - 0.1).abs() < 0.04, "{}", findings[0].share); // three standard errors of 500 rows
    let of_seed = |seed| detect_with(&large, &Options { seed, ..options })[0].share;
    assert!((1..9).any(|seed| of_seed(seed) != findings[0].share), "another seed draws other rows");
    assert_eq!(detect(&large)[0].share, 0.1);
}

#[test]
fn a_few_identifiers_among_other_cells_are_not_made_up_anew() {
    let cells = (0..90).map(|i| if i % 30 == 7 { format!("a{i}@x.org") } else { "none".to_owned() }).collect();
    let findings = detect(&table(&[("contact", cells)]));
    assert_eq!(findings.iter().map(short).collect::<Vec<_>>(), ["F"]);
    assert_eq!((findings[0].share, findings[0].treatment), (1.0 / 30.0, Treatment::Suppress));
}

#[test]
fn days_of_the_month_are_told_from_days_of_a_course() {
    let days = |name: &str, last: usize| {
        let findings = detect(&numbered(name, (0..200).map(|i| (1 + i % last).to_string())));
        findings.iter().map(|finding| finding.treatment).collect::<Vec<_>>()
    };
    assert_eq!(days("day", 31), [Treatment::Remove]);
    assert_eq!(days("day", 28), []);
    assert_eq!(days("day", 7), []);
    assert_eq!(days("day", 90), []);
    assert_eq!(days("month", 12), [Treatment::Remove]);
    assert_eq!(days("month", 36), []);
}

#[test]
fn the_findings_do_not_depend_on_the_number_of_threads() {
    let columns: Vec<(String, Vec<String>)> = (0..12)
        .map(|k| {
            (format!("x{k}"), (0..300).map(|i| format!("user{i}{k}@example.org or +41 79 555 {i:03} 9")).collect())
        })
        .collect();
    let columns: Vec<(&str, Vec<String>)> =
        columns.iter().map(|(name, cells)| (name.as_str(), cells.clone())).collect();
    let table = table(&columns);
    let on = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(|| detect(&table));
    assert_eq!(on(1), on(5));
}
