//! Waits for signals and descriptors (`ppoll(2)`, `sigtimedwait(2)`).

use core::mem::size_of;
use core::ptr;
use core::time::Duration;

use super::clock::timespec;
use super::errno::check;
use super::mask::set_of;
use super::{Errno, Fd, SigInfo};
use crate::signal::ring::{Entry, REST};
use crate::signal::set::SignalSet;

/// Waits until the handler has run, `fd` is readable, or `timeout` has passed (`None`: no limit). Returns whether `fd` is
/// readable.
///
/// Only the signals in `mask` are blocked during the wait. `ppoll(2)` changes the mask and waits in one step, so no signal is
/// missed between the two (AS-15).
///
/// # Errors
/// Those of `ppoll(2)`, except EINTR, which means that the handler has run.
pub fn wait(fd: Option<&Fd>, timeout: Option<Duration>, mask: SignalSet) -> Result<bool, Errno> {
    let mask = set_of(mask);
    let mut poll = libc::pollfd {
        fd: fd.map_or(-1, |fd| fd.0),
        events: libc::POLLIN,
        revents: 0,
    };
    let timeout = timeout.map(timespec);
    let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: the pollfd, the timespec and the mask live for the whole call, and the count is the number of pollfds. The
    // kernel skips an fd of -1.
    match check(unsafe { libc::ppoll(&raw mut poll, 1, timeout, &raw const mask) }) {
        Ok(_) => Ok(poll.revents != 0),
        Err(Errno::INTERRUPTED) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// Waits for one of `signals` for at most `timeout`, and returns the entry that the handler would push; `None` if none came.
///
/// The kernel does not run the handler for it (`rt_sigtimedwait(2)`). Every thread must block `signals`.
#[must_use]
pub fn take(signals: SignalSet, timeout: Duration) -> Option<Entry<REST>> {
    try_take(signals, timeout).ok()
}

/// Waits for one of `signals` as [`take`] does.
///
/// # Errors
/// [`Errno::AGAIN`] if the time has passed, [`Errno::INTERRUPTED`], or that of a filter of system calls (`seccomp(2)`).
pub fn try_take(signals: SignalSet, timeout: Duration) -> Result<Entry<REST>, Errno> {
    let mask = signals.mask();
    let timeout = timespec(timeout);
    let mut info = SigInfo::EMPTY;
    // SAFETY: the mask, the siginfo and the timespec live for the whole call; SigInfo has the size and layout of the
    // kernel's siginfo_t, and the mask the size that is passed. Raw, because libc's wrapper rewrites `si_code`.
    check(unsafe {
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
pub fn is_readable(fd: &Fd) -> bool {
    let mut poll = libc::pollfd {
        fd: fd.0,
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: the pollfd lives for the whole call and the count is 1.
    check(unsafe { libc::poll(&raw mut poll, 1, 0) }).is_ok_and(|count| count > 0)
}

/// Names a descriptor, and what to wait for.
#[cfg(feature = "cli")]
#[derive(Clone, Copy)]
pub enum Wanted<'f> {
    /// That it is readable.
    Readable(std::os::fd::BorrowedFd<'f>),
    /// That it is writable.
    Writable(std::os::fd::BorrowedFd<'f>),
    /// That it hangs up, as a terminal does.
    HangUp(std::os::fd::BorrowedFd<'f>),
}

/// Waits for at most `timeout` (`None`: no limit) until one of `wanted` has come, and returns which have. Skips `None`.
///
/// An error or a hang-up counts as readiness, because the next read or write then returns at once.
#[cfg(feature = "cli")]
pub fn wait_any<const N: usize>(
    wanted: [Option<Wanted<'_>>; N],
    timeout: Option<Duration>,
) -> Result<[bool; N], Errno> {
    use std::os::fd::AsRawFd;
    let mut polls = wanted.map(|wanted| {
        let (fd, events) = match wanted {
            None => (-1, 0),
            Some(Wanted::Readable(fd)) => (fd.as_raw_fd(), libc::POLLIN),
            Some(Wanted::Writable(fd)) => (fd.as_raw_fd(), libc::POLLOUT),
            Some(Wanted::HangUp(fd)) => (fd.as_raw_fd(), 0),
        };
        let revents = 0;
        libc::pollfd {
            fd,
            events,
            revents,
        }
    });
    let millis = |t: Duration| t.as_nanos().div_ceil(1_000_000).try_into();
    let timeout = timeout.map_or(-1, |t| millis(t).unwrap_or(libc::c_int::MAX));
    loop {
        // SAFETY: the pollfds live for the whole call and N is their number.
        match check(unsafe { libc::poll(polls.as_mut_ptr(), N as libc::nfds_t, timeout) }) {
            Err(Errno::INTERRUPTED) => {}
            result => return result.map(|_| polls.map(|poll| poll.revents != 0)),
        }
    }
}

/// Waits as [`wait_any`] does for one thing, as on a descriptor that another program has made non-blocking.
#[cfg(feature = "cli")]
pub fn wait_for(wanted: Wanted<'_>, timeout: Option<Duration>) -> Result<bool, Errno> {
    wait_any([Some(wanted)], timeout).map(|[has_come]| has_come)
}
