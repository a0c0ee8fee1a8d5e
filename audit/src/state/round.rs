//! Separates the rounds of a loop that takes one event after the other: stores of different rounds do not belong together.
//!
//! A child that has ended is an event of its own: the signal could have come once for each child. The handler would then have run
//! once for each, and no check compares the stores of two runs.

use std::rc::Rc;

use super::{State, Stored};

/// Holds the call that last returned an event, and the stores since.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Round {
    at: u64,
    /// The stores since the call, each with its instruction.
    since: Rc<Vec<(Stored, u64)>>,
}

impl State {
    /// Begins a round with the event that the call at `at` has returned. Forgets the stores since this call returned the event
    /// before. If another call returned that event, forgets only stores by instructions in the same loop as this call.
    pub fn begin_round(&mut self, at: u64, is_of_loop: impl Fn(u64) -> bool) {
        if let Some(round) = self.round.take() {
            let is_over = |by: u64| round.at == at || is_of_loop(by);
            let over: Vec<Stored> = round
                .since
                .iter()
                .filter(|(_, by)| is_over(*by))
                .map(|(stored, _)| *stored)
                .collect();
            if !over.is_empty() {
                Rc::make_mut(&mut self.stores).retain(|stored| !over.contains(stored));
            }
        }
        self.round = Some(Round {
            at,
            since: Rc::default(),
        });
    }

    /// Notes a store, by the instruction at `by`, that is new on this path.
    pub fn note_in_round(&mut self, stored: Stored, by: u64) {
        if let Some(round) = &mut self.round {
            let since = Rc::make_mut(&mut round.since);
            let position = since.partition_point(|earlier| *earlier < (stored, by));
            since.insert(position, (stored, by));
        }
    }

    /// Returns the round where two paths meet: a store that one path made before the round does not count as made in it.
    pub fn joined_round(&self, other: &Self) -> Option<Round> {
        let at = match (&self.round, &other.round) {
            (Some(a), Some(b)) if a.at == b.at => a.at,
            (Some(one), None) | (None, Some(one)) => one.at,
            _ => return None,
        };
        if self.round == other.round && self.stores == other.stores {
            return self.round.clone();
        }
        let since = |state: &Self| {
            state
                .round
                .as_ref()
                .map_or(Rc::default(), |r| r.since.clone())
        };
        let (a, b) = (since(self), since(other));
        let is_in = |state: &Self, since: &[(Stored, u64)], stored: &(Stored, u64)| {
            since.contains(stored) || state.stores.binary_search(&stored.0).is_err()
        };
        let mut both: Vec<(Stored, u64)> = a.iter().chain(b.iter()).copied().collect();
        both.retain(|stored| is_in(self, &a, stored) && is_in(other, &b, stored));
        both.sort_unstable();
        both.dedup();
        Some(Round {
            at,
            since: both.into(),
        })
    }
}
