//! Confines signals to a group of processes (`landlock(7)`).

use core::ffi::c_int;
use core::mem::size_of;

use super::errno::check;
use super::{Errno, Fd};

/// Forbids this thread, and all threads and processes that it starts from now on, to signal any other process (`landlock(7)`).
/// Cannot be undone.
///
/// # Errors
/// The kernel has no such scope (before Linux 6.12), or Landlock is not enabled.
pub fn confine_signals() -> Result<(), Errno> {
    /// Lays out `struct landlock_ruleset_attr` (`landlock_create_ruleset(2)`).
    #[repr(C)]
    struct Ruleset {
        handled_access_fs: u64,
        handled_access_net: u64,
        scoped: u64,
    }
    const SCOPE_SIGNAL: u64 = 1 << 1;
    let ruleset = Ruleset {
        handled_access_fs: 0,
        handled_access_net: 0,
        scoped: SCOPE_SIGNAL,
    };
    // SAFETY: the structure lives for the whole call and the size is its own; no flags.
    let fd = check(unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            &raw const ruleset,
            size_of::<Ruleset>(),
            0,
        )
    })?;
    let fd = Fd(fd as c_int);
    // SAFETY: the request takes integers only.
    check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })?;
    // SAFETY: the descriptor is open; no flags.
    check(unsafe { libc::syscall(libc::SYS_landlock_restrict_self, fd.0, 0) }).map(drop)
}
