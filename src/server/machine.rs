//! Decides everything that the server does, without I/O and without a clock.
//!
//! Events go in by the `handle_*` methods, after [`Machine::set_now`]; actions come out of [`Machine::poll_action`].
//! The host carries actions out in order and feeds results back before it takes the next action.

use core::mem::{self, Discriminant};
use std::string::ToString;
use std::vec::Vec;

use super::action::{Action, Actions, Inspection, Opened, Then};
use super::backlog::Backlog;
use super::foreign::Foreign;
use super::notes::{Allowance, OF_ALL};
use super::scheduler::{Party, TurnScheduler};
use super::session::Session;
use super::shutdown::Shutdown;
use super::{Config, Dialects, Note};
use crate::dialect::Symbol;
use crate::ffi::Errno;
use crate::process::peer::PeerError;
use crate::process::pid::{Pid, PidMap};
use crate::signal::event::{Event, Origin};
use crate::signal::set::Signal;
use crate::wire::Nanos;
use crate::wire::control::{Reply, Request};
use crate::wire::packet::{Channel, Packet};
use crate::wire::reason::Reason;
use crate::wire::siphash::Key;
use crate::wire::time::Instant;

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
    takes_words: bool,
    /// The key from which those of all sessions are derived.
    key: Key,
    pub now: Nanos,
    pub batch: Batch,
    pub scheduler: TurnScheduler,
    pub backlog: Backlog,
    pub shutdown: Shutdown,
    /// When sessions are looked through for idle and ended clients.
    pub expire_at: Option<Nanos>,
    pub foreign: Foreign,
    /// The client whose word came last.
    last_in_words: Option<Pid>,
    actions: Actions,
    /// The clients that are owed a reply for bits.
    pub owing: Vec<Pid>,
    /// How many notes all clients together may still cause.
    pub allowance: Allowance,
    /// The kinds of notes that have been made and are made only once.
    pub noted_once: Vec<Discriminant<Note>>,
    /// The process last noted that is not answered and of which no session is kept: it sends again.
    pub noted_unanswerable: Option<Pid>,
}

/// Describes the signals that came at once.
#[derive(Default)]
pub(super) struct Batch {
    pub number: u64,
    /// Whether one was a bit of a foreign client that does not wait for acknowledgements.
    pub has_unpaced_client: bool,
    /// Whether a foreign client that waits for acknowledgements has had one.
    pub has_paced_client: bool,
    /// Whether one was a bit of a transfer.
    pub has_bit: bool,
    /// Whether one was of the opening of a transfer, which a client follows up at once.
    pub has_opening: bool,
    /// Whether no client before the sender of the present signal needs the memory.
    pub is_first: bool,
}

