//! Endpoints that talk to each other, both ways at the same time. Each case is a process of its own, and so is each partner.

mod common;

use std::io::{BufRead, Write, stdin};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;
use std::{collections::HashMap, env};

use common::*;
use minitalk::client::{self, Options, SendError};
use minitalk::wire::reason::Reason;
use minitalk::wire::sender::Lane;
use minitalk::{Endpoint, Pid, ReceiveError, block_signals};

const CASES: &[(&str, fn())] = cases![
    two_endpoints_flood_each_other_in_bits,
    two_endpoints_flood_each_other_in_words,
    two_endpoints_flood_each_other_in_a_storm_of_strays,
    two_endpoints_to_which_a_third_process_lies_flood_each_other,
    a_partner_that_is_stopped_and_continued_loses_nothing,
    eight_endpoints_talk_all_to_all,
    three_endpoints_send_each_other_bits,
    each_of_many_requests_gets_its_own_reply,
    an_endpoint_that_sends_alone_gets_replies_and_rejects_messages,
    a_plain_message_can_be_replied_to,
    a_request_fails_when_its_partner_ends,
    a_request_ends_at_its_timeout_and_takes_no_late_reply,
    a_server_that_does_not_reply_rejects_a_request,
    a_reply_to_a_process_that_has_ended_fails,
    sends_end_when_their_endpoint_is_stopped,
];

const HELPERS: &[(&str, fn())] = cases![talker, echo, silent, late];

/// The environment variable that says how many messages each end of a flood sends, as 10000.
const COUNT: &str = "MINITALK_MESSAGES";

/// Returns how many messages each end of a flood sends.
fn count() -> usize {
    let given = env::var(COUNT).ok();
    given.map_or(200, |count| count.parse().unwrap())
}

fn main() -> ExitCode {
    run_cases(CASES, HELPERS)
}

// ---- both ways ---------------------------------------------------------------------------------------------------

/// Sends to each process that a line of standard input names, and takes as many messages from each.
///
/// Prints "ready" first, so that its handlers are installed when the others hear of it, and "done" at the end.
fn talker() {
    let endpoint = Endpoint::bind().unwrap();
    println!("ready");
    let lane = match env::var("LANE").as_deref() {
        Ok("bit") => Lane::Bit,
        _ => Lane::Auto,
    };
    let lines = stdin().lock().lines().map(Result::unwrap);
    let others: Vec<Pid> = lines.map(|line| line.parse().unwrap()).collect();
    talk(&endpoint, &others, lane);
    println!("done");
    // The others may still ask what became of their last messages.
    thread::park_timeout(WATCHDOG);
}

/// Sends [`count`] messages to each of the others while it takes theirs, which come in order.
fn talk(endpoint: &Endpoint, others: &[Pid], lane: Lane) {
    let count = count();
    thread::scope(|scope| {
        for other in others {
            scope.spawn(move || {
                for n in 0..count {
                    let options = options(lane);
                    let text = text(n);
                    let sent = endpoint.send_with(*other, &text, options, &mut |_| {});
                    assert_eq!(sent.unwrap().bytes, text.len());
                }
            });
        }
        let mut next: HashMap<Pid, usize> = others.iter().map(|pid| (*pid, 0)).collect();
        for _ in 0..count * others.len() {
            let message = endpoint.recv_timeout(WATCHDOG).unwrap();
            let n = next.get_mut(&message.pid).unwrap();
            assert_eq!(message.payload, text(*n), "{} of {}", n, message.pid);
            *n += 1;
        }
        assert!(next.values().all(|n| *n == count));
    });
}

/// Returns a message whose length and content depend on its number.
fn text(n: usize) -> Vec<u8> {
    // Only a long message takes turns with those of the other direction.
    let len = if n % 50 == 9 { 500 } else { n % 40 };
    format!("{n} {}", "x".repeat(len)).into_bytes()
}

fn options(lane: Lane) -> Options {
    let mut options = Options::default();
    options.lane = lane;
    options.timeout = WATCHDOG;
    options.reply_timeout = WATCHDOG;
    options
}

/// Starts a talker in this lane, which waits for the PIDs of the others, and sends `count` messages to each.
fn start_talker(lane: Lane, count: usize) -> Process {
    let name = if lane == Lane::Bit { "bit" } else { "auto" };
    let mut command = case("talker");
    let command = command.env("LANE", name).env(COUNT, count.to_string());
    let talker = Process::spawn(command.stdin(Stdio::piped()));
    talker.wait_stdout(|bytes| bytes == b"ready\n");
    talker
}

fn tell(talker: &Process, others: impl IntoIterator<Item = i32>) {
    let mut stdin = talker.take_stdin();
    for other in others {
        writeln!(stdin, "{other}").unwrap();
    }
}

