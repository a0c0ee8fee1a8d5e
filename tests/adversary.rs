//! A third process that sends any signals to both ends: its bytes are never printed as those of another process, and no
//! transfer ends because of it.
//!
//! Each test counts its tries, and asserts that none succeeds. `MINITALK_TRIES=1000` in the environment makes 1,000 tries.

mod common;

use std::io::{PipeReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::child::Child;
use common::*;

/// The adversary's own message, and the text that it tries to send in the name of others.
const EVIL: &str = "EVIL: this is what the third process says";

/// The message that a test sends in the end: all before it have been dealt with.
const LAST: &str = "the last";

fn tries(usual: usize) -> usize {
    std::env::var("MINITALK_TRIES").map_or(usual, |number| number.parse().unwrap())
}

/// Reports the tries of a test, and fails unless none of them succeeded.
fn assert_none_succeeded(what: &str, tries: usize, successes: &[String]) {
    eprintln!("{what}: {tries} tries, {} succeeded", successes.len());
    assert!(successes.is_empty(), "{what}: {successes:#?}");
}

/// A process that floods the server and a client of it.
struct Adversary(Process);

impl Adversary {
    fn start(kind: &str, server: i32, victim: i32) -> Self {
        Self::spawn(
            &mut Command::new(program("adversary")),
            kind,
            server,
            victim,
        )
    }

    fn spawn(command: &mut Command, kind: &str, server: i32, victim: i32) -> Self {
        let command = command
            .arg(kind)
            .args([server.to_string(), victim.to_string()]);
        let adversary = Self(Process::spawn(command.stdin(Stdio::piped())));
        adversary.wait_ready(1);
        adversary
    }

    /// Starts an adversary without a message of its own.
    fn without_message(kind: &str, server: i32, victim: i32) -> Process {
        let mut command = Command::new(program("adversary"));
        command
            .arg(kind)
            .args([server, victim].map(|pid| pid.to_string()));
        Process::spawn(command.arg(EVIL).stdin(Stdio::piped()))
    }

    fn pid(&self) -> i32 {
        self.0.pid()
    }

    /// Waits until it has been ready this often; it says so every 64 rounds.
    fn wait_ready(&self, times: usize) {
        let count = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
        self.0.wait_stdout(|bytes| count(bytes) >= times);
    }

    /// Ends it, and returns how many signals it has sent.
    fn stop(self) -> u64 {
        drop(self.0.take_stdin());
        let output = self.0.output();
        assert_success(&output);
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().last().unwrap().parse().unwrap()
    }
}

/// Writes the message of a client. A client that has already ended is found by its exit code.
fn feed(client: &Process, text: &str) {
    let _ = client.take_stdin().write_all(text.as_bytes());
}

/// A message as a server with `--format json` prints it.
#[derive(Debug, PartialEq, Eq)]
struct Message {
    pid: i32,
    uid: Option<u32>,
    text: String,
}

impl Message {
    /// Reads a line; all texts in these tests are printable.
    fn parse(line: &str) -> Self {
        let field = |name: &str, end: char| {
            let start = line.find(name)? + name.len();
            line[start..].split(end).next()
        };
        Self {
            pid: field("\"pid\":", ',').unwrap().parse().unwrap(),
            uid: field("\"uid\":", ',').unwrap().parse().ok(),
            text: field("\"text\":\"", '"').unwrap_or(line).into(),
        }
    }

    fn new(pid: i32, uid: Option<u32>, text: &str) -> Self {
        let text = text.into();
        Self { pid, uid, text }
    }

    /// Waits for the last message, and returns all.
    fn all(server: &Server) -> Vec<Self> {
        let is_last = |line: &str| line.contains(LAST);
        let printed =
            server.wait_printed(|bytes| String::from_utf8_lossy(bytes).lines().any(is_last));
        let text = String::from_utf8(printed).unwrap();
        text.lines().map(Self::parse).collect()
    }
}

/// Describes the messages that are not printed as often as they were sent. PIDs come again, so that two may be equal.
fn differences(printed: &[Message], wanted: &[Message]) -> Vec<String> {
    let times = |all: &[Message], message: &Message| all.iter().filter(|m| *m == message).count();
    let mut differences = Vec::new();
    for message in printed.iter().chain(wanted) {
        let (sent, came) = (times(wanted, message), times(printed, message));
        if sent != came {
            differences.push(format!(
                "sent {sent} times, printed {came} times: {message:?}"
            ));
        }
    }
    differences
}

// ---- in the name of a client --------------------------------------------------------------------------------------

/// Clients send while an adversary floods the server in their name, or the client in the server's.
fn attack(kind: &str, usual: usize) {
    let server = Server::start_with(&["--format", "json"]);
    // SAFETY: getuid takes nothing.
    let uid = Some(unsafe { libc::getuid() });
    let tries = tries(usual);
    let (mut wanted, mut successes, mut forged) = (Vec::new(), Vec::new(), 0);
    for n in 0..tries {
        let lane = LANES[n % LANES.len()];
        // Words are fast: thousands of them take as long as some hundred bits.
        let times = if lane == "word" { 12_000 } else { 1 + n % 40 };
        let text = format!("GOOD {n} ").repeat(times);
        let mut client = minitalk(["send", "--lane", lane, &server.pid().to_string()]);
        let client = Process::spawn(client.stdin(Stdio::piped()));
        let adversary = Adversary::start(kind, server.pid(), client.pid());
        for (pid, text) in [(adversary.pid(), EVIL), (client.pid(), &text)] {
            wanted.push(Message::new(pid, uid, text));
        }
        feed(&client, &text);
        let output = client.output();
        forged += adversary.stop();
        if !output.status.success() {
            successes.push(format!("{lane}, client {n}: {output:?}"));
            break;
        }
    }
    let last = Process::spawn(&mut minitalk(["send", &server.pid().to_string(), LAST]));
    wanted.push(Message::new(last.pid(), uid, LAST));
    assert_success(&last.output());
    successes.extend(differences(&Message::all(&server), &wanted));
    assert_none_succeeded(
        &format!("{kind}, {forged} forged signals"),
        tries,
        &successes,
    );
    server.stop();
}

#[test]
fn words_in_the_name_of_a_client_are_not_taken() {
    attack("words", 20);
}

#[test]
fn bits_in_the_name_of_a_client_are_not_taken() {
    attack("bits", 12);
}

#[test]
fn hellos_in_the_name_of_a_client_do_not_end_its_transfer() {
    attack("hellos", 12);
}

#[test]
fn everything_at_once_only_delays_a_client() {
    attack("all", 12);
}

// ---- in the name of a server --------------------------------------------------------------------------------------

#[test]
fn forged_answers_do_not_end_a_client_that_sends() {
    attack("answers", 12);
}

/// Waits until a process has done nothing for a while, as a client that is told to wait, or has ended.
fn wait_quiet(process: &Process) {
    let work = || (switches(process.pid()), cpu_time(process.pid()));
    wait_until("the client waits", || {
        if !process.is_running() {
            return true;
        }
        let before = work();
        std::thread::sleep(Duration::from_millis(20));
        work() == before
    });
}

fn read_exactly(reader: &mut PipeReader, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    reader.read_exact(&mut bytes).unwrap();
    bytes
}

/// The output is blocked, so each answer that a client could believe is a lie.
#[test]
fn forged_answers_do_not_end_a_client_that_waits() {
    let (mut reader, writer, size) = small_pipe();
    let full = vec![b'f'; size];
    let mut command = minitalk(["serve", "--format", "raw"]);
    let server = Process::spawn_with_own_stdout(command.stdout(writer));
    drop(command);
    server.wait_stderr("\n");
    let pid = server.pid().to_string();
    let tries = tries(10);
    let (mut successes, mut forged) = (Vec::new(), 0);
    for n in 0..tries {
        let lane = LANES[n % LANES.len()];
        let text = format!("THE MESSAGE {n}");
        let mut client = minitalk(["send", "--lane", lane, &pid]);
        let client = Process::spawn(client.stdin(Stdio::piped()));
        let adversary = Adversary::start("answers", server.pid(), client.pid());
        assert_eq!(read_exactly(&mut reader, EVIL.len()), EVIL.as_bytes());
        assert_success(&run_with(minitalk(["send", &pid]), &full));
        kill(adversary.pid(), libc::SIGSTOP);
        feed(&client, &text);
        wait_quiet(&client);
        kill(adversary.pid(), libc::SIGCONT);
        let said = || adversary.0.stdout().len();
        let enough = said() + 3 * "ready\n".len();
        wait_until("the adversary goes on", || {
            !client.is_running() || said() >= enough
        });
        if !client.is_running() {
            let why = client.stderr();
            successes.push(format!("{lane}, client {n} ended before the end: {why}"));
            break;
        }
        assert!(read_exactly(&mut reader, full.len()) == full);
        let output = client.output();
        forged += adversary.stop();
        if !output.status.success() {
            successes.push(format!("{lane}, client {n}: {output:?}"));
            break;
        }
        let printed = read_exactly(&mut reader, text.len());
        assert_eq!(String::from_utf8_lossy(&printed), text);
    }
    assert_none_succeeded(
        &format!("answers to who waits, {forged} forged signals"),
        tries,
        &successes,
    );
    kill(server.pid(), libc::SIGTERM);
    assert_success(&server.output());
}

/// The timeout counts from the last progress and not from the last answer.
#[test]
fn a_client_of_a_server_that_never_gets_on_ends_at_its_timeout() {
    const TIMEOUT: Duration = Duration::from_secs(2);
    // Enough for a machine on which many processes want the CPU.
    const SLACK: Duration = Duration::from_secs(60);
    // A server that greets for ever contradicts itself. A server that repeats the due bit for ever does not.
    const WAYS: [(&str, i32); 2] = [("forgets", 7), ("stands", 6)];
    let tries = tries(8);
    let mut successes = Vec::new();
    let all: Vec<_> = (0..tries).collect();
    for some in all.chunks(8) {
        let start = Instant::now();
        let pairs = some.iter().map(|n| {
            let (way, code) = WAYS[n % 2];
            let server = Server::spawn(Command::new(program("broken")).arg(way));
            let (lane, pid) = (LANES[n / 2 % 2], server.pid().to_string());
            let mut client = minitalk(["send", "--lane", lane, "--timeout", "2", &pid, "hello"]);
            (lane, way, code, Process::spawn(&mut client), server)
        });
        for (lane, way, code, client, _server) in pairs.collect::<Vec<_>>() {
            let output = client.output();
            if output.status.code() != Some(code) || start.elapsed() > TIMEOUT + SLACK {
                let time = start.elapsed();
                successes.push(format!("{lane}, {way}, {time:?}: {output:?}"));
            }
        }
    }
    assert_none_succeeded("a server that never gets on", tries, &successes);
}

// ---- replies ------------------------------------------------------------------------------------------------------

/// Two adversaries send to both ends while a client waits for its reply, and one of them sends a reply of its own.
#[test]
fn a_reply_comes_from_the_server_alone_and_goes_to_its_client_alone() {
    let folder = Folder::new("replies");
    let [asked, go] = ["asked", "go"].map(|name| folder.0.join(name));
    let script = "cat; >\"$0\"; until test -e \"$1\"; do sleep 0.01; done";
    let mut command = minitalk(["serve", "--exec", "sh", "--", "-c", script]);
    let server = Server::spawn(command.args([&asked, &go]));
    let tries = tries(10);
    let (mut successes, mut forged) = (Vec::new(), 0);
    for n in 0..tries {
        let lane = LANES[n % LANES.len()];
        let text = format!("GOOD {n} ").repeat(1 + n % 40);
        let mut client = minitalk(["send", "--reply", "--reply-timeout", PATIENT]);
        client.args(["--lane", lane, &server.pid().to_string()]);
        let client = Process::spawn(client.stdin(Stdio::piped()));
        let [server_pid, client_pid] = [server.pid(), client.pid()];
        let flood = |at, victim| {
            let adversary = Adversary(Adversary::without_message("all", at, victim));
            adversary.wait_ready(1);
            adversary
        };
        let in_name_of_client = flood(server_pid, client_pid);
        feed(&client, &text);
        wait_until("the program runs", || asked.exists());
        let in_name_of_server = flood(client_pid, server_pid);
        let own = Adversary::without_message("reply", client_pid, server_pid).output();
        if own.status.code() != Some(7) {
            successes.push(format!("{lane}, a reply of its own to client {n}: {own:?}"));
        }
        std::fs::write(&go, "").unwrap();
        // While its PID is signalled it must not be another's.
        wait_state(client_pid, 'Z');
        forged += in_name_of_server.stop() + in_name_of_client.stop();
        let output = client.output();
        if !output.status.success() || output.stdout != text.as_bytes() {
            successes.push(format!("{lane}, client {n}: {output:?}"));
        }
        if !successes.is_empty() {
            break;
        }
        for path in [&asked, &go] {
            std::fs::remove_file(path).unwrap();
        }
    }
    assert_none_succeeded(
        &format!("replies, {forged} forged signals"),
        tries,
        &successes,
    );
    server.stop();
}

// ---- in the name of bystanders ------------------------------------------------------------------------------------

/// Returns the processes of which `pid` has a descriptor.
fn held_by(pid: i32) -> Vec<i32> {
    let files = std::fs::read_dir(format!("/proc/{pid}/fdinfo")).unwrap();
    let texts = files.filter_map(|file| std::fs::read_to_string(file.ok()?.path()).ok());
    let number = |text: String| {
        text.lines()
            .find_map(|line| line.strip_prefix("Pid:")?.trim().parse().ok())
    };
    texts.filter_map(number).collect()
}

fn bystander(command: &mut Command) -> Process {
    let bystander = Process::spawn(command);
    bystander.wait_stdout(|bytes| bytes == b"ready\n");
    bystander
}

/// The descriptors of a server in these tests, fewer than there are processes.
const FEW: u64 = 32;

fn server_with_few_descriptors() -> Server {
    let mut command = minitalk(["serve"]);
    let limit = libc::rlimit {
        rlim_cur: FEW,
        rlim_max: FEW,
    };
    // SAFETY: between fork and exec the closure makes one system call, with a structure of its own.
    unsafe {
        command.pre_exec(
            move || match libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            },
        )
    };
    Server::spawn(&mut command)
}

