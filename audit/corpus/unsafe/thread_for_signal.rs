// truth: unsafe: the handler starts a thread for the work, which allocates
unsafe extern "C" { fn signal(s: i32, f: extern "C" fn(i32)) -> usize; fn pause() -> i32; }
extern "C" fn handler(s: i32) { std::thread::spawn(move || std::process::id() as i32 + s); }
fn main() { unsafe { signal(12, handler); loop { pause(); } } }
