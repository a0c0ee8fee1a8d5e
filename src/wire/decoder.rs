//! Bits to messages: our frames and, where they are allowed, a classic client's NUL-terminated text.

use alloc::vec::Vec;
use core::fmt;

use super::bits::{Bit, ByteAssembler};
use super::checksum::Crc32;
use super::frame::{MAGIC, TRAILER_LEN, VERSION};

/// Bytes from here up never begin UTF-8 text (RFC 3629 section 3).
const FIRST_NON_TEXT: u8 = 0xF8;

/// Rebuilds the messages of one stream of bits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decoder {
    limit: usize,
    text: bool,
    byte: ByteAssembler,
    state: State,
    payload: Vec<u8>,
}

/// What a decoder makes of the bits so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// A whole message; the next bit begins another.
    Message {
        /// Its bytes.
        payload: Vec<u8>,
        /// Whether it came in a frame, and so passed its checksum; otherwise it is NUL-terminated text.
        framed: bool,
    },
    /// A message that could not be taken; `lost` says whether the stream can no longer be followed, in which case the
    /// decoder ignores all further bits.
    Rejected {
        /// Why.
        reason: Reason,
        /// Whether the stream's message boundaries are lost.
        lost: bool,
    },
}

/// Why a message is not taken. The numbers travel in a rejection (`PROTOCOL.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Reason {
    /// The checksum does not match.
    Checksum = 1,
    /// The message is longer than the server's limit.
    TooLong = 2,
    /// The frame or the hello has a version that the server does not speak.
    Version = 3,
    /// The stream begins with something that is neither a frame nor text.
    NotAFrame = 4,
    /// Unframed text that is not UTF-8.
    NotText = 5,
    /// The server has no memory for the message.
    NoMemory = 6,
    /// The client was silent for too long in mid-message.
    Idle = 7,
    /// The server is shutting down.
    ShuttingDown = 8,
    /// The server could not write the message to its output.
    Output = 9,
}

impl Decoder {
    /// A decoder of messages of at most `limit` bytes. `text` says whether unframed text is a message too.
    #[must_use]
    pub const fn new(limit: usize, text: bool) -> Self {
        Self {
            limit,
            text,
            byte: ByteAssembler::new(),
            state: State::Start,
            payload: Vec::new(),
        }
    }

    /// Takes one bit; returns a result when it completes one.
    pub fn push(&mut self, bit: Bit) -> Option<Decoded> {
        if self.state == State::Lost {
            return None;
        }
        let byte = self.byte.push(bit)?;
        self.push_byte(byte)
    }

    /// Takes bytes up to the first result, if there is one; what is behind it is padding, and ignored. Not to be mixed
    /// with bits in one message.
    pub fn push_bytes(&mut self, mut bytes: &[u8]) -> Option<Decoded> {
        while let Some((byte, rest)) = bytes.split_first() {
            let run = self.run(bytes);
            if run > 0 {
                bytes = &bytes[run..];
                continue;
            }
            let decoded = self.push_byte(*byte);
            if decoded.is_some() {
                return decoded;
            }
            bytes = rest;
        }
        None
    }

    /// Takes at once what is payload to its last byte but one, and returns how many bytes that was.
    fn run(&mut self, bytes: &[u8]) -> usize {
        let State::Payload { crc, missing } = &mut self.state else {
            return 0;
        };
        let len = bytes.len().min(missing.saturating_sub(1) as usize);
        if self.payload.try_reserve(len).is_err() {
            return 0;
        }
        self.payload.extend_from_slice(&bytes[..len]);
        crc.extend(&bytes[..len]);
        *missing -= len as u32;
        len
    }

    fn push_byte(&mut self, byte: u8) -> Option<Decoded> {
        match self.step(byte) {
            Ok(None) => None,
            Ok(Some(framed)) => {
                self.state = State::Start;
                let payload = core::mem::take(&mut self.payload);
                Some(Decoded::Message { payload, framed })
            }
            Err((reason, next)) => {
                let lost = next == State::Lost;
                self.state = next;
                self.payload = Vec::new();
                Some(Decoded::Rejected { reason, lost })
            }
        }
    }

    /// Whether part of a message is held.
    #[must_use]
    pub fn in_message(&self) -> bool {
        !matches!(self.state, State::Start | State::Lost) || !self.byte.is_empty()
    }

    /// Whether that part belongs to a frame.
    #[must_use]
    pub const fn in_frame(&self) -> bool {
        matches!(
            self.state,
            State::Version(_)
                | State::Length { .. }
                | State::Payload { .. }
                | State::Trailer { .. }
        )
    }

    /// The payload bytes held of a message that is not complete.
    #[must_use]
    pub fn held(&self) -> usize {
        self.payload.len()
    }

    /// The payload bytes of a frame that are still to come, once its length has come.
    #[must_use]
    pub const fn missing(&self) -> usize {
        match &self.state {
            State::Payload { missing, .. } => *missing as usize,
            _ => 0,
        }
    }

