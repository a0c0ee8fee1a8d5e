//! Signals to messages, whatever the dialect: one that is given, the one of others of the client's kind, or one to be found out.
//!
//! Nothing is answered here, so that what came after a message whose end was seen late is simply read.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use super::detect::{Detector, Found, Verdict};
use super::reading::{Progress, Reading};
use super::{Ack, AckSignal, Dialect};
use crate::process::pid::Pid;
use crate::wire::bits::Bit;
use crate::wire::reason::Reason;

/// Signals of a stream without sense that are shown.
const SHOWN: usize = 256;

/// What one client sends.
#[derive(Clone, Debug)]
pub struct Stream {
    limit: usize,
    pid: Pid,
    /// Whether the client handles SIGUSR1, for which it waits if it opens with a handshake.
    may_greet: bool,
    mode: Mode,
    /// Whether the dialect was given, so that nothing is found out.
    is_given: bool,
    /// What other processes of its program have spoken.
    known: Vec<Dialect>,
    /// Where the dialect is expected to be the only known one: the same stream in every dialect.
    fallback: Option<Box<Detector>>,
    /// The expected dialect, in which the present message was answered to its end.
    followed: Option<Dialect>,
    /// Whether another dialect comes near the one that was found, so that the next message is looked at afresh.
    is_unsure: bool,
    /// Signals of the present message.
    taken: u64,
    /// Whether nothing more is taken.
    is_refused: bool,
}

#[derive(Clone, Debug)]
enum Mode {
    Unknown(Box<Detector>),
    Known(Box<Reading>),
    /// It made no sense.
    Lost,
}

/// What a signal, or the end of the client, leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// So much is known of what is said in an unknown dialect. [`Complete`](Verdict::Complete) is to be
    /// [settled](Stream::settle), [`Nothing`](Verdict::Nothing) to be [given up](Stream::give_up).
    Guess(Verdict),
    /// The client asks for the turn.
    Hello,
    /// The message goes on.
    Part,
    /// It is complete, and to be [taken](Stream::take).
    Complete,
    /// It is over, and no text; so many bytes of it came.
    Rejected(Reason, usize),
    /// Nobody listens.
    Nothing,
}

impl Stream {
    /// Messages of the client `pid` in a dialect that is given, of at most `limit` bytes of text.
    #[must_use]
    pub fn given(dialect: Dialect, limit: usize, pid: Pid) -> Self {
        let mode = Mode::Known(Box::new(Reading::new(dialect, limit, pid)));
        Self {
            is_given: true,
            ..Self::start(mode, limit, pid, false)
        }
    }

    /// The same in a dialect to be found out, of a program that has spoken the `known` ones. If that is one, it is expected.
    /// `may_greet`: the client handles SIGUSR1.
    #[must_use]
    pub fn unknown(known: Vec<Dialect>, limit: usize, pid: Pid, may_greet: bool) -> Self {
        let mut stream = Self {
            known,
            ..Self::start(Mode::Lost, limit, pid, may_greet)
        };
        stream.expect();
        stream
    }

    const fn start(mode: Mode, limit: usize, pid: Pid, may_greet: bool) -> Self {
        Self {
            limit,
            pid,
            may_greet,
            mode,
            is_given: false,
            known: Vec::new(),
            fallback: None,
            followed: None,
            is_unsure: false,
            taken: 0,
            is_refused: false,
        }
    }

    /// Whether the client handles SIGUSR1 now.
    pub const fn may_greet(&mut self, may_greet: bool) {
        self.may_greet = may_greet;
    }

    /// Takes a signal.
    pub fn push(&mut self, signal: Bit) -> Heard {
        if self.is_refused {
            return Heard::Nothing;
        }
        if self.taken == 0 && mem::take(&mut self.is_unsure) {
            self.expect();
        }
        self.taken += 1;
        let reading = match &mut self.mode {
            Mode::Unknown(detector) => {
                return match detector.push(signal) {
                    Ok(verdict) => Heard::Guess(verdict),
                    Err(reason) => self.lose(reason),
                };
            }
            Mode::Known(reading) => reading,
            Mode::Lost => return Heard::Nothing,
        };
        let expected = self.fallback.as_mut().map(|detector| detector.push(signal));
        if let Some(Err(Reason::NoMemory)) = expected {
            return self.lose(Reason::NoMemory);
        }
        let is_hello = reading.awaits_hello();
        match reading.push(signal) {
            Progress::Open if is_hello => Heard::Hello,
            Progress::Open => Heard::Part,
            Progress::Complete => self.complete(),
            Progress::Rejected(reason) => self.reject(reason),
        }
    }

    /// What is known when the client has stopped.
    pub fn stopped(&mut self) -> Verdict {
        match &mut self.mode {
            Mode::Unknown(detector) => detector.stopped(),
            _ => Verdict::Open,
        }
    }