/// Talks with a partner, which `disturb` can do something to once both have begun.
fn flood(lane: Lane, disturb: impl FnOnce(&Process) + Send) {
    block_signals();
    let partner = start_talker(lane, count());
    let endpoint = Endpoint::bind().unwrap();
    tell(&partner, [us()]);
    thread::scope(|scope| {
        scope.spawn(|| disturb(&partner));
        talk(&endpoint, &[pid_of(partner.pid())], lane);
    });
    partner.wait_stdout(|bytes| bytes == b"ready\ndone\n");
}

fn two_endpoints_flood_each_other_in_bits() {
    flood(Lane::Bit, |_| {});
}

fn two_endpoints_flood_each_other_in_words() {
    flood(Lane::Auto, |_| {});
}

fn two_endpoints_flood_each_other_in_a_storm_of_strays() {
    flood(Lane::Auto, |partner| {
        for _ in 0..200 {
            for pid in [us(), partner.pid()] {
                for signal in [libc::SIGUSR1, libc::SIGUSR2] {
                    kill(pid, signal);
                }
            }
            thread::sleep(Duration::from_micros(200));
        }
    });
}

/// Each of two adversaries forges messages, replies and answers between the two, which would fail if they took one.
fn two_endpoints_to_which_a_third_process_lies_flood_each_other() {
    block_signals();
    let ends = [(); 2].map(|()| start_talker(Lane::Auto, count()));
    let [one, other] = [ends[0].pid(), ends[1].pid()];
    let adversary = |server: i32, victim: i32| {
        let mut command = Command::new(program("adversary"));
        let pids = [server, victim].map(|pid| pid.to_string());
        let command = command.arg("all").args(pids).arg("a lie");
        let adversary = Process::spawn(command.stdin(Stdio::piped()));
        adversary.wait_stdout(|bytes| !bytes.is_empty());
        adversary
    };
    let adversaries = [adversary(one, other), adversary(other, one)];
    tell(&ends[0], [other]);
    tell(&ends[1], [one]);
    for end in &ends {
        end.wait_stdout(|bytes| bytes == b"ready\ndone\n");
    }
    for adversary in adversaries {
        drop(adversary.take_stdin());
        assert_success(&adversary.output());
    }
}

fn a_partner_that_is_stopped_and_continued_loses_nothing() {
    flood(Lane::Auto, |partner| {
        for _ in 0..3 {
            kill(partner.pid(), libc::SIGSTOP);
            wait_state(partner.pid(), 'T');
            kill(partner.pid(), libc::SIGCONT);
        }
    });
}

/// Lets so many talkers send `count` messages to each of the others, and waits until all have come.
fn all_to_all(number: usize, lane: Lane, count: usize) {
    block_signals();
    let talkers = (0..number).map(|_| start_talker(lane, count));
    let all: Vec<Process> = talkers.collect();
    for one in &all {
        let others = all.iter().map(Process::pid);
        tell(one, others.filter(|pid| *pid != one.pid()));
    }
    for one in &all {
        one.wait_stdout(|bytes| bytes == b"ready\ndone\n");
    }
}

fn eight_endpoints_talk_all_to_all() {
    all_to_all(8, Lane::Auto, count());
}

/// Checks that nothing is lost or stands still where the bits of both directions take no turns, as among more than two processes:
/// they swallow each other, and are sent again.
fn three_endpoints_send_each_other_bits() {
    all_to_all(3, Lane::Bit, count() / 5);
}

// ---- requests ----------------------------------------------------------------------------------------------------

/// Replies to each message with itself and an exclamation mark.
fn echo() {
    let endpoint = Endpoint::bind().unwrap();
    println!("ready");
    thread::scope(|scope| {
        for message in &endpoint {
            let message = message.unwrap();
            scope.spawn(move || {
                let reply = [&message.payload[..], b"!"].concat();
                message.reply_with(&reply, options(Lane::Auto)).unwrap();
            });
        }
    });
}

/// Takes messages and never replies.
fn silent() {
    let endpoint = Endpoint::bind().unwrap();
    println!("ready");
    endpoint.iter().for_each(drop);
}

/// Replies to the first message when a line comes, and says what becomes of that.
fn late() {
    let endpoint = Endpoint::bind().unwrap();
    println!("ready");
    let message = endpoint.recv().unwrap();
    stdin().lock().lines().next();
    println!("{:?}", message.reply(b"too late").unwrap_err());
    thread::park_timeout(WATCHDOG);
}

fn partner(name: &str) -> Process {
    block_signals();
    let partner = Process::spawn(case(name).stdin(Stdio::piped()));
    partner.wait_stdout(|bytes| bytes == b"ready\n");
    partner
}

