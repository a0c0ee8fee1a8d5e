//! Sends signals (`kill(2)`, `rt_sigqueueinfo(2)`, `pidfd_send_signal(2)`).

use core::ffi::c_int;
use core::ptr;
use core::time::Duration;

use super::errno::check;
use super::{Errno, Fd, SigInfo, getpid, gettid, getuid, take};
use crate::process::pid::Pid;
use crate::signal::event::{Event, Origin, Signal};
use crate::wire::packet::Packet;

/// Identifies the sender of a queued signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pid: Pid,
    uid: u32,
}

impl Identity {
    /// Returns the PID and real user ID of this process, by two system calls. Call it again after a fork.
    pub fn ours() -> Self {
        Self {
            pid: getpid(),
            uid: getuid(),
        }
    }
}

/// Holds what a queued signal carries (SI_QUEUE): the sender chooses all of it, and the kernel does not change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    /// Holds `si_pid` and `si_uid`.
    pub from: Identity,
    /// Holds the rest. `sigqueue(3)` can set nothing of it but `si_value`.
    pub packet: Packet,
}

/// Sends `signal` to the process behind `pidfd`, never to a later process of its PID (`pidfd_send_signal(2)`; AS-19).
///
/// Without content the signal is SI_USER, as from `kill(2)`, and the kernel attests its sender. With content it is SI_QUEUE.
///
/// # Errors
/// ESRCH: the process has ended. EPERM: it belongs to another user. EAGAIN: the limit on queued signals is reached
/// (RLIMIT_SIGPENDING), for a real-time signal; a standard signal then arrives without its content.
pub fn send_through(pidfd: &Fd, signal: Signal, content: Option<&Content>) -> Result<(), Errno> {
    let info = content.map(|content| SigInfo::queued(signal, content));
    pidfd_send_signal(pidfd, signal.number(), info.as_ref())
}

/// Sends `signal` to the process `pid`, for kernels before 5.3. By then the PID may be that of another process.
pub fn send(pid: Pid, signal: Signal, content: Option<&Content>) -> Result<(), Errno> {
    let Some(content) = content else {
        // SAFETY: kill takes integers only; a Pid is positive, so it names one process and never a group.
        return check(unsafe { libc::kill(pid.get(), signal.number()) }).map(drop);
    };
    let info = SigInfo::queued(signal, content);
    // SAFETY: the siginfo lives for the whole call; SigInfo has the size and layout of the kernel's siginfo_t.
    check(unsafe {
        libc::syscall(
            libc::SYS_rt_sigqueueinfo,
            pid.get(),
            signal.number(),
            &raw const info,
        )
    })
    .map(drop)
}

impl Signal {
    /// Sends the signal to the process `to`: bare, so that the kernel attests its sender, or with `packet` and the sender's
    /// PID.
    ///
    /// A process that does not handle the signal is killed by it, if that is the default action. With the feature `std`,
    /// `Peer::send` never reaches a later process of the same PID, and `Peer::inspect` says whether it handles the signal.
    ///
    /// # Errors
    /// Returns ESRCH if there is no such process, EPERM if it belongs to another user, and [`Errno::AGAIN`] if a real-time
    /// signal finds no room (RLIMIT_SIGPENDING).
    pub fn send(self, to: Pid, packet: Option<Packet>) -> Result<(), Errno> {
        let from = Identity::ours();
        let content = packet.map(|packet| Content { from, packet });
        send(to, self, content.as_ref())
    }
}

/// Sends a queued signal to this thread alone (`rt_tgsigqueueinfo(2)`).
///
/// # Errors
/// EAGAIN: the limit on queued signals is reached (RLIMIT_SIGPENDING).
pub fn send_to_this_thread(signal: Signal, content: &Content) -> Result<(), Errno> {
    let info = SigInfo::queued(signal, content);
    // SAFETY: the siginfo lives for the whole call; SigInfo has the size and layout of the kernel's siginfo_t.
    check(unsafe {
        libc::syscall(
            libc::SYS_rt_tgsigqueueinfo,
            getpid().get(),
            gettid(),
            signal.number(),
            &raw const info,
        )
    })
    .map(drop)
}

/// Returns whether the kernel carries all of a [`Packet`], by a signal to this thread, which must block [`Signal::WORD`].
///
/// Linux does. The result is also `false` at the limit on queued signals (RLIMIT_SIGPENDING).
pub fn carries_packets() -> bool {
    const MARK: Packet = Packet {
        errno: u32::MAX,
        padding: 0x7654_3210,
        value: 0x0123_4567_89AB_CDEF,
        more: [0x1122_3344_5566_7788, 0xFEDC_BA98_7654_3210],
    };
    let content = Content {
        from: Identity::ours(),
        packet: MARK,
    };
    let sent = send_to_this_thread(Signal::WORD, &content);
    // The kernel delivers a thread's signals before those of its process, so `take` finds this one first.
    let came = sent
        .ok()
        .and_then(|()| take(Signal::WORD.into(), Duration::ZERO));
    let origin = came.and_then(Event::decode).map(|event| event.origin);
    matches!(origin, Some(Origin::Claimed { packet, .. }) if packet == MARK)
}

/// Checks whether this process may signal `pid`, by `kill(2)` with signal 0, which sends nothing.
///
/// # Errors
/// ESRCH: no such process. EPERM: it belongs to another user.
pub fn probe(pid: Pid) -> Result<(), Errno> {
    // SAFETY: kill takes integers only; signal 0 only checks.
    check(unsafe { libc::kill(pid.get(), 0) }).map(drop)
}

/// Checks whether this process may signal the process behind `pidfd` (`pidfd_send_signal(2)` with signal 0).
pub fn probe_through(pidfd: &Fd) -> Result<(), Errno> {
    pidfd_send_signal(pidfd, 0, None)
}

fn pidfd_send_signal(pidfd: &Fd, signo: c_int, info: Option<&SigInfo>) -> Result<(), Errno> {
    let info = info.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: the siginfo is null or lives for the whole call; SigInfo has the size and layout of the kernel's siginfo_t.
    check(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.0, signo, info, 0) }).map(drop)
}

impl SigInfo {
    pub(super) const EMPTY: Self = Self {
        signo: 0,
        errno: 0,
        code: 0,
        padding: 0,
        pid: 0,
        uid: 0,
        value: 0,
        more: [0; 2],
        _beyond: [0; 10],
    };

    fn queued(signal: Signal, content: &Content) -> Self {
        Self {
            signo: signal.number(),
            errno: content.packet.errno,
            code: libc::SI_QUEUE,
            padding: content.packet.padding,
            pid: content.from.pid.get(),
            uid: content.from.uid,
            value: content.packet.value,
            more: content.packet.more,
            ..Self::EMPTY
        }
    }
}