/// Delivers by each lane, soon: while others take all descriptors, a client would wait for ever.
fn assert_serves(server: &Server) {
    for lane in LANES {
        let pid = server.pid().to_string();
        let client = minitalk(["send", "--lane", lane, "--timeout", "30", &pid, "honest"]);
        assert_success(&run(client));
    }
    server.assert_printed(&[b"honest", b"honest"]);
}

/// The kernel attests each of these strays, so that the server takes their senders for clients at first.
#[test]
fn strays_of_many_processes_do_not_exhaust_the_descriptors() {
    let server = server_with_few_descriptors();
    let pid = server.pid().to_string();
    let stray = |_| bystander(Command::new(program("bystander")).arg(&pid));
    let strays: Vec<_> = (0..FEW + 8).map(stray).collect();
    assert_serves(&server);
    drop(strays);
    server.stop();
}

/// One process names more living processes than the server may have descriptors.
#[test]
fn named_processes_cost_no_descriptor_and_get_at_most_a_signal_for_each_hello() {
    const HELLOS: usize = 8;
    let server = server_with_few_descriptors();
    let tries = tries(40);
    let sleep = |_| Child::spawn(Command::new("sleep").arg("1000").stdin(Stdio::null())).unwrap();
    let sleepers: Vec<_> = (0..tries).map(sleep).collect();
    let bystanders: Vec<_> = (0..8)
        .map(|_| bystander(&mut Command::new(program("bystander"))))
        .collect();
    let names = sleepers.iter().map(|sleep| sleep.id().to_string());
    let names: Vec<_> = names
        .chain(bystanders.iter().map(|other| other.pid().to_string()))
        .collect();
    let mut adversary = Command::new(program("adversary"));
    adversary
        .args(["names", &server.pid().to_string()])
        .args(&names);
    let adversary = Process::spawn(&mut adversary);
    assert_success(&adversary.output());
    assert_serves(&server);
    let mut successes = Vec::new();
    let held = held_by(server.pid())
        .into_iter()
        .filter(|pid| names.contains(&pid.to_string()));
    successes.extend(held.map(|pid| format!("the server has a descriptor of PID {pid}")));
    let ended = sleepers.iter().filter(|sleep| !sleep.is_running());
    successes.extend(ended.map(|sleep| format!("PID {} was signalled", sleep.id())));
    for bystander in bystanders {
        kill(bystander.pid(), libc::SIGTERM);
        let output = bystander.output();
        assert_success(&output);
        let text = String::from_utf8(output.stdout).unwrap();
        let numbers = text.lines().last().unwrap().split(' ');
        let counts: Vec<usize> = numbers.map(|n| n.parse().unwrap()).collect();
        if counts[0] > HELLOS || counts[1] > HELLOS || counts[2] > 0 {
            successes.push(format!("signals to a bystander: {counts:?}"));
        }
    }
    assert_none_succeeded("named processes", tries + 8, &successes);
    server.stop();
}

