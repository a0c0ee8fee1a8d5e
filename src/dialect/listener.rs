//! The receiving end of a stream that is not our own protocol: it reads, says when to answer, and hands out messages.
//!
//! In a dialect that is given it answers as the dialect says. Otherwise it watches what the client waits for
//! ([`manners`](super::manners)) until the first message is complete, and goes on in the dialect that was found.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::detect::Verdict;
use super::encores::Encores;
use super::manners::{Handles, Manners};
use super::stream::{Heard, Stream};
use super::{Ack, AckSignal, AckTime, Dialect, Final, MILLISECOND};
use crate::pid::Pid;
use crate::wire::Nanos;
use crate::wire::bits::Bit;
use crate::wire::decoder::Reason;

/// The silence after which a message that may be complete is.
const GRACE: Nanos = 60 * MILLISECOND;

/// The silence after which a stream that made no sense begins anew.
const LOST: Nanos = 250 * MILLISECOND;

/// What is to be done.
#[derive(Clone, Debug)]
pub enum Action {
    /// Send this signal to the client.
    Answer(Bit),
    /// The client's dialect has been found out.
    Learned {
        /// It.
        dialect: Dialect,
        /// Another that is nearly as likely, and what it would have read.
        rival: Option<Box<(Dialect, Vec<u8>)>>,
    },
    /// A message is complete; [`Listener::settle`] wants to know whether it was written.
    Complete(Vec<u8>),
    /// A message is over, and no text.
    Rejected(Reason),
    /// The stream makes no sense in any dialect; its first signals, as 0 for SIGUSR1 and 1 for SIGUSR2.
    Nonsense(String),
    /// These signals begin a frame of our own protocol, which is somebody else's to follow.
    Frame,
}

/// One client that did not announce itself.
#[derive(Clone, Debug)]
pub struct Listener {
    stream: Stream,
    manners: Manners,
    encores: Encores,
    handles: Handles,
    /// Signals so far, the last of them, and when it came.
    next: u64,
    signal: Bit,
    heard: Nanos,
    /// Whether the silence since has been taken note of.
    is_silent: bool,
    /// Whether the last signal of the present message has been answered.
    is_answered: bool,
    /// Whether it is somebody else's turn, and the answer that is withheld.
    held: bool,
    withheld: Option<Bit>,
    /// Messages that are complete and not written yet.
    unsettled: u32,
}

/// What a listener has learned of a client, for the next of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lesson {
    /// It speaks so.
    Speaks(Dialect),
    /// It ended when it was answered with SIGUSR1, so that another is better answered with SIGUSR2.
    Shy,
}

impl Listener {
    /// A client whose dialect is given.
    #[must_use]
    pub fn given(dialect: Dialect, limit: usize, pid: Pid, handles: Handles) -> Self {
        Self::start(Stream::given(dialect, limit, pid), Bit::Zero, handles)
    }

    /// A client of which nothing is known but what others of its kind have taught.
    #[must_use]
    pub fn unknown(lesson: Option<Lesson>, limit: usize, pid: Pid, handles: Handles) -> Self {
        let stream = match lesson {
            Some(Lesson::Speaks(dialect)) => Stream::expected(dialect, limit, pid, handles.usr1),
            Some(Lesson::Shy) | None => Stream::unknown(limit, pid, handles.usr1),
        };
        let signal = Bit::from(lesson == Some(Lesson::Shy));
        Self::start(stream, signal, handles)
    }

    fn start(stream: Stream, signal: Bit, handles: Handles) -> Self {
        Self {
            stream,
            manners: Manners::new(signal),
            encores: Encores::default(),
            handles,
            next: 0,
            signal: Bit::Zero,
            heard: 0,
            is_silent: false,
            is_answered: false,
            held: false,
            withheld: None,
            unsettled: 0,
        }
    }

    /// Takes a bare signal.
    pub fn bit(&mut self, signal: Bit, now: Nanos, out: &mut Vec<Action>) {
        if self.withheld.is_some() && signal == self.signal {
            // One that waits for an answer to this sends it again, if anything.
            self.heard = now;
            return;
        }
        if let Some(answer) = self.hear(signal, now, out) {
            self.answer(answer, out);
        }
    }

