//! How much memory clients may take: one account for all that they sent and that is not written yet.
//!
//! A client has its acknowledgements withheld when its message would not fit: behind what waits for the output, or beside
//! the message of the client that began first. That one always has room to become complete, so the others need only wait.
//! While it is silent, the next one that fits goes first.
//! What cannot be made to wait, or does not, is rejected.

use core::mem;

use super::{Config, Message};

/// Bytes of messages that may wait for the output, if no single message is longer.
const WAITING: usize = 16 << 20;

/// Bytes by which a client may overrun: those under way when its acknowledgements are first withheld.
pub(super) const OVERRUN: usize = 64 << 10;

/// The server's account of its clients' bytes.
#[derive(Debug)]
pub(super) struct Memory {
    /// Bytes for everything.
    limit: usize,
    /// Bytes for what is complete and not written.
    waiting_limit: usize,
    /// Bytes that the longest message takes.
    longest: usize,
    /// Bytes of messages that are not complete.
    held: usize,
    /// Bytes of messages that are complete and not written.
    waiting: usize,
}

impl Memory {
    /// An account within the limits of `config`, whose longest message becomes one that fits them.
    pub fn new(config: &mut Config) -> Self {
        let limit = config.memory();
        config.max_message = config.max_message.min(limit);
        Self {
            limit,
            waiting_limit: WAITING.max(config.max_message).min(limit),
            longest: config.max_message,
            held: 0,
            waiting: 0,
        }
    }

    /// Replaces a client's `counted` bytes by those that it has `now`.
    pub fn recount(&mut self, counted: &mut usize, now: usize) {
        let before = mem::replace(counted, now);
        self.held = self.held.saturating_sub(before).saturating_add(now);
    }

    /// Counts a complete message of `bytes` bytes, until [`written`](Self::written).
    pub fn complete(&mut self, bytes: usize) {
        self.waiting += cost(bytes);
    }

    /// Ends [`complete`](Self::complete).
    pub fn written(&mut self, bytes: usize) {
        self.waiting = self.waiting.saturating_sub(cost(bytes));
    }

    /// Whether another complete message of `bytes` bytes fits before those that wait are written.
    pub const fn has_room_for(&self, bytes: usize) -> bool {
        self.waiting == 0 || self.waiting.saturating_add(cost(bytes)) <= self.waiting_limit
    }

    /// Whether the longest message fits beside all others.
    pub const fn is_plentiful(&self) -> bool {
        self.limit.saturating_sub(self.used()) >= self.longest
    }

    /// Whether `bytes` more fit.
    pub const fn fits(&self, bytes: usize) -> bool {
        self.used().saturating_add(bytes) <= self.limit
    }

    /// Whether more is in use than there may be.
    pub const fn is_overdrawn(&self) -> bool {
        self.used() > self.limit.saturating_add(OVERRUN)
    }

    /// Returns the bytes of messages that are not complete.
    #[cfg(test)]
    pub const fn held(&self) -> usize {
        self.held
    }

    /// Returns all bytes that are in use.
    pub const fn used(&self) -> usize {
        self.held.saturating_add(self.waiting)
    }
}

/// What a message of `bytes` bytes takes: short ones are no gift either.
const fn cost(bytes: usize) -> usize {
    bytes.saturating_add(size_of::<Message>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(max_message: usize, max_memory: usize) -> (Memory, Config) {
        let mut config = Config {
            max_message,
            max_memory: Some(max_memory),
            ..Config::default()
        };
        (Memory::new(&mut config), config)
    }

    #[test]
    fn what_waits_for_the_output_keeps_others_out() {
        let (mut memory, _) = memory(1000, 1 << 30);
        assert!(memory.has_room_for(usize::MAX), "nothing waits");
        memory.complete(WAITING / 2);
        assert!(memory.has_room_for(WAITING / 4));
        assert!(!memory.has_room_for(WAITING / 2));
        memory.written(WAITING / 2);
        assert_eq!(memory.waiting, 0);
    }

    #[test]
    fn short_messages_count_too() {
        let (mut memory, _) = memory(1000, 1 << 30);
        let mut count = 0;
        while memory.has_room_for(0) {
            memory.complete(0);
            count += 1;
        }
        assert!(count <= WAITING / size_of::<Message>());
    }

    #[test]
    fn the_whole_server_has_a_limit() {
        let (mut memory, config) = memory(1000, 100);
        assert_eq!(config.max_message, 100);
        let mut counted = 0;
        memory.recount(&mut counted, 10);
        assert!(!memory.is_plentiful() && !memory.is_overdrawn());
        memory.recount(&mut counted, 0);
        assert!(memory.is_plentiful());
        memory.recount(&mut counted, 101 + OVERRUN);
        assert!(memory.is_overdrawn());
        memory.recount(&mut counted, 0);
        assert_eq!(memory.held, 0);
    }
}
