//! Blocks of memory that functions of the C library read and write, and their lengths.

use crate::explore::Explorer;
use crate::finding::{Kind, Weight};
use crate::frame::Frame;
use crate::libc;
use crate::state::{ARGUMENTS, State};
use crate::value::{Base, Value};

impl Explorer<'_> {
    /// Returns the most bytes that a function touches, if the argument that counts them has a bound.
    pub(super) fn length(&self, name: &str, state: &State) -> Option<i64> {
        let (argument, width) = libc::counted(name);
        let value = &state.registers[ARGUMENTS[argument]];
        // A bound that only comes from the argument's type does not count.
        let is_bounded = value.number().is_some() || value.hi < i32::MAX.into();
        let is_known = value.base == Base::Num && value.lo >= 0 && value.hi < 1 << 32 && is_bounded;
        is_known.then(|| value.hi * width)
    }

    /// Checks memory of a known size that a function touches through a pointer.
    pub(super) fn touched(
        &mut self,
        frame: &mut Frame,
        at: u64,
        name: &str,
        touched: libc::Touched,
        state: &State,
    ) {
        const WORD: i64 = 8;
        let place = state.registers[ARGUMENTS[touched.argument]].clone();
        let place = crate::address::in_image(frame, place);
        if touched.writes && !matches!(touched.size, libc::Size::Bytes(..=8)) {
            self.doubt_stated(frame, at, name, &place);
        }
        let is_own = matches!(place.base, Base::Stack | Base::Image(_));
        let may_be_none = place.base == Base::Num && place.lo <= 0 && place.hi >= 0;
        // The kernel reports a number that is not an address, and memory that it cannot read.
        let is_refused = touched.is_kernel
            && !is_own
            && (!touched.writes || matches!(place.base, Base::Num | Base::Errno));
        if may_be_none || is_refused {
            return;
        }
        let length = touched_bytes(touched.size, state);
        self.check_length(frame, at, name, &place, &length, touched.writes);
        // A semaphore is made to be posted by a handler.
        let is_plain = touched.writes && name != "sem_post";
        if let (libc::Size::Bytes(9..), Base::Image(_), true) = (touched.size, place.base, is_plain)
        {
            // A reader may know that the handler ran, so the finding stays an open question.
            self.stores_block(frame, at, &place, &length, true);
        } else if let (true, Base::Image(image)) = (is_plain, place.base)
            && length.number().is_none_or(|length| length > WORD)
        {
            // The bytes of a descriptor may be any data: they are judged as a text.
            let text = (image, place.lo.cast_unsigned());
            self.texts.entry(text).or_insert((frame.number, at));
        }
    }

    /// Reports a block of varying length that is not shown to end inside its object.
    pub fn doubt_block(
        &mut self,
        frame: &mut Frame,
        at: u64,
        by: &str,
        (pointer, length): (&Value, &Value),
        writes: bool,
    ) {
        let place = crate::address::in_image(frame, pointer.clone());
        if !matches!(place.base, Base::Image(_)) || self.holds(frame, &place, length) {
            return;
        }
        let (kind, verb) = match writes {
            true => (Kind::Write, "writes"),
            false => (Kind::Read, "reads"),
        };
        let why = format!(
            "{verb} as many bytes by {by} as a register says, and is not shown to stay inside its object"
        );
        frame.doubt(kind, at, why, "a length with a bound that can be seen");
    }

    /// Returns whether the memory at `place` has at least `length` bytes.
    pub fn holds(&self, frame: &Frame, place: &Value, length: &Value) -> bool {
        let is_known = length.base == Base::Num && length.lo >= 0 && place.is_bounded();
        let end = place.hi.saturating_add(length.hi);
        is_known
            && match place.base {
                Base::Stack => !frame.is_handler || end <= 0,
                Base::Image(image) => {
                    let file = self.files.image(image);
                    let low = place.lo.cast_unsigned();
                    let object = file.object_at(low).map(|o| o.address + o.size);
                    let end_of = object.or(file.region(low).map(|region| region.end));
                    end_of.is_some_and(|last| end.cast_unsigned() <= last)
                }
                _ => false,
            }
    }

    /// Checks the blocks of a message into which `recvmsg` stores, and forgets their old content.
    pub(super) fn received(
        &mut self,
        frame: &mut Frame,
        at: u64,
        message: &Value,
        state: &mut State,
    ) {
        const MOST: i64 = 8;
        const NAME: (i64, i64, u32) = (0, 8, 4);
        const BLOCKS: (i64, i64) = (16, 24);
        const CONTROL: (i64, i64, u32) = (32, 40, 8);
        let word = |from: &Value, offset: i64, width: u32| match from.base {
            Base::Stack => state.load_slot(&from.moved(offset), width),
            _ => Value::UNKNOWN,
        };
        let mut all: Vec<(Value, Value)> = [NAME, CONTROL]
            .map(|(place, length, width)| (word(message, place, 8), word(message, length, width)))
            .into();
        let first = word(message, BLOCKS.0, 8);
        match word(message, BLOCKS.1, 8).number() {
            Some(count @ 0..=MOST) => all.extend((0..count).map(|n| {
                let block = first.moved(16 * n);
                (word(&block, 0, 8), word(&block, 8, 8))
            })),
            _ => all.push((Value::UNKNOWN, Value::UNKNOWN)),
        }
        all.retain(|(place, _)| place.number() != Some(0));
        for (place, length) in all {
            let place = crate::address::in_image(frame, place);
            match place.base {
                Base::Stack | Base::Image(_) if self.watch.is_none() => {
                    self.check_length(frame, at, "recvmsg", &place, &length, true);
                }
                Base::Stack | Base::Image(_) => {}
                _ => frame.doubt(
                    Kind::Write,
                    at,
                    "calls recvmsg with blocks that are not known",
                    "blocks of the frame or of data of the file",
                ),
            }
            if place.base == Base::Stack {
                let most = length.number().unwrap_or(i64::MAX / 4);
                let end = place.hi.saturating_add(most);
                state.forget_some(place.lo, end);
                frame.clobber(place.lo, end);
            }
        }
    }

    /// Checks an access of a function to `length` bytes.
    pub(super) fn check_length(
        &mut self,
        frame: &mut Frame,
        at: u64,
        name: &str,
        place: &Value,
        length: &Value,
        writes: bool,
    ) {
        if let Some(length) = length.number().filter(|length| *length >= 0)
            && (place.exact().is_some() || !matches!(place.base, Base::Stack | Base::Image(_)))
        {
            if let (Base::Image(image), Some(low)) = (place.base, place.exact())
                && let file = self.files.image(image)
                && let Some(object) = file.object_at(low.cast_unsigned())
                && low.saturating_add(length).cast_unsigned() > object.address + object.size
            {
                let verb = if writes { "writes" } else { "reads" };
                let kind = if writes { Kind::Write } else { Kind::Read };
                let place = file.place(low.cast_unsigned());
                let why = format!(
                    "calls {name}, which {verb} up to {length} bytes at {place}, past its end"
                );
                frame.find(kind, Weight::Fault, at, why);
            } else if length > 0 {
                self.check(frame, at, place, length, writes);
            }
            return;
        }
        if !self.holds(frame, place, length) {
            let verb = if writes { "writes" } else { "reads" };
            frame.doubt(
                if writes { Kind::Write } else { Kind::Read },
                at,
                format!("calls {name}, which {verb} as many bytes as a register says, and is not shown to stay inside its object"),
                "a length with a bound that can be seen",
            );
        }
    }

    /// Checks the pointers through which functions on memory and text access data.
    pub(super) fn memory_of(&mut self, frame: &mut Frame, at: u64, name: &str, state: &State) {
        let is_memory = ["mem", "str", "stp", "wcs", "wmem", "wcp"]
            .iter()
            .any(|start| name.starts_with(start));
        if !is_memory {
            return;
        }
        let writes = !libc::writes_through(name).is_empty();
        let both = !matches!(
            name,
            "strlen"
                | "memset"
                | "memchr"
                | "strchr"
                | "strrchr"
                | "strnlen"
                | "wcslen"
                | "wcsnlen"
                | "wcschr"
                | "wcsrchr"
                | "wmemchr"
                | "wmemset"
        );
        let is_block = name.contains("mem");
        let length = self.length(name, state);
        let size = if is_block { length } else { Some(1) };
        let to = state.registers[ARGUMENTS[0]].clone();
        let (counting, width) = libc::counted(name);
        let count = state.registers[ARGUMENTS[counting]].clone();
        let bytes = count.times(width);
        let is_counted = matches!(
            name,
            "memcpy" | "memmove" | "memset" | "mempcpy" | "wmemcpy" | "wmemmove" | "wmemset"
        );
        if is_counted {
            // A call copies texts as well as structures, so the finding stays an open question.
            self.stores_block(frame, at, &to, &bytes, true);
        }
        if matches!(name, "wcsncpy" | "wcpncpy") {
            self.check_length(frame, at, name, &to, &bytes, true);
        }
        // The least number may be the edge of a range, as after the negation of any `int`.
        let is_negative = |count| (i64::from(i32::MIN) + 1..0).contains(&count);
        if is_counted && count.number().is_some_and(is_negative) {
            let why =
                format!("calls {name} with a length below zero, which is taken for a huge one");
            frame.find(Kind::Write, Weight::Fault, at, why);
            return;
        }
        self.copied_text(frame, at, name, state);
        self.cut_text(frame, name, state);
        for (argument, writes) in [(0, writes), (1, false)] {
            if argument == 1 && !both {
                continue;
            }
            let pointer = state.registers[ARGUMENTS[argument]].clone();
            if !writes {
                self.note_block(frame, at, &pointer, length.filter(|_| is_block));
                self.sent(frame, at, name, &pointer);
                if !is_block && !libc::counts_texts(name) {
                    self.reads_text(frame, at, name, &pointer, state);
                }
            }
            let size = match length {
                _ if is_block && name != "memccpy" || self.stated(&pointer).is_none() => size,
                _ if writes => {
                    self.doubt_stated(frame, at, name, &pointer);
                    size
                }
                // A function that stops at the byte it looks for reads at most as many bytes as its length says.
                Some(length) if libc::counts_texts(name) => Some(length),
                _ => {
                    self.doubt_text(frame, at, name, &pointer);
                    size
                }
            };
            match size {
                Some(0) => {}
                Some(size) if writes && is_block && count.number().is_some() => {
                    self.check_length(frame, at, name, &pointer, &Value::num(size), true);
                }
                Some(size) => {
                    self.check(frame, at, &pointer, size, writes);
                    if is_block && count.number().is_none() {
                        self.doubt_block(frame, at, name, (&pointer, &bytes), writes);
                    }
                }
                None => frame.doubt(
                    Kind::Write,
                    at,
                    format!("calls {name} with a length that is not known"),
                    "a length with a bound that can be seen",
                ),
            }
        }
    }
}

/// Returns how many bytes a function touches through a pointer, according to its arguments.
pub(super) fn touched_bytes(size: libc::Size, state: &State) -> Value {
    const WORD: i64 = 8;
    let argument = |n: usize| &state.registers[ARGUMENTS[n]];
    match size {
        libc::Size::Bytes(bytes) => Value::num(bytes),
        libc::Size::Argument(n) => argument(n).clone(),
        libc::Size::Elements(n, width) => argument(n).times(width),
        libc::Size::Bits(n) => match argument(n).number() {
            Some(bits) => Value::num((bits + 8 * WORD - 1) / (8 * WORD) * WORD),
            None => Value::UNKNOWN,
        },
        libc::Size::Pointed(n) if argument(n).number() == Some(0) => Value::num(0),
        libc::Size::Pointed(n) if argument(n).base == Base::Stack => {
            state.load_slot(argument(n), 4)
        }
        libc::Size::Pointed(_) => Value::UNKNOWN,
    }
}
