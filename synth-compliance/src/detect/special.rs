//! Special categories and quasi-identifiers by their levels, for columns whose names do not tell.
//!
//! Levels are short words that mean other things elsewhere (black may be a colour): a column is one of these only if
//! nearly all of its cells are on the list, and one of the words that mean nothing else is among them.

use super::column::Column;
use super::dictionary::Meaning;
use super::finding::SpecialCategory;
use super::fold::fold;

/// Levels of one meaning.
struct Levels {
    meaning: Meaning,
    /// Words that mean this and nothing else.
    telling: &'static [&'static str],
    /// Words that may stand beside them.
    others: &'static [&'static str],
    /// So many distinct levels of both lists are needed.
    least: usize,
}

const LEVELS: &[Levels] = &[
    Levels {
        meaning: Meaning::Special(SpecialCategory::RacialOrEthnicOrigin),
        telling: &[
            "caucasian",
            "african american",
            "africanamerican",
            "asian",
            "hispanic",
            "latino",
            "pacific islander",
            "native american",
            "asian pac islander",
            "amer indian eskimo",
            "black african american",
            "american indian",
            "hispanic or latino",
            "black or african american",
            "american indian or alaska native",
            "native hawaiian or other pacific islander",
            "asian or pacific islander",
            "hispanic latino",
        ],
        others: &[
            "white",
            "black",
            "other",
            "unknown",
            "mixed",
            "multiracial",
            "unknown not specified",
            "declined",
            "native",
            "multi race ethnicity",
        ],
        least: 2,
    },
    Levels {
        meaning: Meaning::Special(SpecialCategory::Religion),
        telling: &[
            "catholic",
            "protestant",
            "muslim",
            "jewish",
            "hindu",
            "buddhist",
            "christian",
            "islam",
            "atheist",
            "orthodox",
            "roman catholic",
            "protestant quaker",
            "katholisch",
            "reformiert",
            "evangelisch",
            "episcopalian",
            "jehovah s witness",
            "greek orthodox",
            "unitarian universalist",
            "christian scientist",
            "romanian east orth",
            "hebrew",
            "baptist",
            "methodist",
            "mormon",
            "sikh",
        ],
        others: &["none", "other", "unknown", "not specified", "unobtainable", "keine", "agnostic"],
        least: 2,
    },
    Levels {
        meaning: Meaning::Special(SpecialCategory::SexualOrientation),
        telling: &[
            "heterosexual",
            "homosexual",
            "bisexual",
            "lesbian",
            "gay",
            "pansexual",
            "asexual",
            "heterosexuell",
            "homosexuell",
        ],
        others: &["straight", "other", "unknown", "declined", "queer"],
        least: 2,
    },
    Levels {
        meaning: Meaning::Special(SpecialCategory::PoliticalOpinion),
        telling: &[
            "republican",
            "democrat",
            "libertarian",
            "labour party",
            "conservative party",
            "cdu",
            "spd",
            "svp",
            "fdp",
        ],
        others: &["independent", "green", "conservative", "liberal", "other", "none", "sp", "unknown"],
        least: 2,
    },
    Levels {
        meaning: Meaning::Quasi,
        telling: &[
            "male",
            "female",
            "mannlich",
            "weiblich",
            "homme",
            "femme",
            "masculin",
            "feminin",
            "masculino",
            "femenino",
            "maschio",
            "femmina",
            "hombre",
            "mujer",
            "uomo",
            "donna",
        ],
        others: &["other", "unknown", "divers", "non binary", "unknown invalid"],
        least: 1,
    },
    Levels {
        meaning: Meaning::Quasi,
        telling: &[
            "married",
            "divorced",
            "widowed",
            "separated",
            "never married",
            "married civ spouse",
            "married spouse absent",
            "married af spouse",
            "verheiratet",
            "geschieden",
            "verwitwet",
            "ledig",
            "marie",
            "celibataire",
            "divorce",
            "casado",
            "soltero",
            "life partner",
        ],
        others: &["single", "other", "unknown", "unknown default"],
        least: 2,
    },
    Levels {
        meaning: Meaning::Quasi,
        telling: &[
            "bachelors",
            "masters",
            "doctorate",
            "hs grad",
            "some college",
            "assoc acdm",
            "assoc voc",
            "prof school",
            "high school",
            "university",
            "primary school",
            "secondary school",
            "preschool",
            "phd",
        ],
        others: &[
            "11th", "12th", "10th", "9th", "7th 8th", "5th 6th", "1st 4th", "none", "other", "unknown", "college",
        ],
        least: 2,
    },
];

