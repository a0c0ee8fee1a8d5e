//! How a client's session ends, and how the server itself does.

use std::io;
use std::sync::atomic::{AtomicU8, Ordering};
use std::vec::Vec;

use super::action::{Action, After};
use super::machine::{Core, Machine};
use super::scheduler::Party;
use super::session::Session;
use super::{DropReason, Note, ServeError};
use crate::dialect::receiver::TextReceiver;
use crate::ffi::{EventFd, Fd};
use crate::process::pid::Pid;
use crate::signal::set::Signal;
use crate::wire::Nanos;
use crate::wire::reason::Reason;
use crate::wire::time;

/// Limits how long a server that ends answers clients that ask again: its last answer may have been swallowed.
const LINGER: Nanos = 250_000_000;

/// Separates two checks of clients that no pidfd watches.
const LIVENESS_INTERVAL: Nanos = 1_000_000_000;

/// Ends a server from another thread.
#[derive(Debug)]
pub struct Stop {
    bell: EventFd,
    urgency: AtomicU8,
}

/// Says how urgent a [`Stop`] is. The greatest urgency that was asked for counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Urgency {
    /// The server does not stop.
    None,
    /// The server stops in order.
    Requested,
    /// The server stops without the messages that the output has not taken.
    Insisted,
    /// The server stops with an error: the caller's function for notes, on a thread of its own, has panicked.
    Panicked,
}

impl Stop {
    /// Returns a stop that has not been asked for.
    ///
    /// # Errors
    /// EMFILE or ENOMEM.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            bell: EventFd::new()?,
            urgency: AtomicU8::new(Urgency::None as u8),
        })
    }

    /// Ends the server in order, as a first SIGTERM does. Unlike a second SIGTERM, a second request does not abort.
    pub fn request(&self) {
        self.ask(Urgency::Requested);
    }

    /// Ends the server without the messages that the output has not taken, as a second SIGTERM does.
    pub fn insist(&self) {
        self.ask(Urgency::Insisted);
    }

    /// Ends the server with [`ServeError::Panicked`].
    pub(crate) fn panicked(&self) {
        self.ask(Urgency::Panicked);
    }

    fn ask(&self, urgency: Urgency) {
        // Ordering: Release pairs with the Acquire in `urgency`.
        self.urgency.fetch_max(urgency as u8, Ordering::Release);
        self.bell.ring();
    }

    pub(crate) fn fd(&self) -> &Fd {
        self.bell.fd()
    }

    /// Returns the greatest urgency that was asked for.
    pub(crate) fn urgency(&self) -> Urgency {
        self.bell.clear();
        // Ordering: Acquire pairs with the Release in `ask`. Read after the bell, which rings after the store.
        match self.urgency.load(Ordering::Acquire) {
            0 => Urgency::None,
            1 => Urgency::Requested,
            2 => Urgency::Insisted,
            _ => Urgency::Panicked,
        }
    }
}

/// Holds how the server ends. From the beginning of the end on, complete messages are written and all others rejected.
#[derive(Debug, Default)]
pub struct Shutdown {
    /// How the server ends, once that is decided.
    result: Option<Result<(), ServeError>>,
    /// Whether the server ends without the messages that are not written, and without waiting for clients that may ask again.
    is_immediate: bool,
    /// When a process last began to ask for a transfer. Nothing else is kept of it, and it is still to be refused.
    pub greeted_at: Option<Nanos>,
    /// When to stop lingering at the latest, once all is written.
    linger_deadline: Option<Nanos>,
}

impl Shutdown {
    pub const fn is_begun(&self) -> bool {
        self.result.is_some()
    }

    pub const fn has_failed(&self) -> bool {
        matches!(self.result, Some(Err(_)))
    }
}

impl Machine {
    /// Returns how the server ends, once nothing is left to do.
    pub fn poll_end(&mut self) -> Option<Result<(), ServeError>> {
        let linger = self.linger_until();
        let (now, unwritten) = (self.core.now, self.core.backlog.len());
        let shutdown = &mut self.core.shutdown;
        if shutdown.is_immediate && unwritten > 0 {
            return Some(Err(ServeError::Aborted(unwritten)));
        }
        let is_over = shutdown.is_immediate || linger.is_none_or(|until| now >= until);
        if !is_over || unwritten > 0 {
            return None;
        }
        let result = shutdown.result.take()?;
        self.core.note_missing();
        Some(result)
    }

