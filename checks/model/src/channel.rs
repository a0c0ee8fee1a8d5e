//! One direction between two processes: what the kernel does to signals.
//!
//! Of a standard signal at most one is pending, and another of that number is swallowed. Those of the real-time signal queue
//! in order, as many as there is room for, and the next is refused. What is delivered goes through the process's ring, in
//! order, before it is acted upon: a number may be pending again while its like is in the ring.

use crate::link::{REAL_TIME, Signal};
use std::collections::VecDeque;

/// The signals on their way to one process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Channel {
    pending: [Option<Signal>; 2],
    queue: VecDeque<Signal>,
    /// How many the queue has room for.
    room: usize,
    ring: VecDeque<Signal>,
}

impl Channel {
    /// With room for so many real-time signals.
    pub fn with_room(room: usize) -> Self {
        Self {
            room,
            ..Self::default()
        }
    }

    /// Sends; returns whether the kernel accepted the signal, be it swallowed or not. It refuses for want of room only.
    pub fn send(&mut self, signal: Signal) -> bool {
        if signal.number != REAL_TIME {
            self.pending[signal.number].get_or_insert(signal);
            return true;
        }
        let accepted = self.queue.len() < self.room;
        if accepted {
            self.queue.push_back(signal);
        }
        accepted
    }

    /// The handler runs for the pending signal of this number, the oldest if there are several.
    pub fn deliver(&mut self, number: usize) {
        let signal = match number {
            REAL_TIME => self.queue.pop_front(),
            _ => self.pending[number].take(),
        };
        self.ring.extend(signal);
    }

    /// The main loop takes the oldest signal out of the ring.
    pub fn take(&mut self) -> Option<Signal> {
        self.ring.pop_front()
    }

    /// Whether a signal of this number is pending.
    pub fn is_pending(&self, number: usize) -> bool {
        match number {
            REAL_TIME => !self.queue.is_empty(),
            _ => self.pending[number].is_some(),
        }
    }

    /// How many signals wait in the ring.
    pub fn in_ring(&self) -> usize {
        self.ring.len()
    }

    /// Changes the room for real-time signals: the limit is shared with other processes.
    pub fn set_room(&mut self, room: usize) {
        self.room = room;
    }
}
