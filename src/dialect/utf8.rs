//! UTF-8, byte by byte, so that the first wrong byte refutes a text.

/// Holds the bytes of the last character, and how many of them an incomplete one has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Utf8 {
    bytes: [u8; 4],
    len: u8,
}

impl Utf8 {
    /// The state between two characters.
    pub const START: Self = Self {
        bytes: [0; 4],
        len: 0,
    };

    /// Returns the first byte of the last character.
    pub const fn lead(self) -> u8 {
        self.bytes[0]
    }

    /// Returns whether the last character is complete.
    pub const fn is_whole(self) -> bool {
        self.len == 0
    }

    /// Returns the state after `byte`; `None` if it is wrong here.
    pub fn next(mut self, byte: u8) -> Option<Self> {
        // Four bytes are a character or wrong, so there is a place.
        self.bytes[usize::from(self.len)] = byte;
        self.len += 1;
        match core::str::from_utf8(&self.bytes[..usize::from(self.len)]) {
            Ok(_) => Some(Self { len: 0, ..self }),
            Err(error) => error.error_len().is_none().then_some(self),
        }
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
