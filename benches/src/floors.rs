//! Floors: the cost of bare signals between two processes, without a protocol.
//!
//! One end sends, the other answers. Bits are standard signals: one at a time, or in a window. Words are real-time signals with 24
//! or 32 bytes of payload, sent in a window and acknowledged cumulatively. Both ends wait in the same way.

mod end;
mod in_c;
mod window;

use std::path::PathBuf;
use std::time::Duration;

use minitalk::Signal;
use minitalk::internals::ffi::{self, Errno, Identity};
use minitalk::wire::packet::Packet;
use minitalk::wire::word::{self, Word};

use crate::lane::{self, Lane};
use crate::options::Options;
use crate::placement::{Placement, Side, use_cpu};
use crate::role::{self, Role, print_line};
use crate::stats::{Summary, ratio};
use crate::table::Table;
use crate::{Failures, Result, number};
use end::End;

/// The bytes of a message that fit a word beside its number and the sender's PID.
pub const WORD: usize = 24;

/// The time limit of one series in one round.
const LIMIT: Duration = Duration::from_secs(120);

/// A way to exchange signals.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Floor {
    name: &'static str,
    /// Returns the title for tables.
    pub title: &'static str,
    carrier: Carrier,
    cpus: Cpus,
    wait: Wait,
    /// The loop of `floors.c` that is measured in the place of ours.
    in_c: Option<&'static str>,
}

/// What travels.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carrier {
    /// Bits, each of which waits for the answer to the one before.
    Bits,
    /// Bits in a window.
    Window,
    /// Words of [`WORD`] bytes in a window.
    Words,
    /// Words as wide as minitalk's in a window.
    WideWords,
}

impl Carrier {
    /// Returns the bytes of a word.
    const fn bytes(self) -> usize {
        match self {
            Self::WideWords => word::SIZE,
            _ => WORD,
        }
    }
}

/// The way in which an end waits for a signal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Polls `rt_sigtimedwait` with a timeout of zero.
    Poll,
    /// Calls `rt_sigtimedwait` with a long timeout.
    Take,
    /// Runs the handler during a `ppoll`, like `pause` and `sigsuspend` in other programs.
    Handler,
}

/// The CPUs on which the two ends run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cpus {
    /// Both ends run on the same CPU.
    One,
    /// The kernel chooses the CPUs.
    Any,
    /// Each end runs on its own CPU.
    Apart,
}

/// All floors, in the order of the table.
const FLOORS: [Floor; 14] = [
    floor(
        "bits-poll",
        "bits, polled, two CPUs",
        Carrier::Bits,
        Cpus::Apart,
        Wait::Poll,
    ),
    floor(
        "bits-window",
        "bits in a window of 8, polled, two CPUs",
        Carrier::Window,
        Cpus::Apart,
        Wait::Poll,
    ),
    floor(
        "bits-take",
        "bits, sigtimedwait, any CPUs",
        Carrier::Bits,
        Cpus::Any,
        Wait::Take,
    ),
    floor(
        "bits-take-two",
        "bits, sigtimedwait, two CPUs",
        Carrier::Bits,
        Cpus::Apart,
        Wait::Take,
    ),
    floor(
        "bits-take-one",
        "bits, sigtimedwait, one CPU",
        Carrier::Bits,
        Cpus::One,
        Wait::Take,
    ),
    floor(
        "bits-handler",
        "bits, handler, any CPUs",
        Carrier::Bits,
        Cpus::Any,
        Wait::Handler,
    ),
    floor(
        "bits-handler-two",
        "bits, handler, two CPUs",
        Carrier::Bits,
        Cpus::Apart,
        Wait::Handler,
    ),
    floor(
        "bits-handler-one",
        "bits, handler, one CPU",
        Carrier::Bits,
        Cpus::One,
        Wait::Handler,
    ),
    floor(
        "words-poll",
        "words, polled, two CPUs",
        Carrier::Words,
        Cpus::Apart,
        Wait::Poll,
    ),
    floor(
        "wide-words-poll",
        "words of 32 bytes, polled, two CPUs",
        Carrier::WideWords,
        Cpus::Apart,
        Wait::Poll,
    ),
    floor(
        "words-take-one",
        "words, sigtimedwait, one CPU",
        Carrier::Words,
        Cpus::One,
        Wait::Take,
    ),
    floor(
        "bits-poll-c",
        "bits, polled, two CPUs, in C",
        Carrier::Bits,
        Cpus::Apart,
        Wait::Poll,
    )
    .in_c("poll"),
    floor(
        "bits-take-one-c",
        "bits, sigwaitinfo, one CPU, in C",
        Carrier::Bits,
        Cpus::One,
        Wait::Take,
    )
    .in_c("take"),
    floor(
        "words-poll-c",
        "words, polled, two CPUs, in C",
        Carrier::Words,
        Cpus::Apart,
        Wait::Poll,
    )
    .in_c("words"),
];

