//! The allocator of the C library (`mallopt(3)`).

/// Has the allocator keep no freed message: long ones are mapped and unmapped one by one, and all threads share one arena
/// (`mallopt(3)`).
pub fn tune_allocator() {
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt takes integers, and locks the allocator while it changes it.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 128 << 10);
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}
