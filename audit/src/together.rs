//! Conflicts over two words that belong together: one side accesses both of them, and a signal comes between the other side's accesses.

use std::collections::{BTreeMap, BTreeSet};

use crate::conflict::{Conflict, Search};
use crate::emptied::is_kept;
use crate::files::Files;
use crate::groups::Group;
use crate::install::Place;
use crate::races::{Who, constant, decoded, is_flag};
use crate::reach::surely_leads;

const PAIR: &str = "data of one word, or signals that are blocked meanwhile";

/// Holds the data of a file that the handler reads and other code stores in several steps.
pub struct Reads {
    pub number: u16,
    pub groups: Vec<Group>,
    /// The words that the handler reads and the program changes.
    pub guards: BTreeSet<u64>,
    /// The open question that is left if no group is a fault.
    pub pair: Option<Conflict>,
}

/// Returns the conflict of an instruction that uses words together which the program stores one after the other.
pub fn mixed_words(files: &Files, number: u16, other: u64, by: Place) -> Conflict {
    let file = files.image(number);
    let why = format!(
        "stores or passes on what it makes of words that {} stores one after the other, at {other:#x}, again and again: a signal \
         between sees one without the other, and nothing tells the handler",
        file.name_around(other)
    );
    Conflict::certain(by, why, PAIR)
}

