//! Tracks the bits in flight: which to send next, and how many at a time.
//!
//! A signal that is still pending swallows the next of its number. So a bit is lost when the server does not take the one
//! before in time, or takes a stranger's. Each transmission has a serial, as in QUIC (RFC 9002), and a reply names the last
//! that came: all that were sent before it and have not come are lost.
//!
//! The window grows while nothing is lost, and shrinks with each loss. A window of two sends two bits at once only if they
//! travel on different signals: then they cannot swallow each other even if the server sleeps. Where both ends sleep on one CPU,
//! the server takes nothing before the client has sent all that it may: a larger window would only lose bits there.
//!
//! A loss at the end of the window is noticed only when a later bit arrives. So while a loss is made up for, each reply
//! lets one bit go, however many are in flight; otherwise the sender would wait for its timer, hundreds of round trips.

use super::bits::Bit;
use super::control::{Arrived, MAX_BITS_IN_FLIGHT};

/// Is the largest window in which no two bits share a signal.
const PAIR: u32 = 2;

/// Limits the bits to be acknowledged before the window grows: at first, and at most.
const GROW_AFTER: (u32, u32) = (8, 1024);

/// Tracks the bits of a transfer, numbered from 0 to `end`; see the module's text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BitWindow {
    pub(super) end: u64,
    /// The first bit that has not come.
    pub(super) acknowledged: u64,
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
    max_size: u32,
    /// Whether a reply has come since the last transmission while a loss is made up for.
    may_probe: bool,
    /// Bits sent since a reply was last asked for.
    unasked: u32,
    /// Bits acknowledged in order since the size last changed, and how many let it grow.
    since: u32,
    grow_after: u32,
}

/// Describes a bit to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmission {
    /// Identifies the bit in the frame, from 0.
    pub index: u64,
    /// Counts the transmissions, modulo 256.
    pub serial: u8,
    /// Says whether to ask for a reply.
    pub wants_reply: bool,
    /// Says whether the bit was sent before.
    pub is_repeated: bool,
}

impl BitWindow {
    /// Returns the window over `end` bits, none of them sent.
    pub fn new(end: u64) -> Self {
        Self {
            end,
            size: PAIR,
            max_size: MAX_BITS_IN_FLIGHT,
            grow_after: GROW_AFTER.0,
            ..Self::default()
        }
    }

    /// Returns the window for two ends that sleep on one CPU, which does not grow.
    pub const fn in_pairs(self) -> Self {
        Self {
            max_size: PAIR,
            ..self
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
        if ahead >= MAX_BITS_IN_FLIGHT || index >= self.end {
            return None;
        }
        let other = self.acknowledged + u64::from(in_flight.trailing_zeros());
        // The usual case needs no count, which is a long sequence of instructions on the oldest x86-64.
        let others = match self.come | self.lost {
            0 => ahead,
            _ => in_flight.count_ones(),
        };
        let is_blocked =
            others >= self.size || self.size <= PAIR && in_flight != 0 && bit(other) == bit(index);
        if is_blocked && !self.may_probe {
            return None;
        }
        self.lost &= !(1 << ahead);
        self.next = self.next.max(index + 1);
        self.unasked += 1;
        let is_full = others + 1 >= self.size;
        let is_last = self.next == self.end && self.lost == 0;
        let wants_reply = is_full || is_last || 2 * self.unasked >= self.size;
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

    /// Takes in the progress of a reply; returns whether it is news, and `None` if it cannot be true.
    pub fn acknowledge(&mut self, progress: Arrived) -> Option<bool> {
        let (next, beyond) = (progress.next, progress.beyond);
        // The bits that were sent after the first missing one.
        let after = self.next.checked_sub(next)?.saturating_sub(1);
        if u64::from(beyond) >> after.min(u32::BITS.into()) != 0 {
            return None;
        }
        let Some(news) = next.checked_sub(self.acknowledged) else {
            return Some(false);
        };
        let come = shifted(self.come, news) | beyond << 1;
        if come & 1 != 0 {
            // A bit that has come does not go missing.
            return None;
        }
        let is_news = news > 0 || come != self.come;
        self.come = come;
        self.lost = shifted(self.lost, news) & !come;
        self.acknowledged = next;
        self.since = self.since.saturating_add(news as u32);
        self.mark_lost(progress.serial);
        self.may_probe = self.lost != 0 || next < self.recover;
        if self.since >= self.grow_after {
            self.grow();
        }
        Some(is_news)
    }

    /// Returns whether a bit is sent, and neither acknowledged nor known to be lost.
    pub const fn has_in_flight(&self) -> bool {
        self.in_flight() != 0
    }

    pub const fn is_all_sent(&self) -> bool {
        self.next == self.end
    }

    fn transmission(&mut self, index: u64, wants_reply: bool, is_repeated: bool) -> Transmission {
        self.serial = self.serial.wrapping_add(1);
        self.may_probe = false;
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
            size => size + size.div_ceil(4),
        }
        .min(self.max_size);
    }

    /// Returns the bits that have been sent, 32 at most: bit `i` for bit `acknowledged + i`.
    const fn sent(&self) -> u32 {
        ((1u64 << (self.next - self.acknowledged)) - 1) as u32
    }

    const fn in_flight(&self) -> u32 {
        self.sent() & !self.come & !self.lost
    }
}

/// Returns whether transmission `serial` came after transmission `other`, of which no more than 127 lie between.
const fn is_after(serial: u8, other: u8) -> bool {
    (serial.wrapping_sub(other) as i8) > 0
}

/// Returns `mask` for a window that begins `by` bits later, 32 at most.
const fn shifted(mask: u32, by: u64) -> u32 {
    (mask as u64 >> by) as u32
}

#[cfg(test)]
mod tests {
    use super::super::bit_buffer::BitBuffer;
    use super::super::siphash::Key;
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    const ALTERNATING: fn(u64) -> Bit = |index| Bit::from(index % 2 == 1);
    const EQUAL: fn(u64) -> Bit = |_| Bit::One;

