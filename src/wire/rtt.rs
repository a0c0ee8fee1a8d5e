//! How long to wait for an answer before asking again: an estimate of the round trip (RFC 6298), with a back-off that
//! starts late.
//!
//! A signal sent while its like is pending costs the receiver nothing, so asking again cannot congest anything. What an
//! early back-off would cost is speed under a storm of stray signals, where most transmissions are swallowed: there a
//! pending signal is replaced within a microsecond of its delivery by whoever sends next. So a repetition that goes
//! unanswered is sent several times in a row, to win that race; see [`copies`].

use super::Nanos;

const MILLISECOND: Nanos = 1_000_000;

/// The shortest wait for an answer: above the scheduler's usual hiccups.
pub const SHORTEST: Nanos = MILLISECOND;
/// The longest.
pub const LONGEST: Nanos = 100 * MILLISECOND;
/// The first, while nothing is known of the round trip.
pub const FIRST: Nanos = 20 * MILLISECOND;

/// How long a client that was told to wait does so before it asks: its question could swallow the bit of another.
pub const WAITING: Nanos = 250 * MILLISECOND;

/// Attempts at each length of the wait before it doubles.
const PATIENCE: u32 = 4;

/// How often to send repetition number `attempt` (1 for the first) in a row: 2, 8, then 32 times. A copy that is swallowed
/// costs the other side nothing, one that is not is recognised by its index.
#[must_use]
pub const fn copies(attempt: u32) -> u32 {
    match attempt {
        0 => 1,
        1 => 2,
        2 => 8,
        _ => 32,
    }
}

/// The estimate of one link's round trip.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pace {
    /// Smoothed round trip and its mean deviation.
    estimate: Option<(Nanos, Nanos)>,
}

impl Pace {
    /// Takes in a round trip whose question was asked only once (Karn's rule: an answer to a repeated question does not
    /// say which it answers).
    pub fn sample(&mut self, round_trip: Nanos) {
        // A stopped process may come back with hours; nothing above the longest wait changes the result.
        let round_trip = round_trip.min(LONGEST);
        self.estimate = Some(match self.estimate {
            None => (round_trip, round_trip / 2),
            Some((mean, deviation)) => (
                (7 * mean + round_trip) / 8,
                (3 * deviation + mean.abs_diff(round_trip)) / 4,
            ),
        });
    }

    /// The wait after attempt number `attempt` (0 for the first).
    #[must_use]
    pub fn wait(&self, attempt: u32) -> Nanos {
        let first = self.estimate.map_or(FIRST, |(mean, deviation)| {
            (mean + 4 * deviation).clamp(SHORTEST, LONGEST)
        });
        let doublings = (attempt / PATIENCE).min(7);
        (first << doublings).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_follows_the_round_trip_within_its_bounds() {
        let mut pace = Pace::default();
        assert_eq!(pace.wait(0), FIRST);
        for _ in 0..100 {
            pace.sample(10_000);
        }
        assert_eq!(pace.wait(0), SHORTEST);
        for _ in 0..100 {
            pace.sample(8 * MILLISECOND);
        }
        assert!((8 * MILLISECOND..9 * MILLISECOND).contains(&pace.wait(0)));
        pace.sample(Nanos::MAX);
        assert_eq!(pace.wait(0), LONGEST);
    }

    #[test]
    fn the_back_off_starts_late_and_is_bounded() {
        let mut pace = Pace::default();
        for _ in 0..100 {
            pace.sample(0);
        }
        assert_eq!(pace.wait(PATIENCE - 1), SHORTEST);
        assert_eq!(pace.wait(PATIENCE), 2 * SHORTEST);
        assert_eq!(pace.wait(u32::MAX), LONGEST);
    }
}
