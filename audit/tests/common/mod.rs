//! What the tests share: compilers, and the audit itself.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Runs the audit, and returns the exit status and what it printed.
pub fn audit(arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_minitalk-audit"))
        .args(arguments)
        .output()
        .expect("the audit runs");
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (
        output.status.code().expect("it was not killed"),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

/// Compiles a program of this path in the package to `to`; `None`, with a word on stderr, if that compiler cannot.
pub fn compiled(compiler: &str, source: &Path, to: &Path, options: &[&str]) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(to);
    std::fs::create_dir_all(path.parent()?).expect("a directory for programs");
    let status = Command::new(compiler)
        .args(["-w", "-I"])
        .arg(root.join("corpus"))
        .arg("-o")
        .arg(&path)
        .arg(root.join(source))
        .args(options)
        .stderr(Stdio::null())
        .status();
    let is_compiled = status.is_ok_and(|status| status.success());
    if !is_compiled {
        eprintln!("SKIPPED: {compiler} does not compile {}", source.display());
    }
    is_compiled.then_some(path)
}
