//! Limits the memory of clients: one account for all bytes that they have sent and that are not written yet.
//!
//! Acknowledgements are withheld from a client whose message would not fit: behind the messages that wait for the output, or
//! beside the message that began first. The first message always has room to become complete, so the others need only wait.
//! While its client is silent, the next message that fits goes first. A message that is too long is rejected if its client cannot
//! be made to wait, or does not wait.

use core::mem;

use super::{Config, Received};

/// Limits the bytes of messages that wait for the output, unless a single message is longer.
const WAITING: usize = 16 << 20;

/// Allows a client so many bytes beyond its limit: those under way when its acknowledgements are first withheld.
pub(super) const OVERRUN: usize = 64 << 10;

/// Counts the bytes of the server's clients.
#[derive(Debug)]
pub(super) struct Memory {
    /// How many bytes all messages may have.
    limit: usize,
    /// How many bytes complete messages that are not written may have.
    waiting_limit: usize,
    /// How many bytes a single message may have.
    longest: usize,
    /// The bytes of messages that are not complete.
    pub held: usize,
    /// The bytes of messages that are complete and not written.
    waiting: usize,
}

impl Memory {
    /// Returns an account within the limits of `config`, and limits the longest message to what fits.
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

    /// Replaces a client's `counted` bytes by the bytes that it has `now`.
    pub fn recount(&mut self, counted: &mut usize, now: usize) {
        let before = mem::replace(counted, now);
        self.held = self.held.saturating_sub(before).saturating_add(now);
    }

    /// Counts a complete message of `bytes` bytes, until it is [`written`](Self::written).
    pub fn complete(&mut self, bytes: usize) {
        self.waiting += cost(bytes);
    }

    /// Removes a message of `bytes` bytes that was counted as [`complete`](Self::complete).
    pub fn written(&mut self, bytes: usize) {
        self.waiting = self.waiting.saturating_sub(cost(bytes));
    }

    /// Returns whether another complete message of `bytes` bytes fits beside the waiting ones.
    pub const fn has_room_for(&self, bytes: usize) -> bool {
        self.waiting == 0 || self.waiting.saturating_add(cost(bytes)) <= self.waiting_limit
    }

    /// Returns whether the longest message fits beside all others.
    pub const fn is_plentiful(&self) -> bool {
        self.limit.saturating_sub(self.used()) >= self.longest
    }

    /// Returns whether `bytes` more fit.
    pub const fn fits(&self, bytes: usize) -> bool {
        self.used().saturating_add(bytes) <= self.limit
    }

    /// Returns whether more is in use than is allowed.
    pub const fn is_overdrawn(&self) -> bool {
        self.used() > self.limit.saturating_add(OVERRUN)
    }

    pub const fn used(&self) -> usize {
        self.held.saturating_add(self.waiting)
    }
}

/// Returns the memory of a message of `bytes` bytes. A short message takes its header too.
const fn cost(bytes: usize) -> usize {
    bytes.saturating_add(size_of::<Received>())
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
    fn the_default_is_128_mib_or_twice_the_longest_message() {
        let mut config = Config::default();
        assert_eq!(config.memory(), 128 << 20);
        config.max_message = 100 << 20;
        assert_eq!(config.memory(), 200 << 20);
        config.max_memory = Some(1000);
        assert_eq!(config.memory(), 1000);
    }

    #[test]
    fn messages_that_wait_for_the_output_leave_no_room_for_others() {
        let (mut memory, _) = memory(1000, 1 << 30);
        assert!(memory.has_room_for(usize::MAX), "nothing waits");
        memory.complete(WAITING / 2);
        assert!(memory.has_room_for(WAITING / 4));
        assert!(!memory.has_room_for(WAITING / 2));
        memory.written(WAITING / 2);
        assert_eq!(memory.waiting, 0);
    }

    #[test]
    fn all_messages_together_have_a_limit() {
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
