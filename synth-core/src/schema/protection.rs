//! What can be declared for a column, in words and in TOML, and what of it fits which column.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Kind, NumberFormat, Storage};

/// The smallest number of units (people, or rows where nobody has two: see [`Unit`](super::Unit)) that a level, a tail, a cell
/// value or a tuple of them may stand for where nothing else is said: counts of fewer are not written down, and values that fewer
/// share are told by no rule and looked up by none. The customary smallest cell of public statistics (CMS: 11).
pub const DEFAULT_K: usize = 11;

/// The protection of one column before training. In TOML: `protect = [{ rule = "cap-extremes", k = 11 }]`; several are
/// applied in their order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Protection {
    /// Nothing, and nobody else is to add anything. Stands alone.
    Keep {},
    /// Levels that fewer than `k` units (people, see [`Unit`](crate::schema::Unit)) have become one level, `other`. If that has fewer itself, it joins the
    /// next rarest level and takes its name. Levels with an order, and the two of a boolean, join their rarer neighbour
    /// instead, under the name of the most frequent of them. If fewer than `k` units have a value at all, they become missing.
    /// Up to half as many again as `k` are drawn for each column: see [`protect`](crate::protect). Cells that fewer than `k` to
    /// 2`k` units lack get the most frequent level.
    MergeRare {
        /// At least 2.
        k: usize,
    },
    /// The values of `k` to 2`k` units at each end (how many is drawn) become one round number or date, the next one outwards,
    /// so that no end of the column is anybody's own value or moves with one person; see [`protect`](crate::protect). A value
    /// that enough units share stays, and so does a declared range. A column in which the ends would cross (fewer than 4`k`
    /// units at most) is left with one round number in its middle, one in which fewer than `k` to 2`k` units have a value with
    /// none. Cells that fewer than `k` to 2`k` units lack get the value of another row.
    CapExtremes {
        /// At least 2.
        k: usize,
    },
    /// Numbers above a limit become one number: ages over 89 are 90 (45 CFR 164.514(b)(2)(i)(C)).
    TopCode {
        /// The largest number that stays.
        above: f64,
        /// What larger ones become; on the column's grid and not below `above`.
        to: f64,
    },
    /// Numbers below a limit become one number: years of birth that tell an age over 89 are those of the age of 90.
    BottomCode {
        /// The smallest number that stays.
        below: f64,
        /// What smaller ones become; on the column's grid and not above `below`.
        to: f64,
    },
    /// Dates lose what is finer than a period.
    Coarsen {
        /// The period.
        to: Period,
    },
    /// The dates of a subject are moved together by a random number of whole days, so that the time between two of them
    /// stays. The number follows from the subject and the [secret](crate::protect::Secret) of the protection.
    ShiftDates {
        /// The column whose values name the subjects. Without it each [unit](crate::schema::Unit) is a subject.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject: Option<String>,
        /// The most days, forwards or backwards; at least 1.
        max_days: u32,
    },
    /// US ZIP codes keep three digits, and none of them where few people live
    /// ([`RESTRICTED_ZIP_PREFIXES`](crate::protect::RESTRICTED_ZIP_PREFIXES)). What is no ZIP code becomes missing.
    ZipPrefix {},
    /// The column is left out.
    Remove {},
    /// Each row is given an invented value; the column is an identifier.
    Fake {
        /// What is invented.
        what: FakeKind,
    },
}

/// What dates are coarsened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Period {
    /// The year, as a whole number: the column is no date any more.
    Year,
    /// The month, written `2024-05`.
    Month,
    /// The Monday of the week, without a time.
    Week,
}

/// The kind of a fake value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FakeKind {
    /// Given and family name.
    Name,
    /// A given name.
    FirstName,
    /// A family name.
    LastName,
    /// A name to log in with.
    Username,
    /// House number and street.
    Street,
    /// A city.
    City,
    /// A region smaller than a state.
    County,
    /// Street, city and postcode in one.
    Address,
    /// A postcode.
    Postcode,
    /// A phone or fax number, of the block 555-01xx that is kept free for fiction.
    Phone,
    /// A mail address at a domain that is kept free for examples (RFC 2606).
    Email,
    /// A company or an institution.
    Company,
    /// An address in the web, at a domain kept free for examples.
    Url,
    /// An IPv4 address of the blocks kept free for documentation (RFC 5737).
    Ipv4,
    /// An IPv6 address of the block kept free for documentation (RFC 3849).
    Ipv6,
    /// The address of a network device, of those that no maker gives.
    Mac,
}

