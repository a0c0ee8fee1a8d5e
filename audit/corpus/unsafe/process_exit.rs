// truth: unsafe: std::process::exit runs exit
unsafe extern "C" { fn signal(n: i32, h: usize) -> usize; fn pause() -> i32; }
extern "C" fn on_signal(n: i32) { std::process::exit(n); }
fn main() { unsafe { signal(15, on_signal as extern "C" fn(i32) as usize); loop { pause(); } } }
