//! The words that travel in `si_value`.
//!
//! ```text
//!  63      56 55              40 39                                       0
//! +----------+------------------+------------------------------------------+
//! |   kind   |       tag        |                  number                  |
//! +----------+------------------+------------------------------------------+
//! ```
//!
//! The tag names a transfer and comes back in every answer, so that nothing that belongs to an earlier transfer, or to an
//! earlier process of the same PID, is taken for part of this one.

use super::decoder::Reason;

/// The name of a transfer, chosen by the client; 0 for a client that has not announced itself.
pub type Tag = u16;

/// What a client asks in a signal with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ask {
    /// A new transfer begins. Asked on SIGUSR1, then on SIGUSR2.
    Hello {
        /// The transfer.
        tag: Tag,
        /// The version of the protocol.
        version: u8,
    },
    /// The bit of this index, again: 0 if it comes as SIGUSR1 and 1 if as SIGUSR2, as it was sent first.
    Resend {
        /// The transfer.
        tag: Tag,
        /// The bit's index in the transfer.
        index: u64,
    },
    /// The frame follows in words. Asked on the real-time signal, after the hellos.
    Words {
        /// The transfer.
        tag: Tag,
        /// Bytes in a word; [`STANDING`] to ask only how a transfer in words stands.
        size: u8,
    },
}

/// The `size` of a question that opens nothing. One that did, and came to a server that has forgotten the transfer, could
/// have words taken a second time.
pub const STANDING: u8 = 0;

/// What a server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Answer {
    /// The transfer.
    pub tag: Tag,
    /// How it stands.
    pub status: Status,
}

/// How a transfer stands; `u64`s are the index of the bit, or on the word lane of the word, that the server waits for next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// The hello on SIGUSR1 has been heard; the one on SIGUSR2 is due.
    Greeted {
        /// Bytes that a word may have; 0 where words are not taken.
        words: u8,
    },
    /// Go on with this bit.
    Ok(u64),
    /// Go on with this word.
    Words(u64),
    /// All before this bit has been taken; do not go on before told so, ask again.
    Wait(u64),
    /// The message that ends before this bit passed its checksum and has been written to the output.
    Delivered(u64),
    /// The message will not be delivered.
    Rejected(Reason),
    /// The server does not know the transfer, or not this far.
    Reset,
}

const NUMBER_BITS: u32 = 40;
const NUMBER: u64 = (1 << NUMBER_BITS) - 1;

mod kind {
    pub const HELLO: u8 = 0x10;
    pub const RESEND: u8 = 0x11;
    pub const ASK_WORDS: u8 = 0x12;
    pub const GREETED: u8 = 0x20;
    pub const OK: u8 = 0x21;
    pub const WAIT: u8 = 0x22;
    pub const DELIVERED: u8 = 0x23;
    pub const REJECTED: u8 = 0x24;
    pub const RESET: u8 = 0x25;
    pub const WORDS: u8 = 0x26;
}

impl Ask {
    /// The value that carries it.
    #[must_use]
    pub const fn value(self) -> u64 {
        match self {
            Self::Hello { tag, version } => pack(kind::HELLO, tag, version as u64),
            Self::Resend { tag, index } => pack(kind::RESEND, tag, index),
            Self::Words { tag, size } => pack(kind::ASK_WORDS, tag, size as u64),
        }
    }

    /// Reads a value; `None` for one that is no question of ours.
    #[must_use]
    pub fn from_value(value: u64) -> Option<Self> {
        let (kind, tag, number) = unpack(value);
        match kind {
            kind::HELLO => Some(Self::Hello {
                tag,
                version: number.try_into().ok()?,
            }),
            kind::RESEND => Some(Self::Resend { tag, index: number }),
            kind::ASK_WORDS => Some(Self::Words {
                tag,
                size: number.try_into().ok()?,
            }),
            _ => None,
        }
    }
}

impl Answer {
    /// The value that carries it.
    #[must_use]
    pub const fn value(self) -> u64 {
        let (kind, number) = match self.status {
            Status::Greeted { words } => (kind::GREETED, words as u64),
            Status::Ok(next) => (kind::OK, next),
            Status::Words(next) => (kind::WORDS, next),
            Status::Wait(next) => (kind::WAIT, next),
            Status::Delivered(next) => (kind::DELIVERED, next),
            Status::Rejected(reason) => (kind::REJECTED, reason as u64),
            Status::Reset => (kind::RESET, 0),
        };
        pack(kind, self.tag, number)
    }

    /// Reads a value; `None` for one that is no answer of ours.
    #[must_use]
    pub fn from_value(value: u64) -> Option<Self> {
        let (kind, tag, number) = unpack(value);
        let status = match kind {
            kind::GREETED => Status::Greeted {
                words: number.try_into().ok()?,
            },
            kind::OK => Status::Ok(number),
            kind::WORDS => Status::Words(number),
            kind::WAIT => Status::Wait(number),
            kind::DELIVERED => Status::Delivered(number),
            kind::REJECTED => Status::Rejected(Reason::from_number(number)?),
            kind::RESET => Status::Reset,
            _ => return None,
        };
        Some(Self { tag, status })
    }
}

const fn pack(kind: u8, tag: Tag, number: u64) -> u64 {
    (kind as u64) << 56 | (tag as u64) << NUMBER_BITS | number & NUMBER
}

const fn unpack(value: u64) -> (u8, Tag, u64) {
    (
        (value >> 56) as u8,
        (value >> NUMBER_BITS) as u16,
        value & NUMBER,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_comes_back() {
        let tag = 0xBEEF;
        for ask in [
            Ask::Hello { tag, version: 1 },
            Ask::Resend { tag, index: NUMBER },
            Ask::Words { tag, size: 24 },
        ] {
            assert_eq!(Ask::from_value(ask.value()), Some(ask));
            assert_eq!(Answer::from_value(ask.value()), None);
        }
        for status in [
            Status::Greeted { words: 0 },
            Status::Greeted { words: 24 },
            Status::Ok(0),
            Status::Words(9),
            Status::Wait(7),
            Status::Delivered(NUMBER),
            Status::Rejected(Reason::Output),
            Status::Reset,
        ] {
            let answer = Answer { tag, status };
            assert_eq!(Answer::from_value(answer.value()), Some(answer));
            assert_eq!(Ask::from_value(answer.value()), None);
        }
        assert_eq!(
            Ask::Resend { tag: 2, index: 3 }.value(),
            0x1100_0200_0000_0003
        );
        assert_eq!(Ask::from_value(0), None);
        assert_eq!(Answer::from_value(0x24 << 56), None, "no reason 0");
    }
}
