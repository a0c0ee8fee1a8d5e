//! The process and thread that calls (`credentials(7)`).

use crate::process::pid::Pid;

/// This process.
#[must_use]
pub fn getpid() -> Pid {
    // SAFETY: getpid cannot fail and touches no memory.
    let raw = unsafe { libc::getpid() };
    // The kernel gives no process the PID 0; the fallback can only send to init, where it is refused.
    Pid::new(raw).unwrap_or(const { Pid::new(1).unwrap() })
}

/// This thread.
#[must_use]
pub fn gettid() -> i32 {
    // SAFETY: gettid cannot fail and touches no memory.
    unsafe { libc::gettid() }
}

/// The real user ID of this process.
#[must_use]
pub fn getuid() -> u32 {
    // SAFETY: getuid cannot fail and touches no memory.
    unsafe { libc::getuid() }
}
