//! Runs each case of a test as a process of its own, because a process has one inbox.

use std::env;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::{run, stderr};

/// The environment variable that names the case to run.
const CASE: &str = "MINITALK_TEST_CASE";

/// Cases that run at the same time, which mostly wait.
const AT_ONCE: usize = 3;

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
    let all = cases.iter().map(|(name, _)| *name);
    let wanted: Vec<_> = all.filter(|name| name.contains(&wanted)).collect();
    let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        let work = || {
            // Ordering: only that each case is run once matters, and the scope publishes the count.
            while let Some(name) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                let output = run(case(name));
                if output.status.success() {
                    println!("test {name} ... ok");
                    continue;
                }
                let (status, stderr) = (output.status, stderr(&output));
                println!("test {name} ... FAILED: {status}\n{stderr}");
                // Ordering: as above.
                failed.fetch_add(1, Ordering::Relaxed);
            }
        };
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    let failed = failed.into_inner();
    let passed = wanted.len() - failed;
    println!("\n{passed} passed; {failed} failed");
    ExitCode::from(u8::from(failed > 0))
}
