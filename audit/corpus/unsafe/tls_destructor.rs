// truth: unsafe: a thread-local RefCell with a Vec is pushed to
use std::cell::RefCell;
thread_local! { static SEEN: RefCell<Vec<i32>> = const { RefCell::new(Vec::new()) }; }
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; }
extern "C" fn handler(number: i32) { SEEN.with_borrow_mut(|seen| seen.push(number)); }
fn main() { unsafe { signal(10, handler as extern "C" fn(i32) as usize); loop { pause(); } } }
