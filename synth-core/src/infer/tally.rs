//! Which spellings of a missing value a column has, and how often.

/// Spellings of missing values with their counts.
#[derive(Debug, Default)]
pub(super) struct Spellings(Vec<(String, usize)>);

impl Spellings {
    /// Counts one cell.
    pub(super) fn add(&mut self, cell: &str) {
        match self.0.iter_mut().find(|(spelling, _)| spelling == cell) {
            Some((_, count)) => *count += 1,
            None => self.0.push((cell.to_owned(), 1)),
        }
    }

    /// Most frequent first; at equal counts the one that was seen first.
    pub(super) fn by_frequency(mut self) -> Vec<String> {
        self.0.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        self.0.into_iter().map(|(spelling, _)| spelling).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_come_most_frequent_first() {
        let mut spellings = Spellings::default();
        ["", "NA", "NA", "?"].into_iter().for_each(|s| spellings.add(s));
        assert_eq!(spellings.by_frequency(), ["NA", "", "?"]);
    }
}
