//! `serve --exec` and `send --reply`: a program for each message, and its reply.

mod common;

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use common::*;

/// Starts a server that runs a shell with `script` for each message.
fn serve(script: &str, options: &[&str]) -> Server {
    let mut command = minitalk(["serve", "--exec", "sh"]);
    Server::spawn(command.args(options).args(["--", "-c", script]))
}

fn send(server: &Server, options: &[&str], message: &[u8]) -> Output {
    let mut command = minitalk(["send"]);
    command.args(options).arg(server.pid().to_string());
    run_with(command, message)
}

/// Sends a request whose reply may take as long as the machine needs.
fn request(server: &Server, message: &[u8]) -> Output {
    send(server, &["--reply", "--reply-timeout", PATIENT], message)
}

fn assert_reply(server: &Server, message: &[u8], reply: &[u8]) {
    let output = request(server, message);
    assert_success(&output);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(reply)
    );
    assert_eq!(output.stdout, reply);
    assert_eq!(stderr(&output), "");
}

fn assert_refused(server: &Server, output: &Output, why: &str) {
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    let text = "refused it; that program may have run";
    assert!(stderr(output).contains(text), "{output:?}");
    server.wait_stderr(why);
}

#[test]
fn what_a_program_prints_is_the_reply() {
    let mut command = minitalk(["serve", "--exec", "tr", "a-z", "A-Z"]);
    let server = Server::spawn(&mut command);
    assert_reply(&server, b"hello", b"HELLO");
    assert_reply(&server, b"", b"");
    deliver(server.pid(), b"without a reply");
    assert_eq!(server.printed(), b"");
    assert_eq!(stderr(&server.stop()), "");
}

#[test]
fn programs_know_the_sender_and_inherit_no_ignored_or_blocked_signal() {
    let signals = "exec grep -E '^Sig(Blk|Ign):' /proc/self/status";
    let usual = run(Command::new("sh").args(["-c", signals]));
    let sender = "test \"$MINITALK_UID\" = \"$(id -u)\" && test \"$MINITALK_PID\" -gt 1 || exit 1";
    let server = serve(&format!("{sender}; {signals}"), &["--lane", "bit"]);
    let output = request(&server, b"x");
    assert_success(&output);
    // A C library changes its own signals, 32 and 33.
    let masks = |output: &Output| -> Vec<u64> {
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        let mask = |line: &str| u64::from_str_radix(line.split_once('\t').unwrap().1, 16).unwrap();
        text.lines().map(|line| mask(line) & !(3 << 31)).collect()
    };
    assert_eq!(masks(&output).len(), 2);
    assert_eq!(masks(&output), masks(&usual));
    server.stop();
}

/// The program writes a megabyte before it reads, and another does not read a megabyte.
#[test]
fn a_program_that_does_not_read_blocks_nobody() {
    let noise = noise(1 << 20);
    let server = serve("head -c 1048576 /dev/zero; exec cat", &[]);
    let mut reply = vec![0; 1 << 20];
    reply.extend(&noise);
    assert_eq!(request(&server, &noise).stdout, reply);
    server.stop();
    let server = serve("exec 0</dev/null; echo done", &[]);
    assert_reply(&server, &noise, b"done\n");
    server.stop();
}

