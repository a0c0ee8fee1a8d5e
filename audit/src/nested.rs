//! The signals of a handler that store to a word that another of its signals changes in several instructions.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::Verdict;
use crate::explore::Explorer;
use crate::finding::Kind;
use crate::install::Place;
use crate::nesting::Nesting;

/// Identifies a word by its file, its address, and the address behind it.
pub type Word = (u16, u64, u64);

/// Holds the stores and changes that each signal was seen to make when the handler was explored for that signal alone.
#[derive(Default)]
pub struct Nested {
    /// Whether the handler may be interrupted by the signal that it runs for.
    is_open: bool,
    stores: BTreeMap<i64, BTreeSet<Word>>,
    /// The instructions that change a word, each with the signals and the words.
    changes: BTreeMap<Place, BTreeSet<(i64, Word)>>,
}

impl Nested {
    /// Notes the results of an exploration for one signal, or for all signals if `signal` is `None`.
    pub fn note(&mut self, signal: Option<i64>, explorer: &Explorer) {
        let Nesting {
            flag,
            unblocks,
            threads,
            ..
        } = explorer.nesting;
        self.is_open |= [flag, unblocks, threads] != [Some(false); 3];
        let Some(signal) = signal else { return };
        let bytes = explorer.stored.keys().map(|(image, lo, hi, width)| {
            let end = hi.saturating_add(*width);
            (*image, *lo, end)
        });
        self.stores.entry(signal).or_default().extend(bytes);
        for (place, word) in &explorer.lost {
            let changes = self.changes.entry(*place).or_default();
            changes.insert((signal, *word));
        }
    }

    /// Removes findings of an update that is lost to another signal of the handler, if no other signal stores to the word. `all`:
    /// the signals of the handler.
    pub fn acquit(&self, verdict: &mut Verdict, all: &BTreeSet<i64>) {
        if self.is_open || !all.iter().all(|signal| self.stores.contains_key(signal)) {
            return;
        }
        let stores = |signal: i64, (image, word, behind): Word| {
            let mut own = self.stores[&signal].iter();
            own.any(|(of, lo, end)| *of == image && *lo < behind && word < *end)
        };
        let is_alone = |place: &Place| {
            let changes = self.changes.get(place);
            changes.is_some_and(|changes| {
                changes.iter().all(|(own, word)| {
                    let mut others = all.iter().filter(|signal| *signal != own);
                    !others.any(|other| stores(*other, *word))
                })
            })
        };
        verdict.findings.retain(|found| {
            let is_lost = found.finding.kind == Kind::Torn && found.finding.why.contains(LOST);
            !is_lost || !found.places.iter().all(is_alone)
        });
    }
}

/// Marks a finding of an update that is lost to the handler itself.
pub const LOST: &str = "the handler may interrupt itself between, and an update is lost";
