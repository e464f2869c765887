//! From what was found in a table and what a policy asks for to the protections that its schema declares.
//!
//! Two things are put together for each column. What a detector [found](crate::Finding) decides on names, numbers, places
//! and dates: they are regenerated, cut, or left out. The policy's `[protection]` decides on every other column: how many
//! rows a level and a tail must stand for, and how much of a date may stay.
//!
//! **What the schema declares stays.** A column with protections of its own, [`Keep`](Protection::Keep) among them, gets no
//! others; where the findings or the policy ask for more, that is said in [`Proposal::shortfalls`], and never mended or
//! passed over in silence.
//!
//! **Whose rows they are** is told here too, where the schema does not: by the identifier that repeats most, of those whose
//! values name one person each. The findings know which do: the same family name may stand for many.
//!
//! What cannot be cut because of the way it is stored (dates in text, ages in words) is emptied: a schema that
//! names the right kind keeps more of it.

use std::collections::{HashMap, HashSet};

use synth_core::protect::{Period, Protection};
use synth_core::schema::{Storage, Unit};
use synth_core::table::Units;
use synth_core::{Field, Kind, Schema, Table};

use crate::detect::{self, Finding, Sensitive, Treatment};
use crate::policy::{DatesTo, Demands, Policy, Smallest};

/// Ages above this are one (45 CFR 164.514(b)(2)(i)(C)).
const OLDEST: f64 = 89.0;
/// A column of ages has no larger number; one of years of birth has no smaller one.
const NO_AGE: f64 = 200.0;
/// The most days by which the dates of a subject are moved. Our choice: a year, so that the season is lost too.
const MAX_DAYS: u32 = 365;

/// A schema with the protections of every column.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// To be put under the table and [applied](synth_core::protect::apply).
    pub schema: Schema,
    /// Where the schema declares less than was asked for: column, what was asked, what was declared.
    pub shortfalls: Vec<String>,
    /// Columns of which less stays than could, and how to keep more.
    pub notes: Vec<String>,
}

/// Declares what is to be done to the columns of `table`, by what was found in it and by `policy`.
///
/// The schema keeps its columns and storages, and declares the [unit](synth_core::schema::Unit) where several rows of the
/// table belong together; kinds change where cells are regenerated or emptied. A table of
/// any size is treated alike: a column in which nothing is common enough loses all of its values.
pub fn propose(table: &Table, findings: &[Finding], policy: &Policy) -> Proposal {
    let mut schema = (**table.schema()).clone();
    let (mut shortfalls, mut notes) = (Vec::new(), Vec::new());
    let subject = subject(table, findings);
    schema.unit = schema.unit.or_else(|| detected_unit(table, findings));
    for (column_idx, field) in schema.fields.iter_mut().enumerate() {
        let treatments: Vec<Treatment> =
            findings.iter().filter(|finding| finding.column == field.name).map(|finding| finding.treatment).collect();
        let is_year = || table.numbers(column_idx).iter().any(|x| *x > NO_AGE);
        let mut asked = asked(field, &treatments, policy.protection(), subject.as_deref(), is_year);
        if asked.kind == Kind::Text
            && field.protect.is_empty()
            && let Some(code) = code_of(table, column_idx, findings)
            && let Some(k) = Some(policy.protection().rare_levels.k).filter(|k| *k > 1)
        {
            asked = Asked::of(Kind::Categorical, vec![Protection::MergeRare { k }]);
            notes.push(format!(
                "`{}` follows from `{code}` one to one: it is a label and no free text, and is merged where it is rare; \
                 another `protect` in the schema changes that",
                field.name
            ));
        }
        if !field.protect.is_empty() {
            let missing: Vec<String> = asked.missing_from(field).collect();
            if !missing.is_empty() {
                let declared: Vec<String> = field.protect.iter().map(Protection::to_string).collect();
                let (missing, declared) = (missing.join(", "), declared.join(", "));
                shortfalls
                    .push(format!("`{}`: the policy requires {missing}; the schema declares: {declared}", field.name));
            }
            continue;
        }
        if asked.is_unreadable {
            let hint = "declare a `kind` and `storage` that can be coarsened (a date, a number) in the schema";
            notes.push(format!("`{}` is emptied: it cannot be coarsened as stored; {hint}", field.name));
        }
        field.kind = asked.kind;
        field.protect = asked.rules;
    }
    Proposal { schema, shortfalls, notes }
}

