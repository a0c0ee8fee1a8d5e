//! The caller's function for notes: what of it reaches the server, and how many notes a client may cause.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::report::Note;
use crate::pid::Pid;
use crate::wire::Nanos;

/// Notes that one client may cause at once.
const BURST: u32 = 8;

/// The time after which a client may cause another.
const INTERVAL: Nanos = 1_000_000_000;

/// The caller's function.
pub(super) struct Notices<'n> {
    function: &'n mut dyn FnMut(&Note),
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    Working,
    Panicked,
    Over,
}

impl<'n> Notices<'n> {
    pub fn new(function: &'n mut dyn FnMut(&Note)) -> Self {
        Self {
            function,
            state: State::Working,
        }
    }

    /// Calls the function, unless it has panicked before.
    pub fn say(&mut self, note: &Note) {
        if self.state == State::Working && !survives(|| (self.function)(note)) {
            self.state = State::Panicked;
        }
    }

    /// Whether the function has panicked; `true` once.
    pub fn take_panic(&mut self) -> bool {
        let has = self.state == State::Panicked;
        if has {
            self.state = State::Over;
        }
        has
    }
}

/// Runs a function of the caller; returns whether it did not panic. The panic hook has reported it.
pub(super) fn survives(function: impl FnOnce()) -> bool {
    // What the function left half done is not used again.
    match catch_unwind(AssertUnwindSafe(function)) {
        Ok(()) => true,
        Err(payload) => {
            // Its destructor is the caller's too, and could panic again.
            core::mem::forget(payload);
            false
        }
    }
}

/// How many notes one client may still cause: so many at once, and one a second from then on.
#[derive(Debug)]
pub(super) struct Allowance {
    left: u32,
    since: Nanos,
    withheld: u64,
}

impl Allowance {
    pub const fn new(now: Nanos) -> Self {
        Self {
            left: BURST,
            since: now,
            withheld: 0,
        }
    }

    /// Makes a note that `pid` caused at `now`, or counts it if that is too many.
    pub fn say(&mut self, pid: Pid, now: Nanos, note: Note, notices: &mut Notices<'_>) {
        if self.take(now) {
            self.say_withheld(pid, notices);
            notices.say(&note);
        }
    }

    /// Says how many notes were withheld since this was said last.
    pub fn say_withheld(&mut self, pid: Pid, notices: &mut Notices<'_>) {
        let count = core::mem::take(&mut self.withheld);
        if count > 0 {
            notices.say(&Note::Withheld { pid, count });
        }
    }

    /// Whether the client may cause a note at `now`. One that may not is counted.
    fn take(&mut self, now: Nanos) -> bool {
        let earned = now.saturating_sub(self.since) / INTERVAL;
        if earned > 0 {
            let earned = u32::try_from(earned).unwrap_or(u32::MAX);
            self.left = self.left.saturating_add(earned).min(BURST);
            self.since = now;
        }
        let Some(left) = self.left.checked_sub(1) else {
            self.withheld += 1;
            return false;
        };
        self.left = left;
        true
    }
}
