//! Boosted trees: see [`boosting`](crate::boosting).

use rayon::prelude::*;

use super::{Learner, Target, Task};
use crate::boosting::{self, Boosted};
use crate::features::ordinal;

/// 100 trees of depth 6 at rate .15; a missing value is a side of its own at each cut.
pub(in crate::utility) struct Trees;

impl Learner for Trees {
    fn name(&self) -> &'static str {
        "boosted trees"
    }

    /// All that are given.
    fn most_rows(&self, _: usize) -> usize {
        usize::MAX
    }

    fn scores(&self, task: &Task) -> Result<Vec<Vec<f64>>, String> {
        let features = ordinal(task.columns);
        let kind = match task.target {
            Target::Level => boosting::Task::Classes,
            Target::Number => boosting::Task::Numbers,
        };
        let fit = |y: &Vec<f64>| Ok(Boosted::fit(&features, task.fitted, y, kind)?.scores(&features, task.tried));
        task.targets.par_iter().map(fit).collect()
    }
}
