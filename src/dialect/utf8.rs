//! UTF-8, byte by byte, so that the first wrong byte refutes a text.

/// Tracks the continuation bytes that the last character still needs, and the bounds of the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Utf8 {
    needed: u8,
    low: u8,
    high: u8,
}

impl Utf8 {
    /// The state between two characters.
    pub const START: Self = Self::before(0, 0, 0);

    const fn before(needed: u8, low: u8, high: u8) -> Self {
        Self { needed, low, high }
    }

    /// Returns whether the last character is complete.
    pub const fn is_whole(self) -> bool {
        self.needed == 0
    }

    /// Returns the state after `byte`; `None` if it is wrong here, by table 3-7 of the Unicode standard.
    pub const fn next(self, byte: u8) -> Option<Self> {
        if !self.is_whole() {
            return match self.needed {
                _ if byte < self.low || byte > self.high => None,
                1 => Some(Self::START),
                needed => Some(Self::before(needed - 1, 0x80, 0xBF)),
            };
        }
        Some(match byte {
            0..=0x7F => Self::START,
            0xC2..=0xDF => Self::before(1, 0x80, 0xBF),
            0xE0 => Self::before(2, 0xA0, 0xBF),
            0xED => Self::before(2, 0x80, 0x9F),
            0xE1..=0xEF => Self::before(2, 0x80, 0xBF),
            0xF0 => Self::before(3, 0x90, 0xBF),
            0xF1..=0xF3 => Self::before(3, 0x80, 0xBF),
            0xF4 => Self::before(3, 0x80, 0x8F),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_text(bytes: &[u8]) -> bool {
        let place = bytes
            .iter()
            .try_fold(Utf8::START, |place, byte| place.next(*byte));
        place.is_some_and(Utf8::is_whole)
    }

    proptest! {
        #[test]
        fn the_standard_library_agrees(
            bytes in prop::collection::vec(any::<u8>(), 0..12),
            text in any::<std::string::String>(),
            cut in 0..100usize,
        ) {
            prop_assert_eq!(is_text(&bytes), core::str::from_utf8(&bytes).is_ok());
            let text = text.as_bytes();
            prop_assert!(is_text(text));
            let part = &text[..cut.min(text.len())];
            prop_assert_eq!(is_text(part), core::str::from_utf8(part).is_ok());
        }
    }
}
