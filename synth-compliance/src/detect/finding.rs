//! What a detector says: which column, what it holds, how surely, and what should be done.
//!
//! The eighteen kinds of identifier are those of the Safe Harbor rule, 45 CFR 164.514(b)(2)(i)(A) to (R); the special
//! categories are those of Article 9(1) of Regulation (EU) 2016/679. Nothing here can hold a cell of the table.

use std::fmt;

use serde::{Deserialize, Serialize};
use synth_core::protect::FakeKind;

/// One kind of sensitive content in one column. A column may have several findings.
///
/// `Display` is a sentence: the column, the kind, the share, the ground and what should be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The column's name.
    pub column: String,
    /// What it holds.
    pub kind: Sensitive,
    /// The share of the cells that are not missing which match the kind, in [0, 1], never NaN. Where the name alone
    /// tells, all of them are meant: 1.
    pub share: f64,
    /// How certain it is, and what it is based on.
    pub confidence: Confidence,
    /// The recommended treatment before a generator sees the column.
    pub treatment: Treatment,
}

impl Finding {
    /// The share in whole percent; a share above 0 is never shown as 0 %, and one below 1 never as 100 %.
    pub fn percent(&self) -> String {
        match self.share * 100.0 {
            x if x > 0.0 && x < 1.0 => "under 1 %".to_owned(),
            x if x > 99.0 && x < 100.0 => "over 99 %".to_owned(),
            x => format!("{x:.0} %"),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { column, kind, confidence, treatment, .. } = self;
        write!(f, "column `{column}`: {kind} in {} of the cells, {confidence}; treatment: {treatment}", self.percent())
    }
}

/// A kind of sensitive content of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitive {
    /// One of the identifiers that Safe Harbor has removed.
    Identifier(Identifier),
    /// Text written by people, which may contain anything.
    FreeText,
    /// One of the categories of the GDPR's Article 9.
    SpecialCategory(SpecialCategory),
    /// What does not name a person alone, but together with others of its sort: age, sex, education, country.
    QuasiIdentifier,
}

impl fmt::Display for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sensitive::Identifier(identifier) => identifier.fmt(f),
            Sensitive::FreeText => f.write_str("free text"),
            Sensitive::SpecialCategory(category) => write!(f, "{category} (GDPR Art. 9)"),
            Sensitive::QuasiIdentifier => f.write_str("quasi-identifier"),
        }
    }
}

/// The eighteen kinds of identifier of 45 CFR 164.514(b)(2)(i), in the order of their letters.
///
/// `Display` gives the words and the letter. Where the rule names an American number, its equivalents elsewhere are
/// counted with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identifier {
    /// (A) Names of the person, of relatives, employers or household members.
    Name,
    /// (B) Places smaller than a state: streets, cities, counties, postal codes, coordinates.
    Geography,
    /// (C) Elements of dates finer than the year, and ages over 89 or years that tell them.
    Date,
    /// (D) Telephone numbers.
    Telephone,
    /// (E) Fax numbers.
    Fax,
    /// (F) Electronic mail addresses.
    Email,
    /// (G) Social security numbers, and national numbers of persons elsewhere (AHV, NHS, NIR, codice fiscale, …).
    SocialSecurity,
    /// (H) Medical record numbers.
    MedicalRecord,
    /// (I) Health plan beneficiary numbers.
    HealthPlan,
    /// (J) Account numbers, those of cards included.
    Account,
    /// (K) Certificate and licence numbers, passports included.
    Licence,
    /// (L) Vehicle identifiers and serial numbers, licence plates included.
    Vehicle,
    /// (M) Device identifiers and serial numbers.
    Device,
    /// (N) Web addresses.
    Url,
    /// (O) Internet protocol addresses.
    IpAddress,
    /// (P) Biometric identifiers: finger and voice prints, templates.
    Biometric,
    /// (Q) Full-face photographs and comparable images.
    Photograph,
    /// (R) Any other unique identifying number, characteristic or code.
    Other,
}

impl Identifier {
    /// All of them, by letter.
    pub const ALL: [Identifier; 18] = {
        use Identifier::*;
        [
            Name,
            Geography,
            Date,
            Telephone,
            Fax,
            Email,
            SocialSecurity,
            MedicalRecord,
            HealthPlan,
            Account,
            Licence,
            Vehicle,
            Device,
            Url,
            IpAddress,
            Biometric,
            Photograph,
            Other,
        ]
    };

    /// The letter under which 45 CFR 164.514(b)(2)(i) names it, `A` to `R`.
    pub fn letter(self) -> char {
        char::from(b'A' + self as u8)
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Identifier::Name => "names",
            Identifier::Geography => "places smaller than a state",
            Identifier::Date => "dates finer than a year or ages over 89",
            Identifier::Telephone => "telephone numbers",
            Identifier::Fax => "fax numbers",
            Identifier::Email => "e-mail addresses",
            Identifier::SocialSecurity => "social security or national numbers",
            Identifier::MedicalRecord => "medical record numbers",
            Identifier::HealthPlan => "health plan numbers",
            Identifier::Account => "account or card numbers",
            Identifier::Licence => "certificate or licence numbers",
            Identifier::Vehicle => "vehicle identifiers or plates",
            Identifier::Device => "device identifiers or serial numbers",
            Identifier::Url => "web addresses",
            Identifier::IpAddress => "IP addresses",
            Identifier::Biometric => "biometric identifiers",
            Identifier::Photograph => "photographs",
            Identifier::Other => "unique codes",
        };
        write!(f, "{words} (Safe Harbor {})", self.letter())
    }
}

