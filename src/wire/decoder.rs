//! Bits or bytes to the message of one frame.

use alloc::vec::Vec;

use super::bits::{Bit, ByteAssembler};
use super::control::Nonces;
use super::frame::{HEADER_LEN, MessageKind, REFERENCE_LEN, TRAILER_LEN, hasher, parse_header};
use super::reason::Reason;
use super::siphash::SipHasher;

/// Rebuilds the payload of one frame, then ignores what follows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FrameDecoder {
    limit: usize,
    byte: ByteAssembler,
    part: Part,
    kind: MessageKind,
    hasher: SipHasher,
    payload: Vec<u8>,
}

/// Describes the part of the frame that the next byte belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Part {
    Header { so_far: u32, missing: usize },
    Reference { missing: usize, len: u32 },
    Payload { missing: u32 },
    Trailer { so_far: u32, missing: usize },
    Done,
}

/// Holds the kind of a message and its bytes, or why it is not taken.
pub type Decoded = Result<(MessageKind, Vec<u8>), Reason>;

impl FrameDecoder {
    /// Returns a decoder of this transfer's frame that takes a payload of at most `limit` bytes.
    pub fn new(limit: usize, nonces: Nonces) -> Self {
        Self {
            limit,
            byte: ByteAssembler::default(),
            part: Part::Header {
                so_far: 0,
                missing: HEADER_LEN,
            },
            kind: MessageKind::Message,
            hasher: hasher(nonces),
            payload: Vec::new(),
        }
    }

    /// Takes one bit and returns the result when it ends the frame.
    pub fn push(&mut self, bit: Bit) -> Option<Decoded> {
        let byte = self.byte.push(bit)?;
        self.push_byte(byte)
    }

    /// Takes bytes and returns the result when they end the frame; must not be mixed with bits.
    pub fn push_bytes(&mut self, mut bytes: &[u8]) -> Option<Decoded> {
        loop {
            bytes = &bytes[self.push_payload(bytes)..];
            let (byte, rest) = bytes.split_first()?;
            let decoded = self.push_byte(*byte);
            if decoded.is_some() {
                return decoded;
            }
            bytes = rest;
        }
    }

    /// Takes the bytes at the beginning of `bytes` that belong to the payload, and returns their number.
    fn push_payload(&mut self, bytes: &[u8]) -> usize {
        let Part::Payload { missing } = &mut self.part else {
            return 0;
        };
        let len = bytes.len().min(*missing as usize);
        // All of the payload has been reserved.
        self.payload.extend_from_slice(&bytes[..len]);
        self.hasher.extend(&bytes[..len]);
        *missing -= len as u32;
        if *missing == 0 {
            self.part = Part::TRAILER;
        }
        len
    }

    fn push_byte(&mut self, byte: u8) -> Option<Decoded> {
        let decoded = self.step(byte).transpose()?;
        self.part = Part::Done;
        let payload = core::mem::take(&mut self.payload);
        Some(decoded.map(|()| (self.kind, payload)))
    }

    /// Takes a byte; `Ok(Some(()))` ends a sound frame.
    fn step(&mut self, byte: u8) -> Result<Option<()>, Reason> {
        match &mut self.part {
            Part::Header { so_far, missing } => {
                self.hasher.push(byte);
                *so_far = *so_far << 8 | u32::from(byte);
                *missing -= 1;
                if *missing == 0 {
                    // A kind that is unknown here belongs to a later version.
                    let (kind, len) = parse_header(*so_far).ok_or(Reason::Version)?;
                    self.kind = kind;
                    self.begin_payload(len)?;
                }
            }
            Part::Reference { missing, len } => {
                self.hasher.push(byte);
                let so_far = match self.kind {
                    MessageKind::Reply(so_far) => so_far,
                    _ => 0,
                };
                self.kind = MessageKind::Reply(so_far << 8 | u64::from(byte));
                *missing -= 1;
                if *missing == 0 {
                    self.part = Part::of_payload(*len);
                }
            }
            Part::Payload { .. } => {
                self.push_payload(&[byte]);
            }
            Part::Trailer { so_far, missing } => {
                *so_far = *so_far << 8 | u32::from(byte);
                *missing -= 1;
                if *missing == 0 {
                    let is_sound = *so_far == self.hasher.finish() as u32;
                    return is_sound.then_some(Some(())).ok_or(Reason::Checksum);
                }
            }
            Part::Done => {}
        }
        Ok(None)
    }

    fn begin_payload(&mut self, len: u32) -> Result<(), Reason> {
        let bytes = usize::try_from(len).map_err(|_| Reason::TooLong)?;
        if bytes > self.limit {
            return Err(Reason::TooLong);
        }
        if !reserve(&mut self.payload, bytes) {
            return Err(Reason::NoMemory);
        }
        self.part = match self.kind {
            MessageKind::Reply(_) => Part::Reference {
                missing: REFERENCE_LEN,
                len,
            },
            _ => Part::of_payload(len),
        };
        Ok(())
    }

    /// Returns the number of payload bytes held.
    pub fn held_bytes(&self) -> usize {
        self.payload.len()
    }

    /// Returns the number of payload bytes still to come, once the length has come.
    pub const fn missing(&self) -> usize {
        match &self.part {
            Part::Payload { missing } | Part::Reference { len: missing, .. } => *missing as usize,
            _ => 0,
        }
    }
}

impl Part {
    const TRAILER: Self = Self::Trailer {
        so_far: 0,
        missing: TRAILER_LEN,
    };

    const fn of_payload(len: u32) -> Self {
        match len {
            0 => Self::TRAILER,
            missing => Self::Payload { missing },
        }
    }
}

