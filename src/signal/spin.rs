//! Whether to look again for what is expected at once, or to sleep for it: measured, as adaptive mutexes do it.
//!
//! A process that sleeps is woken by an inter-processor interrupt, which on a virtual machine costs many times what the
//! message does; one that looks again and again burns its CPU, and where others need that CPU, the sender among them, it
//! looks for what cannot come. Two signs say that looking does not pay:
//!
//! * rounds of [`SPIN_LIMIT`] that find nothing. After three of them in a row it rests;
//! * rounds that find something, but late. Then a few waits of each kind are timed against each other, and it rests if
//!   sleeping was the faster.
//!
//! It rests for a number of waits, which doubles each time until looking has paid again.

/// Looks in one round, each a system call: 150 microseconds, more than a wake-up costs. So one end that looks still finds
/// what the other sends after it has slept; if both took the other's sleep for a reason to sleep, neither would look again.
pub const SPIN_LIMIT: u32 = 500;

/// Rounds in a row that may find nothing.
const MAX_MISSES: u32 = 3;

/// Looks, on average, from which on it may be faster to sleep: together they take as long as two context switches.
const LATE: u32 = 48;

/// Waits of each kind that are timed, and the nanoseconds that one of them counts for at most: a single hiccup of the
/// scheduler must not decide.
const TIMED: u32 = 16;
const HICCUP: u64 = 200_000;

/// Waits without a look at first, and at most: after rounds that found nothing, and after such as found something late.
const BACKOFF: (u32, u32) = (16, 4096);
const LATE_BACKOFF: u32 = 512;

/// Waits after which those that were found to pay, though late, are timed again at first, and at most.
const RETEST_INTERVAL: (u32, u32) = (256, 65_536);

/// The memory of one waiter.
#[derive(Clone, Debug)]
pub struct Spin {
    is_worth_it: bool,
    phase: Phase,
    misses: u32,
    /// Looks of the last rounds on average, times 16.
    looks: u32,
    rest: u32,
    trust: u32,
    /// Waits until late rounds are timed again.
    trusted: u32,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Looking,
    /// Nanoseconds that waits took with looking and without, and how many are still to be timed.
    Timing {
        took: [u64; 2],
        left: u32,
    },
    Resting(u32),
}

impl Spin {
    /// A waiter that looks, or one that never does: where there is one CPU, or where no CPU is to be burnt.
    #[must_use]
    pub const fn new(is_worth_it: bool) -> Self {
        Self {
            is_worth_it,
            phase: Phase::Looking,
            misses: 0,
            looks: 0,
            rest: BACKOFF.0,
            trust: RETEST_INTERVAL.0,
            trusted: 0,
        }
    }

    /// How often to look now before sleeping.
    #[must_use]
    pub const fn looks(&self) -> u32 {
        match self.phase {
            Phase::Looking if self.is_worth_it => SPIN_LIMIT,
            Phase::Timing { left, .. } if left > TIMED => SPIN_LIMIT,
            _ => 0,
        }
    }

    /// Whether [`waited`](Self::waited) wants to know how long the wait takes.
    #[must_use]
    pub const fn is_timing(&self) -> bool {
        matches!(self.phase, Phase::Timing { .. })
    }

    /// The wait is over: the look that found something, if one did, counted from 1; and how many nanoseconds it all took.
    pub fn waited(&mut self, found: Option<u32>, nanos: u64) {
        match (self.phase, found) {
            _ if !self.is_worth_it => {}
            (Phase::Looking, Some(look)) => self.found(look),
            (Phase::Looking, None) => {
                self.misses += 1;
                if self.misses >= MAX_MISSES {
                    // One more failure is enough from here on.
                    self.misses = MAX_MISSES - 1;
                    self.back_off(BACKOFF.1);
                }
            }
            (Phase::Timing { took, left }, _) => self.timed(took, left, nanos),
            (Phase::Resting(1), _) => {
                self.phase = Phase::Looking;
                self.looks = 0;
            }
            (Phase::Resting(left), _) => self.phase = Phase::Resting(left - 1),
        }
    }

