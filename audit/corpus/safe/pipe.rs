// truth: safe: the self-pipe as crates for signals have it, errno put back
use std::sync::atomic::{AtomicI32, Ordering};
static WAKE: AtomicI32 = AtomicI32::new(-1);
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; fn pipe(p: *mut i32) -> i32; fn write(fd: i32, p: *const u8, n: usize) -> isize; fn __errno_location() -> *mut i32; }
extern "C" fn on_signal(number: i32) {
    unsafe {
        let errno = __errno_location();
        let saved = *errno;
        let byte = number as u8;
        write(WAKE.load(Ordering::Relaxed), &byte, 1);
        *errno = saved;
    }
}
fn main() { let mut ends = [0; 2]; unsafe { pipe(ends.as_mut_ptr()); WAKE.store(ends[1], Ordering::Relaxed); signal(15, on_signal as extern "C" fn(i32) as usize); loop { pause(); } } }
