//! Finds, inspects and signals the process at the other end.
//!
//! A pidfd refers to one process for ever, so a process that gets the same PID later is never signalled. Before Linux 5.3, and
//! if a filter of system calls (`seccomp(2)`) denies pidfds, the PID is used instead, and [`Peer::is_certain`] says so. A
//! filter may return any error. So an error of a call for pidfds counts only after the same call by PID has confirmed it.

use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use std::io;
use std::string::String;
use std::thread;

use crate::ffi::{self, Errno, Fd, Identity};
use crate::process::pid::Pid;
use crate::process::proc;
use crate::signal::set::{Signal, SignalSet};
use crate::wire::packet::Packet;

/// Limits the age of the inspection before a signal that the process has just asked for, in nanoseconds. An inspection takes
/// 10 to 20 us, so that one this often costs a fifth of a percent at most.
pub const INSPECT_INTERVAL: u64 = 10_000_000;

/// Limits how often one inspection reads the status of a process that was seen to take signals without a handler, and now seems not
/// to.
const MAX_LOOKS: u32 = 8;

/// Limits the looks at a process that has not taken a signal yet, to some 50 ms. On a busy machine each look takes longer, because
/// others run meanwhile.
const TAKE_LOOKS: u32 = 1_500;

/// Moves to another CPU before a signal is sent more often than this. Under a storm, a signal from the receiver's own CPU
/// cannot arrive: it stays pending until the storm's next signal takes its place.
pub const MIGRATE_ABOVE_COPIES: u32 = 2;

/// Refers to another process, by a pidfd if possible.
#[derive(Debug)]
pub struct Peer {
    pid: Pid,
    pidfd: Option<Fd>,
    /// Whether a filter allows opening a pidfd, but denies signals through it.
    by_number: bool,
    /// The start time of the process in clock ticks, if there is no pidfd.
    start: Option<u64>,
    identity: Identity,
    /// The mask of SIGUSR1 and SIGUSR2 that it was seen to take without a handler.
    taken: AtomicU64,
}

