//! Reads about processes in /proc (`proc_pid_status(5)`, `proc_pid_stat(5)`).

use core::sync::atomic::{AtomicI32, Ordering};
use core::time::Duration;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::str::SplitAsciiWhitespace;
use std::string::String;
use std::vec::Vec;

use crate::ffi;
use crate::process::pid::Pid;
use crate::signal::set::{Signal, SignalSet};

/// Holds those lines of `/proc/PID/status` that this crate uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusLines {
    /// Holds the name of the command, at most 15 bytes, which may contain control characters.
    pub name: String,
    /// Says whether the process has ended and its parent has not yet waited for it.
    pub ended: bool,
    /// Says whether the process sleeps in a call that a signal can interrupt.
    pub sleeps: bool,
    /// How often the process has given up its CPU to wait (`voluntary_ctxt_switches`); 0 if the kernel does not tell.
    pub waits: u64,
    /// Says whether `SigQ` reads 0/0, as in a thread that is ending, whose masks read 0.
    ///
    /// Also in a process whose limit on queued signals is 0 (RLIMIT_SIGPENDING) and that has none queued.
    pub released: bool,
    /// Gives the number of threads of the process.
    pub threads: u32,
    /// Identifies the process, also in the status of one of its threads.
    pub leader: i32,
    /// Holds the real and effective user IDs.
    pub uid: (u32, u32),
    /// Holds the mask of signals that have a handler: bit `n - 1` for signal `n`.
    pub caught: u64,
    /// Holds the mask of signals that are pending for the process or its main thread.
    pub pending: u64,
    /// Holds the mask of signals that the thread blocks, in a handler also the handled one; for a process its main thread's.
    pub blocked: u64,
}

impl StatusLines {
    /// Returns whether `signal` has a handler.
    pub const fn handles(&self, signal: Signal) -> bool {
        self.caught & signal.mask() != 0
    }
}

