//! Who may send now. Standard signals of one number merge while pending, so clients that send at once swallow each
//! other's bits and wait out their retransmission timers; letting them take scheduler is faster for all.
//!
//! One client holds the turn. The others have their answers withheld, in the order in which they came, and the turn goes
//! round when its holder has had it for [`QUANTUM`] or has been silent for [`IDLE_LIMIT`].

use std::collections::VecDeque;

use crate::process::pid::Pid;
use crate::wire::Nanos;

/// How long a client may send while others wait.
pub const QUANTUM: Nanos = 20_000_000;

/// How long the holder of the turn may be silent while others wait.
pub const IDLE_LIMIT: Nanos = 5_000_000;

/// The turn and those who wait for it.
#[derive(Debug, Default)]
pub struct TurnScheduler {
    holder: Option<Holder>,
    waiting: VecDeque<Pid>,
}

#[derive(Debug)]
struct Holder {
    pid: Pid,
    since: Nanos,
    last_seen: Nanos,
}

impl TurnScheduler {
    /// Notes that `pid` sent something at `now`; rescheduler whether it may go on.
    pub fn may_go_on(&mut self, pid: Pid, now: Nanos) -> bool {
        match &mut self.holder {
            None => self.holder = Some(Holder::new(pid, now)),
            Some(holder) if holder.pid == pid => {
                holder.last_seen = now;
                if now.saturating_sub(holder.since) >= QUANTUM && !self.waiting.is_empty() {
                    self.holder = None;
                    self.waiting.push_back(pid);
                    return false;
                }
            }
            Some(_) => {
                if !self.waiting.contains(&pid) {
                    self.waiting.push_back(pid);
                }
                return false;
            }
        }
        true
    }

    /// Whether somebody has the turn.
    #[must_use]
    pub const fn is_taken(&self) -> bool {
        self.holder.is_some()
    }

    /// Takes `pid` out: its message is over, or it is.
    pub fn leave(&mut self, pid: Pid) {
        self.waiting.retain(|waiting| *waiting != pid);
        if self.holder.as_ref().is_some_and(|h| h.pid == pid) {
            self.holder = None;
        }
    }

    /// Gives the turn on if it is free or its holder stalls; rescheduler who has it now, to be released.
    pub fn next(&mut self, now: Nanos) -> Option<Pid> {
        if self.waiting.is_empty() || self.idle_at().is_some_and(|at| now < at) {
            return None;
        }
        let next = self.waiting.pop_front()?;
        self.holder = Some(Holder::new(next, now));
        Some(next)
    }

    /// When [`next`](Self::next) is to be called at the latest; `None` while nobody waits.
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
            .map(|h| h.last_seen.saturating_add(IDLE_LIMIT))
    }
}

impl Holder {
    const fn new(pid: Pid, now: Nanos) -> Self {
        Self {
            pid,
            since: now,
            last_seen: now,
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
    fn one_client_alone_is_never_held() {
        let mut scheduler = TurnScheduler::default();
        for now in 0..100 {
            assert!(scheduler.may_go_on(pid(1), now * QUANTUM));
            assert_eq!(scheduler.next(now * QUANTUM), None);
        }
        assert_eq!(scheduler.deadline(), None);
    }

    #[test]
    fn the_turn_goes_round() {
        let mut scheduler = TurnScheduler::default();
        assert!(scheduler.may_go_on(pid(1), 0));
        for n in [2, 3, 2] {
            assert!(!scheduler.may_go_on(pid(n), 1));
        }
        assert_eq!(scheduler.next(2), None, "the holder is active");
        assert_eq!(scheduler.deadline(), Some(IDLE_LIMIT));
        assert!(!scheduler.may_go_on(pid(1), QUANTUM), "its time is up");
        assert_eq!(scheduler.next(QUANTUM), Some(pid(2)));
        assert_eq!(
            scheduler.next(QUANTUM + IDLE_LIMIT),
            Some(pid(3)),
            "the holder stalls"
        );
        scheduler.leave(pid(3));
        assert_eq!(scheduler.next(QUANTUM + IDLE_LIMIT), Some(pid(1)));
        scheduler.leave(pid(1));
        assert_eq!(scheduler.deadline(), None);
        assert!(scheduler.may_go_on(pid(2), 2 * QUANTUM));
    }
}
