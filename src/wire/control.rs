//! Defines what the packets of both ends mean.
//!
//! ```text
//!  si_value   63      56 55              40 39                               0
//!            +----------+------------------+----------------------------------+
//!            |   kind   |      serial      |              number              |
//!            +----------+------------------+----------------------------------+
//!  behind it  the client's nonce (8 bytes), the server's nonce (8 bytes)
//!  si_errno   the bits that have come beyond a gap, in replies; otherwise 0
//! ```
//!
//! A word of a message has bit 31 of `si_errno` set, and fills the other fields in its own way ([`word`](super::word)).
//!
//! The kernel shows a signal's content to its target alone. So a process that knows both nonces is one of the two ends: only
//! the server was sent the client's, and only the client was sent the server's (return routability, as in RFC 9000, section 8).

use super::packet::Packet;
use super::reason::Reason;
use super::word::Word;

/// Is a number that is sent to one process, and proves who sends it back.
pub type Nonce = u64;

/// Names a transfer: the nonces that its two ends have drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Nonces {
    /// Holds the nonce that the client has drawn.
    pub client: Nonce,
    /// Holds the nonce that the server has drawn; 0 where the client does not know it yet.
    pub server: Nonce,
}

impl Nonces {
    /// Returns the nonces of a transfer.
    pub const fn new(client: Nonce, server: Nonce) -> Self {
        Self { client, server }
    }
}

/// Lists the packets of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// Asks for the server's nonce, or how the transfer stands that the nonce names.
    Hello {
        /// Holds the client's nonce.
        client: Nonce,
        /// Holds the version of the protocol.
        version: u8,
    },
    /// Begins a transfer.
    Open {
        /// Names the transfer.
        nonces: Nonces,
        /// Says whether the frame follows in words.
        in_words: bool,
        /// Says whether the client sleeps for each reply, on one CPU: the server serves it best from there.
        sleeps: bool,
    },
    /// Carries one bit: 0 on SIGUSR1, 1 on SIGUSR2.
    Bit {
        /// Names the transfer.
        nonces: Nonces,
        /// Holds the bit's index in the frame.
        index: u64,
        /// Counts the client's transmissions, modulo 256.
        serial: u8,
        /// Says whether the client asks how the transfer stands.
        wants_reply: bool,
    },
    /// Carries part of the frame.
    Word(Word),
}

/// Holds a packet of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reply {
    /// Names the transfer.
    pub nonces: Nonces,
    /// Says how the transfer stands.
    pub status: Status,
}

/// Says how a transfer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Brings the server's nonce, with which the transfer may be opened.
    Greeted {
        /// Says whether the server takes words.
        words: bool,
    },
    /// Lets the client go on.
    Ok(Arrived),
    /// Tells the client to ask again instead of going on.
    Wait(Arrived),
    /// Says that the message passed its checksum and was written to the output; it ends before this bit or word.
    Delivered(u64),
    /// Says why the message will not be delivered.
    Rejected(Reason),
}

/// Says which bits or words of a frame have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Arrived {
    /// Holds the index of the first bit or word that is missing.
    pub next: u64,
    /// Shows in its bit `i` whether bit `next + 1 + i` of the frame has come.
    pub beyond: u32,
    /// Holds the serial of the bit that came last.
    pub serial: u8,
}

/// Limits the bits in flight: the first missing bit, and those of which [`Arrived::beyond`] tells.
pub const MAX_BITS_IN_FLIGHT: u32 = 32;

const NUMBER_BITS: u32 = 40;
const NUMBER: u64 = (1 << NUMBER_BITS) - 1;
const WANTS_REPLY: u16 = 1 << 15;

mod kind {
    pub const HELLO: u8 = 0x10;
    pub const OPEN: u8 = 0x11;
    pub const BIT: u8 = 0x12;
    pub const GREETED: u8 = 0x20;
    pub const OK: u8 = 0x21;
    pub const WAIT: u8 = 0x22;
    pub const DELIVERED: u8 = 0x23;
    pub const REJECTED: u8 = 0x24;
}

impl Request {
    /// Returns the packet that carries the request.
    pub fn packet(self) -> Packet {
        match self {
            Self::Hello { client, version } => {
                let nonces = Nonces { client, server: 0 };
                pack(kind::HELLO, 0, version.into(), nonces)
            }
            Self::Open {
                nonces,
                in_words,
                sleeps,
            } => {
                let number = u64::from(in_words) | u64::from(sleeps) << 1;
                pack(kind::OPEN, 0, number, nonces)
            }
            Self::Bit {
                nonces,
                index,
                serial,
                wants_reply,
            } => {
                let flag = if wants_reply { WANTS_REPLY } else { 0 };
                pack(kind::BIT, u16::from(serial) | flag, index, nonces)
            }
            Self::Word(word) => word.packet(),
        }
    }

    /// Reads a packet; `None` if it carries no request.
    pub fn from_packet(packet: &Packet) -> Option<Self> {
        if let Some(word) = Word::from_packet(packet) {
            return Some(Self::Word(word));
        }
        let (kind, serial, number, nonces) = unpack(packet);
        match kind {
            _ if packet.errno != 0 => None,
            kind::HELLO => Some(Self::Hello {
                client: nonces.client,
                version: number.try_into().ok()?,
            }),
            kind::OPEN => Some(Self::Open {
                nonces,
                in_words: flag(number & !2)?,
                sleeps: number & 2 != 0,
            }),
            kind::BIT => Some(Self::Bit {
                nonces,
                index: number,
                serial: serial as u8,
                wants_reply: serial & WANTS_REPLY != 0,
            }),
            _ => None,
        }
    }
}

