//! The verdict on one handler, and the findings in it.

use std::collections::BTreeSet;

use crate::allow::Allow;
use crate::files::Files;
use crate::finding::{Finding, Kind, Weight};
use crate::image::Image;
use crate::install::Handler;
use crate::lines::Line;
use crate::policy::Policy;

/// Holds the verdict on one handler.
pub struct Verdict {
    pub address: u64,
    pub name: String,
    pub signals: Vec<String>,
    /// The flags of the calls that install the handler, as far as they are known.
    pub flags: Vec<String>,
    pub by: Vec<String>,
    pub findings: Vec<Located>,
    pub stack: u64,
    /// The numbers of the statements that the verdict relies on.
    pub relied: BTreeSet<usize>,
}

/// Holds a finding with the calls that lead to it.
#[derive(Clone)]
pub struct Located {
    pub finding: Finding,
    /// The functions from the handler to the finding.
    pub chain: Vec<String>,
    /// The function of the instruction; `offset`: the instruction's offset in it.
    pub function: String,
    pub offset: u64,
    /// The file and the address of the instruction, and of each other instruction with the same cause.
    pub places: Vec<(u16, u64)>,
    /// The handler's signals that lead to the finding; `None`: the signals are not distinguished.
    pub by_signals: Option<Vec<String>>,
    /// The conditions on the path to the finding, the handler's own conditions first.
    pub conditions: Vec<String>,
    pub line: Option<Line>,
}

impl Located {
    /// Returns how many more instructions have the same cause.
    pub fn more(&self) -> usize {
        self.places.len().saturating_sub(1)
    }
}

impl Verdict {
    /// Returns the verdict on a handler that has no findings yet.
    pub(super) fn new(files: &Files, address: u64, name: String, of: &Handler) -> Self {
        Self {
            address,
            name,
            signals: signals(of),
            flags: flags(of),
            by: installers(files, of),
            findings: Vec::new(),
            stack: 0,
            relied: BTreeSet::new(),
        }
    }

    /// Returns the weight of the heaviest finding.
    pub fn weight(&self) -> Weight {
        self.findings
            .iter()
            .map(|f| f.finding.weight)
            .max()
            .unwrap_or(Weight::Note)
    }
}

pub(super) fn signals(of: &Handler) -> Vec<String> {
    let mut signals: Vec<String> = of
        .signals
        .iter()
        .map(|n| crate::names::signal(*n))
        .collect();
    if of.more {
        signals.push("signals that are not known".into());
    }
    signals
}

pub(super) fn flags(of: &Handler) -> Vec<String> {
    of.flags.iter().map(|flags| flags.to_string()).collect()
}

pub(super) fn installers(files: &Files, of: &Handler) -> Vec<String> {
    let names = of
        .by
        .iter()
        .map(|(image, at)| files.image(*image).name(*at));
    names.collect()
}

/// Judges a function of the C library that is installed as a handler, by its name.
pub fn imported(
    files: &Files,
    allow: &Allow,
    policy: &Policy,
    name: &str,
    of: &Handler,
) -> Verdict {
    let mut verdict = Verdict::new(files, 0, name.to_owned(), of);
    if allow.citation(crate::libc::plain(name)).is_none() {
        let weight = policy.weight(Kind::Call, Weight::Fault);
        let why = format!("is {name} itself, which is not async-signal-safe");
        verdict.findings.push(Located {
            places: Vec::new(),
            ..whole(
                (0, 0),
                name.to_owned(),
                Finding::new(Kind::Call, weight, 0, why),
            )
        });
    }
    verdict
}

/// Returns a finding about a handler as a whole.
pub fn whole(place: (u16, u64), name: String, finding: Finding) -> Located {
    Located {
        finding,
        chain: vec![name.clone()],
        function: name,
        offset: 0,
        places: vec![place],
        by_signals: None,
        conditions: Vec::new(),
        line: None,
    }
}

/// Returns the start of the function that holds the instruction: `start`, or that of a part of the function that lies elsewhere.
pub fn part_of(file: &Image, start: u64, at: u64) -> u64 {
    let (begin, end) = file.function_at(start).unwrap_or((start, u64::MAX));
    if (begin..end).contains(&at) {
        return start;
    }
    file.function_at(at).map_or(start.min(at), |(part, _)| part)
}
