//! The dialects that a server may use, the likely ones first.

use minitalk::dialect::{Ack, Dialect};

/// The frames of a text. `other` stands for the order that the text does not have.
const FRAMES: &[&str] = &[
    "",
    "hello=yes",
    "end=eot",
    "end=etx",
    "end=0x0a",
    // If the head is a PID, the zeroes of a length are an empty head and a text. So the PID precedes lengths, and for the same
    // reason short lengths precede long ones.
    "head=pid",
    "head=pid,head-bytes=other",
    "head=len16,end=none",
    "head=len16",
    "head=len16,counts-end=yes",
    "head=len32,end=none",
    "head=len32",
    "head=len32,counts-end=yes",
    "head=digits,end=none",
    "head=len32,head-nul=yes",
    "head=len32,head-bytes=other,end=none",
    "head=len32,head-bytes=other",
    "head=len32,head-bytes=other,counts-end=yes",
    "head=len64,end=none",
    "head=len64",
    "head=len64,counts-end=yes",
    "head=len32,head-order=other,end=none",
    "head=len32,head-order=other",
    "head=len32,head-order=other,counts-end=yes",
    "head=len16,head-bytes=other,end=none",
    "head=len32,head-nul=yes,end=none",
    "head=digits",
    "head=len64,head-bytes=other,end=none",
    "head=len64,head-bytes=other,counts-end=yes",
    "end=0xff",
];

/// The orders of the bits, and the signal for a 1.
pub const BITS: [&str; 4] = [
    "order=msb,one=usr2",
    "order=lsb,one=usr2",
    "order=msb,one=usr1",
    "order=lsb,one=usr1",
];

/// Returns the candidates for a server with these acknowledgements.
///
/// `may_handshake`: the server could answer a handshake. `confined`: it can signal only what this process has started.
pub fn of(ack: Ack, may_handshake: bool, confined: bool) -> impl Iterator<Item = Dialect> {
    let fits = move |d: &Dialect| (may_handshake || !d.hello) && (confined || !may_mislead(d));
    all(ack).filter(fits)
}

fn all(ack: Ack) -> impl Iterator<Item = Dialect> {
    FRAMES.iter().flat_map(move |form| {
        BITS.iter().filter_map(move |bits| {
            let is_lsb = bits.starts_with("order=lsb");
            let form = form
                .replace(
                    "order=other",
                    if is_lsb { "order=msb" } else { "order=lsb" },
                )
                .replace(
                    "bytes=other",
                    if is_lsb { "bytes=big" } else { "bytes=little" },
                );
            parse(&[bits, &form, &format!("ack={}", ack.word())])
        })
    })
}

/// Returns whether a server could take a number in the message for its client's PID and signal a bystander.
///
/// The text of a probe cannot be a PID. A server that acknowledges every bit knows its client from the kernel.
fn may_mislead(dialect: &Dialect) -> bool {
    matches!(dialect.ack, Ack::None | Ack::Message) && dialect.head.width().is_some()
}

/// Parses the parts of a specification. Returns `None` if they contradict each other.
pub fn parse(parts: &[&str]) -> Option<Dialect> {
    let parts: Vec<_> = parts
        .iter()
        .copied()
        .filter(|part| !part.is_empty())
        .collect();
    parts.join(",").parse().ok()
}

#[cfg(test)]
mod tests {
    use minitalk::dialect::Head;

    use super::*;

    #[test]
    fn every_candidate_is_a_distinct_dialect() {
        for ack in [Ack::Bit, Ack::Byte, Ack::None] {
            let all: Vec<_> = of(ack, true, true).collect();
            assert_eq!(all.len(), FRAMES.len() * BITS.len());
            for (i, dialect) in all.iter().enumerate() {
                assert!(!all[..i].contains(dialect), "{dialect}");
            }
        }
    }

    #[test]
    fn no_number_is_sent_to_an_unconfined_server_that_may_take_it_for_a_pid() {
        for ack in [Ack::Bit, Ack::Byte, Ack::None] {
            for dialect in of(ack, true, false) {
                let knows_its_client = matches!(ack, Ack::Bit | Ack::Byte);
                assert!(
                    knows_its_client || dialect.head.width().is_none(),
                    "{dialect}"
                );
            }
        }
        assert!(of(Ack::None, true, true).any(|d| d.head == Head::Pid));
        assert!(of(Ack::None, true, false).any(|d| d.head == Head::Digits));
        assert!(of(Ack::None, false, true).all(|d| !d.hello));
    }
}