/// The special categories of personal data of Article 9(1) of the GDPR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpecialCategory {
    /// Racial or ethnic origin.
    RacialOrEthnicOrigin,
    /// Political opinions.
    PoliticalOpinion,
    /// Religious or philosophical beliefs.
    Religion,
    /// Trade union membership.
    TradeUnion,
    /// Genetic data.
    Genetic,
    /// Data concerning health: named conditions, diagnoses, treatments. Measurements are not listed one by one: a
    /// clinical table is data concerning health as a whole.
    Health,
    /// Sex life or sexual orientation.
    SexualOrientation,
}

impl fmt::Display for SpecialCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SpecialCategory::RacialOrEthnicOrigin => "racial or ethnic origin",
            SpecialCategory::PoliticalOpinion => "political opinions",
            SpecialCategory::Religion => "religious or philosophical beliefs",
            SpecialCategory::TradeUnion => "trade union membership",
            SpecialCategory::Genetic => "genetic data",
            SpecialCategory::Health => "data concerning health",
            SpecialCategory::SexualOrientation => "sex life or sexual orientation",
        })
    }
}

/// How certain a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confidence {
    /// What it is based on.
    pub basis: Basis,
    /// A degree in [0, 1] to sort and to cut by. Ours by judgement: it is no probability and was not calibrated.
    pub degree: f64,
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "detected {} (confidence {:.2})", self.basis, self.degree)
    }
}

/// What a finding is based on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The column's name.
    Name,
    /// The cells.
    Content,
    /// The name, and the cells agree.
    Both,
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Basis::Name => "by name",
            Basis::Content => "by content",
            Basis::Both => "by name and content",
        })
    }
}

/// The recommended treatment of a column. Ordered: each is at least as strict as those before it, so for several
/// findings on one column the greatest treatment applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Treatment {
    /// Keep the column, and use it in the privacy measures.
    Keep,
    /// Ages over 89 become 90; years and dates of birth that tell such an age become those of the age of 90.
    TopCode,
    /// Truncate dates to the year.
    YearOnly,
    /// Truncate ZIP codes to three digits, or to `000` where so few people live that three digits disclose too much.
    ZipPrefix,
    /// Replace with fake values of this kind.
    Fake(FakeKind),
    /// Regenerate unique codes in the same format, like identifiers.
    Regenerate,
    /// Empty the column: every cell becomes missing.
    Suppress,
    /// Remove the column.
    Remove,
}

impl fmt::Display for Treatment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Treatment::Keep => f.write_str("keep, and use in the privacy measures"),
            Treatment::TopCode => f.write_str("set ages over 89 to 90"),
            Treatment::YearOnly => f.write_str("truncate to the year"),
            Treatment::ZipPrefix => f.write_str("truncate to three digits"),
            Treatment::Fake(what) => write!(f, "replace with fake {what}"),
            Treatment::Regenerate => f.write_str("regenerate in the same format"),
            Treatment::Suppress => f.write_str("empty"),
            Treatment::Remove => f.write_str("remove"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identifiers_have_the_letters_of_the_rule() {
        let letters: String = Identifier::ALL.iter().map(|i| i.letter()).collect();
        assert_eq!(letters, "ABCDEFGHIJKLMNOPQR");
        assert_eq!(Identifier::SocialSecurity.letter(), 'G');
        assert_eq!(Identifier::Photograph.letter(), 'Q');
    }

    #[test]
    fn a_finding_is_a_sentence_and_comes_back_from_json() {
        let finding = Finding {
            column: "tel".into(),
            kind: Sensitive::Identifier(Identifier::Telephone),
            share: 0.004,
            confidence: Confidence { basis: Basis::Both, degree: 0.99 },
            treatment: Treatment::Fake(FakeKind::Phone),
        };
        assert_eq!(
            finding.to_string(),
            "column `tel`: telephone numbers (Safe Harbor D) in under 1 % of the cells, detected by name and content (confidence 0.99); treatment: replace with fake phone numbers"
        );
        let json = serde_json::to_string(&finding).unwrap();
        assert!(json.contains(r#""kind":{"identifier":"telephone"}"#), "{json}");
        assert!(json.contains(r#""treatment":{"fake":"phone"}"#), "{json}");
        assert_eq!(serde_json::from_str::<Finding>(&json).unwrap(), finding);
        assert!(serde_json::from_str::<Finding>(&json.replace("\"share\"", "\"cell\":1,\"share\"")).is_err());
    }

    #[test]
    fn shares_are_never_rounded_to_none_or_all() {
        let finding = |share| Finding {
            column: String::new(),
            kind: Sensitive::FreeText,
            share,
            confidence: Confidence { basis: Basis::Name, degree: 0.5 },
            treatment: Treatment::Suppress,
        };
        let check = |share, expected| assert_eq!(finding(share).percent(), expected);
        check(0.0, "0 %");
        check(0.0001, "under 1 %");
        check(0.25, "25 %");
        check(0.9999, "over 99 %");
        check(1.0, "100 %");
    }

    #[test]
    fn the_stricter_treatment_is_the_greater() {
        use Treatment::*;
        let order = [Keep, TopCode, YearOnly, ZipPrefix, Fake(FakeKind::City), Regenerate, Suppress, Remove];
        assert!(order.is_sorted_by(|a, b| a < b));
    }
}
