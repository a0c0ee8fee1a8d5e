//! The receiving end of a stream that is not our own protocol: it reads, says when to answer, and hands out messages.
//!
//! In a dialect that is given it answers as the dialect says. Otherwise it watches what the client waits for
//! ([`manners`](super::manners)) until the first message is complete, and goes on in the dialect that was found.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use super::detect::{EXCERPT, Verdict};
use super::encores::Encores;
use super::manners::{Handles, Manners};
use super::profiles::Profile;
use super::stream::{Heard, Stream};
use super::{Ack, AckSignal, AckTime, Dialect, Final, MILLISECOND};
use crate::process::pid::Pid;
use crate::wire::Nanos;
use crate::wire::bits::Bit;
use crate::wire::reason::Reason;

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
    /// A message is complete, and was one thing or the other. It is not printed.
    Undecided {
        /// A dialect that the program is known to speak, and the first bytes of what it would have said.
        one: Box<(Dialect, Vec<u8>)>,
        /// The other.
        other: Box<(Dialect, Vec<u8>)>,
    },
    /// A message is complete; [`Listener::settle`] wants to know whether it was written.
    Complete(Vec<u8>),
    /// A message is over, and no text.
    Rejected {
        /// Why.
        reason: Reason,
        /// How many of its bytes came.
        bytes: usize,
    },
    /// The stream makes no sense in any dialect; its first signals, as 0 for SIGUSR1 and 1 for SIGUSR2.
    Nonsense(String),
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
    /// Why nothing more is taken once the text is over that may be complete.
    closing: Option<Reason>,
    /// Whether the client went on after it was refused, so that it waits for nothing that is still owed.
    has_moved_on: bool,
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

    /// A client of which nothing is known but what other processes of its program have taught.
    #[must_use]
    pub fn unknown(profile: Profile, limit: usize, pid: Pid, handles: Handles) -> Self {
        let signal = Bit::from(profile.prefers_usr2);
        let stream = Stream::unknown(profile.dialects, limit, pid, handles.usr1);
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
            closing: None,
            has_moved_on: false,
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
        if self.stream.is_lost() && now >= self.heard.saturating_add(LOST) {
            self.forget();
        }
        if !self.stream.is_guessed() {
            return;
        }
        let watch = |manners: &mut Manners| manners.poll(now, sleeps, self.handles);
        let mut due = match self.may_be_answered() {
            true => watch(&mut self.manners),
            false => None,
        };
        if due.is_none() && now >= self.heard.saturating_add(GRACE) && !self.is_silent {
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

    /// Counts the silence of the client from `now` on: until then it had no CPU to break it.
    pub fn excuse(&mut self, now: Nanos) {
        self.heard = now;
        self.manners.excuse(now);
        self.encores.excuse(now);
    }

    /// When [`poll`](Self::poll) is to be called next; `None` while nothing can become due before the client sends more.
    #[must_use]
    pub fn deadline(&self) -> Option<Nanos> {
        let is_guessed = self.stream.is_guessed();
        let stopped = is_guessed && !self.is_silent;
        let watched = is_guessed && self.may_be_answered();
        let all = [
            self.encores.deadline(),
            stopped.then_some(self.heard.saturating_add(GRACE)),
            self.stream
                .is_lost()
                .then_some(self.heard.saturating_add(LOST)),
            watched
                .then(|| self.manners.deadline(false, self.handles))
                .flatten(),
        ];
        all.into_iter().flatten().min()
    }

    /// Whether it matters whether the client sleeps for a signal; see [`poll`](Self::poll).
    #[must_use]
    pub fn is_watching(&self) -> bool {
        let may_answer = self.stream.is_guessed() && self.may_be_answered();
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
        if !written || self.unsettled > 0 || self.stream.in_message() || self.has_moved_on {
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

    /// Takes nothing more, because of `reason`. What is owed for complete texts stays due. A text that may be complete is
    /// kept until the silence of the client shows that it is.
    pub fn refuse(&mut self, reason: Reason, out: &mut Vec<Action>) {
        self.withheld = None;
        match self.stream.stopped() {
            Verdict::Perhaps | Verdict::Complete => self.closing = Some(reason),
            Verdict::Open | Verdict::Nothing => self.cut(reason, out),
        }
    }

    /// Returns when the last of what is owed for complete texts becomes due, after [`refuse`](Self::refuse).
    #[must_use]
    pub fn owes_until(&self) -> Option<Nanos> {
        let may_be_complete = self.closing.map(|_| self.heard.saturating_add(GRACE));
        self.encores.deadline().max(may_be_complete)
    }

    fn cut(&mut self, reason: Reason, out: &mut Vec<Action>) {
        let bytes = self.stream.received_bytes();
        if bytes > 0 {
            out.push(Action::Rejected { reason, bytes });
        }
        self.has_moved_on |= self.stream.in_message();
        self.stream.refuse();
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

    /// Returns how many whole bytes of the present message came.
    #[must_use]
    pub const fn received_bytes(&self) -> usize {
        self.stream.received_bytes()
    }

    /// Whether no whole byte of a message is held, and none waits to be settled.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.unsettled == 0 && self.received_bytes() == 0 && self.encores.is_empty()
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
        if let Some(reason) = self.closing.take() {
            self.cut(reason, out);
        }
        if self.stream.is_refused() {
            // A client that asks for the turn asks again until the server is gone, and does not wait for ever.
            let asks = self.stream.awaits_hello() && !self.has_moved_on;
            self.has_moved_on |= !asks;
            return asks.then_some(Bit::One);
        }
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
                        let may_answer = at_once && !self.stream.is_a_tie();
                        may_answer.then(|| self.manners.signal(self.handles))
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
            Heard::Rejected(reason, bytes) => {
                out.push(Action::Rejected { reason, bytes });
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
        let mut found = self.stream.settle(ack, signal)?;
        self.held = false;
        let is_a_tie = found.is_a_tie();
        if let Some(other) = found.rival.take_if(|_| is_a_tie) {
            if self.closing.take().is_some() {
                self.stream.refuse();
            }
            self.manners = Manners::new(self.manners.signal(self.handles));
            found.text.truncate(EXCERPT);
            let one = Box::new((found.dialect, found.text));
            out.push(Action::Undecided { one, other });
            return None;
        }
        let is_news = !(found.is_sure && self.stream.is_known(&found.dialect));
        if is_news && (found.is_sure || !found.text.is_empty()) {
            out.push(Action::Learned {
                dialect: found.dialect,
                rival: found.rival,
            });
        }
        self.unsettled += 1;
        out.push(Action::Complete(mem::take(&mut found.text)));
        let was_answered = self.is_answered;
        let rest = match found.rest {
            Ok(rest) => rest,
            Err(reason) => {
                out.push(Action::Rejected { reason, bytes: 0 });
                return None;
            }
        };
        self.next -= rest.len() as u64;
        let mut due = None;
        for signal in rest.iter() {
            // The client went on after those before, and so has had their answers.
            due = self.hear(signal, now, out);
        }
        self.is_answered = was_answered;
        if let Some(reason) = self.closing.take() {
            self.cut(reason, out);
        }
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

    /// Whether a client of an unknown dialect is let on. After the last bit of a tie it would take that for success.
    fn may_be_answered(&self) -> bool {
        !self.is_kept_waiting() && !self.stream.is_a_tie()
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
        let mut listener = Listener::unknown(Profile::default(), 64, pid(), BOTH);
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
        let mut listener = Listener::unknown(Profile::default(), 64, pid(), BOTH);
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

    /// A listener that has taken these texts of a client that waits for every bit, and what it did.
    fn taken(spec: &str, texts: &[&str]) -> (Listener, Vec<Action>) {
        let mut listener = Listener::given(spec.parse().unwrap(), 64, pid(), BOTH);
        let mut out = Vec::new();
        for signal in texts.iter().flat_map(|text| signals(spec, text)) {
            listener.bit(signal, 0, &mut out);
        }
        (listener, out)
    }

    #[test]
    fn what_is_owed_for_a_complete_text_is_given_after_the_refusal() {
        let (mut listener, mut out) = taken("final=both", &["a"]);
        out.clear();
        listener.refuse(Reason::ShuttingDown, &mut out);
        assert!(out.is_empty(), "{out:?}");
        listener.settle(true, 0, &mut out);
        while let Some(at) = listener.owes_until() {
            listener.poll(at, false, &mut out);
        }
        let both = [Action::Answer(Bit::Zero), Action::Answer(Bit::One)];
        assert_eq!(std::format!("{out:?}"), std::format!("{both:?}"));
    }

    #[test]
    fn of_a_half_text_that_is_refused_nothing_is_kept_and_nothing_is_answered() {
        let (mut listener, mut out) = taken("ack-time=before", &["whole"]);
        for signal in &signals("ack-time=before", "a longer text")[..49] {
            listener.bit(*signal, 0, &mut out);
        }
        out.clear();
        listener.refuse(Reason::ShuttingDown, &mut out);
        let [Action::Rejected { bytes, .. }] = out[..] else {
            panic!("{out:?}");
        };
        assert_eq!((bytes, listener.received_bytes()), (6, 0));
        listener.bit(Bit::Zero, 0, &mut out);
        listener.settle(true, 0, &mut out);
        assert_eq!((out.len(), listener.owes_until()), (1, None), "{out:?}");
    }

    #[test]
    fn a_text_that_may_be_complete_is_read_after_the_refusal() {
        let mut listener = Listener::unknown(Profile::default(), 64, pid(), BOTH);
        let mut out = Vec::new();
        for signal in signals("classic", "12") {
            listener.bit(signal, 0, &mut out);
        }
        listener.refuse(Reason::ShuttingDown, &mut out);
        assert!(out.is_empty(), "{out:?}");
        let mut late = listener.clone();
        listener.poll(listener.owes_until().unwrap(), false, &mut out);
        assert_eq!(texts(&out)[0].1, "12");
        assert_eq!(listener.owes_until(), None);
        // A client that goes on has not finished.
        out.clear();
        late.bit(Bit::Zero, 1, &mut out);
        assert!(
            matches!(out[..], [Action::Rejected { bytes: 3, .. }]),
            "{out:?}"
        );
    }

    #[test]
    fn a_client_that_asks_for_the_turn_is_told_to_ask_again_until_the_end() {
        let (mut listener, mut out) = taken("hello=yes", &[]);
        listener.refuse(Reason::ShuttingDown, &mut out);
        for _ in 0..2 {
            out.clear();
            listener.bit(Bit::Zero, 0, &mut out);
            assert!(matches!(out[..], [Action::Answer(Bit::One)]), "{out:?}");
        }
    }

    /// What a client of `spec` that waits for every bit leads to, and whether it was told that its text was taken.
    fn converse(profile: Profile, spec: &str, text: &str) -> (Vec<Action>, bool, Option<Lesson>) {
        let mut listener = Listener::unknown(profile, 64, pid(), BOTH);
        let (mut all, mut out, mut now) = (Vec::new(), Vec::new(), 0);
        let stream = signals(spec, text);
        for signal in &stream {
            out.clear();
            listener.bit(*signal, now, &mut out);
            let is_over = |out: &[Action]| {
                let is_answer = |action: &Action| !matches!(action, Action::Learned { .. });
                out.iter().any(is_answer)
            };
            while !is_over(&out) {
                now = listener.deadline().unwrap();
                listener.poll(now, false, &mut out);
            }
            all.append(&mut out);
        }
        while let Some(at) = listener.deadline().filter(|_| texts(&all).is_empty()) {
            listener.poll(at, false, &mut all);
            now = at;
        }
        let mut answers = all
            .iter()
            .filter(|a| matches!(a, Action::Answer(_)))
            .count();
        if !texts(&all).is_empty() {
            listener.settle(true, now, &mut out);
            answers += out.len();
        }
        (all, answers >= stream.len(), listener.lesson(now))
    }

    #[test]
    fn what_a_program_has_spoken_before_is_no_evidence() {
        let letters: Vec<char> = ('a'..='z').chain('A'..='Z').collect();
        let mut profile = Profile::default();
        let mut seed = 1u32;
        let mut random = |below: usize| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as usize % below
        };
        let (mut printed, mut withheld) = (0, 0);
        for i in 0..240 {
            let spec = ["classic", "lsb"][i % 2];
            let text: std::string::String = (0..=random(3))
                .map(|_| letters[random(letters.len())])
                .collect();
            let (out, is_told, lesson) = converse(profile.clone(), spec, &text);
            let says_so = out.iter().any(|action| match action {
                Action::Learned { rival, .. } => rival.is_some(),
                Action::Undecided { .. } => true,
                _ => false,
            });
            match texts(&out)[..] {
                [(_, found)] if found == text => printed += 1,
                [_] => assert!(says_so, "{spec} {text:?}: {out:?}"),
                [] => {
                    withheld += 1;
                    assert!(says_so && !is_told, "{spec} {text:?}: {out:?}");
                }
                _ => panic!("{out:?}"),
            }
            if let Some(lesson) = lesson {
                profile.learn(lesson);
            }
        }
        assert!(
            printed > 150 && withheld > 0,
            "{printed} printed, {withheld} withheld"
        );
    }

    #[test]
    fn a_clock_near_its_end_overflows_nothing() {
        for before in [0, 1, 5, 30, 70, 300].map(|n| n * MILLISECOND) {
            let mut now = Nanos::MAX - before;
            let mut listener = Listener::unknown(Profile::default(), 64, pid(), BOTH);
            let mut out = Vec::new();
            for signal in signals("classic", "12").iter().cycle().take(100) {
                listener.bit(*signal, now, &mut out);
                listener.settle(true, now, &mut out);
                for _ in 0..4 {
                    now = listener.deadline().unwrap_or(now);
                    listener.poll(now, true, &mut out);
                }
            }
            assert!(!texts(&out).is_empty(), "{out:?}");
        }
    }

    #[test]
    fn a_silence_that_is_excused_begins_again() {
        let handles = Handles {
            usr1: false,
            usr2: false,
        };
        let mut listener = Listener::unknown(Profile::default(), 64, pid(), handles);
        let mut out = Vec::new();
        for signal in signals("classic", "12") {
            listener.bit(signal, 0, &mut out);
        }
        listener.excuse(GRACE - 1);
        listener.poll(2 * GRACE - 2, false, &mut out);
        assert!(out.is_empty(), "{out:?}");
        listener.poll(2 * GRACE - 1, false, &mut out);
        assert_eq!(texts(&out)[0].1, "12");
    }
}
