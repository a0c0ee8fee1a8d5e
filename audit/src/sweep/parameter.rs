//! The changes that functions make through pointer arguments, whose targets their callers know.

use crate::hash::Set;

use super::Tables;
use crate::image::Image;

/// Says how an instruction changes data.
#[derive(Clone, Copy)]
pub enum ChangeKind {
    /// A store of so many bytes.
    Stores(u64),
    /// A store of a constant, such as a flag, or the clearing of a block.
    Clears,
    /// A store of so many bytes, computed from a load of the same place.
    Updates(u64),
    /// A call of a C library function that stores to the place, with the number of bytes if it is known.
    Fills(Option<u64>),
    /// A call of a C library function that stores to the place what was loaded from it before, in its old or in another order. Has the
    /// number of bytes if it is known.
    Rewrites(Option<u64>),
    /// A store after the function has loaded the old value and kept it.
    Replaces,
}

impl ChangeKind {
    /// Returns a number for the kind of the change, without regard to its bytes.
    const fn kind(self) -> u8 {
        match self {
            Self::Stores(_) => 0,
            Self::Clears => 1,
            Self::Updates(_) => 2,
            Self::Fills(_) => 3,
            Self::Replaces => 4,
            Self::Rewrites(_) => 5,
        }
    }
}

/// Holds a change of the memory that an argument of a function points to.
pub struct Change {
    function: u64,
    argument: usize,
    offset: u64,
    how: ChangeKind,
    /// The instruction of the function that makes the change.
    by: u64,
}

impl Change {
    pub const fn is_update(&self) -> bool {
        matches!(self.how, ChangeKind::Updates(_))
    }

    const fn new(function: u64, place: u64, how: ChangeKind, by: u64) -> Self {
        let of = place - PARAMETERS;
        Self {
            function,
            argument: (of / OFFSETS) as usize,
            offset: of % OFFSETS,
            how,
            by,
        }
    }
}

/// Holds the arguments of a call: addresses of data, and the words from which pointers were loaded. Both include arguments that
/// the calling function itself was given.
pub struct Passed {
    pub at: u64,
    pub function: u64,
    pub addresses: Arguments,
    pub pointers: Arguments,
}

/// Holds what is known of six arguments: the number of each known argument, and its value.
pub struct Arguments(Box<[(u8, u64)]>);

impl Arguments {
    pub fn new(values: [Option<u64>; 6]) -> Self {
        let numbered = (0..).zip(values);
        Self(
            numbered
                .filter_map(|(n, value)| Some((n, value?)))
                .collect(),
        )
    }

    pub fn of(&self, argument: usize) -> Option<u64> {
        let mut all = self.0.iter();
        let known = all.find(|(n, _)| usize::from(*n) == argument);
        known.map(|(_, value)| *value)
    }
}

impl Passed {
    /// Translates a word of the called function to a word of the caller, if it is known.
    pub fn names(&self, word: u64) -> Option<u64> {
        match parts(word) {
            Some((argument, offset)) => Some(at(self.addresses.of(argument)?, offset)),
            None => Some(word),
        }
    }
}

/// Is the first number that stands for memory behind an argument: above all addresses of a file, below the numbers for table
/// elements.
const PARAMETERS: u64 = 1 << 62;
const OFFSETS: u64 = 1 << 31;

/// Returns the number that stands, among the words of a file, for the word at an offset from an argument's pointer.
pub fn word(argument: usize, offset: u64) -> Option<u64> {
    (offset < OFFSETS).then(|| PARAMETERS + argument as u64 * OFFSETS + offset)
}

/// Is the offset that stands for an element which an index chooses.
const ELEMENT: u64 = OFFSETS - 1;

/// Returns the number that stands for the elements of the table to which an argument points.
pub fn element(argument: usize) -> u64 {
    PARAMETERS + argument as u64 * OFFSETS + ELEMENT
}

/// Returns the number that stands for the first element of a table if `word` stands for the table's elements, otherwise `word`.
pub fn first(word: u64) -> u64 {
    match parts(word) {
        Some((argument, ELEMENT)) => PARAMETERS + argument as u64 * OFFSETS,
        Some(_) => word,
        None => word.min(super::element(word)),
    }
}

/// Returns the place at an offset from an address, or the elements of the table there.
fn at(address: u64, offset: u64) -> u64 {
    match (offset, parts(address)) {
        (ELEMENT, Some((argument, _))) => element(argument),
        (ELEMENT, None) => super::element(address),
        _ => address.wrapping_add(offset),
    }
}

