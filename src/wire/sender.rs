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

use core::fmt;

use super::bit_window::{BitWindow, Transmission};
use super::bits::Bit;
use super::control::{Nonce, Nonces, Progress, Reply, Request, Status};
use super::frame::Frame;
use super::packet::{Channel, Packet};
use super::reason::Reason;
use super::receiver::VERSION;
use super::rtt::burst_len;
use super::siphash::Key;
use super::time::{Duration, Instant};
use super::timer::RetryTimer;
use super::window::Window;
use super::word::{SIZE, Word, proof};
use super::word_window::WordWindow;

/// Sends one message; see the module's text.
#[derive(Clone, Debug)]
pub struct FrameSender<'m> {
    frame: Frame<'m>,
    /// What the client's nonces are drawn with, and how many have been drawn.
    key: Key,
    drawn: u64,
    nonces: Nonces,
    lane: Lane,
    /// Whether hellos, and the bits' replies, travel on the real-time signal.
    is_queued: bool,
    phase: Phase,
    /// How the transfer ended, once it has.
    result: Option<Result<(), Failure>>,
    timer: RetryTimer,
    /// What follows the signal sent last, at once.
    next: Option<Next>,
    window: Window,
    /// Whether the sender has gone on after a reply without news, and there has been none since.
    has_gone_on: bool,
    /// What had come when the server last said to go on; `None` after a later transmission.
    permitted_at: Option<Progress>,
    /// Whether what no timer sends is withheld.
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

/// Says why a transfer failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Failure {
    /// There was no progress for the whole timeout.
    TimedOut,
    /// The server will not deliver the message.
    Rejected(Reason),
    /// The server no longer knows the transfer; whether the message was delivered is unknown.
    Forgotten,
    /// The server's reply contradicts the protocol.
    Contradiction,
    /// The server takes no words, and the message was to be sent in words only.
    NoWords,
}

