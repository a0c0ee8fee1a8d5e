//! The ends of a link, independent of the copy of the wire code.

use std::fmt::Debug;
use std::hash::Hash;

/// A copy of the wire code.
pub trait Link: Clone + Debug + PartialEq + Eq + Hash + Send + Sync + 'static {
    /// The sending end.
    type Client: Client;
    /// The receiving end.
    type Server: Server;
    /// The turns of two processes that send each other bits.
    type Turns: Turns;

    /// Returns the server's key for its session with process `pid`.
    fn session_key(pid: u64) -> Key;
    /// Returns whether a process takes the signal for an answer to its own transfer.
    fn is_reply(signal: &Signal) -> bool;
    /// Returns whether a process takes the signal for a request of the other process.
    fn is_request(signal: &Signal) -> bool;
    /// Returns the bytes of the frame of `message` in the transfer of these nonces.
    fn frame(message: &'static [u8], nonces: [u64; 2]) -> Vec<u8>;
}

/// A process, as the scheduler of turns knows it.
pub type Pid = u64;

/// What nonces are drawn with.
pub type Key = [u64; 2];

/// The sending end of a link.
pub trait Client: Clone + Debug + Send + Sync {
    /// Returns the sender of `message`, which draws its nonces with `key`.
    fn new(message: &'static [u8], key: Key, timeout: u64, lane: Lane) -> Self;
    /// Returns the sender's action at `now`.
    fn poll(&mut self, now: u64) -> Move;
    /// Handles a signal of the server.
    fn receive(&mut self, now: u64, signal: Signal);
    /// Handles the refusal of the last signal, for which the kernel had no room.
    fn no_room(&mut self, now: u64);
    /// Returns the number of acknowledged bits.
    fn acknowledged(&self) -> u64;
    /// Returns the number of the phase: 0 before it knows the server's nonce, 1 before it may send bits, 2, and 3 at the end.
    fn phase(&self) -> u64;
    /// Returns whether the message travels in words.
    fn uses_words(&self) -> bool;
    /// Returns whether the server said to wait.
    fn is_paused(&self) -> bool;
    /// Sets whether to withhold bits.
    fn hold(&mut self, is_held: bool);
    /// Returns whether bits are withheld.
    fn is_held(&self) -> bool;
    /// Returns the nonce of its present transfer.
    fn nonce(&self) -> u64;
    /// Brings counters of which only a class matters to the least of their class.
    fn normalise(&mut self);
    /// Returns the serials of the bits in flight.
    fn serials(&self) -> Vec<u8>;
    /// Gives each serial that still matters another.
    fn relabel(&mut self, label: &dyn Fn(u8) -> u8);
    /// Returns a hash of all that decides what this end does, without its clock.
    fn fingerprint(&self) -> u64;
}

/// The receiving end of a link.
pub trait Server: Clone + Debug + PartialEq + Eq + Hash + Send + Sync {
    /// Returns a receiver without a transfer, whose nonces are computed with `key`, and which takes what a client in this lane
    /// may send.
    fn new(key: Key, lane: Lane) -> Self;
    /// Handles a signal of a client.
    fn receive(&mut self, signal: Signal) -> Reaction;
    /// Returns whether the signal is a request that only the client of the transfer can have sent.
    fn is_proven(&self, signal: &Signal) -> bool;
    /// Returns whether a message is under way.
    fn in_message(&self) -> bool;
    /// Returns the reply that is owed for bits, once it is quiet or is not to wait for that.
    fn poll(&mut self) -> Option<Packet>;
    /// Returns whether a reply is owed.
    fn owes(&self) -> bool;
    /// Sets whether to withhold replies.
    fn hold(&mut self, is_held: bool);
    /// Stops withholding replies, and returns the reply that was due.
    fn release(&mut self) -> Option<Packet>;
    /// Handles the end of the writing of the message of the transfer that `client` names.
    fn written(&mut self, client: u64) -> Option<Packet>;
    /// Returns the client's nonce of its present transfer, and 0 before the first.
    fn client_nonce(&self) -> u64;
    /// Returns whether the transfer is one of words.
    fn uses_words(&self) -> bool;
    /// Returns the index of the bit or word that is due.
    fn due(&self) -> u64;
    /// Gives the serial that it has seen last another.
    fn relabel(&mut self, label: &dyn Fn(u8) -> u8);
}

/// What decides which of two processes that send each other bits may go on.
pub trait Turns: Clone + Debug + Default + PartialEq + Eq + Hash + Send + Sync {
    /// Records that `party` has sent something, and returns whether it may go on. `is_late`: the time of the turn is over.
    fn may_go_on(&mut self, party: Party, is_late: bool) -> bool;
    /// Returns whether `party` has the turn.
    fn has_turn(&self, party: Party) -> bool;
    /// Returns whether `party` waits for the turn.
    fn is_waiting(&self, party: Party) -> bool;
    /// Removes the other process: its message is over.
    fn leave(&mut self);
    /// Removes the process itself, unless it is sending.
    fn keep_own(&mut self, is_sending: bool);
    /// Passes the turn on if it is free, or if its holder has been silent for too long, and returns the new holder.
    fn next(&mut self, is_silent: bool) -> Option<Party>;
}

/// One of two processes that send to each other, as seen by the process that decides about the turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// The process that decides.
    Own,
    /// The other process.
    Other,
}

