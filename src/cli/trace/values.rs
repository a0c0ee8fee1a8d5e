//! Descriptions of signals and their values in a trace.

use minitalk::Signal;
use minitalk::wire::control::{Arrived, Reply, Status};
use minitalk::wire::word::Word;

use super::super::text::in_line;

/// Describes a word of a message, with a remark on its place.
pub fn word(word: &Word, remark: &str) -> String {
    let bytes = in_line(&word.bytes);
    let asks = if word.wants_reply { ", asks" } else { "" };
    format!("word {}{asks}{remark}: {bytes}", word.index)
}

/// Returns the name of a signal without its prefix.
pub fn name(signal: Signal) -> String {
    let name = signal.to_string();
    match signal {
        Signal::WORD => "RT44".into(),
        _ => name.strip_prefix("SIG").unwrap_or(&name).into(),
    }
}

/// Describes an answer of a server; `None` is a bare signal, which acknowledges in a dialect.
pub fn answer(answer: Option<Reply>) -> String {
    let Some(answer) = answer else {
        return "ok".into();
    };
    match answer.status {
        Status::Greeted { words: true } => "greeted, takes words".into(),
        Status::Greeted { words: false } => "greeted".into(),
        Status::Ok(progress) => format!("ok, {}", self::progress(progress)),
        Status::Wait(progress) => format!("wait, {}", self::progress(progress)),
        Status::Delivered(next) => format!("delivered {next}"),
        Status::Rejected(reason) => format!("rejected: {reason}"),
    }
}

fn progress(progress: Arrived) -> String {
    match progress.beyond.count_ones() {
        0 => format!("next {}", progress.next),
        beyond => format!("next {}, and {beyond} beyond", progress.next),
    }
}
