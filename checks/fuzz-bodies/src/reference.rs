//! A parser that sees all bytes of a frame at once: the reference for `FrameDecoder`.

use minitalk::wire::control::Nonces;
use minitalk::wire::decoder::Decoded;
use minitalk::wire::frame::{HEADER_LEN, MessageKind, TRAILER_LEN};
use minitalk::wire::reason::Reason;

/// Returns the SipHash-2-4 of `bytes` as the standard library computes it.
#[allow(
    deprecated,
    reason = "the only SipHash-2-4 of the standard library, to compare ours with"
)]
pub fn hash(key: [u64; 2], bytes: &[u8]) -> u64 {
    use std::hash::{Hasher, SipHasher};

    let mut hasher = SipHasher::new_with_keys(key[0], key[1]);
    hasher.write(bytes);
    hasher.finish()
}

/// Returns the checksum of the bytes before it.
pub fn checksum(nonces: Nonces, covered: &[u8]) -> [u8; TRAILER_LEN] {
    (hash([nonces.client, nonces.server], covered) as u32).to_be_bytes()
}

/// Returns the result of the frame in `bytes` and the number of bytes it takes; `None` if it is not complete.
pub fn parse(bytes: &[u8], limit: usize, nonces: Nonces) -> Option<(usize, Decoded)> {
    let header = u32::from_be_bytes(*bytes.first_chunk::<HEADER_LEN>()?);
    let len = (header & 0x3FFF_FFFF) as usize;
    let is_reply = header >> 30 == 2;
    if header >> 30 == 3 {
        return Some((HEADER_LEN, Err(Reason::Version)));
    }
    if len > limit {
        return Some((HEADER_LEN, Err(Reason::TooLong)));
    }
    let begin = if is_reply { HEADER_LEN + 8 } else { HEADER_LEN };
    let (covered, rest) = bytes.split_at_checked(begin + len)?;
    let trailer = rest.first_chunk::<TRAILER_LEN>()?;
    let decoded = if checksum(nonces, covered) == *trailer {
        let reference = covered[HEADER_LEN..begin].try_into();
        let kind = match reference {
            Ok(reference) => MessageKind::Reply(u64::from_be_bytes(reference)),
            Err(_) if header >> 30 == 1 => MessageKind::Request,
            Err(_) => MessageKind::Message,
        };
        Ok((kind, covered[begin..].to_vec()))
    } else {
        Err(Reason::Checksum)
    };
    Some((covered.len() + TRAILER_LEN, decoded))
}