// ---- users --------------------------------------------------------------------------------------------------------

/// Two users, beside root.
const USERS: [u32; 2] = [65534, 1];

/// Makes `command` run with this real and this effective user. What another user may run is in a folder of `nobody`.
fn with_users(command: &mut Command, [real, effective]: [u32; 2]) -> &mut Command {
    // SAFETY: between fork and exec the closure makes three system calls, without pointers.
    unsafe {
        command.current_dir("/").pre_exec(move || {
            let ok = libc::setgroups(0, std::ptr::null()) == 0
                && libc::setresgid(real, effective, effective) == 0
                && libc::setresuid(real, effective, effective) == 0;
            ok.then_some(()).ok_or_else(std::io::Error::last_os_error)
        })
    }
}

/// Starts a server that the processes of these users may signal, and that may signal theirs.
fn server_of(nobody: &Nobody, users: [u32; 2]) -> Server {
    let mut command = nobody.minitalk();
    command
        .args(["serve", "--format", "json"])
        .stdin(Stdio::null());
    Server::spawn(with_users(&mut command, users))
}

/// Starts a client of this user that reads its message from a pipe.
fn client_of(nobody: &Nobody, user: u32, server: &Server, lane: &str) -> Process {
    let mut command = nobody.minitalk();
    let pid = server.pid().to_string();
    command.args(["send", "--lane", lane, "--timeout", PATIENT, &pid]);
    Process::spawn(with_users(command.stdin(Stdio::piped()), [user; 2]))
}