const fn floor(
    name: &'static str,
    title: &'static str,
    carrier: Carrier,
    cpus: Cpus,
    wait: Wait,
) -> Floor {
    Floor {
        name,
        title,
        carrier,
        cpus,
        wait,
        in_c: None,
    }
}

impl Floor {
    const fn in_c(self, loop_name: &'static str) -> Self {
        Self {
            in_c: Some(loop_name),
            ..self
        }
    }
}

/// The series of all floors.
pub struct Floors {
    series: Vec<Series>,
    /// The program of the loops in C.
    in_c: Result<PathBuf>,
    window: u32,
}

struct Series {
    floor: Floor,
    /// The bytes that the words carry; `None` for bits, whose series have one length.
    size: Option<usize>,
    /// The number of exchanges.
    count: u32,
    /// The cost of each round in nanoseconds: of the round trip of a bit, of a bit in a window, or of a word.
    costs: Vec<f64>,
    /// Single round trips of all rounds, in nanoseconds.
    round_trips: Vec<f64>,
}

impl Floors {
    /// Returns series without measurements.
    pub fn new(options: &Options) -> Self {
        let has_two = Placement::possible().len() > 1;
        let bits = if options.quick { 500 } else { 5_000 };
        let possible = FLOORS
            .into_iter()
            .filter(|floor| floor.cpus == Cpus::One || has_two);
        let mut series = Vec::new();
        for floor in possible {
            let mut add = |size: Option<usize>, count| {
                series.push(Series {
                    floor,
                    size,
                    count,
                    costs: Vec::new(),
                    round_trips: Vec::new(),
                });
            };
            match floor.carrier {
                Carrier::Bits => add(None, bits),
                Carrier::Window => add(None, 4 * bits),
                Carrier::Words | Carrier::WideWords => {
                    for &size in &options.word_sizes {
                        add(Some(size), size.div_ceil(floor.carrier.bytes()) as u32);
                    }
                }
            }
        }
        Self {
            series,
            in_c: in_c::build(),
            window: options.window,
        }
    }

    /// Measures each series once.
    pub fn round(&mut self, failures: &mut Failures) {
        for series in &mut self.series {
            let measured = match (series.floor.in_c, &self.in_c) {
                (None, _) => measure(series.floor, series.count, self.window),
                (Some(name), Ok(program)) => {
                    in_c::measure(program, name, series.count).map(|cost| (cost, Vec::new()))
                }
                (Some(_), Err(error)) => Err(error.to_string().into()),
            };
            let measured = failures.note(series.floor.title, measured);
            let (cost, round_trips) = measured.unwrap_or((f64::NAN, Vec::new()));
            series.costs.push(cost);
            series.round_trips.extend(round_trips);
        }
    }

    /// Returns the costs, round by round, of a bit's round trip, or of one of the words that carry `size` bytes. The ends are
    /// placed as in `placement` and wait in the same way; empty if that is not measured.
    pub fn of(&self, lane: Lane, placement: Placement, size: usize) -> &[f64] {
        let name = match (lane, placement) {
            (Lane::Bit, Placement::Polling | Placement::Apart) => "bits-poll",
            (Lane::Bit, Placement::Sleeping) => "bits-take",
            (Lane::Bit, Placement::OneCpu | Placement::Eco | Placement::EcoClient) => {
                "bits-take-one"
            }
            (Lane::Word, Placement::Polling | Placement::Apart) => "words-poll",
            (Lane::Word, Placement::OneCpu | Placement::Eco | Placement::EcoClient) => {
                "words-take-one"
            }
            (Lane::Word, Placement::Sleeping) => return &[],
        };
        self.costs(name, Some(size).filter(|_| lane == Lane::Word))
    }

