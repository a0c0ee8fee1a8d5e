//! Loads and stores: whether they may be done in a handler, and what is known of what is loaded.

use iced_x86::Instruction;

use crate::explore::{Explorer, Frame};
use crate::finding::{Kind, Weight};
use crate::image::Slot;
use crate::state::{Errno, State, Stored, any, narrowed};
use crate::value::{Base, Value};

/// Bytes of the kernel's `siginfo_t`.
const SIGINFO: i64 = 128;

/// Bytes of the kernel's `struct ucontext` on x86-64: flags, link, stack, registers and the signal mask.
const UCONTEXT: i64 = 8 + 8 + 24 + 256 + 8;

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
        let place = crate::step::in_image(frame, place.clone());
        if width == 0 {
            return Value::UNKNOWN;
        }
        self.check(frame, at, &place, width.into(), false);
        match place.base {
            Base::Stack => state.load_slot(&place, width),
            Base::Errno if width == 4 => match state.errno {
                Errno::Original => Value::at(Base::SavedErrno, 0),
                Errno::Changed => any(4),
            },
            Base::Image(image) => self.load_static(image, &place, width),
            Base::Arg(n) if width == 8 => match place.exact().map(i32::try_from) {
                Some(Ok(offset)) => Value::at(Base::Field(n, offset), 0),
                _ => Value::UNKNOWN,
            },
            Base::Thread if place.exact() == Some(0) && width == 8 => Value::at(Base::Thread, 0),
            _ => any(width),
        }
    }

    fn load_static(&mut self, image: u16, place: &Value, width: u32) -> Value {
        let file = self.files.image(image);
        let Some(all) = place.all().filter(|_| width <= 8) else {
            return any(width);
        };
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
        let place = crate::step::in_image(frame, place.clone());
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
                self.together(frame, i, image, &place, width, &value, state);
            }
            _ => {}
        }
    }

    /// Stores that belong together, and stores that others can see half of.
    #[allow(
        clippy::too_many_arguments,
        reason = "one instruction's effect, taken apart"
    )]
    fn together(
        &mut self,
        frame: &mut Frame,
        i: &Instruction,
        image: u16,
        place: &Value,
        width: u32,
        value: &Value,
        state: &mut State,
    ) {
        let at = i.ip();
        let file = self.files.image(image);
        let is_at_once = i.has_lock_prefix();
        let crosses = place.exact().is_some_and(|at| {
            at.cast_unsigned() / 64 != (at.cast_unsigned() + u64::from(width) - 1) / 64
        });
        if (width > 8 || crosses) && !is_at_once {
            frame.doubt(
                Kind::Torn,
                at,
                format!(
                    "stores {width} bytes to {}, which the machine does not write at once",
                    file.place(place.lo.cast_unsigned())
                ),
                "data of one word, or a lock-free protocol",
            );
            return;
        }
        let Some(address) = place.exact().map(i64::cast_unsigned) else {
            return;
        };
        let is_flag = matches!(value.number(), Some(0 | 1 | 0xff)) || value.number() == Some(-1);
        let stored = Stored {
            image,
            address,
            width: width as u8,
            is_flag,
        };
        for earlier in &state.stores {
            if earlier.image != image || earlier.address == address {
                continue;
            }
            let (a, b) = (file.object_at(earlier.address), file.object_at(address));
            let belong = match (a, b) {
                (Some(a), Some(b)) => {
                    (a.address == b.address || are_parts(&a.name, &b.name))
                        && !(earlier.is_flag && is_flag)
                }
                (None, None) => {
                    earlier.address.abs_diff(address) <= 8 && !earlier.is_flag && !is_flag
                }
                _ => false,
            };
            if belong {
                frame.doubt(
                    Kind::Torn,
                    at,
                    format!(
                        "stores to {} after {}: what is interrupted may see one without the other",
                        file.place(address),
                        file.place(earlier.address)
                    ),
                    "symbols that tell whether they are one object, or data of one word",
                );
            }
        }
        if state.stores.len() < 12 && !state.stores.contains(&stored) {
            state.stores.push(stored);
        }
    }

    /// Whether memory may be touched there.
    pub fn check(&mut self, frame: &mut Frame, at: u64, place: &Value, size: i64, writes: bool) {
        let place = crate::step::in_image(frame, place.clone());
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
                            || (place.exact().is_some() && end <= region.end)
                    }
                    None => {
                        end <= region.end
                            && (place.exact().is_some()
                                || !self.index.is_divided(image, &file, low, end))
                    }
                };
                if !is_inside {
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
                    place.lo >= 0 && place.is_bounded() && place.hi.saturating_add(size) <= most;
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
            Base::Num if place.is_bounded() && (0..4096).contains(&place.lo) && place.hi < 4096 => {
                frame.find(
                    kind,
                    Weight::Fault,
                    at,
                    format!("{verb} through a null pointer"),
                );
            }
            Base::Static(image, word) => {
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
        match file.pointer(word) {
            Some(Slot::Here(target)) if !changes => {
                let target = Value { base: Base::Image(image), ..place.moved(target.cast_signed()) };
                self.check(frame, at, &target, size, writes);
            }
            Some(Slot::Extern(_)) if !changes => {}
            _ if !changes && file.number(word, 8) == Some(0) && !file.slots.contains_key(&word) => {
                frame.find(kind, Weight::Fault, at, format!("{verb} through {}, which is null: nothing in the file stores a pointer there", file.place(word)));
            }
            _ => frame.doubt(kind, at, format!("{verb} through {}, which is not known to be a valid pointer when the signal comes", file.place(word)), "a pointer that is set when the program begins, or data of its own"),
        }
    }
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
fn is_scattered(file: &crate::image::Image, places: &[i64]) -> bool {
    places.iter().all(|at| {
        file.object_at(at.cast_unsigned())
            .is_some_and(|o| o.address == at.cast_unsigned())
    })
}
