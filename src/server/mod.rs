//! Receives messages: the loop that joins the inbox, one session per client, and the writer thread.

mod config;
mod endings;
mod memory;
mod message;
mod notices;
mod report;
mod session;
mod strangers;
mod turns;
mod writer;

use core::mem;
use core::time::Duration;
use std::boxed::Box;
use std::collections::VecDeque;
use std::io;
use std::string::String;
use std::time::Instant;
use std::vec::Vec;

use crate::dialect::listener::Action;
use crate::dialect::profiles::Profiles;
use crate::ffi::{self, Epoll, Errno};
use crate::process::peer::{Peer, PeerError};
use crate::process::pid::{Pid, PidMap};
use crate::signal::event::{Event, Origin, Signal};
use crate::signal::inbox::Inbox;
use crate::wire::Nanos;
use crate::wire::bits::Bit;
use crate::wire::control::{Reply, Request, Status, Tag};
use crate::wire::reason::Reason;
use crate::wire::receiver::{Outcome, Response};
use crate::wire::word::Word;

pub use config::{Config, Dialects};
pub use endings::Stop;
use endings::{Closing, Urgency, nanos};
use memory::Memory;
pub use message::Message;
use notices::Notices;
pub use report::{Note, ServeError, Why};
pub(crate) use session::LOOK_INTERVAL;
use session::Session;
use turns::Turns;
pub use writer::Output;
pub(crate) use writer::Sink;
use writer::{Writer, Written};

/// How long a server that ends goes on answering clients that ask again, for its last answer may have been swallowed.
const LINGER: Nanos = 250_000_000;

/// How often clients that no pidfd watches are looked for.
const PATROL: Nanos = 1_000_000_000;

/// Descriptors that are not for clients: those of the program around the server, and those that are open for a moment.
const RESERVED: usize = 20;

/// The writer's bell and the one that stops in the set of descriptors; the others carry PIDs, which are from 1 to 2^31 - 1.
const BELL: u64 = 0;
const STOP: u64 = u64::MAX;

/// Receives messages until told to stop by SIGINT, SIGTERM or `config.count`.
///
/// `inbox` is fresh from [`Inbox::open`]: its signals are still blocked, which the writer thread inherits.
///
/// `notes` is called between two signals, so it must not wait for anything. If it panics, or `output` does, the server ends in
/// order with [`ServeError::Panicked`].
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

/// As [`serve`], until `stop` is asked for too.
///
/// # Errors
/// As [`serve`].
pub fn serve_until(
    inbox: &mut Inbox,
    config: Config,
    mut output: Output,
    notes: &mut dyn FnMut(&Note),
    stop: Option<&Stop>,
) -> Result<(), ServeError> {
    let sink = Box::new(move |message: Message| output(&message));
    serve_into(inbox, config, sink, notes, stop)
}

