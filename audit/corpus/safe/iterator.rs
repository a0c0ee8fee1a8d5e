// truth: safe: an iterator over an array of atomics finds those that are set, and a byte goes to a pipe; errno is put back
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
unsafe extern "C" { fn signal(s: i32, f: extern "C" fn(i32)) -> usize; fn pause() -> i32; fn write(fd: i32, p: *const u8, n: usize) -> isize; fn __errno_location() -> *mut i32; }
static SET: [AtomicBool; 65] = [const { AtomicBool::new(false) }; 65];
static FD: AtomicI32 = AtomicI32::new(2);
extern "C" fn handler(s: i32) {
    let place = unsafe { __errno_location() };
    let saved = unsafe { *place };
    if let Some(flag) = SET.get(s as usize) { flag.store(true, Ordering::Release); }
    let count = SET.iter().filter(|f| f.load(Ordering::Relaxed)).count() as u8;
    unsafe { write(FD.load(Ordering::Relaxed), &count, 1); *place = saved; }
}
fn main() { unsafe { signal(10, handler); loop { pause(); } } }
