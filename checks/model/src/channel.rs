//! One direction between two processes, with the kernel's treatment of signals.
//!
//! Of a standard signal at most one is pending, and another of that number is swallowed. Real-time signals queue in order as
//! long as there is room, and then are refused. Delivered signals pass through the process's ring, in order, before the process
//! reacts: a number may be pending again while an earlier one is in the ring.

use crate::link::{REAL_TIME, Signal};
use std::collections::VecDeque;

/// The signals on their way to one process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Channel {
    pending: [Option<Signal>; 2],
    queue: VecDeque<Signal>,
    /// The number of real-time signals for which there is room.
    room: usize,
    ring: VecDeque<Signal>,
}

impl Channel {
    /// Returns a channel with room for this many real-time signals.
    pub fn with_room(room: usize) -> Self {
        Self {
            room,
            ..Self::default()
        }
    }

    /// Sends a signal; returns whether the kernel accepted it, even if it was swallowed. The kernel refuses only for lack of
    /// room.
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

    /// Runs the handler for the pending signal of this number, the oldest if there are several.
    pub fn deliver(&mut self, number: usize) {
        let signal = match number {
            REAL_TIME => self.queue.pop_front(),
            _ => self.pending[number].take(),
        };
        self.ring.extend(signal);
    }

    /// Takes the oldest signal out of the ring, as the main loop does.
    pub fn take(&mut self) -> Option<Signal> {
        self.ring.pop_front()
    }

    /// Returns whether a signal of this number is pending.
    pub fn is_pending(&self, number: usize) -> bool {
        match number {
            REAL_TIME => !self.queue.is_empty(),
            _ => self.pending[number].is_some(),
        }
    }

    /// Returns the signals on their way.
    pub fn signals(&self) -> impl Iterator<Item = &Signal> {
        let pending = self.pending.iter().flatten();
        pending.chain(&self.queue).chain(&self.ring)
    }

    /// Returns whether a packet of this kind is on its way.
    pub fn holds(&self, kind: u8) -> bool {
        let mut packets = self.signals().filter_map(|signal| signal.packet);
        packets.any(|packet| packet.kind() == Some(kind))
    }

    /// Returns whether nothing is on its way.
    pub fn is_empty(&self) -> bool {
        self.ring.is_empty() && ![0, 1, REAL_TIME].iter().any(|n| self.is_pending(*n))
    }

    /// Returns the number of signals in the ring.
    pub fn in_ring(&self) -> usize {
        self.ring.len()
    }

    /// Changes the room for real-time signals: other processes share the limit.
    pub fn set_room(&mut self, room: usize) {
        self.room = room;
    }

    /// Gives other serials to the packets of these kinds on their way.
    pub fn relabel(&mut self, kinds: &[u8], label: &dyn Fn(u8) -> u8) {
        let pending = self.pending.iter_mut().flatten();
        for signal in pending.chain(&mut self.queue).chain(&mut self.ring) {
            if let Some(packet) = &mut signal.packet
                && packet.kind().is_some_and(|kind| kinds.contains(&kind))
            {
                packet.relabel(label);
            }
        }
    }
}
