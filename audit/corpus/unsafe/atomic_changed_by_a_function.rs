// truth: unsafe: the program stores the result of a function of an atomic to the atomic
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};
static COUNT: AtomicI32 = AtomicI32::new(0);
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; }
extern "C" fn on_signal(_: i32) { COUNT.store(0, Relaxed); }
#[inline(never)]
fn next(n: i32) -> i32 { n.wrapping_mul(3).wrapping_add(1) }
fn main() { unsafe { signal(10, on_signal as extern "C" fn(i32) as usize); loop { COUNT.store(next(COUNT.load(Relaxed)), Relaxed); pause(); } } }