    /// Sends the bits that the window permits, and returns their indexes.
    fn send_all(window: &mut BitWindow, bit: fn(u64) -> Bit) -> Vec<u64> {
        let sent = core::iter::from_fn(|| window.send(bit));
        sent.map(|sent| sent.index).collect()
    }

    /// Returns a window of this size, of which nothing is in flight.
    fn of_size(size: u32) -> BitWindow {
        BitWindow {
            size,
            ..BitWindow::new(1_000)
        }
    }

    #[test]
    fn two_bits_go_together_only_if_they_differ() {
        let mut window = BitWindow::new(10);
        let first = Transmission {
            index: 0,
            serial: 1,
            wants_reply: true,
            is_repeated: false,
        };
        assert_eq!(window.send(EQUAL), Some(first));
        assert_eq!(window.send(EQUAL), None);
        assert_eq!(window.acknowledge(Arrived::new(1, 0, 1)), Some(true));
        assert_eq!(send_all(&mut window, ALTERNATING), [1, 2]);
        assert_eq!(window.acknowledge(Arrived::new(2, 0, 2)), Some(true));
        assert_eq!(window.send(ALTERNATING).unwrap().index, 3);
        assert!(window.has_in_flight());
        let mut larger = of_size(4);
        assert_eq!(send_all(&mut larger, EQUAL), [0, 1, 2, 3]);
    }

    /// Returns the sizes of a window that begins with `size`, while nothing is lost.
    fn sizes_from(size: u32) -> Vec<u32> {
        let mut window = of_size(size);
        let mut sizes = Vec::from([size]);
        while !window.is_all_sent() {
            let sent = send_all(&mut window, ALTERNATING);
            assert_eq!(sent.len() as u32, window.size.min(1_000 - sent[0] as u32));
            window.acknowledge(Arrived::new(window.next, 0, window.serial));
            if sizes.last() != Some(&window.size) {
                sizes.push(window.size);
            }
        }
        sizes
    }

    #[test]
    fn a_window_of_any_size_grows_while_nothing_is_lost() {
        assert_eq!(sizes_from(1), [1, 2, 4, 5, 7, 9, 12, 15, 19, 24, 30, 32]);
        for size in 1..MAX_BITS_IN_FLIGHT {
            let sizes = sizes_from(size);
            assert!(sizes.is_sorted_by(|a, b| a < b), "{sizes:?}");
            assert_eq!(sizes.last(), Some(&MAX_BITS_IN_FLIGHT), "{sizes:?}");
        }
    }

