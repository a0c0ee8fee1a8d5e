//! Decides everything that the server does, without I/O and without a clock.
//!
//! Events go in by the `handle_*` methods, after [`Machine::set_now`]; what is to be done comes out of [`Machine::poll_action`].
//! The host carries actions out in order and feeds results back before it takes the next action.

use core::mem;
use core::time::Duration;
use std::string::ToString;

use super::action::{Action, Actions, Inspection, Opened, Then};
use super::backlog::Backlog;
use super::foreign::Foreign;
use super::notes::Allowance;
use super::scheduler::TurnScheduler;
use super::session::Session;
use super::shutdown::Shutdown;
use super::{Config, DropReason, Note};
use crate::ffi::Errno;
use crate::process::peer::{INSPECT_INTERVAL, MIGRATE_ABOVE_COPIES, PeerError};
use crate::process::pid::{Pid, PidMap};
use crate::signal::event::{Event, Origin, Signal, SignalSet};
use crate::wire::Nanos;
use crate::wire::bits::Bit;
use crate::wire::control::{Reply, Request, Status};
use crate::wire::reason::Reason;
use crate::wire::receiver::{FrameReceiver, Outcome, Response};
use crate::wire::word::Word;

/// Decides what the server does; see the module's text.
pub struct Machine {
    /// The clients, each of which takes a descriptor.
    pub(super) sessions: PidMap<Session>,
    /// How many clients there may be.
    limit: usize,
    /// Everything else, which a session is handled with.
    pub(super) core: Core,
}

/// Holds what all sessions have in common: limits, turns, output, and actions to do.
pub(super) struct Core {
    pub config: Config,
    /// Bytes in a word; 0 where none are taken.
    word_size: u8,
    pub now: Nanos,
    batch: Batch,
    pub scheduler: TurnScheduler,
    pub backlog: Backlog,
    pub shutdown: Shutdown,
    /// When sessions are looked through for idle and ended clients.
    pub expire_at: Option<Nanos>,
    pub foreign: Foreign,
    actions: Actions,
    /// How many notes all clients together may still cause.
    allowance: Allowance,
    once: Once,
}

/// Describes the signals that came at once.
#[derive(Default)]
struct Batch {
    number: u64,
    /// Whether one was of an unannounced client that does not wait for its answers, and one of such a client that does.
    has_foreign: bool,
    has_paced_client: bool,
    /// Whether no client before the sender of the present signal needs the memory.
    is_first: bool,
}

/// Remembers the notes that are made once.
#[derive(Default)]
struct Once {
    unknown_sender: bool,
    no_pidfd: bool,
    unwatched: bool,
}

impl Machine {
    /// Returns a server without clients, of which it takes `limit`, in words of `word_size` bytes.
    pub fn new(mut config: Config, word_size: u8, limit: usize) -> Self {
        Self {
            sessions: PidMap::default(),
            limit,
            core: Core {
                backlog: Backlog::new(&mut config),
                config,
                word_size,
                now: 0,
                batch: Batch::default(),
                scheduler: TurnScheduler::default(),
                shutdown: Shutdown::default(),
                expire_at: None,
                foreign: Foreign::default(),
                actions: Actions::default(),
                allowance: Allowance::of_all(),
                once: Once::default(),
            },
        }
    }

    /// Sets the clock. The signals that are handled until the next call came in one batch.
    pub fn set_now(&mut self, now: Nanos) {
        let core = &mut self.core;
        core.now = now;
        core.batch = Batch {
            number: core.batch.number + 1,
            ..Batch::default()
        };
    }

    /// Returns the next action to carry out; `None` once all are.
    pub fn poll_action(&mut self) -> Option<Action> {
        let core = &mut self.core;
        let write = || core.backlog.next_to_write().map(Action::Write);
        core.actions.next().or_else(write)
    }

    /// Returns whether a client that has been answered will send the next bit at once. Not in a storm of strays: to tell its
    /// noise from text takes signals that come in batches.
    pub fn expects_signal(&self) -> bool {
        let core = &self.core;
        !core.batch.has_foreign && (core.batch.has_paced_client || core.scheduler.is_taken())
    }

