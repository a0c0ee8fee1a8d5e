// truth: unsafe: formats the number into a String, which allocates
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; fn write(fd: i32, p: *const u8, n: usize) -> isize; }
extern "C" fn on_signal(number: i32) { let text = number.to_string(); unsafe { write(2, text.as_ptr(), text.len()); } }
fn main() { unsafe { signal(10, on_signal as extern "C" fn(i32) as usize); loop { pause(); } } }
