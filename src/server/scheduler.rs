//! Decides which client may send. Standard signals of one number merge while pending: clients that send at once swallow each
//! other's bits and wait for their retransmission timers, so taking turns is faster for all.
//!
//! One client has the turn. The answers to the others are withheld, in the order in which they came. The turn passes on when
//! its holder has had it for [`QUANTUM`] or has been silent for [`IDLE_LIMIT`]; for clients of other protocols see
//! [`FOREIGN_QUANTUM`] and [`FOREIGN_IDLE_LIMIT`].
//!
//! A client of another protocol sends each bit once. After its turn has passed on, a client that was stopped may still send a bit,
//! which can merge with a bit of the new holder. So the turn pauses after such a bit until the server has looked at the first
//! client.
//!
//! The bits that this process sends to a client, and the answers to them, swallow the client's answers and bits. So they take
//! turns too, as long as no other client sends: several would have to agree on their turns.

use std::vec::Vec;

use crate::process::pid::Pid;
use crate::wire::Nanos;

/// Limits how long a client may send while others wait: a fraction of the time of a message of 1 KB in bits, so that the last of
/// many such messages is not much later than the others.
pub const QUANTUM: Nanos = 5_000_000;

/// Limits the same for a client of another protocol, of which a bit may be lost whenever the turn passes on.
pub const FOREIGN_QUANTUM: Nanos = 20_000_000;

/// Limits how long the holder of the turn may be silent while others wait.
pub const IDLE_LIMIT: Nanos = 5_000_000;

/// Limits the same for a client of another protocol, which sends a bit once: two under way could swallow each other.
const FOREIGN_IDLE_LIMIT: Nanos = 50_000_000;

/// Names what sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// A client.
    Client(Pid),
    /// A client of another protocol.
    Foreign(Pid),
    /// This process, which sends bits to a client.
    Own(Pid),
}

impl Party {
    /// Returns the process that sends, or that is sent to.
    pub const fn pid(self) -> Pid {
        match self {
            Self::Client(pid) | Self::Foreign(pid) | Self::Own(pid) => pid,
        }
    }

    const fn is_own(self) -> bool {
        matches!(self, Self::Own(_))
    }

    const fn quantum(self) -> Nanos {
        match self {
            Self::Foreign(_) => FOREIGN_QUANTUM,
            Self::Client(_) | Self::Own(_) => QUANTUM,
        }
    }

    const fn idle_limit(self) -> Nanos {
        match self {
            Self::Foreign(_) => FOREIGN_IDLE_LIMIT,
            Self::Client(_) | Self::Own(_) => IDLE_LIMIT,
        }
    }
}

/// Knows the holder of the turn and the parties that wait for it.
#[derive(Debug, Default)]
pub struct TurnScheduler {
    holder: Option<Holder>,
    waiting: Vec<Party>,
    /// Until when no party gets the turn.
    paused_until: Option<Nanos>,
}

#[derive(Debug)]
struct Holder {
    party: Party,
    since: Nanos,
    last_seen: Nanos,
}

impl TurnScheduler {
    /// Records that `party` sent something at `now`, and returns whether it may go on.
    pub fn may_go_on(&mut self, party: Party, now: Nanos) -> bool {
        let is_another = |other: Party| other.pid() != party.pid();
        if party.is_own() && self.parties().any(is_another) {
            self.leave(party);
            return true;
        }
        self.remove(|other| other.is_own() && is_another(other));
        match &mut self.holder {
            // Parties that wait come first: more bits of the last holder are under way.
            None if self.paused_until.is_none() && self.waiting.is_empty() => {
                self.holder = Some(Holder::new(party, now));
            }
            Some(holder) if holder.party == party => {
                holder.last_seen = now;
                let has_had_it = now.saturating_sub(holder.since) >= party.quantum();
                if has_had_it && !self.waiting.is_empty() {
                    self.holder = None;
                    self.waiting.push(party);
                    return false;
                }
            }
            _ => {
                if !self.is_waiting(party) {
                    self.waiting.push(party);
                }
                return false;
            }
        }
        true
    }

