//! Decides whether to poll again for a signal that is expected at once, or to sleep until it comes. It measures which is
//! faster, as adaptive mutexes do.
//!
//! A sleeping process is woken by an inter-processor interrupt, which on a virtual machine costs many times as much as the signal
//! costs. A polling process uses up its CPU; if the sender needs that CPU, polling finds nothing. Two results show that
//! polling does not pay:
//!
//! * A round of [`SPIN_LIMIT`] polls finds nothing. After three such rounds in a row the waiter backs off.
//! * Rounds find something, but late. Then a few waits with polling and a few without are timed, and the waiter backs off if
//!   sleeping was faster.
//!
//! The waiter backs off for a number of waits, which doubles each time until polling has paid again.

/// The polls of one round, each a system call: 150 microseconds, longer than a wake-up takes.
///
/// So an end that polls still finds what the other end sends after a sleep. Otherwise each would make the other sleep.
pub const SPIN_LIMIT: u32 = 500;

/// The number of rounds in a row that may find nothing.
const MAX_MISSES: u32 = 3;

/// The average number of polls from which sleeping may be faster: that many take as long as two context switches.
const LATE_POLLS: u32 = 48;

/// The number of waits of each kind that are timed.
const SAMPLES: u32 = 16;

/// The most nanoseconds that one timed wait counts for, so that one delay by the scheduler does not decide.
const SAMPLE_LIMIT: u64 = 200_000;

/// The number of waits without polling after rounds that found nothing: at first, and at most.
const BACKOFF: (u32, u32) = (16, 4096);

/// The most waits without polling after rounds that found something late.
const LATE_BACKOFF: u32 = 512;

/// The number of late rounds after which they are timed again, if they were faster than sleeping: at first, and at most.
const RETEST_INTERVAL: (u32, u32) = (256, 65_536);

/// Keeps what one waiter has measured.
#[derive(Clone, Debug)]
pub struct Spin {
    /// Whether to poll. A wait that does not poll says nothing about whether polling pays.
    pub is_enabled: bool,
    phase: SpinPhase,
    misses: u32,
    /// The average number of polls of the last rounds that found something, times 16.
    polls_times_16: u32,
    backoff: u32,
    retest_interval: u32,
    /// The rounds left until late rounds are timed again.
    retest_in: u32,
}

#[derive(Clone, Copy, Debug)]
enum SpinPhase {
    Polling,
    /// The nanoseconds that waits took with polling and without, and the number of waits still to be timed.
    Timing {
        totals: [u64; 2],
        left: u32,
    },
    /// The number of waits left without polling.
    BackedOff(u32),
}

impl Spin {
    /// Returns a waiter that polls if `is_enabled`. A process on one CPU, or with `--eco`, does not poll.
    pub const fn new(is_enabled: bool) -> Self {
        Self {
            is_enabled,
            phase: SpinPhase::Polling,
            misses: 0,
            polls_times_16: 0,
            backoff: BACKOFF.0,
            retest_interval: RETEST_INTERVAL.0,
            retest_in: 0,
        }
    }

    /// Returns how often to poll in the next wait before sleeping; 0: sleep at once.
    pub const fn spin_budget(&self) -> u32 {
        match self.phase {
            _ if !self.is_enabled => 0,
            SpinPhase::Polling => SPIN_LIMIT,
            SpinPhase::Timing { left, .. } if left > SAMPLES => SPIN_LIMIT,
            _ => 0,
        }
    }

    /// Returns whether [`record`](Self::record) needs to know how long the next wait takes.
    pub const fn is_timing(&self) -> bool {
        self.is_enabled && matches!(self.phase, SpinPhase::Timing { .. })
    }

    /// Records the end of a wait: the number of the poll that found something, from 1, or `None`; and the wait's nanoseconds.
    pub fn record(&mut self, found: Option<u32>, nanos: u64) {
        match (self.phase, found) {
            _ if !self.is_enabled => {}
            (SpinPhase::Polling, Some(poll)) => self.hit(poll),
            (SpinPhase::Polling, None) => {
                self.misses += 1;
                if self.misses >= MAX_MISSES {
                    // From here on one more miss is enough.
                    self.misses = MAX_MISSES - 1;
                    self.back_off(BACKOFF.1);
                }
            }
            (SpinPhase::Timing { totals, left }, _) => self.sample(totals, left, nanos),
            (SpinPhase::BackedOff(1), _) => {
                self.phase = SpinPhase::Polling;
                self.polls_times_16 = 0;
            }
            (SpinPhase::BackedOff(left), _) => self.phase = SpinPhase::BackedOff(left - 1),
        }
    }