    /// The client has ended. `well`: by itself and with success, which may be how its message ends.
    pub fn ended(&mut self, well: bool) -> Heard {
        match &mut self.mode {
            Mode::Unknown(detector) => Heard::Guess(detector.ended(well)),
            Mode::Known(reading) => match (well, self.fallback.take()) {
                (true, Some(mut detector)) => {
                    let verdict = detector.ended(true);
                    self.followed = Some(*reading.dialect());
                    self.mode = Mode::Unknown(detector);
                    Heard::Guess(verdict)
                }
                (true, None) if reading.end() => Heard::Complete,
                _ => Heard::Nothing,
            },
            Mode::Lost => Heard::Nothing,
        }
    }

    /// Takes the text of a message that is complete in a known dialect; the next signal begins another.
    pub fn take(&mut self) -> Vec<u8> {
        let Mode::Known(reading) = &mut self.mode else {
            return Vec::new();
        };
        let text = reading.take();
        self.begin();
        text
    }

    /// The likeliest of the messages in an unknown dialect that may be complete. It goes on in that dialect, of which `ack` and
    /// `signal` are what watching has shown. After a [tie](Found::is_a_tie) it goes on in none.
    pub fn settle(&mut self, ack: Ack, signal: AckSignal) -> Option<Found> {
        let afresh = self.detector();
        let Mode::Unknown(detector) = &mut self.mode else {
            return None;
        };
        let mut found = mem::replace(detector, afresh).settle()?;
        let form = found.dialect.form();
        if let Some(known) = self.known.iter().find(|known| known.form() == form) {
            found.dialect = *known;
        } else {
            let (ack, signal) = match self.followed.take() {
                Some(followed) => (followed.ack, followed.ack_signal),
                None => (ack, signal),
            };
            found.dialect.ack = ack;
            found.dialect.ack_signal = signal;
        }
        self.followed = None;
        if found.is_a_tie() {
            self.begin();
            return Some(found);
        }
        let reading = Reading::learned(found.dialect, self.limit, self.pid);
        self.mode = Mode::Known(Box::new(reading));
        self.is_unsure = !found.is_sure;
        self.begin();
        Some(found)
    }

    /// The stream makes no sense: its first signals, as 0 for SIGUSR1 and 1 for SIGUSR2.
    pub fn give_up(&mut self) -> String {
        let bits = match &self.mode {
            Mode::Unknown(detector) => detector.bits(SHOWN),
            _ => String::new(),
        };
        self.mode = Mode::Lost;
        bits
    }

    /// Drops a message that is not complete, and takes nothing more.
    pub fn refuse(&mut self) {
        self.forget();
        self.is_refused = true;
    }

    /// Whether nothing more is taken.
    #[must_use]
    pub const fn is_refused(&self) -> bool {
        self.is_refused
    }

    /// Whether other processes of the program have spoken this dialect.
    #[must_use]
    pub fn is_known(&self, dialect: &Dialect) -> bool {
        self.known.contains(dialect)
    }

    /// Drops a message that is not complete.
    pub fn forget(&mut self) {
        self.followed = None;
        if !matches!(self.mode, Mode::Known(_)) {
            self.mode = Mode::Unknown(self.detector());
        }
        if self.fallback.is_some() {
            self.fallback = Some(self.detector());
        }
        self.begin();
    }

    /// Whether the dialect was given.
    #[must_use]
    pub const fn is_given(&self) -> bool {
        self.is_given
    }

    /// The dialect, as far as it is known.
    #[must_use]
    pub fn dialect(&self) -> Option<&Dialect> {
        match &self.mode {
            Mode::Known(reading) => Some(reading.dialect()),
            _ => None,
        }
    }

    /// The dialect that was found out, and that others of the client's kind may be expected to speak.
    #[must_use]
    pub fn found(&self) -> Option<&Dialect> {
        let is_found = !self.is_given && !self.is_unsure;
        self.dialect().filter(|_| is_found)
    }

