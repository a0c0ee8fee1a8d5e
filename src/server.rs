//! Receives messages: the loop that joins the inbox, one session per client, and the writer thread.

mod config;
mod endings;
mod message;
mod report;
mod session;
mod strangers;
mod turns;
mod writer;

use core::mem;
use core::time::Duration;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::string::String;
use std::time::Instant;
use std::vec::Vec;

use crate::dialect::listener::{Action, Lesson};
use crate::event::{Event, Origin, Signal};
use crate::ffi::{Doorbell, FdSet};
use crate::inbox::Inbox;
use crate::peer::PeerError;
use crate::pid::{Pid, PidMap};
use crate::wire::Nanos;
use crate::wire::bits::Bit;
use crate::wire::control::{Answer, Ask, Status, Tag};
use crate::wire::decoder::Reason;
use crate::wire::receiver::{Outcome, Reaction};
use crate::wire::word::Word;

pub use config::{Config, Dialects};
use endings::Closing;
pub use message::Message;
pub use report::{Note, ServeError, Why};
use session::Session;
use turns::Turns;
pub use writer::Output;
use writer::{Writer, Written};

/// How long a server that ends goes on answering clients that ask again, for its last answer may have been swallowed.
const LINGER: Nanos = 250_000_000;

/// How often clients that no pidfd watches are looked for.
const PATROL: Nanos = 1_000_000_000;

/// Bytes of messages that may wait for the output when their clients cannot be made to wait.
const BACKLOG: usize = 16 << 20;

/// The writer's bell and the one that stops in the set of descriptors; the others carry PIDs, which are from 1 to 2^31 - 1.
const BELL: u64 = 0;
const STOP: u64 = u64::MAX;

/// Receives messages until told to stop by SIGINT, SIGTERM or `config.count`.
///
/// `inbox` is fresh from [`Inbox::open`]: its signals are still blocked, which the writer thread inherits.
///
/// # Errors
/// See [`ServeError`]; clients have been told.
pub fn serve(
    inbox: &mut Inbox,
    config: Config,
    output: Output,
    notes: &mut dyn FnMut(&Note),
) -> Result<(), ServeError> {
    serve_until(inbox, config, output, notes, None)
}

/// As [`serve`], until `stop` rings too.
pub(crate) fn serve_until(
    inbox: &mut Inbox,
    config: Config,
    output: Output,
    notes: &mut dyn FnMut(&Note),
    stop: Option<&Doorbell>,
) -> Result<(), ServeError> {
    if config.count == Some(0) {
        return Ok(());
    }
    let mut server = Server::new(inbox, config, output, notes, stop)?;
    let result = server.run(inbox);
    if server.writer.outstanding() == 0 {
        server.writer.join();
    }
    result
}

/// The bit that a standard signal is.
fn bit_of(signal: Signal) -> Bit {
    Bit::from(signal == Signal::Usr2)
}

struct Server<'n> {
    config: Config,
    set: FdSet,
    writer: Writer,
    /// What stops it beside SIGINT and SIGTERM.
    stop: Option<&'n Doorbell>,
    notes: &'n mut dyn FnMut(&Note),
    start: Instant,
    /// Bytes in a word; 0 where none are taken.
    word_size: u8,
    now: Nanos,
    batch: u64,
    /// Whether this batch of signals had one of a stranger's, and one of a classic client's that waits for its answers.
    strangers: bool,
    acquaintances: bool,
    sessions: PidMap<Session>,
    /// Clients whose listeners have something to do at some time.
    listening: Vec<Pid>,
    /// What has been learned of programs, by the device and number of their files.
    lessons: HashMap<(u64, u64), Lesson>,
    /// What listeners want done; kept for its memory.
    actions: Vec<Action>,
    turns: Turns,
    /// Finished messages that the writer has no room for yet; all are older than any that is still to come.
    backlog: VecDeque<Message>,
    backlog_bytes: usize,
    accepted: u64,
    sweep_at: Option<Nanos>,
    noted: Noted,
    closing: Option<Closing>,
}

/// Notes that are worth making once.
#[derive(Default)]
struct Noted {
    nameless: bool,
    no_pidfd: bool,
    unwatched: bool,
}

