//! Decides which client may send. Standard signals of one number merge while pending: clients that send at once swallow each
//! other's bits and wait for their retransmission timers, so taking turns is faster for all.
//!
//! One client has the turn. The answers to the others are withheld, in the order in which they came. The turn passes on when
//! its holder has had it for [`QUANTUM`] or has been silent for [`IDLE_LIMIT`], or [`FOREIGN_IDLE_LIMIT`].

use std::collections::VecDeque;

use crate::process::pid::Pid;
use crate::wire::Nanos;

/// Limits how long a client may send while others wait.
pub const QUANTUM: Nanos = 20_000_000;

/// Limits how long the holder of the turn may be silent while others wait.
pub const IDLE_LIMIT: Nanos = 5_000_000;

/// Limits the same for a client of another protocol, which sends a bit once: two under way could swallow each other.
pub const FOREIGN_IDLE_LIMIT: Nanos = 50_000_000;

/// Knows the holder of the turn and the clients that wait for it.
#[derive(Debug, Default)]
pub struct TurnScheduler {
    holder: Option<Holder>,
    /// The clients that wait, each with its limit of silence.
    waiting: VecDeque<(Pid, Nanos)>,
}

#[derive(Debug)]
struct Holder {
    pid: Pid,
    since: Nanos,
    last_seen: Nanos,
    idle_limit: Nanos,
}

impl TurnScheduler {
    /// Records that `pid` sent something at `now`, and returns whether it may go on; `idle_limit` limits its silence.
    pub fn may_go_on(&mut self, pid: Pid, now: Nanos, idle_limit: Nanos) -> bool {
        match &mut self.holder {
            None => self.holder = Some(Holder::new(pid, now, idle_limit)),
            Some(holder) if holder.pid == pid => {
                (holder.last_seen, holder.idle_limit) = (now, idle_limit);
                if now.saturating_sub(holder.since) >= QUANTUM && !self.waiting.is_empty() {
                    self.holder = None;
                    self.waiting.push_back((pid, idle_limit));
                    return false;
                }
            }
            Some(_) => {
                if self.waiting.iter().all(|(waiting, _)| *waiting != pid) {
                    self.waiting.push_back((pid, idle_limit));
                }
                return false;
            }
        }
        true
    }

    /// Returns whether a client has the turn.
    #[must_use]
    pub const fn is_taken(&self) -> bool {
        self.holder.is_some()
    }

    /// Returns whether `pid` has the turn.
    #[must_use]
    pub fn has_turn(&self, pid: Pid) -> bool {
        self.holder.as_ref().is_some_and(|h| h.pid == pid)
    }

    /// Removes `pid`: its message is over, or it has ended.
    pub fn leave(&mut self, pid: Pid) {
        self.waiting.retain(|(waiting, _)| *waiting != pid);
        if self.has_turn(pid) {
            self.holder = None;
        }
    }

    /// Passes the turn on if it is free or its holder is silent, and returns the new holder, which is to be answered.
    pub fn next(&mut self, now: Nanos) -> Option<Pid> {
        if self.waiting.is_empty() || self.idle_at().is_some_and(|at| now < at) {
            return None;
        }
        let (next, idle_limit) = self.waiting.pop_front()?;
        self.holder = Some(Holder::new(next, now, idle_limit));
        Some(next)
    }

    /// Returns when to call [`next`](Self::next) at the latest; `None` while no client waits.
    #[must_use]
    pub fn deadline(&self) -> Option<Nanos> {
        if self.waiting.is_empty() {
            None
        } else {
            Some(self.idle_at().unwrap_or(0))
        }
    }

    fn idle_at(&self) -> Option<Nanos> {
        self.holder
            .as_ref()
            .map(|h| h.last_seen.saturating_add(h.idle_limit))
    }
}

impl Holder {
    const fn new(pid: Pid, now: Nanos, idle_limit: Nanos) -> Self {
        Self {
            pid,
            since: now,
            last_seen: now,
            idle_limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pid(n: i32) -> Pid {
        Pid::new(n).unwrap()
    }

    #[test]
    fn a_client_alone_always_goes_on() {
        let mut scheduler = TurnScheduler::default();
        for now in 0..100 {
            assert!(scheduler.may_go_on(pid(1), now * QUANTUM, IDLE_LIMIT));
            assert_eq!(scheduler.next(now * QUANTUM), None);
        }
        assert_eq!(scheduler.deadline(), None);
    }

    #[test]
    fn the_turn_passes_on_after_its_time_or_a_silence() {
        let mut scheduler = TurnScheduler::default();
        assert!(scheduler.may_go_on(pid(1), 0, IDLE_LIMIT));
        for n in [2, 3, 2] {
            assert!(!scheduler.may_go_on(pid(n), 1, IDLE_LIMIT));
        }
        assert_eq!(scheduler.next(2), None, "the holder is active");
        assert_eq!(scheduler.deadline(), Some(IDLE_LIMIT));
        assert!(
            !scheduler.may_go_on(pid(1), QUANTUM, IDLE_LIMIT),
            "its time is up"
        );
        assert_eq!(scheduler.next(QUANTUM), Some(pid(2)));
        assert_eq!(
            scheduler.next(QUANTUM + IDLE_LIMIT),
            Some(pid(3)),
            "the holder is silent"
        );
        scheduler.leave(pid(3));
        assert_eq!(scheduler.next(QUANTUM + IDLE_LIMIT), Some(pid(1)));
        scheduler.leave(pid(1));
        assert_eq!(scheduler.deadline(), None);
        assert!(scheduler.may_go_on(pid(2), 2 * QUANTUM, IDLE_LIMIT));
    }
}
