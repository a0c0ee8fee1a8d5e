// truth: safe: a constant table of closures without captures, each of which counts in an atomic
use std::sync::atomic::{AtomicUsize, AtomicBool, Ordering};
unsafe extern "C" { fn signal(s: i32, f: extern "C" fn(i32)) -> usize; fn pause() -> i32; }
static COUNT: AtomicUsize = AtomicUsize::new(0);
static STOP: AtomicBool = AtomicBool::new(false);
static ACTIONS: [fn(i32); 3] = [|_| { COUNT.fetch_add(1, Ordering::Relaxed); }, |s| COUNT.store(s as usize, Ordering::Relaxed), |_| STOP.store(true, Ordering::Release)];
extern "C" fn handler(s: i32) { ACTIONS[(s as u32 % 3) as usize](s); }
fn main() { unsafe { signal(10, handler); signal(15, handler); while !STOP.load(Ordering::Acquire) { pause(); } } }
