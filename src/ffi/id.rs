//! Identifies the calling process, thread and user (`credentials(7)`).

use crate::process::pid::Pid;

/// Returns the PID of this process (`getpid(2)`).
pub fn getpid() -> Pid {
    // SAFETY: getpid cannot fail and touches no memory.
    let raw = unsafe { libc::getpid() };
    // getpid never returns 0. Signals to the fallback, init, are refused.
    Pid::new(raw).unwrap_or(const { Pid::new(1).unwrap() })
}

impl Pid {
    /// Returns the PID of this process. A forked child has another.
    #[must_use]
    pub fn current() -> Self {
        getpid()
    }
}

/// Returns the ID of this thread (`gettid(2)`).
pub fn gettid() -> i32 {
    // SAFETY: gettid cannot fail and touches no memory.
    unsafe { libc::gettid() }
}

/// Returns the real user ID of this process (`getuid(2)`).
pub fn getuid() -> u32 {
    // SAFETY: getuid cannot fail and touches no memory.
    unsafe { libc::getuid() }
}
