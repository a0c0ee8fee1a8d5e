//! Wakes a thread through a descriptor (`eventfd(2)`).

use super::errno::check;
use super::{Errno, Fd};

/// Wakes the main loop from another thread (`eventfd(2)`).
#[derive(Debug)]
pub struct EventFd(Fd);

impl EventFd {
    /// Creates an event that has not been signalled.
    ///
    /// # Errors
    /// EMFILE, ENFILE or ENOMEM.
    pub fn new() -> Result<Self, Errno> {
        // SAFETY: eventfd takes integers only.
        check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })
            .map(|fd| Self(Fd(fd)))
    }

    /// Returns the descriptor that is readable from a [`ring`](Self::ring) to the next [`clear`](Self::clear).
    pub fn fd(&self) -> &Fd {
        &self.0
    }

    /// Makes the descriptor readable.
    pub fn ring(&self) {
        let one = 1u64.to_ne_bytes();
        // SAFETY: the eight bytes live for the whole call. The only failure is EAGAIN: the descriptor is readable already.
        unsafe { libc::write(self.0.0, one.as_ptr().cast(), one.len()) };
    }

    /// Makes the descriptor unreadable again.
    pub fn clear(&self) {
        let mut count = [0u8; 8];
        // SAFETY: the eight bytes live for the whole call. The only failure is EAGAIN: the descriptor was not readable.
        unsafe { libc::read(self.0.0, count.as_mut_ptr().cast(), count.len()) };
    }
}
