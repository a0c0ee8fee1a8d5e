//! The progress of a transfer, on one line of standard error that is erased at the end.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use minitalk::client::Progress;

use super::units;

/// When to show the progress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShowProgress {
    /// On a terminal, for a transfer that takes longer than [`WORTH`].
    #[default]
    Auto,
    Always,
    Never,
}

impl ShowProgress {
    pub const ALL: [Self; 3] = [Self::Auto, Self::Always, Self::Never];
}

/// The estimated time of a whole transfer above which it gets a line.
const WORTH: Duration = Duration::from_secs(1);

/// The line on standard error.
pub struct ProgressLine {
    is_wanted: bool,
    is_immediate: bool,
    width: usize,
}

impl ProgressLine {
    pub fn new(show: ShowProgress) -> Self {
        let is_immediate = show == ShowProgress::Always;
        let is_auto = show == ShowProgress::Auto;
        Self {
            is_wanted: is_immediate || is_auto && io::stderr().is_terminal(),
            is_immediate,
            width: 0,
        }
    }

    /// Shows `progress` if it is wanted.
    pub fn show(&mut self, progress: &Progress) {
        let is_short = || whole_time(progress).is_none_or(|whole| whole < WORTH);
        if !self.is_wanted || !self.is_immediate && is_short() {
            return;
        }
        let text = describe(progress);
        let width = text.chars().count();
        let line = format!("\r{text:<0$}", self.width);
        self.width = self.width.max(width);
        let _ = io::stderr().write_all(line.as_bytes());
    }

    /// Erases the line.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.width) > 0 {
            let blank = format!("\r{:1$}\r", "", self.width.max(79));
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

fn describe(progress: &Progress) -> String {
    let Progress { bytes, of, .. } = *progress;
    let percent = bytes.saturating_mul(100).checked_div(of).unwrap_or(100);
    let left = match whole_time(progress) {
        Some(whole) => {
            let left = whole.saturating_sub(progress.elapsed).as_millis();
            format!("{} s left", left.div_ceil(1_000))
        }
        None => "waiting".into(),
    };
    format!(
        "{percent:>3} %  {} of {}  {}/s  {left}  {} resent",
        units::amount(bytes),
        units::amount(of),
        units::amount(units::rate(bytes, progress.elapsed)),
        progress.resent
    )
}
