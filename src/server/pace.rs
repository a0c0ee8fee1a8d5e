//! Tells whether a client waits between its bare bits. If it does not, they swallow each other, and its text is noise.

use crate::wire::Nanos;

/// Counts the bare bits of one client.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// The batch of signals in which the last bit came, and when.
    batch: u64,
    bit_at: Nanos,
    /// The bits of the present text.
    bits: u64,
    /// Those of them that came together with the bit before: their sender cannot have waited between the two.
    unpaced: u64,
    /// The same two counts for all earlier texts.
    earlier_bits: u64,
    earlier_unpaced: u64,
}

impl Pace {
    /// Counts a bit that came at `now`, in this batch of signals. `is_answered` says whether its client handles any answer.
    pub fn count(&mut self, batch: u64, now: Nanos, is_answered: bool) {
        // No program that sleeps between its bits is faster: the timer slack alone is 50 us (prctl(2), PR_SET_TIMERSLACK).
        const NO_SLEEP: Nanos = 40_000;
        self.bits += 1;
        let same_batch = core::mem::replace(&mut self.batch, batch) == batch;
        let at_once = now.saturating_sub(core::mem::replace(&mut self.bit_at, now)) < NO_SLEEP;
        if same_batch || at_once && !is_answered {
            self.unpaced += 1;
        }
    }

    /// Begins another text.
    pub const fn begin_text(&mut self) {
        self.earlier_bits += self.bits;
        self.earlier_unpaced += self.unpaced;
        (self.bits, self.unpaced) = (0, 0);
    }

    /// Returns the number of bits of the present text.
    pub const fn bits(&self) -> u64 {
        self.bits
    }

    /// Returns how many bits of the present text came together with the bit before.
    pub const fn unpaced(&self) -> u64 {
        self.unpaced
    }

    /// Returns the number of bits of all texts if none came together with another, otherwise `None`.
    pub const fn paced(&self) -> Option<u64> {
        match self.earlier_unpaced + self.unpaced {
            0 => Some(self.earlier_bits + self.bits),
            _ => None,
        }
    }

    /// Returns whether the present text is noise: more than a quarter of its bits, or of all bits of the client, are unpaced.
    /// Their sender did not wait for an answer or for a clock.
    pub const fn is_noise(&self) -> bool {
        self.unpaced > self.bits / 4
            || self.earlier_unpaced + self.unpaced > (self.earlier_bits + self.bits) / 4
    }
}
