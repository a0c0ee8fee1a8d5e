//! Decides how long to wait for a reply before repeating: by an estimate of the round trip (RFC 6298), with a back-off that
//! starts late.
//!
//! A signal sent while another of its number is pending costs the receiver nothing, so repetitions cannot congest anything.
//! An early back-off would cost speed under a storm of stray signals, where most transmissions are swallowed: a pending
//! signal is replaced within a microsecond of its delivery by the next one sent. So a repetition that stays unanswered is
//! sent several times in a row, to win that race; see [`burst_len`].

use super::time::Duration;

/// Is the shortest wait for a reply. It is many round trips where nothing is lost. In a storm of strays the other end may have its
/// CPU for a few milliseconds only, so the wait is short enough to try several times in that.
pub const MIN_TIMEOUT: Duration = Duration::from_nanos(250_000);
pub const MAX_TIMEOUT: Duration = Duration::from_millis(100);
/// Is the wait while nothing is known of the round trip.
pub const INITIAL_TIMEOUT: Duration = Duration::from_millis(20);

/// Is how long a client that is told to wait does so before it asks: its request could swallow the bit of another.
pub const PAUSED_INTERVAL: Duration = Duration::from_millis(250);

/// Attempts at each length of the wait before it doubles.
const ATTEMPTS_PER_LENGTH: u32 = 4;

/// Returns how often to send repetition number `attempt` (1 for the first) in a row.
///
/// A swallowed copy costs the other side nothing; any other copy is recognised by its index.
pub const fn burst_len(attempt: u32) -> u32 {
    match attempt {
        0 => 1,
        1 => 2,
        2 => 8,
        _ => 32,
    }
}

/// Estimates one link's round trip.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RttEstimator {
    /// The smoothed round trip and its mean deviation, in nanoseconds.
    estimate: Option<(u64, u64)>,
}

impl RttEstimator {
    /// Takes in the round trip of a request that was sent only once.
    ///
    /// Karn's rule: the reply to a repeated request does not say which of them it answers.
    pub fn sample(&mut self, round_trip: Duration) {
        // A stopped process may come back with hours; nothing above the longest wait changes the result.
        let round_trip = round_trip.min(MAX_TIMEOUT).as_nanos();
        self.estimate = Some(match self.estimate {
            None => (round_trip, round_trip / 2),
            Some((mean, deviation)) => (
                (7 * mean + round_trip) / 8,
                (3 * deviation + mean.abs_diff(round_trip)) / 4,
            ),
        });
    }

    /// Returns how long to wait after attempt number `attempt` (0 for the first).
    pub fn timeout(&self, attempt: u32) -> Duration {
        let first = self.estimate.map_or(INITIAL_TIMEOUT, |(mean, deviation)| {
            Duration::from_nanos(mean + 4 * deviation).clamp(MIN_TIMEOUT, MAX_TIMEOUT)
        });
        let doublings = (attempt / ATTEMPTS_PER_LENGTH).min(9);
        Duration::from_nanos(first.as_nanos() << doublings).min(MAX_TIMEOUT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MICROSECOND: Duration = Duration::from_nanos(1_000);

    fn estimator(samples: &[u64]) -> RttEstimator {
        let mut rtt = RttEstimator::default();
        for millis in samples {
            rtt.sample(Duration::from_millis(*millis));
        }
        rtt
    }

    #[test]
    fn the_timeout_is_the_mean_and_four_deviations() {
        let timeout = |samples: &[u64]| estimator(samples).timeout(0).as_nanos();
        assert_eq!(timeout(&[]), 20_000_000);
        // 8 + 4 * 4
        assert_eq!(timeout(&[8]), 24_000_000);
        // (7 * 8 + 16) / 8 + 4 * (3 * 4 + 8) / 4
        assert_eq!(timeout(&[8, 16]), 29_000_000);
        // (7 * 8 + 4) / 8 + 4 * (3 * 4 + 4) / 4
        assert_eq!(timeout(&[8, 4]), 23_500_000);
    }

    #[test]
    fn the_timeout_stays_within_its_bounds() {
        let mut rtt = RttEstimator::default();
        for _ in 0..100 {
            rtt.sample(MICROSECOND);
        }
        assert_eq!(rtt.timeout(0), MIN_TIMEOUT);
        rtt.sample(Duration::MAX);
        assert_eq!(rtt.timeout(0), MAX_TIMEOUT);
        // No more than the longest counts.
        assert!(rtt.estimate < Some((13_000_000, 26_000_000)));
    }

    #[test]
    fn the_back_off_starts_late_and_is_bounded() {
        let rtt = estimator(&[0]);
        let micros = |attempt| rtt.timeout(attempt).as_nanos() / 1_000;
        let timeouts = [0, 3, 4, 7, 8, 32, 35, 36, u32::MAX].map(micros);
        let expected = [250, 250, 500, 500, 1_000, 64_000, 64_000, 100_000, 100_000];
        assert_eq!(timeouts, expected);
    }
}