    /// Returns the costs of a bit in a window, or of a word as wide as minitalk's, for ends that poll on two CPUs; empty for others.
    pub fn of_same_shape(&self, lane: Lane, placement: Placement, size: usize) -> &[f64] {
        match (lane, placement) {
            (Lane::Bit, Placement::Polling | Placement::Apart) => self.costs("bits-window", None),
            (Lane::Word, Placement::Polling | Placement::Apart) => {
                self.costs("wide-words-poll", Some(size))
            }
            _ => &[],
        }
    }

    /// Returns the titles of the floors of bits, and their round trips.
    pub fn round_trips(&self) -> impl Iterator<Item = (&'static str, &[f64])> {
        let bits = self.series.iter();
        let bits = bits
            .filter(|series| series.floor.carrier == Carrier::Bits && series.floor.in_c.is_none());
        bits.map(|series| (series.floor.title, &series.round_trips[..]))
    }

    /// Prints the table.
    pub fn print(&self) {
        let mut table = Table::new(
            format!(
                "Floors: bare signals, no protocol (words of 24 bytes or as said, window {})",
                self.window
            ),
            &[
                "series",
                "rounds",
                "a bit, or a word",
                "payload",
                "to the cheapest",
            ],
        );
        for series in &self.series {
            let Some(summary) = Summary::of(&series.costs) else {
                continue;
            };
            let (payload, cheapest) = match series.floor.carrier {
                Carrier::Bits | Carrier::Window => (1.0 / 8.0, "bits-poll"),
                carrier => (carrier.bytes() as f64, "words-poll"),
            };
            // Of words the longest series, whose start counts least.
            let mut all = self.series.iter();
            let cheapest = all.rfind(|series| series.floor.name == cheapest);
            let cheapest = cheapest.map_or(&[][..], |series| &series.costs);
            let size = series.size.map(number::bytes);
            table.row(vec![
                size.map_or(series.floor.title.into(), |size| {
                    format!("{}, {size}", series.floor.title)
                }),
                summary.count.to_string(),
                summary.show(number::time),
                number::rate(payload * 1e9 / summary.median),
                lane::times(ratio(&series.costs, cheapest)),
            ]);
        }
        println!("{table}");
    }

    fn costs(&self, name: &str, size: Option<usize>) -> &[f64] {
        let mut series = self.series.iter();
        let series = series.find(|series| series.floor.name == name && series.size == size);
        series.map_or(&[], |series| &series.costs)
    }
}

impl Drop for Floors {
    fn drop(&mut self) {
        if let Ok(program) = &self.in_c {
            let _ = std::fs::remove_file(program);
        }
    }
}

/// Runs both ends once. Returns the nanoseconds for each of `count` exchanges, and single round trips.
fn measure(floor: Floor, count: u32, window: u32) -> Result<(f64, Vec<f64>)> {
    let window = window.to_string();
    let mut answering = Role::start(&["floor", "answer", floor.name, &window])?;
    let mut asking = Role::start(&["floor", "ask", floor.name, &window])?;
    answering.write_line(&format!("{} {count}", asking.pid()))?;
    answering.read_line(LIMIT)?;
    asking.write_line(&format!("{} {count}", answering.pid()))?;
    let line = asking.read_line(LIMIT)?;
    answering.read_line(LIMIT)?;
    let numbers: std::result::Result<Vec<f64>, _> = line.split(' ').map(str::parse).collect();
    let mut numbers = numbers?.into_iter();
    let total = numbers.next().ok_or("no total")?;
    Ok((total / f64::from(count), numbers.collect()))
}

