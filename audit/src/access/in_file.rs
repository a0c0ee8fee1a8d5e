//! Accesses to data of a file.

use super::MemoryAccess;
use crate::explore::Explorer;
use crate::finding::{Kind, Weight};
use crate::frame::Frame;
use crate::image::{Image, Symbol};
use crate::value::{Base, Value};

impl Explorer<'_> {
    /// Reports an access to data of a file that may leave its object, or is not allowed there.
    pub(super) fn check_in_file(
        &mut self,
        frame: &mut Frame,
        access: &MemoryAccess,
        image: u16,
        place: &Value,
    ) {
        let &MemoryAccess { at, size, writes } = access;
        let (kind, verb) = access.names();
        let file = self.files.image(image);
        if let Some(each) = place.set.clone().filter(|each| is_scattered(&file, each)) {
            for one in each.iter() {
                self.check(frame, at, &Value::at(place.base, *one), size, writes);
            }
            return;
        }
        let low = place.lo.cast_unsigned();
        let Some(region) = file.region(low).filter(|_| place.is_bounded()) else {
            // An unknown end of the loop may precede an access that leaves the file in a later round.
            let is_later = frame.inside.get(&at).is_some_and(|last| *last != low);
            let (weight, why) = if place.exact().is_some() && !is_later {
                (
                    Weight::Fault,
                    format!("{verb} {low:#x}, where the file has nothing"),
                )
            } else {
                (
                    Weight::Doubt,
                    format!("{verb} data of the file, and is not shown to stay inside it"),
                )
            };
            frame.find(kind, weight, at, why);
            return;
        };
        let last = frame.inside.get(&at).copied().filter(|last| *last != low);
        // Reads of the loader's table belong to calls.
        if place.exact().is_some() && !file.settled.contains(&low) {
            frame.inside.insert(at, low);
        }
        let has_left = last.and_then(|last| left_array(&file, last, low));
        let end = place.hi.saturating_add(size).cast_unsigned();
        let is_inside = self.stays_inside(&file, access, image, place, region.end);
        const PAGE: u64 = 4096;
        if place.exact().is_some()
            && size < i64::MAX / 4
            && end > region.end.next_multiple_of(PAGE)
            && last.is_none()
        {
            let why = format!(
                "{verb} {size} bytes at {}, past the end of the data",
                file.place(low)
            );
            frame.find(kind, Weight::Fault, at, why);
        } else if let Some(object) = self
            .left_object(&file, (frame.number, at), place, size)
            .filter(|_| last.is_none())
        {
            let bounds = self.objects.get(&(frame.number, at)).copied();
            self.left
                .extend(bounds.map(|bounds| ((frame.number, at), bounds)));
            let object = file.place(object);
            let why = format!("{verb} {}, past the end of {object}", file.place(low));
            frame.find(kind, Weight::Fault, at, why);
        } else if !is_inside || has_left.is_some() {
            let mut of = low;
            if let Some(object) = has_left.or(file.object_at(low)) {
                let bounds = (object.address, object.address + object.size);
                self.objects.insert((frame.number, at), bounds);
                of = object.address;
            }
            frame.doubt(
                kind,
                at,
                format!(
                    "{verb} {}, and is not shown to stay inside it",
                    file.place(of)
                ),
                "an index with a bound that can be seen",
            );
        }
        // A place of which only the lowest address is known may lie in writable data.
        let is_whole =
            place.exact().is_some() || file.object_at(low).is_some() || end <= region.end;
        if writes {
            check_written(frame, at, &file, low, is_whole);
        }
    }

    /// Returns whether the access stays inside one object of the file, or inside data of which no part is told from the rest.
    fn stays_inside(
        &mut self,
        file: &Image,
        access: &MemoryAccess,
        image: u16,
        place: &Value,
        region_end: u64,
    ) -> bool {
        let &MemoryAccess { size, writes, .. } = access;
        let low = place.lo.cast_unsigned();
        let end = place.hi.saturating_add(size).cast_unsigned();
        let is_exact = place.exact().is_some();
        let is_read_only = !writes && is_constant(file, low, end);
        // An instruction may name another member of the same structure, between two elements.
        let mut names_element = || {
            let bytes = size.cast_unsigned();
            let all = place.set.as_deref().filter(|_| low > 0).unwrap_or(&[]);
            let mut all = all.iter().map(|at| at.cast_unsigned());
            let begin = |at: u64| if at == low { low } else { at - 1 };
            match place.set.is_some() {
                true => all.any(|at| {
                    let end = at.saturating_add(bytes);
                    self.index.is_named_between(image, file, begin(at), end)
                }),
                false => self.index.is_named_between(image, file, low, end),
            }
        };
        let Some(object) = file.object_at(low) else {
            let is_free = is_exact
                || is_read_only
                || !writes && !self.index.is_divided(image, file, low, end)
                || !self.index.is_named_between(image, file, low, end);
            return end <= region_end && is_free;
        };
        // If a structure continues behind the elements that an index chooses, its next member may begin among them.
        let last = object.address + object.size;
        let is_whole = end == last || is_exact || !writes || !names_element();
        end <= last && is_whole || is_read_only || is_exact && end <= region_end
    }

    /// Returns the object that an access leaves with the one explored signal, if the access is not shown to stay inside with all
    /// signals. Data before the object in another region of the file counts as another object that the function is also given.
    fn left_object(&self, file: &Image, at: (u16, u64), place: &Value, size: i64) -> Option<u64> {
        let (start, end) = *self.objects.get(&at)?;
        let low = place.exact()?.cast_unsigned();
        let last = low.saturating_add(size.cast_unsigned());
        let region = |at| file.region(at).map(|region| region.start);
        let is_out = low < start && region(low) == region(start) || last > end;
        is_out.then_some(start)
    }

    /// Returns whether an instruction also stays inside an object that it was seen to leave with the one explored signal. Then
    /// unknown data chooses the place, as in a loop that ends at an entry of a table.
    pub fn stays_at_times(&self, at: (u16, u64)) -> bool {
        let (left, places) = (self.left.get(&at), self.places.get(&at));
        left.zip(places)
            .is_some_and(|((start, end), (base, low, _))| {
                let is_inside = (*start..*end).contains(&low.cast_unsigned());
                *base == Base::Unknown || *base == Base::Image(at.0) && is_inside
            })
    }
}