    /// Handles SIGINT and SIGTERM: the first ends the server in order, the second at once. `again`: both have come.
    pub fn handle_stop(&mut self, again: bool) {
        if !self.core.shutdown.is_begun() {
            // A client that has exited unnoticed is not rejected, and may have ended its text by that.
            let unfinished = self.sessions.values().filter(|s| s.in_message());
            let pids = unfinished.map(|s| s.pid).collect();
            let after = After::Stop { again };
            return self.core.act(Action::CheckEnded { pids, after });
        }
        self.core.shutdown.is_immediate = true;
    }

    /// Does what [`Stop`] asks for. A request that is repeated has no further effect.
    pub fn handle_stop_request(&mut self, urgency: Urgency) {
        let is_begun = self.core.shutdown.is_begun();
        match urgency {
            Urgency::None => {}
            Urgency::Requested if is_begun => {}
            Urgency::Requested => self.handle_stop(false),
            Urgency::Insisted => self.handle_stop(!is_begun),
            Urgency::Panicked => self.handle_panic(),
        }
    }

    /// Ends the server since the caller's function for notes has panicked.
    pub fn handle_panic(&mut self) {
        self.close(Err(ServeError::Panicked("notes")), Reason::ShuttingDown);
    }

    /// Takes in which processes have ended, with their wait statuses, and continues with `after`.
    pub fn handle_ended(&mut self, ended: &[(Pid, Option<i32>)], after: After) {
        for (pid, status) in ended {
            self.handle_exit_status(*pid, *status);
        }
        let After::Stop { again } = after else {
            return self.expire_idle();
        };
        let unwritten = self.core.backlog.len();
        self.close(Ok(()), Reason::ShuttingDown);
        if unwritten > 0 {
            let replies = self.core.config.replies;
            self.core.note(Note::Flushing { unwritten, replies });
        }
        if again {
            self.handle_stop(false);
        }
    }

    /// Takes in that a process has ended.
    pub fn handle_exit(&mut self, pid: Pid) {
        match self.sessions.get(&pid) {
            Some(session) if session.foreign.receiver.is_some() => {
                self.core.act(Action::ReadExitStatus(pid));
            }
            _ => self.end_session(pid),
        }
    }

    /// Ends the session of a client that has ended. Its half message is dropped; its complete messages are kept.
    pub(super) fn end_session(&mut self, pid: Pid) {
        let Some(mut session) = self.remove(pid) else {
            return;
        };
        let bytes = session.received_bytes();
        // A single bit is a stray signal, unless its sender can wait for an acknowledgement.
        let may_wait = session.handles().any() && !session.can_answer(Signal::WORD);
        let is_stray = !session.is_announced() && !may_wait && session.foreign.pace.bits() < 2;
        if session.in_message() && !is_stray {
            let why = DropReason::ClientEnded;
            let note = Note::Dropped { pid, why, bytes };
            self.core.note_of(&mut session, note);
        }
        self.core.note_withheld(&mut session);
    }

    /// Removes the session of `pid`, whatever it holds.
    pub(super) fn remove(&mut self, pid: Pid) -> Option<Session> {
        let session = self.forget(pid)?;
        if self.core.config.trace {
            self.core.note(Note::SessionEnded(pid));
        }
        Some(session)
    }

    /// Removes the session of `pid` without a note.
    pub(super) fn forget(&mut self, pid: Pid) -> Option<Session> {
        let core = &mut self.core;
        core.scheduler.forget(pid);
        let mut session = self.sessions.remove(&pid)?;
        core.set_under_way(pid, false);
        core.backlog.memory.recount(&mut session.counted, 0);
        if session.foreign.is_listed {
            core.foreign.listed.retain(|listed| *listed != pid);
        }
        if session.is_owed {
            core.owing.retain(|owed| *owed != pid);
        }
        core.act(Action::Close(pid));
        if self.sessions.is_empty() {
            // An idle server has no timer.
            core.expire_at = None;
        }
        Some(session)
    }

