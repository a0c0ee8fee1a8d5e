//! Collects, by one sweep over the code of a file, calls, stores, and addresses that are taken.

mod called;
mod combined;
mod derived;
mod holders;
mod instruction;
mod known;
mod parameter;
mod pointed;
mod preserved;
mod referred;
mod registers;
mod stored;
mod tested;
mod trail;
mod transfer;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use iced_x86::{Decoder, DecoderOptions, Instruction};

pub use self::combined::loads_of_both;
use self::derived::{Crossing, Derived};
use self::instruction::{is_store, named_by, note};
pub use self::known::changes_in_place;
use self::known::{Known, Local};
use self::parameter::{Change, ChangeKind, Passed};
use self::preserved::Preserved;
use self::referred::References;
pub use self::tested::{Test, signed};
use self::trail::Trail;
pub use self::transfer::is_linked_installer;
use crate::hash::{Map, Set};
use crate::image::{Image, Slot};
use crate::mask::Signals;

/// Holds instructions that change words, by the word, each with the number of bytes that it stores.
pub type WordChanges = BTreeMap<u64, Vec<(u64, u64)>>;

/// Holds calls that store to objects, by the address of the object, each with the number of bytes if it is known.
pub type Blocks = BTreeMap<u64, Vec<(u64, Option<u64>)>>;

