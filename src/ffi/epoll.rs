//! Waits for sets of descriptors (`epoll(7)`).

use core::ptr;

use super::errno::check;
use super::{Errno, Fd, getpid};
use crate::process::pid::Pid;

/// Holds a set of descriptors, each with a number, and is itself a descriptor to wait for (`epoll(7)`).
///
/// A forked child shares the set with its parent; it does not have a copy.
#[derive(Debug)]
pub struct Epoll {
    set: Fd,
    /// The process that created the set.
    owner: Pid,
}

impl Epoll {
    /// Creates an empty set.
    ///
    /// # Errors
    /// EMFILE, ENFILE or ENOMEM.
    pub fn new() -> Result<Self, Errno> {
        // SAFETY: epoll_create1 takes a flag only.
        let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        Ok(Self {
            set: Fd(fd),
            owner: getpid(),
        })
    }

    /// Adds `fd`, which is reported as `number` while it is readable, until it is [removed](Self::remove).
    pub fn add(&self, fd: &Fd, number: u64) -> Result<(), Errno> {
        let mut event = libc::epoll_event {
            events: libc::EPOLLIN as u32,
            u64: number,
        };
        // SAFETY: both descriptors are open and the event lives for the whole call.
        check(unsafe { libc::epoll_ctl(self.set.0, libc::EPOLL_CTL_ADD, fd.0, &raw mut event) })
            .map(drop)
    }

    /// Removes `fd`. Call it before `fd` is closed, since the kernel keeps reporting a file that a forked child still has open.
    ///
    /// Does nothing in a forked child, which would remove the descriptor for its parent.
    pub fn remove(&self, fd: &Fd) {
        if getpid() == self.owner {
            // SAFETY: both descriptors are open; the kernel ignores the event (epoll_ctl(2)). The call fails only for a
            // descriptor that is not in the set.
            unsafe { libc::epoll_ctl(self.set.0, libc::EPOLL_CTL_DEL, fd.0, ptr::null_mut()) };
        }
    }

    /// Returns the descriptor that is readable while one of the set is readable.
    pub fn fd(&self) -> &Fd {
        &self.set
    }

    /// Calls `f` with the numbers of at most 64 descriptors that are readable now.
    ///
    /// # Errors
    /// Only that of a filter of system calls is known (`seccomp(2)`).
    pub fn ready(&self, mut f: impl FnMut(u64)) -> Result<(), Errno> {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 64];
        // SAFETY: the array lives for the whole call and the count is its length.
        let count = check(unsafe { libc::epoll_wait(self.set.0, events.as_mut_ptr(), 64, 0) })?;
        for event in events.iter().take(count.try_into().unwrap_or(0)) {
            f(event.u64);
        }
        Ok(())
    }
}