    fn hit(&mut self, poll: u32) {
        self.misses = 0;
        self.retest_in = self.retest_in.saturating_sub(1);
        self.polls_times_16 = self.polls_times_16 - self.polls_times_16 / 16 + poll.min(SPIN_LIMIT);
        if poll < LATE_POLLS {
            self.backoff = BACKOFF.0;
        }
        if self.polls_times_16 / 16 >= LATE_POLLS && self.retest_in == 0 {
            self.phase = SpinPhase::Timing {
                totals: [0; 2],
                left: 2 * SAMPLES,
            };
        }
    }

    fn sample(&mut self, mut totals: [u64; 2], left: u32, nanos: u64) {
        let total = &mut totals[usize::from(left <= SAMPLES)];
        *total = total.saturating_add(nanos.min(SAMPLE_LIMIT));
        self.phase = match (left - 1, totals) {
            (0, [polling, sleeping]) if sleeping < polling => return self.back_off(LATE_BACKOFF),
            (0, _) => {
                self.retest_in = self.retest_interval;
                self.retest_interval = (2 * self.retest_interval).min(RETEST_INTERVAL.1);
                SpinPhase::Polling
            }
            (left, totals) => SpinPhase::Timing { totals, left },
        };
    }

    fn back_off(&mut self, longest: u32) {
        self.phase = SpinPhase::BackedOff(self.backoff.min(longest));
        self.backoff = (2 * self.backoff).min(BACKOFF.1);
        self.retest_interval = RETEST_INTERVAL.0;
        self.retest_in = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records waits up to the end of the next round of polls, and returns how many of them did not poll.
    fn waits_before_the_next_round(spin: &mut Spin, found: Option<u32>) -> u32 {
        let mut waits = 0;
        while spin.spin_budget() == 0 {
            spin.record(None, 0);
            waits += 1;
        }
        spin.record(found, 0);
        waits
    }

    #[test]
    fn rounds_that_find_nothing_become_rarer() {
        let mut spin = Spin::new(true);
        let waits: [u32; 14] =
            core::array::from_fn(|_| waits_before_the_next_round(&mut spin, None));
        assert_eq!(waits[..7], [0, 0, 0, 16, 32, 64, 128]);
        assert_eq!(waits[10..], [2048, 4096, 4096, 4096]);
        waits_before_the_next_round(&mut spin, Some(1));
        let waits: [u32; 4] =
            core::array::from_fn(|_| waits_before_the_next_round(&mut spin, None));
        assert_eq!(waits, [0, 0, 0, 16], "a round has found something since");
    }

    #[test]
    fn a_pause_changes_nothing_but_the_waits_in_it() {
        let mut spin = Spin::new(true);
        spin.is_enabled = false;
        for _ in 0..100 {
            assert_eq!(spin.spin_budget(), 0);
            assert!(!spin.is_timing());
            spin.record(None, 1_000_000);
        }
        spin.is_enabled = true;
        assert_eq!(spin.spin_budget(), SPIN_LIMIT);
        assert_eq!(spin.misses, 0);
    }

    /// Simulates `waits` waits: each succeeds at poll `polls`, or sleeps for `sleeping` nanoseconds. Returns how many polled.
    fn simulate(spin: &mut Spin, polls: u32, sleeping: u64, waits: u32) -> u32 {
        const NANOS_OF_A_POLL: u64 = 300;
        let mut polled = 0;
        for _ in 0..waits {
            let polls_now = spin.spin_budget() > 0;
            polled += u32::from(polls_now);
            let nanos = if polls_now {
                u64::from(polls) * NANOS_OF_A_POLL
            } else {
                sleeping
            };
            spin.record(polls_now.then_some(polls), nanos);
        }
        polled
    }

    #[test]
    fn a_waiter_never_sleeps_while_signals_come_at_once() {
        let mut spin = Spin::new(true);
        assert_eq!(simulate(&mut spin, 5, 50_000, 100_000), 100_000);
    }

    #[test]
    fn a_waiter_sleeps_for_late_signals_if_sleeping_is_faster() {
        let mut spin = Spin::new(true);
        let polled = simulate(&mut spin, 80, 8_000, 100_000);
        assert!(polled < 20_000, "{polled}");
        let polled = simulate(&mut spin, 80, 80_000, 100_000);
        assert!(polled > 90_000, "sleeping has become slow: {polled}");
    }

    #[test]
    fn a_disabled_waiter_never_polls() {
        let mut spin = Spin::new(false);
        assert_eq!(simulate(&mut spin, 1, 50_000, 1000), 0);
    }
}
