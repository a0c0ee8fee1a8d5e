//! What /proc tells about a process (`proc_pid_status(5)`).

use core::time::Duration;
use std::fs;
use std::io;
use std::string::String;

use crate::process::pid::Pid;

/// The lines of `/proc/PID/status` that concern us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The command's name, at most 15 bytes, not necessarily text that is safe to print.
    pub name: String,
    /// Whether the process has ended and only waits for its parent to notice.
    pub ended: bool,
    /// Whether it sleeps, and waits for something that can be interrupted.
    pub sleeps: bool,
    /// Whether it has given up its signals, as a thread that ends does: the masks read 0. So does a process that may have
    /// none queued (RLIMIT_SIGPENDING) and has none.
    pub released: bool,
    /// How many threads the process has.
    pub threads: u32,
    /// The process, if `pid` named one of its threads.
    pub leader: i32,
    /// Its real and effective user IDs.
    pub uid: (u32, u32),
    /// The signals that have a handler: bit `n - 1` for signal `n`.
    pub caught: u64,
    /// Those that are pending, for the process or its main thread.
    pub pending: u64,
    /// Those that the thread blocks, the main one of a process: in a handler too, the one that it handles.
    pub blocked: u64,
}

/// Reads the status of `pid`.
///
/// # Errors
/// NotFound: no such process, or `/proc` hides it. InvalidData: not the format that is documented.
pub fn status(pid: Pid) -> io::Result<Status> {
    read_status(&std::format!("/proc/{pid}/status"))
}

/// Reads the status of a thread of this process.
///
/// # Errors
/// As [`status`].
pub fn thread_status(tid: i32) -> io::Result<Status> {
    read_status(&std::format!("/proc/self/task/{tid}/status"))
}

