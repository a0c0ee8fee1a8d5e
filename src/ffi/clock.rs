//! Reads the monotonic clock (`clock_gettime(2)`).

use core::time::Duration;

/// Returns the nanoseconds of the monotonic clock (CLOCK_MONOTONIC).
#[must_use]
pub fn now() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the timespec lives for the whole call. It cannot fail for this clock (clock_gettime(2)).
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    let seconds = (time.tv_sec as u64).wrapping_mul(1_000_000_000);
    seconds.wrapping_add(time.tv_nsec as u64)
}

pub(super) fn timespec(duration: Duration) -> libc::timespec {
    libc::timespec {
        // With musl the libc crate deprecates `time_t`, which is to have 64 bits there too.
        tv_sec: duration.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}
