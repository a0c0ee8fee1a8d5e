//! The process at the other end: found, looked at, signalled, and never mistaken for another one.
//!
//! A pidfd names a process for good, so a PID that the kernel has given to another process is never signalled. Before Linux
//! 5.3, and where a filter of system calls (`seccomp(2)`) denies it, the number has to do, and [`Peer::is_certain`] says so.
//! A filter answers with any error that its author chose. So no error of a call for pidfds is believed before the same has
//! been asked by number.

use core::fmt;
use std::io;
use std::string::String;

use crate::ffi::{self, Content, Errno, Fd, Identity};
use crate::process::pid::Pid;
use crate::process::proc;
use crate::signal::event::Signal;
use crate::wire::Nanos;
use crate::wire::bits::Bit;
use crate::wire::word::Word;

/// How old the last inspection of a process may be when it is signalled because it has just asked for that. An inspection
/// takes some 30 us, so that one this often costs a third of a percent.
pub const INSPECT_INTERVAL: Nanos = 10_000_000;

/// Moves to another CPU before a signal is sent more often than this. Under a storm, a signal from the receiver's own CPU cannot
/// arrive: it stays pending until the storm's next signal takes its place.
pub const MIGRATE_ABOVE_COPIES: u32 = 2;

/// Returns the signal that carries `bit`.
#[must_use]
pub const fn signal_of(bit: Bit) -> Signal {
    match bit {
        Bit::Zero => Signal::Usr1,
        Bit::One => Signal::Usr2,
    }
}

/// Returns the bit that `signal` carries.
#[must_use]
pub fn bit_on(signal: Signal) -> Bit {
    Bit::from(signal == Signal::Usr2)
}

/// Another process.
#[derive(Debug)]
pub struct Peer {
    pid: Pid,
    pidfd: Option<Fd>,
    /// Whether a filter allows a pidfd to be opened and not to be signalled through.
    by_number: bool,
    /// When the process began, where no pidfd says that it has ended.
    start: Option<u64>,
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
            Err(errno) if errno.is_exhausted() => return Err(errno.into()),
            Err(_) if ffi::probe(pid) == Err(Errno::NO_PROCESS) => {
                return Err(PeerError::NoSuchProcess);
            }
            Err(_) => None,
        };
        let mut peer = Self {
            pid,
            pidfd,
            by_number: false,
            start: None,
            us: Identity::ours(),
        };
        match &peer.pidfd {
            Some(fd) => {
                let through = ffi::probe_through(fd);
                peer.by_number = !matches!(through, Ok(()) | Err(Errno::NO_PROCESS));
            }
            // By number a thread can be signalled too, and its process would get the signal.
            None if proc::status(pid).is_ok_and(|status| status.leader != pid.get()) => {
                return Err(PeerError::NoSuchProcess);
            }
            None => peer.start = proc::start(pid).ok(),
        }
        Ok(peer)
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

    /// Returns whether the process is signalled through a pidfd, and so never mistaken for another of the same number.
    #[must_use]
    pub const fn is_certain(&self) -> bool {
        self.pidfd.is_some() && !self.by_number
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
        let status = status.map_err(|error| match error.raw_os_error().map(Errno::new) {
            Some(errno) if errno.is_exhausted() => PeerError::System(error),
            _ => {
                let text = std::format!("/proc/{}/status: {error}", self.pid);
                PeerError::System(io::Error::new(error.kind(), text))
            }
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
    /// [`PeerError::NoSuchProcess`] when it has ended, [`PeerError::NotPermitted`] when it belongs to another user,
    /// [`PeerError::System`] when a filter of system calls or a security module denies the signal.
    pub fn send(&self, signal: Signal, value: Option<u64>) -> Result<(), PeerError> {
        let content = value.map(|value| Content::value(self.us, value));
        self.send_content(signal, content.as_ref())
            .map_err(|errno| self.explain(errno))
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
            result => result.map(|()| true).map_err(|errno| self.explain(errno)),
        }
    }

    fn send_content(&self, signal: Signal, content: Option<&Content>) -> Result<(), Errno> {
        let through = self.pidfd.as_ref().filter(|_| !self.by_number);
        let sent = match through {
            Some(fd) => ffi::send_through(fd, signal, content),
            None => Err(Errno::NO_SYSCALL),
        };
        match sent {
            Ok(()) | Err(Errno::NO_PROCESS | Errno::AGAIN) => sent,
            Err(_) => {
                self.is_still_there()?;
                ffi::send(self.pid, signal, content)
            }
        }
    }

    /// Makes sure that the number still is this process's, as far as that can be seen.
    fn is_still_there(&self) -> Result<(), Errno> {
        let is_gone = match (&self.pidfd, self.start) {
            (Some(fd), _) => ffi::is_readable(fd),
            (None, Some(start)) => proc::start(self.pid).is_ok_and(|now| now != start),
            (None, None) => false,
        };
        if is_gone {
            return Err(Errno::NO_PROCESS);
        }
        Ok(())
    }

    /// Tells the kernel's "not permitted", which is about users, from that of a filter.
    fn explain(&self, errno: Errno) -> PeerError {
        match errno {
            Errno::NO_PROCESS => PeerError::NoSuchProcess,
            errno if errno.is_exhausted() || errno == Errno::AGAIN => errno.into(),
            Errno::NOT_PERMITTED if !self.is_same_user() => PeerError::NotPermitted,
            errno => {
                let error = io::Error::from(errno);
                let text = std::format!(
                    "signals to PID {} are denied, probably by a filter of system calls (seccomp): {error}",
                    self.pid
                );
                PeerError::System(io::Error::new(error.kind(), text))
            }
        }
    }

    /// Whether the kernel by itself would let us signal the process (`kill(2)`).
    fn is_same_user(&self) -> bool {
        let Ok((us, them)) =
            proc::status(ffi::getpid()).and_then(|us| Ok((us.uid, proc::status(self.pid)?.uid)))
        else {
            return false;
        };
        us.1 == 0 || us.0 == them.0 || us.1 == them.0
    }

    /// Whether we may signal it, without doing so.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn probe(&self) -> Result<(), PeerError> {
        let through = self.pidfd.as_ref().filter(|_| !self.by_number);
        let probed = through.map_or(Err(Errno::NO_SYSCALL), ffi::probe_through);
        match probed {
            Ok(()) | Err(Errno::NO_PROCESS) => probed,
            Err(_) => self.is_still_there().and_then(|()| ffi::probe(self.pid)),
        }
        .map_err(|errno| self.explain(errno))
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

impl PeerError {
    /// Returns whether too many files are open, so that closing one may help.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        let Self::System(error) = self else {
            return false;
        };
        error
            .raw_os_error()
            .map(Errno::new)
            .is_some_and(Errno::is_exhausted)
    }
}

impl From<Errno> for PeerError {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NO_PROCESS => Self::NoSuchProcess,
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
    fn without_a_pidfd_the_next_process_of_a_pid_is_another() {
        let pid = ffi::getpid();
        let start = proc::start(pid).unwrap();
        for (start, is_ours) in [(start, true), (start + 1, false)] {
            let peer = Peer {
                pid,
                pidfd: None,
                by_number: false,
                start: Some(start),
                us: Identity::ours(),
            };
            assert_eq!(peer.probe().is_ok(), is_ours);
            let looked = peer.look();
            assert_eq!(matches!(looked, Err(PeerError::NoSuchProcess)), !is_ours);
            assert_eq!(looked.is_ok(), is_ours);
        }
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
