//! Loads and stores: the known facts about loaded values, and the effects of stores.

use iced_x86::{Instruction, Register};

use crate::explore::Explorer;
use crate::frame::Frame;
use crate::image::{Image, Slot};
use crate::state::{Errno, State, any, narrowed};
use crate::value::{Base, Value};

/// The offsets of `si_addr` and `si_value` in the siginfo. The fault or the sender of the signal sets these fields.
const POINTERS: [i64; 2] = [16, 24];

/// The offset in the ucontext of the pointer to the floating-point state.
const FPREGS: i64 = 224;

/// The assumed offset of the floating-point state from the start of the ucontext, far beyond its end. The size of the state depends
/// on the CPU.
pub const FLOATING_POINT: i64 = 1 << 20;

impl Explorer<'_> {
    /// Returns whether the walk is in the requested function itself, not in a function that it calls.
    pub fn is_outermost(&self) -> bool {
        self.depth() == 1
    }

    /// Returns the value that the instruction loads from `place`.
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
        let place = self.settled(place, width.into());
        if width == 0 {
            return Value::UNKNOWN;
        }
        self.check(frame, at, &place, width.into(), false);
        self.note_place(frame, i, &place);
        if place.base == Base::Errno {
            frame.errno_reads.insert(at);
        }
        if let (Base::Image(image), Some(word)) =
            (place.base, place.exact().map(i64::cast_unsigned))
            && self.files.image(image).is_writable(word)
        {
            let loads = self.loads.entry((image, word, width.into()));
            loads.or_insert((frame.number, at));
        } else if let Base::Image(image) = place.base
            && place.is_bounded()
        {
            let elements = self.elements.entry((image, place.lo.cast_unsigned()));
            elements.or_insert((frame.number, at));
        }
        if self.nesting.is_certain() != Some(false)
            && let (Base::Image(image), Some(word)) = (place.base, place.exact())
        {
            let loads = self.loaded.entry((image, word.cast_unsigned()));
            loads.or_default().insert(at);
        }
        if !self.supposes
            && let Some(number) = self.counted(&place, width, state)
        {
            return number;
        }
        match place.base {
            Base::Stack => {
                let end = place.hi.saturating_add(i64::from(width));
                frame.touches_stack(at, place.lo, end, false);
                state.load_slot(&place, width)
            }
            Base::Errno if width == 4 => match state.errno {
                Errno::Original => Value::at(Base::SavedErrno, 0),
                Errno::Doubtful | Errno::Changed => any(4),
            },
            Base::Image(image) => match self.load_named(image, &place, width, i) {
                Value {
                    base: Base::Static(image, word),
                    ..
                } if state.looked.contains(&(image, word)) => {
                    Value::at(Base::NotNull(image, word), 0)
                }
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
            Base::Siginfo
                if width == 8 && place.exact().is_some_and(|at| POINTERS.contains(&at)) =>
            {
                Value::at(Base::Sent, 0)
            }
            Base::Context if place.exact() == Some(FPREGS) && width == 8 => {
                Value::at(Base::Context, FLOATING_POINT)
            }
            _ if width == 8 => self.load_through(&place).unwrap_or_else(|| any(width)),
            _ => any(width),
        }
    }

    /// Notes that the handler, or a function that it calls, reads a block or a text whose length may be unknown.
    pub fn note_block(&mut self, frame: &Frame, at: u64, from: &Value, length: Option<i64>) {
        // At least `TEXT` bytes of an unknown text are read; at most `MOST` bytes of any block are considered.
        const TEXT: u64 = 16;
        const MOST: u64 = 4096;
        let from = crate::address::in_image(frame, from.clone());
        let (Base::Image(image), Some(start)) = (from.base, from.exact()) else {
            return;
        };
        let start = start.cast_unsigned();
        let file = self.files.image(image);
        if !file.is_writable(start) {
            return;
        }
        let object = file.object_at(start);
        let rest = object.map_or(TEXT, |o| o.address + o.size - start);
        let length = length.map_or(rest, i64::cast_unsigned).min(MOST);
        let loads = self.loads.entry((image, start, length));
        loads.or_insert((frame.number, at));
    }

    /// Returns the value that the instruction loads from data of a file.
    ///
    /// A variable that the instruction names may change, even if no store to it is seen: its author made it a variable.
    fn load_named(&mut self, image: u16, place: &Value, width: u32, i: &Instruction) -> Value {
        let is_named = i.is_ip_rel_memory_operand();
        self.load_data(image, place, width, is_named)
    }

    pub fn load_static(&mut self, image: u16, place: &Value, width: u32) -> Value {
        self.load_data(image, place, width, false)
    }

    fn load_data(&mut self, image: u16, place: &Value, width: u32, is_named: bool) -> Value {
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
            let keeps = file.is_settled(at) || !is_named && self.keeps(image, &file, at, width);
            if is_outside || !keeps {
                return Value::at(Base::Static(image, at), 0);
            }
        }
        let mut numbers = Vec::new();
        let mut pointers = Vec::new();
        for at in all {
            let at = at.cast_unsigned();
            if !file.is_settled(at) && (is_named || !self.keeps(image, &file, at, width)) {
                return any(width);
            }
            match file.slots.get(&at) {
                Some(Slot::Here(target)) if width == 8 => pointers.push(target.cast_signed()),
                Some(_) => return any(width),
                // A load outside the file raises a signal, so it adds no number.
                None => numbers.extend(file.number(at, width as usize).map(u64::cast_signed)),
            }
        }
        if pointers.is_empty() && numbers.is_empty() {
            return any(width);
        }
        match (pointers.is_empty(), numbers.iter().all(|n| *n == 0)) {
            (true, _) => Value::one_of(Base::Num, numbers),
            // The search for handlers ignores empty entries.
            (false, true) if numbers.is_empty() || self.watch.is_some() => {
                Value::one_of(Base::Image(image), pointers)
            }
            (false, true) => Value::one_of(Base::ImageOrNull(image), pointers),
            _ => Value::UNKNOWN,
        }
    }

    /// Returns whether writable data has the initial value from the file at each read.
    fn keeps(&mut self, image: u16, file: &Image, at: u64, width: u32) -> bool {
        // A writable pointer to code is not trusted to keep its value.
        let is_code = matches!(file.pointer(at), Some(Slot::Here(target)) if file.is_code(target));
        // Data that has no bytes in the file begins as zero and is meant to be changed.
        let is_initial = file.bytes(at).len() >= width as usize;
        self.watch.is_none()
            && is_initial
            && !is_code
            && !self.index.of(image, file).stores.contains_key(&at)
            && self
                .index
                .is_sealed(image, file, (at, at.saturating_add(width.into())))
    }

    /// Returns the values that writable words are seen to hold at times: pointers, or numbers that no code changes.
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
        let is_data = |at: &i64| !file.is_code(at.cast_unsigned());
        if let [word] = words
            && pointers.iter().all(is_data)
            && self.is_set_late(image, file, word.cast_unsigned())
        {
            return None;
        }
        if !pointers.is_empty() {
            return Some(Value::one_of(Base::Image(image), pointers));
        }
        // A zero word may be a null pointer; other code has more facts about null pointers.
        let is_whole = numbers.len() == words.len() && (width < 8 || !numbers.contains(&0));
        is_whole.then(|| Value::one_of(Base::Num, numbers))
    }

    /// Applies a store of `value` to `place`.
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
        let place = self.settled(place, width.into());
        if width == 0 {
            return;
        }
        if place.base == Base::Errno && place.exact() == Some(0) {
            let restores = value == Value::at(Base::SavedErrno, 0) && width == 4;
            self.puts_back |= restores;
            self.assigns_errno = true;
            state.errno = if restores {
                Errno::Original
            } else if state.may_lose_errno {
                Errno::Doubtful
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
        if place.base != Base::Stack {
            self.note_published(&value);
        }
        self.note_place(frame, i, &place);
        match place.base {
            Base::Stack => {
                frame.uses_stack(place.lo);
                let end = place.hi.saturating_add(i64::from(width));
                frame.clobber(place.lo, end);
                frame.touches_stack(at, place.lo, end, true);
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
                if self.watch.is_none() {
                    self.counts(frame, at, (image, &place), (width, &value), state);
                }
                let is_pointer = matches!(value.base, Base::Image(_) | Base::NotNull(..));
                if place.exact().is_none() || !is_pointer {
                    let end = place.hi.saturating_add(i64::from(width));
                    state.unlook(image, place.lo.max(0).cast_unsigned(), end.cast_unsigned());
                }
                if place.is_bounded() && place.lo >= 0 {
                    // A choice between a few words is a store to each of them.
                    const FEW: usize = 4;
                    let words = place.set.as_deref().filter(|words| words.len() <= FEW);
                    let words = words.unwrap_or_default().iter().map(|word| (*word, *word));
                    for (lo, hi) in words.chain([(place.lo, place.hi)]) {
                        let (lo, hi) = (lo.cast_unsigned(), hi.cast_unsigned());
                        let stored = self.stored.entry((image, lo, hi, width.into()));
                        stored.or_insert((frame.number, at));
                    }
                }
                let is_chosen = i.memory_base() != Register::None && !i.is_ip_rel_memory_operand();
                if is_chosen
                    && let Some(word) = place.exact()
                    && self
                        .files
                        .image(image)
                        .object_at(word.cast_unsigned())
                        .is_none()
                {
                    frame.unnamed.insert(at);
                }
                if i.mnemonic() == iced_x86::Mnemonic::Cmpxchg
                    && let Some(word) = place.exact()
                {
                    let exchanges = self.exchanges.entry((image, word.cast_unsigned()));
                    exchanges.or_default().insert((frame.number, at));
                }
                let number = value.number().map(|number| match width {
                    4 => (number as i32).into(),
                    _ => number,
                });
                if let (Some(word), 4 | 8, Some(number @ ..=0)) = (place.exact(), width, number) {
                    let stored = (image, word.cast_unsigned(), number, width);
                    self.nulled.entry(stored).or_insert((frame.number, at));
                }
                if let Some(word) = place.exact() {
                    self.note_kept(frame, at, (image, word.cast_unsigned()), &value);
                }
                if self.nesting.is_certain() != Some(false) {
                    self.lost_update(frame, at, image, &place, (width, &value));
                }
                self.together(frame, i, image, &place, (width, &value), state);
            }
            Base::Static(..) | Base::NotNull(..) | Base::Pointed(_) => {
                let is_atomic = i.has_lock_prefix();
                self.store_through(frame, at, &place, (width, &value), state, is_atomic);
            }
            _ => {}
        }
    }
}

/// Returns the loaded value, as an element of a table if the same instruction loads from several places at regular steps.
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
