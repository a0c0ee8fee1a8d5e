//! A counter that wakes a thread (`eventfd(2)`).

use super::errno::check;
use super::{Errno, Fd};

/// A counter to wake the main loop from another thread (`eventfd(2)`).
#[derive(Debug)]
pub struct EventFd(Fd);

impl EventFd {
    /// A bell that has not rung.
    ///
    /// # Errors
    /// EMFILE or ENOMEM.
    pub fn new() -> Result<Self, Errno> {
        // SAFETY: eventfd takes integers only.
        check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })
            .map(|fd| Self(Fd(fd)))
    }

    /// The descriptor that is readable from a ring to the next [`clear`](Self::clear).
    #[must_use]
    pub fn fd(&self) -> &Fd {
        &self.0
    }

    /// Makes the descriptor readable.
    pub fn ring(&self) {
        let one = 1u64.to_ne_bytes();
        // SAFETY: the eight bytes live for the whole call. A failure can only be EAGAIN: it is readable already.
        unsafe { libc::write(self.0.0, one.as_ptr().cast(), one.len()) };
    }

    /// Makes the descriptor unreadable again.
    pub fn clear(&self) {
        let mut count = [0u8; 8];
        // SAFETY: the eight bytes live for the whole call. A failure can only be EAGAIN: it had not rung.
        unsafe { libc::read(self.0.0, count.as_mut_ptr().cast(), count.len()) };
    }
}