/// Sends the last message, and returns it.
fn send_last(nobody: &Nobody, user: u32, server: &Server) -> Message {
    let client = client_of(nobody, user, server, "auto");
    feed(&client, LAST);
    let message = Message::new(client.pid(), Some(user), LAST);
    assert_success(&client.output());
    message
}

/// All clients in C claim to be root in `si_uid`, and so does the adversary.
#[test]
fn a_message_is_shown_with_the_user_of_the_process_that_sent_it() {
    let Some(nobody) = Nobody::new() else { return };
    let server = server_of(&nobody, USERS);
    let [forger, bits, words] =
        ["adversary", "framed", "words"].map(|name| nobody.copy(&program(name)));
    let tries = tries(12);
    let (mut wanted, mut successes, mut forged) = (Vec::new(), Vec::new(), 0);
    for n in 0..tries {
        let (user, other) = (USERS[n % 2], USERS[(n + 1) % 2]);
        let text = format!("user {user}, {n}");
        let client = client_of(&nobody, user, &server, LANES[n / 2 % 2]);
        // Its effective user may signal the client too.
        let mut command = Command::new(&forger);
        let command = with_users(&mut command, [other, user]);
        let adversary = Adversary::spawn(command, "all", server.pid(), client.pid());
        feed(&client, &text);
        let mut command = Command::new([&bits, &words][n / 2 % 2]);
        command.args([&server.pid().to_string(), &text]);
        let in_c = Process::spawn(with_users(&mut command, [user; 2]));
        wanted.extend([
            Message::new(adversary.pid(), Some(other), EVIL),
            Message::new(client.pid(), Some(user), &text),
            Message::new(in_c.pid(), Some(user), &text),
        ]);
        let outputs = [client, in_c].map(Process::output);
        forged += adversary.stop();
        let failed = outputs.iter().filter(|output| !output.status.success());
        successes.extend(failed.map(|output| format!("client {n}: {output:?}")));
        if !successes.is_empty() {
            break;
        }
    }
    wanted.push(send_last(&nobody, USERS[0], &server));
    successes.extend(differences(&Message::all(&server), &wanted));
    assert_none_succeeded(
        &format!("users, {forged} forged signals"),
        tries,
        &successes,
    );
    server.stop();
}

/// The kernel attests that the bare signals come from a process of root, in whose name another user then sends.
#[test]
fn a_bare_signal_does_not_lend_its_user_to_others() {
    let Some(nobody) = Nobody::new() else { return };
    let user = USERS[0];
    let server = server_of(&nobody, [user; 2]);
    let forger = nobody.copy(&program("adversary"));
    let tries = tries(12);
    let (mut wanted, mut forged) = (Vec::new(), 0);
    for _ in 0..tries {
        let root = bystander(Command::new(program("bystander")).arg(server.pid().to_string()));
        let mut command = Command::new(&forger);
        let command = with_users(&mut command, [user; 2]);
        let adversary = Adversary::spawn(command, "all", server.pid(), root.pid());
        adversary.wait_ready(2);
        wanted.push(Message::new(adversary.pid(), Some(user), EVIL));
        forged += adversary.stop();
        kill(root.pid(), libc::SIGTERM);
        assert_success(&root.output());
    }
    wanted.push(send_last(&nobody, user, &server));
    let successes = differences(&Message::all(&server), &wanted);
    assert_none_succeeded(
        &format!("a user lent, {forged} forged signals"),
        tries,
        &successes,
    );
    server.stop();
}
