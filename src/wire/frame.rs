//! Encodes the frame around a message.
//!
//! ```text
//! byte   0 .. 3            8 bytes          L bytes   4 bytes
//!      +-----------------+----------------+---------+--------------------------------------+
//!      | kind, 2 bits    | of a reply:    | payload | low half of the SipHash of all       |
//!      | length L, 30    | the request's  |         | before it, keyed by both nonces      |
//!      +-----------------+----------------+---------+--------------------------------------+
//! ```
//!
//! All numbers are big-endian.

use alloc::borrow::Cow;

use super::bits::{Bit, bit_of};
use super::control::{Nonce, Nonces};
use super::siphash::{Key, SipHasher};

/// Is the number of bytes at the beginning that give kind and length.
pub const HEADER_LEN: usize = 4;

/// Is the number of bytes that name the request, between header and payload of a reply.
pub const REFERENCE_LEN: usize = 8;

/// Is the longest payload of a frame, in bytes.
pub const MAX_LEN: u32 = (1 << KIND_SHIFT) - 1;

/// Is the position of the kind in the header.
const KIND_SHIFT: u32 = 8 * HEADER_LEN as u32 - 2;

/// Is the number of bytes after the payload.
pub const TRAILER_LEN: usize = 4;

/// Returns the hasher of the frame of this transfer. A frame into which another process has put bytes does not match its checksum.
pub const fn hasher(nonces: Nonces) -> SipHasher {
    SipHasher::new(Key([nonces.client, nonces.server]))
}

/// Lists the kinds of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// Expects no reply.
    #[default]
    Message,
    /// Expects a reply.
    Request,
    /// Replies to the request whose transfer had this nonce of its client, in its last attempt.
    Reply(Nonce),
}

impl MessageKind {
    const fn number(self) -> u32 {
        match self {
            Self::Message => 0,
            Self::Request => 1,
            Self::Reply(_) => 2,
        }
    }
}

/// Returns kind and length that a header gives, the kind of a reply with a reference of 0; `None` for an unknown kind.
pub const fn parse_header(header: u32) -> Option<(MessageKind, u32)> {
    let kind = match header >> KIND_SHIFT {
        0 => MessageKind::Message,
        1 => MessageKind::Request,
        2 => MessageKind::Reply(0),
        _ => return None,
    };
    Some((kind, header & MAX_LEN))
}

/// Holds a message in its frame, readable bit by bit.
#[derive(Clone, Debug)]
pub struct Frame<'m> {
    /// Header and reference, of which a reply alone has the second.
    head: [u8; HEADER_LEN + REFERENCE_LEN],
    head_len: usize,
    payload: Cow<'m, [u8]>,
    trailer: [u8; TRAILER_LEN],
}

impl<'m> Frame<'m> {
    /// Frames `payload`; [`seal`](Self::seal) makes the checksum.
    ///
    /// # Errors
    /// Returns [`TooLong`] for a payload above [`MAX_LEN`].
    pub fn new(kind: MessageKind, payload: impl Into<Cow<'m, [u8]>>) -> Result<Self, TooLong> {
        let payload = payload.into();
        let len = u32::try_from(payload.len()).ok();
        let len = len.filter(|len| *len <= MAX_LEN).ok_or(TooLong)?;
        let mut head = [0; HEADER_LEN + REFERENCE_LEN];
        let (header, reference) = head.split_at_mut(HEADER_LEN);
        let number = kind.number() << KIND_SHIFT | len;
        header.copy_from_slice(&number.to_be_bytes()[size_of::<u32>() - HEADER_LEN..]);
        let mut head_len = HEADER_LEN;
        if let MessageKind::Reply(request) = kind {
            reference.copy_from_slice(&request.to_be_bytes());
            head_len += REFERENCE_LEN;
        }
        Ok(Self {
            head,
            head_len,
            payload,
            trailer: [0; TRAILER_LEN],
        })
    }

