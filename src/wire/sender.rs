//! The sending end of the reliable link.
//!
//! A transfer opens with a hello on each of the two signals. The kernel keeps at most one pending signal of a number, and
//! delivers those of one number in the order of sending. So once both hellos have been answered, no older signal of this PID
//! can still be on its way: none can be counted in this transfer.
//!
//! **Bits** (AS-16): stop and wait, one in flight. Each bit is first sent bare, so that the kernel attests its sender. It
//! needs no number, since no other bit is outstanding. Only if no reply comes is it sent again, with its index and on the
//! same signal: so the repetition merges with the original or comes after it, never before.
//!
//! **Words** (AS-30): where the server offers them, a request on the real-time signal does for words what the hellos do for
//! bits; then the frame follows in words, a window of them in flight. They queue in order, so only interference loses any:
//! their numbers show it, and the sender goes back to the first that is missing.

use core::fmt;

use super::bits::Bit;
use super::control::{Reply, Request, STATUS_ONLY, Status, Tag};
use super::frame::{Frame, TooLong, VERSION};
use super::reason::Reason;
use super::rtt::burst_len;
use super::time::{Duration, Instant};
use super::timer::RetryTimer;
use super::window::SendWindow;
use super::word::{MAX_SIZE, MIN_SIZE, Word};

/// Sends one message; see the module's text.
#[derive(Clone, Debug)]
pub struct FrameSender<'m> {
    frame: Frame<'m>,
    tag: Tag,
    lane: Lane,
    phase: Phase,
    timer: RetryTimer,
    /// Bytes in a word; 0 until, or unless, the server offers words.
    size: u8,
    window: SendWindow,
    /// How far the transfer has ever been: see [`Phase::rank`].
    furthest: u64,
    /// How often the server's replies have led back since the last progress.
    restarts: u32,
    acknowledged: u64,
    signals: u64,
    resent: u64,
}

/// How a message travels after its hellos.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// In words if the server takes them, otherwise in bits. Even the shortest frame, of 80 bits, gains by words.
    Auto,
    /// In bits.
    Bit,
    /// In words, or not at all.
    Word,
}

/// What to send now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transmit {
    /// One of the two standard signals.
    Signal {
        /// [`Bit::Zero`]: SIGUSR1, [`Bit::One`]: SIGUSR2.
        bit: Bit,
        /// The `si_value`; `None` for plain `kill` semantics.
        value: Option<u64>,
        /// How many times in a row.
        copies: u32,
    },
    /// The real-time signal; call [`FrameSender::handle_eagain`] if the kernel has no room for it.
    Word(Word),
}

/// Why a transfer failed.
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

/// Unanswered requests for the word lane after which the sender falls back to bits.
const MAX_WORDS_REQUESTS: u32 = 8;

impl<'m> FrameSender<'m> {
    /// Returns a transfer of `message` that fails after `timeout` without progress.
    ///
    /// `tag` is neither 0 nor the tag of this process's transfer before.
    ///
    /// # Errors
    /// [`TooLong`] for a message that does not fit a frame.
    pub fn new(
        message: &'m [u8],
        tag: Tag,
        timeout: Duration,
        lane: Lane,
    ) -> Result<Self, TooLong> {
        Ok(Self {
            frame: Frame::new(message)?,
            tag,
            lane,
            phase: Phase::HelloZero,
            timer: RetryTimer::new(timeout),
            size: 0,
            window: SendWindow::new(0),
            furthest: 0,
            restarts: 0,
            acknowledged: 0,
            signals: 0,
            resent: 0,
        })
    }

