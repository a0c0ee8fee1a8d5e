//! Buffers the bits that have come, and puts them in order.

use super::bits::Bit;
use super::control::{Arrived, MAX_BITS_IN_FLIGHT};

/// Puts bits in order that come at most [`MAX_BITS_IN_FLIGHT`] ahead of the first missing bit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BitBuffer {
    /// The index of the first bit that has not been returned.
    next: u64,
    /// Bit `i`: bit `next + i` has come.
    come: u32,
    /// Bit `i`: bit `next + i` is a 1.
    ones: u32,
    serial: u8,
}

impl BitBuffer {
    /// Takes in a bit that was sent as number `serial`; returns whether it had not come before and is not too far ahead.
    pub const fn insert(&mut self, index: u64, bit: Bit, serial: u8) -> bool {
        self.serial = serial;
        let ahead = index.wrapping_sub(self.next);
        if ahead >= MAX_BITS_IN_FLIGHT as u64 || self.come >> ahead & 1 != 0 {
            return false;
        }
        self.come |= 1 << ahead;
        self.ones |= (bit as u32) << ahead;
        true
    }

    /// Returns the next bit, once it has come.
    pub const fn next(&mut self) -> Option<Bit> {
        if self.come & 1 == 0 {
            return None;
        }
        let bit = if self.ones & 1 == 0 {
            Bit::Zero
        } else {
            Bit::One
        };
        self.next += 1;
        self.come >>= 1;
        self.ones >>= 1;
        Some(bit)
    }

    /// Returns which bits have come: all that [`next`](Self::next) has returned, and those beyond a gap.
    pub const fn progress(&self) -> Arrived {
        Arrived {
            next: self.next,
            beyond: self.come >> 1,
            serial: self.serial,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bit_is_taken_too_far_ahead() {
        let mut buffer = BitBuffer::default();
        let last = u64::from(MAX_BITS_IN_FLIGHT) - 1;
        assert!(!buffer.insert(last + 1, Bit::One, 0));
        assert!(!buffer.insert(u64::MAX, Bit::One, 0));
        assert!(buffer.insert(last, Bit::One, 0));
        assert_eq!(buffer.progress().beyond, 1 << (last - 1));
    }
}
