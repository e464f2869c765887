//! What membership is tried on: generators, beside rows they did and did not learn from.

use synth_core::Table;

/// One generator's synthetic table, with its training rows and held-out rows.
///
/// With a plain holdout there is one audit. With cross-fitting there is one for each of the K generators, its
/// non-members being the rows of the fold it was not shown. `member_ids` and `non_member_ids` name whose row each row is (a
/// number for each row where nobody has two): rows of one id are attacked as one, no id is on both sides of an audit, and the
/// same id in several audits is the same unit, and counts as one observation of independent size.
#[derive(Debug, Clone, Copy)]
pub struct Audit<'a> {
    /// What the generator made.
    pub synthetic: &'a Table,
    /// Training rows of the generator.
    pub members: &'a Table,
    /// One id a member row: its unit.
    pub member_ids: &'a [usize],
    /// Rows of the same law it never saw.
    pub non_members: &'a Table,
    /// One id a non-member row: its unit.
    pub non_member_ids: &'a [usize],
    /// Further real rows, to calibrate distances with: neither among the members nor among the non-members above.
    pub reference: Option<&'a Table>,
}

/// The losses of an audit's rows under the generator's model: smaller for rows that are more like the training rows.
#[derive(Debug, Clone, Copy)]
pub struct Losses<'a> {
    /// One a member row.
    pub members: &'a [f64],
    /// One a non-member row.
    pub non_members: &'a [f64],
}
