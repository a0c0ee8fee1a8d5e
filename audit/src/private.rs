//! Data that nothing but the handler touches, or that the program touches only while the signals are blocked: nobody can see it half
//! changed.

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

/// Is a file, and the first address of data and the one behind it.
pub type Part = (u16, u64, u64);

/// How far before data an address may be that leads into it.
const BEFORE: u64 = 1024;

impl Explorer<'_> {
    /// Notes that what the instruction stores is a matter of how two words of a file belong together.
    pub fn note_torn(&mut self, frame: &Frame, at: u64, stores: [&Stored; 2]) {
        const WIDEST: u64 = 8;
        let [a, b] = stores;
        let part = (
            a.image,
            a.lo.min(b.lo),
            a.hi.max(b.hi).saturating_add(WIDEST),
        );
        let is_plain = a.image == b.image && a.through.or(b.through).is_none();
        let part = is_plain.then_some(part);
        self.torn.entry((frame.number, at)).or_default().push(part);
    }

    /// Notes a store that is wider than the machine writes at once: it is a fault only if somebody may see a half of it.
    pub fn note_half(&mut self, frame: &Frame, at: u64, (image, place): (u16, &Value), width: u64) {
        let (lo, hi) = (place.lo.cast_unsigned(), place.hi.cast_unsigned());
        let is_known = place.is_bounded() && place.lo >= 0;
        let part = is_known.then_some((image, lo, hi.saturating_add(width)));
        self.torn.entry((frame.number, at)).or_default().push(part);
    }

    /// Notes that the address of data is put where others may find it.
    pub fn note_published(&mut self, value: &Value) {
        if let Base::Image(image) | Base::ImageOrNull(image) = value.base {
            self.published.insert((image, value.lo, value.hi));
        }
        // In a file with a fixed address it is a number.
        let own = self.handler.0;
        let file = self.files.image(own);
        if value.base == Base::Num && file.is_fixed {
            let all = value.all().into_iter().flatten();
            let addresses = all.filter(|one| file.region(one.cast_unsigned()).is_some());
            self.published.extend(addresses.map(|one| (own, one, one)));
        }
    }

    /// Notes that data of the stack goes where others may find it, with the addresses that it holds.
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

    /// Returns the stores to data that the handler alone sees, which is not interrupted by itself, and puts out by a call of its own.
    ///
    /// Of what nobody is seen to look at, the reader is not seen.
    pub fn private_stores(&mut self) -> Set<Place> {
        // Which signals it is installed for need not be known if its mask has all of them.
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

    fn is_own(&mut self, (number, lo, hi): Part) -> bool {
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
        let coming = Coming {
            handler: self.handler,
            signals: self.signals,
            own: &self.contexts,
            known: std::cell::RefCell::default(),
        };
        if is_published {
            return false;
        }
        is_put_out && self.index.is_named_by(number, &file, (lo, hi), &coming)
            || self.index.is_seen_apart(number, &file, (lo, hi), &coming)
    }
}

impl Index {
    /// Returns whether all that names the data, or what it may lie behind, are functions that the handler alone runs.
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

    /// Returns the instructions that take an address of the data, or of what it may lie behind, and those that touch it by name;
    /// `None` if other files know it by its name.
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
        let near = |at: &u64| (lo.saturating_sub(BEFORE)..=hi).contains(at) && !is_other(at);
        let taken = tables.taken.iter().filter(|(at, _)| near(at));
        let taken = taken.flat_map(|(_, by)| by).copied().collect();
        let touched = tables.read.range(lo.saturating_sub(WIDEST)..hi);
        let touched = touched.flat_map(|(at, by)| by.iter().map(move |by| (*at, *by)));
        let touched = touched.filter(|(at, by)| at + width(image, *by) > lo);
        Some((taken, touched.map(|(_, by)| by).collect()))
    }

    /// Returns whether the handler alone runs the instruction: each function on each way to it is one that the handler reaches, and no
    /// pointer to it is kept but for its installation.
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
            let is_right = match self.handlers.get(&function) {
                Some(of) if function == coming.handler => taken.iter().all(|at| {
                    let by = image.function_at(*at);
                    by.is_some_and(|(start, _)| of.by.contains(&(number, start)))
                }),
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
