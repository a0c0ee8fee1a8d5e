//! Accesses to memory: whether a handler may read or write there.

use crate::explore::Explorer;
use crate::files::Found;
use crate::finding::{Kind, Weight};
use crate::frame::Frame;
use crate::image::{Image, Slot, Symbol};
use crate::memory::FLOATING_POINT;
use crate::value::{Base, Value};

/// Bytes of the kernel's `siginfo_t`.
const SIGINFO: i64 = 128;

/// Bytes of the kernel's `struct ucontext` on x86-64: flags, link, stack, registers and the signal mask.
const UCONTEXT: i64 = 8 + 8 + 24 + 256 + 8;

/// The largest distance between places that a bounded index chooses; an unknown index gives a larger distance.
const FAR: i64 = 1 << 24;

pub const ABOVE_FRAME: &str =
    "writes the stack above its own frame: the return address, or what the kernel keeps there";

/// What would decide an access through a pointer.
const VALID: &str = "a pointer into data of the file, or one whose bounds can be seen";

/// An access of `size` bytes by the instruction at `at`.
struct Access {
    at: u64,
    size: i64,
    writes: bool,
}

impl Access {
    /// Returns the kind of a finding about the access, and the verb that describes it.
    const fn names(&self) -> (Kind, &'static str) {
        match self.writes {
            true => (Kind::Write, "writes"),
            false => (Kind::Read, "reads"),
        }
    }
}

