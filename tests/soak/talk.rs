//! Two endpoints that send, request, reply and receive at once, and their disturbances.

use std::io::{Write, stdin, stdout};
use std::process::Stdio;
use std::thread;

use minitalk::client::{Options, SendError};
use minitalk::wire::sender::Lane;
use minitalk::{Endpoint, Message, Pid};

use crate::common::*;
use crate::oracle::Observations;
use crate::plan::{Client, Fate, Random, SPOKEN, adversary, disturb, message};

/// The most messages of one end.
const MOST_TURNS: usize = 32;

const MOST_BYTES: u64 = 4_000;

/// A message of one end to the other.
struct Turn {
    id: usize,
    lane: Lane,
    is_request: bool,
    text: Vec<u8>,
}

/// Returns what end 0 or 1 of a talk has to say.
fn turns(seed: u64, talk: usize, end: usize) -> Vec<Turn> {
    let first = SPOKEN + (2 * talk + end) * MOST_TURNS;
    let mut random = Random::new(seed, first as u64);
    let count = 1 + random.below(MOST_TURNS as u64) as usize;
    let turn = |id| {
        let bytes = 1 + random.scale(MOST_BYTES);
        Turn {
            id,
            lane: random.pick(&[Lane::Auto, Lane::Bit, Lane::Word]),
            is_request: random.below(2) == 0,
            // Every byte but the newline, which ends an event in the output.
            text: message(
                &mut random,
                id,
                bytes,
                |byte| if byte == b'\n' { 0 } else { byte },
            ),
        }
    };
    (first..first + count).map(turn).collect()
}

/// Runs one end, which a line of standard input describes, until standard input ends.
///
/// Prints "ready", then a line for each event, and "done" when it has said everything.
pub fn talker() {
    let endpoint = Endpoint::bind().unwrap();
    print("ready", b"");
    let mut lines = stdin().lines();
    let line = lines.next().unwrap().unwrap();
    let numbers: Vec<u64> = line.split(' ').map(|n| n.parse().unwrap()).collect();
    let [seed, talk, end, partner] = numbers[..] else {
        panic!("{line:?}")
    };
    let partner = Pid::try_from(u32::try_from(partner).unwrap()).unwrap();
    let turns = turns(seed, talk as usize, end as usize);
    thread::scope(|scope| {
        scope.spawn(|| {
            for message in &endpoint {
                let message = message.unwrap();
                // Strays and forged bits are texts of other dialects.
                if !message.framed {
                    continue;
                }
                print("got ", &message.payload);
                if message.is_request() {
                    // On a thread of its own: a reply waits for the message before it, which the other end may take only after
                    // its own reply.
                    scope.spawn(move || reply(&message));
                }
            }
        });
        let halves = turns.split_at(turns.len() / 2);
        let halves = [halves.0, halves.1].map(|half| {
            let endpoint = &endpoint;
            scope.spawn(move || half.iter().for_each(|turn| say(endpoint, partner, turn)))
        });
        for half in halves {
            half.join().unwrap();
        }
        print("done", b"");
        assert!(lines.next().is_none());
        endpoint.stopper().stop();
    });
}

/// Prints an event in one piece.
fn print(event: &str, text: &[u8]) {
    let line = [event.as_bytes(), text, b"\n"].concat();
    stdout().lock().write_all(&line).unwrap();
}

fn options(lane: Lane) -> Options {
    let mut options = Options::default();
    options.lane = lane;
    options.timeout = WATCHDOG;
    options.reply_timeout = WATCHDOG;
    options
}

fn say(endpoint: &Endpoint, partner: Pid, turn: &Turn) {
    let Turn { id, text, .. } = turn;
    let options = options(turn.lane);
    let said = if turn.is_request {
        let reply = endpoint.request_with(partner, text, options, &mut |_| {});
        reply.map(|reply| print(&format!("reply {id} "), &reply))
    } else {
        let sent = endpoint.send_with(partner, text, options, &mut |_| {});
        sent.map(|_| print(&format!("sent {id} "), b""))
    };
    if let Err(error) = said {
        print(&format!("failed {id} "), error.to_string().as_bytes());
    }
}