impl<'n> Server<'n> {
    fn new(
        inbox: &Inbox,
        config: Config,
        output: Output,
        notes: &'n mut dyn FnMut(&Note),
        stop: Option<&'n Doorbell>,
    ) -> io::Result<Self> {
        let writer = Writer::start(output)?;
        let set = FdSet::new()?;
        set.add(writer.bell().fd(), BELL)?;
        if let Some(stop) = stop {
            set.add(stop.fd(), STOP)?;
        }
        Ok(Self {
            config,
            set,
            writer,
            stop,
            notes,
            start: Instant::now(),
            word_size: inbox.probe_word(),
            now: 0,
            batch: 0,
            strangers: false,
            acquaintances: false,
            sessions: PidMap::default(),
            listening: Vec::new(),
            lessons: HashMap::new(),
            actions: Vec::new(),
            turns: Turns::default(),
            backlog: VecDeque::new(),
            backlog_bytes: 0,
            accepted: 0,
            sweep_at: None,
            noted: Noted::default(),
            closing: None,
        })
    }

    fn run(&mut self, inbox: &mut Inbox) -> Result<(), ServeError> {
        let mut events = Vec::new();
        let mut ended = Vec::new();
        loop {
            self.now = self
                .start
                .elapsed()
                .as_nanos()
                .try_into()
                .unwrap_or(u64::MAX);
            self.batch += 1;
            (self.strangers, self.acquaintances) = (false, false);
            // All of them before the first is answered: two of one sender in a batch are then two for which it did not wait.
            inbox.drain(|event| events.push(event));
            for event in events.drain(..) {
                if self.config.trace {
                    (self.notes)(&Note::Heard(event));
                }
                self.event(event)?;
                if self.config.trace {
                    (self.notes)(&Note::Handled);
                }
            }
            // Only now: what a client sent before it ended was in the drain.
            for pid in ended.drain(..) {
                self.bury(pid);
            }
            if !self.listening.is_empty() {
                self.attend();
            }
            if self.unwritten() > 0 {
                while let Some(written) = self.writer.written() {
                    self.settle(written);
                }
                self.feed_writer();
            }
            if let Some(pid) = self.turns.next(self.now) {
                self.release(pid);
            }
            if self.sweep_at.is_some_and(|at| self.now >= at) {
                self.sweep();
            }
            let linger = self.linger();
            let nothing_left = self.unwritten() == 0;
            let now = self.now;
            if let Some(closing) = self.closing.take_if(|closing| {
                nothing_left && (closing.hurried || linger.is_none_or(|until| now >= until))
            }) {
                return closing.result;
            }
            let timeout = [
                self.turns.deadline(),
                self.sweep_at,
                linger,
                self.attend_at(),
            ]
            .into_iter()
            .flatten()
            .min()
            .map(|at| Duration::from_nanos(at.saturating_sub(self.now)));
            let fd = Some(self.set.fd());
            let waited = if self.expects_a_signal() {
                inbox.wait_soon(fd, timeout, Duration::ZERO)
            } else {
                inbox.wait(fd, timeout)
            };
            if waited.map_err(io::Error::from)? {
                let mut stops = false;
                self.set.ready(|number| {
                    stops |= number == STOP;
                    // The bells are no PIDs, so they fall out here.
                    ended.extend(number.try_into().ok().and_then(Pid::new));
                });
                self.writer.bell().clear();
                if let Some(stop) = self.stop.filter(|_| stops) {
                    stop.clear();
                    // It only ever says that it is enough.
                    if self.closing.is_none() {
                        self.stop()?;
                    }
                }
            }
        }
    }

    /// Whether somebody whom we have answered will send the next bit at once. Not in a storm of strays: to tell its noise
    /// from text takes signals that come in batches.
    fn expects_a_signal(&self) -> bool {
        !self.strangers && (self.acquaintances || self.turns.is_taken())
    }

    fn event(&mut self, event: Event) -> Result<(), ServeError> {
        let signal = event.signal;
        if matches!(signal, Signal::Int | Signal::Term) {
            return self.stop();
        }
        match event.origin {
            // It says no more than who is about to send words.
            Origin::Attested { pid, uid } if signal == Signal::Word => {
                if let Some(session) = self.sessions.get_mut(&pid) {
                    session.uid = Some(uid);
                }
            }
            Origin::Attested { pid, uid } => self.bit(pid, uid, bit_of(signal)),
            Origin::Claimed { pid, value, .. } if event.errno == 0 => {
                if let Some(ask) = Ask::from_value(value) {
                    self.ask(pid, signal, ask);
                }
            }
            Origin::Claimed { pid, value, .. } if signal == Signal::Word => {
                self.word(pid, Word::from_parts(event.errno, value, event.more));
            }
            Origin::Claimed { .. } => {}
            Origin::Unknown { .. } => {
                if !mem::replace(&mut self.noted.nameless, true) {
                    (self.notes)(&Note::Nameless);
                }
            }
        }
        Ok(())
    }

