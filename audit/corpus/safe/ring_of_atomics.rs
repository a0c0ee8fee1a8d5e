// truth: safe: a handler counts in an array of atomics by the signal's number, checked, and writes one byte to a pipe
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
static COUNTS: [AtomicU32; 65] = [const { AtomicU32::new(0) }; 65];
static FD: AtomicI32 = AtomicI32::new(-1);
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; fn write(f: i32, p: *const u8, n: usize) -> isize; fn __errno_location() -> *mut i32; }
extern "C" fn handler(s: i32) {
    let errno = unsafe { *__errno_location() };
    if let Some(count) = COUNTS.get(s as usize) { count.fetch_add(1, Ordering::Relaxed); }
    let fd = FD.load(Ordering::Relaxed);
    if fd >= 0 { unsafe { write(fd, &(s as u8), 1); } }
    unsafe { *__errno_location() = errno; }
}
fn main() {
    FD.store(std::env::args().count() as i32, Ordering::Relaxed);
    unsafe { signal(10, handler as *const () as usize); signal(15, handler as *const () as usize); loop { pause(); } }
}