#[derive(Default)]
pub struct Tables {
    /// The places that call or jump to a function.
    pub callers: Map<u64, Vec<u64>>,
    /// The places that call a function of another file, or load its address, by its name.
    pub outside: Map<String, Vec<u64>>,
    /// The places that store to a word of the file.
    pub stores: BTreeMap<u64, Vec<(u64, Option<u64>)>>,
    /// The instructions that store to a word of the file, also by an address in a register. Stores to an element of a table are
    /// under [`element`].
    pub writes: Map<u64, Vec<u64>>,
    /// The instructions that store to a word the changed result of an earlier load from it, each with the number of stored bytes.
    /// Stores to an element of a table are under [`element`].
    pub updates: WordChanges,
    /// The instructions that store to a word a value computed from other words, by the word, each after one of these words.
    copies: Map<u64, Vec<(u64, u64)>>,
    /// The instructions that change a word in place after the function has used its old value, each with the number of stored
    /// bytes.
    pub changed_late: WordChanges,
    /// The instructions that store to the memory behind a word's pointer the result of an earlier load from there, by the word and
    /// the offset.
    pub updates_through: Map<(u64, i64), Vec<u64>>,
    /// The instructions that store to the memory behind an unknown pointer the result of an earlier load from there. They are
    /// listed by the offset, each with the number of bytes; `stores_by_pointer` lists plain stores.
    updates_by_pointer: Map<u64, Vec<(u64, u64)>>,
    stores_by_pointer: Map<u64, Vec<(u64, u64)>>,
    /// The addresses of data that are stored where other code finds them; `leaks` has such arguments, each with its function.
    escaped: BTreeSet<u64>,
    /// The addresses of data that functions return, or have left in the register of the result, each with these functions.
    returned: BTreeMap<u64, BTreeSet<u64>>,
    leaks: Set<(u64, usize)>,
    /// The places of data that instructions load or store by name, each with these instructions.
    pub read: BTreeMap<u64, Vec<u64>>,
    /// The places of data that instructions only load by an address in a register, each with these instructions.
    pub read_by_register: BTreeMap<u64, Vec<u64>>,
    /// The instructions that load an element which an index chooses, by the address of the table.
    pub read_elements: BTreeMap<u64, Vec<u64>>,
    /// The calls of C library functions that store to an object, by its address, each with the number of bytes if known.
    pub fills: Blocks,
    /// The calls of C library functions that store to an object what was loaded from it before, by its address.
    pub rewritten: Blocks,
    /// The words that hold the ends of pipes from which the program, and so a handler, may read.
    channels: BTreeSet<u64>,
    /// Whether a call makes a descriptor non-blocking.
    unblocks: bool,
    /// The stores that functions of the file make through an argument, by the call: the word, its bytes, and the instruction.
    pub through_calls: BTreeMap<u64, Vec<(u64, u64, u64)>>,
    /// The calls whose result was computed from a word, by the word.
    pub loaded_by_calls: Map<u64, Vec<u64>>,
    /// The calls of functions that store to a word through an argument, by the word, each with the instruction that stores.
    pub stored_by_calls: Map<u64, Vec<(u64, u64)>>,
    /// The calls of functions that load a word through an argument, keep its value and then store to it, by the word.
    pub replaced: Map<u64, Vec<u64>>,
    /// The objects that calls clear or fill with a constant, by an address in each object.
    pub cleared: BTreeSet<u64>,
    /// The signals that calls put into a set of the file, by its address, with the number of calls that take the address.
    sets: BTreeMap<u64, (Signals, usize)>,
    /// Whether a call puts signals into a set at an unknown address.
    fills_unknown_set: bool,
    /// The calls that free the object to which a word points, by the word.
    pub freed: Map<u64, Vec<u64>>,
    /// The calls that close the descriptor in a word, by the word.
    pub closed: Map<u64, Vec<u64>>,
    /// The calls that pass a word's pointer to a function which frees its argument, by the word.
    pub freed_within: Map<u64, Vec<u64>>,
    /// The stores to an element of a table after the word that chose it was changed, by the word, each with the table.
    pub late: BTreeMap<u64, Vec<(u64, u64)>>,
    /// The branches that test the value of a word, by the word.
    pub tests: Map<u64, Vec<Test>>,
    /// The instructions that replace a word by a value found through it, as the head of a list by its next node.
    pub pops: Map<u64, Vec<u64>>,
    /// The constants that are stored to a word through a pointer to its object.
    pub fields: BTreeMap<u64, Vec<u64>>,
    /// The constants that are stored to an element that an index chooses, by the address of the table.
    pub elements: BTreeMap<u64, Vec<u64>>,
    /// The words from which the result of a function was computed, and the arguments.
    results: Map<u64, BTreeSet<u64>>,
    results_of_arguments: Map<u64, BTreeSet<usize>>,
    /// The words from which a function computes the arguments of a call of a function that lies behind it. The called function comes
    /// first, then the calling one.
    passed_words: Vec<(u64, u64, Vec<u64>)>,
    /// The arguments that a function stores: the argument's number, the word and its bytes.
    kept: Map<u64, BTreeSet<(usize, u64, u64)>>,
    /// The scratch registers that functions preserve.
    preserved: Preserved,
    /// The addresses that functions return.
    references: References,
    /// The words that are changed in place.
    changed: Set<u64>,
    /// The functions that store to a word, each with the word.
    writers: Set<(u64, u64)>,
    /// The arguments that direct calls pass to a function, by the function.
    passed: Map<u64, Vec<Passed>>,
    /// The stores of arguments by their functions.
    given: Vec<Given>,
    /// The changes that functions make through their pointer arguments.
    changes: Vec<Change>,
    /// The arguments that functions free, each with the function.
    frees: Vec<(u64, usize)>,
    /// The addresses that are compared with themselves: the empty table of the C runtime's start code, into which no pointer leads.
    limits: Set<u64>,
    /// Addresses that are taken, with the instructions that take them, or 0 for a word of data.
    pub taken: BTreeMap<u64, Vec<u64>>,
    /// The words of data that hold the address of a function, by the function.
    pub pointers: Map<u64, Vec<u64>>,
    /// Whether an instruction is a system call that may change which signals are blocked; system calls of the C library are
    /// ignored.
    pub blocks_by_number: bool,
    /// The places that name a function of the C library that installs handlers.
    pub installs: Vec<u64>,
    /// The places that load the address of a function which installs handlers as a constant, each with the address.
    pub loads: Vec<(u64, u64)>,
    /// The places within functions to which other functions jump.
    pub entered: BTreeSet<u64>,
}

/// Holds the word of the file, or the place of the frame, that an instruction loads or stores.
type Touched = (Option<u64>, Option<Local>);

/// Says how an instruction names the word that it stores to.
#[derive(Clone, Copy)]
enum Way {
    /// By its address.
    Word,
    /// By a pointer to its object.
    Field,
    /// By an index into a table.
    Element,
}

/// Holds a store of an argument of a function.
struct Given {
    at: u64,
    place: u64,
    way: Way,
    function: u64,
    argument: usize,
}

/// The functions of the C library that change which signals are blocked.
const BLOCKING: [&str; 6] = [
    "pthread_sigmask",
    "sigblock",
    "sighold",
    "sigprocmask",
    "sigrelse",
    "sigsetmask",
];