impl Peer {
    /// Opens the process `pid`.
    ///
    /// # Errors
    /// Returns [`PeerError::NoSuchProcess`], also for the ID of a thread, and [`PeerError::System`] if too many files are open.
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
            identity: Identity::ours(),
            taken: AtomicU64::new(0),
        };
        match &peer.pidfd {
            Some(fd) => {
                let through = ffi::probe_through(fd);
                // The kernel denies both calls for a process of another user.
                peer.by_number =
                    !matches!(through, Ok(()) | Err(Errno::NO_PROCESS)) && ffi::probe(pid).is_ok();
            }
            // `kill` accepts the ID of a thread too, and signals its process.
            None if proc::status(pid).is_ok_and(|status| status.leader != pid.get()) => {
                return Err(PeerError::NoSuchProcess);
            }
            None => peer.start = proc::start(pid).ok(),
        }
        Ok(peer)
    }

    /// Returns the PID.
    pub const fn pid(&self) -> Pid {
        self.pid
    }

    /// Returns the descriptor that becomes readable when the process ends; `None` without pidfds.
    pub const fn fd(&self) -> Option<&Fd> {
        self.pidfd.as_ref()
    }

    /// Returns whether signals go through a pidfd, and so never to a later process of the same PID.
    pub const fn is_certain(&self) -> bool {
        self.pidfd.is_some() && !self.by_number
    }

    /// Reads the name of the process and the signals that it handles (`/proc/PID/status`).
    ///
    /// # Errors
    /// Returns [`PeerError::NoSuchProcess`] if the process has ended, [`PeerError::NotPermitted`] if this process may not
    /// signal it, and [`PeerError::System`] if `/proc` does not show it.
    pub fn inspect(&self) -> Result<ProcessStatus, PeerError> {
        // Ordering: Relaxed, since it pairs with nothing: only what `/proc` shows from here on counts.
        let known = self.taken.load(Ordering::Relaxed);
        let mut looks = 1;
        loop {
            let status = self.look(known)?;
            // Its wait may have begun or ended between the reads of its mask and of its system call.
            if status.taken & known == known || looks == MAX_LOOKS {
                // Ordering: Relaxed, as above.
                self.taken.fetch_or(status.taken, Ordering::Relaxed);
                return Ok(status);
            }
            looks += 1;
        }
    }

    /// Reads the status once. Of the signals that it was seen to take, `known`, those that it blocks wait for its next wait.
    fn look(&self, known: u64) -> Result<ProcessStatus, PeerError> {
        self.probe()?;
        let status = proc::status(self.pid);
        // The Go runtime catches every signal, and does nothing for these two unless the program asks for them (package os/signal).
        let is_go = status.as_ref().is_ok_and(|s| is_everything(s.caught)) && proc::is_go(self.pid);
        // The process still exists, so the status is its own and not that of a later process.
        self.probe()?;
        let status = status.map_err(|error| {
            if is_exhausted(&error) || error.kind() == io::ErrorKind::Unsupported {
                return error;
            }
            let text = std::format!("/proc/{}/status: {error}", self.pid);
            io::Error::new(error.kind(), text)
        });
        let status = status.map_err(PeerError::System)?;
        if status.ended || status.leader != self.pid.get() {
            return Err(PeerError::NoSuchProcess);
        }
        let mut status = ProcessStatus {
            name: status.name,
            caught: status.caught,
            taken: match status.caught & SignalSet::BITS.mask() {
                0 if status.threads == 1 => {
                    proc::taken(self.pid, status.blocked) | known & status.blocked
                }
                _ => 0,
            },
            uid: status.uid,
        };
        if is_go {
            status.caught &= SignalSet::BITS.mask();
        }
        Ok(status)
    }

    /// Returns whether the process handles `signal` even after it has taken the one that was sent to it: a handler with SA_RESETHAND,
    /// which `/proc` does not tell from others, is shown until it runs.
    ///
    /// Does not wait for a process that is stopped or blocks the signal, or that has not taken it after some 50 ms: a server blocks
    /// it while it works, and in a flood one is always pending. Nor for one that runs this program, whose handlers are known.
    pub(crate) fn still_handles(&self, signal: Signal) -> bool {
        if proc::runs_this_program(self.pid) {
            return true;
        }
        for _ in 0..TAKE_LOOKS {
            match proc::status(self.pid) {
                Ok(status) if status.pending & !status.blocked & signal.mask() == 0 => {
                    return status.handles(signal);
                }
                Ok(_) if !proc::is_stopped(self.pid) => thread::yield_now(),
                _ => break,
            }
        }
        true
    }

    /// Returns when the process was started, in clock ticks since the boot (`/proc/PID/stat`).
    ///
    /// # Errors
    /// Returns [`PeerError::NoSuchProcess`] if the process has ended, and [`PeerError::System`] if `/proc` does not show it.
    pub fn start_time(&self) -> Result<u64, PeerError> {
        let start = proc::start(self.pid).map_err(PeerError::System)?;
        // The process still exists, so the time is its own and not that of a later process.
        self.probe()?;
        Ok(start)
    }

    /// Returns the wait status of a process that has ended; `None` if the kernel does not tell.
    ///
    /// `/proc/PID/stat` has the status of a zombie. The pidfd has it after the parent has waited, since Linux 6.15.
    pub fn exit_status(&self) -> Option<i32> {
        proc::exit_status(self.pid).or_else(|| ffi::exit_status(self.pidfd.as_ref()?))
    }

    /// Sends a signal, bare or with a packet, as the process that opened this peer; see `pidfd_send_signal(2)`.
    ///
    /// Returns `false` if the kernel has no room for a packet on the real-time signal (RLIMIT_SIGPENDING).
    ///
    /// # Errors
    /// Returns [`PeerError::NoSuchProcess`] if the peer has ended, [`PeerError::NotPermitted`] if it belongs to another user,
    /// and [`PeerError::System`] if a filter of system calls or a security module denies the signal.
    pub fn send(&self, signal: Signal, packet: Option<Packet>) -> Result<bool, PeerError> {
        let packet = packet.map(|packet| self.identity.sign(packet));
        match self.send_packet(signal, packet.as_ref()) {
            Err(Errno::AGAIN) => Ok(false),
            result => result.map(|()| true).map_err(|errno| self.explain(errno)),
        }
    }

    fn send_packet(&self, signal: Signal, packet: Option<&Packet>) -> Result<(), Errno> {
        let through = self.pidfd.as_ref().filter(|_| !self.by_number);
        let sent = match through {
            Some(fd) => ffi::send_through(fd, signal, packet),
            None => Err(Errno::NO_SYSCALL),
        };
        match sent {
            Ok(()) | Err(Errno::NO_PROCESS | Errno::AGAIN) => sent,
            Err(_) => {
                self.check_exists()?;
                ffi::send(self.pid, signal, packet)
            }
        }
    }

    /// Checks that the PID still is that of this process, as far as the pidfd or the start time tells.
    fn check_exists(&self) -> Result<(), Errno> {
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

    /// Distinguishes the kernel's EPERM, which is about users, from that of a filter.
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

    /// Returns whether the kernel's rules about users permit this process to signal the peer (`kill(2)`).
    fn is_same_user(&self) -> bool {
        let us = proc::status(ffi::getpid());
        let uids = us.and_then(|us| Ok((us.uid, proc::status(self.pid)?.uid)));
        uids.is_ok_and(|(us, them)| may_signal(us, them.0))
    }

    /// Checks whether this process may signal the peer, without a signal.
    ///
    /// # Errors
    /// Returns the errors of [`send`](Self::send).
    pub fn probe(&self) -> Result<(), PeerError> {
        let through = self.pidfd.as_ref().filter(|_| !self.by_number);
        let probed = through.map_or(Err(Errno::NO_SYSCALL), ffi::probe_through);
        match probed {
            Ok(()) | Err(Errno::NO_PROCESS) => probed,
            Err(_) => self.check_exists().and_then(|()| ffi::probe(self.pid)),
        }
        .map_err(|errno| self.explain(errno))
    }
}

