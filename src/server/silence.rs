//! Tells whether a client has run since its last signal: without a CPU it could not send.

use crate::wire::Nanos;

/// Bounds the nanoseconds of CPU time that a client needs to send a bit: it needs much less.
pub const ENOUGH_TIME: u64 = 4_000_000;

/// Counts the excuses for one silence, which the time of the client's last signal identifies.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silence {
    /// When it began, if it has been looked at.
    since: Option<Nanos>,
    /// The CPU time of the client when the silence was first looked at.
    run_time: u64,
    excuses: u32,
    /// When the silence began in which the client was last seen to nap, and how often it had napped when it was first seen to.
    napped_since: Option<Nanos>,
    naps: u64,
}

impl Silence {
    /// Returns for how long the client has run since the first look at its silence since `since`, in nanoseconds; `None` at that
    /// look. `run_time` is its CPU time.
    pub fn ran_for(&mut self, since: Nanos, run_time: u64) -> Option<u64> {
        if self.since == Some(since) {
            return Some(run_time.saturating_sub(self.run_time));
        }
        (self.since, self.run_time, self.excuses) = (Some(since), run_time, 0);
        None
    }

    /// Returns whether the client goes to sleep again and again in its silence since `since`; `naps` says how often it has in all.
    pub fn polls(&mut self, since: Nanos, naps: u64) -> bool {
        // An acknowledgement ends one, and it may nap once more before it sends.
        const MANY: u64 = 4;
        if self.napped_since.replace(since) != Some(since) {
            self.naps = naps;
        }
        naps.saturating_sub(self.naps) >= MANY
    }

    /// Counts a silence in which the client has run for so long, if it `counts`; returns whether it is excused, because the client
    /// lacked a CPU and has not been excused too often.
    pub const fn count_excuse(&mut self, ran_for: u64, counts: bool) -> bool {
        const EXCUSES: u32 = 32;
        self.excuses += counts as u32;
        self.excuses <= EXCUSES && ran_for < ENOUGH_TIME
    }
}
