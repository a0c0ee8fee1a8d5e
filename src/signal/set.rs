//! Signals by their numbers, and sets of them.

use core::fmt;
use core::num::NonZeroU8;

use crate::wire::packet::Channel;

/// Identifies a signal by its number, 1 to 64 (`signal(7)`).
///
/// ```
/// use minitalk::Signal;
///
/// assert_eq!(Signal::new(1), Some(Signal::HUP));
/// assert_eq!(Signal::TERM.to_string(), "SIGTERM");
/// // The C library says which number that is.
/// assert_eq!(Signal::realtime(8).unwrap().to_string(), "SIGRTMIN+8");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(NonZeroU8);

/// Gives the highest number of a signal.
const MAX: i32 = 64;

/// Defines the constants and the names of the standard signals, which have the same numbers on every supported architecture.
macro_rules! standard_signals {
    ($($name:ident = $number:ident,)*) => {
        impl Signal {
            $(
                #[doc = concat!("Is ", stringify!($number), ".")]
                pub const $name: Self = Self::new(libc::$number).unwrap();
            )*

            /// Returns the name of a standard signal; `None` for a real-time signal.
            const fn standard_name(self) -> Option<&'static str> {
                match self {
                    $(Self::$name => Some(stringify!($number)),)*
                    _ => None,
                }
            }
        }
    };
}

standard_signals! {
    HUP = SIGHUP, INT = SIGINT, QUIT = SIGQUIT, ILL = SIGILL, TRAP = SIGTRAP, ABRT = SIGABRT,
    BUS = SIGBUS, FPE = SIGFPE, KILL = SIGKILL, USR1 = SIGUSR1, SEGV = SIGSEGV, USR2 = SIGUSR2,
    PIPE = SIGPIPE, ALRM = SIGALRM, TERM = SIGTERM, STKFLT = SIGSTKFLT, CHLD = SIGCHLD, CONT = SIGCONT,
    STOP = SIGSTOP, TSTP = SIGTSTP, TTIN = SIGTTIN, TTOU = SIGTTOU, URG = SIGURG, XCPU = SIGXCPU,
    XFSZ = SIGXFSZ, VTALRM = SIGVTALRM, PROF = SIGPROF, WINCH = SIGWINCH, IO = SIGIO, PWR = SIGPWR,
    SYS = SIGSYS,
}

impl Signal {
    /// Is the real-time signal 44, which carries words of messages: SIGRTMIN+10 with glibc, SIGRTMIN+9 with musl.
    pub const WORD: Self = Self::new(44).unwrap();

    /// Returns the signal with `number`; `None` if it is not from 1 to 64.
    pub const fn new(number: i32) -> Option<Self> {
        match number {
            1..=MAX => Some(Self(NonZeroU8::new(number as u8).unwrap())),
            _ => None,
        }
    }

    /// Returns SIGRTMIN+`n`; `None` beyond SIGRTMAX. The C library keeps the first real-time signals for itself.
    pub fn realtime(n: u8) -> Option<Self> {
        Self::new(libc::SIGRTMIN() + i32::from(n))
    }

    /// Returns whether the signal is a real-time signal, which the kernel queues; also for those of the C library.
    pub const fn is_realtime(self) -> bool {
        self.number() > Self::SYS.number()
    }

    /// Returns the signal's number.
    pub const fn number(self) -> i32 {
        self.0.get() as i32
    }

    /// Returns the signal that carries a bit: SIGUSR2 if `is_one`, otherwise SIGUSR1.
    pub const fn of_bit(is_one: bool) -> Self {
        if is_one { Self::USR2 } else { Self::USR1 }
    }

    /// Returns the protocol's name of the signal; `None` for a signal outside of [`SignalSet::LANES`].
    pub const fn channel(self) -> Option<Channel> {
        match self {
            Self::USR1 => Some(Channel::Usr1),
            Self::USR2 => Some(Channel::Usr2),
            Self::WORD => Some(Channel::Realtime),
            _ => None,
        }
    }

    /// Returns the signal's bit in a kernel signal mask: bit `number - 1`.
    pub const fn mask(self) -> u64 {
        1 << (self.number() - 1)
    }
}

/// Writes the name: SIGUSR1, or SIGRTMIN+10 by the C library's SIGRTMIN.
impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.standard_name(), self.number() - libc::SIGRTMIN()) {
            (Some(name), _) => f.pad(name),
            (None, 0) => f.pad("SIGRTMIN"),
            (None, n @ 1..) => write!(f, "SIGRTMIN+{n}"),
            (None, _) => write!(f, "signal {}", self.number()),
        }
    }
}

/// Writes what `Display` writes.
impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Holds a set of [`Signal`]s.
///
/// ```
/// use minitalk::{Signal, SignalSet};
///
/// let set = SignalSet::of(&[Signal::USR1, Signal::HUP]);
/// assert_eq!(format!("{set:?}"), "{SIGHUP, SIGUSR1}");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct SignalSet(u64);

