//! Messages through the library: a server and a client, each in its own process.

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use minitalk::Inbox;
use minitalk::client::{self, Report};
use minitalk::engine;
use minitalk::internals::process::peer::Peer;
use minitalk::server::{self, Config};
use minitalk::wire::sender;

use crate::floors::{self, Floors};
use crate::options::Options;
use crate::placement::{Placement, Side};
use crate::role::{self, Role, print_line};
use crate::stats::{Summary, ratio};
use crate::table::Table;
use crate::{Failures, Result, number, pattern};

/// The lane of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Each signal carries one bit.
    Bit,
    /// Each signal carries one word.
    Word,
}

/// How long a server may be silent.
const SILENCE: Duration = Duration::from_secs(60);

/// Sends a message; no other code chooses a lane.
fn send(
    inbox: &mut Inbox,
    server: &Arc<Peer>,
    message: &[u8],
    lane: Lane,
    placement: Placement,
) -> Result<Report> {
    let mut options = client::Options::default();
    options.timeout = SILENCE;
    options.eco = matches!(placement, Placement::Eco | Placement::EcoClient);
    options.lane = match lane {
        Lane::Bit => sender::Lane::Bit,
        Lane::Word => sender::Lane::Word,
    };
    Ok(engine::send(inbox, server, message, options, &mut |_| {})?)
}

impl Lane {
    const ALL: [Self; 2] = [Self::Bit, Self::Word];

    /// Returns the name for the command lines of roles.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bit => "bit",
            Self::Word => "word",
        }
    }

    /// Returns the title for tables.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Bit => "bits",
            Self::Word => "words",
        }
    }
}

/// The series of all lanes, placements and sizes.
pub struct Lanes {
    series: Vec<Series>,
}

/// The series of one lane, placement and size.
pub struct Series {
    /// The lane.
    pub lane: Lane,
    /// The placement of the two ends.
    pub placement: Placement,
    /// The size of the message in bytes.
    pub size: usize,
    /// The time of each round's message in nanoseconds.
    pub times: Vec<f64>,
    signals: u64,
    resent: u64,
}

impl Lanes {
    /// Returns series without measurements.
    pub fn new(options: &Options) -> Self {
        let mut series = Vec::new();
        for lane in Lane::ALL {
            let sizes = match lane {
                Lane::Bit => &options.sizes,
                Lane::Word => &options.word_sizes,
            };
            for &size in sizes {
                for placement in Placement::possible() {
                    // It would take a quarter of an hour and show no more than shorter messages.
                    if lane == Lane::Bit && placement == Placement::Sleeping && size >= 1_000_000 {
                        continue;
                    }
                    let times = Vec::new();
                    series.push(Series {
                        lane,
                        placement,
                        size,
                        times,
                        signals: 0,
                        resent: 0,
                    });
                }
            }
        }
        Self { series }
    }

    /// Measures each series once.
    pub fn round(&mut self, round: u32, failures: &mut Failures) {
        for series in &mut self.series {
            if round > 0 && series.takes_minutes() {
                continue;
            }
            let seed = u64::from(round) << 32 | series.size as u64;
            let sent = transfer(series.placement, series.lane, series.size, 1, seed);
            let what = format!("{} bytes, {}", series.size, series.placement.title());
            match failures.note(&what, sent).as_deref() {
                Some([transfer]) => {
                    series.times.push(transfer.nanoseconds);
                    series.signals += transfer.signals;
                    series.resent += transfer.resent;
                }
                _ => series.times.push(f64::NAN),
            }
        }
    }

    /// Returns the series with measurements.
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// Prints the table.
    pub fn print(&self, floors: Option<&Floors>) {
        let mut table = Table::new(
            "Messages through the library",
            &[
                "lane",
                "CPUs",
                "size",
                "rounds",
                "time",
                "rate",
                "time a signal",
                "to the floor",
                "to the same shape's",
                "resent",
            ],
        );
        for series in &self.series {
            let Some(summary) = Summary::of(&series.times) else {
                continue;
            };
            let per_step = series.per_step();
            let (lane, placement) = (series.lane, series.placement);
            let to = |steps: &[f64], costs: Option<&[f64]>| {
                times(ratio(steps, costs.unwrap_or_default()))
            };
            let to_floor = series.per_step_of_floor();
            let step = Summary::of(&per_step).map(|summary| summary.show(number::time));
            table.row(vec![
                series.lane.title().into(),
                series.placement.title().into(),
                number::bytes(series.size),
                summary.count.to_string(),
                summary.show(number::time),
                number::rate(series.size as f64 * 1e9 / summary.median),
                step.unwrap_or_default(),
                to(
                    &to_floor,
                    floors.map(|floors| floors.of(lane, placement, series.size)),
                ),
                to(
                    &per_step,
                    floors.map(|floors| floors.of_same_shape(lane, placement, series.size)),
                ),
                format!("{} of {}", series.resent, series.signals),
            ]);
        }
        println!("{table}");
    }
}

