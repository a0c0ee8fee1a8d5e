//! The receiving end of a stream that is not our own protocol: it reads, says when to answer, and hands out messages.
//!
//! In a dialect that is given it does what the dialect says. Otherwise it watches until the first message is complete
//! ([`detect`](super::detect), [`manners`](super::manners)) and goes on in the dialect that it found. What the last
//! acknowledgement of a message is cannot be seen before: a client that does not end after the ordinary one gets the other signal,
//! and then the first again.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::detect::{Detector, Found, Verdict};
use super::manners::{Handles, Manners};
use super::reading::{Progress, Reading};
use super::{Ack, AckSignal, AckTime, Dialect, Final, other};
use crate::pid::Pid;
use crate::wire::Nanos;
use crate::wire::bits::{Bit, ByteAssembler};
use crate::wire::decoder::Reason;
use crate::wire::frame::MAGIC;

const MILLISECOND: Nanos = 1_000_000;

/// The silence after which a message that may be complete is.
pub const GRACE: Nanos = 60 * MILLISECOND;

/// Between two last acknowledgements that are known to be wanted: the first must have been taken.
const APART: Nanos = 3 * MILLISECOND;

/// Before one that is tried because the client has not ended: it may have things to do.
const TRY: Nanos = 50 * MILLISECOND;

/// The silence after which a stream that made no sense begins anew.
const LOST: Nanos = 250 * MILLISECOND;

/// Signals of such a stream that are shown.
const SHOWN: usize = 256;

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
    limit: usize,
    pid: Pid,
    mode: Mode,
    manners: Manners,
    handles: Handles,
    /// Where the dialect is that of others of its kind: the same stream without that prejudice.
    fallback: Option<Box<Detector>>,
    /// Whether the dialect was given, so that nothing is found out and nothing is a frame.
    is_given: bool,
    /// Whether another dialect comes near the one that was found, so that the next message is looked at afresh.
    is_unsure: bool,
    /// The first byte of a message, as our own protocol would read it.
    first: Option<ByteAssembler>,
    /// Signals so far, and in this message.
    next: u64,
    count: u64,
    heard: Nanos,
    /// Whether the silence since has been taken note of.
    is_silent: bool,
    signal: Bit,
    held: bool,
    /// An answer that is withheld.
    withheld: Option<Bit>,
    /// Whether the last signal of the present message has been answered.
    is_answered: bool,
    unsettled: u32,
    /// Acknowledgements that are still to be sent, with the pause before each.
    encores: Vec<(Nanos, Bit)>,
    /// When the last answer went out, and how many encores have been played.
    answered: Nanos,
    played: u8,
}