impl SignalSet {
    /// Contains no signal.
    pub const NONE: Self = Self(0);
    /// Contains the signals of the bit lane: SIGUSR1 and SIGUSR2.
    pub const BITS: Self = Self::of(&[Signal::USR1, Signal::USR2]);
    /// Contains the signals of both lanes: SIGUSR1, SIGUSR2 and signal 44.
    pub const LANES: Self = Self::BITS.union(Self::of(&[Signal::WORD]));
    /// Contains the signals that request a stop: SIGINT, from a terminal, and SIGTERM, from a supervisor.
    pub const STOPS: Self = Self::of(&[Signal::INT, Signal::TERM]);
    /// Contains the five signals that minitalk itself uses: the signals of both lanes, SIGINT and SIGTERM.
    pub const MINITALK: Self = Self::LANES.union(Self::STOPS);

    /// Contains the signals by which the kernel reports a fault of a running thread. It ends a process that blocks them.
    pub const FAULTS: Self = Self::of(&[
        Signal::SEGV,
        Signal::BUS,
        Signal::FPE,
        Signal::ILL,
        Signal::TRAP,
        Signal::SYS,
    ]);

    /// Returns the set of `signals`.
    pub const fn of(signals: &[Signal]) -> Self {
        match signals {
            [first, rest @ ..] => Self(first.mask()).union(Self::of(rest)),
            [] => Self::NONE,
        }
    }

    /// Returns the set that [`mask`](Self::mask) returned.
    pub(crate) const fn of_mask(mask: u64) -> Self {
        Self(mask)
    }

    /// Returns the signals that are in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the signals for which `keep` returns true.
    #[must_use]
    pub fn filter(self, keep: impl Fn(Signal) -> bool) -> Self {
        self.iter().filter(|signal| keep(*signal)).collect()
    }

    /// Returns whether a signal is in both sets.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Returns whether the set contains `signal`.
    pub const fn contains(self, signal: Signal) -> bool {
        self.0 & signal.mask() != 0
    }

    /// Returns the number of signals.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Returns whether the set contains no signal.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the set as a kernel signal mask: bit `n - 1` for signal `n`.
    pub const fn mask(self) -> u64 {
        self.0
    }

    /// Iterates over the signals in the order of their numbers.
    pub fn iter(self) -> impl Iterator<Item = Signal> {
        let mut left = self.0;
        core::iter::from_fn(move || {
            let signal = Signal::new(left.trailing_zeros() as i32 + 1)?;
            left ^= signal.mask();
            Some(signal)
        })
    }
}

/// Lists the signals by name.
impl fmt::Debug for SignalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl FromIterator<Signal> for SignalSet {
    fn from_iter<I: IntoIterator<Item = Signal>>(signals: I) -> Self {
        let union = |set: Self, signal: Signal| set.union(signal.into());
        signals.into_iter().fold(Self::NONE, union)
    }
}

impl From<Channel> for Signal {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Usr1 => Self::USR1,
            Channel::Usr2 => Self::USR2,
            Channel::Realtime => Self::WORD,
        }
    }
}

impl From<Signal> for SignalSet {
    fn from(signal: Signal) -> Self {
        Self(signal.mask())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_a_number_from_1_to_64() {
        for number in 1..=64 {
            let signal = Signal::new(number).unwrap();
            assert_eq!(signal.number(), number);
            assert_eq!(SignalSet::from(signal).mask(), 1 << (number - 1));
        }
        for number in [0, 65, -1, 257, i32::MIN] {
            assert_eq!(Signal::new(number), None);
        }
    }

    #[test]
    fn signals_have_the_names_of_the_manual() {
        let first = libc::SIGRTMIN();
        for (number, name) in [
            (libc::SIGHUP, "SIGHUP"),
            (libc::SIGUSR2, "SIGUSR2"),
            (libc::SIGSYS, "SIGSYS"),
            (first - 1, &std::format!("signal {}", first - 1)),
            (first, "SIGRTMIN"),
            (first + 8, "SIGRTMIN+8"),
        ] {
            let signal = Signal::new(number).unwrap();
            assert_eq!(
                std::format!("{signal} {signal:?}"),
                std::format!("{name} {name}")
            );
        }
        assert_eq!(Signal::realtime(8), Signal::new(first + 8));
        assert_eq!(Signal::realtime(31), None);
        assert!((1..32).all(|n| Signal::new(n).unwrap().standard_name().is_some()));
    }

    #[test]
    fn a_set_lists_its_signals_in_order() {
        let signals = [1, 10, 31, 32, 63, 64].map(|n| Signal::new(n).unwrap());
        let set: SignalSet = signals.into_iter().rev().collect();
        assert_eq!(set, SignalSet::of(&signals));
        assert!(set.iter().eq(signals));
        assert_eq!((set.len(), set.is_empty()), (6, false));
        assert_eq!(set.filter(|signal| signal != Signal::USR1).len(), 5);
        assert_eq!(std::format!("{:?}", SignalSet::STOPS), "{SIGINT, SIGTERM}");
        let all: SignalSet = (1..=64).filter_map(Signal::new).collect();
        assert_eq!((all.mask(), all.iter().count()), (u64::MAX, 64));
        assert_eq!(SignalSet::default().iter().next(), None);
    }

    #[test]
    fn the_word_signal_is_not_reserved_by_the_c_library() {
        let free = libc::SIGRTMIN()..=libc::SIGRTMAX();
        assert!(free.contains(&Signal::WORD.number()), "{free:?}");
    }
}
