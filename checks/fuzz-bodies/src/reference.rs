//! The reference for `Decoder`: a parser that sees the whole stream of bytes.

use minitalk::wire::decoder::{Decoded, Reason};
use minitalk::wire::frame::{HEADER_LEN, MAGIC, TRAILER_LEN, VERSION};

/// Returns the results in `bytes`, each with its end offset, and whether the stream is lost.
pub fn parse(bytes: &[u8], limit: usize, text: bool) -> (Vec<(usize, Decoded)>, bool) {
    let mut results = Vec::new();
    let mut begin = 0;
    while let Some((len, decoded)) = first(&bytes[begin..], limit, text) {
        begin += len;
        let lost = matches!(decoded, Decoded::Rejected { lost: true, .. });
        results.push((begin, decoded));
        if lost {
            return (results, true);
        }
    }
    (results, false)
}

/// Returns the first result in `bytes` and its length; `None` if it is incomplete.
pub fn first(bytes: &[u8], limit: usize, text: bool) -> Option<(usize, Decoded)> {
    if bytes.first()? != &MAGIC {
        return if text {
            first_text(bytes, limit)
        } else {
            Some((1, rejected(Reason::NotAFrame, true)))
        };
    }
    if bytes.get(1)? != &VERSION {
        return Some((2, rejected(Reason::Version, true)));
    }
    let header = bytes.first_chunk::<HEADER_LEN>()?;
    let [_, _, a, b, c, d] = *header;
    let len = u32::from_be_bytes([a, b, c, d]) as usize;
    if len > limit {
        return Some((HEADER_LEN, rejected(Reason::TooLong, true)));
    }
    let (covered, rest) = bytes.split_at_checked(HEADER_LEN + len)?;
    let trailer = rest.first_chunk::<TRAILER_LEN>()?;
    let decoded = if crc32fast::hash(covered) == u32::from_be_bytes(*trailer) {
        Decoded::Message {
            payload: covered[HEADER_LEN..].to_vec(),
            framed: true,
        }
    } else {
        rejected(Reason::Checksum, false)
    };
    Some((covered.len() + TRAILER_LEN, decoded))
}

fn first_text(bytes: &[u8], limit: usize) -> Option<(usize, Decoded)> {
    let len = bytes.iter().position(|byte| *byte == 0)?;
    let text = &bytes[..len];
    let decoded = if text.first().is_some_and(|byte| *byte >= 0xF8) {
        rejected(Reason::NotText, false)
    } else if len > limit {
        rejected(Reason::TooLong, false)
    } else if str::from_utf8(text).is_err() {
        rejected(Reason::NotText, false)
    } else {
        Decoded::Message {
            payload: text.to_vec(),
            framed: false,
        }
    };
    Some((len + 1, decoded))
}

/// Returns a rejection.
pub const fn rejected(reason: Reason, lost: bool) -> Decoded {
    Decoded::Rejected { reason, lost }
}
