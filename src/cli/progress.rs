//! The progress of a transfer, on one line of standard error that is erased at the end.

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use minitalk::client::Progress;
use minitalk::internals::ffi;

use super::units;

/// Says when to show the progress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShowProgress {
    /// Shows it on a terminal, for a transfer that takes longer than [`WORTH`].
    #[default]
    Auto,
    Always,
    Never,
}

impl ShowProgress {
    pub const ALL: [Self; 3] = [Self::Auto, Self::Always, Self::Never];
}

/// Separates transfers without a line from those whose estimated time is longer.
const WORTH: Duration = Duration::from_secs(1);

/// Holds the line on standard error.
pub struct ProgressLine {
    /// The least estimated time of a transfer with a line; `None`: no transfer has one.
    least: Option<Duration>,
    width: usize,
}

impl ProgressLine {
    pub fn new(show: ShowProgress) -> Self {
        let least = match show {
            ShowProgress::Always => Some(Duration::ZERO),
            ShowProgress::Auto if io::stderr().is_terminal() => Some(WORTH),
            ShowProgress::Auto | ShowProgress::Never => None,
        };
        Self { least, width: 0 }
    }

    /// Shows `progress` if it is wanted.
    pub fn show(&mut self, progress: &Progress) {
        let whole = || whole_time(progress).unwrap_or_default();
        if self.least.is_none_or(|least| whole() < least) {
            return;
        }
        let room = room();
        let text = describe(progress, room);
        let line = format!("\r{text:<0$}", self.width.min(room));
        self.width = self.width.max(text.len());
        let _ = io::stderr().write_all(line.as_bytes());
    }

    /// Erases the line.
    pub fn clear(&mut self) {
        let width = std::mem::take(&mut self.width);
        if width > 0 {
            let blank = format!("\r{:1$}\r", "", width.min(room()));
            let _ = io::stderr().write_all(blank.as_bytes());
        }
    }
}

/// Estimates the time of the whole transfer from the rate so far; returns `None` before the first byte.
fn whole_time(progress: &Progress) -> Option<Duration> {
    if progress.bytes == 0 {
        return None;
    }
    let nanos = progress.elapsed.as_nanos() * u128::from(progress.of) / u128::from(progress.bytes);
    nanos.try_into().ok().map(Duration::from_nanos)
}

/// Returns the columns of standard error for a line that does not wrap, which would make each update scroll.
fn room() -> usize {
    let columns = ffi::columns(io::stderr().as_fd());
    columns.map_or(usize::MAX, |columns| columns.saturating_sub(1))
}

/// Returns what fits in `room` columns, the most important parts first.
fn describe(progress: &Progress, room: usize) -> String {
    let Progress { bytes, of, .. } = *progress;
    let percent = bytes.saturating_mul(100).checked_div(of).unwrap_or(100);
    let left = match whole_time(progress) {
        Some(whole) => {
            let left = whole.saturating_sub(progress.elapsed).as_millis();
            format!("{} s left", left.div_ceil(1_000))
        }
        None => "waiting".into(),
    };
    let rate = units::amount(units::rate(bytes, progress.elapsed));
    let parts = [
        format!("{percent:>3} %"),
        left,
        format!("{rate}/s"),
        format!("{} of {}", units::amount(bytes), units::amount(of)),
        format!("{} resent", progress.resent),
    ];
    fit(&parts, room)
}

/// Returns as many of the `parts` as fit in `room` columns.
fn fit(parts: &[String], room: usize) -> String {
    let mut text = String::new();
    for part in parts {
        let gap = if text.is_empty() { "" } else { "  " };
        if text.len() + gap.len() + part.len() > room {
            break;
        }
        text.push_str(gap);
        text.push_str(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_important_parts_are_left_out_on_a_narrow_terminal() {
        let parts = [" 12 %", "8 s left", "1.2 MB/s"].map(String::from);
        for (room, text) in [
            (usize::MAX, " 12 %  8 s left  1.2 MB/s"),
            (25, " 12 %  8 s left  1.2 MB/s"),
            (24, " 12 %  8 s left"),
            (14, " 12 %"),
            (4, ""),
        ] {
            assert_eq!(fit(&parts, room), text, "{room}");
        }
    }
}
