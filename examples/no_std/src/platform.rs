//! The parts that a program without the standard library has to bring along, by the C library.

use core::alloc::{GlobalAlloc, Layout};
use core::ffi::c_int;
use core::fmt;
use core::mem::MaybeUninit;

use minitalk::Pid;
use minitalk::wire::time::Instant;

/// Writes to a descriptor.
pub struct Output(pub c_int);

impl fmt::Write for Output {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            // SAFETY: the bytes live for the whole call, and the count is theirs.
            let written = unsafe { libc::write(self.0, rest.as_ptr().cast(), rest.len()) };
            // The handler restarts what it interrupts, so an error is one.
            let written = usize::try_from(written).map_err(|_| fmt::Error)?;
            rest = &rest[written..];
        }
        Ok(())
    }
}

/// Returns the time of a monotonic clock.
pub fn now() -> Instant {
    let mut time = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: the clock exists on every Linux, so the call fills the structure.
    let time = unsafe {
        libc::clock_gettime(libc::CLOCK_MONOTONIC, time.as_mut_ptr());
        time.assume_init()
    };
    Instant::from_nanos(time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs())
}

/// Returns a number that other processes cannot guess.
pub fn random() -> u64 {
    let mut bytes = [0; 8];
    // SAFETY: the bytes live for the whole call, and the count is theirs.
    let count = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    assert_eq!(usize::try_from(count), Ok(bytes.len()));
    u64::from_ne_bytes(bytes)
}

/// Returns whether the process exists. Another may have its PID by now.
pub fn exists(pid: Pid) -> bool {
    // SAFETY: kill takes integers only, and signal 0 only checks.
    unsafe { libc::kill(pid.get(), 0) == 0 }
}

/// Allocates by the C library.
struct Malloc;

#[global_allocator]
static ALLOCATOR: Malloc = Malloc;

// SAFETY: aligned_alloc returns null, or memory of this size and alignment that nothing else uses until it is freed.
unsafe impl GlobalAlloc for Malloc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // The size must be a multiple of the alignment, which Layout promises to be without overflow.
        let size = layout.pad_to_align().size();
        // SAFETY: aligned_alloc takes integers.
        unsafe { libc::aligned_alloc(layout.align(), size).cast() }
    }

    unsafe fn dealloc(&self, memory: *mut u8, _: Layout) {
        // SAFETY: the caller passes what `alloc` returned.
        unsafe { libc::free(memory.cast()) };
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: abort ends the process.
    unsafe { libc::abort() }
}

/// Is named by compiled code of `alloc`, for an unwinding that never comes.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

/// Is named by compiled code of `alloc`, for an unwinding that never comes.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() -> ! {
    // SAFETY: abort ends the process.
    unsafe { libc::abort() }
}