    /// Returns what to send at `now`; to be called until it returns `None`.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Transmit> {
        match self.phase {
            Phase::Finished(_) => return None,
            Phase::Words => return self.poll_word(now),
            _ => {}
        }
        if self.timer.is_running() {
            if !self.timer.is_expired(now) || !self.next_attempt(now) {
                return None;
            }
            if self.phase == Phase::WordsRequest
                && self.timer.unanswered >= MAX_WORDS_REQUESTS
                && self.lane == Lane::Auto
            {
                // The server replies on the other signals, and not on this one.
                self.phase = Phase::Bit(0);
                self.timer.restart_attempts();
            }
        }
        self.timer.start(now);
        Some(self.transmission())
    }

    /// Returns when to call [`poll_transmit`](Self::poll_transmit) again if no reply comes; `None` if never.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Instant> {
        match self.phase {
            Phase::Finished(_) => None,
            _ => self.timer.deadline(),
        }
    }

    /// Returns how the transfer ended, once it has.
    #[must_use]
    pub const fn result(&self) -> Option<Result<(), Failure>> {
        match self.phase {
            Phase::Finished(result) => Some(result),
            _ => None,
        }
    }

    /// Takes in that the kernel had no room for the last word (EAGAIN).
    pub fn handle_eagain(&mut self, now: Instant) {
        if self.phase == Phase::Words {
            self.window.on_eagain();
            self.timer.handle_eagain(now);
        }
    }

    /// Takes in a reply of the server that came at `now`.
    pub fn handle_reply(&mut self, reply: Reply, now: Instant) {
        if reply.tag != self.tag {
            return;
        }
        match (self.phase, reply.status) {
            (Phase::Finished(_), _) => {}
            (Phase::Bit(index), status) => self.handle_bit_status(index, status, now),
            (Phase::Words, status) => self.handle_word_status(status, now),
            (_, Status::Rejected(reason)) => self.finish(Err(Failure::Rejected(reason))),
            // Nothing is out, so this replies to something that was not sent.
            (_, status) if !self.timer.is_running() && !matches!(status, Status::Reset) => {}
            (Phase::HelloZero, Status::Greeted { words }) => {
                self.size = match usize::from(words) {
                    MIN_SIZE..=MAX_SIZE => words,
                    _ => 0,
                };
                self.advance(now, Phase::HelloOne);
            }
            // The server forgot the transfer, and has taken both hellos again meanwhile, or the request for words too.
            (Phase::HelloZero, Status::Ok(0) | Status::Words(0)) => {
                self.advance(now, Phase::HelloOne);
            }
            (Phase::HelloOne, Status::Ok(0) | Status::Words(0)) => self.open_lane(now),
            (Phase::WordsRequest, Status::Words(0)) => self.advance(now, Phase::Words),
            // The server forgot a transfer of which it has nothing yet.
            (Phase::HelloOne | Phase::WordsRequest, Status::Reset) => self.restart(now),
            (_, Status::Wait(0)) => self.timer.pause(now),
            // A second reply to a repeated request.
            _ => {}
        }
    }

    /// Returns the bits of the frame that the server has acknowledged, of [`Frame::bits`] in all.
    #[must_use]
    pub fn acknowledged(&self) -> u64 {
        let in_words = u64::from(self.window.acknowledged()) * 8 * u64::from(self.size);
        self.acknowledged.max(in_words.min(self.frame.bits()))
    }

    /// Returns whether the message travels in words.
    #[must_use]
    pub const fn uses_words(&self) -> bool {
        matches!(self.phase, Phase::WordsRequest | Phase::Words) || self.window.acknowledged() > 0
    }

    /// Returns whether the reply is due within a round trip: nothing was repeated, and the server does not say to wait.
    #[must_use]
    pub const fn expects_reply(&self) -> bool {
        self.timer.expects_reply()
    }

    /// Returns whether nothing had to be repeated lately.
    #[must_use]
    pub const fn is_loss_free(&self) -> bool {
        self.timer.is_loss_free()
    }

    /// Returns the number of signals sent, repetitions included.
    #[must_use]
    pub const fn signals(&self) -> u64 {
        self.signals
    }

    /// Returns the number of repetitions among the signals sent.
    #[must_use]
    pub const fn resent(&self) -> u64 {
        self.resent
    }

    /// Returns what the phase, which is neither of words nor over, sends, and counts it.
    fn transmission(&mut self) -> Transmit {
        let tag = self.tag;
        let is_repeated = self.timer.attempt > 0;
        let hello = Request::Hello {
            tag,
            version: VERSION,
        };
        let (bit, request) = match self.phase {
            Phase::HelloZero => (Bit::Zero, Some(hello)),
            Phase::HelloOne => (Bit::One, Some(hello)),
            Phase::Bit(index) => {
                // The index is within the frame: `handle_reply` advances no further.
                let bit = self.frame.bit(index).unwrap_or(Bit::Zero);
                (bit, is_repeated.then_some(Request::Resend { tag, index }))
            }
            Phase::WordsRequest | Phase::Words | Phase::Finished(_) => {
                // What queues is not swallowed, so one copy is enough.
                self.count(1, is_repeated);
                let size = self.size;
                return Transmit::Word(Word::from_request(Request::Words { tag, size }));
            }
        };
        let copies = burst_len(self.timer.unanswered);
        self.count(copies, is_repeated);
        Transmit::Signal {
            bit,
            value: request.map(Request::value),
            copies,
        }
    }

    fn poll_word(&mut self, now: Instant) -> Option<Transmit> {
        if self.timer.is_expired(now) {
            if !self.next_attempt(now) {
                return None;
            }
            self.timer.start(now);
            if self.timer.attempt % 2 == 0 {
                // A word does not say whose it is: a server that has forgotten the transfer ignores it.
                self.count(1, true);
                let (tag, size) = (self.tag, STATUS_ONLY);
                return Some(Transmit::Word(Word::from_request(Request::Words {
                    tag,
                    size,
                })));
            }
            let index = self.window.rewind();
            return Some(self.word(index, true, true));
        }
        if self.timer.attempt > 0 || self.timer.is_paused {
            return None;
        }
        let (index, wants_reply) = self.window.send()?;
        if !self.timer.is_running() {
            self.timer.start(now);
        }
        Some(self.word(index, wants_reply, false))
    }

    fn word(&mut self, index: u32, wants_reply: bool, is_repeated: bool) -> Transmit {
        self.count(1, is_repeated);
        let size = usize::from(self.size).min(MAX_SIZE);
        let mut bytes = [0; MAX_SIZE];
        self.frame.copy(index as usize * size, &mut bytes[..size]);
        Transmit::Word(Word::data(index, wants_reply, bytes))
    }

    fn count(&mut self, copies: u32, is_repeated: bool) {
        self.signals += u64::from(copies);
        if is_repeated {
            self.resent += u64::from(copies);
        }
    }

    /// Chooses the lane, once both hellos have been answered.
    fn open_lane(&mut self, now: Instant) {
        let words = match self.size {
            0 => None,
            size => self.frame.bytes().div_ceil(size.into()).try_into().ok(),
        };
        match (self.lane, words) {
            (Lane::Auto | Lane::Word, Some(words)) => {
                self.window = SendWindow::new(words);
                self.advance(now, Phase::WordsRequest);
            }
            (Lane::Word, None) => self.finish(Err(Failure::NoWords)),
            (Lane::Auto | Lane::Bit, _) => self.advance(now, Phase::Bit(0)),
        }
    }

    fn handle_bit_status(&mut self, index: u64, status: Status, now: Instant) {
        let bits = self.frame.bits();
        match status {
            Status::Rejected(reason) => self.finish(Err(Failure::Rejected(reason))),
            Status::Reset => self.finish(Err(Failure::Forgotten)),
            // Nothing is out, as in `handle_reply`.
            _ if !self.timer.is_running() => {}
            Status::Ok(next) if next == index + 1 && next < bits => {
                self.advance(now, Phase::Bit(next));
            }
            Status::Wait(next) if next == index || next == index + 1 => self.timer.pause(now),
            Status::Delivered(next) if next == index + 1 && next == bits => {
                self.acknowledged = bits;
                self.finish(Ok(()));
            }
            Status::Ok(next) | Status::Wait(next) | Status::Delivered(next) if next > index => {
                self.finish(Err(Failure::Contradiction));
            }
            // A second reply to a repeated bit.
            _ => {}
        }
    }

    fn handle_word_status(&mut self, status: Status, now: Instant) {
        match status {
            Status::Words(next) | Status::Wait(next) => {
                let next = u32::try_from(next).ok();
                match next.and_then(|next| self.window.acknowledge(next)) {
                    None => self.finish(Err(Failure::Contradiction)),
                    Some(_) if matches!(status, Status::Wait(_)) => self.timer.pause(now),
                    Some(is_news) => self.handle_words_taken(is_news, now),
                }
            }
            Status::Delivered(next) if next == u64::from(self.window.end()) => {
                self.window.acknowledge(self.window.end());
                self.acknowledged = self.frame.bits();
                self.finish(Ok(()));
            }
            Status::Delivered(_) => self.finish(Err(Failure::Contradiction)),
            Status::Rejected(reason) => self.finish(Err(Failure::Rejected(reason))),
            Status::Reset => self.finish(Err(Failure::Forgotten)),
            // Late replies to the hellos.
            Status::Greeted { .. } | Status::Ok(_) => {}
        }
    }

    /// Goes on after the server said which word is due; `is_news` is whether it has taken more than it said before.
    fn handle_words_taken(&mut self, is_news: bool, now: Instant) {
        if is_news {
            self.timer.progress();
            self.restarts = 0;
        } else if self.timer.is_paused || self.timer.attempt > 0 && self.restarts == 0 {
            // Going on from there once is enough: the repetition is a word too, which the server could have taken.
            self.restarts = 1;
        } else {
            return;
        }
        self.timer.stop();
        let is_all_sent = self.window.acknowledged() == self.window.end();
        if self.window.in_flight() > 0 || is_all_sent {
            self.timer.start(now);
        }
    }

    /// Counts an attempt, since the time for a reply has passed; returns whether to go on.
    fn next_attempt(&mut self, now: Instant) -> bool {
        let goes_on = self.timer.next_attempt(now);
        if !goes_on {
            self.finish(Err(Failure::TimedOut));
        }
        goes_on
    }

    fn advance(&mut self, now: Instant, phase: Phase) {
        self.timer.handle_reply(now);
        if let Phase::Bit(next) = phase {
            self.acknowledged = next;
        }
        if phase.rank() > self.furthest {
            self.furthest = phase.rank();
            self.timer.progress();
            self.restarts = 0;
        } else {
            // It has been here before: a reply that leads in a circle is no progress.
            self.timer.count_idle(now);
        }
        self.timer.stop();
        self.phase = phase;
    }

    /// Begins the transfer again: at once the first time, later the more slowly the more often it was in vain.
    fn restart(&mut self, now: Instant) {
        self.advance(now, Phase::HelloZero);
        if self.restarts > 0 {
            self.timer.attempt = self.restarts;
            self.timer.start(now);
        }
        self.restarts = self.restarts.saturating_add(1);
    }

    const fn finish(&mut self, result: Result<(), Failure>) {
        self.phase = Phase::Finished(result);
    }
}

/// The phases of a transfer, each named after what is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// The hello on SIGUSR1.
    HelloZero,
    /// The hello on SIGUSR2.
    HelloOne,
    /// The request for the word lane.
    WordsRequest,
    /// Words.
    Words,
    /// This bit.
    Bit(u64),
    /// Nothing any longer.
    Finished(Result<(), Failure>),
}

impl Phase {
    /// Returns a number that grows from phase to phase.
    const fn rank(self) -> u64 {
        match self {
            Self::HelloZero => 0,
            Self::HelloOne => 1,
            Self::WordsRequest => 2,
            Self::Words => 3,
            Self::Bit(index) => 4 + index,
            Self::Finished(_) => u64::MAX,
        }
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