    /// Drops the half messages of silent clients, and the sessions of clients that ended without a pidfd.
    pub(super) fn expire(&mut self) {
        let uncertain = self.sessions.values().filter(|s| !s.is_certain);
        let pids = uncertain.map(|s| s.pid).collect();
        let after = After::Expire;
        self.core.act(Action::CheckEnded { pids, after });
    }

    fn expire_idle(&mut self) {
        let (core, mut idle, mut is_due_again) = (&mut self.core, Vec::new(), false);
        let limit = core.idle_timeout();
        for session in self.sessions.values() {
            let limit = limit.filter(|_| session.in_message());
            let silence = core.now.saturating_sub(session.last_seen);
            if limit.is_some_and(|limit| silence >= limit) {
                idle.push(session.pid);
            } else {
                is_due_again |= limit.is_some();
            }
            is_due_again |= !session.is_certain;
        }
        core.expire_at = None;
        if is_due_again {
            core.arm_expiry();
        }
        for pid in idle {
            self.drop_half(pid, Reason::Idle);
        }
    }

    /// Drops the half message of `pid`, and answers why.
    pub(super) fn drop_half(&mut self, pid: Pid, reason: Reason) {
        let core = &mut self.core;
        let Some(session) = self.sessions.get_mut(&pid) else {
            return;
        };
        core.scheduler.leave(Party::Client(pid));
        core.scheduler.leave(Party::Foreign(pid));
        let bytes = session.received_bytes();
        if let Some(receiver) = &mut session.foreign.receiver {
            receiver.reset();
        }
        let answer = session.receiver.refuse(reason);
        core.recount(session);
        core.dropped(session, DropReason::Rejected(reason), bytes);
        if let Some(answer) = answer {
            core.answer_unasked(session, answer);
        }
    }

    /// Begins the end, and answers every client in mid-message.
    pub(super) fn close(&mut self, result: Result<(), ServeError>, reason: Reason) {
        let core = &mut self.core;
        if !core.shutdown.has_failed() {
            core.shutdown.result = Some(result);
        }
        for session in self.sessions.values_mut() {
            core.drive_text(session, |receiver, _| receiver.close(reason));
            core.note_withheld(session);
            let answer = session.receiver.refuse(reason);
            core.recount(session);
            if let Some(answer) = answer {
                core.answer_unasked(session, answer);
            }
        }
    }

    /// Returns until when a client may have to be answered once more. `None` while the server does not end, or when there is no
    /// such client. However often clients ask, there is a last deadline.
    pub(super) fn linger_until(&mut self) -> Option<Nanos> {
        let (now, has_unwritten) = (self.core.now, self.core.backlog.len() > 0);
        let shutdown = &mut self.core.shutdown;
        if !shutdown.is_begun() {
            return None;
        }
        if has_unwritten {
            // A text that is complete only now may still be written and answered.
            shutdown.linger_deadline = None;
            return None;
        }
        let deadline = shutdown.linger_deadline;
        let deadline = deadline.unwrap_or_else(|| now.saturating_add(3 * LINGER));
        shutdown.linger_deadline = Some(deadline);
        let owes_until = |s: &Session| {
            let receiver = s.foreign.receiver.as_ref();
            let of_text = receiver.and_then(TextReceiver::closing_deadline);
            // Due actions are done once the signals that came before the look have been taken.
            let of_text = of_text.map(|at| s.foreign.observed.map_or(at, |_| Nanos::MAX));
            let answered_at = s.answered_at.filter(|_| s.has_opened());
            of_text.max(answered_at.map(|at| at.saturating_add(LINGER)))
        };
        let greeted_at = shutdown.greeted_at.map(|at| at.saturating_add(LINGER));
        let until = self.sessions.values().filter_map(owes_until).max();
        Some(until.max(greeted_at)?.min(deadline))
    }
}

impl Core {
    /// Plans the next expiry, unless one is planned.
    pub(super) fn arm_expiry(&mut self) {
        let (now, limit) = (self.now, self.idle_timeout());
        self.expire_at.get_or_insert_with(|| {
            let interval = limit.map_or(LIVENESS_INTERVAL, |limit| limit / 4);
            now.saturating_add(interval.clamp(LIVENESS_INTERVAL / 50, LIVENESS_INTERVAL))
        });
    }

    fn idle_timeout(&self) -> Option<Nanos> {
        let limit = self.config.idle_timeout?;
        Some(time::Duration::from(limit).as_nanos())
    }
}