/// Replies to a request with its own bytes.
fn reply(request: &Message) {
    let replied = request.reply_with(&request.payload, options(Lane::Auto));
    let is_expected = replied.as_ref().map_or_else(is_end, |_| true);
    assert!(is_expected, "{replied:?}");
}

/// Returns whether the other process has ended, which excuses everything.
const fn is_end(error: &SendError) -> bool {
    matches!(
        error,
        SendError::NoSuchProcess | SendError::ServerEnded { .. } | SendError::Refused { .. }
    )
}

/// Runs a talk with its disturbances, and returns its results.
pub fn run(seed: u64, talk: usize) -> Observations {
    let mut random = Random::new(seed, (SPOKEN + talk) as u64);
    let ends = [0, 1].map(|_| Process::spawn(case("talker").stdin(Stdio::piped())));
    for end in &ends {
        end.wait_stdout(|bytes| bytes.starts_with(b"ready\n"));
    }
    let [pid, other] = [ends[0].pid(), ends[1].pid()];
    let mut pipes = Vec::new();
    for (end, partner) in [(0, other), (1, pid)] {
        let mut pipe = ends[end].take_stdin();
        writeln!(pipe, "{seed} {talk} {end} {partner}").unwrap();
        pipes.push(pipe);
    }
    let mut seen = Observations::default();
    let adversary = (random.below(2) == 0).then(|| {
        seen.adversaries += 1;
        // The oracle takes it for a changed message, should it ever be printed.
        let forged = format!("#{} forged", turns(seed, talk, 1)[0].id);
        adversary(&mut random, [pid, other], &forged)
    });
    let fate = disturb(&mut random, pid);
    drop(adversary);
    wait_until("both ends have said everything, or have ended", || {
        ends.iter()
            .all(|end| has_said_all(end) || !end.is_running())
    });
    drop(pipes);
    for (end, process) in ends.into_iter().enumerate() {
        let output = process.output();
        let is_killed = end == 0 && matches!(fate, Fate::Ended(..));
        if !output.status.success() && !is_killed {
            let text = stderr(&output);
            let status = output.status;
            let violation = format!("end {end} of talk {talk} exited with {status}: {text}");
            seen.others.push(violation);
        }
        note(&mut seen, &turns(seed, talk, end), fate, &output.stdout);
    }
    seen
}

/// Returns whether an end has printed "done"; events of its partner may follow.
fn has_said_all(end: &Process) -> bool {
    let stdout = end.stdout();
    stdout
        .split(|byte| *byte == b'\n')
        .any(|line| line == b"done")
}

/// Adds the output of one end: its messages count as clients, and the received ones as lines of a server.
fn note(seen: &mut Observations, turns: &[Turn], fate: Fate, printed: &[u8]) {
    let is_killed = matches!(fate, Fate::Ended(..));
    let mut codes = vec![None; turns.len()];
    // A killed end may not have ended its last line.
    for line in printed.split_inclusive(|byte| *byte == b'\n') {
        let Some(line) = line.strip_suffix(b"\n") else {
            break;
        };
        let mut words = line.splitn(3, |byte| *byte == b' ');
        let (event, id) = (words.next().unwrap(), words.next().unwrap_or_default());
        if event == b"got" {
            seen.lines.push(line[b"got ".len()..].to_vec());
            continue;
        }
        let id = std::str::from_utf8(id).ok().and_then(|id| id.parse().ok());
        let Some(id) = id else { continue };
        let at = turns.iter().position(|turn| turn.id == id).unwrap();
        let rest = words.next().unwrap_or_default();
        match event {
            // A killed end may have taken a message and not printed it.
            b"sent" => codes[at] = (!is_killed).then_some(0),
            b"reply" => {
                codes[at] = (!is_killed).then_some(0);
                seen.replies.push((id, rest.to_vec()));
            }
            _ if !is_killed => println!("  message {id}: {}", String::from_utf8_lossy(rest)),
            _ => {}
        }
    }
    for (turn, code) in turns.iter().zip(codes) {
        let client = Client::endpoint(turn.id, turn.text.clone(), turn.is_request, fate);
        seen.clients.push((client, code));
    }
}
