//! Ctrl-C: the first one ends the work at the next epoch, the second one at once.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);

/// Listens from now on. If the system will not let us, Ctrl-C ends the program as it always does.
pub(crate) fn listen() {
    let _ = ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::SeqCst) {
            std::process::exit(super::exit::Code::Interrupted as i32);
        }
    });
}

/// Whether to go on.
pub(crate) fn flow() -> ControlFlow<()> {
    if ASKED.load(Ordering::SeqCst) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}