impl Reply {
    /// Returns the packet that carries the reply.
    pub const fn packet(self) -> Packet {
        let (kind, progress) = match self.status {
            Status::Greeted { words } => (kind::GREETED, Arrived::at(words as u64)),
            Status::Ok(progress) => (kind::OK, progress),
            Status::Wait(progress) => (kind::WAIT, progress),
            Status::Delivered(next) => (kind::DELIVERED, Arrived::at(next)),
            Status::Rejected(reason) => (kind::REJECTED, Arrived::at(reason as u64)),
        };
        Packet {
            errno: progress.beyond,
            ..pack(kind, progress.serial as u16, progress.next, self.nonces)
        }
    }

    /// Reads a packet; `None` if it carries no reply.
    pub fn from_packet(packet: &Packet) -> Option<Self> {
        if Word::from_packet(packet).is_some() {
            return None;
        }
        let (kind, serial, number, nonces) = unpack(packet);
        let progress = Arrived::new(number, packet.errno, serial as u8);
        let status = match kind {
            kind::GREETED => Status::Greeted {
                words: flag(number)?,
            },
            kind::OK => Status::Ok(progress),
            kind::WAIT => Status::Wait(progress),
            kind::DELIVERED => Status::Delivered(number),
            kind::REJECTED => Status::Rejected(Reason::from_number(number)?),
            _ => return None,
        };
        Some(Self { nonces, status })
    }
}

impl Arrived {
    /// Returns the progress of a frame that has come up to `next`, and not beyond.
    pub const fn at(next: u64) -> Self {
        Self::new(next, 0, 0)
    }

    /// Returns the progress of a frame of which these bits have come, the last as number `serial`.
    pub const fn new(next: u64, beyond: u32, serial: u8) -> Self {
        Self {
            next,
            beyond,
            serial,
        }
    }
}

const fn flag(number: u64) -> Option<bool> {
    match number {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

const fn pack(kind: u8, serial: u16, number: u64, nonces: Nonces) -> Packet {
    Packet {
        errno: 0,
        padding: 0,
        ids: [0; 2],
        value: (kind as u64) << 56 | (serial as u64) << NUMBER_BITS | number & NUMBER,
        more: [nonces.client, nonces.server],
    }
}

const fn unpack(packet: &Packet) -> (u8, u16, u64, Nonces) {
    let [client, server] = packet.more;
    (
        (packet.value >> 56) as u8,
        (packet.value >> NUMBER_BITS) as u16,
        packet.value & NUMBER,
        Nonces { client, server },
    )
}

#[cfg(test)]
mod tests {
    use super::super::word::SIZE;
    use super::*;

    const NONCES: Nonces = Nonces::new(0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210);

    fn with(value: u64, server: Nonce, errno: u32) -> Packet {
        Packet {
            errno,
            padding: 0,
            ids: [0; 2],
            value,
            more: [NONCES.client, server],
        }
    }

    #[test]
    fn requests_have_the_values_of_protocol_md() {
        let hello = Request::Hello {
            client: NONCES.client,
            version: 2,
        };
        let open = |in_words, sleeps| Request::Open {
            nonces: NONCES,
            in_words,
            sleeps,
        };
        let bit = |index, serial, wants_reply| Request::Bit {
            nonces: NONCES,
            index,
            serial,
            wants_reply,
        };
        for (request, value) in [
            (hello, 0x1000_0000_0000_0002),
            (open(false, false), 0x1100_0000_0000_0000),
            (open(true, false), 0x1100_0000_0000_0001),
            (open(true, true), 0x1100_0000_0000_0003),
            (bit(7, 9, false), 0x1200_0900_0000_0007),
            (bit(NUMBER, 255, true), 0x1280_FFFF_FFFF_FFFF),
        ] {
            let server = if request == hello { 0 } else { NONCES.server };
            let packet = with(value, server, 0);
            assert_eq!(request.packet(), packet);
            assert_eq!(Request::from_packet(&packet), Some(request));
            assert_eq!(Reply::from_packet(&packet), None);
            assert_eq!(Request::from_packet(&with(value, server, 1)), None);
        }
        for value in [0, 0x10 << 56 | 256, 0x11 << 56 | 4, 0x13 << 56] {
            assert_eq!(Request::from_packet(&with(value, 0, 0)), None);
        }
    }

    #[test]
    fn replies_have_the_values_of_protocol_md() {
        let progress = Arrived::new(7, 0x7FFF_FFFE, 9);
        for (status, value, errno) in [
            (Status::Greeted { words: true }, 0x2000_0000_0000_0001, 0),
            (Status::Ok(progress), 0x2100_0900_0000_0007, 0x7FFF_FFFE),
            (Status::Wait(Arrived::at(7)), 0x2200_0000_0000_0007, 0),
            (Status::Delivered(NUMBER), 0x2300_00FF_FFFF_FFFF, 0),
            (Status::Rejected(Reason::Output), 0x2400_0000_0000_0008, 0),
        ] {
            let reply = Reply {
                nonces: NONCES,
                status,
            };
            let packet = with(value, NONCES.server, errno);
            assert_eq!(reply.packet(), packet);
            assert_eq!(Reply::from_packet(&packet), Some(reply));
            assert_eq!(Request::from_packet(&packet), None);
        }
        for value in [0, 0x20 << 56 | 2, 0x24 << 56, 0x25 << 56] {
            assert_eq!(Reply::from_packet(&with(value, 0, 0)), None);
        }
    }

    #[test]
    fn a_word_is_no_reply_and_a_reply_no_word() {
        let word = Word {
            index: 3,
            wants_reply: false,
            proof: 5,
            bytes: [0x21; SIZE],
        };
        let packet = Request::Word(word).packet();
        assert_eq!(Request::from_packet(&packet), Some(Request::Word(word)));
        assert_eq!(Reply::from_packet(&packet), None);
    }
}