/// Returns the word and, if it is a part of a named object, the key of a table that begins there: a pointer that walks a table in a
/// loop is known to hold the address of one element in the first round.
fn as_elements(image: &Image, word: u64) -> impl Iterator<Item = u64> {
    const WORD: u64 = 8;
    let object = image.object_at(word).filter(|object| object.size > WORD);
    let table = object.map(|_| element(word));
    [word].into_iter().chain(table)
}

/// Returns the key that stands for the elements of a table among the words of a file.
pub const fn element(table: u64) -> u64 {
    !table
}

impl Tables {
    /// Returns the places that call a function which may block signals.
    pub fn blocking(&self, image: &Image) -> Vec<u64> {
        self.calls_of(image, &BLOCKING)
    }

    /// Returns the places that call one of these functions of the C library.
    pub fn calls_of(&self, image: &Image, all: &[&str]) -> Vec<u64> {
        let by_name = all.iter().filter_map(|name| self.outside.get(*name));
        let names = image.is_static.then_some(&image.names);
        let linked = names.into_iter().flatten().filter(|(_, names)| {
            let mut names = names.iter();
            names.any(|name| all.contains(&&**name))
        });
        let by_address = linked.filter_map(|(at, _)| self.callers.get(at));
        by_name.chain(by_address).flatten().copied().collect()
    }

    /// Returns whether the function is `main`: by its name, or because the code where the program begins takes its address.
    pub fn is_main(&self, image: &Image, function: u64) -> bool {
        const START: u64 = 64;
        let is_named = image
            .names
            .get(&function)
            .is_some_and(|names| names.iter().any(|name| &**name == "main"));
        let begins = image.entry..image.entry.saturating_add(START);
        let taken = self.taken.get(&function);
        is_named || taken.is_some_and(|by| by.iter().any(|at| begins.contains(at)))
    }

    /// Returns whether the word holds a descriptor of a pipe, or of a pair of sockets, that the program made, and that may block.
    pub fn is_own_channel(&self, word: u64) -> bool {
        !self.unblocks && self.channels.contains(&word)
    }

    /// Returns the instructions that store to the word a value loaded from it which lay in other words meanwhile, each after the store
    /// that took the value to the first of these. Leaves out copies by functions of which `is_left_out` is true.
    pub fn copied_back(&self, word: u64, is_left_out: &dyn Fn(u64) -> bool) -> Vec<(u64, u64)> {
        const DEEPEST: usize = 2;
        let copies = |word: u64| self.copies.get(&word).into_iter().flatten();
        let mut found = Vec::new();
        let mut seen = Set::default();
        let mut todo: Vec<(u64, u64, usize)> =
            copies(word).map(|(from, at)| (*from, *at, 0)).collect();
        while let Some((held, last, depth)) = todo.pop() {
            if !seen.insert((held, depth)) {
                continue;
            }
            for (from, at) in copies(held).filter(|(_, at)| !is_left_out(*at)) {
                match *from == word {
                    true => found.push((*at, last)),
                    false if depth < DEEPEST => todo.push((*from, last, depth + 1)),
                    false => {}
                }
            }
        }
        found
    }

    /// Returns the instructions that load or store data between two addresses by name, or load it by an address in a register. Each
    /// instruction comes after the address of its data.
    pub fn touching(&self, from: u64, to: u64) -> impl Iterator<Item = (u64, u64)> {
        let by_name = self.read.range(from..=to);
        let all = by_name.chain(self.read_by_register.range(from..=to));
        all.flat_map(|(at, by)| by.iter().map(move |by| (*at, *by)))
    }

    /// Returns the largest set of signals that a set of the file may have, if only known calls use its address.
    pub fn signals_of_set(&self, set: u64) -> Option<Signals> {
        let (signals, uses) = self.sets.get(&set)?;
        let takers = self.taken.get(&set)?;
        let is_known = !self.fills_unknown_set
            && takers.len() <= *uses
            && !takers.contains(&0)
            && !self.stores.contains_key(&set)
            && *signals != 0;
        is_known.then_some(*signals)
    }

