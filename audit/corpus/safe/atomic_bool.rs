// truth: safe: one atomic store
use std::sync::atomic::{AtomicBool, Ordering};
static STOP: AtomicBool = AtomicBool::new(false);
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; }
extern "C" fn on_signal(_: i32) { STOP.store(true, Ordering::SeqCst); }
fn main() { unsafe { signal(10, on_signal as extern "C" fn(i32) as usize); } while !STOP.load(Ordering::SeqCst) { unsafe { pause(); } } }