    fn bit(&mut self, pid: Pid, uid: u32, bit: Bit) {
        let (batch, now) = (self.batch, self.now);
        let Some(session) = self.session(pid) else {
            return;
        };
        if !session.in_message() {
            session.look_again(now);
        }
        session.uid = Some(uid);
        session.count_bit(batch, now);
        let (is_announced, is_steady) = (session.is_announced(), session.is_steady());
        let is_overheard = session.is_overheard();
        self.strangers |= !is_announced && !is_steady;
        self.acquaintances |= is_steady;
        if is_overheard {
            return self.overhear(pid, bit);
        }
        // A bare bit is answered on SIGUSR1, which is what classic clients wait for.
        self.react(pid, Signal::Usr1, |session| session.receiver.bit(bit));
    }

    fn word(&mut self, pid: Pid, word: Word) {
        // Only from somebody who asked before: nobody is looked up for a stray.
        self.react(pid, Signal::Word, |session| session.receiver.word(&word));
    }

    fn ask(&mut self, pid: Pid, signal: Signal, ask: Ask) {
        if (signal == Signal::Word) != matches!(ask, Ask::Words { .. }) {
            return;
        }
        let (closing, now) = (self.closing.is_some(), self.now);
        let Some(session) = self.session(pid) else {
            return;
        };
        let bit = bit_of(signal);
        match ask {
            Ask::Hello { .. } => {
                let listener = session.listener.take();
                if let Some(listener) = listener.filter(|listener| listener.held_bytes() > 0) {
                    let (why, bytes) = (Why::Abandoned, listener.held_bytes());
                    self.dropped(pid, why, bytes);
                }
            }
            Ask::Resend { tag: 0, index } if self.overhear_again(pid, bit, index) => return,
            _ => {}
        }
        let Some(session) = self.session(pid) else {
            return;
        };
        match ask {
            Ask::Hello { tag, .. } if tag != session.receiver.tag() => {
                session.look_again(now);
                if closing {
                    let status = Status::Rejected(Reason::ShuttingDown);
                    return self.answer(pid, signal, Answer { tag, status });
                }
            }
            _ => {}
        }
        // A question is answered on the signal that asked, so that a storm on one signal cannot silence both directions.
        self.react(pid, signal, |session| session.receiver.ask(bit, ask));
    }

    /// Lets the session `pid` react to a signal, in its turn, and carries out what it says.
    fn react(&mut self, pid: Pid, via: Signal, act: impl FnOnce(&mut Session) -> Reaction) {
        let Some(session) = self.sessions.get_mut(&pid) else {
            return;
        };
        session.heard = self.now;
        if session.is_announced() && session.receiver.in_message() {
            let may_go_on = self.turns.may_go_on(pid, self.now);
            session.receiver.hold(!may_go_on);
        }
        let was_in_message = session.receiver.in_message();
        let bytes = session.receiver.held_bytes();
        let reaction = act(session);
        if !was_in_message {
            session.began = self.now;
        }
        if let Some(outcome) = reaction.outcome {
            self.turns.leave(pid);
            self.outcome(pid, outcome, bytes);
        }
        if let Some(answer) = reaction.answer {
            self.answer(pid, via, answer);
        }
    }

    fn outcome(&mut self, pid: Pid, outcome: Outcome, bytes: usize) {
        match outcome {
            Outcome::Complete {
                payload,
                framed,
                resent,
            } => self.complete(pid, payload, framed, resent),
            Outcome::Rejected(reason) => self.dropped(pid, Why::Rejected(reason), bytes),
            Outcome::Abandoned => self.dropped(pid, Why::Abandoned, bytes),
        }
    }

    fn complete(&mut self, pid: Pid, payload: Vec<u8>, framed: bool, resent: u64) {
        let Some(session) = self.sessions.get_mut(&pid) else {
            return;
        };
        let tag = session.receiver.tag();
        let bytes = payload.len();
        if self.closing.is_some() {
            return self.refuse_complete(pid, tag, bytes, Why::Rejected(Reason::ShuttingDown));
        }
        if !framed && session.is_noise() {
            return self.refuse_complete(pid, tag, bytes, Why::Noise);
        }
        if tag == 0
            && self.backlog_bytes.saturating_add(bytes) > BACKLOG.max(self.config.max_message)
        {
            return self.refuse_complete(pid, tag, bytes, Why::Backlog);
        }
        if self.config.trace {
            (self.notes)(&Note::Complete { pid, bytes, framed });
        }
        let message = Message {
            pid,
            uid: session.uid,
            payload,
            framed,
            resent,
            duration: Duration::from_nanos(self.now.saturating_sub(session.began)),
            tag,
        };
        self.backlog_bytes += bytes;
        self.backlog.push_back(message);
        self.accepted += 1;
        if self.config.count == Some(self.accepted) {
            self.close(Ok(()), Reason::ShuttingDown);
        }
    }

