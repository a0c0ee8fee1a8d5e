//! The words of the word lane: up to 24 bytes of a frame in one real-time signal.
//!
//! | in the siginfo | content |
//! | --- | --- |
//! | `si_errno` | 0: a request, in `si_value`. Otherwise bit 31: a reply is wanted; bits 0 to 30: the word's index + 1 |
//! | `si_value` and the 16 bytes behind it | the bytes, in the order of memory |
//!
//! `sigqueue(3)` reaches `si_value` alone and sets `si_errno` to 0: requests and replies are what it can send.

use super::control::Request;

/// The most bytes in a word: what the kernel keeps of a siginfo beside PID, user ID and `si_errno`.
pub const MAX_SIZE: usize = 24;

/// The fewest bytes in a word, for a kernel, or an emulation of one, that keeps only `si_value`.
pub const MIN_SIZE: usize = 8;

const WANTS_REPLY: u32 = 1 << 31;

/// What one real-time signal carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Word {
    /// `si_errno`.
    pub number: u32,
    /// `si_value` and the 16 bytes behind it.
    pub bytes: [u8; MAX_SIZE],
}

impl Word {
    /// Returns the word that carries a request.
    #[must_use]
    pub fn from_request(request: Request) -> Self {
        Self::from_parts(0, request.value(), [0; 2])
    }

    /// Returns word `index` of a transfer.
    #[must_use]
    pub const fn data(index: u32, wants_reply: bool, bytes: [u8; MAX_SIZE]) -> Self {
        let flag = if wants_reply { WANTS_REPLY } else { 0 };
        Self {
            number: (index & !WANTS_REPLY).saturating_add(1) | flag,
            bytes,
        }
    }

    /// Returns the word in a siginfo: `si_errno`, `si_value`, and the 16 bytes behind it.
    #[must_use]
    pub fn from_parts(number: u32, value: u64, more: [u64; 2]) -> Self {
        let mut bytes = [0; MAX_SIZE];
        let words = [value, more[0], more[1]];
        for (to, from) in bytes.chunks_exact_mut(8).zip(words) {
            to.copy_from_slice(&from.to_ne_bytes());
        }
        Self { number, bytes }
    }

    /// Returns the fields of a siginfo; the inverse of [`from_parts`](Self::from_parts).
    #[must_use]
    pub fn parts(&self) -> (u32, u64, [u64; 2]) {
        let word = |at: usize| {
            let bytes = self.bytes.get(at..).and_then(<[u8]>::first_chunk::<8>);
            u64::from_ne_bytes(*bytes.unwrap_or(&[0; 8]))
        };
        (self.number, word(0), [word(8), word(16)])
    }

    /// Returns the request that the word carries; `None` for part of a message and for an unknown request.
    #[must_use]
    pub fn request(&self) -> Option<Request> {
        Request::from_value(self.parts().1).filter(|_| self.number == 0)
    }

    /// Returns the word's index; `None` for a request.
    #[must_use]
    pub const fn index(&self) -> Option<u32> {
        (self.number & !WANTS_REPLY).checked_sub(1)
    }

    /// Returns whether the sender asks how the transfer stands.
    #[must_use]
    pub const fn wants_reply(&self) -> bool {
        self.number & WANTS_REPLY != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_a_siginfo_come_back() {
        let bytes = core::array::from_fn(|i| i as u8);
        for wants_reply in [false, true] {
            for index in [0, 1, 0x7FFF_FFFE] {
                let word = Word::data(index, wants_reply, bytes);
                let (number, value, more) = word.parts();
                let flag = if wants_reply { 0x8000_0000 } else { 0 };
                assert_eq!(number, (index + 1) | flag);
                assert_eq!(Word::from_parts(number, value, more), word);
                assert_eq!(word.index(), Some(index));
                assert_eq!(word.wants_reply(), wants_reply);
                assert_eq!(word.request(), None);
            }
        }
        let value = Word::data(0, false, bytes).parts().1;
        assert_eq!(value.to_ne_bytes(), bytes[..8]);
    }

    #[test]
    fn a_request_has_no_index() {
        let request = Request::Words { tag: 7, size: 24 };
        let word = Word::from_request(request);
        assert_eq!((word.request(), word.index()), (Some(request), None));
        let data = Word { number: 1, ..word };
        assert_eq!((data.request(), data.index()), (None, Some(0)));
    }
}
