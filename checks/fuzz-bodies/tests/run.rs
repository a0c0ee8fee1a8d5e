//! `fuzz/run.sh` with a fuzzer that ends as libFuzzer does: only a run of the full time passes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A directory with a cargo stub that plays the fuzzer, removed when this is dropped.
struct Fake(PathBuf);

impl Fake {
    fn new(name: &str, run: &str) -> Self {
        let directory = format!("minitalk-fuzz-run-{name}-{}", std::process::id());
        let directory = std::env::temp_dir().join(directory);
        fs::create_dir_all(&directory).unwrap();
        let cargo = format!("#!/bin/sh\ncase \"$*\" in *'fuzz run'*) {run} ;; esac\n");
        for (name, script) in [("cargo", &cargo[..]), ("cargo-fuzz", "#!/bin/sh\n")] {
            let path = directory.join(name);
            fs::write(&path, script).unwrap();
            fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        }
        Self(directory)
    }

    fn run(&self) -> Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/run.sh");
        let path = std::env::var("PATH").unwrap();
        Command::new(script)
            .args(["15", "link"])
            .env("PATH", format!("{}:{path}", self.0.display()))
            .env_remove("FUZZ_SCRATCH")
            .output()
            .unwrap()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn only_a_run_of_the_full_time_passes() {
    let stats = "echo 'stat::number_of_executed_units: 4711'";
    for (name, run, passes) in [
        ("whole", "echo 'Done 4711 runs in 16 second(s)'", true),
        (
            "found",
            "echo 'Done 4711 runs in 16 second(s)'; exit 77",
            false,
        ),
        // SIGUSR1 (-handle_usr1=1, the default).
        (
            "ended",
            "echo '==9== INFO: libFuzzer: exiting as requested'",
            false,
        ),
        ("short", "echo 'Done 4711 runs in 14 second(s)'", false),
        ("empty", "echo 'Done 0 runs in 16 second(s)'", false),
        ("silent", ":", false),
    ] {
        let fake = Fake::new(name, &format!("{run}; {stats}"));
        let output = fake.run();
        assert_eq!(output.status.success(), passes, "{name}: {output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said.contains("FAILED: link"), !passes, "{name}: {said}");
    }
}