impl Search<'_> {
    /// Returns the conflict of stores to two words with a function of the program that loads both and makes one value of them.
    pub fn combined(&mut self, number: u16, words: [u64; 2], by: Place) -> Option<Conflict> {
        let file = self.files.image(number);
        let tables = self.index.of(number, &file);
        let sites = words.map(|word| {
            let all = tables.touching(word, word);
            all.map(|(_, at)| at).collect::<BTreeSet<u64>>()
        });
        let functions = sites.each_ref().map(|sites| {
            let all = sites.iter().filter_map(|at| file.function_at(*at));
            all.collect::<BTreeSet<(u64, u64)>>()
        });
        let mut both = functions[0].intersection(&functions[1]);
        let other = both.find_map(|&function| {
            let loads = crate::sweep::loads_of_both(&file, function, words, &sites)?;
            let mut is_open =
                |at| self.index.who(number, &file, at, &self.coming) == Some(Who::Program);
            loads.into_iter().all(&mut is_open).then_some(loads[1])
        })?;
        let why = format!(
            "stores to {} and {}, which {} uses together, at {other:#x}: a signal between its two loads leaves it with one of \
             before and one of after",
            file.place(words[0]),
            file.place(words[1]),
            file.name_around(other)
        );
        Some(Conflict::open(by, why, PAIR))
    }

    /// Returns the conflict of stores to a word and a flag with code of the program that takes the word and then clears the flag.
    pub fn denied(&mut self, number: u16, [word, flag]: [u64; 2], by: Place) -> Option<Conflict> {
        let file = self.files.image(number);
        let tables = self.index.of(number, &file);
        let stores = tables.writes.get(&flag).cloned().unwrap_or_default();
        let loads = tables.touching(word, word).map(|(_, at)| at);
        let loads: Vec<u64> = loads.filter(|at| is_kept(&file, *at)).collect();
        let asked: Vec<u64> = tables.touching(flag, flag).map(|(_, at)| at).collect();
        let stops = [&loads[..], &stores[..]].concat();
        let after = |at: u64| decoded(&file, at).next_ip();
        let other = stores.iter().copied().find(|at| {
            let is_clear = constant(&file, *at).1.number() == Some(0);
            let others: Vec<u64> = stops.iter().copied().filter(|stop| stop != at).collect();
            let function = file.function_at(*at);
            let loads = loads.iter();
            let near = loads.filter(|load| file.function_at(**load) == function);
            let mut taken = near.clone().map(|load| after(*load));
            // Data that is loaded after the flag was cleared is at least as new as the flag.
            let mut again = near;
            is_clear
                && taken.any(|from| surely_leads(&file, from, *at, &others))
                && again.all(|load| !surely_leads(&file, after(*at), *load, &asked))
                && self.index.who(number, &file, *at, &self.coming) == Some(Who::Program)
        })?;
        let why = format!(
            "stores to {} and sets {}, which {} clears after it has loaded the first, at {other:#x}: what a signal stores between the \
             two is not noticed",
            file.place(word),
            file.place(flag),
            file.name_around(other)
        );
        Some(Conflict::open(
            by,
            why,
            "a flag that is cleared before the data is loaded",
        ))
    }

    /// Returns the conflict of two loads with stores to a word and to a flag that says what the word means.
    fn mode(&mut self, number: u16, loads: &BTreeMap<(u64, u64), Place>) -> Option<Conflict> {
        let file = self.files.image(number);
        let mut open = BTreeMap::new();
        for &(word, _) in loads.keys() {
            let stores = self.open_stores(number, word).into_iter();
            let stores = stores.map(|at| (at, file.function_at(at), is_flag(&file, at)));
            open.insert(word, stores.collect::<Vec<_>>());
        }
        loads.keys().find_map(|&(flag, _)| {
            let stores = open[&flag].iter().filter(|(.., is_flag)| *is_flag);
            let values = stores
                .clone()
                .filter_map(|(at, ..)| constant(&file, *at).1.number());
            let values: BTreeSet<i64> = values.collect();
            if values.len() < 2 {
                return None;
            }
            let functions: BTreeSet<_> = stores.map(|(_, function, _)| *function).collect();
            let others = loads.iter().filter(|((word, _), _)| *word != flag);
            let mut others = others.map(|((word, _), by)| (*word, *by));
            let (word, by, other) = others.find_map(|(word, by)| {
                let mut all = open[&word].iter();
                let is_near =
                    |(_, at, is_flag): &&(_, _, bool)| !is_flag && functions.contains(at);
                let (other, ..) = *all.find(is_near)?;
                let mut values = values.iter();
                let is_asked = values.any(|value| self.is_refused(by, flag, *value));
                (!is_asked).then_some((word, by, other))
            })?;
            let why = format!(
                "reads {} and {}, which {} stores one after the other, at {other:#x}: a signal between sees one without the other",
                file.place(word),
                file.place(flag),
                file.name_around(other)
            );
            Some(Conflict::open(by, why, PAIR))
        })
    }

    /// Returns the stores of the program to the word that one of the signals may interrupt.
    fn open_stores(&mut self, number: u16, word: u64) -> Vec<u64> {
        let file = self.files.image(number);
        let stores = self.index.of(number, &file).writes.get(&word).cloned();
        let is_open =
            |at: &u64| self.index.who(number, &file, *at, &self.coming) == Some(Who::Program);
        stores
            .unwrap_or_default()
            .into_iter()
            .filter(is_open)
            .collect()
    }

    pub fn reads(&mut self, number: u16, loads: &BTreeMap<(u64, u64), Place>) -> Reads {
        let file = self.files.image(number);
        let words: BTreeSet<(u64, u64)> = loads.keys().copied().collect();
        let groups = self.index.groups(number, &file, &words, &self.coming);
        let is_changed = |word: &u64| {
            !groups.is_empty() && self.index.is_changed(number, &file, *word, &self.coming)
        };
        let guards = words
            .iter()
            .map(|(word, _)| *word)
            .filter(is_changed)
            .collect();
        let pair = self.pair(number, loads);
        Reads {
            number,
            groups,
            guards,
            pair,
        }
    }

    /// Returns the conflict of two loads with stores to both words, one after the other.
    fn pair(&mut self, number: u16, loads: &BTreeMap<(u64, u64), Place>) -> Option<Conflict> {
        let file = self.files.image(number);
        let words: BTreeSet<(u64, u64)> = loads.keys().copied().collect();
        let Some([(one, _), (two, other)]) = self.index.pair(number, &file, &words, &self.coming)
        else {
            return self.mode(number, loads);
        };
        let touches = |(place, width): &(u64, u64)| (*place..place + width).contains(&two);
        let (_, &by) = loads.iter().find(|(load, _)| touches(load))?;
        let why = format!(
            "reads {} and {}, which {} stores one after the other, at {other:#x}: a signal between sees one without the other",
            file.place(one),
            file.place(two),
            file.name_around(other)
        );
        Some(Conflict::open(by, why, PAIR))
    }
}
