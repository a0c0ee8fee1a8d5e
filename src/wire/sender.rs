//! The sending end of the reliable link.
//!
//! A transfer opens with a hello on each of the two signals. The kernel keeps at most one pending signal of a number, and
//! delivers those of one number in the order of sending, so once both hellos have been answered no older signal of this
//! PID can still be on its way: none can be counted in this transfer.
//!
//! **Bits** (AS-16): stop and wait, one in flight. Each bit is first sent bare, so that the kernel attests its sender. It
//! has no number, and needs none: it is the only one outstanding. Only if no answer comes is it sent again, on the same
//! signal, with its index. The same signal matters: the repetition merges with the original or comes after it, never
//! before.
//!
//! **Words** (AS-30): where the server offers them, a third question, on the real-time signal, is what the hellos are for
//! the bits; then the frame follows in words, a window of them under way. They queue in order, so nothing is lost but by
//! interference: their numbers show it, and the sender goes back to the first that is missing.

use core::fmt;

use super::Nanos;
use super::bits::Bit;
use super::control::{Answer, Ask, STANDING, Status, Tag};
use super::decoder::Reason;
use super::frame::{Frame, TooLong, VERSION};
use super::rtt::{Pace, SHORTEST, WAITING, copies};
use super::window::Flight;
use super::word::{LEAST, MOST, Word};

/// What a wait may count for beyond its length.
const HICCUP: Nanos = 250_000_000;

/// Answers in a row without a repetition that make a calm.
const CALM: u32 = 64;

/// Sends one message; see the module's text.
#[derive(Clone, Debug)]
pub struct Sender<'m> {
    frame: Frame<'m>,
    tag: Tag,
    timeout: Nanos,
    lane: Lane,
    /// Bytes in a word; 0 while, or if, the server offers none.
    size: u8,
    flight: Flight,
    phase: Phase,
    pace: Pace,
    attempt: u32,
    /// Attempts since the server was last heard.
    unheard: u32,
    sent_at: Nanos,
    deadline: Option<Nanos>,
    /// Time spent since the last progress, in waits that count for no more than [`HICCUP`] says. Progress is a phase, a bit or a
    /// word that the transfer had not reached before, or that the server says to wait.
    silence: Nanos,
    /// How far the transfer has ever been: see [`Phase::rank`].
    furthest: u64,
    /// How often the server's answers have led back since the last progress.
    restarts: u32,
    /// Whether the server's last word was to wait.
    told_to_wait: bool,
    /// Answers in a row, up to [`CALM`], that came without a repetition.
    calm: u32,
    acknowledged: u64,
    signals: u64,
    resent: u64,
}

/// How a message is to travel, its hellos apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// In words if the server takes them, otherwise in bits. Every message gains by words: the shortest frame has 80 bits.
    Auto,
    /// In bits.
    Bit,
    /// In words, or not at all.
    Word,
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
    /// Send this on the real-time signal, say so by [`Sender::no_room`] if the kernel has no room for it, and poll again.
    Queue(Word),
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
    /// The server takes no words, and the message was to be sent in words only.
    NoWords,
}

/// Times that the question for the word lane is asked in vain, and not even answered by "wait", before bits have to do.
const WORD_ATTEMPTS: u32 = 8;

impl<'m> Sender<'m> {
    /// A transfer of `message` named `tag` (not 0, and not the one of this process's transfer before), which fails when the
    /// server has been silent for `timeout`.
    ///
    /// # Errors
    /// [`TooLong`] for a message that does not fit a frame.
    pub fn new(message: &'m [u8], tag: Tag, timeout: Nanos, lane: Lane) -> Result<Self, TooLong> {
        Ok(Self {
            frame: Frame::new(message)?,
            tag,
            timeout,
            lane,
            size: 0,
            flight: Flight::new(0),
            phase: Phase::HelloZero,
            pace: Pace::default(),
            attempt: 0,
            unheard: 0,
            sent_at: 0,
            deadline: None,
            silence: 0,
            furthest: 0,
            restarts: 0,
            told_to_wait: false,
            calm: CALM,
            acknowledged: 0,
            signals: 0,
            resent: 0,
        })
    }

