//! The words of the word lane: up to 24 bytes of a frame in one real-time signal.
//!
//! | in the siginfo | content |
//! | --- | --- |
//! | `si_errno` | 0: a question, in `si_value`. Otherwise bit 31: an answer is wanted; bits 0 to 30: the word's index + 1 |
//! | `si_value` and the 16 bytes behind it | the bytes, in the order of memory |
//!
//! `sigqueue(3)` reaches `si_value` alone and sets `si_errno` to 0: questions and answers are what it can send.

use super::control::Ask;

/// The most bytes of a word: what the kernel keeps of a siginfo beside PID, user ID and `si_errno`.
pub const MOST: usize = 24;

/// The bytes of a word where the kernel, or what stands in its place, keeps `si_value` only.
pub const LEAST: usize = 8;

const WANTS_ANSWER: u32 = 1 << 31;

/// What one real-time signal carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Word {
    /// `si_errno`.
    pub number: u32,
    /// `si_value` and what is behind it.
    pub bytes: [u8; MOST],
}

impl Word {
    /// A question.
    #[must_use]
    pub fn ask(ask: Ask) -> Self {
        Self::from_parts(0, ask.value(), [0; 2])
    }

    /// Word `index` of a transfer.
    #[must_use]
    pub const fn data(index: u32, wants_answer: bool, bytes: [u8; MOST]) -> Self {
        let flag = if wants_answer { WANTS_ANSWER } else { 0 };
        Self {
            number: (index & !WANTS_ANSWER).saturating_add(1) | flag,
            bytes,
        }
    }

    /// From the fields of a siginfo: `si_errno`, `si_value`, and the 16 bytes behind it.
    #[must_use]
    pub fn from_parts(number: u32, value: u64, more: [u64; 2]) -> Self {
        let mut bytes = [0; MOST];
        let words = [value, more[0], more[1]];
        for (to, from) in bytes.chunks_exact_mut(8).zip(words) {
            to.copy_from_slice(&from.to_ne_bytes());
        }
        Self { number, bytes }
    }

    /// As the fields of a siginfo: see [`from_parts`](Self::from_parts).
    #[must_use]
    pub fn parts(&self) -> (u32, u64, [u64; 2]) {
        let word = |at: usize| {
            let bytes = self.bytes.get(at..).and_then(<[u8]>::first_chunk::<8>);
            u64::from_ne_bytes(*bytes.unwrap_or(&[0; 8]))
        };
        (self.number, word(0), [word(8), word(16)])
    }

    /// The question that it is, `None` for a word of a message, or for a question that is none of ours.
    #[must_use]
    pub fn question(&self) -> Option<Ask> {
        Ask::from_value(self.parts().1).filter(|_| self.number == 0)
    }

    /// Its index, `None` for a question.
    #[must_use]
    pub const fn index(&self) -> Option<u32> {
        (self.number & !WANTS_ANSWER).checked_sub(1)
    }

    /// Whether its sender wants to know how the transfer stands.
    #[must_use]
    pub const fn wants_answer(&self) -> bool {
        self.number & WANTS_ANSWER != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_a_siginfo_come_back() {
        let bytes = core::array::from_fn(|i| i as u8);
        for wants_answer in [false, true] {
            for index in [0, 1, 0x7FFF_FFFE] {
                let word = Word::data(index, wants_answer, bytes);
                let (number, value, more) = word.parts();
                assert_eq!(Word::from_parts(number, value, more), word);
                assert_eq!(word.index(), Some(index));
                assert_eq!(word.wants_answer(), wants_answer);
                assert_eq!(word.question(), None);
            }
        }
        assert_eq!(
            Word::data(0, false, bytes).parts().1.to_ne_bytes(),
            bytes[..8]
        );
        let ask = Ask::Words { tag: 7, size: 24 };
        assert_eq!(Word::ask(ask).question(), Some(ask));
        assert_eq!(Word::ask(ask).index(), None);
    }
}
