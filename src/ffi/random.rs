//! Random numbers (`getrandom(2)`).

use super::now;

/// Returns a number that other processes cannot guess; where a filter of system calls denies those (`getrandom(2)`), one that
/// differs from call to call.
#[must_use]
pub fn random() -> u64 {
    let mut bytes = [0; 8];
    // SAFETY: the bytes live for the whole call and the count is theirs. What fails leaves them as they are.
    unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), libc::GRND_NONBLOCK) };
    u64::from_ne_bytes(bytes).wrapping_add(now())
}
