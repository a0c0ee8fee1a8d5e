//! Messages while other processes signal both ends as fast as they can.

use minitalk::Signal;
use minitalk::internals::ffi;

use crate::lane::{self, Arrived, Lane};
use crate::options::Options;
use crate::placement::Placement;
use crate::role::{self, Role, print_line};
use crate::stats::{Summary, quantile};
use crate::table::Table;
use crate::{Failures, Result, number};

/// The messages of each lane in one round: those in bits take long.
const TRIES: [(Lane, u32); 2] = [(Lane::Bit, 4), (Lane::Word, 20)];

/// The bytes of each message.
const BYTES: usize = 1_000;

/// The time of each message in nanoseconds, for each lane.
pub struct Storms {
    series: Vec<(Lane, u32, Vec<f64>)>,
}

impl Storms {
    /// Returns series without measurements.
    pub fn new(options: &Options) -> Self {
        let tries = |tries| if options.quick { 1 } else { tries };
        let series = TRIES.map(|(lane, count)| (lane, tries(count), Vec::new()));
        Self {
            series: series.into(),
        }
    }

    /// Sends the messages of one round.
    pub fn round(&mut self, round: u32, failures: &mut Failures) {
        for (lane, tries, times) in &mut self.series {
            let what = format!("{} in a storm", lane.title());
            let measured = measure(*lane, *tries, round.into());
            times.extend(failures.note(&what, measured).unwrap_or(vec![f64::NAN]));
        }
    }

    /// Prints the table.
    pub fn print(&self) {
        let title = format!(
            "Messages of {}, while a process each signals both ends at full speed",
            number::bytes(BYTES)
        );
        let mut table = Table::new(title, &["lane", "count", "median", "90 %", "most"]);
        for (lane, _, times) in &self.series {
            let Some(summary) = Summary::of(times) else {
                continue;
            };
            let mut sorted: Vec<f64> = times.iter().copied().filter(|t| t.is_finite()).collect();
            sorted.sort_by(f64::total_cmp);
            table.row(vec![
                lane.title().into(),
                summary.count.to_string(),
                number::time(summary.median),
                number::time(quantile(&sorted, 0.9)),
                number::time(summary.max),
            ]);
        }
        println!("{table}");
    }
}

fn measure(lane: Lane, tries: u32, seed: u64) -> Result<Vec<f64>> {
    let placement = Placement::possible()[0].name();
    let mut server = Role::start(&["server", placement])?;
    let mut client = Role::start(&["client", placement, lane.name()])?;
    let storm = |end: &Role| Role::start(&["storm", &end.pid().to_string()]);
    let storms = [storm(&server)?, storm(&client)?];
    client.write_line(&format!("{} {BYTES} {tries} {seed}", server.pid()))?;
    let line = client.read_line(lane::limit(BYTES, tries))?;
    // They end before their targets do.
    drop(storms);
    let sent = (0..tries).map(|n| Arrived::sent(seed, n, BYTES)).collect();
    lane::compare(sent, lane::arrived(&mut server)?)?;
    let transfers = lane::transfers(&line)?;
    Ok(transfers.iter().map(|t| t.nanoseconds).collect())
}

/// Signals a process as fast as possible, until the parent ends this process.
///
/// # Errors
/// When the process cannot be signalled.
pub fn storm(pid: &str) -> Result<()> {
    let pid = role::pid(pid)?;
    role::listen(|_| {});
    print_line("ready");
    for signal in [Signal::USR1, Signal::USR2].into_iter().cycle() {
        ffi::send(pid, signal, None)?;
    }
    Ok(())
}