    /// Whether the dialect is to be found out.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        matches!(self.mode, Mode::Unknown(_))
    }

    /// Whether it is, and there is something to find it out from.
    #[must_use]
    pub fn is_guessed(&self) -> bool {
        matches!(&self.mode, Mode::Unknown(detector) if !detector.is_empty())
    }

    /// Whether there is nothing to decide the present message by, if it is complete.
    #[must_use]
    pub fn is_a_tie(&self) -> bool {
        matches!(&self.mode, Mode::Unknown(detector) if detector.is_a_tie())
    }

    /// Whether it made no sense.
    #[must_use]
    pub const fn is_lost(&self) -> bool {
        matches!(self.mode, Mode::Lost)
    }

    /// Whether the next signal asks for the turn.
    #[must_use]
    pub fn awaits_hello(&self) -> bool {
        match &self.mode {
            Mode::Known(reading) => reading.awaits_hello() && !self.is_unsure,
            _ => false,
        }
    }

    /// Whether the last signal was the last of a byte, in a known dialect.
    #[must_use]
    pub fn is_at_a_byte(&self) -> bool {
        match &self.mode {
            Mode::Known(reading) => reading.is_at_a_byte(),
            _ => false,
        }
    }

    /// Whether part of a message has been taken.
    #[must_use]
    pub const fn in_message(&self) -> bool {
        self.taken > 0 && !self.is_lost()
    }

    /// Returns how many whole bytes of the present message came, its head and what was rejected of it included.
    #[must_use]
    pub const fn received_bytes(&self) -> usize {
        match self.in_message() {
            true => (self.taken / 8) as usize,
            false => 0,
        }
    }

    /// Returns the bytes of memory held for a message that is not complete.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        let expected = self.fallback.as_ref().map_or(0, |d| d.held_bytes());
        expected
            + match &self.mode {
                Mode::Unknown(detector) => detector.held_bytes(),
                Mode::Known(reading) => reading.held_bytes(),
                Mode::Lost => 0,
            }
    }

    /// Whether a message may have ended with the last signal.
    #[must_use]
    pub fn may_be_over(&self) -> bool {
        match &self.mode {
            Mode::Unknown(detector) => detector.may_be_over(),
            _ => self.taken == 0,
        }
    }

    /// The message is none in the known dialect: either the client speaks another than others of its kind do, or it is none.
    fn reject(&mut self, reason: Reason) -> Heard {
        let Some(mut detector) = self.fallback.take() else {
            let bytes = self.received_bytes();
            self.begin();
            return Heard::Rejected(reason, bytes);
        };
        let verdict = detector.stopped();
        self.mode = Mode::Unknown(detector);
        match (verdict, reason) {
            (Verdict::Nothing, Reason::TooLong) => self.lose(reason),
            _ => Heard::Guess(verdict),
        }
    }

    /// The message is complete in the known dialect. Where that was only expected, the other dialects have a say.
    fn complete(&mut self) -> Heard {
        let Some(mut detector) = self.fallback.take() else {
            return Heard::Complete;
        };
        let verdict = match detector.stopped() {
            Verdict::Perhaps if !detector.may_be_a_head() => Verdict::Complete,
            verdict => verdict,
        };
        self.followed = self.dialect().copied();
        self.mode = Mode::Unknown(detector);
        Heard::Guess(verdict)
    }

    /// Gives up the message, and all that comes before a silence.
    fn lose(&mut self, reason: Reason) -> Heard {
        let bytes = self.received_bytes();
        self.fallback = None;
        self.mode = Mode::Lost;
        Heard::Rejected(reason, bytes)
    }

    /// Begins a message of which nothing is known but what the program has spoken before.
    fn expect(&mut self) {
        match self.known[..] {
            [dialect] => {
                let reading = Reading::guess(dialect, self.limit, self.pid);
                self.mode = Mode::Known(Box::new(reading));
                self.fallback = Some(self.detector());
            }
            _ => self.mode = Mode::Unknown(self.detector()),
        }
    }

    /// A message is over; the next signal begins another.
    fn begin(&mut self) {
        self.taken = 0;
        if let Mode::Known(reading) = &mut self.mode {
            reading.take();
        }
    }

    fn detector(&self) -> Box<Detector> {
        let detector = Detector::new(self.limit, self.pid, self.may_greet);
        Box::new(detector.with_known(&self.known))
    }
}

#[cfg(test)]
mod tests {
    use super::super::speech::Speech;
    use super::*;

    fn pid() -> Pid {
        Pid::new(4242).unwrap()
    }

    /// What the last signal of this text leads to.
    fn say(stream: &mut Stream, spec: &str, text: &str) -> Heard {
        let speech = Speech::new(&spec.parse().unwrap(), text.as_bytes(), pid()).unwrap();
        let heard = (0..speech.len()).map(|i| stream.push(speech.signal(i).unwrap()));
        heard.last().unwrap()
    }

    #[test]
    fn one_that_does_not_speak_like_others_of_its_kind_is_found_out_all_the_same() {
        let mut stream = Stream::unknown(std::vec![Dialect::CLASSIC], 64, pid(), false);
        let heard = say(&mut stream, "classic", "as expected");
        assert_eq!(heard, Heard::Guess(Verdict::Complete));
        let mut stream = Stream::unknown(std::vec![Dialect::CLASSIC], 64, pid(), false);
        let heard = say(&mut stream, "lsb", "something else");
        assert!(matches!(heard, Heard::Guess(_)), "{heard:?}");
        let found = stream.settle(Ack::Bit, AckSignal::Usr1).unwrap();
        assert_eq!(found.text, b"something else");
        assert_eq!(say(&mut stream, "lsb", "and again"), Heard::Complete);
        assert_eq!(stream.take(), b"and again");
    }

    #[test]
    fn of_a_message_that_was_dropped_nothing_is_left() {
        let mut stream = Stream::unknown(std::vec![Dialect::CLASSIC], 64, pid(), false);
        stream.push(Bit::Zero);
        stream.forget();
        say(&mut stream, "lsb", "something else");
        let found = stream.settle(Ack::Bit, AckSignal::Usr1).unwrap();
        assert_eq!(found.text, b"something else");
    }
}
