//! Returns random numbers (`getrandom(2)`).

use super::now;

/// Returns a number that other processes cannot guess (`getrandom(2)`).
///
/// If a filter of system calls denies it, returns a number that differs from call to call.
#[must_use]
pub fn random() -> u64 {
    let mut bytes = [0; 8];
    // SAFETY: the bytes live for the whole call and the count is theirs. A failed call does not change them.
    unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), libc::GRND_NONBLOCK) };
    u64::from_ne_bytes(bytes).wrapping_add(now())
}