    /// Takes a signal of our own protocol, which says that it repeats number `index`; `false` if that is one to come.
    pub fn resent(&mut self, signal: Bit, index: u64, now: Nanos, out: &mut Vec<Action>) -> bool {
        if index == self.next {
            self.bit(signal, now, out);
        } else if index < self.next && self.withheld.is_none() && self.unsettled == 0 {
            out.push(Action::Answer(signal));
        }
        index <= self.next
    }

    /// Does what is due at `now`. `sleeps`: the client is seen to wait for a signal.
    pub fn poll(&mut self, now: Nanos, sleeps: bool, out: &mut Vec<Action>) {
        if let Some(encore) = self.encores.poll(now) {
            out.push(Action::Answer(encore));
        }
        if self.stream.is_lost() && now >= self.heard + LOST {
            self.forget();
        }
        if !self.stream.is_guessed() {
            return;
        }
        let watch = |manners: &mut Manners| manners.poll(now, sleeps, self.handles);
        let mut due = match self.is_kept_waiting() {
            true => None,
            false => watch(&mut self.manners),
        };
        if due.is_none() && now >= self.heard + GRACE && !self.is_silent {
            self.is_silent = true;
            due = match self.stream.stopped() {
                Verdict::Perhaps | Verdict::Complete => self.find(now, out),
                Verdict::Nothing => self.give_up(out),
                Verdict::Open => None,
            };
        }
        if let Some(answer) = due {
            self.answer(answer, out);
        }
    }

    /// When [`poll`](Self::poll) is to be called next; `None` while nothing can become due before the client sends more.
    #[must_use]
    pub fn deadline(&self) -> Option<Nanos> {
        let is_guessed = self.stream.is_guessed();
        let stopped = is_guessed && !self.is_silent;
        let watched = is_guessed && !self.is_kept_waiting();
        let all = [
            self.encores.deadline(),
            stopped.then_some(self.heard + GRACE),
            self.stream.is_lost().then_some(self.heard + LOST),
            watched
                .then(|| self.manners.deadline(false, self.handles))
                .flatten(),
        ];
        all.into_iter().flatten().min()
    }

    /// Whether it matters whether the client sleeps for a signal; see [`poll`](Self::poll).
    #[must_use]
    pub fn is_watching(&self) -> bool {
        let may_answer = self.stream.is_guessed() && !self.is_kept_waiting();
        may_answer && self.manners.is_watching() && self.handles.any()
    }

    /// The client has ended, and with it its message, if that is complete. `well`: by itself and with success.
    pub fn ended(&mut self, well: bool, now: Nanos, out: &mut Vec<Action>) {
        match self.stream.ended(well) {
            Heard::Guess(Verdict::Perhaps | Verdict::Complete) => {
                self.find(now, out);
            }
            Heard::Complete => self.complete(out),
            _ => {}
        }
    }

    /// Says that a message was written, or that it was not.
    pub fn settle(&mut self, written: bool, now: Nanos, out: &mut Vec<Action>) {
        self.unsettled = self.unsettled.saturating_sub(1);
        let Some(dialect) = self.stream.dialect().copied() else {
            return;
        };
        if !written || self.unsettled > 0 || self.stream.in_message() {
            return;
        }
        let last = dialect.last_acknowledgements(self.signal);
        if let Some(answer) = last.0.filter(|_| !self.is_answered) {
            self.answer(answer, out);
        }
        let is_told = self.stream.is_given() || dialect.ack_signal == AckSignal::Echo;
        let may_want = !is_told && self.handles.both();
        self.encores.plan(last, may_want, now);
    }

    /// Whether to withhold the answers that let the client go on. That ends with the message, too.
    pub const fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// Ends [`hold`](Self::hold), and sends what was withheld.
    pub fn release(&mut self, out: &mut Vec<Action>) {
        self.held = false;
        if let Some(answer) = self.withheld.take() {
            self.answer(answer, out);
        }
    }

    /// Takes nothing more.
    pub fn refuse(&mut self) {
        self.stream.refuse();
        self.encores.clear();
        self.withheld = None;
    }

    /// Drops a message that is not complete.
    pub fn forget(&mut self) {
        self.stream.forget();
        self.manners = Manners::new(self.manners.signal(self.handles));
        self.withheld = None;
    }

    /// What the client handles now.
    pub const fn handles(&mut self, handles: Handles) {
        self.handles = handles;
        self.stream.may_greet(handles.usr1);
    }

