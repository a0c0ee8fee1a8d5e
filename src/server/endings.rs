//! How a client's session ends, and how the server itself does.

use core::time::Duration;
use std::vec::Vec;

use super::report::{Note, ServeError, Why};
use super::session::Session;
use super::{LINGER, PATROL, Server};
use crate::pid::Pid;
use crate::wire::Nanos;
use crate::wire::decoder::Reason;

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
        self.turns.leave(pid);
        let Some(session) = self.remove(pid) else {
            return;
        };
        let bytes = session.held_bytes();
        // Less than a byte from a stranger is a stray signal, and a hello alone may be another process's.
        let is_announced = session.is_announced() && session.is_attested();
        if session.in_message() && (is_announced || bytes > 0) {
            let why = Why::ClientEnded;
            (self.notes)(&Note::Dropped { pid, why, bytes });
        }
    }

    /// Ends the session of `pid`, whatever it holds.
    fn remove(&mut self, pid: Pid) -> Option<Session> {
        let session = self.sessions.remove(&pid)?;
        if let Some(fd) = session.peer.fd() {
            self.set.remove(fd);
        }
        if self.sessions.is_empty() {
            // Nothing is left to look after, and an idle server is not woken for nothing.
            self.sweep_at = None;
        }
        if self.config.trace {
            (self.notes)(&Note::Forgotten(pid));
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
            self.drop_half(pid);
        }
        self.sweep_at = again.then(|| self.now.saturating_add(self.sweep_interval()));
    }

    pub(super) fn sweep_interval(&self) -> Nanos {
        let idle = self.config.idle_timeout.map(|t| nanos(t) / 4);
        idle.unwrap_or(PATROL).clamp(PATROL / 50, PATROL)
    }

    fn drop_half(&mut self, pid: Pid) {
        let Some(session) = self.sessions.get_mut(&pid) else {
            return;
        };
        self.turns.leave(pid);
        let bytes = session.held_bytes();
        if let Some(listener) = &mut session.listener {
            listener.forget();
        }
        let answer = session.receiver.drop_half(Reason::Idle);
        self.dropped(pid, Why::Rejected(Reason::Idle), bytes);
        if let Some(answer) = answer {
            self.answer_unasked(pid, answer);
        }
    }

    /// SIGINT or SIGTERM: the first ends the server in order, the second at once.
    pub(super) fn stop(&mut self) -> Result<(), ServeError> {
        let unwritten = self.unwritten();
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
            let Some(session) = self.sessions.get_mut(&pid) else {
                continue;
            };
            if let Some(listener) = &mut session.listener {
                listener.refuse();
            }
            if let Some(answer) = session.receiver.refuse(reason) {
                self.answer_unasked(pid, answer);
            }
        }
    }

    /// Until when a client that is still there may have to be answered again; `None` while the server is not ending, or
    /// when there is no such client. However often it asks, there is an end to it.
    pub(super) fn linger(&mut self) -> Option<Nanos> {
        let unwritten = self.unwritten() > 0;
        let closing = self.closing.as_mut()?;
        if unwritten {
            return None;
        }
        let last_call = *closing
            .last_call
            .get_or_insert(self.now.saturating_add(4 * LINGER));
        let announced = self.sessions.values().filter(|s| s.is_announced());
        let last = announced.filter_map(|s| s.answered).max()?;
        Some(last.saturating_add(LINGER).min(last_call))
    }

    /// Ends the session that is the least use, to have its descriptor back: first those that other processes may have claimed,
    /// or that one stray signal began. Returns whether there was one.
    pub(super) fn evict(&mut self) -> bool {
        let now = self.now;
        let sessions = self.sessions.iter();
        let evictable = sessions.filter_map(|(pid, session)| Some((session.evictable(now)?, *pid)));
        let Some((_, pid)) = evictable.min() else {
            return false;
        };
        self.turns.leave(pid);
        self.remove(pid).is_some()
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

fn nanos(duration: Duration) -> Nanos {
    duration.as_nanos().try_into().unwrap_or(Nanos::MAX)
}
