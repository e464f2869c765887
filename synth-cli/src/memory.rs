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
    let available = system.available_memory();
    // What a container holds of files counts as used there, and is let go when somebody needs it.
    let container = system.cgroup_limits().map_or(u64::MAX, |limits| limits.total_memory.saturating_sub(limits.rss));
    (available > 0).then(|| available.min(container))
}
