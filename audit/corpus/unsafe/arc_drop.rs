// truth: unsafe: an Arc is taken out and dropped, which frees if it is the last
use std::sync::{Arc, atomic::{AtomicPtr, Ordering::AcqRel}};
static HELD: AtomicPtr<u64> = AtomicPtr::new(std::ptr::null_mut());
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; }
extern "C" fn on_signal(_: i32) { let old = HELD.swap(std::ptr::null_mut(), AcqRel); if !old.is_null() { drop(unsafe { Arc::from_raw(old) }); } }
fn main() { unsafe { signal(10, on_signal as extern "C" fn(i32) as usize); loop { HELD.swap(Arc::into_raw(Arc::new(7u64)).cast_mut(), AcqRel); pause(); } } }
