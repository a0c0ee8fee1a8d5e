//! The caller's function for notes, and how many notes a client may cause.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::report::Note;
use crate::wire::Nanos;

/// Limits the notes of one client: so many at once, and one more after each interval.
const OF_CLIENT: (u32, Nanos) = (8, 1_000_000_000);

/// Limits the notes of all clients together, since a process can start and name any number of others.
const OF_ALL: (u32, Nanos) = (100, 50_000_000);

/// Calls the caller's function until it panics.
pub(super) struct NoteSink<'n> {
    function: &'n mut dyn FnMut(&Note),
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    Working,
    Panicked,
    Over,
}

impl<'n> NoteSink<'n> {
    /// Returns a sink that calls `function`.
    pub fn new(function: &'n mut dyn FnMut(&Note)) -> Self {
        let state = State::Working;
        Self { function, state }
    }

    /// Calls the function, unless it has panicked before.
    pub fn call(&mut self, note: &Note) {
        if self.state == State::Working && !survives(|| (self.function)(note)) {
            self.state = State::Panicked;
        }
    }

    /// Returns whether the function has panicked since the last call.
    pub fn take_panic(&mut self) -> bool {
        let has = self.state == State::Panicked;
        if has {
            self.state = State::Over;
        }
        has
    }
}

/// Runs a function of the caller and returns whether it did not panic. The panic hook has reported a panic.
pub(super) fn survives(function: impl FnOnce()) -> bool {
    // The state that the function left behind is not used again.
    match catch_unwind(AssertUnwindSafe(function)) {
        Ok(()) => true,
        Err(payload) => {
            // Its destructor is the caller's too, and could panic again.
            core::mem::forget(payload);
            false
        }
    }
}

/// Limits notes to a burst, and one more after each interval.
#[derive(Debug)]
pub(super) struct Allowance {
    burst: u32,
    interval: Nanos,
    left: u32,
    since: Nanos,
    withheld: u64,
}

impl Allowance {
    /// Returns the allowance of a client that is new at `now`.
    pub const fn of_client(now: Nanos) -> Self {
        Self::new(OF_CLIENT, now)
    }

    /// Returns the allowance of all clients together.
    pub const fn of_all() -> Self {
        Self::new(OF_ALL, 0)
    }

    const fn new((burst, interval): (u32, Nanos), now: Nanos) -> Self {
        Self {
            burst,
            interval,
            left: burst,
            since: now,
            withheld: 0,
        }
    }

    /// Returns whether another note is allowed at `now`, and counts it if it is not.
    pub fn take(&mut self, now: Nanos) -> bool {
        let earned = now.saturating_sub(self.since) / self.interval;
        if earned > 0 {
            let earned = u32::try_from(earned).unwrap_or(u32::MAX);
            self.left = self.left.saturating_add(earned).min(self.burst);
            self.since = now;
        }
        let Some(left) = self.left.checked_sub(1) else {
            self.withheld += 1;
            return false;
        };
        self.left = left;
        true
    }

    /// Returns how many notes were not allowed since the last call.
    pub const fn take_withheld(&mut self) -> u64 {
        core::mem::replace(&mut self.withheld, 0)
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
        let mut allowance = Allowance::new((3, 10), 100);
        let mut count = |times: usize, now| (0..times).filter(|_| allowance.take(now)).count();
        assert_eq!(count(5, 100), 3);
        assert_eq!(count(2, 109), 0);
        assert_eq!(count(2, 110), 1);
        assert_eq!(count(9, 1000), 3, "no more than a burst is saved up");
        assert_eq!(allowance.take_withheld(), 2 + 2 + 1 + 6);
        assert_eq!(allowance.take_withheld(), 0);
    }
}
