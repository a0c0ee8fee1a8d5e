//! The signals of one process, as the kernel and the handler keep them.

use std::collections::VecDeque;

use minitalk::wire::packet::Channel;

use crate::world::ROOMY;

/// The signals on their way to a process: pending in the kernel, then in its ring.
pub struct Process<S> {
    /// `Some(None)` is a stray.
    pending: [Option<Option<S>>; 2],
    queue: VecDeque<S>,
    /// The most signals that the kernel queues.
    pub room: usize,
    /// The signals that the handler has taken.
    pub ring: VecDeque<S>,
}

impl<S> Process<S> {
    /// Returns a process without signals.
    pub const fn new() -> Self {
        Self {
            pending: [None, None],
            queue: VecDeque::new(),
            room: ROOMY,
            ring: VecDeque::new(),
        }
    }

    /// Sends a signal; returns whether there was room.
    pub fn send(&mut self, channel: Channel, signal: Option<S>) -> bool {
        if channel != Channel::Realtime {
            self.pending[channel as usize].get_or_insert(signal);
            return true;
        }
        let accepted = self.queue.len() < self.room;
        self.queue.extend(signal.filter(|_| accepted));
        accepted
    }

    /// Removes the pending signal of this number; `None` also for a stray.
    pub fn next(&mut self, number: usize) -> Option<S> {
        match self.pending.get_mut(number) {
            Some(pending) => pending.take().flatten(),
            None => self.queue.pop_front(),
        }
    }

    /// Lets the handler take the pending signal of this number.
    pub fn take(&mut self, number: usize) {
        let signal = self.next(number);
        self.ring.extend(signal);
    }

    /// Lets the handler take all pending signals.
    pub fn take_all(&mut self) {
        (0..2).for_each(|number| self.take(number));
        self.ring.append(&mut self.queue);
    }
}
