//! One direction between two processes: what the kernel does to standard signals.
//!
//! At most one signal of a number is pending, and another of that number is swallowed. What is delivered goes through the
//! process's ring, in order, before it is acted upon: a number may be pending again while its like is in the ring.

use crate::link::Signal;
use std::collections::VecDeque;

/// The signals on their way to one process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Channel {
    pending: [Option<Signal>; 2],
    ring: VecDeque<Signal>,
}

impl Channel {
    /// Sends; returns whether the signal was swallowed by one that is pending.
    pub fn send(&mut self, signal: Signal) -> bool {
        let slot = &mut self.pending[signal.number];
        let swallowed = slot.is_some();
        slot.get_or_insert(signal);
        swallowed
    }

    /// The handler runs for the pending signal of this number, if there is one.
    pub fn deliver(&mut self, number: usize) -> bool {
        let signal = self.pending[number].take();
        self.ring.extend(signal);
        signal.is_some()
    }

    /// The main loop takes the oldest signal out of the ring.
    pub fn take(&mut self) -> Option<Signal> {
        self.ring.pop_front()
    }

    /// Whether a signal of this number is pending.
    pub fn is_pending(&self, number: usize) -> bool {
        self.pending[number].is_some()
    }

    /// How many signals wait in the ring.
    pub fn in_ring(&self) -> usize {
        self.ring.len()
    }
}
