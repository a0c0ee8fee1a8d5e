//! The log of sent signals, and its comparison with the received ones.
//!
//! Every signal carries its index in the log as its value. The log is ordinary memory, so a forked child continues with a copy.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering::Relaxed};

use minitalk::internals::ffi::{self, Errno};
use minitalk::internals::signal::ring::{Entry, REST};
use minitalk::wire::packet::Packet;
use minitalk::{Event, Origin, Signal};

const MOST: usize = 2048;

static SENT: AtomicUsize = AtomicUsize::new(0);
static SIGNALS: [AtomicI32; MOST] = [const { AtomicI32::new(0) }; MOST];
/// Whether the kernel refused a signal, because too many are queued for this user's processes (RLIMIT_SIGPENDING).
static WAS_REFUSED: AtomicBool = AtomicBool::new(false);
static SENDERS: [AtomicI32; MOST] = [const { AtomicI32::new(0) }; MOST];

fn note(signal: Signal) -> u64 {
    let place = SENT.fetch_add(1, Relaxed);
    SIGNALS[place].store(signal.number(), Relaxed);
    SENDERS[place].store(ffi::getpid().get(), Relaxed);
    place as u64
}

/// Returns how many signals were sent.
#[must_use]
pub fn sent() -> usize {
    SENT.load(Relaxed)
}

/// Sends this process a signal; if it is unblocked, its handler has run when this returns. Async-signal-safe.
pub fn send(signal: Signal) {
    let packet = packet(note(signal));
    if ffi::send(ffi::getpid(), signal, Some(&packet)) == Err(Errno::AGAIN) {
        WAS_REFUSED.store(true, Relaxed);
    }
}

/// Logs a signal and returns the ring entry that the handler would push for it.
pub fn entry(signal: Signal) -> Entry<REST> {
    entry_at(note(signal) as usize)
}

/// Returns the ring entry of a logged signal.
#[must_use]
pub fn entry_at(place: usize) -> Entry<REST> {
    let word = |high: u32, low: i32| u64::from(high) << 32 | u64::from(low.cast_unsigned());
    let packet = packet(place as u64);
    let [pid, uid] = packet.ids;
    Entry {
        tag: NonZeroU64::new(word(packet.errno, SIGNALS[place].load(Relaxed))).unwrap(),
        rest: [
            word(packet.padding, libc::SI_QUEUE),
            word(uid, pid.cast_signed()),
            packet.value,
            packet.more[0],
            packet.more[1],
        ],
    }
}

/// Returns the content of the signal at this index, which differs in every word that the kernel keeps.
fn packet(place: u64) -> Packet {
    Packet {
        // Not that of a word, which names no sender.
        errno: !place as u32 >> 1,
        padding: 0x5555_5555 ^ place as u32,
        ids: [
            SENDERS[place as usize].load(Relaxed).cast_unsigned(),
            ffi::getuid(),
        ],
        value: place,
        more: [place << 32, !place],
    }
}

/// The result of a comparison of received with sent signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Verdict {
    /// All signals were received once, in order and unchanged.
    Exact,
    /// All signals were received exactly, and the handler had blocked the signals.
    ExactAndClosed,
    /// A signal is missing.
    Lost,
    /// A signal was received twice.
    Twice,
    /// All signals were received, but not in the order sent.
    Reordered,
    /// A signal was received that was never sent.
    Garbled,
    /// All signals were received, but errno changed under the interrupted code.
    Errno,
    /// All signals were received, but the mark was not obeyed: signals blocked below it, or unblocked at it.
    Mask,
    /// Unknown: the kernel had no room for a signal (RLIMIT_SIGPENDING), which other processes can use up.
    NoRoom,
}

impl Verdict {
    const ALL: [Self; 9] = [
        Self::Exact,
        Self::ExactAndClosed,
        Self::Lost,
        Self::Twice,
        Self::Reordered,
        Self::Garbled,
        Self::Errno,
        Self::Mask,
        Self::NoRoom,
    ];

    /// Returns the verdict whose number is a child's exit status.
    #[must_use]
    pub fn from_status(status: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|v| *v as i32 == status)
    }

    /// Returns whether the verdict reports no fault.
    #[must_use]
    pub fn is_exact(self) -> bool {
        matches!(self, Self::Exact | Self::ExactAndClosed)
    }
}

/// Compares the received events with the log.
#[must_use]
pub fn compare(received: &[Event]) -> Verdict {
    // The kernel delivers this for a queued standard signal for which it has no room.
    let is_blank = |event: &Event| {
        matches!(event.origin, Origin::Unknown { .. }) && event.code == libc::SI_USER
    };
    if WAS_REFUSED.load(Relaxed) || received.iter().any(is_blank) {
        return Verdict::NoRoom;
    }
    let places: Option<Vec<usize>> = received.iter().map(place).collect();
    let Some(places) = places else {
        return Verdict::Garbled;
    };
    judge(&places)
}

/// Compares received indices with the log.
#[must_use]
pub fn judge(places: &[usize]) -> Verdict {
    let mut sorted = places.to_vec();
    sorted.sort_unstable();
    if sorted.iter().any(|&place| place >= sent()) {
        Verdict::Garbled
    } else if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        Verdict::Twice
    } else if places.len() != sent() {
        Verdict::Lost
    } else if sorted != places {
        Verdict::Reordered
    } else {
        Verdict::Exact
    }
}

fn place(event: &Event) -> Option<usize> {
    let Origin::Claimed { packet, .. } = event.origin else {
        return None;
    };
    let place = usize::try_from(packet.value).ok().filter(|&p| p < sent())?;
    let same = SIGNALS[place].load(Relaxed) == event.signal.number()
        && packet == self::packet(packet.value);
    same.then_some(place)
}
