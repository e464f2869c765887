//! The measures of what a classifier sees between real and synthetic rows.

use super::Definition;

pub(super) const DEFINITIONS: &[Definition] = &[];
