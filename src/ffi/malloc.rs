//! Tunes the allocator of the C library (`mallopt(3)`).

/// Makes the allocator return freed messages to the kernel (`mallopt(3)`).
///
/// Allocations from 128 KiB are mapped one by one, and all threads share one arena. Does nothing with musl.
pub fn tune_allocator() {
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt takes integers, and locks the allocator while it changes it.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 128 << 10);
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}