    /// Returns how long nothing is due if no event comes; `None` for ever.
    pub fn poll_timeout(&mut self) -> Option<Duration> {
        let all = [
            self.core.scheduler.deadline(),
            self.core.expire_at,
            self.linger_until(),
            self.foreign_due_at(),
        ];
        let next = all.into_iter().flatten().min();
        next.map(|at| Duration::from_nanos(at.saturating_sub(self.core.now)))
    }

    /// Does what is due: for listeners, the turn, and idle clients.
    pub fn handle_timeout(&mut self) {
        self.poll_foreign();
        let now = self.core.now;
        if let Some(pid) = self.core.scheduler.next(now) {
            self.release(pid);
        }
        if self.core.expire_at.is_some_and(|at| now >= at) {
            self.expire();
        }
    }

    /// Handles a signal.
    pub fn handle_signal(&mut self, event: Event) {
        self.core.batch.is_first = self.core.backlog.memory.is_plentiful() || self.is_first(&event);
        let (core, sessions) = (&mut self.core, &mut self.sessions);
        let is_word = event.signal == Signal::Word;
        match event.origin {
            _ if SignalSet::STOPS.contains(event.signal) => return self.handle_stop(false),
            // It attests the sender of the words that follow.
            Origin::Attested { pid, uid } if is_word => {
                if let Some(session) = sessions.get_mut(&pid) {
                    session.uid = Some(uid);
                }
            }
            Origin::Attested { pid, uid } => match sessions.get_mut(&pid) {
                Some(session) => core.on_bit(session, uid, event),
                None => self.open(pid, event),
            },
            Origin::Claimed { pid, value, .. } if event.errno == 0 => {
                let Some(ask) = Request::from_value(value) else {
                    return;
                };
                if is_word != matches!(ask, Request::Words { .. }) {
                    return;
                }
                match sessions.get_mut(&pid) {
                    Some(session) => core.on_ask(session, ask, event),
                    None => {
                        self.limit_claims();
                        self.open(pid, event);
                    }
                }
            }
            Origin::Claimed { pid, value, .. } => {
                // Only of a client that asked before: no process is looked up for a stray word.
                if let Some(session) = sessions.get_mut(&pid).filter(|_| is_word) {
                    let word = Word::from_parts(event.errno, value, event.more);
                    core.react(session, Signal::Word, |receiver| {
                        receiver.handle_word(&word)
                    });
                }
            }
            Origin::Unknown { .. } => {
                let is_told = mem::replace(&mut core.once.unknown_sender, true);
                core.note_unless(is_told, Note::UnknownSender);
            }
        }
        self.after_input();
    }

    /// Handles the result of opening a process for `event`.
    pub fn handle_opened(&mut self, pid: Pid, opened: Result<Opened, PeerError>, event: Event) {
        let core = &mut self.core;
        let (is_certain, inspection) = match opened {
            Ok(opened) => (opened.is_certain, opened.inspection),
            Err(error) => return self.not_opened(pid, error, event),
        };
        if let Err(error) = &inspection.handled {
            if matches!(error, PeerError::NoSuchProcess) || error.is_exhausted() {
                core.act(Action::Close(pid));
                let error = inspection.handled.err();
                return self.not_opened(pid, error.unwrap_or(PeerError::NoSuchProcess), event);
            }
        }
        if !is_certain {
            let is_told = mem::replace(&mut core.once.no_pidfd, true);
            core.note_unless(is_told, Note::NoPidfd);
        }
        match &inspection.handled {
            Err(PeerError::NotPermitted) => core.note_caused(Note::Unreachable(pid)),
            // Its signals are read, and it is never answered.
            Err(error) => core.note_caused(Note::Unanswerable(pid, error.to_string())),
            Ok(_) => {}
        }
        let (limit, words, now) = (core.config.max_message, core.word_size, core.now);
        let session = Session::new(pid, is_certain, limit, words, inspection, now);
        self.sessions.insert(pid, session);
        self.handle_signal(event);
    }

