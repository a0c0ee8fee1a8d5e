//! What is known of a register: a number, or a pointer into something, within bounds.

/// Says what a pointer was made from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Origin {
    /// Nothing that is known: a number, or a pointer that came out of memory.
    Nothing,
    /// The handler's argument of that number, from 1.
    Argument(u8),
    /// The file, as if loaded at address 0.
    File,
    /// As `File`: the upper part of an address that a later instruction completes.
    Page,
    /// What each thread has of its own.
    Thread,
    /// The stack pointer when the function began: on x86-64, where the return address lies.
    Stack,
    /// The address that the function returns to.
    Return,
}

/// Holds a set of values: `origin + low` up to `origin + low + spread`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Value {
    /// What it is measured from.
    pub origin: Origin,
    /// The least.
    pub low: i64,
    /// How much more it may be; `u64::MAX`: anything.
    pub spread: u64,
}

impl Value {
    /// Nothing is known.
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

    /// Returns a pointer to that address of the file.
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

    /// Returns whether it is one value, not many.
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

    /// Returns the sum, as far as it is known; a pointer and a number make a pointer into the same thing.
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

    /// Returns the bits that two numbers have in common; of a pointer into the stack, what aligning it downward leaves.
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

    /// Returns the value in a register of 32 bits, which forgets the upper half.
    pub fn in_32_bits(self) -> Self {
        match self.most() {
            Some(most) if most <= u64::from(u32::MAX) => self,
            _ => Self::up_to(u32::MAX.into()),
        }
    }

    /// Returns what is known where two ways meet.
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
        let ring = Value::pointer(0x1000);
        let index = Value::up_to(0x3ff).times(32);
        let place = ring.plus(index).moved(8);
        assert_eq!((place.low, place.spread), (0x1008, 0x7fe0));
        assert_eq!(place.origin, Origin::File);
    }

    #[test]
    fn ways_that_disagree_keep_both_bounds() {
        let a = Value::at(Origin::Stack, -8);
        let b = Value::at(Origin::Stack, -24);
        assert_eq!((a.or(b).low, a.or(b).spread), (-24, 16));
        assert_eq!(a.or(Value::ANY), Value::ANY);
    }
}
