//! Closes, locks and counts file descriptors (`close(2)`, `flock(2)`, `getrlimit(2)`).

use core::ffi::c_int;

#[cfg(feature = "cli")]
use super::{Errno, errno::check};

/// Owns an open file descriptor, and closes it when dropped.
#[derive(Debug)]
pub struct Fd(pub(super) c_int);

impl Drop for Fd {
    fn drop(&mut self) {
        // SAFETY: the descriptor is open and this is its only owner.
        unsafe { libc::close(self.0) };
    }
}

#[cfg(feature = "std")]
impl From<std::os::fd::OwnedFd> for Fd {
    fn from(fd: std::os::fd::OwnedFd) -> Self {
        Self(std::os::fd::IntoRawFd::into_raw_fd(fd))
    }
}

#[cfg(feature = "std")]
impl std::os::fd::AsFd for Fd {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        // SAFETY: the descriptor is open while this lives, and the borrow ends first.
        unsafe { std::os::fd::BorrowedFd::borrow_raw(self.0) }
    }
}

/// Returns how many descriptors this process may have open (RLIMIT_NOFILE, `getrlimit(2)`).
pub fn descriptor_limit() -> usize {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the limit lives for the whole call. It cannot fail for this resource.
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    limit.rlim_cur.try_into().unwrap_or(usize::MAX)
}

/// Locks the open file exclusively, without waiting, until its last descriptor is closed (`flock(2)`, LOCK_EX | LOCK_NB).
///
/// # Errors
/// [`Errno::AGAIN`] if another process has locked it.
#[cfg(feature = "cli")]
pub fn try_lock(file: &std::fs::File) -> Result<(), Errno> {
    use std::os::fd::AsRawFd;
    // SAFETY: flock takes integers only, and the descriptor is open for as long as the file is borrowed.
    check(unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) }).map(drop)
}
