//! Decides when a sender repeats, and when it gives up.

use super::rtt::{MIN_TIMEOUT, PAUSED_INTERVAL, RttEstimator};
use super::time::{Duration, Instant};

/// Limits how much a wait adds to the idle time beyond its length: a client that was stopped for an hour did not wait an hour.
const MAX_DELAY: Duration = Duration::from_millis(250);

/// Replies in a row without a repetition after which a link counts as free of loss.
const LOSS_FREE_AFTER: u32 = 64;

/// Times the repetitions of one request after the other.
#[derive(Clone, Debug, Default)]
pub struct RetryTimer {
    rtt: RttEstimator,
    /// The idle time at which to give up.
    timeout: Duration,
    /// When to repeat the unanswered request; `None` without one.
    pub(super) deadline: Option<Instant>,
    sent_at: Instant,
    /// The repetitions of the unanswered request.
    pub(super) attempt: u32,
    /// Those since the server last replied.
    pub(super) unanswered: u32,
    /// Whether the server's last reply was to wait.
    pub(super) is_paused: bool,
    /// The time without progress.
    pub(super) idle_time: Duration,
    /// Replies in a row without a repetition, up to [`LOSS_FREE_AFTER`].
    loss_free: u32,
}

impl RetryTimer {
    /// Returns a timer that gives up after `timeout` without progress.
    pub fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            loss_free: LOSS_FREE_AFTER,
            ..Self::default()
        }
    }

    /// Returns whether a request is unanswered.
    pub const fn is_running(&self) -> bool {
        self.deadline.is_some()
    }

    /// Returns whether the time for a reply has passed.
    pub fn is_expired(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline)
    }

    /// Notes that something was sent at `now`, and waits for its reply.
    pub fn start(&mut self, now: Instant) {
        self.start_for(now, self.rtt.timeout(self.attempt));
    }

    /// Notes that the kernel had no room: there is some again as soon as a process has taken one of its signals.
    pub fn handle_eagain(&mut self, now: Instant) {
        self.attempt = self.attempt.max(1);
        self.start_for(now, MIN_TIMEOUT);
    }

    /// Notes that the server says to wait, which is asked for again only in case its leave to go on gets lost.
    pub fn pause(&mut self, now: Instant) {
        self.idle_time = Duration::from_nanos(0);
        self.unanswered = 0;
        self.is_paused = true;
        self.start_for(now, PAUSED_INTERVAL);
    }

    /// Notes that the time for a reply has passed, and counts an attempt; returns whether to go on.
    pub fn next_attempt(&mut self, now: Instant) -> bool {
        self.count_idle(now);
        if self.is_over() {
            return false;
        }
        self.attempt = self.attempt.saturating_add(1);
        self.unanswered = self.unanswered.saturating_add(1);
        true
    }

    /// Returns whether there was no progress for the whole timeout.
    pub fn is_over(&self) -> bool {
        self.idle_time >= self.timeout
    }

    /// Takes in the round trip of the request, if it was sent once and the server did not ask to wait.
    pub fn handle_reply(&mut self, now: Instant) {
        if self.attempt > 0 {
            self.loss_free = 0;
            return;
        }
        if self.is_running() && !self.is_paused {
            self.rtt.sample(now - self.sent_at);
        }
        self.loss_free = (self.loss_free + 1).min(LOSS_FREE_AFTER);
    }

    /// Notes that the transfer is further than it has ever been.
    pub const fn progress(&mut self) {
        self.idle_time = Duration::from_nanos(0);
    }

    /// Adds the wait for the reply that came at `now` to the idle time.
    pub fn count_idle(&mut self, now: Instant) {
        if self.is_paused && self.unanswered == 0 {
            // The server has asked for this wait.
            return;
        }
        let longest = self.rtt.timeout(self.attempt) + MAX_DELAY;
        self.idle_time = self.idle_time + (now - self.sent_at).min(longest);
    }

    /// Notes that no request is unanswered.
    pub const fn stop(&mut self) {
        self.restart_attempts();
        self.is_paused = false;
        self.deadline = None;
    }

    pub const fn restart_attempts(&mut self) {
        self.attempt = 0;
        self.unanswered = 0;
    }

    /// Returns whether the reply is due within a round trip: nothing was repeated, and the server does not say to wait.
    pub const fn expects_reply(&self) -> bool {
        !self.is_paused && self.attempt == 0
    }

    /// Returns whether the last few replies (`LOSS_FREE_AFTER`) came without a repetition.
    pub const fn is_loss_free(&self) -> bool {
        self.loss_free >= LOSS_FREE_AFTER
    }

    fn start_for(&mut self, now: Instant, wait: Duration) {
        self.sent_at = now;
        self.deadline = Some(now + wait);
    }
}

