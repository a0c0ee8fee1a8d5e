//! The conditions: what slows the machine or restricts the user while the tests run.

use std::fs;
use std::process::Command;

use rustix::process;

use super::cgroup::Cgroup;
use super::programs::Program;
use super::run::Cleaner;
use crate::child::Child;
use crate::{busy, product};

/// A condition of a run.
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
            "a quarter of one CPU for all processes together (by a cgroup if possible, otherwise as in turns)",
        ),
        (Self::Nice, "nice", "at the lowest priority"),
        (Self::User, "user", "as an unprivileged user, without doc"),
        (
            Self::Turns,
            "turns",
            "stopped by SIGSTOP for 75 ms of each 100 ms (only if named)",
        ),
        (Self::None, "none", "as `cargo test` does (only if named)"),
    ];

    /// The conditions of a run that names none.
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

/// The user `nobody`, who owns no files.
const USER: u32 = 65_534;

/// An active condition; dropping it ends its processes.
pub struct ActiveCondition {
    pub condition: Condition,
    cgroup: Option<Cgroup>,
    busy: Vec<Child>,
}

impl ActiveCondition {
    pub fn start(condition: Condition, cleaner: &Cleaner) -> Result<Self, String> {
        let mut active = Self {
            condition,
            cgroup: None,
            busy: vec![],
        };
        match condition {
            Condition::Busy => active.busy = busy::start(BUSY_LOOPS)?,
            Condition::Quarter => match Cgroup::new(cleaner) {
                Ok(cgroup) => active.cgroup = Some(cgroup),
                Err(why) => {
                    println!("stress: no cgroup ({why}): using the condition turns instead");
                    active.condition = Condition::Turns;
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
                        "user {USER} must be able to read {here}, and this user to mount: {said}"
                    ));
                }
            }
            _ => {}
        }
        Ok(active)
    }

    /// Returns the command that runs these tests under the condition.
    pub fn command(&self, program: &Program) -> Command {
        let mut command = match self.condition {
            Condition::OneCpu => with("taskset", &["-c", &first_cpu()]),
            Condition::Nice => with("nice", &["-n", "19"]),
            Condition::User if process::geteuid().is_root() => as_user(),
            Condition::Quarter => {
                let mut shell = with("sh", &["-c", "echo $$ >\"$0\" && exec \"$@\""]);
                // The shell joins the group before it starts anything, so that all processes are in it.
                shell.args(self.cgroup.iter().map(Cgroup::members));
                shell
            }
            _ => with("env", &[]),
        };
        match &program.path {
            Some(path) => command.arg(path),
            None => command
                .arg(product::cargo().get_program())
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

/// Returns a command prefix that runs a command as an unprivileged user, who may only write a temporary file system.
fn as_user() -> Command {
    let script = "mount -t tmpfs -o mode=1777 none \"$0\" && exec \"$@\"";
    let mut command = with("unshare", &["--mount", "--propagation", "private"]);
    let scratch = product::target().join("tmp");
    // cargo creates it only with a test that needs it.
    let _ = fs::create_dir_all(&scratch);
    command.args(["sh", "-c", script]);
    let id = USER.to_string();
    command.env("HOME", &scratch).arg(scratch);
    command.args(["setpriv", "--reuid", &id, "--regid", &id, "--clear-groups"]);
    command
}

/// Returns the first CPU that this process may run on, in the format of `taskset`.
fn first_cpu() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let list = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let first = list.unwrap_or_default().trim().split([',', '-']).next();
    first.filter(|cpu| !cpu.is_empty()).unwrap_or("0").into()
}
