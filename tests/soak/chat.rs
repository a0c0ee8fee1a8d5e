//! Two chats in pipes that both type at once, and their disturbances.

use std::io::Write;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::common::*;
use crate::oracle::{Observations, Stream};
use crate::plan::{CHATS, Fate, Random, adversary, disturb};

/// The most pieces that one end types.
const MOST_PIECES: u64 = 16;

const MOST_BYTES: u64 = 4_000;

/// The longest pause before a piece.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// Bytes to type, after a pause.
struct Piece {
    pause: Duration,
    bytes: Vec<u8>,
}

/// Returns part `part` of the plan of a chat: what end 0 or 1 types, or the disturbance.
fn part(seed: u64, chat: usize, part: usize) -> Random {
    Random::new(seed, (CHATS + 3 * chat + part) as u64)
}

/// Returns what end 0 or 1 of a chat types.
fn pieces(seed: u64, chat: usize, end: usize) -> Vec<Piece> {
    let mut random = part(seed, chat, end);
    let count = 1 + random.below(MOST_PIECES);
    let piece = |_| Piece {
        pause: random.time(LONGEST_PAUSE),
        bytes: {
            let bytes = 1 + random.scale(MOST_BYTES);
            (0..bytes).map(|_| random.below(256) as u8).collect()
        },
    };
    (0..count).map(piece).collect()
}

/// Starts a chat, and waits until it can be spoken to.
fn start(args: &[&str]) -> Process {
    let mut command = minitalk([&["chat"], args].concat());
    let chat = Process::spawn(command.stdin(Stdio::piped()));
    chat.wait_stderr("minitalk: PID ");
    chat
}

/// Types the pieces, and ends the input.
fn type_in(mut pipe: impl Write, pieces: &[Piece]) {
    for Piece { pause, bytes } in pieces {
        thread::sleep(*pause);
        if pipe.write_all(bytes).is_err() {
            // The chat has ended.
            return;
        }
    }
}

/// Runs a chat with its disturbances, and returns its results.
pub fn run(seed: u64, chat: usize) -> Observations {
    let mut random = part(seed, chat, 2);
    let mut seen = Observations::default();
    let waiting = start(&[]);
    let other = start(&[&waiting.pid().to_string()]);
    let ends = [waiting, other];
    let pids = ends.each_ref().map(Process::pid);
    let plans = [0, 1].map(|end| pieces(seed, chat, end));
    let victim = random.pick(&[0, 1]);
    let fate = thread::scope(|scope| {
        for (end, pieces) in ends.iter().zip(&plans) {
            let pipe = end.take_stdin();
            scope.spawn(move || type_in(pipe, pieces));
        }
        // Before that a third process that speaks for itself would become the other end.
        ends[0].wait_stderr("has begun to speak");
        let adversary = (random.below(2) == 0).then(|| adversary(&mut random, pids, "forged"));
        seen.adversaries += usize::from(adversary.is_some());
        disturb(&mut random, pids[victim])
    });
    let is_killed = matches!(fate, Fate::Ended(..));
    for (end, process) in ends.into_iter().enumerate() {
        let output = process.output();
        // The other end of a killed chat reports that.
        let may_fail = is_killed && (end == victim || output.status.code().is_some());
        if !output.status.success() && !may_fail {
            let (status, text) = (output.status, stderr(&output));
            let violation = format!("end {end} of chat {chat} exited with {status}: {text}");
            seen.others.push(violation);
        }
        let typed = plans[1 - end].iter().map(|piece| &piece.bytes[..]);
        seen.streams.push(Stream {
            name: format!("to end {end} of chat {chat} ({fate:?})"),
            typed: typed.collect::<Vec<_>>().concat(),
            printed: output.stdout,
            is_whole: !is_killed,
        });
    }
    seen
}
