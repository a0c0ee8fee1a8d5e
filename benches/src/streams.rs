//! For comparison: the same sizes through a pipe and through a Unix datagram socket, written and read in chunks.
//!
//! As on the lanes, a message is complete when its sender knows that the receiver has all of it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::child::{Child, Transcript};
use crate::options::Options;
use crate::role::command;
use crate::stats::Summary;
use crate::table::Table;
use crate::{Failures, Result, number, pattern};

const CHUNK: usize = 4096;

/// The time limit of one series in one round.
const LIMIT: Duration = Duration::from_secs(60);

/// The transport of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `pipe(2)`.
    Pipe,
    /// `socketpair(2)`, AF_UNIX, SOCK_DGRAM.
    Datagram,
}

impl Kind {
    /// Returns the title for tables.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Pipe => "pipe",
            Self::Datagram => "Unix datagram socket",
        }
    }
}

/// The series of both kinds and all sizes.
pub struct Streams {
    series: Vec<Series>,
}

/// The series of one kind and size.
pub struct Series {
    /// The kind of stream.
    pub kind: Kind,
    /// The size of the message in bytes.
    pub size: usize,
    /// The time of each round in nanoseconds.
    pub times: Vec<f64>,
}

impl Streams {
    /// Returns series without measurements.
    pub fn new(options: &Options) -> Self {
        let mut sizes = [&options.sizes[..], &options.word_sizes[..]].concat();
        sizes.sort_unstable();
        sizes.dedup();
        let kinds = [Kind::Pipe, Kind::Datagram];
        let all = kinds
            .iter()
            .flat_map(|&kind| sizes.iter().map(move |&size| (kind, size)));
        let series = all.map(|(kind, size)| Series {
            kind,
            size,
            times: Vec::new(),
        });
        Self {
            series: series.collect(),
        }
    }

    /// Measures each series once.
    pub fn round(&mut self, failures: &mut Failures) {
        for series in &mut self.series {
            let seed = series.times.len() as u64;
            let what = format!("{} bytes, {}", series.size, series.kind.title());
            let measured = measure(series.kind, series.size, seed);
            let time = failures.note(&what, measured).unwrap_or(f64::NAN);
            series.times.push(time);
        }
    }

    /// Returns the series with measurements.
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// Prints the table.
    pub fn print(&self) {
        let mut table = Table::new(
            "For comparison: the same sizes in chunks of 4 KiB, two CPUs",
            &["through", "size", "rounds", "time", "rate"],
        );
        for series in &self.series {
            let Some(summary) = Summary::of(&series.times) else {
                continue;
            };
            table.row(vec![
                series.kind.title().into(),
                number::bytes(series.size),
                summary.count.to_string(),
                summary.show(number::time),
                number::rate(series.size as f64 * 1e9 / summary.median),
            ]);
        }
        println!("{table}");
    }
}

/// Moves `size` bytes from one process to another, and returns the nanoseconds.
fn measure(kind: Kind, size: usize, seed: u64) -> Result<f64> {
    let ((to_writer, from_reader), (to_reader, from_writer)) = match kind {
        Kind::Pipe => (pipe()?, pipe()?),
        Kind::Datagram => {
            let (a, b) = UnixDatagram::pair()?;
            // A datagram socket reports no end when its peer ends.
            a.set_read_timeout(Some(LIMIT))?;
            b.set_read_timeout(Some(LIMIT))?;
            let (a, b) = (OwnedFd::from(a), OwnedFd::from(b));
            ((a.try_clone()?, b.try_clone()?), (b, a))
        }
    };
    let (size_word, seed_word) = (size.to_string(), seed.to_string());
    let end = |side, stdin: OwnedFd, stdout: OwnedFd| -> Result<(Child, Transcript)> {
        let mut command = command(&["stream", side, &size_word, &seed_word])?;
        let command = command
            .stdin(Stdio::from(stdin))
            .stdout(Stdio::from(stdout));
        let child = Child::spawn(command.stderr(Stdio::piped()))?;
        let stderr = Transcript::read(child.take_stderr());
        Ok((child, stderr))
    };
    let (_reader, reader_stderr) = end("read", to_reader, from_reader)?;
    let (_writer, writer_stderr) = end("write", to_writer, from_writer)?;
    let text = all(&writer_stderr)?;
    let nanoseconds = text.trim().parse();
    nanoseconds.map_err(|_| {
        format!("{text} {}", all(&reader_stderr).unwrap_or_default())
            .trim()
            .into()
    })
}

fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = io::pipe()?;
    Ok((reader.into(), writer.into()))
}

/// Returns the output of a process up to its end.
fn all(stderr: &Transcript) -> Result<String> {
    let text = stderr.complete_within(LIMIT);
    let text = text.ok_or_else(|| format!("no end after {} s", LIMIT.as_secs()))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Runs one end in this process: data on its standard output or input, acknowledgements on the other.
///
/// # Errors
/// When the other end has ended or the bytes differ.
pub fn role(side: &str, len: &str, seed: &str) -> Result<()> {
    let mut input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let message = pattern::bytes(seed.parse()?, len.parse()?);
    if side == "read" {
        read(&mut input, &mut output, message.len())
    } else {
        eprintln!("{}", write(&mut input, &mut output, &message)?.as_nanos());
        Ok(())
    }
}

fn write(input: &mut File, output: &mut File, message: &[u8]) -> Result<Duration> {
    // Waits until the reader runs.
    output.write_all(&[0])?;
    input.read_exact(&mut [0])?;
    let start = Instant::now();
    for chunk in message.chunks(CHUNK) {
        output.write_all(chunk)?;
    }
    let mut checksum = [0; 4];
    input.read_exact(&mut checksum)?;
    let elapsed = start.elapsed();
    if u32::from_le_bytes(checksum) == pattern::checksum(message) {
        Ok(elapsed)
    } else {
        Err("not intact".into())
    }
}

fn read(input: &mut File, output: &mut File, len: usize) -> Result<()> {
    input.read_exact(&mut [0])?;
    output.write_all(&[0])?;
    let mut message = Vec::with_capacity(len);
    let mut chunk = [0; CHUNK];
    while message.len() < len {
        match input.read(&mut chunk)? {
            0 => return Err("the writer has ended".into()),
            count => message.extend_from_slice(&chunk[..count]),
        }
    }
    output.write_all(&pattern::checksum(&message).to_le_bytes())?;
    Ok(())
}