/// Reports a store to data of a file that is not the program's to change; `is_whole`: whether all of the place is known.
fn check_written(frame: &mut Frame, at: u64, file: &Image, to: u64, is_whole: bool) {
    let kind = Kind::Write;
    if file.copied.contains(&to) {
        let why = format!("writes {}, which a library uses", file.place(to));
        frame.doubt(kind, at, why, "data of the program");
    }
    if file.settled.contains(&(to & !7)) {
        let why = "writes a pointer that calls of other files go through";
        frame.find(kind, Weight::Fault, at, why);
    }
    if !file.is_writable(to) && is_whole {
        let why = format!("writes {}, which is read-only", file.place(to));
        frame.find(kind, Weight::Fault, at, why);
    }
}

/// Returns the array around `last` that an instruction has left, if its step to `low` is at most half the array's size.
fn left_array(file: &Image, last: u64, low: u64) -> Option<&Symbol> {
    let array = file.object_at(last)?;
    let end = array.address + array.size;
    (low >= end && low - last <= array.size / 2).then_some(array)
}

/// Returns whether the bytes are read-only data, at the latest once the loader has filled them, such as tables of virtual
/// functions. Reading them raises no signal, whatever object they belong to.
fn is_constant(file: &Image, from: u64, to: u64) -> bool {
    let is_sealed = |&(start, end): &(u64, u64)| start <= from && to <= end;
    file.region(from).is_some_and(|region| {
        to <= region.end && (!region.write || file.relro.iter().any(is_sealed))
    })
}

/// Returns whether the places are the beginnings of several objects, or the same member of each, rather than parts of one object.
fn is_scattered(file: &Image, places: &[i64]) -> bool {
    let mut objects = std::collections::BTreeSet::new();
    let mut offsets = places.iter().map(|at| {
        let at = at.cast_unsigned();
        let object = file.object_at(at)?;
        objects.insert(object.address);
        Some(at - object.address)
    });
    let first = offsets.next().flatten();
    let is_same = first.is_some() && offsets.all(|offset| offset == first);
    is_same && objects.len() == places.len()
}