/// The column of codes from which a column of text follows one to one, so that it is the label of a code and nobody's own words.
///
/// A code stands for one text and a text for one code, in all rows; both are there or both are not; and two rows or more, in the
/// mean, have each. What else was found in the text (a name, an address) counts against it.
fn code_of<'a>(table: &'a Table, column_idx: usize, findings: &[Finding]) -> Option<&'a str> {
    let fields = &table.schema().fields;
    let own = findings.iter().filter(|finding| finding.column == fields[column_idx].name);
    let is_plain = |finding: &Finding| finding.treatment == Treatment::Keep || finding.kind == Sensitive::FreeText;
    if fields[column_idx].storage != Storage::Text || !own.into_iter().all(is_plain) {
        return None;
    }
    let texts = table.levels(column_idx);
    let n_present = texts.codes.iter().flatten().count();
    if texts.names.len() < 2 || n_present < 2 * texts.names.len() {
        return None;
    }
    let is_code =
        |i: &usize| *i != column_idx && fields[*i].kind == Kind::Categorical && !is_made_up(&fields[*i], findings);
    let mut others = (0..fields.len()).filter(is_code);
    let code = others.find(|&i| {
        let codes = table.levels(i);
        let mut pairs: HashMap<u32, u32> = HashMap::new();
        codes.names.len() == texts.names.len()
            && codes.codes.iter().zip(&texts.codes).all(|pair| match pair {
                (Some(code), Some(text)) => *pairs.entry(*code).or_insert(*text) == *text,
                (None, None) => true,
                _ => false,
            })
            // As many texts as codes, each text one code's.
            && pairs.values().collect::<HashSet<_>>().len() == pairs.len()
    })?;
    Some(&fields[code].name)
}

/// What is asked for one column.
struct Asked {
    kind: Kind,
    rules: Vec<Protection>,
    /// It is emptied for want of anything milder that its storage allows.
    is_unreadable: bool,
}

impl Asked {
    fn of(kind: Kind, rules: Vec<Protection>) -> Self {
        Self { kind, rules, is_unreadable: false }
    }

    /// Written as missing; a date cannot be, and goes.
    fn suppressed(field: &Field) -> Self {
        match field.storage {
            Storage::Timestamp => Self::of(field.kind, vec![Protection::Remove {}]),
            _ => Self::of(Kind::Text, Vec::new()),
        }
    }

    /// What of it `field` does not declare, nor anything stricter.
    fn missing_from(&self, field: &Field) -> impl Iterator<Item = String> {
        let is_gone = field.protect.contains(&Protection::Remove {}) || field.kind == Kind::Text;
        let is_anew = is_gone || field.kind == Kind::Identifier;
        let kind = match self.kind {
            Kind::Text if !is_gone => Some("emptied".to_owned()),
            Kind::Identifier if !is_anew => Some("regenerated".to_owned()),
            _ => None,
        };
        let is_missing = |rule: &&Protection| match rule {
            Protection::Remove {} => !is_gone,
            rule => !is_anew && !field.protect.iter().any(|own| is_as_strict(own, rule)),
        };
        let rules: Vec<String> = self.rules.iter().filter(is_missing).map(Protection::to_string).collect();
        kind.into_iter().chain(rules)
    }
}

