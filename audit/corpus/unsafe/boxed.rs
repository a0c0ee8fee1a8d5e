// truth: unsafe: a Box is made and its pointer stored
use std::sync::atomic::{AtomicPtr, Ordering};
static LAST: AtomicPtr<[i32; 8]> = AtomicPtr::new(std::ptr::null_mut());
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; }
extern "C" fn on_signal(n: i32) { LAST.store(Box::into_raw(Box::new([n; 8])), Ordering::Release); }
fn main() { unsafe { signal(10, on_signal as extern "C" fn(i32) as usize); loop { pause(); println!("{:p}", LAST.load(Ordering::Acquire)); } } }