    /// What the end of the client, at `now`, teaches about the next of its kind.
    #[must_use]
    pub fn lesson(&self, now: Nanos) -> Option<Lesson> {
        if self.stream.is_unknown() {
            return self.manners.is_shy(self.handles).then_some(Lesson::Shy);
        }
        let mut dialect = *self.stream.found()?;
        if let Some(last) = self.encores.ended(now) {
            dialect.last = last;
        }
        Some(Lesson::Speaks(dialect))
    }

    /// Signals so far.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Whether part of a message has been taken.
    #[must_use]
    pub const fn in_message(&self) -> bool {
        self.stream.in_message()
    }

    /// Bytes held of a message that is not complete.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.stream.held_bytes()
    }

    /// Whether no whole byte of a message is held, and none waits to be settled.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.unsettled == 0 && self.held_bytes() == 0 && self.encores.is_empty()
    }

    /// Whether the message may have ended with the last signal, so that the next may be another program's.
    #[must_use]
    pub fn may_be_over(&self) -> bool {
        self.stream.may_be_over()
    }

    /// Whether the client waits for the answer to every bit, so that withholding one makes it wait.
    #[must_use]
    pub fn can_be_held(&self) -> bool {
        if self.stream.is_unknown() {
            return self.handles.any() && self.manners.may_wait_for_bits();
        }
        // One that repeats its bits, or gives up, is not kept waiting.
        let is_patient = |dialect: &Dialect| dialect.ack == Ack::Bit && dialect.wait == 0;
        self.stream.awaits_hello() || self.stream.dialect().is_some_and(is_patient)
    }

    /// Takes a signal, and returns the answer that it asks for.
    fn hear(&mut self, signal: Bit, now: Nanos, out: &mut Vec<Action>) -> Option<Bit> {
        self.next += 1;
        self.signal = signal;
        self.heard = now;
        self.is_silent = false;
        self.is_answered = false;
        self.encores.clear();
        if self.held && self.stream.awaits_hello() {
            // Busy: it will ask again.
            return Some(Bit::One);
        }
        match self.stream.push(signal) {
            Heard::Guess(verdict) => {
                let at_once = self.manners.heard(now);
                match verdict {
                    Verdict::Nothing => self.give_up(out),
                    Verdict::Complete => self.find(now, out),
                    Verdict::Open | Verdict::Perhaps => {
                        at_once.then(|| self.manners.signal(self.handles))
                    }
                }
            }
            Heard::Hello => Some(Bit::Zero),
            Heard::Part => self.acknowledgement(),
            Heard::Complete => {
                // It leaves the turns with its message, and nobody would release it.
                self.held = false;
                if let Some(answer) = self.acknowledgement().filter(|_| self.answers_early()) {
                    self.answer(answer, out);
                }
                self.complete(out);
                None
            }
            Heard::Rejected(reason) => {
                out.push(Action::Rejected(reason));
                None
            }
            Heard::Frame => {
                out.push(Action::Frame);
                None
            }
            Heard::Nothing => None,
        }
    }

    /// What the last signal is acknowledged with in a known dialect, if it is, whatever it completes.
    fn acknowledgement(&self) -> Option<Bit> {
        let dialect = self.stream.dialect()?;
        let is_due = match dialect.ack {
            Ack::Bit => true,
            Ack::Byte => self.stream.is_at_a_byte(),
            Ack::None | Ack::Message => false,
        };
        is_due.then(|| dialect.acknowledgement(self.signal))
    }

    /// Whether the last bit of a message is answered before the message is written.
    fn answers_early(&self) -> bool {
        let is_early = |d: &Dialect| d.ack_time == AckTime::Before && d.last != Final::Other;
        self.stream.dialect().is_some_and(is_early)
    }

    /// The dialect is known now, or has to be. Returns the answer that the last signal asks for that came since the message.
    fn find(&mut self, now: Nanos, out: &mut Vec<Action>) -> Option<Bit> {
        let ack = self.manners.ack(self.handles);
        let signal = match self.manners.signal(self.handles) {
            Bit::One if ack != Ack::None => AckSignal::Usr2,
            _ => AckSignal::Usr1,
        };
        let found = self.stream.settle(ack, signal)?;
        if found.is_sure || !found.text.is_empty() {
            out.push(Action::Learned {
                dialect: found.dialect,
                rival: found.rival,
            });
        }
        self.unsettled += 1;
        self.held = false;
        out.push(Action::Complete(found.text));
        let was_answered = self.is_answered;
        self.next -= found.rest.len() as u64;
        let mut due = None;
        for signal in found.rest {
            // The client went on after those before, and so has had their answers.
            due = self.hear(signal, now, out);
        }
        self.is_answered = was_answered;
        due.filter(|_| !was_answered)
    }

    fn complete(&mut self, out: &mut Vec<Action>) {
        self.unsettled += 1;
        out.push(Action::Complete(self.stream.take()));
    }

    /// The stream makes no sense, and nothing in it asks for an answer.
    fn give_up(&mut self, out: &mut Vec<Action>) -> Option<Bit> {
        out.push(Action::Nonsense(self.stream.give_up()));
        None
    }

    fn answer(&mut self, answer: Bit, out: &mut Vec<Action>) {
        // One that asks for the turn is told to ask again, which is an answer.
        if self.is_kept_waiting() && !self.stream.awaits_hello() {
            self.withheld = Some(answer);
            return;
        }
        self.is_answered = true;
        out.push(Action::Answer(answer));
    }

    fn is_kept_waiting(&self) -> bool {
        self.held && self.can_be_held()
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::super::speech::Speech;
    use super::*;

    const BOTH: Handles = Handles {
        usr1: true,
        usr2: true,
    };

    fn pid() -> Pid {
        Pid::new(4242).unwrap()
    }

    fn signals(spec: &str, text: &str) -> Vec<Bit> {
        let speech = Speech::new(&spec.parse().unwrap(), text.as_bytes(), pid()).unwrap();
        (0..speech.len())
            .map(|i| speech.signal(i).unwrap())
            .collect()
    }

    /// Each text in `out`, and how many answers came before it.
    fn texts(out: &[Action]) -> Vec<(usize, &str)> {
        let mut answers = 0;
        let mut texts = Vec::new();
        for action in out {
            match action {
                Action::Answer(_) => answers += 1,
                Action::Complete(text) => {
                    texts.push((answers, core::str::from_utf8(text).unwrap()))
                }
                _ => {}
            }
        }
        texts
    }

    #[test]
    fn what_came_after_a_message_whose_end_was_seen_late_is_read_and_not_answered() {
        let mut listener = Listener::unknown(None, 64, pid(), BOTH);
        let mut out = Vec::new();
        let stream = [signals("classic", "Hello"), signals("classic", "you")].concat();
        for (now, signal) in stream.iter().enumerate() {
            listener.bit(*signal, now as Nanos, &mut out);
        }
        assert_eq!(texts(&out), [(0, "Hello"), (0, "you")]);
        assert_eq!(listener.next(), stream.len() as u64);
    }

    #[test]
    fn whose_message_is_complete_is_not_held() {
        let dialect = "ack-time=before".parse().unwrap();
        let mut listener = Listener::given(dialect, 64, pid(), BOTH);
        let mut out = Vec::new();
        let stream = signals("classic", "a");
        for _ in 0..2 {
            for (i, signal) in stream.iter().enumerate() {
                listener.hold(i + 1 == stream.len());
                listener.bit(*signal, 0, &mut out);
            }
            listener.settle(true, 0, &mut out);
        }
        assert_eq!(texts(&out), [(stream.len(), "a"), (2 * stream.len(), "a")]);
    }

    #[test]
    fn one_that_waits_for_every_bit_is_let_on_beyond_what_may_be_the_end() {
        let mut listener = Listener::unknown(None, 64, pid(), BOTH);
        let (mut out, mut now) = (Vec::new(), 0);
        // "12" and a NUL are a text, unless the client goes on.
        let stream = signals("head=digits,end=none", "twelve bytes");
        for signal in &stream {
            out.clear();
            listener.bit(*signal, now, &mut out);
            while out.is_empty() {
                now = listener.deadline().unwrap();
                listener.poll(now, false, &mut out);
            }
            assert!(matches!(out[..], [Action::Answer(Bit::Zero)]), "{out:?}");
        }
        while texts(&out).is_empty() {
            now = listener.deadline().unwrap();
            listener.poll(now, false, &mut out);
        }
        assert_eq!(texts(&out)[0].1, "twelve bytes");
    }
}