    /// Takes in an inspection, and goes on with what it was for.
    pub fn handle_inspected(&mut self, pid: Pid, inspection: Inspection, then: Then) {
        let core = &mut self.core;
        let Some(session) = self.sessions.get_mut(&pid) else {
            return;
        };
        session.inspected(inspection, core.now);
        match then {
            Then::Signal(event) => return self.handle_signal(event),
            Then::Reply { signal, answer } => core.send(session, signal, answer),
            Then::Repeat { signal, value } if session.can_answer(signal) => {
                core.act(Action::Send {
                    pid,
                    signal,
                    value,
                    copies: 1,
                });
            }
            Then::Repeat { .. } => {}
            Then::Settle { written } => core.listen(session, |listener, now| {
                listener.handle_written(written, now);
            }),
            Then::Release => core.listen(session, |listener, _| listener.release()),
            Then::Poll { sleeps } => core.poll_listener(session, sleeps),
        }
        self.after_input();
    }

    /// Takes in why a signal could not be sent.
    pub fn handle_send_error(&mut self, pid: Pid, error: &PeerError) {
        if matches!(error, PeerError::NoSuchProcess) {
            return self.handle_exit(pid);
        }
        if let Some(session) = self.sessions.get_mut(&pid) {
            if !mem::replace(&mut session.is_unreachable, true) {
                let note = Note::Unanswerable(pid, error.to_string());
                self.core.note_caused(note);
            }
        }
    }

    /// Begins the end after the last message that is allowed, and drops messages beyond the memory.
    pub(super) fn after_input(&mut self) {
        if mem::take(&mut self.core.shutdown.is_due) {
            self.close(Ok(()), Reason::ShuttingDown);
        }
        if self.core.backlog.memory.is_overdrawn() {
            self.keep_within_memory();
        }
    }

    /// Drops the messages that began last while too much memory is in use: their clients do not wait.
    fn keep_within_memory(&mut self) {
        for _ in 0..self.sessions.len() {
            if !self.core.backlog.memory.is_overdrawn() {
                return;
            }
            let holding = self.sessions.values().filter(|s| s.counted > 0);
            let Some(last) = holding.max_by_key(|s| s.started_at) else {
                return;
            };
            let pid = last.pid;
            self.drop_half(pid, Reason::NoMemory);
        }
    }

    /// Returns whether no client with an older message than the sender's needs the memory. A client that has been silent for a
    /// second, as one that is stopped, needs it only if the sender's message does not fit beside its own.
    fn is_first(&self, event: &Event) -> bool {
        const SILENCE: Nanos = 1_000_000_000;
        let (Origin::Attested { pid, .. } | Origin::Claimed { pid, .. }) = event.origin else {
            return false;
        };
        let Some(own) = self.sessions.get(&pid) else {
            return false;
        };
        let is_before = |s: &&Session| {
            let is_older = (s.started_at, s.pid) < (own.started_at, pid);
            is_older && s.is_announced() && s.in_message()
        };
        let mut before = self.sessions.values().filter(is_before).peekable();
        // A client that waits is not silent: it asks again.
        let is_silent = |s: &Session| self.core.now.saturating_sub(s.last_seen) >= SILENCE;
        let fits = || (self.core.backlog.memory).fits(own.receiver.missing_bytes());
        before.peek().is_none() || fits() && before.all(is_silent)
    }

    /// Answers the client `pid`, whose turn it is now, so that it goes on.
    fn release(&mut self, pid: Pid) {
        let Some(session) = self.sessions.get_mut(&pid) else {
            return;
        };
        if session.listener.is_some() {
            return self.core.inspect(pid, Then::Release);
        }
        if let Some(answer) = session.receiver.release() {
            self.core.answer_unasked(session, answer);
        }
    }

    /// Opens a session for a new client, if there is room.
    fn open(&mut self, pid: Pid, event: Event) {
        if self.sessions.len() >= self.limit && !self.evict() {
            let error = PeerError::System(Errno::TOO_MANY_FILES.into());
            return self.cannot_take(pid, &error);
        }
        self.core.act(Action::Open { pid, event });
    }

    fn not_opened(&mut self, pid: Pid, error: PeerError, event: Event) {
        if error.is_exhausted() && self.evict() {
            return self.open(pid, event);
        }
        if !matches!(error, PeerError::NoSuchProcess) {
            self.cannot_take(pid, &error);
        }
    }

    fn cannot_take(&mut self, pid: Pid, error: &PeerError) {
        let is_told = mem::replace(&mut self.core.once.unwatched, true);
        self.core
            .note_unless(is_told, Note::Unwatched(pid, error.to_string()));
    }

