// truth: unsafe: stderr is unbuffered, but behind a lock
use std::io::Write;
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; }
extern "C" fn on_signal(_: i32) { let _ = std::io::stderr().write_all(b"signal\n"); }
fn main() { unsafe { signal(10, on_signal as extern "C" fn(i32) as usize); loop { pause(); eprintln!("x"); } } }
