//! The caller's function for notes: what of it reaches the server, and how many notes a client may cause.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::report::Note;
use crate::process::pid::Pid;
use crate::wire::Nanos;

/// Notes that one client may cause at once, and the time after which it may cause another.
const OF_CLIENT: (u32, Nanos) = (8, 1_000_000_000);

/// The same of all clients together, as a process can start others, and name others, for as long as it likes.
const OF_ALL: (u32, Nanos) = (100, 50_000_000);

/// The caller's function.
pub(super) struct Notices<'n> {
    function: &'n mut dyn FnMut(&Note),
    state: State,
    allowance: Allowance,
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
            allowance: Allowance::new(OF_ALL, 0),
        }
    }

    /// Makes a note that a client caused at `now`, or counts it if all of them have caused too many.
    pub fn say_caused(&mut self, now: Nanos, note: &Note) {
        if self.allowance.take(now) {
            self.say_missing();
            self.say(note);
        }
    }

    /// Says how many notes are missing since this was said last.
    pub fn say_missing(&mut self) {
        let count = core::mem::take(&mut self.allowance.withheld);
        if count > 0 {
            self.say(&Note::Missing(count));
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

/// How many notes may still be caused: so many at once, and one after each interval from then on.
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

    const fn new((burst, interval): (u32, Nanos), now: Nanos) -> Self {
        Self {
            burst,
            interval,
            left: burst,
            since: now,
            withheld: 0,
        }
    }

    /// Makes a note that `pid` caused at `now`, or counts it if that is too many.
    pub fn say(&mut self, pid: Pid, now: Nanos, note: &Note, notices: &mut Notices<'_>) {
        if self.take(now) {
            self.say_withheld(pid, now, notices);
            notices.say_caused(now, note);
        }
    }

    /// Says how many notes were withheld since this was said last.
    pub fn say_withheld(&mut self, pid: Pid, now: Nanos, notices: &mut Notices<'_>) {
        let count = core::mem::take(&mut self.withheld);
        if count > 0 {
            notices.say_caused(now, &Note::Withheld { pid, count });
        }
    }

    /// Whether another note may be caused at `now`. One that may not is counted.
    fn take(&mut self, now: Nanos) -> bool {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_without_number_cause_few_notes_together() {
        const SECONDS: u64 = 10;
        let (mut notes, mut missing) = (0, 0);
        let mut function = |note: &Note| match note {
            Note::Missing(count) => missing += count,
            _ => notes += 1,
        };
        let mut notices = Notices::new(&mut function);
        let clients = 1..=5000;
        for n in clients.clone() {
            let now = u64::try_from(n).unwrap() * SECONDS * 200_000;
            let pid = Pid::new(n).unwrap();
            let mut allowance = Allowance::of_client(now);
            allowance.say(pid, now, &Note::Unreachable(pid), &mut notices);
        }
        notices.say_missing();
        assert_eq!(notes + missing, clients.count() as u64);
        assert!((100..=100 + 20 * SECONDS).contains(&notes), "{notes}");
    }
}
