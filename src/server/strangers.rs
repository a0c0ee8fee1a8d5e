//! Clients that speak another dialect than ours: what they send goes to a [`Listener`], and this carries out what it says.

use core::mem;
use std::vec::Vec;

use super::report::{Note, Why};
use super::session::Session;
use super::{Dialects, Server};
use crate::client::signal_of;
use crate::dialect::listener::{Action, Listener};
use crate::dialect::manners::GLANCE;
use crate::process::pid::Pid;
use crate::process::proc;
use crate::wire::Nanos;
use crate::wire::bits::Bit;
use crate::wire::control::{Reply, Status};
use crate::wire::reason::Reason;

impl Server<'_> {
    /// A bare bit of one who has announced nothing.
    pub(super) fn overhear(&mut self, pid: Pid, bit: Bit) {
        let now = self.now;
        let Some(session) = self.sessions.get_mut(&pid) else {
            return;
        };
        // Where a message may just have ended, the next signal may be another program's, which could die of an answer.
        if session.listener.as_ref().is_some_and(Listener::may_be_over) {
            session.look_again(now);
        }
        if session.listener.is_none() {
            let dialects = self.config.dialects;
            session.program = proc::program(pid).ok();
            let known = session.program.map(|program| self.profiles.get(program));
            let (limit, handles) = (self.config.max_message, session.handles());
            session.begin_stream(match dialects {
                Dialects::Given(dialect) => Listener::given(dialect, limit, pid, handles),
                Dialects::Auto => Listener::unknown(known.unwrap_or_default(), limit, pid, handles),
            });
            if self.closing.is_some() {
                let reason = Reason::ShuttingDown;
                self.listen(pid, |listener, _, out| listener.refuse(reason, out));
            }
        }
        let Some(session) = self.sessions.get_mut(&pid) else {
            return;
        };
        session.heard = now;
        session.glance = now.saturating_add(GLANCE);
        if !session.in_message() {
            session.began = now;
        }
        let patient = session.listener.as_ref().is_some_and(Listener::can_be_held);
        let may_go_on = !patient || self.turns.may_go_on(pid, now);
        self.listen(pid, |listener, now, out| {
            listener.hold(!may_go_on);
            listener.bit(bit, now, out);
        });
    }

    /// A bit that says its number, of one who announced nothing: only our own clients do that. Whether somebody listens to it.
    pub(super) fn overhear_again(&mut self, pid: Pid, bit: Bit, index: u64) -> bool {
        let Some(session) = self.sessions.get_mut(&pid) else {
            return false;
        };
        if session.listener.is_none() {
            return false;
        }
        session.heard = self.now;
        let mut is_known = true;
        self.listen(pid, |listener, now, out| {
            is_known = listener.resent(bit, index, now, out);
        });
        if !is_known {
            let status = Status::Reset;
            self.answer(pid, signal_of(bit), Reply { tag: 0, status });
        }
        true
    }

    /// Lets the listener of `pid` do something, and carries out what it says.
    pub(super) fn listen(
        &mut self,
        pid: Pid,
        act: impl FnOnce(&mut Listener, Nanos, &mut Vec<Action>),
    ) {
        let mut actions = mem::take(&mut self.actions);
        let now = self.now;
        let listener = self
            .sessions
            .get_mut(&pid)
            .and_then(|s| s.listener.as_mut());
        if let Some(listener) = listener {
            act(listener, now, &mut actions);
        }
        self.recount(pid);
        for action in actions.drain(..) {
            self.carry_out(pid, action);
        }
        self.actions = actions;
        let is_due = self.sessions.get(&pid).is_some_and(|s| due(s).is_some());
        if is_due && !self.listening.contains(&pid) {
            self.listening.push(pid);
        }
    }

    /// As [`listen`](Self::listen), for what the client has not just asked for: it may be another program by now.
    pub(super) fn listen_unasked(
        &mut self,
        pid: Pid,
        act: impl FnOnce(&mut Listener, Nanos, &mut Vec<Action>),
    ) {
        if let Some(session) = self.sessions.get_mut(&pid) {
            session.look_now();
        }
        self.listen(pid, act);
    }

    fn carry_out(&mut self, pid: Pid, action: Action) {
        if !matches!(action, Action::Answer(_) | Action::Learned { .. }) {
            self.turns.leave(pid);
        }
        match action {
            Action::Answer(bit) => {
                let session = self.sessions.get_mut(&pid);
                if let Some(next) = session.and_then(|s| s.listener.as_ref().map(Listener::next)) {
                    // Whoever asks for nothing but a signal does not look at its value.
                    let status = Status::Ok(next);
                    self.answer(pid, signal_of(bit), Reply { tag: 0, status });
                }
            }
            Action::Learned { dialect, rival } => {
                let note = Note::Speaks {
                    pid,
                    dialect,
                    rival,
                };
                self.say_of(pid, note);
            }
            Action::Undecided { one, other } => {
                self.say_of(pid, Note::Undecided { pid, one, other });
            }
            Action::Complete(text) => {
                self.complete(pid, text, false, 0);
            }
            Action::Rejected { reason, bytes } => {
                self.dropped(pid, Why::Rejected(reason), bytes);
            }
            Action::Nonsense(bits) => {
                self.nonsense(pid, bits);
            }
        }
    }

    /// Looks after those who may be waiting for something.
    pub(super) fn attend(&mut self) {
        let now = self.now;
        let sessions = &self.sessions;
        self.listening
            .retain(|pid| sessions.get(pid).is_some_and(|s| due(s).is_some()));
        for pid in self.listening.clone() {
            let Some(session) = self.sessions.get_mut(&pid) else {
                continue;
            };
            if due(session).is_none_or(|at| at > now) {
                continue;
            }
            let listener = session.listener.as_ref();
            let watching = listener.is_some_and(Listener::is_watching);
            let patient = listener.is_some_and(|l| l.in_message() && l.can_be_held());
            let mut sleeps = false;
            if watching && session.glance <= now {
                sleeps = proc::sleeps_for_signal(pid);
                let silence = now.saturating_sub(session.heard).max(GLANCE);
                session.glance = now.saturating_add(silence);
            }
            if !sleeps && session.lacks_cpu() {
                self.listen(pid, |listener, now, _| listener.excuse(now));
                continue;
            }
            let may_go_on = !patient || self.turns.may_go_on(pid, now);
            self.listen_unasked(pid, |listener, now, out| {
                listener.hold(!may_go_on);
                listener.poll(now, sleeps, out);
            });
        }
    }

    /// When [`attend`](Self::attend) is to be called next.
    pub(super) fn attend_at(&self) -> Option<Nanos> {
        let sessions = self
            .listening
            .iter()
            .filter_map(|pid| self.sessions.get(pid));
        sessions.filter_map(due).min()
    }

    /// The client has ended. That may be how its message ends, and says what it waited for.
    pub(super) fn last_words(&mut self, pid: Pid) {
        let well = self
            .sessions
            .get(&pid)
            .is_some_and(|session| session.listener.is_some() && session.peer.ended_well());
        self.listen(pid, |listener, now, out| listener.ended(well, now, out));
        let Some(session) = self.sessions.get(&pid) else {
            return;
        };
        let lesson = session.listener.as_ref().and_then(|l| l.lesson(self.now));
        let lesson = session.program.zip(lesson);
        if let Some((program, lesson)) = lesson.filter(|_| !session.is_noise()) {
            self.profiles.learn(program, lesson);
        }
    }
}

/// When the listener of `session` has something to do next.
fn due(session: &Session) -> Option<Nanos> {
    let listener = session.listener.as_ref()?;
    let glance = listener.is_watching().then_some(session.glance);
    [glance, listener.deadline()].into_iter().flatten().min()
}