    #[test]
    fn a_window_for_one_cpu_does_not_grow_beyond_two() {
        let mut window = of_size(1).in_pairs();
        while !window.is_all_sent() {
            assert!(window.size <= PAIR);
            send_all(&mut window, ALTERNATING);
            window.acknowledge(Arrived::new(window.next, 0, window.serial));
        }
        assert_eq!(window.size, PAIR);
    }

    #[test]
    fn what_was_sent_before_the_last_that_came_is_lost() {
        let mut window = of_size(8);
        assert_eq!(send_all(&mut window, ALTERNATING).len(), 8);
        // Bits 1, 2 and 4 are missing; 6 and 7 may still come.
        assert_eq!(
            window.acknowledge(Arrived::new(1, 0b101 << 1, 6)),
            Some(true)
        );
        assert_eq!((window.size, window.lost), (4, 0b1011));
        let again = window.send(ALTERNATING).unwrap();
        assert_eq!((again.index, again.serial), (1, 9));
        assert!(again.is_repeated && !again.wants_reply);
        let next = window.send(ALTERNATING).unwrap();
        assert_eq!((next.index, next.wants_reply), (2, true), "a full window");
        assert_eq!(window.send(ALTERNATING), None);
        // A bit that was sent before the window shrank.
        assert_eq!(
            window.acknowledge(Arrived::new(1, 0b101 << 1, 8)),
            Some(false)
        );
        assert_eq!((window.size, window.lost), (4, 0b110_1000));
        let late = Arrived::new(1, 0b1101 << 1, 8);
        assert_eq!(window.acknowledge(late), Some(true));
        assert_eq!(window.lost, 0b100_1000, "6 has come after all");
    }

    #[test]
    fn the_window_shrinks_with_each_loss_down_to_one() {
        for (size, after) in [(32, 16), (5, 2), (4, 2), (3, 2), (2, 1), (1, 1)] {
            let mut window = of_size(size);
            window.send(ALTERNATING);
            let grow_after = window.grow_after;
            window.acknowledge(Arrived::new(0, 0, 1));
            assert_eq!(window.size, after);
            assert_eq!(window.grow_after, 2 * grow_after, "it grows more slowly");
        }
    }

    #[test]
    fn a_window_that_shrank_does_not_grow_by_the_same_reply() {
        let mut window = of_size(32);
        send_all(&mut window, ALTERNATING);
        assert!(window.grow_after <= 9);
        window.acknowledge(Arrived::new(9, u32::MAX >> 10, 32));
        assert_eq!((window.size, window.since), (16, 0));
    }

    #[test]
    fn after_a_loss_each_reply_lets_one_bit_go() {
        let mut window = of_size(4);
        assert_eq!(send_all(&mut window, EQUAL), [0, 1, 2, 3]);
        // Bit 1 is lost, and bit 3 may be: the window shrinks to two, and they share a signal.
        assert_eq!(window.acknowledge(Arrived::new(1, 1, 3)), Some(true));
        assert_eq!((window.size, window.in_flight()), (2, 0b100));
        assert_eq!(send_all(&mut window, EQUAL), [1]);
        assert_eq!(window.acknowledge(Arrived::new(3, 0, 5)), Some(true));
        assert_eq!(send_all(&mut window, EQUAL), [3], "it was sent before");
        assert_eq!(window.acknowledge(Arrived::new(4, 0, 6)), Some(true));
        assert_eq!(send_all(&mut window, EQUAL), [4]);
    }