/// Holds what `/proc/PID/status` shows of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessStatus {
    /// Holds the name of the command, which may contain control characters.
    pub name: String,
    caught: u64,
    /// The signals that the only thread takes by a wait or a signalfd, if it handles neither SIGUSR1 nor SIGUSR2.
    taken: u64,
    uid: (u32, u32),
}

impl ProcessStatus {
    /// Returns whether the process handles `signal`, and so is not killed by it (AS-21).
    ///
    /// A handler alone does not prove it. Shells and some language runtimes catch every signal; bash cleans up and then ends by
    /// it. The Go runtime does not: see [`catches_everything`](Self::catches_everything).
    pub const fn handles(&self, signal: Signal) -> bool {
        self.caught & signal.mask() != 0 && !self.catches_everything()
    }

    /// Returns whether the process takes `signal` without a handler, and so is not killed by it: its only thread sleeps in a wait
    /// for the signal, or blocks it and has a signalfd for it, or blocks it after it was seen in such a wait. That it blocks the
    /// signal proves nothing else: a shell does so for the time of a `fork`.
    pub const fn takes(&self, signal: Signal) -> bool {
        self.taken & signal.mask() != 0
    }

    /// Returns the real user ID of the process.
    pub const fn real_uid(&self) -> u32 {
        self.uid.0
    }

    /// Returns whether the process may signal a process of the real user `uid` (`kill(2)`). Ignores capabilities, except that
    /// root may.
    pub const fn may_signal(&self, uid: u32) -> bool {
        may_signal(self.uid, uid)
    }

