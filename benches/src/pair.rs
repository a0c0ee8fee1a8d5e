//! Any server and client through their command lines: ours, and another pair in exactly the same way.

mod ends;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::options::Options;
use crate::stats::{Summary, ratio};
use crate::table::Table;
use crate::{Failures, Result, lane, number, pattern, product};
use ends::{Outcome, transfer};

/// The series of both pairs and all sizes.
pub struct Pairs {
    pairs: Vec<Pair>,
    sizes: Vec<usize>,
    timeout: Duration,
    round: u64,
    _links: Links,
}

struct Pair {
    title: &'static str,
    server: PathBuf,
    client: PathBuf,
    is_ours: bool,
    /// The series by size, as in [`Pairs::sizes`].
    results: Vec<Results>,
}

#[derive(Default)]
struct Results {
    /// The nanoseconds of each round, or NaN if the message did not arrive unchanged.
    times: Vec<f64>,
    exact: u32,
    corrupt: u32,
    timeout: u32,
}

impl Pairs {
    /// Builds the command and returns series without measurements.
    ///
    /// # Errors
    /// When the build fails.
    pub fn new(options: &Options) -> Result<Self> {
        let links = Links::to(&product::build()?)?;
        let pair = |title, server: PathBuf, client: PathBuf, is_ours| {
            let results = options
                .pair_sizes
                .iter()
                .map(|_| Results::default())
                .collect();
            Pair {
                title,
                server,
                client,
                is_ours,
                results,
            }
        };
        let mut pairs = vec![pair(
            "ours",
            links.0.join("server"),
            links.0.join("client"),
            true,
        )];
        if let Some((server, client)) = &options.pair {
            let found = |path: &PathBuf| {
                fs::canonicalize(path).map_err(|error| format!("{}: {error}", path.display()))
            };
            let (server, client) = (found(server)?, found(client)?);
            pairs.push(pair("theirs", server, client, false));
        }
        Ok(Self {
            pairs,
            sizes: options.pair_sizes.clone(),
            timeout: options.pair_timeout,
            round: 0,
            _links: links,
        })
    }

    /// Measures each series once. A failure of the other pair is a result, not an error.
    pub fn round(&mut self, failures: &mut Failures) {
        for (index, &size) in self.sizes.iter().enumerate() {
            let message = pattern::text(self.round << 32 | size as u64, size);
            for pair in &mut self.pairs {
                let results = &mut pair.results[index];
                let what = format!("pair ({}), {size} bytes", pair.title);
                let outcome = transfer(&pair.server, &pair.client, &message, self.timeout);
                let Some(outcome) = failures.note(&what, outcome) else {
                    results.times.push(f64::NAN);
                    continue;
                };
                if pair.is_ours && !matches!(outcome, Outcome::Exact(_)) {
                    failures.note::<()>(&what, Err(format!("{outcome:?}").into()));
                }
                results.take(&outcome);
            }
        }
        self.round += 1;
    }

    /// Prints the table.
    pub fn print(&self) {
        let mut columns = vec!["size"];
        columns.extend(
            self.pairs
                .iter()
                .flat_map(|pair| [pair.title, "what arrived", "rate"]),
        );
        if self.pairs.len() > 1 {
            columns.push("theirs to ours");
        }
        let title = "Pairs through their command lines, from the start of the client to the text on the server's terminal";
        let mut table = Table::new(title, &columns);
        for (index, &size) in self.sizes.iter().enumerate() {
            let mut row = vec![number::bytes(size)];
            for pair in &self.pairs {
                row.extend(pair.results[index].cells(size));
            }
            if let [ours, theirs] = &self.pairs[..] {
                let (ours, theirs) = (&ours.results[index].times, &theirs.results[index].times);
                row.push(lane::times(ratio(theirs, ours)));
            }
            table.row(row);
        }
        println!("{table}");
    }
}

impl Results {
    fn take(&mut self, outcome: &Outcome) {
        let time = match outcome {
            Outcome::Exact(elapsed) => {
                self.exact += 1;
                elapsed.as_nanos() as f64
            }
            Outcome::Corrupt => {
                self.corrupt += 1;
                f64::NAN
            }
            Outcome::Timeout => {
                self.timeout += 1;
                f64::NAN
            }
        };
        self.times.push(time);
    }

    fn cells(&self, size: usize) -> [String; 3] {
        let summary = Summary::of(&self.times);
        let counts = [
            (self.exact, "exact"),
            (self.corrupt, "corrupt"),
            (self.timeout, "timeout"),
        ];
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts
            .map(|(count, name)| format!("{count} {name}"))
            .collect();
        [
            summary.map_or("-".into(), |s| s.show(number::time)),
            counts.join(", "),
            summary.map_or("-".into(), |s| number::rate(size as f64 * 1e9 / s.median)),
        ]
    }
}

/// A directory with our `server`, restricted to bits like the other one, and our `client`; removed when this is dropped.
struct Links(PathBuf);

impl Links {
    fn to(command: &Path) -> Result<Self> {
        let directory = std::env::temp_dir().join(format!("minitalk-bench-{}", std::process::id()));
        fs::create_dir(&directory)?;
        let links = Self(directory);
        let server = links.0.join("server");
        let quoted = command.to_string_lossy().replace('\'', "'\\''");
        fs::write(
            &server,
            format!("#!/bin/sh\nexec '{quoted}' serve --lane bit\n"),
        )?;
        fs::set_permissions(&server, fs::Permissions::from_mode(0o755))?;
        symlink(command, links.0.join("client"))?;
        Ok(links)
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
