//! How a client's session ends, and how the server itself does.

use core::time::Duration;
use std::vec::Vec;

use super::report::{Note, ServeError, Why};
use super::session::Session;
use super::{LINGER, PATROL, Server};
use std::io;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::dialect::listener::Listener;
use crate::ffi::{EventFd, Fd};
use crate::process::pid::Pid;
use crate::process::proc;
use crate::wire::Nanos;
use crate::wire::reason::Reason;

/// What ends a server from another thread.
#[derive(Debug)]
pub struct Stop {
    bell: EventFd,
    urgency: AtomicU8,
}

/// How urgent a [`Stop`] is: the greatest that was asked for holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Urgency {
    None,
    /// In order.
    Requested,
    /// Without what the output has not taken.
    Insisted,
    /// With an error: the caller's notes, on a thread of their own, have panicked.
    Panicked,
}

impl Stop {
    /// One that has not been asked for.
    ///
    /// # Errors
    /// EMFILE or ENOMEM.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            bell: EventFd::new()?,
            urgency: AtomicU8::new(Urgency::None as u8),
        })
    }

    /// Ends the server in order, as a first SIGTERM does. Asked again, it changes nothing.
    pub fn request(&self) {
        self.ask(Urgency::Requested);
    }

    /// Ends it without what the output has not taken, as a second SIGTERM does.
    pub fn insist(&self) {
        self.ask(Urgency::Insisted);
    }

    /// Ends it with [`ServeError::Panicked`].
    pub(crate) fn panicked(&self) {
        self.ask(Urgency::Panicked);
    }

    fn ask(&self, urgency: Urgency) {
        // Ordering: Release pairs with the Acquire in `urgency`.
        self.urgency.fetch_max(urgency as u8, Ordering::Release);
        self.bell.ring();
    }

    pub(super) fn fd(&self) -> &Fd {
        self.bell.fd()
    }

    /// What was asked for, until now.
    pub(super) fn urgency(&self) -> Urgency {
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

/// The end of the server, once it is decided: nothing new is taken, what is finished is written, clients are told.
pub(super) struct Closing {
    pub result: Result<(), ServeError>,
    /// Do not linger.
    pub hurried: bool,
    /// When to stop lingering at the latest, once all is written.
    pub last_call: Option<Nanos>,
}

impl Server<'_> {
    /// The client has ended: its half message goes, its whole ones stay.
    pub(super) fn bury(&mut self, pid: Pid) {
        self.last_words(pid);
        let Some(mut session) = self.remove(pid) else {
            return;
        };
        let bytes = session.received_bytes();
        // Less than a byte from a stranger is a stray signal, and a hello alone may be another process's.
        let is_announced = session.is_announced() && session.is_attested();
        if session.in_message() && (is_announced || bytes > 0) {
            let why = Why::ClientEnded;
            let note = Note::Dropped { pid, why, bytes };
            session
                .allowance
                .say(pid, self.now, &note, &mut self.notices);
        }
        session
            .allowance
            .say_withheld(pid, self.now, &mut self.notices);
    }

    /// Ends the session of `pid`, whatever it holds.
    fn remove(&mut self, pid: Pid) -> Option<Session> {
        self.turns.leave(pid);
        let mut session = self.sessions.remove(&pid)?;
        self.memory.recount(&mut session.counted, 0);
        if let Some(fd) = session.peer.fd() {
            self.set.remove(fd);
        }
        if self.sessions.is_empty() {
            // Nothing is left to look after, and an idle server is not woken for nothing.
            self.sweep_at = None;
        }
        if self.config.trace {
            self.notices.say(&Note::Forgotten(pid));
        }
        Some(session)
    }

    /// Drops the half messages of silent clients, and clients that ended where no pidfd tells.
    pub(super) fn sweep(&mut self) {
        let limit = self.config.idle_timeout.map(nanos);
        let mut ended = Vec::new();
        let mut idle = Vec::new();
        let mut again = false;
        for (pid, session) in &self.sessions {
            if !session.peer.is_certain() && session.peer.probe().is_err() {
                ended.push(*pid);
            } else if session.in_message()
                && limit.is_some_and(|limit| self.now.saturating_sub(session.heard) >= limit)
            {
                idle.push(*pid);
            } else {
                let may_idle = limit.is_some() && session.in_message();
                again |= may_idle || !session.peer.is_certain();
            }
        }
        for pid in ended {
            self.bury(pid);
        }
        for pid in idle {
            self.drop_half(pid, Reason::Idle);
        }
        self.sweep_at = again.then(|| self.now.saturating_add(self.sweep_interval()));
    }

    pub(super) fn sweep_interval(&self) -> Nanos {
        let idle = self.config.idle_timeout.map(|t| nanos(t) / 4);
        idle.unwrap_or(PATROL).clamp(PATROL / 50, PATROL)
    }

    /// Drops the half message of `pid`, and tells it why.
    pub(super) fn drop_half(&mut self, pid: Pid, reason: Reason) {
        let Some(session) = self.sessions.get_mut(&pid) else {
            return;
        };
        self.turns.leave(pid);
        let bytes = session.received_bytes();
        if let Some(listener) = &mut session.listener {
            listener.forget();
        }
        let answer = session.receiver.refuse(reason);
        self.recount(pid);
        self.dropped(pid, Why::Rejected(reason), bytes);
        if let Some(answer) = answer {
            self.answer_unasked(pid, answer);
        }
    }

    /// SIGINT or SIGTERM: the first ends the server in order, the second at once.
    pub(super) fn stop(&mut self) -> Result<(), ServeError> {
        if self.closing.is_none() {
            self.take_last_exits();
        }
        let unwritten = self.unwritten();
        match &mut self.closing {
            None => {
                self.close(Ok(()), Reason::ShuttingDown);
                if unwritten > 0 {
                    self.notices.say(&Note::Flushing(unwritten));
                }
            }
            Some(_) if unwritten > 0 => return Err(ServeError::Aborted(unwritten)),
            Some(closing) => closing.hurried = true,
        }
        Ok(())
    }

    /// Begins the end, and tells every client in mid-message.
    pub(super) fn close(&mut self, result: Result<(), ServeError>, reason: Reason) {
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
                    last_call: None,
                });
            }
        }
        let pids: Vec<_> = self.sessions.keys().copied().collect();
        for pid in pids {
            self.listen(pid, |listener, _, out| listener.refuse(reason, out));
            let Some(session) = self.sessions.get_mut(&pid) else {
                continue;
            };
            session
                .allowance
                .say_withheld(pid, self.now, &mut self.notices);
            let answer = session.receiver.refuse(reason);
            self.recount(pid);
            if let Some(answer) = answer {
                self.answer_unasked(pid, answer);
            }
        }
    }

    /// Ends the sessions of clients that have exited unnoticed, which may be how their texts end.
    fn take_last_exits(&mut self) {
        // A zombie can still be signalled.
        let has_exited = |pid: Pid, session: &Session| {
            session.peer.probe().is_err() || proc::status(pid).is_ok_and(|status| status.ended)
        };
        let foreign = self
            .sessions
            .iter()
            .filter(|(_, s)| s.listener.as_ref().is_some_and(Listener::in_message));
        let exited: Vec<_> = foreign
            .filter(|(pid, session)| has_exited(**pid, session))
            .map(|(pid, _)| *pid)
            .collect();
        for pid in exited {
            self.bury(pid);
        }
    }

    /// Whether a message that is complete comes too late to be written.
    pub(super) fn takes_no_more(&self) -> bool {
        let has_failed = self.closing.as_ref().is_some_and(|c| c.result.is_err());
        has_failed
            || self
                .config
                .count
                .is_some_and(|count| self.accepted >= count)
    }

    /// Until when a client that is still there may have to be answered, again or for the first time; `None` while the server is not ending, or
    /// when there is no such client. However often it asks, there is an end to it.
    pub(super) fn linger(&mut self) -> Option<Nanos> {
        let unwritten = self.unwritten() > 0;
        let closing = self.closing.as_mut()?;
        if unwritten {
            // A text that is complete only now may be written yet, and answered.
            closing.last_call = None;
            return None;
        }
        let last_call = *closing
            .last_call
            .get_or_insert(self.now.saturating_add(3 * LINGER));
        let owes_until = |s: &Session| match s.listener.as_ref() {
            Some(listener) => listener.owes_until(),
            None if s.is_announced() => s.answered.map(|at| at.saturating_add(LINGER)),
            None => None,
        };
        let until = self.sessions.values().filter_map(owes_until).max()?;
        Some(until.min(last_call))
    }

    /// Ends the session that is the least use, to have its descriptor back: first those that other processes may have claimed,
    /// or that one stray signal began. Returns whether there was one.
    pub(super) fn evict(&mut self) -> bool {
        let now = self.now;
        let sessions = self.sessions.iter();
        let evictable = sessions.filter_map(|(pid, session)| Some((session.evictable(now)?, *pid)));
        let least = evictable.min();
        least.and_then(|(_, pid)| self.remove(pid)).is_some()
    }

    /// Makes room for a session that only a claim stands for.
    pub(super) fn limit_claims(&mut self) {
        let claims = self
            .sessions
            .values()
            .filter(|session| !session.is_attested());
        if claims.count() >= self.limit.div_ceil(2) {
            self.evict();
        }
    }

    /// Finished messages that the output has not taken.
    pub(super) fn unwritten(&self) -> usize {
        self.writer.outstanding() + self.backlog.len()
    }
}

pub(super) fn nanos(duration: Duration) -> Nanos {
    duration.as_nanos().try_into().unwrap_or(Nanos::MAX)
}