/// Checks that `/proc` shows the processes of this PID namespace (`proc(5)`); in another one, a PID is another process's.
///
/// A process looks once: a success holds for its PID, so a child in a namespace of its own looks again.
///
/// # Errors
/// Unsupported: it does not, or is not mounted.
pub fn check_mount() -> io::Result<()> {
    static SHOWN: AtomicI32 = AtomicI32::new(0);
    let own = ffi::getpid();
    // Ordering: Relaxed, because the number alone is read; it publishes nothing.
    if SHOWN.load(Ordering::Relaxed) == own.get() {
        return Ok(());
    }
    match fs::read_link("/proc/self") {
        Ok(path) if path.to_str().map(Pid::parse) == Some(Ok(own)) => {
            // Ordering: Relaxed, as for the load above.
            SHOWN.store(own.get(), Ordering::Relaxed);
            return Ok(());
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        // A filter of system calls may deny this call alone.
        Err(_) => return Ok(()),
    }
    let text = "/proc is not mounted, or shows another PID namespace";
    Err(io::Error::new(io::ErrorKind::Unsupported, text))
}

/// Reads the status of the process `pid`.
///
/// # Errors
/// NotFound: no such process, or `/proc` hides it. InvalidData: the file does not have the documented format. Those of
/// [`check_mount`].
pub fn status(pid: Pid) -> io::Result<StatusLines> {
    check_mount()?;
    with_text(&std::format!("/proc/{pid}/status"), parse)
}

/// Reads the status of a thread of this process.
pub fn thread_status(tid: i32) -> io::Result<StatusLines> {
    with_text(&std::format!("/proc/self/task/{tid}/status"), parse)
}

/// Returns the CPU on which the main thread of `pid` runs or last ran (`proc_pid_stat(5)`, field 39).
pub fn cpu(pid: Pid) -> io::Result<usize> {
    stat(pid, |fields| fields.nth(39 - 3)?.parse().ok())
}

/// Returns the start time of `pid` in clock ticks since boot (`proc_pid_stat(5)`, field 22).
///
/// A later process of the same PID has another start time.
pub fn start(pid: Pid) -> io::Result<u64> {
    stat(pid, |fields| fields.nth(22 - 3)?.parse().ok())
}

/// Returns how long ago `pid` was started (`proc_pid_stat(5)`, field 22; `proc_uptime(5)`).
pub fn uptime(pid: Pid) -> io::Result<Duration> {
    // The kernel's USER_HZ, the same on every supported architecture.
    const TICKS: u64 = 100;
    let start = start(pid)?;
    // The file has seconds with two decimals; without the point they are hundredths.
    let now = with_text("/proc/uptime", |text| {
        let time = text.split_ascii_whitespace().next()?;
        time.replace('.', "").parse::<u64>().ok()
    })?;
    let ticks = now.saturating_sub(start);
    Ok(Duration::from_millis(ticks * (1_000 / TICKS)))
}

/// Returns the wait status of `pid` if it is a zombie (`proc_pid_stat(5)`, field 52).
pub fn exit_status(pid: Pid) -> Option<i32> {
    let status = stat(pid, |fields| {
        let is_zombie = fields.next()? == "Z";
        fields.nth(52 - 4)?.parse().ok().filter(|_| is_zombie)
    });
    status.ok()
}

/// Returns what `parse` makes of the fields of `/proc/PID/stat`, the third first.
fn stat<T>(
    pid: Pid,
    parse: impl FnOnce(&mut SplitAsciiWhitespace<'_>) -> Option<T>,
) -> io::Result<T> {
    with_text(&std::format!("/proc/{pid}/stat"), |text| {
        // The name of the command, in parentheses, may contain any bytes; the third field follows it.
        parse(&mut text.rsplit_once(')')?.1.split_ascii_whitespace())
    })
}

/// Returns whether `pid` is stopped, by a signal or a debugger (`proc_pid_stat(5)`, field 3); `false` if that cannot be read.
pub fn is_stopped(pid: Pid) -> bool {
    stat(pid, |fields| Some(matches!(fields.next()?, "T" | "t"))).unwrap_or(false)
}

/// Returns the nanoseconds of CPU time of the main thread of `pid` if it is runnable or stopped (`/proc/PID/schedstat`).
///
/// `None` if it sleeps, or if the kernel does not tell (`proc_pid_stat(5)`, field 3).
pub fn run_time_if_runnable(pid: Pid) -> Option<u64> {
    stat(pid, |fields| {
        matches!(fields.next()?, "R" | "T" | "t").then_some(())
    })
    .ok()?;
    let time = with_text(&std::format!("/proc/{pid}/schedstat"), |times| {
        times.split_ascii_whitespace().next()?.parse().ok()
    });
    time.ok()
}

/// Returns whether the main thread of `pid` sleeps, so that a signal would wake it (`proc_pid_stat(5)`, field 3); `false` if that
/// cannot be read.
///
/// The call of a stopped process is shown too, but the process cannot take a signal.
pub fn sleeps(pid: Pid) -> bool {
    stat(pid, |fields| Some(fields.next()? == "S")).unwrap_or(false)
}

/// Returns whether SIGALRM has a handler in `pid`, so that a timer may end its wait, if its main thread sleeps in a call that waits
/// for a signal (`proc_pid_syscall(5)`, `proc_pid_wchan(5)`); `None` if it does not, or if the kernel does not tell.
pub fn handles_alarm_in_wait(pid: Pid) -> Option<bool> {
    let is_in_call = with_text(&std::format!("/proc/{pid}/syscall"), |call| {
        let number = call.split_ascii_whitespace().next();
        let number = number.and_then(|n| n.parse::<libc::c_long>().ok());
        Some(number.is_some_and(|n| match n {
            #[cfg(target_arch = "x86_64")]
            libc::SYS_pause => true,
            libc::SYS_rt_sigsuspend | libc::SYS_rt_sigtimedwait => true,
            _ => false,
        }))
    });
    let is_in_call = is_in_call.or_else(|_| {
        with_text(&std::format!("/proc/{pid}/wchan"), |place| {
            // `str::contains` would be 2 KB of the smallest build.
            let has = |name: &str| {
                let mut parts = place.as_bytes().windows(name.len());
                parts.any(|part| part == name.as_bytes())
            };
            Some(has("sigsuspend") || has("sigtimedwait") || has("pause"))
        })
    });
    let status = is_in_call.unwrap_or(false).then(|| status(pid).ok())??;
    status.sleeps.then(|| status.handles(Signal::ALRM))
}

/// Returns the mask of signals that the main thread of `pid` takes without a handler: those for which it sleeps in a wait, and those
/// that it blocks and has a `signalfd(2)` for. `blocked` is the mask of signals that it blocks.
pub fn taken(pid: Pid, blocked: u64) -> u64 {
    let by_descriptor = match blocked & SignalSet::BITS.mask() {
        0 => 0,
        wanted => wanted & signalfds(pid),
    };
    waited_for(pid) | by_descriptor
}

/// Returns the masks of all `signalfd(2)` of `pid` together (`proc_pid_fdinfo(5)`); 0 if the kernel does not tell.
fn signalfds(pid: Pid) -> u64 {
    let directory = std::format!("/proc/{pid}/fdinfo");
    let masks = fs::read_dir(directory).into_iter().flatten().flatten();
    let masks = masks.filter_map(|entry| {
        let text = fs::read_to_string(entry.path()).ok()?;
        let mask = text
            .lines()
            .find_map(|line| line.strip_prefix("sigmask:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    });
    masks.fold(0, |all, mask| all | mask)
}

/// Returns the mask of signals for which the main thread of `pid` sleeps in `rt_sigtimedwait(2)`; 0 if the kernel does not tell.
///
/// While it sleeps there, `SigBlk` does not have them. Their mask is in the memory of the process (`proc_pid_mem(5)`).
fn waited_for(pid: Pid) -> u64 {
    let address = with_text(&std::format!("/proc/{pid}/syscall"), |call| {
        let mut words = call.split_ascii_whitespace();
        let number: libc::c_long = words.next()?.parse().ok()?;
        let address = words.next()?.strip_prefix("0x")?;
        let address = u64::from_str_radix(address, 16).ok();
        address.filter(|_| number == libc::SYS_rt_sigtimedwait)
    });
    let mask = address.and_then(|address| {
        let mut mask = [0; 8];
        File::open(std::format!("/proc/{pid}/mem"))?.read_exact_at(&mut mask, address)?;
        Ok(u64::from_ne_bytes(mask))
    });
    mask.unwrap_or(0)
}

/// Returns the processes that have `pid` as an argument, as a client of a server that publishes it, and wait.
///
/// They handle SIGUSR1 or SIGUSR2, and sleep. Those of minitalk's own protocol, which
/// repeat what was lost, are left out.
pub fn waiting_with_argument(pid: Pid) -> Vec<Pid> {
    let argument = std::format!("{pid}");
    let has_argument = |other: &Pid| {
        let is_in = |line: &[u8]| {
            let mut arguments = line.split(|byte| *byte == 0).skip(1);
            arguments.any(|word| word == argument.as_bytes())
        };
        let mut has = false;
        let path = std::format!("/proc/{other}/cmdline");
        with_file(&path, &mut |line| has = is_in(line)).is_ok() && has
    };
    let waits = |other: &Pid| {
        let is_client = |status: StatusLines| {
            let mut bits = SignalSet::BITS.iter();
            bits.any(|bit| status.handles(bit)) && !status.handles(Signal::WORD)
        };
        status(*other).is_ok_and(is_client) && sleeps(*other)
    };
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| Pid::parse(entry.file_name().to_str()?).ok());
    pids.filter(has_argument).filter(waits).collect()
}

/// Identifies the program that a process runs, by device and inode number of its executable file. The upper halves are those of
/// its script, if it has one. Larger numbers than 32 bits can only make two programs look like one.
pub type Program = (u64, u64);

/// Returns what `pid` runs: its executable file (`/proc/PID/exe`), and the file that its first argument names, options apart.
///
/// # Errors
/// NotFound: no such process. PermissionDenied: a process of another user.
pub fn program(pid: Pid) -> io::Result<Program> {
    let (mut device, mut inode) = executable(pid)?;
    let mut line = [0; 4096];
    let line = beginning(&std::format!("/proc/{pid}/cmdline"), &mut line);
    let mut arguments = line.split(|byte| *byte == 0).skip(1);
    let name = arguments.find(|word| !word.starts_with(b"-"));
    let name = name.unwrap_or_default();
    let base = if name.starts_with(b"/") {
        "root"
    } else {
        "cwd/"
    };
    let mut path = std::format!("/proc/{pid}/{base}").into_bytes();
    path.extend_from_slice(name);
    let file = fs::metadata(OsStr::from_bytes(&path)).ok();
    if let Some(script) = file.filter(fs::Metadata::is_file) {
        device ^= script.dev().rotate_left(32);
        inode ^= script.ino().rotate_left(32);
    }
    Ok((device, inode))
}

/// Returns whether `pid` runs the executable file of this process.
pub fn runs_this_program(pid: Pid) -> bool {
    executable(pid).is_ok_and(|theirs| executable(Pid::current()).is_ok_and(|ours| ours == theirs))
}

/// Returns device and inode of the executable file.
fn executable(pid: Pid) -> io::Result<(u64, u64)> {
    let file = fs::metadata(std::format!("/proc/{pid}/exe"))?;
    Ok((file.dev(), file.ino()))
}

/// Returns whether `pid` runs a Go program: a note of Go's linker stands at the beginning of its executable file (elf(5)).
pub fn is_go(pid: Pid) -> bool {
    let mut head = [0; 4096];
    let head = beginning(&std::format!("/proc/{pid}/exe"), &mut head);
    // The type of the note and its name.
    let note = [4u32.to_ne_bytes(), *b"Go\0\0"];
    head.windows(8).any(|bytes| bytes == note.as_flattened())
}

/// Returns the first 4,096 bytes of a file, or zeros instead: the arguments of a process may be many.
fn beginning<'b>(path: &str, bytes: &'b mut [u8; 4096]) -> &'b [u8] {
    let _ = File::open(path).and_then(|file| file.read_at(bytes, 0));
    bytes
}

/// Parses the lines, which Linux shows in this order (`proc_pid_status` in its `fs/proc/array.c`).
fn parse(text: &str) -> Option<StatusLines> {
    let mut lines = text.lines();
    let mut field = |key: &str| lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(":\t"));
    let name = field("Name")?.into();
    let state = field("State")?;
    let leader = field("Tgid")?.parse().ok()?;
    let mut uids = field("Uid")?.split('\t').map(str::parse);
    let uid = (uids.next()?.ok()?, uids.next()?.ok()?);
    let threads = field("Threads")?.parse().ok()?;
    let released = field("SigQ")? == "0/0";
    let mut mask = |key| u64::from_str_radix(field(key)?, 16).ok();
    let pending = mask("SigPnd")? | mask("ShdPnd")?;
    let (blocked, caught) = (mask("SigBlk")?, mask("SigCgt")?);
    let waits = field("voluntary_ctxt_switches").and_then(|count| count.parse().ok());
    Some(StatusLines {
        name,
        ended: state.starts_with(['Z', 'X']),
        sleeps: state.starts_with('S'),
        waits: waits.unwrap_or(0),
        released,
        threads,
        leader,
        uid,
        caught,
        pending,
        blocked,
    })
}

/// Reads a whole file as text, with U+FFFD in place of invalid UTF-8.
pub fn read_text(path: &str) -> io::Result<String> {
    with_text(path, |text| Some(text.into()))
}

/// Returns what `parse` makes of the text of a file; the name of a command in it need not be UTF-8.
fn with_text<T>(path: &str, parse: impl FnOnce(&str) -> Option<T>) -> io::Result<T> {
    let (mut parse, mut parsed) = (Some(parse), None);
    with_file(path, &mut |bytes| {
        parsed = parse
            .take()
            .and_then(|parse| parse(&String::from_utf8_lossy(bytes)));
    })?;
    parsed.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Calls `parse` with the content of a file, in three system calls if it is short.
///
/// A read that does not fill the buffer is the last: the kernel renders a file of a process when it is read (`seq_file`).
fn with_file(path: &str, parse: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mut buffer = [0; 4096];
    let len = loop {
        match file.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            len => break len?,
        }
    };
    if len < buffer.len() {
        parse(&buffer[..len]);
        return Ok(());
    }
    // The arguments of a process, or the groups of a user, may be many.
    let mut bytes = buffer.to_vec();
    file.read_to_end(&mut bytes)?;
    parse(&bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::borrow::ToOwned;

    use super::*;

    #[test]
    fn a_signal_that_is_only_blocked_is_not_taken() {
        assert_eq!(taken(ffi::getpid(), SignalSet::BITS.mask()), 0);
    }

    #[test]
    fn a_sleep_that_is_not_for_signals_takes_none() {
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            tell.send(ffi::gettid()).unwrap();
            loop {
                std::thread::park();
            }
        });
        let tid = Pid::new(told.recv().unwrap()).unwrap();
        let path = std::format!("/proc/{tid}/syscall");
        let futex = std::format!("{} ", libc::SYS_futex);
        while !read_text(&path).unwrap().starts_with(&futex) {
            std::thread::yield_now();
        }
        // The call's first argument is the address of a word, here of one with all bits set, as that of a mask of signals would be.
        assert_eq!(taken(tid, 0), 0);
    }

    #[test]
    fn a_program_is_its_executable_file_and_the_script_that_its_first_argument_names() {
        use std::process::{Command, Stdio};
        let run = |args: &[&str]| {
            let mut cat = Command::new("cat");
            let cat = cat.args(args).current_dir("/proc/self");
            let cat = cat.stdin(Stdio::piped()).stdout(Stdio::null());
            let mut cat = cat.spawn().unwrap();
            let pid = Pid::new(cat.id().cast_signed()).unwrap();
            // The arguments are shown a moment after the file is executed.
            while read_text(&std::format!("/proc/{pid}/cmdline"))
                .unwrap()
                .is_empty()
            {
                std::thread::yield_now();
            }
            let program = program(pid).unwrap();
            drop(cat.stdin.take());
            cat.wait().unwrap();
            program
        };
        let [plain, option, script, absolute] = [
            run(&[]),
            run(&["-u"]),
            run(&["-u", "/etc/passwd", "-"]),
            run(&["../../etc/passwd", "-"]),
        ];
        assert_eq!((option, absolute), (plain, script));
        assert_ne!(script, plain);
        assert!(!is_go(ffi::getpid()));
    }

    #[test]
    fn a_status_in_the_documented_format_is_parsed() {
        let text = "Name:\ta:\\tb\nUmask:\t0022\nState:\tZ (zombie)\nTgid:\t42\nUid:\t7\t8\t9\t8\nThreads:\t3\nSigQ:\t0/0\nSigPnd:\t0000000000000200\nShdPnd:\t0000000000000800\nSigBlk:\t0000000000000001\nSigCgt:\t0000000180004a02\nvoluntary_ctxt_switches:\t12\n";
        let status = parse(text).unwrap();
        assert_eq!((status.name.as_str(), status.leader), ("a:\\tb", 42));
        assert!(status.ended && status.released);
        assert_eq!((status.threads, status.waits), (3, 12));
        assert_eq!(status.uid, (7, 8));
        assert_eq!(status.caught, 0x1_8000_4a02);
        assert_eq!((status.pending, status.blocked), (0xa00, 1));
        assert_eq!(parse("Name:\tx\n"), None);
    }

    #[test]
    fn this_process_has_a_status_and_an_uptime() {
        assert!(uptime(ffi::getpid()).unwrap() < Duration::from_secs(3600));
        let us = status(ffi::getpid()).unwrap();
        assert_eq!(us.leader, ffi::getpid().get());
        assert!(!us.ended && !us.released);
    }

    #[test]
    fn a_file_longer_than_the_buffer_is_read_whole() {
        let mut sleep = std::process::Command::new("sleep");
        let mut child = sleep.arg("3600").args(["0"; 4000]).spawn().unwrap();
        let path = std::format!("/proc/{}/cmdline", child.id());
        // It is empty until the kernel has set up the program.
        let line = loop {
            let line = read_text(&path).unwrap();
            if !line.is_empty() {
                break line;
            }
        };
        assert!(line == "sleep\x003600\0".to_owned() + &"0\0".repeat(4000));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
