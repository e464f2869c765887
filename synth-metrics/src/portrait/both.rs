//! A pair of the two tables of a portrait.

/// One thing of both tables.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Both<T> {
    /// Of the training table.
    pub train: T,
    /// Of the synthetic one.
    pub synthetic: T,
}

impl<T> Both<T> {
    /// The two in a row, the training table's first.
    pub fn as_array(&self) -> [&T; 2] {
        [&self.train, &self.synthetic]
    }
}

/// The training table's comes first.
impl<T> From<[T; 2]> for Both<T> {
    fn from([train, synthetic]: [T; 2]) -> Self {
        Self { train, synthetic }
    }
}