    /// Notes stores that lie before the load of their value, from the same word, in an earlier round of a loop.
    fn note_late_updates(
        &mut self,
        image: &Image,
        function: u64,
        mut derived: Derived,
        code: &[(Instruction, Touched)],
        crossings: &Map<u64, Crossing>,
    ) {
        for (i, touched) in code {
            let at = i.ip();
            let stored = touched.0.filter(|_| is_store(i));
            for word in stored.into_iter().flat_map(|word| as_elements(image, word)) {
                if derived.stores(i, word) && !self.is_update(word, at) {
                    let width = i.memory_size().size() as u64;
                    self.note_change(image, function, at, word, ChangeKind::Updates(width));
                }
            }
            let crossing = crossings.get(&at);
            let stored = crossing.map(|crossing| derived.stored_by(crossing));
            for (from, word, width) in stored.into_iter().flatten() {
                if from == word && !self.is_update(word, at) {
                    self.note_change(image, function, at, word, ChangeKind::Updates(width));
                }
            }
            let kept = self.preserved.over(image, i, &derived);
            derived.follows(i, *touched, kept, crossing);
        }
    }

    /// Notes a word of data that holds an address.
    fn note_pointer(&mut self, image: &Image, at: u64, target: u64) {
        self.taken.entry(target).or_default().push(0);
        if image.is_writable(target) {
            self.escaped.insert(target);
        }
        if image.is_code(target) {
            self.pointers.entry(target).or_default().push(at);
        }
    }

    /// Returns whether the store is already noted as an update of the word.
    fn is_update(&self, word: u64, at: u64) -> bool {
        let known = self.updates.get(&word).into_iter().flatten();
        known.rev().any(|(by, _)| *by == at)
    }

    fn note_pointed(&mut self, place: u64, way: Way, value: u64) {
        let places = match way {
            Way::Element => &mut self.elements,
            Way::Field | Way::Word => &mut self.fields,
        };
        places.entry(place).or_default().push(value);
    }

    /// Returns the functions that must be read again, because a function that they call for a word's value may lie behind them.
    /// They also store to the word, themselves or by a call, or may test it before it is changed in place.
    fn crossing(&self) -> BTreeSet<u64> {
        let kept = self.kept.iter().flat_map(|(function, all)| {
            let calls = self.passed.get(function).into_iter().flatten();
            calls.flat_map(|call| {
                all.iter()
                    .filter_map(|(_, word, _)| Some((call.function, call.names(*word)?)))
            })
        });
        let writers: BTreeSet<(u64, u64)> = kept.chain(self.writers.iter().copied()).collect();
        let mut last_kept: Map<u64, u64> = Map::default();
        for (function, all) in &self.kept {
            for (_, word, _) in all {
                let last = last_kept.entry(*word).or_default();
                *last = (*last).max(*function);
            }
        }
        let mut found = BTreeSet::new();
        for (target, words) in &self.results {
            for call in self.passed.get(target).into_iter().flatten() {
                let words = words.iter().filter_map(|word| call.names(*word));
                let mut wanted = words.filter(|word| {
                    let last = last_kept.get(word).copied().unwrap_or_default();
                    let is_asked = *target > call.function && self.changed.contains(word);
                    is_asked
                        || last.max(*target) > call.function
                            && writers.contains(&(call.function, *word))
                });
                if wanted.next().is_some() {
                    found.insert(call.function);
                }
            }
        }
        for (target, function, words) in &self.passed_words {
            let kept = self.kept.get(target).into_iter().flatten();
            let mut kept = kept.filter(|(_, word, _)| words.contains(word));
            let returns = self.results_of_arguments.contains_key(target);
            let mut words = words.iter();
            if kept.next().is_some()
                || returns && words.any(|word| writers.contains(&(*function, *word)))
            {
                found.insert(*function);
            }
        }
        found
    }

    /// Notes the constants that callers pass to a function which stores its argument as values that are stored.
    fn resolve_given(&mut self) {
        for given in std::mem::take(&mut self.given) {
            let calls = self.passed.get(&given.function);
            let values: BTreeSet<u64> = calls
                .into_iter()
                .flatten()
                .filter_map(|call| call.addresses.of(given.argument))
                .filter(|value| !parameter::is_word(*value))
                .collect();
            for value in values {
                if let Way::Word = given.way {
                    let stores = self.stores.entry(given.place).or_default();
                    stores.push((given.at, Some(value)));
                } else {
                    self.note_pointed(given.place, given.way, value);
                }
            }
        }
    }
}

