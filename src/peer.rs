//! The process at the other end: found, looked at, signalled, and never mistaken for another one.
//!
//! A pidfd names a process for good, so a PID that the kernel has given to somebody else is never signalled. Before Linux
//! 5.3 there is none; then the number has to do, and [`Peer::is_certain`] says so.

use core::fmt;
use std::io;
use std::string::String;

use crate::event::Signal;
use crate::ffi::{self, Content, Errno, Fd, Identity};
use crate::pid::Pid;
use crate::proc;
use crate::wire::word::Word;

/// Another process.
#[derive(Debug)]
pub struct Peer {
    pid: Pid,
    pidfd: Option<Fd>,
    us: Identity,
}

impl Peer {
    /// Finds the process `pid`.
    ///
    /// # Errors
    /// [`PeerError::NoSuchProcess`], also for the number of a thread; [`PeerError::System`] when too many files are open.
    pub fn open(pid: Pid) -> Result<Self, PeerError> {
        let pidfd = match ffi::pidfd_open(pid) {
            Ok(fd) => Some(fd),
            // An old kernel, or an old sandbox that answers "not permitted" to calls it does not know.
            Err(Errno::NO_SYSCALL | Errno::NOT_PERMITTED) => None,
            // The number of a thread.
            Err(Errno::INVALID | Errno::NOT_FOUND) => return Err(PeerError::NoSuchProcess),
            Err(errno) => return Err(errno.into()),
        };
        Ok(Self {
            pid,
            pidfd,
            us: Identity::ours(),
        })
    }

    /// The process's number.
    #[must_use]
    pub const fn pid(&self) -> Pid {
        self.pid
    }

    /// The descriptor that becomes readable when the process ends.
    #[must_use]
    pub const fn fd(&self) -> Option<&Fd> {
        self.pidfd.as_ref()
    }

    /// Whether there is a pidfd, so that this can never be another process of the same number.
    #[must_use]
    pub const fn is_certain(&self) -> bool {
        self.pidfd.is_some()
    }

    /// Looks at the process: its name, and which signals it handles.
    ///
    /// # Errors
    /// [`PeerError::NoSuchProcess`] when it has ended, [`PeerError::NotPermitted`] when we may not signal it,
    /// [`PeerError::System`] when `/proc` does not show it.
    pub fn look(&self) -> Result<Look, PeerError> {
        self.probe()?;
        let status = proc::status(self.pid);
        // Still there after the look, so it was this process that we looked at.
        self.probe()?;
        let status = status.map_err(|error| {
            let text = std::format!("/proc/{}/status: {error}", self.pid);
            PeerError::System(io::Error::new(error.kind(), text))
        })?;
        if status.ended || status.leader != self.pid.get() {
            return Err(PeerError::NoSuchProcess);
        }
        Ok(Look {
            name: status.name,
            caught: status.caught,
            uid: status.uid,
        })
    }

    /// Whether it has ended by itself and with success, as far as the kernel says: a zombie's status stands in `/proc`, that of one
    /// which its parent has seen is with the pidfd, since Linux 6.15.
    #[must_use]
    pub fn ended_well(&self) -> bool {
        let status = match proc::exit_status(self.pid) {
            Some(status) => Some(status),
            None => self.pidfd.as_ref().and_then(ffi::exit_status),
        };
        status == Some(0)
    }

    /// Sends a signal, bare or with a value, in the name of the process that opened this; see [`ffi::send_through`].
    ///
    /// # Errors
    /// [`PeerError::NoSuchProcess`] when it has ended, [`PeerError::NotPermitted`] when it belongs to another user.
    pub fn send(&self, signal: Signal, value: Option<u64>) -> Result<(), PeerError> {
        let content = value.map(|value| Content::value(self.us, value));
        self.send_content(signal, content.as_ref())
            .map_err(PeerError::from)
    }

