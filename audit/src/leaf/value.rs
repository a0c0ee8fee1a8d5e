//! The values of a register: a number, or a pointer into something, within bounds.

/// Names the base from which a pointer was computed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Origin {
    /// No known base: a number, or a pointer that was loaded from memory.
    Nothing,
    /// The handler's argument of that number, from 1.
    Argument(u8),
    /// The file, as if loaded at address 0.
    File,
    /// As `File`: the upper part of an address that a later instruction completes.
    Page,
    /// Thread-local memory.
    Thread,
    /// The stack pointer at the function's start, which on x86-64 points to the return address.
    Stack,
    /// The address that the function returns to.
    Return,
}

/// Holds a set of values: `origin + low` up to `origin + low + spread`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct LeafValue {
    /// The base from which the values are measured.
    pub origin: Origin,
    /// The least value, relative to `origin`.
    pub low: i64,
    /// The distance from the least to the greatest value; `u64::MAX`: any value.
    pub spread: u64,
}

impl LeafValue {
    /// A value about which nothing is known.
    pub const ANY: Self = Self {
        origin: Origin::Nothing,
        low: 0,
        spread: u64::MAX,
    };

    /// Returns the value that is exactly `low` from `origin`.
    pub const fn at(origin: Origin, low: i64) -> Self {
        Self {
            origin,
            low,
            spread: 0,
        }
    }

    /// Returns a pointer to `address` in the file.
    pub const fn pointer(address: u64) -> Self {
        Self::at(Origin::File, address.cast_signed())
    }

    /// Returns a number from 0 to `most`.
    pub const fn up_to(most: u64) -> Self {
        Self {
            origin: Origin::Nothing,
            low: 0,
            spread: most,
        }
    }

    /// Returns whether the set has exactly one value.
    pub const fn is_exact(self) -> bool {
        self.spread == 0
    }

    /// Returns the greatest value that a number can have.
    pub fn most(self) -> Option<u64> {
        if self.origin != Origin::Nothing || self.spread == u64::MAX {
            return None;
        }
        u64::try_from(self.low).ok()?.checked_add(self.spread)
    }

    /// Returns the sum, as far as it is known; a pointer plus a number is a pointer with the same base.
    pub fn plus(self, other: Self) -> Self {
        let origin = match (self.origin, other.origin) {
            (Origin::Page, Origin::Nothing) | (Origin::Nothing, Origin::Page) => Origin::File,
            (origin, Origin::Nothing) | (Origin::Nothing, origin) => origin,
            _ => return Self::ANY,
        };
        let spread = self.spread.saturating_add(other.spread);
        match self.low.checked_add(other.low) {
            Some(low) if spread < u64::MAX => Self {
                origin,
                low,
                spread,
            },
            Some(low) => Self {
                origin,
                low,
                spread: u64::MAX,
            },
            None => Self {
                origin,
                ..Self::ANY
            },
        }
    }

    /// Returns the sum with a constant.
    pub fn moved(self, by: i64) -> Self {
        self.plus(Self::at(Origin::Nothing, by))
    }

    /// Returns a number times a constant.
    pub fn times(self, factor: u64) -> Self {
        if factor == 1 {
            return self;
        }
        self.most()
            .and_then(|most| most.checked_mul(factor))
            .map_or(Self::ANY, Self::up_to)
    }

    /// Returns the bitwise AND of two numbers, or a pointer into the stack that is aligned downward.
    pub fn and(self, other: Self) -> Self {
        match (self.most(), other.most()) {
            (Some(a), Some(b)) => Self::up_to(a.min(b)),
            (Some(most), None) | (None, Some(most)) => Self::up_to(most),
            (None, None) if self.origin == Origin::Stack && other.is_negative() => Self {
                low: self.low.saturating_add(other.low + 1),
                ..self
            },
            (None, None) => Self::ANY,
        }
    }

    fn is_negative(self) -> bool {
        self.origin == Origin::Nothing && self.is_exact() && self.low < 0
    }

    /// Returns the value as a 32-bit register holds it, without the upper half.
    pub fn in_32_bits(self) -> Self {
        match self.most() {
            Some(most) if most <= u64::from(u32::MAX) => self,
            _ => Self::up_to(u32::MAX.into()),
        }
    }

    /// Returns the possible values where two paths meet.
    pub fn or(self, other: Self) -> Self {
        if self == other {
            return self;
        }
        if self.origin != other.origin {
            return Self::ANY;
        }
        let low = self.low.min(other.low);
        let end = |v: Self| {
            u64::try_from(v.low.checked_sub(low)?)
                .ok()?
                .checked_add(v.spread)
        };
        Self {
            origin: self.origin,
            low,
            spread: end(self)
                .zip(end(other))
                .map_or(u64::MAX, |(a, b)| a.max(b)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_index_into_an_object_stays_bounded() {
        let ring = LeafValue::pointer(0x1000);
        let index = LeafValue::up_to(0x3ff).times(32);
        let place = ring.plus(index).moved(8);
        assert_eq!((place.low, place.spread), (0x1008, 0x7fe0));
        assert_eq!(place.origin, Origin::File);
    }

    #[test]
    fn ways_that_disagree_keep_both_bounds() {
        let a = LeafValue::at(Origin::Stack, -8);
        let b = LeafValue::at(Origin::Stack, -24);
        assert_eq!((a.or(b).low, a.or(b).spread), (-24, 16));
        assert_eq!(a.or(LeafValue::ANY), LeafValue::ANY);
    }
}