    /// What to do at `now`. To be called until it returns [`Step::Wait`] or [`Step::Finished`].
    pub fn poll(&mut self, now: Nanos) -> Step {
        match self.phase {
            Phase::Finished(result) => return Step::Finished(result),
            Phase::Words => return self.poll_words(now),
            _ => {}
        }
        match self.deadline {
            None => (self.attempt, self.unheard) = (0, 0),
            Some(deadline) if now < deadline => return Step::Wait(deadline),
            Some(_) => {
                if let Err(silent) = self.next_attempt(now) {
                    return silent;
                }
                if self.phase == Phase::HelloWords
                    && self.unheard >= WORD_ATTEMPTS
                    && self.lane == Lane::Auto
                {
                    // Heard on the other signals, and not on this one.
                    self.phase = Phase::Bit(0);
                    (self.attempt, self.unheard) = (0, 0);
                } else {
                    self.resent += u64::from(self.copies());
                }
            }
        }
        self.signals += u64::from(self.copies());
        self.sent_at = now;
        self.deadline = Some(now.saturating_add(self.pace.wait(self.attempt)));
        self.transmission()
    }

    fn poll_words(&mut self, now: Nanos) -> Step {
        if self.deadline.is_some_and(|deadline| now >= deadline) {
            if let Err(silent) = self.next_attempt(now) {
                return silent;
            }
            self.resent += 1;
            self.restart_clock(now);
            if self.attempt % 2 == 0 {
                // A word does not say whose it is: a server that has forgotten the transfer ignores it.
                self.signals += 1;
                let (tag, size) = (self.tag, STANDING);
                return Step::Queue(Word::ask(Ask::Words { tag, size }));
            }
            let index = self.flight.ask_again();
            return self.word(index, true);
        }
        let may_send = self.attempt == 0 && !self.told_to_wait;
        match may_send.then(|| self.flight.send()).flatten() {
            Some((index, wants_answer)) => {
                if self.deadline.is_none() {
                    self.restart_clock(now);
                }
                self.word(index, wants_answer)
            }
            None => Step::Wait(self.deadline.unwrap_or(Nanos::MAX)),
        }
    }

    /// The kernel had no room for the word of the last [`Step::Queue`].
    pub fn no_room(&mut self, now: Nanos) {
        if self.phase == Phase::Words {
            self.flight.refused();
            // There is room again as soon as the server has taken one of ours, or somebody one of theirs.
            self.attempt = self.attempt.max(1);
            self.sent_at = now;
            self.deadline = Some(now.saturating_add(SHORTEST));
        }
    }

