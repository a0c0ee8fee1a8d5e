//! Runs each case of a test as a process of its own, because a process has one inbox.

use std::env;
use std::process::{Command, ExitCode};

use super::{run, stderr};

/// The environment variable that names the case to run.
const CASE: &str = "MINITALK_TEST_CASE";

/// Lists functions with their names.
macro_rules! cases {
    ($($name:ident),* $(,)?) => { &[$((stringify!($name), $name as fn())),*] };
}
pub(crate) use cases;

/// Returns whether this process is to run a case, and not the test.
pub fn is_case() -> bool {
    env::var_os(CASE).is_some()
}

/// Returns a command that runs the case `name` of this test.
pub fn case(name: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.env(CASE, name);
    command
}

/// Runs the cases whose names contain the first argument, as libtest does; the options of libtest have no effect.
///
/// `helpers` are run only by [`case`].
pub fn run_cases(cases: &[(&str, fn())], helpers: &[(&str, fn())]) -> ExitCode {
    if let Ok(case) = env::var(CASE) {
        let mut all = cases.iter().chain(helpers);
        let (_, run) = all.find(|(name, _)| *name == case).unwrap();
        run();
        return ExitCode::SUCCESS;
    }
    let wanted = env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let wanted = wanted.unwrap_or_default();
    let (mut passed, mut failed) = (0, 0);
    for (name, _) in cases.iter().filter(|(name, _)| name.contains(&wanted)) {
        let output = run(case(name));
        if output.status.success() {
            println!("test {name} ... ok");
            passed += 1;
        } else {
            println!(
                "test {name} ... FAILED: {}\n{}",
                output.status,
                stderr(&output)
            );
            failed += 1;
        }
    }
    println!("\n{passed} passed; {failed} failed");
    ExitCode::from(u8::from(failed > 0))
}