    /// Ends the least useful session to free its descriptor, and returns whether there was one. Sessions that other processes may
    /// have claimed come first, then strays.
    fn evict(&mut self) -> bool {
        let now = self.core.now;
        let sessions = self.sessions.values();
        let evictable = sessions.filter_map(|session| Some((session.evictable(now)?, session.pid)));
        let least = evictable.min();
        least.and_then(|(_, pid)| self.remove(pid)).is_some()
    }

    /// Makes room for another session of a process that the kernel has not attested.
    fn limit_claims(&mut self) {
        let claims = self.sessions.values().filter(|s| !s.is_attested());
        if claims.count() >= self.limit.div_ceil(2) {
            self.evict();
        }
    }
}

impl Core {
    pub fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    pub fn inspect(&mut self, pid: Pid, then: Then) {
        self.act(Action::Inspect { pid, then });
    }

    /// Handles a bare bit.
    fn on_bit(&mut self, session: &mut Session, uid: u32, event: Event) {
        self.arm_expiry();
        if session.needs_inspection(self.now) && session.may_begin() {
            return self.inspect(session.pid, Then::Signal(event));
        }
        session.uid = Some(uid);
        session.count_bit(self.batch.number, self.now);
        let is_paced = session.is_paced();
        self.batch.has_paced_client |= is_paced;
        self.batch.has_foreign |= !is_paced && !session.is_announced();
        let bit = Bit::from(event.signal == Signal::Usr2);
        if session.is_foreign() {
            return self.on_foreign_bit(session, bit);
        }
        // A bare bit is answered on SIGUSR1, which is what classic clients wait for.
        self.react(session, Signal::Usr1, |receiver| receiver.handle_bit(bit));
    }

    /// Handles a question.
    fn on_ask(&mut self, session: &mut Session, ask: Request, event: Event) {
        self.arm_expiry();
        let bit = Bit::from(event.signal == Signal::Usr2);
        match ask {
            Request::Hello { tag, .. } => {
                let is_new = tag != session.receiver.tag();
                if is_new && session.needs_inspection(self.now) {
                    return self.inspect(session.pid, Then::Signal(event));
                }
                let bytes = session.listener.take().map_or(0, |l| l.received_bytes());
                if bytes > 0 {
                    self.dropped(session, DropReason::Abandoned, bytes);
                }
                if is_new && self.shutdown.is_begun() {
                    let status = Status::Rejected(Reason::ShuttingDown);
                    return self.answer(session, event.signal, Reply { tag, status });
                }
            }
            Request::Resend { tag: 0, index } if session.listener.is_some() => {
                return self.on_foreign_resend(session, bit, index);
            }
            Request::Resend { .. } | Request::Words { .. } => {}
        }
        // A question is answered on the signal that asked, so that a storm on one signal cannot silence both directions.
        self.react(session, event.signal, |receiver| {
            receiver.handle_request(bit, ask)
        });
    }

    /// Lets `session` react to a signal, in its turn and within the memory, and does what follows.
    pub fn react(
        &mut self,
        session: &mut Session,
        via: Signal,
        act: impl FnOnce(&mut FrameReceiver) -> Response,
    ) {
        session.last_seen = self.now;
        let was_in_message = session.receiver.in_message();
        if was_in_message && session.is_announced() {
            let has_room = self.backlog.memory.has_room_for(session.held_bytes());
            let may_go_on = if has_room && self.batch.is_first {
                self.scheduler.may_go_on(session.pid, self.now)
            } else {
                // It is told to wait, and asks again.
                self.scheduler.leave(session.pid);
                false
            };
            session.receiver.hold(!may_go_on);
        }
        let bytes = session.receiver.held_bytes();
        let response = act(&mut session.receiver);
        if !was_in_message {
            session.started_at = self.now;
        }
        self.recount(session);
        if let Some(outcome) = response.outcome {
            self.scheduler.leave(session.pid);
            match outcome {
                Outcome::Complete { payload, resent } => {
                    self.complete(session, payload, true, resent);
                }
                Outcome::Rejected(reason) => {
                    self.dropped(session, DropReason::Rejected(reason), bytes);
                }
                Outcome::Abandoned => self.dropped(session, DropReason::Abandoned, bytes),
            }
        }
        if let Some(answer) = response.reply {
            self.answer(session, via, answer);
        }
    }

