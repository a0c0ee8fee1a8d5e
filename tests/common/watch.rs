//! What a process does, seen from outside, and waiting for it.

use std::time::{Duration, Instant};

use super::{Process, Server, WATCHDOG, kill};

/// How often a condition is looked at: not so often that what is waited for gets no CPU.
const LOOK: Duration = Duration::from_micros(200);

/// Context switches of all threads of a process so far.
pub fn switches(pid: i32) -> u64 {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
        return 0;
    };
    let mut sum = 0;
    for task in tasks {
        let status =
            std::fs::read_to_string(task.unwrap().path().join("status")).unwrap_or_default();
        let fields = status
            .lines()
            .filter_map(|line| line.split_once("ctxt_switches:"));
        sum += fields
            .map(|(_, n)| n.trim().parse::<u64>().unwrap())
            .sum::<u64>();
    }
    sum
}

/// Waits until a client is in the middle of its message, which shows in what it makes the server do.
pub fn wait_under_way(client: &Process, server: i32) {
    let is_under_way = under_way(server);
    wait_until("the client is under way", || {
        assert!(client.is_running(), "it was faster: {}", client.stderr());
        is_under_way()
    });
}

/// Starts a server and its client with `start` and stops the client (SIGSTOP) in the middle of its message.
///
/// Starts another pair when the message was over first, as any is when this process gets no CPU for as long as it takes.
pub fn stopped_in_mid_message(start: impl Fn() -> (Server, Process)) -> (Server, Process) {
    loop {
        let (server, client) = start();
        let is_under_way = under_way(server.pid());
        wait_until("the client is under way", || {
            !client.is_running() || is_under_way()
        });
        if client.is_running() {
            kill(client.pid(), libc::SIGSTOP);
            wait_until("the client is stopped or has ended", || {
                matches!(state_of(client.pid()), 'T' | 'Z')
            });
        }
        if client.is_running() {
            return (server, client);
        }
    }
}

/// Returns whether a server has done the work of some bits since the call.
fn under_way(server: i32) -> impl Fn() -> bool {
    let before = (switches(server), cpu_time(server));
    move || switches(server) > before.0 + 200 || cpu_time(server) > before.1 + 2
}

/// User and system time so far, in clock ticks.
pub fn cpu_time(pid: i32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<_> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// Waits until a process is in this state (`proc_pid_stat(5)`).
pub fn wait_state(pid: i32, state: char) {
    wait_until("the process is in the state", || state_of(pid) == state);
}

fn state_of(pid: i32) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let behind_the_name = stat.rsplit(')').next().unwrap();
    behind_the_name.trim_start().chars().next().unwrap()
}

pub fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + WATCHDOG;
    while !condition() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(LOOK);
    }
}

/// The name of a process's command.
pub fn command_of(pid: i32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap();
    name.trim_end().into()
}