/// The lane that a client may use, and that the server takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// SIGUSR1 and SIGUSR2 alone.
    Bits,
    /// Bits, with hellos and replies on the real-time signal: the server takes no words.
    Queued,
    /// Words only: the client does not fall back.
    Words,
    /// Words, and bits if hellos on the real-time signal stay unanswered.
    Either,
}

/// The number of the real-time signal; 0 is SIGUSR1 and 1 is SIGUSR2.
pub const REAL_TIME: usize = 2;

/// A signal in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Signal {
    /// Which of the three signals it is.
    pub number: usize,
    /// Its content; `None` if it is bare.
    pub packet: Option<Packet>,
}

/// The content of a signal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Packet {
    /// `si_errno`.
    pub errno: u32,
    /// The four bytes between `si_code` and `si_pid`.
    pub padding: u32,
    /// `si_pid` and `si_uid`: in a word, part of it.
    pub ids: [u32; 2],
    /// `si_value`.
    pub value: u64,
    /// The 16 bytes behind `si_value`: the nonces, or part of a word.
    pub more: [u64; 2],
}

/// The kinds of packets (`PROTOCOL.md`).
pub mod kind {
    pub const HELLO: u8 = 0x10;
    pub const OPEN: u8 = 0x11;
    pub const BIT: u8 = 0x12;
    pub const GREETED: u8 = 0x20;
    pub const OK: u8 = 0x21;
    pub const WAIT: u8 = 0x22;
    pub const DELIVERED: u8 = 0x23;
    pub const REJECTED: u8 = 0x24;
}

const IS_WORD: u32 = 1 << 31;
const SERIAL: u32 = 40;

impl Packet {
    /// Returns the packet of this kind.
    pub const fn new(kind: u8, serial: u64, number: u64, nonces: [u64; 2]) -> Self {
        Self {
            errno: 0,
            padding: 0,
            ids: [0; 2],
            value: (kind as u64) << 56 | serial << SERIAL | number,
            more: nonces,
        }
    }

    /// Returns the packet of a word that asks for a reply.
    pub fn word(index: u32, proof: u32, bytes: &[u8]) -> Self {
        let mut whole = [0; 32];
        whole[..bytes.len()].copy_from_slice(bytes);
        let word = |at: usize| u64::from_ne_bytes(whole[at..at + 8].try_into().unwrap());
        Self {
            errno: IS_WORD | 1 << 30 | index,
            padding: proof,
            ids: [word(0) as u32, (word(0) >> 32) as u32],
            value: word(8),
            more: [word(16), word(24)],
        }
    }

    /// Returns the kind; `None` for a word.
    pub const fn kind(&self) -> Option<u8> {
        if self.errno & IS_WORD != 0 {
            return None;
        }
        Some((self.value >> 56) as u8)
    }

    /// Gives the serial another, in a packet of a kind that has one.
    pub fn relabel(&mut self, label: &dyn Fn(u8) -> u8) {
        let serial = label((self.value >> SERIAL) as u8);
        self.value = self.value & !(0xFF << SERIAL) | u64::from(serial) << SERIAL;
    }
}

/// The next action of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Move {
    /// The client sends.
    Send(Signal),
    /// The client waits.
    Wait(u64),
    /// The client ends.
    End(Ended),
}

/// The result of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ended {
    /// The server reported that the message is written.
    Delivered,
    /// The server reported that it does not know the transfer.
    Forgotten,
    /// The server rejected the message for its checksum, several times.
    Mismatch,
    /// Any other end.
    Broken,
}

/// The reaction of a server.
#[derive(Clone, Debug, Default)]
pub struct Reaction {
    /// The reply.
    pub reply: Option<Packet>,
    /// A complete message.
    pub complete: Option<Vec<u8>>,
    /// Whether a message was rejected.
    pub rejected: bool,
}
