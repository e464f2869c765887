//! Measures that are taken together: what the [registry](crate::registry) is a list of.

use std::sync::OnceLock;

use synth_core::Constraint;
use synth_core::constraint::find_pairwise;

use crate::comparison::Comparison;
use crate::definition::Definition;
use crate::estimate::Measure;
use crate::given::Aligned;
use crate::options::Options;
use crate::pearsons::Pearsons;

/// The measures of one file, which share their work.
#[derive(Clone, Copy)]
pub(crate) struct Family {
    /// In the order of reports.
    pub(crate) definitions: &'static [Definition],
    /// Where their intervals come from.
    pub(crate) intervals: Intervals,
    /// Takes them, in any order. One that is left out has no value; one that the battery lacks may be taken all the same.
    pub(crate) take: fn(&Taking) -> Vec<Measure>,
}

/// Where the interval of a measure comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intervals {
    /// From the measure itself, if there is any.
    Own,
    /// From smaller tables, on which it is taken again ([`spread`](crate::sampling::spread)): for what two tables alone
    /// decide, by a formula without a draw.
    BySubSampling,
}

/// What measures are taken of.
pub(crate) struct Taking<'a> {
    pub(crate) comparison: &'a Comparison<'a>,
    pub(crate) options: &'a Options<'a>,
    pearsons: OnceLock<Pearsons>,
    given_rules: OnceLock<Vec<Constraint>>,
}

impl<'a> Taking<'a> {
    pub(crate) fn new(comparison: &'a Comparison<'a>, options: &'a Options<'a>) -> Self {
        Self { comparison, options, pearsons: OnceLock::new(), given_rules: OnceLock::new() }
    }

    /// Whether the battery has the measure.
    pub(crate) fn wants(&self, definition: &Definition) -> bool {
        self.options.wants(definition)
    }

    /// The correlations of the columns of numbers, taken once.
    pub(crate) fn pearsons(&self) -> &Pearsons {
        self.pearsons.get_or_init(|| Pearsons::new(self.comparison))
    }

    /// The rules between columns of the table as given, found once; none where no such table is known.
    pub(crate) fn given_rules(&self) -> &[Constraint] {
        self.given_rules
            .get_or_init(|| Aligned::of(self.comparison).map_or(Vec::new(), |both| find_pairwise(&both.given)))
    }
}