#[cfg(test)]
mod tests {
    use super::super::rtt::INITIAL_TIMEOUT;
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(0) + Duration::from_millis(millis)
    }

    #[test]
    fn the_round_trip_of_a_repeated_request_does_not_count() {
        let mut timer = RetryTimer::new(Duration::MAX);
        timer.start(at(0));
        timer.handle_reply(at(8));
        timer.start(at(10));
        assert_eq!(timer.deadline, Some(at(34)), "8 + 4 * 4 ms");
        assert!(timer.next_attempt(at(34)));
        timer.start(at(34));
        timer.handle_reply(at(90));
        timer.stop();
        timer.start(at(100));
        assert_eq!(timer.deadline, Some(at(124)));
    }

    #[test]
    fn it_gives_up_when_it_was_idle_for_its_timeout() {
        let mut timer = RetryTimer::new(Duration::from_millis(100));
        timer.start(at(0));
        assert!(timer.next_attempt(at(40)));
        timer.start(at(40));
        assert!(timer.next_attempt(at(99)));
        timer.start(at(99));
        assert!(!timer.next_attempt(at(100)));
        timer.progress();
        assert!(timer.next_attempt(at(198)));
    }

    #[test]
    fn a_client_that_was_stopped_for_an_hour_has_not_waited_for_an_hour() {
        let mut timer = RetryTimer::new(Duration::from_millis(541));
        for hour in 1..=2 {
            timer.start(at((hour - 1) * 3_600_000));
            assert!(timer.next_attempt(at(hour * 3_600_000)), "270 ms each");
        }
        assert!(!timer.next_attempt(at(2 * 3_600_000 + 1)));
    }

    #[test]
    fn the_wait_that_the_server_asked_for_does_not_count() {
        let mut timer = RetryTimer::new(Duration::from_millis(100));
        timer.start(at(0));
        timer.pause(at(2));
        assert!(timer.next_attempt(at(252)), "it is asked at least once");
        timer.start(at(252));
        assert!(timer.next_attempt(at(300)) && !timer.is_over());
        timer.pause(at(310));
        timer.handle_reply(at(500));
        timer.stop();
        timer.start(at(500));
        // It was no round trip.
        assert_eq!(timer.deadline, Some(at(500) + INITIAL_TIMEOUT));
        assert!(!timer.next_attempt(at(600)) && timer.is_over());
        let mut timer = RetryTimer::new(Duration::MAX);
        timer.pause(at(2));
        timer.handle_reply(at(102));
        timer.stop();
        timer.start(at(200));
        assert_eq!(timer.deadline, Some(at(200) + INITIAL_TIMEOUT));
    }

    #[test]
    fn a_link_is_free_of_loss_after_many_replies() {
        let mut timer = RetryTimer::new(Duration::MAX);
        timer.handle_reply(at(0));
        assert!(timer.is_loss_free());
        timer.next_attempt(at(1));
        timer.handle_reply(at(1));
        timer.stop();
        for _ in 0..LOSS_FREE_AFTER {
            assert!(!timer.is_loss_free());
            timer.handle_reply(at(1));
        }
        assert!(timer.is_loss_free());
    }
}
