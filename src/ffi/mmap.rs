//! Finds out whether there is memory (`mmap(2)`).

use core::ptr;

use super::Errno;

/// Checks that `bytes` more can be mapped now, for code that aborts if they cannot.
///
/// # Errors
/// Those of `mmap(2)`: ENOMEM at the limit on the address space (RLIMIT_AS).
pub fn check_room(bytes: usize) -> Result<(), Errno> {
    let (access, kind) = (
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
    );
    // SAFETY: a new private mapping at an address that the kernel chooses affects no other memory.
    let map = unsafe { libc::mmap(ptr::null_mut(), bytes, access, kind, -1, 0) };
    if map == libc::MAP_FAILED {
        return Err(Errno::last());
    }
    // SAFETY: this is the mapping of the line before, to which nothing refers.
    unsafe { libc::munmap(map, bytes) };
    Ok(())
}
