//! What the command does before `main`: blocks its signals and notes which standard descriptors are closed (AS-31).

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{Disposition, Errno, block, disposition::replace, errno::check, unblock};
use crate::signal::event::SignalSet;

/// What this thread blocked when the program was started, as the kernel has it; see [`guard_start`].
static STARTED_WITH: AtomicU64 = AtomicU64::new(0);

/// AS-31: ends the time in which SIGUSR1, SIGUSR2 and signal 44 are blocked because the program has just been started.
/// They are ignored from then on, except while an inbox is open: no stray signal ends a command. Programs that it executes
/// inherit that.
pub fn end_of_start() {
    for signal in SignalSet::LANES.iter() {
        let _ = replace(signal, &Disposition::ignore().0);
    }
    // Ordering: Relaxed; written before main, by the same thread.
    let blocked = STARTED_WITH.load(Ordering::Relaxed);
    unblock(SignalSet::LANES.filter(|signal| blocked & signal.mask() == 0));
}

/// Blocks our signals before main, as early as a program can, and notes which were blocked before.
fn guard_start() {
    let before = block(SignalSet::LANES);
    let blocked = SignalSet::LANES.filter(|signal| before.contains(signal));
    // Ordering: Relaxed; read after main has begun, by the same thread.
    STARTED_WITH.store(blocked.mask(), Ordering::Relaxed);
}

/// Whether the program was started with standard descriptor `fd` (0 to 2) closed. Rust's runtime opens `/dev/null` in its
/// place, where messages would vanish, or come from, without an error.
#[must_use]
pub fn was_closed(fd: usize) -> bool {
    // Ordering: Relaxed; written before main, by the same thread.
    WAS_CLOSED
        .get(fd)
        .is_some_and(|c| c.load(Ordering::Relaxed))
}

static WAS_CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];

/// What the command does before main: blocks our signals, and looks which standard descriptors are closed. Called by
/// [`before_main!`](crate::before_main), and by no program of others that uses the library.
#[doc(hidden)]
pub extern "C" fn before_main() {
    guard_start();
    for (fd, was_closed) in (0..).zip(&WAS_CLOSED) {
        // SAFETY: F_GETFD takes no argument and touches no memory.
        let closed =
            check(unsafe { libc::fcntl(fd, libc::F_GETFD) }) == Err(Errno::new(libc::EBADF));
        // Ordering: Relaxed; read after main has begun, by the same thread.
        was_closed.store(closed, Ordering::Relaxed);
    }
}

/// Has [`before_main`] called as early as a program can.
#[doc(hidden)]
#[macro_export]
macro_rules! before_main {
    () => {
        // SAFETY: the dynamic loader calls what stands in .init_array before main, with nothing that this function looks at; it
        // makes four system calls and four atomic stores, and relies on no part of Rust's runtime.
        #[allow(unsafe_code)]
        #[used]
        #[unsafe(link_section = ".init_array")]
        static BEFORE_MAIN: extern "C" fn() = $crate::internals::ffi::before_main;
    };
}
