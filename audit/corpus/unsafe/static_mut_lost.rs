// truth: unsafe: a static mut is raised by the handler and lowered by the program, which loads, changes and stores it
unsafe extern "C" { fn signal(s: i32, f: usize) -> usize; fn usleep(n: u32) -> i32; }
static mut PENDING: u64 = 0;
extern "C" fn handler(_: i32) { unsafe { let p = &raw mut PENDING; p.write_volatile(p.read_volatile() + 1); } }
fn main() { unsafe { signal(10, handler as extern "C" fn(i32) as usize); loop { let p = &raw mut PENDING; let n = p.read_volatile(); if n > 0 { p.write_volatile(n - 1); } usleep(10); } } }
