//! The frame around a message.
//!
//! ```text
//! byte   0      1        2 .. 5            6 .. 6+L    6+L .. 10+L
//!      +------+---------+-----------------+-----------+--------------------------+
//!      | 0xFB | version | length L, big-  | payload,  | CRC-32 of all before it, |
//!      |      |    1    | endian          | L bytes   | big-endian               |
//!      +------+---------+-----------------+-----------+--------------------------+
//! ```

use super::bits::{Bit, bit_of};
use super::checksum::Crc32;

/// The first byte of a frame.
pub const MAGIC: u8 = 0xFB;

/// The version of the frame and of the hellos.
pub const VERSION: u8 = 1;

/// The number of bytes before the payload.
pub const HEADER_LEN: usize = 6;

/// The number of bytes after the payload.
pub const TRAILER_LEN: usize = 4;

/// Returns the header of a frame whose payload has `len` bytes.
#[must_use]
pub const fn header(len: u32) -> [u8; HEADER_LEN] {
    let [a, b, c, d] = len.to_be_bytes();
    [MAGIC, VERSION, a, b, c, d]
}

/// Holds a message in its frame, readable bit by bit.
#[derive(Clone, Debug)]
pub struct Frame<'m> {
    header: [u8; HEADER_LEN],
    payload: &'m [u8],
    trailer: [u8; TRAILER_LEN],
}

impl<'m> Frame<'m> {
    /// Frames `payload`.
    ///
    /// # Errors
    /// [`TooLong`] above 4,294,967,295 bytes, the most that the length field can hold.
    pub fn new(payload: &'m [u8]) -> Result<Self, TooLong> {
        let header = header(payload.len().try_into().map_err(|_| TooLong)?);
        let mut crc = Crc32::new();
        crc.extend(&header);
        crc.extend(payload);
        Ok(Self {
            header,
            payload,
            trailer: crc.value().to_be_bytes(),
        })
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
        let frame = Frame::new(b"Hi").unwrap();
        let mut assembler = ByteAssembler::default();
        let bytes: Vec<u8> = (0..frame.bits())
            .filter_map(|i| assembler.push(frame.bit(i).unwrap()))
            .collect();
        assert_eq!(
            bytes,
            [
                0xFB, 0x01, 0x00, 0x00, 0x00, 0x02, 0x48, 0x69, 0x6E, 0x1E, 0x14, 0x5E
            ]
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
