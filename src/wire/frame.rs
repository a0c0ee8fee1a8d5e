//! The frame around a message.
//!
//! ```text
//! byte   0 .. 3           4 .. 4+L    4+L .. 8+L
//!      +-----------------+-----------+--------------------------------------+
//!      | length L, big-  | payload,  | low half of the SipHash of all       |
//!      | endian          | L bytes   | before it, keyed by both nonces, b-e |
//!      +-----------------+-----------+--------------------------------------+
//! ```

use super::bits::{Bit, bit_of};
use super::control::Nonces;
use super::siphash::{Key, SipHasher};

/// Is the number of bytes before the payload: its length, big-endian.
pub const HEADER_LEN: usize = 4;

/// The number of bytes after the payload.
pub const TRAILER_LEN: usize = 4;

/// Returns the hasher of the frame of this transfer: what a stranger put into the frame does not match its checksum.
#[must_use]
pub const fn hasher(nonces: Nonces) -> SipHasher {
    SipHasher::new(Key([nonces.client, nonces.server]))
}

/// Holds a message in its frame, readable bit by bit.
#[derive(Clone, Debug)]
pub struct Frame<'m> {
    header: [u8; HEADER_LEN],
    payload: &'m [u8],
    trailer: [u8; TRAILER_LEN],
}

impl<'m> Frame<'m> {
    /// Frames `payload`; [`seal`](Self::seal) makes the checksum.
    ///
    /// # Errors
    /// [`TooLong`] above 4,294,967,295 bytes, the most that the length field can hold.
    pub fn new(payload: &'m [u8]) -> Result<Self, TooLong> {
        let len = u32::try_from(payload.len()).map_err(|_| TooLong)?;
        Ok(Self {
            header: len.to_be_bytes(),
            payload,
            trailer: [0; TRAILER_LEN],
        })
    }

    /// Makes the checksum for this transfer.
    pub fn seal(&mut self, nonces: Nonces) {
        let mut hasher = hasher(nonces);
        hasher.extend(&self.header);
        hasher.extend(self.payload);
        self.trailer = (hasher.finish() as u32).to_be_bytes();
    }

    /// Returns the number of bits.
    #[must_use]
    pub const fn bits(&self) -> u64 {
        8 * self.bytes() as u64
    }

    /// Returns bit `index`; `None` from the end on.
    #[must_use]
    pub fn bit(&self, index: u64) -> Option<Bit> {
        let byte = usize::try_from(index / 8).ok()?;
        let byte = *match byte.checked_sub(HEADER_LEN) {
            None => self.header.get(byte),
            Some(at) => self
                .payload
                .get(at)
                .or_else(|| self.trailer.get(at.checked_sub(self.payload.len())?)),
        }?;
        Some(bit_of(byte, (index % 8) as usize))
    }

    /// Returns the number of bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        HEADER_LEN + self.payload.len() + TRAILER_LEN
    }

    /// Copies the bytes from `offset` on into `to`, as far as the frame goes; the rest of `to` stays as it is.
    pub fn copy(&self, offset: usize, to: &mut [u8]) {
        let inside = offset.checked_sub(HEADER_LEN).and_then(|at| {
            let end = at.checked_add(to.len())?;
            self.payload.get(at..end)
        });
        if let Some(bytes) = inside {
            return to.copy_from_slice(bytes);
        }
        let mut begin = 0;
        for part in [&self.header[..], self.payload, &self.trailer] {
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
}

/// Says that the payload does not fit a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl core::fmt::Display for TooLong {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("a message has at most 4294967295 bytes")
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
        let mut frame = Frame::new(b"Hi").unwrap();
        frame.seal(Nonces {
            client: 0x0123_4567_89AB_CDEF,
            server: 0xFEDC_BA98_7654_3210,
        });
        let mut assembler = ByteAssembler::default();
        let bytes: Vec<u8> = (0..frame.bits())
            .filter_map(|i| assembler.push(frame.bit(i).unwrap()))
            .collect();
        assert_eq!(
            bytes,
            [0x00, 0x00, 0x00, 0x02, 0x48, 0x69, 0x63, 0x3D, 0x1A, 0x8D]
        );
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
