//! A message to bits: head, text and end, in one dialect.

use alloc::vec::Vec;
use core::fmt;

use super::{Ack, ByteOrder, Dialect, Head, Order};
use crate::process::pid::Pid;
use crate::wire::bits::Bit;

/// A message as a dialect says it.
#[derive(Clone, Debug)]
pub struct TextEncoder {
    dialect: Dialect,
    head: Vec<u8>,
    /// The text and what ends it.
    body: Vec<u8>,
}

impl TextEncoder {
    /// What the client `pid` sends for `text`; the signal that opens a handshake is not part of it.
    ///
    /// # Errors
    /// When the dialect cannot say this text: see [`Unencodable`].
    pub fn new(dialect: &Dialect, text: &[u8], pid: Pid) -> Result<Self, Unencodable> {
        let end = dialect.end.filter(|_| !dialect.head.is_length());
        let at = text.iter().position(|byte| Some(*byte) == end);
        if let Some((byte, at)) = end.zip(at) {
            return Err(Unencodable::End { byte, at });
        }
        let counted = text.len() as u64 + u64::from(dialect.counts_end);
        let number = match dialect.head {
            Head::Pid => u64::from(pid.get() as u32),
            _ => counted,
        };
        let mut head = Vec::new();
        if let Some(width) = dialect.head.width().map(usize::from) {
            if width < 8 && number >> (8 * width) != 0 {
                return Err(Unencodable::TooLong {
                    bits: 8 * width as u8,
                });
            }
            head.extend_from_slice(&number.to_be_bytes()[8 - width..]);
            if dialect.head_bytes == ByteOrder::Little {
                head.reverse();
            }
            if dialect.head_nul {
                head.push(0);
            }
        } else if dialect.head == Head::Digits {
            head.extend_from_slice(alloc::format!("{number}").as_bytes());
            head.push(0);
        }
        let mut body = Vec::with_capacity(text.len() + 1);
        body.extend_from_slice(text);
        body.extend(dialect.end);
        Ok(Self {
            dialect: *dialect,
            head,
            body,
        })
    }

    /// Signals in it.
    #[must_use]
    pub fn len(&self) -> usize {
        8 * (self.head.len() + self.body.len())
    }

    /// Whether it is silence: an empty text whose end nothing marks.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Signal number `index`.
    #[must_use]
    pub fn signal(&self, index: usize) -> Option<Bit> {
        let at = index / 8;
        let (byte, order) = match self.head.get(at) {
            // Digits are text.
            Some(byte) if self.dialect.head != Head::Digits => (byte, self.dialect.head_order),
            Some(byte) => (byte, self.dialect.order),
            None => (self.body.get(at - self.head.len())?, self.dialect.order),
        };
        let shift = match order {
            Order::Msb => 7 - index % 8,
            Order::Lsb => index % 8,
        };
        Some(self.dialect.signal(byte >> shift & 1 == 1))
    }

    /// Whether signal number `index` is acknowledged before the message is over.
    #[must_use]
    pub fn is_acknowledged(&self, index: usize) -> bool {
        match self.dialect.ack {
            Ack::None | Ack::Message => false,
            Ack::Bit => true,
            Ack::Byte => index % 8 == 7,
        }
    }
}

/// Why a dialect has no way to say a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unencodable {
    /// The byte that ends the text is in it.
    End {
        /// The byte.
        byte: u8,
        /// Where, counted from 0.
        at: usize,
    },
    /// Its length does not fit the head.
    TooLong {
        /// The head's width.
        bits: u8,
    },
}

impl fmt::Display for Unencodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End { byte, at } => write!(
                f,
                "the byte 0x{byte:02x} at offset {at} is the one that ends a text in this dialect"
            ),
            Self::TooLong { bits } => {
                write!(f, "its length does not fit the {bits} bits of the head")
            }
        }
    }
}

impl core::error::Error for Unencodable {}
