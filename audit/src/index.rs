//! Questions about a whole file: the callers of functions, the stores to words, and the addresses that are taken.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use crate::chosen::Choice;
use crate::image::Image;
use crate::install::{Handler, Place};
use crate::masked::Blocked;
use crate::sealed::Writers;
use crate::sweep::{Tables, sweep};

#[derive(Default)]
pub struct Index {
    tables: HashMap<u16, Tables>,
    /// The words that keep previously installed handlers.
    old: HashSet<(u16, u64)>,
    /// The handlers that were found.
    pub handlers: BTreeMap<Place, Handler>,
    /// The signals that the program ignores; `None`: a signal that is not known.
    pub ignored: BTreeSet<Option<i64>>,
    /// The calls that remove a handler, each with the signal.
    pub removed: BTreeSet<(Place, Option<i64>)>,
    /// The calls of a file that lead to the installation of a handler, if all can be known.
    pub installing: HashMap<(u16, Place), Option<Rc<BTreeSet<u64>>>>,
    pub blocked: Blocked,
    /// The bytes of the smallest alternate stack that a call is seen to install.
    pub alternate: Option<u64>,
    /// A call that installs an alternate stack in the frame of a function that returns.
    pub left_stack: Option<Place>,
    /// Whether threads may run a handler of these signals at the same time, by the file and the signals.
    pub on_threads: HashMap<(u16, crate::mask::Signals), bool>,
    /// The stores to a word that the program's tests choose, by the word.
    pub choices: HashMap<(u16, u64), Rc<[Choice]>>,
    /// The code that may write the data of a file, by the file, if these functions are its handlers.
    pub writers: HashMap<u16, (BTreeSet<u64>, Writers)>,
}

/// Returns whether the map has a key from the first to below the second.
fn has_any<V>(all: &BTreeMap<u64, V>, (from, to): (u64, u64)) -> bool {
    from < to && all.range(from..to).next().is_some()
}

impl Index {
    /// Returns the handlers that were found in a file.
    pub fn handlers_of(&self, number: u16) -> BTreeSet<u64> {
        let all = self.handlers.keys().filter(|(of, _)| *of == number);
        all.map(|(_, start)| *start).collect()
    }

    pub fn of(&mut self, number: u16, image: &Image) -> &Tables {
        self.tables.entry(number).or_insert_with(|| sweep(image))
    }

    /// Returns whether a function begins at `address`, rather than a part of a function that lies elsewhere.
    pub fn is_function(&self, number: u16, address: u64) -> bool {
        let Some(tables) = self.tables.get(&number) else {
            return true;
        };
        tables.callers.contains_key(&address) || tables.taken.contains_key(&address)
    }

    /// Returns whether anything in the file may store to the word.
    pub fn is_stored(&mut self, number: u16, image: &Image, word: u64) -> bool {
        if self.is_old(number, word) {
            return true;
        }
        let object = image
            .object_at(word)
            .map_or((word, word + 1), |o| (o.address, o.address + o.size));
        let exported = image
            .objects
            .get(&word)
            .is_some_and(|o| image.is_library && image.exports.contains_key(&*o.name));
        let tables = self.of(number, image);
        exported || tables.stores.contains_key(&word) || has_any(&tables.taken, object)
    }

    /// Returns the instructions that store to the word, if there is no other way to change it.
    pub fn only_stores(&mut self, number: u16, image: &Image, word: u64) -> Option<Vec<u64>> {
        if self.is_old(number, word) {
            return None;
        }
        let object = image
            .object_at(word)
            .map_or((word, word + 1), |o| (o.address, o.address + o.size));
        let tables = self.of(number, image);
        let is_taken = has_any(&tables.taken, object);
        let sites = tables.stores.get(&word).filter(|_| !is_taken)?;
        Some(sites.iter().map(|(at, _)| *at).collect())
    }

    /// Returns whether each instruction that takes an address of the object only reads through it, or passes it to one of `calls`.
    /// Each of `calls` installs the action there.
    pub fn is_only_read(
        &mut self,
        number: u16,
        image: &Image,
        (from, to): (u64, u64),
        calls: &HashMap<u64, crate::escape::Set>,
    ) -> bool {
        let tables = self.of(number, image);
        let taken = tables.taken.range(from..to.max(from));
        let mut taken = taken.filter(|(at, _)| image.is_writable(**at));
        taken.all(|(_, by)| {
            by.iter()
                .all(|by| crate::escape::is_only_read(image, *by, calls))
        })
    }

    /// Returns whether an instruction names a place of the object as the target of a store, or another file can name it.
    pub fn is_stored_by_name(
        &mut self,
        number: u16,
        image: &Image,
        (from, to): (u64, u64),
    ) -> bool {
        let inside = |at: &u64| (from..to).contains(at);
        image.exports.values().any(inside) || has_any(&self.of(number, image).stores, (from, to))
    }

