// truth: unsafe: a OnceLock is filled at first use; if the interrupted code is filling it the handler waits for ever
use std::sync::OnceLock;
static LEVEL: OnceLock<u32> = OnceLock::new();
static SEEN: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; fn getpid() -> i32; }
fn level() -> u32 { *LEVEL.get_or_init(|| unsafe { getpid() as u32 }) }
extern "C" fn on_signal(_: i32) { SEEN.store(level(), std::sync::atomic::Ordering::Relaxed); }
fn main() { unsafe { signal(10, on_signal as extern "C" fn(i32) as usize); level(); loop { pause(); } } }