impl fmt::Display for FakeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            FakeKind::Name => "names",
            FakeKind::FirstName => "given names",
            FakeKind::LastName => "family names",
            FakeKind::Username => "user names",
            FakeKind::Street => "streets",
            FakeKind::City => "cities",
            FakeKind::County => "regions",
            FakeKind::Address => "addresses",
            FakeKind::Postcode => "postcodes",
            FakeKind::Phone => "phone numbers",
            FakeKind::Email => "mail addresses",
            FakeKind::Company => "companies",
            FakeKind::Url => "web addresses",
            FakeKind::Ipv4 => "IP addresses",
            FakeKind::Ipv6 => "IPv6 addresses",
            FakeKind::Mac => "network addresses",
        })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Period::Year => "year",
            Period::Month => "month",
            Period::Week => "week",
        })
    }
}

/// In words, for messages and reports.
impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Protection::Keep {} => write!(f, "kept as it is"),
            Protection::MergeRare { k } => write!(f, "levels of fewer than {k} rows merged"),
            Protection::CapExtremes { k } => write!(f, "{k} to {} most extreme values capped on each side", 2 * k),
            Protection::TopCode { above, to } => write!(f, "values above {above} become {to}"),
            Protection::BottomCode { below, to } => write!(f, "values below {below} become {to}"),
            Protection::Coarsen { to } => write!(f, "dates coarsened to the {to}"),
            Protection::ShiftDates { subject: Some(subject), max_days } => {
                write!(f, "dates of each `{subject}` shifted together by up to {max_days} days")
            }
            Protection::ShiftDates { subject: None, max_days } => {
                write!(f, "the date of each row shifted by up to {max_days} days")
            }
            Protection::ZipPrefix {} => write!(f, "ZIP codes truncated to three digits, 000 where few people live"),
            Protection::Remove {} => write!(f, "removed"),
            Protection::Fake { what } => write!(f, "replaced with fake {what}"),
        }
    }
}