    fn found(&mut self, look: u32) {
        self.misses = 0;
        self.trusted = self.trusted.saturating_sub(1);
        self.looks = self.looks - self.looks / 16 + look.min(SPIN_LIMIT);
        if look < LATE {
            self.rest = BACKOFF.0;
        }
        if self.looks / 16 >= LATE && self.trusted == 0 {
            self.phase = Phase::Timing {
                took: [0; 2],
                left: 2 * TIMED,
            };
        }
    }

    fn timed(&mut self, mut took: [u64; 2], left: u32, nanos: u64) {
        let kind = &mut took[usize::from(left <= TIMED)];
        *kind = kind.saturating_add(nanos.min(HICCUP));
        self.phase = match (left - 1, took) {
            (0, [looking, sleeping]) if sleeping < looking => return self.back_off(LATE_BACKOFF),
            (0, _) => {
                self.trusted = self.trust;
                self.trust = (2 * self.trust).min(RETEST_INTERVAL.1);
                Phase::Looking
            }
            (left, took) => Phase::Timing { took, left },
        };
    }

    fn back_off(&mut self, longest: u32) {
        self.phase = Phase::Resting(self.rest.min(longest));
        self.rest = (2 * self.rest).min(BACKOFF.1);
        self.trust = RETEST_INTERVAL.0;
        self.trusted = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waits, each of `nanos(looks)`, until the next round of looks is over; returns how many went without.
    fn waits_to_the_next_round(spin: &mut Spin, found: Option<u32>) -> u32 {
        let mut waits = 0;
        while spin.looks() == 0 {
            spin.waited(None, 0);
            waits += 1;
        }
        spin.waited(found, 0);
        waits
    }

    #[test]
    fn what_finds_nothing_is_tried_less_and_less() {
        let mut spin = Spin::new(true);
        let waits: [u32; 14] = core::array::from_fn(|_| waits_to_the_next_round(&mut spin, None));
        assert_eq!(waits[..7], [0, 0, 0, 16, 32, 64, 128]);
        assert_eq!(waits[10..], [2048, 4096, 4096, 4096]);
        waits_to_the_next_round(&mut spin, Some(1));
        let waits: [u32; 4] = core::array::from_fn(|_| waits_to_the_next_round(&mut spin, None));
        assert_eq!(waits, [0, 0, 0, 16], "it has paid since");
    }

    /// A machine on which a wait takes as long as is said, with looking and with sleeping; returns how many of `waits`
    /// waits went by looking.
    fn on_a_machine(spin: &mut Spin, looking: u32, sleeping: u64, waits: u32) -> u32 {
        const LOOK: u64 = 300;
        let mut looked = 0;
        for _ in 0..waits {
            let looks = spin.looks() > 0;
            looked += u32::from(looks);
            let nanos = if looks {
                u64::from(looking) * LOOK
            } else {
                sleeping
            };
            spin.waited(looks.then_some(looking), nanos);
        }
        looked
    }

    #[test]
    fn what_comes_at_once_is_never_slept_for() {
        let mut spin = Spin::new(true);
        assert_eq!(on_a_machine(&mut spin, 5, 50_000, 100_000), 100_000);
    }

    #[test]
    fn what_comes_late_is_slept_for_where_that_is_faster() {
        let mut spin = Spin::new(true);
        let looked = on_a_machine(&mut spin, 80, 8_000, 100_000);
        assert!(looked < 20_000, "{looked}");
        let looked = on_a_machine(&mut spin, 80, 80_000, 100_000);
        assert!(looked > 90_000, "sleeping has become slow: {looked}");
    }

    #[test]
    fn one_that_never_looks() {
        let mut spin = Spin::new(false);
        assert_eq!(on_a_machine(&mut spin, 1, 50_000, 1000), 0);
    }
}
