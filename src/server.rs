//! Receives messages: the loop that joins the inbox, one session per client, and the writer thread.

mod session;
mod turns;
mod writer;

use core::fmt;
use core::mem;
use core::time::Duration;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::string::String;
use std::time::Instant;
use std::vec::Vec;

use crate::event::{Event, Origin, Signal};
use crate::ffi::FdSet;
use crate::inbox::Inbox;
use crate::peer::PeerError;
use crate::pid::Pid;
use crate::wire::Nanos;
use crate::wire::bits::Bit;
use crate::wire::control::{Answer, Ask, Status, Tag};
use crate::wire::decoder::Reason;
use crate::wire::receiver::{Outcome, Reaction};

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

/// The writer's bell in the set of descriptors; the others carry PIDs, which begin at 1.
const BELL: u64 = 0;

/// What a server can be told.
#[derive(Clone, Debug)]
pub struct Config {
    /// The longest message taken, in bytes.
    pub max_message: usize,
    /// How long a client may be silent in mid-message before the half is dropped; `None` for ever.
    pub idle_timeout: Option<Duration>,
    /// How many messages to take before ending; `None` for no end.
    pub count: Option<u64>,
}

/// A finished message.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Message {
    /// Who sent it.
    pub pid: Pid,
    /// The sender's real user ID, if the kernel attested it.
    pub uid: Option<u32>,
    /// Its bytes.
    pub payload: Vec<u8>,
    /// Whether it came in a frame and passed its checksum; otherwise it is a classic client's text.
    pub framed: bool,
    /// Signals that the client sent again on the way.
    pub resent: u64,
    /// From its first signal to its last.
    pub duration: Duration,
    tag: Tag,
}

/// Something that whoever runs the server may want to know.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Note {
    /// A message was not delivered.
    Dropped {
        /// Its sender.
        pid: Pid,
        /// Why.
        why: Why,
        /// How many of its bytes had come.
        bytes: usize,
    },
    /// The client belongs to a user whom we may not signal, so that it gets no answers.
    Unreachable(Pid),
    /// A client could not be taken.
    Unwatched(Pid, String),
    /// A signal from somebody who cannot be answered: another PID namespace, or no room for the signal's content.
    Nameless,
    /// The kernel has no pidfd: a recycled PID cannot be told from the client that had it.
    NoPidfd,
    /// The server ends as soon as its output has taken what is finished.
    Flushing(usize),
}

/// Why a message was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// It was rejected.
    Rejected(Reason),
    /// Its client ended in the middle of it.
    ClientEnded,
    /// Its client began another in the middle of it.
    Abandoned,
    /// It is no message: signals that came too fast to be one.
    Noise,
    /// The output is blocked and its client cannot be made to wait.
    Backlog,
}

/// Why a server ended before it was told to.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServeError {
    /// The output failed.
    Output(io::Error),
    /// A second SIGINT or SIGTERM came while this many messages still waited for the output.
    Aborted(usize),
    /// A system call failed.
    System(io::Error),
}

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
    let writer = Writer::start(output)?;
    let set = FdSet::new().map_err(io::Error::from)?;
    set.add(writer.bell().fd(), BELL).map_err(io::Error::from)?;
    let mut server = Server {
        config,
        set,
        writer,
        notes,
        start: Instant::now(),
        now: 0,
        batch: 0,
        sessions: HashMap::new(),
        turns: Turns::default(),
        backlog: VecDeque::new(),
        backlog_bytes: 0,
        accepted: 0,
        sweep_at: None,
        noted: Noted::default(),
        closing: None,
    };
    let result = server.run(inbox);
    if server.writer.outstanding() == 0 {
        server.writer.stop();
    }
    result
}

struct Server<'n> {
    config: Config,
    set: FdSet,
    writer: Writer,
    notes: &'n mut dyn FnMut(&Note),
    start: Instant,
    now: Nanos,
    batch: u64,
    sessions: HashMap<Pid, Session>,
    turns: Turns,
    /// Finished messages that the writer has no room for yet; all are older than any that is still to come.
    backlog: VecDeque<Message>,
    backlog_bytes: usize,
    accepted: u64,
    sweep_at: Option<Nanos>,
    noted: Noted,
    closing: Option<Closing>,
}

/// The end of the server, once it is decided: nothing new is taken, what is finished is written, clients are told.
struct Closing {
    result: Result<(), ServeError>,
    /// Do not linger.
    hurried: bool,
}

/// Notes that are worth making once.
#[derive(Default)]
struct Noted {
    nameless: bool,
    no_pidfd: bool,
    unwatched: bool,
}

