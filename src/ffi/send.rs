//! Sends signals (`kill(2)`, `rt_sigqueueinfo(2)`, `pidfd_send_signal(2)`).

use core::ffi::c_int;
use core::ptr;
use core::time::Duration;

use super::errno::check;
use super::{Errno, Fd, SigInfo, getpid, gettid, getuid, take};
use crate::process::pid::Pid;
use crate::signal::event::Event;
use crate::signal::set::Signal;
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

    /// Returns the packet with this sender in it, unless it is a word.
    pub const fn sign(self, mut packet: Packet) -> Packet {
        if !packet.is_word() {
            packet.ids = [self.pid.get() as u32, self.uid];
        }
        packet
    }
}

/// Sends `signal` to the process behind `pidfd`, never to a later process of its PID (`pidfd_send_signal(2)`; AS-19).
///
/// Without a packet the signal is SI_USER, as from `kill(2)`, and the kernel attests its sender. With one it is queued: the sender
/// chooses all of it, of which `sigqueue(3)` can set nothing but `si_value`, and the kernel does not change it.
///
/// # Errors
/// ESRCH: the process has ended. EPERM: it belongs to another user. EAGAIN: the limit on queued signals is reached
/// (RLIMIT_SIGPENDING), for a real-time signal; a standard signal then arrives without its packet.
pub fn send_through(pidfd: &Fd, signal: Signal, packet: Option<&Packet>) -> Result<(), Errno> {
    let info = packet.map(|packet| SigInfo::queued(signal, packet));
    pidfd_send_signal(pidfd, signal.number(), info.as_ref())
}

/// Sends `signal` to the process `pid`, for kernels before 5.3. By then the PID may be that of another process.
pub fn send(pid: Pid, signal: Signal, packet: Option<&Packet>) -> Result<(), Errno> {
    let Some(packet) = packet else {
        // SAFETY: kill takes integers only; a Pid is positive, so it names one process and never a group.
        return check(unsafe { libc::kill(pid.get(), signal.number()) }).map(drop);
    };
    let info = SigInfo::queued(signal, packet);
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
        let packet = packet.map(|packet| Identity::ours().sign(packet));
        send(to, self, packet.as_ref())
    }
}

/// Sends a queued signal to this thread alone (`rt_tgsigqueueinfo(2)`).
///
/// # Errors
/// EAGAIN: the limit on queued signals is reached (RLIMIT_SIGPENDING).
pub fn send_to_this_thread(signal: Signal, packet: &Packet) -> Result<(), Errno> {
    let info = SigInfo::queued(signal, packet);
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

/// Returns whether the kernel carries all of a [`Packet`], by signals to this thread, which must block [`Signal::WORD`].
///
/// Linux does. The result is also `false` at the limit on queued signals (RLIMIT_SIGPENDING).
pub fn carries_packets() -> bool {
    const WORD: Packet = Packet {
        errno: u32::MAX,
        padding: 0x7654_3210,
        ids: [u32::MAX, 0x89AB_CDEF],
        value: 0x0123_4567_89AB_CDEF,
        more: [0x1122_3344_5566_7788, 0xFEDC_BA98_7654_3210],
    };
    const REQUEST: Packet = Packet { errno: 0, ..WORD };
    [WORD, Identity::ours().sign(REQUEST)].iter().all(|packet| {
        let sent = send_to_this_thread(Signal::WORD, packet);
        // The kernel delivers a thread's signals before those of its process, so `take` finds this one first.
        let came = sent
            .ok()
            .and_then(|()| take(Signal::WORD.into(), Duration::ZERO));
        came.and_then(Event::decode)
            .is_some_and(|event| event.packet() == *packet)
    })
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

    const fn queued(signal: Signal, packet: &Packet) -> Self {
        let [pid, uid] = packet.ids;
        Self {
            signo: signal.number(),
            errno: packet.errno,
            code: match packet.is_word() {
                true => libc::SI_SIGIO,
                false => libc::SI_QUEUE,
            },
            padding: packet.padding,
            pid: pid as i32,
            uid,
            value: packet.value,
            more: packet.more,
            ..Self::EMPTY
        }
    }
}
