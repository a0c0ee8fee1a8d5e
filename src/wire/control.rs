//! The values that travel in `si_value`.
//!
//! ```text
//!  63      56 55              40 39                                       0
//! +----------+------------------+------------------------------------------+
//! |   kind   |       tag        |                  number                  |
//! +----------+------------------+------------------------------------------+
//! ```
//!
//! The tag names a transfer and comes back in every reply, so that nothing that belongs to an earlier transfer, or to an
//! earlier process of the same PID, is taken for part of this one.

use super::reason::Reason;

/// Names a transfer; chosen by the client, and never 0.
pub type Tag = u16;

/// What a client sends in a signal with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// A new transfer begins. Sent on SIGUSR1, then on SIGUSR2.
    Hello {
        /// The transfer.
        tag: Tag,
        /// The version of the protocol.
        version: u8,
    },
    /// The bit of this index is repeated, on the signal on which it was sent first: 0 is SIGUSR1, 1 is SIGUSR2.
    Resend {
        /// The transfer.
        tag: Tag,
        /// The bit's index in the transfer.
        index: u64,
    },
    /// The frame follows in words. Sent on the real-time signal, after the hellos.
    Words {
        /// The transfer.
        tag: Tag,
        /// Bytes in a word; [`STATUS_ONLY`] to ask only how a transfer in words stands.
        size: u8,
    },
}

/// The word size of a request that opens nothing, so that a server that forgot the transfer does not take its words twice.
pub const STATUS_ONLY: u8 = 0;

/// What a server sends back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reply {
    /// The transfer.
    pub tag: Tag,
    /// How the transfer stands.
    pub status: Status,
}

/// How a transfer stands; each `u64` is the index of the bit, or on the word lane of the word, that is due next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// The hello on SIGUSR1 has come; the one on SIGUSR2 is due.
    Greeted {
        /// Bytes that a word may have; 0 where words are not taken.
        words: u8,
    },
    /// The server is ready for this bit.
    Ok(u64),
    /// The server is ready for this word.
    Words(u64),
    /// All before this bit or word has been taken; the client asks again instead of going on.
    Wait(u64),
    /// The message that ends before this bit or word passed its checksum and has been written to the output.
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
    pub const WORDS_REQUEST: u8 = 0x12;
    pub const GREETED: u8 = 0x20;
    pub const OK: u8 = 0x21;
    pub const WAIT: u8 = 0x22;
    pub const DELIVERED: u8 = 0x23;
    pub const REJECTED: u8 = 0x24;
    pub const RESET: u8 = 0x25;
    pub const WORDS: u8 = 0x26;
}

impl Request {
    /// Returns the value that carries the request.
    #[must_use]
    pub const fn value(self) -> u64 {
        match self {
            Self::Hello { tag, version } => pack(kind::HELLO, tag, version as u64),
            Self::Resend { tag, index } => pack(kind::RESEND, tag, index),
            Self::Words { tag, size } => pack(kind::WORDS_REQUEST, tag, size as u64),
        }
    }

    /// Reads a value; `None` if it carries no request.
    #[must_use]
    pub fn from_value(value: u64) -> Option<Self> {
        let (kind, tag, number) = unpack(value);
        match kind {
            kind::HELLO => Some(Self::Hello {
                tag,
                version: number.try_into().ok()?,
            }),
            kind::RESEND => Some(Self::Resend { tag, index: number }),
            kind::WORDS_REQUEST => Some(Self::Words {
                tag,
                size: number.try_into().ok()?,
            }),
            _ => None,
        }
    }
}

impl Reply {
    /// Returns the value that carries the reply.
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

    /// Reads a value; `None` if it carries no reply.
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

    const TAG: Tag = 0xBEEF;

    #[test]
    fn requests_have_the_values_of_protocol_md() {
        for (request, value) in [
            (
                Request::Hello {
                    tag: TAG,
                    version: 1,
                },
                0x10BE_EF00_0000_0001,
            ),
            (
                Request::Resend {
                    tag: TAG,
                    index: NUMBER,
                },
                0x11BE_EFFF_FFFF_FFFF,
            ),
            (Request::Words { tag: TAG, size: 24 }, 0x12BE_EF00_0000_0018),
        ] {
            assert_eq!(request.value(), value);
            assert_eq!(Request::from_value(value), Some(request));
            assert_eq!(Reply::from_value(value), None);
        }
        for value in [0, 0x10 << 56 | 256, 0x12 << 56 | 256, 0x13 << 56] {
            assert_eq!(Request::from_value(value), None);
        }
    }

    #[test]
    fn replies_have_the_values_of_protocol_md() {
        for (status, value) in [
            (Status::Greeted { words: 24 }, 0x20BE_EF00_0000_0018),
            (Status::Ok(0), 0x21BE_EF00_0000_0000),
            (Status::Wait(7), 0x22BE_EF00_0000_0007),
            (Status::Delivered(NUMBER), 0x23BE_EFFF_FFFF_FFFF),
            (Status::Rejected(Reason::Output), 0x24BE_EF00_0000_0009),
            (Status::Reset, 0x25BE_EF00_0000_0000),
            (Status::Words(9), 0x26BE_EF00_0000_0009),
        ] {
            let reply = Reply { tag: TAG, status };
            assert_eq!(reply.value(), value);
            assert_eq!(Reply::from_value(value), Some(reply));
            assert_eq!(Request::from_value(value), None);
        }
        for value in [0, 0x20 << 56 | 256, 0x24 << 56, 0x27 << 56] {
            assert_eq!(Reply::from_value(value), None);
        }
    }
}
