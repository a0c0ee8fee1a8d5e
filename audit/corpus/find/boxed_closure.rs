// truth: find: the function is kept in a struct on the heap
use std::sync::atomic::{AtomicI32, Ordering};
static F: AtomicI32 = AtomicI32::new(0);
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; }
extern "C" fn good(n: i32) { F.store(n, Ordering::Relaxed); }
extern "C" fn bad(n: i32) { println!("{n}"); }
struct Setup { list: Vec<(i32, extern "C" fn(i32))> }
#[inline(never)] fn start(setup: &Setup) { for &(n, h) in &setup.list { unsafe { signal(n, h as usize); } } }
fn main() { let setup = Setup { list: if std::env::args().count() > 1 { vec![(2, good)] } else { vec![(2, good), (15, bad)] } }; start(&setup); loop { unsafe { pause(); } } }
