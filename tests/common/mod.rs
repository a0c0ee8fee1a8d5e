//! Shared by the process tests: children that are always reaped, a watchdog, and the helper programs in C.
#![allow(dead_code, unused_imports, unused_macros, missing_docs)] // each test binary uses its part

mod cases;
pub mod child;
mod circumstances;
mod files;
mod watch;

use std::borrow::BorrowMut;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{PipeReader, PipeWriter, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, ExitStatus, Output, Stdio};
use std::sync::{Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use child::{Child, Transcript};

pub(crate) use cases::*;
pub use circumstances::*;
pub use files::*;
pub use watch::*;

/// How long a test may take before its children are killed and it fails.
///
/// It only ends tests that hang: they must also pass on a quarter of a busy CPU.
pub const WATCHDOG: Duration = Duration::from_secs(900);

/// The timeout, in seconds, of a client that must not give up: no machine delays an answer for so long.
pub const PATIENT: &str = "120";

pub const MINITALK: &str = env!("CARGO_BIN_EXE_minitalk");

/// Returns a `minitalk` command with these arguments.
///
/// A client without a `--timeout` gets a long one: the default of 5 s can pass before its server gets a CPU.
pub fn minitalk<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(MINITALK);
    let mut args = args.into_iter();
    let name = args.next();
    let args: Vec<S> = args.collect();
    command.args(&name);
    let is = |arg: &S, wanted| arg.as_ref() == OsStr::new(wanted);
    if name.is_some_and(|name| is(&name, "send")) && !args.iter().any(|arg| is(arg, "--timeout")) {
        command.args(["--timeout", PATIENT]);
    }
    command.args(args).stdin(Stdio::null());
    command
}

/// Runs a command to its end, feeding it `stdin`.
pub fn run_with(mut command: Command, stdin: &[u8]) -> Output {
    Process::spawn_fed(&mut command, stdin.to_vec()).output()
}

/// Runs a command to its end.
pub fn run(mut command: impl BorrowMut<Command>) -> Output {
    Process::spawn(command.borrow_mut()).output()
}

/// The lanes that a message can take.
pub const LANES: [&str; 2] = ["bit", "word"];

/// Sends `message` to the server `pid` and asserts that it was delivered.
pub fn deliver(pid: i32, message: &[u8]) {
    deliver_by("auto", pid, message);
}

/// Sends `message` by this lane and asserts that it was delivered.
pub fn deliver_by(lane: &str, pid: i32, message: &[u8]) {
    let output = run_with(
        minitalk(["send", "--lane", lane, &pid.to_string()]),
        message,
    );
    assert_success(&output);
    assert_eq!(output.stderr, b"", "silent on success");
}

pub fn assert_success(output: &Output) {
    assert!(output.status.success(), "{output:?}");
}

/// Runs `minitalk send` with these arguments to its end.
pub fn send(args: &[&str]) -> Output {
    run(minitalk([&["send"], args].concat()))
}

/// Returns a shell that runs a script, in which `$0` is the program.
pub fn shell(script: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", script, MINITALK]);
    shell
}

/// Starts a client, ours or another program, with a text.
pub fn start_client(command: &mut Command, server: i32, text: &[u8]) -> Process {
    command
        .arg(server.to_string())
        .arg(OsStr::from_bytes(text))
        .stdin(Stdio::null());
    Process::spawn(command)
}

pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Gives SIGINT and SIGQUIT their default action, here and so in the children: a shell without job control has what it starts
/// in the background ignore them.
fn undo_background() {
    for signal in [libc::SIGINT, libc::SIGQUIT] {
        // SAFETY: SIG_DFL is a disposition and no function, so nothing is ever called.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// A child whose output is collected, killed when the test ends or when its watchdog fires.
pub struct Process {
    child: Child,
    pid: i32,
    stdout: Transcript,
    stderr: Transcript,
    watchdog: Option<Watchdog>,
}

impl Process {
    pub fn spawn(command: &mut Command) -> Self {
        Self::start(
            command.stdout(Stdio::piped()).stderr(Stdio::piped()),
            WATCHDOG,
        )
    }

    /// Starts a command with these bytes on its standard input.
    pub fn spawn_fed(command: &mut Command, stdin: Vec<u8>) -> Self {
        let process = Self::spawn(command.stdin(Stdio::piped()));
        let mut pipe = process.take_stdin();
        // Ends with the child at the latest, by a broken pipe.
        thread::spawn(move || drop(pipe.write_all(&stdin)));
        process
    }

    /// Starts a command that keeps the standard output that it already has.
    pub fn spawn_with_own_stdout(command: &mut Command) -> Self {
        Self::spawn_for(WATCHDOG, command)
    }

    /// Starts a command that keeps the standard output and the standard error that it already has.
    pub fn spawn_with_own_stderr(command: &mut Command) -> Self {
        Self::start(command, WATCHDOG)
    }

    /// Starts a command that keeps its standard output and may run for `limit`, longer than a test.
    pub fn spawn_for(limit: Duration, command: &mut Command) -> Self {
        Self::start(command.stderr(Stdio::piped()), limit)
    }

    fn start(command: &mut Command, limit: Duration) -> Self {
        undo_background();
        let child = Child::spawn(command).unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        Self {
            stdout: Transcript::read(child.take_stdout()),
            stderr: Transcript::read(child.take_stderr()),
            child,
            pid,
            watchdog: Some(Watchdog::start(pid, limit)),
        }
    }

    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Takes its standard input, which must be a pipe.
    pub fn take_stdin(&self) -> ChildStdin {
        self.child.take_stdin().unwrap()
    }

    pub fn stdout(&self) -> Vec<u8> {
        self.stdout.bytes()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr.bytes()).into_owned()
    }

    /// Waits until the output on stdout satisfies `wanted`.
    pub fn wait_stdout(&self, wanted: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let found = self.stdout.wait_within(WATCHDOG, wanted);
        let bytes = self.stdout();
        assert!(
            found,
            "unexpected stdout: {:?}",
            String::from_utf8_lossy(&bytes)
        );
        bytes
    }

    /// Waits until stderr contains `text`.
    pub fn wait_stderr(&self, text: &str) {
        let contains = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(text);
        let found = self.stderr.wait_within(WATCHDOG, contains);
        assert!(found, "{text:?} is not in stderr: {}", self.stderr());
    }

    pub fn is_running(&self) -> bool {
        self.child.is_running()
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        let status = self.child.wait().unwrap();
        let has_fired = self.watchdog.take().is_some_and(Watchdog::cancel);
        assert!(!has_fired, "the watchdog killed PID {}", self.pid);
        status
    }

    pub fn output(mut self) -> Output {
        let status = self.wait();
        let all = |transcript: &Transcript| transcript.complete_within(WATCHDOG);
        Output {
            status,
            stdout: all(&self.stdout).expect("nothing else holds its stdout open"),
            stderr: all(&self.stderr).expect("nothing else holds its stderr open"),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill();
        self.watchdog.take();
    }
}

/// A running `minitalk serve`.
pub struct Server {
    process: Process,
}

impl Server {
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    pub fn start_with(options: &[&str]) -> Self {
        let mut command = minitalk(["serve"]);
        Self::spawn(command.args(options))
    }

    /// Runs a server's command and waits until it has printed a line, its PID, on stdout or stderr.
    pub fn spawn(command: &mut Command) -> Self {
        let process = Process::spawn(command);
        wait_until("the server prints its PID", || {
            process.stdout().contains(&b'\n') || process.stderr().contains('\n')
        });
        Self { process }
    }

    /// Returns the output after the line with the PID.
    pub fn printed(&self) -> Vec<u8> {
        after_first_line(&self.process.stdout())
    }

    /// Waits until the output after the line with the PID satisfies `wanted`.
    pub fn wait_printed(&self, wanted: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let stdout = self
            .process
            .wait_stdout(|bytes| wanted(&after_first_line(bytes)));
        after_first_line(&stdout)
    }

    /// Asserts that exactly these messages have been printed, in this order, each with a newline.
    pub fn assert_printed(&self, messages: &[&[u8]]) {
        let mut wanted = messages.join(&b'\n');
        if !messages.is_empty() {
            wanted.push(b'\n');
        }
        let printed = self.wait_printed(|bytes| bytes.len() >= wanted.len());
        assert_eq!(
            String::from_utf8_lossy(&printed),
            String::from_utf8_lossy(&wanted)
        );
        assert_eq!(printed, wanted);
    }

    /// Ends it by SIGTERM and asserts that it exits with 0.
    pub fn stop(self) -> Output {
        kill(self.pid(), libc::SIGTERM);
        let output = self.process.output();
        assert_success(&output);
        output
    }

    pub fn into_process(self) -> Process {
        self.process
    }
}

impl std::ops::Deref for Server {
    type Target = Process;
    fn deref(&self) -> &Process {
        &self.process
    }
}

impl std::ops::DerefMut for Server {
    fn deref_mut(&mut self) -> &mut Process {
        &mut self.process
    }
}

fn after_first_line(bytes: &[u8]) -> Vec<u8> {
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    parts.next();
    parts.next().unwrap_or_default().to_vec()
}

/// Kills one child, by its PID, when a test takes too long. A drop ends it.
struct Watchdog {
    cancel: mpsc::Sender<()>,
    thread: JoinHandle<bool>,
}

impl Watchdog {
    fn start(pid: i32, limit: Duration) -> Self {
        let (cancel, cancelled) = mpsc::channel::<()>();
        let thread = thread::spawn(move || {
            let fires = cancelled.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout);
            if fires {
                kill(pid, libc::SIGKILL);
            }
            fires
        });
        Self { cancel, thread }
    }

    /// Returns whether it has fired. Must be called once the child has been waited for: the kernel may reuse its PID from then on.
    fn cancel(self) -> bool {
        drop(self.cancel);
        self.thread.join().unwrap()
    }
}

/// Sends `signal` to the child `pid`, which the caller has not waited for yet.
pub fn kill(pid: i32, signal: i32) {
    assert!(pid > 0);
    // SAFETY: kill takes integers only, and the PID is that of one process.
    unsafe { libc::kill(pid, signal) };
}

/// Pins this thread, and its future children, to one CPU, where a bit takes the least time.
pub fn pin_to_one_cpu() {
    // SAFETY: cpu_set_t is an array of integers, the set lives for the whole call and the size is its own.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(usize::try_from(libc::sched_getcpu()).unwrap(), &mut set);
        libc::sched_setaffinity(0, size_of_val(&set), &raw const set);
    }
}

