//! Waiting for signals and descriptors (`ppoll(2)`, `sigtimedwait(2)`).

use core::mem::size_of;
use core::ptr;
use core::time::Duration;

use super::clock::timespec;
use super::errno::{check, check_syscall};
use super::{Errno, Fd, Mask, SigInfo};
use crate::signal::event::SignalSet;
use crate::signal::ring::{Entry, REST};

/// Waits until the handler has run, `fd` is readable, or `timeout` has passed (`None`: for ever), with `mask` in force for
/// exactly that time (`ppoll(2)`: the change of mask and the wait are one step, so no signal is missed between them: AS-15).
///
/// Returns whether `fd` is readable.
///
/// # Errors
/// `ppoll(2)`'s, EINTR excepted: that is a signal, and a reason to return.
pub fn wait(fd: Option<&Fd>, timeout: Option<Duration>, mask: &Mask) -> Result<bool, Errno> {
    let mut poll = libc::pollfd {
        fd: fd.map_or(-1, |fd| fd.0),
        events: libc::POLLIN,
        revents: 0,
    };
    let timeout = timeout.map(timespec);
    let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: the pollfd, the timespec and the mask live in this frame or the caller's for the whole call, and the count
    // is the number of pollfds. An fd of -1 is skipped by the kernel.
    match check(unsafe { libc::ppoll(&raw mut poll, 1, timeout, &raw const mask.0) }) {
        Ok(_) => Ok(poll.revents != 0),
        Err(Errno::INTERRUPTED) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// Takes one of `signals` from the kernel without running the handler, after waiting for it for `timeout` at most: the
/// entry that the handler would push; `None` when there is none. They must be blocked on every thread
/// (`rt_sigtimedwait(2)`).
#[must_use]
pub fn take(signals: SignalSet, timeout: Duration) -> Option<Entry<REST>> {
    try_take(signals, timeout).ok()
}

/// As [`take`], and says why there is none.
///
/// # Errors
/// [`Errno::AGAIN`] when the time has passed, [`Errno::INTERRUPTED`]; any other is that of a filter of system calls.
pub fn try_take(signals: SignalSet, timeout: Duration) -> Result<Entry<REST>, Errno> {
    let mask = signals.mask();
    let timeout = timespec(timeout);
    let mut info = SigInfo::EMPTY;
    // SAFETY: the mask, the siginfo and the timespec live for the whole call; SigInfo has the size and layout of the
    // kernel's siginfo_t, and the mask the size that is passed. Raw, because libc's wrapper rewrites `si_code`.
    check_syscall(unsafe {
        libc::syscall(
            libc::SYS_rt_sigtimedwait,
            &raw const mask,
            &raw mut info,
            &raw const timeout,
            size_of::<u64>(),
        )
    })?;
    // SAFETY: SigInfo is aligned for words and begins with those read, plain integers without padding between them. The
    // call succeeded, so `si_signo`, the low half of the first, is the number of a signal and not 0.
    Ok(unsafe { *(&raw const info).cast::<Entry<REST>>() })
}

/// Returns whether `fd` is readable now.
#[must_use]
pub fn is_readable(fd: &Fd) -> bool {
    let mut poll = libc::pollfd {
        fd: fd.0,
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: the pollfd lives for the whole call and the count is 1.
    check(unsafe { libc::poll(&raw mut poll, 1, 0) }).is_ok_and(|count| count > 0)
}

/// Waits until `fd` can take more, for `timeout` at most (`None`: no limit). Returns whether it can: an output that somebody made
/// non-blocking, or one that nobody reads.
///
/// # Errors
/// `poll(2)`'s.
#[cfg(feature = "cli")]
pub fn wait_writable(
    fd: std::os::fd::BorrowedFd<'_>,
    timeout: Option<Duration>,
) -> Result<bool, Errno> {
    use std::os::fd::AsRawFd;
    poll_one(fd.as_raw_fd(), libc::POLLOUT, timeout)
}

/// Waits until there is something to read from `fd`: an input that another program has made non-blocking.
///
/// # Errors
/// `poll(2)`'s.
#[cfg(feature = "cli")]
pub fn wait_readable(fd: std::os::fd::BorrowedFd<'_>) -> Result<(), Errno> {
    use std::os::fd::AsRawFd;
    poll_one(fd.as_raw_fd(), libc::POLLIN, None).map(drop)
}

/// Waits until the terminal behind the standard output has gone (`poll(2)`, POLLHUP).
///
/// # Errors
/// `poll(2)`'s.
#[cfg(feature = "cli")]
pub fn wait_for_hangup() -> Result<(), Errno> {
    poll_one(libc::STDOUT_FILENO, 0, None).map(drop)
}

/// Waits for one of `events` on `fd`, or an error or a hang-up there. Returns whether there was one before `timeout`.
#[cfg(feature = "cli")]
fn poll_one(
    fd: libc::c_int,
    events: libc::c_short,
    timeout: Option<Duration>,
) -> Result<bool, Errno> {
    let mut poll = libc::pollfd {
        fd,
        events,
        revents: 0,
    };
    let timeout = timeout.map_or(-1, |t| t.as_millis().try_into().unwrap_or(libc::c_int::MAX));
    loop {
        // SAFETY: the pollfd lives for the whole call and the count is 1.
        match check(unsafe { libc::poll(&raw mut poll, 1, timeout) }) {
            Err(Errno::INTERRUPTED) => {}
            result => return result.map(|count| count > 0),
        }
    }
}
