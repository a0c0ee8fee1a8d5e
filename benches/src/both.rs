//! Both directions at once: two endpoints that send to each other, beside the same two in one direction.

use std::thread;
use std::time::{Duration, Instant};

use minitalk::client::Options as SendOptions;
use minitalk::wire::sender::Lane;
use minitalk::{Endpoint, Pid};

use crate::options::Options;
use crate::role::{self, Role, print_line};
use crate::stats::{Summary, ratio};
use crate::table::Table;
use crate::{Failures, Result, number, pattern};

/// How long a series may take.
const SILENCE: Duration = Duration::from_secs(120);

/// One size in one lane.
struct Series {
    lane: &'static str,
    size: usize,
    count: u32,
    /// Nanoseconds a message, for each round.
    one: Vec<f64>,
    both: Vec<f64>,
}

/// The times of messages in one direction and in both.
pub struct Both {
    series: Vec<Series>,
}

impl Both {
    /// Returns series without measurements.
    pub fn new(options: &Options) -> Self {
        let divisor = if options.quick { 10 } else { 1 };
        let all = [
            ("bit", 16, 200),
            ("bit", 10_000, 10),
            ("auto", 16, 500),
            ("auto", 10_000, 200),
        ];
        let series = all.map(|(lane, size, count)| Series {
            lane,
            size,
            count: count / divisor,
            one: Vec::new(),
            both: Vec::new(),
        });
        let series = series.into();
        Self { series }
    }

    /// Measures each series once.
    pub fn round(&mut self, failures: &mut Failures) {
        for series in &mut self.series {
            for is_both in [false, true] {
                let what = format!("{} bytes both ways, lane {}", series.size, series.lane);
                let time = failures.note(&what, series.measure(is_both));
                let times = if is_both {
                    &mut series.both
                } else {
                    &mut series.one
                };
                times.push(time.unwrap_or(f64::NAN));
            }
        }
    }

    /// Prints the table.
    pub fn print(&self) {
        let title = "Both directions at once between two endpoints, beside one direction";
        let columns = [
            "a message of",
            "lane",
            "one direction",
            "both",
            "rate of both",
        ];
        let mut table = Table::new(title, &columns);
        for series in &self.series {
            let show = |times: &[f64]| Summary::of(times).map(|summary| summary.show(number::time));
            // Both times are those of one message.
            let rate = ratio(&series.one, &series.both);
            table.row(vec![
                number::bytes(series.size),
                series.lane.into(),
                show(&series.one).unwrap_or_default(),
                show(&series.both).unwrap_or_default(),
                rate.map(number::significant).unwrap_or_default(),
            ]);
        }
        println!("{table}");
    }
}

impl Series {
    /// Returns the nanoseconds that a message takes.
    fn measure(&self, is_both: bool) -> Result<f64> {
        let mut roles = [Role::start(&["endpoint"])?, Role::start(&["endpoint"])?];
        let pids = roles.each_ref().map(Role::pid);
        let Self {
            lane, size, count, ..
        } = self;
        let back = if is_both { *count } else { 0 };
        for (role, pid, send, take) in [(1, pids[0], back, *count), (0, pids[1], *count, back)] {
            roles[role].write_line(&format!("{pid} {lane} {size} {send} {take}"))?;
        }
        let mut nanoseconds = 0.0f64;
        for role in &roles {
            nanoseconds = nanoseconds.max(role.read_line(SILENCE)?.parse()?);
        }
        Ok(nanoseconds / f64::from(count + back))
    }
}

/// Runs an endpoint, which sends and takes as many messages as the parent says, and prints the nanoseconds that this took.
///
/// # Errors
/// An error of the library, or a message that differs from the sent one.
pub fn endpoint() -> Result<()> {
    let endpoint = Endpoint::bind()?;
    let lines = role::lines();
    print_line("ready");
    let line = lines.recv()?;
    let words: Vec<&str> = line.split(' ').collect();
    let [pid, lane, size, send, take] = words[..] else {
        return Err("an endpoint needs a PID, a lane, a size and two counts".into());
    };
    let (to, size): (Pid, usize) = (role::pid(pid)?, size.parse()?);
    let (send, take): (u32, u32) = (send.parse()?, take.parse()?);
    let mut options = SendOptions::default();
    options.lane = if lane == "bit" { Lane::Bit } else { Lane::Auto };
    options.timeout = SILENCE;
    let message = pattern::bytes(1, size);
    let start = Instant::now();
    thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let mut send =
                (0..send).map(|_| endpoint.send_with(to, &message, options, &mut |_| {}));
            send.try_for_each(|sent| sent.map(drop))
        });
        for _ in 0..take {
            if endpoint.recv_timeout(SILENCE)?.payload != message {
                return Err("not intact".into());
            }
        }
        sending
            .join()
            .map_err(|_| "the sending thread panicked")??;
        Result::Ok(())
    })?;
    print_line(&start.elapsed().as_nanos().to_string());
    // The other end may still ask what became of its last message; the parent ends this process.
    thread::park();
    Ok(())
}