    /// Takes a byte: `Ok(Some(framed))` completes a message, an error names the state to go on in.
    fn step(&mut self, byte: u8) -> Result<Option<bool>, (Reason, State)> {
        match &mut self.state {
            State::Start if byte == MAGIC => {
                let mut crc = Crc32::new();
                crc.push(byte);
                self.state = State::Version(crc);
            }
            State::Start if !self.text => return Err((Reason::NotAFrame, State::Lost)),
            State::Start if byte >= FIRST_NON_TEXT => self.state = State::Skip(Reason::NotText),
            State::Start | State::Text => return self.text(byte),
            State::Skip(reason) => {
                if byte == 0 {
                    return Err((*reason, State::Start));
                }
            }
            State::Version(crc) => {
                if byte != VERSION {
                    return Err((Reason::Version, State::Lost));
                }
                crc.push(byte);
                self.state = State::Length {
                    crc: crc.clone(),
                    so_far: 0,
                    missing: 4,
                };
            }
            State::Length {
                crc,
                so_far,
                missing,
            } => {
                crc.push(byte);
                *so_far = *so_far << 8 | u32::from(byte);
                *missing -= 1;
                if *missing == 0 {
                    if usize::try_from(*so_far).map_or(true, |len| len > self.limit) {
                        return Err((Reason::TooLong, State::Lost));
                    }
                    if !reserve(&mut self.payload, *so_far as usize) {
                        return Err((Reason::NoMemory, State::Lost));
                    }
                    self.state = match *so_far {
                        0 => State::trailer(crc.clone()),
                        missing => State::Payload {
                            crc: crc.clone(),
                            missing,
                        },
                    };
                }
            }
            State::Payload { crc, missing } => {
                if self.payload.try_reserve(1).is_err() {
                    return Err((Reason::NoMemory, State::Lost));
                }
                self.payload.push(byte);
                crc.push(byte);
                *missing -= 1;
                if *missing == 0 {
                    self.state = State::trailer(crc.clone());
                }
            }
            State::Trailer {
                crc,
                so_far,
                missing,
            } => {
                *so_far = *so_far << 8 | u32::from(byte);
                *missing -= 1;
                if *missing == 0 {
                    return if *so_far == crc.value() {
                        Ok(Some(true))
                    } else {
                        Err((Reason::Checksum, State::Start))
                    };
                }
            }
            State::Lost => {}
        }
        Ok(None)
    }

    fn text(&mut self, byte: u8) -> Result<Option<bool>, (Reason, State)> {
        self.state = State::Text;
        if byte == 0 {
            return match core::str::from_utf8(&self.payload) {
                Ok(_) => Ok(Some(false)),
                Err(_) => Err((Reason::NotText, State::Start)),
            };
        }
        if self.payload.len() >= self.limit || self.payload.try_reserve(1).is_err() {
            self.payload = Vec::new();
            self.state = State::Skip(Reason::TooLong);
        } else {
            self.payload.push(byte);
        }
        Ok(None)
    }
}

