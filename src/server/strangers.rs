//! Clients that speak another dialect than ours: what they send goes to a [`TextReceiver`], and this carries out what it says.

use core::{iter, mem};

use super::report::{Note, Why};
use super::session::Session;
use super::{Dialects, Server};
use crate::client::signal_of;
use crate::dialect::ack_probe::SILENCE_ASLEEP;
use crate::dialect::receiver::{TextAction, TextReceiver};
use crate::process::pid::Pid;
use crate::process::proc;
use crate::signal::event::Signal;
use crate::wire::Nanos;
use crate::wire::bits::{Bit, bit_of};
use crate::wire::control::{Answer, Status};
use crate::wire::decoder::Reason;
use crate::wire::frame::MAGIC;

impl Server<'_> {
    /// A bare bit of one who has announced nothing.
    pub(super) fn overhear(&mut self, pid: Pid, bit: Bit) {
        let now = self.now;
        let Some(session) = self.sessions.get_mut(&pid) else {
            return;
        };
        // Where a message may just have ended, the next signal may be another program's, which could die of an answer.
        if session
            .listener
            .as_ref()
            .is_some_and(TextReceiver::may_be_over)
        {
            session.look_again(now);
        }
        if session.listener.is_none() {
            let dialects = self.config.dialects;
            session.program = proc::program(pid).ok();
            let known = session.program.map(|program| self.profiles.get(program));
            let (limit, handles) = (self.config.max_message, session.handles());
            session.begin_stream(match dialects {
                Dialects::Given(dialect) => TextReceiver::given(dialect, limit, pid, handles),
                Dialects::Auto => {
                    TextReceiver::unknown(known.unwrap_or_default(), limit, pid, handles)
                }
            });
            if self.closing.is_some() {
                let reason = Reason::ShuttingDown;
                self.listen(pid, |listener, _| listener.close(reason));
            }
        }
        let Some(session) = self.sessions.get_mut(&pid) else {
            return;
        };
        session.heard = now;
        session.glance = now.saturating_add(SILENCE_ASLEEP);
        if !session.in_message() {
            session.began = now;
        }
        let patient = session
            .listener
            .as_ref()
            .is_some_and(TextReceiver::can_be_held);
        let may_go_on = !patient || self.turns.may_go_on(pid, now);
        self.listen(pid, |listener, now| {
            listener.hold(!may_go_on);
            listener.handle_symbol(bit.into(), now);
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
        self.listen(pid, |listener, now| {
            is_known = listener.handle_resent(bit.into(), index, now);
        });
        if !is_known {
            let status = Status::Reset;
            self.answer(pid, signal_of(bit), Answer { tag: 0, status });
        }
        true
    }

    /// Lets the listener of `pid` do something, and carries out what it says.
    pub(super) fn listen(&mut self, pid: Pid, act: impl FnOnce(&mut TextReceiver, Nanos)) {
        let mut actions = mem::take(&mut self.actions);
        let now = self.now;
        let listener = self
            .sessions
            .get_mut(&pid)
            .and_then(|s| s.listener.as_mut());
        if let Some(listener) = listener {
            act(listener, now);
            actions.extend(iter::from_fn(|| listener.poll_action()));
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
    pub(super) fn listen_unasked(&mut self, pid: Pid, act: impl FnOnce(&mut TextReceiver, Nanos)) {
        if let Some(session) = self.sessions.get_mut(&pid) {
            session.look_now();
        }
        self.listen(pid, act);
    }

    fn carry_out(&mut self, pid: Pid, action: TextAction) {
        if !matches!(
            action,
            TextAction::Acknowledge(_) | TextAction::Detected { .. }
        ) {
            self.turns.leave(pid);
        }
        match action {
            TextAction::Acknowledge(symbol) => {
                let session = self.sessions.get_mut(&pid);
                if let Some(next) =
                    session.and_then(|s| s.listener.as_ref().map(TextReceiver::next_index))
                {
                    // Whoever asks for nothing but a signal does not look at its value.
                    let status = Status::Ok(next);
                    self.answer(pid, signal_of(symbol.into()), Answer { tag: 0, status });
                }
            }
            TextAction::Detected { dialect, rival } => {
                let note = Note::Speaks {
                    pid,
                    dialect,
                    rival,
                };
                self.say_of(pid, note);
            }
            TextAction::Ambiguous { one, other } => {
                self.say_of(pid, Note::Undecided { pid, one, other });
            }
            TextAction::Complete(text) => {
                self.complete(pid, text, false, 0);
            }
            TextAction::Rejected { reason, bytes } => {
                self.dropped(pid, Why::Rejected(reason), bytes);
            }
            TextAction::NoMatch(bits) => {
                self.nonsense(pid, bits);
            }
            TextAction::Frame => {
                let Some(session) = self.sessions.get_mut(&pid) else {
                    return;
                };
                session.listener = None;
                for i in 0..7 {
                    session.receiver.bit(bit_of(MAGIC, i));
                }
                self.react(pid, Signal::Usr1, |session| {
                    session.receiver.bit(bit_of(MAGIC, 7))
                });
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
            let watching = listener.is_some_and(TextReceiver::needs_sleep_state);
            let patient = listener.is_some_and(|l| l.in_message() && l.can_be_held());
            let mut sleeps = false;
            if watching && session.glance <= now {
                sleeps = proc::sleeps_for_signal(pid);
                let silence = now.saturating_sub(session.heard).max(SILENCE_ASLEEP);
                session.glance = now.saturating_add(silence);
            }
            if !sleeps && session.lacks_cpu() {
                self.listen(pid, |listener, now| listener.restart_silence(now));
                continue;
            }
            let may_go_on = !patient || self.turns.may_go_on(pid, now);
            self.listen_unasked(pid, |listener, now| {
                listener.hold(!may_go_on);
                listener.handle_timeout(now, sleeps);
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
        self.listen(pid, |listener, now| listener.handle_exit(well, now));
        let Some(session) = self.sessions.get(&pid) else {
            return;
        };
        let lesson = session
            .listener
            .as_ref()
            .and_then(|l| l.profile_update(self.now));
        let lesson = session.program.zip(lesson);
        if let Some((program, lesson)) = lesson.filter(|_| !session.is_noise()) {
            self.profiles.update(program, lesson);
        }
    }
}

/// When the listener of `session` has something to do next.
fn due(session: &Session) -> Option<Nanos> {
    let listener = session.listener.as_ref()?;
    let glance = listener.needs_sleep_state().then_some(session.glance);
    [glance, listener.poll_timeout()]
        .into_iter()
        .flatten()
        .min()
}