    /// Returns whether the process catches every signal, as far as that can be seen, and is not known to survive SIGUSR1 and SIGUSR2.
    pub const fn catches_everything(&self) -> bool {
        is_everything(self.caught)
    }
}

/// Returns whether a mask of caught signals has at least three that a program catches only if it catches all.
const fn is_everything(caught: u64) -> bool {
    const RARELY_CAUGHT: SignalSet = SignalSet::of(&[
        Signal::TRAP,
        Signal::XCPU,
        Signal::XFSZ,
        Signal::VTALRM,
        Signal::PROF,
        Signal::SYS,
    ]);
    (caught & RARELY_CAUGHT.mask()).count_ones() >= 3
}

/// Returns whether a process with these real and effective user IDs may signal a process of the real user `uid` (`kill(2)`).
const fn may_signal((real, effective): (u32, u32), uid: u32) -> bool {
    effective == 0 || real == uid || effective == uid
}

/// Says why a process cannot be signalled.
#[derive(Debug)]
#[non_exhaustive]
pub enum PeerError {
    /// The process does not exist, or has ended.
    NoSuchProcess,
    /// The process belongs to another user.
    NotPermitted,
    /// A system call failed, or a filter of system calls denied it.
    System(io::Error),
}

impl PeerError {
    /// Returns whether too many files are open, so that closing one may help.
    pub fn is_exhausted(&self) -> bool {
        matches!(self, Self::System(error) if is_exhausted(error))
    }
}

fn is_exhausted(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::new);
    errno.is_some_and(Errno::is_exhausted)
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

    fn status_with(caught: u64) -> ProcessStatus {
        let name = String::new();
        let uid = (0, 0);
        ProcessStatus {
            name,
            caught,
            uid,
            ..ProcessStatus::default()
        }
    }

    #[test]
    fn without_pidfds_the_start_time_identifies_a_process() {
        let pid = ffi::getpid();
        let start = proc::start(pid).unwrap();
        for (start, is_ours) in [(start, true), (start + 1, false)] {
            let peer = Peer {
                pid,
                pidfd: None,
                by_number: false,
                start: Some(start),
                identity: Identity::ours(),
                taken: AtomicU64::new(0),
            };
            assert_eq!(peer.probe().is_ok(), is_ours);
            let status = peer.inspect();
            assert_eq!(matches!(status, Err(PeerError::NoSuchProcess)), !is_ours);
            assert_eq!(status.is_ok(), is_ours);
        }
    }

    #[test]
    fn a_blocked_signal_is_taken_by_a_process_that_was_seen_to_take_it() {
        let mut child = std::process::Command::new("env")
            .args(["--block-signal=USR1", "sleep", "1000"])
            .spawn()
            .unwrap();
        let peer = Peer::open(Pid::new(child.id() as i32).unwrap()).unwrap();
        while peer.inspect().unwrap().name != "sleep" {
            std::thread::yield_now();
        }
        let takes = || {
            let status = peer.inspect().unwrap();
            [Signal::USR1, Signal::USR2].map(|signal| status.takes(signal))
        };
        assert_eq!(takes(), [false, false]);
        // Ordering: Relaxed; no other thread reads it.
        peer.taken.store(SignalSet::BITS.mask(), Ordering::Relaxed);
        assert_eq!(takes(), [true, false]);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_handler_counts_unless_everything_is_caught() {
        // A minitalk server: SIGINT, SIGUSR1, SIGUSR2, SIGTERM, and the two that Rust's runtime catches.
        let ours = status_with(0x4a02 | 0x440);
        assert!(ours.handles(Signal::USR1) && ours.handles(Signal::USR2));
        assert!(!status_with(0x200).handles(Signal::USR2));
        // bash 5.2, interactive: SIGUSR1 ends it although it catches SIGUSR1.
        assert!(!status_with(0x4381_7efb).handles(Signal::USR1));
        // A Go program: it catches every signal.
        assert!(!status_with(0xffff_ffff_7fc1_feff).handles(Signal::USR1));
    }
}
