//! `cargo xtask footprint`: measures size on disk, memory, and the time until a server takes its first bit.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{ChildStderr, ChildStdout, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};

use crate::child::Child;
use crate::{failed, no_arguments, output, product};

const USAGE: &str = "\
usage: cargo xtask footprint

Measures the release binary and the smallest one, and prints a table. Exit code 1 if a stripped program, or the memory of a
server, exceeds its limit. Times have no limit, because a busy machine makes them longer: compare them with the time of true(1),
measured alternately with them. Times are medians of 25 rounds. Resident memory is the least of 9 servers, since the kernel maps
more or fewer pages of the program and its libraries than a server needs; what is not mapped from files is their median.
";

/// Limits in bytes; KB and MB are 1,000 and 1,000,000 bytes.
const MOST_ON_DISK: u64 = 1_250_000;
const MOST_OF_SMALLEST: u64 = 700_000;
const MOST_STATIC: u64 = 800_000;
/// 3 MiB, of which half is the C library.
const MOST_IN_MEMORY: u64 = 3 << 20;
/// Of that, the stacks, the heap and written data, which the program itself allocates. They differ little between servers.
const MOST_ANONYMOUS: u64 = 300_000;

/// The number of measurements. Around each page that is needed the kernel maps those that it has at hand (fault-around, 64 KB
/// at most), by where the file came to lie. So the least of some servers is nearest to their need.
const ROUNDS: usize = 25;
const SERVERS: usize = 9;

/// How long a server may take to print a line.
const PATIENCE: Duration = Duration::from_secs(300);

/// A measured size and its limit.
struct Size {
    what: &'static str,
    bytes: u64,
    limit: u64,
}

/// Measured times, each a median.
struct Times {
    ready: Duration,
    first_bit: Duration,
    nothing: Duration,
    /// The same as `ready`, for the static build.
    ready_static: Option<Duration>,
}

/// Runs the command with its arguments.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    if let Some(exit) = no_arguments("footprint", USAGE, arguments) {
        return exit;
    }
    match measure() {
        Ok((sizes, times)) => {
            print!("{}", table(&sizes, &times));
            let too_large = too_large(&sizes);
            for size in &too_large {
                let (what, bytes, limit) = (size.what, size.bytes, size.limit);
                eprintln!("footprint: {what}: {bytes} bytes are more than {limit}");
            }
            if too_large.is_empty() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            eprintln!("footprint: {error}");
            ExitCode::from(2)
        }
    }
}

fn measure() -> Result<(Vec<Size>, Times), String> {
    let program = stripped(&product::build()?)?;
    let smallest = stripped(&product::build_small()?)?;
    // The smallest build must also deliver a message.
    memory(&smallest)?;
    let (mut idle, mut peak, mut anonymous) = (vec![], vec![], vec![]);
    for _ in 0..SERVERS {
        let memory = memory(&program)?;
        idle.push(memory.idle);
        peak.push(memory.peak);
        anonymous.push(memory.anonymous);
    }
    let (idle, peak) = (least(&idle), least(&peak));
    let mut sizes = vec![
        ("the program, stripped", length(&program)?, MOST_ON_DISK),
        (
            "the smallest build, stripped",
            length(&smallest)?,
            MOST_OF_SMALLEST,
        ),
        ("memory of an idle server", idle, MOST_IN_MEMORY),
        (
            "its maximum by the end of a message of 1 KB",
            peak,
            MOST_IN_MEMORY,
        ),
        (
            "of that, what is not mapped from files",
            median(anonymous),
            MOST_ANONYMOUS,
        ),
    ];
    let mut times = times(&program)?;
    match product::build_small_static()? {
        None => eprintln!(
            "footprint: SKIPPED: musl (rustup target add {})",
            product::MUSL
        ),
        Some(fixed) => {
            // It is already stripped, and must also deliver a message.
            let idle = memory(&fixed)?.idle;
            sizes.push((
                "the smallest build, static with musl",
                length(&fixed)?,
                MOST_STATIC,
            ));
            sizes.push((
                "memory of an idle server of that build",
                idle,
                MOST_IN_MEMORY,
            ));
            times.ready_static = Some(median_of_starts(&fixed)?);
        }
    }
    let size = |(what, bytes, limit)| Size { what, bytes, limit };
    Ok((sizes.into_iter().map(size).collect(), times))
}