/// Whether `own` does at least what `asked` does, as far as that can be told.
fn is_as_strict(own: &Protection, asked: &Protection) -> bool {
    match (own, asked) {
        (Protection::MergeRare { k: own }, Protection::MergeRare { k })
        | (Protection::CapExtremes { k: own }, Protection::CapExtremes { k }) => own >= k,
        (Protection::TopCode { above: own, .. }, Protection::TopCode { above, .. }) => own <= above,
        (Protection::BottomCode { below: own, .. }, Protection::BottomCode { below, .. }) => own >= below,
        (Protection::Coarsen { to: own }, Protection::Coarsen { to }) => own == to || *own == Period::Year,
        (Protection::ShiftDates { .. }, Protection::ShiftDates { .. }) => true,
        (own, asked) => own == asked,
    }
}

fn asked(
    field: &Field,
    treatments: &[Treatment],
    demands: &Demands,
    subject: Option<&str>,
    is_year: impl Fn() -> bool,
) -> Asked {
    let k = |smallest: &Smallest| (smallest.k > 1).then_some(smallest.k);
    let merge = || k(&demands.rare_levels).map(|k| Protection::MergeRare { k });
    let cap = || k(&demands.extremes).map(|k| Protection::CapExtremes { k });
    let is_old = treatments.contains(&Treatment::TopCode);
    let unreadable = || Asked { is_unreadable: field.kind != Kind::Text, ..Asked::suppressed(field) };
    match treatments.iter().max().copied().unwrap_or(Treatment::Keep) {
        _ if field.kind == Kind::Empty => Asked::of(field.kind, Vec::new()),
        Treatment::Remove => Asked::of(field.kind, vec![Protection::Remove {}]),
        Treatment::Suppress => Asked::suppressed(field),
        Treatment::Regenerate | Treatment::Fake(_)
            if matches!(field.storage, Storage::Timestamp | Storage::Boolean) =>
        {
            Asked::of(field.kind, vec![Protection::Remove {}])
        }
        Treatment::Fake(what) if field.storage == Storage::Text => {
            Asked::of(Kind::Identifier, vec![Protection::Fake { what }])
        }
        Treatment::Regenerate | Treatment::Fake(_) => Asked::of(Kind::Identifier, Vec::new()),
        Treatment::ZipPrefix if matches!(field.storage, Storage::Timestamp | Storage::Boolean) => {
            Asked::of(field.kind, vec![Protection::Remove {}])
        }
        Treatment::ZipPrefix => Asked::of(field.kind, [Protection::ZipPrefix {}].into_iter().chain(merge()).collect()),
        Treatment::YearOnly if demands.dates.to == DatesTo::Keep && !is_old => baseline(field, merge(), cap()),
        Treatment::YearOnly | Treatment::TopCode if field.kind == Kind::Datetime => {
            let coarse = match demands.dates.to {
                // An age over 89 is told by less than a year.
                DatesTo::Year => Protection::Coarsen { to: Period::Year },
                _ if is_old => Protection::Coarsen { to: Period::Year },
                DatesTo::Month => Protection::Coarsen { to: Period::Month },
                DatesTo::Week => Protection::Coarsen { to: Period::Week },
                _ => Protection::ShiftDates { subject: subject.map(str::to_owned), max_days: MAX_DAYS },
            };
            let old = is_old.then(year_of_birth);
            Asked::of(field.kind, [coarse].into_iter().chain(old).chain(cap()).collect())
        }
        Treatment::YearOnly => unreadable(),
        Treatment::TopCode => {
            let fits = field.storage.is_number() && field.kind.is_learnt();
            let code = match fits && is_year() {
                true => year_of_birth(),
                false => Protection::TopCode { above: OLDEST, to: OLDEST + 1.0 },
            };
            let on_grid = |to: f64| field.number.is_some_and(|number| number.snap(to) == to);
            match code {
                Protection::TopCode { to, .. } | Protection::BottomCode { to, .. } if fits && on_grid(to) => {
                    let Asked { kind, rules, .. } = baseline(field, merge(), cap());
                    Asked::of(kind, [code].into_iter().chain(rules).collect())
                }
                _ => unreadable(),
            }
        }
        Treatment::Keep => baseline(field, merge(), cap()),
    }
}

