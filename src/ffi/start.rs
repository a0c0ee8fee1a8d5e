//! Prepares the process before `main`: blocks the command's signals and records which standard descriptors are closed (AS-31).

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::disposition::{default_action, replace};
use super::{Errno, block, errno::check, ignore, unblock};
use crate::signal::set::{Signal, SignalSet};

/// Holds the signals that were blocked when the program was started, as a kernel mask.
static STARTED_WITH: AtomicU64 = AtomicU64::new(0);

/// Ignores SIGUSR1, SIGUSR2 and signal 44 and unblocks them, which were blocked since the start (AS-31).
///
/// So no stray signal ends a command before or after its inbox is open. Programs that it executes inherit the ignored signals.
/// SIGCHLD gets its default action: while it is ignored, nothing tells how a child has ended (`wait(2)`).
pub fn end_of_start() {
    let _ = replace(Signal::CHLD, &default_action());
    for signal in SignalSet::LANES.iter() {
        ignore(signal);
    }
    // Ordering: Relaxed; written before main, by the same thread.
    let blocked = STARTED_WITH.load(Ordering::Relaxed);
    unblock(SignalSet::LANES.filter(|signal| blocked & signal.mask() == 0));
}

/// Returns whether the program was started with the standard descriptor `fd` (0 to 2) closed.
///
/// Rust's runtime opens `/dev/null` in its place, so reads and writes would succeed without an error.
pub fn was_closed(fd: usize) -> bool {
    // Ordering: Relaxed; written before main, by the same thread.
    WAS_CLOSED
        .get(fd)
        .is_some_and(|c| c.load(Ordering::Relaxed))
}

static WAS_CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];

/// Blocks the signals of both lanes and records which standard descriptors are closed.
///
/// [`before_main!`](crate::before_main) has the loader call it; only the command uses that.
#[doc(hidden)]
pub extern "C" fn before_main() {
    // Ordering: Relaxed; read after main has begun, by the same thread.
    STARTED_WITH.store(block(SignalSet::LANES).mask(), Ordering::Relaxed);
    for (fd, was_closed) in (0..).zip(&WAS_CLOSED) {
        // SAFETY: F_GETFD takes no argument and touches no memory.
        let closed =
            check(unsafe { libc::fcntl(fd, libc::F_GETFD) }) == Err(Errno::new(libc::EBADF));
        // Ordering: Relaxed; read after main has begun, by the same thread.
        was_closed.store(closed, Ordering::Relaxed);
    }
}

/// Makes the dynamic loader call `ffi::before_main` before `main`.
#[doc(hidden)]
#[macro_export]
macro_rules! before_main {
    () => {
        // SAFETY: the dynamic loader calls the functions in .init_array before main, with arguments that this one ignores. It
        // makes four system calls and four atomic stores, and relies on no part of Rust's runtime.
        #[allow(unsafe_code)]
        #[used]
        #[unsafe(link_section = ".init_array")]
        static BEFORE_MAIN: extern "C" fn() = $crate::internals::ffi::before_main;
    };
}
