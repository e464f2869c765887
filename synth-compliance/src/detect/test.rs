//! The form of a test on cells: what it tells, and how much of a column must pass before it tells it.

use std::sync::LazyLock;

use regex::Regex;

use super::finding::{Identifier, Treatment};

/// What a file of detectors brings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Detector {
    /// Tests on whole cells; of two that the same cells pass, the one that is more particular comes first.
    pub(super) tests: &'static [Test],
    /// Tests on what stands among words.
    pub(super) mentions: &'static [Mention],
}

/// A test on a whole cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Test {
    pub(super) identifier: Identifier,
    pub(super) treatment: Treatment,
    /// Whether a [cleaned](super::fold::clean) cell is one.
    pub(super) accepts: fn(&str) -> bool,
    /// What has to pass where the column's name does not help; `None`: the test only confirms a name.
    pub(super) alone: Option<Alone>,
    /// Whether columns of numbers are tested too.
    pub(super) on_numbers: bool,
}

/// How much of a column has to pass a test that stands alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Alone {
    /// Share of the cells.
    pub(super) share: f64,
    /// Distinct cells: what chance passes one time in ten, it passes three times in a thousand.
    pub(super) distinct: usize,
    /// The finding's confidence.
    pub(super) degree: f64,
}

impl Test {
    pub(super) const fn new(identifier: Identifier, treatment: Treatment, accepts: fn(&str) -> bool) -> Self {
        Self { identifier, treatment, accepts, alone: None, on_numbers: false }
    }

    /// Tells without the name's help if `share` of the cells and `distinct` of them pass, with confidence `degree`.
    pub(super) const fn alone(mut self, share: f64, distinct: usize, degree: f64) -> Self {
        self.alone = Some(Alone { share, distinct, degree });
        self
    }

    /// Looks at columns of numbers too.
    pub(super) const fn on_numbers(mut self) -> Self {
        self.on_numbers = true;
        self
    }
}

/// A test on what stands among the words of a cell. One cell is enough: the grammars are strict.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mention {
    pub(super) identifier: Identifier,
    pub(super) accepts: fn(&str) -> bool,
    /// The finding's confidence.
    pub(super) degree: f64,
    /// Looked for in columns of free text only, where levels of a code would be taken for it.
    pub(super) in_prose_only: bool,
}

impl Mention {
    pub(super) const fn new(identifier: Identifier, accepts: fn(&str) -> bool, degree: f64) -> Self {
        Self { identifier, accepts, degree, in_prose_only: false }
    }

    /// Looks at columns of free text only.
    pub(super) const fn in_prose(mut self) -> Self {
        self.in_prose_only = true;
        self
    }
}

/// A pattern, compiled when it is first used.
pub(super) const fn lazy(make: fn() -> Regex) -> LazyLock<Regex> {
    LazyLock::new(make)
}

/// `regex!(pattern)`: a static pattern that is known to be one.
macro_rules! regex {
    ($pattern:expr $(,)?) => {
        $crate::detect::test::lazy(|| regex::Regex::new($pattern).expect("the pattern is tested"))
    };
}
pub(super) use regex;

/// Every one of `yes` passes the test, none of `no`.
#[cfg(test)]
pub(super) fn check(test: fn(&str) -> bool, yes: &[&str], no: &[&str]) {
    for cell in yes {
        assert!(test(&super::fold::clean(cell)), "{cell:?} should pass");
    }
    for cell in no {
        assert!(!test(&super::fold::clean(cell)), "{cell:?} should not pass");
    }
}
