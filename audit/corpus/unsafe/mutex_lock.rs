// truth: unsafe: a Mutex is locked that the interrupted code may hold
use std::sync::Mutex;
static COUNT: Mutex<i32> = Mutex::new(0);
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; }
extern "C" fn on_signal(n: i32) { if let Ok(mut count) = COUNT.lock() { *count += n; } }
fn main() { unsafe { signal(10, on_signal as extern "C" fn(i32) as usize); loop { *COUNT.lock().unwrap() = 0; if *COUNT.lock().unwrap() == 77 { pause(); } } } }