/// Takes the memory for all of an announced payload at once: growing it step by step could need twice as much. What is
/// not written to yet is address space and no memory. Returns whether it is there, and a little more, so that it is a
/// message that finds no memory, which is rejected, and not the bookkeeping that follows, which would abort.
fn reserve(payload: &mut Vec<u8>, len: usize) -> bool {
    const SMALL: usize = 4 << 10;
    const SPARE: usize = 512 << 10;
    if payload.try_reserve_exact(len).is_err() {
        return false;
    }
    let mut spare = Vec::<u8>::new();
    // Not optimised away: an allocation that nobody looks at is assumed to succeed.
    len < SMALL
        || core::hint::black_box(&mut spare)
            .try_reserve_exact(SPARE)
            .is_ok()
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum State {
    Start,
    Version(Crc32),
    Length {
        crc: Crc32,
        so_far: u32,
        missing: u8,
    },
    Payload {
        crc: Crc32,
        missing: u32,
    },
    Trailer {
        crc: Crc32,
        so_far: u32,
        missing: usize,
    },
    Text,
    /// The rest of a text that will be rejected at its NUL.
    Skip(Reason),
    Lost,
}

impl State {
    const fn trailer(crc: Crc32) -> Self {
        Self::Trailer {
            crc,
            so_far: 0,
            missing: TRAILER_LEN,
        }
    }
}

impl Reason {
    /// The reason with this number.
    #[must_use]
    pub fn from_number(number: u64) -> Option<Self> {
        [
            Self::Checksum,
            Self::TooLong,
            Self::Version,
            Self::NotAFrame,
            Self::NotText,
            Self::NoMemory,
            Self::Idle,
            Self::ShuttingDown,
            Self::Output,
        ]
        .into_iter()
        .find(|reason| u64::from(*reason as u8) == number)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Checksum => "its checksum does not match",
            Self::TooLong => "it is longer than the server's limit",
            Self::Version => "its protocol version is not spoken here",
            Self::NotAFrame => "it does not begin as a frame",
            Self::NotText => "it is neither a frame nor UTF-8 text",
            Self::NoMemory => "the server has no memory for it",
            Self::Idle => "the client was silent for too long",
            Self::ShuttingDown => "the server is shutting down",
            Self::Output => "the server could not write its output",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::Frame;
    use super::*;
    use crate::wire::bits::bit_of;
    use proptest::prelude::*;

    const LIMIT: usize = 1000;

    fn feed(decoder: &mut Decoder, bytes: &[u8]) -> Vec<Decoded> {
        let bits = bytes
            .iter()
            .flat_map(|byte| (0..8).map(|i| bit_of(*byte, i)));
        bits.filter_map(|bit| decoder.push(bit)).collect()
    }

    fn framed(payload: &[u8]) -> Vec<u8> {
        let frame = Frame::new(payload).unwrap();
        let mut byte = ByteAssembler::default();
        (0..frame.bits())
            .filter_map(|i| byte.push(frame.bit(i).unwrap()))
            .collect()
    }

    fn message(payload: &[u8], framed: bool) -> Decoded {
        Decoded::Message {
            payload: payload.to_vec(),
            framed,
        }
    }

    fn rejected(reason: Reason, lost: bool) -> Decoded {
        Decoded::Rejected { reason, lost }
    }

    proptest! {
        #[test]
        fn bytes_are_eight_bits_each(
            payload in prop::collection::vec(any::<u8>(), 0..100),
            size in 1..30usize,
            wrong: Option<prop::sample::Index>,
        ) {
            let mut bytes = framed(&payload);
            if let Some(at) = wrong {
                let at = at.index(bytes.len());
                bytes[at] ^= 0x10;
            }
            let mut by_bits = Decoder::new(60, false);
            let mut by_bytes = by_bits.clone();
            for part in bytes.chunks(size) {
                let result = feed(&mut by_bits, part).into_iter().next();
                prop_assert_eq!(&by_bytes.push_bytes(part), &result);
                if result.is_some() {
                    break;
                }
                prop_assert_eq!(by_bytes.held(), by_bits.held());
            }
        }

        #[test]
        fn frames_and_text_in_any_sequence(
            messages in prop::collection::vec(
                prop_oneof![
                    prop::collection::vec(any::<u8>(), 0..50).prop_map(|m| (m, true)),
                    "[^\0]{0,20}".prop_map(|m| (m.into_bytes(), false)),
                ],
                0..6,
            )
        ) {
            let mut decoder = Decoder::new(LIMIT, true);
            for (payload, is_framed) in messages {
                let bytes = if is_framed {
                    framed(&payload)
                } else {
                    [&payload[..], &[0]].concat()
                };
                prop_assert_eq!(feed(&mut decoder, &bytes), [message(&payload, is_framed)]);
                prop_assert!(!decoder.in_message());
            }
        }

        #[test]
        fn a_frame_with_any_single_bit_wrong_is_never_delivered(
            payload in prop::collection::vec(any::<u8>(), 0..20),
            at: prop::sample::Index,
        ) {
            let mut bytes = framed(&payload);
            let at = at.index(bytes.len() * 8);
            bytes[at / 8] ^= 0x80 >> (at % 8);
            let mut decoder = Decoder::new(LIMIT, false);
            for decoded in feed(&mut decoder, &bytes) {
                let delivered = matches!(decoded, Decoded::Message { .. });
                prop_assert!(!delivered);
            }
        }
    }

    #[test]
    fn the_limit_holds_for_frames_and_text() {
        let mut decoder = Decoder::new(3, true);
        assert_eq!(feed(&mut decoder, &framed(b"abc")), [message(b"abc", true)]);
        assert_eq!(feed(&mut decoder, b"abc\0"), [message(b"abc", false)]);
        let too_long = [rejected(Reason::TooLong, false), message(b"ok", false)];
        assert_eq!(feed(&mut decoder, b"abcdefgh\0ok\0"), too_long);
        assert_eq!(
            feed(&mut decoder, &framed(b"abcd")),
            [rejected(Reason::TooLong, true)]
        );
        assert_eq!(
            feed(&mut decoder, b"abc\0"),
            [],
            "a lost stream stays silent"
        );
        assert!(!decoder.in_message());
    }

    #[test]
    fn what_is_neither_frame_nor_text() {
        let mut decoder = Decoder::new(LIMIT, true);
        let not_text = [rejected(Reason::NotText, false), message(b"ok", false)];
        assert_eq!(feed(&mut decoder, b"\xFFabc\0ok\0"), not_text);
        assert_eq!(feed(&mut decoder, b"ab\xC3\0ok\0"), not_text);
        assert_eq!(
            feed(&mut decoder, &[MAGIC, 2]),
            [rejected(Reason::Version, true)]
        );
        assert_eq!(
            feed(&mut Decoder::new(LIMIT, false), b"a"),
            [rejected(Reason::NotAFrame, true)]
        );
        let mut bytes = framed(b"hello");
        bytes[8] ^= 1;
        bytes.extend(framed(b"next"));
        assert_eq!(
            feed(&mut Decoder::new(LIMIT, false), &bytes),
            [rejected(Reason::Checksum, false), message(b"next", true)]
        );
    }
}
