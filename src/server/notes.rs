//! The caller's function for notes, how many notes a client may cause, and which are made once.

use core::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::string::ToString;

use super::action::Action;
use super::machine::{Core, claimed_request};
use super::session::Session;
use super::{DropReason, Note};
use crate::process::peer::PeerError;
use crate::process::pid::Pid;
use crate::signal::event::Event;
use crate::wire::Nanos;
use crate::wire::reason::Reason;

/// Limits the notes of one client: so many at once, and one more after each interval.
pub(super) const OF_CLIENT: (u64, Nanos) = (8, 1_000_000_000);

/// Limits the notes of all clients together, since a process can start and name any number of others.
pub(super) const OF_ALL: (u64, Nanos) = (100, 50_000_000);

/// Calls the caller's function until it panics.
pub(super) struct NoteSink<'n> {
    /// The function, until it has panicked.
    function: Option<&'n mut dyn FnMut(&Note)>,
    /// Whether it has panicked since [`take_panic`](Self::take_panic).
    pub has_panicked: bool,
}

impl<'n> NoteSink<'n> {
    pub fn new(function: &'n mut dyn FnMut(&Note)) -> Self {
        Self {
            function: Some(function),
            has_panicked: false,
        }
    }

    /// Calls the function, unless it has panicked before.
    pub fn call(&mut self, note: &Note) {
        let panicked = self.function.take_if(|f| survives(|| f(note)).is_none());
        self.has_panicked |= panicked.is_some();
    }

    /// Returns whether the function has panicked since the last call.
    pub fn take_panic(&mut self) -> bool {
        mem::take(&mut self.has_panicked)
    }
}

/// Runs a function of the caller. Returns `None` if it panics, which the panic hook has reported.
pub(super) fn survives<T>(function: impl FnOnce() -> T) -> Option<T> {
    // The state that the function left behind is not used again. The payload's destructor is the caller's too, and could panic.
    let result = catch_unwind(AssertUnwindSafe(function));
    result.map_err(mem::forget).ok()
}

/// Limits notes to a burst, and one more after each interval.
#[derive(Debug)]
pub(super) struct Allowance {
    interval: Nanos,
    /// How far ahead of the time the next note may be counted: all of a burst but the first.
    ahead: Nanos,
    /// The time for which the next note is counted, an interval after that of the previous one.
    next: Nanos,
    withheld: u64,
}

impl Allowance {
    /// Returns an allowance of which nothing is used up.
    pub const fn new((burst, interval): (u64, Nanos)) -> Self {
        Self {
            interval,
            ahead: (burst - 1) * interval,
            next: 0,
            withheld: 0,
        }
    }

    /// Returns whether another note is allowed at `now`, and counts it if it is not.
    pub fn take(&mut self, now: Nanos) -> bool {
        let next = self.next.max(now);
        let is_allowed = next - now <= self.ahead;
        if is_allowed {
            self.next = next.saturating_add(self.interval);
        } else {
            self.withheld += 1;
        }
        is_allowed
    }

    /// Returns how many notes were not made since the last call.
    pub const fn take_withheld(&mut self) -> u64 {
        mem::replace(&mut self.withheld, 0)
    }
}

impl Core {
    /// Notes that a message of `bytes` bytes was dropped, unless a note of the client has said as much.
    pub fn dropped(&mut self, session: &mut Session, why: DropReason, bytes: usize) {
        // A message that is too long in words comes again in bits: another process could have changed its length.
        let is_too_long = matches!(why, DropReason::Rejected(Reason::TooLong));
        let in_words = session.receiver.uses_words();
        let was_too_long = mem::replace(&mut session.was_too_long, is_too_long && in_words);
        if was_too_long && is_too_long && !in_words {
            return;
        }
        let pid = session.pid;
        self.note_first(session, Note::Dropped { pid, why, bytes });
    }

    /// Makes a note of a text that is not delivered, or counts it: the noise of another program is worth one line, not one for every
    /// few signals.
    pub fn note_first(&mut self, session: &mut Session, note: Note) {
        if session.is_announced() || !mem::replace(&mut session.warned, true) {
            self.note_of(session, note);
        } else {
            session.allowance.withheld += 1;
        }
    }

    /// Makes a note that no limit holds back.
    pub fn note(&mut self, note: Note) {
        self.act(Action::Note(note));
    }

    /// Makes a note, unless one of its kind has been made by this method.
    pub fn note_once(&mut self, note: Note) {
        let kind = mem::discriminant(&note);
        if !self.noted_once.contains(&kind) {
            self.noted_once.push(kind);
            self.note(note);
        }
    }

    /// Notes that the sender of `event` cannot be answered. Its signals are still read.
    pub fn note_unanswerable(&mut self, pid: Pid, error: &PeerError, event: Event) {
        let is_claimed = claimed_request(&event).is_some();
        if is_claimed && self.noted_unanswerable.replace(pid) == Some(pid) {
            return;
        }
        self.note_caused(match error {
            PeerError::NotPermitted => Note::Unreachable(pid),
            error => Note::Unanswerable(pid, error.to_string()),
        });
    }

    /// Makes a note that a client caused, or counts it if all clients have caused too many.
    pub fn note_caused(&mut self, note: Note) {
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
            self.note_caused(Note::Withheld(pid, count));
        }
    }

    /// Notes how many notes are missing since the last time.
    pub fn note_missing(&mut self) {
        let count = self.allowance.take_withheld();
        if count > 0 {
            self.note(Note::Missing(count));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_that_panics_is_not_called_again() {
        let mut calls = 0;
        let mut function = |_: &Note| {
            calls += 1;
            assert!(calls < 2, "on purpose");
        };
        let mut sink = NoteSink::new(&mut function);
        sink.call(&Note::NoPidfd);
        assert!(!sink.take_panic());
        for has_panicked in [true, false] {
            sink.call(&Note::NoPidfd);
            assert_eq!(sink.take_panic(), has_panicked);
        }
        assert_eq!(calls, 2);
    }

    #[test]
    fn an_allowance_is_a_burst_and_one_note_after_each_interval() {
        let mut allowance = Allowance::new((3, 10));
        let mut count = |times: usize, now| (0..times).filter(|_| allowance.take(now)).count();
        assert_eq!(count(5, 100), 3);
        assert_eq!(count(2, 109), 0);
        assert_eq!(count(2, 110), 1);
        assert_eq!(count(9, 1000), 3, "no more than a burst is saved up");
        assert_eq!(allowance.take_withheld(), 2 + 2 + 1 + 6);
        assert_eq!(allowance.take_withheld(), 0);
    }
}
