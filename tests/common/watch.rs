//! Observing a process through /proc, and waiting for conditions.

use std::time::{Duration, Instant};

use minitalk::internals::process::proc;
use minitalk::{Pid, Signal, SignalSet};

use super::{Process, Server, WATCHDOG, kill, slower};

/// How often a condition is checked: rarely enough to leave the observed process its CPU.
const POLL_INTERVAL: Duration = Duration::from_micros(200);

/// Returns the number of context switches of all threads of a process so far.
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

/// Waits until a client is in the middle of its message, by the activity that it causes in the server.
pub fn wait_under_way(client: &Process, server: i32) {
    let is_under_way = under_way(server);
    wait_until("the client is under way", || {
        assert!(
            client.is_running(),
            "the client ended too early: {}",
            client.stderr()
        );
        is_under_way()
    });
}

/// Starts a server and its client with `start` and stops the client (SIGSTOP) in the middle of its message.
///
/// Starts another pair if the message ended first, because this process did not get a CPU in time.
pub fn stopped_in_mid_message(start: impl Fn() -> (Server, Process)) -> (Server, Process) {
    loop {
        let (server, mut client) = start();
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
        assert!(
            client.wait().success(),
            "the client failed: {}",
            client.stderr()
        );
    }
}

/// Returns a function that says whether the server has done the work of some bits since this call.
///
/// A server that polls may switch rarely, so its CPU time counts too. Under an emulator that includes the time that the host
/// withholds, so it takes more of it there: a client that is stopped before its first bit leaves no message for a test to wait for.
fn under_way(server: i32) -> impl Fn() -> bool {
    let before = (switches(server), cpu_time(server));
    let ticks = 2 * slower() as u64;
    move || switches(server) > before.0 + 200 || cpu_time(server) > before.1 + ticks
}

/// Returns the user and system time of a process so far, in clock ticks.
pub fn cpu_time(pid: i32) -> u64 {
    let stat = stat(pid);
    let ticks = |field: usize| stat[field - 3].parse::<u64>().unwrap();
    ticks(14) + ticks(15)
}

/// Returns the scheduling policy of a process, as `sched(7)` numbers it.
pub fn scheduling_policy(pid: i32) -> i32 {
    stat(pid)[41 - 3].parse().unwrap()
}

/// Returns the fields of `/proc/PID/stat` from the third on (`proc_pid_stat(5)`), none of a process that does not exist.
fn stat(pid: i32) -> Vec<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let behind_the_name = stat.rsplit(')').next().unwrap();
    behind_the_name
        .split_whitespace()
        .map(String::from)
        .collect()
}

/// Waits until a process is in this state, a letter of `proc_pid_stat(5)`.
pub fn wait_state(pid: i32, state: char) {
    wait_until("the process is in the state", || state_of(pid) == state);
}

/// Returns the state of a process, `X` if it does not exist.
pub fn state_of(pid: i32) -> char {
    stat(pid)
        .first()
        .map_or('X', |state| state.chars().next().unwrap())
}

/// Sends `signal` and waits until it is no longer pending, so that the next one does not merge with it.
pub fn kill_and_wait(pid: i32, signal: i32) {
    kill(pid, signal);
    wait_until_not_pending(pid, 1 << (signal - 1));
}

/// Waits until a process has taken all bits that it was sent: a pending one would swallow the first bit of the next client, which a
/// foreign client does not retransmit.
pub fn wait_until_taken(pid: i32) {
    wait_until_not_pending(pid, SignalSet::BITS.mask());
}

fn wait_until_not_pending(pid: i32, mask: u64) {
    let is_pending = || proc::status(pid_of(pid)).is_ok_and(|status| status.pending & mask != 0);
    wait_until("the signals are taken", || !is_pending());
}

/// Returns whether a process handles a signal.
pub fn handles(pid: i32, signal: Signal) -> bool {
    proc::status(pid_of(pid)).is_ok_and(|status| status.handles(signal))
}

/// Returns the ID of a thread of this process that is not its first, once there is one.
pub fn other_thread(pid: i32) -> String {
    let find = || {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        let mut tids = tasks.map(|task| task.unwrap().file_name().into_string().unwrap());
        tids.find(|tid| *tid != pid.to_string())
    };
    wait_until("another thread runs", || find().is_some());
    find().unwrap()
}

/// Returns a field of `/proc/PID/status` that is a size, in bytes (`proc_pid_status(5)`).
pub fn memory(pid: i32, field: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kilobytes = line.unwrap().trim_matches([':', '\t', ' ', 'k', 'B']);
    1024 * kilobytes.parse::<usize>().unwrap()
}

/// Waits until `condition` holds; fails after [`WATCHDOG`] and names `what` did not happen.
pub fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + WATCHDOG;
    while !condition() {
        assert!(Instant::now() < deadline, "did not happen: {what}");
        std::thread::sleep(POLL_INTERVAL);
    }
}

/// Returns the command name of a process.
pub fn command_of(pid: i32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap();
    name.trim_end().into()
}

/// Waits until a client would send to this server.
pub fn wait_ready_to_be_sent_to(pid: i32) {
    wait_until("the server is ready", || {
        let peer = minitalk::Peer::open(pid_of(pid));
        peer.is_ok_and(|peer| minitalk::client::check(&peer).is_ok())
    });
}

pub fn pid_of(pid: i32) -> Pid {
    Pid::new(pid).unwrap()
}
