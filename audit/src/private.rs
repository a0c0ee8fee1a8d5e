//! Data that only the handler touches, or that the program touches only while the signals are blocked. No other code can see it
//! half changed.

use iced_x86::{Decoder, DecoderOptions};

use crate::explore::Explorer;
use crate::frame::Frame;
use crate::hash::Set;
use crate::image::Image;
use crate::index::Index;
use crate::install::Place;
use crate::races::Coming;
use crate::state::{State, Stored};
use crate::value::{Base, Value};

/// Describes data to which two stores go: its file, its first address and the address behind it. The last field describes the
/// announced word, if one of the stores sets a flag.
pub type Part = (u16, u64, u64, Option<Announced>);

/// Describes a word of data, and a flag that the handler sets to announce its store to the word.
#[derive(Clone, Copy)]
pub struct Announced {
    flag: u64,
    word: u64,
    /// Whether the flag is stored after the word.
    is_last: bool,
}

impl Announced {
    /// Returns the flag and the word, if one of two stores sets the flag and the other store writes the word.
    fn of([later, earlier]: [&Stored; 2]) -> Option<Self> {
        let (flag, word) = match (later.is_flag, earlier.is_flag) {
            (true, false) => (later, earlier),
            (false, true) => (earlier, later),
            _ => return None,
        };
        let is_exact = flag.lo == flag.hi && word.lo == word.hi;
        is_exact.then_some(Self {
            flag: flag.lo,
            word: word.lo,
            is_last: later.is_flag,
        })
    }
}

/// The size of the widest word in bytes.
const WIDEST: u64 = 8;

/// The maximum distance in bytes between data and an address before it that may lead into the data.
const BEFORE: u64 = 1024;

impl Explorer<'_> {
    /// Notes that the instruction stores the first of two words that may belong together.
    pub fn note_torn(&mut self, frame: &Frame, at: u64, stores: [&Stored; 2]) {
        let [a, b] = stores;
        let part = (
            a.image,
            a.lo.min(b.lo),
            a.hi.max(b.hi).saturating_add(WIDEST),
            Announced::of(stores),
        );
        let is_plain = a.image == b.image && a.through.or(b.through).is_none();
        let part = is_plain.then_some(part);
        self.torn.entry((frame.number, at)).or_default().push(part);
    }

    /// Notes a store that is wider than the machine writes at once. Such a store is a fault only if other code may see a half of
    /// it.
    pub fn note_half(&mut self, frame: &Frame, at: u64, (image, place): (u16, &Value), width: u64) {
        let (lo, hi) = (place.lo.cast_unsigned(), place.hi.cast_unsigned());
        // This function does not check whether the store stays in its object.
        let object = self
            .files
            .image(image)
            .object_at(lo)
            .map(|object| object.address + object.size);
        let end = match place.is_bounded() {
            true => Some(hi.saturating_add(width)),
            false => object,
        };
        let end = end.filter(|_| place.lo >= 0);
        let part = end.map(|end| (image, lo, end, None));
        self.torn.entry((frame.number, at)).or_default().push(part);
    }

    /// Notes that the address of data is stored where other code may find it.
    pub fn note_published(&mut self, value: &Value) {
        if let Base::Image(image) | Base::ImageOrNull(image) = value.base {
            self.published.insert((image, value.lo, value.hi));
        }
        // In a file with a fixed load address, the address of data is a number.
        let own = self.handler.0;
        let file = self.files.image(own);
        if value.base == Base::Num && file.is_fixed {
            let all = value.all().into_iter().flatten();
            let addresses = all.filter(|one| file.region(one.cast_unsigned()).is_some());
            self.published.extend(addresses.map(|one| (own, one, one)));
        }
    }

    /// Notes that data of the stack, with the addresses in it, goes to a place where other code may find it.
    pub fn note_given(&mut self, state: &State, from: &Value, length: Option<i64>) {
        const MOST: i64 = 256;
        if from.base == Base::Stack {
            let end = from.hi.saturating_add(length.unwrap_or(MOST).max(0));
            let slots = state.slots.range(from.lo.min(end)..end);
            for (_, (_, value)) in slots {
                self.note_published(value);
            }
        }
    }

    /// Returns the stores to data that no other code can see half changed. Returns none if the handler may be interrupted by
    /// itself.
    ///
    /// Only the handler uses such data and outputs it by a call, or the program is seen to read it only when that is safe. Data
    /// that no code is seen to read does not count, because its reader is not seen.
    pub fn private_stores(&mut self) -> Set<Place> {
        // The signals that the handler is installed for may be unknown if its mask contains all signals.
        let is_found = self.signals != 0 || self.index.handlers.contains_key(&self.handler);
        if self.nesting.is_certain() != Some(false) || !is_found {
            return Set::default();
        }
        let torn = std::mem::take(&mut self.torn);
        let mut is_own = |part: &Option<Part>| part.is_some_and(|part| self.is_own(part));
        let own = torn
            .into_iter()
            .filter(|(_, parts)| parts.iter().all(&mut is_own));
        own.map(|(by, _)| by).collect()
    }

    fn is_own(&mut self, (number, lo, hi, announced): Part) -> bool {
        let file = self.files.image(number);
        let is_put_out = self.loads.keys().any(|(of, from, length)| {
            (*of, *from <= lo, from + length > lo + 1) == (number, true, true)
        });
        let (lo, hi, start) = match file.object_at(lo) {
            Some(object) => (
                object.address,
                hi.max(object.address + object.size),
                object.address,
            ),
            None => (lo, hi, lo.saturating_sub(BEFORE)),
        };
        let is_published = self.published.iter().any(|(of, from, to)| {
            *of == number && *from < hi.cast_signed() && *to >= start.cast_signed()
        });
        let coming = Coming::new(self.handler, self.signals, &self.contexts);
        if is_published {
            return false;
        }
        is_put_out && self.index.is_named_by(number, &file, (lo, hi), &coming)
            || self.index.is_seen_apart(number, &file, (lo, hi), &coming)
            || announced.is_some_and(|of| {
                let stores = self.stored.keys();
                let widths = stores.filter_map(|(file, lo, _, width)| {
                    ((*file, *lo) == (number, of.word)).then_some(*width)
                });
                let width = widths.max().unwrap_or(WIDEST);
                self.index.is_announced(number, &file, (of, width), &coming)
            })
    }
}

