//! The ends of a link, whichever copy of the wire code they are from.

use std::fmt::Debug;
use std::hash::Hash;

/// A copy of the wire code.
pub trait Link: Clone + Debug + PartialEq + Eq + Hash + Send + Sync + 'static {
    /// Its sending end.
    type Client: Client;
    /// Its receiving end.
    type Server: Server;
}

/// The sending end.
pub trait Client: Clone + Debug + Send + Sync {
    /// A transfer of `message` named `tag`.
    fn new(message: &'static [u8], tag: u16, timeout: u64, lane: Lane) -> Self;
    /// What it does at `now`.
    fn poll(&mut self, now: u64) -> Move;
    /// Takes in a signal of the server.
    fn hear(&mut self, now: u64, signal: Signal);
    /// The kernel had no room for what it just sent.
    fn no_room(&mut self, now: u64);
    /// How many bits were acknowledged.
    fn acknowledged(&self) -> u64;
    /// How far it is.
    fn phase(&self) -> Phase;
    /// Of a client that may send words: all that decides what it does next, but for its clock.
    fn fingerprint(&self) -> u64;
}

/// The receiving end.
pub trait Server: Clone + Debug + PartialEq + Eq + Hash + Send + Sync {
    /// One that knows nothing, and offers what a client in this lane may use.
    fn new(lane: Lane) -> Self;
    /// Takes in a signal of a client.
    fn hear(&mut self, signal: Signal) -> Reaction;
    /// Withholds answers.
    fn hold(&mut self);
    /// No longer does, and gives the one that was due.
    fn release(&mut self) -> Option<Signal>;
    /// The message of `tag` was written.
    fn settle(&mut self, tag: u16) -> Option<Signal>;
    /// The transfer that it takes part in.
    fn tag(&self) -> u16;
}

/// How messages travel, their hellos apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// In bits; the server offers no words.
    Bits,
    /// In words; the client does not do without.
    Words,
    /// In words, and in bits if the question for words stays unanswered.
    Either,
}

/// The number of the real-time signal, beside 0 (SIGUSR1) and 1 (SIGUSR2).
pub const REAL_TIME: usize = 2;

/// A signal on its way: its number, its `si_value`, if it has one, and its `si_errno`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Signal {
    /// Which of the three.
    pub number: usize,
    /// What it carries. A word of 8 bytes fits.
    pub value: Option<u64>,
    /// The number of a word; 0 for all else.
    pub errno: u32,
}

/// The phases of a transfer, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The hello on SIGUSR1.
    HelloZero,
    /// The hello on SIGUSR2.
    HelloOne,
    /// The question for words.
    HelloWords,
    /// The message, in words.
    Words,
    /// The message, in bits.
    Bits,
    /// Over.
    Finished,
}

/// What a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Move {
    /// Sends.
    Send(Signal),
    /// Waits.
    Wait(u64),
    /// Ends.
    End(Ended),
}

/// How a transfer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ended {
    /// It was told that its message is written.
    Delivered,
    /// It was told that the server does not know it.
    Forgotten,
    /// Anything else.
    Broken,
}

/// What a server does.
#[derive(Clone, Debug)]
pub struct Reaction {
    /// The answer.
    pub answer: Option<Signal>,
    /// A message.
    pub complete: Option<Vec<u8>>,
    /// Whether a message was rejected.
    pub rejected: bool,
}
