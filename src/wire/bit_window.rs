//! The bits in flight: which to send next, and how many at a time.
//!
//! A signal that is still pending swallows the next of its number. So a bit is lost when the server does not take the one
//! before in time, or takes a stranger's. Each transmission has a serial, as in QUIC (RFC 9002), and a reply names the last
//! that came: all that were sent before it and have not come are lost.
//!
//! The window grows while nothing is lost, and shrinks with each loss. A window of two sends two bits at once only if they
//! travel on different signals: then they cannot swallow each other even if the server sleeps.

use super::bits::Bit;
use super::control::{MAX_BITS_IN_FLIGHT, Progress};

/// The largest window in which no two bits share a signal.
const PAIR: u32 = 2;

/// Bits to be acknowledged before the window grows: at first, and at most.
const GROW_AFTER: (u32, u32) = (8, 1024);

/// Tracks the bits of a transfer, numbered from 0 to `end`; see the module's text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BitWindow {
    end: u64,
    acknowledged: u64,
    /// The first bit that has not been sent.
    next: u64,
    /// Bit `i`: bit `acknowledged + i` has come.
    come: u32,
    /// Bit `i`: bit `acknowledged + i` is to be sent again.
    lost: u32,
    /// The serial under which each bit was last sent, by the index modulo the array's length.
    serials: [u8; MAX_BITS_IN_FLIGHT as usize],
    /// The serial of the last transmission.
    serial: u8,
    /// The first bit that had not been sent when the window last shrank: the loss of one before says nothing new.
    recover: u64,
    size: u32,
    /// Bits sent since a reply was last asked for.
    unasked: u32,
    /// Bits acknowledged since the size last changed, and how many let it grow.
    since: u32,
    grow_after: u32,
}

/// A bit to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmission {
    /// Its index.
    pub index: u64,
    /// The number of the transmission, modulo 256.
    pub serial: u8,
    /// Whether to ask for a reply.
    pub wants_reply: bool,
    /// Whether it was sent before.
    pub is_repeated: bool,
}

impl BitWindow {
    /// Returns the window over `end` bits, none of them sent.
    #[must_use]
    pub const fn new(end: u64) -> Self {
        Self {
            end,
            acknowledged: 0,
            next: 0,
            come: 0,
            lost: 0,
            serials: [0; MAX_BITS_IN_FLIGHT as usize],
            serial: 0,
            recover: 0,
            size: PAIR,
            unasked: 0,
            since: 0,
            grow_after: GROW_AFTER.0,
        }
    }

    /// Returns the bit to send now; `None` while the window is full, or all are sent. `bit` returns the bit of an index.
    pub fn send(&mut self, bit: impl Fn(u64) -> Bit) -> Option<Transmission> {
        let in_flight = self.in_flight();
        let is_repeated = self.lost != 0;
        let ahead = match is_repeated {
            true => self.lost.trailing_zeros(),
            false => (self.next - self.acknowledged) as u32,
        };
        let index = self.acknowledged + u64::from(ahead);
        if ahead >= MAX_BITS_IN_FLIGHT || index >= self.end || in_flight.count_ones() >= self.size {
            return None;
        }
        let other = self.acknowledged + u64::from(in_flight.trailing_zeros());
        if self.size <= PAIR && in_flight != 0 && bit(other) == bit(index) {
            return None;
        }
        self.lost &= !(1 << ahead);
        self.next = self.next.max(index + 1);
        self.unasked += 1;
        let is_full = in_flight.count_ones() + 1 >= self.size;
        let is_last = self.next == self.end && self.lost == 0;
        let wants_reply = is_full || is_last || self.unasked >= self.size.div_ceil(2);
        if wants_reply {
            self.unasked = 0;
        }
        Some(self.transmission(index, wants_reply, is_repeated))
    }

    /// Goes back to the first bit that has not come, or to the very last, after a time without a reply. Returns that bit, to be
    /// sent at once. The others are sent again after it, one at a time at first.
    pub fn rewind(&mut self) -> Transmission {
        self.lost = self.sent() & !self.come;
        self.shrink_to(1);
        self.unasked = 0;
        let index = self.acknowledged.min(self.end.saturating_sub(1));
        if index == self.acknowledged {
            self.lost &= !1;
            self.next = self.next.max(index + 1);
        }
        self.transmission(index, true, true)
    }