/// What the levels of a column of text mean, if nearly all of its cells tell.
pub(super) fn by_levels(column: &Column<'_>) -> Option<(Meaning, f64)> {
    if !column.is_text() || column.n_distinct() > 60 {
        return None;
    }
    let spelled = |cell: &str| {
        let plain: String = fold(cell).chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
        plain.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    LEVELS.iter().find_map(|levels| {
        let telling = |cell: &str| {
            let cell = spelled(cell);
            // `asian - chinese` and `white - russian` are finer levels of the same.
            levels.telling.contains(&cell.as_str())
                || (levels.least > 1 && cell.split(' ').next().is_some_and(|first| levels.telling.contains(&first)))
        };
        let other = |cell: &str| {
            let cell = spelled(cell);
            levels.others.contains(&cell.as_str())
                || (levels.least > 1 && cell.split(' ').next().is_some_and(|first| levels.others.contains(&first)))
        };
        let told = column.count(telling);
        let all = column.count(|cell| telling(cell) || other(cell));
        (told.distinct >= 1 && all.distinct >= levels.least && all.share() >= 0.85 && told.share() > 0.0)
            .then_some((levels.meaning, all.share()))
    })
}

/// Stems of the international names of common groups of medicines (World Health Organization, *The use of stems in
/// the selection of International Nonproprietary Names*), at the end of a word.
const STEMS: [&str; 26] = [
    "formin",
    "glitazone",
    "gliptin",
    "glinide",
    "gliflozin",
    "glutide",
    "statin",
    "sartan",
    "prazole",
    "olol",
    "cillin",
    "mycin",
    "floxacin",
    "tinib",
    "ximab",
    "zumab",
    "mumab",
    "azepam",
    "dipine",
    "triptan",
    "parin",
    "xaban",
    "platin",
    "butamide",
    "propamide",
    "azamide",
];

/// Whether a word of a column's name is a medicine by its stem: `metformin`, `atorvastatin`, `glipizide`.
pub(super) fn names_a_medicine(words: &[String]) -> bool {
    words.iter().any(|word| {
        word.len() >= 8 && STEMS.iter().any(|stem| word.ends_with(stem) && word.len() > stem.len())
            || word.len() >= 9 && word.starts_with("gli") && (word.ends_with("ide"))
    })
}

/// Whether a column holds codes of diseases (ICD-10): letter, two digits, and for some a point.
pub(super) fn are_icd_10(column: &Column<'_>) -> bool {
    let code = |cell: &str| {
        let bytes = cell.as_bytes();
        (3..=8).contains(&bytes.len())
            && bytes[0].is_ascii_uppercase()
            && bytes[1].is_ascii_digit()
            && bytes[2].is_ascii_alphanumeric()
            && bytes.get(3).is_none_or(|b| *b == b'.')
            && bytes.get(4..).is_none_or(|rest| rest.iter().all(u8::is_ascii_alphanumeric))
    };
    let dotted = column.count(|cell| code(cell) && cell.contains('.'));
    column.is_text() && column.count(code).share() >= 0.9 && dotted.distinct >= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medicines_have_stems() {
        let check = |word: &str, expected| assert_eq!(names_a_medicine(&[word.to_owned()]), expected, "{word}");
        for medicine in ["metformin", "atorvastatin", "rosiglitazone", "glipizide", "tolbutamide", "amoxicillin"] {
            check(medicine, true);
        }
        for other in ["cholesterol", "insulin", "statin", "albumin", "bilirubin", "april", "glide", "platelets"] {
            check(other, false);
        }
    }
}