/// Runs one end in this process.
///
/// # Errors
/// When the other end has ended.
pub fn role(side: &str, name: &str, window: &str) -> Result<()> {
    let floor = FLOORS.into_iter().find(|floor| floor.name == name);
    let floor = floor.ok_or("there is no such floor")?;
    let window: u32 = window.parse()?;
    let side = match side {
        "answer" => Side::Answering,
        _ => Side::Asking,
    };
    match floor.cpus {
        Cpus::One => use_cpu(0)?,
        Cpus::Any => {}
        Cpus::Apart => use_cpu(side.number())?,
    }
    let mut end = End::new(floor.wait)?;
    let lines = role::lines();
    print_line("ready");
    let line = lines.recv()?;
    let (peer, count) = line
        .split_once(' ')
        .ok_or("an end needs a PID and a count")?;
    let peer = ffi::pidfd_open(role::pid(peer)?).map_err(std::io::Error::from)?;
    let count: u32 = count.parse()?;
    match side {
        Side::Answering => {
            print_line("set");
            match floor.carrier {
                Carrier::Bits => answer_bits(&mut end, &peer, count)?,
                Carrier::Window => window::answer(&peer, count)?,
                Carrier::Words | Carrier::WideWords => {
                    answer_words(&mut end, &peer, count, window)?;
                }
            }
            print_line("done");
            if floor.carrier == Carrier::Window {
                window::answer_late(&peer, count)?;
            }
        }
        Side::Asking => print_line(&match floor.carrier {
            Carrier::Bits => ask_bits(&mut end, &peer, count)?,
            Carrier::Window => window::ask(&peer, count)?,
            Carrier::Words => ask_words(&mut end, &peer, count, window, narrow_word)?,
            Carrier::WideWords => ask_words(&mut end, &peer, count, window, wide_word)?,
        }),
    }
    // The parent kills this process: a late signal must not end it before.
    let _ = lines.recv();
    Ok(())
}

fn ask_bits(end: &mut End, peer: &ffi::Fd, count: u32) -> Result<String> {
    let mut round_trips = Vec::with_capacity(count as usize);
    let start = std::time::Instant::now();
    let mut before = start;
    for n in 0..count {
        let signal = if n % 2 == 0 {
            Signal::USR1
        } else {
            Signal::USR2
        };
        ffi::send_through(peer, signal, None).map_err(std::io::Error::from)?;
        end.next()?;
        let now = std::time::Instant::now();
        round_trips.push(now - before);
        before = now;
    }
    let mut line = (before - start).as_nanos().to_string();
    for round_trip in round_trips {
        line += &format!(" {}", round_trip.as_nanos());
    }
    Ok(line)
}

fn answer_bits(end: &mut End, peer: &ffi::Fd, count: u32) -> Result<()> {
    for _ in 0..count {
        end.next()?;
        ffi::send_through(peer, Signal::USR1, None).map_err(std::io::Error::from)?;
    }
    Ok(())
}

fn narrow_word(index: u32) -> Packet {
    let value = u64::from(index);
    Packet {
        errno: index,
        padding: index,
        value,
        more: [value; 2],
        ..Packet::default()
    }
}

fn wide_word(index: u32) -> Packet {
    let word = Word {
        index,
        wants_reply: false,
        proof: index,
        bytes: [index as u8; word::SIZE],
    };
    word.packet()
}

fn ask_words(
    end: &mut End,
    peer: &ffi::Fd,
    count: u32,
    window: u32,
    word: impl Fn(u32) -> Packet,
) -> Result<String> {
    let from = Identity::ours();
    let start = std::time::Instant::now();
    let (mut sent, mut acknowledged) = (0, 0);
    while acknowledged < count {
        let mut room = true;
        while room && sent < count && sent - acknowledged < window {
            let packet = from.sign(word(sent));
            match ffi::send_through(peer, Signal::WORD, Some(&packet)) {
                Ok(()) => sent += 1,
                Err(Errno::AGAIN) if sent > acknowledged => room = false,
                Err(errno) => return Err(std::io::Error::from(errno).into()),
            }
        }
        acknowledged = end::value(end.next()?).ok_or("an acknowledgement without a value")?;
    }
    Ok(start.elapsed().as_nanos().to_string())
}

fn answer_words(end: &mut End, peer: &ffi::Fd, count: u32, window: u32) -> Result<()> {
    let from = Identity::ours();
    let every = (window / 2).max(1);
    for n in 0..count {
        if end::value(end.next()?) != Some(n) {
            return Err(format!("another signal arrived instead of word {n}").into());
        }
        let taken = n + 1;
        if taken % every == 0 || taken == count {
            let packet = from.sign(Packet {
                value: taken.into(),
                ..Packet::default()
            });
            ffi::send_through(peer, Signal::WORD, Some(&packet)).map_err(std::io::Error::from)?;
        }
    }
    Ok(())
}
