//! Decodes a ring entry: which signal it is, and whether the kernel attests its sender.

use crate::process::pid::Pid;
use crate::signal::ring::{Entry, REST};
use crate::signal::set::Signal;
use crate::wire::packet::Packet;

/// Says where a signal came from, as far as `si_code` tells (`sigaction(2)`).
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
        /// Holds all words, `si_pid` and the real user ID that the sender claims to have (`si_uid`) too.
        packet: Packet,
    },
    /// Names no process to answer: the sender is in another PID namespace (`si_pid` is 0), a timer or the kernel.
    ///
    /// Also a signal whose siginfo the kernel dropped at the limit on queued signals (RLIMIT_SIGPENDING), and a word of a message,
    /// which has no room for a PID.
    Unknown {
        /// Holds the words as the kernel gave them. What they mean depends on the code: see [`Event`].
        packet: Packet,
    },
}

impl Origin {
    /// Returns the process that sent the signal, or that the sender claims to be.
    pub const fn pid(&self) -> Option<Pid> {
        match self {
            Self::Attested { pid, .. } | Self::Claimed { pid, .. } => Some(*pid),
            Self::Unknown { .. } => None,
        }
    }
}

/// Describes one received signal by all that the kernel keeps of a siginfo (48 bytes).
///
/// | code | [`ids`](Self::ids) | [`value`](Self::value), and the words behind it |
/// | --- | --- | --- |
/// | SI_USER, SI_TKILL: `kill`, `tgkill` | PID and user of the sender | 0 |
/// | SI_QUEUE: `sigqueue` | PID and user that the sender claims | the value |
/// | SI_TIMER: `timer_settime` | the kernel's number of the timer, overruns | the value |
/// | SI_MESGQ: `mq_notify` | PID and user of the message's sender | the value |
/// | CLD_EXITED to CLD_CONTINUED, of SIGCHLD | PID and user of the child | exit status or signal; user and system time in ticks |
/// | POLL_IN to POLL_HUP, of `F_SETSIG` | events of `poll`, in one word of 64 bits | the descriptor |
/// | SI_SIGIO: a word of a message | its first 8 bytes | the other 24 |
///
/// Only the kernel sends a code above 0 or SI_TKILL, unless a process signals itself. With any other negative code every word
/// may be false. With SI_USER and PID 0 the sender is in another PID namespace, or the kernel had no room for a siginfo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Says which signal was received.
    pub signal: Signal,
    /// Says why the signal was sent: `si_code` (`sigaction(2)`).
    pub code: i32,
    /// Says where the signal came from.
    pub origin: Origin,
}

impl Event {
    /// Returns the words that are `si_pid` and `si_uid` for many codes, whether they are true or not.
    pub const fn ids(&self) -> (i32, u32) {
        match self.origin {
            Origin::Attested { pid, uid } => (pid.get(), uid),
            Origin::Claimed { packet, .. } | Origin::Unknown { packet } => {
                let [pid, uid] = packet.ids;
                (pid as i32, uid)
            }
        }
    }

    /// Returns the word that is `si_value` for many codes.
    pub fn value(&self) -> u64 {
        self.packet().value
    }

    /// Returns the words of the signal, which are 0 for an attested one.
    pub fn packet(&self) -> Packet {
        match self.origin {
            Origin::Attested { .. } => Packet::default(),
            Origin::Claimed { packet, .. } | Origin::Unknown { packet } => packet,
        }
    }

    /// Decodes an entry; `None` if it does not begin with a signal's number, which the kernel never does.
    pub fn decode(entry: Entry<REST>) -> Option<Self> {
        // struct kernel_siginfo: signo, errno, code, padding, pid, uid, value, and the rest of the union.
        let [code, from, value, more @ ..] = entry.rest;
        let packet = Packet {
            errno: high(entry.tag.get()),
            padding: high(code),
            ids: [low(from), high(from)],
            value,
            more,
        };
        let code = low(code) as i32;
        let signal = Signal::new(low(entry.tag.get()) as i32)?;
        let [pid, uid] = packet.ids;
        let origin = match (code, Pid::new(pid as i32)) {
            (libc::SI_USER | libc::SI_TKILL, Some(pid)) => Origin::Attested { pid, uid },
            (libc::SI_QUEUE, Some(pid)) => Origin::Claimed { pid, packet },
            _ => Origin::Unknown { packet },
        };
        Some(Self {
            signal,
            code,
            origin,
        })
    }
}

impl Signal {
    /// Returns whether `entry` was made of this signal.
    pub(crate) const fn is_of(self, entry: &Entry<REST>) -> bool {
        low(entry.tag.get()) as i32 == self.number()
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

    #[test]
    fn an_event_is_small() {
        assert_eq!(size_of::<Event>(), 56);
        assert_eq!(size_of::<Option<Event>>(), 56);
    }

    #[test]
    fn the_words_of_every_code_are_kept() {
        for code in [
            libc::SI_QUEUE,
            libc::SI_TIMER,
            libc::SI_MESGQ,
            libc::CLD_EXITED,
        ] {
            let event = decode(libc::SIGCHLD, code, 4242, 1000).unwrap();
            assert_eq!(event.code, code);
            assert_eq!((event.ids(), event.value()), ((4242, 1000), 77));
            let packet = event.packet();
            assert_eq!((packet.errno, packet.padding), (5, 0xBAD));
            assert_eq!(packet.more, [78, 79]);
        }
        let attested = decode(libc::SIGHUP, libc::SI_USER, 4242, 1000).unwrap();
        assert_eq!((attested.ids(), attested.value()), ((4242, 1000), 0));
    }

    // glibc reserves 32 and 33, musl 34 too.
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
            packet: Packet {
                errno: 5,
                padding: 0xBAD,
                ids: [4242, 1000],
                value: 77,
                more: [78, 79],
            },
        };
        assert_eq!(
            decode(libc::SIGUSR2, libc::SI_QUEUE, 4242, 1000),
            Some(Event {
                signal: Signal::USR2,
                code: libc::SI_QUEUE,
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
            let event = decode(libc::SIGTERM, code, pid, 6).unwrap();
            assert!(matches!(event.origin, Origin::Unknown { .. }), "{event:?}");
            assert_eq!((event.code, event.ids()), (code, (pid, 6)));
        }
        for number in [0, 65, -1] {
            assert_eq!(decode(number, libc::SI_USER, 4242, 0), None);
        }
    }
}