    /// Counts the bytes that the session holds.
    pub fn recount(&mut self, session: &mut Session) {
        let now = session.held_bytes();
        self.backlog.memory.recount(&mut session.counted, now);
    }

    /// Answers a signal that the client has just sent, on `signal`.
    ///
    /// AS-21: after the answer to the end of its message, a client may execute another program. So an inspection precedes a second
    /// answer at the same moment, a copy too, and an answer for which the last inspection is too old.
    pub fn answer(&mut self, session: &mut Session, signal: Signal, answer: Reply) {
        self.trace_answer(session.pid, signal, answer);
        let is_second = session.answered_at == Some(self.now) && !session.in_message();
        if is_second || self.now.saturating_sub(session.inspected_at) >= INSPECT_INTERVAL {
            return self.inspect(session.pid, Then::Reply { signal, answer });
        }
        self.send(session, signal, answer);
    }

    /// Sends an answer that the client has not just asked for, after an inspection: it may be another program by now (AS-21).
    pub fn answer_unasked(&mut self, session: &mut Session, answer: Reply) {
        let signal = session.signal();
        self.trace_answer(session.pid, signal, answer);
        self.inspect(session.pid, Then::Reply { signal, answer });
    }

    fn trace_answer(&mut self, pid: Pid, signal: Signal, answer: Reply) {
        if self.config.trace {
            self.note(Note::Answered {
                pid,
                signal,
                answer,
            });
        }
    }

    /// Sends an answer, if the client handles `signal`: one that does not would be killed. Where it may be swallowed it is sent
    /// more than once if the client keeps asking; where the kernel has no room for it, the client asks again.
    fn send(&mut self, session: &mut Session, signal: Signal, answer: Reply) {
        if !session.can_answer(signal) {
            return;
        }
        session.answered_at = Some(self.now);
        let (pid, value) = (session.pid, answer.value());
        let copies = match signal {
            Signal::Word => 1,
            _ => session.receiver.burst_len(),
        };
        if copies > MIGRATE_ABOVE_COPIES {
            self.act(Action::Migrate);
        }
        let may_be_last = !session.in_message();
        self.act(Action::Send {
            pid,
            signal,
            value,
            copies: if may_be_last { 1 } else { copies },
        });
        if may_be_last {
            for _ in 1..copies {
                self.inspect(pid, Then::Repeat { signal, value });
            }
        }
    }

    pub fn dropped(&mut self, session: &mut Session, why: DropReason, bytes: usize) {
        // An unannounced client's noise is worth one line, not one for every few signals.
        if session.is_announced() || !mem::replace(&mut session.warned, true) {
            let pid = session.pid;
            self.note_of(session, Note::Dropped { pid, why, bytes });
        }
    }

    pub fn note(&mut self, note: Note) {
        self.act(Action::Note(note));
    }

    fn note_unless(&mut self, is_told: bool, note: Note) {
        if !is_told {
            self.note(note);
        }
    }

    /// Makes a note that a client caused, or counts it if all clients have caused too many.
    fn note_caused(&mut self, note: Note) {
        if self.allowance.take(self.now) {
            self.note_missing();
            self.note(note);
        }
    }

    /// Makes a note that `session` caused, or counts it if that is too many.
    pub fn note_of(&mut self, session: &mut Session, note: Note) {
        if session.allowance.take(self.now) {
            self.note_withheld(session);
            self.note_caused(note);
        }
    }

    /// Notes how many notes of the client were withheld since the last time.
    pub fn note_withheld(&mut self, session: &mut Session) {
        let (pid, count) = (session.pid, session.allowance.take_withheld());
        if count > 0 {
            self.note_caused(Note::Withheld { pid, count });
        }
    }

    #[cfg(test)]
    pub fn missing_notes(&self) -> u64 {
        self.allowance.withheld()
    }

    /// Notes how many notes are missing since the last time.
    pub fn note_missing(&mut self) {
        let count = self.allowance.take_withheld();
        if count > 0 {
            self.note(Note::Missing(count));
        }
    }
}
