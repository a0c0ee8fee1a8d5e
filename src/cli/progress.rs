//! How far a transfer is, on a line of standard error that is written over and wiped out at the end.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use minitalk::client::Progress;

use super::units;

/// When to show it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// On a terminal, for what takes over a second.
    #[default]
    Auto,
    /// At once and everywhere.
    Always,
    /// Never.
    Never,
}

/// How long a transfer must take in all to be worth a line.
const WORTH: Duration = Duration::from_secs(1);

/// The line.
pub struct Line {
    is_wanted: bool,
    at_once: bool,
    width: usize,
}

impl Line {
    pub fn new(when: When) -> Self {
        Self {
            is_wanted: when == When::Always || when == When::Auto && io::stderr().is_terminal(),
            at_once: when == When::Always,
            width: 0,
        }
    }

    /// Shows `progress`, if somebody wants to see it.
    pub fn show(&mut self, progress: &Progress) {
        if !self.is_wanted || !self.at_once && whole(progress).is_none_or(|whole| whole < WORTH) {
            return;
        }
        let text = describe(progress);
        let width = text.chars().count();
        let line = format!("\r{text:<0$}", self.width);
        self.width = self.width.max(width);
        let _ = io::stderr().write_all(line.as_bytes());
    }

    /// Wipes it out.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.width) > 0 {
            let blank = format!("\r{:1$}\r", "", self.width.max(79));
            let _ = io::stderr().write_all(blank.as_bytes());
        }
    }
}

/// How long the whole transfer will take, at the rate so far; `None` while there is none.
fn whole(progress: &Progress) -> Option<Duration> {
    if progress.bytes == 0 {
        return None;
    }
    let nanos = progress.elapsed.as_nanos() * u128::from(progress.of) / u128::from(progress.bytes);
    nanos.try_into().ok().map(Duration::from_nanos)
}

fn describe(progress: &Progress) -> String {
    let Progress { bytes, of, .. } = *progress;
    let percent = bytes.saturating_mul(100).checked_div(of).unwrap_or(100);
    let left = match whole(progress) {
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