pub fn sweep(image: &Image) -> Tables {
    let mut tables = Tables::default();
    let mut reader = FunctionReader {
        image,
        stubs: Map::default(),
        code: Vec::new(),
    };
    let mut ends: Map<u64, u64> = Map::default();
    for region in image.regions.iter().filter(|r| r.exec) {
        let mut starts: Vec<u64> = image
            .functions
            .range(region.start..region.end)
            .map(|(s, _)| *s)
            .collect();
        starts.insert(0, region.start);
        starts.dedup();
        for (n, &start) in starts.iter().enumerate() {
            let end = starts.get(n + 1).copied().unwrap_or(region.end);
            ends.insert(start, end);
            reader.reads((start, end), &mut tables);
        }
    }
    // A function may call functions that lie behind it in the file.
    let again = tables.crossing();
    tables.passed_words.clear();
    let mut scratch = Tables {
        results: std::mem::take(&mut tables.results),
        results_of_arguments: std::mem::take(&mut tables.results_of_arguments),
        kept: std::mem::take(&mut tables.kept),
        ..Tables::default()
    };
    for start in again {
        if let Some(&end) = ends.get(&start) {
            reader.reads((start, end), &mut scratch);
        }
    }
    for (word, all) in scratch.updates {
        for (at, width) in all {
            if !tables.is_update(word, at) {
                tables.updates.entry(word).or_default().push((at, width));
            }
        }
    }
    let updates = scratch.changes.into_iter();
    tables.changes.extend(updates.filter(Change::is_update));
    for (word, all) in scratch.copies {
        tables.copies.entry(word).or_default().extend(all);
    }
    for (word, tests) in scratch.tests {
        let known = tables.tests.entry(word).or_default();
        let places: Set<u64> = known.iter().map(|test| test.at).collect();
        let tests = tests.into_iter();
        known.extend(tests.filter(|test| !places.contains(&test.at)));
    }
    tables.resolve_given();
    tables.resolve_changes(image);
    tables.resolve_frees();
    tables.resolve_leaks();
    tables.results.extend(scratch.results);
    tables.resolve_results(image);
    tables.passed.clear();
    for address in tables.limits.drain() {
        tables.taken.remove(&address);
    }
    for (at, slot) in &image.slots {
        // A word that points to itself only names its file (`__dso_handle`).
        if let Slot::Here(target) = slot
            && target != at
        {
            tables.note_pointer(image, *at, *target);
        }
    }
    if image.is_fixed {
        for region in image.regions.iter().filter(|r| !r.exec) {
            for (n, word) in region.data.as_chunks::<8>().0.iter().enumerate() {
                let target = u64::from_le_bytes(*word);
                let at = region.start.saturating_add(8 * n as u64);
                let is_loaders = || {
                    let loaders = &mut image.tables_at.iter();
                    target == image.dynamic || loaders.any(|of| of.contains(&at))
                };
                if target != 0 && image.region(target).is_some() && !is_loaders() {
                    tables.note_pointer(image, at, target);
                }
            }
        }
    }
    // The Rust standard library changes much memory through pointers, but no pointer of Rust leads to an atomic word of other code.
    if crate::runtime::has_sources(image) {
        tables.escaped.clear();
        tables.returned.clear();
    }
    let mut installs = std::mem::take(&mut tables.installs);
    installs.retain(crate::install::number::may_install(image, &tables));
    tables.installs = installs;
    tables
}

/// Reads the functions of a file.
struct FunctionReader<'a> {
    image: &'a Image,
    /// The target of each stub, by the address of the stub.
    stubs: Map<u64, Option<u64>>,
    /// The instructions of the last function; one buffer serves all functions.
    code: Vec<(Instruction, Touched)>,
}

impl FunctionReader<'_> {
    fn reads(&mut self, (start, end): (u64, u64), tables: &mut Tables) {
        let image = self.image;
        let bytes = image.bytes(start);
        let bytes = &bytes[..bytes.len().min((end - start) as usize)];
        let mut known = Known::at_entry(start);
        let mut trail = Trail::default();
        let mut number = None;
        self.code.clear();
        for i in &mut Decoder::with_ip(64, bytes, start, DecoderOptions::NONE) {
            if i.is_invalid() {
                continue;
            }
            let touched = (named_by(image, &i, &known), known.local(&i));
            trail.follows(image, &i, touched, tables);
            known.leaks(image, &i, tables);
            known.follows_pointers(image, &i, touched.1, tables);
            note(image, &i, tables, &mut known, &mut self.stubs, &mut number);
            known.follows(image, &i, touched, tables);
            self.code.push((i, touched));
        }
        if let Some((derived, crossings)) = known.derived_again() {
            tables.note_late_updates(image, start, derived, &self.code, &crossings);
        }
    }
}
