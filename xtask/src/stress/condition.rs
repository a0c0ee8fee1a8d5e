//! The conditions: what makes the machine slow or the user small, for as long as it is needed.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio};

use rustix::process::{self, Signal};

use super::cgroup::Cgroup;
use super::programs::Program;
use super::run::Cleaner;
use crate::child::Child;
use crate::product;

/// What is made difficult.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Condition {
    None,
    Busy,
    OneCpu,
    Quarter,
    Turns,
    Nice,
    User,
}

impl Condition {
    pub const ALL: [(Self, &str, &str); 7] = [
        (Self::Busy, "busy", "beside 8 processes that never sleep"),
        (Self::OneCpu, "one-cpu", "all on one CPU"),
        (
            Self::Quarter,
            "quarter",
            "a quarter of one CPU for all together (a cgroup where there is one, else as in turns)",
        ),
        (Self::Nice, "nice", "at the lowest priority"),
        (
            Self::User,
            "user",
            "as an unprivileged user; doc is left out there",
        ),
        (
            Self::Turns,
            "turns",
            "only if named: stopped for 75 ms of each 100 by SIGSTOP",
        ),
        (Self::None, "none", "only if named: as `cargo test` does"),
    ];

    /// Those that are tried if none is named.
    pub const USUAL: [Self; 5] = [
        Self::Busy,
        Self::OneCpu,
        Self::Quarter,
        Self::Nice,
        Self::User,
    ];

    pub fn parse(name: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(_, known, _)| *known == name);
        found
            .map(|(condition, ..)| *condition)
            .ok_or_else(|| format!("there is no condition {name:?}"))
    }

    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(condition, ..)| *condition == self);
        found.map_or("", |(_, name, _)| name)
    }
}

const BUSY_LOOPS: usize = 8;

/// `nobody`, who owns nothing.
const USER: u32 = 65_534;

/// Keeps a CPU busy until the process that started this one has ended, however that ends.
pub fn never_sleep() -> ExitCode {
    let tied = process::set_parent_process_death_signal(Some(Signal::KILL));
    // A parent that has ended before that sends nothing any more, and the write fails then.
    if tied.is_err() || writeln!(io::stdout(), "busy").is_err() {
        return ExitCode::FAILURE;
    }
    loop {
        std::hint::spin_loop();
    }
}

/// A condition for as long as it lasts.
pub struct Circumstance {
    pub condition: Condition,
    cgroup: Option<Cgroup>,
    busy: Vec<Child>,
}

impl Circumstance {
    pub fn make(condition: Condition, cleaner: &Cleaner) -> Result<Self, String> {
        let mut circumstance = Self {
            condition,
            cgroup: None,
            busy: vec![],
        };
        match condition {
            Condition::Busy => {
                for _ in 0..BUSY_LOOPS {
                    circumstance.busy.push(start_busy()?);
                }
            }
            Condition::Quarter => match Cgroup::new(cleaner) {
                Ok(cgroup) => circumstance.cgroup = Some(cgroup),
                Err(why) => {
                    println!("stress: no cgroup ({why}), so they are stopped in turns");
                    circumstance.condition = Condition::Turns;
                }
            },
            Condition::User if process::geteuid().is_root() => {
                let mut command = as_user();
                let output = command
                    .args(["sh", "-c"])
                    .arg("cd \"$0\" && test -r Cargo.toml && touch \"$1\"/.writable")
                    .args([product::repository(), &product::target().join("tmp")])
                    .output();
                let output = output.map_err(|error| format!("unshare(1): {error}"))?;
                if !output.status.success() {
                    let said = String::from_utf8_lossy(&output.stderr);
                    let here = product::repository().display();
                    return Err(format!(
                        "user {USER} has to be able to read {here}, and this one to mount: {said}"
                    ));
                }
            }
            _ => {}
        }
        Ok(circumstance)
    }

    /// The command that runs these tests under the condition.
    pub fn command(&self, program: &Program) -> Command {
        let mut command = match self.condition {
            Condition::OneCpu => with("taskset", &["-c", &first_cpu()]),
            Condition::Nice => with("nice", &["-n", "19"]),
            Condition::User if process::geteuid().is_root() => as_user(),
            Condition::Quarter => {
                let mut shell = with("sh", &["-c", "echo $$ >\"$0\" && exec \"$@\""]);
                // Before there is any other process of them, so that all of them are in it.
                shell.args(self.cgroup.iter().map(Cgroup::members));
                shell
            }
            _ => with("env", &[]),
        };
        match &program.path {
            Some(path) => command.arg(path),
            None => command
                .arg(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
                .args(["test", "--doc", "--"]),
        };
        command
            .current_dir(product::repository())
            .env("CARGO_MANIFEST_DIR", product::repository())
            .env("MINITALK_EXAMPLES_ARE_BUILT", "1");
        command
    }
}

pub fn with(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// What runs a command as a user who may write nothing but what the tests write, and that is gone with the last process.
fn as_user() -> Command {
    let script = "mount -t tmpfs -o mode=1777 none \"$0\" && exec \"$@\"";
    let mut command = with("unshare", &["--mount", "--propagation", "private"]);
    let scratch = product::target().join("tmp");
    // cargo makes it when there is a test that has to have it.
    let _ = fs::create_dir_all(&scratch);
    command.args(["sh", "-c", script]);
    let id = USER.to_string();
    command.env("HOME", &scratch).arg(scratch);
    command.args(["setpriv", "--reuid", &id, "--regid", &id, "--clear-groups"]);
    command
}

/// The first CPU that this process may run on, as `taskset` takes it.
fn first_cpu() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let list = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let first = list.unwrap_or_default().trim().split([',', '-']).next();
    first.filter(|cpu| !cpu.is_empty()).unwrap_or("0").into()
}

/// Starts a process that never sleeps; if this process is killed, the kernel ends it.
fn start_busy() -> Result<Child, String> {
    let start = || {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["stress", "--never-sleep"]);
        let child = Child::spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
        let mut line = String::new();
        if let Some(stdout) = child.take_stdout() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        (line == "busy\n")
            .then_some(child)
            .ok_or(io::Error::other(line))
    };
    start().map_err(|error: io::Error| format!("cannot start a busy process: {error}"))
}
