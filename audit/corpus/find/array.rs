// truth: find: an array of pairs, one of them bad
use std::sync::atomic::{AtomicI32, Ordering};
static F: AtomicI32 = AtomicI32::new(0);
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; }
extern "C" fn good(n: i32) { F.store(n, Ordering::Relaxed); }
extern "C" fn bad(n: i32) { println!("{n}"); }
static PAIRS: [(i32, extern "C" fn(i32)); 2] = [(2, good), (15, bad)];
fn main() { for (n, h) in PAIRS { unsafe { signal(n, h as usize); } } loop { unsafe { pause(); } } }