fn length(program: &Path) -> Result<u64, String> {
    let metadata = std::fs::metadata(program);
    let error = failed("read the size of", program);
    metadata.map(|data| data.len()).map_err(error)
}

/// Returns a copy of the program without symbols and line tables, which only the audit needs.
fn stripped(binary: &Path) -> Result<PathBuf, String> {
    let copy = binary.with_file_name("minitalk.stripped");
    output(Command::new("strip").arg("-o").arg(&copy).arg(binary))?;
    Ok(copy)
}

/// Resident memory of a server, in bytes (`proc_pid_status(5)`).
struct Memory {
    idle: u64,
    /// The maximum by the end of a message.
    peak: u64,
    /// The memory that is not mapped from files, after that message.
    anonymous: u64,
}

fn memory(program: &Path) -> Result<Memory, String> {
    let mut server = Server::start(program, &[])?;
    server.wait_for_pid()?;
    let idle = server.status("VmRSS:")?;
    let mut send = Command::new(program);
    send.args(["send", &server.child.id().to_string(), &"m".repeat(1_000)]);
    let status = send.stdin(Stdio::null()).status();
    if !status.is_ok_and(|status| status.success()) {
        return Err("a message to the server was not delivered".into());
    }
    let peak = server.status("VmHWM:")?;
    let anonymous = server.status("RssAnon:")?;
    server.stop()?;
    Ok(Memory {
        idle,
        peak,
        anonymous,
    })
}

fn times(program: &Path) -> Result<Times, String> {
    let (mut ready, mut first_bit, mut nothing) = (vec![], vec![], vec![]);
    // Measured round by round, so that other load affects all of them equally.
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let status = Command::new("true").status();
        nothing.push(start.elapsed());
        if !status.is_ok_and(|status| status.success()) {
            return Err("cannot run true".into());
        }
        let (at_pid, at_bit) = start_to_first_bit(program)?;
        ready.push(at_pid);
        first_bit.push(at_bit);
    }
    Ok(Times {
        ready: median(ready),
        first_bit: median(first_bit),
        nothing: median(nothing),
        ready_static: None,
    })
}

/// Returns the median time from the start of a server until it prints its PID.
fn median_of_starts(program: &Path) -> Result<Duration, String> {
    let starts = (0..ROUNDS).map(|_| start_to_first_bit(program).map(|(ready, _)| ready));
    starts.collect::<Result<Vec<_>, _>>().map(median)
}

/// Returns the time from the start of a server until it prints its PID, and until it reports a SIGUSR1 sent after that as a
/// bit.
///
/// Both include the time to read the report, so that the server itself is faster.
fn start_to_first_bit(program: &Path) -> Result<(Duration, Duration), String> {
    let start = Instant::now();
    // A dialect without answers, because this process does not handle them.
    let options = ["--trace", "-v", "--dialect", "ack=none"];
    let mut server = Server::start(program, &options)?;
    server.wait_for_pid()?;
    let ready = start.elapsed();
    server.signal(Signal::USR1)?;
    let report = line(&mut server.stderr)?;
    let first_bit = start.elapsed();
    if !report.contains("USR1") {
        return Err(format!("the server reports no bit: {report}"));
    }
    server.stop()?;
    Ok((ready, first_bit))
}

/// A server, which ends when this is dropped.
struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
}

impl Server {
    fn start(program: &Path, options: &[&str]) -> Result<Self, String> {
        let mut command = Command::new(program);
        command
            .arg("serve")
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = Child::spawn(&mut command).map_err(|error| error.to_string())?;
        match (child.take_stdout(), child.take_stderr()) {
            (Some(stdout), Some(stderr)) => Ok(Self {
                child,
                stdout: BufReader::new(stdout),
                stderr: BufReader::new(stderr),
            }),
            _ => Err("a server without output".into()),
        }
    }

    /// Waits until the server prints its PID: its handlers are installed by then.
    fn wait_for_pid(&mut self) -> Result<(), String> {
        let said = line(&mut self.stdout)?;
        if said == format!("PID {}\n", self.child.id()) {
            Ok(())
        } else {
            Err(format!("the server does not print its PID: {said}"))
        }
    }

    /// Returns a size in `/proc/PID/status`, in bytes.
    fn status(&self, name: &str) -> Result<u64, String> {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(&path).map_err(failed("read", path.as_ref()))?;
        bytes(&text, name).ok_or_else(|| format!("{path} has no {name}"))
    }

