// truth: safe: write between the saving and restoring of errno
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; fn write(fd: i32, p: *const u8, n: usize) -> isize; fn __errno_location() -> *mut i32; }
extern "C" fn on_signal(_: i32) {
    unsafe { let here = __errno_location(); let saved = *here; write(2, b"x".as_ptr(), 1); *here = saved; }
}
fn main() { unsafe { signal(10, on_signal as extern "C" fn(i32) as usize); loop { pause(); } } }
