//! Loads and stores: whether they may be done in a handler, and what is known of what is loaded.

use iced_x86::Instruction;

use crate::explore::{Explorer, Frame};
use crate::finding::{Finding, Kind, Weight};
use crate::image::{Image, Slot};
use crate::state::{Errno, State, Stored, any, narrowed};
use crate::value::{Base, Value};

/// Bytes of the kernel's `siginfo_t`.
const SIGINFO: i64 = 128;

/// Bytes of the kernel's `struct ucontext` on x86-64: flags, link, stack, registers and the signal mask.
const UCONTEXT: i64 = 8 + 8 + 24 + 256 + 8;

/// Where `si_value` lies in the siginfo, which the sender of the signal fills.
const SI_VALUE: i64 = 24;

/// Where the ucontext has the pointer to the floating point state.
const FPREGS: i64 = 224;

/// Where that state is taken to lie, from the ucontext: far behind all of it. Its size depends on the CPU.
const FLOATING_POINT: i64 = 1 << 20;

impl Explorer<'_> {
    /// Whether the function that was asked for is the one being walked, not one that it calls.
    pub fn is_outermost(&self) -> bool {
        self.depth() == 1
    }

    /// What the instruction loads from `place`.
    pub fn load(
        &mut self,
        frame: &mut Frame,
        i: &Instruction,
        place: &Value,
        width: u32,
        state: &State,
    ) -> Value {
        let at = i.ip();
        let place = crate::address::in_image(frame, place.clone());
        if width == 0 {
            return Value::UNKNOWN;
        }
        self.check(frame, at, &place, width.into(), false);
        if place.base == Base::Errno {
            frame.errno_reads.insert(at);
        }
        match place.base {
            Base::Stack => state.load_slot(&place, width),
            Base::Errno if width == 4 => match state.errno {
                Errno::Original => Value::at(Base::SavedErrno, 0),
                Errno::Changed => any(4),
            },
            Base::Image(image) => match self.load_static(image, &place, width) {
                value if self.watch.is_some() && width == 8 => {
                    element(frame, at, image, &place, value)
                }
                value => value,
            },
            Base::Arg(n) if width == 8 => match place.exact().map(i32::try_from) {
                Some(Ok(offset)) => Value::at(Base::Field(n, offset), 0),
                _ => Value::UNKNOWN,
            },
            Base::Thread if place.exact() == Some(0) && width == 8 => Value::at(Base::Thread, 0),
            Base::Siginfo if place.exact() == Some(SI_VALUE) && width == 8 => {
                Value::at(Base::Sent, 0)
            }
            Base::Context if place.exact() == Some(FPREGS) && width == 8 => {
                Value::at(Base::Context, FLOATING_POINT)
            }
            _ => any(width),
        }
    }

    pub fn load_static(&mut self, image: u16, place: &Value, width: u32) -> Value {
        let file = self.files.image(image);
        let Some(all) = place.all().filter(|_| width <= 8) else {
            return any(width);
        };
        if self.supposes
            && all.len() <= 64
            && let Some(value) = self.supposed(image, &file, &all, width)
        {
            return value;
        }
        if let [at] = all[..]
            && width == 8
        {
            let at = at.cast_unsigned();
            let is_outside = matches!(file.slots.get(&at), Some(Slot::Extern(_) | Slot::Chosen(_)));
            if !file.is_settled(at) || is_outside {
                return Value::at(Base::Static(image, at), 0);
            }
        }
        let mut numbers = Vec::new();
        let mut pointers = Vec::new();
        for at in all {
            let at = at.cast_unsigned();
            if !file.is_settled(at) {
                return any(width);
            }
            match file.slots.get(&at) {
                Some(Slot::Here(target)) if width == 8 => pointers.push(target.cast_signed()),
                Some(_) => return any(width),
                // What lies outside the file is not read without a signal.
                None => numbers.extend(file.number(at, width as usize).map(u64::cast_signed)),
            }
        }
        if pointers.is_empty() && numbers.is_empty() {
            return any(width);
        }
        match (pointers.is_empty(), numbers.iter().all(|n| *n == 0)) {
            (true, _) => Value::one_of(Base::Num, numbers),
            (false, true) => Value::one_of(Base::Image(image), pointers),
            _ => Value::UNKNOWN,
        }
    }

    /// Returns what writable words are seen to hold at times: pointers, or numbers that nothing changes.
    fn supposed(&mut self, image: u16, file: &Image, words: &[i64], width: u32) -> Option<Value> {
        let mut pointers = Vec::new();
        let mut numbers = Vec::new();
        for word in words {
            let word = word.cast_unsigned();
            if !file.is_writable(word) || file.is_settled(word) {
                return None;
            }
            if width == 8 {
                if let Some(Slot::Here(target)) = file.pointer(word) {
                    pointers.push(target.cast_signed());
                }
                let stored = self.index.stored_pointers(image, file, word);
                pointers.extend(stored.into_iter().map(u64::cast_signed));
            }
            if !self.index.is_stored(image, file, word) && !file.slots.contains_key(&word) {
                numbers.extend(file.number(word, width as usize).map(u64::cast_signed));
            }
        }
        if !pointers.is_empty() {
            return Some(Value::one_of(Base::Image(image), pointers));
        }
        // A word of zeros may be a pointer that is null, of which more is known elsewhere.
        let is_whole = numbers.len() == words.len() && (width < 8 || !numbers.contains(&0));
        is_whole.then(|| Value::one_of(Base::Num, numbers))
    }

    /// The instruction stores `value` to `place`.
    pub fn store(
        &mut self,
        frame: &mut Frame,
        i: &Instruction,
        place: &Value,
        width: u32,
        value: Value,
        state: &mut State,
    ) {
        let at = i.ip();
        let place = crate::address::in_image(frame, place.clone());
        if width == 0 {
            return;
        }
        if place.base == Base::Errno && place.exact() == Some(0) {
            let restores = value == Value::at(Base::SavedErrno, 0) && width == 4;
            state.errno = if restores {
                Errno::Original
            } else {
                Errno::Changed
            };
            if !restores {
                frame
                    .errno_cause
                    .get_or_insert_with(|| (at, "an assignment".into()));
            }
            return;
        }
        self.check(frame, at, &place, width.into(), true);
        match place.base {
            Base::Stack => {
                frame.uses_stack(place.lo);
                frame.clobber(place.lo, place.hi.saturating_add(i64::from(width)));
                let value = if width < 8 {
                    narrowed(&value, width * 8)
                } else {
                    value
                };
                state.store_slot(&place, width, value);
            }
            Base::Image(image) => {
                if self.is_outermost()
                    && let Some(watch) = &mut self.watch
                    && let Some(to) = place.exact()
                    && watch.stores.contains(&to.cast_unsigned())
                {
                    watch.stored.push((at, to.cast_unsigned(), value.clone()));
                }
                self.together(frame, i, image, &place, (width, &value), state);
            }
            _ => {}
        }
    }

    /// Stores that belong together, and stores that others can see half of.
    fn together(
        &mut self,
        frame: &mut Frame,
        i: &Instruction,
        image: u16,
        place: &Value,
        (width, value): (u32, &Value),
        state: &mut State,
    ) {
        // An atomic instruction: other threads see all of it or nothing, and its author asked for that.
        if i.has_lock_prefix() {
            return;
        }
        let at = i.ip();
        let file = self.files.image(image);
        let ends_in_next_line = |at: i64| {
            let at = at.cast_unsigned();
            at / 64 != at.saturating_add(u64::from(width) - 1) / 64
        };
        let first = place.lo.cast_unsigned();
        let crosses = match place.all() {
            Some(all) => all.into_iter().any(ends_in_next_line),
            None => !is_aligned(i, place, width),
        };
        if width > 8 || crosses {
            let is_one = file
                .object_at(first)
                .is_none_or(|o| first + u64::from(width) <= o.address + o.size);
            let is_certain = is_one && value.number().is_none() && place.all().is_some();
            frame.add(Finding {
                kind: Kind::Torn,
                weight: if is_certain {
                    Weight::Fault
                } else {
                    Weight::Doubt
                },
                at,
                why: format!(
                    "stores {width} bytes to {}, which the machine does not write at once",
                    file.place(first)
                ),
                reaches: None,
                remedy: Some("data of one word, or a lock-free protocol".into()),
            });
            return;
        }
        if !place.is_bounded() {
            return;
        }
        let is_flag = width <= 4 && matches!(value.number(), Some(-1..=1 | 0xff | 0xffff_ffff));
        let stored = Stored {
            image,
            lo: first,
            hi: place.hi.cast_unsigned(),
            is_flag,
            by: (place.exact().is_none()
                && self.is_shared
                && i.memory_index() != iced_x86::Register::None)
                .then(|| crate::entry::chosen_by(frame, at))
                .flatten(),
        };
        self.also_stored(frame, at, &[stored], state);
    }

    /// Reports a block of several words that is stored to data of a file, unless its length is chosen while the program runs.
    ///
    /// A length that varies is that of a text; a structure has one length.
    pub fn stores_block(
        &mut self,
        frame: &mut Frame,
        at: u64,
        to: &Value,
        length: &Value,
        is_constant: bool,
    ) {
        let to = crate::address::in_image(frame, to.clone());
        let Base::Image(image) = to.base else {
            return;
        };
        let Some(length) = length.number().filter(|length| *length > 8) else {
            return;
        };
        let file = self.files.image(image);
        let first = to.lo.cast_unsigned();
        let is_one = file
            .object_at(first)
            .is_some_and(|o| first + length.cast_unsigned() <= o.address + o.size);
        let is_certain = is_one && !is_constant && to.exact().is_some();
        frame.add(Finding {
            kind: Kind::Torn,
            weight: if is_certain {
                Weight::Fault
            } else {
                Weight::Doubt
            },
            at,
            why: format!(
                "stores a block of {length} bytes to {}, which the machine does not write at once",
                file.place(first)
            ),
            reaches: None,
            remedy: Some("data of one word, or a lock-free protocol".into()),
        });
    }

    /// Whether a block that begins there is the same whenever it is read.
    pub fn is_constant_block(&self, frame: &Frame, from: &Value) -> bool {
        let from = crate::address::in_image(frame, from.clone());
        let Base::Image(image) = from.base else {
            return false;
        };
        from.is_bounded() && !self.files.image(image).is_writable(from.lo.cast_unsigned())
    }

    /// Compares stores with those on the way here, and adds them.
    pub fn also_stored(
        &mut self,
        frame: &mut Frame,
        at: u64,
        stores: &[Stored],
        state: &mut State,
    ) {
        for stored in stores {
            if state.stores.binary_search(stored).is_ok() {
                continue;
            }
            let file = self.files.image(stored.image);
            let partner = state
                .stores
                .iter()
                .filter(|earlier| earlier.image == stored.image)
                .filter(|earlier| (earlier.lo, earlier.hi) != (stored.lo, stored.hi))
                .find_map(|earlier| Some((*earlier, bond(&file, earlier, stored)?)));
            if let Some((earlier, weight)) = partner {
                frame.add(Finding {
                    kind: Kind::Torn,
                    weight,
                    at,
                    why: format!(
                        "stores to {} after {}: what is interrupted may see one without the other",
                        file.place(stored.lo),
                        file.place(earlier.lo)
                    ),
                    reaches: None,
                    remedy: Some(
                        "symbols that tell whether they are one object, or data of one word".into(),
                    ),
                });
            }
            let is_entry = |entry: &Stored, index: &Stored| {
                entry.image == index.image && entry.by == Some(index.lo) && index.lo == index.hi
            };
            let entry = state
                .stores
                .iter()
                .find(|earlier| is_entry(earlier, stored) || is_entry(stored, earlier));
            if let Some(earlier) = entry {
                let (entry, index) = if is_entry(earlier, stored) {
                    (earlier, stored)
                } else {
                    (stored, earlier)
                };
                frame.doubt(
                    Kind::Torn,
                    at,
                    format!(
                        "stores an entry of {} and its index {}: another signal of this handler in between overwrites the entry",
                        file.place(entry.lo),
                        file.place(index.lo)
                    ),
                    "an index that is changed by one atomic instruction, or one signal",
                );
            }
            let all = std::rc::Rc::make_mut(&mut state.stores);
            let position = all.partition_point(|earlier| earlier < stored);
            all.insert(position, *stored);
        }
    }

    /// Whether memory may be touched there.
    pub fn check(&mut self, frame: &mut Frame, at: u64, place: &Value, size: i64, writes: bool) {
        let place = crate::address::in_image(frame, place.clone());
        let kind = if writes { Kind::Write } else { Kind::Read };
        let verb = if writes { "writes" } else { "reads" };
        let valid = "a pointer into data of the file, or one whose bounds can be seen";
        match place.base {
            Base::Image(image) => {
                let file = self.files.image(image);
                if let Some(each) = place.set.clone().filter(|each| is_scattered(&file, each)) {
                    for one in each.iter() {
                        self.check(frame, at, &Value::at(place.base, *one), size, writes);
                    }
                    return;
                }
                let low = place.lo.cast_unsigned();
                let Some(region) = file.region(low).filter(|_| place.is_bounded()) else {
                    let (weight, why) = if place.exact().is_some() {
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
                let end = place.hi.saturating_add(size).cast_unsigned();
                let is_inside = match file.object_at(low) {
                    Some(object) => {
                        end <= object.address + object.size
                            || (!writes && is_constant(&file, low, end))
                            || (place.exact().is_some() && end <= region.end)
                    }
                    None => {
                        end <= region.end
                            && (place.exact().is_some()
                                || (!writes && is_constant(&file, low, end))
                                || !self.index.is_divided(image, &file, low, end))
                    }
                };
                const PAGE: u64 = 4096;
                if place.exact().is_some()
                    && size < i64::MAX / 4
                    && end > region.end.next_multiple_of(PAGE)
                {
                    let why = format!(
                        "{verb} {size} bytes at {}, past the end of the data",
                        file.place(low)
                    );
                    frame.find(kind, Weight::Fault, at, why);
                } else if !is_inside {
                    frame.doubt(
                        kind,
                        at,
                        format!(
                            "{verb} {}, and is not shown to stay inside it",
                            file.place(low)
                        ),
                        "an index with a bound that can be seen",
                    );
                }
                if writes && file.settled.contains(&(low & !7)) {
                    frame.find(
                        kind,
                        Weight::Fault,
                        at,
                        "writes a pointer that calls of other files go through",
                    );
                }
                if writes && !file.is_writable(low) {
                    frame.find(
                        kind,
                        Weight::Fault,
                        at,
                        format!("writes {}, which is read-only", file.place(low)),
                    );
                }
            }
            Base::Stack => {
                if !place.is_bounded() {
                    frame.doubt(
                        kind,
                        at,
                        format!("{verb} the stack, and is not shown to stay inside its frame"),
                        "an index with a bound that can be seen",
                    );
                } else if writes && frame.is_handler && place.hi.saturating_add(size) > 0 {
                    frame.find(kind, Weight::Fault, at, "writes the stack above its own frame: the return address, or what the kernel keeps there");
                }
            }
            Base::Siginfo | Base::Context => {
                let (name, most) = if place.base == Base::Siginfo {
                    ("siginfo", SIGINFO)
                } else {
                    ("ucontext", UCONTEXT)
                };
                let is_inside =
                    (place.lo >= 0 && place.is_bounded() && place.hi.saturating_add(size) <= most)
                        || (place.lo >= FLOATING_POINT
                            && place.hi.saturating_add(size) <= FLOATING_POINT + 512);
                if place.base == Base::Context && writes {
                    frame.find(Kind::Context, Weight::Fault, at, "writes to the saved registers of the ucontext: what was interrupted goes on otherwise than it was");
                } else if !is_inside
                    && (place.base != Base::Context || place.lo < 0 || place.hi >= 968)
                {
                    frame.doubt(
                        kind,
                        at,
                        format!("{verb} {name}, and is not shown to stay inside it"),
                        valid,
                    );
                }
            }
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
                format!("{verb} through a pointer that the sender of the signal chose"),
            ),
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
            _ => frame.doubt(
                kind,
                at,
                format!("{verb} through a pointer that is not known to be valid"),
                valid,
            ),
        }
    }

    /// Whether a word begins as null and is stored to by a function that installs the handler, and not before it does.
    fn is_set_late(&mut self, image: u16, file: &Image, word: u64) -> bool {
        if file.number(word, 8) != Some(0) || file.slots.contains_key(&word) {
            return false;
        }
        let Some(sites) = self.index.only_stores(image, file, word) else {
            return false;
        };
        self.before.iter().any(|((of, start), stores)| {
            let is_own = |at: &u64| file.function_at(*at).is_some_and(|(s, _)| s == *start);
            *of == image
                && sites.iter().all(is_own)
                && !stores
                    .iter()
                    .any(|s| s.image == image && s.lo <= word && word <= s.hi)
        })
    }

    /// Through a pointer that a writable word of the file holds.
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
        let sets_null = self.index.stores_null(image, &file, word);
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
            Some(Slot::Here(target)) if !changes => {
                let target = Value { base: Base::Image(image), ..place.moved(target.cast_signed()) };
                self.check(frame, at, &target, size, writes);
            }
            Some(Slot::Extern(_)) if !changes => {}
            _ if !changes && file.number(word, 8) == Some(0) && !file.slots.contains_key(&word) => {
                frame.find(kind, Weight::Fault, at, format!("{verb} through {}, which is null: nothing in the file stores a pointer there", file.place(word)));
            }
            _ if place.base == Base::Static(image, word) && self.is_set_late(image, &file, word) => frame.find(
                kind,
                Weight::Fault,
                at,
                format!("{verb} through {}, which is null until a pointer is stored there after the handler is installed", file.place(word)),
            ),
            _ => frame.doubt(kind, at, format!("{verb} through {}, which is not known to be a valid pointer when the signal comes", file.place(word)), "a pointer that is set when the program begins, or data of its own"),
        }
    }
}

