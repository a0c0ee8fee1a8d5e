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
    fn new(message: &'static [u8], tag: u16, timeout: u64) -> Self;
    /// What it does at `now`.
    fn poll(&mut self, now: u64) -> Move;
    /// Takes in a signal of the server.
    fn hear(&mut self, now: u64, signal: Signal);
    /// How many bits were acknowledged.
    fn acknowledged(&self) -> u64;
}

/// The receiving end.
pub trait Server: Clone + Debug + PartialEq + Eq + Hash + Send + Sync {
    /// One that knows nothing.
    fn new() -> Self;
    /// Takes in a signal of a client.
    fn hear(&mut self, signal: Signal) -> Reply;
    /// Withholds answers.
    fn hold(&mut self);
    /// No longer does, and gives the one that was due.
    fn release(&mut self) -> Option<Signal>;
    /// The message of `tag` was written.
    fn settle(&mut self, tag: u16) -> Option<Signal>;
    /// The transfer that it takes part in.
    fn tag(&self) -> u16;
}

/// A signal on its way: its number (0: SIGUSR1, 1: SIGUSR2) and its `si_value`, if it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Signal {
    /// Which of the two.
    pub number: usize,
    /// What it carries.
    pub value: Option<u64>,
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
pub struct Reply {
    /// The answer.
    pub answer: Option<Signal>,
    /// A message, and whether it came in a frame.
    pub complete: Option<(Vec<u8>, bool)>,
    /// Whether a message was rejected.
    pub rejected: bool,
}