/// Says what a transfer waits for.
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
    /// The client's nonces are drawn with `key`, which nobody else knows and no other transfer has.
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

    /// Returns what to send at `now`; to be called until it returns `None`.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Transmit> {
        if let Window::Words(window, _) = &mut self.window {
            // Of a hello that is refused later, the window knows nothing.
            window.count_sent();
        }
        if self.result.is_some() {
            return None;
        }
        if let Some(next) = self.next.take() {
            let transmit = match next {
                Next::Hello => self.hello(),
                Next::Open => self.open(),
            };
            return Some(self.counted(transmit));
        }
        if self.phase != Phase::Data && !self.timer.is_running() {
            self.timer.start(now);
            return Some(self.repeat());
        }
        if !self.timer.is_expired(now) {
            return self.send_data(now);
        }
        if !self.timer.next_attempt(now) {
            self.finish(Err(Failure::TimedOut));
            return None;
        }
        self.fall_back_to_bits();
        self.timer.start(now);
        Some(self.repeat())
    }

    /// Returns when to call [`poll_transmit`](Self::poll_transmit) again if no reply comes; `None` if never.
    pub const fn poll_timeout(&self) -> Option<Instant> {
        match self.result {
            Some(_) => None,
            None => self.timer.deadline(),
        }
    }

    /// Returns the time without progress so far.
    pub const fn idle_time(&self) -> Duration {
        self.timer.idle_time()
    }

    /// Returns how the transfer ended, once it has.
    pub const fn result(&self) -> Option<Result<(), Failure>> {
        self.result
    }

    /// Takes in that the kernel had no room for the last signal (EAGAIN).
    pub fn handle_eagain(&mut self, now: Instant) {
        if let (Phase::Data, Window::Words(window, _)) = (self.phase, &mut self.window) {
            window.on_eagain();
        }
        self.next = None;
        self.timer.handle_eagain(now);
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

    /// Takes in a reply of the server that came at `now`.
    pub fn handle_reply(&mut self, reply: Reply, now: Instant) {
        if reply.nonces.client != self.nonces.client || self.result.is_some() {
            return;
        }
        match (self.phase, reply.status) {
            (_, Status::Greeted { words }) => self.handle_greeting(reply.nonces, words, now),
            (_, Status::Rejected(reason)) => {
                let failure = Failure::Rejected(reason);
                // What a stranger put into the words, a length too, cannot get into the bits.
                let may_be_foreign = reason == Reason::TooLong && self.uses_words();
                if reason != Reason::Checksum && !may_be_foreign {
                    return self.finish(Err(failure));
                }
                if self.lane == Lane::Auto {
                    self.lane = Lane::Bit;
                }
                self.restart(now, failure);
            }
            (Phase::Hello, _) => {}
            (Phase::Open | Phase::Data, Status::Delivered(next)) => {
                let is_end = next == self.window.end() && self.is_all_sent();
                self.finish(if is_end {
                    Ok(())
                } else {
                    Err(Failure::Contradiction)
                });
            }
            (Phase::Open | Phase::Data, Status::Ok(progress)) => {
                self.handle_progress(progress, false, now);
            }
            (Phase::Open | Phase::Data, Status::Wait(progress)) => {
                self.handle_progress(progress, true, now);
            }
        }
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

    /// Returns what to send first, or after a time without a reply.
    fn repeat(&mut self) -> Transmit {
        let attempt = self.timer.attempt;
        // A server that has forgotten the transfer ignores all that belongs to it, but greets.
        let is_hello = attempt > 0 && attempt % HELLO_EVERY == 0;
        match self.phase {
            Phase::Open | Phase::Data if !is_hello => self.go_back(),
            _ => self.say_hello(),
        }
    }

    /// Returns the hello, or the bare signal that goes before it where it queues: only a bare signal is attested.
    fn say_hello(&mut self) -> Transmit {
        let mut hello = self.hello();
        if self.is_queued {
            self.next = Some(Next::Hello);
            hello.packet = None;
        }
        self.counted(hello)
    }

    fn hello(&self) -> Transmit {
        let hello = Request::Hello {
            client: self.nonces.client,
            version: VERSION,
        };
        self.request(self.channel(), hello)
    }

    /// Returns the signal for a hello or an open. It changes with the attempt: a storm of strays may swallow all of one number.
    const fn channel(&self) -> Channel {
        let attempt = self.timer.attempt;
        match (attempt ^ (attempt / HELLO_EVERY)) % 2 {
            _ if self.is_queued => Channel::Realtime,
            0 => Channel::Usr1,
            _ => Channel::Usr2,
        }
    }

    fn request(&self, channel: Channel, request: Request) -> Transmit {
        Transmit {
            channel,
            packet: Some(request.packet()),
            // What queues is not swallowed, so one copy is enough.
            copies: match channel {
                Channel::Realtime => 1,
                _ => burst_len(self.timer.unanswered),
            },
        }
    }

    fn counted(&mut self, transmit: Transmit) -> Transmit {
        self.permitted_at = None;
        self.signals += u64::from(transmit.copies);
        if self.timer.attempt > 0 {
            self.resent += u64::from(transmit.copies);
        }
        transmit
    }

    fn send_data(&mut self, now: Instant) -> Option<Transmit> {
        if self.phase != Phase::Data || self.timer.is_paused || self.timer.attempt > 0 {
            return None;
        }
        if self.is_held {
            return None;
        }
        let transmit = match &mut self.window {
            Window::Bits(window) => {
                let frame = &self.frame;
                let bit = |index| frame.bit(index).unwrap_or(Bit::Zero);
                let transmission = window.send(bit)?;
                self.resent += u64::from(transmission.is_repeated);
                self.bit(transmission)
            }
            Window::Words(window, _) => {
                let (index, wants_reply) = window.send()?;
                self.word(index, wants_reply)
            }
        };
        if !self.timer.is_running() {
            self.timer.start(now);
        }
        Some(self.counted(transmit))
    }

    /// Returns the first bit or word that is not known to have come, or the request to open the transfer if that is not.
    fn go_back(&mut self) -> Transmit {
        let transmit = match &mut self.window {
            Window::Bits(_) if self.phase == Phase::Open => self.open(),
            Window::Bits(window) => {
                let transmission = window.rewind();
                self.bit(transmission)
            }
            Window::Words(window, true) => {
                let index = window.rewind();
                self.word(index, true)
            }
            Window::Words(window, false) => {
                window.restart();
                self.open()
            }
        };
        self.counted(transmit)
    }

    fn open(&self) -> Transmit {
        let open = Request::Open {
            nonces: self.nonces,
            in_words: self.uses_words(),
            sleeps: self.sleeps,
        };
        self.request(self.channel(), open)
    }

    fn bit(&self, transmission: Transmission) -> Transmit {
        let Transmission {
            index,
            serial,
            wants_reply,
            ..
        } = transmission;
        let request = Request::Bit {
            nonces: self.nonces,
            index,
            serial,
            wants_reply,
        };
        let channel = match self.frame.bit(index) {
            Some(Bit::One) => Channel::Usr2,
            _ => Channel::Usr1,
        };
        self.request(channel, request)
    }

    fn word(&self, index: u32, wants_reply: bool) -> Transmit {
        let mut bytes = [0; SIZE];
        self.frame.copy(index as usize * SIZE, &mut bytes);
        let word = Word {
            index,
            wants_reply,
            proof: proof(self.nonces.server),
            bytes,
        };
        self.request(Channel::Realtime, Request::Word(word))
    }

    fn handle_greeting(&mut self, nonces: Nonces, words: bool, now: Instant) {
        match self.phase {
            Phase::Hello => {}
            // A second reply to a repeated hello.
            _ if nonces == self.nonces && !self.is_forgotten(words) => return,
            // The message may have been complete.
            Phase::Data if self.is_all_sent() => return self.finish(Err(Failure::Forgotten)),
            _ => return self.restart(now, Failure::Contradiction),
        }
        let len = self.frame.bytes().div_ceil(SIZE);
        let in_words = match (self.lane, u32::try_from(len)) {
            (Lane::Auto | Lane::Word, Ok(len)) if words && self.is_queued => Some(len),
            (Lane::Word, _) => return self.finish(Err(Failure::NoWords)),
            _ => None,
        };
        self.nonces = nonces;
        self.frame.seal(nonces);
        self.window = match in_words {
            Some(len) => Window::Words(WordWindow::new(len), false),
            None => Window::Bits(match BitWindow::new(self.frame.bits()) {
                window if self.sleeps => window.in_pairs(),
                window => window,
            }),
        };
        self.advance(now, Phase::Open);
        if in_words.is_some() {
            // What is queued behind the request finds the transfer open.
            self.next = Some(Next::Open);
            self.phase = Phase::Data;
        }
    }

    /// Returns whether a greeting with the nonce of this transfer shows that the server has forgotten it.
    ///
    /// A server greets before the transfer is open, and such a greeting has come long before a hello is repeated.
    const fn is_forgotten(&self, words: bool) -> bool {
        let is_open = match (self.phase, &self.window) {
            (Phase::Data, Window::Words(_, is_open)) => *is_open || !words,
            (Phase::Data, Window::Bits(_)) => true,
            _ => false,
        };
        is_open && self.timer.attempt >= HELLO_EVERY
    }

    fn handle_progress(&mut self, progress: Progress, is_wait: bool, now: Instant) {
        if self.phase == Phase::Open {
            self.advance(now, Phase::Data);
        }
        let news = self.window.acknowledge(progress);
        let come = Some(progress).filter(|_| !self.uses_words());
        match news {
            None => self.finish(Err(Failure::Contradiction)),
            // Of two pending signals the lower number comes first, so it is older. If not, the server says it again.
            Some(_) if is_wait && come.is_some() && self.permitted_at == come => {}
            Some(_) if is_wait => self.timer.pause(now),
            Some(is_news) => {
                self.permitted_at = come;
                self.go_on(is_news, now);
            }
        }
    }

    /// Goes on after the server said what has come; `is_news` is whether more has come than it said before.
    fn go_on(&mut self, is_news: bool, now: Instant) {
        let is_first = self.timer.attempt > 0 && !self.has_gone_on;
        if is_news {
            self.timer.handle_reply(now);
            self.timer.progress();
            self.has_gone_on = false;
        } else if self.timer.is_paused || is_first || !self.uses_words() {
            // Going on from there once is enough: a repeated word is one that the server could have taken.
            self.has_gone_on = true;
            self.timer.count_idle(now);
            if self.timer.is_over() {
                return self.finish(Err(Failure::TimedOut));
            }
        } else {
            return;
        }
        self.timer.stop();
        if self.window.has_in_flight() || self.acknowledged() == self.frame.bits() {
            self.timer.start(now);
        }
    }

    /// Goes on without the real-time signal if the server does not reply on it.
    fn fall_back_to_bits(&mut self) {
        let is_vain = self.phase == Phase::Hello && self.timer.unanswered >= MAX_QUEUED_HELLOS;
        if is_vain && self.is_queued && self.lane == Lane::Auto {
            self.is_queued = false;
            self.draw();
            self.timer.restart_attempts();
        }
    }

    fn advance(&mut self, now: Instant, phase: Phase) {
        self.timer.handle_reply(now);
        self.timer.progress();
        self.timer.stop();
        self.has_gone_on = false;
        self.phase = phase;
    }

    /// Begins again under another nonce, or fails if that has been in vain too often.
    fn restart(&mut self, now: Instant, failure: Failure) {
        if self.restarts == MAX_RESTARTS {
            return self.finish(Err(failure));
        }
        self.restarts += 1;
        self.is_held = false;
        self.draw();
        self.next = None;
        self.advance(now, Phase::Hello);
    }

    fn draw(&mut self) {
        self.nonces = Nonces {
            client: self.key.hash(&[self.drawn]),
            server: 0,
        };
        self.drawn += 1;
    }

    /// Returns whether the whole message has been sent, so that the server may have delivered it.
    pub const fn is_all_sent(&self) -> bool {
        self.window.is_all_sent()
    }

    const fn finish(&mut self, result: Result<(), Failure>) {
        self.result = Some(result);
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("no progress before the timeout"),
            Self::Rejected(reason) => write!(f, "the server rejected the message: {reason}"),
            Self::Forgotten => f.write_str(
                "the server no longer knows this transfer; whether the message was delivered is unknown",
            ),
            Self::NoWords => f.write_str("the server does not take words"),
            Self::Contradiction => f.write_str("the server's answers contradict the protocol"),
        }
    }
}

impl core::error::Error for Failure {}

#[cfg(test)]
mod tests;
