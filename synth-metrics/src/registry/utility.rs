//! The measures of use: what can be learnt from the synthetic table.

use super::Definition;

pub(super) const DEFINITIONS: &[Definition] = &[];
