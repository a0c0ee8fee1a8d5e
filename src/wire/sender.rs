//! The sending end of the reliable link: stop and wait, one bit in flight (AS-16).
//!
//! A transfer opens with a hello on each of the two signals. The kernel keeps at most one pending signal of a number, and
//! delivers those of one number in the order of sending, so once both hellos have been answered no older signal of this
//! PID can still be on its way: none can be counted in this transfer.
//!
//! Each bit is first sent bare, so that the kernel attests its sender. It has no number, and needs none: it is the only
//! one outstanding. Only if no answer comes is it sent again, on the same signal, with its index. The same signal
//! matters: the repetition merges with the original or comes after it, never before.

use core::fmt;

use super::Nanos;
use super::bits::Bit;
use super::control::{Answer, Ask, Status, Tag};
use super::decoder::Reason;
use super::frame::{Frame, TooLong, VERSION};
use super::pace::{Pace, copies};

/// What a wait may count for beyond its length. A client that was stopped for an hour has not waited for an hour.
const HICCUP: Nanos = 250_000_000;

/// Answers in a row without a repetition that make a calm.
const CALM: u32 = 64;

/// Sends one message; see the module's text.
#[derive(Clone, Debug)]
pub struct Sender<'m> {
    frame: Frame<'m>,
    tag: Tag,
    timeout: Nanos,
    phase: Phase,
    pace: Pace,
    attempt: u32,
    /// Attempts since the server was last heard.
    unheard: u32,
    sent_at: Nanos,
    deadline: Option<Nanos>,
    /// Time spent waiting since the server was last heard: see [`HICCUP`].
    silence: Nanos,
    /// Whether the server's last word was to wait.
    told_to_wait: bool,
    /// Answers in a row, up to [`CALM`], that came without a repetition.
    calm: u32,
    acknowledged: u64,
    signals: u64,
    resent: u64,
}

/// What the caller is to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send the signal for `bit`, with `value` if there is one, and poll again.
    Transmit {
        /// [`Bit::Zero`]: SIGUSR1, [`Bit::One`]: SIGUSR2.
        bit: Bit,
        /// The `si_value`; `None` for plain `kill` semantics.
        value: Option<u64>,
        /// How many times in a row.
        copies: u32,
    },
    /// Nothing until an answer comes or this moment is reached.
    Wait(Nanos),
    /// The transfer is over.
    Finished(Result<(), Failure>),
}

/// Why a transfer failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Failure {
    /// The server was silent for the whole timeout.
    Silent,
    /// The server will not deliver the message.
    Rejected(Reason),
    /// The server no longer knows the transfer; whether the message was delivered is unknown.
    Forgotten,
    /// The server's answer contradicts the protocol.
    Contradiction,
}

impl<'m> Sender<'m> {
    /// A transfer of `message` named `tag` (not 0, and not the one of this process's transfer before), which fails when the
    /// server has been silent for `timeout`.
    ///
    /// # Errors
    /// [`TooLong`] for a message that does not fit a frame.
    pub fn new(message: &'m [u8], tag: Tag, timeout: Nanos) -> Result<Self, TooLong> {
        Ok(Self {
            frame: Frame::new(message)?,
            tag,
            timeout,
            phase: Phase::HelloZero,
            pace: Pace::default(),
            attempt: 0,
            unheard: 0,
            sent_at: 0,
            deadline: None,
            silence: 0,
            told_to_wait: false,
            calm: CALM,
            acknowledged: 0,
            signals: 0,
            resent: 0,
        })
    }

    /// What to do at `now`. To be called until it returns [`Step::Wait`] or [`Step::Finished`].
    pub fn poll(&mut self, now: Nanos) -> Step {
        if let Phase::Finished(result) = self.phase {
            return Step::Finished(result);
        }
        match self.deadline {
            None => (self.attempt, self.unheard) = (0, 0),
            Some(deadline) if now < deadline => return Step::Wait(deadline),
            Some(_) => {
                let waited = now.saturating_sub(self.sent_at);
                let longest = self.pace.wait(self.attempt) + HICCUP;
                self.silence = self.silence.saturating_add(waited.min(longest));
                if self.silence >= self.timeout {
                    return self.finish(Err(Failure::Silent));
                }
                self.attempt = self.attempt.saturating_add(1);
                self.unheard = self.unheard.saturating_add(1);
                self.resent += u64::from(copies(self.unheard));
            }
        }
        self.signals += u64::from(copies(self.unheard));
        self.sent_at = now;
        self.deadline = Some(now.saturating_add(self.pace.wait(self.attempt)));
        self.transmission()
    }

