//! What functions change through pointers that they are given, which their callers know.

use super::Tables;
use crate::image::Image;

/// Says how an instruction changes data.
#[derive(Clone, Copy)]
pub enum How {
    Stores,
    /// It stores so many bytes, computed from what was loaded from there.
    Updates(u64),
    /// It calls a function of the C library that stores there, so many bytes if that is known.
    Fills(Option<u64>),
}

/// Holds a change of what an argument of a function points to.
pub struct Change {
    function: u64,
    argument: usize,
    offset: u64,
    how: How,
}

/// Stands above the addresses of a file, and below what stands for elements of tables.
const PARAMETERS: u64 = 1 << 62;
const OFFSETS: u64 = 1 << 31;

/// Returns what stands for the word at an offset of what an argument points to among the words of a file.
pub fn word(argument: usize, offset: u64) -> Option<u64> {
    (offset < OFFSETS).then(|| PARAMETERS + argument as u64 * OFFSETS + offset)
}

impl Tables {
    /// Takes note of a change of a word of the file, or of what an argument of the function points to.
    pub fn note_change(&mut self, image: &Image, function: u64, at: u64, place: u64, how: How) {
        let own = PARAMETERS..PARAMETERS + 6 * OFFSETS;
        if own.contains(&place) {
            // A flag is one word, whatever else is stored.
            if !matches!(how, How::Stores) || !crate::races::is_flag(image, at) {
                let of = place - PARAMETERS;
                self.changes.push(Change {
                    function,
                    argument: (of / OFFSETS) as usize,
                    offset: of % OFFSETS,
                    how,
                });
            }
            return;
        }
        match how {
            How::Fills(size) if image.is_writable(place) => {
                self.fills.entry(place).or_default().push((at, size));
            }
            How::Fills(_) => {}
            How::Stores => self.writes.entry(place).or_default().push(at),
            How::Updates(width) => {
                self.writes.entry(place).or_default().push(at);
                self.updates.entry(place).or_default().push((at, width));
            }
        }
    }

    /// Takes each call that passes the address of data for what its function changes through it.
    pub fn resolve_changes(&mut self, image: &Image) {
        for change in std::mem::take(&mut self.changes) {
            let calls = self.passed.get(&change.function);
            let of = |(at, constants): &(u64, [Option<u64>; 6])| {
                let place = constants[change.argument]?.wrapping_add(change.offset);
                image.is_writable(place).then_some((*at, place))
            };
            let places: Vec<(u64, u64)> = calls.into_iter().flatten().filter_map(of).collect();
            for (at, place) in places {
                self.note_change(image, change.function, at, place, change.how);
            }
        }
    }
}
