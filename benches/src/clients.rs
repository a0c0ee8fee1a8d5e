//! Many concurrent clients: each is a process with one message, and all start together.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::lane::{self, Arrived, Lane};
use crate::options::Options;
use crate::placement::Placement;
use crate::role::Role;
use crate::stats::{Summary, ratio};
use crate::table::Table;
use crate::{Failures, Result, number};

/// The delay before the server's memory is first sampled.
const LOOK: Duration = Duration::from_millis(50);

/// The maximum number of rounds, because a hundred clients take long.
const ROUNDS: u32 = 3;

/// One series for each number of clients.
pub struct Clients {
    series: Vec<Series>,
    bytes: usize,
    rounds: u32,
}

/// The series of one number of clients.
pub struct Series {
    /// The number of clients.
    pub clients: u32,
    /// The total rate of each round, in bytes a second.
    pub rates: Vec<f64>,
    slowest: Vec<f64>,
    to_mean: Vec<f64>,
    resident: Vec<f64>,
}

impl Clients {
    /// Returns series without measurements.
    pub fn new(options: &Options) -> Self {
        let numbers = options.clients.iter();
        let series = numbers.map(|&clients| Series {
            clients,
            rates: Vec::new(),
            slowest: Vec::new(),
            to_mean: Vec::new(),
            resident: Vec::new(),
        });
        Self {
            series: series.collect(),
            bytes: options.clients_bytes,
            rounds: options.rounds.min(ROUNDS),
        }
    }

    /// Measures each series once.
    pub fn round(&mut self, round: u32, failures: &mut Failures) {
        if round >= self.rounds {
            return;
        }
        for series in &mut self.series {
            let what = format!("{} clients", series.clients);
            let measured = measure(series.clients, self.bytes, round.into());
            let measured = failures.note(&what, measured).unwrap_or(Measured::NONE);
            series.rates.push(measured.rate);
            series.slowest.push(measured.slowest);
            series.to_mean.push(measured.to_mean);
            series.resident.push(measured.resident);
        }
    }

    /// Returns the series with measurements.
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// Prints the table.
    pub fn print(&self) {
        let mut table = Table::new(
            format!(
                "Clients at once, {}, each with one message of {}",
                Placement::possible()[0].title(),
                number::bytes(self.bytes)
            ),
            &[
                "clients",
                "rounds",
                "rate of all",
                "to one client's",
                "slowest",
                "slowest to mean",
                "server's VmRSS",
            ],
        );
        let one = self.series.iter().find(|series| series.clients == 1);
        let one = one.map_or(&[][..], |series| &series.rates);
        for series in &self.series {
            let Some(rate) = Summary::of(&series.rates) else {
                continue;
            };
            let median = |values: &[f64]| Summary::of(values).map_or(f64::NAN, |s| s.median);
            let slowest = Summary::of(&series.slowest);
            table.row(vec![
                series.clients.to_string(),
                rate.count.to_string(),
                rate.show(number::rate),
                lane::times(ratio(&series.rates, one)),
                slowest.map_or(String::new(), |s| s.show(number::time)),
                lane::times(Some(median(&series.to_mean))),
                number::bytes(median(&series.resident) as usize),
            ]);
        }
        println!("{table}");
    }
}

struct Measured {
    rate: f64,
    slowest: f64,
    to_mean: f64,
    resident: f64,
}

impl Measured {
    /// The values of a failed measurement.
    const NONE: Self = Self {
        rate: f64::NAN,
        slowest: f64::NAN,
        to_mean: f64::NAN,
        resident: f64::NAN,
    };
}

fn measure(count: u32, bytes: usize, seed: u64) -> Result<Measured> {
    let placement = Placement::possible()[0].name();
    let lane = Lane::Bit.name();
    let mut server = Role::start(&["server", placement])?;
    let clients = (0..count).map(|_| Role::start(&["client", placement, lane]));
    let mut clients = clients.collect::<Result<Vec<_>>>()?;
    let seed_of = |n: u32| seed << 32 | u64::from(n);
    let start = Instant::now();
    for (n, client) in (0..).zip(&mut clients) {
        client.write_line(&format!("{} {bytes} 1 {}", server.pid(), seed_of(n)))?;
    }
    thread::sleep(LOOK);
    let mut resident = resident(server.pid())?;
    let mut times = Vec::new();
    let mut last = start;
    for client in &clients {
        let (when, said) = client.read_timed_line(lane::limit(bytes, count))?;
        last = last.max(when);
        times.extend(
            lane::transfers(&said)?
                .iter()
                .map(|transfer| transfer.nanoseconds),
        );
    }
    let elapsed = (last - start).as_secs_f64();
    resident = resident.max(self::resident(server.pid())?);
    let sent = (0..count)
        .map(|n| Arrived::sent(seed_of(n), 0, bytes))
        .collect();
    lane::compare(sent, lane::arrived(&mut server)?)?;
    let summary = Summary::of(&times).ok_or("no clients")?;
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    Ok(Measured {
        rate: bytes as f64 * f64::from(count) / elapsed,
        slowest: summary.max,
        to_mean: summary.max / mean,
        resident: resident as f64,
    })
}

/// Returns the resident memory of a process in bytes.
fn resident(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    parse_resident(&status).ok_or_else(|| "no VmRSS in its status".into())
}

fn parse_resident(status: &str) -> Option<u64> {
    let value = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = value.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(1024 * kibibytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_parsed() {
        assert_eq!(
            parse_resident("VmHWM:\t  10 kB\nVmRSS:\t    2464 kB\n"),
            Some(2464 << 10)
        );
        assert_eq!(parse_resident("VmRSS: lots"), None);
    }
}