impl Index {
    /// Returns whether only the handler runs the instructions that name the data, or a place before it that may lead into it.
    fn is_named_by(
        &mut self,
        number: u16,
        image: &Image,
        part: (u64, u64),
        coming: &Coming,
    ) -> bool {
        let sites = self.names(number, image, part);
        sites.is_some_and(|(taken, touched)| {
            let mut all = taken.union(&touched);
            all.all(|at| self.is_run_by(number, image, *at, coming))
        })
    }

    /// Returns whether the program is seen to read the word, and only after it has found the flag set, or before the handler is
    /// installed. The program then reads a value that any one of the signals has stored.
    fn is_announced(
        &mut self,
        number: u16,
        image: &Image,
        (announced, width): (Announced, u64),
        coming: &Coming,
    ) -> bool {
        let Announced { flag, word, .. } = announced;
        let part = (word, word.saturating_add(width));
        // Another handler may run between the two stores, and a reader of a part of the word may read another part later.
        let is_open = !announced.is_last && self.handlers.len() > 1;
        let mut within = self
            .of(number, image)
            .read
            .range(word + 1..part.1.max(word + 1));
        if is_open || within.next().is_some() || self.may_look_at_any_time(number, image) {
            return false;
        }
        let Some((taken, touched)) = self.names(number, image, part) else {
            return false;
        };
        let mut uses = Vec::new();
        for at in taken.union(&touched) {
            if *at != 0 && self.is_run_by(number, image, *at, coming) {
                continue;
            }
            if taken.contains(at) {
                return false;
            }
            if !self.is_seen_before(number, image, *at, coming) {
                uses.push(*at);
            }
        }
        !uses.is_empty() && self.are_chosen_by(number, image, flag, &uses, coming)
    }