    fn refuse_complete(&mut self, pid: Pid, tag: Tag, bytes: usize, why: Why) {
        let reason = match why {
            Why::Rejected(reason) => reason,
            Why::Noise => Reason::NotText,
            _ => Reason::Output,
        };
        self.dropped(pid, why, bytes);
        self.settle_session(pid, tag, Err(reason));
    }

    fn feed_writer(&mut self) {
        while let Some(message) = self.backlog.pop_front() {
            let bytes = message.payload.len();
            if let Err(message) = self.writer.offer(message) {
                self.backlog.push_front(message);
                return;
            }
            self.backlog_bytes -= bytes;
        }
    }

    fn settle(&mut self, written: Written) {
        let Written { message, result } = written;
        let verdict = result.map_err(|error| {
            self.close(Err(ServeError::Output(error)), Reason::Output);
            Reason::Output
        });
        self.settle_session(message.pid, message.tag, verdict);
    }

    fn settle_session(&mut self, pid: Pid, tag: Tag, verdict: Result<(), Reason>) {
        let Some(session) = self.sessions.get_mut(&pid) else {
            return;
        };
        if session.listener.is_some() {
            let written = verdict.is_ok();
            return self.listen_unasked(pid, |listener, now, out| {
                listener.settle(written, now, out);
            });
        }
        if let Some(answer) = session.receiver.settle(tag, verdict) {
            self.answer_unasked(pid, answer);
        }
    }

    fn release(&mut self, pid: Pid) {
        let Some(session) = self.sessions.get_mut(&pid) else {
            return;
        };
        if session.listener.is_some() {
            return self.listen_unasked(pid, |listener, _, out| listener.release(out));
        }
        if let Some(answer) = session.receiver.release() {
            self.answer_unasked(pid, answer);
        }
    }

    fn answer_unasked(&mut self, pid: Pid, answer: Answer) {
        if let Some(signal) = self.sessions.get(&pid).map(Session::signal) {
            self.answer(pid, signal, answer);
        }
    }

    fn answer(&mut self, pid: Pid, via: Signal, answer: Answer) {
        let Some(session) = self.sessions.get_mut(&pid) else {
            return;
        };
        if self.config.trace {
            (self.notes)(&Note::Told {
                pid,
                signal: via,
                answer,
            });
        }
        if let Err(PeerError::NoSuchProcess) = session.answer(via, answer, self.now) {
            self.bury(pid);
        }
    }

    /// The session of `pid`, begun if it is new; `None` if the process has ended or cannot be watched.
    fn session(&mut self, pid: Pid) -> Option<&mut Session> {
        if !self.sessions.contains_key(&pid) {
            let begun = self.begin(pid).or_else(|error| match error {
                PeerError::System(_) => {
                    self.forget_strays();
                    self.begin(pid)
                }
                error => Err(error),
            });
            match begun {
                Ok(session) => self.sessions.insert(pid, session),
                Err(PeerError::NoSuchProcess) => return None,
                Err(error) => {
                    if !mem::replace(&mut self.noted.unwatched, true) {
                        (self.notes)(&Note::Unwatched(pid, std::format!("{error}")));
                    }
                    return None;
                }
            };
        }
        if self.sweep_at.is_none() {
            self.sweep_at = Some(self.now.saturating_add(self.sweep_interval()));
        }
        self.sessions.get_mut(&pid)
    }

    fn begin(&mut self, pid: Pid) -> Result<Session, PeerError> {
        let session = Session::open(pid, self.config.max_message, self.word_size, self.now)?;
        match session.peer.fd() {
            Some(fd) => self.set.add(fd, (pid.get() as u32).into())?,
            None if !mem::replace(&mut self.noted.no_pidfd, true) => (self.notes)(&Note::NoPidfd),
            None => {}
        }
        if session.is_unreachable() {
            (self.notes)(&Note::Unreachable(pid));
        }
        Ok(session)
    }

    fn dropped(&mut self, pid: Pid, why: Why, bytes: usize) {
        // A stranger's noise is worth one line, not one for every few signals.
        let worth_it = |s: &mut Session| s.is_announced() || !mem::replace(&mut s.noted, true);
        if self.sessions.get_mut(&pid).is_some_and(worth_it) {
            (self.notes)(&Note::Dropped { pid, why, bytes });
        }
    }

    fn nonsense(&mut self, pid: Pid, bits: String) {
        let worth_it = |s: &mut Session| !s.is_noise() && !mem::replace(&mut s.noted, true);
        if self.sessions.get_mut(&pid).is_some_and(worth_it) {
            (self.notes)(&Note::Nonsense { pid, bits });
        }
    }
}
