//! Sends on the reliable link.
//!
//! A transfer opens with a hello. The server's reply brings its nonce, which goes back with the request that opens the
//! transfer. A stranger that names this process never sees it. Packets with other nonces belong to another transfer or another
//! process, and both ends ignore them (AS-18).
//!
//! **Words** (AS-30): where both ends have the real-time signal, the frame follows in words, a window of them in flight. They
//! queue in order, so only interference loses any: their numbers show it, and the sender goes back to the first that is
//! missing.
//!
//! **Bits** (AS-16): each carries its index, so several can be in flight (`bit_window.rs`).
//!
//! A message whose checksum does not match is sent again: in bits, if it was in words.

mod failure;
mod replies;
#[cfg(test)]
mod tests;
mod transmit;

use super::bit_window::BitWindow;
use super::control::{Arrived, Nonce, Nonces};
use super::frame::Frame;
use super::packet::{Channel, Packet};
use super::siphash::Key;
use super::time::{Duration, Instant};
use super::timer::RetryTimer;
use super::window::Window;
pub use failure::LinkFailure;

/// Sends one message; see the module's text.
#[derive(Clone, Debug)]
pub struct FrameSender<'m> {
    frame: Frame<'m>,
    /// The key of the client's nonces, and how many have been drawn with it.
    key: Key,
    drawn: u64,
    nonces: Nonces,
    lane: Lane,
    /// Whether hellos, and the bits' replies, travel on the real-time signal.
    is_queued: bool,
    phase: Phase,
    /// How the transfer ended, once it has.
    result: Option<Result<(), LinkFailure>>,
    timer: RetryTimer,
    /// The request that follows the last signal at once.
    next: Option<Next>,
    window: Window,
    /// Whether the sender has gone on after a reply without news, and there has been none since.
    has_gone_on: bool,
    /// The progress with which the server last let the client go on; `None` after a later transmission.
    permitted_at: Option<Arrived>,
    /// Whether bits are withheld that no timer sends.
    is_held: bool,
    /// Whether this end sleeps for each reply, on the CPU of the server.
    sleeps: bool,
    /// How often the transfer has begun again.
    restarts: u32,
    signals: u64,
    resent: u64,
}

/// Says how a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Sends words if the server takes them, otherwise bits.
    Auto,
    /// Sends bits, by SIGUSR1 and SIGUSR2 alone.
    Bit,
    /// Sends words, or nothing.
    Word,
}

/// Describes a signal to send now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Names the signal. Call [`FrameSender::handle_eagain`] if the kernel has no room for [`Channel::Realtime`].
    pub channel: Channel,
    /// Holds the content of the signal; `None`: none, as from `kill(2)`.
    pub packet: Option<Packet>,
    /// Says how many times in a row to send it.
    pub copies: u32,
}

/// Lists the phases of a transfer by the reply that each waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// The server's nonce.
    Hello,
    /// The first reply to the request that opens the transfer.
    Open,
    /// The end of the frame.
    Data,
}

/// Names a request that follows another signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Next {
    Hello,
    Open,
}

/// Limits the unanswered hellos on the real-time signal; then the sender goes on with the other two.
const MAX_QUEUED_HELLOS: u32 = 8;

/// Limits how often a transfer begins again: its checksum does not match, or the server has forgotten it.
const MAX_RESTARTS: u32 = 3;

/// Is the number of attempts of which the last repeats the hello instead.
const HELLO_EVERY: u32 = 4;

impl<'m> FrameSender<'m> {
    /// Returns a transfer of `frame` that fails after `timeout` without progress.
    ///
    /// The client's nonces are drawn with `key`, which must be secret and new for each transfer.
    pub fn new(frame: Frame<'m>, key: Key, timeout: Duration, lane: Lane) -> Self {
        let mut sender = Self {
            window: Window::Bits(BitWindow::new(frame.bits())),
            frame,
            key,
            drawn: 0,
            nonces: Nonces::default(),
            lane,
            is_queued: lane != Lane::Bit,
            phase: Phase::Hello,
            result: None,
            timer: RetryTimer::new(timeout),
            next: None,
            has_gone_on: false,
            permitted_at: None,
            is_held: false,
            sleeps: false,
            restarts: 0,
            signals: 0,
            resent: 0,
        };
        sender.draw();
        sender
    }

    /// Returns when to call [`poll_transmit`](Self::poll_transmit) again if no reply comes; `None` if never.
    pub const fn poll_timeout(&self) -> Option<Instant> {
        match self.result {
            Some(_) => None,
            None => self.timer.deadline,
        }
    }

    /// Returns the time without progress so far.
    pub const fn idle_time(&self) -> Duration {
        self.timer.idle_time
    }

    /// Returns how the transfer ended, once it has.
    pub const fn result(&self) -> Option<Result<(), LinkFailure>> {
        self.result
    }

    /// Sets whether this end sleeps for each reply, on the CPU of the server: to be called before the transfer is open.
    pub const fn set_sleeps(&mut self, sleeps: bool) {
        self.sleeps = sleeps;
    }

    /// Sets whether to withhold bits that no timer sends, until the transfer begins again: the other direction has its turn.
    pub const fn hold(&mut self, is_held: bool) {
        self.is_held = is_held;
    }

    /// Returns whether bits are withheld.
    pub const fn is_held(&self) -> bool {
        self.is_held
    }

    /// Returns the client's nonce, which names the transfer to the receiver of the message.
    pub const fn client_nonce(&self) -> Nonce {
        self.nonces.client
    }

    /// Returns the frame that is sent.
    pub const fn frame(&self) -> &Frame<'m> {
        &self.frame
    }

    /// Returns the bits of the frame that the server has acknowledged, of [`Frame::bits`] in all.
    pub fn acknowledged(&self) -> u64 {
        if self.result == Some(Ok(())) {
            return self.frame.bits();
        }
        self.window.acknowledged_bits().min(self.frame.bits())
    }

    /// Returns whether the message travels in words.
    pub const fn uses_words(&self) -> bool {
        matches!(self.window, Window::Words(..))
    }

    /// Returns whether the next signal may be the real-time signal.
    pub const fn uses_realtime(&self) -> bool {
        self.is_queued
    }

    /// Returns whether the reply is due within a round trip: nothing was repeated, and the server does not say to wait.
    pub const fn expects_reply(&self) -> bool {
        self.timer.expects_reply()
    }

    /// Returns whether nothing had to be repeated lately.
    pub const fn is_loss_free(&self) -> bool {
        self.timer.is_loss_free()
    }

    /// Returns the number of signals sent, repetitions included.
    pub const fn signals(&self) -> u64 {
        self.signals
    }

    /// Returns the number of repetitions among the signals sent.
    pub const fn resent(&self) -> u64 {
        self.resent
    }

    fn draw(&mut self) {
        self.nonces = Nonces::new(self.key.hash(&[self.drawn]), 0);
        self.drawn += 1;
    }

    /// Returns whether the whole message has been sent, so that the server may have delivered it.
    pub const fn is_all_sent(&self) -> bool {
        self.window.is_all_sent()
    }

    const fn finish(&mut self, result: Result<(), LinkFailure>) {
        self.result = Some(result);
    }
}
