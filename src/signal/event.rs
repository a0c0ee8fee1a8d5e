//! Decodes a ring entry: which signal it is, and whether the kernel attests its sender.

use crate::process::pid::Pid;
use crate::signal::ring::{Entry, REST};
use crate::wire::packet::{Channel, Packet};

/// Lists the signals that the handler receives, with their numbers on Linux (`signal(7)`), the same on every supported
/// architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Signal {
    /// Is SIGUSR1: a 0, or an answer.
    Usr1 = libc::SIGUSR1,
    /// Is SIGUSR2: a 1.
    Usr2 = libc::SIGUSR2,
    /// Is SIGINT: a request to stop, from a terminal.
    Int = libc::SIGINT,
    /// Is SIGTERM: a request to stop, from a supervisor.
    Term = libc::SIGTERM,
    /// Is a real-time signal, SIGRTMIN+10 with glibc, SIGRTMIN+9 with musl: a word of a message, or an answer to one.
    ///
    /// The kernel queues it and delivers it in order.
    Word = 44,
}

impl Signal {
    /// Lists every signal of the handler.
    pub const ALL: [Self; 5] = [Self::Usr1, Self::Usr2, Self::Int, Self::Term, Self::Word];

    /// Returns the signal's number.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// Returns the signal that carries a bit: SIGUSR2 if `is_one`, otherwise SIGUSR1.
    #[must_use]
    pub const fn of_bit(is_one: bool) -> Self {
        if is_one { Self::Usr2 } else { Self::Usr1 }
    }

    /// Returns the protocol's name of the signal; `None` for one that asks to stop.
    #[must_use]
    pub const fn channel(self) -> Option<Channel> {
        match self {
            Self::Usr1 => Some(Channel::Usr1),
            Self::Usr2 => Some(Channel::Usr2),
            Self::Word => Some(Channel::Realtime),
            Self::Int | Self::Term => None,
        }
    }

    /// Returns whether `entry` was made of this signal.
    #[must_use]
    pub(crate) const fn is_of(self, entry: &Entry<REST>) -> bool {
        low(entry.tag.get()) as i32 == self.number()
    }

    /// Returns the signal's bit in a kernel signal mask: bit `number - 1`.
    #[must_use]
    pub const fn mask(self) -> u64 {
        1 << (self.number() - 1)
    }
}

/// Holds a set of [`Signal`]s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalSet(u64);

impl SignalSet {
    /// Contains no signal.
    pub const NONE: Self = Self(0);
    /// Contains the signals of the bit lane: SIGUSR1 and SIGUSR2.
    pub const BITS: Self = Self(Signal::Usr1.mask() | Signal::Usr2.mask());
    /// Contains the signals of both lanes: SIGUSR1, SIGUSR2 and signal 44.
    pub const LANES: Self = Self(Self::BITS.0 | Signal::Word.mask());
    /// Contains the signals that request a stop: SIGINT and SIGTERM.
    pub const STOPS: Self = Self(Signal::Int.mask() | Signal::Term.mask());
    /// Contains every signal of the handler.
    pub const ALL: Self = Self::LANES.union(Self::STOPS);

    /// Returns the signals that are in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the signals for which `keep` returns true.
    #[must_use]
    pub fn filter(self, keep: impl Fn(Signal) -> bool) -> Self {
        let kept = self.iter().filter(|signal| keep(*signal));
        Self(kept.map(Signal::mask).sum())
    }

    /// Returns whether a signal is in both sets.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Returns whether the set contains `signal`.
    #[must_use]
    pub const fn contains(self, signal: Signal) -> bool {
        self.0 & signal.mask() != 0
    }

    /// Returns the set as a kernel signal mask: bit `n - 1` for signal `n`.
    #[must_use]
    pub const fn mask(self) -> u64 {
        self.0
    }

    /// Iterates over the signals in the order of [`Signal::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Signal> {
        Signal::ALL.into_iter().filter(move |s| self.contains(*s))
    }
}

impl From<Channel> for Signal {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Usr1 => Self::Usr1,
            Channel::Usr2 => Self::Usr2,
            Channel::Realtime => Self::Word,
        }
    }
}

impl From<Signal> for SignalSet {
    fn from(signal: Signal) -> Self {
        Self(signal.mask())
    }
}