    /// Ends the turn of `party`, and gives it to no party until [`resume`](Self::resume) or for [`FOREIGN_IDLE_LIMIT`]; a pause
    /// that has begun is not extended.
    pub fn pause(&mut self, party: Party, now: Nanos) {
        // A pause is not extended: many bits must not keep the turn from everyone.
        self.paused_until
            .get_or_insert(now.saturating_add(FOREIGN_IDLE_LIMIT));
        self.holder.take_if(|holder| holder.party == party);
    }

    pub const fn resume(&mut self) {
        self.paused_until = None;
    }

    pub fn holder(&self) -> Option<Party> {
        self.holder.as_ref().map(|holder| holder.party)
    }

    pub fn has_turn(&self, party: Party) -> bool {
        self.holder() == Some(party)
    }

    pub fn is_waiting(&self, party: Party) -> bool {
        self.waiting.contains(&party)
    }

    /// Removes `party`: its message is over, or it does not wait for a turn.
    pub fn leave(&mut self, party: Party) {
        self.remove(|other| other == party);
    }

    /// Removes the client `pid`, which has ended, and the own bits for it.
    pub fn forget(&mut self, pid: Pid) {
        self.remove(|other| other.pid() == pid);
    }

    /// Removes own bits, unless `is_sending` says of their client that more are to come.
    pub fn keep_own(&mut self, is_sending: impl Fn(Pid) -> bool) {
        self.remove(|other| other.is_own() && !is_sending(other.pid()));
    }

    fn remove(&mut self, is_gone: impl Fn(Party) -> bool) {
        self.waiting.retain(|waiting| !is_gone(*waiting));
        self.holder.take_if(|holder| is_gone(holder.party));
    }

    /// Passes the turn on if it is free or its holder is silent, and returns the new holder, which is to be answered.
    pub fn next(&mut self, now: Nanos) -> Option<Party> {
        self.paused_until.take_if(|until| now >= *until);
        if self.waiting.is_empty() || self.idle_at().is_some_and(|at| now < at) {
            return None;
        }
        let next = self.waiting.remove(0);
        self.holder = Some(Holder::new(next, now));
        Some(next)
    }

    /// Returns when to call [`next`](Self::next) at the latest; `None` while no client waits.
    pub fn deadline(&self) -> Option<Nanos> {
        if self.waiting.is_empty() {
            None
        } else {
            Some(self.idle_at().unwrap_or(0))
        }
    }

    fn parties(&self) -> impl Iterator<Item = Party> {
        let waiting = self.waiting.iter().copied();
        self.holder.iter().map(|h| h.party).chain(waiting)
    }

    fn idle_at(&self) -> Option<Nanos> {
        let holder = self.holder.as_ref();
        let idle_at = holder.map(|h| h.last_seen.saturating_add(h.party.idle_limit()));
        idle_at.max(self.paused_until)
    }
}