    #[test]
    fn after_a_timeout_one_bit_at_a_time_is_sent() {
        let mut window = of_size(8);
        send_all(&mut window, ALTERNATING);
        window.acknowledge(Arrived::new(2, 0b10, 1));
        let first = window.rewind();
        assert_eq!((first.index, first.wants_reply), (2, true));
        assert_eq!(window.lost, 0b11_1010, "all that has not come");
        assert_eq!(window.size, 1);
        assert_eq!(window.send(ALTERNATING), None);
        assert_eq!(window.acknowledge(Arrived::new(3, 1, 9)), Some(true));
        assert_eq!(send_all(&mut window, ALTERNATING), [3]);
        assert_eq!(window.acknowledge(Arrived::new(5, 0, 10)), Some(true));
        assert_eq!(send_all(&mut window, ALTERNATING), [5], "4 has come");
        let mut window = BitWindow::new(2);
        assert_eq!(window.rewind().index, 0, "nothing was sent yet");
        assert_eq!(window.acknowledge(Arrived::new(1, 0, 1)), Some(true));
        assert_eq!(window.rewind().index, 1);
        assert_eq!(window.acknowledge(Arrived::new(2, 0, 2)), Some(true));
        let last = window.rewind();
        assert_eq!((last.index, last.wants_reply), (1, true), "the very last");
        assert!(!window.has_in_flight() && window.is_all_sent());
        assert_eq!(window.send(ALTERNATING), None);
        assert_eq!((window.acknowledged, window.end), (2, 2));
    }

    #[test]
    fn progress_that_cannot_be_is_noticed() {
        let mut window = of_size(8);
        send_all(&mut window, ALTERNATING);
        for (next, beyond) in [
            (9, 0),
            (8, 1),
            (0, 1 << 7),
            (7, 1),
            (0, 1 << 31),
            (u64::MAX, u32::MAX),
        ] {
            let news = window.clone().acknowledge(Arrived::new(next, beyond, 8));
            assert_eq!(news, None, "{next}");
        }
        assert_eq!(window.acknowledge(Arrived::new(0, 1 << 6, 0)), Some(true));
        let mut gone = window.clone();
        assert_eq!(gone.acknowledge(Arrived::new(7, 0, 0)), None, "7 has come");
        assert_eq!(window.acknowledge(Arrived::new(6, 1, 0)), Some(true));
        assert_eq!(
            window.acknowledge(Arrived::new(5, 0, 0)),
            Some(false),
            "late"
        );
        assert_eq!(window.acknowledged, 6);
    }

    #[test]
    fn serials_are_compared_across_their_wrap() {
        assert!(is_after(1, 0) && is_after(0, 255) && is_after(126, 255));
        assert!(!is_after(0, 0) && !is_after(255, 0) && !is_after(254, 126));
        let mut window = of_size(4);
        window.serial = 253;
        send_all(&mut window, ALTERNATING);
        // They were sent as 254, 255, 0 and 1.
        window.acknowledge(Arrived::new(0, 0b10, 0));
        assert_eq!(window.lost, 0b11);
    }

    proptest! {
        /// Checks that all bits arrive in order and that the window bounds those in flight, with any losses.
        #[test]
        fn all_bits_arrive_whatever_is_lost(
            bits in prop::collection::vec(any::<bool>(), 1..600),
            seed: u64,
            loss in 0..60u64,
            reply_loss in 0..60u64,
        ) {
            let bit = |index: u64| Bit::from(bits[index as usize]);
            let mut window = BitWindow::new(bits.len() as u64);
            let mut buffer = BitBuffer::default();
            let mut events = 0;
            let mut is_lost = |percent| {
                events += 1;
                Key([seed, 0]).hash(&[events]) % 100 < percent
            };
            let mut arrived = Vec::new();
            let mut rounds = 0;
            while window.acknowledged < window.end {
                rounds += 1;
                prop_assert!(rounds < 20_000);
                let mut sent: Vec<_> = core::iter::from_fn(|| window.send(bit)).collect();
                if sent.is_empty() {
                    sent.push(window.rewind());
                }
                prop_assert!(sent.len() as u32 <= window.size);
                prop_assert!((1..=MAX_BITS_IN_FLIGHT).contains(&window.size));
                for Transmission { index, serial, .. } in sent {
                    if !is_lost(loss) {
                        buffer.insert(index, bit(index), serial);
                    }
                }
                arrived.extend(core::iter::from_fn(|| buffer.next()));
                if !is_lost(reply_loss) {
                    prop_assert!(window.acknowledge(buffer.progress()).is_some());
                }
            }
            let wanted: Vec<_> = (0..window.end).map(bit).collect();
            prop_assert_eq!(arrived, wanted);
        }
    }
}