    fn signal(&self, signal: Signal) -> Result<(), String> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.ok_or("the kernel gave it no PID")?, signal)
            .map_err(|error| format!("cannot signal the server: {error}"))
    }

    fn stop(self) -> Result<(), String> {
        self.signal(Signal::TERM)?;
        match self.child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("the server ended with {status}")),
            Err(error) => Err(format!("cannot wait for the server: {error}")),
        }
    }
}

/// Reads the next line. A server writes a line at once, so that only its beginning must be waited for.
fn line<R: std::io::Read + std::os::fd::AsFd>(reader: &mut BufReader<R>) -> Result<String, String> {
    let patience = Timespec::try_from(PATIENCE).map_err(|error| error.to_string())?;
    let mut line = String::new();
    if reader.buffer().is_empty() {
        let mut wanted = [PollFd::new(reader.get_ref(), PollFlags::IN)];
        match poll(&mut wanted, Some(&patience)) {
            Ok(0) => return Err("the server prints nothing".into()),
            Ok(_) => {}
            Err(error) => return Err(format!("cannot wait for the server: {error}")),
        }
    }
    match reader.read_line(&mut line) {
        Ok(_) => Ok(line),
        Err(error) => Err(format!("cannot read the output of the server: {error}")),
    }
}

/// Parses the size in the line of a `/proc/PID/status` that begins with `name`.
fn bytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    // The kernel writes kB for 1,024 bytes.
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1_024)
}

fn least(values: &[u64]) -> u64 {
    *values.iter().min().expect("some were measured")
}

fn median<T: Ord + Copy>(mut values: Vec<T>) -> T {
    values.sort_unstable();
    values[values.len() / 2]
}

fn too_large(sizes: &[Size]) -> Vec<&Size> {
    sizes
        .iter()
        .filter(|size| size.bytes > size.limit)
        .collect()
}

fn table(sizes: &[Size], times: &Times) -> String {
    let mut text = String::from("| what | measured | at most |\n| --- | --- | --- |\n");
    for size in sizes {
        let (what, measured, limit) = (size.what, unit(size.bytes), unit(size.limit));
        text += &format!("| {what} | {measured} | {limit} |\n");
    }
    let mut rows = vec![
        (
            "from its start until a server has printed its PID",
            times.ready,
        ),
        (
            "from its start until it has taken the first bit",
            times.first_bit,
        ),
        (
            "for comparison, from the start to the end of `true`",
            times.nothing,
        ),
    ];
    if let Some(time) = times.ready_static {
        rows.push(("as the first of these, static with musl", time));
    }
    for (what, time) in rows {
        let (ms, ratio) = (time.as_secs_f64() * 1e3, ratio(time, times.nothing));
        text += &format!("| {what} | {ms:.2} ms, {ratio:.1}x | |\n");
    }
    text
}

fn ratio(time: Duration, to: Duration) -> f64 {
    time.as_secs_f64() / to.as_secs_f64()
}

fn unit(bytes: u64) -> String {
    match bytes {
        1_000_000.. => format!("{:.2} MB", bytes as f64 / 1e6),
        _ => format!("{:.0} KB", bytes as f64 / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_more_than_the_limit_is_too_large() {
        let of = |bytes| Size {
            what: "something",
            bytes,
            limit: 3_000_000,
        };
        assert!(too_large(&[of(2_999_999), of(3_000_000)]).is_empty());
        let sizes = [of(3_000_000), of(3_000_001)];
        let found: Vec<_> = too_large(&sizes).iter().map(|size| size.bytes).collect();
        assert_eq!(found, [3_000_001]);
    }

    #[test]
    fn sizes_are_read_as_the_kernel_means_them() {
        let status = "Name:\tminitalk\nVmHWM:\t    2800 kB\nVmRSS:\t    2664 kB\nThreads:\t2\n";
        assert_eq!(bytes(status, "VmRSS:"), Some(2_727_936));
        assert_eq!(bytes(status, "VmHWM:"), Some(2_867_200));
        assert_eq!(bytes(status, "VmSwap:"), None);
        assert_eq!(bytes(status, "Threads:"), None);
    }

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        assert_eq!(median(vec![9, 1, 5]), 5);
    }
}