impl Holder {
    const fn new(party: Party, now: Nanos) -> Self {
        Self {
            party,
            since: now,
            last_seen: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(n: i32) -> Party {
        Party::Client(Pid::new(n).unwrap())
    }

    #[test]
    fn a_client_alone_always_goes_on() {
        let mut scheduler = TurnScheduler::default();
        for now in 0..100 {
            assert!(scheduler.may_go_on(client(1), now * QUANTUM));
            assert_eq!(scheduler.next(now * QUANTUM), None);
        }
        assert_eq!(scheduler.deadline(), None);
    }

    #[test]
    fn the_turn_passes_on_after_its_time_or_a_silence() {
        let mut scheduler = TurnScheduler::default();
        assert!(scheduler.may_go_on(client(1), 0));
        for n in [2, 3, 2] {
            assert!(!scheduler.may_go_on(client(n), 1));
        }
        assert_eq!(scheduler.next(2), None, "the holder is active");
        assert_eq!(scheduler.deadline(), Some(IDLE_LIMIT));
        assert!(!scheduler.may_go_on(client(1), QUANTUM), "its time is up");
        let has_it_again = scheduler.may_go_on(client(1), QUANTUM);
        assert!(!has_it_again, "by a bit that was under way");
        assert_eq!(scheduler.next(QUANTUM), Some(client(2)));
        let silent = QUANTUM + IDLE_LIMIT;
        assert_eq!(scheduler.next(silent), Some(client(3)));
        scheduler.leave(client(3));
        assert_eq!(scheduler.next(silent), Some(client(1)));
        scheduler.leave(client(1));
        assert_eq!(scheduler.deadline(), None);
        assert!(scheduler.may_go_on(client(2), 2 * QUANTUM));
    }

    #[test]
    fn a_client_of_another_protocol_has_longer_turns() {
        let mut scheduler = TurnScheduler::default();
        let foreign = Party::Foreign(Pid::new(1).unwrap());
        assert!(scheduler.may_go_on(foreign, 0) && !scheduler.may_go_on(client(2), 0));
        assert!(scheduler.may_go_on(foreign, FOREIGN_QUANTUM - 1));
        assert!(!scheduler.may_go_on(foreign, FOREIGN_QUANTUM));
    }

    #[test]
    fn nobody_gets_the_turn_in_a_pause_which_ends_by_itself() {
        let mut scheduler = TurnScheduler::default();
        assert!(scheduler.may_go_on(client(1), 0) && !scheduler.may_go_on(client(2), 0));
        for is_resumed in [true, false] {
            let [holder, next] = if is_resumed { [1, 2] } else { [2, 1] }.map(client);
            scheduler.pause(holder, 0);
            assert!(!scheduler.may_go_on(holder, 0), "it has lost the turn");
            scheduler.pause(client(3), FOREIGN_IDLE_LIMIT - 1);
            assert_eq!(scheduler.next(FOREIGN_IDLE_LIMIT - 1), None);
            assert_eq!(scheduler.deadline(), Some(FOREIGN_IDLE_LIMIT));
            if is_resumed {
                scheduler.resume();
            }
            let at = if is_resumed { 0 } else { FOREIGN_IDLE_LIMIT };
            assert_eq!(scheduler.next(at), Some(next), "they wait in their order");
        }
        scheduler.pause(client(3), 0);
        let goes_on = scheduler.may_go_on(client(1), 0);
        assert!(goes_on, "it is another one's turn");
    }

    #[test]
    fn own_bits_and_those_of_a_client_take_turns() {
        let mut scheduler = TurnScheduler::default();
        let (client, own) = (client(1), Party::Own(Pid::new(1).unwrap()));
        assert!(scheduler.may_go_on(client, 0));
        assert!(!scheduler.may_go_on(own, 1) && scheduler.is_waiting(own));
        assert!(!scheduler.may_go_on(client, QUANTUM), "its time is up");
        assert_eq!(scheduler.next(QUANTUM), Some(own));
        assert!(scheduler.may_go_on(own, QUANTUM) && !scheduler.is_waiting(own));
        let silent = QUANTUM + IDLE_LIMIT;
        assert_eq!(scheduler.next(silent), Some(client), "nothing was sent");
        assert!(!scheduler.may_go_on(own, silent));
        scheduler.forget(Pid::new(1).unwrap());
        assert!(scheduler.holder().is_none() && !scheduler.is_waiting(own));
    }

    #[test]
    fn own_bits_take_no_turns_beside_several_clients() {
        let mut scheduler = TurnScheduler::default();
        let own = Party::Own(Pid::new(1).unwrap());
        assert!(scheduler.may_go_on(client(1), 0) && !scheduler.may_go_on(own, 0));
        assert!(!scheduler.may_go_on(client(2), 0));
        assert!(!scheduler.is_waiting(own) && scheduler.may_go_on(own, 0));
        assert_eq!(scheduler.next(IDLE_LIMIT), Some(client(2)));
        scheduler.leave(client(2));
        assert!(scheduler.may_go_on(own, 0), "the turn is free");
        assert!(scheduler.may_go_on(client(2), 0), "own bits have left it");
    }
}