/// Returns a helper program of `tests/programs`, compiled by the `cc` that Rust needs for linking anyway.
pub fn program(name: &str) -> PathBuf {
    program_of("tests/programs", name)
}

/// Returns a program of `tests/dialects`, as `clients/hello`.
pub fn dialect_program(name: &str) -> PathBuf {
    program_of("tests/dialects", name)
}

/// Returns the client of `benches/pair`, which waits in sigsuspend for each acknowledgement.
pub fn pair_client() -> PathBuf {
    program_of("benches", "pair/client")
}

/// Compiles a program once for this process.
fn program_of(folder: &str, name: &str) -> PathBuf {
    static BUILT: Mutex<BTreeMap<PathBuf, PathBuf>> = Mutex::new(BTreeMap::new());
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(folder)
        .join(name);
    let mut built = BUILT.lock().unwrap();
    let path = built.entry(source.with_extension("c"));
    path.or_insert_with_key(|source| compile(source, &name.replace('/', "-")))
        .clone()
}

/// Compiles a program in C and returns its path.
pub fn compile(source: &Path, name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let part = directory.join(format!("{name}.{}", std::process::id()));
    let status = Command::new("cc")
        .args(["-O1", "-Wall", "-Wextra", "-Werror"])
        // Some distributions enable _FORTIFY_SOURCE, which then warns of an ignored result of write().
        .args(["-Wno-unused-result", "-o"])
        .arg(&part)
        .arg(source)
        .status()
        .expect("cc, which Rust links with, compiles the helper programs");
    assert!(status.success(), "{source:?} does not compile");
    let path = directory.join(name);
    std::fs::rename(part, &path).unwrap();
    path
}

pub fn signal_of(output: &Output) -> Option<i32> {
    output.status.signal()
}

/// Returns a pipe, and the number of bytes that it holds, as few as possible.
pub fn small_pipe() -> (PipeReader, PipeWriter, usize) {
    let (reader, writer) = std::io::pipe().unwrap();
    // SAFETY: F_SETPIPE_SZ takes an integer and touches no memory.
    let size = unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_SETPIPE_SZ, 4096) };
    (reader, writer, size.try_into().unwrap())
}

/// Returns a full pipe.
pub fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer, size) = small_pipe();
    writer.write_all(&vec![b'.'; size]).unwrap();
    (reader, writer)
}

/// Returns pseudo-random bytes, the same in every run.
pub fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .collect()
}

/// Returns the keys of an object without nested objects.
pub fn json_keys(line: &str) -> Vec<&str> {
    let ends = line.match_indices("\":").map(|(at, _)| &line[..at]);
    ends.filter_map(|before| Some(before.rsplit_once('"')?.1))
        .collect()
}