impl Series {
    /// Returns whether the series takes so long that it gets one round alone.
    fn takes_minutes(&self) -> bool {
        match (self.lane, self.placement) {
            (Lane::Word, _) => false,
            // Every signal wakes a CPU.
            (Lane::Bit, Placement::Sleeping) => self.size >= 100_000,
            (Lane::Bit, _) => self.size >= 1_000_000,
        }
    }

    /// Returns the nanoseconds for as much as a signal of the floor carries, round by round.
    fn per_step_of_floor(&self) -> Vec<f64> {
        match self.lane {
            Lane::Bit => self.per_step(),
            Lane::Word => {
                let words = self.size.div_ceil(floors::WORD) as f64;
                self.times.iter().map(|time| time / words).collect()
            }
        }
    }

    /// Returns the nanoseconds per signal and answer, without retransmissions, round by round.
    fn per_step(&self) -> Vec<f64> {
        let rounds = self
            .times
            .iter()
            .filter(|time| time.is_finite())
            .count()
            .max(1) as u64;
        let steps = (self.signals - self.resent) / rounds;
        self.times
            .iter()
            .map(|time| time / steps.max(1) as f64)
            .collect()
    }
}

/// Returns a ratio as text for tables.
pub fn times(ratio: Option<f64>) -> String {
    ratio.map_or("-".into(), |ratio| {
        format!("{}x", number::significant(ratio))
    })
}

/// The cost of a message.
pub struct Transfer {
    /// The time from the first signal to the final acknowledgement.
    pub nanoseconds: f64,
    /// The number of signals of the client.
    pub signals: u64,
    /// The number of retransmissions among them.
    pub resent: u64,
}

/// Sends `count` messages of `size` bytes from one process to another, and verifies what arrived.
///
/// # Errors
/// When a message is not delivered or differs.
pub fn transfer(
    placement: Placement,
    lane: Lane,
    size: usize,
    count: u32,
    seed: u64,
) -> Result<Vec<Transfer>> {
    let mut server = Role::start(&["server", placement.name()])?;
    let mut client = Role::start(&["client", placement.name(), lane.name()])?;
    client.write_line(&format!("{} {size} {count} {seed}", server.pid()))?;
    let transfers = transfers(&client.read_line(limit(size, count))?)?;
    let sent = (0..count).map(|n| Arrived::sent(seed, n, size)).collect();
    compare(sent, arrived(&mut server)?)?;
    Ok(transfers)
}

/// Returns the time limit for `count` messages of `size` bytes: a millisecond per bit, but at most half an hour.
pub fn limit(size: usize, count: u32) -> Duration {
    let bits = 8 * (size as u64 + 10) * u64::from(count);
    SILENCE + Duration::from_millis(bits.min(1_800_000))
}

/// Parses the report of a client.
///
/// # Errors
/// When the line has another form.
pub fn transfers(line: &str) -> Result<Vec<Transfer>> {
    let one = |text: &str| {
        let mut words = text.split(':');
        Some(Transfer {
            nanoseconds: words.next()?.parse().ok()?,
            signals: words.next()?.parse().ok()?,
            resent: words.next()?.parse().ok()?,
        })
    };
    let all: Option<Vec<Transfer>> = line.split(' ').map(one).collect();
    all.ok_or_else(|| format!("unexpected line of a client: {line:?}").into())
}

/// The length and the checksum of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrived {
    len: usize,
    checksum: u32,
}

impl Arrived {
    /// Returns message `n` of `size` bytes of a client with this seed.
    pub fn sent(seed: u64, n: u32, size: usize) -> Self {
        Self::of(&pattern::bytes(seed.wrapping_add(n.into()), size))
    }

    fn of(message: &[u8]) -> Self {
        let (len, checksum) = (message.len(), pattern::checksum(message));
        Self { len, checksum }
    }
}