#[derive(Clone, Debug)]
enum Mode {
    Unknown(Box<Detector>),
    Known(Box<Reading>),
    /// It made no sense.
    Lost,
    /// Nothing more is taken.
    Refused,
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
        let reading = Reading::new(dialect, limit, pid);
        let mode = Mode::Known(Box::new(reading));
        Self::start(mode, limit, pid, handles, true)
    }

    /// A client of which nothing is known but what others of its kind have taught.
    #[must_use]
    pub fn unknown(lesson: Option<Lesson>, limit: usize, pid: Pid, handles: Handles) -> Self {
        let detector = Box::new(Detector::new(limit, pid, handles.usr1));
        let mut listener = match lesson {
            Some(Lesson::Speaks(dialect)) => {
                let mode = Mode::Known(Box::new(Reading::guess(dialect, limit, pid)));
                Self {
                    fallback: Some(detector),
                    ..Self::start(mode, limit, pid, handles, false)
                }
            }
            _ => Self::start(Mode::Unknown(detector), limit, pid, handles, false),
        };
        if lesson == Some(Lesson::Shy) {
            listener.manners = Manners::new(Bit::One);
        }
        listener
    }

    fn start(mode: Mode, limit: usize, pid: Pid, handles: Handles, is_given: bool) -> Self {
        Self {
            limit,
            pid,
            mode,
            manners: Manners::new(Bit::Zero),
            handles,
            fallback: None,
            is_given,
            is_unsure: false,
            first: Some(ByteAssembler::new()),
            next: 0,
            count: 0,
            heard: 0,
            is_silent: false,
            signal: Bit::Zero,
            held: false,
            withheld: None,
            is_answered: false,
            unsettled: 0,
            encores: Vec::new(),
            answered: 0,
            played: 0,
        }
    }

    /// Takes a bare signal.
    pub fn bit(&mut self, signal: Bit, now: Nanos, out: &mut Vec<Action>) {
        self.heard = now;
        if self.withheld.is_some() && signal == self.signal {
            // One that waits for an answer to this sends it again, if anything.
            return;
        }
        self.next += 1;
        self.is_silent = false;
        self.signal = signal;
        self.is_answered = false;
        self.encores.clear();
        if !self.is_given && self.is_a_frame(signal) {
            out.push(Action::Frame);
            return;
        }
        if self.count == 0 && core::mem::take(&mut self.is_unsure) {
            self.mode = Mode::Unknown(self.detector());
        }
        self.count += 1;
        match &mut self.mode {
            Mode::Unknown(detector) => {
                let verdict = detector.push(signal);
                self.guessed(verdict, now, out);
            }
            Mode::Known(reading) if reading.awaits_hello() => self.greeted(signal, now, out),
            Mode::Known(_) => self.read(signal, now, out),
            Mode::Lost | Mode::Refused => {}
        }
    }

    /// What follows from a signal in an unknown dialect.
    fn guessed(&mut self, verdict: Verdict, now: Nanos, out: &mut Vec<Action>) {
        let at_once = self.manners.heard(now);
        match verdict {
            Verdict::Nothing => self.give_up(out),
            Verdict::Complete => self.find(now, out),
            Verdict::Open | Verdict::Perhaps if at_once => {
                let answer = self.manners.signal(self.handles);
                self.answer(answer, now, out);
            }
            Verdict::Open | Verdict::Perhaps => {}
        }
    }

    /// A client asks for the turn.
    fn greeted(&mut self, signal: Bit, now: Nanos, out: &mut Vec<Action>) {
        if self.held {
            // Busy: it will ask again.
            self.begin();
            out.push(Action::Answer(Bit::One));
            return;
        }
        match self.push(signal) {
            Some(Progress::Open) => self.answer(Bit::Zero, now, out),
            Some(Progress::Rejected(reason)) => self.reject(reason, now, out),
            Some(Progress::Complete) | None => {}
        }
    }

    /// A signal of a message in a known dialect.
    fn read(&mut self, signal: Bit, now: Nanos, out: &mut Vec<Action>) {
        let progress = self.push(signal);
        let Mode::Known(reading) = &self.mode else {
            return;
        };
        let dialect = *reading.dialect();
        let is_due = match dialect.ack {
            Ack::Bit => true,
            Ack::Byte => (self.count - u64::from(dialect.hello)).is_multiple_of(8),
            Ack::None | Ack::Message => false,
        };
        let answer = dialect.acknowledgement(signal);
        match progress {
            Some(Progress::Open) if is_due => self.answer(answer, now, out),
            Some(Progress::Open) | None => {}
            Some(Progress::Complete) => {
                let is_early = dialect.ack_time == AckTime::Before && dialect.last != Final::Other;
                if is_early && is_due {
                    self.answer(answer, now, out);
                }
                self.complete(out);
            }
            Some(Progress::Rejected(reason)) => self.reject(reason, now, out),
        }
    }

    /// Reads a signal in the known dialect, and, where that is one of others of its kind, without that prejudice.
    fn push(&mut self, signal: Bit) -> Option<Progress> {
        if let Some(detector) = &mut self.fallback {
            detector.push(signal);
        }
        match &mut self.mode {
            Mode::Known(reading) => Some(reading.push(signal)),
            _ => None,
        }
    }

    /// The message is none in the known dialect: either the client speaks another than others of its kind do, or it is none.
    fn reject(&mut self, reason: Reason, now: Nanos, out: &mut Vec<Action>) {
        let Some(mut detector) = self.fallback.take() else {
            self.begin();
            out.push(Action::Rejected(reason));
            return;
        };
        let verdict = detector.stopped();
        self.mode = Mode::Unknown(detector);
        self.guessed(verdict, now, out);
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
        if self.encore_at().is_some_and(|at| now >= at) {
            let (_, answer) = self.encores.remove(0);
            self.played += 1;
            self.answered = now;
            out.push(Action::Answer(answer));
        }
        let is_kept_waiting = self.is_kept_waiting();
        match &mut self.mode {
            Mode::Unknown(detector) if !detector.is_empty() => {
                let poll = || self.manners.poll(now, sleeps, self.handles);
                if let Some(answer) = (!is_kept_waiting).then(poll).flatten() {
                    self.answer(answer, now, out);
                } else if now >= self.heard + GRACE && !self.is_silent {
                    self.is_silent = true;
                    match detector.stopped() {
                        Verdict::Perhaps | Verdict::Complete => self.find(now, out),
                        Verdict::Nothing => self.give_up(out),
                        Verdict::Open => {}
                    }
                }
            }
            Mode::Lost if now >= self.heard + LOST => self.forget(),
            _ => {}
        }
    }

    /// When [`poll`](Self::poll) is to be called next; `None` while nothing can become due before the client sends more.
    #[must_use]
    pub fn deadline(&self) -> Option<Nanos> {
        let settle = match &self.mode {
            Mode::Unknown(detector) if !detector.is_empty() && !self.is_silent => {
                Some(self.heard + GRACE)
            }
            _ => None,
        };
        let manners = match &self.mode {
            Mode::Unknown(detector) if !detector.is_empty() && !self.is_kept_waiting() => {
                self.manners.deadline(false, self.handles)
            }
            _ => None,
        };
        let lost = matches!(self.mode, Mode::Lost).then_some(self.heard + LOST);
        [settle, lost, manners, self.encore_at()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether it matters whether the client sleeps for a signal; see [`poll`](Self::poll).
    #[must_use]
    pub fn is_watching(&self) -> bool {
        let may_answer = matches!(&self.mode, Mode::Unknown(detector) if !detector.is_empty());
        may_answer && self.manners.is_watching() && self.handles.any() && !self.is_kept_waiting()
    }

    /// The client has ended, and with it its message, if that is complete. `well`: by itself and with success.
    pub fn ended(&mut self, well: bool, now: Nanos, out: &mut Vec<Action>) {
        match &mut self.mode {
            Mode::Unknown(detector) => {
                if matches!(detector.ended(well), Verdict::Perhaps | Verdict::Complete) {
                    self.find(now, out);
                }
            }
            Mode::Known(reading) => {
                if well && reading.end() {
                    self.complete(out);
                }
            }
            Mode::Lost | Mode::Refused => {}
        }
    }

    /// Says that a message was written, or that it was not.
    pub fn settle(&mut self, written: bool, now: Nanos, out: &mut Vec<Action>) {
        self.unsettled = self.unsettled.saturating_sub(1);
        self.held = false;
        let Mode::Known(reading) = &self.mode else {
            return;
        };
        if !written || self.unsettled > 0 || self.count > 0 {
            return;
        }
        let dialect = *reading.dialect();
        let (first, second) = dialect.last_acknowledgements(self.signal);
        if let Some(answer) = first.filter(|_| !self.is_answered) {
            self.answer(answer, now, out);
        }
        self.answered = now;
        self.played = 0;
        self.encores = second.map(|answer| (APART, answer)).into_iter().collect();
        if !self.is_given
            && dialect.ack_signal != AckSignal::Echo
            && self.handles.both()
            && let Some(first) = first
        {
            let known = self.encores.len();
            let tries = [other(first), first];
            self.encores
                .extend(tries.into_iter().skip(known).map(|bit| (TRY, bit)));
        }
    }

    /// Whether to withhold the answers that let the client go on.
    pub fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// Ends [`hold`](Self::hold), and sends what was withheld.
    pub fn release(&mut self, now: Nanos, out: &mut Vec<Action>) {
        self.held = false;
        if let Some(answer) = self.withheld.take() {
            self.answer(answer, now, out);
        }
    }

    /// Takes nothing more.
    pub fn refuse(&mut self) {
        self.mode = Mode::Refused;
        self.encores.clear();
        self.withheld = None;
    }

    /// Drops a message that is not complete.
    pub fn forget(&mut self) {
        if !matches!(self.mode, Mode::Known(_)) {
            self.mode = Mode::Unknown(self.detector());
        }
        self.manners = Manners::new(self.manners.signal(self.handles));
        self.withheld = None;
        self.begin();
    }

    /// What the client handles now.
    pub const fn handles(&mut self, handles: Handles) {
        self.handles = handles;
    }

    /// What the end of the client, at `now`, teaches about the next of its kind.
    #[must_use]
    pub fn lesson(&self, now: Nanos) -> Option<Lesson> {
        match &self.mode {
            Mode::Unknown(_) if self.manners.is_shy(self.handles) => Some(Lesson::Shy),
            Mode::Known(reading) if !self.is_given && !self.is_unsure => {
                let mut dialect = *reading.dialect();
                if now < self.answered + TRY && dialect.ack != Ack::None {
                    dialect.last = match self.played {
                        0 => Final::Same,
                        1 => Final::Both,
                        _ => Final::Twice,
                    };
                }
                Some(Lesson::Speaks(dialect))
            }
            _ => None,
        }
    }

    /// Signals so far.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Whether part of a message has been taken.
    #[must_use]
    pub fn in_message(&self) -> bool {
        self.count > 0 && !matches!(self.mode, Mode::Lost | Mode::Refused)
    }

    /// Bytes held of a message that is not complete.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        match &self.mode {
            Mode::Unknown(detector) => detector.held(),
            Mode::Known(reading) => reading.text().len(),
            Mode::Lost | Mode::Refused => 0,
        }
    }

    /// Whether no whole byte of a message is held, and none waits to be settled.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.unsettled == 0 && self.held_bytes() == 0 && self.encores.is_empty()
    }

    /// Whether the message may have ended with the last signal, so that the next may be another program's.
    #[must_use]
    pub fn may_be_over(&self) -> bool {
        match &self.mode {
            Mode::Unknown(detector) => detector.may_be_over(),
            _ => self.count == 0,
        }
    }

    /// Whether the client waits for the answer to every bit, so that withholding one makes it wait.
    #[must_use]
    pub fn can_be_held(&self) -> bool {
        match &self.mode {
            Mode::Known(reading) => {
                let dialect = reading.dialect();
                // One that repeats its bits, or gives up, is not kept waiting.
                let is_patient = dialect.wait == 0;
                reading.awaits_hello() || dialect.ack == Ack::Bit && is_patient
            }
            Mode::Unknown(_) => self.handles.any() && self.manners.may_wait_for_bits(),
            Mode::Lost | Mode::Refused => false,
        }
    }

    fn is_kept_waiting(&self) -> bool {
        self.held && self.can_be_held()
    }

    /// Whether a signal completes the first byte of a frame of our own.
    fn is_a_frame(&mut self, signal: Bit) -> bool {
        let Some(first) = &mut self.first else {
            return false;
        };
        let Some(byte) = first.push(signal) else {
            return false;
        };
        self.first = None;
        byte == MAGIC
    }

    /// The detector knows, or has to.
    fn find(&mut self, now: Nanos, out: &mut Vec<Action>) {
        let ack = self.manners.ack(self.handles);
        let empty = Mode::Unknown(self.detector());
        let Mode::Unknown(detector) = core::mem::replace(&mut self.mode, empty) else {
            return;
        };
        let Some(found) = detector.settle() else {
            return;
        };
        let Found {
            mut dialect,
            is_sure,
            rival,
            text,
            rest,
        } = found;
        dialect.ack = ack;
        dialect.ack_signal = match self.manners.signal(self.handles) {
            Bit::Zero => AckSignal::Usr1,
            Bit::One => AckSignal::Usr2,
        };
        if ack == Ack::None {
            dialect.ack_signal = AckSignal::Usr1;
        }
        if is_sure || !text.is_empty() {
            out.push(Action::Learned { dialect, rival });
        }
        let reading = Reading::learned(dialect, self.limit, self.pid);
        self.mode = Mode::Known(Box::new(reading));
        self.is_unsure = !is_sure;
        out.push(Action::Complete(text));
        self.unsettled += 1;
        self.begin();
        self.next -= rest.len() as u64;
        let was_answered = self.is_answered;
        let last = rest.len().saturating_sub(1);
        for (i, signal) in rest.into_iter().enumerate() {
            let from = out.len();
            self.bit(signal, now, out);
            // It went on, so it has had its answers.
            if i < last || was_answered {
                let mut at = 0;
                out.retain(|action| {
                    at += 1;
                    at <= from || !matches!(action, Action::Answer(_))
                });
                self.is_answered = true;
            }
        }
    }

    fn complete(&mut self, out: &mut Vec<Action>) {
        let Mode::Known(reading) = &mut self.mode else {
            return;
        };
        let text = reading.take();
        if self.fallback.take().is_some() {
            **reading = Reading::learned(*reading.dialect(), self.limit, self.pid);
        }
        self.unsettled += 1;
        self.begin();
        out.push(Action::Complete(text));
    }

    /// The stream makes no sense.
    fn give_up(&mut self, out: &mut Vec<Action>) {
        if let Mode::Unknown(detector) = &self.mode {
            out.push(Action::Nonsense(detector.bits(SHOWN)));
        }
        self.mode = Mode::Lost;
    }

    fn detector(&self) -> Box<Detector> {
        Box::new(Detector::new(self.limit, self.pid, self.handles.usr1))
    }

    /// A message is over; the next signal begins another.
    fn begin(&mut self) {
        self.first = Some(ByteAssembler::new());
        self.count = 0;
        if let Mode::Known(reading) = &mut self.mode {
            reading.take();
        }
    }

    fn answer(&mut self, answer: Bit, now: Nanos, out: &mut Vec<Action>) {
        if self.is_kept_waiting() {
            self.withheld = Some(answer);
            return;
        }
        self.is_answered = true;
        self.answered = now;
        out.push(Action::Answer(answer));
    }

    fn encore_at(&self) -> Option<Nanos> {
        let (pause, _) = self.encores.first()?;
        Some(self.answered + pause)
    }
}
