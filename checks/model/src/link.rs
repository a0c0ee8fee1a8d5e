//! The ends of a link, independent of the copy of the wire code.

use std::fmt::Debug;
use std::hash::Hash;

/// A copy of the wire code.
pub trait Link: Clone + Debug + PartialEq + Eq + Hash + Send + Sync + 'static {
    /// The sending end.
    type Client: Client;
    /// The receiving end.
    type Server: Server;
}

/// The sending end of a link.
pub trait Client: Clone + Debug + Send + Sync {
    /// Returns the sender of `message` in a transfer with this tag.
    fn new(message: &'static [u8], tag: u16, timeout: u64, lane: Lane) -> Self;
    /// Returns what the sender does at `now`.
    fn poll(&mut self, now: u64) -> Move;
    /// Handles a signal of the server.
    fn receive(&mut self, now: u64, signal: Signal);
    /// Handles the refusal of the last signal, for which the kernel had no room.
    fn no_room(&mut self, now: u64);
    /// Returns the number of acknowledged bits.
    fn acknowledged(&self) -> u64;
    /// Returns the phase of the transfer.
    fn phase(&self) -> Phase;
    /// Returns, for a client that may send words, all state that decides its next action, without its clock.
    fn fingerprint(&self) -> u64;
}

/// The receiving end of a link.
pub trait Server: Clone + Debug + PartialEq + Eq + Hash + Send + Sync {
    /// Returns a receiver without state, which offers what a client in this lane may use.
    fn new(lane: Lane) -> Self;
    /// Handles a signal of a client.
    fn receive(&mut self, signal: Signal) -> Reaction;
    /// Starts to withhold answers.
    fn hold(&mut self);
    /// Stops withholding answers, and returns the one that was due.
    fn release(&mut self) -> Option<Signal>;
    /// Handles the end of the writing of the message of `tag`.
    fn settle(&mut self, tag: u16) -> Option<Signal>;
    /// Returns the tag of its present transfer.
    fn tag(&self) -> u16;
}

/// The lane of messages; hellos are always in bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Bits only: the server offers no words.
    Bits,
    /// Words only: the client does not fall back.
    Words,
    /// Words, with a fallback to bits if the question for words stays unanswered.
    Either,
}

/// The number of the real-time signal; 0 is SIGUSR1 and 1 is SIGUSR2.
pub const REAL_TIME: usize = 2;

/// A signal in flight: its number, its `si_value` if it has one, and its `si_errno`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Signal {
    /// Which of the three signals it is.
    pub number: usize,
    /// The content, of up to a word of 8 bytes.
    pub value: Option<u64>,
    /// The number of a word; 0 for other signals.
    pub errno: u32,
}

/// The phases of a transfer, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The hello on SIGUSR1.
    HelloZero,
    /// The hello on SIGUSR2.
    HelloOne,
    /// The question for words.
    HelloWords,
    /// The message in words.
    Words,
    /// The message in bits.
    Bits,
    /// The end of the transfer.
    Finished,
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
    /// Any other end.
    Broken,
}

/// The reaction of a server.
#[derive(Clone, Debug)]
pub struct Reaction {
    /// The answer.
    pub answer: Option<Signal>,
    /// A complete message.
    pub complete: Option<Vec<u8>>,
    /// Whether a message was rejected.
    pub rejected: bool,
}
