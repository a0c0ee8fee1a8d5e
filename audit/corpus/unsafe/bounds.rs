// truth: unsafe: an index that the compiler cannot bound; out of bounds it panics, and a panic prints and allocates
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
static COUNTS: [AtomicU32; 16] = [const { AtomicU32::new(0) }; 16];
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; }
extern "C" fn on_signal(n: i32) { COUNTS[n as usize].fetch_add(1, Relaxed); }
fn main() { unsafe { signal(34, on_signal as extern "C" fn(i32) as usize); loop { pause(); } } }
