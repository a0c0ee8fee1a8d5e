//! Reads the clocks (`clock_gettime(2)`, `localtime(3)`).

use core::time::Duration;

/// Returns the nanoseconds of the monotonic clock (CLOCK_MONOTONIC).
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

/// Returns the hour, the minute and the second of the local time (`localtime(3)`).
#[cfg(feature = "tools")]
pub fn local_time() -> [core::ffi::c_int; 3] {
    // SAFETY: a null pointer means that the time is returned alone (time(2)).
    let now = unsafe { libc::time(core::ptr::null_mut()) };
    let mut fields = core::mem::MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both live for the whole call. It reads TZ, which this program never changes.
    unsafe { libc::localtime_r(&raw const now, fields.as_mut_ptr()) };
    // SAFETY: all zeroes are a valid `tm`, integers and a pointer, if the call has left it so.
    let fields = unsafe { fields.assume_init() };
    [fields.tm_hour, fields.tm_min, fields.tm_sec]
}

pub(super) fn timespec(duration: Duration) -> libc::timespec {
    libc::timespec {
        // With musl the libc crate deprecates `time_t`, which is to have 64 bits there too.
        tv_sec: duration.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}
