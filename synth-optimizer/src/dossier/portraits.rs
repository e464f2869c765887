//! What a report page shows of the table of a run: its [`Portrait`], and the measures for one group after the other.
//!
//! Both are taken once, on the table that was accepted or came nearest, beside the protected rows that its generator was
//! given. They hold no row and nothing of fewer than [`DEFAULT_K`] real ones but sums, which are masked where they are
//! shown; so a refused run has them too. No rule and no gate looks at them.
//!
//! Left out on purpose: groups by numbers, and by several columns at once.

use synth_compliance::{Finding, Sensitive};
use synth_core::protect::DEFAULT_K;
use synth_core::{Kind, Table};
use synth_metrics::portrait::Shape;
use synth_metrics::rounding::share;
use synth_metrics::{Portrait, Subgroups, Tables, portrait, subgroups};

use crate::error::Result;

/// The most levels of a column that groups are made by, if it was not found to be a quasi-identifier.
const MAX_GROUPS: usize = 10;

/// What may be shown of a table and of the rows it was made from.
#[derive(Debug, Clone, PartialEq)]
pub struct TablePortrait {
    /// Distributions, associations and the rows on a plane.
    pub portrait: Portrait,
    /// The main measures for each level of a column; `None` if no column of levels was found.
    pub subgroups: Option<Subgroups>,
}

impl TablePortrait {
    /// The portrait of `synthetic` beside `real`, the protected rows that its generator was given.
    ///
    /// # Errors
    /// [`Error::Metrics`](crate::Error::Metrics) if the tables cannot be compared.
    pub fn new(real: &Table, synthetic: &Table, findings: &[Finding]) -> Result<TablePortrait> {
        let comparison = Tables { train: real, synthetic, holdout: None }.compare()?;
        let group = group_column(real, findings);
        let mut portrait = portrait(&comparison, DEFAULT_K);
        // The real shares in steps of some rows: exact ones would tell a guess of one row from another.
        let n_rows = real.n_rows();
        for column in &mut portrait.columns {
            column.missing.train = column.missing.train.map(|of_all| share(of_all, n_rows));
            match &mut column.shape {
                Shape::Bins { shares, .. } => rounded(&mut shares.train, n_rows),
                Shape::Levels { shares, others, .. } => {
                    rounded(&mut shares.train, n_rows);
                    others.iter_mut().for_each(|others| others.train = share(others.train, n_rows));
                }
                Shape::Hidden(_) => {}
            }
        }
        Ok(TablePortrait { portrait, subgroups: group.map(|column| subgroups(&comparison, &column)) })
    }
}

fn rounded(shares: &mut [f64], n_rows: usize) {
    shares.iter_mut().for_each(|own| *own = share(*own, n_rows));
}

/// The column whose levels are looked at one by one: the first quasi-identifier of levels, since that is what people are
/// told apart by; or else the last column of 2 to 10 levels, which is what utility is about by default.
fn group_column(table: &Table, findings: &[Finding]) -> Option<String> {
    let fields = &table.schema().fields;
    let is_quasi = |name: &str| findings.iter().any(|f| f.column == name && f.kind == Sensitive::QuasiIdentifier);
    let quasi = fields.iter().find(|field| field.kind.is_levels() && is_quasi(&field.name));
    let few_levels = |c: &usize| (2..=MAX_GROUPS).contains(&table.levels(*c).names.len());
    let last = || (0..fields.len()).rev().filter(|&c| fields[c].kind.is_levels()).find(few_levels);
    quasi.or_else(|| last().map(|c| &fields[c])).filter(|field| field.kind != Kind::Constant).map(|f| f.name.clone())
}

#[cfg(test)]
mod tests {
    use synth_core::io::{ReadOptions, read_bytes};

    use super::*;

    #[test]
    fn groups_are_those_that_people_are_told_apart_by() {
        let check = |header: &str, expected: Option<&str>| {
            let rows = (0..90).map(|i| format!("{}.5,{},{}\n", i * 17 % 90, ["u", "v", "w"][i % 3], ["m", "f"][i % 2]));
            let text: String = std::iter::once(format!("{header}\n")).chain(rows).collect();
            let table = read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table;
            assert_eq!(group_column(&table, &synth_compliance::detect(&table)).as_deref(), expected, "{header}");
        };
        check("dose,sex,arm", Some("sex"));
        check("dose,arm,sex", Some("sex"));
        check("dose,arm,outcome", Some("outcome"));
    }
}