    /// Makes the checksum for this transfer.
    pub fn seal(&mut self, nonces: Nonces) {
        let mut hasher = hasher(nonces);
        hasher.extend(self.head());
        hasher.extend(&self.payload);
        self.trailer = (hasher.finish() as u32).to_be_bytes();
    }

    /// Returns the number of bits.
    pub fn bits(&self) -> u64 {
        8 * self.bytes() as u64
    }

    /// Returns bit `index`; `None` from the end on.
    pub fn bit(&self, index: u64) -> Option<Bit> {
        let byte = usize::try_from(index / 8).ok()?;
        let byte = *match byte.checked_sub(self.head_len) {
            None => self.head.get(byte),
            Some(at) => self
                .payload
                .get(at)
                .or_else(|| self.trailer.get(at.checked_sub(self.payload.len())?)),
        }?;
        Some(bit_of(byte, (index % 8) as usize))
    }

    /// Returns the number of bytes.
    pub fn bytes(&self) -> usize {
        self.head_len + self.payload.len() + TRAILER_LEN
    }

    /// Copies the bytes from `offset` on into `to`, as far as the frame goes; the rest of `to` stays as it is.
    pub fn copy(&self, offset: usize, to: &mut [u8]) {
        let inside = offset.checked_sub(self.head_len).and_then(|at| {
            let end = at.checked_add(to.len())?;
            self.payload.get(at..end)
        });
        if let Some(bytes) = inside {
            return to.copy_from_slice(bytes);
        }
        let mut begin = 0;
        for part in [self.head(), &self.payload, &self.trailer] {
            let end = begin + part.len();
            // The bytes of this part that are wanted.
            let from = offset.max(begin);
            let till = end.min(offset.saturating_add(to.len()));
            if from < till {
                to[from - offset..till - offset].copy_from_slice(&part[from - begin..till - begin]);
            }
            begin = end;
        }
    }

    /// Returns the number of bytes of the payload.
    pub fn payload_len(&self) -> usize {
        self.payload.len()
    }

    fn head(&self) -> &[u8] {
        &self.head[..self.head_len]
    }
}

/// Says that the payload does not fit a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl core::fmt::Display for TooLong {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "a message has at most {MAX_LEN} bytes")
    }
}

impl core::error::Error for TooLong {}

#[cfg(test)]
mod tests {
    use super::super::bits::ByteAssembler;
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn the_frame_is_that_of_protocol_md() {
        let mut frame = Frame::new(MessageKind::Message, b"Hi").unwrap();
        frame.seal(Nonces::new(0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210));
        let mut assembler = ByteAssembler::default();
        let bytes: Vec<u8> = (0..frame.bits())
            .filter_map(|i| assembler.push(frame.bit(i).unwrap()))
            .collect();
        assert_eq!(bytes, *b"\x00\x00\x00\x02Hi\x63\x3D\x1A\x8D");
        let mut reply = Frame::new(MessageKind::Reply(0x0123_4567_89AB_CDEF), b"Hi").unwrap();
        reply.seal(Nonces::new(1, 2));
        let mut head = [0; 14];
        reply.copy(0, &mut head);
        assert_eq!(&head, b"\x80\x00\x00\x02\x01\x23\x45\x67\x89\xAB\xCD\xEFHi");
        assert_eq!(reply.bytes(), 18);
        let request = Frame::new(MessageKind::Request, b"").unwrap();
        assert_eq!((request.bytes(), request.bit(1)), (8, Some(Bit::One)));
        for offset in 0..14 {
            for len in 0..14 {
                let mut copied = std::vec![0xEE; len];
                frame.copy(offset, &mut copied);
                let mut wanted = bytes.get(offset..).unwrap_or_default().to_vec();
                wanted.resize(len.max(wanted.len()), 0xEE);
                assert_eq!(copied, wanted[..len]);
            }
        }
        assert_eq!(frame.bit(frame.bits()), None);
        assert_eq!(frame.bit(u64::MAX), None);
    }
}
