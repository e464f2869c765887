//! Measures that are a mean over columns, and the worst column of such a mean.

use rayon::prelude::*;

use crate::comparison::Comparison;
use crate::definition::Definition;
use crate::estimate::{ColumnValue, Estimate, Measure, Outcome};

/// The worst column of a measure that is a mean of distances over columns, as the measure `definition`: `ks_worst`
/// of `ks_mean`, `tvd_worst` of `tvd_mean`, and so on. Its one column is the worst, the first of equally bad ones.
pub fn worst_of(mean: &Measure, definition: &Definition) -> Measure {
    let id = definition.id;
    let worst = mean.columns.iter().reduce(|worst, column| if column.value > worst.value { column } else { worst });
    match (&mean.outcome, worst) {
        (Outcome::Measured(_), Some(worst)) => Measure {
            id: id.to_owned(),
            outcome: Outcome::Measured(Estimate::exact(worst.value)),
            columns: vec![worst.clone()],
        },
        (Outcome::NotMeasured(reason), _) => Measure::new(id, Outcome::NotMeasured(reason.clone())),
        (Outcome::Measured(_), None) => Measure::new(id, Outcome::NotMeasured("no column takes part".to_owned())),
    }
}

/// A measure that is the mean of one value per column.
pub(crate) fn mean_over(
    comparison: &Comparison,
    definition: &Definition,
    columns: &[usize],
    reason_if_none: &str,
    value: impl Fn(usize) -> f64 + Sync,
) -> Measure {
    let values: Vec<f64> = columns.par_iter().map(|&column_idx| value(column_idx)).collect();
    let outcome = if values.is_empty() {
        Outcome::NotMeasured(reason_if_none.to_owned())
    } else {
        Outcome::Measured(Estimate::exact(values.iter().sum::<f64>() / values.len() as f64))
    };
    let named = columns.iter().zip(values);
    let columns =
        named.map(|(&column_idx, value)| ColumnValue { column: comparison.name(column_idx).to_owned(), value });
    Measure { id: definition.id.to_owned(), outcome, columns: columns.collect() }
}
