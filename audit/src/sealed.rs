//! Data of a file that keeps what the file says: nothing in the file is seen to write it, nor to hand on an address by which others
//! could.
//!
//! Each instruction that takes an address of writable data is followed through its function, in registers and in the frame. A store
//! by an address that is known is held against the data. An address that is known and goes elsewhere counts as a pointer to the
//! object that lies there, so that without symbols it may be a pointer to any data. An address to which an index was added leads
//! upwards if the index is not negative, and otherwise to all data: compilers move the constant part of an index into the address,
//! so that it may lie in another object, at any distance.

mod follow;
mod held;
mod ways;

use std::collections::{BTreeMap, BTreeSet};

use iced_x86::{Decoder, DecoderOptions, Instruction, InstructionInfoFactory};

use self::follow::{Search, is_data};
use crate::image::{Image, Slot};
use crate::index::Index;

/// Says what in a file may write its data.
#[derive(Default)]
pub struct Writers {
    /// Where instructions store by an address that is known, and where the longest of these stores ends.
    stores: BTreeMap<u64, u64>,
    /// The longest of these stores.
    longest: u64,
    /// The addresses that reach a call, memory or a result, where they are no longer followed.
    handed: BTreeSet<u64>,
    /// The lowest address from which an index that is not negative leads to a store, or elsewhere.
    upwards: Option<u64>,
    /// Whether an index leads from an address to all data.
    anywhere: bool,
}

/// Finds what in the file may write its data.
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
    let mut search = Search {
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
    /// Returns whether nothing is seen to write the bytes of an object, which ends at `object.1`.
    ///
    /// Stores that name the bytes may be left out, where these are known.
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
        // A pointer to where the object ends may lead back into it.
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
    /// Returns whether the bytes of writable data keep what the file says.
    pub fn is_sealed(&mut self, number: u16, image: &Image, bytes: (u64, u64)) -> bool {
        let all = self.handlers.keys().filter(|(of, _)| *of == number);
        let handlers = all.map(|(_, start)| *start).collect();
        self.is_sealed_beside(number, image, bytes, handlers)
    }

    /// Returns whether the bytes of writable data keep what the file says, if these functions are the handlers.
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
        // In a file with a fixed address the instructions do not tell addresses from numbers.
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

    /// Returns whether nothing but instructions that name the bytes whole is seen to write them.
    pub fn is_sealed_but_by_name(
        &mut self,
        number: u16,
        image: &Image,
        (from, to): (u64, u64),
    ) -> bool {
        // Fills what is known of the writers.
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