    /// Returns the instructions that take an address of the data or of a place shortly before it, and the instructions that touch
    /// it by name. Returns `None` if other files know the data by its name.
    pub fn names(
        &mut self,
        number: u16,
        image: &Image,
        (lo, hi): (u64, u64),
    ) -> Option<(Set<u64>, Set<u64>)> {
        const WIDEST: u64 = 64;
        if image.exports.values().any(|at| (lo..hi).contains(at)) {
            return None;
        }
        let is_other = |at: &u64| {
            image
                .object_at(*at)
                .is_some_and(|object| object.address == *at && !(lo..hi).contains(at))
        };
        let tables = self.of(number, image);
        // A constant that contains an address, such as a template of a `sigaction` structure, ends before writable data begins.
        let is_constant = |at: &u64| {
            image.slots.contains_key(at) && !image.is_writable(*at) && image.is_writable(lo)
        };
        let near = lo.saturating_sub(BEFORE)..=hi;
        let taken = tables.taken.range(near);
        let taken = taken.filter(|(at, _)| !is_other(at) && !is_constant(at));
        // The C library, in a static program, does not take an address of the program's data.
        let taken = taken.flat_map(|(_, by)| by).copied();
        let taken = taken
            .filter(|by| *by == 0 || !image.is_behind_libc(*by))
            .collect();
        let touched = tables.read.range(lo.saturating_sub(WIDEST)..hi);
        let touched = touched.flat_map(|(at, by)| by.iter().map(move |by| (*at, *by)));
        let touched = touched.filter(|(at, by)| at + width(image, *by) > lo);
        Some((taken, touched.map(|(_, by)| by).collect()))
    }

    /// Returns the instructions that touch the constant that contains the word, or take its address. Such a constant is, for
    /// example, the template from which a `sigaction` structure is copied. Returns no instructions if the word is not in a
    /// constant, or if the instructions are not known. Without symbols, the constant begins at the last place that an instruction
    /// names.
    fn uses_of_constant(&mut self, number: u16, image: &Image, word: u64) -> Vec<u64> {
        if image.is_writable(word) || image.exports.values().any(|at| *at == word) {
            return Vec::new();
        }
        let tables = self.of(number, image);
        let start = image.object_at(word).map(|object| object.address);
        let start = start.unwrap_or_else(|| {
            let near = word.saturating_sub(BEFORE)..=word;
            let taken = tables.taken.range(near.clone()).next_back();
            let read = tables.read.range(near).next_back();
            let named = [taken.map(|(at, _)| *at), read.map(|(at, _)| *at)];
            named.into_iter().flatten().max().unwrap_or(word)
        });
        let taken = tables.taken.range(start..=word);
        let read = tables.read.range(start..=word);
        taken.chain(read).flat_map(|(_, by)| by).copied().collect()
    }

    /// Returns whether only the handler runs the instruction. The handler must reach each function on each path to it. Pointers to
    /// such a function may be kept only for the installation of the handler.
    pub fn is_run_by(&mut self, number: u16, image: &Image, at: u64, coming: &Coming) -> bool {
        let mut seen = Set::default();
        let mut todo = vec![at];
        while let Some(at) = todo.pop() {
            let Some((start, _)) = image.function_at(at) else {
                return false;
            };
            if !seen.insert(start) {
                continue;
            }
            let function = (number, start);
            let tables = self.of(number, image);
            let callers = tables.callers.get(&start).cloned().unwrap_or_default();
            let taken = tables.taken.get(&start).cloned().unwrap_or_default();
            let words = tables.pointers.get(&start).cloned().unwrap_or_default();
            let by = self.handlers.get(&function).map(|of| of.by.clone());
            let is_right = match by {
                Some(by) if function == coming.handler => {
                    // A call through a pointer may call the handler.
                    let installs = |at: &u64| {
                        let of = image.function_at(*at);
                        of.is_some_and(|(start, end)| {
                            by.contains(&(number, start))
                                && !crate::reach::calls_pointer(image, start, end)
                        })
                    };
                    // Zero stands for a word of data, not for an instruction.
                    taken.iter().all(|at| *at == 0 || installs(at))
                        && words.iter().all(|word| {
                            let uses = self.uses_of_constant(number, image, *word);
                            !uses.is_empty() && uses.iter().all(installs)
                        })
                }
                Some(_) => false,
                None => taken.is_empty() && !callers.is_empty(),
            };
            if !is_right
                || !coming.own.contains_key(&function)
                || image.exports.values().any(|at| *at == start)
            {
                return false;
            }
            todo.extend(callers);
        }
        true
    }
}

/// Returns how many bytes of memory the instruction touches.
fn width(image: &Image, at: u64) -> u64 {
    let bytes = image.bytes(at);
    let bytes = &bytes[..bytes.len().min(16)];
    let i = Decoder::with_ip(64, bytes, at, DecoderOptions::NONE).decode();
    i.memory_size().size().max(1) as u64
}