/// Reserves all of an announced payload at once, since growing it step by step could take twice as much.
///
/// Returns whether there is that much and a little more: a message without memory is rejected, the bookkeeping after it aborts.
fn reserve(payload: &mut Vec<u8>, len: usize) -> bool {
    const SMALL: usize = 4 << 10;
    const SPARE: usize = 512 << 10;
    if payload.try_reserve_exact(len).is_err() {
        return false;
    }
    let mut spare = Vec::<u8>::new();
    // Not optimised away: an allocation that is never read is assumed to succeed.
    len < SMALL
        || core::hint::black_box(&mut spare)
            .try_reserve_exact(SPARE)
            .is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::bits::bit_of;
    use super::super::frame::Frame;
    use super::*;
    use proptest::prelude::*;

    const LIMIT: usize = 1000;

    const NONCES: Nonces = Nonces::new(7, 8);

    /// Returns the results of `bytes`, pushed bit by bit, each with the number of bits it took.
    fn feed(decoder: &mut FrameDecoder, bytes: &[u8]) -> Vec<(usize, Decoded)> {
        (0..8 * bytes.len())
            .filter_map(|i| {
                let decoded = decoder.push(bit_of(bytes[i / 8], i % 8))?;
                Some((i + 1, decoded))
            })
            .collect()
    }

    fn framed(payload: &[u8]) -> Vec<u8> {
        framed_as(MessageKind::Message, payload)
    }

    fn framed_as(kind: MessageKind, payload: &[u8]) -> Vec<u8> {
        let mut frame = Frame::new(kind, payload).unwrap();
        frame.seal(NONCES);
        let mut bytes = std::vec![0; frame.bytes()];
        frame.copy(0, &mut bytes);
        bytes
    }

    fn results(bytes: &[u8], limit: usize) -> Vec<(usize, Decoded)> {
        feed(&mut FrameDecoder::new(limit, NONCES), bytes)
    }

    fn kinds() -> impl Strategy<Value = MessageKind> {
        prop_oneof![
            Just(MessageKind::Message),
            Just(MessageKind::Request),
            any::<u64>().prop_map(MessageKind::Reply),
        ]
    }

    proptest! {
        #[test]
        fn bytes_are_eight_bits_each(
            payload in prop::collection::vec(any::<u8>(), 0..100),
            size in 1..30usize,
            wrong: Option<prop::sample::Index>,
            kind in kinds(),
        ) {
            let mut bytes = framed_as(kind, &payload);
            if let Some(at) = wrong {
                let at = at.index(bytes.len());
                bytes[at] ^= 0x10;
            }
            let mut by_bits = FrameDecoder::new(60, NONCES);
            let mut by_bytes = by_bits.clone();
            for part in bytes.chunks(size) {
                let result = feed(&mut by_bits, part).pop().map(|(_, decoded)| decoded);
                prop_assert_eq!(&by_bytes.push_bytes(part), &result);
                if result.is_some() {
                    break;
                }
                prop_assert_eq!(by_bytes.held_bytes(), by_bits.held_bytes());
                prop_assert_eq!(by_bytes.missing(), by_bits.missing());
            }
        }

        #[test]
        fn a_frame_is_decoded_at_its_last_bit_and_nothing_after_it(
            payload in prop::collection::vec(any::<u8>(), 0..50),
            rest in prop::collection::vec(any::<u8>(), 0..20),
            kind in kinds(),
        ) {
            let frame = framed_as(kind, &payload);
            let bytes = [&frame[..], &rest, &frame].concat();
            prop_assert_eq!(results(&bytes, LIMIT), [(8 * frame.len(), Ok((kind, payload.clone())))]);
            prop_assert_eq!(FrameDecoder::new(LIMIT, NONCES).push_bytes(&bytes), Some(Ok((kind, payload))));
        }

        #[test]
        fn a_frame_with_any_single_bit_wrong_is_never_delivered(
            payload in prop::collection::vec(any::<u8>(), 0..20),
            at: prop::sample::Index,
            kind in kinds(),
        ) {
            let mut bytes = framed_as(kind, &payload);
            let at = at.index(bytes.len() * 8);
            bytes[at / 8] ^= 0x80 >> (at % 8);
            for (_, decoded) in results(&bytes, LIMIT) {
                prop_assert!(decoded.is_err());
            }
        }
    }

    #[test]
    fn each_rejection_comes_at_the_first_byte_that_shows_it() {
        let too_long = results(&framed(b"abcd"), 3);
        assert_eq!(too_long, [(32, Err(Reason::TooLong))]);
        let whole = Ok((MessageKind::Message, b"abc".to_vec()));
        assert_eq!(results(&framed(b"abc"), 3), [(88, whole)]);
        let unknown_kind = results(&[0xC0, 0, 0, 0], LIMIT);
        assert_eq!(unknown_kind, [(32, Err(Reason::Version))]);
        let mut bytes = framed(b"hello");
        bytes[6] ^= 1;
        assert_eq!(results(&bytes, LIMIT), [(104, Err(Reason::Checksum))]);
    }

    #[test]
    fn a_frame_of_another_transfer_does_not_match_its_checksum() {
        for nonces in [(7, 9), (6, 8), (8, 7)] {
            let nonces = Nonces::new(nonces.0, nonces.1);
            let mut decoder = FrameDecoder::new(LIMIT, nonces);
            let decoded = decoder.push_bytes(&framed(b"hello"));
            assert_eq!(decoded, Some(Err(Reason::Checksum)));
        }
    }

    #[test]
    fn memory_that_cannot_be_had_is_no_panic() {
        let mut payload = Vec::new();
        assert!(!reserve(&mut payload, usize::MAX));
        assert!(reserve(&mut payload, 10_000));
        assert!((10_000..20_000).contains(&payload.capacity()));
    }
}