    /// Takes in an answer of the server that came at `now`.
    pub fn answer(&mut self, now: Nanos, answer: Answer) {
        if answer.tag != self.tag {
            return;
        }
        let bits = self.frame.bits();
        if let (Phase::Words, status) = (self.phase, answer.status) {
            return self.answer_to_words(now, status);
        }
        match (self.phase, answer.status) {
            (Phase::Finished(_), _) => {}
            (_, Status::Rejected(reason)) => {
                self.finish(Err(Failure::Rejected(reason)));
            }
            // Nothing is out that this could answer: whoever sent it does not know how the transfer stands.
            (
                _,
                Status::Greeted { .. }
                | Status::Ok(_)
                | Status::Words(_)
                | Status::Wait(_)
                | Status::Delivered(_),
            ) if self.deadline.is_none() => {}
            (Phase::HelloZero, Status::Greeted { words }) => {
                self.size = match usize::from(words) {
                    LEAST..=MOST => words,
                    _ => 0,
                };
                self.advance(now, Phase::HelloOne);
            }
            // The server had forgotten the transfer, and has meanwhile heard both hellos anew, or the question for words too.
            (Phase::HelloZero, Status::Ok(0) | Status::Words(0)) => {
                self.advance(now, Phase::HelloOne);
            }
            (Phase::HelloOne, Status::Ok(0) | Status::Words(0)) => self.open_lane(now),
            (Phase::HelloWords, Status::Words(0)) => self.advance(now, Phase::Words),
            // The server forgot a transfer of which it has nothing yet.
            (Phase::HelloOne | Phase::HelloWords, Status::Reset) => self.restart(now),
            (Phase::HelloZero | Phase::HelloOne | Phase::HelloWords, Status::Wait(0)) => {
                self.heard(now);
            }
            (Phase::Bit(i), Status::Ok(next)) if next == i + 1 && next < bits => {
                self.advance(now, Phase::Bit(next));
            }
            (Phase::Bit(i), Status::Wait(next)) if next == i || next == i + 1 => self.heard(now),
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
    pub fn acknowledged(&self) -> u64 {
        let in_words = u64::from(self.flight.acknowledged()) * 8 * u64::from(self.size);
        self.acknowledged.max(in_words.min(self.frame.bits()))
    }

    /// Whether the message travels in words.
    #[must_use]
    pub const fn uses_words(&self) -> bool {
        matches!(self.phase, Phase::HelloWords | Phase::Words) || self.flight.acknowledged() > 0
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
            Phase::HelloWords => {
                let (tag, size) = (self.tag, self.size);
                return Step::Queue(Word::ask(Ask::Words { tag, size }));
            }
            Phase::Bit(index) => {
                let resend = Ask::Resend {
                    tag: self.tag,
                    index,
                };
                // Bit(index) is only entered for an index within the frame.
                let bit = self.frame.bit(index).unwrap_or(Bit::Zero);
                (bit, (self.attempt > 0).then_some(resend))
            }
            Phase::Words => return Step::Wait(self.deadline.unwrap_or(Nanos::MAX)),
            Phase::Finished(result) => return Step::Finished(result),
        };
        Step::Transmit {
            bit,
            value: ask.map(Ask::value),
            copies: self.copies(),
        }
    }

    /// How many times in a row the question is to be sent. What queues is not swallowed.
    const fn copies(&self) -> u32 {
        match self.phase {
            Phase::HelloWords => 1,
            _ => copies(self.unheard),
        }
    }

    fn word(&mut self, index: u32, wants_answer: bool) -> Step {
        self.signals += 1;
        let size = usize::from(self.size).min(MOST);
        let mut bytes = [0; MOST];
        self.frame.copy(index as usize * size, &mut bytes[..size]);
        Step::Queue(Word::data(index, wants_answer, bytes))
    }

    /// Both hellos have been answered.
    fn open_lane(&mut self, now: Nanos) {
        let words = match self.size {
            0 => None,
            size => self.frame.bytes().div_ceil(size.into()).try_into().ok(),
        };
        match (self.lane, words) {
            (Lane::Auto | Lane::Word, Some(words)) => {
                self.flight = Flight::new(words);
                self.advance(now, Phase::HelloWords);
            }
            (Lane::Word, None) => {
                self.finish(Err(Failure::NoWords));
            }
            (Lane::Auto | Lane::Bit, _) => self.advance(now, Phase::Bit(0)),
        }
    }

    fn answer_to_words(&mut self, now: Nanos, status: Status) {
        match status {
            Status::Words(next) | Status::Wait(next) => {
                let next = u32::try_from(next).ok();
                match next.and_then(|next| self.flight.acknowledge(next)) {
                    None => {
                        self.finish(Err(Failure::Contradiction));
                    }
                    Some(_) if matches!(status, Status::Wait(_)) => {
                        self.heard(now);
                    }
                    Some(false) if !self.told_to_wait && self.restarts > 0 => {}
                    Some(is_news) if is_news || self.told_to_wait || self.attempt > 0 => {
                        if is_news {
                            (self.silence, self.restarts) = (0, 0);
                        } else {
                            // Sending on from there once is enough: the question is a word too, which it could have taken.
                            self.restarts = 1;
                        }
                        self.go_on();
                        let all_sent = self.flight.acknowledged() == self.flight.end();
                        if self.flight.under_way() > 0 || all_sent {
                            self.restart_clock(now);
                        }
                    }
                    Some(_) => {}
                }
            }
            Status::Delivered(next) if next == u64::from(self.flight.end()) => {
                self.flight.acknowledge(self.flight.end());
                self.acknowledged = self.frame.bits();
                self.finish(Ok(()));
            }
            Status::Delivered(_) => {
                self.finish(Err(Failure::Contradiction));
            }
            Status::Rejected(reason) => {
                self.finish(Err(Failure::Rejected(reason)));
            }
            Status::Reset => {
                self.finish(Err(Failure::Forgotten));
            }
            // Late answers to the hellos.
            Status::Greeted { .. } | Status::Ok(_) => {}
        }
    }

    /// Counts the time since the last question. A client that was stopped for an hour has not waited for an hour.
    fn count_silence(&mut self, now: Nanos) {
        let waited = now.saturating_sub(self.sent_at);
        let longest = self.pace.wait(self.attempt) + HICCUP;
        self.silence = self.silence.saturating_add(waited.min(longest));
    }

    /// The time for an answer has passed: counts it; an error ends the transfer.
    fn next_attempt(&mut self, now: Nanos) -> Result<(), Step> {
        self.count_silence(now);
        if self.silence >= self.timeout {
            return Err(self.finish(Err(Failure::Silent)));
        }
        self.attempt = self.attempt.saturating_add(1);
        self.unheard = self.unheard.saturating_add(1);
        Ok(())
    }

    fn restart_clock(&mut self, now: Nanos) {
        self.sent_at = now;
        self.deadline = Some(now.saturating_add(self.pace.wait(self.attempt)));
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
        if phase.rank() > self.furthest {
            self.furthest = phase.rank();
            self.silence = 0;
            self.restarts = 0;
        } else {
            // It has been here before: an answer that leads in a circle is none.
            self.count_silence(now);
        }
        self.go_on();
        self.phase = phase;
    }

    /// Begins the transfer again: at once the first time, and later the more the oftener it was in vain.
    fn restart(&mut self, now: Nanos) {
        self.advance(now, Phase::HelloZero);
        if self.restarts > 0 {
            self.attempt = self.restarts;
            self.restart_clock(now);
        }
        self.restarts = self.restarts.saturating_add(1);
    }

    /// The server has taken something, and the next is not asked for yet.
    const fn go_on(&mut self) {
        (self.attempt, self.unheard) = (0, 0);
        self.told_to_wait = false;
        self.deadline = None;
    }

    /// The server is there, and tells us to wait: it will say when to go on, and is asked only in case that got lost.
    const fn heard(&mut self, now: Nanos) {
        self.silence = 0;
        self.unheard = 0;
        self.told_to_wait = true;
        self.sent_at = now;
        self.deadline = Some(now.saturating_add(WAITING));
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
    /// The question for the word lane is out.
    HelloWords,
    /// Words are out, or about to be.
    Words,
    /// This bit is out.
    Bit(u64),
    Finished(Result<(), Failure>),
}

impl Phase {
    /// The order in which the phases of a transfer follow each other.
    const fn rank(self) -> u64 {
        match self {
            Self::HelloZero => 0,
            Self::HelloOne => 1,
            Self::HelloWords => 2,
            Self::Words => 3,
            Self::Bit(index) => 4 + index,
            Self::Finished(_) => u64::MAX,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent => f.write_str("no progress before the timeout"),
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
mod tests {
    use super::super::receiver::Receiver;
    use super::*;

    fn hear(sender: &mut Sender<'_>, status: Status) {
        sender.answer(0, Answer { tag: 7, status });
    }

    /// Whatever a server answers: without progress, and without being told to wait, a transfer ends at its timeout.
    #[test]
    fn answers_that_lead_nowhere_do_not_stop_the_clock() {
        const TIMEOUT: Nanos = 2_000_000_000;
        const ROUND_TRIP: Nanos = 10_000;
        let greeted = Status::Greeted { words: 24 };
        // What is answered to the hello on SIGUSR1, the one on SIGUSR2, the question for words, and to words.
        let servers = [
            [greeted, Status::Reset, Status::Reset, Status::Reset],
            [greeted, Status::Ok(0), Status::Reset, Status::Reset],
            [greeted, Status::Ok(0), Status::Words(0), Status::Words(0)],
            [greeted; 4],
            [Status::Ok(0), Status::Reset, Status::Reset, Status::Reset],
        ];
        for server in servers {
            for lane in [Lane::Auto, Lane::Bit] {
                let mut sender = Sender::new(&[7; 1000], 7, TIMEOUT, lane).unwrap();
                let mut now = 0;
                let failure = loop {
                    let answer = match sender.poll(now) {
                        Step::Finished(result) => break result.unwrap_err(),
                        Step::Wait(until) => {
                            now = until;
                            continue;
                        }
                        Step::Transmit { value: None, .. } => break Failure::Silent,
                        Step::Transmit { bit, .. } => server[usize::from(bit == Bit::One)],
                        Step::Queue(word) => server[2 + usize::from(word.index().is_some())],
                    };
                    now += ROUND_TRIP;
                    sender.answer(
                        now,
                        Answer {
                            tag: 7,
                            status: answer,
                        },
                    );
                    assert!(now < 2 * TIMEOUT, "{server:?}: still at it");
                };
                assert_eq!(failure, Failure::Silent, "{server:?}");
                assert!(
                    sender.signals() < 20_000,
                    "{server:?}: {}",
                    sender.signals()
                );
            }
        }
    }

    /// Otherwise a bit, or a hello, could be left out by answers that come too early.
    #[test]
    fn what_has_not_been_asked_is_not_answered() {
        let mut sender = Sender::new(b"", 7, u64::MAX, Lane::Bit).unwrap();
        hear(&mut sender, Status::Wait(0));
        hear(&mut sender, Status::Greeted { words: 0 });
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
        hear(&mut sender, Status::Greeted { words: 0 });
        sender.poll(0);
        hear(&mut sender, Status::Ok(0));
        hear(&mut sender, Status::Ok(1));
        assert_eq!(sender.acknowledged(), 0);
        sender.poll(0);
        hear(&mut sender, Status::Ok(1));
        assert_eq!(sender.acknowledged(), 1);
    }

    /// AS-16: what is sent again must not be taken for the next bit.
    #[test]
    fn a_bit_sent_again_says_which_it_is() {
        let mut sender = Sender::new(b"", 7, u64::MAX, Lane::Bit).unwrap();
        for status in [Status::Greeted { words: 0 }, Status::Ok(0)] {
            sender.poll(0);
            hear(&mut sender, status);
        }
        let bare = sender.poll(0);
        assert!(matches!(bare, Step::Transmit { value: None, .. }));
        let again = sender.poll(1_000_000_000);
        let value = Ask::Resend { tag: 7, index: 0 }.value();
        assert!(
            matches!(again, Step::Transmit { value: Some(v), .. } if v == value),
            "{again:?}"
        );
    }

    /// A hello that was on its way when the server forgot the transfer may open it again behind the client's back.
    #[test]
    fn a_server_that_has_heard_both_hellos_already_is_believed() {
        let mut sender = Sender::new(b"", 7, u64::MAX, Lane::Bit).unwrap();
        for status in [
            Status::Greeted { words: 0 },
            Status::Reset,
            Status::Ok(0),
            Status::Ok(0),
        ] {
            sender.poll(0);
            hear(&mut sender, status);
        }
        let step = sender.poll(0);
        assert!(
            matches!(step, Step::Transmit { value: None, .. }),
            "{step:?}"
        );
    }

    /// The same with a question for words that was on its way.
    #[test]
    fn a_server_that_has_heard_the_question_for_words_already_is_believed() {
        let mut sender = Sender::new(b"", 7, u64::MAX, Lane::Word).unwrap();
        for status in [
            Status::Greeted { words: 8 },
            Status::Ok(0),
            Status::Reset,
            Status::Words(0),
            Status::Words(0),
            Status::Words(0),
        ] {
            sender.poll(0);
            hear(&mut sender, status);
        }
        let step = sender.poll(0);
        assert!(
            matches!(step, Step::Queue(word) if word.index() == Some(0)),
            "{step:?}"
        );
    }

    /// Waiting for one's turn may take long, and says nothing against words.
    #[test]
    fn words_are_given_up_in_silence_only() {
        let mut sender = Sender::new(b"", 7, u64::MAX, Lane::Auto).unwrap();
        sender.poll(0);
        hear(&mut sender, Status::Greeted { words: 8 });
        sender.poll(0);
        hear(&mut sender, Status::Ok(0));
        let question = Ask::Words { tag: 7, size: 8 };
        let question = Step::Queue(Word::ask(question));
        let mut now = 0;
        let mut ask_again = |sender: &mut Sender<'_>| {
            loop {
                match sender.poll(now) {
                    Step::Wait(until) => now = until,
                    step => return (step, now),
                }
            }
        };
        for _ in 0..3 * WORD_ATTEMPTS {
            let (step, now) = ask_again(&mut sender);
            assert_eq!(step, question);
            let status = Status::Wait(0);
            sender.answer(now, Answer { tag: 7, status });
        }
        for _ in 1..WORD_ATTEMPTS {
            assert_eq!(ask_again(&mut sender).0, question);
        }
        let (bare, _) = ask_again(&mut sender);
        assert!(
            matches!(bare, Step::Transmit { value: None, .. }),
            "{bare:?}"
        );
    }

    /// Otherwise it would be silent, which says less.
    #[test]
    fn a_server_that_has_forgotten_the_words_says_so() {
        let mut sender = Sender::new(b"", 7, u64::MAX, Lane::Word).unwrap();
        for status in [
            Status::Greeted { words: 8 },
            Status::Ok(0),
            Status::Words(0),
        ] {
            sender.poll(0);
            hear(&mut sender, status);
        }
        let mut server = Receiver::offering(9, 8);
        let mut now = 0;
        let failure = loop {
            match sender.poll(now) {
                Step::Wait(until) => now = until,
                Step::Queue(word) => {
                    let reaction = match word.question() {
                        Some(ask) => server.ask(Bit::Zero, ask),
                        None => server.word(&word),
                    };
                    if let Some(answer) = reaction.answer {
                        sender.answer(now, answer);
                    }
                }
                Step::Transmit { .. } => panic!("a bit"),
                Step::Finished(result) => break result,
            }
            assert!(now < 1_000_000_000);
        };
        assert_eq!(failure, Err(Failure::Forgotten));
    }

    #[test]
    fn a_message_whose_only_answer_is_its_delivery_went_in_words() {
        let mut sender = Sender::new(b"", 7, u64::MAX, Lane::Auto).unwrap();
        for status in [
            Status::Greeted { words: 24 },
            Status::Ok(0),
            Status::Words(0),
            Status::Delivered(1),
        ] {
            sender.poll(0);
            hear(&mut sender, status);
        }
        assert_eq!(sender.poll(0), Step::Finished(Ok(())));
        assert!(sender.uses_words());
        assert_eq!(sender.acknowledged(), 80);
    }
}