    /// Takes in what has come; returns whether that is news, `None` if it cannot be.
    pub fn acknowledge(&mut self, progress: Progress) -> Option<bool> {
        let Progress {
            next,
            beyond,
            serial,
        } = progress;
        // The last bit that has come, if any is beyond the first that has not.
        let last = next + u64::from(u32::BITS - beyond.leading_zeros());
        if next > self.next || beyond != 0 && last >= self.next {
            return None;
        }
        let Some(news) = next.checked_sub(self.acknowledged) else {
            return Some(false);
        };
        let come = shifted(self.come, news) | beyond << 1;
        let fresh = news as u32 + come.count_ones() - shifted(self.come, news).count_ones();
        self.come = come;
        self.lost = shifted(self.lost, news) & !come;
        self.acknowledged = next;
        self.mark_lost(serial);
        self.since = self.since.saturating_add(fresh);
        if self.since >= self.grow_after {
            self.grow();
        }
        Some(fresh > 0)
    }

    /// Returns the number of bits before the first that has not come.
    #[must_use]
    pub const fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Returns whether a bit is sent, and neither acknowledged nor known to be lost.
    #[must_use]
    pub const fn has_in_flight(&self) -> bool {
        self.in_flight() != 0
    }

    /// Returns whether every bit has been sent.
    #[must_use]
    pub const fn is_all_sent(&self) -> bool {
        self.next == self.end
    }

    /// Returns the number of bits in all.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.end
    }

    fn transmission(&mut self, index: u64, wants_reply: bool, is_repeated: bool) -> Transmission {
        self.serial = self.serial.wrapping_add(1);
        let slot = (index % u64::from(MAX_BITS_IN_FLIGHT)) as usize;
        self.serials[slot] = self.serial;
        Transmission {
            index,
            serial: self.serial,
            wants_reply,
            is_repeated,
        }
    }

    /// Marks the bits as lost that were sent up to transmission `serial` and have not come.
    fn mark_lost(&mut self, serial: u8) {
        let mut in_flight = self.in_flight();
        let mut shrinks = false;
        while in_flight != 0 {
            let ahead = in_flight.trailing_zeros();
            in_flight &= in_flight - 1;
            let index = self.acknowledged + u64::from(ahead);
            let sent_as = self.serials[(index % u64::from(MAX_BITS_IN_FLIGHT)) as usize];
            if !is_after(sent_as, serial) {
                self.lost |= 1 << ahead;
                shrinks |= index >= self.recover;
            }
        }
        if shrinks {
            // A loss in a window of two has nothing to do with its size.
            self.shrink_to(match self.size {
                0..=PAIR => 1,
                size if size <= 2 * PAIR => PAIR,
                size => size / 2,
            });
        }
    }

    fn shrink_to(&mut self, size: u32) {
        self.size = size;
        self.recover = self.next;
        self.since = 0;
        self.grow_after = (2 * self.grow_after).min(GROW_AFTER.1);
    }

    fn grow(&mut self) {
        self.since = 0;
        self.grow_after = (self.grow_after / 2).max(GROW_AFTER.0);
        self.size = match self.size {
            1 => PAIR,
            PAIR => 2 * PAIR,
            size => size + size / 4,
        }
        .min(MAX_BITS_IN_FLIGHT);
    }

    /// Returns the bits that have been sent: bit `i` for bit `acknowledged + i`.
    const fn sent(&self) -> u32 {
        low((self.next - self.acknowledged) as u32)
    }

    const fn in_flight(&self) -> u32 {
        self.sent() & !self.come & !self.lost
    }
}

/// Returns whether transmission `serial` came after transmission `other`, of which no more than 127 lie between.
const fn is_after(serial: u8, other: u8) -> bool {
    (serial.wrapping_sub(other) as i8) > 0
}

/// Returns the lowest `count` bits set.
const fn low(count: u32) -> u32 {
    match 1u32.checked_shl(count) {
        Some(bit) => bit - 1,
        None => u32::MAX,
    }
}

/// Returns `mask` for a window that begins `by` bits later.
const fn shifted(mask: u32, by: u64) -> u32 {
    if by >= 32 { 0 } else { mask >> by }
}
