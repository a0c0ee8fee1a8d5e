//! Encodes the words of the word lane: 32 bytes of a frame in one real-time signal.
//!
//! | in the siginfo | content |
//! | --- | --- |
//! | `si_errno` | bit 31: set; bit 30: a reply is wanted; bits 0 to 29: the word's index, modulo 2^30 |
//! | the four bytes behind `si_code` | the low half of the server's nonce |
//! | `si_pid`, `si_uid`, `si_value` and the 16 bytes behind them | the bytes, in the order of memory |
//!
//! So a word does not say who sends it: the proof does.

use super::control::Nonce;
use super::frame::Frame;
use super::packet::{IS_WORD, Packet};

/// Is the number of bytes in a word: as many as the kernel keeps besides number, code, index and proof.
pub const SIZE: usize = 32;

const WANTS_REPLY: u32 = 1 << 30;
const INDEX: u32 = WANTS_REPLY - 1;

/// Holds part of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Word {
    /// Holds the word's index in the frame, modulo 2^30: words arrive in order, and far fewer are in flight.
    pub index: u32,
    /// Says whether the client asks how the transfer stands.
    pub wants_reply: bool,
    /// Holds [`proof`] of the server's nonce.
    pub proof: u32,
    /// Holds the bytes; behind the end of the frame they have no meaning.
    pub bytes: [u8; SIZE],
}

/// Returns the part of the server's nonce that a word carries. The checksum is keyed by both whole nonces.
pub const fn proof(server: Nonce) -> u32 {
    server as u32
}

impl Word {
    /// Returns word `index` of `frame`, for the server with this nonce.
    pub fn of(frame: &Frame<'_>, index: u32, wants_reply: bool, server: Nonce) -> Self {
        let mut bytes = [0; SIZE];
        frame.copy(index as usize * SIZE, &mut bytes);
        let proof = proof(server);
        Self {
            index,
            wants_reply,
            proof,
            bytes,
        }
    }

    /// Returns the packet that carries the word.
    pub fn packet(self) -> Packet {
        let id = |at: usize| u32::from_ne_bytes(self.part(at));
        let word = |at: usize| u64::from_ne_bytes(self.part(at));
        let flag = if self.wants_reply { WANTS_REPLY } else { 0 };
        Packet {
            errno: IS_WORD | flag | self.index & INDEX,
            padding: self.proof,
            ids: [id(0), id(4)],
            value: word(8),
            more: [word(16), word(24)],
        }
    }

    /// Reads a packet; `None` if it carries no word.
    pub fn from_packet(packet: &Packet) -> Option<Self> {
        if !packet.is_word() {
            return None;
        }
        let mut bytes = [0; SIZE];
        let (ids, words) = bytes.split_at_mut(size_of_val(&packet.ids));
        for (to, id) in ids.chunks_exact_mut(4).zip(packet.ids) {
            to.copy_from_slice(&id.to_ne_bytes());
        }
        let [more, behind] = packet.more;
        for (to, word) in words.chunks_exact_mut(8).zip([packet.value, more, behind]) {
            to.copy_from_slice(&word.to_ne_bytes());
        }
        Some(Self {
            index: packet.errno & INDEX,
            wants_reply: packet.errno & WANTS_REPLY != 0,
            proof: packet.padding,
            bytes,
        })
    }

    fn part<const N: usize>(&self, at: usize) -> [u8; N] {
        let bytes = self.bytes.get(at..).and_then(<[u8]>::first_chunk);
        *bytes.unwrap_or(&[0; N])
    }

    /// Returns whether this is word `index` of its frame, as far as its own index tells.
    pub const fn is_number(&self, index: u64) -> bool {
        self.index as u64 == index & INDEX as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_comes_back_from_its_packet() {
        let bytes = core::array::from_fn(|i| i as u8);
        for wants_reply in [false, true] {
            for index in [0, 1, INDEX] {
                let word = Word {
                    index,
                    wants_reply,
                    proof: proof(0x1234_5678_9ABC_DEF0),
                    bytes,
                };
                let packet = word.packet();
                let flag = if wants_reply { 0x4000_0000 } else { 0 };
                assert_eq!(packet.errno, 0x8000_0000 | flag | index);
                assert_eq!(packet.padding, 0x9ABC_DEF0);
                assert_eq!(packet.ids[1].to_ne_bytes(), bytes[4..8]);
                assert_eq!(packet.value.to_ne_bytes(), bytes[8..16]);
                assert_eq!(packet.more[1].to_ne_bytes(), bytes[24..]);
                assert_eq!(Word::from_packet(&packet), Some(word));
                let control = Packet {
                    errno: packet.errno & 0x7FFF_FFFF,
                    ..packet
                };
                assert_eq!(Word::from_packet(&control), None);
            }
        }
    }

    #[test]
    fn an_index_counts_modulo_two_to_the_30() {
        let mut word = Word {
            index: 0,
            wants_reply: false,
            proof: 0,
            bytes: [0; SIZE],
        };
        assert!(word.is_number(0) && word.is_number(1 << 30));
        assert!(!word.is_number(1));
        word.index = INDEX;
        assert!(word.is_number((1 << 30) - 1));
    }
}
