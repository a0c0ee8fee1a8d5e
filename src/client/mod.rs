//! Sends messages: finds the server, and drives any number of transfers at once, each of them a
//! [`FrameSender`](crate::wire::sender::FrameSender).

mod error;
mod foreign;
mod outgoing;
mod transfers;

use core::time::Duration;
use std::sync::Arc;
use std::vec::Vec;

use crate::ffi;
use crate::process::peer::Peer;
use crate::process::pid::Pid;
use crate::signal::set::{Signal, SignalSet};
use crate::wire::sender::Lane;

pub use error::SendError;
pub use foreign::{DialectOptions, send_as};
pub(crate) use outgoing::{Outgoing, Sent, Update};
pub(crate) use transfers::Transfers;

/// Returns the server `pid`, after a check that it handles SIGUSR1 and SIGUSR2 or waits for both: they kill a process that does
/// neither.
///
/// `skip_check` leaves out the check.
///
/// # Errors
/// Returns a [`SendError`] if the process does not exist, is this one, belongs to another user or does not handle the signals.
pub fn find(pid: Pid, skip_check: bool) -> Result<Arc<Peer>, SendError> {
    if pid == ffi::getpid() {
        return Err(SendError::Ourselves);
    }
    let peer = Peer::open(pid)?;
    peer.probe()?;
    if !skip_check {
        check(&peer)?;
    }
    Ok(Arc::new(peer))
}

/// Checks that `server` handles SIGUSR1 and SIGUSR2, or takes both without handlers, and returns whether it handles the real-time
/// signal too.
///
/// # Errors
/// Returns [`SendError::Refused`] if it does neither, and another [`SendError`] if it cannot be inspected.
pub fn check(server: &Peer) -> Result<bool, SendError> {
    check_for(server, SignalSet::BITS)
}

/// Checks that `server` handles or takes each of `signals`, and returns whether it handles the real-time signal too.
///
/// # Errors
/// Returns the same errors as [`check`].
pub fn check_for(server: &Peer, signals: SignalSet) -> Result<bool, SendError> {
    let look = server.inspect()?;
    if !look.may_signal(ffi::getuid()) {
        return Err(SendError::NotPermitted);
    }
    let survives = |signal| look.handles(signal) || look.takes(signal);
    if signals.iter().all(survives) {
        return Ok(look.handles(Signal::WORD));
    }
    Err(SendError::Refused {
        catches_everything: look.catches_everything(),
        name: look.name,
    })
}

/// Says how to send.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Limits how long the transfer may be without progress.
    pub timeout: Duration,
    /// Limits how long to wait for the reply to a request after its delivery.
    pub reply_timeout: Duration,
    /// Says how the message travels: in bits, in words, or as the server takes it.
    pub lane: Lane,
    /// Saves CPU time: sleeps for the answers to this message, on the server's CPU, instead of polling.
    ///
    /// An endpoint still polls for other messages, unless it has [`Builder::eco`](crate::Builder::eco).
    pub eco: bool,
    /// Signals even a process that does not seem to handle the signals, which kill it if it does not.
    ///
    /// Such a process is sent no words.
    pub skip_check: bool,
}

impl Default for Options {
    /// Returns a timeout of 5 seconds and of 30 for a reply, words where the server takes them, polling, and the check.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            reply_timeout: Duration::from_secs(30),
            lane: Lane::Auto,
            eco: false,
            skip_check: false,
        }
    }
}

/// Says how far a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Counts the bytes that the server has acknowledged.
    pub bytes: u64,
    /// Gives the message's length in bytes.
    pub of: u64,
    /// Counts the signals that were sent again.
    pub resent: u64,
    /// Gives the time since the first signal.
    pub elapsed: Duration,
}

/// Counts the signals of a transfer and measures its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Gives the message's length in bytes.
    pub bytes: usize,
    /// Counts the signals that were sent, repetitions included.
    pub signals: u64,
    /// Counts the signals that were sent again.
    pub resent: u64,
    /// Says whether the message travelled in words.
    pub in_words: bool,
    /// Says whether the server confirmed the message, which it does not in a dialect without acknowledgements.
    pub confirmed: bool,
    /// Gives the time from the first signal to the last reply.
    pub elapsed: Duration,
}

/// Describes a delivered message.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// The signals and the time of the transfer.
    pub report: Report,
    /// The reply, if the message was a request.
    pub reply: Option<Vec<u8>>,
}