/// A process that outlives the program, with its pipes open, is not waited for.
#[test]
fn the_end_of_the_program_counts_and_not_that_of_its_children() {
    let server = serve("sleep 1000 2>/dev/null & echo $!", &[]);
    let output = request(&server, b"x");
    assert_success(&output);
    let sleeping: i32 = String::from_utf8(output.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    kill(sleeping, libc::SIGKILL);
    server.stop();
}

#[test]
fn every_other_end_rejects_the_message() {
    let script = "case $(cat) in status) exit 3;; signal) kill -9 $$;; long) exec yes;; esac";
    let server = serve(script, &["--exec-timeout", "0", "--max-message", "1000"]);
    let refused = [
        ("status", "\"sh\" ended with exit status: 3"),
        ("signal", "\"sh\" ended with signal: 9 (SIGKILL)"),
        ("long", "\"sh\" printed more than 1000 bytes"),
    ];
    for (message, why) in refused {
        assert_refused(&server, &request(&server, message.as_bytes()), why);
    }
    assert_refused(&server, &send(&server, &[], b"status"), "is rejected");
    let pid = |line: &str| {
        let rest = line.strip_prefix("minitalk: client ");
        rest.is_some_and(|rest| rest.split_once(':').unwrap().0.parse::<i32>().is_ok())
    };
    assert!(server.stderr().lines().all(pid), "{}", server.stderr());
    assert_reply(&server, b"ok", b"");
    server.stop();
    let server = serve("exec sleep 1000", &["--exec-timeout", "0.2"]);
    assert_refused(
        &server,
        &request(&server, b"late"),
        "\"sh\" ran for too long and was killed",
    );
    server.stop();
}

#[test]
fn a_program_that_the_kernel_does_not_start_is_named() {
    let folder = Folder::new("interpreter");
    let program = folder.script("program", "");
    std::fs::write(&program, "#!/nonexistent\n").unwrap();
    let server = Server::spawn(minitalk(["serve", "--exec"]).arg(&program));
    let why = format!("{program:?} cannot be started: ");
    assert_refused(&server, &request(&server, b"x"), &why);
    server.stop();
}

/// The program ends after its client, so that no process is left to get the reply.
#[test]
fn a_reply_that_no_client_takes_is_reported() {
    let script =
        "echo started >&2; while kill -0 $MINITALK_PID 2>&-; do sleep 0.01; done; echo late";
    let server = serve(script, &[]);
    let pid = server.pid().to_string();
    let mut client = Process::spawn(minitalk(["send", "--reply"]).args([&pid, "x"]));
    server.wait_stderr("started");
    kill(client.pid(), libc::SIGKILL);
    client.wait();
    let why = format!(
        "client {} did not get the reply of \"sh\": there is no such process",
        client.pid()
    );
    server.wait_stderr(&why);
    server.stop();
}

/// Each job waits until the other runs.
#[test]
fn several_jobs_run_at_once() {
    let folder = Folder::new("jobs");
    let path = folder.0.display();
    let script = format!(
        "name=$(cat); mkdir {path}/$name; until test -d {path}/a -a -d {path}/b; do sleep 0.01; done; echo $name"
    );
    let server = serve(&script, &["--jobs", "2"]);
    std::thread::scope(|scope| {
        scope.spawn(|| assert_reply(&server, b"a", b"a\n"));
        assert_reply(&server, b"b", b"b\n");
    });
    server.stop();
}

/// Starts a request whose program waits for `go` in the folder, and waits until it runs. Returns the PID of the program too.
fn running_job(folder: &Folder) -> (Server, Process, i32) {
    let path = folder.0.display();
    let script = format!(
        "echo $$ >{path}/new; mv {path}/new {path}/pid; until test -e {path}/go; do sleep 0.01; done; echo done"
    );
    let server = serve(&script, &[]);
    let mut command = minitalk(["send", "--reply", "--reply-timeout", PATIENT]);
    let client = Process::spawn(command.args([&server.pid().to_string(), "x"]));
    let pid = folder.0.join("pid");
    wait_until("the program runs", || pid.exists());
    let pid = std::fs::read_to_string(pid).unwrap().trim().parse();
    (server, client, pid.unwrap())
}

#[test]
fn a_running_program_finishes_after_sigterm() {
    let folder = Folder::new("finish");
    let (server, client, _) = running_job(&folder);
    kill_and_wait(server.pid(), libc::SIGTERM);
    std::fs::write(folder.0.join("go"), "").unwrap();
    let output = client.output();
    assert_success(&output);
    assert_eq!(output.stdout, b"done\n");
    let output = server.into_process().output();
    assert_success(&output);
    let note = "waiting for the program to handle 1 finished message";
    assert!(stderr(&output).contains(note), "{output:?}");
}

/// It cannot take its reply.
#[test]
fn a_stopped_client_does_not_delay_a_shutdown() {
    let mut took = Vec::new();
    // On a loaded machine a single shutdown may take longer; one in time is enough.
    while took.len() < 20 && took.iter().all(|t| *t > Duration::from_millis(1200)) {
        let folder = Folder::new("stopped");
        let (server, client, _) = running_job(&folder);
        kill(client.pid(), libc::SIGSTOP);
        wait_state(client.pid(), 'T');
        std::fs::write(folder.0.join("go"), "").unwrap();
        kill(server.pid(), libc::SIGTERM);
        let started = Instant::now();
        let output = server.into_process().output();
        took.push(started.elapsed());
        assert_success(&output);
        assert!(
            stderr(&output).contains("did not get the reply"),
            "{output:?}"
        );
    }
    let last = took.last().unwrap();
    assert!(last <= &Duration::from_millis(1200), "{took:?}");
}

#[test]
fn a_second_sigterm_kills_the_running_program() {
    let folder = Folder::new("kill");
    let (server, client, job) = running_job(&folder);
    kill_and_wait(server.pid(), libc::SIGTERM);
    kill(server.pid(), libc::SIGTERM);
    assert!(!server.into_process().output().status.success());
    // Its parent has ended, so whatever adopts it decides when the zombie goes.
    wait_until("the program has ended", || {
        matches!(state_of(job), 'Z' | 'X')
    });
    let output = client.output();
    assert_eq!(output.status.code(), Some(8), "{output:?}");
    assert!(stderr(&output).contains("may have been delivered"));
}

#[test]
fn a_program_is_found_without_an_environment() {
    let mut command = minitalk(["serve", "--exec", "cat"]);
    let server = Server::spawn(command.env_clear());
    assert_reply(&server, b"as execvp(3) does", b"as execvp(3) does");
    server.stop();
}

#[test]
fn a_server_that_does_not_reply_rejects_a_request() {
    let server = Server::start();
    let output = request(&server, b"x");
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    assert!(stderr(&output).contains("serve --exec replies"));
    server.stop();
}
