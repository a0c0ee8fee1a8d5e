//! What a ring entry says: which signal, and how far its sender can be believed.

use crate::process::pid::Pid;
use crate::signal::ring::{Entry, REST};

/// The signals that pass through the handler, with their numbers on Linux (`signal(7)`; the same on every architecture
/// this crate builds for).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Signal {
    /// SIGUSR1: a 0, or an answer.
    Usr1 = libc::SIGUSR1,
    /// SIGUSR2: a 1.
    Usr2 = libc::SIGUSR2,
    /// SIGINT: stop, from a terminal.
    Int = libc::SIGINT,
    /// SIGTERM: stop, from a supervisor.
    Term = libc::SIGTERM,
    /// A real-time signal, SIGRTMIN+10 with glibc, SIGRTMIN+9 with musl: a word of a message, or an answer to one.
    /// It queues, and the kernel delivers it in order.
    Word = 44,
}

impl Signal {
    /// Every signal of the handler.
    pub const ALL: [Self; 5] = [Self::Usr1, Self::Usr2, Self::Int, Self::Term, Self::Word];

    /// The signal's number.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// Whether `entry` is one of this signal.
    #[must_use]
    pub const fn is_of(self, entry: &Entry<REST>) -> bool {
        low(entry.tag.get()) as i32 == self.number()
    }

    /// The signal's bit in a kernel signal mask: bit `number - 1`.
    #[must_use]
    pub const fn mask(self) -> u64 {
        1 << (self.number() - 1)
    }
}

/// A set of [`Signal`]s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalSet(u64);

impl SignalSet {
    /// No signal.
    pub const NONE: Self = Self(0);
    /// Those of the bit lane: SIGUSR1 and SIGUSR2.
    pub const BITS: Self = Self(Signal::Usr1.mask() | Signal::Usr2.mask());
    /// Those of both lanes.
    pub const LANES: Self = Self(Self::BITS.0 | Signal::Word.mask());
    /// Those that ask to stop: SIGINT and SIGTERM.
    pub const STOPS: Self = Self(Signal::Int.mask() | Signal::Term.mask());
    /// All of them.
    pub const ALL: Self = Self::LANES.union(Self::STOPS);

    /// The signals that are in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those of them that `keep` says are to stay.
    #[must_use]
    pub fn filter(self, keep: impl Fn(Signal) -> bool) -> Self {
        let kept = self.iter().filter(|signal| keep(*signal));
        Self(kept.map(Signal::mask).sum())
    }

    /// Whether a signal is in both sets.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether `signal` is one of them.
    #[must_use]
    pub const fn contains(self, signal: Signal) -> bool {
        self.0 & signal.mask() != 0
    }

    /// The kernel's signal mask with them in it: bit `n - 1` for signal `n`.
    #[must_use]
    pub const fn mask(self) -> u64 {
        self.0
    }

    /// The signals, in the order of [`Signal::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Signal> {
        Signal::ALL.into_iter().filter(move |s| self.contains(*s))
    }
}

impl From<Signal> for SignalSet {
    fn from(signal: Signal) -> Self {
        Self(signal.mask())
    }
}

/// Where a signal came from, as far as `si_code` lets us know (`sigaction(2)`; AS-18, AS-20, AS-22).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// SI_USER or SI_TKILL: the kernel itself filled in who called `kill`.
    Attested {
        /// The sender's process.
        pid: Pid,
        /// The sender's real user ID.
        uid: u32,
    },
    /// SI_QUEUE: all three fields were chosen by the sender and may be false.
    Claimed {
        /// The process that the sender says it is.
        pid: Pid,
        /// The real user ID that the sender says it has.
        uid: u32,
        /// The sender's `si_value`.
        value: u64,
    },
    /// No process to answer: a sender in another PID namespace (its PID reads 0 here), a signal whose information the
    /// kernel had no room for (RLIMIT_SIGPENDING), a timer, the kernel.
    Unknown {
        /// The `si_code`.
        code: i32,
    },
}

/// One signal, as the handler saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Which signal.
    pub signal: Signal,
    /// From whom.
    pub origin: Origin,
    /// `si_errno`, which the sender of a signal with SI_QUEUE chooses.
    pub errno: u32,
    /// The 16 bytes behind `si_value`, of which the same is true.
    pub more: [u64; 2],
}

impl Event {
    /// Interprets an entry; `None` for a signal number that the handler is not installed for.
    #[must_use]
    pub fn decode(entry: Entry<REST>) -> Option<Self> {
        // struct kernel_siginfo: signo, errno, code, padding, pid, uid, value, and the rest of the union.
        let [code, from, value, more @ ..] = entry.rest;
        let code = low(code) as i32;
        let signal = Signal::ALL.into_iter().find(|s| s.is_of(&entry))?;
        let uid = high(from);
        let origin = match (code, Pid::new(low(from) as i32)) {
            (libc::SI_USER | libc::SI_TKILL, Some(pid)) => Origin::Attested { pid, uid },
            (libc::SI_QUEUE, Some(pid)) => Origin::Claimed { pid, uid, value },
            _ => Origin::Unknown { code },
        };
        Some(Self {
            signal,
            origin,
            errno: high(entry.tag.get()),
            more,
        })
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

    /// glibc keeps 32 and 33 for itself, musl 34 too.
    #[test]
    fn the_signal_of_words_is_none_that_the_c_library_keeps_for_itself() {
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
            value: 77,
        };
        assert_eq!(
            decode(libc::SIGUSR2, libc::SI_QUEUE, 4242, 1000),
            Some(Event {
                signal: Signal::Usr2,
                origin: claimed,
                errno: 5,
                more: [78, 79],
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