impl Protection {
    /// The name in schemas and records.
    pub fn id(&self) -> &'static str {
        match self {
            Protection::Keep {} => "keep",
            Protection::MergeRare { .. } => "merge-rare",
            Protection::CapExtremes { .. } => "cap-extremes",
            Protection::TopCode { .. } => "top-code",
            Protection::BottomCode { .. } => "bottom-code",
            Protection::Coarsen { .. } => "coarsen",
            Protection::ShiftDates { .. } => "shift-dates",
            Protection::ZipPrefix {} => "zip-prefix",
            Protection::Remove {} => "remove",
            Protection::Fake { .. } => "fake",
        }
    }

    /// Whether it still has to be applied before training: fake values are generated when rows are sampled.
    pub fn is_pending(&self) -> bool {
        !matches!(self, Protection::Keep {} | Protection::Fake { .. })
    }

    /// What a column of this kind and storage, with numbers of this format, is afterwards.
    ///
    /// # Errors
    /// What does not fit, in words.
    pub(super) fn outcome(
        &self,
        number: Option<NumberFormat>,
        kind: Kind,
        storage: Storage,
    ) -> Result<(Kind, Storage), String> {
        let same = Ok((kind, storage));
        let only = |what: &str| Err(format!("the protection `{}` is for {what}; the column is {kind}", self.id()));
        match self {
            Protection::Keep {} | Protection::Remove {} => same,
            Protection::MergeRare { k } | Protection::CapExtremes { k } if *k < 2 => {
                Err(format!("`k` of the protection `{}` must be at least 2", self.id()))
            }
            Protection::MergeRare { .. } if !kind.is_levels() => only("levels: categorical, ordinal or boolean"),
            Protection::CapExtremes { .. } if !kind.is_scale() => only("numbers and dates"),
            Protection::MergeRare { .. } | Protection::CapExtremes { .. } => same,
            Protection::TopCode { above: limit, to } | Protection::BottomCode { below: limit, to } => {
                let on_grid = match number {
                    Some(number) => number.snap(*to) == *to,
                    None => to.fract() == 0.0,
                };
                let beyond = match self {
                    Protection::TopCode { .. } => to >= limit,
                    _ => to <= limit,
                };
                match () {
                    () if !storage.is_number() || !(kind.is_scale() || kind.is_levels()) => only("numbers"),
                    () if !(limit.is_finite() && to.is_finite() && beyond && on_grid) => Err(format!(
                        "`to` of the protection `{}` must be a valid value of the column, and none that remains",
                        self.id()
                    )),
                    () => same,
                }
            }
            Protection::Coarsen { .. } | Protection::ShiftDates { .. } if kind != Kind::Datetime => only("dates"),
            Protection::Coarsen { to: Period::Year } => Ok((Kind::Integer, Storage::Integer)),
            Protection::ShiftDates { max_days, .. } if !(1..=36_525).contains(max_days) => {
                Err("`max_days` of the protection `shift-dates` must be between 1 and 36525".into())
            }
            Protection::Coarsen { .. } | Protection::ShiftDates { .. } => same,
            Protection::ZipPrefix {} if !matches!(storage, Storage::Text | Storage::Integer | Storage::Float) => {
                only("ZIP codes in text or numbers")
            }
            Protection::ZipPrefix {} => Ok((Kind::Categorical, Storage::Text)),
            Protection::Fake { .. } if kind != Kind::Identifier || storage != Storage::Text => {
                only("columns of kind identifier stored as text")
            }
            Protection::Fake { .. } => same,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Field, Schema};

    fn schema_of(field: Field) -> Schema {
        let other = Field::new("id", Kind::Identifier, Storage::Text);
        Schema::new(vec![other, field])
    }

    #[test]
    fn protections_survive_the_round_trip_through_toml() {
        let shift = Protection::ShiftDates { subject: Some("id".to_owned()), max_days: 180 };
        let all = [
            (Kind::Datetime, Storage::Timestamp, vec![shift, Protection::Coarsen { to: Period::Month }]),
            (
                Kind::Datetime,
                Storage::Timestamp,
                vec![Protection::Coarsen { to: Period::Year }, Protection::CapExtremes { k: 11 }],
            ),
            (Kind::Integer, Storage::Integer, vec![Protection::TopCode { above: 89.0, to: 90.0 }]),
            (Kind::Integer, Storage::Integer, vec![Protection::ZipPrefix {}, Protection::MergeRare { k: 5 }]),
            (Kind::Identifier, Storage::Text, vec![Protection::Fake { what: FakeKind::FirstName }]),
            (Kind::Text, Storage::Text, vec![Protection::Remove {}]),
            (Kind::Categorical, Storage::Text, vec![Protection::Keep {}]),
        ];
        for (kind, storage, protect) in all {
            let schema = schema_of(Field { protect, ..Field::new("x", kind, storage) });
            let text = schema.to_toml();
            assert_eq!(Schema::from_toml(&text).unwrap(), schema, "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_column_and_rule() {
        let check = |kind, storage, protect: &str, expected: &str| {
            let text = schema_of(Field::new("x", kind, storage)).to_toml();
            let before = "name = \"x\"\n";
            assert!(text.contains(before), "{text}");
            let text = text.replace(before, &format!("{before}protect = {protect}\n"));
            let message = Schema::from_toml(&text).unwrap_err().to_string();
            assert!(message.contains(expected) && message.contains("[schema]"), "{message}");
        };
        let (text, number) = ((Kind::Categorical, Storage::Text), (Kind::Integer, Storage::Integer));
        let date = (Kind::Datetime, Storage::Timestamp);
        check(
            text.0,
            text.1,
            "[{ rule = \"cap-extremes\", k = 11 }]",
            "column `x`: the protection `cap-extremes` is for",
        );
        check(
            number.0,
            number.1,
            "[{ rule = \"merge-rare\", k = 11 }]",
            "column `x`: the protection `merge-rare` is for",
        );
        check(text.0, text.1, "[{ rule = \"merge-rare\", k = 1 }]", "must be at least 2");
        check(text.0, text.1, "[{ rule = \"top-code\", above = 89, to = 90 }]", "is for numbers");
        check(
            number.0,
            number.1,
            "[{ rule = \"top-code\", above = 89, to = 89.5 }]",
            "must be a valid value of the column",
        );
        check(number.0, number.1, "[{ rule = \"top-code\", above = 89, to = 80 }]", "and none that remains");
        check(number.0, number.1, "[{ rule = \"top-code\", above = nan, to = 90 }]", "must be a valid value");
        check(number.0, number.1, "[{ rule = \"coarsen\", to = \"year\" }]", "is for dates");
        check(date.0, date.1, "[{ rule = \"zip-prefix\" }]", "is for ZIP codes");
        check(text.0, text.1, "[{ rule = \"fake\", what = \"name\" }]", "is for columns of kind identifier");
        check(date.0, date.1, "[{ rule = \"shift-dates\", max_days = 9, subject = \"x\" }]", "must name a column");
        check(date.0, date.1, "[{ rule = \"shift-dates\", max_days = 0 }]", "between 1 and");
        check(text.0, text.1, "[{ rule = \"keep\" }, { rule = \"merge-rare\", k = 5 }]", "`keep` cannot be combined");
        check(text.0, text.1, "[{ rule = \"merge-rare\", k = 5 }, { rule = \"merge-rare\", k = 6 }]", "declared twice");
        // What the one before it leaves counts, and nothing else.
        let year_then = "[{ rule = \"coarsen\", to = \"year\" }, { rule = \"shift-dates\", max_days = 9 }]";
        check(date.0, date.1, year_then, "is for dates");
        // Unknown words and keys.
        check(text.0, text.1, "[{ rule = \"magic\" }]", "unknown variant");
        check(text.0, text.1, "[{ rule = \"remove\", k = 5 }]", "unknown field");
        check(text.0, text.1, "[{ rule = \"merge-rare\", k = 5, n = 1 }]", "unknown field");
        check(text.0, text.1, "[{ rule = \"merge-rare\" }]", "missing field");
    }
}
