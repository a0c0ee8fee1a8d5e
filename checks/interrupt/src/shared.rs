//! Memory that a process shares with its forked children.

use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;

/// Types for which all zeroes are a valid value and which may be shared between processes.
///
/// # Safety
/// Only for atomics, and for arrays and structures of atomics: other processes write while a `&T` exists.
pub unsafe trait Shareable: Sync {}

/// A zeroed `T` in a mapping that children inherit and share. It is never unmapped, because there are few and they end with the
/// process.
pub struct Shared<T: Shareable>(NonNull<T>, PhantomData<T>);

impl<T: Shareable> Shared<T> {
    /// Maps a new one.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it maps memory and can fail")]
    pub fn new() -> Self {
        assert!(align_of::<T>() <= 4096);
        // SAFETY: a fresh anonymous mapping at an address of the kernel's choice overlaps nothing.
        let at = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                size_of::<T>(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert_ne!(at, libc::MAP_FAILED);
        Self(NonNull::new(at.cast()).expect("a mapping"), PhantomData)
    }

    /// Returns the value, which lives as long as the process.
    #[must_use]
    pub fn get(&self) -> &'static T {
        // SAFETY: the mapping is aligned to a page, large enough, zeroed, which `Shareable` makes a value, written by
        // atomics only, and never unmapped.
        unsafe { self.0.as_ref() }
    }
}

impl<T: Shareable + 'static> Deref for Shared<T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.get()
    }
}