impl Explorer<'_> {
    /// Reports an access of `size` bytes to a place that may not be touched.
    pub fn check(&mut self, frame: &mut Frame, at: u64, place: &Value, size: i64, writes: bool) {
        if self.watch.is_some() {
            return;
        }
        let place = crate::address::in_image(frame, place.clone());
        let place = self.settled(place, size);
        let access = Access { at, size, writes };
        let (kind, verb) = access.names();
        match place.base {
            Base::Image(image) => self.check_in_file(frame, &access, image, &place),
            Base::Stack => check_stack(frame, &access, &place),
            Base::Siginfo | Base::Context => self.check_given(frame, &access, &place),
            Base::Thread if writes && (0..0x300).contains(&place.lo) => {
                frame.find(
                    kind,
                    Weight::Fault,
                    at,
                    "writes to what the C library keeps of the thread",
                );
            }
            Base::Thread | Base::Errno => {}
            Base::Sent => frame.find(
                kind,
                Weight::Fault,
                at,
                format!("{verb} through a pointer of the siginfo, which the sender of the signal or a fault chose"),
            ),
            Base::ImageOrNull(_) => {
                frame.doubt(
                    kind,
                    at,
                    format!("{verb} through a pointer that may be null"),
                    VALID,
                );
                self.check(frame, at, &place.not_null(), size, writes);
            }
            Base::Num if place.is_bounded() && (0..4096).contains(&place.lo) && place.hi < 4096 => {
                frame.find(
                    kind,
                    Weight::Fault,
                    at,
                    format!("{verb} through a null pointer"),
                );
            }
            Base::Static(image, word) | Base::NotNull(image, word) => {
                self.check_pointed(frame, at, (image, word), &place, size, writes)
            }
            Base::Pointed(_) => self.check_stated(frame, at, &place, size, writes),
            _ => frame.doubt(
                kind,
                at,
                format!("{verb} through a pointer that is not known to be valid"),
                VALID,
            ),
        }
    }

    /// Reports an access to data of a file that may leave its object, or is not allowed there.
    fn check_in_file(&mut self, frame: &mut Frame, access: &Access, image: u16, place: &Value) {
        let &Access { at, size, writes } = access;
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
        access: &Access,
        image: u16,
        place: &Value,
        region_end: u64,
    ) -> bool {
        let &Access { size, writes, .. } = access;
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

    /// Reports an access to the siginfo or the ucontext that a handler may not make.
    fn check_given(&self, frame: &mut Frame, access: &Access, place: &Value) {
        let &Access { at, size, writes } = access;
        let (kind, verb) = access.names();
        let (name, most) = if place.base == Base::Siginfo {
            ("siginfo", SIGINFO)
        } else {
            ("ucontext", UCONTEXT)
        };
        if self.has_info == Some(false) {
            frame.find(Kind::Siginfo, Weight::Fault, at, format!("{verb} the {name}, which a handler that is installed without SA_SIGINFO is not given"));
            return;
        }
        if self.has_info.is_none() {
            frame.doubt(
                Kind::Siginfo,
                at,
                format!("{verb} the {name}, and is not shown to be installed with SA_SIGINFO"),
                "flags that can be seen where it is installed, or --note siginfo",
            );
        }
        let is_inside =
            (place.lo >= 0 && place.is_bounded() && place.hi.saturating_add(size) <= most)
                || (place.lo >= FLOATING_POINT
                    && place.hi.saturating_add(size) <= FLOATING_POINT + 512);
        if place.base == Base::Context && writes {
            frame.find(Kind::Context, Weight::Fault, at, "writes to the saved registers of the ucontext: what was interrupted goes on otherwise than it was");
        } else if !is_inside && (place.base != Base::Context || place.lo < 0 || place.hi >= 968) {
            frame.doubt(
                kind,
                at,
                format!("{verb} {name}, and is not shown to stay inside it"),
                VALID,
            );
        }
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

    /// Returns whether a word begins as null, and the function that installs the handler stores to it only after the installation.
    pub fn is_set_late(&mut self, image: u16, file: &Image, word: u64) -> bool {
        if file.number(word, 8) != Some(0) || file.slots.contains_key(&word) {
            return false;
        }
        let Some(sites) = self.index.only_stores(image, file, word) else {
            return false;
        };
        let starts: Vec<_> = sites.iter().map(|at| file.function_at(*at)).collect();
        let Some(Some((own, _))) = starts
            .first()
            .filter(|own| starts.iter().all(|s| s == *own))
        else {
            return false;
        };
        self.before.iter().any(|((of, start), stores)| {
            *of == image
                && start == own
                && !stores
                    .iter()
                    .any(|s| s.image == image && s.lo <= word && word <= s.hi)
        })
    }

    /// Reports an access through a pointer that a writable word of the file holds.
    fn check_pointed(
        &mut self,
        frame: &mut Frame,
        at: u64,
        (image, word): (u16, u64),
        place: &Value,
        size: i64,
        writes: bool,
    ) {
        let kind = if writes { Kind::Write } else { Kind::Read };
        let verb = if writes { "writes" } else { "reads" };
        let file = self.files.image(image);
        let changes = self.index.is_stored(image, &file, word);
        let bytes = (word, word.saturating_add(8));
        let keeps =
            !changes && (file.is_settled(word) || self.index.is_sealed(image, &file, bytes));
        // A word that an index may choose belongs to a table. Other files may fill a word that they can name, as the C library
        // fills stderr.
        let is_shared = file.exports.values().any(|at| *at == word);
        let is_scalar = file.object_at(word).is_some_and(|object| object.size <= 8) && !is_shared;
        let sets_null = self.index.stores_null(image, &file, word, &self.installers);
        let frees = self.frees((image, word));
        match file.pointer(word) {
            _ if sets_null && place.base == Base::Static(image, word) => frame.find(
                kind,
                Weight::Fault,
                at,
                format!(
                    "{verb} through {}, which the program sets to null at times, and is not shown to have looked",
                    file.place(word)
                ),
            ),
            _ if let Some((site, true)) = frees => frame.find(
                kind,
                Weight::Fault,
                at,
                format!(
                    "{verb} through {}, while the program may have freed what it points to, at {site:#x}",
                    file.place(word)
                ),
            ),
            Some(Slot::Here(target)) if keeps => {
                let target = Value { base: Base::Image(image), ..place.moved(target.cast_signed()) };
                self.check(frame, at, &target, size, writes);
            }
            Some(Slot::Extern(name)) if keeps => {
                if writes && let Found::Libc(name) = self.files.lookup(image, &name) {
                    let why = format!("writes {name}, which the C library uses");
                    frame.doubt(kind, at, why, "data of the program");
                }
            }
            _ if (keeps || is_scalar && !changes)
                && file.number(word, 8) == Some(0)
                && !file.slots.contains_key(&word) =>
            {
                frame.find(kind, Weight::Fault, at, format!("{verb} through {}, which is null: nothing in the file stores a pointer there", file.place(word)));
            }
            _ if place.base == Base::Static(image, word) && self.is_set_late(image, &file, word) => frame.find(
                kind,
                Weight::Fault,
                at,
                format!("{verb} through {}, which is null until a pointer is stored there after the handler is installed", file.place(word)),
            ),
            _ if self.block_of(place).is_some_and(|length| {
                place.lo >= 0 && place.is_bounded() && place.hi.saturating_add(size) <= length
            }) => {}
            _ => self.check_stated(frame, at, place, size, writes),
        }
    }
}

/// Reports an access to the stack that may leave the frame.
fn check_stack(frame: &mut Frame, access: &Access, place: &Value) {
    let &Access { at, size, writes } = access;
    let (kind, verb) = access.names();
    let is_above = writes && frame.is_handler && place.hi.saturating_add(size) > 0;
    if place.is_bounded() && !is_above {
        return;
    }
    let is_far = place.hi.saturating_sub(place.lo) > FAR;
    let (why, remedy) = if !place.is_bounded() || is_far {
        (
            format!("{verb} the stack, and is not shown to stay inside its frame"),
            "an index with a bound that can be seen",
        )
    } else if frame.is_growing && place.exact().is_none() {
        // The stack pointer may be lowered by the same number that bounds the store.
        (
            "writes an array of the stack whose length is not constant, and is not shown to stay inside it".into(),
            "an array of a constant length",
        )
    } else {
        return frame.find(kind, Weight::Fault, at, ABOVE_FRAME);
    };
    frame.doubt(kind, at, why, remedy);
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