    /// Returns whether an instruction stores zero to the word as a constant while the handler is installed.
    pub fn stores_null(
        &mut self,
        number: u16,
        image: &Image,
        word: u64,
        installers: &BTreeSet<(u16, u64)>,
        handler: Place,
    ) -> bool {
        let all = self.of(number, image).stores.get(&word);
        let all = all.into_iter().flatten();
        let nulls: Vec<u64> = all
            .filter(|(_, value)| *value == Some(0))
            .map(|(at, _)| *at)
            .collect();
        let mut nulls = nulls.into_iter();
        nulls.any(|at| !self.is_removed_at(number, image, at, installers, handler))
    }

    /// Returns whether the function has removed the handler before the instruction. A function that installs the handler must be
    /// the only one, and remove it for each signal on each path to the instruction.
    pub fn is_removed_at(
        &mut self,
        number: u16,
        image: &Image,
        at: u64,
        installers: &BTreeSet<(u16, u64)>,
        handler: Place,
    ) -> bool {
        let Some((start, end)) = image.function_at(at) else {
            return false;
        };
        if !installers.contains(&(number, start)) {
            let mut sites = self.of(number, image).installs.iter();
            return sites.any(|site| (start..at).contains(site));
        }
        let Some(of) = self.handlers.get(&handler).filter(|of| !of.more) else {
            return false;
        };
        let is_here =
            |(of, site): &Place| *of == number && (start..end).contains(site) && *site != at;
        of.sites.iter().all(is_here)
            && of.signals.iter().all(|signal| {
                let removed = self.removed.iter();
                let removed = removed.filter(|(site, of)| *of == Some(*signal) && is_here(site));
                let stops: Vec<u64> = removed.map(|((_, site), _)| *site).collect();
                let mut sites = of.sites.iter();
                sites.all(|(_, site)| crate::reach::never_leads(image, *site, at, &stops))
            })
    }

    /// Returns whether instructions name a place strictly between `from` and `to`: then data ends and other data begins there.
    pub fn is_divided(&mut self, number: u16, image: &Image, from: u64, to: u64) -> bool {
        let tables = self.of(number, image);
        let inside = (from.saturating_add(1), to);
        has_any(&tables.stores, inside) || has_any(&tables.taken, inside)
    }

    /// Returns whether instructions name a place strictly between `from` and `to`, if only to read it. A word that the program only
    /// reads may lie behind a table.
    pub fn is_named_between(&mut self, number: u16, image: &Image, from: u64, to: u64) -> bool {
        let read = &self.of(number, image).read;
        from < to && read.range(from + 1..to).next().is_some()
            || self.is_divided(number, image, from, to)
    }

    /// Returns whether the instruction stores to the word a changed value that was loaded from the word before.
    pub fn is_update(&mut self, number: u16, image: &Image, word: u64, at: u64) -> bool {
        let all = self.of(number, image).updates.get(&word);
        all.is_some_and(|all| all.iter().any(|(by, _)| *by == at))
    }

    /// Returns the functions that instructions store to the word as constants.
    pub fn stored_functions(&mut self, number: u16, image: &Image, word: u64) -> Vec<u64> {
        let tables = self.of(number, image);
        let all = tables
            .stores
            .get(&word)
            .map(Vec::as_slice)
            .unwrap_or_default();
        all.iter()
            .filter_map(|(_, value)| *value)
            .filter(|at| image.is_code(*at))
            .collect()
    }

    /// Returns the addresses of the file that instructions store to the word, or to an element of its object, as constants. Without
    /// symbols, a table is taken to be at most `NEAR` bytes long, and to end where instructions name a place.
    pub fn stored_pointers(&mut self, number: u16, image: &Image, word: u64) -> Vec<u64> {
        const NEAR: u64 = 64;
        // The first page of a position-independent file has its headers. A small number, such as null, is no address.
        const PAGE: u64 = 4096;
        let (from, to) = match image.object_at(word) {
            Some(object) => (object.address, object.address + object.size),
            None => (word.saturating_sub(NEAR), word + 1),
        };
        let tables: Vec<u64> = self
            .of(number, image)
            .elements
            .range(from..to)
            .map(|(at, _)| *at)
            .collect();
        let tables: Vec<u64> = tables
            .into_iter()
            .filter(|at| {
                image.object_at(word).is_some() || !self.is_divided(number, image, *at, word)
            })
            .collect();
        let of = self.of(number, image);
        let by_index = tables.iter().flat_map(|at| &of.elements[at]);
        let exact = of.stores.get(&word).into_iter().flatten();
        exact
            .filter_map(|(_, value)| *value)
            .chain(by_index.copied())
            .chain(of.fields.get(&word).into_iter().flatten().copied())
            .filter(|at| *at >= PAGE && image.region(*at).is_some())
            .collect()
    }

    pub fn note_old_action(&mut self, image: u16, at: u64) {
        self.old.insert((image, at));
    }

    pub fn is_old(&self, image: u16, at: u64) -> bool {
        self.old.contains(&(image, at))
    }
}
