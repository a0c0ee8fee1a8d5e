// truth: unsafe: an unwrap that panics when nothing has been stored yet
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering::Relaxed};
static CONFIG: AtomicPtr<AtomicU32> = AtomicPtr::new(std::ptr::null_mut());
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; }
extern "C" fn on_signal(n: i32) { unsafe { CONFIG.load(Relaxed).as_ref() }.expect("configured").store(n as u32, Relaxed); }
fn main() { unsafe { signal(10, on_signal as extern "C" fn(i32) as usize); if std::env::args().count() > 1 { CONFIG.store(Box::into_raw(Box::new(AtomicU32::new(1))), Relaxed); } loop { pause(); } } }
