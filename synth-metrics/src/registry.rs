//! Every measure this crate knows. An id is never reused.
//!
//! A measure is one file, which has its [`Definition`] and takes it; here it has a line.

use crate::definition::{Battery, Definition};
use crate::detection::{classifier, rare_levels};
use crate::family::Family;
use crate::fidelity::{
    association, contingency, correlation, given, jensen_shannon, ks, missing, precision, rules, sdmetrics, spearman,
    tvd, validity, wasserstein,
};
use crate::loss;
use crate::privacy::{copies, duplicates, exposed, membership, quasi, risks};
use crate::utility::{learning, survival};

/// Likeness.
pub(crate) const FIDELITY: &[Family] = &[
    ks::FAMILY,
    tvd::FAMILY,
    missing::FAMILY,
    correlation::FAMILY,
    association::FAMILY,
    wasserstein::FAMILY,
    jensen_shannon::FAMILY,
    spearman::FAMILY,
    contingency::FAMILY,
    sdmetrics::SCORES,
    sdmetrics::VALIDITY,
    validity::FAMILY,
    rules::FAMILY,
    precision::ALPHA,
    precision::BETA,
];

/// What is lost between the table as given and the synthetic one.
const LOSS: &[Family] = &[loss::FAMILY, given::FAMILY, given::RULES];

/// What a classifier sees, and the rare levels it hardly sees.
const DETECTION: &[Family] = &[classifier::FAMILY, rare_levels::FAMILY];

/// Use.
const UTILITY: &[Family] = &[learning::FAMILY, survival::FAMILY];

/// What is disclosed.
const PRIVACY: &[Family] =
    &[duplicates::FAMILY, membership::FAMILY, exposed::FAMILY, copies::FAMILY, risks::FAMILY, quasi::FAMILY];

pub(crate) const ALL: [&[Family]; 5] = [FIDELITY, LOSS, DETECTION, UTILITY, PRIVACY];

/// All measures, in the order of reports: of each of the five parts those of the core first.
pub static MEASURES: &[Definition] = &{
    let mut all = [ks::KS_MEAN; N_MEASURES];
    let (mut n, mut part) = (0, 0);
    while part < ALL.len() {
        n = add(&mut all, n, ALL[part], Battery::Core);
        n = add(&mut all, n, ALL[part], Battery::Full);
        part += 1;
    }
    all
};

const N_MEASURES: usize = {
    let (mut n, mut part) = (0, 0);
    while part < ALL.len() {
        let mut family = 0;
        while family < ALL[part].len() {
            n += ALL[part][family].definitions.len();
            family += 1;
        }
        part += 1;
    }
    n
};

/// Puts the definitions of one battery behind the first `n`, and tells how many there are then.
const fn add(all: &mut [Definition; N_MEASURES], mut n: usize, families: &[Family], battery: Battery) -> usize {
    let mut family = 0;
    while family < families.len() {
        let definitions = families[family].definitions;
        let mut i = 0;
        while i < definitions.len() {
            if definitions[i].battery as u8 == battery as u8 {
                all[n] = definitions[i];
                n += 1;
            }
            i += 1;
        }
        family += 1;
    }
    n
}

/// The definition of the measure called `id`, if there is one.
pub fn definition(id: &str) -> Option<&'static Definition> {
    MEASURES.iter().find(|m| m.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::Goal;

    /// The table of those measures of some parts that belong to one battery.
    fn table(parts: &[&[Family]], battery: Battery) -> String {
        let mut table = "| id | meaning | ideal | source |\n|---|---|---|---|\n".to_owned();
        let definitions = parts.iter().copied().flatten().flat_map(|family| family.definitions);
        for Definition { id, meaning, ideal, source, .. } in definitions.filter(|d| d.battery == battery) {
            let [meaning, source] = [meaning, source].map(|text| text.replace('|', "\\|"));
            table += &format!("| `{id}` | {meaning} | {ideal} | {source} |\n");
        }
        table
    }

    #[test]
    fn the_readme_lists_every_measure() {
        let readme = include_str!("../README.md");
        let tables = [
            table(&ALL, Battery::Core),
            table(&[FIDELITY], Battery::Full),
            table(&[DETECTION, UTILITY], Battery::Full),
            table(&[PRIVACY], Battery::Full),
        ];
        for table in &tables {
            assert!(readme.contains(table), "README.md is to have:\n{table}");
        }
        // Two lines of a table are its head.
        assert_eq!(tables.iter().map(|table| table.lines().count() - 2).sum::<usize>(), MEASURES.len());
    }

    #[test]
    fn an_id_is_one_measures_and_its_words_fit_its_goal() {
        for (i, definition) in MEASURES.iter().enumerate() {
            assert!(MEASURES[..i].iter().all(|other| other.id != definition.id), "{} twice", definition.id);
            let (above, below) = (definition.above.is_some(), definition.below.is_some());
            let expected = match definition.goal {
                Goal::Lower => (true, false),
                Goal::Higher => (false, true),
                Goal::Target => (true, true),
            };
            assert_eq!((above, below), expected, "{}", definition.id);
            assert!(definition.range.contains(definition.ideal), "{}", definition.id);
        }
    }
}
