// truth: unsafe: a push to a static Vec
static mut SEEN: Vec<i32> = Vec::new();
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; }
extern "C" fn on_signal(n: i32) { unsafe { (*(&raw mut SEEN)).push(n); } }
fn main() { unsafe { signal(10, on_signal as extern "C" fn(i32) as usize); loop { pause(); } } }
