//! The arguments of functions that install them, and the stores to words that handlers are loaded from.

use std::collections::{BTreeSet, HashSet};

use super::argument::signal;
use super::flags::FlagsAt;
use super::sites::is_direct;
use super::{Finder, Installation, MOST_WRAPPERS, PLACE_NOT_KNOWN, Place, Signal, Wanted, What};
use crate::callee::Callee;
use crate::explore::Watch;
use crate::state::ARGUMENTS;

impl Finder<'_> {
    pub(super) fn want(&mut self, at: Place, wanted: Wanted) {
        self.reached.insert(at);
        if !self.seen.insert(wanted.clone()) {
            return;
        }
        // Callers are explored once for all paths to one call; the flags may differ between these paths.
        let same = |pending: &&mut Wanted| {
            let how = Installation {
                flags: pending.how.flags,
                ..wanted.how
            };
            **pending
                == Wanted {
                    how,
                    ..wanted.clone()
                }
        };
        if let FlagsAt::Known(flags) = wanted.how.flags
            && let Some(pending) = self.wanted.iter_mut().find(same)
            && let FlagsAt::Known(known) = pending.how.flags
        {
            pending.how.flags = FlagsAt::Known(known.or(flags));
            return;
        }
        self.wanted.push(wanted);
    }

    pub(super) fn follow(&mut self) {
        let mut count = 0;
        loop {
            while let Some(wanted) = self.wanted.pop() {
                count += 1;
                if count > MOST_WRAPPERS {
                    self.unresolved(wanted.function, "is a wrapper of too many wrappers");
                    return;
                }
                self.wrapper(&wanted);
            }
            if let Some((word, at, how)) = self.words.pop() {
                self.stores(word, at, how);
            } else if let Some((range, at, how)) = self.ranges.pop() {
                self.range(range, at, how);
            } else {
                return;
            }
        }
    }

    /// Returns the places that call the function, in its own file and in other files.
    fn callers(&mut self, (image, function): Place) -> Vec<Place> {
        let file = self.files.image(image);
        let own = self.index.of(image, &file).callers.get(&function);
        let mut places: Vec<Place> = own.into_iter().flatten().map(|at| (image, *at)).collect();
        let names: Vec<&String> = file
            .exports
            .iter()
            .filter(|(_, at)| **at == function)
            .map(|(name, _)| name)
            .collect();
        for other in self.swept.clone() {
            if other == image {
                continue;
            }
            let of = self.files.image(other);
            let outside = &self.index.of(other, &of).outside;
            let calls = names.iter().filter_map(|name| outside.get(*name));
            places.extend(calls.flatten().map(|at| (other, *at)));
        }
        places
    }

    /// Returns whether only direct calls in the files that are read reach a function.
    pub(super) fn is_only_called(&mut self, function: Place) -> bool {
        let file = self.files.image(function.0);
        let tables = self.index.of(function.0, &file);
        let is_taken = tables.taken.contains_key(&function.1);
        let is_exported = file.is_library && file.exports.values().any(|at| *at == function.1);
        !is_taken && !is_exported && !self.callers(function).is_empty()
    }

    /// Explores the callers of a function that installs its argument.
    fn wrapper(&mut self, wanted: &Wanted) {
        let (image, function) = wanted.function;
        let file = self.files.image(image);
        let sites = self.callers(wanted.function);
        let is_taken = self.index.of(image, &file).taken.contains_key(&function);
        let is_exported =
            image == 0 && file.is_library && file.exports.values().any(|at| *at == function);
        if is_exported || (is_taken && sites.is_empty()) {
            let name = file.name(function);
            let why = if is_exported {
                "other files call with a handler"
            } else {
                "is called through a pointer with a handler"
            };
            self.unresolved(wanted.function, format!("{name} {why}"));
        }
        let is_lost = file.function_at(function).is_none() && !file.is_linkage(function);
        if is_lost && sites.is_empty() {
            let why = "is code of which no table tells where its function begins, and installs what it is given";
            self.unresolved(wanted.function, why);
        }
        let functions: BTreeSet<Place> = sites.iter().map(|at| self.start_of(*at)).collect();
        let installs = match wanted.of {
            What::Handler => "installs a handler",
            What::Call => "makes any system call",
            What::Rest(_) => "installs a handler for what it is given",
        };
        for caller in functions {
            let (watch, is_whole) = self.explore_whole(caller, || Watch {
                functions: HashSet::from([wanted.function]),
                ..Watch::default()
            });
            let mut reached = HashSet::new();
            for hit in &watch.hits {
                if !matches!(hit.callee, Callee::Code(i, at) if (i, at) == wanted.function) {
                    continue;
                }
                reached.insert((caller.0, hit.at));
                self.note_before(caller, hit);
                let given = |n: u8| &hit.state.registers[ARGUMENTS[usize::from(n)]];
                let how = Installation {
                    signal: match wanted.how.signal {
                        Signal::Argument(n) => signal(given(n)),
                        known => known,
                    },
                    flags: match wanted.how.flags {
                        FlagsAt::Argument(n, bits) => FlagsAt::in_value(given(n)).with(bits),
                        known => known,
                    },
                };
                let value = given(wanted.argument).clone();
                if let What::Rest(handler) = wanted.of {
                    self.address((caller.0, hit.at), handler, how);
                    continue;
                }
                if wanted.of == What::Call {
                    self.number(caller, hit.at, &value);
                    continue;
                }
                match wanted.offset {
                    None => self.value(caller, (caller.0, hit.at), &value, how),
                    Some(offset) => {
                        let register = 1 << ARGUMENTS[usize::from(wanted.argument)];
                        self.actions.insert((caller.0, hit.at), register);
                        self.through(caller, hit, &value, offset.into(), how);
                    }
                }
            }
            let of = self.files.image(caller.0);
            for site in &sites {
                if self.start_of(*site) == caller
                    && is_direct(&of, site.1)
                    && (!is_whole || !reached.contains(site))
                {
                    let name = file.name(function);
                    self.unresolved(*site, format!("calls {name}, which {installs}, and control could not be followed to it"));
                }
            }
        }
    }

    /// Returns the bounds of the object that holds the word. Without symbols, the object begins as far before the word as a `struct
    /// sigaction` may. If nothing is named between, it begins at the last place named before that.
    pub(super) fn extent(&mut self, (image, word): Place) -> (u64, u64) {
        let file = self.files.image(image);
        if let Some(object) = file.object_at(word) {
            return (object.address, object.address + object.size);
        }
        let near = word.saturating_sub(152);
        let taken = self.index.of(image, &file).taken.keys().copied();
        let last = taken
            .filter(|at| *at < near && file.is_writable(*at))
            .max()
            .filter(|last| !self.index.is_divided(image, &file, *last, word));
        (last.unwrap_or(near), word + 1)
    }

    /// Returns whether no code in the files fills the object through a pointer, except calls that store the previous action.
    pub(super) fn is_only_read(&mut self, (image, object): (u16, (u64, u64))) -> bool {
        let file = self.files.image(image);
        let calls = self.actions.iter().filter(|((of, _), _)| *of == image);
        let calls = calls
            .map(|((_, at), registers)| (*at, *registers))
            .collect();
        self.index.is_only_read(image, &file, object, &calls)
            || self
                .index
                .is_sealed_beside(image, &file, object, self.own_handlers(image))
    }

    /// Returns the handlers that were found in a file.
    fn own_handlers(&self, image: u16) -> BTreeSet<u64> {
        let all = self.found.handlers.keys().filter(|(of, _)| *of == image);
        all.map(|(_, start)| *start).collect()
    }

    /// Returns whether the bytes only ever hold their initial content or the action that was installed before.
    ///
    /// Without symbols the bytes may belong to any object that begins before them.
    fn is_unchanged(&mut self, image: u16, (from, to): (u64, u64)) -> bool {
        let file = self.files.image(image);
        let Some(region) = file.region(from) else {
            return false;
        };
        let object = match file.object_at(from) {
            Some(object) if to <= object.address + object.size => {
                (object.address, object.address + object.size)
            }
            Some(_) => return false,
            None => (region.start, to),
        };
        !self.index.is_stored_by_name(image, &file, (from, to))
            && self.is_only_read((image, object))
    }

    /// Resolves the handlers in an array from which an index chooses the handler to install.
    fn range(&mut self, (image, lo, hi): (u16, u64, u64), at: Place, how: Installation) {
        let file = self.files.image(image);
        if !self.is_unchanged(image, (lo, hi + 8)) {
            return self.unresolved(at, PLACE_NOT_KNOWN);
        }
        let words = (lo..hi + 8).step_by(8);
        for word in
            words.filter(|word| file.number(*word, 8) != Some(0) || file.pointer(*word).is_some())
        {
            self.word(at, (image, word), how);
        }
        self.found.others += 1;
    }

    /// Resolves the handlers that are stored to a word from which a handler is loaded.
    fn stores(&mut self, (image, word): Place, at: Place, how: Installation) {
        if !self.explored_words.insert((image, word)) {
            return;
        }
        let file = self.files.image(image);
        let object = self.extent((image, word));
        let tables = self.index.of(image, &file);
        let sites = tables.stores.get(&word).cloned().unwrap_or_default();
        let is_old = self.index.is_old(image, word);
        if is_old {
            self.found.others += 1;
        }
        let place = file.place(word);
        if sites.is_empty()
            && file.number(word, 8) == Some(0)
            && !file.slots.contains_key(&word)
            && !is_old
            && !self.is_unchanged(image, (word, word + 8))
        {
            self.unresolved(
                at,
                format!("installs what {place} holds, to which no instruction of the file stores by its address"),
            );
        }
        // The structure may have been filled through a pointer to it.
        if !self.is_only_read((image, object)) {
            self.unresolved(
                at,
                format!("installs what {place} holds, whose address is taken"),
            );
        }
        let functions: BTreeSet<Place> = sites
            .iter()
            .map(|(at, _)| self.start_of((image, *at)))
            .collect();
        for function in functions {
            let (watch, is_whole) = self.explore_whole(function, || Watch {
                stores: HashSet::from([word]),
                ..Watch::default()
            });
            if watch.stored.is_empty() || !is_whole {
                self.unresolved(
                    at,
                    format!("installs what {place} holds, and a store to it could not be reached"),
                );
            }
            for (site, _, value) in &watch.stored {
                let before = self.found.unresolved.len();
                self.value(function, (image, *site), value, how);
                if self.found.unresolved.len() > before {
                    self.unresolved(
                        at,
                        format!("installs what {place} holds, which is not known"),
                    );
                }
            }
        }
    }
}