impl Server<'_> {
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
            inbox.drain(|event| events.push(event));
            for event in events.drain(..) {
                self.event(event)?;
            }
            // Only now: what a client sent before it ended was in the drain.
            for pid in ended.drain(..) {
                self.bury(pid);
            }
            while let Some(written) = self.writer.written() {
                self.settle(written);
            }
            self.feed_writer();
            if let Some(pid) = self.turns.next(self.now) {
                self.release(pid);
            }
            if self.sweep_at.is_some_and(|at| self.now >= at) {
                self.sweep();
            }
            let linger = self.linger();
            if let Some(closing) = self.closing.take_if(|closing| {
                self.backlog.is_empty()
                    && self.writer.outstanding() == 0
                    && (closing.hurried || linger.is_none_or(|until| self.now >= until))
            }) {
                return closing.result;
            }
            let timeout = [self.turns.deadline(), self.sweep_at, linger]
                .into_iter()
                .flatten()
                .min()
                .map(|at| Duration::from_nanos(at.saturating_sub(self.now)));
            if inbox
                .wait(Some(self.set.fd()), timeout)
                .map_err(io::Error::from)?
            {
                // BELL is no PID, so it falls out here.
                self.set
                    .ready(|number| ended.extend(number.try_into().ok().and_then(Pid::new)));
                self.writer.bell().clear();
            }
        }
    }

    fn event(&mut self, event: Event) -> Result<(), ServeError> {
        let bit = match event.signal {
            Signal::Usr1 => Bit::Zero,
            Signal::Usr2 => Bit::One,
            Signal::Int | Signal::Term => return self.stop(),
        };
        match event.origin {
            Origin::Attested { pid, uid } => self.bit(pid, uid, bit),
            Origin::Claimed { pid, value, .. } => {
                if let Some(ask) = Ask::from_value(value) {
                    self.ask(pid, bit, ask);
                }
            }
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
        session.uid = Some(uid);
        session.count_bit(batch, now);
        // A bare bit is answered on SIGUSR1, which is what classic clients wait for.
        self.react(pid, Bit::Zero, |session| session.receiver.bit(bit));
    }

    fn ask(&mut self, pid: Pid, bit: Bit, ask: Ask) {
        let closing = self.closing.is_some();
        let Some(session) = self.session(pid) else {
            return;
        };
        if let Ask::Hello { tag, .. } = ask
            && tag != session.receiver.tag()
        {
            session.look_again();
            if closing {
                let status = Status::Rejected(Reason::ShuttingDown);
                return self.answer(pid, bit, Answer { tag, status });
            }
        }
        // A question is answered on the signal that asked, so that a storm on one signal cannot silence both directions.
        self.react(pid, bit, |session| session.receiver.ask(bit, ask));
    }

    /// Lets the session `pid` react to a signal, in its turn, and carries out what it says.
    fn react(&mut self, pid: Pid, via: Bit, act: impl FnOnce(&mut Session) -> Reaction) {
        let Some(session) = self.sessions.get_mut(&pid) else {
            return;
        };
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
        let session = self.sessions.get_mut(&pid);
        if let Some(answer) = session.and_then(|s| s.receiver.settle(tag, verdict)) {
            self.answer(pid, Bit::Zero, answer);
        }
    }

    fn release(&mut self, pid: Pid) {
        let session = self.sessions.get_mut(&pid);
        if let Some(answer) = session.and_then(|s| s.receiver.release()) {
            self.answer(pid, Bit::Zero, answer);
        }
    }

    fn answer(&mut self, pid: Pid, via: Bit, answer: Answer) {
        let Some(session) = self.sessions.get_mut(&pid) else {
            return;
        };
        if let Err(PeerError::NoSuchProcess) = session.answer(via, answer, self.now) {
            self.bury(pid);
        }
    }

    /// The session of `pid`, begun if it is new; `None` if the process has ended or cannot be watched.
    fn session(&mut self, pid: Pid) -> Option<&mut Session> {
        if !self.sessions.contains_key(&pid) {
            match self.begin(pid) {
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
        let session = self.sessions.get_mut(&pid)?;
        session.heard = self.now;
        Some(session)
    }

    fn begin(&mut self, pid: Pid) -> Result<Session, PeerError> {
        let session = Session::open(pid, self.config.max_message, self.now)?;
        match session.peer.fd() {
            Some(fd) => self.set.add(fd, pid.get().cast_unsigned().into())?,
            None if !mem::replace(&mut self.noted.no_pidfd, true) => (self.notes)(&Note::NoPidfd),
            None => {}
        }
        if session.is_unreachable() {
            (self.notes)(&Note::Unreachable(pid));
        }
        Ok(session)
    }

    /// The client has ended: its half message goes, its whole ones stay.
    fn bury(&mut self, pid: Pid) {
        self.turns.leave(pid);
        let Some(session) = self.sessions.remove(&pid) else {
            return;
        };
        if self.sessions.is_empty() {
            // Nothing is left to look after, and an idle server is not woken for nothing.
            self.sweep_at = None;
        }
        let bytes = session.receiver.held_bytes();
        // Less than a byte from a stranger is a stray signal.
        if session.receiver.in_message() && (session.is_announced() || bytes > 0) {
            let why = Why::ClientEnded;
            (self.notes)(&Note::Dropped { pid, why, bytes });
        }
    }

    /// Drops the half messages of silent clients, and clients that ended where no pidfd tells.
    fn sweep(&mut self) {
        let limit = self.config.idle_timeout.map(|t| t.as_nanos() as Nanos);
        let mut ended = Vec::new();
        let mut idle = Vec::new();
        let mut again = false;
        for (pid, session) in &self.sessions {
            if !session.peer.is_certain() && session.peer.probe().is_err() {
                ended.push(*pid);
            } else if session.receiver.in_message()
                && limit.is_some_and(|limit| self.now.saturating_sub(session.heard) >= limit)
            {
                idle.push(*pid);
            } else {
                again |= session.receiver.in_message() || !session.peer.is_certain();
            }
        }
        for pid in ended {
            self.bury(pid);
        }
        for pid in idle {
            self.drop_half(pid);
        }
        self.sweep_at = again.then(|| self.now.saturating_add(self.sweep_interval()));
    }

    fn sweep_interval(&self) -> Nanos {
        let idle = self.config.idle_timeout.map(|t| t.as_nanos() as Nanos / 4);
        idle.unwrap_or(PATROL).clamp(PATROL / 50, PATROL)
    }

    fn drop_half(&mut self, pid: Pid) {
        let Some(session) = self.sessions.get_mut(&pid) else {
            return;
        };
        self.turns.leave(pid);
        let bytes = session.receiver.held_bytes();
        let answer = session.receiver.drop_half(Reason::Idle);
        self.dropped(pid, Why::Rejected(Reason::Idle), bytes);
        if let Some(answer) = answer {
            self.answer(pid, Bit::Zero, answer);
        }
    }

    fn dropped(&mut self, pid: Pid, why: Why, bytes: usize) {
        // A stranger's noise is worth one line, not one for every few signals.
        let worth_it = |s: &mut Session| s.is_announced() || !mem::replace(&mut s.noted, true);
        if self.sessions.get_mut(&pid).is_some_and(worth_it) {
            (self.notes)(&Note::Dropped { pid, why, bytes });
        }
    }

    /// SIGINT or SIGTERM: the first ends the server in order, the second at once.
    fn stop(&mut self) -> Result<(), ServeError> {
        let unwritten = self.writer.outstanding() + self.backlog.len();
        match &mut self.closing {
            None => {
                self.close(Ok(()), Reason::ShuttingDown);
                if unwritten > 0 {
                    (self.notes)(&Note::Flushing(unwritten));
                }
            }
            Some(_) if unwritten > 0 => return Err(ServeError::Aborted(unwritten)),
            Some(closing) => closing.hurried = true,
        }
        Ok(())
    }

    /// Begins the end, and tells every client in mid-message.
    fn close(&mut self, result: Result<(), ServeError>, reason: Reason) {
        match &mut self.closing {
            Some(closing) => {
                if closing.result.is_ok() {
                    closing.result = result;
                }
            }
            none => {
                *none = Some(Closing {
                    result,
                    hurried: false,
                });
            }
        }
        let pids: Vec<_> = self.sessions.keys().copied().collect();
        for pid in pids {
            let session = self.sessions.get_mut(&pid);
            if let Some(answer) = session.and_then(|s| s.receiver.refuse(reason)) {
                self.answer(pid, Bit::Zero, answer);
            }
        }
    }

    /// Until when a client that is still there may have to be answered again; `None` while the server is not ending, or
    /// when there is no such client.
    fn linger(&self) -> Option<Nanos> {
        self.closing.as_ref()?;
        let announced = self.sessions.values().filter(|s| s.is_announced());
        let last = announced.filter_map(|s| s.answered).max()?;
        Some(last.saturating_add(LINGER))
    }
}

impl From<io::Error> for ServeError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output(error) => write!(f, "the output failed: {error}"),
            Self::Aborted(n) => write!(f, "stopped with {n} finished messages not written"),
            Self::System(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ServeError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Output(error) | Self::System(error) => Some(error),
            Self::Aborted(_) => None,
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dropped { pid, why, bytes } => {
                write!(f, "dropped a message of client {pid} after {bytes} bytes: {why}")
            }
            Self::Unreachable(pid) => write!(
                f,
                "client {pid} belongs to a user whom this server may not signal: it gets no acknowledgements"
            ),
            Self::Unwatched(pid, error) => write!(f, "cannot take client {pid}: {error}"),
            Self::Nameless => f.write_str(
                "ignoring signals without a sender: from another PID namespace, or without room for their content (ulimit -i)",
            ),
            Self::NoPidfd => f.write_str(
                "this kernel has no pidfd (Linux 5.3): a recycled PID cannot be told from the client that had it",
            ),
            Self::Flushing(n) => write!(
                f,
                "waiting for the output to take {n} finished messages; signal again to give them up"
            ),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(reason) => reason.fmt(f),
            Self::ClientEnded => f.write_str("the client ended"),
            Self::Abandoned => f.write_str("the client began another"),
            Self::Noise => f.write_str("signals too fast for a text, which swallow each other"),
            Self::Backlog => f.write_str("the output is blocked and the client does not wait"),
        }
    }
}
