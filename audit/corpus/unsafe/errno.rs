// truth: unsafe: write without saving errno
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; fn write(fd: i32, p: *const u8, n: usize) -> isize; }
extern "C" fn on_signal(_: i32) { unsafe { write(2, b"x".as_ptr(), 1); } }
fn main() { unsafe { signal(10, on_signal as extern "C" fn(i32) as usize); loop { pause(); } } }
