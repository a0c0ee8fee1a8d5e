//! Returns random numbers (`getrandom(2)`).

use core::sync::atomic::{AtomicU64, Ordering};

use super::{getpid, now};
use crate::wire::siphash::Key;

/// Returns a number that other processes cannot guess (`getrandom(2)`).
///
/// If a filter of system calls denies it, the number comes from the 16 random bytes that the kernel gives each program.
pub fn random() -> u64 {
    let mut bytes = [0; 8];
    // SAFETY: the bytes live for the whole call and the count is theirs.
    let count =
        unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), libc::GRND_NONBLOCK) };
    if usize::try_from(count) == Ok(bytes.len()) {
        return u64::from_ne_bytes(bytes);
    }
    derive()
}

/// Returns another number with each call, in a forked child too; who does not know the program's random bytes cannot guess it.
fn derive() -> u64 {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    // Ordering: Relaxed, each call gets another number.
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    program_key().hash(&[call, getpid().get() as u64, now()])
}

/// Returns the random bytes of this program (`getauxval(3)`, AT_RANDOM).
fn program_key() -> Key {
    // SAFETY: getauxval only reads what the kernel left for the program.
    let bytes = unsafe { libc::getauxval(libc::AT_RANDOM) } as *const [u64; 2];
    // SAFETY: since Linux 2.6.29 this is the address of 16 bytes, which nothing changes or frees. They need not be aligned.
    Key(unsafe { bytes.read_unaligned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_numbers_are_equal() {
        for draw in [random, derive] {
            assert_ne!(draw(), draw());
        }
        assert_ne!(program_key(), Key([0; 2]));
    }
}
