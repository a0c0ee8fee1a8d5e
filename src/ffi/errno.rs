//! Represents the error numbers of system calls (`errno(3)`).

use core::ffi::c_int;
use core::fmt;

/// Holds the error number of a system call (`errno(3)`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Errno(c_int);

impl Errno {
    /// Means that there is no such process (ESRCH).
    pub const NO_PROCESS: Self = Self(libc::ESRCH);
    /// Means that the call is not permitted (EPERM).
    pub const NOT_PERMITTED: Self = Self(libc::EPERM);
    /// Means that the kernel does not have the system call (ENOSYS).
    pub const NO_SYSCALL: Self = Self(libc::ENOSYS);
    /// Means that an argument is invalid (EINVAL).
    pub const INVALID: Self = Self(libc::EINVAL);
    /// Means that the limit on queued signals is reached, or that nothing has come yet (EAGAIN).
    pub const AGAIN: Self = Self(libc::EAGAIN);
    /// Means that too many files are open in this process (EMFILE).
    pub const TOO_MANY_FILES: Self = Self(libc::EMFILE);
    /// Means that a signal interrupted the call (EINTR).
    pub const INTERRUPTED: Self = Self(libc::EINTR);

    /// Returns whether too many files are open, or the kernel has no memory for another, so that closing one may help.
    #[must_use]
    pub const fn is_exhausted(self) -> bool {
        // ENOSPC is the limit on the descriptors that a user may watch by epoll (`epoll_ctl(2)`).
        matches!(
            self.0,
            libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::ENOSPC
        )
    }

    /// Returns the error with the number `raw`.
    #[must_use]
    pub const fn new(raw: i32) -> Self {
        Self(raw)
    }

    /// Returns the number.
    #[must_use]
    pub const fn raw(self) -> i32 {
        self.0
    }

    pub(super) fn last() -> Self {
        // SAFETY: __errno_location returns the address of this thread's errno, which is valid while the thread lives.
        Self(unsafe { *libc::__errno_location() })
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Errno({})", self.0)
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error {}", self.0)
    }
}

impl core::error::Error for Errno {}

#[cfg(feature = "std")]
impl From<Errno> for std::io::Error {
    fn from(errno: Errno) -> Self {
        Self::from_raw_os_error(errno.0)
    }
}

/// Returns the result of a function of the C library or of `libc::syscall`, or the error number if the result is negative.
pub(super) fn check<T: PartialOrd + Default>(result: T) -> Result<T, Errno> {
    if result < T::default() {
        Err(Errno::last())
    } else {
        Ok(result)
    }
}