/// What is done to a column for its rare values alone.
fn baseline(field: &Field, merge: Option<Protection>, cap: Option<Protection>) -> Asked {
    let rule = match field.kind {
        kind if kind.is_levels() => merge,
        kind if kind.is_scale() => cap,
        _ => None,
    };
    Asked::of(field.kind, rule.into_iter().collect())
}

/// Years of birth that tell an age over 89 are that of the age of 90.
fn year_of_birth() -> Protection {
    let year = f64::from(detect::Options::default().year);
    Protection::BottomCode { below: year - OLDEST, to: year - OLDEST - 1.0 }
}

/// The unit of `table` where its schema declares none: named by the identifier that repeats most, left out those that
/// stand for names, places and the like; or, where none repeats, equal rows if there are [more of them](Units::repeated) than chance
/// makes. `None` if each row is a unit of its own.
pub fn detected_unit(table: &Table, findings: &[Finding]) -> Option<Unit> {
    let names_one = |field: &Field| {
        let is_invented = field.protect.iter().any(|own| matches!(own, Protection::Fake { .. }));
        !is_invented && !is_made_up(field, findings)
    };
    let named = Units::detected(table, names_one).map(|(_, units)| units).filter(|units| !units.are_rows());
    named.or_else(|| Units::repeated(table)).map(|units| units.unit().clone())
}

/// Whether what was found in the column is replaced by what may stand in many rows, or left out.
fn is_made_up(field: &Field, findings: &[Finding]) -> bool {
    let found = findings.iter().filter(|finding| finding.column == field.name);
    found.map(|f| f.treatment).any(|t| matches!(t, Treatment::Fake(_) | Treatment::Suppress | Treatment::Remove))
}

