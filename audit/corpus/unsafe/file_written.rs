// truth: unsafe: the handler writes a file by std::fs, which makes a C string of the path and an error of a failure
unsafe extern "C" { fn signal(s: i32, f: extern "C" fn(i32)) -> usize; fn pause() -> i32; }
extern "C" fn handler(s: i32) { let _ = std::fs::write("/tmp/corpus.state", [s as u8]); }
fn main() { unsafe { signal(15, handler); loop { pause(); } } }