impl Machine {
    /// Returns a server without clients, of which it takes `limit`, in words too if `takes_words`. No other process knows `key`.
    /// The writer has `room` for so many messages.
    pub fn new(mut config: Config, takes_words: bool, limit: usize, room: usize, key: Key) -> Self {
        Self {
            sessions: PidMap::default(),
            limit,
            core: Core {
                backlog: Backlog::new(&mut config, room),
                config,
                takes_words,
                key,
                now: 0,
                batch: Batch::default(),
                scheduler: TurnScheduler::default(),
                shutdown: Shutdown::default(),
                expire_at: None,
                foreign: Foreign::default(),
                last_in_words: None,
                actions: Actions::default(),
                owing: Vec::new(),
                allowance: Allowance::new(OF_ALL),
                noted_once: Vec::new(),
                noted_unanswerable: None,
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
        !core.batch.has_unpaced_client
            && (core.batch.has_paced_client || core.scheduler.holder().is_some())
    }

    /// Returns the client whose turn it is, if it sleeps for each reply.
    pub fn sleeper(&self) -> Option<Pid> {
        let Party::Client(pid) = self.core.scheduler.holder()? else {
            return None;
        };
        let session = self.sessions.get(&pid)?;
        session.sleeps.then_some(pid)
    }

    /// Records that this process has sent a bit of a message to `pid`, and returns whether it may go on.
    pub fn may_send_bits(&mut self, pid: Pid) -> bool {
        let crosses = self.sessions.get(&pid).is_some_and(Session::sends_bits);
        let core = &mut self.core;
        !crosses || core.scheduler.may_go_on(Party::Own(pid), core.now)
    }

    /// Ends the turns of this process for clients to which, as `is_sending` says, it no longer sends.
    pub fn keep_turns(&mut self, is_sending: impl Fn(Pid) -> bool) {
        self.core.scheduler.keep_own(is_sending);
    }

    /// Returns whether bits for `pid` are to be withheld because bits from `pid` have the turn.
    pub fn must_wait(&self, pid: Pid) -> bool {
        self.core.scheduler.is_waiting(Party::Own(pid))
    }

    /// Returns when something is due if no event comes; `None`: never.
    pub fn poll_timeout(&mut self) -> Option<Instant> {
        let all = [
            self.core.scheduler.deadline(),
            self.core.expire_at,
            self.linger_until(),
            self.foreign_due_at(),
        ];
        all.into_iter().flatten().min().map(Instant::from_nanos)
    }

    /// Handles expired timers: of text receivers, of the turn, and of idle clients.
    pub fn handle_timeout(&mut self) {
        self.poll_foreign();
        let now = self.core.now;
        if let Some(Party::Client(pid) | Party::Foreign(pid)) = self.core.scheduler.next(now) {
            self.release(pid);
        }
        if self.core.expire_at.is_some_and(|at| now >= at) {
            self.expire();
        }
    }

    pub fn handle_signal(&mut self, event: Event) {
        let event = self.attribute(event);
        if let Some(pid) = event.origin.pid() {
            let core = &mut self.core;
            core.foreign.record_sender(pid, event.signal, core.now);
        }
        self.core.batch.is_first = self.core.backlog.memory.is_plentiful() || self.is_first(&event);
        let (core, sessions) = (&mut self.core, &mut self.sessions);
        let Some(channel) = event.signal.channel() else {
            return self.handle_stop(false);
        };
        match event.origin {
            Origin::Attested { pid, uid } => match sessions.get_mut(&pid) {
                Some(session) if channel == Channel::Realtime => {
                    core.shutdown.greeted_at = Some(core.now);
                    core.batch.has_opening = true;
                    session.receiver.handle_bare();
                }
                Some(session) => core.on_bit(session, uid, event),
                None => self.open(pid, event),
            },
            Origin::Claimed { pid, packet } => {
                let Some(request) = Request::from_packet(&packet) else {
                    // An answer that comes after its transfer has been given up is minitalk's own.
                    let is_ours = Reply::from_packet(&packet).is_some();
                    if !is_ours && core.noted_unanswerable.replace(pid) != Some(pid) {
                        core.note_caused(Note::QueuedBits(pid));
                    }
                    return;
                };
                match sessions.get_mut(&pid) {
                    Some(session) => core.on_request(session, channel, request, event),
                    None if may_open(channel, request) => self.open(pid, event),
                    None => {}
                }
            }
            // A word of a transfer that is over.
            Origin::Unknown { packet } if packet.is_word() => {}
            Origin::Unknown { .. } => {
                core.note_once(Note::UnknownSender);
            }
        }
        self.after_input();
    }

    /// Names the sender of a word, which its proof shows, and of a bare bit if all processes together are one stream.
    pub(super) fn attribute(&mut self, mut event: Event) -> Event {
        let is_bit = event.signal.channel() != Some(Channel::Realtime);
        match &mut event.origin {
            Origin::Attested { pid, .. } if is_bit => {
                *pid = self.core.config.one_stream.unwrap_or(*pid);
            }
            Origin::Claimed { packet, .. } | Origin::Unknown { packet } if packet.is_word() => {
                let packet = *packet;
                event.origin = match self.sender_of(&packet) {
                    Some(pid) => Origin::Claimed { pid, packet },
                    None => Origin::Unknown { packet },
                };
            }
            _ => {}
        }
        event
    }

    /// Returns the client whose transfer of words this word proves to be of.
    fn sender_of(&mut self, word: &Packet) -> Option<Pid> {
        let word = Request::from_packet(word)?;
        let is_of = |session: &&Session| session.receiver.is_proven(&word);
        // The sender is nearly always that of the previous word.
        let last = self
            .core
            .last_in_words
            .and_then(|pid| self.sessions.get(&pid));
        let found = last
            .filter(is_of)
            .or_else(|| self.sessions.values().find(is_of))?;
        self.core.last_in_words = Some(found.pid);
        self.core.last_in_words
    }

    /// Handles the result of opening a process for `event`.
    pub fn handle_opened(&mut self, pid: Pid, opened: Result<Opened, PeerError>, event: Event) {
        let core = &mut self.core;
        let opened = match opened {
            Ok(opened) => opened,
            Err(error) => return self.not_opened(pid, error, event),
        };
        // The nonces of one process mean nothing to a later one of its PID.
        let key = core.key.derive(opened.start).derive(pid.get() as u64);
        let (limit, takes_words) = (core.config.max_message, core.takes_words);
        let mut session = Session::new(pid, key, limit, takes_words, &opened, core.now);
        session.is_unreachable = core.config.one_stream == Some(pid);
        if let Some(inspection) = opened.inspection {
            if let Err(error) = core.take_first_inspection(&mut session, inspection, event) {
                core.act(Action::Close(pid));
                return self.not_opened(pid, error, event);
            }
        }
        if !opened.is_certain {
            core.note_once(Note::NoPidfd);
        }
        let request = claimed_request(&event);
        let is_proven = request.is_some_and(|request| session.receiver.is_opening(&request));
        if is_proven && !self.make_room() {
            self.core.act(Action::Close(pid));
            return self.cannot_take(pid, &too_many());
        }
        self.sessions.insert(pid, session);
        self.core.arm_expiry();
        self.handle_signal(event);
        let is_kept = |session: &Session| request.is_none() || session.is_announced();
        if !self.sessions.get(&pid).is_none_or(is_kept) {
            self.forget(pid);
        }
    }

    /// Takes in an inspection, and goes on with the step that needed it.
    pub fn handle_inspected(&mut self, pid: Pid, inspection: Inspection, then: Then) {
        let core = &mut self.core;
        let Some(session) = self.sessions.get_mut(&pid) else {
            return;
        };
        match then {
            Then::Signal(event) if !session.is_inspected() => {
                if let Err(error) = core.take_first_inspection(session, inspection, event) {
                    self.forget(pid);
                    return self.not_opened(pid, error, event);
                }
            }
            _ => session.set_inspection(inspection, core.now),
        }
        match then {
            Then::Signal(event) => return self.handle_signal(event),
            Then::Answer(signal, reply) => core.send(session, signal, reply),
            Then::Repeat(signal, packet) if session.can_answer(signal) => {
                core.act(Action::Send(pid, signal, packet, 1));
            }
            Then::Repeat(..) => {}
            Then::Settle { written } => core.drive_text(session, |receiver, now| {
                receiver.handle_written(written, now);
            }),
            Then::Release => core.drive_text(session, |receiver, now| receiver.release(now)),
            Then::Poll(sleep) => core.poll_text(session, sleep),
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
        if self.core.has_enough() && !self.core.shutdown.is_begun() {
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

    /// Returns whether no client with an older message than the sender's needs the memory.
    ///
    /// A client that has been silent for a second, because it is stopped for example, needs the memory only if the sender's message
    /// does not fit beside its own.
    fn is_first(&self, event: &Event) -> bool {
        const SILENCE: Nanos = 1_000_000_000;
        let Some(pid) = event.origin.pid() else {
            return false;
        };
        let Some(own) = self.sessions.get(&pid) else {
            return false;
        };
        let is_before = |s: &&Session| {
            let is_older = (s.started_at, s.pid) < (own.started_at, pid);
            is_older && s.receiver.in_message()
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
        if session.foreign.receiver.is_some() {
            return self.core.inspect(pid, Then::Release);
        }
        if let Some(answer) = session.receiver.release() {
            self.core.answer_unasked(session, answer);
        }
    }

    /// Opens a process that signals. Only a client that is known to exist takes a place; another may be opened for a moment.
    fn open(&mut self, pid: Pid, event: Event) {
        if claimed_request(&event).is_none() && !self.make_room() {
            return self.cannot_take(pid, &too_many());
        }
        self.core.act(Action::Open { pid, event });
    }

    fn not_opened(&mut self, pid: Pid, error: PeerError, event: Event) {
        let is_attested = claimed_request(&event).is_none();
        if is_attested && error.is_exhausted() && self.evict() {
            return self.open(pid, event);
        }
        if !matches!(error, PeerError::NoSuchProcess) {
            self.cannot_take(pid, &error);
        } else if is_attested && event.signal != Signal::WORD {
            // The real-time signal comes from minitalk's own clients alone, so this one gave up and is no loop of a shell.
            self.core.count_fleeting();
        }
    }

    fn cannot_take(&mut self, pid: Pid, error: &PeerError) {
        self.core.note_once(Note::Unwatched(pid, error.to_string()));
    }

    /// Returns whether there is room for another session, after ending one if that is possible.
    fn make_room(&mut self) -> bool {
        self.sessions.len() < self.limit || self.evict()
    }

    /// Ends the least useful session to free its descriptor, and returns whether there was one.
    fn evict(&mut self) -> bool {
        let now = self.core.now;
        let sessions = self.sessions.values();
        let evictable = sessions.filter_map(|session| Some((session.evictable(now)?, session.pid)));
        let least = evictable.min();
        let ended = least.and_then(|(_, pid)| self.remove(pid));
        if ended.as_ref().is_some_and(Session::has_opened) {
            // Its client may not know what became of its message. If it opened the transfer again, the message would come twice.
            self.core.key = self.core.key.derive(0);
        }
        ended.is_some()
    }
}

/// Returns whether the request of a process without a session may lead to a session or a greeting.
///
/// On the real-time signal only a process that has introduced itself is greeted, and such a process has a session.
const fn may_open(channel: Channel, request: Request) -> bool {
    match request {
        Request::Hello { .. } => !matches!(channel, Channel::Realtime),
        Request::Open { .. } => true,
        Request::Bit { .. } | Request::Word(_) => false,
    }
}

/// Returns the request of a signal whose sender is claimed.
pub(super) fn claimed_request(event: &Event) -> Option<Request> {
    match &event.origin {
        Origin::Claimed { packet, .. } => Request::from_packet(packet),
        _ => None,
    }
}

fn too_many() -> PeerError {
    PeerError::System(Errno::TOO_MANY_FILES.into())
}

impl Core {
    pub fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    pub fn inspect(&mut self, pid: Pid, then: Then) {
        self.act(Action::Inspect { pid, then });
    }

    /// Takes in the first inspection of a client, for `event`; an error says why it is not taken.
    fn take_first_inspection(
        &mut self,
        session: &mut Session,
        inspection: Inspection,
        event: Event,
    ) -> Result<(), PeerError> {
        if let Err(error) = &inspection.handled {
            if matches!(error, PeerError::NoSuchProcess) || error.is_exhausted() {
                return inspection.handled.map(drop);
            }
            self.note_unanswerable(session.pid, error, event);
        }
        session.set_inspection(inspection, self.now);
        Ok(())
    }

    /// Handles a bare bit, which belongs to another protocol. In a transfer it is a stray, and none of the transfer's bits.
    fn on_bit(&mut self, session: &mut Session, uid: u32, event: Event) {
        if !session.receiver.is_closed() || self.config.dialects == Dialects::None {
            return;
        }
        self.arm_expiry();
        if session.may_begin() && session.needs_inspection(self.now) {
            // The program of a client of our own protocol has not been identified.
            let is_unknown = session.foreign.receiver.is_none() && session.program.is_none();
            if is_unknown || session.is_inspection_due(self.now) {
                return self.inspect(session.pid, Then::Signal(event));
            }
            // A look now could make the next bits of a client that paces itself merge, and it may need no answer.
            session.may_have_changed = true;
        }
        session.attested_uid = Some(uid);
        session.count_bit(self.batch.number, self.now);
        self.batch.has_unpaced_client |= !session.is_paced();
        if let Some(symbol) = Symbol::of(event.signal) {
            self.on_foreign_bit(session, symbol);
        }
    }

    /// Counts the bytes that the session holds.
    pub fn recount(&mut self, session: &mut Session) {
        let now = session.held_bytes();
        self.backlog.memory.recount(&mut session.counted, now);
    }
}
