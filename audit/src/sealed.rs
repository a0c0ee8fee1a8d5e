//! Finds writable data that keeps its contents from the file. No code in the file is seen to write such data, or to pass on an
//! address by which other code could.
//!
//! Each instruction that takes an address of writable data is followed through its function, in registers and in the frame. A store
//! by a known address counts as a write of the data there. A known address that is passed on counts as a pointer to the object
//! there; without symbols, it may be a pointer to any data. An address plus an index leads upwards if the index is not negative,
//! and otherwise to all data. The reason is that compilers move the constant part of an index into the address. The address may
//! then lie in another object, at any distance.

mod follow;
mod held;
mod ways;

use std::collections::{BTreeMap, BTreeSet};

use iced_x86::{Decoder, DecoderOptions, Instruction, InstructionInfoFactory};

use self::follow::{WriterSearch, is_data};
use crate::image::{Image, Slot};
use crate::index::Index;

/// Holds the stores and addresses of a file by which its data may be written.
#[derive(Default)]
pub struct Writers {
    /// The stores by known addresses, each address with the end of the longest store there.
    stores: BTreeMap<u64, u64>,
    /// The number of bytes of the longest store by a known address.
    longest: u64,
    /// The addresses that reach a call, memory or a result, where they are no longer followed.
    handed: BTreeSet<u64>,
    /// The lowest address to which an index that is not negative is added, before a store or before the address is passed on.
    upwards: Option<u64>,
    /// Whether an index is added to an address in such a way that any data may be written.
    anywhere: bool,
}

/// Finds the stores and addresses of the file by which its data may be written.
fn find(image: &Image, handlers: &BTreeSet<u64>) -> Writers {
    let mut writers = Writers::default();
    for (at, slot) in &image.slots {
        // A word that points to itself only names its file (`__dso_handle`).
        if let Slot::Here(target) = slot
            && target != at
            && is_data(image, *target)
        {
            writers.handed.insert(*target);
        }
    }
    let mut search = WriterSearch {
        image,
        writers: &mut writers,
        handlers,
        is_handler: false,
        factory: InstructionInfoFactory::new(),
        has_frame_pointer: false,
        for_jumps: BTreeSet::new(),
        for_clones: BTreeSet::new(),
    };
    for region in image.regions.iter().filter(|r| r.exec) {
        let starts = image.functions.range(region.start..region.end);
        let mut starts: Vec<u64> = starts.map(|(start, _)| *start).collect();
        starts.insert(0, region.start);
        starts.dedup();
        for (n, &start) in starts.iter().enumerate() {
            let next = starts.get(n + 1).copied().unwrap_or(region.end);
            // The instructions behind a function's end are followed apart: they are not part of it.
            let end = image
                .functions
                .get(&start)
                .map_or(next, |end| (*end).clamp(start, next));
            for (start, end) in [(start, end), (end, next)] {
                let bytes = image.bytes(start);
                let bytes = &bytes[..bytes.len().min((end - start) as usize)];
                let decoder = Decoder::with_ip(64, bytes, start, DecoderOptions::NONE);
                let code: Vec<Instruction> =
                    decoder.into_iter().filter(|i| !i.is_invalid()).collect();
                if !code.is_empty() && !search.writers.anywhere {
                    search.function(&code);
                }
            }
        }
    }
    writers
}

impl Writers {
    /// Returns whether no code is seen to write the bytes of an object, which ends at `object.1`.
    ///
    /// With `by_name`, stores to exactly these bytes are left out.
    fn spare(
        &self,
        image: &Image,
        object: Option<(u64, u64)>,
        (from, to): (u64, u64),
        by_name: bool,
    ) -> bool {
        let (low, high) = object.unwrap_or((from, to));
        if self.anywhere || self.upwards.is_some_and(|lowest| lowest <= high) {
            return false;
        }
        let near = from.saturating_sub(self.longest)..to;
        let is_named = |at: u64, end: u64| by_name && (at, end) == (from, to);
        let mut stores = self.stores.range(near);
        if stores.any(|(at, end)| *end > from && !is_named(*at, *end)) {
            return false;
        }
        // A pointer to the end of the object may lead back into it.
        self.handed.iter().all(|at| {
            let is_another = image
                .object_at(*at)
                .is_some_and(|other| *at < other.address + other.size);
            object.is_some()
                && is_another
                && !(low..=high).contains(at)
                && !image.marks.contains(at)
        })
    }
}

impl Index {
    /// Returns whether the bytes of writable data keep their contents from the file.
    pub fn is_sealed(&mut self, number: u16, image: &Image, bytes: (u64, u64)) -> bool {
        let all = self.handlers.keys().filter(|(of, _)| *of == number);
        let handlers = all.map(|(_, start)| *start).collect();
        self.is_sealed_beside(number, image, bytes, handlers)
    }

    /// Returns whether the bytes of writable data keep their contents from the file, if these functions are the handlers.
    pub fn is_sealed_beside(
        &mut self,
        number: u16,
        image: &Image,
        (from, to): (u64, u64),
        mut handlers: BTreeSet<u64>,
    ) -> bool {
        let object = image
            .object_at(from)
            .map(|o| (o.address, o.address + o.size));
        let (low, high) = object.unwrap_or((from, to));
        // In a file with a fixed address, instructions do not distinguish addresses from numbers.
        if to > high
            || image.is_fixed
            || image.is_object
            || image.has_text_relocations
            || image.exports.values().any(|at| (low..high).contains(at))
            || (low..high).any(|at| self.is_old(number, at))
        {
            return false;
        }
        let callers = &self.of(number, image).callers;
        handlers.retain(|start| !callers.contains_key(start));
        let known = self.writers.get(&number);
        if known.is_none_or(|(of, _)| *of != handlers) {
            let writers = find(image, &handlers);
            self.writers.insert(number, (handlers, writers));
        }
        let (_, writers) = &self.writers[&number];
        writers.spare(image, object, (from, to), false)
    }

    /// Returns whether only instructions that name exactly these bytes are seen to write them.
    pub fn is_sealed_but_by_name(
        &mut self,
        number: u16,
        image: &Image,
        (from, to): (u64, u64),
    ) -> bool {
        // Finds the writers of the file, if they are not known yet.
        self.is_sealed(number, image, (from, to));
        let object = image
            .object_at(from)
            .map(|o| (o.address, o.address + o.size));
        let is_inside = object.is_none_or(|(_, high)| to <= high);
        let known = self.writers.get(&number);
        is_inside
            && !image.is_fixed
            && !image.is_object
            && !image.has_text_relocations
            && known.is_some_and(|(_, writers)| writers.spare(image, object, (from, to), true))
    }
}
