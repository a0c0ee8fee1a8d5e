// truth: safe: one signal raises and another lowers a level between 0 and 7, by fetch_update on an atomic
use std::sync::atomic::{AtomicU8, Ordering};
unsafe extern "C" { fn signal(s: i32, f: extern "C" fn(i32)) -> usize; fn pause() -> i32; }
static LEVEL: AtomicU8 = AtomicU8::new(3);
extern "C" fn handler(s: i32) {
    let _ = LEVEL.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |level| match s {
        10 if level < 7 => Some(level + 1),
        12 if level > 0 => Some(level - 1),
        _ => None,
    });
}
fn main() { unsafe { signal(10, handler); signal(12, handler); loop { pause(); } } }
