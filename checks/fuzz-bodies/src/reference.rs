//! What the bytes of a frame say, to a parser that sees all of them at once: the reference for `FrameDecoder`.

use minitalk::wire::decoder::Decoded;
use minitalk::wire::frame::{HEADER_LEN, MAGIC, TRAILER_LEN, VERSION};
use minitalk::wire::reason::Reason;

/// Returns the result of the frame in `bytes` and the number of bytes it takes; `None` if it is not complete.
pub fn parse(bytes: &[u8], limit: usize) -> Option<(usize, Decoded)> {
    if bytes.first()? != &MAGIC {
        return Some((1, Err(Reason::NotAFrame)));
    }
    if bytes.get(1)? != &VERSION {
        return Some((2, Err(Reason::Version)));
    }
    let header = bytes.first_chunk::<HEADER_LEN>()?;
    let [_, _, a, b, c, d] = *header;
    let len = u32::from_be_bytes([a, b, c, d]) as usize;
    if len > limit {
        return Some((HEADER_LEN, Err(Reason::TooLong)));
    }
    let (covered, rest) = bytes.split_at_checked(HEADER_LEN + len)?;
    let trailer = rest.first_chunk::<TRAILER_LEN>()?;
    let decoded = if crc32fast::hash(covered) == u32::from_be_bytes(*trailer) {
        Ok(covered[HEADER_LEN..].to_vec())
    } else {
        Err(Reason::Checksum)
    };
    Some((covered.len() + TRAILER_LEN, decoded))
}
