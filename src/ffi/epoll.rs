//! Sets of descriptors (`epoll(7)`).

use core::ptr;

use super::errno::check;
use super::{Errno, Fd, getpid};
use crate::process::pid::Pid;

/// A set of descriptors, each with a number of its own, itself a descriptor to wait on (`epoll(7)`).
///
/// A child made by `fork` has the set itself in common with its parent, not a copy of it.
#[derive(Debug)]
pub struct Epoll {
    set: Fd,
    /// The process that made it.
    owner: Pid,
}

impl Epoll {
    /// An empty set.
    ///
    /// # Errors
    /// EMFILE or ENOMEM.
    pub fn new() -> Result<Self, Errno> {
        // SAFETY: epoll_create1 takes a flag only.
        let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        Ok(Self {
            set: Fd(fd),
            owner: getpid(),
        })
    }

    /// Adds `fd`, to be reported as `number` while it is readable, until it is [removed](Self::remove).
    ///
    /// # Errors
    /// `epoll_ctl(2)`'s.
    pub fn add(&self, fd: &Fd, number: u64) -> Result<(), Errno> {
        let mut event = libc::epoll_event {
            events: libc::EPOLLIN as u32,
            u64: number,
        };
        // SAFETY: both descriptors are open and the event lives for the whole call.
        check(unsafe { libc::epoll_ctl(self.set.0, libc::EPOLL_CTL_ADD, fd.0, &raw mut event) })
            .map(drop)
    }

    /// Removes `fd`, to be called before it is closed: the kernel would go on reporting a file that a forked child has open
    /// too. Does nothing in such a child, which would remove it for its parent.
    pub fn remove(&self, fd: &Fd) {
        if getpid() == self.owner {
            // SAFETY: both descriptors are open; the event is not looked at (epoll_ctl(2)). It can only fail for a descriptor
            // that is not in the set.
            unsafe { libc::epoll_ctl(self.set.0, libc::EPOLL_CTL_DEL, fd.0, ptr::null_mut()) };
        }
    }

    /// The descriptor that is readable while one of the set is.
    #[must_use]
    pub fn fd(&self) -> &Fd {
        &self.set
    }

    /// Calls `f` with the numbers that are readable now, at most 64 of them.
    ///
    /// # Errors
    /// None is known but that of a filter of system calls.
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