    /// Queues a word on the real-time signal; whether the kernel had room for it (RLIMIT_SIGPENDING).
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn queue(&self, word: &Word) -> Result<bool, PeerError> {
        let (errno, value, more) = word.parts();
        let content = Content {
            from: self.us,
            errno,
            value,
            more,
        };
        match self.send_content(Signal::Word, Some(&content)) {
            Err(Errno::AGAIN) => Ok(false),
            result => result.map(|()| true).map_err(PeerError::from),
        }
    }

    fn send_content(&self, signal: Signal, content: Option<&Content>) -> Result<(), Errno> {
        match &self.pidfd {
            Some(fd) => ffi::send_through(fd, signal, content),
            None => ffi::send(self.pid, signal, content),
        }
    }

    /// Whether we may signal it, without doing so.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn probe(&self) -> Result<(), PeerError> {
        match &self.pidfd {
            Some(fd) => ffi::probe_through(fd),
            None => ffi::probe(self.pid),
        }
        .map_err(PeerError::from)
    }
}

/// What there is to see of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Its command's name, not necessarily safe to print.
    pub name: String,
    caught: u64,
    uid: (u32, u32),
}

impl Look {
    /// AS-21: whether the process handles `signal` and so will not be killed by it.
    ///
    /// A handler alone does not say so. Shells and some language runtimes catch every signal there is, bash in order to
    /// tidy up and then die of it: see [`catches_everything`](Self::catches_everything).
    #[must_use]
    pub const fn handles(&self, signal: Signal) -> bool {
        self.caught & signal.mask() != 0 && !self.catches_everything()
    }

    /// Whether the process may signal a process of the real user `uid` in return (`kill(2)`; capabilities other than those of
    /// root are not looked at).
    #[must_use]
    pub const fn may_signal(&self, uid: u32) -> bool {
        self.uid.1 == 0 || self.uid.0 == uid || self.uid.1 == uid
    }

    /// Whether the process catches signals that no program catches for their own sake.
    #[must_use]
    pub const fn catches_everything(&self) -> bool {
        const ODD: [i32; 6] = [
            libc::SIGTRAP,
            libc::SIGXCPU,
            libc::SIGXFSZ,
            libc::SIGVTALRM,
            libc::SIGPROF,
            libc::SIGSYS,
        ];
        let (mut count, mut i) = (0, 0);
        while i < ODD.len() {
            count += self.caught >> (ODD[i] - 1) & 1;
            i += 1;
        }
        count >= 3
    }
}

/// Why a process cannot be reached.
#[derive(Debug)]
#[non_exhaustive]
pub enum PeerError {
    /// There is none, or it has ended.
    NoSuchProcess,
    /// It belongs to another user.
    NotPermitted,
    /// Anything else.
    System(io::Error),
}

impl From<Errno> for PeerError {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NO_PROCESS => Self::NoSuchProcess,
            Errno::NOT_PERMITTED => Self::NotPermitted,
            other => Self::System(other.into()),
        }
    }
}

impl fmt::Display for PeerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchProcess => f.write_str("no such process"),
            Self::NotPermitted => f.write_str("not permitted"),
            Self::System(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for PeerError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(caught: u64) -> Look {
        let name = String::new();
        let uid = (0, 0);
        Look { name, caught, uid }
    }

    #[test]
    fn a_handler_counts_unless_everything_is_caught() {
        // Our own server: SIGINT, SIGUSR1, SIGUSR2, SIGTERM, and the two that Rust's runtime catches.
        let ours = look(0x4a02 | 0x440);
        assert!(ours.handles(Signal::Usr1) && ours.handles(Signal::Usr2));
        assert!(!look(0x200).handles(Signal::Usr2));
        // bash 5.2, interactive: dies of SIGUSR1 although it catches it.
        assert!(!look(0x4381_7efb).handles(Signal::Usr1));
        // A Go program: every signal there is.
        assert!(!look(0xffff_ffff_7fc1_feff).handles(Signal::Usr1));
    }
}
