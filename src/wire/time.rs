//! Defines moments and spans of the caller's clock, in nanoseconds.

use core::ops::{Add, Sub};

/// Is a moment of the caller's clock, which starts anywhere and does not run backwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

/// Is a span of time, never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(u64);

/// Is a moment or a span in nanoseconds.
pub type Nanos = u64;

impl Instant {
    /// Returns the moment so many nanoseconds after the clock's zero.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Returns the nanoseconds since the clock's zero.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }
}

impl Duration {
    /// Is the longest span.
    pub const MAX: Self = Self(u64::MAX);

    /// Returns a span of so many nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Returns a span of so many milliseconds; far too many give [`MAX`](Self::MAX).
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Returns the span in nanoseconds.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }
}

impl From<core::time::Duration> for Duration {
    /// Returns the span, or the longest one.
    fn from(span: core::time::Duration) -> Self {
        Self(span.as_nanos().try_into().unwrap_or(u64::MAX))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Returns the later moment, or the last one there is.
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// Returns the time since `earlier`, which is zero if that is later.
    fn sub(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl Add for Duration {
    type Output = Self;

    /// Returns the sum, or the longest span.
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_saturates() {
        let at = Instant::from_nanos;
        let span = Duration::from_nanos;
        assert_eq!(at(5) + span(2), at(7));
        assert_eq!(at(u64::MAX) + span(2), at(u64::MAX));
        assert_eq!((at(7) - at(5), at(5) - at(7)), (span(2), span(0)));
        assert_eq!(span(1) + span(2), span(3));
        assert_eq!(Duration::MAX + span(2), Duration::MAX);
        assert_eq!(Duration::from_millis(2).as_nanos(), 2_000_000);
        assert_eq!(Duration::from_millis(u64::MAX), Duration::MAX);
        assert_eq!(at(7).as_nanos(), 7);
        assert_eq!(Duration::from(core::time::Duration::MAX), Duration::MAX);
    }
}
