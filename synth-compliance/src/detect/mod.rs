//! Which columns of a table hold what must not leave as it is: detectors by name and by content.
//!
//! [`detect`] goes over the columns in order. Each is judged by its name, against a dictionary in five
//! languages, and by its cells: tests on whole cells, with check digits where a number has one, and tests on what
//! stands among words. A name is believed if the cells may be what it says; cells need no name if enough of them pass
//! a test. How many that is stands beside each test, and follows from how often chance passes it: one cell for a
//! grammar that nothing else has, nearly all cells for a check of one digit.
//!
//! A finding names a column and never a cell. Left out on purpose: what a column means together with others, and
//! whether a name is that of a patient or of a town: all of them are found.

mod checksum;
mod column;
mod dates;
mod decide;
mod devices;
mod dictionary;
mod finding;
mod fold;
mod name;
mod network;
mod numbers;
mod persons;
mod places;
mod special;
mod test;
mod text;

pub use synth_core::protect::FakeKind;

pub use finding::{Basis, Confidence, Finding, Identifier, Sensitive, SpecialCategory, Treatment};

use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use synth_core::Table;

use column::Column;

/// How content is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Tables with more rows are judged on so many of them, drawn without replacement. Default 20,000: what stands in
    /// one row of a thousand is then missed by one draw in 5·10⁸, what stands in one of ten thousand by one in seven.
    pub max_rows: usize,
    /// Seed of that draw. Default 0.
    pub seed: u64,
    /// The year in which the table is read: who was born more than 90 years before it is over 89. Default 2026, the
    /// year of this version, so that a table gives the same findings in every year.
    pub year: i32,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_rows: 20_000, seed: 0, year: 2026 }
    }
}

/// Detects the sensitive columns of `table` with the default [`Options`], in the order of the columns, then by kind.
///
/// Columns without a cell have no findings; a table without rows has none.
///
/// ```
/// use synth_compliance::detect::{FakeKind, Identifier, Sensitive, Treatment, detect};
/// use synth_core::io::{ReadOptions, read_bytes};
///
/// let file = "visit,contact\n1,ann (at) example.org\n2,+41 (0)79 555 01 99\n3,bob@example.org\n";
/// let table = read_bytes(file.into(), &ReadOptions::default())?.table;
/// let findings = detect(&table);
/// assert!(findings.iter().all(|finding| finding.column == "contact"));
/// assert_eq!(findings[0].kind, Sensitive::Identifier(Identifier::Telephone));
/// assert_eq!(findings[1].kind, Sensitive::Identifier(Identifier::Email));
/// assert_eq!(findings[1].treatment, Treatment::Fake(FakeKind::Email));
/// # Ok::<(), synth_core::Error>(())
/// ```
pub fn detect(table: &Table) -> Vec<Finding> {
    detect_with(table, &Options::default())
}

/// Same as [`detect`], with `options`. Deterministic, on any number of threads.
pub fn detect_with(table: &Table, options: &Options) -> Vec<Finding> {
    let sampled;
    let table = if table.n_rows() > options.max_rows {
        let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
        let mut rows = index::sample(&mut rng, table.n_rows(), options.max_rows).into_vec();
        rows.sort_unstable();
        sampled = table.take(&rows);
        &sampled
    } else {
        table
    };
    let schema = table.schema();
    let findings: Vec<Vec<Finding>> = (0..table.n_columns())
        .into_par_iter()
        .map(|i| decide::findings(&Column::of(table, i, &schema.fields[i]), options.year))
        .collect();
    findings.into_iter().flatten().collect()
}

/// The strictest treatment that the findings on `column` recommend; `None` without findings.
pub fn treatment_of(findings: &[Finding], column: &str) -> Option<Treatment> {
    findings.iter().filter(|finding| finding.column == column).map(|finding| finding.treatment).max()
}