/// Returns what is loaded, as an element of a table if the same instruction loads from several places in steps.
fn element(frame: &mut Frame, at: u64, image: u16, place: &Value, value: Value) -> Value {
    // A walk downwards has no first place.
    if place.lo < 0 {
        return value;
    }
    let (first, step) = frame.steps_of_loads.entry(at).or_insert((place.lo, 0));
    let only = [place.lo];
    for one in place.set.as_deref().unwrap_or(&only) {
        let (mut a, mut b) = (first.abs_diff(*one), *step);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        *step = a;
        *first = (*first).min(*one);
    }
    let is_known = value.base == Base::Image(image) || value.number().is_some();
    match u32::try_from(*step) {
        Ok(step @ 8..) if !is_known => {
            Value::at(Base::Element(image, first.cast_unsigned(), step), 0)
        }
        _ => value,
    }
}

/// Whether two stores are parts of one object, and how sure that is.
///
/// By symbols: two words of one object, whatever is stored. Without: words within eight bytes of each other (of sixteen, where an
/// index chooses the element), unless both only set or clear a flag.
fn bond(file: &Image, a: &Stored, b: &Stored) -> Option<Weight> {
    match (file.object_at(a.lo), file.object_at(b.lo)) {
        (Some(x), Some(y)) => {
            let is_one = x.address == y.address;
            // A pair of words; in a larger object the words may have nothing to do with each other.
            let is_pair = is_one && x.size <= 16 && a.lo == a.hi && b.lo == b.hi;
            (is_one || are_parts(&x.name, &y.name)).then_some(
                if is_pair && !(a.is_flag && b.is_flag) {
                    Weight::Fault
                } else {
                    Weight::Doubt
                },
            )
        }
        (None, None) => {
            let reach = if a.lo == a.hi && b.lo == b.hi { 8 } else { 16 };
            (a.lo.abs_diff(b.lo) <= reach && !(a.is_flag && b.is_flag)).then_some(Weight::Doubt)
        }
        _ => None,
    }
}

/// Whether the bytes are read-only data, which may be read without a signal whatever object they belong to.
fn is_constant(file: &Image, from: u64, to: u64) -> bool {
    file.region(from)
        .is_some_and(|region| to <= region.end && !region.write)
}

/// Whether each word that an index chooses is a multiple of its width.
fn is_aligned(i: &Instruction, place: &Value, width: u32) -> bool {
    width == 1
        || (place.lo.rem_euclid(i64::from(width)) == 0
            && i.memory_index() != iced_x86::Register::None
            && i.memory_index_scale().is_multiple_of(width))
}

/// Whether a compiler split one object into these, as in `pair.0` and `pair.1`.
fn are_parts(a: &str, b: &str) -> bool {
    let stem = |name: &str| {
        let (stem, number) = name.rsplit_once('.')?;
        number.parse::<u32>().ok().map(|_| stem.to_owned())
    };
    stem(a).is_some() && stem(a) == stem(b)
}

/// Whether the places are the beginnings of several objects, rather than an index into one.
fn is_scattered(file: &Image, places: &[i64]) -> bool {
    places.iter().all(|at| {
        file.object_at(at.cast_unsigned())
            .is_some_and(|o| o.address == at.cast_unsigned())
    })
}