fn each_of_many_requests_gets_its_own_reply() {
    let partner = partner("echo");
    let to = pid_of(partner.pid());
    let endpoint = Endpoint::builder().bind().unwrap();
    let replies = AtomicUsize::new(0);
    thread::scope(|scope| {
        for thread in 0..8 {
            let (endpoint, replies) = (&endpoint, &replies);
            scope.spawn(move || {
                for n in 0..count() / 10 {
                    let request = format!("{thread} {n}");
                    let options = options(Lane::Auto);
                    let reply = endpoint.request_with(to, request.as_bytes(), options, &mut |_| {});
                    assert_eq!(reply.unwrap(), format!("{request}!").as_bytes());
                    // Ordering: Relaxed; read after the threads have ended.
                    replies.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(replies.into_inner(), 8 * (count() / 10));
}

fn an_endpoint_that_sends_alone_gets_replies_and_rejects_messages() {
    let partner = partner("echo");
    let endpoint = Endpoint::builder().send_only().bind().unwrap();
    let reply = endpoint.request(pid_of(partner.pid()), b"hello");
    assert_eq!(reply.unwrap(), b"hello!");
    // The partner's reply to a message is a message.
    endpoint.send(pid_of(partner.pid()), b"hello").unwrap();
    let us = std::process::id().to_string();
    let output = run(minitalk(["send"]).args([&us, "hello"]));
    assert_eq!(output.status.code(), Some(7), "{}", stderr(&output));
    let list = run(minitalk(["list", "--json"])).stdout;
    let listed = String::from_utf8(list).unwrap();
    let is_listed = |pid: &str| listed.contains(&format!("\"pid\":{pid},"));
    assert!(!is_listed(&us) && is_listed(&partner.pid().to_string()));
    assert!(matches!(endpoint.try_recv(), Err(ReceiveError::Empty)));
}

fn a_plain_message_can_be_replied_to() {
    let partner = partner("echo");
    let endpoint = Endpoint::bind().unwrap();
    endpoint.send(pid_of(partner.pid()), b"hello").unwrap();
    let message = endpoint.recv_timeout(WATCHDOG).unwrap();
    assert_eq!(
        (message.pid, &message.payload[..]),
        (pid_of(partner.pid()), &b"hello!"[..])
    );
    assert!(!message.is_request());
}

fn a_request_fails_when_its_partner_ends() {
    let partner = partner("silent");
    let endpoint = Endpoint::bind().unwrap();
    thread::scope(|scope| {
        let request = scope.spawn(|| {
            let options = options(Lane::Auto);
            endpoint.request_with(pid_of(partner.pid()), b"x", options, &mut |_| {})
        });
        // Whether the request was delivered by then or not.
        kill(partner.pid(), libc::SIGKILL);
        let error = request.join().unwrap().unwrap_err();
        let is_told = matches!(
            error,
            SendError::NoReply { has_ended: true }
                | SendError::ServerEnded { .. }
                | SendError::NoSuchProcess
        );
        assert!(is_told, "{error}");
    });
}

fn a_request_ends_at_its_timeout_and_takes_no_late_reply() {
    let partner = partner("late");
    let endpoint = Endpoint::bind().unwrap();
    let mut options = options(Lane::Auto);
    options.reply_timeout = Duration::from_millis(50);
    let error = endpoint.request_with(pid_of(partner.pid()), b"x", options, &mut |_| {});
    let error = error.unwrap_err();
    assert!(
        matches!(error, SendError::NoReply { has_ended: false }),
        "{error}"
    );
    drop(partner.take_stdin());
    partner.wait_stdout(|bytes| bytes == b"ready\nRejected(Unasked)\n");
    let nothing = endpoint.try_recv();
    assert!(nothing.is_err(), "{nothing:?}");
}

fn a_server_that_does_not_reply_rejects_a_request() {
    block_signals();
    let server = Server::start();
    let endpoint = Endpoint::bind().unwrap();
    let to = pid_of(server.pid());
    let error = endpoint.request(to, b"x").unwrap_err();
    assert!(
        matches!(error, SendError::Rejected(Reason::NoReplies)),
        "{error}"
    );
    endpoint.send(to, b"y").unwrap();
    server.assert_printed(&[b"y"]);
    server.stop();
}

fn a_reply_to_a_process_that_has_ended_fails() {
    block_signals();
    let endpoint = Endpoint::bind().unwrap();
    let client = Process::spawn(minitalk(["send"]).args([&us().to_string(), "x"]));
    let message = endpoint.recv_timeout(WATCHDOG).unwrap();
    assert_success(&client.output());
    let error = message.reply(b"y").unwrap_err();
    assert!(matches!(error, SendError::NoSuchProcess), "{error}");
}

fn sends_end_when_their_endpoint_is_stopped() {
    let partner = partner("talker");
    let endpoint = Endpoint::bind().unwrap();
    let to = pid_of(partner.pid());
    thread::scope(|scope| {
        // The partner takes nothing before it has been told of others.
        let send = || endpoint.send_with(to, b"x", options(Lane::Auto), &mut |_| {});
        let waiting = [scope.spawn(send), scope.spawn(send)];
        wait_until("a message waits", || client::find(to, false).is_ok());
        endpoint.stopper().stop();
        for send in waiting {
            let error = send.join().unwrap().unwrap_err();
            assert!(matches!(error, SendError::Stopped), "{error}");
        }
        let error = send().unwrap_err();
        assert!(matches!(error, SendError::Stopped), "{error}");
    });
}

// ---- shared by the cases -----------------------------------------------------------------------------------------

fn us() -> i32 {
    Pid::current().get()
}
