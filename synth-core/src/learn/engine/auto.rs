//! The engine that suits a table, and its parameters.

use super::any::{AnyEngine, EngineKind};
use super::masked::Masked;
use super::trees::Trees;
use crate::error::Result;
use crate::learn::train::{HeldOut, TUNED_BELOW, Tuned};
use crate::table::{Table, Units};

/// Nats a row by which trees must beat a network on held-out rows, both measured by what they gain over independent columns.
/// A network can be asked for more than whole rows; and on the heart table, where trees are ahead by .06 to .07, they came
/// near the limit on membership at three of five seeds, which the network does not.
pub const CLEARLY: f64 = 0.08;

/// An engine chosen for a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Suited {
    /// The engine with its parameters.
    pub engine: AnyEngine,
    /// What cross-fits with these parameters cost, in nats a row; `None` if none were made.
    pub cross_fitted: Option<HeldOut>,
}

impl<E: Into<AnyEngine>> From<Tuned<E>> for Suited {
    fn from(tuned: Tuned<E>) -> Self {
        Self { engine: tuned.engine.into(), cross_fitted: Some(tuned.held_out) }
    }
}

impl<E: Into<AnyEngine>> From<E> for Suited {
    /// Of which no cross-fits were made.
    fn from(engine: E) -> Self {
        Self { engine: engine.into(), cross_fitted: None }
    }
}

/// The given engine, or else the one that suits `table`, with parameters for it.
///
/// Under [`TUNED_BELOW`] units (rows, where nobody has two), cross-fits on the table say how large a masked model is, how long it learns and how many
/// rows a leaf of trees has, which takes some seconds; and if no engine is asked for, sequential trees take the masked
/// model's place where their likelihood of held-out rows is higher by [`CLEARLY`]. Everything else follows from the numbers of
/// rows and columns, and of a large table from what most columns are.
///
/// # Errors
/// As [`Masked::tuned`] and [`Trees::tuned`].
pub fn suited(kind: Option<EngineKind>, table: &Table, seed: u64) -> Result<Suited> {
    let is_small = Units::of(table).n_units() < TUNED_BELOW;
    let network = || Masked::for_size(table.n_rows(), table.n_columns()).tuned(table, seed);
    let trees = || Trees::default().tuned(table, seed);
    Ok(match kind {
        None if is_small => {
            let (network, trees) = (network()?, trees()?);
            if trees.held_out.gain() > network.held_out.gain() + CLEARLY { trees.into() } else { network.into() }
        }
        Some(EngineKind::Masked) if is_small => network()?.into(),
        Some(EngineKind::Trees) if is_small => trees()?.into(),
        None | Some(EngineKind::Masked) => AnyEngine::from(Masked::for_table(table)).into(),
        Some(kind) => AnyEngine::for_size(kind, table.n_rows(), table.n_columns()).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{ReadOptions, read_bytes};

    #[test]
    fn a_small_table_gets_what_tells_its_held_out_rows_better() {
        // What the third column says depends on both others at once.
        let line =
            |i: usize| format!("{},{},{}\n", i % 7, i / 7 % 5, usize::from(i % 7 > 3) ^ usize::from(i / 7 % 5 > 1));
        let text: String = std::iter::once("a,b,c\n".to_owned()).chain((0..210).map(line)).collect();
        let table = read_bytes(text.into_bytes(), &ReadOptions::default()).unwrap().table;
        let gain = |suited: &Suited| suited.cross_fitted.unwrap().gain();
        let [network, trees] =
            [EngineKind::Masked, EngineKind::Trees].map(|kind| suited(Some(kind), &table, 1).unwrap());
        let expected = if gain(&trees) > gain(&network) + CLEARLY { trees.clone() } else { network.clone() };
        assert_eq!(suited(None, &table, 1).unwrap(), expected);
        assert!(gain(&trees) > 0.3, "{}", gain(&trees));
        assert_eq!((network.engine.kind(), trees.engine.kind()), (EngineKind::Masked, EngineKind::Trees));
    }
}
