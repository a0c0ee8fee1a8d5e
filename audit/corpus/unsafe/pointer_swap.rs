// truth: unsafe: a handler takes a boxed message out of an atomic pointer and drops it, which frees
use std::sync::atomic::{AtomicPtr, Ordering};
static CURRENT: AtomicPtr<String> = AtomicPtr::new(std::ptr::null_mut());
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; }
extern "C" fn handler(_: i32) {
    let old = CURRENT.swap(std::ptr::null_mut(), Ordering::AcqRel);
    if !old.is_null() { drop(unsafe { Box::from_raw(old) }); }
}
fn main() {
    CURRENT.store(Box::into_raw(Box::new("message".to_string())), Ordering::Release);
    unsafe { signal(10, handler as *const () as usize); loop { pause(); } }
}
