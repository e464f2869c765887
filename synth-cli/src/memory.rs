//! How much memory may be used.

use bytesize::ByteSize;
use sysinfo::System;

/// What is asked for, or else what the machine has free, within the limits of a container. `None`: nobody knows.
pub(crate) fn limit(asked: Option<ByteSize>) -> Option<u64> {
    if let Some(asked) = asked {
        return Some(asked.as_u64());
    }
    let mut system = System::new();
    system.refresh_memory();
    let container = system.cgroup_limits().map_or(u64::MAX, |limits| limits.free_memory);
    Some(system.available_memory().min(container)).filter(|&free| free > 0)
}