/// Asks a server which messages arrived.
///
/// # Errors
/// When it does not answer.
pub fn arrived(server: &mut Role) -> Result<Vec<Arrived>> {
    server.write_line("report")?;
    let line = server.read_line(Duration::from_secs(10))?;
    let one = |text: &str| {
        let (len, checksum) = text.split_once(':')?;
        Some(Arrived {
            len: len.parse().ok()?,
            checksum: checksum.parse().ok()?,
        })
    };
    let all: Option<Vec<Arrived>> = line.split_whitespace().map(one).collect();
    all.ok_or_else(|| format!("unexpected line of a server: {line:?}").into())
}

/// Checks that every message arrived exactly once, in any order, and nothing else.
///
/// # Errors
/// When a message is missing, duplicated or unknown.
pub fn compare(mut sent: Vec<Arrived>, mut arrived: Vec<Arrived>) -> Result<()> {
    sent.sort_unstable();
    arrived.sort_unstable();
    if sent == arrived {
        return Ok(());
    }
    let intact = arrived
        .iter()
        .filter(|message| sent.contains(message))
        .count();
    Err(format!(
        "not intact: {} sent, {} arrived, {intact} of them as sent",
        sent.len(),
        arrived.len()
    )
    .into())
}

/// Runs a server in this process, which keeps the length and the checksum of each message.
///
/// # Errors
/// Those of the library.
pub fn server(placement: &str) -> Result<()> {
    let mut inbox = Placement::from_name(placement)
        .ok_or("there is no such placement")?
        .open(Side::Answering)?;
    let arrived = Arc::new(Mutex::new(Vec::new()));
    role::listen({
        let arrived = Arc::clone(&arrived);
        move |_| {
            let mut line = String::new();
            for Arrived { len, checksum } in arrived
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .iter()
            {
                let _ = write!(line, "{len}:{checksum} ");
            }
            print_line(&line);
        }
    });
    print_line("ready");
    let mut config = Config::default();
    config.max_message = 1 << 30;
    // Otherwise clients would wait for each other's memory, and ask again four times a second.
    config.max_memory = Some(usize::MAX);
    config.idle_timeout = Some(SILENCE);
    let output: engine::Output = Box::new(move |message| {
        let message = Arrived::of(&message.payload);
        arrived
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(message);
        Ok(())
    });
    let mut note = |note: &server::Note| eprintln!("bench: server: {note}");
    Ok(engine::serve(
        &mut inbox,
        config,
        vec![output],
        &mut note,
        None,
    )?)
}

/// Runs a client in this process, which sends on request of the parent.
///
/// # Errors
/// Those of the library.
pub fn client(placement: &str, lane: &str) -> Result<()> {
    let lane = Lane::ALL
        .into_iter()
        .find(|l| l.name() == lane)
        .ok_or("there is no such lane")?;
    let placement = Placement::from_name(placement).ok_or("there is no such placement")?;
    let mut inbox = placement.open(Side::Asking)?;
    let lines = role::lines();
    print_line("ready");
    let line = lines.recv()?;
    let words: Vec<&str> = line.split(' ').collect();
    let [pid, size, count, seed] = words[..] else {
        return Err("a client needs a PID, a size, a count and a seed".into());
    };
    let (size, count, seed): (usize, u32, u64) = (size.parse()?, count.parse()?, seed.parse()?);
    let messages: Vec<Vec<u8>> = (0..count)
        .map(|n| pattern::bytes(seed.wrapping_add(n.into()), size))
        .collect();
    let server = client::find(role::pid(pid)?, false)?;
    let mut said = Vec::new();
    for message in &messages {
        let report = send(&mut inbox, &server, message, lane, placement)?;
        said.push(format!(
            "{}:{}:{}",
            report.elapsed.as_nanos(),
            report.signals,
            report.resent
        ));
    }
    print_line(&said.join(" "));
    // The parent kills this process: a late answer must not end it before.
    let _ = lines.recv();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_of_a_client_is_parsed() {
        let all = transfers("1000:26:0 2000:30:4").unwrap();
        assert_eq!(
            (all[1].nanoseconds, all[1].signals, all[1].resent),
            (2000.0, 30, 4)
        );
        assert!(transfers("").is_err() && transfers("1:2").is_err());
    }

    #[test]
    fn lost_duplicated_and_changed_messages_are_detected() {
        let (a, b) = (Arrived::sent(1, 0, 10), Arrived::sent(1, 1, 10));
        assert_eq!(b, Arrived::sent(2, 0, 10));
        assert!(compare(vec![a, b], vec![b, a]).is_ok());
        for wrong in [
            vec![a],
            vec![a, b, b],
            vec![a, a],
            vec![a, Arrived::sent(9, 0, 10)],
        ] {
            assert!(compare(vec![a, b], wrong).is_err());
        }
    }
}