fn read_status(path: &str) -> io::Result<Status> {
    // The name may be any bytes.
    let bytes = fs::read(path)?;
    parse(&String::from_utf8_lossy(&bytes)).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// The CPU on which `pid`'s main thread runs or ran last (`proc_pid_stat(5)`, field 39).
///
/// # Errors
/// As [`status`].
pub fn cpu(pid: Pid) -> io::Result<usize> {
    stat_field(pid, 39)?
        .parse()
        .map_err(|_| io::ErrorKind::InvalidData.into())
}

/// When `pid` began, in ticks since the machine was started (`proc_pid_stat(5)`, field 22): two processes that had the same
/// number one after the other differ in it.
///
/// # Errors
/// As [`status`].
pub fn start(pid: Pid) -> io::Result<u64> {
    let start = stat_field(pid, 22)?.parse();
    start.map_err(|_| io::ErrorKind::InvalidData.into())
}

/// How long `pid` has been running (`proc_pid_stat(5)`, field 22; `proc_uptime(5)`).
///
/// # Errors
/// As [`status`].
pub fn uptime(pid: Pid) -> io::Result<Duration> {
    // The kernel's USER_HZ, the same on every architecture that this crate builds for.
    const TICKS: u64 = 100;
    let invalid = || io::Error::from(io::ErrorKind::InvalidData);
    let start = start(pid)?;
    let uptime = read_text("/proc/uptime")?;
    // Seconds with two decimals, which makes them hundredths.
    let now = uptime
        .split_ascii_whitespace()
        .next()
        .and_then(|time| time.replace('.', "").parse::<u64>().ok());
    let ticks = now.ok_or_else(invalid)?.saturating_sub(start);
    Ok(Duration::from_millis(ticks * (1_000 / TICKS)))
}

/// The wait status of `pid`, if it has ended and its parent has not seen that yet (`proc_pid_stat(5)`, field 52).
#[must_use]
pub fn exit_status(pid: Pid) -> Option<i32> {
    let state = stat_field(pid, 3).ok()?;
    let status = stat_field(pid, 52).ok()?.parse().ok()?;
    (state == "Z").then_some(status)
}

/// Field `number` of `/proc/PID/stat`, from 3 up.
fn stat_field(pid: Pid, number: usize) -> io::Result<String> {
    let bytes = fs::read(std::format!("/proc/{pid}/stat"))?;
    let text = String::from_utf8_lossy(&bytes);
    // The command's name, in parentheses, may hold anything; the third field follows it.
    let fields = text
        .rsplit_once(')')
        .map(|(_, rest)| rest.split_ascii_whitespace());
    let field = fields.and_then(|mut fields| fields.nth(number - 3).map(String::from));
    field.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Returns how many nanoseconds of CPU time `pid`'s main thread has had, if it waits for a CPU or has been stopped; `None` if it
/// sleeps, or where the kernel does not say (`proc_pid_stat(5)`, field 3; `/proc/PID/schedstat`).
#[must_use]
pub fn run_time_if_runnable(pid: Pid) -> Option<u64> {
    let state = stat_field(pid, 3).ok()?;
    if !matches!(state.as_str(), "R" | "T" | "t") {
        return None;
    }
    let times = read_text(&std::format!("/proc/{pid}/schedstat")).ok()?;
    times.split_ascii_whitespace().next()?.parse().ok()
}

/// Whether `pid`'s main thread sleeps in a call that waits for a signal (`proc_pid_syscall(5)`, `proc_pid_wchan(5)`); `false`
/// where the kernel does not say.
#[must_use]
pub fn sleeps_for_signal(pid: Pid) -> bool {
    const CALLS: &[libc::c_long] = &[
        #[cfg(target_arch = "x86_64")]
        libc::SYS_pause,
        libc::SYS_rt_sigsuspend,
        libc::SYS_rt_sigtimedwait,
    ];
    let read = |file: &str| read_text(&std::format!("/proc/{pid}/{file}"));
    if let Ok(call) = read("syscall") {
        let number = call.split_ascii_whitespace().next();
        return number
            .and_then(|n| n.parse().ok())
            .is_some_and(|n| CALLS.contains(&n));
    }
    read("wchan").is_ok_and(|place| {
        let places = ["sigsuspend", "sigtimedwait", "pause"];
        places.iter().any(|name| place.contains(name))
    })
}

/// What identifies the program that `pid` runs: the device and the number of its file.
///
/// # Errors
/// NotFound: no such process. PermissionDenied: somebody else's.
pub fn program(pid: Pid) -> io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let file = fs::metadata(std::format!("/proc/{pid}/exe"))?;
    Ok((file.dev(), file.ino()))
}

fn parse(text: &str) -> Option<Status> {
    let field = |key: &str| {
        let mut lines = text.lines();
        lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(":\t"))
    };
    let mask = |key| u64::from_str_radix(field(key)?, 16).ok();
    let mut uids = field("Uid")?.split('\t').map(str::parse);
    Some(Status {
        uid: (uids.next()?.ok()?, uids.next()?.ok()?),
        name: field("Name")?.into(),
        ended: field("State")?.starts_with(['Z', 'X']),
        sleeps: field("State")?.starts_with('S'),
        released: field("SigQ")? == "0/0",
        threads: field("Threads")?.parse().ok()?,
        leader: field("Tgid")?.parse().ok()?,
        caught: mask("SigCgt")?,
        pending: mask("SigPnd")? | mask("ShdPnd")?,
        blocked: mask("SigBlk")?,
    })
}

/// Reads a whole file as text, with U+FFFD for what is not UTF-8.
///
/// # Errors
/// Those of `open(2)` and `read(2)`.
pub fn read_text(path: &str) -> io::Result<String> {
    let bytes = fs::read(path)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi;

    #[test]
    fn the_documented_format() {
        let text = "Name:\ta:\\tb\nUmask:\t0022\nState:\tZ (zombie)\nTgid:\t42\nUid:\t7\t8\t9\t8\nThreads:\t3\nSigQ:\t0/0\nSigPnd:\t0000000000000200\nShdPnd:\t0000000000000800\nSigBlk:\t0000000000000001\nSigCgt:\t0000000180004a02\n";
        let status = parse(text).unwrap();
        assert_eq!((status.name.as_str(), status.leader), ("a:\\tb", 42));
        assert!(status.ended && status.released);
        assert_eq!(status.threads, 3);
        assert_eq!(status.uid, (7, 8));
        assert_eq!(status.caught, 0x1_8000_4a02);
        assert_eq!((status.pending, status.blocked), (0xa00, 1));
        assert_eq!(parse("Name:\tx\n"), None);
    }

    #[test]
    fn ourselves() {
        assert!(uptime(ffi::getpid()).unwrap() < Duration::from_secs(3600));
        let us = status(ffi::getpid()).unwrap();
        assert_eq!(us.leader, ffi::getpid().get());
        assert!(!us.ended && !us.released);
    }
}
