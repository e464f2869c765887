//! How the rows of a generator keep [constraints](crate::constraint).

mod difference;
#[expect(clippy::module_inception, reason = "the folder keeps constraints by a `Keep`")]
mod keep;
mod lookup;
mod transform;

pub(crate) use keep::Keep;
pub use keep::{By, Keeping, Kept, Origin};
pub(crate) use transform::Restored;