/// Returns whether the number stands for memory that an argument points to.
pub fn is_word(place: u64) -> bool {
    (PARAMETERS..PARAMETERS + 6 * OFFSETS).contains(&place)
}

/// Returns the argument and the offset for which the number stands, if it stands for memory behind an argument.
pub fn parts(place: u64) -> Option<(usize, u64)> {
    let of = place.wrapping_sub(PARAMETERS);
    is_word(place).then_some(((of / OFFSETS) as usize, of % OFFSETS))
}

impl Tables {
    /// Notes a change of a word of the file, or of memory that an argument of the function points to.
    pub fn note_change(
        &mut self,
        image: &Image,
        function: u64,
        at: u64,
        place: u64,
        how: ChangeKind,
    ) {
        if is_word(place) {
            // A flag is one word, regardless of the other stores.
            let how = match how {
                ChangeKind::Stores(_) if crate::races::is_flag(image, at) => ChangeKind::Clears,
                how => how,
            };
            self.changes.push(Change::new(function, place, how, at));
            return;
        }
        match how {
            ChangeKind::Fills(size) if image.is_writable(place) => {
                self.fills.entry(place).or_default().push((at, size));
            }
            ChangeKind::Fills(_) => {}
            ChangeKind::Stores(_) => self.writes.entry(place).or_default().push(at),
            ChangeKind::Rewrites(size) => self.rewritten.entry(place).or_default().push((at, size)),
            ChangeKind::Replaces => self.replaced.entry(place).or_default().push(at),
            ChangeKind::Clears => {
                self.cleared.insert(place);
            }
            ChangeKind::Updates(width) => {
                self.writes.entry(place).or_default().push(at);
                self.updates.entry(place).or_default().push((at, width));
            }
        }
    }

    /// Notes, for each call that passes an address of data, the changes through it by the called function or by further calls.
    pub fn resolve_changes(&mut self, image: &Image) {
        const DEEPEST: usize = 8;
        let mut known = Set::default();
        for _ in 0..DEEPEST {
            for change in std::mem::take(&mut self.changes) {
                let of = (change.function, change.argument, change.offset);
                if !known.insert((of, change.how.kind())) {
                    continue;
                }
                let calls = self.passed.get(&change.function);
                let to = |call: &Passed| {
                    let place = at(call.addresses.of(change.argument)?, change.offset);
                    let is_element = image.is_writable(super::element(place));
                    let is_known = image.is_writable(place) || is_word(place) || is_element;
                    is_known.then_some((call.function, call.at, place))
                };
                let places: Vec<_> = calls.into_iter().flatten().filter_map(to).collect();
                for (caller, at, place) in places {
                    if is_word(place) {
                        let further = Change::new(caller, place, change.how, change.by);
                        self.changes.push(further);
                        continue;
                    }
                    if !image.is_writable(place) {
                        self.note_change(image, caller, at, place, change.how);
                        continue;
                    }
                    if let ChangeKind::Stores(width) = change.how {
                        let through = self.through_calls.entry(at).or_default();
                        through.push((place, width, change.by));
                    }
                    if let ChangeKind::Stores(_) | ChangeKind::Clears = change.how {
                        let stores = self.stored_by_calls.entry(place).or_default();
                        stores.push((at, change.by));
                    }
                    self.note_change(image, caller, at, place, change.how);
                }
            }
        }
    }

    /// Notes, for each word, the calls whose result was computed from it.
    pub fn resolve_results(&mut self, image: &Image) {
        for (target, words) in &self.results {
            for call in self.passed.get(target).into_iter().flatten() {
                let words = words.iter().filter_map(|word| call.names(*word));
                for word in words.filter(|word| image.is_writable(*word)) {
                    self.loaded_by_calls.entry(word).or_default().push(call.at);
                }
            }
        }
    }

    /// Notes, for each call that passes a pointer, that the called function frees the pointer, itself or by further calls.
    pub fn resolve_frees(&mut self) {
        const DEEPEST: usize = 3;
        let mut known = Set::default();
        for _ in 0..DEEPEST {
            for (function, argument) in std::mem::take(&mut self.frees) {
                if !known.insert((function, argument)) {
                    continue;
                }
                for call in self.passed.get(&function).into_iter().flatten() {
                    match call.pointers.of(argument) {
                        Some(own) if is_word(own) => {
                            let argument = ((own - PARAMETERS) / OFFSETS) as usize;
                            self.frees.push((call.function, argument));
                        }
                        Some(word) => {
                            let freed = self.freed_within.entry(word).or_default();
                            freed.push(call.at);
                        }
                        None => {}
                    }
                }
            }
        }
    }
}