    /// Takes in an answer of the server that came at `now`.
    pub fn answer(&mut self, now: Nanos, answer: Answer) {
        if answer.tag != self.tag {
            return;
        }
        let bits = self.frame.bits();
        match (self.phase, answer.status) {
            (Phase::Finished(_), _) => {}
            (_, Status::Rejected(reason)) => {
                self.finish(Err(Failure::Rejected(reason)));
            }
            // Nothing is out that this could answer: whoever sent it does not know how the transfer stands.
            (_, Status::Greeted | Status::Ok(_) | Status::Delivered(_))
                if self.deadline.is_none() => {}
            // Ok: the server had forgotten the transfer, and has meanwhile heard both hellos anew.
            (Phase::HelloZero, Status::Greeted | Status::Ok(0)) => {
                self.advance(now, Phase::HelloOne);
            }
            (Phase::HelloOne, Status::Ok(0)) => self.advance(now, Phase::Bit(0)),
            // The server forgot a transfer of which it has nothing yet.
            (Phase::HelloOne, Status::Reset) => self.advance(now, Phase::HelloZero),
            (Phase::HelloZero | Phase::HelloOne, Status::Wait(0)) => self.heard(),
            (Phase::Bit(i), Status::Ok(next)) if next == i + 1 && next < bits => {
                self.advance(now, Phase::Bit(next));
            }
            (Phase::Bit(i), Status::Wait(next)) if next == i || next == i + 1 => self.heard(),
            (Phase::Bit(i), Status::Delivered(next)) if next == i + 1 && next == bits => {
                self.acknowledged = bits;
                self.finish(Ok(()));
            }
            (Phase::Bit(_), Status::Reset) => {
                self.finish(Err(Failure::Forgotten));
            }
            (Phase::Bit(i), Status::Ok(next) | Status::Wait(next) | Status::Delivered(next))
                if next > i =>
            {
                self.finish(Err(Failure::Contradiction));
            }
            // An answer to a question asked twice, come again.
            _ => {}
        }
    }

    /// Bits of the frame that the server has acknowledged, of [`Frame::bits`] in all.
    #[must_use]
    pub const fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Whether the answer to what was just sent is a matter of one round trip: neither was it lost, nor are we to wait.
    #[must_use]
    pub const fn expects_an_answer(&self) -> bool {
        !self.told_to_wait && self.attempt == 0
    }

    /// Whether nothing had to be repeated of late.
    #[must_use]
    pub const fn is_calm(&self) -> bool {
        self.calm >= CALM
    }

    /// Signals sent, repetitions included.
    #[must_use]
    pub const fn signals(&self) -> u64 {
        self.signals
    }

    /// Repetitions among the signals sent.
    #[must_use]
    pub const fn resent(&self) -> u64 {
        self.resent
    }

    fn transmission(&self) -> Step {
        let hello = Ask::Hello {
            tag: self.tag,
            version: VERSION,
        };
        let (bit, ask) = match self.phase {
            Phase::HelloZero => (Bit::Zero, Some(hello)),
            Phase::HelloOne => (Bit::One, Some(hello)),
            Phase::Bit(index) => {
                let resend = Ask::Resend {
                    tag: self.tag,
                    index,
                };
                // Bit(index) is only entered for an index within the frame.
                let bit = self.frame.bit(index).unwrap_or(Bit::Zero);
                (bit, (self.attempt > 0).then_some(resend))
            }
            Phase::Finished(result) => return Step::Finished(result),
        };
        Step::Transmit {
            bit,
            value: ask.map(Ask::value),
            copies: copies(self.unheard),
        }
    }

    fn advance(&mut self, now: Nanos, phase: Phase) {
        if self.attempt == 0 {
            self.pace.sample(now.saturating_sub(self.sent_at));
            self.calm = (self.calm + 1).min(CALM);
        } else {
            self.calm = 0;
        }
        if let Phase::Bit(next) = phase {
            self.acknowledged = next;
        }
        self.silence = 0;
        self.told_to_wait = false;
        self.deadline = None;
        self.phase = phase;
    }

    /// The server is there, and tells us to wait.
    const fn heard(&mut self) {
        self.silence = 0;
        self.unheard = 0;
        self.told_to_wait = true;
    }

    fn finish(&mut self, result: Result<(), Failure>) -> Step {
        self.phase = Phase::Finished(result);
        Step::Finished(result)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// The hello on SIGUSR1 is out.
    HelloZero,
    /// The hello on SIGUSR2 is out.
    HelloOne,
    /// This bit is out.
    Bit(u64),
    Finished(Result<(), Failure>),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent => f.write_str("no progress before the timeout"),
            Self::Rejected(reason) => write!(f, "the server rejected the message: {reason}"),
            Self::Forgotten => f.write_str(
                "the server no longer knows this transfer; whether the message was delivered is unknown",
            ),
            Self::Contradiction => f.write_str("the server's answers contradict the protocol"),
        }
    }
}

impl core::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(sender: &mut Sender<'_>, status: Status) {
        sender.answer(0, Answer { tag: 7, status });
    }

    /// Otherwise a bit, or a hello, could be left out by answers that come too early.
    #[test]
    fn what_has_not_been_asked_is_not_answered() {
        let mut sender = Sender::new(b"", 7, u64::MAX).unwrap();
        hear(&mut sender, Status::Greeted);
        let step = sender.poll(0);
        assert!(
            matches!(
                step,
                Step::Transmit {
                    bit: Bit::Zero,
                    value: Some(_),
                    ..
                }
            ),
            "the first hello is still to be sent"
        );
        hear(&mut sender, Status::Greeted);
        sender.poll(0);
        hear(&mut sender, Status::Ok(0));
        hear(&mut sender, Status::Ok(1));
        assert_eq!(sender.acknowledged(), 0);
        sender.poll(0);
        hear(&mut sender, Status::Ok(1));
        assert_eq!(sender.acknowledged(), 1);
    }

    /// A hello that was on its way when the server forgot the transfer may open it again behind the client's back.
    #[test]
    fn a_server_that_has_heard_both_hellos_already_is_believed() {
        let mut sender = Sender::new(b"", 7, u64::MAX).unwrap();
        for status in [Status::Greeted, Status::Reset, Status::Ok(0), Status::Ok(0)] {
            sender.poll(0);
            hear(&mut sender, status);
        }
        let step = sender.poll(0);
        assert!(
            matches!(step, Step::Transmit { value: None, .. }),
            "{step:?}"
        );
    }
}
