// truth: safe: an array of atomic counters, the index masked so that no bounds check can fail
use std::sync::atomic::{AtomicU32, Ordering};
static COUNTS: [AtomicU32; 64] = [const { AtomicU32::new(0) }; 64];
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; }
extern "C" fn on_signal(number: i32) { COUNTS[(number & 63) as usize].fetch_add(1, Ordering::Relaxed); }
fn main() { unsafe { signal(10, on_signal as extern "C" fn(i32) as usize); signal(12, on_signal as extern "C" fn(i32) as usize); loop { pause(); } } }