/// Says where a signal came from, as far as `si_code` tells (`sigaction(2)`; AS-18, AS-20, AS-22).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Is SI_USER or SI_TKILL: the kernel filled in the process that called `kill(2)`.
    Attested {
        /// Identifies the sender's process.
        pid: Pid,
        /// Holds the sender's real user ID.
        uid: u32,
    },
    /// Is SI_QUEUE: the sender chose everything, and all of it may be false.
    Claimed {
        /// Identifies the process that the sender claims to be (`si_pid`).
        pid: Pid,
        /// Holds the real user ID that the sender claims to have (`si_uid`).
        uid: u32,
        /// Holds `si_errno`, `si_value`, and what is between and behind them.
        packet: Packet,
    },
    /// Names no process to answer: the sender is in another PID namespace (`si_pid` is 0), a timer or the kernel.
    ///
    /// Also a signal whose siginfo the kernel dropped at the limit on queued signals (RLIMIT_SIGPENDING).
    Unknown {
        /// Holds the `si_code`.
        code: i32,
    },
}

/// Describes one received signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Says which signal was received.
    pub signal: Signal,
    /// Says where the signal came from.
    pub origin: Origin,
}

impl Event {
    /// Decodes an entry; `None` for a signal number that the handler is never installed for.
    #[must_use]
    pub fn decode(entry: Entry<REST>) -> Option<Self> {
        // struct kernel_siginfo: signo, errno, code, padding, pid, uid, value, and the rest of the union.
        let [code, from, value, more @ ..] = entry.rest;
        let packet = Packet {
            errno: high(entry.tag.get()),
            padding: high(code),
            value,
            more,
        };
        let code = low(code) as i32;
        let signal = Signal::ALL.into_iter().find(|s| s.is_of(&entry))?;
        let uid = high(from);
        let origin = match (code, Pid::new(low(from) as i32)) {
            (libc::SI_USER | libc::SI_TKILL, Some(pid)) => Origin::Attested { pid, uid },
            (libc::SI_QUEUE, Some(pid)) => Origin::Claimed { pid, uid, packet },
            _ => Origin::Unknown { code },
        };
        Some(Self { signal, origin })
    }
}

const fn low(word: u64) -> u32 {
    (word & 0xFFFF_FFFF) as u32
}

const fn high(word: u64) -> u32 {
    (word >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::num::NonZeroU64;

    fn decode(signal: i32, code: i32, pid: i32, uid: u32) -> Option<Event> {
        Event::decode(Entry {
            tag: NonZeroU64::new(5 << 32 | u64::from(signal.cast_unsigned())).unwrap(),
            rest: [
                0xBAD << 32 | u64::from(code.cast_unsigned()),
                u64::from(uid) << 32 | u64::from(pid.cast_unsigned()),
                77,
                78,
                79,
            ],
        })
    }

    // glibc reserves 32 and 33, musl 34 too.
    #[test]
    fn the_word_signal_is_not_reserved_by_the_c_library() {
        let free = libc::SIGRTMIN()..=libc::SIGRTMAX();
        assert!(free.contains(&Signal::Word.number()), "{free:?}");
    }

    #[test]
    fn only_codes_that_the_kernel_attests_are_believed() {
        let pid = Pid::new(4242).unwrap();
        let attested = Origin::Attested { pid, uid: 1000 };
        for code in [libc::SI_USER, libc::SI_TKILL] {
            assert_eq!(
                decode(libc::SIGUSR1, code, 4242, 1000).unwrap().origin,
                attested
            );
        }
        let claimed = Origin::Claimed {
            pid,
            uid: 1000,
            packet: Packet {
                errno: 5,
                padding: 0xBAD,
                value: 77,
                more: [78, 79],
            },
        };
        assert_eq!(
            decode(libc::SIGUSR2, libc::SI_QUEUE, 4242, 1000),
            Some(Event {
                signal: Signal::Usr2,
                origin: claimed,
            })
        );
        for (code, pid) in [
            (libc::SI_USER, 0),
            (libc::SI_QUEUE, 0),
            (libc::SI_QUEUE, -1),
            (libc::SI_TIMER, 4242),
            (libc::SI_KERNEL, 4242),
        ] {
            assert_eq!(
                decode(libc::SIGTERM, code, pid, 0).unwrap().origin,
                Origin::Unknown { code }
            );
        }
        assert_eq!(decode(libc::SIGHUP, libc::SI_USER, 4242, 0), None);
    }
}