/// The column that names whose dates are moved together: that of the unit, or an identifier in any case, of those that are
/// regenerated in their own format the one that repeats most.
fn subject(table: &Table, findings: &[Finding]) -> Option<String> {
    let unit = table.schema().unit.clone().or_else(|| detected_unit(table, findings));
    let is_identifier =
        |name: &String| table.schema().fields.iter().any(|field| field.name == *name && field.kind == Kind::Identifier);
    match unit.as_ref().map(Unit::columns) {
        Some([name]) if is_identifier(name) => Some(name.clone()),
        // By the unit itself: the rows, or what no single column tells.
        Some(_) => None,
        None => {
            let identifiers = table.schema().fields.iter().enumerate().filter(|(_, field)| {
                field.kind == Kind::Identifier && field.protect.is_empty() && !is_made_up(field, findings)
            });
            let (_, field) = identifiers.min_by_key(|(i, _)| table.levels(*i).names.len())?;
            Some(field.name.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use synth_core::io::{ReadOptions, read_bytes};
    use synth_core::protect::{Secret, apply};

    use super::*;
    use crate::detect::{Basis, Confidence, Identifier};

    /// 120 rows: an identifier, a date, an age, a word, a ZIP code as a number, a name, a note and a flag.
    fn table() -> Table {
        let mut text = "patient,seen,age,stage,zip,name,note,died,born\n".to_owned();
        for i in 0..120 {
            let (age, stage) = (20 + i * 7 % 75, ["a", "b", "c"][usize::from(i % 3 == 0) + usize::from(i == 60)]);
            let (zip, born) = (10_000 + i * 613, 1920 + i * 11 % 90);
            let (day, month) = (1 + i % 28, 1 + i % 12);
            text += &format!(
                "P{:04},20{:02}-{month:02}-{day:02},{age},{stage},{zip},N{i} X,free words {i},{},{born}\n",
                i * 7,
                i % 20,
                i % 2
            );
        }
        let mut table = read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table;
        let mut schema = (**table.schema()).clone();
        for (name, kind) in [("name", Kind::Categorical), ("note", Kind::Text), ("patient", Kind::Identifier)] {
            let i = schema.index_of(name).unwrap();
            schema.fields[i].kind = kind;
        }
        table = table.with_schema(schema.into()).unwrap();
        table
    }

    fn found(column: &str, treatment: Treatment) -> Finding {
        let confidence = Confidence { basis: Basis::Name, degree: 1.0 };
        let kind = Sensitive::Identifier(Identifier::Other);
        Finding { column: column.to_owned(), kind, share: 1.0, confidence, treatment }
    }

    fn findings() -> Vec<Finding> {
        vec![
            found("seen", Treatment::YearOnly),
            found("age", Treatment::TopCode),
            found("zip", Treatment::ZipPrefix),
            found("name", Treatment::Fake(detect::FakeKind::Name)),
            found("born", Treatment::TopCode),
        ]
    }

    fn policy(protection: &str) -> Policy {
        let gate = "[[gates]]\nmeasure = \"ks_mean\"\nmax = 0.1\nsource = \"a test\"\n";
        let head = "name = \"mine\"\nversion = \"1\"\ntitle = \"a test\"\nmin_rows = 10\n";
        Policy::from_toml(&format!("{head}{gate}{protection}")).unwrap()
    }

    fn rules(declared: &Proposal, column: &str) -> Vec<&'static str> {
        let field = &declared.schema.fields[declared.schema.index_of(column).unwrap()];
        field.protect.iter().map(Protection::id).collect()
    }

    #[test]
    fn findings_and_policy_become_rules_that_fit_and_apply() {
        let table = table();
        for name in Policy::names() {
            let declared = propose(&table, &findings(), &Policy::named(name).unwrap());
            assert_eq!(declared.shortfalls, [""; 0], "{name}");
            let (after, _) =
                apply(&table.with_schema(declared.schema.clone().into()).unwrap(), &Secret::from_seed(0)).unwrap();
            assert_eq!(after.n_rows(), 120);
            assert_eq!(Schema::from_toml(&declared.schema.to_toml()).unwrap(), declared.schema);
        }
        let declared = propose(&table, &findings(), &policy(""));
        assert_eq!(rules(&declared, "seen"), ["coarsen", "cap-extremes"]);
        assert_eq!(rules(&declared, "age"), ["top-code", "cap-extremes"]);
        assert_eq!(rules(&declared, "born"), ["bottom-code", "cap-extremes"]);
        assert_eq!(rules(&declared, "zip"), ["zip-prefix", "merge-rare"]);
        assert_eq!(rules(&declared, "name"), ["fake"]);
        assert_eq!(rules(&declared, "stage"), ["merge-rare"]);
        assert_eq!(rules(&declared, "died"), ["merge-rare"]);
        assert_eq!(rules(&declared, "note"), [""; 0]);
        assert_eq!(rules(&declared, "patient"), [""; 0]);
    }

    #[test]
    fn a_text_that_follows_from_a_code_is_its_label() {
        let sentence = |code: usize| format!("a long description of the finding, of type {code}");
        let rules_of = |text: &dyn Fn(usize) -> String| {
            let rows: String = (0..240).map(|i| format!("D{:02},{},\"{}\"\n", i % 60, i * 7 % 50, text(i))).collect();
            let table =
                read_bytes(format!("dx,dose,dx_text\n{rows}").into_bytes(), &ReadOptions::default()).unwrap().table;
            let mut schema = (**table.schema()).clone();
            schema.fields[2].kind = Kind::Text;
            let table = table.with_schema(schema.into()).unwrap();
            let declared = propose(&table, &detect::detect(&table), &policy(""));
            (declared.schema.fields[2].kind, rules(&declared, "dx_text"), declared.notes.len())
        };
        assert_eq!(rules_of(&|i| sentence(i % 60)), (Kind::Categorical, vec!["merge-rare"], 1));
        // One row that says something of its own, or a text that says less than the code, and it is free text.
        assert_eq!(rules_of(&|i| if i == 7 { sentence(99) } else { sentence(i % 60) }), (Kind::Text, vec![], 0));
        assert_eq!(rules_of(&|i| sentence(i % 30)), (Kind::Text, vec![], 0));
    }

    #[test]
    fn the_policy_says_what_stays_of_dates_and_how_rare_is_rare() {
        let table = table();
        let seen = |to: &str| {
            let text = format!(
                "[protection.dates]\nto = \"{to}\"\nsource = \"a test\"\n[protection.extremes]\nk = 1\nsource = \"x\"\n"
            );
            let declared = propose(&table, &findings(), &policy(&text));
            declared.schema.fields[1].protect.clone()
        };
        assert_eq!(seen("month"), [Protection::Coarsen { to: Period::Month }]);
        assert_eq!(seen("week"), [Protection::Coarsen { to: Period::Week }]);
        let moved = Protection::ShiftDates { subject: Some("patient".to_owned()), max_days: 365 };
        assert_eq!(seen("shift"), [moved]);
        assert_eq!(seen("keep"), []);
        let text = "[protection.rare_levels]\nk = 7\nsource = \"a test\"\n";
        let declared = propose(&table, &[], &policy(text));
        assert_eq!(declared.schema.fields[3].protect, [Protection::MergeRare { k: 7 }]);
    }

    #[test]
    fn what_the_schema_declares_stays_and_less_than_was_asked_is_said() {
        let table = table();
        let mut schema = (**table.schema()).clone();
        schema.fields[1].protect = vec![Protection::Keep {}];
        schema.fields[2].protect =
            vec![Protection::TopCode { above: 79.0, to: 80.0 }, Protection::CapExtremes { k: 5 }];
        schema.fields[3].protect = vec![Protection::MergeRare { k: 20 }];
        schema.fields[5].protect = vec![Protection::Remove {}];
        let own = table.with_schema(schema.clone().into()).unwrap();
        let declared = propose(&own, &findings(), &policy(""));
        for i in [1, 2, 3, 5] {
            assert_eq!(declared.schema.fields[i], schema.fields[i]);
        }
        assert_eq!(
            declared.shortfalls,
            [
                "`seen`: the policy requires dates coarsened to the year, 11 to 22 most extreme values capped on each side; the \
             schema declares: kept as it is",
                "`age`: the policy requires 11 to 22 most extreme values capped on each side; the schema declares: values above 79 \
             become 80, 5 to 10 most extreme values capped on each side",
            ]
        );
    }

    #[test]
    fn what_cannot_be_cut_is_written_as_missing_and_said() {
        let table = table();
        let declared = propose(&table, &[found("stage", Treatment::YearOnly)], &policy(""));
        assert_eq!(declared.schema.fields[3].kind, Kind::Text);
        assert!(declared.notes[0].starts_with("`stage` is emptied"), "{:?}", declared.notes);
        let declared = propose(&table, &[found("seen", Treatment::Suppress)], &policy(""));
        assert_eq!(rules(&declared, "seen"), ["remove"]);
    }

    #[test]
    fn a_faulty_section_is_an_error() {
        let check = |section: &str| {
            let head = "name = \"mine\"\nversion = \"1\"\ntitle = \"t\"\nmin_rows = 1\n";
            let gate = "[[gates]]\nmeasure = \"ks_mean\"\nmax = 0.1\nsource = \"s\"\n";
            let text = format!("{head}{gate}{section}");
            assert!(Policy::from_toml(&text).is_err(), "{text}");
        };
        check("[protection]\nrare = 1\n");
        check("[protection.rare_levels]\nk = 0\nsource = \"s\"\n");
        check("[protection.rare_levels]\nk = 11\n");
        check("[protection.rare_levels]\nk = 11\nsource = \" \"\n");
        check("[protection.extremes]\nk = -1\nsource = \"s\"\n");
        check("[protection.dates]\nto = \"hour\"\nsource = \"s\"\n");
    }
}
