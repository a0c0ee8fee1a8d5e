// truth: safe: a match with several arms, each an atomic operation
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering::Relaxed};
static QUIT: AtomicI32 = AtomicI32::new(0);
static SEEN: AtomicU64 = AtomicU64::new(0);
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; }
extern "C" fn on_signal(number: i32) {
    match number { 2 | 15 => QUIT.store(number, Relaxed), 1 => { SEEN.fetch_or(1, Relaxed); } 10 => { SEEN.fetch_add(256, Relaxed); } _ => { SEEN.swap(0, Relaxed); } }
}
fn main() { unsafe { for n in [1, 2, 10, 15] { signal(n, on_signal as extern "C" fn(i32) as usize); } loop { pause(); } } }