/// As [`serve_until`], into what keeps the messages.
pub(crate) fn serve_into(
    inbox: &mut Inbox,
    config: Config,
    output: Sink,
    notes: &mut dyn FnMut(&Note),
    stop: Option<&Stop>,
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
    set: Epoll,
    writer: Writer,
    /// What stops it beside SIGINT and SIGTERM.
    stop: Option<&'n Stop>,
    notices: Notices<'n>,
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
    profiles: Profiles<(u64, u64)>,
    /// What listeners want done; kept for its memory.
    actions: Vec<Action>,
    turns: Turns,
    /// Finished messages that the writer has no room for yet; all are older than any that is still to come.
    backlog: VecDeque<Message>,
    memory: Memory,
    accepted: u64,
    sweep_at: Option<Nanos>,
    /// Sessions at most: each has a descriptor, and to look at a process takes another for a moment.
    limit: usize,
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
        mut config: Config,
        output: Sink,
        notes: &'n mut dyn FnMut(&Note),
        stop: Option<&'n Stop>,
    ) -> io::Result<Self> {
        let memory = Memory::new(&mut config);
        let writer = Writer::start(output)?;
        let set = Epoll::new()?;
        set.add(writer.bell().fd(), BELL)?;
        if let Some(stop) = stop {
            set.add(stop.fd(), STOP)?;
        }
        // What a client takes: a descriptor, and another for a moment to look at it.
        let looked = Peer::open(ffi::getpid()).and_then(|peer| peer.inspect());
        if let Some(error) = looked.err().filter(PeerError::is_exhausted) {
            let text =
                std::format!("{error}: no client can be taken; raise the limit with ulimit -n");
            return Err(io::Error::other(text));
        }
        Ok(Self {
            config,
            set,
            writer,
            stop,
            notices: Notices::new(notes),
            start: Instant::now(),
            word_size: inbox.probe_word(),
            now: 0,
            batch: 0,
            strangers: false,
            acquaintances: false,
            sessions: PidMap::default(),
            listening: Vec::new(),
            profiles: Profiles::new(),
            actions: Vec::new(),
            turns: Turns::default(),
            backlog: VecDeque::new(),
            memory,
            accepted: 0,
            sweep_at: None,
            limit: ffi::descriptor_limit().saturating_sub(RESERVED).max(1),
            noted: Noted::default(),
            closing: None,
        })
    }

    fn run(&mut self, inbox: &mut Inbox) -> Result<(), ServeError> {
        let mut events = Vec::new();
        let mut ended = Vec::new();
        let mut stops = false;
        loop {
            self.now = nanos(self.start.elapsed());
            self.batch += 1;
            (self.strangers, self.acquaintances) = (false, false);
            // All of them before the first is answered: two of one sender in a batch are then two for which it did not wait.
            inbox.drain(|event| events.push(event));
            for event in events.drain(..) {
                if self.config.trace {
                    self.notices.say(&Note::Heard(event));
                }
                self.event(event)?;
                if self.config.trace {
                    self.notices.say(&Note::Handled);
                }
            }
            // Only now: what came before it was in the drain.
            if mem::take(&mut stops) {
                self.asked_to_stop()?;
            }
            if self.notices.take_panic() {
                self.close(Err(ServeError::Panicked("notes")), Reason::ShuttingDown);
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
                self.notices.say_missing();
                let panicked = self.notices.take_panic();
                return match closing.result {
                    Ok(()) if panicked => Err(ServeError::Panicked("notes")),
                    result => result,
                };
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
                inbox.spin_wait(fd, timeout, Duration::ZERO)
            } else {
                inbox.wait(fd, timeout)
            };
            if waited.map_err(io::Error::from)? {
                let ready = self.set.ready(|number| {
                    stops |= number == STOP;
                    // The bells are no PIDs, so they fall out here.
                    ended.extend(number.try_into().ok().and_then(Pid::new));
                });
                ready.map_err(io::Error::from)?;
                self.writer.bell().clear();
            }
        }
    }

    /// Does what `stop` asks for. A request is made once, however often it is repeated.
    fn asked_to_stop(&mut self) -> Result<(), ServeError> {
        let urgency = self.stop.map_or(Urgency::None, Stop::urgency);
        if urgency == Urgency::Panicked {
            self.close(Err(ServeError::Panicked("notes")), Reason::ShuttingDown);
        } else if urgency >= Urgency::Requested && self.closing.is_none() {
            self.stop()?;
        }
        if urgency == Urgency::Insisted {
            self.stop()?;
        }
        Ok(())
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
                if let Some(ask) = Request::from_value(value) {
                    self.ask(pid, signal, ask);
                }
            }
            Origin::Claimed { pid, value, .. } if signal == Signal::Word => {
                self.word(pid, Word::from_parts(event.errno, value, event.more));
            }
            Origin::Claimed { .. } => {}
            Origin::Unknown { .. } => {
                if !mem::replace(&mut self.noted.nameless, true) {
                    self.notices.say(&Note::Nameless);
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
            self.overhear(pid, bit);
            return self.keep_within_memory();
        }
        // A bare bit is answered on SIGUSR1, which is what classic clients wait for.
        self.react(pid, Signal::Usr1, |session| {
            session.receiver.handle_bit(bit)
        });
    }

    fn word(&mut self, pid: Pid, word: Word) {
        // Only from somebody who asked before: nobody is looked up for a stray.
        self.react(pid, Signal::Word, |session| {
            session.receiver.handle_word(&word)
        });
    }

    fn ask(&mut self, pid: Pid, signal: Signal, ask: Request) {
        if (signal == Signal::Word) != matches!(ask, Request::Words { .. }) {
            return;
        }
        let (closing, now) = (self.closing.is_some(), self.now);
        if !self.sessions.contains_key(&pid) {
            self.limit_claims();
        }
        let Some(session) = self.session(pid) else {
            return;
        };
        let bit = bit_of(signal);
        match ask {
            Request::Hello { tag, .. } => {
                let listener = session.listener.take();
                let is_new = tag != session.receiver.tag();
                if is_new {
                    session.look_again(now);
                }
                if let Some(listener) = listener.filter(|listener| listener.received_bytes() > 0) {
                    let (why, bytes) = (Why::Abandoned, listener.received_bytes());
                    self.dropped(pid, why, bytes);
                }
                if is_new && closing {
                    let status = Status::Rejected(Reason::ShuttingDown);
                    return self.answer(pid, signal, Reply { tag, status });
                }
            }
            Request::Resend { tag: 0, index } if self.overhear_again(pid, bit, index) => return,
            _ => {}
        }
        // A question is answered on the signal that asked, so that a storm on one signal cannot silence both directions.
        self.react(pid, signal, |session| {
            session.receiver.handle_request(bit, ask)
        });
    }

    /// Lets the session `pid` react to a signal, in its turn, and carries out what it says.
    fn react(&mut self, pid: Pid, via: Signal, act: impl FnOnce(&mut Session) -> Response) {
        let Some(session) = self.sessions.get_mut(&pid) else {
            return;
        };
        session.heard = self.now;
        let is_holdable = session.is_announced() && session.receiver.in_message();
        let may_go_on = !is_holdable || self.may_go_on(pid);
        let Some(session) = self.sessions.get_mut(&pid) else {
            return;
        };
        if is_holdable {
            session.receiver.hold(!may_go_on);
        }
        let was_in_message = session.receiver.in_message();
        let bytes = session.receiver.held_bytes();
        let response = act(session);
        if !was_in_message {
            session.began = self.now;
        }
        self.recount(pid);
        if let Some(outcome) = response.outcome {
            self.turns.leave(pid);
            self.outcome(pid, outcome, bytes);
        }
        if let Some(answer) = response.reply {
            self.answer(pid, via, answer);
        }
        self.keep_within_memory();
    }

    /// Whether `pid` is to go on sending: there is room for its message, and it is its turn.
    fn may_go_on(&mut self, pid: Pid) -> bool {
        let own = self.sessions.get(&pid).map_or(0, Session::held_bytes);
        let has_room =
            self.memory.has_room_for(own) && (self.memory.is_plentiful() || self.is_first(pid));
        if has_room {
            return self.turns.may_go_on(pid, self.now);
        }
        // It is told to wait, and asks again.
        self.turns.leave(pid);
        false
    }

    /// Returns whether all clients whose messages began before that of `pid` are silent, as one that is stopped, and there is
    /// room for the rest of its message beside what they have sent. One that waits is not silent, as it asks again.
    fn is_first(&self, pid: Pid) -> bool {
        const SILENCE: Nanos = 1_000_000_000;
        let Some(own) = self.sessions.get(&pid) else {
            return false;
        };
        let is_before = |other: Pid, s: &Session| {
            let is_older = (s.began, other) < (own.began, pid);
            is_older && s.is_announced() && s.in_message()
        };
        let sessions = self.sessions.iter();
        let mut before = sessions
            .filter(|(other, s)| is_before(**other, s))
            .peekable();
        let is_silent = |s: &Session| self.now.saturating_sub(s.heard) >= SILENCE;
        let fits = self.memory.fits(own.receiver.missing_bytes());
        before.peek().is_none() || fits && before.all(|(_, s)| is_silent(s))
    }

    /// Counts what is held of the message of `pid`.
    fn recount(&mut self, pid: Pid) {
        if let Some(session) = self.sessions.get_mut(&pid) {
            let now = session.held_bytes();
            self.memory.recount(&mut session.counted, now);
        }
    }

    /// Drops the messages that began last while more memory is taken than may be: their clients do not wait.
    fn keep_within_memory(&mut self) {
        for _ in 0..self.sessions.len() {
            if !self.memory.is_overdrawn() {
                return;
            }
            let holding = self.sessions.iter().filter(|(_, s)| s.counted > 0);
            let Some((pid, _)) = holding.max_by_key(|(_, s)| s.began) else {
                return;
            };
            self.drop_half(*pid, Reason::NoMemory);
        }
    }

    fn outcome(&mut self, pid: Pid, outcome: Outcome, bytes: usize) {
        match outcome {
            Outcome::Complete { payload, resent } => self.complete(pid, payload, true, resent),
            Outcome::Rejected(reason) => self.dropped(pid, Why::Rejected(reason), bytes),
            Outcome::Abandoned => self.dropped(pid, Why::Abandoned, bytes),
        }
    }

    fn complete(&mut self, pid: Pid, payload: Vec<u8>, framed: bool, resent: u64) {
        let takes_no_more = self.takes_no_more();
        let Some(session) = self.sessions.get_mut(&pid) else {
            return;
        };
        let tag = session.receiver.tag();
        let bytes = payload.len();
        if takes_no_more {
            return self.refuse_complete(pid, tag, bytes, Why::Rejected(Reason::ShuttingDown));
        }
        if !framed && session.is_noise() {
            return self.refuse_complete(pid, tag, bytes, Why::Noise);
        }
        // One that is told to wait may have sent a little more meanwhile.
        let overrun = if tag == 0 { 0 } else { memory::OVERRUN };
        if !self.memory.has_room_for(bytes.saturating_sub(overrun)) {
            return self.refuse_complete(pid, tag, bytes, Why::Backlog);
        }
        if self.backlog.try_reserve(1).is_err() {
            return self.refuse_complete(pid, tag, bytes, Why::Rejected(Reason::NoMemory));
        }
        if self.config.trace {
            self.notices.say(&Note::Complete { pid, bytes, framed });
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
        self.memory.complete(bytes);
        session.noted = false;
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
            if let Err(message) = self.writer.offer(message) {
                self.backlog.push_front(message);
                return;
            }
        }
    }

    fn settle(&mut self, written: Written) {
        self.memory.written(written.bytes);
        let verdict = written.result.map_err(|error| {
            self.close(Err(error), Reason::Output);
            Reason::Output
        });
        self.settle_session(written.pid, written.tag, verdict);
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
        if let Some(answer) = session.receiver.handle_written(tag, verdict) {
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

    fn answer_unasked(&mut self, pid: Pid, answer: Reply) {
        if let Some(session) = self.sessions.get_mut(&pid) {
            session.look_now();
            let signal = session.signal();
            self.answer(pid, signal, answer);
        }
    }

    fn answer(&mut self, pid: Pid, via: Signal, answer: Reply) {
        let Some(session) = self.sessions.get_mut(&pid) else {
            return;
        };
        if self.config.trace {
            self.notices.say(&Note::Told {
                pid,
                signal: via,
                answer,
            });
        }
        match session.answer(via, answer, self.now) {
            Ok(()) => {}
            Err(PeerError::NoSuchProcess) => self.bury(pid),
            Err(error) => {
                let note = Note::Unanswerable(pid, std::format!("{error}"));
                if session.give_up_answers(error) {
                    self.notices.say_caused(self.now, &note);
                }
            }
        }
    }

    /// The session of `pid`, begun if it is new; `None` if the process has ended or cannot be watched.
    fn session(&mut self, pid: Pid) -> Option<&mut Session> {
        if !self.sessions.contains_key(&pid) {
            let begun = loop {
                let begun = if self.sessions.len() < self.limit {
                    self.begin(pid)
                } else {
                    Err(PeerError::System(Errno::TOO_MANY_FILES.into()))
                };
                match begun {
                    Err(error) if error.is_exhausted() && self.evict() => {}
                    result => break result,
                }
            };
            match begun {
                Ok(session) => self.sessions.insert(pid, session),
                Err(PeerError::NoSuchProcess) => return None,
                Err(error) => {
                    if !mem::replace(&mut self.noted.unwatched, true) {
                        self.notices
                            .say(&Note::Unwatched(pid, std::format!("{error}")));
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
        if let Some(fd) = session.peer.fd() {
            self.set.add(fd, (pid.get() as u32).into())?;
        }
        if !session.peer.is_certain() && !mem::replace(&mut self.noted.no_pidfd, true) {
            self.notices.say(&Note::NoPidfd);
        }
        match session.unreachable() {
            Some(PeerError::NotPermitted) => {
                self.notices.say_caused(self.now, &Note::Unreachable(pid));
            }
            Some(error) => {
                let note = Note::Unanswerable(pid, std::format!("{error}"));
                self.notices.say_caused(self.now, &note);
            }
            None => {}
        }
        Ok(session)
    }

    fn dropped(&mut self, pid: Pid, why: Why, bytes: usize) {
        // A stranger's noise is worth one line, not one for every few signals.
        let worth_it = |s: &mut Session| s.is_announced() || !mem::replace(&mut s.noted, true);
        if self.sessions.get_mut(&pid).is_some_and(worth_it) {
            self.say_of(pid, Note::Dropped { pid, why, bytes });
        }
    }

    fn nonsense(&mut self, pid: Pid, bits: String) {
        let worth_it = |s: &mut Session| !s.is_noise() && !mem::replace(&mut s.noted, true);
        if self.sessions.get_mut(&pid).is_some_and(worth_it) {
            self.say_of(pid, Note::Nonsense { pid, bits });
        }
    }

    /// Makes a note of something that the client `pid` caused, unless it has caused too many.
    fn say_of(&mut self, pid: Pid, note: Note) {
        if let Some(session) = self.sessions.get_mut(&pid) {
            session
                .allowance
                .say(pid, self.now, &note, &mut self.notices);
        }
    }
}
