//! Whether to look again for what is expected at once, or to sleep: measured, as adaptive mutexes do it.
//!
//! A process that sleeps is woken by an inter-processor interrupt, which on a virtual machine costs many times what the
//! message does; one that looks again and again burns its CPU, and where the sender needs that CPU to run, it looks for
//! something that cannot come. Which of the two it is shows in whether looking pays: after [`PATIENCE`] rounds in a row
//! that found nothing it is left alone, for twice as many waits each time that a new try fails too.

/// Looks in one round, each a system call: some tens of microseconds, about what a wake-up costs.
pub const LOOKS: u32 = 200;

/// Rounds in a row that may find nothing.
const PATIENCE: u32 = 3;

/// Waits without a look after the last of them, doubled up to [`LONGEST_REST`] while tries fail.
const FIRST_REST: u32 = 16;

/// The longest time without a look, in waits.
const LONGEST_REST: u32 = 4096;

/// The memory of one waiter.
#[derive(Clone, Debug)]
pub struct Spin {
    is_worth_it: bool,
    misses: u32,
    /// Waits still to pass without a look.
    resting: u32,
    rest: u32,
}

impl Spin {
    /// A waiter that looks, or one that never does: where there is one CPU, or where no CPU is to be burnt.
    #[must_use]
    pub const fn new(is_worth_it: bool) -> Self {
        Self {
            is_worth_it,
            misses: 0,
            resting: 0,
            rest: FIRST_REST,
        }
    }

    /// How often to look now before sleeping.
    #[must_use]
    pub fn looks(&mut self) -> u32 {
        if !self.is_worth_it {
            return 0;
        }
        if self.resting > 0 {
            self.resting -= 1;
            return 0;
        }
        LOOKS
    }

    /// A round found something.
    pub const fn hit(&mut self) {
        self.misses = 0;
        self.rest = FIRST_REST;
    }

    /// A round found nothing.
    pub fn miss(&mut self) {
        self.misses += 1;
        if self.misses >= PATIENCE {
            self.resting = self.rest;
            self.rest = (2 * self.rest).min(LONGEST_REST);
            // One more failure is enough from here on.
            self.misses = PATIENCE - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waits until the next round of looks, none of which find anything.
    fn waits_to_the_next_round(spin: &mut Spin) -> u32 {
        let mut waits = 0;
        while spin.looks() == 0 {
            waits += 1;
        }
        spin.miss();
        waits
    }

    #[test]
    fn what_does_not_pay_is_tried_less_and_less() {
        let mut spin = Spin::new(true);
        let waits: [u32; 14] = core::array::from_fn(|_| waits_to_the_next_round(&mut spin));
        assert_eq!(waits[..7], [0, 0, 0, 16, 32, 64, 128]);
        assert_eq!(waits[10..], [2048, 4096, 4096, 4096]);
    }

    #[test]
    fn what_pays_once_is_tried_again() {
        let mut spin = Spin::new(true);
        for _ in 0..10 {
            waits_to_the_next_round(&mut spin);
        }
        while spin.looks() == 0 {}
        spin.hit();
        assert_eq!(spin.looks(), LOOKS);
        spin.miss();
        assert_eq!(spin.looks(), LOOKS);
        spin.hit();
        let waits: [u32; 4] = core::array::from_fn(|_| waits_to_the_next_round(&mut spin));
        assert_eq!(waits, [0, 0, 0, 16]);
    }

    #[test]
    fn one_that_never_looks() {
        let mut spin = Spin::new(false);
        spin.hit();
        assert_eq!(spin.looks(), 0);
    }
}
